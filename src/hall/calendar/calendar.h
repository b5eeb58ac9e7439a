/* Working days in China: the State Council's holidays and make-up days (G-04).
 *
 * Days are counted as base/time does (time_china_day). A year without a notice is unknown: Monday to Friday
 * are taken for working days, and every answer that rests on such a year says that it is provisional.
 * Read-only once loaded; may be shared by threads. */
#ifndef CERTHALL_HALL_CALENDAR_H
#define CERTHALL_HALL_CALENDAR_H

#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>

struct calendar;

/* Read every <year>.json of the folders. A year in a later folder replaces the same year of an earlier one, so
 * that an administrator's import goes before what is shipped; a folder that is not there is skipped.
 * ERR_CONFIG names file and reason: wrong shape, a day listed twice, no data at all. */
NODISCARD enum err calendar_load(const char *const *folders, int n, struct calendar **out,
                                 struct err_info *e);
void calendar_free(struct calendar *c);
DEFINE_AUTO(calendar)

int calendar_is_workday(const struct calendar *c, int32_t day);
/* 1 where the notice of the day's year is known. */
int calendar_is_known(const struct calendar *c, int32_t day);
/* The last year that is known, for the console's warning. */
int calendar_last_year(const struct calendar *c);
/* Name of the holiday a day belongs to ("国庆节"), also for its make-up days; "" where none. */
const char *calendar_name(const struct calendar *c, int32_t day);

/* The n-th working day after `day`, which itself does not count (G-03); n = 0 is `day`, n < 0 is treated as 0.
 * *provisional (may be NULL) becomes 1 when a day of an unknown year was counted or passed. */
int32_t calendar_add_workdays(const struct calendar *c, int32_t day, int n, int *provisional);
/* Working days after `from` up to and with `to`; negative when `to` lies before. */
int calendar_workdays_until(const struct calendar *c, int32_t from, int32_t to);
/* The last millisecond of the day: until then something due that day is in time. */
int64_t calendar_day_end(int32_t day);

/* One square of a page's day strip. */
struct calendar_day {
    int32_t day;
    int workday;
    int provisional;
    const char *name; /* borrowed from the calendar */
};
/* Squares from `first` to `last`; at most `max`, their number is returned. */
int calendar_strip(const struct calendar *c, int32_t first, int32_t last, struct calendar_day *out,
                   int max);

#endif
