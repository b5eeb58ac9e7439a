#include "vectors.h"

#include "pki/digest.h"
#include "pki/evidence.h"

static void fields_are_counted_pairs_sorted_by_name(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes one, two;
    struct evidence_field f[] = {evidence_text("ukey", "FX2600071182"), evidence_text("csr", "ab")},
                          g[] = {f[1], f[0]};
    assert_ok(evidence_fields(f, 2, a, &one, &e), &e);
    assert_ok(evidence_fields(g, 2, a, &two, &e), &e);
    assert_bytes(one, two);
    assert_bytes(hex(a, "00000003637372"
                        "000000026162"
                        "00000004756b6579"
                        "0000000c465832363030303731313832"),
                 one);
    assert_ok(evidence_fields(f, 0, a, &one, &e), &e);
    assert_int_equal(one.n, 0);
}

/* Two different sets of fields never give the same octets, however names and values are cut. */
static void what_is_signed_cannot_be_cut_otherwise(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes one, two;
    struct evidence_field f[] = {evidence_text("a", "bc")}, g[] = {evidence_text("ab", "c")},
                          twice[] = {evidence_text("a", "1"), evidence_text("a", "2")};
    assert_ok(evidence_fields(f, 1, a, &one, &e), &e);
    assert_ok(evidence_fields(g, 1, a, &two, &e), &e);
    assert_int_equal(one.n, two.n);
    assert_memory_not_equal(one.p, two.p, one.n);
    assert_err(ERR_BAD_REQUEST, evidence_fields(twice, 2, a, &one, &e));
}

static void evidence_has_the_written_form(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes out, fields;
    uint8_t sm3[DIGEST_LEN];
    struct evidence_field f[] = {evidence_text("csr", "ab")};
    static const char head[] = "CERTHALL-EVIDENCE-v1\0maker\0"
                               "1234567890123456789\0"
                               "3";
    assert_ok(evidence_bytes("maker", "1234567890123456789", "3", f, 1, a, &out, &e), &e);
    assert_int_equal(out.n, sizeof head + DIGEST_LEN);
    assert_memory_equal(out.p, head, sizeof head);
    assert_ok(evidence_fields(f, 1, a, &fields, &e), &e);
    digest_sm3(fields, sm3);
    assert_memory_equal(out.p + sizeof head, sm3, DIGEST_LEN);
    assert_err(ERR_BAD_REQUEST, evidence_bytes("nobody", "1", "1", f, 1, a, &out, &e));
    assert_err(ERR_BAD_REQUEST, evidence_bytes("maker", "", "1", f, 1, a, &out, &e));
}

static void the_agent_signs_octets_that_are_no_evidence(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes out;
    static const char head[] = "CERTHALL-LOGIN-v1\0https://hall.example\0job-1";
    assert_ok(evidence_agent_bytes("LOGIN", "https://hall.example", "job-1", NULL, 0, a, &out, &e),
              &e);
    assert_int_equal(out.n, sizeof head + DIGEST_LEN);
    assert_memory_equal(out.p, head, sizeof head);
    assert_err(ERR_BAD_REQUEST,
               evidence_agent_bytes("EVIDENCE", "maker", "1", NULL, 0, a, &out, &e));
    assert_err(ERR_BAD_REQUEST, evidence_agent_bytes("LOG IN", "o", "1", NULL, 0, a, &out, &e));
    assert_err(ERR_BAD_REQUEST, evidence_agent_bytes("", "o", "1", NULL, 0, a, &out, &e));
}

static void assert_signed(const char *head, size_t head_n, const struct evidence_field *field,
                          size_t n, struct bytes out)
{
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes fields;
    uint8_t sm3[DIGEST_LEN];
    assert_ok(evidence_fields(field, n, a, &fields, &e), &e);
    digest_sm3(fields, sm3);
    assert_int_equal(out.n, head_n + DIGEST_LEN);
    assert_memory_equal(out.p, head, head_n);
    assert_memory_equal(out.p + head_n, sm3, DIGEST_LEN);
}

/* Reviewer, holder and activation: what each signs, by name; no signature of one serves as another's. */
static void each_kind_has_its_domain_and_its_fields(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes out;
    static const uint8_t sum[DIGEST_LEN] = {0xab};
    static const char review_head[] = "CERTHALL-EVIDENCE-v1\0reviewer\0"
                                      "7\0"
                                      "2",
                      renew_head[] = "CERTHALL-EVIDENCE-v1\0holder\0"
                                     "7\0"
                                     "2",
                      activate_head[] = "CERTHALL-EVIDENCE-v1\0activation\0"
                                        "7\0"
                                        "2";
    const struct evidence_review review = {.order = "7",
                                           .revision = "2",
                                           .profile = "p",
                                           .ukey = "k",
                                           .days = 365,
                                           .institution = "i",
                                           .reporting_code = "r",
                                           .user = "u",
                                           .uscc = "s",
                                           .id_number = "n",
                                           .dns = "d"};
    const struct evidence_field reviewed[] = {
        evidence_text("days", "365"),    evidence_text("dns", "d"),
        evidence_text("id_number", "n"), evidence_text("institution", "i"),
        evidence_text("profile", "p"),   evidence_text("reporting_code", "r"),
        evidence_text("ukey", "k"),      evidence_text("uscc", "s"),
        evidence_text("user", "u")};
    assert_ok(evidence_review_bytes(&review, a, &out, &e), &e);
    assert_signed(review_head, sizeof review_head, reviewed, 9, out);
    const struct evidence_renew renew = {"7", "2", "p", "k", "0a", sum};
    const struct evidence_field renewed[] = {
        evidence_text("certificate", "0a"),
        evidence_text("csr", "ab00000000000000000000000000000000000000000000000000000000000000"),
        evidence_text("profile", "p"), evidence_text("ukey", "k")};
    assert_ok(evidence_renew_bytes(&renew, a, &out, &e), &e);
    assert_signed(renew_head, sizeof renew_head, renewed, 4, out);
    const struct evidence_activate activate = {"7", "2", "k", "0a", 77};
    const struct evidence_field activated[] = {evidence_text("certificate", "0a"),
                                               evidence_text("held_since", "77"),
                                               evidence_text("ukey", "k")};
    assert_ok(evidence_activate_bytes(&activate, a, &out, &e), &e);
    assert_signed(activate_head, sizeof activate_head, activated, 3, out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_counted_pairs_sorted_by_name),
        cmocka_unit_test(what_is_signed_cannot_be_cut_otherwise),
        cmocka_unit_test(evidence_has_the_written_form),
        cmocka_unit_test(each_kind_has_its_domain_and_its_fields),
        cmocka_unit_test(the_agent_signs_octets_that_are_no_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
