#include "pki/hpke.h"

#include "pki/digest.h"
#include "pki/gcm_priv.h"
#include "pki/hpke_priv.h"
#include "pki/pki_priv.h"

#include <string.h>

enum { KEM_ID = 0x0010, KDF_ID = 0x0001, DH_LEN = 32, MODE_BASE = 0x00 };

/* RFC 9180 5.1: which suite a label belongs to. */
struct suite {
    uint8_t id[10];
    size_t n;
};

static const struct suite kem_suite = {{'K', 'E', 'M', 0, KEM_ID}, 5};

static struct suite hpke_suite(int aead)
{
    return (struct suite){{'H', 'P', 'K', 'E', 0, KEM_ID, 0, KDF_ID, 0, (uint8_t)aead}, 10};
}

/* RFC 9180 4, LabeledExtract */
static void labeled_extract(const struct suite *s, struct bytes salt, const char *label,
                            struct bytes ikm, uint8_t prk[DIGEST_LEN])
{
    _auto_buf b;
    buf_init(&b, 4096);
    buf_text(&b, "HPKE-v1");
    buf_put(&b, s->id, s->n);
    buf_text(&b, label);
    buf_put(&b, ikm.p, ikm.n);
    digest_hkdf_extract(salt, (struct bytes){b.p, b.n}, prk);
}

/* RFC 9180 4, LabeledExpand */
static void labeled_expand(const struct suite *s, const uint8_t prk[DIGEST_LEN], const char *label,
                           struct bytes info, uint8_t *out, size_t n)
{
    _auto_buf b;
    buf_init(&b, 4096);
    buf_byte(&b, (uint8_t)(n >> 8));
    buf_byte(&b, (uint8_t)n);
    buf_text(&b, "HPKE-v1");
    buf_put(&b, s->id, s->n);
    buf_text(&b, label);
    buf_put(&b, info.p, info.n);
    digest_hkdf_expand(prk, (struct bytes){b.p, b.n}, out, n);
}

static enum err dh(const struct pki_key *mine, const struct pki_pub *theirs, uint8_t out[DH_LEN],
                   struct err_info *e)
{
    _auto_evp(EVP_PKEY) own = NULL;
    _auto_evp(EVP_PKEY) peer = NULL;
    size_t n = DH_LEN;
    TRY(pki_key_evp(mine, &own, e));
    TRY(pki_pub_evp(theirs, &peer, e));
    _auto_evp(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new(own, NULL);
    if (!ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
        EVP_PKEY_derive(ctx, out, &n) != 1 || n != DH_LEN)
        return pki_library_error(e, ERR_CRYPTO, "agree on a key");
    return ERR_OK;
}

/* RFC 9180 4.1: shared_secret = ExtractAndExpand(dh, enc || pkRm) */
static void shared_secret(const uint8_t z[DH_LEN], struct bytes enc, struct bytes recipient,
                          uint8_t out[DIGEST_LEN])
{
    uint8_t prk[DIGEST_LEN], context[2 * HPKE_ENC_LEN];
    memcpy(context, enc.p, HPKE_ENC_LEN);
    memcpy(context + HPKE_ENC_LEN, recipient.p, HPKE_ENC_LEN);
    labeled_extract(&kem_suite, (struct bytes){0}, "eae_prk", (struct bytes){z, DH_LEN}, prk);
    labeled_expand(&kem_suite, prk, "shared_secret", (struct bytes){context, sizeof context}, out,
                   DIGEST_LEN);
    mem_wipe(prk, sizeof prk);
}

struct schedule {
    uint8_t key[32], nonce[AEAD_NONCE_LEN];
    size_t key_n;
};

/* RFC 9180 5.1, KeySchedule of mode base: no psk, psk_id empty */
static void key_schedule(int aead, const uint8_t shared[DIGEST_LEN], struct bytes info,
                         struct schedule *k)
{
    struct suite s = hpke_suite(aead);
    uint8_t context[1 + 2 * DIGEST_LEN] = {MODE_BASE}, secret[DIGEST_LEN];
    labeled_extract(&s, (struct bytes){0}, "psk_id_hash", (struct bytes){0}, context + 1);
    labeled_extract(&s, (struct bytes){0}, "info_hash", info, context + 1 + DIGEST_LEN);
    labeled_extract(&s, (struct bytes){shared, DIGEST_LEN}, "secret", (struct bytes){0}, secret);
    k->key_n = aead == HPKE_AES128 ? 16 : 32;
    struct bytes c = {context, sizeof context};
    labeled_expand(&s, secret, "key", c, k->key, k->key_n);
    labeled_expand(&s, secret, "base_nonce", c, k->nonce, sizeof k->nonce);
    mem_wipe(secret, sizeof secret);
}

/* The key for one message from one side's private and the other's public key. */
static enum err agree(int aead, const struct pki_key *mine, const struct pki_pub *theirs,
                      struct bytes enc, struct bytes recipient, struct bytes info,
                      struct schedule *k, struct err_info *e)
{
    uint8_t z[DH_LEN], shared[DIGEST_LEN];
    if (pki_key_alg(mine) != PKI_P256 || pki_pub_alg(theirs) != PKI_P256)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "sealing wants P-256 keys");
    if (info.n > 2048)
        return pki_why(e, ERR_CRYPTO, "info of more than 2048 octets");
    TRY(dh(mine, theirs, z, e));
    shared_secret(z, enc, recipient, shared);
    key_schedule(aead, shared, info, k);
    mem_wipe(z, sizeof z);
    mem_wipe(shared, sizeof shared);
    return ERR_OK;
}

enum err hpke_seal_with(const struct pki_key *ephemeral, int aead, const struct pki_pub *to,
                        struct bytes info, struct bytes aad, struct bytes plain, struct arena *a,
                        struct bytes *sealed, struct err_info *e)
{
    struct schedule k;
    struct bytes enc = pki_pub_point(pki_key_pub(ephemeral));
    if (plain.n > INT32_MAX / 2)
        return pki_why(e, ERR_CRYPTO, "more than 1 GiB to seal");
    TRY(agree(aead, ephemeral, to, enc, pki_pub_point(to), info, &k, e));
    size_t n = HPKE_ENC_LEN + plain.n + AEAD_TAG_LEN;
    uint8_t *out = arena_alloc(a, n);
    memcpy(out, enc.p, HPKE_ENC_LEN);
    struct gcm g = {.key = k.key, .key_n = k.key_n, .nonce = k.nonce};
    enum err err = gcm_seal(&g, aad, plain, out + HPKE_ENC_LEN, e);
    mem_wipe(&k, sizeof k);
    *sealed = (struct bytes){out, n};
    return err;
}

enum err hpke_open_with(int aead, const struct pki_key *key, struct bytes info, struct bytes aad,
                        struct bytes sealed, struct arena *a, struct bytes *plain,
                        struct err_info *e)
{
    struct schedule k;
    _auto(pki_pub) sender = NULL;
    if (sealed.n < HPKE_ENC_LEN + AEAD_TAG_LEN || sealed.n > INT32_MAX / 2)
        return pki_why(e, ERR_CRYPTO, "a sealed value of %zu octets", sealed.n);
    struct bytes enc = {sealed.p, HPKE_ENC_LEN},
                 body = {sealed.p + HPKE_ENC_LEN, sealed.n - HPKE_ENC_LEN};
    if (pki_pub_from_point(PKI_P256, enc, &sender, e) != ERR_OK)
        return pki_why(e, ERR_CRYPTO, "it was sealed otherwise");
    TRY(agree(aead, key, sender, enc, pki_pub_point(pki_key_pub(key)), info, &k, e));
    uint8_t *out = arena_alloc(a, body.n - AEAD_TAG_LEN + 1);
    struct gcm g = {.key = k.key, .key_n = k.key_n, .nonce = k.nonce};
    enum err err = gcm_open(&g, aad, body, out, e);
    mem_wipe(&k, sizeof k);
    *plain = (struct bytes){out, body.n - AEAD_TAG_LEN};
    return err;
}

enum err hpke_seal(const struct pki_pub *to, struct bytes info, struct bytes aad,
                   struct bytes plain, struct arena *a, struct bytes *sealed, struct err_info *e)
{
    _auto(pki_key) ephemeral = NULL;
    TRY(pki_key_new(PKI_P256, &ephemeral, e));
    return hpke_seal_with(ephemeral, HPKE_AES256, to, info, aad, plain, a, sealed, e);
}

enum err hpke_open(const struct pki_key *key, struct bytes info, struct bytes aad,
                   struct bytes sealed, struct arena *a, struct bytes *plain, struct err_info *e)
{
    return hpke_open_with(HPKE_AES256, key, info, aad, sealed, a, plain, e);
}
