#include "pki/signer.h"

#include "pki/der.h"
#include "pki/pki_priv.h"

#include <stdlib.h>
#include <string.h>

struct key_signer {
    struct pki_signer face;
    struct pki_pub *pub;
    EVP_PKEY_CTX *pctx; /* lent to the template */
    EVP_MD_CTX *ready;  /* initialised once: initialising costs as much as a P-256 signature */
};

static void key_signer_free(struct pki_signer *s)
{
    struct key_signer *k = (struct key_signer *)s;
    EVP_MD_CTX_free(k->ready);
    EVP_PKEY_CTX_free(k->pctx);
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

enum err pki_signer_from_key(const struct pki_key *key, struct pki_signer **out, struct err_info *e)
{
    *out = NULL;
    struct key_signer *k = mem_alloc(sizeof *k);
    enum err err = pki_pub_load(pki_pub_spki(pki_key_pub(key)), &k->pub, e);
    if (err == ERR_OK) {
        k->ready = pki_md_ctx(pki_key_evp(key), pki_key_alg(key), 0, &k->pctx);
        if (!k->ready)
            err = pki_library_error(e, ERR_CRYPTO, "prepare a signer");
    }
    if (err != ERR_OK) {
        key_signer_free(&k->face);
        return err;
    }
    k->face = (struct pki_signer){.pub = k->pub, .sign = key_sign, .free = key_signer_free};
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
