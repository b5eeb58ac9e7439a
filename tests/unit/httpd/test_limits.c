#include "client.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>

struct app {
    sem_t entered, leave;
    int served;
};

static enum err hold(struct httpd_request *r, struct httpd_reply *reply, void *app,
                     struct err_info *e)
{
    (void)r, (void)e;
    struct app *a = app;
    sem_post(&a->entered);
    sem_wait(&a->leave);
    buf_text(&reply->body, "{\"done\":true}");
    a->served++;
    return ERR_OK;
}

static enum err quick(struct httpd_request *r, struct httpd_reply *reply, void *app,
                      struct err_info *e)
{
    (void)r, (void)app, (void)e;
    buf_text(&reply->body, "{}");
    return ERR_OK;
}

static const struct httpd_route routes[] = {
    {"GET", "/hold", hold, 0, 0, 0},
    {"GET", "/inline", quick, 0, 0, HTTPD_INLINE},
    {"POST", "/body", quick, 0, 100000, 0},
};

static const char *const hosts[] = {"hall.example", "127.0.0.1", "localhost:8080", "[::1]:8080",
                                    NULL};

static struct httpd *start(const struct httpd_options *o, struct app *app)
{
    sem_init(&app->entered, 0, 0);
    sem_init(&app->leave, 0, 0);
    return serve(o, routes, sizeof routes / sizeof routes[0], NULL, app);
}

static int send_hold(int port)
{
    int fd = client_tcp(port);
    client_send(fd, "GET /hold HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return fd;
}

static void a_full_queue_is_503_with_retry_after_and_inline_goes_on(void **state)
{
    (void)state;
    struct app app = {0};
    struct answer a;
    char text[4096];
    _auto(httpd) s = start(&(struct httpd_options){.workers = 1, .queue_max = 1}, &app);
    int port = httpd_port(s, 0);
    struct pollfd three[3] = {{send_hold(port), POLLIN, 0}};
    sem_wait(&app.entered); /* the worker is taken */
    three[1] = (struct pollfd){send_hold(port), POLLIN, 0};
    three[2] = (struct pollfd){send_hold(port), POLLIN, 0};
    /* one of the two waits, whichever came first; the other is answered at once */
    assert_int_equal(poll(three, 3, 5000), 1);
    int refused = three[1].revents ? 1 : 2;
    client_read(three[refused].fd, text, sizeof text, NULL);
    assert_has(text, "HTTP/1.1 503 ");
    assert_has(text, "Retry-After: 2\r\n");
    assert_has(text, "service.busy");
    ask(port, &a, "GET /inline HTTP/1.1", NULL);
    assert_int_equal(a.status, 200);
    sem_post(&app.leave);
    sem_post(&app.leave);
    for (int i = 0; i < 3; i++) {
        if (i != refused) {
            client_read(three[i].fd, text, sizeof text, NULL);
            assert_has(text, "{\"done\":true}");
        }
        close(three[i].fd);
    }
}

static void *release_later(void *app)
{
    struct timespec pause = {0, 200 * 1000000};
    nanosleep(&pause, NULL);
    sem_post(&((struct app *)app)->leave);
    return NULL;
}

static void stopping_finishes_what_runs_and_takes_nothing_new(void **state)
{
    (void)state;
    struct app app = {0};
    char text[4096];
    struct httpd *s = start(&(struct httpd_options){.workers = 1}, &app);
    int fd = send_hold(httpd_port(s, 0));
    sem_wait(&app.entered);
    pthread_t later;
    assert_int_equal(pthread_create(&later, NULL, release_later, &app), 0);
    httpd_stop(s);
    pthread_join(later, NULL);
    client_read(fd, text, sizeof text, NULL);
    assert_has(text, "{\"done\":true}");
    assert_has(text, "Connection: close\r\n");
    httpd_free(s);
    close(fd);
}

static void a_client_that_trickles_its_headers_is_cut_off(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&(struct httpd_options){.header_seconds = 1}, &app);
    int fd = client_tcp(httpd_port(s, 0));
    client_send(fd, "GET /inline HTTP/1.1\r\nHost: localhost\r\n");
    /* a byte now and then keeps MHD's own timeout from ever running out */
    int closed = 0;
    for (int i = 0; i < 40 && !closed; i++) {
        send(fd, "X", 1, MSG_NOSIGNAL);
        closed = client_closed(fd, 100);
    }
    assert_true(closed);
    close(fd);
}

static void a_client_that_trickles_its_body_is_cut_off(void **state)
{
    (void)state;
    struct app app = {0};
    char text[4096];
    _auto(httpd) s = start(&(struct httpd_options){.body_seconds = 1}, &app);
    int fd = client_tcp(httpd_port(s, 0));
    client_send(fd, "POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n");
    int closed = 0;
    for (int i = 0; i < 40 && !closed; i++) {
        send(fd, "x", 1, MSG_NOSIGNAL);
        struct pollfd p = {fd, POLLIN, 0};
        closed = poll(&p, 1, 100) > 0;
    }
    assert_true(closed);
    client_read(fd, text, sizeof text, NULL);
    assert_memory_equal(text, "HTTP/1.1 408 ", 13);
    assert_has(text, "Connection: close\r\n");
    assert_has(text, "\"request.late\"");
    assert_true(client_closed(fd, 1000));
    close(fd);
}

/* 64 kbit/s are a line, not an attack: each 8 KiB buy a second. */
static void a_slow_upload_that_goes_on_is_taken(void **state)
{
    (void)state;
    struct app app = {0};
    char text[4096], block[20000];
    struct timespec pause = {0, 900 * 1000000};
    _auto(httpd) s = start(&(struct httpd_options){.body_seconds = 1}, &app);
    int fd = client_tcp(httpd_port(s, 0));
    memset(block, 'x', sizeof block);
    client_send(fd, "POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 80000\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(send(fd, block, sizeof block, MSG_NOSIGNAL), sizeof block);
        nanosleep(&pause, NULL);
    }
    client_read(fd, text, sizeof text, "{}");
    assert_memory_equal(text, "HTTP/1.1 200 ", 13);
    close(fd);
}

/* RFC 9112 3.2, 6.1, 6.3: what two readers can take apart in two ways is not read at all. */
static void an_ambiguous_request_is_refused_and_its_connection_closed(void **state)
{
    static const char *const bad[] = {
        "POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        "Content-Length: 5\r\n\r\n0\r\n\r\n",
        "POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "content-length: 55\r\n\r\n{}",
        "POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
        "0\r\n\r\n",
        "GET /inline HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET /inline HTTP/1.1\r\nHost: localhost\r\nhost: localhost\r\n\r\n",
        "GET http://evil.example/inline HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http://localhost@evil.example/inline HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    static const char *const good[] = {
        "GET http://LOCALHOST/inline HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n\r\n"
        "2\r\n{}\r\n0\r\n\r\n",
    };
    (void)state;
    struct app app = {0};
    char text[4096];
    _auto(httpd) s = start(&(struct httpd_options){.hosts = hosts}, &app);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int fd = client_tcp(httpd_port(s, 0));
        client_send(fd, bad[i]);
        client_read(fd, text, sizeof text, "\r\n\r\n{");
        assert_memory_equal(text, "HTTP/1.1 400 ", 13);
        assert_has(text, "Connection: close\r\n");
        assert_true(client_closed(fd, 2000));
        close(fd);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int fd = client_tcp(httpd_port(s, 0));
        client_send(fd, good[i]);
        client_read(fd, text, sizeof text, "{}");
        assert_memory_equal(text, "HTTP/1.1 200 ", 13);
        assert_null(strstr(text, "Connection: close"));
        close(fd);
    }
}

static void an_idle_connection_is_closed(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&(struct httpd_options){.idle_seconds = 1, .header_seconds = 30}, &app);
    int fd = client_tcp(httpd_port(s, 0));
    assert_true(client_closed(fd, 4000));
    close(fd);
}

static void too_long_headers_are_refused(void **state)
{
    (void)state;
    struct app app = {0};
    struct answer a;
    _auto(httpd) s = start(&(struct httpd_options){.header_max = 4096}, &app);
    _auto_buf b;
    buf_init(&b, 10000);
    buf_text(&b, "GET /inline HTTP/1.1\r\nX-Long: ");
    for (int i = 0; i < 6000; i++)
        buf_byte(&b, 'x');
    int fd = client_tcp(httpd_port(s, 0));
    send(fd, buf_cstr(&b), b.n, MSG_NOSIGNAL);
    client_read(fd, a.text, sizeof a.text, "\r\n\r\n");
    assert_has(a.text, "HTTP/1.1 431 ");
    close(fd);
}

static void bodies_together_beyond_the_budget_are_refused_as_busy(void **state)
{
    (void)state;
    struct app app = {0};
    struct answer a;
    _auto(httpd) s = start(&(struct httpd_options){.bodies_max = 1000}, &app);
    char body[2001];
    memset(body, 'x', 2000);
    body[2000] = '\0';
    ask(httpd_port(s, 0), &a, "POST /body HTTP/1.1", body);
    assert_int_equal(a.status, 503);
    body[500] = '\0';
    ask(httpd_port(s, 0), &a, "POST /body HTTP/1.1", body); /* the refused one was given back */
    assert_int_equal(a.status, 200);
}

static int status_for_host(int port, const char *host, struct answer *a)
{
    char request[200];
    int fd = client_tcp(port);
    snprintf(request, sizeof request,
             "GET /inline HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host);
    client_send(fd, request);
    client_read(fd, a->text, sizeof a->text, NULL);
    close(fd);
    assert_memory_equal(a->text, "HTTP/1.1 ", 9);
    return (a->text[9] - '0') * 100 + (a->text[10] - '0') * 10 + a->text[11] - '0';
}

static void a_foreign_host_name_is_refused(void **state)
{
    (void)state;
    struct app app = {0};
    struct answer a;
    _auto(httpd) s = start(&(struct httpd_options){.hosts = hosts}, &app);
    static const char *const good[] = {"hall.example",   "HALL.example:443", "127.0.0.1:1",
                                       "localhost:8080", "localhost",        "[::1]:8080",
                                       "[::1]"};
    static const char *const bad[] = {"evil.example",
                                      "hall.example.evil",
                                      "hall.exampl",
                                      "localhost:8081",
                                      "hall.example:x",
                                      "[::1]:8081",
                                      "[::1",
                                      "[::2]:8080",
                                      "",
                                      "localhost@evil:80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(status_for_host(httpd_port(s, 0), good[i], &a), 200);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(status_for_host(httpd_port(s, 0), bad[i], &a), 421);
        assert_has(a.text, "\"request.host\"");
    }
    ask(httpd_port(s, 0), &a, "GET /inline HTTP/1.1", NULL);
    assert_int_equal(a.status, 200);
}

static void a_port_in_use_is_named(void **state)
{
    (void)state;
    struct app app = {0};
    struct err_info e;
    _auto(httpd) s = start(&(struct httpd_options){0}, &app);
    _auto(httpd) other = httpd_new(&(struct httpd_options){0});
    struct httpd_listen l = {.host = "127.0.0.1", .port = httpd_port(s, 0)};
    assert_err(ERR_CONFIG, httpd_listen(other, &l, &e));
    assert_has(e.detail, "127.0.0.1");
}

static void a_successors_socket_is_left_alone(void **state)
{
    (void)state;
    struct err_info e;
    char folder[] = "/tmp/certhall-test-XXXXXX", path[80];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.sock", folder);
    struct httpd_listen l = {.unix_path = path, .owner = (uid_t)-1, .group = (gid_t)-1};
    struct httpd *old = httpd_new(&(struct httpd_options){0});
    struct httpd *new = httpd_new(&(struct httpd_options){0});
    assert_ok(httpd_listen(old, &l, &e), &e);
    assert_ok(httpd_listen(new, &l, &e), &e);
    httpd_free(old);
    assert_int_equal(access(path, F_OK), 0);
    httpd_free(new);
    assert_int_equal(rmdir(folder), 0);
}

static void a_query_of_many_fields_is_refused_at_once(void **state)
{
    (void)state;
    struct app app = {0};
    _auto(httpd) s = start(&(struct httpd_options){0}, &app);
    static const struct {
        int fields, status;
    } cases[] = {{100, 200}, {199, 200}, {200, 400}, {260, 400}, {3000, 400}, {12000, 400}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        _auto_buf b;
        char text[4096];
        buf_init(&b, 1 << 16);
        buf_text(&b, "GET /inline?a=?");
        for (int n = 0; n < cases[i].fields; n++)
            buf_byte(&b, '&');
        buf_text(&b, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        int fd = client_tcp(httpd_port(s, 0));
        client_send(fd, buf_cstr(&b));
        client_read(fd, text, sizeof text, NULL);
        close(fd);
        assert_int_equal(strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : 0, cases[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_of_many_fields_is_refused_at_once),
        cmocka_unit_test(a_full_queue_is_503_with_retry_after_and_inline_goes_on),
        cmocka_unit_test(stopping_finishes_what_runs_and_takes_nothing_new),
        cmocka_unit_test(a_client_that_trickles_its_headers_is_cut_off),
        cmocka_unit_test(a_client_that_trickles_its_body_is_cut_off),
        cmocka_unit_test(a_slow_upload_that_goes_on_is_taken),
        cmocka_unit_test(an_ambiguous_request_is_refused_and_its_connection_closed),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(too_long_headers_are_refused),
        cmocka_unit_test(bodies_together_beyond_the_budget_are_refused_as_busy),
        cmocka_unit_test(a_foreign_host_name_is_refused),
        cmocka_unit_test(a_port_in_use_is_named),
        cmocka_unit_test(a_successors_socket_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
