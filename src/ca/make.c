/* An issuer in the making: a root, or an issuing CA below one. */
#include "ca/ca_priv.h"

#include "pki/lint.h"

#include <stdio.h>
#include <string.h>

const char *ca_alg_suffix(enum pki_alg alg)
{
    static const char *const text[] = {[PKI_P256] = "p256",
                                       [PKI_SM2] = "sm2",
                                       [PKI_RSA2048] = "rsa2048",
                                       [PKI_RSA3072] = "rsa3072"};
    return text[alg];
}

void ca_made_clear(struct ca_made *m)
{
    pki_signer_free(m->signer);
    pki_key_free(m->key);
    m->signer = NULL;
    m->key = NULL;
}

enum err ca_made_key(struct ca_made *m, enum pki_alg alg, struct err_info *e)
{
    TRY(pki_key_new(alg, &m->key, e));
    return pki_signer_from_key(m->key, &m->signer, e);
}

static enum err make_subject(struct ca_made *m, const char *organisation, struct arena *a,
                             struct err_info *e)
{
    struct name_part part[] = {{NAME_C, "CN"}, {NAME_O, organisation}, {NAME_CN, m->common_name}};
    return name_encode(part, 3, a, &m->subject, e);
}

enum err ca_made_certify(struct ca_made *m, const char *organisation, const struct ca_made *parent,
                         const char *status_url, struct arena *a, struct err_info *e)
{
    int root = m == parent;
    TRY(make_subject(m, organisation, a, e));
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

enum err ca_made_record(struct store_tx *tx, const struct ca_made *m, enum pki_alg alg, int64_t now,
                        struct err_info *e)
{
    TRY(store_exec(tx, &Q_ca_issuer_add,
                   PARAMS(P_INT(m->id), P_TEXT(m->code), P_TEXT(pki_alg_text(alg)), P_TEXT(m->role),
                          m->parent_id ? P_INT(m->parent_id) : P_NULL, P_BLOB(m->certificate),
                          P_INT(m->not_after)),
                   NULL, e));
    return ca_audit(tx, now, "installation", "issuer", m->code, e);
}
