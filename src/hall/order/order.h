/* Orders: the only place that loads facts, asks `flow`, and runs the effects of all concepts (design §3).
 *
 * Whatever changes an order calls order_apply with an event and what it knows of the occasion. Beginning an order,
 * saving, submitting and cancelling have functions of their own that do so. One change is one transaction: states
 * (guarded by version), effects, audit row, outbox rows, clocks, tasks, log line, live event. */
#ifndef CERTHALL_HALL_ORDER_H
#define CERTHALL_HALL_ORDER_H

#include "base/json.h"
#include "hall/flow/flow.h"
#include "hall/form/form.h"
#include "hall/hall.h"

struct project;
struct outbox_kind;
struct ukey;
struct intake_hooks;

enum order_group { ORDER_YOURS, ORDER_RUNNING, ORDER_ENDED }; /* 要您办的 · 办理中 · 已结束 */
const char *order_group_text(enum order_group g);             /* "yours" */
/* In which an order in these states stands: with whom is something to do. Pure. */
enum order_group order_group_of(const struct flow_facts *f, const struct flow_states *s);
/* What the task of a state is called on the work list (openapi Queue). */
const char *order_task_kind(enum flow_machine m, int state);

struct order {
    int64_t id; /* the order number, 19 digits */
    int64_t version;
    const char *project;
    int64_t profile;                /* version of the profile the order started with */
    const struct project *rules_of; /* that profile */
    enum flow_type type;
    int64_t account, institution;
    struct flow_states states;
    enum order_group group;
    int64_t amount_fen;           /* the preview until submitted, frozen then */
    const char *fee_rule;         /* which row of the fee table made it */
    int64_t price_until;          /* business time: end of the price freeze (G-33); 0: not frozen */
    int in_place;                 /* with renew.medium = user choice */
    int64_t revision;             /* of the form, counted by confirming; 0: never */
    const char *institution_name; /* as on order, parcel and invoice */
    int name_changed;             /* it is not what the regulator approved (S0-21) */
    const char *agreement;        /* version accepted; "" before */
    int64_t created_at, updated_at, submitted_at, paid_at, ended_at; /* business time; 0: not yet */
    int64_t kept_until; /* a draft is kept until then */
};

/* ERR_NOT_FOUND. */
NODISCARD enum err order_get(struct hall_tx *tx, int64_t id, struct order *out, struct err_info *e);
/* The same where the order is this account's; another's is ERR_NOT_FOUND too. */
NODISCARD enum err order_get_of(struct hall_tx *tx, int64_t id, int64_t account, struct order *out,
                                struct err_info *e);

/* ---- events ---- */

struct order_money {      /* pay.success, pay.match, pay.refund_ok … */
    const char *method;   /* as the profile names it */
    const char *trade_no; /* the gateway's or the bank's number */
    int64_t amount_fen;
    int64_t at;  /* business time */
    int attempt; /* to pay, under whose number it came; 1 is the first */
};
struct order_making {        /* ful.make, ful.quality, ukey.*, cert.* */
    const char *serial;      /* of the UKey */
    const char *certificate; /* serial, hex; NULL where it is not about one */
    const char *reason;      /* code of a revocation: "key_compromise" … */
};
struct order_parcel { /* ful.hand_over, ful.signed */
    const char *courier, *number;
    int64_t signed_at; /* business time; 0: now */
};

/* Everything may be zero. */
struct order_input {
    int64_t
        version; /* of the order as the caller saw it; 0: any. ERR_CONFLICT when it is another */
    uint64_t
        holds; /* facts the caller has proven (guards.def): order_hold. Others order finds out itself */
    const enum flow_actor *as; /* NULL: follows from tx->who. The ca's answers come as ACTOR_CA */
    const char *reason;        /* what the person gave; goes to the audit */
    const struct order_money *money;
    const struct order_making *making;
    const struct order_parcel *parcel;
    const char *method;  /* pay.start: method of the profile */
    const char *consent; /* app.submit: version of the agreement accepted */
    const char *object;  /* whatever else the event is about, for log and audit: "invoice:7" */
    int paper_set;
};
static inline void order_hold(struct order_input *in, enum flow_guard fact)
{
    in->holds |= UINT64_C(1) << fact;
}

struct order_change {
    struct order order; /* afterwards */
    struct flow_states before;
    const struct flow_row *step[FLOW_STEPS_MAX];
    int steps; /* 0: nothing happened */
};

/* Apply an event in the caller's writing transaction. Errors of flow_apply; ERR_CONFLICT: somebody else was faster;
 * ERR_ORDER_EFFECT{effect}: a row asks for an effect without code; ERR_STORE_RETRY: run the transaction again.
 * After any error the transaction must not be committed, but for refusals of flow_apply, which wrote nothing. */
NODISCARD enum err order_apply(struct hall_tx *tx, int64_t order, enum flow_event event,
                               const struct order_input *in, struct order_change *out,
                               struct err_info *e);
/* Would it be taken? For buttons. Reads only. */
NODISCARD enum err order_allowed(struct hall_tx *tx, const struct order *o, enum flow_event event,
                                 const struct order_input *in, int *yes, struct err_info *e);

/* ---- the applicant's ---- */

/* A1: begin an order for the account that acts. An open draft of the same business is given again (*fresh 0).
 * ERR_ORDER_TYPE_CLOSED, ERR_CODE_TOO_EARLY, ERR_ORDER_LIMIT (S0-09), ERR_ORDER_EXISTS,
 * ERR_ORDER_RUNNING{order}: one of the type is past its draft. */
NODISCARD enum err order_create(struct hall_tx *tx, const char *project, enum flow_type type,
                                struct order *out, int *fresh, struct err_info *e);
/* A2. As form_save; ERR_ORDER_FROZEN after payment (S0-25), ERR_ORDER_NO_EDIT after submitting. */
NODISCARD enum err order_save(struct hall_tx *tx, int64_t id, const struct form_save *s,
                              struct form_saved *out, struct err_info *e);
/* A3a, A3b and what follows. `revision` is the one the check page showed (order.revision + 1): ERR_CONFLICT when
 * something was saved since. With ERR_ORDER_INCOMPLETE, `problems` holds all of them. */
struct order_submit {
    int64_t id;
    int64_t seen;          /* order.version as shown on the check page */
    const char *agreement; /* version */
    int consent;
};
NODISCARD enum err order_submit(struct hall_tx *tx, const struct order_submit *s, struct order *out,
                                struct form_problems *problems, struct err_info *e);
/* A26. ERR_UNAVAILABLE while the gateway must be asked first (payment_must_ask, order_ask_gateway): its money would be
 * nobody's. */
NODISCARD enum err order_cancel(struct hall_tx *tx, int64_t id, struct order *out,
                                struct err_info *e);

/* The regulator does not take over the name the applicant asked for (S0-21): its task is closed and the applicant told.
 * ERR_CONFLICT where no name waits. Act in the audit: order.name_declined. */
NODISCARD enum err order_decline_name(struct hall_tx *tx, int64_t order, const char *reason,
                                      struct err_info *e);

/* ---- lists ---- */

enum { ORDER_PAGE = 50, ORDER_PAGE_MAX = 200 };
struct order_filter {
    int64_t account;     /* 0: all */
    int64_t institution; /* 0: all */
    int group;           /* enum order_group, or -1: all */
    const char *project; /* NULL: all */
    const char *q;       /* NULL: all; order number by prefix or institution name by part */
    int64_t before;      /* id of the last one of the page before; 0: newest first */
    int limit;           /* 1 … ORDER_PAGE_MAX */
};
NODISCARD enum err order_list(struct hall_tx *tx, const struct order_filter *f,
                              const struct order **out, size_t *n, struct err_info *e);
struct order_counts {
    int64_t yours, running, ended;
};
NODISCARD enum err order_count(struct hall_tx *tx, int64_t account, struct order_counts *out,
                               struct err_info *e);

/* What happened to the order, newest first; `before`: id of the last line of the page before, 0: none. */
struct order_log {
    int64_t id, at;
    const char *row, *event; /* of flow; row "" where no row was taken (form saved: not logged) */
    const char *text; /* in the transaction's language; "": for the desks and the audit only */
    const char *desk; /* what those are told then */
    const char *who;  /* for a reader: "制证组 许建民" */
};
/* What an event is called, for the desks and the audit; every event has a name. */
const char *order_event_text(enum flow_event event, enum lang lang);
NODISCARD enum err order_log_list(struct hall_tx *tx, int64_t order, int64_t before, int limit,
                                  const struct order_log **out, size_t *n, struct err_info *e);

/* Has this member of staff ever done that to the order? By staff id: names are not unique. */
NODISCARD enum err order_done_by(struct hall_tx *tx, int64_t order, enum flow_event event,
                                 int64_t staff, int *yes, struct err_info *e);

/* ---- messages: what an account was told, beside SMS and mail ---- */

struct order_message {
    int64_t id, order, at;
    const char *title, *text; /* in the transaction's language */
    int seen;
};
NODISCARD enum err order_message_list(struct hall_tx *tx, int64_t account, int64_t before,
                                      int limit, const struct order_message **out, size_t *n,
                                      struct err_info *e);
NODISCARD enum err order_message_unread(struct hall_tx *tx, int64_t account, int64_t *n,
                                        struct err_info *e);
/* That one and all before it. */
NODISCARD enum err order_message_read(struct hall_tx *tx, int64_t account, int64_t id,
                                      struct err_info *e);

/* ---- what a person sees: computed from states and clocks (invariant 10) ---- */

enum order_reader { ORDER_FOR_APPLICANT, ORDER_FOR_STAFF };

struct order_due {
    int64_t at; /* 0: none */
    int64_t started_at;
    int provisional;
};
struct order_status {
    const char *text, *note, *next; /* note and next may be "" */
    const char *tone;               /* "plain", "info", "ok", "warn", "err" */
    enum flow_owner owner;
    const char *owner_kind, *owner_text; /* openapi Owner */
    struct order_due due;
    const char *action, *action_label, *action_href; /* main button; action NULL: none */
    enum order_group group;
    int final;
};
NODISCARD enum err order_status(struct hall_tx *tx, const struct order *o, enum order_reader reader,
                                struct order_status *out, struct err_info *e);
/* Members of an open JSON object, by the schemas of docs/openapi.yaml. */
NODISCARD enum err order_write_status(struct hall_tx *tx, const struct order *o,
                                      enum order_reader reader, struct json_out *j, const char *key,
                                      struct err_info *e); /* Status */
NODISCARD enum err order_write_items(struct hall_tx *tx, const struct order *o, size_t n,
                                     enum order_reader reader, struct json_out *j, const char *key,
                                     struct err_info *e); /* a list of OrderItem */
NODISCARD enum err order_write(struct hall_tx *tx, const struct order *o, struct json_out *j,
                               const char *key, struct err_info *e); /* Order */
/* The same into an open object, for who reads it; the console's record has more members. */
NODISCARD enum err order_write_members(struct hall_tx *tx, const struct order *o,
                                       enum order_reader reader, struct json_out *j,
                                       struct err_info *e);
NODISCARD enum err order_write_regions(struct hall_tx *tx, const struct order *o,
                                       struct json_out *j, const char *key,
                                       struct err_info *e); /* [RegionRow] */
NODISCARD enum err order_write_form(struct hall_tx *tx, const struct order *o, struct json_out *j,
                                    const char *key, struct err_info *e); /* Form */
NODISCARD enum err order_write_check(struct hall_tx *tx, const struct order *o, struct json_out *j,
                                     const char *key, struct err_info *e); /* Check */
NODISCARD enum err order_write_fee(struct hall_tx *tx, const struct order *o, struct json_out *j,
                                   const char *key, struct err_info *e); /* Fee */
NODISCARD enum err order_write_ahead(struct hall_tx *tx, const struct order *o, struct json_out *j,
                                     const char *key, struct err_info *e); /* [Ahead] */
void order_write_due(struct hall_tx *tx, const struct order_due *d, struct json_out *j,
                     const char *key); /* Due; nothing when there is none */
NODISCARD enum err order_write_section(struct hall_tx *tx, const struct order *o,
                                       const char *section, struct json_out *j, const char *key,
                                       struct err_info *e); /* FormSection */
/* Members of KeyItem, with what the user can do with it, into an open object. */
NODISCARD enum err order_write_key_members(struct hall_tx *tx, const struct ukey *k,
                                           struct json_out *j, struct err_info *e);
/* What happened to it since there is something to send, newest first: a list of LogEntry. */
NODISCARD enum err order_write_key_history(struct hall_tx *tx, const struct ukey *k,
                                           struct json_out *j, const char *key, struct err_info *e);
void order_write_problem(const struct form_problem *p, enum lang lang, struct json_out *j,
                         const char *key);                               /* Problem */
const char *order_section_state_text(enum form_state s, enum lang lang); /* 填了一半 */
const char *order_title(const struct order *o, enum lang lang);          /* 新办证书 */
const char *order_type_code(struct arena *a, enum flow_type t); /* "new": openapi OrderType */
enum flow_type order_type_from_code(const char *code);          /* TYPE_COUNT where unknown */

const char *order_day_text(struct arena *a, int32_t day, enum lang lang); /* 11月24日（周二） */
const char *order_yuan(struct arena *a, int64_t fen, enum lang lang); /* 300.00 元, CNY 300.00 */

/* ---- what runs by itself ---- */

/* Everything due by now: clocks that fire, drafts that are kept no longer, unpaid orders. Each in a transaction of its own,
 * guarded by version, so that any number of processes may call it; an order that cannot be read is told in the log and
 * stops no other. *done counts what fired. Once a second or so. */
NODISCARD enum err order_timers_run(const struct hall *h, int *done, struct err_info *e);

/* Erases the personal values of orders whose time is over (G-24), each in a transaction of its own. Looks at `limit` (1 or
 * more) orders after the number *after, and leaves there how far it came; 0 begins a round, about once an hour, and ends
 * one. *done counts what was erased. */
NODISCARD enum err order_retention_run(const struct hall *h, int limit, int64_t *after, int *done,
                                       struct err_info *e);

/* The regulator's corrections and withdrawals (C5, C6): hall.intake_hooks. */
extern const struct intake_hooks order_intake_hooks;

/* Outbox kinds whose answers are events of an order: the concept delivers, order settles by order_apply. Written
 * to `out`, at most `max`; returns how many there are. `arg` of each is set by the concept's row. */
size_t order_outbox_kinds(struct outbox_kind *out, size_t max);

/* The kind "mail" with what its orders must hear of: an invoice whose mail cannot be delivered has bounced (I8). Support
 * has the task of every other kind. */
struct outbox_kind order_hears_bounce(struct outbox_kind mail);

/* Ask the gateway about the order's payment now, outside any transaction, and settle the answer in one of its own. It
 * blocks; the caller holds no transaction. Of all who ask within `pause_ms` (machine time) one does, the others find ERR_OK
 * and what is known by then; 0: whoever asked before. Errors of the provider (ERR_UNAVAILABLE, ERR_PAYMENT_…) and of
 * order_apply; ERR_NOT_FOUND where nothing is due. */
NODISCARD enum err order_ask_gateway(const struct hall *h, const struct actor *who, int64_t order,
                                     int64_t pause_ms, struct err_info *e);
/* The gateway sent a signed notice of this payment and, asked about it, does not have it: finance is told once. The task ends
 * when the money comes after all. */
NODISCARD enum err order_notice_missing(struct hall_tx *tx, int64_t order, const char *trade_no,
                                        struct err_info *e);

/* P7: finance has found that what came for an order in CLAIMED is what it owes: all of it is booked. `money`:
 * payment_money.id of one of them. ERR_PAYMENT_AMOUNT where it is another sum (P14: ask for the rest, or give it back);
 * ERR_PAYMENT_NO_LINE, ERR_ORDER_STATE. */
NODISCARD enum err order_match(struct hall_tx *tx, int64_t money, const char *reason,
                               struct err_info *e);
NODISCARD enum err order_can_match(struct hall_tx *tx, int64_t money, int *yes, struct err_info *e);

struct store_module;
extern const struct store_module form_sql, order_sql;

#endif
