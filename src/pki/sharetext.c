/* A share as text for a person: form, number of shares needed, number, id, value and a check over all, 72 characters of Crockford's
 * base32, each four followed by one that checks them.
 *
 * The fifth is, over GF(2^5), a·d1 + a²·d2 + a³·d3 + a⁴·d4 + the group's number: all weights differ and none is 0, so one
 * wrong character, or two neighbours exchanged, always changes it, and so does another place. */
#include "pki/shares.h"

#include "pki/digest.h"
#include "pki/shares_priv.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FORM = 1, CHECK_LEN = 5, HEAD_LEN = 3 + SHARES_ID_LEN, GROUP = 4 };
enum { OCTETS = HEAD_LEN + SHARES_SECRET_LEN + CHECK_LEN };
_Static_assert(OCTETS * 8 == SHARES_GROUPS * GROUP * 5, "the groups hold the octets");

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void check_of(const uint8_t *octets, uint8_t out[CHECK_LEN])
{
    uint8_t hash[DIGEST_LEN];
    digest_sha256((struct bytes){octets, OCTETS - CHECK_LEN}, hash);
    memcpy(out, hash, CHECK_LEN);
}

static void pack(const struct share *s, uint8_t out[OCTETS])
{
    out[0] = FORM;
    out[1] = s->threshold;
    out[2] = s->number;
    memcpy(out + 3, s->id, SHARES_ID_LEN);
    memcpy(out + HEAD_LEN, s->value, SHARES_SECRET_LEN);
    check_of(out, out + OCTETS - CHECK_LEN);
}

/* ---- groups ---- */

/* Five bits, number `i` of the whole. */
static unsigned five_at(const uint8_t *octets, int i)
{
    unsigned bits = 0;
    for (int b = 5 * i; b < 5 * i + 5; b++)
        bits = bits << 1 | (unsigned)(octets[b / 8] >> (7 - b % 8) & 1);
    return bits;
}

static void five_to(uint8_t *octets, int i, unsigned bits)
{
    for (int b = 5 * i, k = 4; k >= 0; b++, k--)
        octets[b / 8] |= (uint8_t)((bits >> k & 1u) << (7 - b % 8));
}

/* Times a, a root of x^5 + x^2 + 1. */
static unsigned times_a(unsigned x)
{
    return (x << 1 ^ (0x25u & (0u - (x >> 4 & 1u)))) & 31u;
}

static unsigned group_check(const unsigned d[GROUP], int group)
{
    unsigned sum = 0;
    for (int i = GROUP - 1; i >= 0; i--)
        sum = times_a(sum ^ d[i]);
    return sum ^ (unsigned)group;
}

void share_text(const struct share *share, char out[SHARES_TEXT_SIZE])
{
    uint8_t octets[OCTETS];
    pack(share, octets);
    for (int g = 0; g < SHARES_GROUPS; g++) {
        unsigned d[GROUP];
        for (int i = 0; i < GROUP; i++) {
            d[i] = five_at(octets, g * GROUP + i);
            *out++ = digits[d[i]];
        }
        *out++ = digits[group_check(d, g)];
        *out++ = g == SHARES_GROUPS - 1 ? '\0' : g % 6 == 5 ? '\n' : '-';
    }
    *out = '\0';
    mem_wipe(octets, sizeof octets);
}

void shares_id_text(const uint8_t id[SHARES_ID_LEN], char out[SHARES_ID_SIZE])
{
    for (int i = 0; i < SHARES_ID_SIZE - 1; i++)
        out[i] = digits[five_at(id, i)];
    out[SHARES_ID_SIZE - 1] = '\0';
}

int shares_id_read(const char *text, uint8_t out[SHARES_ID_LEN])
{
    memset(out, 0, SHARES_ID_LEN);
    if (strlen(text) != SHARES_ID_SIZE - 1)
        return 0;
    for (int i = 0; text[i]; i++) {
        const char *at = strchr(digits, text[i]);
        if (!at)
            return 0;
        five_to(out, i, (unsigned)(at - digits));
    }
    return 1;
}

/* ---- reading ---- */

__attribute__((format(printf, 3, 4))) static enum err mistyped(const char *which,
                                                               struct err_info *e, const char *why,
                                                               ...)
{
    char text[160];
    va_list ap;
    va_start(ap, why);
    vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    err_set(e, ERR_SHARE, "share", "%s", text);
    err_arg(e, "which", "%s", which);
    err_arg(e, "why", "%s", text);
    return ERR_SHARE;
}

static enum err read_groups(const char *which, const char *typed, uint8_t octets[OCTETS],
                            struct err_info *e)
{
    memset(octets, 0, OCTETS);
    for (int g = 0; g < SHARES_GROUPS; g++) {
        unsigned d[GROUP + 1];
        for (int i = 0; i <= GROUP; i++)
            d[i] = (unsigned)(strchr(digits, *typed++) - digits);
        if (group_check(d, g) != d[GROUP])
            return mistyped(which, e, "group %d of it is mistyped, or stands at a wrong place",
                            g + 1);
        for (int i = 0; i < GROUP; i++)
            five_to(octets, g * GROUP + i, d[i]);
    }
    return ERR_OK;
}

static enum err unpack(const char *which, const uint8_t octets[OCTETS], struct share *out,
                       struct err_info *e)
{
    uint8_t check[CHECK_LEN];
    if (octets[0] != FORM)
        return mistyped(which, e, "it is of form %d, which this program does not know", octets[0]);
    check_of(octets, check);
    if (memcmp(check, octets + OCTETS - CHECK_LEN, CHECK_LEN) != 0)
        return mistyped(which, e,
                        "more than one character of it is mistyped (check over all %d groups)",
                        SHARES_GROUPS);
    out->threshold = octets[1];
    out->number = octets[2];
    memcpy(out->id, octets + 3, SHARES_ID_LEN);
    memcpy(out->value, octets + HEAD_LEN, SHARES_SECRET_LEN);
    return ERR_OK;
}

enum err share_read(const char *which, const char *text, struct share *out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    uint8_t octets[OCTETS];
    const char *typed = text_mend_code(a, text);
    if (!typed)
        return mistyped(which, e, "it has a character that none of its %d groups can have",
                        SHARES_GROUPS);
    if (strlen(typed) != (size_t)SHARES_GROUPS * (GROUP + 1))
        return mistyped(which, e, "it has %d characters, not 90", (int)strlen(typed));
    enum err result = read_groups(which, typed, octets, e);
    if (result == ERR_OK)
        result = unpack(which, octets, out, e);
    mem_wipe(octets, sizeof octets);
    return result;
}
