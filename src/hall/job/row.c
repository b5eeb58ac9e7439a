#include "hall/job/job_priv.h"

#include "base/text.h"
#include "hall/audit/audit.h"
#include "hall/event/event.h"
#include "hall/staff/staff.h"

#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static const char *const states[] = {"waiting", "running", "pulled",  "finishing",
                                     "done",    "failed",  "expired", "cancelled"};

const char *job_state_text(enum job_state s)
{
    return states[s];
}

int job_is_over(enum job_state s)
{
    return s >= JOB_DONE;
}

int job_is_at_work(enum job_state s)
{
    return s <= JOB_PULLED;
}

static const struct job_rules rules[JOB_KINDS] = {
    [JOB_IDENTIFY] = {.name = "identify",
                      .title = {"识别 UKey", "Identify the UKey"},
                      .anonymous = 1,
                      .applicant = 1,
                      .roles = STAFF_MAKER | STAFF_SHIPPING | STAFF_SUPPORT,
                      .life_ms = JOB_LIFE_MS,
                      .step = job_steps_identify,
                      .steps = 1},
    [JOB_ATTACH] = {.name = "attach",
                    .title = {"连接 UKey 助手", "Keep the UKey Agent connected"},
                    .applicant = 1,
                    .roles = STAFF_MAKER | STAFF_SHIPPING | STAFF_SUPPORT,
                    .life_ms = JOB_ATTACH_MS,
                    .step = job_steps_attach,
                    .steps = 2},
    [JOB_LOGIN] = {.name = "login",
                   .title = {"用 UKey 登录", "Sign in with the UKey"},
                   .anonymous = 1,
                   .applicant = 1,
                   .life_ms = JOB_LIFE_MS,
                   .step = job_steps_login,
                   .steps = 1,
                   .effect = job_effect_login},
    [JOB_ACTIVATE] = {.name = "activate",
                      .title = {"激活证书", "Activate the certificate"},
                      .applicant = 1,
                      .life_ms = JOB_LIFE_MS,
                      .step = job_steps_activate,
                      .steps = 3,
                      .effect = job_effect_activate},
    [JOB_CHANGE_PIN] = {.name = "change_pin",
                        .title = {"修改 UKey 密码", "Change the UKey PIN"},
                        .applicant = 1,
                        .life_ms = JOB_LIFE_MS,
                        .step = job_steps_change_pin,
                        .steps = 1},
    [JOB_DIAGNOSE] = {.name = "diagnose",
                      .title = {"检测 UKey", "Test the UKey"},
                      .applicant = 1,
                      .roles = STAFF_MAKER | STAFF_SUPPORT,
                      .life_ms = JOB_LIFE_MS,
                      .step = job_steps_diagnose,
                      .steps = 1},
    [JOB_SELF_TEST] = {.name = "self_test",
                       .title = {"验证证书能用", "Prove that the certificate works"},
                       .applicant = 1,
                       .roles = STAFF_MAKER | STAFF_SHIPPING | STAFF_SUPPORT,
                       .life_ms = JOB_LIFE_MS,
                       .step = job_steps_self_test,
                       .steps = 1},
    [JOB_PRODUCE] = {.name = "produce",
                     .title = {"制作 UKey", "Make the UKey"},
                     .roles = STAFF_MAKER,
                     .life_ms = JOB_LIFE_MS,
                     .step = job_steps_produce,
                     .steps = 6,
                     .effect = job_effect_produce},
    [JOB_WIPE] = {.name = "wipe",
                  .title = {"清空 UKey", "Wipe the UKey"},
                  .roles = STAFF_MAKER,
                  .life_ms = JOB_LIFE_MS,
                  .step = job_steps_wipe,
                  .steps = 1,
                  .effect = job_effect_wipe},
};

const struct job_rules *job_rules_of(enum job_kind k)
{
    return &rules[k];
}

const char *job_kind_text(enum job_kind k)
{
    return rules[k].name;
}

int job_kind_from_text(const char *text, enum job_kind *out)
{
    for (int k = 0; k < JOB_KINDS; k++) {
        if (strcmp(rules[k].name, text) != 0)
            continue;
        *out = (enum job_kind)k;
        return 1;
    }
    return 0;
}

const struct job_step *job_step_of(const struct job_row *row)
{
    const struct job_rules *r = &rules[row->j.kind];
    for (size_t i = 0; i < r->steps; i++)
        if (!strcmp(r->step[i].name, row->j.step))
            return &r->step[i];
    return NULL;
}

int job_of_staff(const struct job_row *row)
{
    return row->j.staff != 0;
}

/* ---- rows ---- */

static enum job_state state_of(const char *text)
{
    int s = 0;
    while (s < JOB_CANCELLED && strcmp(states[s], text) != 0)
        s++;
    return (enum job_state)s;
}

/* Time may have ended it since it was written. */
static enum job_state state_now(enum job_state s, int64_t ends_at, int64_t finish_until,
                                int64_t now)
{
    if (job_is_at_work(s) && now > ends_at)
        return JOB_EXPIRED;
    if (s == JOB_FINISHING && now > finish_until)
        return JOB_EXPIRED;
    return s;
}

static void shown_from(const struct store_row *r, int64_t now, struct job *j)
{
    int64_t finish_until = row_int(r, "finish_until");
    *j = (struct job){.id = row_int(r, "id"),
                      .version = row_int(r, "version"),
                      .account = row_int(r, "account_id"),
                      .staff = row_int(r, "staff_id"),
                      .project = row_text(r, "project"),
                      .order = row_int(r, "order_id"),
                      .serial = row_text(r, "serial"),
                      .step = row_text(r, "step"),
                      .made_at = row_int(r, "made_at"),
                      .ticket_until = row_int(r, "ticket_until"),
                      .code_until = row_int(r, "code_until"),
                      .ends_at = row_int(r, "ends_at"),
                      .progress = row_text(r, "progress"),
                      .agent = row_text(r, "agent"),
                      .problem = row_text(r, "problem"),
                      .waits_for_ca = (int)row_int(r, "waits_for_ca"),
                      .result = row_text(r, "result")};
    if (!job_kind_from_text(row_text(r, "kind"), &j->kind))
        j->kind = JOB_IDENTIFY;
    j->state = state_now(state_of(row_text(r, "state")), j->ends_at, finish_until, now);
    j->finish_code = j->state == JOB_FINISHING && !j->staff;
}

enum err job_load(struct hall_tx *tx, int64_t id, struct job_row *out, struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_job_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    *out = (struct job_row){.browser = row_blob(r, "browser"),
                            .agent_key = row_blob(r, "agent_key"),
                            .seal_key = row_blob(r, "seal_key"),
                            .nonce = row_blob(r, "nonce"),
                            .sms = row_int(r, "sms_id"),
                            .last_time = row_int(r, "last_time"),
                            .finish_until = row_int(r, "finish_until"),
                            .finish_tries = (int)row_int(r, "finish_tries"),
                            .staff_name = row_text(r, "staff_name"),
                            .staff_role = row_text(r, "staff_role"),
                            .data = row_text(r, "data")};
    shown_from(r, tx->machine, &out->j);
    int64_t plugged;
    if (text_to_int(job_data(tx->arena, out, "plugged"), 1, 999, &plugged))
        out->j.plugged = (int)plugged;
    return ERR_OK;
}

enum err job_load_of(struct hall_tx *tx, int64_t id, const char *browser, struct job_row *out,
                     struct err_info *e)
{
    TRY(job_load(tx, id, out, e));
    struct bytes index = job_index(tx->hall, tx->arena, "browser", browser);
    if (index.n == out->browser.n && mem_equal(index.p, out->browser.p, index.n))
        return ERR_OK;
    return err_set(e, ERR_NOT_FOUND, NULL, "job %lld is another browser's", (long long)id);
}

enum err job_store(struct hall_tx *tx, struct job_row *row, struct err_info *e)
{
    const struct job *j = &row->j;
    TRY(store_exec_one(tx->db, &Q_job_put,
                       PARAMS(P_INT(j->id), P_INT(j->version), P_TEXT(states[j->state]),
                              P_TEXT(j->serial), P_TEXT(j->step), P_TEXT(row->data),
                              P_TEXT(j->progress), P_TEXT(j->problem), P_INT(j->waits_for_ca),
                              P_TEXT(j->result), P_INT(j->ends_at), P_INT(row->finish_until),
                              P_INT(row->finish_tries)),
                       e));
    row->j.version++;
    row->j.finish_code = j->state == JOB_FINISHING && !j->staff;
    if (job_is_over(j->state))
        TRY(store_exec(tx->db, &Q_job_kill_ticket, PARAMS(P_INT(j->id)), NULL, e));
    if (j->order)
        TRY(event_put(tx, arena_fmt(tx->arena, "order:%lld", (long long)j->order), e));
    return event_put(tx, arena_fmt(tx->arena, "job:%lld", (long long)j->id), e);
}

enum err job_audit(struct hall_tx *tx, const char *act, const struct job_row *row,
                   const char *value, struct err_info *e)
{
    return audit_write(
        tx,
        &(struct audit_entry){.act = act,
                              .order = row->j.order,
                              .object = arena_fmt(tx->arena, "job:%lld", (long long)row->j.id),
                              .new_value = value},
        e);
}

/* ---- what steps keep for each other ---- */

const char *job_data(struct arena *a, const struct job_row *row, const char *key)
{
    struct err_info ignore;
    _auto_json all = NULL;
    if (json_parse(row->data, strlen(row->data), &all, &ignore) != ERR_OK)
        return "";
    return arena_text(a, json_opt_text(all, key, ""));
}

void job_data_set(struct arena *a, struct job_row *row, const char *key, const char *value)
{
    struct err_info ignore;
    _auto_json all = NULL;
    if (json_parse(row->data, strlen(row->data), &all, &ignore) != ERR_OK)
        all = json_object();
    json_object_set_new(all, key, json_string(value));
    char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    row->data = arena_text(a, text);
    free(text);
}
