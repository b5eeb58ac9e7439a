#include "pki/sm2/inverse.h"

#include "base/mem.h"

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

static struct number number_from(const uint64_t words[WORDS])
{
    struct number n;
    for (int i = 0; i < LIMBS; i++) { /* 62 i = 64 i - 2 i */
        uint64_t low = i < WORDS ? words[i] << (2 * i) : 0;
        uint64_t high = i > 0 ? words[i - 1] >> (64 - 2 * i) : 0;
        n.limb[i] = (int64_t)(low | high) & MASK;
    }
    return n;
}

static void number_to(const struct number *n, uint64_t words[WORDS])
{
    for (int i = 0; i < WORDS; i++)
        words[i] = (uint64_t)n->limb[i] >> (2 * i) | (uint64_t)n->limb[i + 1] << (BITS - 2 * i);
}

static int is_zero(const struct number *n)
{
    int64_t any = 0;
    for (int i = 0; i < LIMBS; i++)
        any |= n->limb[i];
    return any == 0;
}

/* Ones where it is negative. */
static int64_t if_negative(const struct number *n)
{
    return (int64_t)mask_of((uint64_t)n->limb[LIMBS - 1] >> 63);
}

/* n + factor · m, factor -1, 0 or 1 */
static void add(struct number *n, const struct number *m, int64_t factor)
{
    int64_t carry = 0;
    for (int i = 0; i < LIMBS - 1; i++) {
        carry += n->limb[i] + factor * m->limb[i];
        n->limb[i] = carry & MASK;
        carry >>= BITS;
    }
    n->limb[LIMBS - 1] += factor * m->limb[LIMBS - 1] + carry;
}

/* Where the mask is ones. */
static void negate(struct number *n, int64_t mask)
{
    struct number other = {{0}};
    add(&other, n, -1);
    for (int i = 0; i < LIMBS; i++)
        n->limb[i] ^= (n->limb[i] ^ other.limb[i]) & mask;
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

/* The same number of steps, each taking the same time whatever f and g are: for secrets. Here delta goes up and down as
 * -2 delta, which begins at -1: so 590 steps are enough for any numbers of 256 bits (walks from 1/2 are the shorter ones). */
static int64_t walk_evenly(int64_t minus, uint64_t f, uint64_t g, struct steps *out)
{
    uint64_t u = 1, v = 0, q = 0, r = 1;
    for (int i = 0; i < BITS; i++) {
        uint64_t odd = mask_of(g & 1), above = hidden((uint64_t)(minus >> 63)), swap = odd & above;
        g += ((f ^ above) - above) & odd; /* g - f where delta is above 0, else g + f */
        q += ((u ^ above) - above) & odd;
        r += ((v ^ above) - above) & odd;
        minus = (minus ^ (int64_t)swap) - (int64_t)swap - 2;
        f += g & swap; /* f becomes what g was, delta changes its sign */
        u += q & swap;
        v += r & swap;
        g >>= 1;
        u <<= 1;
        v <<= 1;
    }
    *out = (struct steps){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
    return minus;
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
    int64_t times = (if_negative(d) & a) + (if_negative(e) & b);
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

/* The lowest 64 bits. */
static uint64_t lowest(const struct number *n)
{
    return (uint64_t)n->limb[0] | (uint64_t)n->limb[1] << BITS;
}

struct walk {
    struct number f, g; /* always f = d x and g = e x (mod m) */
    struct number d, e;
    struct number m;
    uint64_t m_inverse; /* modulo 2^64 */
};

static struct walk walk_start(const uint64_t x[WORDS], const uint64_t modulus[WORDS])
{
    struct number m = number_from(modulus);
    return (struct walk){
        .f = m,
        .g = number_from(x),
        .e = {{1}},
        .m = m,
        .m_inverse = inverse_of_word((uint64_t)m.limb[0]),
    };
}

static void walk_on(struct walk *w, const struct steps *s)
{
    struct number d = w->d, e = w->e;
    apply(&w->f, &w->g, s);
    apply_modulo(&w->d, s->u, s->v, &d, &e, &w->m, w->m_inverse);
    apply_modulo(&w->e, s->q, s->r, &d, &e, &w->m, w->m_inverse);
}

/* f is 1 or -1 where there is an inverse: d, or -d, from 0 to m - 1. d stands between -2m and m. */
static void walk_end(struct walk *w, uint64_t out[WORDS])
{
    add(&w->d, &w->m, if_negative(&w->d) & 1);
    int64_t turned = if_negative(&w->f);
    negate(&w->f, turned);
    negate(&w->d, turned);
    add(&w->d, &w->m, if_negative(&w->d) & 1);
    number_to(&w->d, out);
}

int inverse_of_public(const uint8_t x[INVERSE_LEN], const uint8_t modulus[INVERSE_LEN],
                      uint8_t out[INVERSE_LEN])
{
    if (memcmp(x, modulus, INVERSE_LEN) >= 0)
        return 0;
    uint64_t number[WORDS], m[WORDS];
    words_from(number, x);
    words_from(m, modulus);
    struct walk w = walk_start(number, m);
    int64_t delta = 1;
    while (!is_zero(&w.g)) {
        struct steps s;
        delta = walk(delta, lowest(&w.f), lowest(&w.g), &s);
        walk_on(&w, &s);
    }
    walk_end(&w, number);
    words_to(out, number);
    return is_one(&w.f);
}

enum { EVEN_ROUNDS = 10 }; /* 620 steps */

void inverse_of_secret(const uint64_t x[WORDS], const uint64_t modulus[WORDS], uint64_t out[WORDS])
{
    struct walk w = walk_start(x, modulus);
    struct steps s;
    int64_t minus_twice_delta = -1;
    for (int i = 0; i < EVEN_ROUNDS; i++) {
        minus_twice_delta = walk_evenly(minus_twice_delta, lowest(&w.f), lowest(&w.g), &s);
        walk_on(&w, &s);
    }
    walk_end(&w, out);
    mem_wipe(&w, sizeof w);
    mem_wipe(&s, sizeof s);
}
