#include "pki/aead.h"

#include "base/sys.h"
#include "pki/gcm_priv.h"
#include "pki/pki_priv.h"

#include <string.h>

enum { HEAD = 5, FORM = 0x01 };

void aead_key_clear(struct aead_key *k)
{
    mem_wipe(k, sizeof *k);
}

enum err gcm_seal(const struct gcm *g, struct bytes aad, struct bytes plain, uint8_t *out,
                  struct err_info *e)
{
    _auto_evp(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher = g->key_n == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
    int n;
    if (!ctx || EVP_EncryptInit_ex(ctx, cipher, NULL, g->key, g->nonce) != 1 ||
        (aad.n && EVP_EncryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n) != 1) ||
        (plain.n && EVP_EncryptUpdate(ctx, out, &n, plain.p, (int)plain.n) != 1) ||
        EVP_EncryptFinal_ex(ctx, out + plain.n, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, out + plain.n) != 1)
        return pki_library_error(e, ERR_CRYPTO, "seal");
    return ERR_OK;
}

enum err gcm_open(const struct gcm *g, struct bytes aad, struct bytes sealed, uint8_t *out,
                  struct err_info *e)
{
    if (sealed.n < AEAD_TAG_LEN)
        return pki_why(e, ERR_CRYPTO, "a sealed value of %zu octets", sealed.n);
    _auto_evp(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher = g->key_n == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
    size_t body = sealed.n - AEAD_TAG_LEN;
    int n;
    if (!ctx || EVP_DecryptInit_ex(ctx, cipher, NULL, g->key, g->nonce) != 1 ||
        (aad.n && EVP_DecryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n) != 1) ||
        (body && EVP_DecryptUpdate(ctx, out, &n, sealed.p, (int)body) != 1) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN,
                            (void *)(uintptr_t)(sealed.p + body)) != 1 ||
        EVP_DecryptFinal_ex(ctx, out + body, &n) != 1) {
        mem_wipe(out, body); /* nothing unauthenticated stays */
        return pki_library_error(e, ERR_CRYPTO, "it was sealed otherwise");
    }
    return ERR_OK;
}

/* The authenticated octets: the head, then the caller's context. */
static struct bytes bound(struct arena *a, const uint8_t *head, struct bytes context)
{
    uint8_t *p = arena_alloc(a, HEAD + context.n);
    memcpy(p, head, HEAD);
    if (context.n)
        memcpy(p + HEAD, context.p, context.n);
    return (struct bytes){p, HEAD + context.n};
}

enum err aead_seal(const struct aead_key *k, struct bytes context, struct bytes plain,
                   struct arena *a, struct bytes *sealed, struct err_info *e)
{
    if (plain.n > INT32_MAX - AEAD_OVERHEAD || context.n > INT32_MAX - HEAD)
        return pki_why(e, ERR_CRYPTO, "more than 2 GiB to seal");
    size_t n = plain.n + AEAD_OVERHEAD;
    uint8_t *out = arena_alloc(a, n);
    out[0] = FORM;
    for (int i = 0; i < 4; i++)
        out[1 + i] = (uint8_t)(k->id >> 8 * (3 - i));
    random_bytes(out + HEAD, AEAD_NONCE_LEN);
    struct gcm g = {.key = k->key, .key_n = AEAD_KEY_LEN, .nonce = out + HEAD};
    TRY(gcm_seal(&g, bound(a, out, context), plain, out + HEAD + AEAD_NONCE_LEN, e));
    *sealed = (struct bytes){out, n};
    return ERR_OK;
}

int aead_key_id(struct bytes sealed, uint32_t *id)
{
    if (sealed.n < AEAD_OVERHEAD || sealed.p[0] != FORM)
        return 0;
    *id = (uint32_t)sealed.p[1] << 24 | (uint32_t)sealed.p[2] << 16 | (uint32_t)sealed.p[3] << 8 |
          sealed.p[4];
    return 1;
}

enum err aead_open(const struct aead_key *k, struct bytes context, struct bytes sealed,
                   struct arena *a, struct bytes *plain, struct err_info *e)
{
    uint32_t id;
    if (!aead_key_id(sealed, &id) || id != k->id || sealed.n > INT32_MAX ||
        context.n > INT32_MAX - HEAD)
        return pki_why(e, ERR_CRYPTO, "not sealed with key %u", k->id);
    uint8_t *out = arena_alloc(a, sealed.n - AEAD_OVERHEAD + 1);
    struct gcm g = {.key = k->key, .key_n = AEAD_KEY_LEN, .nonce = sealed.p + HEAD};
    struct bytes body = {sealed.p + HEAD + AEAD_NONCE_LEN, sealed.n - HEAD - AEAD_NONCE_LEN};
    TRY(gcm_open(&g, bound(a, sealed.p, context), body, out, e));
    *plain = (struct bytes){out, sealed.n - AEAD_OVERHEAD};
    return ERR_OK;
}
