/* Finance at the console: what came and what did not fit, refunds by two persons (G-07), batches (S0-31), the ledger. */
#include "console_fixture.h"
#include "hall/payment/payment.h"

#include <inttypes.h>
#include <string.h>

/* 1 fen too little: P14. */
static struct order paid_wrongly(struct console_fixture *f)
{
    static const struct actor bank = {BY_EXTERNAL, 0, "bank", "", ""};
    struct order o = order_submitted(f->order, NULL);
    struct order_money money = {.method = "net_bank",
                                .trade_no = "T20260907002",
                                .amount_fen = o.amount_fen - 1,
                                .at = clock_business(f->hall->clock)};
    struct order_input start = {.method = "net_bank"}, came = {.money = &money};
    order_hold(&came, GUARD_SIGNATURE_OK);
    assert_ok(order_event(f->order, o.id, EVENT_PAY_START, &f->order->shen, &start), &f->order->e);
    assert_ok(order_event(f->order, o.id, EVENT_PAY_SUCCESS, &bank, &came), &f->order->e);
    return order_now_of(f->order, o.id);
}

static void payments_are_listed_with_what_was_due(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    struct order o = order_paid(f, NULL);
    browser_sign_in(&b, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&b, "/finance/payments"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 1);
    assert_string_equal(browser_text(&b, "items.0.state"), "PAID");
    assert_string_equal(browser_text(&b, "items.0.method"), "对公网银");
    assert_int_equal(json_integer_value(browser_at(&b, "items.0.amount_fen")), o.amount_fen);
    assert_int_equal(json_integer_value(browser_at(&b, "items.0.due_fen")), o.amount_fen);
    assert_int_equal(json_array_size(browser_at(&b, "items.0.actions")), 1); /* no refund: S0-25 */
    assert_int_equal(json_integer_value(browser_at(&b, "exceptions")), 0);
    assert_int_equal(browser_get(&b, "/finance/payments?q=T20260907001"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 1);
    assert_int_equal(browser_get(&b, "/finance/payments?q=T9"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_get(&b, "/finance/payments?view=lost"), 400);
    _auto_browser xu = {0};
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_get(&xu, "/finance/payments"), 403);
    assert_int_equal(browser_get(&xu, "/finance/ledger"), 403);
}

/* Who asked sees it on his list as somebody else's, and cannot take it. */
static void what_one_asked_for_waits_for_somebody_else(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser liang = {0}, jiang = {0};
    char path[64], claim[64];
    (void)paid_wrongly(f);
    browser_sign_in(&liang, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&liang, "/finance/payments?view=exceptions"), 200);
    snprintf(path, sizeof path, "/finance/payments/%s/refund", browser_text(&liang, "items.0.id"));
    assert_int_equal(browser_post(&liang, path, "{\"reason\":\"金额不符\"}"), 202);
    assert_int_equal(browser_get(&liang, "/work?queue=approval"), 200);
    assert_string_equal(browser_text(&liang, "items.0.type_text"), "新办证书");
    assert_non_null(browser_text(&liang, "items.0.project_text"));
    assert_string_equal(browser_text(&liang, "items.0.action.unavailable"),
                        "您提出的，等另一个人决定");
    snprintf(claim, sizeof claim, "/work/%s/claim", browser_text(&liang, "items.0.id"));
    assert_int_equal(browser_post(&liang, claim, NULL), 409);
    assert_string_equal(browser_text(&liang, "code"), "review.four_eyes");
    assert_int_equal(browser_post(&liang, "/work/next", "{\"queue\":\"approval\"}"), 404);
    assert_string_equal(browser_text(&liang, "code"), "task.none");
    browser_sign_in(&jiang, f, "jiang", STAFF_FINANCE);
    assert_int_equal(browser_get(&jiang, "/work?queue=approval"), 200);
    assert_null(browser_at(&jiang, "items.0.action.unavailable"));
    assert_int_equal(browser_post(&jiang, "/work/next", "{\"queue\":\"approval\"}"), 200);
    assert_true(json_is_true(browser_at(&jiang, "mine")));
}

static void a_wrong_amount_goes_back_when_two_persons_agree(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser liang = {0}, jiang = {0}, chen = {0};
    char path[64], approval[64];
    struct order o = paid_wrongly(f);
    browser_sign_in(&liang, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&liang, "/finance/payments?view=exceptions"), 200);
    assert_string_equal(browser_text(&liang, "items.0.exception"), "wrong_amount");
    assert_int_equal(json_integer_value(browser_at(&liang, "exceptions")), 1);
    assert_string_equal(browser_text(&liang, "items.0.actions.1"), "refund");
    snprintf(path, sizeof path, "/finance/payments/%s/refund", browser_text(&liang, "items.0.id"));
    assert_int_equal(browser_post(&liang, path, "{}"), 400);
    assert_int_equal(browser_post(&liang, path, "{\"reason\":\"金额不符\"}"), 202);
    assert_string_equal(browser_text(&liang, "kind"), "refund");
    assert_true(json_is_true(browser_at(&liang, "mine")));
    snprintf(approval, sizeof approval, "/approvals/%s", browser_text(&liang, "id"));
    assert_int_equal(browser_post(&liang, approval, "{\"approve\":true}"), 409);
    assert_string_equal(browser_text(&liang, "code"), "review.four_eyes");
    assert_int_equal(browser_get(&liang, approval), 200);
    browser_sign_in(&chen, f, "chen", STAFF_SUPPORT); /* neither his to decide nor to read */
    assert_int_equal(browser_post(&chen, approval, "{\"approve\":true}"), 403);
    assert_int_equal(browser_get(&chen, approval), 403);
    assert_string_equal(browser_text(&chen, "code"), "access.forbidden");
    hall_tamper(f->hall, "UPDATE staff SET roles = 128 WHERE login = 'liang'"); /* support now */
    assert_int_equal(browser_get(&liang, approval), 200);                       /* he asked */
    hall_tamper(f->hall, "UPDATE staff SET roles = 64 WHERE login = 'liang'");
    browser_sign_in(&jiang, f, "jiang", STAFF_SUPPORT | STAFF_PROJECT_ADMIN);
    assert_int_equal(browser_post(&jiang, approval, "{\"approve\":true}"), 200);
    assert_string_equal(browser_text(&jiang, "state"), "approved");
    assert_int_equal(browser_post(&jiang, approval, "{\"approve\":true}"), 409);
    struct order now = order_now_of(f->order, o.id);
    assert_int_equal(now.states.at[FLOW_PAYMENT], FLOW_PAYMENT_UNPAID); /* she can pay again */
    assert_int_equal(browser_get(&liang, "/finance/payments"), 200);
    assert_string_equal(browser_text(&liang, "items.0.state"), "REFUNDING");
}

/* G-07: an agreement never stands without its refund, so that nobody believes money went back that did not. */
static void a_refund_that_cannot_be_sent_is_not_agreed_to(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser liang = {0}, jiang = {0};
    char path[64], approval[64];
    static const struct actor finance = {BY_STAFF, 1, "liang", "finance", ""};
    struct order o = paid_wrongly(f);
    struct order_money money = {
        .method = "net_bank", .trade_no = "T20260907002", .amount_fen = o.amount_fen - 1, .at = 1};
    struct order_input in = {.money = &money};
    browser_sign_in(&liang, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&liang, "/finance/payments?view=exceptions"), 200);
    snprintf(path, sizeof path, "/finance/payments/%s/refund", browser_text(&liang, "items.0.id"));
    assert_int_equal(browser_post(&liang, path, "{\"reason\":\"金额不符\"}"), 202);
    snprintf(approval, sizeof approval, "/approvals/%s", browser_text(&liang, "id"));
    /* meanwhile it has gone back another way */
    assert_ok(order_event(f->order, o.id, EVENT_PAY_NOT_FOUND, &finance, &in), &f->order->e);
    browser_sign_in(&jiang, f, "jiang", STAFF_SUPPORT | STAFF_PROJECT_ADMIN);
    assert_int_equal(browser_post(&jiang, approval, "{\"approve\":true}"), 409);
    assert_int_equal(browser_get(&jiang, approval), 200);
    assert_string_equal(browser_text(&jiang, "state"), "waiting");
    assert_int_equal(browser_post(&jiang, approval, "{\"approve\":false}"), 200);
    assert_string_equal(browser_text(&jiang, "state"), "rejected");
}

static int refunds_sent(struct console_fixture *f, int64_t order)
{
    struct hall_tx tx;
    const struct payment_money *m;
    size_t n;
    int sent = 0;
    hall_read(f->hall, &tx);
    assert_ok(payment_money_of(&tx, order, &m, &n, &f->order->e), &f->order->e);
    for (size_t i = 0; i < n; i++)
        sent += strcmp(m[i].refund_state, "sent") == 0;
    hall_end(&tx);
    return sent;
}

/* G-07: who agrees to one transaction has not agreed to the other one of the same order. */
static void an_approval_sends_one_payment(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser liang = {0}, jiang = {0};
    char path[64], approval[2][64];
    struct order o = order_paid(f, NULL);
    hall_tamper(f->hall,
                "INSERT INTO payment_money (order_id, method, trade_no, amount_fen, at, purpose, "
                "refund_no, refund_state) SELECT order_id, method, 'T20260907009', amount_fen, at, "
                "purpose, '', 'none' FROM payment_money");
    hall_tamper(f->hall, "UPDATE payment_money SET refund_state = 'asked'");
    hall_tamper(f->hall, "UPDATE orders SET payment = 'REFUNDING'");
    browser_sign_in(&liang, f, "liang", STAFF_FINANCE);
    browser_sign_in(&jiang, f, "jiang", STAFF_SUPPORT | STAFF_PROJECT_ADMIN);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(browser_get(&liang, "/finance/payments"), 200);
        snprintf(path, sizeof path, "/finance/payments/%s/refund",
                 browser_text(&liang, i ? "items.1.id" : "items.0.id"));
        assert_int_equal(browser_post(&liang, path, "{\"reason\":\"已停办\"}"), 202);
        snprintf(approval[i], sizeof approval[i], "/approvals/%s", browser_text(&liang, "id"));
    }
    assert_int_equal(browser_post(&jiang, approval[0], "{\"approve\":true}"), 200);
    assert_int_equal(refunds_sent(f, o.id), 1);
    assert_int_equal(browser_post(&jiang, approval[1], "{\"approve\":true}"), 200);
    assert_int_equal(refunds_sent(f, o.id), 2);
}

/* P7: the rest of what was due has come: finance books both parts, and production starts. */
static void parts_that_make_up_the_amount_are_matched(void **state)
{
    static const struct actor bank = {BY_EXTERNAL, 0, "bank", "", ""};
    struct console_fixture *f = *state;
    _auto_browser liang = {0};
    char path[64];
    struct order o = paid_wrongly(f);
    struct order_money rest = {
        .method = "net_bank", .trade_no = "T20260907003", .amount_fen = 1, .at = 1};
    struct order_input came = {.money = &rest};
    browser_sign_in(&liang, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&liang, "/finance/payments"), 200);
    snprintf(path, sizeof path, "/finance/payments/%s/match", browser_text(&liang, "items.0.id"));
    assert_string_equal(browser_text(&liang, "items.0.actions.1"), "refund"); /* 1 fen is missing */
    assert_int_equal(browser_post(&liang, path, "{\"reason\":\"已核对\"}"), 409);
    assert_string_equal(browser_text(&liang, "code"), "payment.amount");
    order_hold(&came, GUARD_SIGNATURE_OK);
    assert_ok(order_event(f->order, o.id, EVENT_PAY_SUCCESS, &bank, &came), &f->order->e);
    assert_int_equal(browser_get(&liang, "/finance/payments"), 200);
    assert_string_equal(browser_text(&liang, "items.0.actions.1"), "match");
    assert_string_equal(browser_text(&liang, "items.1.actions.1"), "match");
    assert_int_equal(browser_post(&liang, path, "{}"), 400);
    assert_int_equal(browser_post(&liang, path, "{\"reason\":\"两笔合起来正好\"}"), 200);
    assert_string_equal(browser_text(&liang, "state"), "PAID");
    struct order now = order_now_of(f->order, o.id);
    assert_int_equal(now.states.at[FLOW_PAYMENT], FLOW_PAYMENT_PAID);
    assert_int_equal(now.states.at[FLOW_FULFILMENT], FLOW_FULFILMENT_QUEUED);
    assert_int_equal(browser_get(&liang, "/finance/payments"), 200);
    assert_string_equal(browser_text(&liang, "items.0.state"), "PAID");
    assert_string_equal(browser_text(&liang, "items.1.state"), "PAID");
    assert_int_equal(browser_post(&liang, path, "{\"reason\":\"再来一次\"}"), 409);
}

/* P14: what came in two parts goes back in two, also when the first has opened the order for payment again. */
static void each_of_two_wrong_payments_goes_back(void **state)
{
    static const struct actor bank = {BY_EXTERNAL, 0, "bank", "", ""};
    struct console_fixture *f = *state;
    _auto_browser liang = {0}, jiang = {0};
    char path[64], approval[64];
    struct order o = paid_wrongly(f);
    struct order_money more = {
        .method = "net_bank", .trade_no = "T20260907003", .amount_fen = 100, .at = 1};
    struct order_input came = {.money = &more};
    order_hold(&came, GUARD_SIGNATURE_OK);
    assert_ok(order_event(f->order, o.id, EVENT_PAY_SUCCESS, &bank, &came), &f->order->e);
    browser_sign_in(&liang, f, "liang", STAFF_FINANCE);
    browser_sign_in(&jiang, f, "jiang", STAFF_SUPPORT | STAFF_PROJECT_ADMIN);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(browser_get(&liang, "/finance/payments"), 200);
        snprintf(path, sizeof path, "/finance/payments/%s/refund",
                 browser_text(&liang, i ? "items.1.id" : "items.0.id"));
        assert_int_equal(browser_post(&liang, path, "{\"reason\":\"金额不符\"}"), 202);
        snprintf(approval, sizeof approval, "/approvals/%s", browser_text(&liang, "id"));
        assert_int_equal(browser_post(&jiang, approval, "{\"approve\":true}"), 200);
    }
    assert_int_equal(refunds_sent(f, o.id), 2);
    struct order now = order_now_of(f->order, o.id);
    assert_int_equal(now.states.at[FLOW_PAYMENT], FLOW_PAYMENT_UNPAID);
}

/* P12: a refund that the bank refused waits for finance, and goes to the bank once more under its own number. */
static void a_refused_refund_is_sent_once_more(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser liang = {0}, xu = {0};
    char path[64];
    order_paid(f, NULL);
    browser_sign_in(&liang, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&liang, "/finance/payments"), 200);
    snprintf(path, sizeof path, "/finance/payments/%s/refund-again",
             browser_text(&liang, "items.0.id"));
    assert_int_equal(browser_post(&liang, path, "{\"reason\":\"银行说可以了\"}"), 409);
    hall_tamper(f->hall, "UPDATE payment_money SET refund_no = 'R7', refund_state = 'refused'");
    hall_tamper(f->hall, "UPDATE outbox_row SET kind = 'payment.refund', state = 'dead', idem = "
                         "'refund:1' WHERE id = (SELECT MIN(id) FROM outbox_row)");
    assert_int_equal(browser_get(&liang, "/finance/payments"), 200);
    assert_string_equal(browser_text(&liang, "items.0.state"), "REFUND_REFUSED");
    assert_string_equal(browser_text(&liang, "items.0.actions.1"), "refund_again");
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_post(&xu, path, "{\"reason\":\"银行说可以了\"}"), 403);
    assert_int_equal(browser_post(&liang, path, "{\"reason\":\"银行说可以了\"}"), 200);
    assert_string_equal(browser_text(&liang, "state"), "REFUNDING");
    assert_int_equal(browser_post(&liang, path, "{\"reason\":\"银行说可以了\"}"), 409);
}

/* Nothing can be asked about an order that nobody could pay. */
static void only_what_could_be_paid_is_asked_about(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser liang = {0};
    char path[64];
    struct order o = order_submitted(f->order, NULL);
    browser_sign_in(&liang, f, "liang", STAFF_FINANCE);
    snprintf(path, sizeof path, "/finance/orders/%019" PRId64 "/query", o.id);
    assert_int_equal(browser_post(&liang, path, "{}"), 409);
    assert_int_equal(browser_post(&liang, "/finance/orders/2200000000000000001/query", "{}"), 404);
}

static void what_was_paid_rightly_is_not_given_back(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    char path[64];
    order_paid(f, NULL);
    browser_sign_in(&b, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&b, "/finance/payments"), 200);
    snprintf(path, sizeof path, "/finance/payments/%s/refund", browser_text(&b, "items.0.id"));
    assert_int_equal(browser_post(&b, path, "{\"reason\":\"客户要求\"}"), 409);
    assert_int_equal(browser_post(&b, "/finance/payments/x/refund", "{\"reason\":\"客户要求\"}"),
                     404);
    assert_int_equal(browser_post(&b, "/finance/payments/99/refund", "{\"reason\":\"客户要求\"}"),
                     404);
}

static void the_ledger_balances_by_month(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    struct order o = order_paid(f, NULL);
    browser_sign_in(&b, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&b, "/finance/ledger"), 200);
    assert_true(json_is_true(browser_at(&b, "balanced")));
    assert_int_equal(json_integer_value(browser_at(&b, "debit_fen")), o.amount_fen);
    assert_string_equal(browser_text(&b, "entries.0.debit"), "银行存款");
    assert_int_equal(browser_get(&b, "/finance/ledger?month=2026-09"), 200);
    assert_int_equal(json_integer_value(browser_at(&b, "debit_fen")), o.amount_fen);
    assert_int_equal(browser_get(&b, "/finance/ledger?month=2026-08"), 200);
    assert_int_equal(json_integer_value(browser_at(&b, "debit_fen")), 0);
    assert_int_equal(json_array_size(browser_at(&b, "entries")), 0);
    assert_true(json_array_size(browser_at(&b, "accounts")) > 3);
    assert_int_equal(browser_get(&b, "/finance/ledger?month=2026-13"), 400);
}

static void a_batch_is_issued_as_it_was_previewed(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    char body[128], path[64];
    browser_sign_in(&b, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&b, "/finance/batches/preview"), 200);
    assert_int_equal(json_integer_value(browser_at(&b, "count")), 0);
    struct order o = order_paid(f, NULL);
    assert_int_equal(browser_get(&b, "/finance/batches/preview"), 200);
    assert_int_equal(json_integer_value(browser_at(&b, "count")), 1);
    assert_string_equal(browser_text(&b, "month"), "2026-09");
    assert_int_equal(
        browser_post(&b, "/finance/batches", "{\"month\":\"2026-09\",\"count\":2,\"total_fen\":1}"),
        409);
    snprintf(body, sizeof body, "{\"month\":\"2026-09\",\"count\":1,\"total_fen\":%" PRId64 "}",
             o.amount_fen);
    assert_int_equal(browser_post(&b, "/finance/batches", body), 201);
    assert_string_equal(browser_text(&b, "items.0.state"), "DELIVERED");
    snprintf(path, sizeof path, "/finance/invoices/%s/file", browser_text(&b, "items.0.id"));
    assert_int_equal(browser_get(&b, path), 200);
    assert_memory_equal(b.body.p, "%PDF-", 5);
    snprintf(path + strlen(path), sizeof path - strlen(path), "?format=xml");
    assert_int_equal(browser_get(&b, path), 200);
    assert_string_equal(b.content_type, "application/xml");
    assert_int_equal(browser_get(&b, "/finance/batches"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 1);
    snprintf(path, sizeof path, "/finance/batches/%s", browser_text(&b, "items.0.id"));
    assert_int_equal(browser_get(&b, path), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 1);
    assert_int_equal(browser_get(&b, "/finance/batches/12"), 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(payments_are_listed_with_what_was_due),
        CONSOLE_TEST(a_wrong_amount_goes_back_when_two_persons_agree),
        CONSOLE_TEST(a_refund_that_cannot_be_sent_is_not_agreed_to),
        CONSOLE_TEST(what_one_asked_for_waits_for_somebody_else),
        CONSOLE_TEST(an_approval_sends_one_payment),
        CONSOLE_TEST(parts_that_make_up_the_amount_are_matched),
        CONSOLE_TEST(each_of_two_wrong_payments_goes_back),
        CONSOLE_TEST(a_refused_refund_is_sent_once_more),
        CONSOLE_TEST(only_what_could_be_paid_is_asked_about),
        CONSOLE_TEST(what_was_paid_rightly_is_not_given_back),
        CONSOLE_TEST(the_ledger_balances_by_month),
        CONSOLE_TEST(a_batch_is_issued_as_it_was_previewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
