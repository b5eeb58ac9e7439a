/* Telling the applicant: the profile's texts by SMS, mail, and on the messages page. */
#include "hall/delivery/delivery.h"
#include "hall/event/event.h"
#include "hall/invoice/invoice.h"
#include "hall/order/order_priv.h"
#include "hall/order/order_sql.h"
#include "hall/outbox/message.h"
#include "hall/ukey/ukey.h"

#include <inttypes.h>
#include <string.h>

enum { NOTIFY_ARGS_MAX = 16 };

struct notify_args {
    struct project_value arg[NOTIFY_ARGS_MAX];
    int n;
};

static void put(struct notify_args *v, const char *name, const char *value)
{
    if (v->n == NOTIFY_ARGS_MAX)
        return;
    v->arg[v->n++] = (struct project_value){name, value};
}

static enum err put_invoice(struct order_run *run, struct notify_args *v, struct err_info *e)
{
    struct invoice invoice;
    int found;
    if (run->what->arg != NOTICE_INVOICE)
        return ERR_OK;
    TRY(invoice_of_order(run->tx, run->o.id, &invoice, &found, e));
    put(v, "invoice", found ? invoice.number : "");
    return ERR_OK;
}

static enum err put_serial(struct order_run *run, struct notify_args *v, struct err_info *e)
{
    struct ukey k;
    int found;
    const char *serial = run->in->making ? run->in->making->serial : NULL;
    if (!serial) {
        TRY(ukey_of_order(run->tx, run->o.id, &k, &found, e));
        serial = found ? k.serial : "";
    }
    put(v, "serial", order_serial_text(run->tx->arena, serial));
    return ERR_OK;
}

static enum err put_parcel(struct order_run *run, struct notify_args *v, struct err_info *e)
{
    struct delivery d;
    int found;
    TRY(delivery_of_order(run->tx, run->o.id, &d, &found, e));
    put(v, "courier", found ? d.courier.name : "");
    put(v, "parcel", found ? d.number : "");
    return ERR_OK;
}

/* {date}: once paid, until when the UKey is sent (S0-27); before, until when the price is kept (G-33). */
static int32_t date_of(const struct order_run *run)
{
    const struct project *p = run->o.rules_of;
    const struct flow_rules *r = &p->rules;
    int paid = run->what->arg == NOTICE_PAID;
    for (int i = 0; paid && i < r->clocks; i++)
        if (r->clock[i].stops == EVENT_FUL_HAND_OVER &&
            (!r->clock[i].types || r->clock[i].types >> run->o.type & 1))
            return time_china_day(
                project_clock_due(p, run->tx->hall->calendar, i, run->tx->now, NULL));
    return run->o.price_until ? time_china_day(run->o.price_until)
                              : time_china_day(run->tx->now) + p->pay.price_freeze_days;
}

/* Every placeholder that a profile may use in a notice of an order (src/hall/project/check.c). */
static enum err fill_args(struct order_run *run, const struct account *acc, enum lang lang,
                          struct notify_args *v, struct err_info *e)
{
    struct arena *a = run->tx->arena;
    const struct order *o = &run->o;
    const struct project_about *about = &o->rules_of->about;
    const char *number = arena_fmt(a, "%019" PRId64, o->id);
    int64_t fen = run->in->money ? run->in->money->amount_fen : o->amount_fen;
    v->n = 0;
    put(v, "project", about->name.in[lang]);
    put(v, "order", number);
    put(v, "business", order_title(o, lang));
    put(v, "institution", o->institution_name);
    put(v, "user", acc->user_name);
    put(v, "handler", acc->handler);
    put(v, "amount", order_yuan(a, fen, lang));
    put(v, "date", order_day_text(a, date_of(run), lang));
    put(v, "reason", run->in->reason);
    put(v, "hotline", about->hotline);
    put(v, "url", arena_fmt(a, "%s/%s/orders/%s", run->tx->hall->public_url, o->project, number));
    TRY(put_serial(run, v, e));
    TRY(put_parcel(run, v, e));
    return put_invoice(run, v, e);
}

/* Chinese is what goes out by SMS and mail: who reads English reads it on the page. */
static enum err send(struct order_run *run, const struct project_notify *text,
                     const struct account *acc, const struct notify_args *v, struct err_info *e)
{
    struct arena *a = run->tx->arena;
    const char *idem = arena_fmt(a, "%" PRId64 ":%s:%" PRId64, run->o.id,
                                 flow_notice_name((enum flow_notice)run->what->arg),
                                 run->o.version);
    if (text->channels >> CHANNEL_SMS & 1) {
        struct message_sms sms = {
            .order = run->o.id,
            .idem = arena_fmt(a, "sms:%s", idem),
            .to = acc->mobile,
            .text = project_fill(a, text->sms.in[LANG_ZH], v->arg, v->n),
        };
        TRY(message_put_sms(run->tx, &sms, e));
    }
    if (text->channels >> CHANNEL_MAIL & 1 && run->what->arg == NOTICE_INVOICE) {
        struct invoice_letter letter = {
            .subject = project_fill(a, text->subject.in[LANG_ZH], v->arg, v->n),
            .text = project_fill(a, text->mail.in[LANG_ZH], v->arg, v->n)};
        return invoice_mail(run->tx, run->o.id, &letter, e); /* the files go with it */
    }
    if (text->channels >> CHANNEL_MAIL & 1) {
        struct message_mail mail = {
            .order = run->o.id,
            .idem = arena_fmt(a, "mail:%s", idem),
            .to = acc->email,
            .subject = project_fill(a, text->subject.in[LANG_ZH], v->arg, v->n),
            .text = project_fill(a, text->mail.in[LANG_ZH], v->arg, v->n),
        };
        TRY(message_put_mail(run->tx, &mail, e));
    }
    return ERR_OK;
}

static const char *first_of(const char *a, const char *b)
{
    return *a ? a : b;
}

/* Without the salutation, which stands in a line of its own: a message has no handler. */
static const char *ungreeted(const char *text)
{
    size_t line = strcspn(text, "\n");
    const char *name = strstr(text, "{handler}");
    if (!name || (size_t)(name - text) > line)
        return text;
    return text + line + strspn(text + line, "\n");
}

static enum err put_message(struct order_run *run, const struct project_notify *text,
                            const struct account *acc, struct err_info *e)
{
    const char *title[2], *body[2];
    struct account nameless = *acc;
    nameless.handler = ""; /* rows of messages are plain */
    for (int lang = LANG_ZH; lang <= LANG_EN; lang++) {
        struct notify_args v;
        TRY(fill_args(run, &nameless, (enum lang)lang, &v, e));
        const char *t = first_of(text->subject.in[lang], order_title(&run->o, (enum lang)lang));
        const char *b = ungreeted(first_of(text->sms.in[lang], text->mail.in[lang]));
        title[lang] = project_fill(run->tx->arena, t, v.arg, v.n);
        body[lang] = project_fill(run->tx->arena, b, v.arg, v.n);
    }
    TRY(event_put(run->tx, arena_fmt(run->tx->arena, "messages:%" PRId64, run->o.account), e));
    return store_exec(run->tx->db, &Q_order_message_add,
                      PARAMS(P_INT(hall_new_id(run->tx->hall)), P_INT(run->o.account),
                             P_INT(run->o.id), P_INT(run->tx->now), P_TEXT(title[LANG_ZH]),
                             P_TEXT(title[LANG_EN]), P_TEXT(body[LANG_ZH]), P_TEXT(body[LANG_EN])),
                      NULL, e);
}

enum err order_fx_notify(struct order_run *run, struct err_info *e)
{
    const struct project_notify *text = &run->o.rules_of->notify[run->what->arg];
    const struct account *acc;
    struct notify_args v;
    if (!text->channels || run->what->arg == NOTICE_REVIEWERS) /* reviewers have a task */
        return ERR_OK;
    TRY(order_account(run, &acc, e));
    TRY(fill_args(run, acc, LANG_ZH, &v, e));
    TRY(send(run, text, acc, &v, e));
    return put_message(run, text, acc, e);
}

/* ---- the messages page ---- */

enum err order_message_list(struct hall_tx *tx, int64_t account, int64_t before, int limit,
                            const struct order_message **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    const char *title = tx->lang == LANG_EN ? "title_en" : "title_zh";
    const char *text = tx->lang == LANG_EN ? "text_en" : "text_zh";
    TRY(store_many(tx->db, &Q_order_message_list,
                   PARAMS(P_INT(account), P_INT(before), P_INT(limit)), tx->arena, &rows, e));
    struct order_message *list = arena_alloc(tx->arena, sizeof *list * (rows.n + 1));
    for (size_t i = 0; i < rows.n; i++)
        list[i] = (struct order_message){
            .id = row_int(&rows.row[i], "id"),
            .order = row_int(&rows.row[i], "order_id"),
            .at = row_int(&rows.row[i], "at"),
            .title = row_text(&rows.row[i], title),
            .text = row_text(&rows.row[i], text),
            .seen = (int)row_int(&rows.row[i], "seen"),
        };
    *out = list;
    *n = rows.n;
    return ERR_OK;
}

enum err order_message_unread(struct hall_tx *tx, int64_t account, int64_t *n, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_order_message_unread, PARAMS(P_INT(account)), tx->arena, &r, e));
    *n = row_int(r, "n");
    return ERR_OK;
}

enum err order_message_read(struct hall_tx *tx, int64_t account, int64_t id, struct err_info *e)
{
    return store_exec(tx->db, &Q_order_message_seen, PARAMS(P_INT(account), P_INT(id)), NULL, e);
}
