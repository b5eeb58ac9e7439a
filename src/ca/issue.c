/* Issuing, intent first (design §5): evidence and lint → intent durable → sign → signature durable → answer. */
#include "ca/issue_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "pki/csr.h"

#include <semaphore.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static enum err refuse_request(struct err_info *e, const char *why)
{
    err_set(e, ERR_CA_REQUEST, "request_id", "%s", why);
    err_arg(e, "why", "%s", why);
    return ERR_CA_REQUEST;
}

static enum err make_subject(struct ca_issuing *i, const struct ca_vouched *v, struct err_info *e)
{
    if (i->subject_part)
        TRY(name_encode(i->subject_part, i->subject_parts, i->arena, &i->subject, e));
    else
        TRY(ca_content_subject(i->profile, v, i->arena, &i->subject, e));
    return name_text(i->subject, i->arena, &i->subject_text, e);
}

enum err ca_issuing_tbs(struct ca_issuing *i, enum ca_use use, const struct ca_vouched *v,
                        const struct pki_pub *key, struct bytes serial, int shard,
                        struct bytes *tbs, struct err_info *e)
{
    const struct ca_content content = {
        .profile = i->profile,
        .use = use,
        .issuer = {.subject = i->issuer->subject,
                   .key = i->issuer->signer->pub,
                   .not_after = i->issuer->not_after,
                   .crl_url = ca_crl_url(i->ca, i->issuer, shard, i->arena),
                   .ocsp_url = i->issuer->ocsp_url,
                   .certificate_url = i->issuer->certificate_url},
        .vouched = v,
        .key = key,
        .serial = serial,
        .subject = i->subject,
        .not_before = i->r->not_before,
        .not_after = i->r->not_after,
    };
    return ca_content_tbs(&content, i->arena, tbs, e);
}

static enum err make_tbs(struct ca_issuing *i, const struct ca_vouched *v, struct err_info *e)
{
    enum ca_use use = i->profile->dual ? CA_USE_SIGNING : CA_USE_SINGLE;
    i->serial = cert_serial_new(i->arena);
    i->shard = ca_shard_of(i->ca, i->serial);
    return ca_issuing_tbs(i, use, v, i->key, i->serial, i->shard, &i->tbs, e);
}

/* The profile's bounds on the term; the hall proposes it. */
static enum err check_term(const struct ca_issuing *i, struct err_info *e)
{
    int64_t term = i->r->not_after - i->r->not_before;
    int ok = term >= i->profile->days_min * TIME_DAY && term <= i->profile->days_max * TIME_DAY &&
             i->r->not_before <= i->now + TIME_HOUR &&
             i->r->not_before >= i->now - 7LL * TIME_DAY && i->r->not_after <= i->issuer->not_after;
    if (ok)
        return ERR_OK;
    err_set(e, ERR_CA_PROFILE, "not_after", "term outside the profile");
    err_arg(
        e, "why",
        "the term must begin within the last 7 days, last %lld to %lld days and end before its issuer",
        (long long)i->profile->days_min, (long long)i->profile->days_max);
    return ERR_CA_PROFILE;
}

/* One order, one certificate of a profile at a time: another UKey gets one when the first one's is revoked. */
static enum err check_order(struct store_tx *tx, const struct ca_issuing *i, struct err_info *e)
{
    struct store_rows live;
    if (!*i->r->order)
        return ERR_OK;
    TRY(store_many(tx, &Q_ca_certificate_live_of_order,
                   PARAMS(P_TEXT(i->r->order), P_TEXT(i->profile->code)), i->arena, &live, e));
    if (live.n == 0)
        return ERR_OK;
    return refuse_request(e, "the order has a certificate that is not revoked");
}

/* Is there any certificate with this request id, this key, or for this order, or is the key known to be compromised? Mostly
 * not, and no more is to be asked. */
static enum err look_for_clashes(struct store_tx *tx, const struct ca_issuing *i, int *some,
                                 struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx, &Q_ca_certificate_clashes,
                  PARAMS(P_TEXT(i->r->request_id),
                         P_BLOB(((struct bytes){i->key_hash, DIGEST_LEN})), P_TEXT(i->r->order),
                         P_TEXT(i->profile->code)),
                  i->arena, &row, e));
    *some = row_int(row, "some") != 0;
    return ERR_OK;
}

static enum err still_at_it(const struct ca_issuing *i, struct err_info *e)
{
    err_set(e, ERR_BUSY, NULL, "%s is being made", i->r->request_id);
    err_arg(e, "seconds", "1");
    return ERR_BUSY;
}

/* The same request id and key: what was answered then. Either of them with another partner: refused. */
static enum err find_earlier(struct store_tx *tx, struct ca_issuing *i, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_opt(tx, &Q_ca_certificate_by_request, PARAMS(P_TEXT(i->r->request_id)), i->arena,
                  &row, e));
    if (!row) {
        struct store_rows used;
        const struct bytes key_hash = {i->key_hash, DIGEST_LEN};
        TRY(ca_key_allowed(tx, key_hash, i->arena, e));
        TRY(store_many(tx, &Q_ca_certificate_by_key, PARAMS(P_BLOB(key_hash)), i->arena, &used, e));
        return used.n == 0 ? ERR_OK
                           : refuse_request(e, "this public key belongs to another request");
    }
    struct bytes hash = row_blob(row, "key_hash");
    if (hash.n != DIGEST_LEN || memcmp(hash.p, i->key_hash, DIGEST_LEN) != 0)
        return refuse_request(e, "this request id was used with another public key");
    i->repeated = 1;
    i->issuer = ca_issuer_by_id(i->ca, row_int(row, "issuer_id")); /* there may be a newer one */
    if (!i->issuer)
        return err_set(e, ERR_CONFIG, NULL, "%s: its issuer is not here", i->r->request_id);
    i->id = row_int(row, "id");
    i->serial = row_blob(row, "serial");
    i->tbs = row_blob(row, "tbs");
    i->certificate = row_blob(row, "certificate");
    i->state = row_text(row, "state");
    int open = 0;
    if (row_int(row, "pair"))
        TRY(ca_pair_found(tx, i, row_int(row, "pair"), &open, e));
    if (open)
        return still_at_it(i, e);
    return i->certificate.n == 0 && i->issuer->locked ? ca_locked(i->issuer, e) : ERR_OK;
}

static enum err last_of(struct store_tx *tx, struct arena *a, struct ca_last **out,
                        struct err_info *e)
{
    struct ca_last *last = *out = ca_last(tx);
    const struct store_row *row;
    if (last->certificate_known)
        return ERR_OK;
    TRY(store_one(tx, &Q_ca_certificate_max_id, NO_PARAMS, a, &row, e));
    last->certificate = row_int(row, "id");
    last->certificate_known = 1;
    return ERR_OK;
}

enum err ca_certificate_next_id(struct store_tx *tx, struct arena *a, int64_t *id,
                                struct err_info *e)
{
    struct ca_last *last;
    TRY(last_of(tx, a, &last, e));
    *id = ++last->certificate;
    return ERR_OK;
}

/* The row of a certificate that will be signed. */
static enum err write_intent(struct store_tx *tx, struct ca_issuing *i, const char *who,
                             struct err_info *e)
{
    struct ca_last *last;
    TRY(last_of(tx, i->arena, &last, e));
    i->id = last->certificate + 1;
    TRY(store_exec(tx, &Q_ca_certificate_intend,
                   PARAMS(P_INT(i->id), P_BLOB(i->serial), P_INT(i->issuer->id),
                          P_TEXT(i->profile->code), P_TEXT(i->r->request_id),
                          P_BLOB(((struct bytes){i->key_hash, DIGEST_LEN})), P_TEXT(i->r->order),
                          P_TEXT(i->r->ukey), P_TEXT(i->subject_text), P_INT(i->r->not_before),
                          P_INT(i->r->not_after), P_BLOB(i->tbs), P_INT(i->now),
                          P_TEXT(ca_evidence_text(i->r, i->arena)), P_INT(i->shard),
                          P_INT(i->pair ? i->id + 1 : 0)),
                   NULL, e));
    if (i->pair)
        TRY(ca_pair_intend(tx, i, who, e));
    last->certificate = i->id + (i->pair != NULL);
    return ca_audit(tx, i->now, who, "intend",
                    arena_fmt(i->arena, "%s %s %s", i->r->request_id, text_hex(i->arena, i->serial),
                              i->subject_text),
                    e);
}

/* First transaction: everything is decided and written down, nothing is signed. */
static enum err intend(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct ca_issuing *i = arg;
    i->repeated = 0;
    i->pair = NULL;
    i->certificate = (struct bytes){0};
    int clashes;
    TRY(look_for_clashes(tx, i, &clashes, e));
    if (clashes)
        TRY(find_earlier(tx, i, e));
    if (i->repeated)
        return ERR_OK; /* however long ago: the term is that of then */
    TRY(check_term(i, e));
    if (clashes)
        TRY(check_order(tx, i, e));
    struct ca_vouched vouched = {0};
    if (i->entered_by)
        snprintf(vouched.maker, sizeof vouched.maker, "%s", i->entered_by);
    else
        TRY(ca_evidence_check(i->ca, tx, i->profile, i->r, &i->proven, i->now, i->arena, &vouched,
                              e));
    TRY(make_subject(i, &vouched, e));
    TRY(make_tbs(i, &vouched, e));
    if (i->profile->dual)
        ca_pair_plan(i, &vouched);
    return write_intent(tx, i, vouched.maker, e);
}

/* Second transaction: the signature is durable before it leaves the process. */
static enum err record_signed(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct signed_work *w = arg;
    int64_t changed, seq;
    TRY(store_exec(tx, &Q_ca_certificate_signed,
                   PARAMS(P_INT(w->id), P_BLOB(w->certificate), P_INT(w->now),
                          P_BLOB(((struct bytes){NULL, 0}))),
                   &changed, e));
    w->first = changed > 0;
    if (!w->first)
        return ERR_OK;
    if (w->pair)
        TRY(ca_pair_record(tx, w, e));
    if (strcmp(w->profile, CA_PROFILE_RESPONDER) !=
        0) /* of those nobody asks (RFC 6960 4.2.2.2.1) */
        TRY(ca_status_append(tx, w->serial, w->issuer_id, "active", CRL_UNSPECIFIED, w->now,
                             w->not_after, &seq, e));
    return ca_audit(tx, w->now, "ca", "issue", text_hex(w->arena, w->serial), e);
}

static struct signed_work to_record(const struct ca_issuing *i)
{
    return (struct signed_work){.arena = i->arena,
                                .id = i->id,
                                .issuer_id = i->issuer->id,
                                .now = i->now,
                                .not_after = i->r->not_after,
                                .serial = i->serial,
                                .certificate = i->certificate,
                                .profile = i->profile->code,
                                .pair = i->pair};
}

/* ECDSA signs anew each time: what is answered is what stands in the database. */
static enum err read_again(struct ca_issuing *i, struct err_info *e)
{
    _auto(store_tx) tx = NULL;
    TRY(store_begin(i->ca->store, STORE_READ, &tx, e));
    return find_earlier(tx, i, e);
}

/* ---- from step to step ---- */

void ca_issuing_finish(struct ca_issuing *i, enum err result, const struct err_info *why)
{
    i->result = result;
    if (result != ERR_OK)
        i->why = *why;
    i->done(i->done_arg); /* who asked goes on; `i` may be gone */
}

static struct ca_issuing *of_job(struct ca_job *job)
{
    return (struct ca_issuing *)(void *)((char *)job - offsetof(struct ca_issuing, job));
}

/* After the intent: that of a single certificate stays, and is signed when it is asked for again, or at the next start. */
static void fail(struct ca_issuing *i, enum err result, const struct err_info *why)
{
    if (i->pair)
        ca_pair_give_up(i, result, why);
    else
        ca_issuing_finish(i, result, why);
}

static void answer_what_stands(struct ca_job *job)
{
    struct ca_issuing *i = of_job(job);
    struct err_info e = {0};
    ca_issuing_finish(i, read_again(i, &e), &e);
}

static void recorded(struct store_group_item *item, enum err result, const struct err_info *e)
{
    struct ca_issuing *i = (struct ca_issuing *)item;
    if (result != ERR_OK) {
        fail(i, result, e);
        return;
    }
    boundary(BOUNDARY_CA_RECORDED);
    i->state = "active";
    ca_changed(i->ca);
    if (i->signed_work.first) {
        ca_issuing_finish(i, ERR_OK, NULL);
        return;
    }
    i->job.run = answer_what_stands;
    ca_signers_add(i->ca->signers, &i->job);
}

static void sign_it(struct ca_job *job)
{
    struct ca_issuing *i = of_job(job);
    struct err_info e = {0};
    enum err result = cert_sign(i->tbs, i->issuer->signer, i->arena, &i->certificate, &e);
    if (result == ERR_OK && i->pair)
        result = ca_pair_sign(i, &e);
    if (result != ERR_OK) {
        fail(i, result, &e);
        return;
    }
    boundary(BOUNDARY_CA_SIGNED);
    i->signed_work = to_record(i);
    i->item =
        (struct store_group_item){.work = record_signed, .done = recorded, .arg = &i->signed_work};
    store_group_submit(i->ca->group, &i->item);
}

void ca_issuing_sign(struct ca_issuing *i)
{
    i->job.run = sign_it;
    ca_signers_put(i->ca->signers, &i->job);
}

static void intended(struct store_group_item *item, enum err result, const struct err_info *e)
{
    struct ca_issuing *i = (struct ca_issuing *)item;
    if (result == ERR_OK)
        boundary(BOUNDARY_CA_INTENDED);
    if (result != ERR_OK || (i->repeated && i->certificate.n > 0)) {
        ca_issuing_finish(i, result, e);
        return;
    }
    if (i->pair) {
        ca_pairs_add(i->ca->pairs, i);
        return;
    }
    i->job.run = sign_it;
    ca_signers_add(i->ca->signers, &i->job);
}

static enum err check_request(struct ca_issuing *i, struct err_info *e)
{
    if (strpbrk(i->r->request_id, "+!")) /* of our own making */
        return refuse_request(e, "a request id has neither + nor !");
    if (pki_pub_alg(i->key) != i->profile->algorithm)
        return refuse_request(e, "the key's algorithm is not the profile's");
    return ca_issuer_for(i->ca, i->profile->algorithm, &i->issuer, e);
}

/* What needs no writer is done by who asked; then it is on its way. On an error nothing is left of it. */
static enum err begin(struct ca_issuing *i, struct err_info *e)
{
    struct csr csr;
    _auto(pki_pub) key = NULL;
    TRY(csr_parse(i->r->csr, &csr, e));
    TRY(csr_verify(&csr, &key, e));
    i->key = key;
    TRY(check_request(i, e));
    i->now = clock_business(i->ca->options.clock);
    digest_sha256(pki_pub_spki(key), i->key_hash);
    if (!i->entered_by)
        ca_evidence_prove(i->ca, i->profile, i->r, i->arena, &i->proven);
    i->item = (struct store_group_item){.work = intend, .done = intended, .arg = i};
    key = NULL; /* `i` owns it, and may be through before this returns */
    store_group_submit(i->ca->group, &i->item);
    return ERR_OK;
}

static enum err end(struct ca_issuing *i, struct ca_answer *out, struct err_info *e)
{
    pki_pub_free(i->key);
    if (i->result != ERR_OK) {
        *e = i->why;
        return i->result;
    }
    *out =
        (struct ca_answer){.certificate = i->certificate, .state = i->state, .issuer = i->issuer};
    snprintf(out->serial, sizeof out->serial, "%s", text_hex(i->arena, i->serial));
    if (i->pair) {
        out->encryption.certificate = i->pair->certificate;
        out->encryption.sealed = i->pair->sealed;
        snprintf(out->encryption.serial, sizeof out->encryption.serial, "%s",
                 text_hex(i->arena, i->pair->serial));
    }
    return ERR_OK;
}

static void wake(void *semaphore)
{
    sem_post(semaphore);
}

static enum err wait_until(sem_t *done, struct ca_issuing *i, struct ca_answer *out,
                           struct err_info *e)
{
    i->done = wake;
    i->done_arg = done;
    TRY(begin(i, e));
    while (sem_wait(done) != 0) /* a signal came */
        ;
    return end(i, out, e);
}

/* From here on the caller has said who vouches for the subject: evidence, or the administrator. */
static enum err issue(struct ca_issuing *i, struct ca_answer *out, struct err_info *e)
{
    sem_t done;
    sem_init(&done, 0, 0);
    enum err result = wait_until(&done, i, out, e);
    sem_destroy(&done);
    return result;
}

/* That of the responder's certificate is nobody's to ask for. */
static enum err find_profile(const struct ca *ca, const char *code, const struct ca_profile **out,
                             struct err_info *e)
{
    *out = ca_profile_find(ca, code);
    if (*out && (*out)->dual && !ca->pairs)
        return err_set(e, ERR_CONFIG, NULL, "profile %s makes pairs, and no kmc is known", code);
    if (*out && (*out)->holder != CA_HOLDER_OCSP)
        return ERR_OK;
    err_set(e, ERR_CA_PROFILE, "profile", "no profile %s", code);
    err_arg(e, "why", "the ca has no certificate profile %s", code);
    return ERR_CA_PROFILE;
}

enum err ca_issue(struct ca *ca, const struct ca_request *r, struct arena *a, struct ca_answer *out,
                  struct err_info *e)
{
    struct ca_issuing i = {.ca = ca, .r = r, .arena = a};
    TRY(find_profile(ca, r->profile, &i.profile, e));
    return issue(&i, out, e);
}

enum err ca_issue_begin(struct ca *ca, const struct ca_request *r, struct arena *a,
                        void (*done)(void *arg), void *arg, struct ca_issuing **out,
                        struct err_info *e)
{
    struct ca_issuing *i = *out = arena_alloc(a, sizeof *i);
    *i = (struct ca_issuing){.ca = ca, .r = r, .arena = a, .done = done, .done_arg = arg};
    TRY(find_profile(ca, r->profile, &i->profile, e));
    return begin(i, e);
}

enum err ca_issue_end(struct ca_issuing *i, struct ca_answer *out, struct err_info *e)
{
    return end(i, out, e);
}

enum err ca_staff_certify(struct ca *ca, const struct ca_staff_in *in, struct arena *a,
                          struct ca_answer *out, struct err_info *e)
{
    struct ca_profile profile = {.code = "staff",
                                 .key_usage = CERT_KU_DIGITAL_SIGNATURE,
                                 .eku = CERT_EKU_CLIENT_AUTH,
                                 .days_min = 1,
                                 .days_max = 3 * 366};
    const struct name_part part[] = {
        {NAME_C, "CN"}, {NAME_O, in->organisation}, {NAME_OU, in->role}, {NAME_CN, in->name}};
    uint8_t hash[DIGEST_LEN];
    struct csr csr;
    _auto(pki_pub) key = NULL;
    TRY(csr_parse(in->csr, &csr, e));
    TRY(pki_pub_load(csr.spki, &key, e));
    profile.algorithm = pki_pub_alg(key);
    if (profile.algorithm ==
        PKI_SM2) /* GM/T 0015 wants a policy; this is anyPolicy (RFC 5280 4.2.1.4) */
        snprintf(profile.policy_oid, sizeof profile.policy_oid, "2.5.29.32.0");
    digest_sha256(in->csr, hash);
    _auto_json none = json_array();
    int64_t now = clock_business(ca->options.clock);
    struct ca_request r = {
        .request_id = arena_fmt(a, "staff-%s", text_hex(a, (struct bytes){hash, 16})),
        .order = "",
        .revision = "",
        .profile = profile.code,
        .ukey = in->ukey,
        .csr = in->csr,
        .not_before = now,
        .not_after = now + in->days * (int64_t)TIME_DAY,
        .evidence = none};
    struct ca_issuing i = {.ca = ca,
                           .r = &r,
                           .arena = a,
                           .profile = &profile,
                           .subject_part = part,
                           .subject_parts = sizeof part / sizeof *part,
                           .entered_by = in->by};
    TRY(issue(&i, out, e));
    boundary(BOUNDARY_CA_STAFF_CERTIFIED);
    return ca_staff_enter(ca, in->name, in->role, out->certificate, in->by, e);
}

/* ---- the ca's own ---- */

static enum err intend_own(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct ca_issuing *i = arg;
    TRY(ca_key_allowed(tx, (struct bytes){i->key_hash, DIGEST_LEN}, i->arena, e));
    return write_intent(tx, i, "ca", e);
}

enum err ca_issue_own(struct ca *ca, const struct ca_own *o, struct arena *a, struct bytes *der,
                      struct err_info *e)
{
    struct ca_profile profile = {0};
    snprintf(profile.code, sizeof profile.code, "%s", o->profile);
    _auto_json none = json_array();
    struct ca_request r = {.request_id = arena_fmt(a, "%s-%s", o->profile, text_hex(a, o->serial)),
                           .order = "",
                           .ukey = "",
                           .not_before = o->not_before,
                           .not_after = o->not_after,
                           .evidence = none};
    struct ca_issuing i = {.ca = ca,
                           .r = &r,
                           .arena = a,
                           .profile = &profile,
                           .issuer = o->issuer,
                           .serial = o->serial,
                           .subject = o->subject,
                           .tbs = o->tbs,
                           .now = clock_business(ca->options.clock)};
    digest_sha256(o->spki, i.key_hash);
    TRY(name_text(i.subject, a, &i.subject_text, e));
    TRY(store_group_run(ca->group, intend_own, &i, e));
    boundary(BOUNDARY_CA_INTENDED);
    TRY(cert_sign(i.tbs, i.issuer->signer, a, &i.certificate, e));
    boundary(BOUNDARY_CA_SIGNED);
    struct signed_work w = to_record(&i);
    TRY(store_group_run(ca->group, record_signed, &w, e));
    boundary(BOUNDARY_CA_RECORDED);
    ca_changed(ca);
    if (!w.first)
        TRY(read_again(&i, e));
    *der = i.certificate;
    return ERR_OK;
}

enum err ca_certificate_of_request(struct ca *ca, const char *request_id, struct arena *a,
                                   struct ca_answer *out, struct err_info *e)
{
    const struct store_row *row;
    _auto(store_tx) tx = NULL;
    TRY(store_begin(ca->store, STORE_READ, &tx, e));
    TRY(store_one(tx, &Q_ca_certificate_by_request, PARAMS(P_TEXT(request_id)), a, &row, e));
    *out = (struct ca_answer){.certificate = row_blob(row, "certificate"),
                              .state = row_text(row, "state"),
                              .issuer = ca_issuer_by_id(ca, row_int(row, "issuer_id"))};
    snprintf(out->serial, sizeof out->serial, "%s", text_hex(a, row_blob(row, "serial")));
    if (row_int(row, "pair")) {
        TRY(store_one(tx, &Q_ca_certificate_by_id, PARAMS(P_INT(row_int(row, "pair"))), a, &row,
                      e));
        out->encryption.certificate = row_blob(row, "certificate");
        out->encryption.sealed = row_blob(row, "sealed");
        snprintf(out->encryption.serial, sizeof out->encryption.serial, "%s",
                 text_hex(a, row_blob(row, "serial")));
    }
    if (out->certificate.n == 0)
        return err_set(e, ERR_BUSY, NULL, "%s is being signed", request_id);
    return out->issuer ? ERR_OK
                       : err_set(e, ERR_CONFIG, NULL, "%s: its issuer is not here", request_id);
}

enum err ca_settle_intents(struct ca *ca, const struct ca_issuer *only, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct store_rows open = {0};
    size_t settled = 0;
    {
        _auto(store_tx) tx = NULL;
        TRY(store_begin(ca->store, STORE_READ, &tx, e));
        TRY(store_many(tx, &Q_ca_certificate_intents, NO_PARAMS, a, &open, e));
    }
    for (size_t k = 0; k < open.n; k++) {
        const struct store_row *row = &open.row[k];
        if (row_int(row, "pair")) { /* at the start; later ones have somebody who is at them */
            if (!only)
                TRY(ca_pair_void(ca, row_int(row, "id"), "unfinished", e));
            settled += !only;
            continue;
        }
        const struct ca_issuer *issuer = ca_issuer_by_id(ca, row_int(row, "issuer_id"));
        if (only ? issuer != only : issuer && issuer->locked)
            continue;
        if (!issuer || !issuer->signer)
            return err_set(e, ERR_CONFIG, NULL, "intent %lld: its issuer has no key here",
                           (long long)row_int(row, "id"));
        struct bytes certificate;
        TRY(cert_sign(row_blob(row, "tbs"), issuer->signer, a, &certificate, e));
        struct signed_work w = {.arena = a,
                                .id = row_int(row, "id"),
                                .issuer_id = issuer->id,
                                .now = clock_business(ca->options.clock),
                                .not_after = row_int(row, "not_after"),
                                .serial = row_blob(row, "serial"),
                                .certificate = certificate,
                                .profile = row_text(row, "profile")};
        TRY(store_group_run(ca->group, record_signed, &w, e));
        settled++;
    }
    if (settled > 0)
        log_line(LOG_LEVEL_INFO, "ca.settled",
                 "%zu intended certificates signed, or of pairs given up, after a restart",
                 settled);
    return ERR_OK;
}
