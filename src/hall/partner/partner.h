/* Partners: programs of others that call the hall (bank, business system). Each has a secret, and each changing
 * call an idempotency key whose first answer is given again. */
#ifndef CERTHALL_HALL_PARTNER_H
#define CERTHALL_HALL_PARTNER_H

#include "hall/hall.h"

struct partner {
    int64_t id;
    const char *code, *name, *kind; /* "bank", "business" */
    const char *secret;             /* opened */
};
NODISCARD enum err partner_put(struct hall_tx *tx, const char *code, const char *name,
                               const char *kind, const char *secret, struct err_info *e);
NODISCARD enum err partner_find(struct hall_tx *tx, const char *code, struct partner *out,
                                struct err_info *e);

/* First call with `key`: *answer NULL, go on and call partner_keep. Again with the same request: the kept answer.
 * ERR_PARTNER_KEY_REUSED when the request differs. Keys are kept 24 hours. */
NODISCARD enum err partner_once(struct hall_tx *tx, int64_t partner, const char *key,
                                struct bytes request, int *status, const char **answer,
                                struct err_info *e);
NODISCARD enum err partner_keep(struct hall_tx *tx, int64_t partner, const char *key,
                                struct bytes request, int status, const char *answer,
                                struct err_info *e);

#endif
