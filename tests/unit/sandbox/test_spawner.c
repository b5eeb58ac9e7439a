/* Files are read in children: what comes back, and what becomes of a child that crashes, loops, sleeps or says too much. What
 * the filter of system calls and the limit of memory do is tested with the release build (tests/story/separation). */
#include "base/time.h"
#include "sandbox/spawner.h"
#include "testing.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a child does is the first octet of its file. */
enum { ECHO = 'e', CRASH = 'c', LOOP = 'l', SLEEP = 's', MUCH = 'm', SILENT = 'n', LEAVE = 'x' };
enum { OUT_MAX = 1 << 20, IN_MAX = 1 << 20 };

static void say_too_much(struct buf *out)
{
    uint8_t block[4096] = {0};
    out->max = SIZE_MAX / 2;
    for (int i = 0; i < 2 * OUT_MAX / 4096; i++)
        buf_put(out, block, sizeof block);
}

static void obey(struct bytes in, uint32_t argument, struct buf *out)
{
    volatile int endless = 1;
    switch (in.n ? in.p[0] : SILENT) {
    case CRASH:
        raise(SIGSEGV);
        break;
    case LOOP:
        while (endless)
            ;
        break;
    case SLEEP:
        nanosleep(&(struct timespec){.tv_sec = 3600}, NULL);
        break;
    case MUCH:
        say_too_much(out);
        break;
    case LEAVE:
        _exit(7);
    case ECHO:
        buf_byte(out, (uint8_t)argument);
        buf_put(out, in.p, in.n);
        break;
    default:
        break;
    }
}

static const struct decoder decoder = {.name = "obey", .decode = obey};
static const struct decoder *const decoders[] = {&decoder};
static const struct spawner_limits limits = {
    .memory = 64 << 20, .in_max = IN_MAX, .out_max = OUT_MAX, .cpu_seconds = 1, .wall_ms = 3000};

static int setup(void **state)
{
    struct spawner *s;
    struct err_info e;
    assert_ok(spawner_start(decoders, 1, &limits, &s, &e), &e);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    spawner_free(*state);
    return 0;
}

static enum err tell(struct spawner *s, char what, struct buf *out, struct err_info *e)
{
    uint8_t octet = (uint8_t)what;
    return spawner_decode(s, 0, 5, (struct bytes){&octet, 1}, out, e);
}

/* After whatever became of the child before, the next file is read. */
static void goes_on(struct spawner *s)
{
    struct err_info e;
    _auto_buf out;
    buf_init(&out, OUT_MAX);
    assert_ok(tell(s, ECHO, &out, &e), &e);
    assert_int_equal(out.n, 2);
    assert_memory_equal(out.p, "\5e", 2);
}

static void a_file_goes_in_and_its_result_comes_out(void **state)
{
    struct err_info e;
    static uint8_t file[IN_MAX - 1];
    _auto_buf out;
    buf_init(&out, OUT_MAX);
    for (size_t i = 0; i < sizeof file; i++)
        file[i] = (uint8_t)(i * 7 + i / 251);
    file[0] = ECHO;
    assert_ok(spawner_decode(*state, 0, 9, (struct bytes){file, sizeof file}, &out, &e), &e);
    assert_int_equal(out.n, sizeof file + 1);
    assert_int_equal(out.p[0], 9);
    assert_memory_equal(out.p + 1, file, sizeof file);
    out.n = 0;
    assert_ok(spawner_decode(*state, 0, 0, (struct bytes){NULL, 0}, &out, &e), &e);
    assert_int_equal(out.n, 0);
}

static void a_child_that_ends_badly_costs_its_file_alone(void **state)
{
    struct {
        char what;
        enum err code;
    } rows[] = {{CRASH, ERR_FILE_BROKE},
                {LEAVE, ERR_FILE_BROKE},
                {MUCH, ERR_FILE_BROKE},
                {LOOP, ERR_FILE_SLOW}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err_info e;
        _auto_buf out;
        buf_init(&out, OUT_MAX);
        assert_err(rows[i].code, tell(*state, rows[i].what, &out, &e));
        assert_string_equal(e.field, "file");
        goes_on(*state);
    }
}

#ifdef __SANITIZE_ADDRESS__ /* elsewhere the filter ends it first, as sleeping is none of its calls */
static void a_child_that_waits_is_ended_at_its_time(void **state)
{
    struct err_info e;
    _auto_buf out;
    buf_init(&out, OUT_MAX);
    int64_t begun = clock_monotonic();
    assert_err(ERR_FILE_SLOW, tell(*state, SLEEP, &out, &e));
    assert_in_range(clock_monotonic() - begun, limits.wall_ms, 2 * limits.wall_ms);
    goes_on(*state);
}
#endif

static void what_is_too_large_is_refused_before_a_child_is_made(void **state)
{
    struct err_info e;
    static uint8_t file[IN_MAX + 1] = {ECHO};
    _auto_buf out;
    buf_init(&out, OUT_MAX);
    assert_err(ERR_TOO_LARGE,
               spawner_decode(*state, 0, 0, (struct bytes){file, sizeof file}, &out, &e));
    assert_err(ERR_INTERNAL, spawner_decode(*state, 1, 0, (struct bytes){file, 1}, &out, &e));
    assert_err(ERR_INTERNAL, spawner_decode(NULL, 0, 0, (struct bytes){file, 1}, &out, &e));
    goes_on(*state);
}

static void a_spawner_that_is_gone_is_an_error_at_once(void **state)
{
    struct err_info e;
    _auto_buf out;
    buf_init(&out, OUT_MAX);
    assert_int_equal(kill(spawner_pid(*state), SIGKILL), 0);
    assert_int_equal(waitpid(spawner_pid(*state), NULL, 0), spawner_pid(*state));
    int64_t begun = clock_monotonic();
    assert_err(ERR_INTERNAL, tell(*state, ECHO, &out, &e));
    assert_true(clock_monotonic() - begun < 1000);
}

struct crowd {
    struct spawner *s;
    atomic_int right;
};

static void *ask_often(void *arg)
{
    struct crowd *c = arg;
    for (int i = 0; i < 20; i++) {
        struct err_info e;
        _auto_buf out;
        buf_init(&out, OUT_MAX);
        uint8_t file[] = {ECHO, (uint8_t)i, (uint8_t)(uintptr_t)&e};
        if (spawner_decode(c->s, 0, (uint32_t)i, (struct bytes){file, sizeof file}, &out, &e) ==
                ERR_OK &&
            out.n == 1 + sizeof file && out.p[0] == i && memcmp(out.p + 1, file, sizeof file) == 0)
            atomic_fetch_add(&c->right, 1);
    }
    return NULL;
}

static void many_at_once_each_get_their_own(void **state)
{
    struct crowd c = {.s = *state};
    pthread_t thread[6];
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, ask_often, &c), 0);
    for (int i = 0; i < 6; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(atomic_load(&c.right), 6 * 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_goes_in_and_its_result_comes_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_child_that_ends_badly_costs_its_file_alone, setup,
                                        teardown),
#ifdef __SANITIZE_ADDRESS__
        cmocka_unit_test_setup_teardown(a_child_that_waits_is_ended_at_its_time, setup, teardown),
#endif
        cmocka_unit_test_setup_teardown(what_is_too_large_is_refused_before_a_child_is_made, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_spawner_that_is_gone_is_an_error_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_at_once_each_get_their_own, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
