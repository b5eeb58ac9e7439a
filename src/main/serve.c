/* certhall serve: starts the four processes, each as its own system user where root does it, and starts again what ends. */
#include "main/place.h"
#include "main/verb.h"

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
enum { PROCESSES = 4, READY_MS = 30 * TIME_SECOND, RESTART_MS = 500, STOP_MS = 20 * TIME_SECOND };

struct child {
    const char *name;
    pid_t pid;          /* 0: not running */
    int64_t started_at; /* monotonic */
};

/* Whose the process is: init has given its folder to a user of its own, or has left it to whoever made it. That users of
 * these names exist on the machine says nothing about this data directory. 0: nobody's but ours. */
static uid_t owner_of(const struct place *p, const char *name)
{
    struct stat st;
    return geteuid() == 0 && stat(place_folder(p, name), &st) == 0 ? st.st_uid : 0;
}

static int become(const struct place *p, const char *name)
{
    uid_t owner = owner_of(p, name);
    const struct passwd *user = owner ? getpwuid(owner) : NULL;
    if (!owner)
        return 1;
    return user && initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
           setuid(user->pw_uid) == 0;
}

static void run_child(const struct place *p, const char *name, const char *program)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a killed supervisor leaves nobody behind */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    char *const argv[] = {arena_fmt(p->arena, "certhall-%s", name),
                          arena_text(p->arena, name),
                          arena_text(p->arena, "--data"),
                          arena_text(p->arena, p->data),
                          arena_text(p->arena, "--run"),
                          arena_text(p->arena, p->run),
                          NULL};
    if (become(p, name))
        execv(program, argv);
    fprintf(stderr, "certhall serve: %s cannot be started: %s\n", name, strerror(errno));
    _exit(EXIT_FAILED);
}

static void start(struct child *c, const struct place *p, const char *program)
{
    c->started_at = clock_monotonic();
    c->pid = fork();
    if (c->pid == 0)
        run_child(p, c->name, program);
    if (c->pid < 0) {
        log_line(LOG_LEVEL_ERROR, "serve.fork", "%s: %s", c->name, strerror(errno));
        c->pid = 0;
    }
}

static char *ready_path(const struct place *p, const char *name)
{
    return arena_fmt(p->arena, "%s/%s.ready", p->run, name);
}

/* The hall wants nobody: it queues what the ca must do. The order only spares the first page a warning. */
static int wait_ready(struct child *c, const struct place *p)
{
    int64_t until = clock_monotonic() + READY_MS;
    char *path = ready_path(p, c->name);
    while (clock_monotonic() < until) {
        int status;
        if (access(path, F_OK) == 0)
            return 1;
        if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
            c->pid = 0;
            return 0;
        }
        usleep(5000);
    }
    return 0;
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

static void note_ended(struct child *children, pid_t pid, int status)
{
    for (int i = 0; i < PROCESSES; i++)
        if (children[i].pid == pid) {
            children[i].pid = 0;
            if (WIFSIGNALED(status))
                log_line(LOG_LEVEL_ERROR, "serve.ended", "%s by signal %d; starting it again",
                         children[i].name, WTERMSIG(status));
            else
                log_line(LOG_LEVEL_ERROR, "serve.ended", "%s with code %d; starting it again",
                         children[i].name, WEXITSTATUS(status));
        }
}

/* Until a signal ends us. A process that ends at once is started again after a pause. */
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
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            note_ended(children, pid, status);
        for (int i = 0; i < PROCESSES; i++)
            if (!children[i].pid && clock_monotonic() - children[i].started_at >= RESTART_MS)
                start(&children[i], p, program);
    }
}

static int same_user_for_all(const struct place *p)
{
    return owner_of(p, "hall") == 0;
}

static enum err make_run(const struct place *p, struct err_info *e)
{
    const struct group *group = getgrnam("certhall");
    TRY(folder_make(p->run, 0755, e));
    if (same_user_for_all(p) || !group)
        return ERR_OK;
    /* every process makes its sockets here; the sticky bit keeps them from removing each other's */
    if (chown(p->run, 0, group->gr_gid) || chmod(p->run, 01775))
        return err_set(e, ERR_IO, NULL, "%s: %s", p->run, strerror(errno));
    return ERR_OK;
}

static int serve(const struct place *p)
{
    struct err_info e;
    char program[4096];
    struct child children[PROCESSES];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    if (make_run(p, &e) != ERR_OK)
        return report("serve", &e);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    process_begin();
    if (same_user_for_all(p))
        log_line(LOG_LEVEL_WARN, "serve.one_user",
                 "processes are not separated: all run as one user");
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = (struct child){.name = names[i]};
        unlink(ready_path(p, names[i]));
        start(&children[i], p, program);
        if (!wait_ready(&children[i], p)) {
            fprintf(stderr, "certhall serve: %s did not start; see its messages above\n", names[i]);
            for (int k = i + 1; k < PROCESSES; k++)
                children[k].pid = 0;
            stop_all(children);
            return EXIT_FAILED;
        }
    }
    supervise(children, p, program);
    stop_all(children);
    return EXIT_DONE;
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
    "Starts ca, kmc, responder and hall, each in its own process and, as root, as its own system user\n"
    "(certhall-ca, certhall-kmc, certhall-responder, certhall-hall). What ends is started again.\n\n"
    "  --data DIR   data directory made by certhall init\n"
    "  --run DIR    where sockets and ready files stand\n\n"
    "Example: certhall serve --data /var/lib/certhall\n",
    run};
