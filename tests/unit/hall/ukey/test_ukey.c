/* Stock and life of UKeys: serials as people type them, one reservation for an order, owners and what stays of a UKey. */
#include "hall/ukey/ukey.h"
#include "hall_fixture.h"

#include <string.h>

static void stock(struct hall_fixture *f, const char *const *serial, size_t n)
{
    struct hall_tx tx;
    hall_write(f, &maker_xu, &tx);
    struct ukey_stock in = {.project = "aml-reporting",
                            .prefix = "FX",
                            .model = "soft",
                            .batch = "2026-01",
                            .serial = serial,
                            .n = n};
    assert_ok(ukey_stock_in(&tx, &in, &f->e), &f->e);
    hall_done(f, &tx);
}

static const char *const three[] = {"FX26 0007 1182", "fx26-0007-1183",
                                    "ＦＸ２６　０００７１１８４"};

static void serials_are_mended_and_shown_in_groups(void **state)
{
    struct hall_fixture *f = *state;
    assert_string_equal(ukey_serial_mend(f->arena, "fx26 0007-1182"), "FX2600071182");
    assert_string_equal(ukey_serial_mend(f->arena, "ｆｘ２６　０００７１１８２"), "FX2600071182");
    assert_null(ukey_serial_mend(f->arena, "FX26/0007"));
    assert_null(ukey_serial_mend(f->arena, "证书"));
    assert_null(ukey_serial_mend(f->arena, " "));
    assert_null(ukey_serial_mend(f->arena, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    assert_string_equal(ukey_serial_text(f->arena, "FX2600071182"), "FX26 0007 1182");
}

/* T1: serial unique, model known; all or nothing. */
static void a_known_or_malformed_serial_stops_the_whole_delivery(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct ukey k;
    static const char *const again[] = {"FX2600071190", "FX2600071182"},
                             *const bad[] = {"FX2600071191", "FX260007"},
                             *const other[] = {"CG2600071191"};
    const struct {
        const char *const *serial;
        size_t n;
        enum err want;
    } wrong[] = {{again, 2, ERR_UKEY_SERIAL},
                 {bad, 2, ERR_UKEY_SERIAL_FORM},
                 {other, 1, ERR_UKEY_SERIAL_FORM}};
    stock(f, three, 3);
    for (size_t i = 0; i < 3; i++) {
        hall_write(f, &maker_xu, &tx);
        struct ukey_stock in = {.project = "aml-reporting",
                                .prefix = "FX",
                                .model = "soft",
                                .batch = "b",
                                .serial = wrong[i].serial,
                                .n = wrong[i].n};
        assert_err(wrong[i].want, ukey_stock_in(&tx, &in, &f->e));
        hall_end(&tx);
    }
    hall_read(f, &tx);
    assert_err(ERR_NOT_FOUND, ukey_get(&tx, "FX2600071190", &k, &f->e));
    assert_ok(ukey_get(&tx, "FX2600071184", &k, &f->e), &f->e);
    assert_int_equal(k.state, FLOW_UKEY_BLANK);
    assert_string_equal(k.model, "soft");
    hall_end(&tx);
}

/* F1: one blank UKey is kept for each order, and the same one when asked again. */
static void each_order_keeps_one_blank_ukey(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const char *a, *again, *b, *c;
    struct ukey_stock_count n;
    stock(f, three, 2);
    hall_write(f, &hall_system, &tx);
    assert_ok(ukey_reserve(&tx, "aml-reporting", 1, &a, &f->e), &f->e);
    assert_ok(ukey_reserve(&tx, "aml-reporting", 1, &again, &f->e), &f->e);
    assert_ok(ukey_reserve(&tx, "aml-reporting", 2, &b, &f->e), &f->e);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    assert_err(ERR_UKEY_NONE_LEFT, ukey_reserve(&tx, "aml-reporting", 3, &c, &f->e));
    assert_err(ERR_UKEY_NONE_LEFT, ukey_reserve(&tx, "foreign-trade", 3, &c, &f->e));
    assert_ok(ukey_stock_count(&tx, "aml-reporting", &n, &f->e), &f->e);
    assert_int_equal(n.blank, 0);
    assert_int_equal(n.reserved, 2);
    assert_ok(ukey_unreserve(&tx, 1, &f->e), &f->e);
    assert_ok(ukey_reserve(&tx, "aml-reporting", 3, &c, &f->e), &f->e);
    assert_string_equal(a, c);
    hall_done(f, &tx);
}

static void the_maker_may_take_another_blank_one_but_not_somebody_elses(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const char *mine, *theirs;
    struct ukey k;
    stock(f, three, 3);
    hall_write(f, &maker_xu, &tx);
    assert_ok(ukey_reserve(&tx, "aml-reporting", 1, &mine, &f->e), &f->e);
    assert_ok(ukey_reserve(&tx, "aml-reporting", 2, &theirs, &f->e), &f->e);
    assert_err(ERR_UKEY_TAKEN, ukey_reserve_this(&tx, "aml-reporting", 1, theirs, &f->e));
    assert_err(ERR_UKEY_TAKEN, ukey_reserve_this(&tx, "aml-reporting", 1, "FX2699999999", &f->e));
    assert_ok(ukey_reserve_this(&tx, "aml-reporting", 1, "FX2600071184", &f->e), &f->e);
    assert_ok(ukey_get(&tx, mine, &k, &f->e), &f->e);
    assert_int_equal(k.order, 0);
    /* begun: it stays this one */
    assert_ok(ukey_record(&tx, "FX2600071184", 1, "T2", FLOW_UKEY_INITIALISED, &f->e), &f->e);
    assert_err(ERR_UKEY_TAKEN, ukey_reserve_this(&tx, "aml-reporting", 1, mine, &f->e));
    assert_ok(ukey_unreserve(&tx, 1, &f->e), &f->e);
    assert_ok(ukey_get(&tx, "FX2600071184", &k, &f->e), &f->e);
    assert_int_equal(k.order, 1);
    hall_done(f, &tx);
}

/* T2 to T4, S0-09: states, times, owner, and how many live ones a user has. */
static void a_ukey_goes_its_way_and_remembers_it(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    const char *serial;
    struct ukey k;
    const struct ukey_line *line;
    size_t n;
    int live, at;
    stock(f, three, 1);
    hall_write(f, &maker_xu, &tx);
    assert_ok(ukey_state(&tx, 1, &at, &f->e), &f->e);
    assert_int_equal(at, FLOW_UKEY_NONE);
    assert_ok(ukey_reserve(&tx, "aml-reporting", 1, &serial, &f->e), &f->e);
    assert_ok(ukey_record(&tx, serial, 1, "T2", FLOW_UKEY_INITIALISED, &f->e), &f->e);
    assert_ok(ukey_record(&tx, serial, 1, "T3", FLOW_UKEY_PERSONALISED, &f->e), &f->e);
    assert_ok(ukey_live_count(&tx, 77, &live, &f->e), &f->e);
    assert_int_equal(live, 0);
    assert_ok(ukey_record(&tx, serial, 1, "T4", FLOW_UKEY_ISSUED, &f->e), &f->e);
    assert_ok(ukey_owner(&tx, serial, 77, &f->e), &f->e);
    assert_ok(ukey_live_count(&tx, 77, &live, &f->e), &f->e);
    assert_int_equal(live, 1);
    assert_ok(ukey_record(&tx, serial, 1, "T4", FLOW_UKEY_ACTIVE, &f->e), &f->e);
    assert_ok(ukey_get(&tx, serial, &k, &f->e), &f->e);
    assert_true(k.shipped_at > 0 && k.first_pin_at > 0 && k.account == 77);
    assert_ok(ukey_state(&tx, 1, &at, &f->e), &f->e);
    assert_int_equal(at, FLOW_UKEY_ACTIVE);
    assert_ok(ukey_record(&tx, serial, 1, "T10", FLOW_UKEY_LOST, &f->e), &f->e);
    assert_ok(ukey_live_count(&tx, 77, &live, &f->e), &f->e);
    assert_int_equal(live, 0);
    assert_ok(ukey_history(&tx, serial, &line, &n, &f->e), &f->e);
    assert_int_equal(n, 6);
    assert_string_equal(line[0].row, "T10");
    assert_string_equal(line[5].row, "T1");
    assert_string_equal(line[5].who, "许建民");
    assert_string_equal(line[5].role, "maker");
    hall_done(f, &tx);
}

/* U4b: an admin PIN that was let out and not confirmed is remembered until it is. */
static void a_released_admin_pin_is_open_until_it_is_confirmed(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct ukey k;
    stock(f, three, 1);
    hall_write(f, &maker_xu, &tx);
    assert_ok(ukey_pin_confirmed(&tx, "FX2600071182", 1, &f->e), &f->e);
    assert_ok(ukey_pin_released(&tx, "FX2600071182", &f->e), &f->e);
    assert_ok(ukey_get(&tx, "FX2600071182", &k, &f->e), &f->e);
    assert_true(k.release_open && k.admin_version == 1);
    assert_ok(ukey_pin_confirmed(&tx, "FX2600071182", 2, &f->e), &f->e);
    assert_ok(ukey_get(&tx, "FX2600071182", &k, &f->e), &f->e);
    assert_true(!k.release_open && k.admin_version == 2);
    hall_done(f, &tx);
}

static void a_member_of_staff_has_one_ukey_of_his_own(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct ukey_staff s;
    int found;
    hall_write(f, &hall_system, &tx);
    assert_ok(ukey_of_staff(&tx, 31, &s, &found, &f->e), &f->e);
    assert_false(found);
    assert_ok(ukey_staff_put(&tx, &(struct ukey_staff){31, "MK2600000001", "0a"}, &f->e), &f->e);
    assert_ok(ukey_staff_put(&tx, &(struct ukey_staff){31, "MK2600000002", "0b"}, &f->e), &f->e);
    assert_ok(ukey_of_staff(&tx, 31, &s, &found, &f->e), &f->e);
    assert_true(found);
    assert_string_equal(s.serial, "MK2600000002");
    assert_string_equal(s.certificate, "0b");
    hall_done(f, &tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(serials_are_mended_and_shown_in_groups),
        HALL_TEST(a_known_or_malformed_serial_stops_the_whole_delivery),
        HALL_TEST(each_order_keeps_one_blank_ukey),
        HALL_TEST(the_maker_may_take_another_blank_one_but_not_somebody_elses),
        HALL_TEST(a_ukey_goes_its_way_and_remembers_it),
        HALL_TEST(a_released_admin_pin_is_open_until_it_is_confirmed),
        HALL_TEST(a_member_of_staff_has_one_ukey_of_his_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
