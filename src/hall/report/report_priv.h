/* Between the files of report. */
#ifndef CERTHALL_HALL_REPORT_PRIV_H
#define CERTHALL_HALL_REPORT_PRIV_H

#include "hall/report/report.h"

/* A person's text inside LIKE … ESCAPE '!'. */
const char *report_like(struct arena *a, const char *text);

#endif
