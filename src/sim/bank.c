#include "sim/bank_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/time.h"
#include "httpc/httpc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TICKET_MS = 30 * TIME_MINUTE };

static const struct {
    const char *name;
    int status;
    const char *text;
} codes[] = {{"OK", 200, "成功"},
#define X(name, status, zh) {#name, status, zh},
             BANK_CODES(X)
#undef X
};

const char *bank_code_name(enum bank_code c)
{
    return codes[c].name;
}

int bank_code_status(enum bank_code c)
{
    return codes[c].status;
}

const char *bank_code_text(enum bank_code c)
{
    return codes[c].text;
}

/* ---- the books ---- */

static int is_of(const struct payment *p, const char *merchant, const char *order)
{
    return strcmp(p->order, order) == 0 && strcmp(p->merchant, merchant) == 0;
}

struct payment *bank_find_payment(struct bank *b, const char *merchant, const char *order)
{
    struct payment *newest = NULL;
    for (size_t i = 0; i < b->payments; i++) {
        if (!is_of(&b->payment[i], merchant, order))
            continue;
        newest = &b->payment[i];
        if (newest->status == 1)
            return newest;
    }
    return newest;
}

static struct payment *find_trade(struct bank *b, const char *merchant, const char *order,
                                  const char *trade_no)
{
    for (size_t i = 0; i < b->payments; i++)
        if (is_of(&b->payment[i], merchant, order) && strcmp(b->payment[i].trade_no, trade_no) == 0)
            return &b->payment[i];
    return NULL;
}

struct refund *bank_find_refund(struct bank *b, const char *merchant, const char *refund_no)
{
    for (size_t i = b->refunds; i-- > 0;)
        if (strcmp(b->refund[i].refund_no, refund_no) == 0 &&
            strcmp(b->refund[i].merchant, merchant) == 0)
            return &b->refund[i];
    return NULL;
}

struct payment *bank_put_payment(struct bank *b, const struct payment *p)
{
    struct payment *at = find_trade(b, p->merchant, p->order, p->trade_no);
    if (!at) {
        if (b->payments == b->payments_cap) {
            b->payments_cap = b->payments_cap ? 2 * b->payments_cap : 64;
            b->payment = mem_grow(b->payment, b->payments_cap * sizeof *b->payment);
        }
        at = &b->payment[b->payments++];
    }
    *at = *p;
    return at;
}

struct refund *bank_put_refund(struct bank *b, const struct refund *r)
{
    struct refund *at = bank_find_refund(b, r->merchant, r->refund_no);
    if (!at) {
        if (b->refunds == b->refunds_cap) {
            b->refunds_cap = b->refunds_cap ? 2 * b->refunds_cap : 64;
            b->refund = mem_grow(b->refund, b->refunds_cap * sizeof *b->refund);
        }
        at = &b->refund[b->refunds++];
    }
    *at = *r;
    return at;
}

enum err bank_open(const char *folder, struct bank **out, struct err_info *e)
{
    TRY(folder_make(folder, 0700, e));
    _auto(bank) b = mem_alloc(sizeof *b);
    b->journal = -1;
    b->folder = mem_text(folder);
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&b->due, &monotonic);
    pthread_condattr_destroy(&monotonic);
    TRY(journal_open(b, e));
    TRY(sim_key_open(folder, "bank", &b->key, e));
    *out = steal(&b);
    return ERR_OK;
}

void bank_free(struct bank *b)
{
    if (!b)
        return;
    if (b->journal >= 0)
        close(b->journal);
    sim_key_free(b->key);
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->due);
    free(b->payment);
    free(b->refund);
    free(b->folder);
    free(b);
}

/* "20261120" and ten digits: another for every payment begun and every refund. */
static void new_trade_no(const struct bank *b, int64_t now, char *out, size_t size)
{
    int year, month, day;
    time_day_parts(time_china_day(now), &year, &month, &day);
    snprintf(out, size, "%04d%02d%02d%010zu", year, month, day, (size_t)b->sequence + 1);
}

static enum bank_code broken(const struct err_info *e)
{
    log_line(LOG_LEVEL_ERROR, "bank", "%s", e->detail);
    return BANK_BROKEN;
}

/* ---- paying ---- */

static const char *const status_names[] = {"NOTPAY", "SUCCESS", "FAILED"};

static const struct bank_param pay_params[] = {
    {"merchant", 0, bank_is_id},       {"order", 0, bank_is_id},
    {"amount_fen", 0, bank_is_amount}, {"subject", 0, bank_is_subject},
    {"return_url", 0, bank_is_url},    {"notify_url", 0, bank_is_url},
    {"time", 0, bank_is_time},
};

static struct payment new_payment(const struct bank *b, const struct httpd_pair *params,
                                  int64_t now)
{
    struct payment p = {.at = now};
    snprintf(p.merchant, sizeof p.merchant, "%s", httpd_pair_get(params, "merchant"));
    snprintf(p.order, sizeof p.order, "%s", httpd_pair_get(params, "order"));
    snprintf(p.subject, sizeof p.subject, "%s", httpd_pair_get(params, "subject"));
    snprintf(p.return_url, sizeof p.return_url, "%s", httpd_pair_get(params, "return_url"));
    snprintf(p.notify_url, sizeof p.notify_url, "%s", httpd_pair_get(params, "notify_url"));
    p.amount_fen = strtoll(httpd_pair_get(params, "amount_fen"), NULL, 10);
    new_trade_no(b, now, p.trade_no, sizeof p.trade_no);
    return p;
}

static void show(const struct payment *p, struct arena *a, struct bank_payment *out)
{
    out->merchant = arena_text(a, p->merchant);
    out->order = arena_text(a, p->order);
    out->subject = arena_text(a, p->subject);
    out->return_url = arena_text(a, p->return_url);
    out->trade_no = arena_text(a, p->trade_no);
    out->amount_fen = p->amount_fen;
    out->at = p->at;
    out->status = status_names[p->status];
}

/* A new payment, or the one this order began before. A refused one may be tried again. */
static enum bank_code open_payment(struct bank *b, const struct httpd_pair *params, int64_t now,
                                   struct payment **out)
{
    struct err_info e;
    struct payment wanted = new_payment(b, params, now);
    *out = bank_find_payment(b, wanted.merchant, wanted.order);
    if (*out &&
        ((*out)->amount_fen != wanted.amount_fen || strcmp((*out)->subject, wanted.subject) != 0))
        return BANK_ORDER_CONFLICT;
    if (*out && (*out)->status != 2)
        return BANK_OK;
    if (journal_payment(b, &wanted, &e) != ERR_OK)
        return broken(&e);
    b->sequence++;
    *out = bank_put_payment(b, &wanted);
    return BANK_OK;
}

enum bank_code bank_begin(struct bank *b, const struct httpd_pair *params, int64_t now,
                          struct arena *a, struct bank_payment *p, const char **ticket)
{
    const char *name = NULL;
    enum bank_code code = bank_check(b, pay_params, sizeof pay_params / sizeof pay_params[0],
                                     params, now, a, &name);
    if (code != BANK_OK)
        return code;
    *ticket = NULL;
    pthread_mutex_lock(&b->lock);
    struct payment *found;
    code = open_payment(b, params, now, &found);
    if (code == BANK_OK && found->status == 0) {
        uint8_t random[20];
        random_bytes(random, sizeof random);
        snprintf(found->ticket, sizeof found->ticket, "%s",
                 text_base32(a, (struct bytes){random, sizeof random}));
        found->ticket_at = now;
        *ticket = arena_text(a, found->ticket);
    }
    if (code == BANK_OK)
        show(found, a, p);
    pthread_mutex_unlock(&b->lock);
    p->merchant_name = name;
    return code;
}

static const char *amount_text(struct arena *a, int64_t fen)
{
    return arena_fmt(a, "%" PRId64, fen);
}

/* The result as the merchant gets it, signed; `wrong` spoils amount or signature as a fault says. */
static enum bank_code result_params(struct bank *b, const struct payment *p, enum bank_notify wrong,
                                    int64_t now, struct arena *a, struct httpd_pair *out)
{
    struct err_info e;
    int64_t amount = p->amount_fen + (wrong == BANK_NOTIFY_WRONG_AMOUNT);
    int n = 0;
    out[n++] = (struct httpd_pair){"merchant", arena_text(a, p->merchant)};
    out[n++] = (struct httpd_pair){"order", arena_text(a, p->order)};
    out[n++] = (struct httpd_pair){"trade_no", arena_text(a, p->trade_no)};
    out[n++] = (struct httpd_pair){"amount_fen", amount_text(a, amount)};
    out[n++] = (struct httpd_pair){"status", status_names[p->status]};
    out[n++] = (struct httpd_pair){"time", time_rfc3339(a, now)};
    out[n] = (struct httpd_pair){NULL, NULL};
    const char *text = sim_sign_text(a, out);
    if (wrong == BANK_NOTIFY_WRONG_SIGNATURE)
        text = arena_fmt(a, "%s.", text);
    out[n].name = "sign";
    out[n + 1] = (struct httpd_pair){NULL, NULL};
    return sim_sign(b->key, a, text, &out[n].value, &e) == ERR_OK ? BANK_OK : broken(&e);
}

static const char *form_of(struct arena *a, const struct httpd_pair *params)
{
    _auto_buf b;
    buf_init(&b, 16 * 1024);
    for (; params->name; params++)
        httpc_form_add(&b, params->name, params->value);
    return arena_text(a, buf_cstr(&b));
}

static enum bank_code location_of(struct bank *b, const struct payment *p, int64_t now,
                                  struct arena *a, const char **location)
{
    struct httpd_pair params[9];
    enum bank_code code = result_params(b, p, BANK_NOTIFY_NORMAL, now, a, params);
    if (code == BANK_OK)
        *location = arena_fmt(a, "%s%c%s", p->return_url, strchr(p->return_url, '?') ? '&' : '?',
                              form_of(a, params));
    return code;
}

static struct payment *find_ticket(struct bank *b, const char *ticket)
{
    size_t n = strlen(ticket);
    for (size_t i = 0; n && i < b->payments; i++)
        if (strlen(b->payment[i].ticket) == n && mem_equal(b->payment[i].ticket, ticket, n))
            return &b->payment[i];
    return NULL;
}

/* How often and when the merchant is to be told. */
static void plan_notice(struct bank *b, struct payment *p, int64_t now)
{
    p->fault = b->next.notify;
    p->attempts = 0;
    p->next_at = now;
    p->calls_left = p->fault == BANK_NOTIFY_NEVER ? 0 : p->fault == BANK_NOTIFY_TWICE ? 2 : 1;
    if (p->fault == BANK_NOTIFY_LATE)
        p->next_at += b->next.late_ms;
    b->next.notify = BANK_NOTIFY_NORMAL;
}

static enum bank_code decide(struct bank *b, const char *ticket, int approve, int64_t now,
                             struct arena *a, const char **location)
{
    struct err_info e;
    struct payment *p = find_ticket(b, ticket);
    if (!p || now > p->ticket_at + TICKET_MS)
        return BANK_PAGE_EXPIRED;
    if (p->status == 0) { /* a second click finds what the first decided */
        struct payment changed = *p;
        struct bank_next next = b->next;
        changed.status = approve ? 1 : 2;
        changed.decided_at = now;
        plan_notice(b, &changed, now);
        if (journal_payment(b, &changed, &e) != ERR_OK) {
            b->next = next;
            return broken(&e);
        }
        *p = changed;
        pthread_cond_signal(&b->due);
    }
    return location_of(b, p, now, a, location);
}

enum bank_code bank_decide(struct bank *b, const char *ticket, int approve, int64_t now,
                           struct arena *a, const char **location)
{
    pthread_mutex_lock(&b->lock);
    enum bank_code code = decide(b, ticket, approve, now, a, location);
    pthread_mutex_unlock(&b->lock);
    return code;
}

enum bank_code bank_return(struct bank *b, const char *merchant, const char *order, int64_t now,
                           struct arena *a, const char **location)
{
    pthread_mutex_lock(&b->lock);
    const struct payment *p = bank_find_payment(b, merchant, order);
    enum bank_code code = p ? location_of(b, p, now, a, location) : BANK_ORDER_UNKNOWN;
    pthread_mutex_unlock(&b->lock);
    return code;
}

static enum bank_code pay_again(struct bank *b, const char *merchant, const char *order,
                                int64_t now)
{
    struct err_info e;
    const struct payment *paid = bank_find_payment(b, merchant, order);
    if (!paid)
        return BANK_ORDER_UNKNOWN;
    if (paid->status != 1)
        return BANK_ORDER_NOT_PAID;
    struct payment p = *paid;
    struct bank_next next = b->next;
    p.at = p.decided_at = now;
    p.ticket[0] = '\0';
    new_trade_no(b, now, p.trade_no, sizeof p.trade_no);
    plan_notice(b, &p, now);
    if (journal_payment(b, &p, &e) != ERR_OK) {
        b->next = next;
        return broken(&e);
    }
    b->sequence++;
    bank_put_payment(b, &p);
    pthread_cond_signal(&b->due);
    return BANK_OK;
}

enum bank_code bank_pay_again(struct bank *b, const char *merchant, const char *order, int64_t now)
{
    pthread_mutex_lock(&b->lock);
    enum bank_code code = pay_again(b, merchant, order, now);
    pthread_mutex_unlock(&b->lock);
    return code;
}

/* ---- asking and refunding ---- */

static const struct bank_param query_params[] = {{"merchant", 0, bank_is_id},
                                                 {"order", 0, bank_is_id},
                                                 {"trade_no", 1, bank_is_id},
                                                 {"time", 0, bank_is_time}};
static const struct bank_param refund_params[] = {
    {"merchant", 0, bank_is_id},       {"order", 0, bank_is_id},       {"refund_no", 0, bank_is_id},
    {"amount_fen", 0, bank_is_amount}, {"reason", 1, bank_is_subject}, {"time", 0, bank_is_time}};
static const struct bank_param refund_query_params[] = {
    {"merchant", 0, bank_is_id}, {"refund_no", 0, bank_is_id}, {"time", 0, bank_is_time}};

static enum bank_code answer(struct bank *b, struct arena *a, struct httpd_pair *pairs, int64_t now,
                             struct buf *out)
{
    struct err_info e;
    size_t n = 0;
    while (pairs[n].name)
        n++;
    pairs[n++] = (struct httpd_pair){"time", time_rfc3339(a, now)};
    pairs[n] = (struct httpd_pair){NULL, NULL};
    const char *sign;
    if (sim_sign(b->key, a, sim_sign_text(a, pairs), &sign, &e) != ERR_OK)
        return broken(&e);
    struct json_out j;
    jout_init(&j, out);
    jout_object(&j, NULL);
    for (size_t i = 0; i < n; i++)
        jout_text(&j, pairs[i].name, pairs[i].value);
    jout_text(&j, "sign", sign);
    jout_end(&j);
    return BANK_OK;
}

static int64_t paid_in_all(const struct bank *b, const struct payment *p)
{
    int64_t sum = 0;
    for (size_t i = 0; i < b->payments; i++)
        if (is_of(&b->payment[i], p->merchant, p->order) && b->payment[i].status == 1)
            sum += b->payment[i].amount_fen;
    return sum;
}

/* Of the order, whichever of its payments it was. */
static int64_t refunded(const struct bank *b, const struct payment *p)
{
    int64_t sum = 0;
    for (size_t i = 0; i < b->refunds; i++)
        if (strcmp(b->refund[i].order, p->order) == 0 &&
            strcmp(b->refund[i].merchant, p->merchant) == 0)
            sum += b->refund[i].amount_fen;
    return sum;
}

static enum bank_code take_fault(enum bank_fault *fault)
{
    enum bank_fault was = *fault;
    if (was == BANK_DOWN)
        *fault = BANK_NORMAL;
    return was == BANK_DOWN ? BANK_UNAVAILABLE : BANK_OK;
}

/* The trade numbers of the other payments made for the order, separated by commas. */
static const char *others(const struct bank *b, const struct payment *p, struct arena *a)
{
    const char *list = "";
    for (size_t i = 0; i < b->payments; i++) {
        const struct payment *other = &b->payment[i];
        if (other != p && other->status == 1 && is_of(other, p->merchant, p->order))
            list = arena_fmt(a, "%s%s%s", list, *list ? "," : "", other->trade_no);
    }
    return list;
}

static enum bank_code query(struct bank *b, const struct httpd_pair *params, int64_t now,
                            struct arena *a, struct buf *json)
{
    if (take_fault(&b->next.query) != BANK_OK)
        return BANK_UNAVAILABLE;
    const char *merchant = httpd_pair_get(params, "merchant"),
               *order = httpd_pair_get(params, "order"),
               *trade_no = httpd_pair_get(params, "trade_no");
    const struct payment *p = trade_no ? find_trade(b, merchant, order, trade_no)
                                       : bank_find_payment(b, merchant, order);
    if (!p)
        return BANK_ORDER_UNKNOWN;
    struct httpd_pair pairs[11] = {
        {"merchant", p->merchant},
        {"order", p->order},
        {"trade_no", p->trade_no},
        {"amount_fen", amount_text(a, p->amount_fen)},
        {"refunded_fen", amount_text(a, refunded(b, p))},
        {"status", status_names[p->status]},
        {"paid_at", p->status == 1 ? time_rfc3339(a, p->decided_at) : ""},
        {"others", others(b, p, a)},
    };
    return answer(b, a, pairs, now, json);
}

static enum bank_code answer_refund(struct bank *b, const struct refund *r, int64_t now,
                                    struct arena *a, struct buf *json)
{
    struct httpd_pair pairs[10] = {
        {"merchant", r->merchant},
        {"order", r->order},
        {"refund_no", r->refund_no},
        {"refund_trade_no", r->trade_no},
        {"amount_fen", amount_text(a, r->amount_fen)},
        {"status", r->done ? "SUCCESS" : "PROCESSING"},
    };
    return answer(b, a, pairs, now, json);
}

/* The refund this number already stands for, or a new one within what was paid. */
static enum bank_code open_refund(struct bank *b, const struct httpd_pair *params, int64_t now,
                                  struct refund **out)
{
    struct err_info e;
    struct refund r = {.at = now};
    snprintf(r.merchant, sizeof r.merchant, "%s", httpd_pair_get(params, "merchant"));
    snprintf(r.order, sizeof r.order, "%s", httpd_pair_get(params, "order"));
    snprintf(r.refund_no, sizeof r.refund_no, "%s", httpd_pair_get(params, "refund_no"));
    r.amount_fen = strtoll(httpd_pair_get(params, "amount_fen"), NULL, 10);
    *out = bank_find_refund(b, r.merchant, r.refund_no);
    if (*out)
        return strcmp((*out)->order, r.order) == 0 && (*out)->amount_fen == r.amount_fen
                   ? BANK_OK
                   : BANK_REFUND_CONFLICT;
    const struct payment *p = bank_find_payment(b, r.merchant, r.order);
    if (!p)
        return BANK_ORDER_UNKNOWN;
    if (p->status != 1)
        return BANK_ORDER_NOT_PAID;
    if (r.amount_fen > paid_in_all(b, p) - refunded(b, p))
        return BANK_REFUND_TOO_MUCH;
    new_trade_no(b, now, r.trade_no, sizeof r.trade_no);
    r.done = b->next.refund != BANK_PENDING;
    if (journal_refund(b, &r, &e) != ERR_OK)
        return broken(&e);
    b->sequence++;
    b->next.refund = BANK_NORMAL;
    *out = bank_put_refund(b, &r);
    return BANK_OK;
}

static enum bank_code refund(struct bank *b, const struct httpd_pair *params, int64_t now,
                             struct arena *a, struct buf *json)
{
    if (take_fault(&b->next.refund) != BANK_OK)
        return BANK_UNAVAILABLE;
    struct refund *r;
    enum bank_code code = open_refund(b, params, now, &r);
    return code == BANK_OK ? answer_refund(b, r, now, a, json) : code;
}

/* A refund in process is done by the time it is asked for again; the answer still says how it was. */
static enum bank_code refund_query(struct bank *b, const struct httpd_pair *params, int64_t now,
                                   struct arena *a, struct buf *json)
{
    struct err_info e;
    struct refund *r = bank_find_refund(b, httpd_pair_get(params, "merchant"),
                                        httpd_pair_get(params, "refund_no"));
    if (!r)
        return BANK_REFUND_UNKNOWN;
    if (!r->done) {
        struct refund changed = *r;
        changed.done = 1;
        if (journal_refund(b, &changed, &e) != ERR_OK)
            return broken(&e);
        *r = changed;
    }
    return answer_refund(b, r, now, a, json);
}

typedef enum bank_code (*asked)(struct bank *, const struct httpd_pair *, int64_t, struct arena *,
                                struct buf *);

static enum bank_code check_and_ask(struct bank *b, const struct bank_param *want, size_t n,
                                    asked fn, const struct httpd_pair *params, int64_t now,
                                    struct buf *json)
{
    _auto(arena) a = arena_new();
    const char *name;
    enum bank_code code = bank_check(b, want, n, params, now, a, &name);
    if (code != BANK_OK)
        return code;
    pthread_mutex_lock(&b->lock);
    code = fn(b, params, now, a, json);
    pthread_mutex_unlock(&b->lock);
    return code;
}

enum bank_code bank_query(struct bank *b, const struct httpd_pair *params, int64_t now,
                          struct buf *json)
{
    return check_and_ask(b, query_params, sizeof query_params / sizeof query_params[0], query,
                         params, now, json);
}

enum bank_code bank_refund(struct bank *b, const struct httpd_pair *params, int64_t now,
                           struct buf *json)
{
    return check_and_ask(b, refund_params, sizeof refund_params / sizeof refund_params[0], refund,
                         params, now, json);
}

enum bank_code bank_refund_query(struct bank *b, const struct httpd_pair *params, int64_t now,
                                 struct buf *json)
{
    return check_and_ask(b, refund_query_params,
                         sizeof refund_query_params / sizeof refund_query_params[0], refund_query,
                         params, now, json);
}

/* ---- control ---- */

void bank_set_next(struct bank *b, const struct bank_next *next)
{
    pthread_mutex_lock(&b->lock);
    b->next = *next;
    pthread_mutex_unlock(&b->lock);
}

struct bank_next bank_get_next(struct bank *b)
{
    pthread_mutex_lock(&b->lock);
    struct bank_next next = b->next;
    pthread_mutex_unlock(&b->lock);
    return next;
}

void bank_list(struct bank *b, struct json_out *j)
{
    _auto(arena) a = arena_new();
    pthread_mutex_lock(&b->lock);
    for (size_t i = b->payments; i-- > 0;) {
        const struct payment *p = &b->payment[i];
        jout_object(j, NULL);
        jout_text(j, "merchant", p->merchant);
        jout_text(j, "order", p->order);
        jout_text(j, "trade_no", p->trade_no);
        jout_text(j, "subject", p->subject);
        jout_int(j, "amount_fen", p->amount_fen);
        jout_int(j, "refunded_fen", refunded(b, p));
        jout_text(j, "status", status_names[p->status]);
        jout_int(j, "notify_attempts", p->attempts);
        jout_int(j, "notify_left", p->calls_left);
        jout_text(j, "at", time_rfc3339(a, p->at));
        jout_end(j);
    }
    pthread_mutex_unlock(&b->lock);
}

/* ---- notifications ---- */

static struct payment *first_due(struct bank *b, int64_t now, int64_t *soonest)
{
    struct payment *first = NULL;
    for (size_t i = 0; i < b->payments; i++)
        if (b->payment[i].calls_left > 0 && (!first || b->payment[i].next_at < first->next_at))
            first = &b->payment[i];
    if (first && first->next_at - now < *soonest)
        *soonest = first->next_at - now;
    return first && first->next_at <= now ? first : NULL;
}

static void wait_ms(struct bank *b, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + (ms > 0 ? ms : 1) * 1000000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_cond_timedwait(&b->due, &b->lock, &until);
}

int bank_next_notice(struct bank *b, int64_t ms, struct arena *a, struct bank_notice *n)
{
    pthread_mutex_lock(&b->lock);
    int64_t soonest = ms;
    struct payment *p = first_due(b, clock_machine(), &soonest);
    if (!p && !b->woken) {
        wait_ms(b, soonest);
        p = first_due(b, clock_machine(), &soonest);
    }
    int there = p && !b->woken;
    if (there) {
        struct httpd_pair params[9];
        there = result_params(b, p, p->fault, clock_machine(), a, params) == BANK_OK;
        n->payment = (size_t)(p - b->payment);
        n->url = arena_text(a, p->notify_url);
        n->body = there ? form_of(a, params) : "";
    }
    pthread_mutex_unlock(&b->lock);
    return there;
}

void bank_notified(struct bank *b, size_t payment, int ok)
{
    static const int seconds[] = {1, 3, 10, 30, 60, 300, 900, 3600};
    struct err_info e;
    pthread_mutex_lock(&b->lock);
    struct payment *p = &b->payment[payment];
    if (p->calls_left == 0) { /* nothing is owed any more */
        pthread_mutex_unlock(&b->lock);
        return;
    }
    p->attempts++;
    if (ok || p->attempts > (int)(sizeof seconds / sizeof seconds[0])) {
        p->calls_left--;
        p->next_at = clock_machine();
    } else {
        p->next_at = clock_machine() + (int64_t)seconds[p->attempts - 1] * TIME_SECOND;
    }
    if (journal_payment(b, p, &e) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "bank", "%s", e.detail); /* told once more after a restart */
    boundary(BOUNDARY_BANK_NOTED);
    pthread_mutex_unlock(&b->lock);
}

void bank_wake(struct bank *b)
{
    pthread_mutex_lock(&b->lock);
    b->woken = 1;
    pthread_cond_signal(&b->due);
    pthread_mutex_unlock(&b->lock);
}
