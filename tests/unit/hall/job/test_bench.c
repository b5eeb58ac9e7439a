/* Making a UKey with the real agent, a real ca and a real kmc (requirements §10.4 F2, F3, §10.5 T2, T3, K1, K2; S0-27, G-11). */
#include "whole.h"

static void a_paid_order_becomes_a_ukey_with_a_working_certificate(void **state)
{
    struct whole *w = *state;
    struct certificate c;
    assert_int_equal(whole_order(w).states.at[FLOW_FULFILMENT], FLOW_FULFILMENT_QUEUED);
    whole_made(w);
    assert_int_equal(whole_certificate(w, &c), FLOW_CERTIFICATE_ACTIVE);
    assert_int_equal(whole_ukey(w), FLOW_UKEY_PERSONALISED);
    assert_int_equal(whole_order(w).states.at[FLOW_FULFILMENT], FLOW_FULFILMENT_MADE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WHOLE(a_paid_order_becomes_a_ukey_with_a_working_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
