/* Filling a demo with orders (main/demo_fill.c). */
#ifndef CERTHALL_MAIN_DEMO_FILL_H
#define CERTHALL_MAIN_DEMO_FILL_H

#include "main/place.h"

/* `project` NULL: the first. Prints what was made; on a terminal how far it is. ERR_CONFIG: no demo, or it runs; otherwise
 * as seed_run. */
NODISCARD enum err demo_fill(const struct place *p, const char *share, const char *project,
                             int64_t orders, struct err_info *e);

#endif
