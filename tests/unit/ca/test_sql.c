/* The ca's statements and migrations on either database. */
#include "testing.h"

#include "ca/ca.h"
#include "store_fixture.h"

static void every_statement_prepares(void **state)
{
    (void)state;
    struct store_fixture f;
    struct err_info e;
    store_fixture_open(&f, &ca_catalogue, 1);
    assert_ok(store_check_prepared(f.store, &e), &e);
    store_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_statement_prepares)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
