/* Keys that get no certificate: those the administrator entered, and those revoked for keyCompromise. */
#include "ca_fixture.h"

#include "base/text.h"
#include "ca/ca_priv.h"

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

static enum err issue(const char *order, struct bytes csr, struct ca_answer *out,
                      struct err_info *e)
{
    _auto_json evidence = ca_fixture_evidence(&f, order, "FX2600071182", csr);
    struct ca_request r = ca_fixture_request(&f, arena_fmt(f.arena, "%s-sign", order), order, csr,
                                             evidence);
    return ca_issue(f.ca, &r, f.arena, out, e);
}

static struct bytes hash_of(const struct pki_key *key)
{
    uint8_t hash[DIGEST_LEN];
    digest_sha256(pki_pub_spki(pki_key_pub(key)), hash);
    return arena_bytes(f.arena, hash, sizeof hash);
}

static enum err enter(struct bytes hash, const char *why, const char *by, const char ***live,
                      size_t *lives, struct err_info *e)
{
    return ca_compromised_enter(f.ca, &hash, 1, why, by, f.arena, live, lives, e);
}

static void an_entered_key_gets_no_certificate_of_any_kind(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL, *other = NULL;
    struct ca_answer answer;
    struct bytes der, csr = ca_fixture_csr(&f, PKI_P256, &key),
                      csr2 = ca_fixture_csr(&f, PKI_P256, &other);
    const char **live;
    size_t lives;
    assert_ok(enter(hash_of(key), "found on the net", "罗静", &live, &lives, &e), &e);
    assert_int_equal(lives, 0);
    assert_err(ERR_KEY_COMPROMISED, issue("1", csr, &answer, &e));
    assert_string_equal(e.detail, "found on the net");
    assert_err(ERR_KEY_COMPROMISED, ca_responder_certificate(f.ca, 0, csr, f.arena, &der, &e));
    struct ca_staff_in staff = {"林岚", "maker", "CertHall", "FX2600000001", "罗静", csr, 30};
    assert_err(ERR_KEY_COMPROMISED, ca_staff_certify(f.ca, &staff, f.arena, &answer, &e));
    assert_ok(issue("1", csr2, &answer, &e), &e);
    pki_key_free(key);
    pki_key_free(other);
}

static void entering_says_which_certificates_live_with_the_key(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer, again;
    struct ca_compromised *list;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    const char **live;
    size_t lives, n;
    int64_t links, later, bad;
    assert_ok(issue("2", csr, &answer, &e), &e);
    assert_ok(ca_audit_verify(f.ca, &links, &bad, &e), &e);
    for (int twice = 0; twice < 2; twice++) { /* once more is no change */
        assert_ok(enter(hash_of(key), "lost", "罗静", &live, &lives, &e), &e);
        assert_int_equal(lives, 1);
        assert_string_equal(live[0], answer.serial);
        assert_ok(ca_audit_verify(f.ca, &later, &bad, &e), &e);
        assert_int_equal(later, links + 1);
    }
    assert_ok(ca_compromised_list(f.ca, (struct bytes){0}, f.arena, &list, &n, &e), &e);
    assert_int_equal(n, 1);
    assert_memory_equal(list[0].hash.p, hash_of(key).p, DIGEST_LEN);
    assert_string_equal(list[0].why, "lost");
    assert_string_equal(list[0].entered_by, "罗静");
    assert_ok(ca_compromised_list(f.ca, list[0].hash, f.arena, &list, &n, &e), &e);
    assert_int_equal(n, 0);
    /* G-20: what was answered once is answered again */
    assert_ok(issue("2", csr, &again, &e), &e);
    assert_string_equal(again.serial, answer.serial);
    pki_key_free(key);
}

static void a_key_revoked_for_compromise_is_named_as_such(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key[2] = {0};
    static const enum crl_reason reason[2] = {CRL_KEY_COMPROMISE, CRL_SUPERSEDED};
    for (int i = 0; i < 2; i++) {
        struct ca_answer answer;
        struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key[i]);
        int64_t seq;
        assert_ok(issue(i ? "31" : "30", csr, &answer, &e), &e);
        struct ca_change_in revoke = {CA_REVOKE, answer.serial, reason[i], "hall", NULL};
        assert_ok(ca_change(f.ca, &revoke, &seq, &e), &e);
        assert_err(i ? ERR_CA_REQUEST : ERR_KEY_COMPROMISED,
                   issue(i ? "41" : "40", csr, &answer, &e));
        pki_key_free(key[i]);
    }
}

static void what_cannot_be_a_key_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    const char **live;
    size_t lives;
    struct bytes good = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};
    assert_err(ERR_BAD_REQUEST, enter((struct bytes){good.p, 31}, "x", "y", &live, &lives, &e));
    assert_err(ERR_BAD_REQUEST, enter(good, "", "y", &live, &lives, &e));
    assert_err(ERR_BAD_REQUEST, enter(good, "x", "", &live, &lives, &e));
    assert_err(ERR_BAD_REQUEST,
               ca_compromised_enter(f.ca, &good, 0, "x", "y", f.arena, &live, &lives, &e));
}

#define IN_A_CA(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_CA(an_entered_key_gets_no_certificate_of_any_kind),
        IN_A_CA(entering_says_which_certificates_live_with_the_key),
        IN_A_CA(a_key_revoked_for_compromise_is_named_as_such),
        IN_A_CA(what_cannot_be_a_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
