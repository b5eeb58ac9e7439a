/* HTML of the bank: small pages, Chinese, marked as a simulator everywhere. */
#ifndef CERTHALL_SIM_BANK_PAGE_H
#define CERTHALL_SIM_BANK_PAGE_H

#include "sim/bank.h"

void page_pay(struct buf *out, const struct bank_payment *p, const char *ticket);
void page_done(struct buf *out, const struct bank_payment *p, const char *location);
void page_error(struct buf *out, enum bank_code code);
void page_control(struct buf *out, struct bank *b);
extern const char page_css[];

#endif
