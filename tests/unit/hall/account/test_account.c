/* Authorisation codes and signing in: S0-02, S0-08, S0-10, S0-17, G-03, G-40, requirements §10.8 C1 to C6. */
#include "base/text.h"
#include "hall/account/account_priv.h"
#include "hall/audit/audit.h"
#include "hall/outbox/outbox.h"
#include "hall_fixture.h"

#include <string.h>

#define CODE "FJQZ20260718A1"
#define AUTH "ABCDEFGHJKMNPQRS"

static int64_t load(struct hall_fixture *f, const char *user, const char *code, const char **made)
{
    struct hall_tx tx = {0};
    struct account_new n = {.project = "aml-reporting",
                            .institution = 5,
                            .reporting_code = CODE,
                            .user_name = user,
                            .handler = "沈若琳",
                            .mobile = "13805961234",
                            .email = "shen.ruolin@example.com",
                            .code = code,
                            .from_workday = 2};
    int64_t id;
    const char *plain;
    hall_write(f, &hall_system, &tx);
    assert_ok(account_load(&tx, &n, &id, &plain, &f->e), &f->e);
    hall_done(f, &tx);
    if (made)
        *made = plain;
    return id;
}

static enum err sign_in(struct hall_fixture *f, const char *code, const char *reporting,
                        const char *address, int64_t *id)
{
    struct account_sign_in in = {"aml-reporting", code, reporting, address, LANG_ZH};
    err_clear(&f->e);
    return account_sign_in(&f->hall, &in, f->arena, id, &f->e);
}

static struct account get(struct hall_fixture *f, int64_t id)
{
    struct hall_tx tx = {0};
    struct account x;
    hall_read(f, &tx);
    assert_ok(account_get(&tx, id, &x, &f->e), &f->e);
    hall_end(&tx);
    return x;
}

/* S0-17, G-03: 30 September is a Tuesday; 1 to 8 October are holidays; the 9th is the first working day, the 10th
 * the second. */
static void a_code_works_from_the_second_working_day(void **state)
{
    struct hall_fixture *f = *state;
    int64_t id = 0;
    hall_at(f, "2025-09-30T10:00:00+08:00");
    int64_t account = load(f, "u1", AUTH, NULL);
    assert_int_equal(get(f, account).state, ACCOUNT_LOADED);
    assert_err(ERR_ACCOUNT_EARLY, sign_in(f, AUTH, CODE, "10.0.0.1", &id));
    assert_string_equal(f->e.arg[0].value, "10月10日（周五）");
    hall_at(f, "2025-10-09T23:59:00+08:00");
    assert_err(ERR_ACCOUNT_EARLY, sign_in(f, AUTH, CODE, "10.0.0.1", &id));
    hall_at(f, "2025-10-10T00:00:00+08:00");
    assert_int_equal(sign_in(f, AUTH, CODE, "10.0.0.1", &id), ERR_OK);
    assert_int_equal(id, account);
    assert_int_equal(get(f, account).state, ACCOUNT_IN_USE);
}

/* 27 September 2025 is a Saturday: the make-up Sunday 28th is the first working day, the 29th the second. */
static void a_make_up_sunday_is_a_working_day(void **state)
{
    struct hall_fixture *f = *state;
    hall_at(f, "2025-09-27T10:00:00+08:00");
    int64_t id = load(f, "u1", AUTH, NULL);
    assert_int_equal(get(f, id).usable_from, time_day_from_parts(2025, 9, 29));
    assert_false(get(f, id).usable_provisional);
}

static void an_early_date_is_told_with_its_year_and_whether_it_is_provisional(void **state)
{
    struct hall_fixture *f = *state;
    int32_t today = time_day_from_parts(2026, 12, 31), day = time_day_from_parts(2027, 1, 5);
    assert_string_equal(account_day_text(f->arena, day, today, 1, LANG_ZH),
                        "2027年1月5日（周二，暂定）");
    assert_string_equal(account_day_text(f->arena, day, day, 0, LANG_EN), "Tuesday 5 January");
}

static void the_pair_must_be_right_and_one_answer_covers_everything_else(void **state)
{
    struct hall_fixture *f = *state;
    int64_t id = 0;
    hall_at(f, "2025-03-03T10:00:00+08:00");
    load(f, "u1", AUTH, NULL);
    hall_at(f, "2025-03-10T10:00:00+08:00");
    static const char *const wrong[][2] = {
        {AUTH, "FJQZ20260718A2"}, {"ABCDEFGHJKMNPQRT", CODE}, {"", ""}, {AUTH, ""},
        {"????", CODE},           {"x", "\xE6\xB2\x88"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_err(ERR_ACCOUNT_WRONG, sign_in(f, wrong[i][0], wrong[i][1], "10.0.0.9", &id));
        assert_string_equal(f->e.field, "code");
        assert_int_equal(f->e.args, 0);
    }
    /* typed as people type: lower case, groups, O for 0, full-width */
    assert_int_equal(sign_in(f, " abcd-efgh jkmn-ｐqrs ", "fjqz20260718a1", "10.0.0.9", &id),
                     ERR_OK);
}

static void five_wrong_tries_limit_a_code_that_exists_and_one_that_does_not_alike(void **state)
{
    struct hall_fixture *f = *state;
    int64_t id = 0;
    hall_at(f, "2025-03-03T10:00:00+08:00");
    load(f, "u1", AUTH, NULL);
    hall_at(f, "2025-03-10T10:00:00+08:00");
    static const char *const codes[] = {CODE, "XXXX20260718A9"};
    for (int c = 0; c < 2; c++) {
        for (int i = 0; i < 5; i++)
            assert_err(ERR_ACCOUNT_WRONG,
                       sign_in(f, "0000000000000000", codes[c], "10.0.0.1", &id));
        assert_err(ERR_LIMITED, sign_in(f, "0000000000000000", codes[c], "10.0.0.1", &id));
    }
    assert_err(ERR_LIMITED, sign_in(f, AUTH, CODE, "10.0.0.1", &id));
    assert_int_equal(sign_in(f, AUTH, CODE, "10.0.0.2", &id),
                     ERR_OK); /* nobody locks a clerk out */
    assert_int_equal(sign_in(f, AUTH, CODE, "10.0.0.1", &id), ERR_OK); /* cleared */
}

static void made_codes_have_16_crockford_characters_and_stand_nowhere(void **state)
{
    struct hall_fixture *f = *state;
    const char *one, *two;
    load(f, "u1", NULL, &one);
    load(f, "u2", "", &two);
    assert_int_equal(strlen(one), 16);
    assert_int_equal(strspn(one, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 16);
    assert_string_not_equal(one, two);
    struct hall_tx tx = {0};
    int taken;
    hall_read(f, &tx);
    assert_ok(account_code_taken(&tx, "aml-reporting", one, &taken, &f->e), &f->e);
    assert_true(taken);
    assert_ok(account_code_taken(&tx, "central-procurement", one, &taken, &f->e), &f->e);
    assert_false(taken);
    hall_end(&tx);
}

static void a_user_and_a_code_are_entered_once(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    int64_t id;
    const char *code;
    load(f, "u1", AUTH, NULL);
    struct account_new n = {.project = "aml-reporting",
                            .reporting_code = CODE,
                            .user_name = "u1",
                            .handler = "",
                            .mobile = "",
                            .email = "",
                            .from_workday = 2};
    hall_write(f, &hall_system, &tx);
    assert_err(ERR_ACCOUNT_EXISTS, account_load(&tx, &n, &id, &code, &f->e));
    n.user_name = "u2";
    n.code = AUTH;
    assert_err(ERR_ACCOUNT_CODE_TAKEN, account_load(&tx, &n, &id, &code, &f->e));
    hall_end(&tx);
    load(f, "u3", NULL, NULL); /* several users of one institution: S0-08, S0-10 */
    const struct account *all;
    size_t n_all;
    hall_read(f, &tx);
    assert_ok(account_of_institution(&tx, 5, &all, &n_all, &f->e), &f->e);
    assert_int_equal(n_all, 2);
    assert_ok(account_search(&tx, "13805961234", &all, &n_all, &f->e), &f->e);
    assert_int_equal(n_all, 2);
    hall_end(&tx);
}

static void a_correction_changes_the_person_and_a_withdrawal_ends_the_code(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    int64_t id = 0;
    hall_at(f, "2025-03-03T10:00:00+08:00");
    int64_t account = load(f, "u1", AUTH, NULL);
    hall_at(f, "2025-03-10T10:00:00+08:00");
    struct account_change c = {
        .institution = 6, .handler = "林岚", .mobile = "13905960000", .email = "lin@example.com"};
    hall_write(f, &hall_system, &tx);
    assert_ok(account_correct(&tx, account, &c, &f->e), &f->e);
    hall_done(f, &tx);
    struct account x = get(f, account);
    assert_string_equal(x.handler, "林岚");
    assert_string_equal(x.mobile, "13905960000");
    assert_int_equal(x.institution, 6);
    hall_write(f, &hall_system, &tx);
    assert_ok(account_withdraw(&tx, account, &f->e), &f->e);
    assert_ok(account_withdraw(&tx, account, &f->e), &f->e); /* again: nothing */
    hall_done(f, &tx);
    assert_err(ERR_ACCOUNT_WITHDRAWN, sign_in(f, AUTH, CODE, "10.0.0.1", &id));
}

static void the_timer_makes_codes_usable(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    int n;
    hall_at(f, "2025-03-03T10:00:00+08:00");
    load(f, "u1", AUTH, NULL);
    hall_at(f, "2025-03-04T10:00:00+08:00");
    hall_write(f, &hall_timer, &tx);
    assert_ok(account_usable_due(&tx, &n, &f->e), &f->e);
    assert_int_equal(n, 0);
    hall_done(f, &tx);
    hall_at(f, "2025-03-05T10:00:00+08:00");
    hall_write(f, &hall_timer, &tx);
    assert_ok(account_usable_due(&tx, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    hall_done(f, &tx);
}

/* ---- one-time codes ---- */

static char sms[128];
static enum err catch_sms(const struct hall *h, const struct outbox_row *row, struct arena *a,
                          const char **answer, void *arg, struct err_info *e)
{
    (void)h;
    (void)a;
    (void)answer;
    (void)arg;
    (void)e;
    const char *code = strstr(row->body, "验证码 ");
    assert_non_null(code);
    snprintf(sms, sizeof sms, "%.6s", code + strlen("验证码 "));
    return ERR_OK;
}

static void send_otp(struct hall_fixture *f, int64_t account)
{
    struct hall_tx tx = {0};
    struct outbox_kind kind = {.kind = "sms", .deliver = catch_sms};
    _auto(outbox) o = NULL;
    int done;
    hall_tamper(f, "DELETE FROM limit_try");
    hall_write(f, &hall_system, &tx);
    assert_ok(account_otp_send(&tx, account, ACCOUNT_OTP_FIRST_PIN, "ukey:1",
                               "验证码 {code}，{minutes} 分钟内有效", &f->e),
              &f->e);
    hall_done(f, &tx);
    assert_ok(outbox_start(&f->hall, &kind, 1, 0, &o, &f->e), &f->e);
    assert_ok(outbox_run(o, &done, &f->e), &f->e);
    assert_int_equal(done, 1);
}

static enum err check(struct hall_fixture *f, int64_t account, const char *object,
                      const char *typed)
{
    return account_otp_check(&f->hall, account, ACCOUNT_OTP_FIRST_PIN, object, typed, f->arena,
                             &f->e);
}

static void a_one_time_code_works_once_for_its_object(void **state)
{
    struct hall_fixture *f = *state;
    int64_t account = load(f, "u1", AUTH, NULL);
    send_otp(f, account);
    assert_err(ERR_OTP_GONE, check(f, account, "ukey:2", sms));
    assert_int_equal(check(f, account, "ukey:1", arena_fmt(f->arena, " %.3s %s", sms, sms + 3)),
                     ERR_OK);
    assert_err(ERR_OTP_GONE, check(f, account, "ukey:1", sms));
}

static void a_one_time_code_dies_after_five_wrong_tries_five_minutes_or_a_newer_one(void **state)
{
    struct hall_fixture *f = *state;
    int64_t account = load(f, "u1", AUTH, NULL);
    send_otp(f, account);
    const char *wrong = strcmp(sms, "000000") == 0 ? "000001" : "000000";
    for (int left = 4; left > 0; left--) {
        assert_err(ERR_OTP_WRONG, check(f, account, "ukey:1", wrong));
        assert_string_equal(f->e.arg[0].value, arena_fmt(f->arena, "%d", left));
    }
    assert_err(ERR_OTP_GONE, check(f, account, "ukey:1", wrong));
    assert_err(ERR_OTP_GONE, check(f, account, "ukey:1", sms));
    send_otp(f, account);
    hall_tamper(f, "UPDATE account_otp SET ends_at = ends_at - 300001");
    assert_err(ERR_OTP_GONE, check(f, account, "ukey:1", sms));
    send_otp(f, account);
    const char *older = arena_text(f->arena, sms);
    send_otp(f, account);
    if (strcmp(older, sms) != 0)
        assert_err(ERR_OTP_WRONG, check(f, account, "ukey:1", older));
    assert_int_equal(check(f, account, "ukey:1", sms), ERR_OK);
}

static void one_time_codes_are_limited_by_mobile(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    int64_t account = load(f, "u1", AUTH, NULL);
    send_otp(f, account);
    hall_write(f, &hall_system, &tx);
    assert_err(ERR_LIMITED, account_otp_send(&tx, account, ACCOUNT_OTP_FIRST_PIN, "ukey:1",
                                             "验证码 {code}", &f->e));
    hall_end(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(a_code_works_from_the_second_working_day),
        HALL_TEST(a_make_up_sunday_is_a_working_day),
        HALL_TEST(an_early_date_is_told_with_its_year_and_whether_it_is_provisional),
        HALL_TEST(the_pair_must_be_right_and_one_answer_covers_everything_else),
        HALL_TEST(five_wrong_tries_limit_a_code_that_exists_and_one_that_does_not_alike),
        HALL_TEST(made_codes_have_16_crockford_characters_and_stand_nowhere),
        HALL_TEST(a_user_and_a_code_are_entered_once),
        HALL_TEST(a_correction_changes_the_person_and_a_withdrawal_ends_the_code),
        HALL_TEST(the_timer_makes_codes_usable),
        HALL_TEST(a_one_time_code_works_once_for_its_object),
        HALL_TEST(a_one_time_code_dies_after_five_wrong_tries_five_minutes_or_a_newer_one),
        HALL_TEST(one_time_codes_are_limited_by_mobile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
