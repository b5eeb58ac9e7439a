/* Many certificates held, released or revoked by one request (issue 4, mass work). */
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

static const char *issued(int order)
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
    return arena_text(f.arena, answer.serial);
}

static sqlite3 *database(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(arena_fmt(f.arena, "%s/ca.db", f.folder), &db), SQLITE_OK);
    return db;
}

static void sql(const char *text)
{
    sqlite3 *db = database();
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int64_t number(const char *text)
{
    sqlite3 *db = database();
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

static enum err many(const char *id, enum ca_change change, const char *const *serial, size_t n,
                     struct ca_mass *out, struct err_info *e)
{
    struct ca_mass_in in = {.request_id = id,
                            .change = {.change = change,
                                       .reason = change == CA_REVOKE ? CRL_SUPERSEDED : 0,
                                       .actor = "陈立言",
                                       .second = "江一鸣"},
                            .serial = serial,
                            .n = n};
    return ca_change_many(f.ca, &in, f.arena, out, e);
}

static void each_serial_has_its_answer(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_mass m;
    f.options.revoke_per_hour = 100;
    ca_fixture_reopen(&f);
    const char *a = issued(1), *b = issued(2), *c = issued(3);
    const char *const all[] = {a, "00ff", b, "no serial", c};
    assert_ok(many("m-1", CA_HOLD, all + 4, 1, &m, &e), &e);
    assert_ok(many("m-2", CA_HOLD, all, 5, &m, &e), &e);
    static const char *const want[] = {"done", "request.not_found", "done", "request.not_found",
                                       "already"};
    assert_int_equal(m.n, 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(m.item[i].serial, all[i]);
        assert_string_equal(m.item[i].result, want[i]);
        assert_int_equal(m.item[i].seq != 0, strcmp(want[i], "done") == 0);
    }
    assert_true(m.done == 3 && m.refused == 2 && m.open == 0);
    assert_ok(many("m-3", CA_REVOKE, all, 1, &m, &e), &e);
    assert_ok(many("m-4", CA_RELEASE, all, 3, &m, &e), &e);
    assert_string_equal(m.item[0].result, "ca.state"); /* revoked is for ever */
    assert_string_equal(m.item[2].result, "done");
    assert_int_equal(number("SELECT COUNT(*) FROM ca_certificate WHERE state = 'revoked'"), 1);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_certificate WHERE state = 'hold'"), 1);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_audit WHERE act = 'mass'"), 4);
}

/* design §1: the hour's numbers count here as for single ones; what is left is done when asked again, and nothing twice. */
static void it_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_mass m, again;
    const char *serial[5];
    for (int i = 0; i < 5; i++)
        serial[i] = issued(1 + i);
    assert_ok(many("m-1", CA_REVOKE, serial, 5, &m, &e), &e); /* 2 an hour */
    assert_true(m.done == 2 && m.refused == 0 && m.open == 3);
    assert_string_equal(m.item[2].result, "");
    ca_fixture_reopen(&f);
    assert_ok(many("m-1", CA_REVOKE, serial, 5, &m, &e), &e);
    assert_true(m.done == 2 && m.open == 3);
    f.options.revoke_per_hour = 100;
    ca_fixture_reopen(&f);
    assert_ok(many("m-1", CA_REVOKE, serial, 5, &again, &e), &e);
    assert_true(again.done == 5 && again.open == 0);
    assert_int_equal(again.item[0].seq, m.item[0].seq);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_status WHERE state = 'revoked'"), 5);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_audit WHERE act = 'revoke'"), 5);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_use WHERE what = 'revoke'"), 5);
}

static void a_request_id_means_one_thing(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_mass m;
    const char *serial[2] = {issued(1), issued(2)};
    assert_ok(many("m-1", CA_HOLD, serial, 1, &m, &e), &e);
    assert_err(ERR_CA_REQUEST, many("m-1", CA_HOLD, serial, 2, &m, &e));
    assert_err(ERR_CA_REQUEST, many("m-1", CA_RELEASE, serial, 1, &m, &e));
    assert_err(ERR_BAD_REQUEST, many("", CA_HOLD, serial, 1, &m, &e));
    assert_string_equal(e.field, "request_id");
    assert_err(ERR_BAD_REQUEST, many("m-2", CA_HOLD, serial, 0, &m, &e));
    assert_string_equal(e.field, "serials");
    assert_int_equal(number("SELECT COUNT(*) FROM ca_mass"), 1);
}

enum { MANY = 350 };

static void it_keeps_its_pace(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_mass m;
    const char *serial[MANY];
    f.options.mass_per_second = 200;
    ca_fixture_reopen(&f);
    issued(1);
    sql(arena_fmt(
        f.arena,
        "WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < %d) "
        "INSERT INTO ca_certificate (id, serial, issuer_id, profile, request_id, key_hash, "
        "order_no, ukey, subject, not_before, not_after, tbs, certificate, state, reason, "
        "changed_at, created_at, evidence) SELECT 1000 + n, "
        "CAST(x'4100' || CAST(printf('%%04d', n) AS BLOB) AS BLOB), issuer_id, profile, "
        "'bulk-' || n, key_hash, 'bulk-' || n, ukey, subject, not_before, not_after, x'', "
        "x'00', 'active', 0, changed_at, created_at, '[]' FROM ca_certificate, c WHERE id = 1",
        MANY - 1));
    ca_fixture_reopen(&f);
    for (int i = 0; i < MANY; i++)
        serial[i] = arena_fmt(f.arena, "41003%d3%d3%d3%d", i / 1000, i / 100 % 10, i / 10 % 10,
                              i % 10);
    int64_t begun = clock_monotonic();
    assert_ok(many("m-1", CA_HOLD, serial, MANY, &m, &e), &e);
    int64_t took = clock_monotonic() - begun;
    assert_int_equal(m.done, MANY);
    assert_true(took >= TIME_SECOND && took < 8 * TIME_SECOND);
}

#define IN_A_CA(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_CA(each_serial_has_its_answer),
        IN_A_CA(it_goes_on_where_it_stopped),
        IN_A_CA(a_request_id_means_one_thing),
        IN_A_CA(it_keeps_its_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
