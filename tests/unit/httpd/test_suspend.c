/* Answers that come later: who waits for them, what they count as, and in which order things may happen. */
#include "client.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

enum { MANY = 6 };

struct app {
    sem_t suspended;
    struct httpd_request *_Atomic waiting[MANY]; /* in the order of coming */
    atomic_int n, finished;
};

static enum err finish_well(struct httpd_request *r, struct httpd_reply *reply, void *arg,
                            struct err_info *e)
{
    (void)e;
    struct app *a = arg;
    atomic_fetch_add(&a->finished, 1);
    buf_fmt(&reply->body, "{\"of\":\"%s\"}", httpd_query(r, "of") ? httpd_query(r, "of") : "");
    return ERR_OK;
}

static enum err finish_badly(struct httpd_request *r, struct httpd_reply *reply, void *arg,
                             struct err_info *e)
{
    (void)r, (void)arg;
    buf_text(&reply->body, "half of an answ");
    return err_set(e, ERR_NOT_FOUND, "thing", NULL);
}

static enum err wait_for(struct httpd_request *r, struct app *a, httpd_handler finish)
{
    httpd_suspend(r, finish, a);
    atomic_store(&a->waiting[atomic_fetch_add(&a->n, 1)], r);
    sem_post(&a->suspended);
    return ERR_OK;
}

static enum err later(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)reply, (void)e;
    return wait_for(r, app, finish_well);
}

static enum err later_and_badly(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                struct err_info *e)
{
    (void)reply, (void)e;
    return wait_for(r, app, finish_badly);
}

static enum err resumed_before_it_is_through(struct httpd_request *r, struct httpd_reply *reply,
                                             void *app, struct err_info *e)
{
    (void)reply, (void)e;
    httpd_suspend(r, finish_well, app);
    httpd_resume(r);
    nanosleep(&(struct timespec){0, 100 * 1000000}, NULL);
    assert_int_equal(((struct app *)app)->finished, 0);
    return ERR_OK;
}

static enum err again(struct httpd_request *r, struct httpd_reply *reply, void *arg,
                      struct err_info *e)
{
    (void)reply, (void)e;
    httpd_suspend(r, finish_well, arg);
    httpd_resume(r);
    return ERR_OK;
}

static enum err later_twice(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    (void)reply, (void)e;
    return wait_for(r, app, again);
}

static enum err fails_after_all(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                struct err_info *e)
{
    (void)reply;
    httpd_suspend(r, finish_well, app);
    return err_set(e, ERR_NOT_FOUND, "thing", NULL);
}

static enum err quick(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)r, (void)app, (void)e;
    buf_text(&reply->body, "{}");
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"GET", "/later", later, 0, 0, 0},
    {"GET", "/badly", later_and_badly, 0, 0, 0},
    {"GET", "/early", resumed_before_it_is_through, 0, 0, 0},
    {"GET", "/twice", later_twice, 0, 0, 0},
    {"GET", "/fails", fails_after_all, 0, 0, 0},
    {"GET", "/quick", quick, 0, 0, 0},
};

static struct httpd *start(const struct httpd_options *o, struct app *app)
{
    struct err_info e;
    struct httpd *s = httpd_new(o);
    sem_init(&app->suspended, 0, 0);
    httpd_mount(s, routes, sizeof routes / sizeof *routes, NULL, app);
    assert_ok(httpd_listen(s, &(struct httpd_listen){.host = "127.0.0.1"}, &e), &e);
    assert_ok(httpd_start(s, &e), &e);
    return s;
}

static const struct httpd_options one_worker = {.workers = 1};

/* A request that waits now: the nth. */
static int begin_waiting(struct httpd *s, struct app *app, const char *what)
{
    int fd = begin(httpd_port(s, 0), what, "");
    while (sem_wait(&app->suspended) != 0 && errno == EINTR)
        ;
    return fd;
}

static void go_on(struct app *app, int i)
{
    httpd_resume(atomic_load(&app->waiting[i]));
}

static void is_answered_with(int fd, int status, const char *text)
{
    char got[4096];
    assert_int_equal(finish(fd, got, sizeof got), status);
    assert_non_null(strstr(got, text));
}

static void who_waits_holds_no_worker(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&one_worker, &app);
    int fd[] = {begin_waiting(s, &app, "GET /later?of=a"),
                begin_waiting(s, &app, "GET /later?of=b"),
                begin_waiting(s, &app, "GET /later?of=c")};
    is_answered(begin(httpd_port(s, 0), "GET /quick", ""));
    assert_int_equal(app.finished, 0);
    go_on(&app, 1);
    is_answered_with(fd[1], 200, "{\"of\":\"b\"}");
    assert_int_equal(app.finished, 1);
    go_on(&app, 2);
    go_on(&app, 0);
    is_answered_with(fd[0], 200, "{\"of\":\"a\"}");
    is_answered_with(fd[2], 200, "{\"of\":\"c\"}");
}

static void the_rest_begins_only_when_the_handler_is_through(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&(struct httpd_options){.workers = 4}, &app);
    is_answered_with(begin(httpd_port(s, 0), "GET /early?of=me", ""), 200, "{\"of\":\"me\"}");
}

static void the_rest_may_suspend_again(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&one_worker, &app);
    int fd = begin_waiting(s, &app, "GET /twice?of=two");
    go_on(&app, 0);
    is_answered_with(fd, 200, "{\"of\":\"two\"}");
}

static void an_error_of_the_handler_is_the_answer(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&one_worker, &app);
    is_answered_with(begin(httpd_port(s, 0), "GET /fails", ""), 404, "\"field\":\"thing\"");
    is_answered(begin(httpd_port(s, 0), "GET /quick", ""));
}

static void an_error_of_the_rest_is_the_answer(void **state)
{
    (void)state;
    struct app app = {0};
    char got[4096];
    _auto(httpd) s = start(&one_worker, &app);
    int fd = begin_waiting(s, &app, "GET /badly");
    go_on(&app, 0);
    assert_int_equal(finish(fd, got, sizeof got), 404);
    assert_non_null(strstr(got, "\"field\":\"thing\""));
    assert_null(strstr(got, "half"));
}

static void who_waits_counts_in_the_queue(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&(struct httpd_options){.workers = 1, .queue_max = 2}, &app);
    int fd[] = {begin_waiting(s, &app, "GET /later"), begin_waiting(s, &app, "GET /later")};
    is_refused(begin(httpd_port(s, 0), "GET /quick", ""));
    go_on(&app, 0);
    is_answered(fd[0]);
    is_answered(begin(httpd_port(s, 0), "GET /quick", ""));
    go_on(&app, 1);
    is_answered(fd[1]);
}

static void who_has_hung_up_is_finished_all_the_same(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&one_worker, &app);
    close(begin_waiting(s, &app, "GET /later"));
    go_on(&app, 0);
    is_answered(begin(httpd_port(s, 0), "GET /quick", ""));
    assert_int_equal(app.finished, 1);
}

static void *resume_soon(void *arg)
{
    nanosleep(&(struct timespec){0, 300 * 1000000}, NULL);
    go_on(arg, 1);
    go_on(arg, 0);
    return NULL;
}

static void the_end_waits_for_those_who_wait(void **state)
{
    (void)state;
    struct app app = {0};
    pthread_t thread;
    _auto(httpd) s = start(&(struct httpd_options){.workers = 3}, &app);
    int fd[] = {begin_waiting(s, &app, "GET /later?of=x"),
                begin_waiting(s, &app, "GET /later?of=y")};
    assert_int_equal(pthread_create(&thread, NULL, resume_soon, &app), 0);
    httpd_stop(s);
    assert_int_equal(app.finished, 2);
    is_answered_with(fd[0], 200, "{\"of\":\"x\"}");
    is_answered_with(fd[1], 200, "{\"of\":\"y\"}");
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_holds_no_worker),
        cmocka_unit_test(the_rest_begins_only_when_the_handler_is_through),
        cmocka_unit_test(the_rest_may_suspend_again),
        cmocka_unit_test(an_error_of_the_handler_is_the_answer),
        cmocka_unit_test(an_error_of_the_rest_is_the_answer),
        cmocka_unit_test(who_waits_counts_in_the_queue),
        cmocka_unit_test(who_has_hung_up_is_finished_all_the_same),
        cmocka_unit_test(the_end_waits_for_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
