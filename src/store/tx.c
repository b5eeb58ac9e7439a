/* Transactions: a connection of the pool from begin to commit, rollback or loss; and what runs in them. */
#include "store/store_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static struct store_conn *idle_take(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    struct store_conn *c = p->idle_n > 0 ? p->idle[--p->idle_n] : NULL;
    pthread_mutex_unlock(&p->mutex);
    return c;
}

/* The transaction is over: the connection goes back, or is closed where it is of no more use. */
static void give_back(struct store_tx *tx)
{
    struct store *s = tx->store;
    struct pool *p = s->pool[tx->mode];
    if (s->driver->lost(tx->conn)) {
        s->driver->close(tx->conn);
    } else {
        pthread_mutex_lock(&p->mutex);
        p->idle[p->idle_n++] = tx->conn;
        pthread_mutex_unlock(&p->mutex);
    }
    tx->conn = NULL;
    gate_leave(&p->gate);
}

static enum err connect_and_begin(struct store *s, enum store_mode mode, struct store_conn **c,
                                  struct err_info *e)
{
    enum store_control begin = mode == STORE_WRITE ? CONTROL_BEGIN_WRITE : CONTROL_BEGIN_READ;
    *c = idle_take(s->pool[mode]);
    if (*c) {
        enum err r = s->driver->control(*c, begin, e);
        if (r == ERR_OK || !s->driver->lost(*c))
            return r;
        /* The server went away while the connection lay idle: nothing was asked of it yet, so ask anew. */
        s->driver->close(*c);
        *c = NULL;
    }
    TRY(s->driver->connect(s, mode, c, e));
    return s->driver->control(*c, begin, e);
}

enum err store_begin(struct store *s, enum store_mode mode, struct store_tx **out,
                     struct err_info *e)
{
    struct pool *p = s->pool[mode];
    *out = NULL;
    TRY(gate_enter(&p->gate, STORE_WAIT_MS, e));
    struct store_tx *tx = mem_alloc(sizeof *tx);
    *tx = (struct store_tx){.store = s, .mode = mode};
    enum err r = connect_and_begin(s, mode, &tx->conn, e);
    if (r == ERR_OK) {
        *out = tx;
        return ERR_OK;
    }
    if (tx->conn)
        give_back(tx);
    else
        gate_leave(&p->gate);
    free(tx);
    return r;
}

static enum err still_sound(const struct store_tx *tx, struct err_info *e)
{
    if (!tx->conn)
        store_die("the transaction is over");
    if (tx->reading)
        store_die("the transaction is inside store_each");
    if (tx->failed == ERR_OK)
        return ERR_OK;
    err_set(e, tx->failed, NULL, "the transaction has already failed");
    if (tx->failed == ERR_BUSY)
        err_arg(e, "seconds", "%d", STORE_WAIT_MS / 1000);
    return tx->failed;
}

/* The text of the failure is the driver's; a rollback's own error adds nothing. */
static void roll_back(struct store_tx *tx)
{
    struct err_info ignored;
    if (!tx->store->driver->lost(tx->conn) &&
        tx->store->driver->control(tx->conn, CONTROL_ROLLBACK, &ignored) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "store.rollback", "%s", ignored.detail);
    give_back(tx);
}

enum err store_commit(struct store_tx *tx, struct err_info *e)
{
    enum err r = still_sound(tx, e);
    if (r == ERR_OK && tx->mode == STORE_WRITE)
        boundary(BOUNDARY_STORE_COMMIT);
    if (r == ERR_OK)
        r = tx->store->driver->control(tx->conn, CONTROL_COMMIT, e);
    if (r == ERR_OK && tx->mode == STORE_WRITE)
        boundary(BOUNDARY_STORE_COMMITTED);
    if (r == ERR_OK)
        give_back(tx);
    else
        roll_back(tx);
    return r;
}

void store_tx_free(struct store_tx *tx)
{
    if (!tx)
        return;
    if (tx->conn)
        roll_back(tx);
    free(tx->memory);
    free(tx);
}

void *store_tx_memory(struct store_tx *tx, size_t n)
{
    if (!tx->memory) {
        tx->memory = mem_alloc(n);
        tx->memory_n = n;
    }
    if (tx->memory_n != n)
        store_die("two users of a transaction's memory");
    return tx->memory;
}

static enum err control(struct store_tx *tx, enum store_control what, struct err_info *e)
{
    enum err r = tx->store->driver->control(tx->conn, what, e);
    tx->failed = r;
    return r;
}

enum err store_save(struct store_tx *tx, struct err_info *e)
{
    TRY(still_sound(tx, e));
    return control(tx, CONTROL_SAVE, e);
}

enum err store_keep(struct store_tx *tx, struct err_info *e)
{
    TRY(still_sound(tx, e));
    return control(tx, CONTROL_KEEP, e);
}

enum err store_undo(struct store_tx *tx, struct err_info *e)
{
    enum err failed = tx->failed;
    if (!tx->conn)
        store_die("the transaction is over");
    if (tx->store->driver->lost(tx->conn))
        return err_set(e, failed, NULL, "the transaction is lost");
    if (tx->memory)
        memset(tx->memory, 0, tx->memory_n);
    return control(tx, CONTROL_UNDO, e);
}

enum err store_write(struct store *s, store_work_fn *work, void *arg, struct err_info *e)
{
    enum { REPEATS = 3 };
    for (int i = 0;; i++) {
        _auto(store_tx) tx = NULL;
        TRY(store_begin(s, STORE_WRITE, &tx, e));
        enum err r = work(tx, arg, e);
        if (r == ERR_OK)
            r = store_commit(tx, e);
        if (r != ERR_STORE_RETRY || i == REPEATS)
            return r;
    }
}

/* Texts that PostgreSQL would refuse are refused for both databases. */
static enum err check_params(const struct store_query *q, struct store_params p, struct err_info *e)
{
    if (p.n != q->params)
        store_die("%s takes %zu parameters, not %zu", q->name, q->params, p.n);
    for (size_t i = 0; i < p.n; i++) {
        if (p.value[i].type != STORE_TEXT || text_is_utf8(p.value[i].text, strlen(p.value[i].text)))
            continue;
        err_set(e, ERR_BAD_REQUEST, NULL, "%s: parameter %zu is not UTF-8", q->name, i + 1);
        err_arg(e, "why", "UTF-8");
        return ERR_BAD_REQUEST;
    }
    return ERR_OK;
}

static enum err run(struct store_tx *tx, struct store_call *call, struct err_info *e)
{
    TRY(still_sound(tx, e));
    enum err r = check_params(call->query, call->params, e);
    if (r == ERR_OK) {
        call->slot = store_slot(tx->store, call->query);
        tx->reading = 1;
        r = tx->store->driver->run(tx->conn, call, e);
        tx->reading = 0;
    }
    if (r != ERR_OK && !call->sink_failed)
        tx->failed = r;
    return r;
}

static void must_be(const struct store_query *q, enum store_query_kind kind)
{
    if (q->kind != kind)
        store_die("%s is not of the kind this call runs", q->name);
}

enum err store_exec(struct store_tx *tx, const struct store_query *q, struct store_params p,
                    int64_t *affected, struct err_info *e)
{
    must_be(q, STORE_QUERY_EXEC);
    struct store_call call = {.query = q, .params = p};
    tx->written++;
    TRY(run(tx, &call, e));
    if (affected)
        *affected = call.affected;
    return ERR_OK;
}

enum err store_exec_one(struct store_tx *tx, const struct store_query *q, struct store_params p,
                        struct err_info *e)
{
    int64_t affected;
    TRY(store_exec(tx, q, p, &affected, e));
    if (affected == 1)
        return ERR_OK;
    return err_set(e, ERR_CONFLICT, NULL, "%s changed %lld rows", q->name, (long long)affected);
}

/* Rows on their way into an arena. */
struct collect {
    const struct store_query *query;
    struct arena *arena;
    struct store_row *row;
    size_t n, cap, max;
};

static const struct store_value *copy_values(struct arena *a, const struct store_value *from,
                                             size_t n)
{
    struct store_value *to = arena_alloc(a, n * sizeof *to);
    for (size_t i = 0; i < n; i++) {
        to[i] = from[i];
        if (from[i].type == STORE_TEXT)
            to[i].text = arena_text(a, from[i].text);
        else if (from[i].type == STORE_BLOB)
            to[i].blob = arena_bytes(a, from[i].blob.p, from[i].blob.n);
    }
    return to;
}

static enum err collect_row(void *arg, const struct store_value *value, struct err_info *e)
{
    struct collect *c = arg;
    if (c->n == c->max)
        return err_set(e, ERR_INTERNAL, NULL, "%s: more than %zu rows", c->query->name, c->max);
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : c->max < 16 ? c->max : 16;
        struct store_row *row = arena_alloc(c->arena, cap * sizeof *row);
        if (c->n)
            memcpy(row, c->row, c->n * sizeof *row);
        c->row = row;
        c->cap = cap;
    }
    c->row[c->n++] = (struct store_row){c->query, copy_values(c->arena, value, c->query->columns)};
    return ERR_OK;
}

static enum err collect(struct store_tx *tx, struct collect *c, struct store_params p,
                        struct err_info *e)
{
    struct store_call call = {.query = c->query, .params = p, .sink = collect_row, .arg = c};
    return run(tx, &call, e);
}

enum err store_opt(struct store_tx *tx, const struct store_query *q, struct store_params p,
                   struct arena *a, const struct store_row **row, struct err_info *e)
{
    must_be(q, STORE_QUERY_ONE);
    struct collect c = {.query = q, .arena = a, .max = 1};
    *row = NULL;
    TRY(collect(tx, &c, p, e));
    *row = c.n ? c.row : NULL;
    return ERR_OK;
}

enum err store_one(struct store_tx *tx, const struct store_query *q, struct store_params p,
                   struct arena *a, const struct store_row **row, struct err_info *e)
{
    TRY(store_opt(tx, q, p, a, row, e));
    return *row ? ERR_OK : err_set(e, ERR_NOT_FOUND, NULL, "%s: no row", q->name);
}

enum err store_many(struct store_tx *tx, const struct store_query *q, struct store_params p,
                    struct arena *a, struct store_rows *rows, struct err_info *e)
{
    must_be(q, STORE_QUERY_MANY);
    struct collect c = {.query = q, .arena = a, .max = STORE_ROWS_MAX};
    *rows = (struct store_rows){0};
    TRY(collect(tx, &c, p, e));
    *rows = (struct store_rows){c.n, c.row};
    return ERR_OK;
}

struct each {
    const struct store_query *query;
    store_each_fn *fn;
    void *arg;
};

static enum err each_row(void *arg, const struct store_value *value, struct err_info *e)
{
    const struct each *each = arg;
    const struct store_row row = {each->query, value};
    return each->fn(&row, each->arg, e);
}

enum err store_each(struct store_tx *tx, const struct store_query *q, struct store_params p,
                    store_each_fn *fn, void *arg, struct err_info *e)
{
    must_be(q, STORE_QUERY_MANY);
    struct each each = {q, fn, arg};
    struct store_call call = {.query = q, .params = p, .sink = each_row, .arg = &each, .stream = 1};
    return run(tx, &call, e);
}
