/* The one function that applies an event, and the cascade that follows from it. */
#include "hall/flow/flow_priv.h"

#include <assert.h>
#include <string.h>

typedef const struct flow_row *(*rows_fn)(int *n);

static const rows_fn tables[FLOW_MACHINES] = {
    [FLOW_CODE] = flow_code_rows,       [FLOW_APPLICATION] = flow_application_rows,
    [FLOW_PAYMENT] = flow_payment_rows, [FLOW_INVOICE] = flow_invoice_rows,
    [FLOW_PAPER] = flow_paper_rows,     [FLOW_FULFILMENT] = flow_fulfilment_rows,
    [FLOW_UKEY] = flow_ukey_rows,       [FLOW_CERTIFICATE] = flow_certificate_rows,
};

const struct flow_row *flow_rows(enum flow_machine m, int *n)
{
    return tables[m](n);
}

static int makes_key(const struct flow_rules *r)
{
    /* A renewal in place, too: where the UKey dies on the way it becomes a reissue (A29). */
    return (r->types & ~(1U << TYPE_UNLOCK | 1U << TYPE_REVOKE)) != 0;
}

static uint64_t bit_if(int yes, uint64_t bit)
{
    return yes ? bit : 0;
}

static int has_stages(const struct flow_rules *r)
{
    for (int t = 0; t < TYPE_COUNT; t++)
        if (r->types >> t & 1 && r->stages[t])
            return 1;
    return 0;
}

uint64_t flow_switches(const struct flow_rules *r)
{
    uint32_t reissue = r->types & (1U << TYPE_REISSUE_LOST | 1U << TYPE_REISSUE_DAMAGED);
    uint32_t by_medium = r->types & (1U << TYPE_RENEW | 1U << TYPE_CHANGE);
    int pays = r->pay_when != PAY_NEVER;
    int invoices = pays && r->invoice != INVOICE_NEVER;
    return bit_if(has_stages(r), SW_REVIEW) | bit_if(pays, SW_PAY) |
           bit_if(pays && r->pay_transfer, SW_TRANSFER) | bit_if(r->fix == FIX_EDIT, SW_FIX_EDIT) |
           bit_if(r->fix == FIX_CLOSE_AND_NEW, SW_FIX_CLOSE) |
           bit_if(r->edit_pending, SW_EDIT_PENDING) |
           bit_if(pays && r->refund_on_request, SW_REFUND_ASK) | bit_if(r->revive, SW_REVIVE) |
           bit_if(invoices, SW_INVOICE) |
           bit_if(invoices && r->invoice == INVOICE_AUTO, SW_INVOICE_AUTO) |
           bit_if(invoices && r->invoice == INVOICE_BATCH, SW_INVOICE_BATCH) |
           bit_if(invoices && r->invoice == INVOICE_ON_REQUEST, SW_INVOICE_REQUEST) |
           bit_if(r->title_free, SW_TITLE_FREE) |
           bit_if(invoices && r->invoice_correct, SW_INVOICE_CORRECT) |
           bit_if(r->papers > 0, SW_PAPER) | bit_if(r->via_org && makes_key(r), SW_VIA_ORG) |
           bit_if(!r->via_org && makes_key(r), SW_DIRECT) | bit_if(r->activate, SW_ACTIVATE) |
           bit_if(r->bind, SW_BIND) | bit_if(r->resend, SW_RESEND) |
           bit_if(r->inactive_first, SW_INACTIVE) | bit_if(r->freeze_online, SW_FREEZE) |
           bit_if(r->expiry, SW_EXPIRY) | bit_if(r->code_intake, SW_CODE) |
           bit_if(makes_key(r), SW_MAKES) |
           bit_if(by_medium && r->renew_medium != MEDIUM_NEW_KEY, SW_IN_PLACE) |
           bit_if((int)(r->types >> TYPE_UNLOCK & 1), SW_UNLOCK) |
           bit_if((int)(r->types >> TYPE_REISSUE_DAMAGED & 1), SW_DAMAGE) |
           bit_if(reissue != 0, SW_REPLACE) |
           bit_if((int)(r->types >> TYPE_CHANGE & 1), SW_CHANGE) |
           bit_if(r->types >> TYPE_RENEW & 1 && r->renew_medium != MEDIUM_IN_PLACE, SW_RETIRE) |
           bit_if(r->ukey_return, SW_RETURN) | bit_if((r->types & r->materials) != 0, SW_MATERIALS);
}

int flow_row_on(const struct flow_rules *r, const struct flow_row *row)
{
    if (row->needs & ~flow_switches(r))
        return 0;
    if (row->types && !(row->types & r->types))
        return 0;
    for (int i = 0; i < r->offs; i++)
        if (strcmp(r->off[i], row->id) == 0)
            return 0;
    return 1;
}

int flow_rows_without_code(const struct flow_rules *r, const struct flow_row **out, int max)
{
    int found = 0;
    for (int m = 0; m < FLOW_MACHINES; m++) {
        int n;
        const struct flow_row *rows = flow_rows((enum flow_machine)m, &n);
        for (int i = 0; i < n; i++)
            if (!rows[i].built && flow_row_on(r, &rows[i])) {
                if (found < max)
                    out[found] = &rows[i];
                found++;
            }
    }
    return found;
}

/* One run of flow_apply: events still to come, with the paper set they are about. */
struct run {
    const struct flow_facts *f;
    struct flow_result *out;
    struct {
        enum flow_event event;
        int set;
    } queue[FLOW_STEPS_MAX * 2];
    int head, tail;
};

static int state_of(const struct flow_states *s, enum flow_machine m, int set)
{
    return m == FLOW_PAPER ? s->paper[set].state : s->at[m];
}

static void push(struct run *run, enum flow_event ev, int set)
{
    assert(run->tail < (int)(sizeof run->queue / sizeof run->queue[0]));
    run->queue[run->tail].event = ev;
    run->queue[run->tail++].set = set;
}

static void todo(struct run *run, enum flow_effect fx, enum flow_machine m, int arg, int set,
                 const char *row)
{
    assert(run->out->todos < FLOW_DO_MAX);
    struct flow_do *d = &run->out->todo[run->out->todos++];
    *d = (struct flow_do){
        .effect = fx, .machine = m, .arg = (uint8_t)arg, .set = (uint8_t)set, .row = row};
}

static int row_fits(const struct flow_facts *f, const struct flow_states *s,
                    const struct flow_row *row, int set)
{
    return row->from >> state_of(s, row->machine, set) & 1 &&
           (!row->types || row->types >> f->type & 1) && flow_row_on(f->rules, row);
}

static enum flow_guard failing_guard(const struct flow_facts *f, const struct flow_states *s,
                                     const struct flow_row *row, int set)
{
    for (int i = 0; i < FLOW_GUARDS_MAX && row->guard[i]; i++)
        if (!flow_guard_holds(f, s, set, (enum flow_guard)row->guard[i]))
            return (enum flow_guard)row->guard[i];
    return GUARD_NONE;
}

/* The first row that fits; ACTOR_COUNT as actor is an event that another row raised: nobody asks who. */
static const struct flow_row *find_row(const struct flow_facts *f, const struct flow_states *s,
                                       enum flow_event ev, enum flow_actor actor, int set)
{
    int n;
    const struct flow_row *rows = flow_rows(flow_event_machine(ev), &n);
    for (int i = 0; i < n; i++) {
        if (rows[i].event != ev || !row_fits(f, s, &rows[i], set))
            continue;
        if (actor != ACTOR_COUNT && !(rows[i].actor >> actor & 1))
            continue;
        if (failing_guard(f, s, &rows[i], set) == GUARD_NONE)
            return &rows[i];
    }
    return NULL;
}

static int clock_hears(const struct flow_clock *c, const struct flow_facts *f,
                       enum flow_event wanted, int wanted_stage, enum flow_event ev, int stage)
{
    return wanted == ev && (!c->types || c->types >> f->type & 1) &&
           (!wanted_stage || wanted_stage == stage);
}

static void clocks_hear(struct run *run, enum flow_event ev, int stage)
{
    const struct flow_rules *r = run->f->rules;
    for (int i = 0; i < r->clocks; i++) {
        const struct flow_clock *c = &r->clock[i];
        if (clock_hears(c, run->f, c->stops, c->stops_stage, ev, stage))
            todo(run, EFFECT_CLOCK_STOP, flow_event_machine(ev), i, 0, c->name);
        if (clock_hears(c, run->f, c->starts, c->starts_stage, ev, stage))
            todo(run, EFFECT_CLOCK_START, flow_event_machine(ev), i, 0, c->name);
    }
}

/* Paper sets become expected when what opens them happens. */
static void papers_hear(struct run *run, enum flow_event ev)
{
    const struct flow_rules *r = run->f->rules;
    for (int i = 0; i < r->papers; i++) {
        const struct flow_paper_set *p = &r->paper[i];
        if (p->opens == ev && (!p->types || p->types >> run->f->type & 1))
            push(run, EVENT_PAPER_OPEN, i);
    }
}

static void count(struct run *run, const struct flow_row *row, int set)
{
    struct flow_states *s = &run->out->states;
    uint8_t *n = row->machine == FLOW_PAPER ? &s->paper[set].leg : &s->passed;
    switch (row->count) {
    case COUNT_NEXT:
        (*n)++;
        break;
    case COUNT_ZERO:
        *n = 0;
        break;
    case COUNT_FIRST:
        *n = *n ? *n : 1;
        break;
    case COUNT_RESUBMIT:
        *n = run->f->rules->resubmit_from_start ? 0 : *n;
        break;
    default:
        break;
    }
}

/* A second telling of the same thing (P4 with money that is booked) starts and stops nothing. */
static int changes_something(const struct flow_row *row)
{
    return row->to != FLOW_SAME || row->count != COUNT_KEEP || row->effect[0].effect ||
           row->raise[0];
}

static void take(struct run *run, const struct flow_row *row, int set)
{
    struct flow_states *s = &run->out->states;
    int stage = s->passed + 1;
    int was = s->at[FLOW_APPLICATION], passed = s->passed;
    assert(run->out->steps < FLOW_STEPS_MAX);
    run->out->step[run->out->steps++] = row;
    if (row->to != FLOW_SAME) {
        if (row->machine == FLOW_PAPER)
            s->paper[set].state = (uint8_t)row->to;
        else
            s->at[row->machine] = (uint8_t)row->to;
    }
    count(run, row, set);
    for (int i = 0; i < FLOW_ROW_EFFECTS_MAX && row->effect[i].effect; i++)
        todo(run, (enum flow_effect)row->effect[i].effect, row->machine, row->effect[i].arg, set,
             row->id);
    if (changes_something(row)) {
        clocks_hear(run, row->event, row->machine == FLOW_APPLICATION ? stage : 0);
        papers_hear(run, row->event);
    }
    int now = s->at[FLOW_APPLICATION];
    if (now == FLOW_APPLICATION_REVIEW && (was != now || s->passed != passed))
        push(run, EVENT_STAGE_ENTERED, set);
    for (int i = 0; i < FLOW_RAISES_MAX && row->raise[i]; i++)
        push(run, (enum flow_event)row->raise[i], set);
}

static int ended_early(int app)
{
    return app == FLOW_APPLICATION_CANCELLED || app == FLOW_APPLICATION_CLOSED ||
           app == FLOW_APPLICATION_REFUSED || app == FLOW_APPLICATION_LAPSED;
}

/* A clock that measures money or invoices goes on when the order has ended. */
static int clock_outlives(const struct flow_clock *c)
{
    return flow_event_machine(c->starts) == FLOW_INVOICE ||
           flow_event_machine(c->stops) == FLOW_INVOICE || c->starts == EVENT_PAY_STOP ||
           c->starts == EVENT_PAY_REFUND_ASK;
}

static void settle_clocks(struct run *run, int was, int now)
{
    const struct flow_rules *r = run->f->rules;
    if (was == now)
        return;
    for (int i = 0; i < r->clocks; i++) {
        const struct flow_clock *c = &r->clock[i];
        if (ended_early(now) && !clock_outlives(c))
            todo(run, EFFECT_CLOCK_STOP, FLOW_APPLICATION, i, 0, c->name);
        else if (!(c->pauses >> was & 1) && c->pauses >> now & 1)
            todo(run, EFFECT_CLOCK_PAUSE, FLOW_APPLICATION, i, 0, c->name);
        else if (c->pauses >> was & 1 && !(c->pauses >> now & 1))
            todo(run, EFFECT_CLOCK_RESUME, FLOW_APPLICATION, i, 0, c->name);
    }
}

static int has_desk(enum flow_owner o)
{
    switch (o) {
    case OWNER_REVIEWER:
    case OWNER_FINANCE:
    case OWNER_MAKER:
    case OWNER_SHIPPING:
    case OWNER_PAPER:
    case OWNER_SUPPORT:
    case OWNER_COUNTER:
    case OWNER_REGULATOR:
        return 1;
    default:
        return 0;
    }
}

static void settle_task(struct run *run, enum flow_machine m, int set, int was, int now, int anew)
{
    if (was == now && !anew)
        return;
    if (has_desk(flow_owner(run->f->rules, m, was)) && !flow_is_rest(m, was))
        todo(run, EFFECT_TASK_CLOSE, m, was, set, "");
    if (has_desk(flow_owner(run->f->rules, m, now)) && !flow_is_rest(m, now))
        todo(run, EFFECT_TASK_OPEN, m, now, set, "");
}

/* Tasks follow from the states: whoever owns the state that a region came to rest in (invariant 4). */
static void settle_tasks(struct run *run, const struct flow_states *was)
{
    static const enum flow_machine regions[] = {FLOW_APPLICATION, FLOW_PAYMENT, FLOW_INVOICE,
                                                FLOW_FULFILMENT};
    const struct flow_states *now = &run->out->states;
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        enum flow_machine m = regions[i];
        int next_stage = m == FLOW_APPLICATION && was->passed != now->passed;
        settle_task(run, m, 0, was->at[m], now->at[m], next_stage);
    }
    for (int i = 0; i < now->papers; i++)
        settle_task(run, FLOW_PAPER, i, was->paper[i].state, now->paper[i].state,
                    was->paper[i].leg != now->paper[i].leg);
}

static int is_change(enum flow_event ev)
{
    return ev == EVENT_APP_SAVE || ev == EVENT_APP_CONFIRM || ev == EVENT_APP_REOPEN ||
           ev == EVENT_APP_EDIT || ev == EVENT_APP_CANCEL || ev == EVENT_APP_CLOSE_AND_NEW ||
           ev == EVENT_PAY_REFUND_ASK;
}

static enum err refuse_actor(uint32_t actors, enum flow_event ev, struct err_info *e)
{
    enum err code = err_set(e, ERR_FORBIDDEN, NULL, "%s is for others", flow_event_name(ev));
    for (int a = 0; a < ACTOR_COUNT; a++)
        if (actors >> a & 1) {
            err_arg(e, "who", "%s", flow_actor_name((enum flow_actor)a));
            break;
        }
    return code;
}

/* Why no row was taken: a guard with an answer of its own before one that only chooses between rows. */
static enum err refuse(const struct flow_facts *f, const struct flow_states *s, enum flow_event ev,
                       enum flow_actor actor, struct err_info *e)
{
    int n;
    enum flow_machine m = flow_event_machine(ev);
    const struct flow_row *rows = flow_rows(m, &n);
    enum err code = ERR_OK;
    enum flow_guard failed = GUARD_NONE;
    uint32_t others = 0;
    if (is_change(ev) && flow_is_frozen(f, s))
        return err_set(e, ERR_ORDER_FROZEN, NULL, "%s after payment", flow_event_name(ev));
    for (int i = 0; i < n; i++) {
        if (rows[i].event != ev || !row_fits(f, s, &rows[i], f->paper_set))
            continue;
        if (!(rows[i].actor >> actor & 1)) {
            others |= rows[i].actor;
            continue;
        }
        enum flow_guard g = failing_guard(f, s, &rows[i], f->paper_set);
        if (code == ERR_OK || code == ERR_ORDER_STATE) {
            code = flow_guard_error(g);
            failed = g;
        }
    }
    if (code == ERR_OK && others)
        return refuse_actor(others, ev, e);
    const char *state = flow_state_name(m, state_of(s, m, f->paper_set));
    err_set(e, code == ERR_OK ? ERR_ORDER_STATE : code, NULL, "%s in %s %s, guard %s",
            flow_event_name(ev), flow_machine_name(m), state, flow_guard_name(failed));
    err_arg(e, "state", "%s", state);
    err_arg(e, "event", "%s", flow_event_name(ev));
    return e->code;
}

enum err flow_apply(const struct flow_facts *f, const struct flow_states *now,
                    enum flow_event event, enum flow_actor actor, struct flow_result *out,
                    struct err_info *e)
{
    struct run run = {.f = f, .out = out};
    memset(out, 0, sizeof *out);
    out->states = *now;
    if (event == EVENT_APP_CREATE)
        out->states.papers = (uint8_t)f->rules->papers;
    const struct flow_row *row = find_row(f, now, event, actor, f->paper_set);
    if (!row)
        return refuse(f, now, event, actor, e);
    if (row->refuse != ERR_OK)
        return err_set(e, row->refuse, NULL, "row %s", row->id);
    take(&run, row, f->paper_set);
    for (; run.head < run.tail; run.head++) {
        enum flow_event ev = run.queue[run.head].event;
        int set = run.queue[run.head].set;
        if (flow_is_signal(ev)) {
            clocks_hear(&run, ev, out->states.passed + 1);
            papers_hear(&run, ev);
            continue;
        }
        row = find_row(f, &out->states, ev, ACTOR_COUNT, set);
        if (row)
            take(&run, row, set);
    }
    settle_clocks(&run, now->at[FLOW_APPLICATION], out->states.at[FLOW_APPLICATION]);
    settle_tasks(&run, now);
    return ERR_OK;
}

int flow_allowed(const struct flow_facts *f, const struct flow_states *now, enum flow_event event,
                 enum flow_actor actor)
{
    const struct flow_row *row = find_row(f, now, event, actor, f->paper_set);
    return row && row->refuse == ERR_OK;
}
