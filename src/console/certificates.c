/* Certificates, the approvals that a revocation needs, and UKeys as support and makers see them. */
#include "console/console_priv.h"

#include "hall/approval/approval.h"
#include "hall/certificate/certificate.h"
#include "hall/payment/payment.h"
#include "hall/project/project.h"
#include "hall/ukey/ukey.h"

#include <string.h>

static const char *const views[] = {"active", "on_hold", "revoked", "expired", NULL};

static enum certificate_view view_of(const char *name)
{
    for (int i = 0; name && views[i]; i++)
        if (strcmp(views[i], name) == 0)
            return (enum certificate_view)(CERTIFICATE_VIEW_ACTIVE + i);
    return CERTIFICATE_ALL;
}

HANDLER(console_certificate_list)
{
    const struct console *c = app;
    struct web_page page;
    const char *q, *state;
    const struct certificate *items;
    size_t n;
    struct json_out j;
    TRY(web_page(r, &page, e));
    TRY(web_query(r, "q", 100, &q, e));
    TRY(web_choice(r, "state", views, NULL, &state, e));
    struct certificate_filter f = {
        .q = q, .view = view_of(state), .before = page.after, .limit = page.limit};
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    TRY(certificate_list(&tx, &f, &items, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        jout_object(&j, NULL);
        certificate_write_members(&items[i], &tx, &j);
        jout_end(&j);
    }
    jout_end(&j);
    web_next(&j, &page, n, n ? items[n - 1].id : 0);
    jout_end(&j);
    return ERR_OK;
}

static enum err reply_certificate(struct httpd_request *r, struct httpd_reply *reply,
                                  const struct console *c, const struct certificate *certificate,
                                  struct err_info *e)
{
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    httpd_reply_json(reply, &j);
    return approval_write_certificate(&tx, certificate, &j, NULL, e);
}

HANDLER(console_certificate_get)
{
    struct certificate certificate;
    {
        _auto_hall_tx tx = {0};
        TRY(console_begin(r, app, 0, &tx, e));
        TRY(certificate_get(&tx, httpd_param(r, "serial"), &certificate, e));
    }
    return reply_certificate(r, reply, app, &certificate, e);
}

typedef enum err change_fn(const struct hall *h, const struct actor *who, const char *serial,
                           const char *reason, struct arena *a, struct certificate *out,
                           struct err_info *e);

static enum err change(struct httpd_request *r, struct httpd_reply *reply, const struct console *c,
                       change_fn *fn, struct err_info *e)
{
    const json_t *body;
    const char *reason;
    struct certificate certificate;
    TRY(httpd_json(r, &body, e));
    TRY(web_reason(r, body, &reason, e));
    TRY(fn(c->hall, &console_visitor(r)->actor, httpd_param(r, "serial"), reason, r->arena,
           &certificate, e));
    return reply_certificate(r, reply, c, &certificate, e);
}

HANDLER(console_certificate_hold)
{
    return change(r, reply, app, approval_hold, e);
}

HANDLER(console_certificate_release)
{
    return change(r, reply, app, approval_release, e);
}

static enum err reply_approval(struct httpd_request *r, struct httpd_reply *reply,
                               const struct console *c, const struct approval *p,
                               struct err_info *e)
{
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    httpd_reply_json(reply, &j);
    approval_write(&tx, p, &j, NULL);
    return ERR_OK;
}

HANDLER(console_certificate_revoke)
{
    const struct console *c = app;
    const json_t *body;
    const char *reason, *code;
    struct approval asked;
    TRY(httpd_json(r, &body, e));
    TRY(web_reason(r, body, &reason, e));
    TRY(json_get_text(body, "reason_code", &code, e));
    TRY(approval_ask_revoke(c->hall, &console_visitor(r)->actor, httpd_param(r, "serial"), code,
                            reason, r->arena, &asked, e));
    reply->status = 202;
    return reply_approval(r, reply, c, &asked, e);
}

HANDLER(console_approval_get)
{
    const struct console *c = app;
    int64_t id;
    struct approval p;
    TRY(httpd_param_id(r, "id", &id, e));
    {
        _auto_hall_tx tx = {0};
        TRY(console_begin(r, c, 0, &tx, e));
        TRY(approval_get(&tx, id, &p, e));
    }
    return reply_approval(r, reply, c, &p, e);
}

/* An approved refund sends the money; an approved revocation has been done by approval_decide. */
static enum err carry_out(struct httpd_request *r, const struct console *c,
                          const struct approval *p, struct err_info *e)
{
    if (p->state != APPROVAL_APPROVED || strcmp(p->kind, "refund") != 0)
        return ERR_OK;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 1, &tx, e));
    TRY(payment_refund_send(&tx, p->order, e));
    return hall_commit(&tx, e);
}

HANDLER(console_approval_decide)
{
    const struct console *c = app;
    const json_t *body;
    int64_t id;
    int approve;
    struct approval p;
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(httpd_json(r, &body, e));
    TRY(json_get_bool(body, "approve", &approve, e));
    TRY(approval_decide(c->hall, &console_visitor(r)->actor, id, approve,
                        json_opt_text(body, "note", ""), r->arena, &p, e));
    TRY(carry_out(r, c, &p, e));
    return reply_approval(r, reply, c, &p, e);
}

HANDLER(console_key_get)
{
    struct ukey key;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(ukey_get(&tx, httpd_param(r, "serial"), &key, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    TRY(certificate_write_key_members(&tx, &key, &j, e));
    web_some(&j, "model", key.model);
    TRY(certificate_write_key_history(&tx, key.serial, &j, "history", e));
    jout_end(&j);
    return ERR_OK;
}
