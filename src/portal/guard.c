/* Who calls, and is the change his own wish (CSRF). */
#include "portal/portal_priv.h"

#include <string.h>

static enum err find_session(struct httpd_request *r, const struct portal *p, const char *token,
                             struct portal_session *s, int *note, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(p->hall, 0, &s->who, r->arena, &tx, e));
    tx.lang = r->lang;
    enum err found = session_find(&tx, SESSION_APPLICANT, token, &s->session, e);
    if (found == ERR_UNAUTHENTICATED)
        return ERR_OK;
    TRY(found);
    TRY(account_get(&tx, s->session.who, &s->account, e));
    if (s->account.state == ACCOUNT_WITHDRAWN)
        return ERR_OK;
    s->signed_in = 1;
    s->token = token;
    s->who.id = s->account.id;
    s->who.name = s->account.user_name;
    *note = session_wants_note(&s->session, tx.machine);
    return ERR_OK;
}

/* Once a minute, so that idle sessions end; another process may be noting it just now. */
static enum err note_use(struct httpd_request *r, const struct portal *p, struct portal_session *s,
                         struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(p->hall, 1, &s->who, r->arena, &tx, e));
    TRY(session_seen(&tx, s->session.id, e));
    return hall_commit(&tx, e);
}

static enum err check_csrf(struct httpd_request *r, const struct portal *p,
                           const struct portal_session *s, struct err_info *e)
{
    const char *given = httpd_header(r, "X-CSRF");
    if (strcmp(r->method, "GET") == 0)
        return ERR_OK;
    return s->signed_in ? session_check_csrf(&s->session, given ? given : "", e)
                        : web_guest_check(r, p->hall->vault, PORTAL_BROWSER_COOKIE, e);
}

enum err portal_guard(struct httpd_request *r, void *app, struct err_info *e)
{
    const struct portal *p = app;
    struct portal_session *s = arena_alloc(r->arena, sizeof *s);
    const char *token = httpd_own_cookie(r, PORTAL_SESSION_COOKIE);
    int note = 0;
    s->who = (struct actor){
        .kind = BY_APPLICANT, .name = "", .role = "", .address = httpd_peer(r)->address};
    s->browser = httpd_own_cookie(r, PORTAL_BROWSER_COOKIE);
    r->session = s;
    TRY(web_origin_check(r, p->hall->public_url, e));
    if (token && *token)
        TRY(find_session(r, p, token, s, &note, e));
    TRY(check_csrf(r, p, s, e));
    if (r->permission == PORTAL_APPLICANT && !s->signed_in)
        return err_set(e, ERR_UNAUTHENTICATED, NULL, NULL);
    return note ? note_use(r, p, s, e) : ERR_OK;
}
