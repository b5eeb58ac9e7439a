/* Single fields: mending what people type, and the forms of codes (facts/identity-numbers.md). */
#include "reglist/reglist_priv.h"

#include "base/text.h"

#include <string.h>

static const char *const NAMES[COLUMNS] = {
    "action",  "institution_name", "reporting_code", "user_name", "uscc",
    "handler", "mobile",           "email",          "code"};

const char *column_name(enum column c)
{
    return NAMES[c];
}

int column_find(const char *name, size_t n)
{
    for (int c = 0; c < COLUMNS; c++)
        if (strlen(NAMES[c]) == n && strncasecmp(NAMES[c], name, n) == 0)
            return c;
    return -1;
}

char *half_width(struct arena *a, const char *s)
{
    char *out = arena_alloc(a, strlen(s) + 1), *o = out;
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        if (p[0] == 0xEF && (p[1] == 0xBC || p[1] == 0xBD)) { /* U+FF01 … U+FF5E */
            unsigned code = 0xF000u | (unsigned)(p[1] & 0x3F) << 6 | (unsigned)(p[2] & 0x3F);
            if (code >= 0xFF01 && code <= 0xFF5E) {
                *o++ = (char)(code - 0xFEE0);
                p += 3;
                continue;
            }
        }
        if (p[0] == 0xE3 && p[1] == 0x80 && p[2] == 0x80) { /* U+3000 */
            *o++ = ' ';
            p += 3;
            continue;
        }
        *o++ = (char)*p++;
    }
    return text_trim(a, out);
}

char *upper(struct arena *a, const char *s)
{
    char *out = arena_text(a, s);
    for (char *p = out; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return out;
}

static unsigned next_code_point(const unsigned char **p)
{
    unsigned c = **p;
    int more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    c = more == 0 ? c : c & (0x3Fu >> more);
    (*p)++;
    while (more-- > 0)
        c = c << 6 | (*(*p)++ & 0x3Fu);
    return c;
}

int name_characters(const char *s)
{
    static const unsigned refused[][2] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x200B, 0x200F},
        {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFF},
    };
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        unsigned c = next_code_point(&p);
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
            if (c >= refused[i][0] && c <= refused[i][1])
                return 0;
    }
    return 1;
}

/* The first `chars` code points of s. */
static const char *head_of(struct arena *a, const char *s, size_t chars)
{
    const unsigned char *p = (const unsigned char *)s;
    while (*p && chars-- > 0)
        (void)next_code_point(&p);
    return arena_text_n(a, s, (size_t)((const char *)p - s));
}

const char *excerpt(struct arena *a, enum column c, const char *value)
{
    if (!value || !*value || c == COL_CODE)
        return "";
    if (c == COL_HANDLER || c == COL_EMAIL)
        return arena_fmt(a, "%s**", head_of(a, value, 1));
    if (c == COL_MOBILE)
        return arena_fmt(a, "%s****", head_of(a, value, 3));
    return text_chars(value) <= 40 ? value : arena_fmt(a, "%s…", head_of(a, value, 39));
}

static const char USCC[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

char reglist_uscc_check_digit(const char first17[17])
{
    int weight = 1, sum = 0;
    for (int i = 0; i < 17; i++) {
        const char *at = first17[i] ? strchr(USCC, first17[i]) : NULL;
        if (!at)
            return 0;
        sum += (int)(at - USCC) * weight;
        weight = weight * 3 % 31;
    }
    return USCC[(31 - sum % 31) % 31];
}

enum uscc_verdict reglist_uscc(struct arena *a, const char *typed, char **mended)
{
    char *s = upper(a, half_width(a, typed));
    if (mended)
        *mended = s;
    if (strlen(s) != 18 || !strchr(USCC, s[17]))
        return USCC_FORM;
    char check = reglist_uscc_check_digit(s);
    return check == 0 ? USCC_FORM : check == s[17] ? USCC_OK : USCC_CHECK;
}

char *reglist_mobile(struct arena *a, const char *typed)
{
    const char *s = half_width(a, typed);
    if (strncmp(s, "+86", 3) == 0)
        s += 3;
    else if (strncmp(s, "0086", 4) == 0)
        s += 4;
    char *out = arena_alloc(a, strlen(s) + 1), *o = out;
    for (; *s; s++)
        if (*s != ' ' && *s != '-')
            *o++ = *s;
    size_t n = strlen(out);
    if (n != 11 || strspn(out, "0123456789") != n || out[0] != '1' || out[1] < '3')
        return NULL;
    return out;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Labels of a host name (RFC 1123 2.1), at least two; the last has no digit at its start. */
static int is_domain(const char *s)
{
    int labels = 0;
    size_t n;
    do {
        n = strspn(s, LETTERS DIGITS "-");
        if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
            return 0;
        labels++;
        if (s[n] == 0)
            return labels >= 2 && n >= 2 && !strchr(DIGITS, s[0]);
        if (s[n] != '.')
            return 0;
        s += n + 1;
    } while (*s);
    return 0;
}

/* Dot-atom (RFC 5321 4.1.2); quoted local parts are refused: no mailbox of an institution has one. */
char *reglist_email(struct arena *a, const char *typed)
{
    char *s = half_width(a, typed);
    const char *at = strchr(s, '@');
    if (!at || strlen(s) > 254 || at - s < 1 || at - s > 64)
        return NULL;
    size_t n = (size_t)(at - s);
    if (strspn(s, LETTERS DIGITS ".!#$%&'*+/=?^_`{|}~-") != n || s[0] == '.' || s[n - 1] == '.')
        return NULL;
    const char *dots = strstr(s, "..");
    return (dots && dots < at) || !is_domain(at + 1) ? NULL : s;
}

char *reglist_reporting_code(struct arena *a, const char *typed)
{
    char *s = upper(a, half_width(a, typed));
    size_t n = strlen(s);
    return n == 14 && strspn(s, DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n ? s : NULL;
}
