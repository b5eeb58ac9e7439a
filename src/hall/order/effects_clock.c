/* Clocks (requirements 10.10): the rows that pages show, and the timers that fire. */
#include "hall/calendar/calendar.h"
#include "hall/order/order_priv.h"
#include "hall/order/order_sql.h"
#include "hall/task/task.h"

#include <string.h>

static const struct flow_clock *clock_of(const struct order_run *run)
{
    return &run->facts.rules->clock[run->what->arg];
}

static enum err set_timer(struct order_run *run, const struct flow_clock *c, int64_t due_at,
                          struct err_info *e)
{
    if (c->fires == EVENT_NONE)
        return ERR_OK;
    return store_exec(
        run->tx->db, &Q_order_timer_set,
        PARAMS(P_INT(run->o.id), P_TEXT(c->name), P_TEXT(flow_event_name(c->fires)), P_INT(due_at)),
        NULL, e);
}

static enum err drop_timer(struct order_run *run, const struct flow_clock *c, struct err_info *e)
{
    return store_exec(run->tx->db, &Q_order_timer_drop, PARAMS(P_INT(run->o.id), P_TEXT(c->name)),
                      NULL, e);
}

static int is_staffs(enum flow_owner o)
{
    return o == OWNER_REVIEWER || o == OWNER_FINANCE || o == OWNER_MAKER || o == OWNER_SHIPPING ||
           o == OWNER_PAPER || o == OWNER_SUPPORT || o == OWNER_COUNTER;
}

/* G-14: at four fifths of its time whoever runs the project is told of a clock that the staff work against. */
static int64_t alarm_of(const struct flow_clock *c, int64_t started_at, int64_t due_at)
{
    return is_staffs(c->owner) ? started_at + (due_at - started_at) / 5 * 4 : 0;
}

enum err order_fx_clock_start(struct order_run *run, struct err_info *e)
{
    const struct flow_clock *c = clock_of(run);
    struct task_clock clock = {
        .order = run->o.id,
        .name = c->name,
        .owner = flow_owner_name(c->owner),
        .started_at = run->tx->now,
    };
    clock.due_at = project_clock_due(run->o.rules_of, run->tx->hall->calendar, run->what->arg,
                                     run->tx->now, &clock.provisional);
    clock.alarm_at = alarm_of(c, clock.started_at, clock.due_at);
    TRY(task_clock_start(run->tx, &clock, e));
    return set_timer(run, c, clock.due_at, e);
}

/* The task that its alarm opened. */
static enum err close_late(struct order_run *run, const struct flow_clock *c, struct err_info *e)
{
    const struct task *t;
    size_t n;
    struct task_filter late = {.order = run->o.id, .kind = ORDER_TASK_LATE, .limit = 20};
    TRY(task_list(run->tx, &late, &t, &n, e));
    for (size_t i = 0; i < n; i++)
        if (strcmp(t[i].subject, c->name) == 0)
            TRY(task_close_id(run->tx, t[i].id, e));
    return ERR_OK;
}

enum err order_fx_clock_stop(struct order_run *run, struct err_info *e)
{
    const struct flow_clock *c = clock_of(run);
    TRY(task_clock_stop(run->tx, run->o.id, c->name, e));
    TRY(close_late(run, c, e));
    return drop_timer(run, c, e);
}

enum err order_fx_clock_pause(struct order_run *run, struct err_info *e)
{
    const struct flow_clock *c = clock_of(run);
    TRY(task_clock_pause(run->tx, run->o.id, c->name, e));
    return drop_timer(run, c, e);
}

enum err order_pay_anew(struct order_run *run, struct err_info *e)
{
    const struct flow_rules *rules = run->facts.rules;
    for (int i = 0; i < rules->clocks; i++) {
        if (rules->clock[i].fires != EVENT_APP_PAY_TIMEOUT)
            continue;
        const struct flow_do again = {.effect = EFFECT_CLOCK_START, .arg = (uint8_t)i};
        run->what = &again;
        TRY(order_fx_clock_start(run, e));
        run->what = NULL;
    }
    return ERR_OK;
}

/* The time that had passed before the pause counts: the due day moves by the length of the pause. */
enum err order_fx_clock_resume(struct order_run *run, struct err_info *e)
{
    const struct flow_clock *c = clock_of(run);
    const struct task_clock *all;
    size_t n;
    TRY(task_clock_list(run->tx, run->o.id, &all, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(all[i].name, c->name) != 0 || !all[i].paused_at || all[i].stopped_at)
            continue;
        const struct calendar *cal = run->tx->hall->calendar;
        int provisional = all[i].provisional;
        int64_t due_at = all[i].due_at + (run->tx->now - all[i].paused_at);
        if (c->unit == UNIT_WORKDAYS) {
            int left = calendar_workdays_until(cal, time_china_day(all[i].paused_at),
                                               time_china_day(all[i].due_at));
            due_at = calendar_day_end(calendar_add_workdays(cal, time_china_day(run->tx->now),
                                                            left > 0 ? left : 0, &provisional));
        }
        struct task_clock again = all[i];
        again.due_at = due_at;
        again.provisional = provisional;
        again.alarm_at = alarm_of(c, all[i].started_at, due_at);
        TRY(task_clock_resume(run->tx, &again, e));
        return set_timer(run, c, due_at, e);
    }
    return ERR_OK;
}
