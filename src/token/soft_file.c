#include "token/soft_file.h"

#include "base/boundary.h"
#include "base/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err io(struct err_info *e, const char *what, const char *path)
{
    return err_set(e, ERR_IO, NULL, "%s %s: %s", what, path, strerror(errno));
}

static void fd_cleanup(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define _auto_fd __attribute__((cleanup(fd_cleanup))) int

/* ---- the folder ---- */

enum err soft_folder_open(struct soft_folder *f, const char *path, struct err_info *e)
{
    struct stat st;
    if (stat(path, &st) || !S_ISDIR(st.st_mode))
        return err_set(e, ERR_NOT_FOUND, "folder", "%s is not a folder", path);
    if (st.st_mode & S_IWOTH)
        return err_set(e, ERR_CONFIG, "folder", "%s is writable by everybody", path);
    _auto(arena) a = arena_new();
    char *lock = arena_fmt(a, "%s/.lock", path);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return io(e, "open", lock);
    f->lock = fd;
    f->path = mem_text(path);
    return ERR_OK;
}

void soft_folder_close(struct soft_folder *f)
{
    if (f->path)
        close(f->lock);
    free(f->path);
    f->path = NULL;
}

enum err soft_folder_lock(struct soft_folder *f, struct err_info *e)
{
    while (flock(f->lock, LOCK_EX) < 0)
        if (errno != EINTR)
            return io(e, "lock", f->path);
    return ERR_OK;
}

void soft_folder_unlock(struct soft_folder *f)
{
    flock(f->lock, LOCK_UN);
}

static int is_image_name(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && name[0] != '.' && !strcmp(name + n - 5, ".ukey");
}

enum err soft_folder_names(struct soft_folder *f, struct arena *a, char ***names, size_t *n,
                           struct err_info *e)
{
    DIR *d = opendir(f->path);
    if (!d)
        return io(e, "open", f->path);
    size_t room = 16;
    *names = arena_alloc(a, room * sizeof **names);
    *n = 0;
    for (struct dirent *entry; (entry = readdir(d));) {
        if (!is_image_name(entry->d_name))
            continue;
        if (*n == room) {
            char **more = arena_alloc(a, 2 * room * sizeof *more);
            memcpy(more, *names, room * sizeof *more);
            *names = more;
            room *= 2;
        }
        (*names)[(*n)++] = arena_text(a, entry->d_name);
    }
    closedir(d);
    return ERR_OK;
}

enum err soft_folder_read(struct soft_folder *f, struct arena *a, const char *name,
                          struct soft_image *out, struct err_info *e)
{
    struct bytes file;
    struct stat st;
    char *path = arena_fmt(a, "%s/%s", f->path, name);
    if (lstat(path, &st))
        return err_set(e, ERR_TOKEN_REMOVED, NULL, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_TOKEN_DAMAGED, NULL, "%s is not a file", path);
    enum err err = file_read(a, path, SOFT_IMAGE_MAX, &file, e);
    if (err == ERR_NOT_FOUND)
        return err_set(e, ERR_TOKEN_REMOVED, NULL, "%s", path);
    if (err == ERR_TOO_LARGE)
        return err_set(e, ERR_TOKEN_DAMAGED, NULL, "%s is over %d octets", path, SOFT_IMAGE_MAX);
    TRY(err);
    return soft_image_read(a, file, out, e);
}

/* ---- a new image ---- */

struct write {
    struct soft_folder *f;
    const char *path, *side;
    struct bytes content;
};

static enum err step(const struct write *w, enum soft_step at, struct err_info *e)
{
    static const enum boundary name[] = {[SOFT_STEP_HALF] = BOUNDARY_TOKEN_HALF,
                                         [SOFT_STEP_WRITTEN] = BOUNDARY_TOKEN_WRITTEN,
                                         [SOFT_STEP_SYNCED] = BOUNDARY_TOKEN_SYNCED,
                                         [SOFT_STEP_RENAMED] = BOUNDARY_TOKEN_RENAMED,
                                         [SOFT_STEP_DURABLE] = BOUNDARY_TOKEN_DURABLE};
    struct soft_hook *h = &w->f->hook;
    if (at != SOFT_STEP_OPEN)
        boundary(name[at]);
    if (h->at && h->at(h->self, at))
        return err_set(e, ERR_IO, NULL, "write of %s stopped at step %d", w->path, (int)at);
    return ERR_OK;
}

static enum err put(int fd, struct bytes part, const char *path, struct err_info *e)
{
    while (part.n) {
        ssize_t done = write(fd, part.p, part.n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return io(e, "write", path);
        part.p += done;
        part.n -= (size_t)done;
    }
    return ERR_OK;
}

static enum err write_side(const struct write *w, struct err_info *e)
{
    size_t half = w->content.n / 2;
    TRY(step(w, SOFT_STEP_OPEN, e));
    _auto_fd fd = open(w->side, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return io(e, "open", w->side);
    TRY(put(fd, (struct bytes){w->content.p, half}, w->side, e));
    TRY(step(w, SOFT_STEP_HALF, e));
    TRY(put(fd, (struct bytes){w->content.p + half, w->content.n - half}, w->side, e));
    TRY(step(w, SOFT_STEP_WRITTEN, e));
    /* A key that belongs to another user (the demo's "post") keeps its owner when root writes it. */
    struct stat old;
    if (geteuid() == 0 && !lstat(w->path, &old) && fchown(fd, old.st_uid, old.st_gid))
        return io(e, "chown", w->side);
    if (fsync(fd))
        return io(e, "fsync", w->side);
    return step(w, SOFT_STEP_SYNCED, e);
}

static enum err sync_folder(const struct write *w, struct err_info *e)
{
    _auto_fd fd = open(w->f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd))
        return io(e, "fsync", w->f->path);
    return ERR_OK;
}

static enum err replace(const struct write *w, int fresh, struct err_info *e)
{
    TRY(write_side(w, e));
    if (fresh) {
        if (link(w->side, w->path)) {
            if (errno != EEXIST)
                return io(e, "link", w->path);
            err_set(e, ERR_TOKEN_EXISTS, "serial", "%s", w->path);
            err_arg(e, "what", "UKey");
            return ERR_TOKEN_EXISTS;
        }
        unlink(w->side);
    } else {
        /* A key pulled meanwhile must not come back by our writing it. */
        if (access(w->path, F_OK))
            return err_set(e, ERR_TOKEN_REMOVED, NULL, "%s", w->path);
        if (rename(w->side, w->path))
            return io(e, "rename", w->path);
    }
    TRY(step(w, SOFT_STEP_RENAMED, e));
    TRY(sync_folder(w, e));
    return step(w, SOFT_STEP_DURABLE, e);
}

enum err soft_folder_write(struct soft_folder *f, const char *name, struct soft_image *im,
                           int fresh, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct write w = {.f = f,
                      .path = arena_fmt(a, "%s/%s", f->path, name),
                      .side = arena_fmt(a, "%s/.%s.new", f->path, name)};
    im->generation++;
    TRY(soft_image_write(a, im, &w.content, e));
    enum err err = replace(&w, fresh, e);
    if (err != ERR_OK)
        unlink(w.side);
    return err;
}
