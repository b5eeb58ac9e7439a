#include "sim/bank_http.h"

#include "base/sys.h"
#include "base/text.h"
#include "base/time.h"
#include "sim/bank_page.h"

#include <string.h>

const char bank_csp[] =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

static void html(struct httpd_reply *reply)
{
    reply->content_type = "text/html; charset=utf-8";
}

static enum err error_page(struct httpd_reply *reply, enum bank_code code)
{
    log_line(LOG_LEVEL_INFO, "refused", "%s", bank_code_name(code));
    html(reply);
    reply->status = bank_code_status(code);
    page_error(&reply->body, code);
    return ERR_OK;
}

/* Machines read {code, message}. */
static enum err error_json(struct httpd_reply *reply, enum bank_code code)
{
    log_line(LOG_LEVEL_INFO, "refused", "%s", bank_code_name(code));
    buf_clear(&reply->body);
    reply->status = bank_code_status(code);
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "code", bank_code_name(code));
    jout_text(&j, "message", bank_code_text(code));
    jout_end(&j);
    return ERR_OK;
}

static enum err pay(struct httpd_request *r, struct httpd_reply *reply, void *app,
                    struct err_info *e)
{
    (void)e;
    struct bank_payment p;
    const char *ticket, *location;
    int64_t now = clock_machine();
    enum bank_code code = bank_begin(app, httpd_query_all(r), now, r->arena, &p, &ticket);
    if (code != BANK_OK)
        return error_page(reply, code);
    html(reply);
    if (ticket) {
        page_pay(&reply->body, &p, ticket);
        return ERR_OK;
    }
    code = bank_return(app, p.merchant, p.order, now, r->arena, &location);
    if (code != BANK_OK)
        return error_page(reply, code);
    page_done(&reply->body, &p, location);
    return ERR_OK;
}

static enum err decide(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    const struct httpd_pair *form;
    TRY(httpd_form(r, &form, e));
    const char *ticket = httpd_pair_get(form, "ticket"),
               *decision = httpd_pair_get(form, "decision"), *location;
    int approve = decision && strcmp(decision, "approve") == 0;
    if (!ticket || !decision || (!approve && strcmp(decision, "refuse") != 0))
        return error_page(reply, BANK_PARAM_INVALID);
    enum bank_code code = bank_decide(app, ticket, approve, clock_machine(), r->arena, &location);
    if (code != BANK_OK)
        return error_page(reply, code);
    httpd_reply_redirect(reply, location);
    return ERR_OK;
}

typedef enum bank_code (*call)(struct bank *, const struct httpd_pair *, int64_t, struct buf *);

static enum err answer_call(struct httpd_request *r, struct httpd_reply *reply, struct bank *b,
                            call fn)
{
    struct err_info e;
    const struct httpd_pair *form;
    if (httpd_form(r, &form, &e) != ERR_OK)
        return error_json(reply, BANK_PARAM_INVALID);
    reply->content_type = "application/json";
    enum bank_code code = fn(b, form, clock_machine(), &reply->body);
    return code == BANK_OK ? ERR_OK : error_json(reply, code);
}

static enum err query(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)e;
    return answer_call(r, reply, app, bank_query);
}

static enum err refund(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)e;
    return answer_call(r, reply, app, bank_refund);
}

static enum err refund_query(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    (void)e;
    return answer_call(r, reply, app, bank_refund_query);
}

static enum err css(struct httpd_request *r, struct httpd_reply *reply, void *app,
                    struct err_info *e)
{
    (void)r, (void)app, (void)e;
    reply->content_type = "text/css; charset=utf-8";
    buf_text(&reply->body, page_css);
    return ERR_OK;
}

/* ---- control: from this machine only, and changed by no foreign page ---- */

static enum err only_here(struct httpd_request *r, struct err_info *e)
{
    const char *from = httpd_peer(r)->address;
    const char *site = httpd_header(r, "Sec-Fetch-Site");
    int here = strcmp(from, "127.0.0.1") == 0 || strcmp(from, "::1") == 0;
    int reads = strcmp(r->method, "GET") == 0;
    int own = !site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    if (here && (reads || own))
        return ERR_OK;
    err_set(e, ERR_FORBIDDEN, NULL, "control from %s, site %s", from, site ? site : "-");
    err_arg(e, "who", "%s", "127.0.0.1");
    return ERR_FORBIDDEN;
}

static enum err control_page(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    TRY(only_here(r, e));
    const char *accept = httpd_header(r, "Accept");
    if (accept && strstr(accept, "text/html")) {
        html(reply);
        page_control(&reply->body, app);
        return ERR_OK;
    }
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "payments");
    bank_list(app, &j);
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

static enum err wrong(struct err_info *e, const char *field, const char *expected)
{
    err_set(e, ERR_BAD_REQUEST, field, "expected %s", expected);
    err_arg(e, "why", "%s: expected %s", field, expected);
    return ERR_BAD_REQUEST;
}

static enum err read_notify(const char *s, struct bank_next *n, struct err_info *e)
{
    static const char *const names[] = {"normal", "twice",        "late",
                                        "never",  "wrong_amount", "wrong_signature"};
    if (strncmp(s, "late:", 5) == 0 && text_to_int(s + 5, 0, TIME_HOUR, &n->late_ms)) {
        n->notify = BANK_NOTIFY_LATE;
        return ERR_OK;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (i != BANK_NOTIFY_LATE && strcmp(names[i], s) == 0) {
            n->notify = (enum bank_notify)i;
            return ERR_OK;
        }
    }
    return wrong(e, "next.notify",
                 "normal, twice, late:<ms>, never, wrong_amount, wrong_signature");
}

static enum err read_fault(const char *field, const char *s, int may_pend, enum bank_fault *out,
                           struct err_info *e)
{
    if (strcmp(s, "normal") == 0)
        *out = BANK_NORMAL;
    else if (strcmp(s, "down") == 0)
        *out = BANK_DOWN;
    else if (may_pend && strcmp(s, "pending") == 0)
        *out = BANK_PENDING;
    else
        return wrong(e, field, may_pend ? "normal, down, pending" : "normal, down");
    return ERR_OK;
}

static enum err read_next(const char *notify, const char *query_text, const char *refund_text,
                          struct bank_next *n, struct err_info *e)
{
    if (notify)
        TRY(read_notify(notify, n, e));
    if (query_text)
        TRY(read_fault("next.query", query_text, 0, &n->query, e));
    if (refund_text)
        TRY(read_fault("next.refund", refund_text, 1, &n->refund, e));
    return ERR_OK;
}

static enum err read_json_next(struct httpd_request *r, struct bank_next *n, struct err_info *e)
{
    const json_t *in;
    TRY(httpd_json(r, &in, e));
    const json_t *next = json_object_get(in, "next");
    const char *key;
    json_t *value;
    if (!json_is_object(next))
        return wrong(e, "next", "an object");
    json_object_foreach ((json_t *)(uintptr_t)next, key, value) {
        int known = strcmp(key, "notify") == 0 || strcmp(key, "query") == 0 ||
                    strcmp(key, "refund") == 0;
        if (!known || !json_is_string(value))
            return wrong(e, "next", "texts notify, query, refund");
    }
    return read_next(json_opt_text(next, "notify", NULL), json_opt_text(next, "query", NULL),
                     json_opt_text(next, "refund", NULL), n, e);
}

/* A paid order of this merchant is paid once more. */
static enum err control_again(struct httpd_request *r, struct httpd_reply *reply, void *app,
                              struct err_info *e)
{
    const struct httpd_pair *f;
    TRY(only_here(r, e));
    TRY(httpd_form(r, &f, e));
    const char *merchant = httpd_pair_get(f, "merchant"), *order = httpd_pair_get(f, "order");
    if (!merchant || !order)
        return wrong(e, merchant ? "order" : "merchant", "a merchant and an order of it");
    enum bank_code code = bank_pay_again(app, merchant, order, clock_machine());
    if (code != BANK_OK)
        return error_page(reply, code);
    httpd_reply_redirect(reply, "/control");
    return ERR_OK;
}

static enum err control(struct httpd_request *r, struct httpd_reply *reply, void *app,
                        struct err_info *e)
{
    TRY(only_here(r, e));
    struct bank_next n = bank_get_next(app);
    const char *type = httpd_header(r, "Content-Type");
    int is_form = type && strncmp(type, "application/x-www-form-urlencoded", 33) == 0;
    if (is_form) {
        const struct httpd_pair *f;
        TRY(httpd_form(r, &f, e));
        TRY(read_next(httpd_pair_get(f, "notify"), httpd_pair_get(f, "query"),
                      httpd_pair_get(f, "refund"), &n, e));
        bank_set_next(app, &n);
        httpd_reply_redirect(reply, "/control");
        return ERR_OK;
    }
    TRY(read_json_next(r, &n, e));
    bank_set_next(app, &n);
    buf_text(&reply->body, "{\"ok\":true}");
    return ERR_OK;
}

static enum err front(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)r, (void)app, (void)e;
    httpd_reply_redirect(reply, "/control");
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"GET", "/", front, 0, 0, 0},
    {"GET", "/pay", pay, 0, 0, 0},
    {"GET", "/bank.css", css, 0, 0, HTTPD_INLINE},
    {"POST", "/decide", decide, 0, 4096, 0},
    {"POST", "/query", query, 0, 16384, 0},
    {"POST", "/refund", refund, 0, 16384, 0},
    {"POST", "/refund/query", refund_query, 0, 16384, 0},
    {"GET", "/control", control_page, 0, 0, 0},
    {"POST", "/control", control, 0, 4096, 0},
    {"POST", "/control/again", control_again, 0, 4096, 0},
};

void bank_mount(struct httpd *s, struct bank *b)
{
    httpd_mount(s, routes, sizeof routes / sizeof routes[0], NULL, b);
}
