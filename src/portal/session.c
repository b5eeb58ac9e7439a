/* Signing in with authorisation code and reporting code (S0-02), and out. */
#include "portal/portal_priv.h"

#include "base/text.h"
#include "hall/institution/institution.h"

#include <inttypes.h>
#include <string.h>

static enum err write_person(struct hall_tx *tx, const struct portal_session *s, struct json_out *j,
                             struct err_info *e)
{
    struct institution inst;
    int64_t unread;
    TRY(institution_get(tx, s->account.institution, &inst, e));
    TRY(order_message_unread(tx, s->account.id, &unread, e));
    jout_text(j, "project", s->session.project);
    jout_object(j, "person");
    jout_id(j, "id", s->account.id);
    jout_text(j, "name", s->account.handler);
    jout_end(j);
    jout_object(j, "institution");
    jout_text(j, "name", inst.name);
    jout_text(j, "reporting_code", s->account.reporting_code);
    jout_end(j);
    jout_text(j, "by", strcmp(s->session.way, "ukey") == 0 ? "ukey" : "code");
    int64_t ends_at = s->session.ends_at < s->session.idle_ends_at ? s->session.ends_at
                                                                   : s->session.idle_ends_at;
    jout_text(j, "expires_at", time_rfc3339(tx->arena, ends_at));
    jout_int(j, "unread", unread);
    return ERR_OK;
}

enum err portal_write_session(struct hall_tx *tx, struct portal_call *c,
                              const struct portal_session *s, struct json_out *j, const char *key,
                              struct err_info *e)
{
    /* the browser's own secret is there before it is needed for the first change */
    const char *guest = web_guest_csrf(c->r, c->reply, c->app->hall->vault, PORTAL_BROWSER_COOKIE);
    jout_object(j, key);
    jout_bool(j, "signed_in", s->signed_in);
    jout_text(j, "csrf", s->signed_in ? s->session.csrf : guest);
    jout_text(j, "now", time_rfc3339(tx->arena, tx->now));
    if (s->signed_in)
        TRY(write_person(tx, s, j, e));
    jout_bool(j, "demo", c->app->hall->demo);
    jout_end(j);
    return ERR_OK;
}

static enum err get_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct json_out j;
    httpd_reply_json(c->reply, &j);
    return portal_write_session(tx, c, c->s, &j, NULL, e);
}

enum err portal_session_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    httpd_reply_header(reply, "Cache-Control", "no-store");
    return portal_read(&c, get_work, e);
}

struct signing_in {
    const char *project, *way;
    int64_t account;
    const char *token; /* of the session, once it is open */
};

static enum err open_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct signing_in *in = c->arg;
    struct portal_session s = *c->s;
    struct json_out j;
    if (s.signed_in) /* another code in the same browser: the one before is over */
        TRY(session_close(tx, s.session.id, e));
    TRY(session_open(tx, SESSION_APPLICANT, in->account, in->project, in->way, &in->token,
                     &s.session, e));
    TRY(account_get(tx, in->account, &s.account, e));
    s.signed_in = 1;
    c->reply->status = 201;
    httpd_reply_json(c->reply, &j);
    return portal_write_session(tx, c, &s, &j, NULL, e);
}

static const char *arg_of(const struct err_info *e, const char *name)
{
    for (int i = 0; i < e->args; i++)
        if (strcmp(e->arg[i].name, name) == 0)
            return e->arg[i].value;
    return NULL;
}

/* Refusals as the interface names them: the first usable day (S0-17), when to try again (G-40). */
static enum err refuse(struct portal_call *c, const struct err_info *e)
{
    struct json_out j;
    if (e->code == ERR_ACCOUNT_EARLY) {
        portal_error_begin(c, e, 409, "code.too_early", &j);
        web_some(&j, "usable_on", arg_of(e, "usable_on"));
    } else if (e->code == ERR_LIMITED) {
        const char *text = arg_of(e, "minutes");
        int64_t minutes = 1;
        if (text)
            text_to_id(text, &minutes);
        int64_t at = clock_machine() + minutes * TIME_MINUTE;
        portal_error_begin(c, e, 0, NULL, &j);
        jout_text(&j, "retry_at", time_rfc3339(c->r->arena, at));
    } else if (e->code == ERR_ACCOUNT_WRONG) {
        portal_error_begin(c, e, 0, "code.wrong", &j);
    } else {
        return e->code;
    }
    jout_end(&j);
    return ERR_OK;
}

enum err portal_session_create(struct httpd_request *r, struct httpd_reply *reply, void *app,
                               struct err_info *e)
{
    struct signing_in in = {.way = "code"};
    struct portal_call c = PORTAL_CALL(r, reply, app, &in);
    struct account_sign_in typed = {.address = c.s->who.address, .lang = r->lang};
    const struct project *p;
    const json_t *body;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "project", &typed.project, e));
    TRY(json_get_text(body, "code", &typed.code, e));
    TRY(json_get_text(body, "reporting_code", &typed.reporting_code, e));
    TRY(portal_project(&c, typed.project, &p, e));
    TRY(portal_method(p, LOGIN_CODE, e));
    enum err refused = account_sign_in(c.app->hall, &typed, r->arena, &in.account, e);
    if (refused != ERR_OK)
        return refuse(&c, e);
    in.project = p->about.code;
    TRY(portal_write(&c, open_work, e));
    httpd_reply_cookie(reply, PORTAL_SESSION_COOKIE, in.token, HTTPD_SESSION_COOKIE);
    return ERR_OK;
}

static enum err close_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const int *everywhere = c->arg;
    return *everywhere ? session_close_all(tx, SESSION_APPLICANT, c->s->account.id, e)
                       : session_close(tx, c->s->session.id, e);
}

enum err portal_session_delete(struct httpd_request *r, struct httpd_reply *reply, void *app,
                               struct err_info *e)
{
    int everywhere;
    struct portal_call c = PORTAL_CALL(r, reply, app, &everywhere);
    TRY(web_everywhere(r, &everywhere, e));
    reply->status = 204;
    httpd_reply_cookie(reply, PORTAL_SESSION_COOKIE, "", -1);
    return c.s->signed_in ? portal_write(&c, close_work, e) : ERR_OK;
}
