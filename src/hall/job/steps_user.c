/* Steps of the user's own agent: identify, attach, sign in, first PIN, change, test (requirements §10.5 T4, §10.7 U4b). */
#include "hall/job/job_priv.h"

#include "base/boundary.h"
#include "base/text.h"
#include "hall/account/account.h"
#include "hall/authority/kmc_client.h"
#include "hall/session/session.h"
#include "pki/digest.h"

#include <stdlib.h>
#include <string.h>

enum { SIGNATURE_MAX = 1024, CERTIFICATE_MAX = 8192, ATTACH_EVERY_MS = 20000 };

/* ---- where keys are, and what is kept of them ---- */

static enum err show_where(struct job_work *w, struct json_out *j, struct err_info *e)
{
    (void)e;
    jout_text(j, "where", job_of_staff(&w->row) ? "bench" : "user");
    return ERR_OK;
}

static enum err check_keys(struct job_work *w, const json_t *in, struct err_info *e)
{
    const json_t *keys = json_object_get(in, "keys");
    (void)w;
    if (!json_is_array(keys))
        return job_bad(e, "keys", "must be a list");
    if (json_array_size(keys) <= JOB_KEYS_MAX)
        return ERR_OK;
    err_set(e, ERR_JOB_MANY_KEYS, "keys", NULL);
    err_arg(e, "count", "%zu", json_array_size(keys));
    err_arg(e, "max", "%d", JOB_KEYS_MAX);
    return ERR_JOB_MANY_KEYS;
}

/* The whole answer as the page and the quality check will need it. */
static enum err keep_result(struct job_work *w, struct hall_tx *tx, const json_t *in,
                            struct err_info *e)
{
    const json_t *key;
    size_t i;
    json_array_foreach (json_object_get(in, "keys"), i, key) {
        job_key_seen(tx, &w->row, key);
        if (i == 0 && !*w->row.j.serial) {
            const char *serial = ukey_serial_mend(tx->arena, json_opt_text(key, "serial", ""));
            w->row.j.serial = serial ? serial : "";
        }
    }
    char *text = json_dumps(in, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text || strlen(text) > JOB_RESULT_MAX) {
        free(text);
        return job_bad(e, "data", "too long");
    }
    w->row.j.result = arena_text(tx->arena, text);
    free(text);
    return ERR_OK;
}

/* ---- attach ---- */

static enum err show_confirm(struct job_work *w, struct json_out *j, struct err_info *e)
{
    (void)e;
    int staff = job_of_staff(&w->row);
    jout_text(j, "finish",
              arena_fmt(w->a, "%c.%s", staff ? 'c' : 'p', job_finish_token(w->h, w->a, &w->row)));
    jout_text(j, "code", staff ? NULL : job_finish_digits(w->h, w->a, &w->row));
    return ERR_OK;
}

static enum err show_keys(struct job_work *w, struct json_out *j, struct err_info *e)
{
    TRY(show_where(w, j, e));
    jout_int(j, "every_ms", ATTACH_EVERY_MS);
    return ERR_OK;
}

/* Until the browser has shown that it is the one, nothing is kept for it. */
static enum err apply_keys(struct job_work *w, struct hall_tx *tx, const json_t *in,
                           struct err_info *e)
{
    w->stay = 1;
    w->row.j.result = "";
    if (!*job_data(tx->arena, &w->row, "claimed"))
        return ERR_OK;
    TRY(keep_result(w, tx, in, e));
    return job_keep_seen(tx, &w->row, e);
}

/* ---- signing with the certificate's key ---- */

struct proof {
    const char *ukey;
    struct bytes certificate, signature;
};

static enum err read_proof(struct job_work *w, const json_t *in, struct proof *out,
                           struct err_info *e)
{
    TRY(json_get_base64(in, "certificate", CERTIFICATE_MAX, w->a, &out->certificate, e));
    TRY(json_get_base64(in, "signature", SIGNATURE_MAX, w->a, &out->signature, e));
    out->ukey = json_opt_text(in, "ukey", w->row.j.serial);
    if (*w->row.j.serial && strcmp(out->ukey, w->row.j.serial) != 0) {
        err_set(e, ERR_JOB_KEY_OTHER, "ukey", NULL);
        err_arg(e, "serial", "%s", ukey_serial_text(w->a, w->row.j.serial));
        return ERR_JOB_KEY_OTHER;
    }
    return ERR_OK;
}

/* The certificate is one of ours, of this project, for this UKey, and good today. */
static enum err proof_certificate(struct job_work *w, const struct proof *p, struct certificate *c,
                                  int must_be_usable, struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 0, &w->who, w->a, &tx, e));
    enum err err = certificate_find(&tx, p->certificate, c, e);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && strcmp(c->ukey, p->ukey) != 0))
        return err_set(e, ERR_CERT_PROOF, "certificate", "not one of ours for %.40s", p->ukey);
    TRY(err);
    if (*w->row.j.project && strcmp(c->project, w->row.j.project) != 0)
        return err_set(e, ERR_CERT_PROOF, "certificate", "of project %s", c->project);
    return must_be_usable ? certificate_usable(c, tx.now, LANG_ZH, e) : ERR_OK;
}

static enum err show_challenge(struct job_work *w, struct json_out *j, struct err_info *e)
{
    (void)e;
    jout_text(j, "challenge", job_data(w->a, &w->row, "challenge"));
    return ERR_OK;
}

static enum err check_signed(struct job_work *w, const json_t *in, const char *op, int usable,
                             struct err_info *e)
{
    struct proof p;
    struct certificate c;
    TRY(read_proof(w, in, &p, e));
    TRY(proof_certificate(w, &p, &c, usable, e));
    return job_verify(w, op, p.ukey, NULL, NULL, p.certificate, p.signature, e);
}

static enum err check_login(struct job_work *w, const json_t *in, struct err_info *e)
{
    return check_signed(w, in, "login", 1, e);
}

/* Whose certificate it is stands in our own row, not in what the agent says. */
static enum err apply_login(struct job_work *w, struct hall_tx *tx, const json_t *in,
                            struct err_info *e)
{
    struct certificate c;
    struct bytes der;
    TRY(json_get_base64(in, "certificate", CERTIFICATE_MAX, tx->arena, &der, e));
    TRY(certificate_find(tx, der, &c, e));
    job_data_set(tx->arena, &w->row, "certificate", c.serial);
    w->row.j.serial = c.ukey;
    return ERR_OK;
}

static enum err check_self_test(struct job_work *w, const json_t *in, struct err_info *e)
{
    return check_signed(w, in, "self-test", 0, e);
}

static enum err apply_self_test(struct job_work *w, struct hall_tx *tx, const json_t *in,
                                struct err_info *e)
{
    struct certificate c;
    struct bytes der;
    TRY(json_get_base64(in, "certificate", CERTIFICATE_MAX, tx->arena, &der, e));
    TRY(certificate_find(tx, der, &c, e));
    w->row.j.serial = c.ukey;
    int good = certificate_usable(&c, tx->now, LANG_ZH, e) == ERR_OK;
    w->row.j.result = arena_fmt(
        tx->arena,
        "{\"checks\":[{\"name\":\"signature\",\"ok\":true},{\"name\":\"validity\",\"ok\":%s}]}",
        good ? "true" : "false");
    return ERR_OK;
}

/* ---- first PIN ---- */

static enum err check_key(struct job_work *w, const json_t *in, struct err_info *e)
{
    const json_t *key = json_object_get(in, "key");
    TRY(job_key_is(w, key, e));
    if (strcmp(json_opt_text(key, "state", ""), "ready") != 0)
        return err_set(e, ERR_TOKEN_DAMAGED, "key", "state %s", json_opt_text(key, "state", ""));
    return ERR_OK;
}

static enum err apply_key(struct job_work *w, struct hall_tx *tx, const json_t *in,
                          struct err_info *e)
{
    (void)e;
    job_key_seen(tx, &w->row, json_object_get(in, "key"));
    return ERR_OK;
}

static void write_pin(struct json_out *j, struct arena *a, const char *name,
                      const struct kmc_pin *pin)
{
    jout_object(j, name);
    jout_int(j, "version", pin->version);
    jout_text(j, "sealed", text_base64(a, pin->sealed));
    jout_end(j);
}

static enum err no_kmc(struct err_info *e)
{
    err_set(e, ERR_UNAVAILABLE, NULL, "no kmc is configured");
    err_arg(e, "service", "密钥管理中心");
    return ERR_UNAVAILABLE;
}

/* Noted before it is asked for: from then on the next version may be on the key. */
static enum err note_release(struct job_work *w, struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 1, &w->who, w->a, &tx, e));
    TRY(ukey_pin_released(&tx, w->row.j.serial, e));
    return hall_commit(&tx, e);
}

static enum err show_first_pin(struct job_work *w, struct json_out *j, struct err_info *e)
{
    struct kmc_pin current, next;
    struct kmc_ask ask = {
        .request_id = arena_fmt(w->a, "%lld-first-pin", (long long)w->row.j.id),
        .serial = w->row.j.serial,
        .order = job_id_text(w->a, w->row.j.order),
        .seal_key = w->row.seal_key,
        .evidence = arena_fmt(w->a, "{\"job\":\"%lld\",\"account\":\"%lld\",\"sms\":\"%lld\"}",
                              (long long)w->row.j.id, (long long)w->row.j.account,
                              (long long)w->row.sms)};
    if (!w->h->kmc)
        return no_kmc(e);
    TRY(note_release(w, e));
    TRY(kmc_client_release(w->h->kmc, &ask, w->a, &current, &next, e));
    boundary(BOUNDARY_HALL_PIN_GOT);
    job_write_policy(w, j);
    write_pin(j, w->a, "current", &current);
    write_pin(j, w->a, "next", &next);
    jout_bool(j, "resume", *job_data(w->a, &w->row, "resume") != 0);
    return ERR_OK;
}

static enum err check_first_pin(struct job_work *w, const json_t *in, struct err_info *e)
{
    int64_t version;
    TRY(json_get_int(in, "admin_version", &version, e));
    TRY(job_key_is(w, json_object_get(in, "key"), e));
    if (!w->h->kmc)
        return no_kmc(e);
    TRY(kmc_client_confirm(w->h->kmc, w->row.j.serial, version, e));
    boundary(BOUNDARY_HALL_PIN_CONFIRMED);
    return ERR_OK;
}

static enum err apply_first_pin(struct job_work *w, struct hall_tx *tx, const json_t *in,
                                struct err_info *e)
{
    job_key_seen(tx, &w->row, json_object_get(in, "key"));
    return ukey_pin_confirmed(tx, w->row.j.serial, json_opt_int(in, "admin_version", 0), e);
}

/* K3: the certificate's key signs with the new PIN. The certificate may still be on hold until this is done. */
static enum err check_activated(struct job_work *w, const json_t *in, struct err_info *e)
{
    struct proof p;
    struct certificate c;
    TRY(read_proof(w, in, &p, e));
    TRY(proof_certificate(w, &p, &c, 0, e));
    return job_verify(w, "activate", w->row.j.serial, job_id_text(w->a, w->row.j.order), NULL,
                      p.certificate, p.signature, e);
}

/* ---- change and test ---- */

static enum err show_policy(struct job_work *w, struct json_out *j, struct err_info *e)
{
    (void)e;
    job_write_policy(w, j);
    return ERR_OK;
}

/* ---- tables ---- */

const struct job_step job_steps_identify[1] = {
    {.name = "identify",
     .text = {"插入 UKey", "Plug the UKey in"},
     .show = show_where,
     .check = check_keys,
     .apply = keep_result},
};
const struct job_step job_steps_attach[2] = {
    {.name = "confirm",
     .text = {"在这个浏览器里确认", "Confirm in this browser"},
     .show = show_confirm},
    {.name = "keys",
     .text = {"已连接，等待 UKey", "Connected, waiting for UKeys"},
     .show = show_keys,
     .check = check_keys,
     .apply = apply_keys},
};
const struct job_step job_steps_login[1] = {
    {.name = "sign",
     .text = {"插入 UKey，输入密码", "Plug the UKey in and enter its PIN"},
     .show = show_challenge,
     .check = check_login,
     .apply = apply_login},
};
const struct job_step job_steps_activate[3] = {
    {.name = "key",
     .text = {"插入 UKey", "Plug the UKey in"},
     .check = check_key,
     .apply = apply_key},
    {.name = "first_pin",
     .text = {"设置您自己的密码", "Set your own PIN"},
     .show = show_first_pin,
     .check = check_first_pin,
     .apply = apply_first_pin},
    {.name = "test",
     .text = {"用新密码验证证书", "Prove the certificate with the new PIN"},
     .show = show_challenge,
     .check = check_activated},
};
const struct job_step job_steps_change_pin[1] = {
    {.name = "change",
     .text = {"在窗口里输入旧密码和新密码", "Enter the old and the new PIN in the window"},
     .show = show_policy,
     .apply = apply_key},
};
const struct job_step job_steps_diagnose[1] = {
    {.name = "diagnose",
     .text = {"检测 UKey 助手和 UKey", "Test the UKey Agent and the UKey"},
     .show = show_where,
     .check = check_keys,
     .apply = keep_result},
};
const struct job_step job_steps_self_test[1] = {
    {.name = "test",
     .text = {"插入 UKey，输入密码", "Plug the UKey in and enter its PIN"},
     .show = show_challenge,
     .check = check_self_test,
     .apply = apply_self_test},
};

/* ---- effects ---- */

/* The certificate may have been put on hold, and the code withdrawn, since the signature was made. */
enum err job_effect_login(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                          struct err_info *e)
{
    struct certificate c;
    struct account a;
    struct session s;
    TRY(certificate_get(tx, job_data(tx->arena, row, "certificate"), &c, e));
    TRY(certificate_usable(&c, tx->now, tx->lang, e));
    TRY(account_get(tx, c.account, &a, e));
    if (a.state == ACCOUNT_WITHDRAWN)
        return err_set(e, ERR_ACCOUNT_WITHDRAWN, NULL, NULL);
    TRY(session_open(tx, SESSION_APPLICANT, a.id, a.project, "ukey", &out->session, &s, e));
    out->account = a.id;
    out->href = arena_fmt(tx->arena, "/%s/orders", a.project);
    return ERR_OK;
}

/* T4, F11, K3: the order that waits for it goes on; where it does not wait, the UKey alone is moved. */
enum err job_effect_activate(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                             struct err_info *e)
{
    struct order o;
    struct order_input in = {0};
    struct order_making making = {.serial = row->j.serial};
    enum flow_actor as = ACTOR_AGENT;
    struct order_change change;
    int waits;
    in.as = &as;
    in.making = &making;
    order_hold(&in, GUARD_PHONE_PROVEN);
    order_hold(&in, GUARD_CHALLENGE_OK);
    TRY(order_get(tx, row->j.order, &o, e));
    TRY(order_allowed(tx, &o, EVENT_FUL_ACTIVATE, &in, &waits, e));
    out->href = arena_fmt(tx->arena, "/%s/keys/%s", row->j.project, row->j.serial);
    return order_apply(tx, o.id, waits ? EVENT_FUL_ACTIVATE : EVENT_UKEY_FIRST_PIN, &in, &change,
                       e);
}
