/* The client page: installers of the UKey Agent with their hashes (G-37), read once at the start. */
#include "portal/portal_priv.h"

#include "base/sys.h"
#include "base/text.h"
#include "pki/digest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 32, NAME_MAX_CHARS = 100, FILE_MAX = 256 * 1024 * 1024 };

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-"

static int is_name(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n <= NAME_MAX_CHARS && s[0] != '.' && strspn(s, NAME_CHARACTERS) == n;
}

static const char *system_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot)
        return "Linux";
    if (strcmp(dot, ".deb") == 0)
        return "Debian / Ubuntu / 统信 UOS / 麒麟";
    if (strcmp(dot, ".rpm") == 0)
        return "Fedora / openEuler";
    return strcmp(dot, ".exe") == 0 || strcmp(dot, ".msi") == 0 ? "Windows" : "Linux";
}

static enum err read_one(struct portal *p, const char *name, struct portal_file *out,
                         struct err_info *e)
{
    struct bytes content;
    uint8_t hash[DIGEST_LEN];
    _auto(arena) a = arena_new();
    TRY(file_read(a, arena_fmt(a, "%s/%s", p->client_folder, name), FILE_MAX, &content, e));
    digest_sha256(content, hash);
    *out = (struct portal_file){
        .name = arena_text(p->arena, name),
        .system = system_of(name),
        .sha256 = text_hex(p->arena, (struct bytes){hash, sizeof hash}),
        .bytes = (int64_t)content.n,
    };
    return ERR_OK;
}

static int compare(const void *a, const void *b)
{
    const struct portal_file *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static void close_folder(DIR **d)
{
    if (*d)
        closedir(*d);
}

enum err portal_client_read(struct portal *p, struct err_info *e)
{
    struct portal_file *list = arena_alloc(p->arena, sizeof *list * FILES_MAX);
    const struct dirent *entry;
    p->file = list;
    if (!p->client_folder)
        return ERR_OK;
    __attribute__((cleanup(close_folder))) DIR *d = opendir(p->client_folder);
    if (!d) /* an installation may have none */
        return errno == ENOENT ? ERR_OK
                               : err_set(e, ERR_IO, NULL, "cannot read %s", p->client_folder);
    while ((entry = readdir(d)) != NULL && p->files < FILES_MAX)
        if (is_name(entry->d_name) && entry->d_type == DT_REG)
            TRY(read_one(p, entry->d_name, &list[p->files++], e));
    qsort(list, p->files, sizeof *list, compare);
    return ERR_OK;
}

static void write_files(const struct portal *p, struct arena *a, struct json_out *j)
{
    jout_list(j, "files");
    for (size_t i = 0; i < p->files; i++) {
        const struct portal_file *f = &p->file[i];
        jout_object(j, NULL);
        jout_text(j, "name", f->name);
        jout_text(j, "system", f->system);
        jout_text(j, "url", arena_fmt(a, "/api/v1/portal/client/%s", f->name));
        jout_int(j, "bytes", f->bytes);
        jout_text(j, "sha256", f->sha256);
        jout_end(j);
    }
    jout_end(j);
}

static void write_commands(const struct portal *p, struct arena *a, struct json_out *j)
{
    jout_list(j, "commands");
    for (size_t i = 0; i < p->files; i++) {
        const char *dot = strrchr(p->file[i].name, '.');
        if (dot && strcmp(dot, ".deb") == 0) {
            jout_text(j, NULL, arena_fmt(a, "sha256sum %s", p->file[i].name));
            jout_text(j, NULL, arena_fmt(a, "sudo apt install ./%s", p->file[i].name));
        }
    }
    jout_end(j);
}

enum err portal_client_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                           struct err_info *e)
{
    const struct project *p;
    struct portal_call c = PORTAL_CALL(r, reply, app, NULL);
    struct json_out j;
    TRY(portal_project(&c, httpd_param(r, "project"), &p, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "title", r->lang == LANG_EN ? "UKey Agent" : "UKey 助手");
    web_some(&j, "about", p->about.client_note.in[r->lang]);
    jout_text(&j, "version", CERTHALL_VERSION);
    write_files(c.app, r->arena, &j);
    jout_list(&j, "steps");
    for (int i = 0; i < p->about.client_steps.n; i++) {
        const struct project_step *s = &p->about.client_steps.item[i];
        jout_object(&j, NULL);
        jout_text(&j, "text", s->title.in[r->lang]);
        web_some(&j, "note", s->note.in[r->lang]);
        jout_end(&j);
    }
    jout_end(&j);
    write_commands(c.app, r->arena, &j);
    jout_end(&j);
    return ERR_OK;
}

enum err portal_client_file_get(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                struct err_info *e)
{
    const struct portal *p = app;
    const char *name = httpd_param(r, "file");
    for (size_t i = 0; i < p->files; i++) {
        if (strcmp(p->file[i].name, name) != 0)
            continue;
        int fd = open(arena_fmt(r->arena, "%s/%s", p->client_folder, name),
                      O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return err_set(e, ERR_IO, NULL, "cannot open %s", name);
        reply->content_type = "application/octet-stream";
        httpd_reply_download(reply, name);
        httpd_reply_file(reply, fd, (uint64_t)p->file[i].bytes);
        return ERR_OK;
    }
    return err_set(e, ERR_NOT_FOUND, "file", NULL);
}
