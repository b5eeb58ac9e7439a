#include "webapi/webapi.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum err web_bad(struct err_info *e, const char *field, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, field, "%s", why ? why : "");
    err_arg(e, "why", "%s%s%s", field, why ? ": " : "", why ? why : "");
    return ERR_BAD_REQUEST;
}

static enum err check_length(const struct web_field *field, const char *text, struct err_info *e)
{
    size_t n = text_chars(text);
    if (n < field->min) {
        err_set(e, ERR_FIELD_REQUIRED, field->name, NULL);
        err_arg(e, "label", "%s", field->label);
        return ERR_FIELD_REQUIRED;
    }
    if (n <= field->max)
        return ERR_OK;
    err_set(e, ERR_FIELD_TOO_LONG, field->name, NULL);
    err_arg(e, "label", "%s", field->label);
    err_arg(e, "max", "%zu", field->max);
    err_arg(e, "count", "%zu", n);
    return ERR_FIELD_TOO_LONG;
}

enum err web_text(struct httpd_request *r, const json_t *body, const struct web_field *field,
                  const char **out, struct err_info *e)
{
    const char *text;
    TRY(json_get_text(body, field->name, &text, e));
    *out = text_trim(r->arena, text);
    return check_length(field, *out, e);
}

enum err web_text_opt(struct httpd_request *r, const json_t *body, const struct web_field *field,
                      const char **out, struct err_info *e)
{
    const json_t *member = json_object_get(body, field->name);
    *out = "";
    return !member || json_is_null(member) ? ERR_OK : web_text(r, body, field, out, e);
}

enum err web_everywhere(const struct httpd_request *r, int *out, struct err_info *e)
{
    const char *said = httpd_query(r, "everywhere");
    *out = said && strcmp(said, "true") == 0;
    return !said || *out || strcmp(said, "false") == 0 ? ERR_OK
                                                       : web_bad(e, "everywhere", "true, false");
}

enum err web_reason(struct httpd_request *r, const json_t *body, const char **out,
                    struct err_info *e)
{
    const struct web_field field = {"reason", web_word(r->lang, "原因", "the reason"), 2, 500};
    return web_text(r, body, &field, out, e);
}

enum err web_time_opt(const json_t *body, const char *name, int64_t *out, struct err_info *e)
{
    const char *text = json_opt_text(body, name, "");
    *out = 0;
    if (!*text)
        return ERR_OK;
    return time_parse_rfc3339(text, out) ? ERR_OK : web_bad(e, name, "RFC 3339");
}

enum err web_choice(const struct httpd_request *r, const char *name, const char *const *choices,
                    const char *fallback, const char **out, struct err_info *e)
{
    const char *given = httpd_query(r, name);
    *out = fallback;
    if (!given || !*given)
        return ERR_OK;
    for (; *choices; choices++)
        if (strcmp(given, *choices) == 0) {
            *out = *choices;
            return ERR_OK;
        }
    return web_bad(e, name, "unknown value");
}

enum err web_query(const struct httpd_request *r, const char *name, size_t max, const char **out,
                   struct err_info *e)
{
    const char *given = httpd_query(r, name);
    *out = NULL;
    if (!given)
        return ERR_OK;
    const char *text = text_trim(r->arena, given);
    if (text_chars(text) > max)
        return web_bad(e, name, "too long");
    *out = *text ? text : NULL;
    return ERR_OK;
}

enum err web_page(const struct httpd_request *r, struct web_page *out, struct err_info *e)
{
    int64_t limit;
    const char *after = httpd_query(r, "after");
    *out = (struct web_page){0};
    TRY(httpd_query_int(r, "limit", 1, WEB_PAGE_MAX, WEB_PAGE, &limit, e));
    out->limit = (int)limit;
    if (after && *after && !text_to_id(after, &out->after))
        return web_bad(e, "after", "not the `next` of a page");
    return ERR_OK;
}

void web_next(struct json_out *j, const struct web_page *page, size_t got, int64_t last)
{
    if (got > 0 && got >= (size_t)page->limit)
        jout_id(j, "next", last);
}

void web_time(struct json_out *j, struct arena *a, const char *key, int64_t ms)
{
    if (ms)
        jout_text(j, key, time_rfc3339(a, ms));
}

void web_some(struct json_out *j, const char *key, const char *text)
{
    if (text && *text)
        jout_text(j, key, text);
}

void web_problems_open(struct httpd_request *r, struct httpd_reply *reply, struct json_out *j,
                       const struct err_info *e)
{
    char message[600];
    err_message(e, r->lang, message, sizeof message);
    reply->status = err_http_status(e->code);
    httpd_reply_json(reply, j);
    jout_object(j, NULL);
    jout_text(j, "code", err_code_text(e->code));
    web_some(j, "field", e->field);
    jout_text(j, "message", message);
    jout_list(j, "errors");
}

void web_problems_close(struct httpd_request *r, struct json_out *j)
{
    jout_end(j);
    jout_text(j, "ref", httpd_ref(r));
    jout_end(j);
}
