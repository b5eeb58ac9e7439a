#include "vectors.h"

#include "pki/der.h"
#include "pki/digest.h"
#include "pki/signer.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>

static struct pki_key *standard_sm2(struct arena *a)
{
    struct err_info e;
    struct pki_key *k;
    assert_ok(pki_key_from_scalar(PKI_SM2, hex(a, SM2_D).p, hex(a, "04" SM2_X SM2_Y), &k, &e), &e);
    return k;
}

/* GB/T 32918.2 annex A.2 with the id of GM/T 0009-2012 10 */
static void sm2_z_and_e_are_those_of_the_standard(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    _auto(pki_key) k = standard_sm2(a);
    uint8_t out[32];
    assert_ok(pki_sm2_z(pki_key_pub(k), out, &e), &e);
    assert_memory_equal(
        out, hex(a, "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3").p, 32);
    assert_ok(pki_sm2_e(pki_key_pub(k), octets("message digest"), out, &e), &e);
    assert_memory_equal(
        out, hex(a, "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640").p, 32);
}

#define SM2_R "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
#define SM2_S "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"

static void sm2_signature_of_the_standard_verifies(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    _auto(pki_key) k = standard_sm2(a);
    struct bytes sig = hex(a, "3046022100" SM2_R "022100" SM2_S), msg = octets("message digest");
    assert_ok(pki_verify(pki_key_pub(k), msg, sig, &e), &e);
    assert_err(ERR_SIGNATURE, pki_verify(pki_key_pub(k), octets("message digesT"), sig, &e));
}

/* r and s without their leading 00, as old UKeys write them (GM/T 0009 7.3) */
static void sm2_signature_without_leading_zeros_is_taken(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    _auto(pki_key) k = standard_sm2(a);
    struct bytes msg = octets("message digest");
    assert_ok(pki_verify(pki_key_pub(k), msg, hex(a, "30440220" SM2_R "0220" SM2_S), &e), &e);
    assert_err(ERR_SIGNATURE,
               pki_verify(pki_key_pub(k), msg, hex(a, "30440220" SM2_R "0220" SM2_S "00"), &e));
    assert_err(ERR_SIGNATURE, pki_verify(pki_key_pub(k), msg, (struct bytes){0}, &e));
}

/* A signature made with OpenSSL's default, the empty id, is not ours. */
static void sm2_signature_with_the_empty_id_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    _auto(pki_key) k = standard_sm2(a);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    _auto_evp(EVP_PKEY) pkey = NULL;
    uint8_t sig[80];
    size_t n = sizeof sig;
    assert_ok(pki_key_evp(k, &pkey, &e), &e);
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sm3(), NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(ctx, sig, &n, (const uint8_t *)"m", 1), 1);
    EVP_MD_CTX_free(ctx);
    assert_err(ERR_SIGNATURE, pki_verify(pki_key_pub(k), octets("m"), (struct bytes){sig, n}, &e));
}

/* Keys of the SM2 curve that OpenSSL makes as type EC would sign ECDSA without a word. */
static void a_key_of_the_sm2_curve_is_an_sm2_key_however_it_was_made(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    _auto(pki_key) k = NULL;
    EVP_PKEY *ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "SM2");
    assert_true(EVP_PKEY_is_a(ec, "EC"));
    assert_ok(pki_key_from_evp(ec, &k, &e), &e);
    assert_int_equal(pki_key_alg(k), PKI_SM2);
    _auto(pki_signer) s = NULL;
    struct bytes sig;
    assert_ok(pki_signer_from_key(k, &s, &e), &e);
    assert_ok(pki_sign(s, octets("m"), a, &sig, &e), &e);
    assert_ok(pki_verify(pki_key_pub(k), octets("m"), sig, &e), &e);
}

static void sm2_public_keys_are_read_in_both_forms_and_written_in_one(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    _auto(pki_pub) p = NULL;
    _auto(pki_pub) q = NULL;
    const char *old = "305a301406082a811ccf5501822d06082a811ccf5501822d034200"
                      "04" SM2_X SM2_Y;
    assert_ok(pki_pub_load(hex(a, old), &p, &e), &e);
    assert_bytes(hex(a, SM2_SPKI_HEAD "04" SM2_X SM2_Y), pki_pub_spki(p));
    assert_ok(pki_pub_load(hex(a, SM2_SPKI_HEAD "04" SM2_X SM2_Y), &q, &e), &e);
    assert_true(pki_pub_equal(p, q));
}

/* SubjectPublicKeyInfo of a key that OpenSSL makes. */
static struct bytes spki_of(struct arena *a, EVP_PKEY *k)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(k, &der);
    assert_true(n > 0);
    struct bytes out = arena_bytes(a, der, (size_t)n);
    OPENSSL_free(der);
    EVP_PKEY_free(k);
    return out;
}

static EVP_PKEY *p256_with_explicit_parameters(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *k = NULL;
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_group_name(ctx, "P-256"), 1);
    assert_int_equal(EVP_PKEY_CTX_set_ec_param_enc(ctx, OPENSSL_EC_EXPLICIT_CURVE), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &k), 1);
    EVP_PKEY_CTX_free(ctx);
    return k;
}

static void public_keys_that_are_not_ours_are_refused_by_name(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    const struct {
        struct bytes spki;
        const char *why;
    } bad[] = {
        {spki_of(a, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384")),
         "a curve other than P-256 and SM2"},
        {spki_of(a, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1")),
         "a curve other than P-256 and SM2"},
        {spki_of(a, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")), "neither P-256, SM2 nor RSA"},
        {spki_of(a, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024)), "RSA of 1024 bits"},
        {spki_of(a, p256_with_explicit_parameters()), "explicit curve parameters (RFC 5480 2.1.1)"},
        /* a point off the curve: its last octet changed */
        {hex(a, SM2_SPKI_HEAD "04" SM2_X
                              "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad14"),
         "not on the curve"},
        {hex(a, "3017301306072a8648ce3d020106082a8648ce3d0301070300"), "unused bits"},
        /* compressed */
        {hex(a, "3039301306072a8648ce3d020106082a811ccf5501822d03220003" SM2_X), "uncompressed"},
        /* the point at infinity */
        {hex(a, "3019301306072a8648ce3d020106082a8648ce3d03010703020000"), "uncompressed"},
        {hex(a, SM2_SPKI_HEAD "04" SM2_X SM2_Y "00"), "trailing"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err_info e;
        struct pki_pub *p;
        enum err err = pki_pub_load(bad[i].spki, &p, &e);
        assert_true(err == ERR_KEY_UNSUPPORTED || err == ERR_DER_MALFORMED);
        assert_null(p);
        if (!strstr(e.detail, bad[i].why))
            fail_msg("row %zu says \"%s\"", i, e.detail);
    }
}

static void every_algorithm_signs_saves_and_loads(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    for (enum pki_alg alg = PKI_P256; alg <= PKI_RSA3072; alg++) {
        _auto(pki_key) k = NULL;
        _auto(pki_key) plain = NULL;
        _auto(pki_key) sealed = NULL;
        _auto(pki_key) der = NULL;
        _auto(pki_key) none = NULL;
        struct bytes pem, p8, sig;
        enum pki_alg named;
        assert_ok(pki_key_new(alg, &k, &e), &e);
        assert_int_equal(pki_key_alg(k), alg);
        assert_true(pki_alg_from_text(pki_alg_text(alg), &named) && named == alg);
        assert_ok(pki_key_save(k, NULL, a, &pem, &e), &e);
        assert_non_null(strstr((const char *)pem.p, "BEGIN PRIVATE KEY"));
        assert_ok(pki_key_load(pem, NULL, &plain, &e), &e);
        assert_true(pki_pub_equal(pki_key_pub(k), pki_key_pub(plain)));
        assert_ok(pki_key_save(k, "correct horse", a, &pem, &e), &e);
        assert_err(ERR_KEY_PASSPHRASE, pki_key_load(pem, "wrong", &none, &e));
        assert_err(ERR_KEY_PASSPHRASE, pki_key_load(pem, NULL, &none, &e));
        assert_ok(pki_key_load(pem, "correct horse", &sealed, &e), &e);
        assert_ok(pki_key_to_der(sealed, a, &p8, &e), &e);
        assert_ok(pki_key_from_der(p8, &der, &e), &e);
        _auto(pki_signer) s = NULL;
        assert_ok(pki_signer_from_key(der, &s, &e), &e);
        for (int i = 0; i < 3; i++) { /* the ready context serves again and again */
            assert_ok(pki_sign(s, octets("a message"), a, &sig, &e), &e);
            assert_ok(pki_verify(pki_key_pub(k), octets("a message"), sig, &e), &e);
            assert_err(ERR_SIGNATURE, pki_verify(pki_key_pub(k), octets("another"), sig, &e));
        }
    }
}

static void a_finished_digest_is_signed_as_the_message_would_be(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    for (enum pki_alg alg = PKI_P256; alg <= PKI_RSA2048; alg++) {
        _auto(pki_key) k = NULL;
        uint8_t digest[32];
        struct bytes sig;
        assert_ok(pki_key_new(alg, &k, &e), &e);
        if (alg == PKI_SM2)
            assert_ok(pki_sm2_e(pki_key_pub(k), octets("m"), digest, &e), &e);
        else
            digest_sha256(octets("m"), digest);
        assert_ok(pki_key_sign_digest(k, digest, a, &sig, &e), &e);
        assert_ok(pki_verify(pki_key_pub(k), octets("m"), sig, &e), &e);
    }
}

/* RFC 5280 4.2.1.2 (1), against openssl x509 -ext subjectKeyIdentifier of the same key */
static void key_id_is_sha1_of_the_bit_string(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    _auto(pki_key) k = standard_sm2(a);
    uint8_t sha1[20];
    digest_of(DIGEST_SHA1, hex(a, "04" SM2_X SM2_Y), sha1);
    assert_memory_equal(sha1, pki_pub_key_id(pki_key_pub(k)), 20);
    _auto(pki_pub) p = NULL;
    assert_ok(pki_pub_from_point(PKI_SM2, hex(a, "04" SM2_X SM2_Y), &p, &e), &e);
    assert_true(pki_pub_equal(p, pki_key_pub(k)));
    struct pki_pub *bad;
    assert_err(ERR_KEY_UNSUPPORTED,
               pki_pub_from_point(PKI_P256, hex(a, "04" SM2_X SM2_Y), &bad, &e));
}

struct job {
    const struct pki_signer *signer;
    pthread_t thread;
    int good;
};

static void *sign_many(void *arg)
{
    struct job *j = arg;
    _auto(arena) a = arena_new();
    for (int i = 0; i < 50; i++) {
        struct err_info e;
        struct bytes sig, msg = octets(arena_fmt(a, "message %d of %p", i, arg));
        j->good += pki_sign(j->signer, msg, a, &sig, &e) == ERR_OK &&
                   pki_verify(j->signer->pub, msg, sig, &e) == ERR_OK;
    }
    return NULL;
}

static void one_signer_serves_several_threads(void **state)
{
    (void)state;
    for (enum pki_alg alg = PKI_P256; alg <= PKI_RSA2048; alg++) {
        struct err_info e;
        _auto(pki_key) k = NULL;
        _auto(pki_signer) s = NULL;
        struct job job[4];
        assert_ok(pki_key_new(alg, &k, &e), &e);
        assert_ok(pki_signer_from_key(k, &s, &e), &e);
        for (int i = 0; i < 4; i++) {
            job[i] = (struct job){.signer = s};
            assert_int_equal(pthread_create(&job[i].thread, NULL, sign_many, &job[i]), 0);
        }
        for (int i = 0; i < 4; i++) {
            pthread_join(job[i].thread, NULL);
            assert_int_equal(job[i].good, 50);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm2_z_and_e_are_those_of_the_standard),
        cmocka_unit_test(sm2_signature_of_the_standard_verifies),
        cmocka_unit_test(sm2_signature_without_leading_zeros_is_taken),
        cmocka_unit_test(sm2_signature_with_the_empty_id_is_refused),
        cmocka_unit_test(a_key_of_the_sm2_curve_is_an_sm2_key_however_it_was_made),
        cmocka_unit_test(sm2_public_keys_are_read_in_both_forms_and_written_in_one),
        cmocka_unit_test(public_keys_that_are_not_ours_are_refused_by_name),
        cmocka_unit_test(every_algorithm_signs_saves_and_loads),
        cmocka_unit_test(a_finished_digest_is_signed_as_the_message_would_be),
        cmocka_unit_test(key_id_is_sha1_of_the_bit_string),
        cmocka_unit_test(one_signer_serves_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
