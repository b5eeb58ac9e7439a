/* Multiples of points against OpenSSL's EC_POINT_mul, and why the addition needs no exceptions. */
#include "oracle.h"

/* ---- multiples ---- */

static void point_is(const struct sm2 *m, struct oracle *o, const struct jacobian *got)
{
    uint64_t x[WORDS], y[WORDS], want[WORDS];
    assert_true(m->curve->numbers(got, x, y) == UINT64_MAX); /* on the curve */
    assert_true(EC_POINT_get_affine_coordinates(o->group, o->point, o->b, o->c, o->ctx));
    words_of(o->b, want);
    assert_memory_equal(x, want, sizeof x);
    words_of(o->c, want);
    assert_memory_equal(y, want, sizeof y);
}

/* A point that is not the generator, and its tables. */
struct other_point {
    EC_POINT *theirs;
    struct affine window[WINDOW_ENTRIES], comb[COMB_KEY_ENTRIES];
};

static struct other_point *other_point_new(const struct sm2 *m, struct oracle *o)
{
    struct other_point *other = mem_alloc(sizeof *other);
    struct affine p;
    uint64_t x[WORDS], y[WORDS];
    other->theirs = EC_POINT_new(o->group);
    random_words(o, x);
    number_of(x, o->a);
    assert_true(EC_POINT_mul(o->group, other->theirs, o->a, NULL, NULL, o->ctx));
    assert_true(EC_POINT_get_affine_coordinates(o->group, other->theirs, o->b, o->c, o->ctx));
    words_of(o->b, x);
    words_of(o->c, y);
    assert_true(m->curve->point(x, y, &p) != 0);
    m->curve->rows(&p, COMB_KEY, 1, other->window);
    m->curve->rows(&p, COMB_KEY, COMB_KEY_ROWS, other->comb);
    return other;
}

static void other_point_free(struct other_point *other)
{
    EC_POINT_free(other->theirs);
    free(other);
}

/* The ways to a multiple, of o->a: of the generator, and of another point in both ways. */
static void multiples_agree(const struct sm2 *m, struct oracle *o, const struct other_point *other)
{
    uint64_t k[WORDS];
    struct jacobian got;
    words_of(o->a, k);
    assert_true(EC_POINT_mul(o->group, o->point, o->a, NULL, NULL, o->ctx));
    m->curve->times_g(m->comb, k, &got);
    point_is(m, o, &got);
    if (!other)
        return;
    assert_true(EC_POINT_mul(o->group, o->point, NULL, other->theirs, o->a, o->ctx));
    m->curve->times_key(other->comb, k, &got);
    point_is(m, o, &got);
    m->curve->times(other->window, k, &got);
    point_is(m, o, &got);
}

static void try_edges(const struct sm2 *m, struct oracle *o)
{
    struct other_point *other = other_point_new(m, o);
    for (unsigned i = 0; edge_number(o, i, o->n, o->a); i++)
        if (!BN_is_zero(o->a)) /* what is near 0 and n, and every fifth of the others */
            multiples_agree(m, o, i % 301 < 40 || i % 5 == 0 ? other : NULL);
    other_point_free(other);
}

static void multiples_by_edge_numbers_agree(void **state)
{
    (void)state;
    for_each_processor(try_edges);
}

static void try_random(const struct sm2 *m, struct oracle *o)
{
    struct other_point *other = other_point_new(m, o);
    uint64_t w[WORDS];
    for (int i = 0; i < 250; i++) {
        random_words(o, w);
        number_of(w, o->b);
        assert_true(BN_nnmod(o->a, o->b, o->n, o->ctx));
        multiples_agree(m, o, other);
    }
    other_point_free(other);
}

static void multiples_by_random_numbers_agree(void **state)
{
    (void)state;
    for_each_processor(try_random);
}

static void try_off_curve(const struct sm2 *m, struct oracle *o)
{
    struct affine p;
    uint64_t x[WORDS], y[WORDS], bad[WORDS];
    assert_true(EC_POINT_get_affine_coordinates(o->group, EC_GROUP_get0_generator(o->group), o->a,
                                                o->b, o->ctx));
    words_of(o->a, x);
    words_of(o->b, y);
    assert_true(m->curve->point(x, y, &p) == UINT64_MAX);
    for (unsigned bit = 0; bit < 256; bit++) {
        memcpy(bad, x, sizeof bad);
        bad[bit / 64] ^= UINT64_C(1) << bit % 64;
        assert_true(m->curve->point(bad, y, &p) == 0);
        memcpy(bad, y, sizeof bad);
        bad[bit / 64] ^= UINT64_C(1) << bit % 64;
        assert_true(m->curve->point(x, bad, &p) == 0);
    }
    memset(bad, 0, sizeof bad);
    assert_true(m->curve->point(bad, bad, &p) == 0); /* 0, 0: what some write for infinity */
    assert_true(m->curve->point(y, x, &p) == 0);
}

static void a_point_off_the_curve_is_refused(void **state)
{
    (void)state;
    for_each_processor(try_off_curve);
}

/* A coordinate of p or more is no coordinate, though the number modulo p may be one: (x + p, y) for a small x. */
static void try_unreduced(const struct sm2 *m, struct oracle *o)
{
    struct affine p;
    uint64_t x[WORDS], y[WORDS];
    unsigned small = 0;
    do
        BN_set_word(o->a, ++small);
    while (!EC_POINT_set_compressed_coordinates(o->group, o->point, o->a, 0, o->ctx));
    assert_true(EC_POINT_get_affine_coordinates(o->group, o->point, o->a, o->b, o->ctx));
    words_of(o->a, x);
    words_of(o->b, y);
    assert_true(m->curve->point(x, y, &p) == UINT64_MAX);
    assert_true(BN_add(o->a, o->a, o->p));
    words_of(o->a, x);
    assert_true(m->curve->point(x, y, &p) == 0);
}

static void a_coordinate_that_is_not_below_the_prime_is_refused(void **state)
{
    (void)state;
    for_each_processor(try_unreduced);
}

/* The verifier's addition is the only one that may meet a point twice, or its opposite. */
static void try_sums(const struct sm2 *m, struct oracle *o)
{
    static const unsigned scalars[][2] = {{5, 7}, {9, 9}, {1, 2}, {300, 1}};
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
        struct jacobian a, b;
        uint64_t k[WORDS] = {scalars[i][0]}, l[WORDS] = {scalars[i][1]}, x[WORDS];
        m->curve->times_g(m->comb, k, &a);
        m->curve->times_g(m->comb, l, &b);
        BN_set_word(o->a, k[0] + l[0]);
        assert_true(EC_POINT_mul(o->group, o->point, o->a, NULL, NULL, o->ctx));
        assert_true(EC_POINT_get_affine_coordinates(o->group, o->point, o->b, NULL, o->ctx));
        assert_true(BN_nnmod(o->c, o->b, o->n, o->ctx));
        words_of(o->c, x);
        assert_true(m->curve->sum_has_x(&a, &b, x));
        x[0] ^= 1;
        assert_false(m->curve->sum_has_x(&a, &b, x));
        assert_true(BN_set_word(o->a, k[0]) && BN_sub(o->a, o->n, o->a));
        words_of(o->a, l);
        m->curve->times_g(m->comb, l, &b);
        memset(x, 0, sizeof x);
        assert_false(m->curve->sum_has_x(&a, &b, x)); /* infinity has no x */
    }
}

static void sums_of_equal_and_of_opposite_points_are_right(void **state)
{
    (void)state;
    for_each_processor(try_sums);
}

/* ---- why no addition on the way is an exception ---- */

/* Adds up the digits of the odd number k, the highest first, as sum_up does; 0 where a sum meets its next term or the
 * opposite of it modulo n, or is 0. Integers: of a group of order n nothing else counts. */
static int no_exception(int64_t k, int64_t n, int bits, int rows)
{
    int64_t digits = k >> 1 | INT64_C(1) << (bits * rows - 1), sum = 0;
    for (int i = rows - 1; i >= 0; i--) {
        int64_t u = digits >> (bits * i) & ((1 << bits) - 1);
        int64_t term = (2 * u - ((1 << bits) - 1)) * (INT64_C(1) << (bits * i));
        if (i < rows - 1 && ((sum - term) % n == 0 || (sum + term) % n == 0))
            return 0;
        sum += term;
    }
    assert_true(sum == k);
    return 1;
}

static int is_prime(int64_t n)
{
    for (int64_t i = 2; i * i <= n; i++)
        if (n % i == 0)
            return 0;
    return n > 1;
}

/* What curve.h says: the only exception is k = n - 2 c with c = (n - 2^W) mod 2^(W + 1), where c is below 2^W. */
static int64_t exception_of(int64_t n, int bits)
{
    int64_t c = (n - (1 << bits)) & ((INT64_C(1) << (bits + 1)) - 1);
    return c < INT64_C(1) << bits && n - 2 * c > 0 ? n - 2 * c : 0;
}

/* All odd k, of all primes n in some ranges, all widths: the rule says exactly where there is an exception. A toy must be as
 * large beside its digits as n is: more than two of them. */
static void the_rule_of_exceptions_holds_for_all_small_orders(void **state)
{
    (void)state;
    unsigned tried = 0, exceptions = 0;
    for (int bits = 2; bits <= 6; bits++) {
        int64_t from = INT64_C(1) << (2 * bits + 2), to = from + 40 * bits + 400;
        for (int64_t n = from; n < to; n++) {
            if (!is_prime(n))
                continue;
            int length = 64 - __builtin_clzll((unsigned long long)n);
            int rows = (length + bits - 1) / bits;
            int64_t exception = exception_of(n, bits);
            for (int64_t k = 1; k < n; k += 2)
                if (no_exception(k, n, bits, rows) != (k != exception))
                    fail_msg("n %lld, W %d, k %lld", (long long)n, bits, (long long)k);
            tried++;
            exceptions += exception != 0;
        }
    }
    print_message("# %u pairs of order and width, %u with an exception\n", tried, exceptions);
    assert_true(tried > 200 && exceptions > 50 && exceptions < tried);
}

static unsigned residue_of_order(const struct oracle *o, int bits)
{
    return (unsigned)(BN_mod_word(o->n, (BN_ULONG)1 << (bits + 1)));
}

/* The one condition that the real order has to meet, for the widths that are used. */
static void the_real_order_has_no_exception_with_these_widths(void **state)
{
    (void)state;
    _auto(oracle) o = oracle_new();
    static const struct {
        int bits, none;
    } widths[] = {{COMB_G, 1}, {COMB_KEY, 1}, {5, 0}, {8, 0}};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        unsigned size = 1U << widths[i].bits;
        unsigned c = (residue_of_order(o, widths[i].bits) - size) & (2 * size - 1);
        assert_int_equal(c >= size, widths[i].none);
    }
    assert_true(COMB_G * COMB_G_ROWS >= 256 && COMB_KEY * COMB_KEY_ROWS >= 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multiples_by_edge_numbers_agree),
        cmocka_unit_test(multiples_by_random_numbers_agree),
        cmocka_unit_test(a_point_off_the_curve_is_refused),
        cmocka_unit_test(a_coordinate_that_is_not_below_the_prime_is_refused),
        cmocka_unit_test(sums_of_equal_and_of_opposite_points_are_right),
        cmocka_unit_test(the_rule_of_exceptions_holds_for_all_small_orders),
        cmocka_unit_test(the_real_order_has_no_exception_with_these_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
