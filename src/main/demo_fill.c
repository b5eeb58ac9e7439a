/* certhall demo --orders N: a past for a demo. The processes are stopped: a transaction of thousands of orders would keep
 * them waiting, and what the hall told the ca of its audit must not change under them. */
#include "main/demo_fill.h"

#include "hall/calendar/calendar.h"
#include "hall/project/keep.h"
#include "hall/project/project.h"
#include "hall/seed/seed.h"
#include "main/open_hall.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct filling {
    struct opened_hall opened;
    struct calendar *calendar;
    struct projects *projects;
};

static void clear(struct filling *f)
{
    close_hall(&f->opened);
    projects_free(f->projects);
    calendar_free(f->calendar);
}

static enum err refuse(const char *why, struct err_info *e)
{
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why", "%s", why);
    return ERR_CONFIG;
}

/* A process that was killed leaves its file behind: what counts is whether the pid in it lives. */
static enum err nothing_runs(const struct place *p, struct err_info *e)
{
    struct bytes pid;
    struct err_info none;
    const char *ready = place_ready(p, "hall");
    if (file_read(p->arena, ready, 32, &pid, &none) != ERR_OK)
        return ERR_OK;
    if (access(arena_fmt(p->arena, "/proc/%d", (int)strtol((const char *)pid.p, NULL, 10)), F_OK))
        return ERR_OK;
    return refuse("certhall serve runs here: stop it first", e);
}

static enum err open_all(struct filling *f, const struct place *p, const char *share,
                         struct err_info *e)
{
    struct arena *a = p->arena;
    struct hall *h = &f->opened.hall;
    TRY(open_hall(p, &f->opened, e));
    if (!h->demo)
        return refuse("this is no demo: only a data directory of certhall init --demo is filled",
                      e);
    TRY(nothing_runs(p, e));
    TRY(hall_ids_lease(f->opened.store, &h->ids, e));
    const char *profiles = *f->opened.settings.profiles ? f->opened.settings.profiles
                                                        : arena_fmt(a, "%s/profiles", share);
    const char *calendars[] = {arena_fmt(a, "%s/calendar", profiles),
                               arena_fmt(a, "%s/calendar", f->opened.settings.folder)};
    TRY(calendar_load(calendars, 2, &f->calendar, e));
    f->projects = projects_new();
    h->calendar = f->calendar;
    h->projects = f->projects;
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, &hall_system, a, &tx, e));
    TRY(projects_restore(&tx, f->projects, e));
    TRY(projects_load(f->projects, profiles, e));
    TRY(projects_keep(&tx, f->projects, e));
    TRY(hall_commit(&tx, e));
    store_expect_load(f->opened.store);
    return ERR_OK;
}

struct telling {
    struct filling *filling;
    int64_t began;
    int terminal;
};

static void tell(void *arg, int64_t done, int64_t of)
{
    struct telling *t = arg;
    struct err_info e;
    int64_t ms = clock_monotonic() - t->began;
    if (hall_ids_renew(t->filling->opened.hall.ids, t->filling->opened.store, &e) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "demo.lease", "%s", e.detail);
    if (t->terminal)
        fprintf(stderr, "\r%" PRId64 " of %" PRId64 " orders, %" PRId64 " in a second ", done, of,
                ms > 0 ? done * 1000 / ms : done);
}

enum err demo_fill(const struct place *p, const char *share, const char *project, int64_t orders,
                   struct err_info *e)
{
    struct filling f __attribute__((cleanup(clear))) = {0};
    struct telling t = {&f, clock_monotonic(), isatty(STDERR_FILENO)};
    struct seed_options o = {.project = project, .orders = orders, .progress = tell, .arg = &t};
    struct seed_result r;
    TRY(open_all(&f, p, share, e));
    if (!project && projects_count(f.projects) > 0)
        o.project = projects_at(f.projects, 0)->about.code;
    TRY(seed_run(&f.opened.hall, &o, p->arena, &r, e));
    TRY(hall_ids_release(f.opened.hall.ids, f.opened.store, e));
    int64_t ms = clock_monotonic() - t.began;
    if (t.terminal)
        fprintf(stderr, "\n");
    printf("%" PRId64 " orders of %" PRId64 " people in %" PRId64 " institutions, %" PRId64
           " audit rows, in %" PRId64 ".%" PRId64 " s\n",
           orders, r.accounts, r.institutions, r.audit_rows, ms / 1000, ms / 100 % 10);
    if (*r.code)
        printf("sign in as somebody with many: reporting code %s, authorisation code %s\n",
               r.reporting_code, r.code);
    return ERR_OK;
}
