#include "agentapi/agentapi.h"

#include "hall/job/job.h"

#include <string.h>

enum { KEY_MAX = 65, VERSION_MAX = 40 };

static enum err get_text_opt(const json_t *in, const char *key, size_t max, const char **out,
                             struct err_info *e)
{
    *out = json_opt_text(in, key, NULL);
    if (!*out || strlen(*out) <= max)
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, key, "longer than %zu", max);
    err_arg(e, "why", "%s: at most %zu", key, max);
    return ERR_BAD_REQUEST;
}

static enum err fetch(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    const json_t *in;
    struct json_out j;
    struct job_fetch f = {.address = httpd_peer(r)->address};
    TRY(httpd_json(r, &in, e));
    TRY(get_text_opt(in, "ticket", 64, &f.ticket, e));
    TRY(get_text_opt(in, "code", 64, &f.code, e));
    TRY(json_get_base64(in, "agent_key", KEY_MAX, r->arena, &f.agent_key, e));
    TRY(json_get_base64(in, "seal_key", KEY_MAX, r->arena, &f.seal_key, e));
    TRY(get_text_opt(in, "agent", VERSION_MAX, &f.version, e));
    if (!f.version)
        f.version = "";
    httpd_reply_json(reply, &j);
    return job_agent_fetch(app, &f, r->arena, &j, e);
}

static enum err read_signed(struct httpd_request *r, struct job_signed *out, struct err_info *e)
{
    *out = (struct job_signed){.method = r->method,
                               .path = r->path,
                               .time = httpd_header(r, "X-Agent-Time"),
                               .signature = httpd_header(r, "X-Agent-Signature"),
                               .body = r->body};
    TRY(httpd_param_id(r, "id", &out->id, e));
    return httpd_json(r, &out->in, e);
}

static enum err step(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    struct job_signed in;
    struct json_out j;
    TRY(read_signed(r, &in, e));
    httpd_reply_json(reply, &j);
    return job_agent_step(app, &in, r->arena, &j, e);
}

static enum err result(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    struct job_signed in;
    struct json_out j;
    TRY(read_signed(r, &in, e));
    httpd_reply_json(reply, &j);
    return job_agent_result(app, &in, r->arena, &j, e);
}

/* No guard: a ticket or the signature of the job's key is what a caller has to show. */
static const struct httpd_route routes[] = {
    {"POST", "/api/v1/agent/jobs/fetch", fetch, 0, 8 << 10, 0},
    {"POST", "/api/v1/agent/jobs/:id/step", step, 0, 64 << 10, 0},
    {"POST", "/api/v1/agent/jobs/:id/result", result, 0, 64 << 10, 0},
};

void agentapi_mount(struct httpd *server, const struct hall *hall)
{
    httpd_mount(server, routes, sizeof routes / sizeof *routes, NULL, (void *)(uintptr_t)hall);
}
