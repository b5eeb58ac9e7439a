#include "pki/sm2/sm2_priv.h"

#include "base/sys.h"
#include "pki/sm2/inverse.h"
#include "pki/sm2/order.h"
#include "pki/sm2/sm3.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ---- */

static const uint64_t generator_x[WORDS] = {0x715a4589334c74c7, 0x8fe30bbff2660be1,
                                            0x5f9904466a39c994, 0x32c4ae2c1f198119};
static const uint64_t generator_y[WORDS] = {0x02df32e52139f0a0, 0xd0a9877cc62a4740,
                                            0x59bdcee36b692153, 0xbc3736a2f4f6779c};

int sm2_init(struct sm2 *m, const struct sm2_curve *curve)
{
    struct affine g;
    m->curve = curve;
    if (!curve->point(generator_x, generator_y, &g))
        return 0;
    curve->rows(&g, COMB_G, COMB_G_ROWS, m->comb);
    return sm2_is_sound(m);
}

static struct sm2 machine;
static int sound;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make(void)
{
    const struct sm2_curve *curve = &sm2_curve_plain;
#ifdef __x86_64__
    if (__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx2"))
        curve = &sm2_curve_fast;
#endif
    sound = sm2_init(&machine, curve);
    if (!sound)
        log_line(LOG_LEVEL_ERROR, "sm2.self_test", "compiled for: %s", curve->name);
}

static enum err refuse(struct err_info *e, enum err code, const char *why)
{
    err_set(e, code, NULL, "%s", why);
    err_arg(e, "why", "%s", why);
    return code;
}

enum err sm2_wrong(struct err_info *e)
{
    return refuse(e, ERR_CRYPTO, "SM2: this machine calculates wrongly");
}

enum err sm2_get(const struct sm2 **out, struct err_info *e)
{
    pthread_once(&once, make);
    *out = sound ? &machine : NULL;
    return sound ? ERR_OK : sm2_wrong(e);
}

const char *sm2_processor(const struct sm2 *m)
{
    return m->curve->name;
}

/* ---- private keys ---- */

void sm2_nonce(const struct sm2_key *key, const uint8_t e[SM2_LEN], uint64_t k[WORDS])
{
    uint8_t fresh[SM2_LEN], d[SM2_LEN] = {0}, out[2 * SM3_LEN];
    random_bytes(fresh, sizeof fresh);
    if (key)
        words_to(d, key->d);
    struct sm3 start, h;
    sm3_init(&start); /* d and the random octets: one block */
    sm3_add(&start, d, sizeof d);
    sm3_add(&start, fresh, sizeof fresh);
    for (uint8_t i = 0; i < 2; i++) {
        h = start;
        sm3_add(&h, e, SM2_LEN);
        sm3_add(&h, &i, 1);
        sm3_finish(&h, out + i * SM3_LEN);
    }
    order_from_random(k, out);
    mem_wipe(&start, sizeof start);
    mem_wipe(fresh, sizeof fresh);
    mem_wipe(d, sizeof d);
    mem_wipe(out, sizeof out);
}

/* Ones where d, below n, is from 1 to n - 2. */
static uint64_t key_from(struct sm2_key *k, const uint64_t d[WORDS])
{
    static const uint64_t one[WORDS] = {1};
    uint64_t more[WORDS], inverse[WORDS];
    memcpy(k->d, d, sizeof k->d);
    order_add(more, d, one);
    inverse_of_secret(more, order_n, inverse);
    order_factor(k->inverse, inverse);
    order_factor(k->one_more, more);
    uint64_t good = ~(words_if_zero(d) | words_if_zero(more));
    mem_wipe(more, sizeof more);
    mem_wipe(inverse, sizeof inverse);
    return good;
}

enum err sm2_key_init(struct sm2_key *k, const uint8_t d[SM2_LEN], struct err_info *e)
{
    uint64_t number[WORDS], less[WORDS];
    words_from(number, d);
    uint64_t below = mask_of(words_sub(less, number, order_n));
    int good = sm2_public(key_from(k, number) & below) != 0;
    mem_wipe(number, sizeof number);
    mem_wipe(less, sizeof less);
    if (good)
        return ERR_OK;
    sm2_key_clear(k);
    return refuse(e, ERR_KEY_UNSUPPORTED,
                  "a number that is not from 1 to n - 2 (GB/T 32918.1 6.1)");
}

void sm2_key_make(struct sm2_key *k)
{
    static const uint8_t no_digest[SM2_LEN] = {0};
    uint64_t number[WORDS];
    do
        sm2_nonce(NULL, no_digest, number);
    while (!sm2_public(key_from(k, number)));
    mem_wipe(number, sizeof number);
}

enum err sm2_key_point(const struct sm2 *m, const struct sm2_key *k, uint8_t point[SM2_POINT_LEN],
                       struct err_info *e)
{
    struct jacobian p;
    uint64_t x[WORDS], y[WORDS];
    m->curve->times_g(m->comb, k->d, &p);
    uint64_t on_curve = sm2_public(m->curve->numbers(&p, x, y));
    words_to(point, x);
    words_to(point + SM2_LEN, y);
    mem_wipe(&p, sizeof p); /* its z tells of d */
    return on_curve ? ERR_OK : sm2_wrong(e);
}

void sm2_key_octets(const struct sm2_key *k, uint8_t d[SM2_LEN])
{
    words_to(d, k->d);
}

void sm2_key_clear(struct sm2_key *k)
{
    mem_wipe(k, sizeof *k);
}

/* ---- public keys ---- */

enum err sm2_pub_new(const struct sm2 *m, const uint8_t point[SM2_POINT_LEN], struct sm2_pub **out,
                     struct err_info *e)
{
    uint64_t x[WORDS], y[WORDS];
    struct affine p;
    *out = NULL;
    words_from(x, point);
    words_from(y, point + SM2_LEN);
    if (!m->curve->point(x, y, &p)) {
        return refuse(e, ERR_KEY_UNSUPPORTED, "the point is not on the curve (GB/T 32918.1 6.2)");
    }
    *out = mem_alloc(sizeof **out);
    m->curve->rows(&p, COMB_KEY, 1, (*out)->window);
    return ERR_OK;
}

void sm2_pub_free(struct sm2_pub *p)
{
    if (!p)
        return;
    free(p->comb);
    free(p);
}

void sm2_pub_prepare(const struct sm2 *m, struct sm2_pub *p)
{
    if (p->comb)
        return;
    struct affine *comb = mem_alloc(COMB_KEY_ENTRIES * sizeof *comb);
    m->curve->rows(&p->window[0], COMB_KEY, COMB_KEY_ROWS, comb);
    p->comb = comb;
}

/* ---- signatures ---- */

/* GB/T 32918.2 6.1 with s = (k + r) / (1 + d) - r, which is (k - r d) / (1 + d): the key takes part in one product. */
enum sm2_made sm2_sign_with(const struct sm2 *m, const struct sm2_key *key,
                            const uint8_t e[SM2_LEN], const uint64_t k[WORDS],
                            uint8_t sig[SM2_SIG_LEN])
{
    struct jacobian p;
    uint64_t r[WORDS], s[WORDS], t[WORDS], again[WORDS], x[WORDS], y[WORDS];
    m->curve->times_g(m->comb, k, &p);
    uint64_t right = m->curve->numbers(&p, x, y);
    words_from(r, e);
    order_reduce(r, r);
    order_reduce(x, x);
    order_add(r, r, x); /* A5 */
    order_add(t, r, k);
    order_mul(s, key->inverse, t);
    order_mul(again, key->one_more, s); /* (s + r) (1 + d) = k + r */
    right &= words_if_same(again, t);
    order_sub(s, s, r); /* A6 */
    uint64_t another = words_if_zero(k) | words_if_zero(r) | words_if_zero(s) | words_if_zero(t);
    words_to(sig, r);
    words_to(sig + SM2_LEN, s);
    mem_wipe(&p, sizeof p); /* its z tells of k */
    mem_wipe(t, sizeof t);
    mem_wipe(again, sizeof again);
    mem_wipe(y, sizeof y);
    enum sm2_made made = sm2_public(another)  ? SM2_ANOTHER
                         : sm2_public(~right) ? SM2_WRONG
                                              : SM2_MADE;
    if (made != SM2_MADE)
        mem_wipe(sig, SM2_SIG_LEN);
    return made;
}

enum err sm2_sign(const struct sm2 *m, const struct sm2_key *key, const uint8_t e[SM2_LEN],
                  uint8_t sig[SM2_SIG_LEN], struct err_info *info)
{
    uint64_t k[WORDS];
    enum sm2_made made;
    do {
        sm2_nonce(key, e, k);
        made = sm2_sign_with(m, key, e, k, sig);
    } while (made == SM2_ANOTHER);
    mem_wipe(k, sizeof k);
    return made == SM2_MADE ? ERR_OK : sm2_wrong(info);
}

int sm2_verify(const struct sm2 *m, const struct sm2_pub *p, const uint8_t e[SM2_LEN],
               const uint8_t sig[SM2_SIG_LEN])
{
    uint64_t r[WORDS], s[WORDS], t[WORDS], x[WORDS], less[WORDS];
    words_from(r, sig);
    words_from(s, sig + SM2_LEN);
    if (words_if_zero(r) || words_if_zero(s) || !words_sub(less, r, order_n) ||
        !words_sub(less, s, order_n)) /* B1, B2 */
        return 0;
    order_add(t, r, s); /* B5 */
    if (words_if_zero(t))
        return 0;
    struct jacobian sg, tp;
    const struct affine *comb = p->comb;
    m->curve->times_g(m->comb, s, &sg); /* B6 */
    if (comb)
        m->curve->times_key(comb, t, &tp);
    else
        m->curve->times(p->window, t, &tp);
    words_from(x, e); /* B7: e + x(sum) = r */
    order_reduce(x, x);
    order_sub(x, r, x);
    return m->curve->sum_has_x(&sg, &tp, x);
}

/* ---- the self-test: GB/T 32918.5 annex A ---- */

static const uint8_t example_d[SM2_LEN] = {
    0x39, 0x45, 0x20, 0x8f, 0x7b, 0x21, 0x44, 0xb1, 0x3f, 0x36, 0xe3, 0x8a, 0xc6, 0xd3, 0x9f, 0x95,
    0x88, 0x93, 0x93, 0x69, 0x28, 0x60, 0xb5, 0x1a, 0x42, 0xfb, 0x81, 0xef, 0x4d, 0xf7, 0xc5, 0xb8};
static const uint8_t example_point[SM2_POINT_LEN] = {
    0x09, 0xf9, 0xdf, 0x31, 0x1e, 0x54, 0x21, 0xa1, 0x50, 0xdd, 0x7d, 0x16, 0x1e, 0x4b, 0xc5, 0xc6,
    0x72, 0x17, 0x9f, 0xad, 0x18, 0x33, 0xfc, 0x07, 0x6b, 0xb0, 0x8f, 0xf3, 0x56, 0xf3, 0x50, 0x20,
    0xcc, 0xea, 0x49, 0x0c, 0xe2, 0x67, 0x75, 0xa5, 0x2d, 0xc6, 0xea, 0x71, 0x8c, 0xc1, 0xaa, 0x60,
    0x0a, 0xed, 0x05, 0xfb, 0xf3, 0x5e, 0x08, 0x4a, 0x66, 0x32, 0xf6, 0x07, 0x2d, 0xa9, 0xad, 0x13};
static const uint8_t example_e[SM2_LEN] = {
    0xf0, 0xb4, 0x3e, 0x94, 0xba, 0x45, 0xac, 0xca, 0xac, 0xe6, 0x92, 0xed, 0x53, 0x43, 0x82, 0xeb,
    0x17, 0xe6, 0xab, 0x5a, 0x19, 0xce, 0x7b, 0x31, 0xf4, 0x48, 0x6f, 0xdf, 0xc0, 0xd2, 0x86, 0x40};
static const uint64_t example_k[WORDS] = {0x6d54b80deac1bc21, 0xef3cc1fa3cdbe4ce,
                                          0x16680f3ad9c02dcc, 0x59276e27d506861a};
static const uint8_t example_sig[SM2_SIG_LEN] = {
    0xf5, 0xa0, 0x3b, 0x06, 0x48, 0xd2, 0xc4, 0x63, 0x0e, 0xea, 0xc5, 0x13, 0xe1, 0xbb, 0x81, 0xa1,
    0x59, 0x44, 0xda, 0x38, 0x27, 0xd5, 0xb7, 0x41, 0x43, 0xac, 0x7e, 0xac, 0xee, 0xe7, 0x20, 0xb3,
    0xb1, 0xb6, 0xaa, 0x29, 0xdf, 0x21, 0x2f, 0xd8, 0x76, 0x31, 0x82, 0xbc, 0x0d, 0x42, 0x1c, 0xa1,
    0xbb, 0x90, 0x38, 0xfd, 0x1f, 0x7f, 0x42, 0xd4, 0x84, 0x0b, 0x69, 0xc4, 0x85, 0xbb, 0xc1, 0xaa};

/* With a window and with a comb, and no signature of another digest. */
static int example_verifies(const struct sm2 *m)
{
    struct err_info ignored;
    uint8_t other[SM2_LEN];
    _auto(sm2_pub) p = NULL;
    if (sm2_pub_new(m, example_point, &p, &ignored) != ERR_OK)
        return 0;
    memcpy(other, example_e, sizeof other);
    other[SM2_LEN - 1] ^= 1;
    for (int prepared = 0; prepared < 2; prepared++) {
        if (!sm2_verify(m, p, example_e, example_sig) || sm2_verify(m, p, other, example_sig))
            return 0;
        sm2_pub_prepare(m, p);
    }
    return 1;
}

int sm2_is_sound(const struct sm2 *m)
{
    struct err_info ignored;
    struct sm2_key key;
    uint8_t sig[SM2_SIG_LEN];
    for (int i = 0; i < COMB_G_ENTRIES; i++)
        if (!m->curve->is_on_curve(&m->comb[i]))
            return 0;
    return sm2_key_init(&key, example_d, &ignored) == ERR_OK &&
           sm2_sign_with(m, &key, example_e, example_k, sig) == SM2_MADE &&
           memcmp(sig, example_sig, sizeof sig) == 0 && example_verifies(m);
}
