/* Between the parts of the store: what a driver does, and the pool that hands out its connections. */
#ifndef CERTHALL_STORE_STORE_PRIV_H
#define CERTHALL_STORE_STORE_PRIV_H

#include "store/store.h"

#include <pthread.h>

enum { STORE_WAIT_MS = 5000 };

/* Each driver has its own. */
struct store_conn;

enum store_control {
    CONTROL_BEGIN_READ,
    CONTROL_BEGIN_WRITE,
    CONTROL_COMMIT,
    CONTROL_ROLLBACK,
    CONTROL_SAVE,
    CONTROL_KEEP,
    CONTROL_UNDO,
    CONTROL_LOCK_SCHEMA, /* until the transaction ends; only one migrates */
    CONTROL_COUNT
};

/* Values are the driver's until the call returns. */
typedef enum err store_sink_fn(void *arg, const struct store_value *value, struct err_info *e);

struct store_call {
    const struct store_query *query;
    size_t slot; /* the statement's number in the store */
    struct store_params params;
    store_sink_fn *sink; /* called for each row; NULL for :exec */
    void *arg;
    int stream; /* do not hold the whole result */
    int64_t affected;
    int sink_failed; /* the error is the sink's: the transaction is sound */
};

struct store_driver {
    int one_writer; /* a write connection of its own, one at a time */
    enum err (*connect)(const struct store *s, enum store_mode mode, struct store_conn **out,
                        struct err_info *e);
    void (*close)(struct store_conn *c);
    int (*lost)(const struct store_conn *c);
    enum err (*control)(struct store_conn *c, enum store_control what, struct err_info *e);
    enum err (*run)(struct store_conn *c, struct store_call *call, struct err_info *e);
    enum err (*script)(struct store_conn *c, const struct store_migration *m, struct err_info *e);
    enum err (*check)(struct store_conn *c, const struct store_query *q, size_t slot,
                      struct err_info *e);
};

extern const struct store_driver store_sqlite;
extern const struct store_driver store_postgres;

/* Permits handed out in the order of asking. */
struct gate_waiter;
struct gate {
    pthread_mutex_t mutex;
    struct gate_waiter *first, **last;
    int free;
};
void gate_init(struct gate *g, int permits);
void gate_clear(struct gate *g);
NODISCARD enum err gate_enter(struct gate *g, int64_t wait_ms, struct err_info *e);
void gate_leave(struct gate *g);

struct pool {
    struct gate gate;
    pthread_mutex_t mutex;
    struct store_conn **idle;
    int idle_n;
};

struct store {
    const struct store_driver *driver;
    char *url; /* for PostgreSQL as given, for SQLite the path */
    const struct store_catalogue *catalogue;
    struct pool pools[2];
    struct pool
        *pool[2]; /* by enum store_mode; both the same where the driver has no writer of its own */
    struct {
        const struct store_query *query;
        size_t slot;
    } * slots; /* open addressing by the query's address */
    size_t slots_mask, queries;
    int loading; /* store_expect_load */
};

struct store_tx {
    struct store *store;
    struct store_conn *conn; /* NULL once over */
    enum store_mode mode;
    enum err failed; /* what every later call gives */
    int reading;     /* inside store_each */
    size_t written;  /* how many statements were to change something */
    void *memory;    /* store_tx_memory */
    size_t memory_n;
};

/* The statement's number; ends the process where it is not in the catalogue. */
size_t store_slot(const struct store *s, const struct store_query *q);

/* A program error: say what, end the process. */
_Noreturn void store_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

enum err store_busy(struct err_info *e,
                    const char *detail); /* sets ERR_BUSY with the seconds to wait */

NODISCARD enum err store_migrate(struct store *s, struct err_info *e);

#endif
