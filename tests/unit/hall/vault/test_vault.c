/* Field encryption, blind indexes, masks. */
#include "hall_fixture.h"

#include <string.h>

static void a_value_opens_only_in_its_own_column_and_row(void **state)
{
    struct hall_fixture *f = *state;
    struct bytes sealed;
    const char *plain;
    assert_ok(vault_seal_text(f->vault, f->arena, VAULT_MOBILE, 7, "13805961234", &sealed, &f->e),
              &f->e);
    assert_null(memmem(sealed.p, sealed.n, "1380", 4));
    assert_ok(vault_open_text(f->vault, f->arena, VAULT_MOBILE, 7, sealed, &plain, &f->e), &f->e);
    assert_string_equal(plain, "13805961234");
    assert_err(ERR_CRYPTO,
               vault_open_text(f->vault, f->arena, VAULT_MOBILE, 8, sealed, &plain, &f->e));
    assert_err(ERR_CRYPTO,
               vault_open_text(f->vault, f->arena, VAULT_BANK, 7, sealed, &plain, &f->e));
    assert_ok(vault_seal_text(f->vault, f->arena, VAULT_MOBILE, 7, "", &sealed, &f->e), &f->e);
    assert_int_equal(sealed.n, 0);
    assert_ok(vault_open_text(f->vault, f->arena, VAULT_MOBILE, 7, sealed, &plain, &f->e), &f->e);
    assert_string_equal(plain, "");
}

static void an_index_finds_equal_values_of_one_use_only(void **state)
{
    struct hall_fixture *f = *state;
    struct bytes a = vault_index(f->vault, f->arena, VAULT_CODE, "ABCDEFGHJKMNPQRS");
    struct bytes b = vault_index(f->vault, f->arena, VAULT_CODE, "ABCDEFGHJKMNPQRS");
    struct bytes c = vault_index(f->vault, f->arena, VAULT_CODE, "ABCDEFGHJKMNPQRT");
    struct bytes d = vault_index(f->vault, f->arena, VAULT_OTP, "ABCDEFGHJKMNPQRS");
    assert_int_equal(a.n, VAULT_INDEX_LEN);
    assert_memory_equal(a.p, b.p, a.n);
    assert_memory_not_equal(a.p, c.p, a.n);
    assert_memory_not_equal(a.p, d.p, a.n);
    struct vault_keys other = {.current = 1, .fields = 1, .field = {{.id = 1}}, .index = "other"};
    _auto(vault) v = NULL;
    assert_ok(vault_new(&other, &v, &f->e), &f->e);
    assert_memory_not_equal(a.p, vault_index(v, f->arena, VAULT_CODE, "ABCDEFGHJKMNPQRS").p, a.n);
}

static void after_a_rotation_old_values_open_and_are_known_as_old(void **state)
{
    struct hall_fixture *f = *state;
    struct vault_keys keys = {
        .current = 2,
        .fields = 2,
        .field = {{.id = 1, .key = "field key of the test"}, {.id = 2, .key = "new"}}};
    struct bytes old, fresh;
    const char *plain;
    _auto(vault) v = NULL;
    assert_ok(vault_seal_text(f->vault, f->arena, VAULT_EMAIL, 1, "a@example.com", &old, &f->e),
              &f->e);
    assert_ok(vault_new(&keys, &v, &f->e), &f->e);
    assert_ok(vault_open_text(v, f->arena, VAULT_EMAIL, 1, old, &plain, &f->e), &f->e);
    assert_string_equal(plain, "a@example.com");
    assert_true(vault_is_old(v, old));
    assert_ok(vault_seal_text(v, f->arena, VAULT_EMAIL, 1, plain, &fresh, &f->e), &f->e);
    assert_false(vault_is_old(v, fresh));
    assert_err(ERR_CRYPTO,
               vault_open_text(f->vault, f->arena, VAULT_EMAIL, 1, fresh, &plain, &f->e));
    keys.current = 3;
    _auto(vault) none = NULL;
    assert_err(ERR_CONFIG, vault_new(&keys, &none, &f->e));
}

static void masks_show_enough_to_know_and_too_little_to_use(void **state)
{
    struct hall_fixture *f = *state;
    assert_string_equal(vault_mask_mobile(f->arena, "13805961234"), "138****1234");
    assert_string_equal(vault_mask_mobile(f->arena, "110"), "***");
    assert_string_equal(vault_mask_name(f->arena, "沈若琳"), "沈**");
    assert_string_equal(vault_mask_name(f->arena, "吴远"), "吴*");
    assert_string_equal(vault_mask_name(f->arena, ""), "");
    assert_string_equal(vault_mask_email(f->arena, "shen.ruolin@example.com"), "s***@example.com");
    assert_string_equal(vault_mask_email(f->arena, "@x"), "**");
    assert_string_equal(vault_mask_account(f->arena, "6222020000000018"), "************0018");
    assert_string_equal(vault_mask_address(f->arena, "福建省泉州市丰泽区东海大街100号"),
                        "福建省泉州市****");
    assert_string_equal(vault_mask_address(f->arena, "东海街"), "东****");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(a_value_opens_only_in_its_own_column_and_row),
        HALL_TEST(an_index_finds_equal_values_of_one_use_only),
        HALL_TEST(after_a_rotation_old_values_open_and_are_known_as_old),
        HALL_TEST(masks_show_enough_to_know_and_too_little_to_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
