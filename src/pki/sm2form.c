#include "pki/sm2form.h"

#include "pki/der.h"
#include "pki/pki_priv.h"

#include <openssl/err.h>

#include <string.h>

/* An INTEGER of 256 bits; with `tolerant`, also one without the 00 that keeps it from being negative. */
static enum err read_number(struct der *d, int tolerant, uint8_t out[SM2_LEN], struct err_info *e)
{
    struct bytes c;
    TRY(der_take(d, DER_INTEGER, &c, e));
    if (c.n == 0 || c.n > SM2_LEN + 1 || (c.n == SM2_LEN + 1 && c.p[0]) ||
        (c.n > 1 && c.p[0] == 0 && !(c.p[1] & 0x80)) || (!tolerant && c.p[0] & 0x80))
        return der_refuse(e, "not an INTEGER of 256 bits (GM/T 0009 7)");
    size_t skip = c.n > SM2_LEN;
    memset(out, 0, SM2_LEN);
    memcpy(out + SM2_LEN - (c.n - skip), c.p + skip, c.n - skip);
    return ERR_OK;
}

enum err sm2_sig_read(struct bytes der, uint8_t sig[SM2_SIG_LEN], struct err_info *e)
{
    struct der d = der_start(der), seq;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(read_number(&seq, 1, sig, e));
    TRY(read_number(&seq, 1, sig + SM2_LEN, e));
    return der_end(&seq, e);
}

enum err sm2_sig_write(const uint8_t sig[SM2_SIG_LEN], struct arena *a, struct bytes *der,
                       struct err_info *e)
{
    struct buf b;
    buf_init(&b, 80);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_uint(&b, (struct bytes){sig, SM2_LEN});
    der_put_uint(&b, (struct bytes){sig + SM2_LEN, SM2_LEN});
    der_close(&b, mark);
    return der_finish(&b, a, der, e);
}

static enum err must_be_sm2(enum pki_alg alg, struct err_info *e)
{
    return alg == PKI_SM2 ? ERR_OK
                          : pki_why(e, ERR_KEY_UNSUPPORTED, "SM2 encryption with a key of %s",
                                    pki_alg_text(alg));
}

/* OpenSSL's: the same octets in, the same form out. */
static enum err by_library(EVP_PKEY *key, int encrypt, struct bytes in, struct arena *a,
                           struct bytes *out, struct err_info *e)
{
    _auto_evp(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new(key, NULL);
    int (*run)(EVP_PKEY_CTX *, unsigned char *, size_t *, const unsigned char *,
               size_t) = encrypt ? EVP_PKEY_encrypt : EVP_PKEY_decrypt;
    size_t n = 0;
    if (!ctx || (encrypt ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) != 1 ||
        run(ctx, NULL, &n, in.p, in.n) != 1)
        return pki_library_error(e, ERR_CRYPTO, "SM2 encryption");
    uint8_t *made = arena_alloc(a, n);
    if (run(ctx, made, &n, in.p, in.n) != 1)
        return pki_library_error(e, ERR_CRYPTO,
                                 "it was not encrypted for this key, or was changed");
    *out = (struct bytes){made, n};
    return ERR_OK;
}

enum err pki_sm2_encrypt(const struct pki_pub *p, struct bytes plain, struct arena *a,
                         struct bytes *der, struct err_info *e)
{
    TRY(must_be_sm2(pki_pub_alg(p), e));
    const struct sm2_pub *pub = pki_pub_sm2(p);
    if (!pub) {
        _auto_evp(EVP_PKEY) key = NULL;
        TRY(pki_pub_evp(p, &key, e));
        return by_library(key, 1, plain, a, der, e);
    }
    const struct sm2 *m;
    struct sm2_sealed sealed;
    uint8_t *text = arena_alloc(a, plain.n + 1);
    TRY(sm2_get(&m, e));
    TRY(sm2_encrypt(m, pub, plain, &sealed, text, e));
    struct buf b;
    buf_init(&b, plain.n + 256);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_uint(&b, (struct bytes){sealed.point, SM2_LEN});
    der_put_uint(&b, (struct bytes){sealed.point + SM2_LEN, SM2_LEN});
    der_put(&b, DER_OCTET_STRING, (struct bytes){sealed.hash, SM2_LEN});
    der_put(&b, DER_OCTET_STRING, (struct bytes){text, plain.n});
    der_close(&b, mark);
    return der_finish(&b, a, der, e);
}

static enum err read_cipher(struct bytes der, struct sm2_sealed *sealed, struct bytes *text,
                            struct err_info *e)
{
    struct bytes hash;
    struct der d = der_start(der), seq;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    TRY(read_number(&seq, 0, sealed->point, e));
    TRY(read_number(&seq, 0, sealed->point + SM2_LEN, e));
    TRY(der_take(&seq, DER_OCTET_STRING, &hash, e));
    TRY(der_take(&seq, DER_OCTET_STRING, text, e));
    if (hash.n != SM2_LEN)
        return der_refuse(e, "a hash of %zu octets (GM/T 0009 7.2)", hash.n);
    memcpy(sealed->hash, hash.p, SM2_LEN);
    return der_end(&seq, e);
}

enum err pki_sm2_decrypt(const struct pki_key *k, struct bytes der, struct arena *a,
                         struct bytes *plain, struct err_info *e)
{
    struct sm2_sealed sealed;
    struct bytes text;
    TRY(must_be_sm2(pki_key_alg(k), e));
    TRY(read_cipher(der, &sealed, &text, e));
    const struct sm2_key *key = pki_key_sm2(k);
    if (!key) {
        _auto_evp(EVP_PKEY) theirs = NULL;
        TRY(pki_key_evp(k, &theirs, e));
        return by_library(theirs, 0, der, a, plain, e);
    }
    const struct sm2 *m;
    uint8_t *opened = arena_alloc(a, text.n + 1);
    TRY(sm2_get(&m, e));
    TRY(sm2_decrypt(m, key, &sealed, text, opened, e));
    *plain = (struct bytes){opened, text.n};
    return ERR_OK;
}
