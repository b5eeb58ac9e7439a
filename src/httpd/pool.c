#include "httpd/httpd_priv.h"

#include <stdlib.h>

struct httpd_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct httpd_conn *first, **last;
    int waiting, queue_max, ending, threads;
    pthread_t thread[];
};

static struct httpd_conn *next_or_end(struct httpd_pool *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->ending)
        pthread_cond_wait(&p->work, &p->lock);
    struct httpd_conn *c = p->first;
    if (c) {
        p->first = c->next;
        p->waiting--;
        if (!p->first)
            p->last = &p->first;
    }
    pthread_mutex_unlock(&p->lock);
    return c;
}

static void *worker(void *arg)
{
    struct httpd_pool *p = arg;
    struct httpd_conn *c;
    while ((c = next_or_end(p))) {
        httpd_run(c);
        c->ready = 1;
        MHD_resume_connection(c->mhd); /* from here on the loop owns it */
    }
    return NULL;
}

struct httpd_pool *httpd_pool_new(int workers, int queue_max)
{
    struct httpd_pool *p = mem_alloc(sizeof *p + (size_t)workers * sizeof p->thread[0]);
    p->last = &p->first;
    p->queue_max = queue_max;
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
    pthread_mutex_lock(&p->lock);
    int taken = p->waiting < p->queue_max && !p->ending;
    if (taken) {
        /* before a worker can see it: it may be resumed at once */
        MHD_suspend_connection(c->mhd);
        c->next = NULL;
        *p->last = c;
        p->last = &c->next;
        p->waiting++;
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return taken;
}

void httpd_pool_end(struct httpd_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->ending = 1;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    while (p->threads > 0)
        pthread_join(p->thread[--p->threads], NULL);
}

void httpd_pool_free(struct httpd_pool *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->work);
    free(p);
}
