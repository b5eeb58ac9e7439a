/* A machine that calculates wrongly: the linker puts a wrong inverse in the place of the right one, the self-test sees it, and no SM2
 * key is made, read or used, while other algorithms go on. */
#include "../vectors.h"

#include "pki/sm2/inverse.h"
#include "pki/sm2form.h"

void __wrap_inverse_of_secret(const uint64_t x[WORDS], const uint64_t modulus[WORDS],
                              uint64_t out[WORDS]);
void __real_inverse_of_secret(const uint64_t x[WORDS], const uint64_t modulus[WORDS],
                              uint64_t out[WORDS]);

void __wrap_inverse_of_secret(const uint64_t x[WORDS], const uint64_t modulus[WORDS],
                              uint64_t out[WORDS])
{
    __real_inverse_of_secret(x, modulus, out);
    out[1] ^= 1;
}

static void sm2_keys_are_refused_with_the_reason(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(pki_key) key = NULL;
    _auto(pki_pub) pub = NULL;
    const struct sm2 *m;
    assert_err(ERR_CRYPTO, sm2_get(&m, &e));
    assert_null(m);
    assert_err(ERR_CRYPTO, pki_key_new(PKI_SM2, &key, &e));
    assert_non_null(strstr(e.detail, "calculates wrongly"));
    assert_err(ERR_CRYPTO, pki_pub_from_point(PKI_SM2, hex(a, "04" SM2_X SM2_Y), &pub, &e));
    assert_err(ERR_CRYPTO, pki_pub_load(hex(a, SM2_SPKI_HEAD "04" SM2_X SM2_Y), &pub, &e));
    assert_null(key);
    assert_null(pub);
}

static void other_algorithms_go_on(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(pki_key) key = NULL;
    uint8_t digest[PKI_DIGEST_LEN] = {1};
    struct bytes sig;
    assert_ok(pki_key_new(PKI_P256, &key, &e), &e);
    assert_ok(pki_key_sign_digest(key, digest, a, &sig, &e), &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm2_keys_are_refused_with_the_reason),
        cmocka_unit_test(other_algorithms_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
