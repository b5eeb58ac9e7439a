/* What a decoder child says of a list. Whole numbers are four octets, the lowest first; a text is its length and its octets
 * (UTF-8), an absent one the length ABSENT.
 *
 *   "CHRL1"  flags  have  rows_n  { place  cell × COLUMNS } × rows_n
 *                         problems_n  { number  place  reason  other  column  value } × problems_n
 *
 * flags: bit 0 GB18030, bit 1 too many rows, bit 2 too many problems; have: a bit for each column. */
#include "reglist/reglist_priv.h"

#include "base/text.h"

#include <limits.h>
#include <string.h>

static const char MAGIC[] = "CHRL1";
enum { FLAG_GB18030 = 1, FLAG_TOO_MANY = 2, FLAG_TOO_WRONG = 4, FLAGS_ALL = 7 };
static const uint32_t ABSENT = UINT32_MAX;

/* ---- writing ---- */

static void put_number(struct buf *b, uint32_t n)
{
    const uint8_t raw[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
    buf_put(b, raw, sizeof raw);
}

static void put_text(struct buf *b, const char *s)
{
    put_number(b, s ? (uint32_t)strlen(s) : ABSENT);
    if (s)
        buf_text(b, s);
}

static void put_problem(struct buf *b, const struct reglist_problem *p)
{
    put_number(b, (uint32_t)p->number);
    put_number(b, (uint32_t)p->place);
    put_number(b, (uint32_t)p->reason);
    put_number(b, (uint32_t)p->other);
    put_text(b, p->column);
    put_text(b, p->value);
}

void message_put(struct buf *b, const struct reading *r)
{
    uint32_t have = 0;
    for (int c = 0; c < COLUMNS; c++)
        have |= r->have[c] ? 1u << c : 0;
    buf_text(b, MAGIC);
    put_number(b, (r->gb18030 ? FLAG_GB18030 : 0u) | (r->too_many ? FLAG_TOO_MANY : 0u) |
                      (r->too_wrong ? FLAG_TOO_WRONG : 0u));
    put_number(b, have);
    put_number(b, (uint32_t)r->rows_n);
    for (size_t i = 0; i < r->rows_n; i++) {
        put_number(b, (uint32_t)r->rows[i].place);
        for (int c = 0; c < COLUMNS; c++)
            put_text(b, r->rows[i].cell[c]);
    }
    put_number(b, (uint32_t)r->problems_n);
    for (size_t i = 0; i < r->problems_n; i++)
        put_problem(b, &r->problems[i]);
}

/* ---- reading: one cursor; the first thing that is wrong stays in `why` ---- */

struct cursor {
    const uint8_t *p, *end;
    struct arena *a;
    const char *why;
};

static int wrong(struct cursor *c, const char *why)
{
    c->why = why;
    return 0;
}

static int take_number(struct cursor *c, uint32_t max, uint32_t *out)
{
    if (c->end - c->p < 4)
        return wrong(c, "it ends within a number");
    *out = (uint32_t)c->p[0] | (uint32_t)c->p[1] << 8 | (uint32_t)c->p[2] << 16 |
           (uint32_t)c->p[3] << 24;
    c->p += 4;
    return *out <= max || wrong(c, "a number is out of bounds");
}

static int take_int(struct cursor *c, int max, int *out)
{
    uint32_t n;
    if (!take_number(c, (uint32_t)max, &n))
        return 0;
    *out = (int)n;
    return 1;
}

/* NULL in *out where the text is absent and may be. */
static int take_text(struct cursor *c, int may_be_absent, const char **out)
{
    uint32_t n;
    if (!take_number(c, UINT32_MAX, &n))
        return 0;
    *out = NULL;
    if (n == ABSENT)
        return may_be_absent || wrong(c, "a text is absent");
    if (n > (size_t)(c->end - c->p))
        return wrong(c, "it ends within a text");
    if (memchr(c->p, 0, n) || !text_is_utf8(c->p, n))
        return wrong(c, "a text is not UTF-8");
    *out = arena_text_n(c->a, (const char *)c->p, n);
    c->p += n;
    return 1;
}

static int take_row(struct cursor *c, struct reading *r)
{
    int before = r->rows_n > 0 ? r->rows[r->rows_n - 1].place : 0, place;
    if (!take_int(c, INT_MAX, &place))
        return 0;
    if (place <= before)
        return wrong(c, "rows are not in their order");
    struct raw_row *row = reading_row(r, place);
    for (int i = 0; i < COLUMNS; i++)
        if (!take_text(c, 1, &row->cell[i]))
            return 0;
    return 1;
}

/* Reading finds these; what a row says is checked afterwards, and no child has a say in that. */
static int is_of_reading(uint32_t reason)
{
    return reason == REGLIST_ENCODING || reason == REGLIST_SYNTAX ||
           reason == REGLIST_COLUMN_UNKNOWN || reason == REGLIST_COLUMN_TWICE ||
           reason == REGLIST_COLUMN_COUNT;
}

static int take_problem(struct cursor *c, struct reading *r)
{
    int number, place, other;
    uint32_t reason;
    const char *column, *value;
    if (!take_int(c, (int)r->rows_n, &number) || !take_int(c, INT_MAX, &place) ||
        !take_number(c, REGLIST_REASON_COUNT - 1, &reason) || !take_int(c, INT_MAX, &other) ||
        !take_text(c, 0, &column) || !take_text(c, 0, &value))
        return 0;
    if (!is_of_reading(reason))
        return wrong(c, "a problem is none of reading");
    struct reglist_problem *p = reading_problem(r, number, place, column,
                                                (enum reglist_reason)reason);
    p->value = value;
    p->other = other;
    return 1;
}

static int take_head(struct cursor *c, struct reading *r)
{
    uint32_t flags, have;
    if ((size_t)(c->end - c->p) < sizeof MAGIC - 1 || memcmp(c->p, MAGIC, sizeof MAGIC - 1) != 0)
        return wrong(c, "it does not begin as one");
    c->p += sizeof MAGIC - 1;
    if (!take_number(c, FLAGS_ALL, &flags) || !take_number(c, (1u << COLUMNS) - 1, &have))
        return 0;
    r->gb18030 = (flags & FLAG_GB18030) != 0;
    r->too_many = (flags & FLAG_TOO_MANY) != 0;
    r->too_wrong = (flags & FLAG_TOO_WRONG) != 0;
    for (int i = 0; i < COLUMNS; i++)
        r->have[i] = (have >> i & 1) != 0;
    return 1;
}

static int take_all(struct cursor *c, struct reading *r)
{
    uint32_t rows, problems;
    if (!take_head(c, r) || !take_number(c, REGLIST_ROWS_MAX, &rows))
        return 0;
    for (uint32_t i = 0; i < rows; i++)
        if (!take_row(c, r))
            return 0;
    if (!take_number(c, READING_PROBLEMS_MAX, &problems))
        return 0;
    for (uint32_t i = 0; i < problems; i++)
        if (!take_problem(c, r))
            return 0;
    return c->p == c->end || wrong(c, "something follows its end");
}

enum err message_take(struct bytes m, struct reading *r, struct err_info *e)
{
    struct cursor c = {.p = m.p, .end = m.p + m.n, .a = r->a};
    if (take_all(&c, r))
        return ERR_OK;
    return err_set(e, ERR_FILE_BROKE, "file", "the decoder's reply: %s at octet %zu of %zu", c.why,
                   (size_t)(c.p - m.p), m.n);
}
