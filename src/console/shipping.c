/* Parcels: what goes where, handing over to the courier, and the courier's word that it arrived. */
#include "console/console_priv.h"

#include "hall/audit/audit.h"
#include "hall/certificate/certificate.h"
#include "hall/delivery/delivery.h"
#include "hall/form/form.h"
#include "hall/order/order.h"
#include "hall/production/production.h"
#include "hall/project/project.h"

#include <inttypes.h>
#include <string.h>

struct parcel {
    struct order order;
    struct production made;
    struct delivery sent;
    struct delivery_to to;
    struct ukey key;
    int was_sent, has_key;
};

/* Where it went, or where it will go: as the applicant asked. */
static enum err find_address(struct hall_tx *tx, struct parcel *p, struct err_info *e)
{
    struct form *f;
    if (p->was_sent)
        return delivery_open_to(tx, &p->sent, &p->to, e);
    f = arena_alloc(tx->arena, sizeof *f);
    TRY(form_read(tx, p->order.id, p->order.rules_of, p->order.type, f, e));
    p->to = (struct delivery_to){.name = form_get(f, "mailing.name"),
                                 .phone = form_get(f, "mailing.phone"),
                                 .address = form_get(f, "mailing.address"),
                                 .postcode = form_get(f, "mailing.postcode")};
    return ERR_OK;
}

/* An order that never came to the bench has no parcel. */
static enum err load(struct hall_tx *tx, int64_t order, struct parcel *p, struct err_info *e)
{
    int produced;
    TRY(order_get(tx, order, &p->order, e));
    TRY(production_of_order(tx, order, &p->made, &produced, e));
    if (!produced)
        return err_set(e, ERR_NOT_FOUND, "order", "not in production");
    TRY(delivery_of_order(tx, order, &p->sent, &p->was_sent, e));
    TRY(ukey_of_order(tx, order, &p->key, &p->has_key, e));
    return find_address(tx, p, e);
}

static void action(struct json_out *j, const char *code, const char *label)
{
    jout_object(j, NULL);
    jout_text(j, "code", code);
    jout_text(j, "label", label);
    jout_bool(j, "primary", 1);
    jout_end(j);
}

static void write_to(const struct parcel *p, struct json_out *j)
{
    jout_object(j, "to");
    jout_text(j, "name", p->to.name);
    jout_text(j, "phone", p->to.phone);
    jout_text(j, "address", p->to.address);
    web_some(j, "postcode", p->to.postcode);
    jout_end(j);
}

static void write_sent(struct hall_tx *tx, const struct parcel *p, struct json_out *j)
{
    if (!p->was_sent)
        return;
    jout_text(j, "courier", delivery_courier_text(p->sent.courier, tx->lang));
    jout_text(j, "number", p->sent.number);
    web_time(j, tx->arena, "sent_at", p->sent.sent_at);
    web_time(j, tx->arena, "delivered_at", p->sent.signed_at);
}

static enum err write_parcel(struct hall_tx *tx, const struct parcel *p, struct json_out *j,
                             struct err_info *e)
{
    struct order_status status;
    int state = p->order.states.at[FLOW_FULFILMENT];
    const struct project *project = p->order.rules_of;
    TRY(order_status(tx, &p->order, ORDER_FOR_STAFF, &status, e));
    jout_object(j, NULL);
    jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, p->order.id));
    jout_text(j, "institution", p->order.institution_name);
    jout_text(j, "state", flow_state_name(FLOW_FULFILMENT, state));
    jout_text(j, "text", flow_state_text(FLOW_FULFILMENT, state, tx->lang));
    order_write_due(tx, &status.due, j, "due");
    write_to(p, j);
    if (p->has_key) {
        jout_object(j, "key");
        TRY(certificate_write_key_members(tx, &p->key, j, e));
        jout_end(j);
    }
    delivery_write_couriers(j, "couriers", project->deliver.couriers,
                            project->deliver.courier_names, tx->lang);
    write_sent(tx, p, j);
    jout_list(j, "actions");
    if (state == FLOW_FULFILMENT_PACKED)
        action(j, "ship", web_word(tx->lang, "交给快递", "Hand to the courier"));
    if (state == FLOW_FULFILMENT_SHIPPED)
        action(j, "deliver", web_word(tx->lang, "登记签收", "Record the signature"));
    jout_end(j);
    jout_end(j);
    return ERR_OK;
}

/* Name, phone and address are shown whole, since they are printed on the parcel: who looked is a row of the chain (design §8). */
static enum err note_look(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    struct audit_entry x = {.act = "delivery.address",
                            .order = order,
                            .object = arena_fmt(tx->arena, "order:%" PRId64, order)};
    return audit_write(tx, &x, e);
}

static enum err answer(struct httpd_reply *reply, struct hall_tx *tx, int64_t order,
                       struct err_info *e)
{
    struct parcel *p = arena_alloc(tx->arena, sizeof *p);
    struct json_out j;
    TRY(load(tx, order, p, e));
    TRY(note_look(tx, order, e));
    httpd_reply_json(reply, &j);
    return write_parcel(tx, p, &j, e);
}

HANDLER(console_shipment_get)
{
    int64_t order;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "order", &order, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(answer(reply, &tx, order, e));
    return hall_commit(&tx, e);
}

/* Only couriers that the project works with. */
static enum err check_courier(const struct project *p, const char *id, const char **name,
                              struct err_info *e)
{
    for (int i = 0; i < p->deliver.courier_names; i++) {
        struct delivery_courier c = delivery_courier_of(p->deliver.couriers[i]);
        if (strcmp(c.id, id) == 0 || strcmp(c.name, id) == 0) {
            *name = c.name;
            return ERR_OK;
        }
    }
    return err_set(e, ERR_FIELD_CHOICE, "courier", "%s", id);
}

static enum err send(struct hall_tx *tx, int64_t id, const json_t *body, struct err_info *e)
{
    const char *courier, *number, *scanned;
    struct order o;
    struct production made;
    struct order_parcel parcel = {0};
    struct order_input in = {.parcel = &parcel};
    int produced;
    TRY(json_get_text(body, "courier", &courier, e));
    TRY(json_get_text(body, "number", &number, e));
    TRY(json_get_text(body, "scanned_serial", &scanned, e));
    TRY(order_get(tx, id, &o, e));
    TRY(production_of_order(tx, id, &made, &produced, e));
    if (!produced)
        return err_set(e, ERR_NOT_FOUND, "order", "not in production");
    TRY(check_courier(o.rules_of, courier, &parcel.courier, e));
    TRY(delivery_mend_number(tx->arena, number, &parcel.number, e));
    TRY(production_label_matches(&made, scanned, tx->arena, e));
    struct order_making making = {.serial = made.serial};
    in.making = &making;
    return order_apply(tx, id, EVENT_FUL_HAND_OVER, &in, NULL, e);
}

HANDLER(console_shipment_send)
{
    const json_t *body;
    int64_t order;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "order", &order, e));
    TRY(httpd_json(r, &body, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(send(&tx, order, body, e));
    TRY(answer(reply, &tx, order, e));
    return hall_commit(&tx, e);
}

HANDLER(console_shipment_deliver)
{
    const enum flow_actor courier = ACTOR_EXTERNAL; /* F9: it is his word that a clerk types */
    const struct web_field by = {"signed_by", web_word(r->lang, "签收人", "who signed"), 0, 60};
    struct order_parcel parcel = {.courier = "", .number = ""};
    struct order_input in = {.as = &courier, .parcel = &parcel};
    const json_t *body;
    const char *signed_by;
    int64_t order;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "order", &order, e));
    TRY(httpd_json(r, &body, e));
    TRY(web_time_opt(body, "signed_at", &parcel.signed_at, e));
    if (!parcel.signed_at)
        return web_bad(e, "signed_at", NULL);
    TRY(web_text_opt(r, body, &by, &signed_by, e));
    if (*signed_by)
        in.reason = signed_by;
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(order_apply(&tx, order, EVENT_FUL_SIGNED, &in, NULL, e));
    TRY(answer(reply, &tx, order, e));
    return hall_commit(&tx, e);
}
