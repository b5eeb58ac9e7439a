/* The first PIN of a UKey (requirements 10.5 T4, 10.7 U4b): the admin PIN is rotated first, then sets the user's. */
#include "agent/job.h"

#include "base/boundary.h"
#include "base/text.h"

enum { ADMIN_LEFT_MIN = 3 }; /* U4b: with so few tries left nothing is tried any more */

enum err step_key(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    (void)data;
    TRY(job_token(j, j->kind->where, j->serial, e));
    return job_key_write(j, out, e);
}

static enum err tries_enough(struct token *t, struct err_info *e)
{
    struct token_info info;
    TRY(token_info(t, &info, e));
    if (info.state != TOKEN_STATE_READY)
        return err_set(e, ERR_TOKEN_BLANK, NULL, NULL);
    if (info.admin_left == 0)
        return err_set(e, ERR_TOKEN_DEAD, NULL, NULL);
    if (info.admin_left > ADMIN_LEFT_MIN)
        return ERR_OK;
    return err_set(e, ERR_AGENT_ADMIN_TRIES, NULL, "%d left", info.admin_left);
}

/* Rotate, then set. Where the release was made before (`resume`) the key may have `next` already, so that is
 * tried first: at most one wrong admin try for each interruption either way. */
static enum err set_first_pin(struct token *t, const struct token_pin *current,
                              const struct token_pin *next, int resume, const struct token_pin *pin,
                              struct err_info *e)
{
    TRY(tries_enough(t, e));
    if (resume) {
        enum err err = token_unblock(t, next, pin, e);
        if (err != ERR_TOKEN_PIN_WRONG)
            return err;
    }
    enum err err = token_change_pin(t, TOKEN_ADMIN, current, next, e);
    if (err != ERR_OK && (err != ERR_TOKEN_PIN_WRONG || resume))
        return err;
    boundary(BOUNDARY_AGENT_ADMIN_CHANGED);
    return token_unblock(t, next, pin, e);
}

enum err step_first_pin(struct job *j, const json_t *data, struct json_out *out, struct err_info *e)
{
    _auto_pin current = {""};
    _auto_pin next = {""};
    int64_t version, next_version;
    const json_t *rule = json_object_get(data, "policy");
    struct pin_policy policy = pin_policy_limit(json_opt_int(rule, "min", 0),
                                                json_opt_int(rule, "max", 99),
                                                json_opt_int(rule, "kinds", 0));
    TRY(job_unseal(j, json_object_get(data, "current"), &version, &current, e));
    TRY(job_unseal(j, json_object_get(data, "next"), &next_version, &next, e));
    if (next_version != version + 1)
        return job_refuse(e, "versions of the admin PIN");
    TRY(job_token(j, j->kind->where, j->serial, e));
    TRY(tries_enough(j->token, e));
    if (!j->has_pin) {
        TRY(job_progress(j, "asking_pin", j->serial, e));
        job_say_line(j, text_of(TEXT_IN_WINDOW, j->o->lang));
        TRY(ask_new_pin(&j->ask, j->serial, &policy, &j->pin, e));
        j->has_pin = 1;
    }
    /* Pulled half way and plugged in again: by then `next` may be in force. */
    int resume = json_is_true(json_object_get(data, "resume")) || j->rotated;
    j->rotated = 1;
    TRY(set_first_pin(j->token, &current, &next, resume, &j->pin, e));
    boundary(BOUNDARY_AGENT_PIN_SET);
    jout_int(out, "admin_version", next_version);
    return job_key_write(j, out, e);
}

/* U5: the new PIN works, and the certificate's key signs (K3). */
enum err step_activate_test(struct job *j, const json_t *data, struct json_out *out,
                            struct err_info *e)
{
    const char *challenge, *container;
    struct bytes certificate, signature;
    TRY(json_get_text(data, "challenge", &challenge, e));
    TRY(job_token(j, j->kind->where, j->serial, e));
    TRY(job_container(j->token, j->arena, &container, &certificate, e));
    if (j->has_pin)
        TRY(token_login(j->token, &j->pin, e));
    else
        TRY(job_login(j, j->token, NULL, e)); /* a new agent after an interruption */
    enum err err = job_sign(j, "activate", container, challenge, j->order, NULL, &signature, e);
    token_logout(j->token);
    TRY(err);
    token_pin_wipe(&j->pin);
    j->has_pin = 0;
    jout_text(out, "container", container);
    jout_text(out, "certificate", text_base64(j->arena, certificate));
    jout_text(out, "signature", text_base64(j->arena, signature));
    return ERR_OK;
}
