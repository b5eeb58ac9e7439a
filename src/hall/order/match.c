/* P7: money that did not fit when it came, and that finance finds to be what the order owes. */
#include "hall/order/order_priv.h"
#include "hall/payment/payment.h"

#include <string.h>

static int stands_apart(const struct payment_money *m)
{
    return strcmp(m->purpose, "suspense") == 0 && strcmp(m->refund_state, "none") == 0;
}

/* What stands apart for the order, together: parts of the amount due come one by one. */
static enum err sum_apart(struct hall_tx *tx, int64_t order, const struct payment_money **m,
                          size_t *n, int64_t *sum, struct err_info *e)
{
    *sum = 0;
    TRY(payment_money_of(tx, order, m, n, e));
    for (size_t i = 0; i < *n; i++)
        *sum += stands_apart(&(*m)[i]) ? (*m)[i].amount_fen : 0;
    return ERR_OK;
}

enum err order_can_match(struct hall_tx *tx, int64_t money, int *yes, struct err_info *e)
{
    const struct payment_money *all;
    struct payment_money m;
    struct order o;
    int64_t sum;
    size_t n;
    *yes = 0;
    TRY(payment_money_get(tx, money, &m, e));
    TRY(order_get(tx, m.order, &o, e));
    if (!stands_apart(&m) || o.states.at[FLOW_PAYMENT] != FLOW_PAYMENT_CLAIMED)
        return ERR_OK;
    TRY(sum_apart(tx, m.order, &all, &n, &sum, e));
    *yes = sum == o.amount_fen;
    return ERR_OK;
}

static enum err match_one(struct hall_tx *tx, const struct payment_money *m, const char *reason,
                          struct err_info *e)
{
    static const enum flow_actor finance = ACTOR_FINANCE;
    struct order_money money = {
        .method = m->method, .trade_no = m->trade_no, .amount_fen = m->amount_fen, .at = m->at};
    struct order_input in = {.as = &finance, .money = &money, .reason = reason};
    order_hold(&in, GUARD_BANK_LINE);
    return order_apply(tx, m->order, EVENT_PAY_MATCH, &in, NULL, e);
}

enum err order_match(struct hall_tx *tx, int64_t money, const char *reason, struct err_info *e)
{
    const struct payment_money *all;
    struct payment_money m;
    struct order o;
    int64_t sum;
    size_t n;
    TRY(payment_money_get(tx, money, &m, e));
    if (!stands_apart(&m))
        return err_set(e, ERR_PAYMENT_NO_LINE, NULL, "%s is %s, %s", m.trade_no, m.purpose,
                       m.refund_state);
    TRY(order_get(tx, m.order, &o, e));
    TRY(sum_apart(tx, m.order, &all, &n, &sum, e));
    if (sum != o.amount_fen)
        return err_set(e, ERR_PAYMENT_AMOUNT, "amount_fen", "%lld came, %lld are due",
                       (long long)sum, (long long)o.amount_fen);
    for (size_t i = 0; i < n; i++)
        if (stands_apart(&all[i]) && all[i].id != m.id)
            TRY(payment_book(tx, m.order,
                             &(struct payment_receipt){all[i].method, all[i].trade_no,
                                                       all[i].amount_fen, all[i].at,
                                                       all[i].attempt},
                             e));
    return match_one(tx, &m, reason, e);
}
