/* The ca's own chain: each link's hash covers the one before it. */
#include "ca/ca_priv.h"

#include "base/boundary.h"
#include "base/text.h"

#include <string.h>

static void add_text(struct digest *d, const char *s)
{
    digest_add(d, (struct bytes){(const uint8_t *)s,
                                 strlen(s) + 1}); /* with its NUL: no two texts run together */
}

static void add_number(struct digest *d, int64_t v)
{
    uint8_t octets[8];
    for (int i = 0; i < 8; i++)
        octets[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
    digest_add(d, (struct bytes){octets, sizeof octets});
}

static void link_hash(struct bytes previous, int64_t n, int64_t at, const char *actor,
                      const char *act, const char *object, uint8_t out[DIGEST_LEN])
{
    _auto(digest) d = digest_new(DIGEST_SM3);
    digest_add(d, previous);
    add_number(d, n);
    add_number(d, at);
    add_text(d, actor);
    add_text(d, act);
    add_text(d, object);
    digest_finish(d, out);
}

/* The chain's head as this transaction has it: 0 and zeros when nothing stands there. */
static enum err head_of(struct store_tx *tx, struct ca_last **out, struct err_info *e)
{
    struct ca_last *last = *out = ca_last(tx);
    if (last->audit_known)
        return ERR_OK;
    _auto(arena) a = arena_new();
    const struct store_row *row;
    TRY(store_opt(tx, &Q_ca_audit_last, NO_PARAMS, a, &row, e));
    struct bytes hash = row ? row_blob(row, "hash") : (struct bytes){0};
    if (row && hash.n != DIGEST_LEN)
        return err_set(e, ERR_INTERNAL, NULL, "the chain's head has a hash of %zu octets", hash.n);
    last->audit = row ? row_int(row, "n") : 0;
    if (row)
        memcpy(last->audit_hash, hash.p, DIGEST_LEN);
    last->audit_known = 1;
    return ERR_OK;
}

enum err ca_audit(struct store_tx *tx, int64_t at, const char *actor, const char *act,
                  const char *object, struct err_info *e)
{
    struct ca_last *last;
    TRY(head_of(tx, &last, e));
    uint8_t hash[DIGEST_LEN];
    struct bytes previous = {last->audit_hash, DIGEST_LEN}, hashed = {hash, sizeof hash};
    link_hash(previous, last->audit + 1, at, actor, act, object, hash);
    TRY(store_exec(tx, &Q_ca_audit_add,
                   PARAMS(P_INT(last->audit + 1), P_INT(at), P_TEXT(actor), P_TEXT(act),
                          P_TEXT(object), P_BLOB(hashed)),
                   NULL, e));
    last->audit++;
    memcpy(last->audit_hash, hash, sizeof hash);
    return ERR_OK;
}

enum err ca_audit_head(struct store_tx *tx, int64_t *n, char hash[65], struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct ca_last *last;
    TRY(head_of(tx, &last, e));
    *n = last->audit;
    memcpy(hash, text_hex(a, (struct bytes){last->audit_hash, DIGEST_LEN}), 65);
    return ERR_OK;
}

struct audit_walk {
    uint8_t previous[DIGEST_LEN];
    int64_t next;
    int64_t bad; /* first link that does not fit, 0 none */
};

static enum err walk_link(const struct store_row *row, void *arg, struct err_info *e)
{
    (void)e;
    struct audit_walk *w = arg;
    if (w->bad)
        return ERR_OK;
    uint8_t hash[DIGEST_LEN];
    int64_t n = row_int(row, "n");
    link_hash((struct bytes){w->previous, sizeof w->previous}, n, row_int(row, "at"),
              row_text(row, "actor"), row_text(row, "act"), row_text(row, "object"), hash);
    struct bytes stored = row_blob(row, "hash");
    if (n != w->next || stored.n != sizeof hash || memcmp(stored.p, hash, sizeof hash) != 0)
        w->bad = w->next;
    memcpy(w->previous, hash, sizeof hash);
    w->next = n + 1;
    return ERR_OK;
}

enum err ca_audit_verify(struct ca *ca, int64_t *links, int64_t *first_bad, struct err_info *e)
{
    struct audit_walk w = {.next = 1};
    _auto(store_tx) tx = NULL;
    TRY(store_begin(ca->store, STORE_READ, &tx, e));
    TRY(store_each(tx, &Q_ca_audit_all, PARAMS(P_INT(0), P_INT(INT64_MAX)), walk_link, &w, e));
    *links = w.next - 1;
    *first_bad = w.bad;
    return ERR_OK;
}

struct anchor_work {
    int64_t now;
    const char *heads;
    int64_t n;
    char hash[65];
};

static enum err anchor_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct anchor_work *w = arg;
    TRY(ca_audit(tx, w->now, "hall", "anchor", w->heads, e));
    return ca_audit_head(tx, &w->n, w->hash, e);
}

enum err ca_anchor(struct ca *ca, const char *heads, struct arena *a, int64_t *n, char hash[65],
                   struct err_info *e)
{
    struct anchor_work w = {.now = clock_business(ca->options.clock),
                            .heads = arena_text(a, heads)};
    TRY(store_group_run(ca->group, anchor_in, &w, e));
    boundary(BOUNDARY_CA_ANCHORED);
    *n = w.n;
    memcpy(hash, w.hash, sizeof w.hash);
    return ERR_OK;
}
