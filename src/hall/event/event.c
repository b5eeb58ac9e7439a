#include "hall/event/event.h"

#include "base/sys.h"
#include "hall/event/event_sql.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Two processes may commit in another order than their rows' times. So each round reads back OVERLAP_MS further
 * than the last, and what the last round saw already is left out. */
enum {
    TOPIC_BUCKETS = 4096, /* a power of two */
    POLL_MS = 500,
    OVERLAP_MS = 10 * TIME_SECOND,
    KEEP_MS = 5 * TIME_MINUTE,
    PRUNE_MS = TIME_MINUTE
};

struct listener {
    struct listener *next;
    int64_t id;
    char topic[EVENT_TOPIC_MAX];
    event_fn *fn;
    void *arg;
};

struct event_hub {
    const struct hall *hall;
    pthread_t thread;
    int started;
    pthread_mutex_t wait_lock; /* guards stop and woken */
    pthread_cond_t wait;
    int stop, woken;
    pthread_mutex_t lock; /* guards the listeners; held while they are called */
    struct listener *listeners[TOPIC_BUCKETS]; /* by topic: 10,000 pages listen to 20,000 */
    int64_t last_listener;
    int64_t *seen; /* ids of the last round, ascending; the thread's own */
    size_t seen_n;
    int primed;
    int64_t last_round, last_prune;
};

static void wake_after_commit(const struct hall *h)
{
    if (h->events)
        event_wake(h->events);
}

enum err event_put(struct hall_tx *tx, const char *topic, struct err_info *e)
{
    if (strlen(topic) >= EVENT_TOPIC_MAX)
        return err_set(e, ERR_INTERNAL, NULL, "topic %s is too long", topic);
    TRY(store_exec(tx->db, &Q_event_add,
                   PARAMS(P_INT(hall_new_id(tx->hall)), P_INT(tx->machine), P_TEXT(topic)), NULL,
                   e));
    hall_after(tx, wake_after_commit);
    return ERR_OK;
}

static int was_seen(const struct event_hub *hub, int64_t id)
{
    size_t low = 0, high = hub->seen_n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (hub->seen[mid] == id)
            return 1;
        if (hub->seen[mid] < id)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* FNV-1a */
static size_t bucket_of(const char *topic)
{
    uint32_t h = 2166136261u;
    for (; *topic; topic++)
        h = (h ^ (uint8_t)*topic) * 16777619u;
    return h & (TOPIC_BUCKETS - 1);
}

static void tell(struct event_hub *hub, const char **topics, size_t n)
{
    qsort(topics, n, sizeof *topics, by_text);
    pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && strcmp(topics[i], topics[i - 1]) == 0)
            continue; /* once a round */
        for (struct listener *l = hub->listeners[bucket_of(topics[i])]; l; l = l->next)
            if (strcmp(l->topic, topics[i]) == 0)
                l->fn(l->arg, l->topic);
    }
    pthread_mutex_unlock(&hub->lock);
}

static enum err read_round(struct event_hub *hub, int64_t from, struct arena *a,
                           struct store_rows *rows, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(hub->hall, 0, &hall_system, a, &tx, e));
    return store_many(tx.db, &Q_event_since, PARAMS(P_INT(from)), a, rows, e);
}

static enum err poll_round(struct event_hub *hub, struct err_info *e)
{
    struct store_rows rows;
    _auto(arena) a = arena_new();
    int64_t now = clock_machine(), from = hub->last_round < now ? hub->last_round : now;
    TRY(read_round(hub, from - OVERLAP_MS, a, &rows, e));
    const char **topics = arena_alloc(a, (rows.n + 1) * sizeof *topics);
    int64_t *seen = mem_alloc((rows.n + 1) * sizeof *seen);
    size_t fresh = 0;
    for (size_t i = 0; i < rows.n; i++) {
        seen[i] = row_int(&rows.row[i], "id");
        if (hub->primed && !was_seen(hub, seen[i]))
            topics[fresh++] = row_text(&rows.row[i], "topic");
    }
    free(hub->seen);
    hub->seen = seen;
    hub->seen_n = rows.n;
    hub->primed = 1;
    hub->last_round = now;
    tell(hub, topics, fresh);
    return ERR_OK;
}

static enum err prune(struct event_hub *hub, struct err_info *e)
{
    int64_t now = clock_machine();
    if (now - hub->last_prune < PRUNE_MS)
        return ERR_OK;
    hub->last_prune = now;
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    TRY(hall_begin(hub->hall, 1, &hall_system, a, &tx, e));
    TRY(store_exec(tx.db, &Q_event_prune, PARAMS(P_INT(now - KEEP_MS)), NULL, e));
    return hall_commit(&tx, e);
}

/* 0 when the hub is to stop. */
static int wait_for_news(struct event_hub *hub)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&hub->wait_lock);
    while (!hub->stop && !hub->woken)
        if (pthread_cond_timedwait(&hub->wait, &hub->wait_lock, &until) != 0)
            break;
    hub->woken = 0;
    int go_on = !hub->stop;
    pthread_mutex_unlock(&hub->wait_lock);
    return go_on;
}

static void *run(void *arg)
{
    struct event_hub *hub = arg;
    do {
        struct err_info e = {0};
        if (poll_round(hub, &e) != ERR_OK || prune(hub, &e) != ERR_OK)
            log_line(LOG_LEVEL_WARN, "event.poll", "%s %s", err_code_text(e.code), e.detail);
    } while (wait_for_news(hub));
    return NULL;
}

enum err event_hub_start(const struct hall *h, struct event_hub **out, struct err_info *e)
{
    _auto(event_hub) hub = mem_alloc(sizeof *hub);
    pthread_condattr_t attr;
    hub->hall = h;
    hub->last_round = hub->last_prune = clock_machine();
    pthread_mutex_init(&hub->lock, NULL);
    pthread_mutex_init(&hub->wait_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->wait, &attr);
    pthread_condattr_destroy(&attr);
    TRY(poll_round(hub, e)); /* what was there before is no news */
    if (pthread_create(&hub->thread, NULL, run, hub) != 0)
        return err_set(e, ERR_INTERNAL, NULL, "no thread for the event hub");
    hub->started = 1;
    *out = steal(&hub);
    return ERR_OK;
}

void event_wake(struct event_hub *hub)
{
    pthread_mutex_lock(&hub->wait_lock);
    hub->woken = 1;
    pthread_cond_signal(&hub->wait);
    pthread_mutex_unlock(&hub->wait_lock);
}

void event_hub_free(struct event_hub *hub)
{
    if (!hub)
        return;
    if (hub->started) {
        pthread_mutex_lock(&hub->wait_lock);
        hub->stop = 1;
        pthread_cond_signal(&hub->wait);
        pthread_mutex_unlock(&hub->wait_lock);
        pthread_join(hub->thread, NULL);
    }
    for (size_t i = 0; i < TOPIC_BUCKETS; i++) {
        while (hub->listeners[i]) {
            struct listener *l = hub->listeners[i];
            hub->listeners[i] = l->next;
            free(l);
        }
    }
    pthread_cond_destroy(&hub->wait);
    pthread_mutex_destroy(&hub->wait_lock);
    pthread_mutex_destroy(&hub->lock);
    free(hub->seen);
    free(hub);
}

/* A listener's number holds its bucket, so that it is found again by it. */
int64_t event_listen(struct event_hub *hub, const char *topic, event_fn *fn, void *arg)
{
    struct listener *l = mem_alloc(sizeof *l);
    size_t n = strnlen(topic, EVENT_TOPIC_MAX - 1);
    memcpy(l->topic, topic, n);
    l->fn = fn;
    l->arg = arg;
    size_t bucket = bucket_of(l->topic);
    pthread_mutex_lock(&hub->lock);
    l->id = ++hub->last_listener * TOPIC_BUCKETS + (int64_t)bucket;
    l->next = hub->listeners[bucket];
    hub->listeners[bucket] = l;
    int64_t id = l->id;
    pthread_mutex_unlock(&hub->lock);
    return id;
}

void event_unlisten(struct event_hub *hub, int64_t listener)
{
    pthread_mutex_lock(&hub->lock);
    struct listener **at = &hub->listeners[listener & (TOPIC_BUCKETS - 1)];
    while (*at && (*at)->id != listener)
        at = &(*at)->next;
    struct listener *l = *at;
    if (l)
        *at = l->next;
    pthread_mutex_unlock(&hub->lock);
    free(l);
}
