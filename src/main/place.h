/* Where an installation's things stand: the data and run directories, and each process's settings.
 *
 * `<data>/<process>/<process>.conf` is written by init and read by the process alone. */
#ifndef CERTHALL_MAIN_PLACE_H
#define CERTHALL_MAIN_PLACE_H

#include "base/sys.h"
#include "base/time.h"
#include "httpd/httpd.h"
#include "peer/peer.h"

struct place {
    const char *data, *run; /* absolute */
    struct arena *arena;
};

/* `data` and `run` may be NULL: /var/lib/certhall and /run/certhall for root, else below ~/.local/share/certhall. */
NODISCARD enum err place_find(struct place *p, const char *data, const char *run, struct arena *a,
                              struct err_info *e);
/* The path of this very program; "" where /proc does not say. */
char *place_program(const struct place *p);
/* Profiles, pages and calendars: "../share/certhall" beside the program's own folder. */
char *place_share(const struct place *p);
/* "<data>/<process>" */
char *place_folder(const struct place *p, const char *process);
/* "<run>/<process>": the process's own, so that no other takes the name of its sockets; the group certhall may look in. */
char *place_run(const struct place *p, const char *process);
char *place_socket(const struct place *p, const char *process,
                   const char *caller);                        /* "<run>/<process>/<caller>.sock" */
char *place_ready(const struct place *p, const char *process); /* "<run>/<process>/ready" */
NODISCARD enum err place_conf(const struct place *p, const char *process, struct conf **out,
                              struct err_info *e);
/* A setting that must be there. ERR_CONFIG names file and key. */
NODISCARD enum err place_need(const struct place *p, const char *process, const struct conf *c,
                              const char *key, const char **out, struct err_info *e);
/* The clock the settings name (`clock = PATH` in a demo; none: machine time). */
NODISCARD enum err place_clock(const struct conf *c, struct clock **out, struct err_info *e);
/* "<data>/peer.key": shown by callers and asked for by sockets where all processes share one user. */
char *place_peer_key(const struct place *p);
/* "X-Peer-Key: …", or NULL where processes have users of their own. */
NODISCARD enum err place_peer_header(const struct place *p, const char **out, struct err_info *e);

/* A UNIX socket of this process for callers named in the settings; `group` (may be NULL) may connect. */
NODISCARD enum err place_listen(const struct place *p, struct httpd *s, const char *process,
                                const char *caller, const char *users, int tag,
                                struct peer_policy *policy, struct err_info *e);
/* "127.0.0.1:8080" → a TCP listener, otherwise like `how`. */
NODISCARD enum err place_listen_tcp(struct httpd *s, const char *address,
                                    const struct httpd_listen *how, struct err_info *e);

/* For a process with keys in its memory: no core file, no debugger of the same user. Its /proc is then closed to that user, so
 * the supervisor, which holds none, does not call it: tools find it there. */
void process_keep_secrets(void);

/* Block the signals that a process waits for; call before any thread is made. */
void process_begin(void);
/* Write place_ready, wait until SIGTERM or SIGINT, remove the file. ERR_INTERNAL when the process's spawner ended: it cannot be
 * made again from here, but whoever starts the process again has both. */
NODISCARD enum err process_wait(const struct place *p, const char *name, struct err_info *e);

#endif
