/* Invoices as pages read them. */
#include "hall/invoice/invoice.h"

#include "hall/vault/vault.h"

#include <inttypes.h>
#include <string.h>

static int state_of_row(const struct invoice *v)
{
    if (*v->red_number)
        return FLOW_INVOICE_RED_PENDING;
    if (*v->number)
        return v->mails ? FLOW_INVOICE_DELIVERED : FLOW_INVOICE_ISSUED;
    return v->batch_day ? FLOW_INVOICE_BATCHED : FLOW_INVOICE_QUEUED;
}

static const char *tone_of(int state)
{
    switch (state) {
    case FLOW_INVOICE_ISSUED:
    case FLOW_INVOICE_DELIVERED:
        return "ok";
    case FLOW_INVOICE_RED_PENDING:
        return "warn";
    default:
        return "plain";
    }
}

static const char *day_text(struct arena *a, int32_t day, enum lang lang)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int year, month, mday;
    time_day_parts(day, &year, &month, &mday);
    return lang == LANG_EN ? arena_fmt(a, "%d %s", mday, months[month - 1])
                           : arena_fmt(a, "%d月%d日", month, mday);
}

/* The words of the machine's table with their {day} or {date} filled. */
static const char *state_words(struct hall_tx *tx, const struct invoice *v, int state)
{
    const char *text = flow_state_text(FLOW_INVOICE, state, tx->lang);
    const char *open = strchr(text, '{'), *close = open ? strchr(open, '}') : NULL;
    if (!close)
        return text;
    const char *day = v->batch_day ? day_text(tx->arena, v->batch_day, tx->lang) : "";
    return arena_fmt(tx->arena, "%.*s%s%s", (int)(open - text), text, day, close + 1);
}

static const char *kind_text(const char *kind, enum lang lang)
{
    if (strcmp(kind, "special") == 0)
        return lang == LANG_EN ? "Electronic special VAT invoice" : "增值税电子专用发票";
    return lang == LANG_EN ? "Electronic general VAT invoice" : "增值税电子普通发票";
}

static void write_issued(struct hall_tx *tx, const struct invoice *v, struct json_out *j)
{
    jout_text(j, "number", v->number);
    jout_text(j, "issued_at", time_rfc3339(tx->arena, v->issued_at));
    if (v->mails)
        jout_text(j, "sent_to", vault_mask_email(tx->arena, v->mailbox));
    jout_list(j, "formats");
    jout_text(j, NULL, "pdf");
    jout_text(j, NULL, "xml");
    jout_end(j);
}

void invoice_write(struct hall_tx *tx, const struct invoice *v, int state, struct json_out *j,
                   const char *key)
{
    if (state < 0)
        state = state_of_row(v);
    jout_object(j, key);
    jout_id(j, "id", v->id);
    jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, v->order));
    jout_text(j, "state", flow_state_name(FLOW_INVOICE, state));
    jout_text(j, "text", state_words(tx, v, state));
    jout_text(j, "tone", tone_of(state));
    if (state == FLOW_INVOICE_BATCHED) {
        jout_object(j, "due");
        jout_text(j, "date", time_date_text(tx->arena, v->batch_day));
        jout_text(j, "text", day_text(tx->arena, v->batch_day, tx->lang));
        jout_end(j);
    }
    jout_text(j, "kind_text", kind_text(v->kind, tx->lang));
    jout_text(j, "buyer", v->buyer);
    jout_text(j, "buyer_tax_no", v->tax_no);
    jout_int(j, "amount_fen", v->amount_fen);
    jout_int(j, "tax_fen", v->tax_fen);
    if (*v->number)
        write_issued(tx, v, j);
    jout_end(j);
}

void invoice_batch_write(struct hall_tx *tx, const struct invoice_batch *b, struct json_out *j,
                         const char *key)
{
    jout_object(j, key);
    if (b->id)
        jout_id(j, "id", b->id);
    jout_text(j, "month", b->month);
    jout_text(j, "batch_day", time_date_text(tx->arena, b->batch_day));
    jout_int(j, "count", b->count);
    jout_int(j, "total_fen", b->total_fen);
    jout_int(j, "tax_fen", b->tax_fen);
    if (b->issued_at)
        jout_text(j, "issued_at", time_rfc3339(tx->arena, b->issued_at));
    if (*b->issued_by)
        jout_text(j, "issued_by", b->issued_by);
    jout_int(j, "delivered", b->delivered);
    jout_bool(j, "early", !b->id && time_china_day(tx->now) < b->batch_day);
    if (b->id && !b->issued_at)
        jout_text(j, "note",
                  tx->lang == LANG_EN ? "Not finished: issue again to go on with it"
                                      : "还没有开完，再次开具会接着开");
    jout_list(j, "items");
    for (size_t i = 0; i < b->items; i++)
        invoice_write(tx, &b->item[i], -1, j, NULL);
    jout_end(j);
    jout_end(j);
}
