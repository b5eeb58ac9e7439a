/* The regulator's lists: importing one, and what was imported. */
#include "console/console_priv.h"

#include "base/text.h"
#include "hall/account/account.h"
#include "hall/intake/intake.h"
#include "hall/limit/limit.h"
#include "hall/order/order.h"
#include "hall/project/project.h"
#include "hall/report/report.h"
#include "hall/vault/vault.h"

#include <inttypes.h>
#include <string.h>

enum { OVERRIDES_MAX = 10000, PREVIEW_ROWS = 20 };

/* ---- what was imported ---- */

static void write_ca_state(const char *state, enum lang lang, struct json_out *j)
{
    int taken = strcmp(state, "taken") == 0, refused = strcmp(state, "refused") == 0;
    jout_text(j, "ca_state", taken ? "entered" : refused ? "refused" : "waiting");
    jout_text(j, "ca_text",
              taken ? web_word(lang, "签发端已核对并收下这份名单",
                               "The authority has verified and taken the list")
              : refused
                  ? web_word(lang, "签发端没有接受这份名单，业务管理员正在处理",
                             "The authority refused the list; the business administrator is on it")
                  : web_word(lang, "等签发端核对签名", "Waiting for the authority to verify it"));
}

static void write_counts(const struct report_import *b, struct json_out *j)
{
    jout_object(j, "counts");
    jout_int(j, "add", b->added);
    jout_int(j, "correct", b->corrected);
    jout_int(j, "withdraw", b->withdrawn);
    jout_int(j, "overridden", b->overridden);
    jout_end(j);
}

/* Members of ImportBatch; the object is left open. */
static void open_batch(struct hall_tx *tx, const struct report_import *b, struct json_out *j)
{
    jout_object(j, NULL);
    jout_id(j, "id", b->id);
    jout_text(j, "project", b->project);
    jout_text(j, "file_name", b->name);
    jout_text(j, "sha256", b->batch);
    web_some(j, "encoding", b->encoding);
    jout_text(j, "imported_at", time_rfc3339(tx->arena, b->at));
    jout_text(j, "imported_by", b->by);
    jout_text(j, "signer", b->signer);
    write_ca_state(b->ca_state, tx->lang, j);
    write_counts(b, j);
}

HANDLER(console_import_list)
{
    struct web_page page;
    const struct report_import *b;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(web_page(r, &page, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(report_imports(&tx, page.after, page.limit, &b, &n, e));
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_list(&j, "items");
    for (size_t i = 0; i < n; i++) {
        open_batch(&tx, &b[i], &j);
        jout_end(&j);
    }
    jout_end(&j);
    web_next(&j, &page, n, n ? b[n - 1].id : 0);
    jout_end(&j);
    return ERR_OK;
}

static const char *state_text(struct hall_tx *tx, const struct account *acc)
{
    struct arena *a = tx->arena;
    const char *day = order_day_text(a, acc->usable_from, tx->lang);
    switch (acc->state) {
    case ACCOUNT_LOADED:
        return arena_fmt(a, tx->lang == LANG_EN ? "Usable from %s%s" : "%s 起可用%s", day,
                         acc->usable_provisional ? web_word(tx->lang, "（暂定）", " (provisional)")
                                                 : "");
    case ACCOUNT_USABLE:
        return web_word(tx->lang, "可使用", "Usable");
    case ACCOUNT_IN_USE:
        return web_word(tx->lang, "已使用", "Used");
    default:
        return web_word(tx->lang, "已撤回", "Withdrawn");
    }
}

/* Of what was imported before the place was kept only the number is known: the head row of a sheet counts, too. */
static int row_of(const struct report_import *b, const struct report_import_row *row)
{
    size_t n = strlen(b->name);
    if (row->place)
        return row->place;
    return row->number + !(n > 5 && strcmp(b->name + n - 5, ".json") == 0);
}

static enum err write_row(struct hall_tx *tx, const struct report_import *b,
                          const struct report_import_row *row, struct json_out *j,
                          struct err_info *e)
{
    struct account acc;
    TRY(account_get(tx, row->account, &acc, e));
    jout_object(j, NULL);
    jout_int(j, "row", row_of(b, row));
    jout_text(j, "action", row->action);
    jout_text(j, "institution_name", row->institution_name);
    jout_text(j, "reporting_code", row->reporting_code);
    jout_text(j, "user_name", row->user_name);
    jout_text(j, "uscc", row->uscc);
    jout_text(j, "handler", vault_mask_name(tx->arena, acc.handler));
    jout_text(j, "mobile_masked", vault_mask_mobile(tx->arena, acc.mobile));
    jout_text(j, "state", account_state_text(acc.state));
    jout_text(j, "text", state_text(tx, &acc));
    jout_text(j, "usable_on", time_date_text(tx->arena, acc.usable_from));
    web_some(j, "override_reason", row->override_reason);
    if (row->order)
        jout_text(j, "order", arena_fmt(tx->arena, "%019" PRId64, row->order));
    jout_end(j);
    return ERR_OK;
}

/* The ca refused it; what it lacked (the regulator's key, say) is there now. */
HANDLER(console_import_again)
{
    struct report_import b;
    int64_t id;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(console_begin(r, app, 1, &tx, e));
    TRY(intake_send_again(&tx, id, e));
    TRY(report_import_get(&tx, id, &b, e));
    httpd_reply_json(reply, &j);
    open_batch(&tx, &b, &j);
    jout_end(&j);
    return hall_commit(&tx, e);
}

HANDLER(console_import_get)
{
    struct web_page page;
    struct report_import b;
    const struct report_import_row *row;
    int64_t id;
    size_t n;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(httpd_param_id(r, "id", &id, e));
    TRY(web_page(r, &page, e));
    TRY(console_begin(r, app, 0, &tx, e));
    TRY(report_import_get(&tx, id, &b, e));
    TRY(report_import_rows(&tx, id, page.after, page.limit, &row, &n, e));
    httpd_reply_json(reply, &j);
    open_batch(&tx, &b, &j);
    jout_list(&j, "rows");
    for (size_t i = 0; i < n; i++)
        TRY(write_row(&tx, &b, &row[i], &j, e));
    jout_end(&j);
    web_next(&j, &page, n, n ? row[n - 1].number : 0);
    jout_end(&j);
    return ERR_OK;
}

/* ---- importing ---- */

struct upload {
    struct intake_file file;
    int dry_run;
    json_t *overrides; /* NULL: none */
};

static const char *plain(const struct httpd_part *parts, const char *name)
{
    for (; parts->name; parts++)
        if (strcmp(parts->name, name) == 0 && !parts->filename)
            return (const char *)parts->data.p;
    return "";
}

static void upload_clear(struct upload *u)
{
    json_decref(u->overrides);
}
#define _auto_upload __attribute__((cleanup(upload_clear))) struct upload

static enum err read_upload(struct httpd_request *r, struct upload *u, struct err_info *e)
{
    const struct httpd_part *parts, *file, *signature;
    TRY(httpd_multipart(r, &parts, e));
    TRY(httpd_part(r, "file", &file, e));
    TRY(httpd_part(r, "signature", &signature, e));
    const char *project = plain(parts, "project"), *format = plain(parts, "format");
    const char *dry = plain(parts, "dry_run"), *overrides = plain(parts, "overrides");
    if (!*project)
        return web_bad(e, "project", "absent");
    if (*format && strcmp(format, "auto") && strcmp(format, "csv") && strcmp(format, "json"))
        return web_bad(e, "format", "auto, csv, json");
    if (*dry && strcmp(dry, "true") && strcmp(dry, "false"))
        return web_bad(e, "dry_run", "true, false");
    u->dry_run = strcmp(dry, "true") == 0;
    u->file = (struct intake_file){.project = project,
                                   .name = file->filename ? file->filename : "list",
                                   .content = file->data,
                                   .signature = signature->data};
    if (!*overrides)
        return ERR_OK;
    if (json_parse(overrides, strlen(overrides), &u->overrides, e) != ERR_OK ||
        !json_is_array(u->overrides))
        return web_bad(e, "overrides", "not a JSON list");
    return ERR_OK;
}

static const struct reglist_problem *problem_of(const struct intake_report *report, int64_t row,
                                                const char *code)
{
    for (size_t i = 0; i < report->problems_n; i++)
        if (report->problems[i].place == row &&
            strcmp(reglist_reason_code(report->problems[i].reason), code) == 0)
            return &report->problems[i];
    return NULL;
}

/* A page names a warning by the line of the sheet and its code; intake by row and column. */
static enum err take_overrides(struct httpd_request *r, const struct intake_report *report,
                               struct upload *u, struct err_info *e)
{
    const json_t *one;
    size_t n = json_array_size(u->overrides), i, used = 0;
    if (n > OVERRIDES_MAX)
        return web_bad(e, "overrides", "too many");
    struct intake_override *out = arena_alloc(r->arena, (n + 1) * sizeof *out);
    json_array_foreach (u->overrides, i, one) {
        int64_t row;
        const char *code, *reason;
        TRY(json_get_int(one, "row", &row, e));
        TRY(json_get_text(one, "code", &code, e));
        TRY(json_get_text(one, "reason", &reason, e));
        const struct reglist_problem *p = problem_of(report, row, code);
        if (p)
            out[used++] = (struct intake_override){p->number, p->column, reason};
    }
    u->file.overrides = out;
    u->file.overrides_n = used;
    return ERR_OK;
}

static enum err check(struct httpd_request *r, const struct console *c, const struct upload *u,
                      struct intake_report *out, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    return intake_check(&tx, &u->file, out, e);
}

/* Every problem at once, with row and column. */
static enum err answer_problems(struct httpd_request *r, struct httpd_reply *reply,
                                const struct intake_report *report)
{
    struct err_info why;
    struct json_out j;
    err_set(&why, ERR_INTAKE_PROBLEMS, "file", NULL);
    err_arg(&why, "count", "%zu", report->problems_n);
    web_problems_open(r, reply, &j, &why);
    for (size_t i = 0; i < report->problems_n; i++) {
        const struct reglist_problem *p = &report->problems[i];
        jout_object(&j, NULL);
        jout_text(&j, "code", reglist_reason_code(p->reason));
        jout_text(&j, "message", reglist_problem_text(r->arena, p, r->lang));
        if (p->place)
            jout_int(&j, "row", p->place);
        web_some(&j, "column", p->column);
        web_some(&j, "value", p->value);
        jout_bool(&j, "overridable", p->warning);
        if (*p->suggestion) {
            jout_object(&j, "fix");
            jout_text(
                &j, "label",
                arena_fmt(r->arena, r->lang == LANG_EN ? "Use %s" : "改成 %s", p->suggestion));
            jout_text(&j, "value", p->suggestion);
            jout_end(&j);
        }
        jout_end(&j);
    }
    web_problems_close(r, &j);
    return ERR_OK;
}

/* What a row would do, in words; an account is looked up only where there must be one. */
static enum err preview_state(struct hall_tx *tx, const struct project *p,
                              const struct reglist_row *row, struct account *acc, const char **text,
                              struct err_info *e)
{
    if (row->action == REGLIST_ADD) {
        acc->state = ACCOUNT_LOADED;
        acc->usable_from = project_code_usable(p, tx->hall->calendar, time_china_day(tx->now),
                                               &acc->usable_provisional);
        *text = state_text(tx, acc);
        return ERR_OK;
    }
    TRY(account_find(tx, p->about.code, row->reporting_code, row->user_name, acc, e));
    if (row->action == REGLIST_WITHDRAW)
        acc->state = ACCOUNT_WITHDRAWN;
    *text = row->action == REGLIST_WITHDRAW ? web_word(tx->lang, "将撤回", "To be withdrawn")
                                            : web_word(tx->lang, "将更正", "To be corrected");
    return ERR_OK;
}

static enum err preview_row(struct hall_tx *tx, const struct project *p,
                            const struct reglist_row *row, struct json_out *j, struct err_info *e)
{
    struct account acc = {0};
    const char *text;
    TRY(preview_state(tx, p, row, &acc, &text, e));
    jout_object(j, NULL);
    jout_int(j, "row", row->place);
    jout_text(j, "action", reglist_action_text(row->action));
    jout_text(j, "institution_name", row->institution_name);
    jout_text(j, "reporting_code", row->reporting_code);
    jout_text(j, "user_name", row->user_name);
    web_some(j, "uscc", row->uscc);
    web_some(j, "handler", vault_mask_name(tx->arena, row->handler));
    web_some(j, "mobile_masked", vault_mask_mobile(tx->arena, row->mobile));
    jout_text(j, "state", account_state_text(acc.state));
    jout_text(j, "text", text);
    jout_text(j, "usable_on", time_date_text(tx->arena, acc.usable_from));
    jout_end(j);
    return ERR_OK;
}

static enum err preview(struct httpd_request *r, const struct console *c, const struct upload *u,
                        const struct intake_report *report, struct json_out *j, struct err_info *e)
{
    const struct project *p = projects_find(c->hall->projects, u->file.project);
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    jout_list(j, "rows");
    for (int i = 0; i < report->rows && i < PREVIEW_ROWS; i++)
        TRY(preview_row(&tx, p, &report->list[i], j, e));
    jout_end(j);
    return ERR_OK;
}

/* The very file was imported before: what it did then. */
static enum err answer_known(struct httpd_request *r, struct httpd_reply *reply,
                             const struct console *c, const struct upload *u,
                             const struct intake_report *report, struct err_info *e)
{
    struct report_import b;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 0, &tx, e));
    TRY(report_import_of(&tx, u->file.project, report->batch, &b, e));
    httpd_reply_json(reply, &j);
    open_batch(&tx, &b, &j);
    jout_end(&j);
    return ERR_OK;
}

/* What a dry run would have imported: nothing of it is stored, so its id is the file's hash. */
static enum err answer_checked(struct httpd_request *r, struct httpd_reply *reply,
                               const struct console *c, const struct upload *u,
                               const struct intake_report *report, struct err_info *e)
{
    struct json_out j;
    if (report->again)
        return answer_known(r, reply, c, u, report, e);
    struct report_import counts = {.added = report->added,
                                   .corrected = report->corrected,
                                   .withdrawn = report->withdrawn,
                                   .overridden = (int)u->file.overrides_n};
    httpd_reply_json(reply, &j);
    jout_object(&j, NULL);
    jout_text(&j, "id", report->batch);
    jout_text(&j, "project", u->file.project);
    jout_text(&j, "file_name", u->file.name);
    jout_text(&j, "sha256", report->batch);
    jout_text(&j, "encoding", report->encoding);
    jout_text(&j, "imported_at", time_rfc3339(r->arena, clock_business(c->hall->clock)));
    jout_text(&j, "signer", report->signer);
    write_counts(&counts, &j);
    TRY(preview(r, c, u, report, &j, e));
    jout_end(&j);
    return ERR_OK;
}

static enum err count_try(struct httpd_request *r, const struct console *c, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 1, &tx, e));
    TRY(limit_take(&tx, LIMIT_IMPORT, arena_fmt(r->arena, "staff:%" PRId64, tx.who.id), e));
    return hall_commit(&tx, e);
}

static enum err import_once(struct httpd_request *r, struct httpd_reply *reply,
                            const struct console *c, const struct upload *u, struct err_info *e)
{
    struct intake_report report;
    struct report_import b;
    struct json_out j;
    _auto_hall_tx tx = {0};
    TRY(console_begin(r, c, 1, &tx, e));
    enum err done = intake_import(&tx, &u->file, &report, e);
    if (done == ERR_INTAKE_PROBLEMS)
        return answer_problems(r, reply, &report);
    TRY(done);
    TRY(report_import_of(&tx, u->file.project, report.batch, &b, e));
    TRY(hall_commit(&tx, e));
    reply->status = report.again ? 200 : 201;
    httpd_reply_json(reply, &j);
    open_batch(&tx, &b, &j);
    jout_end(&j);
    return ERR_OK;
}

/* The try is counted once, whatever the import lost against. */
static enum err import(struct httpd_request *r, struct httpd_reply *reply, const struct console *c,
                       const struct upload *u, struct err_info *e)
{
    enum { TRIES = 4 };
    enum err done = ERR_STORE_RETRY;
    for (int i = 0; i < TRIES && (i == 0 || hall_lost(done, e)); i++) {
        err_clear(e);
        reply->body.n = 0;
        done = import_once(r, reply, c, u, e);
    }
    return done;
}

HANDLER(console_import_create)
{
    const struct console *c = app;
    struct intake_report report;
    _auto_upload u = {0};
    TRY(read_upload(r, &u, e));
    TRY(count_try(r, c, e));
    TRY(intake_read(c->hall, r->arena, &u.file, e));
    if (u.overrides) {
        TRY(check(r, c, &u, &report, e));
        TRY(take_overrides(r, &report, &u, e));
    }
    if (!u.dry_run)
        return import(r, reply, c, &u, e);
    TRY(check(r, c, &u, &report, e));
    return report.problems_n ? answer_problems(r, reply, &report)
                             : answer_checked(r, reply, c, &u, &report, e);
}
