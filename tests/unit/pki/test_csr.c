#include "chain.h"

#include "pki/csr.h"
#include "pki/der.h"
#include "pki/pem.h"

#include <stdlib.h>

static void a_request_is_built_parsed_and_proves_its_key(void **state)
{
    (void)state;
    for (enum pki_alg alg = PKI_P256; alg <= PKI_RSA3072; alg++) {
        _auto(arena) a = arena_new();
        _auto(pki_key) k = NULL;
        _auto(pki_signer) s = NULL;
        _auto(pki_pub) pub = NULL;
        struct err_info e;
        struct bytes der, name = test_name(a, "FX26 0007 1182"), again;
        struct csr c;
        assert_ok(pki_key_new(alg, &k, &e), &e);
        assert_ok(pki_signer_from_key(k, &s, &e), &e);
        assert_ok(csr_build(name, s, a, &der, &e), &e);
        assert_ok(csr_parse(der, &c, &e), &e);
        assert_bytes(name, c.subject);
        assert_ok(csr_verify(&c, &pub, &e), &e);
        assert_true(pki_pub_equal(pub, pki_key_pub(k)));
        assert_ok(csr_decode(octets(pem_encode(a, "CERTIFICATE REQUEST", der)), a, &again, &e), &e);
        assert_bytes(der, again);
        assert_ok(csr_decode(octets(pem_encode(a, "NEW CERTIFICATE REQUEST", der)), a, &again, &e),
                  &e);
        assert_bytes(der, again);
        assert_ok(csr_decode(der, a, &again, &e), &e);
        assert_bytes(der, again);
        /* S0: another key in the request than the one that signed */
        _auto(pki_key) other = NULL;
        struct bytes info, sig, forged;
        struct pki_pub *none;
        assert_ok(pki_key_new(alg, &other, &e), &e);
        assert_ok(csr_info(name, pki_key_pub(other), a, &info, &e), &e);
        assert_ok(pki_sign(s, info, a, &sig, &e), &e);
        assert_ok(pki_wrap(info, alg, sig, a, &forged, &e), &e);
        assert_ok(csr_parse(forged, &c, &e), &e);
        assert_err(ERR_SIGNATURE, csr_verify(&c, &none, &e));
        assert_null(none);
    }
}

/* `openssl req` of Debian 12, SM2, -sigopt distid:1234567812345678 */
static void a_request_of_openssl_is_taken(void **state)
{
    (void)state;
    static const char pem[] =
#include "openssl_csr.inc"
        ;
    _auto(arena) a = arena_new();
    _auto(pki_pub) pub = NULL;
    struct err_info e;
    struct bytes der;
    struct csr c;
    assert_ok(csr_decode(octets(pem), a, &der, &e), &e);
    assert_ok(csr_parse(der, &c, &e), &e);
    assert_ok(csr_verify(&c, &pub, &e), &e);
    assert_int_equal(pki_pub_alg(pub), PKI_SM2);
}

static struct bytes p256_request(struct arena *a)
{
    struct err_info e;
    _auto(pki_key) k = NULL;
    _auto(pki_signer) s = NULL;
    struct bytes der;
    assert_ok(pki_key_new(PKI_P256, &k, &e), &e);
    assert_ok(pki_signer_from_key(k, &s, &e), &e);
    assert_ok(csr_build(test_name(a, "x"), s, a, &der, &e), &e);
    return der;
}

static void every_truncation_and_every_trailing_octet_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes der = p256_request(a);
    struct csr c;
    for (size_t i = 0; i < der.n; i++) {
        uint8_t *cut = mem_alloc(i); /* a block of its own, so that a read past its end is seen */
        memcpy(cut, der.p, i);
        assert_err(ERR_DER_MALFORMED, csr_parse((struct bytes){cut, i}, &c, &e));
        free(cut);
    }
    uint8_t *more = arena_alloc(a, der.n + 1);
    memcpy(more, der.p, der.n);
    assert_err(ERR_DER_MALFORMED, csr_parse((struct bytes){more, der.n + 1}, &c, &e));
    assert_err(ERR_TOO_LARGE,
               csr_parse((struct bytes){arena_alloc(a, CSR_MAX + 1), CSR_MAX + 1}, &c, &e));
}

static void every_changed_octet_is_noticed(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct bytes der = p256_request(a);
    for (size_t i = 0; i < der.n; i++)
        for (int bit = 0; bit < 8; bit += 7) {
            struct err_info e;
            struct csr c;
            struct pki_pub *pub = NULL;
            struct bytes copy = arena_bytes(a, der.p, der.n);
            ((uint8_t *)(uintptr_t)copy.p)[i] ^= (uint8_t)(1 << bit);
            enum err err = csr_parse(copy, &c, &e);
            if (err == ERR_OK)
                err = csr_verify(&c, &pub, &e);
            assert_int_not_equal(err, ERR_OK);
            assert_null(pub);
        }
}

/* The signature algorithm must be that of the key, not merely one that verifies. */
static void a_foreign_signature_algorithm_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    _auto(pki_key) k = NULL;
    _auto(pki_signer) s = NULL;
    struct err_info e;
    struct bytes info, sig, der;
    struct csr c;
    struct pki_pub *none;
    assert_ok(pki_key_new(PKI_P256, &k, &e), &e);
    assert_ok(pki_signer_from_key(k, &s, &e), &e);
    assert_ok(csr_info(test_name(a, "x"), pki_key_pub(k), a, &info, &e), &e);
    assert_ok(pki_sign(s, info, a, &sig, &e), &e);
    assert_ok(pki_wrap(info, PKI_SM2, sig, a, &der, &e), &e);
    assert_ok(csr_parse(der, &c, &e), &e);
    assert_err(ERR_DER_MALFORMED, csr_verify(&c, &none, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_built_parsed_and_proves_its_key),
        cmocka_unit_test(a_request_of_openssl_is_taken),
        cmocka_unit_test(every_truncation_and_every_trailing_octet_is_refused),
        cmocka_unit_test(every_changed_octet_is_noticed),
        cmocka_unit_test(a_foreign_signature_algorithm_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
