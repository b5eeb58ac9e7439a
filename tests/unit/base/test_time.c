#include "testing.h"

#include "base/time.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void days_agree_with_the_c_library_for_four_centuries(void **state)
{
    (void)state;
    for (int32_t day = -80000; day < 80000; day += 7) {
        time_t t = (time_t)day * 86400;
        struct tm tm;
        gmtime_r(&t, &tm);
        int y, m, d;
        time_day_parts(day, &y, &m, &d);
        assert_int_equal(y, tm.tm_year + 1900);
        assert_int_equal(m, tm.tm_mon + 1);
        assert_int_equal(d, tm.tm_mday);
        assert_int_equal(time_day_from_parts(y, m, d), day);
        assert_int_equal(time_weekday(day), (tm.tm_wday + 6) % 7);
    }
}

static void a_day_in_china_begins_at_16_utc(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    int64_t t;
    assert_true(time_parse_rfc3339("2026-11-19T15:59:59Z", &t));
    assert_string_equal(time_date_text(a, time_china_day(t)), "2026-11-19");
    assert_true(time_parse_rfc3339("2026-11-19T16:00:00Z", &t));
    assert_string_equal(time_date_text(a, time_china_day(t)), "2026-11-20");
    assert_string_equal(time_rfc3339(a, t), "2026-11-20T00:00:00+08:00");
}

static void only_real_dates_are_read(void **state)
{
    (void)state;
    int32_t day;
    int64_t t;
    assert_true(time_parse_date("2024-02-29", &day));
    assert_false(time_parse_date("2026-02-29", &day));
    assert_false(time_parse_date("2026-2-3", &day));
    assert_false(time_parse_rfc3339("2026-11-19T24:00:00Z", &t));
    assert_false(time_parse_rfc3339("2026-11-19T23:00:00", &t));
}

/* design §3: business time may only lie behind the machine's clock. */
static void a_demo_clock_moves_business_time_and_never_ahead(void **state)
{
    (void)state;
    char path[] = "/tmp/certhall-clock-XXXXXX";
    close(mkstemp(path));
    struct err_info e;
    int64_t then = clock_machine() - 60LL * TIME_DAY;
    assert_ok(clock_demo_set(path, then, &e), &e);
    struct clock *c = NULL;
    assert_ok(clock_open(path, &c, &e), &e);
    assert_true(clock_business(c) - then < 5000);
    assert_ok(clock_demo_set(path, then + TIME_DAY, &e), &e);
    assert_true(clock_business(c) >= then + TIME_DAY); /* an open clock follows at once */
    assert_err(ERR_BAD_REQUEST, clock_demo_set(path, clock_machine() + TIME_MINUTE, &e));
    clock_free(c);
    unlink(path);
}

/* A clock that was set is not believed for ten minutes, in either direction; set back, it is at once. */
static void a_clock_that_was_set_is_believed_later(void **state)
{
    (void)state;
    const int64_t boot = 5000, start = 1700000000000;
    const int64_t jumps[] = {TIME_DAY, -TIME_DAY, 40000LL * TIME_DAY};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        struct clock_watch w = {0};
        assert_int_equal(clock_watch_step(&w, start, boot), 0);
        assert_int_equal(clock_watch_step(&w, start + TIME_HOUR, boot + TIME_HOUR), 0);
        int64_t at = boot + 2 * TIME_HOUR, then = start + 2 * TIME_HOUR;
        assert_int_equal(clock_watch_step(&w, then + jumps[i], at), jumps[i]);
        assert_int_equal(clock_watch_step(&w, then + 1000, at + 1000), 0);
        at += TIME_MINUTE;
        then += TIME_MINUTE;
        assert_int_equal(clock_watch_step(&w, then + jumps[i], at), jumps[i]);
        assert_int_equal(
            clock_watch_step(&w, then + jumps[i] + CLOCK_SETTLE_MS - 1, at + CLOCK_SETTLE_MS - 1),
            jumps[i]);
        assert_int_equal(
            clock_watch_step(&w, then + jumps[i] + CLOCK_SETTLE_MS, at + CLOCK_SETTLE_MS), 0);
    }
}

/* A clock that is slewed, and a machine that sleeps, are nothing to notice. */
static void a_clock_that_drifts_is_believed(void **state)
{
    (void)state;
    struct clock_watch w = {0};
    for (int64_t boot = 1; boot < 100LL * TIME_DAY; boot += TIME_HOUR)
        assert_int_equal(clock_watch_step(&w, 1700000000000 + boot + boot / 100, boot), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_agree_with_the_c_library_for_four_centuries),
        cmocka_unit_test(a_day_in_china_begins_at_16_utc),
        cmocka_unit_test(only_real_dates_are_read),
        cmocka_unit_test(a_demo_clock_moves_business_time_and_never_ahead),
        cmocka_unit_test(a_clock_that_was_set_is_believed_later),
        cmocka_unit_test(a_clock_that_drifts_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
