/* aead, hpke and password: what is sealed opens for its key alone. */
#include "vectors.h"

#include "pki/aead.h"
#include "pki/hpke_priv.h"
#include "pki/password.h"

static const struct aead_key key_a = {.id = 7, .key = {1, 2, 3}};

static void a_sealed_value_opens_for_its_key_and_context_alone(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes sealed, plain;
    struct aead_key other = key_a, renamed = key_a;
    uint32_t id = 0;
    other.key[31] = 1;
    renamed.id = 8;
    assert_ok(aead_seal(&key_a, octets("person.mobile:1"), octets("13800138000"), a, &sealed, &e),
              &e);
    assert_int_equal(sealed.n, 11 + AEAD_OVERHEAD);
    assert_true(aead_key_id(sealed, &id) && id == 7);
    assert_ok(aead_open(&key_a, octets("person.mobile:1"), sealed, a, &plain, &e), &e);
    assert_bytes(octets("13800138000"), plain);
    assert_err(ERR_CRYPTO, aead_open(&key_a, octets("person.mobile:2"), sealed, a, &plain, &e));
    assert_err(ERR_CRYPTO, aead_open(&other, octets("person.mobile:1"), sealed, a, &plain, &e));
    assert_err(ERR_CRYPTO, aead_open(&renamed, octets("person.mobile:1"), sealed, a, &plain, &e));
}

static void every_octet_of_a_sealed_value_counts(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes sealed, plain;
    assert_ok(aead_seal(&key_a, octets("c"), octets("v"), a, &sealed, &e), &e);
    for (size_t i = 0; i < sealed.n; i++) {
        struct bytes copy = arena_bytes(a, sealed.p, sealed.n);
        ((uint8_t *)(uintptr_t)copy.p)[i] ^= 1;
        assert_err(ERR_CRYPTO, aead_open(&key_a, octets("c"), copy, a, &plain, &e));
        copy = (struct bytes){sealed.p, i};
        assert_err(ERR_CRYPTO, aead_open(&key_a, octets("c"), copy, a, &plain, &e));
    }
}

static void the_same_value_never_looks_the_same(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes one, two;
    assert_ok(aead_seal(&key_a, octets(""), octets("x"), a, &one, &e), &e);
    assert_ok(aead_seal(&key_a, octets(""), octets("x"), a, &two, &e), &e);
    assert_memory_not_equal(one.p, two.p, one.n);
    struct bytes plain;
    assert_ok(aead_seal(&key_a, (struct bytes){0}, (struct bytes){0}, a, &one, &e), &e);
    assert_ok(aead_open(&key_a, (struct bytes){0}, one, a, &plain, &e), &e);
    assert_int_equal(plain.n, 0);
}

/* RFC 9180 A.3.1: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, sequence number 0 */
static void hpke_gives_the_vector_of_the_rfc(void **state)
{
    (void)state;
    static const char pk_e[] = "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9"
                               "8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4";
    static const char pk_r[] = "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82"
                               "6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0";
    _auto(arena) a = arena_new();
    _auto(pki_key) ephemeral = NULL;
    _auto(pki_key) recipient = NULL;
    struct err_info e;
    struct bytes sealed, plain;
    struct bytes
        info = hex(a, "4f6465206f6e2061204772656369616e2055726e"),
        aad = hex(a, "436f756e742d30"),
        pt = hex(a, "4265617574792069732074727574682c20747275746820626561757479"),
        ct = hex(
            a, "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f"
               "39513434");
    assert_ok(pki_key_from_scalar(
                  PKI_P256,
                  hex(a, "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb").p,
                  hex(a, pk_e), &ephemeral, &e),
              &e);
    assert_ok(pki_key_from_scalar(
                  PKI_P256,
                  hex(a, "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2").p,
                  hex(a, pk_r), &recipient, &e),
              &e);
    assert_ok(hpke_seal_with(ephemeral, HPKE_AES128, pki_key_pub(recipient), info, aad, pt, a,
                             &sealed, &e),
              &e);
    assert_bytes(hex(a, pk_e), ((struct bytes){sealed.p, HPKE_ENC_LEN}));
    assert_bytes(ct, ((struct bytes){sealed.p + HPKE_ENC_LEN, sealed.n - HPKE_ENC_LEN}));
    assert_ok(hpke_open_with(HPKE_AES128, recipient, info, aad, sealed, a, &plain, &e), &e);
    assert_bytes(pt, plain);
}

static void hpke_opens_for_the_recipient_alone(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    _auto(pki_key) agent = NULL;
    _auto(pki_key) other = NULL;
    _auto(pki_key) sm2 = NULL;
    struct err_info e;
    struct bytes sealed, plain, info = octets("CERTHALL-ADMIN-PIN-v1"),
                                pin = octets("K7M2QX9TPD4VH3RA");
    assert_ok(pki_key_new(PKI_P256, &agent, &e), &e);
    assert_ok(pki_key_new(PKI_P256, &other, &e), &e);
    assert_ok(pki_key_new(PKI_SM2, &sm2, &e), &e);
    assert_ok(hpke_seal(pki_key_pub(agent), info, (struct bytes){0}, pin, a, &sealed, &e), &e);
    assert_ok(hpke_open(agent, info, (struct bytes){0}, sealed, a, &plain, &e), &e);
    assert_bytes(pin, plain);
    assert_err(ERR_CRYPTO, hpke_open(other, info, (struct bytes){0}, sealed, a, &plain, &e));
    assert_err(ERR_CRYPTO, hpke_open(agent, octets("x"), (struct bytes){0}, sealed, a, &plain, &e));
    assert_err(ERR_CRYPTO, hpke_open(agent, info, octets("x"), sealed, a, &plain, &e));
    for (size_t i = 0; i < sealed.n; i++) {
        struct bytes copy = arena_bytes(a, sealed.p, sealed.n);
        ((uint8_t *)(uintptr_t)copy.p)[i] ^= 0x10;
        assert_err(ERR_CRYPTO, hpke_open(agent, info, (struct bytes){0}, copy, a, &plain, &e));
        assert_err(ERR_CRYPTO, hpke_open(agent, info, (struct bytes){0},
                                         (struct bytes){sealed.p, i}, a, &plain, &e));
    }
    assert_err(ERR_KEY_UNSUPPORTED,
               hpke_seal(pki_key_pub(sm2), info, (struct bytes){0}, pin, a, &sealed, &e));
}

static void a_password_verifies_and_no_other(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    char *one, *two, big[PASSWORD_MAX + 2] = {0};
    assert_ok(password_hash("正确的马 horse", a, &one, &e), &e);
    assert_ok(password_hash("正确的马 horse", a, &two, &e), &e);
    assert_non_null(strstr(one, "$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_string_not_equal(one, two);
    assert_true(password_verify(one, "正确的马 horse"));
    assert_false(password_verify(one, "正确的马 hors"));
    assert_false(password_verify(one, ""));
    assert_false(password_is_old(one));
    memset(big, 'x', PASSWORD_MAX + 1);
    assert_err(ERR_BAD_REQUEST, password_hash(big, a, &two, &e));
    assert_err(ERR_BAD_REQUEST, password_hash("", a, &two, &e));
}

static void a_hash_that_would_cost_too_much_is_not_tried(void **state)
{
    (void)state;
    static const char tail[] = "c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b27a5U+g9iC0b0n6wW8jFqC0Yk";
    static const char *const head[] = {
        "$argon2id$v=19$m=999999999,t=2,p=1$", "$argon2id$v=19$m=19456,t=9999,p=1$",
        "$argon2i$v=19$m=19456,t=2,p=1$",      "$argon2id$v=16$m=19456,t=2,p=1$",
        "$argon2id$m=19456,t=2,p=1$",          ""};
    char text[200];
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        snprintf(text, sizeof text, "%s%s", head[i], tail);
        assert_false(password_verify(text, "x"));
        assert_true(password_is_old(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_value_opens_for_its_key_and_context_alone),
        cmocka_unit_test(every_octet_of_a_sealed_value_counts),
        cmocka_unit_test(the_same_value_never_looks_the_same),
        cmocka_unit_test(hpke_gives_the_vector_of_the_rfc),
        cmocka_unit_test(hpke_opens_for_the_recipient_alone),
        cmocka_unit_test(a_password_verifies_and_no_other),
        cmocka_unit_test(a_hash_that_would_cost_too_much_is_not_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
