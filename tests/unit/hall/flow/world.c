#include "world.h"

#include "rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void broken(struct world *w, const char *invariant, const char *format, ...)
{
    va_list args;
    if (*w->why)
        return;
    int n = snprintf(w->why, sizeof w->why, "invariant %s: ", invariant);
    va_start(args, format);
    vsnprintf(w->why + n, sizeof w->why - (size_t)n, format, args);
    va_end(args);
}

void world_begin(struct world *w, const struct flow_rules *rules, enum flow_type type, int64_t fen)
{
    memset(w, 0, sizeof *w);
    w->rules = rules;
    w->type = type;
    w->per_user = 1;
    w->code_from = 2;
    for (int i = 0; i < WORLD_ORDERS; i++)
        w->order[i].due_fen = fen;
}

/* ---- money ---- */

static int64_t sum(const struct world_order *o, int booked, enum trade_at from, enum trade_at to)
{
    int64_t fen = 0;
    for (int i = 0; i < o->trades; i++)
        if (o->trade[i].at >= from && o->trade[i].at <= to &&
            (booked < 0 || o->trade[i].booked == booked))
            fen += o->trade[i].fen;
    return fen;
}

static int64_t here(const struct world_order *o, int booked)
{
    return sum(o, booked, TRADE_HERE, TRADE_HERE);
}

static int settled(const struct world *w, const struct world_order *o)
{
    return o->due_fen == 0 || w->rules->pay_when == PAY_NEVER || here(o, 1) == o->due_fen;
}

static int find_trade(const struct world_order *o, enum trade_at at, int booked)
{
    for (int i = 0; i < o->trades; i++)
        if (o->trade[i].at == at && (booked < 0 || o->trade[i].booked == booked))
            return i;
    return -1;
}

static int is_application_over(const struct world_order *o)
{
    int app = o->s.at[FLOW_APPLICATION];
    return app == FLOW_APPLICATION_NONE || flow_is_rest(FLOW_APPLICATION, app);
}

/* ---- facts ---- */

static void limits(const struct world *w, int at, struct flow_facts *f)
{
    int open = 0, held = 0;
    for (int i = 0; i < WORLD_ORDERS; i++) {
        const struct world_order *o = &w->order[i];
        if (i == at)
            continue;
        open += !is_application_over(o);
        held += o->holds_limit && is_application_over(o);
    }
    flow_hold(f, GUARD_NO_OPEN_ORDER, open == 0);
    flow_hold(f, GUARD_LIMITS_OK, held < w->per_user);
}

struct flow_facts world_facts(const struct world *w, const struct world_step *step)
{
    static const enum flow_guard known[] = {
        GUARD_NO_OPEN_ORDER, GUARD_LIMITS_OK,    GUARD_SIGNATURE_OK, GUARD_AMOUNT_OK,
        GUARD_MONEY_KNOWN,   GUARD_MONEY_HELD,   GUARD_BANK_LINE,    GUARD_INVOICE_AMOUNT,
        GUARD_REFUND_DONE,   GUARD_CORRECT_ONCE, GUARD_CODE_DAY,     GUARD_CODE_USABLE,
    };
    const struct world_order *o = &w->order[step->order];
    struct flow_facts f = {.rules = w->rules,
                           .type = w->type,
                           .amount_fen = o->due_fen,
                           .paper_set = step->set,
                           .holds = all_is_well() & ~step->lies};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        f.holds &= ~(UINT64_C(1) << known[i]);
    int code_ok = w->code == FLOW_CODE_USABLE || w->code == FLOW_CODE_IN_USE;
    limits(w, step->order, &f);
    flow_hold(&f, GUARD_SIGNATURE_OK, step->money != MONEY_FORGED);
    flow_hold(&f, GUARD_AMOUNT_OK, step->money != MONEY_WRONG);
    flow_hold(&f, GUARD_MONEY_KNOWN, step->money == MONEY_AGAIN && o->trades > 0);
    flow_hold(&f, GUARD_MONEY_HELD, sum(o, -1, TRADE_HERE, TRADE_GOING) > 0);
    flow_hold(&f, GUARD_BANK_LINE, o->due_fen > 0 && here(o, 0) == o->due_fen);
    flow_hold(&f, GUARD_INVOICE_AMOUNT, o->due_fen > 0 && here(o, 1) == o->due_fen);
    flow_hold(&f, GUARD_REFUND_DONE, sum(o, 1, TRADE_GONE, TRADE_GONE) > 0 && here(o, 1) == 0);
    flow_hold(&f, GUARD_CORRECT_ONCE, o->corrections == 0);
    flow_hold(&f, GUARD_CODE_DAY, w->today >= w->code_from);
    flow_hold(&f, GUARD_CODE_USABLE, !w->rules->code_intake || code_ok);
    return f;
}

/* ---- effects ---- */

static void take_money(struct world *w, struct world_order *o, const struct world_step *step,
                       int booked)
{
    if (step->event == EVENT_PAY_MATCH) { /* all that stood apart is the payment */
        for (int i = 0; i < o->trades; i++)
            o->trade[i].booked |= o->trade[i].at == TRADE_HERE;
        return;
    }
    if (step->event != EVENT_PAY_SUCCESS)
        broken(w, "2", "money is booked by %s", flow_event_name(step->event));
    int64_t fen = step->money == MONEY_WRONG ? o->due_fen / 2 : o->due_fen;
    o->trade[o->trades++] = (struct trade){.fen = fen, .booked = booked};
}

static void give_back(struct world *w, struct world_order *o, const struct world_step *step)
{
    int i = step->event == EVENT_PAY_SUCCESS ? o->trades - 1 : find_trade(o, TRADE_HERE, 0);
    if (i < 0)
        broken(w, "2", "money goes back that is not here");
    else
        o->trade[i].at = TRADE_GOING;
}

static void hear_money(struct world *w, struct world_order *o, const struct world_step *step,
                       enum flow_effect fx)
{
    int i;
    switch (fx) {
    case EFFECT_BOOK_PAYMENT:
    case EFFECT_BOOK_SUSPENSE:
        take_money(w, o, step, fx == EFFECT_BOOK_PAYMENT);
        break;
    case EFFECT_REFUND_TRANSACTION:
        give_back(w, o, step);
        break;
    case EFFECT_REFUND_ORDER:
        for (i = 0; i < o->trades; i++)
            if (o->trade[i].at == TRADE_HERE)
                o->trade[i].at = TRADE_GOING;
        break;
    case EFFECT_BOOK_REFUND:
        i = find_trade(o, TRADE_GOING, -1);
        if (i < 0)
            broken(w, "2", "a refund is booked that nobody sent");
        else
            o->trade[i].at = TRADE_GONE;
        break;
    case EFFECT_MOVE_PAYMENT: /* it goes with the clone, and its invoice with it */
        o->trades = 0;
        o->invoiced_fen = o->red_fen = 0;
        break;
    case EFFECT_INVOICE_ISSUE:
        if (o->invoiced_fen > o->red_fen)
            broken(w, "2", "an invoice is issued twice");
        o->invoiced_fen += o->due_fen;
        break;
    case EFFECT_INVOICE_RED:
        o->corrections += step->event == EVENT_INV_CORRECT;
        o->red_fen = o->invoiced_fen;
        break;
    default:
        break;
    }
}

static void hear_certificate(struct world *w, struct world_order *o, enum flow_effect fx)
{
    enum paper was = o->certificate;
    switch (fx) {
    case EFFECT_CA_ISSUE:
        if (was == PAPERS_LIVE || was == PAPERS_HELD)
            broken(w, "1", "a second certificate is asked for beside a live one");
        o->certificate = PAPERS_ASKED;
        break;
    case EFFECT_CA_HOLD:
    case EFFECT_CA_RELEASE:
        if (was != PAPERS_LIVE && was != PAPERS_HELD)
            broken(w, "7", "a certificate is held or released that is not valid");
        o->certificate = fx == EFFECT_CA_HOLD ? PAPERS_HELD : PAPERS_LIVE;
        break;
    case EFFECT_CA_REVOKE:
    case EFFECT_CA_SUPERSEDE:
        o->certificate = PAPERS_OVER;
        break;
    case EFFECT_RELEASE_UKEY: /* certificate_stop: what the ca still answers is revoked at once */
        if (was == PAPERS_ASKED) {
            o->certificate = PAPERS_NONE;
            o->s.at[FLOW_CERTIFICATE] = FLOW_CERTIFICATE_NONE;
        }
        break;
    default:
        break;
    }
}

static void hear_clock(struct world *w, struct world_order *o, const struct flow_do *d)
{
    int at = d->arg;
    switch (d->effect) {
    case EFFECT_CLOCK_START:
        o->clock[at].runs = 1;
        o->clock[at].paused = 0;
        o->clock[at].due = w->today + w->rules->clock[at].length;
        break;
    case EFFECT_CLOCK_STOP:
        o->clock[at].runs = 0;
        break;
    case EFFECT_CLOCK_PAUSE:
        o->clock[at].paused = 1;
        break;
    case EFFECT_CLOCK_RESUME:
        o->clock[at].paused = 0;
        break;
    case EFFECT_TASK_OPEN:
        o->task[d->machine][d->set] = d->arg;
        break;
    case EFFECT_TASK_CLOSE:
        if (!o->task[d->machine][d->set])
            broken(w, "4", "a task of %s is closed that is not open",
                   flow_machine_name(d->machine));
        o->task[d->machine][d->set] = 0;
        break;
    default:
        break;
    }
}

static void hear_form(struct world *w, struct world_order *o, enum flow_effect fx, int app)
{
    int open = app == FLOW_APPLICATION_DRAFT || app == FLOW_APPLICATION_RETURNED;
    switch (fx) {
    case EFFECT_SAVE_FORM:
        if (!open)
            broken(w, "3", "a field is saved in %s", flow_state_name(FLOW_APPLICATION, app));
        break;
    case EFFECT_NEW_REVISION:
        o->revised = 1;
        break;
    case EFFECT_STORE_AGREEMENT:
        o->agreed = 1;
        break;
    case EFFECT_FREEZE_PRICE:
        o->price_kept = 1;
        break;
    case EFFECT_SIGN_OFF:
        o->signed_off++;
        break;
    case EFFECT_ORDER_NUMBER:
        o->holds_limit = 1;
        break;
    case EFFECT_RELEASE_LIMIT:
    case EFFECT_CLONE_ORDER: /* it goes with the clone */
        o->holds_limit = 0;
        break;
    default:
        break;
    }
}

static int makes(enum flow_effect fx)
{
    return fx == EFFECT_RESERVE_UKEY || fx == EFFECT_RECORD_MAKING || fx == EFFECT_CA_ISSUE ||
           fx == EFFECT_RECORD_QUALITY || fx == EFFECT_RECORD_PARCEL || fx == EFFECT_UKEY_OWNER;
}

static void hear(struct world *w, struct world_order *o, const struct world_step *step,
                 const struct flow_result *r, const struct flow_states *was)
{
    for (int i = 0; i < r->todos; i++) {
        enum flow_effect fx = r->todo[i].effect;
        hear_clock(w, o, &r->todo[i]);
        hear_money(w, o, step, fx);
        hear_certificate(w, o, fx);
        hear_form(w, o, fx, was->at[FLOW_APPLICATION]);
        if (makes(fx) && w->type != TYPE_RESEND && !settled(w, o))
            broken(w, "2", "%s without the money for it", flow_effect_name(fx));
    }
    for (int c = 0; step->event == EVENT_PAY_NOT_FOUND && c < w->rules->clocks; c++)
        if (w->rules->clock[c].fires == EVENT_APP_PAY_TIMEOUT) { /* order_pay_anew */
            const struct flow_do again = {.effect = EFFECT_CLOCK_START, .arg = (uint8_t)c};
            hear_clock(w, o, &again);
        }
    if (step->event == EVENT_CERT_ISSUE)
        o->certificate = w->rules->inactive_first ? PAPERS_HELD : PAPERS_LIVE;
    if (step->event == EVENT_CERT_REFUSED)
        o->certificate = PAPERS_NONE;
    if (step->event == EVENT_APP_RESUBMIT && w->rules->resubmit_from_start)
        o->signed_off = 0;
    if (step->event == EVENT_APP_REVIVE && o->s.at[FLOW_APPLICATION] == FLOW_APPLICATION_DRAFT)
        o->signed_off = 0;
    int over = o->s.at[FLOW_CERTIFICATE] == FLOW_CERTIFICATE_REVOKED &&
               was->at[FLOW_CERTIFICATE] != FLOW_CERTIFICATE_REVOKED;
    if (over && o->s.at[FLOW_FULFILMENT] != FLOW_FULFILMENT_QUEUED)
        o->holds_limit = 0; /* the user may have another */
}

/* ---- invariants ---- */

static void check_money(struct world *w, const struct world_order *o)
{
    int pay = o->s.at[FLOW_PAYMENT], inv = o->s.at[FLOW_INVOICE];
    int64_t net = o->invoiced_fen - o->red_fen;
    int64_t booked = sum(o, 1, TRADE_HERE, TRADE_GOING);
    const char *state = flow_state_name(FLOW_PAYMENT, pay);
    if (net > sum(o, -1, TRADE_HERE, TRADE_GOING))
        broken(w, "2", "more is invoiced than was paid and kept");
    if (pay == FLOW_PAYMENT_PAID && here(o, 1) != o->due_fen)
        broken(w, "2", "PAID with %lld of %lld", (long long)here(o, 1), (long long)o->due_fen);
    if (pay != FLOW_PAYMENT_PAID && here(o, 1) != 0)
        broken(w, "2", "%s keeps money that was booked as payment", state);
    if (pay == FLOW_PAYMENT_REFUNDING && find_trade(o, TRADE_GOING, -1) < 0)
        broken(w, "2", "REFUNDING, but no money is on its way back");
    if (pay == FLOW_PAYMENT_REFUNDED && sum(o, -1, TRADE_HERE, TRADE_GOING) != 0)
        broken(w, "2", "REFUNDED, but money is here");
    if (pay == FLOW_PAYMENT_VOID && here(o, 0) != 0)
        broken(w, "2", "VOID, and money stands apart that nobody gives back");
    int issued = inv == FLOW_INVOICE_ISSUED || inv == FLOW_INVOICE_DELIVERED;
    int on_its_way = pay ==
                     FLOW_PAYMENT_REFUNDING; /* what goes back first may be another payment */
    if (!on_its_way && (issued ? net != booked : net != 0))
        broken(w, "2", "invoice %s over %lld, paid and kept %lld",
               flow_state_name(FLOW_INVOICE, inv), (long long)net, (long long)booked);
    int expects = w->rules->invoice != INVOICE_NEVER;
    if (pay == FLOW_PAYMENT_PAID && expects && inv == FLOW_INVOICE_NONE)
        broken(w, "2", "paid, and no invoice will come");
}

static int after_review(int app)
{
    return app == FLOW_APPLICATION_APPROVED || app == FLOW_APPLICATION_IN_PRODUCTION ||
           app == FLOW_APPLICATION_READY_DOWNLOAD || app == FLOW_APPLICATION_UNLOCK_AUTHORISED ||
           app == FLOW_APPLICATION_REVOKING || app == FLOW_APPLICATION_COMPLETED;
}

static void check_application(struct world *w, const struct world_order *o)
{
    int app = o->s.at[FLOW_APPLICATION], ful = o->s.at[FLOW_FULFILMENT];
    int submitted = after_review(app) || app == FLOW_APPLICATION_REVIEW ||
                    app == FLOW_APPLICATION_AWAIT_PAY;
    if (o->signed_off != o->s.passed)
        broken(w, "5", "%d stages passed, %d signed off", o->s.passed, o->signed_off);
    if (after_review(app) && o->signed_off < w->rules->stages[w->type])
        broken(w, "5", "a review stage was skipped");
    if (submitted && (!o->agreed || !o->revised || !o->price_kept))
        broken(w, "3", "submitted without agreement, revision or price");
    if (app == FLOW_APPLICATION_COMPLETED && w->type != TYPE_UNLOCK && w->type != TYPE_REVOKE &&
        ful != FLOW_FULFILMENT_DONE)
        broken(w, "5", "completed before it was fulfilled");
    int stopped = app == FLOW_APPLICATION_CANCELLED || app == FLOW_APPLICATION_REFUSED ||
                  app == FLOW_APPLICATION_CLOSED;
    if (stopped && ful != FLOW_FULFILMENT_NONE && ful != FLOW_FULFILMENT_VOID)
        broken(w, "2", "%s, but the UKey goes on", flow_state_name(FLOW_APPLICATION, app));
    if (stopped && (o->certificate == PAPERS_LIVE || o->certificate == PAPERS_HELD ||
                    o->certificate == PAPERS_ASKED))
        broken(w, "1", "%s with a certificate", flow_state_name(FLOW_APPLICATION, app));
    if (stopped && o->holds_limit)
        broken(w, "1", "%s, but it holds the user's UKey", flow_state_name(FLOW_APPLICATION, app));
    if (stopped && here(o, 1) > 0)
        broken(w, "2", "stopped, and its money stays");
}

static void check_certificate(struct world *w, const struct world_order *o)
{
    static const uint8_t says[] = {
        [FLOW_CERTIFICATE_NONE] = PAPERS_NONE,
        [FLOW_CERTIFICATE_REQUESTED] = PAPERS_ASKED,
        [FLOW_CERTIFICATE_ISSUED_INACTIVE] = PAPERS_HELD,
        [FLOW_CERTIFICATE_ACTIVE] = PAPERS_LIVE,
        [FLOW_CERTIFICATE_EXPIRING] = PAPERS_LIVE,
        [FLOW_CERTIFICATE_EXPIRED] = PAPERS_LIVE,
        [FLOW_CERTIFICATE_EXPIRED_LATE] = PAPERS_LIVE,
        [FLOW_CERTIFICATE_ON_HOLD] = PAPERS_HELD,
        [FLOW_CERTIFICATE_SUPERSEDED] = PAPERS_OVER,
        [FLOW_CERTIFICATE_REVOKED] = PAPERS_OVER,
    };
    int state = o->s.at[FLOW_CERTIFICATE], ful = o->s.at[FLOW_FULFILMENT];
    if (state != FLOW_CERTIFICATE_ARCHIVED && says[state] != o->certificate)
        broken(w, "1", "the certificate is %s here, and another thing at the ca",
               flow_state_name(FLOW_CERTIFICATE, state));
    int ukey = o->s.at[FLOW_UKEY];
    if ((ful == FLOW_FULFILMENT_SHIPPED || ful == FLOW_FULFILMENT_DONE) && w->type != TYPE_RESEND &&
        ukey <= FLOW_UKEY_PERSONALISED)
        broken(w, "1", "sent, but the UKey is %s", flow_state_name(FLOW_UKEY, ukey));
}

/* 1: for what counts against the limit. */
static void check_user(struct world *w)
{
    int live = 0;
    for (int i = 0; i < WORLD_ORDERS; i++)
        live += w->order[i].certificate == PAPERS_LIVE || w->order[i].certificate == PAPERS_HELD;
    if (live > w->per_user && (w->type == TYPE_NEW || w->type == TYPE_ADD))
        broken(w, "1", "one user has %d live certificates", live);
}

static int clock_leaves(const struct world *w, const struct world_order *o, enum flow_machine m,
                        int set)
{
    struct flow_facts f = {.rules = w->rules,
                           .type = w->type,
                           .amount_fen = o->due_fen,
                           .paper_set = set,
                           .holds = all_is_well()};
    struct flow_states s = o->s;
    for (int i = 0; i < w->rules->clocks; i++) {
        enum flow_event fires = w->rules->clock[i].fires;
        if (!o->clock[i].runs || o->clock[i].paused || fires == EVENT_NONE)
            continue;
        if ((flow_event_machine(fires) == m || m == FLOW_APPLICATION) &&
            flow_allowed(&f, &s, fires, ACTOR_TIMER))
            return 1;
    }
    /* the gateway is asked when the page's time is over */
    return m == FLOW_PAYMENT && flow_allowed(&f, &s, EVENT_PAY_FAIL, ACTOR_TIMER);
}

static void check_region(struct world *w, const struct world_order *o, enum flow_machine m, int set,
                         int state)
{
    int desk = 0, time = 0;
    const char *name = flow_state_name(m, state);
    if (flow_is_passing(m, state))
        broken(w, "4", "%s %s is left standing", flow_machine_name(m), name);
    if (!flow_is_rest(m, state)) {
        enum flow_owner owner = flow_owner(w->rules, m, state);
        desk = owner == OWNER_REVIEWER || owner == OWNER_FINANCE || owner == OWNER_MAKER ||
               owner == OWNER_SHIPPING || owner == OWNER_PAPER || owner == OWNER_SUPPORT ||
               owner == OWNER_COUNTER || owner == OWNER_REGULATOR;
        time = owner == OWNER_CLOCK || owner == OWNER_COURIER || owner == OWNER_BANK;
    }
    if (desk != (o->task[m][set] != 0) || (desk && o->task[m][set] != state))
        broken(w, "4", "%s %s: the task open is about %s", flow_machine_name(m), name,
               flow_state_name(m, o->task[m][set]));
    if (m == FLOW_APPLICATION && state == FLOW_APPLICATION_AWAIT_PAY)
        time = o->s.at[FLOW_PAYMENT] == FLOW_PAYMENT_UNPAID;
    if (time && !clock_leaves(w, o, m, set))
        broken(w, "4", "%s %s waits for a clock that does not run", flow_machine_name(m), name);
}

static void check_owners(struct world *w, const struct world_order *o)
{
    static const enum flow_machine regions[] = {FLOW_APPLICATION, FLOW_PAYMENT, FLOW_INVOICE,
                                                FLOW_FULFILMENT};
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++)
        check_region(w, o, regions[i], 0, o->s.at[regions[i]]);
    for (int i = 0; i < o->s.papers; i++)
        check_region(w, o, FLOW_PAPER, i, o->s.paper[i].state);
}

/* 10: what a page shows follows from the states alone, and the clock it shows runs. */
static void check_page(struct world *w, const struct world_order *o, const struct flow_facts *f)
{
    struct flow_now lane[FLOW_LANES_MAX], again[FLOW_LANES_MAX];
    struct flow_facts other = *f;
    memset(lane, 0, sizeof lane);
    memset(again, 0, sizeof again);
    other.holds = ~f->holds;
    int n = flow_now(f, &o->s, lane, FLOW_LANES_MAX);
    if (n != flow_now(&other, &o->s, again, FLOW_LANES_MAX) ||
        memcmp(lane, again, sizeof lane[0] * (size_t)n) != 0)
        broken(w, "10", "the page shows more than the states say");
    for (int i = 0; i < n; i++) {
        int c = lane[i].clock;
        if (c >= 0 && (!o->clock[c].runs || o->clock[c].paused) && o->clock[c].due > w->today)
            broken(w, "10", "in %s the page shows the clock %s, which does not run",
                   flow_state_name(lane[i].machine, lane[i].state), w->rules->clock[c].name);
        if (!flow_is_rest(lane[i].machine, lane[i].state) && lane[i].owner == OWNER_NOBODY)
            broken(w, "10", "%s is nobody's", flow_state_name(lane[i].machine, lane[i].state));
    }
}

/* 3: after payment neither cancelling nor changing. */
static void check_taken(struct world *w, const struct world_step *step,
                        const struct flow_states *was)
{
    static const enum flow_event changes[] = {
        EVENT_APP_SAVE, EVENT_APP_CONFIRM, EVENT_APP_SUBMIT,        EVENT_APP_REOPEN,
        EVENT_APP_EDIT, EVENT_APP_CANCEL,  EVENT_APP_CLOSE_AND_NEW, EVENT_PAY_REFUND_ASK};
    int pay = was->at[FLOW_PAYMENT];
    int frozen = w->rules->freeze_when_paid &&
                 (pay == FLOW_PAYMENT_PAID || pay == FLOW_PAYMENT_REFUNDING);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (frozen && step->event == changes[i])
            broken(w, "3", "%s after payment", flow_event_name(step->event));
    if (step->event == EVENT_APP_CREATE && w->rules->code_intake &&
        (w->today < w->code_from || w->code == FLOW_CODE_WITHDRAWN))
        broken(w, "1", "an order is begun on day %d, the code is good from %d", w->today,
               w->code_from);
    if (step->event == EVENT_PAY_SUCCESS && step->money == MONEY_FORGED)
        broken(w, "2", "money is taken from a stranger's word");
}

/* ---- steps ---- */

/* The order's UKey is another one when one was lost or scrapped and the next is reserved. */
static void take_another(struct flow_result *r)
{
    int past = r->states.at[FLOW_UKEY] == FLOW_UKEY_DESTROYED ||
               r->states.at[FLOW_UKEY] == FLOW_UKEY_LOST_IN_TRANSIT;
    for (int i = 0; i < r->todos; i++)
        if (past && r->todo[i].effect == EFFECT_RESERVE_UKEY)
            r->states.at[FLOW_UKEY] = FLOW_UKEY_BLANK;
}

static int apply(struct world *w, const struct world_step *step)
{
    struct world_order *o = &w->order[step->order];
    struct flow_facts f = world_facts(w, step);
    struct flow_result r;
    struct err_info e = {0};
    struct flow_states was = o->s;
    int trades = o->trades, known = f.holds >> GUARD_MONEY_KNOWN & 1;
    was.at[FLOW_CODE] = w->code;
    if (flow_apply(&f, &was, step->event, step->actor, &r, &e) != ERR_OK)
        return 0;
    take_another(&r);
    check_taken(w, step, &was);
    o->s = r.states;
    hear(w, o, step, &r, &was);
    w->code = o->s.at[FLOW_CODE];
    if (step->event == EVENT_PAY_SUCCESS && (known ? r.todos != 0 : o->trades != trades + 1))
        broken(w, "2", "money came and %d transactions were written down", o->trades - trades);
    return 1;
}

static void check(struct world *w, const struct world_step *step)
{
    for (int i = 0; i < WORLD_ORDERS; i++) {
        const struct world_order *o = &w->order[i];
        struct flow_facts f = world_facts(w, step);
        check_money(w, o);
        check_application(w, o);
        check_certificate(w, o);
        check_owners(w, o);
        check_page(w, o, &f);
    }
    check_user(w);
}

/* As answers.c does: the last money that goes back is the order's event, what goes before it is only booked. */
static int refund_ok(struct world *w, const struct world_step *step)
{
    struct world_order *o = &w->order[step->order];
    int i = find_trade(o, TRADE_GOING, -1);
    if (i < 0)
        return 0;
    if (o->s.at[FLOW_PAYMENT] == FLOW_PAYMENT_REFUNDING &&
        sum(o, -1, TRADE_HERE, TRADE_GOING) == o->trade[i].fen)
        return apply(w, step);
    o->trade[i].at = TRADE_GONE;
    struct world_step follows = {
        .event = EVENT_INV_REFUNDED, .actor = ACTOR_SYSTEM, .order = step->order};
    if (o->invoiced_fen - o->red_fen > sum(o, -1, TRADE_HERE, TRADE_GOING))
        apply(w, &follows);
    return 1;
}

static void fire(struct world *w, int order, int clock)
{
    struct world_step timer = {
        .event = w->rules->clock[clock].fires, .actor = ACTOR_TIMER, .order = order};
    w->order[order].clock[clock].runs = 0; /* what overtook it is said by the refusal */
    if (timer.event != EVENT_NONE)
        apply(w, &timer);
}

static int pass_days(struct world *w, int days)
{
    w->today += days;
    for (int i = 0; i < WORLD_ORDERS; i++)
        for (int c = 0; c < w->rules->clocks; c++)
            if (w->order[i].clock[c].runs && !w->order[i].clock[c].paused &&
                w->order[i].clock[c].due < w->today && w->rules->clock[c].fires != EVENT_NONE)
                fire(w, i, c);
    return days > 0;
}

int world_do(struct world *w, const struct world_step *step)
{
    int taken, full = w->order[step->order].trades == WORLD_TRADES;
    if (step->event == EVENT_PAY_SUCCESS && full && step->money != MONEY_AGAIN)
        return 0;
    if (step->event == EVENT_NONE)
        taken = pass_days(w, step->days);
    else if (step->event == EVENT_PAY_REFUND_OK)
        taken = refund_ok(w, step);
    else
        taken = apply(w, step);
    if (step->event == EVENT_CODE_WITHDRAW &&
        taken) /* the regulator's word is for every order of the user */
        for (int i = 0; i < WORLD_ORDERS; i++)
            if (i != step->order) {
                struct world_step other = {
                    .event = EVENT_APP_WITHDRAW, .actor = ACTOR_EXTERNAL, .order = i};
                apply(w, &other);
            }
    check(w, step);
    return taken;
}
