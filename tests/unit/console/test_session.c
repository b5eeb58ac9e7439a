/* Signing in at the console: passwords, stand-ins, tokens against forged requests, roles. */
#include "console_fixture.h"
#include "hall/outbox/message.h"

#include <string.h>

static void nobody_is_signed_in_at_first(void **state)
{
    _auto_browser b = {0};
    browser_open(&b, *state);
    assert_false(json_is_true(browser_at(&b, "signed_in")));
    assert_true(strlen(b.csrf) > 16);
    assert_int_equal(browser_get(&b, "/menu"), 401);
    assert_string_equal(browser_text(&b, "code"), "access.sign_in");
}

static void a_password_signs_in_and_out(void **state)
{
    _auto_browser b = {0};
    add_staff(*state, "xu", "许建民", STAFF_MAKER);
    browser_open(&b, *state);
    assert_int_equal(browser_post(&b, "/session", "{\"login\":\"xu\",\"password\":\"wrong\"}"),
                     401);
    assert_string_equal(browser_text(&b, "code"), "staff.wrong");
    assert_int_equal(
        browser_post(&b, "/session", "{\"login\":\"xu\",\"password\":\"" TEST_PASSWORD "\"}"), 201);
    assert_string_equal(browser_text(&b, "person.name"), "许建民");
    assert_string_equal(browser_text(&b, "person.role_text"), "制证");
    assert_string_equal(browser_text(&b, "roles.0"), "maker");
    assert_string_equal(browser_text(&b, "by"), "password");
    assert_int_equal(browser_get(&b, "/session"), 200);
    assert_true(json_is_true(browser_at(&b, "signed_in")));
    snprintf(b.csrf, sizeof b.csrf, "%s", browser_text(&b, "csrf"));
    assert_int_equal(browser_do(&b, "DELETE", "/session", NULL), 204);
    assert_int_equal(browser_get(&b, "/menu"), 401);
}

static void a_change_without_the_token_is_refused(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    add_staff(f, "xu", "许建民", STAFF_MAKER);
    browser_open(&b, f);
    snprintf(b.csrf, sizeof b.csrf, "forged");
    assert_int_equal(
        browser_post(&b, "/session", "{\"login\":\"xu\",\"password\":\"" TEST_PASSWORD "\"}"), 403);
    assert_string_equal(browser_text(&b, "code"), "session.csrf");
    _auto_browser in = {0};
    browser_sign_in(&in, f, "he", STAFF_SHIPPING);
    memcpy(in.csrf, b.csrf, sizeof in.csrf);
    assert_int_equal(browser_do(&in, "DELETE", "/session", NULL), 403);
    assert_int_equal(browser_get(&in, "/menu"), 200); /* still signed in */
}

/* Beside the token: what a browser says comes from another site's page is no wish of its user. */
static void a_change_from_another_sites_page_is_refused(void **state)
{
    _auto_browser in = {0};
    browser_sign_in(&in, *state, "he", STAFF_SHIPPING);
    in.origin = "Origin: https://evil.example";
    assert_int_equal(browser_do(&in, "DELETE", "/session", NULL), 403);
    assert_string_equal(browser_text(&in, "code"), "session.csrf");
    in.origin = "Sec-Fetch-Site: cross-site";
    assert_int_equal(browser_do(&in, "DELETE", "/session", NULL), 403);
    assert_int_equal(browser_get(&in, "/menu"), 200); /* still signed in */
    in.origin = "Origin: http://127.0.0.1:8080";
    assert_int_equal(browser_do(&in, "DELETE", "/session", NULL), 204);
}

static void one_browser_s_token_does_not_fit_another(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser one = {0}, other = {0};
    add_staff(f, "xu", "许建民", STAFF_MAKER);
    browser_open(&one, f);
    browser_open(&other, f);
    assert_string_not_equal(one.csrf, other.csrf);
    memcpy(other.csrf, one.csrf, sizeof other.csrf);
    assert_int_equal(
        browser_post(&other, "/session", "{\"login\":\"xu\",\"password\":\"" TEST_PASSWORD "\"}"),
        403);
}

/* Behind https a session is known by its "__Host-" cookie alone: a subdomain cannot plant one of its own. */
static void behind_https_only_a_host_cookie_is_a_session(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    console_behind_https(f);
    browser_sign_in(&b, f, "xu", STAFF_MAKER);
    char *name = strstr(b.cookie, "__Host-certhall_console=");
    assert_non_null(name);
    assert_int_equal(browser_get(&b, "/menu"), 200);
    memmove(name, name + strlen("__Host-"), strlen(name) - strlen("__Host-") + 1);
    assert_int_equal(browser_get(&b, "/menu"), 401);
}

static void stand_ins_exist_in_a_demo_only(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    add_staff(f, "xu", "许建民", STAFF_MAKER);
    browser_open(&b, f);
    assert_int_equal(browser_get(&b, "/demo/people"), 200);
    assert_string_equal(browser_text(&b, "items.0.name"), "许建民");
    assert_string_equal(browser_text(&b, "items.0.roles.0"), "maker");
    f->hall->hall.demo = 0;
    assert_int_equal(browser_get(&b, "/demo/people"), 404);
    assert_int_equal(browser_post(&b, "/demo/session", "{\"person\":\"1\"}"), 404);
    assert_int_equal(browser_get(&b, "/demo/outbox"), 404);
}

static void a_disabled_person_is_out_at_once(void **state)
{
    struct console_fixture *f = *state;
    struct hall_tx tx = {0};
    struct err_info e;
    const struct staff *all;
    size_t n;
    _auto_browser b = {0};
    browser_sign_in(&b, f, "xu", STAFF_MAKER);
    hall_write(f->hall, &hall_system, &tx);
    assert_ok(staff_list(&tx, &all, &n, &e), &e);
    assert_ok(staff_disable(&tx, all[0].id, &e), &e);
    hall_done(f->hall, &tx);
    assert_int_equal(browser_get(&b, "/menu"), 401);
}

/* Issue of roles: the auditor can do nothing but audit (S0 installation roles, G-41). */
static void the_auditor_has_the_audit_and_nothing_else(void **state)
{
    _auto_browser b = {0};
    browser_sign_in(&b, *state, "fang", STAFF_AUDITOR);
    assert_string_equal(browser_text(&b, "home"), "/console/audit");
    assert_int_equal(browser_get(&b, "/menu"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "groups")), 1);
    assert_string_equal(browser_text(&b, "groups.0.items.0.page"), "audit");
    assert_int_equal(browser_get(&b, "/demo/outbox"), 403);
    assert_string_equal(browser_text(&b, "code"), "access.forbidden");
    assert_int_equal(browser_get(&b, "/events?topic=work"), 403);
}

static void the_demo_shows_the_texts_sent_newest_first(void **state)
{
    struct console_fixture *f = *state;
    struct err_info e;
    _auto_browser b = {0};
    struct message_file sms = {.kind = "sms",
                               .idem = "1",
                               .to = "13805952716",
                               .subject = "",
                               .text = "您的授权码",
                               .at = clock_machine() - 1000};
    struct message_file mail = {.kind = "mail",
                                .idem = "2",
                                .to = "shen@haisi.example",
                                .subject = "发票",
                                .text = "发票已开具",
                                .at = clock_machine()};
    assert_ok(message_file_write(f->folder, &sms, &e), &e);
    assert_ok(message_file_write(f->folder, &mail, &e), &e);
    browser_sign_in(&b, f, "he", STAFF_SHIPPING);
    assert_int_equal(browser_get(&b, "/demo/outbox"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 2);
    assert_string_equal(browser_text(&b, "items.0.channel"), "mail");
    assert_int_equal(browser_get(&b, "/demo/outbox?channel=sms&q=1380595"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 1);
    assert_string_equal(browser_text(&b, "items.0.text"), "您的授权码");
    assert_int_equal(browser_get(&b, "/demo/outbox?limit=1"), 200);
    char path[128];
    snprintf(path, sizeof path, "/demo/outbox?limit=1&after=%s", browser_text(&b, "next"));
    assert_int_equal(browser_get(&b, path), 200);
    assert_string_equal(browser_text(&b, "items.0.channel"), "sms");
    assert_int_equal(browser_get(&b, "/demo/outbox?channel=pigeon"), 400);
}

static void the_menu_warns_of_what_is_wrong_with_the_installation(void **state)
{
    struct console_fixture *f = *state;
    _auto_browser b = {0};
    browser_sign_in(&b, f, "xu", STAFF_MAKER);
    hall_at(f->hall, "2026-03-02T09:00:00+08:00");
    assert_int_equal(browser_get(&b, "/menu"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "warnings")), 0);
    assert_string_equal(browser_text(&b, "groups.0.items.1.page"), "bench");
    f->console.one_user = 1;
    hall_at(f->hall, "2026-11-02T09:00:00+08:00"); /* 2027 has no calendar yet */
    assert_int_equal(browser_get(&b, "/menu"), 200);
    assert_string_equal(browser_text(&b, "warnings.0.code"), "processes");
    assert_string_equal(browser_text(&b, "warnings.1.code"), "calendar");
    assert_non_null(strstr(browser_text(&b, "warnings.1.text"), "2027"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(nobody_is_signed_in_at_first),
        CONSOLE_TEST(a_password_signs_in_and_out),
        CONSOLE_TEST(a_change_without_the_token_is_refused),
        CONSOLE_TEST(a_change_from_another_sites_page_is_refused),
        CONSOLE_TEST(one_browser_s_token_does_not_fit_another),
        CONSOLE_TEST(behind_https_only_a_host_cookie_is_a_session),
        CONSOLE_TEST(stand_ins_exist_in_a_demo_only),
        CONSOLE_TEST(a_disabled_person_is_out_at_once),
        CONSOLE_TEST(the_auditor_has_the_audit_and_nothing_else),
        CONSOLE_TEST(the_demo_shows_the_texts_sent_newest_first),
        CONSOLE_TEST(the_menu_warns_of_what_is_wrong_with_the_installation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
