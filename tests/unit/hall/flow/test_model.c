/* The model check over rules in the manner of all five manuals, rows without code included: the tables
 * themselves are sound before anybody builds on them. Shipped profiles are checked beside their reader. */
#include "model.h"

static void check(const struct flow_rules *r, enum flow_type t, int64_t fen)
{
    int n = model_check(r, t, fen);
    print_message("%s %s: %d states\n", flow_type_name(t), fen ? "paid" : "free", n);
    assert_true(n > 10);
}

/* S0: paid first, no stage, a code from the regulator. */
static void test_paying_first_without_review(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    check(&r, TYPE_NEW, 30000);
    check(&r, TYPE_NEW, 0);
}

/* S2: one stage, paid after it, transfers with a claim, invoices on request, edits while pending. */
static void test_paying_after_one_stage(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    r.pay_when = PAY_AFTER_REVIEW;
    r.stages[TYPE_NEW] = 1;
    r.materials = 1U << TYPE_NEW;
    r.pay_transfer = r.edit_pending = 1;
    r.freeze_when_paid = r.code_intake = 0;
    r.invoice = INVOICE_ON_REQUEST;
    check(&r, TYPE_NEW, 65000);
}

/* S3: paid first, then a stage, paper that gates the activation, binding. */
static void test_paper_activation_and_binding(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    r.types = 1U << TYPE_REISSUE_LOST;
    r.stages[TYPE_REISSUE_LOST] = 1;
    r.fix = FIX_CLOSE_AND_NEW;
    r.freeze_when_paid = r.code_intake = 0;
    r.activate = r.bind = r.inactive_first = 1;
    r.papers = 1;
    r.paper[0] = (struct flow_paper_set){
        .name = "originals", .opens = EVENT_APP_SUBMIT, .gate = GATE_ACTIVATION, .legs = 1};
    r.invoice = INVOICE_NEVER;
    check(&r, TYPE_REISSUE_LOST, 20000);
}

/* S4: two stages, free, through the province. */
static void test_two_stages_and_a_counter(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    r.pay_when = PAY_NEVER;
    r.stages[TYPE_NEW] = 2;
    r.via_org = r.code_intake = 0;
    r.via_org = 1;
    r.clock[3] = (struct flow_clock){.name = "second leg",
                                     .starts = EVENT_FUL_MAIL,
                                     .stops = EVENT_FUL_SIGNED,
                                     .length = 7,
                                     .fires = EVENT_FUL_SIGNED};
    r.clocks = 4;
    check(&r, TYPE_NEW, 0);
}

/* S1: renewal in place, unlock, revocation. */
static void test_orders_that_make_no_ukey(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    r.types = 1U << TYPE_RENEW | 1U << TYPE_UNLOCK | 1U << TYPE_REVOKE;
    r.renew_medium = MEDIUM_IN_PLACE;
    r.freeze_when_paid = r.code_intake = 0;
    r.invoice = INVOICE_AUTO;
    check(&r, TYPE_RENEW, 18000);
    check(&r, TYPE_UNLOCK, 0);
    check(&r, TYPE_REVOKE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paying_first_without_review),
        cmocka_unit_test(test_paying_after_one_stage),
        cmocka_unit_test(test_paper_activation_and_binding),
        cmocka_unit_test(test_two_stages_and_a_counter),
        cmocka_unit_test(test_orders_that_make_no_ukey),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
