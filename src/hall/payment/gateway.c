/* The outbox's side: asking the gateway and giving money back, outside any transaction. */
#include "hall/payment/payment.h"

#include "base/json.h"
#include "hall/payment/payment_sql.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

/* Not before the page's end; then after five minutes, later after a third of the time since; a day long. */
static int64_t next_ask(const struct payment *p, int64_t now)
{
    int64_t end = p->watch_until - PAYMENT_WATCH_MS;
    if (!p->watch_until || now >= p->watch_until)
        return 0;
    if (now < end)
        return end;
    int64_t pause = (now - end) / 3;
    int64_t next = now + (pause > PAYMENT_ASK_MS ? pause : PAYMENT_ASK_MS);
    return next < p->watch_until ? next : p->watch_until;
}

enum err payment_asked(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    struct payment p;
    TRY(payment_get(tx, order, &p, e));
    return store_exec(tx->db, &Q_payment_asked,
                      PARAMS(P_INT(order), P_INT(tx->machine), P_INT(next_ask(&p, tx->machine))),
                      NULL, e);
}

enum err payment_answered(struct hall_tx *tx, int64_t order, struct err_info *e)
{
    return store_exec(tx->db, &Q_payment_answered, PARAMS(P_INT(order), P_INT(tx->machine)), NULL,
                      e);
}

enum err payment_must_ask(struct hall_tx *tx, int64_t order, int *yes, struct err_info *e)
{
    struct payment p;
    *yes = 0;
    enum err found = payment_get(tx, order, &p, e);
    if (found == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(found);
    *yes = p.watch_until && tx->machine - p.answered_at >= PAYMENT_FRESH_MS;
    return ERR_OK;
}

enum err payment_ask_claim(struct hall_tx *tx, int64_t order, int64_t pause_ms, int *mine,
                           struct err_info *e)
{
    int64_t changed;
    TRY(store_exec(tx->db, &Q_payment_ask_claim,
                   PARAMS(P_INT(order), P_INT(tx->machine), P_INT(tx->machine - pause_ms)),
                   &changed, e));
    *mine = changed == 1;
    return ERR_OK;
}

enum err payment_ask_gateway(struct hall_tx *tx, int64_t order, const char *why, struct err_info *e)
{
    struct outbox_new row = {
        .kind = "payment.query",
        .order = order,
        .idem = arena_fmt(tx->arena, "query:%" PRId64 ":%s", order, why),
        .body = arena_fmt(tx->arena, "{\"order\":\"%" PRId64 "\"}", order),
    };
    TRY(payment_asked(tx, order, e));
    return outbox_put(tx, &row, NULL, e);
}

static const char *const result_text[] = {
    [PAYMENT_UNKNOWN] = "unknown",
    [PAYMENT_NOT_PAID] = "not_paid",
    [PAYMENT_FAILED] = "failed",
    [PAYMENT_PAID] = "paid",
};

static enum err provider_of(const struct hall *h, const struct payment_provider **out,
                            struct err_info *e)
{
    *out = h->payment;
    return *out ? ERR_OK : err_set(e, ERR_CONFIG, NULL, "no payment provider is configured");
}

/* The gateway dates by the machine's clock, the books by business time. */
static int64_t business_time(const struct hall *h, int64_t machine)
{
    return machine + clock_business(h->clock) - clock_machine();
}

static void write_told(const struct hall *h, const struct payment_provider *p,
                       const struct payment_told *told, struct json_out *j)
{
    jout_text(j, "result", result_text[told->result]);
    jout_text(j, "method", p->method);
    jout_text(j, "trade_no", told->trade_no);
    jout_int(j, "amount_fen", told->amount_fen);
    jout_int(j, "at", business_time(h, told->at));
}

enum err payment_deliver_query(const struct hall *h, const struct outbox_row *row, struct arena *a,
                               const char **answer, void *arg, struct err_info *e)
{
    (void)arg;
    const struct payment_provider *p;
    const struct payment_told *told;
    size_t n;
    _auto_json body = NULL;
    const char *order;
    TRY(provider_of(h, &p, e));
    TRY(json_parse(row->body, strlen(row->body), &body, e));
    TRY(json_get_text(body, "order", &order, e));
    TRY(p->query(p, order, a, &told, &n, e));
    _auto_buf b;
    buf_init(&b, 64 << 10);
    struct json_out j;
    jout_init(&j, &b);
    jout_object(&j, NULL);
    write_told(h, p, &told[0], &j);
    jout_list(&j, "more");
    for (size_t i = 1; i < n; i++) {
        jout_object(&j, NULL);
        write_told(h, p, &told[i], &j);
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    *answer = arena_text(a, buf_cstr(&b));
    return ERR_OK;
}

enum err payment_deliver_refund(const struct hall *h, const struct outbox_row *row, struct arena *a,
                                const char **answer, void *arg, struct err_info *e)
{
    (void)arg;
    const struct payment_provider *p;
    enum payment_refund_result result;
    _auto_json body = NULL;
    const char *order, *refund_no, *trade_no;
    int64_t amount_fen;
    TRY(provider_of(h, &p, e));
    TRY(json_parse(row->body, strlen(row->body), &body, e));
    TRY(json_get_text(body, "order", &order, e));
    TRY(json_get_text(body, "refund_no", &refund_no, e));
    TRY(json_get_text(body, "trade_no", &trade_no, e));
    TRY(json_get_int(body, "amount_fen", &amount_fen, e));
    TRY(p->refund(p, order, refund_no, amount_fen, a, &result, e));
    if (result == PAYMENT_REFUND_RUNNING) {
        err_set(e, ERR_BUSY, NULL, "the gateway works on refund %s", refund_no);
        return ERR_BUSY;
    }
    *answer = arena_fmt(
        a, "{\"result\":\"done\",\"method\":\"%s\",\"trade_no\":\"%s\",\"amount_fen\":%" PRId64 "}",
        p->method, trade_no, amount_fen);
    return ERR_OK;
}

enum err payment_to_ask(struct hall_tx *tx, int limit, const int64_t **orders, size_t *n,
                        struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_payment_to_ask, PARAMS(P_INT(tx->machine), P_INT(limit)), tx->arena,
                   &rows, e));
    int64_t *ids = arena_alloc(tx->arena, (rows.n + 1) * sizeof *ids);
    for (size_t i = 0; i < rows.n; i++)
        ids[i] = row_int(&rows.row[i], "order_id");
    *orders = ids;
    *n = rows.n;
    return ERR_OK;
}
