/* Migrations: every older database comes up to date, a wrong one is refused untouched. */
#include "testing.h"

#include "contract_sql.h"
#include "store_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MIGRATIONS = 3 };

/* A program of another age: its module, the list that holds it, the catalogue of that list. */
struct age {
    struct store_module module;
    const struct store_module *list[1];
    struct store_catalogue catalogue;
    struct store_migration migrations[MIGRATIONS + 1];
};

static const struct store_catalogue *age(struct age *p, size_t migrations)
{
    p->module = contract_sql;
    memcpy(p->migrations, contract_sql.migrations, sizeof contract_sql.migrations[0] * MIGRATIONS);
    p->module.migrations = p->migrations;
    p->module.migrations_n = migrations;
    p->list[0] = &p->module;
    p->catalogue = (struct store_catalogue)STORE_CATALOGUE(p->list);
    return &p->catalogue;
}

static int place(void **state)
{
    struct store_fixture *f = mem_alloc(sizeof *f);
    store_fixture_place(f);
    *state = f;
    return 0;
}

static int clear(void **state)
{
    store_fixture_close(*state);
    free(*state);
    return 0;
}

static const char *url(void **state)
{
    return ((struct store_fixture *)*state)->url;
}

static void open_and_close(void **state, const struct store_catalogue *c)
{
    struct err_info e;
    _auto(store) s = NULL;
    assert_ok(store_open(url(state), c, 2, &s, &e), &e);
}

static void add(struct store *s, int64_t id)
{
    struct err_info e;
    _auto(store_tx) tx = NULL;
    assert_ok(store_begin(s, STORE_WRITE, &tx, &e), &e);
    assert_ok(
        store_exec(tx, &Q_contract_add, PARAMS(P_INT(id), P_NULL, P_NULL, P_INT(id)), NULL, &e),
        &e);
    assert_ok(store_commit(tx, &e), &e);
}

static void a_database_of_each_older_version_comes_up_to_date_with_its_rows(void **state)
{
    struct err_info e;
    assert_int_equal(contract_sql.migrations_n, MIGRATIONS);
    for (size_t from = 1; from <= MIGRATIONS; from++) {
        struct age old, now;
        store_fixture_close(*state);
        store_fixture_place(*state);
        {
            _auto(store) s = NULL;
            assert_ok(store_open(url(state), age(&old, from), 2, &s, &e), &e);
            add(s, 7);
        }
        for (int again = 0; again < 2; again++) {
            _auto(arena) a = arena_new();
            _auto(store) s = NULL;
            _auto(store_tx) tx = NULL;
            const struct store_row *row;
            assert_ok(store_open(url(state), age(&now, MIGRATIONS), 2, &s, &e), &e);
            assert_ok(store_check_prepared(s, &e), &e);
            assert_ok(store_begin(s, STORE_READ, &tx, &e), &e);
            assert_ok(store_one(tx, &Q_contract_get, PARAMS(P_INT(7)), a, &row, &e), &e);
            assert_int_equal(row_int(row, "amount"), 7);
            assert_memory_equal(row_blob(row, "mark").p, "\x00\xff", 2);
        }
    }
}

static void a_migration_changed_after_it_was_applied_is_refused(void **state)
{
    struct err_info e;
    struct age now, changed;
    struct store *s = NULL;
    char text[400];
    open_and_close(state, age(&now, 2));
    age(&changed, MIGRATIONS);
    changed.migrations[1].sum = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_err(ERR_STORE_SCHEMA, store_open(url(state), &changed.catalogue, 2, &s, &e));
    err_message(&e, LANG_EN, text, sizeof text);
    assert_non_null(strstr(text, "contract 0002"));
    assert_non_null(strstr(text, "changed"));
    /* and nothing was done: 0003 is still missing for the right program, which then applies it */
    open_and_close(state, age(&now, MIGRATIONS));
}

static void a_database_newer_than_the_program_is_refused(void **state)
{
    struct err_info e;
    struct age now, old;
    struct store *s = NULL;
    open_and_close(state, age(&now, MIGRATIONS));
    assert_err(ERR_STORE_SCHEMA, store_open(url(state), age(&old, 2), 2, &s, &e));
    assert_non_null(strstr(e.detail, "newer"));
    const struct store_catalogue nothing = {NULL,
                                            0}; /* a whole module that the program does not know */
    assert_err(ERR_STORE_SCHEMA, store_open(url(state), &nothing, 2, &s, &e));
    assert_non_null(strstr(e.detail, "newer"));
    assert_null(s);
}

static void a_migration_that_fails_half_way_leaves_nothing(void **state)
{
    struct err_info e;
    struct age broken, now;
    struct store *s = NULL;
    age(&broken, 2);
    broken.migrations[1].sqlite =
        "CREATE TABLE part (seq INTEGER) STRICT; INSERT INTO nowhere VALUES (1);";
    broken.migrations[1].postgres = broken.migrations[1].sqlite +
                                    strlen("CREATE TABLE part (seq INTEGER) STRICT; ");
    assert_err(ERR_STORE_SCHEMA, store_open(url(state), &broken.catalogue, 2, &s, &e));
    assert_non_null(strstr(e.detail, "nowhere"));
    open_and_close(state, age(&now, MIGRATIONS));
}

static void *open_at_once(void *arg)
{
    struct err_info e;
    struct age now;
    _auto(store) s = NULL;
    if (store_open(arg, age(&now, MIGRATIONS), 1, &s, &e) == ERR_OK)
        return NULL;
    print_error("%s\n", e.detail);
    return arg;
}

static void programs_that_start_together_migrate_once(void **state)
{
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&thread[i], NULL, open_at_once, ((struct store_fixture *)*state)->url),
            0);
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
}

int main(void)
{
#define ON_A_PLACE(f) cmocka_unit_test_setup_teardown(f, place, clear)
    const struct CMUnitTest tests[] = {
        ON_A_PLACE(a_database_of_each_older_version_comes_up_to_date_with_its_rows),
        ON_A_PLACE(a_migration_changed_after_it_was_applied_is_refused),
        ON_A_PLACE(a_database_newer_than_the_program_is_refused),
        ON_A_PLACE(a_migration_that_fails_half_way_leaves_nothing),
        ON_A_PLACE(programs_that_start_together_migrate_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
