/* Preloaded into the processes of a test: the disk is full, the disk does not keep what it is told to, the clock jumps.
 *
 * The file that CERTHALL_FAULTS names is mapped at the start and holds one `struct fault` for each process, in the order of
 * `processes`. The test writes there; nothing is read from the environment later. Only regular files are touched: sockets and
 * pipes go on as they are. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct fault {
    int64_t full;     /* 1: what makes a file longer, or writes to it, is ENOSPC */
    int64_t unsynced; /* 1: fsync and fdatasync are EIO */
    int64_t clock_ms; /* added to the machine's clock */
    int64_t met;      /* how often one of the first two was felt */
};

static const char *const processes[] = {"serve", "ca", "kmc", "responder", "hall"};
enum { PROCESSES = sizeof processes / sizeof *processes };

static volatile struct fault none, *mine = &none;

/* The second word of the command line: certhall-hall hall --data … */
static int find_process(void)
{
    char line[512];
    FILE *f = fopen("/proc/self/cmdline", "re");
    size_t n = f ? fread(line, 1, sizeof line - 1, f) : 0;
    if (f)
        fclose(f);
    line[n] = 0;
    const char *word = n ? line + strlen(line) + 1 : line;
    for (int i = 0; i < PROCESSES; i++)
        if (word < line + n && strcmp(word, processes[i]) == 0)
            return i;
    return -1;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CERTHALL_FAULTS");
    int i = find_process(), fd = path && i >= 0 ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *page = mmap(NULL, PROCESSES * sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED)
        mine = (volatile struct fault *)page + i;
}

#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    if (!real)                                                                                     \
    real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int is_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

static int is_full(int fd)
{
    if (!mine->full || !is_file(fd))
        return 0;
    __atomic_fetch_add(&mine->met, 1, __ATOMIC_RELAXED);
    errno = ENOSPC;
    return 1;
}

static int is_unsynced(int fd)
{
    if (!mine->unsynced || !is_file(fd))
        return 0;
    __atomic_fetch_add(&mine->met, 1, __ATOMIC_RELAXED);
    errno = EIO;
    return 1;
}

ssize_t write(int fd, const void *p, size_t n)
{
    REAL(write);
    return is_full(fd) ? -1 : real(fd, p, n);
}

/* Half of it still fits. */
ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    REAL(pwrite);
    if (!is_full(fd))
        return real(fd, p, n, at);
    ssize_t half = n > 1 ? real(fd, p, n / 2, at) : 0;
    errno = ENOSPC;
    return half > 0 ? half : -1;
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    return pwrite(fd, p, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    REAL(writev);
    return is_full(fd) ? -1 : real(fd, v, n);
}

int ftruncate(int fd, off_t n)
{
    REAL(ftruncate);
    struct stat st;
    return mine->full && fstat(fd, &st) == 0 && n > st.st_size && is_full(fd) ? -1 : real(fd, n);
}

int ftruncate64(int fd, off64_t n)
{
    return ftruncate(fd, n);
}

int posix_fallocate(int fd, off_t at, off_t n)
{
    REAL(posix_fallocate);
    return is_full(fd) ? ENOSPC : real(fd, at, n);
}

int fsync(int fd)
{
    REAL(fsync);
    return is_unsynced(fd) ? -1 : real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return is_unsynced(fd) ? -1 : real(fd);
}

static void shift(struct timespec *t)
{
    int64_t ns = t->tv_nsec + mine->clock_ms % 1000 * 1000000;
    t->tv_sec += mine->clock_ms / 1000 + (ns >= 1000000000) - (ns < 0);
    t->tv_nsec = ns + (ns < 0) * 1000000000 - (ns >= 1000000000) * 1000000000;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    REAL(clock_gettime);
    int got = real(id, t);
    if (got == 0 && mine->clock_ms && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        shift(t);
    return got;
}

int gettimeofday(struct timeval *restrict v, void *restrict zone)
{
    (void)zone;
    struct timespec t;
    int got = clock_gettime(CLOCK_REALTIME, &t);
    v->tv_sec = t.tv_sec;
    v->tv_usec = t.tv_nsec / 1000;
    return got;
}

time_t time(time_t *out)
{
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0)
        return (time_t)-1;
    if (out)
        *out = t.tv_sec;
    return t.tv_sec;
}
