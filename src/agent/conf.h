/* The agent's own list of servers and programs (design §6).
 *
 * Nothing that comes from a page or a server can change it: a link names a server of this list, never an
 * address. /etc/certhall/agent.conf belongs to root; another file counts only for demos on this machine. */
#ifndef CERTHALL_AGENT_CONF_H
#define CERTHALL_AGENT_CONF_H

#include "base/err.h"
#include "base/mem.h"

#define AGENT_CONF_DEFAULT "/etc/certhall/agent.conf"
enum { AGENT_SERVERS_MAX = 16, AGENT_SERVER_ID_MAX = 32 };

struct agent_server {
    char id[AGENT_SERVER_ID_MAX + 1];
    const char *name;    /* shown to the person; the id when none is given */
    const char *origin;  /* "https://certhall.example", no slash at the end */
    const char *host;    /* "certhall.example", with the port if there is one */
    const char *ca_file; /* PEM; NULL: the system's */
    const char *keys, *bench_keys, *maker_keys; /* folders; NULL: none */
    int demo, bench;
};

struct agent_conf {
    const char *path;
    const char *pinentry, *browser; /* absolute paths; NULL: none */
    const char *language;           /* "zh", "en" or NULL: as the environment says */
    struct agent_server server[AGENT_SERVERS_MAX];
    size_t servers;
};

/* Read and check; everything lives in the arena. `path` NULL is AGENT_CONF_DEFAULT. ERR_CONFIG names what is
 * wrong: not owned by root (or, given by path, by this user), writable by others, an unknown setting, an
 * address that is not allowed. */
NODISCARD enum err agent_conf_read(struct arena *a, const char *path, struct agent_conf *out,
                                   struct err_info *e);

/* NULL when there is none; `id` NULL is the first. */
const struct agent_server *agent_conf_server(const struct agent_conf *c, const char *id);

/* An address of the list: scheme://host[:port] and nothing behind it; https, or for a demo http or https
 * to exactly 127.0.0.1 or [::1]. 1 when allowed; *host then points into `url`. */
int agent_origin_ok(const char *url, int demo, const char **host);

/* A link certhall:<server-id>/<ticket>. ERR_AGENT_LINK. */
struct agent_link {
    char server[AGENT_SERVER_ID_MAX + 1];
    char ticket[65];
};
NODISCARD enum err agent_link_parse(const char *link, struct agent_link *out, struct err_info *e);

#endif
