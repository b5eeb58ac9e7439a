#include "main/users.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static enum err config(struct err_info *e, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why", "%s", why);
    return ERR_CONFIG;
}

const char *users_missing(struct arena *a)
{
    static const char *const processes[] = {"ca", "kmc", "responder", "hall"};
    for (size_t i = 0; i < sizeof processes / sizeof *processes; i++) {
        char *user = arena_fmt(a, "certhall-%s", processes[i]);
        if (!getpwnam(user))
            return user;
    }
    return getgrnam("certhall") ? NULL : "group certhall";
}

int users_become(const struct passwd *user)
{
    return initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
           setuid(user->pw_uid) == 0;
}

const char *users_barred(struct arena *a, const char *path)
{
    for (const char *end = strchr(path + 1, '/');; end = strchr(end + 1, '/')) {
        size_t n = end ? (size_t)(end - path) : strlen(path);
        const char *part = arena_text_n(a, path, n);
        if (access(part, X_OK) != 0)
            return errno == EACCES ? part : NULL;
        if (!end)
            return NULL;
    }
}

/* In a child: it cannot be root again afterwards. What bars comes back through the pipe. */
static void ask_as(const struct passwd *user, const char *const *paths, struct arena *a, int out)
{
    const char *barred = users_become(user) ? NULL : "/";
    for (; !barred && *paths; paths++)
        barred = users_barred(a, *paths);
    ssize_t written = barred ? write(out, barred, strlen(barred)) : 0;
    _exit(written < 0);
}

enum err users_can_enter(const char *user, const char *const *paths, struct arena *a,
                         struct err_info *e)
{
    const struct passwd *who = getpwnam(user);
    char barred[4096];
    int ends[2], status;
    if (!who || pipe(ends) != 0)
        return err_set(e, ERR_INTERNAL, NULL, "%s cannot be asked", user);
    pid_t child = fork();
    if (child == 0)
        ask_as(who, paths, a, ends[1]);
    close(ends[1]);
    ssize_t n = child > 0 ? read(ends[0], barred, sizeof barred - 1) : -1;
    close(ends[0]);
    if (n < 0 || waitpid(child, &status, 0) != child || status != 0)
        return err_set(e, ERR_INTERNAL, NULL, "%s cannot be asked", user);
    barred[n] = '\0';
    return n == 0
               ? ERR_OK
               : config(e, arena_fmt(a,
                                     "the system user %s may not enter %s; choose another place, "
                                     "or let others pass through it (chmod o+x)",
                                     user, barred));
}

enum err users_not_root(const char *process, const char *folder, struct err_info *e)
{
    _auto(arena) a = arena_new();
    if (geteuid() != 0)
        return ERR_OK;
    return config(e, arena_fmt(a,
                               "the %s does not run as root; start it as the user that owns %s, or "
                               "let certhall serve do so",
                               process, folder));
}
