/* Live events. Once its answer begins, a stream is no connection of MHD's any more: MHD goes through all that it has
 * suspended whenever one of them is resumed, so that with 10,000 idle streams every other request took three times as long.
 * The socket is handed over (httpd_stream_begin) to one thread that waits for all of them; who sends writes himself, and the
 * thread goes on where a reader is slow, and ends what is over.
 *
 * Two references: the caller's and the server's. Locks: server, then stream. */
#include "httpd/httpd_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLOSE_MS = 30000, EVENTS_MAX = 64 };

struct httpd_stream {
    struct httpd_stream *prev, *next; /* server->streams, under server->lock */
    struct httpd *server;
    struct httpd_listener *listener; /* whose connection it is; NULL: not begun */
    struct httpd_share *share;       /* of the reader; NULL: not counted */
    void (*on_close)(struct httpd_stream *, void *);
    void *arg;
    int64_t next_beat;
    atomic_int references;
    pthread_mutex_t lock; /* of what follows */
    struct buf
        waiting; /* events; from httpd_stream_begin on in chunks, where the reader knows them */
    size_t sent; /* of waiting */
    int fd;      /* -1: not begun, or gone */
    int chunked, closing, gone, shut;
    int64_t end_by; /* closing: httpd_now, when it is shut though its reader has not read all */
};

void httpd_stream_free(struct httpd_stream *st)
{
    if (!st || atomic_fetch_sub(&st->references, 1) > 1)
        return;
    pthread_mutex_destroy(&st->lock);
    buf_clear(&st->waiting);
    free(st);
}

struct httpd_stream *httpd_stream_open(struct httpd_request *r, struct httpd_reply *reply,
                                       void (*on_close)(struct httpd_stream *, void *), void *arg)
{
    struct httpd *s = r->conn->server;
    struct httpd_stream *st = mem_alloc(sizeof *st);
    st->server = s;
    st->fd = -1;
    st->on_close = on_close;
    st->arg = arg;
    st->next_beat = httpd_now() + s->set.heartbeat_seconds * 1000;
    atomic_store(&st->references, 2);
    pthread_mutex_init(&st->lock, NULL);
    buf_init(&st->waiting, (size_t)s->set.stream_buffer);
    buf_text(&st->waiting, "retry: 3000\n\n"); /* also sends the headers on their way */
    reply->content_type = "text/event-stream";
    httpd_reply_header(reply, "X-Accel-Buffering", "no");
    r->conn->stream = st;
    pthread_mutex_lock(&s->lock);
    st->closing = atomic_load(&s->stopping);
    st->next = s->streams;
    if (st->next)
        st->next->prev = st;
    s->streams = st;
    pthread_mutex_unlock(&s->lock);
    return st;
}

/* ---- sending, under the stream's lock ---- */

/* The thread sees that it is shut, and ends it. */
static void shut(struct httpd_stream *st)
{
    if (st->fd >= 0 && !st->shut)
        shutdown(st->fd, SHUT_RDWR);
    st->shut = 1;
}

static void watch_for(struct httpd_stream *st, uint32_t events)
{
    struct epoll_event e = {.events = events | EPOLLIN | EPOLLRDHUP, .data.ptr = st};
    (void)epoll_ctl(st->server->stream_epoll, EPOLL_CTL_MOD, st->fd, &e);
}

/* Send what waits, as far as the reader takes it. */
static void flush(struct httpd_stream *st)
{
    if (st->fd < 0 || st->shut)
        return;
    while (st->sent < st->waiting.n) {
        ssize_t n = send(st->fd, st->waiting.p + st->sent, st->waiting.n - st->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            watch_for(st, EPOLLOUT);
            return;
        }
        if (n < 0) {
            shut(st);
            return;
        }
        st->sent += (size_t)n;
    }
    buf_clear(&st->waiting); /* an idle stream holds no buffer */
    st->sent = 0;
    if (st->closing)
        shut(st);
}

static void put_chunk(struct buf *b, int chunked, const void *text, size_t n)
{
    if (chunked)
        buf_fmt(b, "%zx\r\n", n); /* RFC 9112 7.1 */
    buf_put(b, text, n);
    if (chunked)
        buf_text(b, "\r\n");
}

/* 0 when the stream is at its end. */
static int queue(struct httpd_stream *st, const void *text, size_t n)
{
    if (st->closing || st->gone || st->shut)
        return 0;
    put_chunk(&st->waiting, st->chunked, text, n);
    if (st->waiting.full)
        shut(st); /* its reader is too slow; the page connects again and reads the state */
    else
        flush(st);
    return !st->waiting.full;
}

static void put_line(struct buf *b, const char *name, const char *value, size_t n)
{
    buf_text(b, name);
    for (size_t i = 0; i < n; i++)
        buf_byte(b, value[i] == '\r' || value[i] == '\n' ? ' ' : (uint8_t)value[i]);
    buf_byte(b, '\n');
}

int httpd_stream_send(struct httpd_stream *st, const char *event, const char *id, const char *data)
{
    _auto_buf b;
    buf_init(&b, 1 << 20);
    if (id)
        put_line(&b, "id: ", id, strlen(id));
    if (event)
        put_line(&b, "event: ", event, strlen(event));
    for (const char *s = data; s;) {
        size_t n = strcspn(s, "\n");
        put_line(&b, "data: ", s, n);
        s = s[n] ? s + n + 1 : NULL;
    }
    buf_byte(&b, '\n');
    pthread_mutex_lock(&st->lock);
    int queued = !b.full && queue(st, b.p, b.n);
    pthread_mutex_unlock(&st->lock);
    return queued;
}

static void finish(struct httpd_stream *st)
{
    if (st->closing)
        return;
    st->closing = 1;
    st->end_by = httpd_now() + CLOSE_MS;
    if (st->fd < 0)
        return;
    if (st->chunked)
        buf_text(&st->waiting, "0\r\n\r\n");
    flush(st);
}

void httpd_stream_close(struct httpd_stream *st)
{
    pthread_mutex_lock(&st->lock);
    finish(st);
    pthread_mutex_unlock(&st->lock);
}

/* ---- from a request to a stream, and to its end ---- */

/* The head of the answer, and in chunks what the handler and others have sent until now. */
static void put_head(struct httpd_stream *st, const struct httpd_conn *c, struct buf *b)
{
    char date[40];
    struct tm tm;
    time_t now = time(NULL);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    buf_fmt(b, "HTTP/1.1 200 OK\r\nDate: %s\r\nConnection: close\r\n", date);
    if (st->chunked)
        buf_text(b, "Transfer-Encoding: chunked\r\n");
    httpd_put_fields(c, b);
    buf_text(b, "\r\n");
    put_chunk(b, st->chunked, st->waiting.p, st->waiting.n);
    if (st->closing && st->chunked)
        buf_text(b, "0\r\n\r\n");
}

/* The number that MHD knows becomes that of a socket without a peer, which it may close as it likes. */
static int take_socket(struct httpd *s, int number)
{
    int fd = fcntl(number, F_DUPFD_CLOEXEC, 0);
    int yes = 1, no = 0;
    if (fd >= 0 && dup3(s->nowhere, number, O_CLOEXEC) < 0) {
        close(fd);
        return -1;
    }
    /* whatever MHD had set: an event goes out at once (no matter where the socket is no TCP) */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &no, sizeof no);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

int httpd_stream_begin(struct httpd_conn *c)
{
    struct httpd_stream *st = c->stream;
    struct httpd *s = c->server;
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = st};
    struct buf head;
    int fd = take_socket(s, c->link->fd);
    if (fd < 0)
        return 0;
    st->listener = c->listener;
    st->share = httpd_share_of(c);
    if (c->share)
        c->share = NULL;
    else
        c->link->share = NULL;
    c->link->moved = 1;
    c->stream = NULL;
    pthread_mutex_lock(&st->lock);
    st->chunked = !c->old_version;
    buf_init(&head, st->waiting.max);
    put_head(st, c, &head);
    buf_clear(&st->waiting);
    st->waiting = head;
    st->fd = fd;
    /* before the first byte is sent: whatever happens to the socket from now on, the thread sees it */
    int watched = epoll_ctl(s->stream_epoll, EPOLL_CTL_ADD, fd, &e) == 0;
    if (watched)
        flush(st);
    pthread_mutex_unlock(&st->lock);
    if (!watched)
        httpd_stream_gone(st);
    return 1;
}

static void unlist(struct httpd_stream *st)
{
    struct httpd *s = st->server;
    pthread_mutex_lock(&s->lock);
    if (st->prev)
        st->prev->next = st->next;
    else
        s->streams = st->next;
    if (st->next)
        st->next->prev = st->prev;
    pthread_mutex_unlock(&s->lock);
}

/* It is over, in whatever way. */
void httpd_stream_gone(struct httpd_stream *st)
{
    unlist(st);
    pthread_mutex_lock(&st->lock);
    st->gone = 1;
    if (st->fd >= 0)
        close(st->fd); /* this also ends its being watched */
    st->fd = -1;
    buf_clear(&st->waiting);
    pthread_mutex_unlock(&st->lock);
    if (st->listener)
        atomic_fetch_sub(&st->listener->connections, 1);
    httpd_share_give(st->server, st->share);
    if (st->on_close)
        st->on_close(st, st->arg);
    httpd_stream_free(st);
}

/* ---- the thread ---- */

/* What a reader sends is not read: he has nothing to say. */
static int is_over(struct httpd_stream *st, uint32_t events)
{
    char bytes[512];
    if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        return 1;
    pthread_mutex_lock(&st->lock);
    ssize_t n = events & EPOLLIN ? recv(st->fd, bytes, sizeof bytes, MSG_DONTWAIT) : 1;
    int over = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    if (!over && events & EPOLLOUT) {
        watch_for(st, 0);
        flush(st);
    }
    pthread_mutex_unlock(&st->lock);
    return over;
}

static void *serve_streams(void *arg)
{
    struct httpd *s = arg;
    struct epoll_event e[EVENTS_MAX];
    for (;;) {
        int n = epoll_wait(s->stream_epoll, e, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            struct httpd_stream *st = e[i].data.ptr;
            if (!st)
                return NULL; /* told to end: there are none any more */
            if (is_over(st, e[i].events))
                httpd_stream_gone(st);
        }
    }
}

int httpd_streams_start(struct httpd *s)
{
    struct epoll_event e = {.events = EPOLLIN};
    s->stream_epoll = epoll_create1(EPOLL_CLOEXEC);
    s->stream_end = eventfd(0, EFD_CLOEXEC);
    s->nowhere = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return s->stream_epoll >= 0 && s->stream_end >= 0 && s->nowhere >= 0 &&
           epoll_ctl(s->stream_epoll, EPOLL_CTL_ADD, s->stream_end, &e) == 0 &&
           pthread_create(&s->stream_thread, NULL, serve_streams, s) == 0;
}

/* A comment keeps proxies from closing the connection, and tells us when the client has gone. Under
 * server->lock. */
void httpd_streams_beat(struct httpd *s, int64_t now)
{
    for (struct httpd_stream *st = s->streams; st; st = st->next) {
        if (st->next_beat > now && !st->end_by)
            continue;
        pthread_mutex_lock(&st->lock);
        if (st->next_beat <= now) {
            st->next_beat = now + s->set.heartbeat_seconds * 1000;
            queue(st, ":\n\n", 3);
        }
        if (st->end_by && st->end_by < now)
            shut(st);
        pthread_mutex_unlock(&st->lock);
    }
}

void httpd_streams_close(struct httpd *s)
{
    pthread_mutex_lock(&s->lock);
    for (struct httpd_stream *st = s->streams; st; st = st->next)
        httpd_stream_close(st);
    pthread_mutex_unlock(&s->lock);
}

static int shut_all(struct httpd *s)
{
    pthread_mutex_lock(&s->lock);
    int some = s->streams != NULL;
    for (struct httpd_stream *st = s->streams; st; st = st->next) {
        pthread_mutex_lock(&st->lock);
        shut(st);
        pthread_mutex_unlock(&st->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return some;
}

void httpd_streams_end(struct httpd *s)
{
    enum { STEP_MS = 5 };
    uint64_t one = 1;
    while (shut_all(s)) /* the thread ends each */
        nanosleep(&(struct timespec){0, STEP_MS * 1000000L}, NULL);
    if (write(s->stream_end, &one, sizeof one) == sizeof one)
        pthread_join(s->stream_thread, NULL);
    close(s->stream_epoll);
    close(s->stream_end);
    close(s->nowhere);
}
