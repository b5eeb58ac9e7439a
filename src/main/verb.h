/* The command line: verbs, their options, and how each speaks to a person.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage. Errors go to standard error in one line: what, where, why. */
#ifndef CERTHALL_MAIN_VERB_H
#define CERTHALL_MAIN_VERB_H

#include "base/err.h"
#include "base/mem.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct verb {
    const char *name;
    const char *summary; /* one line of `certhall --help` */
    const char *help;    /* what `certhall NAME --help` prints: usage, options, an example */
    int (*run)(int argc, char **argv); /* argv[0] is the verb */
};

/* An option `--name VALUE`, or `--name` alone where `flag` is given. */
struct option_row {
    const char *name;
    const char **value;
    int *flag;
};

/* Takes options in any order; what is left over becomes *rest (NULL-terminated, in argv). 0 when the usage is wrong; the
 * message has then been printed. */
int options_take(int argc, char **argv, const struct option_row *rows, size_t n, char ***rest);

/* "certhall ca: …" on standard error, in one line; gives EXIT_FAILED. */
int report(const char *verb, const struct err_info *e);
int report_usage(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

extern const struct verb verb_init, verb_serve, verb_hall, verb_ca, verb_kmc, verb_responder,
    verb_staff, verb_trust, verb_register, verb_profile, verb_audit, verb_demo, verb_tour,
    verb_nginx_config, verb_doctor, verb_lint;

#endif
