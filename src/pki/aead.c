#include "pki/aead.h"

#include "base/sys.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

enum { HEAD_LEN = 5, FORM = 1 };

static void cipher_cleanup(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c);
}
#define _auto_cipher __attribute__((cleanup(cipher_cleanup))) EVP_CIPHER_CTX *

void aead_key_clear(struct aead_key *k)
{
    mem_wipe(k, sizeof *k);
}

/* The additional data: form and key id, then the caller's context. */
static int update_aad(EVP_CIPHER_CTX *c, int seal, const uint8_t head[HEAD_LEN],
                      struct bytes context)
{
    int n;
    if (context.n > INT_MAX)
        return 0;
    if (seal)
        return EVP_EncryptUpdate(c, NULL, &n, head, HEAD_LEN) == 1 &&
               EVP_EncryptUpdate(c, NULL, &n, context.p, (int)context.n) == 1;
    return EVP_DecryptUpdate(c, NULL, &n, head, HEAD_LEN) == 1 &&
           EVP_DecryptUpdate(c, NULL, &n, context.p, (int)context.n) == 1;
}

enum err aead_seal(const struct aead_key *k, struct bytes context, struct bytes plain,
                   struct arena *a, struct bytes *sealed, struct err_info *e)
{
    int n, rest;
    if (plain.n > INT_MAX - AEAD_OVERHEAD)
        return err_set(e, ERR_CRYPTO, NULL, "a value of %zu octets is too long to seal", plain.n);
    uint8_t *out = arena_alloc(a, plain.n + AEAD_OVERHEAD);
    uint8_t *nonce = out + HEAD_LEN, *text = nonce + AEAD_NONCE_LEN, *tag = text + plain.n;
    out[0] = FORM;
    for (int i = 0; i < 4; i++)
        out[1 + i] = (uint8_t)(k->id >> (24 - 8 * i));
    random_bytes(nonce, AEAD_NONCE_LEN);
    _auto_cipher c = EVP_CIPHER_CTX_new();
    if (!c || EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->key, nonce) != 1 ||
        !update_aad(c, 1, out, context) ||
        EVP_EncryptUpdate(c, text, &n, plain.n ? plain.p : out, (int)plain.n) != 1 ||
        EVP_EncryptFinal_ex(c, text + n, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, AEAD_TAG_LEN, tag) != 1)
        return err_set(e, ERR_CRYPTO, NULL, "AES-256-GCM could not seal");
    *sealed = (struct bytes){out, plain.n + AEAD_OVERHEAD};
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
    int n, rest;
    uint8_t tag[AEAD_TAG_LEN];
    if (!aead_key_id(sealed, &id) || id != k->id || sealed.n > INT_MAX)
        return err_set(e, ERR_CRYPTO, NULL, "not sealed with key %u", k->id);
    size_t len = sealed.n - AEAD_OVERHEAD;
    const uint8_t *nonce = sealed.p + HEAD_LEN, *text = nonce + AEAD_NONCE_LEN;
    uint8_t *out = arena_alloc(a, len + 1);
    memcpy(tag, text + len, sizeof tag);
    _auto_cipher c = EVP_CIPHER_CTX_new();
    if (!c || EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->key, nonce) != 1 ||
        !update_aad(c, 0, sealed.p, context) ||
        EVP_DecryptUpdate(c, out, &n, text, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, AEAD_TAG_LEN, tag) != 1 ||
        EVP_DecryptFinal_ex(c, out + n, &rest) != 1) {
        mem_wipe(out, len);
        return err_set(e, ERR_CRYPTO, NULL, "a value sealed with key %u does not open", k->id);
    }
    *plain = (struct bytes){out, len};
    return ERR_OK;
}
