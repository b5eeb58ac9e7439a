/* What a person sees: who has the order, what comes next, which clock measures it. Nothing here is
 * written by hand for a state: all of it follows from the way an order of this profile goes (invariant 10). */
#include "hall/flow/flow_priv.h"

/* One step of the way when all goes well: after `event` (of `stage`) the region is in `state`. */
struct way_step {
    enum flow_event event;
    int stage;
    enum flow_machine machine;
    int state;
};

enum { WAY_MAX = 48 };

struct way {
    struct way_step step[WAY_MAX];
    int n;
};

static void add(struct way *w, enum flow_event ev, int stage, enum flow_machine m, int state)
{
    if (w->n < WAY_MAX)
        w->step[w->n++] = (struct way_step){ev, stage, m, state};
}

static int due(const struct flow_facts *f)
{
    return f->amount_fen > 0 && f->rules->pay_when != PAY_NEVER && f->type != TYPE_RESEND;
}

static void add_payment(struct way *w)
{
    add(w, EVENT_PAY_OPEN, 0, FLOW_APPLICATION, FLOW_APPLICATION_AWAIT_PAY);
    add(w, EVENT_PAY_OPEN, 0, FLOW_PAYMENT, FLOW_PAYMENT_UNPAID);
    add(w, EVENT_PAY_START, 0, FLOW_PAYMENT, FLOW_PAYMENT_PENDING);
    add(w, EVENT_PAY_PAID, 0, FLOW_PAYMENT, FLOW_PAYMENT_PAID);
}

static int keeps_key(const struct flow_facts *f)
{
    static const struct flow_states none;
    return flow_guard_holds(f, &none, 0, GUARD_IN_PLACE);
}

static void add_fulfilment(struct way *w, const struct flow_facts *f)
{
    const struct flow_rules *r = f->rules;
    const enum flow_machine m = FLOW_FULFILMENT;
    if (f->type != TYPE_RESEND) {
        add(w, EVENT_FUL_START, 0, m, FLOW_FULFILMENT_QUEUED);
        add(w, EVENT_FUL_MAKE, 0, m, FLOW_FULFILMENT_MADE);
        add(w, EVENT_FUL_QUALITY, 0, m, FLOW_FULFILMENT_PACKED);
    } else {
        add(w, EVENT_FUL_START, 0, m, FLOW_FULFILMENT_PACKED);
    }
    add(w, EVENT_FUL_HAND_OVER, 0, m, FLOW_FULFILMENT_SHIPPED);
    if (r->via_org) {
        add(w, EVENT_FUL_ORG_RECEIVED, 0, m, FLOW_FULFILMENT_AT_ORG);
        add(w, EVENT_FUL_NOTIFY, 0, m, FLOW_FULFILMENT_READY_PICKUP);
        add(w, EVENT_FUL_PICKED_UP, 0, m, FLOW_FULFILMENT_DELIVERED);
    } else {
        add(w, EVENT_FUL_SIGNED, 0, m, FLOW_FULFILMENT_DELIVERED);
    }
    if (r->activate)
        add(w, EVENT_FUL_ACTIVATE, 0, m, FLOW_FULFILMENT_ACTIVATED);
    if (r->bind)
        add(w, EVENT_FUL_BIND, 0, m, FLOW_FULFILMENT_BOUND);
    add(w, EVENT_FUL_FINISH, 0, m, FLOW_FULFILMENT_DONE);
}

static void add_end(struct way *w, const struct flow_facts *f)
{
    const enum flow_machine m = FLOW_APPLICATION;
    if (f->type == TYPE_UNLOCK) {
        add(w, EVENT_APP_ROUTE, 0, m, FLOW_APPLICATION_UNLOCK_AUTHORISED);
        add(w, EVENT_APP_UNLOCKED, 0, m, FLOW_APPLICATION_COMPLETED);
    } else if (f->type == TYPE_REVOKE) {
        add(w, EVENT_APP_ROUTE, 0, m, FLOW_APPLICATION_REVOKING);
        add(w, EVENT_APP_REVOKED, 0, m, FLOW_APPLICATION_COMPLETED);
    } else if (keeps_key(f)) {
        add(w, EVENT_APP_ROUTE, 0, m, FLOW_APPLICATION_READY_DOWNLOAD);
        add(w, EVENT_APP_RENEWAL_COMMITTED, 0, m, FLOW_APPLICATION_COMPLETED);
    } else {
        add(w, EVENT_APP_ROUTE, 0, m, FLOW_APPLICATION_IN_PRODUCTION);
        add_fulfilment(w, f);
        add(w, EVENT_APP_FULFILLED, 0, m, FLOW_APPLICATION_COMPLETED);
    }
}

static void add_invoice(struct way *w, const struct flow_rules *r)
{
    const enum flow_machine m = FLOW_INVOICE;
    if (r->invoice == INVOICE_NEVER)
        return;
    if (r->invoice == INVOICE_ON_REQUEST) {
        add(w, EVENT_INV_OPEN, 0, m, FLOW_INVOICE_REQUESTABLE);
        add(w, EVENT_INV_APPLY, 0, m, FLOW_INVOICE_QUEUED);
    } else {
        add(w, EVENT_INV_OPEN, 0, m,
            r->invoice == INVOICE_BATCH ? FLOW_INVOICE_BATCHED : FLOW_INVOICE_QUEUED);
    }
    add(w, EVENT_INV_ISSUE, 0, m, FLOW_INVOICE_ISSUED);
    add(w, EVENT_INV_SEND, 0, m, FLOW_INVOICE_DELIVERED);
}

static void make_way(const struct flow_facts *f, struct way *w)
{
    const struct flow_rules *r = f->rules;
    w->n = 0;
    add(w, EVENT_APP_CREATE, 0, FLOW_APPLICATION, FLOW_APPLICATION_DRAFT);
    if (r->materials >> f->type & 1)
        add(w, EVENT_APP_CONFIRM, 0, FLOW_APPLICATION, FLOW_APPLICATION_MATERIALS);
    add(w, EVENT_APP_SUBMIT, 0, FLOW_APPLICATION, FLOW_APPLICATION_SUBMITTED);
    if (r->pay_when != PAY_NEVER && f->amount_fen == 0 && f->type != TYPE_RESEND)
        add(w, EVENT_PAY_OPEN, 0, FLOW_PAYMENT, FLOW_PAYMENT_NOT_DUE);
    if (due(f) && r->pay_when == PAY_BEFORE_REVIEW)
        add_payment(w);
    for (int i = 1; i <= r->stages[f->type]; i++) {
        add(w, EVENT_STAGE_ENTERED, i, FLOW_APPLICATION, FLOW_APPLICATION_REVIEW);
        add(w, EVENT_APP_PASS, i, FLOW_APPLICATION, FLOW_APPLICATION_APPROVED);
    }
    if (due(f) && r->pay_when != PAY_BEFORE_REVIEW)
        add_payment(w);
    add_end(w, f);
    for (int i = 0; i < r->papers; i++) {
        add(w, EVENT_PAPER_OPEN, i, FLOW_PAPER, FLOW_PAPER_EXPECTED);
        add(w, EVENT_PAPER_COURIER, i, FLOW_PAPER, FLOW_PAPER_IN_TRANSIT);
        add(w, EVENT_PAPER_SCAN, i, FLOW_PAPER, FLOW_PAPER_RECEIVED);
        add(w, EVENT_PAPER_ACCEPT, i, FLOW_PAPER, FLOW_PAPER_OK);
    }
    if (due(f))
        add_invoice(w, r);
}

/* A state that an order of this way never rests in: passed through within one step. */
static int rests(const struct flow_facts *f, const struct way_step *s)
{
    if (flow_is_passing(s->machine, s->state))
        return 0;
    if (s->machine == FLOW_APPLICATION && s->state == FLOW_APPLICATION_APPROVED)
        return 0;
    if (s->machine == FLOW_FULFILMENT && s->state == FLOW_FULFILMENT_DELIVERED)
        return f->rules->activate || f->rules->bind;
    if (s->machine == FLOW_FULFILMENT && s->state == FLOW_FULFILMENT_ACTIVATED)
        return f->rules->bind;
    return !(s->machine == FLOW_INVOICE && s->state == FLOW_INVOICE_ISSUED);
}

int flow_path(const struct flow_facts *f, enum flow_machine m, uint8_t *states, int max)
{
    struct way w;
    int n = 0;
    make_way(f, &w);
    for (int i = 0; i < w.n; i++) {
        const struct way_step *s = &w.step[i];
        if (s->machine != m || !rests(f, s) || (m == FLOW_PAPER && s->stage != f->paper_set))
            continue;
        if (n < max && (n == 0 || states[n - 1] != s->state))
            states[n++] = (uint8_t)s->state;
    }
    return n;
}

/* Where on the way the order is as this lane sees it; -1 where it has left the way (returned, refunding). */
static int position(const struct way *w, const struct flow_states *s, const struct flow_now *lane)
{
    for (int i = 0; i < w->n; i++) {
        const struct way_step *p = &w->step[i];
        if (p->machine != lane->machine || p->state != lane->state)
            continue;
        if (p->event == EVENT_STAGE_ENTERED && p->stage != s->passed + 1)
            continue;
        if (p->machine == FLOW_PAPER && p->stage != lane->set)
            continue;
        return i;
    }
    return -1;
}

static int find_event(const struct way *w, enum flow_event ev, int stage)
{
    for (int i = 0; i < w->n; i++)
        if (w->step[i].event == ev && (!stage || w->step[i].stage == stage))
            return i;
    return -1;
}

static int same_lane(enum flow_machine clock, enum flow_machine lane)
{
    int apart = clock == FLOW_INVOICE || clock == FLOW_PAPER || lane == FLOW_INVOICE ||
                lane == FLOW_PAPER;
    return !apart || clock == lane;
}

/* The clock that runs here and stops soonest. */
static int clock_at(const struct flow_facts *f, const struct way *w, const struct flow_now *lane,
                    int at, int application)
{
    int best = -1, best_stop = WAY_MAX;
    for (int i = 0; i < f->rules->clocks; i++) {
        const struct flow_clock *c = &f->rules->clock[i];
        if (c->types && !(c->types >> f->type & 1))
            continue;
        int start = find_event(w, c->starts, c->starts_stage);
        int stop = find_event(w, c->stops, c->stops_stage);
        if (start < 0 || stop < 0 || start > at || stop <= at || stop >= best_stop)
            continue;
        if (c->pauses >> application & 1)
            continue;
        if (!same_lane(flow_event_machine(c->stops), lane->machine))
            continue;
        best = i;
        best_stop = stop;
    }
    return best;
}

/* The next state on the way in which the order rests, in this lane or, for the main one, in any region. */
static void next_of(const struct flow_facts *f, const struct way *w, int at, struct flow_now *lane)
{
    int main_lane = lane->machine == FLOW_APPLICATION || lane->machine == FLOW_PAYMENT ||
                    lane->machine == FLOW_FULFILMENT;
    for (int i = at + 1; i < w->n; i++) {
        const struct way_step *p = &w->step[i];
        int on_main = p->machine == FLOW_APPLICATION || p->machine == FLOW_FULFILMENT;
        if (main_lane ? !on_main
                      : p->machine != lane->machine ||
                            (p->machine == FLOW_PAPER && p->stage != lane->set))
            continue;
        if (!rests(f, p) ||
            (p->machine == FLOW_APPLICATION && p->state == FLOW_APPLICATION_IN_PRODUCTION))
            continue;
        if (p->machine == lane->machine && p->state == lane->state &&
            p->event != EVENT_STAGE_ENTERED)
            continue;
        lane->next_machine = p->machine;
        lane->next_state = p->state;
        return;
    }
}

static void fill(const struct flow_facts *f, const struct flow_states *s, const struct way *w,
                 struct flow_now *lane)
{
    lane->owner = flow_is_rest(lane->machine, lane->state)
                      ? OWNER_NOBODY
                      : flow_owner(f->rules, lane->machine, lane->state);
    lane->next_machine = lane->machine;
    lane->next_state = 0;
    lane->clock = -1;
    int at = position(w, s, lane);
    if (at < 0 || lane->owner == OWNER_NOBODY)
        return;
    lane->clock = clock_at(f, w, lane, at, s->at[FLOW_APPLICATION]);
    next_of(f, w, at, lane);
}

static int is_open(enum flow_machine m, int state)
{
    return state != 0 && !flow_is_rest(m, state);
}

/* The region that speaks for the order: production while it is made, the payment while it is paid. */
static struct flow_now main_lane(const struct flow_states *s)
{
    int app = s->at[FLOW_APPLICATION], ful = s->at[FLOW_FULFILMENT], pay = s->at[FLOW_PAYMENT];
    if (app == FLOW_APPLICATION_IN_PRODUCTION && ful != FLOW_FULFILMENT_NONE &&
        ful != FLOW_FULFILMENT_DONE)
        return (struct flow_now){.machine = FLOW_FULFILMENT, .state = ful};
    if (app == FLOW_APPLICATION_AWAIT_PAY &&
        (pay == FLOW_PAYMENT_PENDING || pay == FLOW_PAYMENT_CLAIMED))
        return (struct flow_now){.machine = FLOW_PAYMENT, .state = pay};
    return (struct flow_now){.machine = FLOW_APPLICATION, .state = app};
}

int flow_now(const struct flow_facts *f, const struct flow_states *s, struct flow_now *out, int max)
{
    struct way w;
    int n = 0;
    make_way(f, &w);
    out[n++] = main_lane(s);
    int pay = s->at[FLOW_PAYMENT], inv = s->at[FLOW_INVOICE];
    int said = out[0].machine == FLOW_PAYMENT ||
               s->at[FLOW_APPLICATION] == FLOW_APPLICATION_AWAIT_PAY;
    if (is_open(FLOW_PAYMENT, pay) && !said && n < max)
        out[n++] = (struct flow_now){.machine = FLOW_PAYMENT, .state = pay};
    for (int i = 0; i < s->papers && n < max; i++)
        if (is_open(FLOW_PAPER, s->paper[i].state))
            out[n++] =
                (struct flow_now){.machine = FLOW_PAPER, .state = s->paper[i].state, .set = i};
    if (is_open(FLOW_INVOICE, inv) && n < max)
        out[n++] = (struct flow_now){.machine = FLOW_INVOICE, .state = inv};
    for (int i = 0; i < n; i++)
        fill(f, s, &w, &out[i]);
    return n;
}
