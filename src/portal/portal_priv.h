/* Between the files of this folder. */
#ifndef CERTHALL_PORTAL_PRIV_H
#define CERTHALL_PORTAL_PRIV_H

#include "hall/account/account.h"
#include "hall/order/order.h"
#include "hall/project/project.h"
#include "hall/session/session.h"
#include "portal/portal.h"
#include "webapi/webapi.h"

enum { PORTAL_PUBLIC, PORTAL_APPLICANT }; /* permissions of routes: x-permission */
enum { PORTAL_BODY = 4096, PORTAL_SECTION_BODY = 65536 };

#define PORTAL_SESSION_COOKIE "certhall"
/* A secret of the browser's own, made before anybody signs in and not changed by it: jobs belong to it. */
#define PORTAL_BROWSER_COOKIE "certhall_browser"

struct portal_file {
    const char *name, *system, *sha256;
    int64_t bytes;
};
struct portal {
    const struct hall *hall;
    const char *client_folder;
    const struct portal_file *file;
    size_t files;
    struct arena *arena;
};

/* What the guard attaches. */
struct portal_session {
    int signed_in;
    struct session session;
    struct account account;
    const char *token;   /* of the session; NULL: not signed in */
    const char *browser; /* cookie; NULL: none yet */
    struct actor who;    /* the applicant, or nobody */
};
static inline const struct portal_session *portal_of(const struct httpd_request *r)
{
    return r->session;
}

typedef enum err portal_handler(struct httpd_request *, struct httpd_reply *, void *app,
                                struct err_info *);
enum err portal_guard(struct httpd_request *r, void *app, struct err_info *e);

/* ---- calls: a unit of work of the request, in its language, by who is signed in ---- */

struct portal_call {
    const struct portal *app;
    struct httpd_request *r;
    struct httpd_reply *reply;
    const struct portal_session *s;
    void *arg;
};
typedef enum err portal_work(struct hall_tx *tx, struct portal_call *c, struct err_info *e);
NODISCARD enum err portal_read(struct portal_call *c, portal_work *work, struct err_info *e);
/* Commits. Runs again where the database, or somebody who was faster, asks for it; the reply is begun anew then. */
NODISCARD enum err portal_write(struct portal_call *c, portal_work *work, struct err_info *e);
/* A read in the handlers' usual shape. */
#define PORTAL_CALL(request, rep, application, argument)                                           \
    {                                                                                              \
        .app = (application), .r = (request), .reply = (rep), .s = portal_of(request),             \
        .arg = (argument)                                                                          \
    }

/* ERR_NOT_FOUND for a project that is not here. */
NODISCARD enum err portal_project(const struct portal_call *c, const char *code,
                                  const struct project **out, struct err_info *e);
/* ERR_LOGIN_METHOD where the project has no such way of signing in (C-22). */
NODISCARD enum err portal_method(const struct project *p, enum project_login method,
                                 struct err_info *e);
/* The order of the path, the applicant's own. */
NODISCARD enum err portal_order(struct hall_tx *tx, struct portal_call *c, struct order *out,
                                struct err_info *e);
const char *portal_order_no(struct arena *a, int64_t id);

/* An error with members beyond {code, field, message}: begins its object, which the caller completes and ends. Status and
 * code follow from `e`; `code` and `status` replace them where the interface names others (0, NULL: not). */
void portal_error_begin(struct portal_call *c, const struct err_info *e, int status,
                        const char *code, struct json_out *j);

/* ---- handlers by file ---- */

portal_handler portal_project_list, portal_project_get, portal_guide_get, portal_text_get,
    portal_client_get, portal_client_file_get; /* project.c, client.c */
portal_handler portal_session_get, portal_session_create, portal_session_delete; /* session.c */
portal_handler portal_order_list, portal_order_create, portal_order_get, portal_order_log_list,
    portal_order_submit, portal_order_cancel; /* orders.c */
portal_handler portal_order_form_get, portal_order_section_save,
    portal_order_check_get;                                                    /* form.c */
portal_handler portal_event_stream;                                            /* events.c */
portal_handler portal_message_list, portal_message_read;                       /* messages.c */
portal_handler portal_payment_get, portal_payment_start, portal_payment_query; /* payment.c */

portal_handler portal_key_list, portal_key_get;    /* keys.c */
portal_handler portal_sms_send, portal_sms_verify; /* sms.c */
portal_handler portal_job_create, portal_job_get, portal_job_ticket, portal_job_cancel,
    portal_job_finish, portal_job_finish_code;               /* jobs.c */
portal_handler portal_invoice_list, portal_invoice_file_get; /* invoices.c */

/* payment.c: the bank is asked now, outside any transaction; errors of order_ask_gateway. */
NODISCARD enum err portal_ask_gateway(const struct portal_call *c, int64_t order,
                                      struct err_info *e);
/* jobs.c: the browser's own secret, "" where it has none: nothing belongs to it then. */
const char *portal_browser(const struct portal_call *c);
/* An error with `tries_left`, from its argument {left}. */
NODISCARD enum err portal_refuse_tries(struct portal_call *c, const struct err_info *e);
/* session.c: Session of openapi. */
NODISCARD enum err portal_write_session(struct hall_tx *tx, struct portal_call *c,
                                        const struct portal_session *s, struct json_out *j,
                                        const char *key, struct err_info *e);
NODISCARD enum err portal_client_read(struct portal *p, struct err_info *e);

#endif
