#include "pki/lint.h"

#include "base/time.h"
#include "pki/cert_priv.h"
#include "pki/csr.h"
#include "pki/lint_priv.h"
#include "pki/name.h"
#include "pki/pki_priv.h"

#include <string.h>

/* What a rule looks at. */
struct subject {
    const struct tbs *t;
    const struct lint_context *c;
    struct arena *a;
    struct err_info e; /* scratch */
    enum pki_alg alg;  /* of the subject's key; 0 where it cannot be read */
    uint8_t key_id[PKI_KEY_ID_LEN];
    unsigned usage, eku; /* 0 where absent or malformed */
};

static const struct ext *ext_of(const struct subject *s, enum ext_id id)
{
    return tbs_ext(s->t, id);
}

/* Each rule gives NULL, or one sentence with what it found. */

static const char *version_3(struct subject *s)
{
    return s->t->version == 3 ? NULL : arena_fmt(s->a, "version %d", s->t->version);
}

static const char *serial_positive(struct subject *s)
{
    struct bytes n = s->t->serial;
    if (n.p[0] & 0x80 || (n.n == 1 && n.p[0] == 0))
        return "the serial is not positive";
    if (n.n > 1 && n.p[0] == 0 && !(n.p[1] & 0x80))
        return "the serial is not minimal";
    return NULL;
}

static const char *serial_length(struct subject *s)
{
    return s->t->serial.n <= CERT_SERIAL_MAX
               ? NULL
               : arena_fmt(s->a, "a serial of %zu octets", s->t->serial.n);
}

static const char *signature_algorithm(struct subject *s)
{
    if (!s->c->issuer_key)
        return lint_known_algorithm(s->t->algorithm) ? NULL
                                                     : "a signature algorithm that is none of ours";
    return der_same(s->t->algorithm, pki_sig_alg(pki_pub_alg(s->c->issuer_key)))
               ? NULL
               : "the signature algorithm is not that of the issuer's key";
}

static const char *issuer_name(struct subject *s)
{
    if (!s->c->issuer_subject.n)
        return lint_name(s->t->issuer, s->a);
    return der_same(s->t->issuer, s->c->issuer_subject)
               ? NULL
               : "the issuer is not the subject of the issuing certificate";
}

static const char *validity_order(struct subject *s)
{
    return s->t->not_after >= s->t->not_before ? NULL : "it ends before it begins";
}

static const char *validity_encoding(struct subject *s)
{
    const int64_t at[2] = {s->t->not_before, s->t->not_after};
    for (int i = 0; i < 2; i++)
        if (!lint_time_fits(s->t->time_tag[i], at[i]))
            return "a time to 2049 must be UTCTime, a later one GeneralizedTime";
    return NULL;
}

static const char *validity_within(struct subject *s)
{
    if (!s->c->issuer_not_after || s->t->not_after <= s->c->issuer_not_after)
        return NULL;
    return "it lives longer than the issuing certificate";
}

static const char *subject_present(struct subject *s)
{
    return s->t->subject.n > 2 ? NULL : "the subject is empty";
}

/* Every part could have been written by name_encode: types, lengths and characters are right. */
static const char *subject_parts(struct subject *s)
{
    struct name n;
    struct bytes again;
    if (name_decode(s->t->subject, s->a, &n, &s->e) != ERR_OK)
        return arena_fmt(s->a, "the subject: %s", s->e.detail);
    if (n.n == 0)
        return NULL; /* subject-present says it */
    if (name_encode(n.part, n.n, s->a, &again, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s: %s", s->e.field, s->e.detail);
    if (!der_same(again, s->t->subject))
        return "a part of the subject has another string type than UTF8String or PrintableString";
    return NULL;
}

static const char *public_key(struct subject *s)
{
    if (s->alg)
        return NULL;
    enum pki_alg alg;
    uint8_t id[PKI_KEY_ID_LEN];
    return pki_spki_peek(s->t->spki, &alg, id, &s->e) == ERR_OK
               ? NULL
               : arena_fmt(s->a, "%s", s->e.detail);
}

static const char *extensions_once(struct subject *s)
{
    for (size_t i = 0; i < s->t->exts; i++)
        if (!der_oid_text(s->a, s->t->ext[i].oid))
            return "an extension with a malformed OID (X.690 8.19)";
    for (size_t i = 0; i < s->t->exts; i++)
        for (size_t k = i + 1; k < s->t->exts; k++)
            if (der_same(s->t->ext[i].oid, s->t->ext[k].oid))
                return arena_fmt(s->a, "%s stands twice", der_oid_text(s->a, s->t->ext[i].oid));
    return NULL;
}

static const char *critical_known(struct subject *s)
{
    for (size_t i = 0; i < s->t->exts; i++)
        if (s->t->ext[i].critical && s->t->ext[i].id == EXT_OTHER)
            return arena_fmt(s->a, "unknown critical extension %s",
                             der_oid_text(s->a, s->t->ext[i].oid));
    return NULL;
}

static const char *aki(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_AKI);
    struct bytes id;
    if (!x && s->c->role == LINT_CA && der_same(s->t->issuer, s->t->subject))
        return NULL; /* a root may do without */
    if (!x)
        return "no authority key identifier";
    if (x->critical)
        return "it is critical";
    if (ext_aki(x, &id, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    if (s->c->issuer_key &&
        !der_same(id, (struct bytes){pki_pub_key_id(s->c->issuer_key), PKI_KEY_ID_LEN}))
        return "it is not the issuer's key";
    return NULL;
}

static const char *ski(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_SKI);
    struct bytes id;
    if (!x)
        return "no subject key identifier";
    if (x->critical)
        return "it is critical";
    if (ext_ski(x, &id, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    if (s->alg && !der_same(id, (struct bytes){s->key_id, PKI_KEY_ID_LEN}))
        return "it is not the SHA-1 of the public key";
    return NULL;
}

static const char *key_usage_present(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_KEY_USAGE);
    unsigned bits;
    if (!x)
        return "no key usage";
    if (!x->critical)
        return "it is not critical";
    if (ext_key_usage(x, &bits, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    return bits ? NULL : "no bit is set";
}

static const char *key_usage_role(struct subject *s)
{
    const unsigned signs = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN;
    if (s->c->role == LINT_CA)
        return s->usage & CERT_KU_KEY_CERT_SIGN ? NULL : "a CA without keyCertSign";
    if (s->usage & signs)
        return "an end entity that may sign certificates or lists";
    if (s->c->role == LINT_OCSP_RESPONDER && s->usage != CERT_KU_DIGITAL_SIGNATURE)
        return "a responder has digitalSignature alone";
    return NULL;
}

/* RFC 5480 3: an elliptic curve key enciphers nothing by itself; SM2 does (GM/T 0015 C.4). */
static const char *key_usage_algorithm(struct subject *s)
{
    const unsigned enciphers = CERT_KU_KEY_ENCIPHERMENT | CERT_KU_DATA_ENCIPHERMENT;
    return s->alg == PKI_P256 && s->usage & enciphers ? "a P-256 key that enciphers" : NULL;
}

static const char *key_usage_dual(struct subject *s)
{
    const unsigned sign = CERT_KU_DIGITAL_SIGNATURE | CERT_KU_NON_REPUDIATION;
    if (!s->c->dual || s->usage == sign || s->usage == cert_encryption_usage(s->alg))
        return NULL;
    return "of a pair, one has digitalSignature and nonRepudiation, the other keyEncipherment, "
           "dataEncipherment and, but for RSA, keyAgreement";
}

static const char *basic_constraints(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_BASIC_CONSTRAINTS);
    int ca, path_len;
    if (s->c->role != LINT_CA)
        return x ? "an end entity does without basicConstraints" : NULL;
    if (!x || !x->critical)
        return "a CA needs critical basicConstraints";
    if (ext_basic(x, &ca, &path_len, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    return ca ? NULL : "a CA whose cA is FALSE";
}

static const char *eku_role(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_EKU);
    unsigned set;
    if (x && ext_eku(x, &set, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    if (s->c->role == LINT_OCSP_RESPONDER)
        return s->eku == CERT_EKU_OCSP_SIGNING ? NULL : "a responder has OCSPSigning alone";
    return s->eku & CERT_EKU_OCSP_SIGNING ? "OCSPSigning in a certificate that is no responder's"
                                          : NULL;
}

/* What a key may be used for must go with what its bits allow. */
static const char *eku_usage(struct subject *s)
{
    const unsigned sign = CERT_KU_DIGITAL_SIGNATURE, agree = CERT_KU_KEY_AGREEMENT,
                   encipher = CERT_KU_KEY_ENCIPHERMENT, commit = CERT_KU_NON_REPUDIATION;
    const struct {
        unsigned eku, one_of;
        const char *name;
    } wants[] = {
        {CERT_EKU_SERVER_AUTH, sign | encipher | agree, "serverAuth"},
        {CERT_EKU_CLIENT_AUTH, sign | agree, "clientAuth"},
        {CERT_EKU_CODE_SIGNING, sign, "codeSigning"},
        {CERT_EKU_EMAIL, sign | commit | encipher | agree, "emailProtection"},
        {CERT_EKU_TIME_STAMPING, sign | commit, "timeStamping"},
    };
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++)
        if (s->usage && s->eku & wants[i].eku && !(s->usage & wants[i].one_of))
            return arena_fmt(s->a, "%s with a key usage that does not allow it", wants[i].name);
    return NULL;
}

/* RFC 3279 2.3.1, RFC 5480 3: no other bits than the algorithm has a use for. */
static const char *key_usage_rsa(struct subject *s)
{
    const unsigned none = CERT_KU_KEY_AGREEMENT | CERT_KU_ENCIPHER_ONLY | CERT_KU_DECIPHER_ONLY;
    return (s->alg == PKI_RSA2048 || s->alg == PKI_RSA3072) && s->usage & none
               ? "an RSA key that agrees on keys"
               : NULL;
}

/* GM/T 0015 5.2.4: identity extensions, both editions; of strings only, never critical. */
static const char *identity(struct subject *s)
{
    static const uint8_t arc[] = {0x2a, 0x81, 0x1c, 0xd0, 0x14, 0x04};
    for (size_t i = 0; i < s->t->exts; i++) {
        const struct ext *x = &s->t->ext[i];
        struct der d = der_start(x->value);
        uint8_t tag = 0;
        struct bytes c;
        if (x->oid.n <= sizeof arc || memcmp(x->oid.p, arc, sizeof arc) != 0)
            continue;
        if (x->critical)
            return arena_fmt(s->a, "%s is critical", der_oid_text(s->a, x->oid));
        if (der_any(&d, &tag, NULL, &c, &s->e) != ERR_OK || der_end(&d, &s->e) != ERR_OK)
            return arena_fmt(s->a, "%s", s->e.detail);
        d = der_start(c);
        if ((tag & 0xe0) == 0xa0 &&
            (der_any(&d, &tag, NULL, &c, &s->e) != ERR_OK || der_end(&d, &s->e) != ERR_OK))
            return arena_fmt(s->a, "%s", s->e.detail);
        if ((tag != DER_PRINTABLE && tag != DER_UTF8) || c.n == 0)
            return arena_fmt(s->a, "%s is no PrintableString or UTF8String",
                             der_oid_text(s->a, x->oid));
    }
    return NULL;
}

static const char *nocheck(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_OCSP_NOCHECK);
    if (s->c->role != LINT_OCSP_RESPONDER)
        return x ? "nocheck in a certificate that is no responder's" : NULL;
    if (!x)
        return "a responder without nocheck";
    return x->value.n == 2 && x->value.p[0] == DER_NULL && x->value.p[1] == 0
               ? NULL
               : "nocheck is not NULL";
}

/* Who issues by SM2 follows GM/T 0015, which wants these in every end entity's certificate. */
static const char *gmt_mandatory(struct subject *s)
{
    const struct ext *aia = ext_of(s, EXT_AIA);
    struct bytes ocsp, ca;
    if (!pki_sig_alg_is(PKI_SM2, s->t->algorithm) || s->c->role != LINT_END_ENTITY)
        return NULL;
    if (!ext_of(s, EXT_POLICIES))
        return "no certificate policy";
    if (!ext_of(s, EXT_CRL_DP))
        return "no CRL distribution point";
    if (!aia)
        return "no authority information access";
    if (ext_aia(aia, &ocsp, &ca, &s->e) != ERR_OK)
        return NULL; /* authority-access says it */
    return ocsp.n && ca.n ? NULL : "caIssuers and OCSP must both be there";
}

static const char *crl_points(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_CRL_DP);
    struct bytes url;
    if (!x)
        return NULL;
    if (x->critical)
        return "it is critical";
    if (ext_crl_dp(x, &url, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    return cert_url_fits(url) ? NULL : "no http or ldap address in it";
}

static const char *authority_access(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_AIA);
    struct bytes ocsp, ca;
    if (!x)
        return NULL;
    if (x->critical)
        return "it is critical";
    if (ext_aia(x, &ocsp, &ca, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    return (!ocsp.n || cert_url_fits(ocsp)) && (!ca.n || cert_url_fits(ca))
               ? NULL
               : "no http or ldap address in it";
}

static const char *status_address(struct subject *s)
{
    if (s->c->role != LINT_END_ENTITY || ext_of(s, EXT_CRL_DP) || ext_of(s, EXT_AIA))
        return NULL;
    return "no way to learn of its revocation: neither CRL nor OCSP address";
}

static const char *policies(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_POLICIES);
    if (!x)
        return NULL;
    struct der d = der_start(x->value), list, one;
    struct bytes oid;
    if (der_enter(&d, DER_SEQUENCE, &list, &s->e) != ERR_OK || der_end(&d, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    if (!der_more(&list))
        return "an empty list of policies";
    while (der_more(&list))
        if (der_enter(&list, DER_SEQUENCE, &one, &s->e) != ERR_OK ||
            der_take(&one, DER_OID, &oid, &s->e) != ERR_OK)
            return arena_fmt(s->a, "%s", s->e.detail);
    return NULL;
}

/* Labels of letters, digits and hyphens; the first may be an asterisk. */
static int dns_fits(struct bytes n)
{
    size_t label = 0, labels = 0;
    if (n.n == 0 || n.n > 253)
        return 0;
    for (size_t i = 0; i < n.n; i++) {
        uint8_t c = n.p[i];
        int alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        int star = c == '*' && i == 0 && n.n > 2 && n.p[1] == '.';
        if (c == '.') {
            if (label == 0 || n.p[i - 1] == '-')
                return 0;
            label = 0;
            labels++;
        } else if (!(alnum || star || (c == '-' && label > 0)) || ++label > 63) {
            return 0;
        }
    }
    return label > 0 && n.p[n.n - 1] != '-' && labels > 0;
}

static const char *alternative_name(struct subject *s)
{
    const struct ext *x = ext_of(s, EXT_SAN);
    struct der d = der_start(x ? x->value : (struct bytes){0}), list;
    if (!x)
        return NULL;
    if (der_enter(&d, DER_SEQUENCE, &list, &s->e) != ERR_OK || der_end(&d, &s->e) != ERR_OK)
        return arena_fmt(s->a, "%s", s->e.detail);
    if (!der_more(&list))
        return "an empty alternative name";
    while (der_more(&list)) {
        uint8_t tag = 0;
        struct bytes name;
        if (der_any(&list, &tag, NULL, &name, &s->e) != ERR_OK)
            return arena_fmt(s->a, "%s", s->e.detail);
        if (tag == DER_CONTEXT(2) && !dns_fits(name))
            return "a dNSName that is none (RFC 1034 3.5)";
    }
    return NULL;
}

static const struct {
    const char *id, *section;
    const char *(*look)(struct subject *s);
} rules[] = {
    {"version-3", "RFC 5280 4.1.2.1", version_3},
    {"serial-positive", "RFC 5280 4.1.2.2", serial_positive},
    {"serial-length", "RFC 5280 4.1.2.2", serial_length},
    {"signature-algorithm", "RFC 5280 4.1.2.3", signature_algorithm},
    {"issuer-name", "RFC 5280 4.1.2.4", issuer_name},
    {"validity-order", "RFC 5280 4.1.2.5", validity_order},
    {"validity-encoding", "RFC 5280 4.1.2.5", validity_encoding},
    {"validity-within-issuer", "GM/T 0015 5.2.3", validity_within},
    {"subject-present", "RFC 5280 4.1.2.6", subject_present},
    {"subject-parts", "RFC 5280 A.1", subject_parts},
    {"public-key", "RFC 5480 2.1.1", public_key},
    {"extensions-once", "RFC 5280 4.2", extensions_once},
    {"critical-known", "RFC 5280 4.2", critical_known},
    {"authority-key-id", "RFC 5280 4.2.1.1", aki},
    {"subject-key-id", "RFC 5280 4.2.1.2", ski},
    {"key-usage-present", "RFC 5280 4.2.1.3", key_usage_present},
    {"key-usage-role", "RFC 5280 4.2.1.9", key_usage_role},
    {"key-usage-algorithm", "RFC 5480 3", key_usage_algorithm},
    {"key-usage-dual", "GM/T 0015 C.3, C.4", key_usage_dual},
    {"key-usage-rsa", "RFC 3279 2.3.1", key_usage_rsa},
    {"policies", "RFC 5280 4.2.1.4", policies},
    {"alternative-name", "RFC 5280 4.2.1.6", alternative_name},
    {"basic-constraints", "RFC 5280 4.2.1.9", basic_constraints},
    {"eku-role", "RFC 6960 4.2.2.2", eku_role},
    {"eku-usage", "RFC 5280 4.2.1.12", eku_usage},
    {"identity", "GM/T 0015 5.2.4", identity},
    {"gmt-mandatory", "GM/T 0015 C.3, C.4", gmt_mandatory},
    {"crl-points", "RFC 5280 4.2.1.13", crl_points},
    {"authority-access", "RFC 5280 4.2.2.1", authority_access},
    {"status-address", "RFC 5280 4.2.1.13", status_address},
    {"ocsp-nocheck", "RFC 6960 4.2.2.2.1", nocheck},
};
enum { RULES = sizeof rules / sizeof rules[0] };

static void prepare(struct subject *s)
{
    const struct ext *x;
    if (pki_spki_peek(s->t->spki, &s->alg, s->key_id, &s->e) != ERR_OK)
        s->alg = 0;
    if (!(x = ext_of(s, EXT_KEY_USAGE)) || ext_key_usage(x, &s->usage, &s->e) != ERR_OK)
        s->usage = 0;
    if (!(x = ext_of(s, EXT_EKU)) || ext_eku(x, &s->eku, &s->e) != ERR_OK)
        s->eku = 0;
}

size_t lint_tbs(struct bytes der, const struct lint_context *c, struct arena *a,
                struct lint_problem out[LINT_PROBLEMS_MAX])
{
    struct tbs t;
    struct subject s = {.t = &t, .c = c, .a = a};
    size_t n = 0;
    if (tbs_read(der, &t, &s.e) != ERR_OK) {
        out[0] = (struct lint_problem){"der", "X.690", arena_text(a, s.e.detail)};
        return 1;
    }
    prepare(&s);
    for (int i = 0; i < RULES; i++) {
        const char *found = rules[i].look(&s);
        if (found)
            out[n++] = (struct lint_problem){rules[i].id, rules[i].section, found};
    }
    return n;
}

enum err lint_check(struct bytes tbs, const struct lint_context *c, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct lint_problem p[LINT_PROBLEMS_MAX];
    if (lint_tbs(tbs, c, a, p) == 0)
        return ERR_OK;
    return pki_why(e, ERR_CERT_LINT, "%s (%s): %s", p[0].rule, p[0].section, p[0].text);
}

const char *lint_rule(size_t i, const char **section)
{
    if (i >= RULES)
        return NULL;
    if (section)
        *section = rules[i].section;
    return rules[i].id;
}
