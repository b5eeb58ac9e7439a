/* What the shipped profile of aml-reporting says, value by value: by its manual (S0-…), by the table of settings (C-…) and by our
 * decisions (G-…). tests/flips changes each of them and expects this, or another test, to notice. */
#include "testing.h"

#include "../flow/rules.h"

#include "base/time.h"
#include "hall/project/project.h"

#include <string.h>

static struct project *load(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct project_report report = {.arena = a};
    struct project *p = NULL;
    struct err_info e = {0};
    assert_ok(project_load(PROFILES_DIR "/aml-reporting", &p, &report, &e), &e);
    return p;
}

static int32_t date(const char *s)
{
    int32_t d;
    assert_true(time_parse_date(s, &d));
    return d;
}

static void assert_text(const char *got, const char *want)
{
    if (!want)
        assert_null(got);
    else
        assert_string_equal(got ? got : "(none)", want);
}

/* S0-13, S0-19, S0-21: what is asked, how it is checked, and until when it can be changed. */
static const struct field {
    const char *name;
    enum project_field_kind kind;
    int required, min, max, from_regulator;
    enum project_edit edit;
    const char *same_as, *autocomplete, *groups;
} fields[] = {
    {"application.institution_name", FIELD_TEXT, 1, 2, 100, 1, EDIT_BEFORE_SUBMIT, NULL,
     "organization", ""},
    {"application.reporting_code", FIELD_TEXT, 0, 0, 0, 1, EDIT_NEVER, NULL, NULL, ""},
    {"application.user_name", FIELD_TEXT, 0, 0, 0, 1, EDIT_NEVER, NULL, NULL, ""},
    {"application.uscc", FIELD_USCC, 0, 0, 0, 1, EDIT_NEVER, NULL, NULL, "2 6 9 1"},
    {"application.handler", FIELD_TEXT, 0, 0, 0, 1, EDIT_NEVER, NULL, NULL, ""},
    {"application.mobile", FIELD_MOBILE, 0, 0, 0, 1, EDIT_NEVER, NULL, NULL, "3 4 4"},
    {"application.email", FIELD_EMAIL, 0, 0, 0, 1, EDIT_NEVER, NULL, NULL, ""},
    {"mailing.name", FIELD_TEXT, 1, 2, 40, 0, EDIT_BEFORE_SUBMIT, "application.handler", "name",
     ""},
    {"mailing.phone", FIELD_PHONE, 1, 0, 0, 0, EDIT_BEFORE_SUBMIT, "application.mobile", "tel", ""},
    {"mailing.address", FIELD_LONGTEXT, 1, 8, 120, 0, EDIT_BEFORE_SUBMIT, NULL, "street-address",
     ""},
    {"mailing.postcode", FIELD_POSTCODE, 1, 0, 0, 0, EDIT_BEFORE_SUBMIT, NULL, "postal-code", ""},
    {"invoice.title", FIELD_FIXED, 0, 0, 0, 0, EDIT_NEVER, "application.institution_name", NULL,
     ""},
    {"invoice.tax_no", FIELD_USCC, 1, 0, 0, 0, EDIT_BEFORE_SUBMIT, "application.uscc", NULL,
     "2 6 9 1"},
    {"invoice.email", FIELD_EMAIL, 1, 0, 100, 0, EDIT_BEFORE_SUBMIT, "application.email", "email",
     ""},
};

static void assert_field(const struct project_field *f, const struct field *want)
{
    _auto_buf groups;
    buf_init(&groups, 64);
    for (int i = 0; i < f->groups_n; i++)
        buf_fmt(&groups, "%s%d", i ? " " : "", f->groups[i]);
    assert_string_equal(f->name, want->name);
    assert_int_equal(f->kind, want->kind);
    assert_int_equal(f->required, want->required);
    assert_int_equal(f->min_length, want->min);
    assert_int_equal(f->max_length, want->max);
    assert_int_equal(f->from_regulator, want->from_regulator);
    assert_int_equal(f->edit, want->edit);
    assert_text(f->same_as, want->same_as);
    assert_text(f->autocomplete, want->autocomplete);
    assert_string_equal(buf_cstr(&groups), want->groups);
}

static void test_the_form_asks_what_the_manual_asks(void **state)
{
    _auto(project) p = load(state);
    const struct project_form *form = project_form(p, TYPE_NEW);
    size_t n = 0;
    for (int s = 0; s < form->sections; s++)
        for (int q = 0; q < form->section[s].questions; q++)
            for (int i = 0; i < form->section[s].question[q].fields; i++) {
                assert_true(n < sizeof fields / sizeof fields[0]);
                assert_field(&form->section[s].question[q].field[i], &fields[n++]);
            }
    assert_int_equal(n, sizeof fields / sizeof fields[0]);
}

/* S0-27, S0-28, G-33: the clocks, as the tests of the machines have them. */
static void test_the_clocks_are_those_of_the_manual(void **state)
{
    _auto(project) p = load(state);
    struct flow_rules want = aml_rules();
    assert_int_equal(p->rules.clocks, want.clocks);
    for (int i = 0; i < want.clocks; i++) {
        const struct flow_clock *c = &p->rules.clock[i], *w = &want.clock[i];
        assert_string_equal(c->name, w->name);
        assert_int_equal(c->types, w->types);
        assert_int_equal(c->starts, w->starts);
        assert_int_equal(c->stops, w->stops);
        assert_int_equal(c->pauses, w->pauses);
        assert_int_equal(c->length, w->length);
        assert_int_equal(c->unit, w->unit);
        assert_int_equal(c->owner, w->owner);
        assert_int_equal(c->fires, w->fires);
    }
}

/* Requirements 6.3: each fee is for its businesses and no other. */
static void test_each_fee_is_for_its_businesses(void **state)
{
    _auto(project) p = load(state);
    static const struct {
        const char *id;
        uint32_t types;
        int64_t fen;
    } fees[] = {
        {"new", 1U << TYPE_NEW | 1U << TYPE_ADD, 30000},
        {"replacement", 1U << TYPE_REISSUE_LOST | 1U << TYPE_REISSUE_DAMAGED,
         30000},                             /* S0-41, S0-43 */
        {"unlock", 1U << TYPE_UNLOCK, 5000}, /* S0-50 */
        {"renewal", 1U << TYPE_RENEW, 30000},
        {"revoke", 1U << TYPE_REVOKE, 0},
    };
    assert_int_equal(p->fees, sizeof fees / sizeof fees[0]);
    for (int i = 0; i < p->fees; i++) {
        assert_string_equal(p->fee[i].id, fees[i].id);
        assert_int_equal(p->fee[i].types, fees[i].types);
        assert_int_equal(p->fee[i].amount_fen, fees[i].fen);
    }
    assert_int_equal(p->warranty.days, 90); /* S0-40 */
    assert_int_equal(p->warranty.times, 1);
    assert_string_equal(p->warranty.start, "signed");    /* G-05 */
    assert_string_equal(p->warranty.needs, "diagnosis"); /* S0-36 */
}

/* S0-32, G-22: what is told by SMS, what by mail, what by both; what is not told. */
static void test_each_message_goes_where_it_is_read(void **state)
{
    _auto(project) p = load(state);
    enum { SMS = 1U << CHANNEL_SMS, MAIL = 1U << CHANNEL_MAIL };
    static const uint8_t channels[NOTICE_COUNT] = {
        [NOTICE_CODE] = SMS | MAIL,      [NOTICE_SUBMITTED] = MAIL,
        [NOTICE_PAY_DUE] = SMS,          [NOTICE_PAID] = SMS | MAIL,
        [NOTICE_CLAIM_MISSING] = SMS,    [NOTICE_REFUND_STARTED] = SMS,
        [NOTICE_REFUNDED] = SMS,         [NOTICE_CANCELLED] = MAIL,
        [NOTICE_WITHDRAWN] = SMS | MAIL, [NOTICE_SHIPPED] = SMS | MAIL,
        [NOTICE_INVOICE] = MAIL,         [NOTICE_INVOICE_BOUNCED] = SMS, /* the mailbox failed */
        [NOTICE_REVOKED] = SMS | MAIL,   [NOTICE_SMS_CODE] = SMS,
    };
    for (int i = 1; i < NOTICE_COUNT; i++)
        if (p->notify[i].channels != channels[i])
            fail_msg("%s goes to %u", flow_notice_name((enum flow_notice)i), p->notify[i].channels);
}

/* S0-61, S0-64, G-26: notices with their days, the chat, and texts with the day from which they hold. */
static void test_what_is_published_has_its_days(void **state)
{
    _auto(project) p = load(state);
    static const char *const texts[] = {"agreement", "privacy", "accessibility", "help"};
    assert_int_equal(p->about.notices, 2);
    assert_string_equal(p->about.notice[0].kind, "general");
    assert_int_equal(p->about.notice[0].from, date("2026-09-01"));
    assert_int_equal(p->about.notice[0].until, 0);
    assert_string_equal(p->about.notice[1].kind, "hours");
    assert_int_equal(p->about.notice[1].from, date("2026-09-24")); /* a week before the holiday */
    assert_int_equal(p->about.notice[1].until, date("2026-10-08"));
    assert_string_equal(p->about.chat, "https://fanxiqian.casupport.cn/chat");
    assert_int_equal(p->template_n, 4);
    for (int i = 0; i < p->template_n; i++) {
        assert_string_equal(p->templates[i].kind, texts[i]);
        assert_string_equal(p->templates[i].version, "1");
        assert_int_equal(p->templates[i].effective, date("2026-01-01"));
    }
}

/* P3, G-07, G-33, C-08, C-20 and the label that the printer takes. */
static void test_money_making_and_sending(void **state)
{
    _auto(project) p = load(state);
    static const char *const couriers[] = {"顺丰速运", "EMS", "京东快递"};
    assert_int_equal(p->order.keep_draft_days, 30);
    assert_int_equal(p->pay.price_freeze_days, 7);
    assert_int_equal(p->pay.page_minutes, 30);
    assert_int_equal(p->pay.refund, REFUND_NONE);
    assert_int_equal(p->production.label_width_mm, 60);
    assert_int_equal(p->production.label_height_mm, 40);
    assert_int_equal(p->deliver.payer, PAYER_PROVIDER);
    assert_int_equal(p->deliver.courier_names, 3);
    for (int i = 0; i < p->deliver.courier_names; i++)
        assert_string_equal(p->deliver.couriers[i], couriers[i]);
}

/* C-01, C-11, C-12, C-15, C-16, C-17, C-31, C-32, S0-47, S0-48, S0-51, S0-56. */
static void test_the_ukey_and_its_certificate(void **state)
{
    _auto(project) p = load(state);
    assert_int_equal(p->pin.min_len, 6);
    assert_int_equal(p->pin.max_len, 16);
    assert_int_equal(p->pin.classes, 2);
    assert_int_equal(p->renew.before_days, 20);
    assert_int_equal(p->renew.after_days, 0);
    assert_int_equal(p->renew.late, LATE_NEW);
    assert_int_equal(p->renew.medium, MEDIUM_NEW_KEY);
    assert_int_equal(p->reissue.revoke_at, REVOKE_AT_ACTIVATION);
    assert_int_equal(p->reissue.validity, VALIDITY_INHERIT);
    assert_int_equal(p->unlock.way, UNLOCK_REMOTE_CALL);
    assert_int_equal(p->unlock.direct_allowed, 1);
    assert_int_equal(p->unlock.free_times, 1);
    assert_int_equal(p->unlock.sla_workdays, 2);
    assert_int_equal(p->revoke.ways, 1U); /* online */
    assert_int_equal(p->revoke.sla_workdays, 1);
    assert_int_equal(p->cert.kind_names, 1);
    assert_string_equal(p->cert.kinds[0], "enterprise");
    assert_int_equal(p->cert.drivers, 1U << DRIVER_SOFT);
    assert_string_equal(p->cert.profile, "aml-reporting");
    assert_int_equal(p->cert.validity_days, 365);
    assert_int_equal(p->cert.years_max, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_form_asks_what_the_manual_asks),
        cmocka_unit_test(test_the_clocks_are_those_of_the_manual),
        cmocka_unit_test(test_each_fee_is_for_its_businesses),
        cmocka_unit_test(test_each_message_goes_where_it_is_read),
        cmocka_unit_test(test_what_is_published_has_its_days),
        cmocka_unit_test(test_money_making_and_sending),
        cmocka_unit_test(test_the_ukey_and_its_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
