/* The first PIN (requirements 10.5 T4, 10.7 U4b, S3-38): rotate first, resume with at most one wrong admin try. */
#include "world.h"

#include <string.h>
#include <unistd.h>

/* flag: 1 = the release was made before (resume) */
static const char *play_activate(struct world *w, const char *answered, const json_t *data,
                                 struct json_out *out)
{
    if (!*answered)
        return "key";
    if (!strcmp(answered, "key")) {
        world_seal(w, out, "current", 1, "ADMIN-one-1");
        world_seal(w, out, "next", 2, "ADMIN-two-2");
        jout_bool(out, "resume", w->flag);
        return "first_pin";
    }
    if (!strcmp(answered, "first_pin")) {
        buf_fmt(&w->note, "v%d ", (int)json_opt_int(data, "admin_version", 0));
        jout_text(out, "challenge", w->challenge);
        return "test";
    }
    if (world_check(w, data, world_bytes(w, data, "certificate"), "activate", ORDER, NULL) ==
        ERR_OK)
        buf_text(&w->note, "proved");
    return "done";
}

static void ready(struct world *w)
{
    w->kind = "activate";
    w->next = play_activate;
    world_key(w, w->keys, SERIAL, 1);
    world_answers(w, "pin Mine-2468\npin Mine-2468\n");
}

static void assert_activated(struct world *w)
{
    assert_string_equal(w->outcome, "done");
    assert_string_equal(buf_cstr(&w->note), "v2 proved");
    struct token_info info = world_info(w, w->keys, SERIAL);
    assert_int_equal(info.first_pin, 0);
    assert_int_equal(info.admin_left, info.admin_max);
    assert_err(ERR_OK, world_try_pin(w, w->keys, SERIAL, "Mine-2468"));
    assert_err(ERR_OK, world_try_admin(w, w->keys, SERIAL, "ADMIN-two-2"));
    assert_err(ERR_TOKEN_PIN_WRONG, world_try_admin(w, w->keys, SERIAL, "ADMIN-one-1"));
}

static void the_user_sets_the_first_pin_and_the_admin_pin_is_rotated(void **state)
{
    struct world *w = *state;
    ready(w);
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_activated(w);
    assert_null(memmem(w->traffic.p, w->traffic.n, "Mine-2468", 9));
    assert_null(memmem(w->traffic.p, w->traffic.n, "ADMIN-", 6));
}

/* Broken after the rotation: the key has v+1 already. */
static void rotate(struct world *w)
{
    struct token_place *p;
    struct token *t;
    struct token_pin one = world_pin("ADMIN-one-1"), two = world_pin("ADMIN-two-2");
    world_place(w, w->keys, &p);
    assert_ok(token_open(p, SERIAL, &t, &w->e), &w->e);
    assert_ok(token_change_pin(t, TOKEN_ADMIN, &one, &two, &w->e), &w->e);
    token_free(t);
    token_place_free(p);
}

static void a_broken_activation_is_resumed_with_the_rotated_pin(void **state)
{
    struct world *w = *state;
    ready(w);
    rotate(w);
    w->flag = 1;
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_activated(w);
}

static void a_resume_that_never_rotated_finds_the_old_pin(void **state)
{
    struct world *w = *state;
    ready(w);
    w->flag = 1;
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_activated(w);
}

static void a_rotated_key_without_the_word_resume_is_found_too(void **state)
{
    struct world *w = *state;
    ready(w);
    rotate(w);
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_activated(w);
}

static const char *play_half_a_release(struct world *w, const char *answered, const json_t *data,
                                       struct json_out *out)
{
    (void)data;
    if (!*answered)
        return "key";
    jout_object(out, "current");
    if (w->flag)
        jout_int(out, "version", 1);
    jout_end(out);
    return "first_pin";
}

static void half_a_release_fails_the_job_and_leaves_the_key_alone(void **state)
{
    struct world *w = *state;
    ready(w);
    w->next = play_half_a_release;
    for (w->flag = 0; w->flag < 2; w->flag++) {
        assert_int_equal(world_run(w).outcome, JOB_FAILED);
        assert_string_equal(w->code, "request.bad");
    }
    assert_err(ERR_OK, world_try_admin(w, w->keys, SERIAL, "ADMIN-one-1"));
    assert_int_equal(world_info(w, w->keys, SERIAL).first_pin, 1);
}

/* U4b: refuses at ≤ 3 left */
static void few_admin_tries_left_are_not_spent(void **state)
{
    struct world *w = *state;
    ready(w);
    for (int i = 0; i < 7; i++)
        assert_err(ERR_TOKEN_PIN_WRONG, world_try_admin(w, w->keys, SERIAL, "not-the-admin"));
    assert_int_equal(world_info(w, w->keys, SERIAL).admin_left, 3);
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_string_equal(w->code, "agent.admin_tries");
    assert_int_equal(world_info(w, w->keys, SERIAL).admin_left, 3);
}

static void a_person_who_stops_changes_nothing(void **state)
{
    struct world *w = *state;
    ready(w);
    world_answers(w, "pin Mine-2468\ncancel\n");
    assert_int_equal(world_run(w).outcome, JOB_CANCELLED);
    assert_err(ERR_OK, world_try_admin(w, w->keys, SERIAL, "ADMIN-one-1"));
    assert_int_equal(world_info(w, w->keys, SERIAL).first_pin, 1);
}

static void pull_and_plug(struct world *w, const char *state)
{
    char *file = arena_fmt(w->a, "%s/%s.ukey", w->keys, SERIAL);
    char *away = arena_fmt(w->a, "%s/away", w->folder);
    if (!strcmp(state, "asking_pin") && !w->flag) {
        w->flag = 1;
        rename(file, away);
    } else if (!strcmp(state, "pulled")) {
        buf_text(&w->note, "pulled ");
        rename(away, file);
    }
}

static void a_pulled_key_goes_on_when_it_is_plugged_in_again(void **state)
{
    struct world *w = *state;
    ready(w);
    w->on_progress = pull_and_plug;
    assert_int_equal(world_run(w).outcome, JOB_DONE);
    assert_memory_equal(w->note.p, "pulled ", 7);
    assert_err(ERR_OK, world_try_pin(w, w->keys, SERIAL, "Mine-2468"));
    /* The PIN was not asked a second time. */
    assert_non_null(strstr(world_dialogues(w), "GETPIN"));
    assert_string_equal(w->outcome, "done");
}

/* A seal for another UKey, order or version does not open. */
static const char *play_foreign(struct world *w, const char *answered, const json_t *data,
                                struct json_out *out)
{
    (void)data;
    if (!*answered)
        return "key";
    world_seal(w, out, "current", 1, "ADMIN-one-1");
    world_seal(w, out, "next", 5, "ADMIN-two-2");
    return "first_pin";
}

static void a_next_version_that_is_not_the_next_is_refused(void **state)
{
    struct world *w = *state;
    ready(w);
    w->next = play_foreign;
    assert_int_equal(world_run(w).outcome, JOB_FAILED);
    assert_string_equal(w->code, "agent.refused");
    assert_err(ERR_OK, world_try_admin(w, w->keys, SERIAL, "ADMIN-one-1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(the_user_sets_the_first_pin_and_the_admin_pin_is_rotated),
        WORLD(a_broken_activation_is_resumed_with_the_rotated_pin),
        WORLD(a_resume_that_never_rotated_finds_the_old_pin),
        WORLD(a_rotated_key_without_the_word_resume_is_found_too),
        WORLD(few_admin_tries_left_are_not_spent),
        WORLD(half_a_release_fails_the_job_and_leaves_the_key_alone),
        WORLD(a_person_who_stops_changes_nothing),
        WORLD(a_pulled_key_goes_on_when_it_is_plugged_in_again),
        WORLD(a_next_version_that_is_not_the_next_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
