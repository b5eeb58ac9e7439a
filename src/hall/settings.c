#include "hall/settings.h"

#include "base/text.h"

#include <string.h>

static enum err bad(struct err_info *e, const char *key, const char *why)
{
    err_set(e, ERR_CONFIG, key, "hall.conf: %s: %s", key, why);
    err_arg(e, "why", "hall.conf: %s: %s", key, why);
    return ERR_CONFIG;
}

static enum err number(const struct conf *c, const char *key, int64_t min, int64_t max,
                       int fallback, int64_t *out, struct err_info *e)
{
    const char *text = conf_get(c, key, NULL);
    int64_t value = fallback;
    if (text && !text_to_int(text, min, max, &value))
        return bad(e, key, "not a whole number within its limits");
    *out = value;
    return ERR_OK;
}

static enum err yes_or_no(const struct conf *c, const char *key, int *out, struct err_info *e)
{
    const char *text = conf_get(c, key, "no");
    *out = strcmp(text, "yes") == 0;
    return *out || strcmp(text, "no") == 0 ? ERR_OK : bad(e, key, "is neither yes nor no");
}

/* Scheme and host, nothing behind: it is put before paths in mails and links. */
static enum err check_public_url(const char *url, struct err_info *e)
{
    size_t n = url ? strlen(url) : 0;
    if (n == 0)
        return bad(e, "public_url", "is missing");
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return bad(e, "public_url", "starts with neither http:// nor https://");
    if (url[n - 1] == '/')
        return bad(e, "public_url", "ends with a slash");
    return ERR_OK;
}

/* As the agent reads it in a link (agent/conf.h). */
static enum err check_server_id(const char *id, struct err_info *e)
{
    size_t n = strlen(id);
    if (n < 1 || n > 32 || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
        return bad(e, "server_id", "is not 1 to 32 of a-z, 0-9 and -");
    return ERR_OK;
}

/* Only `demo = yes`, as init --demo writes it, makes a demo, and only on this machine's own address: with one click anybody who
 * reaches it is anybody. A folder that some failed init left behind makes none. */
static enum err find_demo(struct arena *a, struct hall_settings *s, struct err_info *e)
{
    const char *folder = arena_fmt(a, "%s/demo", s->data);
    TRY(yes_or_no(s->conf, "demo", &s->demo, e));
    if (s->demo && strncmp(s->public_url, "http://127.0.0.1", 16) != 0)
        return bad(e, "demo", "a demo serves on http://127.0.0.1 only (public_url)");
    s->demo_clock = conf_get(s->conf, "clock", s->demo ? arena_fmt(a, "%s/clock", folder) : NULL);
    s->outbox_folder = arena_fmt(a, "%s/outbox", s->demo ? folder : s->folder);
    return ERR_OK;
}

enum err hall_settings_read(struct arena *a, const char *data, struct hall_settings *out,
                            struct err_info *e)
{
    struct conf *c;
    const char *folder = arena_fmt(a, "%s/hall", data);
    TRY(conf_read(a, arena_fmt(a, "%s/hall.conf", folder), &c, e));
    *out = (struct hall_settings){
        .folder = folder,
        .data = arena_text(a, data),
        .database = conf_get(c, "database", arena_fmt(a, "sqlite:%s/hall.db", folder)),
        .public_url = conf_get(c, "public_url", NULL),
        .server_id = conf_get(c, "server_id", "hall"),
        .profiles = conf_get(c, "profiles", ""),
        .smtp_url = conf_get(c, "smtp_url", ""),
        .smtp_user = conf_get(c, "smtp_user", ""),
        .smtp_ca = conf_get(c, "smtp_ca", ""),
        .mail = conf_get(c, "mail", ""),
        .mail_from = conf_get(c, "mail_from", "no-reply@localhost"),
        .mail_from_name = conf_get(c, "mail_from_name", "证书大厅"),
        .sms = conf_get(c, "sms", ""),
        .conf = c};
    TRY(check_public_url(out->public_url, e));
    TRY(find_demo(a, out, e));
    TRY(check_server_id(out->server_id, e));
    TRY(number(c, "port", 1, 65535, 8080, &out->port, e));
    TRY(yes_or_no(c, "smtp_plain", &out->smtp_plain, e));
    TRY(number(c, "connections", 100, 100000, 12288, &out->connections, e));
    return number(c, "outbox_threads", 1, 8, 2, &out->workers, e);
}

enum err hall_settings_sms(const struct hall_settings *s, struct err_info *e)
{
    if (*s->sms && strcmp(s->sms, "file") != 0)
        return bad(e, "sms", "only `file` is known");
    if (s->demo || *s->sms)
        return ERR_OK;
    return bad(
        e, "sms",
        "is not set, and there is no SMS gateway; `sms = file` writes each SMS as a file and "
        "counts it as sent, for somebody who passes it on (docs/operate.md)");
}

enum err hall_settings_mail(const struct hall_settings *s, struct err_info *e)
{
    if (*s->mail && strcmp(s->mail, "file") != 0)
        return bad(e, "mail", "only `file` is known");
    if (*s->mail && *s->smtp_url)
        return bad(e, "mail", "is `file` while smtp_url names a server; which of them is meant?");
    if (*s->smtp_url && strncmp(s->smtp_url, "smtp://", 7) != 0 &&
        strncmp(s->smtp_url, "smtps://", 8) != 0)
        return bad(e, "smtp_url", "starts with neither smtp:// nor smtps://");
    if (s->demo || *s->mail || *s->smtp_url)
        return ERR_OK;
    return bad(
        e, "smtp_url",
        "is not set, so that no mail can go out; `mail = file` instead writes each mail as a "
        "file and counts it as sent, for somebody who passes it on (docs/operate.md)");
}
