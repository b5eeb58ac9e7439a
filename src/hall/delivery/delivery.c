#include "hall/delivery/delivery.h"

#include "hall/audit/audit.h"
#include "hall/delivery/delivery_sql.h"
#include "hall/vault/vault.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

static const char *to_json(struct arena *a, const struct delivery_to *to)
{
    _auto_buf b;
    struct json_out j;
    buf_init(&b, 16 << 10);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "name", to->name);
    jout_text(&j, "phone", to->phone);
    jout_text(&j, "address", to->address);
    jout_text(&j, "postcode", to->postcode ? to->postcode : "");
    jout_end(&j);
    return arena_text(a, buf_cstr(&b));
}

static enum err check_to(const struct delivery_to *to, struct err_info *e)
{
    if (to && to->name && *to->name && to->phone && *to->phone && to->address && *to->address)
        return ERR_OK;
    return err_set(e, ERR_SHIP_ADDRESS, "to", "name, phone or address is missing");
}

static enum err tell(struct hall_tx *tx, const char *act, int64_t order, const char *value,
                     struct err_info *e)
{
    struct audit_entry entry = {.act = act,
                                .order = order,
                                .object = arena_fmt(tx->arena, "order:%" PRId64, order),
                                .new_value = value};
    return audit_write(tx, &entry, e);
}

static enum err call_demo_courier(struct hall_tx *tx, int64_t order, const char *serial,
                                  struct err_info *e)
{
    struct outbox_new row = {
        .kind = "demo.courier",
        .order = order,
        .idem = arena_fmt(tx->arena, "courier:%" PRId64 ":%s", order, serial),
        .body = arena_fmt(tx->arena, "{\"serial\":\"%s\"}", serial),
    };
    return tx->hall->demo ? outbox_put(tx, &row, NULL, e) : ERR_OK;
}

/* The parcel is there already: as this order's it is told again, as another's it is a slip. */
static enum err same_parcel(struct hall_tx *tx, int64_t order, const char *courier,
                            const char *number, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_delivery_parcel, PARAMS(P_TEXT(courier), P_TEXT(number)), tx->arena,
                  &r, e));
    int64_t its = row_int(r, "order_id");
    if (its == order)
        return ERR_OK;
    err_set(e, ERR_SHIP_NUMBER_USED, "number", "%s stands on order %" PRId64, number, its);
    err_arg(e, "order", "%019" PRId64, its);
    return ERR_SHIP_NUMBER_USED;
}

enum err delivery_send(struct hall_tx *tx, int64_t order, const char *courier, const char *number,
                       const char *serial, const struct delivery_to *to, struct err_info *e)
{
    struct bytes sealed;
    const char *plain;
    int64_t id = hall_new_id(tx->hall), added;
    TRY(check_to(to, e));
    TRY(delivery_mend_number(tx->arena, number, &plain, e));
    if (!courier || !*courier)
        return err_set(e, ERR_FIELD_CHOICE, "courier", "no courier");
    struct delivery_courier by = delivery_courier_of(courier);
    TRY(vault_seal_text(tx->hall->vault, tx->arena, VAULT_ADDRESS, id, to_json(tx->arena, to),
                        &sealed, e));
    TRY(store_exec(tx->db, &Q_delivery_add,
                   PARAMS(P_INT(id), P_INT(order), P_TEXT(by.name), P_TEXT(plain), P_TEXT(serial),
                          P_BLOB(sealed), P_INT(tx->now), P_INT(tx->who.id), P_TEXT(tx->who.name)),
                   &added, e));
    if (added == 0)
        return same_parcel(tx, order, by.name, plain, e);
    TRY(tell(tx, "delivery.sent", order,
             arena_fmt(tx->arena, "%s %s, UKey %s", by.name, plain, serial), e));
    return call_demo_courier(tx, order, serial, e);
}

enum err delivery_erase(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    static const struct bytes nothing = {(const uint8_t *)"", 0};
    return store_exec(tx->db, &Q_delivery_erase, PARAMS(P_INT(order), P_BLOB(nothing)), NULL, e);
}

enum err delivery_signed(struct hall_tx *tx, int64_t order, int64_t at, struct err_info *e)
{
    struct delivery d;
    int found;
    int64_t changed;
    TRY(delivery_of_order(tx, order, &d, &found, e));
    if (!found)
        return err_set(e, ERR_NOT_FOUND, NULL, "no parcel of order %" PRId64, order);
    if (at > tx->now || time_china_day(at) < time_china_day(d.sent_at))
        return err_set(e, ERR_SHIP_DATE, "signed_at", "signed at %" PRId64, at);
    TRY(store_exec(tx->db, &Q_delivery_signed, PARAMS(P_INT(d.id), P_INT(at)), &changed, e));
    return changed ? tell(tx, "delivery.signed", order, time_rfc3339(tx->arena, at), e) : ERR_OK;
}

enum err delivery_of_order(struct hall_tx *tx, int64_t order, struct delivery *out, int *found,
                           struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_delivery_newest, PARAMS(P_INT(order)), tx->arena, &rows, e));
    *found = rows.n > 0;
    *out = (struct delivery){0};
    if (rows.n == 0)
        return ERR_OK;
    const struct store_row *r = &rows.row[0];
    *out = (struct delivery){.id = row_int(r, "id"),
                             .order = order,
                             .courier = delivery_courier_of(row_text(r, "courier")),
                             .number = row_text(r, "number"),
                             .serial = row_text(r, "serial"),
                             .sent_at = row_int(r, "sent_at"),
                             .signed_at = row_int(r, "signed_at"),
                             .sent_by = row_text(r, "sent_by"),
                             .to = row_blob(r, "sent_to")};
    return ERR_OK;
}

enum err delivery_open_to(struct hall_tx *tx, const struct delivery *d, struct delivery_to *out,
                          struct err_info *e)
{
    const char *text;
    _auto_json doc = NULL;
    TRY(vault_open_text(tx->hall->vault, tx->arena, VAULT_ADDRESS, d->id, d->to, &text, e));
    text = *text ? text : "{}"; /* erased (G-24) */
    TRY(json_parse(text, strlen(text), &doc, e));
    *out = (struct delivery_to){
        .name = arena_text(tx->arena, json_opt_text(doc, "name", "")),
        .phone = arena_text(tx->arena, json_opt_text(doc, "phone", "")),
        .address = arena_text(tx->arena, json_opt_text(doc, "address", "")),
        .postcode = arena_text(tx->arena, json_opt_text(doc, "postcode", "")),
    };
    return ERR_OK;
}

static void write_event(struct hall_tx *tx, struct json_out *j, const char *id, const char *zh,
                        const char *en, int64_t at, const char *open_state)
{
    jout_object(j, NULL);
    jout_text(j, "id", id);
    jout_text(j, "text", tx->lang == LANG_EN ? en : zh);
    if (at)
        jout_text(j, "at", time_rfc3339(tx->arena, at));
    jout_text(j, "state", at ? "done" : open_state);
    jout_end(j);
}

enum err delivery_write(struct hall_tx *tx, int64_t order, struct json_out *j, const char *key,
                        struct err_info *e)
{
    struct delivery d;
    struct delivery_to to;
    int found;
    TRY(delivery_of_order(tx, order, &d, &found, e));
    if (!found)
        return ERR_OK;
    TRY(delivery_open_to(tx, &d, &to, e));
    jout_object(j, key);
    jout_text(j, "courier", delivery_courier_text(d.courier, tx->lang));
    jout_text(j, "number", d.number);
    jout_text(j, "number_text", delivery_number_text(tx->arena, d.number));
    if (*d.courier.query_url)
        jout_text(j, "query_url", d.courier.query_url);
    jout_text(j, "to",
              arena_fmt(tx->arena, "%s %s %s", vault_mask_name(tx->arena, to.name),
                        vault_mask_mobile(tx->arena, to.phone),
                        vault_mask_address(tx->arena, to.address)));
    jout_list(j, "events");
    write_event(tx, j, "sent", "已交快递", "Handed to the courier", d.sent_at, "done");
    write_event(tx, j, "signed", "签收（时间以快递公司为准）",
                "Signed for (when is up to the courier)", d.signed_at, "current");
    jout_end(j);
    jout_end(j);
    return ERR_OK;
}
