/* How serials are written. Pure. */
#include "hall/ukey/ukey.h"

#include "base/text.h"

#include <string.h>

/* Full-width letters and digits (U+FF01 to U+FF5E) stand 0xFEE0 above their ASCII forms. */
static int half_width(const unsigned char *s, char *out)
{
    if (s[0] != 0xEF || (s[1] != 0xBC && s[1] != 0xBD))
        return 0;
    unsigned code = (unsigned)((s[0] & 0x0F) << 12 | (s[1] & 0x3F) << 6 | (s[2] & 0x3F));
    if (code < 0xFF01 || code > 0xFF5E)
        return 0;
    *out = (char)(code - 0xFEE0);
    return 1;
}

static int is_gap(const unsigned char *s, size_t *n)
{
    *n = 1;
    if (*s == ' ' || *s == '-' || *s == '\t')
        return 1;
    *n = 3; /* ideographic space */
    return s[0] == 0xE3 && s[1] == 0x80 && s[2] == 0x80;
}

const char *ukey_serial_mend(struct arena *a, const char *typed)
{
    char *out = arena_alloc(a, UKEY_SERIAL_MAX + 1);
    size_t n = 0;
    for (const unsigned char *s = (const unsigned char *)typed; *s;) {
        size_t gap;
        char c = (char)*s;
        if (is_gap(s, &gap)) {
            s += gap;
            continue;
        }
        s += half_width(s, &c) ? 3 : 1;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) || n == UKEY_SERIAL_MAX)
            return NULL;
        out[n++] = c;
    }
    return n ? out : NULL;
}

const char *ukey_serial_text(struct arena *a, const char *serial)
{
    size_t n = strlen(serial), w = 0;
    char *out = arena_alloc(a, n + n / 4 + 1);
    for (size_t i = 0; i < n; i++) {
        if (i && i % 4 == 0)
            out[w++] = ' ';
        out[w++] = serial[i];
    }
    return out;
}
