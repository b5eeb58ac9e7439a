/* The auditor's pages: verify the chains, read the log. */
#include "console/console_priv.h"

#include "hall/audit/audit.h"
#include "hall/authority/ca_client.h"
#include "hall/order/order.h"
#include "hall/report/report.h"

#include <inttypes.h>
#include <string.h>

/* ---- verifying (G-41) ---- */

struct verdict {
    struct audit_fault fault;
    struct audit_anchor anchor; /* here: what the ca was told last */
    int asked;                  /* the ca's own memory was compared */
};

/* What the ca remembers is what nobody here can have changed. It may be away: then the anchors here must do. */
static int ask_ca(const struct console *c, struct arena *a, struct audit_heads *out)
{
    const char *heads;
    struct err_info why;
    return c->hall->ca && ca_client_last_anchor(c->hall->ca, a, &heads, &why) == ERR_OK && *heads &&
           audit_heads_parse(heads, out, &why) == ERR_OK;
}

static const char *kind_text(enum audit_fault_kind k)
{
    switch (k) {
    case AUDIT_MISSING:
        return "missing";
    case AUDIT_EXTRA:
        return "inserted";
    case AUDIT_TAIL_CUT:
        return "cut";
    default:
        return "changed";
    }
}

static const char *verdict_text(struct arena *a, const struct verdict *v, enum lang lang)
{
    const char *text = audit_fault_text(a, &v->fault, lang);
    if (v->asked)
        return text;
    return arena_fmt(a, "%s%s", text,
                     web_word(lang, "（签发端没有答复，没有对照它的记录。）",
                              " (The authority did not answer; its memory was not compared.)"));
}

static void write_verdict(struct hall_tx *tx, const struct verdict *v, struct json_out *j)
{
    const struct audit_fault *f = &v->fault;
    jout_object(j, NULL);
    jout_bool(j, "intact", f->kind == AUDIT_WHOLE);
    jout_text(j, "text", verdict_text(tx->arena, v, tx->lang));
    jout_int(j, "chains", AUDIT_CHAINS);
    jout_int(j, "rows", f->checked);
    jout_text(j, "checked_at", time_rfc3339(tx->arena, tx->now));
    web_time(j, tx->arena, "anchored_at", v->anchor.at);
    if (f->kind != AUDIT_WHOLE) {
        jout_object(j, "bad");
        jout_int(j, "chain", f->chain);
        jout_int(j, "n", f->n);
        jout_text(j, "kind", kind_text(f->kind));
        jout_text(j, "text", audit_fault_text(tx->arena, f, tx->lang));
        jout_end(j);
    }
    jout_end(j);
}

/* The heads of the ca are read first: rows that come meanwhile only make the chains longer. */
HANDLER(console_audit_verify)
{
    struct audit_heads heads;
    struct verdict v = {0};
    struct json_out j;
    v.asked = ask_ca(app, r->arena, &heads);
    {
        _auto_hall_tx tx = {0};
        TRY(console_begin(r, app, 0, &tx, e));
        TRY(audit_anchor_last(&tx, &v.anchor, e));
        TRY(audit_verify(&tx, v.asked ? &heads : NULL, &v.fault, e));
        httpd_reply_json(reply, &j);
        write_verdict(&tx, &v, &j);
    }
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, app, 1, &tx, e));
    struct audit_entry x = {.act = "audit.verify",
                            .object = "audit",
                            .new_value = v.fault.kind == AUDIT_WHOLE ? "whole"
                                                                     : kind_text(v.fault.kind)};
    TRY(audit_write(&tx, &x, e));
    return hall_commit(&tx, e);
}

/* ---- the log ---- */

static const char *act_text(const char *act, enum lang lang)
{
    static const struct {
        const char *act, *text[2]; /* the first that `act` begins with */
    } words[] = {
        {"account.", {"授权码", "Authorisation code"}},
        {"approval.ask", {"提出复核", "Asked for a second person"}},
        {"approval.decide", {"复核决定", "Second person's decision"}},
        {"audit.", {"审计", "Audit"}},
        {"certificate.issue", {"签发证书", "Certificate issued"}},
        {"certificate.", {"证书", "Certificate"}},
        {"delivery.address", {"查看收件人和地址", "Addressee shown"}},
        {"delivery.", {"寄送", "Delivery"}},
        {"intake.again", {"再发一次名单", "List sent again"}},
        {"intake.override", {"放行名单里的警告", "Warning of a list overridden"}},
        {"intake.import", {"导入名单", "List imported"}},
        {"intake.", {"名单", "List"}},
        {"invoice.", {"发票", "Invoice"}},
        {"job.", {"UKey 操作", "UKey job"}},
        {"notice.", {"公告", "Notice"}},
        {"outbox.", {"再发一次", "Sent again"}},
        {"payment.refund_again", {"再退一次", "Refund sent again"}},
        {"order.reveal", {"查看个人信息", "Personal value shown"}},
        {"order.name_declined", {"名称没有核准", "Name declined"}},
        {"order.", {"业务单", "Order"}},
        {"payment.", {"收款", "Payment"}},
        {"production.made", {"制作 UKey", "UKey made"}},
        {"production.", {"制作", "Production"}},
        {"staff.sign_in", {"登录", "Signed in"}},
        {"staff.stand_in", {"演示代入", "Demo stand-in"}},
        {"staff.", {"工作人员", "Staff"}},
        {"ukey.", {"UKey", "UKey"}},
    };
    int event = strncmp(act, "order.", 6) == 0 ? flow_event_from_name(act + 6) : -1;
    if (event > EVENT_NONE)
        return order_event_text((enum flow_event)event, lang);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(act, words[i].act, strlen(words[i].act)) == 0)
            return words[i].text[lang];
    return NULL;
}

static enum err day_of(const struct httpd_request *r, const char *name, int days_after,
                       int64_t *out, struct err_info *e)
{
    const char *text = httpd_query(r, name);
    int32_t day;
    if (!text || !*text)
        return ERR_OK;
    if (!time_parse_date(text, &day))
        return web_bad(e, name, "YYYY-MM-DD");
    *out = time_from_china_day(day + days_after);
    return ERR_OK;
}

/* A person is named with his role; the program by what it is. */
static const char *actor_of(struct arena *a, const struct report_audit *x, enum lang lang)
{
    static const struct {
        const char *kind, *text[2];
    } program[] = {{"system", {"系统", "The system"}},
                   {"timer", {"自动", "Automatic"}},
                   {"applicant", {"经办人", "Handler"}},
                   {"agent", {"UKey 助手", "UKey Agent"}},
                   {"external", {"外部系统", "Another system"}},
                   {"staff", {"未登录的人", "Nobody signed in"}}};
    const char *role = console_role_text(staff_role_from_code(x->role), lang);
    for (size_t i = 0; (!*x->actor || !*role) && i < sizeof program / sizeof *program; i++)
        if (!strcmp(program[i].kind, x->actor_kind))
            return program[i].text[lang];
    return *role ? arena_fmt(a, "%s %s", role, x->actor) : x->actor;
}

static void write_row(struct arena *a, const struct report_audit *x, enum lang lang,
                      struct json_out *j)
{
    jout_object(j, NULL);
    jout_int(j, "chain", x->chain);
    jout_int(j, "n", x->n);
    jout_text(j, "at", time_rfc3339(a, x->at));
    jout_text(j, "actor", actor_of(a, x, lang));
    jout_text(j, "act", x->act);
    web_some(j, "act_text", act_text(x->act, lang));
    jout_text(j, "object", x->object);
    jout_text(j, "hash", x->hash);
    jout_end(j);
}

HANDLER(console_audit_log_list)
{
    struct report_audit_filter f = {.to = INT64_MAX};
    struct web_page page;
    const struct report_audit *x;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(web_query(r, "object", 100, &f.object, e));
    TRY(web_query(r, "actor", 100, &f.actor, e));
    TRY(web_query(r, "act", 60, &f.act, e));
    TRY(day_of(r, "from", 0, &f.from, e));
    TRY(day_of(r, "to", 1, &f.to, e));
    TRY(web_page(r, &page, e));
    f.before = page.after;
    f.limit = page.limit;
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(report_audit_list(&tx, &f, &x, &n, e));
    audit_access(&tx, "audit.list", f.object ? f.object : "audit");
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++)
        write_row(r->arena, &x[i], r->lang, &j);
    jout_end(&j);
    web_next(&j, &page, n, n ? x[n - 1].id : 0);
    jout_end(&j);
    return ERR_OK;
}
