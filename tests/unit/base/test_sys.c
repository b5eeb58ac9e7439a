#include "testing.h"

#include "base/sys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = strdup("/tmp/certhall-sys-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    int failed = rmdir(folder);
    free(folder);
    return failed;
}

static void a_replaced_file_has_the_new_content_and_mode(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes got;
    struct stat st;
    char *path = arena_fmt(a, "%s/file", folder);
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)"one", 3}, 0600, &e), &e);
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)"two!", 4}, 0600, &e), &e);
    assert_ok(file_read(a, path, 100, &got, &e), &e);
    assert_string_equal((const char *)got.p, "two!");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_err(ERR_TOO_LARGE, file_read(a, path, 3, &got, &e));
    unlink(path);
    assert_err(ERR_NOT_FOUND, file_read(a, path, 3, &got, &e));
}

static void what_an_ended_writer_left_is_taken_over(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes got;
    char *path = arena_fmt(a, "%s/file", folder), *side = arena_fmt(a, "%s.new", path);
    for (mode_t mode = 0600; mode; mode = mode == 0600 ? 0400 : 0) { /* 0400: of a key */
        assert_ok(
            file_replace(side, (struct bytes){(const uint8_t *)"half of something", 17}, mode, &e),
            &e);
        assert_ok(file_replace(path, (struct bytes){(const uint8_t *)"whole", 5}, mode, &e), &e);
        assert_ok(file_read(a, path, 100, &got, &e), &e);
        assert_string_equal((const char *)got.p, "whole");
        assert_int_equal(access(side, F_OK), -1);
    }
    unlink(path);
}

static void *replace_often(void *arg)
{
    const char *path = arg;
    struct err_info e;
    for (int i = 0; i < 200; i++)
        if (file_replace(path,
                         (struct bytes){(const uint8_t *)(i % 2 ? "aaaa" : "bb"), i % 2 ? 4 : 2},
                         0600, &e) != ERR_OK)
            return arg;
    return NULL;
}

static void several_may_replace_the_same_file(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes got;
    pthread_t thread[3];
    void *failed;
    char *path = arena_fmt(a, "%s/file", folder);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, replace_often, path), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(thread[i], &failed), 0);
        assert_null(failed);
    }
    assert_ok(file_read(a, path, 100, &got, &e), &e);
    assert_true(!strcmp((const char *)got.p, "aaaa") || !strcmp((const char *)got.p, "bb"));
    unlink(path);
}

static void settings_are_read_and_a_bad_line_is_named(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct conf *c;
    char *path = arena_fmt(a, "%s/conf", folder);
    const char *good = "# comment\n\n port = 80 \nname=证书大厅\n";
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)good, strlen(good)}, 0644, &e),
              &e);
    assert_ok(conf_read(a, path, &c, &e), &e);
    assert_string_equal(conf_get(c, "port", ""), "80");
    assert_string_equal(conf_get(c, "name", ""), "证书大厅");
    assert_string_equal(conf_get(c, "none", "x"), "x");
    const char *twice = "a=1\na=2\n";
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)twice, strlen(twice)}, 0644, &e),
              &e);
    assert_err(ERR_CONFIG, conf_read(a, path, &c, &e));
    assert_non_null(strstr(e.detail, ":2:"));
    unlink(path);
}

/* Half a character would come out again in messages; a NUL would hide the rest of the file. */
static void settings_that_are_no_text_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct bytes bad[] = {{(const uint8_t *)"a = 1\nb = \xe6\xb5\n", 13},
                                       {(const uint8_t *)"a = 1\nb = 2\0\nc = 3\n", 19}};
    _auto(arena) a = arena_new();
    struct err_info e;
    struct conf *c;
    char *path = arena_fmt(a, "%s/conf", folder);
    for (int i = 0; i < 2; i++) {
        assert_ok(file_replace(path, bad[i], 0644, &e), &e);
        assert_err(ERR_CONFIG, conf_read(a, path, &c, &e));
        assert_non_null(strstr(e.detail, ":2: not UTF-8"));
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replaced_file_has_the_new_content_and_mode),
        cmocka_unit_test(what_an_ended_writer_left_is_taken_over),
        cmocka_unit_test(several_may_replace_the_same_file),
        cmocka_unit_test(settings_are_read_and_a_bad_line_is_named),
        cmocka_unit_test(settings_that_are_no_text_are_refused_with_their_line),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
