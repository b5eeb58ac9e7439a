/* The ledger as finance reads it. */
#include "hall/payment/payment.h"

#include "hall/payment/payment_sql.h"
#include "store/store.h"

#include <string.h>

static const struct {
    const char *code, *title[2];
} accounts[] = {
    {"bank", {"银行存款", "Bank"}},
    {"customer", {"预收款（未开票）", "Customers' money, not invoiced"}},
    {"suspense", {"待核款项", "Suspense"}},
    {"revenue", {"服务收入", "Revenue"}},
    {"vat", {"应交增值税", "VAT payable"}},
};

static struct payment_account *account_of(struct payment_ledger *l, const char *code)
{
    for (size_t i = 0; i < l->accounts; i++)
        if (strcmp(l->account[i].code, code) == 0)
            return &l->account[i];
    return NULL;
}

static enum err add_side(struct hall_tx *tx, const struct store_query *q, int debit,
                         struct payment_period p, struct payment_ledger *out, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, q, PARAMS(P_INT(p.from), P_INT(p.until)), tx->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        struct payment_account *account = account_of(out, row_text(&rows.row[i], "account"));
        int64_t fen = row_int(&rows.row[i], "fen");
        if (!account)
            return err_set(e, ERR_INTERNAL, NULL, "ledger account %s",
                           row_text(&rows.row[i], "account"));
        *(debit ? &account->debit_fen : &account->credit_fen) = fen;
        *(debit ? &out->debit_fen : &out->credit_fen) += fen;
    }
    return ERR_OK;
}

enum err payment_ledger(struct hall_tx *tx, struct payment_period p, int64_t before, int limit,
                        struct payment_ledger *out, struct err_info *e)
{
    struct store_rows rows;
    if (p.until == 0)
        p.until = INT64_MAX;
    *out = (struct payment_ledger){.accounts = sizeof accounts / sizeof *accounts};
    for (size_t i = 0; i < out->accounts; i++)
        out->account[i] = (struct payment_account){.code = accounts[i].code,
                                                   .title = accounts[i].title[tx->lang]};
    TRY(add_side(tx, &Q_payment_ledger_debits, 1, p, out, e));
    TRY(add_side(tx, &Q_payment_ledger_credits, 0, p, out, e));
    TRY(store_many(
        tx->db, &Q_payment_ledger_page,
        PARAMS(P_INT(before ? before : INT64_MAX), P_INT(limit), P_INT(p.from), P_INT(p.until)),
        tx->arena, &rows, e));
    struct payment_line *line = arena_alloc(tx->arena, (rows.n + 1) * sizeof *line);
    for (size_t i = 0; i < rows.n; i++) {
        const struct store_row *row = &rows.row[i];
        line[i] = (struct payment_line){.id = row_int(row, "id"),
                                        .at = row_int(row, "at"),
                                        .order = row_int(row, "order_id"),
                                        .amount_fen = row_int(row, "amount_fen"),
                                        .debit = row_text(row, "debit"),
                                        .credit = row_text(row, "credit"),
                                        .what = row_text(row, "what")};
    }
    out->line = line;
    out->lines = rows.n;
    return ERR_OK;
}

/* ---- words ---- */

struct word {
    const char *key, *text[2];
};

static const char *word_of(const struct word *w, size_t n, const char *key, enum lang lang)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(w[i].key, key) == 0)
            return w[i].text[lang];
    return "";
}

const char *payment_line_text(const struct payment_line *l, enum lang lang)
{
    static const struct word words[] = {
        {"receipt", {"收款", "Payment received"}},
        {"suspense", {"收到待核款项", "Money received, to be checked"}},
        {"allocate", {"核对后记到业务单", "Matched to the order"}},
        {"refund", {"退款", "Refund"}},
        {"invoice", {"开票收入", "Invoiced revenue"}},
        {"vat", {"开票税额", "VAT invoiced"}},
    };
    static const struct word back[] = {
        {"invoice", {"红冲收入", "Revenue credited"}},
        {"vat", {"红冲税额", "VAT credited"}},
    };
    int taken_back = strcmp(l->credit, "customer") == 0;
    const char *text = taken_back ? word_of(back, sizeof back / sizeof *back, l->what, lang) : "";
    return *text ? text : word_of(words, sizeof words / sizeof *words, l->what, lang);
}

const char *payment_account_title(const char *code, enum lang lang)
{
    for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++)
        if (strcmp(accounts[i].code, code) == 0)
            return accounts[i].title[lang];
    return "";
}

const char *payment_exception_text(const char *kind, enum lang lang)
{
    static const struct word words[] = {
        {"wrong_amount",
         {"金额与应付不同，先单独记账；核对后记到业务单，或退回",
          "Another amount than due, booked apart: match it to the order, or give it back"}},
        {"duplicate",
         {"同一业务单又付了一次，多付的自动退回",
          "The order was paid twice; the second payment goes back by itself"}},
        {"late",
         {"业务单已不收款，这笔款自动退回",
          "The order takes no more money; the payment goes back by itself"}},
        {"bad_signature",
         {"有人冒充银行发来付款通知，没有处理",
          "Somebody sent a payment notice in the bank's name; it was not accepted"}},
        {"missing",
         {"银行通知已付款，去问银行却没有这笔款；系统会继续询问，请向银行核实",
          "The bank's notice says paid, but asked about it the bank does not have it; it is asked "
          "again: check with the bank"}},
        {"unanswered",
         {"银行还没有办妥，系统会继续询问", "The bank has not done it yet; it is asked again"}},
        {"refund_refused",
         {"银行没有办理退款；问清原因后再退一次",
          "The bank refused the refund: find out why, then send it again"}},
    };
    return word_of(words, sizeof words / sizeof *words, kind, lang);
}
