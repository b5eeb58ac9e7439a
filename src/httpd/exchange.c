/* One request from its first line to the last byte of its answer: what MHD calls, in this order. */
#include "httpd/httpd_priv.h"

#include "base/sys.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* An answer must be taken within SEND_SECONDS and one more for each 8 KiB of it, at most within SEND_SECONDS_MAX. */
enum { SEND_SECONDS = 60, SEND_SECONDS_MAX = 600, SEND_RATE = 8 * 1024, BUSY_SECONDS = 2 };
enum { SMALL_BODY = 64 * 1024 };

/* The address as sent, before MHD decodes it: escaped slashes must not become separators. Path and query are
 * taken from either form of RFC 9112 3.2. */
static void split_uri(struct httpd_conn *c, const char *uri)
{
    if (strncasecmp(uri, "http://", 7) == 0 || strncasecmp(uri, "https://", 8) == 0) {
        uri = strstr(uri, "//") + 2;
        c->authority = arena_text_n(c->request.arena, uri, strcspn(uri, "/?#"));
        uri += strcspn(uri, "/?#");
    }
    size_t n = strcspn(uri, "?#");
    c->raw_path = arena_text_n(c->request.arena, uri, n);
    c->raw_query = arena_text(c->request.arena, uri[n] == '?' ? uri + n + 1 : "");
    if (*uri != '/')
        c->raw_path = arena_text(c->request.arena, uri[0] == '\0' || uri[0] == '?' ? "/" : "*");
}

/* libmicrohttpd reads the query a second time, for itself, into the connection's memory: some 250 fields exhaust it, and then
 * 0.9.75 neither answers nor closes. The line is its own to write in, and it does so right after this call; it is left a
 * query without anything in it. */
static void hide_query(const char *uri)
{
    char *query = strchr((char *)(uintptr_t)uri, '?');
    if (query && query[1])
        query[1] = '\0';
}

static struct arena *take_arena(struct httpd *s)
{
    pthread_mutex_lock(&s->spare_lock);
    struct arena *a = s->spares > 0 ? s->spare[--s->spares] : NULL;
    pthread_mutex_unlock(&s->spare_lock);
    return a ? a : arena_new();
}

static void give_arena(struct httpd *s, struct arena *a)
{
    arena_reset(a); /* wipes */
    pthread_mutex_lock(&s->spare_lock);
    int kept = s->spares < HTTPD_SPARES_MAX;
    if (kept)
        s->spare[s->spares++] = a;
    pthread_mutex_unlock(&s->spare_lock);
    if (!kept)
        arena_free(a);
}

void *httpd_on_uri(void *listener, const char *uri, struct MHD_Connection *mhd)
{
    struct httpd_listener *l = listener;
    struct httpd_conn *c = mem_alloc(sizeof *c);
    c->listener = l;
    c->server = l->server;
    c->mhd = mhd;
    c->link = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    c->fd = -1;
    c->request.conn = c->reply.conn = c;
    c->request.arena = take_arena(l->server);
    c->request.listener = l->set.tag;
    c->reply.status = MHD_HTTP_OK;
    buf_init(&c->reply.body, c->server->set.reply_max);
    split_uri(c, uri);
    hide_query(uri);
    if (!c->link->over)
        httpd_link_deadline(c->link, c->server->set.header_seconds);
    return c;
}

static void refuse(struct httpd_conn *c, enum err code)
{
    if (c->early == ERR_OK) {
        c->early = code;
        err_set(&c->early_info, code, NULL, NULL);
    }
}

static void refuse_length(struct httpd_conn *c, size_t limit)
{
    if (c->early != ERR_OK)
        return;
    refuse(c, ERR_TOO_LARGE);
    if (limit >= 1024 * 1024)
        err_arg(&c->early_info, "limit", "%zu MiB", limit / (1024 * 1024));
    else if (limit >= 1024)
        err_arg(&c->early_info, "limit", "%zu KiB", limit / 1024);
    else
        err_arg(&c->early_info, "limit", "%zu B", limit);
}

void httpd_refuse_busy(struct httpd_conn *c)
{
    refuse(c, ERR_BUSY);
    err_arg(&c->early_info, "seconds", "%d", BUSY_SECONDS);
}

/* "hall.example" fits with any port; "127.0.0.1:8080" with that port, or with none, as a proxy on this machine sends it. */
static int host_fits(const char *ours, const char *host)
{
    size_t name = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    size_t our_name = *ours == '[' ? strcspn(ours, "]") + 1 : strcspn(ours, ":");
    if (strlen(host) < name || name != our_name || strncasecmp(ours, host, name) != 0)
        return 0;
    const char *port = host + name;
    if (!*port)
        return 1;
    if (*port != ':' || strspn(port + 1, "0123456789") != strlen(port + 1))
        return 0;
    return !ours[our_name] || strcmp(ours + our_name, port) == 0;
}

/* A name that resolves to us but is not ours would let a foreign page speak as our own (DNS rebinding). */
static int host_is_ours(const struct httpd_conn *c)
{
    if (!c->server->set.hosts || c->listener->set.unix_path)
        return 1;
    const char *host = httpd_header(&c->request, "Host");
    for (const char *const *h = c->server->set.hosts; host && *h; h++)
        if (host_fits(*h, host))
            return 1;
    return 0;
}

static void refuse_host(struct httpd_conn *c)
{
    const char *host = httpd_header(&c->request, "Host");
    size_t n = host ? strspn(host,
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]")
                    : 0;
    refuse(c, ERR_HOST);
    err_arg(&c->early_info, "host", "%.*s", n < 60 ? (int)n : 60, host ? host : "");
}

struct heads {
    int hosts, lengths, codings;
    int other_coding; /* a transfer coding that is not read here */
};

static enum MHD_Result count_head(void *heads, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct heads *h = heads;
    (void)kind;
    h->hosts += strcasecmp(name, "Host") == 0;
    h->lengths += strcasecmp(name, "Content-Length") == 0;
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        h->codings++;
        h->other_coding |= !value || strcasecmp(value, "chunked") != 0;
    }
    return MHD_YES;
}

/* What a proxy in front could read in another way than we do: where the body ends, and for whom the request is. NULL:
 * nothing of the kind. */
static const char *ambiguity(const struct httpd_conn *c)
{
    struct heads h = {0};
    MHD_get_connection_values(c->mhd, MHD_HEADER_KIND, count_head, &h);
    if (h.lengths > 1)
        return "more than one Content-Length"; /* RFC 9112 6.3 */
    if (h.lengths && h.codings)
        return "both Content-Length and Transfer-Encoding"; /* RFC 9112 6.1 */
    if (h.codings > 1 || h.other_coding)
        return "the only Transfer-Encoding is chunked";
    if (h.hosts > 1)
        return "more than one Host"; /* RFC 9112 3.2 */
    const char *host = httpd_header(&c->request, "Host");
    if (c->authority && host && strcasecmp(c->authority, host) != 0)
        return "the address and Host name different servers"; /* RFC 9112 3.2.2 */
    return NULL;
}

static void refuse_ambiguity(struct httpd_conn *c, const char *why)
{
    refuse(c, ERR_BAD_REQUEST);
    err_arg(&c->early_info, "why", "%s", why);
    c->last = c->no_end = 1;
}

static void add_allowed(struct httpd_conn *c, const char *method)
{
    if (c->allow && strstr(c->allow, method))
        return;
    const char *head = strcmp(method, "GET") == 0 ? "GET, HEAD" : method;
    c->allow = c->allow ? arena_fmt(c->request.arena, "%s, %s", c->allow, head) : head;
}

static void find_route(struct httpd_conn *c)
{
    struct httpd *s = c->server;
    for (int m = 0; m < s->mounts; m++) {
        for (size_t i = 0; i < s->mount[m].n; i++) {
            const struct httpd_route *r = &s->mount[m].routes[i];
            if (!httpd_route_match(c->request.arena, r->path, c->raw_path, c->param, &c->params))
                continue;
            if (strcmp(r->method, c->request.method) == 0) {
                c->request.route = r;
                c->request.permission = r->permission;
                c->mount = &s->mount[m];
                return;
            }
            add_allowed(c, r->method);
        }
    }
    c->params = 0;
}

/* Is there room for one more of this client? */
static void admit(struct httpd_conn *c)
{
    const struct httpd_listen *l = &c->listener->set;
    int over = c->link->over, held;
    if (l->per_address_max && l->flags & HTTPD_PROXY) {
        c->share = httpd_share_take(c->server, httpd_peer(&c->request)->address, &held);
        over |= held > l->per_address_max;
    }
    if (!over)
        return;
    httpd_refuse_busy(c);
    c->last = 1;
}

static void begin(struct httpd_conn *c, const char *method)
{
    struct httpd_request *r = &c->request;
    static const struct httpd_pair none[1];
    c->begun = 1;
    atomic_fetch_add(&c->server->active, 1);
    c->head_method = arena_text(r->arena, method);
    r->method = strcmp(method, "HEAD") == 0 ? "GET" : c->head_method;
    c->query = none;
    const char *why = ambiguity(c);
    if (why)
        refuse_ambiguity(c, why);
    struct err_info e;
    if (!why && *c->raw_query &&
        httpd_form_parse(r->arena, c->raw_query, strlen(c->raw_query), &c->query, &e)) {
        c->early = e.code;
        c->early_info = e;
        c->query = none;
    }
    admit(c);
    if (!why && !host_is_ours(c))
        refuse_host(c);
    find_route(c);
    r->path = r->route && (r->route->flags & HTTPD_PLAIN)
                  ? c->raw_path
                  : httpd_decode(r->arena, c->raw_path, strlen(c->raw_path), 0);
    if (!r->path) {
        r->path = "";
        refuse(c, ERR_NOT_FOUND);
    }
    if (!r->route && c->allow) {
        refuse(c, ERR_METHOD);
        err_arg(&c->early_info, "method", "%.20s", c->head_method);
    }
    buf_init(&c->in, r->route ? r->route->max_body : 0);
}

/* The whole length is told before the first byte: refuse at once what is beyond reading, or what waits for
 * permission (RFC 9110 10.1.1). */
static int answer_at_once(struct httpd_conn *c)
{
    const char *length = httpd_header(&c->request, "Content-Length");
    int64_t n = 0;
    if (c->no_end)
        return 1;
    if (!length || !text_to_id(length, &n) || n <= 0)
        return 0;
    size_t limit = c->in.max;
    if (c->request.route && (uint64_t)n > limit)
        refuse_length(c, limit);
    return c->early != ERR_OK && (n > HTTPD_DRAIN_MAX || httpd_header(&c->request, "Expect"));
}

/* Count n more bytes; 0 when they are too many for all, or for one client. What is small always finds a quarter free of
 * uploads, and others find three quarters free of one client's. */
static int body_fits(struct httpd_conn *c, size_t n)
{
    struct httpd *s = c->server;
    struct httpd_share *share = httpd_share_of(c);
    size_t quarter = s->set.bodies_max / 4;
    size_t most = c->in.max > SMALL_BODY ? 3 * quarter : s->set.bodies_max;
    size_t own = share ? atomic_fetch_add(&share->bodies, n) + n : 0;
    c->counted += n;
    return atomic_fetch_add(&s->bodies, n) + n <= most && own <= quarter;
}

static void take_body(struct httpd_conn *c, const char *data, size_t n)
{
    int64_t whole = c->body_until + (int64_t)(c->received + n) / HTTPD_BODY_RATE * 1000;
    int64_t more = httpd_now() + c->server->set.body_seconds * 1000;
    c->received += n;
    httpd_link_receive(c->link, more < whole ? more : whole, c->request.lang);
    if (c->early != ERR_OK || !c->request.route)
        return;
    if (!body_fits(c, n))
        httpd_refuse_busy(c);
    buf_put(&c->in, data, n);
    if (c->in.full)
        refuse_length(c, c->in.max);
    if (c->early != ERR_OK)
        buf_clear(&c->in);
}

static void log_error(struct httpd_conn *c, const struct err_info *e)
{
    int status = err_http_status(e->code);
    if (c->early == ERR_BUSY) {
        atomic_fetch_add(&c->server->busy, 1); /* the watch tells how many */
        return;
    }
    if (status < 500 && c->request.route && (c->request.route->flags & HTTPD_QUIET))
        return;
    /* the pattern, not the path: tickets and codes stay out of the log */
    enum log_level level = status == 503   ? LOG_LEVEL_WARN
                           : status >= 500 ? LOG_LEVEL_ERROR
                                           : LOG_LEVEL_INFO;
    log_line(level, "http", "%s %s %s field=%s ref=%s from=%s %s", c->head_method,
             c->request.route ? c->request.route->path : "-", err_code_text(e->code), e->field,
             httpd_ref(&c->request), httpd_peer(&c->request)->address, e->detail);
}

static void fail_with(struct httpd_conn *c, const struct err_info *e)
{
    if (c->stream)
        httpd_stream_gone(c->stream);
    c->stream = NULL;
    httpd_find_lang(c);
    log_error(c, e);
    httpd_reply_error(c, e);
}

/* What a handler left is held against what can be sent. */
static enum err check_reply(struct httpd_conn *c, struct err_info *e)
{
    if (!httpd_files_room(c)) {
        httpd_refuse_busy(c);
        *e = c->early_info;
        return e->code;
    }
    if (c->bad_field)
        return err_set(e, ERR_INTERNAL, NULL, "a control character in a header of the reply");
    if (c->reply.body.full)
        return err_set(e, ERR_INTERNAL, NULL, "the reply is larger than %zu bytes",
                       c->reply.body.max);
    return ERR_OK;
}

static enum err handle(struct httpd_conn *c, httpd_handler run, void *arg, struct err_info *e)
{
    TRY(run(&c->request, &c->reply, arg, e));
    return c->finish ? ERR_OK : check_reply(c, e);
}

static enum err guard_and_handle(struct httpd_conn *c, struct err_info *e)
{
    const struct httpd_mount_row *m = c->mount;
    if (m->guard)
        TRY(m->guard(&c->request, m->app, e));
    return handle(c, c->request.route->run, m->app, e);
}

/* Unless the answer comes later. */
static void answer(struct httpd_conn *c, enum err code, struct err_info *e)
{
    if (code != ERR_OK) {
        c->finish = NULL;
        if (e->code != code)
            err_set(e, code, NULL, NULL);
        fail_with(c, e);
    }
    if (!c->finish)
        httpd_respond(c);
}

void httpd_run(struct httpd_conn *c)
{
    struct err_info e;
    err_clear(&e);
    c->request.body = (struct bytes){(const uint8_t *)buf_cstr(&c->in), c->in.n};
    if (!(c->request.route->flags & HTTPD_PLAIN))
        httpd_find_lang(c);
    answer(c, guard_and_handle(c, &e), &e);
}

void httpd_run_rest(struct httpd_conn *c)
{
    struct err_info e;
    httpd_handler finish = c->finish;
    err_clear(&e);
    c->finish = NULL;
    answer(c, handle(c, finish, c->finish_arg, &e), &e);
}

void httpd_suspend(struct httpd_request *r, httpd_handler finish, void *arg)
{
    if (r->route->flags & HTTPD_INLINE)
        abort(); /* the loop cannot wait: a mistake of the caller's */
    r->conn->finish = finish;
    r->conn->finish_arg = arg;
}

void httpd_resume(struct httpd_request *r)
{
    httpd_pool_resume(r->conn->server->pool, r->conn);
}

void httpd_run_refused(struct httpd_conn *c)
{
    httpd_refuse_busy(c);
    fail_with(c, &c->early_info);
    httpd_respond(c);
}

static int64_t send_seconds(const struct httpd_conn *c)
{
    uint64_t bytes = c->replied + c->fd_size;
    uint64_t seconds = SEND_SECONDS + bytes / SEND_RATE;
    return seconds < SEND_SECONDS_MAX ? (int64_t)seconds : SEND_SECONDS_MAX;
}

static enum MHD_Result send_response(struct httpd_conn *c)
{
    if (c->prepared) { /* shared: it cannot say that the connection ends, which is closed then all the same */
        httpd_link_deadline(c->link, send_seconds(c));
        return MHD_queue_response(c->mhd, (unsigned)c->status,
                                  httpd_prepared_response(c->prepared));
    }
    if (!c->response)
        return MHD_NO;
    if (c->stream && strcmp(c->head_method, "HEAD") != 0) {
        (void)httpd_stream_begin(c); /* it takes the socket with it, or it ends with c */
        return MHD_NO;
    }
    if (atomic_load(&c->server->stopping) || c->last)
        MHD_add_response_header(c->response, "Connection", "close");
    httpd_link_deadline(c->link, send_seconds(c));
    enum MHD_Result r = MHD_queue_response(c->mhd, (unsigned)c->status, c->response);
    MHD_destroy_response(c->response); /* the queue holds its own reference */
    c->response = NULL;
    return r;
}

static enum MHD_Result answer_early(struct httpd_conn *c)
{
    fail_with(c, &c->early_info);
    httpd_respond(c);
    return send_response(c);
}

static enum MHD_Result dispatch(struct httpd_conn *c)
{
    httpd_link_deadline(c->link, 0); /* it is our turn now */
    if (c->early == ERR_OK && !c->request.route) {
        if (httpd_files_serve(c)) {
            httpd_respond(c);
            return send_response(c);
        }
        refuse(c, ERR_NOT_FOUND);
    }
    if (c->early == ERR_OK && (c->request.route->flags & HTTPD_INLINE)) {
        httpd_run(c);
        return send_response(c);
    }
    if (c->early != ERR_OK)
        return answer_early(c);
    if (atomic_load(&c->server->replies) < c->server->set.replies_max &&
        httpd_pool_submit(c->server->pool, c))
        return MHD_YES; /* c belongs to a worker now */
    if (httpd_pool_put_off(c->server->pool, c))
        return MHD_YES; /* and now to the watch */
    httpd_refuse_busy(c);
    return answer_early(c);
}

enum MHD_Result httpd_on_access(void *listener, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *n, void **state)
{
    (void)listener, (void)mhd, (void)url;
    struct httpd_conn *c = *state;
    if (!c->begun) {
        c->old_version = strcmp(version, "HTTP/1.1") != 0;
        begin(c, method);
        if (answer_at_once(c))
            return answer_early(c);
        httpd_find_lang(c);
        c->body_until = httpd_now() + c->server->set.body_seconds * 1000;
        httpd_link_receive(c->link, c->body_until, c->request.lang);
        return MHD_YES;
    }
    if (*n > 0) {
        take_body(c, data, *n);
        *n = 0;
        return c->received > HTTPD_DRAIN_MAX && c->early != ERR_OK ? MHD_NO : MHD_YES;
    }
    if (!c->waiting) {
        c->waiting = 1;
        return dispatch(c);
    }
    return c->ready ? send_response(c) : MHD_YES;
}

void httpd_on_completed(void *listener, struct MHD_Connection *mhd, void **state,
                        enum MHD_RequestTerminationCode why)
{
    (void)listener, (void)mhd, (void)why;
    struct httpd_conn *c = *state;
    if (!c)
        return;
    *state = NULL;
    struct httpd *s = c->server;
    httpd_link_deadline(c->link, s->set.idle_seconds + s->set.header_seconds);
    if (c->response)
        MHD_destroy_response(c->response);
    httpd_prepared_drop(c->prepared);
    if (c->stream)
        httpd_stream_gone(c->stream);
    httpd_reply_reset(c);
    buf_clear(&c->in);
    atomic_fetch_sub(&s->bodies, c->counted);
    atomic_fetch_sub(&s->replies, c->replied);
    struct httpd_share *share = httpd_share_of(c);
    if (share)
        atomic_fetch_sub(&share->bodies, c->counted);
    if (share && c->file_counted)
        atomic_fetch_sub(&share->sending, 1);
    atomic_fetch_sub(&s->sending, c->file_counted);
    httpd_share_give(s, c->share);
    json_decref(c->json);
    give_arena(s, c->request.arena);
    if (c->begun)
        atomic_fetch_sub(&s->active, 1);
    free(c);
}

/* What comes beyond a limit is taken all the same, for as long as it takes to say so. */
static void count_in(struct httpd_listener *l, struct httpd_link *link, struct MHD_Connection *mhd)
{
    char address[INET6_ADDRSTRLEN];
    int held = 0;
    link->over = atomic_fetch_add(&l->connections, 1) >= l->server->set.connections_max;
    if (l->set.per_address_max && !(l->set.flags & HTTPD_PROXY) && !l->set.unix_path) {
        httpd_tcp_address(mhd, address, sizeof address);
        link->share = httpd_share_take(l->server, address, &held);
        link->over |= held > l->set.per_address_max;
    }
    if (link->over)
        httpd_link_deadline(link, HTTPD_OVER_SECONDS);
}

void httpd_on_connection(void *listener, struct MHD_Connection *mhd, void **socket_state,
                         enum MHD_ConnectionNotificationCode what)
{
    struct httpd_listener *l = listener;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct httpd_link *link = httpd_link_new(
            l->server, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
        count_in(l, link, mhd);
        *socket_state = link;
        return;
    }
    struct httpd_link *link = *socket_state;
    if (!link->moved)
        atomic_fetch_sub(&l->connections, 1);
    httpd_share_give(l->server, link->share);
    httpd_link_free(l->server, link);
}
