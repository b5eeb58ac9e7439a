#include "tour/browser.h"

#include "base/sys.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const json_t *at(const json_t *value, const char *path)
{
    _auto_char copy = mem_text(path);
    char *rest = copy, *part;
    while (value && (part = strsep(&rest, ".")) != NULL)
        value = json_is_array(value) ? json_array_get(value, strtoul(part, NULL, 10))
                                     : json_object_get(value, part);
    return value;
}

const char *text_at(const json_t *value, const char *path)
{
    const char *text = json_string_value(at(value, path));
    return text ? text : "";
}

/* The jar: cookies of an answer replace those of the same name; an empty value takes one away. */
static void put_cookie(struct browser *b, const char *pair)
{
    const char *equal = strchr(pair, '=');
    if (!equal)
        return;
    size_t name = (size_t)(equal - pair) + 1;
    char kept[sizeof b->cookies] = "", *rest = b->cookies, *one;
    while ((one = strsep(&rest, ";")) != NULL) {
        one += strspn(one, " ");
        if (*one && strncmp(one, pair, name) != 0)
            snprintf(kept + strlen(kept), sizeof kept - strlen(kept), "%s%s", *kept ? "; " : "",
                     one);
    }
    if (equal[1])
        snprintf(kept + strlen(kept), sizeof kept - strlen(kept), "%s%s", *kept ? "; " : "", pair);
    memcpy(b->cookies, kept, sizeof kept);
}

static enum err exchange(struct browser *b, const char *method, const char *path, const char *type,
                         struct bytes body, struct err_info *e)
{
    struct httpc_answer answer;
    const char *headers[] = {arena_fmt(b->arena, "Cookie: %s", b->cookies),
                             arena_fmt(b->arena, "X-CSRF: %s", b->csrf), "Accept-Language: zh-CN",
                             NULL};
    struct httpc_request r = {.method = method,
                              .path = arena_fmt(b->arena, "/api/v1/%s%s", b->side, path),
                              .content_type = type,
                              .body = body,
                              .headers = headers};
    TRY(httpc_send(b->client, b->arena, &r, &answer, e));
    char *rest = arena_text(b->arena, answer.cookies), *one;
    while ((one = strsep(&rest, ";")) != NULL)
        put_cookie(b, one + strspn(one, " "));
    b->status = answer.status;
    b->body = answer.body;
    return answer.status < 300 ? ERR_OK : httpc_error(b->client, &answer, e);
}

/* Parsed answers are kept by the arena's owner for the whole tour: they are few. */
static enum err parse(struct browser *b, const json_t **out, struct err_info *e)
{
    json_t *doc = NULL;
    *out = NULL;
    if (b->body.n == 0)
        return ERR_OK;
    TRY(json_parse(b->body.p, b->body.n, &doc, e));
    *out = doc;
    return ERR_OK;
}

enum err browser_get(struct browser *b, const char *path, const json_t **out, struct err_info *e)
{
    TRY(exchange(b, "GET", path, NULL, (struct bytes){NULL, 0}, e));
    return parse(b, out, e);
}

enum err browser_download(struct browser *b, const char *path, struct err_info *e)
{
    return exchange(b, "GET", path, NULL, (struct bytes){NULL, 0}, e);
}

enum err browser_send(struct browser *b, const char *method, const char *path, json_t *body,
                      const json_t **out, struct err_info *e)
{
    const json_t *ignored;
    if (!body && strcmp(method, "DELETE") == 0) { /* takes none */
        TRY(exchange(b, method, path, NULL, (struct bytes){NULL, 0}, e));
        return parse(b, out ? out : &ignored, e);
    }
    char *text = body ? json_dumps(body, JSON_COMPACT) : mem_text("{}");
    json_decref(body);
    struct bytes sent = arena_bytes(b->arena, text, strlen(text));
    free(text);
    TRY(exchange(b, method, path, "application/json", sent, e));
    return parse(b, out ? out : &ignored, e);
}

enum err browser_upload(struct browser *b, const char *path, const char *project,
                        const struct browser_upload *file, size_t n, const json_t **out,
                        struct err_info *e)
{
    uint8_t random[12];
    random_bytes(random, sizeof random);
    char *boundary = text_hex(b->arena, (struct bytes){random, sizeof random});
    _auto_buf body;
    buf_init(&body, 16 << 20);
    buf_fmt(&body, "--%s\r\nContent-Disposition: form-data; name=\"project\"\r\n\r\n%s\r\n",
            boundary, project);
    for (size_t i = 0; i < n; i++) {
        buf_fmt(&body,
                "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\n",
                boundary, file[i].field, file[i].name);
        buf_put(&body, file[i].content.p, file[i].content.n);
        buf_text(&body, "\r\n");
    }
    buf_fmt(&body, "--%s--\r\n", boundary);
    TRY(exchange(b, "POST", path, arena_fmt(b->arena, "multipart/form-data; boundary=%s", boundary),
                 arena_bytes(b->arena, body.p, body.n), e));
    return parse(b, out, e);
}

enum err browser_refresh(struct browser *b, struct err_info *e)
{
    const json_t *session;
    TRY(browser_get(b, "/session", &session, e));
    snprintf(b->csrf, sizeof b->csrf, "%s", text_at(session, "csrf"));
    return ERR_OK;
}

enum err browser_open(struct browser *b, const char *base, const char *side, struct arena *a,
                      struct err_info *e)
{
    *b = (struct browser){.side = side, .arena = a};
    b->client =
        httpc_new(&(struct httpc_options){.service = "hall", .base = base, .timeout_ms = 30000});
    return browser_refresh(b, e);
}

void browser_close(struct browser *b)
{
    httpc_free(b->client);
    b->client = NULL;
}
