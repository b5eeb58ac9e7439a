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

/* ---- CFCA's double request ---- */

static const char challenge_oid[] = "06092a864886f70d010907",
                  temporary_oid[] = "06092a864886f70d01093f";

/* The 136 octets of a key; `spoil` flips a bit of one of them (136: none). */
static struct bytes key_blob(struct arena *a, const struct pki_pub *pub, size_t spoil)
{
    uint8_t blob[137] = {0x00, 0xb4, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00};
    memcpy(blob + 8, pki_pub_point(pub).p + 1, 32);
    memcpy(blob + 72, pki_pub_point(pub).p + 33, 32);
    blob[spoil] ^= 1;
    return arena_bytes(a, blob, 136);
}

enum wrap { BARE, IN_SET, IN_SET_WITH_VERSION, IN_SET_WITH_VERSION_2 };

/* Attribute whole: OID and OCTET STRING. */
static struct bytes attribute(struct arena *a, const char *oid, uint8_t tag, struct bytes value,
                              enum wrap wrap)
{
    struct err_info e;
    struct bytes out;
    struct buf b;
    buf_init(&b, 1024);
    size_t seq = der_open(&b, DER_SEQUENCE), set = 0;
    der_put_raw(&b, hex(a, oid));
    if (wrap != BARE)
        set = der_open(&b, DER_SET);
    size_t outer = der_open(&b, tag);
    if (wrap >= IN_SET_WITH_VERSION) {
        size_t inner = der_open(&b, DER_SEQUENCE);
        der_put_number(&b, wrap == IN_SET_WITH_VERSION ? 1 : 2);
        der_put(&b, DER_OCTET_STRING, value);
        der_close(&b, inner);
    } else {
        buf_put(&b, value.p, value.n);
    }
    der_close(&b, outer);
    if (set)
        der_close(&b, set);
    der_close(&b, seq);
    assert_ok(der_finish(&b, a, &out, &e), &e);
    return out;
}

/* A request of this key with these attributes, one after another; it proves its key. */
static struct bytes request_with(struct arena *a, enum pki_alg alg, const struct bytes *attribute,
                                 size_t n)
{
    struct err_info e;
    _auto(pki_key) k = NULL;
    _auto(pki_signer) s = NULL;
    struct bytes info, der;
    struct buf b;
    assert_ok(pki_key_new(alg, &k, &e), &e);
    assert_ok(pki_signer_from_key(k, &s, &e), &e);
    buf_init(&b, CSR_MAX);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_number(&b, 0);
    der_put_raw(&b, test_name(a, "x"));
    der_put_raw(&b, pki_pub_spki(s->pub));
    size_t list = der_open(&b, DER_EXPLICIT(0));
    for (size_t i = 0; i < n; i++)
        der_put_raw(&b, attribute[i]);
    der_close(&b, list);
    der_close(&b, mark);
    assert_ok(der_finish(&b, a, &info, &e), &e);
    assert_ok(pki_sign_wrap(info, s, a, &der, &e), &e);
    return der;
}

static enum err taken(struct bytes der, struct csr *c, struct err_info *e)
{
    _auto(pki_pub) key = NULL;
    TRY(csr_parse(der, c, e));
    return csr_verify(c, &key, e);
}

static void refused_for(struct bytes der, enum err code, const char *why)
{
    struct err_info e;
    struct csr c;
    assert_err(code, taken(der, &c, &e));
    if (!strstr(e.detail, why))
        fail_msg("refused for \"%s\", not for \"%s\"", e.detail, why);
}

/* S4: the clients of CFCA make them in one or the other of these forms. */
static void a_double_request_gives_its_temporary_key(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    _auto(pki_key) temporary = NULL;
    struct err_info e;
    assert_ok(pki_key_new(PKI_SM2, &temporary, &e), &e);
    for (enum wrap wrap = BARE; wrap <= IN_SET_WITH_VERSION; wrap++) {
        struct csr c;
        _auto(pki_pub) found = NULL;
        struct bytes both[2] = {attribute(a, temporary_oid, DER_OCTET_STRING,
                                          key_blob(a, pki_key_pub(temporary), 136), wrap),
                                attribute(a, challenge_oid, DER_PRINTABLE, octets("111111"),
                                          wrap == BARE ? BARE : IN_SET)};
        struct bytes der = request_with(a, PKI_SM2, both, 2);
        assert_ok(taken(der, &c, &e), &e);
        assert_ok(csr_temporary_key(&c, &found, &e), &e);
        assert_true(pki_pub_equal(found, pki_key_pub(temporary)));
        der = request_with(a, PKI_SM2, both + 1, 1);
        pki_pub_free(found);
        assert_ok(taken(der, &c, &e), &e);
        assert_ok(csr_temporary_key(&c, &found, &e), &e);
        assert_null(found);
    }
}

static void a_malformed_double_request_is_refused_by_name(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    _auto(pki_key) temporary = NULL;
    struct err_info e;
    assert_ok(pki_key_new(PKI_SM2, &temporary, &e), &e);
    const struct pki_pub *pub = pki_key_pub(temporary);
    struct bytes good = attribute(a, temporary_oid, DER_OCTET_STRING, key_blob(a, pub, 136),
                                  IN_SET);
    static const struct {
        size_t spoil;
        const char *why;
    } spoilt[] = {{0, "head"}, {7, "head"}, {40, "zeros"}, {71, "zeros"}, {135, "zeros"}};
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        struct bytes x = attribute(a, temporary_oid, DER_OCTET_STRING,
                                   key_blob(a, pub, spoilt[i].spoil), IN_SET);
        refused_for(request_with(a, PKI_SM2, &x, 1), ERR_DER_MALFORMED, spoilt[i].why);
    }
    struct bytes x = attribute(a, temporary_oid, DER_OCTET_STRING, key_blob(a, pub, 8), IN_SET);
    refused_for(request_with(a, PKI_SM2, &x, 1), ERR_KEY_UNSUPPORTED, "");
    struct bytes blob = key_blob(a, pub, 136);
    x = attribute(a, temporary_oid, DER_OCTET_STRING, (struct bytes){blob.p, 135}, IN_SET);
    refused_for(request_with(a, PKI_SM2, &x, 1), ERR_DER_MALFORMED, "135 octets");
    x = attribute(a, temporary_oid, DER_OCTET_STRING, blob, IN_SET_WITH_VERSION_2);
    refused_for(request_with(a, PKI_SM2, &x, 1), ERR_DER_MALFORMED, "version 2");
    struct bytes twice[2] = {good, good};
    refused_for(request_with(a, PKI_SM2, twice, 2), ERR_DER_MALFORMED, "two temporary keys");
    twice[0] = twice[1] = attribute(a, challenge_oid, DER_PRINTABLE, octets("1"), IN_SET);
    refused_for(request_with(a, PKI_SM2, twice, 2), ERR_DER_MALFORMED, "two challenge passwords");
    x = attribute(a, challenge_oid, DER_OCTET_STRING, octets("1"), IN_SET);
    refused_for(request_with(a, PKI_SM2, &x, 1), ERR_DER_MALFORMED, "challenge password");
    x = attribute(a, challenge_oid, DER_UTF8, octets(""), IN_SET);
    refused_for(request_with(a, PKI_SM2, &x, 1), ERR_DER_MALFORMED, "challenge password");
    /* only SM2 has double requests */
    refused_for(request_with(a, PKI_P256, &good, 1), ERR_KEY_UNSUPPORTED, "not SM2");
    x = attribute(a, challenge_oid, DER_UTF8, octets("1"), BARE);
    refused_for(request_with(a, PKI_P256, &x, 1), ERR_DER_MALFORMED, "without a SET");
    x = attribute(a, "06032a0304", DER_UTF8, octets("1"), BARE);
    refused_for(request_with(a, PKI_SM2, &x, 1), ERR_DER_MALFORMED, "tag");
}

/* An attribute of extensions (RFC 2985 5.4.2) is read over; so is one that is nobody's. */
static void other_attributes_give_nothing(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct csr c;
    struct bytes x[2] = {
        attribute(a, "06092a864886f70d01090e", DER_SEQUENCE, hex(a, "0500"), IN_SET),
        attribute(a, "06032a0304", DER_UTF8, octets("1"), IN_SET)};
    assert_ok(taken(request_with(a, PKI_P256, x, 2), &c, &e), &e);
    assert_false(c.temporary);
}

/* A weak key is refused whatever it signed. */
static void a_request_of_a_weak_key_is_refused(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    _auto(pki_pub) weak = NULL;
    struct err_info e;
    struct bytes info, der;
    assert_ok(
        pki_pub_from_point(
            PKI_SM2,
            hex(a, "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2"
                   "f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"),
            &weak, &e),
        &e);
    assert_ok(csr_info(test_name(a, "x"), weak, a, &info, &e), &e);
    assert_ok(pki_wrap(info, PKI_SM2, hex(a, "3006020101020101"), a, &der, &e), &e);
    refused_for(der, ERR_KEY_WEAK, "generator");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_built_parsed_and_proves_its_key),
        cmocka_unit_test(a_request_of_openssl_is_taken),
        cmocka_unit_test(every_truncation_and_every_trailing_octet_is_refused),
        cmocka_unit_test(every_changed_octet_is_noticed),
        cmocka_unit_test(a_foreign_signature_algorithm_is_refused),
        cmocka_unit_test(a_double_request_gives_its_temporary_key),
        cmocka_unit_test(a_malformed_double_request_is_refused_by_name),
        cmocka_unit_test(other_attributes_give_nothing),
        cmocka_unit_test(a_request_of_a_weak_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
