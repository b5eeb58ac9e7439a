/* Lint of whole certificates and requests, and what all tables of rules share. */
#include "pki/lint.h"

#include "base/text.h"
#include "pki/cert_priv.h"
#include "pki/csr.h"
#include "pki/lint_priv.h"
#include "pki/name.h"
#include "pki/signer.h"

#include <string.h>

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

/* PrintableString's characters, X.680 41.4. */
static int is_printable(struct bytes c)
{
    static const char signs[] = " '()+,-./:=?";
    for (size_t i = 0; i < c.n; i++) {
        uint8_t x = c.p[i];
        int alnum = (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9');
        if (!alnum && !memchr(signs, x, sizeof signs - 1))
            return 0;
    }
    return 1;
}

static int is_ascii(struct bytes c)
{
    for (size_t i = 0; i < c.n; i++)
        if (c.p[i] >= 0x80)
            return 0;
    return 1;
}

/* Pairs of octets, none half of a pair of surrogates. */
static int is_bmp(struct bytes c)
{
    for (size_t i = 0; i < c.n; i += 2)
        if ((c.p[i] & 0xf8) == 0xd8)
            return 0;
    return c.n % 2 == 0;
}

/* A Name's values are strings (RFC 5280 4.1.2.4; of UniversalString none is known), and their octets are of their type (X.690 8.23). */
static int is_string(uint8_t tag, struct bytes c)
{
    enum { NUMERIC = 0x12 };
    switch (tag) {
    case DER_UTF8:
        return text_is_utf8(c.p, c.n);
    case DER_PRINTABLE:
        return is_printable(c);
    case NUMERIC:
    case DER_IA5:
        return is_ascii(c);
    case DER_BMP:
        return is_bmp(c);
    default:
        return tag == DER_TELETEX;
    }
}

static enum err values_are_strings(struct bytes der, struct err_info *e)
{
    struct der d = der_start(der), rdns, set, pair;
    TRY(der_enter(&d, DER_SEQUENCE, &rdns, e));
    while (der_more(&rdns)) {
        TRY(der_enter(&rdns, DER_SET, &set, e));
        while (der_more(&set)) {
            uint8_t tag = 0;
            struct bytes value;
            TRY(der_enter(&set, DER_SEQUENCE, &pair, e));
            TRY(der_any(&pair, NULL, NULL, NULL, e));
            TRY(der_any(&pair, &tag, NULL, &value, e));
            if (!is_string(tag, value))
                return der_refuse(e, "a part that is no string, or not of its type");
        }
    }
    return ERR_OK;
}

const char *lint_name(struct bytes der, struct arena *a)
{
    char *text;
    struct err_info e;
    if (name_text(der, a, &text, &e) != ERR_OK || values_are_strings(der, &e) != ERR_OK)
        return arena_fmt(a, "the issuer: %s", e.detail);
    return *text ? NULL : "the issuer is empty";
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
