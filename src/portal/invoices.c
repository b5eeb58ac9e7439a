/* Invoices of the person's orders, also those still to be issued (S0-33). */
#include "portal/portal_priv.h"

#include "hall/invoice/invoice.h"

#include <string.h>

/* One that waits to be asked for has no row yet. */
static void write_unasked(struct hall_tx *tx, const struct order *o, struct json_out *j)
{
    int state = o->states.at[FLOW_INVOICE];
    jout_object(j, NULL);
    jout_text(j, "order", portal_order_no(tx->arena, o->id));
    jout_text(j, "state", flow_state_name(FLOW_INVOICE, state));
    jout_text(j, "text",
              project_fill(tx->arena, flow_state_text(FLOW_INVOICE, state, tx->lang), NULL, 0));
    jout_text(j, "tone", "plain");
    jout_int(j, "amount_fen", o->amount_fen);
    jout_end(j);
}

static enum err write_invoice(struct hall_tx *tx, const struct order *o, struct json_out *j,
                              struct err_info *e)
{
    struct invoice v;
    int found, state = o->states.at[FLOW_INVOICE];
    if (state == FLOW_INVOICE_NONE)
        return ERR_OK;
    TRY(invoice_of_order(tx, o->id, &v, &found, e));
    if (found)
        invoice_write(tx, &v, state, j, NULL);
    else
        write_unasked(tx, o, j);
    return ERR_OK;
}

static enum err list_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct web_page page;
    const struct order *list;
    size_t n;
    struct json_out j;
    TRY(web_page(c->r, &page, e));
    struct order_filter f = {
        .account = c->s->account.id, .group = -1, .before = page.after, .limit = page.limit + 1};
    TRY(order_list(tx, &f, &list, &n, e));
    int more = n > (size_t)page.limit;
    n = more ? (size_t)page.limit : n;
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++)
        TRY(write_invoice(tx, &list[i], &j, e));
    jout_end(&j);
    if (more)
        jout_id(&j, "next", list[n - 1].id);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_invoice_list(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, list_work, e);
}

/* ---- the file ---- */

static enum err file_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const char *format = c->arg, *filename;
    struct invoice v;
    struct order o;
    struct bytes data;
    int64_t id;
    TRY(httpd_param_id(c->r, "id", &id, e));
    TRY(invoice_get(tx, id, &v, e));
    TRY(order_get_of(tx, v.order, c->s->account.id, &o, e)); /* another's is not there */
    TRY(invoice_file(tx, id, format, &data, &filename, e));
    c->reply->content_type = strcmp(format, "xml") == 0 ? "application/xml" : "application/pdf";
    httpd_reply_download(c->reply, filename);
    httpd_reply_borrow(c->reply, data, NULL, NULL);
    return ERR_OK;
}

enum err portal_invoice_file_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                 struct err_info *e)
{
    static const char *const formats[] = {"pdf", "xml", NULL};
    const char *format;
    TRY(web_choice(r, "format", formats, "pdf", &format, e));
    struct portal_call c = PORTAL_CALL(r, reply, app, (void *)(uintptr_t)format);
    return portal_read(&c, file_work, e);
}
