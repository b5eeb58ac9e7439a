/* UKey 库存: how many blank ones each project has, and taking new ones in (T1). */
#include "console/console_priv.h"

#include "base/text.h"
#include "hall/project/project.h"
#include "hall/ukey/ukey.h"

enum { AT_ONCE_MAX = 500, NAME_CHARS_MAX = 40 };

static enum err write_stock(struct hall_tx *tx, struct json_out *j, struct err_info *e)
{
    const struct projects *all = tx->hall->projects;
    jout_list(j, "projects");
    for (int i = 0; i < projects_count(all); i++) {
        const struct project_about *about = &projects_at(all, i)->about;
        struct ukey_stock_count count;
        TRY(ukey_stock_count(tx, about->code, &count, e));
        jout_object(j, NULL);
        jout_text(j, "id", about->code);
        jout_text(j, "name", about->name.in[tx->lang]);
        jout_text(j, "prefix", about->serial_prefix);
        jout_int(j, "blank", count.blank);
        jout_int(j, "reserved", count.reserved);
        jout_end(j);
    }
    jout_end(j);
    return ERR_OK;
}

HANDLER(console_stock_get)
{
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 0, &tx, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    TRY(write_stock(&tx, &j, e));
    jout_end(&j);
    return ERR_OK;
}

static enum err required(const char *key, const char *label, struct err_info *e)
{
    err_set(e, ERR_FIELD_REQUIRED, key, NULL);
    err_arg(e, "label", "%s", label);
    return ERR_FIELD_REQUIRED;
}

static enum err read_name(const json_t *body, const char *key, const char *label, const char **out,
                          struct err_info *e)
{
    TRY(json_get_text(body, key, out, e));
    if (!**out)
        return required(key, label, e);
    return text_chars(*out) <= NAME_CHARS_MAX ? ERR_OK : web_bad(e, key, "at most 40 characters");
}

static enum err read_serials(const struct httpd_request *r, const json_t *body,
                             struct ukey_stock *in, struct err_info *e)
{
    const json_t *list = json_object_get(body, "serials");
    size_t n = json_array_size(list);
    if (n == 0)
        return required("serials", web_word(r->lang, "序列号", "serial numbers"), e);
    if (n > AT_ONCE_MAX)
        return web_bad(e, "serials", "at most 500 at once");
    const char **serial = arena_alloc(r->arena, n * sizeof *serial);
    for (size_t i = 0; i < n; i++) {
        serial[i] = json_string_value(json_array_get(list, i));
        if (!serial[i])
            return web_bad(e, "serials", "a list of texts");
    }
    in->serial = serial;
    in->n = n;
    return ERR_OK;
}

HANDLER(console_stock_take_in)
{
    const struct console *c = app;
    const json_t *body;
    struct ukey_stock in = {0};
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "project", &in.project, e));
    TRY(read_name(body, "model", web_word(r->lang, "型号", "model"), &in.model, e));
    TRY(read_name(body, "batch", web_word(r->lang, "批次", "batch"), &in.batch, e));
    TRY(read_serials(r, body, &in, e));
    const struct project *p = projects_find(c->hall->projects, in.project);
    if (!p)
        return err_set(e, ERR_NOT_FOUND, "project", "no project %s", in.project);
    in.prefix = p->about.serial_prefix;
    TRY(console_begin(r, c, 1, &tx, e));
    TRY(ukey_stock_in(&tx, &in, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_int(&j, "taken", (int64_t)in.n);
    TRY(write_stock(&tx, &j, e));
    jout_end(&j);
    TRY(hall_commit(&tx, e));
    reply->status = 201;
    return ERR_OK;
}
