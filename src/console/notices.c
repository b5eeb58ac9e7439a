/* Notices of a project's front page (S0-61). */
#include "console/console_priv.h"

#include "hall/notice/notice.h"

HANDLER(console_notice_list)
{
    const char *project;
    const struct notice *list;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(web_query(r, "project", 40, &project, e));
    if (!project)
        return web_bad(e, "project", NULL);
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(notice_list_all(&tx, project, &list, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++)
        notice_write(&tx, &list[i], 1, &j, NULL);
    jout_end(&j);
    jout_end(&j);
    return ERR_OK;
}

static enum err read_edit(struct httpd_request *r, struct notice_new *n, struct err_info *e)
{
    const json_t *body;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "project", &n->project, e));
    TRY(json_get_text(body, "kind", &n->kind, e));
    TRY(json_get_text(body, "title_zh", &n->title_zh, e));
    TRY(json_get_text(body, "title_en", &n->title_en, e));
    n->text_zh = json_opt_text(body, "body_zh", "");
    n->text_en = json_opt_text(body, "body_en", "");
    TRY(web_time_opt(body, "from", &n->from_at, e));
    return web_time_opt(body, "until", &n->until_at, e);
}

static enum err answer(struct httpd_reply *reply, struct hall_tx *tx, int64_t id,
                       struct err_info *e)
{
    struct notice x;
    struct json_out j;
    TRY(notice_get(tx, id, &x, e));
    httpd_reply_json(reply, &j);
    notice_write(tx, &x, 1, &j, NULL);
    return hall_commit(tx, e);
}

HANDLER(console_notice_create)
{
    struct notice_new n = {0};
    int64_t id;
    _auto_hall_tx tx = {0};
    TRY(read_edit(r, &n, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(notice_add(&tx, &n, &id, e));
    TRY(answer(reply, &tx, id, e));
    reply->status = 201;
    return ERR_OK;
}

HANDLER(console_notice_save)
{
    struct notice_new n = {0};
    int64_t id;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(read_edit(r, &n, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(notice_change(&tx, id, &n, e));
    return answer(reply, &tx, id, e);
}

HANDLER(console_notice_delete)
{
    int64_t id;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(notice_withdraw(&tx, id, e));
    TRY(hall_commit(&tx, e));
    reply->status = 204;
    return ERR_OK;
}
