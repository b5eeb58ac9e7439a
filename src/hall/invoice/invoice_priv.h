/* Between the files of this folder. */
#ifndef CERTHALL_HALL_INVOICE_PRIV_H
#define CERTHALL_HALL_INVOICE_PRIV_H

#include "hall/invoice/invoice.h"
#include "store/store.h"

NODISCARD enum err invoice_from_row(struct hall_tx *tx, const struct store_row *r,
                                    struct invoice *out, struct err_info *e);
NODISCARD enum err invoice_from_rows(struct hall_tx *tx, const struct store_rows *rows,
                                     const struct invoice **out, size_t *n, struct err_info *e);
/* 1 when what is paid and not given back is the invoice's amount. */
NODISCARD enum err invoice_money_fits(struct hall_tx *tx, const struct invoice *v, int *yes,
                                      struct err_info *e);
NODISCARD enum err invoice_audit(struct hall_tx *tx, int64_t order, const char *act,
                                 const char *object, const char *value, struct err_info *e);
/* The batch that is being issued and takes this day's invoices; 0: none. */
NODISCARD enum err invoice_batch_running(struct hall_tx *tx, int32_t batch_day, int64_t *id,
                                         struct err_info *e);

#endif
