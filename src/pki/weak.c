#include "pki/weak.h"

#include "pki/der.h"
#include "pki/pki_priv.h"

#include <openssl/bn.h>

#include <string.h>

/* ---- curves ---- */

enum { COORDINATE = 32 };

/* X and Y. P-256: FIPS 186-4 D.1.2.3; SM2: GB/T 32918.5 */
static const uint8_t generators[2][1 + 2 * COORDINATE] = {
    {0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
     0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
     0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
     0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
     0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5},
    {0x04, 0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46,
     0x6a, 0x39, 0xc9, 0x94, 0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71,
     0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7, 0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6,
     0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53, 0xd0, 0xa9, 0x87,
     0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0},
};

enum err pki_pub_generator(enum pki_alg alg, struct pki_pub **out, struct err_info *e)
{
    const uint8_t *g = generators[alg == PKI_SM2];
    return pki_pub_from_point(alg, (struct bytes){g, sizeof generators[0]}, out, e);
}

static enum err curve_strong(const struct pki_pub *p, struct err_info *e)
{
    const uint8_t *g = generators[pki_pub_alg(p) == PKI_SM2];
    if (memcmp(pki_pub_point(p).p + 1, g + 1, COORDINATE) == 0)
        return pki_why(e, ERR_KEY_WEAK, "its point is the curve's generator or the negative of it");
    return ERR_OK;
}

/* ---- RSA ---- */

enum { FACTOR_END = 752, FERMAT_ROUNDS = 100 };

static int small_factor(const BIGNUM *n)
{
    for (unsigned f = 3; f < FACTOR_END; f += 2) {
        unsigned d = 3;
        while (d * d <= f && f % d != 0)
            d += 2;
        if (d * d > f && BN_mod_word(n, f) == 0)
            return (int)f;
    }
    return 0;
}

static int is_power_of_65537(unsigned residue, unsigned modulus)
{
    unsigned x = 1;
    do {
        if (x == residue)
            return 1;
        x = (unsigned)(x * 65537UL % modulus);
    } while (x != 1);
    return 0;
}

/* Primes k·M + (65537^a mod M): modulo each small prime of M, their product is a power of 65537 as well. Four of a thousand
 * million honest keys look like that. Only primes whose residues are not all such powers say anything. */
static int is_roca(const BIGNUM *n)
{
    static const uint8_t prime[] = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                    79, 97, 103, 107, 109, 127, 151, 157};
    for (size_t i = 0; i < sizeof prime; i++)
        if (!is_power_of_65537((unsigned)BN_mod_word(n, prime[i]), prime[i]))
            return 0;
    return 1;
}

/* Numbers of one check; NULL where there was no memory for one. */
struct numbers {
    BN_CTX *ctx;
    BIGNUM *n, *root, *square, *scratch, *rest;
};

/* root = floor(sqrt(v)), by Newton's method from above. */
static int square_root(struct numbers *w, const BIGNUM *v)
{
    if (!BN_one(w->root) || !BN_lshift(w->root, w->root, (BN_num_bits(v) + 1) / 2))
        return 0;
    for (;;) {
        if (!BN_div(w->scratch, NULL, v, w->root, w->ctx) ||
            !BN_add(w->scratch, w->scratch, w->root) || !BN_rshift1(w->scratch, w->scratch))
            return 0;
        if (BN_cmp(w->scratch, w->root) >= 0)
            return 1;
        BN_swap(w->scratch, w->root);
    }
}

/* -1: no memory. Most numbers are told by their residues. */
static int is_square(struct numbers *w, const BIGNUM *v)
{
    static const uint8_t modulus[] = {64, 63, 65, 11};
    for (size_t i = 0; i < sizeof modulus; i++) {
        unsigned residue = (unsigned)BN_mod_word(v, modulus[i]), k = 0;
        while (k < modulus[i] && k * k % modulus[i] != residue)
            k++;
        if (k == modulus[i])
            return 0;
    }
    if (!square_root(w, v) || !BN_sqr(w->scratch, w->root, w->ctx))
        return -1;
    return BN_cmp(w->scratch, v) == 0;
}

/* n = a² - b²: a from the root of n upwards. 1: parted; 0: not in so many rounds; -1: no memory. */
static int fermat_parts(struct numbers *w)
{
    if (!square_root(w, w->n) || !BN_copy(w->square, w->root) ||
        !BN_sqr(w->rest, w->square, w->ctx) || !BN_sub(w->rest, w->rest, w->n))
        return -1;
    for (int i = 0; i <= FERMAT_ROUNDS; i++) {
        int found = BN_is_negative(w->rest) ? 0 : is_square(w, w->rest);
        if (found != 0)
            return found;
        /* (a + 1)² = a² + 2a + 1 */
        if (!BN_add(w->rest, w->rest, w->square) || !BN_add(w->rest, w->rest, w->square) ||
            !BN_add_word(w->rest, 1) || !BN_add_word(w->square, 1))
            return -1;
    }
    return 0;
}

static enum err modulus_strong(struct numbers *w, struct err_info *e)
{
    int factor = small_factor(w->n);
    if (factor)
        return pki_why(e, ERR_KEY_WEAK, "its modulus is divisible by %d (NIST SP 800-89 5.3.3)",
                       factor);
    if (is_roca(w->n))
        return pki_why(e, ERR_KEY_WEAK,
                       "its modulus has the pattern of a faulty generator (ROCA, CVE-2017-15361)");
    int parted = fermat_parts(w);
    if (parted < 0)
        return pki_library_error(e, ERR_CRYPTO, "look at the modulus");
    if (parted)
        return pki_why(e, ERR_KEY_WEAK,
                       "its two primes are so close that they are found from the modulus");
    return ERR_OK;
}

static enum err rsa_strong(const struct pki_pub *p, struct err_info *e)
{
    struct bytes modulus;
    struct der d = der_start(pki_pub_point(p)), seq;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_uint(&seq, &modulus, e));
    struct numbers w = {.ctx = BN_CTX_new()};
    if (!w.ctx)
        return pki_library_error(e, ERR_CRYPTO, "look at the modulus");
    BN_CTX_start(w.ctx);
    w.n = BN_CTX_get(w.ctx);
    w.root = BN_CTX_get(w.ctx);
    w.square = BN_CTX_get(w.ctx);
    w.scratch = BN_CTX_get(w.ctx);
    w.rest = BN_CTX_get(w.ctx); /* NULL when any before was */
    enum err result = w.rest && BN_bin2bn(modulus.p, (int)modulus.n, w.n)
                          ? modulus_strong(&w, e)
                          : pki_library_error(e, ERR_CRYPTO, "look at the modulus");
    BN_CTX_end(w.ctx);
    BN_CTX_free(w.ctx);
    return result;
}

enum err pki_pub_strong(const struct pki_pub *p, struct err_info *e)
{
    enum pki_alg alg = pki_pub_alg(p);
    return alg == PKI_P256 || alg == PKI_SM2 ? curve_strong(p, e) : rsa_strong(p, e);
}
