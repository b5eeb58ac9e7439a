/* Production and shipping at the console: who sees what, and what is refused before a UKey is made (F2 to F4, S0-29). */
#include "console_fixture.h"
#include "hall/ukey/ukey.h"

#include <inttypes.h>
#include <string.h>

#define SERIAL "FX2600071182"

static void stock_in(struct console_fixture *f)
{
    static const char *const serial[] = {SERIAL};
    struct ukey_stock stock = {.project = "aml-reporting",
                               .prefix = "FX",
                               .model = "soft",
                               .batch = "1",
                               .serial = serial,
                               .n = 1};
    struct hall_tx tx = {0};
    struct err_info e;
    hall_write(f->hall, &hall_system, &tx);
    assert_ok(ukey_stock_in(&tx, &stock, &e), &e);
    hall_done(f->hall, &tx);
}

static const char *path_of(struct console_fixture *f, const char *folder, const struct order *o,
                           const char *rest)
{
    return arena_fmt(f->hall->arena, "/%s/%019" PRId64 "%s", folder, o->id, rest);
}

static void the_bench_shows_the_order_and_why_it_cannot_be_made(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    stock_in(f);
    struct order o = order_paid(f, NULL);
    browser_sign_in(&b, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_get(&b, "/bench"), 200);
    assert_int_equal(json_integer_value(browser_at(&b, "waiting")), 1);
    assert_string_equal(browser_text(&b, "queue.0.queue"), "produce");
    assert_int_equal(browser_get(&b, path_of(f, "production", &o, "")), 200);
    assert_int_equal(json_array_size(browser_at(&b, "checks")), 4);
    assert_true(json_is_true(browser_at(&b, "checks.3.ok"))); /* the UKey is reserved */
    /* no signed row of the regulator says the subject: made by the test itself */
    assert_false(json_is_true(browser_at(&b, "ready")));
    assert_string_equal(browser_text(&b, "blocked_text"), browser_text(&b, "checks.2.text"));
    assert_string_equal(browser_text(&b, "status.states.fulfilment"), "QUEUED");
    assert_string_equal(browser_text(&b, "key.serial_text"), "FX26 0007 1182");
    assert_string_equal(browser_text(&b, "label.serial_text"), "FX26 0007 1182");
    assert_int_equal(browser_get(&b, path_of(f, "production", &o, "/label")), 200);
    assert_string_equal(b.content_type, "application/pdf");
    assert_memory_equal(b.body.p, "%PDF-", 5);
}

static void an_order_that_never_came_to_the_bench_is_not_there(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    struct order o = order_submitted(f->order, NULL);
    browser_sign_in(&b, f, "xu", STAFF_MAKER | STAFF_SHIPPING);
    assert_int_equal(browser_get(&b, path_of(f, "production", &o, "")), 404);
    assert_int_equal(browser_get(&b, path_of(f, "production", &o, "/label")), 404);
    assert_int_equal(browser_get(&b, path_of(f, "shipments", &o, "")), 404);
}

static void a_maker_without_a_ukey_of_his_own_makes_nothing(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    char body[128];
    stock_in(f);
    struct order o = order_paid(f, NULL);
    browser_sign_in(&b, f, "xu", STAFF_MAKER);
    snprintf(body, sizeof body, "{\"kind\":\"produce\",\"order\":\"%019" PRId64 "\"}", o.id);
    assert_int_equal(browser_post(&b, "/jobs", body), 409);
    assert_string_equal(browser_text(&b, "code"), "job.maker_ukey");
    assert_int_equal(browser_post(&b, "/jobs", "{\"kind\":\"produce\"}"), 400);
    assert_int_equal(browser_post(&b, "/jobs", "{\"kind\":\"login\"}"), 400);
    assert_int_equal(browser_post(&b, "/jobs", "{\"kind\":\"identify\",\"serial\":\"???\"}"), 400);
    _auto_browser he = {0};
    browser_sign_in(&he, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_post(&he, "/jobs", body), 403);
}

/* Design §6: a job takes effect only in the browser session that made it. */
static void a_job_belongs_to_the_browser_that_made_it(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser he = {0}, xu = {0};
    char path[64];
    browser_sign_in(&he, f, "he", STAFF_SHIPPING);
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_post(&he, "/jobs", "{\"kind\":\"identify\"}"), 201);
    assert_non_null(strstr(browser_text(&he, "link"), "certhall:"));
    assert_int_equal(strlen(browser_text(&he, "short_code")), 9);
    assert_string_equal(browser_text(&he, "state"), "waiting");
    snprintf(path, sizeof path, "/jobs/%s", browser_text(&he, "id"));
    assert_int_equal(browser_get(&he, path), 200);
    assert_null(browser_at(&he, "link")); /* only in the answer that made it */
    assert_int_equal(browser_get(&xu, path), 404);
    snprintf(path + strlen(path), sizeof path - strlen(path), "/ticket");
    assert_int_equal(browser_post(&xu, path, NULL), 404);
    assert_int_equal(browser_post(&he, path, NULL), 200);
    assert_non_null(browser_at(&he, "link"));
    assert_int_equal(browser_post(&he, "/jobs/finish", "{\"token\":\"x\"}"), 409);
}

static void a_job_can_be_given_up(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser he = {0};
    char path[64];
    browser_sign_in(&he, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_post(&he, "/jobs", "{\"kind\":\"identify\"}"), 201);
    snprintf(path, sizeof path, "/jobs/%s/cancel", browser_text(&he, "id"));
    assert_int_equal(browser_post(&he, path, NULL), 200);
    assert_string_equal(browser_text(&he, "state"), "cancelled");
}

static void quality_needs_the_label_and_the_key(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    stock_in(f);
    struct order o = order_paid(f, NULL);
    const char *path = path_of(f, "production", &o, "/quality");
    browser_sign_in(&b, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_post(&b, path, "{}"), 400);
    assert_int_equal(browser_post(&b, path, "{\"passed\":true}"), 400);
    assert_int_equal(browser_post(&b, path, "{\"passed\":false,\"reason\":\"\"}"), 422);
    assert_int_equal(browser_post(&b, path, "{\"passed\":true,\"scanned_serial\":\"" SERIAL "\"}"),
                     409); /* it is not made */
    assert_string_equal(browser_text(&b, "code"), "order.state");
}

/* F2, T15: only the maker, only the UKey he sees, with a reason; then the next one lies ready. */
static void a_broken_ukey_is_scrapped_once(void **state)
{
    static const char good[] = "{\"serial\":\"FX26 0007 1182\",\"reason\":\"插上没有反应\"}";
    struct console_fixture *f = *state;
    _auto_browser maker = {0};
    _auto_browser shipping = {0};
    stock_in(f);
    struct order o = order_paid(f, NULL);
    const char *path = path_of(f, "production", &o, "/scrap");
    browser_sign_in(&maker, f, "xu", STAFF_MAKER);
    browser_sign_in(&shipping, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_post(&shipping, path, good), 403);
    assert_int_equal(browser_post(&maker, path, "{\"serial\":\"" SERIAL "\",\"reason\":\"\"}"),
                     422);
    assert_int_equal(
        browser_post(&maker, path, "{\"serial\":\"FX2600071183\",\"reason\":\"别的一支\"}"), 409);
    assert_string_equal(browser_text(&maker, "code"), "job.ukey");
    assert_int_equal(browser_post(&maker, path, good), 200);
    assert_string_equal(browser_text(&maker, "status.states.fulfilment"), "QUEUED");
    assert_string_equal(browser_text(&maker, "quality.reason"), "插上没有反应");
    assert_false(json_is_true(browser_at(&maker, "quality.passed")));
    assert_int_equal(browser_post(&maker, path, good), 409); /* pressed twice */
}

static void a_parcel_shows_the_whole_address_to_shipping_only(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser he = {0}, xu = {0}, fang = {0};
    stock_in(f);
    struct order o = order_paid(f, NULL);
    const char *path = path_of(f, "shipments", &o, "");
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_get(&xu, path), 403);
    browser_sign_in(&he, f, "he", STAFF_SHIPPING);
    assert_int_equal(audited(f, "delivery.address", o.id), 0);
    assert_int_equal(browser_get(&he, path), 200);
    assert_int_equal(audited(f, "delivery.address", o.id), 1);
    assert_non_null(strstr(browser_text(&he, "to.address"), "滨海街 102 号"));
    assert_string_equal(browser_text(&he, "to.postcode"), "362000");
    assert_true(json_array_size(browser_at(&he, "couriers")) > 0);
    assert_int_equal(json_array_size(browser_at(&he, "actions")), 0);
    browser_sign_in(&fang, f, "fang", STAFF_AUDITOR);
    assert_int_equal(browser_get(&fang, "/audit/log?act=delivery.address"), 200);
    assert_string_equal(browser_text(&fang, "items.0.act_text"), "查看收件人和地址");
}

static void a_parcel_leaves_only_with_the_right_label_and_courier(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser he = {0};
    stock_in(f);
    struct order o = order_paid(f, NULL);
    const char *path = path_of(f, "shipments", &o, "");
    browser_sign_in(&he, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_post(&he, path,
                                  "{\"courier\":\"pigeon\",\"number\":\"SF1427553081926\","
                                  "\"scanned_serial\":\"" SERIAL "\"}"),
                     422);
    assert_string_equal(browser_text(&he, "field"), "courier");
    assert_int_equal(
        browser_post(&he, path,
                     "{\"courier\":\"sf\",\"number\":\"!\",\"scanned_serial\":\"" SERIAL "\"}"),
        422);
    assert_int_equal(browser_post(&he, path,
                                  "{\"courier\":\"sf\",\"number\":\"SF1427553081926\","
                                  "\"scanned_serial\":\"FX2600071183\"}"),
                     422);
    assert_string_equal(browser_text(&he, "code"), "production.label");
    assert_int_equal(browser_post(&he, path,
                                  "{\"courier\":\"sf\",\"number\":\"SF1427553081926\","
                                  "\"scanned_serial\":\"" SERIAL "\"}"),
                     409); /* not packed yet */
    assert_int_equal(
        browser_post(&he, path_of(f, "shipments", &o, "/delivered"), "{\"signed_at\":\"soon\"}"),
        400);
    assert_int_equal(browser_post(&he, path_of(f, "shipments", &o, "/delivered"),
                                  "{\"signed_at\":\"2026-09-07T10:00:00+08:00\"}"),
                     409);
}

static int64_t blank(const struct browser *b)
{
    return json_integer_value(browser_at(b, "projects.0.blank"));
}

/* T1 */
static void blank_ukeys_come_into_stock_all_or_none(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser xu = {0}, he = {0};
    static const char good[] =
        "{\"project\":\"aml-reporting\",\"model\":\"soft\",\"batch\":\"2026-09\","
        "\"serials\":[\"FX2600071190\",\"fx26 0007 1191\"]}";
    static const char known[] = "{\"project\":\"aml-reporting\",\"model\":\"soft\",\"batch\":\"2\","
                                "\"serials\":[\"FX2600071192\",\"FX2600071190\"]}";
    static const struct {
        const char *body, *field;
        int status;
    } wrong[] = {
        {"{\"project\":\"nothing\",\"model\":\"soft\",\"batch\":\"1\",\"serials\":[\"FX2600071192\"]}",
         "project", 404},
        {"{\"project\":\"aml-reporting\",\"model\":\"\",\"batch\":\"1\",\"serials\":[\"FX2600071192\"]}",
         "model", 422},
        {"{\"project\":\"aml-reporting\",\"model\":\"soft\",\"batch\":\"\",\"serials\":[\"FX2600071192\"]}",
         "batch", 422},
        {"{\"project\":\"aml-reporting\",\"model\":\"soft\",\"batch\":\"1\",\"serials\":[]}",
         "serials", 422},
        {"{\"project\":\"aml-reporting\",\"model\":\"soft\",\"batch\":\"1\",\"serials\":[12]}",
         "serials", 400},
        {"{\"project\":\"aml-reporting\",\"model\":\"soft\",\"batch\":\"1\",\"serials\":[\"CG2600071192\"]}",
         "serial", 422},
    };
    browser_sign_in(&he, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_get(&he, "/stock"), 403);
    assert_int_equal(browser_post(&he, "/stock", good), 403);
    browser_sign_in(&xu, f, "xu", STAFF_MAKER);
    assert_int_equal(browser_get(&xu, "/stock"), 200);
    assert_int_equal(blank(&xu), 0);
    assert_string_equal(browser_text(&xu, "projects.0.prefix"), "FX");
    assert_int_equal(browser_post(&xu, "/stock", good), 201);
    assert_int_equal(json_integer_value(browser_at(&xu, "taken")), 2);
    assert_int_equal(blank(&xu), 2);
    assert_int_equal(browser_post(&xu, "/stock", known), 409);
    assert_non_null(strstr(browser_text(&xu, "message"), "FX2600071190"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(browser_post(&xu, "/stock", wrong[i].body), wrong[i].status);
        assert_string_equal(browser_text(&xu, "field"), wrong[i].field);
    }
    assert_int_equal(browser_get(&xu, "/stock"), 200);
    assert_int_equal(blank(&xu), 2);
    order_paid(f, NULL);
    assert_int_equal(browser_get(&xu, "/stock"), 200);
    assert_int_equal(blank(&xu), 1);
    assert_int_equal(json_integer_value(browser_at(&xu, "projects.0.reserved")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(the_bench_shows_the_order_and_why_it_cannot_be_made),
        CONSOLE_TEST(blank_ukeys_come_into_stock_all_or_none),
        CONSOLE_TEST(an_order_that_never_came_to_the_bench_is_not_there),
        CONSOLE_TEST(a_maker_without_a_ukey_of_his_own_makes_nothing),
        CONSOLE_TEST(a_job_belongs_to_the_browser_that_made_it),
        CONSOLE_TEST(a_job_can_be_given_up),
        CONSOLE_TEST(quality_needs_the_label_and_the_key),
        CONSOLE_TEST(a_broken_ukey_is_scrapped_once),
        CONSOLE_TEST(a_parcel_shows_the_whole_address_to_shipping_only),
        CONSOLE_TEST(a_parcel_leaves_only_with_the_right_label_and_courier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
