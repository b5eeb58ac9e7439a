/* Inside init: what its files share. */
#ifndef CERTHALL_MAIN_INIT_H
#define CERTHALL_MAIN_INIT_H

#include "main/people.h"
#include "main/place.h"
#include "pki/key.h"

enum { INIT_ALGS_MAX = 4 };

struct init_options {
    struct place place;
    const char *public_url;   /* of the portal, no slash at the end */
    const char *status_url;   /* of the responder: stands in every certificate */
    const char *database;     /* NULL: SQLite; else postgresql://HOST/ without a database name */
    const char *organisation; /* O of the CA certificates */
    enum pki_alg
        alg[INIT_ALGS_MAX]; /* issuers to make; the staff's UKeys of a demo are of the first */
    int algs;
    const char *smtp_url;
    const char *share;
    int64_t port_base;
    int demo;
    int no_issuers;   /* a ceremony will make them */
    int separate;     /* processes get users of their own */
    const char *user; /* as root: one that all processes share; NULL: not */
};

/* URL of a process's database. */
char *init_database(const struct init_options *o, const char *process);
/* "<data>/<process>/<process>.conf" from lines; 0600. */
NODISCARD enum err init_conf(const struct init_options *o, const char *process, const char *text,
                             struct err_info *e);

/* Take away the files of a folder that an interrupted init left behind; none there: nothing to do. */
NODISCARD enum err init_empty(const char *folder, struct err_info *e);

/* ---- init_authority.c ---- */
/* Every project of `share` asks for a certificate that the ca will be able to make; ERR_CONFIG with file and reason. */
NODISCARD enum err init_projects_fit(const struct init_options *o, struct err_info *e);
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
