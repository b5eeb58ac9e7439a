#include "chain.h"

#include "base/time.h"
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

static void refused(const struct chain *c, const struct cert_spec *spec, const char *why)
{
    struct err_info e;
    struct bytes tbs;
    assert_err(ERR_CERT_SPEC, cert_tbs(spec, c->a, &tbs, &e));
    if (!strstr(e.detail, why))
        fail_msg("\"%s\" does not say %s", e.detail, why);
}

static void a_spec_that_cannot_be_written_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    chain_make(&c, a, PKI_P256);
    static const char *const serial[] = {"", "00", "0000",
                                         "8000000000000000000000000000000000000000",
                                         "010000000000000000000000000000000000000000"};
    struct cert_spec s;
    for (size_t i = 0; i < sizeof serial / sizeof serial[0]; i++) {
        s = test_spec(&c);
        s.serial = hex(a, serial[i]);
        refused(&c, &s, "RFC 5280 4.1.2.2");
    }
    s = test_spec(&c);
    s.not_after = s.not_before - 1000;
    refused(&c, &s, "ends before it begins");
    s = test_spec(&c);
    s.crl_url = "file:///etc/passwd";
    refused(&c, &s, "neither http");
    s = test_spec(&c);
    s.ocsp_url = "http://a b";
    refused(&c, &s, "neither http");
    const struct cert_policy bad[] = {{"1.2.x", NULL}, {"1.2.3", "javascript:"}};
    s = test_spec(&c);
    s.policy = &bad[0];
    refused(&c, &s, "OID");
    s.policy = &bad[1];
    refused(&c, &s, "CPS");
    chain_clear(&c);
}

/* RFC 5280 4.1.1.2 */
static void a_signer_of_another_algorithm_does_not_sign(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c, other;
    struct err_info e;
    struct bytes tbs, der;
    chain_make(&c, a, PKI_P256);
    chain_make(&other, a, PKI_SM2);
    struct cert_spec spec = test_spec(&c);
    assert_ok(cert_tbs(&spec, a, &tbs, &e), &e);
    assert_err(ERR_CRYPTO, cert_sign(tbs, other.ca.signer, a, &der, &e));
    chain_clear(&other);
    chain_clear(&c);
}

/* RFC 5280 4.1.2.5: a validity across 2050 has one time of each form */
static void a_certificate_across_2050_is_read_by_openssl(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    struct cert_view v;
    chain_make(&c, a, PKI_P256);
    struct cert_spec spec = test_spec(&c);
    spec.not_after = INT64_C(2540000000000);
    struct bytes der = test_issue(&c, &spec);
    assert_ok(cert_view(der, a, &v, &e), &e);
    assert_true(v.not_after == spec.not_after);
    const uint8_t *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    assert_int_equal(ASN1_STRING_type(X509_get0_notBefore(x)), V_ASN1_UTCTIME);
    assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(x)), V_ASN1_GENERALIZEDTIME);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(x), 2540000000), 0);
    X509_free(x);
    chain_clear(&c);
}

static void every_certificate_of_a_pem_file_is_found(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    struct bytes found[3];
    size_t n;
    chain_make(&c, a, PKI_P256);
    char *pem = arena_fmt(a, "a comment\n%s\n%s", pem_encode(a, "CERTIFICATE", c.ca.cert),
                          pem_encode(a, "CERTIFICATE", c.root.cert));
    assert_ok(cert_decode_all(octets(pem), a, found, 3, &n, &e), &e);
    assert_int_equal(n, 2);
    assert_bytes(c.ca.cert, found[0]);
    assert_bytes(c.root.cert, found[1]);
    assert_err(ERR_DER_MALFORMED, cert_decode_all(octets(pem), a, found, 1, &n, &e));
    assert_err(ERR_DER_MALFORMED, cert_decode_all(octets("nothing"), a, found, 3, &n, &e));
    chain_clear(&c);
}

/* RFC 5280 4.1.2.2: positive, at most 20 octets, never twice; those of later stand behind those of before */
static void serials_are_positive_and_new(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct bytes before = cert_serial_new(a), first = before;
    for (int i = 0; i < 100; i++) {
        struct bytes s = cert_serial_new(a);
        assert_int_equal(s.n, 16);
        assert_in_range(s.p[0], 0x40, 0x7f);
        assert_memory_not_equal(s.p, before.p, 16);
        assert_memory_not_equal(s.p + 6, before.p + 6, 8); /* also those of one millisecond */
        before = s;
    }
    for (int64_t until = clock_machine() + 2; clock_machine() < until;)
        ;
    assert_true(memcmp(cert_serial_new(a).p, first.p, 6) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_of_each_algorithm_verifies_at_its_time_and_no_other),
        cmocka_unit_test(a_signature_of_another_ca_of_the_same_name_is_refused),
        cmocka_unit_test(an_end_entity_cannot_issue),
        cmocka_unit_test(the_view_gives_back_what_the_spec_said),
        cmocka_unit_test(openssl_reads_every_extension),
        cmocka_unit_test(a_spec_that_cannot_be_written_is_refused),
        cmocka_unit_test(a_signer_of_another_algorithm_does_not_sign),
        cmocka_unit_test(a_certificate_across_2050_is_read_by_openssl),
        cmocka_unit_test(every_certificate_of_a_pem_file_is_found),
        cmocka_unit_test(serials_are_positive_and_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
