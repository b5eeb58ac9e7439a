/* All the SQL of a request, and nothing else: what the pages of orders are measured against.
 *
 *   order_sql DATA SHARE
 *
 * opens the hall's database of a data directory as the hall itself does, and serves portal and console on a free port of
 * its own. Whoever starts it sends a request there, with the session that the real hall gave him; every statement that
 * the request makes is written down with its parameters, BEGIN and ROLLBACK included, and can then be run again, rows read
 * to the end, in a loop without HTTP, JSON, masks and decryption.
 *
 * It says `port N`, then answers on standard output to lines of standard input: `record`, `keep`, `run TIMES`, `end`. */
#include "console/console.h"
#include "hall/calendar/calendar.h"
#include "hall/project/keep.h"
#include "hall/project/project.h"
#include "httpd/httpd.h"
#include "main/open_hall.h"
#include "portal/portal.h"
#include "store/store_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALLS_MAX = 4096, LINE = 128 };

struct step {
    int is_control;
    enum store_control control;
    struct store_call call; /* parameters are copies in the arena */
};

/* Drivers are called without anything of the caller's own, so what is written down stands here. */
static struct {
    pthread_mutex_t mutex;
    int on, writes;
    struct arena *arena;
    struct step step[CALLS_MAX];
    size_t n, kept;
} book = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static _Noreturn void die(const char *what, const struct err_info *e)
{
    fprintf(stderr, "order_sql: %s%s%s\n", what, e ? ": " : "", e ? e->detail : "");
    exit(1);
}

static struct step *next_step(void)
{
    if (book.n == CALLS_MAX)
        die("more statements than expected", NULL);
    return &book.step[book.n++];
}

static struct store_params copy(struct store_params p)
{
    struct store_value *v = arena_alloc(book.arena, (p.n + 1) * sizeof *v);
    for (size_t i = 0; i < p.n; i++) {
        v[i] = p.value[i];
        if (v[i].type == STORE_TEXT)
            v[i].text = arena_text(book.arena, v[i].text);
        if (v[i].type == STORE_BLOB)
            v[i].blob = arena_bytes(book.arena, v[i].blob.p, v[i].blob.n);
    }
    return (struct store_params){v, p.n};
}

static enum err control(struct store_conn *c, enum store_control what, struct err_info *e)
{
    pthread_mutex_lock(&book.mutex);
    if (book.on) {
        book.writes |= what == CONTROL_BEGIN_WRITE;
        *next_step() = (struct step){.is_control = 1, .control = what};
    }
    pthread_mutex_unlock(&book.mutex);
    return store_sqlite.control(c, what, e);
}

static enum err run(struct store_conn *c, struct store_call *call, struct err_info *e)
{
    pthread_mutex_lock(&book.mutex);
    if (book.on) {
        struct step *s = next_step();
        *s = (struct step){.call = *call};
        s->call.params = copy(call->params);
    }
    pthread_mutex_unlock(&book.mutex);
    return store_sqlite.run(c, call, e);
}

/* ---- running it again ---- */

static enum err take_row(void *arg, const struct store_value *value, struct err_info *e)
{
    (void)value; /* the driver has read every column */
    (void)e;
    ++*(size_t *)arg;
    return ERR_OK;
}

static size_t run_once(struct store_conn *c)
{
    struct err_info e;
    size_t rows = 0;
    for (size_t i = 0; i < book.kept; i++) {
        struct step *s = &book.step[i];
        s->call.sink = take_row;
        s->call.arg = &rows;
        enum err done = s->is_control ? store_sqlite.control(c, s->control, &e)
                                      : store_sqlite.run(c, &s->call, &e);
        if (done != ERR_OK)
            die(s->is_control ? "transaction" : s->call.query->name, &e);
    }
    return rows;
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run_times(struct store_conn *c, long times)
{
    run_once(c);
    double before = cpu();
    for (long i = 0; i < times; i++)
        run_once(c);
    printf("us %.3f\n", (cpu() - before) / (double)times * 1e6);
}

static void keep(struct store_conn *c)
{
    pthread_mutex_lock(&book.mutex);
    book.on = 0;
    book.kept = book.n;
    pthread_mutex_unlock(&book.mutex);
    if (book.writes)
        die("the request writes", NULL);
    size_t statements = 0;
    for (size_t i = 0; i < book.kept; i++)
        statements += !book.step[i].is_control;
    printf("statements %zu rows %zu\n", statements, run_once(c));
}

static void obey(struct store_conn *c)
{
    char line[LINE];
    while (fgets(line, sizeof line, stdin) && strcmp(line, "end\n") != 0) {
        if (strcmp(line, "record\n") == 0) {
            pthread_mutex_lock(&book.mutex);
            book.n = book.kept = 0;
            book.writes = 0;
            book.on = 1;
            pthread_mutex_unlock(&book.mutex);
            printf("recording\n");
        } else if (strcmp(line, "keep\n") == 0) {
            keep(c);
        } else if (strncmp(line, "run ", 4) == 0) {
            run_times(c, strtol(line + 4, NULL, 10));
        } else {
            die("what is this?", NULL);
        }
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    _auto(calendar) calendar = NULL;
    _auto(projects) projects = projects_new();
    _auto(portal) portal = NULL;
    static struct store_driver recording;
    struct opened_hall o __attribute__((cleanup(close_hall))) = {0};
    struct place place;
    struct store_conn *c = NULL;
    struct err_info e = {0};
    if (argc != 3 || place_find(&place, argv[1], NULL, a, &e) != ERR_OK)
        die("order_sql DATA SHARE", &e);
    const char *calendars = arena_fmt(a, "%s/profiles/calendar", argv[2]);
    if (open_hall(&place, &o, &e) != ERR_OK ||
        calendar_load(&calendars, 1, &calendar, &e) != ERR_OK ||
        projects_load(projects, arena_fmt(a, "%s/profiles", argv[2]), &e) != ERR_OK)
        die("open", &e);
    o.hall.ids = hall_ids_fixed(0);
    o.hall.calendar = calendar;
    o.hall.projects = projects;
    book.arena = arena_new();
    recording = store_sqlite;
    recording.control = control;
    recording.run = run;
    o.store->driver = &recording;
    struct httpd *server = httpd_new(&(struct httpd_options){.workers = 1});
    struct console console = {.hall = &o.hall};
    if (portal_new(&(struct portal_options){.hall = &o.hall}, &portal, &e) != ERR_OK ||
        store_sqlite.connect(o.store, STORE_READ, &c, &e) != ERR_OK)
        die("open", &e);
    portal_mount(server, portal);
    console_mount(server, &console);
    struct httpd_listen place_of = {.host = "127.0.0.1", .owner = (uid_t)-1, .group = (gid_t)-1};
    if (httpd_listen(server, &place_of, &e) != ERR_OK || httpd_start(server, &e) != ERR_OK)
        die("serve", &e);
    printf("port %d\n", httpd_port(server, 0));
    fflush(stdout);
    obey(c);
    store_sqlite.close(c);
    httpd_free(server);
    arena_free(book.arena);
    return 0;
}
