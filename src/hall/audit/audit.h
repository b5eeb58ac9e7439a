/* The hall's audit: what was done, by whom, when; 16 chains of rows, each row holding the hash of the one before.
 *
 * Rows say {chain, n, time, actor, act, object, salted SM3 of old and new}; the values themselves lie sealed
 * in a side table that may be erased (retention) without breaking the chain. The heads go to the ca every ten
 * seconds and with each issue request, so that a tail cut off later is named as well (design §8). */
#ifndef CERTHALL_HALL_AUDIT_H
#define CERTHALL_HALL_AUDIT_H

#include "hall/hall.h"

enum { AUDIT_CHAINS = 16, AUDIT_HASH_LEN = 32 };

struct audit_entry {
    const char *act;       /* "order.submit": concept, dot, what */
    int64_t order;         /* chooses the chain; 0: none, then the chain this transaction is at */
    const char *object;    /* "order:1234", "staff:7", "notice:3"; no personal value */
    const char *old_value; /* text or JSON; NULL: none. Sealed, may hold personal values */
    const char *new_value;
    const char *reason; /* what the person gave as reason; NULL: none. Sealed with the values */
};

/* One row of the transaction; actor and time are the transaction's. */
NODISCARD enum err audit_write(struct hall_tx *tx, const struct audit_entry *entry,
                               struct err_info *e);
/* Rows of the past, many in one transaction: what fills a demo. The chains are held from begin to end. */
struct audit_past {
    int64_t id, at; /* business time */
    struct actor who;
};
struct audit_heads;
NODISCARD enum err audit_bulk_begin(struct hall_tx *tx, struct audit_heads *b, struct err_info *e);
NODISCARD enum err audit_bulk_put(struct hall_tx *tx, struct audit_heads *b,
                                  const struct audit_past *row, const struct audit_entry *entry,
                                  struct err_info *e);
NODISCARD enum err audit_bulk_end(struct hall_tx *tx, const struct audit_heads *b,
                                  struct err_info *e);
/* A masked view or another access that changes nothing: a line of the access log, no chain row. */
void audit_access(const struct hall_tx *tx, const char *act, const char *object);

struct audit_head {
    int64_t n; /* rows in the chain; 0: none */
    uint8_t hash[AUDIT_HASH_LEN];
};
struct audit_heads {
    struct audit_head chain[AUDIT_CHAINS];
};
NODISCARD enum err audit_heads(struct hall_tx *tx, struct audit_heads *out, struct err_info *e);
/* {"heads":[{"chain":0,"n":"12","hash":"…hex"}, …]}: what `POST /ca/v1/anchors` and issue requests carry. */
NODISCARD enum err audit_heads_json(struct arena *a, const struct audit_heads *h, const char **json,
                                    struct err_info *e);
NODISCARD enum err audit_heads_parse(const char *json, struct audit_heads *out, struct err_info *e);

/* What the ca answered: its own head, kept beside the heads it was told. */
NODISCARD enum err audit_anchor_store(struct hall_tx *tx, const struct audit_heads *told,
                                      const char *ca_head, struct err_info *e);
struct audit_anchor {
    int64_t at; /* machine time; 0: none yet */
    struct audit_heads heads;
    const char *ca_head; /* as the ca sent it */
};
NODISCARD enum err audit_anchor_last(struct hall_tx *tx, struct audit_anchor *out,
                                     struct err_info *e);

enum audit_fault_kind {
    AUDIT_WHOLE,     /* nothing wrong */
    AUDIT_CHANGED,   /* the row's hash is not that of its content (flip) */
    AUDIT_MISSING,   /* a row is not there (deletion) */
    AUDIT_EXTRA,     /* a row does not follow the one before it (insertion, reordering) */
    AUDIT_TAIL_CUT,  /* rows that the ca, or an anchor here, has seen are gone */
    AUDIT_REWRITTEN, /* the row at an anchored number is another one than the ca was told */
    AUDIT_VALUE,     /* a value in the side table is not the one that was hashed */
    AUDIT_GONE, /* a value is gone from the side table, and no later row says that it was erased */
};
struct audit_fault {
    enum audit_fault_kind kind;
    int chain;
    int64_t n;       /* the first bad row of that chain */
    int64_t checked; /* rows checked in all chains */
    int64_t erased; /* rows whose values a later "audit.erase" of their order erased: not a fault */
};
/* Check all chains against themselves, the anchors here, and `ca` (the heads as the ca keeps them; NULL: not asked).
 * ERR_OK with the fault of the lowest chain that has one. Reads everything: not in a request of the portal. */
NODISCARD enum err audit_verify(struct hall_tx *tx, const struct audit_heads *ca,
                                struct audit_fault *out, struct err_info *e);
/* "到第 1,204 行为止完整" or the first bad row, in words. */
const char *audit_fault_text(struct arena *a, const struct audit_fault *f, enum lang lang);

struct audit_row {
    int64_t id; /* for `after` */
    int chain;
    int64_t n, time, order;
    const char *actor_kind, *actor_name, *actor_role, *address, *act, *object;
    const char *hash; /* hex */
};
struct audit_filter {
    int64_t order;      /* 0: all */
    const char *act;    /* prefix; NULL: all */
    const char *object; /* NULL: all */
    int64_t before;     /* id of the last row of the page before; 0: newest first */
    int limit;          /* 1 … 200 */
};
NODISCARD enum err audit_list(struct hall_tx *tx, const struct audit_filter *f,
                              const struct audit_row **rows, size_t *n, struct err_info *e);
struct audit_values {
    const char *old_value, *new_value, *reason; /* NULL: none */
    int erased;
};
/* Opening the values is itself audited ("audit.open"); the caller's transaction writes. */
NODISCARD enum err audit_open(struct hall_tx *tx, int chain, int64_t n, const char *why,
                              struct audit_values *out, struct err_info *e);
/* Retention: values of an order go, the rows stay. */
NODISCARD enum err audit_erase(struct hall_tx *tx, int64_t order, struct err_info *e);

#endif
