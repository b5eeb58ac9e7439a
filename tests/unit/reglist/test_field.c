/* Single fields: credit codes (GB 32100, vectors of facts/identity-numbers.md), mobiles, mail addresses. */
#include "reglist/reglist_priv.h"
#include "testing.h"

#include <string.h>

static void real_credit_codes_pass(void **state)
{
    static const char *const good[] = {
        "91350100M000100Y43", "9111000071093123XX", "91440300708461136T", "91110000802100433B",
        "12100000400000624D", "914403001922038216", "11320000MB151840XJ", "9131000063159284XQ",
        "91110108MA01ABCD5T", "12330000470000005L", "52440000MJ8888883G"};
    _auto(arena) a = arena_new();
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(reglist_uscc(a, good[i], NULL), USCC_OK);
}

static void wrong_check_digits_and_wrong_letters_are_told_apart(void **state)
{
    _auto(arena) a = arena_new();
    (void)state;
    assert_int_equal(reglist_uscc(a, "91350100M000100Y44", NULL), USCC_CHECK);
    assert_int_equal(reglist_uscc(a, "913101150878387424", NULL), USCC_CHECK);
    assert_int_equal(reglist_uscc(a, "91350211M0000XUF46", NULL), USCC_CHECK); /* a real one */
    assert_int_equal(reglist_uscc(a, "91350100M000100Y4Z", NULL), USCC_FORM);  /* no Z */
    assert_int_equal(reglist_uscc(a, "9135O100M000100Y43", NULL), USCC_FORM);  /* no O */
    assert_int_equal(reglist_uscc(a, "91350100M000100Y4", NULL), USCC_FORM);
    assert_int_equal(reglist_uscc(a, "", NULL), USCC_FORM);
}

static void every_single_substitution_is_found(void **state)
{
    static const char code[] = "91350100M000100Y43", alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    _auto(arena) a = arena_new();
    (void)state;
    for (int i = 0; i < 18; i++)
        for (const char *c = alphabet; *c; c++) {
            char other[19];
            memcpy(other, code, sizeof other);
            other[i] = *c;
            assert_int_equal(reglist_uscc(a, other, NULL), *c == code[i] ? USCC_OK : USCC_CHECK);
        }
}

static void full_width_and_lower_case_are_mended(void **state)
{
    _auto(arena) a = arena_new();
    char *mended;
    (void)state;
    assert_int_equal(reglist_uscc(a, " 　９1350100m000100y43 ", &mended), USCC_OK);
    assert_string_equal(mended, "91350100M000100Y43");
    assert_string_equal(reglist_reporting_code(a, "fjqz20260718ａ1"), "FJQZ20260718A1");
    assert_null(reglist_reporting_code(a, "FJQZ20260718A"));
    assert_null(reglist_reporting_code(a, "FJQZ20260718A1X"));
    assert_null(reglist_reporting_code(a, "FJQZ2026-718A1"));
}

static void mobiles_lose_their_country_code(void **state)
{
    _auto(arena) a = arena_new();
    (void)state;
    assert_string_equal(reglist_mobile(a, "+86 138-0596-1234"), "13805961234");
    assert_string_equal(reglist_mobile(a, "008613805961234"), "13805961234");
    assert_null(reglist_mobile(a, "12805961234"));
    assert_null(reglist_mobile(a, "1380596123"));
    assert_null(reglist_mobile(a, "138059612345"));
    assert_null(reglist_mobile(a, "1380596123a"));
}

static void mail_addresses_are_plain_ones(void **state)
{
    static const char *const bad[] = {"",
                                      "a",
                                      "@example.com",
                                      "a@",
                                      "a@example",
                                      "a@.com",
                                      "a@exa mple.com",
                                      "a..b@example.com",
                                      ".a@example.com",
                                      "a.@example.com",
                                      "a@-x.com",
                                      "a@example.com.",
                                      "a@b@example.com",
                                      "a\r\nBcc: x@example.com",
                                      "a@127.0.0.1",
                                      "沈@example.com"};
    _auto(arena) a = arena_new();
    (void)state;
    assert_string_equal(reglist_email(a, " shen.ruolin＠example.com "), "shen.ruolin@example.com");
    assert_non_null(reglist_email(a, "a+b_c@mail-1.example.com.cn"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(reglist_email(a, bad[i]));
}

static void invisible_characters_are_no_part_of_a_name(void **state)
{
    (void)state;
    assert_true(name_characters("泉州海丝供应链管理有限公司（筹）·𠮷"));
    assert_false(name_characters("a\tb"));
    assert_false(name_characters("a\xE2\x80\xAE"
                                 "b")); /* U+202E right-to-left override */
    assert_false(name_characters("a\xE2\x80\x8B"
                                 "b")); /* U+200B */
    assert_false(name_characters("a\xC2\x85"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_credit_codes_pass),
        cmocka_unit_test(wrong_check_digits_and_wrong_letters_are_told_apart),
        cmocka_unit_test(every_single_substitution_is_found),
        cmocka_unit_test(full_width_and_lower_case_are_mended),
        cmocka_unit_test(mobiles_lose_their_country_code),
        cmocka_unit_test(mail_addresses_are_plain_ones),
        cmocka_unit_test(invisible_characters_are_no_part_of_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
