/* Arithmetic modulo the curve's prime; OpenSSL's BIGNUM is the oracle. Compiled for each processor, as the module is. */
#include "oracle.h"

#include "pki/sm2/field.h"
#include "pki/sm2/inverse.h"

enum { RANDOM_ROUNDS = 10000 };

static void number_is(const struct fe *got, const BIGNUM *want)
{
    uint64_t w[WORDS];
    words_of(want, w);
    assert_memory_equal(got->w, w, sizeof w);
}

/* All operations on a and b of the oracle. */
static void operations_agree(struct oracle *o, const BIGNUM *unshift)
{
    struct fe a, b, out;
    words_of(o->a, a.w);
    words_of(o->b, b.w);
    fe_add(&out, &a, &b);
    assert_true(BN_mod_add(o->c, o->a, o->b, o->p, o->ctx));
    number_is(&out, o->c);
    fe_sub(&out, &a, &b);
    assert_true(BN_mod_sub(o->c, o->a, o->b, o->p, o->ctx));
    number_is(&out, o->c);
    fe_mul(&out, &a, &b);
    assert_true(BN_mod_mul(o->c, o->a, o->b, o->p, o->ctx) &&
                BN_mod_mul(o->c, o->c, unshift, o->p, o->ctx));
    number_is(&out, o->c);
    fe_sqr(&out, &a);
    assert_true(BN_mod_sqr(o->c, o->a, o->p, o->ctx) &&
                BN_mod_mul(o->c, o->c, unshift, o->p, o->ctx));
    number_is(&out, o->c);
    fe_from(&out, a.w);
    assert_true(BN_mod_mul(o->c, o->a, o->shift, o->p, o->ctx));
    number_is(&out, o->c);
    fe_to(out.w, &a);
    assert_true(BN_mod_mul(o->c, o->a, unshift, o->p, o->ctx));
    number_is(&out, o->c);
}

static BIGNUM *unshift_of(struct oracle *o)
{
    BIGNUM *unshift = BN_mod_inverse(NULL, o->shift, o->p, o->ctx);
    assert_non_null(unshift);
    return unshift;
}

static void random_numbers_agree(void **state)
{
    (void)state;
    _auto(oracle) o = oracle_new();
    BIGNUM *unshift = unshift_of(o);
    uint64_t w[WORDS];
    for (int i = 0; i < RANDOM_ROUNDS; i++) {
        random_words(o, w);
        number_of(w, o->c);
        assert_true(BN_nnmod(o->a, o->c, o->p, o->ctx));
        random_words(o, w);
        number_of(w, o->c);
        assert_true(BN_nnmod(o->b, o->c, o->p, o->ctx));
        operations_agree(o, unshift);
    }
    BN_free(unshift);
}

/* Each edge with a few others: all would be two million pairs. */
static void edges_agree(void **state)
{
    (void)state;
    _auto(oracle) o = oracle_new();
    BIGNUM *unshift = unshift_of(o);
    for (unsigned i = 0; edge_number(o, i, o->p, o->a); i++)
        for (unsigned j = 0; j < 8; j++) {
            unsigned other = j < 2 ? j : j < 4 ? 300 + j : (unsigned)(oracle_random(o) % 2000);
            assert_true(edge_number(o, other, o->p, o->b));
            operations_agree(o, unshift);
        }
    BN_free(unshift);
}

/* Words of few patterns, which make carries run through. */
static void patterns_agree(void **state)
{
    (void)state;
    static const uint64_t pattern[] = {0,
                                       1,
                                       UINT64_MAX,
                                       UINT64_MAX - 1,
                                       UINT64_C(1) << 63,
                                       UINT64_C(1) << 32,
                                       0xffffffff,
                                       0xffffffff00000000};
    _auto(oracle) o = oracle_new();
    BIGNUM *unshift = unshift_of(o);
    for (int i = 0; i < 2 * RANDOM_ROUNDS; i++) {
        uint64_t w[2][WORDS];
        for (int j = 0; j < 2 * WORDS; j++)
            w[j / WORDS][j % WORDS] = pattern[oracle_random(o) % 8];
        number_of(w[0], o->c);
        assert_true(BN_nnmod(o->a, o->c, o->p, o->ctx));
        number_of(w[1], o->c);
        assert_true(BN_nnmod(o->b, o->c, o->p, o->ctx));
        operations_agree(o, unshift);
    }
    BN_free(unshift);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_numbers_agree),
        cmocka_unit_test(edges_agree),
        cmocka_unit_test(patterns_agree),
    };
#ifdef SM2_FAST
    if (!__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("avx2")) {
        puts("1..1\nok 1 - a processor without BMI2 or AVX2 never runs this code");
        return 0;
    }
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
