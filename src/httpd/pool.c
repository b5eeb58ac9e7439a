/* The workers and what waits for them. Requests wait in the order of coming, in lanes: what costs the processor much
 * (HTTPD_HEAVY), and the passwords of people who are not known yet (HTTPD_SIGN_IN), run in a quarter of the workers each and
 * have short queues of their own, so that a flood of one leaves the others alone. One client address, or UNIX socket beside
 * others, has at most half of a queue.
 *
 * Work that nobody waits for any more is not done: who waited longer than `wait_ms` is refused when his turn comes, and who
 * has hung up is forgotten. Who finds the queue full is told so at the watch's next turn and not at once: a client that asks
 * again and again then cannot spend more on its refusals than the rest get for their answers.
 *
 * A request whose handler suspended it holds no worker, and counts among those that wait; told to go on, it comes before all of
 * its lane that were not begun, as most of its work is done. */
#include "httpd/httpd_priv.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { LIGHT, HEAVY, SIGN_IN, LANES };
enum { HEAVY_WAIT = 16, GONE_MS = 100 };

struct line {
    struct httpd_conn *first, **last;
};

struct lane {
    struct line come, resumed;
    int waiting, waiting_max, running, running_max; /* `waiting`: in either line, or suspended */
};

struct httpd_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct lane lane[LANES];
    struct httpd_conn *refused; /* to be told so */
    int64_t wait_ms;
    int suspended; /* and not taken up again; while there are any, the workers do not end */
    int idle;      /* workers asleep */
    int ending, threads;
    pthread_t thread[];
};

static struct lane *lane_of(struct httpd_pool *p, const struct httpd_conn *c)
{
    unsigned flags = c->request.route->flags;
    return &p->lane[flags & HTTPD_SIGN_IN ? SIGN_IN : flags & HTTPD_HEAVY ? HEAVY : LIGHT];
}

static void line_add(struct line *line, struct httpd_conn *c)
{
    c->next = NULL;
    *line->last = c;
    line->last = &c->next;
}

/* NULL when nobody stands in it. */
static struct httpd_conn *line_take(struct line *line)
{
    struct httpd_conn *c = line->first;
    if (c)
        line->first = c->next;
    if (!line->first)
        line->last = &line->first;
    return c;
}

/* Under the lock, as what follows: one more of the lane, and of the client's, waits, or one less. */
static void count_waiting(struct lane *l, const struct httpd_conn *c, int more)
{
    l->waiting += more;
    c->listener->waiting += more;
    if (httpd_share_of(c))
        httpd_share_of(c)->waiting += more;
}

/* A UNIX socket is one client: beside others it has half of a queue, as an address has. */
static int listener_has_room(const struct httpd_conn *c, const struct lane *l)
{
    return !c->listener->set.unix_path || c->server->listeners == 1 ||
           c->listener->waiting < (l->waiting_max + 1) / 2;
}

static struct httpd_conn *take_resumed(struct httpd_pool *p, struct lane *l)
{
    struct httpd_conn *c = line_take(&l->resumed);
    if (c && --p->suspended == 0 && p->ending)
        pthread_cond_broadcast(&p->work); /* the other workers may end now */
    return c;
}

static struct httpd_conn *take(struct httpd_pool *p, int lane)
{
    struct lane *l = &p->lane[lane];
    if (l->running >= l->running_max)
        return NULL;
    struct httpd_conn *c = take_resumed(p, l);
    if (!c)
        c = line_take(&l->come);
    if (!c)
        return NULL;
    count_waiting(l, c, -1);
    l->running++;
    return c;
}

static struct httpd_conn *next_or_end(struct httpd_pool *p)
{
    struct httpd_conn *c = NULL;
    pthread_mutex_lock(&p->lock);
    while (!(c = take(p, HEAVY)) && !(c = take(p, SIGN_IN)) && !(c = take(p, LIGHT)) &&
           !(p->ending && p->suspended == 0)) {
        p->idle++;
        pthread_cond_wait(&p->work, &p->lock);
        p->idle--;
    }
    int more = p->idle > 0 && c && lane_of(p, c)->resumed.first;
    pthread_mutex_unlock(&p->lock);
    if (more)
        pthread_cond_signal(&p->work);
    return c;
}

static int has_gone(const struct httpd_conn *c)
{
    char byte;
    return recv(c->link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void work_off(struct httpd_pool *p, struct httpd_conn *c)
{
    int64_t waited = httpd_now() - c->queued_at;
    if (c->finish)
        httpd_run_rest(c);
    else if (waited > p->wait_ms)
        httpd_run_refused(c);
    else if (waited < GONE_MS || !has_gone(c))
        httpd_run(c); /* else there is no answer, and the connection is closed */
}

static void go_on(struct lane *l, struct httpd_conn *c)
{
    c->parked = c->resumed = 0;
    line_add(&l->resumed, c);
}

/* Its handler is through; httpd_resume may have been called already. */
static void park(struct httpd_pool *p, struct lane *l, struct httpd_conn *c)
{
    pthread_mutex_lock(&p->lock);
    l->running--;
    count_waiting(l, c, 1);
    p->suspended++;
    c->parked = 1;
    if (c->resumed)
        go_on(l, c); /* this worker looks for work next */
    pthread_mutex_unlock(&p->lock);
}

void httpd_pool_resume(struct httpd_pool *p, struct httpd_conn *c)
{
    struct lane *l = lane_of(p, c);
    pthread_mutex_lock(&p->lock);
    if (c->resumed || !c->finish)
        abort(); /* a second time, or a request that waits for nothing: a mistake of the caller's */
    c->resumed = 1;
    int first = c->parked && !l->resumed.first; /* else there is one who will wake another */
    if (c->parked)
        go_on(l, c);
    if (first) /* under the lock: once the request is answered the pool may end, and nobody waits for who resumes */
        pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

static void answered(struct httpd_pool *p, struct lane *l, struct httpd_conn *c)
{
    c->ready = 1;
    MHD_resume_connection(c->mhd); /* from here on the loop owns it */
    pthread_mutex_lock(&p->lock);
    l->running--;
    pthread_mutex_unlock(&p->lock);
}

static void *worker(void *arg)
{
    struct httpd_pool *p = arg;
    struct httpd_conn *c;
    while ((c = next_or_end(p))) {
        struct lane *l = lane_of(p, c);
        work_off(p, c);
        if (c->finish)
            park(p, l, c);
        else
            answered(p, l, c);
    }
    return NULL;
}

static void lane_init(struct lane *l, int running_max, int waiting_max)
{
    *l = (struct lane){.running_max = running_max, .waiting_max = waiting_max};
    l->come.last = &l->come.first;
    l->resumed.last = &l->resumed.first;
}

struct httpd_pool *httpd_pool_new(int workers, int queue_max, int64_t wait_ms)
{
    struct httpd_pool *p = mem_alloc(sizeof *p + (size_t)workers * sizeof p->thread[0]);
    lane_init(&p->lane[LIGHT], workers, queue_max);
    for (int i = HEAVY; i < LANES; i++)
        lane_init(&p->lane[i], workers > 4 ? workers / 4 : 1,
                  queue_max < HEAVY_WAIT ? queue_max : HEAVY_WAIT);
    p->wait_ms = wait_ms;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    while (p->threads < workers && pthread_create(&p->thread[p->threads], NULL, worker, p) == 0)
        p->threads++;
    if (p->threads == workers)
        return p;
    httpd_pool_end(p);
    httpd_pool_free(p);
    return NULL;
}

int httpd_pool_submit(struct httpd_pool *p, struct httpd_conn *c)
{
    struct httpd_share *share = httpd_share_of(c);
    pthread_mutex_lock(&p->lock);
    struct lane *l = lane_of(p, c);
    int taken = l->waiting < l->waiting_max && !p->ending &&
                (!share || share->waiting < (l->waiting_max + 1) / 2) && listener_has_room(c, l);
    if (taken) {
        /* before a worker can see it: it may be resumed at once */
        MHD_suspend_connection(c->mhd);
        c->queued_at = httpd_now();
        line_add(&l->come, c);
        count_waiting(l, c, 1);
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return taken;
}

int httpd_pool_put_off(struct httpd_pool *p, struct httpd_conn *c)
{
    pthread_mutex_lock(&p->lock);
    int taken = !p->ending;
    if (taken) {
        MHD_suspend_connection(c->mhd);
        c->next = p->refused;
        p->refused = c;
    }
    pthread_mutex_unlock(&p->lock);
    return taken;
}

void httpd_pool_tell_refused(struct httpd_pool *p)
{
    pthread_mutex_lock(&p->lock);
    struct httpd_conn *c = p->refused, *next;
    p->refused = NULL;
    pthread_mutex_unlock(&p->lock);
    for (; c; c = next) {
        next = c->next;
        httpd_run_refused(c);
        c->ready = 1;
        MHD_resume_connection(c->mhd);
    }
}

void httpd_pool_end(struct httpd_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->ending = 1;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    while (p->threads > 0)
        pthread_join(p->thread[--p->threads], NULL);
    httpd_pool_tell_refused(p);
}

void httpd_pool_free(struct httpd_pool *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->work);
    free(p);
}
