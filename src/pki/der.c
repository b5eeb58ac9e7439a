#include "pki/der.h"

#include "base/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err der_refuse(struct err_info *e, const char *why, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, why);
    vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    err_set(e, ERR_DER_MALFORMED, NULL, "%s", text);
    err_arg(e, "why", "%s", text);
    return ERR_DER_MALFORMED;
}

int der_same(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ---- reading ---- */

struct der der_start(struct bytes in)
{
    static const uint8_t nothing[1];
    if (!in.p) /* what is not there has no address to count from (C17 6.5.6) */
        in.p = nothing;
    return (struct der){in.p, in.p + in.n};
}

int der_more(const struct der *d)
{
    return d->p < d->end;
}

int der_next_is(const struct der *d, uint8_t tag)
{
    return der_more(d) && *d->p == tag;
}

struct bytes der_rest(const struct der *d)
{
    return (struct bytes){d->p, (size_t)(d->end - d->p)};
}

/* Each arc ends within the content and does not begin with 80 (X.690 8.19.2). */
static int oid_fits(struct bytes c)
{
    int begins = 1;
    for (size_t i = 0; i < c.n; i++) {
        if (begins && c.p[i] == 0x80)
            return 0;
        begins = !(c.p[i] & 0x80);
    }
    return c.n > 0 && begins;
}

/* Length octets at `*p`; moves behind them. */
static enum err read_length(const uint8_t **p, const uint8_t *end, size_t *len, struct err_info *e)
{
    if (*p == end)
        return der_refuse(e, "cut short at the length (X.690 8.1.3)");
    uint8_t first = *(*p)++;
    if (first < 0x80) {
        *len = first;
        return ERR_OK;
    }
    if (first == 0x80)
        return der_refuse(e, "indefinite length (X.690 10.1)");
    size_t octets = first & 0x7f;
    if (octets > 4)
        return der_refuse(e, "length of %zu octets (X.690 8.1.3.5)", octets);
    if ((size_t)(end - *p) < octets)
        return der_refuse(e, "cut short at the length (X.690 8.1.3)");
    size_t n = 0;
    for (size_t i = 0; i < octets; i++)
        n = n << 8 | *(*p)++;
    if (n < 0x80 || n >> 8 * (octets - 1) == 0)
        return der_refuse(e, "length not minimal (X.690 10.1)");
    *len = n;
    return ERR_OK;
}

enum err der_any(struct der *d, uint8_t *tag, struct bytes *whole, struct bytes *content,
                 struct err_info *e)
{
    if (!der_more(d))
        return der_refuse(e, "an element is missing (X.690 8.1.1)");
    const uint8_t *p = d->p;
    uint8_t t = *p++;
    if ((t & 0x1f) == 0x1f)
        return der_refuse(e, "tag number above 30 (X.690 8.1.2.4)");
    if (t == 0)
        return der_refuse(e, "end-of-contents octets (X.690 8.1.5)");
    size_t n = 0;
    TRY(read_length(&p, d->end, &n, e));
    if ((size_t)(d->end - p) < n)
        return der_refuse(e, "content cut short: %zu of %zu octets (X.690 8.1.4)",
                          (size_t)(d->end - p), n);
    if (tag)
        *tag = t;
    if (whole)
        *whole = (struct bytes){d->p, (size_t)(p - d->p) + n};
    if (content)
        *content = (struct bytes){p, n};
    d->p = p + n;
    return ERR_OK;
}

static enum err take(struct der *d, uint8_t tag, struct bytes *whole, struct bytes *content,
                     struct err_info *e)
{
    struct bytes c;
    if (der_more(d) && *d->p != tag)
        return der_refuse(e, "tag 0x%02x where 0x%02x must stand (X.690 8.1.2)", *d->p, tag);
    TRY(der_any(d, NULL, whole, &c, e));
    if (tag == DER_OID && !oid_fits(c))
        return der_refuse(e, "malformed OID (X.690 8.19.2)");
    if (content)
        *content = c;
    return ERR_OK;
}

enum err der_take(struct der *d, uint8_t tag, struct bytes *content, struct err_info *e)
{
    return take(d, tag, NULL, content, e);
}

enum err der_take_whole(struct der *d, uint8_t tag, struct bytes *whole, struct err_info *e)
{
    return take(d, tag, whole, NULL, e);
}

enum err der_enter(struct der *d, uint8_t tag, struct der *inner, struct err_info *e)
{
    struct bytes content;
    TRY(take(d, tag, NULL, &content, e));
    *inner = der_start(content);
    return ERR_OK;
}

enum err der_end(const struct der *d, struct err_info *e)
{
    if (der_more(d))
        return der_refuse(e, "%zu trailing octets (X.690 8.1.1)", (size_t)(d->end - d->p));
    return ERR_OK;
}

enum err der_uint(struct der *d, struct bytes *magnitude, struct err_info *e)
{
    struct bytes c;
    TRY(der_take(d, DER_INTEGER, &c, e));
    if (c.n == 0)
        return der_refuse(e, "INTEGER without content (X.690 8.3.1)");
    if (c.p[0] & 0x80)
        return der_refuse(e, "negative INTEGER");
    if (c.n > 1 && c.p[0] == 0) {
        if (!(c.p[1] & 0x80))
            return der_refuse(e, "INTEGER not minimal (X.690 8.3.2)");
        c.p++;
        c.n--;
    }
    *magnitude = c;
    return ERR_OK;
}

enum err der_small(struct der *d, int *value, struct err_info *e)
{
    struct bytes m;
    TRY(der_uint(d, &m, e));
    if (m.n > 4 || (m.n == 4 && m.p[0] & 0x80))
        return der_refuse(e, "INTEGER of %zu octets is too large", m.n);
    unsigned v = 0;
    for (size_t i = 0; i < m.n; i++)
        v = v << 8 | m.p[i];
    *value = (int)v;
    return ERR_OK;
}

enum err der_bits(struct der *d, struct bytes *content, int *unused, struct err_info *e)
{
    struct bytes c;
    TRY(der_take(d, DER_BIT_STRING, &c, e));
    if (c.n == 0 || c.p[0] > 7 || (c.n == 1 && c.p[0] != 0))
        return der_refuse(e, "BIT STRING with wrong unused bits (X.690 8.6.2)");
    if (c.p[0] && c.p[c.n - 1] & ((1u << c.p[0]) - 1))
        return der_refuse(e, "BIT STRING with unused bits set (X.690 11.2.1)");
    if (!unused && c.p[0])
        return der_refuse(e, "BIT STRING of whole octets wanted");
    if (unused)
        *unused = c.p[0];
    *content = (struct bytes){c.p + 1, c.n - 1};
    return ERR_OK;
}

enum err der_boolean(struct der *d, int *value, struct err_info *e)
{
    struct bytes c;
    TRY(der_take(d, DER_BOOLEAN, &c, e));
    if (c.n != 1 || (c.p[0] != 0 && c.p[0] != 0xff))
        return der_refuse(e, "BOOLEAN other than 00 or FF (X.690 11.1)");
    *value = c.p[0] != 0;
    return ERR_OK;
}

/* `n` decimal digits, or -1. */
static int digits(const uint8_t *p, int n)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

enum err der_time(struct der *d, int64_t *ms, struct err_info *e)
{
    uint8_t tag = 0;
    struct bytes c;
    TRY(der_any(d, &tag, NULL, &c, e));
    int year_digits = tag == DER_GENERALIZED_TIME ? 4 : 2;
    if (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME)
        return der_refuse(e, "tag 0x%02x where a time must stand (RFC 5280 4.1.2.5)", tag);
    if (c.n != (size_t)year_digits + 11 || c.p[c.n - 1] != 'Z')
        return der_refuse(e, "time not to the second in UTC (RFC 5280 4.1.2.5)");
    int year = digits(c.p, year_digits);
    const uint8_t *p = c.p + year_digits;
    int month = digits(p, 2), day = digits(p + 2, 2), hour = digits(p + 4, 2),
        minute = digits(p + 6, 2), second = digits(p + 8, 2);
    if (year_digits == 2 && year >= 0)
        year += year < 50 ? 2000 : 1900;
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 59)
        return der_refuse(e, "no such time (RFC 5280 4.1.2.5)");
    int y, m, dd;
    int32_t number = time_day_from_parts(year, month, day);
    time_day_parts(number, &y, &m, &dd);
    if (y != year || m != month || dd != day)
        return der_refuse(e, "no such day (RFC 5280 4.1.2.5)");
    *ms = (int64_t)number * TIME_DAY + ((int64_t)hour * 3600 + minute * 60 + second) * TIME_SECOND;
    return ERR_OK;
}

/* ---- writing ---- */

size_t der_head(uint8_t head[6], uint8_t tag, size_t n)
{
    head[0] = tag;
    if (n < 0x80) {
        head[1] = (uint8_t)n;
        return 2;
    }
    size_t octets = n > 0xffffff ? 4 : n > 0xffff ? 3 : n > 0xff ? 2 : 1;
    head[1] = (uint8_t)(0x80 | octets);
    for (size_t i = 0; i < octets; i++)
        head[2 + i] = (uint8_t)(n >> 8 * (octets - 1 - i));
    return 2 + octets;
}

size_t der_open(struct buf *b, uint8_t tag)
{
    buf_byte(b, tag);
    buf_byte(b, 0);
    return b->n;
}

void der_close(struct buf *b, size_t mark)
{
    if (b->full)
        return;
    uint8_t head[6];
    size_t n = b->n - mark, more = der_head(head, b->p[mark - 2], n) - 2;
    static const uint8_t room[4] = {0};
    buf_put(b, room, more); /* the content moves up by the octets that the length takes */
    if (b->full)
        return;
    if (more)
        memmove(b->p + mark + more, b->p + mark, n);
    memcpy(b->p + mark - 2, head, 2 + more);
}

void der_put(struct buf *b, uint8_t tag, struct bytes content)
{
    uint8_t head[6];
    buf_put(b, head, der_head(head, tag, content.n));
    buf_put(b, content.p, content.n);
}

void der_put_raw(struct buf *b, struct bytes whole)
{
    buf_put(b, whole.p, whole.n);
}

void der_put_text(struct buf *b, uint8_t tag, const char *s)
{
    der_put(b, tag, (struct bytes){(const uint8_t *)s, strlen(s)});
}

void der_put_uint(struct buf *b, struct bytes m)
{
    while (m.n > 1 && m.p[0] == 0) {
        m.p++;
        m.n--;
    }
    int pad = m.n == 0 || m.p[0] & 0x80;
    uint8_t head[6];
    buf_put(b, head, der_head(head, DER_INTEGER, m.n + (size_t)pad));
    if (pad)
        buf_byte(b, 0);
    buf_put(b, m.p, m.n);
}

void der_put_number(struct buf *b, uint64_t value)
{
    uint8_t m[8];
    for (int i = 0; i < 8; i++)
        m[i] = (uint8_t)(value >> 8 * (7 - i));
    der_put_uint(b, (struct bytes){m, sizeof m});
}

void der_put_bits(struct buf *b, struct bytes content, int unused)
{
    uint8_t head[6];
    buf_put(b, head, der_head(head, DER_BIT_STRING, content.n + 1));
    buf_byte(b, (uint8_t)unused);
    buf_put(b, content.p, content.n);
}

void der_put_boolean_true(struct buf *b)
{
    static const uint8_t yes[3] = {DER_BOOLEAN, 1, 0xff};
    buf_put(b, yes, sizeof yes);
}

static void put_digits(uint8_t *p, int v, int n)
{
    for (; n > 0; v /= 10)
        p[--n] = (uint8_t)('0' + v % 10);
}

static void put_time(struct buf *b, int64_t ms, int generalized)
{
    int64_t s = ms / 1000 - (ms % 1000 < 0), day = s / 86400 - (s % 86400 < 0);
    int year, month, mday, rest = (int)(s - day * 86400);
    time_day_parts((int32_t)day, &year, &month, &mday);
    if (year > 2049 || year < 1950) /* RFC 5280 4.1.2.5 */
        generalized = 1;
    uint8_t t[17] = {generalized ? DER_GENERALIZED_TIME : DER_UTC_TIME, generalized ? 15 : 13};
    uint8_t *p = t + 2;
    put_digits(p, year, generalized ? 4 : 2);
    p += generalized ? 4 : 2;
    put_digits(p, month, 2);
    put_digits(p + 2, mday, 2);
    put_digits(p + 4, rest / 3600, 2);
    put_digits(p + 6, rest / 60 % 60, 2);
    put_digits(p + 8, rest % 60, 2);
    p[10] = 'Z';
    buf_put(b, t, 2 + (size_t)t[1]);
}

void der_put_time(struct buf *b, int64_t ms)
{
    put_time(b, ms, 0);
}

void der_put_generalized(struct buf *b, int64_t ms)
{
    put_time(b, ms, 1);
}

struct der_ext der_open_ext(struct buf *b, struct bytes oid, int critical)
{
    struct der_ext x = {.seq = der_open(b, DER_SEQUENCE)};
    der_put(b, DER_OID, oid);
    if (critical)
        der_put_boolean_true(b);
    x.octets = der_open(b, DER_OCTET_STRING);
    return x;
}

void der_close_ext(struct buf *b, struct der_ext x)
{
    der_close(b, x.octets);
    der_close(b, x.seq);
}

/* One arc of an OID in base 128 (X.690 8.19.2). */
static void put_arc(uint8_t *out, size_t *n, uint64_t v)
{
    int shift = 63;
    while (shift > 0 && v >> shift == 0)
        shift -= 7;
    for (; shift > 0; shift -= 7)
        out[(*n)++] = (uint8_t)(0x80 | (v >> shift & 0x7f));
    out[(*n)++] = v & 0x7f;
}

/* One decimal arc of at most 9 digits at *s; -1 when there is none. */
static int64_t read_arc(const char **s)
{
    int64_t v = 0;
    int n = 0;
    for (; **s >= '0' && **s <= '9'; (*s)++) {
        v = v * 10 + (**s - '0');
        if (++n > 9 || (n > 1 && v < 10))
            return -1;
    }
    return n ? v : -1;
}

int der_put_oid(struct buf *b, const char *dotted)
{
    uint8_t out[64];
    size_t n = 0;
    int64_t first = read_arc(&dotted);
    if (first < 0 || first > 2 || *dotted++ != '.')
        return 0;
    int64_t arc = read_arc(&dotted);
    if (arc < 0 || (first < 2 && arc > 39))
        return 0;
    put_arc(out, &n, (uint64_t)(first * 40 + arc));
    while (*dotted == '.' && n < sizeof out - 10) {
        dotted++;
        if ((arc = read_arc(&dotted)) < 0)
            return 0;
        put_arc(out, &n, (uint64_t)arc);
    }
    if (*dotted)
        return 0;
    der_put(b, DER_OID, (struct bytes){out, n});
    return 1;
}

enum err der_finish(struct buf *b, struct arena *a, struct bytes *out, struct err_info *e)
{
    if (b->full) {
        err_set(e, ERR_TOO_LARGE, NULL, "more than %zu octets of DER", b->max);
        err_arg(e, "limit", "%zu", b->max);
        buf_clear(b);
        return ERR_TOO_LARGE;
    }
    *out = arena_bytes(a, b->p, b->n);
    buf_clear(b);
    return ERR_OK;
}

char *der_oid_text(struct arena *a, struct bytes c)
{
    if (c.n > 64 || !oid_fits(c))
        return NULL;
    char *text = NULL;
    uint64_t v = 0;
    for (size_t i = 0; i < c.n; i++) {
        if (v >> 50)
            return NULL;
        v = v << 7 | (c.p[i] & 0x7f);
        if (c.p[i] & 0x80)
            continue;
        unsigned first = v < 40 ? 0 : v < 80 ? 1 : 2;
        text = text ? arena_fmt(a, "%s.%llu", text, (unsigned long long)v)
                    : arena_fmt(a, "%u.%llu", first, (unsigned long long)(v - first * 40));
        v = 0;
    }
    return text;
}
