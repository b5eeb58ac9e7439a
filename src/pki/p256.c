/* EC_KEY and what makes tables for a point are deprecated since OpenSSL 3.0 and live as long as 3.x; EVP offers neither a key
 * without a provider's object around it nor a table. This file is all there is of them for verifying. No arithmetic is done
 * here: numbers are OpenSSL's BIGNUM, points its EC_POINT. Signatures and public keys are no secrets. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "pki/p256.h"

#include "pki/pki_priv.h"
#include "pki/sm2/inverse.h"

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

/* u1 G + u2 Q, both multiples from tables; 0 when it is no point (infinity), or on an error. */
static int sum_of(const EC_GROUP *table, const BIGNUM *u1, const BIGNUM *u2, EC_POINT *sum,
                  BN_CTX *ctx)
{
    EC_POINT *b = EC_POINT_new(curve);
    int ok = b && EC_POINT_mul(curve, sum, u1, NULL, NULL, ctx) == 1 &&
             EC_POINT_mul(table, b, u2, NULL, NULL, ctx) == 1 &&
             EC_POINT_add(curve, sum, sum, b, ctx) == 1 && !EC_POINT_is_at_infinity(curve, sum);
    EC_POINT_free(b);
    return ok;
}

/* Is x / z^2 = r in the field? Asked so, no inverse is needed: x = r z^2. */
static int is_quotient(const BIGNUM *x, const BIGNUM *zz, const BIGNUM *r, BN_CTX *ctx)
{
    BIGNUM *product = BN_CTX_get(ctx);
    return product && BN_mod_mul(product, r, zz, EC_GROUP_get0_field(curve), ctx) == 1 &&
           BN_cmp(product, x) == 0;
}

/* Is the point's x, taken modulo the order, r? A coordinate is less than twice the order, so it is r, or r and the order. */
static int has_x(const EC_POINT *point, const BIGNUM *r, BN_CTX *ctx)
{
    const BIGNUM *field = EC_GROUP_get0_field(curve);
    BIGNUM *x = BN_CTX_get(ctx), *y = BN_CTX_get(ctx), *z = BN_CTX_get(ctx),
           *above = BN_CTX_get(ctx);
    return above && EC_POINT_get_Jprojective_coordinates_GFp(curve, point, x, y, z, ctx) == 1 &&
           BN_mod_sqr(z, z, field, ctx) == 1 &&
           (is_quotient(x, z, r, ctx) ||
            (BN_add(above, r, EC_GROUP_get0_order(curve)) == 1 && BN_ucmp(above, field) < 0 &&
             is_quotient(x, z, above, ctx)));
}

static int inverse_modulo_order(BIGNUM *out, const BIGNUM *s, const BIGNUM *order)
{
    uint8_t number[INVERSE_LEN], modulus[INVERSE_LEN];
    return BN_bn2binpad(s, number, sizeof number) == sizeof number &&
           BN_bn2binpad(order, modulus, sizeof modulus) == sizeof modulus &&
           inverse_of_public(number, modulus, number) && BN_bin2bn(number, sizeof number, out);
}

/* FIPS 186-5 6.4.2, with numbers in `ctx`'s frame. */
static int equation_holds(const EC_GROUP *table, const BIGNUM *r, const BIGNUM *s,
                          const uint8_t digest[32], EC_POINT *sum, BN_CTX *ctx)
{
    const BIGNUM *order = EC_GROUP_get0_order(curve);
    BIGNUM *u1 = BN_CTX_get(ctx), *u2 = BN_CTX_get(ctx);
    return u2 && is_in_range(r, order) && is_in_range(s, order) && BN_bin2bn(digest, 32, u1) &&
           inverse_modulo_order(u2, s, order) && BN_mod_mul(u1, u1, u2, order, ctx) == 1 &&
           BN_mod_mul(u2, u2, r, order, ctx) == 1 && sum_of(table, u1, u2, sum, ctx) &&
           has_x(sum, r, ctx);
}

static int verify_by_table(const EC_GROUP *table, const uint8_t digest[32], struct bytes sig)
{
    ECDSA_SIG *signature = read_signature(sig);
    BN_CTX *ctx = BN_CTX_new();
    EC_POINT *sum = EC_POINT_new(curve);
    int ok = 0;
    if (signature && ctx && sum) {
        BN_CTX_start(ctx);
        ok = equation_holds(table, ECDSA_SIG_get0_r(signature), ECDSA_SIG_get0_s(signature), digest,
                            sum, ctx);
        BN_CTX_end(ctx);
    }
    EC_POINT_free(sum);
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
