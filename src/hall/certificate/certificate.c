#include "hall/certificate/certificate.h"

#include "base/text.h"
#include "hall/audit/audit.h"
#include "hall/certificate/certificate_priv.h"
#include "hall/event/event.h"
#include "pki/digest.h"

#include <string.h>

struct certificate certificate_from(const struct store_row *r)
{
    const char *serial = row_text(r, "serial");
    return (struct certificate){
        .id = row_int(r, "id"),
        .version = row_int(r, "version"),
        .order = row_int(r, "order_id"),
        .account = row_int(r, "account_id"),
        .project = row_text(r, "project"),
        .institution = row_text(r, "institution"),
        .ukey = row_text(r, "ukey"),
        .state = flow_state_from_name(FLOW_CERTIFICATE, row_text(r, "state")),
        .serial = serial ? serial : "",
        .subject = row_text(r, "subject"),
        .issuer = row_text(r, "issuer"),
        .algorithm = row_text(r, "algorithm"),
        .not_before = row_int(r, "not_before"),
        .not_after = row_int(r, "not_after"),
        .requested_at = row_int(r, "requested_at"),
        .issued_at = row_int(r, "issued_at"),
        .changed_at = row_int(r, "changed_at"),
        .reason = row_text(r, "reason"),
        .der = row_blob(r, "der"),
        .at_ca = row_int(r, "wish_no") == row_int(r, "wish_done")};
}

/* ---- reading ---- */

enum err certificate_of_order(struct hall_tx *tx, int64_t order, struct certificate *out,
                              int *found, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_opt(tx->db, &Q_certificate_of_order, PARAMS(P_INT(order)), tx->arena, &row, e));
    *found = row != NULL;
    if (row)
        *out = certificate_from(row);
    return ERR_OK;
}

enum err certificate_of_ukey(struct hall_tx *tx, const char *serial, struct certificate *out,
                             int *found, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_certificate_of_ukey, PARAMS(P_TEXT(serial)), tx->arena, &rows, e));
    *found = rows.n > 0;
    if (rows.n)
        *out = certificate_from(&rows.row[0]);
    return ERR_OK;
}

enum err certificate_state(struct hall_tx *tx, int64_t order, int *state, struct err_info *e)
{
    struct certificate c;
    int found;
    TRY(certificate_of_order(tx, order, &c, &found, e));
    *state = found ? c.state : FLOW_CERTIFICATE_NONE;
    return ERR_OK;
}

/* Lower case, without colons and spaces, as people copy serials from other programs. */
static const char *plain_serial(struct arena *a, const char *typed)
{
    char *out = arena_text(a, typed);
    size_t n = 0;
    for (const char *s = typed; *s; s++) {
        if (*s == ':' || *s == ' ')
            continue;
        out[n++] = *s >= 'A' && *s <= 'F' ? (char)(*s - 'A' + 'a') : *s;
    }
    out[n] = 0;
    return out;
}

enum err certificate_get(struct hall_tx *tx, const char *serial, struct certificate *out,
                         struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_certificate_get, PARAMS(P_TEXT(plain_serial(tx->arena, serial))),
                  tx->arena, &row, e));
    *out = certificate_from(row);
    return ERR_OK;
}

enum err certificate_claim(struct hall_tx *tx, struct certificate *c, struct err_info *e)
{
    TRY(store_exec_one(tx->db, &Q_certificate_claim, PARAMS(P_INT(c->id), P_INT(c->version)), e));
    c->version++;
    return ERR_OK;
}

enum err certificate_find(struct hall_tx *tx, struct bytes der, struct certificate *out,
                          struct err_info *e)
{
    struct store_rows rows;
    uint8_t sum[DIGEST_LEN];
    digest_sha256(der, sum);
    TRY(store_many(tx->db, &Q_certificate_find, PARAMS(P_BLOB(((struct bytes){sum, sizeof sum}))),
                   tx->arena, &rows, e));
    if (der.n == 0 || rows.n != 1)
        return err_set(e, ERR_NOT_FOUND, "certificate", "not one of ours");
    *out = certificate_from(&rows.row[0]);
    return ERR_OK;
}

/* % and _ stand for themselves in what a person types. */
static const char *like(struct arena *a, const char *before, const char *text)
{
    _auto_buf b;
    buf_init(&b, 1024);
    buf_text(&b, before);
    for (const char *s = text; *s; s++) {
        if (*s == '%' || *s == '_' || *s == '\\')
            buf_byte(&b, '\\');
        buf_byte(&b, (uint8_t)*s);
    }
    buf_byte(&b, '%');
    return arena_text(a, buf_cstr(&b));
}

enum err certificate_list(struct hall_tx *tx, const struct certificate_filter *f,
                          const struct certificate **out, size_t *n, struct err_info *e)
{
    static const char *const views[] = {"", "ACTIVE", "ON_HOLD", "REVOKED", "EXPIRED"};
    struct store_rows rows;
    const char *q = f->q ? f->q : "";
    const char *serial = ukey_serial_mend(tx->arena, q);
    TRY(store_many(tx->db, &Q_certificate_list,
                   PARAMS(P_INT(f->before), P_TEXT(views[f->view]), P_INT(tx->now), P_TEXT(q),
                          P_TEXT(like(tx->arena, "%", q)),
                          P_TEXT(like(tx->arena, "", plain_serial(tx->arena, q))),
                          P_TEXT(like(tx->arena, "", serial ? serial : q)), P_INT(f->limit)),
                   tx->arena, &rows, e));
    struct certificate *all = arena_alloc(tx->arena, (rows.n + 1) * sizeof *all);
    for (size_t i = 0; i < rows.n; i++)
        all[i] = certificate_from(&rows.row[i]);
    *out = all;
    *n = rows.n;
    return ERR_OK;
}

enum err certificate_history(struct hall_tx *tx, int64_t id, const struct certificate_line **out,
                             size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_certificate_line_list, PARAMS(P_INT(id)), tx->arena, &rows, e));
    struct certificate_line *all = arena_alloc(tx->arena, (rows.n + 1) * sizeof *all);
    for (size_t i = 0; i < rows.n; i++)
        all[i] = (struct certificate_line){
            .at = row_int(&rows.row[i], "at"),
            .row = row_text(&rows.row[i], "row_id"),
            .who = row_text(&rows.row[i], "who"),
            .reason = row_text(&rows.row[i], "reason"),
            .state = flow_state_from_name(FLOW_CERTIFICATE, row_text(&rows.row[i], "state"))};
    *out = all;
    *n = rows.n;
    return ERR_OK;
}

/* ---- states ---- */

enum err certificate_line_add(struct hall_tx *tx, const struct certificate *c, const char *row,
                              int state, const char *reason, struct err_info *e)
{
    TRY(store_exec(tx->db, &Q_certificate_line_add,
                   PARAMS(P_INT(hall_new_id(tx->hall)), P_INT(c->id), P_INT(tx->now), P_TEXT(row),
                          P_TEXT(certificate_state_name(state)), P_TEXT(tx->who.name),
                          P_TEXT(reason)),
                   NULL, e));
    return event_put(tx, arena_fmt(tx->arena, "order:%lld", (long long)c->order), e);
}

enum err certificate_record_one(struct hall_tx *tx, const struct certificate *c, int state,
                                const char *row, struct err_info *e)
{
    TRY(store_exec_one(tx->db, &Q_certificate_set_state,
                       PARAMS(P_INT(c->id), P_INT(c->version),
                              P_TEXT(certificate_state_name(state)), P_INT(tx->now)),
                       e));
    int told = state == FLOW_CERTIFICATE_ON_HOLD || state == FLOW_CERTIFICATE_REVOKED;
    TRY(certificate_line_add(tx, c, row, state, told ? c->reason : "", e));
    return audit_write(tx,
                       &(struct audit_entry){.act = "certificate.state",
                                             .order = c->order,
                                             .object = arena_fmt(tx->arena, "certificate:%s",
                                                                 *c->serial ? c->serial : "-"),
                                             .old_value = certificate_state_name(c->state),
                                             .new_value = certificate_state_name(state)},
                       e);
}

enum err certificate_record(struct hall_tx *tx, int64_t order, int state, const char *row,
                            struct err_info *e)
{
    struct certificate c;
    int found;
    TRY(certificate_of_order(tx, order, &c, &found, e));
    if (!found)
        return err_set(e, ERR_INTERNAL, NULL, "order %lld has no certificate", (long long)order);
    return certificate_record_one(tx, &c, state, row, e);
}
