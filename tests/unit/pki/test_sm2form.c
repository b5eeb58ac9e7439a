/* SM2 as the rest of the product meets it: our own arithmetic and OpenSSL's behind the same calls. */
#include "vectors.h"

#include "pki/der.h"
#include "pki/signer.h"
#include "pki/sm2form.h"

static struct pki_key *new_key(void)
{
    struct err_info e;
    struct pki_key *k;
    assert_ok(pki_key_new(PKI_SM2, &k, &e), &e);
    return k;
}

/* The same pair, of which OpenSSL does everything. */
static struct pki_key *for_library(const struct pki_key *k, struct arena *a)
{
    struct err_info e;
    struct bytes der;
    struct pki_key *other;
    assert_ok(pki_key_to_der(k, a, &der, &e), &e);
    assert_ok(pki_key_from_der(der, &other, &e), &e);
    assert_ok(pki_key_use_library(other, &e), &e);
    return other;
}

static void ours_and_openssls_signatures_verify_for_each_other(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(pki_key) ours = new_key();
    _auto(pki_key) theirs = for_library(ours, a);
    _auto(pki_signer) signer = NULL;
    _auto(pki_signer) library_signer = NULL;
    _auto(pki_pub) busy = NULL;
    assert_non_null(pki_key_sm2(ours));
    assert_null(pki_key_sm2(theirs));
    assert_null(pki_pub_sm2(pki_key_pub(theirs)));
    assert_ok(pki_signer_from_key(ours, &signer, &e), &e);
    assert_ok(pki_signer_from_key(theirs, &library_signer, &e), &e);
    assert_ok(pki_pub_load(pki_pub_spki(pki_key_pub(ours)), &busy, &e), &e);
    pki_pub_prepare(busy);
    pki_pub_prepare(busy); /* a second time does nothing */
    const struct pki_signer *signers[] = {signer, library_signer};
    const struct pki_pub *verifiers[] = {pki_key_pub(ours), pki_key_pub(theirs), busy};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++) {
            struct bytes sig;
            assert_ok(pki_sign(signers[i], octets("message"), a, &sig, &e), &e);
            assert_ok(pki_verify(verifiers[j], octets("message"), sig, &e), &e);
            assert_err(ERR_SIGNATURE, pki_verify(verifiers[j], octets("massage"), sig, &e));
            ((uint8_t *)(uintptr_t)sig.p)[sig.n - 1] ^= 1;
            assert_err(ERR_SIGNATURE, pki_verify(verifiers[j], octets("message"), sig, &e));
        }
}

static void a_signer_outlives_its_key(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(pki_signer) signer = NULL;
    struct pki_key *k = new_key();
    struct bytes sig;
    assert_ok(pki_signer_from_key(k, &signer, &e), &e);
    pki_key_free(k);
    assert_ok(pki_sign(signer, octets("message"), a, &sig, &e), &e);
    assert_ok(pki_verify(signer->pub, octets("message"), sig, &e), &e);
}

static void a_pair_whose_halves_do_not_belong_together_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(pki_key) one = new_key();
    _auto(pki_key) k = NULL;
    assert_err(ERR_KEY_UNSUPPORTED, pki_key_from_scalar(PKI_SM2, hex(a, SM2_D).p,
                                                        pki_pub_point(pki_key_pub(one)), &k, &e));
}

static void what_one_encrypts_the_other_opens(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(pki_key) ours = new_key();
    _auto(pki_key) theirs = for_library(ours, a);
    const struct pki_key *keys[] = {ours, theirs};
    struct bytes text = octets("a symmetric key 16 octets or some");
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++) {
            struct bytes der, opened;
            assert_ok(pki_sm2_encrypt(pki_key_pub(keys[i]), text, a, &der, &e), &e);
            assert_ok(pki_sm2_decrypt(keys[j], der, a, &opened, &e), &e);
            assert_bytes(text, opened);
            ((uint8_t *)(uintptr_t)der.p)[der.n - 1] ^= 1;
            assert_err(ERR_CRYPTO, pki_sm2_decrypt(keys[j], der, a, &opened, &e));
        }
}

/* GB/T 32918.5 C.2, as SM2Cipher */
#define EXAMPLE_X "022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73"
#define EXAMPLE_Y "022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0"
#define EXAMPLE_H "042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
#define EXAMPLE_C "041321886ca989ca9c7d58087307ca93092d651efa"

static void the_example_of_the_standard_opens_and_bad_forms_do_not(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(pki_key) k = NULL;
    struct bytes opened;
    assert_ok(pki_key_from_scalar(PKI_SM2, hex(a, SM2_D).p, hex(a, "04" SM2_X SM2_Y), &k, &e), &e);
    assert_ok(
        pki_sm2_decrypt(k, hex(a, "307c" EXAMPLE_X EXAMPLE_Y EXAMPLE_H EXAMPLE_C), a, &opened, &e),
        &e);
    assert_bytes(octets("encryption standard"), opened);
    static const char *const bad[] = {
        "",
        "3000",
        "307c" EXAMPLE_X EXAMPLE_Y EXAMPLE_H EXAMPLE_C "00",   /* trailing */
        "307e" EXAMPLE_X EXAMPLE_Y EXAMPLE_H EXAMPLE_C "0500", /* inside */
        "3067" EXAMPLE_X EXAMPLE_Y EXAMPLE_H,                  /* no text */
        "307d"
        "02210004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73" EXAMPLE_Y EXAMPLE_H
            EXAMPLE_C, /* not minimal */
        "307b" EXAMPLE_X
        "0220e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0" EXAMPLE_H
            EXAMPLE_C,                               /* negative */
        "305c" EXAMPLE_X EXAMPLE_Y "0400" EXAMPLE_C, /* no hash */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(ERR_DER_MALFORMED, pki_sm2_decrypt(k, hex(a, bad[i]), a, &opened, &e));
    assert_err(ERR_CRYPTO, pki_sm2_decrypt(k, hex(a, "3069" EXAMPLE_X EXAMPLE_Y EXAMPLE_H "0400"),
                                           a, &opened, &e)); /* an empty text */
}

static void other_keys_do_not_encrypt_so(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(pki_key) k = NULL;
    struct bytes out;
    assert_ok(pki_key_new(PKI_P256, &k, &e), &e);
    assert_err(ERR_KEY_UNSUPPORTED, pki_sm2_encrypt(pki_key_pub(k), octets("x"), a, &out, &e));
    assert_err(ERR_KEY_UNSUPPORTED, pki_sm2_decrypt(k, octets("x"), a, &out, &e));
}

/* r or s of fewer octets, and each without the 00 that would keep it from being negative. */
static void signatures_are_read_as_they_are_written(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    for (unsigned skip = 0; skip < 2 * SM2_SIG_LEN; skip++) {
        uint8_t sig[SM2_SIG_LEN], again[SM2_SIG_LEN];
        struct bytes der;
        memset(sig, skip % 2 ? 0x8f : 0x7f, sizeof sig);
        memset(sig, 0, skip / 2 % SM2_LEN);
        memset(sig + SM2_LEN, 0, skip / 4);
        assert_ok(sm2_sig_write(sig, a, &der, &e), &e);
        assert_ok(sm2_sig_read(der, again, &e), &e);
        assert_memory_equal(sig, again, sizeof sig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_and_openssls_signatures_verify_for_each_other),
        cmocka_unit_test(a_signer_outlives_its_key),
        cmocka_unit_test(a_pair_whose_halves_do_not_belong_together_is_refused),
        cmocka_unit_test(what_one_encrypts_the_other_opens),
        cmocka_unit_test(the_example_of_the_standard_opens_and_bad_forms_do_not),
        cmocka_unit_test(other_keys_do_not_encrypt_so),
        cmocka_unit_test(signatures_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
