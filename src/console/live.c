/* Live events: which topics of the hall a page's topic listens to. */
#include "console/console_priv.h"
#include "console/queue.h"

#include "base/text.h"
#include "hall/project/project.h"

#include <string.h>

struct topics {
    struct httpd_request *r;
    struct web_listen listen[WEB_LISTENS_MAX];
    size_t n;
};

static void add(struct topics *t, const char *listen, const char *name, const char *what)
{
    if (t->n < WEB_LISTENS_MAX)
        t->listen[t->n++] = (struct web_listen){listen, name, what};
}

/* The lists of these roles. */
static void add_lists(struct topics *t, unsigned roles, const char *name)
{
    for (unsigned bit = 1; bit < 1u << STAFF_ROLES; bit <<= 1)
        if (roles & bit)
            add(t, arena_fmt(t->r->arena, "tasks:%s", staff_role_code((enum staff_role)bit)), name,
                "tasks");
}

/* Lists are told of by project: whichever this one belongs to, the page reads it again. */
static void add_intake(struct topics *t, const struct projects *all, const char *name)
{
    for (int i = 0; i < projects_count(all); i++)
        add(t, arena_fmt(t->r->arena, "intake:%s", projects_at(all, i)->about.code), name,
            "import");
}

/* A topic says only that something changed; the thing itself is read again by a route with its own permission. */
static enum err add_topic(struct topics *t, const struct console *c, const char *name,
                          struct err_info *e)
{
    int64_t id;
    const char *colon = strchr(name, ':');
    if (strcmp(name, "work") == 0) {
        add_lists(t, console_queue_watched(console_visitor(t->r)->staff.roles), name);
        return ERR_OK;
    }
    if (strcmp(name, "bench") == 0) {
        add_lists(t, STAFF_MAKER | STAFF_SHIPPING, name);
        return ERR_OK;
    }
    if (!colon || !text_to_id(colon + 1, &id))
        return web_bad(e, "topic", name);
    if (strncmp(name, "order:", 6) == 0)
        add(t, name, name, "status");
    else if (strncmp(name, "job:", 4) == 0)
        add(t, name, name, "job");
    else if (strncmp(name, "import:", 7) == 0)
        add_intake(t, c->hall->projects, name);
    else
        return web_bad(e, "topic", name);
    return ERR_OK;
}

HANDLER(console_event_stream)
{
    const struct console *c = app;
    const char *name[WEB_TOPICS_MAX];
    size_t n;
    struct topics *t = arena_alloc(r->arena, sizeof *t);
    t->r = r;
    TRY(web_topics(r, name, &n, e));
    for (size_t i = 0; i < n; i++)
        TRY(add_topic(t, c, name[i], e));
    const struct visitor *v = console_visitor(r);
    struct web_reader reader = {c->hall, SESSION_STAFF, v->session.id, v->token};
    return web_events(r, reply, &reader, t->listen, t->n, e);
}
