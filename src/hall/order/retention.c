/* G-24: how long an order's personal values are kept. The electronic signature law, art. 24, asks for five years after the
 * certificate has failed; a profile may keep them longer. Then the form, the address, the mailbox, letters that could not be
 * delivered and the values of the audit go; order, money, certificate and the audit's chain stay. A person whose orders are
 * all gone goes as well, once the regulator withdrew him or his registration is as old itself: a new registration is kept,
 * with or without an order. */
#include "hall/certificate/certificate.h"
#include "hall/delivery/delivery.h"
#include "hall/invoice/invoice.h"
#include "hall/order/order_priv.h"
#include "hall/order/order_sql.h"

#include "base/sys.h"
#include "hall/audit/audit.h"
#include "hall/outbox/outbox.h"
#include "hall/session/session.h"

#include <inttypes.h>

enum { YEARS_MIN = 5 };

static int32_t years_later(int32_t day, int years)
{
    int year, month, mday;
    time_day_parts(day, &year, &month, &mday);
    return month == 2 && mday == 29 ? time_day_from_parts(year + years, 3, 1)
                                    : time_day_from_parts(year + years, month, mday);
}

/* The last of it: the order's own end, and the certificate's, which is its revocation where that came first. */
static enum err failed_at(struct hall_tx *tx, const struct order *o, int64_t *at,
                          struct err_info *e)
{
    struct certificate c;
    int found;
    *at = o->ended_at;
    TRY(certificate_of_order(tx, o->id, &c, &found, e));
    if (!found)
        return ERR_OK;
    int64_t end = c.state == FLOW_CERTIFICATE_REVOKED ? c.changed_at : c.not_after;
    *at = end > *at ? end : *at;
    return ERR_OK;
}

static int is_over(int64_t since, int64_t now, int years)
{
    return time_china_day(now) > years_later(time_china_day(since), years);
}

/* The row outlives a withdrawal: what stands in it may be of a later registration than the order was. */
static enum err erase_person(struct hall_tx *tx, const struct order *o, struct err_info *e)
{
    const struct store_row *r;
    struct account person;
    TRY(store_one(tx->db, &Q_order_kept_of, PARAMS(P_INT(o->account)), tx->arena, &r, e));
    if (row_int(r, "n") != 0)
        return ERR_OK;
    TRY(account_get(tx, o->account, &person, e));
    if (person.state != ACCOUNT_WITHDRAWN &&
        !is_over(person.loaded_at, tx->now, o->rules_of->retention.years))
        return ERR_OK;
    TRY(session_close_all(tx, SESSION_APPLICANT, person.id, e));
    return account_erase(tx, person.id, e);
}

static enum err erase(struct hall_tx *tx, const struct order *o, struct err_info *e)
{
    TRY(form_erase(tx, o->id, e));
    TRY(delivery_erase(tx, o->id, e));
    TRY(invoice_erase(tx, o->id, e));
    TRY(store_exec(tx->db, &Q_order_erased, PARAMS(P_INT(o->id), P_INT(tx->now)), NULL, e));
    TRY(outbox_erase(tx, o->id, e));
    TRY(erase_person(tx, o, e));
    return audit_erase(tx, o->id, e);
}

static enum err is_due(struct hall_tx *tx, int64_t id, struct order *o, int *due,
                       struct err_info *e)
{
    int64_t failed;
    TRY(order_get(tx, id, o, e));
    TRY(failed_at(tx, o, &failed, e));
    *due = is_over(failed, tx->now, o->rules_of->retention.years);
    return ERR_OK;
}

/* Most that ended five years ago have a certificate that ended later: the writer is asked for only where one is due. */
static enum err look_at(const struct hall *h, int64_t id, int *done, struct err_info *e)
{
    int due = 0;
    _auto(arena) a = arena_new();
    for (int write = 0; write <= 1; write++) {
        struct order o;
        _auto_hall_tx tx = {0};
        TRY(hall_begin(h, write, &hall_timer, a, &tx, e));
        TRY(is_due(&tx, id, &o, &due, e));
        if (!due)
            return ERR_OK;
        if (!write)
            continue;
        TRY(erase(&tx, &o, e));
        TRY(hall_commit(&tx, e));
    }
    ++*done;
    return ERR_OK;
}

static enum err next_ones(const struct hall *h, int64_t after, int limit, struct arena *a,
                          struct store_rows *rows, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 0, &hall_timer, a, &tx, e));
    int64_t before = tx.now - YEARS_MIN * 365LL * TIME_DAY;
    return store_many(tx.db, &Q_order_kept, PARAMS(P_INT(before), P_INT(after), P_INT(limit)), a,
                      rows, e);
}

enum err order_retention_run(const struct hall *h, int limit, int64_t *after, int *done,
                             struct err_info *e)
{
    struct store_rows rows;
    _auto(arena) a = arena_new();
    *done = 0;
    TRY(next_ones(h, *after, limit, a, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        struct err_info why = {0};
        *after = row_int(&rows.row[i], "id");
        if (look_at(h, *after, done, &why) != ERR_OK) /* the next round tries again */
            log_line(LOG_LEVEL_WARN, "order.retention", "order %" PRId64 ": %s %s", *after,
                     err_code_text(why.code), why.detail);
    }
    if (rows.n < (size_t)limit)
        *after = 0;
    return ERR_OK;
}
