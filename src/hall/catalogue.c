#include "hall/catalogue.h"

#include "hall/account/account_sql.h"
#include "hall/approval/approval_sql.h"
#include "hall/audit/audit_sql.h"
#include "hall/certificate/certificate_sql.h"
#include "hall/delivery/delivery_sql.h"
#include "hall/event/event_sql.h"
#include "hall/form/form_sql.h"
#include "hall/hall_sql.h"
#include "hall/institution/institution_sql.h"
#include "hall/intake/intake_sql.h"
#include "hall/invoice/invoice_sql.h"
#include "hall/job/job_sql.h"
#include "hall/limit/limit_sql.h"
#include "hall/notice/notice_sql.h"
#include "hall/order/order_sql.h"
#include "hall/outbox/outbox_sql.h"
#include "hall/partner/partner_sql.h"
#include "hall/payment/payment_sql.h"
#include "hall/production/production_sql.h"
#include "hall/project/project_sql.h"
#include "hall/report/report_sql.h"
#include "hall/seed/seed_sql.h"
#include "hall/session/session_sql.h"
#include "hall/staff/staff_sql.h"
#include "hall/task/task_sql.h"
#include "hall/ukey/ukey_sql.h"

/* Only ever add at the end: a database in use has run the migrations in this order. */
/* clang-format off */
static const struct store_module *const MODULES[] = {
    &hall_sql,
    &audit_sql,
    &event_sql,
    &task_sql,
    &outbox_sql,
    &limit_sql,
    &account_sql,
    &session_sql,
    &institution_sql,
    &staff_sql,
    &partner_sql,
    &ukey_sql,
    &certificate_sql,
    &production_sql,
    &payment_sql,
    &delivery_sql,
    &form_sql,
    &order_sql,
    &project_sql,
    &intake_sql,
    &notice_sql,
    &invoice_sql,
    &approval_sql,
    &job_sql,
    &report_sql,
    &seed_sql,
};
/* clang-format on */
const struct store_catalogue hall_catalogue = STORE_CATALOGUE(MODULES);
