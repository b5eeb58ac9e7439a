/* For the files of this folder. */
#ifndef CERTHALL_HALL_UKEY_PRIV_H
#define CERTHALL_HALL_UKEY_PRIV_H

#include "hall/ukey/ukey.h"
#include "hall/ukey/ukey_sql.h"
#include "store/store.h"

static inline const char *ukey_state_name(int state)
{
    return flow_state_name(FLOW_UKEY, state);
}

/* A line of the UKey's history. */
NODISCARD enum err ukey_line_add(struct hall_tx *tx, const char *serial, int64_t order,
                                 const char *row, int state, struct err_info *e);

#endif
