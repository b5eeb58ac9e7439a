/* Production: what waits, the four checks before making, steps with their times, quality, the label. */
#include "hall/production/production.h"
#include "hall_fixture.h"
#include "reader.h"

#include <string.h>

static void stock(struct hall_fixture *f, size_t n)
{
    static const char *const serial[] = {"FX2600071182", "FX2600071183"};
    struct hall_tx tx;
    hall_write(f, &maker_xu, &tx);
    struct ukey_stock in = {.project = "aml-reporting",
                            .prefix = "FX",
                            .model = "soft",
                            .batch = "b",
                            .serial = serial,
                            .n = n};
    assert_ok(ukey_stock_in(&tx, &in, &f->e), &f->e);
    hall_done(f, &tx);
}

/* F1 to F3. */
static void an_order_is_queued_made_and_packed(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct production p;
    struct production_numbers n;
    int found;
    stock(f, 1);
    hall_write(f, &maker_xu, &tx);
    assert_ok(production_of_order(&tx, 1, &p, &found, &f->e), &f->e);
    assert_false(found);
    assert_ok(production_queue(&tx, 1, "aml-reporting", &f->e), &f->e);
    assert_ok(production_of_order(&tx, 1, &p, &found, &f->e), &f->e);
    assert_true(found && p.state == PRODUCTION_QUEUED);
    assert_string_equal(p.serial, "FX2600071182");
    assert_ok(production_numbers(&tx, &n, &f->e), &f->e);
    assert_true(n.made_today == 0 && n.waiting == 1);
    assert_ok(production_made(&tx, 1, p.serial, &f->e), &f->e);
    assert_ok(production_numbers(&tx, &n, &f->e), &f->e);
    assert_true(n.made_today == 1 && n.waiting == 0);
    assert_ok(production_scrapped(&tx, 1, p.serial, "外壳裂了", &f->e), &f->e);
    assert_ok(production_of_order(&tx, 1, &p, &found, &f->e), &f->e);
    assert_true(p.state == PRODUCTION_QUEUED && !p.quality_passed);
    assert_string_equal(p.quality_reason, "外壳裂了");
    assert_ok(production_made(&tx, 1, p.serial, &f->e), &f->e);
    assert_ok(production_quality(&tx, 1, &f->e), &f->e);
    assert_ok(production_of_order(&tx, 1, &p, &found, &f->e), &f->e);
    assert_true(p.state == PRODUCTION_PACKED && p.quality_passed && p.maker == 31);
    assert_string_equal(p.maker_name, "许建民");
    hall_done(f, &tx);
}

/* An empty stock must not stop a paid order: the maker sees it at the job. */
static void an_empty_stock_does_not_stop_the_order(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct production p;
    int found;
    hall_write(f, &hall_system, &tx);
    assert_ok(production_queue(&tx, 1, "aml-reporting", &f->e), &f->e);
    assert_ok(production_of_order(&tx, 1, &p, &found, &f->e), &f->e);
    assert_string_equal(p.serial, "");
    hall_done(f, &tx);
}

static void an_order_that_is_void_gives_its_blank_ukey_back(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct ukey_stock_count n;
    stock(f, 1);
    hall_write(f, &hall_system, &tx);
    assert_ok(production_queue(&tx, 1, "aml-reporting", &f->e), &f->e);
    assert_ok(production_void(&tx, 1, &f->e), &f->e);
    assert_ok(ukey_stock_count(&tx, "aml-reporting", &n, &f->e), &f->e);
    assert_int_equal(n.blank, 1);
    hall_done(f, &tx);
}

static struct production_facts right(void)
{
    return (struct production_facts){.approved = 1,
                                     .settled = 1,
                                     .revision = 2,
                                     .registration = 1,
                                     .institution_name = "泉州海丝供应链管理有限公司",
                                     .reporting_code = "FJ350500000012",
                                     .user_name = "用户一",
                                     .serial = "FX2600071182",
                                     .serial_state = FLOW_UKEY_BLANK};
}

/* F2, G-11: each of the four checks, and the four eyes, can stop it alone. */
static void each_check_alone_stops_the_making(void **state)
{
    struct hall_fixture *f = *state;
    struct production_check c[PRODUCTION_CHECKS];
    struct production_facts ok = right(), wrong[7];
    assert_true(production_check(&ok, LANG_ZH, f->arena, c));
    assert_string_equal(c[0].title, "业务单");
    assert_string_equal(c[1].text, "与修订 2 一致");
    assert_string_equal(c[3].text, "FX26 0007 1182");
    for (int i = 0; i < 7; i++)
        wrong[i] = ok;
    wrong[0].approved = 0;
    wrong[1].settled = 0;
    wrong[2].revision = 0;
    wrong[3].registration = 0;
    wrong[4].serial = "";
    wrong[5].serial_state = FLOW_UKEY_ISSUED;
    wrong[6].reviewer_is_maker = 1;
    static const int bad[] = {0, 0, 1, 2, 3, 3, -1};
    for (int i = 0; i < 7; i++) {
        assert_false(production_check(&wrong[i], LANG_EN, f->arena, c));
        for (int k = 0; k < PRODUCTION_CHECKS; k++)
            assert_int_equal(c[k].ok, k != bad[i]);
    }
    /* a job that broke off goes on with the key it began */
    ok.serial_state = FLOW_UKEY_INITIALISED;
    assert_true(production_check(&ok, LANG_ZH, f->arena, c));
}

static void the_label_must_be_that_of_the_orders_ukey(void **state)
{
    struct hall_fixture *f = *state;
    struct production p = {.serial = "FX2600071182"}, none = {.serial = ""};
    assert_ok(production_label_matches(&p, "fx26 0007 1182", f->arena, &f->e), &f->e);
    assert_err(ERR_MAKE_LABEL, production_label_matches(&p, "FX26 0007 1183", f->arena, &f->e));
    assert_err(ERR_MAKE_LABEL, production_label_matches(&p, NULL, f->arena, &f->e));
    assert_err(ERR_MAKE_LABEL, production_label_matches(&none, "", f->arena, &f->e));
}

static void steps_keep_the_time_of_the_last_time(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct production_mark m[PRODUCTION_STEPS];
    hall_at(f, "2025-11-20T10:00:00+08:00");
    hall_write(f, &maker_xu, &tx);
    assert_ok(production_queue(&tx, 1, "aml-reporting", &f->e), &f->e);
    assert_ok(production_step_done(&tx, 1, PRODUCTION_KEY, "FX2600071182", &f->e), &f->e);
    hall_done(f, &tx);
    hall_at(f, "2025-11-20T10:05:00+08:00");
    hall_write(f, &maker_xu, &tx);
    assert_ok(production_step_done(&tx, 1, PRODUCTION_KEY, "FX2600071183", &f->e), &f->e);
    assert_ok(production_steps(&tx, 1, m, &f->e), &f->e);
    assert_int_equal(m[PRODUCTION_KEY].at, tx.now);
    assert_string_equal(m[PRODUCTION_KEY].note, "FX2600071183");
    assert_int_equal(m[PRODUCTION_WRITE].at, 0);
    hall_done(f, &tx);
}

static void the_label_is_a_pdf_of_60_by_40_millimetres(void **state)
{
    struct hall_fixture *f = *state;
    struct production_label l = {.serial = "FX2600071182",
                                 .institution = "泉州海丝供应链管理有限公司",
                                 .user = "用户一",
                                 .order = 2087654321098765432,
                                 .not_after = INT64_C(1795104000000),
                                 .hotline = "400-000-0000"};
    struct bytes pdf;
    assert_ok(production_label_pdf(&l, LANG_ZH, f->arena, &pdf, &f->e), &f->e);
    const char *text = reader_output(f->arena, pdf,
                                     (const char *const[]){"pdftotext", "@", "-", NULL});
    const char *info = reader_output(f->arena, pdf, (const char *const[]){"pdfinfo", "@", NULL});
    assert_non_null(strstr(text, "FX26 0007 1182"));
    assert_non_null(strstr(text, "泉州海丝供应链管理有限公司"));
    assert_non_null(strstr(text, "2087654321098765432"));
    assert_non_null(strstr(info, "170.079 x 113.386"));
    assert_non_null(strstr(info, "Pages:           1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(an_order_is_queued_made_and_packed),
        HALL_TEST(an_empty_stock_does_not_stop_the_order),
        HALL_TEST(an_order_that_is_void_gives_its_blank_ukey_back),
        HALL_TEST(each_check_alone_stops_the_making),
        HALL_TEST(the_label_must_be_that_of_the_orders_ukey),
        HALL_TEST(steps_keep_the_time_of_the_last_time),
        HALL_TEST(the_label_is_a_pdf_of_60_by_40_millimetres),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
