#include "client.h"

#include "base/text.h"

#include <sys/stat.h>

struct app {
    int guarded;
};

static enum err guard(struct httpd_request *r, void *app, struct err_info *e)
{
    ((struct app *)app)->guarded++;
    if (r->permission == 9)
        return err_set(e, ERR_UNAUTHENTICATED, NULL, "no session");
    r->session = arena_text(r->arena, "someone");
    return ERR_OK;
}

static enum err show(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)app, (void)e;
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "no", httpd_param(r, "no"));
    jout_text(&j, "q", httpd_query(r, "q"));
    const char *own = httpd_own_cookie(r, "sid");
    jout_text(&j, "cookie", httpd_cookie(r, "sid"));
    jout_text(&j, "own_cookie", own ? own : "none");
    jout_text(&j, "session", r->session);
    jout_text(&j, "lang", r->lang == LANG_EN ? "en" : "zh");
    jout_text(&j, "peer", httpd_peer(r)->address);
    jout_int(&j, "uid", httpd_peer(r)->is_unix ? (int64_t)httpd_peer(r)->uid : -1);
    jout_int(&j, "listener", r->listener);
    jout_text(&j, "rest", httpd_param(r, "rest"));
    jout_end(&j);
    httpd_reply_cookie(reply, "sid", "abc", 60);
    return ERR_OK;
}

static enum err post(struct httpd_request *r, struct httpd_reply *reply, void *app,
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
    reply->status = 201;
    return ERR_OK;
}

static enum err form(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)app;
    const struct httpd_pair *f;
    TRY(httpd_form(r, &f, e));
    const char *name = httpd_pair_get(f, "name");
    buf_fmt(&reply->body, "[%s]", name ? name : "");
    reply->content_type = "text/plain; charset=utf-8";
    return ERR_OK;
}

static enum err upload(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)app;
    const struct httpd_part *p;
    TRY(httpd_part(r, "scan", &p, e));
    buf_fmt(&reply->body, "%s %s %zu", p->filename, p->content_type, p->data.n);
    return ERR_OK;
}

static enum err problems(struct httpd_request *r, struct httpd_reply *reply, void *app,
                         struct err_info *e)
{
    (void)reply, (void)app;
    err_set(e, ERR_BAD_REQUEST, "rows.1.mobile", NULL);
    err_arg(e, "why", "mobile");
    httpd_problem(r, e);
    struct err_info second = *e;
    snprintf(second.field, sizeof second.field, "rows.2.email");
    httpd_problem(r, &second);
    return e->code;
}

static enum err inject(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)app, (void)e;
    httpd_reply_header(reply, "X-Name", httpd_query(r, "v"));
    buf_text(&reply->body, "secret");
    return ERR_OK;
}

static enum err broken(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)r, (void)reply, (void)app;
    err_set(e, ERR_CONFIG, NULL, "/etc/private is wrong");
    err_arg(e, "why", "/etc/private is wrong");
    return e->code;
}

static const struct httpd_route routes[] = {
    {"GET", "/api/v1/portal/orders/:no", show, 1, 0, 0},
    {"DELETE", "/api/v1/portal/orders/:no", show, 1, 0, 0},
    {"GET", "/ocsp/*rest", show, 0, 0, HTTPD_INLINE},
    {"GET", "/private", show, 9, 0, 0},
    {"POST", "/names", post, 0, 64, 0},
    {"POST", "/form", form, 0, 1024, 0},
    {"POST", "/upload", upload, 0, 4096, HTTPD_UPLOAD},
    {"GET", "/problems", problems, 0, 0, 0},
    {"GET", "/inject", inject, 0, 0, 0},
    {"GET", "/broken", broken, 0, 0, 0},
};

struct fixture {
    struct app app;
    struct httpd *s;
    int port, proxied;
    char folder[64], socket[80];
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    struct err_info e;
    snprintf(f->folder, sizeof f->folder, "/tmp/certhall-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->socket, sizeof f->socket, "%s/http.sock", f->folder);
    f->s = httpd_new(&(struct httpd_options){.https = 1});
    httpd_mount(f->s, routes, sizeof routes / sizeof routes[0], guard, &f->app);
    struct httpd_listen tcp = {.host = "127.0.0.1", .tag = 7};
    struct httpd_listen local = {
        .unix_path = f->socket, .mode = 0660, .owner = (uid_t)-1, .group = (gid_t)-1, .tag = 8};
    assert_ok(httpd_listen(f->s, &tcp, &e), &e);
    assert_ok(httpd_listen(f->s, &local, &e), &e);
    struct httpd_listen behind = {.host = "127.0.0.1", .tag = 9, .flags = HTTPD_PROXY};
    assert_ok(httpd_listen(f->s, &behind, &e), &e);
    assert_ok(httpd_start(f->s, &e), &e);
    f->port = httpd_port(f->s, 0);
    f->proxied = httpd_port(f->s, 2);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    httpd_free(f->s);
    int left = access(f->socket, F_OK) == 0;
    rmdir(f->folder);
    free(f);
    return left; /* the socket file is taken away */
}

static void a_request_reaches_its_handler_with_everything_parsed(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a,
        "GET /api/v1/portal/orders/42?q=%E6%B5%B7+x HTTP/1.1\r\nCookie: a=1; sid=zz; b=2", NULL);
    assert_int_equal(a.status, 200);
    assert_has(a.body, "\"no\":\"42\"");
    assert_has(a.body, "\"q\":\"海 x\"");
    assert_has(a.body, "\"cookie\":\"zz\"");
    assert_has(a.body, "\"session\":\"someone\"");
    assert_has(a.body, "\"peer\":\"127.0.0.1\"");
    assert_has(a.body, "\"listener\":7");
    assert_has(
        a.text,
        "Set-Cookie: __Host-sid=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60\r\n");
    assert_has(a.body, "\"own_cookie\":\"none\""); /* a subdomain can have set that one */
    ask(f->port, &a, "GET /api/v1/portal/orders/42 HTTP/1.1\r\nCookie: sid=zz; __Host-sid=own; b=2",
        NULL);
    assert_has(a.body, "\"own_cookie\":\"own\"");
    assert_has(a.text, "X-Content-Type-Options: nosniff\r\n");
    assert_has(a.text, "frame-ancestors 'none'");
    assert_has(a.text, "Strict-Transport-Security: ");
    assert_has(a.text, "Cache-Control: no-store\r\n");
}

static void head_is_answered_as_get_without_a_body(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "HEAD /api/v1/portal/orders/42 HTTP/1.1", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "");
}

static void an_unknown_address_is_404_in_our_error_shape(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "GET /nowhere?lang=en HTTP/1.1", NULL);
    assert_int_equal(a.status, 404);
    assert_has(a.text, "Content-Type: application/json\r\n");
    assert_has(a.body, "{\"code\":\"request.not_found\",\"message\":\"Not found.");
    assert_has(a.body, "\"ref\":\"");
    ask(f->port, &a, "GET /api/v1/portal/orders/4%2F2 HTTP/1.1", NULL);
    assert_int_equal(a.status, 404);
    ask(f->port, &a, "GET /api/v1/portal/orders/%00 HTTP/1.1", NULL);
    assert_int_equal(a.status, 404);
}

static void a_wrong_method_is_405_and_names_the_right_ones(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "PUT /api/v1/portal/orders/42 HTTP/1.1", "{}");
    assert_int_equal(a.status, 405);
    assert_has(a.text, "Allow: GET, HEAD, DELETE\r\n");
    assert_has(a.body, "request.method");
}

static void a_star_takes_the_rest_of_the_path_with_escaped_slashes(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    /* RFC 6960 A.1: base64 in the path holds slashes, escaped or not */
    ask(f->port, &a, "GET /ocsp/MFE%2FwTz/Bg%3D%3D HTTP/1.1", NULL);
    assert_has(a.body, "\"rest\":\"MFE/wTz/Bg==\"");
}

static void the_guard_decides_before_the_handler(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    int before = f->app.guarded;
    ask(f->port, &a, "GET /private HTTP/1.1", NULL);
    assert_int_equal(a.status, 401);
    assert_has(a.body, "access.sign_in");
    assert_null(strstr(a.body, "session"));
    assert_int_equal(f->app.guarded, before + 1);
}

static void json_is_parsed_and_bad_json_is_refused_with_its_reason(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "POST /names HTTP/1.1\r\nContent-Type: application/json; charset=utf-8",
        "{\"name\":\"沈若琳\"}");
    assert_int_equal(a.status, 201);
    assert_has(a.body, "沈若琳");
    ask(f->port, &a, "POST /names HTTP/1.1\r\nContent-Type: application/json", "{\"name\":");
    assert_int_equal(a.status, 400);
    assert_has(a.body, "line 1");
    ask(f->port, &a, "POST /names HTTP/1.1\r\nContent-Type: application/json", "{\"name\":1}");
    assert_has(a.body, "\"field\":\"name\"");
    ask(f->port, &a, "POST /names HTTP/1.1\r\nContent-Type: application/json", "[]");
    assert_int_equal(a.status, 400);
    /* what a foreign page can send without being asked is not JSON */
    ask(f->port, &a, "POST /names HTTP/1.1\r\nContent-Type: text/plain", "{\"name\":\"x\"}");
    assert_int_equal(a.status, 415);
}

static void a_body_beyond_the_routes_limit_is_413(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    char body[200];
    memset(body, ' ', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    ask(f->port, &a, "POST /names HTTP/1.1\r\nContent-Type: application/json", body);
    assert_int_equal(a.status, 413);
    assert_has(a.body, "64 B");
    ask(f->port, &a,
        "POST /names HTTP/1.1\r\nContent-Type: application/json\r\nExpect: 100-continue", body);
    assert_int_equal(a.status, 413);
    int fd = client_tcp(f->port);
    client_send(
        fd,
        "POST /names HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        "50\r\n12345678901234567890123456789012345678901234567890123456789012345678901234567890\r\n"
        "0\r\n\r\n");
    client_read(fd, a.text, sizeof a.text, "\r\n\r\n");
    assert_has(a.text, "HTTP/1.1 413 ");
    close(fd);
}

static void forms_are_decoded_and_broken_ones_refused(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "POST /form HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded",
        "x=1&name=a%26b+c");
    assert_has(a.body, "[a&b c]");
    ask(f->port, &a, "POST /form HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded",
        "name=%zz");
    assert_int_equal(a.status, 400);
    ask(f->port, &a, "POST /form HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded",
        "name=%FF");
    assert_int_equal(a.status, 400);
    ask(f->port, &a, "GET /problems?a=%00 HTTP/1.1", NULL);
    assert_int_equal(a.status, 400);
}

static void a_multipart_upload_arrives_whole(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    const char *type = "POST /upload HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=xYz";
    ask(f->port, &a, type,
        "--xYz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
        "--xYz\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"C:\\营业执照.png\"\r\n"
        "Content-Type: image/png\r\n\r\n12\r\n--xY34\r\n--xYz--\r\n");
    assert_string_equal(a.body, "营业执照.png image/png 10");
    ask(f->port, &a, type, "--xYz\r\nContent-Disposition: form-data; name=\"scan\"\r\n\r\nhel");
    assert_int_equal(a.status, 400);
}

static void several_problems_are_told_at_once(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "GET /problems HTTP/1.1", NULL);
    assert_int_equal(a.status, 400);
    assert_has(a.body, "\"errors\":[{\"code\":\"request.bad\",\"field\":\"rows.1.mobile\"");
    assert_has(a.body, "\"field\":\"rows.2.email\"");
}

static void a_line_break_in_a_reply_header_is_never_sent(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "GET /inject?v=a%0D%0ASet-Cookie:%20x=1 HTTP/1.1", NULL);
    assert_int_equal(a.status, 500);
    assert_null(strstr(a.text, "Set-Cookie"));
    assert_null(strstr(a.text, "secret"));
    ask(f->port, &a, "GET /inject?v=fine HTTP/1.1", NULL);
    assert_has(a.text, "X-Name: fine\r\n");
}

static void reasons_of_a_500_stay_inside(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "GET /broken HTTP/1.1", NULL);
    assert_int_equal(a.status, 500);
    assert_has(a.body, "service.error");
    assert_null(strstr(a.text, "/etc/private"));
    /* another of our own processes may know */
    ask_fd(client_unix(f->socket), &a, "GET /broken HTTP/1.1", NULL);
    assert_has(a.body, "config.invalid");
}

static void the_language_is_asked_for_or_remembered_or_accepted(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "GET /nowhere HTTP/1.1", NULL);
    assert_has(a.body, "没有找到");
    ask(f->port, &a, "GET /nowhere HTTP/1.1\r\nAccept-Language: fr, en;q=0.8, zh;q=0.5", NULL);
    assert_has(a.body, "Not found");
    ask(f->port, &a, "GET /nowhere HTTP/1.1\r\nAccept-Language: en\r\nCookie: lang=zh-CN", NULL);
    assert_has(a.body, "没有找到");
    ask(f->port, &a, "GET /nowhere?lang=en HTTP/1.1\r\nCookie: lang=zh-CN", NULL);
    assert_has(a.body, "Not found");
}

static void a_unix_socket_tells_who_speaks(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    char mine[40];
    struct stat st;
    assert_int_equal(stat(f->socket, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    ask_fd(client_unix(f->socket), &a,
           "GET /api/v1/portal/orders/1 HTTP/1.1\r\nX-Real-IP: 10.9.8.7", NULL);
    snprintf(mine, sizeof mine, "\"uid\":%u", getuid());
    assert_has(a.body, mine);
    assert_has(a.body, "\"listener\":8");
    assert_has(a.body, "\"peer\":\"unix\""); /* X-Real-IP counts only from a proxy */
}

/* G-40 counts by address: behind nginx each caller has his own, and without it nobody chooses one. */
static void the_address_is_the_callers_only_where_nginx_says_it(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    const char *said = "GET /api/v1/portal/orders/1 HTTP/1.1\r\nX-Real-IP: 10.9.8.7";
    ask(f->proxied, &a, said, NULL);
    assert_has(a.body, "\"peer\":\"10.9.8.7\"");
    ask(f->proxied, &a, "GET /api/v1/portal/orders/1 HTTP/1.1\r\nX-Real-IP: me", NULL);
    assert_has(a.body, "\"peer\":\"127.0.0.1\"");
    ask(f->proxied, &a, "GET /api/v1/portal/orders/1 HTTP/1.1\r\nX-Forwarded-For: 10.9.8.7", NULL);
    assert_has(a.body, "\"peer\":\"127.0.0.1\"");
    ask(f->port, &a, said, NULL);
    assert_has(a.body, "\"peer\":\"127.0.0.1\"");
}

static void a_connection_serves_many_requests(void **state)
{
    struct fixture *f = *state;
    char text[8192];
    int fd = client_tcp(f->port);
    for (int i = 0; i < 5; i++) {
        client_send(fd, "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client_read(fd, text, sizeof text, "ref\":\"");
        assert_has(text, "HTTP/1.1 404 ");
        client_send(fd, "GET /api/v1/portal/orders/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client_read(fd, text, sizeof text, "\"rest\":\"\"}");
        assert_has(text, "HTTP/1.1 200 ");
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_reaches_its_handler_with_everything_parsed),
        cmocka_unit_test(head_is_answered_as_get_without_a_body),
        cmocka_unit_test(an_unknown_address_is_404_in_our_error_shape),
        cmocka_unit_test(a_wrong_method_is_405_and_names_the_right_ones),
        cmocka_unit_test(a_star_takes_the_rest_of_the_path_with_escaped_slashes),
        cmocka_unit_test(the_guard_decides_before_the_handler),
        cmocka_unit_test(json_is_parsed_and_bad_json_is_refused_with_its_reason),
        cmocka_unit_test(a_body_beyond_the_routes_limit_is_413),
        cmocka_unit_test(forms_are_decoded_and_broken_ones_refused),
        cmocka_unit_test(a_multipart_upload_arrives_whole),
        cmocka_unit_test(several_problems_are_told_at_once),
        cmocka_unit_test(a_line_break_in_a_reply_header_is_never_sent),
        cmocka_unit_test(reasons_of_a_500_stay_inside),
        cmocka_unit_test(the_language_is_asked_for_or_remembered_or_accepted),
        cmocka_unit_test(a_unix_socket_tells_who_speaks),
        cmocka_unit_test(the_address_is_the_callers_only_where_nginx_says_it),
        cmocka_unit_test(a_connection_serves_many_requests),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
