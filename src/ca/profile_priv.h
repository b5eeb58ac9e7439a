/* Between the files that read a profile. */
#ifndef CERTHALL_CA_PROFILE_PRIV_H
#define CERTHALL_CA_PROFILE_PRIV_H

#include "ca/profile.h"

/* ERR_CONFIG with file, member and reason. */
enum err ca_profile_bad(struct err_info *e, const char *file, const char *member, const char *why,
                        ...) __attribute__((format(printf, 4, 5)));

/* What of a text is between braces must be known. Adds to *facts a bit 1 << enum ca_fact for each fact in it. NULL: well formed;
 * else what is wrong with it. */
const char *ca_template_check(const char *text, unsigned *facts);
/* Facts put in; 0: it does not fit, or one of them is "". */
int ca_template_fill(const char *text, const struct ca_person *p, char *out, size_t size);

const struct ca_identity_type *ca_identity_type_find(int edition, const char *name);

/* Does the profile contradict itself, its holder's rules or its algorithm? */
NODISCARD enum err ca_profile_rules(const char *file, const struct ca_profile *p,
                                    struct err_info *e);
/* A made-up certificate of each use passes the lint. */
NODISCARD enum err ca_profile_sample(const char *file, const struct ca_profile *p,
                                     struct err_info *e);

#endif
