#include "client.h"

#include <fcntl.h>
#include <sys/stat.h>

static enum err hello(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)r, (void)app, (void)e;
    buf_text(&reply->body, "{}");
    return ERR_OK;
}

static const struct httpd_route routes[] = {{"GET", "/api/v1/hello", hello, 0, 0, 0}};
static const char *const no_pages[] = {"/api/", "/ocsp/", NULL};

struct fixture {
    struct httpd *s;
    int port;
    char folder[64];
};

static void put(struct fixture *f, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void drop(struct fixture *f, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    assert_int_equal(remove(path), 0);
}

static void folder(struct fixture *f, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    struct err_info e;
    char path[200];
    snprintf(f->folder, sizeof f->folder, "/tmp/certhall-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    folder(f, "web");
    folder(f, "web/assets");
    folder(f, "web/console");
    put(f, "secret", "secret");
    put(f, "web/index.html", "<p>portal</p>");
    put(f, "web/console/index.html", "<p>console</p>");
    put(f, "web/assets/app.js", "let a;");
    put(f, "web/assets/app.js.gz", "zipped");
    put(f, "web/.env", "secret");
    snprintf(path, sizeof path, "%s/web/link", f->folder);
    assert_int_equal(symlink("../secret", path), 0);

    f->s = httpd_new(&(struct httpd_options){0});
    httpd_mount(f->s, routes, 1, NULL, NULL);
    snprintf(path, sizeof path, "%s/web", f->folder);
    struct httpd_files portal = {.prefix = "/",
                                 .folder = path,
                                 .fallback = "index.html",
                                 .immutable = "/assets/",
                                 .not_under = no_pages};
    assert_ok(httpd_mount_files(f->s, &portal, &e), &e);
    char console_path[200];
    snprintf(console_path, sizeof console_path, "%s/web/console", f->folder);
    struct httpd_files console = {
        .prefix = "/console", .folder = console_path, .fallback = "index.html"};
    assert_ok(httpd_mount_files(f->s, &console, &e), &e);
    struct httpd_listen l = {.host = "127.0.0.1"};
    assert_ok(httpd_listen(f->s, &l, &e), &e);
    assert_ok(httpd_start(f->s, &e), &e);
    f->port = httpd_port(f->s, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    static const char *const made[] = {"web/link",
                                       "web/.env",
                                       "web/assets/app.js.gz",
                                       "web/assets/app.js",
                                       "web/console/index.html",
                                       "web/index.html",
                                       "secret",
                                       "web/console",
                                       "web/assets",
                                       "web"};
    httpd_free(f->s);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        drop(f, made[i]);
    rmdir(f->folder);
    free(f);
    return 0;
}

static void a_page_comes_with_its_type_and_a_strict_policy(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "GET / HTTP/1.1", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "<p>portal</p>");
    assert_has(a.text, "Content-Type: text/html; charset=utf-8\r\n");
    assert_has(a.text, "script-src 'self'");
    assert_has(a.text, "frame-ancestors 'none'");
    assert_has(a.text, "Referrer-Policy: same-origin\r\n");
    assert_null(strstr(a.text, "unsafe-inline"));
    assert_has(a.text, "Cache-Control: no-cache\r\n");
}

static void a_page_address_falls_back_to_its_own_index(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "GET /aml-reporting/orders HTTP/1.1", NULL);
    assert_string_equal(a.body, "<p>portal</p>");
    ask(f->port, &a, "GET /console/work HTTP/1.1", NULL);
    assert_string_equal(a.body, "<p>console</p>");
    ask(f->port, &a, "GET /consoles HTTP/1.1", NULL);
    assert_string_equal(a.body, "<p>portal</p>");
    ask(f->port, &a, "GET /assets/gone HTTP/1.1", NULL);
    assert_string_equal(a.body, "<p>portal</p>");
    assert_has(a.text, "Cache-Control: no-cache\r\n");
    ask(f->port, &a, "GET /assets/gone.js HTTP/1.1", NULL);
    assert_int_equal(a.status, 404);
    ask(f->port, &a, "GET /api/v1/nothing HTTP/1.1", NULL);
    assert_int_equal(a.status, 404);
    assert_has(a.body, "request.not_found");
    ask(f->port, &a, "POST / HTTP/1.1", "x");
    assert_int_equal(a.status, 405);
}

static void built_assets_are_cached_for_good(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "GET /assets/app.js HTTP/1.1", NULL);
    assert_string_equal(a.body, "let a;");
    assert_has(a.text, "Cache-Control: public, max-age=31536000, immutable\r\n");
    assert_has(a.text, "Vary: Accept-Encoding\r\n");
    ask(f->port, &a, "GET /assets/app.js HTTP/1.1\r\nAccept-Encoding: gzip, br", NULL);
    assert_string_equal(a.body, "zipped");
    assert_has(a.text, "Content-Encoding: gzip\r\n");
    assert_has(a.text, "Content-Type: text/javascript; charset=utf-8\r\n");
}

static void an_unchanged_file_is_304(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    char head[300], tag[100];
    ask(f->port, &a, "GET / HTTP/1.1", NULL);
    assert_int_equal(sscanf(strstr(a.text, "ETag: "), "ETag: %99s", tag), 1);
    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nIf-None-Match: %s", tag);
    ask(f->port, &a, head, NULL);
    assert_int_equal(a.status, 304);
    assert_string_equal(a.body, "");
    /* else the browser would put it in the place of the page's own, and the page would be dead on its second visit */
    assert_null(strstr(a.text, "Content-Security-Policy"));
}

static void nothing_outside_the_folder_is_served(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    static const char *const paths[] = {"/../secret",
                                        "/assets/../../secret",
                                        "/%2e%2e/secret",
                                        "/..%2fsecret",
                                        "/assets/..%2F..%2Fsecret",
                                        "//etc/passwd",
                                        "/link",
                                        "/.env",
                                        "/assets",
                                        "/assets/app.js/",
                                        "/assets/app.js%00.html",
                                        "/\\..\\secret"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char head[200];
        snprintf(head, sizeof head, "GET %s HTTP/1.1", paths[i]);
        ask(f->port, &a, head, NULL);
        if (strstr(a.text, "secret\n") || strcmp(a.body, "secret") == 0 || strstr(a.text, "root:"))
            fail_msg("%s was served", paths[i]);
        assert_true(a.status == 404 || a.status == 400 || strcmp(a.body, "<p>portal</p>") == 0);
    }
}

static void a_fallback_that_is_not_there_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    struct err_info e;
    _auto(httpd) s = httpd_new(&(struct httpd_options){0});
    struct httpd_files files = {.prefix = "/", .folder = f->folder, .fallback = "none.html"};
    assert_err(ERR_CONFIG, httpd_mount_files(s, &files, &e));
    files.folder = "/nonexistent";
    assert_err(ERR_IO, httpd_mount_files(s, &files, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_comes_with_its_type_and_a_strict_policy),
        cmocka_unit_test(a_page_address_falls_back_to_its_own_index),
        cmocka_unit_test(built_assets_are_cached_for_good),
        cmocka_unit_test(an_unchanged_file_is_304),
        cmocka_unit_test(nothing_outside_the_folder_is_served),
        cmocka_unit_test(a_fallback_that_is_not_there_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
