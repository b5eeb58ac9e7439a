/* The rules of project aml-reporting as far as the machines care, written by hand: tests of the profile
 * reader hold the shipped profile against these. */
#ifndef CERTHALL_TEST_FLOW_RULES_H
#define CERTHALL_TEST_FLOW_RULES_H

#include "hall/flow/flow.h"

static inline struct flow_rules aml_rules(void)
{
    struct flow_rules r = {
        .types = 1U << TYPE_NEW,
        .pay_when = PAY_BEFORE_REVIEW,
        .freeze_when_paid = 1,
        .fix = FIX_EDIT,
        .invoice = INVOICE_BATCH,
        .code_intake = 1,
        .clock =
            {
                {.name = "pay",
                 .starts = EVENT_PAY_OPEN,
                 .stops = EVENT_PAY_PAID,
                 .length = 7,
                 .unit = UNIT_DAYS,
                 .owner = OWNER_APPLICANT,
                 .fires = EVENT_APP_PAY_TIMEOUT},
                {.name = "dispatch",
                 .starts = EVENT_FUL_START,
                 .stops = EVENT_FUL_HAND_OVER,
                 .length = 3,
                 .unit = UNIT_WORKDAYS,
                 .owner = OWNER_MAKER},
                {.name = "delivery",
                 .starts = EVENT_FUL_HAND_OVER,
                 .stops = EVENT_FUL_SIGNED,
                 .length = 7,
                 .unit = UNIT_DAYS,
                 .owner = OWNER_COURIER,
                 .fires = EVENT_FUL_SIGNED},
            },
        .clocks = 3,
    };
    return r;
}

/* Everything that is decided by asking the world holds, but for what only chooses between rows. */
static inline uint64_t all_is_well(void)
{
    uint64_t all = (UINT64_C(1) << GUARD_FACTS) - 2;
    static const enum flow_guard choosers[] = {GUARD_MONEY_KNOWN, GUARD_MONEY_HELD,
                                               GUARD_DOCUMENTS_CHANGED};
    for (size_t i = 0; i < sizeof choosers / sizeof choosers[0]; i++)
        all &= ~(UINT64_C(1) << choosers[i]);
    return all;
}

#endif
