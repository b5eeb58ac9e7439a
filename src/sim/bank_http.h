/* The bank's addresses: pages for the payer, signed calls for merchants, the control page. */
#ifndef CERTHALL_SIM_BANK_HTTP_H
#define CERTHALL_SIM_BANK_HTTP_H

#include "httpd/httpd.h"
#include "sim/bank.h"

/* Mounts GET /, /pay, /bank.css, POST /decide, /query, /refund, /refund/query, GET and POST /control (loopback only). */
void bank_mount(struct httpd *s, struct bank *b);

/* Content-Security-Policy of its pages: unlike ours a form may lead to the merchant's site. */
extern const char bank_csp[];

/* The thread that calls merchants. */
struct bank_caller;
NODISCARD enum err bank_caller_start(struct bank *b, struct bank_caller **out, struct err_info *e);
void bank_caller_free(struct bank_caller *c); /* ends the thread first */
DEFINE_AUTO(bank_caller)

#endif
