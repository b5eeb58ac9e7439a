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
/* Its state, with history and audit; certificate_record is this for the order's newest. */
NODISCARD enum err certificate_record_one(struct hall_tx *tx, const struct certificate *c,
                                          int state, const char *row, struct err_info *e);
/* What the ca shall do with this one: "hold", "release", "revoke", and the outbox row. */
NODISCARD enum err certificate_wish(struct hall_tx *tx, const struct certificate *c,
                                    const char *what, const char *reason, struct err_info *e);
/* "ca.lost": what the ca made of requests whose answer never came is fetched and, by a wish, revoked. */
NODISCARD enum err certificate_deliver_lost(const struct hall *h, const struct outbox_row *row,
                                            struct arena *a, const char **answer, void *arg,
                                            struct err_info *e);

#endif
