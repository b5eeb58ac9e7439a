/* The table of routes against docs/openapi.yaml, both ways: address, permission, largest body. */
#include "console_fixture.h"
#include "openapi.h"

#include <string.h>

/* The roles of x-permission as bits of the table; `staff` is everybody but the auditor. */
static int mask_of(const json_t *list)
{
    int mask = 0;
    size_t i;
    const json_t *one;
    json_array_foreach ((json_t *)(uintptr_t)list, i, one) {
        const char *name = json_string_value(one);
        if (strcmp(name, "public") == 0)
            mask |= CONSOLE_PUBLIC;
        else if (strcmp(name, "demo") == 0)
            mask |= CONSOLE_DEMO;
        else if (strcmp(name, "staff") == 0)
            mask |= ((1 << STAFF_ROLES) - 1) & ~STAFF_AUDITOR;
        else
            mask |= (int)staff_role_from_code(name);
    }
    return mask == CONSOLE_DEMO ? CONSOLE_DEMO | CONSOLE_PUBLIC : mask;
}

static int permission_fits(const struct httpd_route *route, const json_t *x_permission)
{
    return route->permission == mask_of(x_permission);
}

static void every_route_is_an_operation_and_every_operation_has_its_route(void **state)
{
    (void)state;
    _auto_json api = openapi_load(OPENAPI);
    assert_int_equal(
        openapi_compare(api, "/console", console_routes, console_routes_n, permission_fits), 0);
}

/* No route is open to the auditor but session, menu and audit; nobody but he reads the audit. */
static void the_auditor_s_routes_are_his_alone(void **state)
{
    int found = 0;
    (void)state;
    for (size_t i = 0; i < console_routes_n; i++) {
        const struct httpd_route *r = &console_routes[i];
        int audit = strstr(r->path, "/console/audit/") != NULL;
        if (audit)
            assert_int_equal(r->permission, STAFF_AUDITOR);
        else if (r->permission & STAFF_AUDITOR)
            assert_string_equal(r->path, "/api/v1/console/menu");
        found += audit;
    }
    assert_int_equal(found, 2);
}

static int fits(const json_t *api, const char *answer)
{
    char why[200];
    struct err_info e;
    _auto_json parsed = NULL;
    assert_ok(json_parse(answer, strlen(answer), &parsed, &e), &e);
    return openapi_fits(api, openapi_operation(api, "GET", "/console/menu"), 200, parsed, why,
                        sizeof why);
}

/* The measure itself: a missing, a strange, a wrong member is noticed. */
static void an_answer_that_breaks_its_schema_is_noticed(void **state)
{
    (void)state;
    _auto_json api = openapi_load(OPENAPI);
    assert_true(
        fits(api, "{\"groups\":[{\"title\":\"\",\"items\":[{\"page\":\"work\",\"title\":\"\"}]}],"
                  "\"warnings\":[]}"));
    assert_false(fits(api, "{\"groups\":[]}"));
    assert_false(fits(api, "{\"groups\":[],\"warnings\":[],\"more\":1}"));
    assert_false(fits(api, "{\"groups\":{},\"warnings\":[]}"));
    assert_false(
        fits(api, "{\"groups\":[{\"title\":\"\",\"items\":[{\"page\":\"cellar\",\"title\":\"\"}]}],"
                  "\"warnings\":[]}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_an_operation_and_every_operation_has_its_route),
        cmocka_unit_test(the_auditor_s_routes_are_his_alone),
        cmocka_unit_test(an_answer_that_breaks_its_schema_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
