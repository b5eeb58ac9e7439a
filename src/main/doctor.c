/* certhall doctor: what is not as it should be on this machine. */
#include "main/doctor_priv.h"
#include "main/verb.h"

#include "base/text.h"
#include "hall/outbox/message.h"
#include "hall/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void doctor_say(struct findings *f, int ok, const char *what, const char *advice)
{
    printf("%-4s %s%s%s\n", ok ? "ok" : "BAD", what, ok ? "" : "? No: ", ok ? "" : advice);
    f->bad += !ok;
}

/* What the hall would say at its start, and what it lets pass. */
static void check_mail(struct findings *f, const struct place *p)
{
    struct hall_settings s;
    struct err_info e = {0};
    if (hall_settings_read(p->arena, p->data, &s, &e) != ERR_OK) {
        doctor_say(f, 0, "hall/hall.conf can be read", e.detail);
        return;
    }
    doctor_say(f, hall_settings_mail(&s, &e) == ERR_OK,
               "mail has a server, or somebody passes it on", e.detail);
    doctor_say(
        f, !s.smtp_plain || !message_needs_starttls(s.smtp_url, 0),
        "mail leaves this machine encrypted only",
        "smtp_plain = yes sends it, with codes and names, as plain text; take it out of hall.conf");
}

/* How many files the running hall may open (proc(5), /proc/PID/limits); 0: it does not run. */
static long may_open(const struct place *p)
{
    static const char line[] = "Max open files";
    struct bytes text;
    struct err_info e;
    int64_t pid;
    if (file_read(p->arena, place_ready(p, "hall"), 64, &text, &e) != ERR_OK ||
        !text_to_id(text_trim(p->arena, (const char *)text.p), &pid) ||
        file_read(p->arena, arena_fmt(p->arena, "/proc/%lld/limits", (long long)pid), 64 << 10,
                  &text, &e) != ERR_OK)
        return 0;
    const char *at = strstr((const char *)text.p, line);
    return at ? strtol(at + sizeof line - 1, NULL, 10) : 0;
}

static void check_files(struct findings *f, const struct place *p)
{
    struct hall_settings s;
    struct err_info e;
    long files = may_open(p);
    if (!files || hall_settings_read(p->arena, p->data, &s, &e) != ERR_OK)
        return;
    long need = httpd_files_needed(1, (int)s.connections);
    doctor_say(
        f, files >= need,
        arena_fmt(p->arena, "hall may open files for %lld connections", (long long)s.connections),
        arena_fmt(p->arena,
                  "it may open %ld and needs %ld, so it serves fewer; raise the limit "
                  "(LimitNOFILE= of its unit, ulimit -n), or lower connections in hall.conf",
                  files, need));
}

static int run(int argc, char **argv)
{
    static const char *const processes[] = {"ca", "kmc", "responder", "hall"};
    _auto(arena) a = arena_new();
    const char *data = NULL, *run_folder = NULL;
    const struct option_row rows[] = {{"data", &data, NULL}, {"run", &run_folder, NULL}};
    char **rest;
    struct place p;
    struct err_info e;
    struct findings f = {0};
    if (!options_take(argc, argv, rows, 2, &rest))
        return EXIT_USAGE;
    if (*rest)
        return report_usage("doctor", "unexpected %s", *rest);
    if (place_find(&p, data, run_folder, a, &e) != ERR_OK)
        return report("doctor", &e);
    if (access(p.data, F_OK) != 0)
        return report_usage("doctor", "%s is not there; certhall init makes it", p.data);
    for (size_t i = 0; i < sizeof processes / sizeof *processes; i++)
        doctor_process(&f, &p, processes[i]);
    doctor_keys(&f, &p);
    check_mail(&f, &p);
    check_files(&f, &p);
    doctor_machine(&f, &p);
    if (access(arena_fmt(a, "%s/demo", p.data), F_OK) == 0)
        printf(
            "note this is a demo: its people may sign in with one click; never serve it to others\n");
    printf("%d to mend\n", f.bad);
    return f.bad ? EXIT_FAILED : EXIT_DONE;
}

const struct verb verb_doctor = {
    "doctor", "say what is not as it should be",
    "usage: certhall doctor [--data DIR] [--run DIR]\n\n"
    "Looks at folders, users, processes, what these have taken from themselves, mail, disk and clock of an installation, and\n"
    "says what to mend. Exit 0 when nothing is to mend. Ask as root: others do not see into every folder.\n\n"
    "Example: certhall doctor --data /var/lib/certhall\n",
    run};
