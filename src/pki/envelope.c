#include "pki/envelope_priv.h"

#include "base/sys.h"
#include "pki/der.h"
#include "pki/pki_priv.h"
#include "pki/sm2form.h"

#include <openssl/rsa.h>

#include <string.h>

/* SM4-ECB, GM/T 0006 */
static const uint8_t oid_sm4_ecb[] = {0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x68, 0x01};
enum { BLOB_VERSION = 1, BLOB_SM4_ECB = 0x401, BLOB_BITS = 256, COORDINATE = 32 };

static enum err wants(struct err_info *e, const char *what)
{
    return pki_why(e, ERR_KEY_UNSUPPORTED, "an envelope of this kind is for %s", what);
}

/* ---- the private part ---- */

/* PrivateKeyInfo (RFC 5958 2) of an ECPrivateKey (RFC 5915 3). */
static enum err scalar_of(struct bytes pkcs8, struct bytes *d, struct err_info *e)
{
    struct der whole = der_start(pkcs8), info, octets, key;
    struct bytes inner;
    int version;
    TRY(der_enter(&whole, DER_SEQUENCE, &info, e));
    TRY(der_small(&info, &version, e));
    TRY(der_take(&info, DER_SEQUENCE, &inner, e));
    TRY(der_take(&info, DER_OCTET_STRING, &inner, e));
    octets = der_start(inner);
    TRY(der_enter(&octets, DER_SEQUENCE, &key, e));
    TRY(der_small(&key, &version, e));
    TRY(der_take(&key, DER_OCTET_STRING, d, e));
    return d->n == ENVELOPE_SCALAR_LEN ? ERR_OK : der_refuse(e, "not 32 octets (RFC 5915 3)");
}

enum err envelope_secret(const struct pki_key *k, struct arena *a, struct bytes *secret,
                         struct err_info *e)
{
    struct bytes pkcs8;
    const struct sm2_key *sm2 = pki_key_sm2(k);
    if (sm2) {
        uint8_t *d = arena_alloc(a, SM2_LEN);
        sm2_key_octets(sm2, d);
        *secret = (struct bytes){d, SM2_LEN};
        return ERR_OK;
    }
    switch (pki_key_alg(k)) {
    case PKI_RSA2048:
    case PKI_RSA3072:
        return pki_key_to_der(k, a, secret, e);
    case PKI_SM2:
        TRY(pki_key_to_der(k, a, &pkcs8, e));
        return scalar_of(pkcs8, secret, e);
    case PKI_P256:
        break;
    }
    return wants(e, "SM2 and RSA");
}

/* ---- SM2: the SM4 key ---- */

/* An INTEGER of at most 256 bits, right-aligned; without its leading 00 it is taken too. */
static enum err take_coordinate(struct der *d, uint8_t out[COORDINATE], struct err_info *e)
{
    struct bytes c;
    TRY(der_take(d, DER_INTEGER, &c, e));
    if (c.n == COORDINATE + 1 && c.p[0] == 0)
        c = (struct bytes){c.p + 1, COORDINATE};
    if (c.n == 0 || c.n > COORDINATE)
        return der_refuse(e, "a coordinate is not an INTEGER of 256 bits (GM/T 0009 7.2)");
    memset(out, 0, COORDINATE);
    memcpy(out + COORDINATE - c.n, c.p, c.n);
    return ERR_OK;
}

static enum err take_octets(struct der *d, uint8_t *out, size_t n, struct err_info *e)
{
    struct bytes c;
    TRY(der_take(d, DER_OCTET_STRING, &c, e));
    if (c.n != n)
        return der_refuse(e, "%zu octets where %zu belong (GM/T 0009 7.2)", c.n, n);
    memcpy(out, c.p, n);
    return ERR_OK;
}

static enum err take_cipher(struct der *d, struct sm2_envelope *out, struct err_info *e)
{
    struct der seq;
    TRY(der_enter(d, DER_SEQUENCE, &seq, e));
    TRY(take_coordinate(&seq, out->c1, e));
    TRY(take_coordinate(&seq, out->c1 + COORDINATE, e));
    TRY(take_octets(&seq, out->c3, sizeof out->c3, e));
    TRY(take_octets(&seq, out->c2, sizeof out->c2, e));
    return der_end(&seq, e);
}

enum err sm2_envelope_cipher_read(struct bytes der, struct sm2_envelope *out, struct err_info *e)
{
    struct der d = der_start(der);
    TRY(take_cipher(&d, out, e));
    return der_end(&d, e);
}

static void put_cipher(struct buf *b, const struct sm2_envelope *v)
{
    size_t mark = der_open(b, DER_SEQUENCE);
    der_put_uint(b, (struct bytes){v->c1, COORDINATE});
    der_put_uint(b, (struct bytes){v->c1 + COORDINATE, COORDINATE});
    der_put(b, DER_OCTET_STRING, (struct bytes){v->c3, sizeof v->c3});
    der_put(b, DER_OCTET_STRING, (struct bytes){v->c2, sizeof v->c2});
    der_close(b, mark);
}

static enum err encrypt_key(const struct pki_pub *to, const uint8_t key[ENVELOPE_SM4_LEN],
                            struct sm2_envelope *out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes der;
    TRY(pki_sm2_encrypt(to, (struct bytes){key, ENVELOPE_SM4_LEN}, a, &der, e));
    return sm2_envelope_cipher_read(der, out, e);
}

static enum err decrypt_key(const struct sm2_envelope *v, const struct pki_key *to,
                            uint8_t key[ENVELOPE_SM4_LEN], struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_buf b;
    struct bytes plain;
    buf_init(&b, 256);
    put_cipher(&b, v);
    if (pki_sm2_decrypt(to, (struct bytes){b.p, b.n}, a, &plain, e) != ERR_OK ||
        plain.n != ENVELOPE_SM4_LEN)
        return pki_why(e, ERR_CRYPTO, "it was sealed to another key");
    memcpy(key, plain.p, ENVELOPE_SM4_LEN);
    return ERR_OK;
}

/* ---- SM2: the private key ---- */

static enum err sm4_ecb(int encrypt, const uint8_t key[ENVELOPE_SM4_LEN], struct bytes in,
                        uint8_t *out, struct err_info *e)
{
    _auto_evp(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    int n = 0, last = 0;
    if (!ctx || EVP_CipherInit_ex(ctx, EVP_sm4_ecb(), NULL, key, NULL, encrypt) != 1 ||
        EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
        EVP_CipherUpdate(ctx, out, &n, in.p, (int)in.n) != 1 ||
        EVP_CipherFinal_ex(ctx, out + n, &last) != 1)
        return pki_library_error(e, ERR_CRYPTO, "SM4");
    return ERR_OK;
}

enum err sm2_envelope_put(const uint8_t d[ENVELOPE_SCALAR_LEN], const struct pki_pub *pair,
                          const uint8_t key[ENVELOPE_SM4_LEN], struct sm2_envelope *out,
                          struct err_info *e)
{
    uint8_t field[sizeof out->scalar] = {0};
    if (pki_pub_alg(pair) != PKI_SM2)
        return wants(e, "an SM2 pair");
    memcpy(out->point, pki_pub_point(pair).p + 1, sizeof out->point);
    memcpy(field + ENVELOPE_SCALAR_LEN, d, ENVELOPE_SCALAR_LEN);
    enum err result = sm4_ecb(1, key, (struct bytes){field, sizeof field}, out->scalar, e);
    mem_wipe(field, sizeof field);
    out->whole = 1;
    return result;
}

enum err sm2_envelope_seal(const uint8_t d[ENVELOPE_SCALAR_LEN], const struct pki_pub *pair,
                           const struct pki_pub *to, struct sm2_envelope *out, struct err_info *e)
{
    uint8_t key[ENVELOPE_SM4_LEN];
    if (pki_pub_alg(to) != PKI_SM2)
        return wants(e, "an SM2 signing key");
    random_bytes(key, sizeof key);
    enum err result = sm2_envelope_put(d, pair, key, out, e);
    if (result == ERR_OK)
        result = encrypt_key(to, key, out, e);
    mem_wipe(key, sizeof key);
    return result;
}

static enum err pair_from(const struct sm2_envelope *v, const uint8_t d[ENVELOPE_SCALAR_LEN],
                          struct pki_key **pair, struct err_info *e)
{
    uint8_t point[1 + sizeof v->point] = {0x04};
    _auto(pki_key) key = NULL;
    memcpy(point + 1, v->point, sizeof v->point);
    if (pki_key_from_scalar(PKI_SM2, d, (struct bytes){point, sizeof point}, &key, e) != ERR_OK)
        return pki_why(e, ERR_CRYPTO, "its private key is not that of its public key");
    *pair = steal(&key);
    return ERR_OK;
}

enum err sm2_envelope_open(const struct sm2_envelope *v, const struct pki_key *to,
                           struct pki_key **pair, struct err_info *e)
{
    uint8_t key[ENVELOPE_SM4_LEN], d[ENVELOPE_SCALAR_LEN];
    *pair = NULL;
    if (pki_key_alg(to) != PKI_SM2)
        return wants(e, "an SM2 signing key");
    TRY(decrypt_key(v, to, key, e));
    struct bytes half = {v->scalar + sizeof v->scalar - sizeof d, sizeof d};
    enum err result = sm4_ecb(0, key, half, d, e);
    if (result == ERR_OK)
        result = pair_from(v, d, pair, e);
    mem_wipe(key, sizeof key);
    mem_wipe(d, sizeof d);
    return result;
}

/* ---- SM2: the two forms ---- */

enum err sm2_envelope_der(const struct sm2_envelope *v, struct arena *a, struct bytes *der,
                          struct err_info *e)
{
    struct buf b;
    uint8_t point[1 + sizeof v->point] = {0x04};
    memcpy(point + 1, v->point, sizeof v->point);
    buf_init(&b, ENVELOPE_MAX);
    size_t whole = der_open(&b, DER_SEQUENCE), alg = der_open(&b, DER_SEQUENCE);
    der_put(&b, DER_OID, (struct bytes){oid_sm4_ecb, sizeof oid_sm4_ecb});
    der_close(&b, alg);
    put_cipher(&b, v);
    der_put_bits(&b, (struct bytes){point, sizeof point}, 0);
    der_put_bits(
        &b, (struct bytes){v->scalar + sizeof v->scalar - ENVELOPE_SCALAR_LEN, ENVELOPE_SCALAR_LEN},
        0);
    der_close(&b, whole);
    return der_finish(&b, a, der, e);
}

static enum err take_algorithm(struct der *d, struct err_info *e)
{
    struct der alg;
    struct bytes oid, params = {0};
    TRY(der_enter(d, DER_SEQUENCE, &alg, e));
    TRY(der_take(&alg, DER_OID, &oid, e));
    if (der_more(&alg))
        TRY(der_take(&alg, DER_NULL, &params, e));
    if (params.n || !der_same(oid, (struct bytes){oid_sm4_ecb, sizeof oid_sm4_ecb}))
        return der_refuse(e, "not SM4 in ECB (GM/T 0009 7.4)");
    return der_end(&alg, e);
}

enum err sm2_envelope_read(struct bytes der, struct sm2_envelope *out, struct err_info *e)
{
    struct der d = der_start(der), seq;
    struct bytes point, scalar;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_end(&d, e));
    *out = (struct sm2_envelope){0};
    TRY(take_algorithm(&seq, e));
    TRY(take_cipher(&seq, out, e));
    TRY(der_bits(&seq, &point, NULL, e));
    TRY(der_bits(&seq, &scalar, NULL, e));
    TRY(der_end(&seq, e));
    if (point.n != 1 + sizeof out->point || point.p[0] != 0x04)
        return der_refuse(e, "the point must be uncompressed (GM/T 0009 7.1)");
    if (scalar.n != ENVELOPE_SCALAR_LEN)
        return der_refuse(e, "a private key of %zu octets (GM/T 0009 7.4)", scalar.n);
    memcpy(out->point, point.p + 1, sizeof out->point);
    memcpy(out->scalar + sizeof out->scalar - scalar.n, scalar.p, scalar.n);
    return ERR_OK;
}

/* Octets one after another, from or into a blob. */
static uint8_t *put_octets(uint8_t *at, const uint8_t *p, size_t n)
{
    memcpy(at, p, n);
    return at + n;
}

static uint8_t *put_ulong(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

/* X or Y of 256 bits in its field of 512. */
static uint8_t *put_wide(uint8_t *at, const uint8_t coordinate[COORDINATE])
{
    memset(at, 0, COORDINATE);
    return put_octets(at + COORDINATE, coordinate, COORDINATE);
}

enum err sm2_envelope_blob(const struct sm2_envelope *v, uint8_t out[ENVELOPE_BLOB_LEN],
                           struct err_info *e)
{
    if (!v->whole)
        return pki_why(e, ERR_CRYPTO, "an SM2EnvelopedKey does not have all that a blob has");
    uint8_t *at = put_ulong(out, BLOB_VERSION);
    at = put_ulong(at, BLOB_SM4_ECB);
    at = put_ulong(at, BLOB_BITS);
    at = put_octets(at, v->scalar, sizeof v->scalar);
    at = put_ulong(at, BLOB_BITS); /* ECCPUBLICKEYBLOB */
    at = put_wide(at, v->point);
    at = put_wide(at, v->point + COORDINATE);
    at = put_wide(at, v->c1); /* ECCCIPHERBLOB */
    at = put_wide(at, v->c1 + COORDINATE);
    at = put_octets(at, v->c3, sizeof v->c3);
    at = put_ulong(at, sizeof v->c2);
    put_octets(at, v->c2, sizeof v->c2);
    return ERR_OK;
}

struct blob_reader {
    const uint8_t *p;
    int wrong; /* a number or a field's upper half is another than it must be */
};

static void take_ulong(struct blob_reader *r, uint32_t want)
{
    uint8_t octets[4];
    put_ulong(octets, want);
    r->wrong |= memcmp(r->p, octets, sizeof octets) != 0;
    r->p += sizeof octets;
}

static void take_part(struct blob_reader *r, uint8_t *out, size_t n)
{
    memcpy(out, r->p, n);
    r->p += n;
}

static void take_wide(struct blob_reader *r, uint8_t out[COORDINATE])
{
    static const uint8_t zero[COORDINATE];
    r->wrong |= memcmp(r->p, zero, COORDINATE) != 0;
    r->p += COORDINATE;
    take_part(r, out, COORDINATE);
}

enum err sm2_envelope_read_blob(struct bytes blob, struct sm2_envelope *out, struct err_info *e)
{
    if (blob.n != ENVELOPE_BLOB_LEN)
        return der_refuse(e, "%zu octets; an ENVELOPEDKEYBLOB has %d (GM/T 0016 6.4)", blob.n,
                          ENVELOPE_BLOB_LEN);
    struct blob_reader r = {.p = blob.p};
    *out = (struct sm2_envelope){.whole = 1};
    take_ulong(&r, BLOB_VERSION);
    take_ulong(&r, BLOB_SM4_ECB);
    take_ulong(&r, BLOB_BITS);
    take_part(&r, out->scalar, sizeof out->scalar);
    take_ulong(&r, BLOB_BITS);
    take_wide(&r, out->point);
    take_wide(&r, out->point + COORDINATE);
    take_wide(&r, out->c1);
    take_wide(&r, out->c1 + COORDINATE);
    take_part(&r, out->c3, sizeof out->c3);
    take_ulong(&r, sizeof out->c2);
    take_part(&r, out->c2, sizeof out->c2);
    return r.wrong ? der_refuse(e, "not version 1, SM4-ECB, 256 bits (GM/T 0016 6.4)") : ERR_OK;
}

/* ---- RSA ---- */

enum { AES_LEN = 32, RSA_MAX = 384, KWP_MORE = 16 }; /* RFC 5649 4.1: padding and 8 octets */

static int is_rsa(enum pki_alg alg)
{
    return alg == PKI_RSA2048 || alg == PKI_RSA3072;
}

static EVP_PKEY_CTX *oaep(EVP_PKEY *key, int encrypt)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    if (ctx && (encrypt ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
        EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha1()) == 1 &&
        EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha1()) == 1)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

/* Octets written, 0 when it failed. */
static size_t key_wrap(int encrypt, const uint8_t key[AES_LEN], struct bytes in, uint8_t *out)
{
    _auto_evp(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    int n = 0, last = 0;
    if (!ctx)
        return 0;
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_CipherInit_ex(ctx, EVP_aes_256_wrap_pad(), NULL, key, NULL, encrypt) != 1 ||
        EVP_CipherUpdate(ctx, out, &n, in.p, (int)in.n) != 1 ||
        EVP_CipherFinal_ex(ctx, out + n, &last) != 1 || n + last <= 0)
        return 0;
    return (size_t)n + (size_t)last;
}

enum err rsa_envelope_seal(struct bytes pkcs8, const struct pki_pub *to, struct arena *a,
                           struct bytes *out, struct err_info *e)
{
    uint8_t key[AES_LEN];
    _auto_evp(EVP_PKEY) pkey = NULL;
    if (!is_rsa(pki_pub_alg(to)))
        return wants(e, "an RSA signing key");
    if (pkcs8.n == 0 || pkcs8.n > ENVELOPE_MAX - RSA_MAX - KWP_MORE)
        return pki_why(e, ERR_KEY_UNSUPPORTED, "a private key of %zu octets", pkcs8.n);
    TRY(pki_pub_evp(to, &pkey, e));
    uint8_t *p = arena_alloc(a, RSA_MAX + pkcs8.n + KWP_MORE);
    size_t first = RSA_MAX, second = 0;
    random_bytes(key, sizeof key);
    _auto_evp(EVP_PKEY_CTX) ctx = oaep(pkey, 1);
    if (ctx && EVP_PKEY_encrypt(ctx, p, &first, key, sizeof key) == 1)
        second = key_wrap(1, key, pkcs8, p + first);
    mem_wipe(key, sizeof key);
    if (!second)
        return pki_library_error(e, ERR_CRYPTO, "seal an RSA pair");
    *out = (struct bytes){p, first + second};
    return ERR_OK;
}

enum err rsa_envelope_open(struct bytes envelope, const struct pki_key *to, struct pki_key **pair,
                           struct err_info *e)
{
    uint8_t key[RSA_MAX];
    size_t first = pki_key_alg(to) == PKI_RSA2048 ? 256 : RSA_MAX, key_n = sizeof key, n = 0;
    _auto(arena) a = arena_new();
    *pair = NULL;
    if (!is_rsa(pki_key_alg(to)))
        return wants(e, "an RSA signing key");
    if (envelope.n <= first + KWP_MORE || envelope.n > ENVELOPE_MAX)
        return pki_why(e, ERR_CRYPTO, "an envelope of %zu octets", envelope.n);
    uint8_t *plain = arena_alloc(a, envelope.n);
    _auto_evp(EVP_PKEY) pkey = NULL;
    TRY(pki_key_evp(to, &pkey, e));
    _auto_evp(EVP_PKEY_CTX) ctx = oaep(pkey, 0);
    if (ctx && EVP_PKEY_decrypt(ctx, key, &key_n, envelope.p, first) == 1 && key_n == AES_LEN)
        n = key_wrap(0, key, (struct bytes){envelope.p + first, envelope.n - first}, plain);
    mem_wipe(key, sizeof key);
    if (!n)
        return pki_library_error(e, ERR_CRYPTO, "it was sealed to another key, or changed");
    return pki_key_from_der((struct bytes){plain, n}, pair, e);
}
