/* The payment page. */
#include "hall/payment/payment.h"
#include "hall/outbox/outbox.h"

#include "portal/portal_priv.h"

#include <inttypes.h>
#include <string.h>

static const char *say(enum lang lang, const char *zh, const char *en)
{
    return lang == LANG_EN ? en : zh;
}

static const char *tone_of(int state)
{
    switch (state) {
    case FLOW_PAYMENT_PAID:
    case FLOW_PAYMENT_NOT_DUE:
        return "ok";
    case FLOW_PAYMENT_UNPAID:
        return "warn";
    case FLOW_PAYMENT_VOID:
    case FLOW_PAYMENT_REFUNDED:
        return "plain";
    default:
        return "info";
    }
}

static void write_methods(const struct order *o, enum lang lang, struct json_out *j)
{
    static const struct {
        enum project_pay_method method;
        const char *title[2], *note[2];
    } words[] = {
        {PAY_NET_BANK,
         {"对公网银", "Corporate e-banking"},
         {"到银行页面付款，马上到账", "On the bank's page; it arrives at once"}},
        {PAY_ALIPAY, {"支付宝", "Alipay"}, {"", ""}},
        {PAY_WECHAT, {"微信支付", "WeChat Pay"}, {"", ""}},
        {PAY_TRANSFER, {"对公转账", "Bank transfer"}, {"", ""}},
    };
    jout_list(j, "methods");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!(o->rules_of->pay.methods >> words[i].method & 1))
            continue;
        jout_object(j, NULL);
        jout_text(j, "id", project_pay_method_name(words[i].method));
        jout_text(j, "title", words[i].title[lang]);
        web_some(j, "note", words[i].note[lang]);
        jout_end(j);
    }
    jout_end(j);
}

/* The bank's page, signed now, while one is open. */
static enum err write_page(struct hall_tx *tx, const struct order *o, struct json_out *j,
                           struct err_info *e)
{
    struct payment p;
    const char *url;
    if (o->states.at[FLOW_PAYMENT] != FLOW_PAYMENT_PENDING)
        return ERR_OK;
    TRY(payment_get(tx, o->id, &p, e));
    enum err open = payment_redirect(tx, &p, &url, e);
    if (open == ERR_ORDER_STATE)
        return ERR_OK;
    TRY(open);
    jout_text(j, "redirect_url", url);
    jout_text(j, "expires_at", time_rfc3339(tx->arena, p.page_until));
    return ERR_OK;
}

static enum err write_receipt(struct hall_tx *tx, const struct order *o, struct json_out *j,
                              struct err_info *e)
{
    const struct payment_money *money;
    size_t n;
    if (!o->paid_at)
        return ERR_OK;
    TRY(payment_money_of(tx, o->id, &money, &n, e));
    jout_text(j, "paid_at", time_rfc3339(tx->arena, o->paid_at));
    for (size_t i = 0; i < n; i++) /* not money that should not have come */
        if (strcmp(money[i].purpose, "payment") == 0) {
            jout_text(j, "trade_no", money[i].trade_no);
            break;
        }
    return ERR_OK;
}

static const char *not_answered(enum lang lang)
{
    return say(
        lang, "银行暂时没有回答，我们会接着问，有结果这里自动更新。",
        "The bank does not answer at present; we keep asking, and this page follows by itself.");
}

/* "不用付款（首次免费）": the fee table's own words. */
static const char *state_words(struct hall_tx *tx, const struct order *o)
{
    int state = o->states.at[FLOW_PAYMENT];
    struct project_fee fee;
    struct project_value rule = {.name = "rule"};
    if (!state)
        return say(tx->lang, "还不用付款", "Nothing to pay yet");
    if (project_fee_rule(o->rules_of, o->fee_rule, &fee))
        rule.value = fee.text.in[tx->lang];
    return project_fill(tx->arena, flow_state_text(FLOW_PAYMENT, state, tx->lang), &rule, 1);
}

/* `silent`: the bank was asked just now and did not answer. */
static enum err write_payment(struct hall_tx *tx, const struct order *o, int silent,
                              struct json_out *j, struct err_info *e)
{
    int state = o->states.at[FLOW_PAYMENT];
    int open = state == FLOW_PAYMENT_UNPAID || state == FLOW_PAYMENT_PENDING;
    struct order_status status;
    TRY(order_status(tx, o, ORDER_FOR_APPLICANT, &status, e));
    jout_object(j, NULL);
    jout_text(j, "order", portal_order_no(tx->arena, o->id));
    jout_text(j, "title", order_title(o, tx->lang));
    jout_text(j, "institution", o->institution_name);
    jout_int(j, "amount_fen", o->amount_fen);
    jout_text(j, "state", flow_state_name(FLOW_PAYMENT, state));
    jout_text(j, "text", state_words(tx, o));
    jout_text(j, "tone", tone_of(state));
    if (open) {
        web_some(j, "note", silent ? not_answered(tx->lang) : status.note);
        web_some(j, "warning", o->rules_of->pay.frozen_note.in[tx->lang]); /* S0-25 */
    }
    write_methods(o, tx->lang, j);
    TRY(order_write_fee(tx, o, j, "fee", e));
    TRY(order_write_ahead(tx, o, j, "ahead", e));
    TRY(write_page(tx, o, j, e));
    TRY(write_receipt(tx, o, j, e));
    jout_end(j);
    return ERR_OK;
}

static enum err reply_payment(struct hall_tx *tx, struct portal_call *c, const struct order *o,
                              int silent, struct err_info *e)
{
    struct json_out j;
    c->reply->body.n = 0;
    httpd_reply_json(c->reply, &j);
    return write_payment(tx, o, silent, &j, e);
}

static enum err get_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct order o;
    TRY(portal_order(tx, c, &o, e));
    return reply_payment(tx, c, &o, 0, e);
}

enum err portal_payment_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, get_work, e);
}

static enum err start_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct order o;
    struct order_change change;
    struct order_input in = {.method = c->arg};
    TRY(portal_order(tx, c, &o, e));
    TRY(order_apply(tx, o.id, EVENT_PAY_START, &in, &change, e));
    return reply_payment(tx, c, &change.order, 0, e);
}

enum err portal_payment_start(struct httpd_request *r, struct httpd_reply *reply, void *app,
                              struct err_info *e)
{
    const char *method;
    const json_t *body;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "method", &method, e));
    struct portal_call c = PORTAL_CALL(r, reply, app, (void *)(uintptr_t)method);
    return portal_write(&c, start_work, e);
}

/* ---- 我付过了，页面没有变化 ---- */

struct asking {
    int64_t order;
    int ask; /* a page of the bank was ever open */
    int silent;
};

static enum err look_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct asking *a = c->arg;
    struct payment p;
    struct order o;
    TRY(portal_order(tx, c, &o, e));
    a->order = o.id;
    enum err due = payment_get(tx, o.id, &p, e);
    if (due == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(due);
    a->ask = *p.method != 0;
    return ERR_OK;
}

/* It does not answer now: the outbox goes on asking, and the page is told when it does. */
static enum err later_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const struct asking *a = c->arg;
    return payment_ask_gateway(tx, a->order, "asked", e);
}

enum err portal_ask_gateway(const struct portal_call *c, int64_t order, struct err_info *e)
{
    const struct hall *h = c->app->hall;
    const struct actor bank = {.kind = BY_EXTERNAL,
                               .name = h->payment ? h->payment->name : "",
                               .role = "",
                               .address = c->s->who.address};
    return order_ask_gateway(h, &bank, order, PAYMENT_PERSON_MS, e);
}

static enum err ask(struct portal_call *c, struct err_info *e)
{
    struct asking *a = c->arg;
    enum err asked = portal_ask_gateway(c, a->order, e);
    if (!outbox_is_passing(asked))
        return asked;
    a->silent = 1;
    return portal_write(c, later_work, e);
}

static enum err asked_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const struct asking *a = c->arg;
    struct order o;
    TRY(portal_order(tx, c, &o, e));
    return reply_payment(tx, c, &o, a->silent, e);
}

enum err portal_payment_query(struct httpd_request *r, struct httpd_reply *reply, void *app,
                              struct err_info *e)
{
    struct asking a = {0};
    struct portal_call c = PORTAL_CALL(r, reply, app, &a);
    TRY(portal_read(&c, look_work, e));
    if (a.ask)
        TRY(ask(&c, e));
    return portal_read(&c, asked_work, e);
}
