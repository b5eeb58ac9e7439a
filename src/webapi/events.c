/* From the hub's topics to a page's stream. A feed lives until its stream is closed: the closing callback takes the
 * listeners away first, so that nothing is sent to a feed that is gone. */
#include "webapi/webapi.h"

#include "hall/event/event.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct feed;
struct ear {
    struct feed *feed;
    char *name;
    const char *what; /* static; NULL: the reader's session has ended */
    int64_t listener;
};
struct feed {
    struct event_hub *hub;
    pthread_mutex_t lock; /* guards what follows it */
    struct httpd_stream *stream;
    int closed, over;
    int64_t seq;
    struct ear ear[WEB_LISTENS_MAX + 1];
    size_t ears;
};

enum err web_topics(const struct httpd_request *r, const char *out[WEB_TOPICS_MAX], size_t *n,
                    struct err_info *e)
{
    const char *given = httpd_query(r, "topic");
    char *rest = given ? arena_text(r->arena, given) : NULL, *one;
    *n = 0;
    while ((one = strsep(&rest, ",")) != NULL) {
        if (!*one)
            continue;
        if (*n == WEB_TOPICS_MAX || strlen(one) >= EVENT_TOPIC_MAX)
            *n = WEB_TOPICS_MAX + 1;
        else if (*n < WEB_TOPICS_MAX)
            out[(*n)++] = one;
    }
    if (*n >= 1 && *n <= WEB_TOPICS_MAX)
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, "topic", NULL);
    err_arg(e, "why", "topic: 1 – %d", WEB_TOPICS_MAX);
    return ERR_BAD_REQUEST;
}

/* Under the lock. */
static void tell(struct feed *feed, const struct ear *ear)
{
    struct json_out j;
    _auto_buf b;
    char id[24];
    buf_init(&b, 1024);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_id(&j, "seq", ++feed->seq);
    jout_text(&j, "topic", ear->name);
    jout_text(&j, "what", ear->what);
    jout_end(&j);
    snprintf(id, sizeof id, "%lld", (long long)feed->seq);
    httpd_stream_send(feed->stream, "changed", id, buf_cstr(&b));
}

/* On the hub's thread. */
static void hear(void *arg, const char *topic)
{
    struct ear *ear = arg;
    struct feed *feed = ear->feed;
    (void)topic;
    pthread_mutex_lock(&feed->lock);
    feed->over |= !ear->what;
    if (feed->stream && feed->over)
        httpd_stream_close(feed->stream);
    else if (feed->stream)
        tell(feed, ear);
    pthread_mutex_unlock(&feed->lock);
}

static void feed_free(struct feed *f)
{
    for (size_t i = 0; i < f->ears; i++)
        free(f->ear[i].name);
    httpd_stream_free(f->stream);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void listen_to(struct feed *f, const char *topic, const char *name, const char *what)
{
    struct ear *ear = &f->ear[f->ears++];
    *ear = (struct ear){f, mem_text(name), what, 0};
    ear->listener = event_listen(f->hub, topic, hear, ear);
}

static void stop_listening(struct feed *f)
{
    for (size_t i = 0; i < f->ears; i++)
        event_unlisten(f->hub, f->ear[i].listener);
}

static void on_close(struct httpd_stream *st, void *arg)
{
    struct feed *f = arg;
    (void)st;
    stop_listening(f);
    pthread_mutex_lock(&f->lock);
    int mine = f->stream != NULL; /* else the handler has not got that far, and frees it */
    f->closed = 1;
    pthread_mutex_unlock(&f->lock);
    if (mine)
        feed_free(f);
}

/* Its end is heard from now on; what ended it between the guard and here was not. */
static enum err still_signed_in(struct httpd_request *r, const struct web_reader *reader,
                                struct err_info *e)
{
    struct session s;
    _auto_hall_tx tx = {0};
    TRY(hall_begin(reader->hall, 0, &hall_system, r->arena, &tx, e));
    return session_find(&tx, reader->kind, reader->token, &s, e);
}

enum err web_events(struct httpd_request *r, struct httpd_reply *reply,
                    const struct web_reader *reader, const struct web_listen *listen, size_t n,
                    struct err_info *e)
{
    if (!reader->hall->events)
        return err_set(e, ERR_UNAVAILABLE, NULL, "no event hub");
    struct feed *f = mem_alloc(sizeof *f);
    f->hub = reader->hall->events;
    pthread_mutex_init(&f->lock, NULL);
    for (size_t i = 0; i < n && i < WEB_LISTENS_MAX; i++)
        listen_to(f, listen[i].listen, listen[i].name, listen[i].what);
    if (reader->token)
        listen_to(f, session_topic(r->arena, reader->session), "", NULL);
    enum err still = reader->token ? still_signed_in(r, reader, e) : ERR_OK;
    if (still != ERR_OK) {
        stop_listening(f);
        feed_free(f);
        return still;
    }
    struct httpd_stream *stream = httpd_stream_open(r, reply, on_close, f);
    pthread_mutex_lock(&f->lock);
    f->stream = stream;
    int closed = f->closed;
    if (f->over && !closed)
        httpd_stream_close(stream);
    pthread_mutex_unlock(&f->lock);
    if (closed)
        feed_free(f);
    return ERR_OK;
}
