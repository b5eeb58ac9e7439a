/* What a process needs of the system: random bytes, whole files, settings, a log line. */
#ifndef CERTHALL_BASE_SYS_H
#define CERTHALL_BASE_SYS_H

#include "base/err.h"
#include "base/mem.h"

#include <sys/types.h>

void random_bytes(void *p, size_t n); /* getrandom(2); ends the process when there is none */

/* A whole file of at most `max` bytes into the arena, NUL behind it. ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO. */
NODISCARD enum err file_read(struct arena *a, const char *path, size_t max, struct bytes *out,
                             struct err_info *e);
/* A whole file, mapped to be read. ERR_NOT_FOUND, ERR_IO. Who shortens the file meanwhile ends the process. */
struct file_map {
    struct bytes all;
    int fd; /* open as long as it is mapped; -1: none */
};
NODISCARD enum err file_map(const char *path, struct file_map *out, struct err_info *e);
void file_unmap(struct file_map *m);
/* Write `<path>.new`, fsync, rename, fsync the folder: afterwards the old or the new content is there, never half. Several
 * threads and processes may replace the same file; what one of them that ended left is taken over by the next. */
NODISCARD enum err file_replace(const char *path, struct bytes content, mode_t mode,
                                struct err_info *e);
/* The same for a file that is too long to be held: piece by piece into `<path>.new`, which one writer has at a time. What was put
 * can be looked at and mended until file_side_sync; file_side_keep gives it the name; without that file_side_clear removes it. */
struct file_side {
    char *path, *side; /* owned */
    int fd;
    uint64_t n; /* octets put */
    void *map;
    size_t mapped;
};
NODISCARD enum err file_side_open(const char *path, struct file_side *f, struct err_info *e);
/* So many octets will come: a disk without room for them says so now. */
NODISCARD enum err file_side_expect(struct file_side *f, uint64_t n, struct err_info *e);
NODISCARD enum err file_side_put(struct file_side *f, struct bytes piece, struct err_info *e);
NODISCARD enum err file_side_patch(struct file_side *f, uint64_t at, struct bytes piece,
                                   struct err_info *e);
/* All that was put so far, mapped; until the next call on the file. */
NODISCARD enum err file_side_view(struct file_side *f, struct bytes *all, struct err_info *e);
NODISCARD enum err file_side_sync(struct file_side *f, mode_t mode, struct err_info *e);
NODISCARD enum err file_side_keep(struct file_side *f, struct err_info *e);
void file_side_clear(struct file_side *f);
/* A folder and its parents; an existing one keeps its mode. */
NODISCARD enum err folder_make(const char *path, mode_t mode, struct err_info *e);

/* Settings file: lines `key = value`, # starts a comment. A line without `=` or a key given twice is
 * ERR_CONFIG with file and line. Values are borrowed from the arena. */
struct conf;
NODISCARD enum err conf_read(struct arena *a, const char *path, struct conf **out,
                             struct err_info *e);
const char *conf_get(const struct conf *c, const char *key, const char *fallback);
/* The i-th setting in the file's order, so that an unknown one can be refused; NULL past the last. */
const char *conf_key_at(const struct conf *c, size_t i);

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
/* One line on standard error: time, level, process, event, details. Control characters are escaped. No
 * secrets, no personal data: that is the caller's duty. */
void log_line(enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
