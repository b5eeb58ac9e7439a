/* EC_KEY and what makes tables for a point are deprecated since OpenSSL 3.0 and live as long as 3.x; EVP offers neither a key
 * without a provider's object around it nor a table. This file is all there is of them for verifying. No arithmetic is done
 * here: numbers are OpenSSL's BIGNUM, points its EC_POINT. Signatures and public keys are no secrets. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "pki/p256.h"

#include "pki/pki_priv.h"

#include <openssl/ec.h>
#include <openssl/err.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNATURE_MAX = 80 };

struct p256 {
    EC_KEY *key;
    _Atomic(EC_GROUP *)
        table; /* the curve with this key's point as its generator, and a table of it; NULL: none yet */
};

/* Made once, never changed, never freed: making it from its name costs about as much as a verification. */
static EC_GROUP *curve;
static pthread_once_t curve_once = PTHREAD_ONCE_INIT;

static void curve_make(void)
{
    curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

void p256_free(struct p256 *p)
{
    if (!p)
        return;
    EC_GROUP_free(p->table);
    EC_KEY_free(p->key);
    free(p);
}

enum err p256_new(struct bytes point, struct p256 **out, struct err_info *e)
{
    *out = NULL;
    if (point.n != 65 || point.p[0] != 0x04)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "the point must be uncompressed (RFC 5480 2.2)");
    pthread_once(&curve_once, curve_make);
    _auto(p256) p = mem_alloc(sizeof *p);
    p->key = EC_KEY_new();
    if (!curve || !p->key || EC_KEY_set_group(p->key, curve) != 1 ||
        EC_KEY_oct2key(p->key, point.p, point.n, NULL) != 1)
        return pki_library_error(e, ERR_KEY_UNSUPPORTED, "not a public key of its kind");
    *out = steal(&p);
    return ERR_OK;
}

void p256_prepare(struct p256 *p)
{
    EC_GROUP *g = EC_GROUP_dup(curve);
    if (g && !p->table &&
        EC_GROUP_set_generator(g, EC_KEY_get0_public_key(p->key), EC_GROUP_get0_order(curve),
                               EC_GROUP_get0_cofactor(curve)) == 1 &&
        EC_GROUP_precompute_mult(g, NULL) == 1 && EC_GROUP_have_precompute_mult(g)) {
        p->table = g;
        return;
    }
    EC_GROUP_free(g); /* verifying without it takes longer, and is as right */
    ERR_clear_error();
}

/* r and s of a signature in DER and nothing else; NULL where it is not. */
static ECDSA_SIG *read_signature(struct bytes sig)
{
    const unsigned char *p = sig.p;
    unsigned char again[2 * SIGNATURE_MAX], *q = again; /* no form of what was read is longer */
    ECDSA_SIG *s = sig.n <= SIGNATURE_MAX ? d2i_ECDSA_SIG(NULL, &p, (long)sig.n) : NULL;
    int n = s ? i2d_ECDSA_SIG(s, &q) : 0;
    if (s && n > 0 && (size_t)n == sig.n && memcmp(again, sig.p, sig.n) == 0)
        return s;
    ECDSA_SIG_free(s);
    return NULL;
}

static int is_in_range(const BIGNUM *v, const BIGNUM *order)
{
    return !BN_is_zero(v) && !BN_is_negative(v) && BN_ucmp(v, order) < 0;
}

/* Modulo the order: a coordinate is less than twice the order (the field's prime is). */
static int less_order(BIGNUM *x, const BIGNUM *order)
{
    return BN_ucmp(x, order) < 0 || BN_sub(x, x, order) == 1;
}

/* x of u1 G + u2 Q, both multiples from tables; 0 when it has none (the point at infinity), or on an error. */
static int sum_x(const EC_GROUP *table, const BIGNUM *u1, const BIGNUM *u2, BIGNUM *x, BN_CTX *ctx)
{
    EC_POINT *a = EC_POINT_new(curve), *b = EC_POINT_new(curve);
    int ok = a && b && EC_POINT_mul(curve, a, u1, NULL, NULL, ctx) == 1 &&
             EC_POINT_mul(table, b, u2, NULL, NULL, ctx) == 1 &&
             EC_POINT_add(curve, a, a, b, ctx) == 1 && !EC_POINT_is_at_infinity(curve, a) &&
             EC_POINT_get_affine_coordinates(curve, a, x, NULL, ctx) == 1;
    EC_POINT_free(a);
    EC_POINT_free(b);
    return ok;
}

/* FIPS 186-5 6.4.2, with numbers in `ctx`'s frame. The inverse of s is s^(order - 2), as the order is prime: for numbers that
 * are new each time it takes 9 us where BN_mod_inverse, whose branches follow the number, takes 13. */
static int equation_holds(const EC_GROUP *table, const BIGNUM *r, const BIGNUM *s,
                          const uint8_t digest[32], BN_CTX *ctx)
{
    const BIGNUM *order = EC_GROUP_get0_order(curve);
    BIGNUM *u1 = BN_CTX_get(ctx), *u2 = BN_CTX_get(ctx), *x = BN_CTX_get(ctx);
    return x && is_in_range(r, order) && is_in_range(s, order) && BN_bin2bn(digest, 32, u1) &&
           BN_copy(x, order) && BN_sub_word(x, 2) == 1 &&
           BN_mod_exp_mont(u2, s, x, order, ctx, EC_GROUP_get_mont_data(curve)) == 1 &&
           BN_mod_mul(u1, u1, u2, order, ctx) == 1 && BN_mod_mul(u2, u2, r, order, ctx) == 1 &&
           sum_x(table, u1, u2, x, ctx) && less_order(x, order) && BN_cmp(x, r) == 0;
}

static int verify_by_table(const EC_GROUP *table, const uint8_t digest[32], struct bytes sig)
{
    ECDSA_SIG *signature = read_signature(sig);
    BN_CTX *ctx = BN_CTX_new();
    int ok = 0;
    if (signature && ctx) {
        BN_CTX_start(ctx);
        ok = equation_holds(table, ECDSA_SIG_get0_r(signature), ECDSA_SIG_get0_s(signature), digest,
                            ctx);
        BN_CTX_end(ctx);
    }
    BN_CTX_free(ctx);
    ECDSA_SIG_free(signature);
    return ok;
}

int p256_verify(const struct p256 *p, const uint8_t digest[32], struct bytes sig)
{
    const EC_GROUP *table = p->table;
    int ok = 0;
    if (table)
        ok = verify_by_table(table, digest, sig);
    else if (sig.n <= SIGNATURE_MAX)
        ok = ECDSA_verify(0, digest, 32, sig.p, (int)sig.n, p->key) == 1;
    if (!ok)
        ERR_clear_error();
    return ok;
}
