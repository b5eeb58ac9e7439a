#include "testing.h"

#include "base/sys.h"

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
        cmocka_unit_test(settings_are_read_and_a_bad_line_is_named),
        cmocka_unit_test(settings_that_are_no_text_are_refused_with_their_line),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
