#include "pki/name.h"

#include "base/text.h"
#include "pki/der.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct type_row {
    const char *text;
    const char *oid; /* content octets */
    uint8_t oid_n, tag;
    uint16_t max; /* characters */
};

#define OID(octets) octets, sizeof octets - 1
/* Upper bounds: RFC 5280 appendix A.1. Its ub-name of 32,768 for surname and givenName is cut to 128; street
 * and organizationIdentifier have none there. */
static const struct type_row types[] = {
    [NAME_C] = {"C", OID("\x55\x04\x06"), DER_PRINTABLE, 2},
    [NAME_ST] = {"ST", OID("\x55\x04\x08"), DER_UTF8, 128},
    [NAME_L] = {"L", OID("\x55\x04\x07"), DER_UTF8, 128},
    [NAME_STREET] = {"STREET", OID("\x55\x04\x09"), DER_UTF8, 128},
    [NAME_O] = {"O", OID("\x55\x04\x0a"), DER_UTF8, 64},
    [NAME_OU] = {"OU", OID("\x55\x04\x0b"), DER_UTF8, 64},
    [NAME_CN] = {"CN", OID("\x55\x04\x03"), DER_UTF8, 64},
    [NAME_SERIAL_NUMBER] = {"serialNumber", OID("\x55\x04\x05"), DER_PRINTABLE, 64},
    [NAME_TITLE] = {"title", OID("\x55\x04\x0c"), DER_UTF8, 64},
    [NAME_SURNAME] = {"SN", OID("\x55\x04\x04"), DER_UTF8, 128},
    [NAME_GIVEN_NAME] = {"givenName", OID("\x55\x04\x2a"), DER_UTF8, 128},
    [NAME_ORGANIZATION_ID] = {"organizationIdentifier", OID("\x55\x04\x61"), DER_UTF8, 64},
    [NAME_EMAIL] = {"emailAddress", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), DER_IA5, 255},
    [NAME_UID] = {"UID", OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), DER_UTF8, 256},
    [NAME_DC] = {"DC", OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), DER_IA5, 63},
};

const char *name_type_text(enum name_type type)
{
    return type < NAME_OTHER ? types[type].text : "?";
}

int name_type_from_text(const char *text, enum name_type *out)
{
    for (int t = 0; t < NAME_OTHER; t++)
        if (strcmp(types[t].text, text) == 0) {
            *out = (enum name_type)t;
            return 1;
        }
    return 0;
}

__attribute__((format(printf, 3, 4))) static enum err refuse(struct err_info *e,
                                                             enum name_type type, const char *why,
                                                             ...)
{
    char text[120];
    va_list ap;
    va_start(ap, why);
    vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    err_set(e, ERR_NAME, name_type_text(type), "%s", text);
    err_arg(e, "part", "%s", name_type_text(type));
    err_arg(e, "why", "%s", text);
    return ERR_NAME;
}

/* PrintableString's characters, X.680 41.4. */
static int printable(const char *s)
{
    for (; *s; s++)
        if (!((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') ||
              strchr(" '()+,-./:=?", *s)))
            return 0;
    return 1;
}

static enum err check(enum name_type type, const char *v, struct err_info *e)
{
    const struct type_row *row = &types[type];
    size_t n = v ? strlen(v) : 0;
    if (n == 0)
        return refuse(e, type, "it is empty");
    if (!text_is_utf8(v, n))
        return refuse(e, type, "it is not UTF-8");
    if (text_chars(v) > row->max)
        return refuse(e, type, "%zu characters, at most %d (RFC 5280 A.1)", text_chars(v),
                      row->max);
    for (const uint8_t *p = (const uint8_t *)v; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
            return refuse(e, type, "it has a control character");
    if (v[0] == ' ' || v[n - 1] == ' ')
        return refuse(e, type, "it has a space at its begin or end");
    if (row->tag == DER_PRINTABLE && !printable(v))
        return refuse(e, type, "it has a character that PrintableString lacks");
    if (row->tag == DER_IA5)
        for (const char *p = v; *p; p++)
            if (*p & 0x80)
                return refuse(e, type, "it has a character outside ASCII");
    if (type == NAME_C && !(n == 2 && v[0] >= 'A' && v[0] <= 'Z' && v[1] >= 'A' && v[1] <= 'Z'))
        return refuse(e, type, "a country has two capital letters (ISO 3166)");
    return ERR_OK;
}

enum err name_encode(const struct name_part *part, size_t n, struct arena *a, struct bytes *der,
                     struct err_info *e)
{
    if (n == 0 || n > NAME_PARTS_MAX)
        return refuse(e, NAME_CN, "a name has 1 to %d parts", NAME_PARTS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (part[i].type >= NAME_OTHER)
            return refuse(e, part[i].type, "this type cannot be written");
        TRY(check(part[i].type, part[i].value, e));
    }
    struct buf b;
    buf_init(&b, 8192);
    size_t name = der_open(&b, DER_SEQUENCE);
    for (size_t i = 0; i < n; i++) {
        const struct type_row *row = &types[part[i].type];
        size_t rdn = der_open(&b, DER_SET), pair = der_open(&b, DER_SEQUENCE);
        der_put(&b, DER_OID, (struct bytes){(const uint8_t *)row->oid, row->oid_n});
        der_put_text(&b, row->tag, part[i].value);
        der_close(&b, pair);
        der_close(&b, rdn);
    }
    der_close(&b, name);
    return der_finish(&b, a, der, e);
}

/* ---- reading ---- */

static void put_utf8(struct buf *b, unsigned c)
{
    if (c < 0x80) {
        buf_byte(b, (uint8_t)c);
    } else if (c < 0x800) {
        buf_byte(b, (uint8_t)(0xc0 | c >> 6));
        buf_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        buf_byte(b, (uint8_t)(0xe0 | c >> 12));
        buf_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buf_byte(b, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

/* UTF-8 of a string value; NULL where its type or octets are not those of a string. */
static char *value_text(struct arena *a, uint8_t tag, struct bytes c)
{
    if (tag == DER_UTF8)
        return text_is_utf8(c.p, c.n) ? arena_text_n(a, (const char *)c.p, c.n) : NULL;
    size_t step = tag == DER_BMP ? 2 : 1;
    if ((tag != DER_PRINTABLE && tag != DER_IA5 && tag != DER_TELETEX && tag != DER_BMP) ||
        c.n % step)
        return NULL;
    _auto_buf b;
    buf_init(&b, c.n * 3);
    for (size_t i = 0; i < c.n; i += step) {
        unsigned v = step == 2 ? (unsigned)(c.p[i] << 8 | c.p[i + 1]) : c.p[i];
        if (v == 0 || (v >= 0xd800 && v < 0xe000) ||
            (v > 0x7f && tag != DER_BMP && tag != DER_TELETEX))
            return NULL;
        put_utf8(&b, v); /* TeletexString is taken for Latin-1, as everyone does */
    }
    return arena_text_n(a, (const char *)b.p, b.n);
}

struct pair {
    enum name_type type;
    struct bytes oid, whole; /* value whole, for "#hex" */
    char *value;             /* NULL: not a string */
};

static enum err read_pair(struct der *set, struct arena *a, struct pair *out, struct err_info *e)
{
    struct der seq;
    uint8_t tag = 0;
    struct bytes c;
    TRY(der_enter(set, DER_SEQUENCE, &seq, e));
    TRY(der_take(&seq, DER_OID, &out->oid, e));
    TRY(der_any(&seq, &tag, &out->whole, &c, e));
    TRY(der_end(&seq, e));
    out->value = value_text(a, tag, c);
    out->type = NAME_OTHER;
    for (int t = 0; t < NAME_OTHER; t++)
        if (out->oid.n == types[t].oid_n && memcmp(out->oid.p, types[t].oid, out->oid.n) == 0)
            out->type = (enum name_type)t;
    return ERR_OK;
}

enum err name_decode(struct bytes der, struct arena *a, struct name *out, struct err_info *e)
{
    struct der d = der_start(der), rdns, set;
    out->n = 0;
    TRY(der_enter(&d, DER_SEQUENCE, &rdns, e));
    TRY(der_end(&d, e));
    while (der_more(&rdns)) {
        TRY(der_enter(&rdns, DER_SET, &set, e));
        if (!der_more(&set))
            return der_refuse(e, "empty RDN (RFC 5280 4.1.2.4)");
        while (der_more(&set)) {
            struct pair p;
            TRY(read_pair(&set, a, &p, e));
            if (out->n == NAME_PARTS_MAX)
                return der_refuse(e, "a name of more than %d parts", NAME_PARTS_MAX);
            out->part[out->n++] = (struct name_part){
                p.type, p.value ? p.value : arena_fmt(a, "#%s", text_hex(a, p.whole))};
        }
    }
    return ERR_OK;
}

/* RFC 4514 2.4 */
static void put_escaped(struct buf *b, const char *v)
{
    size_t n = strlen(v);
    for (size_t i = 0; i < n; i++) {
        if (strchr("\"+,;<>\\", v[i]) || (i == 0 && v[i] == '#') ||
            (v[i] == ' ' && (i == 0 || i == n - 1)))
            buf_byte(b, '\\');
        buf_byte(b, (uint8_t)v[i]);
    }
}

static void put_pair(struct buf *b, struct arena *a, const struct pair *p)
{
    const char *oid = der_oid_text(a, p->oid);
    if (p->type != NAME_OTHER && p->value) {
        buf_fmt(b, "%s=", types[p->type].text);
        put_escaped(b, p->value);
    } else { /* RFC 4514 2.4: BER in hex where the type has no name or the value is no string */
        buf_fmt(b, "%s=#%s", oid ? oid : "?", text_hex(a, p->whole));
    }
}

enum err name_text(struct bytes der, struct arena *a, char **out, struct err_info *e)
{
    struct der d = der_start(der), rdns, set;
    char *text = NULL;
    int count = 0;
    TRY(der_enter(&d, DER_SEQUENCE, &rdns, e));
    TRY(der_end(&d, e));
    while (der_more(&rdns)) {
        _auto_buf b;
        buf_init(&b, 65536);
        if (++count > 2 * NAME_PARTS_MAX)
            return der_refuse(e, "a name of more than %d parts", 2 * NAME_PARTS_MAX);
        TRY(der_enter(&rdns, DER_SET, &set, e));
        for (int i = 0; der_more(&set); i++) {
            struct pair p;
            TRY(read_pair(&set, a, &p, e));
            if (i)
                buf_byte(&b, '+');
            put_pair(&b, a, &p);
        }
        text = text ? arena_fmt(a, "%s,%s", buf_cstr(&b), text) : arena_text(a, buf_cstr(&b));
    }
    *out = text ? text : arena_text(a, "");
    return ERR_OK;
}

const char *name_get(const struct name *n, enum name_type type)
{
    for (size_t i = 0; i < n->n; i++)
        if (n->part[i].type == type)
            return n->part[i].value;
    return NULL;
}
