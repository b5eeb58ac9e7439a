/* Opening a store: its driver, its pools, the numbers of its statements. */
#include "store/store_priv.h"

#include "base/sys.h"
#include "store/store_sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void store_die(const char *fmt, ...)
{
    char text[320];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_line(LOG_LEVEL_ERROR, "store.program_error", "%s", text);
    abort();
}

enum err store_busy(struct err_info *e, const char *detail)
{
    err_set(e, ERR_BUSY, NULL, "%s (waited %d ms)", detail, STORE_WAIT_MS);
    err_arg(e, "seconds", "%d", STORE_WAIT_MS / 1000);
    return ERR_BUSY;
}

static size_t slot_hash(const struct store_query *q)
{
    return (size_t)(((uintptr_t)q >> 3) * UINT64_C(0x9E3779B97F4A7C15) >> 20);
}

static void slot_add(struct store *s, const struct store_query *q)
{
    size_t i = slot_hash(q) & s->slots_mask;
    while (s->slots[i].query)
        i = (i + 1) & s->slots_mask;
    s->slots[i].query = q;
    s->slots[i].slot = s->queries++;
}

static void slots_init(struct store *s)
{
    size_t n = store_sql.queries_n, size = 16;
    for (size_t m = 0; m < s->catalogue->n; m++)
        n += s->catalogue->module[m]->queries_n;
    while (size < 2 * n)
        size *= 2;
    s->slots = mem_alloc(size * sizeof *s->slots);
    s->slots_mask = size - 1;
    for (size_t i = 0; i < store_sql.queries_n; i++)
        slot_add(s, store_sql.queries[i]);
    for (size_t m = 0; m < s->catalogue->n; m++)
        for (size_t i = 0; i < s->catalogue->module[m]->queries_n; i++)
            slot_add(s, s->catalogue->module[m]->queries[i]);
}

size_t store_slot(const struct store *s, const struct store_query *q)
{
    for (size_t i = slot_hash(q) & s->slots_mask; s->slots[i].query; i = (i + 1) & s->slots_mask)
        if (s->slots[i].query == q)
            return s->slots[i].slot;
    store_die("statement %s is not in the catalogue", q->name);
}

static void pool_init(struct pool *p, int connections)
{
    gate_init(&p->gate, connections);
    pthread_mutex_init(&p->mutex, NULL);
    p->idle = mem_alloc((size_t)connections * sizeof *p->idle);
}

static void pool_clear(struct pool *p, const struct store_driver *driver)
{
    if (!p->idle)
        return;
    while (p->idle_n > 0)
        driver->close(p->idle[--p->idle_n]);
    free(p->idle);
    pthread_mutex_destroy(&p->mutex);
    gate_clear(&p->gate);
}

static enum err choose_driver(struct store *s, const char *url, struct err_info *e)
{
    if (strncmp(url, "sqlite:/", 8) == 0) {
        s->driver = &store_sqlite;
        s->url = mem_text(url + 7);
        return ERR_OK;
    }
    if (strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0) {
        s->driver = &store_postgres;
        s->url = mem_text(url);
        return ERR_OK;
    }
    /* The url may hold a password: it is not repeated. */
    err_set(e, ERR_CONFIG, "database", "neither sqlite:/path nor postgresql://");
    err_arg(e, "why", "database: sqlite:/path/file.db or postgresql://…");
    return ERR_CONFIG;
}

enum err store_open(const char *url, const struct store_catalogue *catalogue, int connections,
                    struct store **out, struct err_info *e)
{
    _auto(store) s = mem_alloc(sizeof *s);
    s->catalogue = catalogue;
    TRY(choose_driver(s, url, e));
    if (connections < 1)
        store_die("a store needs a connection");
    slots_init(s);
    pool_init(&s->pools[STORE_READ], connections);
    s->pool[STORE_READ] = s->pool[STORE_WRITE] = &s->pools[STORE_READ];
    if (s->driver->one_writer) {
        pool_init(&s->pools[STORE_WRITE], 1);
        s->pool[STORE_WRITE] = &s->pools[STORE_WRITE];
    }
    TRY(store_migrate(s, e));
    *out = steal(&s);
    return ERR_OK;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    pool_clear(&s->pools[STORE_READ], s->driver);
    pool_clear(&s->pools[STORE_WRITE], s->driver);
    free(s->slots);
    if (s->url)
        mem_wipe(s->url, strlen(s->url));
    free(s->url);
    free(s);
}

void store_expect_load(struct store *s)
{
    struct pool *p = s->pool[STORE_WRITE];
    pthread_mutex_lock(&p->mutex);
    s->loading = 1;
    while (p->idle_n > 0)
        s->driver->close(p->idle[--p->idle_n]);
    pthread_mutex_unlock(&p->mutex);
}

enum err store_check_prepared(struct store *s, struct err_info *e)
{
    _auto(store_tx) tx = NULL;
    TRY(store_begin(s, STORE_WRITE, &tx, e));
    for (size_t m = 0; m < s->catalogue->n; m++) {
        const struct store_module *module = s->catalogue->module[m];
        for (size_t i = 0; i < module->queries_n; i++)
            TRY(s->driver->check(tx->conn, module->queries[i], store_slot(s, module->queries[i]),
                                 e));
    }
    return ERR_OK;
}
