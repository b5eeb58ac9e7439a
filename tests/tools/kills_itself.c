/* Preloaded into a program that writes files: it ends by SIGKILL before the call number CERTHALL_KILL_AT that makes something
 * durable, or a name another's. CERTHALL_KILL_COUNT, a file, gets the number of calls where it goes through. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static long calls, last;

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("CERTHALL_KILL_AT");
    last = at ? strtol(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("CERTHALL_KILL_COUNT");
    FILE *f = path ? fopen(path, "we") : NULL;
    if (f) {
        fprintf(f, "%ld\n", calls);
        fclose(f);
    }
}

static void *next(const char *name)
{
    if (++calls == last)
        kill(getpid(), SIGKILL);
    return dlsym(RTLD_NEXT, name);
}

int rename(const char *from, const char *to)
{
    return ((int (*)(const char *, const char *))next("rename"))(from, to);
}

int fsync(int fd)
{
    return ((int (*)(int))next("fsync"))(fd);
}

int fdatasync(int fd)
{
    return ((int (*)(int))next("fdatasync"))(fd);
}

int unlink(const char *path)
{
    return ((int (*)(const char *))next("unlink"))(path);
}

int rmdir(const char *path)
{
    return ((int (*)(const char *))next("rmdir"))(path);
}

int mkdir(const char *path, mode_t mode)
{
    return ((int (*)(const char *, mode_t))next("mkdir"))(path, mode);
}
