#include "httpd/httpd_priv.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *httpd_decode(struct arena *a, const char *s, size_t n, int plus)
{
    char *out = arena_alloc(a, n + 1);
    size_t m = 0;
    unsigned all = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '+' && plus) {
            c = ' ';
        } else if (c == '%') {
            if (n - i < 3)
                return NULL;
            int high = hex_value(s[i + 1]), low = hex_value(s[i + 2]);
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high * 16 + low);
            i += 2;
        }
        /* forms may hold tabs and line breaks (a text area); paths may not */
        int breaks = plus && (c == '\t' || c == '\n' || c == '\r');
        if (((unsigned char)c < 0x20 && !breaks) || c == 0x7f)
            return NULL;
        all |= (unsigned char)c;
        out[m++] = c;
    }
    return all < 0x80 || text_is_utf8(out, m) ? out : NULL;
}

static enum httpd_match take(struct arena *a, struct httpd_param *param, int *params,
                             const char *name, size_t name_n, const char *raw, size_t n)
{
    char *value = httpd_decode(a, raw, n, 0);
    if (!value || *params == HTTPD_PARAMS_MAX)
        return HTTPD_NO_MATCH;
    param[(*params)++] = (struct httpd_param){name, name_n, value};
    return HTTPD_MATCH;
}

enum httpd_match httpd_route_match(struct arena *a, const char *pattern, const char *raw_path,
                                   struct httpd_param *param, int *params)
{
    *params = 0;
    const char *p = pattern, *s = raw_path;
    while (*p == '/' && *s == '/') {
        p++, s++;
        size_t pn = strcspn(p, "/"), sn = strcspn(s, "/");
        if (*p == '*')
            return take(a, param, params, p + 1, pn - 1, s, strlen(s));
        if (*p != ':') {
            if (pn != sn || memcmp(p, s, pn) != 0)
                return HTTPD_NO_MATCH;
        } else {
            /* one segment stays one: an escaped slash would smuggle a second past the pattern */
            if (sn == 0 || take(a, param, params, p + 1, pn - 1, s, sn) == HTTPD_NO_MATCH ||
                strchr(param[*params - 1].value, '/'))
                return HTTPD_NO_MATCH;
        }
        p += pn, s += sn;
    }
    return *p == '\0' && *s == '\0' ? HTTPD_MATCH : HTTPD_NO_MATCH;
}
