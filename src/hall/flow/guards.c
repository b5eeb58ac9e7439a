/* Guards decided from the profile and the states; facts are looked up in the caller's set. */
#include "hall/flow/flow_priv.h"

static int stages(const struct flow_facts *f)
{
    return f->rules->stages[f->type];
}

static int has_materials(const struct flow_facts *f)
{
    return f->rules->materials >> f->type & 1;
}

/* Money has come for this order, and some of it may still be here. */
static int money_came(const struct flow_states *s)
{
    int pay = s->at[FLOW_PAYMENT];
    return pay == FLOW_PAYMENT_PAID || pay == FLOW_PAYMENT_CLAIMED || pay == FLOW_PAYMENT_REFUNDING;
}

static int settled(const struct flow_facts *f, const struct flow_states *s)
{
    int pay = s->at[FLOW_PAYMENT];
    return pay == FLOW_PAYMENT_PAID || f->amount_fen == 0 || f->rules->pay_when == PAY_NEVER;
}

int flow_is_frozen(const struct flow_facts *f, const struct flow_states *s)
{
    int pay = s->at[FLOW_PAYMENT];
    return f->rules->freeze_when_paid &&
           (pay == FLOW_PAYMENT_PAID || pay == FLOW_PAYMENT_REFUNDING);
}

static int in_place(const struct flow_facts *f)
{
    if (f->type == TYPE_CHANGE || f->type == TYPE_RENEW)
        return f->rules->renew_medium == MEDIUM_IN_PLACE ||
               (f->rules->renew_medium == MEDIUM_USER_CHOICE && f->in_place);
    return 0;
}

static int before_shipped(const struct flow_states *s)
{
    switch (s->at[FLOW_FULFILMENT]) {
    case FLOW_FULFILMENT_NONE:
    case FLOW_FULFILMENT_QUEUED:
    case FLOW_FULFILMENT_MADE:
    case FLOW_FULFILMENT_PACKED:
        return 1;
    default:
        return 0;
    }
}

/* Every paper set of this type behind the gate is OK. GATE_COUNT asks for all gates; a set that never
 * opened holds its gate shut, too. */
static int gate_open(const struct flow_facts *f, const struct flow_states *s, enum flow_gate gate)
{
    for (int i = 0; i < f->rules->papers; i++) {
        const struct flow_paper_set *p = &f->rules->paper[i];
        if (p->types && !(p->types >> f->type & 1))
            continue;
        if (p->gate == GATE_NONE || (gate != GATE_COUNT && p->gate != gate))
            continue;
        if (gate == GATE_STAGE && p->gate_stage != s->passed + 1)
            continue;
        if (gate == GATE_COUNT && p->gate == GATE_MAILING && s->paper[i].state == FLOW_PAPER_NONE)
            continue; /* nobody asked for mailing */
        if (s->paper[i].state != FLOW_PAPER_OK)
            return 0;
    }
    return 1;
}

static int ukey_made(const struct flow_states *s)
{
    int cert = s->at[FLOW_CERTIFICATE];
    return s->at[FLOW_UKEY] == FLOW_UKEY_PERSONALISED &&
           (cert == FLOW_CERTIFICATE_ACTIVE || cert == FLOW_CERTIFICATE_ISSUED_INACTIVE);
}

static int money_guard(const struct flow_facts *f, const struct flow_states *s, enum flow_guard g)
{
    const struct flow_rules *r = f->rules;
    int app = s->at[FLOW_APPLICATION];
    int due = f->amount_fen > 0 && r->pay_when != PAY_NEVER;
    switch (g) {
    case GUARD_PAY_FIRST:
        return due && r->pay_when == PAY_BEFORE_REVIEW;
    case GUARD_PAY_NOW:
        return due && (app == FLOW_APPLICATION_AWAIT_PAY || r->pay_when == PAY_EITHER);
    case GUARD_FREE:
        return f->amount_fen == 0;
    case GUARD_SETTLED:
        return settled(f, s);
    case GUARD_UNSETTLED:
        return !settled(f, s);
    case GUARD_NOT_FROZEN:
        return !flow_is_frozen(f, s);
    case GUARD_NOT_PAID:
        return !money_came(s);
    default:
        return 0;
    }
}

static int paper_guard(const struct flow_facts *f, const struct flow_states *s, int set,
                       enum flow_guard g)
{
    switch (g) {
    case GUARD_GATE_STAGE:
        return gate_open(f, s, GATE_STAGE);
    case GUARD_GATE_PRODUCTION:
        return gate_open(f, s, GATE_PRODUCTION);
    case GUARD_GATE_SHIPPING:
        return gate_open(f, s, GATE_SHIPPING);
    case GUARD_GATE_ACTIVATION:
        return gate_open(f, s, GATE_ACTIVATION);
    case GUARD_GATE_MAILING:
        return gate_open(f, s, GATE_MAILING);
    case GUARD_GATE_REVOCATION:
        return gate_open(f, s, GATE_REVOCATION);
    case GUARD_ALL_GATES:
        return gate_open(f, s, GATE_COUNT);
    case GUARD_MORE_LEGS:
        return s->paper[set].leg < f->rules->paper[set].legs;
    case GUARD_LAST_LEG:
        return s->paper[set].leg >= f->rules->paper[set].legs;
    default:
        return money_guard(f, s, g);
    }
}

static int rule_holds(const struct flow_facts *f, const struct flow_states *s, int set,
                      enum flow_guard g)
{
    const struct flow_rules *r = f->rules;
    int app = s->at[FLOW_APPLICATION];
    switch (g) {
    case GUARD_HAS_MATERIALS:
        return has_materials(f);
    case GUARD_NO_MATERIALS:
        return !has_materials(f);
    case GUARD_FIX_EDIT:
        return r->fix == FIX_EDIT;
    case GUARD_FIX_CLOSE:
        return r->fix == FIX_CLOSE_AND_NEW;
    case GUARD_ORDER_OPEN:
        return app != FLOW_APPLICATION_NONE && !flow_is_rest(FLOW_APPLICATION, app);
    case GUARD_STAGES_LEFT:
        return s->passed < stages(f);
    case GUARD_NO_STAGES_LEFT:
        return s->passed >= stages(f);
    case GUARD_MORE_STAGES:
        return s->passed + 1 < stages(f);
    case GUARD_LAST_STAGE:
        return s->passed + 1 >= stages(f);
    case GUARD_EDIT_PENDING:
        return r->edit_pending;
    case GUARD_NEW_KEY:
        return !in_place(f);
    case GUARD_IN_PLACE:
        return in_place(f);
    case GUARD_BEFORE_SHIPPED:
        return before_shipped(s);
    case GUARD_BEFORE_PRODUCTION:
        return s->at[FLOW_FULFILMENT] == FLOW_FULFILMENT_NONE &&
               app != FLOW_APPLICATION_READY_DOWNLOAD;
    case GUARD_FUL_DONE:
        return s->at[FLOW_FULFILMENT] == FLOW_FULFILMENT_DONE;
    case GUARD_JOB_OPEN:
        return s->at[FLOW_FULFILMENT] == FLOW_FULFILMENT_QUEUED;
    case GUARD_CA_ANSWERED:
        return s->at[FLOW_CERTIFICATE] != FLOW_CERTIFICATE_REQUESTED;
    case GUARD_UKEY_MADE:
        return ukey_made(s);
    case GUARD_NO_ACTIVATION:
        return !r->activate && !r->bind;
    case GUARD_NO_BINDING:
        return !r->bind;
    case GUARD_ORDER_APPROVED:
        return app == FLOW_APPLICATION_IN_PRODUCTION || app == FLOW_APPLICATION_READY_DOWNLOAD;
    default:
        return paper_guard(f, s, set, g);
    }
}

int flow_guard_holds(const struct flow_facts *f, const struct flow_states *s, int set,
                     enum flow_guard g)
{
    if (g > GUARD_FACTS)
        return rule_holds(f, s, set, g);
    if (g == GUARD_MATERIALS_VALID && !has_materials(f))
        return 1;
    if (g == GUARD_KEY_RETURNED && !f->rules->revoke_key_return)
        return 1;
    return (int)(f->holds >> g & 1);
}
