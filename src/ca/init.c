/* Making a root and an issuing CA, and the certificate of the responder's key. */
#include "ca/ca_priv.h"

#include "base/sys.h"
#include "pki/csr.h"
#include "pki/lint.h"

#include <string.h>

enum { ROOT_YEARS = 20, ISSUING_YEARS = 10, RESPONDER_DAYS = 90 };

struct made {
    const char *code, *role, *common_name;
    int64_t id, parent_id; /* parent 0: itself */
    int64_t not_before, not_after;
    struct pki_key *key;
    struct pki_signer *signer;
    struct bytes subject, certificate;
};

static const char *alg_suffix(enum pki_alg alg)
{
    static const char *const text[] = {[PKI_P256] = "p256",
                                       [PKI_SM2] = "sm2",
                                       [PKI_RSA2048] = "rsa2048",
                                       [PKI_RSA3072] = "rsa3072"};
    return text[alg];
}

static enum err make_subject(struct made *m, const char *organisation, struct arena *a,
                             struct err_info *e)
{
    struct name_part part[] = {{NAME_C, "CN"}, {NAME_O, organisation}, {NAME_CN, m->common_name}};
    return name_encode(part, 3, a, &m->subject, e);
}

static enum err certify(struct made *m, const struct made *parent, const char *status_url,
                        struct arena *a, struct err_info *e)
{
    int root = m == parent;
    struct cert_spec spec = {
        .serial = cert_serial_new(a),
        .issuer = parent->subject,
        .subject = m->subject,
        .not_before = m->not_before,
        .not_after = m->not_after,
        .key = m->signer->pub,
        .issuer_key = parent->signer->pub,
        .ca = 1,
        .path_len = root ? -1 : 0,
        .key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN,
        .crl_url = root ? NULL : arena_fmt(a, "%s/crl/%s.crl", status_url, parent->code),
        .ca_issuers_url = root ? NULL : arena_fmt(a, "%s/ca/%s.cer", status_url, parent->code),
    };
    struct lint_context context = {.role = LINT_CA,
                                   .issuer_subject = parent->subject,
                                   .issuer_key = parent->signer->pub,
                                   .issuer_not_after = root ? 0 : parent->not_after};
    struct bytes tbs;
    TRY(cert_tbs(&spec, a, &tbs, e));
    TRY(lint_check(tbs, &context, e));
    return cert_sign(tbs, parent->signer, a, &m->certificate, e);
}

static enum err save_key(const struct ca_options *o, const struct made *m, struct arena *a,
                         struct err_info *e)
{
    struct bytes pem;
    TRY(folder_make(arena_fmt(a, "%s/keys", o->data), 0700, e));
    TRY(pki_key_save(m->key, NULL, a, &pem, e));
    return file_replace(arena_fmt(a, "%s/keys/%s.pem", o->data, m->code), pem, 0600, e);
}

static enum err record(struct store_tx *tx, const struct made *m, enum pki_alg alg, int64_t now,
                       struct err_info *e)
{
    TRY(store_exec(tx, &Q_ca_issuer_add,
                   PARAMS(P_INT(m->id), P_TEXT(m->code), P_TEXT(pki_alg_text(alg)), P_TEXT(m->role),
                          m->parent_id ? P_INT(m->parent_id) : P_NULL, P_BLOB(m->certificate),
                          P_INT(m->not_after)),
                   NULL, e));
    return ca_audit(tx, now, "installation", "issuer", m->code, e);
}

static void made_clear(struct made *m)
{
    pki_signer_free(m->signer);
    pki_key_free(m->key);
}

static enum err make_pair(const struct ca_options *o, const char *organisation, enum pki_alg alg,
                          int64_t next_id, struct store_tx *tx, struct made pair[2],
                          struct arena *a, struct err_info *e)
{
    int64_t now = clock_business(o->clock);
    for (int i = 0; i < 2; i++) {
        struct made *m = &pair[i];
        m->role = i == 0 ? "root" : "issuing";
        m->code = arena_fmt(a, "%s-%s", m->role, alg_suffix(alg));
        m->common_name = arena_fmt(a, "CertHall %s %s", pki_alg_text(alg),
                                   i == 0 ? "Root CA" : "Issuing CA");
        m->id = next_id + i;
        m->parent_id = i == 0 ? 0 : next_id;
        m->not_before = now;
        m->not_after = now + (i == 0 ? ROOT_YEARS : ISSUING_YEARS) * 365LL * TIME_DAY;
        TRY(pki_key_new(alg, &m->key, e));
        TRY(pki_signer_from_key(m->key, &m->signer, e));
        TRY(make_subject(m, organisation, a, e));
        TRY(certify(m, &pair[0], o->status_url, a, e));
        TRY(save_key(o, m, a, e));
        TRY(record(tx, m, alg, now, e));
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
    struct made pair[2] = {0};
    enum err result = make_pair(o, organisation, alg, (int64_t)rows.n + 1, tx, pair, a, e);
    made_clear(&pair[0]);
    made_clear(&pair[1]);
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

enum err ca_responder_certificate(struct ca *ca, struct bytes csr_der, struct arena *a,
                                  struct bytes *der, struct err_info *e)
{
    struct csr csr;
    _auto(pki_pub) key = NULL;
    const struct ca_issuer *issuer;
    const struct ca_vouched nobody = {0};
    TRY(csr_parse(csr_der, &csr, e));
    TRY(csr_verify(&csr, &key, e));
    TRY(ca_issuer_for(ca, pki_pub_alg(key), &issuer, e));
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
