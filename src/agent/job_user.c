/* Jobs of a user that need at most the PIN: identify, attach, login, self-test, change PIN, diagnose. */
#include "agent/job.h"

#include "base/text.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { ATTACH_MS = 8 * 60 * 60 * 1000, ATTACH_MIN_MS = 1000, ATTACH_MAX_MS = 30000 };

enum err step_identify(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    struct token_place *p;
    enum job_where where = job_where_of(data);
    TRY(job_place(j, where, &p, e));
    TRY(job_any_key(j, where, e));
    return keys_write(j, p, out, e);
}

/* ---- attach ---- */

enum err step_confirm(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    const char *finish;
    char *address;
    (void)out;
    TRY(json_get_text(data, "finish", &finish, e));
    const char *code = json_opt_text(data, "code", NULL);
    if (code)
        job_say_line(j,
                     text_fill(j->arena, TEXT_CODE, j->o->lang, text_shown(j->arena, code), NULL));
    TRY(job_open_finish(j, finish, &address, e));
    if (j->o->no_browser)
        job_say_line(j, address);
    return ERR_OK;
}

enum err step_keys(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    struct token_place *p;
    struct token_event event;
    int got = 1;
    int64_t every = json_opt_int(data, "every_ms", 5000);
    TRY(job_place(j, job_where_of(data), &p, e));
    if (!j->attached_until)
        j->attached_until = clock_monotonic() + ATTACH_MS;
    else if (clock_monotonic() > j->attached_until)
        return err_set(e, ERR_AGENT_CANCELLED, NULL, "attached for 8 hours");
    else
        TRY(token_wait(p,
                       every < ATTACH_MIN_MS   ? ATTACH_MIN_MS
                       : every > ATTACH_MAX_MS ? ATTACH_MAX_MS
                                               : (int)every,
                       &event, &got, e));
    while (got) /* everything that changed at once is told at once */
        TRY(token_wait(p, 0, &event, &got, e));
    return keys_write(j, p, out, e);
}

/* ---- the person's own key ---- */

static int may_sign(const struct token_info *info)
{
    return info->state == TOKEN_STATE_READY && info->certificates > 0;
}

/* One key with a certificate is the one; of several the person picks. */
static enum err pick(struct job *j, struct token_place *p, const char **serial, struct err_info *e)
{
    struct token_info *list;
    size_t n;
    int yes = 0, good = 0;
    TRY(token_list(p, j->arena, &list, &n, e));
    *serial = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!may_sign(&list[i]))
            continue;
        *serial = list[i].serial;
        good++;
    }
    if (good == 0)
        return err_set(e, ERR_TOKEN_NO_KEY, NULL, "no key with a certificate");
    if (good == 1)
        return ERR_OK;
    for (size_t i = 0; i < n && !yes; i++) {
        if (!may_sign(&list[i]))
            continue;
        *serial = list[i].serial;
        TRY(ask_use_key(&j->ask, *serial, list[i].label, &yes, e));
    }
    return yes ? ERR_OK : err_set(e, ERR_AGENT_CANCELLED, NULL, "no key picked");
}

/* j->token: the key the job names, or the person's. */
static enum err own_token(struct job *j, struct err_info *e)
{
    struct token_place *p;
    const char *serial = j->token ? j->token_serial : j->serial;
    if (!*serial) {
        TRY(job_place(j, j->kind->where, &p, e));
        TRY(job_any_key(j, j->kind->where, e));
        TRY(pick(j, p, &serial, e));
    }
    char name[TOKEN_SERIAL_MAX + 1];
    snprintf(name, sizeof name, "%s", serial);
    return job_token(j, j->kind->where, name, e);
}

static enum err sign_challenge(struct job *j, const char *op, const json_t *data,
                               struct json_out *out, struct err_info *e)
{
    const char *challenge, *container;
    struct bytes certificate, signature;
    TRY(json_get_text(data, "challenge", &challenge, e));
    TRY(own_token(j, e));
    TRY(job_container(j->token, j->arena, &container, &certificate, e));
    TRY(job_login(j, j->token, NULL, e));
    enum err err = job_sign(j, op, container, challenge, NULL, NULL, &signature, e);
    token_logout(j->token);
    TRY(err);
    jout_text(out, "ukey", j->token_serial);
    jout_text(out, "container", container);
    jout_text(out, "certificate", text_base64(j->arena, certificate));
    jout_text(out, "signature", text_base64(j->arena, signature));
    return ERR_OK;
}

enum err step_login(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    return sign_challenge(j, "login", data, out, e);
}

enum err step_self_test(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    return sign_challenge(j, "self-test", data, out, e);
}

enum err step_change_pin(struct job *j, const json_t *data, struct json_out *out,
                         struct err_info *e)
{
    struct token_info info;
    const json_t *rule = json_object_get(data, "policy");
    struct pin_policy policy = pin_policy_limit(json_opt_int(rule, "min", 0),
                                                json_opt_int(rule, "max", 99),
                                                json_opt_int(rule, "kinds", 0));
    TRY(own_token(j, e));
    for (int wrong = 0;; wrong = 1) {
        _auto_pin old = {""};
        _auto_pin pin = {""};
        TRY(token_info(j->token, &info, e));
        if (info.state == TOKEN_STATE_READY && info.user_left == 0)
            return err_set(e, ERR_TOKEN_LOCKED, NULL, NULL);
        TRY(job_progress(j, "asking_pin", info.serial, e));
        TRY(ask_old_pin(&j->ask, info.serial, info.user_left, info.user_max, wrong, &old, e));
        TRY(ask_new_pin(&j->ask, info.serial, &policy, &pin, e));
        enum err err = token_change_pin(j->token, TOKEN_USER, &old, &pin, e);
        if (err == ERR_OK)
            return job_key_write(j, out, e);
        if (err != ERR_TOKEN_PIN_WRONG)
            return err;
    }
}

/* ---- diagnosis ---- */

static void check(struct json_out *out, const char *name, int ok, const char *detail)
{
    jout_object(out, NULL);
    jout_text(out, "name", name);
    jout_bool(out, "ok", ok);
    jout_text(out, "detail", detail ? detail : "");
    jout_end(out);
}

static void check_key(struct token_place *p, const struct token_info *info, struct arena *a,
                      struct json_out *out)
{
    struct err_info e = {0};
    struct bytes der;
    const char *container;
    _auto(token) t = NULL;
    int image = info->state != TOKEN_STATE_DAMAGED && token_open(p, info->serial, &t, &e) == ERR_OK;
    check(out, "image", image, info->serial);
    if (!image || info->state != TOKEN_STATE_READY)
        return;
    int good = job_container(t, a, &container, &der, &e) == ERR_OK &&
               token_certificate_fits(t, container, der, &e) == ERR_OK;
    check(out, "certificate", good, good ? info->serial : err_code_text(e.code));
    check(out, "user_pin", info->user_left > 0,
          arena_fmt(a, "%s %d/%d", info->serial, info->user_left, info->user_max));
    check(out, "admin_pin", info->admin_left > 0,
          arena_fmt(a, "%s %d/%d", info->serial, info->admin_left, info->admin_max));
}

enum err step_diagnose(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    struct token_place *p;
    struct token_info *list;
    struct utsname system;
    size_t n;
    const char *pinentry = j->o->conf->pinentry;
    TRY(job_place(j, job_where_of(data), &p, e));
    TRY(token_list(p, j->arena, &list, &n, e));
    jout_text(out, "agent", CERTHALL_VERSION);
    jout_text(out, "system",
              uname(&system) ? "" : arena_fmt(j->arena, "%s %s", system.sysname, system.release));
    jout_list(out, "checks");
    check(out, "config", 1, j->o->server->id);
    check(out, "pinentry", pinentry && !access(pinentry, X_OK), pinentry ? pinentry : "");
    check(out, "folder", 1, arena_fmt(j->arena, "%d", (int)n));
    for (size_t i = 0; i < n; i++)
        check_key(p, &list[i], j->arena, out);
    jout_end(out);
    return keys_write(j, p, out, e);
}
