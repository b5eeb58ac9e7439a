/* A job takes effect only in the browser session that made it (design §6): the token that the agent opened in the default
 * browser, or the six digits of its window typed into the page that began. */
#include "hall/job/job_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"

#include <string.h>

static enum err unknown(struct err_info *e, const char *why)
{
    return err_set(e, ERR_JOB_FINISH, NULL, "%s", why);
}

/* "<id>-<mac>", with or without the side that stood before it in the address. */
static enum err find_by_token(struct hall_tx *tx, const char *token, struct job_row *row,
                              struct err_info *e)
{
    int64_t id;
    if ((token[0] == 'p' || token[0] == 'c') && token[1] == '.')
        token += 2;
    const char *dash = strchr(token, '-');
    if (strlen(token) > JOB_SECRET_MAX || !dash ||
        !text_to_id(arena_text_n(tx->arena, token, (size_t)(dash - token)), &id))
        return unknown(e, "not a token");
    enum err err = job_load(tx, id, row, e);
    if (err == ERR_NOT_FOUND)
        return unknown(e, "no such job");
    TRY(err);
    const char *right = job_finish_token(tx->hall, tx->arena, row);
    if (strlen(right) == strlen(token) && mem_equal(right, token, strlen(right)))
        return ERR_OK;
    return unknown(e, "wrong token");
}

static int is_browser(struct hall_tx *tx, const struct job_row *row, const char *browser)
{
    struct bytes index = job_index(tx->hall, tx->arena, "browser", browser);
    return index.n == row->browser.n && mem_equal(index.p, row->browser.p, index.n);
}

/* Made by somebody who was signed in: he still is, in this browser. */
static int is_person(const struct hall_tx *tx, const struct job_row *row)
{
    if (row->j.staff)
        return tx->who.kind == BY_STAFF && tx->who.id == row->j.staff;
    if (row->j.account)
        return tx->who.kind == BY_APPLICANT && tx->who.id == row->j.account;
    return 1;
}

/* The attached agent goes on working; all the browser has to say is that it is the one. */
static enum err claim_attached(struct hall_tx *tx, struct job_row *row, struct err_info *e)
{
    job_data_set(tx->arena, row, "claimed", "1");
    return job_store(tx, row, e);
}

static enum err take_effect(struct hall_tx *tx, struct job_row *row, struct job_finished *out,
                            struct err_info *e)
{
    const struct job_rules *r = job_rules_of(row->j.kind);
    if (row->j.kind == JOB_ATTACH && job_is_at_work(row->j.state))
        return claim_attached(tx, row, e);
    if (row->j.state == JOB_DONE) /* the page was opened twice */
        return ERR_OK;
    if (row->j.state != JOB_FINISHING)
        return unknown(e, job_state_text(row->j.state));
    if (r->effect)
        TRY(r->effect(tx, row, out, e));
    TRY(job_keep_seen(tx, row, e));
    row->j.state = JOB_DONE;
    TRY(job_store(tx, row, e));
    return job_audit(tx, "job.done", row, r->name, e);
}

enum err job_finish(const struct hall *h, const struct actor *who, const char *browser,
                    const char *token, struct arena *a, struct job_finished *out,
                    struct err_info *e)
{
    struct job_row row;
    _auto_hall_tx tx;
    memset(out, 0, sizeof *out);
    TRY(hall_begin(h, 1, who, a, &tx, e));
    TRY(find_by_token(&tx, token, &row, e));
    if (!is_browser(&tx, &row, browser) || !is_person(&tx, &row)) {
        log_line(LOG_LEVEL_WARN, "job.other_browser", "job %lld (%s) from %s", (long long)row.j.id,
                 job_kind_text(row.j.kind), who->address);
        return err_set(e, ERR_JOB_OTHER_BROWSER, NULL, "job %lld", (long long)row.j.id);
    }
    TRY(take_effect(&tx, &row, out, e));
    out->job = row.j;
    TRY(hall_commit(&tx, e));
    boundary(BOUNDARY_HALL_JOB_FINISHED);
    return ERR_OK;
}

/* ---- six digits ---- */

/* What a person types: spaces and full-width digits are mended. */
static const char *mend_digits(struct arena *a, const char *typed)
{
    const char *plain = text_mend_code(a, typed);
    return plain && strlen(plain) == 6 && !plain[strspn(plain, "0123456789")] ? plain : "";
}

/* A wrong one counts, and the last wrong one ends the job. Kept by its own commit. */
static enum err count_wrong(struct hall_tx *tx, struct job_row *row, struct err_info *e)
{
    row->finish_tries++;
    int left = JOB_FINISH_TRIES - row->finish_tries;
    if (left <= 0) {
        row->j.state = JOB_FAILED;
        row->j.problem = "job.code";
    }
    TRY(job_store(tx, row, e));
    TRY(hall_commit(tx, e));
    err_set(e, ERR_JOB_CODE, "code", "job %lld", (long long)row->j.id);
    err_arg(e, "left", "%d", left > 0 ? left : 0);
    return ERR_JOB_CODE;
}

enum err job_finish_code(const struct hall *h, const struct actor *who, const char *browser,
                         int64_t id, const char *typed, struct arena *a, struct job_finished *out,
                         struct err_info *e)
{
    struct job_row row;
    _auto_hall_tx tx;
    memset(out, 0, sizeof *out);
    TRY(hall_begin(h, 1, who, a, &tx, e));
    TRY(job_load_of(&tx, id, browser, &row, e));
    if (job_of_staff(&row) || !is_person(&tx, &row)) /* never for staff (design §6) */
        return err_set(e, ERR_NOT_FOUND, NULL, "no digits for job %lld", (long long)id);
    int attached = row.j.kind == JOB_ATTACH && job_is_at_work(row.j.state);
    if (row.j.state != JOB_FINISHING && row.j.state != JOB_DONE && !attached)
        return unknown(e, job_state_text(row.j.state));
    const char *right = job_finish_digits(h, a, &row);
    const char *plain = mend_digits(a, typed);
    if (strlen(plain) != strlen(right) || !mem_equal(plain, right, strlen(right)))
        return count_wrong(&tx, &row, e);
    TRY(take_effect(&tx, &row, out, e));
    out->job = row.j;
    return hall_commit(&tx, e);
}
