/* The ca's own chain: each link's hash covers the one before it. */
#include "ca/ca_priv.h"

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

enum err ca_audit(struct store_tx *tx, int64_t at, const char *actor, const char *act,
                  const char *object, struct err_info *e)
{
    _auto(arena) a = arena_new();
    const struct store_row *last;
    TRY(store_opt(tx, &Q_ca_audit_last, NO_PARAMS, a, &last, e));
    static const uint8_t zero[DIGEST_LEN];
    struct bytes previous = last ? row_blob(last, "hash") : (struct bytes){zero, sizeof zero};
    int64_t n = last ? row_int(last, "n") + 1 : 1;
    uint8_t hash[DIGEST_LEN];
    link_hash(previous, n, at, actor, act, object, hash);
    struct bytes hashed = {hash, sizeof hash};
    return store_exec(
        tx, &Q_ca_audit_add,
        PARAMS(P_INT(n), P_INT(at), P_TEXT(actor), P_TEXT(act), P_TEXT(object), P_BLOB(hashed)),
        NULL, e);
}

enum err ca_audit_head(struct store_tx *tx, int64_t *n, char hash[65], struct err_info *e)
{
    _auto(arena) a = arena_new();
    const struct store_row *last;
    TRY(store_opt(tx, &Q_ca_audit_last, NO_PARAMS, a, &last, e));
    *n = last ? row_int(last, "n") : 0;
    memset(hash, '0', 64);
    hash[64] = '\0';
    if (last)
        memcpy(hash, text_hex(a, row_blob(last, "hash")), 64);
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
    *n = w.n;
    memcpy(hash, w.hash, sizeof w.hash);
    return ERR_OK;
}
