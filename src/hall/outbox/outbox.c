/* The rows: putting them in, looking at them. */
#include "hall/outbox/outbox_priv.h"

#include "hall/outbox/outbox_sql.h"
#include "hall/vault/vault.h"
#include "store/store.h"

#include <string.h>

static void wake_after_commit(const struct hall *h)
{
    if (h->outbox)
        outbox_wake(h->outbox);
}

enum err outbox_put(struct hall_tx *tx, const struct outbox_new *r, int64_t *id, struct err_info *e)
{
    struct bytes sealed;
    int64_t made, row_id = hall_new_id(tx->hall);
    size_t n = strlen(r->body);
    if (n > OUTBOX_BODY_MAX)
        return err_set(e, ERR_INTERNAL, NULL, "outbox body of %s has %zu octets", r->kind, n);
    TRY(vault_seal(tx->hall->vault, tx->arena, VAULT_OUTBOX, row_id,
                   (struct bytes){(const uint8_t *)r->body, n}, &sealed, e));
    TRY(store_exec(tx->db, &Q_outbox_row_add,
                   PARAMS(P_INT(row_id), P_TEXT(r->kind), P_INT(r->order), P_TEXT(r->idem),
                          P_BLOB(sealed), P_INT(tx->machine),
                          P_INT(r->not_before ? r->not_before : tx->machine)),
                   &made, e));
    if (id)
        *id = made ? row_id : 0;
    if (made)
        hall_after(tx, wake_after_commit);
    return ERR_OK;
}

static void states_of(struct hall_tx *tx, const struct store_rows *rows,
                      const struct outbox_state **out, size_t *n)
{
    struct outbox_state *list = arena_alloc(tx->arena, (rows->n + 1) * sizeof *list);
    for (size_t i = 0; i < rows->n; i++) {
        const struct store_row *r = &rows->row[i];
        list[i] = (struct outbox_state){.id = row_int(r, "id"),
                                        .order = row_int(r, "order_id"),
                                        .made_at = row_int(r, "made_at"),
                                        .next_at = row_int(r, "next_at"),
                                        .kind = row_text(r, "kind"),
                                        .state = row_text(r, "state"),
                                        .tries = (int)row_int(r, "tries"),
                                        .last_error = row_text(r, "last_error")};
    }
    *out = list;
    *n = rows->n;
}

enum err outbox_of_order(struct hall_tx *tx, int64_t order, const char *kind,
                         const struct outbox_state **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_outbox_row_of_order, PARAMS(P_INT(order), P_TEXT(kind ? kind : "")),
                   tx->arena, &rows, e));
    states_of(tx, &rows, out, n);
    return ERR_OK;
}

enum err outbox_dead(struct hall_tx *tx, int limit, const struct outbox_state **out, size_t *n,
                     struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_outbox_row_dead, PARAMS(P_INT(limit)), tx->arena, &rows, e));
    states_of(tx, &rows, out, n);
    return ERR_OK;
}

enum err outbox_again(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    TRY(store_exec_one(tx->db, &Q_outbox_row_again, PARAMS(P_INT(id), P_INT(tx->machine)), e));
    hall_after(tx, wake_after_commit);
    return ERR_OK;
}

enum err outbox_again_idem(struct hall_tx *tx, const char *idem, struct err_info *e)
{
    int64_t changed;
    TRY(store_exec(tx->db, &Q_outbox_row_again_idem, PARAMS(P_TEXT(idem), P_INT(tx->machine)),
                   &changed, e));
    if (!changed)
        return err_set(e, ERR_NOT_FOUND, NULL, "no dead row %s", idem);
    hall_after(tx, wake_after_commit);
    return ERR_OK;
}

enum err outbox_erase(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    return store_exec(tx->db, &Q_outbox_row_erase, PARAMS(P_INT(order)), NULL, e);
}

int64_t outbox_delay_ms(int tries, int64_t longest, uint32_t noise)
{
    int64_t ms = tries < 20 ? (int64_t)TIME_SECOND << tries : longest;
    if (ms > longest)
        ms = longest;
    return ms * 4 / 5 + ms * 2 / 5 * (int64_t)(noise % 1000) / 1000;
}

int outbox_is_passing(enum err code)
{
    return code == ERR_UNAVAILABLE || code == ERR_STORE_AWAY || code == ERR_BUSY ||
           code == ERR_IO || code == ERR_CONFLICT || code == ERR_STORE_RETRY ||
           code == ERR_CA_LOCKED || code == ERR_HSM;
}
