/* CSV by RFC 4180: quotes only around a whole field, "" for a quote in it, CRLF or LF between records. */
#include "reglist/reglist_priv.h"

#include <string.h>

struct cursor {
    const char *p, *end;
    int place; /* record number as a spreadsheet counts: the head row is 1 */
};

enum stop { STOP_FIELD, STOP_RECORD };

static enum stop end_of_field(struct cursor *c)
{
    if (c->p == c->end)
        return STOP_RECORD;
    if (*c->p == ',') {
        c->p++;
        return STOP_FIELD;
    }
    if (*c->p == '\r')
        c->p++;
    if (c->p < c->end && *c->p == '\n')
        c->p++;
    return STOP_RECORD;
}

static int at_break(const struct cursor *c)
{
    return c->p == c->end || *c->p == ',' || *c->p == '\n' ||
           (*c->p == '\r' && (c->p + 1 == c->end || c->p[1] == '\n'));
}

static char *quoted(struct reading *r, struct cursor *c)
{
    const char *start = ++c->p;
    while (c->p < c->end && !(*c->p == '"' && (c->p + 1 == c->end || c->p[1] != '"')))
        c->p += *c->p == '"' ? 2 : 1;
    size_t n = (size_t)(c->p - start), k = 0;
    char *out = arena_alloc(r->a, n + 1);
    for (size_t i = 0; i < n; i++) {
        out[k++] = start[i];
        i += start[i] == '"';
    }
    if (c->p < c->end)
        c->p++; /* the closing quote */
    else
        reading_problem(r, 0, c->place, "", REGLIST_SYNTAX)->value = "\"";
    if (!at_break(c)) {
        reading_problem(r, 0, c->place, "", REGLIST_SYNTAX)->value = "\"";
        while (!at_break(c))
            c->p++;
    }
    return out;
}

static char *plain(struct reading *r, struct cursor *c)
{
    const char *start = c->p;
    int quote = 0;
    while (!at_break(c)) {
        quote |= *c->p == '"';
        c->p++;
    }
    if (quote)
        reading_problem(r, 0, c->place, "", REGLIST_SYNTAX)->value = "\"";
    return arena_text_n(r->a, start, (size_t)(c->p - start));
}

static enum stop field(struct reading *r, struct cursor *c, char **out)
{
    *out = c->p < c->end && *c->p == '"' ? quoted(r, c) : plain(r, c);
    return end_of_field(c);
}

enum { FIELDS_MAX = 64 };

/* All fields of a record; how many there were. Those past FIELDS_MAX are counted only. */
static int record(struct reading *r, struct cursor *c, char *fields[FIELDS_MAX])
{
    int n = 0;
    char *text;
    enum stop s;
    do {
        s = field(r, c, &text);
        if (n < FIELDS_MAX)
            fields[n] = text;
        n++;
    } while (s == STOP_FIELD);
    c->place++;
    return n;
}

static int is_space(const char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return *s == 0;
}

/* Spreadsheets leave empty rows behind ("" or ",,,"): they are not rows. */
static int is_blank(char *const *fields, int n)
{
    for (int i = 0; i < n && i < FIELDS_MAX; i++)
        if (!is_space(fields[i]))
            return 0;
    return 1;
}

static void head(struct reading *r, char *const *fields, int n, int at[FIELDS_MAX])
{
    for (int i = 0; i < n && i < FIELDS_MAX; i++) {
        const char *name = half_width(r->a, fields[i]);
        at[i] = column_find(name, strlen(name));
        if (at[i] < 0) {
            reading_problem(r, 0, 1, arena_text(r->a, name), REGLIST_COLUMN_UNKNOWN);
        } else if (r->have[at[i]]) {
            reading_problem(r, 0, 1, column_name((enum column)at[i]), REGLIST_COLUMN_TWICE);
            at[i] = -1;
        } else {
            r->have[at[i]] = 1;
        }
    }
}

void csv_read(struct reading *r, const char *text, size_t n)
{
    struct cursor c = {text, text + n, 1};
    char *fields[FIELDS_MAX];
    int at[FIELDS_MAX];
    if (n == 0)
        return;
    int columns = record(r, &c, fields);
    head(r, fields, columns, at);
    while (c.p < c.end) {
        int place = c.place;
        int got = record(r, &c, fields);
        if (is_blank(fields, got))
            continue;
        struct raw_row *row = reading_row(r, place);
        if (!row)
            return;
        if (got != columns)
            reading_problem(r, (int)r->rows_n, place, "", REGLIST_COLUMN_COUNT)->other = got;
        for (int i = 0; i < got && i < columns && i < FIELDS_MAX; i++)
            if (at[i] >= 0)
                row->cell[at[i]] = fields[i];
    }
}
