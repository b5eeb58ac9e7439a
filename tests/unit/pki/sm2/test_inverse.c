/* Inverses modulo the orders and primes of the curves, and modulo small numbers; OpenSSL's BIGNUM is the oracle. Those of
 * secrets are held against those of public numbers, and tried modulo primes alone. */
#include "../vectors.h"

#include "pki/sm2/inverse.h"

#include <openssl/bn.h>

static const char *const moduli[] = {
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", /* order and prime of P-256 */
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123", /* of SM2 */
    "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", /* many divisors */
    "8000000000000000000000000000000000000000000000000000000000000001",
    "000000000000000000000000000000000000000000000000000000000000fff1",
    "0000000000000000000000000000000000000000000000000000000000000003",
};
enum { MODULI = sizeof moduli / sizeof *moduli };

static void octets_of(const BIGNUM *n, uint8_t out[INVERSE_LEN])
{
    assert_int_equal(BN_bn2binpad(n, out, INVERSE_LEN), INVERSE_LEN);
}

static void of_a_secret_is(const uint8_t *number, const uint8_t *modulus, const uint8_t *want)
{
    uint64_t x[WORDS], m[WORDS];
    uint8_t got[INVERSE_LEN];
    words_from(x, number);
    words_from(m, modulus);
    inverse_of_secret(x, m, x);
    words_to(got, x);
    assert_memory_equal(got, want, INVERSE_LEN);
}

/* The same verdict and the same number as OpenSSL's. */
static void agrees(const BIGNUM *x, const BIGNUM *modulus, BN_CTX *ctx)
{
    uint8_t number[INVERSE_LEN], m[INVERSE_LEN], ours[INVERSE_LEN], theirs[INVERSE_LEN];
    octets_of(x, number);
    octets_of(modulus, m);
    BIGNUM *inverse = BN_mod_inverse(NULL, x, modulus, ctx);
    assert_int_equal(inverse_of_public(number, m, ours), inverse != NULL);
    if (inverse) {
        octets_of(inverse, theirs);
        assert_memory_equal(ours, theirs, INVERSE_LEN);
        of_a_secret_is(number, m, theirs);
    }
    if (BN_is_zero(x))
        of_a_secret_is(number, m, number);
    BN_free(inverse);
}

static void for_each_modulus(void (*check)(const BIGNUM *modulus, BN_CTX *ctx))
{
    BN_CTX *ctx = BN_CTX_new();
    for (size_t i = 0; i < MODULI; i++) {
        BIGNUM *modulus = NULL;
        assert_true(BN_hex2bn(&modulus, moduli[i]) > 0);
        check(modulus, ctx);
        BN_free(modulus);
    }
    BN_CTX_free(ctx);
}

static void try_random(const BIGNUM *modulus, BN_CTX *ctx)
{
    BIGNUM *x = BN_new();
    for (int i = 0; i < 4000; i++) {
        assert_true(BN_rand_range(x, modulus));
        agrees(x, modulus, ctx);
    }
    BN_free(x);
}

static void try_edges(const BIGNUM *modulus, BN_CTX *ctx)
{
    BIGNUM *x = BN_new();
    for (unsigned long i = 0; i < 300; i++) {
        BN_set_word(x, i);
        if (BN_cmp(x, modulus) < 0)
            agrees(x, modulus, ctx);
        if (i > 0 && BN_copy(x, modulus) && BN_sub_word(x, i) && !BN_is_negative(x))
            agrees(x, modulus, ctx);
    }
    for (int bit = 0; bit < 256; bit++)
        for (int more = -1; more <= 1; more++) {
            BN_zero(x);
            BN_set_bit(x, bit);
            assert_true(more < 0 ? BN_sub_word(x, 1) : BN_add_word(x, (unsigned)more));
            if (BN_cmp(x, modulus) < 0)
                agrees(x, modulus, ctx);
        }
    BN_free(x);
}

static void what_is_not_below_the_modulus_has_none(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    uint8_t out[INVERSE_LEN];
    for (size_t i = 1; i < MODULI; i++) {
        struct bytes m = hex(a, moduli[i]), above = hex(a, moduli[4]);
        assert_false(inverse_of_public(m.p, m.p, out));
        if (i != 4)
            assert_false(inverse_of_public(above.p, m.p, out));
    }
}

static void random_numbers_agree(void **state)
{
    (void)state;
    for_each_modulus(try_random);
}

static void numbers_of_few_bits_and_near_the_modulus_agree(void **state)
{
    (void)state;
    for_each_modulus(try_edges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_numbers_agree),
        cmocka_unit_test(numbers_of_few_bits_and_near_the_modulus_agree),
        cmocka_unit_test(what_is_not_below_the_modulus_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
