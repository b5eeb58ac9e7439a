/* Signing in and out. */
#include "console/console_priv.h"

#include <string.h>

/* First page of a role; the list of tasks where none is better. */
static const char *home_of(unsigned roles)
{
    if (roles & STAFF_AUDITOR)
        return "/console/audit";
    if (roles & STAFF_REGULATOR)
        return "/console/intake";
    return "/console/work";
}

static void write_signed_in(struct httpd_request *r, const struct session *s,
                            const struct staff *who, struct json_out *j)
{
    jout_text(j, "csrf", s->csrf);
    console_write_staff(j, r->arena, "person", who, r->lang);
    console_write_roles(j, who->roles);
    jout_text(j, "by", strcmp(s->way, "password") == 0 ? "password" : "stand_in");
    jout_text(j, "home", home_of(who->roles));
    web_time(j, r->arena, "expires_at",
             s->ends_at < s->idle_ends_at ? s->ends_at : s->idle_ends_at);
}

/* StaffSession; `s` NULL: nobody is signed in. */
static void write_session(struct httpd_request *r, struct httpd_reply *reply,
                          const struct console *c, const struct session *s, const struct staff *who)
{
    struct json_out j;
    const char *csrf = s ? NULL : web_guest_csrf(r, reply, c->hall->vault, CONSOLE_GUEST_COOKIE);
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_bool(&j, "signed_in", s != NULL);
    jout_text(&j, "now", time_rfc3339(r->arena, clock_business(c->hall->clock)));
    jout_bool(&j, "demo", c->hall->demo);
    if (s)
        write_signed_in(r, s, who, &j);
    else
        jout_text(&j, "csrf", csrf);
    jout_end(&j);
}

HANDLER(console_session_get)
{
    const struct visitor *v = console_visitor(r);
    (void)e;
    write_session(r, reply, app, v->signed_in ? &v->session : NULL, &v->staff);
    return ERR_OK;
}

/* A new session for `id` in place of the browser's old one. */
static enum err open_session(struct httpd_request *r, struct httpd_reply *reply, struct hall_tx *tx,
                             int64_t id, const char *way, struct session *s, struct staff *who,
                             struct err_info *e)
{
    const struct visitor *v = console_visitor(r);
    const char *token;
    if (v->signed_in)
        TRY(session_close(tx, v->session.id, e));
    TRY(staff_get(tx, id, who, e));
    TRY(session_open(tx, SESSION_STAFF, id, "", way, &token, s, e));
    TRY(hall_commit(tx, e));
    httpd_reply_cookie(reply, CONSOLE_COOKIE, token, HTTPD_SESSION_COOKIE);
    reply->status = 201;
    return ERR_OK;
}

HANDLER(console_session_create)
{
    const struct console *c = app;
    const json_t *body;
    const char *login, *password;
    struct session s;
    struct staff who;
    int64_t id;
    _auto_hall_tx tx = {0};
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "login", &login, e));
    TRY(json_get_text(body, "password", &password, e));
    TRY(staff_sign_in(c->hall, login, password, console_visitor(r)->actor.address, r->arena, &id,
                      e));
    TRY(console_begin(r, c, 1, &tx, e));
    TRY(open_session(r, reply, &tx, id, "password", &s, &who, e));
    write_session(r, reply, c, &s, &who);
    return ERR_OK;
}

HANDLER(console_demo_sign_in)
{
    const struct console *c = app;
    const json_t *body;
    struct session s;
    struct staff who;
    int64_t id;
    _auto_hall_tx tx = {0};
    TRY(httpd_json(r, &body, e));
    TRY(json_get_id(body, "person", &id, e));
    TRY(console_begin(r, c, 1, &tx, e));
    TRY(staff_stand_in(&tx, id, e));
    TRY(open_session(r, reply, &tx, id, "stand-in", &s, &who, e));
    write_session(r, reply, c, &s, &who);
    return ERR_OK;
}

HANDLER(console_session_delete)
{
    const struct visitor *v = console_visitor(r);
    int everywhere;
    _auto_hall_tx tx = {0};
    TRY(web_everywhere(r, &everywhere, e));
    if (v->signed_in) {
        TRY(console_begin(r, app, 1, &tx, e));
        TRY(everywhere ? session_close_all(&tx, SESSION_STAFF, v->staff.id, e)
                       : session_close(&tx, v->session.id, e));
        TRY(hall_commit(&tx, e));
    }
    httpd_reply_cookie(reply, CONSOLE_COOKIE, "", -1);
    reply->status = 204;
    return ERR_OK;
}
