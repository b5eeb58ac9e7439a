/* Group commit: one thread runs what the others queue and commits it together. */
#include "store/store_priv.h"

#include "base/sys.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

struct store_group {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t some; /* something was queued, or the end was asked for */
    struct store_group_item *first, **last;
    int ending;
    void (*after)(void *arg);
    void *after_arg;
};

/* Up to STORE_GROUP_MAX items off the queue; NULL when there are none and there will be none. */
static struct store_group_item *take_batch(struct store_group *g)
{
    pthread_mutex_lock(&g->mutex);
    while (!g->first && !g->ending)
        pthread_cond_wait(&g->some, &g->mutex);
    struct store_group_item *batch = g->first, **end = &g->first;
    for (int n = 0; *end && n < STORE_GROUP_MAX; n++)
        end = &(*end)->next;
    g->first = *end;
    if (!g->first)
        g->last = &g->first;
    *end = NULL;
    pthread_mutex_unlock(&g->mutex);
    return batch;
}

static void fail_item(struct store_group_item *item, enum err r, const struct err_info *e)
{
    item->result = r;
    item->info = *e;
}

/* A failing work undoes itself; what is returned is an error of the transaction as a whole. */
static enum err run_undoing(struct store_tx *tx, struct store_group_item *item, struct err_info *e)
{
    TRY(store_save(tx, e));
    enum err r = item->work(tx, item->arg, &item->info);
    if (r == ERR_OK)
        r = store_keep(tx, &item->info);
    if (r == ERR_OK)
        return ERR_OK;
    fail_item(item, r, &item->info);
    return store_undo(tx, e);
}

/* Without a savepoint; a work that fails before it has written anything needs none. *spoilt: this one had. */
static void run_plainly(struct store_tx *tx, struct store_group_item *item, int *spoilt)
{
    size_t written = tx->written;
    enum err r = item->work(tx, item->arg, &item->info);
    if (r == ERR_OK)
        return;
    fail_item(item, r, &item->info);
    *spoilt = tx->failed != ERR_OK || tx->written != written;
}

static enum err run_batch(struct store_group *g, struct store_group_item *batch, int undoing,
                          int *spoilt, struct err_info *e)
{
    _auto(store_tx) tx = NULL;
    TRY(store_begin(g->store, STORE_WRITE, &tx, e));
    for (struct store_group_item *i = batch; i; i = i->next) {
        if (undoing)
            TRY(run_undoing(tx, i, e));
        else
            run_plainly(tx, i, spoilt);
        if (*spoilt)
            return ERR_OK;
    }
    return store_commit(tx, e);
}

static void forget_results(struct store_group_item *batch)
{
    for (struct store_group_item *i = batch; i; i = i->next) {
        i->result = ERR_OK;
        err_clear(&i->info);
    }
}

/* A savepoint costs SQLite a copy of each page that is written under it, and PostgreSQL two round trips; works that write and
 * then fail are rare. So all of a batch runs without, and where one did fail so, nothing of it is kept, and it runs again. */
static enum err run_once_or_twice(struct store_group *g, struct store_group_item *batch,
                                  struct err_info *e)
{
    int spoilt = 0;
    TRY(run_batch(g, batch, 0, &spoilt, e));
    if (!spoilt)
        return ERR_OK;
    spoilt = 0;
    forget_results(batch);
    return run_batch(g, batch, 1, &spoilt, e);
}

static void *writer(void *arg)
{
    struct store_group *g = arg;
    struct store_group_item *batch;
    while ((batch = take_batch(g))) {
        struct err_info e = {0};
        enum err r = run_once_or_twice(g, batch, &e);
        while (batch) {
            struct store_group_item *i = batch;
            batch = i->next; /* `done` may free the item */
            if (r != ERR_OK && i->result == ERR_OK)
                fail_item(i, r, &e);
            i->done(i, i->result, &i->info);
        }
        if (g->after)
            g->after(g->after_arg);
    }
    return NULL;
}

enum err store_group_new(struct store *s, struct store_group **out, struct err_info *e)
{
    struct store_group *g = mem_alloc(sizeof *g);
    g->store = s;
    g->last = &g->first;
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->some, NULL);
    int r = pthread_create(&g->thread, NULL, writer, g);
    if (r != 0) {
        pthread_cond_destroy(&g->some);
        pthread_mutex_destroy(&g->mutex);
        free(g);
        return err_set(e, ERR_INTERNAL, NULL, "pthread_create: %s", strerror(r));
    }
    *out = g;
    return ERR_OK;
}

void store_group_free(struct store_group *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&g->mutex);
    g->ending = 1;
    pthread_cond_signal(&g->some);
    pthread_mutex_unlock(&g->mutex);
    pthread_join(g->thread, NULL);
    pthread_cond_destroy(&g->some);
    pthread_mutex_destroy(&g->mutex);
    free(g);
}

void store_group_after(struct store_group *g, void (*after)(void *arg), void *arg)
{
    pthread_mutex_lock(&g->mutex); /* the thread is there already */
    g->after = after;
    g->after_arg = arg;
    pthread_mutex_unlock(&g->mutex);
}

void store_group_submit(struct store_group *g, struct store_group_item *item)
{
    item->next = NULL;
    item->result = ERR_OK;
    err_clear(&item->info);
    pthread_mutex_lock(&g->mutex);
    int waits = g->first == NULL; /* else it is at work, or was woken already */
    *g->last = item;
    g->last = &item->next;
    if (waits) /* under the lock: once the item is done the group may end, and nobody waits for who submitted it */
        pthread_cond_signal(&g->some);
    pthread_mutex_unlock(&g->mutex);
}

/* A semaphore may be destroyed as soon as the wait is over, also while the other side is still in sem_post. */
struct waiting {
    struct store_group_item item;
    sem_t done;
};

static void wake(struct store_group_item *item, enum err result, const struct err_info *e)
{
    (void)result;
    (void)e;
    struct waiting *w = (struct waiting *)item; /* the first member */
    sem_post(&w->done);
}

enum err store_group_run(struct store_group *g, store_work_fn *work, void *arg, struct err_info *e)
{
    struct waiting w = {.item = {.work = work, .done = wake, .arg = arg}};
    sem_init(&w.done, 0, 0);
    store_group_submit(g, &w.item);
    while (sem_wait(&w.done) != 0) /* a signal came */
        ;
    sem_destroy(&w.done);
    if (w.item.result != ERR_OK)
        *e = w.item.info;
    return w.item.result;
}
