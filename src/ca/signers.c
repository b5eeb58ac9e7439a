/* Threads that sign. Between the two transactions of a certificate stands its signature: the one writer must not wait for it,
 * and to wake who asked, only to have him sign and sleep again, costs as much as half a signature. */
#include "ca/ca_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNERS_MAX = 8, TAKEN_AT_ONCE = 8 };

struct ca_signers {
    pthread_mutex_t lock;
    pthread_cond_t some; /* a job was added, or the end was asked for */
    struct ca_job *first, **last;
    struct ca_job *added,
        **added_last; /* of the writer's thread alone, until it is through with its batch */
    int idle, ending, threads;
    pthread_t thread[SIGNERS_MAX];
};

/* A few jobs off the queue; NULL when there are none and there will be none. */
static struct ca_job *take(struct ca_signers *s)
{
    pthread_mutex_lock(&s->lock);
    while (!s->first && !s->ending) {
        s->idle++;
        pthread_cond_wait(&s->some, &s->lock);
        s->idle--;
    }
    struct ca_job *jobs = s->first, **end = &s->first;
    for (int n = 0; *end && n < TAKEN_AT_ONCE; n++)
        end = &(*end)->next;
    s->first = *end;
    if (!s->first)
        s->last = &s->first;
    *end = NULL;
    int more = s->first && s->idle > 0;
    pthread_mutex_unlock(&s->lock);
    if (more)
        pthread_cond_signal(&s->some);
    return jobs;
}

static void *signer(void *arg)
{
    struct ca_job *job;
    while ((job = take(arg)))
        while (job) {
            struct ca_job *next = job->next; /* running it may end it */
            job->run(job);
            job = next;
        }
    return NULL;
}

void ca_signers_add(struct ca_signers *s, struct ca_job *job)
{
    job->next = NULL;
    *s->added_last = job;
    s->added_last = &job->next;
}

void ca_signers_put(struct ca_signers *s, struct ca_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&s->lock);
    *s->last = job;
    s->last = &job->next;
    if (s->idle > 0)
        pthread_cond_signal(&s->some);
    pthread_mutex_unlock(&s->lock);
}

void ca_signers_go(void *signers)
{
    struct ca_signers *s = signers;
    if (!s->added)
        return;
    pthread_mutex_lock(&s->lock);
    *s->last = s->added;
    s->last = s->added_last;
    int sleeps = s->idle > 0;
    pthread_mutex_unlock(&s->lock);
    s->added = NULL;
    s->added_last = &s->added;
    if (sleeps)
        pthread_cond_signal(&s->some);
}

void ca_signers_free(struct ca_signers *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->ending = 1;
    pthread_cond_broadcast(&s->some);
    pthread_mutex_unlock(&s->lock);
    while (s->threads > 0)
        pthread_join(s->thread[--s->threads], NULL);
    pthread_cond_destroy(&s->some);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

enum err ca_signers_new(struct ca_signers **out, struct err_info *e)
{
    struct ca_signers *s = mem_alloc(sizeof *s);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int want = cores < 1 ? 1 : cores > SIGNERS_MAX ? SIGNERS_MAX : (int)cores, failed = 0;
    s->last = &s->first;
    s->added_last = &s->added;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->some, NULL);
    while (s->threads < want && !failed) {
        failed = pthread_create(&s->thread[s->threads], NULL, signer, s);
        s->threads += !failed;
    }
    *out = s;
    if (s->threads > 0)
        return ERR_OK;
    ca_signers_free(s);
    *out = NULL;
    return err_set(e, ERR_INTERNAL, NULL, "pthread_create: %s", strerror(failed));
}
