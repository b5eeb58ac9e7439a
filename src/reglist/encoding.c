/* Which encoding a list is in. Spreadsheet programs in China still save CSV as GB18030 (GBK). */
#include "reglist/reglist_priv.h"

#include "base/text.h"

#include <iconv.h>
#include <string.h>

/* The row of the sheet, as csv.c counts it: a line break within quotes is part of a field. Neither octet stands within
 * a character of either encoding. */
static int row_of(const uint8_t *p, size_t n)
{
    int row = 1, quoted = 0;
    for (size_t i = 0; i < n; i++) {
        quoted ^= p[i] == '"';
        row += p[i] == '\n' && !quoted;
    }
    return row;
}

/* Where the first line begins that is not UTF-8: a line break is within no character. */
static size_t utf8_until(struct bytes file)
{
    size_t at = 0;
    while (at < file.n) {
        const uint8_t *end = memchr(file.p + at, '\n', file.n - at);
        size_t n = end ? (size_t)(end - file.p) + 1 - at : file.n - at;
        if (!text_is_utf8(file.p + at, n))
            break;
        at += n;
    }
    return at;
}

static int from_gb18030(struct arena *a, struct bytes file, struct bytes *utf8, int *place)
{
    iconv_t cd = iconv_open("UTF-8", "GB18030");
    if (cd == (iconv_t)-1)
        return 0;
    /* two octets become at most three, four become four */
    size_t room = file.n * 2 + 16, left = room, in_left = file.n;
    char *start = arena_alloc(a, room), *to = start;
    char *from = (char *)(uintptr_t)file.p; /* iconv does not write there */
    size_t irreversible = iconv(cd, &from, &in_left, &to, &left);
    iconv_close(cd);
    *utf8 = (struct bytes){(const uint8_t *)start, room - left};
    if (irreversible == 0 && in_left == 0)
        return 1;
    /* the encoding that got further is the one it was meant to be in */
    size_t utf8_n = utf8_until(file), gb_n = file.n - in_left;
    *place = row_of(file.p, utf8_n > gb_n ? utf8_n : gb_n);
    return 0;
}

int encoding_read(struct arena *a, struct bytes file, struct bytes *utf8, int *gb18030, int *place)
{
    static const uint8_t bom[3] = {0xEF, 0xBB, 0xBF};
    *gb18030 = 0;
    *place = 0;
    /* a NUL is in no text; it is how UTF-16 shows itself */
    const uint8_t *nul = file.n ? memchr(file.p, 0, file.n) : NULL;
    if (nul) {
        *place = row_of(file.p, (size_t)(nul - file.p));
        return 0;
    }
    if (file.n >= 3 && memcmp(file.p, bom, 3) == 0)
        file = (struct bytes){file.p + 3, file.n - 3};
    if (text_is_utf8(file.p, file.n)) {
        *utf8 = file;
        return 1;
    }
    *gb18030 = 1;
    return from_gb18030(a, file, utf8, place);
}
