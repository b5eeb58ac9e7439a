/* Shared by the files of this folder only: switches of rows, and the tables themselves. */
#ifndef CERTHALL_HALL_FLOW_PRIV_H
#define CERTHALL_HALL_FLOW_PRIV_H

#include "hall/flow/flow.h"

/* What a row needs of the profile to be on: each follows from a parameter of flow_rules (flow_switches). */
#define SW(n) (UINT64_C(1) << (n))
#define SW_REVIEW SW(0)   /* some type has review stages */
#define SW_PAY SW(1)      /* pay.when is not none */
#define SW_TRANSFER SW(2) /* 我已支付 */
#define SW_FIX_EDIT SW(3)
#define SW_FIX_CLOSE SW(4)
#define SW_EDIT_PENDING SW(5)
#define SW_REFUND_ASK SW(6) /* the applicant may ask for his money back */
#define SW_REVIVE SW(7)
#define SW_INVOICE SW(8)
#define SW_INVOICE_AUTO SW(9)
#define SW_INVOICE_BATCH SW(10)
#define SW_INVOICE_REQUEST SW(11)
#define SW_TITLE_FREE SW(12)
#define SW_INVOICE_CORRECT SW(13)
#define SW_PAPER SW(14)
#define SW_VIA_ORG SW(15)
#define SW_DIRECT SW(16) /* the parcel goes to the applicant himself */
#define SW_ACTIVATE SW(17)
#define SW_BIND SW(18)
#define SW_RESEND SW(19)
#define SW_INACTIVE SW(20) /* certificates start on hold */
#define SW_FREEZE SW(21)   /* loss reports */
#define SW_EXPIRY SW(22)
#define SW_CODE SW(23)
#define SW_MAKES SW(24)    /* some type that is on makes a UKey */
#define SW_IN_PLACE SW(25) /* renewal or change in place */
#define SW_UNLOCK SW(26)
#define SW_DAMAGE SW(27)  /* damaged keys are replaced */
#define SW_REPLACE SW(28) /* a new key takes the place of an old one */
#define SW_CHANGE SW(29)
#define SW_RETIRE SW(30)    /* renewal by a new key */
#define SW_RETURN SW(31)    /* keys come back to us */
#define SW_MATERIALS SW(32) /* some type has uploads or generated forms */

/* The tables: rows_*.c. */
const struct flow_row *flow_code_rows(int *n);
const struct flow_row *flow_application_rows(int *n);
const struct flow_row *flow_payment_rows(int *n);
const struct flow_row *flow_invoice_rows(int *n);
const struct flow_row *flow_paper_rows(int *n);
const struct flow_row *flow_fulfilment_rows(int *n);
const struct flow_row *flow_ukey_rows(int *n);
const struct flow_row *flow_certificate_rows(int *n);

uint64_t flow_switches(const struct flow_rules *r);
/* An event that no row takes (events.def). */
int flow_is_signal(enum flow_event ev);
/* One bit of flow_switches as text ("review"), for printing. */
const char *flow_switch_name(int bit);
enum err flow_guard_error(enum flow_guard g);
/* Does the guard hold for these facts and states? `set` is the paper set the event is about. */
int flow_guard_holds(const struct flow_facts *f, const struct flow_states *s, int set,
                     enum flow_guard g);
/* After payment neither cancelling nor changing (S0-25). */
int flow_is_frozen(const struct flow_facts *f, const struct flow_states *s);

#endif
