/* How what a ceremony made is written: all of it, or nothing that counts. */
#include "ca/ceremony_priv.h"

#include "base/sys.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRANSCRIPT_MAX = 1 << 20 };

static int is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static char *new_of(const struct ca_ceremony *c, const char *path)
{
    return arena_fmt(c->arena, "%s.new", path);
}

static char *in_ca(const struct ca_ceremony *c, const char *name)
{
    return arena_fmt(c->arena, "%s/keys/%s", c->options->data, name);
}

static enum err io(struct err_info *e, const char *path)
{
    return err_set(e, ERR_IO, NULL, "%s: %s", path, strerror(errno));
}

/* The folder that `path` stands in, so that its name is durable. */
static enum err sync_parent(const struct ca_ceremony *c, const char *path, struct err_info *e)
{
    const char *slash = strrchr(path, '/');
    const char *folder = !slash          ? "."
                         : slash == path ? "/"
                                         : arena_text_n(c->arena, path, (size_t)(slash - path));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    if (fd >= 0)
        close(fd);
    return failed ? io(e, folder) : ERR_OK;
}

/* ---- names put right ---- */

/* `<path>.new` becomes `path`; where it is so already, nothing. */
static enum err put_right(const struct ca_ceremony *c, const char *path, struct err_info *e)
{
    if (!path || !is_there(new_of(c, path)))
        return ERR_OK;
    if (rename(new_of(c, path), path) != 0)
        return io(e, path);
    return sync_parent(c, path, e);
}

/* The root's list is the one file that replaces another. `out` comes last: while its new name is there, the next ceremony
 * knows that this is to be done. */
static enum err put_all_right(const struct ca_ceremony *c, struct err_info *e)
{
    struct dirent **entry;
    char *folder = in_ca(c, "");
    int n = scandir(folder, &entry, NULL, alphasort);
    enum err result = n < 0 ? io(e, folder) : ERR_OK;
    for (int i = 0; i < n; i++) {
        size_t len = strlen(entry[i]->d_name);
        if (result == ERR_OK && len > 8 && !strcmp(entry[i]->d_name + len - 8, ".crl.new"))
            result = put_right(c, in_ca(c, arena_text_n(c->arena, entry[i]->d_name, len - 4)), e);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    TRY(result);
    TRY(put_right(c, c->spec->shares, e));
    TRY(put_right(c, c->spec->credential, e));
    return put_right(c, c->spec->out, e);
}

/* ---- what an interrupted one left ---- */

static enum err remove_folder(const struct ca_ceremony *c, const char *path, struct err_info *e)
{
    const struct dirent *entry;
    DIR *d = opendir(path);
    int failed = !d;
    while (!failed && (entry = readdir(d)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            failed = unlink(arena_fmt(c->arena, "%s/%s", path, entry->d_name)) != 0;
    if (d)
        closedir(d);
    return failed || rmdir(path) != 0 ? io(e, path) : ERR_OK;
}

static enum err remove_file(const char *path, struct err_info *e)
{
    return unlink(path) == 0 || errno == ENOENT ? ERR_OK : io(e, path);
}

/* "issuing-p256-2.cer" of the folder is a key of the ca's that no row names. */
static enum err remove_keys_of(const struct ca_ceremony *c, const char *folder, struct err_info *e)
{
    const struct dirent *entry;
    enum err result = ERR_OK;
    DIR *d = opendir(folder);
    while (d && result == ERR_OK && (entry = readdir(d)) != NULL) {
        size_t n = strlen(entry->d_name);
        if (strncmp(entry->d_name, "issuing-", 8) != 0 || n < 5 ||
            strcmp(entry->d_name + n - 4, ".cer") != 0)
            continue;
        const char *code = arena_text_n(c->arena, entry->d_name, n - 4);
        result = remove_file(in_ca(c, arena_fmt(c->arena, "%s.pem", code)), e);
        if (result == ERR_OK)
            result = remove_file(in_ca(c, arena_fmt(c->arena, "%s.split", code)), e);
        if (result == ERR_OK)
            result = remove_file(in_ca(c, arena_fmt(c->arena, "%s.p11", code)), e);
    }
    if (d)
        closedir(d);
    return result;
}

static enum err remove_all(const struct ca_ceremony *c, struct err_info *e)
{
    const char *out = new_of(c, c->spec->out);
    const char *shares = c->spec->shares ? new_of(c, c->spec->shares) : NULL;
    TRY(remove_keys_of(c, out, e));
    if (shares && is_there(shares))
        TRY(remove_folder(c, shares, e));
    if (c->spec->credential)
        TRY(remove_file(new_of(c, c->spec->credential), e));
    TRY(remove_file(in_ca(c, arena_fmt(c->arena, "root-%s.crl.new", ca_alg_suffix(c->spec->alg))),
                    e));
    return remove_folder(c, out, e);
}

static const char *hash_of(const struct ca_ceremony *c, struct bytes transcript)
{
    uint8_t hash[DIGEST_LEN];
    digest_sha256(transcript, hash);
    return text_hex(c->arena, (struct bytes){hash, sizeof hash});
}

/* Did it take effect? The ca's own chain has the hash of its transcript. */
static enum err took_effect(const struct ca_ceremony *c, const char *folder, int *yes,
                            struct err_info *e)
{
    struct bytes transcript;
    const struct store_row *row;
    _auto(store_tx) tx = NULL;
    *yes = 0;
    enum err found = file_read(c->arena, arena_fmt(c->arena, "%s/" CA_CEREMONY_TRANSCRIPT, folder),
                               TRANSCRIPT_MAX, &transcript, e);
    if (found == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(found);
    TRY(store_begin(c->store, STORE_READ, &tx, e));
    TRY(store_opt(tx, &Q_ca_audit_ceremony, PARAMS(P_TEXT(hash_of(c, transcript))), c->arena, &row,
                  e));
    *yes = row != NULL;
    return ERR_OK;
}

enum err ca_ceremony_settle(struct ca_ceremony *c, int *settled, struct err_info *e)
{
    const char *folder = new_of(c, c->spec->out);
    if (!is_there(folder))
        return ERR_OK;
    TRY(took_effect(c, folder, settled, e));
    return *settled ? put_all_right(c, e) : remove_all(c, e);
}

/* ---- writing ---- */

static enum err free_to_make(const char *path, struct err_info *e)
{
    if (path && is_there(path))
        return ca_ceremony_wrong(e, "%s is there already; nothing is overwritten", path);
    return ERR_OK;
}

enum err ca_ceremony_room(const struct ca_ceremony *c, struct err_info *e)
{
    const char *issuing = c->issuing_key.code;
    TRY(free_to_make(c->spec->out, e));
    TRY(free_to_make(c->spec->shares, e));
    TRY(free_to_make(c->spec->credential, e));
    if (c->spec->kind == CA_CEREMONY_LIST)
        return ERR_OK;
    TRY(free_to_make(in_ca(c, arena_fmt(c->arena, "%s.pem", issuing)), e));
    TRY(free_to_make(in_ca(c, arena_fmt(c->arena, "%s.p11", issuing)), e));
    return free_to_make(in_ca(c, arena_fmt(c->arena, "%s.split", issuing)), e);
}

static char *path_of(const struct ca_ceremony *c, const struct ca_ceremony_file *f)
{
    switch (f->place) {
    case CA_PLACE_OUT:
        return arena_fmt(c->arena, "%s.new/%s", c->spec->out, f->name);
    case CA_PLACE_SHARES:
        return arena_fmt(c->arena, "%s.new/%s", c->spec->shares, f->name);
    case CA_PLACE_CREDENTIAL:
        return new_of(c, c->spec->credential);
    case CA_PLACE_CA:
        break;
    }
    size_t n = strlen(f->name);
    int list = n > 4 && !strcmp(f->name + n - 4, ".crl");
    return list ? new_of(c, in_ca(c, f->name)) : in_ca(c, f->name);
}

/* `out` before the key files: an interrupted ceremony is known by it. */
static enum err write_files(const struct ca_ceremony *c, struct err_info *e)
{
    for (int ca = 0; ca < 2; ca++)
        for (size_t i = 0; i < c->files; i++)
            if ((c->file[i].place == CA_PLACE_CA) == ca)
                TRY(file_replace(path_of(c, &c->file[i]), c->file[i].content, 0400, e));
    return ERR_OK;
}

static enum err record(struct ca_ceremony *c, const char *transcript, struct err_info *e)
{
    static const char *const act = "ceremony";
    int64_t now = clock_business(c->options->clock);
    _auto(store_tx) tx = NULL;
    TRY(store_begin(c->store, STORE_WRITE, &tx, e));
    if (c->spec->kind == CA_CEREMONY_CREATE)
        TRY(ca_made_record(tx, &c->root, c->spec->alg, now, e));
    if (c->spec->kind != CA_CEREMONY_LIST)
        TRY(ca_made_record(tx, &c->issuing, c->spec->alg, now, e));
    TRY(ca_audit(tx, now, "ceremony", act, transcript, e));
    return store_commit(tx, e);
}

enum err ca_ceremony_commit(struct ca_ceremony *c, struct bytes transcript, struct err_info *e)
{
    TRY(folder_make(in_ca(c, ""), 0700, e));
    TRY(folder_make(new_of(c, c->spec->out), 0700, e));
    if (c->spec->shares)
        TRY(folder_make(new_of(c, c->spec->shares), 0700, e));
    ca_ceremony_add(c, CA_PLACE_OUT, CA_CEREMONY_TRANSCRIPT, transcript);
    TRY(write_files(c, e));
    TRY(record(c, hash_of(c, transcript), e));
    return put_all_right(c, e);
}
