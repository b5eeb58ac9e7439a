/* Login limits exactly as the end of requirements §7 says (G-40). */
#include "hall/limit/limit.h"
#include "hall_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

static void the_decision_is_the_table_of_the_requirement(void **state)
{
    static const struct {
        int code_failed, address_failed, right;
        enum limit_verdict v;
    } row[] = {
        {0, 0, 1, LIMIT_LET_IN},   {0, 0, 0, LIMIT_WRONG},    {4, 4, 0, LIMIT_WRONG},
        {4, 4, 1, LIMIT_LET_IN},   {5, 5, 1, LIMIT_STOPPED},  {5, 5, 0, LIMIT_STOPPED},
        {5, 0, 1, LIMIT_LET_IN},   {5, 0, 0, LIMIT_STOPPED},  {5, 1, 1, LIMIT_STOPPED},
        {0, 49, 1, LIMIT_LET_IN},  {0, 49, 0, LIMIT_WRONG},   {0, 50, 1, LIMIT_STOPPED},
        {0, 50, 0, LIMIT_STOPPED}, {9, 50, 1, LIMIT_STOPPED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct limit_login s = {.code_failed = row[i].code_failed,
                                .address_failed = row[i].address_failed};
        assert_int_equal(limit_login_decide(&s, row[i].right), row[i].v);
    }
}

static enum limit_verdict attempt(struct hall_fixture *f, const char *who, const char *address,
                                  int right)
{
    struct hall_tx tx = {0};
    struct limit_login s;
    hall_write(f, &hall_system, &tx);
    assert_ok(limit_login_read(&tx, who, address, &s, &f->e), &f->e);
    enum limit_verdict v = limit_login_decide(&s, right);
    assert_ok(limit_login_keep(&tx, who, address, &s, v, &f->e), &f->e);
    hall_done(f, &tx);
    return v;
}

static void the_sixth_try_is_stopped_and_an_unharmed_address_gets_in(void **state)
{
    struct hall_fixture *f = *state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(attempt(f, "code:A", "10.0.0.1", 0), LIMIT_WRONG);
    assert_int_equal(attempt(f, "code:A", "10.0.0.1", 1), LIMIT_STOPPED);
    assert_err(ERR_LIMITED, f->e.code);
    assert_string_equal(f->e.arg[0].value, "15");
    assert_int_equal(attempt(f, "code:B", "10.0.0.1", 0),
                     LIMIT_WRONG); /* another code is not limited */
    assert_int_equal(attempt(f, "code:A", "10.0.0.3", 0), LIMIT_STOPPED);
    assert_int_equal(attempt(f, "code:A", "10.0.0.3", 1),
                     LIMIT_STOPPED); /* that address has failed now */
    assert_int_equal(attempt(f, "code:A", "10.0.0.2", 1), LIMIT_LET_IN);
    /* the right login cleared the code */
    assert_int_equal(attempt(f, "code:A", "10.0.0.1", 0), LIMIT_WRONG);
}

static void after_fifteen_minutes_the_tries_are_forgotten(void **state)
{
    struct hall_fixture *f = *state;
    for (int i = 0; i < 5; i++)
        attempt(f, "code:A", "10.0.0.1", 0);
    hall_tamper(f, "UPDATE limit_try SET at = at - 895000");
    assert_int_equal(attempt(f, "code:A", "10.0.0.1", 1), LIMIT_STOPPED);
    assert_string_equal(f->e.arg[0].value, "1");
    hall_tamper(f, "UPDATE limit_try SET at = at - 6000");
    assert_int_equal(attempt(f, "code:A", "10.0.0.1", 1), LIMIT_LET_IN);
}

/* Tries of a day when the clock stood ahead keep nobody out until that day. */
static void tries_dated_ahead_keep_nobody_out(void **state)
{
    struct hall_fixture *f = *state;
    for (int i = 0; i < 5; i++)
        attempt(f, "code:A", "10.0.0.1", 0);
    assert_int_equal(attempt(f, "code:A", "10.0.0.1", 1), LIMIT_STOPPED);
    hall_tamper(f, "UPDATE limit_try SET at = at + 86400000");
    assert_int_equal(attempt(f, "code:A", "10.0.0.1", 1), LIMIT_LET_IN);
}

static void wrong_codes_of_applicants_do_not_lock_out_staff_of_their_address(void **state)
{
    struct hall_fixture *f = *state;
    for (int i = 0; i < 50; i++)
        attempt(f, arena_fmt(f->arena, "code:%d", i), "10.0.0.1", 0);
    assert_int_equal(attempt(f, "code:new", "10.0.0.1", 1), LIMIT_STOPPED);
    assert_int_equal(attempt(f, "staff:chen", "10.0.0.1", 1), LIMIT_LET_IN);
    for (int i = 0; i < 50; i++)
        assert_int_equal(attempt(f, arena_fmt(f->arena, "staff:%d", i), "10.0.0.9", 0),
                         LIMIT_WRONG);
    assert_int_equal(attempt(f, "staff:chen", "10.0.0.9", 1), LIMIT_STOPPED);
    assert_int_equal(attempt(f, "code:A", "10.0.0.9", 1), LIMIT_LET_IN);
}

static void fifty_wrong_tries_stop_an_address_for_every_code(void **state)
{
    struct hall_fixture *f = *state;
    for (int i = 0; i < 50; i++)
        assert_int_equal(attempt(f, arena_fmt(f->arena, "code:%d", i), "2001:db8::1", 0),
                         LIMIT_WRONG);
    assert_int_equal(attempt(f, "code:new", "2001:db8::2", 1), LIMIT_STOPPED); /* the same /64 */
    assert_int_equal(attempt(f, "code:new", "2001:db8:0:1::2", 1), LIMIT_LET_IN);
}

static void addresses_are_what_one_customer_has(void **state)
{
    struct hall_fixture *f = *state;
    assert_string_equal(limit_address(f->arena, "10.1.2.3"), "10.1.2.3");
    assert_string_equal(limit_address(f->arena, "::ffff:10.1.2.3"), "10.1.2.3");
    assert_string_equal(limit_address(f->arena, "2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
}

static enum err take(struct hall_fixture *f, const char *who)
{
    struct hall_tx tx = {0};
    hall_write(f, &hall_system, &tx);
    enum err result = limit_take(&tx, LIMIT_SMS, who, &f->e);
    if (result == ERR_OK)
        hall_done(f, &tx);
    hall_end(&tx);
    return result;
}

static void an_sms_goes_once_a_minute_five_times_an_hour_ten_times_a_day(void **state)
{
    struct hall_fixture *f = *state;
    assert_int_equal(take(f, "13805961234"), ERR_OK);
    assert_err(ERR_LIMITED, take(f, "13805961234"));
    assert_int_equal(take(f, "13805961235"), ERR_OK);
    for (int i = 0; i < 4; i++) {
        hall_tamper(f, "UPDATE limit_try SET at = at - 60001");
        assert_int_equal(take(f, "13805961234"), ERR_OK);
    }
    hall_tamper(f, "UPDATE limit_try SET at = at - 60001");
    assert_err(ERR_LIMITED, take(f, "13805961234"));
    hall_tamper(f, "UPDATE limit_try SET at = at - 3600000");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(take(f, "13805961234"), ERR_OK);
        hall_tamper(f, "UPDATE limit_try SET at = at - 720001");
    }
    assert_err(ERR_LIMITED, take(f, "13805961234"));
    struct hall_tx tx = {0};
    hall_tamper(f, "UPDATE limit_try SET at = at - 86400000");
    hall_write(f, &hall_system, &tx);
    assert_ok(limit_prune(&tx, &f->e), &f->e);
    hall_done(f, &tx);
    assert_int_equal(take(f, "13805961234"), ERR_OK);
}

struct burst {
    struct hall_fixture *f;
    _Atomic int evaluated;
};

static void *guess(void *arg)
{
    struct burst *b = arg;
    for (int i = 0; i < 3; i++) {
        struct hall_tx tx = {0};
        struct limit_login s;
        struct err_info e = {0};
        _auto(arena) a = arena_new();
        if (hall_begin(&b->f->hall, 1, &hall_system, a, &tx, &e) == ERR_OK &&
            limit_login_read(&tx, "code:A", "10.0.0.1", &s, &e) == ERR_OK) {
            enum limit_verdict v = limit_login_decide(&s, 0);
            if (limit_login_keep(&tx, "code:A", "10.0.0.1", &s, v, &e) == ERR_OK &&
                hall_commit(&tx, &e) == ERR_OK)
                atomic_fetch_add(&b->evaluated, v == LIMIT_WRONG);
        }
        hall_end(&tx);
    }
    return NULL;
}

static void a_burst_of_tries_at_the_same_moment_gets_no_more_of_them(void **state)
{
    struct burst b = {.f = *state};
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, guess, &b), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(atomic_load(&b.evaluated), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(the_decision_is_the_table_of_the_requirement),
        HALL_TEST(the_sixth_try_is_stopped_and_an_unharmed_address_gets_in),
        HALL_TEST(after_fifteen_minutes_the_tries_are_forgotten),
        HALL_TEST(tries_dated_ahead_keep_nobody_out),
        HALL_TEST(a_burst_of_tries_at_the_same_moment_gets_no_more_of_them),
        HALL_TEST(wrong_codes_of_applicants_do_not_lock_out_staff_of_their_address),
        HALL_TEST(fifty_wrong_tries_stop_an_address_for_every_code),
        HALL_TEST(addresses_are_what_one_customer_has),
        HALL_TEST(an_sms_goes_once_a_minute_five_times_an_hour_ten_times_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
