/* Names of everything in the tables, made from the same .def files as the enums. */
#include "hall/flow/flow_priv.h"

#include <string.h>

static const char *const machine_names[FLOW_MACHINES] = {
    [FLOW_CODE] = "code",       [FLOW_APPLICATION] = "application",
    [FLOW_PAYMENT] = "payment", [FLOW_INVOICE] = "invoice",
    [FLOW_PAPER] = "paper",     [FLOW_FULFILMENT] = "fulfilment",
    [FLOW_UKEY] = "ukey",       [FLOW_CERTIFICATE] = "certificate",
};

enum state_kind { KIND_REST, KIND_OPEN, KIND_PASSING };

struct state_row {
    const char *name;
    enum state_kind kind;
    enum flow_owner owner;
    const char *text[2];
};

enum { STATES_MAX = 32 };

static const struct state_row states[FLOW_MACHINES][STATES_MAX] = {
#define STATE(m, n, kind, owner, zh, en)                                                           \
    [FLOW_##m][FLOW_##m##_##n] = {#n, KIND_##kind, OWNER_##owner, {zh, en}},
#include "hall/flow/states.def"
#undef STATE
};

static const int state_counts[FLOW_MACHINES] = {
    [FLOW_CODE] = FLOW_CODE_STATES,       [FLOW_APPLICATION] = FLOW_APPLICATION_STATES,
    [FLOW_PAYMENT] = FLOW_PAYMENT_STATES, [FLOW_INVOICE] = FLOW_INVOICE_STATES,
    [FLOW_PAPER] = FLOW_PAPER_STATES,     [FLOW_FULFILMENT] = FLOW_FULFILMENT_STATES,
    [FLOW_UKEY] = FLOW_UKEY_STATES,       [FLOW_CERTIFICATE] = FLOW_CERTIFICATE_STATES,
};

static const char *const event_names[EVENT_COUNT] = {
    [EVENT_NONE] = "",
#define EVENT(machine, n, name) [EVENT_##n] = name,
#include "hall/flow/events.def"
#undef EVENT
};

static const uint8_t event_machines[EVENT_COUNT] = {
#define EVENT(machine, n, name) [EVENT_##n] = FLOW_##machine,
#include "hall/flow/events.def"
#undef EVENT
};

struct guard_row {
    const char *name;
    enum err error;
};

static const struct guard_row guards[GUARD_COUNT] = {
    [GUARD_NONE] = {"", ERR_OK},
    [GUARD_FACTS] = {"", ERR_OK},
#define FACT(n, name, error) [GUARD_##n] = {name, ERR_##error},
#define RULE(n, name, error) [GUARD_##n] = {name, ERR_##error},
#include "hall/flow/guards.def"
#undef FACT
#undef RULE
};

static const char *const effect_names[EFFECT_COUNT] = {
    [EFFECT_NONE] = "",
#define EFFECT(n, name) [EFFECT_##n] = name,
#include "hall/flow/effects.def"
#undef EFFECT
};

static const char *const notice_names[NOTICE_COUNT] = {
    [NOTICE_NONE] = "",
#define NOTICE(n, name) [NOTICE_##n] = name,
#include "hall/flow/notices.def"
#undef NOTICE
};

static const char *const actor_names[ACTOR_COUNT] = {
    [ACTOR_APPLICANT] = "applicant", [ACTOR_REVIEWER] = "reviewer", [ACTOR_FINANCE] = "finance",
    [ACTOR_MAKER] = "maker",         [ACTOR_SHIPPING] = "shipping", [ACTOR_PAPER] = "paper",
    [ACTOR_SUPPORT] = "support",     [ACTOR_AGENT] = "agent",       [ACTOR_CA] = "ca",
    [ACTOR_TIMER] = "timer",         [ACTOR_EXTERNAL] = "external", [ACTOR_OPERATOR] = "operator",
    [ACTOR_COUNTER] = "counter",     [ACTOR_SYSTEM] = "system",
};

static const char *const owner_names[OWNER_COUNT] = {
    [OWNER_NOBODY] = "nobody",         [OWNER_APPLICANT] = "applicant",
    [OWNER_REVIEWER] = "reviewer",     [OWNER_FINANCE] = "finance",
    [OWNER_MAKER] = "maker",           [OWNER_SHIPPING] = "shipping",
    [OWNER_PAPER] = "paper",           [OWNER_SUPPORT] = "support",
    [OWNER_COUNTER] = "counter",       [OWNER_REGULATOR] = "regulator",
    [OWNER_COURIER] = "courier",       [OWNER_BANK] = "bank",
    [OWNER_PARTNER] = "partner",       [OWNER_CA] = "ca",
    [OWNER_SYSTEM] = "system",         [OWNER_CLOCK] = "clock",
    [OWNER_FULFILMENT] = "fulfilment",
};

static const char *const type_names[TYPE_COUNT] = {
    [TYPE_NEW] = "NEW",
    [TYPE_ADD] = "ADD",
    [TYPE_REISSUE_LOST] = "REISSUE_LOST",
    [TYPE_REISSUE_DAMAGED] = "REISSUE_DAMAGED",
    [TYPE_UNLOCK] = "UNLOCK",
    [TYPE_RENEW] = "RENEW",
    [TYPE_CHANGE] = "CHANGE",
    [TYPE_REVOKE] = "REVOKE",
    [TYPE_RESEND] = "RESEND",
};

static const char *const gate_names[GATE_COUNT] = {
    [GATE_NONE] = "none",
    [GATE_STAGE] = "stage",
    [GATE_PRODUCTION] = "production",
    [GATE_SHIPPING] = "shipping",
    [GATE_ACTIVATION] = "activation",
    [GATE_MAILING] = "mailing",
    [GATE_REVOCATION] = "revocation",
    [GATE_COMPLETION] = "completion",
};

static int find(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (names[i] && names[i][0] && strcmp(names[i], name) == 0)
            return i;
    return -1;
}

const char *flow_machine_name(enum flow_machine m)
{
    return machine_names[m];
}

const char *flow_state_name(enum flow_machine m, int state)
{
    return states[m][state].name;
}

int flow_state_from_name(enum flow_machine m, const char *name)
{
    for (int i = 0; i < state_counts[m]; i++)
        if (strcmp(states[m][i].name, name) == 0)
            return i;
    return -1;
}

int flow_state_count(enum flow_machine m)
{
    return state_counts[m];
}

const char *flow_state_text(enum flow_machine m, int state, enum lang lang)
{
    return states[m][state].text[lang];
}

int flow_is_rest(enum flow_machine m, int state)
{
    return states[m][state].kind == KIND_REST;
}

int flow_is_passing(enum flow_machine m, int state)
{
    return states[m][state].kind == KIND_PASSING;
}

enum flow_owner flow_owner(const struct flow_rules *r, enum flow_machine m, int state)
{
    if (r->via_org && m == FLOW_FULFILMENT && state == FLOW_FULFILMENT_SHIPPED)
        return OWNER_COUNTER;
    return states[m][state].owner;
}

const char *flow_event_name(enum flow_event ev)
{
    return event_names[ev];
}

int flow_event_from_name(const char *name)
{
    return find(event_names, EVENT_COUNT, name);
}

enum flow_machine flow_event_machine(enum flow_event ev)
{
    return (enum flow_machine)event_machines[ev];
}

int flow_is_signal(enum flow_event ev)
{
    return ev == EVENT_STAGE_ENTERED || ev == EVENT_PAY_PAID;
}

const char *flow_guard_name(enum flow_guard g)
{
    return guards[g].name;
}

enum err flow_guard_error(enum flow_guard g)
{
    return guards[g].error;
}

const char *flow_effect_name(enum flow_effect fx)
{
    return effect_names[fx];
}

const char *flow_notice_name(enum flow_notice n)
{
    return notice_names[n];
}

int flow_notice_from_name(const char *name)
{
    return find(notice_names, NOTICE_COUNT, name);
}

const char *flow_actor_name(enum flow_actor a)
{
    return actor_names[a];
}

const char *flow_owner_name(enum flow_owner o)
{
    return owner_names[o];
}

int flow_owner_from_name(const char *name)
{
    return find(owner_names, OWNER_COUNT, name);
}

const char *flow_type_name(enum flow_type t)
{
    return type_names[t];
}

int flow_type_from_name(const char *name)
{
    return find(type_names, TYPE_COUNT, name);
}

const char *flow_gate_name(enum flow_gate g)
{
    return gate_names[g];
}

int flow_gate_from_name(const char *name)
{
    return find(gate_names, GATE_COUNT, name);
}
