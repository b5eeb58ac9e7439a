/* Tasks and clocks. */
#include "hall/task/task.h"
#include "hall_fixture.h"

static int64_t open_task(struct hall_fixture *f, int64_t order, const char *kind, int64_t due)
{
    struct hall_tx tx = {0};
    struct task_new t = {
        .kind = kind, .project = "aml-reporting", .order = order, .role = "maker", .due_at = due};
    int64_t id;
    hall_write(f, &hall_system, &tx);
    assert_ok(task_open(&tx, &t, &id, &f->e), &f->e);
    hall_done(f, &tx);
    return id;
}

static enum err claim(struct hall_fixture *f, const struct actor *who, int64_t id)
{
    struct hall_tx tx = {0};
    hall_write(f, who, &tx);
    enum err result = task_claim(&tx, id, &f->e);
    if (result == ERR_OK)
        hall_done(f, &tx);
    hall_end(&tx);
    return result;
}

static void opening_twice_is_one_task_until_it_is_closed(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    int64_t first = open_task(f, 1, "produce", 100);
    assert_int_equal(open_task(f, 1, "produce", 200), first);
    assert_int_not_equal(open_task(f, 2, "produce", 100), first);
    hall_write(f, &hall_system, &tx);
    assert_ok(task_close(&tx, 1, "produce", &f->e), &f->e);
    hall_done(f, &tx);
    assert_int_not_equal(open_task(f, 1, "produce", 100), first);
}

static void a_claimed_task_is_taken_until_released_or_the_lease_is_over(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    struct task t;
    int64_t id = open_task(f, 1, "produce", 100);
    assert_int_equal(claim(f, &maker_xu, id), ERR_OK);
    assert_int_equal(claim(f, &maker_xu, id), ERR_OK); /* renews */
    assert_err(ERR_TASK_TAKEN, claim(f, &reviewer_zheng, id));
    assert_string_equal(f->e.arg[0].value, "许建民");
    hall_tamper(f, "UPDATE task SET lease_until = 1");
    assert_int_equal(claim(f, &reviewer_zheng, id), ERR_OK);
    hall_write(f, &reviewer_zheng, &tx);
    assert_ok(task_release(&tx, id, &f->e), &f->e);
    assert_ok(task_get(&tx, id, &t, &f->e), &f->e);
    assert_int_equal(t.claimed_by, 0);
    assert_ok(task_close_id(&tx, id, &f->e), &f->e);
    hall_done(f, &tx);
    assert_err(ERR_NOT_FOUND, claim(f, &maker_xu, id));
}

static void lists_go_by_due_date_and_page_without_a_gap(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    const struct task *list;
    const struct task_count *count;
    size_t n;
    int64_t none = open_task(f, 1, "produce", 0), late = open_task(f, 2, "produce", 300);
    int64_t soon = open_task(f, 3, "produce", 100), same = open_task(f, 4, "produce", 100);
    int64_t expected[] = {soon, same, late, none};
    struct task_filter filter = {.role = "maker", .limit = 1};
    hall_read(f, &tx);
    for (int i = 0; i < 4; i++) {
        assert_ok(task_list(&tx, &filter, &list, &n, &f->e), &f->e);
        assert_int_equal(n, 1);
        assert_int_equal(list[0].id, expected[i]);
        filter.after_due = list[0].due_at;
        filter.after_id = list[0].id;
    }
    assert_ok(task_list(&tx, &filter, &list, &n, &f->e), &f->e);
    assert_int_equal(n, 0);
    filter = (struct task_filter){.role = "finance", .limit = 10};
    assert_ok(task_list(&tx, &filter, &list, &n, &f->e), &f->e);
    assert_int_equal(n, 0);
    tx.now = 200;
    assert_ok(task_counts(&tx, &count, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_string_equal(count[0].role, "maker");
    assert_int_equal(count[0].open, 4);
    assert_int_equal(count[0].overdue, 2);
    hall_end(&tx);
}

static void mine_and_free_tasks_are_told_apart(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    const struct task *list;
    size_t n;
    int64_t mine = open_task(f, 1, "produce", 100), open = open_task(f, 2, "produce", 200);
    assert_int_equal(claim(f, &maker_xu, mine), ERR_OK);
    struct task_filter a = {.mine = maker_xu.id, .limit = 10}, b = {.free_only = 1, .limit = 10};
    hall_read(f, &tx);
    assert_ok(task_list(&tx, &a, &list, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].id, mine);
    assert_ok(task_list(&tx, &b, &list, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].id, open);
    hall_end(&tx);
}

static size_t alarms_at(struct hall_tx *tx, int64_t now)
{
    const struct task_clock *list;
    struct err_info e;
    size_t n;
    tx->now = now;
    assert_ok(task_clock_alarms(tx, 10, &list, &n, &e), &e);
    return n;
}

/* G-14: an alarm comes once, while its clock runs; a pause silences it, and each start sets it anew. */
static void clocks_start_pause_resume_and_stop(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    const struct task_clock *list;
    size_t n;
    struct task_clock c = {.order = 9,
                           .name = "dispatch",
                           .owner = "shipping",
                           .started_at = 10,
                           .due_at = 100,
                           .provisional = 1,
                           .alarm_at = 90};
    hall_write(f, &hall_system, &tx);
    assert_ok(task_clock_start(&tx, &c, &f->e), &f->e);
    assert_int_equal(alarms_at(&tx, 89), 0);
    assert_int_equal(alarms_at(&tx, 90), 1);
    assert_ok(task_clock_pause(&tx, 9, "dispatch", &f->e), &f->e);
    assert_int_equal(alarms_at(&tx, 1000), 0);
    c.due_at = 500;
    c.alarm_at = 400;
    assert_ok(task_clock_resume(&tx, &c, &f->e), &f->e);
    assert_int_equal(alarms_at(&tx, 399), 0);
    assert_int_equal(alarms_at(&tx, 400), 1);
    assert_ok(task_clock_told(&tx, 9, "dispatch", &f->e), &f->e);
    assert_int_equal(alarms_at(&tx, 1000), 0);
    assert_ok(task_clock_list(&tx, 9, &list, &n, &f->e), &f->e);
    assert_int_equal(list[0].due_at, 500);
    assert_int_equal(list[0].provisional, 1);
    assert_ok(task_clock_stop(&tx, 9, "dispatch", &f->e), &f->e);
    assert_ok(task_clock_stop(&tx, 9, "no such clock", &f->e), &f->e);
    assert_ok(task_clock_list(&tx, 9, &list, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_true(list[0].stopped_at > 0);
    c.alarm_at = 900;
    assert_ok(task_clock_start(&tx, &c, &f->e), &f->e); /* a resubmission starts it anew */
    assert_int_equal(alarms_at(&tx, 900), 1);
    assert_ok(task_clock_stop(&tx, 9, "dispatch", &f->e), &f->e);
    assert_int_equal(alarms_at(&tx, 900), 0);
    hall_end(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(opening_twice_is_one_task_until_it_is_closed),
        HALL_TEST(a_claimed_task_is_taken_until_released_or_the_lease_is_over),
        HALL_TEST(lists_go_by_due_date_and_page_without_a_gap),
        HALL_TEST(mine_and_free_tasks_are_told_apart),
        HALL_TEST(clocks_start_pause_resume_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
