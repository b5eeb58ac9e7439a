#include "hall/intake/intake_priv.h"

#include "base/text.h"
#include "hall/audit/audit.h"
#include "hall/event/event.h"
#include "hall/intake/intake_sql.h"
#include "hall/outbox/outbox.h"
#include "hall/project/project.h"
#include "hall/task/task.h"
#include "pki/digest.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

static void run_clear(struct intake_run *run)
{
    free(run->problem);
}
#define _auto_run __attribute__((cleanup(run_clear))) struct intake_run

enum err intake_read(const struct hall *h, struct arena *a, struct intake_file *f,
                     struct err_info *e)
{
    struct reglist *list = arena_alloc(a, sizeof *list);
    TRY(reglist_read_apart(h->decoders, a, f->content, reglist_detect(f->content), list, e));
    f->list = list;
    return ERR_OK;
}

/* The same file once more: say what it did the first time. */
static enum err known_batch(struct intake_run *run, struct err_info *e)
{
    const struct store_row *row;
    struct intake_report *out = run->report;
    TRY(store_opt(run->tx->db, &Q_intake_batch_get,
                  PARAMS(P_TEXT(run->file->project), P_TEXT(out->batch)), run->tx->arena, &row, e));
    if (!row)
        return ERR_OK;
    out->again = 1;
    out->rows = (int)row_int(row, "row_n");
    out->added = (int)row_int(row, "added");
    out->corrected = (int)row_int(row, "corrected");
    out->withdrawn = (int)row_int(row, "withdrawn");
    out->signer = row_text(row, "signer");
    return ERR_OK;
}

/* What taking the list would do: all of it, or nothing. */
static void count_rows(struct intake_run *run)
{
    int *count[] = {[REGLIST_ADD] = &run->report->added,
                    [REGLIST_CORRECT] = &run->report->corrected,
                    [REGLIST_WITHDRAW] = &run->report->withdrawn};
    run->report->rows = (int)run->list.rows_n;
    run->report->list = run->list.rows;
    run->report->encoding = run->list.gb18030 ? "GB18030" : "UTF-8";
    for (size_t i = 0; i < run->list.rows_n; i++)
        ++*count[run->list.rows[i].action];
}

/* Everything before taking: the report has batch, rows and problems afterwards. */
static enum err prepare(struct intake_run *run, struct err_info *e)
{
    uint8_t hash[DIGEST_LEN];
    struct hall_tx *tx = run->tx;
    *run->report = (struct intake_report){.signer = "", .encoding = ""};
    run->project = projects_find(tx->hall->projects, run->file->project);
    if (!run->project || run->project->intake.source != INTAKE_REGULATOR)
        return err_set(e, ERR_NOT_FOUND, "project", "%s takes no lists", run->file->project);
    digest_sha256(run->file->content, hash);
    run->report->batch = text_hex(tx->arena, (struct bytes){hash, sizeof hash});
    TRY(known_batch(run, e));
    if (run->report->again)
        return ERR_OK;
    if (!run->file->list)
        return err_set(e, ERR_INTERNAL, NULL, "the list was not read before");
    run->list = *run->file->list;
    count_rows(run);
    return intake_check_rows(run, e);
}

enum err intake_check(struct hall_tx *tx, const struct intake_file *f, struct intake_report *out,
                      struct err_info *e)
{
    _auto_run run = {.tx = tx, .file = f, .report = out};
    TRY(prepare(&run, e));
    if (out->again || f->signature.n == 0)
        return ERR_OK;
    return intake_verify(&run, e);
}

enum err intake_import(struct hall_tx *tx, const struct intake_file *f, struct intake_report *out,
                       struct err_info *e)
{
    _auto_run run = {.tx = tx, .file = f, .report = out};
    TRY(prepare(&run, e));
    if (out->again)
        return ERR_OK;
    TRY(intake_verify(&run, e));
    if (out->problems_n) {
        err_set(e, ERR_INTAKE_PROBLEMS, "file", NULL);
        err_arg(e, "count", "%zu", out->problems_n);
        return ERR_INTAKE_PROBLEMS;
    }
    return intake_take(&run, e);
}

enum err intake_batches(struct hall_tx *tx, const char *project, int64_t before, int limit,
                        const struct intake_batch **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_intake_batch_list,
                   PARAMS(P_TEXT(project), P_INT(before), P_INT(limit)), tx->arena, &rows, e));
    struct intake_batch *list = arena_alloc(tx->arena, (rows.n + 1) * sizeof *list);
    for (size_t i = 0; i < rows.n; i++) {
        const struct store_row *r = &rows.row[i];
        list[i] = (struct intake_batch){.id = row_int(r, "id"),
                                        .at = row_int(r, "at"),
                                        .project = row_text(r, "project"),
                                        .batch = row_text(r, "batch"),
                                        .name = row_text(r, "name"),
                                        .by = row_text(r, "by_name"),
                                        .rows = (int)row_int(r, "row_n"),
                                        .added = (int)row_int(r, "added"),
                                        .corrected = (int)row_int(r, "corrected"),
                                        .withdrawn = (int)row_int(r, "withdrawn"),
                                        .ca_state = row_text(r, "ca_state")};
    }
    *out = list;
    *n = rows.n;
    return ERR_OK;
}

enum err intake_evidence(struct hall_tx *tx, int64_t account, struct intake_evidence *out,
                         struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_intake_row_of_account, PARAMS(P_INT(account)), tx->arena, &r, e));
    *out = (struct intake_evidence){.batch = row_text(r, "batch"),
                                    .row = (int)row_int(r, "number"),
                                    .institution_name = row_text(r, "institution_name"),
                                    .reporting_code = row_text(r, "reporting_code"),
                                    .user_name = row_text(r, "user_name")};
    return ERR_OK;
}

static enum err batch_answered(struct hall_tx *tx, const struct store_row *row, int taken,
                               struct err_info *e)
{
    int64_t id = row_int(row, "id");
    const char *project = row_text(row, "project");
    TRY(store_exec(tx->db, &Q_intake_batch_answered,
                   PARAMS(P_INT(id), P_TEXT(taken ? "taken" : "refused")), NULL, e));
    struct task_new t = {.kind = "batch_refused",
                         .project = project,
                         .subject = arena_fmt(tx->arena, "import:%lld", (long long)id),
                         .role = "business_admin"};
    if (!taken)
        TRY(task_open(tx, &t, NULL, e));
    return event_put(tx, arena_fmt(tx->arena, "intake:%s", project), e);
}

const char *intake_idem(struct arena *a, const char *project, const char *batch)
{
    return arena_fmt(a, "ca.batch/%s/%s", project, batch);
}

enum err intake_send_again(struct hall_tx *tx, int64_t id, struct err_info *e)
{
    const struct store_row *row;
    const struct task *t;
    size_t n;
    struct task_filter f = {.kind = "batch_refused", .limit = 200};
    TRY(store_one(tx->db, &Q_intake_batch_by_id, PARAMS(P_INT(id)), tx->arena, &row, e));
    const char *project = row_text(row, "project"), *state = row_text(row, "ca_state");
    if (strcmp(state, "refused") != 0)
        return err_set(e, ERR_ORDER_STATE, NULL, "batch %lld is %s", (long long)id, state);
    TRY(outbox_again_idem(tx, intake_idem(tx->arena, project, row_text(row, "batch")), e));
    TRY(store_exec(tx->db, &Q_intake_batch_answered, PARAMS(P_INT(id), P_TEXT("waiting")), NULL,
                   e));
    const char *subject = arena_fmt(tx->arena, "import:%lld", (long long)id);
    TRY(task_list(tx, &f, &t, &n, e));
    for (size_t i = 0; i < n; i++)
        if (strcmp(t[i].subject, subject) == 0)
            TRY(task_close_id(tx, t[i].id, e));
    struct audit_entry x = {.act = "intake.again", .object = subject};
    TRY(audit_write(tx, &x, e));
    return event_put(tx, arena_fmt(tx->arena, "intake:%s", project), e);
}

enum err intake_ca_answered(struct hall_tx *tx, const char *batch, int taken, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx->db, &Q_intake_batch_of_ca, PARAMS(P_TEXT(batch)), tx->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++)
        TRY(batch_answered(tx, &rows.row[i], taken, e));
    return ERR_OK;
}
