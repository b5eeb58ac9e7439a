/* What the steps of several kinds share: keys that the agent tells of, signatures, events of the order. */
#include "hall/job/job_priv.h"

#include "hall/project/project.h"
#include "pki/cert.h"
#include "pki/evidence.h"

#include <stdlib.h>
#include <string.h>

enum err job_bad(struct err_info *e, const char *field, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, field, "%s", why);
    err_arg(e, "why", "%s: %s", field, why);
    return ERR_BAD_REQUEST;
}

const char *job_id_text(struct arena *a, int64_t id)
{
    return arena_fmt(a, "%lld", (long long)id);
}

enum err job_key_is(const struct job_work *w, const json_t *key, struct err_info *e)
{
    const char *serial = json_opt_text(key, "serial", "");
    if (!strcmp(serial, w->row.j.serial))
        return ERR_OK;
    err_set(e, ERR_JOB_KEY_OTHER, "key", "%.40s instead of %s", serial, w->row.j.serial);
    err_arg(e, "serial", "%s", ukey_serial_text(w->a, w->row.j.serial));
    return ERR_JOB_KEY_OTHER;
}

static int tries(const json_t *key, const char *name)
{
    int64_t n = json_opt_int(key, name, -1);
    return n >= 0 && n <= 255 ? (int)n : -1;
}

/* The UKey of who is signed in, or the one that the bench was given: what an agent says of others proves nothing. The job's
 * serial alone says nothing either, where the agent may have told it. */
static int is_own(struct hall_tx *tx, const struct job_row *row, const char *serial)
{
    struct ukey k;
    struct err_info ignore;
    if (!*serial || strlen(serial) > UKEY_SERIAL_MAX)
        return 0;
    if (row->j.kind == JOB_PRODUCE || row->j.kind == JOB_WIPE)
        return row->j.staff && !strcmp(row->j.serial, serial);
    return row->j.account && ukey_get(tx, serial, &k, &ignore) == ERR_OK &&
           k.account == row->j.account;
}

void job_key_seen(struct hall_tx *tx, struct job_row *row, const json_t *key)
{
    struct err_info ignore;
    _auto_json all = NULL;
    const char *serial = json_opt_text(key, "serial", "");
    const char *before = job_data(tx->arena, row, "seen");
    if (!is_own(tx, row, serial))
        return;
    if (!*before || json_parse(before, strlen(before), &all, &ignore) != ERR_OK)
        all = json_object();
    json_object_set_new(all, serial,
                        json_pack("{s:i,s:i,s:i,s:i}", "user_left", tries(key, "user_left"),
                                  "user_max", tries(key, "user_max"), "admin_left",
                                  tries(key, "admin_left"), "admin_max", tries(key, "admin_max")));
    char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    job_data_set(tx->arena, row, "seen", text);
    free(text);
}

enum err job_keep_seen(struct hall_tx *tx, const struct job_row *row, struct err_info *e)
{
    const char *serial, *text = job_data(tx->arena, row, "seen");
    json_t *key;
    _auto_json all = NULL;
    if (!*text)
        return ERR_OK;
    TRY(json_parse(text, strlen(text), &all, e));
    json_object_foreach (all, serial, key) {
        struct ukey_seen seen = {.user_left = tries(key, "user_left"),
                                 .user_max = tries(key, "user_max"),
                                 .admin_left = tries(key, "admin_left"),
                                 .admin_max = tries(key, "admin_max")};
        TRY(ukey_seen(tx, serial, &seen, e));
    }
    return ERR_OK;
}

enum err job_verify(const struct job_work *w, const char *op, const char *ukey, const char *order,
                    const char *certificate, struct bytes der, struct bytes signature,
                    struct err_info *e)
{
    struct evidence_field field[4];
    struct bytes message;
    size_t n = 0;
    _auto(pki_pub) pub = NULL;
    field[n++] = evidence_text("challenge", job_data(w->a, &w->row, "challenge"));
    field[n++] = evidence_text("ukey", ukey);
    if (order)
        field[n++] = evidence_text("order", order);
    if (certificate)
        field[n++] = evidence_text("certificate", certificate);
    TRY(evidence_agent_bytes(op, w->h->public_url, job_id_text(w->a, w->row.j.id), field, n, w->a,
                             &message, e));
    TRY(cert_key(der, &pub, e));
    if (pki_verify(pub, message, signature, e) != ERR_OK)
        return err_set(e, ERR_CERT_PROOF, "signature", "%s: not the key's signature", op);
    return ERR_OK;
}

enum err job_apply(struct hall_tx *tx, int64_t order, enum flow_event event, uint64_t holds,
                   enum flow_actor as, const char *serial, const char *certificate,
                   struct err_info *e)
{
    struct order_making making = {.serial = serial, .certificate = certificate};
    struct order_input in = {.holds = holds, .as = &as, .making = &making};
    struct order_change change;
    return order_apply(tx, order, event, &in, &change, e);
}

void job_write_policy(struct job_work *w, struct json_out *j)
{
    /* a login that nobody began from a project, and tests without profiles: what every UKey asks */
    static const struct project_making plain = {.pin_min = 6, .pin_max = 16, .pin_kinds = 2};
    const struct project *p = w->h->projects ? projects_find(w->h->projects, w->row.j.project)
                                             : NULL;
    const struct project_making *m = p ? project_making(p) : &plain;
    jout_object(j, "policy");
    jout_int(j, "min", m->pin_min);
    jout_int(j, "max", m->pin_max);
    jout_int(j, "kinds", m->pin_kinds);
    jout_end(j);
}
