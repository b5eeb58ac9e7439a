#include "pki/signer.h"

#include "pki/der.h"
#include "pki/pki_priv.h"
#include "pki/sm2form.h"

#include <stdlib.h>
#include <string.h>

struct key_signer {
    struct pki_signer face;
    struct pki_pub *pub;
    struct sm2_key sm2; /* where it is done by src/pki/sm2; nothing else is needed then */
    EVP_PKEY_CTX *pctx; /* lent to the template */
    EVP_MD_CTX *ready;  /* initialised once: initialising costs as much as a P-256 signature */
};

static void key_signer_free(struct pki_signer *s)
{
    struct key_signer *k = (struct key_signer *)s;
    EVP_MD_CTX_free(k->ready);
    EVP_PKEY_CTX_free(k->pctx);
    sm2_key_clear(&k->sm2);
    pki_pub_free(k->pub);
    free(k);
}

static enum err key_sign(const struct pki_signer *s, struct bytes msg, struct arena *a,
                         struct bytes *sig, struct err_info *e)
{
    const struct key_signer *k = (const struct key_signer *)s;
    _auto_evp(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
    uint8_t out[512];
    size_t n = sizeof out;
    if (!ctx || EVP_MD_CTX_copy_ex(ctx, k->ready) != 1 ||
        EVP_DigestSign(ctx, out, &n, msg.p, msg.n) != 1)
        return pki_library_error(e, ERR_CRYPTO, "sign");
    *sig = arena_bytes(a, out, n);
    return ERR_OK;
}

static enum err key_sign_sm2(const struct pki_signer *s, struct bytes msg, struct arena *a,
                             struct bytes *sig, struct err_info *e)
{
    const struct key_signer *k = (const struct key_signer *)s;
    const struct sm2 *m;
    uint8_t digest[PKI_DIGEST_LEN], numbers[SM2_SIG_LEN];
    TRY(sm2_get(&m, e));
    TRY(pki_sm2_e(k->pub, msg, digest, e));
    TRY(sm2_sign(m, &k->sm2, digest, numbers, e));
    return sm2_sig_write(numbers, a, sig, e);
}

/* OpenSSL's part, initialised. */
static enum err make_ready(struct key_signer *k, const struct pki_key *key, struct err_info *e)
{
    _auto_evp(EVP_PKEY) pkey = NULL;
    TRY(pki_key_evp(key, &pkey, e));
    k->ready = pki_md_ctx(pkey, pki_key_alg(key), 0, &k->pctx);
    return k->ready ? ERR_OK : pki_library_error(e, ERR_CRYPTO, "prepare a signer");
}

enum err pki_signer_from_key(const struct pki_key *key, struct pki_signer **out, struct err_info *e)
{
    *out = NULL;
    struct key_signer *k = mem_alloc(sizeof *k);
    enum err err = pki_pub_load(pki_pub_spki(pki_key_pub(key)), &k->pub, e);
    const struct sm2_key *sm2 = pki_key_sm2(key);
    if (sm2)
        k->sm2 = *sm2;
    else if (err == ERR_OK)
        err = make_ready(k, key, e);
    k->face = (struct pki_signer){
        .pub = k->pub, .sign = sm2 ? key_sign_sm2 : key_sign, .free = key_signer_free};
    if (err != ERR_OK) {
        key_signer_free(&k->face);
        return err;
    }
    *out = &k->face;
    return ERR_OK;
}

static const uint8_t alg_p256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                   0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t alg_sm2[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81,
                                  0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75};
static const uint8_t alg_sm2_null[] = {0x30, 0x0c, 0x06, 0x08, 0x2a, 0x81, 0x1c,
                                       0xcf, 0x55, 0x01, 0x83, 0x75, 0x05, 0x00};
static const uint8_t alg_rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                  0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};

struct bytes pki_sig_alg(enum pki_alg alg)
{
    switch (alg) {
    case PKI_P256:
        return (struct bytes){alg_p256, sizeof alg_p256};
    case PKI_SM2:
        return (struct bytes){alg_sm2, sizeof alg_sm2};
    case PKI_RSA2048:
    case PKI_RSA3072:
        return (struct bytes){alg_rsa, sizeof alg_rsa};
    }
    return (struct bytes){0};
}

int pki_sig_alg_is(enum pki_alg alg, struct bytes algorithm)
{
    return der_same(algorithm, pki_sig_alg(alg)) ||
           (alg == PKI_SM2 &&
            der_same(algorithm, (struct bytes){alg_sm2_null, sizeof alg_sm2_null}));
}

enum err pki_wrap(struct bytes tbs, enum pki_alg alg, struct bytes sig, struct arena *a,
                  struct bytes *out, struct err_info *e)
{
    struct buf b;
    buf_init(&b, tbs.n + sig.n + 64);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, tbs);
    der_put_raw(&b, pki_sig_alg(alg));
    der_put_bits(&b, sig, 0);
    der_close(&b, mark);
    return der_finish(&b, a, out, e);
}

enum err pki_sign_wrap(struct bytes tbs, const struct pki_signer *s, struct arena *a,
                       struct bytes *out, struct err_info *e)
{
    struct bytes sig;
    TRY(pki_sign(s, tbs, a, &sig, e));
    return pki_wrap(tbs, pki_pub_alg(s->pub), sig, a, out, e);
}
