#include "hall/vault/vault.h"

#include "base/text.h"
#include "pki/aead.h"
#include "pki/digest.h"

#include <stdlib.h>
#include <string.h>

/* These names stand in the context of every sealed value: never rename one. */
static const char *const USES[VAULT_USE_COUNT] = {
    [VAULT_HANDLER] = "handler", [VAULT_MOBILE] = "mobile",     [VAULT_EMAIL] = "email",
    [VAULT_ADDRESS] = "address", [VAULT_BANK] = "bank",         [VAULT_FORM] = "form",
    [VAULT_CODE] = "code",       [VAULT_OTP] = "otp",           [VAULT_SESSION] = "session",
    [VAULT_CSRF] = "csrf",       [VAULT_LIMIT] = "limit",       [VAULT_OUTBOX] = "outbox",
    [VAULT_AUDIT] = "audit",     [VAULT_IMPORT] = "import",     [VAULT_PARTNER] = "partner",
    [VAULT_TICKET] = "ticket",   [VAULT_DOCUMENT] = "document",
};

struct vault {
    struct aead_key key[VAULT_KEYS_MAX];
    int keys;
    const struct aead_key *current;
    uint8_t index[VAULT_USE_COUNT][DIGEST_LEN];
};

enum err vault_new(const struct vault_keys *keys, struct vault **out, struct err_info *e)
{
    _auto(vault) v = mem_alloc(sizeof *v);
    for (int i = 0; i < keys->fields && i < VAULT_KEYS_MAX; i++) {
        v->key[i].id = keys->field[i].id;
        memcpy(v->key[i].key, keys->field[i].key, AEAD_KEY_LEN);
        v->keys++;
        if (keys->field[i].id == keys->current)
            v->current = &v->key[i];
    }
    if (!v->current)
        return err_set(e, ERR_CONFIG, "field.current", "field key %u is not there", keys->current);
    for (int u = 0; u < VAULT_USE_COUNT; u++)
        digest_hkdf((struct bytes){keys->index, VAULT_KEY_LEN}, (struct bytes){NULL, 0},
                    (struct bytes){(const uint8_t *)USES[u], strlen(USES[u])}, v->index[u],
                    DIGEST_LEN);
    *out = steal(&v);
    return ERR_OK;
}

void vault_free(struct vault *v)
{
    if (v)
        mem_wipe(v, sizeof *v);
    free(v);
}

static struct bytes context_of(struct arena *a, enum vault_use use, int64_t owner)
{
    const char *text = arena_fmt(a, "certhall.%s:%lld", USES[use], (long long)owner);
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

enum err vault_seal(const struct vault *v, struct arena *a, enum vault_use use, int64_t owner,
                    struct bytes plain, struct bytes *sealed, struct err_info *e)
{
    return aead_seal(v->current, context_of(a, use, owner), plain, a, sealed, e);
}

enum err vault_open(const struct vault *v, struct arena *a, enum vault_use use, int64_t owner,
                    struct bytes sealed, struct bytes *plain, struct err_info *e)
{
    uint32_t id;
    if (!aead_key_id(sealed, &id))
        return err_set(e, ERR_CRYPTO, NULL, "%s of %lld is not a sealed value", USES[use],
                       (long long)owner);
    for (int i = 0; i < v->keys; i++)
        if (v->key[i].id == id)
            return aead_open(&v->key[i], context_of(a, use, owner), sealed, a, plain, e);
    return err_set(e, ERR_CRYPTO, NULL, "field key %u is not in the secrets file", id);
}

enum err vault_seal_text(const struct vault *v, struct arena *a, enum vault_use use, int64_t owner,
                         const char *plain, struct bytes *sealed, struct err_info *e)
{
    *sealed = (struct bytes){(const uint8_t *)"", 0};
    if (!plain || !*plain)
        return ERR_OK;
    return vault_seal(v, a, use, owner, (struct bytes){(const uint8_t *)plain, strlen(plain)},
                      sealed, e);
}

enum err vault_open_text(const struct vault *v, struct arena *a, enum vault_use use, int64_t owner,
                         struct bytes sealed, const char **plain, struct err_info *e)
{
    struct bytes b;
    *plain = "";
    if (sealed.n == 0)
        return ERR_OK;
    TRY(vault_open(v, a, use, owner, sealed, &b, e));
    *plain = arena_text_n(a, (const char *)b.p, b.n);
    return ERR_OK;
}

int vault_is_old(const struct vault *v, struct bytes sealed)
{
    uint32_t id;
    return sealed.n > 0 && aead_key_id(sealed, &id) && id != v->current->id;
}

struct bytes vault_index(const struct vault *v, struct arena *a, enum vault_use use,
                         const char *value)
{
    uint8_t out[DIGEST_LEN];
    digest_hmac_sha256((struct bytes){v->index[use], DIGEST_LEN},
                       (struct bytes){(const uint8_t *)value, strlen(value)}, out);
    return arena_bytes(a, out, sizeof out);
}
