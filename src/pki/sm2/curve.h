/* Points of SM2's curve (GB/T 32918.5), y^2 = x^3 - 3x + b, and their multiples. For the files of this folder.
 *
 * A multiple k P is the sum of digits of W bits, each times a power of 2^W: with k odd (n - k and -P instead of an even k) they
 * can all be odd, from -(2^W - 1) to 2^W - 1, so that none is zero, and no sum on the way is the point at infinity or meets a
 * point that is its own next term or its opposite, when the highest digit comes first and W is 4 or 6 (for this n; with 5 and 8
 * there are two numbers k for which the last addition doubles; tests/unit/pki/sm2 proves both). So there is one formula for adding
 * and nothing to choose in it. Memory is read without regard to a digit: each entry of its row, and all but one masked away. */
#ifndef CERTHALL_PKI_SM2_CURVE_H
#define CERTHALL_PKI_SM2_CURVE_H

#include "pki/sm2/words.h"

struct fe { /* Montgomery's form: field.h */
    uint64_t w[WORDS];
};

struct affine {
    struct fe x, y;
};

struct jacobian { /* x / z^2, y / z^3; infinity where z is 0 */
    struct fe x, y, z;
};

/* A comb: row i holds 1, 3, 5 … 2^W - 1 times 2^(W i) P. */
enum {
    COMB_G = 6, /* W for the generator: 43 rows of 32, 86 KiB */
    COMB_G_ROWS = 43,
    COMB_KEY = 4, /* for a key: 64 rows of 8, 32 KiB */
    COMB_KEY_ROWS = 64,
    COMB_G_ENTRIES = COMB_G_ROWS << (COMB_G - 1),
    COMB_KEY_ENTRIES = COMB_KEY_ROWS << (COMB_KEY - 1),
    WINDOW_ENTRIES =
        1 << (COMB_KEY - 1), /* its first row alone, for a point that is multiplied once */
};

/* The same source compiled for different processors. Numbers k are from 1 to n - 1; times do not follow k, nor the points. */
struct sm2_curve {
    const char *name;
    /* Rows of the comb of `p`; a window is one row. */
    void (*rows)(const struct affine *p, int bits, int rows, struct affine *entries);
    void (*times_g)(const struct affine *comb, const uint64_t k[WORDS], struct jacobian *out);
    void (*times_key)(const struct affine *comb, const uint64_t k[WORDS], struct jacobian *out);
    void (*times)(const struct affine *window, const uint64_t k[WORDS], struct jacobian *out);
    /* Coordinates as numbers below p; ones when they fulfil the curve's equation. Not for infinity. */
    uint64_t (*numbers)(const struct jacobian *p, uint64_t x[WORDS], uint64_t y[WORDS]);
    /* From coordinates; ones when they are below p and on the curve. */
    uint64_t (*point)(const uint64_t x[WORDS], const uint64_t y[WORDS], struct affine *out);
    uint64_t (*is_on_curve)(const struct affine *p);
    /* Is x(a + b) the number r modulo n? Any two points that everybody may know. */
    int (*sum_has_x)(const struct jacobian *a, const struct jacobian *b, const uint64_t r[WORDS]);
};

extern const struct sm2_curve sm2_curve_plain;
#ifdef __x86_64__
extern const struct sm2_curve sm2_curve_fast; /* BMI2 and AVX2 */
#endif

#endif
