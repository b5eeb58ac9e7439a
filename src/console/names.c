/* Names that applicants changed (S0-21): the order, parcel and invoice carry them at once, the certificate only after the
 * regulator's signed correction. One is named by its order. */
#include "console/console_priv.h"

#include "hall/account/account.h"
#include "hall/audit/audit.h"
#include "hall/form/form.h"
#include "hall/institution/institution.h"
#include "hall/order/order.h"
#include "hall/report/report.h"

#include <inttypes.h>
#include <string.h>

static const char FIELD[] = "application.institution_name";

struct change {
    struct order order;
    struct account account;
    struct institution institution;
    struct report_name_change asked;
    const char *approved;
};

static enum err load(struct hall_tx *tx, int64_t id, struct change *out, struct err_info *e)
{
    struct form *f = arena_alloc(tx->arena, sizeof *f);
    TRY(order_get(tx, id, &out->order, e));
    TRY(report_name_change_get(tx, id, &out->asked, e));
    TRY(account_get(tx, out->order.account, &out->account, e));
    TRY(institution_get(tx, out->account.institution, &out->institution, e));
    TRY(form_read(tx, id, out->order.rules_of, out->order.type, f, e));
    const char *original = form_original(f, FIELD);
    out->approved = original ? original : out->institution.name;
    return ERR_OK;
}

/* A field of a sheet (RFC 4180). */
static const char *quoted(struct arena *a, const char *text)
{
    char *out, *at;
    if (!strpbrk(text, ",\"\r\n"))
        return text;
    out = at = arena_alloc(a, 2 * strlen(text) + 3);
    *at++ = '"';
    for (; *text; text++) {
        if (*text == '"')
            *at++ = '"';
        *at++ = *text;
    }
    *at = '"';
    return out;
}

/* The row that would bring the new name into the certificate, ready to be signed and imported. */
static const char *correction(struct arena *a, const struct change *c)
{
    return arena_fmt(
        a,
        "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email,code\r\n"
        "correct,%s,%s,%s,%s,%s,%s,%s,\r\n",
        quoted(a, c->order.institution_name), c->account.reporting_code,
        quoted(a, c->account.user_name), c->institution.uscc, quoted(a, c->account.handler),
        c->account.mobile, quoted(a, c->account.email));
}

static void write_change(struct hall_tx *tx, const struct change *c, struct json_out *j)
{
    enum lang lang = tx->lang;
    int open = !c->asked.closed_at, corrected = !open && !c->order.name_changed;
    struct order_due due = {.at = open ? c->asked.due_at : 0, .started_at = c->asked.opened_at};
    jout_object(j, NULL);
    jout_id(j, "id", c->order.id);
    jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, c->order.id));
    jout_text(j, "reporting_code", c->account.reporting_code);
    jout_text(j, "user_name", c->account.user_name);
    jout_text(j, "approved_name", c->approved);
    jout_text(j, "new_name", c->order.institution_name);
    jout_text(j, "state", open ? "open" : corrected ? "corrected" : "declined");
    jout_text(j, "text",
              open        ? web_word(lang, "等您决定", "Waiting for your decision")
              : corrected ? web_word(lang, "已按签名名单更正", "Corrected by a signed list")
                          : web_word(lang, "没有核准，证书用原来的名称",
                                     "Declined; the certificate carries the approved name"));
    jout_text(
        j, "effect",
        web_word(
            lang,
            "更正：导入签了名的更正名单，证书用新名称；已经制作的证书不变。不更正：业务单、快递和发票"
            "用新名称，证书仍用核准的名称，原因会告诉申请人。",
            "Correct: import a signed correction and the certificate carries the new name, unless it is "
            "made already. Decline: order, parcel and invoice keep the new name, the certificate carries "
            "the approved one, and the applicant is told the reason."));
    if (open)
        jout_text(j, "correction_csv", correction(tx->arena, c));
    jout_text(j, "asked_at", time_rfc3339(tx->arena, c->asked.opened_at));
    order_write_due(tx, &due, j, "due");
    jout_end(j);
}

/* The row to be signed holds mobile and e-mail whole: showing it is a row of the chain (design §8). */
static enum err note_look(struct hall_tx *tx, const struct change *c, struct err_info *e)
{
    struct audit_entry x = {.act = "order.reveal",
                            .order = c->order.id,
                            .object = arena_fmt(tx->arena, "order:%" PRId64, c->order.id),
                            .new_value = "correction_csv"};
    return c->asked.closed_at ? ERR_OK : audit_write(tx, &x, e);
}

HANDLER(console_name_change_get)
{
    struct change *c = arena_alloc(r->arena, sizeof *c);
    int64_t id;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(load(&tx, id, c, e));
    TRY(note_look(&tx, c, e));
    httpd_reply_json(reply, &j);
    write_change(&tx, c, &j);
    return hall_commit(&tx, e);
}

HANDLER(console_name_change_decline)
{
    struct change *c = arena_alloc(r->arena, sizeof *c);
    const json_t *body;
    const char *reason;
    int64_t id;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(httpd_json(r, &body, e));
    TRY(web_reason(r, body, &reason, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(order_decline_name(&tx, id, reason, e));
    TRY(load(&tx, id, c, e));
    httpd_reply_json(reply, &j);
    write_change(&tx, c, &j);
    return hall_commit(&tx, e);
}
