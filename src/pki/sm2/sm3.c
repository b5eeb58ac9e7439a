#include "pki/sm2/sm3.h"

#include <string.h>

static inline uint32_t turn(uint32_t x, unsigned bits)
{
    return x << bits | x >> (-bits & 31);
}

static inline uint32_t p0(uint32_t x)
{
    return x ^ turn(x, 9) ^ turn(x, 17);
}

static inline uint32_t p1(uint32_t x)
{
    return x ^ turn(x, 15) ^ turn(x, 23);
}

static inline uint32_t word_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* GB/T 32905 5.3.2: the message's 16 words become 68. */
static void expand(uint32_t w[68], const uint8_t block[SM3_BLOCK])
{
    for (int i = 0; i < 16; i++)
        w[i] = word_at(block + 4 * i);
    for (int i = 16; i < 68; i++)
        w[i] = p1(w[i - 16] ^ w[i - 9] ^ turn(w[i - 3], 15)) ^ turn(w[i - 13], 7) ^ w[i - 6];
}

/* One step of 5.3.3, after which the roles of the eight words have moved on by one: b, d, f and h have new values. `t` is the
 * constant of the step, already turned. */
static inline void step(uint32_t a, uint32_t *b, uint32_t c, uint32_t *d, uint32_t e, uint32_t *f,
                        uint32_t g, uint32_t *h, uint32_t t, uint32_t w, uint32_t w4, int late)
{
    uint32_t ss1 = turn(turn(a, 12) + e + t, 7), ss2 = ss1 ^ turn(a, 12);
    uint32_t ff = late ? (a & *b) | (a & c) | (*b & c) : a ^ *b ^ c;
    uint32_t gg = late ? (e & *f) | (~e & g) : e ^ *f ^ g;
    *d = ff + *d + ss2 + (w ^ w4);
    *h = p0(gg + *h + ss1 + w);
    *b = turn(*b, 9);
    *f = turn(*f, 19);
}

static void compress(uint32_t state[8], const uint8_t block[SM3_BLOCK])
{
    uint32_t w[68], s[8];
    expand(w, block);
    memcpy(s, state, sizeof s);
    for (unsigned i = 0; i < 64; i += 4) {
        int late = i >= 16;
        uint32_t t = turn(late ? 0x7a879d8a : 0x79cc4519, i % 32);
        step(s[0], &s[1], s[2], &s[3], s[4], &s[5], s[6], &s[7], t, w[i], w[i + 4], late);
        step(s[3], &s[0], s[1], &s[2], s[7], &s[4], s[5], &s[6], turn(t, 1), w[i + 1], w[i + 5],
             late);
        step(s[2], &s[3], s[0], &s[1], s[6], &s[7], s[4], &s[5], turn(t, 2), w[i + 2], w[i + 6],
             late);
        step(s[1], &s[2], s[3], &s[0], s[5], &s[6], s[7], &s[4], turn(t, 3), w[i + 3], w[i + 7],
             late);
    }
    for (int i = 0; i < 8; i++)
        state[i] ^= s[i];
    mem_wipe(w, sizeof w);
    mem_wipe(s, sizeof s);
}

void sm3_init(struct sm3 *h)
{
    static const uint32_t start[8] = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
                                      0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};
    memcpy(h->state, start, sizeof start);
    h->octets = 0;
}

void sm3_add(struct sm3 *h, const void *p, size_t n)
{
    const uint8_t *from = p;
    while (n > 0) {
        size_t at = h->octets % SM3_BLOCK, part = SM3_BLOCK - at < n ? SM3_BLOCK - at : n;
        memcpy(h->block + at, from, part);
        from += part;
        n -= part;
        h->octets += part;
        if (h->octets % SM3_BLOCK == 0)
            compress(h->state, h->block);
    }
}

void sm3_finish(struct sm3 *h, uint8_t out[SM3_LEN])
{
    static const uint8_t padding[SM3_BLOCK] = {0x80};
    uint64_t bits = h->octets * 8;
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sm3_add(h, padding, 1 + (SM3_BLOCK + 55 - h->octets % SM3_BLOCK) % SM3_BLOCK);
    sm3_add(h, length, sizeof length);
    for (int i = 0; i < SM3_LEN; i++)
        out[i] = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
    mem_wipe(h, sizeof *h);
}
