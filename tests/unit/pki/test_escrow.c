/* What ca, kmc and custodians sign, octet for octet: whoever changes it changes the protocol. */
#include "vectors.h"

#include "pki/escrow.h"

/* Computed apart from this code, in Python. */
// clang-format off
#define GIVE \
    "4345525448414c4c2d4b45592d524551554553542d76310000000004676976650000000263610000" \
    "000d31373030303030303030313233000000013100000009343731312d7369676e00000004303161" \
    "6200000003534d320000000530030201000000000a313730303030303030300000000a3138303030" \
    "303030303000000006e794a8e688b7"
#define RECOVER \
    "4345525448414c4c2d4b45592d524551554553542d763100000000077265636f7665720000000263" \
    "610000000d31373030303030303030313233000000013100000009343731312d7369676e00000004" \
    "30316162000000000000000530030201000000000130000000013000000006e794a8e688b7"
#define ANSWER \
    "4345525448414c4c2d4b45592d414e535745522d763100000000204b3053dba738baa69a95dd76ee" \
    "52dc1d87d4ad531923694f835d237ed30990a8000000013500000001320000000161000000043031" \
    "6162000000000000000153000000024545000000034242420000000162000000023032000000086b" \
    "6d632e706f6f6c000000000000000000000000"
#define JUDICIAL \
    "4345525448414c4c2d4a5544494349414c2d763100000000026361000000043031616200000006e6" \
    "9687e58fb700000006e58e9fe59ba0000000053003020100"
#define CUSTODIAN \
    "4345525448414c4c2d435553544f4449414e2d76310000000005656e74657200000006e69f90e4ba" \
    "ba0000000443455254"
// clang-format on

static const uint8_t spki[] = {0x30, 0x03, 0x02, 0x01, 0x00};

static struct escrow_item item(void)
{
    return (struct escrow_item){.request_id = "4711-sign",
                                .enc_serial = "01ab",
                                .algorithm = PKI_SM2,
                                .sign_key = {spki, sizeof spki},
                                .not_before = 1700000000999, /* whole seconds are signed */
                                .not_after = 1800000000000,
                                .user = "用户"};
}

static struct bytes request(enum escrow_act act, struct arena *a)
{
    struct err_info e;
    struct bytes out;
    struct escrow_item one = item();
    struct escrow_request r = {act, "ca", 1700000000123, &one, 1};
    assert_ok(escrow_request_bytes(&r, a, &out, &e), &e);
    return out;
}

static void requests_are_these_octets(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    assert_bytes(hex(a, GIVE), request(ESCROW_GIVE, a));
    assert_bytes(hex(a, RECOVER), request(ESCROW_RECOVER, a));
}

static void answers_are_these_octets(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes out;
    struct escrow_pair pair[2] = {{.request_id = "a",
                                   .enc_serial = "01ab",
                                   .spki = octets("S"),
                                   .envelope = octets("EE"),
                                   .blob = octets("BBB")},
                                  {.request_id = "b", .enc_serial = "02", .error = "kmc.pool"}};
    struct escrow_answer v = {5, pair, 2};
    assert_ok(escrow_answer_bytes(request(ESCROW_GIVE, a), &v, a, &out, &e), &e);
    assert_bytes(hex(a, ANSWER), out);
}

static void what_custodians_sign_are_these_octets(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes out;
    struct escrow_judicial r = {"ca", "01ab", "文号", "原因", {spki, sizeof spki}};
    assert_ok(escrow_judicial_bytes(&r, a, &out, &e), &e);
    assert_bytes(hex(a, JUDICIAL), out);
    assert_ok(escrow_custodian_bytes("enter", "某人", octets("CERT"), a, &out, &e), &e);
    assert_bytes(hex(a, CUSTODIAN), out);
}

/* What one text ends with is not what the next begins with. */
static void where_a_text_ends_is_signed(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes one, two;
    struct escrow_judicial r = {"ca", "01ab", "ab", "c", {spki, sizeof spki}};
    assert_ok(escrow_judicial_bytes(&r, a, &one, &e), &e);
    r.document = "a";
    r.reason = "bc";
    assert_ok(escrow_judicial_bytes(&r, a, &two, &e), &e);
    assert_int_equal(one.n, two.n);
    assert_memory_not_equal(one.p, two.p, one.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_these_octets),
        cmocka_unit_test(answers_are_these_octets),
        cmocka_unit_test(what_custodians_sign_are_these_octets),
        cmocka_unit_test(where_a_text_ends_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
