/* Writing certificates: a spec becomes TBS octets. */
#include "pki/cert.h"

#include "pki/cert_priv.h"
#include "pki/pki_priv.h"

#include <string.h>

/* ---- extensions ---- */

static struct der_ext ext_open(struct buf *b, enum ext_id id, int critical)
{
    return der_open_ext(b, ext_oid(id), critical);
}

static void put_key_ids(struct buf *b, const struct cert_spec *s)
{
    struct bytes issuer = {pki_pub_key_id(s->issuer_key), PKI_KEY_ID_LEN};
    struct der_ext m = ext_open(b, EXT_AKI, 0);
    size_t seq = der_open(b, DER_SEQUENCE);
    der_put(b, DER_CONTEXT(0), issuer);
    der_close(b, seq);
    der_close_ext(b, m);
    m = ext_open(b, EXT_SKI, 0);
    der_put(b, DER_OCTET_STRING, (struct bytes){pki_pub_key_id(s->key), PKI_KEY_ID_LEN});
    der_close_ext(b, m);
}

/* Named bits, trailing zeros dropped (X.690 11.2.2). */
static void put_key_usage(struct buf *b, unsigned usage)
{
    uint8_t octets[2] = {0, 0};
    int last = 0;
    for (int bit = 0; bit < 9; bit++)
        if (usage & 1u << bit) {
            octets[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
            last = bit;
        }
    struct der_ext m = ext_open(b, EXT_KEY_USAGE, 1);
    der_put_bits(b, (struct bytes){octets, (size_t)last / 8 + 1}, 7 - last % 8);
    der_close_ext(b, m);
}

static void put_basic(struct buf *b, int path_len)
{
    struct der_ext m = ext_open(b, EXT_BASIC_CONSTRAINTS, 1);
    size_t seq = der_open(b, DER_SEQUENCE);
    der_put_boolean_true(b);
    if (path_len >= 0)
        der_put_number(b, (uint64_t)path_len);
    der_close(b, seq);
    der_close_ext(b, m);
}

static void put_eku(struct buf *b, unsigned eku)
{
    struct der_ext m = ext_open(b, EXT_EKU, 0);
    size_t seq = der_open(b, DER_SEQUENCE);
    for (int bit = 0; 1u << bit < CERT_EKU_OTHER; bit++)
        if (eku & 1u << bit)
            der_put(b, DER_OID, eku_oid(bit));
    der_close(b, seq);
    der_close_ext(b, m);
}

static int put_policies(struct buf *b, const struct cert_spec *s)
{
    static const uint8_t oid_cps[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x02, 0x01};
    struct der_ext m = ext_open(b, EXT_POLICIES, 0);
    size_t seq = der_open(b, DER_SEQUENCE);
    int ok = 1;
    for (size_t i = 0; i < s->policies; i++) {
        size_t info = der_open(b, DER_SEQUENCE);
        ok &= der_put_oid(b, s->policy[i].oid);
        if (s->policy[i].cps_url) {
            size_t quals = der_open(b, DER_SEQUENCE), qual = der_open(b, DER_SEQUENCE);
            der_put(b, DER_OID, (struct bytes){oid_cps, sizeof oid_cps});
            der_put_text(b, DER_IA5, s->policy[i].cps_url);
            der_close(b, qual);
            der_close(b, quals);
        }
        der_close(b, info);
    }
    der_close(b, seq);
    der_close_ext(b, m);
    return ok;
}

static void put_dns(struct buf *b, const struct cert_spec *s)
{
    struct der_ext m = ext_open(b, EXT_SAN, 0);
    size_t seq = der_open(b, DER_SEQUENCE);
    for (size_t i = 0; i < s->dns_names; i++)
        der_put_text(b, DER_CONTEXT(2), s->dns[i]);
    der_close(b, seq);
    der_close_ext(b, m);
}

static void put_crl_dp(struct buf *b, const char *url)
{
    struct der_ext m = ext_open(b, EXT_CRL_DP, 0);
    size_t seq = der_open(b, DER_SEQUENCE), point = der_open(b, DER_SEQUENCE);
    size_t name = der_open(b, DER_EXPLICIT(0)), full = der_open(b, DER_EXPLICIT(0));
    der_put_text(b, DER_CONTEXT(6), url);
    der_close(b, full);
    der_close(b, name);
    der_close(b, point);
    der_close(b, seq);
    der_close_ext(b, m);
}

static void put_aia(struct buf *b, const char *ocsp, const char *ca_issuers)
{
    static const uint8_t oid[2][8] = {{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01},
                                      {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02}};
    const char *url[2] = {ocsp, ca_issuers};
    struct der_ext m = ext_open(b, EXT_AIA, 0);
    size_t seq = der_open(b, DER_SEQUENCE);
    for (int i = 0; i < 2; i++) {
        if (!url[i])
            continue;
        size_t access = der_open(b, DER_SEQUENCE);
        der_put(b, DER_OID, (struct bytes){oid[i], 8});
        der_put_text(b, DER_CONTEXT(6), url[i]);
        der_close(b, access);
    }
    der_close(b, seq);
    der_close_ext(b, m);
}

static int put_extra(struct buf *b, const struct cert_extension *x)
{
    size_t seq = der_open(b, DER_SEQUENCE);
    int ok = der_put_oid(b, x->oid);
    if (x->critical)
        der_put_boolean_true(b);
    der_put(b, DER_OCTET_STRING, x->value);
    der_close(b, seq);
    return ok;
}

static int put_extensions(struct buf *b, const struct cert_spec *s)
{
    int ok = 1;
    put_key_ids(b, s);
    if (s->key_usage)
        put_key_usage(b, s->key_usage);
    if (s->ca)
        put_basic(b, s->path_len);
    if (s->eku)
        put_eku(b, s->eku);
    if (s->policies)
        ok &= put_policies(b, s);
    if (s->dns_names)
        put_dns(b, s);
    if (s->crl_url)
        put_crl_dp(b, s->crl_url);
    if (s->ocsp_url || s->ca_issuers_url)
        put_aia(b, s->ocsp_url, s->ca_issuers_url);
    if (s->ocsp_nocheck) {
        struct der_ext m = ext_open(b, EXT_OCSP_NOCHECK, 0);
        der_put(b, DER_NULL, (struct bytes){0});
        der_close_ext(b, m);
    }
    for (size_t i = 0; i < s->extras; i++)
        ok &= put_extra(b, &s->extra[i]);
    return ok;
}

/* ---- the whole ---- */

enum err cert_tbs(const struct cert_spec *s, struct arena *a, struct bytes *tbs, struct err_info *e)
{
    TRY(cert_spec_check(s, e));
    struct buf b;
    buf_init(&b, CERT_MAX - 1024);
    size_t whole = der_open(&b, DER_SEQUENCE), mark = der_open(&b, DER_EXPLICIT(0));
    der_put_number(&b, 2); /* v3 */
    der_close(&b, mark);
    der_put_uint(&b, s->serial);
    der_put_raw(&b, pki_sig_alg(pki_pub_alg(s->issuer_key)));
    der_put_raw(&b, s->issuer);
    mark = der_open(&b, DER_SEQUENCE);
    der_put_time(&b, s->not_before);
    der_put_time(&b, s->not_after);
    der_close(&b, mark);
    der_put_raw(&b, s->subject);
    der_put_raw(&b, pki_pub_spki(s->key));
    mark = der_open(&b, DER_EXPLICIT(3));
    size_t list = der_open(&b, DER_SEQUENCE);
    int ok = put_extensions(&b, s);
    der_close(&b, list);
    der_close(&b, mark);
    der_close(&b, whole);
    if (!ok) {
        buf_clear(&b);
        return pki_why(e, ERR_CERT_SPEC, "an OID of the profile is malformed");
    }
    return der_finish(&b, a, tbs, e);
}

enum err cert_sign(struct bytes tbs, const struct pki_signer *s, struct arena *a, struct bytes *der,
                   struct err_info *e)
{
    struct der d = der_start(tbs), seq;
    struct bytes skip, algorithm;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_take(&seq, DER_EXPLICIT(0), &skip, e));
    TRY(der_take(&seq, DER_INTEGER, &skip, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &algorithm, e));
    if (!der_same(algorithm, pki_sig_alg(pki_pub_alg(s->pub))))
        return pki_why(e, ERR_CRYPTO,
                       "the certificate names another signature algorithm (RFC 5280 4.1.1.2)");
    return pki_sign_wrap(tbs, s, a, der, e);
}
