#include "hall/hall.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "hall/hall_sql.h"
#include "store/store.h"

#include <stdatomic.h>
#include <stdlib.h>

const struct actor hall_system = {.kind = BY_SYSTEM, .name = "CertHall", .role = "", .address = ""};
const struct actor hall_timer = {.kind = BY_TIMER, .name = "CertHall", .role = "", .address = ""};

const char *hall_actor_kind_text(enum actor_kind k)
{
    static const char *const text[] = {"system", "timer", "applicant",
                                       "staff",  "agent", "external"};
    return text[k];
}

/* ---- ids ---- */

enum { COUNTER_BITS = 12, WORKER_BITS = 10, HOLDER_LEN = 16 };
static const int64_t EPOCH_2010 = 1262304000000; /* 2010-01-01T00:00:00Z */
static const int64_t NO_LEASE = INT64_MAX;

struct hall_ids {
    _Atomic int64_t last; /* milliseconds since 2010 and the counter */
    _Atomic int worker;
    _Atomic int64_t until; /* NO_LEASE: fixed */
    uint8_t holder[HOLDER_LEN];
};

int64_t hall_new_id(const struct hall *h)
{
    struct hall_ids *ids = h->ids;
    int64_t now = (clock_machine() - EPOCH_2010) << COUNTER_BITS;
    int64_t last = atomic_load(&ids->last), next;
    do {
        /* a full counter, or a clock set back, borrows from the next millisecond */
        next = now > last ? now : last + 1;
    } while (!atomic_compare_exchange_weak(&ids->last, &last, next));
    int64_t ms = next >> COUNTER_BITS, counter = next & ((1 << COUNTER_BITS) - 1);
    int64_t worker = atomic_load(&ids->worker);
    return ms << (WORKER_BITS + COUNTER_BITS) | worker << COUNTER_BITS | counter;
}

int64_t hall_id_time(int64_t id)
{
    return (id >> (WORKER_BITS + COUNTER_BITS)) + EPOCH_2010;
}

int64_t hall_id_at(int64_t ms, uint32_t low)
{
    enum { LOW_BITS = WORKER_BITS + COUNTER_BITS };
    return (ms - EPOCH_2010) << LOW_BITS | (low & ((1u << LOW_BITS) - 1));
}

struct hall_ids *hall_ids_fixed(int worker)
{
    struct hall_ids *ids = mem_alloc(sizeof *ids);
    atomic_init(&ids->last, 0);
    atomic_init(&ids->worker, worker);
    atomic_init(&ids->until, NO_LEASE);
    return ids;
}

void hall_ids_free(struct hall_ids *ids)
{
    free(ids);
}

struct lease {
    struct hall_ids *ids;
    int64_t now;
    int worker; /* the one taken; -1: none was free */
};

/* The lowest number that nobody holds now. */
static enum err take_lowest(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct lease *l = arg;
    struct store_rows rows;
    uint8_t held[HALL_WORKERS] = {0};
    _auto(arena) a = arena_new();
    l->worker = -1;
    TRY(store_many(tx, &Q_hall_worker_list, NO_PARAMS, a, &rows, e));
    for (size_t i = 0; i < rows.n; i++)
        if (row_int(&rows.row[i], "until_at") >= l->now)
            held[row_int(&rows.row[i], "worker") & (HALL_WORKERS - 1)] = 1;
    struct bytes holder = {l->ids->holder, HOLDER_LEN};
    for (int w = 0; w < HALL_WORKERS; w++) {
        int64_t taken = 0;
        if (held[w])
            continue;
        TRY(store_exec(
            tx, &Q_hall_worker_take,
            PARAMS(P_INT(w), P_BLOB(holder), P_INT(l->now + HALL_LEASE_MS), P_INT(l->now)), &taken,
            e));
        if (taken == 1) {
            l->worker = w;
            return ERR_OK;
        }
    }
    return ERR_OK;
}

static enum err lease_one(struct hall_ids *ids, struct store *s, struct err_info *e)
{
    struct lease l = {.ids = ids, .now = clock_machine()};
    TRY(store_write(s, take_lowest, &l, e));
    if (l.worker < 0) {
        err_set(e, ERR_BUSY, NULL, "all %d worker numbers are leased", HALL_WORKERS);
        err_arg(e, "seconds", "%d", HALL_LEASE_MS / TIME_SECOND);
        return ERR_BUSY;
    }
    atomic_store(&ids->worker, l.worker);
    boundary(BOUNDARY_HALL_WORKER_LEASED);
    atomic_store(&ids->until, l.now + HALL_LEASE_MS);
    return ERR_OK;
}

enum err hall_ids_lease(struct store *s, struct hall_ids **out, struct err_info *e)
{
    _auto(hall_ids) ids = hall_ids_fixed(0);
    random_bytes(ids->holder, HOLDER_LEN);
    TRY(lease_one(ids, s, e));
    *out = steal(&ids);
    return ERR_OK;
}

struct extend {
    struct hall_ids *ids;
    int64_t until, changed;
};

static enum err extend_row(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct extend *x = arg;
    return store_exec(tx, &Q_hall_worker_renew,
                      PARAMS(P_INT(atomic_load(&x->ids->worker)),
                             P_BLOB(((struct bytes){x->ids->holder, HOLDER_LEN})), P_INT(x->until)),
                      &x->changed, e);
}

enum err hall_ids_renew(struct hall_ids *ids, struct store *s, struct err_info *e)
{
    struct extend x = {.ids = ids, .until = clock_machine() + HALL_LEASE_MS};
    if (atomic_load(&ids->until) == NO_LEASE)
        return ERR_OK;
    TRY(store_write(s, extend_row, &x, e));
    if (x.changed == 1) {
        atomic_store(&ids->until, x.until);
        return ERR_OK;
    }
    log_line(LOG_LEVEL_WARN, "hall.worker", "number %d was taken by another process",
             atomic_load(&ids->worker));
    return lease_one(ids, s, e);
}

enum err hall_ids_release(struct hall_ids *ids, struct store *s, struct err_info *e)
{
    struct extend x = {.ids = ids, .until = clock_machine() - 1};
    if (atomic_load(&ids->until) == NO_LEASE)
        return ERR_OK;
    atomic_store(&ids->until, 0);
    return store_write(s, extend_row, &x, e);
}

/* ---- a unit of work ---- */

enum err hall_begin(const struct hall *h, int write, const struct actor *who, struct arena *a,
                    struct hall_tx *tx, struct err_info *e)
{
    *tx = (struct hall_tx){.hall = h, .arena = a, .who = *who, .lang = LANG_ZH, .write = write};
    tx->machine = clock_machine();
    if (write && tx->machine > atomic_load(&h->ids->until)) {
        err_set(e, ERR_BUSY, NULL, "the worker lease has run out");
        err_arg(e, "seconds", "%d", 20);
        return ERR_BUSY;
    }
    tx->now = clock_business(h->clock);
    return store_begin(h->store, write ? STORE_WRITE : STORE_READ, &tx->db, e);
}

enum err hall_commit(struct hall_tx *tx, struct err_info *e)
{
    enum err done = store_commit(tx->db, e);
    store_tx_free(tx->db);
    tx->db = NULL;
    if (done == ERR_OK)
        for (int i = 0; i < tx->afters; i++)
            tx->after[i](tx->hall);
    return done;
}

int hall_lost(enum err done, const struct err_info *e)
{
    return done == ERR_STORE_RETRY || (done == ERR_CONFLICT && !e->field[0]);
}

static enum err change_once(const struct hall *h, const struct actor *who, struct arena *a,
                            hall_work *work, void *arg, struct err_info *e)
{
    _auto_hall_tx tx = {0};
    TRY(hall_begin(h, 1, who, a, &tx, e));
    TRY(work(&tx, arg, e));
    return hall_commit(&tx, e);
}

enum err hall_change(const struct hall *h, const struct actor *who, struct arena *a,
                     hall_work *work, void *arg, struct err_info *e)
{
    enum { TRIES = 4 };
    enum err done = ERR_STORE_RETRY;
    for (int i = 0; i < TRIES && (i == 0 || hall_lost(done, e)); i++) {
        err_clear(e);
        done = change_once(h, who, a, work, arg, e);
    }
    return done;
}

void hall_end(struct hall_tx *tx)
{
    store_tx_free(tx->db);
    tx->db = NULL;
}

void hall_after(struct hall_tx *tx, hall_after_fn *fn)
{
    for (int i = 0; i < tx->afters; i++)
        if (tx->after[i] == fn)
            return;
    if (tx->afters < HALL_AFTER_MAX)
        tx->after[tx->afters++] = fn;
}
