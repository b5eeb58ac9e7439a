/* What becomes of a certificate: hold, release, revocation, lists (design §1, §5; RFC 5280 3.3, 5). */
#include "ca_fixture.h"

#include "base/text.h"
#include "ca/ca_priv.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

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

/* A certificate for a key and an order of its own. */
static struct ca_answer issued(int order)
{
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    const char *no = arena_fmt(f.arena, "%d", order);
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, no, "FX2600071182", csr);
    struct ca_request r = ca_fixture_request(&f, arena_fmt(f.arena, "%s-sign", no), no, csr,
                                             evidence);
    assert_ok(ca_issue(f.ca, &r, f.arena, &answer, &e), &e);
    pki_key_free(key);
    return answer;
}

static enum err change(enum ca_change what, const struct ca_answer *of, enum crl_reason reason)
{
    struct err_info e;
    int64_t seq;
    struct ca_change_in in = {
        .change = what, .serial = of->serial, .reason = reason, .actor = "陈立言"};
    return ca_change(f.ca, &in, &seq, &e);
}

static void sql(const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(arena_fmt(f.arena, "%s/ca.db", f.folder), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static struct bytes list(void)
{
    struct err_info e;
    const struct ca_issuer *issuer;
    struct bytes crl;
    assert_int_equal(ca_issuers(f.ca, &issuer), 2);
    assert_ok(ca_crl(f.ca, issuer[1].id, f.arena, &crl, &e), &e);
    return crl;
}

/* Does the list hold it, and with which reason? */
static int stands_in(struct bytes crl, const struct ca_answer *a, enum crl_reason *reason)
{
    struct err_info e;
    struct bytes serial;
    struct crl_entry entry = {0};
    int found;
    assert_true(text_from_hex(f.arena, a->serial, &serial));
    assert_ok(crl_find(crl, serial, &found, &entry, &e), &e);
    *reason = entry.reason;
    return found;
}

/* RFC 5280 5.3.1: hold is no end, and removeFromCRL stands in a delta only. */
static void only_a_final_reason_revokes(void **state)
{
    (void)state;
    struct ca_answer a = issued(1);
    enum crl_reason reason;
    assert_err(ERR_BAD_REQUEST, change(CA_REVOKE, &a, CRL_REMOVE_FROM_CRL));
    assert_err(ERR_BAD_REQUEST, change(CA_REVOKE, &a, CRL_CERTIFICATE_HOLD));
    assert_err(ERR_BAD_REQUEST, change(CA_REVOKE, &a, (enum crl_reason)7));
    assert_false(stands_in(list(), &a, &reason));
    assert_err(ERR_OK, change(CA_REVOKE, &a, CRL_AA_COMPROMISE));
    assert_true(stands_in(list(), &a, &reason));
    assert_int_equal(reason, CRL_AA_COMPROMISE);
}

/* One bad row must not keep all the others off the list. */
static void a_stored_reason_that_cannot_be_is_listed_as_unspecified(void **state)
{
    (void)state;
    struct ca_answer a = issued(1);
    enum crl_reason reason;
    assert_err(ERR_OK, change(CA_REVOKE, &a, CRL_CESSATION));
    static const int impossible[] = {6, 7, 8, 11};
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        sql(arena_fmt(f.arena, "DELETE FROM ca_crl; UPDATE ca_certificate SET reason = %d",
                      impossible[i]));
        assert_true(stands_in(list(), &a, &reason));
        assert_int_equal(reason, CRL_UNSPECIFIED);
    }
}

#define IN_A_CA(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_CA(only_a_final_reason_revokes),
        IN_A_CA(a_stored_reason_that_cannot_be_is_listed_as_unspecified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
