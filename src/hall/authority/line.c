#include "hall/authority/line.h"

#include <stdio.h>

enum { LINE_TIMEOUT_MS = 25000, LINE_ANSWER_MAX = 256 * 1024 };

struct httpc *line_new(const char *service, const char *base, const char *socket,
                       const char *peer_key)
{
    _auto(arena) a = arena_new();
    const char *header = *peer_key ? arena_fmt(a, "X-Peer-Key: %s", peer_key) : "";
    return httpc_new(&(struct httpc_options){.service = service,
                                             .base = base,
                                             .unix_path = socket,
                                             .header = header,
                                             .timeout_ms = LINE_TIMEOUT_MS,
                                             .answer_max = LINE_ANSWER_MAX});
}

enum err line_post(struct httpc *c, const char *path, const struct buf *body, json_t **out,
                   struct err_info *e)
{
    if (body->full)
        return err_set(e, ERR_INTERNAL, NULL, "%s: the request is too long", path);
    return httpc_json(c, "POST", path, body, out, e);
}

enum err line_get(struct httpc *c, const char *path, json_t **out, struct err_info *e)
{
    return httpc_json(c, "GET", path, NULL, out, e);
}

enum err line_bad(const char *service, struct err_info *e)
{
    char detail[sizeof e->detail];
    snprintf(detail, sizeof detail, "%s", e->detail);
    err_set(e, ERR_UNAVAILABLE, NULL, "answer of %s: %s", service, detail);
    err_arg(e, "service", "%s", service);
    return ERR_UNAVAILABLE;
}
