#include "testing.h"

#include "httpc/httpc.h"
#include "httpd/httpd.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum err echo(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)app;
    const json_t *in;
    const char *name;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "name", &name, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "name", name);
    jout_end(&j);
    return ERR_OK;
}

static enum err refuse(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)r, (void)reply, (void)app;
    err_set(e, ERR_FORBIDDEN, "order", "why is for the log");
    err_arg(e, "who", "%s", "沈若琳");
    return ERR_FORBIDDEN;
}

static enum err page(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)r, (void)app, (void)e;
    reply->status = 502;
    reply->content_type = "text/html";
    buf_text(&reply->body, "<h1>Bad gateway</h1>");
    return ERR_OK;
}

static enum err away(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)r, (void)app, (void)e;
    httpd_reply_redirect(reply, "/page");
    httpd_reply_cookie(reply, "sid", "one", 0);
    httpd_reply_cookie(reply, "lang", "en", 0);
    return ERR_OK;
}

static enum err large(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)r, (void)app, (void)e;
    for (int i = 0; i < 1000; i++)
        buf_text(&reply->body, "0123456789");
    return ERR_OK;
}

static enum err slow(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)r, (void)reply, (void)app, (void)e;
    usleep(600 * 1000);
    return ERR_OK;
}

static enum err form(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)app;
    const struct httpd_pair *f;
    TRY(httpd_form(r, &f, e));
    buf_fmt(&reply->body, "%s=%s", f->name, f->value);
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"POST", "/echo", echo, 0, 1000000, 0}, {"GET", "/refuse", refuse, 0, 0, 0},
    {"GET", "/page", page, 0, 0, 0},        {"GET", "/away", away, 0, 0, 0},
    {"GET", "/large", large, 0, 0, 0},      {"GET", "/slow", slow, 0, 0, 0},
    {"POST", "/form", form, 0, 1000, 0},
};

struct fixture {
    struct httpd *s;
    struct httpc *c;
    char base[64], folder[64], socket[80];
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    struct err_info e;
    snprintf(f->folder, sizeof f->folder, "/tmp/certhall-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->socket, sizeof f->socket, "%s/ca.sock", f->folder);
    f->s = httpd_new(&(struct httpd_options){0});
    httpd_mount(f->s, routes, sizeof routes / sizeof routes[0], NULL, NULL);
    struct httpd_listen tcp = {.host = "127.0.0.1"};
    struct httpd_listen local = {.unix_path = f->socket, .owner = (uid_t)-1, .group = (gid_t)-1};
    assert_ok(httpd_listen(f->s, &tcp, &e), &e);
    assert_ok(httpd_listen(f->s, &local, &e), &e);
    assert_ok(httpd_start(f->s, &e), &e);
    snprintf(f->base, sizeof f->base, "http://127.0.0.1:%d", httpd_port(f->s, 0));
    f->c = httpc_new(
        &(struct httpc_options){.service = "证书系统", .base = f->base, .answer_max = 5000});
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    httpc_free(f->c);
    httpd_free(f->s);
    rmdir(f->folder);
    free(f);
    return 0;
}

static void ask_name(struct httpc *c, const char *name)
{
    struct err_info e;
    _auto_buf b;
    buf_init(&b, 4096);
    struct json_out j;
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "name", name);
    jout_end(&j);
    _auto_json out = NULL;
    assert_ok(httpc_json(c, "POST", "/echo", &b, &out, &e), &e);
    assert_string_equal(json_opt_text(out, "name", ""), name);
}

static void json_goes_there_and_back(void **state)
{
    struct fixture *f = *state;
    ask_name(f->c, "泉州海丝");
}

static void a_unix_socket_is_reached_whatever_the_address_says(void **state)
{
    struct fixture *f = *state;
    _auto(httpc) c = httpc_new(
        &(struct httpc_options){.service = "ca", .base = "http://ca", .unix_path = f->socket});
    ask_name(c, "x");
}

static void an_error_of_ours_arrives_with_code_field_and_args(void **state)
{
    struct fixture *f = *state;
    struct err_info e;
    _auto_json out = NULL;
    assert_err(ERR_FORBIDDEN, httpc_json(f->c, NULL, "/refuse", NULL, &out, &e));
    assert_string_equal(e.field, "order");
    char message[300];
    err_message(&e, LANG_ZH, message, sizeof message);
    assert_non_null(strstr(message, "沈若琳"));
    assert_null(strstr(e.detail, "why is for the log"));
}

static void another_ones_error_page_is_unavailable(void **state)
{
    struct fixture *f = *state;
    struct err_info e;
    _auto_json out = NULL;
    assert_err(ERR_UNAVAILABLE, httpc_json(f->c, NULL, "/page", NULL, &out, &e));
    assert_non_null(strstr(e.detail, "502"));
}

static void nobody_there_is_unavailable_and_names_the_service(void **state)
{
    (void)state;
    struct err_info e;
    _auto_json out = NULL;
    _auto(httpc) c = httpc_new(&(struct httpc_options){
        .service = "证书系统", .base = "http://ca", .unix_path = "/nonexistent/ca.sock"});
    assert_err(ERR_UNAVAILABLE, httpc_json(c, NULL, "/x", NULL, &out, &e));
    char message[300];
    err_message(&e, LANG_ZH, message, sizeof message);
    assert_non_null(strstr(message, "证书系统"));
}

static void a_slow_answer_is_unavailable_after_the_timeout(void **state)
{
    struct fixture *f = *state;
    struct err_info e;
    struct httpc_answer answer;
    _auto(arena) a = arena_new();
    struct httpc_request r = {.path = "/slow", .timeout_ms = 100};
    assert_err(ERR_UNAVAILABLE, httpc_send(f->c, a, &r, &answer, &e));
}

static void redirects_are_answers_not_orders(void **state)
{
    struct fixture *f = *state;
    struct err_info e;
    struct httpc_answer answer;
    _auto(arena) a = arena_new();
    assert_ok(httpc_send(f->c, a, &(struct httpc_request){.path = "/away"}, &answer, &e), &e);
    assert_int_equal(answer.status, 303);
    assert_string_equal(answer.location, "/page");
    assert_string_equal(answer.cookies, "sid=one; lang=en");
}

static void a_too_long_answer_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err_info e;
    struct httpc_answer answer;
    _auto(arena) a = arena_new();
    assert_err(ERR_TOO_LARGE,
               httpc_send(f->c, a, &(struct httpc_request){.path = "/large"}, &answer, &e));
}

static void a_header_with_a_line_break_is_not_sent(void **state)
{
    struct fixture *f = *state;
    struct err_info e;
    struct httpc_answer answer;
    _auto(arena) a = arena_new();
    const char *const headers[] = {"X-A: b\r\nX-C: d", NULL};
    struct httpc_request r = {.path = "/page", .headers = headers};
    assert_err(ERR_INTERNAL, httpc_send(f->c, a, &r, &answer, &e));
}

static void a_form_arrives_as_it_was_given(void **state)
{
    struct fixture *f = *state;
    struct err_info e;
    struct httpc_answer answer;
    _auto(arena) a = arena_new();
    _auto_buf b;
    buf_init(&b, 1000);
    httpc_form_add(&b, "sub ject", "证书&费=300%+");
    struct httpc_request r = {
        .path = "/form", .content_type = "application/x-www-form-urlencoded", .body = {b.p, b.n}};
    assert_ok(httpc_send(f->c, a, &r, &answer, &e), &e);
    assert_string_equal((const char *)answer.body.p, "sub ject=证书&费=300%+");
}

static void *ask_often(void *c)
{
    for (int i = 0; i < 25; i++)
        ask_name(c, "thread");
    return NULL;
}

static void many_threads_share_a_client(void **state)
{
    struct fixture *f = *state;
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, ask_often, f->c), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_goes_there_and_back),
        cmocka_unit_test(a_unix_socket_is_reached_whatever_the_address_says),
        cmocka_unit_test(an_error_of_ours_arrives_with_code_field_and_args),
        cmocka_unit_test(another_ones_error_page_is_unavailable),
        cmocka_unit_test(nobody_there_is_unavailable_and_names_the_service),
        cmocka_unit_test(a_slow_answer_is_unavailable_after_the_timeout),
        cmocka_unit_test(redirects_are_answers_not_orders),
        cmocka_unit_test(a_too_long_answer_is_refused),
        cmocka_unit_test(a_header_with_a_line_break_is_not_sent),
        cmocka_unit_test(a_form_arrives_as_it_was_given),
        cmocka_unit_test(many_threads_share_a_client),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
