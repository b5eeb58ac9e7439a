/* For the files of this folder. */
#ifndef CERTHALL_HALL_CERTIFICATE_PRIV_H
#define CERTHALL_HALL_CERTIFICATE_PRIV_H

#include "hall/certificate/certificate.h"
#include "hall/certificate/certificate_sql.h"
#include "store/store.h"

static inline const char *certificate_state_name(int state)
{
    return flow_state_name(FLOW_CERTIFICATE, state);
}

struct certificate certificate_from(const struct store_row *row);
/* A line of its history, and the live topics that show it. */
NODISCARD enum err certificate_line_add(struct hall_tx *tx, const struct certificate *c,
                                        const char *row, int state, const char *reason,
                                        struct err_info *e);

#endif
