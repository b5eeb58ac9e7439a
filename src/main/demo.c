/* certhall demo: what only a demo directory has. */
#include "main/place.h"
#include "main/verb.h"

#include "base/text.h"
#include "hall/calendar/calendar.h"

#include <stdio.h>
#include <string.h>

static int usage(const char *why)
{
    return report_usage("demo", "%s", why);
}

/* "+3wd": that many working days on, at the same time of day. "+2d", "+5h", "+30m". Or RFC 3339, or "now". */
static enum err target_time(const char *text, int64_t now, const struct calendar *calendar,
                            int64_t *out, struct err_info *e)
{
    int64_t n;
    char digits[24];
    size_t len = *text == '+' ? strspn(text + 1, "0123456789") : 0;
    if (strcmp(text, "now") == 0) {
        *out = clock_machine();
        return ERR_OK;
    }
    if (time_parse_rfc3339(text, out))
        return ERR_OK;
    if (len > 0 && len < sizeof digits) {
        const char *unit = text + 1 + len;
        snprintf(digits, sizeof digits, "%.*s", (int)len, text + 1);
        if (text_to_int(digits, 0, 100000, &n)) {
            int32_t day = time_china_day(now);
            int64_t of_day = now - time_from_china_day(day);
            int64_t step = strcmp(unit, "d") == 0   ? TIME_DAY
                           : strcmp(unit, "h") == 0 ? TIME_HOUR
                           : strcmp(unit, "m") == 0 ? TIME_MINUTE
                                                    : 0;
            if (strcmp(unit, "wd") == 0) {
                *out = time_from_china_day(calendar_add_workdays(calendar, day, (int)n, NULL)) +
                       of_day;
                return ERR_OK;
            }
            *out = now + n * step;
            if (step)
                return ERR_OK;
        }
    }
    err_set(e, ERR_BAD_REQUEST, "at", NULL);
    err_arg(
        e, "why",
        "--at: give an RFC 3339 time, now, or +N with d, h, m or wd (working days), such as +2wd");
    return ERR_BAD_REQUEST;
}

static enum err move_clock(const struct place *p, const char *at, const char *share,
                           struct err_info *e)
{
    _auto(clock) clock = NULL;
    _auto(calendar) calendar = NULL;
    int64_t target;
    char *path = arena_fmt(p->arena, "%s/demo/clock", p->data);
    TRY(clock_open(path, &clock, e));
    if (at) {
        const char *folder = arena_fmt(p->arena, "%s/profiles/calendar", share);
        TRY(calendar_load(&folder, 1, &calendar, e));
        TRY(target_time(at, clock_business(clock), calendar, &target, e));
        TRY(clock_demo_set(path, target, e));
    }
    printf("%s\n", time_rfc3339(p->arena, clock_business(clock)));
    return ERR_OK;
}

static int run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL, *at = NULL, *share = NULL;
    const struct option_row rows[] = {
        {"data", &data, NULL}, {"at", &at, NULL}, {"share", &share, NULL}};
    char **rest;
    struct place p;
    struct err_info e;
    if (!options_take(argc, argv, rows, 3, &rest))
        return EXIT_USAGE;
    if (!*rest || strcmp(*rest, "clock") != 0 || rest[1])
        return usage("expected: certhall demo clock [--at TIME]");
    if (place_find(&p, data, NULL, a, &e) != ERR_OK ||
        move_clock(&p, at, share ? share : place_share(&p), &e) != ERR_OK)
        return report("demo", &e);
    return EXIT_DONE;
}

const struct verb verb_demo = {
    "demo", "move the business time of a demo",
    "usage: certhall demo clock [--data DIR] [--at TIME]\n\n"
    "Prints the demo's business time, or moves it in all processes at once. It may only lie behind the\n"
    "machine's clock, so that other software accepts the certificates.\n\n"
    "  --at TIME    RFC 3339 (2026-11-02T09:00:00+08:00), now, or a step: +2wd (working days), +3d, +4h, +30m\n"
    "  --data DIR   data directory made by certhall init --demo\n\n"
    "Example: certhall demo clock --at +2wd\n",
    run};
