/* Pairs: a signing and an encryption certificate, both or neither, with a real kmc (design §5). */
#include "pair_fixture.h"

#include "base/text.h"
#include "ca/ca_priv.h"
#include "pki/envelope.h"
#include "pki/ocsp.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static struct pair_fixture p;

static int set_up(void **state)
{
    (void)state;
    pair_fixture_open(&p, 70);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_fixture_close(&p);
    return 0;
}

static enum err issue(const char *id, const char *order, struct pki_key **ukey,
                      struct ca_answer *out, struct err_info *e)
{
    json_t *evidence;
    struct ca_request r = pair_fixture_request(&p, id, order, ukey, &evidence);
    enum err result = ca_issue(p.f.ca, &r, p.f.arena, out, e);
    json_decref(evidence);
    return result;
}

static int64_t number(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    int64_t n = -1;
    assert_int_equal(sqlite3_open(arena_fmt(p.f.arena, "%s/ca.db", p.f.folder), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

static void run(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(arena_fmt(p.f.arena, "%s/ca.db", p.f.folder), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static struct bytes root(void)
{
    const struct ca_issuer *issuer;
    size_t n = ca_issuers(p.f.ca, &issuer);
    for (size_t i = 0; i < n; i++)
        if (issuer[i].root && issuer[i].alg == PKI_SM2)
            return issuer[i].certificate;
    fail_msg("no root");
    return (struct bytes){0};
}

/* GM/T 0015 C.3 and C.4: usages; one subject, one term; each chains to the root; the encryption key opens with the UKey's. */
static void a_pair_is_two_certificates_of_one_person(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_answer answer;
    struct cert_view sign, encrypt;
    struct sm2_envelope v;
    _auto(pki_key) ukey = NULL;
    _auto(pki_key) pair = NULL;
    assert_ok(issue("1-sign", "1", &ukey, &answer, &e), &e);
    assert_ok(cert_view(answer.certificate, p.f.arena, &sign, &e), &e);
    assert_ok(cert_view(answer.encryption.certificate, p.f.arena, &encrypt, &e), &e);
    assert_int_equal(sign.key_usage, CERT_KU_DIGITAL_SIGNATURE | CERT_KU_NON_REPUDIATION);
    assert_int_equal(encrypt.key_usage,
                     CERT_KU_KEY_ENCIPHERMENT | CERT_KU_DATA_ENCIPHERMENT | CERT_KU_KEY_AGREEMENT);
    assert_string_equal(sign.subject_text, encrypt.subject_text);
    assert_int_equal(sign.not_before, encrypt.not_before);
    assert_int_equal(sign.not_after, encrypt.not_after);
    assert_string_not_equal(sign.serial, encrypt.serial);
    assert_string_equal(encrypt.serial, answer.encryption.serial);
    assert_ok(cert_verify_chain(answer.encryption.certificate, &answer.issuer->certificate, 1,
                                root(), sign.not_before, &e),
              &e);
    assert_ok(sm2_envelope_read_blob(answer.encryption.sealed, &v, &e), &e);
    assert_ok(sm2_envelope_open(&v, ukey, &pair, &e), &e);
    struct bytes spki = pki_pub_spki(pki_key_pub(pair));
    assert_int_equal(spki.n, encrypt.spki.n);
    assert_memory_equal(spki.p, encrypt.spki.p, spki.n);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_status"), 2);
}

static void asked_again_it_is_the_same_pair(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_answer one, two, found;
    struct pki_key *ukey;
    json_t *evidence;
    struct ca_request r = pair_fixture_request(&p, "2-sign", "2", &ukey, &evidence);
    assert_ok(ca_issue(p.f.ca, &r, p.f.arena, &one, &e), &e);
    assert_ok(ca_issue(p.f.ca, &r, p.f.arena, &two, &e), &e);
    assert_string_equal(one.encryption.serial, two.encryption.serial);
    assert_memory_equal(one.encryption.certificate.p, two.encryption.certificate.p,
                        one.encryption.certificate.n);
    assert_memory_equal(one.encryption.sealed.p, two.encryption.sealed.p, one.encryption.sealed.n);
    pair_fixture_stop_kmc(&p); /* it is not needed for that */
    ca_fixture_reopen(&p.f);
    assert_ok(ca_issue(p.f.ca, &r, p.f.arena, &two, &e), &e);
    assert_string_equal(one.encryption.serial, two.encryption.serial);
    assert_ok(ca_certificate_of_request(p.f.ca, "2-sign", p.f.arena, &found, &e), &e);
    assert_string_equal(one.encryption.serial, found.encryption.serial);
    assert_memory_equal(one.encryption.sealed.p, found.encryption.sealed.p,
                        one.encryption.sealed.n);
    json_decref(evidence);
    pki_key_free(ukey);
}

/* Neither of the two: and the same request succeeds once the kmc is back. */
static void without_the_kmc_there_is_no_half_pair(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_answer answer;
    struct pki_key *ukey;
    json_t *evidence;
    struct ca_request r = pair_fixture_request(&p, "3-sign", "3", &ukey, &evidence);
    pair_fixture_stop_kmc(&p);
    assert_err(ERR_UNAVAILABLE, ca_issue(p.f.ca, &r, p.f.arena, &answer, &e));
    assert_int_equal(number("SELECT COUNT(*) FROM ca_certificate WHERE state = 'void'"), 2);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_certificate WHERE certificate IS NOT NULL "
                            "AND profile = 'pair'"),
                     0);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_status"), 0);
    assert_err(ERR_NOT_FOUND, ca_certificate_of_request(p.f.ca, "3-sign", p.f.arena, &answer, &e));
    pair_fixture_start_kmc(&p);
    assert_ok(ca_issue(p.f.ca, &r, p.f.arena, &answer, &e), &e);
    assert_true(answer.encryption.certificate.n > 0);
    json_decref(evidence);
    pki_key_free(ukey);
}

/* As a crash leaves it between the intent and the record. */
static void what_a_crash_left_of_a_pair_is_void(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_answer answer;
    struct pki_key *ukey;
    json_t *evidence;
    struct ca_request r = pair_fixture_request(&p, "4-sign", "4", &ukey, &evidence);
    assert_ok(ca_issue(p.f.ca, &r, p.f.arena, &answer, &e), &e);
    ca_free(p.f.ca);
    p.f.ca = NULL;
    run("UPDATE ca_certificate SET certificate = NULL, state = 'intent' WHERE profile = 'pair'");
    assert_ok(ca_open(&p.f.options, &p.f.ca, &e), &e);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_certificate WHERE state = 'void'"), 2);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_audit WHERE act = 'void'"), 2);
    struct ca_answer again;
    assert_ok(ca_issue(p.f.ca, &r, p.f.arena, &again, &e), &e);
    assert_string_not_equal(again.serial, answer.serial);
    assert_string_not_equal(again.encryption.serial, answer.encryption.serial);
    json_decref(evidence);
    pki_key_free(ukey);
}

static const char *state_of(const char *serial)
{
    return arena_fmt(p.f.arena,
                     "SELECT COUNT(*) FROM ca_certificate WHERE state = '%s' AND profile = 'pair'",
                     serial);
}

/* GM/T 0015-2012: their life cycles are one, whichever is named; the hour's number counts it once. */
static void both_are_held_released_and_revoked(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_answer answer;
    _auto(pki_key) ukey = NULL;
    int64_t seq, uses;
    assert_ok(issue("6-sign", "6", &ukey, &answer, &e), &e);
    struct ca_change_in in = {
        .change = CA_HOLD, .serial = answer.encryption.serial, .actor = "许建民"};
    assert_ok(ca_change(p.f.ca, &in, &seq, &e), &e);
    assert_int_equal(number(state_of("hold")), 2);
    assert_int_equal(seq, number("SELECT MAX(seq) FROM ca_status"));
    in.change = CA_RELEASE;
    in.serial = answer.serial;
    assert_ok(ca_change(p.f.ca, &in, &seq, &e), &e);
    assert_int_equal(number(state_of("active")), 2);
    in.change = CA_REVOKE;
    in.reason = CRL_KEY_COMPROMISE;
    uses = number("SELECT COUNT(*) FROM ca_use");
    assert_ok(ca_change(p.f.ca, &in, &seq, &e), &e);
    assert_int_equal(number(state_of("revoked")), 2);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_use"), uses + 1);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_status"), 8);
}

/* The kmc takes 256 octets of a name, for its record; a certificate may say more. */
static void a_long_name_gets_its_pair(void **state)
{
    (void)state;
    static const char long_part[] =
        "名称很长的机构的一个名称也很长的部门名称很长的机构的一个名称也很长的部门";
    struct err_info e;
    struct ca_answer answer;
    struct pki_key *ukey;
    json_t *evidence;
    char *path = arena_fmt(p.f.arena, "%s/profiles/pair.json", p.f.folder);
    json_t *profile = json_load_file(path, 0, NULL);
    for (int i = 0; i < 2; i++) {
        json_t *part = json_pack("{s:s,s:s}", "type", "OU", "value", long_part);
        assert_int_equal(json_array_append_new(json_object_get(profile, "subject"), part), 0);
    }
    assert_int_equal(json_object_set_new(profile, "code", json_string("pair-long")), 0);
    path = arena_fmt(p.f.arena, "%s/profiles/pair-long.json", p.f.folder);
    assert_int_equal(json_dump_file(profile, path, 0), 0);
    json_decref(profile);
    ca_fixture_reopen(&p.f);
    struct ca_request r = pair_fixture_request(&p, "8-sign", "8", &ukey, &evidence);
    r.profile = "pair-long";
    assert_ok(ca_issue(p.f.ca, &r, p.f.arena, &answer, &e), &e);
    json_decref(evidence);
    pki_key_free(ukey);
}

static void a_request_id_of_our_own_making_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_answer answer;
    struct pki_key *ukey = NULL;
    assert_err(ERR_CA_REQUEST, issue("5-sign+encryption", "5", &ukey, &answer, &e));
    pki_key_free(ukey);
    assert_err(ERR_CA_REQUEST, issue("5-sign!7", "5", &ukey, &answer, &e));
    pki_key_free(ukey);
}

/* As a tool opens it. */
static void a_ca_without_a_kmc_makes_no_pairs(void **state)
{
    (void)state;
    struct err_info e;
    ca_free(p.f.ca);
    p.f.ca = NULL;
    p.f.options.kmc = NULL;
    assert_ok(ca_open(&p.f.options, &p.f.ca, &e), &e);
    struct ca_answer answer;
    _auto(pki_key) ukey = NULL;
    assert_err(ERR_CONFIG, issue("7-sign", "7", &ukey, &answer, &e));
}

enum { AT_ONCE = 8, EACH = 8 };

struct asker {
    pthread_t thread;
    struct ca_request r[EACH];
    struct ca_answer answer[EACH];
    struct pki_key *ukey[EACH];
    json_t *evidence[EACH];
    struct arena *arena;
    int refused;
};

static void *ask_all(void *arg)
{
    struct asker *a = arg;
    for (int k = 0; k < EACH; k++) {
        struct err_info e;
        if (ca_issue(p.f.ca, &a->r[k], a->arena, &a->answer[k], &e) != ERR_OK)
            a->refused++;
    }
    return NULL;
}

/* Each of the askers asks EACH times; the request ids of the first begin with `prefix`. */
static void ask_at_once(struct asker *all, const char *prefix)
{
    for (int i = 0; i < AT_ONCE; i++) {
        all[i].arena = arena_new();
        for (int k = 0; k < EACH; k++)
            all[i].r[k] = pair_fixture_request(
                &p, arena_fmt(p.f.arena, "%s%d-%d-sign", i ? "" : prefix, i, k),
                arena_fmt(p.f.arena, "%d%d", i + 1, k), &all[i].ukey[k], &all[i].evidence[k]);
    }
    for (int i = 0; i < AT_ONCE; i++)
        assert_int_equal(pthread_create(&all[i].thread, NULL, ask_all, &all[i]), 0);
    for (int i = 0; i < AT_ONCE; i++) {
        pthread_join(all[i].thread, NULL);
        for (int k = 0; k < EACH; k++) {
            pki_key_free(all[i].ukey[k]);
            json_decref(all[i].evidence[k]);
        }
        arena_free(all[i].arena);
    }
}

static void many_at_once_get_a_key_each(void **state)
{
    (void)state;
    static struct asker all[AT_ONCE];
    ask_at_once(all, "");
    for (int i = 0; i < AT_ONCE; i++)
        assert_int_equal(all[i].refused, 0);
    assert_int_equal(number("SELECT COUNT(DISTINCT key_hash) FROM ca_certificate WHERE "
                            "state = 'active' AND profile = 'pair'"),
                     2 * AT_ONCE * EACH);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_certificate a JOIN ca_certificate b ON "
                            "a.pair = b.id WHERE b.pair = a.id AND a.state = 'active'"),
                     2 * AT_ONCE * EACH);
}

/* They go to the kmc in one list, which is refused whole: each is then asked for alone. */
static void what_the_kmc_does_not_take_harms_no_neighbour(void **state)
{
    (void)state;
    static struct asker all[AT_ONCE];
    char too_long[300];
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    ask_at_once(all, too_long);
    assert_int_equal(all[0].refused, EACH);
    for (int i = 1; i < AT_ONCE; i++)
        assert_int_equal(all[i].refused, 0);
}

int main(void)
{
#define IN_A_CA(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_A_CA(a_pair_is_two_certificates_of_one_person),
        IN_A_CA(asked_again_it_is_the_same_pair),
        IN_A_CA(without_the_kmc_there_is_no_half_pair),
        IN_A_CA(what_a_crash_left_of_a_pair_is_void),
        IN_A_CA(both_are_held_released_and_revoked),
        IN_A_CA(a_request_id_of_our_own_making_is_refused),
        IN_A_CA(a_ca_without_a_kmc_makes_no_pairs),
        IN_A_CA(a_long_name_gets_its_pair),
        IN_A_CA(many_at_once_get_a_key_each),
        IN_A_CA(what_the_kmc_does_not_take_harms_no_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
