/* Parcels: numbers as people type them, addresses that stay sealed, and two dates (S0-28, S0-29). */
#include "hall/delivery/delivery.h"

#include "base/sys.h"
#include "hall_fixture.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct actor shipping = {BY_STAFF, 34, "何嘉敏", "shipping", "127.0.0.1"};
static const struct delivery_to to = {"沈若琳", "13805962716",
                                      "福建省泉州市丰泽区滨海街 102 号 12 层", "362000"};
static const int64_t ORDER = 2200000000000000001;

static void a_number_is_mended_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *plain; /* NULL: refused */
    } cases[] = {
        {"SF1022334455667", "SF1022334455667"},
        {" sf10-2233 4455 667\n", "SF1022334455667"},
        {"ＳＦ１０２２３３４４５５６６７", "SF1022334455667"},
        {"SF　10223344", "SF10223344"},
        {"12345678", "12345678"},
        {"1234567", NULL},
        {"ABCDEFGH", NULL},
        {"", NULL},
        {"SF10223344！", NULL},
        {"SF1022334455667'; --", NULL},
        {"单号 12345678", NULL},
        {"1234567890123456789012345678901", NULL},
        {"SF1022334\xEF\xBC", NULL},
    };
    _auto(arena) a = arena_new();
    struct err_info e;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *plain = NULL;
        enum err got = delivery_mend_number(a, cases[i].typed, &plain, &e);
        assert_int_equal(got, cases[i].plain ? ERR_OK : ERR_SHIP_NUMBER);
        if (cases[i].plain)
            assert_string_equal(plain, cases[i].plain);
        else
            assert_string_equal(e.field, "number");
    }
    assert_string_equal(delivery_number_text(a, "SF1022334455667"), "SF10 2233 4455 667");
}

static void a_courier_is_found_by_id_or_name(void **state)
{
    (void)state;
    assert_string_equal(delivery_courier_of("sf").name, "顺丰速运");
    assert_string_equal(delivery_courier_of("顺丰速运").id, "sf");
    assert_string_equal(delivery_courier_text(delivery_courier_of("sf"), LANG_EN), "SF Express");
    assert_string_equal(delivery_courier_text(delivery_courier_of("sf"), LANG_ZH), "顺丰速运");
    struct delivery_courier other = delivery_courier_of("某某快递");
    assert_string_equal(delivery_courier_text(other, LANG_EN), "某某快递");
    assert_string_equal(other.id, "某某快递");
    assert_string_equal(other.query_url, "");
}

/* What the page does with the patterns: a number chooses its courier, and never two. */
static void a_number_chooses_its_courier(void **state)
{
    static const struct {
        const char *number, *courier; /* "": anybody's */
    } rows[] = {{"SF1427553081926", "sf"},  {"EA123456789CN", "ems"}, {"JDVA01234567890", "jd"},
                {"YT2212345678901", "yto"}, {"73123456789012", ""},   {"SF1", ""},
                {"EA123456789CNX", ""},     {"XSF1427553081926", ""}};
    static const char *const ids[] = {"sf", "ems", "jd", "zto", "yto", "sto", "yunda", "某某快递"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *chosen = "";
        for (size_t c = 0; c < sizeof ids / sizeof *ids; c++) {
            struct delivery_courier courier = delivery_courier_of(ids[c]);
            regex_t r;
            if (!*courier.pattern)
                continue;
            assert_int_equal(regcomp(&r, courier.pattern, REG_EXTENDED | REG_NOSUB), 0);
            if (regexec(&r, rows[i].number, 0, NULL, 0) == 0) {
                assert_string_equal(chosen, "");
                chosen = courier.id;
            }
            regfree(&r);
        }
        assert_string_equal(chosen, rows[i].courier);
    }
}

static struct delivery parcel(struct hall_fixture *f, struct hall_tx *tx)
{
    struct delivery d;
    int found;
    assert_ok(delivery_of_order(tx, ORDER, &d, &found, &f->e), &f->e);
    assert_int_equal(found, 1);
    return d;
}

/* S0-28, S0-29: number and serial can be read; sending and arriving have each their date. */
static void a_parcel_has_two_dates(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct delivery_to where;
    hall_at(f, "2026-09-08T15:00:00+08:00");
    hall_write(f, &shipping, &tx);
    int64_t sent = tx.now;
    for (int i = 0; i < 2; i++) /* the same parcel again changes nothing */
        assert_ok(delivery_send(&tx, ORDER, "sf", "sf10 2233 4455 667", "FX2600071182", &to, &f->e),
                  &f->e);
    struct delivery d = parcel(f, &tx);
    assert_string_equal(d.number, "SF1022334455667");
    assert_string_equal(d.serial, "FX2600071182");
    assert_true(d.sent_at == sent);
    assert_true(d.signed_at == 0);
    assert_ok(delivery_open_to(&tx, &d, &where, &f->e), &f->e);
    assert_string_equal(where.address, to.address);
    hall_done(f, &tx);
    hall_end(&tx);

    hall_at(f, "2026-09-10T09:00:00+08:00");
    hall_write(f, &shipping, &tx);
    assert_int_equal(delivery_signed(&tx, ORDER, tx.now + 1000, &f->e), ERR_SHIP_DATE);
    assert_int_equal(delivery_signed(&tx, ORDER, sent - TIME_DAY, &f->e), ERR_SHIP_DATE);
    assert_ok(delivery_signed(&tx, ORDER, tx.now - 1000, &f->e), &f->e);
    assert_ok(delivery_signed(&tx, ORDER, tx.now, &f->e), &f->e); /* the first report counts */
    assert_true(parcel(f, &tx).signed_at == tx.now - 1000);
    hall_end(&tx);
}

/* Two labels mixed up: the second order is refused, and the first is named. */
static void a_number_belongs_to_one_order(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    char text[300];
    hall_write(f, &shipping, &tx);
    assert_ok(delivery_send(&tx, ORDER, "sf", "SF1022334455667", "FX2600071182", &to, &f->e),
              &f->e);
    hall_done(f, &tx);
    hall_write(f, &shipping, &tx);
    assert_err(ERR_SHIP_NUMBER_USED, delivery_send(&tx, ORDER + 1, "顺丰速运", "sf10 2233 4455 667",
                                                   "FX2600071183", &to, &f->e));
    assert_string_equal(f->e.field, "number");
    err_message(&f->e, LANG_EN, text, sizeof text);
    assert_non_null(strstr(text, "order 2200000000000000001"));
    assert_ok(delivery_send(&tx, ORDER + 1, "ems", "SF1022334455667", "FX2600071183", &to, &f->e),
              &f->e); /* another courier counts for itself */
    hall_end(&tx);
}

static void no_address_no_parcel(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    struct delivery_to half = to;
    half.phone = "";
    hall_write(f, &shipping, &tx);
    assert_int_equal(delivery_send(&tx, ORDER, "sf", "SF10223344", "FX2600071182", &half, &f->e),
                     ERR_SHIP_ADDRESS);
    assert_int_equal(delivery_signed(&tx, ORDER, tx.now, &f->e), ERR_NOT_FOUND);
    hall_end(&tx);
}

/* Design §8: neither the row nor the page shows the whole address. */
static void the_address_is_sealed_and_masked(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx;
    _auto_buf b;
    struct json_out j;
    buf_init(&b, 8192);
    jout_init(&j, &b);
    hall_write(f, &shipping, &tx);
    jout_object(&j, NULL);
    assert_ok(delivery_write(&tx, ORDER, &j, "shipment", &f->e), &f->e);
    assert_null(strstr(buf_cstr(&b), "shipment")); /* nothing was sent */
    assert_ok(delivery_send(&tx, ORDER, "EMS", "1234567890123", "FX2600071182", &to, &f->e), &f->e);
    assert_ok(delivery_write(&tx, ORDER, &j, "shipment", &f->e), &f->e);
    jout_end(&j);
    assert_non_null(strstr(buf_cstr(&b), "\"number_text\":\"1234 5678 9012 3\""));
    assert_null(strstr(buf_cstr(&b), "沈若琳"));
    assert_null(strstr(buf_cstr(&b), "13805962716"));
    assert_null(strstr(buf_cstr(&b), "滨海街"));
    struct delivery d = parcel(f, &tx);
    assert_null(memmem(d.to.p, d.to.n, "13805962716", 11));
    hall_end(&tx);
}

static void send_one(struct hall_fixture *f)
{
    struct hall_tx tx;
    hall_write(f, &shipping, &tx);
    assert_ok(delivery_send(&tx, ORDER, "sf", "SF10223344", "FX2600071182", &to, &f->e), &f->e);
    hall_done(f, &tx);
    hall_end(&tx);
}

/* The demo's courier carries the UKey's file once and finds it carried the second time. */
static void the_demos_courier_carries_the_ukey(void **state)
{
    struct hall_fixture *f = *state;
    char demo[] = "/tmp/certhall-courier.XXXXXX";
    const char *answer;
    int done;
    assert_non_null(mkdtemp(demo));
    char *bench = arena_fmt(f->arena, "%s/ukeys/bench", demo);
    char *from = arena_fmt(f->arena, "%s/FX2600071182.ukey", bench);
    char *user = arena_fmt(f->arena, "%s/ukeys/user", demo);
    char *there = arena_fmt(f->arena, "%s/FX2600071182.ukey", user);
    assert_ok(folder_make(bench, 0700, &f->e), &f->e);
    assert_ok(file_replace(from, (struct bytes){(const uint8_t *)"key", 3}, 0600, &f->e), &f->e);
    struct outbox_kind kind = delivery_demo_kind(demo);
    f->hall.demo = 1;
    assert_ok(outbox_start(&f->hall, &kind, 1, 0, &f->hall.outbox, &f->e), &f->e);
    send_one(f);
    assert_ok(outbox_run(f->hall.outbox, &done, &f->e), &f->e);
    assert_int_equal(done, 1);
    assert_int_equal(access(there, F_OK), 0);
    assert_int_equal(access(from, F_OK), -1);
    struct outbox_row again = {.body = "{\"serial\":\"FX2600071182\"}"},
                      bad = {.body = "{\"serial\":\"../../etc/x\"}"};
    assert_ok(kind.deliver(&f->hall, &again, f->arena, &answer, kind.arg, &f->e), &f->e);
    assert_int_equal(kind.deliver(&f->hall, &bad, f->arena, &answer, kind.arg, &f->e),
                     ERR_INTERNAL);
    outbox_free(f->hall.outbox);
    assert_int_equal(unlink(there), 0);
    rmdir(bench);
    rmdir(user);
    rmdir(arena_fmt(f->arena, "%s/ukeys", demo));
    assert_int_equal(rmdir(demo), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_mended_or_refused),
        cmocka_unit_test(a_courier_is_found_by_id_or_name),
        cmocka_unit_test(a_number_chooses_its_courier),
        HALL_TEST(a_parcel_has_two_dates),
        HALL_TEST(a_number_belongs_to_one_order),
        HALL_TEST(no_address_no_parcel),
        HALL_TEST(the_address_is_sealed_and_masked),
        HALL_TEST(the_demos_courier_carries_the_ukey),
    };
    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
