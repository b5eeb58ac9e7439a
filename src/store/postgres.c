/* The PostgreSQL driver, through libpq.
 *
 * Statements are prepared once for each connection. Parameters go as text (blobs as bytes) and results come as
 * binary. READ COMMITTED with guarded updates for writers; a reader keeps one snapshot (REPEATABLE READ READ
 * ONLY never fails to serialize). */
#include "store/store_priv.h"

#include "base/sys.h"

#include <libpq-fe.h>

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Types of the server's catalogue (pg_type.dat); they never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_NUMERIC = 1700
};

enum { PARAMS_MAX = 64, COLUMNS_MAX = 128, INT_TEXT = 24 };

struct store_conn {
    PGconn *pg;
    unsigned char *prepared; /* by slot */
    int lost;                /* libpq said so before it noted it */
};

static void result_clear(PGresult **r)
{
    PQclear(*r);
}
#define _auto_result __attribute__((cleanup(result_clear))) PGresult *

static enum err code_of_state(const char *state)
{
    static const struct {
        const char *prefix;
        enum err code;
    } row[] = {
        {"23505", ERR_STORE_UNIQUE},
        {"23", ERR_STORE_CONSTRAINT},
        {"40", ERR_STORE_RETRY}, /* serialization failure, deadlock */
        {"55P03", ERR_BUSY},     /* lock_timeout */
        {"57014", ERR_BUSY},     /* statement_timeout */
        {"57P", ERR_STORE_AWAY},
        {"08", ERR_STORE_AWAY},
        {"53300", ERR_STORE_AWAY},
        {"53", ERR_IO}, /* no room */
        {"58", ERR_IO}, /* system errors */
        {"XX", ERR_IO}, /* damaged data */
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (strncmp(state, row[i].prefix, strlen(row[i].prefix)) == 0)
            return row[i].code;
    return ERR_INTERNAL;
}

static enum err unavailable(struct store_conn *c, const char *what, struct err_info *e)
{
    return err_set(e, ERR_STORE_AWAY, NULL, "%s: %s", what,
                   c->pg ? PQerrorMessage(c->pg) : "no memory");
}

/* What has no SQLSTATE comes from libpq itself: the server is gone, also where its status does not say so yet. */
static enum err failed(struct store_conn *c, const PGresult *r, const char *what,
                       struct err_info *e)
{
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    enum err code = state ? code_of_state(state) : ERR_STORE_AWAY;
    c->lost |= !state;
    if (PQstatus(c->pg) == CONNECTION_BAD || code == ERR_STORE_AWAY)
        return unavailable(c, what, e);
    if (code == ERR_BUSY)
        return store_busy(e, "a row is locked");
    /* The primary message names tables and columns; the details would repeat values. */
    const char *text = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    return err_set(e, code, NULL, "%s: %s (%s)", what, text ? text : PQerrorMessage(c->pg),
                   state ? state : "-");
}

static void pg_close(struct store_conn *c)
{
    PQfinish(c->pg);
    free(c->prepared);
    free(c);
}

static int pg_lost(const struct store_conn *c)
{
    return c->lost || PQstatus(c->pg) == CONNECTION_BAD;
}

static enum err simple(struct store_conn *c, const char *what, const char *sql, struct err_info *e)
{
    _auto_result r = PQexec(c->pg, sql);
    ExecStatusType status = PQresultStatus(r);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY
               ? ERR_OK
               : failed(c, r, what, e);
}

static void notice(void *arg, const char *text)
{
    (void)arg;
    log_line(LOG_LEVEL_WARN, "store.notice", "%s", text);
}

static enum err pg_connect(const struct store *s, enum store_mode mode, struct store_conn **out,
                           struct err_info *e)
{
    (void)mode;
    static const char *const key[] = {"connect_timeout",           "tcp_user_timeout",
                                      "fallback_application_name", "dbname",
                                      "client_encoding",           NULL};
    const char *const value[] = {"5", "15000", "certhall", s->url, "UTF8", NULL};
    struct store_conn *c = mem_alloc(sizeof *c);
    c->prepared = mem_alloc(s->queries);
    c->pg = PQconnectdbParams(key, value, 1);
    enum err r;
    if (PQstatus(c->pg) != CONNECTION_OK) {
        r = unavailable(c, "connect", e);
    } else {
        PQsetNoticeProcessor(c->pg, notice, NULL);
        char sql[128];
        snprintf(sql, sizeof sql, "SET lock_timeout = %d; SET client_min_messages = warning",
                 STORE_WAIT_MS);
        r = simple(c, "settings", sql, e);
        if (r == ERR_OK && s->loading)
            r = simple(c, "settings", "SET synchronous_commit = off", e);
    }
    if (r == ERR_OK)
        *out = c;
    else
        pg_close(c);
    return r;
}

static enum err pg_control(struct store_conn *c, enum store_control what, struct err_info *e)
{
    static const char *const sql[CONTROL_COUNT] = {
        [CONTROL_BEGIN_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        [CONTROL_BEGIN_WRITE] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        [CONTROL_COMMIT] = "COMMIT",
        [CONTROL_ROLLBACK] = "ROLLBACK",
        [CONTROL_SAVE] = "SAVEPOINT s",
        [CONTROL_KEEP] = "RELEASE s",
        [CONTROL_UNDO] = "ROLLBACK TO s; RELEASE s",
        [CONTROL_LOCK_SCHEMA] =
            "SELECT pg_advisory_xact_lock(7234517002)", /* a number of our own */
    };
    _auto_result r = PQexec(c->pg, sql[what]);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return failed(c, r, sql[what], e);
    /* COMMIT of a transaction that has failed is answered with ROLLBACK and no error. */
    if (what == CONTROL_COMMIT && strcmp(PQcmdStatus(r), "COMMIT") != 0)
        return err_set(e, ERR_INTERNAL, NULL, "COMMIT was answered with %s", PQcmdStatus(r));
    return ERR_OK;
}

static void slot_name(char name[INT_TEXT], size_t slot)
{
    snprintf(name, INT_TEXT, "q%zu", slot);
}

static enum err prepare(struct store_conn *c, const struct store_query *q, size_t slot,
                        struct err_info *e)
{
    if (c->prepared[slot])
        return ERR_OK;
    char name[INT_TEXT];
    slot_name(name, slot);
    _auto_result r = PQprepare(c->pg, name, q->postgres, 0, NULL);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        return failed(c, r, q->name, e);
    c->prepared[slot] = 1;
    return ERR_OK;
}

/* What PQsendQueryPrepared wants; texts and blobs are borrowed from the parameters. */
struct wire {
    const char *value[PARAMS_MAX];
    int length[PARAMS_MAX], format[PARAMS_MAX];
    char number[PARAMS_MAX][INT_TEXT];
};

static enum err to_wire(const struct store_query *q, struct store_params p, struct wire *w,
                        struct err_info *e)
{
    if (p.n > PARAMS_MAX)
        return err_set(e, ERR_INTERNAL, NULL, "%s: more than %d parameters", q->name, PARAMS_MAX);
    for (size_t i = 0; i < p.n; i++) {
        const struct store_value *v = &p.value[i];
        w->length[i] = w->format[i] = 0;
        w->value[i] = NULL;
        if (v->type == STORE_INT) {
            snprintf(w->number[i], INT_TEXT, "%" PRId64, v->integer);
            w->value[i] = w->number[i];
        } else if (v->type == STORE_TEXT) {
            w->value[i] = v->text;
        } else if (v->type == STORE_BLOB) {
            if (v->blob.n > INT32_MAX)
                return err_set(e, ERR_TOO_LARGE, NULL, "%s: blob of %zu bytes", q->name, v->blob.n);
            w->value[i] = v->blob.n ? (const char *)v->blob.p : "";
            w->length[i] = (int)v->blob.n;
            w->format[i] = 1;
        }
    }
    return ERR_OK;
}

static uint16_t be16_at(const char *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return be16toh(v);
}

static int64_t be_int(const char *p, int n)
{
    int64_t v = (int8_t)p[0];
    for (int i = 1; i < n; i++)
        v = (int64_t)((uint64_t)v << 8 | (uint8_t)p[i]);
    return v;
}

/* sum() of 64-bit columns is numeric: base 10000 digits behind four 16-bit fields (count, weight, sign, scale).
 * 1 when it is a whole number of 64 bits. */
static int numeric_to_int(const char *p, int n, int64_t *out)
{
    if (n < 8)
        return 0;
    int digits = be16_at(p), weight = (int16_t)be16_at(p + 2), sign = be16_at(p + 4);
    if (n < 8 + 2 * digits || (sign != 0 && sign != 0x4000) || digits > weight + 1)
        return 0;
    int64_t v = 0;
    for (int i = 0; digits && i <= weight; i++) {
        int d = i < digits ? be16_at(p + 8 + 2 * i) : 0;
        /* counted downwards: the least number has no positive twin */
        if (__builtin_mul_overflow(v, 10000, &v) || __builtin_sub_overflow(v, d, &v))
            return 0;
    }
    if (sign == 0 && v == INT64_MIN)
        return 0;
    *out = sign ? v : -v;
    return 1;
}

static enum err read_value(const PGresult *r, int row, int i, const struct store_query *q,
                           struct store_value *v, struct err_info *e)
{
    *v = P_NULL;
    if (PQgetisnull(r, row, i))
        return ERR_OK;
    const char *p = PQgetvalue(r, row, i);
    int n = PQgetlength(r, row, i);
    int64_t number;
    switch (PQftype(r, i)) {
    case OID_BOOL:
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
        *v = P_INT(be_int(p, n));
        return ERR_OK;
    case OID_TEXT: /* libpq puts a NUL behind each value */
        *v = P_TEXT(p);
        return ERR_OK;
    case OID_BYTEA:
        *v = P_BLOB(((struct bytes){(const uint8_t *)p, (size_t)n}));
        return ERR_OK;
    case OID_NUMERIC:
        if (numeric_to_int(p, n, &number)) {
            *v = P_INT(number);
            return ERR_OK;
        }
        return err_set(e, ERR_INTERNAL, NULL, "%s: column %s is no 64-bit number", q->name,
                       q->column[i]);
    default:
        return err_set(e, ERR_INTERNAL, NULL, "%s: column %s is of type %u", q->name, q->column[i],
                       PQftype(r, i));
    }
}

static enum err read_rows(const PGresult *r, struct store_call *call, struct err_info *e)
{
    const struct store_query *q = call->query;
    if (call->sink && ((size_t)PQnfields(r) != q->columns || q->columns > COLUMNS_MAX))
        return err_set(e, ERR_INTERNAL, NULL, "%s: has %d columns", q->name, PQnfields(r));
    struct store_value value[COLUMNS_MAX];
    for (int row = 0; call->sink && row < PQntuples(r); row++) {
        for (size_t i = 0; i < q->columns; i++)
            TRY(read_value(r, row, (int)i, q, &value[i], e));
        enum err result = call->sink(call->arg, value, e);
        call->sink_failed = result != ERR_OK;
        TRY(result);
    }
    return ERR_OK;
}

/* Every result of the statement is taken off the connection, wanted or not. */
static enum err read_results(struct store_conn *c, struct store_call *call, struct err_info *e)
{
    enum err first = ERR_OK;
    PGresult *r;
    while ((r = PQgetResult(c->pg))) {
        ExecStatusType status = PQresultStatus(r);
        int good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
                   status == PGRES_SINGLE_TUPLE;
        if (good && first == ERR_OK) {
            first = read_rows(r, call, e);
            call->affected = strtoll(PQcmdTuples(r), NULL, 10);
        } else if (!good && (first == ERR_OK || call->sink_failed)) {
            first = failed(c, r, call->query->name, e);
            call->sink_failed = 0; /* the statement failed as well, and with it the transaction */
        }
        PQclear(r);
    }
    return first;
}

static enum err pg_run(struct store_conn *c, struct store_call *call, struct err_info *e)
{
    const struct store_query *q = call->query;
    struct wire w;
    TRY(prepare(c, q, call->slot, e));
    TRY(to_wire(q, call->params, &w, e));
    char name[INT_TEXT];
    slot_name(name, call->slot);
    if (!PQsendQueryPrepared(c->pg, name, (int)call->params.n, w.value, w.length, w.format, 1))
        return failed(c, NULL, q->name, e);
    if (call->stream)
        PQsetSingleRowMode(c->pg);
    return read_results(c, call, e);
}

static enum err pg_script(struct store_conn *c, const struct store_migration *m, struct err_info *e)
{
    return simple(c, m->name, m->postgres, e);
}

static enum err check_types(const PGresult *r, const struct store_query *q, struct err_info *e)
{
    for (int i = 0; i < PQnparams(r); i++) {
        Oid t = PQparamtype(r, i);
        if (t != OID_INT8 && t != OID_TEXT && t != OID_BYTEA)
            return err_set(e, ERR_INTERNAL, NULL,
                           "%s: $%d is of type %u there: write CAST($%d AS BIGINT)", q->name, i + 1,
                           t, i + 1);
    }
    if ((size_t)PQnparams(r) != q->params || (size_t)PQnfields(r) != q->columns)
        return err_set(e, ERR_INTERNAL, NULL, "%s: has %d parameters and %d columns", q->name,
                       PQnparams(r), PQnfields(r));
    for (size_t i = 0; i < q->columns; i++) {
        Oid t = PQftype(r, (int)i);
        if (strcmp(PQfname(r, (int)i), q->column[i]) != 0)
            return err_set(e, ERR_INTERNAL, NULL, "%s: column %zu is called %s, not %s", q->name,
                           i + 1, PQfname(r, (int)i), q->column[i]);
        if (t != OID_BOOL && t != OID_INT4 && t != OID_INT8 && t != OID_TEXT && t != OID_BYTEA &&
            t != OID_NUMERIC)
            return err_set(e, ERR_INTERNAL, NULL, "%s: column %s is of type %u", q->name,
                           q->column[i], t);
    }
    return ERR_OK;
}

static enum err pg_check(struct store_conn *c, const struct store_query *q, size_t slot,
                         struct err_info *e)
{
    if (prepare(c, q, slot, e) != ERR_OK) {
        char why[sizeof e->detail];
        memcpy(why, e->detail, sizeof why);
        return err_set(e, ERR_INTERNAL, NULL, "%s", why);
    }
    char name[INT_TEXT];
    slot_name(name, slot);
    _auto_result r = PQdescribePrepared(c->pg, name);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        return failed(c, r, q->name, e);
    return check_types(r, q, e);
}

const struct store_driver store_postgres = {
    .connect = pg_connect,
    .close = pg_close,
    .lost = pg_lost,
    .control = pg_control,
    .run = pg_run,
    .script = pg_script,
    .check = pg_check,
};
