/* Jobs for the bench agent. They belong to the browser session that made them (design §6). */
#include "console/console_priv.h"

#include "hall/job/job.h"
#include "hall/order/order.h"
#include "hall/project/project.h"
#include "hall/ukey/ukey.h"

#include <string.h>

/* What a desk makes of jobs; signing in and first PINs are the user's. */
static int for_staff(enum job_kind k)
{
    return k == JOB_PRODUCE || k == JOB_IDENTIFY || k == JOB_WIPE || k == JOB_SELF_TEST ||
           k == JOB_DIAGNOSE;
}

/* The project of the order, of the UKey, or the installation's first. */
static enum err find_project(struct hall_tx *tx, struct job_new *n, struct err_info *e)
{
    struct order o;
    struct ukey k;
    struct err_info unknown;
    if (n->order) {
        TRY(order_get(tx, n->order, &o, e));
        n->project = o.project;
        return ERR_OK;
    }
    if (*n->serial && ukey_get(tx, n->serial, &k, &unknown) == ERR_OK) {
        n->project = k.project;
        return ERR_OK;
    }
    if (!projects_count(tx->hall->projects))
        return err_set(e, ERR_NOT_FOUND, "project", NULL);
    n->project = projects_at(tx->hall->projects, 0)->about.code;
    return ERR_OK;
}

static enum err read_new(struct httpd_request *r, struct job_new *n, struct err_info *e)
{
    const json_t *body;
    const char *kind, *typed;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "kind", &kind, e));
    if (!job_kind_from_text(kind, &n->kind) || !for_staff(n->kind))
        return web_bad(e, "kind", NULL);
    typed = json_opt_text(body, "serial", "");
    n->serial = *typed ? ukey_serial_mend(r->arena, typed) : "";
    if (!n->serial)
        return web_bad(e, "serial", NULL);
    if (*json_opt_text(body, "order", ""))
        TRY(json_get_id(body, "order", &n->order, e));
    if (n->kind == JOB_PRODUCE && !n->order)
        return web_bad(e, "order", NULL);
    n->browser = console_visitor(r)->token;
    return ERR_OK;
}

HANDLER(console_job_create)
{
    struct job_new n = {0};
    struct job job;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(read_new(r, &n, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(find_project(&tx, &n, e));
    TRY(job_make(&tx, &n, &job, e));
    httpd_reply_json(reply, &j);
    TRY(job_write(&tx, &job, &j, NULL, e));
    reply->status = 201;
    return hall_commit(&tx, e);
}

HANDLER(console_job_get)
{
    struct job job;
    int64_t id;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(job_get(&tx, id, console_visitor(r)->token, &job, e));
    httpd_reply_json(reply, &j);
    return job_write(&tx, &job, &j, NULL, e);
}

typedef enum err job_change(struct hall_tx *tx, int64_t id, const char *browser, struct job *out,
                            struct err_info *e);

static enum err change(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       job_change *what, struct err_info *e)
{
    struct job job;
    int64_t id;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(what(&tx, id, console_visitor(r)->token, &job, e));
    httpd_reply_json(reply, &j);
    TRY(job_write(&tx, &job, &j, NULL, e));
    return hall_commit(&tx, e);
}

HANDLER(console_job_ticket)
{
    return change(r, reply, app, job_ticket, e);
}

HANDLER(console_job_cancel)
{
    return change(r, reply, app, job_cancel, e);
}

HANDLER(console_job_finish)
{
    const struct console *c = app;
    const struct visitor *v = console_visitor(r);
    struct job_finished done;
    const json_t *body;
    const char *token;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "token", &token, e));
    TRY(job_finish(c->hall, &v->actor, v->token, token, r->arena, &done, e));
    TRY(console_begin(r, c, 0, &tx, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    TRY(job_write(&tx, &done.job, &j, "job", e));
    web_some(&j, "href", done.href);
    jout_end(&j);
    return ERR_OK;
}
