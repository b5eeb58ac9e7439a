/* A demo filled with a past: orders of several years in all their states, with the people, money, UKeys, certificates, tasks
 * and audit rows that belong to them, written straight into the tables of all concepts. That is the one exception to "a
 * concept owns its tables": a million orders through order_apply would take hours.
 *
 * What the flow tables say is asked of flow itself: a path is a list of events, and states, rows, clocks and tasks are
 * those that flow_apply gives. Values are sealed and indexed by the vault, audit rows chained by audit.
 *
 * Not made: anything at the ca and the kmc (it does not know these certificates and lists), the files of invoices, what
 * went through the outbox, the agent's jobs. */
#ifndef CERTHALL_HALL_SEED_H
#define CERTHALL_HALL_SEED_H

#include "hall/hall.h"

enum { SEED_ORDERS_MAX = 2000000, SEED_YEARS = 5, SEED_AT_ONCE = 20000 };

typedef void seed_progress(void *arg, int64_t done, int64_t of);

struct seed_options {
    const char *project;
    int64_t orders; /* 1 … SEED_ORDERS_MAX, spread over the last SEED_YEARS */
    seed_progress
        *progress; /* after each SEED_AT_ONCE orders, which are one transaction; may be NULL */
    void *arg;
};
struct seed_result {
    int64_t accounts, institutions, audit_rows;
    /* somebody with many orders, to sign in as */
    const char *reporting_code, *code;
};

/* The hall's store should expect a load (store_expect_load), and no process may run. ERR_NOT_FOUND: no such project, or
 * its new certificates are not paid first, made and sent by courier, which is the one path that is known here;
 * ERR_CONFLICT: it was filled before. What was committed before an error stays, and is whole. */
NODISCARD enum err seed_run(const struct hall *h, const struct seed_options *o, struct arena *a,
                            struct seed_result *out, struct err_info *e);

#endif
