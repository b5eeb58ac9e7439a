/* Job of docs/openapi.yaml: what to do now, in words. */
#include "hall/job/job_priv.h"

#include <string.h>

static const char *in(enum lang lang, const char *zh, const char *en)
{
    return lang == LANG_EN ? en : zh;
}

/* ---- words ---- */

static const char *key_words(struct hall_tx *tx, const struct job *j)
{
    int en = tx->lang == LANG_EN;
    return *j->serial ? arena_fmt(tx->arena, en ? "UKey %s" : "UKey %s",
                                  ukey_serial_text(tx->arena, j->serial))
                      : "UKey";
}

static const char *running_words(struct hall_tx *tx, const struct job *j)
{
    int en = tx->lang == LANG_EN;
    const char *key = key_words(tx, j);
    if (j->waits_for_ca)
        return in(tx->lang, "排队等待签发，签发系统恢复后自动继续",
                  "Waiting to be issued; it goes on by itself when the ca is back");
    if (!strcmp(j->progress, "waiting_key"))
        return arena_fmt(tx->arena, en ? "Plug %s in" : "请插入 %s", key);
    if (!strcmp(j->progress, "asking_pin"))
        return in(tx->lang, "请在 UKey 助手的窗口里输入 UKey 密码",
                  "Enter the UKey PIN in the UKey Agent's window");
    return arena_fmt(tx->arena, en ? "Working; do not pull %s out" : "正在处理，请不要拔出 %s",
                     key);
}

static const char *waiting_words(struct hall_tx *tx, const struct job *j)
{
    if (tx->machine > j->code_until)
        return in(tx->lang, "链接过时了，请再打开一次", "The link is too old; open it again");
    return in(tx->lang, "请打开 UKey 助手", "Open the UKey Agent");
}

static const char *state_words(struct hall_tx *tx, const struct job *j)
{
    switch (j->state) {
    case JOB_WAITING:
        return waiting_words(tx, j);
    case JOB_RUNNING:
        return running_words(tx, j);
    case JOB_PULLED:
        return arena_fmt(tx->arena,
                         tx->lang == LANG_EN ? "%s was pulled out; plug the same one in again"
                                             : "%s 被拔出了，请插回同一支",
                         key_words(tx, j));
    case JOB_FINISHING:
        return in(tx->lang, "UKey 助手已经办好，正等这个浏览器确认",
                  "The UKey Agent is done and waits for this browser");
    case JOB_DONE:
        return in(tx->lang, "已完成", "Done");
    case JOB_FAILED:
        return in(tx->lang, "没有办成", "It did not work");
    case JOB_EXPIRED:
        return in(tx->lang, "已过时，请重新开始", "Too late; begin again");
    default:
        return in(tx->lang, "已取消", "Cancelled");
    }
}

static const char *tone(const struct job *j)
{
    switch (j->state) {
    case JOB_DONE:
        return "ok";
    case JOB_FAILED:
        return "err";
    case JOB_PULLED:
    case JOB_EXPIRED:
        return "warn";
    case JOB_CANCELLED:
        return "plain";
    default:
        return j->waits_for_ca ? "warn" : "info";
    }
}

/* ---- steps ---- */

static void step(struct json_out *j, const char *id, const char *text, const char *state)
{
    jout_object(j, NULL);
    jout_text(j, "id", id);
    jout_text(j, "text", text);
    jout_text(j, "state", state);
    jout_end(j);
}

static const char *step_state(const struct job *job, int index, int current)
{
    if (index < current || job->state == JOB_DONE)
        return "done";
    if (index > current)
        return "todo";
    return job->state == JOB_FAILED || job->state == JOB_PULLED ? "problem" : "current";
}

static int step_index(const struct job *job)
{
    const struct job_rules *r = job_rules_of(job->kind);
    for (size_t i = 0; i < r->steps; i++)
        if (!strcmp(r->step[i].name, job->step))
            return (int)i;
    return strcmp(job->step, "done") ? -1 : (int)r->steps;
}

static const char *step_words(const struct job *job, size_t i, enum lang lang)
{
    if (job->kind == JOB_PRODUCE)
        return production_step_text((enum production_step)i, lang);
    return job_rules_of(job->kind)->step[i].text[lang];
}

/* The steps of the protocol, and the one in the browser at the end. */
static void write_steps(struct hall_tx *tx, const struct job *job, struct json_out *j)
{
    const struct job_rules *r = job_rules_of(job->kind);
    int current = step_index(job);
    if (current >= 0)
        jout_int(j, "step_no", current + 1 <= (int)r->steps ? current + 1 : (int)r->steps + 1);
    jout_list(j, "steps");
    for (size_t i = 0; i < r->steps; i++)
        step(j, r->step[i].name, step_words(job, i, tx->lang), step_state(job, (int)i, current));
    if (job->kind != JOB_ATTACH)
        step(j, "finish", in(tx->lang, "回到浏览器确认", "Confirm in the browser"),
             step_state(job, (int)r->steps, current));
    jout_end(j);
}

/* ---- what was found out ---- */

static const char *check_words(const char *name, enum lang lang)
{
    static const struct {
        const char *name, *zh, *en;
    } words[] = {{"config", "UKey 助手的设置", "UKey Agent's settings"},
                 {"pinentry", "密码窗口", "PIN window"},
                 {"folder", "UKey 接口", "Where UKeys are plugged in"},
                 {"image", "UKey 内容", "Content of the UKey"},
                 {"certificate", "证书与密钥相符", "Certificate belongs to its key"},
                 {"user_pin", "UKey 密码", "UKey PIN"},
                 {"admin_pin", "管理密码", "Admin PIN"},
                 {"signature", "签名验证", "Signature verified"},
                 {"validity", "证书在有效期内", "Certificate is in force"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].name, name))
            return in(lang, words[i].zh, words[i].en);
    return name;
}

static void finding(struct hall_tx *tx, struct json_out *j, const json_t *check)
{
    const char *name = json_opt_text(check, "name", "");
    const char *detail = json_opt_text(check, "detail", "");
    jout_object(j, NULL);
    jout_text(j, "id", name);
    jout_text(j, "text", check_words(name, tx->lang));
    if (*detail)
        jout_text(j, "note", detail);
    jout_text(j, "state", json_is_true(json_object_get(check, "ok")) ? "done" : "problem");
    jout_end(j);
}

/* Shown only where the browser has shown that it is the one: before that the answer is nobody's. */
static void write_findings(struct hall_tx *tx, const struct job *job, struct json_out *j)
{
    const json_t *check;
    size_t i;
    struct err_info ignore;
    _auto_json result = NULL;
    if (job->state != JOB_DONE || !*job->result ||
        json_parse(job->result, strlen(job->result), &result, &ignore) != ERR_OK)
        return;
    jout_list(j, "findings");
    json_array_foreach (json_object_get(result, "checks"), i, check)
        finding(tx, j, check);
    jout_end(j);
}

static void write_problem(struct hall_tx *tx, const struct job *job, struct json_out *j)
{
    char message[512];
    struct err_info e = {.code = err_from_code_text(job->problem)};
    if (!*job->problem)
        return;
    if (e.code == ERR_OK)
        e.code = ERR_INTERNAL;
    if (*job->serial)
        err_arg(&e, "serial", "%s", ukey_serial_text(tx->arena, job->serial));
    if (job->plugged) {
        err_arg(&e, "count", "%d", job->plugged);
        err_arg(&e, "max", "%d", JOB_KEYS_MAX);
    }
    err_message(&e, tx->lang, message, sizeof message);
    jout_object(j, "problem");
    jout_text(j, "code", job->problem);
    jout_text(j, "message", message);
    jout_end(j);
}

/* ---- the whole ---- */

static void write_secrets(struct hall_tx *tx, const struct job *job, struct json_out *j)
{
    if (job->ticket)
        jout_text(j, "link",
                  arena_fmt(tx->arena, "certhall:%s/%s", tx->hall->server_id, job->ticket));
    if (job->code)
        jout_text(j, "short_code", arena_fmt(tx->arena, "%.4s-%.4s", job->code, job->code + 4));
    if (job->state == JOB_WAITING) {
        jout_text(j, "link_expires_at", time_rfc3339(tx->arena, job->ticket_until));
        jout_text(j, "code_expires_at", time_rfc3339(tx->arena, job->code_until));
    }
}

static void write_window(struct hall_tx *tx, const struct job *job, struct json_out *j)
{
    jout_object(j, "window");
    jout_text(j, "origin", tx->hall->public_url);
    jout_text(j, "task", job_rules_of(job->kind)->title[tx->lang]);
    if (*job->serial)
        jout_text(j, "serial_text", ukey_serial_text(tx->arena, job->serial));
    jout_end(j);
}

enum err job_write(struct hall_tx *tx, const struct job *job, struct json_out *j, const char *key,
                   struct err_info *e)
{
    (void)e;
    /* which key somebody else plugged in is not told before the browser has shown itself */
    int known = *job->serial && (job->order || job->state == JOB_DONE);
    jout_object(j, key);
    jout_id(j, "id", job->id);
    jout_text(j, "kind", job_kind_text(job->kind));
    jout_text(j, "title", job_rules_of(job->kind)->title[tx->lang]);
    jout_text(j, "state", job_state_text(job->state));
    jout_text(j, "text", state_words(tx, job));
    jout_text(j, "tone", tone(job));
    write_secrets(tx, job, j);
    write_steps(tx, job, j);
    write_window(tx, job, j);
    if (*job->agent) {
        jout_object(j, "agent");
        jout_text(j, "version", job->agent);
        jout_end(j);
    }
    if (known) {
        jout_text(j, "serial", job->serial);
        jout_text(j, "serial_text", ukey_serial_text(tx->arena, job->serial));
    }
    if (job->order)
        jout_id(j, "order", job->order);
    jout_bool(j, "finish_code", job->finish_code);
    write_problem(tx, job, j);
    write_findings(tx, job, j);
    jout_end(j);
    return ERR_OK;
}
