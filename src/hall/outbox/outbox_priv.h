/* Between the files of outbox. */
#ifndef CERTHALL_HALL_OUTBOX_PRIV_H
#define CERTHALL_HALL_OUTBOX_PRIV_H

#include "hall/outbox/outbox.h"

/* When to try again after so many tries: 1 s, 2 s, 4 s … `longest`, each ± 20 % so that rows do not march in step.
 * `noise` is any random number. */
int64_t outbox_delay_ms(int tries, int64_t longest, uint32_t noise);

#endif
