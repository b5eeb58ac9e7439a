#include "testing.h"

#include "base/text.h"

#include <string.h>

/* RFC 4648 10 */
static void base64_gives_the_vectors_of_the_standard(void **state)
{
    (void)state;
    static const char *const vector[][2] = {{"", ""},
                                            {"f", "Zg=="},
                                            {"fo", "Zm8="},
                                            {"foo", "Zm9v"},
                                            {"foob", "Zm9vYg=="},
                                            {"fooba", "Zm9vYmE="},
                                            {"foobar", "Zm9vYmFy"}};
    _auto(arena) a = arena_new();
    for (size_t i = 0; i < 7; i++) {
        struct bytes b = {(const uint8_t *)vector[i][0], strlen(vector[i][0])}, back;
        assert_string_equal(text_base64(a, b), vector[i][1]);
        assert_true(text_from_base64(a, vector[i][1], &back));
        assert_int_equal(back.n, b.n);
        assert_memory_equal(back.p, b.p, b.n);
    }
}

static void base64_refuses_what_has_two_spellings(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct bytes out;
    assert_false(text_from_base64(a, "Zh==", &out)); /* left-over bits set */
    assert_false(text_from_base64(a, "Zg=", &out));
    assert_false(text_from_base64(a, "Z", &out));
    assert_false(text_from_base64(a, "Zm9-", &out));
    assert_false(text_from_base64url(a, "Zg==", &out));
}

static void a_typed_code_is_mended(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    assert_string_equal(text_mend_code(a, " ab-cd oIl ＺＹ　１"), "ABCD011ZY1");
    assert_null(text_mend_code(a, "ABU"));
    assert_null(text_mend_code(a, "码"));
}

static void only_well_formed_utf8_passes(void **state)
{
    (void)state;
    assert_true(text_is_utf8("证书𠮷", strlen("证书𠮷")));
    assert_false(text_is_utf8("\xC0\x80", 2));         /* overlong */
    assert_false(text_is_utf8("\xED\xA0\x80", 3));     /* surrogate */
    assert_false(text_is_utf8("\xF4\x90\x80\x80", 4)); /* above U+10FFFF */
    assert_false(text_is_utf8("\xE8\xAF", 2));         /* cut */
    assert_false(text_is_utf8("a\0b", 3));
}

static void ids_are_digits_of_a_63_bit_number(void **state)
{
    (void)state;
    int64_t v;
    assert_true(text_to_id("9223372036854775807", &v));
    assert_true(v == INT64_MAX);
    assert_false(text_to_id("9223372036854775808", &v));
    assert_false(text_to_id("", &v));
    assert_false(text_to_id("-1", &v));
    assert_false(text_to_id(" 1", &v));
}

static void spaces_of_both_widths_are_trimmed(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    assert_string_equal(text_trim(a, " \t　 名 称　 \n"), "名 称");
    assert_string_equal(text_trim(a, "　"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_gives_the_vectors_of_the_standard),
        cmocka_unit_test(base64_refuses_what_has_two_spellings),
        cmocka_unit_test(a_typed_code_is_mended),
        cmocka_unit_test(only_well_formed_utf8_passes),
        cmocka_unit_test(ids_are_digits_of_a_63_bit_number),
        cmocka_unit_test(spaces_of_both_widths_are_trimmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
