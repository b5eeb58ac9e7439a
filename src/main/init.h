/* Inside init: what its files share. */
#ifndef CERTHALL_MAIN_INIT_H
#define CERTHALL_MAIN_INIT_H

#include "main/people.h"
#include "main/place.h"

enum { INIT_ALGS_MAX = 3 };

struct init_options {
    struct place place;
    const char *public_url;   /* of the portal, no slash at the end */
    const char *status_url;   /* of the responder: stands in every certificate */
    const char *database;     /* NULL: SQLite; else postgresql://HOST/ without a database name */
    const char *organisation; /* O of the CA certificates */
    const char *algorithms;   /* "P-256,SM2": issuers to make; the first is the demo's */
    const char *smtp_url;
    const char *share;
    int64_t port_base;
    int demo;
    int separate; /* processes get users of their own */
};

/* URL of a process's database. */
char *init_database(const struct init_options *o, const char *process);
/* "<data>/<process>/<process>.conf" from lines; 0600. */
NODISCARD enum err init_conf(const struct init_options *o, const char *process, const char *text,
                             struct err_info *e);

/* ---- init_authority.c ---- */
NODISCARD enum err init_authority(const struct init_options *o, const struct clock *clock,
                                  struct err_info *e);

/* ---- init_hall.c ---- */
NODISCARD enum err init_hall(const struct init_options *o, const struct clock *clock,
                             const struct people *people, struct err_info *e);

/* ---- init_demo.c: regulator's key and list, the maker's UKey, blank UKeys, people, the agent's configuration ---- */
NODISCARD enum err init_demo_clock(const struct init_options *o, struct err_info *e);
NODISCARD enum err init_demo(const struct init_options *o, const struct clock *clock,
                             struct people *people, struct err_info *e);

#endif
