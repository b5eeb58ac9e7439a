/* A turnstile before the password hash. */
#include "hall/staff/staff.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { RETRY_SECONDS = 2 };

struct staff_gate {
    pthread_mutex_t lock; /* guards the two counts */
    pthread_cond_t left;
    int inside, waiting;
};

struct staff_gate *staff_gate_new(void)
{
    struct staff_gate *g = mem_alloc(sizeof *g);
    pthread_condattr_t attr;
    pthread_mutex_init(&g->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&g->left, &attr);
    pthread_condattr_destroy(&attr);
    return g;
}

void staff_gate_free(struct staff_gate *g)
{
    if (!g)
        return;
    pthread_cond_destroy(&g->left);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

/* With the lock held; 1 when there is room. */
static int wait_for_room(struct staff_gate *g)
{
    struct timespec until;
    int late = g->waiting >= STAFF_CHECKS_WAITING;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STAFF_CHECK_WAIT_MS / 1000;
    g->waiting++;
    while (g->inside >= STAFF_CHECKS && !late)
        late = pthread_cond_timedwait(&g->left, &g->lock, &until) != 0;
    g->waiting--;
    return g->inside < STAFF_CHECKS;
}

enum err staff_gate_enter(struct staff_gate *g, struct err_info *e)
{
    if (!g)
        return ERR_OK;
    pthread_mutex_lock(&g->lock);
    int room = wait_for_room(g);
    g->inside += room;
    pthread_mutex_unlock(&g->lock);
    if (room)
        return ERR_OK;
    err_set(e, ERR_BUSY, NULL, "passwords of others are being checked");
    err_arg(e, "seconds", "%d", RETRY_SECONDS);
    return ERR_BUSY;
}

void staff_gate_leave(struct staff_gate *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    g->inside--;
    pthread_cond_signal(&g->left);
    pthread_mutex_unlock(&g->lock);
}
