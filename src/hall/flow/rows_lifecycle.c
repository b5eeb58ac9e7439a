/* Authorisation code (§10.8), UKey and certificate (§10.5). */
#include "hall/flow/rows.h"

#define IN(s) (1U << FLOW_CODE_##s)
#define TO(s) FLOW_CODE_##s
#define ROW(i, f, ev, t)                                                                           \
    .id = i, .machine = FLOW_CODE, .from = f, .event = EVENT_CODE_##ev, .to = t, .needs = SW_CODE

static const struct flow_row code_rows[] = {
    {ROW("C1", IN(NONE), LOAD, TO(LOADED)), .actor = BY(EXTERNAL), .guard = {IF(SIGNATURE_OK)},
     .effect = {DO(CODE_RECORD), TELL(CODE)}, .built = 1},
    {ROW("C2", IN(LOADED), DAY_REACHED, TO(USABLE)), .actor = BY(TIMER), .guard = {IF(CODE_DAY)},
     .built = 1},
    /* The timer may not have come round yet when the day's first login does. Before that day the guard answers (C4, S0-17). */
    {ROW("C2", IN(LOADED), LOGIN, TO(USABLE)), .actor = BY(APPLICANT),
     .guard = {IF(CODE_MATCHES), IF(CODE_DAY)}, .raise = {THEN(CODE_LOGIN)}, .built = 1},
    {ROW("C3", IN(USABLE) | IN(IN_USE), LOGIN, TO(IN_USE)), .actor = BY(APPLICANT),
     .guard = {IF(CODE_MATCHES)}, .effect = {DO(CODE_BIND)}, .built = 1},
    {ROW("C6", IN(WITHDRAWN), LOGIN, FLOW_SAME), .actor = BY(APPLICANT),
     .guard = {IF(CODE_MATCHES)}, .refuse = ERR_CODE_WITHDRAWN, .built = 1},
    {ROW("C5", IN(LOADED) | IN(USABLE) | IN(IN_USE), CORRECT, FLOW_SAME), .actor = BY(EXTERNAL),
     .guard = {IF(SIGNATURE_OK), IF(NOT_PAID)}, .effect = {DO(CODE_UPDATE)}, .built = 1},
    {ROW("C6", IN(LOADED) | IN(USABLE) | IN(IN_USE), WITHDRAW, TO(WITHDRAWN)),
     .actor = BY(EXTERNAL), .guard = {IF(SIGNATURE_OK)}, .effect = {DO(CODE_RECORD)},
     .raise = {THEN(APP_WITHDRAW)}, .built = 1},
};

ROWS(code, code_rows)

#undef IN
#undef TO
#undef ROW
#define IN(s) (1U << FLOW_UKEY_##s)
#define TO(s) FLOW_UKEY_##s
#define ROW(i, f, ev, t) .id = i, .machine = FLOW_UKEY, .from = f, .event = EVENT_UKEY_##ev, .to = t
#define ANY_ISSUED                                                                                 \
    (IN(PERSONALISED) | IN(ISSUED) | IN(ACTIVE) | IN(LOCKED) | IN(DEAD) | IN(SUSPENDED) |          \
     IN(LOST) | IN(UNDER_DIAGNOSIS) | IN(DEFECTIVE) | IN(DAMAGED) | IN(REPLACED) | IN(RETIRED) |   \
     IN(LOST_IN_TRANSIT))

static const struct flow_row ukey_rows[] = {
    {ROW("T1", IN(NONE), STOCK_IN, TO(BLANK)), .actor = BY(MAKER), .guard = {IF(SERIAL_UNIQUE)},
     .effect = {DO(UKEY_RECORD)}, .built = 1},
    /* Again from INITIALISED: a job that broke off starts over on the same key. */
    {ROW("T2", IN(BLANK) | IN(INITIALISED), INITIALISE, TO(INITIALISED)),
     .actor = BY(MAKER) | BY(AGENT), .guard = {IF(PIN_WRAPPED)}, .effect = {DO(UKEY_RECORD)},
     .built = 1},
    {ROW("T2", IN(PERSONALISED), INITIALISE, TO(INITIALISED)), .actor = BY(MAKER) | BY(AGENT),
     .guard = {IF(JOB_OPEN), IF(PIN_WRAPPED)}, .effect = {DO(UKEY_RECORD)}, .built = 1},
    {ROW("T3", IN(INITIALISED), PERSONALISE, TO(PERSONALISED)), .actor = BY(MAKER) | BY(AGENT),
     .guard = {IF(ORDER_APPROVED)}, .effect = {DO(UKEY_RECORD)}, .built = 1},
    /* Never sent to anybody: what broke at the bench is destroyed there. */
    {ROW("T15", IN(BLANK) | IN(INITIALISED) | IN(PERSONALISED), SCRAP, TO(DESTROYED)),
     .actor = BY(SYSTEM), .effect = {DO(UKEY_RECORD)}, .built = 1},
    {ROW("T4", IN(PERSONALISED), SHIP, TO(ISSUED)), .actor = BY(SYSTEM), /* with F4 */
     .effect = {DO(UKEY_RECORD), DO(UKEY_OWNER)}, .built = 1},
    {ROW("T4", IN(ISSUED), FIRST_PIN, TO(ACTIVE)), .actor = BY(AGENT), .guard = {IF(PHONE_PROVEN)},
     .effect = {DO(UKEY_RECORD)}, .built = 1},
    {ROW("T5", IN(ACTIVE), PIN_LOCKED, TO(LOCKED)), .actor = BY(AGENT), .needs = SW_UNLOCK,
     .effect = {DO(UKEY_RECORD)}},
    /* Also from ACTIVE: a PIN can be forgotten before the key locks (S0-44). */
    {ROW("T6", IN(LOCKED) | IN(ACTIVE), UNLOCKED, TO(ACTIVE)), .actor = BY(AGENT) | BY(SUPPORT),
     .needs = SW_UNLOCK, .guard = {IF(UNLOCK_GRANTED)},
     .effect = {DO(UKEY_RECORD), DO(COUNT_FREE_USE)}},
    {ROW("T7", IN(LOCKED), UNBLOCKS_USED_UP, TO(DEAD)), .actor = BY(AGENT), .needs = SW_UNLOCK,
     .effect = {DO(UKEY_RECORD), DO(OFFER_REISSUE)}},
    {ROW("T8", IN(ACTIVE) | IN(LOCKED), REPORT_LOSS, TO(SUSPENDED)),
     .actor = BY(APPLICANT) | BY(SUPPORT), .needs = SW_FREEZE, .guard = {IF(PHONE_PROVEN)},
     .effect = {DO(UKEY_RECORD), DO(OFFER_REISSUE), TELL(FROZEN)}, .raise = {THEN(CERT_HOLD)}},
    {ROW("T9", IN(SUSPENDED), FOUND, TO(ACTIVE)), .actor = BY(APPLICANT), .needs = SW_FREEZE,
     .guard = {IF(PHONE_PROVEN), IF(WITHIN_30_DAYS)}, .effect = {DO(UKEY_RECORD), TELL(RELEASED)},
     .raise = {THEN(CERT_RELEASE)}},
    {ROW("T10", IN(SUSPENDED), LOSS_FINAL, TO(LOST)), .actor = BY(SYSTEM) | BY(TIMER),
     .needs = SW_FREEZE, .effect = {DO(UKEY_RECORD)}, .raise = {THEN(CERT_LOSS_FINAL)}},
    {ROW("T11", IN(ACTIVE), REPORT_DAMAGE, TO(UNDER_DIAGNOSIS)),
     .actor = BY(APPLICANT) | BY(SUPPORT), .needs = SW_DAMAGE,
     .effect = {DO(UKEY_RECORD), DO(DIAGNOSIS)}},
    {ROW("T12", IN(UNDER_DIAGNOSIS), WORKS, TO(ACTIVE)), .actor = BY(SUPPORT), .needs = SW_DAMAGE,
     .effect = {DO(UKEY_RECORD)}},
    {ROW("T12", IN(UNDER_DIAGNOSIS), DEFECT, TO(DEFECTIVE)), .actor = BY(SUPPORT),
     .needs = SW_DAMAGE, .effect = {DO(UKEY_RECORD), DO(OFFER_REISSUE)}},
    {ROW("T12", IN(UNDER_DIAGNOSIS), USER_DAMAGE, TO(DAMAGED)), .actor = BY(SUPPORT),
     .needs = SW_DAMAGE, .effect = {DO(UKEY_RECORD), DO(OFFER_REISSUE)}},
    {ROW("T13", IN(DEFECTIVE) | IN(DAMAGED) | IN(DEAD), REPLACED, TO(REPLACED)),
     .actor = BY(SYSTEM), .needs = SW_REPLACE, .effect = {DO(UKEY_RECORD)},
     .raise = {THEN(CERT_REVOKE)}},
    {ROW("T14", IN(ACTIVE), RETIRE, TO(RETIRED)), .actor = BY(APPLICANT) | BY(SYSTEM),
     .needs = SW_RETIRE, .effect = {DO(UKEY_RECORD), DO(TELL_DESTROY)}}, /* S0-57 */
    {ROW("T15", ANY_ISSUED, RETURNED, TO(RETURNED)), .actor = BY(MAKER) | BY(COUNTER),
     .needs = SW_RETURN, .effect = {DO(UKEY_RECORD)}},
    {ROW("T15", IN(RETURNED), WIPE, TO(WIPED)), .actor = BY(MAKER) | BY(AGENT), .needs = SW_RETURN,
     .guard = {IF(WIPE_PROVEN)}, .effect = {DO(UKEY_RECORD)}},
    {ROW("T15", IN(WIPED), RESTOCK, TO(BLANK)), .actor = BY(MAKER), .needs = SW_RETURN,
     .effect = {DO(UKEY_RECORD)}},
    {ROW("T15", IN(WIPED), DESTROY, TO(DESTROYED)), .actor = BY(MAKER), .needs = SW_RETURN,
     .effect = {DO(UKEY_RECORD)}},
    {ROW("F10", IN(ISSUED), LOST_IN_TRANSIT, TO(LOST_IN_TRANSIT)), .actor = BY(SHIPPING),
     .needs = SW_RESEND, .effect = {DO(UKEY_RECORD)}},
};

ROWS(ukey, ukey_rows)

#undef IN
#undef TO
#undef ROW
#define IN(s) (1U << FLOW_CERTIFICATE_##s)
#define TO(s) FLOW_CERTIFICATE_##s
#define ROW(i, f, ev, t)                                                                           \
    .id = i, .machine = FLOW_CERTIFICATE, .from = f, .event = EVENT_CERT_##ev, .to = t

static const struct flow_row certificate_rows[] = {
    /* Again from REQUESTED: the ca answers the same request with the same certificate. */
    {ROW("K1", IN(NONE) | IN(REQUESTED), REQUEST, TO(REQUESTED)), .actor = BY(AGENT) | BY(MAKER),
     .guard = {IF(ORDER_APPROVED), IF(POSSESSION)}, .effect = {DO(CA_ISSUE)}, .built = 1},
    /* Revoked before the UKey was done: the job is made again, or the order would be stuck. */
    {ROW("K1", IN(REVOKED), REQUEST, TO(REQUESTED)), .actor = BY(AGENT) | BY(MAKER),
     .guard = {IF(JOB_OPEN), IF(POSSESSION)}, .effect = {DO(CA_ISSUE)}, .built = 1},
    {ROW("K2", IN(REQUESTED), ISSUE, TO(ISSUED_INACTIVE)), .actor = BY(CA), .needs = SW_INACTIVE,
     .guard = {IF(POLICY_OK)}, .effect = {DO(CERT_RECORD)}},
    {ROW("K2", IN(REQUESTED), ISSUE, TO(ACTIVE)), .actor = BY(CA), .guard = {IF(POLICY_OK)},
     .effect = {DO(CERT_RECORD)}, .built = 1},
    /* The ca can refuse, for one when the row was withdrawn there in between. */
    {ROW("K2", IN(REQUESTED), REFUSED, TO(NONE)), .actor = BY(CA), .effect = {DO(SUPPORT_TASK)},
     .built = 1},
    {ROW("K3", IN(ISSUED_INACTIVE), ACTIVATE, TO(ACTIVE)), .actor = BY(AGENT), .needs = SW_INACTIVE,
     .guard = {IF(CHALLENGE_OK)}, .effect = {DO(CA_RELEASE), DO(CERT_RECORD)}},
    {ROW("K4", IN(ISSUED_INACTIVE), NOT_ACTIVATED, TO(REVOKED)), .actor = BY(TIMER),
     .needs = SW_INACTIVE, .effect = {DO(CA_REVOKE), DO(SUPPORT_TASK)}},
    {ROW("K5", IN(ACTIVE), NEAR_END, TO(EXPIRING)), .actor = BY(TIMER), .needs = SW_EXPIRY,
     .effect = {TELL(EXPIRING)}},
    {ROW("K6", IN(ACTIVE) | IN(EXPIRING), HOLD, TO(ON_HOLD)), .actor = BY(APPLICANT) | BY(SUPPORT),
     .effect = {DO(CA_HOLD), DO(CERT_RECORD)}, .built = 1},
    {ROW("K7", IN(ON_HOLD), RELEASE, TO(ACTIVE)), .actor = BY(APPLICANT) | BY(SUPPORT),
     .effect = {DO(CA_RELEASE), DO(CERT_RECORD)}, .built = 1},
    {ROW("K7", IN(ON_HOLD), LOSS_FINAL, TO(REVOKED)), .actor = BY(SYSTEM) | BY(SUPPORT) | BY(TIMER),
     .effect = {DO(CA_REVOKE), DO(CERT_RECORD), TELL(REVOKED)}, .built = 1},
    {ROW("K8", IN(ACTIVE) | IN(EXPIRING) | IN(EXPIRED), RENEWED, TO(SUPERSEDED)),
     .actor = BY(AGENT) | BY(CA), .needs = SW_IN_PLACE,
     .effect = {DO(CA_SUPERSEDE), DO(CERT_RECORD)}},
    {ROW("K9", IN(ACTIVE) | IN(EXPIRING), END, TO(EXPIRED)), .actor = BY(TIMER), .needs = SW_EXPIRY,
     .effect = {DO(CERT_RECORD)}},
    {ROW("K10", IN(EXPIRED), LATE, TO(EXPIRED_LATE)), .actor = BY(TIMER), .needs = SW_EXPIRY,
     .effect = {DO(CERT_RECORD)}},
    {ROW("K11", IN(ISSUED_INACTIVE) | IN(ACTIVE) | IN(EXPIRING) | IN(ON_HOLD), REVOKE, TO(REVOKED)),
     .actor = BY(CA) | BY(SUPPORT) | BY(OPERATOR) | BY(APPLICANT),
     .effect = {DO(CA_REVOKE), DO(CERT_RECORD), DO(TELL_PARTNER), TELL(REVOKED)}, .built = 1},
    /* Its UKey was scrapped before anybody had it: nobody is told. */
    {ROW("K11", IN(ISSUED_INACTIVE) | IN(ACTIVE) | IN(EXPIRING) | IN(ON_HOLD), SCRAP, TO(REVOKED)),
     .actor = BY(SYSTEM), .effect = {DO(CA_REVOKE), DO(CERT_RECORD)}, .built = 1},
    {ROW("K12", IN(SUPERSEDED), GRACE_END, TO(REVOKED)), .actor = BY(TIMER), .needs = SW_IN_PLACE,
     .effect = {DO(CA_REVOKE), DO(CERT_RECORD)}},
    {ROW("K13", IN(ACTIVE) | IN(EXPIRING), CHANGED, TO(SUPERSEDED)), .actor = BY(CA),
     .needs = SW_CHANGE, .effect = {DO(CA_SUPERSEDE), DO(CERT_RECORD)}},
    {ROW("K14", IN(EXPIRED) | IN(EXPIRED_LATE) | IN(REVOKED), ARCHIVE, TO(ARCHIVED)),
     .actor = BY(TIMER), .needs = SW_EXPIRY, .effect = {DO(ARCHIVE)}},
};

ROWS(certificate, certificate_rows)
