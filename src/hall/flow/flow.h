/* The state machines of an order (requirements.md §10.1–§10.5, §10.8): five regions, the authorisation
 * code, the UKey and the certificate. Pure: facts, states and an event in; new states and a list of
 * effects out. No SQL, no time, no I/O; every function may be called from any thread.
 *
 * Only `order` calls flow_apply: it loads the facts, asks here, and runs the effects of all concepts in
 * one transaction. A profile switches rows on or off and sets parameters (struct flow_rules); it cannot add
 * edges. Names in texts ("DRAFT", "pay.success") are what the database and the profiles hold. */
#ifndef CERTHALL_HALL_FLOW_H
#define CERTHALL_HALL_FLOW_H

#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>

enum flow_machine {
    FLOW_CODE,
    FLOW_APPLICATION,
    FLOW_PAYMENT,
    FLOW_INVOICE,
    FLOW_PAPER, /* one for each paper set */
    FLOW_FULFILMENT,
    FLOW_UKEY,
    FLOW_CERTIFICATE,
    FLOW_MACHINES
};

/* FLOW_APPLICATION_DRAFT, FLOW_PAYMENT_PAID … number from 0 (NONE) in each machine. They stand in one enum
 * only so that the compiler sees their names; FLOW_STATE_OF turns them into the machine's own number. */
enum flow_code_state {
#define ONLY_CODE(n) FLOW_CODE_##n,
#define ONLY_APPLICATION(n)
#define ONLY_PAYMENT(n)
#define ONLY_INVOICE(n)
#define ONLY_PAPER(n)
#define ONLY_FULFILMENT(n)
#define ONLY_UKEY(n)
#define ONLY_CERTIFICATE(n)
#define STATE(m, n, kind, owner, zh, en) ONLY_##m(n)
#include "hall/flow/states.def"
#undef ONLY_CODE
    FLOW_CODE_STATES
};
enum flow_application_state {
#define ONLY_CODE(n)
#undef ONLY_APPLICATION
#define ONLY_APPLICATION(n) FLOW_APPLICATION_##n,
#include "hall/flow/states.def"
#undef ONLY_APPLICATION
    FLOW_APPLICATION_STATES
};
enum flow_payment_state {
#define ONLY_APPLICATION(n)
#undef ONLY_PAYMENT
#define ONLY_PAYMENT(n) FLOW_PAYMENT_##n,
#include "hall/flow/states.def"
#undef ONLY_PAYMENT
    FLOW_PAYMENT_STATES
};
enum flow_invoice_state {
#define ONLY_PAYMENT(n)
#undef ONLY_INVOICE
#define ONLY_INVOICE(n) FLOW_INVOICE_##n,
#include "hall/flow/states.def"
#undef ONLY_INVOICE
    FLOW_INVOICE_STATES
};
enum flow_paper_state {
#define ONLY_INVOICE(n)
#undef ONLY_PAPER
#define ONLY_PAPER(n) FLOW_PAPER_##n,
#include "hall/flow/states.def"
#undef ONLY_PAPER
    FLOW_PAPER_STATES
};
enum flow_fulfilment_state {
#define ONLY_PAPER(n)
#undef ONLY_FULFILMENT
#define ONLY_FULFILMENT(n) FLOW_FULFILMENT_##n,
#include "hall/flow/states.def"
#undef ONLY_FULFILMENT
    FLOW_FULFILMENT_STATES
};
enum flow_ukey_state {
#define ONLY_FULFILMENT(n)
#undef ONLY_UKEY
#define ONLY_UKEY(n) FLOW_UKEY_##n,
#include "hall/flow/states.def"
#undef ONLY_UKEY
    FLOW_UKEY_STATES
};
enum flow_certificate_state {
#define ONLY_UKEY(n)
#undef ONLY_CERTIFICATE
#define ONLY_CERTIFICATE(n) FLOW_CERTIFICATE_##n,
#include "hall/flow/states.def"
#undef STATE
#undef ONLY_CODE
#undef ONLY_APPLICATION
#undef ONLY_PAYMENT
#undef ONLY_INVOICE
#undef ONLY_PAPER
#undef ONLY_FULFILMENT
#undef ONLY_UKEY
#undef ONLY_CERTIFICATE
    FLOW_CERTIFICATE_STATES
};

enum flow_event {
    EVENT_NONE = 0,
#define EVENT(machine, n, name) EVENT_##n,
#include "hall/flow/events.def"
#undef EVENT
    EVENT_COUNT
};

enum flow_guard {
    GUARD_NONE = 0,
#define FACT(n, name, error) GUARD_##n,
#define RULE(n, name, error)
#include "hall/flow/guards.def"
#undef FACT
#undef RULE
    GUARD_FACTS, /* those above are set by the caller, those below are decided here */
#define FACT(n, name, error)
#define RULE(n, name, error) GUARD_##n,
#include "hall/flow/guards.def"
#undef FACT
#undef RULE
    GUARD_COUNT
};
_Static_assert(GUARD_FACTS <= 64, "flow_facts.holds is a set of 64");

enum flow_effect {
    EFFECT_NONE = 0,
#define EFFECT(n, name) EFFECT_##n,
#include "hall/flow/effects.def"
#undef EFFECT
    EFFECT_COUNT
};

enum flow_notice {
    NOTICE_NONE = 0,
#define NOTICE(n, name) NOTICE_##n,
#include "hall/flow/notices.def"
#undef NOTICE
    NOTICE_COUNT
};

/* Who does it ("who" of the tables): U R F M S P D A C T X O, the counter clerk, and the engine itself. */
enum flow_actor {
    ACTOR_APPLICANT,
    ACTOR_REVIEWER,
    ACTOR_FINANCE,
    ACTOR_MAKER,
    ACTOR_SHIPPING,
    ACTOR_PAPER,
    ACTOR_SUPPORT,
    ACTOR_AGENT,
    ACTOR_CA,
    ACTOR_TIMER,
    ACTOR_EXTERNAL, /* gateway, courier, regulator's import, partner */
    ACTOR_OPERATOR,
    ACTOR_COUNTER,
    ACTOR_SYSTEM,
    ACTOR_COUNT
};

/* On whose list a state stands. FULFILMENT means: ask that region. */
enum flow_owner {
    OWNER_NOBODY,
    OWNER_APPLICANT,
    OWNER_REVIEWER,
    OWNER_FINANCE,
    OWNER_MAKER,
    OWNER_SHIPPING,
    OWNER_PAPER,
    OWNER_SUPPORT,
    OWNER_COUNTER,
    OWNER_REGULATOR,
    OWNER_COURIER,
    OWNER_BANK,
    OWNER_PARTNER,
    OWNER_CA,
    OWNER_SYSTEM,
    OWNER_CLOCK,
    OWNER_FULFILMENT,
    OWNER_COUNT
};

enum flow_type {
    TYPE_NEW,
    TYPE_ADD,
    TYPE_REISSUE_LOST,
    TYPE_REISSUE_DAMAGED,
    TYPE_UNLOCK,
    TYPE_RENEW,
    TYPE_CHANGE,
    TYPE_REVOKE,
    TYPE_RESEND,
    TYPE_COUNT
};

enum flow_pay_when { PAY_BEFORE_REVIEW, PAY_AFTER_REVIEW, PAY_EITHER, PAY_NEVER };
enum flow_fix { FIX_EDIT, FIX_CLOSE_AND_NEW };
enum flow_invoice_mode { INVOICE_NEVER, INVOICE_AUTO, INVOICE_BATCH, INVOICE_ON_REQUEST };
enum flow_medium { MEDIUM_NEW_KEY, MEDIUM_IN_PLACE, MEDIUM_USER_CHOICE };
enum flow_gate {
    GATE_NONE,
    GATE_STAGE,
    GATE_PRODUCTION,
    GATE_SHIPPING,
    GATE_ACTIVATION,
    GATE_MAILING,
    GATE_REVOCATION,
    GATE_COMPLETION,
    GATE_COUNT
};
enum flow_unit { UNIT_WORKDAYS, UNIT_DAYS, UNIT_HOURS };

enum {
    FLOW_PAPERS_MAX = 6,
    FLOW_CLOCKS_MAX = 24,
    FLOW_STAGES_MAX = 4,
    FLOW_OFF_MAX = 32,
    FLOW_NAME_MAX = 32
};

/* A clock is independent of states, because the manuals' clocks span regions (§10.10). */
struct flow_clock {
    char name[FLOW_NAME_MAX];
    uint32_t types;         /* set of enum flow_type; 0 = all */
    enum flow_event starts; /* starts anew each time this happens */
    int starts_stage;       /* with app.pass or stage.entered: that stage only; 0 = any */
    enum flow_event stops;
    int stops_stage;
    uint32_t pauses; /* set of application states */
    int length;
    enum flow_unit unit;
    enum flow_owner owner; /* whose duty it measures */
    enum flow_event
        fires; /* what the timer applies when it is due; EVENT_NONE: nothing but being late */
};

struct flow_paper_set {
    char name[FLOW_NAME_MAX];
    uint32_t types;
    enum flow_event opens; /* what makes the set EXPECTED */
    enum flow_gate gate;
    int gate_stage; /* with GATE_STAGE */
    int legs;       /* organisations on the route, ≥ 1 */
};

/* What a profile says about the machines. Everything zero is the plainest flow. */
struct flow_rules {
    uint32_t types;                 /* set of enum flow_type that are on */
    uint32_t materials;             /* set of types with uploads or generated forms */
    uint8_t stages[TYPE_COUNT];     /* review stages by type (C-02) */
    enum flow_pay_when pay_when;    /* C-03 */
    int pay_transfer;               /* 我已支付 (C-04) */
    int freeze_when_paid;           /* S0-25 */
    int refund_on_request;          /* G-07 */
    enum flow_fix fix;              /* C-08 */
    int edit_pending;               /* order.edit_until = approval */
    int resubmit_from_start;        /* A14: all stages again */
    enum flow_invoice_mode invoice; /* C-05 */
    int title_free;                 /* C-06 */
    int invoice_correct;            /* G-10 */
    int via_org;                    /* C-21 */
    int activate, bind;             /* C-25 */
    int inactive_first;             /* certificate on hold until activation (K2) */
    enum flow_medium renew_medium;  /* C-11 */
    int freeze_online;              /* loss report puts on hold at once (G-15) */
    int revoke_key_return;          /* S4-64 */
    int code_intake;                /* §10.8 */
    int resend;                     /* F10: new production when the courier lost it */
    int expiry;                     /* K5, K9, K10, K12, K14: reminders and ends of validity */
    int revive;                     /* A27 */
    int ukey_return;                /* T15: keys come back and are wiped */
    struct flow_paper_set paper[FLOW_PAPERS_MAX];
    int papers;
    struct flow_clock clock[FLOW_CLOCKS_MAX];
    int clocks;
    char off[FLOW_OFF_MAX][8]; /* row ids that the profile switches off besides */
    int offs;
};

struct flow_states {
    uint8_t at[FLOW_MACHINES]; /* by machine; at[FLOW_PAPER] is not used */
    uint8_t passed; /* review stages passed; in REVIEW and RETURNED the stage is passed + 1 */
    uint8_t papers; /* as many as rules.papers once the order exists */
    struct {
        uint8_t state;
        uint8_t leg; /* 1 … legs while IN_TRANSIT or RECEIVED */
    } paper[FLOW_PAPERS_MAX];
};

/* What is true of this order and event. `rules` is borrowed for the call. */
struct flow_facts {
    const struct flow_rules *rules;
    enum flow_type type;
    int64_t amount_fen; /* due for the order; 0 = free */
    int in_place;       /* with renew_medium = user choice: he keeps his UKey */
    int paper_set;      /* which set a paper event is about */
    uint64_t holds;     /* set of enum flow_guard below GUARD_FACTS that hold */
};

static inline void flow_hold(struct flow_facts *f, enum flow_guard g, int yes)
{
    if (yes)
        f->holds |= UINT64_C(1) << g;
}

enum {
    FLOW_GUARDS_MAX = 6,
    FLOW_ROW_EFFECTS_MAX = 7,
    FLOW_RAISES_MAX = 5,
    FLOW_DO_MAX = 96,
    FLOW_STEPS_MAX = 24
};

enum flow_count {
    COUNT_KEEP,
    COUNT_NEXT, /* one stage more has passed; the paper is on its next leg */
    COUNT_ZERO,
    COUNT_FIRST,    /* first leg, unless it is under way already */
    COUNT_RESUBMIT, /* A14: all stages again where the profile says so */
};

struct flow_row {
    const char *id; /* "A7": of requirements.md; variants of one row share it */
    enum flow_machine machine;
    uint32_t from; /* set of states */
    enum flow_event event;
    int to;         /* state, or FLOW_SAME */
    uint32_t actor; /* set of enum flow_actor */
    uint32_t types; /* set of enum flow_type; 0 = all */
    uint64_t needs; /* switches that follow from the parameters of the profile; all must be on */
    uint8_t guard[FLOW_GUARDS_MAX];
    struct {
        uint8_t effect, arg;
    } effect[FLOW_ROW_EFFECTS_MAX];
    uint8_t raise[FLOW_RAISES_MAX]; /* events that follow by themselves */
    uint8_t count;                  /* what happens to the stage or the leg: enum flow_count */
    enum err refuse;                /* not ERR_OK: a known refusal with an answer of its own */
    int built;                      /* its effects have code */
};
enum { FLOW_SAME = -1 };

struct flow_do {
    enum flow_effect effect;
    enum flow_machine machine;
    uint8_t arg;     /* effects.def */
    uint8_t set;     /* paper set */
    const char *row; /* id, static */
};

struct flow_result {
    struct flow_states states;
    struct flow_do todo[FLOW_DO_MAX]; /* in order */
    int todos;
    const struct flow_row
        *step[FLOW_STEPS_MAX]; /* rows taken, in order: for the log and the audit */
    int steps;
};

/* Apply one event and all that follows from it. The first row of the table whose state, actor and guards
 * fit is taken. Events that rows raise are quietly dropped where no row fits; the outer one is refused:
 *   the error of the first guard that fails (guards.def);
 *   ERR_ORDER_FROZEN for cancel, edit, save after payment where the profile freezes (S0-25);
 *   ERR_FORBIDDEN (arg who) when another actor may;
 *   ERR_ORDER_STATE (args state, event) otherwise.
 * Nothing of *out is to be used after a refusal. */
NODISCARD enum err flow_apply(const struct flow_facts *f, const struct flow_states *now,
                              enum flow_event event, enum flow_actor actor, struct flow_result *out,
                              struct err_info *e);
/* Would flow_apply take it? For buttons. */
int flow_allowed(const struct flow_facts *f, const struct flow_states *now, enum flow_event event,
                 enum flow_actor actor);

/* Texts for the database, profiles and pages. From-text functions give -1 where unknown. */
const char *flow_machine_name(enum flow_machine m);          /* "application" */
const char *flow_state_name(enum flow_machine m, int state); /* "DRAFT" */
int flow_state_from_name(enum flow_machine m, const char *name);
int flow_state_count(enum flow_machine m);
const char *flow_state_text(enum flow_machine m, int state,
                            enum lang lang);     /* with {…}, ui/brief.md §4 */
const char *flow_event_name(enum flow_event ev); /* "pay.success" */
int flow_event_from_name(const char *name);
enum flow_machine flow_event_machine(enum flow_event ev);
const char *flow_guard_name(enum flow_guard g);
const char *flow_effect_name(enum flow_effect fx);
const char *flow_notice_name(enum flow_notice n);
int flow_notice_from_name(const char *name);
const char *flow_actor_name(enum flow_actor a);
const char *flow_owner_name(enum flow_owner o); /* role code where a role has it: "maker" */
int flow_owner_from_name(const char *name);
const char *flow_type_name(enum flow_type t); /* "NEW" */
int flow_type_from_name(const char *name);
const char *flow_gate_name(enum flow_gate g);
int flow_gate_from_name(const char *name);

/* States. */
int flow_is_rest(enum flow_machine m, int state);    /* nothing more has to happen */
int flow_is_passing(enum flow_machine m, int state); /* left within the same flow_apply */
/* SHIPPED belongs to the courier, or to the counter of the organisation on the way (C-21). */
enum flow_owner flow_owner(const struct flow_rules *r, enum flow_machine m, int state);

/* Tables. Rows of a machine in the order they are tried. */
const struct flow_row *flow_rows(enum flow_machine m, int *n);
int flow_row_on(const struct flow_rules *r, const struct flow_row *row);
/* Rows that the profile has on but that have no code; their number, the first `max` in `out`. */
int flow_rows_without_code(const struct flow_rules *r, const struct flow_row **out, int max);

/* What a person sees. A lane is a region in which something still has to happen (brief §1.4). */
struct flow_now {
    enum flow_machine machine; /* status key: flow_state_name, words: flow_state_text */
    int state, set;
    enum flow_owner owner;          /* who has it */
    enum flow_machine next_machine; /* what comes after it; next_state 0 = nothing */
    int next_state;
    int clock; /* index in rules.clock of what measures it, -1 = none */
};
enum { FLOW_LANES_MAX = 4 + FLOW_PAPERS_MAX };
/* Lanes, the main one first; at least one: an order at rest gives its application state with OWNER_NOBODY. */
int flow_now(const struct flow_facts *f, const struct flow_states *s, struct flow_now *out,
             int max);

/* The states that a region of this order goes through when all goes well, NONE left out; 0 = region not used. */
enum { FLOW_PATH_MAX = 12 };
int flow_path(const struct flow_facts *f, enum flow_machine m, uint8_t *states, int max);

/* The whole state × event matrix of one machine under these rules, switched-off rows included, as text. */
void flow_print(const struct flow_rules *r, enum flow_machine m, struct buf *out);

#endif
