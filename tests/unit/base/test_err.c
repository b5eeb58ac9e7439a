#include "base/text.h"
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

/* 53 characters of 3 octets fill 159; an ASCII letter before them cuts the last one. */
static void what_is_too_long_is_cut_at_the_end_of_a_character(void **state)
{
    (void)state;
    const char *const before[] = {"", "a", "ab", "é", "𠮷"};
    char long_text[1024], text[200];
    struct err_info e;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t at = strlen(before[i]);
        memcpy(long_text, before[i], at);
        for (int k = 0; k < 110; k++, at += 3)
            memcpy(long_text + at, "泉", 4);
        err_set(&e, ERR_BUSY, NULL, "%s", long_text);
        err_arg(&e, "seconds", "%s", long_text);
        size_t n = strlen(e.arg[0].value);
        assert_true(n > sizeof e.arg[0].value - 4);
        assert_true(text_is_utf8(e.arg[0].value, n));
        assert_memory_equal(e.arg[0].value, long_text, n);
        assert_true(text_is_utf8(e.detail, strlen(e.detail)));
        for (size_t size = 1; size < sizeof text; size++) {
            err_message(&e, LANG_ZH, text, size);
            assert_true(text_is_utf8(text, strlen(text)));
        }
    }
    err_set(&e, ERR_BUSY, NULL, NULL);
    err_arg(&e, "seconds", "%s", "一二三");
    assert_string_equal(e.arg[0].value, "一二三");
}

/* A client that sends half characters gets them told back: the answer is UTF-8 all the same. */
static void what_is_told_is_utf8_whatever_it_is_made_from(void **state)
{
    (void)state;
    struct err_info e;
    char text[400];
    err_set(&e, ERR_BAD_REQUEST, "na\xffme", "near '%s'", "\xe6\xb5");
    err_arg(&e, "why", "%s", "a\x80\xd3\xa3\xed\xa0\x80z");
    assert_string_equal(e.field, "na?me");
    assert_string_equal(e.detail, "near '??'");
    assert_string_equal(e.arg[0].value, "a?\xd3\xa3???z");
    err_message(&e, LANG_ZH, text, sizeof text);
    assert_true(text_is_utf8(text, strlen(text)));
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
        cmocka_unit_test(what_is_too_long_is_cut_at_the_end_of_a_character),
        cmocka_unit_test(what_is_told_is_utf8_whatever_it_is_made_from),
        cmocka_unit_test(every_code_has_a_status_and_both_texts_and_is_found_by_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
