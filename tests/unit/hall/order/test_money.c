/* Money and making, as the orders see them: paid once, twice, late, wrong, withdrawn; made, sent, signed. */
#include "order_fixture.h"

#include "hall/account/account.h"
#include "hall/certificate/certificate.h"
#include "hall/institution/institution.h"
#include "hall/intake/intake.h"
#include "hall/outbox/outbox.h"
#include "hall/payment/payment.h"
#include "hall/task/task.h"
#include "hall/ukey/ukey.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

static const struct actor bank = {BY_EXTERNAL, 0, "bank", "", ""};
static const struct actor shipping = {BY_STAFF, 42, "何嘉敏", "shipping", "127.0.0.1"};

static int state_of(struct order_fixture *o, int64_t id, enum flow_machine m)
{
    return order_now_of(o, id).states.at[m];
}

static enum err money(struct order_fixture *o, int64_t id, const char *trade_no, int64_t fen)
{
    const struct order_money m = {
        .method = "net_bank", .trade_no = trade_no, .amount_fen = fen, .at = 1788750000000};
    struct order_input in = {.money = &m};
    order_hold(&in, GUARD_SIGNATURE_OK);
    return order_event(o, id, EVENT_PAY_SUCCESS, &bank, &in);
}

static struct payment_sums sums_of(struct order_fixture *o, int64_t id)
{
    struct hall_tx tx;
    struct payment_sums sums;
    hall_read(o->f, &tx);
    assert_ok(payment_sums(&tx, id, &sums, &o->e), &o->e);
    hall_end(&tx);
    return sums;
}

static size_t tasks_of(struct order_fixture *o, int64_t order, const char *kind)
{
    struct hall_tx tx;
    const struct task *list;
    size_t n;
    struct task_filter filter = {.order = order, .kind = kind, .limit = 50};
    hall_read(o->f, &tx);
    assert_ok(task_list(&tx, &filter, &list, &n, &o->e), &o->e);
    hall_end(&tx);
    return n;
}

static struct order paid(struct order_fixture *o, const char *name)
{
    struct order order = order_submitted(o, name);
    assert_ok(money(o, order.id, "T1", 30000), &o->e);
    return order_now_of(o, order.id);
}

/* P4, A7, A18, F1: payment starts production, its clock (S0-27) and the invoice (I2). */
static void payment_starts_production(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o, NULL);
    assert_int_equal(order.states.at[FLOW_PAYMENT], FLOW_PAYMENT_PAID);
    assert_int_equal(order.states.at[FLOW_FULFILMENT], FLOW_FULFILMENT_QUEUED);
    assert_int_equal(order.states.at[FLOW_INVOICE], FLOW_INVOICE_BATCHED);
    assert_int_equal(order.group, ORDER_RUNNING);
    assert_int_equal(tasks_of(o, order.id, "produce"), 1);
    const char *page = order_json(o, order.id, LANG_ZH);
    assert_non_null(strstr(page, "待制作"));
    assert_non_null(strstr(page, "最迟 9月10日（周四）")); /* three working days from Monday */
    assert_non_null(strstr(page, "制证组"));
}

/* G-08: the same money told of twice is one payment, and no second line in the log. */
static void the_same_money_twice_changes_nothing(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o, NULL), again;
    assert_ok(money(o, order.id, "T1", 30000), &o->e);
    again = order_now_of(o, order.id);
    assert_int_equal(again.version, order.version);
    assert_int_equal(sums_of(o, order.id).held, 30000);
}

/* P9: a second payment goes back by itself. */
static void a_second_payment_goes_back(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o, NULL);
    assert_ok(money(o, order.id, "T2", 30000), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_PAID);
    assert_int_equal(sums_of(o, order.id).paid, 30000);
    assert_int_equal(sums_of(o, order.id).held, 60000); /* until the bank has sent it back */
}

/* As the outbox does when the bank has answered. */
static void bank_says(struct order_fixture *o, int64_t order, const char *answer)
{
    struct outbox_kind kinds[16];
    struct outbox_row row = {.order = order, .kind = "payment.query", .body = "{}"};
    struct hall_tx tx;
    size_t n = order_outbox_kinds(kinds, 16);
    hall_write(o->f, &hall_system, &tx);
    for (size_t i = 0; i < n; i++)
        if (strcmp(kinds[i].kind, row.kind) == 0)
            assert_ok(kinds[i].settle(&tx, &row, answer, kinds[i].arg, &o->e), &o->e);
    hall_done(o->f, &tx);
}

/* P4, P9: the bank answers with all that was paid; the first makes the order paid, the next ones go back, each once. */
static void all_payments_of_an_answer_are_booked(void **state)
{
    static const char answer[] =
        "{\"result\":\"paid\",\"method\":\"net_bank\",\"trade_no\":\"T1\",\"amount_fen\":30000,"
        "\"more\":[{\"result\":\"paid\",\"method\":\"net_bank\",\"trade_no\":\"T2\","
        "\"amount_fen\":30000}]}";
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    struct hall_tx tx;
    hall_write(o->f, &hall_system, &tx);
    assert_ok(order_notice_missing(&tx, order.id, "T2", &o->e), &o->e);
    assert_ok(order_notice_missing(&tx, order.id, "T2", &o->e), &o->e);
    hall_done(o->f, &tx);
    assert_int_equal(tasks_of(o, order.id, "payment"), 1);
    for (int i = 0; i < 2; i++)
        bank_says(o, order.id, answer);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_PAID);
    assert_int_equal(sums_of(o, order.id).paid, 30000);
    assert_int_equal(sums_of(o, order.id).held, 60000);
    assert_int_equal(tasks_of(o, order.id, "payment"), 0); /* what was missing has come */
}

/* P14: finance looks at what is not the amount due. */
static void a_wrong_amount_is_finances(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    assert_ok(money(o, order.id, "T1", 29999), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_CLAIMED);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_AWAIT_PAY);
    assert_int_equal(tasks_of(o, order.id, "payment"), 1);
}

/* A forged callback is nobody's word. */
static void money_without_a_signature_is_refused(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    const struct order_money m = {
        .method = "net_bank", .trade_no = "T9", .amount_fen = 30000, .at = 1};
    struct order_input in = {.money = &m};
    assert_err(ERR_PAYMENT_FORGED, order_event(o, order.id, EVENT_PAY_SUCCESS, &bank, &in));
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_UNPAID);
}

/* A8: what is not paid in the days the price holds is cancelled, and a new order can be begun. */
static void an_unpaid_order_times_out(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    int done;
    hall_at(o->f, "2026-09-14T23:00:00+08:00");
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_AWAIT_PAY);
    hall_at(o->f, "2026-09-15T00:00:01+08:00");
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(done, 1);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_CANCELLED);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_VOID);
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(done, 0);
    order_begun(o);
}

/* A8, P14: while finance looks at the money the time to pay does not run out; when it goes back, it begins anew. */
static void money_that_finance_looks_at_stops_the_time(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    const struct order_money back = {
        .method = "net_bank", .trade_no = "T1", .amount_fen = 29999, .at = 1};
    static const struct actor liang = {BY_STAFF, 35, "梁佩珊", "finance", "127.0.0.1"};
    struct order_input in = {.money = &back};
    int done;
    assert_ok(money(o, order.id, "T1", 29999), &o->e);
    hall_at(o->f, "2026-09-15T00:00:01+08:00");
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_AWAIT_PAY);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_CLAIMED);
    hall_at(o->f, "2026-09-16T10:00:00+08:00");
    assert_ok(order_event(o, order.id, EVENT_PAY_NOT_FOUND, &liang, &in), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_UNPAID);
    hall_at(o->f, "2026-09-23T09:00:00+08:00");
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_AWAIT_PAY);
    hall_at(o->f, "2026-09-24T00:00:01+08:00");
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_CANCELLED);
}

/* P14, P10: of two that did not fit one is given back, then the order is cancelled: the other one goes back, too. */
static void money_beside_a_cancelled_order_goes_back(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    const struct order_money back = {
        .method = "net_bank", .trade_no = "T1", .amount_fen = 10000, .at = 1};
    static const struct actor liang = {BY_STAFF, 35, "梁佩珊", "finance", "127.0.0.1"};
    struct order_input in = {.money = &back};
    assert_ok(money(o, order.id, "T1", 10000), &o->e);
    assert_ok(money(o, order.id, "T2", 7000), &o->e);
    assert_ok(order_event(o, order.id, EVENT_PAY_NOT_FOUND, &liang, &in), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_UNPAID);
    assert_ok(order_event(o, order.id, EVENT_APP_CANCEL, &o->shen, NULL), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_CANCELLED);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_REFUNDING);
    assert_int_equal(tasks_of(o, order.id, "payment"), 1);
}

/* The timer of an order that was paid is overtaken: it goes, and nothing else happens. */
static void a_paid_order_does_not_time_out(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o, NULL);
    int done;
    hall_at(o->f, "2026-09-20T00:00:00+08:00");
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_IN_PRODUCTION);
}

/* P15: money for an order that has ended is taken and given back. */
static void late_money_goes_back(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    assert_ok(order_event(o, order.id, EVENT_APP_CANCEL, &o->shen, NULL), &o->e);
    assert_ok(money(o, order.id, "T1", 30000), &o->e);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_REFUNDING);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_CANCELLED);
    assert_int_equal(order_now_of(o, order.id).group,
                     ORDER_RUNNING); /* money is still to come back */
}

static void withdrawn(struct order_fixture *o)
{
    struct hall_tx tx;
    hall_write(o->f, &hall_system, &tx);
    assert_ok(account_withdraw(&tx, o->account, &o->e), &o->e);
    assert_ok(order_intake_hooks.done(&tx, o->account, REGLIST_WITHDRAW, &o->e), &o->e);
    hall_done(o->f, &tx);
}

/* A31 after payment: the order is refused and all its money goes back by finance's hands. */
static void a_withdrawal_after_payment_refunds(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o, NULL);
    withdrawn(o);
    assert_int_equal(state_of(o, order.id, FLOW_APPLICATION), FLOW_APPLICATION_REFUSED);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_REFUNDING);
    assert_int_equal(state_of(o, order.id, FLOW_FULFILMENT), FLOW_FULFILMENT_VOID);
    assert_int_equal(tasks_of(o, order.id, "produce"), 0);
}

static void send_refunds(struct order_fixture *o, int64_t order)
{
    struct hall_tx tx;
    const struct payment_money *m;
    size_t n;
    hall_write(o->f, &hall_system, &tx);
    assert_ok(payment_money_of(&tx, order, &m, &n, &o->e), &o->e);
    for (size_t i = 0; i < n; i++)
        if (strcmp(m[i].refund_state, "asked") == 0)
            assert_ok(payment_refund_send(&tx, m[i].id, &o->e), &o->e);
    hall_done(o->f, &tx);
}

/* As the outbox does when the bank has given the money back. */
static enum err given_back(struct hall_tx *tx, int64_t order, const char *trade_no,
                           struct err_info *e)
{
    struct outbox_kind kinds[16];
    struct outbox_row row = {.order = order, .kind = "payment.refund", .body = "{}"};
    const char *answer = arena_fmt(tx->arena,
                                   "{\"result\":\"done\",\"method\":\"net_bank\","
                                   "\"trade_no\":\"%s\",\"amount_fen\":30000}",
                                   trade_no);
    size_t n = order_outbox_kinds(kinds, 16);
    for (size_t i = 0; i < n; i++)
        if (strcmp(kinds[i].kind, row.kind) == 0)
            return kinds[i].settle(tx, &row, answer, kinds[i].arg, e);
    return ERR_NOT_FOUND;
}

struct settling {
    const struct hall *h;
    int64_t order;
    enum err done;
};

static void *settle_second(void *arg)
{
    struct settling *s = arg;
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    s->done = hall_begin(s->h, 1, &hall_system, a, &tx, &e);
    if (s->done == ERR_OK)
        s->done = given_back(&tx, s->order, "T2", &e);
    if (s->done == ERR_OK)
        s->done = hall_commit(&tx, &e);
    return NULL;
}

/* P11: payment and duplicate come back at the same moment; whichever is second ends the refund of the order. */
static void two_refunds_at_once_end_the_refund(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o, NULL);
    struct settling s = {.h = o->h, .order = order.id};
    struct hall_tx tx;
    pthread_t thread;
    assert_ok(money(o, order.id, "T2", 30000), &o->e);
    withdrawn(o);
    send_refunds(o, order.id);
    hall_write(o->f, &hall_system, &tx);
    assert_ok(given_back(&tx, order.id, "T1", &o->e), &o->e);
    assert_int_equal(pthread_create(&thread, NULL, settle_second, &s), 0);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL); /* it looks meanwhile, or waits */
    hall_done(o->f, &tx);
    pthread_join(thread, NULL);
    assert_int_equal(s.done, ERR_OK);
    assert_int_equal(sums_of(o, order.id).refunded, 60000);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_REFUNDED);
}

/* P12: a refund that the bank refuses for good stands at finance, who can have it sent once more; then it ends as any. */
static void a_refused_refund_is_finances(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o, NULL);
    struct outbox_kind kinds[16];
    struct hall_tx tx;
    struct err_info why;
    const struct payment_money *m;
    size_t n, count = order_outbox_kinds(kinds, 16);
    struct outbox_row row = {
        .order = order.id, .kind = "payment.refund", .body = "{\"trade_no\":\"T1\"}"};
    withdrawn(o);
    send_refunds(o, order.id);
    err_set(&why, ERR_PAYMENT_REFUSED, NULL, "the test's bank refuses");
    hall_write(o->f, &hall_system, &tx);
    for (size_t i = 0; i < count; i++)
        if (strcmp(kinds[i].kind, row.kind) == 0)
            assert_ok(kinds[i].failed(&tx, &row, &why, kinds[i].arg, &o->e), &o->e);
    assert_ok(payment_money_of(&tx, order.id, &m, &n, &o->e), &o->e);
    hall_done(o->f, &tx);
    assert_string_equal(m[0].refund_state, "refused");
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_REFUNDING);
    assert_int_equal(sums_of(o, order.id).held, 30000);
    assert_int_equal(tasks_of(o, order.id, "payment"), 2); /* the refund, and that it was refused */
    hall_tamper(o->f, "UPDATE outbox_row SET state = 'dead' WHERE kind = 'payment.refund'");
    hall_write(o->f, &hall_system, &tx);
    assert_ok(payment_refund_again(&tx, m[0].id, "银行说可以了", &o->e), &o->e);
    assert_ok(given_back(&tx, order.id, "T1", &o->e), &o->e);
    hall_done(o->f, &tx);
    assert_int_equal(state_of(o, order.id, FLOW_PAYMENT), FLOW_PAYMENT_REFUNDED);
    assert_int_equal(tasks_of(o, order.id, "payment"), 0);
}

static enum err correct(struct order_fixture *o, const char *name)
{
    struct hall_tx tx;
    int64_t institution;
    struct account_change c = {
        .handler = "沈若琳", .mobile = "13805952716", .email = "shen.ruolin@haisi.example"};
    hall_write(o->f, &hall_system, &tx);
    enum err done = order_intake_hooks.may(&tx, o->account, REGLIST_CORRECT, &o->e);
    if (done == ERR_OK) {
        assert_ok(institution_put(&tx, "91350503MA2Y7K4H06", name, "import:2", &institution, &o->e),
                  &o->e);
        c.institution = institution;
        assert_ok(account_correct(&tx, o->account, &c, &o->e), &o->e);
        done = order_intake_hooks.done(&tx, o->account, REGLIST_CORRECT, &o->e);
    }
    if (done == ERR_OK)
        hall_done(o->f, &tx);
    hall_end(&tx);
    return done;
}

/* C5 is for orders that are not paid; but a name the applicant asked for comes by a correction after payment, too. */
static void a_correction_after_payment_is_for_the_asked_name_only(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o, "泉州海丝供应链有限公司");
    assert_int_equal(tasks_of(o, order.id, "name_change"), 1);
    assert_ok(correct(o, "泉州海丝供应链有限公司"), &o->e);
    struct order after = order_now_of(o, order.id);
    assert_int_equal(after.name_changed, 0);
    assert_string_equal(after.institution_name, "泉州海丝供应链有限公司");
    assert_int_equal(tasks_of(o, order.id, "name_change"), 0);
    assert_err(ERR_ORDER_FROZEN, correct(o, "泉州海丝集团有限公司"));
}

/* C5 before payment: what was confirmed follows, too. */
static void a_correction_before_payment_reaches_the_order(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    assert_ok(correct(o, "泉州海丝供应链集团有限公司"), &o->e);
    struct order after = order_now_of(o, order.id);
    assert_string_equal(after.institution_name, "泉州海丝供应链集团有限公司");
    assert_int_equal(after.name_changed, 0);
    assert_int_equal(after.revision, 2);
}

/* ---- making and sending ---- */

static const char SERIAL[] = "FX2600071182";

static void stock(struct order_fixture *o)
{
    struct hall_tx tx;
    const char *serial[] = {SERIAL};
    struct ukey_stock in = {.project = "aml-reporting",
                            .prefix = "FX",
                            .model = "soft",
                            .batch = "B1",
                            .serial = serial,
                            .n = 1};
    hall_write(o->f, &maker_xu, &tx);
    assert_ok(ukey_stock_in(&tx, &in, &o->e), &o->e);
    hall_done(o->f, &tx);
}

static enum err at_key(struct order_fixture *o, int64_t id, enum flow_event ev,
                       const struct actor *who, enum flow_guard holds)
{
    const struct order_making making = {.serial = SERIAL};
    struct order_input in = {.making = &making};
    if (holds)
        order_hold(&in, holds);
    return order_event(o, id, ev, who, &in);
}

/* F2 asks for a UKey that is personalised and a certificate that is issued. */
static void nothing_is_made_without_key_and_certificate(void **state)
{
    struct order_fixture *o = *state;
    stock(o);
    struct order order = paid(o, NULL);
    assert_err(ERR_MAKE_CHECKS, at_key(o, order.id, EVENT_FUL_MAKE, &maker_xu, GUARD_DATA_CHECKED));
    assert_ok(at_key(o, order.id, EVENT_UKEY_INITIALISE, &maker_xu, GUARD_PIN_WRAPPED), &o->e);
    assert_ok(at_key(o, order.id, EVENT_UKEY_PERSONALISE, &maker_xu, GUARD_NONE), &o->e);
    assert_err(ERR_MAKE_CHECKS, at_key(o, order.id, EVENT_FUL_MAKE, &maker_xu, GUARD_DATA_CHECKED));
    assert_int_equal(state_of(o, order.id, FLOW_FULFILMENT), FLOW_FULFILMENT_QUEUED);
}

/* Roles: who may not, learns who can. */
static void another_role_is_refused(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o, NULL);
    assert_err(ERR_FORBIDDEN, order_event(o, order.id, EVENT_FUL_MAKE, &shipping, NULL));
    assert_err(ERR_FORBIDDEN, order_event(o, order.id, EVENT_FUL_MAKE, &auditor_fang, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ORDER_TEST(payment_starts_production),
        ORDER_TEST(the_same_money_twice_changes_nothing),
        ORDER_TEST(a_second_payment_goes_back),
        ORDER_TEST(all_payments_of_an_answer_are_booked),
        ORDER_TEST(a_wrong_amount_is_finances),
        ORDER_TEST(money_without_a_signature_is_refused),
        ORDER_TEST(an_unpaid_order_times_out),
        ORDER_TEST(money_that_finance_looks_at_stops_the_time),
        ORDER_TEST(money_beside_a_cancelled_order_goes_back),
        ORDER_TEST(a_paid_order_does_not_time_out),
        ORDER_TEST(late_money_goes_back),
        ORDER_TEST(a_withdrawal_after_payment_refunds),
        ORDER_TEST(two_refunds_at_once_end_the_refund),
        ORDER_TEST(a_refused_refund_is_finances),
        ORDER_TEST(a_correction_after_payment_is_for_the_asked_name_only),
        ORDER_TEST(a_correction_before_payment_reaches_the_order),
        ORDER_TEST(nothing_is_made_without_key_and_certificate),
        ORDER_TEST(another_role_is_refused),
    };
    return cmocka_run_group_tests_name("order money", tests, NULL, NULL);
}
