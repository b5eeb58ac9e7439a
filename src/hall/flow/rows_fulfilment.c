/* Paper sets and fulfilment region, requirements.md §10.4. */
#include "hall/flow/rows.h"

#define IN(s) (1U << FLOW_FULFILMENT_##s)
#define TO(s) FLOW_FULFILMENT_##s
#define ROW(i, f, ev, t)                                                                           \
    .id = i, .machine = FLOW_FULFILMENT, .from = f, .event = EVENT_FUL_##ev, .to = t
#define MAKING                                                                                     \
    (FOR(NEW) | FOR(ADD) | FOR(REISSUE_LOST) | FOR(REISSUE_DAMAGED) | FOR(RENEW) | FOR(CHANGE))

static const struct flow_row rows[] = {
    /* An empty stock must not stop the order: the maker sees it at the job. SETTLED keeps a refunded order
     * out of production (invariant 2). */
    {ROW("F1", IN(NONE), START, TO(QUEUED)), .actor = BY(SYSTEM), .needs = SW_MAKES,
     .types = MAKING, .guard = {IF(ORDER_APPROVED), IF(SETTLED)}, .effect = {DO(RESERVE_UKEY)},
     .built = 1},
    {ROW("F1", IN(NONE), START, TO(PACKED)), .actor = BY(SYSTEM), .types = FOR(RESEND),
     .guard = {IF(ORDER_APPROVED)}},
    {ROW("F2", IN(QUEUED), MAKE, TO(MADE)), .actor = BY(MAKER), .needs = SW_MAKES,
     .guard = {IF(GATE_PRODUCTION), IF(DATA_CHECKED), IF(MAKER_OTHER), IF(UKEY_MADE)},
     .effect = {DO(RECORD_MAKING)}, .built = 1},
    {ROW("F3", IN(MADE), QUALITY, TO(PACKED)), .actor = BY(MAKER) | BY(SHIPPING), .needs = SW_MAKES,
     .guard = {IF(PROVEN)}, .effect = {DO(RECORD_QUALITY)}, .built = 1},
    /* The UKey died under the maker's hands, or the quality check failed: it is scrapped with what was issued for it,
     * and another is made. What the ca may have issued must be known first, or it would stay valid. */
    {ROW("F2", IN(QUEUED), SCRAP, TO(QUEUED)), .actor = BY(MAKER), .needs = SW_MAKES,
     .guard = {IF(REASONS_GIVEN), IF(CA_ANSWERED)}, .effect = {DO(RECORD_SCRAP)},
     .raise = {THEN(UKEY_SCRAP), THEN(CERT_SCRAP), THEN(FUL_REMAKE)}, .built = 1},
    {ROW("F3", IN(MADE), SCRAP, TO(QUEUED)), .actor = BY(MAKER) | BY(SHIPPING), .needs = SW_MAKES,
     .guard = {IF(REASONS_GIVEN), IF(CA_ANSWERED)}, .effect = {DO(RECORD_SCRAP)},
     .raise = {THEN(UKEY_SCRAP), THEN(CERT_SCRAP), THEN(FUL_REMAKE)}, .built = 1},
    {ROW("F2", IN(QUEUED), REMAKE, TO(QUEUED)), .actor = BY(SYSTEM), .needs = SW_MAKES,
     .effect = {DO(RESERVE_UKEY)}, .built = 1},
    {ROW("F4", IN(PACKED), HAND_OVER, TO(SHIPPED)), .actor = BY(SHIPPING), .needs = SW_MAKES,
     .guard = {IF(ADDRESS_COMPLETE), IF(GATE_SHIPPING)},
     .effect = {DO(RECORD_PARCEL), TELL(SHIPPED)}, .raise = {THEN(UKEY_SHIP)}, .built = 1},
    {ROW("F5", IN(SHIPPED), ORG_RECEIVED, TO(AT_ORG)), .actor = BY(REVIEWER) | BY(COUNTER),
     .needs = SW_VIA_ORG, .effect = {DO(RECORD_HANDOVER)}},
    {ROW("F6", IN(AT_ORG), NOTIFY, TO(READY_PICKUP)), .actor = BY(REVIEWER) | BY(COUNTER),
     .needs = SW_VIA_ORG, .effect = {TELL(READY_PICKUP)}},
    {ROW("F7", IN(READY_PICKUP), PICKED_UP, TO(DELIVERED)), .actor = BY(COUNTER),
     .needs = SW_VIA_ORG, .guard = {IF(PICKUP_CHECKED)},
     .effect = {DO(RECORD_HANDOVER), DO(WARRANTY_START)}, .raise = {THEN(FUL_FINISH)}},
    {ROW("F8", IN(READY_PICKUP), MAIL, TO(MAILED)),
     .actor = BY(APPLICANT) | BY(SHIPPING) | BY(COUNTER), .needs = SW_VIA_ORG,
     .guard = {IF(GATE_MAILING), IF(ADDRESS_MATCHES)},
     .effect = {DO(RECORD_PARCEL), TELL(SHIPPED)}},
    {ROW("F8b", IN(MAILED), SIGNED, TO(DELIVERED)), .actor = BY(EXTERNAL) | BY(TIMER),
     .needs = SW_VIA_ORG, .effect = {DO(WARRANTY_START)}, .raise = {THEN(FUL_FINISH)}},
    {ROW("F9", IN(SHIPPED), SIGNED, TO(DELIVERED)), .actor = BY(EXTERNAL) | BY(TIMER),
     .needs = SW_DIRECT, .effect = {DO(WARRANTY_START)}, .raise = {THEN(FUL_FINISH)}, .built = 1},
    {ROW("F10", IN(SHIPPED), COURIER_LOST, TO(RESEND_DUE)), .actor = BY(SHIPPING),
     .needs = SW_RESEND, .effect = {TELL(RESENT)},
     .raise = {THEN(UKEY_LOST_IN_TRANSIT), THEN(CERT_HOLD), THEN(FUL_REMAKE)}},
    {ROW("F10", IN(RESEND_DUE), REMAKE, TO(QUEUED)), .actor = BY(SYSTEM), .needs = SW_RESEND,
     .effect = {DO(RESERVE_UKEY)}},
    {ROW("F11", IN(DELIVERED), ACTIVATE, TO(ACTIVATED)), .actor = BY(AGENT), .needs = SW_ACTIVATE,
     .guard = {IF(GATE_ACTIVATION), IF(PHONE_PROVEN)}, .effect = {DO(BIND_CALL)},
     .raise = {THEN(UKEY_FIRST_PIN), THEN(CERT_ACTIVATE), THEN(FUL_FINISH)}},
    {ROW("F12", IN(ACTIVATED), BIND, TO(BOUND)), .actor = BY(EXTERNAL), .needs = SW_BIND,
     .guard = {IF(PARTNER_OK)}, .raise = {THEN(FUL_FINISH)}},
    {ROW("F12b", IN(ACTIVATED), BIND_REFUSED, FLOW_SAME), .actor = BY(EXTERNAL) | BY(TIMER),
     .needs = SW_BIND, .effect = {DO(SUPPORT_TASK), DO(BIND_CALL)}},
    {ROW("F13", IN(DELIVERED), FINISH, TO(DONE)), .actor = BY(SYSTEM), .needs = SW_MAKES,
     .guard = {IF(NO_ACTIVATION)}, .raise = {THEN(APP_FULFILLED)}, .built = 1},
    {ROW("F13", IN(ACTIVATED), FINISH, TO(DONE)), .actor = BY(SYSTEM), .needs = SW_ACTIVATE,
     .guard = {IF(NO_BINDING)}, .raise = {THEN(APP_FULFILLED)}},
    {ROW("F13", IN(BOUND), FINISH, TO(DONE)), .actor = BY(SYSTEM), .needs = SW_BIND,
     .raise = {THEN(APP_FULFILLED)}},
    {ROW("A31", IN(QUEUED) | IN(MADE) | IN(PACKED), VOID, TO(VOID)), .actor = BY(SYSTEM),
     .needs = SW_CODE, .effect = {DO(RELEASE_UKEY)}, .built = 1},
};

ROWS(fulfilment, rows)

#undef IN
#undef TO
#undef ROW
#define IN(s) (1U << FLOW_PAPER_##s)
#define TO(s) FLOW_PAPER_##s
#define ROW(i, f, ev, t)                                                                           \
    .id = i, .machine = FLOW_PAPER, .from = f, .event = EVENT_PAPER_##ev, .to = t, .needs = SW_PAPER

static const struct flow_row paper_rows[] = {
    {ROW("D1", IN(NONE), OPEN, TO(EXPECTED)), .actor = BY(SYSTEM), .count = COUNT_ZERO,
     .effect = {DO(COVER_SHEET), TELL(PAPER_EXPECTED)}},
    {ROW("D2", IN(EXPECTED), COURIER, TO(IN_TRANSIT)), .actor = BY(APPLICANT), .count = COUNT_FIRST,
     .effect = {DO(PAPER_STAMP)}},
    {ROW("D3", IN(EXPECTED) | IN(IN_TRANSIT), SCAN, TO(RECEIVED)), .actor = BY(PAPER) | BY(COUNTER),
     .count = COUNT_FIRST, .guard = {IF(PAPER_BELONGS)}, .effect = {DO(PAPER_STAMP)}},
    {ROW("D4", IN(RECEIVED), ACCEPT, TO(IN_TRANSIT)), .actor = BY(PAPER) | BY(COUNTER),
     .count = COUNT_NEXT, .guard = {IF(MORE_LEGS), IF(PAPER_MATCHES)},
     .effect = {DO(PAPER_RESULT)}},
    {ROW("D4", IN(RECEIVED), ACCEPT, TO(OK)), .actor = BY(PAPER) | BY(COUNTER),
     .guard = {IF(LAST_LEG), IF(PAPER_MATCHES)}, .effect = {DO(PAPER_RESULT)},
     .raise = {THEN(APP_FULFILLED)}},
    {ROW("D5", IN(RECEIVED), REJECT, TO(DEFECTIVE)), .actor = BY(PAPER) | BY(COUNTER),
     .guard = {IF(REASONS_GIVEN)}, .effect = {DO(PAPER_RESULT), TELL(PAPER_DEFECTIVE)}},
    {ROW("D6", IN(DEFECTIVE), RESEND, TO(EXPECTED)), .actor = BY(APPLICANT), .count = COUNT_ZERO,
     .effect = {DO(COVER_SHEET)}},
    {ROW("D7", IN(EXPECTED) | IN(DEFECTIVE), LATE, FLOW_SAME), .actor = BY(TIMER),
     .effect = {TELL(PAPER_LATE), DO(SUPPORT_TASK)}},
};

ROWS(paper, paper_rows)
