/* The shipped profile, what it answers, and that the machines it asks for are sound. */
#include "../flow/golden.h"
#include "../flow/model.h"

#include "base/time.h"
#include "hall/project/project.h"

static struct project *load(const char *code)
{
    _auto(arena) a = arena_new();
    struct project_report report = {.arena = a};
    struct project *p = NULL;
    struct err_info e = {0};
    enum err got = project_load(arena_fmt(a, "%s/%s", PROFILES_DIR, code), &p, &report, &e);
    for (int i = 0; i < report.problems; i++)
        print_error("%s:%d: %s: %s\n", report.file, report.problem[i].line, report.problem[i].path,
                    report.problem[i].reason);
    assert_ok(got, &e);
    return p;
}

static struct calendar *working_days(void)
{
    const char *folders[] = {PROFILES_DIR "/calendar"};
    struct calendar *c;
    struct err_info e = {0};
    assert_ok(calendar_load(folders, 1, &c, &e), &e);
    return c;
}

static int32_t date(const char *s)
{
    int32_t d;
    assert_true(time_parse_date(s, &d));
    return d;
}

static void assert_date(int32_t got, const char *want)
{
    _auto(arena) a = arena_new();
    assert_string_equal(time_date_text(a, got), want);
}

/* S0-06: six kinds of business are named; S0-05: those without code are shown, and closed. */
static void test_the_profile_shows_every_business_and_opens_what_has_code(void **state)
{
    (void)state;
    static const enum flow_type shown[] = {TYPE_NEW,    TYPE_REISSUE_LOST, TYPE_REISSUE_DAMAGED,
                                           TYPE_UNLOCK, TYPE_REVOKE,       TYPE_RESEND,
                                           TYPE_RENEW};
    _auto(project) p = load("aml-reporting");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        assert_true(p->type[shown[i]].line > 0);
        assert_true(p->type[shown[i]].title.in[LANG_ZH][0] &&
                    p->type[shown[i]].title.in[LANG_EN][0]);
        assert_int_equal(project_type_open(p, shown[i], date("2026-11-20")), shown[i] == TYPE_NEW);
    }
    assert_int_equal(p->rules.types, 1U << TYPE_NEW);
}

/* The profile asks for exactly the rules that the golden files of the machines were written under. */
static void test_the_profile_switches_the_rows_that_are_agreed(void **state)
{
    (void)state;
    _auto(project) p = load("aml-reporting");
    for (int m = 0; m < FLOW_MACHINES; m++) {
        _auto_buf b;
        buf_init(&b, 1 << 20);
        flow_print(&p->rules, (enum flow_machine)m, &b);
        assert_golden(GOLDEN_DIR, flow_machine_name((enum flow_machine)m), &b);
    }
    assert_int_equal(flow_rows_without_code(&p->rules, NULL, 0), 0);
}

/* Invariants 3, 4 and 5 over everything an order of the shipped profile can reach. */
static void test_no_order_of_the_profile_gets_stuck(void **state)
{
    (void)state;
    _auto(project) p = load("aml-reporting");
    for (int t = 0; t < TYPE_COUNT; t++)
        if (project_type_on(p, (enum flow_type)t)) {
            assert_true(model_check(&p->rules, (enum flow_type)t, 30000) > 100);
            assert_true(model_check(&p->rules, (enum flow_type)t, 0) > 100);
        }
}

/* S0-16, S0-60, S0-62, S0-63, S0-64, S0-65, S0-11, S0-61: what the front page needs. */
static void test_contact_data_are_of_the_manual(void **state)
{
    (void)state;
    _auto(project) p = load("aml-reporting");
    assert_string_equal(p->about.url_primary, "https://fanxiqian.casupport.cn");
    assert_string_equal(p->about.url_backup, "https://fanxiqian.cfca.com.cn");
    assert_string_equal(p->about.hotline, "400-880-9888");
    assert_non_null(strstr(p->about.hotline_keyword.in[LANG_ZH], "反洗钱报送UKey项目"));
    assert_non_null(strstr(p->about.hotline_hours.in[LANG_ZH], "7×24"));
    assert_non_null(p->about.chat);
    assert_int_equal(p->about.postals, 1);
    assert_string_equal(p->about.postal[0].postcode, "100054");
    assert_string_equal(p->about.postal[0].phone, "010-80864086");
    assert_string_equal(p->about.postal[0].addressee.in[LANG_ZH], "反洗钱项目售后");
    assert_true(p->about.care.n >= 4);
    assert_true(p->about.notices >= 1);
    assert_string_equal(p->about.serial_prefix, "FX");
}

/* S0-21: only the institution's name can be changed; S0-19: mailing and invoice data are filled in. */
static void test_of_the_registered_data_only_the_name_is_editable(void **state)
{
    (void)state;
    _auto(project) p = load("aml-reporting");
    const struct project_form *form = project_form(p, TYPE_NEW);
    int registered = 0;
    assert_int_equal(form->sections, 3);
    for (int s = 0; s < form->sections; s++)
        for (int q = 0; q < form->section[s].questions; q++)
            for (int i = 0; i < form->section[s].question[q].fields; i++) {
                const struct project_field *f = &form->section[s].question[q].field[i];
                if (!f->from_regulator)
                    continue;
                registered++;
                int editable = strcmp(f->name, "application.institution_name") == 0;
                assert_int_equal(f->edit, editable ? EDIT_BEFORE_SUBMIT : EDIT_NEVER);
                assert_true(editable || f->fixed_text.in[LANG_ZH][0]); /* S0-22 */
            }
    assert_int_equal(registered, 7);
    assert_string_equal(form->section[1].id, "mailing");
    assert_string_equal(form->section[1].question[1].field[1].name, "mailing.postcode");
    assert_string_equal(form->section[2].question[0].field[0].same_as,
                        "application.institution_name");
}

/* S0-09, S0-07, S0-24, S0-25, C-01, C-24, and the certificate that serves as a TLS client (S0-01); what the project chose
 * where manuals differ: C-03, C-04, C-06, C-08, C-18, C-21, C-22, C-23; reviewed by the centre alone: S0-14, C-02. */
static void test_rules_of_the_manual(void **state)
{
    (void)state;
    _auto(project) p = load("aml-reporting");
    assert_int_equal(p->keys.per_user, 1);
    assert_int_equal(p->keys.per_org, 0);
    assert_int_equal(p->pay.methods, 1U << PAY_NET_BANK);
    assert_int_equal(p->pay.when, PAY_BEFORE_REVIEW);
    assert_int_equal(p->rules.freeze_when_paid, 1);
    assert_int_equal(p->pin.max_tries, 6);
    assert_int_equal(p->pin.initial, PIN_USER_SET);
    assert_int_equal(p->cert.algorithm, ALGORITHM_P256);
    assert_int_equal(p->cert.eku, 1U << EKU_CLIENT_AUTH);
    assert_int_equal(p->cert.evidence, 1U << EVIDENCE_OF_REGULATOR | 1U << EVIDENCE_OF_MAKER);
    assert_int_equal(p->invoice.vat_percent, 6);
    assert_int_equal(p->rules.invoice, INVOICE_BATCH);
    assert_string_equal(p->invoice.kind, "general");                         /* S0-30 */
    assert_int_equal(p->login.methods, 1U << LOGIN_CODE | 1U << LOGIN_UKEY); /* S0-02 */
    assert_int_equal(p->invoice.title_free, 0);
    assert_int_equal(p->order.fix, FIX_EDIT);
    assert_int_equal(p->order.edit_pending, 0);
    assert_int_equal(p->deliver.ways, 1U); /* courier */
    assert_int_equal(p->deliver.via_org, 0);
    assert_int_equal(p->intake.source, INTAKE_REGULATOR);
    assert_int_equal(p->review[TYPE_NEW].n, 0);
    assert_int_equal(p->retention.years, 5);
}

/* Requirements 6.3: S0-40, S0-41, S0-43, S0-49, S0-50. */
static void test_fees(void **state)
{
    (void)state;
    static const struct {
        enum flow_type type;
        int days, used;
        int64_t fen;
        const char *rule;
    } rows[] = {
        {TYPE_NEW, -1, 0, 30000, "new"},
        {TYPE_REISSUE_LOST, 10, 0, 30000, "replacement"},
        {TYPE_REISSUE_DAMAGED, 0, 0, 0, "warranty"},
        {TYPE_REISSUE_DAMAGED, 90, 0, 0, "warranty"},
        {TYPE_REISSUE_DAMAGED, 91, 0, 30000, "replacement"},
        {TYPE_REISSUE_DAMAGED, 10, 1, 30000, "replacement"},
        {TYPE_REISSUE_DAMAGED, -1, 0, 30000, "replacement"},
        {TYPE_UNLOCK, -1, 0, 0, "free_unlock"},
        {TYPE_UNLOCK, -1, 1, 5000, "unlock"},
        {TYPE_RENEW, -1, 0, 30000, "renewal"},
        {TYPE_RESEND, -1, 0, 0, "free"},
    };
    _auto(project) p = load("aml-reporting");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct project_fee fee, again;
        struct project_fee_case c = {rows[i].type, rows[i].days, rows[i].used};
        assert_true(project_fee_of(p, &c, &fee));
        assert_int_equal(fee.amount_fen, rows[i].fen);
        assert_string_equal(fee.rule, rows[i].rule);
        assert_true(project_fee_rule(p, fee.rule, &again));
        assert_int_equal(again.amount_fen, fee.amount_fen);
    }
    struct project_fee fee;
    assert_false(project_fee_of(p, &(struct project_fee_case){TYPE_CHANGE, -1, 0}, &fee));
    assert_false(project_fee_rule(p, "nothing", &fee));
}

/* S0-17, S0-27, S0-31: dates that the profile sets. */
static void test_dates(void **state)
{
    (void)state;
    _auto(project) p = load("aml-reporting");
    _auto(calendar) c = working_days();
    int provisional = 7;
    assert_date(project_code_usable(p, c, date("2026-11-19"), &provisional), "2026-11-23");
    assert_int_equal(provisional, 0);
    int64_t paid = time_from_china_day(date("2026-09-30")) + 10 * TIME_HOUR;
    int64_t due = project_clock_due(p, c, project_clock(p, "dispatch"), paid, &provisional);
    assert_int_equal(due,
                     calendar_day_end(date("2026-10-10"))); /* 8, 9, and the Saturday that works */
    due = project_clock_due(p, c, project_clock(p, "pay"), paid, NULL);
    assert_int_equal(due, calendar_day_end(date("2026-10-07")));
    project_clock_due(p, c, project_clock(p, "dispatch"), time_from_china_day(date("2026-12-31")),
                      &provisional);
    assert_int_equal(provisional, 1);
    assert_date(project_batch_day(p, date("2026-11-20")), "2026-11-25");
    assert_date(project_batch_day(p, date("2026-11-25")), "2026-11-25");
    assert_date(project_batch_day(p, date("2026-12-26")), "2027-01-25");
    p->invoice.batch_day = 31;
    assert_date(project_batch_day(p, date("2026-02-10")), "2026-02-28");
    assert_int_equal(project_clock(p, "nothing"), -1);
}

static void test_long_texts_have_versions(void **state)
{
    (void)state;
    _auto(project) p = load("aml-reporting");
    const struct project_template *t = project_long_text(p, TEXT_AGREEMENT, NULL,
                                                         date("2026-11-20"));
    assert_non_null(t);
    assert_ptr_equal(project_long_text(p, TEXT_AGREEMENT, t->version, 0), t);
    assert_null(project_long_text(p, TEXT_AGREEMENT, NULL, date("2025-12-31")));
    assert_null(project_long_text(p, TEXT_AGREEMENT, "99", date("2026-11-20")));
    assert_non_null(project_long_text(p, TEXT_HELP, NULL, date("2026-11-20")));
}

/* Every message that can go out is there in both languages, and placeholders are filled. */
static void test_messages_are_filled(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    _auto(project) p = load("aml-reporting");
    struct project_value args[] = {
        {"courier", "顺丰速运"}, {"parcel", "SF1234567890"}, {"serial", "FX26 0007 1182"}};
    const struct project_notify *n = &p->notify[NOTICE_SHIPPED];
    const char *sms = project_fill(a, n->sms.in[LANG_ZH], args, 3);
    assert_string_equal(
        sms,
        "UKey 已寄出：顺丰速运 SF1234567890，UKey 序列号 FX26 0007 1182。收到后用 UKey 助手设密码。");
    assert_string_equal(project_fill(a, "{order}{x} und {", args, 3), " und {");
    assert_true(n->mail.in[LANG_EN][0] && n->subject.in[LANG_ZH][0]);
}

/* design §4: an order keeps the version it started with; the same text is the same version. */
static void test_versions_live_beside_each_other(void **state)
{
    (void)state;
    struct err_info e = {0};
    _auto(arena) a = arena_new();
    _auto(projects) ps = projects_new();
    assert_ok(projects_load(ps, PROFILES_DIR, &e), &e);
    const struct project *first = projects_find(ps, "aml-reporting");
    assert_non_null(first);
    int64_t version = first->version;
    assert_true(version > 0);
    struct project_report report = {.arena = a};
    struct project *same = NULL, *other = NULL;
    struct bytes text = {(const uint8_t *)first->text, first->text_n};
    assert_ok(project_from_text("aml-reporting", text, &same, &report, &e), &e);
    assert_int_equal(same->version, version);
    projects_add(ps, same);
    const char *changed = arena_fmt(a, "%s# another\n", same->text);
    text = (struct bytes){(const uint8_t *)changed, strlen(changed)};
    assert_ok(project_from_text("aml-reporting", text, &other, &report, &e), &e);
    assert_int_not_equal(other->version, version);
    projects_add(ps, other);
    assert_int_equal(projects_count(ps), 1);
    assert_ptr_equal(projects_find(ps, "aml-reporting"), other);
    assert_ptr_equal(projects_at(ps, 0), other);
    assert_ptr_equal(projects_version(ps, "aml-reporting", version), same);
    assert_null(projects_find(ps, "nothing"));
    assert_null(projects_version(ps, "aml-reporting", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_profile_shows_every_business_and_opens_what_has_code),
        cmocka_unit_test(test_the_profile_switches_the_rows_that_are_agreed),
        cmocka_unit_test(test_no_order_of_the_profile_gets_stuck),
        cmocka_unit_test(test_contact_data_are_of_the_manual),
        cmocka_unit_test(test_of_the_registered_data_only_the_name_is_editable),
        cmocka_unit_test(test_rules_of_the_manual),
        cmocka_unit_test(test_fees),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_long_texts_have_versions),
        cmocka_unit_test(test_messages_are_filled),
        cmocka_unit_test(test_versions_live_beside_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
