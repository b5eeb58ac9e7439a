/* Compiled twice: field.h says how. */
#include "pki/sm2/curve.h"

#include "base/mem.h"
#include "pki/sm2/field.h"
#include "pki/sm2/inverse.h"
#include "pki/sm2/order.h"

#include <string.h>

#ifdef SM2_FAST
#define CURVE sm2_curve_fast
#define CURVE_NAME "BMI2 and AVX2"
#else
#define CURVE sm2_curve_plain
#define CURVE_NAME "plain"
#endif

/* ---- points ---- */

static void point_double(struct jacobian *out, const struct jacobian *p)
{
    struct fe zz, yy, xyy, m, t;
    fe_sqr(&zz, &p->z);
    fe_sqr(&yy, &p->y);
    fe_mul(&xyy, &p->x, &yy);
    fe_sub(&t, &p->x, &zz); /* m = 3 (x - z^2) (x + z^2), as a is -3 */
    fe_add(&m, &p->x, &zz);
    fe_mul(&t, &t, &m);
    fe_add(&m, &t, &t);
    fe_add(&m, &m, &t);
    fe_add(&t, &p->y, &p->z); /* z' = 2 y z */
    fe_sqr(&t, &t);
    fe_sub(&t, &t, &yy);
    fe_sub(&out->z, &t, &zz);
    fe_add(&xyy, &xyy, &xyy); /* x' = m^2 - 8 x y^2 */
    fe_add(&xyy, &xyy, &xyy);
    fe_sqr(&out->x, &m);
    fe_sub(&out->x, &out->x, &xyy);
    fe_sub(&out->x, &out->x, &xyy);
    fe_sub(&t, &xyy, &out->x); /* y' = m (4 x y^2 - x') - 8 y^4 */
    fe_mul(&t, &t, &m);
    fe_sqr(&yy, &yy);
    fe_add(&yy, &yy, &yy);
    fe_add(&yy, &yy, &yy);
    fe_add(&yy, &yy, &yy);
    fe_sub(&out->y, &t, &yy);
}

/* The last part of both additions: h = x2 - x1, r = y2 - y1, brought to one denominator, and x1, y1 there; z is done. */
static inline void add_end(struct jacobian *out, const struct fe *h, const struct fe *r,
                           const struct fe *x1, const struct fe *y1)
{
    struct fe hh, hhh, v, t;
    fe_sqr(&hh, h);
    fe_mul(&hhh, &hh, h);
    fe_mul(&v, x1, &hh);
    fe_mul(&t, y1, &hhh);
    fe_sqr(&out->x, r); /* x' = r^2 - h^3 - 2 v */
    fe_sub(&out->x, &out->x, &hhh);
    fe_sub(&out->x, &out->x, &v);
    fe_sub(&out->x, &out->x, &v);
    fe_sub(&v, &v, &out->x); /* y' = r (v - x') - y1 h^3 */
    fe_mul(&v, &v, r);
    fe_sub(&out->y, &v, &t);
}

/* p += q; neither infinity, equal, nor opposite. */
static inline void point_add_affine(struct jacobian *p, const struct affine *q)
{
    struct fe zz, h, r;
    fe_sqr(&zz, &p->z);
    fe_mul(&h, &q->x, &zz);
    fe_sub(&h, &h, &p->x);
    fe_mul(&r, &zz, &p->z);
    fe_mul(&r, &r, &q->y);
    fe_sub(&r, &r, &p->y);
    fe_mul(&p->z, &p->z, &h);
    add_end(p, &h, &r, &p->x, &p->y);
}

static uint64_t on_curve(const struct affine *p)
{
    struct fe left, right, t;
    fe_sqr(&right, &p->x); /* (x^2 - 3) x + b */
    fe_add(&t, &fe_one, &fe_one);
    fe_add(&t, &t, &fe_one);
    fe_sub(&right, &right, &t);
    fe_mul(&right, &right, &p->x);
    fe_add(&right, &right, &fe_b);
    fe_sqr(&left, &p->y);
    return words_if_same(left.w, right.w);
}

static void invert(struct fe *out, const struct fe *a)
{
    uint64_t number[WORDS];
    fe_to(number, a);
    inverse_of_secret(number, field_p, number);
    fe_from(out, number);
    mem_wipe(number, sizeof number);
}

/* With 1/z. */
static void to_affine(struct affine *out, const struct jacobian *p, const struct fe *inverse)
{
    struct fe square;
    fe_sqr(&square, inverse);
    fe_mul(&out->x, &p->x, &square);
    fe_mul(&square, &square, inverse);
    fe_mul(&out->y, &p->y, &square);
}

static uint64_t curve_numbers(const struct jacobian *p, uint64_t x[WORDS], uint64_t y[WORDS])
{
    struct affine a;
    struct fe inverse;
    invert(&inverse, &p->z);
    to_affine(&a, p, &inverse);
    fe_to(x, &a.x);
    fe_to(y, &a.y);
    uint64_t on = on_curve(&a);
    mem_wipe(&inverse, sizeof inverse);
    mem_wipe(&a, sizeof a);
    return on;
}

static uint64_t curve_point(const uint64_t x[WORDS], const uint64_t y[WORDS], struct affine *out)
{
    uint64_t less[WORDS];
    uint64_t below = words_sub(less, x, field_p) & words_sub(less, y, field_p);
    fe_from(&out->x, x);
    fe_from(&out->y, y);
    return mask_of(below) & on_curve(out);
}

/* ---- tables: of points that everybody may know ---- */

enum { ROW_MAX = 1 << (COMB_G - 1) };

/* n points with one inversion: of the product of all z, from which each 1/z is taken off in turn. */
static void all_to_affine(struct affine *out, const struct jacobian *p, int n)
{
    struct fe product[ROW_MAX], rest, inverse;
    product[0] = p[0].z;
    for (int i = 1; i < n; i++)
        fe_mul(&product[i], &product[i - 1], &p[i].z);
    invert(&rest, &product[n - 1]);
    for (int i = n - 1; i > 0; i--) {
        fe_mul(&inverse, &rest, &product[i - 1]);
        fe_mul(&rest, &rest, &p[i].z);
        to_affine(&out[i], &p[i], &inverse);
    }
    to_affine(&out[0], &p[0], &rest);
}

/* 1, 3, 5 … times p into `n` entries; p becomes 2 n p. */
static void fill_row(struct affine *entries, int n, struct affine *p)
{
    struct jacobian sum[ROW_MAX];
    struct affine twice;
    struct jacobian start = {p->x, p->y, fe_one}, next;
    struct fe inverse;
    point_double(&next, &start);
    invert(&inverse, &next.z);
    to_affine(&twice, &next, &inverse);
    sum[0] = start;
    for (int i = 1; i < n; i++) {
        sum[i] = sum[i - 1];
        point_add_affine(&sum[i], &twice);
    }
    all_to_affine(entries, sum, n);
    for (; n > 1; n /= 2)
        point_double(&next, &next);
    invert(&inverse, &next.z);
    to_affine(p, &next, &inverse);
}

static void curve_rows(const struct affine *p, int bits, int rows, struct affine *entries)
{
    struct affine base = *p;
    for (int i = 0; i < rows; i++)
        fill_row(entries + ((size_t)i << (bits - 1)), 1 << (bits - 1), &base);
}

/* ---- multiples by secret numbers ---- */

/* k as odd digits of so many bits: n - k for an even k. */
struct digits {
    uint64_t word[WORDS + 1];
    uint64_t turned; /* ones: the sum is the multiple's opposite */
};

static void digits_of(struct digits *d, const uint64_t k[WORDS], int bits, int rows)
{
    uint64_t odd[WORDS] = {k[0], k[1], k[2], k[3]}, other[WORDS];
    words_sub(other, order_n, k);
    d->turned = mask_of(~k[0] & 1);
    words_choose(odd, other, d->turned);
    /* half of it; its lowest bit, always 1, is in the digits' form */
    for (int i = 0; i < WORDS; i++)
        d->word[i] = odd[i] >> 1 | (i + 1 < WORDS ? odd[i + 1] << 63 : 0);
    d->word[WORDS] = 0;
    d->word[(bits * rows - 1) / 64] |= UINT64_C(1) << ((bits * rows - 1) % 64);
    mem_wipe(odd, sizeof odd);
    mem_wipe(other, sizeof other);
}

/* A part of an entry, as wide as every processor of the kind has it; in halves of words, as SSE2 compares those. */
#ifdef SM2_FAST
typedef uint32_t part __attribute__((vector_size(32)));
#else
typedef uint32_t part __attribute__((vector_size(16)));
#endif
enum { PARTS = sizeof(struct affine) / sizeof(part) }; /* 2 or 4 */

/* hidden() for a part. */
static inline part hidden_part(part mask)
{
#ifdef __x86_64__
    __asm__("" : "+x"(mask));
#else
    __asm__("" : "+m"(mask));
#endif
    return mask;
}

static inline part part_of(const struct affine *entry, int i)
{
    part p;
    memcpy(&p, (const uint8_t *)entry + (size_t)i * sizeof p, sizeof p);
    return p;
}

/* Entry `index` of a row of n, all of which are read. Four locals, since gcc puts an array of parts into memory. */
static inline void pick_entry(struct affine *out, const struct affine *row, uint32_t n,
                              uint32_t index)
{
    part a = {0}, b = {0}, c = {0}, d = {0}, at = {0}, wanted = index - (part){0};
    for (uint32_t j = 0; j < n; j++) {
        part mask = hidden_part((part)(at == wanted));
        at += 1;
        a |= part_of(&row[j], 0) & mask;
        b |= part_of(&row[j], 1) & mask;
        c |= part_of(&row[j], 2 % PARTS) & mask;
        d |= part_of(&row[j], 3 % PARTS) & mask;
    }
    const part all[4] = {a, b, c, d};
    memcpy(out, all, sizeof *out);
}

/* The entry of a row that digit i of so many bits says. Of the window u the digit is 2u - (2^bits - 1): its highest bit says
 * that it is positive, the others count from there, backwards for a negative one. */
static inline void pick(struct affine *out, const struct affine *row, const struct digits *d, int i,
                        int bits)
{
    int word = i * bits / 64, shift = i * bits % 64;
    uint64_t u = d->word[word] >> shift, n = UINT64_C(1) << (bits - 1);
    if (shift + bits > 64)
        u |= d->word[word + 1] << (64 - shift);
    uint64_t negative = mask_of(~(u >> (bits - 1)) & 1);
    pick_entry(out, row, (uint32_t)n, (uint32_t)((u ^ negative) & (n - 1)));
    struct fe opposite;
    fe_sub(&opposite, &(struct fe){{0}}, &out->y);
    words_choose(out->y.w, opposite.w, negative);
}

/* The sum of all digits' entries, the highest first; between two of them `doublings`. Row i begins at `stride` i. */
static inline void sum_up(const struct affine *entries, size_t stride, int bits, int rows,
                          int doublings, const uint64_t k[WORDS], struct jacobian *out)
{
    struct digits d;
    struct affine next;
    struct jacobian sum;
    digits_of(&d, k, bits, rows);
    pick(&next, entries + stride * (size_t)(rows - 1), &d, rows - 1, bits);
    sum = (struct jacobian){next.x, next.y, fe_one};
    for (int i = rows - 2; i >= 0; i--) {
        for (int j = 0; j < doublings; j++)
            point_double(&sum, &sum);
        pick(&next, entries + stride * (size_t)i, &d, i, bits);
        point_add_affine(&sum, &next);
    }
    struct fe opposite;
    fe_sub(&opposite, &(struct fe){{0}}, &sum.y);
    words_choose(sum.y.w, opposite.w, d.turned);
    *out = sum;
    mem_wipe(&d, sizeof d);
    mem_wipe(&next, sizeof next);
    mem_wipe(&sum, sizeof sum);
    mem_wipe(&opposite, sizeof opposite);
}

static void curve_times_g(const struct affine *comb, const uint64_t k[WORDS], struct jacobian *out)
{
    sum_up(comb, 1 << (COMB_G - 1), COMB_G, COMB_G_ROWS, 0, k, out);
}

static void curve_times_key(const struct affine *comb, const uint64_t k[WORDS],
                            struct jacobian *out)
{
    sum_up(comb, 1 << (COMB_KEY - 1), COMB_KEY, COMB_KEY_ROWS, 0, k, out);
}

static void curve_times(const struct affine *window, const uint64_t k[WORDS], struct jacobian *out)
{
    sum_up(window, 0, COMB_KEY, COMB_KEY_ROWS, COMB_KEY, k, out);
}

/* ---- verifying: public numbers only ---- */

/* Any two points but infinity. */
static void point_add(struct jacobian *out, const struct jacobian *p, const struct jacobian *q)
{
    struct fe pzz, qzz, x1, y1, h, r;
    fe_sqr(&pzz, &p->z);
    fe_sqr(&qzz, &q->z);
    fe_mul(&x1, &p->x, &qzz);
    fe_mul(&h, &q->x, &pzz);
    fe_sub(&h, &h, &x1);
    fe_mul(&y1, &qzz, &q->z);
    fe_mul(&y1, &y1, &p->y);
    fe_mul(&r, &pzz, &p->z);
    fe_mul(&r, &r, &q->y);
    fe_sub(&r, &r, &y1);
    if (words_if_zero(h.w) && words_if_zero(r.w)) {
        point_double(out, p);
        return;
    }
    fe_mul(&pzz, &p->z, &q->z);
    fe_mul(&out->z, &pzz, &h);
    add_end(out, &h, &r, &x1, &y1);
}

/* Is x / z^2 this number, which is below p? */
static int has_x(const struct jacobian *p, const uint64_t number[WORDS])
{
    struct fe x, zz;
    fe_from(&x, number);
    fe_sqr(&zz, &p->z);
    fe_mul(&x, &x, &zz);
    return words_if_same(x.w, p->x.w) != 0;
}

/* A coordinate is below p, which is less than twice n and more than n: it is r, or r + n where that is below p. */
static int curve_sum_has_x(const struct jacobian *a, const struct jacobian *b,
                           const uint64_t r[WORDS])
{
    struct jacobian sum;
    uint64_t above[WORDS], less[WORDS];
    point_add(&sum, a, b);
    if (words_if_zero(sum.z.w))
        return 0;
    int carry = (int)words_add(above, r, order_n);
    return has_x(&sum, r) || (!carry && words_sub(less, above, field_p) && has_x(&sum, above));
}

const struct sm2_curve CURVE = {
    .name = CURVE_NAME,
    .rows = curve_rows,
    .times_g = curve_times_g,
    .times_key = curve_times_key,
    .times = curve_times,
    .numbers = curve_numbers,
    .point = curve_point,
    .is_on_curve = on_curve,
    .sum_has_x = curve_sum_has_x,
};
