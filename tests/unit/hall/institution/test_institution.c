/* G-18: the credit code is the identity, names have a history. */
#include "hall/institution/institution.h"
#include "hall_fixture.h"

static int64_t put(struct hall_fixture *f, const char *uscc, const char *name)
{
    struct hall_tx tx = {0};
    int64_t id;
    hall_write(f, &hall_system, &tx);
    assert_ok(institution_put(&tx, uscc, name, "import:1", &id, &f->e), &f->e);
    hall_done(f, &tx);
    return id;
}

static void another_name_is_the_same_institution_with_a_history(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    struct institution i;
    const struct institution_name *names;
    size_t n;
    int64_t id = put(f, "91350100M000100Y43", "泉州海丝供应链有限公司");
    assert_int_equal(put(f, "91350100M000100Y43", "泉州海丝供应链管理有限公司"), id);
    assert_int_equal(put(f, "91350100M000100Y43", "泉州海丝供应链管理有限公司"), id);
    hall_read(f, &tx);
    assert_ok(institution_find(&tx, "91350100M000100Y43", &i, &f->e), &f->e);
    assert_string_equal(i.name, "泉州海丝供应链管理有限公司");
    assert_ok(institution_names(&tx, id, &names, &n, &f->e), &f->e);
    assert_int_equal(n, 2);
    assert_string_equal(names[1].name, "泉州海丝供应链有限公司");
    assert_err(ERR_NOT_FOUND, institution_find(&tx, "91110000802100433B", &i, &f->e));
    hall_end(&tx);
}

static void search_finds_parts_old_names_and_code_prefixes(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    const struct institution *found;
    size_t n;
    int64_t a = put(f, "91350100M000100Y43", "泉州海丝供应链有限公司");
    put(f, "91350100M000100Y43", "海丝国际有限公司");
    put(f, "91110000802100433B", "北京一_二%有限公司");
    hall_read(f, &tx);
    assert_ok(institution_search(&tx, "供应链", 10, &found, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_int_equal(found[0].id, a);
    assert_string_equal(found[0].name, "海丝国际有限公司");
    assert_ok(institution_search(&tx, "9111", 10, &found, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    assert_ok(institution_search(&tx, "%", 10, &found, &n, &f->e), &f->e);
    assert_int_equal(n, 1); /* a percent sign is a percent sign */
    assert_ok(institution_search(&tx, "有限", 1, &found, &n, &f->e), &f->e);
    assert_int_equal(n, 1);
    hall_end(&tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(another_name_is_the_same_institution_with_a_history),
        HALL_TEST(search_finds_parts_old_names_and_code_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
