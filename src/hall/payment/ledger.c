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
                         struct payment_ledger *out, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, q, NO_PARAMS, tx->arena, &rows, e));
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

enum err payment_ledger(struct hall_tx *tx, int64_t before, int limit, struct payment_ledger *out,
                        struct err_info *e)
{
    struct store_rows rows;
    *out = (struct payment_ledger){.accounts = sizeof accounts / sizeof *accounts};
    for (size_t i = 0; i < out->accounts; i++)
        out->account[i] = (struct payment_account){.code = accounts[i].code,
                                                   .title = accounts[i].title[tx->lang]};
    TRY(add_side(tx, &Q_payment_ledger_debits, 1, out, e));
    TRY(add_side(tx, &Q_payment_ledger_credits, 0, out, e));
    TRY(store_many(tx->db, &Q_payment_ledger_page,
                   PARAMS(P_INT(before ? before : INT64_MAX), P_INT(limit)), tx->arena, &rows, e));
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
