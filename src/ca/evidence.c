/* Evidence: what must be shown before a certificate is made (design §1).
 *
 * The regulator's evidence is a row of a list that the ca itself verified; the maker's and the reviewer's (evidence_review.c)
 * are signatures of UKeys that the ca's administrator entered; the holder's (evidence_holder.c) is that of a key the ca
 * certified before. Nothing here believes the caller. */
#include "ca/ca_priv.h"

#include "base/text.h"
#include "pki/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err ca_evidence_refuse(struct err_info *e, const char *kind, const char *why)
{
    err_set(e, ERR_CA_EVIDENCE, kind, "%s evidence: %s", kind, why);
    err_arg(e, "kind", "%s", kind);
    err_arg(e, "why", "%s", why);
    return ERR_CA_EVIDENCE;
}

static enum err refuse(struct err_info *e, const char *kind, const char *why)
{
    return ca_evidence_refuse(e, kind, why);
}

const json_t *ca_evidence_of(const struct ca_request *r, const char *kind)
{
    const json_t *item;
    size_t i;
    json_array_foreach ((json_t *)(uintptr_t)r->evidence, i, item)
        if (strcmp(json_opt_text(item, "kind", ""), kind) == 0)
            return item;
    return NULL;
}

static void copy_text(char *out, size_t size, const char *s)
{
    snprintf(out, size, "%s", s ? s : "");
}

static void take_row(const struct store_row *row, struct ca_person *out)
{
    static const enum ca_fact fact[] = {CA_FACT_INSTITUTION, CA_FACT_REPORTING_CODE, CA_FACT_USER,
                                        CA_FACT_USCC};
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof fact / sizeof *fact; i++)
        copy_text(out->fact[fact[i]], CA_FACT_MAX, row_text(row, ca_fact_text(fact[i])));
}

/* The row must be of this project. */
static enum err regulator_row(struct store_tx *tx, const struct ca_profile *p,
                              const struct ca_request *r, struct arena *a, struct ca_person *out,
                              struct err_info *e)
{
    const json_t *item = ca_evidence_of(r, "regulator");
    if (!item)
        return refuse(e, "regulator", "is missing");
    const struct store_row *row;
    TRY(store_opt(tx, &Q_ca_batch_row_get,
                  PARAMS(P_TEXT(p->project), P_TEXT(json_opt_text(item, "batch", "")),
                         P_INT(json_opt_int(item, "row", -1))),
                  a, &row, e));
    if (!row)
        return refuse(e, "regulator", "the ca has no such row");
    take_row(row, out);
    return ERR_OK;
}

static int is_row_of(const struct store_row *row, const json_t *item)
{
    return strcmp(row_text(row, "batch_id"), json_opt_text(item, "batch", "")) == 0 &&
           row_int(row, "row_no") == json_opt_int(item, "row", -1);
}

/* The newest word of the regulator on a person; NULL where there is none. */
static enum err newest_of(struct store_tx *tx, const struct ca_profile *p,
                          const struct ca_person *person, struct arena *a,
                          const struct store_row **row, struct err_info *e)
{
    return store_opt(tx, &Q_ca_batch_row_newest,
                     PARAMS(P_TEXT(p->project), P_TEXT(person->fact[CA_FACT_REPORTING_CODE]),
                            P_TEXT(person->fact[CA_FACT_USER])),
                     a, row, e);
}

/* The row, which must be the newest word of the regulator on this person, and no withdrawal. Whom the row was about a moment
 * ago is asked for first: where his newest row is the one that is shown, as it mostly is, it need not be looked for itself. */
static enum err regulator_evidence(struct store_tx *tx, const struct ca_profile *p,
                                   const struct ca_request *r, const struct ca_proven *proven,
                                   struct arena *a, struct ca_person *out, struct err_info *e)
{
    const struct store_row *newest = NULL;
    const json_t *item = ca_evidence_of(r, "regulator");
    if (item && proven && proven->yes)
        TRY(newest_of(tx, p, &proven->row, a, &newest, e));
    if (!newest || !is_row_of(newest, item)) {
        TRY(regulator_row(tx, p, r, a, out, e));
        TRY(newest_of(tx, p, out, a, &newest, e));
    }
    if (!newest)
        return refuse(e, "regulator", "the ca has no such row");
    if (strcmp(row_text(newest, "action"), "withdraw") == 0)
        return refuse(e, "regulator", "the regulator has withdrawn this registration");
    if (!is_row_of(newest, item))
        return refuse(e, "regulator", "a later row of the regulator replaces this one");
    take_row(newest, out);
    return ERR_OK;
}

/* ---- makers ---- */

static struct ca_maker *maker_read(struct bytes certificate, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct cert_view view;
    struct pki_pub *key;
    if (cert_view(certificate, a, &view, e) != ERR_OK || pki_pub_load(view.spki, &key, e) != ERR_OK)
        return NULL;
    struct ca_maker *m = mem_alloc(sizeof *m);
    uint8_t *copy = mem_alloc(certificate.n);
    memcpy(copy, certificate.p, certificate.n);
    *m = (struct ca_maker){.certificate = {copy, certificate.n},
                           .key = key,
                           .not_before = view.not_before,
                           .not_after = view.not_after};
    snprintf(m->serial, sizeof m->serial, "%s", view.serial);
    return m;
}

static void maker_free(struct ca_maker *m)
{
    pki_pub_free(m->key);
    free((uint8_t *)(uintptr_t)m->certificate.p);
    free(m);
}

void ca_makers_clear(struct ca *ca)
{
    for (int i = 0; i < CA_MAKERS_KEPT && ca->maker[i]; i++)
        maker_free(ca->maker[i]);
}

/* By the certificate's octets, which the caller has from the database; so it is not asked here whether he still may. *own:
 * there was no room to keep it, the caller frees it. */
static enum err maker_of(struct ca *ca, struct bytes certificate, const struct ca_maker **out,
                         struct ca_maker **own, struct err_info *e)
{
    int i = 0;
    struct ca_maker *busy = NULL;
    *out = *own = NULL;
    pthread_mutex_lock(&ca->maker_lock);
    while (i < CA_MAKERS_KEPT && ca->maker[i] &&
           (ca->maker[i]->certificate.n != certificate.n ||
            memcmp(ca->maker[i]->certificate.p, certificate.p, certificate.n) != 0))
        i++;
    if (i < CA_MAKERS_KEPT && !ca->maker[i])
        ca->maker[i] = maker_read(certificate, e);
    if (i < CA_MAKERS_KEPT)
        *out = ca->maker[i];
    int often = *out ? pki_pub_prepare_after(ca->maker[i]->key) : 0;
    if (*out && ca->maker[i]->asked < often && ++ca->maker[i]->asked == often)
        busy = ca->maker[i];
    pthread_mutex_unlock(&ca->maker_lock);
    if (busy)
        pki_pub_prepare(busy->key);
    if (i == CA_MAKERS_KEPT)
        *out = *own = maker_read(certificate, e);
    return *out ? ERR_OK : e->code;
}

/* The certificate that was last seen under a serial; n 0: none. Whether it is still his, the transaction decides. */
static struct bytes remembered(struct ca *ca, const char *serial)
{
    struct bytes certificate = {0};
    pthread_mutex_lock(&ca->maker_lock);
    for (int i = 0; i < CA_MAKERS_KEPT && ca->maker[i]; i++)
        if (strcmp(ca->maker[i]->serial, serial) == 0)
            certificate = ca->maker[i]->certificate;
    pthread_mutex_unlock(&ca->maker_lock);
    return certificate;
}

/* He signed for the people of the row that the certificate will name: his signature under another row is none. */
static enum err maker_signature(const struct ca_request *r, const struct ca_person *row,
                                const struct ca_maker *maker, struct bytes signature,
                                struct arena *a, struct err_info *e)
{
    uint8_t csr_hash[DIGEST_LEN];
    struct bytes signed_bytes;
    digest_sha256(r->csr, csr_hash);
    const struct evidence_make made = {.order = r->order,
                                       .revision = r->revision,
                                       .csr_sum = csr_hash,
                                       .ukey = r->ukey,
                                       .institution = row->fact[CA_FACT_INSTITUTION],
                                       .reporting_code = row->fact[CA_FACT_REPORTING_CODE],
                                       .user = row->fact[CA_FACT_USER]};
    TRY(evidence_make_bytes(&made, a, &signed_bytes, e));
    return pki_verify(maker->key, signed_bytes, signature, e);
}

static int same_bytes(struct bytes x, struct bytes y)
{
    return x.n == y.n && x.n > 0 && memcmp(x.p, y.p, x.n) == 0;
}

/* The same row and certificate as a moment ago: the signature over them is verified already. */
static int is_proven(const struct ca_proven *p, const struct ca_person *row,
                     struct bytes certificate)
{
    return p && p->yes && memcmp(&p->row, row, sizeof *row) == 0 &&
           same_bytes(p->certificate, certificate);
}

/* The maker's certificate must be valid today, and the signature his. */
static enum err maker_vouches(struct ca *ca, const struct ca_request *r,
                              const struct ca_proven *proven, struct bytes certificate,
                              struct bytes signature, int64_t now, struct arena *a,
                              const struct ca_person *row, struct err_info *e)
{
    const struct ca_maker *maker;
    struct ca_maker *own;
    enum err result = maker_of(ca, certificate, &maker, &own, e);
    if (result == ERR_OK && (now < maker->not_before || now > maker->not_after))
        result = refuse(e, "maker", "the maker's certificate is not valid today");
    else if (result == ERR_OK && !is_proven(proven, row, certificate) &&
             maker_signature(r, row, maker, signature, a, e) != ERR_OK)
        result = refuse(e, "maker",
                        "the signature is not the maker's over this order, CSR, UKey and person");
    if (own)
        maker_free(own);
    return result;
}

/* With the state of his certificate where the ca made it itself (own_state, else NULL). */
static enum err find_staff(struct store_tx *tx, const json_t *item, const char *role,
                           struct arena *a, const struct store_row **staff, struct err_info *e)
{
    const char *hex = json_opt_text(item, role, "");
    struct bytes serial;
    if (!text_from_hex(a, hex, &serial))
        serial = (struct bytes){0};
    TRY(store_opt(tx, &Q_ca_staff_vouching, PARAMS(P_TEXT(hex), P_BLOB(serial)), a, staff, e));
    if (*staff && strcmp(row_text(*staff, "role"), role) == 0)
        return ERR_OK;
    return refuse(e, role, arena_fmt(a, "the ca knows no %s with this certificate", role));
}

enum err ca_evidence_staff(struct store_tx *tx, const json_t *item, const char *role,
                           struct arena *a, const struct store_row **staff, struct err_info *e)
{
    TRY(find_staff(tx, item, role, a, staff, e));
    const char *state = row_text(*staff, "own_state");
    if (!state || strcmp(state, "active") == 0)
        return ERR_OK;
    return refuse(e, role, arena_fmt(a, "the %s's certificate is on hold or revoked", role));
}

/* Name, certificate and end of the maker who signed, from this transaction; the next of the same maker asks no more. */
static enum err vouching_maker(struct ca *ca, struct store_tx *tx, const json_t *item,
                               struct arena *a, struct ca_last *maker, struct err_info *e)
{
    const struct store_row *staff;
    const char *serial = json_opt_text(item, "maker", "");
    struct ca_last *last = ca_last(tx);
    if (*serial && strcmp(last->maker, serial) == 0) {
        *maker = *last;
        return ERR_OK;
    }
    TRY(ca_evidence_staff(tx, item, "maker", a, &staff, e));
    maker->maker_ended = row_int(staff, "ended_at");
    maker->maker_certificate = row_blob(staff, "certificate");
    copy_text(maker->maker_name, sizeof maker->maker_name, row_text(staff, "name"));
    struct bytes kept = remembered(ca, serial);
    if (!same_bytes(kept, maker->maker_certificate))
        return ERR_OK;
    copy_text(last->maker, sizeof last->maker, serial);
    copy_text(last->maker_name, sizeof last->maker_name, maker->maker_name);
    last->maker_ended = maker->maker_ended;
    last->maker_certificate = kept;
    return ERR_OK;
}

static enum err maker_evidence(struct ca *ca, struct store_tx *tx, const struct ca_request *r,
                               const struct ca_proven *proven, int64_t now, struct arena *a,
                               struct ca_vouched *out, struct err_info *e)
{
    const json_t *item = ca_evidence_of(r, "maker");
    if (!item)
        return refuse(e, "maker", "is missing");
    struct bytes signature;
    struct ca_last maker = {0};
    TRY(json_get_base64(item, "signature", 1024, a, &signature, e));
    TRY(vouching_maker(ca, tx, item, a, &maker, e));
    if (maker.maker_ended != 0 && maker.maker_ended <= now)
        return refuse(e, "maker", "this maker's right has ended");
    TRY(maker_vouches(ca, r, proven, maker.maker_certificate, signature, now, a, &out->person, e));
    copy_text(out->maker, sizeof out->maker, maker.maker_name);
    return ERR_OK;
}

/* What the database says now of the row and of the maker. */
static enum err look_up(struct ca *ca, const struct ca_profile *p, const struct ca_request *r,
                        const json_t *maker, struct arena *a, struct ca_proven *out,
                        struct err_info *e)
{
    const struct store_row *staff;
    _auto(store_tx) tx = NULL;
    out->certificate = remembered(ca, json_opt_text(maker, "maker", ""));
    int regulator = ca_profile_asks(p, CA_EVIDENCE_REGULATOR);
    if (regulator || out->certificate.n == 0)
        TRY(store_begin(ca->store, STORE_READ, &tx, e));
    if (regulator)
        TRY(regulator_row(tx, p, r, a, &out->row, e));
    if (ca_profile_asks(p, CA_EVIDENCE_REVIEWER))
        TRY(ca_review_facts(r, &out->row, e));
    if (out->certificate.n > 0)
        return ERR_OK;
    TRY(find_staff(tx, maker, "maker", a, &staff, e));
    out->certificate = row_blob(staff, "certificate");
    return ERR_OK;
}

static enum err prove(struct ca *ca, const struct ca_profile *p, const struct ca_request *r,
                      struct arena *a, struct ca_proven *out, struct err_info *e)
{
    struct bytes signature;
    const struct ca_maker *maker;
    struct ca_maker *own;
    const json_t *item = ca_evidence_of(r, "maker");
    if (!item)
        return refuse(e, "maker", "is missing");
    TRY(json_get_base64(item, "signature", 1024, a, &signature, e));
    TRY(look_up(ca, p, r, item, a, out, e));
    TRY(maker_of(ca, out->certificate, &maker, &own, e));
    enum err result = maker_signature(r, &out->row, maker, signature, a, e);
    if (own)
        maker_free(own);
    return result;
}

const char *ca_evidence_text(const struct ca_request *r, struct arena *a)
{
    static const char *const member[] = {
        "kind",           "batch",     "maker", "signature", "reviewer", "institution_name",
        "reporting_code", "user_name", "uscc",  "id_number", "dns",      "certificate"};
    _auto_buf b;
    struct json_out j;
    const json_t *item;
    size_t i;
    buf_init(&b, 1024 * 1024); /* a request is of 64 KiB at most */
    jout_init(&j, &b);
    jout_list(&j, NULL);
    json_array_foreach ((json_t *)(uintptr_t)r->evidence, i, item) {
        jout_object(&j, NULL);
        for (size_t k = 0; k < sizeof member / sizeof *member; k++)
            if (json_opt_text(item, member[k], NULL))
                jout_text(&j, member[k], json_opt_text(item, member[k], NULL));
        if (json_opt_int(item, "row", -1) >= 0)
            jout_int(&j, "row", json_opt_int(item, "row", -1));
        if (json_opt_int(item, "days", -1) >= 0)
            jout_int(&j, "days", json_opt_int(item, "days", -1));
        jout_end(&j);
    }
    jout_end(&j);
    return arena_text(a, buf_cstr(&b));
}

void ca_evidence_prove(struct ca *ca, const struct ca_profile *p, const struct ca_request *r,
                       struct arena *a, struct ca_proven *out)
{
    struct err_info e;
    memset(out, 0, sizeof *out);
    out->yes = ca_profile_asks(p, CA_EVIDENCE_MAKER) && prove(ca, p, r, a, out, &e) == ERR_OK;
}

enum err ca_evidence_check(struct ca *ca, struct store_tx *tx, const struct ca_profile *p,
                           const struct ca_request *r, const struct ca_proven *proven, int64_t now,
                           struct arena *a, struct ca_vouched *out, struct err_info *e)
{
    const char *reviewer = NULL;
    memset(out, 0, sizeof *out);
    /* who it is first: the maker's signature is held against that */
    if (ca_profile_asks(p, CA_EVIDENCE_REGULATOR))
        TRY(regulator_evidence(tx, p, r, proven, a, &out->person, e));
    if (ca_profile_asks(p, CA_EVIDENCE_REVIEWER)) {
        TRY(ca_review_facts(r, &out->person, e));
        TRY(ca_review_evidence(tx, p, r, &out->person, now, a, &reviewer, e));
    }
    if (ca_profile_asks(p, CA_EVIDENCE_HOLDER))
        TRY(ca_holder_evidence(ca, tx, p, r, now, a, &out->holder_subject, e));
    if (ca_profile_asks(p, CA_EVIDENCE_MAKER))
        TRY(maker_evidence(ca, tx, r, proven, now, a, out, e));
    else
        copy_text(out->maker, sizeof out->maker, "holder");
    if (reviewer && strcmp(reviewer, out->maker) == 0)
        return refuse(e, "reviewer", "reviewer and maker are the same person");
    return ERR_OK;
}
