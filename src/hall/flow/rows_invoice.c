/* Invoice region, requirements.md §10.3. */
#include "hall/flow/rows.h"

#define IN(s) (1U << FLOW_INVOICE_##s)
#define TO(s) FLOW_INVOICE_##s
#define ROW(i, f, ev, t)                                                                           \
    .id = i, .machine = FLOW_INVOICE, .from = f, .event = EVENT_INV_##ev, .to = t

static const struct flow_row rows[] = {
    {ROW("I1", IN(NONE), OPEN, TO(QUEUED)), .actor = BY(SYSTEM), .needs = SW_INVOICE_AUTO,
     .effect = {DO(INVOICE_OPEN)}},
    {ROW("I2", IN(NONE), OPEN, TO(BATCHED)), .actor = BY(SYSTEM), .needs = SW_INVOICE_BATCH,
     .effect = {DO(INVOICE_OPEN)}, .built = 1},
    {ROW("I3", IN(NONE), OPEN, TO(REQUESTABLE)), .actor = BY(SYSTEM), .needs = SW_INVOICE_REQUEST,
     .effect = {DO(INVOICE_OPEN)}},
    {ROW("I4", IN(REQUESTABLE), APPLY, TO(QUEUED)), .actor = BY(APPLICANT),
     .needs = SW_INVOICE_REQUEST, .guard = {IF(TITLE_COMPLETE)}, .effect = {DO(INVOICE_TITLE)}},
    /* After a credit note the request opens again in every mode (I9, I10). */
    {ROW("I4", IN(REQUESTABLE), APPLY, TO(QUEUED)), .actor = BY(APPLICANT) | BY(FINANCE),
     .needs = SW_INVOICE_CORRECT, .guard = {IF(TITLE_COMPLETE)}, .effect = {DO(INVOICE_TITLE)}},
    {ROW("I5", IN(QUEUED) | IN(BATCHED), CHANGE, FLOW_SAME), .actor = BY(APPLICANT),
     .needs = SW_INVOICE | SW_TITLE_FREE, .guard = {IF(TITLE_COMPLETE)},
     .effect = {DO(INVOICE_TITLE)}, .built = 1},
    {ROW("I6", IN(QUEUED) | IN(BATCHED), ISSUE, TO(ISSUED)),
     .actor = BY(FINANCE) | BY(EXTERNAL) | BY(TIMER), .needs = SW_INVOICE,
     .guard = {IF(INVOICE_AMOUNT)}, .effect = {DO(INVOICE_ISSUE)}, .raise = {THEN(INV_SEND)},
     .built = 1},
    /* Again from DELIVERED: resending is unlimited (G-10). */
    {ROW("I7", IN(ISSUED) | IN(DELIVERED), SEND, TO(DELIVERED)),
     .actor = BY(SYSTEM) | BY(APPLICANT) | BY(FINANCE), .needs = SW_INVOICE, .guard = {IF(MAILBOX)},
     .effect = {DO(INVOICE_MAIL), TELL(INVOICE)}, .built = 1},
    {ROW("I8", IN(DELIVERED), BOUNCE, TO(ISSUED)), .actor = BY(EXTERNAL), .needs = SW_INVOICE,
     .effect = {TELL(INVOICE_BOUNCED)}, .built = 1},
    {ROW("I9", IN(ISSUED) | IN(DELIVERED), CORRECT, TO(RED_PENDING)),
     .actor = BY(APPLICANT) | BY(FINANCE), .needs = SW_INVOICE_CORRECT, .guard = {IF(CORRECT_ONCE)},
     .effect = {DO(INVOICE_RED)}},
    {ROW("I11", IN(QUEUED) | IN(BATCHED) | IN(REQUESTABLE), REFUNDED, TO(VOIDED)),
     .actor = BY(SYSTEM), .needs = SW_INVOICE, .built = 1},
    {ROW("I11", IN(ISSUED) | IN(DELIVERED) | IN(RED_PENDING), REFUNDED, TO(RED_PENDING)),
     .actor = BY(SYSTEM), .needs = SW_INVOICE, .effect = {DO(INVOICE_RED)}, .built = 1},
    {ROW("I11", IN(RED_PENDING), RED_ISSUED, TO(VOIDED)), .actor = BY(FINANCE) | BY(EXTERNAL),
     .needs = SW_INVOICE, .guard = {IF(REFUND_DONE)}, .built = 1},
    {ROW("I10", IN(RED_PENDING), RED_ISSUED, TO(REQUESTABLE)), .actor = BY(FINANCE) | BY(EXTERNAL),
     .needs = SW_INVOICE_CORRECT},
};

ROWS(invoice, rows)
