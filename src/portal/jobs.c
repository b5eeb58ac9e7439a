/* Jobs for the agent. They belong to the browser that made them, whoever is or is not signed in there (design 6). */
#include "portal/portal_priv.h"

#include "base/text.h"
#include "hall/job/job.h"

#include <string.h>

const char *portal_browser(const struct portal_call *c)
{
    return c->s->browser ? c->s->browser : "";
}

/* For whom a job is: who is signed in, otherwise for nobody. */
static struct actor job_actor(const struct portal_call *c)
{
    struct actor nobody = hall_system;
    nobody.address = c->s->who.address;
    return c->s->signed_in ? c->s->who : nobody;
}

/* A wrong code or wrong digits: how often one may still try stands in the args. */
enum err portal_refuse_tries(struct portal_call *c, const struct err_info *e)
{
    struct json_out j;
    int64_t left = 0;
    for (int i = 0; i < e->args; i++)
        if (strcmp(e->arg[i].name, "left") == 0 && !text_to_id(e->arg[i].value, &left))
            left = 0;
    portal_error_begin(c, e, 0, NULL, &j);
    jout_int(&j, "tries_left", left);
    jout_end(&j);
    return ERR_OK;
}

static enum err reply_job(struct hall_tx *tx, struct portal_call *c, const struct job *job,
                          struct err_info *e)
{
    struct json_out j;
    httpd_reply_json(c->reply, &j);
    return job_write(tx, job, &j, NULL, e);
}

/* ---- make ---- */

static int is_for_users(enum job_kind k)
{
    return k == JOB_LOGIN || k == JOB_IDENTIFY || k == JOB_ACTIVATE || k == JOB_CHANGE_PIN ||
           k == JOB_DIAGNOSE;
}

static enum err bad(struct err_info *e, const char *field)
{
    err_set(e, ERR_BAD_REQUEST, field, NULL);
    err_arg(e, "why", "%s", field);
    return ERR_BAD_REQUEST;
}

static enum err read_new(struct portal_call *c, struct job_new *n, struct err_info *e)
{
    const json_t *body;
    const char *kind, *project, *sms;
    const struct project *p;
    TRY(httpd_json(c->r, &body, e));
    TRY(json_get_text(body, "kind", &kind, e));
    TRY(json_get_text(body, "project", &project, e));
    n->serial = json_opt_text(body, "serial", "");
    sms = json_opt_text(body, "sms_id", "");
    if (!job_kind_from_text(kind, &n->kind) || !is_for_users(n->kind))
        return bad(e, "kind");
    if (*sms && !text_to_id(sms, &n->sms))
        return bad(e, "sms_id");
    TRY(portal_project(c, project, &p, e));
    if (n->kind == JOB_LOGIN)
        TRY(portal_method(p, LOGIN_UKEY, e));
    /* a session is good for its own project only; signing in may go to another one */
    if (c->s->signed_in && n->kind != JOB_LOGIN && strcmp(project, c->s->session.project) != 0)
        return err_set(e, ERR_NOT_FOUND, "project", "signed in to another project");
    n->project = p->about.code;
    return ERR_OK;
}

static enum err create_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct job job;
    tx->who = job_actor(c);
    TRY(job_make(tx, c->arg, &job, e));
    c->reply->status = 201;
    return reply_job(tx, c, &job, e);
}

enum err portal_job_create(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    struct job_new n = {0};
    struct portal_call c = PORTAL_CALL(r, reply, app, &n);
    TRY(read_new(&c, &n, e));
    n.browser = web_guest(r, reply, PORTAL_BROWSER_COOKIE);
    return portal_write(&c, create_work, e);
}

/* ---- follow ---- */

static enum err get_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct job job;
    int64_t id;
    TRY(httpd_param_id(c->r, "id", &id, e));
    TRY(job_get(tx, id, portal_browser(c), &job, e));
    return reply_job(tx, c, &job, e);
}

enum err portal_job_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                        struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, get_work, e);
}

typedef enum err job_change(struct hall_tx *tx, int64_t id, const char *browser, struct job *out,
                            struct err_info *e);

static enum err change(struct hall_tx *tx, struct portal_call *c, job_change *how,
                       struct err_info *e)
{
    struct job job;
    int64_t id;
    tx->who = job_actor(c);
    TRY(httpd_param_id(c->r, "id", &id, e));
    TRY(how(tx, id, portal_browser(c), &job, e));
    return reply_job(tx, c, &job, e);
}

static enum err ticket_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    return change(tx, c, job_ticket, e);
}

static enum err cancel_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    return change(tx, c, job_cancel, e);
}

enum err portal_job_ticket(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_write(&c, ticket_work, e);
}

enum err portal_job_cancel(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_write(&c, cancel_work, e);
}

/* ---- finish ---- */

struct finishing {
    int64_t id; /* 0: by token */
    const char *shown;
    struct job_finished done;
};

/* The hall keeps its own transactions here; what another request or the agent did meanwhile is tried again. */
static enum err finish(struct portal_call *c, struct finishing *f, struct err_info *e)
{
    enum { TRIES = 4 };
    const struct hall *h = c->app->hall;
    struct actor who = job_actor(c);
    enum err done = ERR_STORE_RETRY;
    for (int i = 0; i < TRIES && (done == ERR_STORE_RETRY || done == ERR_CONFLICT); i++) {
        err_clear(e);
        done = f->id ? job_finish_code(h, &who, portal_browser(c), f->id, f->shown, c->r->arena,
                                       &f->done, e)
                     : job_finish(h, &who, portal_browser(c), f->shown, c->r->arena, &f->done, e);
    }
    return done;
}

/* The session that a login opened takes the place of the browser's own. */
static enum err take_session(struct hall_tx *tx, const char *token, struct portal_session *s,
                             struct err_info *e)
{
    if (s->signed_in)
        TRY(session_close(tx, s->session.id, e));
    TRY(session_find(tx, SESSION_APPLICANT, token, &s->session, e));
    TRY(account_get(tx, s->session.who, &s->account, e));
    s->signed_in = 1;
    return ERR_OK;
}

static enum err finished_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const struct finishing *f = c->arg;
    struct portal_session s = *c->s;
    struct json_out j;
    if (f->done.session)
        TRY(take_session(tx, f->done.session, &s, e));
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    TRY(job_write(tx, &f->done.job, &j, "job", e));
    if (f->done.job.kind == JOB_LOGIN && s.signed_in)
        TRY(portal_write_session(tx, c, &s, &j, "session", e));
    web_some(&j, "href", f->done.href);
    jout_end(&j);
    return ERR_OK;
}

static enum err reply_finished(struct portal_call *c, struct finishing *f, struct err_info *e)
{
    enum err done = finish(c, f, e);
    if (done == ERR_JOB_CODE)
        return portal_refuse_tries(c, e);
    TRY(done);
    TRY(portal_write(c, finished_work, e));
    if (f->done.session)
        httpd_reply_cookie(c->reply, PORTAL_SESSION_COOKIE, f->done.session, HTTPD_SESSION_COOKIE);
    return ERR_OK;
}

enum err portal_job_finish(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    struct finishing f = {0};
    struct portal_call c = PORTAL_CALL(r, reply, app, &f);
    const json_t *body;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "token", &f.shown, e));
    return reply_finished(&c, &f, e);
}

enum err portal_job_finish_code(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                struct err_info *e)
{
    struct finishing f = {0};
    struct portal_call c = PORTAL_CALL(r, reply, app, &f);
    const json_t *body;
    TRY(httpd_param_id(r, "id", &f.id, e));
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "code", &f.shown, e));
    return reply_finished(&c, &f, e);
}
