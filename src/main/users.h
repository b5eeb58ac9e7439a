/* Whose the processes are. As root each of the four has a system user of its own (design §1), or all share one that is
 * named; none runs as root. Anybody else's processes are his own. */
#ifndef CERTHALL_MAIN_USERS_H
#define CERTHALL_MAIN_USERS_H

#include "base/err.h"
#include "base/mem.h"

#include <pwd.h>

/* "certhall-ca": the first of the four system users that does not exist, or the group "certhall"; NULL: all are there. */
const char *users_missing(struct arena *a);

/* Be that user from now on: groups, group, user. 0 where it cannot be. */
int users_become(const struct passwd *user);

/* The first folder on the way to `path`, or `path` itself, that this process may not enter; NULL: none. What does not
 * exist yet is no bar. */
const char *users_barred(struct arena *a, const char *path);

/* Root asks whether `user` could enter each of `paths` (NULL-terminated). ERR_CONFIG{why} names user and folder. */
NODISCARD enum err users_can_enter(const char *user, const char *const *paths, struct arena *a,
                                   struct err_info *e);

/* ERR_CONFIG{why} where a process is started as root: `folder` is the process's own. */
NODISCARD enum err users_not_root(const char *process, const char *folder, struct err_info *e);

#endif
