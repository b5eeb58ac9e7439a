#include "hall/partner/partner.h"

#include "hall/audit/audit.h"
#include "hall/partner/partner_sql.h"
#include "hall/vault/vault.h"
#include "pki/digest.h"
#include "store/store.h"

#include <string.h>

enum { KEEP_MS = TIME_DAY };

enum err partner_put(struct hall_tx *tx, const char *code, const char *name, const char *kind,
                     const char *secret, struct err_info *e)
{
    const struct store_row *row;
    struct bytes sealed;
    TRY(store_opt(tx->db, &Q_partner_by_code, PARAMS(P_TEXT(code)), tx->arena, &row, e));
    int64_t id = row ? row_int(row, "id") : hall_new_id(tx->hall);
    TRY(vault_seal_text(tx->hall->vault, tx->arena, VAULT_PARTNER, id, secret, &sealed, e));
    if (row)
        TRY(store_exec_one(tx->db, &Q_partner_set,
                           PARAMS(P_INT(id), P_TEXT(name), P_TEXT(kind), P_BLOB(sealed)), e));
    else
        TRY(store_exec(tx->db, &Q_partner_add,
                       PARAMS(P_INT(id), P_TEXT(code), P_TEXT(name), P_TEXT(kind), P_BLOB(sealed)),
                       NULL, e));
    struct audit_entry x = {.act = "partner.put",
                            .object = arena_fmt(tx->arena, "partner:%s", code),
                            .new_value = name};
    return audit_write(tx, &x, e);
}

enum err partner_find(struct hall_tx *tx, const char *code, struct partner *out, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_partner_by_code, PARAMS(P_TEXT(code)), tx->arena, &r, e));
    *out = (struct partner){.id = row_int(r, "id"),
                            .code = row_text(r, "code"),
                            .name = row_text(r, "name"),
                            .kind = row_text(r, "kind")};
    return vault_open_text(tx->hall->vault, tx->arena, VAULT_PARTNER, out->id,
                           row_blob(r, "secret"), &out->secret, e);
}

enum err partner_once(struct hall_tx *tx, int64_t partner, const char *key, struct bytes request,
                      int *status, const char **answer, struct err_info *e)
{
    const struct store_row *r;
    uint8_t hash[DIGEST_LEN];
    *status = 0;
    *answer = NULL;
    TRY(store_opt(tx->db, &Q_partner_call_get,
                  PARAMS(P_INT(partner), P_TEXT(key), P_INT(tx->machine - KEEP_MS)), tx->arena, &r,
                  e));
    if (!r)
        return ERR_OK;
    digest_sha256(request, hash);
    struct bytes kept = row_blob(r, "request_hash");
    if (kept.n != sizeof hash || memcmp(kept.p, hash, sizeof hash) != 0)
        return err_set(e, ERR_PARTNER_KEY_REUSED, "Idempotency-Key", NULL);
    *status = (int)row_int(r, "status");
    *answer = row_text(r, "answer");
    return ERR_OK;
}

enum err partner_keep(struct hall_tx *tx, int64_t partner, const char *key, struct bytes request,
                      int status, const char *answer, struct err_info *e)
{
    uint8_t hash[DIGEST_LEN];
    struct bytes kept = {hash, sizeof hash};
    digest_sha256(request, hash);
    TRY(store_exec(tx->db, &Q_partner_call_prune, PARAMS(P_INT(tx->machine - KEEP_MS)), NULL, e));
    /* the same key at the same moment in another request: one of the two is refused */
    return store_exec_one(tx->db, &Q_partner_call_add,
                          PARAMS(P_INT(partner), P_TEXT(key), P_BLOB(kept), P_INT(status),
                                 P_TEXT(answer), P_INT(tx->machine), P_INT(tx->machine - KEEP_MS)),
                          e);
}
