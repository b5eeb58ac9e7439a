/* The bench: making a UKey (requirements 10.5 T2, T3, F2) and wiping a returned one (T15).
 *
 * Every step may be begun again. What has been done stands on the key: its key pair, its certificate, and a
 * journal, which is a hint only. */
#include "agent/job.h"

#include "base/boundary.h"
#include "base/text.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/evidence.h"
#include "pki/name.h"

#include <stdio.h>
#include <string.h>

#define JOURNAL "certhall.job"
enum { ADMIN_LEFT_MIN = 3 };

/* ---- journal ---- */

static enum err journal_write(struct job *j, const char *step, struct err_info *e)
{
    char *text = arena_fmt(j->arena, "produce %s %s", j->order, step);
    return token_object_write(j->token, JOURNAL,
                              (struct bytes){(const uint8_t *)text, strlen(text)}, e);
}

/* "produce <order> <step>" → the two; NULLs where there is none. */
static enum err journal_read(struct job *j, const char **order, const char **step,
                             struct err_info *e)
{
    struct bytes raw;
    *order = *step = NULL;
    enum err err = token_object_read(j->token, JOURNAL, j->arena, &raw, e);
    if (err == ERR_NOT_FOUND || err == ERR_TOKEN_BLANK)
        return ERR_OK;
    TRY(err);
    char *text = arena_text_n(j->arena, (const char *)raw.p, raw.n);
    char *first = strchr(text, ' ');
    char *second = first ? strchr(first + 1, ' ') : NULL;
    if (!second)
        return ERR_OK;
    *second = 0;
    *order = first + 1;
    *step = second + 1;
    return ERR_OK;
}

static const char *container_of(struct job *j)
{
    return arena_fmt(j->arena, "order-%s", j->order);
}

/* ---- key ---- */

enum err step_bench_key(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    const char *order, *step;
    (void)data;
    TRY(job_token(j, JOB_BENCH, j->serial, e));
    TRY(journal_read(j, &order, &step, e));
    TRY(job_key_write(j, out, e));
    if (!order) {
        jout_null(out, "journal");
        return ERR_OK;
    }
    jout_object(out, "journal");
    jout_text(out, "order", order);
    jout_text(out, "step", step);
    jout_end(out);
    return ERR_OK;
}

/* The PIN of this job is in memory only; a key pulled and plugged in again is opened with it. */
static enum err logged_in(struct job *j, struct err_info *e)
{
    TRY(job_token(j, JOB_BENCH, j->serial, e));
    if (!j->has_pin)
        return job_refuse(e, "initialise comes first");
    if (j->logged_in)
        return ERR_OK;
    TRY(token_login(j->token, &j->pin, e));
    j->logged_in = 1;
    return ERR_OK;
}

/* ---- initialise ---- */

struct init {
    struct token_pin admin;
    int64_t version;
    const char *label;
    int user_tries, admin_tries, returned;
};

static enum err read_init(struct job *j, const json_t *data, struct init *out, struct err_info *e)
{
    out->label = json_opt_text(data, "label", "CertHall");
    out->user_tries = (int)json_opt_int(data, "user_tries", 6);
    out->admin_tries = (int)json_opt_int(data, "admin_tries", 10);
    out->returned = json_is_true(json_object_get(data, "returned"));
    return job_unseal(j, json_object_get(data, "admin"), &out->version, &out->admin, e);
}

static enum err anew(struct job *j, const struct init *in, struct err_info *e)
{
    struct token_initialise how = {.label = in->label,
                                   .admin = &in->admin,
                                   .user = &j->pin,
                                   .admin_tries = in->admin_tries,
                                   .user_tries = in->user_tries};
    TRY(token_initialise(j->token, &how, e));
    boundary(BOUNDARY_AGENT_INITIALISED);
    return ERR_OK;
}

/* Begun by an agent that ended: the admin PIN gives the key back with what is on it. */
static enum err take_over(struct job *j, const struct init *in, const struct token_info *info,
                          struct err_info *e)
{
    if (info->admin_left <= ADMIN_LEFT_MIN)
        return err_set(e, ERR_AGENT_ADMIN_TRIES, NULL, "%d left", info->admin_left);
    return token_unblock(j->token, &in->admin, &j->pin, e);
}

static enum err prepare(struct job *j, const struct init *in, struct err_info *e)
{
    struct token_info info;
    const char *order, *step;
    TRY(token_info(j->token, &info, e));
    TRY(journal_read(j, &order, &step, e));
    int mine = order && !strcmp(order, j->order);
    if (info.state == TOKEN_STATE_READY && mine)
        return take_over(j, in, &info, e);
    if (info.certificates > 0 && !in->returned)
        return err_set(e, ERR_AGENT_KEY_IN_USE, NULL, "%d certificates", info.certificates);
    return anew(j, in, e);
}

enum err step_initialise(struct job *j, const json_t *data, struct json_out *out,
                         struct err_info *e)
{
    struct init in;
    memset(&in, 0, sizeof in);
    TRY(job_token(j, JOB_BENCH, j->serial, e));
    if (!j->has_pin || logged_in(j, e) != ERR_OK) {
        TRY(job_progress(j, "working", j->serial, e));
        enum err err = read_init(j, data, &in, e);
        if (err == ERR_OK) {
            token_pin_random(&j->pin);
            err = prepare(j, &in, e);
        }
        token_pin_wipe(&in.admin);
        TRY(err);
        j->has_pin = 1;
        TRY(logged_in(j, e));
        TRY(journal_write(j, "initialised", e));
    }
    int64_t version;
    TRY(json_get_int(json_object_get(data, "admin"), "version", &version, e));
    jout_int(out, "admin_version", version);
    return job_key_write(j, out, e);
}

/* ---- certificate request ---- */

struct token_signer {
    struct pki_signer base;
    struct token *token;
    const char *container;
};

static enum err sign_with_token(const struct pki_signer *s, struct bytes msg, struct arena *a,
                                struct bytes *sig, struct err_info *e)
{
    const struct token_signer *t = (const struct token_signer *)(const void *)s;
    return token_sign(t->token, t->container, msg, a, sig, e);
}

static enum err build_csr(struct job *j, const char *container, struct bytes spki,
                          struct bytes *csr, struct err_info *e)
{
    struct bytes subject;
    struct name_part serial = {NAME_CN, j->serial};
    _auto(pki_pub) pub = NULL;
    TRY(pki_pub_load(spki, &pub, e));
    TRY(name_encode(&serial, 1, j->arena, &subject, e));
    struct token_signer s = {{pub, sign_with_token, NULL}, j->token, container};
    return csr_build(subject, &s.base, j->arena, csr, e);
}

enum err step_csr(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    struct bytes csr, spki;
    enum token_alg alg;
    const char *container = container_of(j);
    if (!key_alg_from_text(json_opt_text(data, "alg", ""), &alg))
        return job_refuse(e, "algorithm");
    TRY(logged_in(j, e));
    enum err err = token_public_key(j->token, container, j->arena, &spki, e);
    if (err == ERR_TOKEN_NO_KEY) {
        TRY(token_generate(j->token, container, alg, e));
        boundary(BOUNDARY_AGENT_KEYED);
        err = token_public_key(j->token, container, j->arena, &spki, e);
    }
    TRY(err);
    TRY(build_csr(j, container, spki, &csr, e));
    TRY(journal_write(j, "keyed", e));
    digest_sha256(csr, j->csr_sum);
    j->has_csr = 1;
    jout_text(out, "container", container);
    jout_text(out, "csr", text_base64(j->arena, csr));
    jout_text(out, "public_key", text_base64(j->arena, spki));
    return ERR_OK;
}

/* ---- the maker's evidence ---- */

/* Whom the certificate will name; what the maker signs is what his window shows. */
static enum err read_person(struct job *j, const json_t *data, struct evidence_make *m,
                            struct err_info *e)
{
    TRY(json_get_text(data, "institution", &m->institution, e));
    TRY(json_get_text(data, "reporting_code", &m->reporting_code, e));
    TRY(json_get_text(data, "user", &m->user, e));
    j->ask.institution = arena_text(j->arena, m->institution);
    j->ask.person = arena_fmt(j->arena, "%s %s", m->user, m->reporting_code);
    return ERR_OK;
}

static enum err maker_signature(struct job *j, struct evidence_make *m, struct token *maker,
                                const char *container, struct bytes *out, struct err_info *e)
{
    struct bytes message;
    m->order = j->order;
    m->revision = j->revision;
    m->csr_sum = j->csr_sum;
    m->ukey = j->serial;
    TRY(evidence_make_bytes(m, j->arena, &message, e));
    return token_sign(maker, container, message, j->arena, out, e);
}

static enum err maker_token(struct job *j, const char *serial, struct token **out,
                            struct err_info *e)
{
    struct token_place *p;
    TRY(job_place(j, JOB_MAKER, &p, e));
    for (int left = j->o->key_ms ? j->o->key_ms : 60000;; left -= 1000) {
        struct token_event event;
        int got;
        enum err err = token_open(p, serial, out, e);
        if (err != ERR_TOKEN_REMOVED || left <= 0)
            return err;
        TRY(job_progress(j, "waiting_key", serial, e));
        TRY(token_wait(p, 1000, &event, &got, e));
    }
}

enum err step_maker(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    const char *serial, *container;
    struct bytes certificate, signature;
    struct evidence_make made;
    _auto(token) maker = NULL;
    TRY(json_get_text(data, "ukey", &serial, e));
    TRY(read_person(j, data, &made, e));
    if (!j->has_csr || !strcmp(serial, j->serial))
        return job_refuse(e, "the maker signs a request made here, with a UKey of his own");
    enum err err = maker_token(j, serial, &maker, e);
    if (err == ERR_TOKEN_REMOVED) /* not the key that is being made: nothing to go on with */
        return err_set(e, ERR_TOKEN_NO_KEY, "ukey", "the maker's UKey %s", serial);
    TRY(err);
    TRY(job_container(maker, j->arena, &container, &certificate, e));
    TRY(job_login(j, maker, NULL, e));
    TRY(maker_signature(j, &made, maker, container, &signature, e));
    jout_text(out, "certificate", text_base64(j->arena, certificate));
    jout_text(out, "signature", text_base64(j->arena, signature));
    return ERR_OK;
}

/* ---- certificate ---- */

enum err step_write(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    struct bytes der, back;
    uint8_t sum[DIGEST_LEN];
    const char *container = container_of(j);
    TRY(json_get_base64(data, "certificate", TOKEN_CERT_MAX, j->arena, &der, e));
    TRY(logged_in(j, e));
    TRY(token_import_certificate(j->token, container, der, e));
    boundary(BOUNDARY_AGENT_IMPORTED);
    TRY(token_certificate(j->token, container, j->arena, &back, e));
    if (back.n != der.n || memcmp(back.p, der.p, der.n) != 0)
        return err_set(e, ERR_TOKEN_DAMAGED, "certificate", "read back differs");
    TRY(journal_write(j, "written", e));
    digest_sha256(back, sum);
    snprintf(j->certificate_sum, sizeof j->certificate_sum, "%s",
             text_hex(j->arena, (struct bytes){sum, sizeof sum}));
    jout_text(out, "certificate", j->certificate_sum);
    return ERR_OK;
}

enum err step_prove(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    const char *challenge;
    struct bytes signature;
    TRY(json_get_text(data, "challenge", &challenge, e));
    if (!*j->certificate_sum)
        return job_refuse(e, "write comes first");
    TRY(logged_in(j, e));
    TRY(job_sign(j, "produce", container_of(j), challenge, j->order, j->certificate_sum, &signature,
                 e));
    TRY(journal_write(j, "proven", e));
    boundary(BOUNDARY_AGENT_PROVEN);
    jout_text(out, "signature", text_base64(j->arena, signature));
    return ERR_OK;
}

/* ---- wipe ---- */

enum err step_wipe(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    struct token_info info;
    TRY(job_token(j, JOB_BENCH, j->serial, e));
    TRY(token_info(j->token, &info, e));
    if (info.certificates > 0 && !json_is_true(json_object_get(data, "returned")))
        return err_set(e, ERR_AGENT_KEY_IN_USE, NULL, "%d certificates", info.certificates);
    TRY(token_wipe(j->token, e));
    return job_key_write(j, out, e);
}
