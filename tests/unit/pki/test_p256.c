/* FIPS 186-5 6.4.2: what verifies and what does not, with the tables of a busy key and without them, and by OpenSSL's EVP as
 * a third opinion. Signatures are made from chosen numbers, so that the corners are met that a random one never meets. */
#include "vectors.h"

#include "base/text.h"
#include "pki/p256.h"
#include "pki/pki_priv.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

struct numbers {
    BN_CTX *ctx;
    EC_GROUP *g;
    const BIGNUM *order;
    BIGNUM *u1, *u2, *r, *s, *e, *x, *one;
    EC_POINT *q, *sum;
};

static int open_numbers(void **state)
{
    struct numbers *n = mem_alloc(sizeof *n);
    n->ctx = BN_CTX_new();
    n->g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    n->order = EC_GROUP_get0_order(n->g);
    BIGNUM **each[] = {&n->u1, &n->u2, &n->r, &n->s, &n->e, &n->x, &n->one};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++)
        *each[i] = BN_new();
    BN_one(n->one);
    n->q = EC_POINT_new(n->g);
    n->sum = EC_POINT_new(n->g);
    *state = n;
    return 0;
}

static int close_numbers(void **state)
{
    struct numbers *n = *state;
    BIGNUM *each[] = {n->u1, n->u2, n->r, n->s, n->e, n->x, n->one};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++)
        BN_free(each[i]);
    EC_POINT_free(n->q);
    EC_POINT_free(n->sum);
    EC_GROUP_free(n->g);
    BN_CTX_free(n->ctx);
    free(n);
    return 0;
}

/* r, s and e such that the verifier gets u1 and u2: r = x(u1 G + u2 Q), s = r / u2, e = u1 s. Without a point r is `other`. */
static void work_backwards(struct numbers *n, unsigned long other)
{
    assert_true(EC_POINT_mul(n->g, n->sum, n->u1, n->q, n->u2, n->ctx));
    if (EC_POINT_is_at_infinity(n->g, n->sum)) {
        BN_set_word(n->r, other);
    } else {
        assert_true(EC_POINT_get_affine_coordinates(n->g, n->sum, n->x, NULL, n->ctx));
        assert_true(BN_nnmod(n->r, n->x, n->order, n->ctx));
    }
    assert_non_null(BN_mod_inverse(n->s, n->u2, n->order, n->ctx));
    assert_true(BN_mod_mul(n->s, n->s, n->r, n->order, n->ctx));
    assert_true(BN_mod_mul(n->e, n->u1, n->s, n->order, n->ctx));
}

static int by_evp(const uint8_t *point, const uint8_t *digest, struct bytes sig)
{
    struct err_info e;
    struct pki_pub *pub;
    EVP_PKEY *key;
    assert_ok(pki_pub_from_point(PKI_P256, (struct bytes){point, 65}, &pub, &e), &e);
    assert_ok(pki_pub_evp(pub, &key, &e), &e);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_true(EVP_PKEY_verify_init(ctx) == 1);
    int ok = EVP_PKEY_verify(ctx, sig.p, sig.n, digest, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    pki_pub_free(pub);
    return ok;
}

/* All three agree that it is so. */
static void verdict_is(int expected, const struct numbers *n, const uint8_t *digest,
                       struct bytes sig)
{
    uint8_t point[65];
    struct err_info e;
    struct p256 *key;
    assert_int_equal(
        EC_POINT_point2oct(n->g, n->q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL),
        sizeof point);
    assert_ok(p256_new((struct bytes){point, sizeof point}, &key, &e), &e);
    assert_int_equal(p256_verify(key, digest, sig), expected);
    p256_prepare(key);
    assert_int_equal(p256_verify(key, digest, sig), expected);
    p256_free(key);
    assert_int_equal(by_evp(point, digest, sig), expected);
}

/* The signature of r and s, whatever they are. */
static void numbers_are(int expected, const struct numbers *n, const BIGNUM *r, const BIGNUM *s)
{
    uint8_t digest[32], *der = NULL;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    assert_int_equal(BN_bn2binpad(n->e, digest, sizeof digest), sizeof digest);
    assert_true(ECDSA_SIG_set0(sig, BN_dup(r), BN_dup(s)));
    int len = i2d_ECDSA_SIG(sig, &der);
    assert_true(len > 0);
    verdict_is(expected, n, digest, (struct bytes){der, (size_t)len});
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
}

static void some_signature(struct numbers *n)
{
    BN_set_word(n->x, 1234567);
    assert_true(EC_POINT_mul(n->g, n->q, n->x, NULL, NULL, n->ctx));
    BN_set_word(n->u1, 7919);
    BN_set_word(n->u2, 104729);
    work_backwards(n, 0);
}

static void what_fits_verifies_and_what_was_changed_does_not(void **state)
{
    struct numbers *n = *state;
    some_signature(n);
    numbers_are(1, n, n->r, n->s);
    BN_add_word(n->e, 1);
    numbers_are(0, n, n->r, n->s); /* another digest */
    BN_sub_word(n->e, 1);
    BN_add_word(n->s, 1);
    numbers_are(0, n, n->r, n->s);
    BN_sub_word(n->s, 1);
    numbers_are(0, n, n->s, n->r);
    assert_true(EC_POINT_dbl(n->g, n->q, n->q, n->ctx));
    numbers_are(0, n, n->r, n->s); /* another key */
}

static void r_and_s_stand_between_0_and_the_order(void **state)
{
    struct numbers *n = *state;
    some_signature(n);
    BIGNUM *v = BN_new();
    BN_zero(v);
    numbers_are(0, n, v, n->s);
    numbers_are(0, n, n->r, v);
    numbers_are(0, n, n->order, n->s);
    numbers_are(0, n, n->r, n->order);
    BN_add(v, n->r, n->order); /* the same modulo the order */
    numbers_are(0, n, v, n->s);
    BN_add(v, n->s, n->order);
    numbers_are(0, n, n->r, v);
    BN_sub(v, n->order, n->s); /* -s gives the point's mirror, whose x is the same */
    numbers_are(1, n, n->r, v);
    BN_free(v);
}

static void both_multiples_are_the_same_point(void **state)
{
    struct numbers *n = *state;
    assert_true(EC_POINT_copy(n->q, EC_GROUP_get0_generator(n->g)));
    BN_set_word(n->u1, 99);
    BN_set_word(n->u2, 99);
    work_backwards(n, 0);
    numbers_are(1, n, n->r, n->s);
}

static void the_sum_is_no_point(void **state)
{
    struct numbers *n = *state;
    assert_true(EC_POINT_copy(n->q, EC_GROUP_get0_generator(n->g)));
    assert_true(EC_POINT_invert(n->g, n->q, n->ctx));
    BN_set_word(n->u1, 99);
    BN_set_word(n->u2, 99);
    work_backwards(n, 5);
    numbers_are(0, n, n->r, n->s);
}

static void a_digest_of_zero_is_a_digest(void **state)
{
    struct numbers *n = *state;
    some_signature(n);
    BN_zero(n->u1);
    work_backwards(n, 0);
    assert_true(BN_is_zero(n->e));
    numbers_are(1, n, n->r, n->s);
    BN_copy(n->e, n->order); /* the same modulo the order */
    numbers_are(1, n, n->r, n->s);
}

/* Of the field's numbers, 2^-128 are not below the order: r is then x without the order. */
static void an_x_above_the_order_is_taken_modulo_it(void **state)
{
    struct numbers *n = *state;
    BIGNUM *x = BN_dup(n->order);
    EC_POINT *sum = EC_POINT_new(n->g), *part = EC_POINT_new(n->g);
    do
        BN_add_word(x, 1);
    while (!EC_POINT_set_compressed_coordinates(n->g, sum, x, 0, n->ctx));
    BN_set_word(n->u1, 31);
    BN_set_word(n->u2, 37);
    /* Q = (sum - u1 G) / u2 */
    assert_true(EC_POINT_mul(n->g, part, n->u1, NULL, NULL, n->ctx));
    assert_true(EC_POINT_invert(n->g, part, n->ctx));
    assert_true(EC_POINT_add(n->g, part, sum, part, n->ctx));
    assert_non_null(BN_mod_inverse(n->s, n->u2, n->order, n->ctx));
    assert_true(EC_POINT_mul(n->g, n->q, NULL, part, n->s, n->ctx));
    work_backwards(n, 0);
    assert_int_equal(BN_cmp(n->x, x), 0);
    assert_true(BN_cmp(n->r, x) < 0);
    numbers_are(1, n, n->r, n->s);
    numbers_are(0, n, x, n->s);
    EC_POINT_free(sum);
    EC_POINT_free(part);
    BN_free(x);
}

static void only_proper_der_is_a_signature(void **state)
{
    struct numbers *n = *state;
    _auto(arena) a = arena_new();
    static const char *const wrong[] = {
        "",
        "30",
        "3000",
        "3006020101020101", /* as numbers: below, with another digest */
        "300602010102010100",
        "30060201010201",
        "3080020101020101"
        "0000",
        "300702020001020101", /* 1 with a zero too many */
        "308106020101020101",
        "3106020101020101",
        "3006030101020101",
        "3009020101020101020101",
        "3006020101020180", /* negative */
        "3025020101"
        "0220" ORDER, /* negative, as its first bit is set */
    };
    uint8_t digest[32] = {1};
    some_signature(n);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        verdict_is(0, n, digest, hex(a, wrong[i]));
    uint8_t big[200] = {0x30, 0x81, 0xc5, 0x02, 0x81, 0xbf, 0x01};
    verdict_is(0, n, digest, (struct bytes){big, sizeof big});
}

/* The right numbers, written as BER allows and DER does not. */
static void the_right_numbers_in_other_octets_are_no_signature(void **state)
{
    struct numbers *n = *state;
    _auto(arena) a = arena_new();
    uint8_t digest[32], r[32], s[32];
    some_signature(n);
    assert_int_equal(BN_bn2binpad(n->e, digest, 32), 32);
    assert_int_equal(BN_bn2binpad(n->r, r, 32), 32);
    assert_int_equal(BN_bn2binpad(n->s, s, 32), 32);
    const char *tr = text_hex(a, (struct bytes){r, 32}), *ts = text_hex(a, (struct bytes){s, 32});
    const char *zr = r[0] & 0x80 ? "00" : "", *zs = s[0] & 0x80 ? "00" : "";
    unsigned nr = 32 + (r[0] >> 7), ns = 32 + (s[0] >> 7);
    const char *pair = arena_fmt(a, "02%02x%s%s02%02x%s%s", nr, zr, tr, ns, zs, ts);
    unsigned whole = nr + ns + 4;
    verdict_is(1, n, digest, hex(a, arena_fmt(a, "30%02x%s", whole, pair)));
    verdict_is(0, n, digest, hex(a, arena_fmt(a, "30%02x%s00", whole, pair)));
    verdict_is(0, n, digest, hex(a, arena_fmt(a, "30%02x%s0500", whole + 2, pair)));
    verdict_is(0, n, digest, hex(a, arena_fmt(a, "3081%02x%s", whole, pair)));
    verdict_is(0, n, digest, hex(a, arena_fmt(a, "3080%s0000", pair)));
    verdict_is(0, n, digest,
               hex(a, arena_fmt(a, "30%02x02%02x00%s%s02%02x%s%s", whole + 1, nr + 1, zr, tr, ns,
                                zs, ts)));
    verdict_is(
        0, n, digest,
        hex(a, arena_fmt(a, "30%02x02%02x%s%s0281%02x%s%s", whole + 1, nr, zr, tr, ns, zs, ts)));
}

static void random_signatures_verify_and_none_with_a_bit_flipped(void **state)
{
    struct numbers *n = *state;
    _auto(arena) a = arena_new();
    for (int i = 0; i < 8; i++) {
        struct err_info e;
        _auto(pki_key) k = NULL;
        struct bytes sig;
        uint8_t digest[32];
        assert_ok(pki_key_new(PKI_P256, &k, &e), &e);
        struct bytes point = pki_pub_point(pki_key_pub(k));
        assert_true(EC_POINT_oct2point(n->g, n->q, point.p, point.n, n->ctx));
        memset(digest, 0x11 * i + 1, sizeof digest);
        assert_ok(pki_key_sign_digest(k, digest, a, &sig, &e), &e);
        verdict_is(1, n, digest, sig);
        digest[31 - i] ^= 0x80;
        verdict_is(0, n, digest, sig);
        digest[31 - i] ^= 0x80;
        uint8_t *changed = arena_alloc(a, sig.n);
        memcpy(changed, sig.p, sig.n);
        changed[sig.n - 1 - (size_t)i] ^= 1;
        verdict_is(0, n, digest, (struct bytes){changed, sig.n});
    }
}

static void a_point_off_the_curve_is_no_key(void **state)
{
    struct numbers *n = *state;
    uint8_t point[65], infinity[1] = {0};
    struct err_info e;
    struct p256 *key;
    EC_POINT_point2oct(n->g, EC_GROUP_get0_generator(n->g), POINT_CONVERSION_UNCOMPRESSED, point,
                       sizeof point, NULL);
    assert_ok(p256_new((struct bytes){point, 65}, &key, &e), &e);
    p256_free(key);
    point[64] ^= 1;
    assert_err(ERR_KEY_UNSUPPORTED, p256_new((struct bytes){point, 65}, &key, &e));
    point[64] ^= 1;
    point[0] = 6; /* hybrid */
    assert_err(ERR_KEY_UNSUPPORTED, p256_new((struct bytes){point, 65}, &key, &e));
    assert_err(ERR_KEY_UNSUPPORTED, p256_new((struct bytes){point, 33}, &key, &e));
    assert_err(ERR_KEY_UNSUPPORTED, p256_new((struct bytes){infinity, 1}, &key, &e));
    memset(point + 1, 0xff, 64); /* not below the field's prime */
    point[0] = 4;
    assert_err(ERR_KEY_UNSUPPORTED, p256_new((struct bytes){point, 65}, &key, &e));
}

int main(void)
{
#define WITH_NUMBERS(name) cmocka_unit_test_setup_teardown(name, open_numbers, close_numbers)
    const struct CMUnitTest tests[] = {
        WITH_NUMBERS(what_fits_verifies_and_what_was_changed_does_not),
        WITH_NUMBERS(r_and_s_stand_between_0_and_the_order),
        WITH_NUMBERS(both_multiples_are_the_same_point),
        WITH_NUMBERS(the_sum_is_no_point),
        WITH_NUMBERS(a_digest_of_zero_is_a_digest),
        WITH_NUMBERS(an_x_above_the_order_is_taken_modulo_it),
        WITH_NUMBERS(only_proper_der_is_a_signature),
        WITH_NUMBERS(the_right_numbers_in_other_octets_are_no_signature),
        WITH_NUMBERS(random_signatures_verify_and_none_with_a_bit_flipped),
        WITH_NUMBERS(a_point_off_the_curve_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
