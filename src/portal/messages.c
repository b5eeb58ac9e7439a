/* What the person was told, beside SMS and mail. */
#include "portal/portal_priv.h"

static enum err list_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    struct web_page page;
    const struct order_message *list;
    size_t n;
    int64_t unread;
    struct json_out j;
    TRY(web_page(c->r, &page, e));
    TRY(order_message_list(tx, c->s->account.id, page.after, page.limit + 1, &list, &n, e));
    TRY(order_message_unread(tx, c->s->account.id, &unread, e));
    int more = n > (size_t)page.limit;
    n = more ? (size_t)page.limit : n;
    httpd_reply_json(c->reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        jout_object(&j, NULL);
        jout_id(&j, "id", list[i].id);
        jout_text(&j, "at", time_rfc3339(tx->arena, list[i].at));
        jout_text(&j, "title", list[i].title);
        jout_text(&j, "text", list[i].text);
        jout_bool(&j, "read", list[i].seen);
        if (list[i].order)
            jout_text(&j, "order", portal_order_no(tx->arena, list[i].order));
        jout_end(&j);
    }
    jout_end(&j);
    jout_int(&j, "unread", unread);
    if (more)
        jout_id(&j, "next", list[n - 1].id);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_message_list(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    return portal_read(&c, list_work, e);
}

static enum err read_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e)
{
    const int64_t *id = c->arg;
    return order_message_read(tx, c->s->account.id, *id, e);
}

enum err portal_message_read(struct httpd_request *r, struct httpd_reply *reply, void *app,
                             struct err_info *e)
{
    int64_t id;
    struct portal_call c = PORTAL_CALL(r, reply, app, &id);
    const json_t *body;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_id(body, "id", &id, e));
    reply->status = 204;
    return portal_write(&c, read_work, e);
}
