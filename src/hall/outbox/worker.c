/* The threads that deliver. Each takes one row at a time: lease, deliver, settle. */
#include "hall/outbox/outbox_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "hall/outbox/outbox_sql.h"
#include "hall/task/task.h"
#include "hall/vault/vault.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    THREADS_MAX = 8,
    FLIGHTS = THREADS_MAX + 1, /* and who calls outbox_run himself */
    POLL_MS = 1000,
    /* short, as what a process that died had at hand waits for its end; renewed while somebody is at it */
    LEASE_MS = 8 * TIME_SECOND,
    RENEW_MS = 2000,
    LONGEST_MS = 5 * TIME_MINUTE,
    LONGEST_PEER_MS =
        15 * TIME_SECOND, /* kinds that never give up: our own processes, back in a moment */
    UNKNOWN_KIND_MS = TIME_MINUTE,
};

/* A row that a thread of this process is at. */
struct flight {
    int64_t id, version; /* id 0: none */
};

struct outbox {
    const struct hall *hall;
    struct outbox_kind *kinds;
    size_t kinds_n;
    pthread_t thread[THREADS_MAX];
    int threads;
    pthread_t renewer;
    int renewing;         /* 1: it runs */
    pthread_mutex_t lock; /* guards stop, rung and flight */
    pthread_cond_t bell, end;
    int stop;
    unsigned rung; /* counts calls of outbox_wake */
    struct flight flight[FLIGHTS];
};

struct taken {
    struct outbox_row row;
    int64_t version;
    const struct outbox_kind *kind; /* NULL: not one of ours */
};

static const struct outbox_kind *kind_of(const struct outbox *o, const char *name)
{
    for (size_t i = 0; i < o->kinds_n; i++)
        if (strcmp(o->kinds[i].kind, name) == 0)
            return &o->kinds[i];
    return NULL;
}

/* Anything due? Asked without the writer's lock, because mostly there is nothing. */
static enum err any_due(struct outbox *o, struct arena *a, struct store_rows *due,
                        struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(o->hall, 0, &hall_system, a, &tx, e));
    return store_many(tx.db, &Q_outbox_row_due,
                      PARAMS(P_INT(tx.machine), P_INT(tx.machine + 2 * LONGEST_MS),
                             P_INT(tx.machine + 2 * LEASE_MS)),
                      a, due, e);
}

static enum err read_row(struct outbox *o, struct hall_tx *tx, int64_t id, struct taken *t,
                         struct err_info *e)
{
    const struct store_row *r;
    TRY(store_one(tx->db, &Q_outbox_row_get, PARAMS(P_INT(id)), tx->arena, &r, e));
    t->row = (struct outbox_row){.id = id,
                                 .order = row_int(r, "order_id"),
                                 .made_at = row_int(r, "made_at"),
                                 .kind = row_text(r, "kind"),
                                 .idem = row_text(r, "idem"),
                                 .tries = (int)row_int(r, "tries")};
    t->version = row_int(r, "version");
    t->kind = kind_of(o, t->row.kind);
    return vault_open_text(tx->hall->vault, tx->arena, VAULT_OUTBOX, id, row_blob(r, "body"),
                           &t->row.body, e);
}

enum err outbox_dead_task(struct hall_tx *tx, const struct outbox_row *row, struct err_info *e)
{
    struct task_new t = {.kind = "outbox_dead",
                         .order = row->order,
                         .subject = arena_fmt(tx->arena, "outbox:%lld", (long long)row->id),
                         .role = "support",
                         .note = arena_fmt(tx->arena, "{\"kind\":\"%s\"}", row->kind)};
    return task_open(tx, &t, NULL, e);
}

static enum err end_dead(const struct taken *t, struct hall_tx *tx, const struct err_info *why,
                         struct err_info *e)
{
    if (t->kind && t->kind->leaves_nothing)
        return store_exec_one(tx->db, &Q_outbox_row_drop,
                              PARAMS(P_INT(t->row.id), P_INT(t->version)), e);
    return store_exec_one(
        tx->db, &Q_outbox_row_give_up,
        PARAMS(P_INT(t->row.id), P_INT(t->version), P_TEXT(err_code_text(why->code))), e);
}

/* A row that does not open (its key is gone, or it was changed) must not stop those behind it. It keeps its body, and can
 * be sent once more when the key is back. */
static enum err bury(struct hall_tx *tx, const struct taken *t, const struct err_info *why,
                     struct err_info *e)
{
    log_line(LOG_LEVEL_ERROR, "outbox", "%s %lld cannot be read: %s", t->row.kind,
             (long long)t->row.id, why->detail);
    TRY(end_dead(t, tx, why, e));
    return t->kind && t->kind->leaves_nothing ? ERR_OK : outbox_dead_task(tx, &t->row, e);
}

/* ---- leases ---- */

/* A lease that ran out under a thread of this process (its database was away) is no reason to begin beside it. */
static int is_flying(struct outbox *o, int64_t id)
{
    int found = 0;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < FLIGHTS; i++)
        found |= o->flight[i].id == id;
    pthread_mutex_unlock(&o->lock);
    return found;
}

static void fly(struct outbox *o, const struct taken *t)
{
    size_t free_at = FLIGHTS - 1;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < FLIGHTS; i++)
        if (o->flight[i].id == 0)
            free_at = i;
    o->flight[free_at] = (struct flight){t->row.id, t->version};
    pthread_mutex_unlock(&o->lock);
}

static void land(struct outbox *o, const struct taken *t)
{
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < FLIGHTS; i++)
        if (o->flight[i].id == t->row.id)
            o->flight[i].id = 0;
    pthread_mutex_unlock(&o->lock);
}

static enum err renew(struct outbox *o, const struct flight *f, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_hall_tx tx = {0};
    TRY(hall_begin(o->hall, 1, &hall_system, a, &tx, e));
    TRY(store_exec(tx.db, &Q_outbox_row_renew,
                   PARAMS(P_INT(f->id), P_INT(f->version), P_INT(tx.machine + LEASE_MS)), NULL, e));
    return hall_commit(&tx, e);
}

static void deadline(struct timespec *until, int ms)
{
    clock_gettime(CLOCK_MONOTONIC, until);
    int64_t ns = until->tv_nsec + (int64_t)ms * 1000000;
    until->tv_sec += ns / 1000000000;
    until->tv_nsec = ns % 1000000000;
}

/* 0 when it is to stop; else what has been under way for as long as that. */
static int wait_to_renew(struct outbox *o, struct flight out[FLIGHTS])
{
    struct flight before[FLIGHTS];
    struct timespec until;
    deadline(&until, RENEW_MS);
    pthread_mutex_lock(&o->lock);
    memcpy(before, o->flight, sizeof before);
    while (!o->stop && pthread_cond_timedwait(&o->end, &o->lock, &until) == 0)
        ;
    for (size_t i = 0; i < FLIGHTS; i++) {
        int same = before[i].id == o->flight[i].id && before[i].version == o->flight[i].version;
        out[i] = same ? before[i] : (struct flight){0};
    }
    int go_on = !o->stop;
    pthread_mutex_unlock(&o->lock);
    return go_on;
}

static void *renew_all(void *arg)
{
    struct outbox *o = arg;
    struct flight long_ones[FLIGHTS];
    while (wait_to_renew(o, long_ones))
        for (size_t i = 0; i < FLIGHTS; i++) {
            struct err_info e = {0};
            if (long_ones[i].id && renew(o, &long_ones[i], &e) != ERR_OK)
                log_line(LOG_LEVEL_WARN, "outbox.renew", "%lld: %s", (long long)long_ones[i].id,
                         e.detail);
        }
    return NULL;
}

/* ---- taking ---- */

/* *got 0: nothing is due, or others took it all. */
static enum err take(struct outbox *o, struct arena *a, struct taken *t, int *got,
                     struct err_info *e)
{
    struct store_rows due;
    struct err_info why = {0};
    *got = 0;
    TRY(any_due(o, a, &due, e));
    if (due.n == 0)
        return ERR_OK;
    _auto_hall_tx tx = {0};
    TRY(hall_begin(o->hall, 1, &hall_system, a, &tx, e));
    for (size_t i = 0; i < due.n && !*got; i++) {
        int64_t leased, id = row_int(&due.row[i], "id");
        if (is_flying(o, id))
            continue;
        TRY(store_exec(
            tx.db, &Q_outbox_row_lease,
            PARAMS(P_INT(id), P_INT(row_int(&due.row[i], "version")), P_INT(tx.machine + LEASE_MS)),
            &leased, e));
        if (!leased)
            continue;
        enum err opened = read_row(o, &tx, id, t, &why);
        if (opened == ERR_CRYPTO) {
            TRY(bury(&tx, t, &why, e));
            continue;
        }
        if (opened != ERR_OK) {
            *e = why;
            return opened;
        }
        *got = 1;
    }
    return hall_commit(&tx, e);
}

static enum err settle(struct outbox *o, struct arena *a, const struct taken *t, const char *answer,
                       struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(o->hall, 1, &hall_system, a, &tx, e));
    TRY(store_exec_one(tx.db, t->kind->leaves_nothing ? &Q_outbox_row_drop : &Q_outbox_row_done,
                       PARAMS(P_INT(t->row.id), P_INT(t->version)), e));
    if (t->kind->settle)
        TRY(t->kind->settle(&tx, &t->row, answer, t->kind->arg, e));
    return hall_commit(&tx, e);
}

static enum err give_up(struct outbox *o, struct arena *a, const struct taken *t,
                        const struct err_info *why, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(o->hall, 1, &hall_system, a, &tx, e));
    TRY(end_dead(t, &tx, why, e));
    if (t->kind->failed)
        TRY(t->kind->failed(&tx, &t->row, why, t->kind->arg, e));
    else
        TRY(outbox_dead_task(&tx, &t->row, e));
    return hall_commit(&tx, e);
}

static enum err later(struct outbox *o, struct arena *a, const struct taken *t, int64_t delay,
                      const char *code, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(o->hall, 1, &hall_system, a, &tx, e));
    TRY(store_exec_one(
        tx.db, &Q_outbox_row_later,
        PARAMS(P_INT(t->row.id), P_INT(t->version), P_INT(tx.machine + delay), P_TEXT(code)), e));
    TRY(hall_commit(&tx, e));
    boundary(BOUNDARY_HALL_OUTBOX_LATER);
    return ERR_OK;
}

/* `final`: the receiver said no; otherwise it may pass by itself. */
static enum err put_off(struct outbox *o, struct arena *a, const struct taken *t,
                        const struct err_info *why, int final, struct err_info *e)
{
    int64_t give_up_ms = t->kind->give_up_ms;
    uint32_t noise;
    log_line(LOG_LEVEL_WARN, "outbox", "%s %lld try %d: %s %s", t->row.kind, (long long)t->row.id,
             t->row.tries + 1, err_code_text(why->code), why->detail);
    if (final || (give_up_ms && clock_machine() - t->row.made_at > give_up_ms))
        return give_up(o, a, t, why, e);
    random_bytes(&noise, sizeof noise);
    int64_t delay = outbox_delay_ms(t->row.tries, give_up_ms ? LONGEST_MS : LONGEST_PEER_MS, noise);
    return later(o, a, t, delay, err_code_text(why->code), e);
}

/* One row, from lease to end. */
static enum err deliver(struct outbox *o, struct arena *a, const struct taken *t, int *done,
                        struct err_info *e)
{
    const char *answer = "";
    struct err_info why = {0};
    if (!t->kind) {
        log_line(LOG_LEVEL_WARN, "outbox", "kind %s is not delivered by this program", t->row.kind);
        return later(o, a, t, UNKNOWN_KIND_MS, "outbox.kind", e);
    }
    boundary(BOUNDARY_HALL_OUTBOX_LEASED);
    enum err sent = t->kind->deliver(o->hall, &t->row, a, &answer, t->kind->arg, &why);
    if (sent == ERR_OK)
        boundary(BOUNDARY_HALL_OUTBOX_SENT);
    else
        return put_off(o, a, t, &why, !outbox_is_passing(sent), e);
    err_clear(&why);
    if (settle(o, a, t, answer, &why) != ERR_OK)
        return put_off(o, a, t, &why, 0, e);
    boundary(BOUNDARY_HALL_OUTBOX_SETTLED);
    ++*done;
    return ERR_OK;
}

enum err outbox_run(struct outbox *o, int *done, struct err_info *e)
{
    _auto(arena) a = arena_new();
    int got;
    *done = 0;
    do {
        struct taken t;
        TRY(take(o, a, &t, &got, e));
        if (got) {
            fly(o, &t);
            enum err result = deliver(o, a, &t, done, e);
            land(o, &t);
            TRY(result);
        }
        arena_reset(a);
    } while (got);
    return ERR_OK;
}

/* 0 when the threads are to stop. */
static int wait_for_bell(struct outbox *o, unsigned *rung)
{
    struct timespec until;
    deadline(&until, POLL_MS);
    pthread_mutex_lock(&o->lock);
    while (!o->stop && o->rung == *rung)
        if (pthread_cond_timedwait(&o->bell, &o->lock, &until) != 0)
            break;
    *rung = o->rung;
    int go_on = !o->stop;
    pthread_mutex_unlock(&o->lock);
    return go_on;
}

static void *run(void *arg)
{
    struct outbox *o = arg;
    unsigned rung = 0;
    int done;
    do {
        struct err_info e = {0};
        if (outbox_run(o, &done, &e) != ERR_OK)
            log_line(LOG_LEVEL_WARN, "outbox.run", "%s %s", err_code_text(e.code), e.detail);
    } while (wait_for_bell(o, &rung));
    return NULL;
}

enum err outbox_start(const struct hall *h, const struct outbox_kind *kinds, size_t n, int threads,
                      struct outbox **out, struct err_info *e)
{
    pthread_condattr_t attr;
    _auto(outbox) o = mem_alloc(sizeof *o);
    o->hall = h;
    o->kinds = mem_alloc((n + 1) * sizeof *kinds);
    o->kinds_n = n;
    if (n)
        memcpy(o->kinds, kinds, n * sizeof *kinds);
    pthread_mutex_init(&o->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&o->bell, &attr);
    pthread_cond_init(&o->end, &attr);
    pthread_condattr_destroy(&attr);
    for (; o->threads < threads && o->threads < THREADS_MAX; o->threads++)
        if (pthread_create(&o->thread[o->threads], NULL, run, o) != 0)
            return err_set(e, ERR_INTERNAL, NULL, "no thread for the outbox");
    if (threads > 0 && !(o->renewing = pthread_create(&o->renewer, NULL, renew_all, o) == 0))
        return err_set(e, ERR_INTERNAL, NULL, "no thread for the outbox");
    *out = steal(&o);
    return ERR_OK;
}

void outbox_wake(struct outbox *o)
{
    pthread_mutex_lock(&o->lock);
    o->rung++;
    pthread_cond_broadcast(&o->bell);
    pthread_mutex_unlock(&o->lock);
}

void outbox_free(struct outbox *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->stop = 1;
    pthread_cond_broadcast(&o->bell);
    pthread_mutex_unlock(&o->lock);
    for (int i = 0; i < o->threads; i++)
        pthread_join(o->thread[i], NULL);
    pthread_cond_signal(&o->end);
    if (o->renewing)
        pthread_join(o->renewer, NULL);
    pthread_cond_destroy(&o->end);
    pthread_cond_destroy(&o->bell);
    pthread_mutex_destroy(&o->lock);
    free(o->kinds);
    free(o);
}
