#include "pki/sm2/order.h"

#include "base/mem.h"

#include <string.h>

const uint64_t order_n[WORDS] = {0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff,
                                 0xfffffffeffffffff};
static const uint64_t minus_inverse = 0x327f9e8872350975; /* -1/n modulo 2^64 */
static const uint64_t square_of_2_256[WORDS] = {0x901192af7c114f20, 0x3464504ade6fa2fa,
                                                0x620fc84c3affe0d4, 0x1eb5e412a22b3d3b};

void order_reduce(uint64_t out[WORDS], const uint64_t a[WORDS])
{
    words_reduce(out, a, 0, order_n);
}

void order_add(uint64_t out[WORDS], const uint64_t a[WORDS], const uint64_t b[WORDS])
{
    uint64_t sum[WORDS];
    uint64_t above = words_add(sum, a, b);
    words_reduce(out, sum, above, order_n);
}

void order_sub(uint64_t out[WORDS], const uint64_t a[WORDS], const uint64_t b[WORDS])
{
    uint64_t difference[WORDS], back[WORDS];
    uint64_t below = mask_of(words_sub(difference, a, b));
    for (int i = 0; i < WORDS; i++)
        back[i] = order_n[i] & below;
    words_add(out, difference, back);
}

/* sum += a b, five words; the carry out of them. */
static uint64_t add_product(uint64_t sum[WORDS + 1], const uint64_t a[WORDS], uint64_t b)
{
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        wide_word t = (wide_word)a[i] * b + sum[i] + carry;
        sum[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    wide_word top = (wide_word)sum[WORDS] + carry;
    sum[WORDS] = (uint64_t)top;
    return (uint64_t)(top >> 64);
}

void order_mul(uint64_t out[WORDS], const uint64_t a[WORDS], const uint64_t b[WORDS])
{
    uint64_t sum[WORDS + 1] = {0}; /* below 2n after each round */
    for (int i = 0; i < WORDS; i++) {
        uint64_t above = add_product(sum, a, b[i]);
        above += add_product(sum, order_n, sum[0] * minus_inverse); /* the lowest word becomes 0 */
        for (int j = 0; j < WORDS; j++)
            sum[j] = sum[j + 1];
        sum[WORDS] = above;
    }
    words_reduce(out, sum, sum[WORDS], order_n);
}

void order_factor(uint64_t out[WORDS], const uint64_t a[WORDS])
{
    order_mul(out, square_of_2_256, a);
}

static void wipe(uint64_t words[WORDS])
{
    mem_wipe(words, WORDS * sizeof *words);
}

void order_from_random(uint64_t out[WORDS], const uint8_t octets[48])
{
    uint8_t high[WORDS_OCTETS] = {0};
    uint64_t h[WORDS], low[WORDS];
    memcpy(high + 16, octets, 16);
    words_from(h, high);
    words_from(low, octets + 16);
    order_factor(h, h); /* what stands above 2^256 */
    order_reduce(low, low);
    order_add(out, h, low);
    wipe(h);
    wipe(low);
    mem_wipe(high, sizeof high);
}
