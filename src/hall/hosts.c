#include "hall/hosts.h"

#include "base/sys.h"
#include "hall/project/project.h"
#include "hall/settings.h"

#include <string.h>

enum { HOSTS_MAX = 256 };

struct hosts {
    struct arena *arena;
    const char *name[HOSTS_MAX + 1];
    int n;
};

static void add(struct hosts *h, const char *name)
{
    for (int i = 0; i < h->n; i++)
        if (strcmp(h->name[i], name) == 0)
            return;
    if (*name && h->n < HOSTS_MAX)
        h->name[h->n++] = name;
}

/* "https://hall.example:8443/x" → "hall.example": behind a proxy the port is the proxy's. */
static void add_url(struct hosts *h, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    if (!host)
        return;
    host += 3;
    size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    if (n <= strlen(host))
        add(h, arena_text_n(h->arena, host, n));
}

static int is_local(const char *url, const char *name)
{
    return strncmp(url, "http://", 7) == 0 && strncmp(url + 7, name, strlen(name)) == 0 &&
           (url[7 + strlen(name)] == ':' || !url[7 + strlen(name)]);
}

const char *const *hall_hosts(struct arena *a, const struct hall_settings *s,
                              const struct projects *projects)
{
    static const char *const local[] = {"127.0.0.1", "localhost", "[::1]"};
    struct hosts *h = arena_alloc(a, sizeof *h);
    int public_is_local = 0;
    *h = (struct hosts){.arena = a};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        add(h, arena_fmt(a, "%s:%lld", local[i], (long long)s->port));
        public_is_local |= is_local(s->public_url, local[i]);
    }
    if (public_is_local) /* with its own port, which another may lead to ours */
        add(h, arena_text_n(a, s->public_url + 7, strcspn(s->public_url + 7, "/?#")));
    else
        add_url(h, s->public_url);
    for (int i = 0; i < projects_count(projects); i++) {
        add_url(h, projects_at(projects, i)->about.url_primary);
        add_url(h, projects_at(projects, i)->about.url_backup);
    }
    char *rest = arena_text(a, conf_get(s->conf, "hosts", "")), *name;
    while ((name = strsep(&rest, " ,")) != NULL)
        add(h, name);
    return h->name;
}
