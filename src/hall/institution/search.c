/* Institutions by a part of their name. Every two letters that follow each other in a name are a row (institution_part);
 * what was typed is looked for among those who have the rarest of its pairs. */
#include "hall/institution/institution_priv.h"

#include "hall/institution/institution_sql.h"
#include "store/store.h"

#include <string.h>

enum {
    RARE_MAX = 10000, /* institutions that may be looked at one by one: some 30 ms */
    PAIRS_MAX = 16,   /* of a long text the first are enough */
    TYPED_MAX = 400
};
/* Parts have two letters at most: whatever begins with one sorts below it and the last of all letters. */
#define LAST_LETTER "\xF4\x8F\xBF\xBF"

/* Octets of the letter that begins here (UTF-8, checked when it was read). */
static size_t letter(const char *s)
{
    size_t n = *s ? 1 : 0;
    while (n && ((unsigned char)s[n] & 0xC0) == 0x80)
        n++;
    return n;
}

static enum err count_pair(struct hall_tx *tx, const char *pair, struct institution_part *best,
                           struct err_info *e)
{
    const struct store_row *row;
    const char *to = arena_fmt(tx->arena, "%s" LAST_LETTER, pair);
    TRY(store_one(tx->db, &Q_institution_part_count,
                  PARAMS(P_TEXT(pair), P_TEXT(to), P_INT(best->n)), tx->arena, &row, e));
    if (row_int(row, "n") < best->n)
        *best = (struct institution_part){.from = pair, .to = to, .n = row_int(row, "n")};
    return ERR_OK;
}

enum err institution_rarest(struct hall_tx *tx, const char *typed, struct institution_part *out,
                            struct err_info *e)
{
    *out = (struct institution_part){.from = "", .to = LAST_LETTER, .n = RARE_MAX + 1};
    for (int i = 0; i < PAIRS_MAX && *typed; i++) {
        size_t first = letter(typed), second = letter(typed + first);
        if (i && !second) /* the last letter alone tells less than the pair before */
            break;
        TRY(count_pair(tx, arena_text_n(tx->arena, typed, first + second), out, e));
        typed += first;
    }
    out->rare = out->n <= RARE_MAX;
    return ERR_OK;
}

/* % and _ of what was typed stand for themselves. */
static const char *like(struct arena *a, const char *typed)
{
    char *out = arena_alloc(a, 2 * strlen(typed) + 3), *at = out;
    *at++ = '%';
    for (; *typed; typed++) {
        if (strchr("%_!", *typed))
            *at++ = '!';
        *at++ = *typed;
    }
    *at = '%';
    return out;
}

static enum err by_name(struct hall_tx *tx, const char *part, int limit, struct store_rows *rows,
                        struct err_info *e)
{
    struct institution_part rarest;
    const char *pattern = like(tx->arena, part);
    TRY(institution_rarest(tx, part, &rarest, e));
    if (rarest.rare)
        return store_many(
            tx->db, &Q_institution_search_rare,
            PARAMS(P_TEXT(rarest.from), P_TEXT(rarest.to), P_TEXT(pattern), P_INT(limit)),
            tx->arena, rows, e);
    return store_many(tx->db, &Q_institution_search_common, PARAMS(P_TEXT(pattern), P_INT(limit)),
                      tx->arena, rows, e);
}

static enum err by_code(struct hall_tx *tx, const char *prefix, int limit, struct store_rows *rows,
                        struct err_info *e)
{
    *rows = (struct store_rows){0};
    if (strspn(prefix, "0123456789ABCDEFGHJKLMNPQRTUWXY") != strlen(prefix))
        return ERR_OK;
    return store_many(
        tx->db, &Q_institution_search_code,
        PARAMS(P_TEXT(prefix), P_TEXT(arena_fmt(tx->arena, "%s~", prefix)), P_INT(limit)),
        tx->arena, rows, e);
}

static void take(const struct store_rows *rows, struct institution *list, size_t *n, int limit)
{
    for (size_t i = 0; i < rows->n && *n < (size_t)limit; i++) {
        struct institution next = institution_of(&rows->row[i]);
        size_t k = 0;
        while (k < *n && list[k].id != next.id)
            k++;
        if (k == *n)
            list[(*n)++] = next;
    }
}

enum err institution_search(struct hall_tx *tx, const char *part, int limit,
                            const struct institution **out, size_t *n, struct err_info *e)
{
    struct store_rows names, codes;
    if (strlen(part) > TYPED_MAX) {
        err_set(e, ERR_TOO_LARGE, "q", NULL);
        err_arg(e, "limit", "%d", TYPED_MAX);
        return ERR_TOO_LARGE;
    }
    TRY(by_name(tx, part, limit, &names, e));
    TRY(by_code(tx, part, limit, &codes, e));
    struct institution *list = arena_alloc(tx->arena, ((size_t)limit + 1) * sizeof *list);
    *n = 0;
    take(&names, list, n, limit);
    take(&codes, list, n, limit);
    *out = list;
    return ERR_OK;
}
