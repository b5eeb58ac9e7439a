/* Stock: blank UKeys come in (T1) and are kept for orders (F1). */
#include "hall/ukey/ukey_priv.h"

#include "hall/audit/audit.h"

#include <string.h>

static int digits(const char *s, size_t n)
{
    return strspn(s, "0123456789") >= n;
}

/* Prefix of two letters, two digits of the year, eight digits (conventions). */
static int well_formed(const char *serial, const char *prefix)
{
    if (!serial || strlen(serial) != 12)
        return 0;
    if (*prefix && strncmp(serial, prefix, 2) != 0)
        return 0;
    return serial[0] >= 'A' && serial[0] <= 'Z' && serial[1] >= 'A' && serial[1] <= 'Z' &&
           digits(serial + 2, 10);
}

static enum err refuse(struct err_info *e, enum err code, const char *serial)
{
    err_set(e, code, "serial", "%s", serial);
    err_arg(e, "serial", "%s", serial);
    return code;
}

static enum err stock_one(struct hall_tx *tx, const struct ukey_stock *in, const char *typed,
                          struct err_info *e)
{
    int64_t added;
    const char *serial = ukey_serial_mend(tx->arena, typed);
    if (!well_formed(serial, in->prefix))
        return refuse(e, ERR_UKEY_SERIAL_FORM, typed);
    TRY(store_exec(tx->db, &Q_ukey_add,
                   PARAMS(P_TEXT(serial), P_TEXT(in->project), P_TEXT(in->model), P_TEXT(in->batch),
                          P_TEXT(ukey_state_name(FLOW_UKEY_BLANK)), P_INT(tx->now)),
                   &added, e));
    if (!added)
        return refuse(e, ERR_UKEY_SERIAL, serial);
    return ukey_line_add(tx, serial, 0, "T1", FLOW_UKEY_BLANK, e);
}

enum err ukey_stock_in(struct hall_tx *tx, const struct ukey_stock *in, struct err_info *e)
{
    for (size_t i = 0; i < in->n; i++)
        TRY(stock_one(tx, in, in->serial[i], e));
    return audit_write(tx,
                       &(struct audit_entry){.act = "ukey.stock_in",
                                             .object = arena_fmt(tx->arena, "batch:%s", in->batch),
                                             .new_value = arena_fmt(tx->arena, "%zu", in->n)},
                       e);
}

enum err ukey_stock_count(struct hall_tx *tx, const char *project, struct ukey_stock_count *out,
                          struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_ukey_counts, PARAMS(P_TEXT(project)), tx->arena, &row, e));
    out->blank = row_int(row, "free_n");
    out->reserved = row_int(row, "kept_n");
    return ERR_OK;
}

/* ---- reservation ---- */

static enum err keep(struct hall_tx *tx, const char *serial, int64_t version, int64_t order,
                     struct err_info *e)
{
    return store_exec_one(tx->db, &Q_ukey_keep,
                          PARAMS(P_TEXT(serial), P_INT(version), P_INT(order)), e);
}

enum err ukey_reserve(struct hall_tx *tx, const char *project, int64_t order, const char **serial,
                      struct err_info *e)
{
    struct ukey k;
    int found;
    struct store_rows rows;
    TRY(ukey_of_order(tx, order, &k, &found, e));
    if (found) {
        *serial = k.serial;
        return ERR_OK;
    }
    TRY(store_many(tx->db, &Q_ukey_first_free, PARAMS(P_TEXT(project)), tx->arena, &rows, e));
    if (rows.n == 0)
        return err_set(e, ERR_UKEY_NONE_LEFT, NULL, "no blank UKey of %s", project);
    *serial = row_text(&rows.row[0], "serial");
    return keep(tx, *serial, row_int(&rows.row[0], "version"), order, e);
}

enum err ukey_reserve_this(struct hall_tx *tx, const char *project, int64_t order,
                           const char *serial, struct err_info *e)
{
    struct ukey k, had;
    int found;
    enum err err = ukey_get(tx, serial, &k, e);
    if (err == ERR_NOT_FOUND)
        return refuse(e, ERR_UKEY_TAKEN, serial);
    TRY(err);
    if (k.order == order)
        return ERR_OK;
    TRY(ukey_of_order(tx, order, &had, &found, e));
    int begun = found && had.state != FLOW_UKEY_BLANK;
    if (begun || k.order != 0 || k.state != FLOW_UKEY_BLANK || strcmp(k.project, project) != 0)
        return refuse(e, ERR_UKEY_TAKEN, serial);
    TRY(ukey_unreserve(tx, order, e));
    return keep(tx, serial, k.version, order, e);
}

enum err ukey_unreserve(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    return store_exec(tx->db, &Q_ukey_free, PARAMS(P_INT(order)), NULL, e);
}
