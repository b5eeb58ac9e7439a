/* The work list (S0-27: each step with who has it and by when), and names that wait for the regulator (S0-21). */
#include "console_fixture.h"
#include "hall/outbox/outbox.h"
#include "hall/task/task.h"

#include <inttypes.h>
#include <string.h>

static void a_paid_order_stands_on_the_makers_list_with_its_limit(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    struct order o = order_paid(f, NULL);
    char number[24];
    snprintf(number, sizeof number, "%019" PRId64, o.id);
    browser_sign_in(&b, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_get(&b, "/work"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 1);
    assert_string_equal(browser_text(&b, "items.0.queue"), "produce");
    assert_string_equal(browser_text(&b, "items.0.title"), "泉州海丝供应链管理有限公司");
    assert_string_equal(browser_text(&b, "items.0.order"), number);
    assert_string_equal(browser_text(&b, "items.0.action.code"), "produce");
    assert_non_null(strstr(browser_text(&b, "items.0.due.text"), "最迟"));
    assert_true(strlen(browser_text(&b, "items.0.project_text")) > 0);
    assert_int_equal(json_integer_value(browser_at(&b, "tabs.open")), 1);
    assert_int_equal(browser_get(&b, "/work?type=new&q=海丝&queue=produce"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 1);
    assert_int_equal(browser_get(&b, "/work?q=%25"), 200); /* no wildcard */
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_get(&b, "/work?queue=ship"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_get(&b, "/work?queue=nothing"), 400);
    assert_int_equal(browser_get(&b, "/work?type=nothing"), 400);
    assert_int_equal(browser_get(&b, "/work?after=x"), 400);
}

/* G-14: what is late stands on the list of whoever runs the project, and counts as overdue in the maker's summary. */
static void what_is_late_is_escalated_and_counted(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser su = {0}, xu = {0};
    struct err_info e;
    int done;
    order_paid(f, NULL);
    hall_at(f->hall, "2026-09-12T09:00:00+08:00");
    assert_ok(order_timers_run(&f->hall->hall, &done, &e), &e);
    browser_sign_in(&su, f, "su", STAFF_PROJECT_ADMIN);
    assert_int_equal(browser_get(&su, "/work"), 200);
    assert_int_equal(json_array_size(browser_at(&su, "items")), 1);
    assert_string_equal(browser_text(&su, "items.0.notes.0.text"),
                        "办理时限已用去八成，还没有办完");
    assert_true(json_is_true(browser_at(&su, "items.0.due.overdue")));
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_get(&xu, "/work"), 200);
    assert_int_equal(json_integer_value(browser_at(&xu, "summary.0.count")), 1);
    assert_string_equal(browser_text(&xu, "summary.0.text"), "已超时");
}

/* A mail with a code that could not be sent is not lost: who mends the cause sends it once more. */
static void what_could_not_be_sent_is_sent_again(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser chen = {0}, su = {0}, xu = {0};
    char path[64];
    struct hall_tx tx;
    struct err_info e;
    const struct outbox_state *rows;
    size_t n;
    int64_t id;
    struct outbox_new mail = {.kind = "mail", .idem = "mail:1", .body = "{}"};
    hall_write(f->hall, &hall_system, &tx);
    assert_ok(outbox_put(&tx, &mail, &id, &e), &e);
    struct outbox_row row = {.id = id, .kind = "mail", .idem = mail.idem, .body = mail.body};
    assert_ok(outbox_dead_task(&tx, &row, &e), &e);
    hall_done(f->hall, &tx);
    hall_tamper(f->hall, "UPDATE outbox_row SET state = 'dead'");
    browser_sign_in(&su, f, "su", STAFF_PROJECT_ADMIN);
    assert_int_equal(browser_get(&su, "/work"), 200);
    assert_string_equal(browser_text(&su, "items.0.action.code"), "send_again");
    browser_sign_in(&chen, f, "chen", STAFF_SUPPORT);
    assert_int_equal(browser_get(&chen, "/work"), 200);
    assert_string_equal(browser_text(&chen, "items.0.action.code"), "send_again");
    snprintf(path, sizeof path, "/work/%s/again", browser_text(&chen, "items.0.id"));
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_post(&xu, path, "{}"), 404);
    assert_int_equal(browser_post(&chen, path, "{}"), 200);
    hall_read(f->hall, &tx);
    assert_ok(outbox_dead(&tx, 10, &rows, &n, &e), &e);
    hall_end(&tx);
    assert_int_equal(n, 0);
    assert_int_equal(browser_get(&chen, "/work"), 200);
    assert_int_equal(json_array_size(browser_at(&chen, "items")), 0);
}

/* A task that is about nothing sent has nothing to send. */
static void another_task_sends_nothing(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser xu = {0};
    char path[64];
    order_paid(f, NULL);
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_get(&xu, "/work"), 200);
    snprintf(path, sizeof path, "/work/%s/again", browser_text(&xu, "items.0.id"));
    assert_int_equal(browser_post(&xu, path, "{}"), 409);
}

static void other_roles_do_not_see_it(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    order_paid(f, NULL);
    browser_sign_in(&b, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_get(&b, "/work"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_post(&b, "/work/next", "{\"queue\":\"produce\"}"), 404);
    assert_string_equal(browser_text(&b, "code"), "task.none");
    _auto_browser audit = {0};
    browser_sign_in(&audit, f, "fang", STAFF_AUDITOR);
    assert_int_equal(browser_get(&audit, "/work"), 403);
}

static void a_claimed_task_is_another_s_until_it_is_given_back(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser xu = {0}, lin = {0};
    char path[64];
    order_paid(f, NULL);
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    browser_sign_in(&lin, f, "lin", STAFF_MAKER);
    assert_int_equal(browser_post(&xu, "/work/next", "{\"queue\":\"produce\"}"), 200);
    assert_true(json_is_true(browser_at(&xu, "mine")));
    snprintf(path, sizeof path, "/work/%s/claim", browser_text(&xu, "id"));
    assert_int_equal(browser_post(&lin, path, NULL), 409);
    assert_string_equal(browser_text(&lin, "code"), "task.taken");
    assert_non_null(strstr(browser_text(&lin, "message"), "xu"));
    assert_int_equal(browser_post(&lin, "/work/next", "{\"queue\":\"produce\"}"), 404);
    assert_int_equal(browser_get(&lin, "/work"), 200);
    assert_string_equal(browser_text(&lin, "items.0.claimed_by.name"), "xu");
    assert_true(strlen(browser_text(&lin, "items.0.action.unavailable")) > 0);
    assert_int_equal(browser_get(&lin, "/work?tab=mine"), 200);
    assert_int_equal(json_array_size(browser_at(&lin, "items")), 0);
    assert_int_equal(browser_get(&xu, "/work?tab=mine"), 200);
    assert_int_equal(json_array_size(browser_at(&xu, "items")), 1);
    snprintf(path, sizeof path, "/work/%s/release", browser_text(&xu, "items.0.id"));
    assert_int_equal(browser_post(&xu, path, NULL), 200);
    assert_null(browser_at(&xu, "claimed_by"));
    assert_int_equal(browser_post(&lin, "/work/next", "{\"queue\":\"produce\"}"), 200);
}

static void a_task_of_another_role_cannot_be_claimed(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser xu = {0}, he = {0};
    char path[64];
    order_paid(f, NULL);
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    browser_sign_in(&he, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_get(&xu, "/work"), 200);
    snprintf(path, sizeof path, "/work/%s/claim", browser_text(&xu, "items.0.id"));
    assert_int_equal(browser_post(&he, path, NULL), 404);
    assert_int_equal(browser_post(&xu, "/work/12/claim", NULL), 404);
}

static void open_task(struct console_fixture *f, const struct order *o, const char *kind)
{
    struct task_new t = {.kind = kind,
                         .project = "aml-reporting",
                         .order = o->id,
                         .subject = "",
                         .role = "maker",
                         .note = ""};
    struct hall_tx tx = {0};
    struct err_info e;
    int64_t id;
    hall_write(f->hall, &hall_system, &tx);
    assert_ok(task_open(&tx, &t, &id, &e), &e);
    hall_done(f->hall, &tx);
}

static int64_t menu_count(const struct browser *b, const char *page)
{
    const json_t *item;
    size_t i;
    json_array_foreach (browser_at(b, "groups.0.items"), i, item)
        if (!strcmp(json_string_value(json_object_get(item, "page")), page))
            return json_integer_value(json_object_get(item, "count"));
    return -1;
}

/* F3 may be done by shipping too: what the menu counts stands on the list, and can be claimed. */
static void a_quality_check_stands_on_the_list_of_shipping_too(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser he = {0}, liang = {0};
    char path[64];
    struct order o = order_paid(f, NULL); /* with a task to make it, which is the maker's alone */
    open_task(f, &o, "quality");
    browser_sign_in(&he, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_get(&he, "/menu"), 200);
    assert_int_equal(menu_count(&he, "packing"), 1);
    assert_int_equal(menu_count(&he, "work"), 1);
    assert_int_equal(menu_count(&he, "bench"), -1);
    assert_int_equal(browser_get(&he, "/work"), 200);
    assert_int_equal(json_array_size(browser_at(&he, "items")), 1);
    assert_int_equal(json_integer_value(browser_at(&he, "tabs.open")), 1);
    assert_string_equal(browser_text(&he, "items.0.queue"), "quality");
    snprintf(path, sizeof path, "/work/%s/claim", browser_text(&he, "items.0.id"));
    assert_int_equal(browser_post(&he, path, NULL), 200);
    browser_sign_in(&liang, f, "liang", STAFF_FINANCE);
    assert_int_equal(browser_get(&liang, "/work?queue=quality"), 200);
    assert_int_equal(json_array_size(browser_at(&liang, "items")), 0);
    assert_int_equal(browser_post(&liang, path, NULL), 404);
}

/* S0-21: the certificate keeps the approved name unless the regulator signs a correction. */
static void a_changed_name_waits_for_the_regulator(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    char path[64];
    struct order o = order_paid(f, "泉州海丝供应链（集团）有限公司");
    browser_sign_in(&b, f, "zhou", STAFF_REGULATOR);
    assert_int_equal(browser_get(&b, "/work"), 200);
    assert_string_equal(browser_text(&b, "items.0.queue"), "name_change");
    assert_string_equal(browser_text(&b, "items.0.notes.0.tone"), "warn");
    snprintf(path, sizeof path, "/name-changes/%s", browser_text(&b, "items.0.object_id"));
    assert_int_equal(browser_get(&b, path), 200);
    assert_int_equal(audited(f, "order.reveal", o.id), 1); /* mobile and e-mail stand in the row */
    assert_string_equal(browser_text(&b, "approved_name"), "泉州海丝供应链管理有限公司");
    assert_string_equal(browser_text(&b, "new_name"), "泉州海丝供应链（集团）有限公司");
    assert_string_equal(browser_text(&b, "state"), "open");
    assert_non_null(strstr(browser_text(&b, "correction_csv"), "correct,泉州海丝供应链（集团）"));
    snprintf(path + strlen(path), sizeof path - strlen(path), "/decline");
    assert_int_equal(browser_post(&b, path, "{\"reason\":\"x\"}"), 422);
    assert_int_equal(browser_post(&b, path, "{\"reason\":\"与登记不符\"}"), 200);
    assert_string_equal(browser_text(&b, "state"), "declined");
    assert_null(browser_at(&b, "correction_csv"));
    assert_int_equal(browser_post(&b, path, "{\"reason\":\"与登记不符\"}"), 409);
    path[strlen(path) - strlen("/decline")] = '\0';
    assert_int_equal(browser_get(&b, path), 200);
    assert_int_equal(audited(f, "order.reveal", o.id), 1); /* the row is not shown any more */
    assert_int_equal(browser_get(&b, "/work"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_get(&b, "/work?tab=done_today"), 200);
    assert_string_equal(browser_text(&b, "items.0.queue"), "name_change");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(a_paid_order_stands_on_the_makers_list_with_its_limit),
        CONSOLE_TEST(what_is_late_is_escalated_and_counted),
        CONSOLE_TEST(what_could_not_be_sent_is_sent_again),
        CONSOLE_TEST(another_task_sends_nothing),
        CONSOLE_TEST(other_roles_do_not_see_it),
        CONSOLE_TEST(a_claimed_task_is_another_s_until_it_is_given_back),
        CONSOLE_TEST(a_task_of_another_role_cannot_be_claimed),
        CONSOLE_TEST(a_quality_check_stands_on_the_list_of_shipping_too),
        CONSOLE_TEST(a_changed_name_waits_for_the_regulator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
