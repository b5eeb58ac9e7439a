/* Money that goes back when a second person agrees (G-07): the agreement and the sending are one change. */
#include "hall/approval/approval_priv.h"

#include "base/text.h"
#include "hall/order/order.h"
#include "hall/payment/payment.h"

#include <string.h>

static int is_asked(const struct payment_money *m)
{
    return strcmp(m->refund_state, "asked") == 0;
}

/* What P10 and P14 leave with finance: money of an order that stops, and money that does not fit. */
static enum err can_go_back(struct hall_tx *tx, const struct payment_money *m, int *yes,
                            struct err_info *e)
{
    struct order o;
    TRY(order_get(tx, m->order, &o, e));
    int state = o.states.at[FLOW_PAYMENT];
    *yes = (is_asked(m) && state == FLOW_PAYMENT_REFUNDING) ||
           (strcmp(m->refund_state, "none") == 0 && strcmp(m->purpose, "suspense") == 0);
    return ERR_OK;
}

enum err approval_can_refund(struct hall_tx *tx, int64_t money, int *yes, struct err_info *e)
{
    struct payment_money m;
    TRY(payment_money_get(tx, money, &m, e));
    return can_go_back(tx, &m, yes, e);
}

enum err approval_refund(struct hall_tx *tx, const struct approval *p, struct err_info *e)
{
    static const enum flow_actor finance = ACTOR_FINANCE;
    struct payment_money m;
    struct order o;
    int64_t money;
    int yes;
    if (!text_to_id(p->object, &money))
        return err_set(e, ERR_INTERNAL, NULL, "refund of %s", p->object);
    TRY(payment_money_get(tx, money, &m, e));
    TRY(can_go_back(tx, &m, &yes, e));
    if (!yes)
        return err_set(e, ERR_ORDER_STATE, NULL, "nothing to give back");
    if (is_asked(&m))
        return payment_refund_send(tx, m.id, e);
    struct order_money back = {
        .method = m.method, .trade_no = m.trade_no, .amount_fen = m.amount_fen, .at = m.at};
    TRY(order_get(tx, m.order, &o, e));
    if (o.states.at[FLOW_PAYMENT] != FLOW_PAYMENT_CLAIMED) /* the first of several moved it on */
        return payment_refund_one(tx, m.order, m.trade_no, e);
    struct order_input in = {.as = &finance, .money = &back}; /* P14 */
    return order_apply(tx, m.order, EVENT_PAY_NOT_FOUND, &in, NULL, e);
}
