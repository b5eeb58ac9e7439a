/* certhall demo: what only a demo directory has. */
#include "main/demo_fill.h"
#include "main/place.h"
#include "main/verb.h"

#include "base/text.h"
#include "hall/calendar/calendar.h"
#include "hall/seed/seed.h"

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
    const char *data = NULL, *run_folder = NULL, *at = NULL, *share = NULL, *orders = NULL,
               *project = NULL;
    const struct option_row rows[] = {{"data", &data, NULL},     {"run", &run_folder, NULL},
                                      {"at", &at, NULL},         {"share", &share, NULL},
                                      {"orders", &orders, NULL}, {"project", &project, NULL}};
    char **rest;
    int64_t n = 0;
    struct place p;
    struct err_info e;
    if (!options_take(argc, argv, rows, sizeof rows / sizeof *rows, &rest))
        return EXIT_USAGE;
    int clock = *rest && strcmp(*rest, "clock") == 0 && !rest[1];
    if (clock ? orders || project : *rest || !orders || at)
        return usage("expected: certhall demo clock [--at TIME], or certhall demo --orders N");
    if (orders && !text_to_int(orders, 1, SEED_ORDERS_MAX, &n))
        return usage("--orders: give a number from 1 to 2000000");
    if (place_find(&p, data, run_folder, a, &e) != ERR_OK)
        return report("demo", &e);
    const char *from = share ? share : place_share(&p);
    enum err done = clock ? move_clock(&p, at, from, &e) : demo_fill(&p, from, project, n, &e);
    return done == ERR_OK ? EXIT_DONE : report("demo", &e);
}

const struct verb verb_demo = {
    "demo", "move the business time of a demo, or fill it with orders",
    "usage: certhall demo clock [--data DIR] [--at TIME]\n"
    "       certhall demo --orders N [--project CODE] [--data DIR] [--run DIR]\n\n"
    "clock prints the demo's business time, or moves it in all processes at once. It may only lie behind the\n"
    "machine's clock, so that other software accepts the certificates.\n\n"
    "--orders fills a demo with N orders of the last five years: institutions and their handlers, forms, payments,\n"
    "ledger, invoices, UKeys, certificates, parcels, tasks, clocks, log and audit. It takes some minutes for a million\n"
    "(longer on PostgreSQL), once for each demo, while certhall serve does not run. Nothing is made at the ca: these\n"
    "certificates are rows of the hall alone, OCSP does not know them, and an order that waits to be made cannot be\n"
    "made. There are no files of invoices and no messages that went out.\n\n"
    "  --at TIME       RFC 3339 (2026-11-02T09:00:00+08:00), now, or a step: +2wd (working days), +3d, +4h, +30m\n"
    "  --orders N      how many, at most 2000000\n"
    "  --project CODE  of which project; the first when it is not given\n"
    "  --data DIR      data directory made by certhall init --demo\n"
    "  --run DIR       where its processes would run\n\n"
    "Example: certhall demo clock --at +2wd\n"
    "         certhall demo --orders 100000 --data /tmp/hall\n",
    run};
