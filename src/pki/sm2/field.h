/* The field of SM2's curve: numbers modulo p = 2^256 - 2^224 - 2^96 + 2^64 - 1 (GB/T 32918.5), always from 0 to p - 1, kept as
 * 2^256 times themselves (Montgomery's form). The time does not follow them.
 *
 * The lowest word of p is 2^64 - 1, so -1/p is 1 modulo 2^64: the lowest word m of a number says itself how many times p makes it
 * 0, and m p is m 2^256 - m 2^224 - m 2^96 + m 2^64 - m.
 *
 * Compiled twice, for any processor and with SM2_FAST for x86-64 with BMI2 and AVX2: for curve.c only. */
#ifndef CERTHALL_PKI_SM2_FIELD_H
#define CERTHALL_PKI_SM2_FIELD_H

#include "pki/sm2/curve.h"

static const uint64_t field_p[WORDS] = {0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff,
                                        0xfffffffeffffffff};
/* 1, the curve's b, and what brings a number into the form (2^512) */
static const struct fe fe_one = {{1, 0xffffffff, 0, 0x100000000}};
static const struct fe fe_b = {
    {0x90d230632bc0dd42, 0x71cf379ae9b537ab, 0x527981505ea51c3c, 0x240fe188ba20e2c8}};
static const struct fe fe_into = {{0x200000003, 0x2ffffffff, 0x100000001, 0x400000002}};

/* Less p where there was a borrow: p is added again. */
static inline void fe_back(struct fe *out, const uint64_t less[WORDS], uint64_t below)
{
    const uint64_t p[WORDS] = {below, field_p[1] & below, below, field_p[3] & below};
    words_add(out->w, less, p);
}

/* A number below 2p, of which `above` is the bit 2^256. */
static inline void fe_once(struct fe *out, const uint64_t number[WORDS], uint64_t above)
{
    uint64_t less[WORDS];
    uint64_t borrow = words_sub(less, number, field_p);
    fe_back(out, less, hidden(above - borrow)); /* never a borrow less than there is above */
}

static inline void fe_add(struct fe *out, const struct fe *a, const struct fe *b)
{
    uint64_t sum[WORDS];
    uint64_t above = words_add(sum, a->w, b->w);
    fe_once(out, sum, above);
}

static inline void fe_sub(struct fe *out, const struct fe *a, const struct fe *b)
{
    uint64_t difference[WORDS];
    fe_back(out, difference, mask_of(words_sub(difference, a->w, b->w)));
}

#ifdef SM2_FAST

/* sum += a b, a of n words; the word of sum above them is set. */
static inline void fe_products(uint64_t *sum, const uint64_t *a, uint64_t b, int n)
{
    unsigned long long low[WORDS], high[WORDS];
    for (int j = 0; j < n; j++)
        low[j] = _mulx_u64(a[j], b, &high[j]);
    uint8_t carry = 0, upper = 0;
    for (int j = 0; j < n; j++)
        carry = word_add(carry, sum[j], low[j], &sum[j]);
    sum[n] = carry;
    for (int j = 0; j < n; j++)
        upper = word_add(upper, sum[j + 1], high[j], &sum[j + 1]);
}

/* The number and a multiple of p, divided by 2^256: m p is added word for word by shifts. */
static inline void fe_reduce_words(uint64_t t[WORDS])
{
    for (int i = 0; i < WORDS; i++) {
        uint64_t m = t[0], low = m << 32, high = m >> 32, mp[WORDS]; /* (m p + m) / 2^64 */
        uint8_t borrow = word_sub(0, m, low, &mp[0]);
        borrow = word_sub(borrow, 0, high, &mp[1]);
        borrow = word_sub(borrow, 0, low, &mp[2]);
        word_sub(borrow, m, high, &mp[3]);
        uint8_t carry = word_add(0, t[1], mp[0], &t[0]);
        carry = word_add(carry, t[2], mp[1], &t[1]);
        carry = word_add(carry, t[3], mp[2], &t[2]);
        word_add(carry, 0, mp[3], &t[3]);
    }
}

#else

/* a b + c + carry: never more than two words. */
static inline uint64_t fe_step(uint64_t *carry, uint64_t a, uint64_t b, uint64_t c)
{
    wide_word t = (wide_word)a * b + c + *carry;
    *carry = (uint64_t)(t >> 64);
    return (uint64_t)t;
}

static inline void fe_products(uint64_t *sum, const uint64_t *a, uint64_t b, int n)
{
    uint64_t carry = 0;
    for (int j = 0; j < n; j++)
        sum[j] = fe_step(&carry, a[j], b, sum[j]);
    sum[n] = carry;
}

static inline void fe_reduce_words(uint64_t t[WORDS])
{
    for (int i = 0; i < WORDS; i++) {
        uint64_t m = t[0], carry = m; /* of m (2^64 - 1) + m, whose low word is 0 */
        for (int j = 1; j < WORDS; j++)
            t[j - 1] = fe_step(&carry, m, field_p[j], t[j]);
        t[WORDS - 1] = carry;
    }
}

#endif

/* Eight words below p 2^256, divided by 2^256. */
static inline void fe_reduce(struct fe *out, uint64_t t[2 * WORDS])
{
    uint64_t sum[WORDS];
    fe_reduce_words(t);
    uint64_t above = words_add(sum, t, t + WORDS);
    fe_once(out, sum, above);
}

/* a b / 2^256. gcc puts everything on the stack where the plain ones stand in a row inside one function. */
#ifdef SM2_FAST
#define FE_CALL static inline
#else
#define FE_CALL static __attribute__((noinline))
#endif
FE_CALL void fe_mul(struct fe *out, const struct fe *a, const struct fe *b)
{
    uint64_t t[2 * WORDS] = {0};
    for (int i = 0; i < WORDS; i++)
        fe_products(t + i, a->w, b->w[i], WORDS);
    fe_reduce(out, t);
}

/* The six products of two different words, doubled, and the four squares. */
FE_CALL void fe_sqr(struct fe *out, const struct fe *a)
{
    uint64_t t[2 * WORDS] = {0};
    for (int i = 0; i < WORDS - 1; i++)
        fe_products(t + 2 * i + 1, a->w + i + 1, a->w[i], WORDS - 1 - i);
    uint8_t carry = 0;
    for (int i = 1; i < 2 * WORDS; i++)
        carry = word_add(carry, t[i], t[i], &t[i]);
    for (int i = 0; i < WORDS; i++) {
        wide_word square = (wide_word)a->w[i] * a->w[i];
        carry = word_add(carry, t[2 * i], (uint64_t)square, &t[2 * i]);
        carry = word_add(carry, t[2 * i + 1], (uint64_t)(square >> 64), &t[2 * i + 1]);
    }
    fe_reduce(out, t);
}

/* Into Montgomery's form, of a number below p, and out of it. */
static inline void fe_from(struct fe *out, const uint64_t number[WORDS])
{
    struct fe plain = {{number[0], number[1], number[2], number[3]}};
    fe_mul(out, &plain, &fe_into);
}

static inline void fe_to(uint64_t number[WORDS], const struct fe *a)
{
    uint64_t t[2 * WORDS] = {a->w[0], a->w[1], a->w[2], a->w[3]};
    struct fe plain;
    fe_reduce(&plain, t);
    for (int i = 0; i < WORDS; i++)
        number[i] = plain.w[i];
}

#endif
