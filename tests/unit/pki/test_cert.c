#include "chain.h"

#include "pki/csr.h"
#include "pki/der.h"
#include "pki/pem.h"

#include <openssl/x509v3.h>

static const enum pki_alg all[] = {PKI_P256, PKI_SM2, PKI_RSA2048};

static void a_chain_of_each_algorithm_verifies_at_its_time_and_no_other(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        _auto(arena) a = arena_new();
        struct chain c;
        struct err_info e;
        chain_make(&c, a, all[i]);
        assert_ok(cert_verify_chain(c.cert, &c.ca.cert, 1, c.root.cert, TEST_NOW, &e), &e);
        assert_err(ERR_CERT_UNTRUSTED, cert_verify_chain(c.cert, &c.ca.cert, 1, c.root.cert,
                                                         TEST_NOW + 2 * TEST_YEAR, &e));
        assert_err(ERR_CERT_UNTRUSTED, cert_verify_chain(c.cert, &c.ca.cert, 1, c.root.cert,
                                                         TEST_NOW - 2 * TIME_DAY, &e));
        assert_err(ERR_CERT_UNTRUSTED,
                   cert_verify_chain(c.cert, NULL, 0, c.root.cert, TEST_NOW, &e));
        assert_err(ERR_CERT_UNTRUSTED, cert_verify_chain(c.cert, NULL, 0, c.ca.cert, TEST_NOW, &e));
        chain_clear(&c);
    }
}

static void a_signature_of_another_ca_of_the_same_name_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        _auto(arena) a = arena_new();
        struct chain c, other;
        struct err_info e;
        chain_make(&c, a, all[i]);
        chain_make(&other, a, all[i]);
        assert_err(ERR_CERT_UNTRUSTED,
                   cert_verify_chain(other.cert, &c.ca.cert, 1, c.root.cert, TEST_NOW, &e));
        assert_ok(cert_verify_signature(c.cert, pki_key_pub(c.ca.key), &e), &e);
        assert_err(ERR_SIGNATURE, cert_verify_signature(c.cert, pki_key_pub(other.ca.key), &e));
        chain_clear(&other);
        chain_clear(&c);
    }
}

/* RFC 5280 4.2.1.9: an end entity is no CA, whatever it signs */
static void an_end_entity_cannot_issue(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    chain_make(&c, a, PKI_SM2);
    struct cert_spec spec = test_spec(&c);
    _auto(pki_key) k = NULL;
    _auto(pki_signer) s = NULL;
    struct bytes tbs, forged;
    assert_ok(pki_key_new(PKI_SM2, &k, &e), &e);
    assert_ok(pki_signer_from_key(c.user, &s, &e), &e);
    spec.issuer = c.user_name;
    spec.issuer_key = pki_key_pub(c.user);
    spec.key = pki_key_pub(k);
    assert_ok(cert_tbs(&spec, a, &tbs, &e), &e);
    assert_ok(cert_sign(tbs, s, a, &forged, &e), &e);
    struct bytes between[2] = {c.cert, c.ca.cert};
    assert_err(ERR_CERT_UNTRUSTED,
               cert_verify_chain(forged, between, 2, c.root.cert, TEST_NOW, &e));
    chain_clear(&c);
}

static void the_view_gives_back_what_the_spec_said(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        _auto(arena) a = arena_new();
        struct chain c;
        struct err_info e;
        struct cert_view v;
        chain_make(&c, a, all[i]);
        struct cert_spec spec = test_spec(&c);
        spec.serial = hex(a, "80ff01");
        assert_ok(cert_view(test_issue(&c, &spec), a, &v, &e), &e);
        assert_string_equal(v.serial, "80ff01");
        assert_string_equal(v.subject_text, "CN=沈若琳,O=泉州海丝供应链管理有限公司,C=CN");
        assert_bytes(spec.subject, v.subject);
        assert_bytes(c.ca.name, v.issuer);
        assert_true(v.not_before == spec.not_before && v.not_after == spec.not_after);
        assert_bytes(pki_pub_spki(spec.key), v.spki);
        assert_int_equal(v.alg, all[i]);
        assert_int_equal(v.key_usage, spec.key_usage);
        assert_int_equal(v.eku, spec.eku);
        assert_false(v.ca);
        assert_false(v.ocsp_nocheck);
        assert_bytes(((struct bytes){pki_pub_key_id(spec.key), 20}), v.ski);
        assert_bytes(((struct bytes){pki_pub_key_id(spec.issuer_key), 20}), v.aki);
        assert_string_equal(v.crl_url, spec.crl_url);
        assert_string_equal(v.ocsp_url, spec.ocsp_url);
        assert_string_equal(v.ca_issuers_url, spec.ca_issuers_url);
        assert_ok(cert_view(c.ca.cert, a, &v, &e), &e);
        assert_true(v.ca && v.path_len == 0);
        assert_ok(cert_view(c.root.cert, a, &v, &e), &e);
        assert_true(v.ca && v.path_len == -1);
        chain_clear(&c);
    }
}

/* What OpenSSL reads of our octets: written by another hand than the view's reader. */
static void openssl_reads_every_extension(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    chain_make(&c, a, PKI_P256);
    struct cert_spec spec = test_spec(&c);
    const char *const dns[] = {"certhall.example"};
    /* GM/T 0015-2023 unifiedSocialCreditCode, PrintableString */
    const struct cert_extension extra = {"1.2.156.10260.4.4", 0,
                                         hex(a, "1304393133"
                                                "35")};
    spec.dns = dns;
    spec.dns_names = 1;
    spec.ocsp_nocheck = 1;
    spec.extra = &extra;
    spec.extras = 1;
    struct bytes der = test_issue(&c, &spec);
    const uint8_t *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    assert_non_null(x);
    assert_ptr_equal(p, der.p + der.n);
    uint8_t *again = NULL;
    assert_int_equal(i2d_X509(x, &again), der.n);
    assert_memory_equal(again, der.p, der.n);
    OPENSSL_free(again);
    assert_int_equal(X509_get_version(x), X509_VERSION_3);
    assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
    assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_CLIENT | XKU_SMIME);
    assert_int_equal(X509_check_host(x, "certhall.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ca(x), 0);
    static const int nid[] = {NID_crl_distribution_points,  NID_info_access,
                              NID_certificate_policies,     NID_id_pkix_OCSP_noCheck,
                              NID_authority_key_identifier, NID_subject_key_identifier};
    for (size_t i = 0; i < sizeof nid / sizeof nid[0]; i++) {
        int critical = -1;
        void *ext = X509_get_ext_d2i(x, nid[i], &critical, NULL);
        assert_non_null(ext);
        assert_int_equal(critical, 0);
        X509V3_EXT_METHOD const *m = X509V3_EXT_get_nid(nid[i]);
        ASN1_item_free(ext, ASN1_ITEM_ptr(m->it));
    }
    char oid[64];
    X509_EXTENSION *last = X509_get_ext(x, X509_get_ext_count(x) - 1);
    OBJ_obj2txt(oid, sizeof oid, X509_EXTENSION_get_object(last), 1);
    assert_string_equal(oid, extra.oid);
    ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(last);
    assert_bytes(extra.value, ((struct bytes){value->data, (size_t)value->length}));
    X509_free(x);
    chain_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_of_each_algorithm_verifies_at_its_time_and_no_other),
        cmocka_unit_test(a_signature_of_another_ca_of_the_same_name_is_refused),
        cmocka_unit_test(an_end_entity_cannot_issue),
        cmocka_unit_test(the_view_gives_back_what_the_spec_said),
        cmocka_unit_test(openssl_reads_every_extension),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
