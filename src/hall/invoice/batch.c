/* The month's batch. Its row is open while it runs; what dies half way goes on with the next call. */
#include "base/boundary.h"
#include "hall/invoice/invoice_priv.h"
#include "hall/invoice/invoice_sql.h"

#include <inttypes.h>
#include <string.h>

static const char *month_of(struct arena *a, int32_t day)
{
    int year, month, mday;
    time_day_parts(day, &year, &month, &mday);
    return arena_fmt(a, "%04d-%02d", year, month);
}

static int32_t month_end(int32_t day)
{
    int year, month, mday;
    time_day_parts(day, &year, &month, &mday);
    return month == 12 ? time_day_from_parts(year + 1, 1, 1) - 1
                       : time_day_from_parts(year, month + 1, 1) - 1;
}

static void add_up(struct invoice_batch *b)
{
    b->count = (int64_t)b->items;
    b->total_fen = b->tax_fen = b->delivered = 0;
    for (size_t i = 0; i < b->items; i++) {
        b->total_fen += b->item[i].amount_fen;
        b->tax_fen += b->item[i].tax_fen;
        b->delivered += b->item[i].mails > 0;
    }
}

static enum err open_batch(struct hall_tx *tx, const struct store_row **row, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_invoice_batch_open, NO_PARAMS, tx->arena, &rows, e));
    *row = rows.n ? &rows.row[0] : NULL;
    return ERR_OK;
}

/* The day that comes first among those whose money is there. */
static int32_t first_day(const struct invoice *v, size_t n)
{
    int32_t day = 0;
    for (size_t i = 0; i < n; i++)
        if (day == 0 || v[i].batch_day < day)
            day = v[i].batch_day;
    return day;
}

static enum err waiting(struct hall_tx *tx, struct invoice **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    const struct invoice *all;
    size_t count, kept = 0;
    TRY(store_many(tx->db, &Q_invoice_waiting, PARAMS(P_INT(INT32_MAX)), tx->arena, &rows, e));
    TRY(invoice_from_rows(tx, &rows, &all, &count, e));
    struct invoice *v = arena_alloc(tx->arena, (count + 1) * sizeof *v);
    for (size_t i = 0; i < count; i++) {
        int fits;
        TRY(invoice_money_fits(tx, &all[i], &fits, e));
        if (fits) /* what is refunded or being refunded is not invoiced */
            v[kept++] = all[i];
    }
    *out = v;
    *n = kept;
    return ERR_OK;
}

enum err invoice_batch_preview(struct hall_tx *tx, struct invoice_batch *out, struct err_info *e)
{
    const struct store_row *row;
    struct invoice *v;
    size_t n, kept = 0;
    *out = (struct invoice_batch){.issued_by = ""};
    TRY(waiting(tx, &v, &n, e));
    TRY(open_batch(tx, &row, e));
    out->batch_day = row ? (int32_t)row_int(row, "batch_day") : first_day(v, n);
    if (out->batch_day == 0)
        return err_set(e, ERR_NOT_FOUND, NULL, "no invoice waits for a batch");
    for (size_t i = 0; i < n; i++)
        if (v[i].batch_day <= month_end(out->batch_day))
            v[kept++] = v[i];
    out->month = month_of(tx->arena, out->batch_day);
    out->item = v;
    out->items = kept;
    add_up(out);
    return ERR_OK;
}

enum err invoice_batch_running(struct hall_tx *tx, int32_t batch_day, int64_t *id,
                               struct err_info *e)
{
    const struct store_row *row;
    *id = 0;
    TRY(open_batch(tx, &row, e));
    if (row && batch_day <= month_end((int32_t)row_int(row, "batch_day")))
        *id = row_int(row, "id");
    return ERR_OK;
}

/* Check what was confirmed, and open the batch where none runs. */
static enum err begin(struct hall_tx *tx, const struct invoice_batch_ask *ask,
                      struct invoice_batch *out, struct err_info *e)
{
    const struct store_row *row;
    TRY(invoice_batch_preview(tx, out, e));
    if (strcmp(ask->month, out->month) != 0 || ask->count != out->count ||
        ask->total_fen != out->total_fen)
        return err_set(e, ERR_CONFLICT, "count", "the batch is %" PRId64 " over %" PRId64 " now",
                       out->count, out->total_fen);
    TRY(open_batch(tx, &row, e));
    if (row) {
        out->id = row_int(row, "id");
        return ERR_OK;
    }
    out->id = hall_new_id(tx->hall);
    TRY(store_exec(tx->db, &Q_invoice_batch_add,
                   PARAMS(P_INT(out->id), P_TEXT(out->month), P_INT(out->batch_day), P_INT(tx->now),
                          P_INT(tx->who.id), P_TEXT(tx->who.name)),
                   NULL, e));
    return invoice_audit(tx, 0, "invoice.batch", arena_fmt(tx->arena, "batch:%" PRId64, out->id),
                         arena_fmt(tx->arena, "%s, %" PRId64, out->month, out->count), e);
}

/* What an order answers that is not to be invoiced now: somebody was faster, or its region moved on. */
static int is_refusal(enum err result)
{
    return result == ERR_ORDER_STATE || result == ERR_INVOICE_AMOUNT ||
           result == ERR_INVOICE_TITLE || result == ERR_INVOICE_MAILBOX || result == ERR_CONFLICT;
}

struct issuing {
    int64_t order;
    invoice_issue_fn *issue;
};

static enum err issue_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    const struct issuing *i = arg;
    return i->issue(tx, i->order, e);
}

static enum err issue_one(const struct hall *h, const struct actor *who, int64_t order,
                          invoice_issue_fn *issue, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct issuing i = {order, issue};
    return hall_change(h, who, a, issue_in, &i, e);
}

enum err invoice_batch_settle(struct hall_tx *tx, struct err_info *e)
{
    const struct store_row *row;
    struct invoice_batch b;
    TRY(open_batch(tx, &row, e));
    if (!row)
        return ERR_OK;
    TRY(invoice_batch_preview(tx, &b, e));
    return b.items ? ERR_OK
                   : store_exec(tx->db, &Q_invoice_batch_done,
                                PARAMS(P_INT(row_int(row, "id")), P_INT(tx->now)), NULL, e);
}

struct beginning {
    const struct invoice_batch_ask *ask;
    struct invoice_batch *out;
};

static enum err begin_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    const struct beginning *b = arg;
    return begin(tx, b->ask, b->out, e);
}

static enum err finish_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    const int64_t *id = arg;
    return store_exec(tx->db, &Q_invoice_batch_done, PARAMS(P_INT(*id), P_INT(tx->now)), NULL, e);
}

enum err invoice_batch_issue(const struct hall *h, const struct actor *who,
                             const struct invoice_batch_ask *ask, invoice_issue_fn *issue,
                             int64_t *batch, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct invoice_batch b;
    struct beginning begun = {ask, &b};
    TRY(hall_change(h, who, a, begin_in, &begun, e));
    *batch = b.id;
    boundary(BOUNDARY_HALL_BATCH_BEGUN);
    for (size_t i = 0; i < b.items; i++) {
        enum err result = issue_one(h, who, b.item[i].order, issue, e);
        if (result != ERR_OK && !is_refusal(result))
            return result;
    }
    boundary(BOUNDARY_HALL_BATCH_ISSUED);
    return hall_change(h, who, a, finish_in, &b.id, e);
}

static struct invoice_batch from_row(struct hall_tx *tx, const struct store_row *r)
{
    return (struct invoice_batch){.id = row_int(r, "id"),
                                  .month = arena_text(tx->arena, row_text(r, "month")),
                                  .batch_day = (int32_t)row_int(r, "batch_day"),
                                  .begun_at = row_int(r, "begun_at"),
                                  .issued_at = row_int(r, "issued_at"),
                                  .issued_by = row_text(r, "by_name")};
}

enum err invoice_batch_get(struct hall_tx *tx, int64_t id, struct invoice_batch *out,
                           struct err_info *e)
{
    const struct store_row *row;
    struct store_rows rows;
    TRY(store_one(tx->db, &Q_invoice_batch_get, PARAMS(P_INT(id)), tx->arena, &row, e));
    *out = from_row(tx, row);
    TRY(store_many(tx->db, &Q_invoice_of_batch, PARAMS(P_INT(id)), tx->arena, &rows, e));
    TRY(invoice_from_rows(tx, &rows, &out->item, &out->items, e));
    add_up(out);
    return ERR_OK;
}

enum err invoice_batch_list(struct hall_tx *tx, int64_t before, int limit,
                            const struct invoice_batch **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_invoice_batch_page,
                   PARAMS(P_INT(before ? before : INT64_MAX), P_INT(limit)), tx->arena, &rows, e));
    struct invoice_batch *b = arena_alloc(tx->arena, (rows.n + 1) * sizeof *b);
    for (size_t i = 0; i < rows.n; i++) {
        const struct store_row *r = &rows.row[i];
        b[i] = from_row(tx, r);
        b[i].count = row_int(r, "n");
        b[i].total_fen = row_int(r, "total_fen");
        b[i].tax_fen = row_int(r, "tax_fen");
        b[i].delivered = row_int(r, "delivered");
    }
    *out = b;
    *n = rows.n;
    return ERR_OK;
}
