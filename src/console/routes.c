#include "console/console_priv.h"

#define SMALL 4096
#define NOTICE 16384
#define UPLOAD 6291456
#define API "/api/v1/console"
#define MAKING (STAFF_MAKER | STAFF_SHIPPING)
#define JOBS (STAFF_MAKER | STAFF_SHIPPING | STAFF_SUPPORT)
#define RECORDS                                                                                    \
    (STAFF_REGULATOR | STAFF_REVIEWER | STAFF_MAKER | STAFF_SHIPPING | STAFF_FINANCE |             \
     STAFF_SUPPORT | STAFF_PROJECT_ADMIN)
#define REVEAL (STAFF_SHIPPING | STAFF_SUPPORT | STAFF_FINANCE | STAFF_REVIEWER)
#define CERTIFICATES (STAFF_SUPPORT | STAFF_REGULATOR)
#define APPROVALS (STAFF_SUPPORT | STAFF_FINANCE | STAFF_REGULATOR | STAFF_PROJECT_ADMIN)

/* Changes of one transaction. */
#define AGAIN(name)                                                                                \
    static HANDLER(again_##name)                                                                   \
    {                                                                                              \
        return console_again(console_##name, r, reply, app, e);                                    \
    }
AGAIN(work_claim_next)
AGAIN(work_claim)
AGAIN(work_release)
AGAIN(name_change_get)
AGAIN(name_change_decline)
AGAIN(stock_take_in)
AGAIN(quality_check)
AGAIN(job_create)
AGAIN(job_ticket)
AGAIN(job_cancel)
AGAIN(shipment_get)
AGAIN(job_finish) /* the same token again is answered the same */
AGAIN(shipment_send)
AGAIN(shipment_deliver)
AGAIN(order_reveal)
AGAIN(payment_refund)
AGAIN(payment_match)
AGAIN(payment_refund_again)
AGAIN(import_again)
AGAIN(work_again)
AGAIN(notice_create)
AGAIN(notice_save)
AGAIN(notice_delete)

/* x-permission and x-max-body of docs/openapi.yaml. */
const struct httpd_route console_routes[] = {
    {"GET", API "/session", console_session_get, CONSOLE_PUBLIC, 0, 0},
    {"POST", API "/session", console_session_create, CONSOLE_PUBLIC, SMALL, HTTPD_SIGN_IN},
    {"DELETE", API "/session", console_session_delete, CONSOLE_PUBLIC, 0, 0},
    {"GET", API "/demo/people", console_demo_people_list, CONSOLE_DEMO | CONSOLE_PUBLIC, 0, 0},
    {"POST", API "/demo/session", console_demo_sign_in, CONSOLE_DEMO | CONSOLE_PUBLIC, SMALL, 0},
    {"GET", API "/demo/outbox", console_demo_outbox_list, CONSOLE_DEMO | CONSOLE_STAFF, 0, 0},
    {"GET", API "/menu", console_menu_get, CONSOLE_ROLES, 0, 0},
    {"GET", API "/events", console_event_stream, CONSOLE_STAFF, 0, 0},
    {"GET", API "/work", console_work_list, CONSOLE_STAFF, 0, 0},
    {"POST", API "/work/next", again_work_claim_next, CONSOLE_STAFF, SMALL, 0},
    {"POST", API "/work/:id/claim", again_work_claim, CONSOLE_STAFF, SMALL, 0},
    {"POST", API "/work/:id/release", again_work_release, CONSOLE_STAFF, SMALL, 0},
    {"POST", API "/work/:id/again", again_work_again, CONSOLE_STAFF, SMALL, 0},
    {"GET", API "/imports", console_import_list, STAFF_REGULATOR, 0, 0},
    {"POST", API "/imports", console_import_create, STAFF_REGULATOR, UPLOAD,
     HTTPD_UPLOAD | HTTPD_HEAVY},
    {"GET", API "/imports/:id", console_import_get, STAFF_REGULATOR, 0, 0},
    {"POST", API "/imports/:id/again", again_import_again, STAFF_REGULATOR, SMALL, 0},
    {"GET", API "/name-changes/:id", again_name_change_get, STAFF_REGULATOR, 0, 0},
    {"POST", API "/name-changes/:id/decline", again_name_change_decline, STAFF_REGULATOR, SMALL, 0},
    {"GET", API "/bench", console_bench_get, STAFF_MAKER, 0, 0},
    {"GET", API "/stock", console_stock_get, STAFF_MAKER, 0, 0},
    {"POST", API "/stock", again_stock_take_in, STAFF_MAKER, NOTICE, 0},
    {"GET", API "/production/:order", console_production_get, MAKING, 0, 0},
    {"GET", API "/production/:order/label", console_label_get, MAKING, 0, HTTPD_HEAVY},
    {"POST", API "/production/:order/quality", again_quality_check, MAKING, SMALL, 0},
    {"POST", API "/production/:order/scrap", console_ukey_scrap, STAFF_MAKER, SMALL, 0},
    {"POST", API "/jobs", again_job_create, JOBS, SMALL, 0},
    {"POST", API "/jobs/finish", again_job_finish, JOBS, SMALL, 0},
    {"GET", API "/jobs/:id", console_job_get, JOBS, 0, 0},
    {"POST", API "/jobs/:id/ticket", again_job_ticket, JOBS, SMALL, 0},
    {"POST", API "/jobs/:id/cancel", again_job_cancel, JOBS, SMALL, 0},
    {"GET", API "/shipments/:order", again_shipment_get, STAFF_SHIPPING, 0, 0},
    {"POST", API "/shipments/:order", again_shipment_send, STAFF_SHIPPING, SMALL, 0},
    {"POST", API "/shipments/:order/delivered", again_shipment_deliver, STAFF_SHIPPING, SMALL, 0},
    {"GET", API "/search", console_search, RECORDS, 0, 0},
    {"GET", API "/orders/:order", console_order_get, RECORDS, 0, 0},
    {"GET", API "/orders/:order/log", console_order_log_list, RECORDS, 0, 0},
    {"POST", API "/orders/:order/reveal", again_order_reveal, REVEAL, SMALL, 0},
    {"GET", API "/finance/batches", console_invoice_batch_list, STAFF_FINANCE, 0, 0},
    {"POST", API "/finance/batches", console_invoice_batch_issue, STAFF_FINANCE, SMALL,
     HTTPD_HEAVY},
    {"GET", API "/finance/batches/preview", console_invoice_batch_preview, STAFF_FINANCE, 0, 0},
    {"GET", API "/finance/batches/:id", console_invoice_batch_get, STAFF_FINANCE, 0, 0},
    {"GET", API "/finance/invoices/:id/file", console_invoice_file_get, STAFF_FINANCE, 0, 0},
    {"GET", API "/finance/ledger", console_ledger_get, STAFF_FINANCE, 0, 0},
    {"GET", API "/finance/payments", console_payment_list, STAFF_FINANCE, 0, 0},
    {"POST", API "/finance/payments/:id/query", console_payment_query, STAFF_FINANCE, SMALL, 0},
    {"POST", API "/finance/payments/:id/refund", again_payment_refund, STAFF_FINANCE, SMALL, 0},
    {"POST", API "/finance/payments/:id/refund-again", again_payment_refund_again, STAFF_FINANCE,
     SMALL, 0},
    {"POST", API "/finance/payments/:id/match", again_payment_match, STAFF_FINANCE, SMALL, 0},
    {"POST", API "/finance/orders/:order/query", console_order_payment_query, STAFF_FINANCE, SMALL,
     0},
    {"GET", API "/certificates", console_certificate_list, CERTIFICATES, 0, 0},
    {"GET", API "/certificates/:serial", console_certificate_get, CERTIFICATES, 0, 0},
    {"POST", API "/certificates/:serial/hold", console_certificate_hold, STAFF_SUPPORT, SMALL, 0},
    {"POST", API "/certificates/:serial/release", console_certificate_release, STAFF_SUPPORT, SMALL,
     0},
    {"POST", API "/certificates/:serial/revoke", console_certificate_revoke, CERTIFICATES, SMALL,
     0},
    {"GET", API "/approvals/:id", console_approval_get, APPROVALS, 0, 0},
    {"POST", API "/approvals/:id", console_approval_decide, APPROVALS, SMALL, 0},
    {"GET", API "/keys/:serial", console_key_get, JOBS, 0, 0},
    {"POST", API "/audit/verify", console_audit_verify, STAFF_AUDITOR, SMALL, HTTPD_HEAVY},
    {"GET", API "/audit/log", console_audit_log_list, STAFF_AUDITOR, 0, 0},
    {"GET", API "/notices", console_notice_list, STAFF_PROJECT_ADMIN, 0, 0},
    {"POST", API "/notices", again_notice_create, STAFF_PROJECT_ADMIN, NOTICE, 0},
    {"PUT", API "/notices/:id", again_notice_save, STAFF_PROJECT_ADMIN, NOTICE, 0},
    {"DELETE", API "/notices/:id", again_notice_delete, STAFF_PROJECT_ADMIN, 0, 0},
};
const size_t console_routes_n = sizeof console_routes / sizeof *console_routes;

void console_mount(struct httpd *s, struct console *c)
{
    httpd_mount(s, console_routes, console_routes_n, console_guard, c);
}
