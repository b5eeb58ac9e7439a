/* SM3 of this folder against the standard's examples and OpenSSL's, whole and in pieces of any size. */
#include "oracle.h"

#include "pki/digest.h"
#include "pki/sm2/sm3.h"

static void the_examples_of_the_standard_come_out(void **state)
{
    (void)state;
    static const uint8_t abc[SM3_LEN] = {0x66, 0xc7, 0xf0, 0xf4, 0x62, 0xee, 0xed, 0xd9,
                                         0xd1, 0xf2, 0xd4, 0x6b, 0xdc, 0x10, 0xe4, 0xe2,
                                         0x41, 0x67, 0xc4, 0x87, 0x5c, 0xf2, 0xf7, 0xa2,
                                         0x29, 0x7d, 0xa0, 0x2b, 0x8f, 0x4b, 0xa8, 0xe0};
    struct sm3 h;
    uint8_t out[SM3_LEN];
    sm3_init(&h);
    sm3_add(&h, "abc", 3); /* GB/T 32905 A.1 */
    sm3_finish(&h, out);
    assert_memory_equal(out, abc, sizeof abc);
}

static void every_length_agrees_whole_and_in_pieces(void **state)
{
    (void)state;
    _auto(oracle) o = oracle_new();
    uint8_t message[400], ours[SM3_LEN], theirs[SM3_LEN];
    for (size_t n = 0; n <= sizeof message; n++) {
        struct sm3 h;
        random_octets(o, message, sizeof message);
        digest_sm3((struct bytes){message, n}, theirs);
        sm3_init(&h);
        sm3_add(&h, message, n);
        sm3_finish(&h, ours);
        assert_memory_equal(ours, theirs, sizeof ours);
        sm3_init(&h);
        for (size_t at = 0; at < n;) {
            size_t part = (size_t)(oracle_random(o) % (n - at + 1));
            sm3_add(&h, message + at, part);
            at += part;
        }
        sm3_finish(&h, ours);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_come_out),
        cmocka_unit_test(every_length_agrees_whole_and_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
