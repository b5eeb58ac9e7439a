/* What both databases must do alike. */
#include "testing.h"

#include "contract_sql.h"
#include "store_fixture.h"

#include <libpq-fe.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct store_module *const modules[] = {&contract_sql};
static const struct store_catalogue catalogue = STORE_CATALOGUE(modules);

static int open_store(void **state)
{
    struct store_fixture *f = mem_alloc(sizeof *f);
    store_fixture_open(f, &catalogue, 8);
    *state = f;
    return 0;
}

static int close_store(void **state)
{
    store_fixture_close(*state);
    free(*state);
    return 0;
}

static struct store *of(void **state)
{
    return ((struct store_fixture *)*state)->store;
}

static enum err add(struct store_tx *tx, int64_t id, const char *name, struct err_info *e)
{
    return store_exec(tx, &Q_contract_add, PARAMS(P_INT(id), P_TEXT(name), P_NULL, P_INT(0)), NULL,
                      e);
}

static void add_committed(struct store *s, int64_t id, const char *name)
{
    struct err_info e;
    _auto(store_tx) tx = NULL;
    assert_ok(store_begin(s, STORE_WRITE, &tx, &e), &e);
    assert_ok(add(tx, id, name, &e), &e);
    assert_ok(store_commit(tx, &e), &e);
}

static int64_t count(struct store *s)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    const struct store_row *row;
    assert_ok(store_begin(s, STORE_READ, &tx, &e), &e);
    assert_ok(store_one(tx, &Q_contract_count, NO_PARAMS, a, &row, &e), &e);
    return row_int(row, "n");
}

static void every_statement_of_the_catalogue_can_be_prepared(void **state)
{
    struct err_info e;
    assert_ok(store_check_prepared(of(state), &e), &e);
}

static void values_come_back_as_they_went_in(void **state)
{
    static const int64_t numbers[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    static const char *const names[] = {"", "泉州海丝供应链", "𠮷 \"'\\x41 $1 ?1", "a\nb\tc", "ß"};
    static const uint8_t bytes[] = {0x00, 0xff, 0x27, 0x5c, 0x00};
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
    for (int i = 0; i < 5; i++) {
        struct bytes b = {bytes, (size_t)i};
        int64_t affected = -1;
        assert_ok(store_exec(tx, &Q_contract_add,
                             PARAMS(P_INT(i), P_TEXT(names[i]), P_BLOB(b), P_INT(numbers[i])),
                             &affected, &e),
                  &e);
        assert_int_equal(affected, 1);
    }
    for (int i = 0; i < 5; i++) {
        const struct store_row *row;
        assert_ok(store_one(tx, &Q_contract_get, PARAMS(P_INT(i)), a, &row, &e), &e);
        assert_string_equal(row_text(row, "name"), names[i]);
        assert_true(row_int(row, "amount") == numbers[i]);
        struct bytes b = row_blob(row, "content");
        assert_int_equal(b.n, i);
        assert_non_null(b.p); /* an empty blob is not NULL */
        assert_memory_equal(b.p, bytes, (size_t)i);
        assert_int_equal(row_int(row, "version"), 1);
        assert_memory_equal(row_blob(row, "mark").p, "\x00\xff", 2);
    }
}

static void null_is_not_empty_and_not_zero(void **state)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    const struct store_row *row;
    assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
    assert_ok(
        store_exec(tx, &Q_contract_add, PARAMS(P_INT(1), P_TEXT(NULL), P_NULL, P_NULL), NULL, &e),
        &e);
    assert_ok(store_one(tx, &Q_contract_get, PARAMS(P_INT(1)), a, &row, &e), &e);
    assert_true(row_is_null(row, "name"));
    assert_true(row_is_null(row, "content"));
    assert_true(row_is_null(row, "amount"));
    assert_null(row_text(row, "name"));
    assert_null(row_blob(row, "content").p);
    assert_int_equal(row_int_or(row, "amount", 42), 42);
    assert_false(row_is_null(row, "version"));
}

static void sums_comparisons_and_small_numbers_are_numbers(void **state)
{
    static const int64_t sums[] = {0, 10000, -100000000, 123456789012345678, INT64_MAX, INT64_MIN};
    struct err_info e;
    _auto(arena) a = arena_new();
    const struct store_row *row;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
        assert_ok(store_one(tx, &Q_contract_count, NO_PARAMS, a, &row, &e), &e);
        assert_true(row_is_null(row, "total"));
        for (int64_t id = 1; id <= 2; id++)
            assert_ok(store_exec(tx, &Q_contract_add,
                                 PARAMS(P_INT(id), P_NULL, P_NULL, P_INT(id == 1 ? sums[i] : 0)),
                                 NULL, &e),
                      &e);
        assert_ok(store_one(tx, &Q_contract_count, NO_PARAMS, a, &row, &e), &e);
        assert_int_equal(row_int(row, "n"), 2);
        assert_true(row_int(row, "total") == sums[i]);
        assert_int_equal(row_int(row, "more"), 1);
        assert_int_equal(row_int(row, "seven"), 7);
    }
}

static void one_row_is_wanted_none_and_two_are_told_apart(void **state)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    const struct store_row *row;
    assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
    assert_err(ERR_NOT_FOUND, store_one(tx, &Q_contract_any, NO_PARAMS, a, &row, &e));
    assert_ok(store_opt(tx, &Q_contract_any, NO_PARAMS, a, &row, &e), &e);
    assert_null(row);
    assert_ok(add(tx, 1, "a", &e), &e); /* having found nothing is no failure of the transaction */
    assert_ok(store_opt(tx, &Q_contract_any, NO_PARAMS, a, &row, &e), &e);
    assert_non_null(row);
    assert_ok(add(tx, 2, "b", &e), &e);
    assert_err(ERR_INTERNAL, store_opt(tx, &Q_contract_any, NO_PARAMS, a, &row, &e));
}

static void texts_are_sorted_by_bytes_and_like_tells_case(void **state)
{
    static const char *const names[] = {"b", "A", "a", "é", "B", "中"};
    static const char *const sorted[] = {"A", "B", "a", "b", "é", "中"};
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    struct store_rows rows;
    assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
    for (int i = 0; i < 6; i++)
        assert_ok(add(tx, i, names[i], &e), &e);
    assert_ok(store_many(tx, &Q_contract_by_name, PARAMS(P_TEXT("")), a, &rows, &e), &e);
    assert_int_equal(rows.n, 6);
    for (int i = 0; i < 6; i++)
        assert_string_equal(row_text(&rows.row[i], "the name"), sorted[i]);
    assert_ok(store_many(tx, &Q_contract_like, PARAMS(P_TEXT("a%")), a, &rows, &e), &e);
    assert_int_equal(rows.n, 1);
    assert_int_equal(row_int(&rows.row[0], "id"), 2);
}

static void a_parameter_may_be_null_where_it_is_cast(void **state)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    struct store_rows rows;
    assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
    for (int i = 0; i < 40; i++)
        assert_ok(store_exec(tx, &Q_contract_add, PARAMS(P_INT(i), P_NULL, P_NULL, P_INT(i % 2)),
                             NULL, &e),
                  &e);
    assert_ok(store_many(tx, &Q_contract_filter, PARAMS(P_NULL, P_INT(100)), a, &rows, &e), &e);
    assert_int_equal(rows.n, 40);
    assert_ok(store_many(tx, &Q_contract_filter, PARAMS(P_INT(1), P_INT(3)), a, &rows, &e), &e);
    assert_int_equal(rows.n, 3);
    assert_int_equal(row_int(&rows.row[2], "id"), 5);
}

struct seen {
    int64_t rows, sum, stop_at;
};

static enum err see(const struct store_row *row, void *arg, struct err_info *e)
{
    struct seen *s = arg;
    s->rows++;
    s->sum += row_int(row, "id");
    return s->rows == s->stop_at ? err_set(e, ERR_TOO_LARGE, NULL, "enough") : ERR_OK;
}

static void long_results_are_read_row_by_row_and_may_be_left(void **state)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    struct seen all = {0}, some = {.stop_at = 3};
    const struct store_row *row;
    assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
    for (int i = 1; i <= 500; i++)
        assert_ok(add(tx, i, NULL, &e), &e);
    assert_ok(store_each(tx, &Q_contract_filter, PARAMS(P_NULL, P_INT(1000)), see, &all, &e), &e);
    assert_int_equal(all.rows, 500);
    assert_int_equal(all.sum, 500 * 501 / 2);
    assert_err(ERR_TOO_LARGE,
               store_each(tx, &Q_contract_filter, PARAMS(P_NULL, P_INT(1000)), see, &some, &e));
    assert_int_equal(some.rows, 3);
    assert_ok(store_one(tx, &Q_contract_count, NO_PARAMS, a, &row, &e), &e);
    assert_int_equal(row_int(row, "n"), 500);
}

static void a_statement_that_fails_after_it_was_left_still_fails_the_transaction(void **state)
{
    struct store_fixture *f = *state;
    struct err_info e;
    struct seen one = {.stop_at = 1};
    {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(f->store, STORE_WRITE, &tx, &e), &e);
        for (int i = 1; i <= 2; i++)
            assert_ok(store_exec(tx, &Q_contract_add,
                                 PARAMS(P_INT(i), P_NULL, P_NULL, P_INT(i == 1)), NULL, &e),
                      &e);
        enum err r = store_each(tx, &Q_contract_share, NO_PARAMS, see, &one, &e);
        /* PostgreSQL refuses to divide by zero, in the row behind the one that ended the reading. */
        assert_err(f->postgres ? ERR_INTERNAL : ERR_TOO_LARGE, r);
        assert_err(f->postgres ? ERR_INTERNAL : ERR_OK, store_commit(tx, &e));
    }
    assert_int_equal(count(f->store), f->postgres ? 0 : 2);
}

static void a_new_row_tells_its_number(void **state)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    const struct store_row *first, *second;
    assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
    assert_ok(add(tx, 1, NULL, &e), &e);
    assert_ok(store_one(tx, &Q_contract_part_add, PARAMS(P_INT(1), P_TEXT("x")), a, &first, &e),
              &e);
    assert_ok(store_one(tx, &Q_contract_part_add, PARAMS(P_INT(1), P_TEXT("y")), a, &second, &e),
              &e);
    assert_true(row_int(second, "seq") > row_int(first, "seq"));
    assert_string_equal(row_text(second, "label"), "y");
}

static void what_is_not_committed_is_gone(void **state)
{
    struct err_info e;
    {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
        assert_ok(add(tx, 1, "a", &e), &e);
    }
    assert_int_equal(count(of(state)), 0);
    add_committed(of(state), 1, "a");
    assert_int_equal(count(of(state)), 1);
}

static void a_second_row_of_one_key_is_a_unique_violation_and_fails_the_transaction(void **state)
{
    struct err_info e;
    add_committed(of(state), 1, "a");
    for (int by_name = 0; by_name < 2; by_name++) {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
        assert_ok(add(tx, 2, "b", &e), &e);
        assert_err(ERR_STORE_UNIQUE, add(tx, by_name ? 3 : 1, by_name ? "a" : "c", &e));
        assert_err(ERR_STORE_UNIQUE, add(tx, 4, "d", &e));
        assert_err(ERR_STORE_UNIQUE, store_commit(tx, &e));
    }
    assert_int_equal(count(of(state)), 1);
}

static void a_savepoint_takes_a_failure_back(void **state)
{
    struct err_info e;
    {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
        assert_ok(add(tx, 1, "a", &e), &e);
        assert_ok(store_save(tx, &e), &e);
        assert_ok(add(tx, 2, "b", &e), &e);
        assert_err(ERR_STORE_UNIQUE, add(tx, 1, "c", &e));
        assert_ok(store_undo(tx, &e), &e);
        assert_ok(store_save(tx, &e), &e);
        assert_ok(add(tx, 3, "d", &e), &e);
        assert_ok(store_keep(tx, &e), &e);
        assert_ok(store_commit(tx, &e), &e);
    }
    assert_int_equal(count(of(state)), 2);
}

static void foreign_keys_checks_and_triggers_hold(void **state)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    const struct store_row *row;
    for (int i = 0; i < 3; i++) {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
        assert_ok(add(tx, 1, NULL, &e), &e);
        if (i < 2) {
            assert_err(ERR_STORE_CONSTRAINT,
                       store_one(tx, &Q_contract_part_add,
                                 PARAMS(P_INT(i == 0 ? 9 : 1), P_TEXT(i == 0 ? "x" : "")), a, &row,
                                 &e));
            continue;
        }
        assert_ok(
            store_one(tx, &Q_contract_part_add, PARAMS(P_INT(1), P_TEXT("stays")), a, &row, &e),
            &e);
        assert_err(ERR_STORE_CONSTRAINT, store_exec(tx, &Q_contract_part_delete,
                                                    PARAMS(P_INT(row_int(row, "seq"))), NULL, &e));
    }
}

static void a_reader_cannot_write_and_keeps_its_snapshot(void **state)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) reader = NULL;
    const struct store_row *row;
    add_committed(of(state), 1, "a");
    assert_ok(store_begin(of(state), STORE_READ, &reader, &e), &e);
    assert_ok(store_one(reader, &Q_contract_count, NO_PARAMS, a, &row, &e), &e);
    assert_int_equal(row_int(row, "n"), 1);
    add_committed(of(state), 2, "b");
    assert_ok(store_one(reader, &Q_contract_count, NO_PARAMS, a, &row, &e), &e);
    assert_int_equal(row_int(row, "n"), 1);
    assert_int_equal(count(of(state)), 2);
    assert_int_not_equal(add(reader, 3, "c", &e), ERR_OK);
}

static void an_update_guarded_by_version_is_done_once(void **state)
{
    struct err_info e;
    add_committed(of(state), 1, "a");
    for (int again = 0; again < 2; again++) {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
        enum err r = store_exec_one(tx, &Q_contract_update, PARAMS(P_INT(1), P_INT(1), P_INT(5)),
                                    &e);
        assert_err(again ? ERR_CONFLICT : ERR_OK, r);
        assert_ok(store_commit(tx, &e), &e);
    }
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    struct err_info e;
    _auto(store_tx) tx = NULL;
    assert_ok(store_begin(of(state), STORE_WRITE, &tx, &e), &e);
    assert_err(ERR_BAD_REQUEST, add(tx, 1, "\xc3\x28", &e));
}

enum { WRITERS = 6, WRITES = 25 };

static enum err bump(struct store_tx *tx, void *arg, struct err_info *e)
{
    (void)arg;
    int64_t affected;
    TRY(store_exec(tx, &Q_contract_bump, PARAMS(P_INT(1), P_INT(1)), &affected, e));
    return affected == 1 ? ERR_OK : err_set(e, ERR_INTERNAL, NULL, "no row");
}

static void *bump_often(void *arg)
{
    struct err_info e;
    for (int i = 0; i < WRITES; i++)
        if (store_write(arg, bump, NULL, &e) != ERR_OK)
            return arg;
    return NULL;
}

static void writers_at_the_same_time_lose_nothing(void **state)
{
    struct err_info e;
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    const struct store_row *row;
    pthread_t thread[WRITERS];
    add_committed(of(state), 1, "a");
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, bump_often, of(state)), 0);
    for (int i = 0; i < WRITERS; i++) {
        void *result = NULL;
        pthread_join(thread[i], &result);
        assert_null(result);
    }
    assert_ok(store_begin(of(state), STORE_READ, &tx, &e), &e);
    assert_ok(store_one(tx, &Q_contract_get, PARAMS(P_INT(1)), a, &row, &e), &e);
    assert_int_equal(row_int(row, "amount"), WRITERS * WRITES);
}

/* Two threads take two rows in opposite order: where the database breaks the deadlock, the loser goes again. */
struct crossing {
    struct store *store;
    pthread_barrier_t *both;
    int64_t first, second;
    int tries;
};

static enum err cross(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct crossing *c = arg;
    TRY(store_exec(tx, &Q_contract_bump, PARAMS(P_INT(c->first), P_INT(1)), NULL, e));
    if (c->tries++ == 0 && c->both)
        pthread_barrier_wait(c->both);
    return store_exec(tx, &Q_contract_bump, PARAMS(P_INT(c->second), P_INT(1)), NULL, e);
}

static void *crossing(void *arg)
{
    struct crossing *c = arg;
    struct err_info e;
    return store_write(c->store, cross, c, &e) == ERR_OK ? NULL : arg;
}

static void a_deadlock_is_broken_and_the_loser_goes_again(void **state)
{
    struct store_fixture *f = *state;
    pthread_barrier_t both;
    pthread_barrier_init(&both, NULL, 2);
    /* SQLite has one writer: the two never meet. */
    pthread_barrier_t *meet = f->postgres ? &both : NULL;
    struct crossing c[2] = {{f->store, meet, 1, 2, 0}, {f->store, meet, 2, 1, 0}};
    pthread_t thread[2];
    add_committed(f->store, 1, "a");
    add_committed(f->store, 2, "b");
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, crossing, &c[i]), 0);
    for (int i = 0; i < 2; i++) {
        void *result = NULL;
        pthread_join(thread[i], &result);
        assert_null(result);
    }
    /* The loser may meet the winner once more before that one has its second row. */
    int tries = c[0].tries + c[1].tries;
    assert_true(f->postgres ? tries >= 3 : tries == 2);
    pthread_barrier_destroy(&both);
}

static int64_t backend(struct store_tx *tx, struct arena *a)
{
    struct err_info e;
    const struct store_row *row;
    assert_ok(store_one(tx, &Q_contract_backend, NO_PARAMS, a, &row, &e), &e);
    return row_int(row, "pid");
}

/* From outside, and until it is gone. */
static void kill_backend(const struct store_fixture *f, int64_t pid)
{
    PGconn *c = PQconnectdb(f->url);
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld, 5000)", (long long)pid);
    PGresult *r = PQexec(c, sql);
    assert_string_equal(PQgetvalue(r, 0, 0), "t");
    PQclear(r);
    PQfinish(c);
}

static void a_lost_connection_is_an_error_and_the_next_transaction_works(void **state)
{
    const struct store_fixture *f = *state;
    struct err_info e;
    _auto(arena) a = arena_new();
    if (f->postgres) {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(f->store, STORE_WRITE, &tx, &e), &e);
        assert_ok(add(tx, 1, "a", &e), &e);
        kill_backend(f, backend(tx, a));
        assert_err(ERR_STORE_AWAY, add(tx, 2, "b", &e));
        assert_err(ERR_STORE_AWAY, store_commit(tx, &e));
    }
    assert_int_equal(count(f->store), 0);
    add_committed(f->store, 1, "a");
    assert_int_equal(count(f->store), 1);
}

static void a_connection_lost_while_idle_is_not_noticed(void **state)
{
    const struct store_fixture *f = *state;
    struct err_info e;
    _auto(arena) a = arena_new();
    int64_t pid;
    {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(f->store, STORE_WRITE, &tx, &e), &e);
        pid = backend(tx, a);
    }
    if (f->postgres)
        kill_backend(f, pid);
    add_committed(f->store, 1, "a");
    assert_int_equal(count(f->store), 1);
}

static void an_address_of_no_database_is_refused_without_repeating_it(void **state)
{
    (void)state;
    struct err_info e;
    struct store *s = NULL;
    assert_err(ERR_CONFIG, store_open("mysql://user:secret@host/x", &catalogue, 1, &s, &e));
    assert_null(strstr(e.detail, "secret"));
    assert_err(ERR_IO, store_open("sqlite:/nonexistent-folder/a.db", &catalogue, 1, &s, &e));
    assert_err(ERR_STORE_AWAY, store_open("postgresql://x:secret@/x?host=/nonexistent-folder",
                                          &catalogue, 1, &s, &e));
    assert_null(strstr(e.detail, "secret"));
    assert_null(s);
}

static void the_database_file_is_for_its_owner_alone(void **state)
{
    const struct store_fixture *f = *state;
    if (f->postgres)
        return;
    struct stat st;
    char wal[300];
    assert_int_equal(stat(f->url + strlen("sqlite:"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(wal, sizeof wal, "%s-wal", f->url + strlen("sqlite:"));
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void run_a_foreign_query(struct store_tx *tx, struct arena *a)
{
    (void)a;
    struct err_info e;
    struct store_query made_up = Q_contract_add;
    made_up.sqlite = made_up.postgres = "DELETE FROM thing";
    made_up.params = 0;
    if (store_exec(tx, &made_up, NO_PARAMS, NULL, &e) != ERR_OK)
        exit(0);
}

static void give_too_few_parameters(struct store_tx *tx, struct arena *a)
{
    (void)a;
    struct err_info e;
    if (store_exec(tx, &Q_contract_add, PARAMS(P_INT(5)), NULL, &e) != ERR_OK)
        exit(0);
}

static void run_a_query_of_another_kind(struct store_tx *tx, struct arena *a)
{
    struct err_info e;
    struct store_rows rows;
    if (store_many(tx, &Q_contract_any, NO_PARAMS, a, &rows, &e) != ERR_OK)
        exit(0);
}

static const struct store_row *row_of_nulls(struct store_tx *tx, struct arena *a)
{
    struct err_info e;
    const struct store_row *row = NULL;
    if (store_exec(tx, &Q_contract_add, PARAMS(P_INT(5), P_NULL, P_NULL, P_NULL), NULL, &e) !=
            ERR_OK ||
        store_one(tx, &Q_contract_get, PARAMS(P_INT(5)), a, &row, &e) != ERR_OK)
        exit(0);
    return row;
}

static void ask_for_a_column_that_is_not_there(struct store_tx *tx, struct arena *a)
{
    exit(row_is_null(row_of_nulls(tx, a), "amuont"));
}

static void ask_for_another_type(struct store_tx *tx, struct arena *a)
{
    exit(row_text(row_of_nulls(tx, a), "id") == NULL);
}

static void take_null_for_a_number(struct store_tx *tx, struct arena *a)
{
    exit((int)row_int(row_of_nulls(tx, a), "amount"));
}

static void a_program_error_ends_the_process(void **state)
{
    static void (*const mistake[])(struct store_tx *, struct arena *) = {
        run_a_foreign_query,
        give_too_few_parameters,
        run_a_query_of_another_kind,
        take_null_for_a_number,
        ask_for_a_column_that_is_not_there,
        ask_for_another_type,
    };
    for (size_t i = 0; i < sizeof mistake / sizeof *mistake; i++) {
        pid_t child = fork();
        if (child == 0) {
            const struct rlimit no_core = {0, 0};
            struct store_fixture *f = *state;
            struct err_info e;
            struct store *s = NULL;
            struct store_tx *tx = NULL;
            setrlimit(RLIMIT_CORE, &no_core);
            if (store_open(f->url, &catalogue, 1, &s, &e) == ERR_OK &&
                store_begin(s, STORE_WRITE, &tx, &e) == ERR_OK)
                mistake[i](tx, arena_new());
            exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
    assert_int_equal(count(of(state)), 0);
}

/* ---- another process ---- */

/* What this program does when it is called with this word, an address and a number. */
#define ADD_NEXT "add-next"

/* A tool: opens, sees all that was committed before it, adds row `id`, closes. */
static int add_next(const char *url, int64_t id)
{
    struct err_info e;
    _auto(store) s = NULL;
    if (store_open(url, &catalogue, 1, &s, &e) != ERR_OK || count(s) != id - 1)
        return 1;
    add_committed(s, id, id == 2 ? "two" : id == 4 ? "four" : "six");
    return 0;
}

static void run_a_tool(const char *url, int64_t id)
{
    _auto(arena) a = arena_new();
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "tool", ADD_NEXT, url, arena_fmt(a, "%d", (int)id), (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* A tool (certhall staff, audit, register) opens the database of a server that runs, and closes it. */
static void a_tool_that_comes_and_goes_takes_nothing_from_a_server(void **state)
{
    struct store_fixture *f = *state;
    struct err_info e;
    add_committed(f->store, 1, "one");
    {
        _auto(store_tx) first = NULL;
        _auto(store_tx) second = NULL; /* so that a connection was opened beside another one */
        assert_ok(store_begin(f->store, STORE_READ, &first, &e), &e);
        assert_ok(store_begin(f->store, STORE_READ, &second, &e), &e);
    }
    for (int64_t id = 2; id < 8; id += 2) {
        run_a_tool(f->url, id);
        assert_int_equal(count(f->store), id);
        add_committed(f->store, id + 1, id == 2 ? "three" : id == 4 ? "five" : "seven");
    }
    store_free(f->store);
    f->store = NULL;
    assert_ok(store_open(f->url, &catalogue, 8, &f->store, &e), &e);
    assert_int_equal(count(f->store), 7);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], ADD_NEXT) == 0)
        return add_next(argv[2], atoi(argv[3]));
#define ON_A_STORE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)
    const struct CMUnitTest tests[] = {
        ON_A_STORE(every_statement_of_the_catalogue_can_be_prepared),
        ON_A_STORE(values_come_back_as_they_went_in),
        ON_A_STORE(null_is_not_empty_and_not_zero),
        ON_A_STORE(sums_comparisons_and_small_numbers_are_numbers),
        ON_A_STORE(one_row_is_wanted_none_and_two_are_told_apart),
        ON_A_STORE(texts_are_sorted_by_bytes_and_like_tells_case),
        ON_A_STORE(a_parameter_may_be_null_where_it_is_cast),
        ON_A_STORE(long_results_are_read_row_by_row_and_may_be_left),
        ON_A_STORE(a_statement_that_fails_after_it_was_left_still_fails_the_transaction),
        ON_A_STORE(a_new_row_tells_its_number),
        ON_A_STORE(what_is_not_committed_is_gone),
        ON_A_STORE(a_second_row_of_one_key_is_a_unique_violation_and_fails_the_transaction),
        ON_A_STORE(a_savepoint_takes_a_failure_back),
        ON_A_STORE(foreign_keys_checks_and_triggers_hold),
        ON_A_STORE(a_reader_cannot_write_and_keeps_its_snapshot),
        ON_A_STORE(an_update_guarded_by_version_is_done_once),
        ON_A_STORE(text_that_is_not_utf8_is_refused),
        ON_A_STORE(writers_at_the_same_time_lose_nothing),
        ON_A_STORE(a_deadlock_is_broken_and_the_loser_goes_again),
        ON_A_STORE(a_lost_connection_is_an_error_and_the_next_transaction_works),
        ON_A_STORE(a_connection_lost_while_idle_is_not_noticed),
        ON_A_STORE(a_program_error_ends_the_process),
        ON_A_STORE(a_tool_that_comes_and_goes_takes_nothing_from_a_server),
        ON_A_STORE(the_database_file_is_for_its_owner_alone),
        cmocka_unit_test(an_address_of_no_database_is_refused_without_repeating_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
