/* Jobs of a user against a double of the hall: what is signed, what is asked, what is never sent. */
#include "world.h"

#include "base/sys.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- login ---- */

static const char *play_login(struct world *w, const char *answered, const json_t *data,
                              struct json_out *out)
{
    if (!*answered) {
        jout_text(out, "challenge", w->challenge);
        return "sign";
    }
    w->flag = world_check(w, data, world_bytes(w, data, "certificate"), "login", NULL, NULL) ==
                  ERR_OK &&
              !strcmp(json_opt_text(data, "ukey", ""), SERIAL);
    return "done";
}

static void ready_for_login(struct world *w)
{
    w->kind = "login";
    w->next = play_login;
    world_key(w, w->keys, SERIAL, 1);
}

static void a_login_signs_bytes_of_this_origin_and_job(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    world_answers(w, "pin wrong-pin-1\npin right-pin-1\n");
    struct job_report r = world_run(w);
    assert_int_equal(r.outcome, JOB_DONE);
    assert_string_equal(w->outcome, "done");
    assert_int_equal(w->flag, 1);
    assert_int_equal(w->unsigned_requests, 0);
    assert_string_equal(r.finish,
                        arena_fmt(w->a, "%s/agent/finish#F0123456789abcdefghijk", world_origin(w)));
}

static void the_window_says_who_asks_for_what_with_which_key(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    world_answers(w, "pin wrong-pin-1\npin right-pin-1\n");
    (void)world_run(w);
    const char *log = world_dialogues(w);
    assert_non_null(strstr(log, arena_fmt(w->a, "证书大厅（127.0.0.1:%d）", w->port)));
    assert_non_null(strstr(log, "要做的事：用 UKey 登录"));
    assert_non_null(strstr(log, "UKey：FX26 0007 1182"));
    assert_non_null(strstr(log, "还可以试 6 次，输错 6 次会锁住"));
    assert_non_null(strstr(log, "SETERROR UKey 密码不对，还可以试 5 次"));
}

static void no_pin_leaves_the_agent(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    world_answers(w, "pin wrong-pin-1\npin right-pin-1\n");
    (void)world_run(w);
    assert_true(w->traffic.n > 100);
    assert_null(memmem(w->traffic.p, w->traffic.n, "right-pin-1", 11));
    assert_null(memmem(w->traffic.p, w->traffic.n, "wrong-pin-1", 11));
    assert_null(strstr(world_dialogues(w), "right-pin-1"));
}

/* T5: the token counts, the agent reports */
static void a_key_that_locks_is_reported(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    world_answers(
        w,
        "pin wrong-1-1\npin wrong-1-2\npin wrong-1-3\npin wrong-1-4\npin wrong-1-5\npin wrong-1-6\n"
        "pin right-pin-1\n");
    struct job_report r = world_run(w);
    assert_int_equal(r.outcome, JOB_FAILED);
    assert_string_equal(w->outcome, "failed");
    assert_string_equal(w->code, "token.locked");
    assert_int_equal(w->key_user_left, 0);
    assert_null(r.finish);
}

static void a_person_who_stops_signs_nothing(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    world_answers(w, "cancel\n");
    struct job_report r = world_run(w);
    assert_int_equal(r.outcome, JOB_CANCELLED);
    assert_string_equal(w->outcome, "cancelled");
    assert_int_equal(w->flag, 0);
}

static void without_a_serial_the_person_picks_the_key(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    w->serial = NULL;
    world_key(w, w->keys, "FX2600000001", 1);
    world_blank(w, w->keys, "FX2600000002");
    world_answers(w, "cancel\nok\npin right-pin-1\n"); /* not …0001, but …1182 */
    struct job_report r = world_run(w);
    assert_int_equal(r.outcome, JOB_DONE);
    assert_int_equal(w->flag, 1);
}

/* G-23: of several keys each is offered with its serial, and one without a certificate is not. */
static void every_key_that_can_sign_is_offered_by_its_serial(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    w->serial = NULL;
    world_key(w, w->keys, "FX2600000001", 1);
    world_key(w, w->keys, "FX2600000003", 1);
    world_blank(w, w->keys, "FX2600000002");
    world_answers(w, "cancel\ncancel\ncancel\npin right-pin-1\n");
    assert_int_equal(world_run(w).outcome, JOB_CANCELLED); /* none picked: nothing signed */
    const char *log = world_dialogues(w);
    assert_non_null(strstr(log, "FX26 0000 0001"));
    assert_non_null(strstr(log, "FX26 0000 0003"));
    assert_non_null(strstr(log, "FX26 0007 1182"));
    assert_null(strstr(log, "FX26 0000 0002"));
    assert_null(strstr(log, "GETPIN"));
    assert_int_equal(w->flag, 0);
}

/* G-23: a job that names its key takes that one, whatever else is plugged in, and never another in its place. */
static void the_wrong_key_is_refused(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    world_key(w, w->keys, "FX2600000001", 1);
    world_key(w, w->keys, "FX2699999999", 1);
    world_answers(w, "pin right-pin-1\n");
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_int_equal(w->flag, 1); /* signed by the key that was named */
    rename(arena_fmt(w->a, "%s/%s.ukey", w->keys, SERIAL), arena_fmt(w->a, "%s/away", w->folder));
    w->flag = 0;
    w->key_ms = 300;
    world_answers(w, "pin right-pin-1\n");
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_string_equal(w->code, "token.removed");
    assert_int_equal(w->flag, 0);
    assert_int_equal(world_info(w, w->keys, "FX2600000001").user_left,
                     6); /* no PIN was tried on it */
}

static void a_short_challenge_is_refused(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    snprintf(w->challenge, sizeof w->challenge, "c2hvcnQ=");
    world_answers(w, "pin right-pin-1\n");
    struct job_report r = world_run(w);
    assert_int_equal(r.outcome, JOB_FAILED);
    assert_string_equal(w->code, "agent.refused");
}

/* ---- what the server may not do ---- */

static const char *play_unknown(struct world *w, const char *answered, const json_t *data,
                                struct json_out *out)
{
    (void)w, (void)answered, (void)data;
    jout_text(out, "command", "anything");
    return "apdu";
}

static void what_is_not_in_the_table_is_refused(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    w->next = play_unknown;
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_string_equal(w->code, "agent.refused");
    w->kind = "sign_anything";
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_string_equal(w->code, "agent.refused");
}

static void a_bench_job_needs_the_owners_yes(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    w->kind = "wipe";
    w->next = play_unknown;
    w->conf.server[0].bench = 0;
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_string_equal(w->code, "agent.refused");
    assert_int_equal(world_info(w, w->keys, SERIAL).certificates, 1);
}

static void a_redirect_is_refused(void **state)
{
    struct world *w = *state;
    struct job_report r;
    ready_for_login(w);
    w->redirect = 1;
    world_answers(w, "pin right-pin-1\n");
    r = world_run(w);
    assert_int_equal(r.outcome, JOB_FAILED);
    assert_err(ERR_AGENT_REFUSED, r.why.code);
}

static void a_busy_server_is_asked_again(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    w->busy = 2;
    world_answers(w, "pin right-pin-1\n");
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_int_equal(w->flag, 1);
}

static void a_limit_is_not_tried_again(void **state)
{
    struct world *w = *state;
    struct job_report r;
    ready_for_login(w);
    w->limited = 1;
    assert_err(ERR_LIMITED, world_try(w, &r));
    assert_int_equal(w->requests, 1);
}

/* ---- the end ---- */

/* What the browser program was given. */
static const char *opened(struct world *w)
{
    struct bytes address = {0};
    char *path = arena_fmt(w->a, "%s/opened", w->folder);
    for (int i = 0; i < 200; i++) {
        if (file_read(w->a, path, 200, &address, &w->e) == ERR_OK && address.n &&
            address.p[address.n - 1] == '\n')
            return arena_text_n(w->a, (const char *)address.p, address.n - 1);
        usleep(20000);
    }
    return "";
}

static void the_browser_gets_the_finish_page_and_the_code_is_shown_if_it_does_not_come(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    w->browser = w->with_code = 1;
    w->unclaimed = 5;
    world_answers(w, "pin right-pin-1\nok\n");
    struct job_report r = world_run(w);
    assert_string_equal(r.code, "482913");
    assert_non_null(strstr(world_dialogues(w), "482913"));
    assert_string_equal(opened(w), r.finish);
}

static void a_claimed_job_bothers_nobody_with_a_code(void **state)
{
    struct world *w = *state;
    ready_for_login(w);
    w->browser = w->with_code = 1;
    w->unclaimed = 1;
    world_answers(w, "pin right-pin-1\nok\n");
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_null(strstr(world_dialogues(w), "482913"));
    assert_string_not_equal(opened(w), "");
}

/* ---- identify, attach, change PIN, diagnose ---- */

static void plug_late(struct world *w, const char *state)
{
    if (!strcmp(state, "waiting_key") && !w->flag++)
        rename(arena_fmt(w->a, "%s/away", w->folder),
               arena_fmt(w->a, "%s/%s.ukey", w->keys, SERIAL));
}

static const char *play_identify(struct world *w, const char *answered, const json_t *data,
                                 struct json_out *out)
{
    (void)out;
    if (!*answered)
        return "identify";
    buf_text(&w->note,
             json_opt_text(json_array_get(json_object_get(data, "keys"), 0), "serial", ""));
    return "done";
}

static void identify_waits_for_a_key(void **state)
{
    struct world *w = *state;
    w->kind = "identify";
    w->next = play_identify;
    w->on_progress = plug_late;
    world_key(w, w->keys, SERIAL, 0);
    rename(arena_fmt(w->a, "%s/%s.ukey", w->keys, SERIAL), arena_fmt(w->a, "%s/away", w->folder));
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_int_equal(w->flag, 1);
    assert_string_equal(buf_cstr(&w->note), SERIAL);
}

/* A drawer full of keys: told with its number, once; asking again would not make them fewer. */
static void more_keys_than_one_answer_holds_are_told_with_their_number(void **state)
{
    struct world *w = *state;
    w->kind = "identify";
    w->next = play_identify;
    for (int i = 0; i < JOB_KEYS_MAX + 1; i++)
        world_blank(w, w->keys, arena_fmt(w->a, "FX27%08d", i));
    struct job_report r = world_run(w);
    assert_int_equal(r.outcome, JOB_FAILED);
    assert_int_equal(r.why.code, ERR_JOB_MANY_KEYS);
    char message[512];
    err_message(&r.why, LANG_EN, message, sizeof message);
    assert_non_null(strstr(message, "17 UKeys"));
    assert_string_equal(w->code, "job.many_keys");
    assert_int_equal(w->requests, 2); /* fetch and result */
    assert_non_null(strstr(buf_cstr(&w->traffic), "\"count\":17"));
}

static const char *play_attach(struct world *w, const char *answered, const json_t *data,
                               struct json_out *out)
{
    char *file = arena_fmt(w->a, "%s/%s.ukey", w->keys, SERIAL);
    char *away = arena_fmt(w->a, "%s/away", w->folder);
    if (!*answered) {
        jout_text(out, "finish", "F0123456789abcdefghijk");
        return "confirm";
    }
    jout_int(out, "every_ms", 30000);
    if (strcmp(answered, "keys") != 0)
        return "keys";
    buf_fmt(&w->note, "%d", (int)json_array_size(json_object_get(data, "keys")));
    if (w->flag++ == 0)
        rename(file, away);
    else if (w->flag == 2)
        rename(away, file);
    return w->flag == 3 ? "done" : "keys";
}

static void attach_tells_at_once_what_is_pulled_and_plugged(void **state)
{
    struct world *w = *state;
    w->kind = "attach";
    w->next = play_attach;
    world_key(w, w->keys, SERIAL, 0);
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_string_equal(buf_cstr(&w->note), "101");
}

static const char *play_change(struct world *w, const char *answered, const json_t *data,
                               struct json_out *out)
{
    if (*answered) {
        w->flag = !json_is_true(json_object_get(json_object_get(data, "key"), "first_pin"));
        return "done";
    }
    jout_object(out, "policy");
    jout_int(out, "min", 8);
    jout_int(out, "max", 16);
    jout_int(out, "kinds", 2);
    jout_end(out);
    return "change";
}

static void a_new_pin_is_asked_until_both_agree_and_the_policy_holds(void **state)
{
    struct world *w = *state;
    w->kind = "change_pin";
    w->next = play_change;
    world_key(w, w->keys, SERIAL, 0);
    world_answers(
        w,
        "pin right-pin-1\npin onlyletters\npin short1\npin Good-2468\npin Good-2469\npin Good-2468\n"
        "pin Good-2468\n");
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_int_equal(w->flag, 1);
    assert_non_null(strstr(world_dialogues(w), "SETERROR 两次输入的不一样"));
    assert_non_null(strstr(world_dialogues(w), "SETERROR 不符合要求：8–16 位，至少 2 种字符"));
    assert_err(ERR_OK, world_try_pin(w, w->keys, SERIAL, "Good-2468"));
}

static const char *play_diagnose(struct world *w, const char *answered, const json_t *data,
                                 struct json_out *out)
{
    size_t i;
    json_t *check;
    (void)out;
    if (!*answered)
        return "diagnose";
    json_array_foreach (json_object_get(data, "checks"), i, check) {
        buf_fmt(&w->note, "%s=%d ", json_opt_text(check, "name", ""),
                json_is_true(json_object_get(check, "ok")));
    }
    return "done";
}

static void a_diagnosis_names_the_torn_key(void **state)
{
    struct world *w = *state;
    w->kind = "diagnose";
    w->next = play_diagnose;
    w->serial = NULL;
    world_key(w, w->keys, SERIAL, 1);
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_string_equal(
        buf_cstr(&w->note),
        "config=1 pinentry=1 folder=1 image=1 certificate=1 user_pin=1 admin_pin=1 ");
    w->note.n = 0;
    assert_int_equal(truncate(arena_fmt(w->a, "%s/%s.ukey", w->keys, SERIAL), 99), 0);
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_string_equal(buf_cstr(&w->note), "config=1 pinentry=1 folder=1 image=0 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(a_login_signs_bytes_of_this_origin_and_job),
        WORLD(the_window_says_who_asks_for_what_with_which_key),
        WORLD(no_pin_leaves_the_agent),
        WORLD(a_key_that_locks_is_reported),
        WORLD(a_person_who_stops_signs_nothing),
        WORLD(without_a_serial_the_person_picks_the_key),
        WORLD(every_key_that_can_sign_is_offered_by_its_serial),
        WORLD(the_wrong_key_is_refused),
        WORLD(a_short_challenge_is_refused),
        WORLD(what_is_not_in_the_table_is_refused),
        WORLD(a_bench_job_needs_the_owners_yes),
        WORLD(a_redirect_is_refused),
        WORLD(a_busy_server_is_asked_again),
        WORLD(a_limit_is_not_tried_again),
        WORLD(the_browser_gets_the_finish_page_and_the_code_is_shown_if_it_does_not_come),
        WORLD(a_claimed_job_bothers_nobody_with_a_code),
        WORLD(identify_waits_for_a_key),
        WORLD(more_keys_than_one_answer_holds_are_told_with_their_number),
        WORLD(attach_tells_at_once_what_is_pulled_and_plugged),
        WORLD(a_new_pin_is_asked_until_both_agree_and_the_policy_holds),
        WORLD(a_diagnosis_names_the_torn_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
