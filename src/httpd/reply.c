#include "httpd/httpd_priv.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void httpd_reply_json(struct httpd_reply *r, struct json_out *j)
{
    r->content_type = "application/json";
    jout_init(j, &r->body);
}

static int is_clean(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return 0;
    return 1;
}

/* RFC 9110 5.6.2 */
static int is_token(const char *s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    if (!*s)
        return 0;
    for (; *s; s++)
        if (!(*s >= '0' && *s <= '9') && !((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z') &&
            !strchr(others, *s))
            return 0;
    return 1;
}

static void add_field(struct httpd_conn *c, const char *name, const char *value)
{
    struct httpd_reply_field *f = arena_alloc(c->request.arena, sizeof *f), **end = &c->fields;
    *f = (struct httpd_reply_field){NULL, name, value};
    while (*end)
        end = &(*end)->next;
    *end = f;
}

void httpd_reply_header(struct httpd_reply *r, const char *name, const char *value)
{
    struct httpd_conn *c = r->conn;
    if (!is_token(name) || !is_clean(value)) {
        c->bad_field = 1;
        return;
    }
    struct arena *a = c->request.arena;
    add_field(c, arena_text(a, name), arena_text(a, value));
}

void httpd_reply_redirect(struct httpd_reply *r, const char *location)
{
    r->status = MHD_HTTP_SEE_OTHER;
    httpd_reply_header(r, "Location", location);
}

void httpd_reply_borrow(struct httpd_reply *r, struct bytes body, void (*done)(void *), void *arg)
{
    r->conn->borrowed = body;
    r->conn->done = done;
    r->conn->done_arg = arg;
}

void httpd_reply_file(struct httpd_reply *r, int fd, uint64_t size)
{
    r->conn->fd = fd;
    r->conn->fd_size = size;
}

void httpd_reply_download(struct httpd_reply *r, const char *filename)
{
    _auto_buf b;
    buf_init(&b, 4096);
    buf_text(&b, "attachment; filename*=UTF-8''");
    for (const char *s = filename; *s; s++) {
        unsigned char u = (unsigned char)*s;
        if ((u >= '0' && u <= '9') || ((u | 0x20) >= 'a' && (u | 0x20) <= 'z') || u == '-' ||
            u == '.' || u == '_')
            buf_byte(&b, u);
        else
            buf_fmt(&b, "%%%02X", u);
    }
    httpd_reply_header(r, "Content-Disposition", buf_cstr(&b));
}

/* RFC 6265 4.1.1 cookie-octet */
static int is_cookie_value(const char *s)
{
    for (; *s; s++)
        if (*s <= 0x20 || *s >= 0x7f || strchr("\",;\\", *s))
            return 0;
    return 1;
}

void httpd_reply_cookie(struct httpd_reply *r, const char *name, const char *value, int64_t max_age)
{
    struct httpd_conn *c = r->conn;
    if (!is_token(name) || !is_cookie_value(value)) {
        c->bad_field = 1;
        return;
    }
    struct arena *a = c->request.arena;
    const char *age = "";
    if (max_age != HTTPD_SESSION_COOKIE)
        age = arena_fmt(a, "; Max-Age=%lld", max_age < 0 ? 0LL : (long long)max_age);
    httpd_reply_header(r, "Set-Cookie",
                       arena_fmt(a, "%s%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s",
                                 httpd_cookie_prefix(c), name, value,
                                 c->server->set.https ? "; Secure" : "", age));
}

/* Everything a handler may have put there is dropped; the reply can be filled anew. */
void httpd_reply_reset(struct httpd_conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    if (c->done)
        c->done(c->done_arg);
    c->fd = -1;
    c->done = NULL;
    c->borrowed = (struct bytes){NULL, 0};
    c->fields = NULL;
    c->bad_field = 0;
    buf_clear(&c->reply.body);
    c->reply.status = MHD_HTTP_OK;
    c->reply.content_type = NULL;
}

static void write_problem(struct json_out *j, const struct err_info *e, enum lang lang)
{
    char message[600];
    err_message(e, lang, message, sizeof message);
    jout_text(j, "code", err_code_text(e->code));
    if (e->field[0])
        jout_text(j, "field", e->field);
    jout_text(j, "message", message);
    if (!e->args)
        return;
    /* so that another of our processes can hand the error on in its reader's language */
    jout_object(j, "args");
    for (int i = 0; i < e->args; i++)
        jout_text(j, e->arg[i].name, e->arg[i].value);
    jout_end(j);
}

/* Whoever is told that it does not work now is told when to come again (RFC 9110 10.2.3). */
static void say_when(struct httpd_conn *c, const struct err_info *e)
{
    const char *seconds = c->reply.status == MHD_HTTP_SERVICE_UNAVAILABLE ? "5" : NULL;
    for (int i = 0; i < e->args; i++)
        if (strcmp(e->arg[i].name, "seconds") == 0)
            seconds = e->arg[i].value;
    if (seconds)
        httpd_reply_header(&c->reply, "Retry-After", seconds);
}

void httpd_reply_error(struct httpd_conn *c, const struct err_info *e)
{
    struct err_info shown = *e;
    int inside = c->listener->set.unix_path && !(c->listener->set.flags & HTTPD_PROXY);
    if (err_http_status(e->code) == 500 && !inside)
        err_set(&shown, ERR_INTERNAL, NULL, NULL); /* paths and reasons are for the log */
    httpd_reply_reset(c);
    c->reply.status = err_http_status(shown.code);
    say_when(c, &shown);
    if (shown.code == ERR_METHOD && c->allow)
        httpd_reply_header(&c->reply, "Allow", c->allow);
    struct json_out j;
    httpd_reply_json(&c->reply, &j);
    jout_object(&j, NULL);
    write_problem(&j, &shown, c->request.lang);
    jout_text(&j, "ref", httpd_ref(&c->request));
    if (c->problems > 0) {
        jout_list(&j, "errors");
        for (int i = 0; i < c->problems; i++) {
            jout_object(&j, NULL);
            write_problem(&j, &c->problem[i], c->request.lang);
            jout_end(&j);
        }
        jout_end(&j);
    }
    jout_end(&j);
}

/* ---- prepared ---- */

struct httpd_prepared {
    _Atomic int holds;
    struct MHD_Response
        *response; /* libmicrohttpd counts who sends it, and it is not changed any more */
    size_t n;
};

struct httpd_prepared *httpd_prepare(const char *content_type, void *body, size_t n,
                                     const struct httpd_pair *fields)
{
    struct httpd_prepared *p = mem_alloc(sizeof *p);
    *p = (struct httpd_prepared){
        .response = MHD_create_response_from_buffer(n, body, MHD_RESPMEM_MUST_FREE), .n = n};
    if (!p->response)
        abort(); /* out of memory */
    MHD_add_response_header(p->response, "Content-Type", content_type);
    for (; fields->name; fields++)
        if (is_token(fields->name) && is_clean(fields->value))
            MHD_add_response_header(p->response, fields->name, fields->value);
    atomic_init(&p->holds, 1);
    return p;
}

void httpd_prepared_hold(struct httpd_prepared *p)
{
    atomic_fetch_add(&p->holds, 1);
}

void httpd_prepared_drop(struct httpd_prepared *p)
{
    if (!p || atomic_fetch_sub(&p->holds, 1) > 1)
        return;
    MHD_destroy_response(p->response);
    free(p);
}

void httpd_reply_prepared(struct httpd_reply *r, struct httpd_prepared *p)
{
    r->conn->prepared = p;
}

struct MHD_Response *httpd_prepared_response(const struct httpd_prepared *p)
{
    return p->response;
}

static struct MHD_Response *make_response(struct httpd_conn *c)
{
    if (c->fd >= 0) {
        struct MHD_Response *r = MHD_create_response_from_fd64(c->fd_size, c->fd);
        if (r)
            c->fd = -1; /* closed with the response */
        return r;
    }
    struct bytes b = c->borrowed.p ? c->borrowed : (struct bytes){c->reply.body.p, c->reply.body.n};
    /* MHD does not write through the pointer; the bytes outlive the response (httpd_on_completed) */
    return MHD_create_response_from_buffer(b.n, (void *)(uintptr_t)b.p, MHD_RESPMEM_PERSISTENT);
}

/* What a page may do. Other types are never run as a page: they may do nothing at all, but a reader of PDF inside
 * the browser needs its own scripts and styles. */
static const char *policy_for(const struct httpd_conn *c, const char *type)
{
    if (strncmp(type, "text/html", 9) == 0)
        return c->server->set.csp;
    if (strcmp(type, "application/pdf") == 0)
        return "frame-ancestors 'self'";
    if (strcmp(type, "application/json") == 0)
        return "default-src 'none'; frame-ancestors 'none'";
    return "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
}

static int has_field(const struct httpd_conn *c, const char *name)
{
    for (const struct httpd_reply_field *f = c->fields; f; f = f->next)
        if (strcasecmp(f->name, name) == 0)
            return 1;
    return 0;
}

static void add_default(struct httpd_conn *c, const char *name, const char *value)
{
    if (!has_field(c, name))
        add_field(c, name, value);
}

static void add_security(struct httpd_conn *c, const char *type)
{
    /* A 304 has no type; the policy that came with the page stays, unless this answer says another (RFC 9111 4.3.4). */
    if (c->status != MHD_HTTP_NOT_MODIFIED)
        add_default(c, "Content-Security-Policy", policy_for(c, type));
    add_default(c, "X-Content-Type-Options", "nosniff");
    add_default(c, "Referrer-Policy", "same-origin");
    add_default(c, "Cache-Control", "no-store");
    if (c->server->set.https)
        add_default(c, "Strict-Transport-Security", "max-age=31536000");
}

void httpd_respond(struct httpd_conn *c)
{
    if (c->prepared) {
        c->status = MHD_HTTP_OK;
        c->replied = c->prepared->n;
        atomic_fetch_add(&c->server->replies, c->replied);
        return;
    }
    c->response = make_response(c);
    c->replied = c->reply.body.n + c->borrowed.n;
    atomic_fetch_add(&c->server->replies, c->replied);
    if (!c->response)
        return; /* the connection is closed then */
    c->status = c->reply.status;
    int some = c->fd_size || c->borrowed.n || c->reply.body.n || c->stream;
    const char *type = c->reply.content_type ? c->reply.content_type : "application/json";
    if (some)
        add_default(c, "Content-Type", type);
    if (!c->request.route || !(c->request.route->flags & HTTPD_PLAIN))
        add_security(c, type);
    for (const struct httpd_reply_field *f = c->fields; f; f = f->next)
        MHD_add_response_header(c->response, f->name, f->value);
}

void httpd_put_fields(const struct httpd_conn *c, struct buf *b)
{
    for (const struct httpd_reply_field *f = c->fields; f; f = f->next)
        buf_fmt(b, "%s: %s\r\n", f->name, f->value);
}
