/* Who is it, may he, and did he mean it: before every handler. */
#include "console/console_priv.h"

#include <string.h>

const struct visitor *console_visitor(const struct httpd_request *r)
{
    return r->session;
}

/* The session of the cookie, if it is one; a cookie that is none any more is no error. */
static enum err find_session(struct httpd_request *r, const struct console *c, struct visitor *v,
                             struct err_info *e)
{
    const char *token = httpd_own_cookie(r, CONSOLE_COOKIE);
    struct err_info none;
    _auto_hall_tx tx = {0};
    if (!token || !*token)
        return ERR_OK;
    TRY(hall_begin(c->hall, 0, &hall_system, r->arena, &tx, e));
    enum err found = session_find(&tx, SESSION_STAFF, token, &v->session, &none);
    if (found == ERR_UNAUTHENTICATED)
        return ERR_OK;
    if (found != ERR_OK) {
        *e = none;
        return found;
    }
    TRY(staff_get(&tx, v->session.who, &v->staff, e));
    v->token = token;
    v->signed_in = !v->staff.disabled;
    return ERR_OK;
}

static enum err note_use(struct httpd_request *r, const struct console *c, const struct visitor *v,
                         struct err_info *e)
{
    _auto_hall_tx tx = {0};
    if (!v->signed_in || !session_wants_note(&v->session, clock_machine()))
        return ERR_OK;
    TRY(hall_begin(c->hall, 1, &hall_system, r->arena, &tx, e));
    TRY(session_seen(&tx, v->session.id, e));
    return hall_commit(&tx, e);
}

static enum err forbidden(const struct httpd_request *r, unsigned wanted, struct err_info *e)
{
    err_set(e, ERR_FORBIDDEN, NULL, "%s %s", r->method, r->path);
    err_arg(e, "who", "%s", console_roles_text(r->arena, wanted, r->lang));
    return ERR_FORBIDDEN;
}

static enum err may(struct httpd_request *r, struct visitor *v, struct err_info *e)
{
    unsigned wanted = (unsigned)r->permission & CONSOLE_ROLES;
    if (!wanted)
        return ERR_OK;
    if (!v->signed_in)
        return err_set(e, ERR_UNAUTHENTICATED, NULL, NULL);
    unsigned fits = v->staff.roles & wanted;
    if (!fits)
        return forbidden(r, wanted, e);
    v->acts_as = fits & (0u - fits);
    return staff_actor(&v->staff, (enum staff_role)v->acts_as, v->actor.address, &v->actor, e);
}

static enum err meant(struct httpd_request *r, const struct console *c, const struct visitor *v,
                      struct err_info *e)
{
    if (strcmp(r->method, "GET") == 0)
        return ERR_OK;
    if (v->signed_in)
        return session_check_csrf(&v->session, httpd_header(r, "X-CSRF"), e);
    return web_guest_check(r, c->hall->vault, CONSOLE_GUEST_COOKIE, e);
}

enum err console_guard(struct httpd_request *r, void *app, struct err_info *e)
{
    const struct console *c = app;
    struct visitor *v = arena_alloc(r->arena, sizeof *v);
    if ((r->permission & CONSOLE_DEMO) && !c->hall->demo)
        return err_set(e, ERR_NOT_FOUND, NULL, "only in a demo");
    v->actor =
        (struct actor){.kind = BY_STAFF, .name = "", .role = "", .address = httpd_peer(r)->address};
    r->session = v;
    TRY(web_origin_check(r, c->hall->public_url, e));
    TRY(find_session(r, c, v, e));
    if (v->signed_in) {
        v->actor.id = v->staff.id;
        v->actor.name = v->staff.name;
    }
    TRY(may(r, v, e));
    TRY(meant(r, c, v, e));
    return note_use(r, c, v, e);
}

enum err console_begin(struct httpd_request *r, const struct console *c, int write,
                       struct hall_tx *tx, struct err_info *e)
{
    TRY(hall_begin(c->hall, write, &console_visitor(r)->actor, r->arena, tx, e));
    tx->lang = r->lang;
    return ERR_OK;
}

enum err console_again(httpd_handler once, struct httpd_request *r, struct httpd_reply *reply,
                       void *app, struct err_info *e)
{
    enum { TRIES = 4 };
    enum err done = ERR_STORE_RETRY;
    for (int i = 0; i < TRIES; i++) {
        err_clear(e);
        reply->body.n = 0;
        done = once(r, reply, app, e);
        if (!hall_lost(done, e))
            break;
    }
    return done;
}

int console_has(const struct httpd_request *r, unsigned roles)
{
    return (console_visitor(r)->staff.roles & roles) != 0;
}
