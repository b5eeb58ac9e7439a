/* What only a demo has: people to stand in for, and the texts that would have gone out. */
#include "console/console_priv.h"

#include "hall/outbox/message.h"

#include <string.h>

HANDLER(console_demo_people_list)
{
    const struct staff *list;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(staff_list(&tx, &list, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        if (list[i].disabled)
            continue;
        jout_object(&j, NULL);
        jout_id(&j, "id", list[i].id);
        jout_text(&j, "name", list[i].name);
        jout_text(&j, "role_text", console_roles_text(r->arena, list[i].roles, r->lang));
        console_write_roles(&j, list[i].roles);
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

static int fits(const struct message_sent *m, const char *channel, const char *q)
{
    if (channel && strcmp(m->kind, channel) != 0)
        return 0;
    return !q || strstr(m->to, q) || strstr(m->subject, q) || strstr(m->text, q);
}

static void write_text(const struct message_sent *m, struct arena *a, struct json_out *j)
{
    jout_object(j, NULL);
    jout_text(j, "id", m->id);
    jout_text(j, "channel", m->kind);
    jout_text(j, "to", m->to);
    web_some(j, "subject", m->subject);
    jout_text(j, "text", m->text);
    jout_text(j, "at", time_rfc3339(a, m->at));
    jout_text(j, "state", "sent");
    jout_end(j);
}

HANDLER(console_demo_outbox_list)
{
    enum { TEXTS_MAX = 10000 };
    static const char *const channels[] = {"sms", "mail", NULL};
    const struct console *c = app;
    const struct message_sent *list;
    const char *channel, *q, *last = NULL, *after;
    int64_t limit;
    size_t n, i = 0, got = 0;
    struct json_out j;
    TRY(web_choice(r, "channel", channels, NULL, &channel, e));
    TRY(web_query(r, "q", 100, &q, e));
    TRY(web_query(r, "after", 200, &after, e));
    TRY(httpd_query_int(r, "limit", 1, WEB_PAGE_MAX, WEB_PAGE, &limit, e));
    TRY(message_sent_list(r->arena, c->outbox, TEXTS_MAX, &list, &n, e));
    while (after && i < n && strcmp(list[i].id, after) != 0)
        i++;
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (i += after != NULL; i < n && got < (size_t)limit; i++)
        if (fits(&list[i], channel, q)) {
            write_text(&list[i], r->arena, &j);
            last = list[i].id;
            got++;
        }
    jout_end(&j);
    if (got == (size_t)limit)
        jout_text(&j, "next", last);
    jout_end(&j);
    return ERR_OK;
}
