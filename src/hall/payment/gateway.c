/* The outbox's side: asking the gateway and giving money back, outside any transaction. */
#include "hall/payment/payment.h"

#include "base/boundary.h"
#include "base/json.h"
#include "base/text.h"
#include "hall/payment/payment_sql.h"
#include "store/store.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

const char *payment_number(struct arena *a, int64_t order, int attempt)
{
    return attempt > 1 ? arena_fmt(a, "%" PRId64 "-%d", order, attempt)
                       : arena_fmt(a, "%" PRId64, order);
}

int payment_number_read(const char *number, int64_t *order, int *attempt)
{
    char first[20];
    int64_t n = 1;
    size_t length = strcspn(number, "-");
    if (length >= sizeof first)
        return 0;
    memcpy(first, number, length);
    first[length] = 0;
    if (number[length] && !text_to_int(number + length + 1, 2, INT_MAX, &n))
        return 0;
    *attempt = (int)n;
    return text_to_id(first, order);
}

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
                   PARAMS(P_INT(order), P_INT(tx->machine), P_INT(tx->machine - pause_ms),
                          P_INT(tx->machine + PAYMENT_FRESH_MS)),
                   &changed, e));
    *mine = changed == 1;
    return ERR_OK;
}

enum err payment_query_body(struct hall_tx *tx, int64_t order, const char **body,
                            struct err_info *e)
{
    struct payment p;
    TRY(payment_get(tx, order, &p, e));
    *body = arena_fmt(tx->arena, "{\"order\":\"%" PRId64 "\",\"attempts\":%d}", order, p.attempt);
    return ERR_OK;
}

enum err payment_give_up(struct hall_tx *tx, int64_t order, int64_t *wait_ms, struct err_info *e)
{
    struct payment p;
    int must;
    *wait_ms = 0;
    TRY(payment_must_ask(tx, order, &must, e));
    if (!must)
        return ERR_OK;
    TRY(payment_get(tx, order, &p, e));
    if (!p.waiting_since)
        TRY(store_exec(tx->db, &Q_payment_waiting, PARAMS(P_INT(order), P_INT(tx->machine)), NULL,
                       e));
    int64_t waited = p.waiting_since ? tx->machine - p.waiting_since : 0;
    if (waited >= PAYMENT_WATCH_MS)
        return payment_exception_once(tx, order, "unanswered", "query", e);
    *wait_ms = waited / 3 > PAYMENT_WAIT_MS ? waited / 3 : PAYMENT_WAIT_MS;
    return payment_ask_gateway(tx, order, "timeout", e);
}

enum err payment_ask_gateway(struct hall_tx *tx, int64_t order, const char *why, struct err_info *e)
{
    struct outbox_new row = {
        .kind = "payment.query",
        .order = order,
        .idem = arena_fmt(tx->arena, "query:%" PRId64 ":%s", order, why),
    };
    TRY(payment_query_body(tx, order, &row.body, e));
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
                       const struct payment_told *told, int attempt, struct json_out *j)
{
    jout_text(j, "result", result_text[told->result]);
    jout_text(j, "method", p->method);
    jout_text(j, "trade_no", told->trade_no);
    jout_int(j, "amount_fen", told->amount_fen);
    jout_int(j, "at", business_time(h, told->at));
    jout_int(j, "attempt", attempt);
}

/* What the gateway says of one attempt: into the list of further payments, but for the very first of the last attempt. */
static enum err ask_about(const struct hall *h, const struct payment_provider *p, int64_t order,
                          int attempt, int is_last, struct arena *a, struct json_out *j,
                          struct err_info *e)
{
    const struct payment_told *told;
    size_t n;
    TRY(p->query(p, payment_number(a, order, attempt), a, &told, &n, e));
    if (is_last) {
        write_told(h, p, &told[0], attempt, j);
        jout_list(j, "more");
    }
    for (size_t i = is_last ? 1 : 0; i < n; i++) {
        jout_object(j, NULL);
        write_told(h, p, &told[i], attempt, j);
        jout_end(j);
    }
    return ERR_OK;
}

enum err payment_deliver_query(const struct hall *h, const struct outbox_row *row, struct arena *a,
                               const char **answer, void *arg, struct err_info *e)
{
    (void)arg;
    const struct payment_provider *p;
    _auto_json body = NULL;
    TRY(provider_of(h, &p, e));
    TRY(json_parse(row->body, strlen(row->body), &body, e));
    int last = (int)json_opt_int(body, "attempts", 1);
    _auto_buf b;
    buf_init(&b, 64 << 10);
    struct json_out j;
    jout_init(&j, &b);
    jout_object(&j, NULL);
    for (int i = last; i >= 1; i--)
        TRY(ask_about(h, p, row->order, i, i == last, a, &j, e));
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
    const char *refund_no, *trade_no;
    int64_t amount_fen;
    TRY(provider_of(h, &p, e));
    TRY(json_parse(row->body, strlen(row->body), &body, e));
    const char *order = payment_number(a, row->order, (int)json_opt_int(body, "attempt", 1));
    TRY(json_get_text(body, "refund_no", &refund_no, e));
    TRY(json_get_text(body, "trade_no", &trade_no, e));
    TRY(json_get_int(body, "amount_fen", &amount_fen, e));
    TRY(p->refund(p, order, refund_no, amount_fen, a, &result, e));
    boundary(BOUNDARY_HALL_REFUND_SENT);
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
