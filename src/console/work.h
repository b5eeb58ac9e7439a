/* WorkItem of docs/openapi.yaml, for the work list and wherever tasks of an order are shown. */
#ifndef CERTHALL_CONSOLE_WORK_H
#define CERTHALL_CONSOLE_WORK_H

#include "base/json.h"
#include "hall/report/report.h"

NODISCARD enum err console_write_work(struct hall_tx *tx, const struct report_work *w,
                                      struct json_out *j, const char *key, struct err_info *e);

#endif
