/* Tickets, keys, times and steps of the agent's protocol, by an agent that does what a bad one would do (docs/agent-protocol.md). */
#include "whole.h"

#include "base/text.h"

#include <string.h>

#define KEYS                                                                                       \
    "{\"keys\":[{\"serial\":\"" SERIAL                                                             \
    "\",\"state\":\"ready\",\"user_left\":4,\"user_max\":6,\"admin_left\":9,\"admin_max\":10,\"containers\":[]}]}"
#define ANSWER "{\"step\":\"identify\",\"data\":" KEYS "}"
#define DONE "{\"outcome\":\"done\",\"step\":\"done\"}"

static struct job make(struct whole *w, enum job_kind kind, const char *browser)
{
    struct job job;
    struct job_new n = {.kind = kind, .browser = browser, .project = P};
    assert_ok(whole_make(w, &hall_system, &n, &job), &w->e);
    return job;
}

/* 128 bits; one use; what stands in the database opens nothing. */
static void a_ticket_is_good_once(void **state)
{
    struct whole *w = *state;
    struct hand a = hand_new(w), b = hand_new(w);
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_true(strlen(job.ticket) == 22 && strlen(job.code) == 8);
    assert_err(ERR_TICKET, hand_fetch(&b, "0123456789012345678901", NULL));
    assert_ok(hand_fetch(&a, job.ticket, NULL), &w->e);
    assert_string_equal(json_opt_text(a.last, "kind", ""), "identify");
    assert_err(ERR_TICKET, hand_fetch(&b, job.ticket, NULL));
    assert_err(ERR_TICKET, hand_fetch(&b, NULL, job.code));
    hand_free(&a);
    hand_free(&b);
}

static void a_ticket_lasts_two_minutes_and_a_code_five(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_true(job.ticket_until - job.made_at == 2 * TIME_MINUTE &&
                job.code_until - job.made_at == 5 * TIME_MINUTE);
    hall_tamper(w->f, "UPDATE job SET ticket_until = made_at - 1");
    assert_err(ERR_TICKET, hand_fetch(&h, job.ticket, NULL));
    hall_tamper(w->f, "UPDATE job SET code_until = made_at - 1");
    assert_err(ERR_TICKET, hand_fetch(&h, NULL, job.code));
    hand_free(&h);
}

static void a_code_is_mended_and_limited(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    for (int i = 0; i < 9; i++)
        assert_err(ERR_TICKET, hand_fetch(&h, NULL, "0000-0000"));
    assert_ok(hand_fetch(&h, NULL, arena_fmt(w->a, " %.4s - %.4s", job.code, job.code + 4)), &w->e);
    struct job next = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_err(ERR_LIMITED,
               hand_fetch(&h, NULL, next.code)); /* the eleventh in five minutes, right or wrong */
    assert_ok(hand_fetch(&h, next.ticket, NULL), &w->e); /* tickets cannot be guessed at */
    hand_free(&h);
}

static void a_new_link_kills_the_old_one_and_the_agent_bound_to_it(void **state)
{
    struct whole *w = *state;
    struct hand old = hand_new(w), fresh = hand_new(w);
    struct hall_tx tx;
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER), again;
    assert_ok(hand_fetch(&old, job.ticket, NULL), &w->e);
    hall_write(w->f, &hall_system, &tx);
    assert_err(ERR_NOT_FOUND, job_ticket(&tx, job.id, "another browser", &again, &w->e));
    hall_end(&tx);
    hall_write(w->f, &hall_system, &tx);
    assert_ok(job_ticket(&tx, job.id, USER_BROWSER, &again, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_err(ERR_AGENT_SIGNATURE, hand_call(&old, "step", ANSWER));
    assert_err(ERR_TICKET, hand_fetch(&fresh, job.ticket, NULL));
    assert_ok(hand_fetch(&fresh, again.ticket, NULL), &w->e);
    hand_free(&old);
    hand_free(&fresh);
}

/* Only the key that fetched the job speaks for it, about exactly this body, at a time of its own. */
static void every_request_is_signed_by_the_jobs_key(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w), other = hand_new(w);
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    int64_t now = clock_machine();
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_err(ERR_AGENT_SIGNATURE, hand_raw(&h, other.key, "step", now, ANSWER, ANSWER));
    assert_err(ERR_AGENT_SIGNATURE, hand_raw(&h, h.key, "step", now, ANSWER,
                                             "{\"step\":\"identify\",\"data\":{\"keys\":[]}}"));
    assert_err(ERR_AGENT_SIGNATURE,
               hand_raw(&h, h.key, "step", now - JOB_TIME_OFF_MS - 1000, ANSWER, ANSWER));
    assert_err(ERR_AGENT_SIGNATURE,
               hand_raw(&h, h.key, "step", now + JOB_TIME_OFF_MS + 60000, ANSWER, ANSWER));
    struct hand stranger = {.w = w, .id = job.id + 1};
    assert_err(ERR_AGENT_SIGNATURE, hand_raw(&stranger, h.key, "step", now, ANSWER, ANSWER));
    assert_string_equal(whole_job(w, job.id, USER_BROWSER).step,
                        "identify"); /* nothing of it counted */
    assert_ok(hand_raw(&h, h.key, "step", now, ANSWER, ANSWER), &w->e);
    hand_free(&h);
    hand_free(&other);
}

static void a_request_is_good_once(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    int64_t now = clock_machine();
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_ok(hand_raw(&h, h.key, "step", now, ANSWER, ANSWER), &w->e);
    assert_err(ERR_AGENT_SIGNATURE, hand_raw(&h, h.key, "step", now, ANSWER, ANSWER)); /* copied */
    assert_err(ERR_AGENT_SIGNATURE,
               hand_raw(&h, h.key, "step", now - 1, ANSWER, ANSWER)); /* held back */
    assert_ok(hand_raw(&h, h.key, "step", now + 1, ANSWER, ANSWER), &w->e);
    hand_free(&h);
}

/* The answer was lost: sent again it is answered with where the job is now, and counts no second time. */
static void an_answer_counts_once(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_ok(hand_call(&h, "step", ANSWER), &w->e);
    assert_string_equal(hand_step(&h), "done");
    int64_t version = whole_job(w, job.id, USER_BROWSER).version;
    assert_ok(hand_call(&h, "step", ANSWER), &w->e);
    assert_string_equal(hand_step(&h), "done");
    assert_true(whole_job(w, job.id, USER_BROWSER).version == version);
    hand_free(&h);
}

static void the_same_result_is_answered_the_same(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job_finished done;
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_err(ERR_BAD_REQUEST, hand_call(&h, "result", DONE)); /* nothing was answered yet */
    assert_ok(hand_call(&h, "step", ANSWER), &w->e);
    assert_ok(hand_call(&h, "result", DONE), &w->e);
    const char *finish = arena_text(w->a, json_opt_text(h.last, "finish", "")),
               *code = arena_text(w->a, json_opt_text(h.last, "code", ""));
    assert_true(!strncmp(finish, "p.", 2) && strlen(code) == 6);
    assert_true(json_is_false(json_object_get(h.last, "claimed")));
    assert_ok(hand_call(&h, "result", DONE), &w->e);
    assert_string_equal(json_opt_text(h.last, "finish", ""), finish);
    assert_ok(whole_finish(w, &hall_system, USER_BROWSER, finish, &done), &w->e);
    assert_ok(hand_call(&h, "result", DONE), &w->e);
    assert_true(json_is_true(json_object_get(h.last, "claimed")));
    assert_string_equal(json_opt_text(h.last, "code", ""), code);
    hand_free(&h);
}

/* The agent ended, or its browser was gone, before anybody had the token: what is left is to open the link again. */
static void a_job_whose_token_nobody_has_is_opened_again(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w), other = hand_new(w);
    struct job_finished done;
    struct hall_tx tx;
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER), again;
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_ok(hand_call(&h, "step", ANSWER), &w->e);
    assert_ok(hand_call(&h, "result", DONE), &w->e);
    const char *old = arena_text(w->a, json_opt_text(h.last, "finish", ""));
    hall_write(w->f, &hall_system, &tx);
    assert_err(ERR_NOT_FOUND, job_ticket(&tx, job.id, "another browser", &again, &w->e));
    assert_ok(job_ticket(&tx, job.id, USER_BROWSER, &again, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_err(ERR_JOB_FINISH, whole_finish(w, &hall_system, USER_BROWSER, old, &done));
    assert_ok(hand_fetch(&other, again.ticket, NULL), &w->e);
    assert_ok(hand_call(&other, "step", ANSWER), &w->e);
    assert_ok(hand_call(&other, "result", DONE), &w->e);
    assert_ok(
        whole_finish(w, &hall_system, USER_BROWSER, json_opt_text(other.last, "finish", ""), &done),
        &w->e);
    hand_free(&other);
    hand_free(&h);
}

static void a_finish_that_comes_too_late_is_refused(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job_finished done;
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_ok(hand_call(&h, "step", ANSWER), &w->e);
    assert_ok(hand_call(&h, "result", DONE), &w->e);
    hall_tamper(w->f, "UPDATE job SET finish_until = 1");
    assert_err(ERR_JOB_FINISH, whole_finish(w, &hall_system, USER_BROWSER,
                                            json_opt_text(h.last, "finish", ""), &done));
    assert_int_equal(whole_job(w, job.id, USER_BROWSER).state, JOB_EXPIRED);
    hand_free(&h);
}

static void progress_moves_the_page_only(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_ok(
        hand_call(&h, "step",
                  "{\"step\":\"identify\",\"progress\":{\"state\":\"pulled\",\"serial\":\"" SERIAL
                  "\"}}"),
        &w->e);
    assert_string_equal(hand_step(&h), "identify");
    assert_int_equal(whole_job(w, job.id, USER_BROWSER).state, JOB_PULLED);
    assert_ok(hand_call(&h, "step", "{\"step\":\"identify\",\"progress\":{\"state\":\"working\"}}"),
              &w->e);
    assert_int_equal(whole_job(w, job.id, USER_BROWSER).state, JOB_RUNNING);
    assert_err(
        ERR_BAD_REQUEST,
        hand_call(&h, "step", "{\"step\":\"identify\",\"progress\":{\"state\":\"dancing\"}}"));
    hand_free(&h);
}

static void giving_up_in_the_page_ends_the_agents_loop(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct hall_tx tx;
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    hall_write(w->f, &hall_system, &tx);
    assert_ok(job_cancel(&tx, job.id, USER_BROWSER, &job, &w->e), &w->e);
    hall_done(w->f, &tx);
    assert_ok(hand_call(&h, "step", ANSWER), &w->e);
    assert_string_equal(hand_step(&h), "cancelled");
    assert_string_equal(whole_job(w, job.id, USER_BROWSER).result, "");
    hand_free(&h);
}

/* Its reason is shown; but nobody is signed in here, so nothing is believed about the key (T5 is told by its owner's agent). */
static void a_failure_is_told_with_its_reason(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct hall_tx tx;
    struct ukey k;
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_ok(
        hand_call(
            &h, "result",
            "{\"outcome\":\"failed\",\"step\":\"identify\",\"code\":\"token.locked\",\"keys\":[{\"serial\":\"" SERIAL
            "\",\"user_left\":0,\"user_max\":6,\"admin_left\":10,\"admin_max\":10}]}"),
        &w->e);
    struct job seen = whole_job(w, job.id, USER_BROWSER);
    assert_int_equal(seen.state, JOB_FAILED);
    assert_string_equal(seen.problem, "token.locked");
    hall_read(w->f, &tx);
    assert_ok(ukey_get(&tx, SERIAL, &k, &w->e), &w->e);
    hall_end(&tx);
    assert_true(k.user_left == -1 && k.admin_left == -1);
    hand_free(&h);
}

static void a_failure_code_from_outside_is_not_shown_as_it_comes(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_ok(hand_call(&h, "result",
                        "{\"outcome\":\"failed\",\"step\":\"identify\",\"code\":\"<script>\"}"),
              &w->e);
    assert_string_equal(whole_job(w, job.id, USER_BROWSER).problem, "agent.refused");
    hand_free(&h);
}

static const char *identified(struct whole *w, int keys)
{
    const char *text = "{\"step\":\"identify\",\"data\":{\"keys\":[";
    for (int i = 0; i < keys; i++)
        text = arena_fmt(w->a, "%s%s{\"serial\":\"FX27%08d\",\"state\":\"blank\"}", text,
                         i ? "," : "", i);
    return arena_fmt(w->a, "%s]}}", text);
}

static const char *problem_shown(struct whole *w, const struct job *job)
{
    struct hall_tx tx;
    struct json_out j;
    _auto_json got = NULL;
    _auto_buf b;
    buf_init(&b, 1 << 16);
    jout_init(&j, &b);
    hall_read(w->f, &tx);
    tx.lang = LANG_EN;
    assert_ok(job_write(&tx, job, &j, NULL, &w->e), &w->e);
    hall_end(&tx);
    assert_ok(json_parse(b.p, b.n, &got, &w->e), &w->e);
    return arena_text(w->a, json_opt_text(json_object_get(got, "problem"), "message", ""));
}

/* A bench with a drawer full of them plugged in: the maker is told how many, and what to do. */
static void more_ukeys_than_one_answer_holds_are_told_with_their_number(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    char message[512];
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_err(ERR_JOB_MANY_KEYS, hand_call(&h, "step", identified(w, JOB_KEYS_MAX + 1)));
    err_message(&w->e, LANG_EN, message, sizeof message);
    assert_string_equal(message, "17 UKeys are plugged in; at most 16 can be looked at together. "
                                 "Unplug some and try again.");
    assert_ok(hand_call(&h, "result",
                        "{\"outcome\":\"failed\",\"step\":\"identify\","
                        "\"code\":\"job.many_keys\",\"count\":17}"),
              &w->e);
    struct job seen = whole_job(w, job.id, USER_BROWSER);
    assert_string_equal(problem_shown(w, &seen), message);
    hand_free(&h);
}

static void as_many_ukeys_as_one_answer_holds_are_taken(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    assert_ok(hand_call(&h, "step", identified(w, JOB_KEYS_MAX)), &w->e);
    assert_string_equal(hand_step(&h), "done");
    hand_free(&h);
}

/* The key of the job only, whatever serial the agent tells. */
static void another_ukey_than_the_jobs_is_refused(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job job = whole_produce(w);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    const json_t *about = json_object_get(h.last, "about");
    assert_string_equal(json_opt_text(about, "serial", ""), SERIAL);
    assert_string_equal(json_opt_text(about, "institution", ""), "泉州海丝供应链管理有限公司");
    assert_err(
        ERR_JOB_KEY_OTHER,
        hand_call(
            &h, "step",
            "{\"step\":\"key\",\"data\":{\"key\":{\"serial\":\"FX2600071183\",\"state\":\"blank\"}}}"));
    assert_err(ERR_TOKEN_DAMAGED,
               hand_call(&h, "step",
                         "{\"step\":\"key\",\"data\":{\"key\":{\"serial\":\"" SERIAL
                         "\",\"state\":\"damaged\"}}}"));
    assert_ok(hand_call(&h, "step",
                        "{\"step\":\"key\",\"data\":{\"key\":{\"serial\":\"" SERIAL
                        "\",\"state\":\"blank\"}}}"),
              &w->e);
    assert_string_equal(hand_step(&h), "initialise");
    /* sealed to this job's key, never in clear */
    const json_t *admin = json_object_get(json_object_get(h.last, "data"), "admin");
    assert_int_equal(json_opt_int(admin, "version", 0), 1);
    assert_true(strlen(json_opt_text(admin, "sealed", "")) > 100);
    assert_err(
        ERR_DER_MALFORMED,
        (hand_call(
             &h, "step",
             "{\"step\":\"initialise\",\"data\":{\"admin_version\":1,\"key\":{\"serial\":\"" SERIAL
             "\"}}}") == ERR_OK
             ? hand_call(&h, "step",
                         "{\"step\":\"csr\",\"data\":{\"csr\":\"AAAA\",\"public_key\":\"AAAA\"}}")
             : ERR_INTERNAL));
    hand_free(&h);
}

/* Attach: nothing is kept for the page before the browser has shown that it is the one. */
static void an_attached_agent_is_believed_after_the_browser(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job_finished done;
    struct job job;
    struct job_new n = {.kind = JOB_ATTACH, .browser = USER_BROWSER, .project = P};
    assert_ok(whole_make(w, &w->o.shen, &n, &job), &w->e);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    const char *finish = arena_text(w->a,
                                    json_opt_text(json_object_get(h.last, "data"), "finish", ""));
    assert_true(*finish);
    assert_ok(hand_call(&h, "step", "{\"step\":\"confirm\",\"data\":{}}"), &w->e);
    assert_string_equal(hand_step(&h), "keys");
    assert_ok(hand_call(&h, "step", "{\"step\":\"keys\",\"data\":" KEYS "}"), &w->e);
    assert_string_equal(whole_job(w, job.id, USER_BROWSER).result, "");
    assert_err(ERR_JOB_OTHER_BROWSER,
               whole_finish(w, &w->o.shen, "another browser", finish, &done));
    assert_ok(whole_finish(w, &w->o.shen, USER_BROWSER, finish, &done), &w->e);
    assert_ok(hand_call(&h, "step", "{\"step\":\"keys\",\"data\":" KEYS "}"), &w->e);
    assert_string_equal(hand_step(&h), "keys");
    assert_non_null(strstr(whole_job(w, job.id, USER_BROWSER).result, SERIAL));
    hand_free(&h);
}

/* Nobody who is signed in can fill the table. */
static void jobs_that_nobody_signed_in_begins_are_limited(void **state)
{
    struct whole *w = *state;
    struct job job;
    struct actor nobody = hall_system;
    struct job_new n = {.kind = JOB_LOGIN, .browser = USER_BROWSER, .project = P};
    enum err last = ERR_OK;
    nobody.address = "192.0.2.7";
    for (int i = 0; i < 301 && last == ERR_OK; i++)
        last = whole_make(w, &nobody, &n, &job);
    assert_err(ERR_LIMITED, last);
    nobody.address = "192.0.2.8";
    assert_ok(whole_make(w, &nobody, &n, &job), &w->e);
}

static void jobs_of_a_page_opened_again_die(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct job first = make(w, JOB_LOGIN, USER_BROWSER), second = make(w, JOB_LOGIN, USER_BROWSER);
    assert_err(ERR_TICKET, hand_fetch(&h, first.ticket, NULL));
    assert_ok(hand_fetch(&h, second.ticket, NULL), &w->e);
    hand_free(&h);
}

static void a_job_has_an_end(void **state)
{
    struct whole *w = *state;
    struct hand h = hand_new(w);
    struct hall_tx tx;
    struct job job = make(w, JOB_IDENTIFY, USER_BROWSER);
    assert_ok(hand_fetch(&h, job.ticket, NULL), &w->e);
    hall_tamper(w->f, "UPDATE job SET ends_at = made_at - 1");
    assert_ok(hand_call(&h, "step", ANSWER), &w->e);
    assert_string_equal(hand_step(&h), "cancelled");
    assert_int_equal(whole_job(w, job.id, USER_BROWSER).state, JOB_EXPIRED);
    hall_write(w->f, &hall_system, &tx);
    assert_err(ERR_JOB_OVER, job_ticket(&tx, job.id, USER_BROWSER, &job, &w->e));
    hall_end(&tx);
    hall_tamper(w->f, "UPDATE job SET ends_at = 1");
    hall_write(w->f, &hall_system, &tx);
    assert_ok(job_prune(&tx, &w->e), &w->e);
    assert_err(ERR_NOT_FOUND, job_get(&tx, job.id, USER_BROWSER, &job, &w->e));
    hall_done(w->f, &tx);
    hand_free(&h);
}

/* Job of docs/openapi.yaml: link and code stand in the answer that made them and in no other. */
static void link_and_code_are_shown_once(void **state)
{
    struct whole *w = *state;
    struct hall_tx tx;
    struct job job = make(w, JOB_LOGIN, USER_BROWSER), seen = whole_job(w, job.id, USER_BROWSER);
    const struct job *shown[] = {&job, &seen};
    hall_read(w->f, &tx);
    for (int i = 0; i < 2; i++) {
        struct json_out j;
        _auto_json got = NULL;
        _auto_buf b;
        buf_init(&b, 65536);
        jout_init(&j, &b);
        assert_ok(job_write(&tx, shown[i], &j, NULL, &w->e), &w->e);
        assert_ok(json_parse(b.p, b.n, &got, &w->e), &w->e);
        assert_string_equal(json_opt_text(got, "state", ""), "waiting");
        if (i == 0) {
            assert_string_equal(json_opt_text(got, "link", ""),
                                arena_fmt(w->a, "certhall:bench-7/%s", job.ticket));
            assert_int_equal(strlen(json_opt_text(got, "short_code", "")), 9);
        } else {
            assert_null(json_object_get(got, "link"));
            assert_null(json_object_get(got, "short_code"));
        }
        assert_int_equal(json_array_size(json_object_get(got, "steps")), 2);
    }
    hall_end(&tx);
}

static void a_serial_that_is_none_is_not_asked_for_at_the_ca(void **state)
{
    struct whole *w = *state;
    int64_t seq;
    static const char *const serials[] = {"", "../trust", "91AB", "91ab/revoke"};
    for (size_t i = 0; i < sizeof serials / sizeof *serials; i++) {
        struct ca_status_change in = {.change = "hold", .serial = serials[i], .actor = "许建民"};
        assert_err(ERR_NOT_FOUND, ca_client_change(w->h->ca, &in, &seq, &w->e));
        assert_string_equal(w->e.detail, "not a serial");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WHOLE(a_ticket_is_good_once),
        WHOLE(a_serial_that_is_none_is_not_asked_for_at_the_ca),
        WHOLE(a_ticket_lasts_two_minutes_and_a_code_five),
        WHOLE(a_code_is_mended_and_limited),
        WHOLE(a_new_link_kills_the_old_one_and_the_agent_bound_to_it),
        WHOLE(every_request_is_signed_by_the_jobs_key),
        WHOLE(a_request_is_good_once),
        WHOLE(an_answer_counts_once),
        WHOLE(the_same_result_is_answered_the_same),
        WHOLE(a_job_whose_token_nobody_has_is_opened_again),
        WHOLE(a_finish_that_comes_too_late_is_refused),
        WHOLE(progress_moves_the_page_only),
        WHOLE(giving_up_in_the_page_ends_the_agents_loop),
        WHOLE(a_failure_is_told_with_its_reason),
        WHOLE(a_failure_code_from_outside_is_not_shown_as_it_comes),
        WHOLE(more_ukeys_than_one_answer_holds_are_told_with_their_number),
        WHOLE(as_many_ukeys_as_one_answer_holds_are_taken),
        WHOLE(another_ukey_than_the_jobs_is_refused),
        WHOLE(an_attached_agent_is_believed_after_the_browser),
        WHOLE(jobs_that_nobody_signed_in_begins_are_limited),
        WHOLE(jobs_of_a_page_opened_again_die),
        WHOLE(a_job_has_an_end),
        WHOLE(link_and_code_are_shown_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
