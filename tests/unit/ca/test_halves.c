/* Issuing in two halves, so that nobody sleeps in between: the same certificates and the same refusals. */
#include "ca_fixture.h"

#include <semaphore.h>

static struct ca_fixture f;

static int set_up(void **state)
{
    (void)state;
    ca_fixture_open(&f, PKI_P256);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ca_fixture_close(&f);
    return 0;
}

static void count_done(void *semaphore)
{
    sem_post(semaphore);
}

/* What stands when `done` was called; a wait that does not end fails the test's time. */
static enum err begin_and_end(const struct ca_request *r, struct ca_answer *out, struct err_info *e)
{
    struct ca_issuing *issuing;
    sem_t done;
    sem_init(&done, 0, 0);
    TRY(ca_issue_begin(f.ca, r, f.arena, count_done, &done, &issuing, e));
    while (sem_wait(&done) != 0)
        ;
    enum err result = ca_issue_end(issuing, out, e);
    int again = sem_trywait(&done);
    assert_int_equal(again, -1); /* once */
    sem_destroy(&done);
    return result;
}

static void in_two_halves_it_is_the_same(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer one, two;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, "2", "FX2600071182", csr);
    struct ca_request r = ca_fixture_request(&f, "2-sign", "2", csr, evidence);
    assert_ok(begin_and_end(&r, &one, &e), &e);
    assert_string_equal(one.state, "active");
    assert_ok(ca_issue(f.ca, &r, f.arena, &two, &e), &e);
    assert_string_equal(one.serial, two.serial);
    assert_ok(begin_and_end(&r, &two, &e), &e);
    assert_int_equal(one.certificate.n, two.certificate.n);
    assert_memory_equal(one.certificate.p, two.certificate.p, one.certificate.n);
    pki_key_free(key);
}

static void a_refusal_comes_in_the_half_that_sees_it(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    struct ca_issuing *issuing;
    sem_t done;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json none = json_array();
    struct ca_request r = ca_fixture_request(&f, "2-sign", "2", csr, none);
    assert_err(ERR_CA_EVIDENCE, begin_and_end(&r, &answer, &e)); /* the writer sees it */
    sem_init(&done, 0, 0);
    r.profile = "no-such-profile";
    assert_err(ERR_CA_PROFILE, ca_issue_begin(f.ca, &r, f.arena, count_done, &done, &issuing, &e));
    r = ca_fixture_request(&f, "2-sign", "2", (struct bytes){csr.p, csr.n - 1}, none);
    assert_err(ERR_DER_MALFORMED,
               ca_issue_begin(f.ca, &r, f.arena, count_done, &done, &issuing, &e));
    assert_int_equal(sem_trywait(&done), -1);
    sem_destroy(&done);
    pki_key_free(key);
}

int main(void)
{
#define IN_A_CA(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_A_CA(in_two_halves_it_is_the_same),
        IN_A_CA(a_refusal_comes_in_the_half_that_sees_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
