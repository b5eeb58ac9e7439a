/* certhall serve: starts the four processes, each as its own system user where root does it, and starts again what ends. */
#include "base/boundary.h"
#include "main/place.h"
#include "main/users.h"
#include "main/verb.h"

#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* In this order: the hall comes last, since it is what people see. */
static const char *const names[] = {"ca", "kmc", "responder", "hall"};
enum {
    PROCESSES = 4,
    READY_MS = 30 * TIME_SECOND,
    RESTART_MS = 500,
    RESTART_MAX_MS = TIME_MINUTE,
    STOP_MS = 20 * TIME_SECOND
};

struct child {
    const char *name;
    pid_t pid;          /* 0: not running */
    int64_t started_at; /* monotonic */
    int64_t pause; /* ms from one start to the next; doubled while it ends before it is ready */
};

/* Whose the process is: init has given its folder to a user of its own, or all folders to one. Without being root
 * nobody becomes another. */
static uid_t owner_of(const struct place *p, const char *name)
{
    struct stat st;
    if (geteuid() != 0)
        return geteuid();
    return stat(place_folder(p, name), &st) == 0 ? st.st_uid : 0;
}

static enum err config(struct err_info *e, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why", "%s", why);
    return ERR_CONFIG;
}

/* No process runs as root: neither by a folder that is root's nor by one that is nobody's. */
static enum err check_owners(const struct place *p, struct err_info *e)
{
    for (int i = 0; geteuid() == 0 && i < PROCESSES; i++) {
        const char *folder = place_folder(p, names[i]);
        if (access(folder, F_OK) != 0)
            return config(e, arena_fmt(p->arena, "%s is missing; certhall init makes it", folder));
        if (!getpwuid(owner_of(p, names[i])) || owner_of(p, names[i]) == 0)
            return config(e,
                          arena_fmt(p->arena,
                                    "%s belongs to %s, and the %s does not run as such; give it to "
                                    "certhall-%s, or make the data anew with certhall init",
                                    folder, owner_of(p, names[i]) ? "no user" : "root", names[i],
                                    names[i]));
    }
    return ERR_OK;
}

/* 0 after a message: a folder on the way is closed to the user that this process has become. */
static int has_way(const struct place *p, const char *name, const char *program)
{
    const char *const paths[] = {program, place_folder(p, name), p->run};
    const struct passwd *user = getpwuid(geteuid());
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const char *barred = users_barred(p->arena, paths[i]);
        if (!barred)
            continue;
        fprintf(stderr,
                "certhall serve: %s runs as %s, who may not enter %s; let others pass through it "
                "(chmod o+x), or choose another place\n",
                name, user ? user->pw_name : "a user without a name", barred);
        return 0;
    }
    return 1;
}

/* 0 after a message. */
static int become(const struct place *p, const char *name)
{
    const struct passwd *user = geteuid() == 0 ? getpwuid(owner_of(p, name)) : NULL;
    if (geteuid() != 0 || (user && users_become(user)))
        return 1;
    fprintf(stderr, "certhall serve: %s cannot get its user: %s\n", name, strerror(errno));
    return 0;
}

static void run_child(const struct place *p, const char *name, const char *program, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    char *const argv[] = {arena_fmt(p->arena, "certhall-%s", name),
                          arena_text(p->arena, name),
                          arena_text(p->arena, "--data"),
                          arena_text(p->arena, p->data),
                          arena_text(p->arena, "--run"),
                          arena_text(p->arena, p->run),
                          NULL};
    if (!become(p, name))
        _exit(EXIT_FAILED);
    /* a killed supervisor leaves nobody behind; with a change of user the kernel forgets it */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || !has_way(p, name, program))
        _exit(EXIT_FAILED);
    execv(program, argv);
    fprintf(stderr, "certhall serve: %s cannot be started: %s\n", name, strerror(errno));
    _exit(EXIT_FAILED);
}

static void start(struct child *c, const struct place *p, const char *program)
{
    c->started_at = clock_monotonic();
    unlink(place_ready(p, c->name));
    pid_t parent = getpid();
    c->pid = fork();
    if (c->pid == 0)
        run_child(p, c->name, program, parent);
    boundary(BOUNDARY_SERVE_STARTED);
    if (c->pid < 0) {
        log_line(LOG_LEVEL_ERROR, "serve.fork", "%s: %s", c->name, strerror(errno));
        c->pid = 0;
    }
}

/* SIGTERM or SIGINT, within so many ms. */
static int told_to_end(int ms)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return sigtimedwait(&set, NULL, &(struct timespec){.tv_nsec = ms * 1000 * 1000}) > 0;
}

enum started { STARTED_NOT, STARTED_READY, STARTED_TOLD_TO_END };

/* The hall wants nobody: it queues what the ca must do. The order only spares the first page a warning. A process that
 * changes the tables of a large database for a new version takes its time, and is left to it. */
static enum started wait_ready(struct child *c, const struct place *p)
{
    int64_t until = clock_monotonic() + READY_MS;
    char *path = place_ready(p, c->name);
    for (int told = 0;;) {
        int status;
        if (access(path, F_OK) == 0)
            return STARTED_READY;
        if (!told && clock_monotonic() > until) {
            log_line(LOG_LEVEL_WARN, "serve.starting",
                     "%s is not ready after %d s; a new version may be changing its database",
                     c->name, READY_MS / TIME_SECOND);
            told = 1;
        }
        if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
            c->pid = 0;
            return STARTED_NOT;
        }
        if (told_to_end(5))
            return STARTED_TOLD_TO_END;
    }
}

static void stop_all(struct child *children)
{
    int64_t until = clock_monotonic() + STOP_MS;
    for (int i = PROCESSES - 1; i >= 0; i--)
        if (children[i].pid)
            kill(children[i].pid, SIGTERM);
    for (int i = 0; i < PROCESSES; i++)
        while (children[i].pid && waitpid(children[i].pid, NULL, WNOHANG) == 0) {
            if (clock_monotonic() > until)
                kill(children[i].pid, SIGKILL);
            usleep(5000);
        }
}

static int64_t next_pause(const struct child *c, const struct place *p)
{
    if (access(place_ready(p, c->name), F_OK) == 0)
        return RESTART_MS;
    return 2 * c->pause < RESTART_MAX_MS ? 2 * c->pause : RESTART_MAX_MS;
}

static void note_ended(struct child *children, const struct place *p, pid_t pid, int status)
{
    for (int i = 0; i < PROCESSES; i++)
        if (children[i].pid == pid) {
            children[i].pid = 0;
            children[i].pause = next_pause(&children[i], p);
            if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
                log_line(
                    LOG_LEVEL_ERROR, "serve.sandbox",
                    "%s was ended because it made a system call that it may not; its last line "
                    "above names the call; starting it again",
                    children[i].name);
            else if (WIFSIGNALED(status))
                log_line(LOG_LEVEL_ERROR, "serve.ended", "%s by signal %d; starting it again",
                         children[i].name, WTERMSIG(status));
            else
                log_line(LOG_LEVEL_ERROR, "serve.ended", "%s with code %d; starting it again",
                         children[i].name, WEXITSTATUS(status));
        }
}

/* Until a signal ends us. What ends is started again; what ends before it is ready, after longer and longer pauses. */
static void supervise(struct child *children, const struct place *p, const char *program)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    for (;;) {
        siginfo_t info;
        int got = sigtimedwait(&set, &info, &(struct timespec){.tv_nsec = 200 * 1000 * 1000});
        if (got == SIGTERM || got == SIGINT)
            return;
        int status;
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            boundary(BOUNDARY_SERVE_ENDED);
            note_ended(children, p, pid, status);
        }
        for (int i = 0; i < PROCESSES; i++)
            if (!children[i].pid && clock_monotonic() - children[i].started_at >= children[i].pause)
                start(&children[i], p, program);
    }
}

static int same_user_for_all(const struct place *p)
{
    for (int i = 1; i < PROCESSES; i++)
        if (owner_of(p, names[i]) != owner_of(p, names[0]))
            return 0;
    return 1;
}

static enum err run_is_not(const struct place *p, struct err_info *e)
{
    return err_set(e, ERR_IO, NULL, "%s: %s", p->run, strerror(errno));
}

static enum err make_run(const struct place *p, struct err_info *e)
{
    const struct group *group = getgrnam("certhall");
    TRY(folder_make(p->run, 0755, e));
    if (geteuid() != 0)
        return ERR_OK;
    if (same_user_for_all(p))
        return chown(p->run, owner_of(p, names[0]), (gid_t)-1) ? run_is_not(p, e) : ERR_OK;
    if (!group)
        return config(e,
                      "the system group certhall is missing: through it the processes reach each "
                      "other's sockets (docs/operate.md)");
    if (chown(p->run, 0, group->gr_gid) || chmod(p->run, 0755))
        return run_is_not(p, e);
    for (int i = 0; i < PROCESSES; i++) {
        const char *own = place_run(p, names[i]);
        TRY(folder_make(own, 0750, e));
        if (chown(own, owner_of(p, names[i]), group->gr_gid) || chmod(own, 0750))
            return err_set(e, ERR_IO, NULL, "%s: %s", own, strerror(errno));
    }
    return ERR_OK;
}

/* One after the other; what was not begun has no process. */
static enum started start_all(struct child *children, const struct place *p, const char *program)
{
    enum started so_far = STARTED_READY;
    for (int i = 0; i < PROCESSES; i++)
        children[i] = (struct child){.name = names[i], .pause = RESTART_MS};
    for (int i = 0; i < PROCESSES && so_far == STARTED_READY; i++) {
        start(&children[i], p, program);
        so_far = wait_ready(&children[i], p);
        if (so_far == STARTED_NOT)
            fprintf(stderr, "certhall serve: %s did not start; see its messages above\n", names[i]);
    }
    return so_far;
}

static int serve(const struct place *p)
{
    struct err_info e;
    struct child children[PROCESSES];
    const char *program = place_program(p);
    if (check_owners(p, &e) != ERR_OK || make_run(p, &e) != ERR_OK)
        return report("serve", &e);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    process_begin();
    boundary_arm(arena_fmt(p->arena, "%s/demo", p->data)); /* a demo alone has that folder */
    if (sandbox_supervisor(&e) != ERR_OK)
        return report("serve", &e);
    if (same_user_for_all(p))
        log_line(
            LOG_LEVEL_WARN, "serve.one_user",
            "the four processes are not separated: all run as one user. Use that for trying out only");
    enum started all = start_all(children, p, program);
    if (all == STARTED_READY)
        supervise(children, p, program);
    stop_all(children);
    return all == STARTED_NOT ? EXIT_FAILED : EXIT_DONE;
}

static int run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL, *run_folder = NULL;
    const struct option_row rows[] = {{"data", &data, NULL}, {"run", &run_folder, NULL}};
    char **rest;
    struct place p;
    struct err_info e;
    if (!options_take(argc, argv, rows, 2, &rest))
        return EXIT_USAGE;
    if (*rest)
        return report_usage("serve", "unexpected %s", *rest);
    if (place_find(&p, data, run_folder, a, &e) != ERR_OK)
        return report("serve", &e);
    return serve(&p);
}

const struct verb verb_serve = {
    "serve", "start all four processes and keep them running",
    "usage: certhall serve [--data DIR] [--run DIR]\n\n"
    "Starts ca, kmc, responder and hall, each in its own process and, as root, as the user that owns its folder\n"
    "(certhall-ca, certhall-kmc, certhall-responder, certhall-hall); none runs as root. What ends is started again.\n\n"
    "  --data DIR   data directory made by certhall init\n"
    "  --run DIR    where sockets and ready files stand\n\n"
    "Example: certhall serve --data /var/lib/certhall\n",
    run};
