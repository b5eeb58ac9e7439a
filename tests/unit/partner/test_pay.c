/* The bank's callbacks over real sockets: hall and simulated bank talk to each other, and the bank is told to lie. */
#include "hall/order/order_fixture.h"
#include "sim/shop.h"

#include "hall/payment/payment.h"
#include "hall/task/task.h"
#include "httpc/httpc.h"
#include "partner/partner_api.h"
#include "sim/bank_http.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

struct street {
    struct order_fixture *o;
    struct shop shop;
    struct bank *bank;
    struct bank_caller *caller;
    struct httpd *bank_site, *hall_site;
    struct httpc *client;
    struct netbank *netbank;
    struct outbox *outbox;
    char hall_url[64], bank_url[64];
    struct err_info e;
};

static enum err thrown_away(const struct hall *h, const struct outbox_row *row, struct arena *a,
                            const char **answer, void *arg, struct err_info *e)
{
    (void)h, (void)row, (void)a, (void)arg, (void)e;
    *answer = "{}";
    return ERR_OK;
}

static void open_site(struct street *s, struct httpd *site, char url[64])
{
    struct httpd_listen l = {.host = "127.0.0.1"};
    assert_ok(httpd_listen(site, &l, &s->e), &s->e);
    snprintf(url, 64, "http://127.0.0.1:%d", httpd_port(site, 0));
}

static struct bytes pem_of(struct street *s, const char *name)
{
    struct bytes pem;
    struct arena *a = s->o->f->arena;
    assert_ok(file_read(a, arena_fmt(a, "%s/%s", s->shop.folder, name), 8192, &pem, &s->e), &s->e);
    return pem;
}

static void open_bank(struct street *s)
{
    shop_open(&s->shop);
    assert_ok(bank_open(s->shop.folder, &s->bank, &s->e), &s->e);
    s->bank_site = httpd_new(&(struct httpd_options){.workers = 2});
    bank_mount(s->bank_site, s->bank);
    open_site(s, s->bank_site, s->bank_url);
    assert_ok(httpd_start(s->bank_site, &s->e), &s->e);
    assert_ok(bank_caller_start(s->bank, &s->caller, &s->e), &s->e);
}

static void open_hall(struct street *s)
{
    struct outbox_kind kinds[16] = {{.kind = "mail", .deliver = thrown_away},
                                    {.kind = "sms", .deliver = thrown_away}};
    struct netbank_options n = {.url = s->bank_url,
                                .merchant = "certhall",
                                .key = pem_of(s, "shop-key.pem"),
                                .bank = pem_of(s, "bank-pub.pem")};
    s->hall_site = httpd_new(&(struct httpd_options){.workers = 2});
    partner_mount(s->hall_site, s->o->h);
    open_site(s, s->hall_site, s->hall_url);
    s->o->h->public_url = s->hall_url;
    assert_ok(netbank_new(&n, &s->netbank, &s->e), &s->e);
    s->o->h->payment = netbank_provider(s->netbank);
    size_t count = 2 + order_outbox_kinds(kinds + 2, 14);
    assert_ok(outbox_start(s->o->h, kinds, count, 0, &s->outbox, &s->e), &s->e);
    s->o->h->outbox = s->outbox;
    assert_ok(httpd_start(s->hall_site, &s->e), &s->e);
    s->client = httpc_new(&(struct httpc_options){.service = "hall"});
}

static int setup(void **state)
{
    struct street *s = mem_alloc(sizeof *s);
    void *inner;
    order_setup(&inner);
    s->o = inner;
    open_bank(s);
    open_hall(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct street *s = *state;
    void *inner = s->o;
    bank_caller_free(s->caller);
    httpd_free(s->hall_site);
    httpd_free(s->bank_site);
    outbox_free(s->outbox);
    httpc_free(s->client);
    netbank_free(s->netbank);
    bank_free(s->bank);
    shop_close(&s->shop);
    order_teardown(&inner);
    free(s);
    return 0;
}
#define PAY_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- what is done ---- */

static struct httpc_answer get(struct street *s, const char *url)
{
    struct httpc_answer answer;
    assert_ok(
        httpc_send(s->client, s->o->f->arena, &(struct httpc_request){.path = url}, &answer, &s->e),
        &s->e);
    return answer;
}

static struct httpc_answer post(struct street *s, const char *url, const char *form)
{
    struct httpc_answer answer;
    struct httpc_request r = {.path = url,
                              .content_type = "application/x-www-form-urlencoded",
                              .body = {(const uint8_t *)form, strlen(form)}};
    assert_ok(httpc_send(s->client, s->o->f->arena, &r, &answer, &s->e), &s->e);
    return answer;
}

static const char *id_text(struct street *s, int64_t order)
{
    return arena_fmt(s->o->f->arena, "%" PRId64, order);
}

/* An order whose bank page is open; the bank's address of it. */
static int64_t pay_started(struct street *s, const char **url)
{
    struct order order = order_submitted(s->o, NULL);
    struct order_input in = {.method = "net_bank"};
    struct payment p;
    struct hall_tx tx;
    assert_ok(order_event(s->o, order.id, EVENT_PAY_START, &s->o->shen, &in), &s->o->e);
    hall_read(s->o->f, &tx);
    assert_ok(payment_get(&tx, order.id, &p, &s->e), &s->e);
    assert_ok(payment_redirect(&tx, &p, url, &s->e), &s->e);
    hall_end(&tx);
    return order.id;
}

/* The payer says yes on the bank's page; the address the bank sends the browser to. */
static const char *approve(struct street *s, const char *url)
{
    static const char mark[] = "name=\"ticket\" value=\"";
    const char *location, *page = (const char *)get(s, url).body.p;
    const char *ticket = strstr(page, mark);
    assert_non_null(ticket);
    ticket += sizeof mark - 1;
    ticket = arena_text_n(s->o->f->arena, ticket, strcspn(ticket, "\""));
    assert_bank(BANK_OK,
                bank_decide(s->bank, ticket, 1, clock_machine(), s->o->f->arena, &location));
    return location;
}

static int pay_state(struct street *s, int64_t order)
{
    struct order o = order_now_of(s->o, order);
    return o.states.at[FLOW_PAYMENT];
}

static int reaches(struct street *s, int64_t order, int state)
{
    for (int i = 0; i < 500; i++) {
        if (pay_state(s, order) == state)
            return 1;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return 0;
}

struct books {
    struct payment_sums sums;
    size_t money, exceptions;
    const char *kind; /* of the newest exception */
};

static struct books books(struct street *s, int64_t order)
{
    struct books b = {.kind = ""};
    const struct payment_money *m;
    const struct payment_exception *x;
    struct hall_tx tx;
    hall_read(s->o->f, &tx);
    assert_ok(payment_sums(&tx, order, &b.sums, &s->e), &s->e);
    assert_ok(payment_money_of(&tx, order, &m, &b.money, &s->e), &s->e);
    assert_ok(payment_exception_list(&tx, 0, 100, &x, &b.exceptions, &s->e), &s->e);
    if (b.exceptions)
        b.kind = x[0].kind;
    hall_end(&tx);
    return b;
}

static void run_outbox(struct street *s)
{
    int done;
    assert_ok(outbox_run(s->outbox, &done, &s->e), &s->e);
}

/* The bank has nothing yet, and the applicant cancels. */
static void given_up(struct street *s, int64_t order)
{
    const struct actor bank = {BY_EXTERNAL, 0, "netbank", "", ""};
    struct order o;
    struct hall_tx tx;
    hall_write(s->o->f, &s->o->shen, &tx);
    assert_err(ERR_UNAVAILABLE, order_cancel(&tx, order, &o, &s->e)); /* not before it is asked */
    hall_end(&tx);
    assert_ok(order_ask_gateway(s->o->h, &bank, order, 0, &s->e), &s->e);
    hall_write(s->o->f, &s->o->shen, &tx);
    assert_ok(order_cancel(&tx, order, &o, &s->e), &s->e);
    hall_done(s->o->f, &tx);
}

static const enum flow_actor FINANCE = ACTOR_FINANCE;

static const char *first_trade(struct street *s, int64_t order)
{
    const struct payment_money *m;
    struct hall_tx tx;
    size_t n;
    hall_read(s->o->f, &tx);
    assert_ok(payment_money_of(&tx, order, &m, &n, &s->e), &s->e);
    hall_end(&tx);
    assert_true(n > 0);
    return arena_text(s->o->f->arena, m[0].trade_no);
}

static size_t queries_left(struct street *s, int64_t order)
{
    struct hall_tx tx;
    const struct outbox_state *rows;
    size_t n;
    hall_read(s->o->f, &tx);
    assert_ok(outbox_of_order(&tx, order, "payment.query", &rows, &n, &s->e), &s->e);
    hall_end(&tx);
    return n;
}

static void run_timers(struct street *s)
{
    int done;
    assert_ok(order_timers_run(s->o->h, &done, &s->e), &s->e);
}

/* ---- what must be true ---- */

/* P3, P4, S0-24: through the bank's page to PAID, and the invoice is opened with it. */
static void a_callback_makes_the_order_paid(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    approve(s, url);
    assert_true(reaches(s, order, FLOW_PAYMENT_PAID));
    struct order o = order_now_of(s->o, order);
    assert_int_equal(o.states.at[FLOW_INVOICE], FLOW_INVOICE_BATCHED);
    struct books b = books(s, order);
    assert_int_equal(b.sums.paid, 30000);
    assert_int_equal(b.exceptions, 0);
}

/* G-08: the same callback again is one payment. */
static void a_doubled_callback_is_one_payment(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    bank_set_next(s->bank, &(struct bank_next){.notify = BANK_NOTIFY_TWICE});
    approve(s, url);
    assert_true(reaches(s, order, FLOW_PAYMENT_PAID));
    nanosleep(&(struct timespec){.tv_sec = 2}, NULL); /* the second call comes within a second */
    struct books b = books(s, order);
    assert_int_equal(b.money, 1);
    assert_int_equal(b.sums.held, 30000);
    assert_int_equal(b.exceptions, 0);
}

static size_t finance_tasks(struct street *s, int64_t order)
{
    struct hall_tx tx;
    const struct task *list;
    size_t n;
    struct task_filter f = {.order = order, .kind = "payment", .limit = 50};
    hall_read(s->o->f, &tx);
    assert_ok(task_list(&tx, &f, &list, &n, &s->e), &s->e);
    hall_end(&tx);
    return n;
}

/* The order's newest payment in the bank's books: how often the bank told of it, and what is still to be told. */
static void told_of(struct street *s, int64_t *attempts, int64_t *left)
{
    _auto_buf list;
    _auto_json payments = NULL;
    struct json_out j;
    buf_init(&list, 64 << 10);
    jout_init(&j, &list);
    jout_list(&j, NULL);
    bank_list(s->bank, &j);
    jout_end(&j);
    assert_ok(json_parse(list.p, list.n, &payments, &s->e), &s->e);
    *attempts = json_opt_int(json_array_get(payments, 0), "notify_attempts", 0);
    *left = json_opt_int(json_array_get(payments, 0), "notify_left", 0);
}

/* P9: the bank takes money for the same number twice; the second is booked apart and goes back, the first stays. */
static void a_second_payment_of_a_number_goes_back(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url), attempts, left = 1;
    approve(s, url);
    assert_true(reaches(s, order, FLOW_PAYMENT_PAID));
    assert_bank(BANK_OK, bank_pay_again(s->bank, "certhall", id_text(s, order), clock_machine()));
    for (int i = 0; i < 200 && left; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        told_of(s, &attempts, &left);
    }
    struct books b = books(s, order);
    assert_int_equal(b.money, 2);
    assert_string_equal(b.kind, "duplicate");
    assert_int_equal(attempts, 1); /* taken at once */
    run_outbox(s);
    b = books(s, order);
    assert_int_equal(b.sums.paid, 30000);
    assert_int_equal(b.sums.held, 30000);
    assert_int_equal(b.sums.refunded, 30000);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PAID);
    assert_int_equal(finance_tasks(s, order), 0);
}

/* The bank's signed word about money that it does not have when asked: not taken, and finance looks. */
static struct httpc_answer notice_of(struct street *s, int64_t order, const char *trade_no)
{
    struct arena *a = s->o->f->arena;
    struct httpd_pair said[] = {{"merchant", "certhall"},
                                {"order", id_text(s, order)},
                                {"trade_no", trade_no},
                                {"amount_fen", "30000"},
                                {"status", "SUCCESS"},
                                {"time", time_rfc3339(a, clock_machine())},
                                {NULL, NULL},
                                {NULL, NULL}};
    _auto_buf form;
    _auto(sim_key) key = NULL;
    const char *sign;
    assert_ok(sim_key_open(s->shop.folder, "bank", &key, &s->e), &s->e);
    assert_ok(sim_sign(key, a, sim_sign_text(a, said), &sign, &s->e), &s->e);
    said[6] = (struct httpd_pair){"sign", sign};
    buf_init(&form, 16 << 10);
    for (int i = 0; said[i].name; i++)
        httpc_form_add(&form, said[i].name, said[i].value);
    return post(s, arena_fmt(a, "%s/api/v1/partner/pay/netbank/notify", s->hall_url),
                buf_cstr(&form));
}

static void a_notice_of_money_the_bank_does_not_have_is_not_taken(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    approve(s, url);
    assert_true(reaches(s, order, FLOW_PAYMENT_PAID));
    for (int i = 0; i < 2; i++) {
        struct httpc_answer answer = notice_of(s, order, "T-NOWHERE");
        assert_int_equal(answer.status, 409);
        assert_non_null(strstr((const char *)answer.body.p, "payment.no_line"));
    }
    struct books b = books(s, order);
    assert_int_equal(b.money, 1);
    assert_int_equal(b.exceptions, 1);
    assert_string_equal(b.kind, "missing");
    assert_int_equal(finance_tasks(s, order), 1);
    bank_set_next(s->bank, &(struct bank_next){.query = BANK_DOWN});
    assert_int_equal(notice_of(s, order, "T-NOWHERE").status, 503);
}

/* Without any callback the way back from the bank's page makes the page right at once. */
static void the_way_back_asks_the_bank(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    bank_set_next(s->bank, &(struct bank_next){.notify = BANK_NOTIFY_NEVER});
    struct httpc_answer back = get(s, approve(s, url));
    assert_int_equal(back.status, 303);
    assert_string_equal(
        back.location,
        arena_fmt(s->o->f->arena, "/aml-reporting/orders/%019" PRId64 "/done", order));
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PAID);
}

static int64_t asked_at(struct street *s, int64_t order)
{
    struct hall_tx tx;
    struct payment p;
    hall_read(s->o->f, &tx);
    assert_ok(payment_get(&tx, order, &p, &s->e), &s->e);
    hall_end(&tx);
    return p.asked_at;
}

/* Without the bank's signature over all of it, the address is refused before anything is read, written or asked. */
static void the_way_back_believes_nothing(void **state)
{
    struct street *s = *state;
    const char *url;
    struct arena *a = s->o->f->arena;
    int64_t order = pay_started(s, &url);
    bank_set_next(s->bank, &(struct bank_next){.notify = BANK_NOTIFY_NEVER});
    const char *signed_back = approve(s, url);
    const char *forged[] = {
        arena_fmt(a, "%s/api/v1/partner/pay/netbank/return?order=%" PRId64 "&status=SUCCESS",
                  s->hall_url, order),
        arena_fmt(a, "%s/api/v1/partner/pay/netbank/return", s->hall_url),
        arena_fmt(a, "%s&order=%" PRId64, signed_back, order + 1),
        arena_fmt(a, "%s&more=1", signed_back),
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        struct httpc_answer back = get(s, forged[i]);
        assert_int_equal(back.status, 403);
        assert_non_null(strstr((const char *)back.body.p, "payment.forged"));
    }
    assert_int_equal(asked_at(s, order), 0);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PENDING);
    assert_int_equal(get(s, signed_back).status, 303);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PAID);
}

/* Coming again changes nothing, and while the bank does not answer it is asked once in two seconds. */
static void the_way_back_can_be_gone_again(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    bank_set_next(s->bank, &(struct bank_next){.notify = BANK_NOTIFY_NEVER, .query = BANK_DOWN});
    const char *back = approve(s, url);
    assert_int_equal(get(s, back).status, 303);
    assert_true(asked_at(s, order) > 0);
    hall_tamper(
        s->o->f,
        "UPDATE payment SET asked_at = asked_at + 60000"); /* just now, for a slow machine */
    int64_t at = asked_at(s, order);
    struct httpc_answer again = get(s, back);
    assert_int_equal(again.status, 303);
    assert_string_equal(
        again.location,
        arena_fmt(s->o->f->arena, "/aml-reporting/orders/%019" PRId64 "/pay", order));
    assert_int_equal(asked_at(s, order), at);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PENDING);
    hall_tamper(s->o->f, "UPDATE payment SET asked_at = asked_at - 70000");
    bank_set_next(s->bank, &(struct bank_next){.notify = BANK_NOTIFY_NEVER});
    for (int i = 0; i < 3; i++)
        assert_int_equal(get(s, back).status, 303);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PAID);
    assert_int_equal(books(s, order).money, 1);
}

/* A forged callback is 403, moves nothing, and is told to finance a few times only. */
static void a_forged_callback_is_refused(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    char *notify = arena_fmt(s->o->f->arena, "%s/api/v1/partner/pay/netbank/notify", s->hall_url);
    char *form =
        arena_fmt(s->o->f->arena,
                  "merchant=certhall&order=%" PRId64 "&trade_no=T1&amount_fen=30000&status=SUCCESS"
                  "&time=2026-09-07T09%%3A00%%3A00%%2B08%%3A00&sign=%s",
                  order, text_base64(s->o->f->arena, (struct bytes){(const uint8_t *)"forged", 6}));
    for (int i = 0; i < PAYMENT_FORGED_MAX + 3; i++) {
        struct httpc_answer answer = post(s, notify, form);
        assert_int_equal(answer.status, 403);
        assert_non_null(strstr((const char *)answer.body.p, "payment.forged"));
    }
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PENDING);
    struct books b = books(s, order);
    assert_int_equal(b.money, 0);
    assert_int_equal(b.exceptions, PAYMENT_FORGED_MAX);
    assert_string_equal(b.kind, "bad_signature");
}

/* The bank contradicts itself: what it answers when asked counts, and finance is told. */
static void a_wrong_amount_in_a_callback_is_told_to_finance(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    bank_set_next(s->bank, &(struct bank_next){.notify = BANK_NOTIFY_WRONG_AMOUNT});
    approve(s, url);
    assert_true(reaches(s, order, FLOW_PAYMENT_PAID));
    for (int i = 0; i < 200 && !books(s, order).exceptions; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    struct books b = books(s, order);
    assert_int_equal(b.sums.paid, 30000);
    assert_int_equal(b.exceptions, 1);
    assert_string_equal(b.kind, "wrong_amount");
}

/* P15: money for an order that was given up meanwhile goes back. */
static void late_money_goes_back(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    given_up(s, order);
    approve(s, url);
    assert_true(reaches(s, order, FLOW_PAYMENT_REFUNDING));
    run_outbox(s);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_REFUNDED);
    struct books b = books(s, order);
    assert_int_equal(b.sums.held, 0);
    assert_int_equal(b.sums.refunded, 30000);
    assert_string_equal(b.kind, "late");
}

/* P13, P15: no callback ever comes for an order that was cancelled; its money is found all the same, and goes back. */
static void money_of_a_closed_order_is_found_without_a_callback(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    given_up(s, order);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_VOID);
    bank_set_next(s->bank, &(struct bank_next){.notify = BANK_NOTIFY_NEVER});
    approve(s, url);
    hall_tamper(s->o->f, "UPDATE payment SET ask_at = 1 WHERE ask_at > 0"); /* its time has come */
    run_timers(s);
    run_outbox(s);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_REFUNDED);
    struct books b = books(s, order);
    assert_int_equal(b.sums.refunded, 30000);
    assert_string_equal(b.kind, "late");
    assert_int_equal(queries_left(s, order), 0);
}

/* A8: who has paid at the bank in the last minute is not cancelled by the clock, although no callback came. */
static void the_clock_asks_the_bank_before_it_cancels(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    bank_set_next(s->bank, &(struct bank_next){.notify = BANK_NOTIFY_NEVER, .query = BANK_DOWN});
    approve(s, url);
    hall_at(s->o->f, "2026-09-15T00:00:01+08:00");
    run_timers(s);
    run_outbox(s); /* it does not answer */
    hall_at(s->o->f, "2026-09-15T00:01:00+08:00");
    run_timers(s);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PENDING);
    assert_int_equal(queries_left(s, order), 1);
    for (int i = 0; i < 500 && pay_state(s, order) != FLOW_PAYMENT_PAID; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        run_outbox(s);
    }
    hall_at(s->o->f, "2026-09-15T00:02:00+08:00");
    run_timers(s);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PAID);
}

/* The same where the bank has nothing: it is cancelled when the bank has said so. */
static void the_clock_cancels_what_the_bank_has_no_money_for(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    hall_at(s->o->f, "2026-09-15T00:00:01+08:00");
    run_timers(s);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PENDING);
    run_outbox(s);
    hall_at(s->o->f, "2026-09-15T00:01:00+08:00");
    run_timers(s);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_VOID);
}

static const char *page_of(struct street *s, int64_t order)
{
    struct payment p;
    struct hall_tx tx;
    const char *url;
    hall_read(s->o->f, &tx);
    assert_ok(payment_get(&tx, order, &p, &s->e), &s->e);
    assert_ok(payment_redirect(&tx, &p, &url, &s->e), &s->e);
    hall_end(&tx);
    return url;
}

/* P14, P3: after money that was given back the bank takes none under its number; the next attempt has a number of its own,
 * and what is told or refunded later goes by the number it came under. */
static void an_order_can_be_paid_after_a_refund(void **state)
{
    struct street *s = *state;
    const char *url;
    const struct order_input in = {.method = "net_bank"};
    int64_t order = pay_started(s, &url);
    hall_tamper(s->o->f, "UPDATE payment SET amount_fen = 29999");
    approve(s, page_of(s, order));
    assert_true(reaches(s, order, FLOW_PAYMENT_CLAIMED));
    hall_tamper(s->o->f, "UPDATE payment SET amount_fen = 30000");
    struct order_money money = {.method = "net_bank", .trade_no = first_trade(s, order)};
    struct order_input none = {.as = &FINANCE, .money = &money};
    assert_ok(order_event(s->o, order, EVENT_PAY_NOT_FOUND, &s->o->shen, &none), &s->o->e);
    run_outbox(s);
    assert_int_equal(books(s, order).sums.refunded, 29999);
    assert_ok(order_event(s->o, order, EVENT_PAY_START, &s->o->shen, &in), &s->o->e);
    url = page_of(s, order);
    assert_non_null(strstr(url, arena_fmt(s->o->f->arena, "order=%" PRId64 "-2", order)));
    approve(s, url);
    assert_true(reaches(s, order, FLOW_PAYMENT_PAID));
    assert_int_equal(books(s, order).sums.paid, 30000);
    assert_bank(BANK_OK,
                bank_pay_again(s->bank, "certhall",
                               arena_fmt(s->o->f->arena, "%" PRId64 "-2", order), clock_machine()));
    for (int i = 0; i < 500 && books(s, order).money < 3; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    run_outbox(s);
    struct books b = books(s, order);
    assert_int_equal(b.money, 3);
    assert_int_equal(b.sums.held, 30000);
    assert_int_equal(b.sums.refunded, 59999);
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PAID);
}

/* P5: nobody ever came to the bank's page, so the bank does not know the order; half an hour later it can be paid anew. */
static void an_order_the_bank_does_not_know_can_be_paid_again(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    hall_tamper(s->o->f, "UPDATE payment SET page_until = 1, ask_at = 1");
    for (int i = 0; i < 3; i++) {
        run_timers(s);
        run_outbox(s);
    }
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_UNPAID);
    assert_int_equal(queries_left(s, order), 0);
}

/* P12: what the bank does not do at once is neither lost nor done twice. */
static void a_refund_that_takes_its_time_is_kept(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    given_up(s, order);
    approve(s, url);
    assert_true(reaches(s, order, FLOW_PAYMENT_REFUNDING));
    bank_set_next(s->bank, &(struct bank_next){.refund = BANK_DOWN});
    run_outbox(s); /* refused: again later */
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_REFUNDING);
    assert_int_equal(books(s, order).sums.held, 30000);
    bank_set_next(s->bank, &(struct bank_next){.refund = BANK_PENDING});
    for (int i = 0; i < 1000 && pay_state(s, order) != FLOW_PAYMENT_REFUNDED; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        run_outbox(s);
    }
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_REFUNDED);
    assert_int_equal(books(s, order).sums.refunded, 30000);
}

/* The bank is down when it is asked: the callback is taken all the same, and the outbox asks until it knows. */
static void a_bank_that_cannot_be_asked_is_asked_later(void **state)
{
    struct street *s = *state;
    const char *url;
    int64_t order = pay_started(s, &url);
    bank_set_next(s->bank, &(struct bank_next){.query = BANK_DOWN});
    approve(s, url);
    for (int i = 0; i < 500 && pay_state(s, order) != FLOW_PAYMENT_PAID; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        run_outbox(s);
    }
    assert_int_equal(pay_state(s, order), FLOW_PAYMENT_PAID);
    assert_int_equal(books(s, order).money, 1);
}

/* ---- a bank that signs an answer about something else ---- */

struct liar {
    struct sim_key *key;
    const char *order, *amount_fen;
};

static enum err lie(struct httpd_request *r, struct httpd_reply *reply, void *app,
                    struct err_info *e)
{
    const struct liar *liar = app;
    const struct httpd_pair *form;
    struct json_out j;
    TRY(httpd_form(r, &form, e));
    struct httpd_pair answer[] = {{"merchant", "certhall"},
                                  {"order", liar->order},
                                  {"refund_no", httpd_pair_get(form, "refund_no")},
                                  {"amount_fen", liar->amount_fen},
                                  {"status", "SUCCESS"},
                                  {"sign", ""},
                                  {NULL, NULL}};
    answer[5].name = NULL;
    const char *text = sim_sign_text(r->arena, answer);
    answer[5].name = "sign";
    TRY(sim_sign(liar->key, r->arena, text, &answer[5].value, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    for (int i = 0; answer[i].name; i++)
        jout_text(&j, answer[i].name, answer[i].value);
    jout_end(&j);
    return ERR_OK;
}

/* The bank's signature says who answers, not what was asked: order, number and amount must be those of the refund. */
static void a_refund_is_done_for_its_own_order_and_amount(void **state)
{
    static const struct httpd_route routes[] = {{"POST", "/refund", lie, 0, 16384, 0}};
    static const struct {
        const char *order, *amount_fen;
        enum err says;
    } cases[] = {{"12", "30000", ERR_OK},
                 {"12", "29999", ERR_PAYMENT_FORGED},
                 {"13", "30000", ERR_PAYMENT_FORGED}};
    struct street *s = *state;
    struct liar liar = {0};
    struct httpd *site = httpd_new(&(struct httpd_options){.workers = 1});
    struct netbank *n;
    enum payment_refund_result result;
    char url[64];
    assert_ok(sim_key_open(s->shop.folder, "bank", &liar.key, &s->e), &s->e);
    httpd_mount(site, routes, 1, NULL, &liar);
    open_site(s, site, url);
    assert_ok(httpd_start(site, &s->e), &s->e);
    struct netbank_options o = {.url = url,
                                .merchant = "certhall",
                                .key = pem_of(s, "shop-key.pem"),
                                .bank = pem_of(s, "bank-pub.pem")};
    assert_ok(netbank_new(&o, &n, &s->e), &s->e);
    const struct payment_provider *p = netbank_provider(n);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        liar.order = cases[i].order;
        liar.amount_fen = cases[i].amount_fen;
        assert_int_equal(p->refund(p, "12", "R1", 30000, s->o->f->arena, &result, &s->e),
                         cases[i].says);
    }
    netbank_free(n);
    httpd_free(site);
    sim_key_free(liar.key);
}

static void another_provider_is_not_there(void **state)
{
    struct street *s = *state;
    struct arena *a = s->o->f->arena;
    assert_int_equal(
        post(s, arena_fmt(a, "%s/api/v1/partner/pay/alipay/notify", s->hall_url), "a=b").status,
        404);
    assert_int_equal(
        get(s, arena_fmt(a, "%s/api/v1/partner/pay/alipay/return?order=12", s->hall_url)).status,
        404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAY_TEST(a_callback_makes_the_order_paid),
        PAY_TEST(a_doubled_callback_is_one_payment),
        PAY_TEST(a_second_payment_of_a_number_goes_back),
        PAY_TEST(a_notice_of_money_the_bank_does_not_have_is_not_taken),
        PAY_TEST(the_way_back_asks_the_bank),
        PAY_TEST(the_way_back_believes_nothing),
        PAY_TEST(the_way_back_can_be_gone_again),
        PAY_TEST(a_forged_callback_is_refused),
        PAY_TEST(a_wrong_amount_in_a_callback_is_told_to_finance),
        PAY_TEST(late_money_goes_back),
        PAY_TEST(money_of_a_closed_order_is_found_without_a_callback),
        PAY_TEST(the_clock_asks_the_bank_before_it_cancels),
        PAY_TEST(the_clock_cancels_what_the_bank_has_no_money_for),
        PAY_TEST(an_order_the_bank_does_not_know_can_be_paid_again),
        PAY_TEST(an_order_can_be_paid_after_a_refund),
        PAY_TEST(a_refund_that_takes_its_time_is_kept),
        PAY_TEST(a_bank_that_cannot_be_asked_is_asked_later),
        PAY_TEST(a_refund_is_done_for_its_own_order_and_amount),
        PAY_TEST(another_provider_is_not_there),
    };
    return cmocka_run_group_tests_name("partner_pay", tests, NULL, NULL);
}
