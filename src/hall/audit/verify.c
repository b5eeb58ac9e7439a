/* Is the audit whole? Each chain is read from its first row; a fault names the first row that is not right. */
#include "hall/audit/audit_priv.h"

#include "hall/audit/audit_sql.h"
#include "store/store.h"

#include <string.h>

struct walk {
    struct hall_tx *tx;
    int chain;
    int64_t n; /* last good row */
    uint8_t hash[AUDIT_HASH_LEN];
    const struct audit_heads
        *told[2]; /* the ca's view and the last anchor here; either may be NULL */
    struct audit_fault *fault;
    int64_t order, erasure; /* looked up last: the row by which this order's values were erased */
};

static struct bytes last_hash(const struct walk *w)
{
    return (struct bytes){w->hash, w->n ? (size_t)AUDIT_HASH_LEN : 0};
}

static int same(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void found(struct walk *w, enum audit_fault_kind kind, int64_t n)
{
    if (w->fault->kind != AUDIT_WHOLE)
        return;
    w->fault->kind = kind;
    w->fault->chain = w->chain;
    w->fault->n = n;
}

static struct audit_content content_of(const struct store_row *r)
{
    return (struct audit_content){.id = row_int(r, "id"),
                                  .chain = row_int(r, "chain"),
                                  .n = row_int(r, "n"),
                                  .at = row_int(r, "at"),
                                  .order = row_int(r, "order_id"),
                                  .actor_id = row_int(r, "actor_id"),
                                  .actor_kind = row_text(r, "actor_kind"),
                                  .actor_name = row_text(r, "actor_name"),
                                  .actor_role = row_text(r, "actor_role"),
                                  .address = row_text(r, "address"),
                                  .act = row_text(r, "act"),
                                  .object = row_text(r, "object"),
                                  .old_hash = row_blob(r, "old_hash"),
                                  .new_hash = row_blob(r, "new_hash"),
                                  .reason_hash = row_blob(r, "reason_hash"),
                                  .prev = row_blob(r, "prev")};
}

/* A missing value was erased only where a later row of its order says so: whoever deletes from the side table is seen. */
static enum err check_erased(struct walk *w, const struct audit_content *c, struct err_info *e)
{
    const struct store_row *last;
    if (!c->old_hash.n && !c->new_hash.n && !c->reason_hash.n)
        return ERR_OK;
    if (c->order && c->order != w->order) {
        TRY(store_one(w->tx->db, &Q_audit_row_erasure, PARAMS(P_INT(c->order), P_INT(c->chain)),
                      w->tx->arena, &last, e));
        w->order = c->order;
        w->erasure = row_int(last, "n");
    }
    if (!c->order || w->erasure <= c->n)
        found(w, AUDIT_GONE, c->n);
    else
        w->fault->erased++;
    return ERR_OK;
}

/* The values must still be those that were hashed. */
static enum err check_values(struct walk *w, const struct store_row *r,
                             const struct audit_content *c, struct err_info *e)
{
    struct audit_sealed s = {0};
    struct err_info why = {0};
    struct arena *a = w->tx->arena;
    if (row_is_null(r, "sealed"))
        return check_erased(w, c, e);
    if (audit_unseal(w->tx, c->id, row_blob(r, "sealed"), &s, &why) != ERR_OK ||
        !same(audit_hash_value(a, s.salt, s.old_value), c->old_hash) ||
        !same(audit_hash_value(a, s.salt, s.new_value), c->new_hash) ||
        !same(audit_hash_value(a, s.salt, s.reason), c->reason_hash))
        found(w, AUDIT_VALUE, c->n);
    return ERR_OK;
}

static void check_told(struct walk *w)
{
    for (int i = 0; i < 2; i++) {
        const struct audit_head *h = w->told[i] ? &w->told[i]->chain[w->chain] : NULL;
        if (h && h->n == w->n && memcmp(h->hash, w->hash, AUDIT_HASH_LEN) != 0)
            found(w, AUDIT_REWRITTEN, w->n);
    }
}

/* *right: the walk went on to it. */
static enum err check_row(struct walk *w, const struct store_row *r, int *right, struct err_info *e)
{
    struct audit_content c = content_of(r);
    uint8_t hash[AUDIT_HASH_LEN];
    w->fault->checked++;
    audit_hash_row(&c, hash);
    if (c.n != w->n + 1)
        found(w, AUDIT_MISSING, w->n + 1);
    else if (!same(row_blob(r, "hash"), (struct bytes){hash, sizeof hash}))
        found(w, AUDIT_CHANGED, c.n);
    else if (!same(c.prev, last_hash(w)))
        found(w, AUDIT_EXTRA, c.n);
    *right = 0;
    if (w->fault->kind != AUDIT_WHOLE)
        return ERR_OK;
    w->n = c.n;
    memcpy(w->hash, hash, sizeof hash);
    TRY(check_values(w, r, &c, e));
    check_told(w);
    *right = w->fault->kind == AUDIT_WHOLE;
    return ERR_OK;
}

static enum err walk_rows(struct walk *w, struct err_info *e)
{
    struct arena *request = w->tx->arena;
    _auto(arena) page = arena_new();
    enum err done = ERR_OK;
    size_t got;
    w->tx->arena = page; /* rows of a page go with the page */
    do {
        struct store_rows rows = {0};
        done = store_many(w->tx->db, &Q_audit_row_chain, PARAMS(P_INT(w->chain), P_INT(w->n)), page,
                          &rows, e);
        got = done == ERR_OK ? rows.n : 0;
        int right = 1;
        for (size_t i = 0; i < got && right && done == ERR_OK; i++)
            done = check_row(w, &rows.row[i], &right, e);
        if (!right)
            got = 0;
        arena_reset(page);
    } while (got > 0 && done == ERR_OK);
    w->tx->arena = request;
    return done;
}

/* After the last row: is it the last that anybody ever saw? */
static void check_tail(struct walk *w, const struct audit_heads *heads)
{
    const struct audit_head *h = &heads->chain[w->chain];
    int64_t seen = h->n;
    for (int i = 0; i < 2; i++)
        if (w->told[i] && w->told[i]->chain[w->chain].n > seen)
            seen = w->told[i]->chain[w->chain].n;
    if (seen > w->n)
        found(w, AUDIT_TAIL_CUT, w->n + 1);
    else if (h->n < w->n)
        found(w, AUDIT_EXTRA, h->n + 1);
    else if (w->n && memcmp(h->hash, w->hash, AUDIT_HASH_LEN) != 0)
        found(w, AUDIT_REWRITTEN, w->n);
}

enum err audit_verify(struct hall_tx *tx, const struct audit_heads *ca, struct audit_fault *out,
                      struct err_info *e)
{
    struct audit_heads heads;
    struct audit_anchor last;
    *out = (struct audit_fault){0};
    TRY(audit_heads(tx, &heads, e));
    TRY(audit_anchor_last(tx, &last, e));
    for (int chain = 0; chain < AUDIT_CHAINS && out->kind == AUDIT_WHOLE; chain++) {
        struct walk w = {
            .tx = tx, .chain = chain, .told = {ca, last.at ? &last.heads : NULL}, .fault = out};
        TRY(walk_rows(&w, e));
        if (out->kind == AUDIT_WHOLE)
            check_tail(&w, &heads);
    }
    return ERR_OK;
}

const char *audit_fault_text(struct arena *a, const struct audit_fault *f, enum lang lang)
{
    static const char *const zh[] = {
        [AUDIT_WHOLE] = "",
        [AUDIT_CHANGED] = "内容被改过",
        [AUDIT_MISSING] = "这一行不见了",
        [AUDIT_EXTRA] = "这一行不接在前一行后面（插入或调换了顺序）",
        [AUDIT_TAIL_CUT] = "从这一行起的记录被截掉了，签发端曾经见过",
        [AUDIT_REWRITTEN] = "这一行和告诉签发端的不是同一行",
        [AUDIT_VALUE] = "附表里的内容不是当时记下的内容",
        [AUDIT_GONE] = "附表里的内容不见了，之后也没有到期删除的记录",
    };
    static const char *const en[] = {
        [AUDIT_WHOLE] = "",
        [AUDIT_CHANGED] = "its content was changed",
        [AUDIT_MISSING] = "it is not there",
        [AUDIT_EXTRA] = "it does not follow the row before it (inserted or reordered)",
        [AUDIT_TAIL_CUT] = "from here on rows are cut off that the authority has seen",
        [AUDIT_REWRITTEN] = "it is not the row that the authority was told",
        [AUDIT_VALUE] = "the value in the side table is not the one recorded",
        [AUDIT_GONE] = "its value is gone from the side table, and no later row records an erasure",
    };
    if (f->kind == AUDIT_WHOLE)
        return arena_fmt(
            a,
            lang == LANG_EN
                ? "Whole: %lld rows in %d chains; the values of %lld were erased when their time was over."
                : "完整：共 %lld 行，%d 条链；其中 %lld 行的内容已到期删除。",
            (long long)f->checked, AUDIT_CHAINS, (long long)f->erased);
    return arena_fmt(a, lang == LANG_EN ? "Chain %d, row %lld: %s." : "第 %d 条链第 %lld 行：%s。",
                     f->chain, (long long)f->n, lang == LANG_EN ? en[f->kind] : zh[f->kind]);
}
