#include "pki/cms.h"

#include "base/text.h"
#include "pki/cert.h"
#include "pki/der.h"
#include "pki/pem.h"
#include "pki/pki_priv.h"

#include <openssl/cms.h>

#include <time.h>

PKI_AUTO(CMS_ContentInfo, CMS_ContentInfo)
PKI_AUTO(BIO, BIO)

static X509 *load_cert(struct bytes der, struct err_info *e)
{
    const uint8_t *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    if (!x || p != der.p + der.n) {
        X509_free(x);
        pki_library_error(e, ERR_DER_MALFORMED, "not a certificate (RFC 5280 4.1)");
        return NULL;
    }
    return x;
}

static enum err load_cms(struct bytes p7s, struct arena *a, CMS_ContentInfo **out,
                         struct err_info *e)
{
    if (p7s.n > CMS_MAX) {
        err_set(e, ERR_TOO_LARGE, NULL, "signature file of %zu octets", p7s.n);
        err_arg(e, "limit", "%d B", CMS_MAX);
        return ERR_TOO_LARGE;
    }
    struct bytes der = p7s;
    if (p7s.n && p7s.p[0] != DER_SEQUENCE && pem_decode(a, p7s, "PKCS7", &der, e) != ERR_OK)
        TRY(pem_decode(a, p7s, "CMS", &der, e));
    const uint8_t *p = der.p;
    *out = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
    if (!*out || p != der.p + der.n || OBJ_obj2nid(CMS_get0_type(*out)) != NID_pkcs7_signed)
        return pki_library_error(e, ERR_DER_MALFORMED, "not CMS SignedData (RFC 5652 5.1)");
    return ERR_OK;
}

/* SHA-256, -384 or -512, and its name. */
static const char *digest_name(const CMS_SignerInfo *si)
{
    X509_ALGOR *digest = NULL;
    CMS_SignerInfo_get0_algs((CMS_SignerInfo *)(uintptr_t)si, NULL, NULL, &digest, NULL);
    switch (digest ? OBJ_obj2nid(digest->algorithm) : NID_undef) {
    case NID_sha256:
        return "SHA-256";
    case NID_sha384:
        return "SHA-384";
    case NID_sha512:
        return "SHA-512";
    default:
        return NULL;
    }
}

static int64_t signing_time(const CMS_SignerInfo *si)
{
    int at = CMS_signed_get_attr_by_NID(si, NID_pkcs9_signingTime, -1);
    X509_ATTRIBUTE *attr = at >= 0 ? CMS_signed_get_attr(si, at) : NULL;
    const ASN1_TYPE *v = attr ? X509_ATTRIBUTE_get0_type(attr, 0) : NULL;
    struct tm tm;
    if (!v || (v->type != V_ASN1_UTCTIME && v->type != V_ASN1_GENERALIZEDTIME) ||
        ASN1_TIME_to_tm((const ASN1_TIME *)v->value.ptr, &tm) != 1)
        return 0;
    return (int64_t)timegm(&tm) * 1000;
}

/* The signer that names the pinned certificate, with it set; NULL when there is none. */
static CMS_SignerInfo *find_signer(CMS_ContentInfo *cms, X509 *cert)
{
    STACK_OF(CMS_SignerInfo) *list = CMS_get0_SignerInfos(cms);
    for (int i = 0; i < sk_CMS_SignerInfo_num(list); i++) {
        CMS_SignerInfo *si = sk_CMS_SignerInfo_value(list, i);
        if (CMS_SignerInfo_cert_cmp(si, cert) == 0) {
            CMS_SignerInfo_set1_signer_cert(si, cert);
            return si;
        }
    }
    return NULL;
}

/* RFC 5652 5.6: the signature over the attributes, their digest over the content. */
static enum err check_signer(CMS_ContentInfo *cms, CMS_SignerInfo *si, struct bytes content,
                             struct err_info *e)
{
    if (CMS_signed_get_attr_count(si) < 1)
        return pki_why(e, ERR_SIGNATURE, "a signature without signed attributes");
    if (CMS_SignerInfo_verify(si) != 1)
        return pki_library_error(e, ERR_SIGNATURE,
                                 "it does not belong to the certificate that was entered");
    _auto_evp(BIO) data = BIO_new_mem_buf(content.p, (int)content.n);
    BIO *chain = data ? CMS_dataInit(cms, data) : NULL;
    if (!chain)
        return pki_library_error(e, ERR_SIGNATURE, "a digest that is not known");
    uint8_t block[4096];
    while (BIO_read(chain, block, sizeof block) > 0)
        continue;
    int ok = CMS_SignerInfo_verify_content(si, chain);
    while (chain && chain != data) { /* the digests in front of the content are ours to free */
        BIO *next = BIO_pop(chain);
        BIO_free(chain);
        chain = next;
    }
    if (ok != 1)
        return pki_library_error(e, ERR_SIGNATURE, "the file is not the one that was signed");
    return ERR_OK;
}

enum err cms_verify_detached(struct bytes p7s, struct bytes content, struct bytes cert, int64_t at,
                             struct arena *a, struct cms_report *out, struct err_info *e)
{
    struct cert_view v;
    _auto_evp(CMS_ContentInfo) cms = NULL;
    TRY(cert_view(cert, a, &v, e));
    if (v.alg != PKI_P256 && v.alg != PKI_RSA2048 && v.alg != PKI_RSA3072)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "lists are signed with P-256 or RSA");
    if (at < v.not_before || at > v.not_after)
        return pki_why(e, ERR_CERT_UNTRUSTED, "the signer's certificate is not valid at this time");
    if (content.n > INT32_MAX)
        return pki_why(e, ERR_SIGNATURE, "a file of more than 2 GiB");
    TRY(load_cms(p7s, a, &cms, e));
    const ASN1_OCTET_STRING *const *inside =
        (const ASN1_OCTET_STRING *const *)CMS_get0_content(cms);
    if (inside && *inside)
        return pki_why(e, ERR_SIGNATURE, "the signature carries a content of its own");
    _auto_evp(X509) x = load_cert(cert, e);
    if (!x)
        return e->code;
    CMS_SignerInfo *si = find_signer(cms, x);
    if (!si)
        return pki_why(e, ERR_SIGNATURE, "no signer is the certificate that was entered");
    out->digest = digest_name(si);
    if (!out->digest)
        return pki_why(e, ERR_SIGNATURE, "a digest weaker than SHA-256");
    TRY(check_signer(cms, si, content, e));
    out->signer = v.subject_text;
    out->serial = v.serial;
    out->signing_time = signing_time(si);
    return ERR_OK;
}

enum err cms_sign_detached(struct bytes content, struct bytes cert, const struct pki_key *key,
                           int64_t at, struct arena *a, struct bytes *p7s, struct err_info *e)
{
    const unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    _auto_evp(X509) x = load_cert(cert, e);
    if (!x)
        return e->code;
    if (pki_key_alg(key) == PKI_SM2)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "lists are signed with P-256 or RSA");
    _auto_evp(EVP_PKEY) own = NULL;
    TRY(pki_key_evp(key, &own, e));
    _auto_evp(BIO) data = BIO_new_mem_buf(content.p, (int)content.n);
    _auto_evp(CMS_ContentInfo) cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    CMS_SignerInfo *si = cms ? CMS_add1_signer(cms, x, own, EVP_sha256(), flags) : NULL;
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)(at / 1000));
    int ok = si && when && data &&
             CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime, when->type, when, -1) == 1 &&
             CMS_final(cms, data, NULL, flags) == 1;
    ASN1_TIME_free(when);
    uint8_t *der = NULL;
    int n = ok ? i2d_CMS_ContentInfo(cms, &der) : 0;
    if (n <= 0)
        return pki_library_error(e, ERR_CRYPTO, "sign the file");
    *p7s = arena_bytes(a, der, (size_t)n);
    OPENSSL_free(der);
    return ERR_OK;
}
