#include "pki/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int ok)
{
    if (!ok) {
        fputs("the crypto library refuses a digest\n", stderr);
        abort();
    }
}

/* Fetched once, as OpenSSL 3.0 wants it (crypto(7), "Performance"): EVP_sha256() is searched for at each use, under locks.
 * Never changed, never freed. */
static EVP_MD *fetched[3];
static pthread_once_t fetched_once = PTHREAD_ONCE_INIT;

static void fetch_all(void)
{
    static const char *const name[] = {
        [DIGEST_SM3] = "SM3", [DIGEST_SHA256] = "SHA256", [DIGEST_SHA1] = "SHA1"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        must((fetched[i] = EVP_MD_fetch(NULL, name[i], NULL)) != NULL);
}

static const EVP_MD *md_of(enum digest_alg alg)
{
    must(pthread_once(&fetched_once, fetch_all) == 0);
    return fetched[alg];
}

size_t digest_len(enum digest_alg alg)
{
    return alg == DIGEST_SHA1 ? DIGEST_SHA1_LEN : DIGEST_LEN;
}

void digest_of(enum digest_alg alg, struct bytes msg, uint8_t *out)
{
    must(EVP_Digest(msg.n ? msg.p : (const uint8_t *)"", msg.n, out, NULL, md_of(alg), NULL) == 1);
}

void digest_sm3(struct bytes msg, uint8_t out[DIGEST_LEN])
{
    digest_of(DIGEST_SM3, msg, out);
}

void digest_sha256(struct bytes msg, uint8_t out[DIGEST_LEN])
{
    digest_of(DIGEST_SHA256, msg, out);
}

void digest_hmac(enum digest_alg alg, struct bytes key, struct bytes msg, uint8_t *out)
{
    /* HMAC() takes a NULL key to mean "as before"; an empty one must not be NULL. */
    const uint8_t *k = key.n ? key.p : (const uint8_t *)"";
    unsigned len = 0;
    must(HMAC(md_of(alg), k, (int)key.n, msg.n ? msg.p : (const uint8_t *)"", msg.n, out, &len) !=
         NULL);
}

void digest_hmac_sm3(struct bytes key, struct bytes msg, uint8_t out[DIGEST_LEN])
{
    digest_hmac(DIGEST_SM3, key, msg, out);
}

void digest_hmac_sha256(struct bytes key, struct bytes msg, uint8_t out[DIGEST_LEN])
{
    digest_hmac(DIGEST_SHA256, key, msg, out);
}

struct digest {
    EVP_MD_CTX *ctx;
    const EVP_MD *md;
};

struct digest *digest_new(enum digest_alg alg)
{
    struct digest *d = mem_alloc(sizeof *d);
    d->md = md_of(alg);
    d->ctx = EVP_MD_CTX_new();
    must(d->ctx && EVP_DigestInit_ex(d->ctx, d->md, NULL) == 1);
    return d;
}

void digest_add(struct digest *d, struct bytes part)
{
    must(EVP_DigestUpdate(d->ctx, part.p, part.n) == 1);
}

void digest_finish(struct digest *d, uint8_t *out)
{
    must(EVP_DigestFinal_ex(d->ctx, out, NULL) == 1 && EVP_DigestInit_ex(d->ctx, d->md, NULL) == 1);
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

void digest_hkdf_extract(struct bytes salt, struct bytes secret, uint8_t prk[DIGEST_LEN])
{
    /* RFC 5869 2.2: no salt is a salt of zeros, which HMAC's padding makes of the empty key. */
    digest_hmac_sha256(salt, secret, prk);
}

void digest_hkdf_expand(const uint8_t prk[DIGEST_LEN], struct bytes info, uint8_t *out, size_t n)
{
    must(n <= 255 * DIGEST_LEN);
    struct buf block;
    buf_init(&block, info.n + DIGEST_LEN + 1);
    uint8_t t[DIGEST_LEN];
    for (uint8_t i = 1; n > 0; i++) { /* RFC 5869 2.3: T(i) = HMAC(PRK, T(i-1) | info | i) */
        if (i > 1)
            buf_put(&block, t, sizeof t);
        buf_put(&block, info.p, info.n);
        buf_byte(&block, i);
        digest_hmac_sha256((struct bytes){prk, DIGEST_LEN}, (struct bytes){block.p, block.n}, t);
        buf_clear(&block);
        size_t part = n < DIGEST_LEN ? n : DIGEST_LEN;
        memcpy(out, t, part);
        out += part;
        n -= part;
    }
    mem_wipe(t, sizeof t);
}

void digest_hkdf(struct bytes secret, struct bytes salt, struct bytes info, uint8_t *out, size_t n)
{
    uint8_t prk[DIGEST_LEN];
    digest_hkdf_extract(salt, secret, prk);
    digest_hkdf_expand(prk, info, out, n);
    mem_wipe(prk, sizeof prk);
}
