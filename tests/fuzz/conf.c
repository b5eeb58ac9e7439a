/* Settings files, the agent's own list of servers among them, and links that a browser hands to the agent.
 * What begins with "certhall:" or 'L' is a link, anything else a file. */
#include "fuzz.h"

#include "agent/conf.h"
#include "base/sys.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[128];

void fuzz_begin(void)
{
    snprintf(path, sizeof path, "%s/agent.conf", fuzz_folder());
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    fuzz_seed_text(
        s,
        "# a comment\npinentry = /usr/bin/pinentry\nbrowser = /usr/bin/xdg-open\nlanguage = zh\n"
        "server.bench-7.name = 证书大厅\nserver.bench-7.url = http://127.0.0.1:8080\nserver.bench-7.demo = yes\n"
        "server.bench-7.bench = yes\nserver.bench-7.ca = /a.pem\nserver.bench-7.keys = /keys\n"
        "server.bench-7.bench_keys = /b\nserver.bench-7.maker_keys = /c\nserver.b.demo = no\n");
    fuzz_seed_text(s, "server.a.url = http://[::1]:1\nserver.a.demo = yes\n");
    fuzz_seed_text(s, "Lcerthall:bench-7/T0123456789abcdefghijk");
    fuzz_seed_text(s, "Lcerthall://bench-7/T0123456789abcdefghijk/");
}

static void link_of(const char *text)
{
    struct agent_link l;
    struct err_info e = {0};
    memset(&l, 0xa5, sizeof l);
    enum err err = agent_link_parse(text, &l, &e);
    if (err != ERR_OK) {
        MUST(err == ERR_AGENT_LINK);
        fuzz_refused(err, &e);
        return;
    }
    /* what comes out goes into paths and messages: nothing but letters, digits and hyphens */
    static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    MUST(memchr(l.server, 0, sizeof l.server) && memchr(l.ticket, 0, sizeof l.ticket));
    MUST(*l.server && strspn(l.server, plain) == strlen(l.server));
    MUST(*l.ticket && strspn(l.ticket, plain) == strlen(l.ticket));
}

static void origin(const char *text)
{
    const char *host = NULL;
    if (agent_origin_ok(text, 0, &host))
        MUST(!strncmp(text, "https://", 8) && host == text + 8 && !strchr(host, '/') &&
             !strchr(host, '@'));
    if (agent_origin_ok(text, 1, &host))
        MUST(strstr(text, "://127.0.0.1") || strstr(text, "://[::1]"));
}

static void file_of(struct bytes in, struct arena *a)
{
    struct err_info e = {0};
    struct conf *c = NULL;
    struct agent_conf agent;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, in.p, in.n) == (ssize_t)in.n);
    close(fd);
    enum err err = conf_read(a, path, &c, &e);
    if (err == ERR_OK) {
        const char *key;
        for (size_t i = 0; (key = conf_key_at(c, i)); i++)
            MUST(conf_get(c, key, NULL) != NULL && !strchr(key, '='));
    } else {
        fuzz_refused(err, &e);
    }
    enum err whole = agent_conf_read(a, path, &agent, &e);
    if (whole != ERR_OK) {
        fuzz_refused(whole, &e);
        return;
    }
    MUST(err == ERR_OK && agent.servers >= 1 && agent.servers <= AGENT_SERVERS_MAX);
    for (size_t i = 0; i < agent.servers; i++) {
        const struct agent_server *s = &agent.server[i];
        /* outside of /etc only demos on this machine are taken */
        MUST(s->demo && s->origin && s->name &&
             agent_origin_ok(s->origin, 1, &(const char *){NULL}));
        MUST(agent_conf_server(&agent, s->id) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    if (size && data[0] == 'L') {
        char *text = mem_alloc(size);
        memcpy(text, data + 1, size - 1);
        link_of(text);
        origin(text);
        free(text);
        return 0;
    }
    file_of((struct bytes){data, size}, a);
    return 0;
}
