/* Payments as finance sees them, and refunds, which two persons decide (G-07). */
#include "console/payments.h"

#include "base/text.h"
#include "console/console_priv.h"
#include "hall/approval/approval.h"
#include "hall/order/order.h"
#include "hall/payment/payment.h"
#include "hall/project/project.h"

#include <inttypes.h>
#include <string.h>

/* ---- words ---- */

struct money_state {
    const char *state, *tone, *text[2];
};

static const struct money_state *state_of(const struct report_payment *p)
{
    static const struct money_state none = {"NONE", "warn", {"没有到账", "No money came"}};
    static const struct money_state asked = {
        "REFUND_ASKED", "warn", {"等待退款", "To be refunded"}};
    static const struct money_state sent = {"REFUNDING", "info", {"退款中", "Being refunded"}};
    static const struct money_state refused = {
        "REFUND_REFUSED", "err", {"银行没有办理退款", "Refund refused"}};
    static const struct money_state done = {"REFUNDED", "plain", {"已退款", "Refunded"}};
    static const struct money_state held = {"SUSPENSE", "warn", {"待核对", "To be checked"}};
    static const struct money_state paid = {"PAID", "ok", {"已入账", "Booked"}};
    if (!p->money)
        return &none;
    if (strcmp(p->refund_state, "asked") == 0)
        return &asked;
    if (strcmp(p->refund_state, "sent") == 0)
        return &sent;
    if (strcmp(p->refund_state, "refused") == 0)
        return &refused;
    if (strcmp(p->refund_state, "done") == 0)
        return &done;
    return strcmp(p->purpose, "suspense") == 0 ? &held : &paid;
}

static const char *method_text(const char *method, enum lang lang)
{
    switch (project_pay_method_from_name(method)) {
    case PAY_NET_BANK:
        return web_word(lang, "对公网银", "Corporate e-banking");
    case PAY_TRANSFER:
        return web_word(lang, "对公转账", "Bank transfer");
    default:
        return method;
    }
}

/* ---- one row ---- */

static enum err write_actions(struct hall_tx *tx, const struct report_payment *p,
                              struct json_out *j, struct err_info *e)
{
    int refund = 0, waits = 0, match = 0;
    struct approval a;
    if (p->money) {
        TRY(approval_can_refund(tx, p->money, &refund, e));
        TRY(order_can_match(tx, p->money, &match, e));
    }
    if (refund)
        TRY(approval_waiting(tx, "refund", arena_fmt(tx->arena, "%" PRId64, p->money), &a, &waits,
                             e));
    jout_list(j, "actions");
    jout_text(j, NULL, "query");
    if (match)
        jout_text(j, NULL, "match");
    if (strcmp(p->refund_state, "refused") == 0)
        jout_text(j, NULL, "refund_again");
    if (refund && !waits)
        jout_text(j, NULL, "refund");
    jout_end(j);
    return ERR_OK;
}

/* Money is named by its number; an exception where none came by "x" and its own. */
enum err console_write_payment(struct hall_tx *tx, const struct report_payment *p, int exception,
                               struct json_out *j, struct err_info *e)
{
    const struct money_state *s = state_of(p);
    jout_object(j, NULL);
    jout_text(j, "id",
              exception && !p->money ? arena_fmt(tx->arena, "x%" PRId64, p->id)
                                     : arena_fmt(tx->arena, "%" PRId64, p->money));
    jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, p->order));
    web_some(j, "institution", p->institution);
    if (*p->method)
        jout_text(j, "method", method_text(p->method, tx->lang));
    web_some(j, "trade_no", p->trade_no);
    jout_int(j, "amount_fen", p->amount_fen);
    jout_int(j, "due_fen", p->due_fen);
    jout_text(j, "state", s->state);
    jout_text(j, "text", s->text[tx->lang]);
    jout_text(j, "tone", s->tone);
    if (*p->exception) {
        jout_text(j, "exception", p->exception);
        jout_text(j, "exception_text", payment_exception_text(p->exception, tx->lang));
    }
    jout_text(j, "at", time_rfc3339(tx->arena, p->at));
    TRY(write_actions(tx, p, j, e));
    jout_end(j);
    return ERR_OK;
}

HANDLER(console_payment_list)
{
    static const char *const views[] = {"all", "exceptions", NULL};
    struct report_payment_filter f = {0};
    const struct report_payment *p;
    const char *view;
    struct web_page page;
    int64_t open;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(web_choice(r, "view", views, "all", &view, e));
    TRY(web_query(r, "q", 100, &f.q, e));
    TRY(web_page(r, &page, e));
    f.exceptions = strcmp(view, "exceptions") == 0;
    f.before = page.after;
    f.limit = page.limit;
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(report_payment_list(&tx, &f, &p, &n, e));
    TRY(report_exceptions_open(&tx, &open, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++)
        TRY(console_write_payment(&tx, &p[i], f.exceptions, &j, e));
    jout_end(&j);
    jout_int(&j, "exceptions", open);
    web_next(&j, &page, n, n ? p[n - 1].id : 0);
    jout_end(&j);
    return ERR_OK;
}

/* ---- asking the bank, and giving back ---- */

static enum err read_row(struct httpd_request *r, struct hall_tx *tx, struct report_payment *p,
                         int *exception, struct err_info *e)
{
    const char *text = httpd_param(r, "id");
    int64_t id;
    *exception = *text == 'x';
    if (!text_to_id(text + *exception, &id))
        return err_set(e, ERR_NOT_FOUND, "id", NULL);
    return report_payment_get(tx, id, *exception, p, e);
}

/* The bank is asked now; its answer comes back as an event of the order. */
HANDLER(console_payment_query)
{
    const struct console *c = app;
    struct report_payment p;
    int exception;
    struct json_out j;
    {
        _auto_hall_tx tx = {0};
        TRY(console_begin(r, c, 0, &tx, e));
        TRY(read_row(r, &tx, &p, &exception, e));
    }
    TRY(order_ask_gateway(c->hall, &console_visitor(r)->actor, p.order, PAYMENT_PERSON_MS, e));
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    TRY(read_row(r, &tx, &p, &exception, e));
    httpd_reply_json(reply, &j);
    return console_write_payment(&tx, &p, exception, &j, e);
}

HANDLER(console_payment_refund)
{
    struct report_payment p;
    struct approval asked;
    const json_t *body;
    const char *reason;
    int exception, yes = 0;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_json(r, &body, e));
    TRY(web_reason(r, body, &reason, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(read_row(r, &tx, &p, &exception, e));
    if (p.money)
        TRY(approval_can_refund(&tx, p.money, &yes, e));
    if (!yes)
        return err_set(e, ERR_ORDER_STATE, NULL, "nothing to give back");
    TRY(approval_ask(&tx, "refund", arena_fmt(r->arena, "%" PRId64, p.money), p.order, reason,
                     &asked, e));
    httpd_reply_json(reply, &j);
    TRY(approval_write(&tx, &asked, &j, NULL, e));
    reply->status = 202;
    return hall_commit(&tx, e);
}

/* ---- what stands apart is what was owed (P7); a refund that was refused goes once more (P12) ---- */

typedef enum err money_work(struct hall_tx *tx, int64_t money, const char *reason,
                            struct err_info *e);

static enum err change_money(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             money_work *work, struct err_info *e)
{
    struct report_payment p;
    const json_t *body;
    const char *reason;
    int exception;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_json(r, &body, e));
    TRY(web_reason(r, body, &reason, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(read_row(r, &tx, &p, &exception, e));
    if (!p.money)
        return err_set(e, ERR_ORDER_STATE, NULL, "no money came");
    TRY(work(&tx, p.money, reason, e));
    TRY(read_row(r, &tx, &p, &exception, e));
    httpd_reply_json(reply, &j);
    TRY(console_write_payment(&tx, &p, exception, &j, e));
    return hall_commit(&tx, e);
}

HANDLER(console_payment_match)
{
    return change_money(r, reply, app, order_match, e);
}

HANDLER(console_payment_refund_again)
{
    return change_money(r, reply, app, payment_refund_again, e);
}

/* An order whose money is nowhere to be seen has no row here: it is asked about by its number. */
HANDLER(console_order_payment_query)
{
    const struct console *c = app;
    struct order o;
    struct payment p;
    int64_t id;
    struct json_out j;
    TRY(httpd_param_id(r, "order", &id, e));
    {
        _auto_hall_tx tx = {0};
        TRY(console_begin(r, c, 0, &tx, e));
        TRY(order_get(&tx, id, &o, e));
        enum err due = payment_get(&tx, id, &p, e);
        if (due == ERR_NOT_FOUND || (due == ERR_OK && !*p.method))
            return err_set(e, ERR_ORDER_STATE, NULL, "no page of the bank was ever open");
        TRY(due);
    }
    TRY(order_ask_gateway(c->hall, &console_visitor(r)->actor, id, PAYMENT_PERSON_MS, e));
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    TRY(order_get(&tx, id, &o, e));
    int state = o.states.at[FLOW_PAYMENT];
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "state", flow_state_name(FLOW_PAYMENT, state));
    jout_text(&j, "text", flow_state_text(FLOW_PAYMENT, state, tx.lang));
    jout_end(&j);
    return ERR_OK;
}
