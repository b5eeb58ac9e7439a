#include "base/json.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PARSE_DEPTH_MAX = 32 };

void jout_init(struct json_out *j, struct buf *buf)
{
    *j = (struct json_out){.buf = buf};
}

static void put_quoted(struct buf *b, const char *s)
{
    buf_byte(b, '"');
    for (const char *start = s;; s++) {
        unsigned char c = (unsigned char)*s;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(b, start, (size_t)(s - start));
        if (c == '\0')
            break;
        if (c == '"' || c == '\\')
            buf_fmt(b, "\\%c", c);
        else if (c == '\n')
            buf_text(b, "\\n");
        else
            buf_fmt(b, "\\u%04x", c);
        start = s + 1;
    }
    buf_byte(b, '"');
}

static void begin_value(struct json_out *j, const char *key)
{
    if (j->depth > 0) {
        if (j->some[j->depth - 1])
            buf_byte(j->buf, ',');
        j->some[j->depth - 1] = 1;
    }
    if (key) {
        put_quoted(j->buf, key);
        buf_byte(j->buf, ':');
    }
}

static void open_value(struct json_out *j, const char *key, char open)
{
    begin_value(j, key);
    if (j->depth == JSON_DEPTH_MAX)
        abort(); /* a program error: views are not that deep */
    buf_byte(j->buf, (uint8_t)open);
    j->open[j->depth] = open;
    j->some[j->depth] = 0;
    j->depth++;
}

void jout_object(struct json_out *j, const char *key)
{
    open_value(j, key, '{');
}

void jout_list(struct json_out *j, const char *key)
{
    open_value(j, key, '[');
}

void jout_end(struct json_out *j)
{
    j->depth--;
    buf_byte(j->buf, j->open[j->depth] == '{' ? '}' : ']');
}

void jout_text(struct json_out *j, const char *key, const char *value)
{
    begin_value(j, key);
    if (value)
        put_quoted(j->buf, value);
    else
        buf_text(j->buf, "null");
}

void jout_int(struct json_out *j, const char *key, int64_t value)
{
    begin_value(j, key);
    buf_fmt(j->buf, "%" PRId64, value);
}

void jout_id(struct json_out *j, const char *key, int64_t value)
{
    begin_value(j, key);
    buf_fmt(j->buf, "\"%" PRId64 "\"", value);
}

void jout_bool(struct json_out *j, const char *key, int value)
{
    jout_raw(j, key, value ? "true" : "false");
}

void jout_null(struct json_out *j, const char *key)
{
    jout_raw(j, key, "null");
}

void jout_raw(struct json_out *j, const char *key, const char *json)
{
    begin_value(j, key);
    buf_text(j->buf, json);
}

/* jansson recurses up to its own limit of 2048; ours is smaller. Counts brackets outside strings. */
static int too_deep(const char *p, size_t n)
{
    int depth = 0, quoted = 0;
    for (size_t i = 0; i < n; i++) {
        if (quoted) {
            if (p[i] == '\\')
                i++;
            else if (p[i] == '"')
                quoted = 0;
        } else if (p[i] == '"') {
            quoted = 1;
        } else if (p[i] == '{' || p[i] == '[') {
            if (++depth > PARSE_DEPTH_MAX)
                return 1;
        } else if (p[i] == '}' || p[i] == ']') {
            depth--;
        }
    }
    return 0;
}

static enum err bad(struct err_info *e, const char *key, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, key, "%s", why);
    err_arg(e, "why", "%s%s%s", key ? key : "", key ? ": " : "", why);
    return ERR_BAD_REQUEST;
}

enum err json_parse(const void *p, size_t n, json_t **out, struct err_info *e)
{
    if (too_deep(p, n))
        return bad(e, NULL, "nested more than 32 deep");
    json_error_t why;
    *out = json_loadb(p, n, JSON_REJECT_DUPLICATES, &why);
    if (*out)
        return ERR_OK;
    char text[JSON_ERROR_TEXT_LENGTH + 48];
    snprintf(text, sizeof text, "line %d column %d: %s", why.line, why.column, why.text);
    return bad(e, NULL, text);
}

enum err json_get_text(const json_t *obj, const char *key, const char **out, struct err_info *e)
{
    const json_t *v = json_object_get(obj, key);
    if (!json_is_string(v))
        return bad(e, key, v ? "must be a text" : "is missing");
    *out = json_string_value(v);
    return ERR_OK;
}

enum err json_get_int(const json_t *obj, const char *key, int64_t *out, struct err_info *e)
{
    const json_t *v = json_object_get(obj, key);
    if (!json_is_integer(v))
        return bad(e, key, v ? "must be a whole number" : "is missing");
    *out = json_integer_value(v);
    return ERR_OK;
}

enum err json_get_id(const json_t *obj, const char *key, int64_t *out, struct err_info *e)
{
    const char *s;
    TRY(json_get_text(obj, key, &s, e));
    if (!text_to_id(s, out))
        return bad(e, key, "must be an id: decimal digits in a text");
    return ERR_OK;
}

enum err json_get_bool(const json_t *obj, const char *key, int *out, struct err_info *e)
{
    const json_t *v = json_object_get(obj, key);
    if (!json_is_boolean(v))
        return bad(e, key, v ? "must be true or false" : "is missing");
    *out = json_is_true(v);
    return ERR_OK;
}

enum err json_get_base64(const json_t *obj, const char *key, size_t max, struct arena *a,
                         struct bytes *out, struct err_info *e)
{
    const char *s;
    TRY(json_get_text(obj, key, &s, e));
    if (!text_from_base64(a, s, out))
        return bad(e, key, "is not base64");
    if (out->n > max)
        return bad(e, key, "is too long");
    return ERR_OK;
}

const char *json_opt_text(const json_t *obj, const char *key, const char *fallback)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_string(v) ? json_string_value(v) : fallback;
}

int64_t json_opt_int(const json_t *obj, const char *key, int64_t fallback)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_integer(v) ? json_integer_value(v) : fallback;
}
