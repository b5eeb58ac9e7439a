#include "httpd/httpd_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum err httpd_form_parse(struct arena *a, const char *s, size_t n, const struct httpd_pair **out,
                          struct err_info *e)
{
    size_t count = 1;
    for (size_t i = 0; i < n; i++)
        count += s[i] == '&';
    if (count > HTTPD_PAIRS_MAX)
        return httpd_bad(e, NULL, "more than 200 fields");
    struct httpd_pair *pairs = arena_alloc(a, (count + 1) * sizeof *pairs), *next = pairs;
    for (const char *end = s + n; s < end;) {
        const char *amp = memchr(s, '&', (size_t)(end - s));
        size_t len = amp ? (size_t)(amp - s) : (size_t)(end - s);
        if (len > 0) {
            const char *eq = memchr(s, '=', len);
            size_t name_n = eq ? (size_t)(eq - s) : len;
            next->name = httpd_decode(a, s, name_n, 1);
            next->value = eq ? httpd_decode(a, eq + 1, len - name_n - 1, 1) : "";
            if (!next->name || !next->value)
                return httpd_bad(e, next->name,
                                 "a broken %-escape, a control character, or not UTF-8");
            next++;
        }
        s += len + 1;
    }
    *next = (struct httpd_pair){NULL, NULL};
    *out = pairs;
    return ERR_OK;
}

const char *httpd_pair_get(const struct httpd_pair *pairs, const char *name)
{
    for (; pairs->name; pairs++)
        if (strcmp(pairs->name, name) == 0)
            return pairs->value;
    return NULL;
}

/* RFC 6265 4.2: name=value pairs separated by "; ". */
const char *httpd_cookie_find(struct arena *a, const char *header, const char *name)
{
    size_t len = strlen(name);
    while (header && *header) {
        header += strspn(header, "; \t");
        size_t n = strcspn(header, ";");
        if (n > len && header[len] == '=' && memcmp(header, name, len) == 0)
            return arena_text_n(a, header + len + 1, n - len - 1);
        header += n;
    }
    return NULL;
}

static int lang_from_tag(const char *tag, size_t n, enum lang *out)
{
    int two = n == 2 || (n > 2 && (tag[2] == '-' || tag[2] == '_'));
    if (two && strncasecmp(tag, "zh", 2) == 0)
        *out = LANG_ZH;
    else if (two && strncasecmp(tag, "en", 2) == 0)
        *out = LANG_EN;
    else
        return 0;
    return 1;
}

/* RFC 9110 12.5.4: the tag with the highest weight that we have; the first of equals. */
static int lang_accepted(const char *s, enum lang *out)
{
    double best = 0;
    while (*s) {
        s += strspn(s, ", \t");
        size_t item = strcspn(s, ","), tag = strcspn(s, ",; \t");
        const char *q = memmem(s, item, "q=", 2);
        double weight = q ? strtod(q + 2, NULL) : 1;
        enum lang lang;
        if (weight > best && lang_from_tag(s, tag, &lang)) {
            best = weight;
            *out = lang;
        }
        s += item;
    }
    return best > 0;
}

enum lang httpd_lang_of(const char *query, const char *cookie, const char *accept_language)
{
    enum lang lang = LANG_ZH;
    if (query && lang_from_tag(query, strlen(query), &lang))
        return lang;
    if (cookie && lang_from_tag(cookie, strlen(cookie), &lang))
        return lang;
    if (accept_language && lang_accepted(accept_language, &lang))
        return lang;
    return LANG_ZH;
}
