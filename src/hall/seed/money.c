/* What was due, what came, the invoice of the month, and the ledger of it all. */
#include "hall/seed/seed_priv.h"

#include "hall/invoice/invoice.h"
#include "hall/seed/seed_sql.h"
#include "hall/vault/vault.h"
#include "store/store.h"

#include <inttypes.h>

static const char PROVIDER[] = "local"; /* whose numbers they are: the demo's own */
enum { BATCH_HOUR = 10, YEARS = SEED_YEARS + 3 };

static enum err book(struct seed_order *o, const char *key, int64_t at, const char *debit,
                     const char *credit, int64_t fen, const char *what, struct err_info *e)
{
    return store_exec(o->run->tx->db, &Q_seed_ledger,
                      PARAMS(P_TEXT(key), P_INT(at), P_INT(o->id), P_TEXT(debit), P_TEXT(credit),
                             P_INT(fen), P_TEXT(what)),
                      NULL, e);
}

static enum err write_money(struct seed_order *o, struct err_info *e)
{
    struct seed_run *r = o->run;
    struct arena *a = r->tx->arena;
    const struct store_row *row;
    int64_t at = o->at[o->path->paid];
    const char *trade = arena_fmt(a, "%.8s%010" PRId64, time_rfc3339(a, at) + 2, o->number);
    TRY(store_one(
        r->tx->db, &Q_seed_money,
        PARAMS(P_INT(o->id), P_TEXT(r->method), P_TEXT(trade), P_INT(r->fee.amount_fen), P_INT(at)),
        a, &row, e));
    const char *key = arena_fmt(a, "receipt:%" PRId64, row_int(row, "id"));
    return book(o, key, at, "bank", "customer", r->fee.amount_fen, "receipt", e);
}

static int year_of(int64_t at)
{
    int year, month, day;
    time_day_parts(time_china_day(at), &year, &month, &day);
    return year;
}

static int month_slot(const struct seed_run *r, int32_t china_day)
{
    int year, month, day;
    time_day_parts(china_day, &year, &month, &day);
    return (year - r->first_year) * 12 + month - 1;
}

/* 26119000000000000001, as the demo's own provider counts them. */
static const char *next_number(struct seed_order *o)
{
    int year = year_of(o->invoiced_at);
    int64_t serial = ++o->run->invoice_last[year - o->run->first_year];
    return arena_fmt(o->run->tx->arena, "%02d119%015" PRId64, year % 100, serial);
}

static enum err write_invoice(struct seed_order *o, struct err_info *e)
{
    struct seed_run *r = o->run;
    const struct project_invoice *rules = &r->project->invoice;
    struct hall_tx *tx = r->tx;
    int64_t id = seed_id(o, o->at[o->path->paid]), fen = r->fee.amount_fen;
    int64_t tax = invoice_tax(fen, rules->vat_percent);
    int issued = o->invoiced_at > 0;
    struct bytes mailbox;
    TRY(vault_seal_text(tx->hall->vault, tx->arena, VAULT_EMAIL, id, o->person->email, &mailbox,
                        e));
    TRY(store_exec(tx->db, &Q_seed_invoice,
                   PARAMS(P_INT(id), P_INT(o->id), P_INT(issued ? 3 : 1),
                          P_INT(issued ? r->invoice_batch[month_slot(r, o->batch_day)] : 0),
                          P_TEXT(r->project->about.code), P_TEXT(rules->kind),
                          P_TEXT(rules->item.in[LANG_ZH]), P_INT(fen), P_INT(tax),
                          P_INT(rules->vat_percent), P_INT(o->batch_day),
                          P_TEXT(o->person->of.name), P_TEXT(o->person->of.uscc), P_BLOB(mailbox),
                          P_TEXT(issued ? next_number(o) : ""), P_INT(o->at[o->path->paid]),
                          P_INT(o->invoiced_at), P_INT(issued)),
                   NULL, e));
    if (!issued)
        return ERR_OK;
    TRY(book(o, arena_fmt(tx->arena, "invoice:%" PRId64, id), o->invoiced_at, "customer", "revenue",
             fen - tax, "invoice", e));
    return book(o, arena_fmt(tx->arena, "vat:%" PRId64, id), o->invoiced_at, "customer", "vat", tax,
                "vat", e);
}

enum err seed_write_money(struct seed_order *o, struct err_info *e)
{
    struct seed_run *r = o->run;
    const struct seed_path *p = o->path;
    if (p->submit < 0 || o->reached <= p->submit)
        return ERR_OK;
    int started = p->paid >= 0 && o->reached >= p->paid; /* the page was opened */
    int32_t price_day = time_china_day(o->at[p->submit]) + r->project->pay.price_freeze_days;
    TRY(store_exec(r->tx->db, &Q_seed_payment,
                   PARAMS(P_INT(o->id), P_INT(r->fee.amount_fen),
                          P_INT(time_from_china_day(price_day + 1) - 1),
                          P_TEXT(started ? r->method : ""),
                          P_TEXT(started ? r->project->type[TYPE_NEW].title.in[LANG_ZH] : "")),
                   NULL, e));
    if (p->paid < 0 || o->reached <= p->paid)
        return ERR_OK;
    TRY(write_money(o, e));
    return write_invoice(o, e);
}

/* ---- once ---- */

static enum err begin_month(struct seed_run *r, int year, int month, struct err_info *e)
{
    struct arena *a = r->tx->arena;
    int32_t day = project_batch_day(r->project, time_day_from_parts(year, month, 1));
    int64_t at = time_from_china_day(day) + BATCH_HOUR * (int64_t)TIME_HOUR;
    if (at > r->now || at < r->from)
        return ERR_OK;
    int64_t id = hall_id_at(at, 0);
    r->invoice_batch[month_slot(r, day)] = id;
    return store_exec(r->tx->db, &Q_seed_invoice_batch,
                      PARAMS(P_INT(id), P_TEXT(arena_fmt(a, "%04d-%02d", year, month)), P_INT(day),
                             P_INT(at), P_INT(r->who[SEED_FINANCE].id),
                             P_TEXT(r->who[SEED_FINANCE].name)),
                      NULL, e);
}

/* Numbers go on where the demo's are. */
enum err seed_money_begin(struct seed_run *r, struct err_info *e)
{
    struct arena *a = r->tx->arena;
    const struct store_row *row;
    r->first_year = year_of(r->from);
    for (int i = 0; i < YEARS; i++) {
        const char *name = arena_fmt(a, "%s:%d", PROVIDER, r->first_year + i);
        TRY(store_one(r->tx->db, &Q_seed_invoice_counter, PARAMS(P_TEXT(name)), a, &row, e));
        r->invoice_last[i] = row_int(row, "last");
        for (int month = 1; month <= 12; month++)
            TRY(begin_month(r, r->first_year + i, month, e));
    }
    return ERR_OK;
}

enum err seed_money_end(struct seed_run *r, struct err_info *e)
{
    for (int i = 0; i < YEARS; i++) {
        const char *name = arena_fmt(r->tx->arena, "%s:%d", PROVIDER, r->first_year + i);
        if (r->invoice_last[i])
            TRY(store_exec(r->tx->db, &Q_seed_invoice_counter_put,
                           PARAMS(P_TEXT(name), P_INT(r->invoice_last[i])), NULL, e));
    }
    return ERR_OK;
}
