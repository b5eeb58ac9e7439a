/* What happens by itself when its time has come. Any number of processes may run this: the row of the timer goes in
 * the transaction of the event, and the order's version guards both. */
#include "hall/order/order_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "hall/order/order_sql.h"
#include "hall/payment/payment.h"
#include "hall/task/task.h"

#include <inttypes.h>

enum { TIMERS_AT_ONCE = 100 };

struct due {
    int64_t order, due_at;
    const char *name; /* "" : a draft that is kept no longer */
    enum flow_event event;
};

/* A refusal says that what the timer was set for has been overtaken; the timer goes all the same. */
static int is_overtaken(enum err code)
{
    return code == ERR_ORDER_STATE || code == ERR_ORDER_FROZEN || code == ERR_FORBIDDEN ||
           code == ERR_NOT_FOUND;
}

/* A8: nobody gives an order up whose money may be at the gateway; the timer waits for the answer. */
static enum err ask_first(struct hall_tx *tx, const struct due *d, int *waits, struct err_info *e)
{
    int64_t wait_ms;
    *waits = 0;
    if (d->event != EVENT_APP_PAY_TIMEOUT)
        return ERR_OK;
    TRY(payment_give_up(tx, d->order, &wait_ms, e));
    *waits = wait_ms > 0;
    if (!*waits)
        return ERR_OK;
    return store_exec(tx->db, &Q_order_timer_set,
                      PARAMS(P_INT(d->order), P_TEXT(d->name), P_TEXT(flow_event_name(d->event)),
                             P_INT(tx->now + wait_ms)),
                      NULL, e);
}

static enum err apply_due(struct hall_tx *tx, void *arg, struct err_info *e)
{
    const struct due *d = arg;
    static const enum flow_actor operator_ = ACTOR_OPERATOR;
    struct order_input in = {0};
    int64_t dropped = 1;
    int waits;
    TRY(ask_first(tx, d, &waits, e));
    if (waits)
        return ERR_OK;
    if (!*d->name) /* A26: nobody has touched this draft for as long as the profile keeps one */
        in.as = &operator_;
    /* the row goes first: an event that starts the same clock again sets a new one */
    if (*d->name)
        TRY(store_exec(tx->db, &Q_order_timer_drop_due,
                       PARAMS(P_INT(d->order), P_TEXT(d->name), P_INT(d->due_at)), &dropped, e));
    if (!dropped) /* another process was faster */
        return ERR_OK;
    TRY(store_save(tx->db, e));
    enum err done = order_apply(tx, d->order, d->event, &in, NULL, e);
    if (done == ERR_OK)
        return store_keep(tx->db, e);
    if (!is_overtaken(done) || !*d->name)
        return done;
    return store_undo(tx->db, e);
}

static enum err fire(const struct hall *h, struct due *d, struct err_info *e)
{
    _auto(arena) a = arena_new();
    TRY(hall_change(h, &hall_timer, a, apply_due, d, e));
    boundary(BOUNDARY_HALL_TIMER_FIRED);
    return ERR_OK;
}

/* The next round tries again; one order's trouble does not stop the others. */
static void passed_over(const char *what, int64_t order, const char *name,
                        const struct err_info *why)
{
    log_line(LOG_LEVEL_WARN, "order.timer", "%s of order %" PRId64 " %s: %s %s", what, order, name,
             err_code_text(why->code), why->detail);
}

static enum err find_due(const struct hall *h, struct arena *a, struct due *out, size_t *n,
                         struct err_info *e)
{
    _auto_hall_tx tx = {0};
    struct store_rows timers, drafts;
    TRY(hall_begin(h, 0, &hall_timer, a, &tx, e));
    TRY(store_many(tx.db, &Q_order_timer_due, PARAMS(P_INT(tx.now), P_INT(TIMERS_AT_ONCE)), a,
                   &timers, e));
    TRY(store_many(tx.db, &Q_order_drafts_due, PARAMS(P_INT(tx.now), P_INT(TIMERS_AT_ONCE)), a,
                   &drafts, e));
    *n = 0;
    for (size_t i = 0; i < timers.n; i++) {
        int event = flow_event_from_name(row_text(&timers.row[i], "event"));
        if (event > 0)
            out[(*n)++] = (struct due){.order = row_int(&timers.row[i], "order_id"),
                                       .due_at = row_int(&timers.row[i], "due_at"),
                                       .name = row_text(&timers.row[i], "name"),
                                       .event = (enum flow_event)event};
    }
    for (size_t i = 0; i < drafts.n; i++)
        out[(*n)++] = (struct due){
            .order = row_int(&drafts.row[i], "id"), .name = "", .event = EVENT_APP_CANCEL};
    return ERR_OK;
}

/* G-14: told once, and no more than told: nothing of the order moves because it is late. */
static enum err tell_late(struct hall_tx *tx, const struct task_clock *c, struct err_info *e)
{
    struct order o;
    TRY(order_get(tx, c->order, &o, e));
    struct task_new t = {.kind = ORDER_TASK_LATE,
                         .project = o.project,
                         .order = o.id,
                         .subject = c->name,
                         .role = "project_admin",
                         .due_at = c->due_at,
                         .provisional = c->provisional};
    TRY(task_open(tx, &t, NULL, e));
    return task_clock_told(tx, c->order, c->name, e);
}

static enum err find_alarms(const struct hall *h, struct arena *a, const struct task_clock **c,
                            size_t *n, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 0, &hall_timer, a, &tx, e));
    return task_clock_alarms(&tx, TIMERS_AT_ONCE, c, n, e);
}

static enum err tell_one(const struct hall *h, const struct task_clock *c, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, &hall_timer, a, &tx, e));
    TRY(tell_late(&tx, c, e));
    return hall_commit(&tx, e);
}

/* Clocks that run out. */
static enum err clocks_late(const struct hall *h, int *done, struct err_info *e)
{
    const struct task_clock *c;
    size_t n;
    _auto(arena) a = arena_new();
    TRY(find_alarms(h, a, &c, &n, e));
    for (size_t i = 0; i < n; i++) {
        struct err_info why = {0};
        if (tell_one(h, &c[i], &why) == ERR_OK)
            (*done)++;
        else
            passed_over("alarm", c[i].order, c[i].name, &why);
    }
    return ERR_OK;
}

/* C2: codes whose second working day has come. */
static enum err codes_due(const struct hall *h, int *done, struct err_info *e)
{
    int n = 0;
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, &hall_timer, a, &tx, e));
    TRY(account_usable_due(&tx, &n, e));
    *done += n;
    return hall_commit(&tx, e);
}

/* P5, P13: the gateway is asked when its page's 30 minutes are over, and for a day after that. */
static enum err ask_about(const struct hall *h, int64_t order, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, &hall_timer, a, &tx, e));
    TRY(payment_ask_gateway(&tx, order, "page", e));
    return hall_commit(&tx, e);
}

static enum err ask_due(const struct hall *h, int *done, struct err_info *e)
{
    const int64_t *orders;
    size_t n;
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 0, &hall_timer, a, &tx, e));
    TRY(payment_to_ask(&tx, TIMERS_AT_ONCE, &orders, &n, e));
    hall_end(&tx);
    for (size_t i = 0; i < n; i++) {
        struct err_info why = {0};
        if (ask_about(h, orders[i], &why) == ERR_OK)
            (*done)++;
        else
            passed_over("question", orders[i], "payment", &why);
    }
    return ERR_OK;
}

static enum err events_due(const struct hall *h, int *done, struct err_info *e)
{
    size_t n;
    _auto(arena) a = arena_new();
    struct due *due = arena_alloc(a, sizeof *due * TIMERS_AT_ONCE * 2);
    TRY(find_due(h, a, due, &n, e));
    for (size_t i = 0; i < n; i++) {
        struct err_info why = {0};
        if (fire(h, &due[i], &why) == ERR_OK)
            (*done)++;
        else
            passed_over("event", due[i].order, flow_event_name(due[i].event), &why);
    }
    return ERR_OK;
}

/* Each kind has its turn, whatever became of the others; the first failure is told. */
enum err order_timers_run(const struct hall *h, int *done, struct err_info *e)
{
    enum err (*const kinds[])(const struct hall *, int *,
                              struct err_info *) = {events_due, codes_due, clocks_late, ask_due};
    enum err first = ERR_OK;
    *done = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct err_info why = {0};
        enum err one = kinds[i](h, done, &why);
        if (one == ERR_OK || first != ERR_OK)
            continue;
        first = one;
        *e = why;
    }
    return first;
}
