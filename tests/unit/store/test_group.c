/* Group commit: what many threads write is durable when they are told so, and one's failure is its own. */
#include "testing.h"

#include "contract_sql.h"
#include "store_fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

static const struct store_module *const modules[] = {&contract_sql};
static const struct store_catalogue catalogue = STORE_CATALOGUE(modules);

static int open_store(void **state)
{
    struct store_fixture *f = mem_alloc(sizeof *f);
    store_fixture_open(f, &catalogue, 4);
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

static enum err add(struct store_tx *tx, void *arg, struct err_info *e)
{
    return store_exec(tx, &Q_contract_add, PARAMS(P_INT(*(int64_t *)arg), P_NULL, P_NULL, P_INT(1)),
                      NULL, e);
}

/* Writes a row of its own, then one that is there: both must go. */
static enum err add_then_fail(struct store_tx *tx, void *arg, struct err_info *e)
{
    int64_t other = *(int64_t *)arg + 100000;
    TRY(add(tx, &other, e));
    return add(tx, arg, e);
}

/* Fails without the database's help. */
static enum err add_then_refuse(struct store_tx *tx, void *arg, struct err_info *e)
{
    TRY(add(tx, arg, e));
    return err_set(e, ERR_FORBIDDEN, "field", "no");
}

struct tally {
    pthread_mutex_t mutex;
    int done, ok, unique, forbidden;
};

struct member {
    struct store_group_item item; /* first: the item is cast back */
    struct tally *tally;
    int64_t id;
};

static void tally(struct store_group_item *item, enum err result, const struct err_info *e)
{
    struct tally *t = ((struct member *)item)->tally;
    pthread_mutex_lock(&t->mutex);
    t->done++;
    t->ok += result == ERR_OK;
    t->unique += result == ERR_STORE_UNIQUE && e->code == ERR_STORE_UNIQUE;
    t->forbidden += result == ERR_FORBIDDEN && strcmp(e->field, "field") == 0;
    pthread_mutex_unlock(&t->mutex);
}

static void a_failing_member_undoes_only_itself(void **state)
{
    enum { N = 1200 }; /* more than two batches */
    struct err_info e;
    _auto(store_group) g = NULL;
    struct tally t = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0};
    struct member *m = mem_alloc(N * sizeof *m);
    assert_ok(store_group_new(of(state), &g, &e), &e);
    for (int64_t i = 0; i < N; i++) {
        store_work_fn *work = i % 100 == 99 ? add_then_fail : i % 100 == 50 ? add_then_refuse : add;
        m[i] = (struct member){{.work = work, .done = tally}, &t, i % 100 == 99 ? i - 1 : i};
        m[i].item.arg = &m[i].id;
        store_group_submit(g, &m[i].item);
    }
    store_group_free(steal(&g)); /* drains */
    assert_int_equal(t.done, N);
    assert_int_equal(t.unique, 12);
    assert_int_equal(t.forbidden, 12);
    assert_int_equal(t.ok, N - 24);
    assert_int_equal(count(of(state)), N - 24);
    free(m);
}

/* Keeps the writer until all of the next batch is queued. */
struct hold {
    sem_t begun, rest;
};

static void wait_for(sem_t *s)
{
    while (sem_wait(s) != 0)
        ;
}

static enum err hold_the_writer(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct hold *h = arg;
    (void)tx;
    (void)e;
    sem_post(&h->begun);
    wait_for(&h->rest);
    return ERR_OK;
}

struct counted {
    struct member member;
    enum { ADD, REFUSE_FIRST, REFUSE_LAST } how;
    int runs;
    int64_t before,
        after; /* what the transaction remembered when it ran: how many had run, this one included */
};

static enum err counted_work(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct counted *c = arg;
    int64_t *memory = store_tx_memory(tx, sizeof *memory);
    c->runs++;
    c->before = *memory;
    c->after = ++*memory;
    if (c->how == REFUSE_FIRST)
        return err_set(e, ERR_FORBIDDEN, "field", "no");
    if (c->how == REFUSE_LAST)
        return add_then_refuse(tx, &c->member.id, e);
    return add(tx, &c->member.id, e);
}

enum { BATCH = 20, ODD_ONE = 7 };

/* One batch, of which one works otherwise than the rest. */
static void run_one_batch(struct store *s, struct counted *c, int how)
{
    struct err_info e;
    struct store_group *g = NULL;
    struct hold h;
    struct tally t = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0};
    struct member first = {{.work = hold_the_writer, .done = tally, .arg = &h}, &t, 0};
    sem_init(&h.begun, 0, 0);
    sem_init(&h.rest, 0, 0);
    assert_ok(store_group_new(s, &g, &e), &e);
    store_group_submit(g, &first.item);
    wait_for(&h.begun);
    for (int i = 0; i < BATCH; i++) {
        c[i] = (struct counted){{{.work = counted_work, .done = tally, .arg = &c[i]}, &t, i},
                                i == ODD_ONE ? how : ADD,
                                0,
                                0,
                                0};
        store_group_submit(g, &c[i].member.item);
    }
    sem_post(&h.rest);
    store_group_free(g);
    sem_destroy(&h.begun);
    sem_destroy(&h.rest);
    assert_int_equal(t.ok, BATCH + 1 - (how != ADD));
    assert_int_equal(t.forbidden, how != ADD);
    assert_int_equal(count(s), BATCH - (how != ADD));
}

static void who_refuses_before_writing_costs_the_others_nothing(void **state)
{
    struct counted c[BATCH];
    run_one_batch(of(state), c, REFUSE_FIRST);
    for (int i = 0; i < BATCH; i++)
        assert_int_equal(c[i].runs, 1);
}

static void who_refuses_after_writing_has_the_batch_run_again(void **state)
{
    struct counted c[BATCH];
    run_one_batch(of(state), c, REFUSE_LAST);
    for (int i = 0; i < BATCH; i++)
        assert_int_equal(c[i].runs, i <= ODD_ONE ? 2 : 1); /* it was given up there */
}

/* What a transaction remembers is what it holds: nothing of the run that was undone, nothing of a member that was. */
static void the_memory_of_a_transaction_goes_with_what_was_undone(void **state)
{
    struct counted c[BATCH];
    run_one_batch(of(state), c, REFUSE_LAST);
    assert_int_equal(c[0].before, 0);
    assert_int_equal(c[ODD_ONE].after, ODD_ONE + 1);
    assert_int_equal(c[ODD_ONE + 1].before, 0);
    assert_int_equal(c[BATCH - 1].after, BATCH - 1 - ODD_ONE);
}

struct client {
    struct store *store;
    struct store_group *group;
    int64_t first;
};

enum { CLIENTS = 8, EACH = 40 };

/* Each row can be seen from another connection as soon as its writer is told. */
static void *write_and_look(void *arg)
{
    struct client *c = arg;
    struct err_info e;
    for (int64_t i = 0; i < EACH; i++) {
        int64_t id = c->first + i;
        if (store_group_run(c->group, add, &id, &e) != ERR_OK)
            return arg;
        _auto(arena) a = arena_new();
        _auto(store_tx) tx = NULL;
        const struct store_row *row;
        if (store_begin(c->store, STORE_READ, &tx, &e) != ERR_OK ||
            store_one(tx, &Q_contract_get, PARAMS(P_INT(id)), a, &row, &e) != ERR_OK)
            return arg;
    }
    return NULL;
}

static void what_was_acknowledged_is_there_for_everybody(void **state)
{
    struct err_info e;
    _auto(store_group) g = NULL;
    struct client c[CLIENTS];
    pthread_t thread[CLIENTS];
    assert_ok(store_group_new(of(state), &g, &e), &e);
    for (int i = 0; i < CLIENTS; i++) {
        c[i] = (struct client){of(state), g, i * EACH};
        assert_int_equal(pthread_create(&thread[i], NULL, write_and_look, &c[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        void *failed = NULL;
        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(count(of(state)), CLIENTS * EACH);
}

static void a_group_without_work_ends(void **state)
{
    struct err_info e;
    _auto(store_group) g = NULL;
    assert_ok(store_group_new(of(state), &g, &e), &e);
}

int main(void)
{
#define ON_A_STORE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)
    const struct CMUnitTest tests[] = {
        ON_A_STORE(a_failing_member_undoes_only_itself),
        ON_A_STORE(who_refuses_before_writing_costs_the_others_nothing),
        ON_A_STORE(who_refuses_after_writing_has_the_batch_run_again),
        ON_A_STORE(the_memory_of_a_transaction_goes_with_what_was_undone),
        ON_A_STORE(what_was_acknowledged_is_there_for_everybody),
        ON_A_STORE(a_group_without_work_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
