#include "reglist/reglist_priv.h"

#include <stdlib.h>
#include <string.h>

void reading_clear(struct reading *r)
{
    free(r->rows);
    free(r->problems);
    r->rows = NULL;
    r->problems = NULL;
}

struct raw_row *reading_row(struct reading *r, int place)
{
    if (r->rows_n == REGLIST_ROWS_MAX) {
        r->too_many = 1;
        return NULL;
    }
    if (r->rows_n == r->rows_cap) {
        r->rows_cap = r->rows_cap ? r->rows_cap * 2 : 64;
        r->rows = mem_grow(r->rows, r->rows_cap * sizeof *r->rows);
    }
    struct raw_row *row = &r->rows[r->rows_n++];
    *row = (struct raw_row){.place = place};
    return row;
}

struct reglist_problem *reading_problem(struct reading *r, int number, int place,
                                        const char *column, enum reglist_reason reason)
{
    if (r->problems_n == READING_PROBLEMS_MAX) {
        r->too_wrong = 1;
        return &r->spare;
    }
    if (r->problems_n == r->problems_cap) {
        r->problems_cap = r->problems_cap ? r->problems_cap * 2 : 64;
        r->problems = mem_grow(r->problems, r->problems_cap * sizeof *r->problems);
    }
    struct reglist_problem *p = &r->problems[r->problems_n++];
    *p = (struct reglist_problem){.number = number,
                                  .place = place,
                                  .column = column,
                                  .reason = reason,
                                  .value = "",
                                  .suggestion = ""};
    return p;
}

enum reglist_format reglist_detect(struct bytes file)
{
    static const char bom[] = "\xEF\xBB\xBF";
    size_t i = file.n >= 3 && memcmp(file.p, bom, 3) == 0 ? 3 : 0;
    while (i < file.n && strchr(" \t\r\n", file.p[i]) && file.p[i])
        i++;
    return i < file.n && (file.p[i] == '[' || file.p[i] == '{') ? REGLIST_JSON : REGLIST_CSV;
}

static enum err too_large(struct err_info *e, const char *limit)
{
    err_set(e, ERR_TOO_LARGE, "file", "list of more than %s", limit);
    err_arg(e, "limit", "%s", limit);
    return ERR_TOO_LARGE;
}

void reading_read(struct reading *r, struct bytes file, enum reglist_format format)
{
    struct bytes text;
    int place;
    if (!encoding_read(r->a, file, &text, &r->gb18030, &place))
        reading_problem(r, 0, place, "", REGLIST_ENCODING);
    else if (format == REGLIST_JSON)
        json_list_read(r, (const char *)text.p, text.n);
    else
        csv_read(r, (const char *)text.p, text.n);
}

enum err reading_finish(struct reading *r, enum reglist_format format, struct reglist *out,
                        struct err_info *e)
{
    *out = (struct reglist){.format = format, .gb18030 = r->gb18030};
    if (r->too_many)
        return too_large(e, "10,000 行 (rows)");
    if (!r->too_wrong)
        check_rows(r, out);
    return r->too_wrong ? too_large(e, "100,000 处错误 (mistakes)") : ERR_OK;
}

enum err reglist_size(struct bytes file, struct err_info *e)
{
    return file.n > REGLIST_BYTES_MAX ? too_large(e, "5 MiB") : ERR_OK;
}

enum err reglist_read(struct arena *a, struct bytes file, enum reglist_format format,
                      struct reglist *out, struct err_info *e)
{
    *out = (struct reglist){.format = format};
    TRY(reglist_size(file, e));
    struct reading r = {.a = a};
    reading_read(&r, file, format);
    enum err done = reading_finish(&r, format, out, e);
    reading_clear(&r);
    return done;
}
