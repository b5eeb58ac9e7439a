/* What can happen to an order, as flow has it: each event of a path is applied to the states that the one before left. */
#include "hall/seed/seed_priv.h"

#include "hall/order/order.h"

#include <string.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

#define STEP(ev, as, by, how, from, to, told)                                                      \
    {                                                                                              \
        EVENT_##ev, ACTOR_##as, SEED_##by, SEED_##how, from, to, told                              \
    }
#define BEGUN STEP(APP_CREATE, APPLICANT, APPLICANT, AFTER, 0, 0, 0)
#define SUBMITTED STEP(APP_SUBMIT, APPLICANT, APPLICANT, AFTER, 5 * MINUTE, 40 * MINUTE, 1)
#define MADE_AND_SENT                                                                              \
    BEGUN, SUBMITTED, STEP(PAY_START, APPLICANT, APPLICANT, AFTER, MINUTE, 2 * DAY, 0),            \
        STEP(PAY_SUCCESS, EXTERNAL, BANK, AFTER, MINUTE, 5 * MINUTE, 1),                           \
        STEP(UKEY_INITIALISE, AGENT, BENCH, NEXT_WORKDAY, 0, 7 * HOUR, 0),                         \
        STEP(CERT_REQUEST, AGENT, BENCH, AFTER, 10, 20, 0),                                        \
        STEP(CERT_ISSUE, CA, BENCH, AFTER, 1, 2, 1),                                               \
        STEP(UKEY_PERSONALISE, AGENT, BENCH, AFTER, 5, 10, 0),                                     \
        STEP(FUL_MAKE, MAKER, MAKER, AFTER, 10, MINUTE, 0),                                        \
        STEP(FUL_QUALITY, SHIPPING, SHIPPING, AFTER, 20 * MINUTE, 2 * HOUR, 0),                    \
        STEP(FUL_HAND_OVER, SHIPPING, SHIPPING, AFTER, 10 * MINUTE, 4 * HOUR, 1),                  \
        STEP(FUL_SIGNED, EXTERNAL, TIMER, AFTER, DAY, 5 * DAY, 1),                                 \
        STEP(UKEY_FIRST_PIN, AGENT, APPLICANT, AFTER, HOUR, 2 * DAY, 0)

/* clang-format off */
static const struct seed_step HELD[] = {MADE_AND_SENT};
static const struct seed_step REVOKED[] = {
    MADE_AND_SENT, STEP(CERT_REVOKE, SUPPORT, SUPPORT, AFTER, 20 * DAY, 200 * DAY, 1)};
static const struct seed_step CANCELLED[] = {
    BEGUN, SUBMITTED, STEP(APP_CANCEL, APPLICANT, APPLICANT, AFTER, 10 * MINUTE, HOUR, 1)};
static const struct seed_step UNPAID[] = {
    BEGUN, SUBMITTED, STEP(APP_PAY_TIMEOUT, TIMER, TIMER, PRICE_ENDS, 0, 0, 1)};
static const struct seed_step LET_GO[] = {
    BEGUN, STEP(APP_CANCEL, OPERATOR, TIMER, DRAFT_ENDS, 0, 0, 1)};
static const struct seed_step INVOICED =
    STEP(INV_ISSUE, FINANCE, FINANCE, AFTER, 0, 0, 0);
/* clang-format on */

#define PATH(steps)                                                                                \
    {                                                                                              \
        steps, sizeof(steps) / sizeof *(steps)                                                     \
    }
static const struct {
    const struct seed_step *step;
    size_t n;
} PATHS[SEED_ENDS] = {
    [SEED_HELD] = PATH(HELD),           [SEED_REVOKED] = PATH(REVOKED),
    [SEED_CANCELLED] = PATH(CANCELLED), [SEED_UNPAID] = PATH(UNPAID),
    [SEED_LET_GO] = PATH(LET_GO),
};

/* Everything has gone as it should, and no money came before. */
static uint64_t all_well(void)
{
    static const enum flow_guard not_so[] = {GUARD_MONEY_KNOWN, GUARD_MONEY_HELD,
                                             GUARD_DOCUMENTS_CHANGED, GUARD_UKEY_DEAD};
    uint64_t holds = ~UINT64_C(0);
    for (size_t i = 0; i < sizeof not_so / sizeof *not_so; i++)
        holds &= ~(UINT64_C(1) << not_so[i]);
    return holds;
}

static const char *states_text(struct arena *a, const struct flow_states *s)
{
    return arena_fmt(a, "%s %s %s %s", flow_state_name(FLOW_APPLICATION, s->at[FLOW_APPLICATION]),
                     flow_state_name(FLOW_PAYMENT, s->at[FLOW_PAYMENT]),
                     flow_state_name(FLOW_FULFILMENT, s->at[FLOW_FULFILMENT]),
                     flow_state_name(FLOW_INVOICE, s->at[FLOW_INVOICE]));
}

static int clock_of(const struct flow_facts *f, const struct flow_states *s, enum flow_machine m)
{
    struct flow_now lane[FLOW_LANES_MAX];
    int n = flow_now(f, s, lane, FLOW_LANES_MAX);
    for (int i = 0; i < n; i++)
        if (lane[i].machine == m)
            return lane[i].clock;
    return -1;
}

static void note(const struct flow_facts *f, const struct flow_do *todo, struct seed_stage *out)
{
    switch (todo->effect) {
    case EFFECT_CLOCK_START:
        out->starts |= 1u << todo->arg;
        break;
    case EFFECT_CLOCK_STOP:
        out->stops |= 1u << todo->arg;
        break;
    case EFFECT_TASK_OPEN:
        if (out->opened < SEED_TASKS_MAX)
            out->opens[out->opened++] = (struct seed_task){
                .kind = order_task_kind(todo->machine, todo->arg),
                .role = flow_owner_name(flow_owner(f->rules, todo->machine, todo->arg)),
                .clock = clock_of(f, &out->states, todo->machine)};
        break;
    case EFFECT_TASK_CLOSE:
        if (out->closed < SEED_TASKS_MAX)
            out->closes[out->closed++] = order_task_kind(todo->machine, todo->arg);
        break;
    case EFFECT_UKEY_RECORD:
        out->ukey_row = todo->row;
        break;
    case EFFECT_CA_ISSUE:
    case EFFECT_CERT_RECORD:
        out->certificate_row = todo->row;
        break;
    default:
        break;
    }
}

static enum err make_stage(const struct flow_facts *f, const struct flow_states *before,
                           const struct seed_step *step, struct arena *a, struct seed_stage *out,
                           struct err_info *e)
{
    struct flow_result *r = arena_alloc(a, sizeof *r);
    TRY(flow_apply(f, before, step->event, step->actor, r, e));
    *out = (struct seed_stage){.step = step,
                               .row = r->steps ? r->step[0]->id : "",
                               .states = r->states,
                               .before = states_text(a, before),
                               .after = states_text(a, &r->states)};
    for (int i = 0; i < r->todos; i++)
        note(f, &r->todo[i], out);
    return ERR_OK;
}

static void remember(struct seed_path *p, int at)
{
    enum flow_event event = p->stage[at].step->event;
    int *place = event == EVENT_APP_SUBMIT      ? &p->submit
                 : event == EVENT_PAY_SUCCESS   ? &p->paid
                 : event == EVENT_FUL_MAKE      ? &p->made
                 : event == EVENT_FUL_HAND_OVER ? &p->sent
                 : event == EVENT_FUL_SIGNED    ? &p->received
                                                : NULL;
    if (place)
        *place = at;
}

static enum err make_path(const struct flow_facts *f, enum seed_end end, struct arena *a,
                          struct seed_path *out, struct err_info *e)
{
    struct flow_states now = {0};
    now.at[FLOW_CODE] = FLOW_CODE_IN_USE;
    now.at[FLOW_UKEY] = FLOW_UKEY_BLANK;
    *out = (struct seed_path){.submit = -1, .paid = -1, .made = -1, .sent = -1, .received = -1};
    for (size_t i = 0; i < PATHS[end].n; i++) {
        TRY(make_stage(f, &now, &PATHS[end].step[i], a, &out->stage[i], e));
        now = out->stage[i].states;
        out->stages++;
        remember(out, (int)i);
    }
    return ERR_OK;
}

enum err seed_paths_make(const struct project *p, int64_t amount_fen, struct arena *a,
                         struct seed_paths *out, struct err_info *e)
{
    struct err_info why = {0};
    out->facts = (struct flow_facts){
        .rules = &p->rules, .type = TYPE_NEW, .amount_fen = amount_fen, .holds = all_well()};
    enum err done = ERR_OK;
    for (int end = 0; end < SEED_ENDS && done == ERR_OK; end++)
        done = make_path(&out->facts, (enum seed_end)end, a, &out->path[end], &why);
    const struct seed_path *held = &out->path[SEED_HELD];
    if (done == ERR_OK)
        done = make_stage(&out->facts, &held->stage[held->paid].states, &INVOICED, a,
                          &out->invoiced, &why);
    if (done == ERR_OK)
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, "project", "%s: %s", p->about.code, why.detail);
    err_arg(
        e, "why", "%s",
        "--project: its new certificates are not paid first, made and sent by courier, invoiced by "
        "finance, which is all that is known here");
    return ERR_BAD_REQUEST;
}
