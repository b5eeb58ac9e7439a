#include "serve.h"

#include "base/text.h"
#include "base/time.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 4000, QUIET_STEPS = 2, ANSWER_MAX = 1 << 22 };

void fuzz_answer_clear(struct fuzz_answer *a)
{
    buf_clear(&a->raw);
    json_decref(a->json);
    a->json = NULL;
}

const char *fuzz_listen(struct httpd *s, const char *name, int tag)
{
    struct err_info e;
    size_t size = strlen(fuzz_folder()) + strlen(name) + 8;
    char *path = mem_alloc(size);
    snprintf(path, size, "%s/%s.sock", fuzz_folder(), name);
    struct httpd_listen l = {.unix_path = path, .tag = tag, .owner = (uid_t)-1, .group = (gid_t)-1};
    MUST_OK(httpd_listen(s, &l, &e), &e);
    return path;
}

static int connect_to(const char *path, int port)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(port ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!port)
        snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
    MUST(fd >= 0 && connect(fd, port ? (struct sockaddr *)&in : (struct sockaddr *)&un,
                            port ? sizeof in : sizeof un) == 0);
    /* ends with a reset, so that no port waits for its time */
    struct linger hard = {1, 0};
    if (port)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    return fd;
}

/* 0 when nothing came within `ms`, -1 at the end. */
static int read_some(int fd, int ms, struct buf *out)
{
    uint8_t block[16384];
    struct pollfd p = {fd, POLLIN, 0};
    if (poll(&p, 1, ms) != 1)
        return 0;
    ssize_t n = recv(fd, block, sizeof block, 0);
    if (n <= 0)
        return -1;
    buf_put(out, block, (size_t)n);
    return 1;
}

static const char *header_of(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (!strncasecmp(line + 2, name, len) && line[2 + len] == ':')
            return line + 2 + len + 1 + strspn(line + 2 + len + 1, " ");
    return NULL;
}

/* The first answer in what came; 100 Continue before it is passed over. 1 when it is whole. */
static int read_answer(struct fuzz_answer *out)
{
    const char *text = buf_cstr(&out->raw);
    while (!strncmp(text, "HTTP/1.1 100", 12) && strstr(text, "\r\n\r\n"))
        text = strstr(text, "\r\n\r\n") + 4;
    const char *end = strstr(text, "\r\n\r\n");
    if (!end)
        return 0;
    MUST(!strncmp(text, "HTTP/1.1 ", 9) || !strncmp(text, "HTTP/1.0 ", 9));
    out->status = atoi(text + 9);
    const char *length = header_of(text, "Content-Length"), *type = header_of(text, "Content-Type");
    size_t left = out->raw.n - (size_t)(end + 4 - (const char *)out->raw.p);
    size_t n = length && length < end ? (size_t)strtoull(length, NULL, 10) : left;
    out->body = (struct bytes){(const uint8_t *)end + 4, n < left ? n : left};
    out->type = type && type < end ? type : "";
    return left >= n;
}

static void read_json(struct fuzz_answer *out)
{
    struct err_info e;
    if (out->body.n > 0 && !strncmp(out->type, "application/json", 16))
        MUST_OK(json_parse(out->body.p, out->body.n, &out->json, &e), &e);
}

/* The server has taken all that was sent; only a UNIX socket tells. */
static int all_taken(int fd)
{
    int left = 0;
    return ioctl(fd, SIOCOUTQ, &left) || left == 0;
}

static void send_all(int fd, struct bytes octets)
{
    for (size_t sent = 0; sent < octets.n;) {
        ssize_t n = send(fd, octets.p + sent, octets.n - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* it has heard enough */
        sent += (size_t)n;
    }
}

/* libFuzzer's alarm would cut a wait short. */
static void hold_alarm(int how)
{
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(how, &alarm, NULL);
}

/* The answer to HEAD tells the length of a body that does not come (RFC 9110 9.3.2), and which of the lines was taken for the
 * request is the server's affair: where HEAD stands anywhere, bodies are not judged. */
static int may_be_head(struct bytes octets)
{
    return octets.n && memmem(octets.p, octets.n, "HEAD ", 5) != NULL;
}

int fuzz_talk(const char *unix_path, int port, struct bytes octets, struct fuzz_answer *out)
{
    int whole = 0, quiet = 0, got = 1;
    memset(out, 0, sizeof *out);
    buf_init(&out->raw, ANSWER_MAX);
    hold_alarm(SIG_BLOCK);
    int fd = connect_to(unix_path, port);
    send_all(fd, octets);
    while (!whole && got >= 0 && quiet < QUIET_STEPS) {
        got = read_some(fd, 1, &out->raw);
        whole = got > 0 && read_answer(out);
        quiet = got == 0 && all_taken(fd) ? quiet + 1 : 0;
    }
    while (got > 0 && (got = read_some(fd, 0, &out->raw)) > 0)
        continue; /* what is there already of later answers */
    close(fd);
    hold_alarm(SIG_UNBLOCK);
    whole = read_answer(out) && !may_be_head(octets);
    if (whole)
        read_json(out);
    return whole;
}

void fuzz_ask(const char *unix_path, struct bytes request, struct fuzz_answer *out)
{
    int64_t until = clock_monotonic() + PATIENCE_MS;
    memset(out, 0, sizeof *out);
    buf_init(&out->raw, ANSWER_MAX);
    hold_alarm(SIG_BLOCK);
    int fd = connect_to(unix_path, 0);
    send_all(fd, request);
    while (read_some(fd, PATIENCE_MS, &out->raw) > 0)
        continue;
    close(fd);
    MUST(clock_monotonic() <
         until); /* a whole request is answered, and the connection ends with it */
    MUST(read_answer(out));
    read_json(out);
}

void fuzz_checked(const struct fuzz_answer *a)
{
    MUST(a->status != 500);
    if (a->status < 400 || !a->json)
        return;
    const char *code = json_opt_text(a->json, "code", NULL),
               *ref = json_opt_text(a->json, "ref", NULL),
               *message = json_opt_text(a->json, "message", NULL);
    MUST(code && err_from_code_text(code) != ERR_OK &&
         err_http_status(err_from_code_text(code)) == a->status);
    MUST(message && *message && ref && strlen(ref) == 10);
    const json_t *field = json_object_get(a->json, "field");
    MUST(!field || json_is_string(field) || json_is_null(field));
}

int fuzz_call(const char *unix_path, struct bytes input, struct fuzz_answer *out)
{
    memset(out, 0, sizeof *out);
    const uint8_t *eol = input.n ? memchr(input.p, '\n', input.n) : NULL;
    size_t head = eol ? (size_t)(eol - input.p) : 0, body = eol ? input.n - head - 1 : 0;
    if (!eol || head > 4096 || body > 60000)
        return 0;
    for (size_t i = 0; i < head; i++) /* other targets are there for odd heads */
        if (input.p[i] < 0x20 || input.p[i] > 0x7e)
            return 0;
    const char *line = (const char *)input.p;
    int post = !strncmp(line, "POST /", head < 6 ? head + 1 : 6),
        get = !strncmp(line, "GET /", head < 5 ? head + 1 : 5);
    if ((!post && !get) || memchr(line + (post ? 5 : 4), ' ', head - (post ? 5 : 4)))
        return 0;
    struct buf b;
    buf_init(&b, 1 << 17);
    buf_fmt(&b, "%.*s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", (int)head, line);
    if (post)
        buf_fmt(&b, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body);
    buf_text(&b, "\r\n");
    if (post && body)
        buf_put(&b, eol + 1, body);
    fuzz_ask(unix_path, (struct bytes){b.p, b.n}, out);
    buf_clear(&b);
    fuzz_checked(out);
    return 1;
}
