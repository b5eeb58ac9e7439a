#include "vectors.h"

#include "base/time.h"
#include "pki/der.h"

static enum err first(struct arena *a, const char *der, struct err_info *e)
{
    struct der d = der_start(hex(a, der));
    TRY(der_any(&d, NULL, NULL, NULL, e));
    return der_end(&d, e);
}

static void what_is_not_der_is_refused_with_the_rule(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", "8.1.1"},
        {"30", "8.1.3"},
        {"3080", "10.1"},
        {"308101", "10.1"},
        {"30817f", "10.1"},
        {"30820080", "10.1"},
        {"3085010000000000", "8.1.3.5"},
        {"3082", "8.1.3"},
        {"050100", NULL},
        {"300201", "8.1.4"},
        {"1f0100", "8.1.2.4"},
        {"0000", "8.1.5"},
        {"050000", "8.1.1"},
        {"3084ffffffff00", "8.1.4"},
    };
    _auto(arena) a = arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err_info e;
        enum err err = first(a, bad[i][0], &e);
        assert_err(bad[i][1] ? ERR_DER_MALFORMED : ERR_OK, err);
        if (bad[i][1] && !strstr(e.detail, bad[i][1]))
            fail_msg("%s: \"%s\" does not name %s", bad[i][0], e.detail, bad[i][1]);
    }
}

static void integers_are_minimal_and_not_negative(void **state)
{
    (void)state;
    static const char *const good[][2] = {
        {"020100", "00"}, {"02017f", "7f"}, {"02020080", "80"}, {"0203010000", "010000"}};
    static const char *const bad[] = {"0200",     "020180", "0202007f", "0201ff",
                                      "0202ff80", "030100", "02020000"};
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes m;
    for (size_t i = 0; i < 4; i++) {
        struct der d = der_start(hex(a, good[i][0]));
        assert_ok(der_uint(&d, &m, &e), &e);
        assert_bytes(hex(a, good[i][1]), m);
        struct buf b;
        buf_init(&b, 64);
        der_put_uint(&b, m);
        assert_bytes(hex(a, good[i][0]), ((struct bytes){b.p, b.n}));
        buf_clear(&b);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct der d = der_start(hex(a, bad[i]));
        assert_err(ERR_DER_MALFORMED, der_uint(&d, &m, &e));
    }
}

static void bit_strings_and_booleans_have_one_spelling(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes c;
    int v;
    static const char *const bad_bits[] = {"0300", "030108", "030101", "03020101"};
    for (size_t i = 0; i < 4; i++) {
        struct der d = der_start(hex(a, bad_bits[i]));
        assert_err(ERR_DER_MALFORMED, der_bits(&d, &c, &v, &e));
    }
    struct der d = der_start(hex(a, "03020780"));
    assert_ok(der_bits(&d, &c, &v, &e), &e);
    assert_int_equal(v, 7);
    d = der_start(hex(a, "03020780"));
    assert_err(ERR_DER_MALFORMED, der_bits(&d, &c, NULL, &e)); /* whole octets wanted */
    d = der_start(hex(a, "010101"));
    assert_err(ERR_DER_MALFORMED, der_boolean(&d, &v, &e));
    d = der_start(hex(a, "0101ff"));
    assert_ok(der_boolean(&d, &v, &e), &e);
    assert_int_equal(v, 1);
}

/* RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 */
static void times_have_the_form_of_their_year(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *der;
    } row[] = {
        {INT64_C(0), "170d3730303130313030303030305a"},
        {INT64_C(951826154000), "170d3030303232393132303931345a"},
        {INT64_C(2524607999000), "170d3439313233313233353935395a"},
        {INT64_C(2524608000000), "180f32303530303130313030303030305a"},
        {INT64_C(253402300799000), "180f39393939313233313233353935395a"},
        {INT64_C(-631152000000), "170d3530303130313030303030305a"},
    };
    _auto(arena) a = arena_new();
    struct err_info e;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct buf b;
        int64_t back;
        buf_init(&b, 64);
        der_put_time(&b, row[i].ms + 999); /* parts below a second are dropped */
        assert_bytes(hex(a, row[i].der), ((struct bytes){b.p, b.n}));
        struct der d = der_start((struct bytes){b.p, b.n});
        assert_ok(der_time(&d, &back, &e), &e);
        assert_true(back == row[i].ms);
        buf_clear(&b);
    }
    static const char *const bad[] = {"260230000000Z", "261301000000Z",    "260101240000Z",
                                      "260101006000Z", "2601010000Z",      "260101000000",
                                      "26010100000aZ", "260101000000+0000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf b;
        int64_t ms;
        buf_init(&b, 64);
        der_put_text(&b, DER_UTC_TIME, bad[i]);
        struct der d = der_start((struct bytes){b.p, b.n});
        assert_err(ERR_DER_MALFORMED, der_time(&d, &ms, &e));
        buf_clear(&b);
    }
}

static void oids_go_to_text_and_back(void **state)
{
    (void)state;
    static const char *const row[][2] = {{"1.2.156.10197.1.501", "06082a811ccf55018375"},
                                         {"2.5.29.15", "0603551d0f"},
                                         {"2.999.3", "0603883703"},
                                         {"1.3.6.1.4.1.311.20.2.3", "060a2b060104018237140203"}};
    static const char *const bad[] = {"",      "1",    "3.1",    "1.40", "1.2.",
                                      "1.2.x", "01.2", "1.2.03", "1..2"};
    _auto(arena) a = arena_new();
    for (size_t i = 0; i < 4; i++) {
        struct buf b;
        buf_init(&b, 128);
        assert_true(der_put_oid(&b, row[i][0]));
        assert_bytes(hex(a, row[i][1]), ((struct bytes){b.p, b.n}));
        assert_string_equal(row[i][0], der_oid_text(a, (struct bytes){b.p + 2, b.n - 2}));
        buf_clear(&b);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf b;
        buf_init(&b, 128);
        assert_false(der_put_oid(&b, bad[i]));
        buf_clear(&b);
    }
    assert_null(der_oid_text(a, hex(a, "2a8080")));
    assert_null(der_oid_text(a, hex(a, "2a8001")));
    assert_null(der_oid_text(a, (struct bytes){0}));
}

/* Content lengths around each change of the length's own length. */
static void elements_of_every_length_are_written_minimal(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 70000};
    _auto(arena) a = arena_new();
    struct err_info e;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buf b;
        struct bytes content = arena_bytes(a, arena_alloc(a, lengths[i] + 1), lengths[i]), inner,
                     out;
        buf_init(&b, 1 << 20);
        size_t outer = der_open(&b, DER_SEQUENCE), set = der_open(&b, DER_SET);
        der_put(&b, DER_OCTET_STRING, content);
        der_close(&b, set);
        der_close(&b, outer);
        assert_ok(der_finish(&b, a, &out, &e), &e);
        struct der d = der_start(out), s1, s2;
        assert_ok(der_enter(&d, DER_SEQUENCE, &s1, &e), &e);
        assert_ok(der_end(&d, &e), &e);
        assert_ok(der_enter(&s1, DER_SET, &s2, &e), &e);
        assert_ok(der_take(&s2, DER_OCTET_STRING, &inner, &e), &e);
        assert_bytes(content, inner);
    }
}

static void a_full_buffer_is_an_error_not_half_an_element(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes out;
    for (size_t max = 0; max < 140; max++) {
        struct buf b;
        buf_init(&b, max);
        size_t mark = der_open(&b, DER_SEQUENCE);
        der_put(&b, DER_OCTET_STRING, (struct bytes){arena_alloc(a, 130), 130});
        der_close(&b, mark);
        enum err err = der_finish(&b, a, &out, &e);
        assert_err(max < 136 ? ERR_TOO_LARGE : ERR_OK, err);
    }
}

/* An optional part that is absent is read as an empty one: without counting from a null pointer, which C17 6.5.6 leaves
 * undefined and clang's sanitizer sees. */
static void nothing_is_read_as_empty(void **state)
{
    (void)state;
    struct err_info e;
    struct der d = der_start((struct bytes){0});
    assert_non_null(d.p);
    assert_false(der_more(&d));
    assert_int_equal(der_rest(&d).n, 0);
    assert_ok(der_end(&d, &e), &e);
    assert_err(ERR_DER_MALFORMED, der_any(&d, NULL, NULL, NULL, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_der_is_refused_with_the_rule),
        cmocka_unit_test(nothing_is_read_as_empty),
        cmocka_unit_test(integers_are_minimal_and_not_negative),
        cmocka_unit_test(bit_strings_and_booleans_have_one_spelling),
        cmocka_unit_test(times_have_the_form_of_their_year),
        cmocka_unit_test(oids_go_to_text_and_back),
        cmocka_unit_test(elements_of_every_length_are_written_minimal),
        cmocka_unit_test(a_full_buffer_is_an_error_not_half_an_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
