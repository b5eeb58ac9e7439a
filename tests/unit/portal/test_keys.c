/* UKeys, codes by SMS, jobs of the agent and invoices over real HTTP, with a real ca, a real kmc and the real agent
 * (requirements §10.5 T4, K3; S0-33; design §6). */
#include "portal_fixture.h"
#include "whole.h"

#include "base/sys.h"
#include "hall/invoice/invoice.h"
#include "hall/session/session.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

struct keys {
    struct whole *w;
    struct portal_fixture f; /* its browsers speak to the portal in front of the whole bench */
    struct invoice_local *local;
};

static int keys_setup(void **state)
{
    struct keys *k = mem_alloc(sizeof *k);
    void *inner;
    struct err_info e;
    assert_int_equal(whole_setup(&inner), 0);
    k->w = inner;
    k->f.o = &k->w->o;
    const struct invoice_local_options invoices = {
        .seller = "证书服务中心", .seller_tax_no = "91350100MA00000000", .region = "35"};
    assert_ok(invoice_local_new(&invoices, &k->local, &e), &e);
    k->w->h->invoice = invoice_local_provider(k->local);
    portal_open(&k->f);
    *state = k;
    return 0;
}

static int keys_teardown(void **state)
{
    struct keys *k = *state;
    void *inner = k->w;
    portal_close(&k->f);
    whole_teardown(&inner);
    invoice_local_free(k->local);
    free(k);
    return 0;
}
#define KEYS(t) cmocka_unit_test_setup_teardown(t, keys_setup, keys_teardown)

/* A browser in which this account has signed in by code. */
static void open_as(struct keys *k, struct browser *b, int64_t account)
{
    struct hall_tx tx;
    struct session s;
    const char *token;
    browser_open(b, &k->f);
    hall_write(k->w->f, &hall_system, &tx);
    assert_ok(session_open(&tx, SESSION_APPLICANT, account, P, "code", &token, &s, &k->w->e),
              &k->w->e);
    hall_done(k->w->f, &tx);
    size_t n = strlen(b->cookie);
    snprintf(b->cookie + n, sizeof b->cookie - n, "certhall=%s; ", token);
    snprintf(b->csrf, sizeof b->csrf, "%s", s.csrf);
}

/* Another person of the same institution. */
static int64_t somebody_else(struct keys *k)
{
    int64_t id;
    order_person(&k->w->o, "linlan", &id);
    return id;
}

static void refresh(struct browser *b)
{
    assert_int_equal(browser_get(b, "/session"), 200);
    snprintf(b->csrf, sizeof b->csrf, "%s", browser_text(b, "csrf"));
}

static const char *say(struct keys *k, const char *format, const char *a, const char *b)
{
    struct buf out;
    buf_init(&out, 4096);
    for (; *format; format++) {
        if (*format != '@' && *format != '#')
            buf_byte(&out, (uint8_t)*format);
        else
            buf_text(&out, *format == '@' ? a : b);
    }
    const char *text = arena_text(k->w->a, buf_cstr(&out));
    buf_clear(&out);
    return text;
}

static const char *kept(struct browser *b, const char *path)
{
    return arena_text(b->f->o->f->arena, browser_text(b, path));
}

/* The six digits of the profile's own text. */
static const char *sms_digits(struct keys *k)
{
    static const char before[] = "验证码 ";
    const char *found = NULL;
    struct dirent *d;
    int done;
    assert_ok(outbox_run(k->w->post, &done, &k->w->e), &k->w->e);
    DIR *dir = opendir(k->w->outbox);
    assert_non_null(dir);
    while ((d = readdir(dir)) && !found) {
        struct bytes text;
        const char *path = arena_fmt(k->w->a, "%s/%s", k->w->outbox, d->d_name);
        if (d->d_name[0] == '.')
            continue;
        assert_ok(file_read(k->w->a, path, 65536, &text, &k->w->e), &k->w->e);
        const char *at = strstr((const char *)text.p, before);
        found = at ? arena_text_n(k->w->a, at + strlen(before), 6) : NULL;
    }
    closedir(dir);
    assert_non_null(found);
    return found;
}

/* "certhall:<server-id>/<ticket>": the agent finds the hall by the name in its own list. */
static const char *ticket_of(struct browser *b)
{
    const char *link = kept(b, "link");
    static const char before[] = "certhall:bench-7/";
    assert_true(strncmp(link, before, sizeof before - 1) == 0);
    return link + sizeof before - 1;
}

/* Send, read, type: a code that is good for one job. */
static const char *verified_sms(struct keys *k, struct browser *b)
{
    assert_int_equal(
        browser_post(b, "/sms", "{\"purpose\":\"activate\",\"serial\":\"" SERIAL "\"}"), 201);
    const char *id = kept(b, "id");
    assert_int_equal(browser_post(b, say(k, "/sms/@/verify", id, ""),
                                  say(k, "{\"code\":\"@\"}", sms_digits(k), "")),
                     200);
    assert_true(json_is_true(browser_at(b, "verified")));
    return id;
}

static int activate(struct keys *k, struct browser *b, const char *sms)
{
    return browser_post(b, "/jobs",
                        say(k,
                            "{\"kind\":\"activate\",\"project\":\"" P "\",\"serial\":\"" SERIAL
                            "\",\"sms_id\":\"@\"}",
                            sms, ""));
}

static int finish(struct keys *k, struct browser *b, const struct agent_run *r)
{
    return browser_post(b, "/jobs/finish", say(k, "{\"token\":\"@\"}", whole_token(k->w, r), ""));
}

/* ---- keys ---- */

/* S0-29: on the bench it is nobody's yet. */
static void a_ukey_that_was_not_sent_is_not_shown(void **state)
{
    struct keys *k = *state;
    _auto_browser b;
    whole_made(k->w);
    open_as(k, &b, k->w->o.account);
    assert_int_equal(browser_get(&b, "/keys"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 0);
    assert_int_equal(browser_get(&b, "/keys/" SERIAL), 404);
}

static void a_ukey_tells_what_can_be_done(void **state)
{
    struct keys *k = *state;
    _auto_browser b, other;
    whole_sent(k->w);
    open_as(k, &b, k->w->o.account);
    assert_int_equal(browser_get(&b, "/keys"), 200);
    assert_string_equal(browser_text(&b, "items.0.serial_text"), "FX26 0007 1182");
    assert_string_equal(browser_text(&b, "items.0.state"), "ISSUED");
    assert_string_equal(browser_text(&b, "items.0.actions.0.code"), "activate");
    assert_int_equal(strlen(browser_text(&b, "items.0.certificate.serial")) > 8, 1);
    assert_int_equal(browser_get(&b, "/keys/fx2600071182"), 200); /* as typed */
    assert_string_equal(browser_text(&b, "pin_rule"), "6–16 位，至少两种字符");
    assert_string_equal(browser_text(&b, "mobile_masked"), "138****1234");
    assert_true(json_is_false(browser_at(&b, "pin_set")));
    assert_string_equal(browser_text(&b, "history.0.text"), "已发出");
    assert_null(browser_at(&b, "history.0.detail")); /* the console's */
    assert_int_equal(browser_get(&b, "/keys/FX2600071183"), 404);
    open_as(k, &other, somebody_else(k));
    assert_int_equal(browser_get(&other, "/keys/" SERIAL), 404);
    assert_int_equal(browser_get(&other, "/keys"), 200);
    assert_int_equal(json_array_size(browser_at(&other, "items")), 0);
}

/* K11: a UKey whose certificate is revoked is in order itself, and of no use. */
static void a_ukey_with_a_revoked_certificate_says_so(void **state)
{
    struct keys *k = *state;
    _auto_browser b;
    whole_sent(k->w);
    open_as(k, &b, k->w->o.account);
    hall_tamper(k->w->f, "UPDATE certificate SET state = 'REVOKED'");
    assert_int_equal(browser_get(&b, "/keys"), 200);
    assert_string_equal(browser_text(&b, "items.0.text"), "证书已吊销");
    assert_string_equal(browser_text(&b, "items.0.tone"), "err");
    assert_int_equal(json_array_size(browser_at(&b, "items.0.actions")), 0);
    assert_int_equal(browser_get(&b, "/keys/" SERIAL), 200);
    assert_non_null(strstr(browser_text(&b, "note"), "已吊销"));
    assert_int_equal(json_array_size(browser_at(&b, "actions")), 0);
}

/* ---- the first PIN ---- */

/* T4: a verified code is good for one job of this browser, and its six digits can be tried five times. */
static void a_first_pin_wants_a_code_by_sms(void **state)
{
    struct keys *k = *state;
    _auto_browser b;
    whole_sent(k->w);
    open_as(k, &b, k->w->o.account);
    assert_int_equal(activate(k, &b, ""), 403);
    assert_string_equal(browser_text(&b, "code"), "job.sms");
    assert_int_equal(
        browser_post(&b, "/sms", "{\"purpose\":\"greeting\",\"serial\":\"" SERIAL "\"}"), 400);
    assert_int_equal(
        browser_post(&b, "/sms", "{\"purpose\":\"activate\",\"serial\":\"FX2600071183\"}"), 409);
    assert_int_equal(
        browser_post(&b, "/sms", "{\"purpose\":\"activate\",\"serial\":\"" SERIAL "\"}"), 201);
    assert_string_equal(browser_text(&b, "to"), "138****1234");
    const char *id = kept(&b, "id"), *right = sms_digits(k);
    const char *wrong = strcmp(right, "000000") != 0 ? "000000" : "000001";
    assert_int_equal(
        browser_post(&b, say(k, "/sms/@/verify", id, ""), say(k, "{\"code\":\"@\"}", wrong, "")),
        422);
    assert_string_equal(browser_text(&b, "code"), "otp.wrong");
    assert_int_equal(browser_number(&b, "tries_left"), 4);
    assert_int_equal(activate(k, &b, id), 403); /* sent, not verified */
    assert_int_equal(
        browser_post(&b, say(k, "/sms/@/verify", id, ""), say(k, "{\"code\":\"@\"}", right, "")),
        200);
    assert_int_equal(activate(k, &b, id), 201);
    assert_int_equal(activate(k, &b, id), 403); /* used */
}

static void the_user_sets_the_first_pin_in_the_browser_that_began(void **state)
{
    struct keys *k = *state;
    _auto_browser b, other;
    whole_sent(k->w);
    open_as(k, &b, k->w->o.account);
    open_as(k, &other, k->w->o.account);
    assert_int_equal(activate(k, &b, verified_sms(k, &b)), 201);
    assert_string_equal(browser_text(&b, "state"), "waiting");
    assert_int_equal(strlen(browser_text(&b, "short_code")), 9);
    const char *job = kept(&b, "id"), *ticket = ticket_of(&b);
    struct agent_run r = agent_run(k->w, ticket, "pin Right-pin-1\npin Right-pin-1\n");
    assert_true(r.done);
    assert_int_equal(browser_get(&b, say(k, "/jobs/@", job, "")), 200);
    assert_string_equal(browser_text(&b, "state"), "finishing");
    assert_null(browser_at(&b, "link")); /* not repeated */
    assert_int_equal(finish(k, &other, &r), 409);
    assert_string_equal(browser_text(&other, "code"), "job.other_browser");
    assert_int_equal(browser_get(&other, say(k, "/jobs/@", job, "")), 404);
    assert_int_equal(whole_ukey(k->w), FLOW_UKEY_ISSUED);
    assert_int_equal(finish(k, &b, &r), 200);
    assert_string_equal(browser_text(&b, "job.state"), "done");
    assert_string_equal(browser_text(&b, "href"), "/aml-reporting/keys/" SERIAL);
    assert_null(browser_at(&b, "session"));
    assert_int_equal(browser_get(&b, "/keys/" SERIAL), 200);
    assert_string_equal(browser_text(&b, "state"), "ACTIVE");
    assert_true(json_is_true(browser_at(&b, "pin_set")));
    assert_string_equal(browser_text(&b, "actions.0.code"), "change_pin");
}

/* ---- signing in ---- */

#define LOGIN "{\"kind\":\"login\",\"project\":\"" P "\"}"

/* The UKey opens a session in the browser that asked, by its six digits or its finish page, and nowhere else. */
static void a_ukey_signs_in_where_it_was_begun(void **state)
{
    struct keys *k = *state;
    _auto_browser b, thief;
    whole_activated(k->w);
    browser_open(&b, &k->f);
    browser_open(&thief, &k->f);
    assert_int_equal(browser_post(&b, "/jobs", LOGIN), 201);
    const char *id = kept(&b, "id");
    struct agent_run r = agent_run(k->w, ticket_of(&b), "pin Right-pin-1\n");
    assert_true(r.done && r.digits);
    assert_int_equal(finish(k, &thief, &r), 409);
    refresh(&thief);
    assert_true(json_is_false(browser_at(&thief, "signed_in")));
    const char *path = say(k, "/jobs/@/finish-code", id, "");
    const char *wrong = strcmp(r.digits, "000000") != 0 ? "000000" : "000001";
    assert_int_equal(browser_post(&b, path, say(k, "{\"code\":\"@\"}", wrong, "")), 422);
    assert_int_equal(browser_number(&b, "tries_left"), 4);
    assert_int_equal(browser_post(&b, path, say(k, "{\"code\":\"@\"}", r.digits, "")), 200);
    assert_string_equal(browser_text(&b, "session.by"), "ukey");
    assert_string_equal(browser_text(&b, "session.person.name"), "沈若琳");
    assert_string_equal(browser_text(&b, "href"), "/aml-reporting/orders");
    refresh(&b);
    assert_true(json_is_true(browser_at(&b, "signed_in")));
    assert_int_equal(browser_get(&b, "/orders"), 200);
    assert_int_equal(finish(k, &b, &r), 200); /* the finish page comes second */
    assert_string_equal(browser_text(&b, "session.by"), "ukey");
}

/* Who signs in anew is not two people at once: the session before is over. */
static void signing_in_ends_the_session_before(void **state)
{
    struct keys *k = *state;
    _auto_browser b;
    whole_activated(k->w);
    open_as(k, &b, k->w->o.account);
    char before[sizeof b.cookie];
    assert_int_equal(browser_post(&b, "/jobs", LOGIN), 201);
    struct agent_run r = agent_run(k->w, ticket_of(&b), "pin Right-pin-1\n");
    memcpy(before, b.cookie, sizeof before);
    assert_int_equal(finish(k, &b, &r), 200);
    assert_string_not_equal(b.cookie, before);
    assert_int_equal(browser_get(&b, "/orders"), 200);
    memcpy(b.cookie, before, sizeof before);
    assert_int_equal(browser_get(&b, "/orders"), 401);
}

/* ---- jobs ---- */

static void only_the_users_own_jobs_can_be_made(void **state)
{
    struct keys *k = *state;
    _auto_browser b;
    browser_open(&b, &k->f);
    assert_int_equal(browser_post(&b, "/jobs", "{\"kind\":\"produce\",\"project\":\"" P "\"}"),
                     400);
    assert_int_equal(browser_post(&b, "/jobs", "{\"kind\":\"login\",\"project\":\"none\"}"), 404);
    assert_int_equal(browser_post(&b, "/jobs", "{\"kind\":\"change_pin\",\"project\":\"" P "\"}"),
                     403);
    assert_string_equal(browser_text(&b, "code"), "job.kind");
    assert_int_equal(browser_post(&b, "/jobs", "{\"kind\":\"identify\",\"project\":\"" P "\"}"),
                     201);
    const char *id = kept(&b, "id"), *link = kept(&b, "link");
    assert_int_equal(browser_post(&b, say(k, "/jobs/@/ticket", id, ""), NULL), 200);
    assert_string_not_equal(browser_text(&b, "link"), link);
    assert_int_equal(browser_post(&b, say(k, "/jobs/@/cancel", id, ""), NULL), 200);
    assert_string_equal(browser_text(&b, "state"), "cancelled");
    assert_int_equal(browser_post(&b, say(k, "/jobs/@/ticket", id, ""), NULL), 409);
    b.csrf[0] = 0;
    assert_int_equal(browser_post(&b, "/jobs", LOGIN), 403);
}

/* ---- invoices ---- */

/* S0-33: waiting for the batch, then to download; another's is not there. */
static void invoices_can_be_downloaded_once_issued(void **state)
{
    struct keys *k = *state;
    _auto_browser b, other;
    const struct actor wu = {BY_STAFF, 37, "吴海燕", "finance", "127.0.0.1"};
    open_as(k, &b, k->w->o.account);
    assert_int_equal(browser_get(&b, "/invoices"), 200);
    assert_int_equal(json_array_size(browser_at(&b, "items")), 1);
    assert_string_equal(browser_text(&b, "items.0.state"), "BATCHED");
    assert_int_equal(browser_number(&b, "items.0.amount_fen"), 30000);
    assert_string_equal(browser_text(&b, "items.0.due.date") + 8, "25"); /* S0-31 */
    const char *pdf = say(k, "/invoices/@/file", kept(&b, "items.0.id"), "");
    const char *xml = say(k, "@?format=xml", pdf, "");
    assert_int_equal(browser_get(&b, pdf), 404);
    assert_ok(order_event(&k->w->o, k->w->order, EVENT_INV_ISSUE, &wu, NULL), &k->w->o.e);
    assert_int_equal(browser_get(&b, pdf), 200);
    assert_memory_equal(b.body.p, "%PDF-", 5);
    assert_int_equal(browser_get(&b, xml), 200);
    assert_memory_equal(b.body.p, "<?xml", 5);
    assert_int_equal(browser_get(&b, say(k, "@?format=doc", pdf, "")), 400);
    assert_int_equal(browser_get(&b, "/invoices"), 200);
    assert_int_equal(strlen(browser_text(&b, "items.0.number")), 20);
    open_as(k, &other, somebody_else(k));
    assert_int_equal(browser_get(&other, pdf), 404);
    assert_int_equal(browser_get(&other, "/invoices"), 200);
    assert_int_equal(json_array_size(browser_at(&other, "items")), 0);
}

/* ---- messages ---- */

/* S0-29: courier, number and serial; whatever a text asks for is filled in, and no salutation is left over. */
static void messages_tell_what_happened(void **state)
{
    struct keys *k = *state;
    _auto_browser b;
    whole_sent(k->w);
    open_as(k, &b, k->w->o.account);
    assert_int_equal(browser_get(&b, "/messages"), 200);
    size_t n = json_array_size(browser_at(&b, "items"));
    assert_int_equal(n, 4); /* submitted, payment due, paid, sent */
    assert_int_equal(browser_number(&b, "unread"), 4);
    assert_non_null(strstr(browser_text(&b, "items.0.text"), "EMS EM123456789CN"));
    assert_non_null(strstr(browser_text(&b, "items.0.text"), "FX26 0007 1182"));
    for (size_t i = 0; i < n; i++) {
        const char *text = browser_text(&b, arena_fmt(k->w->a, "items.%zu.text", i));
        assert_null(strchr(text, '{'));
        assert_null(strstr(text, "，您好"));
        assert_null(strstr(text, " ，"));
        assert_null(strstr(text, "（）"));
        assert_non_null(strstr(text, i == 0 ? "UKey" : "月")); /* the others name a day */
    }
    assert_int_equal(
        browser_post(&b, "/messages/read", say(k, "{\"id\":\"@\"}", kept(&b, "items.1.id"), "")),
        204);
    assert_int_equal(browser_get(&b, "/messages?limit=1"), 200);
    assert_int_equal(browser_number(&b, "unread"), 1);
    assert_true(json_is_false(browser_at(&b, "items.0.read")));
    assert_int_equal(browser_get(&b, say(k, "/messages?after=@", kept(&b, "next"), "")), 200);
    assert_true(json_is_true(browser_at(&b, "items.0.read")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEYS(a_ukey_that_was_not_sent_is_not_shown),
        KEYS(a_ukey_tells_what_can_be_done),
        KEYS(a_ukey_with_a_revoked_certificate_says_so),
        KEYS(a_first_pin_wants_a_code_by_sms),
        KEYS(the_user_sets_the_first_pin_in_the_browser_that_began),
        KEYS(a_ukey_signs_in_where_it_was_begun),
        KEYS(signing_in_ends_the_session_before),
        KEYS(only_the_users_own_jobs_can_be_made),
        KEYS(invoices_can_be_downloaded_once_issued),
        KEYS(messages_tell_what_happened),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
