#include "tour/tour.h"

#include "base/sys.h"
#include "base/text.h"

#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err tour_fail(struct err_info *e, const char *fmt, ...)
{
    char what[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    err_set(e, ERR_TOUR, NULL, "%s", what);
    err_arg(e, "what", "%s", what);
    return ERR_TOUR;
}

static int run_steps(struct tour *t)
{
    const struct tour_step *steps;
    size_t n = tour_steps(&steps);
    for (size_t i = 0; i < n; i++) {
        struct err_info e;
        int64_t from = clock_monotonic();
        t->note = NULL;
        printf("%2zu/%zu  %s ... ", i + 1, n, steps[i].title);
        fflush(stdout);
        if (steps[i].run(t, &e) != ERR_OK) {
            char text[512];
            err_message(&e, LANG_EN, text, sizeof text);
            printf("FAILED\n");
            fprintf(stderr, "certhall tour: %s: %s [%s %s]\n", steps[i].title,
                    e.code == ERR_TOUR ? e.detail : text, err_code_text(e.code),
                    e.code == ERR_TOUR ? "" : e.detail);
            return 1;
        }
        printf("%.2f s\n", (double)(clock_monotonic() - from) / 1000);
        if (t->note)
            printf("       (%s)\n", t->note);
    }
    printf("all %zu steps held, %.1f s\n", n, (double)(clock_monotonic() - t->began) / 1000);
    return 0;
}

static const char help[] =
    "usage: certhall tour --project aml-reporting [--data DIR] [--url URL] [--status-url URL] [--work DIR]\n\n"
    "Takes one order of a running demo from the regulator's list to a working, revocable certificate, through the public\n"
    "interfaces: HTTP, the real agent, nginx and OCSP. Prints each step with its time; exit 0 only if all of it held.\n\n"
    "  --project CODE    the project (aml-reporting)\n"
    "  --data DIR        the demo's data directory (/var/lib/certhall)\n"
    "  --url URL         the hall (as the data directory says)\n"
    "  --status-url URL  the responder (the port behind the hall's)\n"
    "  --mail WHERE      outbox: the demo keeps its mail there (the default); server: it leaves by SMTP\n"
    "  --work DIR        folder for this run's own files (a temporary one)\n\n"
    "Example: certhall tour --project aml-reporting --data /tmp/hall\n";

struct options {
    const char *project, *data, *url, *status_url, *work, *mail;
};

static int take_options(int argc, char **argv, struct options *o)
{
    const struct {
        const char *name, **value;
    } rows[] = {{"--project", &o->project},       {"--data", &o->data}, {"--url", &o->url},
                {"--status-url", &o->status_url}, {"--work", &o->work}, {"--mail", &o->mail}};
    const size_t known = sizeof rows / sizeof *rows;
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;
        while (k < known && strcmp(rows[k].name, argv[i]) != 0)
            k++;
        if (k == known || i + 1 == argc) {
            fprintf(stderr, "certhall tour: %s %s (see certhall tour --help)\n",
                    k == known ? "unknown option" : "a value is missing for", argv[i]);
            return 0;
        }
        *rows[k].value = argv[i + 1];
    }
    return 1;
}

/* Where the demo of this data directory serves: the settings that it gave its agent say so. */
static void find_addresses(struct options *o, struct arena *a)
{
    struct conf *c;
    struct err_info none;
    const char *url = NULL, *colon;
    int64_t port;
    if (conf_read(a, arena_fmt(a, "%s/demo/agent.conf", o->data), &c, &none) == ERR_OK)
        url = conf_get(c, "server.hall.url", NULL);
    if (!o->url)
        o->url = url ? url : "http://127.0.0.1:8080";
    colon = strrchr(o->url, ':');
    if (!o->status_url)
        o->status_url = text_to_int(colon + 1, 1, 65534, &port)
                            ? arena_fmt(a, "http://127.0.0.1:%lld", (long long)port + 1)
                            : "http://127.0.0.1:8081";
}

int main(int argc, char **argv)
{
    struct options o = {"aml-reporting", "/var/lib/certhall", NULL, NULL, NULL, "outbox"};
    char own[4096], made[] = "/tmp/certhall-tour-XXXXXX";
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("certhall-tour %s\n", CERTHALL_VERSION);
        return 0;
    }
    if (!take_options(argc, argv, &o))
        return 2;
    _auto(arena) a = arena_new();
    find_addresses(&o, a);
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    own[n > 0 ? n : 0] = '\0';
    struct tour t = {.arena = a,
                     .project = o.project,
                     .data = o.data,
                     .url = o.url,
                     .status_url = o.status_url,
                     .mail_in_outbox = strcmp(o.mail, "server") != 0,
                     .work = o.work ? o.work : mkdtemp(made),
                     .programs = dirname(own),
                     .began = clock_monotonic()};
    struct err_info e;
    int failed = 1;
    if (!t.work || browser_open(&t.applicant, t.url, "portal", a, &e) != ERR_OK ||
        browser_open(&t.staff, t.url, "console", a, &e) != ERR_OK)
        fprintf(stderr, "certhall tour: no demo answers at %s; start it with certhall serve\n",
                t.url);
    else
        failed = run_steps(&t);
    tour_nginx_stop(&t);
    browser_close(&t.applicant);
    browser_close(&t.staff);
    return failed;
}
