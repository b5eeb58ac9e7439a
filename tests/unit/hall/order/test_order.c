/* Orders on a real database: begun, filled in, submitted, cancelled, timed out (requirements 10.1). */
#include "order_fixture.h"

#include "base/json.h"
#include "base/text.h"
#include "hall/account/account.h"
#include "hall/intake/intake.h"
#include "hall/order/order_priv.h"
#include "hall/outbox/outbox_priv.h"
#include "hall/project/project.h"
#include "hall/task/task.h"

#include <string.h>

static int app_of(const struct order *o)
{
    return o->states.at[FLOW_APPLICATION];
}

/* A1, S0-18: the draft begins with what the regulator approved. */
static void a_new_order_is_prefilled(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    struct hall_tx tx;
    struct form *form = arena_alloc(o->f->arena, sizeof *form);
    assert_int_equal(app_of(&order), FLOW_APPLICATION_DRAFT);
    assert_int_equal(order.amount_fen, 30000);
    assert_true(order.id > INT64_C(1000000000000000000)); /* 19 digits */
    hall_read(o->f, &tx);
    assert_ok(form_read(&tx, order.id, order.rules_of, order.type, form, &o->e), &o->e);
    hall_end(&tx);
    assert_string_equal(form_get(form, "application.institution_name"),
                        "泉州海丝供应链管理有限公司");
    assert_string_equal(form_get(form, "application.reporting_code"), "CN350503000017");
    assert_string_equal(form_get(form, "mailing.name"), "沈若琳");
    assert_string_equal(form_get(form, "invoice.title"), "泉州海丝供应链管理有限公司");
    assert_string_equal(form_original(form, "application.uscc"), "91350503MA2Y7K4H06");
    assert_null(form_original(form, "mailing.name"));
}

static void the_open_draft_is_given_again(void **state)
{
    struct order_fixture *o = *state;
    struct order first = order_begun(o), second;
    struct hall_tx tx;
    int fresh;
    hall_write(o->f, &o->shen, &tx);
    assert_ok(order_create(&tx, "aml-reporting", TYPE_NEW, &second, &fresh, &o->e), &o->e);
    hall_done(o->f, &tx);
    assert_int_equal(fresh, 0);
    assert_true(first.id == second.id);
}

/* Past its draft the order is in the way, for as long as it runs: that is said, and which one it is. */
static void while_an_order_runs_the_refusal_names_it(void **state)
{
    static const char *const at[] = {
        "application = application",
        "application = 'IN_PRODUCTION', payment = 'PAID', fulfilment = 'QUEUED'",
        "application = 'IN_PRODUCTION', payment = 'PAID', fulfilment = 'SHIPPED'",
    };
    struct order_fixture *o = *state;
    struct order running = order_submitted(o, NULL), order;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct hall_tx tx;
        int fresh;
        hall_tamper(o->f, arena_fmt(o->f->arena, "UPDATE orders SET %s", at[i]));
        hall_write(o->f, &o->shen, &tx);
        assert_err(ERR_ORDER_RUNNING,
                   order_create(&tx, "aml-reporting", TYPE_NEW, &order, &fresh, &o->e));
        hall_end(&tx);
        assert_int_equal(err_http_status(o->e.code), 409);
        assert_string_equal(o->e.arg[0].name, "order");
        assert_string_equal(o->e.arg[0].value,
                            arena_fmt(o->f->arena, "%lld", (long long)running.id));
    }
}

/* S0-17: before the second working day nothing can be begun, and the refusal says the day. */
static void a_code_is_usable_from_the_second_working_day(void **state)
{
    struct order_fixture *o = *state;
    struct hall_tx tx;
    struct order order;
    char text[400];
    int fresh;
    hall_at(o->f, "2026-09-04T23:59:00+08:00"); /* Friday: the first working day */
    hall_write(o->f, &o->shen, &tx);
    assert_err(ERR_CODE_TOO_EARLY,
               order_create(&tx, "aml-reporting", TYPE_NEW, &order, &fresh, &o->e));
    hall_end(&tx);
    err_message(&o->e, LANG_ZH, text, sizeof text);
    assert_non_null(strstr(text, "9月7日（周一）"));
    hall_at(o->f, "2026-09-07T00:00:00+08:00");
    order_begun(o);
}

static void a_business_that_is_off_is_refused(void **state)
{
    struct order_fixture *o = *state;
    struct hall_tx tx;
    struct order order;
    int fresh;
    hall_write(o->f, &o->shen, &tx);
    assert_err(ERR_ORDER_TYPE_CLOSED,
               order_create(&tx, "aml-reporting", TYPE_RENEW, &order, &fresh, &o->e));
    hall_end(&tx);
}

/* A3a, A3b, A4: create → save → check → submit → AWAIT_PAY; the price is frozen for seven days (G-33). */
static void a_filled_order_is_submitted_and_awaits_payment(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    assert_int_equal(app_of(&order), FLOW_APPLICATION_AWAIT_PAY);
    assert_int_equal(order.states.at[FLOW_PAYMENT], FLOW_PAYMENT_UNPAID);
    assert_int_equal(order.revision, 1);
    assert_string_equal(order.agreement, "1"); /* G-26 */
    assert_int_equal(order.group, ORDER_YOURS);
    assert_int_equal(order.kept_until, 0);
    assert_int_equal(time_china_day(order.price_until), time_day_from_parts(2026, 9, 14));
    struct order again = order_now_of(o, order.id);
    assert_int_equal(app_of(&again), FLOW_APPLICATION_AWAIT_PAY);
    assert_int_equal(again.states.at[FLOW_PAYMENT], FLOW_PAYMENT_UNPAID);
    assert_int_equal(again.version, order.version);
}

static enum err submit(struct order_fixture *o, int64_t id, const char *agreement, int64_t seen,
                       struct form_problems *problems)
{
    struct hall_tx tx;
    struct order order;
    struct order_submit s = {.id = id, .seen = seen, .agreement = agreement, .consent = 1};
    hall_write(o->f, &o->shen, &tx);
    enum err done = order_submit(&tx, &s, &order, problems, &o->e);
    if (done == ERR_OK)
        hall_done(o->f, &tx);
    hall_end(&tx);
    return done;
}

static void submitting_names_all_that_is_missing(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    struct form_problems *problems = arena_alloc(o->f->arena, sizeof *problems);
    assert_err(ERR_ORDER_INCOMPLETE, submit(o, order.id, "1", 0, problems));
    assert_int_equal(problems->n, 2);
    assert_string_equal(problems->item[0].info.field, "mailing.address");
    assert_int_equal(problems->item[0].question, 2);
    assert_string_equal(problems->item[1].info.field, "mailing.postcode");
    order = order_now_of(o, order.id);
    assert_int_equal(app_of(&order), FLOW_APPLICATION_DRAFT);
}

/* Another version than the one that is valid today is no consent. */
static void submitting_needs_consent_to_the_present_agreement(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    struct form_problems *problems = arena_alloc(o->f->arena, sizeof *problems);
    order_fill(o, order.id, NULL);
    assert_err(ERR_ORDER_CONSENT, submit(o, order.id, "0", 0, problems));
    assert_err(ERR_ORDER_CONSENT, submit(o, order.id, NULL, 0, problems));
    assert_err(ERR_OK, submit(o, order.id, "1", 0, problems));
}

/* What was saved after the check page was read has not been checked. */
static void submitting_what_was_not_checked_is_refused(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    struct form_problems *problems = arena_alloc(o->f->arena, sizeof *problems);
    order_fill(o, order.id, NULL);
    int64_t seen = order_now_of(o, order.id).version;
    const struct form_value typed[] = {{.name = "mailing.postcode", .value = "350001"}};
    assert_ok(order_typed(o, order.id, "mailing", -1, 1, typed, 1, NULL), &o->e);
    assert_err(ERR_CONFLICT, submit(o, order.id, "1", seen, problems));
    assert_err(ERR_OK, submit(o, order.id, "1", seen + 1, problems));
}

static void after_submitting_nothing_can_be_changed(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    const struct form_value typed[] = {{.name = "mailing.postcode", .value = "350001"}};
    assert_err(ERR_ORDER_NO_EDIT, order_typed(o, order.id, "mailing", -1, 0, typed, 1, NULL));
}

static size_t tasks_of(struct order_fixture *o, int64_t order, const char *kind)
{
    struct hall_tx tx;
    const struct task *list;
    size_t n;
    struct task_filter filter = {.order = order, .kind = kind, .limit = 50};
    hall_read(o->f, &tx);
    assert_ok(task_list(&tx, &filter, &list, &n, &o->e), &o->e);
    hall_end(&tx);
    return n;
}

/* S0-21, C-07: the name goes on the order; the regulator gets a task, because only he can put it into the certificate. */
static void a_changed_name_asks_the_regulator(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, "泉州海丝供应链有限公司");
    assert_int_equal(order.name_changed, 1);
    assert_string_equal(order.institution_name, "泉州海丝供应链有限公司");
    assert_int_equal(tasks_of(o, order.id, "name_change"), 1);
    assert_non_null(strstr(order_json(o, order.id, LANG_ZH), "\"name_change\":\""));
}

struct notices {
    int mails, sms;
    char mail[8192], message[8192];
};

static enum err catch_notice(const struct hall *h, const struct outbox_row *row, struct arena *a,
                             const char **answer, void *arg, struct err_info *e)
{
    struct notices *got = arg;
    _auto_json body = NULL;
    (void)h;
    (void)a;
    (void)answer;
    TRY(json_parse(row->body, strlen(row->body), &body, e));
    if (strcmp(row->kind, "mail") == 0) {
        snprintf(got->mail, sizeof got->mail, "%s", json_opt_text(body, "text", ""));
        got->mails++;
    } else {
        got->sms++;
    }
    return ERR_OK;
}

static struct notices notices_of(struct order_fixture *o)
{
    struct notices got = {0};
    struct outbox_kind kinds[] = {{.kind = "mail", .deliver = catch_notice, .arg = &got},
                                  {.kind = "sms", .deliver = catch_notice, .arg = &got}};
    _auto(outbox) box = NULL;
    struct hall_tx tx;
    const struct order_message *list;
    size_t n;
    int done;
    assert_ok(outbox_start(o->h, kinds, 2, 0, &box, &o->e), &o->e);
    assert_ok(outbox_run(box, &done, &o->e), &o->e);
    hall_read(o->f, &tx);
    assert_ok(order_message_list(&tx, o->account, INT64_MAX, 20, &list, &n, &o->e), &o->e);
    for (size_t i = 0, at = 0; i < n; at += strlen(list[i].text), i++)
        snprintf(got.message + at, sizeof got.message - at, "%s", list[i].text);
    hall_end(&tx);
    return got;
}

/* S0-22: a name of 100 characters, which half-width brackets shift by an octet. */
static void a_name_of_a_hundred_characters_goes_through_whole(void **state)
{
    struct order_fixture *o = *state;
    const char *name =
        "泉州(海丝)供应链管理一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九"
        "十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九";
    assert_int_equal(text_chars(name), 100);
    struct order order = order_submitted(o, name);
    struct notices got = notices_of(o);
    assert_int_equal(got.mails, 1);
    assert_non_null(strstr(got.mail, name));
    assert_true(strlen(got.message) > 0 && text_is_utf8(got.message, strlen(got.message)));
    struct hall_tx tx;
    hall_write(o->f, &hall_system, &tx);
    assert_ok(order_intake_hooks.done(&tx, o->account, REGLIST_WITHDRAW, &o->e), &o->e);
    hall_done(o->f, &tx);
    order = order_now_of(o, order.id);
    assert_int_equal(app_of(&order), FLOW_APPLICATION_REFUSED);
    assert_true(notices_of(o).mails > 0);
}

static void an_unchanged_name_asks_nobody(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    assert_int_equal(order.name_changed, 0);
    assert_int_equal(tasks_of(o, order.id, "name_change"), 0);
}

/* A26 */
static void a_draft_can_be_given_up_and_begun_anew(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    assert_err(ERR_OK, order_event(o, order.id, EVENT_APP_CANCEL, &o->shen, NULL));
    order = order_now_of(o, order.id);
    assert_int_equal(app_of(&order), FLOW_APPLICATION_CANCELLED);
    assert_int_equal(order.group, ORDER_ENDED);
    struct order next = order_begun(o);
    assert_true(next.id != order.id);
}

/* Two who read the same version: one is refused and nothing of his stays. */
static void a_stale_version_is_a_conflict(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    struct order_input in = {.version = order.version};
    order_fill(o, order.id, NULL);
    assert_err(ERR_CONFLICT, order_event(o, order.id, EVENT_APP_CANCEL, &o->shen, &in));
    assert_int_equal(order_now_of(o, order.id).states.at[FLOW_APPLICATION], FLOW_APPLICATION_DRAFT);
}

static void anothers_order_is_not_there(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o), got;
    struct hall_tx tx;
    int64_t other;
    order_person(o, "linlan", &other);
    hall_read(o->f, &tx);
    assert_err(ERR_NOT_FOUND, order_get_of(&tx, order.id, other, &got, &o->e));
    assert_ok(order_get_of(&tx, order.id, o->account, &got, &o->e), &o->e);
    hall_end(&tx);
}

/* A draft that nobody touches is kept for the profile's 30 days, counted from the last save. */
static void a_draft_lapses_after_thirty_days(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    int done;
    hall_at(o->f, "2026-09-17T09:00:00+08:00");
    order_fill(o, order.id, NULL);
    hall_at(o->f, "2026-10-10T09:00:00+08:00");
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(order_now_of(o, order.id).states.at[FLOW_APPLICATION], FLOW_APPLICATION_DRAFT);
    hall_at(o->f, "2026-10-18T00:00:00+08:00");
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(done, 1);
    assert_int_equal(order_now_of(o, order.id).states.at[FLOW_APPLICATION],
                     FLOW_APPLICATION_CANCELLED);
}

/* C6, A31: withdrawn by the regulator, an open order stops. */
static void a_withdrawn_code_stops_the_draft(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    struct hall_tx tx;
    hall_write(o->f, &hall_system, &tx);
    assert_ok(order_intake_hooks.may(&tx, o->account, REGLIST_WITHDRAW, &o->e), &o->e);
    assert_ok(account_withdraw(&tx, o->account, &o->e), &o->e);
    assert_ok(order_intake_hooks.done(&tx, o->account, REGLIST_WITHDRAW, &o->e), &o->e);
    hall_done(o->f, &tx);
    order = order_now_of(o, order.id);
    assert_int_equal(app_of(&order), FLOW_APPLICATION_REFUSED);
}

/* C5: the draft follows a correction; what the applicant typed stays. */
static void a_correction_reaches_the_draft(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    struct hall_tx tx;
    struct form *form = arena_alloc(o->f->arena, sizeof *form);
    struct account_change c = {.institution = o->institution,
                               .handler = "沈若云",
                               .mobile = "13805952799",
                               .email = "shen.ruoyun@haisi.example"};
    order_fill(o, order.id, NULL);
    hall_write(o->f, &hall_system, &tx);
    assert_ok(order_intake_hooks.may(&tx, o->account, REGLIST_CORRECT, &o->e), &o->e);
    assert_ok(account_correct(&tx, o->account, &c, &o->e), &o->e);
    assert_ok(order_intake_hooks.done(&tx, o->account, REGLIST_CORRECT, &o->e), &o->e);
    hall_done(o->f, &tx);
    hall_read(o->f, &tx);
    assert_ok(form_read(&tx, order.id, order.rules_of, order.type, form, &o->e), &o->e);
    hall_end(&tx);
    assert_string_equal(form_get(form, "application.handler"), "沈若云");
    assert_string_equal(form_get(form, "mailing.postcode"), "362000");
}

/* Invariant 10: what a person sees follows from states and clocks, in both languages. */
static void the_page_says_who_has_it_and_what_comes(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    const char *draft = order_json(o, order.id, LANG_ZH);
    assert_non_null(strstr(draft, "还差 1 项"));
    assert_non_null(strstr(draft, "\"code\":\"continue\""));
    order_fill(o, order.id, NULL);
    assert_non_null(strstr(order_json(o, order.id, LANG_ZH), "\"code\":\"check\""));
    struct form_problems *problems = arena_alloc(o->f->arena, sizeof *problems);
    assert_err(ERR_OK, submit(o, order.id, "1", 0, problems));
    const char *zh = order_json(o, order.id, LANG_ZH), *en = order_json(o, order.id, LANG_EN);
    assert_non_null(strstr(zh, "待支付 300.00 元"));
    assert_non_null(strstr(zh, "9月14日（周一）前付款，价格不变。"));
    assert_non_null(strstr(zh, "\"code\":\"pay\""));
    assert_non_null(strstr(zh, "短信 138****2716"));
    assert_null(strstr(zh, "\"tasks\""));
    assert_non_null(strstr(en, "Payment due CNY 300.00"));
    assert_non_null(strstr(en, "\"text\":\"you\""));
}

/* '{' and a letter: no JSON of ours has that but a placeholder that nobody filled. */
static int has_placeholder(const char *json)
{
    for (const char *p = json; (p = strchr(p, '{')) != NULL; p++)
        if (p[1] >= 'a' && p[1] <= 'z')
            return 1;
    return 0;
}

/* S0-26, invariant 10: whenever it is asked for, in every state of every region: words, and no hole in a sentence. */
static void every_state_has_its_words(void **state)
{
    static const struct {
        enum flow_machine machine;
        const char *column;
    } regions[] = {{FLOW_APPLICATION, "application"},
                   {FLOW_PAYMENT, "payment"},
                   {FLOW_FULFILMENT, "fulfilment"},
                   {FLOW_INVOICE, "invoice"}};
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    for (size_t r = 0; r < sizeof regions / sizeof *regions; r++)
        for (int s = 1; s < flow_state_count(regions[r].machine); s++) {
            const char *name = flow_state_name(regions[r].machine, s);
            if (flow_is_passing(regions[r].machine, s))
                continue;
            hall_tamper(o->f, "UPDATE orders SET application = 'IN_PRODUCTION', payment = 'PAID', "
                              "fulfilment = 'QUEUED', invoice = 'BATCHED'");
            hall_tamper(o->f, arena_fmt(o->f->arena, "UPDATE orders SET %s = '%s'",
                                        regions[r].column, name));
            for (int lang = LANG_ZH; lang <= LANG_EN; lang++) {
                const char *page = order_json(o, order.id, (enum lang)lang);
                if (has_placeholder(page) || strstr(page, "\"text\":\"\""))
                    print_error("%s %s: %s\n", regions[r].column, name, page);
                assert_false(has_placeholder(page));
                assert_null(strstr(page, "\"text\":\"\""));
            }
        }
}

static void lists_are_paged_by_key_and_filtered(void **state)
{
    struct order_fixture *o = *state;
    struct hall_tx tx;
    const struct order *list;
    struct order_counts counts;
    size_t n;
    int64_t last = 0;
    for (int i = 0; i < 3; i++) {
        struct order order = order_begun(o);
        assert_err(ERR_OK, order_event(o, order.id, EVENT_APP_CANCEL, &o->shen, NULL));
    }
    struct order open = order_begun(o);
    struct order_filter f = {.account = o->account, .group = -1, .limit = 2};
    hall_read(o->f, &tx);
    assert_ok(order_list(&tx, &f, &list, &n, &o->e), &o->e);
    assert_int_equal(n, 2);
    assert_true(list[0].id == open.id && list[1].id < list[0].id);
    last = list[1].id;
    f.before = last;
    assert_ok(order_list(&tx, &f, &list, &n, &o->e), &o->e);
    assert_int_equal(n, 2);
    assert_true(list[0].id < last);
    f = (struct order_filter){.account = o->account, .group = ORDER_ENDED, .limit = 50};
    assert_ok(order_list(&tx, &f, &list, &n, &o->e), &o->e);
    assert_int_equal(n, 3);
    f = (struct order_filter){.group = -1, .q = "海丝", .limit = 50};
    assert_ok(order_list(&tx, &f, &list, &n, &o->e), &o->e);
    assert_int_equal(n, 4);
    f.q = arena_fmt(o->f->arena, "%.7s", arena_fmt(o->f->arena, "%lld", (long long)open.id));
    assert_ok(order_list(&tx, &f, &list, &n, &o->e), &o->e);
    assert_int_equal(n, 4); /* made within the same minutes */
    f.q = arena_fmt(o->f->arena, "%lld", (long long)open.id);
    assert_ok(order_list(&tx, &f, &list, &n, &o->e), &o->e);
    assert_int_equal(n, 1);
    f.account = o->account;
    f.q = "海丝";
    assert_ok(order_list(&tx, &f, &list, &n, &o->e), &o->e);
    assert_int_equal(n, 4);
    f.account = 0;
    f.q = "100%";
    assert_ok(order_list(&tx, &f, &list, &n, &o->e), &o->e);
    assert_int_equal(n, 0);
    assert_ok(order_count(&tx, o->account, &counts, &o->e), &o->e);
    hall_end(&tx);
    assert_int_equal(counts.yours, 1);
    assert_int_equal(counts.ended, 3);
}

static void the_log_tells_what_happened(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    struct hall_tx tx;
    const struct order_log *log;
    size_t n;
    hall_read(o->f, &tx);
    assert_ok(order_log_list(&tx, order.id, 0, 50, &log, &n, &o->e), &o->e);
    hall_end(&tx);
    assert_int_equal(n, 2);
    assert_string_equal(log[0].text, "提交业务单，应付 300.00 元");
    assert_string_equal(log[0].who, "沈若琳");
    assert_string_equal(log[1].text, "开始填写业务单");
}

/* No code of the flow is shown to anybody. */
static void every_event_has_a_name(void **state)
{
    (void)state;
    for (int ev = EVENT_NONE + 1; ev < EVENT_COUNT; ev++)
        for (int lang = LANG_ZH; lang <= LANG_EN; lang++) {
            const char *name = order_event_text((enum flow_event)ev, (enum lang)lang);
            if (!*name || strchr(name, '{'))
                print_error("%s\n", flow_event_name((enum flow_event)ev));
            assert_true(*name && !strchr(name, '{'));
        }
    assert_string_equal(order_event_text(EVENT_NONE, LANG_ZH), "");
}

/* Where flow says that a row is built, the engine has a function for each of its effects: otherwise a project that switches
 * the row on would be refused in the middle of an order. */
static void every_built_row_has_its_effects(void **state)
{
    struct order_fixture *o = *state;
    const struct flow_rules *rules = &projects_find(o->projects, "aml-reporting")->rules;
    for (int m = 0; m < FLOW_MACHINES; m++) {
        int n;
        const struct flow_row *rows = flow_rows((enum flow_machine)m, &n);
        if (m == FLOW_CODE) /* the account moves codes itself; C5 alone is an order's */
            continue;
        for (int i = 0; i < n; i++)
            for (int f = 0; f < FLOW_ROW_EFFECTS_MAX && rows[i].effect[f].effect; f++) {
                enum flow_effect effect = (enum flow_effect)rows[i].effect[f].effect;
                if (!rows[i].built || !flow_row_on(rules, &rows[i]))
                    continue;
                if (!order_effect_of(effect))
                    print_error("%s: %s\n", rows[i].id, flow_effect_name(effect));
                assert_non_null(order_effect_of(effect));
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ORDER_TEST(a_new_order_is_prefilled),
        ORDER_TEST(the_open_draft_is_given_again),
        ORDER_TEST(while_an_order_runs_the_refusal_names_it),
        ORDER_TEST(a_code_is_usable_from_the_second_working_day),
        ORDER_TEST(a_business_that_is_off_is_refused),
        ORDER_TEST(a_filled_order_is_submitted_and_awaits_payment),
        ORDER_TEST(submitting_names_all_that_is_missing),
        ORDER_TEST(submitting_needs_consent_to_the_present_agreement),
        ORDER_TEST(submitting_what_was_not_checked_is_refused),
        ORDER_TEST(after_submitting_nothing_can_be_changed),
        ORDER_TEST(a_changed_name_asks_the_regulator),
        ORDER_TEST(a_name_of_a_hundred_characters_goes_through_whole),
        ORDER_TEST(an_unchanged_name_asks_nobody),
        ORDER_TEST(a_draft_can_be_given_up_and_begun_anew),
        ORDER_TEST(a_stale_version_is_a_conflict),
        ORDER_TEST(anothers_order_is_not_there),
        ORDER_TEST(a_draft_lapses_after_thirty_days),
        ORDER_TEST(a_withdrawn_code_stops_the_draft),
        ORDER_TEST(a_correction_reaches_the_draft),
        ORDER_TEST(the_page_says_who_has_it_and_what_comes),
        ORDER_TEST(every_state_has_its_words),
        ORDER_TEST(lists_are_paged_by_key_and_filtered),
        ORDER_TEST(the_log_tells_what_happened),
        ORDER_TEST(every_event_has_a_name),
        ORDER_TEST(every_built_row_has_its_effects),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
