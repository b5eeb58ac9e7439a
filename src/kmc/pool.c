/* The pool: pairs that are ready, made in the background so that nobody waits for one. */
#include "kmc/kmc_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "pki/envelope.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH_SM2 = 32, BATCH_RSA = 1, PAUSE_SECONDS = 5 };

struct kmc_pool {
    struct kmc *k;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t some; /* keys were taken, or the end was asked for */
    int taken, ending;
};

static const enum pki_alg kinds[KMC_POOLS] = {
    [KMC_POOL_SM2] = PKI_SM2, [KMC_POOL_RSA2048] = PKI_RSA2048, [KMC_POOL_RSA3072] = PKI_RSA3072};

int kmc_pool_wanted(const struct kmc *k, enum pki_alg alg)
{
    for (int i = 0; i < KMC_POOLS; i++)
        if (kinds[i] == alg)
            return k->options.pool[i];
    return 0;
}

/* The algorithm and the public key: a wrap that is moved to another row does not open. */
struct bytes kmc_wrap_context(struct arena *a, enum pki_alg alg, struct bytes spki)
{
    uint8_t sum[DIGEST_LEN];
    digest_sha256(spki, sum);
    char *text = arena_fmt(a, "kmc.key:%s:%s", pki_alg_text(alg),
                           text_hex(a, (struct bytes){sum, sizeof sum}));
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* ---- making ---- */

struct made {
    struct bytes spki, wrapped;
};

static enum err make_one(const struct kmc *k, enum pki_alg alg, struct arena *a, struct made *out,
                         struct err_info *e)
{
    _auto(pki_key) key = NULL;
    _auto(arena) secrets = arena_new();
    struct bytes secret;
    TRY(pki_key_new(alg, &key, e));
    struct bytes spki = pki_pub_spki(pki_key_pub(key));
    out->spki = arena_bytes(a, spki.p, spki.n);
    TRY(envelope_secret(key, secrets, &secret, e));
    return aead_seal(&k->storage, kmc_wrap_context(a, alg, spki), secret, a, &out->wrapped, e);
}

struct batch {
    const struct kmc *k;
    enum pki_alg alg;
    struct made made[BATCH_SM2];
    int n;
    int64_t now;
    struct arena *arena;
};

static enum err keep_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct batch *b = arg;
    const struct store_row *last;
    TRY(store_one(tx, &Q_kmc_key_last, NO_PARAMS, b->arena, &last, e));
    int64_t before = row_int(last, "id") > b->k->mark ? row_int(last, "id") : b->k->mark;
    for (int i = 0; i < b->n; i++)
        TRY(store_exec(tx, &Q_kmc_key_add,
                       PARAMS(P_INT(before + 1 + i), P_TEXT(pki_alg_text(b->alg)),
                              P_BLOB(b->made[i].spki), P_BLOB(b->made[i].wrapped), P_INT(b->now)),
                       NULL, e));
    return kmc_link(tx, KMC_CHAIN, b->now, "fill",
                    arena_fmt(b->arena, "%s keys %" PRId64 " to %" PRId64, pki_alg_text(b->alg),
                              before + 1, before + b->n),
                    e);
}

static enum err ready_count(struct kmc *k, enum pki_alg alg, int64_t *n, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    const struct store_row *row;
    TRY(store_begin(k->store, STORE_READ, &tx, e));
    TRY(store_one(tx, &Q_kmc_key_ready_count, PARAMS(P_TEXT(pki_alg_text(alg))), a, &row, e));
    *n = row_int(row, "n");
    return ERR_OK;
}

/* One batch of one kind where some are missing; *made tells. */
static enum err fill_some(struct kmc *k, int kind, int *made, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct batch b = {
        .k = k, .alg = kinds[kind], .arena = a, .now = clock_business(k->options.clock)};
    int64_t ready, most = b.alg == PKI_SM2 ? BATCH_SM2 : BATCH_RSA;
    if (k->options.pool[kind] == 0)
        return ERR_OK;
    TRY(ready_count(k, b.alg, &ready, e));
    int64_t missing = k->options.pool[kind] - ready;
    for (b.n = 0; b.n < missing && b.n < most; b.n++)
        TRY(make_one(k, b.alg, a, &b.made[b.n], e));
    if (b.n == 0)
        return ERR_OK;
    TRY(store_group_run(k->group, keep_in, &b, e));
    boundary(BOUNDARY_KMC_FILLED);
    *made = 1;
    return ERR_OK;
}

/* ---- what a restored database does not know ----
 * A database that was put back from a copy believes pairs ready that were given after it was made. So a file beside it, which no
 * copy brings back, says up to which number pairs may have been given; at the start those that are still ready below it are put
 * aside. It is raised by steps, so that it costs little; so much is put aside at each start, and new pairs are numbered above it. */

enum { MARK_STEP = 64, MARK_FILE_MAX = 32 };

static enum err mark_write(struct kmc *k, int64_t mark, struct err_info *e)
{
    char text[MARK_FILE_MAX];
    int n = snprintf(text, sizeof text, "%" PRId64 "\n", mark);
    TRY(file_replace(k->mark_path, (struct bytes){(const uint8_t *)text, (size_t)n}, 0600, e));
    k->mark = mark;
    return ERR_OK;
}

enum err kmc_mark_raise(struct kmc *k, int64_t id, struct err_info *e)
{
    return id <= k->mark ? ERR_OK : mark_write(k, id + MARK_STEP - 1, e);
}

struct aside {
    int64_t mark, now;
};

static enum err put_aside_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct aside *w = arg;
    _auto(arena) a = arena_new();
    int64_t n;
    TRY(store_exec(tx, &Q_kmc_key_aside, PARAMS(P_INT(w->mark)), &n, e));
    if (n == 0)
        return ERR_OK;
    return kmc_link(tx, KMC_CHAIN, w->now, "aside",
                    arena_fmt(a, "%" PRId64 " ready keys that may have been given", n), e);
}

/* Without the file all are put aside. */
static enum err mark_load(struct kmc *k, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes text;
    struct aside w = {.mark = INT64_MAX, .now = clock_business(k->options.clock)};
    enum err read = file_read(a, k->mark_path, MARK_FILE_MAX, &text, e);
    if (read != ERR_OK && read != ERR_NOT_FOUND)
        return read;
    if (read == ERR_OK && !text_to_int(text_trim(a, (const char *)text.p), 0, INT64_MAX, &w.mark))
        return err_set(e, ERR_CONFIG, NULL, "%s: not a number", k->mark_path);
    k->mark = w.mark;
    TRY(store_group_run(k->group, put_aside_in, &w, e));
    return read == ERR_OK ? ERR_OK : mark_write(k, 0, e);
}

/* ---- the thread ---- */

static int is_ending(struct kmc_pool *p)
{
    pthread_mutex_lock(&p->mutex);
    int ending = p->ending;
    pthread_mutex_unlock(&p->mutex);
    return ending;
}

/* Until keys are taken; after a failure for PAUSE_SECONDS only. */
static void rest(struct kmc_pool *p, int failed)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PAUSE_SECONDS;
    pthread_mutex_lock(&p->mutex);
    for (int r = 0; !p->taken && !p->ending && r != ETIMEDOUT;)
        r = failed ? pthread_cond_timedwait(&p->some, &p->mutex, &until)
                   : pthread_cond_wait(&p->some, &p->mutex);
    p->taken = 0;
    pthread_mutex_unlock(&p->mutex);
}

static void *fill(void *arg)
{
    struct kmc_pool *p = arg;
    while (!is_ending(p)) {
        struct err_info e = {0};
        enum err result = ERR_OK;
        int made = 0;
        for (int kind = 0; kind < KMC_POOLS && result == ERR_OK && !is_ending(p); kind++)
            result = fill_some(p->k, kind, &made, &e);
        if (result != ERR_OK)
            log_line(LOG_LEVEL_ERROR, "kmc.fill", "%s %s", err_code_text(result), e.detail);
        if (!made || result != ERR_OK)
            rest(p, result != ERR_OK);
    }
    return NULL;
}

enum err kmc_pool_start(struct kmc *k, struct err_info *e)
{
    int wanted = 0;
    TRY(mark_load(k, e));
    for (int kind = 0; kind < KMC_POOLS; kind++)
        wanted += k->options.pool[kind];
    if (!wanted)
        return ERR_OK;
    struct kmc_pool *p = mem_alloc(sizeof *p);
    p->k = k;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->some, NULL);
    int r = pthread_create(&p->thread, NULL, fill, p);
    if (r == 0) {
        k->pool = p;
        return ERR_OK;
    }
    pthread_cond_destroy(&p->some);
    pthread_mutex_destroy(&p->mutex);
    free(p);
    return err_set(e, ERR_INTERNAL, NULL, "pthread_create: %s", strerror(r));
}

void kmc_pool_wake(struct kmc *k)
{
    if (!k->pool)
        return;
    pthread_mutex_lock(&k->pool->mutex);
    k->pool->taken = 1;
    pthread_cond_signal(&k->pool->some);
    pthread_mutex_unlock(&k->pool->mutex);
}

void kmc_pool_stop(struct kmc *k)
{
    struct kmc_pool *p = k->pool;
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->ending = 1;
    pthread_cond_signal(&p->some);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->some);
    pthread_mutex_destroy(&p->mutex);
    free(p);
    k->pool = NULL;
}

enum err kmc_pool_sums(struct kmc *k, struct kmc_pool_sum out[KMC_POOLS], struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    struct store_rows rows;
    TRY(store_begin(k->store, STORE_READ, &tx, e));
    TRY(store_many(tx, &Q_kmc_key_sums, NO_PARAMS, a, &rows, e));
    for (int kind = 0; kind < KMC_POOLS; kind++) {
        out[kind] = (struct kmc_pool_sum){.alg = kinds[kind], .wanted = k->options.pool[kind]};
        for (size_t i = 0; i < rows.n; i++) {
            const struct store_row *row = &rows.row[i];
            if (strcmp(row_text(row, "algorithm"), pki_alg_text(kinds[kind])) != 0)
                continue;
            int ready = !strcmp(row_text(row, "state"), "ready");
            *(ready ? &out[kind].ready : &out[kind].given) = row_int(row, "n");
        }
    }
    return ERR_OK;
}
