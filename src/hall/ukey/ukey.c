#include "hall/ukey/ukey.h"

#include "hall/audit/audit.h"
#include "hall/staff/staff.h"
#include "hall/ukey/ukey_priv.h"

#include <string.h>

static struct ukey ukey_from(const struct store_row *r)
{
    return (struct ukey){.serial = row_text(r, "serial"),
                         .project = row_text(r, "project"),
                         .model = row_text(r, "model"),
                         .batch = row_text(r, "batch"),
                         .state = flow_state_from_name(FLOW_UKEY, row_text(r, "state")),
                         .version = row_int(r, "version"),
                         .order = row_int(r, "order_id"),
                         .account = row_int(r, "account_id"),
                         .stocked_at = row_int(r, "stocked_at"),
                         .shipped_at = row_int(r, "shipped_at"),
                         .first_pin_at = row_int(r, "first_pin_at"),
                         .admin_version = row_int(r, "admin_version"),
                         .release_open = (int)row_int(r, "release_open"),
                         .user_left = (int)row_int(r, "user_left"),
                         .user_max = (int)row_int(r, "user_max"),
                         .admin_left = (int)row_int(r, "admin_left"),
                         .admin_max = (int)row_int(r, "admin_max")};
}

enum err ukey_get(struct hall_tx *tx, const char *serial, struct ukey *out, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_ukey_get, PARAMS(P_TEXT(serial)), tx->arena, &row, e));
    *out = ukey_from(row);
    return ERR_OK;
}

static enum err list(struct hall_tx *tx, const struct store_query *q, int64_t key,
                     const struct ukey **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, q, PARAMS(P_INT(key)), tx->arena, &rows, e));
    struct ukey *all = arena_alloc(tx->arena, (rows.n + 1) * sizeof *all);
    for (size_t i = 0; i < rows.n; i++)
        all[i] = ukey_from(&rows.row[i]);
    *out = all;
    *n = rows.n;
    return ERR_OK;
}

/* Those that an order used before and lost, broke or gave back do not stand for it any more. */
static int is_past(int state)
{
    return state == FLOW_UKEY_LOST || state == FLOW_UKEY_REPLACED || state == FLOW_UKEY_RETIRED ||
           state == FLOW_UKEY_RETURNED || state == FLOW_UKEY_WIPED ||
           state == FLOW_UKEY_DESTROYED || state == FLOW_UKEY_LOST_IN_TRANSIT;
}

enum err ukey_of_order(struct hall_tx *tx, int64_t order, struct ukey *out, int *found,
                       struct err_info *e)
{
    const struct ukey *all;
    size_t n;
    TRY(list(tx, &Q_ukey_of_order, order, &all, &n, e));
    *found = 0;
    for (size_t i = 0; i < n; i++) {
        if (*found && is_past(all[i].state))
            continue;
        if (*found && !is_past(out->state))
            return err_set(e, ERR_INTERNAL, NULL, "order %lld has two UKeys", (long long)order);
        *out = all[i];
        *found = 1;
    }
    return ERR_OK;
}

enum err ukey_of_account(struct hall_tx *tx, int64_t account, const struct ukey **out, size_t *n,
                         struct err_info *e)
{
    return list(tx, &Q_ukey_of_account, account, out, n, e);
}

enum err ukey_state(struct hall_tx *tx, int64_t order, int *state, struct err_info *e)
{
    struct ukey k;
    int found;
    TRY(ukey_of_order(tx, order, &k, &found, e));
    *state = found ? k.state : FLOW_UKEY_NONE;
    return ERR_OK;
}

enum err ukey_live_count(struct hall_tx *tx, int64_t account, int *n, struct err_info *e)
{
    const struct ukey *all;
    size_t all_n;
    TRY(ukey_of_account(tx, account, &all, &all_n, e));
    *n = 0;
    for (size_t i = 0; i < all_n; i++)
        *n += !is_past(all[i].state);
    return ERR_OK;
}

/* ---- effects ---- */

/* "maker/许建民" where staff did it, as in the log of orders. */
static const char *who_of(const struct hall_tx *tx)
{
    const struct actor *w = &tx->who;
    return staff_role_from_code(w->role) ? arena_fmt(tx->arena, "%s/%s", w->role, w->name)
                                         : w->name;
}

static void read_who(struct arena *a, const char *kept, struct ukey_line *out)
{
    const char *slash = strchr(kept, '/');
    const char *role = slash ? arena_text_n(a, kept, (size_t)(slash - kept)) : "";
    int staff = staff_role_from_code(role) != 0;
    out->role = staff ? role : "";
    out->who = staff ? slash + 1 : kept;
}

enum err ukey_line_add(struct hall_tx *tx, const char *serial, int64_t order, const char *row,
                       int state, struct err_info *e)
{
    return store_exec(tx->db, &Q_ukey_line_add,
                      PARAMS(P_INT(hall_new_id(tx->hall)), P_TEXT(serial), P_INT(tx->now),
                             P_TEXT(row), P_TEXT(ukey_state_name(state)), P_INT(order),
                             P_TEXT(who_of(tx))),
                      NULL, e);
}

static enum err audit_change(struct hall_tx *tx, const char *act, const struct ukey *k,
                             int64_t order, const char *before, const char *after,
                             struct err_info *e)
{
    return audit_write(tx,
                       &(struct audit_entry){.act = act,
                                             .order = order,
                                             .object = arena_fmt(tx->arena, "ukey:%s", k->serial),
                                             .old_value = before,
                                             .new_value = after},
                       e);
}

enum err ukey_record(struct hall_tx *tx, const char *serial, int64_t order, const char *row,
                     int state, struct err_info *e)
{
    struct ukey k;
    TRY(ukey_get(tx, serial, &k, e));
    /* back in stock, or scrapped before anybody had it, it belongs to no order */
    int stocked = state == FLOW_UKEY_BLANK && strcmp(row, "T1") != 0;
    int scrapped = state == FLOW_UKEY_DESTROYED && !k.account;
    int64_t of = stocked || scrapped ? 0 : order ? order : k.order;
    int64_t shipped = state == FLOW_UKEY_ISSUED ? tx->now : k.shipped_at;
    int64_t first = state == FLOW_UKEY_ACTIVE && !k.first_pin_at ? tx->now : k.first_pin_at;
    TRY(store_exec_one(tx->db, &Q_ukey_set_state,
                       PARAMS(P_TEXT(serial), P_INT(k.version), P_TEXT(ukey_state_name(state)),
                              P_INT(of), P_INT(shipped), P_INT(first)),
                       e));
    TRY(ukey_line_add(tx, serial, order, row, state, e));
    return audit_change(tx, "ukey.state", &k, order, ukey_state_name(k.state),
                        ukey_state_name(state), e);
}

enum err ukey_owner(struct hall_tx *tx, const char *serial, int64_t account, struct err_info *e)
{
    struct ukey k;
    TRY(ukey_get(tx, serial, &k, e));
    if (k.account == account)
        return ERR_OK;
    TRY(store_exec_one(tx->db, &Q_ukey_set_owner,
                       PARAMS(P_TEXT(serial), P_INT(k.version), P_INT(account)), e));
    return audit_change(tx, "ukey.owner", &k, k.order, NULL,
                        arena_fmt(tx->arena, "account:%lld", (long long)account), e);
}

enum err ukey_history(struct hall_tx *tx, const char *serial, const struct ukey_line **out,
                      size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_ukey_line_list, PARAMS(P_TEXT(serial)), tx->arena, &rows, e));
    struct ukey_line *all = arena_alloc(tx->arena, (rows.n + 1) * sizeof *all);
    for (size_t i = 0; i < rows.n; i++) {
        all[i] = (struct ukey_line){
            .at = row_int(&rows.row[i], "at"),
            .row = row_text(&rows.row[i], "row_id"),
            .state = flow_state_from_name(FLOW_UKEY, row_text(&rows.row[i], "state")),
            .order = row_int(&rows.row[i], "order_id")};
        read_who(tx->arena, row_text(&rows.row[i], "who"), &all[i]);
    }
    *out = all;
    *n = rows.n;
    return ERR_OK;
}

/* ---- what agents tell ---- */

enum err ukey_seen(struct hall_tx *tx, const char *serial, const struct ukey_seen *s,
                   struct err_info *e)
{
    return store_exec(tx->db, &Q_ukey_set_seen,
                      PARAMS(P_TEXT(serial), P_INT(s->user_left), P_INT(s->user_max),
                             P_INT(s->admin_left), P_INT(s->admin_max)),
                      NULL, e);
}

enum err ukey_pin_released(struct hall_tx *tx, const char *serial, struct err_info *e)
{
    struct ukey k;
    TRY(ukey_get(tx, serial, &k, e));
    return store_exec_one(tx->db, &Q_ukey_set_pin,
                          PARAMS(P_TEXT(serial), P_INT(k.admin_version), P_INT(1)), e);
}

enum err ukey_pin_confirmed(struct hall_tx *tx, const char *serial, int64_t version,
                            struct err_info *e)
{
    return store_exec_one(tx->db, &Q_ukey_set_pin, PARAMS(P_TEXT(serial), P_INT(version), P_INT(0)),
                          e);
}

/* ---- staff ---- */

enum err ukey_staff_put(struct hall_tx *tx, const struct ukey_staff *s, struct err_info *e)
{
    TRY(store_exec(tx->db, &Q_ukey_staff_put,
                   PARAMS(P_INT(s->staff), P_TEXT(s->serial), P_TEXT(s->certificate)), NULL, e));
    return audit_write(
        tx,
        &(struct audit_entry){.act = "ukey.staff",
                              .object = arena_fmt(tx->arena, "staff:%lld", (long long)s->staff),
                              .new_value = s->serial},
        e);
}

enum err ukey_of_staff(struct hall_tx *tx, int64_t staff, struct ukey_staff *out, int *found,
                       struct err_info *e)
{
    const struct store_row *row;
    TRY(store_opt(tx->db, &Q_ukey_staff_get, PARAMS(P_INT(staff)), tx->arena, &row, e));
    *found = row != NULL;
    if (row)
        *out = (struct ukey_staff){.staff = staff,
                                   .serial = row_text(row, "serial"),
                                   .certificate = row_text(row, "certificate")};
    return ERR_OK;
}
