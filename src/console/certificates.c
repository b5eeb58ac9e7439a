/* Certificates and UKeys: looking, holding, releasing, revoking with a second person. */
#include "console/console_priv.h"

#include "base/text.h"
#include "hall/account/account.h"
#include "hall/approval/approval.h"
#include "hall/order/order.h"
#include "hall/project/project.h"
#include "hall/vault/vault.h"

#include <inttypes.h>
#include <string.h>

/* ---- list and record ---- */

static enum certificate_view view_of(const char *state)
{
    static const char *const views[] = {[CERTIFICATE_VIEW_ACTIVE] = "active",
                                        [CERTIFICATE_VIEW_HOLD] = "on_hold",
                                        [CERTIFICATE_VIEW_REVOKED] = "revoked",
                                        [CERTIFICATE_VIEW_EXPIRED] = "expired"};
    for (size_t i = CERTIFICATE_VIEW_ACTIVE; i < sizeof views / sizeof *views; i++)
        if (state && strcmp(views[i], state) == 0)
            return (enum certificate_view)i;
    return CERTIFICATE_ALL;
}

HANDLER(console_certificate_list)
{
    static const char *const states[] = {"active", "on_hold", "revoked", "expired", NULL};
    struct certificate_filter f = {0};
    const struct certificate *c;
    struct web_page page;
    const char *state;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(web_query(r, "q", 100, &f.q, e));
    TRY(web_choice(r, "state", states, NULL, &state, e));
    TRY(web_page(r, &page, e));
    f.view = view_of(state);
    f.before = page.after;
    f.limit = page.limit;
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(certificate_list(&tx, &f, &c, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        jout_object(&j, NULL);
        certificate_write_members(&c[i], &tx, &j);
        jout_end(&j);
    }
    jout_end(&j);
    web_next(&j, &page, n, n ? c[n - 1].id : 0);
    jout_end(&j);
    return ERR_OK;
}

static enum err answer_certificate(struct httpd_request *r, struct httpd_reply *reply,
                                   const struct console *c, const char *serial, struct err_info *e)
{
    struct certificate found;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    TRY(certificate_get(&tx, serial, &found, e));
    httpd_reply_json(reply, &j);
    return approval_write_certificate(&tx, &found, &j, NULL, e);
}

HANDLER(console_certificate_get)
{
    return answer_certificate(r, reply, app, httpd_param(r, "serial"), e);
}

/* ---- hold and release ---- */

typedef enum err certificate_act(const struct hall *h, const struct actor *who, const char *serial,
                                 const char *reason, struct arena *a, struct certificate *out,
                                 struct err_info *e);

static enum err act(struct httpd_request *r, struct httpd_reply *reply, const struct console *c,
                    certificate_act *what, struct err_info *e)
{
    struct certificate done;
    const json_t *body;
    const char *reason;
    TRY(httpd_json(r, &body, e));
    TRY(web_reason(r, body, &reason, e));
    TRY(what(c->hall, &console_visitor(r)->actor, httpd_param(r, "serial"), reason, r->arena, &done,
             e));
    return answer_certificate(r, reply, c, done.serial, e);
}

HANDLER(console_certificate_hold)
{
    return act(r, reply, app, approval_hold, e);
}

HANDLER(console_certificate_release)
{
    return act(r, reply, app, approval_release, e);
}

/* ---- what two persons decide ---- */

static enum err answer_approval(struct httpd_request *r, struct httpd_reply *reply,
                                const struct console *c, const struct approval *p,
                                struct err_info *e)
{
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    httpd_reply_json(reply, &j);
    return approval_write(&tx, p, &j, NULL, e);
}

HANDLER(console_certificate_revoke)
{
    const struct console *c = app;
    struct approval asked;
    const json_t *body;
    const char *code, *reason;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_text(body, "reason_code", &code, e));
    TRY(web_reason(r, body, &reason, e));
    TRY(approval_ask_revoke(c->hall, &console_visitor(r)->actor, httpd_param(r, "serial"), code,
                            reason, r->arena, &asked, e));
    TRY(answer_approval(r, reply, c, &asked, e));
    reply->status = 202;
    return ERR_OK;
}

static enum err read_approval(struct httpd_request *r, const struct console *c,
                              struct approval *out, struct err_info *e)
{
    int64_t id;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(console_begin(r, c, 0, &tx, e));
    return approval_get(&tx, id, out, e);
}

static enum err not_his(struct httpd_request *r, const struct approval *p, struct err_info *e)
{
    err_set(e, ERR_FORBIDDEN, NULL, "approval of %s", p->kind);
    err_arg(e, "who", "%s", console_roles_text(r->arena, approval_roles(p->kind), r->lang));
    return ERR_FORBIDDEN;
}

/* Read by who may decide it, and by who asked. */
HANDLER(console_approval_get)
{
    const struct staff *reader = &console_visitor(r)->staff;
    struct approval p;
    TRY(read_approval(r, app, &p, e));
    if (!(reader->roles & approval_roles(p.kind)) && reader->id != p.asked_by)
        return not_his(r, &p, e);
    return answer_approval(r, reply, app, &p, e);
}

/* Somebody with several roles decides in the one that this request asks for. */
static enum err decider(struct httpd_request *r, const struct approval *p, struct actor *who,
                        struct err_info *e)
{
    const struct visitor *v = console_visitor(r);
    unsigned fits = v->staff.roles & approval_roles(p->kind);
    if (!fits)
        return not_his(r, p, e);
    return staff_actor(&v->staff, (enum staff_role)(fits & (0u - fits)), v->actor.address, who, e);
}

HANDLER(console_approval_decide)
{
    const struct console *c = app;
    const struct web_field note_field = {"note", web_word(r->lang, "说明", "the note"), 0, 500};
    struct approval p;
    struct actor who;
    const json_t *body;
    const char *note;
    int approve;
    TRY(httpd_json(r, &body, e));
    TRY(json_get_bool(body, "approve", &approve, e));
    TRY(web_text_opt(r, body, &note_field, &note, e));
    TRY(read_approval(r, c, &p, e));
    TRY(decider(r, &p, &who, e));
    TRY(approval_decide(c->hall, &who, p.id, approve, note, r->arena, &p, e));
    return answer_approval(r, reply, c, &p, e);
}

/* ---- UKeys ---- */

/* Who has it: masked, as everywhere before somebody asks with a reason. */
static enum err write_owner(struct hall_tx *tx, const struct ukey *k, struct json_out *j,
                            struct err_info *e)
{
    struct order o;
    struct account acc;
    if (!k->order)
        return ERR_OK;
    TRY(order_get(tx, k->order, &o, e));
    TRY(account_get(tx, o.account, &acc, e));
    jout_text(j, "institution", o.institution_name);
    jout_text(j, "person", vault_mask_name(tx->arena, acc.handler));
    jout_text(j, "mobile_masked", vault_mask_mobile(tx->arena, acc.mobile));
    return ERR_OK;
}

static const char *pin_rule(struct hall_tx *tx, const char *project)
{
    const struct project *p = projects_find(tx->hall->projects, project);
    if (!p)
        return "";
    return arena_fmt(tx->arena,
                     tx->lang == LANG_EN ? "%d–%d characters, at least %d kinds"
                                         : "%d–%d 位，至少 %d 种字符",
                     p->pin.min_len, p->pin.max_len, p->pin.classes);
}

HANDLER(console_key_get)
{
    struct ukey k;
    const char *serial = ukey_serial_mend(r->arena, httpd_param(r, "serial"));
    struct json_out j;
    _auto_hall_tx tx = {0};
    if (!serial)
        return err_set(e, ERR_NOT_FOUND, "serial", NULL);
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(ukey_get(&tx, serial, &k, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    TRY(certificate_write_key_members(&tx, &k, &j, e));
    jout_text(&j, "model", k.model);
    TRY(write_owner(&tx, &k, &j, e));
    web_some(&j, "pin_rule", pin_rule(&tx, k.project));
    TRY(certificate_write_key_history(&tx, k.serial, &j, "history", e));
    jout_end(&j);
    return ERR_OK;
}
