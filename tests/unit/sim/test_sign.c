#include "shop.h"

#include <openssl/evp.h>
#include <sys/stat.h>

static void what_is_signed_is_sorted_and_leaves_the_signature_out(void **state)
{
    (void)state;
    _auto(arena) a = arena_new();
    const struct httpd_pair p[] = {{"order", "7"},          {"sign", "x"},
                                   {"amount_fen", "30000"}, {"subject", "证书 & 费"},
                                   {"amount", "1"},         {NULL, NULL}};
    assert_string_equal(sim_sign_text(a, p), "amount=1&amount_fen=30000&order=7&subject=证书 & 费");
}

static void a_signature_holds_for_its_text_and_key_alone(void **state)
{
    struct shop *s = *state;
    struct err_info e;
    const char *sign;
    _auto(arena) a = arena_new();
    _auto(sim_key) other = NULL;
    assert_ok(sim_key_open(s->folder, "bank", &other, &e), &e);
    assert_ok(sim_sign(s->key, a, "amount_fen=1", &sign, &e), &e);
    assert_int_equal(sim_verify(s->key, "amount_fen=1", sign), 1);
    assert_int_equal(sim_verify(s->key, "amount_fen=2", sign), 0);
    assert_int_equal(sim_verify(other, "amount_fen=1", sign), 0);
    assert_int_equal(sim_verify(s->key, "amount_fen=1", "no base64!"), 0);
    assert_int_equal(sim_verify(s->key, "amount_fen=1", ""), 0);
}

static void a_key_is_made_once_and_kept_private(void **state)
{
    struct shop *s = *state;
    struct err_info e;
    struct stat st;
    const char *sign;
    char path[120];
    _auto(arena) a = arena_new();
    _auto(sim_key) again = NULL;
    snprintf(path, sizeof path, "%s/shop-key.pem", s->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(sim_key_open(s->folder, "shop", &again, &e), &e);
    assert_ok(sim_sign(again, a, "x", &sign, &e), &e);
    assert_int_equal(sim_verify(s->key, "x", sign), 1);
}

static void only_rsa_of_a_decent_size_is_taken_from_a_merchant(void **state)
{
    (void)state;
    struct err_info e;
    _auto(sim_key) k = NULL;
    assert_err(ERR_CONFIG, sim_key_public("", &k, &e));
    assert_err(ERR_CONFIG,
               sim_key_public("-----BEGIN PUBLIC KEY-----\n"
                              "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n"
                              "9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n"
                              "-----END PUBLIC KEY-----\n",
                              &k, &e));
}

static int setup(void **state)
{
    struct shop *s = mem_alloc(sizeof *s);
    shop_open(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    shop_close(*state);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_is_sorted_and_leaves_the_signature_out),
        cmocka_unit_test(a_signature_holds_for_its_text_and_key_alone),
        cmocka_unit_test(a_key_is_made_once_and_kept_private),
        cmocka_unit_test(only_rsa_of_a_decent_size_is_taken_from_a_merchant),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
