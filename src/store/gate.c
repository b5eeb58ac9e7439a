/* A fair lock with permits: waiters are served in the order of asking, so that no writer starves. */
#include "store/store_priv.h"

#include "base/time.h"

#include <time.h>

struct gate_waiter {
    struct gate_waiter *next;
    pthread_cond_t cond;
    int granted;
};

void gate_init(struct gate *g, int permits)
{
    pthread_mutex_init(&g->mutex, NULL);
    g->first = NULL;
    g->last = &g->first;
    g->free = permits;
}

void gate_clear(struct gate *g)
{
    pthread_mutex_destroy(&g->mutex);
}

static void forget(struct gate *g, struct gate_waiter *w)
{
    struct gate_waiter **p = &g->first;
    while (*p != w)
        p = &(*p)->next;
    *p = w->next;
    if (!*p)
        g->last = p;
}

/* With the mutex held; 1 when the permit was granted in time. */
static int wait_for_grant(struct gate *g, int64_t wait_ms)
{
    struct gate_waiter w = {0};
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w.cond, &attr);
    pthread_condattr_destroy(&attr);
    *g->last = &w;
    g->last = &w.next;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + wait_ms % TIME_SECOND * 1000000;
    until.tv_sec += wait_ms / TIME_SECOND + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    int late = 0;
    while (!w.granted && !late)
        late = pthread_cond_timedwait(&w.cond, &g->mutex, &until) != 0;
    if (!w.granted)
        forget(g, &w);
    pthread_cond_destroy(&w.cond);
    return w.granted;
}

enum err gate_enter(struct gate *g, int64_t wait_ms, struct err_info *e)
{
    pthread_mutex_lock(&g->mutex);
    int in = 1;
    if (g->free > 0)
        g->free--;
    else
        in = wait_for_grant(g, wait_ms);
    pthread_mutex_unlock(&g->mutex);
    return in ? ERR_OK : store_busy(e, "no turn came");
}

void gate_leave(struct gate *g)
{
    pthread_mutex_lock(&g->mutex);
    struct gate_waiter *w = g->first;
    if (w) {
        g->first = w->next;
        if (!g->first)
            g->last = &g->first;
        w->granted = 1;
        pthread_cond_signal(&w->cond);
    } else {
        g->free++;
    }
    pthread_mutex_unlock(&g->mutex);
}
