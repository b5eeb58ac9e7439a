/* The verbs of certhall-agent behind its command line. Each returns the exit status: 0 done, 1 failed, 2 wrong usage. */
#ifndef CERTHALL_AGENT_VERBS_H
#define CERTHALL_AGENT_VERBS_H

#include "agent/job.h"

#include <stdio.h>

struct cli {
    const char *config, *server, *folder;
    const char *algorithm; /* of a maker's own key: "P-256" when NULL */
    int json, no_browser;
    enum lang lang;
    int words;
    char **word; /* behind the options, the verb first */
};

int verb_open(const struct cli *c);
int verb_code(const struct cli *c);
int verb_key(const struct cli *c);
int verb_doctor(const struct cli *c);

/* `key staff SERIAL`: a blank UKey of the maker_keys folder gets a PIN and a key; its CSR (PEM) goes to standard output. */
int staff_key(const struct cli *c);
/* `key import SERIAL FILE`: the certificate for that key. */
int staff_import(const struct cli *c);

/* One line on standard error: what, where, why. Returns 1, or 2 for `usage`. */
int cli_fail(const struct cli *c, const char *what, const struct err_info *e);
int cli_usage(const char *why);
void cli_usage_text(FILE *to);

#endif
