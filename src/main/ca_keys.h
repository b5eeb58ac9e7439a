/* The verbs of the ca's keys, and how the process finds their passphrases. */
#ifndef CERTHALL_MAIN_CA_KEYS_H
#define CERTHALL_MAIN_CA_KEYS_H

#include "main/place.h"

/* What `passphrases` of ca.conf names, a file or "credential:NAME" of systemd: into the arena. *out NULL: it names nothing.
 * Before the folders are closed. */
NODISCARD enum err ca_keys_passphrases(const struct place *p, const struct conf *c, struct arena *a,
                                       const struct conf **out, struct err_info *e);

/* `certhall ca keys` and `certhall ca unlock`: argv[0] is the word. */
int ca_keys_run(int argc, char **argv);

/* For `certhall ca --help`. */
#define CA_KEYS_HELP                                                                                                             \
    "\n       certhall ca keys\n"                                                                                                \
    "       certhall ca unlock [CODE [SHAREFILE …]]\n\n"                                                                       \
    "`keys` lists the ca's keys: away, ready or locked. `unlock` opens a locked one for the running ca with the shares of its\n" \
    "custodians, typed one after the other or from files; CODE may be left out where one key alone is locked. A share that is\n" \
    "given waits 15 minutes for the others.\n\n"

#endif
