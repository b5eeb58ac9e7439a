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
                       int fallback, int *out, struct err_info *e)
{
    const char *text = conf_get(c, key, NULL);
    int64_t value = fallback;
    if (text && !text_to_int(text, min, max, &value))
        return bad(e, key, "not a whole number within its limits");
    *out = (int)value;
    return ERR_OK;
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

enum err hall_settings_read(struct arena *a, const char *data, struct hall_settings *out,
                            struct err_info *e)
{
    struct conf *c;
    const char *folder = arena_fmt(a, "%s/hall", data);
    TRY(conf_read(a, arena_fmt(a, "%s/hall.conf", folder), &c, e));
    *out = (struct hall_settings){
        .folder = folder,
        .database = conf_get(c, "database", arena_fmt(a, "sqlite:%s/hall.db", folder)),
        .public_url = conf_get(c, "public_url", NULL),
        .listen = conf_get(c, "listen", "127.0.0.1:8080"),
        .profiles = conf_get(c, "profiles", NULL),
        .clock = conf_get(c, "clock", NULL),
        .smtp_url = conf_get(c, "smtp_url", ""),
        .smtp_user = conf_get(c, "smtp_user", ""),
        .mail_from = conf_get(c, "mail_from", "no-reply@localhost"),
        .mail_from_name = conf_get(c, "mail_from_name", "证书大厅"),
        .conf = c};
    out->demo = out->clock != NULL;
    out->outbox_folder = out->demo ? arena_fmt(a, "%s/demo/outbox", data)
                                   : arena_fmt(a, "%s/outbox", folder);
    TRY(check_public_url(out->public_url, e));
    TRY(number(c, "outbox_threads", 1, 8, 2, &out->outbox_threads, e));
    return number(c, "connections", 2, 64, 8, &out->connections, e);
}
