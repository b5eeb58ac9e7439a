#include "portal_fixture.h"

#include "hall/account/account.h"
#include "openapi.h"

#include <stdlib.h>
#include <string.h>

void portal_open(struct portal_fixture *f)
{
    struct err_info e;
    struct portal_options options = {.hall = f->o->h};
    f->api = openapi_load(OPENAPI);
    assert_ok(portal_new(&options, &f->portal, &e), &e);
    f->server = httpd_new(&(struct httpd_options){.workers = 2, .https = f->https});
    assert_ok(httpd_listen(f->server, &(struct httpd_listen){.host = "127.0.0.1"}, &e), &e);
    portal_mount(f->server, f->portal);
    assert_ok(httpd_start(f->server, &e), &e);
    snprintf(f->base, sizeof f->base, "http://127.0.0.1:%d", httpd_port(f->server, 0));
    f->client = httpc_new(&(struct httpc_options){.service = "hall", .base = f->base});
}

void portal_close(struct portal_fixture *f)
{
    httpc_free(f->client);
    httpd_free(f->server);
    portal_free(f->portal);
    json_decref(f->api);
}

int portal_setup(void **state)
{
    struct portal_fixture *f = mem_alloc(sizeof *f);
    void *inner;
    struct err_info e;
    assert_int_equal(order_setup(&inner), 0);
    f->o = inner;
    assert_ok(event_hub_start(f->o->h, &f->hub, &e), &e);
    f->o->h->events = f->hub;
    portal_open(f);
    *state = f;
    return 0;
}

int portal_teardown(void **state)
{
    struct portal_fixture *f = *state;
    void *inner = f->o;
    httpd_stop(f->server);
    f->o->h->events = NULL;
    event_hub_free(f->hub);
    portal_close(f);
    order_teardown(&inner);
    free(f);
    return 0;
}

/* Cookies of an answer replace those of the same name; an empty value takes one away. */
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
    snprintf(plain, sizeof plain, "/portal%.*s", (int)strcspn(path, "?"), path);
    const json_t *op = openapi_operation(b->f->api, method, plain);
    if (!op && b->status >= 400)
        return;
    if (!op || !openapi_fits(b->f->api, op, b->status, b->answer, why, sizeof why)) {
        print_error("%s %s: %s\n", method, path, op ? why : "no such operation");
        fail();
    }
}

int browser_do(struct browser *b, const char *method, const char *path, const char *body)
{
    struct arena *a = b->f->o->f->arena;
    struct httpc_answer answer;
    struct err_info e;
    const char *headers[] = {arena_fmt(a, "Cookie: %s", b->cookie),
                             arena_fmt(a, "X-CSRF: %s", b->csrf),
                             arena_fmt(a, "Accept-Language: %s", b->language), b->origin, NULL};
    struct httpc_request r = {.method = method,
                              .path = arena_fmt(a, "/api/v1/portal%s", path),
                              .content_type = body ? "application/json" : NULL,
                              .headers = headers};
    if (body)
        r.body = (struct bytes){(const uint8_t *)body, strlen(body)};
    assert_ok(httpc_send(b->f->client, a, &r, &answer, &e), &e);
    keep_cookies(b, answer.cookies);
    json_decref(b->answer);
    b->answer = NULL;
    b->body = answer.body;
    b->status = answer.status;
    if (strstr(answer.content_type, "application/json") && answer.body.n > 0)
        assert_ok(json_parse(answer.body.p, answer.body.n, &b->answer, &e), &e);
    hold_to_schema(b, method, path);
    return answer.status;
}

int browser_get(struct browser *b, const char *path)
{
    return browser_do(b, "GET", path, NULL);
}

int browser_post(struct browser *b, const char *path, const char *body)
{
    return browser_do(b, "POST", path, body ? body : "{}");
}

static void refresh(struct browser *b)
{
    assert_int_equal(browser_get(b, "/session"), 200);
    snprintf(b->csrf, sizeof b->csrf, "%s", browser_text(b, "csrf"));
}

void browser_open(struct browser *b, struct portal_fixture *f)
{
    *b = (struct browser){.f = f, .language = "zh-CN"};
    refresh(b);
}

void browser_close(struct browser *b)
{
    json_decref(b->answer);
    b->answer = NULL;
}

void browser_sign_in(struct browser *b, struct portal_fixture *f)
{
    browser_open(b, f);
    assert_int_equal(browser_post(b, "/session",
                                  "{\"project\":\"aml-reporting\",\"code\":\"" ORDER_CODE
                                  "\",\"reporting_code\":\"CN350503000017\"}"),
                     201);
    refresh(b);
}

const json_t *browser_at(const struct browser *b, const char *path)
{
    char copy[200], *rest = copy, *one;
    const json_t *v = b->answer;
    snprintf(copy, sizeof copy, "%s", path);
    while (v && (one = strsep(&rest, ".")) != NULL)
        v = json_is_array(v) ? json_array_get(v, (size_t)atoi(one)) : json_object_get(v, one);
    return v;
}

const char *browser_text(const struct browser *b, const char *path)
{
    const char *s = json_string_value(browser_at(b, path));
    return s ? s : "";
}

long browser_number(const struct browser *b, const char *path)
{
    const json_t *v = browser_at(b, path);
    return json_is_integer(v) ? (long)json_integer_value(v) : -1;
}
