#include "main/place.h"

#include "base/text.h"

#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static enum err config(struct err_info *e, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why", "%s", why);
    return ERR_CONFIG;
}

static char *absolute(struct arena *a, const char *path)
{
    if (*path == '/')
        return arena_text(a, path);
    char here[PATH_MAX];
    return arena_fmt(a, "%s/%s", getcwd(here, sizeof here) ? here : "", path);
}

enum err place_find(struct place *p, const char *data, const char *run, struct arena *a,
                    struct err_info *e)
{
    const char *home = getenv("HOME");
    p->arena = a;
    if (!data && geteuid() == 0)
        data = "/var/lib/certhall";
    if (!data && (!home || !*home))
        return config(e, "there is neither --data nor HOME");
    if (!data)
        data = arena_fmt(a, "%s/.local/share/certhall", home);
    p->data = absolute(a, data);
    if (!run)
        run = strcmp(p->data, "/var/lib/certhall") == 0 ? "/run/certhall"
                                                        : arena_fmt(a, "%s/run", p->data);
    p->run = absolute(a, run);
    if (strlen(p->run) > 80)
        return config(
            e,
            "the run directory's name is too long for UNIX sockets (80 characters at most); choose --run");
    return ERR_OK;
}

char *place_program(const struct place *p)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    return arena_text(p->arena, program);
}

char *place_share(const struct place *p)
{
    return arena_fmt(p->arena, "%s/../share/certhall", dirname(place_program(p)));
}

char *place_folder(const struct place *p, const char *process)
{
    return arena_fmt(p->arena, "%s/%s", p->data, process);
}

char *place_run(const struct place *p, const char *process)
{
    return arena_fmt(p->arena, "%s/%s", p->run, process);
}

char *place_socket(const struct place *p, const char *process, const char *caller)
{
    return arena_fmt(p->arena, "%s/%s/%s.sock", p->run, process, caller);
}

char *place_ready(const struct place *p, const char *process)
{
    return arena_fmt(p->arena, "%s/%s/ready", p->run, process);
}

static char *conf_path(const struct place *p, const char *process)
{
    return arena_fmt(p->arena, "%s/%s/%s.conf", p->data, process, process);
}

enum err place_conf(const struct place *p, const char *process, struct conf **out,
                    struct err_info *e)
{
    if (conf_read(p->arena, conf_path(p, process), out, e) == ERR_OK)
        return ERR_OK;
    if (e->code == ERR_NOT_FOUND)
        return config(
            e, arena_fmt(p->arena, "%s is missing; certhall init makes it", conf_path(p, process)));
    return e->code;
}

enum err place_need(const struct place *p, const char *process, const struct conf *c,
                    const char *key, const char **out, struct err_info *e)
{
    *out = conf_get(c, key, NULL);
    return *out ? ERR_OK
                : config(e, arena_fmt(p->arena, "%s: %s is missing", conf_path(p, process), key));
}

enum err place_clock(const struct conf *c, struct clock **out, struct err_info *e)
{
    return clock_open(conf_get(c, "clock", NULL), out, e);
}

char *place_peer_key(const struct place *p)
{
    return arena_fmt(p->arena, "%s/peer.key", p->data);
}

enum err place_peer_header(const struct place *p, const char **out, struct err_info *e)
{
    char key[PEER_KEY_LEN + 1];
    TRY(peer_key_read(place_peer_key(p), key, e));
    *out = key[0] ? arena_fmt(p->arena, "X-Peer-Key: %s", key) : NULL;
    mem_wipe(key, sizeof key);
    return ERR_OK;
}

/* With users of their own the callers reach the socket by its group "certhall"; the policy decides who is answered. */
enum err place_listen(const struct place *p, struct httpd *s, const char *process,
                      const char *caller, const char *users, int tag, struct peer_policy *policy,
                      struct err_info *e)
{
    TRY(folder_make(place_run(p, process), 0750, e));
    TRY(peer_policy_read(users, place_peer_key(p), policy, e));
    const struct group *group = *users ? getgrnam("certhall") : NULL;
    struct httpd_listen l = {.unix_path = place_socket(p, process, caller),
                             .mode = group ? 0660 : 0600,
                             .owner = (uid_t)-1,
                             .group = group ? group->gr_gid : (gid_t)-1,
                             .tag = tag};
    return httpd_listen(s, &l, e);
}

enum err place_listen_tcp(struct httpd *s, const char *address, const struct httpd_listen *how,
                          struct err_info *e)
{
    _auto(arena) a = arena_new();
    char *host = arena_text(a, address), *colon = strrchr(host, ':');
    int64_t port;
    if (!colon || !text_to_int(colon + 1, 0, 65535, &port))
        return config(e, arena_fmt(a, "listen = %s: expected address:port", address));
    *colon = '\0';
    if (*host == '[' && colon > host && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    struct httpd_listen l = *how;
    l.host = host;
    l.port = (int)port;
    l.owner = (uid_t)-1;
    l.group = (gid_t)-1;
    return httpd_listen(s, &l, e);
}

static void awaited_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGCHLD);
}

void process_keep_secrets(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* its leak check is a debugger */
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

void process_begin(void)
{
    sigset_t set;
    awaited_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

enum err process_wait(const struct place *p, const char *name, struct err_info *e)
{
    sigset_t set;
    int got;
    char *ready = place_ready(p, name);
    char *pid = arena_fmt(p->arena, "%ld\n", (long)getpid());
    TRY(folder_make(place_run(p, name), 0750, e));
    TRY(file_replace(ready, (struct bytes){(const uint8_t *)pid, strlen(pid)}, 0644, e));
    log_line(LOG_LEVEL_INFO, "ready", "%s", name);
    awaited_signals(&set);
    while (sigwait(&set, &got) != 0 || (got == SIGCHLD && waitpid(-1, NULL, WNOHANG) <= 0))
        ;
    unlink(ready);
    log_line(LOG_LEVEL_INFO, "stopping", "%s", name);
    return got == SIGCHLD
               ? err_set(e, ERR_INTERNAL, NULL,
                         "the reader of outside files ended, or the child with the HSM's module")
               : ERR_OK;
}
