/* One order through the machines, and what they refuse. */
#include "testing.h"

#include "rules.h"

#include <string.h>

struct story {
    struct flow_rules rules;
    struct flow_facts f;
    struct flow_states s;
    struct flow_result r;
    struct err_info e;
};

static void begin(struct story *st)
{
    memset(st, 0, sizeof *st);
    st->rules = aml_rules();
    st->f = (struct flow_facts){
        .rules = &st->rules, .type = TYPE_NEW, .amount_fen = 30000, .holds = all_is_well()};
}

static enum err apply(struct story *st, enum flow_event ev, enum flow_actor a)
{
    enum err code = flow_apply(&st->f, &st->s, ev, a, &st->r, &st->e);
    if (code == ERR_OK)
        st->s = st->r.states;
    return code;
}

static void does(struct story *st, enum flow_event ev, enum flow_actor a)
{
    if (apply(st, ev, a) != ERR_OK) {
        print_error("%s: %s %s\n", flow_event_name(ev), err_code_text(st->e.code), st->e.detail);
        fail();
    }
}

static void is_in(const struct story *st, enum flow_machine m, const char *state)
{
    assert_string_equal(flow_state_name(m, st->s.at[m]), state);
}

/* The index of the first such effect among those of the last event, or -1. */
static int effect(const struct story *st, enum flow_effect fx, enum flow_machine m, int arg)
{
    for (int i = 0; i < st->r.todos; i++)
        if (st->r.todo[i].effect == fx && (m == FLOW_MACHINES || st->r.todo[i].machine == m) &&
            st->r.todo[i].arg == arg)
            return i;
    return -1;
}

static void to_await_pay(struct story *st)
{
    does(st, EVENT_CODE_LOAD, ACTOR_EXTERNAL);
    does(st, EVENT_CODE_DAY_REACHED, ACTOR_TIMER);
    does(st, EVENT_CODE_LOGIN, ACTOR_APPLICANT);
    does(st, EVENT_APP_CREATE, ACTOR_APPLICANT);
    does(st, EVENT_APP_SAVE, ACTOR_APPLICANT);
    does(st, EVENT_APP_SUBMIT, ACTOR_APPLICANT);
}

static void to_production(struct story *st)
{
    to_await_pay(st);
    does(st, EVENT_PAY_START, ACTOR_APPLICANT);
    does(st, EVENT_PAY_SUCCESS, ACTOR_EXTERNAL);
}

static void make(struct story *st)
{
    does(st, EVENT_UKEY_STOCK_IN, ACTOR_MAKER);
    does(st, EVENT_UKEY_INITIALISE, ACTOR_AGENT);
    does(st, EVENT_CERT_REQUEST, ACTOR_AGENT);
    does(st, EVENT_CERT_ISSUE, ACTOR_CA);
    does(st, EVENT_UKEY_PERSONALISE, ACTOR_AGENT);
    does(st, EVENT_FUL_MAKE, ACTOR_MAKER);
}

/* S0-18, S0-20, S0-23, S0-26, S0-27, S0-31: the whole way of a new certificate. */
static void test_a_new_order_goes_all_the_way(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_await_pay(&st);
    is_in(&st, FLOW_APPLICATION, "AWAIT_PAY");
    is_in(&st, FLOW_PAYMENT, "UNPAID");
    assert_true(effect(&st, EFFECT_CLOCK_START, FLOW_MACHINES, 0) >= 0);
    does(&st, EVENT_PAY_START, ACTOR_APPLICANT);
    /* paid, application paid, route, production, invoice: one event does it all */
    does(&st, EVENT_PAY_SUCCESS, ACTOR_EXTERNAL);
    is_in(&st, FLOW_PAYMENT, "PAID");
    is_in(&st, FLOW_APPLICATION, "IN_PRODUCTION");
    is_in(&st, FLOW_FULFILMENT, "QUEUED");
    is_in(&st, FLOW_INVOICE, "BATCHED");
    assert_true(effect(&st, EFFECT_BOOK_PAYMENT, FLOW_PAYMENT, 0) >= 0);
    assert_true(effect(&st, EFFECT_CLOCK_STOP, FLOW_MACHINES, 0) >= 0);
    assert_true(effect(&st, EFFECT_CLOCK_START, FLOW_MACHINES, 1) >= 0);
    assert_true(effect(&st, EFFECT_TASK_OPEN, FLOW_FULFILMENT, FLOW_FULFILMENT_QUEUED) >= 0);
    make(&st);
    assert_true(effect(&st, EFFECT_TASK_CLOSE, FLOW_FULFILMENT, FLOW_FULFILMENT_QUEUED) >= 0);
    does(&st, EVENT_FUL_QUALITY, ACTOR_MAKER);
    does(&st, EVENT_FUL_HAND_OVER, ACTOR_SHIPPING);
    is_in(&st, FLOW_UKEY, "ISSUED");
    assert_true(effect(&st, EFFECT_NOTIFY, FLOW_FULFILMENT, NOTICE_SHIPPED) >= 0);
    assert_true(effect(&st, EFFECT_CLOCK_STOP, FLOW_MACHINES, 1) >= 0);
    does(&st, EVENT_FUL_SIGNED, ACTOR_TIMER);
    is_in(&st, FLOW_FULFILMENT, "DONE");
    is_in(&st, FLOW_APPLICATION, "COMPLETED");
    does(&st, EVENT_UKEY_FIRST_PIN, ACTOR_AGENT);
    is_in(&st, FLOW_UKEY, "ACTIVE");
    does(&st, EVENT_INV_ISSUE, ACTOR_FINANCE);
    is_in(&st, FLOW_INVOICE, "DELIVERED");
    does(&st, EVENT_CERT_REVOKE, ACTOR_SUPPORT);
    is_in(&st, FLOW_CERTIFICATE, "REVOKED");
}

/* S0-25, invariant 3: after payment neither cancel nor any change exists, whatever the order is doing. */
static void test_nothing_is_cancelled_or_changed_after_payment(void **state)
{
    (void)state;
    static const enum flow_event changes[] = {
        EVENT_APP_SAVE,   EVENT_APP_CONFIRM,       EVENT_APP_REOPEN,    EVENT_APP_EDIT,
        EVENT_APP_CANCEL, EVENT_APP_CLOSE_AND_NEW, EVENT_PAY_REFUND_ASK};
    struct story st;
    begin(&st);
    to_production(&st);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_err(ERR_ORDER_FROZEN, apply(&st, changes[i], ACTOR_APPLICANT));
        assert_err(ERR_ORDER_FROZEN, apply(&st, changes[i], ACTOR_OPERATOR));
    }
    assert_false(flow_allowed(&st.f, &st.s, EVENT_APP_CANCEL, ACTOR_APPLICANT));
}

static void test_an_unpaid_order_is_cancelled_and_its_payment_with_it(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_await_pay(&st);
    does(&st, EVENT_PAY_START, ACTOR_APPLICANT);
    does(&st, EVENT_APP_CANCEL, ACTOR_APPLICANT);
    is_in(&st, FLOW_APPLICATION, "CANCELLED");
    is_in(&st, FLOW_PAYMENT, "VOID");
    assert_true(effect(&st, EFFECT_CLOCK_STOP, FLOW_MACHINES, 0) >= 0);
    /* P15, G-08: money that comes late goes back; the order stays as it is */
    does(&st, EVENT_PAY_SUCCESS, ACTOR_EXTERNAL);
    is_in(&st, FLOW_PAYMENT, "REFUNDING");
    is_in(&st, FLOW_APPLICATION, "CANCELLED");
    is_in(&st, FLOW_FULFILMENT, "NONE");
    assert_true(effect(&st, EFFECT_REFUND_TRANSACTION, FLOW_PAYMENT, 0) >= 0);
    assert_true(effect(&st, EFFECT_TASK_OPEN, FLOW_PAYMENT, FLOW_PAYMENT_REFUNDING) >= 0);
    does(&st, EVENT_PAY_REFUND_OK, ACTOR_EXTERNAL);
    is_in(&st, FLOW_PAYMENT, "REFUNDED");
}

static void test_an_order_never_paid_runs_out(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_await_pay(&st);
    assert_err(ERR_FORBIDDEN, apply(&st, EVENT_APP_PAY_TIMEOUT, ACTOR_APPLICANT));
    does(&st, EVENT_APP_PAY_TIMEOUT, ACTOR_TIMER);
    is_in(&st, FLOW_APPLICATION, "CANCELLED");
}

/* G-08: one payment told of twice counts once; a second payment goes back. */
static void test_the_same_money_counts_once(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_production(&st);
    flow_hold(&st.f, GUARD_MONEY_KNOWN, 1);
    does(&st, EVENT_PAY_SUCCESS, ACTOR_EXTERNAL);
    assert_int_equal(st.r.todos, 0);
    st.f.holds = all_is_well();
    does(&st, EVENT_PAY_SUCCESS, ACTOR_EXTERNAL);
    is_in(&st, FLOW_PAYMENT, "PAID");
    assert_true(effect(&st, EFFECT_REFUND_TRANSACTION, FLOW_PAYMENT, 0) >= 0);
    assert_true(effect(&st, EFFECT_BOOK_PAYMENT, FLOW_PAYMENT, 0) < 0);
}

static void test_a_forged_callback_does_nothing(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_await_pay(&st);
    st.f.holds &= ~(UINT64_C(1) << GUARD_SIGNATURE_OK);
    assert_err(ERR_PAYMENT_FORGED, apply(&st, EVENT_PAY_SUCCESS, ACTOR_EXTERNAL));
    is_in(&st, FLOW_PAYMENT, "UNPAID");
}

static void test_a_wrong_amount_goes_to_finance(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_await_pay(&st);
    st.f.holds &= ~(UINT64_C(1) << GUARD_AMOUNT_OK);
    does(&st, EVENT_PAY_SUCCESS, ACTOR_EXTERNAL);
    is_in(&st, FLOW_PAYMENT, "CLAIMED");
    is_in(&st, FLOW_APPLICATION, "AWAIT_PAY");
    assert_true(effect(&st, EFFECT_TASK_OPEN, FLOW_PAYMENT, FLOW_PAYMENT_CLAIMED) >= 0);
    /* neither a time-out nor a cancel takes an order whose money is here */
    assert_int_not_equal(apply(&st, EVENT_APP_PAY_TIMEOUT, ACTOR_TIMER), ERR_OK);
    assert_int_not_equal(apply(&st, EVENT_APP_CANCEL, ACTOR_APPLICANT), ERR_OK);
    flow_hold(&st.f, GUARD_MONEY_HELD, 1);
    does(&st, EVENT_PAY_NOT_FOUND, ACTOR_FINANCE);
    is_in(&st, FLOW_PAYMENT, "UNPAID");
    assert_true(effect(&st, EFFECT_REFUND_TRANSACTION, FLOW_PAYMENT, 0) >= 0);
}

/* S0-17, C4: too early is refused, from the day on the first login opens the code. */
static void test_a_code_is_usable_from_its_day_on(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    does(&st, EVENT_CODE_LOAD, ACTOR_EXTERNAL);
    st.f.holds &= ~(UINT64_C(1) << GUARD_CODE_DAY);
    assert_err(ERR_CODE_TOO_EARLY, apply(&st, EVENT_CODE_LOGIN, ACTOR_APPLICANT));
    is_in(&st, FLOW_CODE, "LOADED");
    flow_hold(&st.f, GUARD_CODE_DAY, 1);
    does(&st, EVENT_CODE_LOGIN, ACTOR_APPLICANT);
    is_in(&st, FLOW_CODE, "IN_USE");
    st.f.holds &= ~(UINT64_C(1) << GUARD_CODE_MATCHES);
    assert_err(ERR_CODE_WRONG, apply(&st, EVENT_CODE_LOGIN, ACTOR_APPLICANT));
}

/* A31, C6: the regulator takes it back in production: refund, no UKey, certificate revoked. */
static void test_a_withdrawn_code_stops_the_order(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_production(&st);
    make(&st);
    does(&st, EVENT_CODE_WITHDRAW, ACTOR_EXTERNAL);
    is_in(&st, FLOW_CODE, "WITHDRAWN");
    is_in(&st, FLOW_APPLICATION, "REFUSED");
    is_in(&st, FLOW_PAYMENT, "REFUNDING");
    is_in(&st, FLOW_FULFILMENT, "VOID");
    is_in(&st, FLOW_CERTIFICATE, "REVOKED");
    does(&st, EVENT_PAY_REFUND_OK, ACTOR_EXTERNAL);
    is_in(&st, FLOW_INVOICE, "VOIDED");
    assert_err(ERR_CODE_WITHDRAWN, apply(&st, EVENT_CODE_LOGIN, ACTOR_APPLICANT));
}

static void test_after_shipping_a_withdrawal_only_proposes(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_production(&st);
    make(&st);
    does(&st, EVENT_FUL_QUALITY, ACTOR_MAKER);
    does(&st, EVENT_FUL_HAND_OVER, ACTOR_SHIPPING);
    does(&st, EVENT_CODE_WITHDRAW, ACTOR_EXTERNAL);
    is_in(&st, FLOW_APPLICATION, "IN_PRODUCTION");
    is_in(&st, FLOW_CERTIFICATE, "ACTIVE");
    assert_true(effect(&st, EFFECT_REVOKE_PROPOSAL, FLOW_APPLICATION, 0) >= 0);
}

/* S0-21, C5: corrections come from the regulator, and not after payment. */
static void test_corrections_end_with_payment(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_await_pay(&st);
    does(&st, EVENT_CODE_CORRECT, ACTOR_EXTERNAL);
    does(&st, EVENT_PAY_SUCCESS, ACTOR_EXTERNAL);
    assert_err(ERR_ORDER_FROZEN, apply(&st, EVENT_CODE_CORRECT, ACTOR_EXTERNAL));
}

static void test_a_refusal_names_the_guard_that_failed(void **state)
{
    (void)state;
    static const struct {
        enum flow_guard guard;
        enum err code;
    } rows[] = {
        {GUARD_TYPE_OPEN, ERR_ORDER_TYPE_CLOSED},
        {GUARD_CODE_USABLE, ERR_CODE_TOO_EARLY},
        {GUARD_LIMITS_OK, ERR_ORDER_LIMIT}, /* S0-09 */
        {GUARD_NO_OPEN_ORDER, ERR_ORDER_EXISTS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct story st;
        begin(&st);
        st.f.holds &= ~(UINT64_C(1) << rows[i].guard);
        assert_err(rows[i].code, apply(&st, EVENT_APP_CREATE, ACTOR_APPLICANT));
    }
    struct story st;
    begin(&st);
    does(&st, EVENT_APP_CREATE, ACTOR_APPLICANT);
    st.f.holds &= ~(UINT64_C(1) << GUARD_FORM_VALID);
    assert_err(ERR_ORDER_INCOMPLETE, apply(&st, EVENT_APP_SUBMIT, ACTOR_APPLICANT));
    flow_hold(&st.f, GUARD_FORM_VALID, 1);
    st.f.holds &= ~(UINT64_C(1) << GUARD_CONSENTED);
    assert_err(ERR_ORDER_CONSENT, apply(&st, EVENT_APP_SUBMIT, ACTOR_APPLICANT));
    is_in(&st, FLOW_APPLICATION, "DRAFT");
    assert_err(ERR_FORBIDDEN, apply(&st, EVENT_APP_CANCEL, ACTOR_MAKER));
    assert_string_equal(st.e.arg[0].value, "applicant");
    assert_err(ERR_ORDER_STATE, apply(&st, EVENT_FUL_MAKE, ACTOR_MAKER));
}

/* F2, G-11: nothing is made before the UKey holds its certificate. */
static void test_a_job_is_done_when_the_ukey_is(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_production(&st);
    assert_err(ERR_MAKE_CHECKS, apply(&st, EVENT_FUL_MAKE, ACTOR_MAKER));
    assert_err(ERR_ORDER_STATE, apply(&st, EVENT_CERT_ISSUE, ACTOR_CA));
    make(&st);
    is_in(&st, FLOW_FULFILMENT, "MADE");
}

/* C-02, A11: stages pass one by one, each with its own clock; a return pauses it, a resubmission starts it anew. */
static void test_review_stages_pass_one_by_one(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    st.rules.stages[TYPE_NEW] = 2;
    st.rules.pay_when = PAY_AFTER_REVIEW;
    st.rules.clock[3] = (struct flow_clock){.name = "first",
                                            .starts = EVENT_STAGE_ENTERED,
                                            .starts_stage = 1,
                                            .stops = EVENT_APP_PASS,
                                            .stops_stage = 1,
                                            .length = 2,
                                            .pauses = 1U << FLOW_APPLICATION_RETURNED};
    st.rules.clock[4] = (struct flow_clock){.name = "second",
                                            .starts = EVENT_APP_PASS,
                                            .starts_stage = 1,
                                            .stops = EVENT_FUL_MAKE,
                                            .length = 5};
    st.rules.clocks = 5;
    to_await_pay(&st);
    is_in(&st, FLOW_APPLICATION, "REVIEW");
    is_in(&st, FLOW_PAYMENT, "NONE");
    assert_true(effect(&st, EFFECT_CLOCK_START, FLOW_MACHINES, 3) >= 0);
    struct flow_now lane[FLOW_LANES_MAX];
    assert_int_equal(flow_now(&st.f, &st.s, lane, FLOW_LANES_MAX), 1);
    assert_int_equal(lane[0].clock, 3);
    assert_int_equal(lane[0].owner, OWNER_REVIEWER);
    does(&st, EVENT_APP_RETURN, ACTOR_REVIEWER);
    assert_true(effect(&st, EFFECT_CLOCK_PAUSE, FLOW_MACHINES, 3) >= 0);
    does(&st, EVENT_APP_RESUBMIT, ACTOR_APPLICANT);
    assert_true(effect(&st, EFFECT_CLOCK_START, FLOW_MACHINES, 3) >= 0);
    does(&st, EVENT_APP_PASS, ACTOR_REVIEWER);
    is_in(&st, FLOW_APPLICATION, "REVIEW");
    assert_int_equal(st.s.passed, 1);
    assert_true(effect(&st, EFFECT_CLOCK_STOP, FLOW_MACHINES, 3) >= 0);
    assert_true(effect(&st, EFFECT_CLOCK_START, FLOW_MACHINES, 4) >= 0);
    does(&st, EVENT_APP_PASS, ACTOR_REVIEWER);
    is_in(&st, FLOW_APPLICATION, "AWAIT_PAY");
    is_in(&st, FLOW_PAYMENT, "UNPAID");
    flow_now(&st.f, &st.s, lane, FLOW_LANES_MAX);
    assert_int_equal(lane[0].clock, 0); /* the pay clock stops sooner than the second */
}

/* C-03: before the review, after it, beside it, or never; with nothing to review, before and after are one. */
static void test_the_profile_says_when_is_paid(void **state)
{
    (void)state;
    static const struct {
        enum flow_pay_when when;
        int stages;
        const char *application, *payment; /* submitted */
        const char *passed_application,
            *passed_payment; /* and reviewed; NULL: nothing to review yet */
    } rows[] = {
        {PAY_BEFORE_REVIEW, 0, "AWAIT_PAY", "UNPAID", NULL, NULL},
        {PAY_BEFORE_REVIEW, 1, "AWAIT_PAY", "UNPAID", NULL, NULL},
        {PAY_AFTER_REVIEW, 0, "AWAIT_PAY", "UNPAID", NULL, NULL},
        {PAY_AFTER_REVIEW, 1, "REVIEW", "NONE", "AWAIT_PAY", "UNPAID"},
        {PAY_EITHER, 1, "REVIEW", "UNPAID", "AWAIT_PAY", "UNPAID"},
        {PAY_NEVER, 0, "IN_PRODUCTION", "NONE", NULL, NULL},
        {PAY_NEVER, 1, "REVIEW", "NONE", "IN_PRODUCTION", "NONE"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct story st;
        begin(&st);
        st.rules.pay_when = rows[i].when;
        st.rules.stages[TYPE_NEW] = (uint8_t)rows[i].stages;
        to_await_pay(&st);
        is_in(&st, FLOW_APPLICATION, rows[i].application);
        is_in(&st, FLOW_PAYMENT, rows[i].payment);
        if (!rows[i].passed_application)
            continue;
        does(&st, EVENT_APP_PASS, ACTOR_REVIEWER);
        is_in(&st, FLOW_APPLICATION, rows[i].passed_application);
        is_in(&st, FLOW_PAYMENT, rows[i].passed_payment);
    }
    struct story st; /* paid before, the review comes after */
    begin(&st);
    st.rules.stages[TYPE_NEW] = 1;
    to_production(&st);
    is_in(&st, FLOW_APPLICATION, "REVIEW");
}

/* C-05, S0-31: what a payment does to the invoice is the profile's: issued by itself, in the month's batch, when asked for,
 * or none. */
static void test_the_profile_says_how_invoices_come(void **state)
{
    (void)state;
    static const struct {
        enum flow_invoice_mode mode;
        const char *paid;
        int can_ask, can_issue;
    } rows[] = {{INVOICE_AUTO, "QUEUED", 0, 1},
                {INVOICE_BATCH, "BATCHED", 0, 1},
                {INVOICE_ON_REQUEST, "REQUESTABLE", 1, 0},
                {INVOICE_NEVER, "NONE", 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct story st;
        begin(&st);
        st.rules.invoice = rows[i].mode;
        to_production(&st);
        is_in(&st, FLOW_INVOICE, rows[i].paid);
        assert_int_equal(flow_allowed(&st.f, &st.s, EVENT_INV_APPLY, ACTOR_APPLICANT),
                         rows[i].can_ask);
        assert_int_equal(flow_allowed(&st.f, &st.s, EVENT_INV_ISSUE, ACTOR_FINANCE),
                         rows[i].can_issue);
        if (rows[i].can_ask) {
            does(&st, EVENT_INV_APPLY, ACTOR_APPLICANT);
            is_in(&st, FLOW_INVOICE, "QUEUED");
        }
    }
}

/* C-06: a title that is locked is asked for by nobody; a free one changes until the invoice is issued. */
static void test_the_profile_says_whether_the_invoice_title_is_free(void **state)
{
    (void)state;
    for (int is_free = 0; is_free < 2; is_free++) {
        struct story st;
        begin(&st);
        st.rules.title_free = is_free;
        to_production(&st);
        assert_int_equal(flow_allowed(&st.f, &st.s, EVENT_INV_CHANGE, ACTOR_APPLICANT), is_free);
        assert_int_equal(apply(&st, EVENT_INV_CHANGE, ACTOR_APPLICANT) == ERR_OK, is_free);
        does(&st, EVENT_INV_ISSUE, ACTOR_FINANCE);
        assert_err(ERR_ORDER_STATE, apply(&st, EVENT_INV_CHANGE, ACTOR_APPLICANT));
    }
}

/* C-08: what can be done about a submitted order: edit it while it waits, close it and begin anew, or neither; and nothing
 * once it is frozen by payment. */
static void test_the_profile_says_how_a_submitted_order_is_mended(void **state)
{
    (void)state;
    static const struct {
        int edit_pending;
        enum flow_fix fix;
        int frozen, edit, close;
    } rows[] = {
        {0, FIX_EDIT, 0, 0, 0}, {1, FIX_EDIT, 0, 1, 0},          {0, FIX_CLOSE_AND_NEW, 0, 0, 1},
        {1, FIX_EDIT, 1, 0, 0}, {0, FIX_CLOSE_AND_NEW, 1, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct story st;
        begin(&st);
        st.rules.stages[TYPE_NEW] = 1;
        st.rules.edit_pending = rows[i].edit_pending;
        st.rules.fix = rows[i].fix;
        st.rules.freeze_when_paid = rows[i].frozen;
        to_production(&st); /* paid, and waiting for the reviewer */
        is_in(&st, FLOW_APPLICATION, "REVIEW");
        assert_int_not_equal(apply(&st, EVENT_APP_SAVE, ACTOR_APPLICANT), ERR_OK);
        assert_int_equal(flow_allowed(&st.f, &st.s, EVENT_APP_EDIT, ACTOR_APPLICANT), rows[i].edit);
        assert_int_equal(flow_allowed(&st.f, &st.s, EVENT_APP_CLOSE_AND_NEW, ACTOR_APPLICANT),
                         rows[i].close);
        if (rows[i].frozen)
            assert_err(ERR_ORDER_FROZEN, apply(&st, EVENT_APP_EDIT, ACTOR_APPLICANT));
        if (rows[i].close)
            does(&st, EVENT_APP_CLOSE_AND_NEW, ACTOR_APPLICANT);
        else if (rows[i].edit)
            does(&st, EVENT_APP_EDIT, ACTOR_APPLICANT);
    }
}

static void to_shipped(struct story *st)
{
    to_production(st);
    make(st);
    does(st, EVENT_FUL_QUALITY, ACTOR_MAKER);
    does(st, EVENT_FUL_HAND_OVER, ACTOR_SHIPPING);
}

/* C-21: straight to the handler, or to an organisation that notifies and hands over, or mails. */
static void test_the_profile_says_where_the_key_goes(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    to_shipped(&st);
    assert_err(ERR_ORDER_STATE, apply(&st, EVENT_FUL_ORG_RECEIVED, ACTOR_COUNTER));
    does(&st, EVENT_FUL_SIGNED, ACTOR_EXTERNAL);
    is_in(&st, FLOW_APPLICATION, "COMPLETED");
    for (int mailed = 0; mailed < 2; mailed++) {
        begin(&st);
        st.rules.via_org = 1;
        to_shipped(&st);
        /* the courier's word ends nothing: the handler does not have it yet */
        assert_err(ERR_ORDER_STATE, apply(&st, EVENT_FUL_SIGNED, ACTOR_EXTERNAL));
        does(&st, EVENT_FUL_ORG_RECEIVED, ACTOR_COUNTER);
        is_in(&st, FLOW_FULFILMENT, "AT_ORG");
        does(&st, EVENT_FUL_NOTIFY, ACTOR_COUNTER);
        is_in(&st, FLOW_FULFILMENT, "READY_PICKUP");
        if (mailed) {
            does(&st, EVENT_FUL_MAIL, ACTOR_APPLICANT);
            is_in(&st, FLOW_FULFILMENT, "MAILED");
            does(&st, EVENT_FUL_SIGNED, ACTOR_EXTERNAL);
        } else {
            does(&st, EVENT_FUL_PICKED_UP, ACTOR_COUNTER);
        }
        is_in(&st, FLOW_APPLICATION, "COMPLETED");
    }
}

/* G-14: whatever is late, no timer passes a review, makes, checks or sends: a person does. */
static void test_no_timer_does_a_persons_work(void **state)
{
    (void)state;
    static const enum flow_event works[] = {
        EVENT_APP_PASS,    EVENT_APP_ROUTE,     EVENT_APP_SUBMIT, EVENT_APP_PAID,    EVENT_FUL_MAKE,
        EVENT_FUL_QUALITY, EVENT_FUL_HAND_OVER, EVENT_CERT_ISSUE, EVENT_PAPER_ACCEPT};
    for (size_t w = 0; w < sizeof works / sizeof works[0]; w++) {
        int n;
        const struct flow_row *row = flow_rows(flow_event_machine(works[w]), &n);
        for (int i = 0; i < n; i++)
            if (row[i].event == works[w] && row[i].actor >> ACTOR_TIMER & 1)
                fail_msg("%s: a timer may do %s", row[i].id, flow_event_name(works[w]));
    }
}

/* C-19: a paper set with a gate holds production until it is accepted at the end of its route. */
static void test_paper_holds_its_gate_shut(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    st.rules.papers = 1;
    st.rules.paper[0] = (struct flow_paper_set){
        .name = "form", .opens = EVENT_APP_SUBMIT, .gate = GATE_PRODUCTION, .legs = 2};
    to_production(&st);
    assert_int_equal(st.s.paper[0].state, FLOW_PAPER_EXPECTED);
    does(&st, EVENT_UKEY_STOCK_IN, ACTOR_MAKER);
    does(&st, EVENT_UKEY_INITIALISE, ACTOR_AGENT);
    does(&st, EVENT_CERT_REQUEST, ACTOR_AGENT);
    does(&st, EVENT_CERT_ISSUE, ACTOR_CA);
    does(&st, EVENT_UKEY_PERSONALISE, ACTOR_AGENT);
    assert_err(ERR_PAPER_GATE, apply(&st, EVENT_FUL_MAKE, ACTOR_MAKER));
    does(&st, EVENT_PAPER_COURIER, ACTOR_APPLICANT);
    does(&st, EVENT_PAPER_SCAN, ACTOR_PAPER);
    does(&st, EVENT_PAPER_ACCEPT, ACTOR_PAPER);
    assert_int_equal(st.s.paper[0].state, FLOW_PAPER_IN_TRANSIT);
    assert_int_equal(st.s.paper[0].leg, 2);
    does(&st, EVENT_PAPER_SCAN, ACTOR_PAPER);
    does(&st, EVENT_PAPER_REJECT, ACTOR_PAPER);
    assert_err(ERR_PAPER_GATE, apply(&st, EVENT_FUL_MAKE, ACTOR_MAKER));
    does(&st, EVENT_PAPER_RESEND, ACTOR_APPLICANT);
    does(&st, EVENT_PAPER_SCAN, ACTOR_PAPER);
    does(&st, EVENT_PAPER_ACCEPT, ACTOR_PAPER);
    does(&st, EVENT_PAPER_SCAN, ACTOR_PAPER);
    does(&st, EVENT_PAPER_ACCEPT, ACTOR_PAPER);
    assert_int_equal(st.s.paper[0].state, FLOW_PAPER_OK);
    does(&st, EVENT_FUL_MAKE, ACTOR_MAKER);
}

static void now_is(const struct story *st, enum flow_machine m, const char *status,
                   const char *owner, const char *next, const char *clock)
{
    struct flow_now lane[FLOW_LANES_MAX];
    int n = flow_now(&st->f, &st->s, lane, FLOW_LANES_MAX);
    for (int i = 0; i < n; i++) {
        if (lane[i].machine != m)
            continue;
        assert_string_equal(flow_state_name(m, lane[i].state), status);
        assert_string_equal(flow_owner_name(lane[i].owner), owner);
        assert_string_equal(flow_state_name(lane[i].next_machine, lane[i].next_state), next);
        assert_string_equal(lane[i].clock < 0 ? "" : st->rules.clock[lane[i].clock].name, clock);
        return;
    }
    fail_msg("no lane %s", flow_machine_name(m));
}

/* Invariant 10: status, owner, next step and clock follow from the states. */
static void test_a_page_sees_who_has_it_what_comes_next_and_by_when(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    does(&st, EVENT_APP_CREATE, ACTOR_APPLICANT);
    now_is(&st, FLOW_APPLICATION, "DRAFT", "applicant", "AWAIT_PAY", "");
    begin(&st);
    to_await_pay(&st);
    now_is(&st, FLOW_APPLICATION, "AWAIT_PAY", "applicant", "QUEUED", "pay");
    does(&st, EVENT_PAY_START, ACTOR_APPLICANT);
    now_is(&st, FLOW_PAYMENT, "PENDING", "bank", "QUEUED", "pay");
    does(&st, EVENT_PAY_SUCCESS, ACTOR_EXTERNAL);
    now_is(&st, FLOW_FULFILMENT, "QUEUED", "maker", "MADE", "dispatch");
    now_is(&st, FLOW_INVOICE, "BATCHED", "finance", "DELIVERED", "");
    make(&st);
    now_is(&st, FLOW_FULFILMENT, "MADE", "maker", "PACKED", "dispatch");
    does(&st, EVENT_FUL_QUALITY, ACTOR_MAKER);
    now_is(&st, FLOW_FULFILMENT, "PACKED", "shipping", "SHIPPED", "dispatch");
    does(&st, EVENT_FUL_HAND_OVER, ACTOR_SHIPPING);
    now_is(&st, FLOW_FULFILMENT, "SHIPPED", "courier", "DONE", "delivery");
    does(&st, EVENT_FUL_SIGNED, ACTOR_EXTERNAL);
    now_is(&st, FLOW_APPLICATION, "COMPLETED", "nobody", "NONE", "");
}

static void path_is(const struct flow_facts *f, enum flow_machine m, const char *want)
{
    uint8_t s[FLOW_PATH_MAX];
    _auto_buf b;
    buf_init(&b, 256);
    int n = flow_path(f, m, s, FLOW_PATH_MAX);
    for (int i = 0; i < n; i++)
        buf_fmt(&b, "%s%s", i ? " " : "", flow_state_name(m, s[i]));
    assert_string_equal(buf_cstr(&b), want);
}

static void test_the_five_rows_of_steps_follow_from_the_rules(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    path_is(&st.f, FLOW_APPLICATION, "DRAFT AWAIT_PAY IN_PRODUCTION COMPLETED");
    path_is(&st.f, FLOW_PAYMENT, "UNPAID PENDING PAID");
    path_is(&st.f, FLOW_FULFILMENT, "QUEUED MADE PACKED SHIPPED DONE");
    path_is(&st.f, FLOW_INVOICE, "BATCHED DELIVERED");
    path_is(&st.f, FLOW_PAPER, "");
    st.f.amount_fen = 0;
    path_is(&st.f, FLOW_PAYMENT, "NOT_DUE");
    path_is(&st.f, FLOW_INVOICE, "");
}

static void test_names_are_read_back(void **state)
{
    (void)state;
    for (int ev = 1; ev < EVENT_COUNT; ev++)
        assert_int_equal(flow_event_from_name(flow_event_name((enum flow_event)ev)), ev);
    for (int m = 0; m < FLOW_MACHINES; m++)
        for (int s = 0; s < flow_state_count((enum flow_machine)m); s++)
            assert_int_equal(flow_state_from_name((enum flow_machine)m,
                                                  flow_state_name((enum flow_machine)m, s)),
                             s);
    for (int t = 0; t < TYPE_COUNT; t++)
        assert_int_equal(flow_type_from_name(flow_type_name((enum flow_type)t)), t);
    assert_int_equal(flow_event_from_name("pay.nothing"), -1);
    assert_int_equal(flow_event_from_name(""), -1);
}

/* A3a–A3c: with uploads the form is confirmed first, and can be opened again until it is submitted. */
static void test_with_materials_confirming_comes_before_submitting(void **state)
{
    (void)state;
    struct story st;
    begin(&st);
    does(&st, EVENT_APP_CREATE, ACTOR_APPLICANT);
    assert_err(ERR_ORDER_STATE, apply(&st, EVENT_APP_CONFIRM, ACTOR_APPLICANT));
    st.rules.materials = 1U << TYPE_NEW;
    assert_err(ERR_ORDER_MATERIALS, apply(&st, EVENT_APP_SUBMIT, ACTOR_APPLICANT));
    does(&st, EVENT_APP_CONFIRM, ACTOR_APPLICANT);
    is_in(&st, FLOW_APPLICATION, "MATERIALS");
    does(&st, EVENT_APP_REOPEN, ACTOR_APPLICANT);
    is_in(&st, FLOW_APPLICATION, "DRAFT");
    does(&st, EVENT_APP_CONFIRM, ACTOR_APPLICANT);
    st.f.holds &= ~(UINT64_C(1) << GUARD_MATERIALS_VALID);
    assert_err(ERR_ORDER_MATERIALS, apply(&st, EVENT_APP_SUBMIT, ACTOR_APPLICANT));
    flow_hold(&st.f, GUARD_MATERIALS_VALID, 1);
    does(&st, EVENT_APP_SUBMIT, ACTOR_APPLICANT);
    is_in(&st, FLOW_APPLICATION, "AWAIT_PAY");
}

static void test_rows_without_code_are_found(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    const struct flow_row *missing[8];
    assert_int_equal(flow_rows_without_code(&r, missing, 8), 0);
    r.activate = 1;
    assert_true(flow_rows_without_code(&r, missing, 8) > 0);
    assert_string_equal(missing[0]->id, "F11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_order_goes_all_the_way),
        cmocka_unit_test(test_nothing_is_cancelled_or_changed_after_payment),
        cmocka_unit_test(test_an_unpaid_order_is_cancelled_and_its_payment_with_it),
        cmocka_unit_test(test_an_order_never_paid_runs_out),
        cmocka_unit_test(test_the_same_money_counts_once),
        cmocka_unit_test(test_a_forged_callback_does_nothing),
        cmocka_unit_test(test_a_wrong_amount_goes_to_finance),
        cmocka_unit_test(test_a_code_is_usable_from_its_day_on),
        cmocka_unit_test(test_a_withdrawn_code_stops_the_order),
        cmocka_unit_test(test_after_shipping_a_withdrawal_only_proposes),
        cmocka_unit_test(test_corrections_end_with_payment),
        cmocka_unit_test(test_a_refusal_names_the_guard_that_failed),
        cmocka_unit_test(test_a_job_is_done_when_the_ukey_is),
        cmocka_unit_test(test_review_stages_pass_one_by_one),
        cmocka_unit_test(test_no_timer_does_a_persons_work),
        cmocka_unit_test(test_the_profile_says_when_is_paid),
        cmocka_unit_test(test_the_profile_says_how_invoices_come),
        cmocka_unit_test(test_the_profile_says_whether_the_invoice_title_is_free),
        cmocka_unit_test(test_the_profile_says_how_a_submitted_order_is_mended),
        cmocka_unit_test(test_the_profile_says_where_the_key_goes),
        cmocka_unit_test(test_paper_holds_its_gate_shut),
        cmocka_unit_test(test_a_page_sees_who_has_it_what_comes_next_and_by_when),
        cmocka_unit_test(test_the_five_rows_of_steps_follow_from_the_rules),
        cmocka_unit_test(test_names_are_read_back),
        cmocka_unit_test(test_with_materials_confirming_comes_before_submitting),
        cmocka_unit_test(test_rows_without_code_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
