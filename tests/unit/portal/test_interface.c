/* The table of routes against docs/openapi.yaml, both ways: address, permission, largest body. */
#include "openapi.h"
#include "portal/portal_priv.h"
#include "portal_fixture.h"

#include <string.h>

static int permission_fits(const struct httpd_route *route, const json_t *x_permission)
{
    const char *name = json_string_value(json_array_get(x_permission, 0));
    if (json_array_size(x_permission) != 1)
        return 0;
    return strcmp(name, route->permission == PORTAL_APPLICANT ? "applicant" : "public") == 0;
}

static void every_route_is_an_operation_and_every_operation_has_its_route(void **state)
{
    (void)state;
    _auto_json api = openapi_load(OPENAPI);
    assert_int_equal(
        openapi_compare(api, "/portal", portal_routes, portal_routes_n, permission_fits), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_an_operation_and_every_operation_has_its_route),
    };
    return cmocka_run_group_tests_name("interface", tests, NULL, NULL);
}
