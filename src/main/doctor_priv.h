/* Between the files of doctor. */
#ifndef CERTHALL_MAIN_DOCTOR_PRIV_H
#define CERTHALL_MAIN_DOCTOR_PRIV_H

#include "main/place.h"

struct findings {
    int bad;
};

/* "ok   WHAT", or "BAD  WHAT? No: ADVICE". */
void doctor_say(struct findings *f, int ok, const char *what, const char *advice);

/* A process's folders, user, and what it has taken from itself. */
void doctor_process(struct findings *f, const struct place *p, const char *name);
/* Which of the ca's keys stand unencrypted on the disk. */
void doctor_keys(struct findings *f, const struct place *p);
/* The machine: what keeps folders apart, room on the disk, the clock. */
void doctor_machine(struct findings *f, const struct place *p);

#endif
