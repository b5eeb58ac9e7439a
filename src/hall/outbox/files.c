/* Messages as files: the SMS provider of an installation without one, and mail without a server. One JSON file a message,
 * named after its idempotency key, so that a repeat writes the same file. */
#include "hall/outbox/message.h"

#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"
#include "pki/digest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 256 * 1024 };

struct sms_files {
    char *folder;
    const struct clock *clock;
};

enum err message_file_write(const char *folder, const struct message_file *f, struct err_info *e)
{
    uint8_t id[DIGEST_LEN];
    struct json_out j;
    _auto(arena) a = arena_new();
    _auto_buf b;
    buf_init(&b, FILE_BYTES_MAX);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "kind", f->kind);
    jout_text(&j, "to", f->to);
    jout_text(&j, "subject", f->subject);
    jout_text(&j, "text", f->text);
    jout_text(&j, "at", time_rfc3339(a, f->at));
    jout_end(&j);
    if (b.full)
        return err_set(e, ERR_TOO_LARGE, NULL, "message over 256 KiB");
    digest_sha256((struct bytes){(const uint8_t *)f->idem, strlen(f->idem)}, id);
    const char *path = arena_fmt(a, "%s/%s-%s.json", folder, f->kind,
                                 text_hex(a, (struct bytes){id, 12}));
    TRY(folder_make(folder, 0700, e));
    return file_replace(path, (struct bytes){b.p, b.n}, 0600, e);
}

static enum err send_as_file(void *arg, const char *to, const char *text, const char *idem,
                             struct err_info *e)
{
    const struct sms_files *s = arg;
    struct message_file f = {.kind = "sms",
                             .idem = idem,
                             .to = to,
                             .subject = "",
                             .text = text,
                             .at = clock_business(s->clock)};
    return message_file_write(s->folder, &f, e);
}

enum err sms_files_new(const char *folder, const struct clock *clock, struct sms_files **out,
                       struct err_info *e)
{
    TRY(folder_make(folder, 0700, e));
    struct sms_files *s = mem_alloc(sizeof *s);
    s->folder = mem_text(folder);
    s->clock = clock;
    *out = s;
    return ERR_OK;
}

void sms_files_free(struct sms_files *s)
{
    if (s)
        free(s->folder);
    free(s);
}

struct sms_provider sms_files_provider(struct sms_files *s)
{
    return (struct sms_provider){.name = "file", .send = send_as_file, .arg = s};
}

/* ---- reading them back ---- */

static enum err read_one(struct arena *a, const char *folder, const char *name,
                         struct message_sent *out, struct err_info *e)
{
    struct bytes text;
    const char *at, *kind, *to, *subject, *body;
    _auto_json j = NULL;
    TRY(file_read(a, arena_fmt(a, "%s/%s", folder, name), FILE_BYTES_MAX, &text, e));
    TRY(json_parse(text.p, text.n, &j, e));
    TRY(json_get_text(j, "kind", &kind, e));
    TRY(json_get_text(j, "to", &to, e));
    TRY(json_get_text(j, "subject", &subject, e));
    TRY(json_get_text(j, "text", &body, e));
    TRY(json_get_text(j, "at", &at, e));
    *out = (struct message_sent){.id = arena_text_n(a, name, strlen(name) - 5),
                                 .kind = arena_text(a, kind),
                                 .to = arena_text(a, to),
                                 .subject = arena_text(a, subject),
                                 .text = arena_text(a, body)};
    return time_parse_rfc3339(at, &out->at) ? ERR_OK : err_set(e, ERR_BAD_REQUEST, "at", NULL);
}

static int newest_first(const void *x, const void *y)
{
    const struct message_sent *a = x, *b = y;
    return a->at != b->at ? (a->at < b->at ? 1 : -1) : strcmp(a->id, b->id);
}

static void folder_cleanup(DIR **d)
{
    if (*d)
        closedir(*d);
}

enum err message_sent_list(struct arena *a, const char *folder, int limit,
                           const struct message_sent **out, size_t *n, struct err_info *e)
{
    size_t cap = 64, got = 0;
    struct message_sent *list = mem_alloc(cap * sizeof *list);
    __attribute__((cleanup(folder_cleanup))) DIR *d = opendir(folder);
    const struct dirent *entry;
    while (d && (entry = readdir(d))) {
        size_t len = strlen(entry->d_name);
        struct err_info unread = {0};
        if (len < 6 || entry->d_name[0] == '.' || strcmp(entry->d_name + len - 5, ".json") != 0)
            continue;
        if (got == cap)
            list = mem_grow(list, (cap *= 2) * sizeof *list);
        if (read_one(a, folder, entry->d_name, &list[got], &unread) == ERR_OK)
            got++;
    }
    enum err done = d || errno == ENOENT
                        ? ERR_OK
                        : err_set(e, ERR_IO, NULL, "%s: %s", folder, strerror(errno));
    qsort(list, got, sizeof *list, newest_first);
    *n = got < (size_t)limit ? got : (size_t)limit;
    struct message_sent *copy = arena_alloc(a, (*n + 1) * sizeof *copy);
    memcpy(copy, list, *n * sizeof *copy);
    free(list);
    *out = copy;
    return done;
}
