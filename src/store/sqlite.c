/* The SQLite driver. Each connection belongs to one transaction at a time, so SQLite's own locks are off.
 *
 * Settings (measured): write-ahead log, every commit durable (synchronous FULL), statements prepared once
 * for each connection. Writers begin IMMEDIATE: they wait at the start and never fail half way. */
#include "store/store_priv.h"

#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct store_conn {
    sqlite3 *db;
    sqlite3_stmt **prepared; /* by slot */
    size_t prepared_n;
    sqlite3_stmt *control[CONTROL_COUNT];
    int lost; /* it could not leave its transaction: closing ends it */
};

static enum err code_of(sqlite3 *db)
{
    switch (sqlite3_extended_errcode(db)) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_STORE_UNIQUE;
    default:
        break;
    }
    switch (sqlite3_extended_errcode(db) & 0xff) {
    case SQLITE_CONSTRAINT:
        return ERR_STORE_CONSTRAINT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOTADB:
    case SQLITE_PERM:
        return ERR_IO;
    default:
        return ERR_INTERNAL;
    }
}

static enum err failed(const struct store_conn *c, const char *what, struct err_info *e)
{
    enum err code = code_of(c->db);
    if (code == ERR_BUSY)
        return store_busy(e, "the database is locked by another process");
    return err_set(e, code, NULL, "%s: %s (%d)", what, sqlite3_errmsg(c->db),
                   sqlite3_extended_errcode(c->db));
}

static void sqlite_close(struct store_conn *c)
{
    for (size_t i = 0; i < c->prepared_n; i++)
        sqlite3_finalize(c->prepared[i]);
    for (size_t i = 0; i < CONTROL_COUNT; i++)
        sqlite3_finalize(c->control[i]);
    sqlite3_close(c->db);
    free(c->prepared);
    free(c);
}

/* The file is for its owner alone; SQLite gives the log beside it the same mode. One that is there must not be opened here:
 * closing it would drop the locks of all connections of this process (fcntl), and the next tool that opens and closes the
 * database would take itself for the last user and remove the log under the feet of the server. */
static enum err make_file(const char *path, struct err_info *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? ERR_OK : err_set(e, ERR_IO, NULL, "%s: %s", path, strerror(errno));
    close(fd);
    return ERR_OK;
}

static enum err settings(struct store_conn *c, enum store_mode mode, int loading,
                         struct err_info *e)
{
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, STORE_WAIT_MS);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    static const char common[] =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA case_sensitive_like = ON; PRAGMA temp_store = MEMORY;"
        "PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -4096;";
    if (sqlite3_exec(c->db, common, NULL, NULL, NULL) != SQLITE_OK)
        return failed(c, "settings", e);
    if (loading && mode == STORE_WRITE &&
        sqlite3_exec(c->db, "PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576", NULL, NULL,
                     NULL) != SQLITE_OK)
        return failed(c, "settings", e);
    if (mode == STORE_READ &&
        sqlite3_exec(c->db, "PRAGMA query_only = ON", NULL, NULL, NULL) != SQLITE_OK)
        return failed(c, "settings", e);
    return ERR_OK;
}

/* SQLite counts its memory under a lock that all connections share; nobody asks for the count. */
static pthread_once_t configured = PTHREAD_ONCE_INIT;

static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* refused where somebody uses it already */
}

static enum err sqlite_connect(const struct store *s, enum store_mode mode, struct store_conn **out,
                               struct err_info *e)
{
    TRY(make_file(s->url, e));
    pthread_once(&configured, configure);
    struct store_conn *c = mem_alloc(sizeof *c);
    c->prepared_n = s->queries;
    c->prepared = mem_alloc(s->queries * sizeof *c->prepared);
    enum err r;
    if (sqlite3_open_v2(s->url, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        r = c->db ? failed(c, "open", e) : err_set(e, ERR_IO, NULL, "open: no memory");
    else
        r = settings(c, mode, s->loading, e);
    if (r == ERR_OK)
        *out = c;
    else
        sqlite_close(c);
    return r;
}

static int sqlite_lost(const struct store_conn *c)
{
    return c->lost;
}

static enum err sqlite_control(struct store_conn *c, enum store_control what, struct err_info *e)
{
    static const char *const sql[CONTROL_COUNT] = {
        [CONTROL_BEGIN_READ] = "BEGIN",   [CONTROL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
        [CONTROL_COMMIT] = "COMMIT",      [CONTROL_ROLLBACK] = "ROLLBACK",
        [CONTROL_SAVE] = "SAVEPOINT s",   [CONTROL_KEEP] = "RELEASE s",
        [CONTROL_UNDO] = "ROLLBACK TO s", [CONTROL_LOCK_SCHEMA] = NULL, /* BEGIN IMMEDIATE is one */
    };
    if (!sql[what] || (what == CONTROL_ROLLBACK && sqlite3_get_autocommit(c->db)))
        return ERR_OK; /* SQLite rolls back by itself after a full disk and the like */
    sqlite3_stmt **stmt = &c->control[what];
    if (!*stmt && sqlite3_prepare_v3(c->db, sql[what], -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL) !=
                      SQLITE_OK)
        return failed(c, sql[what], e);
    int done = sqlite3_step(*stmt) == SQLITE_DONE;
    enum err r = done ? ERR_OK : failed(c, sql[what], e);
    sqlite3_reset(*stmt);
    if (r != ERR_OK && what == CONTROL_ROLLBACK)
        c->lost = 1;
    if (r == ERR_OK && what == CONTROL_UNDO)
        return sqlite_control(c, CONTROL_KEEP, e);
    return r;
}

static enum err prepare(struct store_conn *c, const struct store_query *q, size_t slot,
                        struct err_info *e)
{
    if (c->prepared[slot])
        return ERR_OK;
    if (sqlite3_prepare_v3(c->db, q->sqlite, -1, SQLITE_PREPARE_PERSISTENT, &c->prepared[slot],
                           NULL) != SQLITE_OK)
        return failed(c, q->name, e);
    return ERR_OK;
}

/* Parameters live longer than the statement runs, so SQLite need not copy them. */
static int bind(sqlite3_stmt *stmt, int i, const struct store_value *v)
{
    switch (v->type) {
    case STORE_INT:
        return sqlite3_bind_int64(stmt, i, v->integer);
    case STORE_TEXT:
        return sqlite3_bind_text(stmt, i, v->text, -1, SQLITE_STATIC);
    case STORE_BLOB: /* a NULL pointer would bind NULL */
        return sqlite3_bind_blob64(stmt, i, v->blob.n ? (const void *)v->blob.p : "", v->blob.n,
                                   SQLITE_STATIC);
    case STORE_NULL:
        break;
    }
    return sqlite3_bind_null(stmt, i);
}

static enum err read_value(sqlite3_stmt *stmt, int i, const struct store_query *q,
                           struct store_value *v, struct err_info *e)
{
    switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_NULL:
        *v = P_NULL;
        return ERR_OK;
    case SQLITE_INTEGER:
        *v = P_INT(sqlite3_column_int64(stmt, i));
        return ERR_OK;
    case SQLITE_TEXT:
        *v = P_TEXT((const char *)sqlite3_column_text(stmt, i));
        if (!v->text)
            store_die("out of memory");
        return ERR_OK;
    case SQLITE_BLOB: {
        const void *p = sqlite3_column_blob(stmt, i);
        *v = P_BLOB(
            ((struct bytes){p ? p : (const void *)"", (size_t)sqlite3_column_bytes(stmt, i)}));
        return ERR_OK;
    }
    default:
        return err_set(e, ERR_INTERNAL, NULL, "%s: column %s is a floating-point number", q->name,
                       q->column[i]);
    }
}

enum { COLUMNS_MAX = 128 };

static enum err read_row(sqlite3_stmt *stmt, struct store_call *call, struct err_info *e)
{
    const struct store_query *q = call->query;
    struct store_value value[COLUMNS_MAX];
    for (size_t i = 0; i < q->columns; i++)
        TRY(read_value(stmt, (int)i, q, &value[i], e));
    enum err r = call->sink(call->arg, value, e);
    call->sink_failed = r != ERR_OK;
    return r;
}

static enum err step_all(struct store_conn *c, sqlite3_stmt *stmt, struct store_call *call,
                         struct err_info *e)
{
    for (;;) {
        int r = sqlite3_step(stmt);
        if (r == SQLITE_DONE)
            break;
        if (r != SQLITE_ROW)
            return failed(c, call->query->name, e);
        TRY(read_row(stmt, call, e));
    }
    call->affected = sqlite3_stmt_readonly(stmt) ? 0 : sqlite3_changes64(c->db);
    return ERR_OK;
}

static enum err sqlite_run(struct store_conn *c, struct store_call *call, struct err_info *e)
{
    const struct store_query *q = call->query;
    TRY(prepare(c, q, call->slot, e));
    sqlite3_stmt *stmt = c->prepared[call->slot];
    if ((size_t)sqlite3_column_count(stmt) != q->columns || q->columns > COLUMNS_MAX)
        return err_set(e, ERR_INTERNAL, NULL, "%s: has %d columns", q->name,
                       sqlite3_column_count(stmt));
    enum err r = ERR_OK;
    for (size_t i = 0; i < call->params.n && r == ERR_OK; i++)
        if (bind(stmt, (int)i + 1, &call->params.value[i]) != SQLITE_OK)
            r = failed(c, q->name, e);
    if (r == ERR_OK)
        r = step_all(c, stmt, call, e);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return r;
}

static enum err sqlite_script(struct store_conn *c, const struct store_migration *m,
                              struct err_info *e)
{
    return sqlite3_exec(c->db, m->sqlite, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK
                                                                         : failed(c, m->name, e);
}

static enum err sqlite_check(struct store_conn *c, const struct store_query *q, size_t slot,
                             struct err_info *e)
{
    if (prepare(c, q, slot, e) != ERR_OK) {
        char why[sizeof e->detail];
        memcpy(why, e->detail, sizeof why);
        return err_set(e, ERR_INTERNAL, NULL, "%s", why);
    }
    sqlite3_stmt *stmt = c->prepared[slot];
    if ((size_t)sqlite3_column_count(stmt) != q->columns || q->columns > COLUMNS_MAX)
        return err_set(e, ERR_INTERNAL, NULL, "%s: has %d columns", q->name,
                       sqlite3_column_count(stmt));
    for (size_t i = 0; i < q->columns; i++)
        if (strcmp(sqlite3_column_name(stmt, (int)i), q->column[i]) != 0)
            return err_set(e, ERR_INTERNAL, NULL, "%s: column %zu is called %s, not %s", q->name,
                           i + 1, sqlite3_column_name(stmt, (int)i), q->column[i]);
    return ERR_OK;
}

const struct store_driver store_sqlite = {
    .one_writer = 1,
    .connect = sqlite_connect,
    .close = sqlite_close,
    .lost = sqlite_lost,
    .control = sqlite_control,
    .run = sqlite_run,
    .script = sqlite_script,
    .check = sqlite_check,
};
