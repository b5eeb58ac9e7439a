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
    sem_t entered, leave;                        /* of who finishes together */
    atomic_int n, finished, too_early;
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

static enum err wait_for(struct httpd_request *r, struct app *a, httpd_handler rest)
{
    httpd_suspend(r, rest, a);
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
    struct app *a = app;
    httpd_suspend(r, finish_well, app);
    httpd_resume(r);
    nanosleep(&(struct timespec){0, 100 * 1000000}, NULL);
    atomic_store(&a->too_early, atomic_load(&a->finished));
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

/* Says that it is there, and goes when it may. */
static enum err finish_when_told(struct httpd_request *r, struct httpd_reply *reply, void *arg,
                                 struct err_info *e)
{
    struct app *a = arg;
    sem_post(&a->entered);
    sem_wait(&a->leave);
    return finish_well(r, reply, arg, e);
}

static enum err later_when_told(struct httpd_request *r, struct httpd_reply *reply, void *app,
                                struct err_info *e)
{
    (void)reply, (void)e;
    return wait_for(r, app, finish_when_told);
}

static enum err hold(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    return finish_when_told(r, reply, app, e);
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
    {"GET", "/hold", hold, 0, 0, 0},
    {"GET", "/told", later_when_told, 0, 0, 0},
    {"GET", "/heavy", later_when_told, 0, 0, HTTPD_HEAVY},
};

static struct httpd *start_at(const struct httpd_options *o, const struct httpd_listen *l, size_t n,
                              struct app *app)
{
    struct err_info e;
    struct httpd *s = httpd_new(o);
    sem_init(&app->suspended, 0, 0);
    sem_init(&app->entered, 0, 0);
    sem_init(&app->leave, 0, 0);
    httpd_mount(s, routes, sizeof routes / sizeof *routes, NULL, app);
    for (size_t i = 0; i < n; i++)
        assert_ok(httpd_listen(s, &l[i], &e), &e);
    assert_ok(httpd_start(s, &e), &e);
    return s;
}

static struct httpd *start(const struct httpd_options *o, struct app *app)
{
    return start_at(o, &(struct httpd_listen){.host = "127.0.0.1"}, 1, app);
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
    assert_int_equal(app.too_early, 0);
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
    nanosleep(&(struct timespec){0, 200 * 1000000}, NULL); /* the handler is through */
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

static int entered_within(struct app *app, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return sem_timedwait(&app->entered, &until) == 0;
}

static void all_who_are_resumed_at_once_find_a_worker_each(void **state)
{
    (void)state;
    enum { ALL = 4 };
    struct app app = {0};
    int fd[ALL];
    _auto(httpd) s = start(&(struct httpd_options){.workers = ALL}, &app);
    for (int i = 0; i < ALL; i++)
        fd[i] = begin_waiting(s, &app, "GET /told");
    nanosleep(&(struct timespec){0, 200 * 1000000}, NULL); /* all workers sleep */
    for (int i = 0; i < ALL; i++)
        go_on(&app, i);
    for (int i = 0; i < ALL; i++)
        assert_true(entered_within(&app, 5000)); /* none of them has been let go */
    for (int i = 0; i < ALL; i++)
        sem_post(&app.leave);
    for (int i = 0; i < ALL; i++)
        is_answered(fd[i]);
}

static void who_is_resumed_comes_before_who_is_new(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&one_worker, &app);
    int old = begin_waiting(s, &app, "GET /later");
    int holding = begin(httpd_port(s, 0), "GET /hold", "");
    assert_true(entered_within(&app, 5000));
    int new = begin(httpd_port(s, 0), "GET /hold", "");
    nanosleep(&(struct timespec){0, 200 * 1000000}, NULL); /* it stands in the queue */
    go_on(&app, 0);
    sem_post(&app.leave);
    is_answered(holding);
    is_answered(old); /* while the new one is held */
    assert_true(entered_within(&app, 5000));
    sem_post(&app.leave);
    is_answered(new);
}

static void who_waited_long_is_answered_all_the_same(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&(struct httpd_options){.workers = 1, .queue_seconds = 1}, &app);
    int fd = begin_waiting(s, &app, "GET /later");
    nanosleep(&(struct timespec){1, 500 * 1000000}, NULL);
    go_on(&app, 0);
    is_answered(fd);
}

static void of_what_is_heavy_a_quarter_is_finished_at_a_time(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&(struct httpd_options){.workers = 5}, &app);
    int fd[] = {begin_waiting(s, &app, "GET /heavy"), begin_waiting(s, &app, "GET /heavy")};
    go_on(&app, 0);
    go_on(&app, 1);
    assert_true(entered_within(&app, 5000));
    assert_false(entered_within(&app, 300));
    sem_post(&app.leave);
    assert_true(entered_within(&app, 5000));
    sem_post(&app.leave);
    is_answered(fd[0]);
    is_answered(fd[1]);
}

/* Two of the four places: behind the proxy an address has half of the queue. */
static void who_waits_counts_in_the_share_of_his_address(void **state)
{
    (void)state;
    static const char a[] = "X-Real-IP: 192.0.2.1\r\n", b[] = "X-Real-IP: 192.0.2.2\r\n";
    struct app app = {0};
    struct httpd_listen l = {.host = "127.0.0.1", .per_address_max = 100, .flags = HTTPD_PROXY};
    _auto(httpd) s = start_at(&(struct httpd_options){.workers = 1, .queue_max = 4}, &l, 1, &app);
    int fd[2];
    for (int i = 0; i < 2; i++) {
        fd[i] = begin(httpd_port(s, 0), "GET /later", a);
        while (sem_wait(&app.suspended) != 0 && errno == EINTR)
            ;
    }
    nanosleep(&(struct timespec){0, 200 * 1000000}, NULL); /* the handler is through */
    is_refused(begin(httpd_port(s, 0), "GET /quick", a));
    is_answered(begin(httpd_port(s, 0), "GET /quick", b));
    go_on(&app, 0);
    go_on(&app, 1);
    is_answered(fd[0]);
    is_answered(fd[1]);
    is_answered(begin(httpd_port(s, 0), "GET /quick", a));
}

static int ask_unix(const char *path, const char *what)
{
    char head[200];
    int fd = client_unix(path);
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
             what);
    client_send(fd, head);
    return fd;
}

/* The ca's three sockets are one server: whoever fills one leaves the others their half. */
static void a_socket_beside_others_has_half_of_the_queue(void **state)
{
    (void)state;
    struct app app = {0};
    char folder[] = "/tmp/certhall-suspend-XXXXXX", one[64], two[64];
    assert_non_null(mkdtemp(folder));
    snprintf(one, sizeof one, "%s/one", folder);
    snprintf(two, sizeof two, "%s/two", folder);
    const struct httpd_listen l[] = {{.unix_path = one}, {.unix_path = two}};
    {
        _auto(httpd) s = start_at(&(struct httpd_options){.workers = 1, .queue_max = 4}, l, 2,
                                  &app);
        int fd[2];
        for (int i = 0; i < 2; i++) {
            fd[i] = ask_unix(one, "/later");
            while (sem_wait(&app.suspended) != 0 && errno == EINTR)
                ;
        }
        nanosleep(&(struct timespec){0, 100 * 1000000}, NULL);
        is_refused(ask_unix(one, "/quick"));
        is_answered(ask_unix(two, "/quick"));
        go_on(&app, 0);
        go_on(&app, 1);
        is_answered(fd[0]);
        is_answered(fd[1]);
    }
    assert_int_equal(rmdir(folder), 0);
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
        cmocka_unit_test(all_who_are_resumed_at_once_find_a_worker_each),
        cmocka_unit_test(who_is_resumed_comes_before_who_is_new),
        cmocka_unit_test(who_waited_long_is_answered_all_the_same),
        cmocka_unit_test(of_what_is_heavy_a_quarter_is_finished_at_a_time),
        cmocka_unit_test(who_waits_counts_in_the_share_of_his_address),
        cmocka_unit_test(a_socket_beside_others_has_half_of_the_queue),
        cmocka_unit_test(the_end_waits_for_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
