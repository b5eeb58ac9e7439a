/* What is printed can be read again by somebody else's tools: pdftotext for words, the PDF's own page size. */
#include "print/print.h"
#include "reader.h"
#include "testing.h"

#include <string.h>

static struct bytes document(struct arena *a, struct err_info *e)
{
    struct bytes pdf = {NULL, 0};
    _auto(print) p = print_new(60, 40, "标签");
    print_text(p, 3, 3, 54, 9, PRINT_BOLD, "证书大厅 UKey 标签");
    print_text(p, 3, 10, 54, 8, PRINT_MONO, "FX26 0007 1182");
    print_line(p, 3, 20, 57, 20, 0.2);
    print_frame(p, 1, 1, 58, 38, 0.2);
    assert_ok(print_qr(p, 35, 20, 18, "FX2600071182", e), e);
    print_next_page(p);
    print_text(p, 3, 3, 54, 9, 0, "第二页");
    assert_ok(print_finish(p, a, &pdf, e), e);
    return pdf;
}

static void words_and_page_size_are_read_by_poppler(void **state)
{
    (void)state;
    struct err_info e;
    _auto(arena) a = arena_new();
    struct bytes pdf = document(a, &e);
    assert_true(pdf.n > 1000 && !memcmp(pdf.p, "%PDF-", 5));
    char *text = reader_output(a, pdf, (const char *const[]){"pdftotext", "@", "-", NULL});
    assert_non_null(strstr(text, "证书大厅 UKey 标签"));
    assert_non_null(strstr(text, "FX26 0007 1182"));
    assert_non_null(strstr(text, "第二页"));
    char *info = reader_output(a, pdf, (const char *const[]){"pdfinfo", "@", NULL});
    assert_non_null(strstr(info, "Pages:           2"));
    assert_non_null(strstr(info, "170.079 x 113.386")); /* 60 × 40 mm in points */
}

static void a_line_that_may_not_break_stays_one_line_high(void **state)
{
    (void)state;
    static const char name[] = "泉州海丝供应链管理有限公司泉州海丝供应链管理有限公司";
    _auto(print) p = print_new(60, 40, "x");
    double one = print_height(p, 20, 8, 0, "泉");
    assert_true(print_height(p, 20, 8, 0, name) > 2 * one);
    assert_true(print_height(p, 20, 8, PRINT_ONE_LINE, name) < 1.5 * one);
}

static void a_text_too_long_for_a_qr_code_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    char text[600];
    memset(text, 'A', sizeof text);
    text[sizeof text - 1] = 0;
    _auto(print) p = print_new(60, 40, "x");
    assert_err(ERR_TOO_LARGE, print_qr(p, 0, 0, 20, text, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_page_size_are_read_by_poppler),
        cmocka_unit_test(a_line_that_may_not_break_stays_one_line_high),
        cmocka_unit_test(a_text_too_long_for_a_qr_code_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
