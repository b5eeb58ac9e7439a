#include "agent/conf.h"

#include "base/sys.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err wrong(struct err_info *e, const char *path, const char *key, const char *why)
{
    err_set(e, ERR_CONFIG, key, "%s: %s: %s", path, key ? key : "", why);
    err_arg(e, "why", "%s: %s%s%s", path, key ? key : "", key ? ": " : "", why);
    return ERR_CONFIG;
}

/* ---- addresses and links ---- */

static int port_ok(const char *s)
{
    int64_t port;
    return text_to_int(s, 1, 65535, &port);
}

static int host_ok(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isascii((unsigned char)s[i]) ||
            (!isalnum((unsigned char)s[i]) && s[i] != '.' && s[i] != '-'))
            return 0;
    return n > 0;
}

/* Exactly these two spellings: names, short forms and other 127.x addresses are somebody else's. */
static int loopback_prefix(const char *host, const char **rest)
{
    static const char *const ours[] = {"127.0.0.1", "[::1]"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(ours[i]);
        if (strncmp(host, ours[i], n) != 0)
            continue;
        *rest = host + n;
        return 1;
    }
    return 0;
}

int agent_origin_ok(const char *url, int demo, const char **host)
{
    const char *rest;
    int plain = !strncmp(url, "http://", 7);
    if (!plain && strncmp(url, "https://", 8) != 0)
        return 0;
    *host = url + (plain ? 7 : 8);
    int local = loopback_prefix(*host, &rest);
    if (!local) {
        size_t n = strcspn(*host, ":");
        if (!host_ok(*host, n))
            return 0;
        rest = *host + n;
    }
    if (*rest && (*rest != ':' || !port_ok(rest + 1)))
        return 0;
    return demo ? local : !plain;
}

static int id_ok(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!islower((unsigned char)s[i]) && !isdigit((unsigned char)s[i]) && s[i] != '-')
            return 0;
    return n > 0 && n <= AGENT_SERVER_ID_MAX;
}

static int ticket_ok(const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (!isascii((unsigned char)s[i]) ||
            (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '_'))
            return 0;
    return n >= 16 && n <= 64;
}

enum err agent_link_parse(const char *link, struct agent_link *out, struct err_info *e)
{
    static const char scheme[] = "certhall:";
    const char *id = link + sizeof scheme - 1;
    const char *slash = strncmp(link, scheme, sizeof scheme - 1) ? NULL : strchr(id, '/');
    if (!slash || !id_ok(id, (size_t)(slash - id)) || !ticket_ok(slash + 1))
        return err_set(e, ERR_AGENT_LINK, "link", "not certhall:<server>/<ticket>");
    snprintf(out->server, sizeof out->server, "%.*s", (int)(slash - id), id);
    snprintf(out->ticket, sizeof out->ticket, "%s", slash + 1);
    return ERR_OK;
}

/* ---- the file ---- */

static enum err check_owner(const char *path, int system, struct err_info *e)
{
    struct stat st;
    if (lstat(path, &st))
        return wrong(e, path, NULL, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return wrong(e, path, NULL, "not a regular file");
    if (st.st_uid != 0 && (system || st.st_uid != geteuid()))
        return wrong(e, path, NULL, system ? "must be owned by root" : "must be owned by you");
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return wrong(e, path, NULL, "must be writable by its owner only (chmod go-w)");
    return ERR_OK;
}

static enum err yes_no(const char *path, const char *key, const char *value, int *out,
                       struct err_info *e)
{
    *out = !strcmp(value, "yes");
    return *out || !strcmp(value, "no") ? ERR_OK : wrong(e, path, key, "expected yes or no");
}

static enum err absolute(const char *path, const char *key, const char *value, const char **out,
                         struct err_info *e)
{
    *out = value;
    return value[0] == '/' ? ERR_OK : wrong(e, path, key, "expected an absolute path");
}

static struct agent_server *server_for(struct agent_conf *c, const char *id, size_t n)
{
    for (size_t i = 0; i < c->servers; i++)
        if (strlen(c->server[i].id) == n && !strncmp(c->server[i].id, id, n))
            return &c->server[i];
    if (c->servers == AGENT_SERVERS_MAX)
        return NULL;
    struct agent_server *s = &c->server[c->servers++];
    snprintf(s->id, sizeof s->id, "%.*s", (int)n, id);
    return s;
}

static enum err set_server(struct agent_conf *c, const char *key, const char *value,
                           struct err_info *e)
{
    const char *id = key + strlen("server.");
    const char *dot = strchr(id, '.');
    if (!dot || !id_ok(id, (size_t)(dot - id)))
        return wrong(e, c->path, key, "expected server.<id>.<setting>, id of a-z 0-9 -");
    struct agent_server *s = server_for(c, id, (size_t)(dot - id));
    if (!s)
        return wrong(e, c->path, key, "too many servers");
    const char *what = dot + 1;
    if (!strcmp(what, "name"))
        s->name = value;
    else if (!strcmp(what, "url"))
        s->origin = value;
    else if (!strcmp(what, "demo"))
        return yes_no(c->path, key, value, &s->demo, e);
    else if (!strcmp(what, "bench"))
        return yes_no(c->path, key, value, &s->bench, e);
    else if (!strcmp(what, "ca"))
        return absolute(c->path, key, value, &s->ca_file, e);
    else if (!strcmp(what, "keys"))
        return absolute(c->path, key, value, &s->keys, e);
    else if (!strcmp(what, "bench_keys"))
        return absolute(c->path, key, value, &s->bench_keys, e);
    else if (!strcmp(what, "maker_keys"))
        return absolute(c->path, key, value, &s->maker_keys, e);
    else
        return wrong(e, c->path, key, "unknown setting");
    return ERR_OK;
}

static enum err set_one(struct agent_conf *c, const char *key, const char *value,
                        struct err_info *e)
{
    if (!strncmp(key, "server.", 7))
        return set_server(c, key, value, e);
    if (!strcmp(key, "pinentry"))
        return absolute(c->path, key, value, &c->pinentry, e);
    if (!strcmp(key, "browser"))
        return absolute(c->path, key, value, &c->browser, e);
    if (strcmp(key, "language") != 0)
        return wrong(e, c->path, key, "unknown setting");
    c->language = value;
    return !strcmp(value, "zh") || !strcmp(value, "en") ? ERR_OK
                                                        : wrong(e, c->path, key, "zh or en");
}

static enum err check_server(const struct agent_conf *c, struct agent_server *s, int system,
                             struct arena *a, struct err_info *e)
{
    const char *key = arena_fmt(a, "server.%s.url", s->id);
    if (!system && !s->demo)
        return wrong(e, c->path, key, "outside " AGENT_CONF_DEFAULT " only demo servers are taken");
    if (!s->origin || !agent_origin_ok(s->origin, s->demo, &s->host))
        return wrong(e, c->path, key,
                     s->demo ? "a demo is http://127.0.0.1:PORT or http://[::1]:PORT"
                             : "expected https://host[:port], nothing behind it");
    if (!s->name)
        s->name = s->id;
    if (!s->bench_keys)
        s->bench_keys = s->keys;
    if (!s->maker_keys)
        s->maker_keys = s->bench_keys;
    return ERR_OK;
}

enum err agent_conf_read(struct arena *a, const char *path, struct agent_conf *out,
                         struct err_info *e)
{
    struct conf *file;
    const char *key;
    memset(out, 0, sizeof *out);
    int system = !path || !strcmp(path, AGENT_CONF_DEFAULT);
    out->path = system ? AGENT_CONF_DEFAULT : arena_text(a, path);
    TRY(check_owner(out->path, system, e));
    TRY(conf_read(a, out->path, &file, e));
    for (size_t i = 0; (key = conf_key_at(file, i)); i++)
        TRY(set_one(out, key, conf_get(file, key, ""), e));
    for (size_t i = 0; i < out->servers; i++)
        TRY(check_server(out, &out->server[i], system, a, e));
    return out->servers ? ERR_OK : wrong(e, out->path, NULL, "no server.<id>.url in it");
}

const struct agent_server *agent_conf_server(const struct agent_conf *c, const char *id)
{
    for (size_t i = 0; i < c->servers; i++)
        if (!id || !strcmp(c->server[i].id, id))
            return &c->server[i];
    return NULL;
}
