/* Units of work of a request, and what every handler needs. */
#include "portal/portal_priv.h"

#include <inttypes.h>
#include <string.h>

enum { TRIES = 4 };

static enum err begin(struct portal_call *c, int write, struct hall_tx *tx, struct err_info *e)
{
    TRY(hall_begin(c->app->hall, write, &c->s->who, c->r->arena, tx, e));
    tx->lang = c->r->lang;
    return ERR_OK;
}

enum err portal_read(struct portal_call *c, portal_work *work, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(begin(c, 0, &tx, e));
    return work(&tx, c, e);
}

static enum err once(struct portal_call *c, portal_work *work, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    c->reply->body.n = 0;
    TRY(begin(c, 1, &tx, e));
    TRY(work(&tx, c, e));
    return hall_commit(&tx, e);
}

enum err portal_write(struct portal_call *c, portal_work *work, struct err_info *e)
{
    enum err done = ERR_STORE_RETRY;
    for (int i = 0; i < TRIES && (i == 0 || hall_lost(done, e)); i++) {
        err_clear(e);
        done = once(c, work, e);
    }
    return done;
}

enum err portal_project(const struct portal_call *c, const char *code, const struct project **out,
                        struct err_info *e)
{
    *out = projects_find(c->app->hall->projects, code);
    return *out ? ERR_OK : err_set(e, ERR_NOT_FOUND, "project", NULL);
}

enum err portal_method(const struct project *p, enum project_login method, struct err_info *e)
{
    return p->login.methods >> method & 1 ? ERR_OK : err_set(e, ERR_LOGIN_METHOD, NULL, NULL);
}

enum err portal_order(struct hall_tx *tx, struct portal_call *c, struct order *out,
                      struct err_info *e)
{
    int64_t id;
    TRY(httpd_param_id(c->r, "order", &id, e));
    return order_get_of(tx, id, c->s->account.id, out, e);
}

const char *portal_order_no(struct arena *a, int64_t id)
{
    return arena_fmt(a, "%019" PRId64, id);
}

void portal_error_begin(struct portal_call *c, const struct err_info *e, int status,
                        const char *code, struct json_out *j)
{
    char message[600];
    err_message(e, c->r->lang, message, sizeof message);
    c->reply->body.n = 0;
    c->reply->status = status ? status : err_http_status(e->code);
    httpd_reply_json(c->reply, j);
    jout_object(j, NULL);
    jout_text(j, "code", code ? code : err_code_text(e->code));
    if (e->field[0])
        jout_text(j, "field", e->field);
    jout_text(j, "message", message);
    jout_text(j, "ref", httpd_ref(c->r));
}
