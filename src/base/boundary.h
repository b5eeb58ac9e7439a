/* Named places between something durable, or something that has left the process, and what comes next (boundary.def). What
 * ends there must be found whole afterwards, and done once; tests/crash ends each process at each of them.
 *
 * They do nothing but where a demo's process finds the folder `boundary` beside its data when it starts. Then each place that
 * is passed is a line of `boundary/passed`, and a file of a place's name there is removed and the process ended by SIGKILL: so
 * the program that people run is the one that was tested, and whoever may write into that folder could end the process
 * anyway. */
#ifndef CERTHALL_BASE_BOUNDARY_H
#define CERTHALL_BASE_BOUNDARY_H

enum boundary {
#define BOUNDARY(identifier, name, processes) BOUNDARY_##identifier,
#include "base/boundary.def"
#undef BOUNDARY
    BOUNDARY_COUNT
};

/* For a demo only, before other threads begin; once. Without `<folder>/boundary` nothing is armed. */
void boundary_arm(const char *folder);

/* Any thread. Returns, or ends the process. */
void boundary(enum boundary at);

const char *boundary_name(enum boundary at);

#endif
