/* Shared by the files of this folder only: switches of rows, and the tables themselves. */
#ifndef CERTHALL_HALL_FLOW_PRIV_H
#define CERTHALL_HALL_FLOW_PRIV_H

#include "hall/flow/flow.h"

/* What a row needs of the profile to be on: each follows from a parameter of flow_rules. */
enum flow_switch {
    SW_REVIEW = 1 << 0,      /* some type has review stages */
    SW_PAY = 1 << 1,         /* pay.when is not none */
    SW_TRANSFER = 1 << 2,    /* 我已支付 */
    SW_FIX_EDIT = 1 << 3,
    SW_FIX_CLOSE = 1 << 4,
    SW_EDIT_PENDING = 1 << 5,
    SW_REFUND_ASK = 1 << 6,  /* the applicant may ask for his money back */
    SW_REVIVE = 1 << 7,
    SW_INVOICE = 1 << 8,
    SW_INVOICE_AUTO = 1 << 9,
    SW_INVOICE_BATCH = 1 << 10,
    SW_INVOICE_REQUEST = 1 << 11,
    SW_TITLE_FREE = 1 << 12,
    SW_INVOICE_CORRECT = 1 << 13,
    SW_PAPER = 1 << 14,
    SW_VIA_ORG = 1 << 15,
    SW_DIRECT = 1 << 16,     /* the parcel goes to the applicant himself */
    SW_ACTIVATE = 1 << 17,
    SW_BIND = 1 << 18,
    SW_RESEND = 1 << 19,
    SW_INACTIVE = 1 << 20,   /* certificates start on hold */
    SW_FREEZE = 1 << 21,     /* loss reports */
    SW_EXPIRY = 1 << 22,
    SW_CODE = 1 << 23,
    SW_MAKES = 1 << 24,      /* some type that is on makes a UKey */
    SW_IN_PLACE = 1 << 25,   /* renewal or change in place */
    SW_UNLOCK = 1 << 26,
    SW_DAMAGE = 1 << 27,     /* damaged keys are replaced */
    SW_REPLACE = 1 << 28,    /* a new key takes the place of an old one */
    SW_CHANGE = 1 << 29,
    SW_RETIRE = 1 << 30,     /* renewal by a new key */
};

uint32_t flow_switches(const struct flow_rules *r);
enum err flow_guard_error(enum flow_guard g);

#endif
