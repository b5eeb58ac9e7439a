/* One database interface for SQLite and PostgreSQL (design §2, §9).
 *
 * SQL stands in .sql files beside the concept; tools/sqlgen.py makes `const struct store_query Q_name` of each
 * statement and `const struct store_module <module>_sql` of each folder. A catalogue lists the modules of one
 * database in the order of their migrations. There is no call that runs a string, and a query that is not in
 * the catalogue ends the process.
 *
 * Threads: a store may be used by all threads; a transaction by one thread at a time.
 *
 * What both databases do alike: a failed statement fails the transaction (later calls give the same error,
 * commit is refused) unless it is undone to a savepoint; a read transaction sees one snapshot and cannot write; texts are
 * UTF-8 without NUL, compared and sorted by bytes; LIKE tells upper from lower case. What they do not: NULLs
 * sort first in SQLite and last in PostgreSQL (write NULLS FIRST or LAST), and an error of commit that is
 * ERR_STORE_AWAY leaves open whether it was done (make writes repeatable by unique keys). */
#ifndef CERTHALL_STORE_STORE_H
#define CERTHALL_STORE_STORE_H

#include "base/err.h"
#include "base/mem.h"

#include <stddef.h>
#include <stdint.h>

/* ---- what sqlgen.py writes ---- */

enum store_query_kind { STORE_QUERY_ONE, STORE_QUERY_MANY, STORE_QUERY_EXEC };

struct store_query {
    const char *name;
    enum store_query_kind kind;
    size_t params;
    size_t columns;
    const char *const *column;
    const char *sqlite;
    const char *postgres;
};

struct store_migration {
    int number; /* from 1, without a gap */
    const char *name;
    const char *sum; /* SHA-256 of the file, hex */
    const char *sqlite;
    const char *postgres;
};

struct store_module {
    const char *name;
    const struct store_query *const *queries;
    size_t queries_n;
    const struct store_migration *migrations;
    size_t migrations_n;
};

/* The modules of one database; their order is the order of their migrations. Static: it outlives the store. */
struct store_catalogue {
    const struct store_module *const *module;
    size_t n;
};
#define STORE_CATALOGUE(modules)                                                                   \
    {                                                                                              \
        (modules), sizeof(modules) / sizeof *(modules)                                             \
    }

/* ---- values ---- */

enum store_type { STORE_NULL, STORE_INT, STORE_TEXT, STORE_BLOB };

struct store_value {
    enum store_type type;
    union {
        int64_t integer;
        const char *text;
        struct bytes blob;
    };
};

struct store_params {
    const struct store_value *value;
    size_t n;
};

#define P_INT(v) ((struct store_value){.type = STORE_INT, .integer = (v)})
#define P_TEXT(s) store_text_param(s) /* NULL is stored as NULL */
#define P_BLOB(b)                                                                                  \
    ((struct store_value){.type = STORE_BLOB, .blob = (b)}) /* no bytes: an empty blob, not NULL */
#define P_NULL ((struct store_value){.type = STORE_NULL})
/* PARAMS(P_INT(id), P_TEXT(name)); their number must be the statement's, otherwise the process ends. */
#define PARAMS(...)                                                                                \
    ((struct store_params){(const struct store_value[]){__VA_ARGS__},                              \
                           sizeof((const struct store_value[]){__VA_ARGS__}) /                     \
                               sizeof(struct store_value)})
#define NO_PARAMS ((struct store_params){NULL, 0})

static inline struct store_value store_text_param(const char *s)
{
    return s ? (struct store_value){.type = STORE_TEXT, .text = s} : P_NULL;
}

/* ---- rows: borrowed from the arena they were read into ---- */

struct store_row {
    const struct store_query *query;
    const struct store_value *value;
};

struct store_rows {
    size_t n;
    const struct store_row *row; /* n of them */
};

/* By column name. A name the statement does not have, another type than asked for, and row_int of NULL are
 * program errors and end the process. */
int64_t row_int(const struct store_row *row, const char *column);
int64_t row_int_or(const struct store_row *row, const char *column, int64_t when_null);
const char *row_text(const struct store_row *row, const char *column);  /* NULL where NULL */
struct bytes row_blob(const struct store_row *row, const char *column); /* p is NULL where NULL */
int row_is_null(const struct store_row *row, const char *column);

/* ---- the store ---- */

struct store;

/* Open `sqlite:/path/file.db` (made, mode 0600, where it is not there) or `postgresql://…`, and bring its tables up to
 * date. `connections`: how many transactions run at once (SQLite: so many readers and one writer); they are
 * opened when first used. ERR_CONFIG: the url; ERR_STORE_AWAY: no connection; ERR_STORE_SCHEMA: a migration
 * was changed after it was applied, or the database is newer than the program; ERR_IO. */
NODISCARD enum err store_open(const char *url, const struct store_catalogue *catalogue,
                              int connections, struct store **out, struct err_info *e);
void store_free(struct store *s); /* every transaction has been freed before */
/* For a tool that fills a database and is alone with it: writing transactions that are opened from now on have a GiB of
 * cache and do not wait for the disk at each commit. What is lost with the power is then the last moments (PostgreSQL), or
 * the whole file (SQLite): make it again. Call it before the first of them, with none open. */
void store_expect_load(struct store *s);
DEFINE_AUTO(store)

/* Prepare every statement of the catalogue; ERR_INTERNAL names the first that the database refuses, whose
 * columns are others than sqlgen read, or one of whose parameters is not 64-bit, text or blob there. */
NODISCARD enum err store_check_prepared(struct store *s, struct err_info *e);

/* ---- transactions ---- */

enum store_mode { STORE_READ, STORE_WRITE };

struct store_tx;

/* ERR_BUSY: no connection, or the one SQLite writer is at work, for 5 s. Take no second write transaction in
 * a thread that has one. */
NODISCARD enum err store_begin(struct store *s, enum store_mode mode, struct store_tx **out,
                               struct err_info *e);
/* Afterwards the transaction is over, done or not; it still has to be freed. */
NODISCARD enum err store_commit(struct store_tx *tx, struct err_info *e);
void store_tx_free(struct store_tx *tx); /* rolls back what was not committed */
DEFINE_AUTO(store_tx)

/* Savepoints nest. After store_undo the transaction is as it was at store_save, failed statements included. */
NODISCARD enum err store_save(struct store_tx *tx, struct err_info *e);
NODISCARD enum err store_keep(struct store_tx *tx, struct err_info *e);
NODISCARD enum err store_undo(struct store_tx *tx, struct err_info *e);

/* A place for what the writer of a transaction knows because it read or wrote it there: `n` zeroed octets, the same for every
 * call of the transaction, gone with it, and zeroed by store_undo. The database of one concept has one user of it. */
void *store_tx_memory(struct store_tx *tx, size_t n);

/* Run `work` in a write transaction and commit; up to three more times where the database asks for it
 * (ERR_STORE_RETRY: deadlock, serialization), so `work` must not change anything else. */
typedef enum err store_work_fn(struct store_tx *tx, void *arg, struct err_info *e);
NODISCARD enum err store_write(struct store *s, store_work_fn *work, void *arg, struct err_info *e);

/* ---- statements ----
 * Errors: ERR_STORE_UNIQUE, ERR_STORE_CONSTRAINT (foreign key, check, not null), ERR_STORE_RETRY, ERR_BUSY,
 * ERR_STORE_AWAY (connection lost; the pool reconnects), ERR_BAD_REQUEST (text that is not UTF-8), ERR_IO. */

/* `affected` may be NULL. */
NODISCARD enum err store_exec(struct store_tx *tx, const struct store_query *q,
                              struct store_params p, int64_t *affected, struct err_info *e);
/* For updates guarded by version: ERR_CONFLICT unless exactly one row was changed. */
NODISCARD enum err store_exec_one(struct store_tx *tx, const struct store_query *q,
                                  struct store_params p, struct err_info *e);
/* ERR_NOT_FOUND where there is none; more than one is ERR_INTERNAL. */
NODISCARD enum err store_one(struct store_tx *tx, const struct store_query *q,
                             struct store_params p, struct arena *a, const struct store_row **row,
                             struct err_info *e);
/* *row is NULL where there is none. */
NODISCARD enum err store_opt(struct store_tx *tx, const struct store_query *q,
                             struct store_params p, struct arena *a, const struct store_row **row,
                             struct err_info *e);
/* More than STORE_ROWS_MAX rows are ERR_INTERNAL: page, or use store_each. */
enum { STORE_ROWS_MAX = 100000 };
NODISCARD enum err store_many(struct store_tx *tx, const struct store_query *q,
                              struct store_params p, struct arena *a, struct store_rows *rows,
                              struct err_info *e);
/* Row by row, without holding the result. The row is borrowed for the call. The transaction takes no other
 * statement meanwhile. An error of `each` ends the reading and is handed on. */
typedef enum err store_each_fn(const struct store_row *row, void *arg, struct err_info *e);
NODISCARD enum err store_each(struct store_tx *tx, const struct store_query *q,
                              struct store_params p, store_each_fn *each, void *arg,
                              struct err_info *e);

/* ---- group commit ----
 * Many small writes share one COMMIT (measured: six times as many durable rows, 34 times with a slow disk). One thread of
 * the group's own drains the queue, up to STORE_GROUP_MAX at a time and without waiting for more: the
 * COMMIT under way forms the next batch. A failing work undoes only itself. When one fails that has written already, the
 * whole batch is undone and runs again, each under a savepoint: so a work sets all that it sets anew each time. */

enum { STORE_GROUP_MAX = 512 };

struct store_group;

NODISCARD enum err store_group_new(struct store *s, struct store_group **out, struct err_info *e);
void store_group_free(struct store_group *g); /* after the queue has been drained */
DEFINE_AUTO(store_group)

/* Have the group's thread call this behind the `done`s of each batch; before anything is submitted. */
void store_group_after(struct store_group *g, void (*after)(void *arg), void *arg);

/* Waits until `work` is committed or has failed. */
NODISCARD enum err store_group_run(struct store_group *g, store_work_fn *work, void *arg,
                                   struct err_info *e);

/* Does not wait: the group's thread calls `done` after COMMIT or failure. The item belongs to the caller and
 * must live until then; `done` must be short. */
struct store_group_item {
    store_work_fn *work;
    void (*done)(struct store_group_item *item, enum err result, const struct err_info *e);
    void *arg;
    struct store_group_item *next;
    enum err result;
    struct err_info info;
};
void store_group_submit(struct store_group *g, struct store_group_item *item);

#endif
