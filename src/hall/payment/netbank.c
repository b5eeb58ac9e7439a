/* Corporate net-banking (对公网银, S0-24): signed redirect, signed callback, query and refund.
 *
 * Every message is `k=v` pairs sorted by name and joined by &, without `sign`, signed RSA-SHA256, base64 (conventions.md). A
 * callback is believed only as far as its signature; whoever books asks the bank first. */
#include "hall/payment/payment.h"

#include "base/text.h"
#include "base/time.h"
#include "httpc/httpc.h"
#include "pki/pem.h"
#include "pki/signer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS_MAX = 16 };

struct netbank {
    struct payment_provider provider; /* first: the provider is the netbank */
    char *url, *merchant;
    struct pki_key *key;
    struct pki_signer *signer;
    struct pki_pub *bank;
    struct httpc *client;
};

static const struct netbank *self(const struct payment_provider *p)
{
    return (const struct netbank *)p;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct payment_pair *)a)->name, ((const struct payment_pair *)b)->name);
}

static const char *signed_text(struct arena *a, const struct payment_pair *pairs)
{
    struct payment_pair sorted[PAIRS_MAX];
    size_t n = 0;
    for (; pairs[n].name; n++)
        sorted[n] = pairs[n];
    qsort(sorted, n, sizeof *sorted, by_name);
    _auto_buf b;
    buf_init(&b, 64 << 10);
    for (size_t i = 0; i < n; i++)
        if (strcmp(sorted[i].name, "sign") != 0)
            buf_fmt(&b, "%s%s=%s", b.n ? "&" : "", sorted[i].name, sorted[i].value);
    return arena_text(a, buf_cstr(&b));
}

static struct bytes as_bytes(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* name=value&…&sign=… percent-encoded; `pairs` ends with NULL and has room for two more. */
static enum err signed_form(const struct netbank *n, struct payment_pair *pairs, struct arena *a,
                            const char **out, struct err_info *e)
{
    struct bytes signature;
    TRY(pki_sign(n->signer, as_bytes(signed_text(a, pairs)), a, &signature, e));
    _auto_buf b;
    buf_init(&b, 64 << 10);
    for (const struct payment_pair *p = pairs; p->name; p++)
        httpc_form_add(&b, p->name, p->value);
    httpc_form_add(&b, "sign", text_base64(a, signature));
    *out = arena_text(a, buf_cstr(&b));
    return ERR_OK;
}

static const char *now_text(struct arena *a)
{
    return time_rfc3339(a, clock_machine());
}

static enum err page(const struct payment_provider *p, const struct payment_ask *ask,
                     struct arena *a, const char **url, struct err_info *e)
{
    const char *query;
    struct payment_pair pairs[PAIRS_MAX] = {
        {"merchant", self(p)->merchant},
        {"order", ask->order},
        {"amount_fen", arena_fmt(a, "%" PRId64, ask->amount_fen)},
        {"subject", ask->subject},
        {"return_url", ask->return_url},
        {"notify_url", ask->notify_url},
        {"time", now_text(a)},
    };
    TRY(signed_form(self(p), pairs, a, &query, e));
    *url = arena_fmt(a, "%s/pay?%s", self(p)->url, query);
    return ERR_OK;
}

static const char *value_of(const struct payment_pair *pairs, const char *name)
{
    for (; pairs->name; pairs++)
        if (strcmp(pairs->name, name) == 0)
            return pairs->value;
    return "";
}

static enum err check_signature(const struct netbank *n, const struct payment_pair *pairs,
                                struct arena *a, struct err_info *e)
{
    struct bytes signature;
    size_t count = 0;
    while (pairs[count].name)
        count++;
    if (count < PAIRS_MAX && text_from_base64(a, value_of(pairs, "sign"), &signature) &&
        pki_verify(n->bank, as_bytes(signed_text(a, pairs)), signature, e) == ERR_OK &&
        strcmp(value_of(pairs, "merchant"), n->merchant) == 0)
        return ERR_OK;
    return err_set(e, ERR_PAYMENT_FORGED, "sign", "not the bank's signature for this merchant");
}

static enum err read_told(const struct payment_pair *pairs, struct payment_told *out,
                          struct err_info *e)
{
    const char *status = value_of(pairs, "status"), *at = value_of(pairs, "paid_at");
    *out = (struct payment_told){.order = value_of(pairs, "order"),
                                 .trade_no = value_of(pairs, "trade_no")};
    out->result = strcmp(status, "SUCCESS") == 0  ? PAYMENT_PAID
                  : strcmp(status, "FAILED") == 0 ? PAYMENT_FAILED
                                                  : PAYMENT_NOT_PAID;
    if (!time_parse_rfc3339(*at ? at : value_of(pairs, "time"), &out->at) ||
        !text_to_int(value_of(pairs, "amount_fen"), 0, INT64_MAX, &out->amount_fen))
        return err_set(e, ERR_PAYMENT_FORGED, "amount_fen", "time or amount cannot be read");
    return ERR_OK;
}

static enum err read_notice(const struct payment_provider *p, const struct payment_pair *pairs,
                            struct arena *a, struct payment_told *out, struct err_info *e)
{
    TRY(check_signature(self(p), pairs, a, e));
    return read_told(pairs, out, e);
}

/* The answer's members as pairs; every one is a text. */
static enum err answer_pairs(const json_t *answer, struct payment_pair out[PAIRS_MAX],
                             struct arena *a, struct err_info *e)
{
    const char *name;
    json_t *value;
    size_t n = 0;
    json_object_foreach ((json_t *)(uintptr_t)answer, name, value) {
        if (n + 1 == PAIRS_MAX || !json_is_string(value))
            return err_set(e, ERR_PAYMENT_FORGED, name, "the bank's answer has another shape");
        out[n++] = (struct payment_pair){arena_text(a, name),
                                         arena_text(a, json_string_value(value))};
    }
    out[n] = (struct payment_pair){NULL, NULL};
    return ERR_OK;
}

/* POST a signed form; *refused gets the bank's code where it says no, and then `out` is empty. */
static enum err call(const struct netbank *n, const char *path, struct payment_pair *pairs,
                     struct arena *a, struct payment_pair out[PAIRS_MAX], const char **refused,
                     struct err_info *e)
{
    const char *form;
    struct httpc_answer answer;
    _auto_json doc = NULL;
    *refused = "";
    TRY(signed_form(n, pairs, a, &form, e));
    struct httpc_request request = {
        .path = path, .content_type = "application/x-www-form-urlencoded", .body = as_bytes(form)};
    TRY(httpc_send(n->client, a, &request, &answer, e));
    if (json_parse(answer.body.p, answer.body.n, &doc, e) != ERR_OK || answer.status >= 500) {
        err_set(e, ERR_UNAVAILABLE, NULL, "the bank answers %d", answer.status);
        err_arg(e, "service", "%s", "银行");
        return ERR_UNAVAILABLE;
    }
    if (answer.status != 200) {
        *refused = arena_text(a, json_opt_text(doc, "code", "?"));
        return ERR_OK;
    }
    TRY(answer_pairs(doc, out, a, e));
    return check_signature(n, out, a, e);
}

static enum err refuse(struct err_info *e, const char *code)
{
    err_set(e, ERR_PAYMENT_REFUSED, NULL, "the bank says %s", code);
    err_arg(e, "why", "%s", code);
    return ERR_PAYMENT_REFUSED;
}

/* One payment of the order: that of `trade_no`, or with "" the first that was made. *others: the rest of them. */
static enum err query_one(const struct netbank *n, const char *order, const char *trade_no,
                          struct arena *a, struct payment_told *out, const char **others,
                          struct err_info *e)
{
    const char *refused;
    struct payment_pair answer[PAIRS_MAX];
    struct payment_pair pairs[PAIRS_MAX] = {
        {"merchant", n->merchant}, {"order", order}, {"time", now_text(a)}};
    if (*trade_no)
        pairs[3] = (struct payment_pair){"trade_no", trade_no};
    *others = "";
    TRY(call(n, "/query", pairs, a, answer, &refused, e));
    if (strcmp(refused, "ORDER_UNKNOWN") == 0) { /* nobody has opened the bank's page yet */
        *out = (struct payment_told){.order = order, .trade_no = "", .result = PAYMENT_UNKNOWN};
        return ERR_OK;
    }
    if (*refused)
        return refuse(e, refused);
    TRY(read_told(answer, out, e));
    *others = value_of(answer, "others");
    return strcmp(out->order, order) == 0 && (!*trade_no || strcmp(out->trade_no, trade_no) == 0)
               ? ERR_OK
               : err_set(e, ERR_PAYMENT_FORGED, "order", "the bank answers for another order");
}

static enum err query(const struct payment_provider *p, const char *order, struct arena *a,
                      const struct payment_told **out, size_t *n, struct err_info *e)
{
    enum { PAYMENTS_MAX = 50 }; /* of one order; more are left for people */
    struct payment_told *told = arena_alloc(a, PAYMENTS_MAX * sizeof *told);
    const char *others, *none;
    TRY(query_one(self(p), order, "", a, &told[0], &others, e));
    *n = 1;
    while (*others && *n < PAYMENTS_MAX) {
        size_t length = strcspn(others, ",");
        const char *trade_no = arena_text_n(a, others, length);
        TRY(query_one(self(p), order, trade_no, a, &told[*n], &none, e));
        *n += told[*n].result == PAYMENT_PAID;
        others += length + (others[length] == ',');
    }
    *out = told;
    return ERR_OK;
}

/* Signed, but is it about this refund? */
static enum err same_refund(const struct payment_pair *answer, const struct payment_pair *asked,
                            struct err_info *e)
{
    static const char *const names[] = {"order", "refund_no", "amount_fen"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(value_of(answer, names[i]), value_of(asked, names[i])) != 0)
            return err_set(e, ERR_PAYMENT_FORGED, names[i], "the bank answers for another refund");
    return ERR_OK;
}

static int is_done(const struct payment_pair *answer)
{
    return strcmp(value_of(answer, "status"), "SUCCESS") == 0;
}

static enum err refund(const struct payment_provider *p, const char *order, const char *refund_no,
                       int64_t amount_fen, struct arena *a, enum payment_refund_result *out,
                       struct err_info *e)
{
    const char *refused;
    struct payment_pair answer[PAIRS_MAX];
    struct payment_pair pairs[PAIRS_MAX] = {{"merchant", self(p)->merchant},
                                            {"order", order},
                                            {"refund_no", refund_no},
                                            {"amount_fen", arena_fmt(a, "%" PRId64, amount_fen)},
                                            {"time", now_text(a)}};
    TRY(call(self(p), "/refund", pairs, a, answer, &refused, e));
    if (*refused)
        return refuse(e, refused);
    TRY(same_refund(answer, pairs, e));
    *out = is_done(answer) ? PAYMENT_REFUND_DONE : PAYMENT_REFUND_RUNNING;
    if (*out == PAYMENT_REFUND_DONE)
        return ERR_OK;
    struct payment_pair again[PAIRS_MAX] = {
        {"merchant", self(p)->merchant}, {"refund_no", refund_no}, {"time", now_text(a)}};
    TRY(call(self(p), "/refund/query", again, a, answer, &refused, e));
    if (*refused)
        return ERR_OK;
    TRY(same_refund(answer, pairs, e));
    *out = is_done(answer) ? PAYMENT_REFUND_DONE : PAYMENT_REFUND_RUNNING;
    return ERR_OK;
}

enum err netbank_new(const struct netbank_options *o, struct netbank **out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(netbank) n = mem_alloc(sizeof *n);
    struct bytes spki;
    n->provider = (struct payment_provider){.name = "netbank",
                                            .method = "net_bank",
                                            .page = page,
                                            .read_notice = read_notice,
                                            .query = query,
                                            .refund = refund};
    n->url = mem_text(o->url);
    n->merchant = mem_text(o->merchant);
    TRY(pki_key_load(o->key, NULL, &n->key, e));
    TRY(pki_signer_from_key(n->key, &n->signer, e));
    TRY(pem_decode(a, o->bank, "PUBLIC KEY", &spki, e));
    TRY(pki_pub_load(spki, &n->bank, e));
    n->client = httpc_new(&(struct httpc_options){
        .service = "银行", .base = o->url, .answer_max = 64 << 10, .timeout_ms = 10000});
    *out = steal(&n);
    return ERR_OK;
}

void netbank_free(struct netbank *n)
{
    if (!n)
        return;
    free(n->url);
    free(n->merchant);
    pki_signer_free(n->signer);
    pki_key_free(n->key);
    pki_pub_free(n->bank);
    httpc_free(n->client);
    free(n);
}

const struct payment_provider *netbank_provider(const struct netbank *n)
{
    return &n->provider;
}
