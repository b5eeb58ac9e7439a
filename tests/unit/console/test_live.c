/* Live events: that something changed, as soon as it has, and to whom it may be told. */
#include "console_fixture.h"
#include "hall/event/event.h"
#include "hall/session/session.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 5000 };

static int open_stream(struct browser *b, const char *topic)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)httpd_port(b->f->server, 0))};
    char request[1024];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr), 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    int n = snprintf(
        request, sizeof request,
        "GET /api/v1/console/events?topic=%s HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n\r\n",
        topic, b->cookie);
    assert_int_equal(write(fd, request, (size_t)n), n);
    return fd;
}

/* 1 when `needle` comes within WAIT_MS. */
static int comes(int fd, const char *needle)
{
    char got[8192];
    size_t n = 0;
    while (n < sizeof got - 1) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, WAIT_MS) != 1)
            return 0;
        ssize_t more = read(fd, got + n, sizeof got - 1 - n);
        if (more <= 0)
            return 0;
        n += (size_t)more;
        got[n] = '\0';
        if (strstr(got, needle))
            return 1;
    }
    return 0;
}

static void put(struct console_fixture *f, const char *topic)
{
    struct hall_tx tx = {0};
    hall_write(f->hall, &hall_system, &tx);
    assert_ok(event_put(&tx, topic, &f->hall->e), &f->hall->e);
    hall_done(f->hall, &tx);
}

static void a_page_hears_that_its_list_or_order_changed(void **state)
{
    struct console_fixture *f = *state;
    struct event_hub *hub;
    _auto_browser b = {0};
    assert_ok(event_hub_start(&f->hall->hall, &hub, &f->hall->e), &f->hall->e);
    f->hall->hall.events = hub;
    browser_sign_in(&b, f, "xu", STAFF_MAKER);
    int fd = open_stream(&b, "work,order:2123659151274934789");
    assert_true(comes(fd, "retry:"));
    put(f, "tasks:shipping"); /* somebody else's */
    put(f, "tasks:maker");
    assert_true(comes(fd, "\"topic\":\"work\",\"what\":\"tasks\""));
    put(f, "order:2123659151274934789");
    assert_true(comes(fd, "\"topic\":\"order:2123659151274934789\",\"what\":\"status\""));
    close(fd);
    httpd_stop(f->server); /* ends what listens to the hub */
    f->hall->hall.events = NULL;
    event_hub_free(hub);
}

/* 1 when the stream comes to its end within WAIT_MS. */
static int ends(int fd)
{
    char got[512];
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, WAIT_MS) != 1)
            return 0;
        ssize_t more = read(fd, got, sizeof got);
        if (more <= 0)
            return 1;
        if (more >= 5 && memcmp(got + more - 5, "0\r\n\r\n", 5) == 0) /* the last chunk */
            return 1;
    }
}

static void prune_sessions(struct console_fixture *f)
{
    struct hall_tx tx = {0};
    hall_write(f->hall, &hall_system, &tx);
    assert_ok(session_prune(&tx, &f->hall->e), &f->hall->e);
    hall_done(f->hall, &tx);
}

/* Whoever is signed out, shut out or away for too long hears nothing more. */
static void a_stream_ends_with_its_session(void **state)
{
    struct console_fixture *f = *state;
    struct event_hub *hub;
    _auto_browser out = {0}, away = {0}, stays = {0};
    assert_ok(event_hub_start(&f->hall->hall, &hub, &f->hall->e), &f->hall->e);
    f->hall->hall.events = hub;
    browser_sign_in(&out, f, "xu", STAFF_MAKER);
    browser_sign_in(&away, f, "he", STAFF_SHIPPING);
    hall_tamper(f->hall, "UPDATE session SET opened_at = 1 WHERE way = 'stand-in'");
    browser_sign_in(&stays, f, "liang", STAFF_MAKER);
    int one = open_stream(&out, "work"), two = open_stream(&away, "work"),
        three = open_stream(&stays, "work");
    assert_true(comes(one, "retry:") && comes(two, "retry:") && comes(three, "retry:"));
    assert_int_equal(browser_do(&out, "DELETE", "/session", NULL), 204);
    assert_true(ends(one));
    hall_tamper(f->hall, "UPDATE session SET seen_at = seen_at - 1800001 WHERE opened_at = 1");
    prune_sessions(f);
    assert_true(ends(two));
    put(f, "tasks:maker");
    assert_true(comes(three, "\"what\":\"tasks\""));
    close(one);
    close(two);
    close(three);
    httpd_stop(f->server);
    f->hall->hall.events = NULL;
    event_hub_free(hub);
}

static void unknown_topics_are_refused(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    browser_sign_in(&b, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_get(&b, "/events"), 400);
    assert_int_equal(browser_get(&b, "/events?topic=secrets"), 400);
    assert_int_equal(browser_get(&b, "/events?topic=order:x"), 400);
    assert_int_equal(browser_get(&b, "/events?topic=a,b,c,d,e,f,g,h,i"), 400);
    assert_int_equal(browser_get(&b, "/events?topic=work"), 503); /* no hub in this process */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(a_page_hears_that_its_list_or_order_changed),
        CONSOLE_TEST(a_stream_ends_with_its_session),
        CONSOLE_TEST(unknown_topics_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
