/* Whole lists: encodings, CSV, JSON, every problem at once. */
#include "reglist/reglist.h"
#include "testing.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email,code\r\n"
#define ROW(action, name, code, user, uscc, mobile, email, auth)                                   \
    action "," name "," code "," user "," uscc ",沈若琳," mobile "," email "," auth "\r\n"
#define GOOD                                                                                       \
    ROW("add", "泉州海丝供应链管理有限公司", "FJQZ20260718A1", "shenruolin", "91350100M000100Y43", \
        "13805961234", "shen.ruolin@example.com", "")

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

static struct reglist read_text(struct arena *a, const char *text, enum reglist_format f)
{
    struct reglist l;
    struct err_info e = {0};
    assert_ok(reglist_read(a, (struct bytes){(const uint8_t *)text, strlen(text)}, f, &l, &e), &e);
    return l;
}

static const struct reglist_problem *find(const struct reglist *l, int place, const char *column,
                                          enum reglist_reason reason)
{
    for (size_t i = 0; i < l->problems_n; i++) {
        const struct reglist_problem *p = &l->problems[i];
        if (p->place == place && strcmp(p->column, column) == 0 && p->reason == reason)
            return p;
    }
    print_error("no problem %s at %d %s\n", reglist_reason_code(reason), place, column);
    fail();
    abort(); /* fail() does not come back */
}

static void a_good_row_is_read_and_mended(void **state)
{
    struct reglist l = read_text(*state,
                                 "\xEF\xBB\xBF" HEAD
                                 "Add, 泉州海丝供应链管理有限公司 ,fjqz20260718a1,shenruolin,"
                                 "91350100m000100y43,沈若琳,+86 13805961234,"
                                 "shen.ruolin@example.com,abcd-efgh-jkmn-pqrs\n",
                                 REGLIST_CSV);
    assert_int_equal(l.problems_n, 0);
    assert_int_equal(l.rows_n, 1);
    const struct reglist_row *r = &l.rows[0];
    assert_int_equal(r->action, REGLIST_ADD);
    assert_int_equal(r->number, 1);
    assert_int_equal(r->place, 2);
    assert_string_equal(r->institution_name, "泉州海丝供应链管理有限公司");
    assert_string_equal(r->reporting_code, "FJQZ20260718A1");
    assert_string_equal(r->uscc, "91350100M000100Y43");
    assert_string_equal(r->mobile, "13805961234");
    assert_string_equal(r->code, "ABCDEFGHJKMNPQRS");
    assert_string_equal(r->key, "FJQZ20260718A1/shenruolin");
}

static void gb18030_gives_the_same_row_as_utf8(void **state)
{
    struct arena *a = *state;
    struct reglist utf8 = read_text(a, HEAD GOOD, REGLIST_CSV);
    char in[] = HEAD GOOD, out[1024], *from = in, *to = out;
    size_t left = strlen(in), room = sizeof out;
    iconv_t cd = iconv_open("GB18030", "UTF-8");
    assert_int_equal(iconv(cd, &from, &left, &to, &room), 0);
    iconv_close(cd);
    struct reglist gb;
    struct err_info e = {0};
    struct bytes file = {(const uint8_t *)out, sizeof out - room};
    assert_ok(reglist_read(a, file, REGLIST_CSV, &gb, &e), &e);
    assert_true(gb.gb18030);
    assert_false(utf8.gb18030);
    assert_int_equal(gb.rows_n, 1);
    assert_string_equal(gb.rows[0].institution_name, "泉州海丝供应链管理有限公司");
    assert_memory_equal(gb.rows[0].hash, utf8.rows[0].hash, REGLIST_HASH_LEN);
}

static void bytes_of_no_encoding_are_named_with_their_line(void **state)
{
    struct reglist l = read_text(*state, HEAD "add,\xFF\xFF,x\n", REGLIST_CSV);
    find(&l, 2, "", REGLIST_ENCODING);
    struct err_info e = {0};
    static const uint8_t utf16[] = {0xFF, 0xFE, 'a', 0, 'b', 0};
    assert_ok(reglist_read(*state, (struct bytes){utf16, sizeof utf16}, REGLIST_CSV, &l, &e), &e);
    find(&l, 1, "", REGLIST_ENCODING);
    assert_int_equal(l.rows_n, 0);
}

static void quotes_hold_commas_quotes_and_line_breaks(void **state)
{
    struct reglist l =
        read_text(*state,
                  HEAD "add,\"海丝, \"\"筹\"\" 公司\",FJQZ20260718A1,u1,91350100M000100Y43,沈若琳,"
                       "13805961234,a@example.com,\r\n"
                       "\r\n,,,,,,,,\r\n"
                       "add,\"海\n丝\",FJQZ20260718A2,u1,91350100M000100Y43,沈若琳,13805961234,"
                       "a@example.com,\r\n",
                  REGLIST_CSV);
    assert_int_equal(l.rows_n, 1);
    assert_string_equal(l.rows[0].institution_name, "海丝, \"筹\" 公司");
    find(&l, 5, "institution_name", REGLIST_CHARACTER); /* rows as a spreadsheet counts them */
    assert_int_equal(l.problems_n, 1);
}

/* A field with line breaks is one row of the sheet: what comes after it is found where a spreadsheet shows it. */
static void rows_after_a_field_with_line_breaks_keep_their_number(void **state)
{
    static const char list[] = HEAD
        "add,\"海\n\r\n\"\"\n丝\",FJQZ20260718A2,u1,91350100M000100Y43,沈若琳,13805961234,"
        "a@example.com,\r\n" GOOD "add,泉州海丝,short,u2,91350100M000100Y43,沈若琳,"
        "13805961234,a@example.com,\r\n";
    struct reglist l = read_text(*state, list, REGLIST_CSV);
    find(&l, 2, "institution_name", REGLIST_CHARACTER);
    find(&l, 4, "reporting_code", REGLIST_REPORTING_CODE);
    assert_int_equal(l.rows[0].place, 3);
    l = read_text(*state, arena_fmt(*state, "%sadd,\xFF\xFF,x\n", list), REGLIST_CSV);
    find(&l, 5, "", REGLIST_ENCODING);
}

static void a_stray_quote_is_a_problem_of_its_row_only(void **state)
{
    struct reglist l = read_text(*state,
                                 HEAD "add,海\"丝\"公司,FJQZ20260718A2,u1,91350100M000100Y43,"
                                      "沈若琳,13805961234,a@example.com,\r\n" GOOD,
                                 REGLIST_CSV);
    find(&l, 2, "", REGLIST_SYNTAX);
    l = read_text(*state, HEAD GOOD "add,\"never closed", REGLIST_CSV);
    find(&l, 3, "", REGLIST_SYNTAX);
}

static void every_problem_is_reported_at_once(void **state)
{
    struct reglist l = read_text(
        *state,
        HEAD ROW("delete", "海", "FJQZ1", "", "9135O100M000100Y43", "12345", "nobody", "IIII")
            ROW("add", "泉州海丝", "FJQZ20260718A1", "u1", "91350100M000100Y44", "13805961234",
                "a@example.com", "")
                ROW("correct", "泉州海丝", "FJQZ20260718A3", "u1", "91350100M000100Y43",
                    "13805961234", "a@example.com", "ABCDEFGHJKMNPQRS") "add,x\r\n",
        REGLIST_CSV);
    find(&l, 2, "action", REGLIST_ACTION);
    find(&l, 2, "institution_name", REGLIST_TOO_SHORT);
    find(&l, 2, "reporting_code", REGLIST_REPORTING_CODE);
    find(&l, 2, "user_name", REGLIST_REQUIRED);
    assert_string_equal(find(&l, 2, "uscc", REGLIST_USCC_FORM)->suggestion, "91350100M000100Y43");
    const struct reglist_problem *mobile = find(&l, 2, "mobile", REGLIST_MOBILE);
    assert_string_equal(mobile->value, "123****"); /* personal: not shown whole */
    find(&l, 2, "email", REGLIST_EMAIL);
    find(&l, 2, "code", REGLIST_CODE);
    const struct reglist_problem *check = find(&l, 3, "uscc", REGLIST_USCC_CHECK);
    assert_true(check->warning); /* real codes fail too: may be overridden */
    find(&l, 4, "code", REGLIST_CODE_NOT_HERE);
    assert_int_equal(find(&l, 5, "", REGLIST_COLUMN_COUNT)->other, 2);
    /* the row with only a warning is usable, the broken ones are not */
    assert_int_equal(l.rows_n, 1);
    assert_int_equal(l.rows[0].place, 3);
    assert_true(l.errors < l.problems_n);
    for (size_t i = 1; i < l.problems_n; i++)
        assert_true(l.problems[i - 1].place <= l.problems[i].place);
}

/* A supplied code opens an account as one of ours does, so it must be as hard to guess. */
static void a_code_that_can_be_guessed_is_refused(void **state)
{
    static const struct {
        const char *code;
        int good;
    } row[] = {{"0000000000000000", 0}, {"OOOOOOOOOOOOOOOO", 0}, {"ABABABABABABABAB", 0},
               {"1234512345123451", 0}, {"1234561234561234", 1}, {"7K2MQ4X9TRBC6WHN", 1}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct reglist l =
            read_text(*state,
                      arena_fmt(*state,
                                HEAD "add,泉州海丝,FJQZ20260718A1,u1,91350100M000100Y43,沈若琳,"
                                     "13805961234,a@example.com,%s\r\n",
                                row[i].code),
                      REGLIST_CSV);
        assert_int_equal(l.rows_n, row[i].good);
        if (!row[i].good)
            find(&l, 2, "code", REGLIST_CODE_GUESSABLE);
    }
}

static void doubles_inside_the_file_name_the_first_place(void **state)
{
    struct reglist l = read_text(
        *state,
        HEAD GOOD GOOD ROW("add", "泉州海丝供应链管理有限公司", "FJQZ20260718A1", "u2",
                           "91350100M000100Y43", "13805961234", "a@example.com", "ABCDEFGHJKMNPQRS")
            ROW("add", "泉州海丝", "FJQZ20260718A1", "u3", "91350100M000100Y43", "13805961234",
                "a@example.com", "ABCDEFGHJKMNPQRS"),
        REGLIST_CSV);
    assert_int_equal(find(&l, 3, "user_name", REGLIST_TWICE)->other, 2);
    assert_int_equal(find(&l, 5, "code", REGLIST_CODE_TWICE)->other, 4);
    const struct reglist_problem *p = find(&l, 5, "institution_name", REGLIST_NAME_DIFFERS);
    assert_true(p->warning);
    assert_int_equal(p->other, 2);
}

static void columns_may_stand_in_any_order_but_must_be_there(void **state)
{
    struct reglist l = read_text(
        *state, "reporting_code,USER_NAME,action\nFJQZ20260718A1,u1,withdraw\n", REGLIST_CSV);
    find(&l, 1, "mobile", REGLIST_COLUMN_MISSING);
    assert_int_equal(l.rows_n, 1); /* a withdrawal needs only its key */
    l = read_text(*state, "action,action,phone\nadd,add,1\n", REGLIST_CSV);
    find(&l, 1, "action", REGLIST_COLUMN_TWICE);
    find(&l, 1, "phone", REGLIST_COLUMN_UNKNOWN);
    l = read_text(*state, "", REGLIST_CSV);
    find(&l, 0, "", REGLIST_EMPTY);
}

static void json_says_the_same_as_csv(void **state)
{
    static const char json[] =
        "[{\"action\":\"add\",\"institution_name\":\"泉州海丝供应链管理有限公司\","
        "\"reporting_code\":\"FJQZ20260718A1\",\"user_name\":\"shenruolin\","
        "\"uscc\":\"91350100M000100Y43\",\"handler\":\"沈若琳\",\"mobile\":\"13805961234\","
        "\"email\":\"shen.ruolin@example.com\"}]";
    struct reglist c = read_text(*state, HEAD GOOD, REGLIST_CSV);
    struct reglist j = read_text(*state, json, REGLIST_JSON);
    assert_int_equal(j.problems_n, 0);
    assert_memory_equal(j.rows[0].hash, c.rows[0].hash, REGLIST_HASH_LEN);
    assert_int_equal(j.rows[0].place, 1);
    assert_int_equal(reglist_detect((struct bytes){(const uint8_t *)json, sizeof json - 1}),
                     REGLIST_JSON);
    assert_int_equal(reglist_detect((struct bytes){(const uint8_t *)HEAD, sizeof HEAD - 1}),
                     REGLIST_CSV);
}

static void json_of_another_shape_is_refused(void **state)
{
    struct reglist l = read_text(*state, "{\"a\":1}", REGLIST_JSON);
    find(&l, 0, "", REGLIST_SYNTAX);
    l = read_text(*state, "[1", REGLIST_JSON);
    find(&l, 0, "", REGLIST_SYNTAX);
    l = read_text(*state, "[3,{\"mobile\":13805961234,\"telephone\":\"1\"}]", REGLIST_JSON);
    find(&l, 1, "", REGLIST_SYNTAX);
    find(&l, 2, "mobile", REGLIST_SYNTAX);
    find(&l, 2, "telephone", REGLIST_COLUMN_UNKNOWN);
}

static void the_hash_holds_every_field_and_the_row_number(void **state)
{
    struct reglist a = read_text(*state, HEAD GOOD, REGLIST_CSV);
    struct reglist b = read_text(*state,
                                 HEAD ROW("add", "泉州海丝供应链管理有限公司", "FJQZ20260718A1",
                                          "shenruolin", "91350100M000100Y43", "13805961234",
                                          "shen.ruolin@example.cn", ""),
                                 REGLIST_CSV);
    assert_memory_not_equal(a.rows[0].hash, b.rows[0].hash, REGLIST_HASH_LEN);
    b = read_text(*state,
                  HEAD ROW("add", "泉州海丝", "FJQZ20260718A9", "u", "91350100M000100Y43",
                           "13805961234", "a@example.com", "") GOOD,
                  REGLIST_CSV);
    assert_memory_not_equal(a.rows[0].hash, b.rows[1].hash, REGLIST_HASH_LEN);
}

static void limits_of_rows_and_bytes_hold_exactly(void **state)
{
    struct arena *a = *state;
    struct buf b;
    struct reglist l;
    struct err_info e = {0};
    buf_init(&b, REGLIST_BYTES_MAX + 2);
    buf_text(&b, "action,reporting_code,user_name\n");
    for (int i = 0; i < REGLIST_ROWS_MAX; i++)
        buf_fmt(&b, "withdraw,FJQZ20260718A1,u%d\n", i);
    assert_ok(reglist_read(a, (struct bytes){b.p, b.n}, REGLIST_CSV, &l, &e), &e);
    assert_int_equal(l.rows_n, REGLIST_ROWS_MAX);
    buf_text(&b, "withdraw,FJQZ20260718A1,x\n");
    assert_err(ERR_TOO_LARGE, reglist_read(a, (struct bytes){b.p, b.n}, REGLIST_CSV, &l, &e));
    while (b.n <= REGLIST_BYTES_MAX)
        buf_byte(&b, 'x');
    assert_err(ERR_TOO_LARGE, reglist_read(a, (struct bytes){b.p, b.n}, REGLIST_CSV, &l, &e));
    buf_clear(&b);
}

/* Bytes from outside, changed at random with a fixed seed: never a crash, never a row of a broken record. */
static void changed_files_are_read_or_refused(void **state)
{
    static const char *const seeds[] = {HEAD GOOD GOOD,
                                        "[{\"action\":\"add\",\"mobile\":\"13805961234\"}]"};
    static const char chars[] = "\",\r\n\0{}[]:\\\xFF\xE6\x81\x30";
    unsigned seed = 20261120;
    (void)state;
    for (int i = 0; i < 4000; i++) {
        _auto(arena) a = arena_new();
        const char *from = seeds[i % 2];
        size_t n = strlen(from);
        uint8_t *file = (uint8_t *)arena_text(a, from);
        for (int k = 0; k < 1 + i % 5; k++)
            file[(size_t)rand_r(&seed) % n] = (uint8_t)chars[(size_t)rand_r(&seed) % sizeof chars];
        n -= (size_t)rand_r(&seed) % (n / 2);
        struct reglist l;
        struct err_info e = {0};
        struct bytes bytes = {file, n};
        enum err done = reglist_read(a, bytes, reglist_detect(bytes), &l, &e);
        assert_true(done == ERR_OK || done == ERR_TOO_LARGE);
        for (size_t p = 0; p < l.problems_n; p++)
            assert_true(strlen(reglist_problem_text(a, &l.problems[p], LANG_ZH)) > 0);
        for (size_t r = 0; r < l.rows_n; r++)
            assert_true(strlen(l.rows[r].reporting_code) == 14 && *l.rows[r].user_name);
    }
}

static void reasons_say_what_to_do_in_both_languages(void **state)
{
    struct reglist l = read_text(*state,
                                 HEAD ROW("add", "泉州海丝", "FJQZ20260718A1", "u1",
                                          "9135O100M000100Y43", "13805961234", "a@example.com", ""),
                                 REGLIST_CSV);
    const char *zh = reglist_problem_text(*state, &l.problems[0], LANG_ZH);
    const char *en = reglist_problem_text(*state, &l.problems[0], LANG_EN);
    assert_non_null(strstr(zh, "9135O100M000100Y43"));
    assert_non_null(strstr(zh, "也许应是 91350100M000100Y43"));
    assert_non_null(strstr(en, "perhaps 91350100M000100Y43"));
    for (int i = 0; i < REGLIST_REASON_COUNT; i++) {
        struct reglist_problem p = {.reason = (enum reglist_reason)i,
                                    .column = "email",
                                    .value = "v",
                                    .suggestion = "",
                                    .other = 7};
        for (int lang = LANG_ZH; lang <= LANG_EN; lang++) {
            const char *text = reglist_problem_text(*state, &p, (enum lang)lang);
            assert_true(strlen(text) > 10);
            assert_null(strchr(text, '{'));
        }
        assert_true(*reglist_reason_code((enum reglist_reason)i) != 0);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_good_row_is_read_and_mended),
        T(gb18030_gives_the_same_row_as_utf8),
        T(bytes_of_no_encoding_are_named_with_their_line),
        T(quotes_hold_commas_quotes_and_line_breaks),
        T(rows_after_a_field_with_line_breaks_keep_their_number),
        T(a_stray_quote_is_a_problem_of_its_row_only),
        T(every_problem_is_reported_at_once),
        T(a_code_that_can_be_guessed_is_refused),
        T(doubles_inside_the_file_name_the_first_place),
        T(columns_may_stand_in_any_order_but_must_be_there),
        T(json_says_the_same_as_csv),
        T(json_of_another_shape_is_refused),
        T(the_hash_holds_every_field_and_the_row_number),
        T(limits_of_rows_and_bytes_hold_exactly),
        T(changed_files_are_read_or_refused),
        T(reasons_say_what_to_do_in_both_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
