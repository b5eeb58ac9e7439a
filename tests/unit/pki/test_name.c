#include "vectors.h"

#include "pki/name.h"

#include <openssl/x509.h>

static void a_name_is_utf8_but_for_country_and_serial_number(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes der;
    const struct name_part part[] = {{NAME_C, "CN"},
                                     {NAME_O, "泉州海丝"},
                                     {NAME_OU, "Q350500A000017"},
                                     {NAME_SERIAL_NUMBER, "91350500MA2Y"},
                                     {NAME_EMAIL, "shen@example.cn"},
                                     {NAME_CN, "沈若琳"}};
    assert_ok(name_encode(part, 6, a, &der, &e), &e);
    const uint8_t *p = der.p;
    X509_NAME *n = d2i_X509_NAME(NULL, &p, (long)der.n);
    assert_non_null(n);
    static const int type[] = {V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING, V_ASN1_UTF8STRING,
                               V_ASN1_PRINTABLESTRING, V_ASN1_IA5STRING,  V_ASN1_UTF8STRING};
    for (int i = 0; i < 6; i++)
        assert_int_equal(ASN1_STRING_type(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, i))),
                         type[i]);
    X509_NAME_free(n);
    struct name back;
    assert_ok(name_decode(der, a, &back, &e), &e);
    assert_int_equal(back.n, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(back.part[i].type, part[i].type);
        assert_string_equal(back.part[i].value, part[i].value);
    }
    assert_string_equal(name_get(&back, NAME_OU), "Q350500A000017");
    assert_null(name_get(&back, NAME_TITLE));
}

/* RFC 4514 2.1 (reversed), 2.4 (escapes) */
static void a_name_as_text_is_reversed_and_escaped(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes der;
    char *text;
    const struct name_part part[] = {{NAME_C, "CN"},
                                     {NAME_O, "Sue, Grabbit and Runn"},
                                     {NAME_OU, "#1 <a;b>"},
                                     {NAME_CN, "L. \"E\" \\ 张+三="}};
    assert_ok(name_encode(part, 4, a, &der, &e), &e);
    assert_ok(name_text(der, a, &text, &e), &e);
    assert_string_equal(
        text, "CN=L. \\\"E\\\" \\\\ 张\\+三=,OU=\\#1 \\<a\\;b\\>,O=Sue\\, Grabbit and Runn,C=CN");
    /* two attributes in one RDN, an unknown type, an old string type */
    assert_ok(name_text(hex(a, "3027"
                               "3115"
                               "30080603550403130141"
                               "30090603550404"
                               "14024be9"
                               "310e300c06082a811ccf550183750500"),
                        a, &text, &e),
              &e);
    assert_string_equal(text, "1.2.156.10197.1.501=#0500,CN=A+SN=Ké");
    assert_ok(name_text(hex(a, "3000"), a, &text, &e), &e);
    assert_string_equal(text, "");
}

/* RFC 5280 A.1: ub-organization-name 64, counted in characters */
static void upper_bounds_count_characters(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes der;
    _auto_buf o;
    buf_init(&o, 65 * 3);
    for (int i = 0; i < 64; i++)
        buf_text(&o, "海");
    struct name_part part = {NAME_O, buf_cstr(&o)};
    assert_ok(name_encode(&part, 1, a, &der, &e), &e);
    buf_text(&o, "海");
    part.value = buf_cstr(&o);
    assert_err(ERR_NAME, name_encode(&part, 1, a, &der, &e));
    assert_string_equal(e.field, "O");
    assert_non_null(strstr(e.detail, "65 characters, at most 64"));
}

static void bad_parts_are_refused_with_their_field(void **state)
{
    (void)state;
    static const struct {
        enum name_type type;
        const char *value, *why;
    } bad[] = {
        {NAME_CN, "", "empty"},
        {NAME_CN, NULL, "empty"},
        {NAME_CN, " 沈", "space"},
        {NAME_CN, "沈 ", "space"},
        {NAME_CN, "a\tb", "control"},
        {NAME_CN, "a\x7f", "control"},
        {NAME_CN, "a\xc2\x85", "control"},
        {NAME_CN, "\xe6\xb2", "UTF-8"},
        {NAME_C, "cn", "capital"},
        {NAME_C, "C", "capital"},
        {NAME_C, "CHN", "characters"},
        {NAME_SERIAL_NUMBER, "9135_05", "PrintableString"},
        {NAME_EMAIL, "沈@example.cn", "ASCII"},
        {NAME_OTHER, "x", "cannot be written"},
    };
    _auto(arena) a = arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err_info e;
        struct bytes der;
        struct name_part part = {bad[i].type, bad[i].value};
        assert_err(ERR_NAME, name_encode(&part, 1, a, &der, &e));
        if (!strstr(e.detail, bad[i].why))
            fail_msg("row %zu says \"%s\"", i, e.detail);
        assert_string_equal(e.field, name_type_text(bad[i].type));
    }
}

static void type_names_go_both_ways(void **state)
{
    (void)state;
    for (int t = 0; t < NAME_OTHER; t++) {
        enum name_type back;
        assert_true(name_type_from_text(name_type_text((enum name_type)t), &back));
        assert_int_equal(back, t);
    }
    enum name_type none;
    assert_false(name_type_from_text("X", &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_utf8_but_for_country_and_serial_number),
        cmocka_unit_test(a_name_as_text_is_reversed_and_escaped),
        cmocka_unit_test(upper_bounds_count_characters),
        cmocka_unit_test(bad_parts_are_refused_with_their_field),
        cmocka_unit_test(type_names_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
