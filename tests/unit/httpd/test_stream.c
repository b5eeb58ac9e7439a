#include "client.h"

#include <pthread.h>
#include <sys/resource.h>

enum { STREAMS_MAX = 1200 };

/* The streams that are open, as a hub of live pages keeps them. */
struct hub {
    pthread_mutex_t lock;
    struct httpd_stream *stream[STREAMS_MAX];
    int n, closed;
};

static void forget(struct httpd_stream *st, void *arg)
{
    struct hub *hub = arg;
    pthread_mutex_lock(&hub->lock);
    for (int i = 0; i < hub->n; i++)
        if (hub->stream[i] == st)
            hub->stream[i--] = hub->stream[--hub->n];
    hub->closed++;
    pthread_mutex_unlock(&hub->lock);
    httpd_stream_free(st);
}

static enum err events(struct httpd_request *r, struct httpd_reply *reply, void *app,
                       struct err_info *e)
{
    (void)e;
    struct hub *hub = app;
    pthread_mutex_lock(&hub->lock);
    hub->stream[hub->n++] = httpd_stream_open(r, reply, forget, hub);
    pthread_mutex_unlock(&hub->lock);
    return ERR_OK;
}

static enum err refused(struct httpd_request *r, struct httpd_reply *reply, void *app,
                        struct err_info *e)
{
    events(r, reply, app, e);
    return err_set(e, ERR_NOT_FOUND, NULL, NULL);
}

static const struct httpd_route routes[] = {
    {"GET", "/events", events, 0, 0, 0},
    {"GET", "/refused", refused, 0, 0, 0},
};

struct fixture {
    struct hub hub;
    struct httpd *s;
    int port;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    pthread_mutex_init(&f->hub.lock, NULL);
    struct httpd_options o = {
        .workers = 2, .heartbeat_seconds = 1, .stream_buffer = 4096, .idle_seconds = 2};
    f->s = serve(&o, routes, 2, NULL, &f->hub);
    f->port = httpd_port(f->s, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    httpd_free(f->s);
    int left = f->hub.n;
    free(f);
    return left; /* every stream was told of its end */
}

static int open_stream(struct fixture *f)
{
    char text[2048];
    int fd = client_tcp(f->port);
    client_send(fd, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client_read(fd, text, sizeof text, "retry: 3000\n\n");
    assert_has(text, "Content-Type: text/event-stream\r\n");
    assert_has(text, "Cache-Control: no-store\r\n");
    return fd;
}

/* Wait until the hub holds `n` streams. */
static void wait_for(struct hub *hub, int n)
{
    for (int i = 0; i < 800; i++) {
        pthread_mutex_lock(&hub->lock);
        int now = hub->n;
        pthread_mutex_unlock(&hub->lock);
        if (now == n)
            return;
        usleep(5000);
    }
    fail_msg("the hub does not come to %d streams", n);
}

static void an_event_arrives_at_once_and_whole(void **state)
{
    struct fixture *f = *state;
    char text[2048];
    int fd = open_stream(f);
    wait_for(&f->hub, 1);
    assert_true(httpd_stream_send(f->hub.stream[0], "order", "17\n18", "{\"no\":\n\"42\"}"));
    client_read(fd, text, sizeof text, "\n\n");
    /* HTML 9.2.6: one field a line; a break in an id would begin another field */
    assert_has(text, "id: 17 18\nevent: order\ndata: {\"no\":\ndata: \"42\"}\n\n");
    close(fd);
    wait_for(&f->hub, 0);
}

static void an_idle_stream_is_kept_alive_by_heartbeats(void **state)
{
    struct fixture *f = *state;
    char text[2048];
    int fd = open_stream(f);
    for (int i = 0; i < 3; i++) { /* longer than idle_seconds */
        client_read(fd, text, sizeof text, ":\n\n");
        assert_has(text, ":\n\n");
    }
    close(fd);
    wait_for(&f->hub, 0); /* the next heartbeat finds that nobody is there */
}

static void a_closed_stream_sends_what_it_holds_and_ends(void **state)
{
    struct fixture *f = *state;
    char text[2048];
    int fd = open_stream(f);
    wait_for(&f->hub, 1);
    struct httpd_stream *st = f->hub.stream[0];
    httpd_stream_send(st, NULL, NULL, "last");
    httpd_stream_close(st);
    client_read(fd, text, sizeof text, "0\r\n\r\n"); /* the last chunk: RFC 9112 7.1 */
    assert_has(text, "data: last\n\n");
    assert_has(text, "0\r\n\r\n");
    wait_for(&f->hub, 0);
    close(fd);
}

static void a_reader_too_slow_loses_its_stream_not_our_memory(void **state)
{
    struct fixture *f = *state;
    int fd = open_stream(f);
    wait_for(&f->hub, 1);
    char line[1000];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    int sent = 0;
    pthread_mutex_lock(&f->hub.lock); /* keeps the stream while it is written to */
    while (sent < 100000 && f->hub.n && httpd_stream_send(f->hub.stream[0], NULL, NULL, line))
        sent++;
    pthread_mutex_unlock(&f->hub.lock);
    assert_true(sent < 100000);
    close(fd);
    wait_for(&f->hub, 0);
}

static void a_handler_that_fails_after_opening_answers_its_error(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    ask(f->port, &a, "GET /refused HTTP/1.1", NULL);
    assert_int_equal(a.status, 404);
    wait_for(&f->hub, 0);
}

static int threads_now(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[200];
    int n = 0;
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "Threads: %d", &n) == 1)
            break;
    fclose(status);
    return n;
}

static void a_thousand_idle_streams_need_no_thread_each(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 1000 };
    int before = threads_now();
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 2 * MANY + 100)
        fail_msg("the limit of open files is %lu", (unsigned long)files.rlim_cur);
    int *fd = mem_alloc(MANY * sizeof *fd);
    for (int i = 0; i < MANY; i++)
        fd[i] = open_stream(f);
    wait_for(&f->hub, MANY);
    assert_int_equal(threads_now(), before);
    pthread_mutex_lock(&f->hub.lock);
    for (int i = 0; i < MANY; i++)
        assert_true(httpd_stream_send(f->hub.stream[i], "all", NULL, "hello"));
    pthread_mutex_unlock(&f->hub.lock);
    char text[512];
    for (int i = 0; i < MANY; i++) {
        client_read(fd[i], text, sizeof text, "data: hello\n\n");
        assert_has(text, "data: hello\n\n");
        close(fd[i]);
    }
    free(fd);
    wait_for(&f->hub, 0);
}

static void stopping_the_server_ends_its_streams(void **state)
{
    struct fixture *f;
    (void)state;
    setup((void **)&f);
    int fd = open_stream(f);
    wait_for(&f->hub, 1);
    assert_int_equal(teardown((void **)&f), 0);
    assert_true(client_closed(fd, 3000));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_arrives_at_once_and_whole),
        cmocka_unit_test(an_idle_stream_is_kept_alive_by_heartbeats),
        cmocka_unit_test(a_closed_stream_sends_what_it_holds_and_ends),
        cmocka_unit_test(a_reader_too_slow_loses_its_stream_not_our_memory),
        cmocka_unit_test(a_handler_that_fails_after_opening_answers_its_error),
        cmocka_unit_test(a_thousand_idle_streams_need_no_thread_each),
        cmocka_unit_test(stopping_the_server_ends_its_streams),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
