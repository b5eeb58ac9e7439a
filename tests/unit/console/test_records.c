/* Records at the console: masks and who looked behind them, the log, search, certificates and keys, the audit. */
#include "console_fixture.h"
#include "hall/audit/audit.h"

#include <inttypes.h>
#include <string.h>

static const char *path_of(struct console_fixture *f, const struct order *o, const char *rest)
{
    return arena_fmt(f->hall->arena, "/orders/%019" PRId64 "%s", o->id, rest);
}

static const char *value_of(const struct browser *b, const char *name)
{
    size_t i;
    const json_t *field;
    json_array_foreach ((json_t *)(uintptr_t)browser_at(b, "fields"), i, field)
        if (strcmp(json_string_value(json_object_get(field, "name")), name) == 0)
            return json_string_value(json_object_get(field, "value"));
    return "";
}

static void a_record_masks_what_is_personal(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    struct order o = order_paid(f, NULL);
    browser_sign_in(&b, f, "chen", STAFF_SUPPORT);
    assert_int_equal(browser_get(&b, path_of(f, &o, "")), 200);
    assert_string_equal(value_of(&b, "application.mobile"), "138****2716");
    assert_string_equal(value_of(&b, "application.handler"), "沈**");
    assert_string_equal(value_of(&b, "application.institution_name"), "泉州海丝供应链管理有限公司");
    assert_null(strstr(value_of(&b, "mailing.address"), "滨海街"));
    assert_string_equal(browser_text(&b, "status.states.fulfilment"), "QUEUED");
    assert_string_equal(browser_text(&b, "payments.0.trade_no"), "T20260907001");
    assert_string_equal(browser_text(&b, "tasks_open.0.queue"), "produce");
    assert_true(json_array_size(browser_at(&b, "facts")) > 3);
    const char *whole = arena_text_n(f->hall->arena, (const char *)b.body.p, b.body.n);
    assert_null(strstr(whole, "13805952716"));
    assert_null(strstr(whole, "沈若琳"));
    assert_null(strstr(whole, "shen.ruolin"));
    assert_int_equal(browser_get(&b, "/orders/2123659151274934789"), 404);
    assert_int_equal(browser_get(&b, "/orders/x"), 404);
}

static int64_t rows_of(struct console_fixture *f, const char *act)
{
    struct hall_tx tx = {0};
    struct err_info e;
    const struct audit_row *rows;
    size_t n;
    hall_read(f->hall, &tx);
    assert_ok(audit_list(&tx, &(struct audit_filter){.act = act, .limit = 100}, &rows, &n, &e), &e);
    hall_end(&tx);
    return (int64_t)n;
}

static void looking_behind_a_mask_takes_a_reason_and_is_audited(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0}, he = {0};
    struct order o = order_paid(f, NULL);
    const char *path = path_of(f, &o, "/reveal");
    browser_sign_in(&b, f, "chen", STAFF_SUPPORT);
    assert_int_equal(browser_post(&b, path, "{\"field\":\"application.mobile\",\"reason\":\"\"}"),
                     422);
    assert_int_equal(rows_of(f, "order.reveal"), 0);
    assert_int_equal(
        browser_post(&b, path, "{\"field\":\"application.mobile\",\"reason\":\"回电核实\"}"), 200);
    assert_string_equal(browser_text(&b, "value"), "13805952716");
    assert_int_equal(rows_of(f, "order.reveal"), 1);
    assert_int_equal(browser_post(&b, path, "{\"field\":\"nothing\",\"reason\":\"回电核实\"}"),
                     404);
    browser_sign_in(&he, f, "he", STAFF_SHIPPING);
    assert_int_equal(
        browser_post(&he, path, "{\"field\":\"mailing.phone\",\"reason\":\"快递要电话\"}"), 200);
    assert_int_equal(
        browser_post(&he, path, "{\"field\":\"invoice.email\",\"reason\":\"快递要电话\"}"), 403);
}

static void the_log_says_what_happened_without_names_of_applicants(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    struct order o = order_paid(f, NULL);
    browser_sign_in(&b, f, "zheng", STAFF_REVIEWER);
    assert_int_equal(browser_get(&b, path_of(f, &o, "/log?limit=2")), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 2);
    assert_non_null(browser_at(&b, "next"));
    assert_int_equal(browser_get(&b, path_of(f, &o, "/log")), 200);
    assert_true(json_array_size(browser_at(&b, "items")) >= 3);
    assert_null(strstr((const char *)b.body.p, "沈若琳"));
    assert_null(strstr((const char *)b.body.p, "pay.")); /* sentences, no codes of the flow */
    assert_null(strstr((const char *)b.body.p, "app."));
}

static void the_auditor_opens_no_order(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    struct order o = order_paid(f, NULL);
    browser_sign_in(&b, f, "fang", STAFF_AUDITOR);
    assert_int_equal(browser_get(&b, path_of(f, &o, "")), 403);
    assert_int_equal(browser_get(&b, path_of(f, &o, "/log")), 403);
    assert_int_equal(browser_post(&b, path_of(f, &o, "/reveal"), NULL), 403);
    assert_int_equal(browser_get(&b, "/search?q=海丝"), 403);
    assert_int_equal(browser_get(&b, "/certificates"), 403);
    assert_int_equal(browser_get(&b, "/finance/ledger"), 403);
    assert_int_equal(browser_get(&b, "/keys/FX2600071182"), 403);
    assert_int_equal(browser_get(&b, "/audit/log"), 200);
}

static void one_box_finds_orders_institutions_and_people(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    char number[24], path[64];
    struct order o = order_paid(f, NULL);
    snprintf(number, sizeof number, "%019" PRId64, o.id);
    browser_sign_in(&b, f, "chen", STAFF_SUPPORT);
    assert_int_equal(browser_get(&b, "/search?q=海丝"), 200);
    assert_string_equal(browser_text(&b, "items.0.kind"), "order");
    assert_string_equal(browser_text(&b, "items.0.id"), number);
    assert_string_equal(browser_text(&b, "items.1.kind"), "institution");
    snprintf(path, sizeof path, "/search?q=%.12s", number);
    assert_int_equal(browser_get(&b, path), 200);
    assert_string_equal(browser_text(&b, "items.0.matched"), number);
    assert_int_equal(browser_get(&b, "/search?q=91350503"), 200);
    assert_string_equal(browser_text(&b, "items.0.kind"), "institution");
    assert_int_equal(browser_get(&b, "/search?q=13805952716"), 200); /* sealed: whole value only */
    assert_string_equal(browser_text(&b, "items.0.id"), number);
    assert_string_equal(browser_text(&b, "items.0.matched"), "138****2716");
    assert_int_equal(browser_get(&b, "/search?q=1380595271"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_get(&b, "/search?q=%25%25"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_get(&b, "/search?q=x"), 400);
}

static void unknown_certificates_and_keys_are_not_there(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    browser_sign_in(&b, f, "chen", STAFF_SUPPORT);
    assert_int_equal(browser_get(&b, "/certificates"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_get(&b, "/certificates?state=active&q=海丝"), 200);
    assert_int_equal(browser_get(&b, "/certificates?state=lost"), 400);
    assert_int_equal(browser_get(&b, "/certificates/ab12"), 404);
    assert_int_equal(browser_post(&b, "/certificates/ab12/hold", "{\"reason\":\"丢失\"}"), 404);
    assert_int_equal(browser_post(&b, "/certificates/ab12/revoke",
                                  "{\"reason_code\":\"key_compromise\",\"reason\":\"丢失\"}"),
                     404);
    assert_int_equal(browser_post(&b, "/certificates/ab12/revoke",
                                  "{\"reason_code\":\"because\",\"reason\":\"丢失\"}"),
                     400);
    assert_int_equal(browser_get(&b, "/approvals/12"), 404);
    assert_int_equal(browser_get(&b, "/keys/FX2600071182"), 404);
}

/* G-41 */
static void the_auditor_verifies_and_hears_of_the_first_bad_row(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    struct order o = order_paid(f, NULL);
    browser_sign_in(&b, f, "fang", STAFF_AUDITOR);
    assert_int_equal(browser_post(&b, "/audit/verify", NULL), 200);
    assert_true(json_is_true(browser_at(&b, "intact")));
    assert_true(json_integer_value(browser_at(&b, "rows")) > 5);
    assert_int_equal(json_integer_value(browser_at(&b, "chains")), AUDIT_CHAINS);
    hall_tamper(f->hall,
                arena_fmt(f->hall->arena,
                          "UPDATE audit_row SET actor_name = 'nobody' WHERE order_id = %" PRId64
                          " AND n = (SELECT MIN(n) FROM audit_row WHERE order_id = %" PRId64 ")",
                          o.id, o.id));
    assert_int_equal(browser_post(&b, "/audit/verify", NULL), 200);
    assert_false(json_is_true(browser_at(&b, "intact")));
    assert_string_equal(browser_text(&b, "bad.kind"), "changed");
    assert_true(strlen(browser_text(&b, "bad.text")) > 0);
}

static void the_log_of_the_audit_is_filtered_and_paged(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    char path[128];
    struct order o = order_paid(f, NULL);
    browser_sign_in(&b, f, "fang", STAFF_AUDITOR);
    snprintf(path, sizeof path, "/audit/log?object=%019" PRId64, o.id);
    assert_int_equal(browser_get(&b, path), 200);
    size_t all = json_array_size(browser_at(&b, "items"));
    assert_true(all >= 3);
    assert_int_equal(strlen(browser_text(&b, "items.0.hash")), 64);
    snprintf(path, sizeof path, "/audit/log?limit=2&object=%019" PRId64, o.id);
    assert_int_equal(browser_get(&b, path), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 2);
    assert_non_null(browser_at(&b, "next"));
    assert_int_equal(browser_get(&b, "/audit/log?act=staff.&actor=fang"), 200);
    assert_true(json_array_size(browser_at(&b, "items")) <= 1);
    assert_int_equal(browser_get(&b, "/audit/log?from=2026-09-08"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_get(&b, "/audit/log?from=soon"), 400);
}

/* Who signs in has no session yet, and is named all the same. */
static void the_log_of_the_audit_names_who_signed_in(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0}, in = {0};
    add_staff(f, "xu", "许建民", STAFF_MAKER);
    browser_open(&in, f);
    assert_int_equal(
        browser_post(&in, "/session", "{\"login\":\"xu\",\"password\":\"" TEST_PASSWORD "\"}"),
        201);
    browser_sign_in(&b, f, "fang", STAFF_AUDITOR);
    assert_int_equal(browser_get(&b, "/audit/log?act=staff.stand_in"), 200);
    assert_string_equal(browser_text(&b, "items.0.actor"), "审计管理员 fang");
    assert_string_equal(browser_text(&b, "items.0.act_text"), "演示代入");
    assert_int_equal(browser_get(&b, "/audit/log?act=staff.sign_in"), 200);
    assert_string_equal(browser_text(&b, "items.0.actor"), "制证 许建民");
    assert_int_equal(browser_get(&b, "/audit/log?actor=fang"), 200);
    assert_true(json_array_size(browser_at(&b, "items")) >= 1);
}

static void the_log_of_the_audit_says_what_happened_to_an_order(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    order_paid(f, NULL);
    browser_sign_in(&b, f, "fang", STAFF_AUDITOR);
    assert_int_equal(browser_get(&b, "/audit/log?act=order.app.submit"), 200);
    assert_string_equal(browser_text(&b, "items.0.act_text"), "提交业务单");
    assert_string_equal(browser_text(&b, "items.0.actor"), "经办人"); /* never by name */
}

/* S0-61 */
static void a_notice_is_published_changed_and_taken_away(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    char path[64];
    browser_sign_in(&b, f, "jiang", STAFF_PROJECT_ADMIN);
    assert_int_equal(browser_get(&b, "/notices"), 400);
    assert_int_equal(browser_get(&b, "/notices?project=nothing"), 404);
    assert_int_equal(browser_get(&b, "/notices?project=aml-reporting"), 200);
    size_t shipped = json_array_size(browser_at(&b, "items"));
    assert_null(browser_at(&b, "items.0.edit")); /* the profile's are not changed here */
    assert_int_equal(
        browser_post(&b, "/notices",
                     "{\"project\":\"aml-reporting\",\"kind\":\"maintenance\",\"title_zh\":"
                     "\"停机维护\",\"title_en\":\"Maintenance\",\"from\":"
                     "\"2026-09-12T20:00:00+08:00\",\"until\":\"2026-09-13T02:00:00+08:00\"}"),
        201);
    assert_string_equal(browser_text(&b, "kind_text"), "维护");
    assert_string_equal(browser_text(&b, "edit.title_en"), "Maintenance");
    snprintf(path, sizeof path, "/notices/%s", browser_text(&b, "id"));
    assert_int_equal(browser_get(&b, "/notices?project=aml-reporting"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), shipped + 1); /* not shown yet */
    assert_int_equal(
        browser_do(&b, "PUT", path,
                   "{\"project\":\"aml-reporting\",\"kind\":\"general\",\"title_zh\":\"\","
                   "\"title_en\":\"\"}"),
        422);
    assert_string_equal(browser_text(&b, "field"), "title_zh");
    assert_int_equal(browser_do(&b, "PUT", path,
                                "{\"project\":\"aml-reporting\",\"kind\":\"hours\",\"title_zh\":"
                                "\"维护改期\",\"title_en\":\"Moved\"}"),
                     200);
    assert_string_equal(browser_text(&b, "title"), "维护改期");
    assert_int_equal(browser_do(&b, "DELETE", path, NULL), 204);
    assert_int_equal(browser_do(&b, "DELETE", path, NULL), 404);
    _auto_browser chen = {0};
    browser_sign_in(&chen, f, "chen", STAFF_SUPPORT);
    assert_int_equal(browser_get(&chen, "/notices?project=aml-reporting"), 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(a_record_masks_what_is_personal),
        CONSOLE_TEST(looking_behind_a_mask_takes_a_reason_and_is_audited),
        CONSOLE_TEST(the_log_says_what_happened_without_names_of_applicants),
        CONSOLE_TEST(the_auditor_opens_no_order),
        CONSOLE_TEST(one_box_finds_orders_institutions_and_people),
        CONSOLE_TEST(unknown_certificates_and_keys_are_not_there),
        CONSOLE_TEST(the_auditor_verifies_and_hears_of_the_first_bad_row),
        CONSOLE_TEST(the_log_of_the_audit_is_filtered_and_paged),
        CONSOLE_TEST(the_log_of_the_audit_names_who_signed_in),
        CONSOLE_TEST(the_log_of_the_audit_says_what_happened_to_an_order),
        CONSOLE_TEST(a_notice_is_published_changed_and_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
