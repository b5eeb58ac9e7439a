/* One thread looks once a second for connections past their deadline, for streams that need a heartbeat, and for requests
 * that wait for their refusal.
 * MHD's own timeout restarts with each byte, so that a client could hold a connection for ever. */
#include "httpd/httpd_priv.h"

#include "base/sys.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { TURN_MS = 1000 };

int64_t httpd_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct httpd_link *httpd_link_new(struct httpd *s, int fd)
{
    struct httpd_link *link = mem_alloc(sizeof *link);
    link->fd = fd;
    httpd_link_deadline(link, s->set.header_seconds);
    pthread_mutex_lock(&s->lock);
    link->next = s->links;
    if (link->next)
        link->next->prev = link;
    s->links = link;
    pthread_mutex_unlock(&s->lock);
    return link;
}

/* Called before MHD closes the socket, so that the number is never somebody else's when it is shut down. */
void httpd_link_free(struct httpd *s, struct httpd_link *link)
{
    pthread_mutex_lock(&s->lock);
    if (link->prev)
        link->prev->next = link->next;
    else
        s->links = link->next;
    if (link->next)
        link->next->prev = link->prev;
    pthread_mutex_unlock(&s->lock);
    free(link);
}

void httpd_link_deadline(struct httpd_link *link, int64_t seconds)
{
    atomic_store(&link->late, 0);
    atomic_store_explicit(&link->deadline, seconds ? httpd_now() + seconds * 1000 : 0,
                          memory_order_relaxed);
}

void httpd_link_receive(struct httpd_link *link, int64_t until, enum lang lang)
{
    atomic_store(&link->late, (int)lang + 1);
    atomic_store_explicit(&link->deadline, until, memory_order_relaxed);
}

/* MHD takes no answer in the middle of a body, and writes nothing there itself: so it is written past it. */
static void say_late(int fd, enum lang lang)
{
    struct err_info e = {0};
    char message[400];
    _auto_buf body, all;
    struct json_out j;
    err_set(&e, ERR_LATE, NULL, NULL);
    err_message(&e, lang, message, sizeof message);
    buf_init(&body, 1024);
    buf_init(&all, 2048);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "code", err_code_text(e.code));
    jout_text(&j, "message", message);
    jout_end(&j);
    buf_fmt(&all,
            "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\n"
            "Connection: close\r\nCache-Control: no-store\r\nContent-Length: %zu\r\n\r\n%s",
            body.n, buf_cstr(&body));
    (void)!send(fd, all.p, all.n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void end_late(struct httpd *s, int64_t now)
{
    for (struct httpd_link *l = s->links; l; l = l->next) {
        int64_t deadline = atomic_load_explicit(&l->deadline, memory_order_relaxed);
        if (!deadline || deadline >= now)
            continue;
        int late = atomic_exchange(&l->late, 0);
        if (late)
            say_late(l->fd, (enum lang)(late - 1));
        shutdown(l->fd, SHUT_RDWR);
    }
}

/* One line a second however many there were: a log must not be what a flood fills. */
static void tell_busy(struct httpd *s, int64_t now, int64_t *told)
{
    if (now - *told < 1000)
        return;
    *told = now;
    int n = atomic_exchange(&s->busy, 0);
    if (n)
        log_line(LOG_LEVEL_WARN, "http.busy", "%d requests refused with 503", n);
}

static void *watch(void *arg)
{
    struct httpd *s = arg;
    int64_t told = 0;
    pthread_mutex_lock(&s->lock);
    while (!s->watch_end) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TURN_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&s->tick, &s->lock, &until);
        int64_t now = httpd_now();
        end_late(s, now);
        httpd_streams_beat(s, now);
        pthread_mutex_unlock(&s->lock);
        httpd_pool_tell_refused(s->pool);
        tell_busy(s, now, &told);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int httpd_watch_start(struct httpd *s)
{
    return pthread_create(&s->watch, NULL, watch, s) == 0;
}

void httpd_watch_end(struct httpd *s)
{
    pthread_mutex_lock(&s->lock);
    s->watch_end = 1;
    pthread_cond_signal(&s->tick);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->watch, NULL);
}
