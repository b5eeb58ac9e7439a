#include "hall/task/task.h"

#include "hall/event/event.h"
#include "hall/task/task_sql.h"
#include "store/store.h"

#include <string.h>

static const int64_t NEVER = INT64_MAX; /* sorts behind every due date */

static enum err tell(struct hall_tx *tx, const char *role, struct err_info *e)
{
    return event_put(tx, arena_fmt(tx->arena, "tasks:%s", role), e);
}

enum err task_open(struct hall_tx *tx, const struct task_new *t, int64_t *id, struct err_info *e)
{
    const struct store_row *row;
    int64_t made = 0, new_id = hall_new_id(tx->hall);
    const char *subject = t->subject ? t->subject : "";
    const char *key = arena_fmt(tx->arena, "%lld/%s/%s", (long long)t->order, t->kind, subject);
    TRY(store_exec(tx->db, &Q_task_add,
                   PARAMS(P_INT(new_id), P_INT(t->order), P_TEXT(t->kind),
                          P_TEXT(t->project ? t->project : ""), P_TEXT(subject), P_TEXT(t->role),
                          P_TEXT(t->note ? t->note : ""), P_INT(tx->now), P_INT(t->due_at),
                          P_INT(t->due_at ? t->due_at : NEVER), P_INT(t->provisional), P_TEXT(key)),
                   &made, e));
    if (!made) {
        TRY(store_one(tx->db, &Q_task_by_key, PARAMS(P_TEXT(key)), tx->arena, &row, e));
        new_id = row_int(row, "id");
    }
    if (id)
        *id = new_id;
    return made ? tell(tx, t->role, e) : ERR_OK;
}

static enum err close_one(struct hall_tx *tx, int64_t id, const char *role, struct err_info *e)
{
    TRY(store_exec(tx->db, &Q_task_close, PARAMS(P_INT(id), P_INT(tx->now)), NULL, e));
    return tell(tx, role, e);
}

enum err task_close(struct hall_tx *tx, int64_t order, const char *kind, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_task_of_order, PARAMS(P_INT(order), P_TEXT(kind)), tx->arena, &rows,
                   e));
    for (size_t i = 0; i < rows.n; i++)
        TRY(close_one(tx, row_int(&rows.row[i], "id"), row_text(&rows.row[i], "role"), e));
    return ERR_OK;
}

enum err task_close_all(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    return task_close(tx, order, "", e);
}

static struct task task_of(const struct hall_tx *tx, const struct store_row *r)
{
    struct task t = {.id = row_int(r, "id"),
                     .order = row_int(r, "order_id"),
                     .kind = row_text(r, "kind"),
                     .project = row_text(r, "project"),
                     .subject = row_text(r, "subject"),
                     .role = row_text(r, "role"),
                     .note = row_text(r, "note"),
                     .opened_at = row_int(r, "opened_at"),
                     .due_at = row_int(r, "due_at"),
                     .provisional = (int)row_int(r, "provisional"),
                     .claimed_by = row_int(r, "claimed_by"),
                     .claimed_name = row_text(r, "claimed_name"),
                     .lease_until = row_int(r, "lease_until"),
                     .version = row_int(r, "version")};
    if (t.claimed_by && t.lease_until < tx->machine) {
        t.claimed_by = 0;
        t.claimed_name = "";
    }
    return t;
}

enum err task_get(struct hall_tx *tx, int64_t id, struct task *out, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_task_get, PARAMS(P_INT(id)), tx->arena, &row, e));
    *out = task_of(tx, row);
    return ERR_OK;
}

enum err task_close_id(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    struct task t;
    TRY(task_get(tx, id, &t, e));
    return close_one(tx, id, t.role, e);
}

enum err task_claim(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    struct task t;
    int64_t claimed;
    TRY(store_exec(tx->db, &Q_task_claim,
                   PARAMS(P_INT(id), P_INT(tx->who.id), P_TEXT(tx->who.name),
                          P_INT(tx->machine + TASK_LEASE_MS), P_INT(tx->machine)),
                   &claimed, e));
    TRY(task_get(tx, id, &t, e));
    if (claimed)
        return tell(tx, t.role, e);
    err_set(e, ERR_TASK_TAKEN, NULL, "task %lld is claimed by %lld", (long long)id,
            (long long)t.claimed_by);
    err_arg(e, "who", "%s", t.claimed_name);
    return ERR_TASK_TAKEN;
}

enum err task_release(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    struct task t;
    int64_t released;
    TRY(store_exec(tx->db, &Q_task_release, PARAMS(P_INT(id), P_INT(tx->who.id)), &released, e));
    TRY(task_get(tx, id, &t, e));
    return released ? tell(tx, t.role, e) : ERR_OK;
}

static const char *text_or_none(const char *s)
{
    return s ? s : "";
}

enum err task_list(struct hall_tx *tx, const struct task_filter *f, const struct task **out,
                   size_t *n, struct err_info *e)
{
    struct store_rows rows;
    int64_t after = f->after_id == 0 ? -1 : f->after_due ? f->after_due : NEVER;
    const struct store_value role = P_TEXT(text_or_none(f->role)),
                             project = P_TEXT(text_or_none(f->project)),
                             kind = P_TEXT(text_or_none(f->kind));
    if (f->order)
        TRY(store_many(tx->db, &Q_task_list_of_order,
                       PARAMS(role, project, kind, P_INT(f->order), P_INT(f->mine),
                              P_INT(tx->machine), P_INT(f->free_only), P_INT(after),
                              P_INT(f->after_id), P_INT(f->limit)),
                       tx->arena, &rows, e));
    else
        TRY(store_many(tx->db, &Q_task_list,
                       PARAMS(role, project, kind, P_INT(f->mine), P_INT(tx->machine),
                              P_INT(f->free_only), P_INT(after), P_INT(f->after_id),
                              P_INT(f->limit)),
                       tx->arena, &rows, e));
    struct task *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++)
        list[i] = task_of(tx, &rows.row[i]);
    *out = list;
    *n = rows.n;
    return ERR_OK;
}

enum err task_counts(struct hall_tx *tx, const struct task_count **out, size_t *n,
                     struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_task_counts, PARAMS(P_INT(tx->now)), tx->arena, &rows, e));
    struct task_count *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++)
        list[i] = (struct task_count){.role = row_text(&rows.row[i], "role"),
                                      .kind = row_text(&rows.row[i], "kind"),
                                      .open = row_int(&rows.row[i], "open_n"),
                                      .overdue = row_int(&rows.row[i], "overdue_n")};
    *out = list;
    *n = rows.n;
    return ERR_OK;
}
