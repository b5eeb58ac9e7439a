/* More clients than can be served: who is refused, how, and who is not. */
#include "client.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

struct app {
    sem_t entered, leave;
    atomic_int served;
};

static enum err hold(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)r, (void)e;
    struct app *a = app;
    sem_post(&a->entered);
    sem_wait(&a->leave);
    buf_text(&reply->body, "{\"done\":true}");
    atomic_fetch_add(&a->served, 1);
    return ERR_OK;
}

static enum err quick(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)r, (void)app, (void)e;
    buf_text(&reply->body, "{}");
    return ERR_OK;
}

enum { LARGE = 8 << 20 };

static enum err large(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    static const char block[4096] = "x";
    (void)r, (void)app, (void)e;
    for (int i = 0; i < LARGE; i += (int)sizeof block)
        buf_put(&reply->body, block, sizeof block);
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"GET", "/hold", hold, 0, 0, 0},
    {"GET", "/heavy", hold, 0, 0, HTTPD_HEAVY},
    {"GET", "/sign-in", quick, 0, 0, HTTPD_SIGN_IN},
    {"GET", "/quick", quick, 0, 0, 0},
    {"GET", "/inline", quick, 0, 0, HTTPD_INLINE},
    {"GET", "/large", large, 0, 0, 0},
    {"POST", "/small", quick, 0, 1000, 0},
    {"POST", "/upload", quick, 0, 1 << 20, HTTPD_UPLOAD},
};

static struct httpd *start(const struct httpd_options *o, const struct httpd_listen *l,
                           struct app *app)
{
    struct err_info e;
    struct httpd *s = httpd_new(o);
    sem_init(&app->entered, 0, 0);
    sem_init(&app->leave, 0, 0);
    httpd_mount(s, routes, sizeof routes / sizeof *routes, NULL, app);
    assert_ok(httpd_listen(s, l, &e), &e);
    assert_ok(httpd_start(s, &e), &e);
    return s;
}

static const struct httpd_listen plain = {.host = "127.0.0.1"};

static int entered_within(struct app *app, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return sem_timedwait(&app->entered, &until) == 0;
}

static void release(struct app *app, int n)
{
    while (n-- > 0)
        sem_post(&app->leave);
}

static void what_is_heavy_takes_a_quarter_of_the_workers(void **state)
{
    (void)state;
    struct app app = {0};
    int fd[4];
    _auto(httpd) s = start(&(struct httpd_options){.workers = 8}, &plain, &app);
    for (int i = 0; i < 4; i++)
        fd[i] = begin(httpd_port(s, 0), "GET /heavy", "");
    assert_true(entered_within(&app, 5000) && entered_within(&app, 5000));
    assert_false(entered_within(&app, 300));
    is_answered(begin(httpd_port(s, 0), "GET /quick", ""));
    release(&app, 4); /* the other two come after these */
    for (int i = 0; i < 4; i++)
        is_answered(fd[i]);
}

static void a_flood_of_what_is_heavy_fills_no_other_queue(void **state)
{
    (void)state;
    enum { MANY = 40, TAKEN = 2 + 16 };
    struct app app = {0};
    struct pollfd all[MANY];
    _auto(httpd) s = start(&(struct httpd_options){.workers = 8}, &plain, &app);
    for (int i = 0; i < MANY; i++) {
        all[i] = (struct pollfd){begin(httpd_port(s, 0), "GET /heavy", ""), POLLIN, 0};
        if (i < 2) /* both workers have begun */
            assert_true(entered_within(&app, 5000));
    }
    is_answered(begin(httpd_port(s, 0), "GET /quick", ""));
    is_answered(begin(httpd_port(s, 0), "GET /sign-in", ""));
    int refused = 0;
    for (int tries = 0; tries < 100 && refused < MANY - TAKEN; tries++) {
        refused = poll(all, MANY, 100);
        if (refused < MANY - TAKEN)
            nanosleep(&(struct timespec){0, 50 * 1000000}, NULL);
    }
    assert_int_equal(refused, MANY - TAKEN);
    release(&app, TAKEN);
    for (int i = 0; i < MANY; i++)
        (all[i].revents ? is_refused : is_answered)(all[i].fd);
    assert_int_equal(app.served, TAKEN);
}

static void who_waited_too_long_is_refused_and_his_work_is_not_done(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&(struct httpd_options){.workers = 1, .queue_seconds = 1}, &plain, &app);
    int first = begin(httpd_port(s, 0), "GET /hold", "");
    assert_true(entered_within(&app, 5000));
    int second = begin(httpd_port(s, 0), "GET /hold", "");
    nanosleep(&(struct timespec){1, 500 * 1000000}, NULL);
    release(&app, 1);
    is_answered(first);
    is_refused(second);
    assert_int_equal(app.served, 1);
}

static void the_work_of_who_has_hung_up_is_not_done(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&(struct httpd_options){.workers = 1}, &plain, &app);
    int first = begin(httpd_port(s, 0), "GET /hold", "");
    assert_true(entered_within(&app, 5000));
    int gone = begin(httpd_port(s, 0), "GET /hold", "");
    int third = begin(httpd_port(s, 0), "GET /hold", "");
    nanosleep(&(struct timespec){0, 400 * 1000000}, NULL);
    close(gone);
    release(&app, 2);
    is_answered(first);
    is_answered(third);
    assert_int_equal(app.served, 2);
    assert_false(entered_within(&app, 300) && entered_within(&app, 300)); /* the third's only */
}

static void connections_beyond_the_limit_are_told_so(void **state)
{
    (void)state;
    struct app app = {0};
    char text[4096];
    _auto(httpd) s = start(&(struct httpd_options){.connections_max = 3}, &plain, &app);
    int port = httpd_port(s, 0), held[3];
    for (int i = 0; i < 3; i++) { /* answered, and kept open */
        held[i] = client_tcp(port);
        client_send(held[i], "GET /inline HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client_read(held[i], text, sizeof text, "{}");
        assert_has(text, "HTTP/1.1 200 ");
    }
    int over = client_tcp(port);
    client_send(over, "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
    client_read(over, text, sizeof text, NULL);
    assert_has(text, "HTTP/1.1 503 ");
    assert_has(text, "Retry-After: 2\r\n");
    assert_has(text, "Connection: close\r\n");
    close(over);
    client_send(held[0], "GET /quick HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    is_answered(held[0]);
    for (int tries = 0; tries < 50; tries++) { /* until the server has seen that it is closed */
        int fd = begin(port, "GET /inline", "");
        if (finish(fd, text, sizeof text) == 200)
            break;
        nanosleep(&(struct timespec){0, 50 * 1000000}, NULL);
    }
    assert_has(text, "HTTP/1.1 200 ");
    close(held[1]);
    close(held[2]);
}

static void one_address_gets_only_its_share_of_connections(void **state)
{
    (void)state;
    struct app app = {0};
    struct httpd_listen l = {.host = "127.0.0.1", .per_address_max = 2};
    _auto(httpd) s = start(&(struct httpd_options){0}, &l, &app);
    int port = httpd_port(s, 0);
    int one = client_tcp(port), two = client_tcp(port);
    is_refused(begin(port, "GET /inline", ""));
    int other = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK + 1)}};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(bind(other, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(other, (struct sockaddr *)&to, sizeof to), 0);
    client_send(other, "GET /inline HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    is_answered(other);
    client_send(one, "GET /inline HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    is_answered(one);
    close(two);
}

/* Behind our nginx each connection comes from it: what counts is whose request it is. */
static void behind_a_proxy_a_client_gets_only_its_share_of_requests(void **state)
{
    (void)state;
    static const char a[] = "X-Real-IP: 192.0.2.1\r\n", b[] = "X-Real-IP: 192.0.2.2\r\n";
    static const char net[] = "X-Real-IP: 2001:db8:1:2::1\r\n";
    static const char neighbour[] = "X-Real-IP: 2001:db8:1:2:3::9\r\n";
    struct app app = {0};
    struct httpd_listen l = {.host = "127.0.0.1", .per_address_max = 2, .flags = HTTPD_PROXY};
    _auto(httpd) s = start(&(struct httpd_options){.workers = 8}, &l, &app);
    int port = httpd_port(s, 0);
    int held[] = {begin(port, "GET /hold", a), begin(port, "GET /hold", a),
                  begin(port, "GET /hold", net), begin(port, "GET /hold", neighbour)};
    for (int i = 0; i < 4; i++)
        assert_true(entered_within(&app, 5000));
    is_refused(begin(port, "GET /quick", a));
    is_refused(begin(port, "GET /quick", net)); /* both are of one /64 */
    is_answered(begin(port, "GET /quick", b));
    release(&app, 4);
    for (int i = 0; i < 4; i++)
        is_answered(held[i]);
    is_answered(begin(port, "GET /quick", a));
}

static void one_address_gets_half_of_the_queue(void **state)
{
    (void)state;
    static const char a[] = "X-Real-IP: 192.0.2.1\r\n", b[] = "X-Real-IP: 192.0.2.2\r\n";
    struct app app = {0};
    struct httpd_listen l = {.host = "127.0.0.1", .per_address_max = 100, .flags = HTTPD_PROXY};
    _auto(httpd) s = start(&(struct httpd_options){.workers = 1, .queue_max = 4}, &l, &app);
    int port = httpd_port(s, 0);
    int first = begin(port, "GET /hold", a);
    assert_true(entered_within(&app, 5000));
    struct pollfd of_a[4];
    for (int i = 0; i < 4; i++)
        of_a[i] = (struct pollfd){begin(port, "GET /quick", a), POLLIN, 0};
    int refused = 0;
    for (int tries = 0; tries < 60 && refused < 2; tries++) {
        refused = poll(of_a, 4, 100);
        if (refused < 2)
            nanosleep(&(struct timespec){0, 50 * 1000000}, NULL);
    }
    assert_int_equal(refused, 2);
    int of_b = begin(port, "GET /quick", b);
    release(&app, 1);
    is_answered(first);
    is_answered(of_b);
    for (int i = 0; i < 4; i++)
        (of_a[i].revents ? is_refused : is_answered)(of_a[i].fd);
}

/* Uploads that were begun and are never finished. */
static void half_open_uploads_leave_room_for_what_is_small(void **state)
{
    (void)state;
    enum { BUDGET = 4 << 20, PIECE = 1000000 };
    struct app app = {0};
    struct answer a;
    char *piece = mem_alloc(PIECE);
    int fd[4];
    _auto(httpd) s = start(&(struct httpd_options){.bodies_max = BUDGET}, &plain, &app);
    memset(piece, 'x', PIECE);
    for (int i = 0; i < 4; i++) { /* the fourth is one too many for uploads */
        fd[i] = begin(httpd_port(s, 0), "POST /upload", "Content-Length: 1000001\r\n");
        for (size_t sent = 0; sent < PIECE;) {
            ssize_t n = send(fd[i], piece + sent, PIECE - sent, MSG_NOSIGNAL);
            assert_true(n > 0);
            sent += (size_t)n;
        }
        ask(httpd_port(s, 0), &a, "POST /small HTTP/1.1", "{}");
        assert_int_equal(a.status, 200);
    }
    send(fd[3], "x", 1, MSG_NOSIGNAL); /* whole: it is told that there was no room */
    is_refused(fd[3]);
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    free(piece);
}

static void an_upload_that_stops_is_ended_though_it_was_fast(void **state)
{
    (void)state;
    struct app app = {0};
    char text[4096], block[65536];
    _auto(httpd) s = start(&(struct httpd_options){.body_seconds = 1}, &plain, &app);
    int fd = begin(httpd_port(s, 0), "POST /upload", "Content-Length: 200000\r\n");
    memset(block, 'x', sizeof block);
    client_send(fd, "x");
    assert_int_equal(send(fd, block, sizeof block, MSG_NOSIGNAL), sizeof block);
    /* it has earned eight seconds, but not to spend them on nothing */
    struct pollfd p = {fd, POLLIN, 0};
    assert_int_equal(poll(&p, 1, 5000), 1);
    client_read(fd, text, sizeof text, NULL);
    assert_memory_equal(text, "HTTP/1.1 408 ", 13);
    close(fd);
}

static void answers_that_nobody_reads_are_bounded(void **state)
{
    (void)state;
    enum { READERS = 6 };
    struct app app = {0};
    int fd[READERS], refused = 0;
    char text[4096];
    struct httpd_options o = {.workers = 1, .replies_max = 3 * LARGE};
    _auto(httpd) s = start(&o, &plain, &app);
    for (int i = 0; i < READERS; i++) {
        int small = 4096;
        fd[i] = begin(httpd_port(s, 0), "GET /large", "");
        setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        struct pollfd p = {fd[i], POLLIN, 0};
        assert_int_equal(poll(&p, 1, 5000), 1);
        assert_true(recv(fd[i], text, 12, MSG_PEEK) == 12);
        refused += memcmp(text, "HTTP/1.1 503", 12) == 0;
    }
    assert_int_equal(refused, READERS - 3);
    is_answered(begin(httpd_port(s, 0), "GET /inline", ""));
    for (int i = 0; i < READERS; i++)
        close(fd[i]);
    for (int tries = 0; tries < 50; tries++) {
        if (finish(begin(httpd_port(s, 0), "GET /quick", ""), text, sizeof text) == 200)
            return;
        nanosleep(&(struct timespec){0, 50 * 1000000}, NULL);
    }
    fail_msg("what was not read is still counted: %s", text);
}

/* The server of a process that may open few files: tells its port, and ends when it is told to. */
static _Noreturn void serve_with_few_files(int tell, int until, rlim_t files)
{
    struct app app = {0};
    char byte;
    struct rlimit few = {files, files};
    if (setrlimit(RLIMIT_NOFILE, &few))
        _exit(1);
    struct httpd *s = start(&(struct httpd_options){.connections_max = 1000}, &plain, &app);
    int port = httpd_port(s, 0);
    if (write(tell, &port, sizeof port) != sizeof port || read(until, &byte, 1) < 0)
        _exit(1);
    _exit(0);
}

static void with_few_files_fewer_are_served_and_the_rest_is_told(void **state)
{
    (void)state;
    enum { FILES = 500, MANY = 300 };
    int tell[2], until[2], port, fd[MANY], answered = 0, refused = 0;
    assert_true(pipe(tell) == 0 && pipe(until) == 0);
    pid_t child = fork();
    if (child == 0)
        serve_with_few_files(tell[1], until[0], FILES);
    assert_int_equal(read(tell[0], &port, sizeof port), sizeof port);
    for (int i = 0; i < MANY; i++) { /* all are held open, as many as get an answer */
        char text[2048];
        fd[i] = client_tcp(port);
        client_send(fd[i], "GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client_read(fd[i], text, sizeof text, "}");
        answered += strncmp(text, "HTTP/1.1 200 ", 13) == 0;
        refused += strncmp(text, "HTTP/1.1 503 ", 13) == 0;
    }
    /* 256 and 64 are set aside; one of nine of the rest is for files that are sent */
    assert_int_equal(answered, (FILES - 256 - 64) * 8 / 9);
    assert_int_equal(refused, MANY - answered);
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
    int status;
    assert_int_equal(write(until[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(tell[0]);
    close(tell[1]);
    close(until[0]);
    close(until[1]);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_few_files_fewer_are_served_and_the_rest_is_told),
        cmocka_unit_test(what_is_heavy_takes_a_quarter_of_the_workers),
        cmocka_unit_test(a_flood_of_what_is_heavy_fills_no_other_queue),
        cmocka_unit_test(who_waited_too_long_is_refused_and_his_work_is_not_done),
        cmocka_unit_test(the_work_of_who_has_hung_up_is_not_done),
        cmocka_unit_test(connections_beyond_the_limit_are_told_so),
        cmocka_unit_test(one_address_gets_only_its_share_of_connections),
        cmocka_unit_test(behind_a_proxy_a_client_gets_only_its_share_of_requests),
        cmocka_unit_test(one_address_gets_half_of_the_queue),
        cmocka_unit_test(half_open_uploads_leave_room_for_what_is_small),
        cmocka_unit_test(an_upload_that_stops_is_ended_though_it_was_fast),
        cmocka_unit_test(answers_that_nobody_reads_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
