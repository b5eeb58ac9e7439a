/* Making a root and an issuing CA, and the certificate of the responder's key. */
#include "ca/ca_priv.h"

#include "base/sys.h"
#include "pki/csr.h"
#include "pki/lint.h"

#include <stdio.h>
#include <string.h>

enum { RESPONDER_DAYS = 90 };

static enum err save_key(const struct ca_options *o, const struct ca_made *m, struct arena *a,
                         struct err_info *e)
{
    struct bytes pem;
    TRY(folder_make(arena_fmt(a, "%s/keys", o->data), 0700, e));
    TRY(pki_key_save(m->key, NULL, a, &pem, e));
    return file_replace(arena_fmt(a, "%s/keys/%s.pem", o->data, m->code), pem, 0600, e);
}

static enum err make_pair(const struct ca_options *o, const char *organisation, enum pki_alg alg,
                          int64_t next_id, struct store_tx *tx, struct ca_made pair[2],
                          struct arena *a, struct err_info *e)
{
    int64_t now = clock_business(o->clock);
    for (int i = 0; i < 2; i++) {
        struct ca_made *m = &pair[i];
        m->role = i == 0 ? "root" : "issuing";
        snprintf(m->code, sizeof m->code, "%s-%s", m->role, ca_alg_suffix(alg));
        m->common_name = arena_fmt(a, "CertHall %s %s", pki_alg_text(alg),
                                   i == 0 ? "Root CA" : "Issuing CA");
        m->id = next_id + i;
        m->parent_id = i == 0 ? 0 : next_id;
        m->not_before = now;
        m->not_after = now + (i == 0 ? CA_ROOT_YEARS : CA_ISSUING_YEARS) * 365LL * TIME_DAY;
        TRY(ca_made_key(m, alg, e));
        TRY(ca_made_certify(m, organisation, &pair[0], o->status_url, a, e));
        TRY(save_key(o, m, a, e));
        TRY(ca_made_record(tx, m, alg, now, e));
    }
    return ERR_OK;
}

/* An init that was interrupted left them. Those of a database whose key file is another's, or gone, are of no use. */
static enum err take_issuing(const struct ca_options *o, const struct store_row *row,
                             struct arena *a, struct err_info *e)
{
    struct bytes pem;
    _auto(pki_key) key = NULL;
    _auto(pki_pub) certified = NULL;
    char *path = arena_fmt(a, "%s/keys/%s.pem", o->data, row_text(row, "code"));
    TRY(cert_key(row_blob(row, "certificate"), &certified, e));
    if (file_read(a, path, 64 << 10, &pem, e) == ERR_OK &&
        pki_key_load(pem, NULL, &key, e) == ERR_OK && pki_pub_equal(certified, pki_key_pub(key)))
        return ERR_OK;
    err_set(e, ERR_CONFLICT, "algorithm",
            "the database has the issuing CA %s, and %s is not its key", row_text(row, "code"),
            path);
    return ERR_CONFLICT;
}

enum err ca_init(const struct ca_options *o, const char *organisation, enum pki_alg alg, int *kept,
                 struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(store) store = NULL;
    struct store_rows rows;
    *kept = 0;
    TRY(folder_make(o->data, 0700, e));
    TRY(store_open(o->database, &ca_catalogue, 1, &store, e));
    _auto(store_tx) tx = NULL;
    TRY(store_begin(store, STORE_WRITE, &tx, e));
    TRY(store_many(tx, &Q_ca_issuer_all, NO_PARAMS, a, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        if (strcmp(row_text(&rows.row[i], "algorithm"), pki_alg_text(alg)) != 0)
            continue;
        *kept = 1;
        if (strcmp(row_text(&rows.row[i], "role"), "issuing") == 0)
            return take_issuing(o, &rows.row[i], a, e);
    }
    struct ca_made pair[2] = {0};
    enum err result = make_pair(o, organisation, alg, (int64_t)rows.n + 1, tx, pair, a, e);
    ca_made_clear(&pair[0]);
    ca_made_clear(&pair[1]);
    TRY(result);
    return store_commit(tx, e);
}

/* Of the administrator's own profile where there is one for the algorithm. */
static struct ca_profile responder_profile(const struct ca *ca, enum pki_alg alg)
{
    for (size_t i = 0; i < ca->profiles; i++)
        if (ca->profile[i].holder == CA_HOLDER_OCSP && ca->profile[i].algorithm == alg)
            return ca->profile[i];
    return (struct ca_profile){.holder = CA_HOLDER_OCSP,
                               .algorithm = alg,
                               .subject = {{NAME_C, "CN"}, {NAME_CN, "CertHall OCSP Responder"}},
                               .subject_parts = 2,
                               .key_usage = CERT_KU_DIGITAL_SIGNATURE,
                               .eku = CERT_EKU_OCSP_SIGNING,
                               .days_max = RESPONDER_DAYS};
}

/* RFC 6960 4.2.2.2: the certificate is of the very CA whose certificates it answers for. */
static enum err issuer_of_answers(const struct ca *ca, int64_t id, enum pki_alg alg,
                                  const struct ca_issuer **out, struct err_info *e)
{
    if (id == 0)
        return ca_issuer_for(ca, alg, out, e);
    *out = ca_issuer_by_id(ca, id);
    if (!*out)
        return err_set(e, ERR_NOT_FOUND, "issuer", "no issuer %lld", (long long)id);
    if ((*out)->locked)
        return ca_locked(*out, e);
    if ((*out)->signer && !(*out)->root && (*out)->alg == alg)
        return ERR_OK;
    err_set(e, ERR_CA_PROFILE, "issuer", "%s", (*out)->code);
    err_arg(e, "why", "%s makes no certificate for answers with a key of %s", (*out)->code,
            pki_alg_text(alg));
    return ERR_CA_PROFILE;
}

enum err ca_responder_certificate(struct ca *ca, int64_t issuer_id, struct bytes csr_der,
                                  struct arena *a, struct bytes *der, struct err_info *e)
{
    struct csr csr;
    _auto(pki_pub) key = NULL;
    const struct ca_issuer *issuer;
    const struct ca_vouched nobody = {0};
    TRY(csr_parse(csr_der, &csr, e));
    TRY(csr_verify(&csr, &key, e));
    TRY(issuer_of_answers(ca, issuer_id, pki_pub_alg(key), &issuer, e));
    const struct ca_profile profile = responder_profile(ca, pki_pub_alg(key));
    int64_t now = clock_business(ca->options.clock);
    int64_t not_after = now + profile.days_max * TIME_DAY;
    struct ca_content content = {.profile = &profile,
                                 .issuer = {.subject = issuer->subject,
                                            .key = issuer->signer->pub,
                                            .not_after = issuer->not_after},
                                 .vouched = &nobody,
                                 .key = key,
                                 .serial = cert_serial_new(a),
                                 .not_before = now - TIME_HOUR,
                                 .not_after = not_after < issuer->not_after ? not_after
                                                                            : issuer->not_after};
    struct bytes tbs;
    TRY(ca_content_subject(&profile, &nobody, a, &content.subject, e));
    TRY(ca_content_tbs(&content, a, &tbs, e));
    const struct ca_own own = {.profile = CA_PROFILE_RESPONDER,
                               .issuer = issuer,
                               .serial = content.serial,
                               .subject = content.subject,
                               .spki = pki_pub_spki(key),
                               .tbs = tbs,
                               .not_before = content.not_before,
                               .not_after = content.not_after};
    return ca_issue_own(ca, &own, a, der, e);
}
