/* Arithmetic modulo the order of the group; OpenSSL's BIGNUM is the oracle. */
#include "oracle.h"

#include "pki/sm2/order.h"

static void words_are(const uint64_t got[WORDS], const BIGNUM *want)
{
    uint64_t w[WORDS];
    words_of(want, w);
    assert_memory_equal(got, w, sizeof w);
}

static void operations_agree(struct oracle *o)
{
    uint64_t a[WORDS], b[WORDS], out[WORDS];
    words_of(o->a, a);
    words_of(o->b, b);
    order_add(out, a, b);
    assert_true(BN_mod_add(o->c, o->a, o->b, o->n, o->ctx));
    words_are(out, o->c);
    order_sub(out, a, b);
    assert_true(BN_mod_sub(o->c, o->a, o->b, o->n, o->ctx));
    words_are(out, o->c);
    order_factor(out, a);
    assert_true(BN_mod_mul(o->c, o->a, o->shift, o->n, o->ctx));
    words_are(out, o->c);
    order_mul(out, out, b);
    assert_true(BN_mod_mul(o->c, o->a, o->b, o->n, o->ctx));
    words_are(out, o->c);
}

static void random_numbers_agree(void **state)
{
    (void)state;
    _auto(oracle) o = oracle_new();
    uint64_t w[WORDS];
    for (int i = 0; i < 10000; i++) {
        random_words(o, w);
        number_of(w, o->c);
        assert_true(BN_nnmod(o->a, o->c, o->n, o->ctx));
        random_words(o, w);
        number_of(w, o->c);
        assert_true(BN_nnmod(o->b, o->c, o->n, o->ctx));
        operations_agree(o);
    }
}

static void edges_agree(void **state)
{
    (void)state;
    _auto(oracle) o = oracle_new();
    for (unsigned i = 0; edge_number(o, i, o->n, o->a); i++)
        for (unsigned j = 0; j < 8; j++) {
            unsigned other = j < 2 ? j : j < 4 ? 300 + j : (unsigned)(oracle_random(o) % 2000);
            assert_true(edge_number(o, other, o->n, o->b));
            operations_agree(o);
        }
}

/* A digest or a coordinate may be the order or more: at most once. */
static void any_256_bits_are_reduced(void **state)
{
    (void)state;
    _auto(oracle) o = oracle_new();
    uint64_t w[WORDS], out[WORDS];
    for (int i = -300; i <= 300; i++) {
        assert_true(BN_copy(o->a, o->n) &&
                    (i < 0 ? BN_sub_word(o->a, (unsigned)-i) : BN_add_word(o->a, (unsigned)i)));
        words_of(o->a, w);
        assert_true(BN_nnmod(o->c, o->a, o->n, o->ctx));
        order_reduce(out, w);
        words_are(out, o->c);
    }
    memset(w, 0xff, sizeof w);
    number_of(w, o->a);
    assert_true(BN_nnmod(o->c, o->a, o->n, o->ctx));
    order_reduce(out, w);
    words_are(out, o->c);
}

static void octets_48_are_reduced(void **state)
{
    (void)state;
    _auto(oracle) o = oracle_new();
    for (int i = 0; i < 4000; i++) {
        uint8_t octets[48];
        uint64_t out[WORDS];
        random_octets(o, octets, sizeof octets);
        if (i % 8 < 2)
            memset(octets, i % 8 ? 0xff : 0, 16 + (size_t)i % 33);
        assert_non_null(BN_bin2bn(octets, sizeof octets, o->a));
        assert_true(BN_nnmod(o->c, o->a, o->n, o->ctx));
        order_from_random(out, octets);
        words_are(out, o->c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_numbers_agree),
        cmocka_unit_test(edges_agree),
        cmocka_unit_test(any_256_bits_are_reduced),
        cmocka_unit_test(octets_48_are_reduced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
