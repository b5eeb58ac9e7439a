#include "testing.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "scratch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/certhall-boundary-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return scratch_remove(folder);
}

static const char *in(struct arena *a, const char *name)
{
    return arena_fmt(a, "%s/boundary/%s", folder, name);
}

static void touch(const char *path)
{
    struct err_info e;
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)"", 0}, 0600, &e), &e);
}

/* A process that passes two places; its status as waitpid gives it. */
static int pass_two(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        boundary_arm(folder);
        boundary(BOUNDARY_CA_SIGNED);
        boundary(BOUNDARY_CA_RECORDED);
        _exit(7);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static const char *passed(struct arena *a)
{
    struct bytes got;
    struct err_info e;
    return file_read(a, in(a, "passed"), 4096, &got, &e) == ERR_OK ? (const char *)got.p : "";
}

static void a_process_is_ended_once_at_the_place_that_a_file_names(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    assert_int_equal(mkdir(in(a, ""), 0700), 0);
    touch(in(a, boundary_name(BOUNDARY_CA_RECORDED)));
    int status = pass_two();
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_string_equal(passed(a), "ca.signed\nca.recorded killed\n");
    assert_int_not_equal(access(in(a, "ca.recorded"), F_OK), 0);
    status = pass_two();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_string_equal(passed(a), "ca.signed\nca.recorded killed\nca.signed\nca.recorded\n");
}

static void without_the_folder_nothing_happens(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    int status = pass_two();
    assert_true(WIFEXITED(status));
    assert_int_not_equal(access(in(a, ""), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_process_is_ended_once_at_the_place_that_a_file_names,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(without_the_folder_nothing_happens, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
