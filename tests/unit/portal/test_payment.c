/* The payment page over real HTTP, before a bank that says what the test wants (requirements 10.2; S0-24, S0-25). */
#include "portal_fixture.h"

#include "hall/invoice/invoice.h"
#include "hall/outbox/outbox.h"
#include "hall/payment/payment.h"

#include <string.h>

struct till {
    struct payment_provider provider; /* first: the functions find the rest by it */
    enum payment_result says;
    int64_t amount_fen;
    int away, asked;
};

static enum err page(const struct payment_provider *p, const struct payment_ask *ask,
                     struct arena *a, const char **url, struct err_info *e)
{
    (void)p, (void)e;
    *url = arena_fmt(a, "https://bank.example/pay?order=%s&fen=%d", ask->order,
                     (int)ask->amount_fen);
    return ERR_OK;
}

static enum err query(const struct payment_provider *p, const char *order, struct arena *a,
                      const struct payment_told **out, size_t *n, struct err_info *e)
{
    struct till *t = (struct till *)(uintptr_t)p;
    struct payment_told *told = arena_alloc(a, sizeof *told);
    t->asked++;
    if (t->away)
        return err_set(e, ERR_UNAVAILABLE, NULL, "the test's bank is away");
    *told = (struct payment_told){.order = arena_text(a, order),
                                  .trade_no = "T2026090712345678",
                                  .amount_fen = t->amount_fen,
                                  .result = t->says,
                                  .at = clock_machine()};
    *out = told;
    *n = 1;
    return ERR_OK;
}

static struct till till_at(struct portal_fixture *f)
{
    (void)f;
    return (struct till){
        .provider = {.name = "netbank", .method = "net_bank", .page = page, .query = query},
        .says = PAYMENT_NOT_PAID,
        .amount_fen = 30000};
}

/* A submitted order of the browser that is signed in; address of its payment page. */
static const char *begin(struct portal_fixture *f, struct browser *b, const char *rest)
{
    struct order o = order_submitted(f->o, NULL);
    browser_sign_in(b, f);
    return arena_fmt(f->o->f->arena, "/orders/%lld/payment%s", (long long)o.id, rest);
}

static const char *behind(struct portal_fixture *f, const char *url, const char *rest)
{
    return arena_fmt(f->o->f->arena, "%s%s", url, rest);
}

static const char *order_path(struct browser *b, const char *order, const char *rest)
{
    return arena_fmt(b->f->o->f->arena, "/orders/%s%s", order, rest);
}

#define NET_BANK "{\"method\":\"net_bank\"}"

/* S0-25: what can no longer be changed is said before; S0-24: the bank's page, the same one while it is open. */
static void paying_leads_to_the_bank(void **state)
{
    struct portal_fixture *f = *state;
    struct till t = till_at(f);
    _auto_browser b;
    f->o->h->payment = &t.provider;
    const char *url = begin(f, &b, "");
    assert_int_equal(browser_get(&b, url), 200);
    assert_string_equal(browser_text(&b, "state"), "UNPAID");
    assert_int_equal(browser_number(&b, "amount_fen"), 30000);
    assert_int_equal(browser_number(&b, "fee.total_fen"), 30000);
    assert_string_equal(browser_text(&b, "methods.0.id"), "net_bank");
    assert_null(browser_at(&b, "methods.1"));
    assert_non_null(strstr(browser_text(&b, "warning"), "不能再取消"));
    assert_string_equal(browser_text(&b, "note"), "9月14日（周一）前付款，价格不变。");
    assert_int_equal(browser_post(&b, url, "{\"method\":\"alipay\"}"), 409);
    assert_int_equal(browser_post(&b, url, NET_BANK), 200);
    assert_string_equal(browser_text(&b, "state"), "PENDING");
    const char *first = arena_text(f->o->f->arena, browser_text(&b, "redirect_url"));
    assert_non_null(strstr(first, "fen=30000"));
    assert_int_equal(browser_post(&b, url, NET_BANK), 200);
    assert_string_equal(browser_text(&b, "redirect_url"), first);
}

/* 我付过了，页面没有变化: the bank's answer is on the page at once, and asked again in a hurry the bank is left in peace. */
static void who_has_paid_can_have_the_bank_asked(void **state)
{
    struct portal_fixture *f = *state;
    struct till t = till_at(f);
    _auto_browser b;
    f->o->h->payment = &t.provider;
    const char *url = begin(f, &b, ""), *ask = behind(f, url, "/query");
    assert_int_equal(browser_post(&b, ask, NULL), 200); /* no page is open */
    assert_int_equal(t.asked, 0);
    assert_int_equal(browser_post(&b, url, NET_BANK), 200);
    assert_int_equal(browser_post(&b, ask, NULL), 200);
    assert_string_equal(browser_text(&b, "state"), "PENDING");
    assert_int_equal(t.asked, 1);
    assert_int_equal(browser_post(&b, ask, NULL), 200);
    assert_int_equal(t.asked, 1);
    hall_tamper(f->o->f, "UPDATE payment SET asked_at = 0");
    t.says = PAYMENT_PAID;
    assert_int_equal(browser_post(&b, ask, NULL), 200);
    assert_string_equal(browser_text(&b, "state"), "PAID");
    assert_string_equal(browser_text(&b, "trade_no"), "T2026090712345678");
    assert_null(browser_at(&b, "redirect_url"));
    assert_int_equal(browser_post(&b, url, NET_BANK), 409); /* S0-25 */
}

/* G-08: a wrong amount is finance's, not a payment. */
static void a_wrong_amount_pays_nothing(void **state)
{
    struct portal_fixture *f = *state;
    struct till t = till_at(f);
    _auto_browser b;
    f->o->h->payment = &t.provider;
    const char *url = begin(f, &b, "");
    assert_int_equal(browser_post(&b, url, NET_BANK), 200);
    t.says = PAYMENT_PAID;
    t.amount_fen = 29999;
    assert_int_equal(browser_post(&b, behind(f, url, "/query"), NULL), 200);
    assert_string_equal(browser_text(&b, "state"), "CLAIMED");
    assert_null(browser_at(&b, "trade_no"));
    /* S0-25: money is here, so the order can no longer be taken away */
    const char *cancel = arena_fmt(f->o->f->arena, "%.*s/cancel",
                                   (int)(strlen(url) - strlen("/payment")), url);
    assert_int_equal(browser_post(&b, cancel, NULL), 409);
    assert_string_equal(browser_text(&b, "code"), "order.frozen");
    assert_int_equal(browser_get(&b, url), 200);
    assert_string_equal(browser_text(&b, "state"), "CLAIMED");
}

/* Money on its way decides before anybody cancels: the bank is asked, and without its word nothing is given up. */
/* The bank is asked once in two seconds, whoever asks. */
static void a_while_later(struct portal_fixture *f)
{
    hall_tamper(f->o->f, "UPDATE payment SET asked_at = asked_at - 60000");
}

static void cancelling_asks_the_bank_first(void **state)
{
    struct portal_fixture *f = *state;
    struct till t = till_at(f);
    _auto_browser b;
    f->o->h->payment = &t.provider;
    const char *url = begin(f, &b, "");
    const char *cancel = arena_fmt(f->o->f->arena, "%.*s/cancel",
                                   (int)(strlen(url) - strlen("/payment")), url);
    assert_int_equal(browser_post(&b, url, NET_BANK), 200);
    t.away = 1;
    assert_int_equal(browser_post(&b, cancel, NULL), 503);
    assert_int_equal(t.asked, 1);
    assert_int_equal(browser_get(&b, url), 200);
    assert_string_equal(browser_text(&b, "state"), "PENDING");
    t.away = 0;
    t.says = PAYMENT_PAID;
    hall_tamper(f->o->f, "UPDATE payment SET asked_at = asked_at + 60000"); /* just now */
    assert_int_equal(browser_post(&b, cancel, NULL), 503);
    assert_int_equal(t.asked, 1);
    a_while_later(f);
    a_while_later(f);
    assert_int_equal(browser_post(&b, cancel, NULL), 409);
    assert_string_equal(browser_text(&b, "code"), "order.frozen");
    assert_int_equal(browser_get(&b, url), 200);
    assert_string_equal(browser_text(&b, "state"), "PAID");
}

/* A cancelled order whose money comes late: who paid can have the bank asked, and sees that it goes back. */
static void a_closed_order_can_still_be_asked_about(void **state)
{
    struct portal_fixture *f = *state;
    struct till t = till_at(f);
    _auto_browser b;
    f->o->h->payment = &t.provider;
    const char *url = begin(f, &b, ""), *ask = behind(f, url, "/query");
    const char *cancel = arena_fmt(f->o->f->arena, "%.*s/cancel",
                                   (int)(strlen(url) - strlen("/payment")), url);
    assert_int_equal(browser_post(&b, url, NET_BANK), 200);
    t.says = PAYMENT_UNKNOWN;
    assert_int_equal(browser_post(&b, cancel, NULL), 200);
    t.says = PAYMENT_PAID;
    a_while_later(f);
    assert_int_equal(browser_post(&b, ask, NULL), 200);
    assert_string_equal(browser_text(&b, "state"), "REFUNDING");
}

static void type_all(struct browser *b, const char *order)
{
    assert_int_equal(
        browser_do(
            b, "PUT", order_path(b, order, "/form/mailing"),
            "{\"rev\":0,\"final\":true,\"values\":{\"mailing.address\":\"福建省泉州市丰泽区滨海街 "
            "102 号\",\"mailing.postcode\":\"362000\"}}"),
        200);
    assert_int_equal(browser_get(b, order_path(b, order, "/check")), 200);
    const char *body = arena_fmt(
        b->f->o->f->arena, "{\"revision\":%ld,\"agreement_version\":\"%s\",\"consent\":true}",
        browser_number(b, "revision"), browser_text(b, "agreement.version"));
    assert_int_equal(browser_post(b, order_path(b, order, "/submit"), body), 200);
}

/* S0-04: online application, payment, status, and the invoice: one browser, and nothing else, does all four. */
static void everything_is_done_online(void **state)
{
    struct portal_fixture *f = *state;
    struct till t = till_at(f);
    struct invoice_local *local;
    const struct invoice_local_options options = {
        .seller = "证书服务中心", .seller_tax_no = "91350100MA00000000", .region = "35"};
    const struct actor liang = {BY_STAFF, 35, "梁佩珊", "finance", "127.0.0.1"};
    _auto_browser b;
    int64_t id;
    f->o->h->payment = &t.provider;
    assert_ok(invoice_local_new(&options, &local, &f->o->e), &f->o->e);
    f->o->h->invoice = invoice_local_provider(local);
    browser_sign_in(&b, f);
    assert_int_equal(
        browser_post(&b, "/orders", "{\"project\":\"aml-reporting\",\"type\":\"new\"}"), 201);
    const char *order = arena_text(f->o->f->arena, browser_text(&b, "order"));
    type_all(&b, order);
    assert_int_equal(browser_post(&b, order_path(&b, order, "/payment"), NET_BANK), 200);
    assert_non_null(strstr(browser_text(&b, "redirect_url"), "https://bank.example/pay"));
    t.says = PAYMENT_PAID;
    assert_int_equal(browser_post(&b, order_path(&b, order, "/payment/query"), NULL), 200);
    assert_string_equal(browser_text(&b, "state"), "PAID");
    assert_int_equal(browser_get(&b, order_path(&b, order, "")), 200);
    assert_string_equal(browser_text(&b, "status.owner.kind"), "maker");
    assert_non_null(strstr(browser_text(&b, "status.text"), "待制作"));
    assert_non_null(strstr(browser_text(&b, "status.due.text"), "最迟"));
    assert_true(sscanf(order, "%ld", &id) == 1);
    assert_ok(order_event(f->o, id, EVENT_INV_ISSUE, &liang, NULL), &f->o->e);
    assert_int_equal(browser_get(&b, "/invoices"), 200);
    assert_string_equal(browser_text(&b, "items.0.order"), order);
    const char *file = arena_fmt(f->o->f->arena, "/invoices/%s/file",
                                 browser_text(&b, "items.0.id"));
    assert_int_equal(browser_get(&b, file), 200);
    assert_memory_equal(b.body.p, "%PDF-", 5);
    invoice_local_free(local);
}

/* Nothing is lost when the bank is away: the page says so, and the outbox goes on asking. */
static void a_silent_bank_is_asked_again_by_itself(void **state)
{
    struct portal_fixture *f = *state;
    struct till t = till_at(f);
    _auto_browser b;
    struct hall_tx tx;
    const struct outbox_state *rows;
    size_t n;
    int64_t order;
    f->o->h->payment = &t.provider;
    const char *url = begin(f, &b, "");
    assert_true(sscanf(url, "/orders/%ld", &order) == 1);
    assert_int_equal(browser_post(&b, url, NET_BANK), 200);
    t.away = 1;
    assert_int_equal(browser_post(&b, behind(f, url, "/query"), NULL), 200);
    assert_string_equal(browser_text(&b, "state"), "PENDING");
    assert_non_null(strstr(browser_text(&b, "note"), "银行暂时没有回答"));
    hall_read(f->o->f, &tx);
    assert_ok(outbox_of_order(&tx, order, "payment.query", &rows, &n, &f->o->e), &f->o->e);
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].state, "waiting");
    hall_end(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PORTAL_TEST(paying_leads_to_the_bank),
        PORTAL_TEST(who_has_paid_can_have_the_bank_asked),
        PORTAL_TEST(a_wrong_amount_pays_nothing),
        PORTAL_TEST(cancelling_asks_the_bank_first),
        PORTAL_TEST(a_closed_order_can_still_be_asked_about),
        PORTAL_TEST(everything_is_done_online),
        PORTAL_TEST(a_silent_bank_is_asked_again_by_itself),
    };
    return cmocka_run_group_tests_name("payment", tests, NULL, NULL);
}
