/* The ledger on a real database: what must balance, what happens once (requirements §10.2, G-08). */
#include "hall/payment/payment.h"

#include "hall_fixture.h"

#include <string.h>

static const struct actor bank = {BY_EXTERNAL, 0, "netbank", "", "127.0.0.1"};
static const int64_t ORDER = 2200000000000000001;

static struct payment_sums sums_of(struct hall_tx *tx, int64_t order)
{
    struct err_info e;
    struct payment_sums s;
    assert_ok(payment_sums(tx, order, &s, &e), &e);
    return s;
}

/* credit − debit of an account; of the bank debit − credit. */
static int64_t balance(const struct payment_ledger *l, const char *code)
{
    for (size_t i = 0; i < l->accounts; i++)
        if (strcmp(l->account[i].code, code) == 0)
            return strcmp(code, "bank") == 0 ? l->account[i].debit_fen - l->account[i].credit_fen
                                             : l->account[i].credit_fen - l->account[i].debit_fen;
    fail_msg("no account %s", code);
    return 0;
}

static struct payment_ledger ledger(struct hall_tx *tx)
{
    struct err_info e;
    struct payment_ledger l;
    assert_ok(payment_ledger(tx, (struct payment_period){0}, 0, 100, &l, &e), &e);
    return l;
}

static void an_amount_contains_its_vat(void **state)
{
    (void)state;
    assert_int_equal(payment_net(30000, 6), 28302); /* 283.02 + 16.98 */
    assert_int_equal(payment_net(5000, 6), 4717);
    assert_int_equal(payment_net(0, 6), 0);
    assert_int_equal(payment_net(106, 6), 100);
    assert_int_equal(payment_net(30000, 0), 30000);
}

static void money_told_of_twice_is_one_row(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const struct payment_money *m;
    size_t n;
    int known;
    hall_write(f, &bank, &tx);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    assert_ok(payment_known(&tx, "T1", &known, &f->e), &f->e);
    assert_int_equal(known, 0);
    for (int i = 0; i < 3; i++)
        assert_ok(payment_book(&tx, ORDER,
                               &(struct payment_receipt){"net_bank", "T1", 30000, tx.now, 1},
                               &f->e),
                  &f->e);
    assert_ok(payment_known(&tx, "T1", &known, &f->e), &f->e);
    assert_int_equal(known, 1);
    assert_ok(payment_money_of(&tx, ORDER, &m, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    struct payment_ledger l = ledger(&tx);
    assert_int_equal(l.lines, 1);
    assert_int_equal(balance(&l, "bank"), 30000);
    assert_int_equal(sums_of(&tx, ORDER).paid, 30000);
    hall_end(&tx);
}

/* P14 and P7: money with a wrong amount stands apart, finance sees it, and matching moves it to the order. */
static void wrong_money_stands_apart_until_matched(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const struct payment_exception *x;
    size_t n;
    hall_write(f, &bank, &tx);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    assert_ok(payment_suspend(&tx, ORDER,
                              &(struct payment_receipt){"net_bank", "T1", 29999, tx.now, 1}, &f->e),
              &f->e);
    struct payment_ledger l = ledger(&tx);
    assert_int_equal(balance(&l, "suspense"), 29999);
    assert_int_equal(sums_of(&tx, ORDER).held, 29999);
    assert_int_equal(sums_of(&tx, ORDER).paid, 0);
    assert_ok(payment_exception_list(&tx, 0, 10, &x, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_string_equal(x[0].kind, "wrong_amount");
    assert_ok(payment_book(&tx, ORDER,
                           &(struct payment_receipt){"net_bank", "T1", 29999, tx.now, 1}, &f->e),
              &f->e);
    l = ledger(&tx);
    assert_int_equal(balance(&l, "suspense"), 0);
    assert_int_equal(balance(&l, "customer"), 29999);
    assert_int_equal(balance(&l, "bank"), 29999);
    hall_end(&tx);
}

/* P9: the second payment of the same order is a duplicate and goes back once, by one outbox row. */
static void a_duplicate_is_given_back_once(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const struct outbox_state *rows;
    const struct payment_exception *x;
    size_t n;
    hall_write(f, &bank, &tx);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    assert_ok(payment_book(&tx, ORDER,
                           &(struct payment_receipt){"net_bank", "T1", 30000, tx.now, 1}, &f->e),
              &f->e);
    assert_ok(payment_suspend(&tx, ORDER,
                              &(struct payment_receipt){"net_bank", "T2", 30000, tx.now, 1}, &f->e),
              &f->e);
    assert_ok(payment_exception_list(&tx, 0, 10, &x, &n, &f->e), &f->e);
    assert_string_equal(x[0].kind, "duplicate");
    for (int i = 0; i < 2; i++)
        assert_ok(payment_refund_one(&tx, ORDER, "T2", &f->e), &f->e);
    assert_ok(outbox_of_order(&tx, ORDER, "payment.refund", &rows, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    for (int i = 0; i < 2; i++)
        assert_ok(payment_refund_book(&tx, ORDER, "T2", 30000, &f->e), &f->e);
    struct payment_sums s = sums_of(&tx, ORDER);
    assert_int_equal(s.paid, 30000);
    assert_int_equal(s.held, 30000);
    assert_int_equal(s.refunded, 30000);
    struct payment_ledger l = ledger(&tx);
    assert_int_equal(balance(&l, "bank"), 30000);
    assert_int_equal(balance(&l, "suspense"), 0);
    hall_end(&tx);
}

/* G-07: the money of an order waits for a second person, and is not invoiced meanwhile. */
static void an_orders_refund_waits_for_the_second_person(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const struct outbox_state *rows;
    const struct payment_money *m;
    size_t n;
    hall_write(f, &bank, &tx);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    assert_ok(payment_book(&tx, ORDER,
                           &(struct payment_receipt){"net_bank", "T1", 30000, tx.now, 1}, &f->e),
              &f->e);
    assert_ok(payment_refund_all(&tx, ORDER, &f->e), &f->e);
    assert_ok(outbox_of_order(&tx, ORDER, "payment.refund", &rows, &n, &f->e), &f->e);
    assert_int_equal(n, 0);
    assert_int_equal(sums_of(&tx, ORDER).paid, 0);
    assert_int_equal(sums_of(&tx, ORDER).held, 30000);
    assert_ok(payment_money_of(&tx, ORDER, &m, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_ok(payment_refund_send(&tx, m[0].id, &f->e), &f->e);
    assert_err(ERR_ORDER_STATE, payment_refund_send(&tx, m[0].id, &f->e)); /* sent already */
    assert_err(ERR_NOT_FOUND, payment_refund_send(&tx, 999, &f->e));
    assert_ok(outbox_of_order(&tx, ORDER, "payment.refund", &rows, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    hall_end(&tx);
}

/* The bank knows a refund by its number: the same money keeps it after a restore, where rows are counted anew, and no
 * other money ever has it. */
static void a_refund_is_numbered_by_its_money(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const struct payment_money *m;
    char *number[2][2];
    size_t n;
    for (int again = 0; again < 2; again++) {
        hall_write(f, &bank, &tx);
        assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
        assert_ok(
            payment_suspend(&tx, ORDER,
                            &(struct payment_receipt){"net_bank", again ? "T2" : "T1", 30000, 1, 1},
                            &f->e),
            &f->e);
        assert_ok(
            payment_suspend(&tx, ORDER,
                            &(struct payment_receipt){"net_bank", again ? "T1" : "T2", 30000, 1, 1},
                            &f->e),
            &f->e);
        assert_ok(payment_refund_all(&tx, ORDER, &f->e), &f->e);
        assert_ok(payment_money_of(&tx, ORDER, &m, &n, &f->e), &f->e);
        for (size_t i = 0; i < 2; i++) {
            number[again][i] = arena_text(f->arena, m[again ? 1 - i : i].refund_no);
            assert_true(strlen(number[again][i]) > 20 && strlen(number[again][i]) <= 32);
        }
        assert_ok(payment_refund_send(&tx, m[0].id, &f->e), &f->e);
        assert_ok(payment_money_of(&tx, ORDER, &m, &n, &f->e), &f->e);
        assert_string_equal(m[0].refund_no, number[again][again]);
        hall_end(&tx); /* nothing of it is kept */
    }
    assert_string_equal(number[0][0], number[1][0]);
    assert_string_equal(number[0][1], number[1][1]);
    assert_string_not_equal(number[0][0], number[0][1]);
}

/* P3: the page is open for half an hour and no longer. */
static void a_page_is_open_for_thirty_minutes(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct payment p;
    const int64_t *over;
    const char *url;
    size_t n;
    hall_write(f, &bank, &tx);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    assert_ok(payment_page(&tx, ORDER, "net_bank", "新办证书", &f->e), &f->e);
    assert_ok(payment_get(&tx, ORDER, &p, &f->e), &f->e);
    assert_int_equal(p.page_until - tx.machine, PAYMENT_PAGE_MS);
    assert_ok(payment_to_ask(&tx, 10, &over, &n, &f->e), &f->e);
    assert_int_equal(n, 0);
    tx.machine += PAYMENT_PAGE_MS;
    assert_ok(payment_to_ask(&tx, 10, &over, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_true(over[0] == ORDER);
    assert_int_equal(payment_redirect(&tx, &p, &url, &f->e), ERR_ORDER_STATE);
    assert_ok(payment_page_close(&tx, ORDER, &f->e), &f->e);
    assert_ok(payment_to_ask(&tx, 10, &over, &n, &f->e), &f->e);
    assert_int_equal(n, 0);
    hall_end(&tx);
}

/* Which number an attempt has, both ways; what is none is refused. */
static void an_attempt_has_a_number_of_its_own(void **state)
{
    struct hall_fixture *f = *state;
    static const char *const wrong[] = {"",
                                        "-2",
                                        "x",
                                        "12-",
                                        "12-1",
                                        "12-x",
                                        "12-2-3",
                                        "-",
                                        "12-02x",
                                        "99999999999999999999",
                                        "12-99999999999999999999"};
    const int attempts[] = {1, 2, 17, 2147483647};
    int64_t order;
    int attempt;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        const char *number = payment_number(f->arena, INT64_MAX, attempts[i]);
        assert_true(strlen(number) <= 32);
        assert_int_equal(payment_number_read(number, &order, &attempt), 1);
        assert_true(order == INT64_MAX && attempt == attempts[i]);
    }
    assert_string_equal(payment_number(f->arena, 12, 1), "12");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(payment_number_read(wrong[i], &order, &attempt), 0);
}

/* P14: money that goes back uses its number up; the same page opened again does not. */
static void paying_again_after_a_refund_is_a_new_attempt(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct payment p;
    const struct payment_money *m;
    const char *body;
    size_t n;
    hall_write(f, &bank, &tx);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    for (int i = 0; i < 2; i++) {
        assert_ok(payment_page(&tx, ORDER, "net_bank", "新办证书", &f->e), &f->e);
        assert_ok(payment_get(&tx, ORDER, &p, &f->e), &f->e);
        assert_int_equal(p.attempt, 1);
    }
    assert_ok(payment_suspend(&tx, ORDER,
                              &(struct payment_receipt){"net_bank", "T1", 29999, tx.now, 1}, &f->e),
              &f->e);
    assert_ok(payment_refund_one(&tx, ORDER, "T1", &f->e), &f->e);
    assert_ok(payment_page(&tx, ORDER, "net_bank", "新办证书", &f->e), &f->e);
    assert_ok(payment_get(&tx, ORDER, &p, &f->e), &f->e);
    assert_int_equal(p.attempt, 2);
    assert_ok(payment_query_body(&tx, ORDER, &body, &f->e), &f->e);
    assert_non_null(strstr(body, "\"attempts\":2"));
    assert_ok(payment_money_of(&tx, ORDER, &m, &n, &f->e), &f->e);
    assert_int_equal(m[0].attempt, 1);
    hall_end(&tx);
}

/* A8: an order ends though the bank never answers: it is asked more and more rarely, and given up after a day. */
static void an_order_is_not_kept_for_ever_by_a_silent_bank(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const struct payment_exception *x;
    int64_t wait = 1, last = 0, begin;
    size_t n;
    int asked = 0;
    hall_write(f, &bank, &tx);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    assert_ok(payment_give_up(&tx, ORDER, &wait, &f->e), &f->e);
    assert_int_equal(wait, 0); /* no page was ever open */
    assert_ok(payment_page(&tx, ORDER, "net_bank", "新办证书", &f->e), &f->e);
    begin = tx.machine += 7 * TIME_DAY;
    for (wait = 1; wait && asked < 1000; asked++) {
        assert_ok(payment_give_up(&tx, ORDER, &wait, &f->e), &f->e);
        assert_true(wait >= last || !wait);
        last = wait;
        tx.machine += wait;
    }
    assert_true(asked > 10 && asked < 60);
    assert_true(tx.machine - begin >= PAYMENT_WATCH_MS &&
                tx.machine - begin < PAYMENT_WATCH_MS * 3 / 2);
    assert_ok(payment_exceptions_of(&tx, ORDER, &x, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_string_equal(x[0].kind, "unanswered");
    hall_end(&tx);
}

/* An answer begins the waiting anew. */
static void an_answer_is_good_enough_to_give_up_by(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct payment p;
    int64_t wait;
    hall_write(f, &bank, &tx);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    assert_ok(payment_page(&tx, ORDER, "net_bank", "新办证书", &f->e), &f->e);
    assert_ok(payment_give_up(&tx, ORDER, &wait, &f->e), &f->e);
    assert_int_equal(wait, PAYMENT_WAIT_MS);
    assert_ok(payment_answered(&tx, ORDER, &f->e), &f->e);
    assert_ok(payment_give_up(&tx, ORDER, &wait, &f->e), &f->e);
    assert_int_equal(wait, 0);
    assert_ok(payment_get(&tx, ORDER, &p, &f->e), &f->e);
    assert_int_equal(p.waiting_since, 0);
    hall_end(&tx);
}

static int64_t ask_at(struct hall_fixture *f, struct hall_tx *tx)
{
    struct payment p;
    assert_ok(payment_get(tx, ORDER, &p, &f->e), &f->e);
    return p.ask_at;
}

/* P13, P15: who is on the bank's page can still pay there. The bank is asked on, ever more slowly, and for a day. */
static void a_closed_page_is_asked_about_for_a_day(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    hall_write(f, &bank, &tx);
    int64_t begin = tx.machine, pause = 0, last;
    int asked = 0;
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    assert_ok(payment_page_close(&tx, ORDER, &f->e), &f->e);
    assert_int_equal(ask_at(f, &tx), 0); /* there was no page */
    assert_ok(payment_page(&tx, ORDER, "net_bank", "新办证书", &f->e), &f->e);
    assert_ok(payment_page_close(&tx, ORDER, &f->e), &f->e);
    assert_int_equal(ask_at(f, &tx) - begin, PAYMENT_ASK_MS);
    last = begin + PAYMENT_PAGE_MS;
    for (; ask_at(f, &tx) && asked < 1000; asked++) {
        tx.machine = ask_at(f, &tx);
        assert_true(tx.machine - begin < PAYMENT_PAGE_MS || tx.machine - last >= pause);
        if (tx.machine > last && tx.machine - begin < PAYMENT_WATCH_MS / 2) {
            pause = tx.machine - last;
            last = tx.machine;
        }
        assert_ok(payment_asked(&tx, ORDER, &f->e), &f->e);
    }
    assert_true(asked > 10 && asked < 50);
    assert_int_equal(tx.machine - begin, PAYMENT_PAGE_MS + PAYMENT_WATCH_MS);
    assert_ok(payment_page(&tx, ORDER, "net_bank", "新办证书", &f->e), &f->e);
    assert_ok(payment_suspend(&tx, ORDER,
                              &(struct payment_receipt){"net_bank", "T1", 30000, tx.now, 1}, &f->e),
              &f->e);
    assert_int_equal(ask_at(f, &tx), 0); /* it has come */
    hall_end(&tx);
}

/* However many orders the bank never answers about, each other one has its turn. */
static void no_order_keeps_another_from_being_asked_about(void **state)
{
    enum { SILENT = 12, AT_ONCE = 4 };
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const int64_t *orders;
    size_t n;
    int seen = 0;
    hall_write(f, &bank, &tx);
    for (int i = 0; i < SILENT; i++) {
        assert_ok(payment_open(&tx, ORDER + i, 30000, 0, &f->e), &f->e);
        assert_ok(payment_page(&tx, ORDER + i, "net_bank", "新办证书", &f->e), &f->e);
    }
    tx.machine += PAYMENT_PAGE_MS;
    for (int round = 0; round < SILENT / AT_ONCE; round++) {
        assert_ok(payment_to_ask(&tx, AT_ONCE, &orders, &n, &f->e), &f->e);
        assert_int_equal(n, AT_ONCE);
        for (size_t i = 0; i < n; i++) {
            assert_ok(payment_ask_gateway(&tx, orders[i], "page", &f->e), &f->e);
            seen |= 1 << (orders[i] - ORDER);
        }
    }
    assert_int_equal(seen, (1 << SILENT) - 1);
    assert_ok(payment_to_ask(&tx, AT_ONCE, &orders, &n, &f->e), &f->e);
    assert_int_equal(n, 0);
    hall_end(&tx);
}

/* ---- whatever happens in whatever order, the books agree with the money ---- */

enum { ORDERS = 3, TRADES = 4, STEPS = 160, PRICE = 30000, ISSUED = 1, TAKEN_BACK = 2 };

struct world {
    struct hall_fixture *f;
    struct hall_tx tx;
    uint32_t seed;
    int invoiced[ORDERS];
};

static uint32_t dice(struct world *w, uint32_t sides)
{
    w->seed = w->seed * 1664525 + 1013904223;
    return (w->seed >> 16) % sides;
}

static void give_back(struct world *w, int64_t order, const char *trade)
{
    const struct payment_money *m;
    size_t n;
    assert_ok(payment_money_of(&w->tx, order, &m, &n, &w->f->e), &w->f->e);
    for (size_t k = 0; k < n; k++)
        if (strcmp(m[k].trade_no, trade) == 0)
            assert_ok(payment_refund_book(&w->tx, order, trade, m[k].amount_fen, &w->f->e),
                      &w->f->e);
}

static void one_step(struct world *w)
{
    struct err_info *e = &w->f->e;
    uint32_t i = dice(w, ORDERS);
    int64_t order = ORDER + i, amount = dice(w, 3) ? PRICE : PRICE - 1;
    char trade[24];
    snprintf(trade, sizeof trade, "T%u-%u", i, dice(w, TRADES));
    uint32_t what = dice(w, 6);
    if (what == 0) { /* what goes back cannot be matched */
        enum err done = payment_book(
            &w->tx, order, &(struct payment_receipt){"net_bank", trade, PRICE, w->tx.now, 1}, e);
        assert_true(done == ERR_OK || done == ERR_PAYMENT_NO_LINE);
    } else if (what == 1)
        assert_ok(
            payment_suspend(&w->tx, order,
                            &(struct payment_receipt){"net_bank", trade, amount, w->tx.now, 1}, e),
            e);
    else if (what == 2)
        assert_ok(payment_refund_one(&w->tx, order, trade, e), e);
    else if (what == 3)
        give_back(w, order, trade);
    else if (what == 4) {
        assert_ok(payment_book_invoice(&w->tx, order, order, PRICE, 6, e), e);
        w->invoiced[i] |= ISSUED;
    } else if (w->invoiced[i] & ISSUED) {
        assert_ok(payment_book_red(&w->tx, order, order, PRICE, 6, e), e);
        w->invoiced[i] |= TAKEN_BACK;
    }
}

static void books_agree(struct world *w)
{
    struct payment_ledger l = ledger(&w->tx);
    int64_t paid = 0, apart = 0, invoiced = 0;
    assert_true(l.debit_fen == l.credit_fen);
    for (int i = 0; i < ORDERS; i++) {
        const struct payment_money *m;
        size_t n;
        assert_ok(payment_money_of(&w->tx, ORDER + i, &m, &n, &w->f->e), &w->f->e);
        for (size_t k = 0; k < n; k++)
            if (strcmp(m[k].refund_state, "done") != 0)
                *(strcmp(m[k].purpose, "payment") == 0 ? &paid : &apart) += m[k].amount_fen;
        int64_t expected = w->invoiced[i] == ISSUED ? PRICE : 0;
        assert_true(sums_of(&w->tx, ORDER + i).invoiced == expected);
        invoiced += expected;
    }
    assert_true(balance(&l, "bank") == paid + apart);
    assert_true(balance(&l, "suspense") == apart);
    assert_true(balance(&l, "revenue") + balance(&l, "vat") == invoiced);
    assert_true(balance(&l, "customer") == paid - invoiced);
}

static void the_books_agree_after_any_sequence(void **state)
{
    struct world w = {.f = *state, .seed = 20260907};
    hall_write(w.f, &bank, &w.tx);
    for (int i = 0; i < ORDERS; i++)
        assert_ok(payment_open(&w.tx, ORDER + i, PRICE, 0, &w.f->e), &w.f->e);
    for (int i = 0; i < STEPS; i++) {
        one_step(&w);
        books_agree(&w);
    }
    hall_done(w.f, &w.tx);
}

/* The month's books hold what was booked in it, and nothing else. */
static void a_period_has_its_own_sums(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct payment_ledger l;
    int64_t count;
    hall_write(f, &bank, &tx);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    assert_ok(payment_book(&tx, ORDER,
                           &(struct payment_receipt){"net_bank", "T1", 30000, tx.now, 1}, &f->e),
              &f->e);
    struct payment_period before = {.from = 0, .until = tx.now};
    struct payment_period with = {.from = tx.now, .until = tx.now + 1};
    assert_ok(payment_ledger(&tx, before, 0, 10, &l, &f->e), &f->e);
    assert_int_equal(l.lines, 0);
    assert_int_equal(l.debit_fen, 0);
    assert_ok(payment_ledger(&tx, with, 0, 10, &l, &f->e), &f->e);
    assert_int_equal(l.lines, 1);
    assert_int_equal(l.debit_fen, 30000);
    assert_string_equal(payment_line_text(&l.line[0], LANG_ZH), "收款");
    assert_ok(payment_exception_count(&tx, &count, &f->e), &f->e);
    assert_int_equal(count, 0);
    hall_end(&tx);
}

/* A forger's callbacks fill no list, and an order that owes nothing is not named at all. */
static void forged_callbacks_are_told_a_few_times(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    int worth;
    hall_write(f, &bank, &tx);
    assert_ok(payment_forged_worth(&tx, ORDER, &worth, &f->e), &f->e);
    assert_int_equal(worth, 0);
    assert_ok(payment_open(&tx, ORDER, 30000, 0, &f->e), &f->e);
    for (int i = 0; i < PAYMENT_FORGED_MAX; i++) {
        assert_ok(payment_forged_worth(&tx, ORDER, &worth, &f->e), &f->e);
        assert_int_equal(worth, 1);
        assert_ok(payment_exception_note(&tx, ORDER, "bad_signature", "127.0.0.1", &f->e), &f->e);
    }
    assert_ok(payment_forged_worth(&tx, ORDER, &worth, &f->e), &f->e);
    assert_int_equal(worth, 0);
    hall_end(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_contains_its_vat),
        HALL_TEST(money_told_of_twice_is_one_row),
        HALL_TEST(wrong_money_stands_apart_until_matched),
        HALL_TEST(a_duplicate_is_given_back_once),
        HALL_TEST(an_orders_refund_waits_for_the_second_person),
        HALL_TEST(a_refund_is_numbered_by_its_money),
        HALL_TEST(a_page_is_open_for_thirty_minutes),
        HALL_TEST(a_closed_page_is_asked_about_for_a_day),
        HALL_TEST(an_attempt_has_a_number_of_its_own),
        HALL_TEST(paying_again_after_a_refund_is_a_new_attempt),
        HALL_TEST(an_order_is_not_kept_for_ever_by_a_silent_bank),
        HALL_TEST(an_answer_is_good_enough_to_give_up_by),
        HALL_TEST(no_order_keeps_another_from_being_asked_about),
        HALL_TEST(the_books_agree_after_any_sequence),
        HALL_TEST(a_period_has_its_own_sums),
        HALL_TEST(forged_callbacks_are_told_a_few_times),
    };
    return cmocka_run_group_tests_name("payment", tests, NULL, NULL);
}
