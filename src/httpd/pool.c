/* The workers and what waits for them. Requests wait in the order of coming, in lanes: what costs the processor much
 * (HTTPD_HEAVY), and the passwords of people who are not known yet (HTTPD_SIGN_IN), run in a quarter of the workers each and
 * have short queues of their own, so that a flood of one leaves the others alone. One client address has at most half of a
 * queue.
 *
 * Work that nobody waits for any more is not done: who waited longer than `wait_ms` is refused when his turn comes, and who
 * has hung up is forgotten. Who finds the queue full is told so at the watch's next turn and not at once: a client that asks
 * again and again then cannot spend more on its refusals than the rest get for their answers. */
#include "httpd/httpd_priv.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { LIGHT, HEAVY, SIGN_IN, LANES };
enum { HEAVY_WAIT = 16, GONE_MS = 100 };

struct lane {
    struct httpd_conn *first, **last;
    int waiting, waiting_max, running, running_max;
};

struct httpd_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct lane lane[LANES];
    struct httpd_conn *refused; /* to be told so */
    int64_t wait_ms;
    int ending, threads;
    pthread_t thread[];
};

static struct lane *lane_of(struct httpd_pool *p, const struct httpd_conn *c)
{
    unsigned flags = c->request.route->flags;
    return &p->lane[flags & HTTPD_SIGN_IN ? SIGN_IN : flags & HTTPD_HEAVY ? HEAVY : LIGHT];
}

/* Under the lock. */
static struct httpd_conn *take(struct lane *l)
{
    struct httpd_conn *c = l->running < l->running_max ? l->first : NULL;
    if (!c)
        return NULL;
    l->first = c->next;
    if (!l->first)
        l->last = &l->first;
    l->waiting--;
    l->running++;
    if (httpd_share_of(c))
        httpd_share_of(c)->waiting--;
    return c;
}

static struct httpd_conn *next_or_end(struct httpd_pool *p)
{
    struct httpd_conn *c = NULL;
    pthread_mutex_lock(&p->lock);
    while (!(c = take(&p->lane[HEAVY])) && !(c = take(&p->lane[SIGN_IN])) &&
           !(c = take(&p->lane[LIGHT])) && !p->ending)
        pthread_cond_wait(&p->work, &p->lock);
    pthread_mutex_unlock(&p->lock);
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
    if (waited > p->wait_ms)
        httpd_run_refused(c);
    else if (waited < GONE_MS || !has_gone(c))
        httpd_run(c); /* else there is no answer, and the connection is closed */
    c->ready = 1;
}

static void *worker(void *arg)
{
    struct httpd_pool *p = arg;
    struct httpd_conn *c;
    while ((c = next_or_end(p))) {
        struct lane *l = lane_of(p, c);
        work_off(p, c);
        MHD_resume_connection(c->mhd); /* from here on the loop owns it */
        pthread_mutex_lock(&p->lock);
        l->running--;
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

static void lane_init(struct lane *l, int running_max, int waiting_max)
{
    *l = (struct lane){.running_max = running_max, .waiting_max = waiting_max};
    l->last = &l->first;
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
                (!share || share->waiting < (l->waiting_max + 1) / 2);
    if (taken) {
        /* before a worker can see it: it may be resumed at once */
        MHD_suspend_connection(c->mhd);
        c->next = NULL;
        c->queued_at = httpd_now();
        *l->last = c;
        l->last = &c->next;
        l->waiting++;
        if (share)
            share->waiting++;
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
