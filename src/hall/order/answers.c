/* Answers from outside the process become events of their orders: the concept's delivery fetches the answer, and here it
 * is settled, in the transaction that marks the outbox row done. */
#include "base/boundary.h"
#include "hall/certificate/certificate.h"
#include "hall/invoice/invoice.h"
#include "hall/order/order_priv.h"
#include "hall/order/order_sql.h"
#include "hall/outbox/outbox.h"
#include "hall/payment/payment.h"
#include "hall/task/task.h"

#include <inttypes.h>
#include <string.h>

static const enum flow_actor GATEWAY = ACTOR_EXTERNAL;

struct answer {
    const char *result;
    struct order_money money;
};

static struct answer answer_of(struct hall_tx *tx, const json_t *object)
{
    return (struct answer){
        .result = arena_text(tx->arena, json_opt_text(object, "result", "")),
        .money = {.method = arena_text(tx->arena, json_opt_text(object, "method", "")),
                  .trade_no = arena_text(tx->arena, json_opt_text(object, "trade_no", "")),
                  .amount_fen = json_opt_int(object, "amount_fen", 0),
                  .at = json_opt_int(object, "at", tx->now),
                  .attempt = (int)json_opt_int(object, "attempt", 1)},
    };
}

static enum err read_answer(struct hall_tx *tx, const char *text, struct answer *out,
                            struct err_info *e)
{
    _auto_json object = NULL;
    TRY(json_parse(text, strlen(text), &object, e));
    *out = answer_of(tx, object);
    return ERR_OK;
}

/* The gateway has done it after all: what finance was told of is over. */
static enum err no_longer(struct hall_tx *tx, int64_t order, const char *what, struct err_info *e)
{
    const struct task *t;
    size_t n;
    struct task_filter f = {.order = order, .kind = "payment", .limit = 50};
    TRY(task_list(tx, &f, &t, &n, e));
    for (size_t i = 0; i < n; i++)
        if (strncmp(t[i].subject, what, strlen(what)) == 0)
            TRY(task_close_id(tx, t[i].id, e));
    return ERR_OK;
}

static const char *notice_subject(struct hall_tx *tx, const char *trade_no)
{
    return arena_fmt(tx->arena, "notice:%s:", trade_no);
}

/* P4, P9, P14, P15: what the gateway itself answered is as good as signed. */
static enum err money_came(struct hall_tx *tx, int64_t order, const struct answer *a,
                           struct err_info *e)
{
    struct order_input in = {.as = &GATEWAY, .money = &a->money};
    order_hold(&in, GUARD_SIGNATURE_OK);
    TRY(order_apply(tx, order, EVENT_PAY_SUCCESS, &in, NULL, e));
    return no_longer(tx, order, notice_subject(tx, a->money.trade_no), e);
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

/* The payments beside the first: what was paid more than once, and under the numbers of earlier attempts. */
static enum err more_came(struct hall_tx *tx, int64_t order, const char *text, struct err_info *e)
{
    _auto_json object = NULL;
    size_t i;
    json_t *one;
    TRY(json_parse(text, strlen(text), &object, e));
    json_array_foreach (json_object_get(object, "more"), i, one) {
        struct answer a = answer_of(tx, one);
        if (strcmp(a.result, "paid") == 0)
            TRY(money_came(tx, order, &a, e));
    }
    return ERR_OK;
}

static enum err settle_query(struct hall_tx *tx, const struct outbox_row *row, const char *text,
                             void *arg, struct err_info *e)
{
    struct answer a;
    (void)arg;
    TRY(read_answer(tx, text, &a, e));
    TRY(no_longer(tx, row->order, "query:", e));
    if (strcmp(a.result, "paid") == 0)
        TRY(money_came(tx, row->order, &a, e));
    TRY(more_came(tx, row->order, text, e));
    if (strcmp(a.result, "paid") == 0)
        return ERR_OK;
    TRY(payment_answered(tx, row->order, e));
    return nothing_came(tx, row->order, e);
}

struct asking {
    struct outbox_row row;
    const char *answer;
    int64_t pause_ms;
    int mine;
};

static enum err claim_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    struct asking *q = arg;
    TRY(payment_query_body(tx, q->row.order, &q->row.body, e));
    q->mine = 1;
    return q->pause_ms ? payment_ask_claim(tx, q->row.order, q->pause_ms, &q->mine, e) : ERR_OK;
}

static enum err settle_in(struct hall_tx *tx, void *arg, struct err_info *e)
{
    const struct asking *q = arg;
    return settle_query(tx, &q->row, q->answer, NULL, e);
}

enum err order_ask_gateway(const struct hall *h, const struct actor *who, int64_t order,
                           int64_t pause_ms, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct asking q = {.row = {.order = order}, .pause_ms = pause_ms};
    TRY(hall_change(h, who, a, claim_in, &q, e));
    if (!q.mine)
        return ERR_OK;
    TRY(payment_deliver_query(h, &q.row, a, &q.answer, NULL, e));
    boundary(BOUNDARY_HALL_ASKED_PAYMENT);
    TRY(hall_change(h, who, a, settle_in, &q, e));
    boundary(BOUNDARY_HALL_BOOKED);
    return ERR_OK;
}

/* I11: the red letter is made in the same change as it is asked for, so that its answer is there at once. */
static enum err red_letter(struct hall_tx *tx, const struct order *o, struct err_info *e)
{
    struct invoice v;
    int found;
    TRY(invoice_of_order(tx, o->id, &v, &found, e));
    if (o->states.at[FLOW_INVOICE] != FLOW_INVOICE_RED_PENDING || !found || !*v.red_number)
        return ERR_OK;
    struct order_input in = {.as = &GATEWAY,
                             .object = arena_fmt(tx->arena, "invoice:%" PRId64, v.id)};
    return order_apply(tx, o->id, EVENT_INV_RED_ISSUED, &in, NULL, e);
}

/* Never more is invoiced than was paid and kept (invariant 2): where the payment goes back before what came beside it, its
 * invoice follows it at once; the red letter's answer then waits for the end of the refund. */
static enum err invoice_follows(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    static const enum flow_actor engine = ACTOR_SYSTEM;
    struct order_input in = {.as = &engine};
    struct payment_sums sums;
    TRY(payment_sums(tx, order, &sums, e));
    return sums.invoiced > sums.held ? order_apply(tx, order, EVENT_INV_REFUNDED, &in, NULL, e)
                                     : ERR_OK;
}

/* The last money that goes back ends the refund of the order (P11); a duplicate that goes back is booked only (P9). */
static enum err settle_refund(struct hall_tx *tx, const struct outbox_row *row, const char *text,
                              void *arg, struct err_info *e)
{
    struct answer a;
    struct order o;
    struct order_change change;
    struct payment_sums sums;
    (void)arg;
    TRY(read_answer(tx, text, &a, e));
    /* two refunds that settle at once must not each see the other's money as still held */
    TRY(store_exec_one(tx->db, &Q_order_lock, PARAMS(P_INT(row->order)), e));
    TRY(order_get(tx, row->order, &o, e));
    TRY(no_longer(tx, row->order, "refund:", e));
    TRY(payment_sums(tx, row->order, &sums, e));
    int refunding = o.states.at[FLOW_PAYMENT] == FLOW_PAYMENT_REFUNDING;
    if (!refunding || sums.held > a.money.amount_fen) {
        TRY(payment_refund_book(tx, row->order, a.money.trade_no, a.money.amount_fen, e));
        return invoice_follows(tx, row->order, e);
    }
    struct order_input in = {.as = &GATEWAY, .money = &a.money};
    TRY(order_apply(tx, row->order, EVENT_PAY_REFUND_OK, &in, &change, e));
    return red_letter(tx, &change.order, e);
}

/* ---- what finance must know ---- */

static enum err tell_finance(struct hall_tx *tx, int64_t order, const char *subject,
                             struct err_info *e)
{
    struct order o;
    TRY(order_get(tx, order, &o, e));
    struct task_new t = {
        .kind = "payment",
        .project = o.project,
        .order = order,
        .subject = subject,
        .role = "finance",
        .note = "",
    };
    return task_open(tx, &t, NULL, e);
}

enum err order_notice_missing(struct hall_tx *tx, int64_t order, const char *trade_no,
                              struct err_info *e)
{
    TRY(payment_exception_once(tx, order, "missing", trade_no, e));
    return tell_finance(tx, order, notice_subject(tx, trade_no), e);
}

/* The schedule goes on asking; finance knows that it was in vain. */
static enum err query_given_up(struct hall_tx *tx, const struct outbox_row *row,
                               const struct err_info *why, void *arg, struct err_info *e)
{
    (void)arg;
    TRY(payment_exception_once(tx, row->order, "unanswered", "query", e));
    return tell_finance(tx, row->order, arena_fmt(tx->arena, "query:%s", err_code_text(why->code)),
                        e);
}

/* P12. A duplicate is given back beside its order, which is not refunding (P9). */
static enum err refund_refused(struct hall_tx *tx, const struct outbox_row *row, struct err_info *e)
{
    struct answer a;
    struct order o;
    TRY(read_answer(tx, row->body, &a, e));
    TRY(order_get(tx, row->order, &o, e));
    if (o.states.at[FLOW_PAYMENT] != FLOW_PAYMENT_REFUNDING)
        return payment_refund_refused(tx, row->order, a.money.trade_no, e);
    struct order_input in = {.as = &GATEWAY, .money = &a.money};
    return order_apply(tx, row->order, EVENT_PAY_REFUND_FAIL, &in, NULL, e);
}

static enum err refund_given_up(struct hall_tx *tx, const struct outbox_row *row,
                                const struct err_info *why, void *arg, struct err_info *e)
{
    (void)arg;
    TRY(refund_refused(tx, row, e));
    return tell_finance(tx, row->order, arena_fmt(tx->arena, "refund:%s", err_code_text(why->code)),
                        e);
}

/* I8. Whatever else the state, support sees the mail that did not go out. */
static enum err mail_given_up(struct hall_tx *tx, const struct outbox_row *row,
                              const struct err_info *why, void *arg, struct err_info *e)
{
    struct order_input in = {.as = &GATEWAY};
    struct order o;
    (void)why, (void)arg;
    TRY(outbox_dead_task(tx, row, e));
    if (!row->order || strncmp(row->idem, INVOICE_MAIL, strlen(INVOICE_MAIL)) != 0)
        return ERR_OK;
    TRY(order_get(tx, row->order, &o, e));
    return o.states.at[FLOW_INVOICE] == FLOW_INVOICE_DELIVERED
               ? order_apply(tx, row->order, EVENT_INV_BOUNCE, &in, NULL, e)
               : ERR_OK;
}

struct outbox_kind order_hears_bounce(struct outbox_kind mail)
{
    mail.failed = mail_given_up;
    return mail;
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
