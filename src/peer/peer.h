/* Who may call a process of the authority on its UNIX socket (design §1).
 *
 * Where each process has a system user of its own, the kernel says who calls (SO_PEERCRED). Where all share one
 * user, a caller shows the key of a 0600 file in the data directory, in `X-Peer-Key`. */
#ifndef CERTHALL_PEER_PEER_H
#define CERTHALL_PEER_PEER_H

#include "base/err.h"
#include "httpd/httpd.h"

enum { PEER_USERS_MAX = 4, PEER_KEY_LEN = 64 };

struct peer_policy {
    uid_t uid[PEER_USERS_MAX]; /* users who may; root always may */
    size_t uids;
    char key[PEER_KEY_LEN + 1]; /* hex; "" where users are separated */
};

/* Policy of one socket: `users` is a list of system users separated by spaces; empty means that all processes
 * share one user, and then `key_file` is read. ERR_CONFIG names the user that does not exist. */
NODISCARD enum err peer_policy_read(const char *users, const char *key_file,
                                    struct peer_policy *out, struct err_info *e);
/* ERR_FORBIDDEN unless the caller is one of them. */
NODISCARD enum err peer_check(const struct peer_policy *p, struct httpd_request *r,
                              struct err_info *e);

/* Make the key file (0600) for processes that share one user; keeps one that is there. */
NODISCARD enum err peer_key_make(const char *key_file, struct err_info *e);
/* The key for a caller's own requests; "" where there is no such file. */
NODISCARD enum err peer_key_read(const char *key_file, char key[PEER_KEY_LEN + 1],
                                 struct err_info *e);

#endif
