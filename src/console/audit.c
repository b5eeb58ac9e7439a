/* The auditor's two pages: verify the chains, read the log. Nothing else is open to him (design §5, GM/T 0034). */
#include "console/console_priv.h"

#include "hall/audit/audit.h"
#include "hall/authority/ca_client.h"

#include <stdlib.h>
#include <string.h>

static const char *fault_kind(enum audit_fault_kind kind)
{
    switch (kind) {
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

/* What the ca was told last; NULL where it does not answer, and then only the anchors kept here are compared. */
static const struct audit_heads *heads_of_ca(const struct console *c, struct arena *a,
                                             struct audit_heads *out)
{
    struct err_info e;
    const char *json;
    if (!c->hall->ca || ca_client_last_anchor(c->hall->ca, a, &json, &e) != ERR_OK || !*json ||
        audit_heads_parse(json, out, &e) != ERR_OK)
        return NULL;
    return out;
}

static void write_bad(struct json_out *j, const struct audit_fault *f, const char *text)
{
    jout_object(j, "bad");
    jout_int(j, "chain", f->chain);
    jout_int(j, "n", f->n);
    jout_text(j, "kind", fault_kind(f->kind));
    jout_text(j, "text", text);
    jout_end(j);
}

HANDLER(console_audit_verify)
{
    const struct console *c = app;
    struct audit_heads ca;
    struct audit_fault fault;
    struct audit_anchor last;
    struct json_out j;
    const struct audit_heads *seen = heads_of_ca(c, r->arena, &ca);
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 1, &tx, e));
    TRY(audit_verify(&tx, seen, &fault, e));
    TRY(audit_anchor_last(&tx, &last, e));
    const char *text = audit_fault_text(r->arena, &fault, r->lang);
    TRY(audit_write(
        &tx,
        &(struct audit_entry){.act = "audit.verify",
                              .object = fault.kind == AUDIT_WHOLE ? "intact" : "broken"},
        e));
    TRY(hall_commit(&tx, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_bool(&j, "intact", fault.kind == AUDIT_WHOLE);
    jout_text(&j, "text", text);
    jout_int(&j, "chains", AUDIT_CHAINS);
    jout_int(&j, "rows", fault.checked);
    jout_text(&j, "checked_at", time_rfc3339(r->arena, tx.now));
    web_time(&j, r->arena, "anchored_at", last.at);
    if (fault.kind != AUDIT_WHOLE)
        write_bad(&j, &fault, text);
    jout_end(&j);
    return ERR_OK;
}

static void write_row(struct json_out *j, struct arena *a, const struct audit_row *row)
{
    jout_object(j, NULL);
    jout_int(j, "chain", row->chain);
    jout_int(j, "n", row->n);
    jout_text(j, "at", time_rfc3339(a, row->time));
    jout_text(j, "actor",
              *row->actor_role ? arena_fmt(a, "%s（%s）", row->actor_name, row->actor_role)
                               : row->actor_name);
    jout_text(j, "act", row->act);
    jout_text(j, "object", row->object);
    jout_text(j, "hash", row->hash);
    jout_end(j);
}

/* A plain number is an order's: its chain holds rows about other objects of the order as well. */
static void by_object(const char *object, struct audit_filter *f)
{
    if (!object)
        return;
    if (strlen(object) == 19 && strspn(object, "0123456789") == 19)
        f->order = (int64_t)strtoll(object, NULL, 10);
    else
        f->object = object;
}

HANDLER(console_audit_log_list)
{
    const struct console *c = app;
    struct web_page page;
    const char *object, *act;
    const struct audit_row *rows;
    size_t n;
    struct json_out j;
    TRY(web_page(r, &page, e));
    TRY(web_query(r, "object", 100, &object, e));
    TRY(web_query(r, "act", 60, &act, e));
    struct audit_filter f = {.act = act, .before = page.after, .limit = page.limit};
    by_object(object, &f);
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    TRY(audit_list(&tx, &f, &rows, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++)
        write_row(&j, r->arena, &rows[i]);
    jout_end(&j);
    web_next(&j, &page, n, n ? rows[n - 1].id : 0);
    jout_end(&j);
    return ERR_OK;
}
