/* Clocks: rows beside the states (requirements §10.10). */
#include "hall/task/task.h"

#include "hall/task/task_sql.h"
#include "store/store.h"

enum err task_clock_start(struct hall_tx *tx, const struct task_clock *c, struct err_info *e)
{
    return store_exec(tx->db, &Q_task_clock_start,
                      PARAMS(P_INT(c->order), P_TEXT(c->name), P_TEXT(c->owner),
                             P_INT(c->started_at), P_INT(c->due_at), P_INT(c->provisional),
                             P_INT(c->alarm_at)),
                      NULL, e);
}

enum err task_clock_stop(struct hall_tx *tx, int64_t order, const char *name, struct err_info *e)
{
    return store_exec(tx->db, &Q_task_clock_stop,
                      PARAMS(P_INT(order), P_TEXT(name), P_INT(tx->now)), NULL, e);
}

enum err task_clock_pause(struct hall_tx *tx, int64_t order, const char *name, struct err_info *e)
{
    return store_exec(tx->db, &Q_task_clock_pause,
                      PARAMS(P_INT(order), P_TEXT(name), P_INT(tx->now)), NULL, e);
}

enum err task_clock_resume(struct hall_tx *tx, const struct task_clock *c, struct err_info *e)
{
    return store_exec(tx->db, &Q_task_clock_resume,
                      PARAMS(P_INT(c->order), P_TEXT(c->name), P_INT(c->due_at),
                             P_INT(c->provisional), P_INT(c->alarm_at)),
                      NULL, e);
}

static enum err clocks_of(struct hall_tx *tx, const struct store_rows *rows,
                          const struct task_clock **out, size_t *n)
{
    struct task_clock *list = arena_alloc(tx->arena, (rows->n + 1) * sizeof *list);
    for (size_t i = 0; i < rows->n; i++) {
        const struct store_row *r = &rows->row[i];
        list[i] = (struct task_clock){.order = row_int(r, "order_id"),
                                      .name = row_text(r, "name"),
                                      .owner = row_text(r, "owner"),
                                      .started_at = row_int(r, "started_at"),
                                      .due_at = row_int(r, "due_at"),
                                      .provisional = (int)row_int(r, "provisional"),
                                      .paused_at = row_int(r, "paused_at"),
                                      .stopped_at = row_int(r, "stopped_at"),
                                      .alarm_at = row_int(r, "alarm_at")};
    }
    *out = list;
    *n = rows->n;
    return ERR_OK;
}

enum err task_clock_list(struct hall_tx *tx, int64_t order, const struct task_clock **out,
                         size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_task_clock_list, PARAMS(P_INT(order)), tx->arena, &rows, e));
    return clocks_of(tx, &rows, out, n);
}

enum err task_clock_alarms(struct hall_tx *tx, int limit, const struct task_clock **out, size_t *n,
                           struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_task_clock_alarms, PARAMS(P_INT(tx->now), P_INT(limit)), tx->arena,
                   &rows, e));
    return clocks_of(tx, &rows, out, n);
}

enum err task_clock_told(struct hall_tx *tx, int64_t order, const char *name, struct err_info *e)
{
    return store_exec(tx->db, &Q_task_clock_told, PARAMS(P_INT(order), P_TEXT(name)), NULL, e);
}
