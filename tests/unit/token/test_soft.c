/* The soft driver where the power fails, a disk refuses, two processes meet, or somebody altered the file. */
#include "scratch.h"
#include "testing.h"

#include "base/sys.h"
#include "token/soft.h"
#include "token/soft_priv.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERIAL "FX2600071182"
enum { TRIES = 6 };

struct world {
    char folder[64], file[128];
    struct token_place *place;
    struct token *token;
    struct arena *a;
    struct err_info e;
};

static struct token_pin pin(const char *text)
{
    struct token_pin p;
    struct err_info e;
    assert_ok(token_pin_set(&p, text, &e), &e);
    return p;
}

static void open_handles(struct world *w)
{
    assert_ok(token_soft_place(w->folder, &w->place, &w->e), &w->e);
    token_soft_folder(w->place)->memory_kib = 8;
    token_soft_folder(w->place)->passes = 1;
    assert_ok(token_open(w->place, SERIAL, &w->token, &w->e), &w->e);
}

static void close_handles(struct world *w)
{
    token_free(w->token);
    token_place_free(w->place);
    w->token = NULL;
    w->place = NULL;
}

static int setup(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    struct token_pin admin = pin("ADMIN-one-1"), user = pin("right-pin-1");
    struct token_initialise how = {
        .label = "x", .admin = &admin, .user = &user, .admin_tries = TRIES, .user_tries = TRIES};
    snprintf(w->folder, sizeof w->folder, "/tmp/certhall-soft-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->file, sizeof w->file, "%s/%s.ukey", w->folder, SERIAL);
    w->a = arena_new();
    assert_ok(token_soft_create_blank(w->folder, SERIAL, &w->e), &w->e);
    open_handles(w);
    assert_ok(token_initialise(w->token, &how, &w->e), &w->e);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    close_handles(w);
    int failed = scratch_remove(w->folder);
    arena_free(w->a);
    free(w);
    return failed;
}

static struct soft_image image(struct world *w)
{
    struct soft_image im;
    assert_ok(soft_folder_read(token_soft_folder(w->place), w->a, SERIAL ".ukey", &im, &w->e),
              &w->e);
    return im;
}

/* ---- killed at a boundary ---- */

struct killer {
    int after; /* boundaries still to be passed */
};

static int kill_at(void *self, enum soft_step step)
{
    struct killer *k = self;
    (void)step;
    if (k->after-- == 0)
        kill(getpid(), SIGKILL);
    return 0;
}

typedef enum err act(struct world *w);

/* In a child that is killed at the n-th boundary: 1 when it was, 0 when the act ended before. *outcome is what the act
 * answered, -1 when it could not answer any more. */
static int killed(struct world *w, act *what, int boundary, int *outcome)
{
    int pipes[2];
    int status;
    *outcome = -1;
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct killer k = {boundary};
        token_soft_folder(w->place)->hook = (struct soft_hook){kill_at, &k};
        int answer = (int)what(w);
        _exit(write(pipes[1], &answer, sizeof answer) != sizeof answer);
    }
    close(pipes[1]);
    if (read(pipes[0], outcome, sizeof *outcome) != sizeof *outcome)
        *outcome = -1;
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static enum err wrong_login(struct world *w)
{
    struct token_pin p = pin("wrong-pin-1");
    return token_login(w->token, &p, &w->e);
}

static enum err right_login(struct world *w)
{
    struct token_pin p = pin("right-pin-1");
    return token_login(w->token, &p, &w->e);
}

static enum err wrong_unblock(struct world *w)
{
    struct token_pin p = pin("wrong-pin-1"), user = pin("right-pin-1");
    return token_unblock(w->token, &p, &user, &w->e);
}

/* However often the plug is pulled, tries never come back by it, and no more answers come than tries are used. */
static void pulled_plugs_give_no_tries_back(void **state)
{
    struct world *w = *state;
    int left = TRIES, answers = 0, kills = 0;
    for (int round = 0; left > 0; round++) {
        int outcome;
        assert_true(round < 200);
        kills += killed(w, wrong_login, round % (SOFT_STEPS + 1), &outcome);
        struct soft_image im = image(w);
        assert_true(im.user_left <= left);
        left = im.user_left;
        answers += outcome >= 0;
        assert_true(answers <= TRIES - left);
    }
    assert_true(kills > TRIES);
    assert_err(ERR_TOKEN_LOCKED, right_login(w));
}

static void pulled_plugs_give_no_admin_tries_back(void **state)
{
    struct world *w = *state;
    int left = TRIES, answers = 0;
    for (int round = 0; left > 0; round++) {
        int outcome;
        assert_true(round < 200);
        killed(w, wrong_unblock, round % (SOFT_STEPS + 1), &outcome);
        struct soft_image im = image(w);
        assert_true(im.admin_left <= left);
        left = im.admin_left;
        answers += outcome >= 0;
        assert_true(answers <= TRIES - left);
    }
}

/* The try is on the disk before the PIN is looked at: a disk that refuses makes the right PIN useless too. */
static int refuse_sync(void *self, enum soft_step step)
{
    (void)self;
    return step == SOFT_STEP_WRITTEN;
}

static void no_pin_is_compared_when_its_try_cannot_be_written(void **state)
{
    struct world *w = *state;
    struct bytes sig;
    token_soft_folder(w->place)->hook = (struct soft_hook){refuse_sync, NULL};
    assert_err(ERR_IO, right_login(w));
    assert_err(ERR_IO, wrong_login(w));
    token_soft_folder(w->place)->hook = (struct soft_hook){0};
    assert_err(ERR_TOKEN_LOGIN, token_generate(w->token, "one", TOKEN_P256, &w->e));
    assert_err(ERR_TOKEN_NO_KEY, token_sign(w->token, "one", (struct bytes){0}, w->a, &sig, &w->e));
    assert_int_equal(image(w).user_left, TRIES);
}

/* ---- every change: the old image or the new one ---- */

static enum err generate(struct world *w)
{
    TRY(right_login(w));
    return token_generate(w->token, "one", TOKEN_P256, &w->e);
}

static enum err write_note(struct world *w)
{
    TRY(right_login(w));
    return token_object_write(w->token, "note", (struct bytes){(const uint8_t *)"new", 3}, &w->e);
}

static enum err unblock(struct world *w)
{
    struct token_pin p = pin("ADMIN-one-1"), user = pin("second-pin-2");
    return token_unblock(w->token, &p, &user, &w->e);
}

static enum err rotate(struct world *w)
{
    struct token_pin p = pin("ADMIN-one-1"), next = pin("ADMIN-two-2");
    return token_change_pin(w->token, TOKEN_ADMIN, &p, &next, &w->e);
}

static enum err again(struct world *w)
{
    struct token_pin admin = pin("ADMIN-one-1"), user = pin("second-pin-2");
    struct token_initialise how = {
        .label = "y", .admin = &admin, .user = &user, .admin_tries = TRIES, .user_tries = TRIES};
    return token_initialise(w->token, &how, &w->e);
}

/* A key that can be used whatever happened: one of the two PINs opens it, and it makes keys. */
static void assert_whole(struct world *w)
{
    struct token_pin one = pin("right-pin-1"), two = pin("second-pin-2");
    struct bytes sig;
    if (token_login(w->token, &one, &w->e) != ERR_OK)
        assert_ok(token_login(w->token, &two, &w->e), &w->e);
    enum err err = token_generate(w->token, "after", TOKEN_P256, &w->e);
    assert_true(err == ERR_OK || err == ERR_TOKEN_EXISTS);
    assert_ok(token_sign(w->token, "after", (struct bytes){0}, w->a, &sig, &w->e), &w->e);
}

static void a_killed_change_leaves_the_old_or_the_new_image_whole(void **state)
{
    struct world *w = *state;
    act *const acts[] = {generate, write_note, unblock, rotate, again};
    struct bytes before;
    close_handles(w);
    assert_ok(file_read(w->a, w->file, SOFT_IMAGE_MAX, &before, &w->e), &w->e);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        int outcome, hit = 1;
        for (int boundary = 0; hit; boundary++) {
            assert_true(boundary < 10 * SOFT_STEPS);
            assert_ok(file_replace(w->file, before, 0600, &w->e), &w->e);
            open_handles(w);
            hit = killed(w, acts[i], boundary, &outcome);
            if (!hit)
                assert_int_equal(outcome, ERR_OK);
            assert_whole(w);
            close_handles(w);
        }
    }
    open_handles(w);
}

/* What a kill leaves beside the image does not disturb, and does not stay. */
static void the_side_file_of_a_killed_write_is_no_key(void **state)
{
    struct world *w = *state;
    struct token_info *list;
    size_t n;
    int outcome;
    assert_true(killed(w, wrong_login, SOFT_STEP_HALF, &outcome));
    assert_ok(token_list(w->place, w->a, &list, &n, &w->e), &w->e);
    assert_int_equal(n, 1);
    assert_err(ERR_OK, right_login(w));
    assert_int_not_equal(access(arena_fmt(w->a, "%s/.%s.ukey.new", w->folder, SERIAL), F_OK), 0);
}

/* ---- two at once ---- */

static void two_processes_lose_nothing_of_each_other(void **state)
{
    struct world *w = *state;
    pid_t pid[2];
    struct bytes got;
    for (int p = 0; p < 2; p++) {
        pid[p] = fork();
        if (pid[p] == 0) {
            close_handles(w); /* the lock belongs to the open file, which fork shares */
            open_handles(w);
            int failed = right_login(w) != ERR_OK;
            for (int i = 0; i < 4; i++)
                failed |= token_object_write(w->token, arena_fmt(w->a, "o%d%d", p, i),
                                             (struct bytes){(const uint8_t *)"x", 1},
                                             &w->e) != ERR_OK;
            _exit(failed);
        }
    }
    for (int p = 0; p < 2; p++) {
        int status;
        assert_int_equal(waitpid(pid[p], &status, 0), pid[p]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < 4; i++)
            assert_ok(
                token_object_read(w->token, arena_fmt(w->a, "o%d%d", p, i), w->a, &got, &w->e),
                &w->e);
}

/* ---- altered files ---- */

static void store_image(struct world *w, struct soft_image *im)
{
    struct bytes file;
    assert_ok(soft_image_write(w->a, im, &file, &w->e), &w->e);
    assert_ok(file_replace(w->file, file, 0600, &w->e), &w->e);
}

static void altered_content_is_found_at_the_login(void **state)
{
    struct world *w = *state;
    assert_err(ERR_OK, generate(w));
    struct soft_image good = image(w), im = good;
    im.user_max = TOKEN_TRIES_MAX;
    store_image(w, &im);
    assert_err(ERR_TOKEN_DAMAGED, right_login(w));
    im = good;
    snprintf(im.key[0].name, sizeof im.key[0].name, "other");
    store_image(w, &im);
    assert_err(ERR_TOKEN_DAMAGED, right_login(w));
    im = good;
    im.first_pin = 0;
    store_image(w, &im);
    assert_err(ERR_TOKEN_DAMAGED, unblock(w));
    store_image(w, &good);
    assert_err(ERR_OK, right_login(w));
}

static void a_torn_file_is_listed_as_damaged_and_not_opened(void **state)
{
    struct world *w = *state;
    struct token_info *list;
    struct token *other = NULL;
    size_t n;
    assert_int_equal(truncate(w->file, 100), 0);
    assert_ok(token_list(w->place, w->a, &list, &n, &w->e), &w->e);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].state, TOKEN_STATE_DAMAGED);
    assert_string_equal(list[0].serial, SERIAL);
    assert_err(ERR_TOKEN_DAMAGED, token_open(w->place, SERIAL, &other, &w->e));
    assert_err(ERR_TOKEN_DAMAGED, right_login(w));
}

static void a_copy_beside_the_key_makes_both_refused(void **state)
{
    struct world *w = *state;
    struct bytes file;
    struct token *other = NULL;
    assert_ok(file_read(w->a, w->file, SOFT_IMAGE_MAX, &file, &w->e), &w->e);
    assert_ok(file_replace(arena_fmt(w->a, "%s/copy.ukey", w->folder), file, 0600, &w->e), &w->e);
    assert_err(ERR_TOKEN_DAMAGED, token_open(w->place, SERIAL, &other, &w->e));
}

static void a_blank_key_does_not_replace_one_that_is_there(void **state)
{
    struct world *w = *state;
    assert_err(ERR_TOKEN_EXISTS, token_soft_create_blank(w->folder, SERIAL, &w->e));
    assert_err(ERR_OK, right_login(w));
    assert_err(ERR_BAD_REQUEST, token_soft_create_blank(w->folder, "../evil", &w->e));
}

/* The secrets are in the file only as ciphertext. */
static void neither_pin_nor_private_key_stands_in_the_file(void **state)
{
    struct world *w = *state;
    struct bytes file;
    assert_err(ERR_OK, generate(w));
    assert_ok(file_read(w->a, w->file, SOFT_IMAGE_MAX, &file, &w->e), &w->e);
    assert_null(memmem(file.p, file.n, "right-pin-1", 11));
    assert_null(memmem(file.p, file.n, "ADMIN-one-1", 11));
    /* PKCS#8 of a P-256 key: INTEGER 1, OCTET STRING of 32 */
    assert_null(memmem(file.p, file.n, "\x02\x01\x01\x04\x20", 5));
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(pulled_plugs_give_no_tries_back),
        WORLD(pulled_plugs_give_no_admin_tries_back),
        WORLD(no_pin_is_compared_when_its_try_cannot_be_written),
        WORLD(a_killed_change_leaves_the_old_or_the_new_image_whole),
        WORLD(the_side_file_of_a_killed_write_is_no_key),
        WORLD(two_processes_lose_nothing_of_each_other),
        WORLD(altered_content_is_found_at_the_login),
        WORLD(a_torn_file_is_listed_as_damaged_and_not_opened),
        WORLD(a_copy_beside_the_key_makes_both_refused),
        WORLD(a_blank_key_does_not_replace_one_that_is_there),
        WORLD(neither_pin_nor_private_key_stands_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
