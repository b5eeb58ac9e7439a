/* Time: the only source, and there are two (design §3).
 *
 * Business time dates orders, clocks and certificates; a demo moves it. Machine time is for sessions,
 * tickets, leases and retries: anything under a day. Both are UTC milliseconds since 1970. Outside,
 * times are RFC 3339 with +08:00. */
#ifndef CERTHALL_BASE_TIME_H
#define CERTHALL_BASE_TIME_H

#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>

enum {
    TIME_SECOND = 1000,
    TIME_MINUTE = 60 * TIME_SECOND,
    TIME_HOUR = 60 * TIME_MINUTE,
    TIME_DAY = 24 * TIME_HOUR,
    TIME_ZONE_CHINA = 8 * TIME_HOUR, /* Asia/Shanghai, no daylight saving since 1991 */
};

/* Business time's distance from machine time. Where `path` is NULL there is none: the two are equal.
 * The file holds one 64-bit offset in milliseconds and is mapped shared, so that every process follows at
 * once; it exists only in a data directory made by `init --demo`, and never lies ahead of the machine. */
struct clock;
NODISCARD enum err clock_open(const char *path, struct clock **out, struct err_info *e);
void clock_free(struct clock *c);
DEFINE_AUTO(clock)

int64_t clock_business(const struct clock *c);
int64_t clock_machine(void);
int64_t clock_monotonic(void); /* for durations; unrelated to the calendar */

/* Notices that the machine's clock was set while the process runs, by comparing it with the time since boot (which counts on
 * while the machine sleeps). A new time is believed after CLOCK_SETTLE_MS, or at once when it is back where it was:
 * until then nothing should be done that cannot be taken back. One thread. */
enum { CLOCK_JUMP_MS = TIME_HOUR, CLOCK_SETTLE_MS = 10 * TIME_MINUTE };
struct clock_watch {
    int64_t believed; /* machine's clock less the time since boot */
    int64_t offered;  /* the same, since the clock was set */
    int64_t since;    /* time since boot when it was set; 0: it was not */
    int begun;
};
/* Milliseconds that the clock was set by (less than 0: back) and that are not believed yet; 0: all is well. */
int64_t clock_watch_look(struct clock_watch *w);
int64_t clock_watch_step(struct clock_watch *w, int64_t machine, int64_t boot); /* for tests */

/* Move business time; ERR_BAD_REQUEST when `at` is ahead of the machine's clock or there is no demo clock. */
NODISCARD enum err clock_demo_set(const char *path, int64_t at, struct err_info *e);

/* A day in China counted from 1970-01-01, and its parts. */
int32_t time_china_day(int64_t ms);
int64_t time_from_china_day(int32_t day); /* 00:00:00 of that day in China */
void time_day_parts(int32_t day, int *year, int *month, int *mday);
int32_t time_day_from_parts(int year, int month, int mday);
int time_weekday(int32_t day); /* 0 Monday … 6 Sunday */

char *time_rfc3339(struct arena *a, int64_t ms);     /* 2026-11-20T15:04:11+08:00 */
char *time_date_text(struct arena *a, int32_t day);  /* 2026-11-20 */
int time_parse_rfc3339(const char *s, int64_t *out); /* 1 when valid; any offset */
int time_parse_date(const char *s, int32_t *day);    /* YYYY-MM-DD, a real date */

#endif
