#include "bench.h"

#include "base/sys.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(const double *value, size_t n)
{
    double *sorted = mem_alloc(n * sizeof *sorted);
    memcpy(sorted, value, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    double middle = sorted[n / 2];
    free(sorted);
    return middle;
}

static double clock_seconds(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double bench_process_cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

double bench_thread_cpu(void)
{
    return clock_seconds(CLOCK_THREAD_CPUTIME_ID);
}

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

struct bench_raw bench_raw_p256(void)
{
    enum { SIGNATURES = 4000, VERIFICATIONS = 2000 };
    static const uint8_t digest[32] = {1, 2, 3};
    uint8_t sig[128];
    size_t n = 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new(key, NULL), *verify = EVP_PKEY_CTX_new(key, NULL);
    must(key && EVP_PKEY_sign_init(sign) > 0 && EVP_PKEY_verify_init(verify) > 0, "OpenSSL");
    struct bench_raw raw;
    double start = bench_thread_cpu();
    for (int i = 0; i < SIGNATURES; i++) {
        n = sizeof sig;
        must(EVP_PKEY_sign(sign, sig, &n, digest, sizeof digest) > 0, "EVP_PKEY_sign");
    }
    raw.sign = (bench_thread_cpu() - start) / SIGNATURES;
    start = bench_thread_cpu();
    for (int i = 0; i < VERIFICATIONS; i++)
        must(EVP_PKEY_verify(verify, sig, n, digest, sizeof digest) > 0, "EVP_PKEY_verify");
    raw.verify = (bench_thread_cpu() - start) / VERIFICATIONS;
    EVP_PKEY_CTX_free(sign);
    EVP_PKEY_CTX_free(verify);
    EVP_PKEY_free(key);
    return raw;
}

struct bench_orders bench_orders_prepare(struct ca_fixture *f, size_t first, size_t n)
{
    struct bench_orders o = {mem_alloc(n * sizeof *o.request), mem_alloc(n * sizeof *o.answer), n};
    for (size_t i = 0; i < n; i++) {
        struct pki_key *key = NULL;
        struct bytes csr = ca_fixture_csr(f, PKI_P256, &key);
        pki_key_free(key);
        const char *order = arena_fmt(f->arena, "%zu", first + i);
        json_t *evidence = ca_fixture_evidence(f, order, "FX2600071182", csr);
        o.request[i] = ca_fixture_request(f, arena_fmt(f->arena, "%s-sign", order), order, csr,
                                          evidence);
    }
    return o;
}

void bench_orders_free(struct bench_orders *o)
{
    for (size_t i = 0; i < o->n; i++)
        json_decref((json_t *)(uintptr_t)o->request[i].evidence);
    free(o->request);
    free(o->answer);
}

/* One request on its way. */
struct flight {
    struct flight *next; /* of those that are done */
    struct crowd *crowd;
    struct ca_issuing *issuing;
    struct arena *arena;
    size_t order;
};

/* As httpd's workers: each begins a request or takes up one that is done, and sleeps when there is neither. */
enum { WORKERS = 4, SPARES = 16 };
struct crowd {
    struct ca_fixture *f;
    struct bench_orders *orders;
    pthread_barrier_t ready;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t some;
    struct flight *done;
    struct arena *spare[SPARES]; /* the next requests take them, as httpd's do */
    int spares;
    size_t next;
    int in_flight, in_flight_max, idle;
    double cpu;
};

static void refused(size_t order, const struct err_info *e)
{
    fprintf(stderr, "request %zu was refused: %s\n", order, e->detail);
    exit(1);
}

static void is_done(void *flight)
{
    struct flight *f = flight;
    struct crowd *c = f->crowd;
    pthread_mutex_lock(&c->mutex);
    int first = !c->done; /* else somebody was woken already, and will wake another */
    f->next = c->done;
    c->done = f;
    if (first)
        pthread_cond_signal(&c->some);
    pthread_mutex_unlock(&c->mutex);
}

static struct arena *take_arena(struct crowd *c)
{
    pthread_mutex_lock(&c->mutex);
    struct arena *a = c->spares > 0 ? c->spare[--c->spares] : NULL;
    pthread_mutex_unlock(&c->mutex);
    return a ? a : arena_new();
}

static void give_arena(struct crowd *c, struct arena *a)
{
    arena_reset(a);
    pthread_mutex_lock(&c->mutex);
    int kept = c->spares < SPARES;
    if (kept)
        c->spare[c->spares++] = a;
    pthread_mutex_unlock(&c->mutex);
    if (!kept)
        arena_free(a);
}

static void begin(struct crowd *c, size_t order)
{
    struct err_info e = {0};
    struct arena *a = take_arena(c);
    struct flight *f = arena_alloc(a, sizeof *f);
    *f = (struct flight){.crowd = c, .arena = a, .order = order};
    if (ca_issue_begin(c->f->ca, &c->orders->request[order], a, is_done, f, &f->issuing, &e) !=
        ERR_OK)
        refused(order, &e);
}

static void end(struct crowd *c, struct flight *f)
{
    struct err_info e = {0};
    struct ca_answer *answer = &c->orders->answer[f->order];
    if (ca_issue_end(f->issuing, answer, &e) != ERR_OK)
        refused(f->order, &e);
    answer->certificate = (struct bytes){0}; /* stood in the request's arena */
    answer->state = NULL;
    give_arena(c, f->arena);
}

/* A flight that is done, or NULL and the order to begin with; 0 when there is nothing left to do. */
static int next_work(struct crowd *c, struct flight **done, size_t *order)
{
    pthread_mutex_lock(&c->mutex);
    c->idle++;
    while (!c->done && c->in_flight > 0 &&
           (c->next == c->orders->n || c->in_flight == c->in_flight_max))
        pthread_cond_wait(&c->some, &c->mutex);
    c->idle--;
    int some = 1;
    *done = c->done;
    if (c->done) {
        c->done = c->done->next;
        c->in_flight--;
    } else if (c->next < c->orders->n) {
        *order = c->next++;
        c->in_flight++;
    } else {
        some = 0;
    }
    int more = c->done && c->idle > 0, end = c->in_flight == 0;
    pthread_mutex_unlock(&c->mutex);
    if (end)
        pthread_cond_broadcast(&c->some);
    else if (more)
        pthread_cond_signal(&c->some);
    return some;
}

static void *worker(void *arg)
{
    struct crowd *c = arg;
    struct flight *done;
    size_t order;
    pthread_barrier_wait(&c->ready);
    double before = bench_thread_cpu();
    while (next_work(c, &done, &order)) {
        if (done)
            end(c, done);
        else
            begin(c, order);
    }
    pthread_mutex_lock(&c->mutex);
    c->cpu += bench_thread_cpu() - before;
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

struct bench_issued bench_issue(struct ca_fixture *f, struct bench_orders *o, int in_flight)
{
    struct crowd c = {.f = f,
                      .orders = o,
                      .in_flight_max = in_flight,
                      .mutex = PTHREAD_MUTEX_INITIALIZER,
                      .some = PTHREAD_COND_INITIALIZER};
    pthread_t thread[WORKERS];
    pthread_barrier_init(&c.ready, NULL, WORKERS + 1);
    for (int i = 0; i < WORKERS; i++)
        must(pthread_create(&thread[i], NULL, worker, &c) == 0, "pthread_create");
    double cpu = bench_process_cpu(), wall = clock_seconds(CLOCK_MONOTONIC);
    pthread_barrier_wait(&c.ready);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&c.ready);
    while (c.spares > 0)
        arena_free(c.spare[--c.spares]);
    return (struct bench_issued){.cpu = bench_process_cpu() - cpu,
                                 .clients = c.cpu,
                                 .wall = clock_seconds(CLOCK_MONOTONIC) - wall};
}
