/* What each row with code does, as requirements.md §10 tells it and no golden file: from where, by whom and no other, what it
 * asks and nothing else, where it leads, and all that follows from it. One order of aml-reporting, business new. */
#include "testing.h"

#include "rules.h"

#include <string.h>

/* Who, by the letters of §10; K the counter, Y the engine itself. */
static const char letters[] = "URFMSPDACTXOKY";
_Static_assert(sizeof letters == ACTOR_COUNT + 1, "one for each actor");

#define AWAITS "application=AWAIT_PAY "
#define MAKING "application=IN_PRODUCTION payment=PAID invoice=BATCHED "
#define STARTED "payment=PAID application=IN_PRODUCTION invoice=BATCHED fulfilment=QUEUED"
#define FREED "release_limit keep_files "
#define REVOKED "ca_revoke cert_record tell_partner tell:revoked "
#define BACK "refund_order tell:refund_started"

struct taken {
    const char *id;
    const char *at; /* states, "region=STATE …"; several ways to begin are parted by | */
    enum flow_event event;
    const char *by;    /* exactly these may */
    const char *asks;  /* facts without which it does not come out like this */
    const char *to;    /* regions that are elsewhere then */
    const char *does;  /* effects in order, clocks and tasks left out */
    const char *holds; /* facts that only choose, and hold here */
    const char * not ; /* facts that do not hold here */
    int is_free, title_free;
};

static const struct taken taken[] = {
    {"C1", "", EVENT_CODE_LOAD, "X", "signature_ok", "code=LOADED", "code_record tell:code"},
    {"C2", "code=LOADED", EVENT_CODE_DAY_REACHED, "T", "code_day", "code=USABLE", ""},
    {"C2", "code=LOADED", EVENT_CODE_LOGIN, "U", "code_matches code_day", "code=IN_USE",
     "code_bind"},
    {"C3", "code=USABLE|code=IN_USE", EVENT_CODE_LOGIN, "U", "code_matches", "code=IN_USE",
     "code_bind"},
    {"C5", "code=LOADED|code=USABLE|code=IN_USE", EVENT_CODE_CORRECT, "X", "signature_ok", "",
     "code_update"},
    {"C6", "code=LOADED|code=USABLE|code=IN_USE", EVENT_CODE_WITHDRAW, "X", "signature_ok",
     "code=WITHDRAWN", "code_record"},
    {"C6", "code=IN_USE application=DRAFT", EVENT_CODE_WITHDRAW, "X", "signature_ok",
     "code=WITHDRAWN application=REFUSED", "code_record " FREED "tell:withdrawn"},

    {"A1", "", EVENT_APP_CREATE, "UKD", "type_open login_ok code_usable limits_ok no_open_order",
     "application=DRAFT", "order_number price_preview prefill"},
    {"A2", "application=DRAFT", EVENT_APP_SAVE, "UK", "", "", "save_form"},
    {"A3a", "application=DRAFT", EVENT_APP_SUBMIT, "UK", "form_valid fee_known consented",
     "application=AWAIT_PAY payment=UNPAID",
     "new_revision freeze_fields freeze_price store_agreement tell:submitted tell:pay_due "
     "set_amount"},
    {"A3b", "application=MATERIALS", EVENT_APP_SUBMIT, "UK", "consented",
     "application=AWAIT_PAY payment=UNPAID",
     "freeze_price store_agreement tell:submitted tell:pay_due set_amount"},
    {"A6", "application=DRAFT", EVENT_APP_SUBMIT, "UK", "form_valid fee_known consented",
     "application=IN_PRODUCTION payment=NOT_DUE fulfilment=QUEUED",
     "new_revision freeze_fields freeze_price store_agreement tell:submitted count_free_use "
     "reserve_ukey",
     .is_free = 1},
    {"A4", "application=SUBMITTED", EVENT_APP_ROUTE, "Y", "",
     "application=AWAIT_PAY payment=UNPAID", "tell:pay_due set_amount"},
    {"A6", "application=SUBMITTED", EVENT_APP_ROUTE, "Y", "",
     "application=IN_PRODUCTION payment=NOT_DUE fulfilment=QUEUED", "count_free_use reserve_ukey",
     .is_free = 1},
    {"A7", AWAITS "payment=PAID", EVENT_APP_PAID, "XF", "",
     "application=IN_PRODUCTION fulfilment=QUEUED", "reserve_ukey"},
    {"A8", AWAITS "payment=UNPAID|" AWAITS "payment=PENDING", EVENT_APP_PAY_TIMEOUT, "T", "",
     "application=CANCELLED payment=VOID", FREED "tell:cancelled gateway_close"},
    {"A17", "application=APPROVED", EVENT_APP_ROUTE, "Y", "",
     "application=AWAIT_PAY payment=UNPAID", "tell:pay_due set_amount"},
    {"A18", "application=APPROVED payment=PAID", EVENT_APP_ROUTE, "Y", "",
     "application=IN_PRODUCTION fulfilment=QUEUED", "reserve_ukey"},
    {"A25", "application=IN_PRODUCTION fulfilment=DONE", EVENT_APP_FULFILLED, "Y", "",
     "application=COMPLETED", "close_order tell:completed"},
    {"A26", "application=DRAFT|application=MATERIALS|application=RETURNED|application=REVIEW",
     EVENT_APP_CANCEL, "UO", "", "application=CANCELLED", FREED "tell:cancelled"},
    {"A26", AWAITS "payment=UNPAID|" AWAITS "payment=PENDING", EVENT_APP_CANCEL, "UO", "",
     "application=CANCELLED payment=VOID", FREED "tell:cancelled gateway_close"},
    {"A26", AWAITS "payment=UNPAID|" AWAITS "payment=PENDING", EVENT_APP_CANCEL, "UO", "money_held",
     "application=CANCELLED payment=REFUNDING", FREED "tell:cancelled gateway_close " BACK,
     .holds = "money_held"},
    {"A31",
     "application=DRAFT|application=MATERIALS|application=AWAIT_PAY|application=REVIEW|"
     "application=RETURNED|application=APPROVED",
     EVENT_APP_WITHDRAW, "X", "", "application=REFUSED", FREED "tell:withdrawn"},
    {"A31", AWAITS "payment=UNPAID|" AWAITS "payment=PENDING|" AWAITS "payment=CLAIMED",
     EVENT_APP_WITHDRAW, "X", "", "application=REFUSED payment=VOID",
     FREED "tell:withdrawn gateway_close"},
    {"A31", AWAITS "payment=UNPAID|" AWAITS "payment=PENDING|" AWAITS "payment=CLAIMED",
     EVENT_APP_WITHDRAW, "X", "money_held", "application=REFUSED payment=REFUNDING",
     FREED "tell:withdrawn gateway_close " BACK, .holds = "money_held"},
    {"A31", MAKING "fulfilment=QUEUED|" MAKING "fulfilment=MADE|" MAKING "fulfilment=PACKED",
     EVENT_APP_WITHDRAW, "X", "", "application=REFUSED payment=REFUNDING fulfilment=VOID",
     FREED "tell:withdrawn release_ukey " BACK},
    {"A31", MAKING "fulfilment=MADE certificate=ACTIVE", EVENT_APP_WITHDRAW, "X", "",
     "application=REFUSED payment=REFUNDING fulfilment=VOID certificate=REVOKED",
     FREED "tell:withdrawn release_ukey " REVOKED BACK},
    {"A31",
     MAKING "fulfilment=SHIPPED|application=COMPLETED fulfilment=DONE|application=READY_DOWNLOAD|"
            "application=UNLOCK_AUTHORISED",
     EVENT_APP_WITHDRAW, "X", "", "", "revoke_proposal"},

    {"P1", "application=APPROVED", EVENT_PAY_OPEN, "Y", "", "payment=NOT_DUE", "count_free_use",
     .is_free = 1},
    {"P2", AWAITS, EVENT_PAY_OPEN, "Y", "", "payment=UNPAID", "set_amount"},
    {"P3", AWAITS "payment=UNPAID|" AWAITS "payment=PENDING", EVENT_PAY_START, "U", "method_on",
     "payment=PENDING", "gateway_order"},
    {"P4",
     "payment=UNPAID|payment=PENDING|payment=CLAIMED|payment=PAID|payment=REFUNDING|"
     "payment=REFUNDED|payment=VOID",
     EVENT_PAY_SUCCESS, "FTX", "signature_ok money_known", "", "", .holds = "money_known"},
    {"P4", AWAITS "payment=UNPAID|" AWAITS "payment=PENDING|" AWAITS "payment=CLAIMED",
     EVENT_PAY_SUCCESS, "FTX", "signature_ok amount_ok", STARTED,
     "book_payment tell:paid invoice_open reserve_ukey"},
    {"P14", AWAITS "payment=UNPAID|" AWAITS "payment=PENDING|" AWAITS "payment=CLAIMED",
     EVENT_PAY_SUCCESS, "FTX", "signature_ok", "payment=CLAIMED", "book_suspense",
     .not = "amount_ok"},
    {"P4", "application=CANCELLED payment=UNPAID", EVENT_PAY_SUCCESS, "FTX", "signature_ok",
     "payment=CLAIMED", "book_suspense"},
    {"P9", "payment=PAID", EVENT_PAY_SUCCESS, "FTX", "signature_ok", "",
     "book_suspense refund_transaction"},
    {"P15", "payment=VOID|payment=REFUNDED|payment=REFUNDING", EVENT_PAY_SUCCESS, "FTX",
     "signature_ok", "payment=REFUNDING", "book_suspense refund_transaction"},
    {"P5", "payment=PENDING", EVENT_PAY_FAIL, "TX", "gateway_asked", "payment=UNPAID",
     "gateway_close"},
    {"P7", AWAITS "payment=CLAIMED", EVENT_PAY_MATCH, "F", "bank_line", STARTED,
     "book_payment tell:paid invoice_open reserve_ukey"},
    {"P14", AWAITS "payment=CLAIMED", EVENT_PAY_NOT_FOUND, "F", "money_held", "payment=UNPAID",
     "refund_transaction tell:claim_missing", .holds = "money_held"},
    {"P8", AWAITS "payment=CLAIMED", EVENT_PAY_NOT_FOUND, "F", "", "payment=UNPAID",
     "tell:claim_missing"},
    {"P10", "payment=PAID", EVENT_PAY_STOP, "Y", "", "payment=REFUNDING", BACK},
    {"P10", "payment=UNPAID|payment=PENDING|payment=CLAIMED", EVENT_PAY_STOP, "Y", "money_held",
     "payment=REFUNDING", "gateway_close " BACK, .holds = "money_held"},
    {"P13", "payment=UNPAID|payment=PENDING|payment=CLAIMED", EVENT_PAY_STOP, "Y", "",
     "payment=VOID", "gateway_close"},
    {"P11", "payment=REFUNDING", EVENT_PAY_REFUND_OK, "FX", "", "payment=REFUNDED",
     "book_refund tell:refunded"},
    {"P12", "payment=REFUNDING", EVENT_PAY_REFUND_FAIL, "FTX", "", "", "refund_retry"},

    {"I2", "", EVENT_INV_OPEN, "Y", "", "invoice=BATCHED", "invoice_open"},
    {"I5", "invoice=QUEUED|invoice=BATCHED", EVENT_INV_CHANGE, "U", "title_complete", "",
     "invoice_title", .title_free = 1},
    {"I6", "invoice=QUEUED|invoice=BATCHED", EVENT_INV_ISSUE, "FTX", "invoice_amount mailbox",
     "invoice=DELIVERED", "invoice_issue invoice_mail tell:invoice"},
    {"I6", "invoice=QUEUED|invoice=BATCHED", EVENT_INV_ISSUE, "FTX", "invoice_amount",
     "invoice=ISSUED", "invoice_issue", .not = "mailbox"},
    {"I7", "invoice=ISSUED|invoice=DELIVERED", EVENT_INV_SEND, "UFY", "mailbox",
     "invoice=DELIVERED", "invoice_mail tell:invoice"},
    {"I8", "invoice=DELIVERED", EVENT_INV_BOUNCE, "X", "", "invoice=ISSUED",
     "tell:invoice_bounced"},
    {"I11", "invoice=QUEUED|invoice=BATCHED|invoice=REQUESTABLE", EVENT_INV_REFUNDED, "Y", "",
     "invoice=VOIDED", ""},
    {"I11", "invoice=ISSUED|invoice=DELIVERED|invoice=RED_PENDING", EVENT_INV_REFUNDED, "Y", "",
     "invoice=RED_PENDING", "invoice_red"},
    {"I11", "payment=REFUNDING invoice=DELIVERED", EVENT_PAY_REFUND_OK, "FX", "",
     "payment=REFUNDED invoice=RED_PENDING", "book_refund tell:refunded invoice_red"},
    {"I11", "invoice=RED_PENDING", EVENT_INV_RED_ISSUED, "FX", "refund_done", "invoice=VOIDED", ""},

    {"F1", MAKING, EVENT_FUL_START, "Y", "", "fulfilment=QUEUED", "reserve_ukey"},
    {"F2",
     MAKING "fulfilment=QUEUED ukey=PERSONALISED certificate=ACTIVE|" MAKING
            "fulfilment=QUEUED ukey=PERSONALISED certificate=ISSUED_INACTIVE",
     EVENT_FUL_MAKE, "M", "data_checked maker_other", "fulfilment=MADE", "record_making"},
    {"F3", "fulfilment=MADE", EVENT_FUL_QUALITY, "MS", "proven", "fulfilment=PACKED",
     "record_quality"},
    {"F2",
     "fulfilment=QUEUED ukey=BLANK|fulfilment=QUEUED ukey=INITIALISED|"
     "fulfilment=QUEUED ukey=PERSONALISED",
     EVENT_FUL_SCRAP, "M", "reasons_given", "ukey=DESTROYED",
     "record_scrap ukey_record reserve_ukey"},
    {"F2", "fulfilment=QUEUED ukey=PERSONALISED certificate=ACTIVE", EVENT_FUL_SCRAP, "M",
     "reasons_given", "ukey=DESTROYED certificate=REVOKED",
     "record_scrap ukey_record ca_revoke cert_record reserve_ukey"},
    {"F3",
     "fulfilment=MADE ukey=PERSONALISED certificate=ACTIVE|"
     "fulfilment=MADE ukey=PERSONALISED certificate=ISSUED_INACTIVE|"
     "fulfilment=MADE ukey=PERSONALISED certificate=EXPIRING|"
     "fulfilment=MADE ukey=PERSONALISED certificate=ON_HOLD",
     EVENT_FUL_SCRAP, "MS", "reasons_given", "fulfilment=QUEUED ukey=DESTROYED certificate=REVOKED",
     "record_scrap ukey_record ca_revoke cert_record reserve_ukey"},
    {"F2", "fulfilment=QUEUED", EVENT_FUL_REMAKE, "Y", "", "", "reserve_ukey"},
    {"F4", "fulfilment=PACKED ukey=PERSONALISED", EVENT_FUL_HAND_OVER, "S", "address_complete",
     "fulfilment=SHIPPED ukey=ISSUED", "record_parcel tell:shipped ukey_record ukey_owner"},
    {"F9", "application=IN_PRODUCTION fulfilment=SHIPPED", EVENT_FUL_SIGNED, "TX", "",
     "application=COMPLETED fulfilment=DONE", "warranty_start close_order tell:completed"},
    {"F13", "application=IN_PRODUCTION fulfilment=DELIVERED", EVENT_FUL_FINISH, "Y", "",
     "application=COMPLETED fulfilment=DONE", "close_order tell:completed"},
    {"A31", "fulfilment=QUEUED|fulfilment=MADE|fulfilment=PACKED", EVENT_FUL_VOID, "Y", "",
     "fulfilment=VOID", "release_ukey"},

    {"T1", "", EVENT_UKEY_STOCK_IN, "M", "serial_unique", "ukey=BLANK", "ukey_record"},
    {"T2", "ukey=BLANK|ukey=INITIALISED|ukey=PERSONALISED fulfilment=QUEUED", EVENT_UKEY_INITIALISE,
     "MA", "pin_wrapped", "ukey=INITIALISED", "ukey_record"},
    {"T3", "application=IN_PRODUCTION ukey=INITIALISED|application=READY_DOWNLOAD ukey=INITIALISED",
     EVENT_UKEY_PERSONALISE, "MA", "", "ukey=PERSONALISED", "ukey_record"},
    {"T15", "ukey=BLANK|ukey=INITIALISED|ukey=PERSONALISED", EVENT_UKEY_SCRAP, "Y", "",
     "ukey=DESTROYED", "ukey_record"},
    {"T4", "ukey=PERSONALISED", EVENT_UKEY_SHIP, "Y", "", "ukey=ISSUED", "ukey_record ukey_owner"},
    {"T4", "ukey=ISSUED", EVENT_UKEY_FIRST_PIN, "A", "phone_proven", "ukey=ACTIVE", "ukey_record"},

    {"K1",
     "application=IN_PRODUCTION|application=IN_PRODUCTION certificate=REQUESTED|"
     "fulfilment=QUEUED certificate=REVOKED",
     EVENT_CERT_REQUEST, "AM", "possession", "certificate=REQUESTED", "ca_issue"},
    {"K2", "certificate=REQUESTED", EVENT_CERT_ISSUE, "C", "policy_ok", "certificate=ACTIVE",
     "cert_record"},
    {"K2", "certificate=REQUESTED", EVENT_CERT_REFUSED, "C", "", "certificate=NONE",
     "support_task"},
    {"K6", "certificate=ACTIVE|certificate=EXPIRING", EVENT_CERT_HOLD, "UD", "",
     "certificate=ON_HOLD", "ca_hold cert_record"},
    {"K7", "certificate=ON_HOLD", EVENT_CERT_RELEASE, "UD", "", "certificate=ACTIVE",
     "ca_release cert_record"},
    {"K7", "certificate=ON_HOLD", EVENT_CERT_LOSS_FINAL, "YDT", "", "certificate=REVOKED",
     "ca_revoke cert_record tell:revoked"},
    {"K11",
     "certificate=ISSUED_INACTIVE|certificate=ACTIVE|certificate=EXPIRING|certificate=ON_HOLD",
     EVENT_CERT_REVOKE, "CDOU", "", "certificate=REVOKED",
     "ca_revoke cert_record tell_partner tell:revoked"},
    {"K11",
     "certificate=ISSUED_INACTIVE|certificate=ACTIVE|certificate=EXPIRING|certificate=ON_HOLD",
     EVENT_CERT_SCRAP, "Y", "", "certificate=REVOKED", "ca_revoke cert_record"},
};

/* What is refused, and with which answer. */
static const struct {
    const char *id, *at;
    enum flow_event event;
    enum flow_actor actor;
    const char * not ;
    enum err code;
} refused[] = {
    {"C4", "code=LOADED", EVENT_CODE_LOGIN, ACTOR_APPLICANT, "code_day", ERR_CODE_TOO_EARLY},
    {"C4", "code=LOADED", EVENT_CODE_LOGIN, ACTOR_APPLICANT, "code_day code_matches",
     ERR_CODE_WRONG},
    {"C6", "code=WITHDRAWN", EVENT_CODE_LOGIN, ACTOR_APPLICANT, "", ERR_CODE_WITHDRAWN},
    {"C6", "code=WITHDRAWN", EVENT_CODE_LOGIN, ACTOR_APPLICANT, "code_matches", ERR_CODE_WRONG},
    {"C6", "code=WITHDRAWN", EVENT_CODE_LOGIN, ACTOR_MAKER, "", ERR_FORBIDDEN},
    {"C5", "code=IN_USE payment=CLAIMED", EVENT_CODE_CORRECT, ACTOR_EXTERNAL, "", ERR_ORDER_FROZEN},
    {"C5", "code=IN_USE payment=PAID", EVENT_CODE_CORRECT, ACTOR_EXTERNAL, "", ERR_ORDER_FROZEN},
    {"C5", "code=WITHDRAWN", EVENT_CODE_CORRECT, ACTOR_EXTERNAL, "", ERR_ORDER_STATE},
    {"C6", "code=WITHDRAWN", EVENT_CODE_WITHDRAW, ACTOR_EXTERNAL, "", ERR_ORDER_STATE},
    {"A7", AWAITS "payment=UNPAID", EVENT_APP_PAID, ACTOR_EXTERNAL, "", ERR_ORDER_UNPAID},
    {"A8", AWAITS "payment=CLAIMED", EVENT_APP_PAY_TIMEOUT, ACTOR_TIMER, "", ERR_ORDER_FROZEN},
    {"A25", "application=IN_PRODUCTION fulfilment=SHIPPED", EVENT_APP_FULFILLED, ACTOR_SYSTEM, "",
     ERR_ORDER_STATE},
    {"A26", AWAITS "payment=CLAIMED", EVENT_APP_CANCEL, ACTOR_APPLICANT, "", ERR_ORDER_FROZEN},
    {"A26", "application=IN_PRODUCTION payment=NOT_DUE", EVENT_APP_CANCEL, ACTOR_APPLICANT, "",
     ERR_ORDER_STATE},
    {"A31", "application=REFUSED", EVENT_APP_WITHDRAW, ACTOR_EXTERNAL, "", ERR_ORDER_STATE},
    {"A31", "application=CANCELLED", EVENT_APP_WITHDRAW, ACTOR_EXTERNAL, "", ERR_ORDER_STATE},
    {"P2", "application=AWAIT_PAY payment=VOID", EVENT_PAY_OPEN, ACTOR_SYSTEM, "", ERR_ORDER_STATE},
    {"P3", "application=CANCELLED payment=UNPAID", EVENT_PAY_START, ACTOR_APPLICANT, "",
     ERR_ORDER_STATE},
    {"P7", "application=CANCELLED payment=CLAIMED", EVENT_PAY_MATCH, ACTOR_FINANCE, "",
     ERR_ORDER_STATE},
    {"I11", "invoice=RED_PENDING", EVENT_INV_RED_ISSUED, ACTOR_FINANCE, "refund_done",
     ERR_ORDER_STATE},
    {"F1", "application=REFUSED payment=PAID", EVENT_FUL_START, ACTOR_SYSTEM, "", ERR_ORDER_STATE},
    {"F1", "application=IN_PRODUCTION payment=REFUNDED", EVENT_FUL_START, ACTOR_SYSTEM, "",
     ERR_ORDER_UNPAID},
    {"F2", "fulfilment=QUEUED ukey=INITIALISED certificate=ACTIVE", EVENT_FUL_MAKE, ACTOR_MAKER, "",
     ERR_MAKE_CHECKS},
    {"F2", "fulfilment=QUEUED ukey=PERSONALISED certificate=REVOKED", EVENT_FUL_MAKE, ACTOR_MAKER,
     "", ERR_MAKE_CHECKS},
    {"F2", "fulfilment=QUEUED certificate=REQUESTED", EVENT_FUL_SCRAP, ACTOR_MAKER, "",
     ERR_MAKE_CA_OPEN},
    {"F3", "fulfilment=MADE certificate=REQUESTED", EVENT_FUL_SCRAP, ACTOR_SHIPPING, "",
     ERR_MAKE_CA_OPEN},
    {"T2", "ukey=PERSONALISED fulfilment=MADE", EVENT_UKEY_INITIALISE, ACTOR_AGENT, "",
     ERR_ORDER_STATE},
    {"T3", "application=REFUSED ukey=INITIALISED", EVENT_UKEY_PERSONALISE, ACTOR_AGENT, "",
     ERR_ORDER_STATE},
    {"K1", "application=REFUSED", EVENT_CERT_REQUEST, ACTOR_AGENT, "", ERR_ORDER_STATE},
    {"K1", "fulfilment=MADE certificate=REVOKED", EVENT_CERT_REQUEST, ACTOR_AGENT, "",
     ERR_ORDER_STATE},
};

/* ---- reading the tables ---- */

static enum flow_machine machine_of(const char *name)
{
    for (int m = 0; m < FLOW_MACHINES; m++)
        if (strcmp(flow_machine_name((enum flow_machine)m), name) == 0)
            return (enum flow_machine)m;
    fail_msg("no region %s", name);
    return FLOW_MACHINES;
}

/* "application=DRAFT payment=PAID" over what the states are. */
static void place(struct flow_states *s, const char *text)
{
    char region[32], state[32];
    int n;
    for (; sscanf(text, " %31[^= ]=%31[^ |]%n", region, state, &n) == 2; text += n) {
        enum flow_machine m = machine_of(region);
        int at = flow_state_from_name(m, state);
        if (at < 0)
            fail_msg("no state %s %s", region, state);
        s->at[m] = (uint8_t)at;
    }
}

static enum flow_guard fact_of(const char *name)
{
    for (int g = 1; g < GUARD_FACTS; g++)
        if (strcmp(flow_guard_name((enum flow_guard)g), name) == 0)
            return (enum flow_guard)g;
    fail_msg("no fact %s", name);
    return GUARD_NONE;
}

static uint64_t facts_of(const char *text)
{
    char name[32];
    uint64_t set = 0;
    int n;
    for (; text && sscanf(text, " %31s%n", name, &n) == 1; text += n)
        set |= UINT64_C(1) << fact_of(name);
    return set;
}

static void say_effects(const struct flow_result *r, struct buf *out)
{
    for (int i = 0; i < r->todos; i++) {
        const struct flow_do *d = &r->todo[i];
        if (d->effect <= EFFECT_TASK_CLOSE)
            continue;
        if (d->effect == EFFECT_NOTIFY)
            buf_fmt(out, "tell:%s ", flow_notice_name((enum flow_notice)d->arg));
        else
            buf_fmt(out, "%s ", flow_effect_name(d->effect));
    }
}

/* ---- what must be true ---- */

struct attempt {
    struct flow_rules rules;
    struct flow_facts f;
    struct flow_states now, then;
};

static void prepare(struct attempt *a, const struct taken *t, const char *at)
{
    memset(a, 0, sizeof *a);
    a->rules = aml_rules();
    a->rules.title_free = t->title_free;
    a->f = (struct flow_facts){.rules = &a->rules,
                               .type = TYPE_NEW,
                               .amount_fen = t->is_free ? 0 : 30000,
                               .holds = (all_is_well() | facts_of(t->holds)) & ~facts_of(t->not )};
    place(&a->now, at);
    a->then = a->now;
    place(&a->then, t->to);
}

/* It is taken, leads where it should and does what it should. */
static int comes_out(const struct attempt *a, const struct taken *t, enum flow_actor actor,
                     struct buf *said)
{
    struct flow_result r;
    struct err_info e = {0};
    size_t n = strlen(t->does);
    said->n = 0;
    if (flow_apply(&a->f, &a->now, t->event, actor, &r, &e) != ERR_OK) {
        buf_fmt(said, "refused: %s ", err_code_text(e.code));
        return 0;
    }
    say_effects(&r, said);
    while (said->n && said->p[said->n - 1] == ' ')
        said->n--;
    while (n && t->does[n - 1] == ' ')
        n--;
    return said->n == n && memcmp(said->p, t->does, n) == 0 &&
           memcmp(r.states.at, a->then.at, sizeof r.states.at) == 0;
}

static void check_one(const struct taken *t, const char *at, struct buf *said)
{
    struct attempt a;
    uint64_t asked = facts_of(t->asks), well;
    prepare(&a, t, at);
    well = a.f.holds;
    for (int who = 0; who < ACTOR_COUNT; who++) {
        enum flow_actor actor = (enum flow_actor)who;
        int may = strchr(t->by, letters[who]) != NULL;
        a.f.holds = well;
        if (flow_allowed(&a.f, &a.now, t->event, actor) != may)
            fail_msg("%s %s at %s: %s may%s", t->id, flow_event_name(t->event), at,
                     flow_actor_name(actor), may ? " not" : "");
        if (may && !comes_out(&a, t, actor, said))
            fail_msg("%s %s at %s: %s, not %s", t->id, flow_event_name(t->event), at,
                     buf_cstr(said), t->does);
    }
    enum flow_actor actor = (enum flow_actor)(strchr(letters, t->by[0]) - letters);
    for (int g = 1; g < GUARD_FACTS; g++) {
        a.f.holds = well & ~(UINT64_C(1) << g);
        if (comes_out(&a, t, actor, said) == (int)(asked >> g & 1))
            fail_msg("%s %s at %s: %s is%s asked", t->id, flow_event_name(t->event), at,
                     flow_guard_name((enum flow_guard)g), asked >> g & 1 ? " not" : "");
    }
}

static void test_each_row_does_what_it_is_for(void **state)
{
    (void)state;
    _auto_buf said;
    buf_init(&said, 4096);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        const char *at = taken[i].at;
        do {
            char one[128];
            snprintf(one, sizeof one, "%.*s", (int)strcspn(at, "|"), at);
            check_one(&taken[i], one, &said);
            at += strcspn(at, "|");
        } while (*at++);
    }
}

static void test_each_refusal_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct taken t = {.to = "", .not = refused[i].not };
        struct attempt a;
        struct flow_result r;
        struct err_info e = {0};
        prepare(&a, &t, refused[i].at);
        enum err got = flow_apply(&a.f, &a.now, refused[i].event, refused[i].actor, &r, &e);
        if (got != refused[i].code)
            fail_msg("%s %s at %s: %s, not %s", refused[i].id, flow_event_name(refused[i].event),
                     refused[i].at, err_code_text(got), err_code_text(refused[i].code));
    }
}

/* One event in a profile that is not aml-reporting's. */
static void leads(const struct flow_rules *rules, enum flow_type type, const char *at,
                  enum flow_event event, enum flow_actor actor, const char *to)
{
    struct flow_facts f = {
        .rules = rules, .type = type, .amount_fen = 30000, .holds = all_is_well()};
    struct flow_states now = {.papers = (uint8_t)rules->papers}, then;
    struct flow_result r;
    struct err_info e = {0};
    place(&now, at);
    then = now;
    place(&then, to ? to : "");
    enum err got = flow_apply(&f, &now, event, actor, &r, &e);
    if ((got == ERR_OK) != (to != NULL))
        fail_msg("%s at %s: %s", flow_event_name(event), at, err_code_text(got));
    if (to && memcmp(r.states.at, then.at, sizeof then.at) != 0)
        fail_msg("%s at %s does not lead to %s", flow_event_name(event), at, to);
}

/* Invariant 5: a row that a profile switches off, or a business that is off meanwhile, opens no way past review or payment. */
static void test_what_is_switched_off_is_no_way_around(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    r.stages[TYPE_NEW] = 1;
    r.types = 1U << TYPE_ADD;
    leads(&r, TYPE_NEW, AWAITS "payment=PAID", EVENT_APP_PAID, ACTOR_EXTERNAL, NULL);
    r.pay_when = PAY_AFTER_REVIEW;
    leads(&r, TYPE_NEW, "application=SUBMITTED", EVENT_APP_ROUTE, ACTOR_SYSTEM, NULL);
    r = aml_rules();
    snprintf(r.off[0], sizeof r.off[0], "A17");
    r.offs = 1;
    leads(&r, TYPE_NEW, "application=APPROVED payment=UNPAID", EVENT_APP_ROUTE, ACTOR_SYSTEM, NULL);
}

/* C-11: who keeps his UKey gets no new one. */
static void test_a_renewal_in_place_makes_no_ukey(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    r.types = 1U << TYPE_RENEW;
    r.renew_medium = MEDIUM_IN_PLACE;
    leads(&r, TYPE_RENEW, "application=APPROVED payment=PAID", EVENT_APP_ROUTE, ACTOR_SYSTEM,
          "application=READY_DOWNLOAD");
}

/* C-19: a set of papers holds sending, and the end of the order, until it is accepted. */
static void test_papers_hold_what_they_gate(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    r.papers = 1;
    r.paper[0] = (struct flow_paper_set){.name = "form", .gate = GATE_SHIPPING, .legs = 1};
    leads(&r, TYPE_NEW, "fulfilment=PACKED", EVENT_FUL_HAND_OVER, ACTOR_SHIPPING, NULL);
    r.paper[0].gate = GATE_COMPLETION;
    leads(&r, TYPE_NEW, "application=IN_PRODUCTION fulfilment=SHIPPED", EVENT_FUL_SIGNED,
          ACTOR_EXTERNAL, "fulfilment=DONE");
}

/* C-25: where the UKey has to be activated or bound, a signature for the parcel does not end the order. */
static void test_a_delivery_waits_for_the_activation(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    r.activate = 1;
    leads(&r, TYPE_NEW, "application=IN_PRODUCTION fulfilment=SHIPPED", EVENT_FUL_SIGNED,
          ACTOR_EXTERNAL, "fulfilment=DELIVERED");
}

/* P7: what finance matches ends the time to pay, as any payment does. */
static void test_a_match_stops_the_time_to_pay(void **state)
{
    (void)state;
    struct attempt a;
    struct flow_result r;
    struct err_info e = {0};
    int stopped = 0;
    prepare(&a, &(struct taken){.to = ""}, AWAITS "payment=CLAIMED");
    assert_ok(flow_apply(&a.f, &a.now, EVENT_PAY_MATCH, ACTOR_FINANCE, &r, &e), &e);
    for (int i = 0; i < r.todos; i++)
        stopped |= r.todo[i].effect == EFFECT_CLOCK_STOP && r.todo[i].arg == 0;
    assert_string_equal(a.rules.clock[0].name, "pay");
    assert_true(stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row_does_what_it_is_for),
        cmocka_unit_test(test_each_refusal_says_why),
        cmocka_unit_test(test_what_is_switched_off_is_no_way_around),
        cmocka_unit_test(test_a_renewal_in_place_makes_no_ukey),
        cmocka_unit_test(test_papers_hold_what_they_gate),
        cmocka_unit_test(test_a_delivery_waits_for_the_activation),
        cmocka_unit_test(test_a_match_stops_the_time_to_pay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
