#include "chain.h"

#include "pki/crl.h"
#include "pki/der.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

static struct crl_spec spec_of(const struct chain *c)
{
    return (struct crl_spec){
        .issuer = c->ca.name,
        .issuer_key = pki_key_pub(c->ca.key),
        .this_update = TEST_NOW,
        .next_update = TEST_NOW + 10 * TIME_MINUTE,
        .number = 42,
    };
}

static struct bytes write_list(const struct chain *c, const struct crl_spec *s,
                               const struct crl_entry *x, size_t n)
{
    struct err_info e;
    struct bytes der;
    struct crl_array list = {x, n, 0};
    struct crl_source src = crl_array_source(&list);
    assert_ok(crl_write(s, &src, c->ca.signer, c->a, &der, &e), &e);
    return der;
}

static X509_CRL *openssl_reads(struct bytes der)
{
    const uint8_t *p = der.p;
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.n);
    assert_non_null(crl);
    assert_ptr_equal(p, der.p + der.n);
    uint8_t *again = NULL;
    assert_int_equal(i2d_X509_CRL(crl, &again), der.n);
    assert_memory_equal(again, der.p, der.n);
    OPENSSL_free(again);
    return crl;
}

/* RFC 5280 5.1 and 5.2: v2, AKI, CRLNumber; what OpenSSL reads is what was given. */
static void openssl_reads_what_was_listed(void **state)
{
    (void)state;
    static const enum pki_alg algs[] = {PKI_P256, PKI_RSA2048};
    for (int i = 0; i < 2; i++) {
        _auto(arena) a = arena_new();
        struct chain c;
        chain_make(&c, a, algs[i]);
        const struct crl_entry x[] = {
            {hex(a, "01"), TEST_NOW - TIME_DAY, CRL_UNSPECIFIED, 0},
            {hex(a, "0000ff"), TEST_NOW - TIME_HOUR, CRL_KEY_COMPROMISE, TEST_NOW - 2 * TIME_DAY},
            {hex(a, "7f00000000000000000000000000000000000001"), TEST_NOW, CRL_CERTIFICATE_HOLD, 0},
        };
        struct crl_spec s = spec_of(&c);
        X509_CRL *crl = openssl_reads(write_list(&c, &s, x, 3));
        assert_int_equal(X509_CRL_get_version(crl), 1);
        _auto_evp(EVP_PKEY) issuer = NULL;
        struct err_info e;
        assert_ok(pki_key_evp(c.ca.key, &issuer, &e), &e);
        assert_int_equal(X509_CRL_verify(crl, issuer), 1);
        STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);
        assert_int_equal(sk_X509_REVOKED_num(list), 3);
        static const int reason[] = {-1, 1, 6};
        for (int k = 0; k < 3; k++) {
            X509_REVOKED *r = sk_X509_REVOKED_value(list, k);
            int crit;
            ASN1_ENUMERATED *why = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, &crit, NULL);
            assert_int_equal(why ? ASN1_ENUMERATED_get(why) : -1, reason[k]);
            ASN1_ENUMERATED_free(why);
            ASN1_GENERALIZEDTIME *since = X509_REVOKED_get_ext_d2i(r, NID_invalidity_date, &crit,
                                                                   NULL);
            assert_int_equal(since != NULL, k == 1);
            ASN1_GENERALIZEDTIME_free(since);
        }
        ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
        assert_int_equal(ASN1_INTEGER_get(number), 42);
        ASN1_INTEGER_free(number);
        AUTHORITY_KEYID *aki = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
        assert_memory_equal(aki->keyid->data, pki_pub_key_id(pki_key_pub(c.ca.key)), 20);
        AUTHORITY_KEYID_free(aki);
        X509_CRL_free(crl);
        chain_clear(&c);
    }
}

/* RFC 5280 5.1.2.6: no revoked certificate, no list of them */
static void an_empty_list_has_no_list(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    struct crl_view v;
    chain_make(&c, a, PKI_SM2);
    struct crl_spec s = spec_of(&c);
    struct bytes der = write_list(&c, &s, NULL, 0);
    X509_CRL *crl = openssl_reads(der);
    assert_null(X509_CRL_get_REVOKED(crl));
    X509_CRL_free(crl);
    assert_ok(cert_verify_signature(der, pki_key_pub(c.ca.key), &e), &e);
    assert_ok(crl_view(der, &v, &e), &e);
    assert_int_equal(v.entries, 0);
    assert_int_equal(v.number, 42);
    assert_true(v.this_update == s.this_update && v.next_update == s.next_update);
    chain_clear(&c);
}

static void a_serial_is_found_with_its_reason(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    struct crl_entry got;
    int found;
    chain_make(&c, a, PKI_P256);
    const struct crl_entry x[] = {{hex(a, "05"), TEST_NOW, CRL_SUPERSEDED, TEST_NOW - TIME_DAY},
                                  {hex(a, "0500"), INT64_C(2524608000000), CRL_UNSPECIFIED, 0}};
    struct crl_spec s = spec_of(&c);
    struct bytes der = write_list(&c, &s, x, 2);
    X509_CRL_free(openssl_reads(der));
    assert_ok(crl_find(der, hex(a, "0005"), &found, &got, &e), &e);
    assert_true(found && got.reason == CRL_SUPERSEDED && got.invalid_since == TEST_NOW - TIME_DAY);
    assert_ok(crl_find(der, hex(a, "0500"), &found, &got, &e), &e);
    assert_true(found && got.revoked_at == INT64_C(2524608000000)); /* GeneralizedTime from 2050 */
    assert_ok(crl_find(der, hex(a, "06"), &found, &got, &e), &e);
    assert_false(found);
    chain_clear(&c);
}

/* RFC 5280 5.2.4, 5.2.5 */
static void shards_and_deltas_say_what_they_are(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    chain_make(&c, a, PKI_P256);
    const struct crl_entry x[] = {{hex(a, "05"), TEST_NOW, CRL_REMOVE_FROM_CRL, 0}};
    struct crl_spec s = spec_of(&c);
    s.shard_url = "http://127.0.0.1:8081/crl/issuing-3.crl";
    s.delta_base = 41;
    s.delta_base_until = TEST_NOW + 1;
    X509_CRL *crl = openssl_reads(write_list(&c, &s, x, 1));
    int crit = 0;
    ISSUING_DIST_POINT *idp = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &crit,
                                                   NULL);
    assert_non_null(idp);
    assert_int_equal(crit, 1);
    ISSUING_DIST_POINT_free(idp);
    ASN1_INTEGER *base = X509_CRL_get_ext_d2i(crl, NID_delta_crl, &crit, NULL);
    assert_int_equal(ASN1_INTEGER_get(base), 41);
    assert_int_equal(crit, 1);
    ASN1_INTEGER_free(base);
    X509_CRL_free(crl);
    s.delta_base = 0;
    s.delta_url = "http://127.0.0.1:8081/crl/issuing-3.delta.crl";
    crl = openssl_reads(write_list(&c, &s, NULL, 0));
    CRL_DIST_POINTS *fresh = X509_CRL_get_ext_d2i(crl, NID_freshest_crl, &crit, NULL);
    assert_int_equal(sk_DIST_POINT_num(fresh), 1);
    assert_int_equal(crit, 0);
    CRL_DIST_POINTS_free(fresh);
    X509_CRL_free(crl);
    chain_clear(&c);
}

/* RFC 5280 5.2.4: nobody can hold a delta against a list that has run out; 5.2.6: and a delta has none of its own. */
static void a_delta_against_nothing_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    chain_make(&c, a, PKI_P256);
    struct err_info e;
    struct bytes der;
    struct crl_array none = {NULL, 0, 0};
    struct crl_source src = crl_array_source(&none);
    struct crl_spec s = spec_of(&c);
    s.delta_base = 41;
    s.delta_base_until = TEST_NOW;
    assert_err(ERR_CERT_SPEC, crl_write(&s, &src, c.ca.signer, a, &der, &e));
    s.delta_base_until = TEST_NOW + TIME_SECOND;
    assert_ok(crl_write(&s, &src, c.ca.signer, a, &der, &e), &e);
    s.delta_base = s.number;
    assert_err(ERR_CERT_SPEC, crl_write(&s, &src, c.ca.signer, a, &der, &e));
    s.delta_base = 41;
    s.delta_url = "http://127.0.0.1:8081/crl/issuing.delta.crl";
    assert_err(ERR_CERT_SPEC, crl_write(&s, &src, c.ca.signer, a, &der, &e));
    chain_clear(&c);
}

static void a_source_that_is_not_as_promised_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    chain_make(&c, a, PKI_P256);
    const struct crl_entry bad[][2] = {
        {{hex(a, "06"), TEST_NOW, 0, 0}, {hex(a, "05"), TEST_NOW, 0, 0}},   /* descending */
        {{hex(a, "05"), TEST_NOW, 0, 0}, {hex(a, "0005"), TEST_NOW, 0, 0}}, /* twice */
        {{hex(a, "05"), TEST_NOW, 0, 0}, {hex(a, "06"), TEST_NOW, 7, 0}},   /* reason 7 is unused */
        {{hex(a, "05"), TEST_NOW, 0, 0}, {hex(a, "06"), TEST_NOW, CRL_REMOVE_FROM_CRL, 0}},
        {{hex(a, "00"), TEST_NOW, 0, 0}, {hex(a, "06"), TEST_NOW, 0, 0}},
        {{hex(a, "05"), TEST_NOW, 0, 0},
         {hex(a, "8000000000000000000000000000000000000000"), TEST_NOW, 0, 0}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err_info e;
        struct bytes der;
        struct crl_spec s = spec_of(&c);
        struct crl_array list = {bad[i], 2, 0};
        struct crl_source src = crl_array_source(&list);
        assert_err(ERR_CERT_SPEC, crl_write(&s, &src, c.ca.signer, a, &der, &e));
        s.number = 0;
        list.n = 0;
        assert_err(ERR_CERT_SPEC, crl_write(&s, &src, c.ca.signer, a, &der, &e));
        s = spec_of(&c);
        assert_err(ERR_CERT_SPEC, crl_write(&s, &src, c.root.signer, a, &der, &e));
    }
    chain_clear(&c);
}

/* A million is for the bench; here, that the size of long lists is exact, every length of length included. */
struct counter {
    uint32_t at, n;
    uint8_t serial[8];
};

static void counter_rewind(void *self)
{
    ((struct counter *)self)->at = 0;
}

static int counter_next(void *self, struct crl_entry *out)
{
    struct counter *k = self;
    if (k->at == k->n)
        return 0;
    k->at++;
    for (int i = 0; i < 4; i++)
        k->serial[4 + i] = (uint8_t)(k->at >> 8 * (3 - i));
    *out = (struct crl_entry){{k->serial, 8},
                              TEST_NOW - k->at * INT64_C(3600001),
                              k->at % 5 == 0 ? CRL_CESSATION : CRL_UNSPECIFIED,
                              k->at % 7 == 0 ? TEST_NOW - TEST_YEAR : 0};
    return 1;
}

static void lists_of_every_size_are_exact(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 9, 10, 2500, 2900, 40000};
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    chain_make(&c, a, PKI_P256);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct counter k = {.n = sizes[i], .serial = {0x80}};
        struct crl_source src = {&k, counter_rewind, counter_next};
        struct crl_spec s = spec_of(&c);
        struct crl_view v;
        struct bytes der;
        assert_ok(crl_write(&s, &src, c.ca.signer, a, &der, &e), &e);
        assert_ok(crl_view(der, &v, &e), &e);
        assert_int_equal(v.entries, sizes[i]);
        assert_ok(cert_verify_signature(der, pki_key_pub(c.ca.key), &e), &e);
        if (sizes[i] < 3000)
            X509_CRL_free(openssl_reads(der));
    }
    chain_clear(&c);
}

/* The second reading gives one entry more or fewer. */
static int fickle_next(void *self, struct crl_entry *out)
{
    struct counter *k = self;
    if (k->at == 0)
        k->n++;
    return counter_next(self, out);
}

static void a_source_that_changes_between_its_readings_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    struct bytes der;
    chain_make(&c, a, PKI_P256);
    struct counter k = {.n = 3, .serial = {0x80}};
    struct crl_source src = {&k, counter_rewind, fickle_next};
    struct crl_spec s = spec_of(&c);
    assert_err(ERR_CERT_SPEC, crl_write(&s, &src, c.ca.signer, a, &der, &e));
    chain_clear(&c);
}

static void reasons_go_to_text_and_back(void **state)
{
    (void)state;
    for (int r = 0; r < 12; r++) {
        enum crl_reason back;
        const char *text = crl_reason_text((enum crl_reason)r);
        assert_int_equal(text != NULL, r != 7 && r != 11);
        if (text) {
            assert_true(crl_reason_from_text(text, &back));
            assert_int_equal(back, r);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_reads_what_was_listed),
        cmocka_unit_test(an_empty_list_has_no_list),
        cmocka_unit_test(a_serial_is_found_with_its_reason),
        cmocka_unit_test(shards_and_deltas_say_what_they_are),
        cmocka_unit_test(a_delta_against_nothing_is_refused),
        cmocka_unit_test(a_source_that_is_not_as_promised_is_refused),
        cmocka_unit_test(lists_of_every_size_are_exact),
        cmocka_unit_test(a_source_that_changes_between_its_readings_is_refused),
        cmocka_unit_test(reasons_go_to_text_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
