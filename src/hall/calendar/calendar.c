#include "hall/calendar/calendar.h"

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/time.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_YEAR = 2000, YEARS = 100, FILE_MAX = 1 << 20 };

struct exception {
    int32_t day;
    int year; /* of the notice */
    int off;
    const char *name;
};

struct calendar {
    struct arena *arena;
    struct exception *day; /* sorted */
    size_t n, cap;
    uint8_t known[YEARS];
};

void calendar_free(struct calendar *c)
{
    if (!c)
        return;
    free(c->day);
    arena_free(c->arena);
    free(c);
}

static int by_day(const void *a, const void *b)
{
    const struct exception *x = a, *y = b;
    return x->day < y->day ? -1 : x->day > y->day;
}

static const struct exception *find(const struct calendar *c, int32_t day)
{
    struct exception key = {.day = day};
    return bsearch(&key, c->day, c->n, sizeof *c->day, by_day);
}

static int year_of(int32_t day)
{
    int y, m, d;
    time_day_parts(day, &y, &m, &d);
    return y;
}

static void forget_year(struct calendar *c, int year)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->day[i].year != year)
            c->day[kept++] = c->day[i];
    c->n = kept;
    c->known[year - FIRST_YEAR] = 0;
}

static enum err wrong(struct err_info *e, const char *path, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, "%s: %s", path, why);
    err_arg(e, "why", "%s: %s", path, why);
    return e->code;
}

static enum err read_day(struct calendar *c, const json_t *row, int year, const char *path,
                         struct err_info *e)
{
    const char *name, *date;
    int off;
    int32_t day;
    TRY(json_get_text(row, "name", &name, e));
    TRY(json_get_text(row, "date", &date, e));
    TRY(json_get_bool(row, "isOffDay", &off, e));
    if (!time_parse_date(date, &day))
        return wrong(e, path, "date is not a day of the calendar");
    if (year_of(day) != year && year_of(day) != year - 1)
        return wrong(e, path, "date is of another year");
    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 256;
        c->day = mem_grow(c->day, c->cap * sizeof *c->day);
    }
    c->day[c->n++] = (struct exception){day, year, off, arena_text(c->arena, name)};
    return ERR_OK;
}

static enum err read_year(struct calendar *c, const char *path, int year, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes text;
    _auto_json root = NULL;
    int64_t says;
    TRY(file_read(a, path, FILE_MAX, &text, e));
    if (json_parse(text.p, text.n, &root, e) != ERR_OK)
        return wrong(e, path, "not JSON");
    TRY(json_get_int(root, "year", &says, e));
    const json_t *days = json_object_get(root, "days");
    if (says != year || !json_is_array(days))
        return wrong(e, path, "not the year of its name, or without days");
    forget_year(c, year);
    for (size_t i = 0; i < json_array_size(days); i++)
        TRY(read_day(c, json_array_get(days, i), year, path, e));
    c->known[year - FIRST_YEAR] = json_array_size(days) > 0;
    return ERR_OK;
}

static enum err read_folder(struct calendar *c, const char *folder, struct err_info *e)
{
    _auto(arena) a = arena_new();
    DIR *d = opendir(folder);
    if (!d)
        return errno == ENOENT ? ERR_OK : wrong(e, folder, strerror(errno));
    enum err code = ERR_OK;
    for (struct dirent *f; code == ERR_OK && (f = readdir(d));) {
        int64_t year;
        size_t n = strlen(f->d_name);
        if (n != strlen("2026.json") || strcmp(f->d_name + 4, ".json") != 0)
            continue;
        if (text_to_int(arena_text_n(a, f->d_name, 4), FIRST_YEAR, FIRST_YEAR + YEARS - 1, &year))
            code = read_year(c, arena_fmt(a, "%s/%s", folder, f->d_name), (int)year, e);
    }
    closedir(d);
    return code;
}

static enum err settle(struct calendar *c, struct err_info *e)
{
    if (c->n == 0)
        return wrong(e, "calendar", "no holidays found");
    qsort(c->day, c->n, sizeof *c->day, by_day);
    for (size_t i = 1; i < c->n; i++)
        if (c->day[i].day == c->day[i - 1].day) {
            _auto(arena) a = arena_new();
            const char *date = time_date_text(a, c->day[i].day);
            return wrong(e, date,
                         arena_fmt(a, "in the notices of both %d and %d", c->day[i - 1].year,
                                   c->day[i].year));
        }
    return ERR_OK;
}

enum err calendar_load(const char *const *folders, int n, struct calendar **out, struct err_info *e)
{
    _auto(calendar) c = mem_alloc(sizeof *c);
    c->arena = arena_new();
    for (int i = 0; i < n; i++)
        TRY(read_folder(c, folders[i], e));
    TRY(settle(c, e));
    *out = steal(&c);
    return ERR_OK;
}

int calendar_is_workday(const struct calendar *c, int32_t day)
{
    const struct exception *x = find(c, day);
    return x ? !x->off : time_weekday(day) < 5;
}

int calendar_is_known(const struct calendar *c, int32_t day)
{
    int year = year_of(day);
    return year >= FIRST_YEAR && year < FIRST_YEAR + YEARS && c->known[year - FIRST_YEAR];
}

int calendar_last_year(const struct calendar *c)
{
    int year = FIRST_YEAR + YEARS - 1;
    while (year >= FIRST_YEAR && !c->known[year - FIRST_YEAR])
        year--;
    return year;
}

const char *calendar_name(const struct calendar *c, int32_t day)
{
    const struct exception *x = find(c, day);
    return x ? x->name : "";
}

int32_t calendar_add_workdays(const struct calendar *c, int32_t day, int n, int *provisional)
{
    int unknown = 0;
    while (n > 0) {
        day++;
        unknown |= !calendar_is_known(c, day);
        n -= calendar_is_workday(c, day);
    }
    if (provisional)
        *provisional = unknown;
    return day;
}

int calendar_workdays_until(const struct calendar *c, int32_t from, int32_t to)
{
    int n = 0;
    for (int32_t d = from + 1; d <= to; d++)
        n += calendar_is_workday(c, d);
    for (int32_t d = to + 1; d <= from; d++)
        n -= calendar_is_workday(c, d);
    return n;
}

int64_t calendar_day_end(int32_t day)
{
    return time_from_china_day(day + 1) - 1;
}

int calendar_strip(const struct calendar *c, int32_t first, int32_t last, struct calendar_day *out,
                   int max)
{
    int n = 0;
    for (int32_t d = first; d <= last && n < max; d++, n++) {
        out[n].day = d;
        out[n].workday = calendar_is_workday(c, d);
        out[n].provisional = !calendar_is_known(c, d);
        out[n].name = calendar_name(c, d);
    }
    return n;
}
