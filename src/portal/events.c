/* Live events: only that something changed, and only of what the reader may read. */
#include "portal/portal_priv.h"

#include "base/text.h"
#include "hall/job/job.h"

#include <inttypes.h>
#include <string.h>

struct topics {
    const char *wanted[WEB_TOPICS_MAX];
    struct web_listen listen[WEB_TOPICS_MAX];
    size_t n;
};

/* A topic as the hall knows it. What is not the reader's is not there. */
static enum err allow(struct hall_tx *tx, struct portal_call *c, const char *wanted,
                      struct web_listen *out, struct err_info *e)
{
    int64_t id;
    struct order o;
    struct job job;
    *out = (struct web_listen){.name = wanted};
    if (strcmp(wanted, "messages") == 0 && c->s->signed_in) {
        out->listen = arena_fmt(tx->arena, "messages:%" PRId64, c->s->account.id);
        out->what = "message";
    } else if (strncmp(wanted, "order:", 6) == 0 && c->s->signed_in &&
               text_to_id(wanted + 6, &id)) {
        TRY(order_get_of(tx, id, c->s->account.id, &o, e));
        out->listen = arena_fmt(tx->arena, "order:%" PRId64, id);
        out->what = "status";
    } else if (strncmp(wanted, "job:", 4) == 0 && c->s->browser && text_to_id(wanted + 4, &id)) {
        TRY(job_get(tx, id, c->s->browser, &job, e));
        out->listen = arena_fmt(tx->arena, "job:%" PRId64, id);
        out->what = "job";
    }
    return out->listen ? ERR_OK : err_set(e, ERR_NOT_FOUND, "topic", NULL);
}

static enum err allow_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct topics *t = c->arg;
    for (size_t i = 0; i < t->n; i++)
        TRY(allow(tx, c, t->wanted[i], &t->listen[i], e));
    return ERR_OK;
}

enum err portal_event_stream(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    struct topics t;
    struct portal_call c = PORTAL_CALL(r, reply, app, &t);
    TRY(web_topics(r, t.wanted, &t.n, e));
    TRY(portal_read(&c, allow_work, e));
    struct web_reader reader = {c.app->hall, SESSION_APPLICANT, c.s->session.id, c.s->token};
    return web_events(r, reply, &reader, t.listen, t.n, e);
}
