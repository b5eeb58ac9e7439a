#include "base/boundary.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char armed[PATH_MAX]; /* the folder; "" : none */

static const char *const names[BOUNDARY_COUNT] = {
#define BOUNDARY(identifier, name, processes) [BOUNDARY_##identifier] = (name),
#include "base/boundary.def"
#undef BOUNDARY
};

const char *boundary_name(enum boundary at)
{
    return names[at];
}

void boundary_arm(const char *folder)
{
    struct stat st;
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/boundary", folder);
    if (n > 0 && (size_t)n < sizeof path && lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        memcpy(armed, path, sizeof path);
}

/* One write for each line, so that those of several threads and processes do not mix. */
static void note(const char *name, const char *what)
{
    char path[PATH_MAX + 8], line[80];
    snprintf(path, sizeof path, "%s/passed", armed);
    int n = snprintf(line, sizeof line, "%s%s\n", name, what);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    if (write(fd, line, (size_t)n) != n)
        (void)0; /* the test misses it and says so */
    close(fd);
}

void boundary(enum boundary at)
{
    char path[PATH_MAX + 64];
    if (!*armed)
        return;
    snprintf(path, sizeof path, "%s/%s", armed, names[at]);
    if (unlink(path)) {
        note(names[at], "");
        return;
    }
    note(names[at], " killed");
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}
