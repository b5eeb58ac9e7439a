/* One box over orders, institutions, UKeys, certificates, courier numbers and people. Personal values are sealed in their
 * rows: they are found by the whole value only, and shown masked. */
#include "hall/report/report_priv.h"

#include "base/text.h"
#include "hall/account/account.h"
#include "hall/flow/flow.h"
#include "hall/institution/institution.h"
#include "hall/order/order.h"
#include "hall/report/report_sql.h"
#include "hall/ukey/ukey.h"
#include "hall/vault/vault.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

enum { EACH = 10 };

struct hunt {
    struct hall_tx *tx;
    const char *q;
    struct report_hit *out;
    size_t n;
    int more;
};

static void hit(struct hunt *h, enum report_hit_kind kind, const char *id, const char *title,
                const char *what, const char *matched)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->out[i].kind == kind && strcmp(h->out[i].id, id) == 0)
            return;
    if (h->n == REPORT_HITS_MAX)
        h->more = 1;
    else
        h->out[h->n++] = (struct report_hit){kind, id, title, matched, what};
}

static const char *number(struct hunt *h, int64_t order)
{
    return arena_fmt(h->tx->arena, "%019" PRId64, order);
}

/* One more than is shown tells whether there are others. */
static size_t shown(struct hunt *h, size_t n)
{
    h->more |= n > EACH;
    return n > EACH ? EACH : n;
}

/* Orders of the institutions whose names may hold it, and of those who go by another name. */
static enum err orders_named(struct hunt *h, const struct institution_part *part,
                             struct err_info *e)
{
    struct hall_tx *tx = h->tx;
    struct store_rows rows[2];
    const char *like = report_like(tx->arena, h->q);
    TRY(store_many(tx->db, &Q_report_search_orders_named,
                   PARAMS(P_TEXT(part->from), P_TEXT(part->to), P_TEXT(like), P_INT(EACH + 1)),
                   tx->arena, &rows[0], e));
    TRY(store_many(tx->db, &Q_report_search_orders_renamed, PARAMS(P_TEXT(like), P_INT(EACH + 1)),
                   tx->arena, &rows[1], e));
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < shown(h, rows[k].n); i++) {
            const char *no = number(h, row_int(&rows[k].row[i], "id"));
            hit(h, REPORT_HIT_ORDER, no, row_text(&rows[k].row[i], "institution_name"), "name", no);
        }
    return ERR_OK;
}

static enum err orders(struct hunt *h, struct err_info *e)
{
    const struct order *list;
    struct order_filter f = {.group = -1, .q = h->q, .limit = EACH + 1};
    struct institution_part part;
    size_t n;
    int digits = strspn(h->q, "0123456789") == strlen(h->q);
    if (!digits) {
        TRY(institution_rarest(h->tx, h->q, &part, e));
        if (part.rare)
            return orders_named(h, &part, e);
    }
    TRY(order_list(h->tx, &f, &list, &n, e));
    for (size_t i = 0; i < shown(h, n); i++) {
        const char *no = number(h, list[i].id);
        hit(h, REPORT_HIT_ORDER, no, list[i].institution_name, digits ? "order" : "name", no);
    }
    return ERR_OK;
}

/* Serials and numbers are letters and digits: whatever begins with one sorts below it and a tilde. */
static enum err from_prefix(struct hunt *h, const struct store_query *q, const char *prefix,
                            struct store_rows *rows, struct err_info *e)
{
    return store_many(
        h->tx->db, q,
        PARAMS(P_TEXT(prefix), P_TEXT(arena_fmt(h->tx->arena, "%s~", prefix)), P_INT(EACH + 1)),
        h->tx->arena, rows, e);
}

static enum err institutions(struct hunt *h, struct err_info *e)
{
    const struct institution *list;
    size_t n;
    TRY(institution_search(h->tx, h->q, EACH + 1, &list, &n, e));
    for (size_t i = 0; i < shown(h, n); i++)
        hit(h, REPORT_HIT_INSTITUTION, arena_fmt(h->tx->arena, "%" PRId64, list[i].id),
            list[i].name, "uscc", list[i].uscc);
    return ERR_OK;
}

static enum err keys(struct hunt *h, struct err_info *e)
{
    struct store_rows rows;
    const char *serial = ukey_serial_mend(h->tx->arena, h->q);
    if (!serial || strlen(serial) < 2)
        return ERR_OK;
    TRY(from_prefix(h, &Q_report_search_keys, serial, &rows, e));
    for (size_t i = 0; i < shown(h, rows.n); i++) {
        const struct store_row *r = &rows.row[i];
        const char *text = ukey_serial_text(h->tx->arena, row_text(r, "serial"));
        const char *owner = row_text(r, "institution");
        hit(h, REPORT_HIT_KEY, row_text(r, "serial"), *owner ? owner : text, "serial", text);
    }
    return ERR_OK;
}

static char *lower(struct arena *a, const char *text)
{
    char *s = arena_text(a, text);
    for (char *p = s; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return s;
}

static enum err certificates(struct hunt *h, struct err_info *e)
{
    struct store_rows rows;
    const char *hex = lower(h->tx->arena, h->q);
    if (strlen(hex) < 4 || strspn(hex, "0123456789abcdef") != strlen(hex))
        return ERR_OK;
    TRY(from_prefix(h, &Q_report_search_certificates, hex, &rows, e));
    for (size_t i = 0; i < shown(h, rows.n); i++)
        hit(h, REPORT_HIT_CERTIFICATE, row_text(&rows.row[i], "serial"),
            row_text(&rows.row[i], "institution"), "serial", row_text(&rows.row[i], "serial"));
    return ERR_OK;
}

static enum err parcels(struct hunt *h, struct err_info *e)
{
    struct store_rows rows;
    const char *plain = ukey_serial_mend(h->tx->arena, h->q); /* no spaces, upper case */
    if (!plain || strlen(plain) < 4)
        return ERR_OK;
    TRY(from_prefix(h, &Q_report_search_parcels, plain, &rows, e));
    for (size_t i = 0; i < shown(h, rows.n); i++)
        hit(h, REPORT_HIT_ORDER, number(h, row_int(&rows.row[i], "order_id")),
            row_text(&rows.row[i], "institution"), "number", row_text(&rows.row[i], "number"));
    return ERR_OK;
}

/* A person is not a page of its own: his orders are. */
static enum err people(struct hunt *h, struct err_info *e)
{
    const struct account *list;
    struct store_rows rows;
    struct arena *a = h->tx->arena;
    size_t n;
    TRY(account_search(h->tx, h->q, &list, &n, e));
    for (size_t i = 0; i < shown(h, n); i++) {
        const char *masked = strchr(h->q, '@') ? vault_mask_email(a, list[i].email)
                                               : vault_mask_mobile(a, list[i].mobile);
        TRY(store_many(h->tx->db, &Q_report_orders_of_account,
                       PARAMS(P_INT(list[i].id), P_INT(EACH)), a, &rows, e));
        for (size_t k = 0; k < rows.n; k++)
            hit(h, REPORT_HIT_ORDER, number(h, row_int(&rows.row[k], "id")),
                row_text(&rows.row[k], "institution_name"), "contact", masked);
    }
    return ERR_OK;
}

enum err report_search(struct hall_tx *tx, const char *q, struct report_hit out[REPORT_HITS_MAX],
                       size_t *n, int *more, struct err_info *e)
{
    struct hunt h = {.tx = tx, .q = q, .out = out};
    TRY(orders(&h, e));
    TRY(keys(&h, e));
    TRY(certificates(&h, e));
    TRY(parcels(&h, e));
    TRY(people(&h, e));
    TRY(institutions(&h, e));
    *n = h.n;
    *more = h.more;
    return ERR_OK;
}
