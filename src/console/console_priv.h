/* Between the files of the console. */
#ifndef CERTHALL_CONSOLE_PRIV_H
#define CERTHALL_CONSOLE_PRIV_H

#include "console/console.h"
#include "hall/session/session.h"
#include "hall/staff/staff.h"
#include "webapi/webapi.h"

enum {
    CONSOLE_ROLES = (1 << STAFF_ROLES) - 1,
    /* `staff` of docs/openapi.yaml: the auditor reads the chains and nothing else */
    CONSOLE_STAFF = CONSOLE_ROLES & ~STAFF_AUDITOR,
};
#define CONSOLE_COOKIE "certhall_console"
#define CONSOLE_GUEST_COOKIE "certhall_console_guest"

/* Who calls; attached by the guard to each request (request.session). */
struct visitor {
    int signed_in;
    const char *token; /* of the session: what makes a browser known again */
    struct session session;
    struct staff staff;
    unsigned acts_as; /* the one role that let him in; 0 where the route asks for none */
    struct actor actor;
};
enum err console_guard(struct httpd_request *r, void *app, struct err_info *e);
const struct visitor *console_visitor(const struct httpd_request *r);

/* A unit of work of the visitor, in the request's arena and language. */
NODISCARD enum err console_begin(struct httpd_request *r, const struct console *c, int write,
                                 struct hall_tx *tx, struct err_info *e);
/* A change that lost against another request is made again; the reply is begun anew then. For handlers whose change is one
 * transaction, and which set headers after it only. */
NODISCARD enum err console_again(httpd_handler once, struct httpd_request *r,
                                 struct httpd_reply *reply, void *app, struct err_info *e);
/* The same visitor in another of his roles, where an operation is open to several. 1 when he has it. */
int console_has(const struct httpd_request *r, unsigned roles);

/* ---- words ---- */

const char *console_role_text(unsigned role, enum lang lang); /* 制证 */
/* Person: {id, name, role_text}; all of his roles in words. */
void console_write_staff(struct json_out *j, struct arena *a, const char *key,
                         const struct staff *s, enum lang lang);
void console_write_roles(struct json_out *j, unsigned roles);
const char *console_roles_text(struct arena *a, unsigned roles, enum lang lang);

/* ---- handlers, named after operationId ---- */

#define HANDLER(name)                                                                              \
    enum err name(struct httpd_request *r, struct httpd_reply *reply, void *app, struct err_info *e)
HANDLER(console_session_get);
HANDLER(console_session_create);
HANDLER(console_session_delete);
HANDLER(console_demo_people_list);
HANDLER(console_demo_sign_in);
HANDLER(console_demo_outbox_list);
HANDLER(console_menu_get);
HANDLER(console_event_stream);
HANDLER(console_work_list);
HANDLER(console_work_claim_next);
HANDLER(console_work_claim);
HANDLER(console_work_release);
HANDLER(console_import_list);
HANDLER(console_import_create);
HANDLER(console_import_get);
HANDLER(console_name_change_get);
HANDLER(console_name_change_decline);
HANDLER(console_bench_get);
HANDLER(console_stock_get);
HANDLER(console_stock_take_in);
HANDLER(console_production_get);
HANDLER(console_label_get);
HANDLER(console_quality_check);
HANDLER(console_ukey_scrap);
HANDLER(console_job_create);
HANDLER(console_job_get);
HANDLER(console_job_ticket);
HANDLER(console_job_cancel);
HANDLER(console_job_finish);
HANDLER(console_shipment_get);
HANDLER(console_shipment_send);
HANDLER(console_shipment_deliver);
HANDLER(console_search);
HANDLER(console_order_get);
HANDLER(console_order_log_list);
HANDLER(console_order_reveal);
HANDLER(console_invoice_batch_list);
HANDLER(console_invoice_batch_issue);
HANDLER(console_invoice_batch_preview);
HANDLER(console_invoice_batch_get);
HANDLER(console_invoice_file_get);
HANDLER(console_ledger_get);
HANDLER(console_payment_list);
HANDLER(console_payment_query);
HANDLER(console_payment_refund);
HANDLER(console_payment_match);
HANDLER(console_payment_refund_again);
HANDLER(console_order_payment_query);
HANDLER(console_import_again);
HANDLER(console_work_again);
HANDLER(console_certificate_list);
HANDLER(console_certificate_get);
HANDLER(console_certificate_hold);
HANDLER(console_certificate_release);
HANDLER(console_certificate_revoke);
HANDLER(console_approval_get);
HANDLER(console_approval_decide);
HANDLER(console_key_get);
HANDLER(console_audit_verify);
HANDLER(console_audit_log_list);
HANDLER(console_notice_list);
HANDLER(console_notice_create);
HANDLER(console_notice_save);
HANDLER(console_notice_delete);

#endif
