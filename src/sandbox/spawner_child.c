/* The spawner itself: takes requests, forks a child for each, ends it at its time, and tells how it ended. One thread, no
 * memory of what the files hold. */
#include "sandbox/sandbox_priv.h"
#include "sandbox/spawner_priv.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS_MAX = 2 * SPAWNER_AT_ONCE };

struct job {
    pid_t pid; /* 0: free */
    int told;
    int64_t until;
    int late;
};

struct spawner_side {
    const struct decoder *const *decoders;
    size_t n;
    const struct spawner_limits *limits;
    int line, ended; /* the socket of requests; a signalfd of SIGCHLD */
    struct job job[JOBS_MAX];
};

/* ---- a child ---- */

static void limit(int what, rlim_t value)
{
    if (setrlimit(what, &(struct rlimit){value, value}) != 0)
        _exit(1);
}

static void limits_set(const struct spawner_limits *l)
{
    limit(RLIMIT_CPU, (rlim_t)l->cpu_seconds);
    limit(RLIMIT_CORE, 0);
#ifndef SANDBOX_SANITIZED /* their shadow is terabytes, their report a file */
    limit(RLIMIT_DATA, l->memory);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NOFILE, 0);
#endif
}

static struct bytes read_all(size_t max)
{
    struct buf b; /* the child's end frees it */
    buf_init(&b, max);
    uint8_t chunk[64 * 1024];
    ssize_t n;
    while ((n = read(0, chunk, sizeof chunk)) > 0 && !b.full)
        buf_put(&b, chunk, (size_t)n);
    if (n < 0 || b.full)
        _exit(1);
    return (struct bytes){b.p, b.n};
}

static void write_all(const struct buf *b)
{
    for (size_t done = 0; done < b->n;) {
        ssize_t n = write(0, b->p + done, b->n - done);
        if (n <= 0)
            _exit(1);
        done += (size_t)n;
    }
}

void decoder_run(const struct decoder *d, uint32_t argument, const struct spawner_limits *limits)
{
    limits_set(limits);
    sandbox_decoder_calls();
    struct buf out;
    buf_init(&out, limits->out_max);
    d->decode(read_all(limits->in_max), argument, &out);
    if (out.full)
        _exit(1);
    write_all(&out);
    _exit(0);
}

/* Descriptor 0 is its file; nothing else is open but, for the reports of sanitizers, standard error. */
static _Noreturn void become_child(const struct spawner_side *s, const struct spawner_request *q,
                                   int file, pid_t spawner)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != spawner || dup2(file, 0) != 0 || close_range(SANDBOX_FIRST_FD, ~0u, 0) != 0)
        _exit(1);
    decoder_run(s->decoders[q->decoder], q->argument, s->limits);
}

/* ---- requests ---- */

/* 0: the line is closed, or what came is no request. Without both descriptors there is none. */
static int receive(const struct spawner_side *s, struct spawner_request *q, int fds[2])
{
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(2 * sizeof(int))];
    struct iovec part = {q, sizeof *q};
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    if (recvmsg(s->line, &m, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof *q ||
        (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        return 0;
    const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len != CMSG_LEN(2 * sizeof(int)))
        return 0;
    memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
    return q->decoder < s->n;
}

static struct job *free_job(struct spawner_side *s)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (s->job[i].pid == 0)
            return &s->job[i];
    return NULL;
}

static void start(struct spawner_side *s, const struct spawner_request *q, const int fds[2])
{
    struct job *j = free_job(s); /* always one: the process asks for SPAWNER_AT_ONCE at most */
    pid_t self = getpid(), pid = j ? fork() : -1;
    if (pid == 0)
        become_child(s, q, fds[0], self);
    close(fds[0]);
    if (pid < 0)
        close(fds[1]); /* told nothing, the process knows */
    else
        *j = (struct job){
            .pid = pid, .told = fds[1], .until = clock_monotonic() + s->limits->wall_ms};
}

/* ---- ends ---- */

static void tell(struct job *j, int status)
{
    struct spawner_end end = {.status = status, .late = j->late};
    ssize_t written = write(j->told, &end, sizeof end);
    (void)written; /* nobody waits any more */
    close(j->told);
    *j = (struct job){0};
}

static void collect(struct spawner_side *s)
{
    struct signalfd_siginfo drop;
    int status;
    pid_t pid;
    ssize_t n = read(s->ended, &drop, sizeof drop);
    (void)n;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < JOBS_MAX; i++)
            if (s->job[i].pid == pid)
                tell(&s->job[i], status);
}

/* Ends whose time is up; ms to the next one's, -1: none runs. */
static int end_late(struct spawner_side *s)
{
    int64_t now = clock_monotonic(), next = -1;
    for (int i = 0; i < JOBS_MAX; i++) {
        struct job *j = &s->job[i];
        if (j->pid == 0 || j->late)
            continue;
        int64_t left = j->until - now;
        if (left <= 0) {
            j->late = 1;
            kill(j->pid, SIGKILL);
        } else if (next < 0 || left < next) {
            next = left;
        }
    }
    return (int)next;
}

static void serve(struct spawner_side *s)
{
    for (;;) {
        struct pollfd from[] = {{.fd = s->line, .events = POLLIN},
                                {.fd = s->ended, .events = POLLIN}};
        int n = poll(from, 2, end_late(s));
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0 && from[1].revents)
            collect(s);
        if (n <= 0 || !from[0].revents)
            continue;
        struct spawner_request q;
        int fds[2];
        if (!receive(s, &q, fds))
            return;
        start(s, &q, fds);
    }
}

extern char *program_invocation_short_name;

/* "decoders-hall" where lists of processes show it; the name of a file that was run stands in the first argument's place. */
static void rename_self(void)
{
    static const char from[] = "certhall", to[] = "decoders";
    char *name = program_invocation_short_name;
    if (strncmp(name, from, sizeof from - 1) == 0)
        memcpy(name, to, sizeof to - 1);
    prctl(PR_SET_NAME, name);
}

void spawner_run(int line, const struct decoder *const *decoders, size_t n,
                 const struct spawner_limits *limits)
{
    struct spawner_side s = {.decoders = decoders, .n = n, .limits = limits, .line = line};
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    rename_self();
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        signal(deadly[i], SIG_DFL);
    if (sigprocmask(SIG_BLOCK, &child, NULL))
        _exit(1);
    s.ended = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    for (size_t i = 0; i < n; i++)
        if (decoders[i]->prepare)
            decoders[i]->prepare();
    if (s.ended < 0 || !sandbox_spawner_alone() || send(line, "", 1, MSG_NOSIGNAL) != 1)
        _exit(1);
    serve(&s);
    _exit(0);
}
