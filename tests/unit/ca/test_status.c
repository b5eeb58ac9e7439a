/* What becomes of a certificate: hold, release, revocation, lists (design §1, §5; RFC 5280 3.3, 5). */
#include "ca_fixture.h"

#include "base/sys.h"
#include "base/text.h"
#include "ca/ca_priv.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Certificate `id` of the table, as it would be after a long life. */
static void expire(int id, int64_t not_after)
{
    sql(arena_fmt(f.arena, "UPDATE ca_certificate SET not_after = %lld WHERE id = %d",
                  (long long)not_after, id));
}

static int64_t number(const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(arena_fmt(f.arena, "%s/ca.db", f.folder), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

/* RFC 5280 3.3: an entry goes when it has stood in a list made after the certificate's end. */
static void an_expired_certificate_stands_in_one_more_list(void **state)
{
    (void)state;
    enum crl_reason reason;
    struct ca_answer a = issued(1), b = issued(2), c = issued(3);
    assert_err(ERR_OK, change(CA_REVOKE, &a, CRL_CESSATION));
    assert_true(stands_in(list(), &a, &reason));
    expire(1, number("SELECT MAX(this_update) FROM ca_crl") + 1);
    usleep(5000);
    assert_err(ERR_OK, change(CA_HOLD, &b, 0)); /* a new list */
    assert_true(stands_in(list(), &a, &reason));
    usleep(5000);
    assert_err(ERR_OK, change(CA_HOLD, &c, 0));
    struct bytes last = list();
    assert_false(stands_in(last, &a, &reason));
    assert_true(stands_in(last, &b, &reason) && stands_in(last, &c, &reason));
    /* revoked after its end: once is still owed */
    expire(2, 1);
    assert_err(ERR_OK, change(CA_REVOKE, &b, CRL_CESSATION));
    assert_true(stands_in(list(), &b, &reason));
}

/* More than one reading of rows at once holds, and of serials of unequal length (RFC 5280 4.1.2.2). */
static void a_list_may_be_long(void **state)
{
    (void)state;
    enum { MANY = 100001 };
    enum crl_reason reason;
    struct ca_answer a = issued(1);
    assert_err(ERR_OK, change(CA_REVOKE, &a, CRL_CESSATION));
    static const char bulk[] =
        "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) "
        "INSERT INTO ca_certificate SELECT 1000 + n, "
        "CAST((CASE n WHEN 7 THEN x'ff' ELSE x'0102' END) || randomblob(14) AS BLOB), "
        "issuer_id, profile, 'bulk-' || n, key_hash, 'bulk-' || n, ukey, subject, not_before, "
        "not_after, x'', x'00', 'revoked', 1, changed_at, created_at, '[]' "
        "FROM ca_certificate, c WHERE id = 1";
    char text[sizeof bulk + 16];
    snprintf(text, sizeof text, bulk, MANY);
    sql(text);
    struct bytes crl = list();
    assert_true(stands_in(crl, &a, &reason));
    assert_true(crl.n > (size_t)MANY * 40);
}

/* RFC 5280 5.2.3: relying parties take a list with a lower number for an old one. */
static void list_numbers_do_not_go_back_after_a_restore(void **state)
{
    (void)state;
    struct err_info e;
    struct bytes copy;
    const char *newest = "SELECT MAX(number) FROM ca_crl", *db;
    struct ca_answer a = issued(1);
    db = arena_fmt(f.arena, "%s/ca.db", f.folder);
    list();
    assert_true(number(newest) >= clock_machine() / TIME_SECOND - 60);
    ca_free(f.ca);
    assert_ok(file_read(f.arena, db, 64 << 20, &copy, &e), &e);
    assert_ok(ca_open(&f.options, &f.ca, &e), &e);
    assert_err(ERR_OK, change(CA_HOLD, &a, 0));
    list();
    int64_t published = number(newest);
    ca_free(f.ca);
    f.ca = NULL;
    usleep(2100000);
    assert_ok(file_replace(db, copy, 0600, &e), &e);
    assert_ok(ca_open(&f.options, &f.ca, &e), &e);
    list();
    assert_true(number(newest) > published);
}

static void a_few_old_lists_are_kept(void **state)
{
    (void)state;
    struct ca_answer a = issued(1);
    for (int i = 0; i < 6; i++) {
        assert_err(ERR_OK, change(CA_HOLD, &a, 0));
        list();
        assert_err(ERR_OK, change(CA_RELEASE, &a, 0));
        list();
    }
    assert_int_equal(number("SELECT COUNT(*) FROM ca_crl"), 8);
}

static enum err change_with(enum ca_change what, const struct ca_answer *of, const char *second)
{
    struct err_info e;
    int64_t seq;
    struct ca_change_in in = {.change = what,
                              .serial = of->serial,
                              .reason = CRL_CESSATION,
                              .actor = "陈立言",
                              .second = second};
    return ca_change(f.ca, &in, &seq, &e);
}

/* design §1: up to N an hour (here 2). A second person is the caller's own word and takes nothing out of the count. */
static void only_so_many_are_revoked_in_an_hour(void **state)
{
    (void)state;
    struct ca_answer a = issued(1), b = issued(2), c = issued(3);
    assert_err(ERR_OK, change_with(CA_REVOKE, &a, "江一鸣"));
    assert_err(ERR_OK, change_with(CA_REVOKE, &b, NULL));
    assert_err(ERR_CA_LIMIT, change_with(CA_REVOKE, &c, "江一鸣"));
    assert_err(ERR_CA_LIMIT, change_with(CA_REVOKE, &c, NULL));
    assert_err(ERR_OK, change_with(CA_REVOKE, &a, NULL)); /* revoked already: asked again */
    assert_err(ERR_OK, change_with(CA_HOLD, &c, NULL));   /* to hold is always possible */
    sql("UPDATE ca_use SET at = at - 3600001");
    assert_err(ERR_OK, change_with(CA_REVOKE, &c, NULL));
}

/* Here 8 an hour, counted apart from revocations. */
static void only_so_many_are_released_in_an_hour(void **state)
{
    (void)state;
    struct ca_answer a = issued(1);
    for (int i = 0; i < 8; i++) {
        assert_err(ERR_OK, change_with(CA_HOLD, &a, NULL));
        assert_err(ERR_OK, change_with(CA_RELEASE, &a, "江一鸣"));
    }
    assert_err(ERR_OK, change_with(CA_HOLD, &a, NULL));
    assert_err(ERR_CA_LIMIT, change_with(CA_RELEASE, &a, "江一鸣"));
    assert_err(ERR_OK, change_with(CA_REVOKE, &a, NULL));
}

#define IN_A_CA(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_CA(only_a_final_reason_revokes),
        IN_A_CA(a_stored_reason_that_cannot_be_is_listed_as_unspecified),
        IN_A_CA(an_expired_certificate_stands_in_one_more_list),
        IN_A_CA(a_list_may_be_long),
        IN_A_CA(list_numbers_do_not_go_back_after_a_restore),
        IN_A_CA(a_few_old_lists_are_kept),
        IN_A_CA(only_so_many_are_revoked_in_an_hour),
        IN_A_CA(only_so_many_are_released_in_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
