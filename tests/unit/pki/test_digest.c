#include "vectors.h"

#include "pki/digest.h"

/* GB/T 32905 annex A.1; FIPS 180-4 example */
static void digests_give_the_vectors_of_the_standards(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    uint8_t d[DIGEST_LEN];
    digest_sm3(octets("abc"), d);
    assert_memory_equal(
        d, hex(a, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0").p, 32);
    digest_sha256(octets("abc"), d);
    assert_memory_equal(
        d, hex(a, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad").p, 32);
    digest_of(DIGEST_SHA1, octets("abc"), d);
    assert_memory_equal(d, hex(a, "a9993e364706816aba3e25717850c26c9cd0d89d").p, 20);
}

static void digest_in_pieces_equals_one_shot_and_starts_anew(void **state)
{
    (void)state;
    uint8_t whole[DIGEST_LEN], part[DIGEST_LEN];
    digest_sm3(octets("message digest"), whole);
    _auto(digest) d = digest_new(DIGEST_SM3);
    for (int round = 0; round < 2; round++) {
        digest_add(d, octets("message "));
        digest_add(d, octets("digest"));
        digest_finish(d, part);
        assert_memory_equal(whole, part, DIGEST_LEN);
    }
}

/* RFC 4231 4.3 (test case 2); HMAC-SM3 of GM/T 0042's construction equals ipad/opad by hand */
static void hmac_gives_the_vectors(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    uint8_t d[DIGEST_LEN], inner[DIGEST_LEN], by_hand[DIGEST_LEN];
    digest_hmac_sha256(octets("Jefe"), octets("what do ya want for nothing?"), d);
    assert_memory_equal(
        d, hex(a, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843").p, 32);
    digest_hmac_sm3(octets("key"), octets("message"), d);
    uint8_t in[64 + 7], out[64 + 32];
    memset(in, 0x36, 64);
    memset(out, 0x5c, 64);
    for (int i = 0; i < 3; i++) {
        in[i] ^= (uint8_t) "key"[i];
        out[i] ^= (uint8_t) "key"[i];
    }
    memcpy(in + 64, "message", 7);
    digest_sm3((struct bytes){in, sizeof in}, inner);
    memcpy(out + 64, inner, 32);
    digest_sm3((struct bytes){out, sizeof out}, by_hand);
    assert_memory_equal(d, by_hand, 32);
    digest_hmac_sm3((struct bytes){0}, octets("message"), d); /* an empty key is a key */
    assert_memory_not_equal(d, by_hand, 32);
}

/* RFC 5869 A.1 and A.3 */
static void hkdf_gives_the_vectors(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    uint8_t okm[42];
    struct bytes ikm = hex(a, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
    digest_hkdf(ikm, hex(a, "000102030405060708090a0b0c"), hex(a, "f0f1f2f3f4f5f6f7f8f9"), okm,
                sizeof okm);
    assert_memory_equal(
        okm,
        hex(a,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
            .p,
        42);
    digest_hkdf(ikm, (struct bytes){0}, (struct bytes){0}, okm, sizeof okm);
    assert_memory_equal(
        okm,
        hex(a,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
            .p,
        42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_give_the_vectors_of_the_standards),
        cmocka_unit_test(digest_in_pieces_equals_one_shot_and_starts_anew),
        cmocka_unit_test(hmac_gives_the_vectors),
        cmocka_unit_test(hkdf_gives_the_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
