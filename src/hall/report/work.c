#include "hall/report/report_priv.h"

#include "hall/calendar/calendar.h"
#include "hall/report/report_sql.h"
#include "store/store.h"

#include <string.h>

static struct report_work work_of(const struct hall_tx *tx, const struct store_row *r)
{
    struct report_work w = {.id = row_int(r, "id"),
                            .order = row_int(r, "order_id"),
                            .kind = row_text(r, "kind"),
                            .project = row_text(r, "project"),
                            .subject = row_text(r, "subject"),
                            .role = row_text(r, "role"),
                            .opened_at = row_int(r, "opened_at"),
                            .due_at = row_int(r, "due_at"),
                            .due_sort = row_int(r, "sort_key"),
                            .provisional = (int)row_int(r, "provisional"),
                            .claimed_by = row_int(r, "claimed_by"),
                            .claimed_name = row_text(r, "claimed_name"),
                            .lease_until = row_int(r, "lease_until"),
                            .institution = row_text(r, "institution"),
                            .type = row_text(r, "type"),
                            .name_changed = (int)row_int(r, "name_changed"),
                            .waits_for_ca = (int)row_int(r, "waits_for_ca"),
                            .asked_by = row_int(r, "asked_by")};
    if (w.lease_until < tx->machine)
        w.claimed_by = 0;
    return w;
}

static void works_of(const struct hall_tx *tx, const struct store_rows *rows,
                     const struct report_work **out, size_t *n)
{
    struct report_work *list = arena_alloc(tx->arena, (rows->n + 1) * sizeof *list);
    for (size_t i = 0; i < rows->n; i++)
        list[i] = work_of(tx, &rows->row[i]);
    *out = list;
    *n = rows->n;
}

/* " maker shipping ": what a role is looked for in. */
static const char *roles_text(struct arena *a, const char *const *roles)
{
    const char *text = " ";
    for (; *roles; roles++)
        text = arena_fmt(a, "%s%s ", text, *roles);
    return text;
}

static const char *some(const char *text)
{
    return text ? text : "";
}

const char *report_like(struct arena *a, const char *text)
{
    char *out = arena_alloc(a, 2 * strlen(text) + 1), *at = out;
    for (; *text; text++) {
        if (strchr("%_!", *text))
            *at++ = '!';
        *at++ = *text;
    }
    return out;
}

static int64_t today(const struct hall_tx *tx)
{
    return time_from_china_day(time_china_day(tx->now));
}

static enum err list_open(struct hall_tx *tx, const struct report_work_filter *f,
                          struct store_rows *rows, struct err_info *e)
{
    int64_t mine = f->tab == REPORT_WORK_MINE ? tx->who.id : 0;
    return store_many(tx->db, &Q_report_work_open,
                      PARAMS(P_TEXT(roles_text(tx->arena, f->roles)), P_TEXT(some(f->kind)),
                             P_TEXT(some(f->type)), P_TEXT(some(f->project)),
                             P_TEXT(report_like(tx->arena, some(f->q))), P_INT(mine),
                             P_INT(tx->machine), P_INT(f->free_only), P_INT(f->after_key),
                             P_INT(f->after_id), P_INT(f->limit)),
                      tx->arena, rows, e);
}

static enum err list_done(struct hall_tx *tx, const struct report_work_filter *f,
                          struct store_rows *rows, struct err_info *e)
{
    return store_many(tx->db, &Q_report_work_done,
                      PARAMS(P_TEXT(roles_text(tx->arena, f->roles)), P_TEXT(some(f->kind)),
                             P_TEXT(some(f->type)), P_TEXT(some(f->project)),
                             P_TEXT(report_like(tx->arena, some(f->q))), P_INT(today(tx)),
                             P_INT(f->after_key), P_INT(f->after_id), P_INT(f->limit)),
                      tx->arena, rows, e);
}

enum err report_work_list(struct hall_tx *tx, const struct report_work_filter *f,
                          const struct report_work **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(f->tab == REPORT_WORK_DONE_TODAY ? list_done(tx, f, &rows, e) : list_open(tx, f, &rows, e));
    works_of(tx, &rows, out, n);
    return ERR_OK;
}

enum err report_work_get(struct hall_tx *tx, int64_t id, struct report_work *out,
                         struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_report_work_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    *out = work_of(tx, r);
    return ERR_OK;
}

enum err report_work_of_order(struct hall_tx *tx, int64_t order, const struct report_work **out,
                              size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_report_work_of_order, PARAMS(P_INT(order)), tx->arena, &rows, e));
    works_of(tx, &rows, out, n);
    return ERR_OK;
}

enum err report_work_counts(struct hall_tx *tx, const struct report_work_filter *f,
                            struct report_work_counts *out, struct err_info *e)
{
    const struct store_row *open, *done;
    const char *roles = roles_text(tx->arena, f->roles), *q = report_like(tx->arena, some(f->q));
    int64_t ends = calendar_day_end(time_china_day(tx->now));
    TRY(store_one(tx->db, &Q_report_work_counts,
                  PARAMS(P_TEXT(roles), P_TEXT(some(f->kind)), P_TEXT(some(f->type)),
                         P_TEXT(some(f->project)), P_TEXT(q), P_INT(tx->who.id), P_INT(tx->machine),
                         P_INT(tx->now), P_INT(ends)),
                  tx->arena, &open, e));
    TRY(store_one(tx->db, &Q_report_work_done_count,
                  PARAMS(P_TEXT(roles), P_TEXT(some(f->kind)), P_TEXT(some(f->type)),
                         P_TEXT(some(f->project)), P_TEXT(q), P_INT(today(tx))),
                  tx->arena, &done, e));
    *out = (struct report_work_counts){.open = row_int(open, "open_n"),
                                       .mine = row_int(open, "mine_n"),
                                       .overdue = row_int(open, "overdue_n"),
                                       .due_today = row_int(open, "today_n"),
                                       .done_today = row_int(done, "done_n")};
    return ERR_OK;
}

enum err report_name_change_get(struct hall_tx *tx, int64_t order, struct report_name_change *out,
                                struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_report_name_change, PARAMS(P_INT(order)), tx->arena, &r, e));
    *out = (struct report_name_change){.opened_at = row_int(r, "opened_at"),
                                       .due_at = row_int(r, "due_at"),
                                       .closed_at = row_int(r, "closed_at")};
    return ERR_OK;
}
