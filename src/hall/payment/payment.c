#include "hall/payment/payment.h"

#include "base/json.h"
#include "base/text.h"
#include "hall/audit/audit.h"
#include "hall/payment/payment_sql.h"
#include "pki/digest.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

/* Accounts: the bank, money of customers not yet invoiced, money that does not fit, revenue, VAT owed. */
#define BANK "bank"
#define CUSTOMER "customer"
#define SUSPENSE "suspense"
#define REVENUE "revenue"
#define VAT "vat"

static enum err post(struct hall_tx *tx, const char *key, int64_t order, const char *debit,
                     const char *credit, int64_t amount_fen, const char *what, struct err_info *e)
{
    if (amount_fen == 0)
        return ERR_OK;
    return store_exec(tx->db, &Q_payment_ledger_add,
                      PARAMS(P_TEXT(key), P_INT(tx->now), P_INT(order), P_TEXT(debit),
                             P_TEXT(credit), P_INT(amount_fen), P_TEXT(what)),
                      NULL, e);
}

enum err payment_open(struct hall_tx *tx, int64_t order, int64_t amount_fen, int64_t price_until,
                      struct err_info *e)
{
    return store_exec(tx->db, &Q_payment_open,
                      PARAMS(P_INT(order), P_INT(amount_fen), P_TEXT(""), P_INT(price_until)), NULL,
                      e);
}

enum err payment_free(struct hall_tx *tx, int64_t order, const char *rule, struct err_info *e)
{
    return store_exec(tx->db, &Q_payment_open,
                      PARAMS(P_INT(order), P_INT(0), P_TEXT(rule), P_INT(0)), NULL, e);
}

/* Where money came in the last attempt and the order is to be paid again, that money goes or went back. */
static enum err next_attempt(struct hall_tx *tx, int64_t order, int *out, struct err_info *e)
{
    struct payment p;
    const struct payment_money *m;
    size_t n;
    TRY(payment_get(tx, order, &p, e));
    TRY(payment_money_of(tx, order, &m, &n, e));
    *out = p.attempt;
    for (size_t i = 0; i < n; i++)
        if (m[i].attempt == p.attempt)
            *out = p.attempt + 1;
    return ERR_OK;
}

enum err payment_page(struct hall_tx *tx, int64_t order, const char *method, const char *subject,
                      struct err_info *e)
{
    int attempt;
    TRY(next_attempt(tx, order, &attempt, e));
    return store_exec_one(
        tx->db, &Q_payment_page,
        PARAMS(P_INT(order), P_TEXT(method), P_TEXT(subject), P_INT(tx->machine + PAYMENT_PAGE_MS),
               P_INT(tx->machine + PAYMENT_PAGE_MS + PAYMENT_WATCH_MS), P_INT(attempt)),
        e);
}

/* Nobody pays there by our page any more, but who is on the bank's page still can: the gateway is asked on. */
enum err payment_page_close(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    struct payment p;
    enum err found = payment_get(tx, order, &p, e);
    if (found == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(found);
    int64_t ask_at = tx->machine < p.watch_until ? tx->machine + PAYMENT_ASK_MS : 0;
    return store_exec(tx->db, &Q_payment_page_close, PARAMS(P_INT(order), P_INT(ask_at)), NULL, e);
}

static void read_money(const struct store_row *row, struct payment_money *out)
{
    *out = (struct payment_money){.id = row_int(row, "id"),
                                  .order = row_int(row, "order_id"),
                                  .amount_fen = row_int(row, "amount_fen"),
                                  .at = row_int(row, "at"),
                                  .method = row_text(row, "method"),
                                  .trade_no = row_text(row, "trade_no"),
                                  .purpose = row_text(row, "purpose"),
                                  .refund_no = row_text(row, "refund_no"),
                                  .refund_state = row_text(row, "refund_state"),
                                  .attempt = (int)row_int(row, "attempt")};
}

static enum err money_by_trade(struct hall_tx *tx, const char *method, const char *trade_no,
                               struct payment_money *out, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_payment_money_by_trade, PARAMS(P_TEXT(method), P_TEXT(trade_no)),
                  tx->arena, &row, e));
    read_money(row, out);
    return ERR_OK;
}

/* One row a transaction; *fresh 0 when the gateway had told of it before. */
static enum err take_money(struct hall_tx *tx, int64_t order, const struct payment_receipt *r,
                           const char *purpose, struct payment_money *out, int *fresh,
                           struct err_info *e)
{
    int64_t added;
    TRY(store_exec(tx->db, &Q_payment_money_add,
                   PARAMS(P_INT(order), P_TEXT(r->method), P_TEXT(r->trade_no),
                          P_INT(r->amount_fen), P_INT(r->at), P_TEXT(purpose), P_INT(r->attempt)),
                   &added, e));
    *fresh = added == 1;
    if (*fresh) /* what was waited for has come */
        TRY(store_exec(tx->db, &Q_payment_page_used, PARAMS(P_INT(order)), NULL, e));
    return money_by_trade(tx, r->method, r->trade_no, out, e);
}

enum err payment_book(struct hall_tx *tx, int64_t order, const struct payment_receipt *r,
                      struct err_info *e)
{
    struct payment_money m;
    int fresh;
    TRY(take_money(tx, order, r, "payment", &m, &fresh, e));
    TRY(payment_page_close(tx, order, e));
    if (fresh)
        return post(tx, arena_fmt(tx->arena, "receipt:%" PRId64, m.id), order, BANK, CUSTOMER,
                    r->amount_fen, "receipt", e);
    if (strcmp(m.purpose, "suspense") != 0)
        return ERR_OK;
    /* finance has matched what stood apart (P7); what goes back cannot be matched any more */
    if (strcmp(m.refund_state, "none") != 0)
        return err_set(e, ERR_PAYMENT_NO_LINE, "trade_no", "%s is %s", r->trade_no, m.refund_state);
    TRY(store_exec(tx->db, &Q_payment_money_allocate, PARAMS(P_INT(m.id)), NULL, e));
    return post(tx, arena_fmt(tx->arena, "allocate:%" PRId64, m.id), order, SUSPENSE, CUSTOMER,
                m.amount_fen, "allocate", e);
}

static const char *exception_kind(int64_t due, int64_t held, int64_t amount)
{
    if (held >= due && due > 0)
        return "duplicate";
    return amount != due ? "wrong_amount" : "late";
}

enum err payment_suspend(struct hall_tx *tx, int64_t order, const struct payment_receipt *r,
                         struct err_info *e)
{
    struct payment_money m;
    struct payment_sums sums;
    int fresh;
    TRY(payment_sums(tx, order, &sums, e));
    TRY(take_money(tx, order, r, "suspense", &m, &fresh, e));
    if (!fresh)
        return ERR_OK;
    TRY(store_exec(tx->db, &Q_payment_exception_add,
                   PARAMS(P_INT(order), P_INT(m.id),
                          P_TEXT(exception_kind(sums.due, sums.held, r->amount_fen)),
                          P_TEXT(r->trade_no), P_INT(tx->now)),
                   NULL, e));
    return post(tx, arena_fmt(tx->arena, "suspense:%" PRId64, m.id), order, BANK, SUSPENSE,
                r->amount_fen, "suspense", e);
}

/* ---- refunds ---- */

/* By order and transaction alone: after a restore, when rows are counted anew, the same money has the same number, and
 * no other has it. 31 characters: banks take 32. */
static const char *refund_number(struct arena *a, const struct payment_money *m)
{
    enum { MARK = 5 };
    uint8_t hash[DIGEST_LEN];
    const char *text = arena_fmt(a, "%s:%s", m->method, m->trade_no);
    if (*m->refund_no)
        return m->refund_no;
    digest_sha256((struct bytes){(const uint8_t *)text, strlen(text)}, hash);
    return arena_fmt(a, "R%019" PRId64 "-%s", m->order, text_hex(a, (struct bytes){hash, MARK}));
}

static const char *refund_idem(struct arena *a, int64_t money)
{
    return arena_fmt(a, "refund:%" PRId64, money);
}

static enum err send_refund(struct hall_tx *tx, const struct payment_money *m, struct err_info *e)
{
    const char *refund_no = refund_number(tx->arena, m);
    _auto_buf b;
    buf_init(&b, 4096);
    struct json_out j;
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_id(&j, "order", m->order);
    jout_int(&j, "attempt", m->attempt);
    jout_int(&j, "money", m->id);
    jout_text(&j, "refund_no", refund_no);
    jout_text(&j, "trade_no", m->trade_no);
    jout_int(&j, "amount_fen", m->amount_fen);
    jout_end(&j);
    TRY(store_exec(tx->db, &Q_payment_money_refund,
                   PARAMS(P_INT(m->id), P_TEXT(refund_no), P_TEXT("sent")), NULL, e));
    struct outbox_new row = {.kind = "payment.refund",
                             .order = m->order,
                             .idem = refund_idem(tx->arena, m->id),
                             .body = buf_cstr(&b)};
    return outbox_put(tx, &row, NULL, e);
}

enum err payment_refund_one(struct hall_tx *tx, int64_t order, const char *trade_no,
                            struct err_info *e)
{
    const struct payment_money *m;
    size_t n;
    TRY(payment_money_of(tx, order, &m, &n, e));
    for (size_t i = 0; i < n; i++)
        if (strcmp(m[i].trade_no, trade_no) == 0 && strcmp(m[i].refund_state, "none") == 0)
            return send_refund(tx, &m[i], e);
    return ERR_OK;
}

enum err payment_refund_all(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    const struct payment_money *m;
    size_t n;
    TRY(payment_money_of(tx, order, &m, &n, e));
    for (size_t i = 0; i < n; i++)
        if (strcmp(m[i].refund_state, "none") == 0)
            TRY(store_exec(
                tx->db, &Q_payment_money_refund,
                PARAMS(P_INT(m[i].id), P_TEXT(refund_number(tx->arena, &m[i])), P_TEXT("asked")),
                NULL, e));
    return ERR_OK;
}

enum err payment_refund_send(struct hall_tx *tx, int64_t money, struct err_info *e)
{
    struct payment_money m;
    TRY(payment_money_get(tx, money, &m, e));
    if (strcmp(m.refund_state, "asked") != 0)
        return err_set(e, ERR_ORDER_STATE, NULL, "the refund of %" PRId64 " is %s", money,
                       m.refund_state);
    return send_refund(tx, &m, e);
}

static enum err note_money(struct hall_tx *tx, const struct payment_money *m, const char *kind,
                           struct err_info *e)
{
    return store_exec(
        tx->db, &Q_payment_exception_add,
        PARAMS(P_INT(m->order), P_INT(m->id), P_TEXT(kind), P_TEXT(m->trade_no), P_INT(tx->now)),
        NULL, e);
}

enum err payment_refund_refused(struct hall_tx *tx, int64_t order, const char *trade_no,
                                struct err_info *e)
{
    const struct payment_money *m;
    size_t n;
    TRY(payment_money_of(tx, order, &m, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(m[i].trade_no, trade_no) != 0 || strcmp(m[i].refund_state, "sent") != 0)
            continue;
        TRY(note_money(tx, &m[i], "refund_refused", e));
        TRY(store_exec(tx->db, &Q_payment_money_refund,
                       PARAMS(P_INT(m[i].id), P_TEXT(m[i].refund_no), P_TEXT("refused")), NULL, e));
    }
    return ERR_OK;
}

enum err payment_refund_again(struct hall_tx *tx, int64_t money, const char *reason,
                              struct err_info *e)
{
    struct payment_money m;
    TRY(payment_money_get(tx, money, &m, e));
    if (strcmp(m.refund_state, "refused") != 0)
        return err_set(e, ERR_ORDER_STATE, NULL, "the refund of %" PRId64 " is %s", money,
                       m.refund_state);
    TRY(store_exec(tx->db, &Q_payment_money_refund,
                   PARAMS(P_INT(m.id), P_TEXT(m.refund_no), P_TEXT("sent")), NULL, e));
    struct audit_entry x = {.act = "payment.refund_again",
                            .order = m.order,
                            .object = arena_fmt(tx->arena, "payment:%" PRId64, m.id),
                            .new_value = m.refund_no,
                            .reason = reason};
    TRY(audit_write(tx, &x, e));
    return outbox_again_idem(tx, refund_idem(tx->arena, m.id), e);
}

enum err payment_refund_book(struct hall_tx *tx, int64_t order, const char *trade_no,
                             int64_t amount_fen, struct err_info *e)
{
    const struct payment_money *m;
    size_t n;
    TRY(payment_money_of(tx, order, &m, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(m[i].trade_no, trade_no) != 0 || strcmp(m[i].refund_state, "done") == 0)
            continue;
        if (m[i].amount_fen != amount_fen) /* refunds are of whole transactions */
            return err_set(e, ERR_PAYMENT_AMOUNT, "amount_fen", "%s is %" PRId64, trade_no,
                           m[i].amount_fen);
        TRY(post(tx, arena_fmt(tx->arena, "refund:%" PRId64, m[i].id), order,
                 strcmp(m[i].purpose, "payment") == 0 ? CUSTOMER : SUSPENSE, BANK, amount_fen,
                 "refund", e));
        return store_exec(tx->db, &Q_payment_money_refund,
                          PARAMS(P_INT(m[i].id), P_TEXT(m[i].refund_no), P_TEXT("done")), NULL, e);
    }
    return ERR_OK;
}

int64_t payment_net(int64_t amount_fen, int vat_percent)
{
    int64_t whole = 100 + vat_percent;
    return (amount_fen * 100 * 2 + whole) / (whole * 2);
}

enum err payment_book_invoice(struct hall_tx *tx, int64_t order, int64_t invoice,
                              int64_t amount_fen, int vat_percent, struct err_info *e)
{
    int64_t net = payment_net(amount_fen, vat_percent);
    TRY(post(tx, arena_fmt(tx->arena, "invoice:%" PRId64, invoice), order, CUSTOMER, REVENUE, net,
             "invoice", e));
    return post(tx, arena_fmt(tx->arena, "vat:%" PRId64, invoice), order, CUSTOMER, VAT,
                amount_fen - net, "vat", e);
}

enum err payment_book_red(struct hall_tx *tx, int64_t order, int64_t invoice, int64_t amount_fen,
                          int vat_percent, struct err_info *e)
{
    int64_t net = payment_net(amount_fen, vat_percent);
    TRY(post(tx, arena_fmt(tx->arena, "red:%" PRId64, invoice), order, REVENUE, CUSTOMER, net,
             "invoice", e));
    return post(tx, arena_fmt(tx->arena, "red_vat:%" PRId64, invoice), order, VAT, CUSTOMER,
                amount_fen - net, "vat", e);
}

/* ---- facts and views ---- */

enum err payment_known(struct hall_tx *tx, const char *trade_no, int *yes, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_payment_money_any_trade, PARAMS(P_TEXT(trade_no)), tx->arena, &rows,
                   e));
    *yes = rows.n > 0;
    return ERR_OK;
}

enum err payment_get(struct hall_tx *tx, int64_t order, struct payment *out, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_payment_get, PARAMS(P_INT(order)), tx->arena, &row, e));
    *out = (struct payment){.order = order,
                            .amount_fen = row_int(row, "amount_fen"),
                            .price_until = row_int(row, "price_until"),
                            .page_until = row_int(row, "page_until"),
                            .asked_at = row_int(row, "asked_at"),
                            .ask_at = row_int(row, "ask_at"),
                            .watch_until = row_int(row, "watch_until"),
                            .answered_at = row_int(row, "answered_at"),
                            .waiting_since = row_int(row, "waiting_since"),
                            .attempt = (int)row_int(row, "attempt"),
                            .free_rule = row_text(row, "free_rule"),
                            .method = row_text(row, "method"),
                            .subject = row_text(row, "subject")};
    return ERR_OK;
}

static int is_income(const char *account)
{
    return strcmp(account, REVENUE) == 0 || strcmp(account, VAT) == 0;
}

enum err payment_sums(struct hall_tx *tx, int64_t order, struct payment_sums *out,
                      struct err_info *e)
{
    struct payment p;
    struct store_rows lines;
    const struct payment_money *m;
    size_t n;
    *out = (struct payment_sums){0};
    enum err found = payment_get(tx, order, &p, e);
    if (found != ERR_NOT_FOUND) {
        TRY(found);
        out->due = p.amount_fen;
    }
    TRY(payment_money_of(tx, order, &m, &n, e));
    for (size_t i = 0; i < n; i++) {
        *(strcmp(m[i].refund_state, "done") == 0 ? &out->refunded : &out->held) += m[i].amount_fen;
        if (strcmp(m[i].purpose, "payment") == 0 && strcmp(m[i].refund_state, "none") == 0)
            out->paid += m[i].amount_fen;
    }
    TRY(store_many(tx->db, &Q_payment_ledger_order, PARAMS(P_INT(order)), tx->arena, &lines, e));
    for (size_t i = 0; i < lines.n; i++) {
        int64_t fen = row_int(&lines.row[i], "amount_fen");
        if (is_income(row_text(&lines.row[i], "credit")))
            out->invoiced += fen;
        if (is_income(row_text(&lines.row[i], "debit")))
            out->invoiced -= fen;
    }
    return ERR_OK;
}

enum err payment_redirect(struct hall_tx *tx, const struct payment *p, const char **url,
                          struct err_info *e)
{
    if (p->page_until <= tx->machine || !tx->hall->payment) {
        err_set(e, ERR_ORDER_STATE, "payment", "no page is open");
        return ERR_ORDER_STATE;
    }
    const char *base = tx->hall->public_url, *name = tx->hall->payment->name;
    struct payment_ask ask = {
        .order = payment_number(tx->arena, p->order, p->attempt),
        .subject = p->subject,
        .amount_fen = p->amount_fen,
        /* without a query of ours: all of what comes back is the bank's, and signed */
        .return_url = arena_fmt(tx->arena, "%s/api/v1/partner/pay/%s/return", base, name),
        .notify_url = arena_fmt(tx->arena, "%s/api/v1/partner/pay/%s/notify", base, name)};
    return tx->hall->payment->page(tx->hall->payment, &ask, tx->arena, url, e);
}

static enum err read_all_money(struct hall_tx *tx, const struct store_rows *rows,
                               const struct payment_money **out, size_t *n)
{
    struct payment_money *m = arena_alloc(tx->arena, (rows->n + 1) * sizeof *m);
    for (size_t i = 0; i < rows->n; i++)
        read_money(&rows->row[i], &m[i]);
    *out = m;
    *n = rows->n;
    return ERR_OK;
}

enum err payment_money_get(struct hall_tx *tx, int64_t id, struct payment_money *out,
                           struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_payment_money_get, PARAMS(P_INT(id)), tx->arena, &row, e));
    read_money(row, out);
    return ERR_OK;
}

enum err payment_money_of(struct hall_tx *tx, int64_t order, const struct payment_money **out,
                          size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_payment_money_of_order, PARAMS(P_INT(order)), tx->arena, &rows, e));
    return read_all_money(tx, &rows, out, n);
}

enum err payment_money_list(struct hall_tx *tx, int64_t before, int limit,
                            const struct payment_money **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_payment_money_page,
                   PARAMS(P_INT(before ? before : INT64_MAX), P_INT(limit)), tx->arena, &rows, e));
    return read_all_money(tx, &rows, out, n);
}

enum err payment_exception_note(struct hall_tx *tx, int64_t order, const char *kind,
                                const char *detail, struct err_info *e)
{
    return store_exec(tx->db, &Q_payment_exception_add,
                      PARAMS(P_INT(order), P_NULL, P_TEXT(kind), P_TEXT(detail), P_INT(tx->now)),
                      NULL, e);
}

static enum err count_of(struct hall_tx *tx, int64_t order, const char *kind, const char *detail,
                         int *n, struct err_info *e)
{
    const struct payment_exception *x;
    size_t all;
    TRY(payment_exceptions_of(tx, order, &x, &all, e));
    *n = 0;
    for (size_t i = 0; i < all; i++)
        *n += strcmp(x[i].kind, kind) == 0 && (!detail || strcmp(x[i].detail, detail) == 0);
    return ERR_OK;
}

enum err payment_exception_once(struct hall_tx *tx, int64_t order, const char *kind,
                                const char *detail, struct err_info *e)
{
    int n;
    TRY(count_of(tx, order, kind, detail, &n, e));
    return n ? ERR_OK : payment_exception_note(tx, order, kind, detail, e);
}

enum err payment_forged_worth(struct hall_tx *tx, int64_t order, int *worth, struct err_info *e)
{
    struct payment p;
    int n;
    *worth = 0;
    enum err found = payment_get(tx, order, &p, e);
    if (found == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(found);
    TRY(count_of(tx, order, "bad_signature", NULL, &n, e));
    *worth = n < PAYMENT_FORGED_MAX;
    return ERR_OK;
}

static void read_exceptions(struct hall_tx *tx, const struct store_rows *rows,
                            const struct payment_exception **out, size_t *n)
{
    struct payment_exception *x = arena_alloc(tx->arena, (rows->n + 1) * sizeof *x);
    for (size_t i = 0; i < rows->n; i++) {
        const struct store_row *row = &rows->row[i];
        x[i] = (struct payment_exception){.id = row_int(row, "id"),
                                          .order = row_int(row, "order_id"),
                                          .money = row_int_or(row, "money_id", 0),
                                          .at = row_int(row, "at"),
                                          .kind = row_text(row, "kind"),
                                          .detail = row_text(row, "detail")};
    }
    *out = x;
    *n = rows->n;
}

enum err payment_exception_list(struct hall_tx *tx, int64_t before, int limit,
                                const struct payment_exception **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_payment_exception_page,
                   PARAMS(P_INT(before ? before : INT64_MAX), P_INT(limit)), tx->arena, &rows, e));
    read_exceptions(tx, &rows, out, n);
    return ERR_OK;
}

enum err payment_exceptions_of(struct hall_tx *tx, int64_t order,
                               const struct payment_exception **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_payment_exception_of_order, PARAMS(P_INT(order)), tx->arena, &rows,
                   e));
    read_exceptions(tx, &rows, out, n);
    return ERR_OK;
}

enum err payment_exception_count(struct hall_tx *tx, int64_t *n, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_payment_exception_count, NO_PARAMS, tx->arena, &row, e));
    *n = row_int(row, "n");
    return ERR_OK;
}
