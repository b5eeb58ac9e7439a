/* Lists of orders, newest first, by key: the number of the last one. */
#include "hall/order/order_priv.h"

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

/* An account's own list has the index for it; everything else filters. */
static enum err read_rows(struct hall_tx *tx, const struct order_filter *f, struct store_rows *rows,
                          struct err_info *e)
{
    const char *group = f->group < 0 ? "" : order_group_text((enum order_group)f->group);
    const char *q = f->q ? f->q : "";
    int plain = f->account && !f->institution && !f->project && !*q;
    if (plain && *group)
        return store_many(
            tx->db, &Q_order_list_of_group,
            PARAMS(P_INT(f->account), P_TEXT(group), P_INT(f->before), P_INT(f->limit)), tx->arena,
            rows, e);
    if (plain)
        return store_many(tx->db, &Q_order_list_of,
                          PARAMS(P_INT(f->account), P_INT(f->before), P_INT(f->limit)), tx->arena,
                          rows, e);
    const char *like = like_text(tx->arena, q);
    return store_many(tx->db, &Q_order_list,
                      PARAMS(P_INT(f->account), P_INT(f->institution), P_TEXT(group),
                             P_TEXT(f->project ? f->project : ""), P_TEXT(like), P_TEXT(like),
                             P_INT(f->before), P_INT(f->limit)),
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
