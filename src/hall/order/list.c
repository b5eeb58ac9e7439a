/* Lists of orders, newest first, by key: the number of the last one. */
#include "hall/order/order_priv.h"

#include "base/text.h"
#include "hall/order/order_sql.h"

#include <string.h>

/* What a person types is a part of a name, never a pattern. */
static const char *like_text(struct arena *a, const char *s)
{
    char *out = arena_alloc(a, strlen(s) * 2 + 1), *o = out;
    for (; *s; s++) {
        if (*s == '%' || *s == '_' || *s == '\\')
            *o++ = '\\';
        *o++ = *s;
    }
    return out;
}

enum { NUMBER_DIGITS = 19, PREFIX_MIN = 4 };

/* The numbers that begin with these digits. */
static int numbered(const char *q, int64_t *from, int64_t *to)
{
    size_t n = strlen(q);
    if (n < PREFIX_MIN || n > NUMBER_DIGITS || strspn(q, "0123456789") != n || !text_to_id(q, from))
        return 0;
    *to = *from;
    for (; n < NUMBER_DIGITS; n++) {
        if (*to > (INT64_MAX - 9) / 10)
            return 0;
        *from *= 10;
        *to = *to * 10 + 9;
    }
    return 1;
}

static enum err read_of_account(struct hall_tx *tx, const struct order_filter *f, const char *group,
                                const char *like, struct store_rows *rows, struct err_info *e)
{
    if (*like)
        return store_many(tx->db, &Q_order_list_of_like,
                          PARAMS(P_INT(f->account), P_TEXT(group), P_TEXT(like), P_TEXT(like),
                                 P_INT(f->before), P_INT(f->limit)),
                          tx->arena, rows, e);
    if (*group)
        return store_many(
            tx->db, &Q_order_list_of_group,
            PARAMS(P_INT(f->account), P_TEXT(group), P_INT(f->before), P_INT(f->limit)), tx->arena,
            rows, e);
    return store_many(tx->db, &Q_order_list_of,
                      PARAMS(P_INT(f->account), P_INT(f->before), P_INT(f->limit)), tx->arena, rows,
                      e);
}

/* An account's own list and a number have an index each; only a part of a name goes through all. */
static enum err read_rows(struct hall_tx *tx, const struct order_filter *f, struct store_rows *rows,
                          struct err_info *e)
{
    const char *group = f->group < 0 ? "" : order_group_text((enum order_group)f->group);
    const char *project = f->project ? f->project : "";
    const char *like = like_text(tx->arena, f->q ? f->q : "");
    int64_t from, to;
    if (f->account && !f->institution && !*project)
        return read_of_account(tx, f, group, like, rows, e);
    if (!f->account && f->q && numbered(f->q, &from, &to)) {
        to = f->before && f->before <= to ? f->before - 1 : to;
        return store_many(tx->db, &Q_order_list_numbered,
                          PARAMS(P_INT(from), P_INT(to), P_TEXT(group), P_TEXT(project),
                                 P_INT(f->institution), P_INT(f->limit)),
                          tx->arena, rows, e);
    }
    return store_many(tx->db, &Q_order_list,
                      PARAMS(P_INT(f->account), P_INT(f->institution), P_TEXT(group),
                             P_TEXT(project), P_TEXT(like), P_TEXT(like), P_INT(f->before),
                             P_INT(f->limit)),
                      tx->arena, rows, e);
}

enum err order_list(struct hall_tx *tx, const struct order_filter *f, const struct order **out,
                    size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(read_rows(tx, f, &rows, e));
    struct order *list = arena_alloc(tx->arena, sizeof *list * (rows.n + 1));
    for (size_t i = 0; i < rows.n; i++)
        TRY(order_from_row(tx, &rows.row[i], &list[i], NULL, e));
    *out = list;
    *n = rows.n;
    return ERR_OK;
}

enum err order_count(struct hall_tx *tx, int64_t account, struct order_counts *out,
                     struct err_info *e)
{
    struct store_rows rows;
    *out = (struct order_counts){0};
    TRY(store_many(tx->db, &Q_order_count, PARAMS(P_INT(account)), tx->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        const char *group = row_text(&rows.row[i], "grp");
        int64_t n = row_int(&rows.row[i], "n");
        if (strcmp(group, "yours") == 0)
            out->yours = n;
        else if (strcmp(group, "running") == 0)
            out->running = n;
        else
            out->ended = n;
    }
    return ERR_OK;
}
