/* The tables printed whole: a change of any row shows as a change of a golden file. */
#include "golden.h"
#include "rules.h"

static void test_every_row_of_every_machine_is_as_agreed(void **state)
{
    (void)state;
    struct flow_rules r = aml_rules();
    for (int m = 0; m < FLOW_MACHINES; m++) {
        _auto_buf b;
        buf_init(&b, 1 << 20);
        flow_print(&r, (enum flow_machine)m, &b);
        assert_false(b.full);
        assert_golden(GOLDEN_DIR, flow_machine_name((enum flow_machine)m), &b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_every_machine_is_as_agreed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
