/* For the files of this folder. */
#ifndef CERTHALL_HALL_APPROVAL_PRIV_H
#define CERTHALL_HALL_APPROVAL_PRIV_H

#include "hall/approval/approval.h"

struct approval_new {
    const char *kind, *object;
    int64_t order;
    const char *reason_code, *reason;
    int held;
};
NODISCARD enum err approval_add(struct hall_tx *tx, const struct approval_new *n,
                                struct approval *out, struct err_info *e);
/* ERR_CONFLICT: decided already; ERR_REVIEW_FOUR_EYES: by the one who asked. */
NODISCARD enum err approval_settle(struct hall_tx *tx, struct approval *p, int approve,
                                   const char *note, struct err_info *e);
/* Sends what the approval names. ERR_ORDER_STATE where the money is no longer to be given back. */
NODISCARD enum err approval_refund(struct hall_tx *tx, const struct approval *p,
                                   struct err_info *e);
/* 1 when asking had put the certificate on hold. */
NODISCARD enum err approval_held(struct hall_tx *tx, int64_t id, int *held, struct err_info *e);

#endif
