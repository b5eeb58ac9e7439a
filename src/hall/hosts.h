/* The names by which the hall is asked: another Host is none of ours (DNS rebinding, forged links in mails). */
#ifndef CERTHALL_HALL_HOSTS_H
#define CERTHALL_HALL_HOSTS_H

#include "base/mem.h"

struct hall_settings;
struct projects;

/* NULL-terminated, for httpd_options.hosts: the host of public_url, of each profile's two addresses (S0-16), the names of
 * `hosts` in hall.conf, and this machine's own with the hall's port. Lives in the arena. */
const char *const *hall_hosts(struct arena *a, const struct hall_settings *s,
                              const struct projects *projects);

#endif
