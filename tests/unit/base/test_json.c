#include "testing.h"

#include "base/json.h"

#include <string.h>

static void what_is_written_can_be_read_back(void **state)
{
    (void)state;
    _auto_buf b;
    buf_init(&b, 4096);
    struct json_out j;
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "name", "泉州\"海丝\"\\\n\x01");
    jout_id(&j, "id", INT64_MAX);
    jout_list(&j, "list");
    jout_int(&j, NULL, -5);
    jout_bool(&j, NULL, 1);
    jout_null(&j, NULL);
    jout_end(&j);
    jout_end(&j);

    struct err_info e;
    json_t *parsed = NULL;
    assert_ok(json_parse(b.p, b.n, &parsed, &e), &e);
    const char *name;
    int64_t id;
    assert_ok(json_get_text(parsed, "name", &name, &e), &e);
    assert_string_equal(name, "泉州\"海丝\"\\\n\x01");
    assert_ok(json_get_id(parsed, "id", &id, &e), &e);
    assert_true(id == INT64_MAX);
    assert_int_equal(json_array_size(json_object_get(parsed, "list")), 3);
    json_decref(parsed);
}

static void a_missing_or_wrong_member_is_named(void **state)
{
    (void)state;
    struct err_info e;
    json_t *o = NULL;
    const char *s;
    assert_ok(json_parse("{\"a\":1}", 7, &o, &e), &e);
    assert_err(ERR_BAD_REQUEST, json_get_text(o, "a", &s, &e));
    assert_string_equal(e.field, "a");
    assert_err(ERR_BAD_REQUEST, json_get_text(o, "b", &s, &e));
    assert_string_equal(e.field, "b");
    json_decref(o);
}

static void deep_doubled_or_trailing_input_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    json_t *o = NULL;
    char deep[80];
    memset(deep, '[', sizeof deep);
    assert_err(ERR_BAD_REQUEST, json_parse(deep, sizeof deep, &o, &e));
    assert_err(ERR_BAD_REQUEST, json_parse("{\"a\":1,\"a\":2}", 13, &o, &e));
    assert_err(ERR_BAD_REQUEST, json_parse("{} x", 4, &o, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_can_be_read_back),
        cmocka_unit_test(a_missing_or_wrong_member_is_named),
        cmocka_unit_test(deep_doubled_or_trailing_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
