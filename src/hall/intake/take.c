/* Do what the rows of a list say, in the caller's transaction: all of them or none. */
#include "hall/intake/intake_priv.h"

#include "base/json.h"
#include "base/text.h"
#include "hall/account/account.h"
#include "hall/audit/audit.h"
#include "hall/event/event.h"
#include "hall/institution/institution.h"
#include "hall/intake/intake_sql.h"
#include "hall/outbox/message.h"
#include "hall/project/project.h"
#include "hall/session/session.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

static enum err institution_of(struct intake_run *run, const struct reglist_row *row, int64_t *id,
                               struct err_info *e)
{
    const char *source = arena_fmt(run->tx->arena, "import:%" PRId64, run->batch_id);
    return institution_put(run->tx, row->uscc, row->institution_name, source, id, e);
}

static const char *grouped(struct arena *a, const char *code)
{
    return arena_fmt(a, "%.4s %.4s %.4s %.4s", code, code + 4, code + 8, code + 12);
}

enum { VALUES = 8 };

static void values_of(struct intake_run *run, const struct reglist_row *row,
                      const struct account *acc, const char *code, struct project_value v[VALUES])
{
    struct arena *a = run->tx->arena;
    const struct project_about *about = &run->project->about;
    int year, month, mday;
    time_day_parts(acc->usable_from, &year, &month, &mday);
    v[0] = (struct project_value){"code", grouped(a, code)};
    v[1] = (struct project_value){"institution", row->institution_name};
    v[2] = (struct project_value){"user", row->user_name};
    v[3] = (struct project_value){"handler", row->handler};
    v[4] = (struct project_value){"date", arena_fmt(a, "%d年%d月%d日%s", year, month, mday,
                                                    acc->usable_provisional ? "（暂定）" : "")};
    v[5] = (struct project_value){"project", about->name.in[LANG_ZH]};
    v[6] = (struct project_value){"hotline", about->hotline};
    v[7] = (struct project_value){
        "url", arena_fmt(a, "%s/%s", run->tx->hall->public_url, run->file->project)};
}

/* The plain code leaves here, sealed in outbox rows, and is nowhere afterwards. */
static enum err deliver_code(struct intake_run *run, const struct reglist_row *row, int64_t account,
                             const char *code, struct err_info *e)
{
    struct hall_tx *tx = run->tx;
    struct arena *a = tx->arena;
    const struct project_notify *text = &run->project->notify[NOTICE_CODE];
    struct project_value v[VALUES];
    struct account acc;
    TRY(account_get(tx, account, &acc, e));
    values_of(run, row, &acc, code, v);
    const char *idem = arena_fmt(a, "code/%" PRId64 "/%d", run->batch_id, row->number);
    struct message_sms s = {.idem = arena_fmt(a, "sms:%s", idem),
                            .to = row->mobile,
                            .text = project_fill(a, text->sms.in[LANG_ZH], v, VALUES)};
    struct message_mail m = {.idem = arena_fmt(a, "mail:%s", idem),
                             .to = row->email,
                             .subject = project_fill(a, text->subject.in[LANG_ZH], v, VALUES),
                             .text = project_fill(a, text->mail.in[LANG_ZH], v, VALUES)};
    if (text->channels >> CHANNEL_SMS & 1)
        TRY(message_put_sms(tx, &s, e));
    return text->channels >> CHANNEL_MAIL & 1 ? message_put_mail(tx, &m, e) : ERR_OK;
}

static enum err add(struct intake_run *run, const struct reglist_row *row, int64_t *account,
                    struct err_info *e)
{
    const char *code;
    struct account_new n = {.project = run->file->project,
                            .reporting_code = row->reporting_code,
                            .user_name = row->user_name,
                            .handler = row->handler,
                            .mobile = row->mobile,
                            .email = row->email,
                            .code = row->code,
                            .from_workday = run->project->intake.code_valid_from_workday};
    TRY(institution_of(run, row, &n.institution, e));
    TRY(account_load(run->tx, &n, account, &code, e));
    /* a code that came with the list was given to the user by the regulator (S0-15) */
    return *row->code ? ERR_OK : deliver_code(run, row, *account, code, e);
}

static enum err change(struct intake_run *run, const struct reglist_row *row, int64_t *account,
                       struct err_info *e)
{
    struct account acc;
    TRY(account_find(run->tx, run->file->project, row->reporting_code, row->user_name, &acc, e));
    *account = acc.id;
    if (row->action == REGLIST_WITHDRAW) {
        TRY(account_withdraw(run->tx, acc.id, e));
        return session_close_all(run->tx, SESSION_APPLICANT, acc.id, e);
    }
    struct account_change c = {.handler = row->handler, .mobile = row->mobile, .email = row->email};
    TRY(institution_of(run, row, &c.institution, e));
    return account_correct(run->tx, acc.id, &c, e);
}

static enum err take_row(struct intake_run *run, const struct reglist_row *row, struct err_info *e)
{
    const struct intake_hooks *hooks = run->tx->hall->intake_hooks;
    int64_t account;
    TRY(row->action == REGLIST_ADD ? add(run, row, &account, e) : change(run, row, &account, e));
    struct bytes hash = {row->hash, sizeof row->hash};
    TRY(store_exec(run->tx->db, &Q_intake_row_add,
                   PARAMS(P_INT(hall_new_id(run->tx->hall)), P_INT(run->batch_id),
                          P_INT(row->number), P_INT(account),
                          P_TEXT(reglist_action_text(row->action)), P_TEXT(row->institution_name),
                          P_TEXT(row->reporting_code), P_TEXT(row->user_name), P_TEXT(row->uscc),
                          P_BLOB(hash), P_INT(row->place)),
                   NULL, e));
    return hooks ? hooks->done(run->tx, account, row->action, e) : ERR_OK;
}

static enum err take_rows(struct intake_run *run, struct err_info *e)
{
    struct arena *request = run->tx->arena;
    _auto(arena) scratch = arena_new();
    enum err done = ERR_OK;
    for (size_t i = 0; i < run->list.rows_n && done == ERR_OK; i++) {
        run->tx->arena = scratch;
        done = take_row(run, &run->list.rows[i], e);
        run->tx->arena = request;
        arena_reset(scratch);
    }
    return done;
}

static enum err keep_overrides(struct intake_run *run, struct err_info *e)
{
    for (size_t i = 0; i < run->used_n; i++) {
        const struct reglist_problem *p = run->used[i].problem;
        const char *code = reglist_reason_code(p->reason);
        TRY(store_exec(run->tx->db, &Q_intake_override_add,
                       PARAMS(P_INT(run->batch_id), P_INT(p->number), P_TEXT(p->column),
                              P_TEXT(code), P_TEXT(run->used[i].reason)),
                       NULL, e));
        struct audit_entry x = {
            .act = "intake.override",
            .object = arena_fmt(run->tx->arena, "import:%" PRId64 "/%d", run->batch_id, p->number),
            .new_value = arena_fmt(run->tx->arena, "%s %s %s", p->column, code, p->value),
            .reason = run->used[i].reason};
        TRY(audit_write(run->tx, &x, e));
    }
    return ERR_OK;
}

static const char *json_format(const struct intake_run *run)
{
    return run->list.format == REGLIST_JSON ? "json" : "csv";
}

/* The ca reads and verifies the same bytes on its own. */
static enum err tell_ca(struct intake_run *run, struct err_info *e)
{
    struct hall_tx *tx = run->tx;
    struct json_out j;
    _auto_buf b;
    buf_init(&b, OUTBOX_BODY_MAX);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "project", run->file->project);
    jout_text(&j, "batch", run->report->batch);
    jout_text(&j, "format", json_format(run));
    jout_text(&j, "file", text_base64(tx->arena, run->file->content));
    jout_text(&j, "signature", text_base64(tx->arena, run->file->signature));
    jout_end(&j);
    if (b.full)
        return err_set(e, ERR_TOO_LARGE, "file", "list and signature over 8 MiB");
    struct outbox_new row = {.kind = "ca.batch",
                             .idem = intake_idem(tx->arena, run->file->project, run->report->batch),
                             .body = buf_cstr(&b)};
    return outbox_put(tx, &row, NULL, e);
}

static enum err keep_batch(struct intake_run *run, struct err_info *e)
{
    struct hall_tx *tx = run->tx;
    const struct intake_report *did = run->report;
    return store_exec(tx->db, &Q_intake_batch_add,
                      PARAMS(P_INT(run->batch_id), P_TEXT(run->file->project),
                             P_TEXT(run->report->batch), P_TEXT(run->file->name),
                             P_TEXT(tx->who.name), P_TEXT(run->report->signer), P_INT(tx->now),
                             P_INT((int64_t)run->list.rows_n), P_INT(did->added),
                             P_INT(did->corrected), P_INT(did->withdrawn), P_TEXT(did->encoding)),
                      NULL, e);
}

enum err intake_take(struct intake_run *run, struct err_info *e)
{
    struct hall_tx *tx = run->tx;
    run->batch_id = hall_new_id(tx->hall);
    TRY(keep_batch(run, e));
    TRY(take_rows(run, e));
    TRY(keep_overrides(run, e));
    TRY(tell_ca(run, e));
    struct audit_entry x = {.act = "intake.import",
                            .object = arena_fmt(tx->arena, "import:%" PRId64, run->batch_id),
                            .new_value = arena_fmt(tx->arena, "%s %s rows=%zu signer=%s",
                                                   run->file->project, run->report->batch,
                                                   run->list.rows_n, run->report->signer)};
    TRY(audit_write(tx, &x, e));
    return event_put(tx, arena_fmt(tx->arena, "intake:%s", run->file->project), e);
}
