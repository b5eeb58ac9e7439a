/* Rules of the manual and settings of the profile, as an order on a real database obeys them. */
#include "order_fixture.h"

#include "hall/account/account.h"
#include "hall/delivery/delivery.h"
#include "hall/form/form.h"
#include "hall/invoice/invoice.h"
#include "hall/order/order_priv.h"
#include "hall/outbox/outbox.h"
#include "hall/project/project.h"
#include "hall/session/session.h"
#include "hall/task/task.h"
#include "store/store_priv.h"

#include <string.h>

static const struct actor bank = {BY_EXTERNAL, 0, "bank", "", ""};
static const struct actor su = {BY_STAFF, 50, "苏航", "project_admin", "127.0.0.1"};

static enum err pay(struct order_fixture *o, int64_t id, int64_t fen)
{
    const struct order_money m = {
        .method = "net_bank", .trade_no = "T1", .amount_fen = fen, .at = 1788750000000};
    struct order_input in = {.money = &m};
    order_hold(&in, GUARD_SIGNATURE_OK);
    return order_event(o, id, EVENT_PAY_SUCCESS, &bank, &in);
}

static struct order paid(struct order_fixture *o)
{
    struct order order = order_submitted(o, NULL);
    assert_ok(pay(o, order.id, 30000), &o->e);
    return order_now_of(o, order.id);
}

/* ---- S0-25 ---- */

static enum err cancel(struct order_fixture *o, int64_t id)
{
    struct hall_tx tx;
    struct order order;
    hall_write(o->f, &o->shen, &tx);
    enum err done = order_cancel(&tx, id, &order, &o->e);
    if (done == ERR_OK)
        hall_done(o->f, &tx);
    hall_end(&tx);
    return done;
}

static enum err type_into(struct order_fixture *o, int64_t id, const char *section,
                          const char *field, const char *value)
{
    const struct form_value typed[] = {{.name = field, .value = value}};
    return order_typed(o, id, section, -1, 1, typed, 1, NULL);
}

/* Every way an applicant, or anybody for him, could end or change the order. */
static void nothing_changes_it(struct order_fixture *o, const struct order *before)
{
    static const enum flow_event changes[] = {EVENT_APP_CANCEL, EVENT_APP_CLOSE_AND_NEW,
                                              EVENT_APP_REOPEN, EVENT_APP_EDIT,
                                              EVENT_PAY_REFUND_ASK};
    static const char *const fields[][3] = {
        {"application", "application.institution_name", "泉州海丝供应链有限公司"},
        {"mailing", "mailing.postcode", "350001"},
        {"invoice", "invoice.email", "other@haisi.example"}};
    assert_err(ERR_ORDER_FROZEN, cancel(o, before->id));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_err(ERR_ORDER_FROZEN,
                   type_into(o, before->id, fields[i][0], fields[i][1], fields[i][2]));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        assert_err(ERR_ORDER_FROZEN, order_event(o, before->id, changes[i], &o->shen, NULL));
        assert_err(ERR_ORDER_FROZEN, order_event(o, before->id, changes[i], &su, NULL));
    }
    struct order after = order_now_of(o, before->id);
    assert_int_equal(after.version, before->version);
    assert_int_equal(after.revision, before->revision);
    assert_memory_equal(&after.states, &before->states, sizeof after.states);
    assert_string_equal(after.institution_name, before->institution_name);
}

/* S0-25: paid, an order is neither cancelled nor changed, wherever it is on its way, to its end. */
static void a_paid_order_is_neither_cancelled_nor_changed(void **state)
{
    static const char *const stations[] = {"fulfilment = 'QUEUED'", "fulfilment = 'MADE'",
                                           "fulfilment = 'PACKED'", "fulfilment = 'SHIPPED'",
                                           "fulfilment = 'DONE', application = 'COMPLETED'"};
    struct order_fixture *o = *state;
    struct order order = paid(o);
    for (size_t i = 0; i < sizeof stations / sizeof *stations; i++) {
        hall_tamper(o->f, arena_fmt(o->f->arena, "UPDATE orders SET %s", stations[i]));
        struct order here = order_now_of(o, order.id);
        nothing_changes_it(o, &here);
    }
}

/* S0-25: money that came and is not yet booked holds the order as well: whoever paid too little cannot take it away. */
static void an_order_whose_money_is_being_looked_at_is_not_cancelled(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    assert_ok(pay(o, order.id, 29999), &o->e);
    assert_err(ERR_ORDER_FROZEN, cancel(o, order.id));
    assert_err(ERR_ORDER_FROZEN, order_event(o, order.id, EVENT_APP_CANCEL, &su, NULL));
    assert_err(ERR_ORDER_NO_EDIT, type_into(o, order.id, "mailing", "mailing.postcode", "350001"));
    order = order_now_of(o, order.id);
    assert_int_equal(order.states.at[FLOW_APPLICATION], FLOW_APPLICATION_AWAIT_PAY);
    assert_int_equal(order.states.at[FLOW_PAYMENT], FLOW_PAYMENT_CLAIMED);
}

/* ---- settings ---- */

/* C-04: only the profile's ways to pay. */
static void only_the_projects_methods_pay(void **state)
{
    static const char *const others[] = {"alipay", "wechat", "transfer", "cash", ""};
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct order_input in = {.method = others[i]};
        assert_err(ERR_PAYMENT_METHOD, order_event(o, order.id, EVENT_PAY_START, &o->shen, &in));
    }
    assert_int_equal(order_now_of(o, order.id).states.at[FLOW_PAYMENT], FLOW_PAYMENT_UNPAID);
    struct order_input in = {.method = "net_bank"};
    assert_ok(order_event(o, order.id, EVENT_PAY_START, &o->shen, &in), &o->e);
}

/* C-06: a locked title is the applicant's name, the changed one too, and no other can be typed or asked for. */
static void a_locked_invoice_title_is_the_applicants_name(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    assert_err(ERR_FIELD_READ_ONLY,
               type_into(o, order.id, "invoice", "invoice.title", "厦门鹭岛融资担保有限公司"));
    assert_err(ERR_OK, order_event(o, order.id, EVENT_APP_CANCEL, &o->shen, NULL));
    order = order_submitted(o, "泉州海丝供应链有限公司");
    assert_ok(pay(o, order.id, 30000), &o->e);
    struct hall_tx tx;
    struct invoice v;
    int found;
    hall_read(o->f, &tx);
    assert_ok(invoice_of_order(&tx, order.id, &v, &found, &o->e), &o->e);
    hall_end(&tx);
    assert_string_equal(v.buyer, "泉州海丝供应链有限公司");
    assert_int_not_equal(order_event(o, order.id, EVENT_INV_CHANGE, &o->shen, NULL), ERR_OK);
}

static enum err begin_as(struct order_fixture *o, const struct actor *who)
{
    struct hall_tx tx;
    struct order order;
    int fresh;
    hall_write(o->f, who, &tx);
    enum err done = order_create(&tx, "aml-reporting", TYPE_NEW, &order, &fresh, &o->e);
    if (done == ERR_OK)
        hall_done(o->f, &tx);
    hall_end(&tx);
    return done;
}

static void change_profile(struct order_fixture *o, const char *old, const char *with)
{
    const struct project *p = projects_find(o->projects, "aml-reporting");
    struct project_report report = {.arena = o->f->arena};
    struct project *changed;
    const char *at = strstr(p->text, old);
    assert_true(at && !strstr(at + 1, old));
    const char *text = arena_fmt(o->f->arena, "%.*s%s%s", (int)(at - p->text), p->text, with,
                                 at + strlen(old));
    struct bytes yaml = {(const uint8_t *)text, strlen(text)};
    assert_ok(project_from_text("aml-reporting", yaml, &changed, &report, &o->e), &o->e);
    projects_add(o->projects, changed);
}

static void finish_all(struct order_fixture *o)
{
    hall_tamper(o->f, "UPDATE orders SET application = 'COMPLETED', fulfilment = 'DONE', is_open = "
                      "0, grp = 'ended'");
}

/* C-18, S0-09, S0-08: who has a UKey gets no second one; another user of the same institution gets his. */
static void a_user_holds_as_many_keys_as_the_project_allows(void **state)
{
    struct order_fixture *o = *state;
    int64_t id;
    hall_at(o->f, "2026-09-03T10:00:00+08:00");
    struct actor lin = order_person(o, "linlan", &id);
    hall_at(o->f, "2026-09-07T09:00:00+08:00");
    paid(o);
    finish_all(o);
    assert_err(ERR_ORDER_LIMIT, begin_as(o, &o->shen));
    assert_ok(begin_as(o, &lin), &o->e);
    change_profile(o, "per_user: 1", "per_user: 2");
    assert_ok(begin_as(o, &o->shen), &o->e);
}

/* C-18, S0-07: 0 is no cap; where the profile sets one, all users of the institution share it. */
static void an_institution_holds_as_many_keys_as_the_project_allows(void **state)
{
    struct order_fixture *o = *state;
    struct actor who[3];
    int64_t id;
    hall_at(o->f, "2026-09-03T10:00:00+08:00");
    for (int i = 0; i < 3; i++)
        who[i] = order_person(o, arena_fmt(o->f->arena, "user%d", i), &id);
    hall_at(o->f, "2026-09-07T09:00:00+08:00");
    change_profile(o, "per_org: 0", "per_org: 2");
    paid(o);
    finish_all(o);
    assert_ok(begin_as(o, &who[0]), &o->e); /* an open order counts, too */
    assert_err(ERR_ORDER_LIMIT, begin_as(o, &who[1]));
    change_profile(o, "per_org: 2", "per_org: 0");
    assert_ok(begin_as(o, &who[1]), &o->e);
    assert_ok(begin_as(o, &who[2]), &o->e);
}

/* G-33: the price that was submitted holds, whatever the fee becomes until it is paid; who begins later pays the new one. */
static void a_submitted_price_holds(void **state)
{
    struct order_fixture *o = *state;
    int64_t id;
    hall_at(o->f, "2026-09-03T10:00:00+08:00");
    struct actor lin = order_person(o, "linlan", &id);
    hall_at(o->f, "2026-09-07T09:00:00+08:00");
    struct order order = order_submitted(o, NULL);
    change_profile(o, "types: [NEW, ADD]\n    amount: \"300.00\"",
                   "types: [NEW, ADD]\n    amount: \"350.00\"");
    assert_ok(begin_as(o, &lin), &o->e);
    hall_at(o->f, "2026-09-14T23:00:00+08:00"); /* the seventh day */
    assert_int_equal(order_now_of(o, order.id).amount_fen, 30000);
    assert_ok(pay(o, order.id, 30000), &o->e);
    assert_int_equal(order_now_of(o, order.id).states.at[FLOW_PAYMENT], FLOW_PAYMENT_PAID);
    struct hall_tx tx;
    const struct order *list;
    size_t n;
    struct order_filter of_lin = {.account = id, .group = -1, .limit = 2};
    hall_read(o->f, &tx);
    assert_ok(order_list(&tx, &of_lin, &list, &n, &o->e), &o->e);
    assert_int_equal(list[0].amount_fen, 35000);
    hall_end(&tx);
}

/* S0-60: the platform serves at any hour of any day: a Sunday night in a holiday is as good as any. */
static void the_platform_serves_day_and_night(void **state)
{
    struct order_fixture *o = *state;
    hall_at(o->f, "2026-10-04T03:00:00+08:00");
    struct order order = paid(o);
    assert_int_equal(order.states.at[FLOW_FULFILMENT], FLOW_FULFILMENT_QUEUED);
    assert_non_null(strstr(order_json(o, order.id, LANG_ZH), "最迟 10月10日（周六）")); /* S0-27 */
}

/* ---- late ---- */

static size_t late_tasks(struct order_fixture *o, int64_t order)
{
    struct hall_tx tx;
    const struct task *list;
    size_t n;
    struct task_filter late = {
        .order = order, .kind = "late", .role = "project_admin", .limit = 10};
    hall_read(o->f, &tx);
    assert_ok(task_list(&tx, &late, &list, &n, &o->e), &o->e);
    hall_end(&tx);
    return n;
}

static void tick(struct order_fixture *o, const char *at)
{
    int done;
    hall_at(o->f, at);
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
}

/* G-14: at four fifths of the time whoever runs the project has it on his list, once; over time the applicant's page says
 * so; and however late it is, nothing is passed or made by itself. Paid on Monday at nine, due on Thursday night. */
static void what_is_late_is_told_and_never_done_by_itself(void **state)
{
    struct order_fixture *o = *state;
    struct order order = paid(o);
    tick(o, "2026-09-10T06:35:00+08:00");
    assert_int_equal(late_tasks(o, order.id), 0);
    tick(o, "2026-09-10T06:37:00+08:00"); /* 69.6 of 87 hours */
    assert_int_equal(late_tasks(o, order.id), 1);
    tick(o, "2026-09-10T07:00:00+08:00");
    assert_int_equal(late_tasks(o, order.id), 1);
    assert_non_null(strstr(order_json(o, order.id, LANG_ZH), "\"overdue\":false"));
    tick(o, "2026-09-12T09:00:00+08:00");
    const char *page = order_json(o, order.id, LANG_ZH);
    assert_non_null(strstr(page, "\"overdue\":true"));
    assert_non_null(strstr(page, "超过 1 天"));
    assert_non_null(strstr(page, "\"tone\":\"warn\""));
    tick(o, "2026-11-01T09:00:00+08:00");
    struct order after = order_now_of(o, order.id);
    assert_memory_equal(&after.states, &order.states, sizeof after.states);
    assert_int_equal(after.version, order.version);
    assert_int_equal(late_tasks(o, order.id), 1);
}

/* The applicant's own time is his: nobody is called about a price that runs out. What is withdrawn is late no more. */
static void the_alarm_goes_with_its_clock(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_submitted(o, NULL);
    tick(o, "2026-09-14T20:00:00+08:00");
    assert_int_equal(late_tasks(o, order.id), 0);
    assert_ok(pay(o, order.id, 30000), &o->e);
    tick(o, "2026-09-18T09:00:00+08:00");
    assert_int_equal(late_tasks(o, order.id), 1);
    const struct actor centre = {BY_EXTERNAL, 0, "regulator", "", ""};
    assert_ok(order_event(o, order.id, EVENT_APP_WITHDRAW, &centre, NULL), &o->e);
    assert_int_equal(late_tasks(o, order.id), 0);
}

/* An order that cannot be read stops neither the codes, nor another's alarm, nor a question to the gateway. */
static void one_orders_trouble_stops_no_other(void **state)
{
    struct order_fixture *o = *state;
    struct hall_tx tx;
    const struct outbox_state *asked;
    int64_t someone;
    size_t n;
    int done;
    struct order broken = paid(o);
    o->shen = order_person(o, "linqiaoyun", &someone);
    hall_at(o->f, "2026-09-09T09:00:00+08:00");
    struct order other = order_begun(o);
    order_fill(o, other.id, NULL);
    const struct order_money m = {
        .method = "net_bank", .trade_no = "T2", .amount_fen = 30000, .at = 1788750000000};
    struct order_submit s = {.id = other.id, .agreement = "1", .consent = 1};
    struct form_problems *problems = arena_alloc(o->f->arena, sizeof *problems);
    struct order_input in = {.money = &m};
    order_hold(&in, GUARD_SIGNATURE_OK);
    hall_write(o->f, &o->shen, &tx);
    assert_ok(order_submit(&tx, &s, &other, problems, &o->e), &o->e);
    hall_done(o->f, &tx);
    assert_ok(order_event(o, other.id, EVENT_PAY_SUCCESS, &bank, &in), &o->e);
    hall_tamper(o->f, "UPDATE account SET state = 'LOADED'");
    hall_tamper(o->f, arena_fmt(o->f->arena, "UPDATE orders SET project = '?' WHERE id = %lld",
                                (long long)broken.id));
    hall_tamper(o->f, "UPDATE payment SET ask_at = 1, watch_until = 9000000000000");
    hall_at(o->f, "2026-09-20T09:00:00+08:00");
    assert_ok(order_timers_run(o->h, &done, &o->e), &o->e);
    assert_int_equal(late_tasks(o, other.id), 1);
    assert_int_equal(done, 2 + 1 + 2); /* codes, an alarm, questions */
    hall_read(o->f, &tx);
    assert_ok(outbox_of_order(&tx, other.id, "payment.query", &asked, &n, &o->e), &o->e);
    hall_end(&tx);
    assert_int_equal(n, 1);
}

/* ---- retention ---- */

static int kept(struct order_fixture *o, int64_t id)
{
    struct hall_tx tx;
    struct order order = order_now_of(o, id);
    struct form *form = arena_alloc(o->f->arena, sizeof *form);
    hall_read(o->f, &tx);
    assert_ok(form_read(&tx, id, order.rules_of, order.type, form, &o->e), &o->e);
    hall_end(&tx);
    return *form_get(form, "mailing.address") != 0;
}

static int sweep(struct order_fixture *o, const char *at)
{
    int done;
    int64_t after = 0;
    hall_at(o->f, at);
    assert_ok(order_retention_run(o->h, 10, &after, &done, &o->e), &o->e);
    assert_int_equal(after, 0);
    return done;
}

static void ended(struct order_fixture *o, const char *at)
{
    int64_t ms;
    assert_true(time_parse_rfc3339(at, &ms));
    finish_all(o);
    hall_tamper(o->f, arena_fmt(o->f->arena, "UPDATE orders SET ended_at = %lld", (long long)ms));
}

static void certificate_until(struct order_fixture *o, int64_t order, const char *until)
{
    int64_t ms;
    assert_true(time_parse_rfc3339(until, &ms));
    const char *none = o->f->store.postgres ? "''" : "x''"; /* no octets */
    hall_tamper(o->f,
                arena_fmt(o->f->arena,
                          "INSERT INTO certificate VALUES (7, 1, %lld, 1, %lld, 'aml-reporting', "
                          "'', '', 'ACTIVE', '', '', '', %s, %s, 0, 0, '', 0, '', %s, '0a', %s, "
                          "%s, '', '', '', 0, %lld, 0, 0, 0, '', '', 0, 0, '', '')",
                          (long long)order, (long long)o->account, none, none, none, none, none,
                          (long long)ms));
}

static void send(struct order_fixture *o, int64_t order)
{
    struct hall_tx tx;
    const struct delivery_to to = {"沈若琳", "13805952716", "福建省泉州市丰泽区滨海街 102 号",
                                   "362000"};
    hall_write(o->f, &su, &tx);
    assert_ok(delivery_send(&tx, order, "EMS", "EM123456789CN", "FX2600071182", &to, &o->e), &o->e);
    hall_done(o->f, &tx);
}

static void loaded(struct order_fixture *o, const char *at)
{
    int64_t ms;
    assert_true(time_parse_rfc3339(at, &ms));
    hall_tamper(o->f, arena_fmt(o->f->arena, "UPDATE account SET loaded_at = %lld", (long long)ms));
}

static struct account person_now(struct order_fixture *o)
{
    struct hall_tx tx;
    struct account acc;
    hall_read(o->f, &tx);
    assert_ok(account_get(&tx, o->account, &acc, &o->e), &o->e);
    hall_end(&tx);
    return acc;
}

static int64_t cancelled_long_ago(struct order_fixture *o)
{
    struct order first = order_begun(o);
    assert_err(ERR_OK, order_event(o, first.id, EVENT_APP_CANCEL, &o->shen, NULL));
    ended(o, "2020-03-02T10:00:00+08:00");
    return first.id;
}

static void nothing_personal(struct order_fixture *o, int64_t order)
{
    struct hall_tx tx;
    struct delivery d;
    struct delivery_to to;
    struct invoice v;
    int found;
    hall_read(o->f, &tx);
    assert_ok(delivery_of_order(&tx, order, &d, &found, &o->e), &o->e);
    assert_string_equal(d.number, "EM123456789CN");
    assert_ok(delivery_open_to(&tx, &d, &to, &o->e), &o->e);
    assert_string_equal(to.address, "");
    assert_string_equal(to.name, "");
    assert_ok(invoice_of_order(&tx, order, &v, &found, &o->e), &o->e);
    assert_string_equal(v.mailbox, "");
    assert_string_equal(v.buyer, "泉州海丝供应链管理有限公司");
    hall_end(&tx);
}

/* G-24: five years after the certificate has failed, to the day, what is personal goes, and the person with his last
 * order; what the books and the audit need stays, and the pages still open. */
static void personal_values_go_five_years_after_the_certificate(void **state)
{
    struct order_fixture *o = *state;
    struct hall_tx tx;
    struct account acc;
    struct order order = paid(o);
    send(o, order.id);
    loaded(o, "2019-10-01T10:00:00+08:00");
    ended(o, "2019-11-01T10:00:00+08:00");
    certificate_until(o, order.id, "2020-10-31T23:59:59+08:00");
    assert_int_equal(sweep(o, "2025-10-31T23:59:00+08:00"), 0);
    assert_true(kept(o, order.id));
    assert_int_equal(sweep(o, "2025-11-01T00:01:00+08:00"), 1);
    assert_false(kept(o, order.id));
    assert_int_equal(sweep(o, "2025-11-02T00:01:00+08:00"), 0); /* once */
    const char *page = order_json(o, order.id, LANG_ZH);
    assert_null(strstr(page, "丰泽区"));
    assert_null(strstr(page, "13805952716"));
    assert_int_equal(order_now_of(o, order.id).amount_fen, 30000);
    hall_read(o->f, &tx);
    assert_ok(account_get(&tx, o->account, &acc, &o->e), &o->e);
    assert_int_equal(acc.state, ACCOUNT_WITHDRAWN);
    assert_string_equal(acc.handler, "");
    assert_string_equal(acc.mobile, "");
    hall_end(&tx);
    nothing_personal(o, order.id);
}

/* G-24: what a letter that never went out was to say goes with its order, and cannot be sent any more. */
static void undelivered_letters_go_with_their_order(void **state)
{
    struct order_fixture *o = *state;
    struct hall_tx tx;
    int64_t old, young, ended_order = cancelled_long_ago(o);
    struct order running = order_begun(o);
    struct outbox_new letter = {
        .kind = "mail", .order = ended_order, .idem = "old", .body = "{\"to\":\"沈若琳\"}"};
    hall_write(o->f, &su, &tx);
    assert_ok(outbox_put(&tx, &letter, &old, &o->e), &o->e);
    letter.order = running.id;
    letter.idem = "young";
    assert_ok(outbox_put(&tx, &letter, &young, &o->e), &o->e);
    hall_done(o->f, &tx);
    hall_tamper(o->f, "UPDATE outbox_row SET state = 'dead'");
    assert_int_equal(sweep(o, "2025-03-03T00:01:00+08:00"), 1);
    hall_write(o->f, &su, &tx);
    assert_ok(outbox_again(&tx, young, &o->e), &o->e);
    assert_err(ERR_CONFLICT, outbox_again(&tx, old, &o->e));
    hall_end(&tx);
}

/* G-24: an order without a certificate counts from its own end; whoever has another order is kept with it. */
static void a_person_goes_with_the_last_order(void **state)
{
    struct order_fixture *o = *state;
    struct order first = order_begun(o);
    assert_err(ERR_OK, order_event(o, first.id, EVENT_APP_CANCEL, &o->shen, NULL));
    loaded(o, "2020-02-01T10:00:00+08:00");
    ended(o, "2020-02-29T10:00:00+08:00");
    order_begun(o);
    assert_int_equal(sweep(o, "2025-03-01T12:00:00+08:00"), 0);
    assert_int_equal(sweep(o, "2025-03-02T00:00:00+08:00"), 1);
    assert_string_equal(person_now(o).handler, "沈若琳");
}

/* A tick has so many, the next goes on from there; while a certificate is in its term nothing is written for its order. */
static void retention_takes_a_bounded_number_at_a_time(void **state)
{
    struct order_fixture *o = *state;
    struct hall_tx tx;
    int64_t after = 0;
    int done;
    for (int i = 0; i < 3; i++) {
        struct order one = order_begun(o);
        assert_err(ERR_OK, order_event(o, one.id, EVENT_APP_CANCEL, &o->shen, NULL));
    }
    ended(o, "2020-03-02T10:00:00+08:00");
    hall_at(o->f, "2025-03-03T00:01:00+08:00");
    for (int i = 0; i < 2; i++) {
        assert_ok(order_retention_run(o->h, 1, &after, &done, &o->e), &o->e);
        assert_int_equal(done, 1);
        assert_int_not_equal(after, 0);
    }
    certificate_until(o, after + 1, "2030-01-01T00:00:00+08:00");
    hall_tamper(
        o->f, "UPDATE certificate SET order_id = (SELECT MAX(id) FROM orders WHERE erased_at = 0)");
    hall_write(o->f, &su, &tx); /* whoever asks for the writer now waits for it */
    int64_t began = clock_monotonic();
    assert_ok(order_retention_run(o->h, 1, &after, &done, &o->e), &o->e);
    assert_int_equal(done, 0);
    assert_ok(order_retention_run(o->h, 1, &after, &done, &o->e), &o->e);
    assert_int_equal(after, 0);
    assert_true(clock_monotonic() - began < STORE_WAIT_MS);
    hall_end(&tx);
}

/* G-24: the regulator approved the same user again a week before his old order fell due. He has no new order yet, and his
 * new code is as good as any. */
static void a_new_registration_outlives_the_old_order(void **state)
{
    struct order_fixture *o = *state;
    struct hall_tx tx;
    int64_t again;
    const char *code;
    int taken;
    cancelled_long_ago(o);
    hall_at(o->f, "2025-02-25T10:00:00+08:00");
    struct account_new n = {.project = "aml-reporting",
                            .institution = o->institution,
                            .reporting_code = "CN350503000017",
                            .user_name = "shenruolin",
                            .handler = "沈若琳",
                            .mobile = "13805952716",
                            .email = "shen.ruolin@haisi.example",
                            .from_workday = 2};
    hall_write(o->f, &hall_system, &tx);
    assert_ok(account_withdraw(&tx, o->account, &o->e), &o->e);
    assert_ok(account_load(&tx, &n, &again, &code, &o->e), &o->e);
    hall_done(o->f, &tx);
    assert_int_equal(again, o->account);
    assert_int_equal(sweep(o, "2025-03-03T00:01:00+08:00"), 1);
    struct account acc = person_now(o);
    assert_int_equal(acc.state, ACCOUNT_USABLE);
    assert_string_equal(acc.handler, "沈若琳");
    hall_read(o->f, &tx);
    assert_ok(account_code_taken(&tx, "aml-reporting", code, &taken, &o->e), &o->e);
    hall_end(&tx);
    assert_true(taken);
}

/* G-24: whoever was withdrawn goes with his last order, whenever he was loaded; nobody goes on working in his name. */
static void who_is_erased_is_signed_out(void **state)
{
    struct order_fixture *o = *state;
    struct hall_tx tx;
    struct session s;
    const char *token;
    cancelled_long_ago(o);
    hall_write(o->f, &o->shen, &tx);
    assert_ok(session_open(&tx, SESSION_APPLICANT, o->account, "aml-reporting", "code", &token, &s,
                           &o->e),
              &o->e);
    assert_ok(account_withdraw(&tx, o->account, &o->e), &o->e);
    hall_done(o->f, &tx);
    assert_int_equal(sweep(o, "2025-03-03T00:01:00+08:00"), 1);
    assert_string_equal(person_now(o).handler, "");
    hall_read(o->f, &tx);
    assert_err(ERR_UNAUTHENTICATED, session_find(&tx, SESSION_APPLICANT, token, &s, &o->e));
    hall_end(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ORDER_TEST(a_paid_order_is_neither_cancelled_nor_changed),
        ORDER_TEST(an_order_whose_money_is_being_looked_at_is_not_cancelled),
        ORDER_TEST(only_the_projects_methods_pay),
        ORDER_TEST(a_locked_invoice_title_is_the_applicants_name),
        ORDER_TEST(a_user_holds_as_many_keys_as_the_project_allows),
        ORDER_TEST(an_institution_holds_as_many_keys_as_the_project_allows),
        ORDER_TEST(a_submitted_price_holds),
        ORDER_TEST(the_platform_serves_day_and_night),
        ORDER_TEST(what_is_late_is_told_and_never_done_by_itself),
        ORDER_TEST(the_alarm_goes_with_its_clock),
        ORDER_TEST(one_orders_trouble_stops_no_other),
        ORDER_TEST(retention_takes_a_bounded_number_at_a_time),
        ORDER_TEST(undelivered_letters_go_with_their_order),
        ORDER_TEST(personal_values_go_five_years_after_the_certificate),
        ORDER_TEST(a_person_goes_with_the_last_order),
        ORDER_TEST(a_new_registration_outlives_the_old_order),
        ORDER_TEST(who_is_erased_is_signed_out),
    };
    return cmocka_run_group_tests_name("order rules", tests, NULL, NULL);
}
