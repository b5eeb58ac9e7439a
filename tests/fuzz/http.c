/* Whole connections, octet by octet, at a real server: request lines, heads, bodies by length and in chunks, one after the other.
 * The first octet chooses the door: 'U' the UNIX socket, otherwise TCP, where the Host is held against a list. */
#include "serve.h"

#include "base/sys.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static struct {
    struct httpd *server;
    const char *path;
    int port;
} w;

/* Reads all that a handler can read, and tells what is text. */
static enum err echo(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)app;
    struct json_out j;
    int64_t number = 0;
    TRY(httpd_query_int(r, "n", -5, 500, 7, &number, e));
    MUST(number >= -5 && number <= 500);
    const char *header = httpd_header(r, "X-Some"), *cookie = httpd_cookie(r, "sid"),
               *own = httpd_own_cookie(r, "sid"), *query = httpd_query(r, "q");
    MUST(!cookie || strlen(cookie) < 20000);
    MUST(!own || strlen(own) < 20000);
    MUST(!header || strlen(header) < 20000);
    MUST(strlen(httpd_ref(r)) == 10 && httpd_peer(r)->address[0]);
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "path", r->path);
    jout_text(&j, "id", httpd_param(r, "id"));
    jout_text(&j, "query", query);
    jout_int(&j, "body", (int64_t)r->body.n);
    jout_list(&j, "all");
    for (const struct httpd_pair *p = httpd_query_all(r); p->name; p++) {
        jout_text(&j, NULL, p->name);
        jout_text(&j, NULL, p->value);
    }
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

static enum err number(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    int64_t id = -1;
    TRY(httpd_param_id(r, "id", &id, e));
    MUST(id >= 0);
    return echo(r, reply, app, e);
}

static enum err json(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    const json_t *in = NULL;
    TRY(httpd_json(r, &in, e));
    MUST(json_is_object(in));
    return echo(r, reply, app, e);
}

static enum err form(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    const struct httpd_pair *in = NULL;
    TRY(httpd_form(r, &in, e));
    for (; in->name; in++)
        MUST(in->value != NULL);
    return echo(r, reply, app, e);
}

static enum err upload(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    const struct httpd_part *part = NULL;
    TRY(httpd_part(r, "file", &part, e));
    httpd_reply_download(reply, part->filename ? part->filename : "x");
    return echo(r, reply, app, e);
}

static enum err plain(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)app, (void)e;
    reply->content_type = "text/plain";
    buf_text(&reply->body, httpd_param(r, "rest"));
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"GET", "/echo", echo, 0, 0, HTTPD_QUIET},
    {"GET", "/number/:id", number, 0, 0, HTTPD_QUIET},
    {"POST", "/json/:id", json, 0, 4096, HTTPD_QUIET},
    {"POST", "/form", form, 0, 4096, HTTPD_QUIET | HTTPD_INLINE},
    {"PUT", "/upload", upload, 0, 8192, HTTPD_QUIET | HTTPD_UPLOAD},
    {"GET", "/plain/*rest", plain, 0, 0, HTTPD_QUIET | HTTPD_PLAIN | HTTPD_INLINE},
    {"POST", "/plain", plain, 0, 100, HTTPD_QUIET | HTTPD_PLAIN | HTTPD_INLINE},
};

void fuzz_begin(void)
{
    static const char *const hosts[] = {"hall.example", "127.0.0.1:8080", "[::1]", NULL};
    static const struct httpd_options options = {.workers = 1, .hosts = hosts};
    static const char page[] = "<!doctype html>";
    struct err_info e;
    _auto(arena) a = arena_new();
    char *folder = arena_fmt(a, "%s/pages", fuzz_folder());
    MUST_OK(folder_make(folder, 0700, &e), &e);
    MUST_OK(file_replace(arena_fmt(a, "%s/index.html", folder),
                         (struct bytes){(const uint8_t *)page, sizeof page - 1}, 0600, &e),
            &e);
    w.server = httpd_new(&options);
    httpd_mount(w.server, routes, sizeof routes / sizeof *routes, NULL, NULL);
    static const char *const not_under[] = {"/json", NULL};
    const struct httpd_files files = {"/pages", folder, "index.html", NULL, not_under};
    MUST_OK(httpd_mount_files(w.server, &files, &e), &e);
    MUST_OK(httpd_listen(w.server,
                         &(struct httpd_listen){.host = "127.0.0.1", .flags = HTTPD_PROXY}, &e),
            &e);
    w.path = fuzz_listen(w.server, "http", 1);
    MUST_OK(httpd_start(w.server, &e), &e);
    w.port = httpd_port(w.server, 0);
}

void fuzz_seeds(struct fuzz_seeds *s)
{
#define HOST " HTTP/1.1\r\nHost: hall.example\r\n"
    static const char *const seeds[] = {
        "TGET /echo?q=%E6%B5%B7&n=3&lang=en" HOST
        "Accept-Language: en-GB;q=0.8, zh\r\nCookie: sid=abc; lang=zh\r\nX-Some: a\r\n\r\n",
        "UGET /number/4711 HTTP/1.0\r\n\r\n",
        "UGET /number/47x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n",
        "THEAD http://127.0.0.1:8080/pages/some/page" HOST
        "If-None-Match: \"x\"\r\nAccept-Encoding: gzip\r\n\r\n",
        "UPOST /json/1" HOST
        "Content-Type: application/json; charset=utf-8\r\nContent-Length: 13\r\n\r\n{\"a\":[1,\"b\"]}",
        "UPOST /json/2" HOST
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2;x=y\r\n1}\r\n0\r\nT: 1\r\n\r\n",
        "UPOST /form" HOST
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\na=1&b=%41GET /echo" HOST
        "\r\n",
        "UPUT /upload" HOST
        "Content-Type: multipart/form-data; boundary=X\r\nContent-Length: 87\r\n\r\n"
        "--X\r\nContent-Disposition: form-data; name=file; filename=\"a.csv\"\r\n\r\na,b\r\n1,2\r\n\r\n--X--\r\n",
        "UPUT /upload" HOST "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
        "UGET /plain/a%2Fb/c%zz" HOST "\r\nPOST /plain" HOST "Content-Length: 3\r\n\r\nabc",
        "UOPTIONS *" HOST "\r\n",
        "UDELETE /echo" HOST "\r\n",
        "TGET /echo" HOST "Host: second\r\n\r\n",
        "TGET //127.0.0.1/../echo?%" HOST "X-Real-IP: 2001:db8::1\r\n folded\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed_text(s, seeds[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    _auto_answer a;
    struct bytes in = fuzz_copy(data + 1, size - 1);
    int whole = fuzz_talk(w.path, data[0] == 'U' ? 0 : w.port, in, &a);
    if (whole)
        fuzz_checked(&a);
    MUST(a.status == 0 || (a.status >= 200 && a.status <= 505));
    if (whole && a.status == 200 && a.json)
        MUST(json_opt_text(a.json, "path", NULL) != NULL);
    free((void *)(uintptr_t)in.p);
    return 0;
}
