/* The engine: one event, one transaction. */
#include "hall/order/order.h"

#include "hall/audit/audit.h"
#include "hall/event/event.h"
#include "hall/institution/institution.h"
#include "hall/order/order_priv.h"
#include "hall/order/order_sql.h"
#include "hall/payment/payment.h"

#include <inttypes.h>
#include <string.h>

/* UKey and certificate are moved by their own concepts, which know the key that the event is about. */
enum err order_load_states(struct order_run *run, struct err_info *e)
{
    const struct account *a;
    static const uint8_t code[] = {
        [ACCOUNT_LOADED] = FLOW_CODE_LOADED,
        [ACCOUNT_USABLE] = FLOW_CODE_USABLE,
        [ACCOUNT_IN_USE] = FLOW_CODE_IN_USE,
        [ACCOUNT_WITHDRAWN] = FLOW_CODE_WITHDRAWN,
    };
    TRY(order_account(run, &a, e));
    run->o.states.at[FLOW_CODE] = code[a->state];
    return order_load_making(run, e);
}

static enum err run_effect(struct order_run *run, const struct flow_do *what, struct err_info *e)
{
    order_effect_fn *fn = order_effect_of(what->effect);
    if (!fn) {
        err_set(e, ERR_ORDER_EFFECT, NULL, "row %s: effect %s has no code", what->row,
                flow_effect_name(what->effect));
        err_arg(e, "effect", "%s", flow_effect_name(what->effect));
        return ERR_ORDER_EFFECT;
    }
    run->what = what;
    return fn(run, e);
}

/* Telling people comes last: what they are told is what was done. */
static enum err run_effects(struct order_run *run, struct err_info *e)
{
    for (int telling = 0; telling <= 1; telling++)
        for (int i = 0; i < run->result->todos; i++)
            if ((run->result->todo[i].effect == EFFECT_NOTIFY) == telling)
                TRY(run_effect(run, &run->result->todo[i], e));
    return ERR_OK;
}

/* What the sentence of a refusal needs and only the order knows. */
static enum err explain(struct order_run *run, enum err refused, struct err_info *e)
{
    struct err_info other = {0};
    const struct account *a;
    if (refused == ERR_CODE_TOO_EARLY && order_account(run, &a, &other) == ERR_OK)
        err_arg(e, "date", "%s", order_day_text(run->tx->arena, a->usable_from, run->tx->lang));
    return refused;
}

static const char *states_text(struct arena *a, const struct flow_states *s)
{
    return arena_fmt(a, "%s %s %s %s", flow_state_name(FLOW_APPLICATION, s->at[FLOW_APPLICATION]),
                     flow_state_name(FLOW_PAYMENT, s->at[FLOW_PAYMENT]),
                     flow_state_name(FLOW_FULFILMENT, s->at[FLOW_FULFILMENT]),
                     flow_state_name(FLOW_INVOICE, s->at[FLOW_INVOICE]));
}

/* Typing is saved every moment: it is no act of its own until the order is confirmed. */
static int is_typing(enum flow_event event)
{
    return event == EVENT_APP_SAVE;
}

enum err order_record(struct order_run *run, struct err_info *e)
{
    struct arena *a = run->tx->arena;
    const char *topic = arena_fmt(a, "order:%" PRId64, run->o.id);
    TRY(event_put(run->tx, topic, e));
    if (is_typing(run->event))
        return ERR_OK;
    TRY(order_log_put(run, e));
    struct audit_entry entry = {
        .act = arena_fmt(a, "order.%s", flow_event_name(run->event)),
        .order = run->o.id,
        .object = run->in->object ? run->in->object : topic,
        .old_value = states_text(a, &run->before),
        .new_value = states_text(a, &run->o.states),
        .reason = run->in->reason,
    };
    return audit_write(run->tx, &entry, e);
}

enum err order_run_event(struct order_run *run, enum flow_event event, struct order_change *out,
                         struct err_info *e)
{
    static const struct order_input nothing;
    if (!run->in)
        run->in = &nothing;
    run->event = event;
    run->actor = run->in->as ? *run->in->as : order_actor(&run->tx->who);
    run->result = arena_alloc(run->tx->arena, sizeof *run->result);
    TRY(order_load_states(run, e));
    run->before = run->o.states;
    TRY(order_find_facts(run, e));
    enum err refused = flow_apply(&run->facts, &run->before, event, run->actor, run->result, e);
    if (refused != ERR_OK)
        return explain(run, refused, e);
    run->o.states = run->result->states;
    if (run->result->todos || memcmp(&run->before, &run->o.states, sizeof run->before) != 0) {
        TRY(run_effects(run, e));
        if (event == EVENT_PAY_NOT_FOUND)
            TRY(order_pay_anew(run, e));
        TRY(order_keep_certificate(run, e));
        TRY(order_store(run, e));
        TRY(order_record(run, e));
    } /* otherwise it was known already: the same money told of twice (G-08) */
    if (!out)
        return ERR_OK;
    *out =
        (struct order_change){.order = run->o, .before = run->before, .steps = run->result->steps};
    memcpy(out->step, run->result->step, sizeof out->step);
    return ERR_OK;
}

enum err order_read_run(struct order_run *run, int64_t id, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(run->tx->db, &Q_order_get, PARAMS(P_INT(id)), run->tx->arena, &r, e));
    return order_from_row(run->tx, r, &run->o, &run->holds_limit, e);
}

enum err order_apply(struct hall_tx *tx, int64_t order, enum flow_event event,
                     const struct order_input *in, struct order_change *out, struct err_info *e)
{
    struct order_run *run = arena_alloc(tx->arena, sizeof *run);
    run->tx = tx;
    run->in = in;
    TRY(order_read_run(run, order, e));
    if (in && in->version && in->version != run->o.version)
        return err_set(e, ERR_CONFLICT, NULL, "order at version %" PRId64 ", caller saw %" PRId64,
                       run->o.version, in->version);
    return order_run_event(run, event, out, e);
}

enum err order_allowed(struct hall_tx *tx, const struct order *o, enum flow_event event,
                       const struct order_input *in, int *yes, struct err_info *e)
{
    static const struct order_input nothing;
    struct order_run *run = arena_alloc(tx->arena, sizeof *run);
    run->tx = tx;
    run->in = in ? in : &nothing;
    run->o = *o;
    run->event = event;
    TRY(order_load_states(run, e));
    TRY(order_find_facts(run, e));
    enum flow_actor actor = run->in->as ? *run->in->as : order_actor(&tx->who);
    *yes = flow_allowed(&run->facts, &run->o.states, event, actor);
    return ERR_OK;
}

/* ---- the applicant's ---- */

enum err order_save(struct hall_tx *tx, int64_t id, const struct form_save *s,
                    struct form_saved *out, struct err_info *e)
{
    struct order_run *run = arena_alloc(tx->arena, sizeof *run);
    struct form_save save = *s;
    run->tx = tx;
    run->save = &save;
    run->saved = out;
    TRY(order_read_run(run, id, e));
    save.order = id;
    save.project = run->o.rules_of;
    save.type = run->o.type;
    enum err refused = order_run_event(run, EVENT_APP_SAVE, NULL, e);
    if (refused == ERR_ORDER_STATE) /* submitted: what was typed can no longer be changed */
        return err_set(e, ERR_ORDER_NO_EDIT, NULL, "save after submitting");
    return refused;
}

static enum err all_problems(struct order_run *run, struct form_problems *out, struct err_info *e)
{
    struct form *f;
    TRY(order_form(run, &f, e));
    form_check(run->tx->arena, f, run->tx->lang, out);
    return ERR_OK;
}

enum err order_submit(struct hall_tx *tx, const struct order_submit *s, struct order *out,
                      struct form_problems *problems, struct err_info *e)
{
    struct order_run *run = arena_alloc(tx->arena, sizeof *run);
    struct order_input in = {.consent = s->consent ? s->agreement : NULL};
    struct order_change change;
    run->tx = tx;
    run->in = &in;
    problems->n = 0;
    TRY(order_read_run(run, s->id, e));
    int draft = run->o.states.at[FLOW_APPLICATION] == FLOW_APPLICATION_DRAFT;
    if (draft && s->seen && s->seen != run->o.version)
        return err_set(e, ERR_CONFLICT, "revision", "checked at %" PRId64 ", now %" PRId64, s->seen,
                       run->o.version);
    enum err refused = order_run_event(run, EVENT_APP_SUBMIT, &change, e);
    if (refused == ERR_ORDER_INCOMPLETE) {
        struct err_info other = {0};
        if (all_problems(run, problems, &other) != ERR_OK)
            problems->n = 0;
    }
    TRY(refused);
    *out = change.order;
    return ERR_OK;
}

enum err order_cancel(struct hall_tx *tx, int64_t id, struct order *out, struct err_info *e)
{
    struct order_change change;
    int ask;
    TRY(payment_must_ask(tx, id, &ask, e));
    if (ask) {
        err_set(e, ERR_UNAVAILABLE, NULL, "the gateway was not asked");
        err_arg(e, "service", "%s", "银行");
        return ERR_UNAVAILABLE;
    }
    TRY(order_apply(tx, id, EVENT_APP_CANCEL, NULL, &change, e));
    *out = change.order;
    return ERR_OK;
}

/* ---- A1 ---- */

static enum err refuse_running(const struct order *o, struct err_info *e)
{
    err_set(e, ERR_ORDER_RUNNING, "type", "order %" PRId64 " is under way", o->id);
    err_arg(e, "order", "%" PRId64, o->id);
    return ERR_ORDER_RUNNING;
}

/* An account has one open order of a type (index orders_open): as a draft it is gone on with, later it is in the way. */
static enum err open_draft(struct hall_tx *tx, const char *project, enum flow_type type,
                           struct order *out, int *found, struct err_info *e)
{
    struct store_rows rows;
    *found = 0;
    TRY(store_many(tx->db, &Q_order_open_of, PARAMS(P_INT(tx->who.id), P_TEXT(project)), tx->arena,
                   &rows, e));
    for (size_t i = 0; i < rows.n && !*found; i++) {
        TRY(order_from_row(tx, &rows.row[i], out, NULL, e));
        if (out->type != type)
            continue;
        if (out->states.at[FLOW_APPLICATION] != FLOW_APPLICATION_DRAFT)
            return refuse_running(out, e);
        *found = 1;
    }
    return ERR_OK;
}

/* The row is written first, at NONE: the event then moves it as it moves every order. */
static enum err add_row(struct order_run *run, struct err_info *e)
{
    const struct account *a;
    struct institution inst;
    struct order *o = &run->o;
    TRY(order_account(run, &a, e));
    TRY(institution_get(run->tx, a->institution, &inst, e));
    o->institution = inst.id;
    o->institution_name = inst.name;
    enum err done = store_exec(run->tx->db, &Q_order_add,
                               PARAMS(P_INT(o->id), P_TEXT(o->project), P_INT(o->profile),
                                      P_TEXT(flow_type_name(o->type)), P_INT(o->account),
                                      P_INT(o->institution), P_TEXT(o->institution_name),
                                      P_INT(run->tx->now)),
                               NULL, e);
    /* the other tab was faster, or the number is taken: run again, and its draft is found, or another number */
    if (done == ERR_STORE_UNIQUE)
        return err_set(e, ERR_STORE_RETRY, NULL, "an order of this business was begun just now");
    return done;
}

enum err order_create(struct hall_tx *tx, const char *project, enum flow_type type,
                      struct order *out, int *fresh, struct err_info *e)
{
    int found;
    struct order_change change;
    const struct project *p = projects_find(tx->hall->projects, project);
    if (!p)
        return err_set(e, ERR_NOT_FOUND, "project", "no project %s", project);
    *fresh = 0;
    TRY(open_draft(tx, project, type, out, &found, e));
    if (found)
        return ERR_OK;
    struct order_run *run = arena_alloc(tx->arena, sizeof *run);
    run->tx = tx;
    run->o = (struct order){
        .id = hall_new_id(tx->hall),
        .version = 1,
        .project = arena_text(tx->arena, project),
        .profile = p->version,
        .rules_of = p,
        .type = type,
        .account = tx->who.id,
        .fee_rule = "",
        .agreement = "",
        .created_at = tx->now,
    };
    TRY(add_row(run, e));
    TRY(order_run_event(run, EVENT_APP_CREATE, &change, e));
    *out = change.order;
    *fresh = 1;
    return ERR_OK;
}
