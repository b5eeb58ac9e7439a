/* Signatures: the standard's example, OpenSSL's opinion of ours and ours of OpenSSL's, and the numbers that a random test never
 * meets. tests/sm2/differential does the same with many more, on the code that is shipped. */
#include "evp.h"

#include "pki/sm2/order.h"

/* A key of both sides. */
struct pair {
    struct sm2_key key;
    struct sm2_pub *plain, *prepared;
    EVP_PKEY *theirs;
    uint8_t d[SM2_LEN], point[SM2_POINT_LEN];
};

static void pair_open(const struct sm2 *m, struct pair *p)
{
    struct err_info e;
    key_make(m, &p->key, p->d, p->point);
    assert_ok(sm2_pub_new(m, p->point, &p->plain, &e), &e);
    assert_ok(sm2_pub_new(m, p->point, &p->prepared, &e), &e);
    sm2_pub_prepare(m, p->prepared);
    p->theirs = evp_key(p->d, p->point);
}

static void pair_close(struct pair *p)
{
    sm2_key_clear(&p->key);
    sm2_pub_free(p->plain);
    sm2_pub_free(p->prepared);
    EVP_PKEY_free(p->theirs);
}

/* OpenSSL and both of ours say the same. */
static void verdict_is(int expected, const struct sm2 *m, const struct pair *p, const uint8_t *e,
                       const uint8_t *sig)
{
    assert_int_equal(sm2_verify(m, p->plain, e, sig), expected);
    assert_int_equal(sm2_verify(m, p->prepared, e, sig), expected);
    assert_int_equal(evp_verify(p->theirs, e, sig), expected);
}

static void try_both_ways(const struct sm2 *m, struct oracle *o)
{
    struct err_info info;
    for (int key = 0; key < 5; key++) {
        struct pair p;
        pair_open(m, &p);
        for (int i = 0; i < 30; i++) {
            uint8_t e[SM2_LEN], sig[SM2_SIG_LEN];
            random_octets(o, e, sizeof e);
            assert_ok(sm2_sign(m, &p.key, e, sig, &info), &info);
            verdict_is(1, m, &p, e, sig);
            evp_sign(p.theirs, e, sig);
            verdict_is(1, m, &p, e, sig);
            unsigned bit = (unsigned)oracle_random(o) % 512;
            sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
            verdict_is(0, m, &p, e, sig);
            sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
            e[bit % SM2_LEN] ^= (uint8_t)(1 << bit / SM2_LEN % 8);
            verdict_is(0, m, &p, e, sig);
        }
        pair_close(&p);
    }
}

static void each_side_verifies_what_the_other_signed(void **state)
{
    (void)state;
    for_each_processor(try_both_ways);
}

/* e may be any 256 bits. */
static void try_edge_digests(const struct sm2 *m, struct oracle *o)
{
    struct err_info info;
    struct pair p;
    pair_open(m, &p);
    BIGNUM *digests[6] = {BN_new(), BN_new(), BN_new(), BN_new(), BN_new(), BN_new()};
    BN_zero(digests[0]);
    BN_one(digests[1]);
    assert_true(BN_copy(digests[2], o->n) && BN_sub_word(digests[2], 1) &&
                BN_copy(digests[3], o->n) && BN_copy(digests[4], o->p) &&
                BN_copy(digests[5], o->shift) && BN_sub_word(digests[5], 1));
    for (int i = 0; i < 6; i++) {
        uint8_t e[SM2_LEN], sig[SM2_SIG_LEN];
        assert_int_equal(BN_bn2binpad(digests[i], e, sizeof e), sizeof e);
        assert_ok(sm2_sign(m, &p.key, e, sig, &info), &info);
        verdict_is(1, m, &p, e, sig);
        evp_sign(p.theirs, e, sig);
        verdict_is(1, m, &p, e, sig);
        BN_free(digests[i]);
    }
    pair_close(&p);
}

static void any_256_bits_can_be_signed(void **state)
{
    (void)state;
    for_each_processor(try_edge_digests);
}

/* Every edge k gives a signature that OpenSSL takes. */
static void try_edge_nonces(const struct sm2 *m, struct oracle *o)
{
    struct pair p;
    uint8_t e[SM2_LEN], sig[SM2_SIG_LEN];
    uint64_t k[WORDS];
    pair_open(m, &p);
    random_octets(o, e, sizeof e);
    for (unsigned i = 1; edge_number(o, i, o->n, o->a); i++) {
        if (BN_is_zero(o->a))
            continue;
        words_of(o->a, k);
        assert_int_equal(sm2_sign_with(m, &p.key, e, k, sig), SM2_MADE);
        assert_true(sm2_verify(m, p.prepared, e, sig));
        if (i % 5 == 0)
            assert_true(evp_verify(p.theirs, e, sig));
    }
    pair_close(&p);
}

static void edge_numbers_give_signatures_too(void **state)
{
    (void)state;
    for_each_processor(try_edge_nonces);
}

/* x of k G modulo n. */
static void x_of(struct oracle *o, const BIGNUM *k, BIGNUM *x)
{
    assert_true(EC_POINT_mul(o->group, o->point, k, NULL, NULL, o->ctx));
    assert_true(EC_POINT_get_affine_coordinates(o->group, o->point, x, NULL, o->ctx));
    assert_true(BN_nnmod(x, x, o->n, o->ctx));
}

/* With e = r - x(k G): r = 0; r = -k; and r = k/d, for which s is 0. None of them may be given out. */
static void try_refused_numbers(const struct sm2 *m, struct oracle *o)
{
    struct pair p;
    uint8_t e[SM2_LEN], sig[SM2_SIG_LEN];
    uint64_t k[WORDS];
    pair_open(m, &p);
    BIGNUM *d = BN_bin2bn(p.d, sizeof p.d, NULL);
    for (int i = 0; i < 60; i++) {
        random_words(o, k);
        number_of(k, o->b);
        assert_true(BN_nnmod(o->a, o->b, o->n, o->ctx));
        words_of(o->a, k);
        x_of(o, o->a, o->b);
        if (i % 3 == 0)
            BN_zero(o->c);
        else if (i % 3 == 1)
            assert_true(BN_sub(o->c, o->n, o->a));
        else
            assert_true(BN_mod_inverse(o->c, d, o->n, o->ctx) &&
                        BN_mod_mul(o->c, o->c, o->a, o->n, o->ctx));
        assert_true(BN_mod_sub(o->c, o->c, o->b, o->n, o->ctx));
        assert_int_equal(BN_bn2binpad(o->c, e, sizeof e), sizeof e);
        memset(sig, 1, sizeof sig);
        assert_int_equal(sm2_sign_with(m, &p.key, e, k, sig), SM2_ANOTHER);
        for (size_t j = 0; j < sizeof sig; j++)
            assert_int_equal(sig[j], 0); /* nothing of it is left */
        e[SM2_LEN - 1] ^= 1;
        assert_int_equal(sm2_sign_with(m, &p.key, e, k, sig), SM2_MADE);
    }
    BN_free(d);
    memset(k, 0, sizeof k);
    assert_int_equal(sm2_sign_with(m, &p.key, e, k, sig), SM2_ANOTHER);
    pair_close(&p);
}

static void numbers_that_the_standard_refuses_are_refused(void **state)
{
    (void)state;
    for_each_processor(try_refused_numbers);
}

/* GB/T 32918.2 7.1 B1, B2 and B5 */
static void try_ranges(const struct sm2 *m, struct oracle *o)
{
    struct err_info info;
    struct pair p;
    uint8_t e[SM2_LEN], sig[SM2_SIG_LEN], bad[SM2_SIG_LEN], n[SM2_LEN], zero[SM2_LEN] = {0},
                                                                        ones[SM2_LEN];
    pair_open(m, &p);
    random_octets(o, e, sizeof e);
    memset(ones, 0xff, sizeof ones);
    assert_int_equal(BN_bn2binpad(o->n, n, sizeof n), sizeof n);
    assert_ok(sm2_sign(m, &p.key, e, sig, &info), &info);
    const uint8_t *wrong[] = {zero, n, ones};
    for (int i = 0; i < 6; i++) {
        memcpy(bad, sig, sizeof bad);
        memcpy(bad + i / 3 * SM2_LEN, wrong[i % 3], SM2_LEN);
        verdict_is(0, m, &p, e, bad);
    }
    uint64_t r[WORDS], s[WORDS], zeros[WORDS] = {0};
    words_from(r, sig);
    order_sub(s, zeros, r); /* r + s = n: sG + 0P = sG, whose x is made to fit */
    words_to(sig + SM2_LEN, s);
    words_of(o->n, zeros);
    number_of(s, o->a);
    x_of(o, o->a, o->b);
    words_of(o->b, s);
    order_sub(s, r, s);
    words_to(e, s);
    verdict_is(0, m, &p, e, sig);
    pair_close(&p);
}

static void r_and_s_stand_between_0_and_the_order_and_their_sum_is_not_0(void **state)
{
    (void)state;
    for_each_processor(try_ranges);
}

/* out = a + n, in 256 bits. */
static void plus_order(uint8_t out[SM2_LEN], const uint64_t a[WORDS])
{
    uint64_t sum[WORDS];
    assert_false(words_add(sum, a, order_n));
    words_to(out, sum);
}

/* x1 from n to p - 1, or just below n, which no random signature meets: the key is made from the point,
 * P = (R - s G) / (r + s). */
static void try_high_x(const struct sm2 *m, struct oracle *o)
{
    EC_POINT *q = EC_POINT_new(o->group);
    int found = 0;
    for (unsigned more = 1; found < 20; more++) {
        int below = more % 2;
        assert_true(BN_copy(o->a, o->n) &&
                    (below ? BN_sub_word(o->a, more) : BN_add_word(o->a, more)));
        if (!EC_POINT_set_compressed_coordinates(o->group, o->point, o->a, 0, o->ctx))
            continue;
        struct err_info info;
        struct pair p = {0};
        uint8_t e[SM2_LEN], sig[SM2_SIG_LEN], encoded[SM2_POINT_LEN + 1];
        uint64_t r[WORDS] = {7 + more}, s[WORDS] = {1000 + more, 3}, t[WORDS], x[WORDS] = {more},
                 zero[WORDS] = {0};
        order_add(t, r, s);
        if (below)
            order_sub(x, zero, x);
        order_sub(x, r, x); /* e = r - x1, x1 being `more` or -`more` modulo n */
        words_to(e, x);
        words_to(sig, r);
        words_to(sig + SM2_LEN, s);
        number_of(s, o->b);
        assert_true(EC_POINT_mul(o->group, q, o->b, NULL, NULL, o->ctx) &&
                    EC_POINT_invert(o->group, q, o->ctx) &&
                    EC_POINT_add(o->group, q, q, o->point, o->ctx));
        number_of(t, o->b);
        assert_true(BN_mod_inverse(o->b, o->b, o->n, o->ctx) &&
                    EC_POINT_mul(o->group, q, NULL, q, o->b, o->ctx));
        assert_int_equal(EC_POINT_point2oct(o->group, q, POINT_CONVERSION_UNCOMPRESSED, encoded,
                                            sizeof encoded, o->ctx),
                         sizeof encoded);
        assert_ok(sm2_pub_new(m, encoded + 1, &p.plain, &info), &info);
        assert_ok(sm2_pub_new(m, encoded + 1, &p.prepared, &info), &info);
        sm2_pub_prepare(m, p.prepared);
        p.theirs = evp_key(NULL, encoded + 1);
        verdict_is(1, m, &p, e, sig);
        e[SM2_LEN - 1] ^= 1;
        verdict_is(0, m, &p, e, sig);
        plus_order(e, x); /* the same digest modulo n: taken; the same r or s: not */
        verdict_is(1, m, &p, e, sig);
        plus_order(sig, r);
        verdict_is(0, m, &p, e, sig);
        words_to(sig, r);
        plus_order(sig + SM2_LEN, s);
        verdict_is(0, m, &p, e, sig);
        pair_close(&p);
        found++;
    }
    EC_POINT_free(q);
}

static void a_point_whose_x_is_above_the_order_verifies_and_r_and_s_above_it_do_not(void **state)
{
    (void)state;
    for_each_processor(try_high_x);
}

static void try_key_range(const struct sm2 *m, struct oracle *o)
{
    (void)m;
    struct err_info info;
    struct sm2_key key;
    uint8_t d[SM2_LEN];
    for (unsigned i = 0; i < 4; i++) { /* n - 3 is above the range's end by none, n - 1 by one */
        assert_true(BN_copy(o->a, o->n) && BN_sub_word(o->a, i));
        assert_int_equal(BN_bn2binpad(o->a, d, sizeof d), sizeof d);
        assert_err(i < 2 ? ERR_KEY_UNSUPPORTED : ERR_OK, sm2_key_init(&key, d, &info));
        assert_true(BN_set_word(o->a, i));
        assert_int_equal(BN_bn2binpad(o->a, d, sizeof d), sizeof d);
        assert_err(i < 1 ? ERR_KEY_UNSUPPORTED : ERR_OK, sm2_key_init(&key, d, &info));
    }
    memset(d, 0xff, sizeof d);
    assert_err(ERR_KEY_UNSUPPORTED, sm2_key_init(&key, d, &info));
    for (size_t i = 0; i < sizeof key; i++)
        assert_int_equal(((uint8_t *)&key)[i], 0);
}

static void a_private_key_is_from_1_to_two_below_the_order(void **state)
{
    (void)state;
    for_each_processor(try_key_range);
}

/* ---- what goes wrong is not given out ---- */

static void try_faults(const struct sm2 *m, struct oracle *o)
{
    struct sm2 *broken = mem_alloc(sizeof *broken);
    struct err_info info;
    struct pair p;
    uint8_t e[SM2_LEN] = {1}, sig[SM2_SIG_LEN];
    uint64_t k[WORDS];
    pair_open(m, &p);
    random_words(o, k);
    k[3] >>= 1;
    for (int i = 0; i < 100; i++) { /* one bit of the key */
        struct sm2_key key = p.key;
        uint64_t *word = i % 2 ? key.inverse : key.one_more;
        word[oracle_random(o) % WORDS] ^= UINT64_C(1) << oracle_random(o) % 64;
        assert_int_equal(sm2_sign_with(m, &key, e, k, sig), SM2_WRONG);
        assert_err(ERR_CRYPTO, sm2_sign(m, &key, e, sig, &info));
    }
    for (int row = 0; row < COMB_G_ROWS; row++) { /* one bit of each entry of a row */
        *broken = *m;
        for (int i = 0; i < 1 << (COMB_G - 1); i++)
            broken->comb[(row << (COMB_G - 1)) + i].x.w[oracle_random(o) % WORDS] ^=
                UINT64_C(1) << oracle_random(o) % 64;
        assert_int_equal(sm2_sign_with(broken, &p.key, e, k, sig), SM2_WRONG);
    }
    free(broken);
    pair_close(&p);
}

static void a_signature_that_was_calculated_wrongly_does_not_leave(void **state)
{
    (void)state;
    for_each_processor(try_faults);
}

static void try_self_test(const struct sm2 *m, struct oracle *o)
{
    struct sm2 *broken = mem_alloc(sizeof *broken);
    assert_true(sm2_is_sound(m));
    for (int i = 0; i < 50; i++) {
        *broken = *m;
        struct affine *entry = &broken->comb[oracle_random(o) % COMB_G_ENTRIES];
        (i % 2 ? entry->x.w : entry->y.w)[oracle_random(o) % WORDS] ^= UINT64_C(1)
                                                                       << oracle_random(o) % 64;
        assert_false(sm2_is_sound(broken));
    }
    *broken =
        *m; /* points of the curve all of them, but not the right ones: two rows for each other */
    memcpy(broken->comb, m->comb + 32, 32 * sizeof *m->comb);
    memcpy(broken->comb + 32, m->comb, 32 * sizeof *m->comb);
    assert_false(sm2_is_sound(broken));
    free(broken);
}

static void the_self_test_sees_a_damaged_table(void **state)
{
    (void)state;
    for_each_processor(try_self_test);
}

/* The same key and digest never share a number, nor do two keys. */
static void try_nonces(const struct sm2 *m, struct oracle *o)
{
    (void)o;
    enum { TIMES = 200 };
    struct pair p;
    uint8_t e[SM2_LEN] = {1};
    uint64_t k[TIMES][WORDS], high = 0, low = UINT64_MAX;
    pair_open(m, &p);
    for (int i = 0; i < TIMES; i++) {
        sm2_nonce(&p.key, e, k[i]);
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(k[i], k[j], sizeof k[i]);
        high |= k[i][3];
        low &= k[i][3];
    }
    assert_true(high == UINT64_MAX && low == 0); /* each bit was both */
    pair_close(&p);
}

static void no_random_number_comes_twice(void **state)
{
    (void)state;
    for_each_processor(try_nonces);
}

static void the_shared_one_is_ready(void **state)
{
    (void)state;
    struct err_info info;
    const struct sm2 *m, *again;
    assert_ok(sm2_get(&m, &info), &info);
    assert_ok(sm2_get(&again, &info), &info);
    assert_ptr_equal(m, again);
    print_message("# compiled for: %s\n", sm2_processor(m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shared_one_is_ready),
        cmocka_unit_test(each_side_verifies_what_the_other_signed),
        cmocka_unit_test(any_256_bits_can_be_signed),
        cmocka_unit_test(edge_numbers_give_signatures_too),
        cmocka_unit_test(numbers_that_the_standard_refuses_are_refused),
        cmocka_unit_test(r_and_s_stand_between_0_and_the_order_and_their_sum_is_not_0),
        cmocka_unit_test(a_point_whose_x_is_above_the_order_verifies_and_r_and_s_above_it_do_not),
        cmocka_unit_test(a_private_key_is_from_1_to_two_below_the_order),
        cmocka_unit_test(a_signature_that_was_calculated_wrongly_does_not_leave),
        cmocka_unit_test(the_self_test_sees_a_damaged_table),
        cmocka_unit_test(no_random_number_comes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
