#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char B64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char B64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char B32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

char *text_hex(struct arena *a, struct bytes b)
{
    static const char digit[] = "0123456789abcdef";
    char *s = arena_alloc(a, b.n * 2 + 1);
    for (size_t i = 0; i < b.n; i++) {
        s[2 * i] = digit[b.p[i] >> 4];
        s[2 * i + 1] = digit[b.p[i] & 15];
    }
    return s;
}

/* `bits` a character: 6 for base64, 5 for base32. */
static char *encode(struct arena *a, struct bytes b, const char *alphabet, int bits)
{
    char *s = arena_alloc(a, b.n * 8 / (size_t)bits + 8), *o = s;
    uint32_t acc = 0;
    int have = 0;
    for (size_t i = 0; i < b.n; i++) {
        acc = acc << 8 | b.p[i];
        have += 8;
        while (have >= bits) {
            have -= bits;
            *o++ = alphabet[acc >> have & ((1u << bits) - 1)];
        }
    }
    if (have > 0)
        *o++ = alphabet[acc << (bits - have) & ((1u << bits) - 1)];
    return s;
}

char *text_base64url(struct arena *a, struct bytes b)
{
    return encode(a, b, B64URL, 6);
}

char *text_base64(struct arena *a, struct bytes b)
{
    char *s = encode(a, b, B64, 6);
    size_t n = strlen(s);
    while (n % 4)
        s[n++] = '=';
    s[n] = '\0';
    return s;
}

char *text_base32(struct arena *a, struct bytes b)
{
    return encode(a, b, B32, 5);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int text_from_hex(struct arena *a, const char *s, struct bytes *out)
{
    size_t n = strlen(s);
    if (n % 2)
        return 0;
    uint8_t *p = arena_alloc(a, n / 2 + 1);
    for (size_t i = 0; i < n; i += 2) {
        int hi = hex_value(s[i]), lo = hex_value(s[i + 1]);
        if (hi < 0 || lo < 0)
            return 0;
        p[i / 2] = (uint8_t)(hi << 4 | lo);
    }
    *out = (struct bytes){p, n / 2};
    return 1;
}

/* By ASCII: the value of a letter of base64; 126 and 127 stand for 62 and 63 of base64url; -1 for no letter of either. */
static const int8_t letter64[128] = {
    -1, -1,  -1, -1, -1, -1, -1, -1,  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1,  -1, -1, -1, -1, -1, -1,  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62,
    -1, 126, -1, 63, 52, 53, 54, 55,  56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1, -1, 0,
    1,  2,   3,  4,  5,  6,  7,  8,   9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24,  25, -1, -1, -1, -1, 127, -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38,
    39, 40,  41, 42, 43, 44, 45, 46,  47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};

static int value64(char c, int url)
{
    int value = (unsigned char)c < sizeof letter64 ? letter64[(unsigned char)c] : -1;
    if (value >= 62)
        value = (value >= 64) == url ? value & 63 : -1;
    return value;
}

static int decode64(struct arena *a, const char *s, size_t n, int url, struct bytes *out)
{
    if (n % 4 == 1)
        return 0;
    uint8_t *p = arena_alloc(a, n * 3 / 4 + 1), *o = p;
    uint32_t acc = 0;
    int have = 0;
    for (size_t i = 0; i < n; i++) {
        int value = value64(s[i], url);
        if (value < 0)
            return 0;
        acc = acc << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            *o++ = (uint8_t)(acc >> have);
            acc &= (1u << have) - 1;
        }
    }
    if (acc != 0) /* left-over bits must be zero: one text for each value */
        return 0;
    *out = (struct bytes){p, (size_t)(o - p)};
    return 1;
}

int text_from_base64(struct arena *a, const char *s, struct bytes *out)
{
    size_t n = strlen(s);
    if (n % 4)
        return 0;
    for (int pad = 0; pad < 2 && n > 0 && s[n - 1] == '='; pad++)
        n--;
    return decode64(a, s, n, 0, out);
}

int text_from_base64url(struct arena *a, const char *s, struct bytes *out)
{
    return decode64(a, s, strlen(s), 1, out);
}

/* The half-width form of a full-width ASCII character (U+FF01 to U+FF5E), or the byte itself. */
static const char *next_ascii(const char *s, char *out)
{
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] == 0xE3 && u[1] == 0x80 && u[2] == 0x80) { /* U+3000 ideographic space */
        *out = ' ';
        return s + 3;
    }
    if (u[0] == 0xEF && (u[1] == 0xBC || u[1] == 0xBD) && u[2]) {
        unsigned cp = 0xF000u | (u[1] & 0x3Fu) << 6 | (u[2] & 0x3Fu);
        if (cp >= 0xFF01 && cp <= 0xFF5E) {
            *out = (char)(cp - 0xFEE0);
            return s + 3;
        }
    }
    *out = *s;
    return s + 1;
}

char *text_mend_code(struct arena *a, const char *typed)
{
    char *out = arena_alloc(a, strlen(typed) + 1), *o = out;
    while (*typed) {
        char c;
        typed = next_ascii(typed, &c);
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n')
            continue;
        if (c == 'O')
            c = '0';
        if (c == 'I' || c == 'L')
            c = '1';
        if (!strchr(B32, c))
            return NULL;
        *o++ = c;
    }
    return out;
}

/* Length of the well-formed sequence at p (RFC 3629), 0 when there is none. */
static size_t utf8_len(const uint8_t *p, size_t n)
{
    if (p[0] > 0 && p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xF0 && p[0] <= 0xF4  ? 4
                 : p[0] >= 0xE0 && p[0] < 0xF0 ? 3
                 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
                                               : 0;
    if (len == 0 || len > n)
        return 0;
    uint32_t cp = p[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        cp = cp << 6 | (p[i] & 0x3Fu);
    }
    int overlong = (len == 3 && cp < 0x800) || (len == 4 && cp < 0x10000);
    int outside = cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF);
    return overlong || outside ? 0 : len;
}

int text_is_utf8(const void *p, size_t n)
{
    const uint8_t *u = p;
    while (n > 0) {
        size_t len = utf8_len(u, n);
        if (len == 0)
            return 0;
        u += len;
        n -= len;
    }
    return 1;
}

void text_mend_utf8(char *s)
{
    for (size_t left = strlen(s); left > 0;) {
        size_t len = utf8_len((const uint8_t *)s, left);
        if (len == 0) {
            *s = '?';
            len = 1;
        }
        s += len;
        left -= len;
    }
}

size_t text_chars(const char *utf8)
{
    size_t n = 0;
    for (; *utf8; utf8++)
        n += ((unsigned char)*utf8 & 0xC0) != 0x80;
    return n;
}

static int is_space_at(const char *s, size_t *len)
{
    if (*s == ' ' || *s == '\t' || *s == '\r' || *s == '\n') {
        *len = 1;
        return 1;
    }
    *len = 3;
    return strncmp(s, "\xE3\x80\x80", 3) == 0;
}

char *text_trim(struct arena *a, const char *s)
{
    size_t len;
    while (*s && is_space_at(s, &len))
        s += len;
    size_t n = strlen(s);
    for (;;) {
        if (n >= 1 && is_space_at(s + n - 1, &len) && len == 1)
            n--;
        else if (n >= 3 && strncmp(s + n - 3, "\xE3\x80\x80", 3) == 0)
            n -= 3;
        else
            return arena_text_n(a, s, n);
    }
}

int text_to_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
    int negative = *s == '-';
    const char *d = s + negative;
    size_t n = strlen(d);
    if (n == 0 || n > 19 || strspn(d, "0123456789") != n)
        return 0;
    uint64_t v = 0;
    for (; *d; d++)
        v = v * 10 + (uint64_t)(*d - '0');
    if (v > INT64_MAX)
        return 0;
    int64_t value = negative ? -(int64_t)v : (int64_t)v;
    if (value < min || value > max)
        return 0;
    *out = value;
    return 1;
}

int text_to_id(const char *s, int64_t *out)
{
    return *s != '-' && text_to_int(s, 0, INT64_MAX, out);
}
