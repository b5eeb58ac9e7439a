/* Answers from outside the process become events of their orders: the concept's delivery fetches the answer, and here it
 * is settled, in the transaction that marks the outbox row done. */
#include "hall/certificate/certificate.h"
#include "hall/order/order_priv.h"
#include "hall/order/order_sql.h"
#include "hall/outbox/outbox.h"
#include "hall/payment/payment.h"
#include "hall/task/task.h"

#include <string.h>

static const enum flow_actor GATEWAY = ACTOR_EXTERNAL;

struct answer {
    const char *result;
    struct order_money money;
};

static enum err read_answer(struct hall_tx *tx, const char *text, struct answer *out,
                            struct err_info *e)
{
    _auto_json object = NULL;
    TRY(json_parse(text, strlen(text), &object, e));
    *out = (struct answer){
        .result = arena_text(tx->arena, json_opt_text(object, "result", "")),
        .money = {.method = arena_text(tx->arena, json_opt_text(object, "method", "")),
                  .trade_no = arena_text(tx->arena, json_opt_text(object, "trade_no", "")),
                  .amount_fen = json_opt_int(object, "amount_fen", 0),
                  .at = json_opt_int(object, "at", tx->now)},
    };
    return ERR_OK;
}

/* P4, P9, P14, P15: what the gateway itself answered is as good as signed. */
static enum err money_came(struct hall_tx *tx, int64_t order, const struct answer *a,
                           struct err_info *e)
{
    struct order_input in = {.as = &GATEWAY, .money = &a->money};
    order_hold(&in, GUARD_SIGNATURE_OK);
    return order_apply(tx, order, EVENT_PAY_SUCCESS, &in, NULL, e);
}

/* P5: nobody gives up while the page is still open. A gateway that does not know the order has no money for it. */
static enum err nothing_came(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    struct payment p;
    struct order o;
    struct order_input in = {.as = &GATEWAY};
    TRY(payment_get(tx, order, &p, e));
    TRY(order_get(tx, order, &o, e));
    if (p.page_until > tx->machine || o.states.at[FLOW_PAYMENT] != FLOW_PAYMENT_PENDING)
        return ERR_OK;
    order_hold(&in, GUARD_GATEWAY_ASKED);
    return order_apply(tx, order, EVENT_PAY_FAIL, &in, NULL, e);
}

static enum err settle_query(struct hall_tx *tx, const struct outbox_row *row, const char *text,
                             void *arg, struct err_info *e)
{
    struct answer a;
    (void)arg;
    TRY(read_answer(tx, text, &a, e));
    if (strcmp(a.result, "paid") == 0)
        return money_came(tx, row->order, &a, e);
    TRY(payment_answered(tx, row->order, e));
    return nothing_came(tx, row->order, e);
}

static enum err settle_now(const struct hall *h, const struct actor *who,
                           const struct outbox_row *row, const char *answer, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, who, a, &tx, e));
    TRY(settle_query(&tx, row, answer, NULL, e));
    return hall_commit(&tx, e);
}

enum err order_ask_gateway(const struct hall *h, const struct actor *who, int64_t order,
                           struct err_info *e)
{
    enum { TRIES = 3 };
    _auto(arena) a = arena_new();
    struct outbox_row row = {.order = order,
                             .body = arena_fmt(a, "{\"order\":\"%lld\"}", (long long)order)};
    const char *answer;
    enum err result;
    TRY(payment_deliver_query(h, &row, a, &answer, NULL, e));
    for (int i = 0; i < TRIES; i++) { /* somebody else may settle the same answer */
        result = settle_now(h, who, &row, answer, e);
        if (result != ERR_CONFLICT && result != ERR_STORE_RETRY)
            break;
    }
    return result;
}

/* The last money that goes back ends the refund of the order (P11); a duplicate that goes back is booked only (P9). */
static enum err settle_refund(struct hall_tx *tx, const struct outbox_row *row, const char *text,
                              void *arg, struct err_info *e)
{
    struct answer a;
    struct order o;
    struct payment_sums sums;
    (void)arg;
    TRY(read_answer(tx, text, &a, e));
    /* two refunds that settle at once must not each see the other's money as still held */
    TRY(store_exec_one(tx->db, &Q_order_lock, PARAMS(P_INT(row->order)), e));
    TRY(order_get(tx, row->order, &o, e));
    TRY(payment_sums(tx, row->order, &sums, e));
    int refunding = o.states.at[FLOW_PAYMENT] == FLOW_PAYMENT_REFUNDING;
    if (!refunding || sums.held > a.money.amount_fen)
        return payment_refund_book(tx, row->order, a.money.trade_no, a.money.amount_fen, e);
    struct order_input in = {.as = &GATEWAY, .money = &a.money};
    return order_apply(tx, row->order, EVENT_PAY_REFUND_OK, &in, NULL, e);
}

/* The schedule goes on asking; finance knows that it was in vain. */
static enum err query_given_up(struct hall_tx *tx, const struct outbox_row *row,
                               const struct err_info *why, void *arg, struct err_info *e)
{
    struct task_new t = {
        .kind = "payment",
        .project = "",
        .order = row->order,
        .subject = arena_fmt(tx->arena, "query:%s", err_code_text(why->code)),
        .role = "finance",
        .note = "",
    };
    (void)arg;
    TRY(payment_exception_once(tx, row->order, "unanswered", "query", e));
    return task_open(tx, &t, NULL, e);
}

static enum err refund_given_up(struct hall_tx *tx, const struct outbox_row *row,
                                const struct err_info *why, void *arg, struct err_info *e)
{
    struct task_new t = {
        .kind = "payment",
        .project = "",
        .order = row->order,
        .subject = arena_fmt(tx->arena, "refund:%s", err_code_text(why->code)),
        .role = "finance",
        .note = "",
    };
    (void)arg;
    return task_open(tx, &t, NULL, e);
}

size_t order_outbox_kinds(struct outbox_kind *out, size_t max)
{
    const struct outbox_kind own[] = {
        {.kind = "payment.query",
         .deliver = payment_deliver_query,
         .settle = settle_query,
         .failed = query_given_up,
         .give_up_ms = TIME_DAY,
         .leaves_nothing = 1},
        {.kind = "payment.refund",
         .deliver = payment_deliver_refund,
         .settle = settle_refund,
         .failed = refund_given_up},
    };
    struct outbox_kind all[sizeof own / sizeof *own + CERTIFICATE_KINDS];
    size_t n = sizeof own / sizeof *own;
    memcpy(all, own, sizeof own);
    certificate_kinds(all + n);
    n += CERTIFICATE_KINDS;
    for (size_t i = 0; i < n && i < max; i++)
        out[i] = all[i];
    return n;
}
