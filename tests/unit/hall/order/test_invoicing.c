/* From the payment to the mailed invoice, through the engine (I2, I6, I7; S0-31 to S0-33). */
#include "order_fixture.h"

#include "hall/account/account.h"
#include "hall/intake/intake.h"
#include "hall/invoice/invoice.h"
#include "hall/outbox/outbox.h"
#include "hall/payment/payment.h"
#include "hall/task/task.h"

#include <stdlib.h>
#include <string.h>

static const struct actor finance = {BY_STAFF, 35, "梁佩珊", "finance", "127.0.0.1"};
static const struct actor netbank = {BY_EXTERNAL, 0, "netbank", "", "127.0.0.1"};

struct desk {
    struct order_fixture *o;
    struct invoice_local *local;
    struct outbox *outbox;
    int mails, bounces;
    char last[64 << 10]; /* body of the last mail that carried a file */
};

static enum err take_mail(const struct hall *h, const struct outbox_row *row, struct arena *a,
                          const char **answer, void *arg, struct err_info *e)
{
    struct desk *d = arg;
    (void)h, (void)a;
    if (strncmp(row->idem, "invoice:", 8) == 0 && d->bounces)
        return err_set(e, ERR_BAD_REQUEST, NULL, "no such mailbox");
    if (strncmp(row->idem, "invoice:", 8) == 0) {
        d->mails++;
        snprintf(d->last, sizeof d->last, "%s", row->body);
    }
    *answer = "{}";
    return ERR_OK;
}

static int setup(void **state)
{
    struct desk *d = mem_alloc(sizeof *d);
    void *inner;
    order_setup(&inner);
    d->o = inner;
    struct invoice_local_options options = {
        .seller = "证书服务中心", .seller_tax_no = "91350100MA00000000", .region = "35"};
    struct outbox_kind kinds[] = {{.kind = "mail", .deliver = take_mail, .arg = d},
                                  {.kind = "sms", .deliver = take_mail, .arg = d}};
    assert_ok(invoice_local_new(&options, &d->local, &d->o->e), &d->o->e);
    d->o->h->invoice = invoice_local_provider(d->local);
    kinds[0] = order_hears_bounce(kinds[0]);
    assert_ok(outbox_start(d->o->h, kinds, 2, 0, &d->outbox, &d->o->e), &d->o->e);
    d->o->h->outbox = d->outbox;
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    struct desk *d = *state;
    void *inner = d->o;
    outbox_free(d->outbox);
    invoice_local_free(d->local);
    order_teardown(&inner);
    free(d);
    return 0;
}
#define DESK_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

static int64_t paid(struct desk *d)
{
    struct order order = order_submitted(d->o, NULL);
    struct order_money money = {
        .method = "net_bank", .trade_no = "T1", .amount_fen = 30000, .at = 1};
    struct order_input start = {.method = "net_bank"}, came = {.money = &money};
    assert_ok(order_event(d->o, order.id, EVENT_PAY_START, &d->o->shen, &start), &d->o->e);
    order_hold(&came, GUARD_SIGNATURE_OK);
    assert_ok(order_event(d->o, order.id, EVENT_PAY_SUCCESS, &netbank, &came), &d->o->e);
    return order.id;
}

/* What finance's handler gives the batch. */
static enum err issue(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    return order_apply(tx, order, EVENT_INV_ISSUE, &(struct order_input){0}, NULL, e);
}

static struct invoice_batch preview(struct desk *d)
{
    struct hall_tx tx;
    struct invoice_batch b;
    hall_read(d->o->f, &tx);
    assert_ok(invoice_batch_preview(&tx, &b, &d->o->e), &d->o->e);
    hall_end(&tx);
    return b;
}

static void issue_batch(struct desk *d)
{
    int64_t id;
    int done;
    struct invoice_batch b = preview(d);
    struct invoice_batch_ask ask = {.month = b.month, .count = b.count, .total_fen = b.total_fen};
    assert_ok(invoice_batch_issue(d->o->h, &finance, &ask, issue, &id, &d->o->e), &d->o->e);
    assert_ok(outbox_run(d->outbox, &done, &d->o->e), &d->o->e);
}

static size_t invoice_tasks(struct desk *d, int64_t order)
{
    struct hall_tx tx;
    const struct task *t;
    size_t n;
    struct task_filter only = {.order = order, .kind = "invoice", .limit = 10};
    hall_read(d->o->f, &tx);
    assert_ok(task_list(&tx, &only, &t, &n, &d->o->e), &d->o->e);
    hall_end(&tx);
    return n;
}

static int invoice_state(struct desk *d, int64_t order)
{
    struct order o = order_now_of(d->o, order);
    return o.states.at[FLOW_INVOICE];
}

/* I2: the payment opens it, over what was paid, for the batch of the month, to whom the form says. */
static void a_payment_opens_the_invoice(void **state)
{
    struct desk *d = *state;
    struct hall_tx tx;
    struct invoice v;
    int found;
    int32_t day;
    int64_t order = paid(d);
    assert_int_equal(invoice_state(d, order), FLOW_INVOICE_BATCHED);
    hall_read(d->o->f, &tx);
    assert_ok(invoice_of_order(&tx, order, &v, &found, &d->o->e), &d->o->e);
    hall_end(&tx);
    assert_int_equal(found, 1);
    assert_int_equal(v.amount_fen, 30000);
    assert_true(time_parse_date("2026-09-25", &day));
    assert_int_equal(v.batch_day, day);
    assert_string_equal(v.buyer, "泉州海丝供应链管理有限公司");
    assert_int_equal(strlen(v.tax_no), 18);
    assert_true(*v.mailbox != 0);
    assert_int_equal(invoice_tasks(d, order), 1);
}

/* I6, I7: issued in the batch and mailed with both files, once; then it can be asked for again (G-10). */
static void the_batch_issues_and_mails(void **state)
{
    struct desk *d = *state;
    int done;
    int64_t order = paid(d);
    issue_batch(d);
    assert_int_equal(invoice_state(d, order), FLOW_INVOICE_DELIVERED);
    assert_int_equal(invoice_tasks(d, order), 0);
    assert_int_equal(d->mails, 1);
    assert_non_null(strstr(d->last, "26359000000000000001.pdf"));
    assert_non_null(strstr(d->last, "26359000000000000001"));
    assert_null(strstr(d->last, "{invoice}"));
    assert_non_null(strstr(order_json(d->o, order, LANG_ZH), "26359000000000000001"));
    assert_ok(order_event(d->o, order, EVENT_INV_SEND, &d->o->shen, &(struct order_input){0}),
              &d->o->e);
    assert_ok(outbox_run(d->outbox, &done, &d->o->e), &d->o->e);
    assert_int_equal(d->mails, 2);
}

/* I8: a mailbox that takes nothing is told to the applicant and to support; the invoice is issued and not delivered. */
static void a_mail_that_bounces_is_not_a_delivery(void **state)
{
    struct desk *d = *state;
    struct hall_tx tx;
    const struct task *t;
    size_t n;
    int64_t order = paid(d);
    d->bounces = 1;
    issue_batch(d);
    assert_int_equal(invoice_state(d, order), FLOW_INVOICE_ISSUED);
    struct task_filter dead = {.order = order, .kind = "outbox_dead", .limit = 10};
    hall_read(d->o->f, &tx);
    assert_ok(task_list(&tx, &dead, &t, &n, &d->o->e), &d->o->e);
    hall_end(&tx);
    assert_int_equal(n, 1);
}

static enum err given_back(struct hall_tx *tx, int64_t order, const char *trade_no,
                           int64_t amount_fen, struct err_info *e)
{
    struct outbox_kind kinds[16];
    struct outbox_row row = {.order = order, .kind = "payment.refund", .body = "{}"};
    const char *answer = arena_fmt(tx->arena,
                                   "{\"result\":\"done\",\"method\":\"net_bank\","
                                   "\"trade_no\":\"%s\",\"amount_fen\":%lld}",
                                   trade_no, (long long)amount_fen);
    size_t n = order_outbox_kinds(kinds, 16);
    for (size_t i = 0; i < n; i++)
        if (strcmp(kinds[i].kind, row.kind) == 0)
            return kinds[i].settle(tx, &row, answer, kinds[i].arg, e);
    return ERR_NOT_FOUND;
}

static void goes_back(struct desk *d, int64_t order, const char *trade_no, int64_t amount_fen)
{
    struct hall_tx tx;
    hall_write(d->o->f, &hall_system, &tx);
    assert_ok(given_back(&tx, order, trade_no, amount_fen, &d->o->e), &d->o->e);
    hall_done(d->o->f, &tx);
}

static void withdrawn(struct desk *d)
{
    struct hall_tx tx;
    hall_write(d->o->f, &hall_system, &tx);
    assert_ok(account_withdraw(&tx, d->o->account, &d->o->e), &d->o->e);
    assert_ok(order_intake_hooks.done(&tx, d->o->account, REGLIST_WITHDRAW, &d->o->e), &d->o->e);
    hall_done(d->o->f, &tx);
}

static struct payment_sums sums_of(struct desk *d, int64_t order)
{
    struct hall_tx tx;
    struct payment_sums sums;
    hall_read(d->o->f, &tx);
    assert_ok(payment_sums(&tx, order, &sums, &d->o->e), &d->o->e);
    hall_end(&tx);
    return sums;
}

/* Invariant 2: the payment goes back before the smaller money that came beside it; its invoice does not stay until then. */
static void an_invoice_goes_with_its_payment(void **state)
{
    struct desk *d = *state;
    int64_t order = paid(d);
    struct order_money more = {
        .method = "net_bank", .trade_no = "T2", .amount_fen = 15000, .at = 1};
    struct order_input came = {.money = &more};
    issue_batch(d);
    order_hold(&came, GUARD_SIGNATURE_OK);
    assert_ok(order_event(d->o, order, EVENT_PAY_SUCCESS, &netbank, &came), &d->o->e);
    withdrawn(d);
    assert_int_equal(sums_of(d, order).invoiced, 30000);
    goes_back(d, order, "T1", 30000);
    assert_int_equal(sums_of(d, order).invoiced, 0);
    assert_int_equal(invoice_state(d, order), FLOW_INVOICE_RED_PENDING);
    goes_back(d, order, "T2", 15000);
    assert_int_equal(sums_of(d, order).invoiced, 0);
    assert_int_equal(sums_of(d, order).held, 0);
    struct order o = order_now_of(d->o, order);
    assert_int_equal(o.states.at[FLOW_PAYMENT], FLOW_PAYMENT_REFUNDED);
    assert_int_equal(o.states.at[FLOW_INVOICE], FLOW_INVOICE_VOIDED);
}

/* I11: the regulator withdraws what was invoiced: when the money is back, the red letter is made and the invoice void. */
static void a_withdrawal_after_the_invoice_ends_in_a_red_letter(void **state)
{
    struct desk *d = *state;
    struct hall_tx tx;
    struct invoice v;
    int found;
    int64_t order = paid(d);
    issue_batch(d);
    withdrawn(d);
    goes_back(d, order, "T1", 30000);
    struct order o = order_now_of(d->o, order);
    assert_int_equal(o.states.at[FLOW_PAYMENT], FLOW_PAYMENT_REFUNDED);
    assert_int_equal(o.states.at[FLOW_INVOICE], FLOW_INVOICE_VOIDED);
    hall_read(d->o->f, &tx);
    assert_ok(invoice_of_order(&tx, order, &v, &found, &d->o->e), &d->o->e);
    hall_end(&tx);
    assert_true(*v.red_number != 0);
}

/* An order whose region moved on meanwhile is left out and holds nobody up. */
static void an_order_that_refuses_is_left_out(void **state)
{
    struct desk *d = *state;
    int64_t order = paid(d), id;
    struct invoice_batch b = preview(d);
    struct invoice_batch_ask ask = {.month = b.month, .count = b.count, .total_fen = b.total_fen};
    struct order_input none = {0};
    assert_ok(order_event(d->o, order, EVENT_INV_ISSUE, &finance, &none), &d->o->e);
    assert_int_equal(invoice_batch_issue(d->o->h, &finance, &ask, issue, &id, &d->o->e),
                     ERR_NOT_FOUND); /* nothing is left to issue */
    assert_int_equal(invoice_state(d, order), FLOW_INVOICE_DELIVERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_payment_opens_the_invoice),
        DESK_TEST(the_batch_issues_and_mails),
        DESK_TEST(a_mail_that_bounces_is_not_a_delivery),
        DESK_TEST(an_invoice_goes_with_its_payment),
        DESK_TEST(a_withdrawal_after_the_invoice_ends_in_a_red_letter),
        DESK_TEST(an_order_that_refuses_is_left_out),
    };
    return cmocka_run_group_tests_name("invoicing", tests, NULL, NULL);
}
