/* A list read in a decoder child is the list read here, and nothing that a child says is believed. */
#include "reglist/reglist_priv.h"
#include "sandbox/spawner.h"
#include "testing.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email,code\r\n"
#define LINE(user)                                                                                 \
    "add,泉州海丝供应链管理有限公司,FJQZ20260718A1," user                                          \
    ",91350100M000100Y43,沈若琳,13805961234,shen.ruolin@example.com,\r\n"

static int setup(void **state)
{
    *state = arena_new();
    return 0;
}
static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static struct bytes of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static struct bytes in_gb18030(struct arena *a, const char *text)
{
    iconv_t cd = iconv_open("GB18030", "UTF-8");
    assert_true(cd != (iconv_t)-1);
    size_t in = strlen(text), room = 4 * in, left = room;
    char *out = arena_alloc(a, room), *to = out, *from = arena_text(a, text);
    assert_int_not_equal(iconv(cd, &from, &in, &to, &left), (size_t)-1);
    iconv_close(cd);
    return (struct bytes){(const uint8_t *)out, room - left};
}

static void assert_same_problems(const struct reglist *a, const struct reglist *b)
{
    assert_int_equal(a->problems_n, b->problems_n);
    assert_int_equal(a->errors, b->errors);
    for (size_t i = 0; i < a->problems_n; i++) {
        const struct reglist_problem *x = &a->problems[i], *y = &b->problems[i];
        assert_true(x->number == y->number && x->place == y->place && x->reason == y->reason &&
                    x->warning == y->warning && x->other == y->other);
        assert_string_equal(x->column, y->column);
        assert_string_equal(x->value, y->value);
        assert_string_equal(x->suggestion, y->suggestion);
    }
}

static void assert_same(const struct reglist *a, const struct reglist *b)
{
    assert_int_equal(a->gb18030, b->gb18030);
    assert_int_equal(a->rows_n, b->rows_n);
    for (size_t i = 0; i < a->rows_n; i++) {
        const struct reglist_row *x = &a->rows[i], *y = &b->rows[i];
        assert_true(x->number == y->number && x->place == y->place && x->action == y->action);
        assert_string_equal(x->institution_name, y->institution_name);
        assert_string_equal(x->key, y->key);
        assert_memory_equal(x->hash, y->hash, sizeof x->hash); /* over all the fields */
    }
    assert_same_problems(a, b);
}

static void a_list_read_apart_is_the_list_read_here(void **state)
{
    static const struct decoder *const decoders[] = {&reglist_decoder};
    _auto(spawner) s = NULL;
    struct err_info e;
    struct reglist here, apart;
    assert_ok(spawner_start(decoders, 1, &spawner_usual, &s, &e), &e);
    const struct bytes files[] = {
        of(HEAD LINE("shenruolin") LINE("zhouqiming")),
        in_gb18030(*state, HEAD LINE("shenruolin")),
        of(HEAD LINE("shenruolin") LINE("shenruolin") "add,x\r\nadd,\"stray\"quote,\r\n"),
        of("colour,action,action\r\n" LINE("shenruolin")),
        of("[{\"action\":\"add\",\"user_name\":7,\"colour\":\"red\"},3]"),
        of("[{\"action\":\"withdraw\",\"reporting_code\":\"FJQZ20260718A1\","
           "\"user_name\":\"shenruolin\"}]"),
        of("[{"),
        of("\xff\xfe\xff"),
        of(""),
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        enum reglist_format f = reglist_detect(files[i]);
        assert_ok(reglist_read(*state, files[i], f, &here, &e), &e);
        assert_ok(reglist_read_apart(s, *state, files[i], f, &apart, &e), &e);
        assert_same(&here, &apart);
    }
}

static void a_list_that_is_too_large_is_refused_apart_as_here(void **state)
{
    static const struct decoder *const decoders[] = {&reglist_decoder};
    _auto(spawner) s = NULL;
    struct err_info e;
    struct reglist list;
    _auto_buf b, quotes;
    assert_ok(spawner_start(decoders, 1, &spawner_usual, &s, &e), &e);
    buf_init(&b, REGLIST_BYTES_MAX + 1);
    buf_text(&b, HEAD);
    for (int i = 0; i <= REGLIST_ROWS_MAX; i++)
        buf_fmt(&b, "add,甲乙丙丁,FJQZ%010d,u%d,,,,,\n", i, i);
    assert_err(ERR_TOO_LARGE,
               reglist_read_apart(s, *state, (struct bytes){b.p, b.n}, REGLIST_CSV, &list, &e));
    buf_init(&quotes, REGLIST_BYTES_MAX);
    for (int i = 0; i <= READING_PROBLEMS_MAX; i++)
        buf_text(&quotes, "a\",");
    struct bytes wrong = {quotes.p, quotes.n};
    assert_err(ERR_TOO_LARGE, reglist_read(*state, wrong, REGLIST_CSV, &list, &e));
    assert_err(ERR_TOO_LARGE, reglist_read_apart(s, *state, wrong, REGLIST_CSV, &list, &e));
    while (!b.full)
        buf_text(&b, "\n\n\n\n\n\n\n\n");
    assert_err(ERR_TOO_LARGE,
               reglist_read_apart(s, *state, (struct bytes){b.p, REGLIST_BYTES_MAX + 1},
                                  REGLIST_CSV, &list, &e));
    (void)state;
}

/* ---- what a child says ---- */

static void say(struct arena *a, const char *text, struct buf *out)
{
    struct reading r = {.a = a};
    reading_read(&r, of(text), reglist_detect(of(text)));
    message_put(out, &r);
    reading_clear(&r);
}

/* Taken or refused; what is taken becomes a list whose parts are within their bounds. */
static enum err hear(struct arena *a, struct bytes m)
{
    struct reading r = {.a = a};
    struct reglist list;
    struct err_info e;
    enum err done = message_take(m, &r, &e);
    if (done == ERR_OK && reading_finish(&r, REGLIST_CSV, &list, &e) == ERR_OK) {
        assert_true(list.rows_n <= r.rows_n);
        for (size_t i = 0; i < list.rows_n; i++)
            assert_in_range(list.rows[i].number, 1, r.rows_n);
        for (size_t i = 0; i < list.problems_n; i++) {
            assert_in_range(list.problems[i].number, 0, r.rows_n);
            assert_non_null(list.problems[i].column);
            assert_true(*reglist_problem_text(a, &list.problems[i], LANG_ZH) != 0);
        }
    }
    reading_clear(&r);
    return done;
}

static void a_reply_with_one_wrong_octet_is_refused_or_sound(void **state)
{
    static const char text[] = HEAD LINE("shenruolin") "add,x\r\n";
    _auto_buf m;
    buf_init(&m, MESSAGE_MAX);
    say(*state, text, &m);
    assert_ok(hear(*state, (struct bytes){m.p, m.n}), &(struct err_info){0});
    int refused = 0;
    for (size_t i = 0; i < m.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            _auto(arena) a = arena_new();
            m.p[i] ^= (uint8_t)(1 << bit);
            refused += hear(a, (struct bytes){m.p, m.n}) != ERR_OK;
            m.p[i] ^= (uint8_t)(1 << bit);
        }
    assert_true(refused > 200); /* lengths, counts, the head: not what stands in a cell */
}

static void a_reply_that_is_cut_or_goes_on_is_refused(void **state)
{
    _auto_buf m;
    buf_init(&m, MESSAGE_MAX);
    say(*state, HEAD LINE("shenruolin"), &m);
    for (size_t n = 0; n < m.n; n++)
        assert_err(ERR_FILE_BROKE, hear(*state, (struct bytes){m.p, n}));
    buf_byte(&m, 0);
    assert_err(ERR_FILE_BROKE, hear(*state, (struct bytes){m.p, m.n}));
}

/* A fixed, printed seed: octets and whole numbers anywhere, and pieces put together wrongly. */
static void no_reply_at_all_harms_who_hears_it(void **state)
{
    unsigned seed = 20260718;
    _auto_buf m;
    buf_init(&m, MESSAGE_MAX);
    say(*state, HEAD LINE("shenruolin") LINE("zhou") "colour\r\nadd,\"x\"y,\r\n", &m);
    print_message("seed %u\n", seed);
    for (int round = 0; round < 20000; round++) {
        _auto(arena) a = arena_new();
        uint8_t *copy = arena_alloc(a, m.n);
        memcpy(copy, m.p, m.n);
        size_t n = rand_r(&seed) % 4 ? m.n : (size_t)rand_r(&seed) % m.n;
        for (int k = rand_r(&seed) % 6; k >= 0; k--) {
            static const uint32_t numbers[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 10001};
            size_t at = (size_t)rand_r(&seed) % (m.n - 4);
            if (rand_r(&seed) % 2)
                memcpy(copy + at, &numbers[(unsigned)rand_r(&seed) % 6], 4);
            else
                memmove(copy + at, copy + (size_t)rand_r(&seed) % (m.n - 4), 4);
        }
        (void)!hear(a, (struct bytes){copy, n});
    }
}

static void put(struct buf *b, uint32_t n)
{
    const uint8_t raw[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
    buf_put(b, raw, 4);
}

/* A head with `rows` rows of one place each, and the problem of those numbers. */
static enum err hear_problem(struct arena *a, uint32_t number, uint32_t reason)
{
    _auto_buf b;
    buf_init(&b, 4096);
    buf_text(&b, "CHRL1");
    put(&b, 0);
    put(&b, 0x1ff);
    put(&b, 1);
    put(&b, 2);
    for (int c = 0; c < COLUMNS; c++)
        put(&b, UINT32_MAX);
    put(&b, 1);
    put(&b, number);
    put(&b, 2);
    put(&b, reason);
    put(&b, 0);
    put(&b, 0);
    put(&b, 0);
    return hear(a, (struct bytes){b.p, b.n});
}

/* Two rows of no cells, at these places. */
static enum err hear_places(struct arena *a, uint32_t first, uint32_t second)
{
    _auto_buf b;
    buf_init(&b, 4096);
    buf_text(&b, "CHRL1");
    put(&b, 0);
    put(&b, 0x1ff);
    put(&b, 2);
    for (int row = 0; row < 2; row++) {
        put(&b, row ? second : first);
        for (int c = 0; c < COLUMNS; c++)
            put(&b, UINT32_MAX);
    }
    put(&b, 0);
    return hear(a, (struct bytes){b.p, b.n});
}

static void rows_come_in_the_order_of_the_file(void **state)
{
    assert_err(ERR_OK, hear_places(*state, 2, 3));
    assert_err(ERR_FILE_BROKE, hear_places(*state, 3, 2));
    assert_err(ERR_FILE_BROKE, hear_places(*state, 2, 2));
    assert_err(ERR_FILE_BROKE, hear_places(*state, 0, 1));
    assert_err(ERR_FILE_BROKE, hear_places(*state, 2, 0x80000000));
}

static void a_child_has_no_say_in_what_rows_may_hold(void **state)
{
    assert_err(ERR_OK, hear_problem(*state, 1, REGLIST_SYNTAX));
    assert_err(ERR_FILE_BROKE, hear_problem(*state, 2, REGLIST_SYNTAX));
    assert_err(ERR_FILE_BROKE, hear_problem(*state, 0x80000000, REGLIST_SYNTAX));
    assert_err(ERR_FILE_BROKE,
               hear_problem(*state, 1, REGLIST_USCC_CHECK)); /* could be overridden */
    assert_err(ERR_FILE_BROKE, hear_problem(*state, 1, REGLIST_EXISTS));
    assert_err(ERR_FILE_BROKE, hear_problem(*state, 1, REGLIST_REASON_COUNT));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_list_read_apart_is_the_list_read_here),
        TEST(a_list_that_is_too_large_is_refused_apart_as_here),
        TEST(a_reply_with_one_wrong_octet_is_refused_or_sound),
        TEST(a_reply_that_is_cut_or_goes_on_is_refused),
        TEST(no_reply_at_all_harms_who_hears_it),
        TEST(rows_come_in_the_order_of_the_file),
        TEST(a_child_has_no_say_in_what_rows_may_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
