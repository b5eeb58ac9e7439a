/* The one-time code to the handler's mobile that authorises a first PIN (10.5 T4). */
#include "portal/portal_priv.h"

#include "hall/job/job.h"

#include <string.h>

static void write_sms(struct portal_call *c, const struct job_sms *sms)
{
    struct arena *a = c->r->arena;
    struct json_out j;
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    jout_id(&j, "id", sms->id);
    jout_text(&j, "to", sms->to);
    jout_bool(&j, "verified", sms->verified);
    jout_text(&j, "expires_at", time_rfc3339(a, sms->expires_at));
    jout_text(&j, "resend_at", time_rfc3339(a, sms->resend_at));
    jout_int(&j, "tries_left", sms->tries_left);
    jout_end(&j);
}

struct sending {
    const char *browser, *serial;
};

/* Texts that leave the house are Chinese, as all SMS are; the profile's words where it has some. */
static const char *text_of(const struct project *p)
{
    const char *own = p->notify[NOTICE_SMS_CODE].sms.in[LANG_ZH];
    return own && *own ? own
                       : "验证码 {code}，{minutes} 分钟内有效，用于设定 UKey "
                         "密码。不要告诉任何人。";
}

static enum err send_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const struct sending *s = c->arg;
    const struct project *p;
    struct job_sms sms;
    TRY(portal_project(c, c->s->session.project, &p, e));
    TRY(job_sms_send(tx, s->browser, s->serial, text_of(p), &sms, e));
    c->reply->status = 201;
    write_sms(c, &sms);
    return ERR_OK;
}

enum err portal_sms_send(struct httpd_request *r, struct httpd_reply *reply, void *app,
                         struct err_info *e)
{
    struct sending s;
    struct portal_call c = PORTAL_CALL(r, reply, app, &s);
    const char *purpose;
    const json_t *body;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "purpose", &purpose, e));
    TRY(json_get_text(body, "serial", &s.serial, e));
    if (strcmp(purpose, "activate") != 0) {
        err_set(e, ERR_BAD_REQUEST, "purpose", NULL);
        err_arg(e, "why", "%s", "purpose");
        return ERR_BAD_REQUEST;
    }
    s.browser = web_guest(r, reply, PORTAL_BROWSER_COOKIE);
    return portal_write(&c, send_work, e);
}

enum err portal_sms_verify(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    struct job_sms sms;
    const char *code;
    const json_t *body;
    int64_t id;
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "code", &code, e));
    enum err done = job_sms_verify(c.app->hall, &c.s->who, portal_browser(&c), id, code, r->arena,
                                   &sms, e);
    if (done == ERR_OTP_WRONG)
        return portal_refuse_tries(&c, e);
    TRY(done);
    write_sms(&c, &sms);
    return ERR_OK;
}
