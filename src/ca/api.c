#include "ca/api_priv.h"

#include "base/text.h"
#include "ca/ca_priv.h"
#include "ca/keys.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum err guard(struct httpd_request *r, void *app, struct err_info *e)
{
    const struct ca_api *api = app;
    if (r->listener != r->permission) {
        err_set(e, ERR_FORBIDDEN, NULL, "%s is not a call of this socket", r->path);
        err_arg(e, "who", "-");
        return ERR_FORBIDDEN;
    }
    return peer_check(&api->policy[r->listener], r, e);
}

/* ---- hall ---- */

static enum err take_batch(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    struct ca_batch_in batch;
    char id[65];
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "project", &batch.project, e));
    TRY(json_get_text(in, "format", &batch.format, e));
    TRY(json_get_base64(in, "file", 5 << 20, r->arena, &batch.file, e));
    TRY(json_get_base64(in, "signature", 64 << 10, r->arena, &batch.signature, e));
    TRY(ca_batch_take(api->ca, &batch, r->arena, id, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "batch", id);
    jout_end(&j);
    return ERR_OK;
}

static enum err get_time(const json_t *in, const char *key, int64_t *out, struct err_info *e)
{
    const char *text;
    TRY(json_get_text(in, key, &text, e));
    if (time_parse_rfc3339(text, out))
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, key, "not RFC 3339");
    err_arg(e, "why", "%s: not a time as RFC 3339 writes it", key);
    return ERR_BAD_REQUEST;
}

void ca_api_certificate(struct json_out *j, const struct ca *ca, const struct ca_answer *answer,
                        struct arena *a)
{
    const struct ca_issuer *issuer;
    size_t n = ca_issuers(ca, &issuer);
    jout_object(j, NULL);
    jout_text(j, "serial", answer->serial);
    jout_text(j, "state", answer->state);
    jout_text(j, "certificate", text_base64(a, answer->certificate));
    jout_list(j, "chain");
    jout_text(j, NULL, text_base64(a, answer->issuer->certificate));
    for (size_t i = 0; i < n; i++)
        if (issuer[i].id == answer->issuer->parent_id)
            jout_text(j, NULL, text_base64(a, issuer[i].certificate));
    jout_end(j);
    if (answer->encryption.certificate.n > 0) {
        jout_object(j, "encryption");
        jout_text(j, "serial", answer->encryption.serial);
        jout_text(j, "certificate", text_base64(a, answer->encryption.certificate));
        jout_text(j, "sealed", text_base64(a, answer->encryption.sealed));
        jout_end(j);
    }
    jout_end(j);
}

/* A request for a certificate and what it is on the way to, in the request's arena. */
struct issue {
    const struct ca *ca;
    struct ca_request request;
    struct ca_issuing *issuing;
};

static enum err read_issue(struct httpd_request *r, struct ca_request *out, struct err_info *e)
{
    const json_t *in;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "request_id", &out->request_id, e));
    TRY(json_get_text(in, "order", &out->order, e));
    TRY(json_get_text(in, "revision", &out->revision, e));
    TRY(json_get_text(in, "profile", &out->profile, e));
    TRY(json_get_text(in, "ukey_serial", &out->ukey, e));
    TRY(json_get_base64(in, "csr", 8192, r->arena, &out->csr, e));
    TRY(get_time(in, "not_before", &out->not_before, e));
    TRY(get_time(in, "not_after", &out->not_after, e));
    out->evidence = json_object_get(in, "evidence");
    if (json_is_array(out->evidence) && json_array_size(out->evidence) <= 8)
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, "evidence", NULL);
    err_arg(e, "why", "evidence: must be a list of at most 8");
    return ERR_BAD_REQUEST;
}

static void issued(void *request)
{
    httpd_resume(request);
}

static enum err answer_issue(struct httpd_request *r, struct httpd_reply *reply, void *arg,
                             struct err_info *e)
{
    const struct issue *i = arg;
    struct ca_answer answer;
    struct json_out j;
    TRY(ca_issue_end(i->issuing, &answer, e));
    httpd_reply_json(reply, &j);
    ca_api_certificate(&j, i->ca, &answer, r->arena);
    return ERR_OK;
}

static enum err issue(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)reply;
    const struct ca_api *api = app;
    struct issue *i = arena_alloc(r->arena, sizeof *i);
    i->ca = api->ca;
    TRY(read_issue(r, &i->request, e));
    httpd_suspend(r, answer_issue, i);
    return ca_issue_begin(api->ca, &i->request, r->arena, issued, r, &i->issuing, e);
}

static enum err made_for(struct httpd_request *r, struct httpd_reply *reply, void *app,
                         struct err_info *e)
{
    const struct ca_api *api = app;
    struct ca_answer answer;
    TRY(ca_certificate_of_request(api->ca, httpd_param(r, "request"), r->arena, &answer, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    ca_api_certificate(&j, api->ca, &answer, r->arena);
    return ERR_OK;
}

/* Of a release: {revision, signature} of the certificate's own key. */
static enum err get_activation(const json_t *in, struct arena *a, struct ca_change_in *out,
                               struct err_info *e)
{
    const json_t *activation = json_object_get(in, "activation");
    if (!activation || out->change != CA_RELEASE)
        return ERR_OK;
    TRY(json_get_text(activation, "revision", &out->revision, e));
    return json_get_base64(activation, "signature", 1024, a, &out->activation, e);
}

static enum err change(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       enum ca_change what, struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    struct ca_change_in change_in = {.change = what, .serial = httpd_param(r, "serial")};
    int64_t seq;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "actor", &change_in.actor, e));
    change_in.second = json_opt_text(in, "second_actor", NULL);
    if (what == CA_REVOKE &&
        !crl_reason_from_text(json_opt_text(in, "reason", ""), &change_in.reason)) {
        err_set(e, ERR_BAD_REQUEST, "reason", NULL);
        err_arg(e, "why", "reason: must be a CRLReason of RFC 5280 5.3.1");
        return ERR_BAD_REQUEST;
    }
    if (json_object_get(in, "invalid_since"))
        TRY(get_time(in, "invalid_since", &change_in.invalid_since, e));
    TRY(get_activation(in, r->arena, &change_in, e));
    TRY(ca_change(api->ca, &change_in, &seq, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "seq", seq);
    jout_end(&j);
    return ERR_OK;
}

static enum err hold(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    return change(r, reply, app, CA_HOLD, e);
}

static enum err release(struct httpd_request *r, struct httpd_reply *reply, void *app,
                        struct err_info *e)
{
    return change(r, reply, app, CA_RELEASE, e);
}

static enum err revoke_one(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    return change(r, reply, app, CA_REVOKE, e);
}

static enum err certificate(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    const struct ca_api *api = app;
    struct bytes serial;
    const struct store_row *row;
    _auto(store_tx) tx = NULL;
    if (!text_from_hex(r->arena, httpd_param(r, "serial"), &serial))
        return err_set(e, ERR_NOT_FOUND, "serial", NULL);
    TRY(store_begin(api->ca->store, STORE_READ, &tx, e));
    TRY(store_one(tx, &Q_ca_certificate_by_serial, PARAMS(P_BLOB(serial)), r->arena, &row, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "state", row_text(row, "state"));
    jout_text(&j, "subject", row_text(row, "subject"));
    jout_text(&j, "not_before", time_rfc3339(r->arena, row_int(row, "not_before")));
    jout_text(&j, "not_after", time_rfc3339(r->arena, row_int(row, "not_after")));
    jout_text(&j, "certificate", text_base64(r->arena, row_blob(row, "certificate")));
    jout_int(&j, "changed_at", row_int(row, "changed_at")); /* to the millisecond: it is signed */
    jout_end(&j);
    return ERR_OK;
}

static enum err anchor(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    int64_t n;
    char hash[65];
    TRY(httpd_json(r, &in, e));
    const json_t *heads = json_object_get(in, "heads");
    if (!json_is_array(heads)) {
        err_set(e, ERR_BAD_REQUEST, "heads", NULL);
        err_arg(e, "why", "heads: must be a list");
        return ERR_BAD_REQUEST;
    }
    char *text = json_dumps(heads, JSON_COMPACT | JSON_SORT_KEYS);
    const char *kept = arena_text(r->arena, text);
    free(text);
    TRY(ca_anchor(api->ca, kept, r->arena, &n, hash, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "n", n);
    jout_text(&j, "hash", hash);
    jout_end(&j);
    return ERR_OK;
}

static enum err last_anchor(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    const struct ca_api *api = app;
    const struct store_row *row;
    int64_t n;
    char hash[65];
    _auto(store_tx) tx = NULL;
    TRY(store_begin(api->ca->store, STORE_READ, &tx, e));
    TRY(store_opt(tx, &Q_ca_audit_last_anchor, NO_PARAMS, r->arena, &row, e));
    TRY(ca_audit_head(tx, &n, hash, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_raw(&j, "heads", row ? row_text(row, "object") : "[]");
    jout_int(&j, "n", n);
    jout_text(&j, "hash", hash);
    jout_end(&j);
    return ERR_OK;
}

static enum err health(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)r;
    (void)e;
    const struct ca_api *api = app;
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "state", ca_is_locked(api->ca) ? "locked" : "ready");
    jout_end(&j);
    return ERR_OK;
}

/* ---- responder ---- */

/* Short, so that either side ends without delay when told to; news is told at once in any case. */
enum { STATUS_WAIT_SECONDS = 1 };

/* Wait until the log ends elsewhere than at `after`, or the wait is over. The wake-up may come between the look and the
 * wait, so the wait is cut into short pieces. */
static enum err wait_for_news(struct ca *ca, int64_t after, struct err_info *e)
{
    int64_t until = clock_monotonic() + STATUS_WAIT_SECONDS * TIME_SECOND;
    for (;;) {
        _auto(arena) a = arena_new();
        const struct store_row *last;
        {
            _auto(store_tx) tx = NULL;
            TRY(store_begin(ca->store, STORE_READ, &tx, e));
            TRY(store_one(tx, &Q_ca_status_last, NO_PARAMS, a, &last, e));
        }
        if (row_int(last, "seq") != after || clock_monotonic() >= until)
            return ERR_OK;
        struct timespec soon;
        clock_gettime(CLOCK_MONOTONIC, &soon);
        soon.tv_nsec += 200 * 1000 * 1000;
        if (soon.tv_nsec >= 1000 * 1000 * 1000) {
            soon.tv_sec++;
            soon.tv_nsec -= 1000 * 1000 * 1000;
        }
        pthread_mutex_lock(&ca->change_lock);
        pthread_cond_timedwait(&ca->change_seen, &ca->change_lock, &soon);
        pthread_mutex_unlock(&ca->change_lock);
    }
}

static void put_change(struct json_out *j, const char *name, const struct store_row *row,
                       struct arena *a)
{
    jout_object(j, name);
    jout_int(j, "seq", row_int(row, "seq"));
    jout_text(j, "serial", text_hex(a, row_blob(row, "serial")));
    jout_int(j, "issuer", row_int(row, "issuer_id"));
    jout_text(j, "state", row_text(row, "state"));
    jout_int(j, "reason", row_int(row, "reason"));
    jout_int(j, "changed_at", row_int(row, "changed_at"));
    jout_int(j, "not_after", row_int(row, "not_after"));
    jout_end(j);
}

/* `last` and the change numbered `after` let the reader see that it followed this very log: after the database was restored
 * from a copy the numbers are given a second time, to other changes. */
static enum err status(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    const struct ca_api *api = app;
    int64_t after, limit;
    struct store_rows rows;
    const struct store_row *last, *at;
    TRY(httpd_query_int(r, "after", 0, INT64_MAX, 0, &after, e));
    TRY(httpd_query_int(r, "limit", 1, 10000, 1000, &limit, e));
    TRY(wait_for_news(api->ca, after, e));
    _auto(store_tx) tx = NULL;
    TRY(store_begin(api->ca->store, STORE_READ, &tx, e));
    TRY(store_one(tx, &Q_ca_status_last, NO_PARAMS, r->arena, &last, e));
    TRY(store_opt(tx, &Q_ca_status_at, PARAMS(P_INT(after)), r->arena, &at, e));
    TRY(store_many(tx, &Q_ca_status_after, PARAMS(P_INT(after), P_INT(limit)), r->arena, &rows, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "last", row_int(last, "seq"));
    if (at)
        put_change(&j, "at", at, r->arena);
    jout_list(&j, "changes");
    for (size_t i = 0; i < rows.n; i++)
        put_change(&j, NULL, &rows.row[i], r->arena);
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

static enum err issuers(struct httpd_request *r, struct httpd_reply *reply, void *app,
                        struct err_info *e)
{
    (void)e;
    const struct ca_api *api = app;
    const struct ca_issuer *issuer;
    size_t n = ca_issuers(api->ca, &issuer);
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "issuers");
    for (size_t i = 0; i < n; i++) {
        jout_object(&j, NULL);
        jout_int(&j, "id", issuer[i].id);
        jout_text(&j, "code", issuer[i].code);
        jout_text(&j, "algorithm", pki_alg_text(issuer[i].alg));
        jout_bool(&j, "root", issuer[i].root);
        jout_bool(&j, "signs", issuer[i].signer != NULL);
        jout_int(&j, "shards", issuer[i].shards);
        jout_bool(&j, "deltas", api->ca->options.delta_base_period > 0);
        jout_text(&j, "certificate", text_base64(r->arena, issuer[i].certificate));
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

static enum err crl(struct httpd_request *r, struct httpd_reply *reply, void *app,
                    struct err_info *e)
{
    const struct ca_api *api = app;
    int64_t shard, delta, have;
    struct ca_list_of of = {0};
    struct ca_list list;
    TRY(httpd_param_id(r, "issuer", &of.issuer, e));
    TRY(httpd_query_int(r, "shard", 0, CA_SHARDS_MAX, 0, &shard, e));
    TRY(httpd_query_int(r, "delta", 0, 1, 0, &delta, e));
    TRY(httpd_query_int(r, "have", 0, INT64_MAX, 0, &have, e));
    of.shard = (int)shard;
    of.delta = (int)delta;
    TRY(ca_list_open(api->ca, &of, &list, e));
    if (list.number == have) {
        close(list.fd);
        reply->status = 304;
        return ERR_OK;
    }
    reply->content_type = "application/pkix-crl";
    httpd_reply_file(reply, list.fd, list.size);
    return ERR_OK;
}

static enum err take_list(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          struct err_info *e)
{
    const struct ca_api *api = app;
    int64_t taken;
    TRY(ca_list_take(api->ca, r->body, &taken, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "taken", taken);
    jout_end(&j);
    return ERR_OK;
}

static enum err responder_certificate(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                      struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    struct bytes request, der;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_base64(in, "csr", 8192, r->arena, &request, e));
    TRY(ca_responder_certificate(api->ca, json_opt_int(in, "issuer", 0), request, r->arena, &der,
                                 e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "certificate", text_base64(r->arena, der));
    jout_end(&j);
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"POST", "/ca/v1/batches", take_batch, CA_SOCKET_HALL, 8 << 20, 0},
    {"POST", "/ca/v1/certificates", issue, CA_SOCKET_HALL, 32 << 10, 0},
    {"GET", "/ca/v1/requests/:request", made_for, CA_SOCKET_HALL, 0, 0},
    {"GET", "/ca/v1/certificates/:serial", certificate, CA_SOCKET_HALL, 0, 0},
    {"POST", "/ca/v1/certificates/:serial/hold", hold, CA_SOCKET_HALL, 4 << 10, 0},
    {"POST", "/ca/v1/certificates/:serial/release", release, CA_SOCKET_HALL, 4 << 10, 0},
    {"POST", "/ca/v1/certificates/:serial/revoke", revoke_one, CA_SOCKET_HALL, 4 << 10, 0},
    {"POST", "/ca/v1/anchors", anchor, CA_SOCKET_HALL, 16 << 10, 0},
    {"GET", "/ca/v1/anchors/last", last_anchor, CA_SOCKET_HALL, 0, 0},
    {"GET", "/ca/v1/health", health, CA_SOCKET_HALL, 0, 0},
    {"GET", "/ca/v1/status", status, CA_SOCKET_RESPONDER, 0, HTTPD_HEAVY},
    {"GET", "/ca/v1/issuers", issuers, CA_SOCKET_RESPONDER, 0, 0},
    {"GET", "/ca/v1/crl/:issuer", crl, CA_SOCKET_RESPONDER, 0, 0},
    {"POST", "/ca/v1/lists", take_list, CA_SOCKET_RESPONDER, CA_LIST_MAX, 0},
    {"POST", "/ca/v1/responder-certificate", responder_certificate, CA_SOCKET_RESPONDER, 16 << 10,
     0},
};

void ca_api_mount(struct httpd *server, struct ca_api *api)
{
    httpd_mount(server, routes, sizeof routes / sizeof *routes, guard, api);
    httpd_mount(server, ca_mass_routes, ca_mass_route_count, guard, api);
    httpd_mount(server, ca_admin_routes, ca_admin_route_count, guard, api);
}
