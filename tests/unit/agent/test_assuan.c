/* The PIN dialogue: a scripted program speaks Assuan, well and badly. */
#include "scratch.h"
#include "testing.h"

#include "agent/ask.h"
#include "agent/assuan.h"
#include "base/sys.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    folder = strdup("/tmp/certhall-assuan-XXXXXX");
    return mkdtemp(folder) == NULL || setenv("CERTHALL_TEST_PINENTRY", folder, 1);
}

static int remove_folder(void **state)
{
    (void)state;
    int failed = scratch_remove(folder);
    free(folder);
    return failed;
}

static char *put(struct arena *a, const char *name, const char *text, mode_t mode)
{
    struct err_info e;
    char *path = arena_fmt(a, "%s/%s", folder, name);
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)text, strlen(text)}, mode, &e),
              &e);
    return path;
}

static enum err getpin(const char *program, char *out, size_t size, struct err_info *e)
{
    _auto(assuan) s = NULL;
    TRY(assuan_start(program, &s, e));
    TRY(assuan_send(s, "SETDESC", "100 %\nline", e));
    return assuan_getpin(s, out, size, e);
}

static void what_is_typed_arrives_and_the_text_is_escaped(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes log;
    char pin[64];
    put(a, "answers", "pin 50%-off+1\n", 0600);
    assert_ok(getpin(PINENTRY, pin, sizeof pin, &e), &e);
    assert_string_equal(pin, "50%-off+1");
    assert_ok(file_read(a, arena_fmt(a, "%s/log", folder), 10000, &log, &e), &e);
    assert_non_null(strstr((const char *)log.p, "SETDESC 100 %\nline\n"));
}

static void a_cancelled_dialogue_is_no_pin(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    char pin[64];
    put(a, "answers", "cancel\n", 0600);
    assert_err(ERR_AGENT_CANCELLED, getpin(PINENTRY, pin, sizeof pin, &e));
    assert_string_equal(pin, "");
}

static void a_pin_too_long_for_the_buffer_is_refused_and_wiped(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    char pin[9];
    put(a, "answers", "pin 123456789\npin 12345678\n", 0600);
    assert_err(ERR_TOKEN_PIN_LENGTH, getpin(PINENTRY, pin, sizeof pin, &e));
    for (size_t i = 0; i < sizeof pin; i++)
        assert_int_equal(pin[i], 0);
    assert_err(ERR_OK, getpin(PINENTRY, pin, sizeof pin, &e));
}

/* Programs that do not keep the protocol. */
static void a_broken_program_is_an_error_not_a_pin(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    char pin[64];
    static const char *const scripts[] = {
        "#!/bin/sh\nexit 0\n",
        "#!/bin/sh\necho hello\nsleep 1\n",
        "#!/bin/sh\necho OK\nread a\necho OK\nread b\nexit 1\n",
        "#!/bin/sh\necho OK\nread a\necho ERR 536871187 Unknown command\n",
        "#!/bin/sh\necho OK\nread a\nhead -c 3000 /dev/zero | tr '\\0' x\necho\n",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        assert_err(ERR_AGENT_PINENTRY,
                   getpin(put(a, "program", scripts[i], 0700), pin, sizeof pin, &e));
    assert_err(ERR_AGENT_PINENTRY, getpin(arena_fmt(a, "%s/none", folder), pin, sizeof pin, &e));
    put(a, "answers", "die\n", 0600);
    assert_err(ERR_AGENT_PINENTRY, getpin(PINENTRY, pin, sizeof pin, &e));
}

static void the_policy_is_never_weaker_than_the_agents_own(void **state)
{
    (void)state;
    static const struct {
        int min, max, kinds;
        const char *pin;
        int good;
    } rows[] = {
        {0, 99, 0, "abc123", 1},
        {0, 99, 0, "abcdef", 0},
        {0, 99, 0, "ab12", 0},
        {0, 0, 0, "abc123", 1},
        {1, 4, 1, "ab1-", 0},
        {8, 16, 2, "abc1234", 0},
        {8, 16, 2, "abcd1234", 1},
        {6, 16, 4, "Abc1234", 0},
        {6, 16, 4, "Abc-123", 1},
        {6, 16, 9, "Abc-123", 1},
        {6, 16, 2, "12345678901234567", 0},
        {6, 16, 2, "1234567890abcdef", 1},
        {6, 16, 2, "abc 123", 0},
        {6, 16, 2, "密码abc123", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pin_policy p = pin_policy_limit(rows[i].min, rows[i].max, rows[i].kinds);
        if (pin_policy_ok(&p, rows[i].pin) != rows[i].good)
            fail_msg("%d %d %d %s", rows[i].min, rows[i].max, rows[i].kinds, rows[i].pin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_arrives_and_the_text_is_escaped),
        cmocka_unit_test(a_cancelled_dialogue_is_no_pin),
        cmocka_unit_test(a_pin_too_long_for_the_buffer_is_refused_and_wiped),
        cmocka_unit_test(a_broken_program_is_an_error_not_a_pin),
        cmocka_unit_test(the_policy_is_never_weaker_than_the_agents_own),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
