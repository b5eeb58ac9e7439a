#include "httpd/httpd_priv.h"

#include "base/sys.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum err httpd_bad(struct err_info *e, const char *field, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, field, "%s", why);
    err_arg(e, "why", "%s%s%s", field ? field : "", field ? ": " : "", why);
    return ERR_BAD_REQUEST;
}

const char *httpd_param(const struct httpd_request *r, const char *name)
{
    const struct httpd_conn *c = r->conn;
    size_t n = strlen(name);
    for (int i = 0; i < c->params; i++)
        if (c->param[i].name_n == n && memcmp(c->param[i].name, name, n) == 0)
            return c->param[i].value;
    return "";
}

const struct httpd_pair *httpd_query_all(const struct httpd_request *r)
{
    return r->conn->query;
}

const char *httpd_query(const struct httpd_request *r, const char *name)
{
    return httpd_pair_get(r->conn->query, name);
}

const char *httpd_header(const struct httpd_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->conn->mhd, MHD_HEADER_KIND, name);
}

const char *httpd_cookie(const struct httpd_request *r, const char *name)
{
    return httpd_cookie_find(r->arena, httpd_header(r, "Cookie"), name);
}

const char *httpd_cookie_prefix(const struct httpd_conn *c)
{
    return c->server->set.https ? "__Host-" : "";
}

const char *httpd_own_cookie(const struct httpd_request *r, const char *name)
{
    return httpd_cookie(r, arena_fmt(r->arena, "%s%s", httpd_cookie_prefix(r->conn), name));
}

void httpd_find_lang(struct httpd_conn *c)
{
    struct httpd_request *r = &c->request;
    r->lang = httpd_lang_of(c->query ? httpd_query(r, "lang") : NULL, httpd_cookie(r, "lang"),
                            httpd_header(r, "Accept-Language"));
}

static void peer_of_unix(struct httpd_conn *c, int fd)
{
    struct ucred who;
    socklen_t n = sizeof who;
    c->peer =
        (struct httpd_peer){.address = "unix", .is_unix = 1, .uid = (uid_t)-1, .gid = (gid_t)-1};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0) {
        c->peer.uid = who.uid;
        c->peer.gid = who.gid;
        c->peer.pid = who.pid;
    }
}

void httpd_tcp_address(struct MHD_Connection *mhd, char *out, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = info ? info->client_addr : NULL;
    *out = '\0';
    if (sa && sa->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, out,
                  (socklen_t)size);
    else if (sa && sa->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, out,
                  (socklen_t)size);
}

const struct httpd_peer *httpd_peer(struct httpd_request *r)
{
    struct httpd_conn *c = r->conn;
    if (c->peer_known)
        return &c->peer;
    c->peer_known = 1;
    if (c->listener->set.unix_path)
        peer_of_unix(c, c->link->fd);
    else
        httpd_tcp_address(c->mhd, c->peer.address, sizeof c->peer.address);
    const char *real = c->listener->set.flags & HTTPD_PROXY ? httpd_header(r, "X-Real-IP") : NULL;
    struct in6_addr any;
    if (real && (inet_pton(AF_INET, real, &any) == 1 || inet_pton(AF_INET6, real, &any) == 1))
        snprintf(c->peer.address, sizeof c->peer.address, "%s", real);
    return &c->peer;
}

const char *httpd_ref(struct httpd_request *r)
{
    struct httpd_conn *c = r->conn;
    if (!c->ref[0]) {
        uint8_t random[6];
        random_bytes(random, sizeof random);
        const char *text = text_base32(r->arena, (struct bytes){random, sizeof random});
        snprintf(c->ref, sizeof c->ref, "%.10s", text);
    }
    return c->ref;
}

enum err httpd_param_id(const struct httpd_request *r, const char *name, int64_t *out,
                        struct err_info *e)
{
    if (text_to_id(httpd_param(r, name), out))
        return ERR_OK;
    return err_set(e, ERR_NOT_FOUND, name, "no id in the path");
}

enum err httpd_query_int(const struct httpd_request *r, const char *name, int64_t min, int64_t max,
                         int64_t fallback, int64_t *out, struct err_info *e)
{
    const char *text = httpd_query(r, name);
    *out = fallback;
    if (!text || text_to_int(text, min, max, out))
        return ERR_OK;
    return httpd_bad(e, name, "is no number within its limits");
}

/* The media type without its parameters (RFC 9110 8.3.1). */
static enum err want_type(const struct httpd_request *r, const char *expected, struct err_info *e)
{
    const char *type = httpd_header(r, "Content-Type");
    size_t n = type ? strcspn(type, "; \t") : 0;
    if (n == strlen(expected) && strncasecmp(type, expected, n) == 0)
        return ERR_OK;
    err_set(e, ERR_MEDIA_TYPE, NULL, "content type %s", type ? type : "absent");
    err_arg(e, "expected", "%s", expected);
    return ERR_MEDIA_TYPE;
}

enum err httpd_json(struct httpd_request *r, const json_t **out, struct err_info *e)
{
    struct httpd_conn *c = r->conn;
    if (!c->json) {
        TRY(want_type(r, "application/json", e));
        TRY(json_parse(r->body.p, r->body.n, &c->json, e));
    }
    *out = c->json;
    return json_is_object(c->json) ? ERR_OK : httpd_bad(e, NULL, "the body must be a JSON object");
}

enum err httpd_form(struct httpd_request *r, const struct httpd_pair **out, struct err_info *e)
{
    struct httpd_conn *c = r->conn;
    if (!c->form) {
        TRY(want_type(r, "application/x-www-form-urlencoded", e));
        TRY(httpd_form_parse(r->arena, (const char *)r->body.p, r->body.n, &c->form, e));
    }
    *out = c->form;
    return ERR_OK;
}

enum err httpd_multipart(struct httpd_request *r, const struct httpd_part **out, struct err_info *e)
{
    struct httpd_conn *c = r->conn;
    if (!c->parts)
        TRY(httpd_multipart_parse(r->arena, httpd_header(r, "Content-Type"), r->body, &c->parts,
                                  e));
    *out = c->parts;
    return ERR_OK;
}

enum err httpd_part(struct httpd_request *r, const char *name, const struct httpd_part **out,
                    struct err_info *e)
{
    TRY(httpd_multipart(r, out, e));
    for (; (*out)->name; (*out)++)
        if (strcmp((*out)->name, name) == 0)
            return ERR_OK;
    return httpd_bad(e, name, "is missing");
}

void httpd_problem(struct httpd_request *r, const struct err_info *problem)
{
    struct httpd_conn *c = r->conn;
    if (!c->problem)
        c->problem = arena_alloc(r->arena, HTTPD_PROBLEMS_MAX * sizeof *c->problem);
    if (c->problems < HTTPD_PROBLEMS_MAX)
        c->problem[c->problems++] = *problem;
}

int httpd_problems(const struct httpd_request *r)
{
    return r->conn->problems;
}
