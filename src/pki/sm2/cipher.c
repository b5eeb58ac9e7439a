/* GB/T 32918.4: encryption. Both sides hash x and y of a point that only they know. */
#include "pki/sm2/sm2_priv.h"

#include "pki/sm2/sm3.h"

#include <string.h>

struct shared_point {
    uint8_t x[SM2_LEN], y[SM2_LEN];
};

/* k times the point; ones where it is on the curve. */
static uint64_t multiply(const struct sm2 *m, const struct affine *window, const uint64_t k[WORDS],
                         struct shared_point *out)
{
    struct jacobian p;
    uint64_t x[WORDS], y[WORDS];
    m->curve->times(window, k, &p);
    uint64_t right = m->curve->numbers(&p, x, y);
    words_to(out->x, x);
    words_to(out->y, y);
    mem_wipe(&p, sizeof p);
    mem_wipe(x, sizeof x);
    mem_wipe(y, sizeof y);
    return right;
}

/* `in` with the key stream of 5.4.3 over it; ones where the stream is all zeros. */
static uint64_t stream_over(const struct shared_point *point, struct bytes in, uint8_t *out)
{
    struct sm3 start, h;
    uint8_t octets[SM3_LEN], any = 0;
    sm3_init(&start); /* x and y: one block */
    sm3_add(&start, point, sizeof *point);
    for (size_t at = 0; at < in.n; at += SM3_LEN) {
        uint32_t counter = (uint32_t)(at / SM3_LEN + 1);
        const uint8_t ct[4] = {(uint8_t)(counter >> 24), (uint8_t)(counter >> 16),
                               (uint8_t)(counter >> 8), (uint8_t)counter};
        h = start;
        sm3_add(&h, ct, sizeof ct);
        sm3_finish(&h, octets);
        for (size_t i = 0; i < SM3_LEN && at + i < in.n; i++) {
            out[at + i] = in.p[at + i] ^ octets[i];
            any |= octets[i];
        }
    }
    mem_wipe(&start, sizeof start);
    mem_wipe(octets, sizeof octets);
    return mask_if_zero(any);
}

static void hash_of(const struct shared_point *point, struct bytes plain, uint8_t out[SM2_LEN])
{
    struct sm3 h;
    sm3_init(&h);
    sm3_add(&h, point->x, sizeof point->x);
    sm3_add(&h, plain.p, plain.n);
    sm3_add(&h, point->y, sizeof point->y);
    sm3_finish(&h, out);
}

static enum err size_fits(size_t n, struct err_info *e)
{
    if (n > SM2_PLAIN_MAX) {
        err_set(e, ERR_TOO_LARGE, NULL, "SM2 encryption of %zu octets", n);
        err_arg(e, "limit", "%d B", SM2_PLAIN_MAX);
        return ERR_TOO_LARGE;
    }
    if (n)
        return ERR_OK;
    err_set(e, ERR_CRYPTO, NULL, "SM2 encryption of nothing");
    err_arg(e, "why", "SM2 encrypts one octet at least (GB/T 32918.4 6.1)");
    return ERR_CRYPTO;
}

enum sm2_made sm2_encrypt_with(const struct sm2 *m, const struct sm2_pub *p, struct bytes plain,
                               const uint64_t k[WORDS], struct sm2_sealed *out, uint8_t *c2)
{
    struct jacobian c1;
    struct shared_point shared;
    uint64_t x[WORDS], y[WORDS];
    m->curve->times_g(m->comb, k, &c1); /* A2 */
    uint64_t right = m->curve->numbers(&c1, x, y);
    words_to(out->point, x);
    words_to(out->point + SM2_LEN, y);
    right &= multiply(m, p->window, k, &shared);
    uint64_t another = stream_over(&shared, plain, c2) | words_if_zero(k); /* A5, A6 */
    hash_of(&shared, plain, out->hash);
    mem_wipe(&c1, sizeof c1);
    mem_wipe(&shared, sizeof shared);
    return sm2_public(another) ? SM2_ANOTHER : sm2_public(~right) ? SM2_WRONG : SM2_MADE;
}

enum err sm2_encrypt(const struct sm2 *m, const struct sm2_pub *p, struct bytes plain,
                     struct sm2_sealed *out, uint8_t *c2, struct err_info *e)
{
    TRY(size_fits(plain.n, e));
    uint64_t k[WORDS];
    uint8_t hash[SM2_LEN];
    enum sm2_made made;
    struct sm3 h;
    sm3_init(&h); /* the text stands in for a digest, so that two texts never share a number */
    sm3_add(&h, plain.p, plain.n);
    sm3_finish(&h, hash);
    do {
        sm2_nonce(NULL, hash, k);
        made = sm2_encrypt_with(m, p, plain, k, out, c2);
    } while (made == SM2_ANOTHER);
    mem_wipe(k, sizeof k);
    mem_wipe(hash, sizeof hash);
    if (made == SM2_MADE)
        return ERR_OK;
    mem_wipe(out, sizeof *out);
    mem_wipe(c2, plain.n);
    return sm2_wrong(e);
}

static enum err not_for_this_key(struct err_info *e)
{
    err_set(e, ERR_CRYPTO, NULL, "SM2 decryption");
    err_arg(e, "why", "it was not encrypted for this key, or was changed");
    return ERR_CRYPTO;
}

enum err sm2_decrypt(const struct sm2 *m, const struct sm2_key *key,
                     const struct sm2_sealed *sealed, struct bytes c2, uint8_t *plain,
                     struct err_info *e)
{
    struct affine c1, window[WINDOW_ENTRIES];
    struct shared_point shared;
    uint64_t x[WORDS], y[WORDS];
    uint8_t hash[SM2_LEN], differs = 0;
    TRY(size_fits(c2.n, e));
    words_from(x, sealed->point);
    words_from(y, sealed->point + SM2_LEN);
    if (!m->curve->point(x, y, &c1)) { /* B1 */
        mem_wipe(plain, c2.n);
        return not_for_this_key(e);
    }
    m->curve->rows(&c1, COMB_KEY, 1, window);
    uint64_t right = multiply(m, window, key->d, &shared);
    right &= ~stream_over(&shared, c2, plain);
    hash_of(&shared, (struct bytes){plain, c2.n}, hash); /* B6 */
    for (int i = 0; i < SM2_LEN; i++)
        differs |= hash[i] ^ sealed->hash[i];
    mem_wipe(&shared, sizeof shared);
    mem_wipe(hash, sizeof hash);
    if (sm2_public(right & mask_if_zero(differs)))
        return ERR_OK;
    mem_wipe(plain, c2.n);
    return not_for_this_key(e);
}
