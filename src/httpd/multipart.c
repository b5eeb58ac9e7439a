/* multipart/form-data (RFC 7578, RFC 2046 5.1) over a body that is in memory whole. */
#include "httpd/httpd_priv.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

/* What stands between p and end has not been read yet. */
struct cursor {
    const char *p, *end;
};

static enum err broken(struct err_info *e, const char *why)
{
    return httpd_bad(e, NULL, why);
}

/* A parameter of a header: `; name="value"` or `; name=value`. Browsers write %22 for a quote and leave the
 * rest as it is (HTML 4.10.21.8), so there are no backslash escapes. */
static char *parameter(struct arena *a, const char *header, const char *name)
{
    size_t len = strlen(name);
    const char *s = strchr(header, ';');
    while (s) {
        s += 1 + strspn(s + 1, " \t");
        size_t n = strcspn(s, "=;");
        int quoted = s[n] == '=' && s[n + 1] == '"';
        const char *value = s + n + (s[n] == '=') + quoted;
        size_t value_n = strcspn(value, quoted ? "\"" : "; \t");
        if (quoted && value[value_n] != '"')
            return NULL;
        if (n == len && s[n] == '=' && strncasecmp(s, name, len) == 0)
            return arena_text_n(a, value, value_n);
        s = strchr(value + value_n, ';');
    }
    return NULL;
}

/* The last component of what a browser sends as a file's name, with %22 %0D %0A as HTML encodes them. */
static const char *file_name(struct arena *a, const char *sent)
{
    char *name = arena_text(a, sent), *to = name;
    for (const char *s = name; *s; s++) {
        if (strncmp(s, "%22", 3) == 0) {
            *to++ = '"';
            s += 2;
        } else if (*s == '/' || *s == '\\') {
            to = name;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
    return name;
}

static enum err read_header(struct arena *a, const char *line, size_t n, struct httpd_part *part,
                            struct err_info *e)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 && line[i] != '\t')
            return broken(e, "a control character in the header of a part");
    if (!text_is_utf8(line, n))
        return broken(e, "the header of a part is not UTF-8");
    char *text = arena_text_n(a, line, n);
    const char *colon = strchr(text, ':');
    if (!colon)
        return broken(e, "a header of a part has no colon");
    size_t name_n = (size_t)(colon - text);
    const char *value = text_trim(a, colon + 1);
    if (name_n == 19 && strncasecmp(text, "Content-Disposition", 19) == 0) {
        if (strncasecmp(value, "form-data", 9) != 0)
            return broken(e, "a part is not form-data");
        part->name = parameter(a, value, "name");
        const char *sent = parameter(a, value, "filename");
        part->filename = sent ? file_name(a, sent) : NULL;
    } else if (name_n == 12 && strncasecmp(text, "Content-Type", 12) == 0) {
        part->content_type = value;
    }
    return ERR_OK;
}

static enum err read_headers(struct arena *a, struct cursor *c, struct httpd_part *part,
                             struct err_info *e)
{
    *part = (struct httpd_part){.content_type = "text/plain"};
    for (;;) {
        const char *eol = memmem(c->p, (size_t)(c->end - c->p), "\r\n", 2);
        if (!eol)
            return broken(e, "a part ends within its headers");
        size_t n = (size_t)(eol - c->p);
        const char *line = c->p;
        c->p = eol + 2;
        if (n == 0)
            break;
        TRY(read_header(a, line, n, part, e));
    }
    return part->name && *part->name ? ERR_OK : broken(e, "a part has no name");
}

static enum err read_part(struct arena *a, struct cursor *c, const char *delimiter,
                          struct httpd_part *part, struct err_info *e)
{
    TRY(read_headers(a, c, part, e));
    /* the line break that ends the headers may begin the delimiter when the part is empty */
    const char *from = c->p - 2;
    const char *next = memmem(from, (size_t)(c->end - from), delimiter, strlen(delimiter));
    if (!next)
        return broken(e, "the last part is not ended by the boundary");
    size_t n = next < c->p ? 0 : (size_t)(next - c->p);
    part->data = part->filename ? (struct bytes){(const uint8_t *)c->p, n}
                                : arena_bytes(a, c->p, n);
    if (!part->filename && !text_is_utf8(part->data.p, part->data.n))
        return httpd_bad(e, part->name, "is not UTF-8");
    c->p = next + strlen(delimiter);
    return ERR_OK;
}

static enum err boundary_of(struct arena *a, const char *content_type, char **out,
                            struct err_info *e)
{
    if (!content_type || strncasecmp(content_type, "multipart/form-data", 19) != 0) {
        err_set(e, ERR_MEDIA_TYPE, NULL, "content type %s", content_type ? content_type : "absent");
        err_arg(e, "expected", "multipart/form-data");
        return ERR_MEDIA_TYPE;
    }
    *out = parameter(a, content_type, "boundary");
    size_t n = *out ? strlen(*out) : 0;
    return n > 0 && n <= 70 ? ERR_OK : broken(e, "the boundary of the form is missing or too long");
}

enum err httpd_multipart_parse(struct arena *a, const char *content_type, struct bytes body,
                               const struct httpd_part **out, struct err_info *e)
{
    char *boundary;
    TRY(boundary_of(a, content_type, &boundary, e));
    const char *delimiter = arena_fmt(a, "\r\n--%s", boundary);
    size_t len = strlen(delimiter);
    struct httpd_part *parts = arena_alloc(a, (HTTPD_PARTS_MAX + 1) * sizeof *parts);
    struct cursor c = {(const char *)body.p, (const char *)body.p + body.n};
    if (body.n < len || memcmp(c.p, delimiter + 2, len - 2) != 0)
        return broken(e, "the form does not begin with its boundary");
    c.p += len - 2;
    for (int n = 0;; n++) {
        if (c.end - c.p < 2)
            return broken(e, "the form is cut short");
        if (memcmp(c.p, "--", 2) == 0)
            break;
        if (memcmp(c.p, "\r\n", 2) != 0 || n == HTTPD_PARTS_MAX)
            return broken(e,
                          n == HTTPD_PARTS_MAX ? "more than 64 parts" : "bytes behind a boundary");
        c.p += 2;
        TRY(read_part(a, &c, delimiter, &parts[n], e));
    }
    *out = parts;
    return ERR_OK;
}
