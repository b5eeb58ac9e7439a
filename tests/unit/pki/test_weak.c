/* Weak keys are told from the public key alone. The moduli were made for this test, each by the flaw it shows. */
#include "chain.h"

#include "pki/der.h"
#include "pki/weak.h"

/* primes k·M + (65537^a mod M), M the product of the first 126 primes (CVE-2017-15361) */
static const char roca[] =
    "d6476c3735569640d99bd9793859a0fe0755699a32903c9bd8a26ed196094971fde63ae22a08ee43"
    "29dfaef39b1a61897fc61c3bec373d0cb4de0d03c006699bced0e3dd825d2b2dfb6e8d6285c0af92"
    "39abbe3b931b036db35f249a3e1b03feba4ef2bf2e2ba6dc659d8251f9596f613edbcb8b90e3e62b"
    "19e665e8c2669e29c307bab80e0f06240991167d7a4bf10a4e2b628c92087b3be2292b8c83bea7d7"
    "b3316c2498603880ff316f6965b8cceddd22217511d6427614faeefe979e83417aaf0e8b2d04cf27"
    "5e1360f83ab11fdcd4f0e91d092654e64e50d9930e61c023295480decbf8adf661fbf59f2f1a3510"
    "c2b72a85a64970b47dae1d508e54b4d7";
/* the second prime 20·2^512 above the first: Fermat's method parts them in round 58 */
static const char close_primes[] =
    "b6fab32ebf8e083583e8425714a623cf56fb8fa50963f196b3f45fe4312f8ba9a9d76cb9a3f15e42"
    "40e57aad857e7fc7029b098faf961273327b7388aa1524a8670bee0cae89eb61e28c92d188ae3b87"
    "2ff43183828c6557ce380b77b0f6e756b5b8e7d5932e5aa470663babd1127a1cf15314560f3ceee1"
    "ba76d07dc33327b5a37a78ed9c845c17f305423c4b6623b7ea089f234cf3672d40589e0097f38d58"
    "3a3611ba3600a00780269a15ddb056b4270e5973143059a7c99b90fcca02b983123b6116dc01a3da"
    "faac8ca6312ad0233c6f90cc1cda919b9c943373b437c98c48d2d69c9a3053efa93a80670ee63e56"
    "ae54f86e326a7687dc63de4884ddcac5";
/* 27·2^512 above it: in round 107 */
static const char distant_primes[] =
    "b6fab32ebf8e083583e8425714a623cf56fb8fa50963f196b3f45fe4312f8ba9a9d76cb9a3f15e42"
    "40e57aad857e7fc7029b098faf961273327b7388aa1524ae52119d99f9969b37537d0e846352859e"
    "6b8405c92d6e7214938ec5115372315ab3d1b51bb2e04a2e90b1bc1679bdcd233ef2a15e9c40a92b"
    "06ada7fd2bf318cc1e8cc9cf81111b703548361f99594b3dc695d7e872af6660a1b00501e8a8a886"
    "9bdda03a829496156fcb383aab4ef78079d711e166a25a05c0a41e12723477c8248b837a97aff250"
    "6105ec67751eaa3fc81b59e915d9deef71711648a6c650cf0911f55ba38fdb8423b692bc386157f2"
    "2ebfdf4a919932e3fab2cd6c91759f07";

static struct pki_pub *rsa_key(struct arena *a, struct bytes modulus)
{
    static const uint8_t f4[] = {1, 0, 1};
    static const uint8_t alg[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    struct err_info e;
    struct bytes key, spki;
    struct pki_pub *pub;
    struct buf b;
    buf_init(&b, 1024);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_uint(&b, modulus);
    der_put_uint(&b, (struct bytes){f4, sizeof f4});
    der_close(&b, mark);
    assert_ok(der_finish(&b, a, &key, &e), &e);
    buf_init(&b, 1024);
    mark = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, (struct bytes){alg, sizeof alg});
    der_put_bits(&b, key, 0);
    der_close(&b, mark);
    assert_ok(der_finish(&b, a, &spki, &e), &e);
    assert_ok(pki_pub_load(spki, &pub, &e), &e);
    return pub;
}

static void refused_for(struct pki_pub *pub, const char *why)
{
    struct err_info e;
    assert_err(ERR_KEY_WEAK, pki_pub_strong(pub, &e));
    if (!strstr(e.detail, why))
        fail_msg("refused for \"%s\", not for \"%s\"", e.detail, why);
    pki_pub_free(pub);
}

static void a_modulus_with_a_known_flaw_is_refused_by_its_name(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    refused_for(rsa_key(a, hex(a, roca)), "ROCA");
    refused_for(rsa_key(a, hex(a, close_primes)), "close");
    /* 751 is the greatest factor that is looked for, 3 the least */
    uint8_t n[256] = {0x80};
    n[254] = 0x0c; /* 2^2047 + 3231 = 751 · … */
    n[255] = 0x9f;
    refused_for(rsa_key(a, (struct bytes){n, sizeof n}), "divisible by 751 ");
    uint8_t square[256];
    memset(square, 0,
           sizeof square); /* (2^1024 - 1)² = 2^2048 - 2^1025 + 1, of which 3 is a factor */
    memset(square, 0xff, 128);
    square[127] = 0xfe;
    square[255] = 1;
    refused_for(rsa_key(a, (struct bytes){square, sizeof square}), "divisible by 3 ");
}

/* RFC 5280 knows no such rule: what is slightly better than the bounds is taken. */
static void what_is_within_the_bounds_is_taken(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct pki_pub *apart = rsa_key(a, hex(a, distant_primes));
    assert_ok(pki_pub_strong(apart, &e), &e);
    pki_pub_free(apart);
    for (enum pki_alg alg = PKI_P256; alg <= PKI_RSA3072; alg++) {
        _auto(pki_key) k = NULL;
        assert_ok(pki_key_new(alg, &k, &e), &e);
        assert_ok(pki_pub_strong(pki_key_pub(k), &e), &e);
    }
}

/* The private keys 1 and n - 1 */
static void the_generator_of_a_curve_is_nobodys_key(void **state)
{
    (void)state;
    static const struct {
        enum pki_alg alg;
        const char *x, *y, *minus_y;
    } g[] = {
        {PKI_P256, "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
         "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
         "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a"},
        {PKI_SM2, "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7",
         "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
         "43c8c95c0b098863a642311c9496deac2f56788239d5b8c0fd20cd1adec60f5f"},
    };
    _auto(arena) a = arena_new();
    for (int i = 0; i < 2; i++)
        for (int minus = 0; minus < 2; minus++) {
            struct err_info e;
            struct pki_pub *pub;
            const char *y = minus ? g[i].minus_y : g[i].y;
            struct bytes point = hex(a, arena_fmt(a, "04%s%s", g[i].x, y));
            assert_ok(pki_pub_from_point(g[i].alg, point, &pub, &e), &e);
            refused_for(pub, "generator");
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_modulus_with_a_known_flaw_is_refused_by_its_name),
        cmocka_unit_test(what_is_within_the_bounds_is_taken),
        cmocka_unit_test(the_generator_of_a_curve_is_nobodys_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
