#include "hall/report/report_priv.h"

#include "base/text.h"
#include "hall/institution/institution.h"
#include "hall/report/report_sql.h"
#include "store/store.h"

#include <string.h>

static struct report_payment payment_of(const struct store_row *r)
{
    return (struct report_payment){.id = row_int(r, "row_id"),
                                   .money = row_int(r, "money_id"),
                                   .order = row_int(r, "order_id"),
                                   .amount_fen = row_int(r, "amount_fen"),
                                   .due_fen = row_int(r, "due_fen"),
                                   .at = row_int(r, "at"),
                                   .institution = row_text(r, "institution"),
                                   .method = row_text(r, "method"),
                                   .trade_no = row_text(r, "trade_no"),
                                   .purpose = row_text(r, "purpose"),
                                   .refund_state = row_text(r, "refund_state"),
                                   .exception = row_text(r, "exception")};
}

/* The order numbers that begin with these digits; none where it is no such beginning. */
static void numbered(const char *q, int64_t *from, int64_t *to)
{
    enum { DIGITS = 19 };
    size_t n = strlen(q);
    *from = *to = 0;
    if (n > DIGITS || strspn(q, "0123456789") != n || !text_to_id(q, from))
        return;
    for (*to = *from; n < DIGITS && *to <= (INT64_MAX - 9) / 10; n++) {
        *from *= 10;
        *to = *to * 10 + 9;
    }
}

/* A number that begins so, or a name that few have, goes by an index. What many have is soon found by going through all,
 * newest first: so does the beginning of a number that is still short. */
static enum err find_payments(struct hall_tx *tx, const struct report_payment_filter *f,
                              const char *like, struct store_rows *rows, struct err_info *e)
{
    enum { DIGITS_MIN = 8, LETTERS_MIN = 4 };
    struct institution_part part;
    int64_t from, to;
    size_t n = strlen(f->q), digits = strspn(f->q, "0123456789");
    TRY(institution_rarest(tx, f->q, &part, e));
    numbered(f->q, &from, &to);
    if (!part.rare || n < (digits == n ? DIGITS_MIN : LETTERS_MIN))
        return store_many(tx->db, &Q_report_payments,
                          PARAMS(P_INT(f->before), P_TEXT(like), P_INT(f->limit)), tx->arena, rows,
                          e);
    return store_many(tx->db, &Q_report_payments_found,
                      PARAMS(P_INT(f->before), P_TEXT(f->q),
                             P_TEXT(arena_fmt(tx->arena, "%s~", f->q)), P_INT(from), P_INT(to),
                             P_TEXT(part.from), P_TEXT(part.to), P_TEXT(like), P_INT(f->limit)),
                      tx->arena, rows, e);
}

static enum err read_payments(struct hall_tx *tx, const struct report_payment_filter *f,
                              const char *q, struct store_rows *rows, struct err_info *e)
{
    if (f->exceptions)
        return store_many(tx->db, &Q_report_exceptions,
                          PARAMS(P_INT(f->before), P_INT(0), P_TEXT(q), P_INT(f->limit)), tx->arena,
                          rows, e);
    if (f->order)
        return store_many(tx->db, &Q_report_payments_of_order,
                          PARAMS(P_INT(f->before), P_INT(f->order), P_INT(f->limit)), tx->arena,
                          rows, e);
    return *q ? find_payments(tx, f, q, rows, e)
              : store_many(tx->db, &Q_report_payments,
                           PARAMS(P_INT(f->before), P_TEXT(""), P_INT(f->limit)), tx->arena, rows,
                           e);
}

enum err report_payment_list(struct hall_tx *tx, const struct report_payment_filter *f,
                             const struct report_payment **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    const char *q = report_like(tx->arena, f->q ? f->q : "");
    TRY(read_payments(tx, f, q, &rows, e));
    struct report_payment *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++)
        list[i] = payment_of(&rows.row[i]);
    *out = list;
    *n = rows.n;
    return ERR_OK;
}

static enum err exception_get(struct hall_tx *tx, int64_t id, struct report_payment *out,
                              struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_report_exceptions, PARAMS(P_INT(0), P_INT(id), P_TEXT(""), P_INT(1)),
                   tx->arena, &rows, e));
    if (rows.n == 0)
        return err_set(e, ERR_NOT_FOUND, NULL, "no such exception");
    *out = payment_of(&rows.row[0]);
    return ERR_OK;
}

enum err report_payment_get(struct hall_tx *tx, int64_t id, int exception,
                            struct report_payment *out, struct err_info *e)
{
    const struct store_row *r;
    if (exception)
        return exception_get(tx, id, out, e);
    TRY(store_one(tx->db, &Q_report_payment_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    *out = payment_of(r);
    return ERR_OK;
}

enum err report_exceptions_open(struct hall_tx *tx, int64_t *n, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_report_exception_count, NO_PARAMS, tx->arena, &r, e));
    *n = row_int(r, "n");
    return ERR_OK;
}

/* ---- audit ---- */

static const char *some(const char *text)
{
    return text ? text : "";
}

/* An order's number, an object and days have an index; an actor or an act alone is read for back from the end. */
static enum err read_audit(struct hall_tx *tx, const struct report_audit_filter *f,
                           struct store_rows *rows, struct err_info *e)
{
    enum { NUMBER_DIGITS = 19 };
    const char *object = some(f->object);
    int64_t order = 0;
    int number = strlen(object) == NUMBER_DIGITS && text_to_id(object, &order);
    struct store_value p[] = {P_INT(f->before),
                              P_TEXT(some(f->actor)),
                              P_TEXT(report_like(tx->arena, some(f->act))),
                              P_INT(f->from),
                              P_INT(f->to),
                              P_INT(f->limit),
                              number ? P_INT(order) : P_TEXT(object)};
    const struct store_query *q = number                             ? &Q_report_audit_of_order
                                  : *object                          ? &Q_report_audit_of_object
                                  : f->from > 0 || f->to < INT64_MAX ? &Q_report_audit_of_days
                                                                     : &Q_report_audit;
    return store_many(tx->db, q, (struct store_params){p, *object ? 7 : 6}, tx->arena, rows, e);
}

enum err report_audit_list(struct hall_tx *tx, const struct report_audit_filter *f,
                           const struct report_audit **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(read_audit(tx, f, &rows, e));
    struct report_audit *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++) {
        const struct store_row *r = &rows.row[i];
        list[i] = (struct report_audit){.id = row_int(r, "id"),
                                        .n = row_int(r, "n"),
                                        .at = row_int(r, "at"),
                                        .order = row_int(r, "order_id"),
                                        .chain = (int)row_int(r, "chain"),
                                        .actor_kind = row_text(r, "actor_kind"),
                                        .actor = row_text(r, "actor_name"),
                                        .role = row_text(r, "actor_role"),
                                        .act = row_text(r, "act"),
                                        .object = row_text(r, "object"),
                                        .hash = text_hex(tx->arena, row_blob(r, "hash"))};
    }
    *out = list;
    *n = rows.n;
    return ERR_OK;
}
