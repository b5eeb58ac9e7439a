/* Working days: the shipped data against vectors and against a table written down independently. */
#include "testing.h"

#include "base/sys.h"
#include "base/time.h"
#include "hall/calendar/calendar.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int32_t date(const char *s)
{
    int32_t d;
    assert_true(time_parse_date(s, &d));
    return d;
}

static struct calendar *shipped(void)
{
    const char *folders[] = {CALENDAR_DIR};
    struct calendar *c;
    struct err_info e = {0};
    assert_ok(calendar_load(folders, 1, &c, &e), &e);
    return c;
}

static void assert_day(int32_t got, const char *want)
{
    _auto(arena) a = arena_new();
    assert_string_equal(time_date_text(a, got), want);
}

/* G-04: weekends that work, weekdays that do not, and days of the December before their notice's year. */
static void test_single_days(void **state)
{
    (void)state;
    static const struct {
        const char *date;
        int work;
    } rows[] = {
        {"2026-01-04", 1}, {"2026-02-14", 1}, {"2026-02-23", 0}, {"2026-09-20", 1},
        {"2026-10-10", 1}, {"2022-12-31", 0}, {"2018-12-29", 1}, {"2025-01-26", 1},
        {"2025-02-08", 1}, {"2026-11-20", 1}, {"2026-11-21", 0},
    };
    _auto(calendar) c = shipped();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(calendar_is_workday(c, date(rows[i].date)), rows[i].work);
    assert_string_equal(calendar_name(c, date("2026-10-01")), "国庆节");
}

static void test_adding_working_days(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        int n;
        const char *to;
    } rows[] = {
        {"2026-02-13", 3, "2026-02-25"}, {"2026-09-30", 5, "2026-10-13"},
        {"2026-04-30", 1, "2026-05-06"}, {"2025-09-28", 5, "2025-10-11"},
        {"2026-10-01", 0, "2026-10-01"}, {"2026-10-01", -3, "2026-10-01"},
    };
    _auto(calendar) c = shipped();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int provisional = 7;
        assert_day(calendar_add_workdays(c, date(rows[i].from), rows[i].n, &provisional),
                   rows[i].to);
        assert_int_equal(provisional, 0);
    }
}

/* S0-17, G-03: the day a code is obtained does not count; the second working day after it is the first usable. */
static void test_a_code_is_usable_on_the_second_working_day(void **state)
{
    (void)state;
    static const struct {
        const char *obtained, *usable;
    } rows[] = {
        {"2026-11-16", "2026-11-18"}, /* Monday to Wednesday */
        {"2026-11-19", "2026-11-23"}, /* Thursday: Friday, then Monday */
        {"2026-11-21", "2026-11-24"}, /* on a Saturday */
        {"2026-09-18", "2026-09-21"}, /* Friday: the Sunday works */
        {"2026-09-30", "2026-10-09"}, /* the National Day week */
        {"2026-10-08", "2026-10-10"}, /* Thursday: the Saturday works */
        {"2026-02-14", "2026-02-25"}, /* the last day before Spring Festival */
    };
    _auto(calendar) c = shipped();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_day(calendar_add_workdays(c, date(rows[i].obtained), 2, NULL), rows[i].usable);
}

static void test_working_days_of_each_year(void **state)
{
    (void)state;
    static const int counts[] = {250, 250, 249, 250, 249, 249, 251, 248, 248};
    _auto(calendar) c = shipped();
    for (int y = 2018; y <= 2026; y++) {
        int32_t before = time_day_from_parts(y - 1, 12, 31), last = time_day_from_parts(y, 12, 31);
        assert_int_equal(calendar_workdays_until(c, before, last), counts[y - 2018]);
        assert_int_equal(calendar_workdays_until(c, last, before), -counts[y - 2018]);
    }
}

/* Written down from the notices themselves, not from the data: first and last free day, and the days that make up. */
static const struct {
    const char *first, *last, *work[2];
} notices[] = {
    {"2024-01-01", "2024-01-01", {0}},
    {"2024-02-10", "2024-02-17", {"2024-02-04", "2024-02-18"}},
    {"2024-04-04", "2024-04-06", {"2024-04-07"}},
    {"2024-05-01", "2024-05-05", {"2024-04-28", "2024-05-11"}},
    {"2024-06-10", "2024-06-10", {0}},
    {"2024-09-15", "2024-09-17", {"2024-09-14"}},
    {"2024-10-01", "2024-10-07", {"2024-09-29", "2024-10-12"}},
    {"2025-01-01", "2025-01-01", {0}},
    {"2025-01-28", "2025-02-04", {"2025-01-26", "2025-02-08"}},
    {"2025-04-04", "2025-04-06", {0}},
    {"2025-05-01", "2025-05-05", {"2025-04-27"}},
    {"2025-05-31", "2025-06-02", {0}},
    {"2025-10-01", "2025-10-08", {"2025-09-28", "2025-10-11"}},
    {"2026-01-01", "2026-01-03", {"2026-01-04"}},
    {"2026-02-15", "2026-02-23", {"2026-02-14", "2026-02-28"}},
    {"2026-04-04", "2026-04-06", {0}},
    {"2026-05-01", "2026-05-05", {"2026-05-09"}},
    {"2026-06-19", "2026-06-21", {0}},
    {"2026-09-25", "2026-09-27", {0}},
    {"2026-10-01", "2026-10-07", {"2026-09-20", "2026-10-10"}},
};

enum { TABLE_DAYS = 366 + 365 + 365 };

static void make_table(uint8_t *work, int32_t first)
{
    for (int i = 0; i < TABLE_DAYS; i++)
        work[i] = (first + i + 3) % 7 < 5; /* 1970-01-01 was a Thursday */
    for (size_t k = 0; k < sizeof notices / sizeof notices[0]; k++) {
        for (int32_t d = date(notices[k].first); d <= date(notices[k].last); d++)
            work[d - first] = 0;
        for (int w = 0; w < 2 && notices[k].work[w]; w++)
            work[date(notices[k].work[w]) - first] = 1;
    }
}

/* Invariant 9: from every day of three years, up to 30 working days on. */
static void test_arithmetic_equals_an_independent_table(void **state)
{
    (void)state;
    uint8_t work[TABLE_DAYS];
    int32_t first = date("2024-01-01");
    _auto(calendar) c = shipped();
    make_table(work, first);
    for (int i = 0; i < TABLE_DAYS; i++) {
        assert_int_equal(calendar_is_workday(c, first + i), work[i]);
        for (int n = 0, k = i; n <= 30; n++) {
            assert_int_equal(calendar_add_workdays(c, first + i, n, NULL), first + k);
            for (k++; k < TABLE_DAYS && !work[k]; k++)
                ;
            if (k >= TABLE_DAYS)
                break;
        }
    }
}

/* design §3: a year without a notice is unknown. */
static void test_a_year_without_a_notice_is_provisional(void **state)
{
    (void)state;
    int provisional = 0;
    _auto(calendar) c = shipped();
    assert_int_equal(calendar_last_year(c), 2026);
    assert_true(calendar_is_known(c, date("2026-12-31")));
    assert_false(calendar_is_known(c, date("2027-01-01")));
    assert_day(calendar_add_workdays(c, date("2026-12-30"), 3, &provisional), "2027-01-04");
    assert_int_equal(provisional, 1);
    calendar_add_workdays(c, date("2026-12-28"), 2, &provisional);
    assert_int_equal(provisional, 0);
}

static void test_a_strip_shows_what_each_day_is(void **state)
{
    (void)state;
    struct calendar_day strip[16];
    _auto(calendar) c = shipped();
    int n = calendar_strip(c, date("2026-09-30"), date("2026-10-10"), strip, 16);
    assert_int_equal(n, 11);
    assert_int_equal(strip[0].workday, 1);
    assert_int_equal(strip[1].workday, 0);
    assert_string_equal(strip[1].name, "国庆节");
    assert_int_equal(strip[10].workday, 1);
    assert_int_equal(strip[10].provisional, 0);
    assert_int_equal(calendar_strip(c, date("2026-09-30"), date("2026-10-10"), strip, 3), 3);
}

static char *scratch(void)
{
    const char *tmp = getenv("TMPDIR");
    char path[256];
    snprintf(path, sizeof path, "%s/calendar.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(path));
    return mem_text(path);
}

static void put(const char *folder, const char *name, const char *text)
{
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    struct bytes b = {(const uint8_t *)text, strlen(text)};
    assert_ok(file_replace(arena_fmt(a, "%s/%s", folder, name), b, 0644, &e), &e);
}

static void drop(const char *folder, const char *name)
{
    _auto(arena) a = arena_new();
    unlink(arena_fmt(a, "%s/%s", folder, name));
    rmdir(folder);
}

/* G-04: an administrator's file makes a year known without a release. */
static void test_an_import_goes_before_what_is_shipped(void **state)
{
    (void)state;
    struct err_info e = {0};
    _auto_char folder = scratch();
    put(folder, "2027.json",
        "{\"year\":2027,\"days\":[{\"name\":\"元旦\",\"date\":\"2027-01-01\",\"isOffDay\":true}]}");
    const char *folders[] = {CALENDAR_DIR, "/nowhere/at/all", folder};
    _auto(calendar) c = NULL;
    assert_ok(calendar_load(folders, 3, &c, &e), &e);
    drop(folder, "2027.json");
    assert_true(calendar_is_known(c, date("2027-01-01")));
    assert_false(calendar_is_workday(c, date("2027-01-01")));
}

static void test_wrong_files_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[]",
        "{\"year\":2026,\"days\":[]}",
        "{\"year\":2027}",
        "{\"year\":2027,\"days\":[{\"name\":\"x\",\"date\":\"2027-02-30\",\"isOffDay\":true}]}",
        "{\"year\":2027,\"days\":[{\"name\":\"x\",\"date\":\"2020-02-03\",\"isOffDay\":true}]}",
        "{\"year\":2027,\"days\":[{\"name\":\"x\",\"date\":\"2027-02-03\"}]}",
        "{\"year\":2027,\"days\":[{\"name\":\"x\",\"date\":\"2027-02-03\",\"isOffDay\":true},"
        "{\"name\":\"y\",\"date\":\"2027-02-03\",\"isOffDay\":false}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err_info e = {0};
        struct calendar *c = NULL;
        _auto_char folder = scratch();
        const char *folders[] = {CALENDAR_DIR, folder};
        put(folder, "2027.json", bad[i]);
        enum err code = calendar_load(folders, 2, &c, &e);
        drop(folder, "2027.json");
        assert_int_not_equal(code, ERR_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_days),
        cmocka_unit_test(test_adding_working_days),
        cmocka_unit_test(test_a_code_is_usable_on_the_second_working_day),
        cmocka_unit_test(test_working_days_of_each_year),
        cmocka_unit_test(test_arithmetic_equals_an_independent_table),
        cmocka_unit_test(test_a_year_without_a_notice_is_provisional),
        cmocka_unit_test(test_a_strip_shows_what_each_day_is),
        cmocka_unit_test(test_an_import_goes_before_what_is_shipped),
        cmocka_unit_test(test_wrong_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
