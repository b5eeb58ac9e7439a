#include "pki/inverse.h"

#include <string.h>

__extension__ typedef __int128 wide;

enum { LIMBS = 5, BITS = 62 }; /* 310 bits: room for a sign and for twice the modulus */
static const int64_t MASK = (INT64_C(1) << BITS) - 1;

/* A signed number: limb[i] · 2^(62 i); all but the highest are from 0 to 2^62 - 1. */
struct number {
    int64_t limb[LIMBS];
};

/* 62 division steps: (f, g) becomes (u f + v g, q f + r g) / 2^62. No row's absolute values sum to more than 2^62. */
struct steps {
    int64_t u, v, q, r;
};

static struct number number_from(const uint8_t octets[INVERSE_LEN])
{
    struct number n = {{0}};
    for (int bit = 0; bit < 8 * INVERSE_LEN; bit += 8) {
        int limb = bit / BITS, shift = bit % BITS;
        uint64_t octet = octets[INVERSE_LEN - 1 - bit / 8];
        n.limb[limb] |= (int64_t)(octet << shift) & MASK;
        if (shift > BITS - 8)
            n.limb[limb + 1] |= (int64_t)(octet >> (BITS - shift));
    }
    return n;
}

static void number_to(const struct number *n, uint8_t octets[INVERSE_LEN])
{
    for (int bit = 0; bit < 8 * INVERSE_LEN; bit += 8) {
        int limb = bit / BITS, shift = bit % BITS;
        uint64_t octet = (uint64_t)n->limb[limb] >> shift;
        if (shift > BITS - 8)
            octet |= (uint64_t)n->limb[limb + 1] << (BITS - shift);
        octets[INVERSE_LEN - 1 - bit / 8] = (uint8_t)octet;
    }
}

static int is_zero(const struct number *n)
{
    int64_t any = 0;
    for (int i = 0; i < LIMBS; i++)
        any |= n->limb[i];
    return any == 0;
}

static int is_negative(const struct number *n)
{
    return n->limb[LIMBS - 1] < 0;
}

/* n + factor · m, factor -1, 0 or 1 */
static void add(struct number *n, const struct number *m, int factor)
{
    int64_t carry = 0;
    for (int i = 0; i < LIMBS - 1; i++) {
        carry += n->limb[i] + factor * m->limb[i];
        n->limb[i] = carry & MASK;
        carry >>= BITS;
    }
    n->limb[LIMBS - 1] += factor * m->limb[LIMBS - 1] + carry;
}

static void negate(struct number *n)
{
    struct number zero = {{0}};
    add(&zero, n, -1);
    *n = zero;
}

/* 62 steps on the lowest 64 bits of f and g, which decide on them; returns the new delta. */
static int64_t walk(int64_t delta, uint64_t f, uint64_t g, struct steps *out)
{
    uint64_t u = 1, v = 0, q = 0, r = 1; /* as unsigned, so that what wraps on the way is defined */
    for (int left = BITS;;) {
        int zeros = __builtin_ctzll(g | (UINT64_MAX << left)); /* steps that only halve g */
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        delta += zeros;
        left -= zeros;
        if (left == 0)
            break;
        if (delta > 0) {
            uint64_t t = f;
            delta = -delta;
            f = g, g = 0 - t;
            t = u, u = q, q = 0 - t;
            t = v, v = r, r = 0 - t;
        }
        /* Now delta <= 0, and for 1 - delta steps f is only added: as many low bits of g go at once, six of them at most,
         * with a multiple -g/f (mod 2^6); 1/f = f (2 - f^2) there. */
        int64_t bits = 1 - delta < left ? 1 - delta : left;
        uint64_t w = (f * g * (f * f - 2)) & ((UINT64_C(1) << (bits < 6 ? bits : 6)) - 1);
        g += f * w;
        q += u * w;
        r += v * w;
    }
    *out = (struct steps){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
    return delta;
}

/* f and g after the steps: the division by 2^62 is exact. */
static void apply(struct number *f, struct number *g, const struct steps *s)
{
    wide cf = 0, cg = 0;
    for (int i = 0; i < LIMBS; i++) {
        int64_t fi = f->limb[i], gi = g->limb[i];
        cf += (wide)s->u * fi + (wide)s->v * gi;
        cg += (wide)s->q * fi + (wide)s->r * gi;
        if (i > 0) {
            f->limb[i - 1] = (int64_t)cf & MASK;
            g->limb[i - 1] = (int64_t)cg & MASK;
        }
        cf >>= BITS;
        cg >>= BITS;
    }
    f->limb[LIMBS - 1] = (int64_t)cf;
    g->limb[LIMBS - 1] = (int64_t)cg;
}

/* One of the two factors of x: (a d + b e) / 2^62 modulo m. A multiple of m makes the division exact; another, where a factor
 * is negative, keeps the result above -2m and below m, as d and e were. */
static void apply_modulo(struct number *out, int64_t a, int64_t b, const struct number *d,
                         const struct number *e, const struct number *m, uint64_t m_inverse)
{
    int64_t times = (is_negative(d) ? a : 0) + (is_negative(e) ? b : 0);
    wide carry = (wide)a * d->limb[0] + (wide)b * e->limb[0];
    times -= (int64_t)((m_inverse * (uint64_t)carry + (uint64_t)times) & (uint64_t)MASK);
    carry += (wide)m->limb[0] * times;
    carry >>= BITS; /* what is shifted out is 0 */
    for (int i = 1; i < LIMBS; i++) {
        carry += (wide)a * d->limb[i] + (wide)b * e->limb[i] + (wide)m->limb[i] * times;
        out->limb[i - 1] = (int64_t)carry & MASK;
        carry >>= BITS;
    }
    out->limb[LIMBS - 1] = (int64_t)carry;
}

/* Modulo 2^64, by Newton: each round doubles the bits that are right, of which x = m has three. */
static uint64_t inverse_of_word(uint64_t m)
{
    uint64_t x = m;
    for (int i = 0; i < 5; i++)
        x *= 2 - m * x;
    return x;
}

static int is_one(const struct number *n)
{
    static const struct number one = {{1}};
    return memcmp(n, &one, sizeof one) == 0;
}

int inverse_of_public(const uint8_t x[INVERSE_LEN], const uint8_t modulus[INVERSE_LEN],
                      uint8_t out[INVERSE_LEN])
{
    if (memcmp(x, modulus, INVERSE_LEN) >= 0)
        return 0;
    struct number m = number_from(modulus), f = m, g = number_from(x);
    struct number d = {{0}}, e = {{1}}; /* always f = d x and g = e x (mod m) */
    uint64_t m_inverse = inverse_of_word((uint64_t)m.limb[0]);
    int64_t delta = 1;
    while (!is_zero(&g)) {
        struct steps s;
        struct number was_d = d, was_e = e;
        delta = walk(delta, (uint64_t)f.limb[0] | (uint64_t)f.limb[1] << BITS,
                     (uint64_t)g.limb[0] | (uint64_t)g.limb[1] << BITS, &s);
        apply(&f, &g, &s);
        apply_modulo(&d, s.u, s.v, &was_d, &was_e, &m, m_inverse);
        apply_modulo(&e, s.q, s.r, &was_d, &was_e, &m, m_inverse);
    }
    if (is_negative(&f)) { /* f is the greatest common divisor, or less 1 times it */
        negate(&f);
        negate(&d);
    }
    while (is_negative(&d))
        add(&d, &m, 1);
    struct number less = d;
    for (add(&less, &m, -1); !is_negative(&less); add(&less, &m, -1))
        d = less;
    number_to(&d, out);
    return is_one(&f);
}
