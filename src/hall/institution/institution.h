/* Institutions: the unified social credit code is the identity; names have a history (G-18). */
#ifndef CERTHALL_HALL_INSTITUTION_H
#define CERTHALL_HALL_INSTITUTION_H

#include "hall/hall.h"

struct institution {
    int64_t id, version;
    const char *uscc, *name;
    int64_t created_at;
};
struct institution_name {
    const char *name, *source; /* "import:<batch>", "order:<id>" */
    int64_t from_at;
};
/* Find by credit code or make; another name becomes the current one and the old one history. */
NODISCARD enum err institution_put(struct hall_tx *tx, const char *uscc, const char *name,
                                   const char *source, int64_t *id, struct err_info *e);
NODISCARD enum err institution_get(struct hall_tx *tx, int64_t id, struct institution *out,
                                   struct err_info *e);
NODISCARD enum err institution_find(struct hall_tx *tx, const char *uscc, struct institution *out,
                                    struct err_info *e);
/* Newest first. */
NODISCARD enum err institution_names(struct hall_tx *tx, int64_t id,
                                     const struct institution_name **out, size_t *n,
                                     struct err_info *e);
/* Whose names may hold what was typed: those who have one of its pairs of letters, the rarest (table institution_part:
 * part >= from and part < to). Not `rare`: too many have each of them to be looked at one by one, so that whoever goes
 * through all of them soon finds some. */
struct institution_part {
    const char *from, *to;
    int64_t n;
    int rare;
};
NODISCARD enum err institution_rarest(struct hall_tx *tx, const char *typed,
                                      struct institution_part *out, struct err_info *e);
/* Name by part (old names too), by id, and credit code by prefix, at most `limit`. */
NODISCARD enum err institution_search(struct hall_tx *tx, const char *part, int limit,
                                      const struct institution **out, size_t *n,
                                      struct err_info *e);

#endif
