/* Ids, worker leases, units of work; every statement of the hall prepares on the database. */
#include "hall/catalogue.h"
#include "hall/order/order_sql.h"
#include "hall_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void every_statement_prepares(void **state)
{
    struct hall_fixture *f = *state;
    assert_ok(store_check_prepared(f->store.store, &f->e), &f->e);
}

static void order_numbers_have_19_digits_and_never_go_back(void **state)
{
    struct hall_fixture *f = *state;
    int64_t before = clock_machine(), last = hall_new_id(&f->hall);
    assert_in_range(hall_id_time(last), before, clock_machine());
    assert_true(last > 1000000000000000000);
    for (int i = 0; i < 20000; i++) { /* more than 4,096 in a millisecond */
        int64_t id = hall_new_id(&f->hall);
        assert_true(id > last);
        assert_int_equal(id >> 12 & 1023, 5);
        last = id;
    }
}

enum { MANY = 20000, THREADS = 4 };
struct maker {
    const struct hall *hall;
    int64_t *ids;
};
static void *make_ids(void *arg)
{
    struct maker *m = arg;
    for (int i = 0; i < MANY; i++)
        m->ids[i] = hall_new_id(m->hall);
    return NULL;
}
static int by_value(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

static void threads_never_make_the_same_id(void **state)
{
    struct hall_fixture *f = *state;
    int64_t *all = mem_alloc(sizeof *all * MANY * THREADS);
    struct maker m[THREADS];
    pthread_t t[THREADS];
    for (int i = 0; i < THREADS; i++) {
        m[i] = (struct maker){&f->hall, all + i * MANY};
        assert_int_equal(pthread_create(&t[i], NULL, make_ids, &m[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    qsort(all, MANY * THREADS, sizeof *all, by_value);
    for (int i = 1; i < MANY * THREADS; i++)
        assert_true(all[i] != all[i - 1]);
    free(all);
}

struct losing {
    int lose, runs; /* how often it loses, how often it ran */
    const char *field;
};

static enum err lose_first(struct hall_tx *tx, void *arg, struct err_info *e)
{
    struct losing *l = arg;
    (void)tx;
    if (l->runs++ < l->lose)
        return err_set(e, l->field ? ERR_CONFLICT : ERR_STORE_RETRY, l->field, "lost");
    return ERR_OK;
}

/* A bounded number of times, and never where the person has to look first. */
static void a_change_that_lost_against_another_is_begun_again(void **state)
{
    struct hall_fixture *f = *state;
    struct losing l = {.lose = 3};
    assert_ok(hall_change(&f->hall, &maker_xu, f->arena, lose_first, &l, &f->e), &f->e);
    assert_int_equal(l.runs, 4);
    l = (struct losing){.lose = 100};
    assert_err(ERR_STORE_RETRY, hall_change(&f->hall, &maker_xu, f->arena, lose_first, &l, &f->e));
    assert_int_equal(l.runs, 4);
    l = (struct losing){.lose = 100, .field = ""}; /* a row that somebody else changed */
    assert_err(ERR_CONFLICT, hall_change(&f->hall, &maker_xu, f->arena, lose_first, &l, &f->e));
    assert_int_equal(l.runs, 4);
    l = (struct losing){.lose = 100, .field = "count"};
    assert_err(ERR_CONFLICT, hall_change(&f->hall, &maker_xu, f->arena, lose_first, &l, &f->e));
    assert_int_equal(l.runs, 1);
}

static void two_processes_lease_two_worker_numbers(void **state)
{
    struct hall_fixture *f = *state;
    _auto(hall_ids) one = NULL;
    _auto(hall_ids) two = NULL;
    _auto(hall_ids) three = NULL;
    assert_ok(hall_ids_lease(f->store.store, &one, &f->e), &f->e);
    assert_ok(hall_ids_lease(f->store.store, &two, &f->e), &f->e);
    struct hall a = {.ids = one}, b = {.ids = two};
    assert_int_equal(hall_new_id(&a) >> 12 & 1023, 0);
    assert_int_equal(hall_new_id(&b) >> 12 & 1023, 1);
    assert_ok(hall_ids_release(one, f->store.store, &f->e), &f->e);
    assert_ok(hall_ids_lease(f->store.store, &three, &f->e), &f->e);
    struct hall c = {.ids = three};
    assert_int_equal(hall_new_id(&c) >> 12 & 1023, 0);
}

static void a_lost_number_is_replaced_and_a_run_out_lease_writes_nothing(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    _auto(hall_ids) ids = NULL;
    assert_ok(hall_ids_lease(f->store.store, &ids, &f->e), &f->e);
    struct hall h = f->hall;
    h.ids = ids;
    hall_tamper(f,
                "UPDATE hall_worker SET holder = (SELECT hash FROM audit_chain WHERE chain = 0)");
    assert_ok(hall_ids_renew(ids, f->store.store, &f->e), &f->e);
    assert_int_equal(hall_new_id(&h) >> 12 & 1023, 1);
    assert_ok(hall_ids_release(ids, f->store.store, &f->e), &f->e);
    assert_err(ERR_BUSY, hall_begin(&h, 1, &hall_system, f->arena, &tx, &f->e));
    hall_end(&tx);
    assert_ok(hall_begin(&h, 0, &hall_system, f->arena, &tx, &f->e), &f->e); /* reading goes on */
    hall_end(&tx);
}

static int calls;
static void count_call(const struct hall *h)
{
    (void)h;
    calls++;
}

static void what_follows_a_commit_follows_no_rollback(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    calls = 0;
    hall_write(f, &hall_system, &tx);
    hall_after(&tx, count_call);
    hall_end(&tx);
    assert_int_equal(calls, 0);
    hall_write(f, &hall_system, &tx);
    hall_after(&tx, count_call);
    hall_after(&tx, count_call);
    hall_done(f, &tx);
    hall_end(&tx);
    assert_int_equal(calls, 1);
}

static void one_change_carries_one_moment_of_business_time(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    int64_t at;
    hall_at(f, "2025-09-30T10:00:00+08:00");
    hall_write(f, &maker_xu, &tx);
    assert_true(time_parse_rfc3339("2025-09-30T10:00:00+08:00", &at));
    assert_in_range(tx.now, at, at + 60000);
    assert_in_range(tx.machine, clock_machine() - 60000, clock_machine());
    assert_string_equal(tx.who.name, "许建民");
    hall_end(&tx);
}

/* A directory of the time when an order's log had no ids of people comes up to date: what a migration was when it was first
 * applied somewhere it stays, or that directory is refused. */
static void an_order_log_without_ids_of_people_comes_up_to_date(void **state)
{
    static const char first[] = "7d9a6f1acc03ffd47e3106a27df82bc5d535efecceb9008582bb7f581777c9f6";
    struct hall_fixture then = {0};
    struct store_module old = order_sql;
    const struct store_module *const modules[] = {&old};
    const struct store_catalogue c = STORE_CATALOGUE(modules);
    const struct store_row *r;
    struct err_info e;
    (void)state;
    assert_string_equal(order_sql.migrations[0].sum, first);
    old.migrations_n = 1;
    store_fixture_open(&then.store, &c, 1);
    hall_tamper(&then, "INSERT INTO order_log (id, order_id, at, flow_row, event, actor_kind, who, "
                       "what) VALUES (1, 7, 0, 'A7', 'app.approve', 'staff', 'review/a', '{}')");
    store_free(then.store.store);
    old.migrations_n = order_sql.migrations_n;
    assert_ok(store_open(then.store.url, &c, 1, &then.store.store, &e), &e);
    _auto(arena) a = arena_new();
    {
        _auto(store_tx) tx = NULL;
        assert_ok(store_begin(then.store.store, STORE_READ, &tx, &e), &e);
        assert_ok(store_one(tx, &Q_order_log_by,
                            PARAMS(P_INT(7), P_TEXT("app.approve"), P_TEXT("staff"), P_INT(0)), a,
                            &r, &e),
                  &e);
        assert_int_equal(row_int(r, "n"), 1);
    }
    assert_ok(store_check_prepared(then.store.store, &e), &e);
    store_fixture_close(&then.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(every_statement_prepares),
        HALL_TEST(order_numbers_have_19_digits_and_never_go_back),
        HALL_TEST(threads_never_make_the_same_id),
        HALL_TEST(a_change_that_lost_against_another_is_begun_again),
        HALL_TEST(two_processes_lease_two_worker_numbers),
        HALL_TEST(a_lost_number_is_replaced_and_a_run_out_lease_writes_nothing),
        cmocka_unit_test(an_order_log_without_ids_of_people_comes_up_to_date),
        HALL_TEST(what_follows_a_commit_follows_no_rollback),
        HALL_TEST(one_change_carries_one_moment_of_business_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
