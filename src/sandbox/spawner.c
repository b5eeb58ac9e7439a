/* The side of the process that has files read. */
#include "sandbox/spawner_priv.h"

#include "base/sys.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const struct spawner_limits spawner_usual = {.memory = 256u << 20,
                                             .in_max = 8u << 20,
                                             .out_max = 32u << 20,
                                             .cpu_seconds = 10,
                                             .wall_ms = 30000};

/* The spawner ends a child at its time; only where it does not answer the caller gives up by himself. */
enum { GRACE_MS = 5000 };

struct spawner {
    const struct decoder *const *decoders;
    size_t n;
    const struct spawner_limits *limits;
    int line;
    pid_t pid;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    int running;
};

/* ---- the spawner's life ---- */

enum err spawner_start(const struct decoder *const *decoders, size_t n,
                       const struct spawner_limits *limits, struct spawner **out,
                       struct err_info *e)
{
    int line[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line))
        return err_set(e, ERR_INTERNAL, NULL, "socketpair: %s", strerror(errno));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(line[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        spawner_run(line[1], decoders, n, limits);
    }
    close(line[1]);
    uint8_t ready;
    /* it says so when its filter is on; the end of the line means that it could not */
    if (pid < 0 || recv(line[0], &ready, 1, 0) != 1) {
        close(line[0]);
        if (pid > 0)
            waitpid(pid, NULL, 0);
        return err_set(e, ERR_INTERNAL, NULL, "the reader of outside files did not start");
    }
    struct spawner *s = mem_alloc(sizeof *s);
    *s = (struct spawner){
        .decoders = decoders, .n = n, .limits = limits, .line = line[0], .pid = pid};
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->freed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = s;
    return ERR_OK;
}

void spawner_free(struct spawner *s)
{
    if (!s)
        return;
    close(s->line);
    waitpid(s->pid, NULL, 0);
    pthread_cond_destroy(&s->freed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

pid_t spawner_pid(const struct spawner *s)
{
    return s->pid;
}

/* ---- one file ---- */

static struct timespec at(int64_t monotonic_ms)
{
    return (struct timespec){.tv_sec = monotonic_ms / 1000,
                             .tv_nsec = monotonic_ms % 1000 * 1000000};
}

/* 0: others had all places for too long. */
static int enter(struct spawner *s)
{
    struct timespec until = at(clock_monotonic() + SPAWNER_WAIT_MS);
    int late = 0;
    pthread_mutex_lock(&s->lock);
    while (s->running == SPAWNER_AT_ONCE && !late)
        late = pthread_cond_timedwait(&s->freed, &s->lock, &until) != 0;
    int mine = s->running < SPAWNER_AT_ONCE;
    s->running += mine;
    pthread_mutex_unlock(&s->lock);
    return mine;
}

static void leave(struct spawner *s)
{
    pthread_mutex_lock(&s->lock);
    s->running--;
    pthread_cond_signal(&s->freed);
    pthread_mutex_unlock(&s->lock);
}

/* 1 when both descriptors are on their way; they are the spawner's then. */
static int ask(struct spawner *s, const struct spawner_request *q, const int fds[2])
{
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(2 * sizeof(int))] = {0};
    struct iovec part = {(void *)(uintptr_t)q, sizeof *q};
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(2 * sizeof(int))};
    memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
    return sendmsg(s->line, &m, MSG_NOSIGNAL) == (ssize_t)sizeof *q;
}

/* 1 when `fd` is ready; 0 when the time is up. */
static int ready(int fd, short what, int64_t until)
{
    for (;;) {
        int64_t left = until - clock_monotonic();
        if (left <= 0)
            return 0;
        int n = poll(&(struct pollfd){.fd = fd, .events = what}, 1, (int)left);
        if (n > 0)
            return 1;
        if (n < 0 && errno != EINTR)
            return 0;
    }
}

/* A child that does not take all of it has ended, or will be: how is told by the pipe. */
static void give(int fd, struct bytes in, int64_t until)
{
    while (in.n > 0 && ready(fd, POLLOUT, until)) {
        ssize_t n = send(fd, in.p, in.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return;
        in.p += n > 0 ? n : 0;
        in.n -= n > 0 ? (size_t)n : 0;
    }
    shutdown(fd, SHUT_WR);
}

/* Until the child closes its end; `out` counts what is too much. */
static void take(int fd, struct buf *out, int64_t until)
{
    uint8_t chunk[64 * 1024];
    while (!out->full && ready(fd, POLLIN, until)) {
        ssize_t n = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (n > 0)
            buf_put(out, chunk, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return;
    }
}

static enum err broke(const struct decoder *d, enum err code, struct err_info *e, const char *how,
                      int number)
{
    log_line(LOG_LEVEL_WARN, "decoder.ended", "%s: %s %d; the file is refused", d->name, how,
             number);
    return err_set(e, code, "file", "%s: %s %d", d->name, how, number);
}

static enum err judge(const struct spawner *s, const struct decoder *d, const struct buf *out,
                      const struct spawner_end *end, struct err_info *e)
{
    int signal = WIFSIGNALED(end->status) ? WTERMSIG(end->status) : 0;
    int code = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : 0;
    if (out->full)
        return broke(d, ERR_FILE_BROKE, e, "a result of more MiB than", (int)(out->max >> 20));
    if (end->late)
        return broke(d, ERR_FILE_SLOW, e, "not done after seconds",
                     (int)(s->limits->wall_ms / 1000));
    if (signal == SIGXCPU || signal == SIGKILL)
        return broke(d, ERR_FILE_SLOW, e, "ended for its CPU time by signal", signal);
    if (code == MEM_EXIT)
        return broke(d, ERR_FILE_MEMORY, e, "more memory than MiB", (int)(s->limits->memory >> 20));
    if (signal)
        return broke(d, ERR_FILE_BROKE, e, "ended by signal", signal);
    return code ? broke(d, ERR_FILE_BROKE, e, "ended with", code) : ERR_OK;
}

static enum err gone(struct err_info *e)
{
    return err_set(e, ERR_INTERNAL, NULL, "the reader of outside files does not answer");
}

/* `file` and `told`: this side's ends. */
static enum err follow(struct spawner *s, const struct decoder *d, int file, int told,
                       struct bytes in, struct buf *out, struct err_info *e)
{
    int64_t until = clock_monotonic() + s->limits->wall_ms + GRACE_MS;
    struct spawner_end end;
    give(file, in, until);
    take(file, out, until);
    if (out->full)
        shutdown(file, SHUT_RDWR); /* what it still writes goes nowhere, and ends it */
    if (!ready(told, POLLIN, until) || read(told, &end, sizeof end) != (ssize_t)sizeof end)
        return gone(e);
    return judge(s, d, out, &end, e);
}

static enum err decode(struct spawner *s, const struct spawner_request *q, struct bytes in,
                       struct buf *out, struct err_info *e)
{
    int file[2], told[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, file))
        return err_set(e, ERR_INTERNAL, NULL, "socketpair: %s", strerror(errno));
    if (pipe2(told, O_CLOEXEC)) {
        close(file[0]);
        close(file[1]);
        return err_set(e, ERR_INTERNAL, NULL, "pipe: %s", strerror(errno));
    }
    int asked = ask(s, q, (int[]){file[1], told[1]});
    close(file[1]);
    close(told[1]);
    enum err done = asked ? follow(s, s->decoders[q->decoder], file[0], told[0], in, out, e)
                          : gone(e);
    close(file[0]);
    close(told[0]);
    return done;
}

enum err spawner_decode(struct spawner *s, unsigned which, uint32_t argument, struct bytes in,
                        struct buf *out, struct err_info *e)
{
    if (!s || which >= s->n)
        return gone(e);
    if (in.n > s->limits->in_max) {
        err_set(e, ERR_TOO_LARGE, "file", "%zu bytes", in.n);
        err_arg(e, "limit", "%zu MiB", s->limits->in_max >> 20);
        return ERR_TOO_LARGE;
    }
    if (!enter(s)) {
        err_set(e, ERR_BUSY, NULL, "other files are being read");
        err_arg(e, "seconds", "%d", SPAWNER_WAIT_MS / 1000);
        return ERR_BUSY;
    }
    enum err done = decode(s, &(struct spawner_request){which, argument}, in, out, e);
    leave(s);
    return done;
}
