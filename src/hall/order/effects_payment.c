/* Adapters to payment. */
#include "hall/order/order_priv.h"
#include "hall/payment/payment.h"

static enum err need_money(const struct order_run *run, struct err_info *e)
{
    return run->in->money ? ERR_OK
                          : err_set(e, ERR_INTERNAL, NULL, "%s without the money it is about",
                                    flow_event_name(run->event));
}

static struct payment_receipt receipt_of(const struct order_money *m)
{
    return (struct payment_receipt){.method = m->method,
                                    .trade_no = m->trade_no,
                                    .amount_fen = m->amount_fen,
                                    .at = m->at,
                                    .attempt = m->attempt ? m->attempt : 1};
}

/* The amount due stands on the order; a payment that opens after a review freezes it from then on. */
enum err order_fx_set_amount(struct order_run *run, struct err_info *e)
{
    struct order *o = &run->o;
    if (o->price_until <= run->tx->now)
        TRY(order_freeze_price(run, e));
    return payment_open(run->tx, o->id, o->amount_fen, o->price_until, e);
}

enum err order_fx_count_free_use(struct order_run *run, struct err_info *e)
{
    return payment_free(run->tx, run->o.id, run->o.fee_rule, e);
}

enum err order_fx_gateway_order(struct order_run *run, struct err_info *e)
{
    return payment_page(run->tx, run->o.id, run->in->method, order_title(&run->o, LANG_ZH), e);
}

enum err order_fx_gateway_close(struct order_run *run, struct err_info *e)
{
    return payment_page_close(run->tx, run->o.id, e);
}

enum err order_fx_book_payment(struct order_run *run, struct err_info *e)
{
    TRY(need_money(run, e));
    const struct payment_receipt r = receipt_of(run->in->money);
    return payment_book(run->tx, run->o.id, &r, e);
}

enum err order_fx_book_suspense(struct order_run *run, struct err_info *e)
{
    TRY(need_money(run, e));
    const struct payment_receipt r = receipt_of(run->in->money);
    return payment_suspend(run->tx, run->o.id, &r, e);
}

enum err order_fx_refund_transaction(struct order_run *run, struct err_info *e)
{
    TRY(need_money(run, e));
    return payment_refund_one(run->tx, run->o.id, run->in->money->trade_no, e);
}

enum err order_fx_refund_order(struct order_run *run, struct err_info *e)
{
    return payment_refund_all(run->tx, run->o.id, e);
}

enum err order_fx_refund_retry(struct order_run *run, struct err_info *e)
{
    TRY(need_money(run, e));
    return payment_refund_refused(run->tx, run->o.id, run->in->money->trade_no, e);
}

enum err order_fx_book_refund(struct order_run *run, struct err_info *e)
{
    TRY(need_money(run, e));
    const struct order_money *m = run->in->money;
    return payment_refund_book(run->tx, run->o.id, m->trade_no, m->amount_fen, e);
}

/* ---- facts ---- */

enum err order_fact_money_known(struct order_run *run, int *holds, struct err_info *e)
{
    *holds = 0;
    return run->in->money ? payment_known(run->tx, run->in->money->trade_no, holds, e) : ERR_OK;
}

enum err order_fact_money_held(struct order_run *run, int *holds, struct err_info *e)
{
    struct payment_sums sums;
    TRY(payment_sums(run->tx, run->o.id, &sums, e));
    *holds = sums.held > 0;
    return ERR_OK;
}

enum err order_fact_refund_done(struct order_run *run, int *holds, struct err_info *e)
{
    (void)e;
    *holds = run->o.states.at[FLOW_PAYMENT] == FLOW_PAYMENT_REFUNDED;
    return ERR_OK;
}
