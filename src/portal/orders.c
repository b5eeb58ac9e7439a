/* Orders of the person who is signed in. */
#include "hall/payment/payment.h"

#include "portal/portal_priv.h"

#include <inttypes.h>
#include <string.h>

/* ---- list ---- */

static int group_of(const char *text)
{
    for (int g = ORDER_YOURS; text && g <= ORDER_ENDED; g++)
        if (strcmp(order_group_text((enum order_group)g), text) == 0)
            return g;
    return -1;
}

static enum err list_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct web_page page;
    const struct order *list;
    struct order_counts counts;
    size_t n;
    struct json_out j;
    TRY(web_page(c->r, &page, e));
    struct order_filter f = {
        .account = c->s->account.id,
        .group = group_of(httpd_query(c->r, "group")),
        .q = httpd_query(c->r, "q"),
        .before = page.after,
        .limit = page.limit + 1,
    };
    TRY(order_list(tx, &f, &list, &n, e));
    TRY(order_count(tx, c->s->account.id, &counts, e));
    int more = n > (size_t)page.limit;
    n = more ? (size_t)page.limit : n;
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    TRY(order_write_items(tx, list, n, ORDER_FOR_APPLICANT, &j, "items", e));
    jout_object(&j, "counts");
    jout_int(&j, "yours", counts.yours);
    jout_int(&j, "running", counts.running);
    jout_int(&j, "ended", counts.ended);
    jout_end(&j);
    if (more)
        jout_id(&j, "next", list[n - 1].id);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_order_list(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    const char *group = httpd_query(r, "group");
    if (group && group_of(group) < 0) {
        err_set(e, ERR_BAD_REQUEST, "group", NULL);
        err_arg(e, "why", "%s", "group");
        return ERR_BAD_REQUEST;
    }
    return portal_read(&c, list_work, e);
}

/* ---- one ---- */

static enum err reply_order(struct hall_tx *tx, struct portal_call *c, const struct order *o,
                            struct err_info *e)
{
    struct json_out j;
    c->reply->body.n = 0;
    httpd_reply_json(c->reply, &j);
    return order_write(tx, o, &j, NULL, e);
}

struct beginning {
    const char *project;
    enum flow_type type;
};

static enum err create_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const struct beginning *b = c->arg;
    struct order o;
    int fresh;
    TRY(order_create(tx, b->project, b->type, &o, &fresh, e));
    c->reply->status = fresh ? 201 : 200;
    return reply_order(tx, c, &o, e);
}

enum err portal_order_create(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    struct beginning b;
    struct portal_call c = PORTAL_CALL(r, reply, app, &b);
    const char *type;
    const json_t *body;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "project", &b.project, e));
    TRY(json_get_text(body, "type", &type, e));
    b.type = order_type_from_code(type);
    if (b.type == TYPE_COUNT)
        return err_set(e, ERR_ORDER_TYPE_CLOSED, "type", "no type %s", type);
    /* a code is good for its own project only */
    if (strcmp(b.project, c.s->session.project) != 0)
        return err_set(e, ERR_NOT_FOUND, "project", "signed in to another project");
    return portal_write(&c, create_work, e);
}

static enum err get_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct order o;
    TRY(portal_order(tx, c, &o, e));
    return reply_order(tx, c, &o, e);
}

enum err portal_order_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                          struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, get_work, e);
}

static enum err log_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct order o;
    struct web_page page;
    const struct order_log *log;
    size_t n;
    struct json_out j;
    TRY(portal_order(tx, c, &o, e));
    TRY(web_page(c->r, &page, e));
    TRY(order_log_list(tx, o.id, page.after, page.limit + 1, &log, &n, e));
    int more = n > (size_t)page.limit;
    n = more ? (size_t)page.limit : n;
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        if (!*log[i].text) /* for the audit only */
            continue;
        jout_object(&j, NULL);
        jout_text(&j, "at", time_rfc3339(tx->arena, log[i].at));
        jout_text(&j, "text", log[i].text);
        jout_text(&j, "who", log[i].who);
        jout_end(&j);
    }
    jout_end(&j);
    if (more)
        jout_id(&j, "next", log[n - 1].id);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_order_log_list(struct httpd_request *r, struct httpd_reply *reply, void *app,
                               struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, log_work, e);
}

/* ---- submit and cancel ---- */

struct submitting {
    struct order_submit in;
    struct form_problems problems;
};

static enum err submit_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct submitting *s = c->arg;
    struct order o;
    TRY(portal_order(tx, c, &o, e));
    s->in.id = o.id;
    TRY(order_submit(tx, &s->in, &o, &s->problems, e));
    return reply_order(tx, c, &o, e);
}

static enum err refuse_all(struct portal_call *c, const struct submitting *s,
                           const struct err_info *e)
{
    struct json_out j;
    portal_error_begin(c, e, 0, NULL, &j);
    jout_list(&j, "errors");
    for (size_t i = 0; i < s->problems.n; i++)
        order_write_problem(&s->problems.item[i], c->r->lang, &j, NULL);
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_order_submit(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    struct submitting *s = arena_alloc(r->arena, sizeof *s);
    struct portal_call c = PORTAL_CALL(r, reply, app, s);
    const json_t *body;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_int(body, "revision", &s->in.seen, e));
    TRY(json_get_text(body, "agreement_version", &s->in.agreement, e));
    TRY(json_get_bool(body, "consent", &s->in.consent, e));
    enum err done = portal_write(&c, submit_work, e);
    return done == ERR_ORDER_INCOMPLETE && s->problems.n ? refuse_all(&c, s, e) : done;
}

/* Money that is on its way decides first: paid, the order stays. */
static enum err look_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct order o;
    int64_t *ask = c->arg;
    int must;
    TRY(portal_order(tx, c, &o, e));
    TRY(payment_must_ask(tx, o.id, &must, e));
    *ask = must ? o.id : 0;
    return ERR_OK;
}

static enum err cancel_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct order o;
    TRY(portal_order(tx, c, &o, e));
    TRY(order_cancel(tx, o.id, &o, e));
    return reply_order(tx, c, &o, e);
}

enum err portal_order_cancel(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    int64_t ask = 0;
    struct portal_call c = PORTAL_CALL(r, reply, app, &ask);
    TRY(portal_read(&c, look_work, e));
    if (ask)
        TRY(portal_ask_gateway(&c, ask, e));
    return portal_write(&c, cancel_work, e);
}
