/* Steps of the bench: making a UKey (requirements §10.4 F2, §10.5 T2, T3, K1, K2) and wiping one (T15).
 *
 * Each step may come again, also from a new agent with a new ticket: kmc and ca are asked with the same request ids, and an
 * event that has happened is not applied twice. */
#include "hall/job/job_priv.h"

#include "base/boundary.h"
#include "base/text.h"
#include "hall/authority/kmc_client.h"
#include "hall/intake/intake.h"
#include "hall/outbox/outbox.h"
#include "hall/project/project.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/evidence.h"

#include <string.h>

enum { SIGNATURE_MAX = 1024, CERTIFICATE_MAX = 8192 };

static uint64_t fact(enum flow_guard g)
{
    return UINT64_C(1) << g;
}

static enum err mark(struct job_work *w, struct hall_tx *tx, enum production_step s,
                     const char *note, struct err_info *e)
{
    return production_step_done(tx, w->row.j.order, s, note, e);
}

/* The order, and the project's rules that it started with. */
static enum err order_of(struct job_work *w, struct order *o, struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 0, &w->who, w->a, &tx, e));
    return order_get(&tx, w->row.j.order, o, e);
}

/* ---- key ---- */

static enum err check_key(struct job_work *w, const json_t *in, struct err_info *e)
{
    const json_t *key = json_object_get(in, "key");
    TRY(job_key_is(w, key, e));
    if (!strcmp(json_opt_text(key, "state", ""), "damaged"))
        return err_set(e, ERR_TOKEN_DAMAGED, "key", NULL);
    return ERR_OK;
}

static enum err apply_key(struct job_work *w, struct hall_tx *tx, const json_t *in,
                          struct err_info *e)
{
    job_key_seen(tx, &w->row, json_object_get(in, "key"));
    return mark(w, tx, PRODUCTION_KEY, w->row.j.serial, e);
}

/* ---- initialise ---- */

/* Noted before it is asked for; *before: one was let out for this UKey already, be it for an order that ended. */
static enum err note_pin(struct job_work *w, int *before, struct err_info *e)
{
    struct ukey k;
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 1, &w->who, w->a, &tx, e));
    TRY(ukey_get(&tx, w->row.j.serial, &k, e));
    *before = k.admin_version > 0 || k.release_open;
    TRY(ukey_pin_released(&tx, w->row.j.serial, e));
    return hall_commit(&tx, e);
}

static enum err show_initialise(struct job_work *w, struct json_out *j, struct err_info *e)
{
    struct order o;
    struct kmc_pin pin;
    struct kmc_ask ask = {
        .request_id = arena_fmt(w->a, "%lld-%s-new", (long long)w->row.j.order, w->row.j.serial),
        .serial = w->row.j.serial,
        .order = job_id_text(w->a, w->row.j.order),
        .seal_key = w->row.seal_key};
    if (!w->h->kmc) {
        err_set(e, ERR_UNAVAILABLE, NULL, "no kmc is configured");
        err_arg(e, "service", "密钥管理中心");
        return ERR_UNAVAILABLE;
    }
    TRY(order_of(w, &o, e));
    TRY(note_pin(w, &ask.replace, e));
    TRY(kmc_client_new_pin(w->h->kmc, &ask, w->a, &pin, e));
    boundary(BOUNDARY_HALL_PIN_GOT);
    jout_object(j, "admin");
    jout_int(j, "version", pin.version);
    jout_text(j, "sealed", text_base64(w->a, pin.sealed));
    jout_end(j);
    const struct project_making *m = project_making(o.rules_of);
    jout_text(j, "label", m->key_label);
    jout_int(j, "user_tries", m->user_tries);
    jout_int(j, "admin_tries", m->admin_tries);
    return ERR_OK;
}

static enum err check_initialise(struct job_work *w, const json_t *in, struct err_info *e)
{
    int64_t version;
    TRY(job_key_is(w, json_object_get(in, "key"), e));
    TRY(json_get_int(in, "admin_version", &version, e));
    if (!w->h->kmc)
        return err_set(e, ERR_UNAVAILABLE, NULL, "no kmc is configured");
    TRY(kmc_client_confirm(w->h->kmc, w->row.j.serial, version, e));
    boundary(BOUNDARY_HALL_PIN_CONFIRMED);
    return ERR_OK;
}

/* T2 */
static enum err apply_initialise(struct job_work *w, struct hall_tx *tx, const json_t *in,
                                 struct err_info *e)
{
    struct ukey k;
    const char *serial = w->row.j.serial;
    TRY(ukey_pin_confirmed(tx, serial, json_opt_int(in, "admin_version", 0), e));
    job_key_seen(tx, &w->row, json_object_get(in, "key"));
    TRY(ukey_get(tx, serial, &k, e));
    if (k.state == FLOW_UKEY_BLANK || k.state == FLOW_UKEY_INITIALISED)
        TRY(job_apply(tx, w->row.j.order, EVENT_UKEY_INITIALISE, fact(GUARD_PIN_WRAPPED),
                      ACTOR_AGENT, serial, NULL, e));
    return mark(w, tx, PRODUCTION_INITIALISE, "", e);
}

/* ---- key pair and request ---- */

static enum err show_csr(struct job_work *w, struct json_out *j, struct err_info *e)
{
    struct order o;
    TRY(order_of(w, &o, e));
    jout_text(j, "alg", project_making(o.rules_of)->algorithm);
    return ERR_OK;
}

/* K1: whoever has the key signed the request. */
static enum err check_csr(struct job_work *w, const json_t *in, struct err_info *e)
{
    struct bytes der, spki;
    struct csr csr;
    _auto(pki_pub) key = NULL;
    TRY(json_get_base64(in, "csr", CSR_MAX, w->a, &der, e));
    TRY(json_get_base64(in, "public_key", PKI_SPKI_MAX, w->a, &spki, e));
    TRY(csr_parse(der, &csr, e));
    TRY(csr_verify(&csr, &key, e));
    if (csr.spki.n != spki.n || memcmp(csr.spki.p, spki.p, spki.n) != 0)
        return err_set(e, ERR_CERT_PROOF, "public_key", "not that of the request");
    return ERR_OK;
}

static enum err apply_csr(struct job_work *w, struct hall_tx *tx, const json_t *in,
                          struct err_info *e)
{
    job_data_set(tx->arena, &w->row, "csr", json_opt_text(in, "csr", ""));
    return mark(w, tx, PRODUCTION_KEYPAIR, "", e);
}

/* ---- the maker's evidence ---- */

static enum err own_ukey(struct job_work *w, struct ukey_staff *own, struct err_info *e)
{
    int found;
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 0, &w->who, w->a, &tx, e));
    TRY(ukey_of_staff(&tx, w->row.j.staff, own, &found, e));
    return found ? ERR_OK : err_set(e, ERR_JOB_MAKER_UKEY, NULL, NULL);
}

/* What the regulator signed of the order's account: the certificate says it, so the maker signs it too. */
static enum err signed_row(struct job_work *w, struct intake_evidence *said, struct err_info *e)
{
    struct order o;
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 0, &w->who, w->a, &tx, e));
    TRY(order_get(&tx, w->row.j.order, &o, e));
    return intake_evidence(&tx, o.account, said, e);
}

static enum err show_maker(struct job_work *w, struct json_out *j, struct err_info *e)
{
    struct ukey_staff own;
    struct intake_evidence said;
    TRY(own_ukey(w, &own, e));
    TRY(signed_row(w, &said, e));
    jout_text(j, "ukey", own.serial);
    jout_text(j, "institution", said.institution_name);
    jout_text(j, "reporting_code", said.reporting_code);
    jout_text(j, "user", said.user_name);
    return ERR_OK;
}

static enum err kept_csr(struct job_work *w, struct bytes *csr, struct err_info *e)
{
    if (text_from_base64(w->a, job_data(w->a, &w->row, "csr"), csr) && csr->n)
        return ERR_OK;
    return err_set(e, ERR_INTERNAL, "csr", "was not kept");
}

/* The ca looks at it again and alone; here so that a wrong key is told at the bench. */
static enum err verify_maker(struct job_work *w, struct bytes certificate, struct bytes signature,
                             const char *revision, struct err_info *e)
{
    struct bytes csr, message;
    struct intake_evidence said;
    uint8_t sum[DIGEST_LEN];
    _auto(pki_pub) pub = NULL;
    TRY(kept_csr(w, &csr, e));
    TRY(signed_row(w, &said, e));
    digest_sha256(csr, sum);
    const struct evidence_make made = {.order = job_id_text(w->a, w->row.j.order),
                                       .revision = revision,
                                       .csr_sum = sum,
                                       .ukey = w->row.j.serial,
                                       .institution = said.institution_name,
                                       .reporting_code = said.reporting_code,
                                       .user = said.user_name};
    TRY(evidence_make_bytes(&made, w->a, &message, e));
    TRY(cert_key(certificate, &pub, e));
    if (pki_verify(pub, message, signature, e) != ERR_OK)
        return err_set(e, ERR_CERT_PROOF, "signature", "not the maker's over this request");
    return ERR_OK;
}

static enum err check_maker(struct job_work *w, const json_t *in, struct err_info *e)
{
    struct bytes certificate, signature;
    struct cert_view view;
    struct ukey_staff own;
    struct order o;
    TRY(json_get_base64(in, "certificate", CERTIFICATE_MAX, w->a, &certificate, e));
    TRY(json_get_base64(in, "signature", SIGNATURE_MAX, w->a, &signature, e));
    TRY(cert_view(certificate, w->a, &view, e));
    TRY(own_ukey(w, &own, e));
    if (strcmp(view.serial, own.certificate) != 0)
        return err_set(e, ERR_CERT_PROOF, "certificate", "not the maker's own");
    TRY(order_of(w, &o, e));
    return verify_maker(w, certificate, signature, job_id_text(w->a, o.revision), e);
}

static enum err prepare(struct job_work *w, struct hall_tx *tx, const json_t *in,
                        struct err_info *e)
{
    struct order o;
    struct ukey_staff own;
    struct intake_evidence said;
    int found;
    TRY(order_get(tx, w->row.j.order, &o, e));
    TRY(ukey_of_staff(tx, w->row.j.staff, &own, &found, e));
    TRY(intake_evidence(tx, o.account, &said, e));
    struct certificate_ask q = {.order = o.id,
                                .account = o.account,
                                .project = o.project,
                                .institution = said.institution_name,
                                .revision = job_id_text(tx->arena, o.revision),
                                .profile = project_making(o.rules_of)->ca_profile,
                                .ukey = w->row.j.serial,
                                .valid_days = project_making(o.rules_of)->valid_days,
                                .batch = said.batch,
                                .row = said.row,
                                .maker = own.certificate};
    TRY(kept_csr(w, &q.csr, e));
    TRY(json_get_base64(in, "signature", SIGNATURE_MAX, tx->arena, &q.maker_signature, e));
    return certificate_prepare(tx, &q, e);
}

/* K1 */
static enum err apply_maker(struct job_work *w, struct hall_tx *tx, const json_t *in,
                            struct err_info *e)
{
    int state;
    TRY(prepare(w, tx, in, e));
    TRY(certificate_state(tx, w->row.j.order, &state, e));
    if (state != FLOW_CERTIFICATE_NONE && state != FLOW_CERTIFICATE_REQUESTED)
        return ERR_OK;
    return job_apply(tx, w->row.j.order, EVENT_CERT_REQUEST, fact(GUARD_POSSESSION), ACTOR_AGENT,
                     w->row.j.serial, NULL, e);
}

/* ---- issuing, and writing the certificate ---- */

static enum err note_waiting(struct job_work *w, int waits, struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 1, &w->who, w->a, &tx, e));
    TRY(job_load(&tx, w->row.j.id, &w->row, e));
    if (w->row.j.waits_for_ca != waits && job_is_at_work(w->row.j.state)) {
        w->row.j.waits_for_ca = waits;
        TRY(job_store(&tx, &w->row, e));
    }
    TRY(production_wait_for_ca(&tx, w->row.j.order, waits, e));
    return hall_commit(&tx, e);
}

int job_ca_away(enum err err)
{
    return outbox_is_passing(err);
}

/* K2, or the ca's refusal. The certificate itself stands in its row already. */
enum err job_ca_answered(struct hall_tx *tx, int64_t order, const char *serial,
                         const struct certificate *issued, struct err_info *e)
{
    int state;
    TRY(certificate_state(tx, order, &state, e));
    if (state == FLOW_CERTIFICATE_REQUESTED)
        TRY(job_apply(tx, order, issued ? EVENT_CERT_ISSUE : EVENT_CERT_REFUSED,
                      issued ? fact(GUARD_POLICY_OK) : 0, ACTOR_CA, serial,
                      issued ? issued->serial : NULL, e));
    return issued ? production_step_done(tx, order, PRODUCTION_SIGN, issued->serial, e) : ERR_OK;
}

static enum err note_answer(struct job_work *w, const struct certificate *issued,
                            struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 1, &w->who, w->a, &tx, e));
    TRY(job_ca_answered(&tx, w->row.j.order, w->row.j.serial, issued, e));
    return hall_commit(&tx, e);
}

static enum err show_write(struct job_work *w, struct json_out *j, struct err_info *e)
{
    struct certificate c = {0};
    enum err err = certificate_fetch(w->h, w->row.j.order, &w->who, w->a, &c, e);
    if (err != ERR_OK) {
        struct err_info why = *e, ignore;
        enum err noted = job_ca_away(err)
                             ? note_waiting(w, err == ERR_UNAVAILABLE || err == ERR_STORE_AWAY,
                                            &ignore)
                             : note_answer(w, NULL, &ignore);
        (void)noted; /* what the ca said is what the bench must hear */
        *e = why;
        return err;
    }
    TRY(note_answer(w, &c, e));
    TRY(note_waiting(w, 0, e));
    jout_text(j, "certificate", text_base64(w->a, c.der));
    return ERR_OK;
}

static enum err certificate_now(struct job_work *w, struct certificate *c, const char **hex,
                                struct err_info *e)
{
    int found;
    uint8_t sum[DIGEST_LEN];
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 0, &w->who, w->a, &tx, e));
    TRY(certificate_of_order(&tx, w->row.j.order, c, &found, e));
    if (!found || !c->der.n)
        return err_set(e, ERR_INTERNAL, NULL, "order %lld has no certificate",
                       (long long)w->row.j.order);
    digest_sha256(c->der, sum);
    *hex = text_hex(w->a, (struct bytes){sum, sizeof sum});
    return ERR_OK;
}

static enum err check_write(struct job_work *w, const json_t *in, struct err_info *e)
{
    struct certificate c;
    const char *hex;
    TRY(certificate_now(w, &c, &hex, e));
    if (strcmp(json_opt_text(in, "certificate", ""), hex) != 0)
        return err_set(e, ERR_CERT_PROOF, "certificate", "read back differently");
    return ERR_OK;
}

static enum err apply_write(struct job_work *w, struct hall_tx *tx, const json_t *in,
                            struct err_info *e)
{
    return mark(w, tx, PRODUCTION_WRITE, json_opt_text(in, "certificate", ""), e);
}

/* ---- proof ---- */

static enum err show_prove(struct job_work *w, struct json_out *j, struct err_info *e)
{
    (void)e;
    jout_text(j, "challenge", job_data(w->a, &w->row, "challenge"));
    return ERR_OK;
}

/* F3's sign-and-verify: the new key signs what the agent built itself. */
static enum err check_prove(struct job_work *w, const json_t *in, struct err_info *e)
{
    struct certificate c;
    struct bytes signature;
    const char *hex;
    TRY(json_get_base64(in, "signature", SIGNATURE_MAX, w->a, &signature, e));
    TRY(certificate_now(w, &c, &hex, e));
    return job_verify(w, "produce", w->row.j.serial, job_id_text(w->a, w->row.j.order), hex, c.der,
                      signature, e);
}

/* T3 */
static enum err apply_prove(struct job_work *w, struct hall_tx *tx, const json_t *in,
                            struct err_info *e)
{
    struct ukey k;
    (void)in;
    TRY(ukey_get(tx, w->row.j.serial, &k, e));
    if (k.state == FLOW_UKEY_INITIALISED)
        TRY(job_apply(tx, w->row.j.order, EVENT_UKEY_PERSONALISE, 0, ACTOR_AGENT, w->row.j.serial,
                      NULL, e));
    return mark(w, tx, PRODUCTION_PROVE, "", e);
}

/* F2: made, once the maker's own browser says so. */
enum err job_effect_produce(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                            struct err_info *e)
{
    struct certificate c;
    int found;
    struct production_facts facts;
    struct production_check check[PRODUCTION_CHECKS];
    TRY(certificate_of_order(tx, row->j.order, &c, &found, e));
    TRY(job_production_facts(tx, row->j.order, &facts, e));
    uint64_t holds = facts.reviewer_is_maker ? 0 : fact(GUARD_MAKER_OTHER);
    if (production_check(&facts, tx->lang, tx->arena, check))
        holds |= fact(GUARD_DATA_CHECKED);
    out->href = arena_fmt(tx->arena, "/console/bench/%lld", (long long)row->j.order);
    return job_apply(tx, row->j.order, EVENT_FUL_MAKE, holds, ACTOR_MAKER, row->j.serial,
                     found ? c.serial : NULL, e);
}

/* ---- wipe ---- */

static enum err show_wipe(struct job_work *w, struct json_out *j, struct err_info *e)
{
    struct ukey k;
    _auto_hall_tx tx;
    TRY(hall_begin(w->h, 0, &w->who, w->a, &tx, e));
    TRY(ukey_get(&tx, w->row.j.serial, &k, e));
    jout_bool(j, "returned", k.state == FLOW_UKEY_RETURNED);
    return ERR_OK;
}

static enum err check_wipe(struct job_work *w, const json_t *in, struct err_info *e)
{
    const json_t *key = json_object_get(in, "key");
    TRY(job_key_is(w, key, e));
    if (strcmp(json_opt_text(key, "state", ""), "blank") != 0)
        return err_set(e, ERR_UKEY_WIPE, "key", NULL);
    return ERR_OK;
}

/* T15. One that was only begun stays with its order, which begins it anew (T2). */
enum err job_effect_wipe(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                         struct err_info *e)
{
    struct ukey k;
    (void)out;
    TRY(ukey_get(tx, row->j.serial, &k, e));
    if (k.state != FLOW_UKEY_RETURNED)
        return ERR_OK;
    return job_apply(tx, k.order, EVENT_UKEY_WIPE, fact(GUARD_WIPE_PROVEN), ACTOR_MAKER, k.serial,
                     NULL, e);
}

/* ---- tables ---- */

const struct job_step job_steps_produce[6] = {
    {.name = "key", .check = check_key, .apply = apply_key},
    {.name = "initialise",
     .show = show_initialise,
     .check = check_initialise,
     .apply = apply_initialise},
    {.name = "csr", .show = show_csr, .check = check_csr, .apply = apply_csr},
    {.name = "maker", .show = show_maker, .check = check_maker, .apply = apply_maker},
    {.name = "write", .show = show_write, .check = check_write, .apply = apply_write},
    {.name = "prove", .show = show_prove, .check = check_prove, .apply = apply_prove},
};
const struct job_step job_steps_wipe[1] = {
    {.name = "wipe",
     .text = {"清空 UKey", "Wipe the UKey"},
     .show = show_wipe,
     .check = check_wipe},
};
