#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct clock {
    const _Atomic int64_t *offset; /* NULL: business time is machine time */
};

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_machine(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

int64_t clock_watch_step(struct clock_watch *w, int64_t machine, int64_t boot)
{
    int64_t now = machine - boot;
    if (!w->begun || distance(now, w->believed) < CLOCK_JUMP_MS) {
        *w = (struct clock_watch){.believed = now, .begun = 1};
        return 0;
    }
    if (!w->since || distance(now, w->offered) >= CLOCK_JUMP_MS) {
        w->since = boot;
        w->offered = now;
    }
    if (boot - w->since < CLOCK_SETTLE_MS)
        return now - w->believed;
    *w = (struct clock_watch){.believed = now, .begun = 1};
    return 0;
}

int64_t clock_watch_look(struct clock_watch *w)
{
    return clock_watch_step(w, clock_machine(), read_clock(CLOCK_BOOTTIME));
}

enum err clock_open(const char *path, struct clock **out, struct err_info *e)
{
    struct clock *c = mem_alloc(sizeof *c);
    *out = c;
    if (!path)
        return ERR_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, ERR_IO, NULL, "demo clock %s: %s", path, strerror(errno));
    void *p = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return err_set(e, ERR_IO, NULL, "demo clock %s: %s", path, strerror(errno));
    c->offset = p;
    return ERR_OK;
}

void clock_free(struct clock *c)
{
    if (!c)
        return;
    if (c->offset)
        munmap((void *)(uintptr_t)c->offset, sizeof(int64_t));
    free(c);
}

int64_t clock_business(const struct clock *c)
{
    int64_t now = clock_machine();
    return c && c->offset ? now + atomic_load(c->offset) : now;
}

enum err clock_demo_set(const char *path, int64_t at, struct err_info *e)
{
    int64_t offset = at - clock_machine();
    if (offset > 0) {
        err_set(e, ERR_BAD_REQUEST, "at", NULL);
        err_arg(e, "why", "business time may not lie ahead of the machine's clock");
        return ERR_BAD_REQUEST;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_set(e, ERR_IO, NULL, "demo clock %s: %s", path, strerror(errno));
    ssize_t n = pwrite(fd, &offset, sizeof offset, 0);
    close(fd);
    if (n != (ssize_t)sizeof offset)
        return err_set(e, ERR_IO, NULL, "demo clock %s: %s", path, strerror(errno));
    return ERR_OK;
}

/* Days and civil dates: the proleptic Gregorian calendar counted in eras of 400 years (146097 days). */
int32_t time_day_from_parts(int year, int month, int mday)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + mday - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (int32_t)(era * 146097 + doe - 719468);
}

void time_day_parts(int32_t day, int *year, int *month, int *mday)
{
    int64_t z = (int64_t)day + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *mday = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int32_t time_china_day(int64_t ms)
{
    return (int32_t)floor_div(ms + TIME_ZONE_CHINA, TIME_DAY);
}

int64_t time_from_china_day(int32_t day)
{
    return (int64_t)day * TIME_DAY - TIME_ZONE_CHINA;
}

int time_weekday(int32_t day)
{
    return (int)(((int64_t)day % 7 + 10) % 7); /* 1970-01-01 was a Thursday */
}

char *time_date_text(struct arena *a, int32_t day)
{
    int y, m, d;
    time_day_parts(day, &y, &m, &d);
    return arena_fmt(a, "%04d-%02d-%02d", y, m, d);
}

/* Without a formatter: lists write many of them. */
static void two_digits(char *out, int64_t v)
{
    out[0] = (char)('0' + v / 10 % 10);
    out[1] = (char)('0' + v % 10);
}

char *time_rfc3339(struct arena *a, int64_t ms)
{
    char *out = arena_text(a, "0000-00-00T00:00:00+08:00");
    int32_t day = time_china_day(ms);
    int64_t second = floor_div(ms - time_from_china_day(day), 1000);
    int year, month, mday;
    time_day_parts(day, &year, &month, &mday);
    two_digits(out, year / 100);
    two_digits(out + 2, year % 100);
    two_digits(out + 5, month);
    two_digits(out + 8, mday);
    two_digits(out + 11, second / 3600);
    two_digits(out + 14, second / 60 % 60);
    two_digits(out + 17, second % 60);
    return out;
}

static int digits(const char *s, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return 0;
        *out = *out * 10 + (s[i] - '0');
    }
    return 1;
}

static int parse_day(const char *s, int32_t *day)
{
    int y, m, d, y2, m2, d2;
    if (!digits(s, 4, &y) || s[4] != '-' || !digits(s + 5, 2, &m) || s[7] != '-' ||
        !digits(s + 8, 2, &d))
        return 0;
    if (m < 1 || m > 12 || d < 1)
        return 0;
    *day = time_day_from_parts(y, m, d);
    time_day_parts(*day, &y2, &m2, &d2);
    return y == y2 && m == m2 && d == d2;
}

int time_parse_date(const char *s, int32_t *day)
{
    return strlen(s) == 10 && parse_day(s, day);
}

static int parse_zone(const char *s, int *minutes)
{
    int h, m;
    if (strcmp(s, "Z") == 0) {
        *minutes = 0;
        return 1;
    }
    if ((*s != '+' && *s != '-') || strlen(s) != 6 || s[3] != ':' || !digits(s + 1, 2, &h) ||
        !digits(s + 4, 2, &m))
        return 0;
    *minutes = (*s == '-' ? -1 : 1) * (h * 60 + m);
    return h < 24 && m < 60;
}

int time_parse_rfc3339(const char *s, int64_t *out)
{
    int32_t day;
    int h, m, sec, zone;
    if (strlen(s) < 20 || !parse_day(s, &day) || s[10] != 'T' || !digits(s + 11, 2, &h) ||
        s[13] != ':' || !digits(s + 14, 2, &m) || s[16] != ':' || !digits(s + 17, 2, &sec))
        return 0;
    const char *rest = s + 19;
    int millis = 0;
    if (*rest == '.') {
        int scale = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            millis += (*rest - '0') * scale;
    }
    if (h > 23 || m > 59 || sec > 59 || !parse_zone(rest, &zone))
        return 0;
    *out = (int64_t)day * TIME_DAY + (int64_t)h * TIME_HOUR + (int64_t)m * TIME_MINUTE +
           sec * TIME_SECOND + millis - (int64_t)zone * TIME_MINUTE;
    return 1;
}
