/* PaymentRow of docs/openapi.yaml, for finance and for the record of an order. */
#ifndef CERTHALL_CONSOLE_PAYMENTS_H
#define CERTHALL_CONSOLE_PAYMENTS_H

#include "base/json.h"
#include "hall/report/report.h"

/* `exception`: the row is one of the list of exceptions. */
NODISCARD enum err console_write_payment(struct hall_tx *tx, const struct report_payment *p,
                                         int exception, struct json_out *j, struct err_info *e);

#endif
