/* Model check: walks every state that an order can reach under given rules and holds the invariants of
 * requirements.md §11 that are about the tables. Facts are chosen so that each row gets its turn. */
#ifndef CERTHALL_TEST_FLOW_MODEL_H
#define CERTHALL_TEST_FLOW_MODEL_H

#include "testing.h"

#include "rules.h"

#include <stdlib.h>
#include <string.h>

enum { MODEL_STATES_MAX = 1 << 18, MODEL_HASH = 1 << 19, MODEL_EDGES_MAX = 1 << 22 };

struct model {
    struct flow_facts f;
    struct flow_states *state;
    int n;
    int *hash;
    struct {
        int from, to;
    } * edge;
    int edges;
};

static inline uint64_t model_key(const struct flow_states *s)
{
    uint64_t h = 1469598103934665603U;
    const uint8_t *p = (const uint8_t *)s;
    for (size_t i = 0; i < sizeof *s; i++)
        h = (h ^ p[i]) * 1099511628211U;
    return h;
}

static inline int model_add(struct model *m, const struct flow_states *s)
{
    uint64_t at = model_key(s) % MODEL_HASH;
    for (; m->hash[at]; at = (at + 1) % MODEL_HASH)
        if (memcmp(&m->state[m->hash[at] - 1], s, sizeof *s) == 0)
            return m->hash[at] - 1;
    if (m->n == MODEL_STATES_MAX)
        fail_msg("more than %d states", MODEL_STATES_MAX);
    m->state[m->n] = *s;
    m->hash[at] = ++m->n;
    return m->n - 1;
}

static inline uint64_t model_fact_guards(const struct flow_row *row)
{
    uint64_t set = 0;
    for (int i = 0; i < FLOW_GUARDS_MAX && row->guard[i]; i++)
        if (row->guard[i] < GUARD_FACTS)
            set |= UINT64_C(1) << row->guard[i];
    return set;
}

/* Facts under which this row, and none before it, is taken. */
static inline uint64_t model_facts(const struct flow_row *rows, int at)
{
    uint64_t own = model_fact_guards(&rows[at]), earlier = 0;
    for (int i = 0; i < at; i++)
        if (rows[i].event == rows[at].event && rows[i].from & rows[at].from)
            earlier |= model_fact_guards(&rows[i]);
    return (all_is_well() & ~earlier) | own;
}

static inline enum flow_actor model_actor(const struct flow_row *row)
{
    for (int a = 0; a < ACTOR_COUNT; a++)
        if (row->actor >> a & 1)
            return (enum flow_actor)a;
    return ACTOR_SYSTEM;
}

static inline void model_describe(const struct flow_states *s, char *out, size_t size)
{
    int n = 0;
    for (int m = 0; m < FLOW_MACHINES; m++)
        if (m != FLOW_PAPER)
            n += snprintf(out + n, size - (size_t)n, "%s=%s ",
                          flow_machine_name((enum flow_machine)m),
                          flow_state_name((enum flow_machine)m, s->at[m]));
    for (int i = 0; i < s->papers; i++)
        n += snprintf(out + n, size - (size_t)n, "paper%d=%s/%d ", i,
                      flow_state_name(FLOW_PAPER, s->paper[i].state), s->paper[i].leg);
    snprintf(out + n, size - (size_t)n, "passed=%d", s->passed);
}

static inline int model_paid_for(const struct model *m, const struct flow_states *s)
{
    return s->at[FLOW_PAYMENT] == FLOW_PAYMENT_PAID || m->f.amount_fen == 0 ||
           m->f.rules->pay_when == PAY_NEVER;
}

static inline int model_is_after_review(int app)
{
    return app == FLOW_APPLICATION_APPROVED || app == FLOW_APPLICATION_IN_PRODUCTION ||
           app == FLOW_APPLICATION_READY_DOWNLOAD || app == FLOW_APPLICATION_UNLOCK_AUTHORISED ||
           app == FLOW_APPLICATION_REVOKING || app == FLOW_APPLICATION_COMPLETED;
}

/* Invariants 2 and 5 for one transition. */
static inline const char *model_bad_edge(const struct model *m, const struct flow_states *a,
                                         const struct flow_states *b)
{
    int made = a->at[FLOW_FULFILMENT] != b->at[FLOW_FULFILMENT] &&
               (b->at[FLOW_FULFILMENT] == FLOW_FULFILMENT_QUEUED ||
                b->at[FLOW_FULFILMENT] == FLOW_FULFILMENT_MADE);
    if (made && !model_paid_for(m, b))
        return "production without payment";
    if (b->passed > a->passed + 1)
        return "a review stage was skipped";
    if (model_is_after_review(b->at[FLOW_APPLICATION]) && b->passed < m->f.rules->stages[m->f.type])
        return "approved before the last stage";
    if (a->at[FLOW_PAYMENT] == FLOW_PAYMENT_REFUNDED && b->at[FLOW_PAYMENT] == FLOW_PAYMENT_PAID)
        return "refunded money is paid again";
    for (int r = 0; r < FLOW_MACHINES; r++)
        if (r != FLOW_PAPER && flow_is_passing((enum flow_machine)r, b->at[r]))
            return "a passing state was left standing";
    return NULL;
}

/* The order's UKey is another one, when one was lost or scrapped and the next is reserved. */
static inline void model_take_another(struct flow_result *r)
{
    int past = r->states.at[FLOW_UKEY] == FLOW_UKEY_DESTROYED ||
               r->states.at[FLOW_UKEY] == FLOW_UKEY_LOST_IN_TRANSIT;
    for (int i = 0; i < r->todos; i++)
        if (past && r->todo[i].effect == EFFECT_RESERVE_UKEY)
            r->states.at[FLOW_UKEY] = FLOW_UKEY_BLANK;
}

static inline void model_step(struct model *m, int from, const struct flow_row *row, uint64_t facts,
                              int set)
{
    struct flow_result r;
    struct err_info e = {0};
    char a[256], b[256];
    m->f.holds = facts;
    m->f.paper_set = set;
    struct flow_states now = m->state[from];
    if (flow_apply(&m->f, &now, row->event, model_actor(row), &r, &e) != ERR_OK)
        return;
    model_take_another(&r);
    const char *bad = model_bad_edge(m, &now, &r.states);
    if (bad) {
        model_describe(&now, a, sizeof a);
        model_describe(&r.states, b, sizeof b);
        fail_msg("%s: %s from %s to %s", bad, flow_event_name(row->event), a, b);
    }
    int to = model_add(m, &r.states);
    if (to == from)
        return;
    if (m->edges == MODEL_EDGES_MAX)
        fail_msg("more than %d edges", MODEL_EDGES_MAX);
    m->edge[m->edges].from = from;
    m->edge[m->edges++].to = to;
}

static inline void model_explore(struct model *m)
{
    struct flow_states start = {.papers = (uint8_t)m->f.rules->papers};
    model_add(m, &start);
    for (int i = 0; i < m->n; i++)
        for (int r = 0; r < FLOW_MACHINES; r++) {
            int rows;
            const struct flow_row *row = flow_rows((enum flow_machine)r, &rows);
            for (int k = 0; k < rows; k++) {
                if (row[k].actor == 1U << ACTOR_SYSTEM)
                    continue; /* only ever raised */
                for (int set = 0; set < (r == FLOW_PAPER ? m->f.rules->papers : 1); set++)
                    model_step(m, i, &row[k], model_facts(row, k), set);
            }
        }
}

static inline int model_at_rest(const struct flow_states *s)
{
    int rest = flow_is_rest(FLOW_APPLICATION, s->at[FLOW_APPLICATION]) &&
               flow_is_rest(FLOW_PAYMENT, s->at[FLOW_PAYMENT]) &&
               flow_is_rest(FLOW_INVOICE, s->at[FLOW_INVOICE]) &&
               flow_is_rest(FLOW_FULFILMENT, s->at[FLOW_FULFILMENT]);
    return rest && s->at[FLOW_APPLICATION] != FLOW_APPLICATION_NONE;
}

/* Invariant 5: from everywhere all regions can come to rest. */
static inline void model_all_can_rest(const struct model *m)
{
    char text[256];
    uint8_t *good = calloc((size_t)m->n, 1);
    int grew = 1;
    for (int i = 0; i < m->n; i++)
        good[i] = (uint8_t)model_at_rest(&m->state[i]);
    while (grew) {
        grew = 0;
        for (int i = 0; i < m->edges; i++)
            if (good[m->edge[i].to] && !good[m->edge[i].from])
                good[m->edge[i].from] = (uint8_t)(grew = 1);
    }
    for (int i = 0; i < m->n; i++)
        if (!good[i] && m->state[i].at[FLOW_CODE] != FLOW_CODE_WITHDRAWN) {
            model_describe(&m->state[i], text, sizeof text);
            free(good);
            fail_msg("dead end: %s", text);
        }
    free(good);
}

/* Invariant 3: frozen is frozen, in every state with money. */
static inline void model_frozen_is_frozen(struct model *m)
{
    static const enum flow_event changes[] = {EVENT_APP_SAVE,   EVENT_APP_CONFIRM,
                                              EVENT_APP_REOPEN, EVENT_APP_EDIT,
                                              EVENT_APP_CANCEL, EVENT_APP_CLOSE_AND_NEW};
    if (!m->f.rules->freeze_when_paid)
        return;
    m->f.holds = all_is_well();
    for (int i = 0; i < m->n; i++)
        for (size_t c = 0; c < sizeof changes / sizeof changes[0]; c++)
            for (int a = 0; a < ACTOR_COUNT; a++)
                if (m->state[i].at[FLOW_PAYMENT] == FLOW_PAYMENT_PAID)
                    assert_false(flow_allowed(&m->f, &m->state[i], changes[c], (enum flow_actor)a));
}

static inline int model_timer_leaves(const struct flow_rules *r, enum flow_machine m, int state)
{
    int rows;
    const struct flow_row *row = flow_rows(m, &rows);
    for (int k = 0; k < rows; k++) {
        if (!(row[k].from >> state & 1) || !(row[k].actor >> ACTOR_TIMER & 1) ||
            !flow_row_on(r, &row[k]))
            continue;
        if (row[k].event == EVENT_PAY_FAIL || row[k].event == EVENT_CODE_DAY_REACHED)
            return 1; /* timers of the engine, not of the profile */
        for (int i = 0; i < r->clocks; i++)
            if (r->clock[i].fires == row[k].event)
                return 1;
    }
    return 0;
}

/* Invariant 4: every state that is not at rest stands on somebody's list, or a clock ends it. */
static inline void model_somebody_has_it(const struct model *m)
{
    static const enum flow_machine regions[] = {FLOW_CODE, FLOW_APPLICATION, FLOW_PAYMENT,
                                                FLOW_INVOICE, FLOW_FULFILMENT};
    for (int i = 0; i < m->n; i++)
        for (size_t k = 0; k < sizeof regions / sizeof regions[0]; k++) {
            int s = m->state[i].at[regions[k]];
            enum flow_owner o = flow_owner(m->f.rules, regions[k], s);
            if (flow_is_rest(regions[k], s) ||
                (o != OWNER_CLOCK && o != OWNER_COURIER && o != OWNER_BANK))
                continue;
            if (!model_timer_leaves(m->f.rules, regions[k], s))
                fail_msg("nobody has %s %s", flow_machine_name(regions[k]),
                         flow_state_name(regions[k], s));
        }
}

static inline int model_check(const struct flow_rules *r, enum flow_type type, int64_t amount_fen)
{
    struct model m = {.f = {.rules = r, .type = type, .amount_fen = amount_fen}};
    m.state = calloc(MODEL_STATES_MAX, sizeof *m.state);
    m.hash = calloc(MODEL_HASH, sizeof *m.hash);
    m.edge = calloc(MODEL_EDGES_MAX, sizeof *m.edge);
    model_explore(&m);
    model_all_can_rest(&m);
    model_frozen_is_frozen(&m);
    model_somebody_has_it(&m);
    int n = m.n;
    free(m.state);
    free(m.hash);
    free(m.edge);
    return n;
}

#endif
