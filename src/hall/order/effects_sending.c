/* Adapters to delivery and invoice. */
#include "hall/delivery/delivery.h"
#include "hall/invoice/invoice.h"
#include "hall/order/order_priv.h"
#include "hall/order/view_priv.h"
#include "hall/ukey/ukey.h"

#include <string.h>

/* ---- delivery ---- */

enum err order_fx_record_parcel(struct order_run *run, struct err_info *e)
{
    struct form *f;
    struct ukey k;
    int found;
    if (!run->in->parcel)
        return err_set(e, ERR_INTERNAL, NULL, "%s without a parcel", flow_event_name(run->event));
    TRY(order_form(run, &f, e));
    TRY(ukey_of_order(run->tx, run->o.id, &k, &found, e));
    struct delivery_to to = {.name = form_get(f, "mailing.name"),
                             .phone = form_get(f, "mailing.phone"),
                             .address = form_get(f, "mailing.address"),
                             .postcode = form_get(f, "mailing.postcode")};
    return delivery_send(run->tx, run->o.id, run->in->parcel->courier, run->in->parcel->number,
                         found ? k.serial : "", &to, e);
}

/* The courier's word dates the signature; without one, as after seven days, it is now (G-05). */
enum err order_fx_warranty_start(struct order_run *run, struct err_info *e)
{
    int64_t at = run->in->parcel ? run->in->parcel->signed_at : 0;
    return delivery_signed(run->tx, run->o.id, at ? at : run->tx->now, e);
}

/* ---- invoice ---- */

enum err order_fx_invoice_open(struct order_run *run, struct err_info *e)
{
    const struct project *p = run->o.rules_of;
    struct form *f;
    TRY(order_form(run, &f, e));
    const char *title = form_get(f, "invoice.title");
    struct invoice_new n = {.project = run->o.project,
                            .kind = p->invoice.kind,
                            .item = p->invoice.item.in[LANG_ZH],
                            .amount_fen = run->o.amount_fen,
                            .vat_percent = p->invoice.vat_percent,
                            .buyer = *title ? title : run->o.institution_name,
                            .tax_no = form_get(f, "invoice.tax_no"),
                            .mailbox = form_get(f, "invoice.email")};
    if (p->invoice.mode == INVOICE_BATCH)
        n.batch_day = project_batch_day(p, time_china_day(run->tx->now));
    return invoice_open(run->tx, run->o.id, &n, e);
}

enum err order_fx_invoice_title(struct order_run *run, struct err_info *e)
{
    struct form *f;
    TRY(order_form(run, &f, e));
    struct invoice_title t = {.buyer = form_get(f, "invoice.title"),
                              .tax_no = form_get(f, "invoice.tax_no"),
                              .mailbox = form_get(f, "invoice.email")};
    return invoice_title(run->tx, run->o.id, &t, e);
}

enum err order_fx_invoice_issue(struct order_run *run, struct err_info *e)
{
    return invoice_issue(run->tx, run->o.id, e);
}

/* Where the project's notice goes by mail, it is that mail which carries the files (effects_notify.c). */
enum err order_fx_invoice_mail(struct order_run *run, struct err_info *e)
{
    const struct project_notify *text = &run->o.rules_of->notify[NOTICE_INVOICE];
    struct invoice_letter plain = {0};
    return text->channels >> CHANNEL_MAIL & 1 ? ERR_OK
                                              : invoice_mail(run->tx, run->o.id, &plain, e);
}

enum err order_fx_invoice_red(struct order_run *run, struct err_info *e)
{
    return invoice_red(run->tx, run->o.id, e);
}

/* Invariant 2: an invoice is for what was paid less what went back. */
enum err order_fact_invoice_amount(struct order_run *run, int *holds, struct err_info *e)
{
    return invoice_amount_fits(run->tx, run->o.id, holds, e);
}

/* ---- the order page ---- */

enum err order_view_shipment(struct hall_tx *tx, const struct order *o, struct json_out *j,
                             struct err_info *e)
{
    return delivery_write(tx, o->id, j, "shipment", e);
}

enum err order_view_invoice(struct hall_tx *tx, const struct order *o, struct json_out *j,
                            struct err_info *e)
{
    struct invoice v;
    int found;
    TRY(invoice_of_order(tx, o->id, &v, &found, e));
    if (found)
        invoice_write(tx, &v, o->states.at[FLOW_INVOICE], j, "invoice");
    return ERR_OK;
}
