/* Live events. MHD asks stream_read for bytes; when there are none the connection is suspended and the next
 * send resumes it. Two references: the caller's and the request's. Locks: server, then stream, then MHD's. */
#include "httpd/httpd_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct httpd_stream {
    struct httpd_stream *prev, *next; /* server->streams, under server->lock */
    struct httpd *server;
    struct MHD_Connection *mhd;
    void (*on_close)(struct httpd_stream *, void *);
    void *arg;
    int64_t next_beat;
    atomic_int references;
    pthread_mutex_t lock; /* of what follows */
    struct buf waiting;
    size_t sent; /* of waiting */
    int suspended, closing, gone;
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
    st->mhd = r->conn->mhd;
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

/* Under the lock. */
static void wake(struct httpd_stream *st)
{
    if (!st->suspended)
        return;
    st->suspended = 0;
    MHD_resume_connection(st->mhd);
}

static ssize_t stream_read(void *arg, uint64_t pos, char *out, size_t max)
{
    (void)pos;
    struct httpd_stream *st = arg;
    pthread_mutex_lock(&st->lock);
    size_t left = st->waiting.n - st->sent;
    ssize_t n = (ssize_t)(left < max ? left : max);
    if (n > 0) {
        memcpy(out, st->waiting.p + st->sent, (size_t)n);
        st->sent += (size_t)n;
    } else if (st->closing) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        buf_clear(&st->waiting); /* an idle stream holds no buffer */
        st->sent = 0;
        st->suspended = 1;
        MHD_suspend_connection(st->mhd);
    }
    pthread_mutex_unlock(&st->lock);
    return n;
}

struct MHD_Response *httpd_stream_response(struct httpd_stream *st)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, stream_read, st, NULL);
}

/* Queue under the lock; 0 when the stream is at its end. */
static int queue(struct httpd_stream *st, const char *text, size_t n)
{
    if (st->closing || st->gone)
        return 0;
    if (st->sent == st->waiting.n) {
        buf_clear(&st->waiting);
        st->sent = 0;
    }
    buf_put(&st->waiting, text, n);
    if (st->waiting.full)
        st->closing = 1; /* its reader is too slow; the page connects again and reads the state */
    wake(st);
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
    int queued = !b.full && queue(st, (const char *)b.p, b.n);
    pthread_mutex_unlock(&st->lock);
    return queued;
}

void httpd_stream_close(struct httpd_stream *st)
{
    pthread_mutex_lock(&st->lock);
    st->closing = 1;
    wake(st);
    pthread_mutex_unlock(&st->lock);
}

/* The request is over, in whatever way. */
void httpd_stream_gone(struct httpd_stream *st)
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
    pthread_mutex_lock(&st->lock);
    st->gone = 1;
    st->suspended = 0;
    pthread_mutex_unlock(&st->lock);
    if (st->on_close)
        st->on_close(st, st->arg);
    httpd_stream_free(st);
}

/* A comment keeps proxies from closing the connection, and tells us when the client has gone. Under
 * server->lock. */
void httpd_streams_beat(struct httpd *s, int64_t now)
{
    for (struct httpd_stream *st = s->streams; st; st = st->next) {
        if (st->next_beat > now)
            continue;
        st->next_beat = now + s->set.heartbeat_seconds * 1000;
        pthread_mutex_lock(&st->lock);
        queue(st, ":\n\n", 3);
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
