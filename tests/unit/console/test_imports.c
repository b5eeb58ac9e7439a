/* Importing the regulator's list at the console: S0-15, requirements 10.8. */
#include "base/text.h"
#include "console_fixture.h"
#include "hall/intake/intake.h"
#include "pki/cert.h"
#include "pki/cms.h"
#include "pki/name.h"

#include <string.h>

#define HEAD "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email,code\n"
#define ROW(code, uscc, mobile)                                                                    \
    "add,厦门鹭岛融资担保有限公司," code ",陈思远," uscc ",陈思远," mobile                         \
    ",chen.siyuan@ludao.example,\n"
#define GOOD HEAD ROW("FJXM20260718A1", "91350100M000100Y43", "13600960718")
#define WARNED HEAD ROW("FJXM20260718A1", "91350100M000100Y44", "13600960718")
#define BAD                                                                                        \
    HEAD ROW("FJXM20260718A1", "91350100M000100Y44", "123")                                        \
        ROW("short", "91350100M000100Y43", "13600960718")
#define GAPS                                                                                       \
    HEAD ROW("FJXM20260718A1", "91350100M000100Y43", "13600960718") ",,,,,,,,\n" ROW(              \
        "FJXM20260718A2", "91350100M000100Y43", "13600960718")
#define CHANGES                                                                                                \
    HEAD "correct,厦门鹭岛融资担保有限公司,FJXM20260718A1,陈思远,91350100M000100Y43,陈思源," \
         "13600960718,chen.siyuan@ludao.example,\nwithdraw,,FJXM20260718A2,陈思远,,,,,\n"

struct regulator {
    struct pki_key *key;
    struct bytes certificate;
};

static void regulator_free(struct regulator *r)
{
    pki_key_free(r->key);
}
#define _auto_regulator __attribute__((cleanup(regulator_free))) struct regulator

static void make_regulator(struct console_fixture *f, struct regulator *out)
{
    struct arena *a = f->hall->arena;
    struct err_info e;
    struct hall_tx tx = {0};
    struct bytes subject, tbs;
    int64_t now = clock_business(f->hall->clock);
    _auto(pki_signer) signer = NULL;
    struct name_part part[] = {{NAME_C, "CN"}, {NAME_CN, "名单签名"}};
    assert_ok(pki_key_new(PKI_P256, &out->key, &e), &e);
    assert_ok(pki_signer_from_key(out->key, &signer, &e), &e);
    assert_ok(name_encode(part, 2, a, &subject, &e), &e);
    struct cert_spec spec = {.serial = cert_serial_new(a),
                             .issuer = subject,
                             .subject = subject,
                             .not_before = now - TIME_DAY,
                             .not_after = now + 100LL * TIME_DAY,
                             .key = signer->pub,
                             .issuer_key = signer->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE};
    assert_ok(cert_tbs(&spec, a, &tbs, &e), &e);
    assert_ok(cert_sign(tbs, signer, a, &out->certificate, &e), &e);
    hall_write(f->hall, &hall_system, &tx);
    assert_ok(intake_set_regulator(&tx, "aml-reporting", out->certificate, &e), &e);
    hall_done(f->hall, &tx);
}

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static int import(struct browser *b, const struct regulator *by, const char *list,
                  const char *signed_text, const char *extra, const char *value)
{
    struct console_fixture *f = b->f;
    struct bytes p7s;
    struct err_info e;
    assert_ok(cms_sign_detached(bytes_of(signed_text), by->certificate, by->key,
                                clock_business(f->hall->clock), f->hall->arena, &p7s, &e),
              &e);
    const struct browser_part parts[] = {{"project", NULL, bytes_of("aml-reporting")},
                                         {"file", "list.csv", bytes_of(list)},
                                         {"signature", "list.csv.p7s", p7s},
                                         {extra, NULL, bytes_of(value)},
                                         {NULL, NULL, {NULL, 0}}};
    return browser_upload(b, "/imports", parts);
}

static void a_signed_list_is_imported_and_listed(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    _auto_regulator zhou = {0};
    char path[64];
    make_regulator(f, &zhou);
    browser_sign_in(&b, f, "zhou", STAFF_REGULATOR);
    assert_int_equal(import(&b, &zhou, GOOD, GOOD, NULL, ""), 201);
    assert_string_equal(browser_text(&b, "ca_state"), "waiting");
    assert_int_equal(json_integer_value(browser_at(&b, "counts.add")), 1);
    assert_non_null(strstr(browser_text(&b, "signer"), "名单签名"));
    snprintf(path, sizeof path, "/imports/%s", browser_text(&b, "id"));
    assert_int_equal(browser_get(&b, path), 200);
    assert_string_equal(browser_text(&b, "rows.0.user_name"), "陈思远");
    assert_string_equal(browser_text(&b, "rows.0.mobile_masked"), "136****0718");
    assert_int_equal(json_integer_value(browser_at(&b, "rows.0.row")), 2);
    assert_string_equal(browser_text(&b, "rows.0.state"), "LOADED");
    assert_string_equal(browser_text(&b, "rows.0.usable_on"), "2026-09-09"); /* S0-17 */
    assert_int_equal(import(&b, &zhou, GOOD, GOOD, NULL, ""), 200); /* the same file once more */
    assert_int_equal(browser_get(&b, "/imports"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 1);
    assert_string_equal(browser_text(&b, "items.0.file_name"), "list.csv");
}

/* What the ca lacked is there now: the regulator sends the list once more; one it has not refused is left alone. */
static void a_refused_list_goes_to_the_ca_once_more(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0}, support = {0};
    _auto_regulator zhou = {0};
    char path[64];
    make_regulator(f, &zhou);
    browser_sign_in(&b, f, "zhou", STAFF_REGULATOR);
    assert_int_equal(import(&b, &zhou, GOOD, GOOD, NULL, ""), 201);
    snprintf(path, sizeof path, "/imports/%s/again", browser_text(&b, "id"));
    assert_int_equal(browser_post(&b, path, "{}"), 409);
    hall_tamper(f->hall, "UPDATE intake_batch SET ca_state = 'refused'");
    hall_tamper(f->hall, "UPDATE outbox_row SET state = 'dead' WHERE kind = 'ca.batch'");
    browser_sign_in(&support, f, "chen", STAFF_SUPPORT);
    assert_int_equal(browser_post(&support, path, "{}"), 403);
    assert_int_equal(browser_post(&b, path, "{}"), 200);
    assert_string_equal(browser_text(&b, "ca_state"), "waiting");
    assert_int_equal(browser_post(&b, path, "{}"), 409);
}

static void every_bad_row_is_told_and_nothing_is_taken(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    _auto_regulator zhou = {0};
    make_regulator(f, &zhou);
    browser_sign_in(&b, f, "zhou", STAFF_REGULATOR);
    assert_int_equal(import(&b, &zhou, BAD, BAD, NULL, ""), 422);
    assert_string_equal(browser_text(&b, "code"), "import.rows");
    assert_int_equal(json_array_size(browser_at(&b, "errors")), 3);
    assert_int_equal(json_integer_value(browser_at(&b, "errors.0.row")), 2);
    assert_int_equal(json_integer_value(browser_at(&b, "errors.2.row")), 3);
    int columns = 0;
    for (int i = 0; i < 3; i++) {
        char at[32];
        snprintf(at, sizeof at, "errors.%d.column", i);
        columns += strcmp(browser_text(&b, at), "mobile") == 0;
        columns += strcmp(browser_text(&b, at), "uscc") == 0;
        columns += strcmp(browser_text(&b, at), "reporting_code") == 0;
    }
    assert_int_equal(columns, 3);
    assert_int_equal(browser_get(&b, "/imports"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
}

static void a_wrong_check_digit_is_overridden_with_a_reason(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    _auto_regulator zhou = {0};
    char path[64], overrides[256];
    make_regulator(f, &zhou);
    browser_sign_in(&b, f, "zhou", STAFF_REGULATOR);
    assert_int_equal(import(&b, &zhou, WARNED, WARNED, NULL, ""), 422);
    assert_int_equal(json_array_size(browser_at(&b, "errors")), 1);
    assert_true(json_is_true(browser_at(&b, "errors.0.overridable")));
    snprintf(overrides, sizeof overrides, "[{\"row\":2,\"code\":\"%s\",\"reason\":\"%s\"}]",
             browser_text(&b, "errors.0.code"), "证照上就是这样");
    assert_int_equal(import(&b, &zhou, WARNED, WARNED, "overrides", "[{]"), 400);
    assert_int_equal(import(&b, &zhou, WARNED, WARNED, "overrides", overrides), 201);
    assert_int_equal(json_integer_value(browser_at(&b, "counts.overridden")), 1);
    snprintf(path, sizeof path, "/imports/%s", browser_text(&b, "id"));
    assert_int_equal(browser_get(&b, path), 200);
    assert_string_equal(browser_text(&b, "rows.0.override_reason"), "证照上就是这样");
}

static void a_signature_over_other_bytes_is_refused(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    _auto_regulator zhou = {0};
    make_regulator(f, &zhou);
    browser_sign_in(&b, f, "zhou", STAFF_REGULATOR);
    assert_int_equal(import(&b, &zhou, GOOD, WARNED, NULL, ""), 422);
    assert_string_equal(browser_text(&b, "code"), "import.signature");
    assert_int_equal(browser_get(&b, "/imports"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
}

static void a_dry_run_checks_and_stores_nothing(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    _auto_regulator zhou = {0};
    make_regulator(f, &zhou);
    browser_sign_in(&b, f, "zhou", STAFF_REGULATOR);
    assert_int_equal(import(&b, &zhou, GAPS, GAPS, "dry_run", "true"), 200);
    assert_int_equal(json_integer_value(browser_at(&b, "counts.add")), 2);
    assert_string_equal(browser_text(&b, "encoding"), "UTF-8");
    assert_int_equal(json_array_size(browser_at(&b, "rows")), 2);
    assert_int_equal(json_integer_value(browser_at(&b, "rows.1.row")), 4); /* 3 is empty */
    assert_string_equal(browser_text(&b, "rows.0.user_name"), "陈思远");
    assert_string_equal(browser_text(&b, "rows.0.mobile_masked"), "136****0718");
    assert_null(memmem(b.body.p, b.body.n, "13600960718", 11)); /* masked throughout */
    assert_null(memmem(b.body.p, b.body.n, "chen.siyuan@", 12));
    assert_string_equal(browser_text(&b, "rows.0.state"), "LOADED");
    assert_string_equal(browser_text(&b, "rows.0.usable_on"), "2026-09-09");
    assert_int_equal(import(&b, &zhou, BAD, BAD, "dry_run", "true"), 422);
    assert_int_equal(import(&b, &zhou, GOOD, WARNED, "dry_run", "true"), 422);
    assert_int_equal(import(&b, &zhou, GOOD, GOOD, "dry_run", "perhaps"), 400);
    assert_int_equal(browser_get(&b, "/imports"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
}

/* A correction and a withdrawal name people who are here; the file of a batch is known again. */
static void a_dry_run_says_what_each_row_would_do(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    _auto_regulator zhou = {0};
    make_regulator(f, &zhou);
    browser_sign_in(&b, f, "zhou", STAFF_REGULATOR);
    assert_int_equal(import(&b, &zhou, GAPS, GAPS, NULL, ""), 201);
    char path[64];
    snprintf(path, sizeof path, "/imports/%s", browser_text(&b, "id"));
    assert_int_equal(browser_get(&b, path), 200);
    assert_string_equal(browser_text(&b, "encoding"), "UTF-8");
    assert_int_equal(json_integer_value(browser_at(&b, "rows.1.row")), 4);
    assert_int_equal(import(&b, &zhou, CHANGES, CHANGES, "dry_run", "true"), 200);
    assert_string_equal(browser_text(&b, "rows.0.text"), "将更正");
    assert_string_equal(browser_text(&b, "rows.0.state"), "LOADED");
    assert_string_equal(browser_text(&b, "rows.1.text"), "将撤回");
    assert_string_equal(browser_text(&b, "rows.1.state"), "WITHDRAWN");
    assert_int_equal(import(&b, &zhou, GAPS, GAPS, "dry_run", "true"), 200);
    assert_string_equal(browser_text(&b, "ca_state"), "waiting"); /* what it did then */
    assert_null(browser_at(&b, "rows"));
}

static void only_the_regulator_imports(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    _auto_regulator zhou = {0};
    make_regulator(f, &zhou);
    browser_sign_in(&b, f, "chen", STAFF_SUPPORT);
    assert_int_equal(import(&b, &zhou, GOOD, GOOD, NULL, ""), 403);
    assert_int_equal(browser_get(&b, "/imports"), 403);
    browser_close(&b);
    browser_open(&b, f);
    b.cookie[0] = '\0';
    assert_int_equal(import(&b, &zhou, GOOD, GOOD, NULL, ""), 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(a_signed_list_is_imported_and_listed),
        CONSOLE_TEST(a_refused_list_goes_to_the_ca_once_more),
        CONSOLE_TEST(every_bad_row_is_told_and_nothing_is_taken),
        CONSOLE_TEST(a_wrong_check_digit_is_overridden_with_a_reason),
        CONSOLE_TEST(a_signature_over_other_bytes_is_refused),
        CONSOLE_TEST(a_dry_run_checks_and_stores_nothing),
        CONSOLE_TEST(a_dry_run_says_what_each_row_would_do),
        CONSOLE_TEST(only_the_regulator_imports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
