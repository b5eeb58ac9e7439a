/* OpenSSL's numbers and points of SM2's curve, against which ours are held, and numbers to try: the same in each run. */
#ifndef CERTHALL_TESTS_PKI_SM2_ORACLE_H
#define CERTHALL_TESTS_PKI_SM2_ORACLE_H

#include "testing.h"

#include "pki/sm2/sm2_priv.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

#include <stdlib.h>
#include <string.h>

#define SM2_PRIME "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff"
#define SM2_ORDER "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123"

struct oracle {
    BN_CTX *ctx;
    EC_GROUP *group;
    BIGNUM *p, *n, *shift; /* 2^256 */
    BIGNUM *a, *b, *c;     /* whatever is needed */
    EC_POINT *point;
    uint64_t seed;
};

static inline struct oracle *oracle_new(void)
{
    struct oracle *o = mem_alloc(sizeof *o);
    o->ctx = BN_CTX_new();
    o->group = EC_GROUP_new_by_curve_name(NID_sm2);
    assert_true(BN_hex2bn(&o->p, SM2_PRIME) && BN_hex2bn(&o->n, SM2_ORDER));
    o->shift = BN_new();
    BN_set_bit(o->shift, 256);
    o->a = BN_new();
    o->b = BN_new();
    o->c = BN_new();
    o->point = EC_POINT_new(o->group);
    o->seed = 20261120;
    return o;
}

static inline void oracle_free(struct oracle *o)
{
    BIGNUM *each[] = {o->p, o->n, o->shift, o->a, o->b, o->c};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++)
        BN_free(each[i]);
    EC_POINT_free(o->point);
    EC_GROUP_free(o->group);
    BN_CTX_free(o->ctx);
    free(o);
}
DEFINE_AUTO(oracle)

static inline uint64_t oracle_random(struct oracle *o)
{
    uint64_t x = o->seed += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static inline void random_words(struct oracle *o, uint64_t w[WORDS])
{
    for (int i = 0; i < WORDS; i++)
        w[i] = oracle_random(o);
}

static inline void random_octets(struct oracle *o, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)oracle_random(o);
}

static inline void words_of(const BIGNUM *n, uint64_t w[WORDS])
{
    uint8_t octets[WORDS_OCTETS];
    assert_int_equal(BN_bn2binpad(n, octets, sizeof octets), sizeof octets);
    words_from(w, octets);
}

static inline void number_of(const uint64_t w[WORDS], BIGNUM *n)
{
    uint8_t octets[WORDS_OCTETS];
    words_to(octets, w);
    assert_non_null(BN_bin2bn(octets, sizeof octets, n));
}

/* Numbers at which arithmetic goes wrong, if it does: edge i of these, or 0 past the last. Each is below `modulus`. */
static inline int edge_number(const struct oracle *o, unsigned i, const BIGNUM *modulus,
                              BIGNUM *out)
{
    (void)o;
    enum { NEAR = 301, BITS = 256 };
    if (i >= 2 * NEAR + 6 * BITS)
        return 0;
    if (i < NEAR) {
        BN_set_word(out, i);
    } else if (i < 2 * NEAR) {
        assert_true(BN_copy(out, modulus) && BN_sub_word(out, i - NEAR));
    } else {
        unsigned kind = (i - 2 * NEAR) / BITS;
        BN_zero(out);
        BN_set_bit(out, (int)((i - 2 * NEAR) % BITS));
        assert_true(kind % 3 == 1 ? BN_add_word(out, 1) : kind % 3 == 2 ? BN_sub_word(out, 1) : 1);
        if (kind >= 3)
            assert_true(BN_sub(out, modulus, out));
    }
    if (BN_is_negative(out) || BN_cmp(out, modulus) >= 0)
        BN_zero(out);
    return 1;
}

static inline void key_make(const struct sm2 *m, struct sm2_key *key, uint8_t d[SM2_LEN],
                            uint8_t point[SM2_POINT_LEN])
{
    struct err_info e;
    sm2_key_make(key);
    sm2_key_octets(key, d);
    assert_ok(sm2_key_point(m, key, point, &e), &e);
}

/* Each code that this machine can run. */
static inline void for_each_processor(void (*check)(const struct sm2 *m, struct oracle *o))
{
    const struct sm2_curve *curves[2] = {&sm2_curve_plain, NULL};
#ifdef __x86_64__
    if (__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx2"))
        curves[1] = &sm2_curve_fast;
#endif
    for (int i = 0; i < 2 && curves[i]; i++) {
        struct sm2 *m = mem_alloc(sizeof *m);
        _auto(oracle) o = oracle_new();
        assert_true(sm2_init(m, curves[i]));
        check(m, o);
        free(m);
    }
}

#endif
