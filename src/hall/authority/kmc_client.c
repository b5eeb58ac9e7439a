#include "hall/authority/kmc_client.h"

#include "base/text.h"
#include "hall/authority/line.h"

#include <stdlib.h>
#include <string.h>

#define SERVICE "密钥管理中心"
enum { BODY_MAX = 16 * 1024, SEALED_MAX = 512 };

struct kmc_client {
    struct httpc *http;
};

struct kmc_client *kmc_client_new(const char *socket, const char *peer_key)
{
    struct kmc_client *c = mem_alloc(sizeof *c);
    c->http = line_new(SERVICE, "http://kmc", socket, peer_key);
    return c;
}

void kmc_client_free(struct kmc_client *c)
{
    if (!c)
        return;
    httpc_free(c->http);
    free(c);
}

/* Serials are capital letters and digits: they stand in the path. */
static enum err post(struct kmc_client *c, const char *serial, const char *call,
                     const struct buf *body, json_t **answer, struct err_info *e)
{
    _auto(arena) a = arena_new();
    if (!*serial || serial[strspn(serial, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")])
        return err_set(e, ERR_NOT_FOUND, "serial", "not a serial");
    return line_post(c->http, arena_fmt(a, "/kmc/v1/ukeys/%s/admin-pin/%s", serial, call), body,
                     answer, e);
}

static enum err ask(struct kmc_client *c, const char *call, const struct kmc_ask *r,
                    struct arena *a, json_t **answer, struct err_info *e)
{
    struct json_out j;
    _auto_buf body;
    buf_init(&body, BODY_MAX);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "request_id", r->request_id);
    jout_text(&j, "order", r->order);
    jout_text(&j, "seal_key", text_base64(a, r->seal_key));
    if (r->evidence)
        jout_raw(&j, "evidence", r->evidence);
    if (r->replace)
        jout_bool(&j, "replace", 1);
    jout_end(&j);
    return post(c, r->serial, call, &body, answer, e);
}

static enum err read_pin(const json_t *from, struct arena *a, struct kmc_pin *out,
                         struct err_info *e)
{
    TRY(json_get_int(from, "version", &out->version, e));
    return json_get_base64(from, "sealed", SEALED_MAX, a, &out->sealed, e);
}

enum err kmc_client_new_pin(struct kmc_client *c, const struct kmc_ask *r, struct arena *a,
                            struct kmc_pin *out, struct err_info *e)
{
    _auto_json answer = NULL;
    TRY(ask(c, "new", r, a, &answer, e));
    if (read_pin(answer, a, out, e) != ERR_OK)
        return line_bad(SERVICE, e);
    return ERR_OK;
}

enum err kmc_client_release(struct kmc_client *c, const struct kmc_ask *r, struct arena *a,
                            struct kmc_pin *current, struct kmc_pin *next, struct err_info *e)
{
    _auto_json answer = NULL;
    TRY(ask(c, "release", r, a, &answer, e));
    if (read_pin(json_object_get(answer, "current"), a, current, e) != ERR_OK ||
        read_pin(json_object_get(answer, "next"), a, next, e) != ERR_OK)
        return line_bad(SERVICE, e);
    return ERR_OK;
}

enum err kmc_client_confirm(struct kmc_client *c, const char *serial, int64_t version,
                            struct err_info *e)
{
    struct json_out j;
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, BODY_MAX);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_int(&j, "version", version);
    jout_end(&j);
    return post(c, serial, "confirm", &body, &answer, e);
}

enum err kmc_client_health(struct kmc_client *c, struct err_info *e)
{
    _auto_json answer = NULL;
    return line_get(c->http, "/kmc/v1/health", &answer, e);
}
