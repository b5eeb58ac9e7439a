#include "base/sys.h"
#include "base/boundary.h"

#include "base/text.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

extern char *program_invocation_short_name;

void random_bytes(void *p, size_t n)
{
    uint8_t *u = p;
    while (n > 0) {
        ssize_t got = getrandom(u, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        u += got;
        n -= (size_t)got;
    }
}

static enum err io_error(struct err_info *e, const char *doing, const char *path)
{
    return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, NULL, "%s %s: %s", doing, path,
                   strerror(errno));
}

enum err file_read(struct arena *a, const char *path, size_t max, struct bytes *out,
                   struct err_info *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_error(e, "open", path);
    _auto_buf b;
    buf_init(&b, max);
    uint8_t chunk[8192];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0 && !b.full)
        buf_put(&b, chunk, (size_t)n);
    int failed = n < 0;
    close(fd);
    mem_wipe(chunk, sizeof chunk);
    if (failed)
        return io_error(e, "read", path);
    if (b.full) {
        err_set(e, ERR_TOO_LARGE, NULL, "%s has more than %zu bytes", path, max);
        err_arg(e, "limit", "%zu B", max);
        return ERR_TOO_LARGE;
    }
    *out = arena_bytes(a, b.p, b.n);
    return ERR_OK;
}

static int write_all(int fd, struct bytes b)
{
    while (b.n > 0) {
        ssize_t n = write(fd, b.p, b.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        b.p += n;
        b.n -= (size_t)n;
    }
    return 0;
}

static enum err sync_folder_of(const char *path, struct err_info *e)
{
    _auto_char copy = mem_text(path);
    const char *folder = dirname(copy);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return io_error(e, "open", folder);
    int failed = fsync(fd);
    close(fd);
    return failed ? io_error(e, "fsync", folder) : ERR_OK;
}

/* The side file, opened by this writer alone: one that an ended process left behind is taken over, and where another writer
 * was faster and has renamed it, the next one is made. -1 with errno. */
static int open_side(const char *path)
{
    struct stat mine, there;
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 && errno == EACCES && unlink(path) == 0)
            continue; /* left behind with the mode of a file that nobody writes again */
        if (fd < 0)
            return -1;
        int locked;
        while ((locked = flock(fd, LOCK_EX)) && errno == EINTR)
            ;
        if (locked || fstat(fd, &mine)) {
            close(fd);
            return -1;
        }
        if (lstat(path, &there) == 0 && there.st_ino == mine.st_ino && there.st_dev == mine.st_dev)
            return fd;
        close(fd);
    }
}

enum err file_replace(const char *path, struct bytes content, mode_t mode, struct err_info *e)
{
    _auto(arena) a = arena_new();
    const char *side = arena_fmt(a, "%s.new", path);
    int fd = open_side(side);
    if (fd < 0)
        return io_error(e, "create", side);
    int failed = ftruncate(fd, 0) || write_all(fd, content) || fchmod(fd, mode) || fsync(fd);
    if (!failed)
        boundary(BOUNDARY_FILE_WRITTEN);
    if (failed || rename(side, path)) {
        enum err code = io_error(e, "write", path);
        unlink(side);
        close(fd);
        return code;
    }
    close(fd); /* not before: the name is the next writer's then */
    boundary(BOUNDARY_FILE_RENAMED);
    return sync_folder_of(path, e);
}

enum err file_map(const char *path, struct file_map *out, struct err_info *e)
{
    struct stat st;
    *out = (struct file_map){{(const uint8_t *)"", 0}, -1};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, NULL, "%s", path)
                               : io_error(e, "open", path);
    void *map = NULL;
    int failed = fstat(fd, &st);
    if (!failed && st.st_size > 0) {
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        failed = map == MAP_FAILED;
    }
    if (failed) {
        enum err result = io_error(e, "read", path);
        close(fd);
        return result;
    }
    if (map)
        out->all = (struct bytes){map, (size_t)st.st_size};
    out->fd = fd;
    return ERR_OK;
}

void file_unmap(struct file_map *m)
{
    if (m->all.n)
        munmap((void *)(uintptr_t)m->all.p, m->all.n);
    if (m->fd >= 0)
        close(m->fd);
    *m = (struct file_map){{(const uint8_t *)"", 0}, -1};
}

enum err file_side_open(const char *path, struct file_side *f, struct err_info *e)
{
    _auto(arena) a = arena_new();
    *f = (struct file_side){.path = mem_text(path), .side = mem_text(arena_fmt(a, "%s.new", path))};
    f->fd = open_side(f->side);
    if (f->fd < 0)
        return io_error(e, "create", f->side);
    return ftruncate(f->fd, 0) ? io_error(e, "write", f->side) : ERR_OK;
}

enum err file_side_expect(struct file_side *f, uint64_t n, struct err_info *e)
{
    int failed = n ? posix_fallocate(f->fd, 0, (off_t)n) : 0;
    if (!failed || failed == EOPNOTSUPP || failed == EINVAL)
        return ERR_OK;
    errno = failed;
    return io_error(e, "write", f->side);
}

enum err file_side_put(struct file_side *f, struct bytes piece, struct err_info *e)
{
    if (write_all(f->fd, piece))
        return io_error(e, "write", f->side);
    f->n += piece.n;
    return ERR_OK;
}

enum err file_side_patch(struct file_side *f, uint64_t at, struct bytes piece, struct err_info *e)
{
    ssize_t n;
    while ((n = pwrite(f->fd, piece.p, piece.n, (off_t)at)) < 0 && errno == EINTR)
        ;
    return n == (ssize_t)piece.n ? ERR_OK : io_error(e, "write", f->side);
}

static void unmap(struct file_side *f)
{
    if (f->map)
        munmap(f->map, f->mapped);
    f->map = NULL;
}

enum err file_side_view(struct file_side *f, struct bytes *all, struct err_info *e)
{
    unmap(f);
    *all = (struct bytes){(const uint8_t *)"", 0};
    if (f->n == 0)
        return ERR_OK;
    void *map = mmap(NULL, f->n, PROT_READ, MAP_SHARED, f->fd, 0);
    if (map == MAP_FAILED)
        return io_error(e, "read", f->side);
    f->map = map;
    f->mapped = f->n;
    *all = (struct bytes){map, f->n};
    return ERR_OK;
}

enum err file_side_sync(struct file_side *f, mode_t mode, struct err_info *e)
{
    unmap(f);
    if (ftruncate(f->fd, (off_t)f->n) || fchmod(f->fd, mode) || fsync(f->fd))
        return io_error(e, "write", f->side);
    boundary(BOUNDARY_FILE_WRITTEN);
    return ERR_OK;
}

enum err file_side_keep(struct file_side *f, struct err_info *e)
{
    if (rename(f->side, f->path))
        return io_error(e, "rename", f->path);
    close(f->fd); /* not before: the name is the next writer's then */
    f->fd = -1;
    boundary(BOUNDARY_FILE_RENAMED);
    return sync_folder_of(f->path, e);
}

void file_side_clear(struct file_side *f)
{
    unmap(f);
    if (f->fd >= 0 && f->side) {
        unlink(f->side);
        close(f->fd);
    }
    free(f->path);
    free(f->side);
    *f = (struct file_side){.fd = -1};
}

enum err folder_make(const char *path, mode_t mode, struct err_info *e)
{
    _auto_char p = mem_text(path);
    for (char *s = p + 1;; s++) {
        if (*s != '/' && *s != '\0')
            continue;
        char kept = *s;
        *s = '\0';
        if (mkdir(p, mode) && errno != EEXIST)
            return io_error(e, "mkdir", p);
        *s = kept;
        if (!kept)
            return ERR_OK;
    }
}

struct setting {
    const char *key, *value;
};

struct conf {
    struct setting *all;
    size_t n;
};

const char *conf_get(const struct conf *c, const char *key, const char *fallback)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->all[i].key, key) == 0)
            return c->all[i].value;
    return fallback;
}

const char *conf_key_at(const struct conf *c, size_t i)
{
    return i < c->n ? c->all[i].key : NULL;
}

static enum err conf_error(struct err_info *e, const char *path, int line, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, "%s:%d: %s", path, line, why);
    err_arg(e, "why", "%s:%d: %s", path, line, why);
    return ERR_CONFIG;
}

static enum err conf_line(struct arena *a, struct conf *c, const char *path, int line, char *text,
                          struct err_info *e)
{
    char *s = text_trim(a, text);
    if (*s == '\0' || *s == '#')
        return ERR_OK;
    char *eq = strchr(s, '=');
    if (!eq)
        return conf_error(e, path, line, "expected: key = value");
    *eq = '\0';
    struct setting new = {text_trim(a, s), text_trim(a, eq + 1)};
    if (conf_get(c, new.key, NULL))
        return conf_error(e, path, line, "this key stands twice");
    c->all[c->n++] = new;
    return ERR_OK;
}

enum err conf_read(struct arena *a, const char *path, struct conf **out, struct err_info *e)
{
    struct bytes file;
    TRY(file_read(a, path, 1 << 20, &file, e));
    size_t lines = 1;
    for (size_t i = 0; i < file.n; i++)
        lines += file.p[i] == '\n';
    struct conf *c = arena_alloc(a, sizeof *c);
    c->all = arena_alloc(a, lines * sizeof *c->all);
    const char *p = (const char *)file.p, *end = p + file.n;
    for (int line = 1; p < end; line++) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((eol ? eol : end) - p);
        if (!text_is_utf8(p, n)) /* nor may a NUL hide what stands behind it */
            return conf_error(e, path, line, "not UTF-8");
        TRY(conf_line(a, c, path, line, arena_text_n(a, p, n), e));
        p = eol ? eol + 1 : end;
    }
    *out = c;
    return ERR_OK;
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char detail[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    for (char *s = detail; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = ' ';
    _auto(arena) a = arena_new();
    /* one write, so that lines of several threads do not mix */
    char *line = arena_fmt(a, "%s %s %s %s %s\n", time_rfc3339(a, clock_machine()), names[level],
                           program_invocation_short_name, event, detail);
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        return; /* nobody reads standard error: nothing better can be done */
}
