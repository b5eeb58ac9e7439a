#include "console_fixture.h"
#include "hall/audit/audit.h"
#include "openapi.h"
#include "scratch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void open_server(struct console_fixture *f, int https)
{
    struct err_info e;
    f->server = httpd_new(&(struct httpd_options){.workers = 2, .https = https});
    assert_ok(httpd_listen(f->server, &(struct httpd_listen){.host = "127.0.0.1"}, &e), &e);
    console_mount(f->server, &f->console);
    assert_ok(httpd_start(f->server, &e), &e);
    snprintf(f->base, sizeof f->base, "http://127.0.0.1:%d", httpd_port(f->server, 0));
    f->client = httpc_new(&(struct httpc_options){.service = "hall", .base = f->base});
}

static void close_server(struct console_fixture *f)
{
    httpc_free(f->client);
    httpd_free(f->server);
}

void console_behind_https(struct console_fixture *f)
{
    close_server(f);
    open_server(f, 1);
}

int console_setup(void **state)
{
    struct console_fixture *f = mem_alloc(sizeof *f);
    void *order;
    struct err_info e;
    assert_int_equal(order_setup(&order), 0);
    f->order = order;
    f->hall = f->order->f;
    f->hall->hall.demo = 1;
    hall_decoders(f->hall);
    struct invoice_local_options seller = {"证书服务中心", "91110108MA01ABCD5T", "11"};
    assert_ok(invoice_local_new(&seller, &f->invoices, &e), &e);
    f->hall->hall.invoice = invoice_local_provider(f->invoices);
    snprintf(f->folder, sizeof f->folder, "/tmp/certhall-outbox.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->console = (struct console){.hall = &f->hall->hall, .outbox = f->folder};
    f->api = openapi_load(OPENAPI);
    open_server(f, 0);
    *state = f;
    return 0;
}

int console_teardown(void **state)
{
    struct console_fixture *f = *state;
    void *order = f->order;
    close_server(f);
    order_teardown(&order);
    invoice_local_free(f->invoices);
    json_decref(f->api);
    assert_int_equal(scratch_remove(f->folder), 0);
    free(f);
    return 0;
}

int64_t add_staff(struct console_fixture *f, const char *login, const char *name, unsigned roles)
{
    struct hall_tx tx = {0};
    struct err_info e;
    struct staff_new n = {.login = login, .name = name, .roles = roles, .password = TEST_PASSWORD};
    int64_t id;
    hall_write(f->hall, &hall_system, &tx);
    assert_ok(staff_add(&tx, &n, &id, &e), &e);
    hall_done(f->hall, &tx);
    return id;
}

size_t audited(struct console_fixture *f, const char *act, int64_t order)
{
    struct hall_tx tx = {0};
    const struct audit_row *rows;
    size_t n;
    struct audit_filter filter = {
        .order = order,
        .act = act,
        .object = arena_fmt(f->hall->arena, "order:%lld", (long long)order),
        .limit = 100};
    hall_read(f->hall, &tx);
    assert_ok(audit_list(&tx, &filter, &rows, &n, &f->hall->e), &f->hall->e);
    hall_end(&tx);
    return n;
}

/* Cookies of an answer replace those of the same name. */
static void keep_cookies(struct browser *b, const char *given)
{
    char copy[1024], *rest = copy, *one;
    snprintf(copy, sizeof copy, "%s", given);
    while ((one = strsep(&rest, ";")) != NULL) {
        char kept[sizeof b->cookie] = "", old[sizeof b->cookie], *left = old, *pair;
        one += strspn(one, " ");
        size_t name = strcspn(one, "=") + 1;
        if (!strchr(one, '='))
            continue;
        memcpy(old, b->cookie, sizeof old);
        while ((pair = strsep(&left, ";")) != NULL) {
            pair += strspn(pair, " ");
            if (*pair && strncmp(pair, one, name) != 0)
                snprintf(kept + strlen(kept), sizeof kept - strlen(kept), "%s; ", pair);
        }
        if (one[name])
            snprintf(kept + strlen(kept), sizeof kept - strlen(kept), "%s; ", one);
        memcpy(b->cookie, kept, sizeof b->cookie);
    }
}

/* Every answer is what the interface promises, refusals as well; an address that is no operation promises nothing. */
static void hold_to_schema(const struct browser *b, const char *method, const char *path)
{
    char why[400], plain[200];
    snprintf(plain, sizeof plain, "/console%.*s", (int)strcspn(path, "?"), path);
    const json_t *op = openapi_operation(b->f->api, method, plain);
    if (!op && b->status >= 400)
        return;
    if (!op || !openapi_fits(b->f->api, op, b->status, b->answer, why, sizeof why)) {
        print_error("%s %s: %s\n", method, path, op ? why : "no such operation");
        fail();
    }
}

static int exchange(struct browser *b, const char *method, const char *path, const char *type,
                    struct bytes body)
{
    struct arena *a = b->f->hall->arena;
    struct httpc_answer answer;
    struct err_info e;
    const char *headers[] = {arena_fmt(a, "Cookie: %s", b->cookie),
                             arena_fmt(a, "X-CSRF: %s", b->csrf), "Accept-Language: zh-CN",
                             b->origin, NULL};
    struct httpc_request r = {.method = method,
                              .path = arena_fmt(a, "/api/v1/console%s", path),
                              .content_type = type,
                              .body = body,
                              .headers = headers};
    assert_ok(httpc_send(b->f->client, a, &r, &answer, &e), &e);
    keep_cookies(b, answer.cookies);
    json_decref(b->answer);
    b->answer = NULL;
    b->body = answer.body;
    b->content_type = answer.content_type;
    b->status = answer.status;
    if (strstr(answer.content_type, "application/json") && answer.body.n > 0)
        assert_ok(json_parse(answer.body.p, answer.body.n, &b->answer, &e), &e);
    hold_to_schema(b, method, path);
    return answer.status;
}

int browser_do(struct browser *b, const char *method, const char *path, const char *body)
{
    struct bytes sent = {(const uint8_t *)body, body ? strlen(body) : 0};
    return exchange(b, method, path, body ? "application/json" : NULL, sent);
}

int browser_upload(struct browser *b, const char *path, const struct browser_part *parts)
{
    _auto_buf body;
    buf_init(&body, 8 << 20);
    for (; parts->name; parts++) {
        buf_fmt(&body, "--limit\r\nContent-Disposition: form-data; name=\"%s\"", parts->name);
        if (parts->file)
            buf_fmt(&body, "; filename=\"%s\"\r\nContent-Type: application/octet-stream",
                    parts->file);
        buf_text(&body, "\r\n\r\n");
        buf_put(&body, parts->data.p, parts->data.n);
        buf_text(&body, "\r\n");
    }
    buf_text(&body, "--limit--\r\n");
    return exchange(b, "POST", path, "multipart/form-data; boundary=limit",
                    (struct bytes){body.p, body.n});
}

int browser_get(struct browser *b, const char *path)
{
    return browser_do(b, "GET", path, NULL);
}

int browser_post(struct browser *b, const char *path, const char *body)
{
    return browser_do(b, "POST", path, body ? body : "{}");
}

static enum err apply(struct console_fixture *f, int64_t id, enum flow_event ev,
                      const struct order_input *in, const struct actor *who)
{
    return order_event(f->order, id, ev, who, in);
}

struct order order_paid(struct console_fixture *f, const char *name)
{
    static const struct actor bank = {BY_EXTERNAL, 0, "bank", "", ""};
    struct order o = order_submitted(f->order, name);
    struct order_money money = {.method = "net_bank",
                                .trade_no = "T20260907001",
                                .amount_fen = o.amount_fen,
                                .at = clock_business(f->hall->clock)};
    struct order_input start = {.method = "net_bank"}, came = {.money = &money};
    order_hold(&came, GUARD_SIGNATURE_OK);
    assert_ok(apply(f, o.id, EVENT_PAY_START, &start, &f->order->shen), &f->order->e);
    assert_ok(apply(f, o.id, EVENT_PAY_SUCCESS, &came, &bank), &f->order->e);
    return order_now_of(f->order, o.id);
}

void browser_open(struct browser *b, struct console_fixture *f)
{
    *b = (struct browser){.f = f};
    assert_int_equal(browser_get(b, "/session"), 200);
    snprintf(b->csrf, sizeof b->csrf, "%s", browser_text(b, "csrf"));
}

void browser_close(struct browser *b)
{
    json_decref(b->answer);
    b->answer = NULL;
}

void browser_sign_in(struct browser *b, struct console_fixture *f, const char *login,
                     unsigned roles)
{
    int64_t id = add_staff(f, login, login, roles);
    browser_open(b, f);
    char body[64];
    snprintf(body, sizeof body, "{\"person\":\"%lld\"}", (long long)id);
    assert_int_equal(browser_post(b, "/demo/session", body), 201);
    snprintf(b->csrf, sizeof b->csrf, "%s", browser_text(b, "csrf"));
}

const json_t *browser_at(const struct browser *b, const char *path)
{
    const json_t *value = b->answer;
    char copy[256], *rest = copy, *part;
    snprintf(copy, sizeof copy, "%s", path);
    while (value && (part = strsep(&rest, ".")) != NULL)
        value = json_is_array(value) ? json_array_get(value, strtoul(part, NULL, 10))
                                     : json_object_get(value, part);
    return value;
}

const char *browser_text(const struct browser *b, const char *path)
{
    const char *text = json_string_value(browser_at(b, path));
    return text ? text : "";
}
