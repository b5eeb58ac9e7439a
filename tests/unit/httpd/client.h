/* A client that can be as rude as a test wants: raw bytes over a socket, and what came back. */
#ifndef CERTHALL_TEST_HTTPD_CLIENT_H
#define CERTHALL_TEST_HTTPD_CLIENT_H

#include "testing.h"

#include "base/mem.h"
#include "httpd/httpd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

__attribute__((unused)) static int client_tcp(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

__attribute__((unused)) static int client_unix(const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

__attribute__((unused)) static void client_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Read until `until` has been seen, the end, or 5 s. Returns the static-sized buffer's length. */
__attribute__((unused)) static size_t client_read(int fd, char *out, size_t size, const char *until)
{
    size_t n = 0;
    out[0] = '\0';
    while (n + 1 < size && !(until && strstr(out, until))) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 5000) <= 0)
            break;
        ssize_t got = recv(fd, out + n, size - n - 1, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        out[n] = '\0';
    }
    return n;
}

/* 1 when the other side closed the connection within `ms`. */
__attribute__((unused)) static int client_closed(int fd, int ms)
{
    char bytes[256];
    struct pollfd p = {fd, POLLIN, 0};
    while (poll(&p, 1, ms) > 0)
        if (recv(fd, bytes, sizeof bytes, 0) <= 0)
            return 1;
    return 0;
}

struct answer {
    int status;
    char text[65536]; /* head and body */
    const char *body;
};

/* One request on a connection of its own: `head` without the last empty line, Host and Connection. */
__attribute__((unused)) static void ask_fd(int fd, struct answer *a, const char *head,
                                           const char *body)
{
    _auto_buf b;
    buf_init(&b, 1 << 24);
    buf_fmt(&b, "%s\r\nHost: localhost\r\nConnection: close\r\n", head);
    if (body)
        buf_fmt(&b, "Content-Length: %zu\r\n", strlen(body));
    buf_fmt(&b, "\r\n%s", body ? body : "");
    client_send(fd, buf_cstr(&b));
    client_read(fd, a->text, sizeof a->text, NULL);
    close(fd);
    a->status = strncmp(a->text, "HTTP/1.1 ", 9) == 0 ? atoi(a->text + 9) : 0;
    a->body = strstr(a->text, "\r\n\r\n");
    a->body = a->body ? a->body + 4 : "";
}

__attribute__((unused)) static void ask(int port, struct answer *a, const char *head,
                                        const char *body)
{
    ask_fd(client_tcp(port), a, head, body);
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        if (!strstr(text, part)) {                                                                 \
            print_error("not found: %s\nin: %s\n", part, text);                                    \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/* A server on a free loopback port. */
__attribute__((unused)) static struct httpd *serve(const struct httpd_options *o,
                                                   const struct httpd_route *routes, size_t n,
                                                   httpd_guard guard, void *app)
{
    struct err_info e;
    struct httpd *s = httpd_new(o);
    httpd_mount(s, routes, n, guard, app);
    struct httpd_listen l = {.host = "127.0.0.1", .owner = (uid_t)-1, .group = (gid_t)-1};
    assert_ok(httpd_listen(s, &l, &e), &e);
    assert_ok(httpd_start(s, &e), &e);
    return s;
}

/* A request on a connection of its own, whose answer is not read yet. `more`: further header lines. */
__attribute__((unused)) static int begin(int port, const char *method_and_path, const char *more)
{
    char head[500];
    int fd = client_tcp(port);
    snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
             method_and_path, more);
    client_send(fd, head);
    return fd;
}

__attribute__((unused)) static int finish(int fd, char *text, size_t size)
{
    client_read(fd, text, size, NULL);
    close(fd);
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : 0;
}

__attribute__((unused)) static void is_refused(int fd)
{
    char text[4096];
    assert_int_equal(finish(fd, text, sizeof text), 503);
    assert_has(text, "Retry-After: 2\r\n");
    assert_has(text, "\"code\":\"service.busy\"");
}

__attribute__((unused)) static void is_answered(int fd)
{
    char text[4096];
    assert_int_equal(finish(fd, text, sizeof text), 200);
}

#endif
