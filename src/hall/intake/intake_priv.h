/* Between the files of intake. */
#ifndef CERTHALL_HALL_INTAKE_PRIV_H
#define CERTHALL_HALL_INTAKE_PRIV_H

#include "hall/intake/intake.h"

struct project;

/* One file under way. */
struct intake_run {
    struct hall_tx *tx;
    const struct intake_file *file;
    const struct project *project;
    struct intake_report *report;
    struct reglist list;
    struct reglist_problem
        *problem; /* the list's and the hall's, malloc; the overridden ones are taken out */
    size_t problems, room;
    struct intake_used { /* overridden warnings */
        const struct reglist_problem *problem;
        const char *reason;
    } * used; /* arena */
    size_t used_n;
    int64_t batch_id;
};

/* Is the signature the entered regulator's? Fills the report's signer. ERR_INTAKE_SIGNATURE{why}. */
NODISCARD enum err intake_verify(struct intake_run *run, struct err_info *e);
/* The rows against what the hall holds, and the overrides against the warnings. */
NODISCARD enum err intake_check_rows(struct intake_run *run, struct err_info *e);
/* Of the outbox row that takes a batch to the ca. */
const char *intake_idem(struct arena *a, const char *project, const char *batch);
/* Do what the rows say. */
NODISCARD enum err intake_take(struct intake_run *run, struct err_info *e);

#endif
