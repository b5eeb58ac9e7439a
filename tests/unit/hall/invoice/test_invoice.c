/* Invoices: their amount, their numbers without holes, the month's batch, the files (S0-30 to S0-33, C-05, invariant 2). */
#include "hall/invoice/invoice.h"

#include "hall/outbox/outbox.h"
#include "hall/payment/payment.h"
#include "hall_fixture.h"

#include <stdlib.h>
#include <string.h>

static const struct actor finance = {BY_STAFF, 35, "梁佩珊", "finance", "127.0.0.1"};
static const int64_t ORDER = 2200000000000000001;
static const char BUYER[] = "泉州海丝供应链管理有限公司";

struct office {
    struct hall_fixture *f;
    struct invoice_local *local;
};

static int setup(void **state)
{
    struct office *o = mem_alloc(sizeof *o);
    void *inner;
    hall_setup(&inner);
    o->f = inner;
    struct invoice_local_options options = {
        .seller = "证书服务中心", .seller_tax_no = "91350100MA00000000", .region = "35"};
    assert_ok(invoice_local_new(&options, &o->local, &o->f->e), &o->f->e);
    o->f->hall.invoice = invoice_local_provider(o->local);
    hall_at(o->f, "2026-09-08T10:00:00+08:00");
    *state = o;
    return 0;
}

static int teardown(void **state)
{
    struct office *o = *state;
    void *inner = o->f;
    invoice_local_free(o->local);
    hall_teardown(&inner);
    free(o);
    return 0;
}
#define INVOICE_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

/* An order that is paid, with its invoice waiting for the batch of a day. */
static void paid_order(struct office *o, int64_t order, const char *batch_day)
{
    struct err_info *e = &o->f->e;
    struct hall_tx tx;
    struct invoice_new n = {.project = "aml-reporting",
                            .kind = "general",
                            .item = "*信息技术服务*证书服务费",
                            .amount_fen = 30000,
                            .vat_percent = 6,
                            .buyer = BUYER,
                            .tax_no = "91350503MA2Y7XWT0R",
                            .mailbox = "shen@haisi-scm.example"};
    assert_true(time_parse_date(batch_day, &n.batch_day));
    hall_write(o->f, &hall_system, &tx);
    char *trade = arena_fmt(tx.arena, "T%lld", (long long)order);
    assert_ok(payment_open(&tx, order, 30000, 0, e), e);
    assert_ok(
        payment_book(&tx, order, &(struct payment_receipt){"net_bank", trade, 30000, tx.now, 1}, e),
        e);
    for (int i = 0; i < 2; i++) /* opening twice is once */
        assert_ok(invoice_open(&tx, order, &n, e), e);
    hall_done(o->f, &tx);
    hall_end(&tx);
}

static void paid_orders(struct office *o, int n, const char *batch_day)
{
    for (int i = 0; i < n; i++)
        paid_order(o, ORDER + i, batch_day);
}

static struct invoice invoice_of(struct office *o, int64_t order)
{
    struct hall_tx tx;
    struct invoice v;
    int found;
    hall_read(o->f, &tx);
    assert_ok(invoice_of_order(&tx, order, &v, &found, &o->f->e), &o->f->e);
    assert_int_equal(found, 1);
    hall_end(&tx);
    return v;
}

static void amounts_are_written_in_words(void **state)
{
    (void)state;
    static const struct {
        int64_t fen;
        const char *words;
    } cases[] = {
        {30000, "叁佰圆整"},
        {1698, "壹拾陆圆玖角捌分"},
        {0, "零圆整"},
        {5, "伍分"},
        {50, "伍角整"},
        {105, "壹圆零伍分"},
        {100050, "壹仟圆伍角整"},
        {1000100, "壹万零壹圆整"},
        {10500000, "壹拾万伍仟圆整"},
        {10000000000, "壹亿圆整"},
        {10000000100, "壹亿零壹圆整"},
        {123456789012, "壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾圆壹角贰分"},
        {-30000, "负叁佰圆整"},
    };
    _auto(arena) a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(invoice_amount_words(a, cases[i].fen), cases[i].words);
}

/* S0-30: number, both files marked as samples, and the books; issuing again changes nothing. */
static void an_issued_invoice_has_number_files_and_booking(void **state)
{
    struct office *o = *state;
    struct err_info *e = &o->f->e;
    struct hall_tx tx;
    struct bytes pdf, xml;
    struct payment_sums sums;
    const char *name;
    paid_orders(o, 1, "2026-09-25");
    hall_write(o->f, &finance, &tx);
    for (int i = 0; i < 2; i++)
        assert_ok(invoice_issue(&tx, ORDER, e), e);
    hall_done(o->f, &tx);
    hall_end(&tx);
    struct invoice v = invoice_of(o, ORDER);
    assert_string_equal(v.number, "26359000000000000001");
    assert_int_equal(v.tax_fen, 1698);
    hall_read(o->f, &tx);
    assert_ok(invoice_file(&tx, v.id, "pdf", &pdf, &name, e), e);
    assert_string_equal(name, "26359000000000000001.pdf");
    assert_memory_equal(pdf.p, "%PDF-", 5);
    assert_ok(invoice_file(&tx, v.id, "xml", &xml, &name, e), e);
    const char *text = arena_text_n(o->f->arena, (const char *)xml.p, xml.n);
    assert_non_null(strstr(text, "<EIid>26359000000000000001</EIid>"));
    assert_non_null(strstr(text, "<TotalTaxAm>16.98</TotalTaxAm>"));
    assert_non_null(strstr(text, "SAMPLE"));
    assert_non_null(strstr(text, BUYER));
    assert_int_equal(invoice_file(&tx, v.id, "ofd", &xml, &name, e), ERR_NOT_FOUND);
    assert_ok(payment_sums(&tx, ORDER, &sums, e), e);
    assert_int_equal(sums.invoiced, 30000);
    hall_end(&tx);
}

/* An installation that has not set its seller: nothing is issued or booked, and what waits goes on waiting. */
static void without_a_seller_no_invoice_is_issued(void **state)
{
    struct office *o = *state;
    struct err_info *e = &o->f->e;
    struct hall_tx tx;
    struct payment_sums sums;
    o->f->hall.invoice = NULL;
    paid_orders(o, 1, "2026-09-25");
    hall_write(o->f, &finance, &tx);
    assert_err(ERR_CONFIG, invoice_issue(&tx, ORDER, e));
    hall_end(&tx);
    assert_string_equal(invoice_of(o, ORDER).number, "");
    hall_read(o->f, &tx);
    assert_ok(payment_sums(&tx, ORDER, &sums, e), e);
    assert_int_equal(sums.invoiced, 0);
    hall_end(&tx);
}

/* Invariant 2. */
static void what_is_going_back_is_not_invoiced(void **state)
{
    struct office *o = *state;
    struct err_info *e = &o->f->e;
    struct hall_tx tx;
    struct invoice_batch b;
    int fits;
    paid_orders(o, 1, "2026-09-25");
    hall_write(o->f, &finance, &tx);
    assert_ok(invoice_amount_fits(&tx, ORDER, &fits, e), e);
    assert_int_equal(fits, 1);
    assert_ok(payment_refund_all(&tx, ORDER, e), e);
    assert_ok(invoice_amount_fits(&tx, ORDER, &fits, e), e);
    assert_int_equal(fits, 0);
    assert_int_equal(invoice_issue(&tx, ORDER, e), ERR_INVOICE_AMOUNT);
    assert_int_equal(invoice_batch_preview(&tx, &b, e), ERR_NOT_FOUND);
    hall_end(&tx);
}

/* I11: the red-letter invoice has a number of its own and turns the booking back. */
static void a_red_letter_invoice_takes_it_back(void **state)
{
    struct office *o = *state;
    struct err_info *e = &o->f->e;
    struct hall_tx tx;
    struct bytes xml;
    struct payment_sums sums;
    const char *name;
    paid_orders(o, 1, "2026-09-25");
    hall_write(o->f, &finance, &tx);
    assert_ok(invoice_red(&tx, ORDER, e), e); /* never issued: nothing */
    assert_ok(invoice_issue(&tx, ORDER, e), e);
    for (int i = 0; i < 2; i++)
        assert_ok(invoice_red(&tx, ORDER, e), e);
    assert_ok(payment_sums(&tx, ORDER, &sums, e), e);
    assert_int_equal(sums.invoiced, 0);
    hall_done(o->f, &tx);
    hall_end(&tx);
    struct invoice v = invoice_of(o, ORDER);
    assert_string_equal(v.red_number, "26359000000000000002");
    hall_read(o->f, &tx);
    assert_ok(invoice_file(&tx, v.id, "red.xml", &xml, &name, e), e);
    const char *text = arena_text_n(o->f->arena, (const char *)xml.p, xml.n);
    assert_non_null(strstr(text, "<TotalTax-includedAmount>-300.00</TotalTax-includedAmount>"));
    assert_non_null(strstr(text, "红冲 26359000000000000001"));
    hall_end(&tx);
}

/* ---- the batch ---- */

static enum err issue(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    return invoice_issue(tx, order, e);
}

/* A process that dies at the third invoice, as far as the database can tell. */
static enum err die_at_third(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    TRY(invoice_issue(tx, order, e));
    return order < ORDER + 2 ? ERR_OK : err_set(e, ERR_IO, NULL, "killed");
}

static struct invoice_batch preview(struct office *o)
{
    struct hall_tx tx;
    struct invoice_batch b;
    hall_read(o->f, &tx);
    assert_ok(invoice_batch_preview(&tx, &b, &o->f->e), &o->f->e);
    hall_end(&tx);
    return b;
}

static enum err issue_previewed(struct office *o, invoice_issue_fn *how, int64_t *id)
{
    struct invoice_batch b = preview(o);
    struct invoice_batch_ask ask = {.month = b.month, .count = b.count, .total_fen = b.total_fen};
    return invoice_batch_issue(&o->f->hall, &finance, &ask, how, id, &o->f->e);
}

static struct invoice_batch batch_of(struct office *o, int64_t id)
{
    struct hall_tx tx;
    struct invoice_batch b;
    hall_read(o->f, &tx);
    assert_ok(invoice_batch_get(&tx, id, &b, &o->f->e), &o->f->e);
    hall_end(&tx);
    return b;
}

/* S0-31: only what was previewed is issued. */
static void the_batch_is_what_was_previewed(void **state)
{
    struct office *o = *state;
    struct hall_tx tx;
    int64_t id;
    paid_orders(o, 3, "2026-09-25");
    struct invoice_batch b = preview(o);
    assert_string_equal(b.month, "2026-09");
    assert_int_equal(b.count, 3);
    assert_int_equal(b.total_fen, 90000);
    assert_int_equal(b.tax_fen, 3 * 1698);
    paid_order(o, ORDER + 3, "2026-09-25");
    struct invoice_batch_ask ask = {.month = "2026-09", .count = 3, .total_fen = 90000};
    assert_int_equal(invoice_batch_issue(&o->f->hall, &finance, &ask, issue, &id, &o->f->e),
                     ERR_CONFLICT);
    assert_ok(issue_previewed(o, issue, &id), &o->f->e);
    b = batch_of(o, id);
    assert_int_equal(b.count, 4);
    assert_true(b.issued_at != 0);
    assert_string_equal(b.issued_by, "梁佩珊");
    hall_read(o->f, &tx);
    assert_int_equal(invoice_batch_preview(&tx, &b, &o->f->e), ERR_NOT_FOUND);
    hall_end(&tx);
}

/* What is paid after the batch day waits for the next one. */
static void the_next_month_waits(void **state)
{
    struct office *o = *state;
    int64_t id;
    paid_orders(o, 1, "2026-09-25");
    paid_order(o, ORDER + 1, "2026-10-25");
    assert_int_equal(preview(o).count, 1);
    assert_ok(issue_previewed(o, issue, &id), &o->f->e);
    assert_string_equal(preview(o).month, "2026-10");
    assert_string_equal(invoice_of(o, ORDER + 1).number, "");
}

/* Killed half way: what was issued stays, the rest follows in the same batch, numbers have no hole and no double. */
static void a_batch_that_died_goes_on(void **state)
{
    struct office *o = *state;
    struct hall_tx tx;
    const struct invoice_batch *list;
    size_t n;
    int64_t first, second;
    paid_orders(o, 5, "2026-09-25");
    assert_int_equal(issue_previewed(o, die_at_third, &first), ERR_IO);
    struct invoice_batch b = batch_of(o, first);
    assert_int_equal(b.count, 2);
    assert_true(b.issued_at == 0);
    assert_int_equal(preview(o).count, 3);
    assert_ok(issue_previewed(o, issue, &second), &o->f->e);
    assert_true(first == second);
    b = batch_of(o, first);
    assert_int_equal(b.count, 5);
    for (size_t i = 0; i < b.items; i++)
        assert_string_equal(b.item[i].number, arena_fmt(o->f->arena, "26359%015d", (int)i + 1));
    hall_read(o->f, &tx);
    assert_ok(invoice_batch_list(&tx, 0, 10, &list, &n, &o->f->e), &o->f->e);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].count, 5);
    assert_int_equal(list[0].total_fen, 150000);
    hall_end(&tx);
}

static void settle(struct office *o)
{
    struct hall_tx tx;
    hall_write(o->f, &hall_timer, &tx);
    assert_ok(invoice_batch_settle(&tx, &o->f->e), &o->f->e);
    hall_done(o->f, &tx);
    hall_end(&tx);
}

/* Killed behind the last invoice: nobody has anything left to press, and the next month's batch must not wait for that. */
static void a_batch_that_died_at_its_end_is_closed(void **state)
{
    struct office *o = *state;
    int64_t id;
    paid_orders(o, 3, "2026-09-25");
    assert_int_equal(issue_previewed(o, die_at_third, &id), ERR_IO);
    settle(o); /* one waits still: finance goes on with it */
    assert_true(batch_of(o, id).issued_at == 0);
    assert_ok(issue_previewed(o, issue, &id), &o->f->e);
    hall_tamper(o->f, "UPDATE invoice_batch SET issued_at = 0");
    paid_order(o, ORDER + 3, "2026-10-25");
    assert_int_equal(preview(o).count, 0);
    settle(o);
    assert_true(batch_of(o, id).issued_at != 0);
    assert_string_equal(preview(o).month, "2026-10");
    assert_int_equal(preview(o).count, 1);
    settle(o); /* none is open */
}

/* ---- title and mail ---- */

/* S0-32, S0-33, G-10: mailed with both files, again as often as wanted, and to another mailbox. */
static void an_invoice_is_mailed_as_often_as_wanted(void **state)
{
    struct office *o = *state;
    struct err_info *e = &o->f->e;
    struct hall_tx tx;
    const struct outbox_state *rows;
    size_t n;
    struct invoice_letter known = {0}, other = {.mailbox = "caiwu@haisi-scm.example"};
    paid_orders(o, 1, "2026-09-25");
    hall_write(o->f, &finance, &tx);
    assert_int_equal(invoice_mail(&tx, ORDER, &known, e), ERR_ORDER_STATE);
    assert_ok(invoice_issue(&tx, ORDER, e), e);
    assert_ok(invoice_mail(&tx, ORDER, &known, e), e);
    assert_ok(invoice_mail(&tx, ORDER, &other, e), e);
    assert_ok(outbox_of_order(&tx, ORDER, "mail", &rows, &n, e), e);
    assert_int_equal(n, 2);
    hall_done(o->f, &tx);
    hall_end(&tx);
    struct invoice v = invoice_of(o, ORDER);
    assert_int_equal(v.mails, 2);
    assert_string_equal(v.mailbox, "caiwu@haisi-scm.example");
}

/* I5: until it is issued; the mailbox also afterwards. */
static void the_title_is_fixed_once_issued(void **state)
{
    struct office *o = *state;
    struct err_info *e = &o->f->e;
    struct hall_tx tx;
    struct invoice_title name = {.buyer = "泉州海丝供应链集团有限公司"},
                         mailbox = {.mailbox = "new@haisi-scm.example"};
    paid_orders(o, 1, "2026-09-25");
    hall_write(o->f, &finance, &tx);
    assert_ok(invoice_title(&tx, ORDER, &name, e), e);
    assert_ok(invoice_issue(&tx, ORDER, e), e);
    assert_int_equal(invoice_title(&tx, ORDER, &name, e), ERR_ORDER_STATE);
    assert_ok(invoice_title(&tx, ORDER, &mailbox, e), e);
    hall_done(o->f, &tx);
    hall_end(&tx);
    struct invoice v = invoice_of(o, ORDER);
    assert_string_equal(v.buyer, name.buyer);
    assert_string_equal(v.mailbox, mailbox.mailbox);
}

/* Design §8: the mailbox is shown masked. */
static void the_page_masks_the_mailbox(void **state)
{
    struct office *o = *state;
    struct hall_tx tx;
    struct invoice_letter known = {0};
    _auto_buf b, c;
    struct json_out j;
    buf_init(&b, 8192);
    buf_init(&c, 8192);
    paid_orders(o, 1, "2026-09-25");
    struct invoice v = invoice_of(o, ORDER);
    hall_write(o->f, &finance, &tx);
    jout_init(&j, &b);
    invoice_write(&tx, &v, -1, &j, NULL);
    assert_non_null(strstr(buf_cstr(&b), "\"text\":\"9月25日 统一开具\""));
    assert_ok(invoice_issue(&tx, ORDER, &o->f->e), &o->f->e);
    assert_ok(invoice_mail(&tx, ORDER, &known, &o->f->e), &o->f->e);
    hall_done(o->f, &tx);
    hall_end(&tx);
    v = invoice_of(o, ORDER);
    hall_read(o->f, &tx);
    jout_init(&j, &c);
    invoice_write(&tx, &v, -1, &j, NULL);
    hall_end(&tx);
    assert_non_null(strstr(buf_cstr(&c), "\"state\":\"DELIVERED\""));
    assert_null(strstr(buf_cstr(&c), "shen@"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_written_in_words),
        INVOICE_TEST(an_issued_invoice_has_number_files_and_booking),
        INVOICE_TEST(without_a_seller_no_invoice_is_issued),
        INVOICE_TEST(what_is_going_back_is_not_invoiced),
        INVOICE_TEST(a_red_letter_invoice_takes_it_back),
        INVOICE_TEST(the_batch_is_what_was_previewed),
        INVOICE_TEST(the_next_month_waits),
        INVOICE_TEST(a_batch_that_died_goes_on),
        INVOICE_TEST(a_batch_that_died_at_its_end_is_closed),
        INVOICE_TEST(an_invoice_is_mailed_as_often_as_wanted),
        INVOICE_TEST(the_title_is_fixed_once_issued),
        INVOICE_TEST(the_page_masks_the_mailbox),
    };
    return cmocka_run_group_tests_name("invoice", tests, NULL, NULL);
}
