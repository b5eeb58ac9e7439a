/* Payment region, requirements.md §10.2. */
#include "hall/flow/rows.h"

#define IN(s) (1U << FLOW_PAYMENT_##s)
#define TO(s) FLOW_PAYMENT_##s
#define ROW(i, f, ev, t) ROW_IF(i, f, ev, t, SW_PAY)
#define ROW_IF(i, f, ev, t, sw)                                                                    \
    .id = i, .machine = FLOW_PAYMENT, .from = f, .event = EVENT_PAY_##ev, .to = t, .needs = sw
#define MONEY BY(EXTERNAL) | BY(TIMER) | BY(FINANCE)
#define WITH_KEY                                                                                   \
    (FOR(NEW) | FOR(ADD) | FOR(REISSUE_LOST) | FOR(REISSUE_DAMAGED) | FOR(UNLOCK) | FOR(RENEW) |   \
     FOR(CHANGE) | FOR(REVOKE))

static const struct flow_row rows[] = {
    {ROW("P1", IN(NONE), OPEN, TO(NOT_DUE)), .actor = BY(SYSTEM), .types = WITH_KEY,
     .guard = {IF(FREE)}, .effect = {DO(COUNT_FREE_USE)}, .built = 1},
    {ROW("P2", IN(NONE), OPEN, TO(UNPAID)), .actor = BY(SYSTEM), .types = WITH_KEY,
     .guard = {IF(PAY_NOW)}, .effect = {DO(SET_AMOUNT)}, .built = 1},
    /* Also from PENDING: who closed the page opens it again; the gateway order is the same for 30 minutes. */
    {ROW("P3", IN(UNPAID) | IN(PENDING), START, TO(PENDING)), .actor = BY(APPLICANT),
     .guard = {IF(METHOD_ON), IF(ORDER_OPEN)}, .effect = {DO(GATEWAY_ORDER)}, .built = 1},
    /* The same money told of twice changes nothing (G-08). */
    {ROW("P4",
         IN(UNPAID) | IN(PENDING) | IN(CLAIMED) | IN(PAID) | IN(REFUNDING) | IN(REFUNDED) |
             IN(VOID),
         SUCCESS, FLOW_SAME),
     .actor = MONEY, .guard = {IF(SIGNATURE_OK), IF(MONEY_KNOWN)}, .built = 1},
    {ROW("P4", IN(UNPAID) | IN(PENDING) | IN(CLAIMED), SUCCESS, TO(PAID)), .actor = MONEY,
     .guard = {IF(SIGNATURE_OK), IF(AMOUNT_OK), IF(ORDER_OPEN)},
     .effect = {DO(BOOK_PAYMENT), TELL(PAID)},
     .raise = {THEN(PAY_PAID), THEN(INV_OPEN), THEN(APP_PAID)}, .built = 1},
    {ROW("P14", IN(UNPAID) | IN(PENDING) | IN(CLAIMED), SUCCESS, TO(CLAIMED)), .actor = MONEY,
     .guard = {IF(SIGNATURE_OK)}, .effect = {DO(BOOK_SUSPENSE)}, .built = 1},
    {ROW("P9", IN(PAID), SUCCESS, FLOW_SAME), .actor = MONEY, .guard = {IF(SIGNATURE_OK)},
     .effect = {DO(BOOK_SUSPENSE), DO(REFUND_TRANSACTION)}, .built = 1},
    /* The table names VOID and REFUNDED; money that comes while another refund runs is no different. */
    {ROW("P15", IN(VOID) | IN(REFUNDED) | IN(REFUNDING), SUCCESS, TO(REFUNDING)), .actor = MONEY,
     .guard = {IF(SIGNATURE_OK)}, .effect = {DO(BOOK_SUSPENSE), DO(REFUND_TRANSACTION)},
     .built = 1},
    {ROW("P5", IN(PENDING), FAIL, TO(UNPAID)), .actor = BY(TIMER) | BY(EXTERNAL),
     .guard = {IF(GATEWAY_ASKED)}, .effect = {DO(GATEWAY_CLOSE)}, .built = 1},
    {ROW_IF("P6", IN(UNPAID), CLAIM, TO(CLAIMED), SW_PAY | SW_TRANSFER), .actor = BY(APPLICANT),
     .guard = {IF(METHOD_ON), IF(VOUCHER)}},
    /* P7 and P8 also settle what P14 left with finance. */
    {ROW("P7", IN(CLAIMED), MATCH, TO(PAID)), .actor = BY(FINANCE),
     .guard = {IF(BANK_LINE), IF(ORDER_OPEN)}, .effect = {DO(BOOK_PAYMENT), TELL(PAID)},
     .raise = {THEN(PAY_PAID), THEN(INV_OPEN), THEN(APP_PAID)}, .built = 1},
    {ROW("P14", IN(CLAIMED), NOT_FOUND, TO(UNPAID)), .actor = BY(FINANCE),
     .guard = {IF(MONEY_HELD)}, .effect = {DO(REFUND_TRANSACTION), TELL(CLAIM_MISSING)},
     .built = 1},
    {ROW("P8", IN(CLAIMED), NOT_FOUND, TO(UNPAID)), .actor = BY(FINANCE),
     .effect = {TELL(CLAIM_MISSING)}, .built = 1},
    {ROW_IF("P10", IN(PAID), REFUND_ASK, TO(REFUNDING), SW_PAY | SW_REFUND_ASK),
     .actor = BY(APPLICANT) | BY(FINANCE), .guard = {IF(NOT_FROZEN), IF(BEFORE_PRODUCTION)},
     .effect = {DO(REFUND_ORDER), TELL(REFUND_STARTED)}, .raise = {THEN(APP_MONEY_BACK)}},
    {ROW("P10", IN(PAID), STOP, TO(REFUNDING)), .actor = BY(SYSTEM),
     .effect = {DO(REFUND_ORDER), TELL(REFUND_STARTED)}, .built = 1},
    /* P14 may have given back one of several that did not fit: the others are still here. */
    {ROW("P10", IN(UNPAID) | IN(PENDING) | IN(CLAIMED), STOP, TO(REFUNDING)), .actor = BY(SYSTEM),
     .guard = {IF(MONEY_HELD)},
     .effect = {DO(GATEWAY_CLOSE), DO(REFUND_ORDER), TELL(REFUND_STARTED)}, .built = 1},
    {ROW("P13", IN(UNPAID) | IN(PENDING) | IN(CLAIMED), STOP, TO(VOID)), .actor = BY(SYSTEM),
     .effect = {DO(GATEWAY_CLOSE)}, .built = 1},
    {ROW("P11", IN(REFUNDING), REFUND_OK, TO(REFUNDED)), .actor = BY(EXTERNAL) | BY(FINANCE),
     .effect = {DO(BOOK_REFUND), TELL(REFUNDED)}, .raise = {THEN(INV_REFUNDED)}, .built = 1},
    {ROW("P12", IN(REFUNDING), REFUND_FAIL, FLOW_SAME),
     .actor = BY(TIMER) | BY(EXTERNAL) | BY(FINANCE), .effect = {DO(REFUND_RETRY)}, .built = 1},
    /* A15: the money goes with the new order. */
    {ROW_IF("A15", IN(PAID) | IN(CLAIMED), MOVE, TO(VOID), SW_PAY | SW_FIX_CLOSE),
     .actor = BY(SYSTEM), .effect = {DO(MOVE_PAYMENT)}},
    {ROW_IF("A15", IN(UNPAID) | IN(PENDING), MOVE, TO(VOID), SW_PAY | SW_FIX_CLOSE),
     .actor = BY(SYSTEM), .effect = {DO(GATEWAY_CLOSE)}},
    /* A27: the payment region starts anew. */
    {ROW_IF("A27", IN(VOID) | IN(REFUNDED) | IN(NOT_DUE), RESET, TO(NONE), SW_PAY | SW_REVIVE),
     .actor = BY(SYSTEM)},
};

ROWS(payment, rows)
