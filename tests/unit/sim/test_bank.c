#include "shop.h"

#include <stdio.h>

/* Any moment serves: the bank is handed its time. But notifications wait by the machine's clock. */
struct fixture {
    struct shop shop;
    struct bank *bank;
    struct arena *a;
    int64_t now;
    struct httpd_pair p[SHOP_PARAMS_MAX];
};

static int setup(void **state)
{
    struct err_info e;
    struct fixture *f = mem_alloc(sizeof *f);
    shop_open(&f->shop);
    assert_ok(bank_open(f->shop.folder, &f->bank, &e), &e);
    f->a = arena_new();
    f->now = clock_machine();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    bank_free(f->bank);
    shop_close(&f->shop);
    arena_free(f->a);
    free(f);
    return 0;
}

static void reopen(struct fixture *f)
{
    struct err_info e;
    bank_free(f->bank);
    assert_ok(bank_open(f->shop.folder, &f->bank, &e), &e);
}

/* Unsigned parameters of a payment. */
static struct httpd_pair *payment(struct fixture *f, const char *order, const char *amount)
{
    memset(f->p, 0, sizeof f->p);
    with(f->p, "merchant", "certhall");
    with(f->p, "order", order);
    with(f->p, "amount_fen", amount);
    with(f->p, "subject", "UKey 证书服务费");
    with(f->p, "return_url", "http://127.0.0.1:8080/aml-reporting/orders/1?from=bank");
    with(f->p, "notify_url", "http://127.0.0.1:8080/api/v1/partner/bank");
    return f->p;
}

static enum bank_code begin(struct fixture *f, const char **ticket)
{
    struct bank_payment shown;
    const char *own;
    return bank_begin(f->bank, f->p, f->now, f->a, &shown, ticket ? ticket : &own);
}

static const char *begin_signed(struct fixture *f, const char *order, const char *amount)
{
    const char *ticket = NULL;
    payment(f, order, amount);
    shop_sign(&f->shop, f->a, f->p, f->now);
    assert_bank(BANK_OK, begin(f, &ticket));
    return ticket;
}

static void pay(struct fixture *f, const char *order, const char *amount)
{
    const char *location;
    assert_bank(BANK_OK,
                bank_decide(f->bank, begin_signed(f, order, amount), 1, f->now, f->a, &location));
}

typedef enum bank_code (*call)(struct bank *, const struct httpd_pair *, int64_t, struct buf *);

/* A signed call; the answer's signature is checked, and its text for `key` returned. */
static enum bank_code asked(struct fixture *f, call fn, const char *key, const char **value)
{
    struct err_info e;
    _auto_buf b;
    buf_init(&b, 16384);
    shop_sign(&f->shop, f->a, f->p, f->now);
    enum bank_code code = fn(f->bank, f->p, f->now, &b);
    if (code != BANK_OK)
        return code;
    _auto_json o = NULL;
    assert_ok(json_parse(b.p, b.n, &o, &e), &e);
    struct httpd_pair got[SHOP_PARAMS_MAX] = {{NULL, NULL}};
    const char *name;
    json_t *v;
    json_object_foreach (o, name, v)
        with(got, arena_text(f->a, name), arena_text(f->a, json_string_value(v)));
    struct bytes pem;
    _auto(sim_key) bank_key = NULL;
    assert_ok(file_read(f->a, arena_fmt(f->a, "%s/bank-pub.pem", f->shop.folder), 8192, &pem, &e),
              &e);
    assert_ok(sim_key_public((const char *)pem.p, &bank_key, &e), &e);
    assert_int_equal(sim_verify(bank_key, sim_sign_text(f->a, got), httpd_pair_get(got, "sign")),
                     1);
    *value = httpd_pair_get(got, key);
    return code;
}

static const char *status_of(struct fixture *f, const char *order)
{
    const char *status = "";
    memset(f->p, 0, sizeof f->p);
    with(f->p, "merchant", "certhall");
    with(f->p, "order", order);
    assert_bank(BANK_OK, asked(f, bank_query, "status", &status));
    return status;
}

static struct httpd_pair *refund(struct fixture *f, const char *order, const char *no,
                                 const char *amount)
{
    memset(f->p, 0, sizeof f->p);
    with(f->p, "merchant", "certhall");
    with(f->p, "order", order);
    with(f->p, "refund_no", no);
    with(f->p, "amount_fen", amount);
    return f->p;
}

static void a_wrong_signature_or_stranger_is_refused(void **state)
{
    struct fixture *f = *state;
    payment(f, "1", "30000");
    shop_sign(&f->shop, f->a, f->p, f->now);
    with(f->p, "amount_fen", "1");
    assert_bank(BANK_SIGN_WRONG, begin(f, NULL));
    payment(f, "1", "30000");
    with(f->p, "merchant", "stranger");
    shop_sign(&f->shop, f->a, f->p, f->now);
    assert_bank(BANK_MERCHANT_UNKNOWN, begin(f, NULL));
    payment(f, "1", "30000");
    with(f->p, "time", time_rfc3339(f->a, f->now));
    assert_bank(BANK_PARAM_MISSING, begin(f, NULL));
}

static void a_request_out_of_time_is_refused(void **state)
{
    struct fixture *f = *state;
    payment(f, "1", "30000");
    shop_sign(&f->shop, f->a, f->p, f->now - BANK_TIME_WINDOW_MS - 2000);
    assert_bank(BANK_TIME_WRONG, begin(f, NULL));
    payment(f, "1", "30000");
    shop_sign(&f->shop, f->a, f->p, f->now + BANK_TIME_WINDOW_MS + 2000);
    assert_bank(BANK_TIME_WRONG, begin(f, NULL));
    payment(f, "1", "30000");
    shop_sign(&f->shop, f->a, f->p, f->now - BANK_TIME_WINDOW_MS + 2000);
    assert_bank(BANK_OK, begin(f, NULL));
}

static void parameters_are_taken_strictly(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name, *value;
    } bad[] = {
        {"amount_fen", "0"},
        {"amount_fen", "-1"},
        {"amount_fen", "300.00"},
        {"amount_fen", "0300"},
        {"amount_fen", "+300"},
        {"amount_fen", ""},
        {"order", "../1"},
        {"order", ""},
        {"order", "123456789012345678901234567890123"},
        {"subject", ""},
        {"return_url", "javascript:alert(1)"},
        {"return_url", "//evil.example"},
        {"return_url", "http://a\"b"},
        {"notify_url", "file:///etc/passwd"},
        {"notify_url", "http://a b"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        payment(f, "1", "30000");
        with(f->p, bad[i].name, bad[i].value);
        shop_sign(&f->shop, f->a, f->p, f->now);
        assert_bank(BANK_PARAM_INVALID, begin(f, NULL));
    }
    payment(f, "1", "30000");
    with(f->p, "discount", "1");
    shop_sign(&f->shop, f->a, f->p, f->now);
    assert_bank(BANK_PARAM_UNKNOWN, begin(f, NULL));
    payment(f, "1", "30000");
    shop_sign(&f->shop, f->a, f->p, f->now);
    f->p[8] = (struct httpd_pair){"order", "1"}; /* the same name twice */
    assert_bank(BANK_PARAM_UNKNOWN, begin(f, NULL));
}

static void the_same_order_goes_on_and_another_amount_is_refused(void **state)
{
    struct fixture *f = *state;
    const char *location, *ticket = begin_signed(f, "1", "30000");
    const char *again = begin_signed(f, "1", "30000");
    assert_string_not_equal(ticket, again);
    payment(f, "1", "30001");
    shop_sign(&f->shop, f->a, f->p, f->now);
    assert_bank(BANK_ORDER_CONFLICT, begin(f, NULL));
    /* the page opened first is no longer good */
    assert_bank(BANK_PAGE_EXPIRED, bank_decide(f->bank, ticket, 1, f->now, f->a, &location));
    assert_bank(BANK_OK, bank_decide(f->bank, again, 1, f->now, f->a, &location));
    assert_null(begin_signed(f, "1", "30000")); /* paid: nothing to decide */
}

static void the_payer_decides_once(void **state)
{
    struct fixture *f = *state;
    const char *location, *ticket = begin_signed(f, "1", "30000");
    assert_string_equal(status_of(f, "1"), "NOTPAY");
    assert_bank(BANK_OK, bank_decide(f->bank, ticket, 1, f->now, f->a, &location));
    assert_non_null(strstr(location, "/orders/1?from=bank&merchant=certhall&order=1&trade_no="));
    assert_non_null(strstr(location, "&status=SUCCESS&"));
    /* a second click, and a refusal after it, change nothing */
    assert_bank(BANK_OK, bank_decide(f->bank, ticket, 0, f->now, f->a, &location));
    assert_non_null(strstr(location, "&status=SUCCESS&"));
    assert_string_equal(status_of(f, "1"), "SUCCESS");
    assert_bank(BANK_PAGE_EXPIRED, bank_decide(f->bank, "", 1, f->now, f->a, &location));
    ticket = begin_signed(f, "2", "30000");
    assert_bank(BANK_PAGE_EXPIRED,
                bank_decide(f->bank, ticket, 1, f->now + 31 * TIME_MINUTE, f->a, &location));
}

static void a_refused_payment_may_be_tried_again(void **state)
{
    struct fixture *f = *state;
    const char *location, *ticket = begin_signed(f, "1", "30000");
    assert_bank(BANK_OK, bank_decide(f->bank, ticket, 0, f->now, f->a, &location));
    assert_non_null(strstr(location, "&status=FAILED&"));
    assert_string_equal(status_of(f, "1"), "FAILED");
    pay(f, "1", "30000");
    assert_string_equal(status_of(f, "1"), "SUCCESS");
}

static struct httpd_pair *question(struct fixture *f, const char *order, const char *trade_no)
{
    memset(f->p, 0, sizeof f->p);
    with(f->p, "merchant", "certhall");
    with(f->p, "order", order);
    if (trade_no)
        with(f->p, "trade_no", trade_no);
    return f->p;
}

/* Each payment of an order has its number, is told of, asked about, and given back; a restart keeps both. */
static void an_order_paid_again_holds_both_payments(void **state)
{
    struct fixture *f = *state;
    const char *first, *again, *others, *status;
    pay(f, "1", "30000");
    begin_signed(f, "2", "30000");
    assert_bank(BANK_ORDER_NOT_PAID, bank_pay_again(f->bank, "certhall", "2", f->now));
    assert_bank(BANK_ORDER_UNKNOWN, bank_pay_again(f->bank, "certhall", "3", f->now));
    assert_bank(BANK_OK, bank_pay_again(f->bank, "certhall", "1", f->now));
    for (int i = 0; i < 2; i++) {
        question(f, "1", NULL);
        assert_bank(BANK_OK, asked(f, bank_query, "trade_no", &first));
        question(f, "1", NULL);
        assert_bank(BANK_OK, asked(f, bank_query, "others", &others));
        assert_string_not_equal(first, others);
        question(f, "1", others);
        assert_bank(BANK_OK, asked(f, bank_query, "trade_no", &again));
        assert_string_equal(again, others);
        reopen(f);
    }
    question(f, "2", again);
    assert_bank(BANK_ORDER_UNKNOWN, asked(f, bank_query, "status", &status));
    refund(f, "1", "r1", "30000");
    assert_bank(BANK_OK, asked(f, bank_refund, "status", &status));
    refund(f, "1", "r2", "30000");
    assert_bank(BANK_OK, asked(f, bank_refund, "status", &status));
    refund(f, "1", "r3", "1");
    assert_bank(BANK_REFUND_TOO_MUCH, asked(f, bank_refund, "status", &status));
}

static void a_refund_number_counts_once(void **state)
{
    struct fixture *f = *state;
    const char *first, *second, *sum;
    pay(f, "1", "30000");
    refund(f, "1", "r1", "20000");
    assert_bank(BANK_OK, asked(f, bank_refund, "refund_trade_no", &first));
    refund(f, "1", "r1", "20000");
    assert_bank(BANK_OK, asked(f, bank_refund, "refund_trade_no", &second));
    assert_string_equal(first, second);
    refund(f, "1", "r1", "10000");
    assert_bank(BANK_REFUND_CONFLICT, asked(f, bank_refund, "status", &first));
    refund(f, "1", "r2", "10001");
    assert_bank(BANK_REFUND_TOO_MUCH, asked(f, bank_refund, "status", &first));
    refund(f, "1", "r3", "10000");
    assert_bank(BANK_OK, asked(f, bank_refund, "status", &first));
    memset(f->p, 0, sizeof f->p);
    with(f->p, "merchant", "certhall");
    with(f->p, "order", "1");
    assert_bank(BANK_OK, asked(f, bank_query, "refunded_fen", &sum));
    assert_string_equal(sum, "30000");
}

static void only_what_was_paid_is_refunded(void **state)
{
    struct fixture *f = *state;
    const char *value;
    begin_signed(f, "1", "30000");
    refund(f, "1", "r1", "30000");
    assert_bank(BANK_ORDER_NOT_PAID, asked(f, bank_refund, "status", &value));
    refund(f, "none", "r1", "30000");
    assert_bank(BANK_ORDER_UNKNOWN, asked(f, bank_refund, "status", &value));
    refund(f, "1", "r1", "30000");
    shop_sign(&f->shop, f->a, f->p, f->now);
    with(f->p, "refund_no", "r2");
    _auto_buf b;
    buf_init(&b, 100);
    assert_bank(BANK_SIGN_WRONG, bank_refund(f->bank, f->p, f->now, &b));
}

static void a_pending_refund_is_done_at_the_next_ask(void **state)
{
    struct fixture *f = *state;
    const char *status;
    pay(f, "1", "30000");
    bank_set_next(f->bank, &(struct bank_next){.refund = BANK_PENDING});
    refund(f, "1", "r1", "30000");
    assert_bank(BANK_OK, asked(f, bank_refund, "status", &status));
    assert_string_equal(status, "PROCESSING");
    memset(f->p, 0, sizeof f->p);
    with(f->p, "merchant", "certhall");
    with(f->p, "refund_no", "r1");
    assert_bank(BANK_OK, asked(f, bank_refund_query, "status", &status));
    assert_string_equal(status, "SUCCESS");
    bank_set_next(f->bank, &(struct bank_next){.query = BANK_DOWN});
    with(f->p, "order", "1");
    memset(f->p, 0, sizeof f->p);
    with(f->p, "merchant", "certhall");
    with(f->p, "order", "1");
    assert_bank(BANK_UNAVAILABLE, asked(f, bank_query, "status", &status));
    assert_string_equal(status_of(f, "1"), "SUCCESS");
}

/* Take the notices that are due now; how many. */
static int notices(struct fixture *f, struct bank_notice *last, int ok)
{
    int n = 0;
    while (n < 10 && bank_next_notice(f->bank, 1, f->a, last)) {
        bank_notified(f->bank, last->payment, ok);
        n++;
    }
    return n;
}

static void the_merchant_is_told_as_the_control_says(void **state)
{
    struct fixture *f = *state;
    struct bank_notice n;
    pay(f, "1", "30000");
    assert_int_equal(notices(f, &n, 1), 1);
    assert_string_equal(n.url, "http://127.0.0.1:8080/api/v1/partner/bank");
    assert_non_null(strstr(n.body, "amount_fen=30000&status=SUCCESS"));
    bank_set_next(f->bank, &(struct bank_next){.notify = BANK_NOTIFY_TWICE});
    pay(f, "2", "30000");
    assert_int_equal(notices(f, &n, 1), 2);
    bank_set_next(f->bank, &(struct bank_next){.notify = BANK_NOTIFY_NEVER});
    pay(f, "3", "30000");
    assert_int_equal(notices(f, &n, 1), 0);
    bank_set_next(f->bank, &(struct bank_next){.notify = BANK_NOTIFY_WRONG_AMOUNT});
    pay(f, "4", "30000");
    assert_int_equal(notices(f, &n, 1), 1);
    assert_non_null(strstr(n.body, "amount_fen=30001"));
    bank_set_next(f->bank, &(struct bank_next){.notify = BANK_NOTIFY_LATE, .late_ms = 60000});
    pay(f, "5", "30000");
    assert_int_equal(notices(f, &n, 1), 0);
    pay(f, "6", "30000"); /* each of these counts for one payment */
    assert_int_equal(notices(f, &n, 1), 1);
    assert_non_null(strstr(n.body, "order=6&"));
}

static void a_notice_not_taken_comes_again_later(void **state)
{
    struct fixture *f = *state;
    struct bank_notice n;
    pay(f, "1", "30000");
    assert_int_equal(notices(f, &n, 0), 1); /* the next is due in a second */
    usleep(1100 * 1000);
    assert_int_equal(notices(f, &n, 1), 1);
    usleep(1100 * 1000);
    assert_int_equal(notices(f, &n, 1), 0);
}

static void a_restart_forgets_nothing(void **state)
{
    struct fixture *f = *state;
    struct bank_notice n;
    const char *status;
    char path[120];
    pay(f, "1", "30000");
    refund(f, "1", "r1", "100");
    assert_bank(BANK_OK, asked(f, bank_refund, "status", &status));
    snprintf(path, sizeof path, "%s/bank.jsonl", f->shop.folder);
    FILE *file = fopen(path, "a");
    fputs("{\"what\":\"payment\",\"torn", file); /* as a fall of power leaves it */
    fclose(file);
    reopen(f);
    assert_string_equal(status_of(f, "1"), "SUCCESS");
    assert_int_equal(notices(f, &n, 1), 1);
    refund(f, "1", "r1", "200");
    assert_bank(BANK_REFUND_CONFLICT, asked(f, bank_refund, "status", &status));
    reopen(f);
    assert_int_equal(notices(f, &n, 1), 0);
    pay(f, "2", "30000");
    reopen(f);
    assert_string_equal(status_of(f, "2"), "SUCCESS");
}

static void a_broken_line_or_a_second_bank_is_told_with_its_place(void **state)
{
    struct fixture *f = *state;
    struct err_info e;
    struct bank *second = NULL;
    char path[120];
    assert_err(ERR_CONFIG, bank_open(f->shop.folder, &second, &e));
    assert_non_null(strstr(e.detail, "in use"));
    pay(f, "1", "30000");
    snprintf(path, sizeof path, "%s/bank.jsonl", f->shop.folder);
    FILE *file = fopen(path, "a");
    fputs("{\"what\":\"payment\",\"merchant\":5}\n{}\n", file);
    fclose(file);
    bank_free(f->bank);
    f->bank = NULL;
    assert_err(ERR_CONFIG, bank_open(f->shop.folder, &second, &e));
    assert_non_null(strstr(e.detail, "bank.jsonl:3: merchant"));
}

int main(void)
{
#define each(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        each(a_wrong_signature_or_stranger_is_refused),
        each(a_request_out_of_time_is_refused),
        each(parameters_are_taken_strictly),
        each(the_same_order_goes_on_and_another_amount_is_refused),
        each(the_payer_decides_once),
        each(a_refused_payment_may_be_tried_again),
        each(an_order_paid_again_holds_both_payments),
        each(a_refund_number_counts_once),
        each(only_what_was_paid_is_refunded),
        each(a_pending_refund_is_done_at_the_next_ask),
        each(the_merchant_is_told_as_the_control_says),
        each(a_notice_not_taken_comes_again_later),
        each(a_restart_forgets_nothing),
        each(a_broken_line_or_a_second_bank_is_told_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
