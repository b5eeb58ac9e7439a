/* Sealed values and passwords. */
#include "pki/aead.h"
#include "pki/password.h"
#include "testing.h"

#include <string.h>

static const struct aead_key KEY = {.id = 7, .key = "0123456789abcdef0123456789abcde"};
#define B(s) ((struct bytes){(const uint8_t *)(s), sizeof(s) - 1})

static void a_value_opens_again_with_key_and_context(void **state)
{
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    struct bytes sealed, plain;
    uint32_t id;
    (void)state;
    assert_ok(aead_seal(&KEY, B("person.mobile:1"), B("13805961234"), a, &sealed, &e), &e);
    assert_int_equal(sealed.n, 11 + AEAD_OVERHEAD);
    assert_true(aead_key_id(sealed, &id));
    assert_int_equal(id, 7);
    assert_ok(aead_open(&KEY, B("person.mobile:1"), sealed, a, &plain, &e), &e);
    assert_int_equal(plain.n, 11);
    assert_memory_equal(plain.p, "13805961234", 11);
    assert_ok(aead_seal(&KEY, B("x"), B(""), a, &sealed, &e), &e);
    assert_ok(aead_open(&KEY, B("x"), sealed, a, &plain, &e), &e);
    assert_int_equal(plain.n, 0);
}

static void nothing_opens_after_one_changed_bit_or_in_another_place(void **state)
{
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    struct bytes sealed, plain;
    struct aead_key other = KEY;
    (void)state;
    assert_ok(aead_seal(&KEY, B("row:1"), B("secret"), a, &sealed, &e), &e);
    for (size_t i = 0; i < sealed.n; i++) {
        uint8_t copy[64];
        memcpy(copy, sealed.p, sealed.n);
        copy[i] ^= 1;
        assert_err(ERR_CRYPTO,
                   aead_open(&KEY, B("row:1"), (struct bytes){copy, sealed.n}, a, &plain, &e));
    }
    for (size_t n = 0; n < sealed.n; n++)
        assert_err(ERR_CRYPTO,
                   aead_open(&KEY, B("row:1"), (struct bytes){sealed.p, n}, a, &plain, &e));
    assert_err(ERR_CRYPTO, aead_open(&KEY, B("row:2"), sealed, a, &plain, &e));
    other.key[0] ^= 1;
    assert_err(ERR_CRYPTO, aead_open(&other, B("row:1"), sealed, a, &plain, &e));
}

static void a_password_is_known_again_and_no_other(void **state)
{
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    char *one, *two, longer[PASSWORD_MAX + 2];
    (void)state;
    assert_ok(password_hash("correct horse", a, &one, &e), &e);
    assert_ok(password_hash("correct horse", a, &two, &e), &e);
    assert_string_not_equal(one, two);
    assert_true(password_verify(one, "correct horse"));
    assert_false(password_verify(one, "correct horsf"));
    assert_false(password_verify("$argon2id$v=19$m=9000000,t=2,p=1$c2FsdHNhbHQ$aGFzaA", "x"));
    assert_false(password_verify("", "x"));
    assert_false(password_is_old(one));
    assert_true(password_is_old("$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA"));
    memset(longer, 'a', sizeof longer);
    longer[PASSWORD_MAX + 1] = 0;
    assert_err(ERR_BAD_REQUEST, password_hash(longer, a, &two, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_opens_again_with_key_and_context),
        cmocka_unit_test(nothing_opens_after_one_changed_bit_or_in_another_place),
        cmocka_unit_test(a_password_is_known_again_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
