/* What a row must be, and what rows must be to each other. */
#include "reglist/reglist_priv.h"

#include "base/text.h"
#include "pki/digest.h"

#include <stdlib.h>
#include <string.h>

/* One row under check: `ok` stays 1 while nothing but warnings was found. */
struct checked {
    struct reglist_row row;
    int ok;
    int has_key;
};

static struct reglist_problem *bad(struct reading *r, struct checked *k, enum column c,
                                   enum reglist_reason reason, const char *value)
{
    struct reglist_problem *p = reading_problem(r, k->row.number, k->row.place, column_name(c),
                                                reason);
    p->value = excerpt(r->a, c, value);
    k->ok = 0;
    return p;
}

/* A required cell, trimmed; NULL where it is missing, which is then reported (unless the whole column is). */
static const char *required(struct reading *r, struct checked *k, const struct raw_row *raw,
                            enum column c)
{
    const char *s = raw->cell[c] ? text_trim(r->a, raw->cell[c]) : "";
    if (*s)
        return s;
    if (r->have[c])
        bad(r, k, c, REGLIST_REQUIRED, "");
    k->ok = 0;
    return NULL;
}

static const char *name_cell(struct reading *r, struct checked *k, const struct raw_row *raw,
                             enum column c, size_t min, size_t max)
{
    const char *s = required(r, k, raw, c);
    if (!s)
        return "";
    size_t n = text_chars(s);
    if (!name_characters(s))
        bad(r, k, c, REGLIST_CHARACTER, s);
    else if (n < min)
        bad(r, k, c, REGLIST_TOO_SHORT, s)->other = (int)min;
    else if (n > max)
        bad(r, k, c, REGLIST_TOO_LONG, s)->other = (int)max;
    return s;
}

/* A cell that one function mends or refuses. */
static const char *mended_cell(struct reading *r, struct checked *k, const struct raw_row *raw,
                               enum column c, char *(*mend)(struct arena *, const char *),
                               enum reglist_reason reason)
{
    const char *s = required(r, k, raw, c);
    if (!s)
        return "";
    const char *out = mend(r->a, s);
    if (!out)
        bad(r, k, c, reason, s);
    return out ? out : "";
}

/* The usual slips of the keyboard, offered only where they make a right code. */
static const char *uscc_suggestion(struct arena *a, const char *typed)
{
    char *s = arena_text(a, typed);
    for (char *p = s; *p; p++)
        *p = *p == 'O' ? '0' : *p == 'I' ? '1' : *p == 'Z' ? '2' : *p == 'S' ? '5' : *p;
    return strcmp(s, typed) != 0 && reglist_uscc(a, s, NULL) == USCC_OK ? s : "";
}

static const char *uscc_cell(struct reading *r, struct checked *k, const struct raw_row *raw)
{
    const char *s = required(r, k, raw, COL_USCC);
    if (!s)
        return "";
    char *mended;
    enum uscc_verdict v = reglist_uscc(r->a, s, &mended);
    if (v == USCC_FORM) {
        bad(r, k, COL_USCC, REGLIST_USCC_FORM, mended)->suggestion = uscc_suggestion(r->a, mended);
        return "";
    } else if (v == USCC_CHECK) {
        struct reglist_problem *p = reading_problem(r, k->row.number, k->row.place,
                                                    column_name(COL_USCC), REGLIST_USCC_CHECK);
        p->value = mended;
        p->warning = 1;
    }
    return mended;
}

/* 16 random characters have fewer than six different ones about once in forty million; what a person makes up often has. */
static int is_guessable(const char *code)
{
    enum { DIFFERENT_MIN = 6 };
    size_t different = 0;
    for (const char *p = code; *p; p++)
        different += strchr(code, *p) == p;
    return different < DIFFERENT_MIN;
}

static const char *code_cell(struct reading *r, struct checked *k, const struct raw_row *raw)
{
    const char *s = raw->cell[COL_CODE] ? half_width(r->a, raw->cell[COL_CODE]) : "";
    if (!*s)
        return "";
    if (k->row.action != REGLIST_ADD) {
        bad(r, k, COL_CODE, REGLIST_CODE_NOT_HERE, s);
        return "";
    }
    const char *code = text_mend_code(r->a, s);
    if (!code || strlen(code) != 16) {
        bad(r, k, COL_CODE, REGLIST_CODE, s);
        return "";
    }
    if (is_guessable(code)) {
        bad(r, k, COL_CODE, REGLIST_CODE_GUESSABLE, s);
        return "";
    }
    return code;
}

static void action_cell(struct reading *r, struct checked *k, const struct raw_row *raw)
{
    const char *s = required(r, k, raw, COL_ACTION);
    k->row.action = REGLIST_ADD;
    if (!s)
        return;
    s = half_width(r->a, s);
    for (int i = REGLIST_ADD; i <= REGLIST_WITHDRAW; i++)
        if (strcasecmp(s, reglist_action_text((enum reglist_action)i)) == 0) {
            k->row.action = (enum reglist_action)i;
            return;
        }
    bad(r, k, COL_ACTION, REGLIST_ACTION, s);
}

static void add_part(struct digest *d, const char *s)
{
    size_t n = strlen(s);
    uint8_t len[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    digest_add(d, (struct bytes){len, sizeof len});
    digest_add(d, (struct bytes){(const uint8_t *)s, n});
}

static void hash_row(struct arena *a, struct reglist_row *row)
{
    _auto(digest) d = digest_new(DIGEST_SHA256);
    const char *part[] = {"CERTHALL-ROW-v1",
                          arena_fmt(a, "%d", row->number),
                          reglist_action_text(row->action),
                          row->institution_name,
                          row->reporting_code,
                          row->user_name,
                          row->uscc,
                          row->handler,
                          row->mobile,
                          row->email,
                          row->code};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        add_part(d, part[i]);
    digest_finish(d, row->hash);
}

static void check_row(struct reading *r, const struct raw_row *raw, int number, struct checked *k)
{
    struct reglist_row *row = &k->row;
    *row = (struct reglist_row){.number = number, .place = raw->place};
    row->institution_name = row->uscc = row->handler = row->mobile = row->email = "";
    k->ok = 1;
    action_cell(r, k, raw);
    if (row->action != REGLIST_WITHDRAW)
        row->institution_name = name_cell(r, k, raw, COL_INSTITUTION_NAME, 2, 64);
    row->reporting_code = mended_cell(r, k, raw, COL_REPORTING_CODE, reglist_reporting_code,
                                      REGLIST_REPORTING_CODE);
    row->user_name = name_cell(r, k, raw, COL_USER_NAME, 1, 64);
    if (row->action != REGLIST_WITHDRAW) {
        row->uscc = uscc_cell(r, k, raw);
        row->handler = name_cell(r, k, raw, COL_HANDLER, 2, 50);
        row->mobile = mended_cell(r, k, raw, COL_MOBILE, reglist_mobile, REGLIST_MOBILE);
        row->email = mended_cell(r, k, raw, COL_EMAIL, reglist_email, REGLIST_EMAIL);
    }
    row->code = code_cell(r, k, raw);
    row->key = arena_fmt(r->a, "%s/%s", row->reporting_code, row->user_name);
    k->has_key = *row->reporting_code && *row->user_name;
    hash_row(r->a, row);
}

/* ---- rows against each other: sorted by a text, equal ones side by side, the first in the file first ---- */

typedef const char *text_of_fn(const struct reglist_row *row);

static const char *key_of(const struct reglist_row *row)
{
    return row->key;
}
static const char *code_of(const struct reglist_row *row)
{
    return row->code;
}
static const char *reporting_of(const struct reglist_row *row)
{
    return row->reporting_code;
}

static int by_text(const void *x, const void *y, void *arg)
{
    const struct checked *a = *(struct checked *const *)x, *b = *(struct checked *const *)y;
    text_of_fn *text_of = *(text_of_fn **)arg;
    int d = strcmp(text_of(&a->row), text_of(&b->row));
    return d ? d : a->row.number - b->row.number;
}

static void sort_by(struct checked **list, size_t n, text_of_fn *text_of)
{
    qsort_r(list, n, sizeof *list, by_text, &text_of);
}

static void twice(struct reading *r, struct checked **list, size_t n, text_of_fn *text_of,
                  enum column c, enum reglist_reason reason)
{
    sort_by(list, n, text_of);
    const struct checked *first = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *text = text_of(&list[i]->row);
        if (!*text || !list[i]->has_key)
            continue;
        if (first && strcmp(text_of(&first->row), text) == 0)
            bad(r, list[i], c, reason, "")->other = first->row.place;
        else
            first = list[i];
    }
}

/* What is missing or malformed is a problem of its own, not a difference. */
static int differ(const char *a, const char *b)
{
    return *a && *b && strcmp(a, b) != 0;
}

/* One reporting code is one institution: another name or credit code is worth a look, but a file that renames
 * an institution half way is not wrong. */
static void names_differ(struct reading *r, struct checked **list, size_t n)
{
    sort_by(list, n, reporting_of);
    const struct checked *first = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct reglist_row *row = &list[i]->row;
        if (row->action == REGLIST_WITHDRAW || !*row->reporting_code)
            continue;
        if (!first || strcmp(first->row.reporting_code, row->reporting_code) != 0) {
            first = list[i];
            continue;
        }
        int name = differ(first->row.institution_name, row->institution_name);
        if (!name && !differ(first->row.uscc, row->uscc))
            continue;
        enum column c = name ? COL_INSTITUTION_NAME : COL_USCC;
        struct reglist_problem *p = reading_problem(r, row->number, row->place, column_name(c),
                                                    REGLIST_NAME_DIFFERS);
        p->value = excerpt(r->a, c, name ? row->institution_name : row->uscc);
        p->warning = 1;
        p->other = first->row.place;
    }
}

static void columns_missing(struct reading *r)
{
    for (int c = 0; c < COLUMNS; c++)
        if (!r->have[c] && c != COL_CODE)
            reading_problem(r, 0, 1, column_name((enum column)c), REGLIST_COLUMN_MISSING);
}

static int column_order(const char *name)
{
    int c = column_find(name, strlen(name));
    return c < 0 ? COLUMNS : c;
}

static int by_place(const void *x, const void *y)
{
    const struct reglist_problem *a = x, *b = y;
    if (a->place != b->place)
        return a->place - b->place;
    int d = column_order(a->column) - column_order(b->column);
    return d ? d : (int)a->reason - (int)b->reason;
}

static void complete(struct reading *r, struct reglist *out)
{
    if (r->problems_n)
        qsort(r->problems, r->problems_n, sizeof *r->problems, by_place);
    struct reglist_problem *p = arena_alloc(r->a, (r->problems_n + 1) * sizeof *p);
    for (size_t i = 0; i < r->problems_n; i++) {
        p[i] = r->problems[i];
        out->errors += !p[i].warning;
    }
    out->problems = p;
    out->problems_n = r->problems_n;
}

void check_rows(struct reading *r, struct reglist *out)
{
    size_t n = r->rows_n;
    struct checked *all = arena_alloc(r->a, (n + 1) * sizeof *all);
    struct checked **list = arena_alloc(r->a, (n + 1) * sizeof *list);
    int head_broken = r->problems_n > 0 && n == 0;
    if (n > 0)
        columns_missing(r);
    else if (!head_broken)
        reading_problem(r, 0, 0, "", REGLIST_EMPTY);
    for (size_t i = 0; i < n; i++) {
        check_row(r, &r->rows[i], (int)i + 1, &all[i]);
        list[i] = &all[i];
    }
    twice(r, list, n, key_of, COL_USER_NAME, REGLIST_TWICE);
    twice(r, list, n, code_of, COL_CODE, REGLIST_CODE_TWICE);
    names_differ(r, list, n);
    /* a row whose record was broken (too many fields, stray quote) is not one to use either */
    for (size_t i = 0; i < r->problems_n; i++)
        if (!r->problems[i].warning && r->problems[i].number > 0)
            all[r->problems[i].number - 1].ok = 0;
    struct reglist_row *rows = arena_alloc(r->a, (n + 1) * sizeof *rows);
    for (size_t i = 0; i < n; i++)
        if (all[i].ok)
            rows[out->rows_n++] = all[i].row;
    out->rows = rows;
    complete(r, out);
}
