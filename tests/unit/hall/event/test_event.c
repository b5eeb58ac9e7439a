/* Live events: after a commit, to those who listen, once a round. */
#include "hall/event/event.h"
#include "hall_fixture.h"

#include <stdatomic.h>
#include <time.h>

struct ear {
    _Atomic int heard;
};
static void hear(void *arg, const char *topic)
{
    struct ear *ear = arg;
    (void)topic;
    atomic_fetch_add(&ear->heard, 1);
}

/* Up to 3 s; 1 when it came. */
static int heard(struct ear *ear, int at_least)
{
    for (int i = 0; i < 300 && atomic_load(&ear->heard) < at_least; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    return atomic_load(&ear->heard) >= at_least;
}

static void put(struct hall_fixture *f, const char *topic, int commit)
{
    struct hall_tx tx = {0};
    hall_write(f, &hall_system, &tx);
    assert_ok(event_put(&tx, topic, &f->e), &f->e);
    if (commit)
        hall_done(f, &tx);
    hall_end(&tx);
}

static void a_listener_hears_its_own_topic_after_the_commit(void **state)
{
    struct hall_fixture *f = *state;
    struct ear mine = {0}, other = {0};
    put(f, "order:1", 1); /* before the hub: no news */
    assert_ok(event_hub_start(&f->hall, &f->hall.events, &f->e), &f->e);
    event_listen(f->hall.events, "order:1", hear, &mine);
    event_listen(f->hall.events, "order:2", hear, &other);
    put(f, "order:1", 0); /* rolled back */
    put(f, "order:3", 1);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    assert_int_equal(atomic_load(&mine.heard), 0);
    int64_t start = clock_monotonic();
    put(f, "order:1", 1);
    assert_true(heard(&mine, 1));
    assert_true(clock_monotonic() - start < 400); /* woken, not polled */
    assert_int_equal(atomic_load(&other.heard), 0);
    nanosleep(&(struct timespec){.tv_nsec = 700000000}, NULL);
    assert_int_equal(atomic_load(&mine.heard), 1); /* the overlap tells nothing twice */
    event_hub_free(f->hall.events);
}

static void another_process_hears_it_by_polling(void **state)
{
    struct hall_fixture *f = *state;
    struct hall other = f->hall;
    struct ear ear = {0};
    assert_ok(event_hub_start(&other, &other.events, &f->e), &f->e);
    int64_t id = event_listen(other.events, "clock", hear, &ear);
    put(f, "clock", 1);
    assert_true(heard(&ear, 1));
    event_unlisten(other.events, id);
    put(f, "clock", 1);
    nanosleep(&(struct timespec){.tv_nsec = 800000000}, NULL);
    assert_int_equal(atomic_load(&ear.heard), 1);
    event_hub_free(other.events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(a_listener_hears_its_own_topic_after_the_commit),
        HALL_TEST(another_process_hears_it_by_polling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
