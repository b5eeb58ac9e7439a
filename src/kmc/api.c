#include "kmc/api_priv.h"

#include "base/text.h"

static enum err guard(struct httpd_request *r, void *app, struct err_info *e)
{
    const struct kmc_api *api = app;
    if (r->listener != r->permission) {
        err_set(e, ERR_FORBIDDEN, NULL, "%s is not a call of this socket", r->path);
        err_arg(e, "who", "-");
        return ERR_FORBIDDEN;
    }
    return peer_check(&api->policy[r->listener], r, e);
}

/* request_id, order, seal_key [, evidence] [, replace]; the serial stands in the path. */
static enum err read_request(struct httpd_request *r, struct kmc_request *out, struct err_info *e)
{
    const json_t *in;
    out->serial = httpd_param(r, "serial");
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "request_id", &out->request_id, e));
    TRY(json_get_text(in, "order", &out->order, e));
    TRY(json_get_base64(in, "seal_key", KMC_POINT_LEN, r->arena, &out->seal_key, e));
    out->replace = json_is_true(json_object_get(in, "replace"));
    const json_t *evidence = json_object_get(in, "evidence");
    char *text = evidence ? json_dumps(evidence, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
                          : NULL;
    out->evidence = arena_text(r->arena, text ? text : "");
    free(text);
    return ERR_OK;
}

static void put_sealed(struct json_out *j, const char *key, const struct kmc_sealed *s,
                       struct arena *a)
{
    jout_object(j, key);
    jout_int(j, "version", s->version);
    jout_text(j, "sealed", text_base64(a, s->sealed));
    jout_end(j);
}

static enum err pin_new(struct httpd_request *r, struct httpd_reply *reply, void *app,
                        struct err_info *e)
{
    const struct kmc_api *api = app;
    struct kmc_request request;
    struct kmc_sealed sealed;
    TRY(read_request(r, &request, e));
    TRY(kmc_pin_new(api->kmc, &request, r->arena, &sealed, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    put_sealed(&j, NULL, &sealed, r->arena);
    return ERR_OK;
}

static enum err pin_release(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    const struct kmc_api *api = app;
    struct kmc_request request;
    struct kmc_sealed current, next;
    TRY(read_request(r, &request, e));
    TRY(kmc_pin_release(api->kmc, &request, r->arena, &current, &next, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    put_sealed(&j, "current", &current, r->arena);
    put_sealed(&j, "next", &next, r->arena);
    jout_end(&j);
    return ERR_OK;
}

static enum err pin_confirm(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    const struct kmc_api *api = app;
    const json_t *in;
    int64_t version;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_int(in, "version", &version, e));
    TRY(kmc_pin_confirm(api->kmc, httpd_param(r, "serial"), version, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "current", version);
    jout_end(&j);
    return ERR_OK;
}

static enum err health(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)r;
    (void)app;
    (void)e;
    struct json_out j;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "state", "ready");
    jout_end(&j);
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"POST", "/kmc/v1/ukeys/:serial/admin-pin/new", pin_new, KMC_SOCKET_HALL, 16 << 10, 0},
    {"POST", "/kmc/v1/ukeys/:serial/admin-pin/release", pin_release, KMC_SOCKET_HALL, 16 << 10, 0},
    {"POST", "/kmc/v1/ukeys/:serial/admin-pin/confirm", pin_confirm, KMC_SOCKET_HALL, 4 << 10, 0},
    {"GET", "/kmc/v1/health", health, KMC_SOCKET_HALL, 0, 0},
    {"POST", "/kmc/v1/keys", kmc_api_keys, KMC_SOCKET_CA, KMC_KEYS_BODY, 0},
    {"POST", "/kmc/v1/recoveries", kmc_api_recoveries, KMC_SOCKET_CA, KMC_KEYS_BODY, 0},
    {"GET", "/kmc/v1/audit", kmc_api_audit, KMC_SOCKET_ADMIN, 0, 0},
    {"GET", "/kmc/v1/trust", kmc_api_trust, KMC_SOCKET_ADMIN, 0, 0},
    {"POST", "/kmc/v1/cas", kmc_api_enter_ca, KMC_SOCKET_ADMIN, 16 << 10, 0},
    {"POST", "/kmc/v1/custodians", kmc_api_enter_custodian, KMC_SOCKET_ADMIN, 64 << 10, 0},
    {"POST", "/kmc/v1/custodians/:serial/end", kmc_api_end_custodian, KMC_SOCKET_ADMIN, 16 << 10,
     0},
    {"POST", "/kmc/v1/judicial", kmc_api_judicial, KMC_SOCKET_ADMIN, 16 << 10, 0},
    {"GET", "/kmc/v1/judicial/audit", kmc_api_judicial_audit, KMC_SOCKET_ADMIN, 0, 0},
};

void kmc_api_mount(struct httpd *server, struct kmc_api *api)
{
    httpd_mount(server, routes, sizeof routes / sizeof *routes, guard, api);
}
