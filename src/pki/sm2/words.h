/* Numbers of 256 bits: four words of 64, the lowest first. What is here takes the same time whatever the numbers are.
 *
 * A mask is a word of all ones or of zeros. Each goes through hidden(): a compiler that knows it for a mask may make a branch of
 * what was written to have none. */
#ifndef CERTHALL_PKI_SM2_WORDS_H
#define CERTHALL_PKI_SM2_WORDS_H

#include <stdint.h>
#ifdef SM2_FAST
#include <immintrin.h>
#endif

__extension__ typedef unsigned __int128 wide_word;

enum { WORDS = 4, WORDS_OCTETS = 32 };

/* The same word, of which the compiler knows nothing any more. */
static inline uint64_t hidden(uint64_t word)
{
    __asm__("" : "+r"(word));
    return word;
}

/* Ones for the bit 1, zeros for 0. */
static inline uint64_t mask_of(uint64_t bit)
{
    return hidden(0 - bit);
}

/* Ones where the word is 0. */
static inline uint64_t mask_if_zero(uint64_t word)
{
    return mask_of((~word & (word - 1)) >> 63);
}

/* The same mask, no secret from here on: a verdict on which code may branch. A call of its own, so that a checker of secret
 * branches can be told. */
uint64_t sm2_public(uint64_t mask);

/* Big endian octets. */
void words_from(uint64_t out[WORDS], const uint8_t octets[WORDS_OCTETS]);
void words_to(uint8_t octets[WORDS_OCTETS], const uint64_t words[WORDS]);

/* Ones where all words are 0. */
static inline uint64_t words_if_zero(const uint64_t w[WORDS])
{
    return mask_if_zero(w[0] | w[1] | w[2] | w[3]);
}

static inline uint64_t words_if_same(const uint64_t a[WORDS], const uint64_t b[WORDS])
{
    return mask_if_zero((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]));
}

/* `out` becomes `other` where the mask is ones. */
static inline void words_choose(uint64_t out[WORDS], const uint64_t other[WORDS], uint64_t mask)
{
    for (int i = 0; i < WORDS; i++)
        out[i] ^= (out[i] ^ other[i]) & mask;
}

/* a + b + carry and a - b - borrow, each of one word; the new carry or borrow. SM2_FAST: field.h. */
#ifdef SM2_FAST
static inline uint8_t word_add(uint8_t carry, uint64_t a, uint64_t b, uint64_t *out)
{
    unsigned long long sum;
    carry = _addcarry_u64(carry, a, b, &sum);
    *out = sum;
    return carry;
}

static inline uint8_t word_sub(uint8_t borrow, uint64_t a, uint64_t b, uint64_t *out)
{
    unsigned long long difference;
    borrow = _subborrow_u64(borrow, a, b, &difference);
    *out = difference;
    return borrow;
}
#else
static inline uint8_t word_add(uint8_t carry, uint64_t a, uint64_t b, uint64_t *out)
{
    wide_word sum = (wide_word)a + b + carry;
    *out = (uint64_t)sum;
    return (uint8_t)(sum >> 64);
}

static inline uint8_t word_sub(uint8_t borrow, uint64_t a, uint64_t b, uint64_t *out)
{
    wide_word difference = (wide_word)a - b - borrow;
    *out = (uint64_t)difference;
    return (uint8_t)(difference >> 64) & 1;
}
#endif

/* The carry. */
static inline uint8_t words_add(uint64_t out[WORDS], const uint64_t a[WORDS],
                                const uint64_t b[WORDS])
{
    uint8_t carry = 0;
    for (int i = 0; i < WORDS; i++)
        carry = word_add(carry, a[i], b[i], &out[i]);
    return carry;
}

/* The borrow. */
static inline uint8_t words_sub(uint64_t out[WORDS], const uint64_t a[WORDS],
                                const uint64_t b[WORDS])
{
    uint8_t borrow = 0;
    for (int i = 0; i < WORDS; i++)
        borrow = word_sub(borrow, a[i], b[i], &out[i]);
    return borrow;
}

/* One from below twice the modulus to below it; `above` is the bit 2^256. `out` may be `a`. */
static inline void words_reduce(uint64_t out[WORDS], const uint64_t a[WORDS], uint64_t above,
                                const uint64_t modulus[WORDS])
{
    uint64_t less[WORDS];
    uint64_t borrow = words_sub(less, a, modulus); /* taken from the bit above, if it is there */
    uint64_t keep = mask_of(borrow & (above ^ 1));
    for (int i = 0; i < WORDS; i++)
        out[i] = (a[i] & keep) | (less[i] & ~keep);
}

#endif
