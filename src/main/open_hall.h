/* The hall's database with what reading and writing it needs, as the process and the tools open it. */
#ifndef CERTHALL_MAIN_OPEN_HALL_H
#define CERTHALL_MAIN_OPEN_HALL_H

#include "hall/hall.h"
#include "hall/settings.h"
#include "main/place.h"

struct opened_hall {
    struct hall_settings settings;
    struct hall_secrets *secrets;
    struct clock *clock;
    struct vault *vault;
    struct store *store;
    struct hall hall; /* the caller adds what else he has */
};

/* Without an id lease: the process takes one, a tool uses worker 0, which is never leased. */
NODISCARD enum err open_hall(const struct place *p, struct opened_hall *out, struct err_info *e);
void close_hall(struct opened_hall *o);

#endif
