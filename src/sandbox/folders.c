/* Folders, by Landlock: the system calls are Linux's own (uapi/linux/landlock.h), since Debian 12's headers know the first
 * versions of the interface only. */
#include "sandbox/sandbox_priv.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights of the interface, and the version that brought them; a kernel is asked for those it knows. */
enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    ALL_OF_1 = (1 << 13) - 1, /* the above; removing and making files of every kind */
    REFER = 1 << 13,          /* 2: renaming from one folder to another */
    TRUNCATE = 1 << 14,       /* 3 */
    IOCTL_DEV = 1 << 15,      /* 5 */
    MAKE_CHAR = 1 << 6,
    MAKE_BLOCK = 1 << 11,
    BIND_TCP = 1 << 0, /* 4 */
    SCOPE_ALL = 3      /* 6: abstract sockets and signals of others */
};

struct ruleset {
    uint64_t files, net, scoped;
};
struct below {
    uint64_t rights;
    int32_t folder;
} __attribute__((packed));
struct port_rule {
    uint64_t rights, port;
};
enum { RULE_BELOW = 1, RULE_PORT = 2, ASK_VERSION = 1 };

static int ruleset_new(const struct ruleset *set, size_t size, uint32_t flags)
{
    return (int)syscall(SYS_landlock_create_ruleset, set, size, flags);
}

int sandbox_landlock(void)
{
    int version = ruleset_new(NULL, 0, ASK_VERSION);
    return version > 0 ? version : 0;
}

void sandbox_own(struct sandbox_folders *f, const char *path)
{
    if (path && *path && f->own_n < SANDBOX_PATHS_MAX)
        f->own[f->own_n++] = path;
}

void sandbox_reads(struct sandbox_folders *f, const char *path)
{
    if (path && *path && f->reads_n < SANDBOX_PATHS_MAX)
        f->reads[f->reads_n++] = path;
}

static uint64_t rights_of(int version)
{
    return (uint64_t)ALL_OF_1 | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) |
           (version >= 5 ? IOCTL_DEV : 0);
}

static enum err failed(struct err_info *e, const char *path)
{
    int kept = errno;
    err_set(e, ERR_CONFIG, NULL, "landlock %s: %s", path, strerror(kept));
    err_arg(e, "why", "%s: %s", path, strerror(kept));
    return ERR_CONFIG;
}

/* `rights` on a folder and all below it, or on a file, which has fewer. */
static enum err add(int set, const char *path, uint64_t rights, int must, struct err_info *e)
{
    const uint64_t of_file = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
    struct stat st;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return must ? failed(e, path) : ERR_OK;
    struct below b = {.rights = rights, .folder = fd};
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        b.rights &= of_file;
    long result = syscall(SYS_landlock_add_rule, set, RULE_BELOW, &b, 0);
    enum err done = result ? failed(e, path) : ERR_OK;
    close(fd);
    return done;
}

/* Libraries, names of hosts and users, certificates of the system, fonts. */
static const char *const SYSTEM[] = {"/usr",
                                     "/lib",
                                     "/lib64",
                                     "/etc",
                                     "/opt",
                                     "/var/cache/fontconfig",
                                     "/run/systemd/resolve",
                                     "/run/resolvconf",
                                     "/run/NetworkManager",
                                     "/dev/urandom",
                                     "/dev/random"};

static enum err add_all(int set, const struct sandbox_folders *f, int version, struct err_info *e)
{
    const uint64_t all = rights_of(version), read = READ_FILE | READ_DIR;
    const uint64_t own = all & ~(uint64_t)(EXECUTE | MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV);
    for (size_t i = 0; i < sizeof SYSTEM / sizeof *SYSTEM && !f->nothing; i++)
        TRY(add(set, SYSTEM[i], read, 0, e));
    if (!f->nothing)
        TRY(add(set, "/dev/null", (READ_FILE | WRITE_FILE | TRUNCATE) & all, 0, e));
    for (size_t i = 0; i < f->reads_n; i++)
        TRY(add(set, f->reads[i], read, 0, e));
    for (size_t i = 0; i < f->own_n; i++)
        TRY(add(set, f->own[i], own, 1, e));
    for (size_t i = 0; i < f->ports_n && version >= 4; i++) {
        struct port_rule p = {.rights = BIND_TCP, .port = (uint64_t)f->port[i]};
        if (syscall(SYS_landlock_add_rule, set, RULE_PORT, &p, 0))
            return failed(e, "TCP port");
    }
    return ERR_OK;
}

static enum err close_all_but(const struct sandbox_folders *f, int version, struct err_info *e)
{
    struct ruleset r = {.files = rights_of(version),
                        .net = version >= 4 ? BIND_TCP : 0,
                        .scoped = version >= 6 ? SCOPE_ALL : 0};
    /* a kernel takes the part of the structure that it knows */
    size_t size = version >= 6 ? sizeof r : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    int set = ruleset_new(&r, size, 0);
    if (set < 0)
        return failed(e, "ruleset");
    enum err done = add_all(set, f, version, e);
    if (done == ERR_OK &&
        (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, set, 0)))
        done = failed(e, "restrict");
    close(set);
    return done;
}

enum err sandbox_close_folders(const struct sandbox_folders *f, struct err_info *e)
{
    int version = sandbox_landlock();
    if (!sandbox_is_built())
        return ERR_OK;
    if (version > 0)
        return close_all_but(f, version, e);
    if (!f->nothing)
        log_line(
            LOG_LEVEL_WARN, "sandbox.landlock",
            "this kernel has no Landlock: only users and modes keep the process in its folders");
    return ERR_OK;
}
