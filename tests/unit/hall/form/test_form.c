/* Fields as people type them, and sections in their rows. */
#include "hall/form/form_priv.h"
#include "order_fixture.h"

#include <string.h>

struct field_case {
    enum project_field_kind kind;
    const char *typed;
    const char *mended;
    enum err verdict;
    int position; /* of the wrong character; 0: none is told */
};

/* Every kind of field with what is right, what is mended, and what is wrong with its own answer. */
static const struct field_case CASES[] = {
    {FIELD_TEXT, "沈若琳", "沈若琳", ERR_OK, 0},
    {FIELD_TEXT, "　沈若琳 ", "沈若琳", ERR_OK, 0},
    {FIELD_TEXT, "", "", ERR_FIELD_REQUIRED, 0},
    {FIELD_TEXT, "   ", "", ERR_FIELD_REQUIRED, 0},
    {FIELD_TEXT, "沈\xE2\x80\xAE若琳", "沈\xE2\x80\xAE若琳", ERR_FIELD_CHARACTER, 2},
    {FIELD_TEXT, "a\nb", "a\nb", ERR_FIELD_CHARACTER, 2},
    {FIELD_LONGTEXT, "a\nb", "a\nb", ERR_OK, 0},
    {FIELD_LONGTEXT, "a\x01", "a\x01", ERR_FIELD_CHARACTER, 2},
    {FIELD_MOBILE, "138 0595 2716", "13805952716", ERR_OK, 0},
    {FIELD_MOBILE, "+86-138-0595-2716", "13805952716", ERR_OK, 0},
    {FIELD_MOBILE, "１３８０５９５２７１６", "13805952716", ERR_OK, 0},
    {FIELD_MOBILE, "1380595271", "1380595271", ERR_FIELD_MOBILE, 0},
    {FIELD_MOBILE, "12805952716", "12805952716", ERR_FIELD_MOBILE, 0},
    {FIELD_PHONE, "0595-22556677", "0595-22556677", ERR_OK, 0},
    {FIELD_PHONE, "010 80864086", "01080864086", ERR_OK, 0},
    {FIELD_PHONE, "0595-22556677-802", "0595-22556677-802", ERR_OK, 0},
    {FIELD_PHONE, "22556677", "22556677", ERR_FIELD_PHONE, 0},
    {FIELD_PHONE, "0595-2255667a", "0595-2255667a", ERR_FIELD_PHONE, 0},
    {FIELD_PHONE, "13805952716", "13805952716", ERR_OK, 0},
    {FIELD_EMAIL, "shen@haisi.example", "shen@haisi.example", ERR_OK, 0},
    {FIELD_EMAIL, "shen＠haisi.example", "shen@haisi.example", ERR_OK, 0},
    {FIELD_EMAIL, "shen@haisi", "shen@haisi", ERR_FIELD_EMAIL, 0},
    {FIELD_EMAIL, "shen.haisi.example", "shen.haisi.example", ERR_FIELD_EMAIL, 0},
    {FIELD_POSTCODE, "362000", "362000", ERR_OK, 0},
    {FIELD_POSTCODE, "３６２ ０００", "362000", ERR_OK, 0},
    {FIELD_POSTCODE, "10005", "10005", ERR_FIELD_POSTCODE, 0}, /* S0-65 */
    {FIELD_POSTCODE, "36200O", "36200O", ERR_FIELD_POSTCODE, 0},
    {FIELD_USCC, "91350503MA2Y7K4H06", "91350503MA2Y7K4H06", ERR_OK, 0},
    {FIELD_USCC, "9135 0503 ma2y7k4h06", "91350503MA2Y7K4H06", ERR_OK, 0},
    {FIELD_USCC, "9135O503MA2Y7K4H06", "9135O503MA2Y7K4H06", ERR_FIELD_USCC_LETTER, 5},
    {FIELD_USCC, "91350503MA2Y7K4H0", "91350503MA2Y7K4H0", ERR_FIELD_USCC, 0},
    {FIELD_BANK_ACCOUNT, "3500 1652 0000 5250 0001", "35001652000052500001", ERR_OK, 0},
    {FIELD_BANK_ACCOUNT, "1234567", "1234567", ERR_FIELD_BANK, 0},
    {FIELD_CHOICE, "courier", "courier", ERR_OK, 0},
    {FIELD_CHOICE, "pigeon", "pigeon", ERR_FIELD_CHOICE, 0},
};

static void each_kind_is_mended_and_judged(void **state)
{
    static const struct project_option ways[] = {
        {.value = "courier", .label = {{"快递", "courier"}}, .note = {{"", ""}}}};
    _auto(arena) a = arena_new();
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct field_case *c = &CASES[i];
        struct project_field f = {.name = "test.field",
                                  .kind = c->kind,
                                  .label = {{"字段", "Field"}},
                                  .required = 1,
                                  .edit = EDIT_BEFORE_SUBMIT,
                                  .option = ways,
                                  .options = 1};
        struct form_problem p;
        const char *mended = form_mend(a, &f, c->typed);
        if (strcmp(mended, c->mended) != 0)
            print_error("case %zu: %s\n", i, c->typed);
        assert_string_equal(mended, c->mended);
        assert_err(c->verdict, form_judge(a, &f, mended, "", LANG_ZH, &p));
        assert_int_equal(p.fix_position, c->position);
    }
}

/* Errors say what and how (ui/brief.md §4), and offer the repair they know. */
static void a_letter_that_credit_codes_lack_is_repaired(void **state)
{
    _auto(arena) a = arena_new();
    struct project_field f = {
        .name = "invoice.tax_no", .kind = FIELD_USCC, .label = {{"税号", "Tax number"}}};
    struct form_problem p;
    char text[400];
    (void)state;
    assert_err(ERR_FIELD_USCC_LETTER, form_judge(a, &f, "9135O503MA2Y7K4H06", "", LANG_ZH, &p));
    assert_string_equal(p.fix_value, "91350503MA2Y7K4H06");
    err_message(&p.info, LANG_ZH, text, sizeof text);
    assert_string_equal(text, "第 5 位是字母 O。信用代码里没有字母 I、O、S、V、Z，这里多半是0。");
}

/* A check digit that the regulator let pass is not doubted again. */
static void an_approved_check_digit_is_not_doubted(void **state)
{
    _auto(arena) a = arena_new();
    struct project_field f = {
        .name = "invoice.tax_no", .kind = FIELD_USCC, .label = {{"税号", "Tax number"}}};
    struct form_problem p;
    (void)state;
    assert_err(ERR_FIELD_USCC_CHECK, form_judge(a, &f, "91350503MA2Y7K4H07", "", LANG_ZH, &p));
    assert_err(ERR_OK, form_judge(a, &f, "91350503MA2Y7K4H07", "91350503MA2Y7K4H07", LANG_ZH, &p));
}

static void lengths_are_counted_in_characters(void **state)
{
    _auto(arena) a = arena_new();
    struct project_field f = {.name = "x.y",
                              .kind = FIELD_TEXT,
                              .label = {{"名称", "Name"}},
                              .min_length = 2,
                              .max_length = 4};
    struct form_problem p;
    (void)state;
    assert_err(ERR_FIELD_TOO_SHORT, form_judge(a, &f, "一", "", LANG_ZH, &p));
    assert_err(ERR_OK, form_judge(a, &f, "一二三四", "", LANG_ZH, &p));
    assert_err(ERR_FIELD_TOO_LONG, form_judge(a, &f, "一二三四五", "", LANG_ZH, &p));
    assert_err(ERR_OK, form_judge(a, &f, "", "", LANG_ZH, &p)); /* not required */
}

/* Nothing typed is lost: what is half typed is stored as it is. */
static void typing_is_stored_as_it_is(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    struct form_saved saved;
    const struct form_value typed[] = {{.name = "mailing.postcode", .value = " ３６２"}};
    assert_ok(order_typed(o, order.id, "mailing", 0, 0, typed, 1, &saved), &o->e);
    assert_int_equal(saved.section.rev, 1);
    assert_int_equal(saved.section.state, FORM_PARTIAL);
    assert_int_equal(saved.problems.n, 0);
    assert_int_equal(saved.mended_n, 0);
}

static void a_second_tab_conflicts(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    const struct form_value typed[] = {{.name = "mailing.postcode", .value = "362000"}};
    assert_ok(order_typed(o, order.id, "mailing", 0, 0, typed, 1, NULL), &o->e);
    assert_err(ERR_FORM_CONFLICT, order_typed(o, order.id, "mailing", 0, 0, typed, 1, NULL));
}

static void fields_sent_back_as_they_are_are_no_change(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    const struct form_value same[] = {{.name = "application.user_name", .value = "shenruolin"}};
    const struct form_value other[] = {{.name = "application.user_name", .value = "linlan"}};
    assert_ok(order_typed(o, order.id, "application", 0, 0, same, 1, NULL), &o->e);
    assert_err(ERR_FIELD_READ_ONLY,
               order_typed(o, order.id, "application", 1, 0, other, 1, NULL)); /* S0-21 */
}

/* The rows hold nothing that can be read (design §8). */
static void values_are_sealed_in_their_rows(void **state)
{
    struct order_fixture *o = *state;
    struct order order = order_begun(o);
    struct form *form = arena_alloc(o->f->arena, sizeof *form);
    struct hall_tx tx;
    order_fill(o, order.id, NULL);
    hall_tamper(o->f, "UPDATE form_section SET typed = original WHERE section = 'mailing'");
    hall_read(o->f, &tx);
    assert_ok(form_read(&tx, order.id, order.rules_of, order.type, form, &o->e), &o->e);
    hall_end(&tx);
    hall_tamper(o->f, "UPDATE form_section SET order_id = order_id + 1");
    hall_read(o->f, &tx);
    assert_err(ERR_CRYPTO, form_read(&tx, order.id + 1, order.rules_of, order.type, form, &o->e));
    hall_end(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_mended_and_judged),
        cmocka_unit_test(a_letter_that_credit_codes_lack_is_repaired),
        cmocka_unit_test(an_approved_check_digit_is_not_doubted),
        cmocka_unit_test(lengths_are_counted_in_characters),
        ORDER_TEST(typing_is_stored_as_it_is),
        ORDER_TEST(a_second_tab_conflicts),
        ORDER_TEST(fields_sent_back_as_they_are_are_no_change),
        ORDER_TEST(values_are_sealed_in_their_rows),
    };
    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
