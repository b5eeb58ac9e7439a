/* The applicants' pages over real HTTP. */
#include "portal_fixture.h"

#include "hall/account/account.h"
#include "hall/project/project.h"
#include "portal/portal_priv.h"

#include <string.h>

#define SIGN_IN(code, reporting)                                                                   \
    "{\"project\":\"aml-reporting\",\"code\":\"" code "\",\"reporting_code\":\"" reporting "\"}"

static char *path_of(struct browser *b, const char *order, const char *rest)
{
    return arena_fmt(b->f->o->f->arena, "/orders/%s%s", order, rest);
}

/* A draft of the person who is signed in; its number. */
static const char *begin_order(struct browser *b)
{
    assert_int_equal(browser_post(b, "/orders", "{\"project\":\"aml-reporting\",\"type\":\"new\"}"),
                     201);
    return arena_text(b->f->o->f->arena, browser_text(b, "order"));
}

static int save(struct browser *b, const char *order, const char *section, const char *body)
{
    return browser_do(b, "PUT",
                      path_of(b, order, arena_fmt(b->f->o->f->arena, "/form/%s", section)), body);
}

#define MAILING                                                                                    \
    "{\"mailing.address\":\"福建省泉州市丰泽区滨海街 102 号 12 层\",\"mailing.postcode\":\"362000\"}"

static const char *submit_order(struct browser *b)
{
    const char *order = begin_order(b);
    assert_int_equal(save(b, order, "mailing", "{\"rev\":0,\"final\":true,\"values\":" MAILING "}"),
                     200);
    assert_int_equal(browser_get(b, path_of(b, order, "/check")), 200);
    assert_true(json_is_true(browser_at(b, "ready")));
    char *body = arena_fmt(b->f->o->f->arena,
                           "{\"revision\":%ld,\"agreement_version\":\"%s\",\"consent\":true}",
                           browser_number(b, "revision"), browser_text(b, "agreement.version"));
    assert_int_equal(browser_post(b, path_of(b, order, "/submit"), body), 200);
    return order;
}

/* ---- what anybody may read ---- */

/* S0-16, S0-59 to S0-65: the front page, from the profile alone: one provider, with hotline, keyword, hours, chat and
 * address. */
static void the_front_page_comes_from_the_profile(void **state)
{
    _auto_browser b;
    browser_open(&b, *state);
    assert_int_equal(browser_get(&b, "/projects"), 200);
    assert_string_equal(browser_text(&b, "items.0.id"), "aml-reporting");
    assert_int_equal(browser_get(&b, "/projects/aml-reporting"), 200);
    assert_string_equal(browser_text(&b, "name"), "反洗钱数据报送证书服务平台");
    assert_string_equal(browser_text(&b, "urls.backup"), "https://fanxiqian.cfca.com.cn");
    assert_string_equal(browser_text(&b, "urls.primary"), "https://fanxiqian.casupport.cn");
    assert_string_equal(browser_text(&b, "provider"), "证书服务中心"); /* S0-59 */
    assert_string_equal(browser_text(&b, "hotline.phone"), "400-880-9888");
    assert_non_null(strstr(browser_text(&b, "hotline.keyword"), "反洗钱报送UKey项目")); /* S0-62 */
    assert_non_null(strstr(browser_text(&b, "hotline.hours"), "7×24"));
    assert_non_null(strstr(browser_text(&b, "chat.url"), "https://"));             /* S0-64 */
    assert_string_equal(browser_text(&b, "postal.0.addressee"), "反洗钱项目售后"); /* S0-63 */
    assert_string_equal(browser_text(&b, "postal.0.phone"), "010-80864086");
    assert_true(*browser_text(&b, "postal.0.address") != 0);
    assert_int_equal(strlen(browser_text(&b, "postal.0.postcode")), 6); /* S0-65 */
    assert_string_equal(browser_text(&b, "businesses.0.type"), "new");
    assert_int_equal(browser_number(&b, "businesses.0.fee_fen"), 30000);
    assert_true(json_array_size(browser_at(&b, "care")) > 0);    /* S0-11 */
    assert_true(json_array_size(browser_at(&b, "notices")) > 0); /* S0-61 */
    assert_int_equal(browser_get(&b, "/projects/none"), 404);
}

static void guides_and_texts_need_no_login(void **state)
{
    _auto_browser b;
    browser_open(&b, *state);
    assert_int_equal(browser_get(&b, "/projects/aml-reporting/guide/new"), 200);
    assert_int_equal(browser_number(&b, "fee.total_fen"), 30000);
    assert_true(*browser_text(&b, "after_payment") != 0);
    assert_int_equal(browser_get(&b, "/projects/aml-reporting/guide/nothing"), 404);
    assert_int_equal(browser_get(&b, "/projects/aml-reporting/texts/agreement"), 200);
    assert_string_equal(browser_text(&b, "version"), "1");
    assert_true(json_array_size(browser_at(&b, "body")) > 3);
    assert_int_equal(browser_get(&b, "/projects/aml-reporting/texts/agreement?version=9"), 404);
    assert_int_equal(browser_get(&b, "/projects/aml-reporting/client"), 200);
    b.language = "en";
    assert_int_equal(browser_get(&b, "/projects/aml-reporting/texts/help"), 200);
    assert_string_equal(browser_text(&b, "title"), "Frequent questions");
}

/* ---- signing in ---- */

/* S0-02: code and reporting code, mended as people type them. */
static void a_person_signs_in_with_both_codes(void **state)
{
    _auto_browser b;
    browser_open(&b, *state);
    assert_int_equal(browser_post(&b, "/session", SIGN_IN("7k2m-q4x9 trbc-6whn", "cn350503000017")),
                     201);
    assert_int_equal(browser_get(&b, "/session"), 200);
    assert_true(json_is_true(browser_at(&b, "signed_in")));
    assert_string_equal(browser_text(&b, "person.name"), "沈若琳");
    assert_string_equal(browser_text(&b, "institution.reporting_code"), "CN350503000017");
    assert_string_equal(browser_text(&b, "by"), "code");
}

/* C-22: only by the ways of the project, on the page and behind it. */
static void a_project_is_signed_in_to_by_its_own_ways(void **state)
{
    struct portal_fixture *f = *state;
    _auto_browser b;
    /* the fixture's own copy */
    struct project *p = (struct project *)(uintptr_t)projects_find(f->o->projects, "aml-reporting");
    browser_open(&b, f);
    assert_int_equal(browser_get(&b, "/projects/aml-reporting"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "sign_in")), 2);
    p->login.methods = 1U << LOGIN_UKEY;
    assert_int_equal(browser_get(&b, "/projects/aml-reporting"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "sign_in")), 1);
    assert_int_equal(browser_post(&b, "/session", SIGN_IN(ORDER_CODE, "CN350503000017")), 403);
    assert_string_equal(browser_text(&b, "code"), "login.method");
    p->login.methods = 1U << LOGIN_CODE;
    assert_int_equal(
        browser_post(&b, "/jobs", "{\"kind\":\"login\",\"project\":\"aml-reporting\"}"), 403);
    assert_string_equal(browser_text(&b, "code"), "login.method");
    assert_int_equal(browser_post(&b, "/session", SIGN_IN(ORDER_CODE, "CN350503000017")), 201);
}

/* S0-12: the way begins with the registration at the regulator: the guide says so first, and who is not registered has no
 * other way in. */
static void who_is_not_registered_is_sent_to_the_registration(void **state)
{
    static const char *const doors[] = {"/orders", "/messages/read", "/sms"};
    struct portal_fixture *f = *state;
    _auto_browser b;
    browser_open(&b, f);
    assert_int_equal(browser_get(&b, "/projects/aml-reporting"), 200);
    assert_non_null(strstr(browser_text(&b, "steps.0.note"), "在二代系统注册"));
    assert_int_equal(browser_get(&b, "/projects/aml-reporting/guide/new"), 200);
    assert_non_null(strstr(browser_text(&b, "conditions.0"), "已在二代系统注册"));
    assert_int_equal(browser_post(&b, "/session", SIGN_IN("7K2MQ4X9TRBC6WHP", "CN350503000099")),
                     401);
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
        assert_int_equal(
            browser_post(&b, doors[i], "{\"project\":\"aml-reporting\",\"type\":\"new\"}"), 401);
    /* no operation of the interface registers anybody: without a session only these change anything */
    static const char *const open_doors = " /session /jobs /jobs/finish ";
    for (size_t i = 0; i < portal_routes_n; i++) {
        const struct httpd_route *r = &portal_routes[i];
        const char *path = r->path + strlen("/api/v1/portal");
        int id = strncmp(path, "/jobs/:id/", 10) == 0;
        if (strcmp(r->method, "GET") == 0 || r->permission != PORTAL_PUBLIC || id)
            continue;
        if (!strstr(open_doors, arena_fmt(f->o->f->arena, " %s ", path)))
            fail_msg("%s %s is open to anybody", r->method, path);
    }
}

static void wrong_codes_are_answered_alike(void **state)
{
    _auto_browser b;
    char first[200];
    browser_open(&b, *state);
    assert_int_equal(browser_post(&b, "/session", SIGN_IN("0000000000000000", "CN350503000017")),
                     401);
    snprintf(first, sizeof first, "%s", browser_text(&b, "message"));
    assert_string_equal(browser_text(&b, "code"), "code.wrong");
    assert_int_equal(browser_post(&b, "/session", SIGN_IN(ORDER_CODE, "CN350503000018")), 401);
    assert_string_equal(browser_text(&b, "message"), first);
}

/* S0-17: too early is refused with the first day. */
static void too_early_says_the_day(void **state)
{
    struct portal_fixture *f = *state;
    _auto_browser b;
    hall_at(f->o->f, "2026-09-04T12:00:00+08:00");
    browser_open(&b, f);
    assert_int_equal(browser_post(&b, "/session", SIGN_IN(ORDER_CODE, "CN350503000017")), 409);
    assert_string_equal(browser_text(&b, "code"), "code.too_early");
    assert_string_equal(browser_text(&b, "usable_on"), "2026-09-07");
}

/* End of requirements §7, G-40. */
static void too_many_tries_are_stopped(void **state)
{
    _auto_browser b;
    browser_open(&b, *state);
    for (int i = 0; i < 5; i++)
        assert_int_equal(
            browser_post(&b, "/session", SIGN_IN("0000000000000000", "CN350503000017")), 401);
    assert_int_equal(browser_post(&b, "/session", SIGN_IN("0000000000000000", "CN350503000017")),
                     429);
    assert_string_equal(browser_text(&b, "code"), "limit.reached");
    assert_true(*browser_text(&b, "retry_at") != 0);
}

static void changes_need_the_token(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    snprintf(b.csrf, sizeof b.csrf, "%s", "something else");
    assert_int_equal(
        browser_post(&b, "/orders", "{\"project\":\"aml-reporting\",\"type\":\"new\"}"), 403);
    assert_string_equal(browser_text(&b, "code"), "session.csrf");
    b.csrf[0] = 0;
    assert_int_equal(browser_post(&b, "/session", SIGN_IN(ORDER_CODE, "CN350503000017")), 403);
}

/* Beside the token: what a browser says comes from another site's page is no wish of its user. */
static void a_change_from_another_sites_page_is_refused(void **state)
{
    static const struct {
        const char *header;
        int status;
    } row[] = {
        {"Origin: https://evil.example", 403},
        {"Origin: http://127.0.0.1.evil.example", 403},
        {"Origin: http://127.0.0.1:1", 403},
        {"Origin: null", 403},
        {"Sec-Fetch-Site: cross-site", 403},
        {"Sec-Fetch-Site: same-origin", 200},
        {"Origin: http://127.0.0.1:8080", 200}, /* public_url */
        {NULL, 200},
    };
    static const char begin[] = "{\"project\":\"aml-reporting\",\"type\":\"new\"}";
    struct portal_fixture *f = *state;
    _auto_browser b;
    browser_sign_in(&b, f);
    browser_post(&b, "/orders", begin);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        b.origin = row[i].header;
        assert_int_equal(browser_post(&b, "/orders", begin), row[i].status);
        if (row[i].status == 403)
            assert_string_equal(browser_text(&b, "code"), "session.csrf");
        assert_int_equal(browser_get(&b, "/orders"), 200); /* reading changes nothing */
    }
    b.origin = arena_fmt(f->o->f->arena, "Origin: %s", f->base); /* the Host of the request */
    assert_int_equal(browser_post(&b, "/orders", begin), 200);
    f->o->h->public_url = "https://hall.example";
    assert_int_equal(browser_post(&b, "/orders", begin), 403); /* behind https, nothing of http */
    b.origin = arena_fmt(f->o->f->arena, "Origin: https%s", f->base + 4);
    assert_int_equal(browser_post(&b, "/orders", begin), 200);
}

/* A running order is named, so that the page can open it. */
static void a_running_order_is_named(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = submit_order(&b);
    assert_int_equal(
        browser_post(&b, "/orders", "{\"project\":\"aml-reporting\",\"type\":\"new\"}"), 409);
    assert_string_equal(browser_text(&b, "code"), "order.running");
    assert_string_equal(browser_text(&b, "args.order"), order);
}

static void signed_out_is_signed_out(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    assert_int_equal(browser_get(&b, "/orders"), 200);
    assert_int_equal(browser_do(&b, "DELETE", "/session", NULL), 204);
    assert_int_equal(browser_get(&b, "/orders"), 401);
    assert_string_equal(browser_text(&b, "code"), "access.sign_in");
}

/* ---- orders ---- */

static void an_order_is_begun_filled_in_checked_and_submitted(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = submit_order(&b);
    assert_string_equal(browser_text(&b, "status.states.application"), "AWAIT_PAY");
    assert_string_equal(browser_text(&b, "headline"), "已提交，等您付款");
    assert_string_equal(browser_text(&b, "status.action.code"), "pay");
    assert_int_equal(browser_get(&b, path_of(&b, order, "/log")), 200);
    assert_string_equal(browser_text(&b, "items.0.text"), "提交业务单，应付 300.00 元");
    assert_int_equal(browser_get(&b, "/orders?group=yours"), 200);
    assert_string_equal(browser_text(&b, "items.0.order"), order);
    assert_int_equal(browser_number(&b, "counts.yours"), 1);
    assert_int_equal(browser_get(&b, "/orders?group=nothing"), 400);
    assert_int_equal(browser_get(&b, "/messages"), 200);
    assert_int_equal(browser_number(&b, "unread"), 2); /* submitted, and payment due */
    assert_string_equal(browser_text(&b, "items.0.order"), order);
}

/* His own orders only, and nobody learns that another's exists. */
static void another_persons_order_is_not_found(void **state)
{
    struct portal_fixture *f = *state;
    _auto_browser b;
    int64_t other;
    struct hall_tx tx;
    struct order theirs;
    int fresh;
    hall_at(f->o->f, "2026-09-03T10:00:00+08:00");
    struct actor lin = order_person(f->o, "linlan", &other);
    hall_at(f->o->f, "2026-09-07T09:00:00+08:00");
    hall_write(f->o->f, &lin, &tx);
    assert_ok(order_create(&tx, "aml-reporting", TYPE_NEW, &theirs, &fresh, &f->o->e), &f->o->e);
    hall_done(f->o->f, &tx);
    browser_sign_in(&b, f);
    const char *number = arena_fmt(f->o->f->arena, "%lld", (long long)theirs.id);
    static const char *const reads[] = {"", "/log", "/form", "/check", "/payment"};
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        assert_int_equal(browser_get(&b, path_of(&b, number, reads[i])), 404);
    assert_int_equal(save(&b, number, "mailing", "{\"rev\":0,\"values\":" MAILING "}"), 404);
    assert_int_equal(browser_post(&b, path_of(&b, number, "/cancel"), NULL), 404);
    assert_int_equal(browser_get(&b, arena_fmt(f->o->f->arena, "/events?topic=order:%s", number)),
                     404);
}

/* Behind https both cookies count with "__Host-" only: a subdomain cannot plant one of its own. */
static void behind_https_only_host_cookies_count(void **state)
{
    struct portal_fixture *f = *state;
    _auto_browser b;
    portal_close(f);
    f->https = 1;
    portal_open(f);
    browser_sign_in(&b, f);
    assert_non_null(strstr(b.cookie, "__Host-certhall_browser="));
    char *name = strstr(b.cookie, "__Host-certhall=");
    assert_non_null(name);
    assert_int_equal(browser_get(&b, "/orders"), 200);
    memmove(name, name + strlen("__Host-"), strlen(name) - strlen("__Host-") + 1);
    assert_int_equal(browser_get(&b, "/orders"), 401);
}

/* S0-21, S0-22: only the institution's name can be changed. */
static void what_the_regulator_approved_cannot_be_changed(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = begin_order(&b);
    assert_int_equal(
        save(&b, order, "application",
             "{\"rev\":0,\"values\":{\"application.reporting_code\":\"CN000000000000\"}}"),
        403);
    assert_string_equal(browser_text(&b, "code"), "field.read_only");
    assert_string_equal(browser_text(&b, "field"), "application.reporting_code");
    assert_int_equal(
        save(
            &b, order, "application",
            "{\"rev\":0,\"final\":true,\"values\":{\"application.institution_name\":\"泉州海丝供应链有限公司\"}}"),
        200);
    assert_int_equal(browser_get(&b, path_of(&b, order, "/check")), 200);
    assert_string_equal(browser_text(&b, "groups.0.lines.0.note"),
                        "核准的是：泉州海丝供应链管理有限公司");
    assert_true(json_array_size(browser_at(&b, "notes")) == 1);
}

/* Nothing typed is lost: what is wrong is stored, told, and still there. */
static void a_wrong_value_is_told_and_kept(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = begin_order(&b);
    assert_int_equal(
        save(&b, order, "mailing", "{\"rev\":0,\"values\":{\"mailing.postcode\":\"1000\"}}"), 200);
    assert_int_equal(browser_number(&b, "rev"), 1);
    assert_int_equal(
        save(
            &b, order, "mailing",
            "{\"rev\":1,\"final\":true,\"question\":2,\"values\":{\"mailing.postcode\":\"10005\"}}"),
        422);
    assert_int_equal(json_array_size(browser_at(&b, "errors")), 2);
    assert_string_equal(browser_text(&b, "errors.0.field"), "mailing.address");
    assert_string_equal(browser_text(&b, "errors.1.code"), "field.postcode");
    assert_int_equal(browser_number(&b, "errors.1.question"), 2);
    assert_int_equal(browser_get(&b, path_of(&b, order, "/form")), 200);
    assert_int_equal(browser_number(&b, "sections.1.rev"), 2);
    assert_string_equal(browser_text(&b, "sections.1.questions.1.fields.1.value"), "10005");
    assert_string_equal(browser_text(&b, "sections.1.questions.1.fields.1.error.code"),
                        "field.postcode");
    assert_string_equal(browser_text(&b, "sections.0.questions.0.fields.1.kind"), "fixed");
}

/* What nobody has begun to answer is not wrong yet; the check page says what is missing. */
static void a_fresh_question_opens_without_errors(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = begin_order(&b);
    assert_int_equal(
        save(&b, order, "mailing", "{\"rev\":0,\"values\":{\"mailing.phone\":\"12\"}}"), 200);
    assert_int_equal(browser_get(&b, path_of(&b, order, "/form")), 200);
    assert_string_equal(browser_text(&b, "sections.1.questions.0.fields.1.error.field"),
                        "mailing.phone");
    assert_string_equal(browser_text(&b, "sections.1.questions.1.fields.1.name"),
                        "mailing.postcode");
    assert_null(browser_at(&b, "sections.1.questions.1.fields.1.error"));
}

static void values_are_mended_and_shown(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = begin_order(&b);
    assert_int_equal(
        save(
            &b, order, "mailing",
            "{\"rev\":0,\"final\":true,\"values\":{\"mailing.address\":\"福建省泉州市丰泽区滨海街 102 号\","
            "\"mailing.postcode\":\"３６２０００\",\"mailing.phone\":\"138 0595 2716\"}}"),
        200);
    assert_string_equal(browser_text(&b, "mended.mailing.postcode"), "");
    const json_t *mended = browser_at(&b, "mended");
    assert_string_equal(json_string_value(json_object_get(mended, "mailing.postcode")), "362000");
    assert_string_equal(json_string_value(json_object_get(mended, "mailing.phone")), "13805952716");
}

/* Two tabs: the later one learns what is stored, and overwrites nothing. */
static void a_second_tab_is_told_what_is_stored(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = begin_order(&b);
    assert_int_equal(
        save(&b, order, "mailing", "{\"rev\":0,\"values\":{\"mailing.postcode\":\"362000\"}}"),
        200);
    assert_int_equal(
        save(&b, order, "mailing", "{\"rev\":0,\"values\":{\"mailing.postcode\":\"350001\"}}"),
        409);
    assert_string_equal(browser_text(&b, "code"), "form.conflict");
    assert_int_equal(browser_number(&b, "conflict.rev"), 1);
    assert_string_equal(browser_text(&b, "conflict.questions.1.fields.1.value"), "362000");
}

static void bad_requests_name_the_field(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = begin_order(&b);
    static const struct {
        const char *section, *body, *field;
        int status;
    } cases[] = {
        {"mailing", "{\"rev\":0}", "values", 400},
        {"mailing", "{\"values\":{}}", "rev", 400},
        {"mailing", "{\"rev\":0,\"values\":{\"mailing.postcode\":1}}", "mailing.postcode", 400},
        {"mailing", "{\"rev\":0,\"values\":{\"mailing.none\":\"x\"}}", "mailing.none", 400},
        {"mailing", "{\"rev\":0,\"values\":{\"invoice.email\":\"x\"}}", "invoice.email", 400},
        {"nothing", "{\"rev\":0,\"values\":{}}", "section", 404},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(save(&b, order, cases[i].section, cases[i].body), cases[i].status);
        assert_string_equal(browser_text(&b, "field"), cases[i].field);
    }
    assert_int_equal(
        browser_post(&b, "/orders", "{\"project\":\"aml-reporting\",\"type\":\"rename\"}"), 409);
    assert_int_equal(browser_post(&b, "/orders", "{\"type\":\"new\"}"), 400);
    assert_int_equal(browser_post(&b, path_of(&b, order, "/submit"), "{\"revision\":1}"), 400);
}

static void submitting_what_is_missing_names_each_field(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = begin_order(&b);
    assert_int_equal(browser_get(&b, path_of(&b, order, "/check")), 200);
    assert_true(json_is_false(browser_at(&b, "ready")));
    assert_int_equal(browser_text(&b, "missing.0.section")[0], 'm');
    char *body = arena_fmt(b.f->o->f->arena,
                           "{\"revision\":%ld,\"agreement_version\":\"1\",\"consent\":true}",
                           browser_number(&b, "revision"));
    assert_int_equal(browser_post(&b, path_of(&b, order, "/submit"), body), 422);
    assert_string_equal(browser_text(&b, "code"), "order.incomplete");
    assert_int_equal(json_array_size(browser_at(&b, "errors")), 2);
}

static void an_unpaid_order_can_be_cancelled(void **state)
{
    _auto_browser b;
    browser_sign_in(&b, *state);
    const char *order = submit_order(&b);
    assert_int_equal(browser_post(&b, path_of(&b, order, "/cancel"), NULL), 200);
    assert_string_equal(browser_text(&b, "status.states.application"), "CANCELLED");
    assert_string_equal(browser_text(&b, "status.states.payment"), "VOID");
    assert_string_equal(browser_text(&b, "status.group"), "ended");
}

/* S0-25, S0-55: after payment neither cancel nor change, in the interface as well. */
static void a_paid_order_is_frozen(void **state)
{
    struct portal_fixture *f = *state;
    _auto_browser b;
    int64_t id;
    browser_sign_in(&b, f);
    const char *order = submit_order(&b);
    assert_true(sscanf(order, "%ld", &id) == 1);
    const struct order_money money = {.method = "net_bank",
                                      .trade_no = "T20260907000001",
                                      .amount_fen = 30000,
                                      .at = 1788750000000};
    struct order_input in = {.money = &money};
    const struct actor bank = {BY_EXTERNAL, 0, "bank", "", ""};
    order_hold(&in, GUARD_SIGNATURE_OK);
    assert_ok(order_event(f->o, id, EVENT_PAY_SUCCESS, &bank, &in), &f->o->e);
    assert_int_equal(browser_get(&b, path_of(&b, order, "")), 200);
    assert_string_equal(browser_text(&b, "status.states.application"), "IN_PRODUCTION");
    assert_string_equal(browser_text(&b, "status.states.invoice"), "BATCHED");
    assert_string_equal(browser_text(&b, "status.owner.kind"), "maker");
    assert_string_equal(browser_text(&b, "status.due.date"),
                        "2026-09-10");                                   /* S0-27: 3 working days */
    assert_string_equal(browser_text(&b, "status.action.code"), "view"); /* no way out is offered */
    assert_int_equal(browser_post(&b, path_of(&b, order, "/cancel"), NULL), 409);
    assert_string_equal(browser_text(&b, "code"), "order.frozen");
    assert_int_equal(save(&b, order, "mailing", "{\"rev\":1,\"values\":" MAILING "}"), 409);
    assert_string_equal(browser_text(&b, "code"), "order.frozen");
    assert_int_equal(browser_get(&b, path_of(&b, order, "/form")), 200);
    assert_true(json_is_true(browser_at(&b, "read_only")));
    assert_int_equal(browser_get(&b, path_of(&b, order, "/payment")), 200);
    assert_string_equal(browser_text(&b, "state"), "PAID");
    assert_string_equal(browser_text(&b, "trade_no"), "T20260907000001");
    assert_int_equal(browser_get(&b, path_of(&b, order, "")), 200);
    assert_string_equal(browser_text(&b, "status.states.application"), "IN_PRODUCTION");
}

/* A draft survives signing out. */
static void a_draft_is_there_after_signing_in_again(void **state)
{
    struct portal_fixture *f = *state;
    _auto_browser b, again;
    browser_sign_in(&b, f);
    const char *order = begin_order(&b);
    assert_int_equal(
        save(&b, order, "mailing", "{\"rev\":0,\"values\":{\"mailing.postcode\":\"3620\"}}"), 200);
    assert_int_equal(browser_do(&b, "DELETE", "/session", NULL), 204);
    browser_sign_in(&again, f);
    assert_int_equal(
        browser_post(&again, "/orders", "{\"project\":\"aml-reporting\",\"type\":\"new\"}"), 200);
    assert_string_equal(browser_text(&again, "order"), order);
    assert_int_equal(browser_get(&again, path_of(&again, order, "/form")), 200);
    assert_string_equal(browser_text(&again, "sections.1.questions.1.fields.1.value"), "3620");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PORTAL_TEST(the_front_page_comes_from_the_profile),
        PORTAL_TEST(guides_and_texts_need_no_login),
        PORTAL_TEST(a_person_signs_in_with_both_codes),
        PORTAL_TEST(a_project_is_signed_in_to_by_its_own_ways),
        PORTAL_TEST(who_is_not_registered_is_sent_to_the_registration),
        PORTAL_TEST(wrong_codes_are_answered_alike),
        PORTAL_TEST(behind_https_only_host_cookies_count),
        PORTAL_TEST(too_early_says_the_day),
        PORTAL_TEST(too_many_tries_are_stopped),
        PORTAL_TEST(changes_need_the_token),
        PORTAL_TEST(a_change_from_another_sites_page_is_refused),
        PORTAL_TEST(a_running_order_is_named),
        PORTAL_TEST(signed_out_is_signed_out),
        PORTAL_TEST(an_order_is_begun_filled_in_checked_and_submitted),
        PORTAL_TEST(another_persons_order_is_not_found),
        PORTAL_TEST(what_the_regulator_approved_cannot_be_changed),
        PORTAL_TEST(a_wrong_value_is_told_and_kept),
        PORTAL_TEST(a_fresh_question_opens_without_errors),
        PORTAL_TEST(values_are_mended_and_shown),
        PORTAL_TEST(a_second_tab_is_told_what_is_stored),
        PORTAL_TEST(bad_requests_name_the_field),
        PORTAL_TEST(submitting_what_is_missing_names_each_field),
        PORTAL_TEST(an_unpaid_order_can_be_cancelled),
        PORTAL_TEST(a_paid_order_is_frozen),
        PORTAL_TEST(a_draft_is_there_after_signing_in_again),
    };
    return cmocka_run_group_tests_name("portal", tests, NULL, NULL);
}
