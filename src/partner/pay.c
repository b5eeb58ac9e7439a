/* The bank's callback (P4, G-08) and the browser's way back.
 *
 * Neither is believed: a callback is only the occasion to ask the bank, whose signed answer moves the order. What cannot be
 * asked now is asked by the outbox. */
#include "partner/partner_api.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "hall/order/order.h"
#include "hall/outbox/outbox.h"
#include "hall/payment/payment.h"

#include <inttypes.h>
#include <string.h>

enum { NOTICE_MAX = 16 << 10, PAIRS_MAX = 32 };

static const struct payment_provider *provider_of(const struct httpd_request *r,
                                                  const struct hall *h)
{
    const char *name = httpd_param(r, "provider");
    return h->payment && strcmp(h->payment->name, name) == 0 ? h->payment : NULL;
}

static struct actor bank(struct httpd_request *r, const struct payment_provider *p)
{
    return (struct actor){
        .kind = BY_EXTERNAL, .name = p->name, .role = "", .address = httpd_peer(r)->address};
}

static enum err copy_pairs(const struct httpd_pair *given, struct payment_pair out[PAIRS_MAX],
                           struct err_info *e)
{
    size_t n = 0;
    for (; given[n].name; n++) {
        if (n + 1 == PAIRS_MAX)
            return err_set(e, ERR_BAD_REQUEST, NULL, "too many parameters");
        out[n] = (struct payment_pair){given[n].name, given[n].value};
    }
    out[n] = (struct payment_pair){NULL, NULL};
    return ERR_OK;
}

/* ---- a callback that is not the bank's ---- */

/* Finance sees it at the order it names, a few times: who forges must not fill the list. */
static enum err note_forged(const struct hall *h, const struct actor *who,
                            const struct payment_pair *pairs, struct arena *a, struct err_info *e)
{
    int64_t order = 0;
    int attempt;
    for (const struct payment_pair *p = pairs; p->name; p++)
        if (strcmp(p->name, "order") == 0)
            (void)payment_number_read(p->value, &order, &attempt); /* stays 0 where it is none */
    log_line(LOG_LEVEL_WARN, "payment.forged", "from %s order %" PRId64, who->address, order);
    if (order == 0)
        return ERR_OK;
    int worth;
    {
        _auto_hall_tx look = {0};
        TRY(hall_begin(h, 0, who, a, &look, e));
        TRY(payment_forged_worth(&look, order, &worth, e));
    }
    if (!worth)
        return ERR_OK;
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, who, a, &tx, e));
    TRY(payment_exception_note(&tx, order, "bad_signature", who->address, e));
    return hall_commit(&tx, e);
}

/* ---- a callback that is ---- */

/* The bank cannot be asked now, or does not say what its notice says, which finance learns: the outbox asks once more. */
static enum err ask_later(const struct hall *h, const struct actor *who,
                          const struct payment_told *told, int64_t order, int was_asked,
                          struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, who, a, &tx, e));
    TRY(payment_ask_gateway(&tx, order, arena_fmt(a, "notice:%s", told->trade_no), e));
    if (was_asked)
        TRY(order_notice_missing(&tx, order, told->trade_no, e));
    return hall_commit(&tx, e);
}

/* After the bank was asked: is the money of the notice there, with its amount? */
static enum err compare(const struct hall *h, const struct actor *who,
                        const struct payment_told *told, int64_t order, int *there,
                        struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    const struct payment_money *m;
    size_t n;
    *there = told->result != PAYMENT_PAID;
    TRY(hall_begin(h, 1, who, a, &tx, e));
    TRY(payment_money_of(&tx, order, &m, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(m[i].trade_no, told->trade_no) != 0)
            continue;
        *there = 1;
        if (m[i].amount_fen != told->amount_fen)
            TRY(payment_exception_once(
                &tx, order, "wrong_amount",
                arena_fmt(a, "%s: %" PRId64, told->trade_no, told->amount_fen), e));
    }
    return hall_commit(&tx, e);
}

/* Taken when its money is in the books; until then the bank says it again. */
static enum err take_notice(const struct hall *h, const struct actor *who,
                            const struct payment_told *told, struct err_info *e)
{
    int64_t order;
    int attempt, there = 0;
    if (!payment_number_read(told->order, &order, &attempt))
        return err_set(e, ERR_NOT_FOUND, "order", "no order number");
    enum err asked = order_ask_gateway(h, who, order, 0, e); /* news, and signed */
    if (asked != ERR_OK && !outbox_is_passing(asked))
        return asked;
    if (asked == ERR_OK)
        TRY(compare(h, who, told, order, &there, e));
    if (there)
        return ERR_OK;
    struct err_info why = *e;
    TRY(ask_later(h, who, told, order, asked == ERR_OK, e));
    if (asked == ERR_OK)
        return err_set(e, ERR_PAYMENT_NO_LINE, "trade_no", "the bank does not have %s",
                       told->trade_no);
    *e = why;
    return asked;
}

static enum err pay_notify(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    const struct hall *h = app;
    const struct payment_provider *p = provider_of(r, h);
    const struct httpd_pair *form;
    struct payment_pair pairs[PAIRS_MAX];
    struct payment_told told;
    if (!p)
        return err_set(e, ERR_NOT_FOUND, "provider", "no such provider");
    struct actor who = bank(r, p);
    TRY(httpd_form(r, &form, e));
    TRY(copy_pairs(form, pairs, e));
    enum err result = p->read_notice(p, pairs, r->arena, &told, e);
    if (result == ERR_PAYMENT_FORGED) {
        struct err_info other;
        if (note_forged(h, &who, pairs, r->arena, &other) != ERR_OK)
            log_line(LOG_LEVEL_WARN, "payment.forged", "not noted: %s", other.detail);
    }
    TRY(result);
    TRY(take_notice(h, &who, &told, e));
    boundary(BOUNDARY_HALL_NOTICE_TAKEN);
    reply->content_type = "text/plain; charset=utf-8";
    buf_text(&reply->body, "success");
    return ERR_OK;
}

/* ---- the way back ---- */

/* *waits: not paid, so that the bank may say something new; also where the order was closed meanwhile (P15). */
static enum err read_way(const struct hall *h, const struct actor *who, int64_t order,
                         struct arena *a, const char **location, int *waits, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    struct order o;
    TRY(hall_begin(h, 0, who, a, &tx, e));
    TRY(order_get(&tx, order, &o, e));
    *location = arena_fmt(a, "/%s/orders/%019" PRId64 "/%s", o.project, order,
                          o.states.at[FLOW_PAYMENT] == FLOW_PAYMENT_PAID ? "done" : "pay");
    *waits = o.states.at[FLOW_PAYMENT] != FLOW_PAYMENT_PAID;
    return ERR_OK;
}

static enum err read_return(struct httpd_request *r, const struct payment_provider *p,
                            struct payment_told *told, struct err_info *e)
{
    struct payment_pair pairs[PAIRS_MAX];
    TRY(copy_pairs(httpd_query_all(r), pairs, e));
    return p->read_notice(p, pairs, r->arena, told, e);
}

/* A browser brings what the bank signed: without the bank's signature nothing is read, written or asked. And even then
 * only the bank's own answer moves the order, so that the page is right at once; coming again changes nothing. */
static enum err pay_return(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    const struct hall *h = app;
    const struct payment_provider *p = provider_of(r, h);
    struct payment_told told;
    const char *location;
    int64_t order;
    int attempt, waits;
    if (!p)
        return err_set(e, ERR_NOT_FOUND, "provider", "no such provider");
    TRY(read_return(r, p, &told, e));
    if (!payment_number_read(told.order, &order, &attempt))
        return err_set(e, ERR_NOT_FOUND, "order", "no order number");
    struct actor who = bank(r, p);
    TRY(read_way(h, &who, order, r->arena, &location, &waits, e));
    if (waits) {
        struct err_info why;
        enum err asked = order_ask_gateway(h, &who, order, PAYMENT_PERSON_MS, &why);
        if (asked != ERR_OK) /* the page asks again, and so does the clock (P5) */
            log_line(LOG_LEVEL_INFO, "payment.return", "%s %s", err_code_text(asked), why.detail);
        TRY(read_way(h, &who, order, r->arena, &location, &waits, e));
    }
    httpd_reply_redirect(reply, location);
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"POST", "/api/v1/partner/pay/:provider/notify", pay_notify, .max_body = NOTICE_MAX},
    {"GET", "/api/v1/partner/pay/:provider/return", pay_return},
};

void partner_mount(struct httpd *s, const struct hall *h)
{
    httpd_mount(s, routes, sizeof routes / sizeof *routes, NULL, (void *)(uintptr_t)h);
}
