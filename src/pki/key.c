#include "pki/key.h"

#include "pki/der.h"
#include "pki/digest.h"
#include "pki/p256.h"
#include "pki/pki_priv.h"
#include "pki/sm2form.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pki_pub {
    enum pki_alg alg;
    struct p256 *p256;         /* P-256 */
    struct sm2_pub *sm2;       /* SM2 */
    EVP_PKEY *pkey;            /* every other, and SM2 where OpenSSL is to do it */
    uint8_t z[PKI_DIGEST_LEN]; /* SM2: pki_sm2_z */
    uint8_t key_id[PKI_KEY_ID_LEN];
    size_t n, point_n;
    uint8_t spki[]; /* the point is its last `point_n` octets */
};

#define BYTES(array)                                                                               \
    {                                                                                              \
        array, sizeof array                                                                        \
    }
static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_sm2[] = {0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d};
static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};

static const struct {
    enum pki_alg alg;
    const char *text, *type, *group; /* OpenSSL's names */
    struct bytes curve;
    int bits;
} algs[] = {
    {PKI_P256, "P-256", "EC", "P-256", BYTES(oid_p256), 256},
    {PKI_SM2, "SM2", "SM2", "SM2", BYTES(oid_sm2), 256},
    {PKI_RSA2048, "RSA-2048", "RSA", NULL, {0}, 2048},
    {PKI_RSA3072, "RSA-3072", "RSA", NULL, {0}, 3072},
};
enum { ALGS = sizeof algs / sizeof algs[0] };

enum err pki_why(struct err_info *e, enum err code, const char *why, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, why);
    vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    err_set(e, code, NULL, "%s", text);
    err_arg(e, "why", "%s", text);
    return code;
}

enum err pki_library_error(struct err_info *e, enum err code, const char *what)
{
    char said[200] = "no reason given";
    unsigned long number = ERR_peek_last_error();
    if (number)
        ERR_error_string_n(number, said, sizeof said);
    ERR_clear_error();
    err_set(e, code, NULL, "%s: %s", what, said);
    err_arg(e, "why", "%s", what);
    return code;
}

const char *pki_alg_text(enum pki_alg alg)
{
    for (int i = 0; i < ALGS; i++)
        if (algs[i].alg == alg)
            return algs[i].text;
    return "?";
}

int pki_alg_from_text(const char *text, enum pki_alg *out)
{
    for (int i = 0; i < ALGS; i++)
        if (strcmp(algs[i].text, text) == 0) {
            *out = algs[i].alg;
            return 1;
        }
    return 0;
}

/* ---- public keys ---- */

void pki_pub_free(struct pki_pub *p)
{
    if (!p)
        return;
    p256_free(p->p256);
    sm2_pub_free(p->sm2);
    EVP_PKEY_free(p->pkey);
    free(p);
}

enum pki_alg pki_pub_alg(const struct pki_pub *p)
{
    return p->alg;
}

struct bytes pki_pub_spki(const struct pki_pub *p)
{
    return (struct bytes){p->spki, p->n};
}

struct bytes pki_pub_point(const struct pki_pub *p)
{
    return (struct bytes){p->spki + p->n - p->point_n, p->point_n};
}

const uint8_t *pki_pub_key_id(const struct pki_pub *p)
{
    return p->key_id;
}

int pki_pub_equal(const struct pki_pub *a, const struct pki_pub *b)
{
    return der_same(pki_pub_spki(a), pki_pub_spki(b));
}

static enum err pkey_from_params(const char *type, OSSL_PARAM *params, int selection,
                                 EVP_PKEY **out, struct err_info *e)
{
    _auto_evp(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    *out = NULL;
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, out, selection, params) != 1)
        return pki_library_error(e, ERR_KEY_UNSUPPORTED, "not a public key of its kind");
    return ERR_OK;
}

/* A key of each curve without a point. Making a group from its name costs about as much as a verification; to copy one
 * costs little. Made once, never changed, never freed: OpenSSL keeps its own tables as long. */
static EVP_PKEY *curves[2];
static pthread_once_t curves_once = PTHREAD_ONCE_INIT;

static void curves_make(void)
{
    for (int row = 0; row < 2; row++) {
        struct err_info ignored;
        char group[8];
        snprintf(group, sizeof group, "%s", algs[row].group);
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
            OSSL_PARAM_construct_end(),
        };
        if (pkey_from_params(algs[row].type, params, EVP_PKEY_KEY_PARAMETERS, &curves[row],
                             &ignored) != ERR_OK)
            curves[row] = NULL; /* each key is then refused */
    }
}

static enum err point_form(struct bytes point, struct err_info *e)
{
    if (point.n == 65 && point.p[0] == 0x04)
        return ERR_OK;
    return pki_why(e, ERR_KEY_UNSUPPORTED, "the point must be uncompressed (RFC 5480 2.2)");
}

/* The curve's point must be uncompressed; OpenSSL checks that it is on the curve (cofactor 1). */
static enum err ec_from_point(int row, struct bytes point, EVP_PKEY **out, struct err_info *e)
{
    *out = NULL;
    TRY(point_form(point, e));
    pthread_once(&curves_once, curves_make);
    EVP_PKEY *key = curves[row] ? EVP_PKEY_dup(curves[row]) : NULL;
    if (!key || EVP_PKEY_set1_encoded_public_key(key, point.p, point.n) != 1) {
        EVP_PKEY_free(key);
        return pki_library_error(e, ERR_KEY_UNSUPPORTED, "not a public key of its kind");
    }
    *out = key;
    return ERR_OK;
}

/* RSAPublicKey (RFC 3279 2.3.1) of a size and exponent that are taken. */
static enum err rsa_read(struct bytes key, int *row, struct bytes *n, struct bytes *exponent,
                         struct err_info *e)
{
    struct der d = der_start(key), seq;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_uint(&seq, n, e));
    TRY(der_uint(&seq, exponent, e));
    TRY(der_end(&seq, e));
    size_t bits = n->n * 8;
    for (unsigned top = n->p[0]; bits && top && !(top & 0x80); top <<= 1)
        bits--;
    *row = bits == 2048 ? 2 : bits == 3072 ? 3 : -1;
    if (*row < 0 || !(n->p[n->n - 1] & 1))
        return pki_why(e, ERR_KEY_UNSUPPORTED, "RSA of %zu bits; 2048 or 3072 are taken", bits);
    /* NIST SP 800-56B 6.2: odd, above 2^16, below 2^256 */
    if (exponent->n < 3 || exponent->n > 32 || !(exponent->p[exponent->n - 1] & 1))
        return pki_why(e, ERR_KEY_UNSUPPORTED, "RSA exponent below 65537 or even");
    return ERR_OK;
}

static enum err rsa_from_numbers(struct bytes key, int *row, EVP_PKEY **out, struct err_info *e)
{
    struct bytes n, exponent;
    TRY(rsa_read(key, row, &n, &exponent, e));
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *bn = BN_bin2bn(n.p, (int)n.n, NULL), *be = BN_bin2bn(exponent.p, (int)exponent.n, NULL);
    OSSL_PARAM *params = NULL;
    if (bld && bn && be && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be))
        params = OSSL_PARAM_BLD_to_param(bld);
    enum err err = params ? pkey_from_params("RSA", params, EVP_PKEY_PUBLIC_KEY, out, e)
                          : pki_library_error(e, ERR_CRYPTO, "RSA key");
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    BN_free(bn);
    BN_free(be);
    return err;
}

/* Which row of `algs` an AlgorithmIdentifier names; RSA gives 2 whatever its size. */
static enum err alg_row(struct der alg, int *row, struct err_info *e)
{
    struct bytes oid, params;
    uint8_t tag = 0;
    TRY(der_take(&alg, DER_OID, &oid, e));
    if (der_same(oid, (struct bytes)BYTES(oid_rsa))) {
        TRY(der_take(&alg, DER_NULL, &params, e)); /* RFC 3279 2.3.1 */
        *row = 2;
        if (params.n)
            return der_refuse(e, "NULL with content (X.690 8.8.2)");
        return der_end(&alg, e);
    }
    if (!der_same(oid, (struct bytes)BYTES(oid_ec)) && !der_same(oid, (struct bytes)BYTES(oid_sm2)))
        return pki_why(e, ERR_KEY_UNSUPPORTED, "neither P-256, SM2 nor RSA");
    if (!der_more(&alg))
        return pki_why(e, ERR_KEY_UNSUPPORTED, "no curve named (RFC 5480 2.1.1)");
    TRY(der_any(&alg, &tag, NULL, &params, e));
    TRY(der_end(&alg, e));
    if (tag == DER_SEQUENCE)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "explicit curve parameters (RFC 5480 2.1.1)");
    for (*row = 0; *row < 2; (*row)++)
        if (tag == DER_OID && der_same(params, algs[*row].curve) &&
            (*row == 1 || der_same(oid, (struct bytes)BYTES(oid_ec))))
            return ERR_OK;
    return pki_why(e, ERR_KEY_UNSUPPORTED, "a curve other than P-256 and SM2");
}

/* SubjectPublicKeyInfo in the form that we write, and the rest of the key without OpenSSL's part. */
static struct pki_pub *pub_around(int row, struct bytes point)
{
    struct buf b;
    buf_init(&b, PKI_SPKI_MAX);
    size_t spki = der_open(&b, DER_SEQUENCE), alg = der_open(&b, DER_SEQUENCE);
    if (algs[row].group) {
        der_put(&b, DER_OID, (struct bytes)BYTES(oid_ec));
        der_put(&b, DER_OID, algs[row].curve);
    } else {
        der_put(&b, DER_OID, (struct bytes)BYTES(oid_rsa));
        der_put(&b, DER_NULL, (struct bytes){0});
    }
    der_close(&b, alg);
    der_put_bits(&b, point, 0);
    der_close(&b, spki);
    struct pki_pub *p = mem_alloc(sizeof *p + b.n);
    p->alg = algs[row].alg;
    p->n = b.n;
    p->point_n = point.n;
    memcpy(p->spki, b.p, b.n);
    buf_clear(&b);
    digest_of(DIGEST_SHA1, point, p->key_id);
    return p;
}

/* GB/T 32918.5: a, b and the generator of the SM2 curve. */
static const uint8_t sm2_curve[128] = {
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc,
    0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7,
    0xf3, 0x97, 0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93,
    0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94,
    0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7,
    0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53,
    0xd0, 0xa9, 0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0,
};

/* GB/T 32918.2 5.5 */
static void find_z(struct bytes point, uint8_t z[PKI_DIGEST_LEN])
{
    static const uint8_t id[] = "\x00\x80" PKI_SM2_ID; /* ENTL: 128 bits */
    _auto(digest) d = digest_new(DIGEST_SM3);
    digest_add(d, (struct bytes){id, sizeof id - 1});
    digest_add(d, (struct bytes)BYTES(sm2_curve));
    digest_add(d, (struct bytes){point.p + 1, SM2_POINT_LEN});
    digest_finish(d, z);
}

static enum err sm2_from_point(struct bytes point, struct sm2_pub **out, struct err_info *e)
{
    const struct sm2 *m;
    TRY(point_form(point, e));
    TRY(sm2_get(&m, e));
    return sm2_pub_new(m, point.p + 1, out, e);
}

/* `point` is the BIT STRING's content; for RSA its size decides on the row. */
static enum err pub_make(int row, struct bytes point, struct pki_pub **out, struct err_info *e)
{
    _auto_evp(EVP_PKEY) pkey = NULL;
    _auto(p256) p256 = NULL;
    _auto(sm2_pub) sm2 = NULL;
    *out = NULL;
    if (!algs[row].group)
        TRY(rsa_from_numbers(point, &row, &pkey, e));
    else if (algs[row].alg == PKI_P256)
        TRY(p256_new(point, &p256, e));
    else
        TRY(sm2_from_point(point, &sm2, e));
    *out = pub_around(row, point);
    if (sm2)
        find_z(point, (*out)->z);
    (*out)->sm2 = steal(&sm2);
    (*out)->pkey = steal(&pkey);
    (*out)->p256 = steal(&p256);
    return ERR_OK;
}

/* Row of `algs` and the BIT STRING's octets of a SubjectPublicKeyInfo. */
static enum err read_spki(struct bytes spki, int *row, struct bytes *point, struct err_info *e)
{
    struct der d = der_start(spki), seq, alg;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(der_enter(&seq, DER_SEQUENCE, &alg, e));
    TRY(der_bits(&seq, point, NULL, e));
    TRY(der_end(&seq, e));
    return alg_row(alg, row, e);
}

enum err pki_spki_peek(struct bytes spki, enum pki_alg *alg, uint8_t key_id[PKI_KEY_ID_LEN],
                       struct err_info *e)
{
    struct bytes point, modulus, exponent;
    int row;
    TRY(read_spki(spki, &row, &point, e));
    if (!algs[row].group)
        TRY(rsa_read(point, &row, &modulus, &exponent, e));
    else
        TRY(point_form(point, e));
    *alg = algs[row].alg;
    digest_of(DIGEST_SHA1, point, key_id);
    return ERR_OK;
}

enum err pki_pub_load(struct bytes spki, struct pki_pub **out, struct err_info *e)
{
    struct bytes point;
    int row;
    *out = NULL;
    TRY(read_spki(spki, &row, &point, e));
    return pub_make(row, point, out, e);
}

enum err pki_pub_from_point(enum pki_alg alg, struct bytes point, struct pki_pub **out,
                            struct err_info *e)
{
    *out = NULL;
    if (alg != PKI_P256 && alg != PKI_SM2)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "a point is of P-256 or SM2");
    return pub_make(alg == PKI_SM2, point, out, e);
}

enum err pki_pub_evp(const struct pki_pub *p, EVP_PKEY **out, struct err_info *e)
{
    if (!p->pkey)
        return ec_from_point(p->alg == PKI_SM2, pki_pub_point(p), out, e);
    *out = p->pkey;
    return EVP_PKEY_up_ref(p->pkey) == 1 ? ERR_OK : pki_library_error(e, ERR_CRYPTO, "key");
}

const struct sm2_pub *pki_pub_sm2(const struct pki_pub *p)
{
    return p->pkey ? NULL : p->sm2;
}

enum err pki_pub_use_library(struct pki_pub *p, struct err_info *e)
{
    return p->pkey ? ERR_OK : ec_from_point(p->alg == PKI_SM2, pki_pub_point(p), &p->pkey, e);
}

void pki_pub_prepare(struct pki_pub *p)
{
    const struct sm2 *m;
    struct err_info ignored; /* verifying without a table takes longer, and is as right */
    if (p->p256)
        p256_prepare(p->p256);
    else if (p->sm2 && sm2_get(&m, &ignored) == ERR_OK)
        sm2_pub_prepare(m, p->sm2);
}

int pki_pub_prepare_after(const struct pki_pub *p)
{
    return p->p256 ? 700 : p->sm2 ? 20 : 0;
}

/* ---- signatures ---- */

EVP_MD_CTX *pki_md_ctx(EVP_PKEY *pkey, enum pki_alg alg, int verify, EVP_PKEY_CTX **pctx)
{
    /* A key of the SM2 curve with type "EC" would silently make ECDSA signatures. */
    if ((alg == PKI_SM2) != (EVP_PKEY_is_a(pkey, "SM2") == 1))
        return NULL;
    const EVP_MD *md = alg == PKI_SM2 ? EVP_sm3() : EVP_sha256();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    *pctx = NULL;
    if (ctx && alg == PKI_SM2) { /* the id must be there before the context is initialised */
        *pctx = EVP_PKEY_CTX_new(pkey, NULL);
        if (!*pctx || EVP_PKEY_CTX_set1_id(*pctx, PKI_SM2_ID, sizeof PKI_SM2_ID - 1) != 1)
            goto fail;
        EVP_MD_CTX_set_pkey_ctx(ctx, *pctx);
    }
    if (ctx && (verify ? EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey)
                       : EVP_DigestSignInit(ctx, NULL, md, NULL, pkey)) == 1)
        return ctx;
fail:
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_CTX_free(*pctx);
    *pctx = NULL;
    return NULL;
}

static enum err not_its_signature(struct err_info *e)
{
    return pki_library_error(e, ERR_SIGNATURE, "it does not belong to this key and content");
}

static enum err verify_by_library(const struct pki_pub *p, struct bytes msg, struct bytes sig,
                                  struct err_info *e)
{
    EVP_PKEY_CTX *pctx;
    EVP_MD_CTX *ctx = pki_md_ctx(p->pkey, p->alg, 1, &pctx);
    if (!ctx)
        return pki_library_error(e, ERR_CRYPTO, "verify");
    int ok = EVP_DigestVerify(ctx, sig.p, sig.n, msg.p, msg.n);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_CTX_free(pctx);
    return ok == 1 ? ERR_OK : not_its_signature(e);
}

static enum err verify_sm2(const struct pki_pub *p, struct bytes msg, struct bytes sig,
                           struct err_info *e)
{
    uint8_t numbers[SM2_SIG_LEN], digest[PKI_DIGEST_LEN];
    const struct sm2 *m;
    if (sm2_sig_read(sig, numbers, e) != ERR_OK)
        return pki_why(e, ERR_SIGNATURE, "it is not of the form {r, s}");
    if (p->pkey) {
        _auto(arena) a = arena_new();
        TRY(sm2_sig_write(numbers, a, &sig, e));
        return verify_by_library(p, msg, sig, e);
    }
    TRY(sm2_get(&m, e));
    TRY(pki_sm2_e(p, msg, digest, e));
    return sm2_verify(m, p->sm2, digest, numbers) ? ERR_OK : not_its_signature(e);
}

enum err pki_verify(const struct pki_pub *p, struct bytes msg, struct bytes sig, struct err_info *e)
{
    if (p->p256) {
        uint8_t digest[DIGEST_LEN];
        digest_sha256(msg, digest);
        return p256_verify(p->p256, digest, sig) ? ERR_OK : not_its_signature(e);
    }
    if (p->alg == PKI_SM2)
        return verify_sm2(p, msg, sig, e);
    return verify_by_library(p, msg, sig, e);
}

enum err pki_sm2_z(const struct pki_pub *p, uint8_t z[PKI_DIGEST_LEN], struct err_info *e)
{
    if (p->alg != PKI_SM2)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "Z is for SM2 keys");
    memcpy(z, p->z, PKI_DIGEST_LEN);
    return ERR_OK;
}

enum err pki_sm2_e(const struct pki_pub *p, struct bytes msg, uint8_t out[PKI_DIGEST_LEN],
                   struct err_info *e)
{
    uint8_t z[PKI_DIGEST_LEN];
    TRY(pki_sm2_z(p, z, e));
    _auto(digest) d = digest_new(DIGEST_SM3);
    digest_add(d, (struct bytes){z, sizeof z});
    digest_add(d, msg);
    digest_finish(d, out);
    return ERR_OK;
}
