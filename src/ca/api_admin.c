/* The administrator's socket: whom the ca believes, its keys, and its own chain. */
#include "ca/api_priv.h"

#include "base/text.h"
#include "ca/keys.h"
#include "pki/csr.h"

#include <string.h>

enum { STAFF_DAYS_MAX = 3 * 366 };

static struct bytes as_bytes(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void put_done(struct httpd_reply *reply)
{
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "state", "done");
    jout_end(&j);
}

static enum err get_certificate(const json_t *in, struct arena *a, struct bytes *der,
                                struct err_info *e)
{
    const char *pem;
    TRY(json_get_text(in, "certificate", &pem, e));
    return cert_decode(as_bytes(pem), a, der, e);
}

/* ---- makers ---- */

/* The administrator has the UKey before him: the certificate is made from its CSR. */
static enum err certify(const struct ca_api *api, const json_t *in, struct httpd_request *r,
                        struct httpd_reply *reply, struct err_info *e)
{
    struct ca_staff_in person = {0};
    struct ca_answer answer;
    const char *pem;
    int64_t days = json_opt_int(in, "days", STAFF_DAYS_MAX);
    TRY(json_get_text(in, "name", &person.name, e));
    TRY(json_get_text(in, "role", &person.role, e));
    TRY(json_get_text(in, "organisation", &person.organisation, e));
    TRY(json_get_text(in, "ukey", &person.ukey, e));
    TRY(json_get_text(in, "by", &person.by, e));
    TRY(json_get_text(in, "csr", &pem, e));
    TRY(csr_decode(as_bytes(pem), r->arena, &person.csr, e));
    if (days < 1 || days > STAFF_DAYS_MAX) {
        err_set(e, ERR_BAD_REQUEST, "days", NULL);
        err_arg(e, "why", "days: must be 1 to %d", STAFF_DAYS_MAX);
        return ERR_BAD_REQUEST;
    }
    person.days = (int)days;
    TRY(ca_staff_certify(api->ca, &person, r->arena, &answer, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    ca_api_certificate(&j, api->ca, &answer, r->arena);
    return ERR_OK;
}

static enum err enter_staff(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    const char *name, *role, *by;
    struct bytes der;
    TRY(httpd_json(r, &in, e));
    if (json_object_get(in, "csr"))
        return certify(api, in, r, reply, e);
    TRY(json_get_text(in, "name", &name, e));
    TRY(json_get_text(in, "role", &role, e));
    TRY(json_get_text(in, "by", &by, e));
    TRY(get_certificate(in, r->arena, &der, e));
    TRY(ca_staff_enter(api->ca, name, role, der, by, e));
    put_done(reply);
    return ERR_OK;
}

/* ---- regulators ---- */

static enum err enter_regulator(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    const char *project, *by;
    struct bytes der;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "project", &project, e));
    TRY(json_get_text(in, "by", &by, e));
    TRY(get_certificate(in, r->arena, &der, e));
    TRY(ca_regulator_enter(api->ca, project, der, by, e));
    put_done(reply);
    return ERR_OK;
}

/* ---- both ---- */

static enum err end_trust(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          enum ca_trusted kind, struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    const char *by;
    int64_t id;
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "by", &by, e));
    TRY(ca_trust_end(api->ca, kind, id, by, e));
    put_done(reply);
    return ERR_OK;
}

static enum err end_staff(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          struct err_info *e)
{
    return end_trust(r, reply, app, CA_TRUST_STAFF, e);
}

static enum err end_regulator(struct httpd_request *r, struct httpd_reply *reply, void *app,
                              struct err_info *e)
{
    return end_trust(r, reply, app, CA_TRUST_REGULATOR, e);
}

static enum err put_trust(struct json_out *j, const struct ca_trust *t, struct arena *a,
                          struct err_info *e)
{
    struct cert_view view;
    TRY(cert_view(t->certificate, a, &view, e));
    jout_object(j, NULL);
    jout_int(j, "id", t->id);
    jout_text(j, "role", t->role);
    jout_text(j, "name", t->name);
    jout_text(j, "subject", view.subject_text);
    jout_text(j, "serial", view.serial);
    jout_text(j, "not_after", time_rfc3339(a, view.not_after));
    jout_text(j, "entered_by", t->entered_by);
    jout_text(j, "entered_at", time_rfc3339(a, t->entered_at));
    jout_text(j, "ended_at", t->ended_at ? time_rfc3339(a, t->ended_at) : NULL);
    jout_end(j);
    return ERR_OK;
}

static enum err list_trust(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    const struct ca_api *api = app;
    struct ca_trust *list;
    struct json_out j;
    size_t n;
    TRY(ca_trust_list(api->ca, r->arena, &list, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++)
        TRY(put_trust(&j, &list[i], r->arena, e));
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

/* ---- keys that get no certificate ---- */

static enum err get_hashes(const json_t *in, struct arena *a, struct bytes *hash, size_t *n,
                           struct err_info *e)
{
    const json_t *list = json_object_get(in, "keys"), *item;
    *n = json_array_size(list);
    if (*n == 0 || *n > CA_COMPROMISED_MAX) {
        err_set(e, ERR_BAD_REQUEST, "keys", NULL);
        err_arg(e, "why", "keys: must be a list of 1 to %d hashes", CA_COMPROMISED_MAX);
        return ERR_BAD_REQUEST;
    }
    size_t i;
    json_array_foreach ((json_t *)(uintptr_t)list, i, item)
        if (!json_is_string(item) || !text_from_hex(a, json_string_value(item), &hash[i]))
            hash[i] = (struct bytes){0}; /* refused for its length */
    return ERR_OK;
}

static enum err enter_compromised(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                  struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    const char *why, *by, **live;
    struct bytes *hash = arena_alloc(r->arena, CA_COMPROMISED_MAX * sizeof *hash);
    size_t n, lives;
    struct json_out j;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "why", &why, e));
    TRY(json_get_text(in, "by", &by, e));
    TRY(get_hashes(in, r->arena, hash, &n, e));
    TRY(ca_compromised_enter(api->ca, hash, n, why, by, r->arena, &live, &lives, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "live");
    for (size_t i = 0; i < lives; i++)
        jout_text(&j, NULL, live[i]);
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

static enum err list_compromised(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                 struct err_info *e)
{
    const struct ca_api *api = app;
    const char *after = httpd_query(r, "after");
    struct bytes from = {0};
    struct ca_compromised *list;
    size_t n;
    struct json_out j;
    if (after && !text_from_hex(r->arena, after, &from))
        return err_set(e, ERR_BAD_REQUEST, "after", "not a hash");
    TRY(ca_compromised_list(api->ca, from, r->arena, &list, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        jout_object(&j, NULL);
        jout_text(&j, "key", text_hex(r->arena, list[i].hash));
        jout_text(&j, "why", list[i].why);
        jout_text(&j, "entered_by", list[i].entered_by);
        jout_text(&j, "entered_at", time_rfc3339(r->arena, list[i].entered_at));
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

/* ---- keys ---- */

static void put_key(struct json_out *j, const struct ca_key *k)
{
    static const char *const state[] = {
        [CA_KEY_AWAY] = "away", [CA_KEY_READY] = "ready", [CA_KEY_LOCKED] = "locked"};
    char id[SHARES_ID_SIZE];
    jout_object(j, NULL);
    jout_text(j, "code", k->code);
    jout_text(j, "algorithm", pki_alg_text(k->alg));
    jout_bool(j, "root", k->root);
    jout_text(j, "state", state[k->state]);
    jout_bool(j, "encrypted", k->encrypted);
    if (k->split) {
        shares_id_text(k->split->id, id);
        jout_text(j, "split", id);
        jout_int(j, "threshold", k->split->threshold);
        jout_int(j, "count", k->split->count);
    }
    jout_list(j, "given");
    for (size_t i = 0; i < k->given_n; i++)
        jout_int(j, NULL, k->given[i]);
    jout_end(j);
    jout_end(j);
}

static enum err list_keys(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          struct err_info *e)
{
    (void)e;
    const struct ca_api *api = app;
    struct ca_key *list;
    struct json_out j;
    size_t n;
    ca_keys(api->ca, r->arena, &list, &n);
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "keys");
    for (size_t i = 0; i < n; i++)
        put_key(&j, &list[i]);
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

static enum err unlock(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    const char *share;
    struct ca_key key;
    struct json_out j;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "share", &share, e));
    TRY(ca_unlock(api->ca, httpd_param(r, "code"), share, &key, e));
    httpd_reply_json(reply, &j);
    put_key(&j, &key);
    return ERR_OK;
}

static enum err verify_audit(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    (void)r;
    const struct ca_api *api = app;
    int64_t links, bad;
    TRY(ca_audit_verify(api->ca, &links, &bad, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "links", links);
    jout_int(&j, "first_bad", bad);
    jout_end(&j);
    return ERR_OK;
}

const struct httpd_route ca_admin_routes[] = {
    {"GET", "/ca/v1/trust", list_trust, CA_SOCKET_ADMIN, 0, 0},
    {"POST", "/ca/v1/staff", enter_staff, CA_SOCKET_ADMIN, 32 << 10, 0},
    {"POST", "/ca/v1/staff/:id/end", end_staff, CA_SOCKET_ADMIN, 4 << 10, 0},
    {"POST", "/ca/v1/regulator-keys", enter_regulator, CA_SOCKET_ADMIN, 32 << 10, 0},
    {"POST", "/ca/v1/regulator-keys/:id/end", end_regulator, CA_SOCKET_ADMIN, 4 << 10, 0},
    {"POST", "/ca/v1/compromised-keys", enter_compromised, CA_SOCKET_ADMIN, 128 << 10, 0},
    {"GET", "/ca/v1/compromised-keys", list_compromised, CA_SOCKET_ADMIN, 0, 0},
    {"GET", "/ca/v1/keys", list_keys, CA_SOCKET_ADMIN, 0, 0},
    {"POST", "/ca/v1/keys/:code/shares", unlock, CA_SOCKET_ADMIN, 1 << 10, 0},
    {"GET", "/ca/v1/audit", verify_audit, CA_SOCKET_ADMIN, 0, 0},
};
const size_t ca_admin_route_count = sizeof ca_admin_routes / sizeof *ca_admin_routes;
