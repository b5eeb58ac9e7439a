/* A folder of built files. The table of what may be served is made once, so that no path from outside ever
 * reaches the file system: traversal has nothing to traverse. */
#include "httpd/httpd_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 20000, DEPTH_MAX = 12 };

struct file_row {
    const char *path; /* below the folder, "assets/app-1.js" */
    int zipped;       /* path.gz is there too */
};

struct httpd_file_mount {
    struct arena *arena;
    const char *prefix; /* without the slash at its end: "" or "/console" */
    const char *fallback, *immutable;
    const char *const *not_under;
    int folder;
    struct file_row *row;
    size_t n;
};

static int compare_rows(const void *a, const void *b)
{
    return strcmp(((const struct file_row *)a)->path, ((const struct file_row *)b)->path);
}

static const struct file_row *find_row(const struct httpd_file_mount *m, const char *path)
{
    struct file_row key = {path, 0};
    return bsearch(&key, m->row, m->n, sizeof *m->row, compare_rows);
}

static enum err read_folder(struct httpd_file_mount *m, int fd, const char *below, int depth,
                            struct err_info *e);

static enum err read_entry(struct httpd_file_mount *m, int folder, const char *below,
                           const char *name, int depth, struct err_info *e)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
        return err_set(e, ERR_IO, NULL, "stat %s%s: %s", below, name, strerror(errno));
    if (S_ISREG(st.st_mode)) {
        if (m->n == FILES_MAX)
            return err_set(e, ERR_CONFIG, NULL, "more than %d files to serve", FILES_MAX);
        m->row[m->n++] = (struct file_row){arena_fmt(m->arena, "%s%s", below, name), 0};
    } else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
        int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return err_set(e, ERR_IO, NULL, "open %s%s: %s", below, name, strerror(errno));
        return read_folder(m, fd, arena_fmt(m->arena, "%s%s/", below, name), depth + 1, e);
    }
    return ERR_OK;
}

/* Owns fd. */
static enum err read_folder(struct httpd_file_mount *m, int fd, const char *below, int depth,
                            struct err_info *e)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return err_set(e, ERR_IO, NULL, "read %s: %s", below, strerror(errno));
    }
    enum err code = ERR_OK;
    struct dirent *d;
    while (code == ERR_OK && (d = readdir(dir)))
        if (d->d_name[0] != '.')
            code = read_entry(m, fd, below, d->d_name, depth, e);
    closedir(dir);
    return code;
}

static void find_zipped(struct httpd_file_mount *m)
{
    _auto(arena) a = arena_new();
    for (size_t i = 0; i < m->n; i++)
        m->row[i].zipped = find_row(m, arena_fmt(a, "%s.gz", m->row[i].path)) != NULL;
}

enum err httpd_mount_files(struct httpd *s, const struct httpd_files *f, struct err_info *e)
{
    if (s->file_mounts == HTTPD_MOUNTS_MAX)
        return err_set(e, ERR_INTERNAL, NULL, "too many folders");
    struct httpd_file_mount *m = mem_alloc(sizeof *m);
    s->files[s->file_mounts++] = m; /* freed with the server, whatever happens below */
    m->arena = arena_new();
    size_t n = strlen(f->prefix);
    while (n > 0 && f->prefix[n - 1] == '/')
        n--;
    m->prefix = arena_text_n(m->arena, f->prefix, n);
    m->fallback = arena_text(m->arena, f->fallback);
    m->immutable = arena_text(m->arena, f->immutable);
    m->not_under = f->not_under;
    m->row = arena_alloc(m->arena, FILES_MAX * sizeof *m->row);
    m->folder = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->folder < 0)
        return err_set(e, ERR_IO, NULL, "open %s: %s", f->folder, strerror(errno));
    int fd = fcntl(m->folder, F_DUPFD_CLOEXEC, 0);
    TRY(read_folder(m, fd, "", 0, e));
    qsort(m->row, m->n, sizeof *m->row, compare_rows);
    find_zipped(m);
    if (m->fallback && !find_row(m, m->fallback))
        return err_set(e, ERR_CONFIG, NULL, "%s has no %s", f->folder, m->fallback);
    return ERR_OK;
}

void httpd_files_free(struct httpd_file_mount *m)
{
    if (m->folder >= 0)
        close(m->folder);
    arena_free(m->arena);
    free(m);
}

static const char *type_of(const char *path)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".pdf", "application/pdf"},
        {".deb", "application/vnd.debian.binary-package"},
        {".cer", "application/pkix-cert"},
        {".crl", "application/pkix-crl"},
    };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i].end) == 0)
            return types[i].type;
    return "application/octet-stream";
}

static int begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

/* The path below the mount's prefix, or NULL. */
static const char *below_prefix(const struct httpd_file_mount *m, const char *path)
{
    size_t n = strlen(m->prefix);
    if (strncmp(path, m->prefix, n) != 0 || (path[n] != '/' && path[n] != '\0'))
        return NULL;
    return path[n] == '/' ? path + n + 1 : "";
}

static int wants_page(const struct httpd_file_mount *m, const char *path)
{
    if (!m->fallback || strchr(strrchr(path, '/') ? strrchr(path, '/') : path, '.'))
        return 0;
    for (const char *const *not = m->not_under; not &&*not ; not ++)
        if (begins(path, *not ))
            return 0;
    return 1;
}

/* The mount with the longest prefix decides. */
static const struct file_row *choose(struct httpd_conn *c, const struct httpd_file_mount **mount)
{
    struct httpd *s = c->server;
    const char *path = c->request.path, *rest = NULL;
    *mount = NULL;
    for (int i = 0; i < s->file_mounts; i++) {
        const char *below = below_prefix(s->files[i], path);
        if (below && (!*mount || strlen(s->files[i]->prefix) > strlen((*mount)->prefix))) {
            *mount = s->files[i];
            rest = below;
        }
    }
    if (!*mount)
        return NULL;
    const struct file_row *row = find_row(*mount, *rest ? rest : "index.html");
    return row || !wants_page(*mount, path) ? row : find_row(*mount, (*mount)->fallback);
}

static int has_tag(const char *list, const char *tag)
{
    return list && (strcmp(list, "*") == 0 || strstr(list, tag));
}

static void fill_reply(struct httpd_conn *c, const struct httpd_file_mount *m,
                       const struct file_row *row, int fd, const struct stat *st, int zipped)
{
    struct arena *a = c->request.arena;
    const char *tag = arena_fmt(a, "\"%llx-%llx%s\"",
                                (unsigned long long)st->st_mtim.tv_sec * 1000000000ULL +
                                    (unsigned long long)st->st_mtim.tv_nsec,
                                (unsigned long long)st->st_size, zipped ? "-gz" : "");
    /* the page that answers for any address changes with the next version */
    int page = m->fallback && strcmp(row->path, m->fallback) == 0;
    int kept = m->immutable && !page && begins(c->request.path, m->immutable);
    httpd_reply_header(&c->reply, "Cache-Control",
                       kept ? "public, max-age=31536000, immutable" : "no-cache");
    httpd_reply_header(&c->reply, "ETag", tag);
    if (row->zipped)
        httpd_reply_header(&c->reply, "Vary", "Accept-Encoding");
    if (has_tag(httpd_header(&c->request, "If-None-Match"), tag)) {
        close(fd);
        c->reply.status = MHD_HTTP_NOT_MODIFIED;
        return;
    }
    if (zipped)
        httpd_reply_header(&c->reply, "Content-Encoding", "gzip");
    c->reply.content_type = type_of(row->path);
    httpd_reply_file(&c->reply, fd, (uint64_t)st->st_size);
}

int httpd_files_room(struct httpd_conn *c)
{
    struct httpd_share *share = httpd_share_of(c);
    int most = c->server->set.connections_max / HTTPD_FILES_PART;
    if (c->fd < 0)
        return 1;
    c->file_counted = 1;
    int own = share ? atomic_fetch_add(&share->sending, 1) : 0;
    return atomic_fetch_add(&c->server->sending, 1) <= most && own <= most / 4;
}

/* 503: too many files are open. */
static int too_many(struct httpd_conn *c)
{
    httpd_refuse_busy(c);
    return 0;
}

int httpd_files_serve(struct httpd_conn *c)
{
    if (c->server->file_mounts == 0)
        return 0;
    const struct httpd_file_mount *m;
    const struct file_row *row = choose(c, &m);
    if (!row)
        return 0;
    if (strcmp(c->request.method, "GET") != 0) {
        c->allow = "GET, HEAD";
        c->early = ERR_METHOD;
        err_set(&c->early_info, ERR_METHOD, NULL, NULL);
        err_arg(&c->early_info, "method", "%.20s", c->head_method);
        return 0;
    }
    const char *accepted = httpd_header(&c->request, "Accept-Encoding");
    int zipped = row->zipped && accepted && strstr(accepted, "gzip");
    const char *path = zipped ? arena_fmt(c->request.arena, "%s.gz", row->path) : row->path;
    int fd = openat(m->folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE ? too_many(c) : 0;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return 0;
    }
    fill_reply(c, m, row, fd, &st, zipped);
    return httpd_files_room(c) || too_many(c);
}
