#include "chain.h"

#include "pki/der.h"
#include "pki/ocsp.h"

#include <openssl/ocsp.h>
#include <stdlib.h>

static struct ocsp_single single_of(const struct ocsp_cert_id *id, enum ocsp_status status)
{
    return (struct ocsp_single){
        .cert_id = id->whole,
        .status = status,
        .revoked_at = TEST_NOW - TIME_HOUR,
        .reason = CRL_CERTIFICATE_HOLD,
        .this_update = TEST_NOW,
        .next_update = TEST_NOW + TIME_DAY,
    };
}

struct fixture {
    struct chain c;
    struct pki_key *key; /* the responder's */
    struct pki_signer *signer;
    struct bytes cert;
    struct ocsp_issuer issuer;
    struct ocsp_cert_id id;
};

static void fixture_make(struct fixture *f, struct arena *a, enum pki_alg alg, enum ocsp_hash hash)
{
    struct err_info e;
    struct cert_view v;
    chain_make(&f->c, a, alg);
    assert_ok(pki_key_new(alg, &f->key, &e), &e);
    assert_ok(pki_signer_from_key(f->key, &f->signer, &e), &e);
    f->cert = test_responder(&f->c, f->key);
    assert_ok(ocsp_issuer_init(&f->issuer, f->c.ca.name, pki_key_pub(f->c.ca.key), &e), &e);
    assert_ok(cert_view(f->c.cert, a, &v, &e), &e);
    assert_ok(ocsp_cert_id_make(&f->issuer, hash, v.serial_bytes, a, &f->id, &e), &e);
}

static void fixture_clear(struct fixture *f)
{
    pki_signer_free(f->signer);
    pki_key_free(f->key);
    chain_clear(&f->c);
}

static struct bytes answer(struct fixture *f, enum ocsp_status status, struct bytes nonce)
{
    struct err_info e;
    struct bytes data, der;
    struct ocsp_single s = single_of(&f->id, status);
    assert_ok(ocsp_response_data(&s, 1, pki_key_pub(f->key), TEST_NOW, nonce, f->c.a, &data, &e),
              &e);
    assert_ok(ocsp_response_sign(data, f->signer, f->cert, f->c.a, &der, &e), &e);
    return der;
}

/* RFC 6960 4.1; a request made by OpenSSL */
static void a_request_of_openssl_is_understood(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct fixture f;
    struct err_info e;
    fixture_make(&f, a, PKI_P256, OCSP_SHA1);
    const uint8_t *p = f.c.ca.cert.p, *q = f.c.cert.p;
    X509 *ca = d2i_X509(NULL, &p, (long)f.c.ca.cert.n),
         *leaf = d2i_X509(NULL, &q, (long)f.c.cert.n);
    const EVP_MD *md[OCSP_HASHES] = {EVP_sha1(), EVP_sha256(), EVP_sm3()};
    OCSP_REQUEST *req = OCSP_REQUEST_new();
    for (int i = 0; i < OCSP_HASHES; i++)
        assert_non_null(OCSP_request_add0_id(req, OCSP_cert_to_id(md[i], leaf, ca)));
    uint8_t nonce[16] = "0123456789abcde";
    OCSP_request_add1_nonce(req, nonce, sizeof nonce);
    uint8_t *der = NULL;
    int n = i2d_OCSP_REQUEST(req, &der);
    struct ocsp_request r;
    assert_ok(ocsp_request_parse((struct bytes){der, (size_t)n}, &r, &e), &e);
    assert_int_equal(r.ids, 3);
    for (int i = 0; i < OCSP_HASHES; i++) {
        assert_int_equal(r.id[i].hash, i);
        assert_true(ocsp_issuer_is(&f.issuer, &r.id[i]));
        assert_bytes(f.id.serial, r.id[i].serial);
    }
    assert_bytes(((struct bytes){nonce, sizeof nonce}), r.nonce);
    assert_bytes(f.id.whole, r.id[0].whole); /* ours and OpenSSL's CertID are the same octets */
    OPENSSL_free(der);
    OCSP_REQUEST_free(req);
    X509_free(leaf);
    X509_free(ca);
    fixture_clear(&f);
}

/* RFC 6960 4.2.2.2: OpenSSL takes the delegated responder's answer (not SM2: it cannot) */
static void openssl_takes_the_answer(void **state)
{
    (void)state;
    static const enum pki_alg algs[] = {PKI_P256, PKI_RSA2048};
    for (int i = 0; i < 6; i++) {
        _auto(arena) a = arena_new();
        struct fixture f;
        fixture_make(&f, a, algs[i / 3], OCSP_SHA1);
        struct bytes der = answer(&f, (enum ocsp_status)(i % 3), octets("nonce"));
        const uint8_t *p = der.p;
        OCSP_RESPONSE *resp = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
        assert_non_null(resp);
        assert_ptr_equal(p, der.p + der.n);
        assert_int_equal(OCSP_response_status(resp), OCSP_RESPONSE_STATUS_SUCCESSFUL);
        OCSP_BASICRESP *basic = OCSP_response_get1_basic(resp);
        X509_STORE *store = X509_STORE_new();
        p = f.c.root.cert.p;
        X509 *root = d2i_X509(NULL, &p, (long)f.c.root.cert.n);
        p = f.c.ca.cert.p;
        X509 *ca = d2i_X509(NULL, &p, (long)f.c.ca.cert.n);
        X509_STORE_add_cert(store, root);
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), TEST_NOW / 1000);
        STACK_OF(X509) *certs = sk_X509_new_null();
        sk_X509_push(certs, ca);
        assert_int_equal(OCSP_basic_verify(basic, certs, store, 0), 1);
        p = f.id.whole.p;
        OCSP_CERTID *id = d2i_OCSP_CERTID(NULL, &p, (long)f.id.whole.n);
        int status, reason;
        ASN1_GENERALIZEDTIME *at, *this_update, *next_update;
        assert_int_equal(
            OCSP_resp_find_status(basic, id, &status, &reason, &at, &this_update, &next_update), 1);
        assert_int_equal(status, i % 3);
        if (status == V_OCSP_CERTSTATUS_REVOKED)
            assert_int_equal(reason, CRL_CERTIFICATE_HOLD);
        assert_non_null(next_update);
        OCSP_CERTID_free(id);
        sk_X509_free(certs);
        X509_free(root);
        X509_free(ca);
        X509_STORE_free(store);
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(resp);
        fixture_clear(&f);
    }
}

static void our_own_check_takes_every_algorithm_and_status(void **state)
{
    (void)state;
    static const enum pki_alg algs[] = {PKI_P256, PKI_SM2, PKI_RSA2048};
    for (int i = 0; i < 9; i++) {
        _auto(arena) a = arena_new();
        struct fixture f;
        struct err_info e;
        struct ocsp_answer r;
        fixture_make(&f, a, algs[i / 3], algs[i / 3] == PKI_SM2 ? OCSP_SM3 : OCSP_SHA256);
        struct bytes der = answer(&f, (enum ocsp_status)(i % 3), octets("nonce"));
        assert_ok(ocsp_response_check(der, &f.id, f.c.ca.cert, TEST_NOW, a, &r, &e), &e);
        assert_int_equal(r.status, i % 3);
        assert_bytes(octets("nonce"), r.nonce);
        assert_true(r.this_update == TEST_NOW && r.next_update == TEST_NOW + TIME_DAY &&
                    r.produced_at == TEST_NOW);
        if (r.status == OCSP_REVOKED)
            assert_true(r.reason == CRL_CERTIFICATE_HOLD && r.revoked_at == TEST_NOW - TIME_HOUR);
        fixture_clear(&f);
    }
}

static void an_answer_of_somebody_else_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct fixture f, other;
    struct err_info e;
    struct ocsp_answer r;
    fixture_make(&f, a, PKI_P256, OCSP_SHA1);
    fixture_make(&other, a, PKI_P256, OCSP_SHA1);
    struct bytes good = answer(&f, OCSP_GOOD, (struct bytes){0});
    /* another CA of the same name */
    assert_err(ERR_SIGNATURE,
               ocsp_response_check(good, &f.id, other.c.ca.cert, TEST_NOW, a, &r, &e));
    /* an end entity of the same CA is no responder */
    _auto(pki_signer) user = NULL;
    struct bytes data, der;
    struct ocsp_single s = single_of(&f.id, OCSP_GOOD);
    assert_ok(pki_signer_from_key(f.c.user, &user, &e), &e);
    assert_ok(ocsp_response_data(&s, 1, user->pub, TEST_NOW, (struct bytes){0}, a, &data, &e), &e);
    assert_ok(ocsp_response_sign(data, user, f.c.cert, a, &der, &e), &e);
    assert_err(ERR_CERT_UNTRUSTED,
               ocsp_response_check(der, &f.id, f.c.ca.cert, TEST_NOW, a, &r, &e));
    /* another certificate, and too old an answer */
    assert_err(ERR_NOT_FOUND,
               ocsp_response_check(good, &other.id, f.c.ca.cert, TEST_NOW, a, &r, &e));
    assert_err(ERR_CERT_UNTRUSTED,
               ocsp_response_check(good, &f.id, f.c.ca.cert, TEST_NOW + 2 * TIME_DAY, a, &r, &e));
    /* the CA itself may answer, without a certificate in it */
    assert_ok(
        ocsp_response_data(&s, 1, f.c.ca.signer->pub, TEST_NOW, (struct bytes){0}, a, &data, &e),
        &e);
    assert_ok(ocsp_response_sign(data, f.c.ca.signer, (struct bytes){0}, a, &der, &e), &e);
    assert_ok(ocsp_response_check(der, &f.id, f.c.ca.cert, TEST_NOW, a, &r, &e), &e);
    fixture_clear(&other);
    fixture_clear(&f);
}

static void truncated_requests_and_answers_are_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct fixture f;
    struct err_info e;
    struct bytes req, resp;
    fixture_make(&f, a, PKI_P256, OCSP_SHA256);
    assert_ok(ocsp_request_write(&f.id, 1, octets("0123456789abcdef"), a, &req, &e), &e);
    resp = answer(&f, OCSP_REVOKED, (struct bytes){0});
    for (size_t i = 0; i < req.n; i++) {
        struct ocsp_request r;
        uint8_t *cut = mem_alloc(i);
        memcpy(cut, req.p, i);
        assert_err(ERR_DER_MALFORMED, ocsp_request_parse((struct bytes){cut, i}, &r, &e));
        free(cut);
    }
    for (size_t i = 0; i < resp.n; i++) {
        struct ocsp_answer r;
        uint8_t *cut = mem_alloc(i);
        memcpy(cut, resp.p, i);
        assert_err(ERR_DER_MALFORMED, ocsp_response_check((struct bytes){cut, i}, &f.id,
                                                          f.c.ca.cert, TEST_NOW, a, &r, &e));
        free(cut);
    }
    fixture_clear(&f);
}

/* RFC 6960 4.1.1, 4.4; RFC 8954 2.1 */
static void requests_outside_the_rules_are_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct fixture f;
    struct err_info e;
    struct ocsp_request r;
    struct bytes der;
    uint8_t nonce[64] = {0};
    struct ocsp_cert_id many[OCSP_IDS_MAX + 1];
    fixture_make(&f, a, PKI_P256, OCSP_SHA1);
    for (int i = 0; i <= OCSP_IDS_MAX; i++)
        many[i] = f.id;
    assert_ok(ocsp_request_write(many, OCSP_IDS_MAX, (struct bytes){0}, a, &der, &e), &e);
    assert_ok(ocsp_request_parse(der, &r, &e), &e);
    assert_int_equal(r.ids, OCSP_IDS_MAX);
    assert_ok(ocsp_request_write(many, OCSP_IDS_MAX + 1, (struct bytes){0}, a, &der, &e), &e);
    assert_err(ERR_DER_MALFORMED, ocsp_request_parse(der, &r, &e));
    assert_ok(ocsp_request_write(&f.id, 1, (struct bytes){nonce, 32}, a, &der, &e), &e);
    assert_ok(ocsp_request_parse(der, &r, &e), &e);
    assert_ok(ocsp_request_write(&f.id, 1, (struct bytes){nonce, 33}, a, &der, &e), &e);
    assert_err(ERR_DER_MALFORMED, ocsp_request_parse(der, &r, &e));
    assert_ok(ocsp_request_write(&f.id, 0, (struct bytes){0}, a, &der, &e), &e);
    assert_err(ERR_DER_MALFORMED, ocsp_request_parse(der, &r, &e));
    assert_err(ERR_TOO_LARGE,
               ocsp_request_parse((struct bytes){arena_alloc(a, 5000), 5000}, &r, &e));
    /* an unknown extension: critical it is refused, else read over */
    struct buf b;
    for (int critical = 0; critical < 2; critical++) {
        const uint8_t oid[] = {0x2a, 0x03};
        buf_init(&b, 1024);
        size_t seq = der_open(&b, DER_SEQUENCE), tbs = der_open(&b, DER_SEQUENCE),
               list = der_open(&b, DER_SEQUENCE), one = der_open(&b, DER_SEQUENCE);
        der_put_raw(&b, f.id.whole);
        der_close(&b, one);
        der_close(&b, list);
        size_t exts = der_open(&b, DER_EXPLICIT(2)), inner = der_open(&b, DER_SEQUENCE);
        der_close_ext(&b, der_open_ext(&b, (struct bytes){oid, 2}, critical));
        der_close(&b, inner);
        der_close(&b, exts);
        der_close(&b, tbs);
        der_close(&b, seq);
        assert_ok(der_finish(&b, a, &der, &e), &e);
        assert_err(critical ? ERR_DER_MALFORMED : ERR_OK, ocsp_request_parse(der, &r, &e));
    }
    /* version 1; a trailing octet */
    assert_err(ERR_DER_MALFORMED, ocsp_request_parse(hex(a, "3009"
                                                            "3007"
                                                            "a003020101"
                                                            "3000"),
                                                     &r, &e));
    assert_err(ERR_DER_MALFORMED, ocsp_request_parse(hex(a, "300430023000"
                                                            "00"),
                                                     &r, &e));
    fixture_clear(&f);
}

static void a_hash_nobody_uses_here_is_nobodys_certificate(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct fixture f;
    struct err_info e;
    struct ocsp_request r;
    struct bytes der;
    fixture_make(&f, a, PKI_P256, OCSP_SHA1);
    struct ocsp_cert_id sha512 = {0};
    sha512.whole = hex(a, "3018"
                          "300d06096086480165030402030500"
                          "040141"
                          "040142"
                          "020105");
    assert_ok(ocsp_request_write(&sha512, 1, (struct bytes){0}, a, &der, &e), &e);
    assert_ok(ocsp_request_parse(der, &r, &e), &e);
    assert_int_equal(r.id[0].hash, OCSP_HASHES);
    assert_false(ocsp_issuer_is(&f.issuer, &r.id[0]));
    fixture_clear(&f);
}

static void error_answers_have_no_body(void **state)
{
    (void)state;
    static const enum ocsp_error all[] = {OCSP_MALFORMED_REQUEST, OCSP_INTERNAL_ERROR,
                                          OCSP_TRY_LATER, OCSP_SIG_REQUIRED, OCSP_UNAUTHORIZED};
    for (int i = 0; i < 5; i++) {
        struct bytes der = ocsp_error_response(all[i]);
        const uint8_t *p = der.p;
        OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
        assert_non_null(r);
        assert_int_equal(OCSP_response_status(r), all[i]);
        OCSP_RESPONSE_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_of_openssl_is_understood),
        cmocka_unit_test(openssl_takes_the_answer),
        cmocka_unit_test(our_own_check_takes_every_algorithm_and_status),
        cmocka_unit_test(an_answer_of_somebody_else_is_refused),
        cmocka_unit_test(truncated_requests_and_answers_are_refused),
        cmocka_unit_test(requests_outside_the_rules_are_refused),
        cmocka_unit_test(a_hash_nobody_uses_here_is_nobodys_certificate),
        cmocka_unit_test(error_answers_have_no_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
