/* A double of the hall's side of docs/agent-protocol.md; the rules of the calls are its own, the steps the test's. */
#include "world.h"

#include "base/text.h"
#include "pki/cert.h"
#include "pki/digest.h"
#include "pki/evidence.h"
#include "pki/hpke.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

static enum err pub_member(const json_t *obj, const char *key, struct arena *a,
                           struct pki_pub **out, struct err_info *e)
{
    uint8_t spki[sizeof p256_prefix + 65];
    struct bytes point;
    TRY(json_get_base64(obj, key, 65, a, &point, e));
    if (point.n != 65)
        return err_set(e, ERR_BAD_REQUEST, key, "length");
    memcpy(spki, p256_prefix, sizeof p256_prefix);
    memcpy(spki + sizeof p256_prefix, point.p, 65);
    pki_pub_free(*out);
    *out = NULL;
    return pki_pub_load((struct bytes){spki, sizeof spki}, out, e);
}

/* "METHOD LF path LF time LF hex", written here anew and not by the agent's own function. */
static enum err check_signature(struct world *w, struct httpd_request *r, struct err_info *e)
{
    uint8_t sum[32];
    struct bytes sig;
    int64_t time;
    const char *at = httpd_header(r, "X-Agent-Time"), *value = httpd_header(r, "X-Agent-Signature");
    if (!at || !value || !text_to_int(at, 1, INT64_MAX, &time) || time <= w->last_time ||
        !text_from_base64(r->arena, value, &sig))
        return err_set(e, ERR_UNAUTHENTICATED, "signature", "headers");
    w->last_time = time;
    digest_sha256(r->body, sum);
    char *text = arena_fmt(r->arena, "POST\n%s\n%s\n%s", r->path, at,
                           text_hex(r->arena, (struct bytes){sum, 32}));
    return pki_verify(w->agent_key, (struct bytes){(const uint8_t *)text, strlen(text)}, sig, e);
}

static enum err admit(struct world *w, struct httpd_request *r, struct httpd_reply *reply,
                      int is_signed, struct err_info *e)
{
    (void)reply;
    w->requests++;
    if (w->busy > 0) {
        w->busy--;
        err_set(e, ERR_BUSY, NULL, NULL);
        err_arg(e, "seconds", "1");
        return ERR_BUSY;
    }
    if (w->limited) {
        err_set(e, ERR_LIMITED, NULL, NULL);
        err_arg(e, "minutes", "10");
        return ERR_LIMITED;
    }
    buf_put(&w->traffic, r->body.p, r->body.n);
    buf_byte(&w->traffic, '\n');
    if (!is_signed)
        return ERR_OK;
    enum err err = check_signature(w, r, e);
    w->unsigned_requests += err != ERR_OK;
    return err;
}

/* Ask the test what comes next, and keep it for repeated answers. */
static void advance(struct world *w, const char *answered, const json_t *data)
{
    struct json_out j;
    struct buf step;
    buf_init(&step, 65536);
    jout_init(&j, &step);
    jout_object(&j, NULL);
    const char *name = w->next(w, answered, data, &j);
    jout_end(&j);
    snprintf(w->current, sizeof w->current, "%s", name);
    w->current_step.n = 0;
    buf_put(&w->current_step, step.p, step.n);
    buf_clear(&step);
}

static void put_step(struct world *w, struct json_out *j)
{
    jout_text(j, "step", w->current);
    jout_raw(j, "data", buf_cstr(&w->current_step));
}

static enum err fetch(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    struct world *w = app;
    const json_t *body;
    struct json_out j;
    TRY(admit(w, r, reply, 0, e));
    TRY(httpd_json(r, &body, e));
    if (strcmp(json_opt_text(body, "ticket", ""), TICKET) != 0)
        return err_set(e, ERR_NOT_FOUND, "ticket", NULL);
    TRY(pub_member(body, "agent_key", r->arena, &w->agent_key, e));
    TRY(pub_member(body, "seal_key", r->arena, &w->seal_key, e));
    w->last_time = 0; /* another key: its own times */
    advance(w, "", NULL);
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "job", "7001");
    jout_text(&j, "kind", w->kind);
    jout_object(&j, "about");
    jout_text(&j, "order", ORDER);
    jout_text(&j, "revision", w->revision);
    jout_text(&j, "institution", "泉州海丝供应链管理有限公司");
    if (w->serial)
        jout_text(&j, "serial", w->serial);
    jout_end(&j);
    put_step(w, &j);
    jout_end(&j);
    return ERR_OK;
}

static enum err step(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    struct world *w = app;
    const json_t *body;
    struct json_out j;
    TRY(admit(w, r, reply, 1, e));
    TRY(httpd_json(r, &body, e));
    if (w->redirect) {
        httpd_reply_redirect(reply, "http://127.0.0.1:1/elsewhere");
        return ERR_OK;
    }
    const json_t *progress = json_object_get(body, "progress");
    const char *answered = json_opt_text(body, "step", "");
    if (progress && w->on_progress)
        w->on_progress(w, json_opt_text(progress, "state", ""));
    if (!progress && !strcmp(answered, w->current))
        advance(w, answered, json_object_get(body, "data"));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    put_step(w, &j);
    jout_end(&j);
    return ERR_OK;
}

static enum err result(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    struct world *w = app;
    const json_t *body;
    struct json_out j;
    TRY(admit(w, r, reply, 1, e));
    TRY(httpd_json(r, &body, e));
    snprintf(w->outcome, sizeof w->outcome, "%s", json_opt_text(body, "outcome", ""));
    snprintf(w->code, sizeof w->code, "%s", json_opt_text(body, "code", ""));
    const json_t *key = json_array_get(json_object_get(body, "keys"), 0);
    w->key_user_left = (int)json_opt_int(key, "user_left", -1);
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    if (!strcmp(w->outcome, "done")) {
        jout_text(&j, "finish", "F0123456789abcdefghijk");
        jout_text(&j, "code", w->with_code ? "482913" : NULL);
        jout_bool(&j, "claimed", w->unclaimed-- <= 0);
    }
    jout_end(&j);
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"POST", "/api/v1/agent/jobs/fetch", fetch, 0, 65536, HTTPD_QUIET},
    {"POST", "/api/v1/agent/jobs/:id/step", step, 0, 262144, HTTPD_QUIET},
    {"POST", "/api/v1/agent/jobs/:id/result", result, 0, 65536, HTTPD_QUIET},
};

void world_serve(struct world *w);

void world_serve(struct world *w)
{
    static const struct httpd_options options = {.workers = 1};
    w->server = httpd_new(&options);
    httpd_mount(w->server, routes, sizeof routes / sizeof *routes, NULL, w);
    assert_ok(httpd_listen(w->server, &(struct httpd_listen){.host = "127.0.0.1"}, &w->e), &w->e);
    assert_ok(httpd_start(w->server, &w->e), &w->e);
    w->port = httpd_port(w->server, 0);
}

/* ---- for plays ---- */

struct bytes world_bytes(struct world *w, const json_t *data, const char *key)
{
    struct bytes out = {0};
    struct err_info e;
    assert_ok(json_get_base64(data, key, 65536, w->a, &out, &e), &e);
    return out;
}

void world_seal(struct world *w, struct json_out *out, const char *member, int version,
                const char *pin)
{
    struct bytes sealed = {0};
    struct err_info e;
    struct buf info;
    buf_init(&info, 512);
    buf_put(&info, "CERTHALL-ADMIN-PIN-v1\0" SERIAL "\0" ORDER, 22 + sizeof SERIAL + sizeof ORDER);
    buf_fmt(&info, "%d", version);
    assert_ok(hpke_seal(w->seal_key, (struct bytes){info.p, info.n}, (struct bytes){0},
                        (struct bytes){(const uint8_t *)pin, strlen(pin)}, w->a, &sealed, &e),
              &e);
    buf_clear(&info);
    jout_object(out, member);
    jout_int(out, "version", version);
    jout_text(out, "sealed", text_base64(w->a, sealed));
    jout_end(out);
}

enum err world_check(struct world *w, const json_t *data, struct bytes certificate, const char *op,
                     const char *order, const char *certificate_sum)
{
    struct evidence_field field[4];
    struct bytes message;
    struct err_info e;
    _auto(pki_pub) pub = NULL;
    size_t n = 0;
    field[n++] = evidence_text("ukey", SERIAL);
    field[n++] = evidence_text("challenge", w->challenge);
    if (order)
        field[n++] = evidence_text("order", order);
    if (certificate_sum)
        field[n++] = evidence_text("certificate", certificate_sum);
    TRY(evidence_agent_bytes(op, world_origin(w), "7001", field, n, w->a, &message, &e));
    TRY(cert_key(certificate, &pub, &e));
    return pki_verify(pub, message, world_bytes(w, data, "signature"), &e);
}
