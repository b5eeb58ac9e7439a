/* Between the files of account. */
#ifndef CERTHALL_HALL_ACCOUNT_PRIV_H
#define CERTHALL_HALL_ACCOUNT_PRIV_H

#include "hall/account/account.h"

/* LOADED becomes USABLE by the date alone; pure. */
enum account_state account_state_at(const char *stored, int32_t usable_from, int32_t today);
/* 11月24日（周二） or Tuesday 24 November, with the year where it is another than `today`'s. */
const char *account_day_text(struct arena *a, int32_t day, int32_t today, int provisional,
                             enum lang lang);

#endif
