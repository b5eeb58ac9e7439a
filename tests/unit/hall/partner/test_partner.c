/* Partners and idempotency keys. */
#include "hall/partner/partner.h"
#include "hall_fixture.h"

#define B(s) ((struct bytes){(const uint8_t *)(s), sizeof(s) - 1})

static void a_partner_keeps_its_secret_sealed(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    struct partner p;
    hall_write(f, &hall_system, &tx);
    assert_ok(partner_put(&tx, "bank", "网上银行", "bank", "secret one", &f->e), &f->e);
    assert_ok(partner_put(&tx, "bank", "网上银行", "bank", "secret two", &f->e), &f->e);
    hall_done(f, &tx);
    hall_read(f, &tx);
    assert_ok(partner_find(&tx, "bank", &p, &f->e), &f->e);
    assert_string_equal(p.secret, "secret two");
    assert_err(ERR_NOT_FOUND, partner_find(&tx, "nobody", &p, &f->e));
    hall_end(&tx);
}

static void a_key_gives_its_first_answer_again_and_no_other_request(void **state)
{
    struct hall_fixture *f = *state;
    struct hall_tx tx = {0};
    const char *answer;
    int status;
    hall_write(f, &hall_system, &tx);
    assert_ok(partner_once(&tx, 1, "k1", B("{\"a\":1}"), &status, &answer, &f->e), &f->e);
    assert_null(answer);
    assert_ok(partner_keep(&tx, 1, "k1", B("{\"a\":1}"), 201, "{\"id\":\"7\"}", &f->e), &f->e);
    hall_done(f, &tx);
    hall_write(f, &hall_system, &tx);
    assert_ok(partner_once(&tx, 1, "k1", B("{\"a\":1}"), &status, &answer, &f->e), &f->e);
    assert_int_equal(status, 201);
    assert_string_equal(answer, "{\"id\":\"7\"}");
    assert_err(ERR_PARTNER_KEY_REUSED,
               partner_once(&tx, 1, "k1", B("{\"a\":2}"), &status, &answer, &f->e));
    assert_ok(partner_once(&tx, 2, "k1", B("{\"a\":2}"), &status, &answer, &f->e), &f->e);
    assert_null(answer); /* another partner's key is another key */
    hall_end(&tx);
    hall_tamper(f, "UPDATE partner_call SET at = at - 86400001");
    hall_write(f, &hall_system, &tx);
    assert_ok(partner_once(&tx, 1, "k1", B("{\"a\":2}"), &status, &answer, &f->e), &f->e);
    assert_null(answer);
    assert_ok(partner_keep(&tx, 1, "k1", B("{\"a\":2}"), 200, "{}", &f->e), &f->e);
    hall_done(f, &tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL_TEST(a_partner_keeps_its_secret_sealed),
        HALL_TEST(a_key_gives_its_first_answer_again_and_no_other_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
