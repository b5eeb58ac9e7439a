/* Lint of whole certificates and requests, and what all tables of rules share. */
#include "pki/lint.h"

#include "base/text.h"
#include "pki/cert_priv.h"
#include "pki/csr.h"
#include "pki/lint_priv.h"
#include "pki/signer.h"

/* ---- shared ---- */

int lint_time_fits(uint8_t tag, int64_t ms)
{
    const int64_t year_2050 = INT64_C(2524608000000);
    return (tag == DER_UTC_TIME) == (ms < year_2050);
}

int lint_known_algorithm(struct bytes algorithm)
{
    for (enum pki_alg alg = PKI_P256; alg <= PKI_RSA3072; alg++)
        if (der_same(algorithm, pki_sig_alg(alg)))
            return 1;
    return 0;
}

const char *lint_signed(const struct pki_pub *key, struct bytes algorithm, struct bytes message,
                        struct bytes signature)
{
    struct err_info e;
    if (!pki_sig_alg_is(pki_pub_alg(key), algorithm))
        return "the signature algorithm is not that of the signer's key";
    return pki_verify(key, message, signature, &e) == ERR_OK ? NULL
                                                             : "the signature does not verify";
}

const char *lint_serial(struct arena *a, struct bytes content)
{
    while (content.n > 1 && content.p[0] == 0) {
        content.p++;
        content.n--;
    }
    if (content.n > CERT_SERIAL_MAX)
        content.n = CERT_SERIAL_MAX;
    return text_hex(a, content);
}

/* ---- certificates ---- */

static enum err split(struct bytes der, struct bytes *tbs, struct bytes *algorithm,
                      struct bytes *signature, struct err_info *e)
{
    struct der d = der_start(der), seq;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, tbs, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, algorithm, e));
    TRY(der_bits(&seq, signature, NULL, e));
    return der_end(&seq, e);
}

/* By what it says of itself. */
static enum lint_role role_of(const struct tbs *t)
{
    struct err_info e;
    unsigned eku = 0;
    int ca = 0, path_len;
    const struct ext *basic = tbs_ext(t, EXT_BASIC_CONSTRAINTS), *use = tbs_ext(t, EXT_EKU);
    if (basic && ext_basic(basic, &ca, &path_len, &e) == ERR_OK && ca)
        return LINT_CA;
    if (use && ext_eku(use, &eku, &e) == ERR_OK && eku == CERT_EKU_OCSP_SIGNING)
        return LINT_OCSP_RESPONDER;
    return LINT_END_ENTITY;
}

static size_t one_problem(struct lint_problem out[LINT_PROBLEMS_MAX], size_t n, const char *rule,
                          const char *section, const char *text)
{
    if (text && n < LINT_PROBLEMS_MAX)
        out[n++] = (struct lint_problem){rule, section, text};
    return n;
}

size_t lint_certificate(struct bytes der, const struct lint_context *c, struct arena *a,
                        struct lint_problem out[LINT_PROBLEMS_MAX])
{
    struct bytes tbs, algorithm, signature;
    struct tbs t;
    struct err_info e;
    _auto(pki_pub) own = NULL;
    struct lint_context context = *c;
    if (split(der, &tbs, &algorithm, &signature, &e) != ERR_OK || tbs_read(tbs, &t, &e) != ERR_OK)
        return one_problem(out, 0, "der", "X.690", arena_text(a, e.detail));
    context.role = role_of(&t);
    if (!context.issuer_key && der_same(t.issuer, t.subject) &&
        pki_pub_load(t.spki, &own, &e) == ERR_OK)
        context.issuer_key = own;
    size_t n = lint_tbs(tbs, &context, a, out);
    if (!der_same(algorithm, t.algorithm))
        n = one_problem(out, n, "algorithms-same", "RFC 5280 4.1.1.2", "two signature algorithms");
    if (context.issuer_key)
        n = one_problem(out, n, "signature", "RFC 5280 4.1.1.3",
                        lint_signed(context.issuer_key, algorithm, tbs, signature));
    return n;
}

/* ---- requests ---- */

size_t lint_request(struct bytes der, struct arena *a, struct lint_problem out[LINT_PROBLEMS_MAX])
{
    struct csr c;
    struct err_info e;
    _auto(pki_pub) key = NULL;
    if (csr_parse(der, &c, &e) != ERR_OK)
        return one_problem(out, 0, "request", "RFC 2986 4.1", arena_text(a, e.detail));
    enum err proved = csr_verify(&c, &key, &e);
    if (proved == ERR_OK)
        return 0;
    const char *rule = proved == ERR_SIGNATURE         ? "request-proof"
                       : proved == ERR_KEY_WEAK        ? "request-key-strong"
                       : proved == ERR_KEY_UNSUPPORTED ? "request-key"
                                                       : "request";
    return one_problem(out, 0, rule, proved == ERR_SIGNATURE ? "RFC 2986 4.2" : "RFC 2986 4.1",
                       arena_text(a, e.detail));
}
