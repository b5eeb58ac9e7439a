/* Versions of profiles in the database (design §4). At start: restore, then projects_load, then keep. */
#ifndef CERTHALL_HALL_PROJECT_KEEP_H
#define CERTHALL_HALL_PROJECT_KEEP_H

#include "hall/hall.h"
#include "hall/project/project.h"

/* Add every version ever kept. ERR_PROFILE when one can no longer be read. */
NODISCARD enum err projects_restore(struct hall_tx *tx, struct projects *ps, struct err_info *e);
/* Keep the newest version of each project, where it is new. */
NODISCARD enum err projects_keep(struct hall_tx *tx, const struct projects *ps, struct err_info *e);

#endif
