/* Between the files of audit: how a row's hash is made. */
#ifndef CERTHALL_HALL_AUDIT_PRIV_H
#define CERTHALL_HALL_AUDIT_PRIV_H

#include "hall/audit/audit.h"

enum { AUDIT_SALT_LEN = 16 };

/* A row as it is hashed. Hashes are AUDIT_HASH_LEN bytes or empty. */
struct audit_content {
    int64_t id, chain, n, at, order, actor_id;
    const char *actor_kind, *actor_name, *actor_role, *address, *act, *object;
    struct bytes old_hash, new_hash, reason_hash, prev;
};
void audit_hash_row(const struct audit_content *c, uint8_t out[AUDIT_HASH_LEN]);
/* SM3 of salt and value; empty for NULL. */
struct bytes audit_hash_value(struct arena *a, struct bytes salt, const char *value);

/* The chain of an order's rows; of what has no order, by its object. */
int audit_chain_of(int64_t order, const char *object);
/* The row with its values, all but the chain's head: fills in the hashes of the values; the row's own goes to `hash`, which
 * may be where c->prev points to. */
NODISCARD enum err audit_keep(struct hall_tx *tx, struct audit_content *c,
                              const struct audit_entry *x, uint8_t hash[AUDIT_HASH_LEN],
                              struct err_info *e);

struct audit_sealed {
    struct bytes salt;
    const char *old_value, *new_value, *reason; /* NULL: none */
};
NODISCARD enum err audit_unseal(struct hall_tx *tx, int64_t row_id, struct bytes sealed,
                                struct audit_sealed *out, struct err_info *e);

#endif
