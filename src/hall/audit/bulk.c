/* Many rows in one transaction: the chains are held and their heads kept in memory until the end. */
#include "hall/audit/audit_priv.h"

#include "hall/audit/audit_sql.h"
#include "store/store.h"

#include <string.h>

enum err audit_bulk_begin(struct hall_tx *tx, struct audit_heads *b, struct err_info *e)
{
    TRY(store_exec(tx->db, &Q_audit_chain_hold, NO_PARAMS, NULL, e));
    return audit_heads(tx, b, e);
}

enum err audit_bulk_put(struct hall_tx *tx, struct audit_heads *b, const struct audit_past *row,
                        const struct audit_entry *x, struct err_info *e)
{
    struct audit_content c = {.id = row->id,
                              .chain = audit_chain_of(x->order, x->object),
                              .at = row->at,
                              .order = x->order,
                              .actor_id = row->who.id,
                              .actor_kind = hall_actor_kind_text(row->who.kind),
                              .actor_name = row->who.name,
                              .actor_role = row->who.role,
                              .address = row->who.address,
                              .act = x->act,
                              .object = x->object};
    struct audit_head *head = &b->chain[c.chain];
    c.prev = (struct bytes){head->hash, head->n ? (size_t)AUDIT_HASH_LEN : 0};
    c.n = head->n + 1;
    TRY(audit_keep(tx, &c, x, head->hash, e));
    head->n = c.n;
    return ERR_OK;
}

enum err audit_bulk_end(struct hall_tx *tx, const struct audit_heads *b, struct err_info *e)
{
    for (int i = 0; i < AUDIT_CHAINS; i++) {
        const struct audit_head *h = &b->chain[i];
        struct bytes hash = {h->hash, h->n ? (size_t)AUDIT_HASH_LEN : 0};
        TRY(store_exec_one(tx->db, &Q_audit_chain_put, PARAMS(P_INT(i), P_INT(h->n), P_BLOB(hash)),
                           e));
    }
    return ERR_OK;
}
