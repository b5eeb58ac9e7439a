/* The responder's public addresses. All are answered in the event loop: nothing waits. */
#include "responder/responder_priv.h"

#include "base/text.h"

#include <fcntl.h>
#include <string.h>

/* "max-age=N, …" without a formatter: it stands in every answer. */
static const char *cache_for(struct arena *a, int64_t seconds)
{
    static const char head[] = "max-age=", tail[] = ", public, no-transform, must-revalidate";
    char digits[20], *first = digits + sizeof digits;
    for (uint64_t n = (uint64_t)seconds; n > 0 || first == digits + sizeof digits; n /= 10)
        *--first = (char)('0' + n % 10);
    size_t n = (size_t)(digits + sizeof digits - first);
    char *text = arena_alloc(a, sizeof head + n + sizeof tail);
    memcpy(text, head, sizeof head - 1);
    memcpy(text + sizeof head - 1, first, n);
    memcpy(text + sizeof head - 1 + n, tail, sizeof tail);
    return text;
}

enum { LIST_CACHED_SECONDS = 60, LIST_BORROWED = 1 << 20 };

/* RFC 5019 6.2 and RFC 9110 8.8 */
static void put_validators(struct httpd_reply *reply, const char *tag, const char *last_modified,
                           const char *expires)
{
    httpd_reply_header(reply, "ETag", tag);
    httpd_reply_header(reply, "Last-Modified", last_modified);
    httpd_reply_header(reply, "Expires", expires);
}

/* RFC 9110 13.1.2, for one tag or a list of them. */
static int is_unchanged(const struct httpd_request *q, const char *tag)
{
    const char *have = httpd_header(q, "If-None-Match");
    return have && strstr(have, tag) != NULL;
}

/* Most are laid out already, and sent as they are; who asks for news only is looked at apart. What a cache needs to know stands
 * in the others that were asked for by GET: no cache keeps an answer to POST (RFC 5019 6). */
static enum err reply_ocsp(struct responder *r, struct bytes request, int get,
                           struct httpd_request *q, struct httpd_reply *reply)
{
    struct responder_caching c;
    struct httpd_prepared *page = NULL;
    int conditional = get && httpd_header(q, "If-None-Match");
    struct bytes der = responder_answer(r, request, q->arena, &c, conditional ? NULL : &page);
    if (page) {
        httpd_reply_prepared(reply, page);
        return ERR_OK;
    }
    httpd_reply_header(reply, "Cache-Control",
                       c.max_age > 0 ? cache_for(q->arena, c.max_age) : "no-store");
    if (get && c.tag)
        put_validators(reply, c.tag, c.last_modified, c.expires);
    if (conditional && c.tag && is_unchanged(q, c.tag)) {
        reply->status = 304;
        return ERR_OK;
    }
    reply->content_type = "application/ocsp-response";
    httpd_reply_borrow(reply, der, NULL, NULL);
    return ERR_OK;
}

static enum err ocsp_post(struct httpd_request *q, struct httpd_reply *reply, void *app,
                          struct err_info *e)
{
    (void)e;
    return reply_ocsp(app, q->body, 0, q, reply);
}

/* RFC 6960 A.1: GET {url}/{url-encoding of base-64 encoding of the DER encoding}. */
static enum err ocsp_get(struct httpd_request *q, struct httpd_reply *reply, void *app,
                         struct err_info *e)
{
    (void)e;
    struct bytes request = {0};
    if (!text_from_base64(q->arena, httpd_param(q, "request"), &request))
        request = (struct bytes){(const uint8_t *)"", 0}; /* answered as malformed */
    return reply_ocsp(app, request, 1, q, reply);
}

/* "issuing-p256.crl" without its ending; NULL where it has another. */
static char *name_before(const struct httpd_request *q, const char *ending)
{
    const char *file = httpd_param(q, "file");
    size_t n = strlen(file), m = strlen(ending);
    return n > m && strcmp(file + n - m, ending) == 0 ? arena_text_n(q->arena, file, n - m) : NULL;
}

/* A long one goes by its file: what is borrowed counts as memory that answers hold, of which there is so much for all. */
static void send_list(struct httpd_reply *reply, const struct published_view *v)
{
    int fd = v->der.n > LIST_BORROWED ? fcntl(v->fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (fd < 0) {
        httpd_reply_borrow(reply, v->der, published_release, v->owner);
        return;
    }
    httpd_reply_file(reply, fd, v->der.n);
    published_release(v->owner);
}

static enum err crl(struct httpd_request *q, struct httpd_reply *reply, void *app,
                    struct err_info *e)
{
    struct responder *r = app;
    struct published_view v;
    char *name = name_before(q, ".crl");
    if (!name)
        return err_set(e, ERR_NOT_FOUND, "file", NULL);
    TRY(published_get(r, name, &v, e));
    int64_t left = (v.next_update - clock_business(r->options.clock)) / TIME_SECOND;
    put_validators(reply, v.tag, v.last_modified, v.expires);
    httpd_reply_header(reply, "Cache-Control",
                       left < LIST_CACHED_SECONDS ? "no-store" : "max-age=60, public");
    if (is_unchanged(q, v.tag)) {
        reply->status = 304;
        published_release(v.owner);
        return ERR_OK;
    }
    reply->content_type = "application/pkix-crl";
    send_list(reply, &v);
    return ERR_OK;
}

static enum err ca_certificate(struct httpd_request *q, struct httpd_reply *reply, void *app,
                               struct err_info *e)
{
    struct responder *r = app;
    struct bytes der;
    char *issuer = name_before(q, ".cer");
    if (!issuer)
        return err_set(e, ERR_NOT_FOUND, "file", NULL);
    TRY(responder_issuer(r, issuer, q->arena, &der, e));
    reply->content_type = "application/pkix-cert";
    httpd_reply_header(reply, "Cache-Control", "max-age=86400, public");
    httpd_reply_borrow(reply, der, NULL, NULL);
    return ERR_OK;
}

enum { CA_AWAY_MS = 60 * TIME_SECOND };

static enum err health(struct httpd_request *q, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)e;
    struct responder *r = app;
    struct responder_health h;
    responder_health(r, &h);
    int away = clock_machine() - h.ca_seen_at > CA_AWAY_MS;
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "state", !h.ready ? "starting" : away ? "ca_away" : "ready");
    jout_int(&j, "seq", h.seq);
    jout_int(&j, "certificates", (int64_t)h.certificates);
    jout_text(&j, "ca_seen_at", h.ca_seen_at ? time_rfc3339(q->arena, h.ca_seen_at) : NULL);
    jout_text(&j, "ca_away_since",
              away && h.ca_seen_at ? time_rfc3339(q->arena, h.ca_seen_at) : NULL);
    jout_text(&j, "answers_until",
              h.answers_until ? time_rfc3339(q->arena, h.answers_until) : NULL);
    jout_end(&j);
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"POST", "/ocsp", ocsp_post, 0, OCSP_REQUEST_MAX, HTTPD_INLINE | HTTPD_PLAIN | HTTPD_QUIET},
    {"GET", "/ocsp/*request", ocsp_get, 0, 0, HTTPD_INLINE | HTTPD_PLAIN | HTTPD_QUIET},
    {"GET", "/crl/:file", crl, 0, 0, HTTPD_INLINE | HTTPD_PLAIN | HTTPD_QUIET},
    {"GET", "/ca/:file", ca_certificate, 0, 0, HTTPD_INLINE | HTTPD_PLAIN | HTTPD_QUIET},
    {"GET", "/health", health, 0, 0, HTTPD_INLINE | HTTPD_PLAIN | HTTPD_QUIET},
};

void responder_mount(struct httpd *server, struct responder *r)
{
    httpd_mount(server, routes, sizeof routes / sizeof *routes, NULL, r);
}
