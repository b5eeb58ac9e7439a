/* The table of addresses; docs/openapi.yaml is held against it. */
#include "portal/portal_priv.h"

#include <stdlib.h>

#define PUBLIC PORTAL_PUBLIC
#define OWN PORTAL_APPLICANT
#define AT "/api/v1/portal"

// clang-format off
const struct httpd_route portal_routes[] = {
    {"GET", AT "/projects", portal_project_list, PUBLIC, 0, 0},
    {"GET", AT "/projects/:project", portal_project_get, PUBLIC, 0, 0},
    {"GET", AT "/projects/:project/guide/:type", portal_guide_get, PUBLIC, 0, 0},
    {"GET", AT "/projects/:project/texts/:kind", portal_text_get, PUBLIC, 0, 0},
    {"GET", AT "/projects/:project/client", portal_client_get, PUBLIC, 0, 0},
    {"GET", AT "/client/:file", portal_client_file_get, PUBLIC, 0, 0},
    {"GET", AT "/session", portal_session_get, PUBLIC, 0, 0},
    {"POST", AT "/session", portal_session_create, PUBLIC, PORTAL_BODY, 0},
    {"DELETE", AT "/session", portal_session_delete, PUBLIC, 0, 0},
    {"GET", AT "/orders", portal_order_list, OWN, 0, 0},
    {"POST", AT "/orders", portal_order_create, OWN, PORTAL_BODY, 0},
    {"GET", AT "/orders/:order", portal_order_get, OWN, 0, 0},
    {"GET", AT "/orders/:order/log", portal_order_log_list, OWN, 0, 0},
    {"GET", AT "/orders/:order/form", portal_order_form_get, OWN, 0, 0},
    {"PUT", AT "/orders/:order/form/:section", portal_order_section_save, OWN, PORTAL_SECTION_BODY, 0},
    {"GET", AT "/orders/:order/check", portal_order_check_get, OWN, 0, 0},
    {"POST", AT "/orders/:order/submit", portal_order_submit, OWN, PORTAL_BODY, 0},
    {"POST", AT "/orders/:order/cancel", portal_order_cancel, OWN, PORTAL_BODY, 0},
    {"GET", AT "/orders/:order/payment", portal_payment_get, OWN, 0, 0},
    {"POST", AT "/orders/:order/payment", portal_payment_start, OWN, PORTAL_BODY, 0},
    {"POST", AT "/orders/:order/payment/query", portal_payment_query, OWN, PORTAL_BODY, 0},
    {"GET", AT "/events", portal_event_stream, PUBLIC, 0, 0},
    {"GET", AT "/keys", portal_key_list, OWN, 0, 0},
    {"GET", AT "/keys/:serial", portal_key_get, OWN, 0, 0},
    {"POST", AT "/sms", portal_sms_send, OWN, PORTAL_BODY, 0},
    {"POST", AT "/sms/:id/verify", portal_sms_verify, OWN, PORTAL_BODY, 0},
    {"POST", AT "/jobs", portal_job_create, PUBLIC, PORTAL_BODY, 0},
    {"POST", AT "/jobs/finish", portal_job_finish, PUBLIC, PORTAL_BODY, 0},
    {"GET", AT "/jobs/:id", portal_job_get, PUBLIC, 0, 0},
    {"POST", AT "/jobs/:id/ticket", portal_job_ticket, PUBLIC, PORTAL_BODY, 0},
    {"POST", AT "/jobs/:id/cancel", portal_job_cancel, PUBLIC, PORTAL_BODY, 0},
    {"POST", AT "/jobs/:id/finish-code", portal_job_finish_code, PUBLIC, PORTAL_BODY, 0},
    {"GET", AT "/invoices", portal_invoice_list, OWN, 0, 0},
    {"GET", AT "/invoices/:id/file", portal_invoice_file_get, OWN, 0, 0},
    {"GET", AT "/messages", portal_message_list, OWN, 0, 0},
    {"POST", AT "/messages/read", portal_message_read, OWN, PORTAL_BODY, 0},
};
// clang-format on
const size_t portal_routes_n = sizeof portal_routes / sizeof *portal_routes;

enum err portal_new(const struct portal_options *o, struct portal **out, struct err_info *e)
{
    _auto(portal) p = mem_alloc(sizeof *p);
    p->hall = o->hall;
    p->client_folder = o->client_folder;
    p->arena = arena_new();
    TRY(portal_client_read(p, e));
    *out = steal(&p);
    return ERR_OK;
}

void portal_free(struct portal *p)
{
    if (!p)
        return;
    arena_free(p->arena);
    free(p);
}

void portal_mount(struct httpd *server, struct portal *p)
{
    httpd_mount(server, portal_routes, portal_routes_n, portal_guard, p);
}
