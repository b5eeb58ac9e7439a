/* Bringing a database's tables up to date: each migration once, in a transaction of its own.
 *
 * Several processes may start on one database at the same time: what is missing is looked up again under the
 * lock. */
#include "store/store_priv.h"

#include "base/sys.h"
#include "base/time.h"
#include "store/store_sql.h"

#include <string.h>

static enum err begin_locked(struct store *s, struct store_tx **tx, struct err_info *e)
{
    TRY(store_begin(s, STORE_WRITE, tx, e));
    enum err r = s->driver->control((*tx)->conn, CONTROL_LOCK_SCHEMA, e);
    if (r != ERR_OK) {
        store_tx_free(*tx);
        *tx = NULL;
    }
    return r;
}

static enum err refuse(struct err_info *e, const char *module, int64_t number, const char *why)
{
    err_set(e, ERR_STORE_SCHEMA, NULL, "%s %lld: %s", module, (long long)number, why);
    err_arg(e, "why", "%s %04lld: %s", module, (long long)number, why);
    return ERR_STORE_SCHEMA;
}

static const struct store_module *find_module(const struct store *s, const char *name)
{
    for (size_t m = 0; m < s->catalogue->n; m++)
        if (strcmp(s->catalogue->module[m]->name, name) == 0)
            return s->catalogue->module[m];
    return NULL;
}

static enum err check_sum(const struct store_module *m, int64_t number, const char *applied,
                          struct err_info *e)
{
    if (strcmp(m->migrations[number - 1].sum, applied) == 0)
        return ERR_OK;
    return refuse(e, m->name, number, "the migration was changed after it was applied");
}

/* One row of schema_migration against the catalogue. `before` is the module's number before it, 0 for none. */
static enum err check_applied(const struct store *s, const struct store_row *row, int64_t before,
                              struct err_info *e)
{
    const char *name = row_text(row, "module");
    int64_t number = row_int(row, "number");
    const struct store_module *m = find_module(s, name);
    if (!m || number > (int64_t)m->migrations_n)
        return refuse(e, name, number, "the database is newer than the program");
    if (number != before + 1)
        return refuse(e, name, before + 1, "the migration was left out");
    return check_sum(m, number, row_text(row, "checksum"), e);
}

/* done[m] becomes the number of migrations that module m has behind it. */
static enum err read_applied(struct store *s, size_t *done, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    TRY(begin_locked(s, &tx, e));
    TRY(store_exec(tx, &Q_store_bootstrap, NO_PARAMS, NULL, e));
    struct store_rows rows;
    TRY(store_many(tx, &Q_store_migrations, NO_PARAMS, a, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        const char *name = row_text(&rows.row[i], "module");
        int same = i > 0 && strcmp(row_text(&rows.row[i - 1], "module"), name) == 0;
        TRY(check_applied(s, &rows.row[i], same ? row_int(&rows.row[i - 1], "number") : 0, e));
        for (size_t m = 0; m < s->catalogue->n; m++)
            if (s->catalogue->module[m] == find_module(s, name))
                done[m]++;
    }
    return store_commit(tx, e);
}

static enum err apply(struct store *s, const struct store_module *module,
                      const struct store_migration *m, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    TRY(begin_locked(s, &tx, e));
    const struct store_row *row;
    TRY(store_opt(tx, &Q_store_migration_get, PARAMS(P_TEXT(module->name), P_INT(m->number)), a,
                  &row, e));
    if (row)
        return check_sum(module, m->number, row_text(row, "checksum"), e);
    enum err r = s->driver->script(tx->conn, m, e);
    if (r == ERR_STORE_AWAY || r == ERR_BUSY)
        return r;
    if (r != ERR_OK) {
        char why[sizeof e->detail];
        memcpy(why, e->detail, sizeof why);
        return refuse(e, module->name, m->number, why);
    }
    TRY(store_exec(tx, &Q_store_migration_add,
                   PARAMS(P_TEXT(module->name), P_INT(m->number), P_TEXT(m->name), P_TEXT(m->sum),
                          P_INT(clock_machine())),
                   NULL, e));
    return store_commit(tx, e);
}

enum err store_migrate(struct store *s, struct err_info *e)
{
    _auto(arena) a = arena_new();
    size_t *done = arena_alloc(a, (s->catalogue->n + 1) * sizeof *done);
    size_t applied = 0;
    TRY(read_applied(s, done, e));
    for (size_t m = 0; m < s->catalogue->n; m++) {
        const struct store_module *module = s->catalogue->module[m];
        for (size_t i = done[m]; i < module->migrations_n; i++)
            TRY(apply(s, module, &module->migrations[i], e));
        applied += module->migrations_n - done[m];
    }
    if (applied > 0)
        log_line(LOG_LEVEL_INFO, "store.migrated", "%zu migrations", applied);
    return ERR_OK;
}
