/* Encryption: the standard's example, OpenSSL's opinion of ours and ours of OpenSSL's, and whatever was changed. */
#include "evp.h"

#include "../vectors.h"

#include "pki/sm2/sm3.h"

/* SM2Cipher (GM/T 0009-2012 7.2) as OpenSSL reads and writes it; the module itself knows no DER. */
struct cipher {
    struct sm2_sealed sealed;
    uint8_t c2[600];
    size_t n;
};

static size_t put_integer(uint8_t *out, const uint8_t number[SM2_LEN])
{
    size_t skip = 0, n = 0;
    while (skip < SM2_LEN - 1 && !number[skip])
        skip++;
    int zero = number[skip] >> 7;
    out[n++] = 0x02;
    out[n++] = (uint8_t)(SM2_LEN - skip + (size_t)zero);
    if (zero)
        out[n++] = 0;
    memcpy(out + n, number + skip, SM2_LEN - skip);
    return n + SM2_LEN - skip;
}

static size_t put_octets(uint8_t *out, const uint8_t *p, size_t size)
{
    size_t n = 0;
    out[n++] = 0x04;
    out[n++] = 0x82;
    out[n++] = (uint8_t)(size >> 8);
    out[n++] = (uint8_t)size;
    if (size < 128)
        out[1] = (uint8_t)size, n = 2;
    else if (size < 256)
        out[1] = 0x81, out[2] = (uint8_t)size, n = 3;
    memcpy(out + n, p, size);
    return n + size;
}

static size_t write_cipher(const struct cipher *c, uint8_t out[800])
{
    uint8_t body[780];
    size_t n = put_integer(body, c->sealed.point);
    n += put_integer(body + n, c->sealed.point + SM2_LEN);
    n += put_octets(body + n, c->sealed.hash, SM2_LEN);
    n += put_octets(body + n, c->c2, c->n);
    size_t head = put_octets(out, body, n) - n;
    out[0] = 0x30;
    return head + n;
}

static const uint8_t *take(const uint8_t **p, size_t *n)
{
    const uint8_t *at = *p + 2;
    *n = (*p)[1];
    if (*n == 0x81)
        *n = (*p)[2], at++;
    else if (*n == 0x82)
        *n = (size_t)((*p)[2] << 8 | (*p)[3]), at += 2;
    *p = at + *n;
    return at;
}

static void read_cipher(struct cipher *c, const uint8_t *der)
{
    size_t n;
    memset(c, 0, sizeof *c);
    const uint8_t *p = der, *at = take(&p, &n);
    p = at;
    for (int i = 0; i < 2; i++) {
        at = take(&p, &n);
        size_t skip = n > SM2_LEN;
        memcpy(c->sealed.point + (size_t)(i + 1) * SM2_LEN - (n - skip), at + skip, n - skip);
    }
    memcpy(c->sealed.hash, take(&p, &n), SM2_LEN);
    at = take(&p, &c->n);
    memcpy(c->c2, at, c->n);
}

static void try_example(const struct sm2 *m, struct oracle *o)
{
    (void)o;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes plain = octets("encryption standard");
    /* GB/T 32918.5 C.2 */
    struct bytes want =
        hex(a, "307c022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73"
               "022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0"
               "042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
               "041321886ca989ca9c7d58087307ca93092d651efa");
    uint64_t k[WORDS];
    uint8_t der[800], opened[32];
    struct cipher c = {.n = plain.n};
    struct sm2_key key;
    _auto(sm2_pub) pub = NULL;
    words_from(k, hex(a, "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21").p);
    assert_ok(sm2_key_init(&key, hex(a, SM2_D).p, &e), &e);
    assert_ok(sm2_pub_new(m, hex(a, SM2_X SM2_Y).p, &pub, &e), &e);
    assert_int_equal(sm2_encrypt_with(m, pub, plain, k, &c.sealed, c.c2), SM2_MADE);
    size_t n = write_cipher(&c, der);
    assert_int_equal(n, want.n);
    assert_memory_equal(der, want.p, n);
    assert_ok(sm2_decrypt(m, &key, &c.sealed, (struct bytes){c.c2, c.n}, opened, &e), &e);
    assert_memory_equal(opened, plain.p, plain.n);
}

static void the_example_of_the_standard_comes_out(void **state)
{
    (void)state;
    for_each_processor(try_example);
}

static size_t evp_crypt(EVP_PKEY *key, int encrypt, const uint8_t *in, size_t n, uint8_t out[800])
{
    size_t made = 800;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    int ok = encrypt
                 ? EVP_PKEY_encrypt_init(ctx) == 1 && EVP_PKEY_encrypt(ctx, out, &made, in, n) == 1
                 : EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_decrypt(ctx, out, &made, in, n) == 1;
    EVP_PKEY_CTX_free(ctx);
    assert_true(ok);
    return made;
}

static void try_both_ways(const struct sm2 *m, struct oracle *o)
{
    struct err_info e;
    struct sm2_key key;
    uint8_t d[SM2_LEN], point[SM2_POINT_LEN], plain[600], opened[800], der[800];
    static const size_t sizes[] = {1, 2, 16, 31, 32, 33, 64, 65, 100, 128, 255, 256, 500, 600};
    key_make(m, &key, d, point);
    _auto(sm2_pub) pub = NULL;
    assert_ok(sm2_pub_new(m, point, &pub, &e), &e);
    EVP_PKEY *theirs = evp_key(d, point);
    for (size_t i = 0; i < 3 * sizeof sizes / sizeof *sizes; i++) {
        struct cipher c = {.n = sizes[i / 3]};
        random_octets(o, plain, c.n);
        assert_ok(sm2_encrypt(m, pub, (struct bytes){plain, c.n}, &c.sealed, c.c2, &e), &e);
        size_t n = write_cipher(&c, der);
        assert_int_equal(evp_crypt(theirs, 0, der, n, opened), c.n);
        assert_memory_equal(opened, plain, c.n);
        evp_crypt(theirs, 1, plain, c.n, der);
        read_cipher(&c, der);
        assert_ok(sm2_decrypt(m, &key, &c.sealed, (struct bytes){c.c2, c.n}, opened, &e), &e);
        assert_memory_equal(opened, plain, c.n);
    }
    EVP_PKEY_free(theirs);
}

static void each_side_opens_what_the_other_encrypted(void **state)
{
    (void)state;
    for_each_processor(try_both_ways);
}

static void refused(const struct sm2 *m, const struct sm2_key *key, const struct cipher *c)
{
    struct err_info e;
    uint8_t opened[600];
    memset(opened, 0xee, sizeof opened);
    assert_err(ERR_CRYPTO,
               sm2_decrypt(m, key, &c->sealed, (struct bytes){c->c2, c->n}, opened, &e));
    for (size_t i = 0; i < c->n; i++)
        assert_int_equal(opened[i], 0);
}

static void try_changed(const struct sm2 *m, struct oracle *o)
{
    (void)o;
    struct err_info e;
    struct sm2_key key, other;
    uint8_t d[SM2_LEN], point[SM2_POINT_LEN], plain[40] = {1, 2, 3};
    struct cipher c = {.n = sizeof plain};
    key_make(m, &other, d, point);
    key_make(m, &key, d, point);
    _auto(sm2_pub) pub = NULL;
    assert_ok(sm2_pub_new(m, point, &pub, &e), &e);
    assert_ok(sm2_encrypt(m, pub, (struct bytes){plain, c.n}, &c.sealed, c.c2, &e), &e);
    refused(m, &other, &c);
    for (size_t i = 0; i < sizeof c.sealed; i++) {
        struct cipher bad = c;
        ((uint8_t *)&bad.sealed)[i] ^= (uint8_t)(1 << i % 8);
        refused(m, &key, &bad);
    }
    for (size_t i = 0; i < c.n; i++) {
        struct cipher bad = c;
        bad.c2[i] ^= (uint8_t)(1 << i % 8);
        refused(m, &key, &bad);
    }
    struct cipher shorter = c;
    shorter.n--;
    refused(m, &key, &shorter);
    memset(shorter.sealed.point, 0, sizeof shorter.sealed.point);
    refused(m, &key, &shorter);
}

static void whatever_was_changed_is_not_opened(void **state)
{
    (void)state;
    for_each_processor(try_changed);
}

/* (x, 0) is on no curve of ours, and twice it is what some write as 0, 0: whoever sends it knows what the other side would hash.
 * The numbers of such points would tell of the private key. */
static void try_foreign_point(const struct sm2 *m, struct oracle *o)
{
    (void)o;
    struct sm2_key key;
    struct cipher c = {.n = 32};
    uint8_t d[SM2_LEN], point[SM2_POINT_LEN];
    struct sm3 h;
    key_make(m, &key, d, point);
    c.sealed.point[SM2_LEN - 1] = 5;
    sm3_init(&h); /* the key stream of 0, 0 over 32 octets of 0 */
    sm3_add(&h, (const uint8_t[SM2_POINT_LEN + 4]){[SM2_POINT_LEN + 3] = 1}, SM2_POINT_LEN + 4);
    sm3_finish(&h, c.c2);
    sm3_init(&h);
    sm3_add(&h, (const uint8_t[96]){0}, 96);
    sm3_finish(&h, c.sealed.hash);
    refused(m, &key, &c);
}

static void a_point_of_another_curve_is_not_multiplied(void **state)
{
    (void)state;
    for_each_processor(try_foreign_point);
}

static void try_sizes(const struct sm2 *m, struct oracle *o)
{
    struct err_info e;
    struct sm2_key key;
    struct sm2_sealed sealed;
    uint8_t d[SM2_LEN], point[SM2_POINT_LEN];
    size_t most = SM2_PLAIN_MAX;
    uint8_t *plain = mem_alloc(most + 1), *c2 = mem_alloc(most + 1), *opened = mem_alloc(most + 1);
    key_make(m, &key, d, point);
    _auto(sm2_pub) pub = NULL;
    assert_ok(sm2_pub_new(m, point, &pub, &e), &e);
    random_octets(o, plain, most + 1);
    assert_ok(sm2_encrypt(m, pub, (struct bytes){plain, most}, &sealed, c2, &e), &e);
    assert_ok(sm2_decrypt(m, &key, &sealed, (struct bytes){c2, most}, opened, &e), &e);
    assert_memory_equal(opened, plain, most);
    assert_err(ERR_TOO_LARGE,
               sm2_encrypt(m, pub, (struct bytes){plain, most + 1}, &sealed, c2, &e));
    assert_err(ERR_TOO_LARGE,
               sm2_decrypt(m, &key, &sealed, (struct bytes){c2, most + 1}, opened, &e));
    assert_err(ERR_CRYPTO, sm2_encrypt(m, pub, (struct bytes){plain, 0}, &sealed, c2, &e));
    assert_err(ERR_CRYPTO, sm2_decrypt(m, &key, &sealed, (struct bytes){c2, 0}, opened, &e));
    free(plain);
    free(c2);
    free(opened);
}

static void from_one_octet_to_the_most_and_nothing_else(void **state)
{
    (void)state;
    for_each_processor(try_sizes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_standard_comes_out),
        cmocka_unit_test(each_side_opens_what_the_other_encrypted),
        cmocka_unit_test(whatever_was_changed_is_not_opened),
        cmocka_unit_test(a_point_of_another_curve_is_not_multiplied),
        cmocka_unit_test(from_one_octet_to_the_most_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
