/* What becomes of a certificate: hold, release, revocation, lists (design §1, §5; RFC 5280 3.3, 5). */
#include "ca_fixture.h"

#include "base/sys.h"
#include "base/text.h"
#include "ca/ca_priv.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
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
        ca_fixture_reopen(&f);
        assert_true(stands_in(list(), &a, &reason));
        assert_int_equal(reason, CRL_UNSPECIFIED);
    }
}

/* Certificate `id` of the table, as it would be after a long life. */
static void expire(int id, int64_t not_after)
{
    sql(arena_fmt(f.arena, "UPDATE ca_certificate SET not_after = %lld WHERE id = %d",
                  (long long)not_after, id));
    ca_fixture_reopen(&f); /* it has read what is listed */
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
        "not_after, x'', x'00', 'revoked', 1, changed_at, created_at, '[]', 0, 0, 0, NULL "
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

static enum err revoke_since(const struct ca_answer *of, enum ca_change what, int64_t since)
{
    struct err_info e;
    int64_t seq;
    struct ca_change_in in = {.change = what,
                              .serial = of->serial,
                              .reason = CRL_KEY_COMPROMISE,
                              .actor = "陈立言",
                              .invalid_since = since};
    enum err result = ca_change(f.ca, &in, &seq, &e);
    if (result != ERR_OK)
        assert_string_equal(e.field, "invalid_since");
    return result;
}

/* RFC 5280 5.3.2 */
static void a_list_says_since_when_a_certificate_was_invalid(void **state)
{
    (void)state;
    struct err_info e;
    struct bytes serial;
    struct crl_entry entry = {0};
    int found;
    struct ca_answer a = issued(1);
    int64_t begun = number("SELECT not_before FROM ca_certificate"),
            since = begun / TIME_SECOND * TIME_SECOND + TIME_SECOND;
    usleep(1100000);
    assert_err(ERR_BAD_REQUEST, revoke_since(&a, CA_REVOKE, begun - 1));
    assert_err(ERR_BAD_REQUEST, revoke_since(&a, CA_REVOKE, clock_machine() + TIME_MINUTE));
    assert_err(ERR_BAD_REQUEST, revoke_since(&a, CA_HOLD, since));
    assert_err(ERR_OK, revoke_since(&a, CA_REVOKE, since));
    assert_true(text_from_hex(f.arena, a.serial, &serial));
    for (int turn = 0; turn < 2; turn++) {
        assert_ok(crl_find(list(), serial, &found, &entry, &e), &e);
        assert_true(found && entry.reason == CRL_KEY_COMPROMISE);
        assert_int_equal(entry.invalid_since, since);
        ca_fixture_reopen(&f); /* and so from the database */
    }
}

/* ---- parts of a list ---- */

static struct bytes list_of(int shard, int delta)
{
    struct err_info e;
    const struct ca_issuer *issuer;
    struct ca_list l;
    assert_int_equal(ca_issuers(f.ca, &issuer), 2);
    const struct ca_list_of of = {issuer[1].id, shard, delta};
    assert_ok(ca_list_open(f.ca, &of, &l, &e), &e);
    uint8_t *p = arena_alloc(f.arena, l.size);
    assert_int_equal(read(l.fd, p, l.size), (ssize_t)l.size);
    close(l.fd);
    return (struct bytes){p, l.size};
}

static enum err refused(int64_t issuer, int shard, int delta)
{
    struct err_info e;
    struct ca_list l;
    const struct ca_list_of of = {issuer, shard, delta};
    return ca_list_open(f.ca, &of, &l, &e);
}

static struct crl_view head_of(struct bytes crl)
{
    struct err_info e;
    struct crl_view v;
    _auto(pki_pub) key = NULL;
    const struct ca_issuer *issuer;
    ca_issuers(f.ca, &issuer);
    assert_ok(cert_key(issuer[1].certificate, &key, &e), &e);
    assert_ok(cert_verify_signature(crl, key, &e), &e);
    assert_ok(crl_view(crl, &v, &e), &e);
    return v;
}

static const char *named_in(const struct ca_answer *a)
{
    struct err_info e;
    struct cert_view v;
    assert_ok(cert_view(a->certificate, f.arena, &v, &e), &e);
    return v.crl_url;
}

static int shard_named_in(const struct ca_answer *a)
{
    static const char before[] = "http://127.0.0.1:8081/crl/issuing-p256.";
    const char *url = named_in(a);
    assert_memory_equal(url, before, sizeof before - 1);
    return (int)strtol(url + sizeof before - 1, NULL, 10);
}

enum { SHARDED = 12 };

static void reopen_with(int shards, int64_t base_period)
{
    f.options.crl_shards = shards;
    f.options.delta_base_period = base_period;
    ca_fixture_reopen(&f);
}

/* RFC 5280 5.2.5: a certificate names the part of the list in which it will stand, and that part says that it is this one. */
static void a_certificate_stands_in_the_list_that_it_names(void **state)
{
    (void)state;
    enum crl_reason reason;
    struct ca_answer old = issued(1), a[SHARDED];
    int used[4] = {0};
    assert_string_equal(named_in(&old), "http://127.0.0.1:8081/crl/issuing-p256.crl");
    f.options.revoke_per_hour = 100;
    reopen_with(3, 0);
    for (int i = 0; i < SHARDED; i++) {
        a[i] = issued(10 + i);
        assert_in_range(shard_named_in(&a[i]), 1, 3);
        assert_err(ERR_OK, change(CA_REVOKE, &a[i], CRL_CESSATION));
    }
    assert_err(ERR_OK, change(CA_REVOKE, &old, CRL_CESSATION));
    reopen_with(2, 0); /* fewer from now on: those that name the third are served still */
    for (int shard = 1; shard <= 3; shard++) {
        struct bytes part = list_of(shard, 0);
        const char *url = arena_fmt(f.arena, "http://127.0.0.1:8081/crl/issuing-p256.%d.crl",
                                    shard);
        struct crl_view v = head_of(part);
        assert_int_equal(v.shard.n, strlen(url));
        assert_memory_equal(v.shard.p, url, v.shard.n);
        for (int i = 0; i < SHARDED; i++) {
            assert_int_equal(stands_in(part, &a[i], &reason), shard_named_in(&a[i]) == shard);
            used[shard] += shard_named_in(&a[i]) == shard;
        }
        assert_int_equal(v.entries, used[shard]);
    }
    struct crl_view whole = head_of(list());
    assert_int_equal(whole.entries, SHARDED + 1);
    assert_int_equal(whole.shard.n, 0);
    const struct ca_issuer *issuer;
    ca_issuers(f.ca, &issuer);
    assert_err(ERR_NOT_FOUND, refused(issuer[1].id, 4, 0));
    assert_err(ERR_NOT_FOUND, refused(issuer[1].id, 1, 1)); /* no deltas here */
    assert_err(ERR_NOT_FOUND, refused(99, 0, 0));
}

static void only_the_part_that_changed_is_made_anew(void **state)
{
    (void)state;
    reopen_with(2, 0);
    struct ca_answer a[2] = {0};
    for (int i = 0; !a[0].certificate.n || !a[1].certificate.n; i++) {
        assert_in_range(i, 0, 60);
        struct ca_answer one = issued(10 + i);
        a[shard_named_in(&one) - 1] = one;
    }
    uint64_t first = head_of(list_of(1, 0)).number, second = head_of(list_of(2, 0)).number;
    assert_err(ERR_OK, change(CA_HOLD, &a[0], 0));
    assert_true(head_of(list_of(1, 0)).number > first);
    assert_int_equal(head_of(list_of(2, 0)).number, second);
}

/* RFC 5280 5.2.4: with the base, or any complete list after it, a delta tells what the newest complete list tells. */
static void a_delta_says_what_changed_since_its_base(void **state)
{
    (void)state;
    enum crl_reason reason;
    reopen_with(1, TIME_HOUR);
    struct ca_answer a = issued(1), b = issued(2), c = issued(3);
    assert_err(ERR_OK, change(CA_REVOKE, &a, CRL_CESSATION));
    assert_err(ERR_OK, change(CA_HOLD, &b, 0));
    uint64_t base = head_of(list()).number;
    assert_err(ERR_OK, change(CA_RELEASE, &b, 0));
    assert_err(ERR_OK, change(CA_HOLD, &c, 0));
    struct bytes delta = list_of(0, 1);
    struct crl_view v = head_of(delta), complete = head_of(list());
    assert_int_equal(v.base, base);
    assert_int_equal(v.number, complete.number);
    assert_int_equal(v.this_update, complete.this_update);
    assert_int_equal(v.entries, 2);
    assert_true(stands_in(delta, &b, &reason));
    assert_int_equal(reason, CRL_REMOVE_FROM_CRL);
    assert_true(stands_in(delta, &c, &reason));
    assert_int_equal(reason, CRL_CERTIFICATE_HOLD);
    assert_false(stands_in(list(), &b, &reason));
    assert_err(ERR_OK, change(CA_REVOKE, &c, CRL_SUPERSEDED));
    v = head_of(list_of(0, 1)); /* the base stays as long as it may serve */
    assert_int_equal(v.base, base);
    assert_true(v.number > complete.number);
}

/* A base that is too old, or whose nextUpdate has passed, serves no more. */
static void a_base_that_has_run_out_is_left(void **state)
{
    (void)state;
    reopen_with(1, TIME_HOUR);
    issued(1);
    uint64_t base = head_of(list_of(0, 1)).base, next;
    sql("UPDATE ca_crl SET base_until = 1 WHERE base > 0; UPDATE ca_crl SET next_update = 1");
    ca_fixture_reopen(&f);
    next = head_of(list_of(0, 1)).base;
    assert_true(next > base);
    sql(arena_fmt(f.arena,
                  "UPDATE ca_crl SET base_at = base_at - %lld, this_update = this_update - %lld",
                  (long long)TIME_HOUR, (long long)TIME_HOUR));
    ca_fixture_reopen(&f);
    assert_true(head_of(list_of(0, 1)).base > next);
}

static uint64_t number_of(int shard, int delta)
{
    return head_of(list_of(shard, delta)).number;
}

/* As list_numbers_do_not_go_back_after_a_restore, for parts and deltas, and with the clock put back as well: then the files tell. */
static void numbers_of_parts_do_not_go_back_either(void **state)
{
    (void)state;
    static const int of[][2] = {{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 1}};
    enum { LISTS = sizeof of / sizeof *of };
    struct err_info e;
    struct bytes copy;
    uint64_t published[LISTS];
    const char *db = arena_fmt(f.arena, "%s/ca.db", f.folder);
    reopen_with(2, TIME_HOUR);
    struct ca_answer a = issued(1);
    list();
    ca_free(f.ca);
    assert_ok(file_read(f.arena, db, 64 << 20, &copy, &e), &e);
    assert_ok(ca_open(&f.options, &f.ca, &e), &e);
    assert_err(ERR_OK, change(CA_HOLD, &a, 0));
    for (int i = 0; i < LISTS; i++)
        published[i] = number_of(of[i][0], of[i][1]);
    /* numbers far above the clock's, as if it had been ahead */
    sql("UPDATE ca_crl SET number = number + 100000000");
    ca_fixture_reopen(&f);
    for (int i = 0; i < LISTS; i++) {
        uint64_t now = number_of(of[i][0], of[i][1]);
        assert_true(now > published[i] + 99999999);
        published[i] = now;
    }
    ca_free(f.ca);
    f.ca = NULL;
    assert_ok(file_replace(db, copy, 0600, &e), &e);
    assert_ok(ca_open(&f.options, &f.ca, &e), &e);
    for (int i = 0; i < LISTS; i++)
        assert_true(number_of(of[i][0], of[i][1]) > published[i]);
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
        IN_A_CA(a_list_says_since_when_a_certificate_was_invalid),
        IN_A_CA(a_certificate_stands_in_the_list_that_it_names),
        IN_A_CA(only_the_part_that_changed_is_made_anew),
        IN_A_CA(a_delta_says_what_changed_since_its_base),
        IN_A_CA(a_base_that_has_run_out_is_left),
        IN_A_CA(numbers_of_parts_do_not_go_back_either),
        IN_A_CA(only_so_many_are_revoked_in_an_hour),
        IN_A_CA(only_so_many_are_released_in_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
