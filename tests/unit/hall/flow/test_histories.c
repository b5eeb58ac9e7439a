/* Random histories over the tables: for the shipped profile, and for profiles made of random switchable rows. After each step
 * the world beside the tables (world.h) holds the invariants of requirements.md §11. A history that breaks one is shortened
 * and printed with its seed.
 *
 * CERTHALL_HISTORIES=N walks N, CERTHALL_SEED=N others; CERTHALL_HISTORY=N walks that one alone. */
#include "testing.h"

#include "rules.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { HISTORIES = 10000, STEPS = 120, SEED = 20261120, TRIES = 40 };

struct history {
    struct flow_rules rules;
    enum flow_type type;
    int64_t fen;
    struct world_step step[STEPS];
    int n;
};

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static int pick(uint64_t *r, int n)
{
    return (int)(draw(r) % (uint64_t)n);
}

static int chance(uint64_t *r, int percent)
{
    return pick(r, 100) < percent;
}

/* ---- profiles ---- */

static void add_clock(struct flow_rules *r, const char *name, enum flow_event starts,
                      enum flow_event stops, enum flow_event fires)
{
    struct flow_clock *c = &r->clock[r->clocks++];
    *c = (struct flow_clock){.starts = starts, .stops = stops, .length = 3, .fires = fires};
    snprintf(c->name, sizeof c->name, "%s", name);
}

static void random_paper(uint64_t *r, struct flow_rules *rules)
{
    static const enum flow_gate gates[] = {GATE_NONE, GATE_PRODUCTION, GATE_SHIPPING,
                                           GATE_COMPLETION};
    for (rules->papers = pick(r, 3); rules->papers && chance(r, 50); rules->papers--)
        ;
    for (int i = 0; i < rules->papers; i++)
        rules->paper[i] = (struct flow_paper_set){
            .opens = EVENT_APP_SUBMIT, .gate = gates[pick(r, 4)], .legs = 1 + pick(r, 2)};
}

/* What `profile check` lets through, rows without code included. */
static void random_rules(uint64_t *r, struct history *h)
{
    static const enum flow_type types[] = {TYPE_NEW, TYPE_NEW, TYPE_ADD, TYPE_REISSUE_LOST,
                                           TYPE_REISSUE_DAMAGED};
    struct flow_rules *u = &h->rules;
    h->type = types[pick(r, 5)];
    *u = aml_rules();
    u->types = 1U << h->type;
    u->pay_when = (enum flow_pay_when)pick(r, 4);
    u->stages[h->type] = (uint8_t)pick(r, 4);
    u->materials = chance(r, 30) ? u->types : 0;
    u->pay_transfer = chance(r, 30);
    /* paid, then reviewed and returned: it could be frozen or mended, not both */
    int mended = u->stages[h->type] && u->pay_when != PAY_AFTER_REVIEW;
    u->freeze_when_paid = !mended && chance(r, 50);
    u->refund_on_request = !u->freeze_when_paid && chance(r, 50);
    u->fix = chance(r, 70) ? FIX_EDIT : FIX_CLOSE_AND_NEW;
    u->edit_pending = chance(r, 30);
    u->resubmit_from_start = chance(r, 50);
    u->invoice = u->pay_when == PAY_NEVER ? INVOICE_NEVER : (enum flow_invoice_mode)pick(r, 4);
    u->title_free = chance(r, 50);
    u->via_org = chance(r, 30);
    u->freeze_online = chance(r, 50);
    u->code_intake = chance(r, 70);
    /* u->resend stays off: F10 has no code, and no clock yet that measures the second dispatch */
    random_paper(r, u);
    add_clock(u, "second leg", EVENT_FUL_MAIL, EVENT_FUL_SIGNED, EVENT_FUL_SIGNED);
    add_clock(u, "stage", EVENT_STAGE_ENTERED, EVENT_APP_PASS, EVENT_NONE);
    u->clock[u->clocks - 1].pauses = 1U << FLOW_APPLICATION_RETURNED;
    if (u->pay_when == PAY_EITHER) /* it may run out only where it can end the order (A8) */
        u->clock[0].pauses = 1U << FLOW_APPLICATION_REVIEW | 1U << FLOW_APPLICATION_RETURNED;
    h->fen = chance(r, 80) ? 30000 : 0;
}

/* ---- steps ---- */

static int is_raised_only(const struct flow_row *row)
{
    return row->actor == 1U << ACTOR_SYSTEM;
}

static enum flow_actor one_of(uint64_t *r, uint32_t actors)
{
    for (;;) {
        int a = pick(r, ACTOR_COUNT);
        if (actors >> a & 1)
            return (enum flow_actor)a;
    }
}

static void random_lies(uint64_t *r, struct world_step *s)
{
    s->money = chance(r, 60) ? MONEY_RIGHT : (enum world_money)pick(r, MONEY_KINDS);
    s->days = 1 + pick(r, 4);
    while (chance(r, 20))
        s->lies |= UINT64_C(1) << (1 + pick(r, GUARD_FACTS - 1));
}

static const struct flow_row *some_row(uint64_t *r)
{
    static const enum flow_machine often[] = {FLOW_CODE,    FLOW_APPLICATION, FLOW_APPLICATION,
                                              FLOW_PAYMENT, FLOW_PAYMENT,     FLOW_PAYMENT,
                                              FLOW_INVOICE, FLOW_PAPER,       FLOW_FULFILMENT,
                                              FLOW_UKEY,    FLOW_CERTIFICATE};
    int n;
    const struct flow_row *rows = flow_rows(often[pick(r, sizeof often / sizeof often[0])], &n);
    return &rows[pick(r, n)];
}

static int stands_at(const struct world *w, const struct world_step *s, const struct flow_row *row)
{
    const struct flow_states *at = &w->order[s->order].s;
    int state = row->machine == FLOW_CODE    ? w->code
                : row->machine == FLOW_PAPER ? at->paper[s->set].state
                                             : at->at[row->machine];
    return row->from >> state & 1;
}

/* What ends an order, or takes it back, is rare enough for the others to have their turn. */
static int is_an_end(enum flow_event ev)
{
    return ev == EVENT_CODE_WITHDRAW || ev == EVENT_APP_CANCEL || ev == EVENT_APP_REFUSE ||
           ev == EVENT_APP_CLOSE_AND_NEW || ev == EVENT_APP_WITHDRAW || ev == EVENT_PAY_REFUND_ASK;
}

/* It could be done again, but that brings nothing on. */
static int is_next(const struct flow_states *now, enum flow_event ev)
{
    switch (ev) {
    case EVENT_CODE_LOGIN:
        return now->at[FLOW_CODE] != FLOW_CODE_IN_USE;
    case EVENT_UKEY_INITIALISE:
        return now->at[FLOW_UKEY] == FLOW_UKEY_BLANK;
    case EVENT_CERT_REQUEST:
        return now->at[FLOW_CERTIFICATE] != FLOW_CERTIFICATE_REQUESTED;
    case EVENT_PAY_SUCCESS:
        return now->at[FLOW_APPLICATION] == FLOW_APPLICATION_AWAIT_PAY &&
               now->at[FLOW_PAYMENT] != FLOW_PAYMENT_CLAIMED;
    case EVENT_PAPER_SCAN:
    case EVENT_PAPER_ACCEPT:
        return now->papers > 0;
    default:
        return 1;
    }
}

/* What brings an order on, by whoever does it. */
static int step_on(uint64_t *r, const struct world *w, struct world_step *s)
{
    static const struct {
        enum flow_event event;
        enum flow_actor actor;
    } on[] = {
        {EVENT_CODE_LOAD, ACTOR_EXTERNAL},       {EVENT_CODE_LOGIN, ACTOR_APPLICANT},
        {EVENT_APP_CREATE, ACTOR_APPLICANT},     {EVENT_APP_CONFIRM, ACTOR_APPLICANT},
        {EVENT_APP_SUBMIT, ACTOR_APPLICANT},     {EVENT_PAY_SUCCESS, ACTOR_EXTERNAL},
        {EVENT_APP_PASS, ACTOR_REVIEWER},        {EVENT_APP_RESUBMIT, ACTOR_APPLICANT},
        {EVENT_PAPER_SCAN, ACTOR_PAPER},         {EVENT_PAPER_ACCEPT, ACTOR_PAPER},
        {EVENT_UKEY_STOCK_IN, ACTOR_MAKER},      {EVENT_UKEY_INITIALISE, ACTOR_AGENT},
        {EVENT_CERT_REQUEST, ACTOR_AGENT},       {EVENT_CERT_ISSUE, ACTOR_CA},
        {EVENT_UKEY_PERSONALISE, ACTOR_AGENT},   {EVENT_FUL_MAKE, ACTOR_MAKER},
        {EVENT_FUL_QUALITY, ACTOR_MAKER},        {EVENT_FUL_HAND_OVER, ACTOR_SHIPPING},
        {EVENT_FUL_ORG_RECEIVED, ACTOR_COUNTER}, {EVENT_FUL_NOTIFY, ACTOR_COUNTER},
        {EVENT_FUL_PICKED_UP, ACTOR_COUNTER},    {EVENT_FUL_SIGNED, ACTOR_EXTERNAL},
        {EVENT_UKEY_FIRST_PIN, ACTOR_AGENT},     {EVENT_INV_ISSUE, ACTOR_FINANCE},
        {EVENT_PAY_REFUND_OK, ACTOR_EXTERNAL},
    };
    enum { ON = sizeof on / sizeof on[0] };
    int first = pick(r, ON);
    for (int i = 0; i < ON; i++) {
        int at = (first + i) % ON;
        struct flow_states now = w->order[s->order].s;
        s->event = on[at].event;
        s->actor = on[at].actor;
        struct flow_facts f = world_facts(w, s);
        now.at[FLOW_CODE] = w->code;
        if (!is_next(&now, s->event))
            continue;
        if (flow_allowed(&f, &now, s->event, s->actor))
            return 1;
    }
    return 0;
}

/* Mostly what a row is there for, by whom it is for; now and then anything by anybody. */
static struct world_step random_step(uint64_t *r, const struct world *w)
{
    struct world_step s = {.order = chance(r, 80) ? 0 : pick(r, WORLD_ORDERS)};
    s.set = w->rules->papers ? pick(r, w->rules->papers) : 0;
    if (chance(r, 40) && step_on(r, w, &s))
        return s;
    s.event = EVENT_NONE;
    random_lies(r, &s);
    if (chance(r, 6))
        return s;
    for (int i = 0; i < TRIES; i++) {
        const struct flow_row *row = some_row(r);
        int wild = chance(r, 10);
        if (row->machine == FLOW_PAPER && !w->order[s.order].s.papers)
            continue;
        if (!wild && (is_raised_only(row) || !stands_at(w, &s, row)))
            continue;
        if (is_an_end(row->event) && chance(r, 90))
            continue;
        s.event = row->event;
        s.actor = wild ? (enum flow_actor)pick(r, ACTOR_COUNT - 1) : one_of(r, row->actor);
        return s.actor == ACTOR_SYSTEM ? (s.actor = ACTOR_TIMER, s) : s;
    }
    return s;
}

/* ---- walking ---- */

static void walk(struct history *h, uint64_t seed, struct world *w, int taken[EVENT_COUNT])
{
    uint64_t r = seed;
    h->fen = 30000;
    h->type = TYPE_NEW;
    h->rules = aml_rules();
    if (seed % 2)
        random_rules(&r, h);
    world_begin(w, &h->rules, h->type, h->fen);
    for (h->n = 0; h->n < STEPS && !*w->why; h->n++) {
        h->step[h->n] = random_step(&r, w);
        taken[h->step[h->n].event] += world_do(w, &h->step[h->n]);
    }
}

static int breaks(const struct history *h, const uint8_t *left_out, struct world *w)
{
    world_begin(w, &h->rules, h->type, h->fen);
    for (int i = 0; i < h->n && !*w->why; i++)
        if (!left_out[i])
            world_do(w, &h->step[i]);
    return *w->why != 0;
}

/* Leaves out whatever is not needed to break it: halves first, then smaller parts, then each step. */
static void shorten(const struct history *h, uint8_t *left_out)
{
    struct world w;
    uint8_t kept[STEPS];
    for (int part = h->n / 2; part > 0; part = part > 1 ? part / 2 : 0)
        for (int at = 0; at < h->n; at += part) {
            memcpy(kept, left_out, STEPS);
            for (int i = at; i < at + part && i < h->n; i++)
                left_out[i] = 1;
            if (!breaks(h, left_out, &w))
                memcpy(left_out, kept, STEPS);
        }
}

static void print_step(const struct world_step *s)
{
    static const char *const money[] = {"right", "wrong", "again", "forged"};
    if (s->event == EVENT_NONE) {
        print_error("  %d days pass\n", s->days);
        return;
    }
    print_error("  order %d: %s by %s", s->order, flow_event_name(s->event),
                flow_actor_name(s->actor));
    if (flow_event_machine(s->event) == FLOW_PAPER)
        print_error(", set %d", s->set);
    if (s->event == EVENT_PAY_SUCCESS)
        print_error(", money: %s", money[s->money]);
    for (int g = 1; g < GUARD_FACTS; g++)
        if (s->lies >> g & 1)
            print_error(", not %s", flow_guard_name((enum flow_guard)g));
    print_error("\n");
}

static void tell(const struct history *h, uint64_t seed, int number)
{
    struct world w;
    uint8_t left_out[STEPS] = {0};
    shorten(h, left_out);
    breaks(h, left_out, &w);
    print_error("history %d (seed %llu, %s, %s profile): %s\n", number, (unsigned long long)seed,
                flow_type_name(h->type), seed % 2 ? "random" : "shipped", w.why);
    for (int i = 0; i < h->n; i++)
        if (!left_out[i])
            print_step(&h->step[i]);
}

static long long number_from(const char *name, long long otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoll(text, NULL, 10) : otherwise;
}

static void test_random_histories_keep_the_invariants(void **state)
{
    (void)state;
    int taken[EVENT_COUNT] = {0}, bad = 0, steps = 0;
    int n = (int)number_from("CERTHALL_HISTORIES", HISTORIES);
    int only = (int)number_from("CERTHALL_HISTORY", -1);
    uint64_t first = (uint64_t)number_from("CERTHALL_SEED", SEED);
    struct history *h = calloc(1, sizeof *h);
    struct world w;
    print_message("seed %llu, %d histories\n", (unsigned long long)first, n);
    for (int i = only < 0 ? 0 : only; i < (only < 0 ? n : only + 1) && bad < 3; i++) {
        uint64_t seed = (first * 1000003 + (uint64_t)i) * 2 + (uint64_t)(i % 2);
        walk(h, seed, &w, taken);
        steps += h->n;
        if (*w.why) {
            tell(h, seed, i);
            bad++;
        }
    }
    free(h);
    int events = 0;
    for (int ev = 1; ev < EVENT_COUNT; ev++)
        events += taken[ev] > 0;
    print_message("%d steps, %d different events taken\n", steps, events);
    assert_int_equal(bad, 0);
    assert_true(only >= 0 || events > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_histories_keep_the_invariants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
