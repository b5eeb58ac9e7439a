/* Invoice batches and the ledger. */
#include "console/console_priv.h"

#include "hall/invoice/invoice.h"
#include "hall/order/order.h"
#include "hall/payment/payment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- invoice batches (S0-31) ---- */

HANDLER(console_invoice_batch_list)
{
    struct web_page page;
    const struct invoice_batch *b;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(web_page(r, &page, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(invoice_batch_list(&tx, page.after, page.limit, &b, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++)
        invoice_batch_write(&tx, &b[i], &j, NULL);
    jout_end(&j);
    web_next(&j, &page, n, n ? b[n - 1].id : 0);
    jout_end(&j);
    return ERR_OK;
}

static const char *month_text(struct arena *a, int64_t now)
{
    int year, month, mday;
    time_day_parts(time_china_day(now), &year, &month, &mday);
    return arena_fmt(a, "%04d-%02d", year, month);
}

HANDLER(console_invoice_batch_preview)
{
    struct invoice_batch b = {0};
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 0, &tx, e));
    enum err found = invoice_batch_preview(&tx, &b, e);
    if (found == ERR_NOT_FOUND) /* a batch of nothing is shown as such */
        b = (struct invoice_batch){.month = month_text(r->arena, tx.now),
                                   .batch_day = time_china_day(tx.now),
                                   .issued_by = ""};
    else
        TRY(found);
    httpd_reply_json(reply, &j);
    invoice_batch_write(&tx, &b, &j, NULL);
    return ERR_OK;
}

static enum err issue_one(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    struct order_input in = {0};
    return order_apply(tx, order, EVENT_INV_ISSUE, &in, NULL, e);
}

static enum err answer_batch(struct httpd_request *r, struct httpd_reply *reply,
                             const struct console *c, int64_t id, struct err_info *e)
{
    struct invoice_batch b;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    TRY(invoice_batch_get(&tx, id, &b, e));
    httpd_reply_json(reply, &j);
    invoice_batch_write(&tx, &b, &j, NULL);
    return ERR_OK;
}

HANDLER(console_invoice_batch_issue)
{
    const struct console *c = app;
    struct invoice_batch_ask ask;
    const json_t *body;
    int64_t id;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "month", &ask.month, e));
    TRY(json_get_int(body, "count", &ask.count, e));
    TRY(json_get_int(body, "total_fen", &ask.total_fen, e));
    TRY(invoice_batch_issue(c->hall, &console_visitor(r)->actor, &ask, issue_one, &id, e));
    TRY(answer_batch(r, reply, c, id, e));
    reply->status = 201;
    return ERR_OK;
}

HANDLER(console_invoice_batch_get)
{
    int64_t id;
    TRY(httpd_param_id(r, "id", &id, e));
    return answer_batch(r, reply, app, id, e);
}

HANDLER(console_invoice_file_get)
{
    static const char *const formats[] = {"pdf", "xml", NULL};
    const char *format, *filename;
    struct bytes data;
    int64_t id;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(web_choice(r, "format", formats, "pdf", &format, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(invoice_file(&tx, id, format, &data, &filename, e));
    reply->content_type = strcmp(format, "pdf") == 0 ? "application/pdf" : "application/xml";
    httpd_reply_download(reply, filename);
    httpd_reply_borrow(reply, data, NULL, NULL);
    return ERR_OK;
}

/* ---- ledger ---- */

/* "2026-11" from its first day up to that of the month after it. */
static enum err month_of(const char *text, struct payment_period *out, struct err_info *e)
{
    int32_t first;
    int year, month, mday;
    char day[16];
    *out = (struct payment_period){0};
    if (!text || !*text)
        return ERR_OK;
    snprintf(day, sizeof day, "%.7s-01", text);
    if (strlen(text) != 7 || !time_parse_date(day, &first))
        return web_bad(e, "month", "YYYY-MM");
    time_day_parts(first, &year, &month, &mday);
    out->from = time_from_china_day(first);
    out->until = time_from_china_day(
        time_day_from_parts(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1));
    return ERR_OK;
}

static void write_accounts(const struct payment_ledger *l, struct json_out *j)
{
    jout_list(j, "accounts");
    for (size_t i = 0; i < l->accounts; i++) {
        const struct payment_account *x = &l->account[i];
        jout_object(j, NULL);
        jout_text(j, "account", x->code);
        jout_text(j, "title", x->title);
        jout_int(j, "debit_fen", x->debit_fen);
        jout_int(j, "credit_fen", x->credit_fen);
        jout_int(j, "balance_fen", x->debit_fen - x->credit_fen);
        jout_end(j);
    }
    jout_end(j);
    jout_int(j, "debit_fen", l->debit_fen);
    jout_int(j, "credit_fen", l->credit_fen);
    jout_bool(j, "balanced", l->debit_fen == l->credit_fen);
}

static void write_entries(struct hall_tx *tx, const struct payment_ledger *l, struct json_out *j)
{
    jout_list(j, "entries");
    for (size_t i = 0; i < l->lines; i++) {
        const struct payment_line *x = &l->line[i];
        jout_object(j, NULL);
        jout_id(j, "id", x->id);
        jout_text(j, "at", time_rfc3339(tx->arena, x->at));
        jout_text(j, "text", payment_line_text(x, tx->lang));
        jout_text(j, "debit", payment_account_title(x->debit, tx->lang));
        jout_text(j, "credit", payment_account_title(x->credit, tx->lang));
        jout_int(j, "amount_fen", x->amount_fen);
        if (x->order)
            jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, x->order));
        jout_end(j);
    }
    jout_end(j);
}

HANDLER(console_ledger_get)
{
    struct payment_ledger l;
    struct payment_period period;
    struct web_page page;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(month_of(httpd_query(r, "month"), &period, e));
    TRY(web_page(r, &page, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(payment_ledger(&tx, period, page.after, page.limit, &l, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    write_accounts(&l, &j);
    write_entries(&tx, &l, &j);
    web_next(&j, &page, l.lines, l.lines ? l.line[l.lines - 1].id : 0);
    jout_end(&j);
    return ERR_OK;
}
