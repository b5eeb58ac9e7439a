/* Reading certificates: the TBS taken apart, extensions, and the view. */
#include "base/text.h"
#include "pki/cert_priv.h"
#include "pki/name.h"
#include "pki/pem.h"
#include "pki/pki_priv.h"

#include <string.h>

#define OID(octets)                                                                                \
    {                                                                                              \
        (const uint8_t *)octets, sizeof octets - 1                                                 \
    }
static const struct bytes ext_oids[EXT_OTHER] = {
    [EXT_AKI] = OID("\x55\x1d\x23"),
    [EXT_SKI] = OID("\x55\x1d\x0e"),
    [EXT_KEY_USAGE] = OID("\x55\x1d\x0f"),
    [EXT_BASIC_CONSTRAINTS] = OID("\x55\x1d\x13"),
    [EXT_EKU] = OID("\x55\x1d\x25"),
    [EXT_POLICIES] = OID("\x55\x1d\x20"),
    [EXT_SAN] = OID("\x55\x1d\x11"),
    [EXT_CRL_DP] = OID("\x55\x1d\x1f"),
    [EXT_AIA] = OID("\x2b\x06\x01\x05\x05\x07\x01\x01"),
    [EXT_OCSP_NOCHECK] = OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x05"),
};
/* serverAuth 1, clientAuth 2, codeSigning 3, emailProtection 4, timeStamping 8, OCSPSigning 9 */
static const uint8_t eku_oids[6][8] = {
    {0x2b, 6, 1, 5, 5, 7, 3, 1}, {0x2b, 6, 1, 5, 5, 7, 3, 2}, {0x2b, 6, 1, 5, 5, 7, 3, 3},
    {0x2b, 6, 1, 5, 5, 7, 3, 4}, {0x2b, 6, 1, 5, 5, 7, 3, 8}, {0x2b, 6, 1, 5, 5, 7, 3, 9},
};

struct bytes ext_oid(enum ext_id id)
{
    return ext_oids[id];
}

struct bytes eku_oid(int bit)
{
    return (struct bytes){eku_oids[bit], 8};
}

static enum err read_extension(struct der *list, struct ext *x, struct err_info *e)
{
    struct der seq;
    TRY(der_enter(list, DER_SEQUENCE, &seq, e));
    TRY(der_take(&seq, DER_OID, &x->oid, e));
    x->critical = 0;
    if (der_next_is(&seq, DER_BOOLEAN)) {
        TRY(der_boolean(&seq, &x->critical, e));
        if (!x->critical)
            return der_refuse(e, "DEFAULT value written out (X.690 11.5)");
    }
    TRY(der_take(&seq, DER_OCTET_STRING, &x->value, e));
    TRY(der_end(&seq, e));
    x->id = EXT_OTHER;
    for (int i = 0; i < EXT_OTHER; i++)
        if (der_same(x->oid, ext_oids[i]))
            x->id = (enum ext_id)i;
    return ERR_OK;
}

static enum err read_extensions(struct der *seq, struct tbs *t, struct err_info *e)
{
    struct der outer, list;
    t->exts = 0;
    if (!der_more(seq))
        return ERR_OK;
    TRY(der_enter(seq, DER_EXPLICIT(3), &outer, e));
    TRY(der_enter(&outer, DER_SEQUENCE, &list, e));
    TRY(der_end(&outer, e));
    if (!der_more(&list))
        return der_refuse(e, "empty list of extensions (RFC 5280 4.1)");
    while (der_more(&list)) {
        if (t->exts == TBS_EXTENSIONS_MAX)
            return der_refuse(e, "more than %d extensions", TBS_EXTENSIONS_MAX);
        TRY(read_extension(&list, &t->ext[t->exts++], e));
    }
    return ERR_OK;
}

static enum err read_validity(struct der *seq, struct tbs *t, struct err_info *e)
{
    struct der v;
    TRY(der_enter(seq, DER_SEQUENCE, &v, e));
    t->time_tag[0] = der_more(&v) ? *v.p : 0;
    TRY(der_time(&v, &t->not_before, e));
    t->time_tag[1] = der_more(&v) ? *v.p : 0;
    TRY(der_time(&v, &t->not_after, e));
    return der_end(&v, e);
}

enum err tbs_read(struct bytes der, struct tbs *t, struct err_info *e)
{
    struct der d = der_start(der), seq, version;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    t->version = 1;
    if (der_next_is(&seq, DER_EXPLICIT(0))) {
        TRY(der_enter(&seq, DER_EXPLICIT(0), &version, e));
        TRY(der_small(&version, &t->version, e));
        TRY(der_end(&version, e));
        if (t->version < 1 || t->version > 2)
            return der_refuse(e, "version %d (RFC 5280 4.1.2.1)", t->version);
        t->version++;
    }
    TRY(der_take(&seq, DER_INTEGER, &t->serial, e));
    if (t->serial.n == 0)
        return der_refuse(e, "INTEGER without content (X.690 8.3.1)");
    TRY(der_take_whole(&seq, DER_SEQUENCE, &t->algorithm, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &t->issuer, e));
    TRY(read_validity(&seq, t, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &t->subject, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &t->spki, e));
    for (uint8_t n = 1; n <= 2; n++) /* issuerUniqueID, subjectUniqueID: read over */
        if (der_next_is(&seq, DER_CONTEXT(n)))
            TRY(der_any(&seq, NULL, NULL, NULL, e));
    TRY(read_extensions(&seq, t, e));
    return der_end(&seq, e);
}

const struct ext *tbs_ext(const struct tbs *t, enum ext_id id)
{
    for (size_t i = 0; i < t->exts; i++)
        if (t->ext[i].id == id)
            return &t->ext[i];
    return NULL;
}

/* ---- values of extensions ---- */

enum err ext_key_usage(const struct ext *x, unsigned *bits, struct err_info *e)
{
    struct der d = der_start(x->value);
    struct bytes c;
    int unused;
    TRY(der_bits(&d, &c, &unused, e));
    TRY(der_end(&d, e));
    if (c.n > 2 || (c.n && !(c.p[c.n - 1] >> unused & 1)))
        return der_refuse(e, "named bits with trailing zeros (X.690 11.2.2)");
    *bits = 0;
    for (int i = 0; i < (int)c.n * 8 && i < 9; i++)
        if (c.p[i / 8] & 0x80 >> i % 8)
            *bits |= 1u << i;
    return ERR_OK;
}

enum err ext_eku(const struct ext *x, unsigned *set, struct err_info *e)
{
    struct der d = der_start(x->value), seq;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    *set = 0;
    if (!der_more(&seq))
        return der_refuse(e, "empty extended key usage (RFC 5280 4.2.1.12)");
    while (der_more(&seq)) {
        struct bytes oid;
        unsigned bit = CERT_EKU_OTHER;
        TRY(der_take(&seq, DER_OID, &oid, e));
        for (int i = 0; i < 6; i++)
            if (der_same(oid, eku_oid(i)))
                bit = 1u << i;
        *set |= bit;
    }
    return ERR_OK;
}

enum err ext_basic(const struct ext *x, int *ca, int *path_len, struct err_info *e)
{
    struct der d = der_start(x->value), seq;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    *ca = 0;
    *path_len = -1;
    if (der_next_is(&seq, DER_BOOLEAN))
        TRY(der_boolean(&seq, ca, e));
    if (der_more(&seq))
        TRY(der_small(&seq, path_len, e));
    return der_end(&seq, e);
}

enum err ext_ski(const struct ext *x, struct bytes *id, struct err_info *e)
{
    struct der d = der_start(x->value);
    TRY(der_take(&d, DER_OCTET_STRING, id, e));
    return der_end(&d, e);
}

enum err ext_aki(const struct ext *x, struct bytes *id, struct err_info *e)
{
    struct der d = der_start(x->value), seq;
    *id = (struct bytes){0};
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    if (der_next_is(&seq, DER_CONTEXT(0)))
        TRY(der_take(&seq, DER_CONTEXT(0), id, e));
    while (der_more(&seq))
        TRY(der_any(&seq, NULL, NULL, NULL, e));
    return ERR_OK;
}

/* The first URI of GeneralNames. */
static enum err first_uri(struct der names, struct bytes *url, struct err_info *e)
{
    while (der_more(&names)) {
        uint8_t tag = 0;
        struct bytes c;
        TRY(der_any(&names, &tag, NULL, &c, e));
        if (tag == DER_CONTEXT(6) && url->n == 0)
            *url = c;
    }
    return ERR_OK;
}

enum err ext_crl_dp(const struct ext *x, struct bytes *url, struct err_info *e)
{
    struct der d = der_start(x->value), list, point, name, full;
    *url = (struct bytes){0};
    TRY(der_enter(&d, DER_SEQUENCE, &list, e));
    TRY(der_end(&d, e));
    while (der_more(&list)) {
        TRY(der_enter(&list, DER_SEQUENCE, &point, e));
        if (!der_next_is(&point, DER_EXPLICIT(0)))
            continue;
        TRY(der_enter(&point, DER_EXPLICIT(0), &name, e));
        if (!der_next_is(&name, DER_EXPLICIT(0)))
            continue;
        TRY(der_enter(&name, DER_EXPLICIT(0), &full, e));
        TRY(first_uri(full, url, e));
    }
    return ERR_OK;
}

enum err ext_aia(const struct ext *x, struct bytes *ocsp, struct bytes *ca_issuers,
                 struct err_info *e)
{
    static const struct bytes oid[2] = {OID("\x2b\x06\x01\x05\x05\x07\x30\x01"),
                                        OID("\x2b\x06\x01\x05\x05\x07\x30\x02")};
    struct bytes *out[2] = {ocsp, ca_issuers};
    struct der d = der_start(x->value), list, access;
    *ocsp = *ca_issuers = (struct bytes){0};
    TRY(der_enter(&d, DER_SEQUENCE, &list, e));
    TRY(der_end(&d, e));
    while (der_more(&list)) {
        struct bytes method;
        TRY(der_enter(&list, DER_SEQUENCE, &access, e));
        TRY(der_take(&access, DER_OID, &method, e));
        for (int i = 0; i < 2; i++)
            if (der_same(method, oid[i]))
                TRY(first_uri(access, out[i], e));
    }
    return ERR_OK;
}

/* ---- the view ---- */

static enum err split(struct bytes der, struct bytes *tbs, struct bytes *algorithm,
                      struct bytes *sig, struct err_info *e)
{
    struct der d = der_start(der), seq;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, tbs, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, algorithm, e));
    TRY(der_bits(&seq, sig, NULL, e));
    return der_end(&seq, e);
}

static char *text_of(struct arena *a, struct bytes b)
{
    return b.n ? arena_text_n(a, (const char *)b.p, b.n) : NULL;
}

static enum err view_extensions(const struct tbs *t, struct arena *a, struct cert_view *v,
                                struct err_info *e)
{
    struct bytes url[3] = {{0}};
    const struct ext *x;
    if ((x = tbs_ext(t, EXT_KEY_USAGE)))
        TRY(ext_key_usage(x, &v->key_usage, e));
    if ((x = tbs_ext(t, EXT_EKU)))
        TRY(ext_eku(x, &v->eku, e));
    if ((x = tbs_ext(t, EXT_BASIC_CONSTRAINTS)))
        TRY(ext_basic(x, &v->ca, &v->path_len, e));
    if ((x = tbs_ext(t, EXT_SKI)))
        TRY(ext_ski(x, &v->ski, e));
    if ((x = tbs_ext(t, EXT_AKI)))
        TRY(ext_aki(x, &v->aki, e));
    if ((x = tbs_ext(t, EXT_CRL_DP)))
        TRY(ext_crl_dp(x, &url[0], e));
    if ((x = tbs_ext(t, EXT_AIA)))
        TRY(ext_aia(x, &url[1], &url[2], e));
    v->ocsp_nocheck = tbs_ext(t, EXT_OCSP_NOCHECK) != NULL;
    v->crl_url = text_of(a, url[0]);
    v->ocsp_url = text_of(a, url[1]);
    v->ca_issuers_url = text_of(a, url[2]);
    return ERR_OK;
}

enum err cert_view(struct bytes der, struct arena *a, struct cert_view *v, struct err_info *e)
{
    struct tbs t;
    struct bytes algorithm, sig;
    uint8_t key_id[PKI_KEY_ID_LEN];
    struct err_info other;
    *v = (struct cert_view){.path_len = -1};
    der = arena_bytes(a, der.p, der.n); /* what is borrowed from here lives as long as the view */
    TRY(split(der, &v->tbs, &algorithm, &sig, e));
    TRY(tbs_read(v->tbs, &t, e));
    if (!der_same(algorithm, t.algorithm))
        return der_refuse(e, "two signature algorithms (RFC 5280 4.1.1.2)");
    v->serial_bytes = t.serial;
    while (v->serial_bytes.n > 1 && v->serial_bytes.p[0] == 0) {
        v->serial_bytes.p++;
        v->serial_bytes.n--;
    }
    v->serial = text_hex(a, v->serial_bytes);
    v->issuer = t.issuer;
    v->subject = t.subject;
    TRY(name_text(t.issuer, a, &v->issuer_text, e));
    TRY(name_text(t.subject, a, &v->subject_text, e));
    v->not_before = t.not_before;
    v->not_after = t.not_after;
    v->spki = t.spki;
    if (pki_spki_peek(t.spki, &v->alg, key_id, &other) != ERR_OK)
        v->alg = 0;
    return view_extensions(&t, a, v, e);
}

enum err cert_key(struct bytes der, struct pki_pub **out, struct err_info *e)
{
    struct tbs t;
    struct bytes tbs, algorithm, sig;
    *out = NULL;
    TRY(split(der, &tbs, &algorithm, &sig, e));
    TRY(tbs_read(tbs, &t, e));
    return pki_pub_load(t.spki, out, e);
}

enum err cert_verify_signature(struct bytes der, const struct pki_pub *issuer, struct err_info *e)
{
    struct bytes tbs, algorithm, sig;
    TRY(split(der, &tbs, &algorithm, &sig, e));
    if (!pki_sig_alg_is(pki_pub_alg(issuer), algorithm))
        return pki_why(e, ERR_SIGNATURE, "another algorithm than that of the issuer's key");
    return pki_verify(issuer, tbs, sig, e);
}

enum err cert_decode(struct bytes in, struct arena *a, struct bytes *der, struct err_info *e)
{
    if (in.n && in.p[0] == DER_SEQUENCE) {
        *der = in;
        return ERR_OK;
    }
    return pem_decode(a, in, "CERTIFICATE", der, e);
}

enum err cert_decode_all(struct bytes pem, struct arena *a, struct bytes *der, size_t max,
                         size_t *n, struct err_info *e)
{
    *n = 0;
    TRY(pem_decode_next(a, &pem, "CERTIFICATE", &der[(*n)++], e));
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    while (memmem(pem.p, pem.n, begin, sizeof begin - 1)) {
        if (*n == max)
            return der_refuse(e, "more than %zu certificates", max);
        TRY(pem_decode_next(a, &pem, "CERTIFICATE", &der[(*n)++], e));
    }
    return ERR_OK;
}
