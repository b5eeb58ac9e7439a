#include "httpc/httpc.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 16 };

struct httpc {
    struct httpc_options set;
    char *service, *base, *unix_path, *ca_file, *header;
    pthread_mutex_t lock; /* of `kept` */
    CURL *kept[KEPT_MAX]; /* idle handles with their open connections */
    int n;
};

static char *copy(const char *s)
{
    return s ? mem_text(s) : NULL;
}

struct httpc *httpc_new(const struct httpc_options *o)
{
    /* safe beside other threads since 7.84; never cleaned up, as mail may be going out in another */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct httpc *c = mem_alloc(sizeof *c);
    c->set = *o;
    c->set.service = c->service = mem_text(o->service ? o->service : "HTTP");
    c->set.base = c->base = mem_text(o->base ? o->base : "");
    c->set.unix_path = c->unix_path = copy(o->unix_path);
    c->set.ca_file = c->ca_file = copy(o->ca_file);
    c->set.header = c->header = copy(o->header && *o->header ? o->header : NULL);
    c->set.connect_ms = o->connect_ms ? o->connect_ms : 3000;
    c->set.timeout_ms = o->timeout_ms ? o->timeout_ms : 15000;
    c->set.answer_max = o->answer_max ? o->answer_max : 8u * 1024 * 1024;
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void httpc_free(struct httpc *c)
{
    if (!c)
        return;
    while (c->n > 0)
        curl_easy_cleanup(c->kept[--c->n]);
    pthread_mutex_destroy(&c->lock);
    free(c->service);
    free(c->base);
    free(c->unix_path);
    free(c->ca_file);
    free(c->header);
    free(c);
}

static CURL *handle_take(struct httpc *c)
{
    pthread_mutex_lock(&c->lock);
    CURL *h = c->n > 0 ? c->kept[--c->n] : NULL;
    pthread_mutex_unlock(&c->lock);
    return h ? h : curl_easy_init();
}

static void handle_give(struct httpc *c, CURL *h)
{
    curl_easy_reset(h); /* keeps its connections */
    pthread_mutex_lock(&c->lock);
    int kept = c->n < KEPT_MAX;
    if (kept)
        c->kept[c->n++] = h;
    pthread_mutex_unlock(&c->lock);
    if (!kept)
        curl_easy_cleanup(h);
}

/* What comes back while it comes. */
struct taking {
    struct buf body, cookies;
    struct arena *arena;
    const char *location;
};

static size_t take_body(char *p, size_t one, size_t n, void *arg)
{
    (void)one;
    struct taking *t = arg;
    buf_put(&t->body, p, n);
    return t->body.full ? 0 : n;
}

static size_t take_header(char *p, size_t one, size_t n, void *arg)
{
    (void)one;
    struct taking *t = arg;
    size_t line = n;
    while (line > 0 && (p[line - 1] == '\r' || p[line - 1] == '\n'))
        line--;
    if (line > 10 && strncasecmp(p, "Location:", 9) == 0) {
        size_t skip = 9 + (p[9] == ' ');
        t->location = arena_text_n(t->arena, p + skip, line - skip);
    } else if (line > 11 && strncasecmp(p, "Set-Cookie:", 11) == 0) {
        const char *pair = p + 11 + (p[11] == ' ');
        const char *end = memchr(pair, ';', (size_t)(p + line - pair));
        buf_text(&t->cookies, t->cookies.n ? "; " : "");
        buf_put(&t->cookies, pair, (size_t)((end ? end : p + line) - pair));
    }
    return n;
}

static int has_break(const char *s)
{
    return strpbrk(s, "\r\n") != NULL;
}

static enum err add_headers(const struct httpc *c, const struct httpc_request *r,
                            struct curl_slist **list, struct err_info *e)
{
    *list = curl_slist_append(NULL, "Expect:"); /* no waiting for 100 Continue */
    char line[200];
    if (r->content_type) {
        snprintf(line, sizeof line, "Content-Type: %s", r->content_type);
        *list = curl_slist_append(*list, line);
    }
    if (c->set.header && has_break(c->set.header))
        return err_set(e, ERR_INTERNAL, NULL, "a line break in the header of a client");
    if (c->set.header)
        *list = curl_slist_append(*list, c->set.header);
    for (const char *const *h = r->headers; h && *h; h++) {
        if (has_break(*h))
            return err_set(e, ERR_INTERNAL, NULL, "a line break in a header to send");
        *list = curl_slist_append(*list, *h);
    }
    return ERR_OK;
}

static void set_address(struct httpc *c, CURL *h, const char *url)
{
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    if (c->set.unix_path)
        curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, c->set.unix_path);
    if (c->set.ca_file)
        curl_easy_setopt(h, CURLOPT_CAINFO, c->set.ca_file);
}

static void set_exchange(struct httpc *c, CURL *h, const struct httpc_request *r,
                         struct curl_slist *headers, struct taking *t)
{
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)c->set.connect_ms);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS,
                     (long)(r->timeout_ms ? r->timeout_ms : c->set.timeout_ms));
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, t);
    const char *method = r->method ? r->method : r->body.p ? "POST" : "GET";
    if (r->body.p || strcmp(method, "POST") == 0) {
        curl_easy_setopt(h, CURLOPT_POST, 1L);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, r->body.p ? (const char *)r->body.p : "");
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
    }
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
}

static enum err unavailable(const struct httpc *c, struct err_info *e, const char *why)
{
    err_set(e, ERR_UNAVAILABLE, NULL, "%s: %s", c->set.service, why);
    err_arg(e, "service", "%s", c->set.service);
    return ERR_UNAVAILABLE;
}

static enum err judge(struct httpc *c, CURLcode code, const struct taking *t, const char *why,
                      struct err_info *e)
{
    if (code == CURLE_OK)
        return ERR_OK;
    if (t->body.full) {
        err_set(e, ERR_TOO_LARGE, NULL, "%s answers with more than %zu bytes", c->set.service,
                t->body.max);
        err_arg(e, "limit", "%zu B", t->body.max);
        return ERR_TOO_LARGE;
    }
    return unavailable(c, e, *why ? why : curl_easy_strerror(code));
}

static void keep_answer(struct arena *a, CURL *h, struct taking *t, struct httpc_answer *out)
{
    long status = 0;
    const char *type = NULL;
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(h, CURLINFO_CONTENT_TYPE, &type);
    out->status = (int)status;
    out->content_type = type ? arena_text(a, type) : "";
    out->location = t->location;
    out->cookies = arena_text(a, buf_cstr(&t->cookies));
    out->body = arena_bytes(a, t->body.p, t->body.n);
}

enum err httpc_send(struct httpc *c, struct arena *a, const struct httpc_request *r,
                    struct httpc_answer *out, struct err_info *e)
{
    struct curl_slist *headers;
    enum err code = add_headers(c, r, &headers, e);
    if (code != ERR_OK) {
        curl_slist_free_all(headers);
        return code;
    }
    char why[CURL_ERROR_SIZE] = "";
    struct taking t = {.arena = a, .location = ""};
    buf_init(&t.body, c->set.answer_max);
    buf_init(&t.cookies, 16 * 1024);
    CURL *h = handle_take(c);
    set_address(c, h, arena_fmt(a, "%s%s", c->set.base, r->path));
    set_exchange(c, h, r, headers, &t);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, why);
    code = judge(c, curl_easy_perform(h), &t, why, e);
    if (code == ERR_OK)
        keep_answer(a, h, &t, out);
    handle_give(c, h);
    curl_slist_free_all(headers);
    buf_clear(&t.body);
    buf_clear(&t.cookies);
    return code;
}

static void copy_args(const json_t *args, struct err_info *e)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)args, name, value) {
        if (json_is_string(value))
            err_arg(e, name, "%s", json_string_value(value));
    }
}

enum err httpc_error(const struct httpc *c, const struct httpc_answer *answer, struct err_info *e)
{
    struct err_info ignored;
    _auto_json o = NULL;
    if (json_parse(answer->body.p, answer->body.n, &o, &ignored) == ERR_OK) {
        enum err code = err_from_code_text(json_opt_text(o, "code", ""));
        if (code != ERR_OK) {
            const char *field = json_opt_text(o, "field", NULL);
            err_set(e, code, field, "%s answered %d, ref %s", c->set.service, answer->status,
                    json_opt_text(o, "ref", "-"));
            copy_args(json_object_get(o, "args"), e);
            return code;
        }
    }
    char why[60];
    snprintf(why, sizeof why, "status %d", answer->status);
    return unavailable(c, e, why);
}

enum err httpc_json(struct httpc *c, const char *method, const char *path, const struct buf *body,
                    json_t **out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct httpc_request r = {.method = method ? method : body ? "POST" : "GET", .path = path};
    if (body) {
        r.content_type = "application/json";
        r.body = (struct bytes){body->p, body->n};
    }
    struct httpc_answer answer;
    *out = NULL;
    TRY(httpc_send(c, a, &r, &answer, e));
    if (answer.status < 200 || answer.status > 299)
        return httpc_error(c, &answer, e);
    if (answer.body.n == 0)
        return ERR_OK;
    struct err_info why;
    if (json_parse(answer.body.p, answer.body.n, out, &why) != ERR_OK)
        return unavailable(c, e, why.detail);
    return ERR_OK;
}

void httpc_form_add(struct buf *b, const char *name, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._";
    if (b->n)
        buf_byte(b, '&');
    const char *text[] = {name, value};
    for (int i = 0; i < 2; i++) {
        for (const char *s = text[i]; *s; s++) {
            if (*s == ' ')
                buf_byte(b, '+');
            else if (strchr(plain, *s))
                buf_byte(b, (uint8_t)*s);
            else
                buf_fmt(b, "%%%02X", (unsigned char)*s);
        }
        if (i == 0)
            buf_byte(b, '=');
    }
}
