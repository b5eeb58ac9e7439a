#include "chain.h"

#include "pki/cms.h"
#include "pki/pem.h"

/* S0: the regulator's list comes with a detached signature of the key that was entered. */
static void a_signed_file_verifies_against_the_pinned_certificate(void **state)
{
    (void)state;
    static const enum pki_alg algs[] = {PKI_P256, PKI_RSA2048};
    for (int i = 0; i < 2; i++) {
        _auto(arena) a = arena_new();
        struct chain c;
        struct err_info e;
        struct cms_report r;
        struct bytes p7s,
            list = octets("action,institution_name\nadd,泉州海丝供应链管理有限公司\n");
        chain_make(&c, a, algs[i]);
        assert_ok(cms_sign_detached(list, c.cert, c.user, TEST_NOW, a, &p7s, &e), &e);
        assert_ok(cms_verify_detached(p7s, list, c.cert, TEST_NOW, a, &r, &e), &e);
        assert_string_equal(r.signer, "CN=沈若琳,O=泉州海丝供应链管理有限公司,C=CN");
        assert_string_equal(r.digest, "SHA-256");
        assert_true(r.signing_time == TEST_NOW);
        struct bytes pem = octets(pem_encode(a, "PKCS7", p7s));
        assert_ok(cms_verify_detached(pem, list, c.cert, TEST_NOW, a, &r, &e), &e);
        assert_err(ERR_SIGNATURE,
                   cms_verify_detached(p7s, octets("another list"), c.cert, TEST_NOW, a, &r, &e));
        assert_err(ERR_CERT_UNTRUSTED,
                   cms_verify_detached(p7s, list, c.cert, TEST_NOW + 2 * TEST_YEAR, a, &r, &e));
        chain_clear(&c);
    }
}

static void another_certificate_of_the_same_ca_does_not_count(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    struct cms_report r;
    struct bytes p7s, list = octets("x"), other;
    chain_make(&c, a, PKI_P256);
    _auto(pki_key) k = NULL;
    assert_ok(pki_key_new(PKI_P256, &k, &e), &e);
    struct cert_spec spec = test_spec(&c);
    spec.key = pki_key_pub(k);
    other = test_issue(&c, &spec);
    assert_ok(cms_sign_detached(list, other, k, TEST_NOW, a, &p7s, &e), &e);
    assert_err(ERR_SIGNATURE, cms_verify_detached(p7s, list, c.cert, TEST_NOW, a, &r, &e));
    /* names the pinned certificate, but another key signed */
    assert_int_not_equal(cms_sign_detached(list, c.cert, k, TEST_NOW, a, &p7s, &e), ERR_OK);
    spec.key = pki_key_pub(k);
    struct cert_view v;
    assert_ok(cert_view(c.cert, a, &v, &e), &e);
    spec.serial = v.serial_bytes; /* same issuer and serial as the pinned one */
    other = test_issue(&c, &spec);
    assert_ok(cms_sign_detached(list, other, k, TEST_NOW, a, &p7s, &e), &e);
    assert_err(ERR_SIGNATURE, cms_verify_detached(p7s, list, c.cert, TEST_NOW, a, &r, &e));
    chain_clear(&c);
}

static void a_damaged_signature_file_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    struct cms_report r;
    struct bytes p7s, list = octets("x");
    chain_make(&c, a, PKI_P256);
    assert_ok(cms_sign_detached(list, c.cert, c.user, TEST_NOW, a, &p7s, &e), &e);
    for (size_t i = 0; i < p7s.n; i++)
        assert_int_not_equal(
            cms_verify_detached((struct bytes){p7s.p, i}, list, c.cert, TEST_NOW, a, &r, &e),
            ERR_OK);
    /* the last octets are the signature */
    struct bytes copy = arena_bytes(a, p7s.p, p7s.n);
    ((uint8_t *)(uintptr_t)copy.p)[copy.n - 1] ^= 1;
    assert_err(ERR_SIGNATURE, cms_verify_detached(copy, list, c.cert, TEST_NOW, a, &r, &e));
    copy = (struct bytes){arena_alloc(a, CMS_MAX + 1), CMS_MAX + 1};
    assert_err(ERR_TOO_LARGE, cms_verify_detached(copy, list, c.cert, TEST_NOW, a, &r, &e));
    chain_clear(&c);
}

/* The first algorithm stands in digestAlgorithms (RFC 5652 5.1); the signer's own is left as it is. */
static void a_list_of_digests_that_nobody_knows_is_a_wrong_signature(void **state)
{
    (void)state;
    static const uint8_t sha256[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x01};
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    struct cms_report r;
    struct bytes p7s, list = octets("x");
    chain_make(&c, a, PKI_P256);
    assert_ok(cms_sign_detached(list, c.cert, c.user, TEST_NOW, a, &p7s, &e), &e);
    uint8_t *at = memmem(p7s.p, p7s.n, sha256, sizeof sha256);
    assert_non_null(at);
    at[sizeof sha256 - 1] = 0x7f;
    assert_err(ERR_SIGNATURE, cms_verify_detached(p7s, list, c.cert, TEST_NOW, a, &r, &e));
    assert_string_equal(e.arg[0].value, "a digest that is not known");
    chain_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_file_verifies_against_the_pinned_certificate),
        cmocka_unit_test(another_certificate_of_the_same_ca_does_not_count),
        cmocka_unit_test(a_damaged_signature_file_is_refused),
        cmocka_unit_test(a_list_of_digests_that_nobody_knows_is_a_wrong_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
