/* Key pairs: making, loading, saving, and signing a finished digest. */
#include "pki/key.h"

#include "pki/der.h"
#include "pki/pki_priv.h"
#include "pki/sm2form.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>

#include <stdlib.h>
#include <string.h>

struct pki_key {
    EVP_PKEY *pkey; /* every algorithm but SM2; SM2 where OpenSSL is to do it */
    struct sm2_key sm2;
    struct pki_pub *pub;
};

void pki_key_free(struct pki_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey); /* OpenSSL clears private numbers */
    sm2_key_clear(&k->sm2);
    pki_pub_free(k->pub);
    free(k);
}

enum pki_alg pki_key_alg(const struct pki_key *k)
{
    return pki_pub_alg(k->pub);
}

const struct pki_pub *pki_key_pub(const struct pki_key *k)
{
    return k->pub;
}

/* OpenSSL's object of a pair of P-256 or SM2. */
static enum err evp_from_scalar(enum pki_alg alg, const uint8_t scalar[32], struct bytes point,
                                EVP_PKEY **out, struct err_info *e)
{
    uint8_t native[32]; /* OSSL_PARAM numbers have the machine's order of octets */
    BIGNUM *bn = BN_bin2bn(scalar, 32, NULL);
    int fits = bn && BN_bn2nativepad(bn, native, sizeof native) == 32;
    BN_clear_free(bn);
    if (!fits)
        return pki_library_error(e, ERR_CRYPTO, "a scalar");
    char group[] = "P-256", sm2[] = "SM2";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, alg == PKI_SM2 ? sm2 : group,
                                         0),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.p,
                                          point.n),
        OSSL_PARAM_construct_end(),
    };
    _auto_evp(EVP_PKEY_CTX)
        ctx = EVP_PKEY_CTX_new_from_name(NULL, alg == PKI_SM2 ? "SM2" : "EC", NULL);
    *out = NULL;
    int ok = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
             EVP_PKEY_fromdata(ctx, out, EVP_PKEY_KEYPAIR, params) == 1;
    mem_wipe(native, sizeof native);
    return ok ? ERR_OK : pki_library_error(e, ERR_KEY_UNSUPPORTED, "not a key pair");
}

enum err pki_key_evp(const struct pki_key *k, EVP_PKEY **out, struct err_info *e)
{
    *out = k->pkey;
    if (k->pkey)
        return EVP_PKEY_up_ref(k->pkey) == 1 ? ERR_OK : pki_library_error(e, ERR_CRYPTO, "key");
    uint8_t d[SM2_LEN];
    sm2_key_octets(&k->sm2, d);
    enum err err = evp_from_scalar(PKI_SM2, d, pki_pub_point(k->pub), out, e);
    mem_wipe(d, sizeof d);
    return err;
}

const struct sm2_key *pki_key_sm2(const struct pki_key *k)
{
    return k->pkey ? NULL : &k->sm2;
}

enum err pki_key_use_library(struct pki_key *k, struct err_info *e)
{
    TRY(pki_pub_use_library(k->pub, e));
    return k->pkey ? ERR_OK : pki_key_evp(k, &k->pkey, e);
}

static enum err pub_of(EVP_PKEY *pkey, struct pki_pub **out, struct err_info *e)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(pkey, &der);
    if (n <= 0)
        return pki_library_error(e, ERR_KEY_UNSUPPORTED, "no public key in it");
    enum err err = pki_pub_load((struct bytes){der, (size_t)n}, out, e);
    OPENSSL_free(der);
    return err;
}

/* d NULL: a new key. A pair whose halves do not belong together would make signatures that nobody takes. */
static enum err sm2_pair(const uint8_t *d, const struct pki_pub *expected, struct pki_key **out,
                         struct err_info *e)
{
    const struct sm2 *m;
    uint8_t point[1 + SM2_POINT_LEN] = {0x04};
    TRY(sm2_get(&m, e));
    _auto(pki_key) k = mem_alloc(sizeof *k);
    if (d)
        TRY(sm2_key_init(&k->sm2, d, e));
    else
        sm2_key_make(&k->sm2);
    TRY(sm2_key_point(m, &k->sm2, point + 1, e));
    TRY(pki_pub_from_point(PKI_SM2, (struct bytes){point, sizeof point}, &k->pub, e));
    if (expected && !pki_pub_equal(expected, k->pub))
        return pki_why(e, ERR_KEY_UNSUPPORTED, "the public key is not the private key's");
    *out = steal(&k);
    return ERR_OK;
}

static enum err sm2_from_evp(const EVP_PKEY *pkey, const struct pki_pub *pub, struct pki_key **out,
                             struct err_info *e)
{
    uint8_t d[SM2_LEN];
    BIGNUM *number = NULL;
    int ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
             BN_bn2binpad(number, d, sizeof d) == sizeof d;
    BN_clear_free(number);
    enum err err = ok ? sm2_pair(d, pub, out, e)
                      : pki_library_error(e, ERR_KEY_UNSUPPORTED, "no private key in it");
    mem_wipe(d, sizeof d);
    return err;
}

enum err pki_key_from_evp(EVP_PKEY *pkey, struct pki_key **out, struct err_info *e)
{
    _auto(pki_pub) pub = NULL;
    TRY(pub_of(pkey, &pub, e));
    if (pki_pub_alg(pub) == PKI_SM2) {
        TRY(sm2_from_evp(pkey, pub, out, e));
        EVP_PKEY_free(pkey);
        return ERR_OK;
    }
    struct pki_key *k = mem_alloc(sizeof *k);
    k->pkey = pkey;
    k->pub = steal(&pub);
    *out = k;
    return ERR_OK;
}

/* pki_key_from_evp for a key that is freed when it is refused. */
static enum err adopt(EVP_PKEY *pkey, struct pki_key **out, struct err_info *e)
{
    enum err err = pki_key_from_evp(pkey, out, e);
    if (err != ERR_OK)
        EVP_PKEY_free(pkey);
    return err;
}

enum err pki_key_new(enum pki_alg alg, struct pki_key **out, struct err_info *e)
{
    EVP_PKEY *pkey = NULL;
    *out = NULL;
    switch (alg) {
    case PKI_P256:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        break;
    case PKI_SM2:
        return sm2_pair(NULL, NULL, out, e);
    case PKI_RSA2048:
    case PKI_RSA3072:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)(alg == PKI_RSA2048 ? 2048 : 3072));
        break;
    }
    if (!pkey)
        return pki_library_error(e, ERR_CRYPTO, "make a key pair");
    return adopt(pkey, out, e);
}

/* Never asks at a terminal. */
static int give_passphrase(char *buf, int size, int writing, void *passphrase)
{
    (void)writing;
    size_t n = passphrase ? strlen(passphrase) : 0;
    if (!passphrase || n > (size_t)size)
        return -1;
    memcpy(buf, passphrase, n);
    return (int)n;
}

enum err pki_key_load(struct bytes pem, const char *passphrase, struct pki_key **out,
                      struct err_info *e)
{
    *out = NULL;
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *pkey = in ? PEM_read_bio_PrivateKey(in, NULL, give_passphrase,
                                                  (void *)(uintptr_t)passphrase)
                        : NULL;
    BIO_free(in);
    if (pkey)
        return adopt(pkey, out, e);
    int encrypted = memmem(pem.p, pem.n, "ENCRYPTED", 9) != NULL;
    return pki_library_error(e, encrypted ? ERR_KEY_PASSPHRASE : ERR_KEY_UNSUPPORTED,
                             "no private key that can be read");
}

static enum err bio_out(BIO *out, int ok, struct arena *a, struct bytes *pem, struct err_info *e)
{
    char *p = NULL;
    long n = ok ? BIO_get_mem_data(out, &p) : 0;
    if (n > 0)
        *pem = arena_bytes(a, p, (size_t)n);
    if (p)
        mem_wipe(p, (size_t)n);
    BIO_free(out);
    return n > 0 ? ERR_OK : pki_library_error(e, ERR_CRYPTO, "write a private key");
}

enum err pki_key_save(const struct pki_key *k, const char *passphrase, struct arena *a,
                      struct bytes *pem, struct err_info *e)
{
    _auto_evp(EVP_PKEY) pkey = NULL;
    TRY(pki_key_evp(k, &pkey, e));
    BIO *out = BIO_new(BIO_s_mem());
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    int ok = 0;
    if (out && p8 && !passphrase)
        ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(out, p8);
    if (out && p8 && passphrase) {
        X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 16384, 8, 1);
        X509_SIG *sig = pbe ? PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), p8, pbe) : NULL;
        ok = sig && PEM_write_bio_PKCS8(out, sig);
        if (!sig)
            X509_ALGOR_free(pbe);
        X509_SIG_free(sig); /* owns pbe */
    }
    PKCS8_PRIV_KEY_INFO_free(p8);
    return bio_out(out, ok, a, pem, e);
}

enum err pki_key_from_der(struct bytes pkcs8, struct pki_key **out, struct err_info *e)
{
    *out = NULL;
    struct der d = der_start(pkcs8);
    TRY(der_take(&d, DER_SEQUENCE, &(struct bytes){0}, e));
    TRY(der_end(&d, e));
    const uint8_t *p = pkcs8.p;
    PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.n);
    EVP_PKEY *pkey = p8 ? EVP_PKCS82PKEY(p8) : NULL;
    PKCS8_PRIV_KEY_INFO_free(p8);
    if (!pkey)
        return pki_library_error(e, ERR_KEY_UNSUPPORTED, "no PKCS#8 private key");
    return adopt(pkey, out, e);
}

enum err pki_key_to_der(const struct pki_key *k, struct arena *a, struct bytes *pkcs8,
                        struct err_info *e)
{
    _auto_evp(EVP_PKEY) pkey = NULL;
    TRY(pki_key_evp(k, &pkey, e));
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    uint8_t *der = NULL;
    int n = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : 0;
    PKCS8_PRIV_KEY_INFO_free(p8);
    if (n <= 0)
        return pki_library_error(e, ERR_CRYPTO, "write a private key");
    *pkcs8 = arena_bytes(a, der, (size_t)n);
    OPENSSL_clear_free(der, (size_t)n);
    return ERR_OK;
}

enum err pki_key_from_scalar(enum pki_alg alg, const uint8_t scalar[32], struct bytes point,
                             struct pki_key **out, struct err_info *e)
{
    *out = NULL;
    if (alg == PKI_SM2) {
        _auto(pki_pub) pub = NULL;
        TRY(pki_pub_from_point(alg, point, &pub, e));
        return sm2_pair(scalar, pub, out, e);
    }
    EVP_PKEY *pkey = NULL;
    TRY(evp_from_scalar(alg, scalar, point, &pkey, e));
    return adopt(pkey, out, e);
}

static enum err sm2_sign_digest(const struct sm2_key *k, const uint8_t digest[PKI_DIGEST_LEN],
                                struct arena *a, struct bytes *sig, struct err_info *e)
{
    const struct sm2 *m;
    uint8_t numbers[SM2_SIG_LEN];
    TRY(sm2_get(&m, e));
    TRY(sm2_sign(m, k, digest, numbers, e));
    return sm2_sig_write(numbers, a, sig, e);
}

enum err pki_key_sign_digest(const struct pki_key *k, const uint8_t digest[PKI_DIGEST_LEN],
                             struct arena *a, struct bytes *sig, struct err_info *e)
{
    enum pki_alg alg = pki_key_alg(k);
    if (!k->pkey)
        return sm2_sign_digest(&k->sm2, digest, a, sig, e);
    _auto_evp(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
    int ok = ctx && EVP_PKEY_sign_init(ctx) == 1;
    if (ok && alg != PKI_SM2)
        ok = EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1;
    if (ok && (alg == PKI_RSA2048 || alg == PKI_RSA3072))
        ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    uint8_t out[512];
    size_t n = sizeof out;
    if (!ok || EVP_PKEY_sign(ctx, out, &n, digest, PKI_DIGEST_LEN) != 1)
        return pki_library_error(e, ERR_CRYPTO, "sign");
    *sig = arena_bytes(a, out, n);
    return ERR_OK;
}

enum err pki_key_rsa_private(const struct pki_key *k, struct bytes block, struct arena *a,
                             struct bytes *out, struct err_info *e)
{
    enum pki_alg alg = pki_key_alg(k);
    if (alg != PKI_RSA2048 && alg != PKI_RSA3072)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "%s has no such operation", pki_alg_text(alg));
    uint8_t made[512];
    size_t n = sizeof made;
    _auto_evp(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
    if (!ctx || EVP_PKEY_sign_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1 ||
        EVP_PKEY_sign(ctx, made, &n, block.p, block.n) != 1)
        return pki_library_error(e, ERR_CRYPTO, "sign");
    *out = arena_bytes(a, made, n);
    return ERR_OK;
}
