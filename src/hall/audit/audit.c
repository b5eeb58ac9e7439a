#include "hall/audit/audit_priv.h"

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "hall/audit/audit_sql.h"
#include "hall/vault/vault.h"
#include "pki/digest.h"
#include "store/store.h"

#include <string.h>

int audit_chain_of(int64_t order, const char *object)
{
    uint8_t h[DIGEST_LEN];
    digest_sha256(order ? (struct bytes){(const uint8_t *)&order, sizeof order}
                        : (struct bytes){(const uint8_t *)object, strlen(object)},
                  h);
    return h[0] % AUDIT_CHAINS;
}

/* Everything of one order in one chain. What has no order goes where this transaction is already, else by its object: a
 * chain is locked until the commit, and a transaction that holds one only can wait for no other in a circle. */
static int chain_of(struct hall_tx *tx, const struct audit_entry *x)
{
    if (!x->order && tx->audit_chain)
        return tx->audit_chain - 1;
    int chain = audit_chain_of(x->order, x->object);
    if (!tx->audit_chain)
        tx->audit_chain = chain + 1;
    return chain;
}

static enum err keep_values(struct hall_tx *tx, const struct audit_content *c,
                            const struct audit_entry *x, struct bytes salt, struct err_info *e)
{
    struct json_out j;
    struct bytes sealed;
    _auto_buf b;
    buf_init(&b, 4 * 1024 * 1024);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "salt", text_base64(tx->arena, salt));
    jout_text(&j, "old", x->old_value);
    jout_text(&j, "new", x->new_value);
    jout_text(&j, "reason", x->reason);
    jout_end(&j);
    if (b.full)
        return err_set(e, ERR_INTERNAL, NULL, "audit value of %s is over 4 MiB", x->act);
    TRY(vault_seal(tx->hall->vault, tx->arena, VAULT_AUDIT, c->id, (struct bytes){b.p, b.n},
                   &sealed, e));
    return store_exec(tx->db, &Q_audit_value_add,
                      PARAMS(P_INT(c->chain), P_INT(c->n), P_INT(c->order), P_BLOB(sealed)), NULL,
                      e);
}

enum err audit_keep(struct hall_tx *tx, struct audit_content *c, const struct audit_entry *x,
                    uint8_t hash[AUDIT_HASH_LEN], struct err_info *e)
{
    uint8_t salt_bytes[AUDIT_SALT_LEN], own[AUDIT_HASH_LEN];
    struct bytes salt = {salt_bytes, sizeof salt_bytes};
    random_bytes(salt_bytes, sizeof salt_bytes);
    c->old_hash = audit_hash_value(tx->arena, salt, x->old_value);
    c->new_hash = audit_hash_value(tx->arena, salt, x->new_value);
    c->reason_hash = audit_hash_value(tx->arena, salt, x->reason);
    audit_hash_row(c, own);
    TRY(store_exec(tx->db, &Q_audit_row_add,
                   PARAMS(P_INT(c->id), P_INT(c->chain), P_INT(c->n), P_INT(c->at), P_INT(c->order),
                          P_TEXT(c->actor_kind), P_INT(c->actor_id), P_TEXT(c->actor_name),
                          P_TEXT(c->actor_role), P_TEXT(c->address), P_TEXT(c->act),
                          P_TEXT(c->object), P_BLOB(c->old_hash), P_BLOB(c->new_hash),
                          P_BLOB(c->reason_hash), P_BLOB(c->prev),
                          P_BLOB(((struct bytes){own, sizeof own}))),
                   NULL, e));
    memcpy(hash, own, sizeof own);
    return x->old_value || x->new_value || x->reason ? keep_values(tx, c, x, salt, e) : ERR_OK;
}

enum err audit_write(struct hall_tx *tx, const struct audit_entry *x, struct err_info *e)
{
    uint8_t hash[AUDIT_HASH_LEN];
    const struct store_row *head;
    struct audit_content c = {.id = hall_new_id(tx->hall),
                              .chain = chain_of(tx, x),
                              .at = tx->now,
                              .order = x->order,
                              .actor_id = tx->who.id,
                              .actor_kind = hall_actor_kind_text(tx->who.kind),
                              .actor_name = tx->who.name,
                              .actor_role = tx->who.role,
                              .address = tx->who.address,
                              .act = x->act,
                              .object = x->object};
    TRY(store_exec_one(tx->db, &Q_audit_chain_lock, PARAMS(P_INT(c.chain)), e));
    TRY(store_one(tx->db, &Q_audit_chain_get, PARAMS(P_INT(c.chain)), tx->arena, &head, e));
    c.n = row_int(head, "n");
    c.prev = row_blob(head, "hash");
    TRY(audit_keep(tx, &c, x, hash, e));
    return store_exec_one(tx->db, &Q_audit_chain_head,
                          PARAMS(P_INT(c.chain), P_BLOB(((struct bytes){hash, sizeof hash}))), e);
}

void audit_access(const struct hall_tx *tx, const char *act, const char *object)
{
    log_line(LOG_LEVEL_INFO, "access", "%s %s by %s:%lld role=%s from=%s", act, object,
             hall_actor_kind_text(tx->who.kind), (long long)tx->who.id, tx->who.role,
             tx->who.address);
}

/* The end of the range of texts that start with `prefix`: its last byte plus one (never 0xFF in UTF-8). */
static const char *after_prefix(struct arena *a, const char *prefix)
{
    char *end = arena_text(a, prefix);
    size_t n = strlen(end);
    if (n)
        end[n - 1]++;
    return end;
}

enum err audit_list(struct hall_tx *tx, const struct audit_filter *f, const struct audit_row **out,
                    size_t *n, struct err_info *e)
{
    struct store_rows rows;
    const char *act = f->act ? f->act : "";
    TRY(store_many(tx->db, &Q_audit_row_list,
                   PARAMS(P_INT(f->order), P_TEXT(act), P_TEXT(after_prefix(tx->arena, act)),
                          P_TEXT(f->object ? f->object : ""), P_INT(f->before), P_INT(f->limit)),
                   tx->arena, &rows, e));
    struct audit_row *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++) {
        const struct store_row *r = &rows.row[i];
        list[i] = (struct audit_row){.id = row_int(r, "id"),
                                     .chain = (int)row_int(r, "chain"),
                                     .n = row_int(r, "n"),
                                     .time = row_int(r, "at"),
                                     .order = row_int(r, "order_id"),
                                     .actor_kind = row_text(r, "actor_kind"),
                                     .actor_name = row_text(r, "actor_name"),
                                     .actor_role = row_text(r, "actor_role"),
                                     .address = row_text(r, "address"),
                                     .act = row_text(r, "act"),
                                     .object = row_text(r, "object"),
                                     .hash = text_hex(tx->arena, row_blob(r, "hash"))};
    }
    *out = list;
    *n = rows.n;
    return ERR_OK;
}

enum err audit_open(struct hall_tx *tx, int chain, int64_t n, const char *why,
                    struct audit_values *out, struct err_info *e)
{
    const struct store_row *row, *value;
    struct audit_sealed s = {0};
    TRY(store_one(tx->db, &Q_audit_row_get, PARAMS(P_INT(chain), P_INT(n)), tx->arena, &row, e));
    TRY(store_opt(tx->db, &Q_audit_value_get, PARAMS(P_INT(chain), P_INT(n)), tx->arena, &value,
                  e));
    *out = (struct audit_values){0};
    if (value)
        TRY(audit_unseal(tx, row_int(row, "id"), row_blob(value, "sealed"), &s, e));
    out->old_value = s.old_value;
    out->new_value = s.new_value;
    out->reason = s.reason;
    out->erased = !value && (row_blob(row, "old_hash").n || row_blob(row, "new_hash").n ||
                             row_blob(row, "reason_hash").n);
    struct audit_entry entry = {
        .act = "audit.open",
        .order = row_int(row, "order_id"),
        .object = arena_fmt(tx->arena, "audit:%d/%lld", chain, (long long)n),
        .reason = why};
    return audit_write(tx, &entry, e);
}

enum err audit_erase(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    if (order == 0)
        return err_set(e, ERR_INTERNAL, NULL, "values without an order are not erased by order");
    struct audit_entry entry = {.act = "audit.erase",
                                .order = order,
                                .object = arena_fmt(tx->arena, "order:%lld", (long long)order)};
    TRY(store_exec(tx->db, &Q_audit_value_erase, PARAMS(P_INT(order)), NULL, e));
    return audit_write(tx, &entry, e);
}
