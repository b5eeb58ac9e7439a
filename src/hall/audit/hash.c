#include "hall/audit/audit_priv.h"

#include "base/json.h"
#include "hall/vault/vault.h"
#include "pki/digest.h"

#include <string.h>

static void add_bytes(struct digest *d, struct bytes b)
{
    uint8_t len[4] = {(uint8_t)(b.n >> 24), (uint8_t)(b.n >> 16), (uint8_t)(b.n >> 8),
                      (uint8_t)b.n};
    digest_add(d, (struct bytes){len, sizeof len});
    digest_add(d, b);
}

static void add_text(struct digest *d, const char *s)
{
    add_bytes(d, (struct bytes){(const uint8_t *)s, strlen(s)});
}

static void add_int(struct digest *d, int64_t v)
{
    uint8_t b[8];
    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
    digest_add(d, (struct bytes){b, sizeof b});
}

void audit_hash_row(const struct audit_content *c, uint8_t out[AUDIT_HASH_LEN])
{
    _auto(digest) d = digest_new(DIGEST_SM3);
    add_text(d, "CERTHALL-AUDIT-v1");
    add_int(d, c->id);
    add_int(d, c->chain);
    add_int(d, c->n);
    add_int(d, c->at);
    add_int(d, c->order);
    add_int(d, c->actor_id);
    add_text(d, c->actor_kind);
    add_text(d, c->actor_name);
    add_text(d, c->actor_role);
    add_text(d, c->address);
    add_text(d, c->act);
    add_text(d, c->object);
    add_bytes(d, c->old_hash);
    add_bytes(d, c->new_hash);
    add_bytes(d, c->reason_hash);
    add_bytes(d, c->prev);
    digest_finish(d, out);
}

struct bytes audit_hash_value(struct arena *a, struct bytes salt, const char *value)
{
    uint8_t out[AUDIT_HASH_LEN];
    if (!value)
        return (struct bytes){(const uint8_t *)"", 0};
    _auto(digest) d = digest_new(DIGEST_SM3);
    digest_add(d, salt);
    digest_add(d, (struct bytes){(const uint8_t *)value, strlen(value)});
    digest_finish(d, out);
    return arena_bytes(a, out, sizeof out);
}

enum err audit_unseal(struct hall_tx *tx, int64_t row_id, struct bytes sealed,
                      struct audit_sealed *out, struct err_info *e)
{
    struct bytes plain;
    _auto_json j = NULL;
    TRY(vault_open(tx->hall->vault, tx->arena, VAULT_AUDIT, row_id, sealed, &plain, e));
    TRY(json_parse(plain.p, plain.n, &j, e));
    TRY(json_get_base64(j, "salt", AUDIT_SALT_LEN, tx->arena, &out->salt, e));
    const char *old_value = json_opt_text(j, "old", NULL),
               *new_value = json_opt_text(j, "new", NULL);
    const char *reason = json_opt_text(j, "reason", NULL);
    out->old_value = old_value ? arena_text(tx->arena, old_value) : NULL;
    out->new_value = new_value ? arena_text(tx->arena, new_value) : NULL;
    out->reason = reason ? arena_text(tx->arena, reason) : NULL;
    return ERR_OK;
}
