#include "testing.h"

#include <string.h>

static void a_message_fills_its_placeholders_in_both_languages(void **state)
{
    (void)state;
    struct err_info e;
    char text[256];
    err_set(&e, ERR_BUSY, NULL, NULL);
    err_arg(&e, "seconds", "%d", 3);
    err_message(&e, LANG_EN, text, sizeof text);
    assert_non_null(strstr(text, "again in 3 seconds"));
    err_message(&e, LANG_ZH, text, sizeof text);
    assert_non_null(strstr(text, "请 3 秒后再试"));
}

static void a_placeholder_without_a_value_stays_visible(void **state)
{
    (void)state;
    struct err_info e;
    char text[256];
    err_set(&e, ERR_BUSY, NULL, NULL);
    err_message(&e, LANG_EN, text, sizeof text);
    assert_non_null(strstr(text, "{seconds}"));
}

static void a_message_never_writes_past_its_buffer(void **state)
{
    (void)state;
    struct err_info e;
    char text[8];
    memset(text, 'x', sizeof text);
    err_set(&e, ERR_BUSY, NULL, NULL);
    err_message(&e, LANG_EN, text, 5);
    assert_int_equal(text[4], '\0');
    assert_int_equal(text[5], 'x');
}

static void every_code_has_a_status_and_both_texts_and_is_found_by_its_text(void **state)
{
    (void)state;
    for (int c = 1; c < ERR_COUNT; c++) {
        struct err_info e;
        char text[512];
        err_set(&e, (enum err)c, NULL, NULL);
        assert_true(err_http_status((enum err)c) >= 400);
        for (int lang = LANG_ZH; lang <= LANG_EN; lang++) {
            err_message(&e, (enum lang)lang, text, sizeof text);
            assert_true(strlen(text) > 5);
        }
        assert_int_equal(err_from_code_text(err_code_text((enum err)c)), c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_fills_its_placeholders_in_both_languages),
        cmocka_unit_test(a_placeholder_without_a_value_stays_visible),
        cmocka_unit_test(a_message_never_writes_past_its_buffer),
        cmocka_unit_test(every_code_has_a_status_and_both_texts_and_is_found_by_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
