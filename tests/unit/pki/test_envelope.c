/* Envelopes of encryption key pairs: GM/T 0009's SM2EnvelopedKey and GM/T 0016's ENVELOPEDKEYBLOB octet for octet, PKCS#11's form for
 * RSA; sealed to one key, and nothing that was changed opens. */
#include "vectors.h"

#include "pki/envelope_priv.h"

#include <stdlib.h>
#include <unistd.h>

/* The pair, the SM4 key, its SM2Cipher to the key of GB/T 32918's examples, and both forms; computed apart from this code, by OpenSSL's
 * command line. */
#define ENC_D "2b77de4dc36e1e8bb968ef65e8612dc257699e252f283af57f930309894f4039"
#define ENC_XY                                                                                     \
    "2aa73ceb7a54301ff128fe281b94cb819462ea0955106e44f952e5fa7d899621"                             \
    "da6dfc54f3be6e9ae42ad679a6f70238900d6ad6ac56a3974d08c8284d95b73e"
#define SM4_KEY "0123456789abcdeffedcba9876543210"
// clang-format off
#define CIPHER                                                                                     \
    "3079022100a7edadbcd1042320ea1274892cbd959b679ccb0f84c2810f760bada990582c7c022073be3ee1" \
    "fbd0be72d93be049890f8e65df95e7b220f27fac47e1ad395e38de290420209b354fd2fb3b35e6f05de48d" \
    "7a74ff403696c3478ceb731e3db88aee0fd1d50410bc608ee25af30d05e576804e8aa9a6bb"
#define ENVELOPED                                                                                  \
    "3081ee300a06082a811ccf550168013079022100a7edadbcd1042320ea1274892cbd959b679ccb0f84c281" \
    "0f760bada990582c7c022073be3ee1fbd0be72d93be049890f8e65df95e7b220f27fac47e1ad395e38de29" \
    "0420209b354fd2fb3b35e6f05de48d7a74ff403696c3478ceb731e3db88aee0fd1d50410bc608ee25af30d" \
    "05e576804e8aa9a6bb034200042aa73ceb7a54301ff128fe281b94cb819462ea0955106e44f952e5fa7d89" \
    "9621da6dfc54f3be6e9ae42ad679a6f70238900d6ad6ac56a3974d08c8284d95b73e03210051fcd6576afa" \
    "6ad2b079e472ccb9c1049dde755b988db176824f310afbdaed36"
#define BLOB                                                                                       \
    "0100000001040000000100002677f46b09c122cc975533105bd4a22a2677f46b09c122cc975533105bd4a2" \
    "2a51fcd6576afa6ad2b079e472ccb9c1049dde755b988db176824f310afbdaed3600010000000000000000" \
    "00000000000000000000000000000000000000000000000000002aa73ceb7a54301ff128fe281b94cb8194" \
    "62ea0955106e44f952e5fa7d89962100000000000000000000000000000000000000000000000000000000" \
    "00000000da6dfc54f3be6e9ae42ad679a6f70238900d6ad6ac56a3974d08c8284d95b73e00000000000000" \
    "00000000000000000000000000000000000000000000000000a7edadbcd1042320ea1274892cbd959b679c" \
    "cb0f84c2810f760bada990582c7c0000000000000000000000000000000000000000000000000000000000" \
    "00000073be3ee1fbd0be72d93be049890f8e65df95e7b220f27fac47e1ad395e38de29209b354fd2fb3b35" \
    "e6f05de48d7a74ff403696c3478ceb731e3db88aee0fd1d510000000bc608ee25af30d05e576804e8aa9a6" \
    "bb"
// clang-format on

static struct pki_key *example_key(struct arena *a, const char *d, const char *xy)
{
    struct err_info e;
    struct pki_key *k = NULL;
    struct bytes point = hex(a, arena_fmt(a, "04%s", xy));
    assert_ok(pki_key_from_scalar(PKI_SM2, hex(a, d).p, point, &k, &e), &e);
    return k;
}

static struct sm2_envelope example(struct arena *a)
{
    struct err_info e;
    struct sm2_envelope v = {0};
    _auto(pki_key) pair = example_key(a, ENC_D, ENC_XY);
    assert_ok(sm2_envelope_put(hex(a, ENC_D).p, pki_key_pub(pair), hex(a, SM4_KEY).p, &v, &e), &e);
    assert_ok(sm2_envelope_cipher_read(hex(a, CIPHER), &v, &e), &e);
    return v;
}

static void both_forms_are_the_published_octets(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes der;
    uint8_t blob[ENVELOPE_BLOB_LEN];
    struct sm2_envelope v = example(a);
    assert_ok(sm2_envelope_der(&v, a, &der, &e), &e);
    assert_bytes(hex(a, ENVELOPED), der);
    assert_ok(sm2_envelope_blob(&v, blob, &e), &e);
    assert_bytes(hex(a, BLOB), ((struct bytes){blob, sizeof blob}));
}

static void opens_to_the_pair(const struct sm2_envelope *v, struct arena *a)
{
    struct err_info e;
    struct bytes d;
    _auto(pki_key) to = example_key(a, SM2_D, SM2_X SM2_Y);
    _auto(pki_key) pair = NULL;
    assert_ok(sm2_envelope_open(v, to, &pair, &e), &e);
    assert_ok(envelope_secret(pair, a, &d, &e), &e);
    assert_bytes(hex(a, ENC_D), d);
    assert_bytes(hex(a, "04" ENC_XY), pki_pub_point(pki_key_pub(pair)));
}

static void both_forms_are_read_and_open(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes again;
    uint8_t blob[ENVELOPE_BLOB_LEN];
    struct sm2_envelope v;
    assert_ok(sm2_envelope_read(hex(a, ENVELOPED), &v, &e), &e);
    opens_to_the_pair(&v, a);
    assert_err(ERR_CRYPTO, sm2_envelope_blob(&v, blob, &e));
    assert_ok(sm2_envelope_der(&v, a, &again, &e), &e);
    assert_bytes(hex(a, ENVELOPED), again);
    assert_ok(sm2_envelope_read_blob(hex(a, BLOB), &v, &e), &e);
    opens_to_the_pair(&v, a);
    assert_ok(sm2_envelope_blob(&v, blob, &e), &e);
    assert_bytes(hex(a, BLOB), ((struct bytes){blob, sizeof blob}));
}

/* gmsm writes NULL parameters; old peers INTEGERs that look negative. */
static void other_spellings_of_the_same_are_taken(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct sm2_envelope v;
    const char *whole = ENVELOPED;
    char *null = arena_fmt(a, "3081f0300a06082a811ccf550168010500%s",
                           whole + strlen("3081ee300a06082a811ccf55016801"));
    memcpy(null + 6, "300c", 4);
    assert_ok(sm2_envelope_read(hex(a, null), &v, &e), &e);
    opens_to_the_pair(&v, a);
    const char *x = strstr(whole, "022100a7");
    char *negative = arena_fmt(a, "3081ed%.*s0220%s", (int)(x - whole - 6), whole + 6, x + 6);
    char *outer = strstr(negative, "3079");
    assert_non_null(outer);
    memcpy(outer, "3078", 4);
    assert_ok(sm2_envelope_read(hex(a, negative), &v, &e), &e);
    opens_to_the_pair(&v, a);
}

static void what_is_no_envelope_is_refused_by_its_rule(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct sm2_envelope v;
    const struct bytes der = hex(a, ENVELOPED), blob = hex(a, BLOB);
    for (size_t n = 0; n < der.n; n++)
        assert_err(ERR_DER_MALFORMED, sm2_envelope_read((struct bytes){der.p, n}, &v, &e));
    struct bytes longer = hex(a, ENVELOPED "00");
    assert_err(ERR_DER_MALFORMED, sm2_envelope_read(longer, &v, &e));
    for (size_t n = 0; n < blob.n; n += 7)
        assert_err(ERR_DER_MALFORMED, sm2_envelope_read_blob((struct bytes){blob.p, n}, &v, &e));
    assert_err(ERR_DER_MALFORMED, sm2_envelope_read_blob(hex(a, BLOB "00"), &v, &e));
    /* SM4-CBC instead of SM4-ECB, in each form */
    uint8_t *cbc = (uint8_t *)(uintptr_t)hex(a, ENVELOPED).p,
            *cbc_blob = (uint8_t *)(uintptr_t)hex(a, BLOB).p;
    cbc[14] = 0x02;
    assert_err(ERR_DER_MALFORMED, sm2_envelope_read((struct bytes){cbc, der.n}, &v, &e));
    assert_non_null(strstr(e.detail, "ECB"));
    cbc_blob[4] = 0x02;
    assert_err(ERR_DER_MALFORMED, sm2_envelope_read_blob((struct bytes){cbc_blob, blob.n}, &v, &e));
}

/* Each octet of the blob, a bit of it changed: it is not read, or does not open, or says the same (the half of the private key's
 * field that is zeros, which no reader needs). */
static void a_flipped_bit_gives_no_other_pair(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    _auto(pki_key) to = example_key(a, SM2_D, SM2_X SM2_Y);
    const struct bytes blob = hex(a, BLOB);
    int refused = 0;
    for (size_t i = 0; i < blob.n; i++) {
        struct sm2_envelope v;
        _auto(pki_key) pair = NULL;
        struct bytes copy = arena_bytes(a, blob.p, blob.n);
        ((uint8_t *)(uintptr_t)copy.p)[i] ^= 1 << i % 8;
        if (sm2_envelope_read_blob(copy, &v, &e) != ERR_OK)
            refused++;
        else if (i < 12 || i >= 44)
            assert_err(ERR_CRYPTO, sm2_envelope_open(&v, to, &pair, &e));
    }
    assert_int_equal(refused, 12 + 4 + 4 * 32 + 4); /* numbers, and what pads the coordinates */
}

static void a_fresh_envelope_opens_for_its_key_alone(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct sm2_envelope v, again;
    struct bytes d, found;
    _auto(pki_key) pair = NULL;
    _auto(pki_key) to = NULL;
    _auto(pki_key) other = NULL;
    _auto(pki_key) opened = NULL;
    _auto(pki_key) none = NULL;
    assert_ok(pki_key_new(PKI_SM2, &pair, &e), &e);
    assert_ok(pki_key_new(PKI_SM2, &to, &e), &e);
    assert_ok(pki_key_new(PKI_SM2, &other, &e), &e);
    assert_ok(envelope_secret(pair, a, &d, &e), &e);
    assert_int_equal(d.n, ENVELOPE_SCALAR_LEN);
    assert_ok(sm2_envelope_seal(d.p, pki_key_pub(pair), pki_key_pub(to), &v, &e), &e);
    assert_ok(sm2_envelope_seal(d.p, pki_key_pub(pair), pki_key_pub(to), &again, &e), &e);
    assert_memory_not_equal(v.scalar, again.scalar,
                            sizeof v.scalar); /* another SM4 key each time */
    assert_memory_not_equal(v.c1, again.c1, sizeof v.c1);
    assert_null(memmem(&v, sizeof v, d.p, d.n));
    assert_ok(sm2_envelope_open(&v, to, &opened, &e), &e);
    assert_ok(envelope_secret(opened, a, &found, &e), &e);
    assert_bytes(d, found);
    assert_err(ERR_CRYPTO, sm2_envelope_open(&v, other, &none, &e));
    assert_null(none);
    /* an envelope that names another public key than that of its private one */
    memcpy(v.point, pki_pub_point(pki_key_pub(other)).p + 1, sizeof v.point);
    assert_err(ERR_CRYPTO, sm2_envelope_open(&v, to, &none, &e));
}

/* A hundred of them, so that numbers that begin with 00 occur among the coordinates. */
static void every_envelope_is_read_again_as_it_was(void **state)
{
    (void)state;
    struct err_info e;
    _auto(pki_key) pair = NULL;
    assert_ok(pki_key_new(PKI_SM2, &pair, &e), &e);
    for (int i = 0; i < 100; i++) {
        _auto(arena) a = arena_new();
        struct bytes der, d;
        uint8_t blob[ENVELOPE_BLOB_LEN];
        struct sm2_envelope v, one, two;
        assert_ok(envelope_secret(pair, a, &d, &e), &e);
        assert_ok(sm2_envelope_seal(d.p, pki_key_pub(pair), pki_key_pub(pair), &v, &e), &e);
        if (i == 0)
            memset(v.c1, 0, 2);
        assert_ok(sm2_envelope_der(&v, a, &der, &e), &e);
        assert_ok(sm2_envelope_blob(&v, blob, &e), &e);
        assert_ok(sm2_envelope_read(der, &one, &e), &e);
        assert_ok(sm2_envelope_read_blob((struct bytes){blob, sizeof blob}, &two, &e), &e);
        assert_memory_equal(&v, &two, sizeof v);
        assert_memory_equal(v.c1, one.c1, sizeof v.c1);
        assert_memory_equal(v.scalar + 32, one.scalar + 32, 32);
    }
}

static void an_rsa_pair_opens_for_its_key_alone(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes pkcs8, sealed, found;
    _auto(pki_key) pair = NULL;
    _auto(pki_key) to = NULL;
    _auto(pki_key) other = NULL;
    _auto(pki_key) opened = NULL;
    _auto(pki_key) none = NULL;
    assert_ok(pki_key_new(PKI_RSA2048, &pair, &e), &e);
    assert_ok(pki_key_new(PKI_RSA3072, &to, &e), &e);
    assert_ok(pki_key_new(PKI_RSA2048, &other, &e), &e);
    assert_ok(envelope_secret(pair, a, &pkcs8, &e), &e);
    assert_ok(rsa_envelope_seal(pkcs8, pki_key_pub(to), a, &sealed, &e), &e);
    assert_null(memmem(sealed.p, sealed.n, pkcs8.p + 40, 32));
    assert_ok(rsa_envelope_open(sealed, to, &opened, &e), &e);
    assert_ok(envelope_secret(opened, a, &found, &e), &e);
    assert_bytes(pkcs8, found);
    assert_err(ERR_CRYPTO, rsa_envelope_open(sealed, other, &none, &e));
    for (size_t i = 0; i < sealed.n; i += 97) {
        struct bytes copy = arena_bytes(a, sealed.p, sealed.n);
        ((uint8_t *)(uintptr_t)copy.p)[i] ^= 1;
        assert_err(ERR_CRYPTO, rsa_envelope_open(copy, to, &none, &e));
        assert_err(ERR_CRYPTO, rsa_envelope_open((struct bytes){sealed.p, i}, to, &none, &e));
    }
}

static void a_key_of_another_kind_takes_no_envelope(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct sm2_envelope v = example(a);
    struct bytes sealed;
    _auto(pki_key) p256 = NULL;
    _auto(pki_key) none = NULL;
    _auto(pki_key) pair = example_key(a, ENC_D, ENC_XY);
    assert_ok(pki_key_new(PKI_P256, &p256, &e), &e);
    assert_err(ERR_KEY_UNSUPPORTED, envelope_secret(p256, a, &sealed, &e));
    assert_err(ERR_KEY_UNSUPPORTED,
               sm2_envelope_seal(hex(a, ENC_D).p, pki_key_pub(pair), pki_key_pub(p256), &v, &e));
    assert_err(ERR_KEY_UNSUPPORTED,
               sm2_envelope_seal(hex(a, ENC_D).p, pki_key_pub(p256), pki_key_pub(pair), &v, &e));
    assert_err(ERR_KEY_UNSUPPORTED, sm2_envelope_open(&v, p256, &none, &e));
    assert_err(ERR_KEY_UNSUPPORTED,
               rsa_envelope_seal(octets("x"), pki_key_pub(pair), a, &sealed, &e));
    assert_err(ERR_KEY_UNSUPPORTED, rsa_envelope_open(octets("x"), pair, &none, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_are_the_published_octets),
        cmocka_unit_test(both_forms_are_read_and_open),
        cmocka_unit_test(other_spellings_of_the_same_are_taken),
        cmocka_unit_test(what_is_no_envelope_is_refused_by_its_rule),
        cmocka_unit_test(a_flipped_bit_gives_no_other_pair),
        cmocka_unit_test(a_fresh_envelope_opens_for_its_key_alone),
        cmocka_unit_test(every_envelope_is_read_again_as_it_was),
        cmocka_unit_test(an_rsa_pair_opens_for_its_key_alone),
        cmocka_unit_test(a_key_of_another_kind_takes_no_envelope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
