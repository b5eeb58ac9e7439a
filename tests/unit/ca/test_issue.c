/* Issuing: evidence, idempotence, intents, status (design §1, §5; requirements K1, K2, K6, K7, K11). */
#include "ca_fixture.h"

#include "base/text.h"
#include "ca/ca_priv.h"

#include <pthread.h>
#include <semaphore.h>
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

static enum err issue(const char *id, const char *order, struct bytes csr, const json_t *evidence,
                      struct ca_answer *out, struct err_info *e)
{
    struct ca_request r = ca_fixture_request(&f, id, order, csr, evidence);
    return ca_issue(f.ca, &r, f.arena, out, e);
}

/* S0-01, conventions: C=CN, O=<institution of the signed row>, OU=<reporting code>, CN=<user>; clientAuth. */
static void the_subject_is_built_from_the_regulators_row_alone(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    struct cert_view view;
    struct name name;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256,
                                      &key); /* its own subject is the UKey's serial */
    _auto_json evidence = ca_fixture_evidence(&f, "1", "FX2600071182", csr);
    assert_ok(issue("1-sign", "1", csr, evidence, &answer, &e), &e);
    assert_ok(cert_view(answer.certificate, f.arena, &view, &e), &e);
    assert_ok(name_decode(view.subject, f.arena, &name, &e), &e);
    assert_string_equal(name_get(&name, NAME_C), "CN");
    assert_string_equal(name_get(&name, NAME_O), "泉州海丝供应链管理有限公司");
    assert_string_equal(name_get(&name, NAME_OU), "F3505030000117");
    assert_string_equal(name_get(&name, NAME_CN), "沈若琳");
    assert_int_equal(view.eku, CERT_EKU_CLIENT_AUTH);
    assert_string_equal(answer.state, "active");
    pki_key_free(key);
}

/* G-20, design §5: same (request id, public key) gives the same certificate, also after a restart. */
static void the_same_request_gives_the_same_certificate(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer one, two;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, "2", "FX2600071182", csr);
    assert_ok(issue("2-sign", "2", csr, evidence, &one, &e), &e);
    assert_ok(issue("2-sign", "2", csr, evidence, &two, &e), &e);
    assert_int_equal(one.certificate.n, two.certificate.n);
    assert_memory_equal(one.certificate.p, two.certificate.p, one.certificate.n);
    ca_fixture_reopen(&f);
    assert_ok(issue("2-sign", "2", csr, evidence, &two, &e), &e);
    assert_memory_equal(one.certificate.p, two.certificate.p, one.certificate.n);
    pki_key_free(key);
}

/* G-20: the hall asks again after a long outage; by then the term it asked for lies behind. */
static void an_earlier_answer_is_given_however_late(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer one, two;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, "2", "FX2600071182", csr);
    assert_ok(issue("2-sign", "2", csr, evidence, &one, &e), &e);
    struct ca_request r = ca_fixture_request(&f, "2-sign", "2", csr, evidence);
    r.not_before -= 30LL * TIME_DAY;
    r.not_after -= 30LL * TIME_DAY;
    assert_ok(ca_issue(f.ca, &r, f.arena, &two, &e), &e);
    assert_int_equal(one.certificate.n, two.certificate.n);
    assert_memory_equal(one.certificate.p, two.certificate.p, one.certificate.n);
    pki_key_free(key);
}

static void a_request_id_or_a_key_serves_once(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL, *other = NULL;
    struct ca_answer answer;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key),
                 csr2 = ca_fixture_csr(&f, PKI_P256, &other);
    _auto_json evidence = ca_fixture_evidence(&f, "3", "FX2600071182", csr);
    _auto_json evidence2 = ca_fixture_evidence(&f, "3", "FX2600071182", csr2);
    assert_ok(issue("3-sign", "3", csr, evidence, &answer, &e), &e);
    assert_err(ERR_CA_REQUEST, issue("3-sign", "3", csr2, evidence2, &answer, &e));
    assert_err(ERR_CA_REQUEST, issue("3b-sign", "3", csr, evidence, &answer, &e));
    pki_key_free(key);
    pki_key_free(other);
}

/* G-20: an answer that was lost is found by its request id, also by who no longer has the key. */
static void what_was_made_for_a_request_is_found_again(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer one, again;
    int64_t seq;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, "6", "FX2600071182", csr);
    assert_err(ERR_NOT_FOUND, ca_certificate_of_request(f.ca, "6-sign", f.arena, &again, &e));
    assert_ok(issue("6-sign", "6", csr, evidence, &one, &e), &e);
    assert_ok(ca_certificate_of_request(f.ca, "6-sign", f.arena, &again, &e), &e);
    assert_string_equal(again.serial, one.serial);
    assert_string_equal(again.state, "active");
    assert_int_equal(again.certificate.n, one.certificate.n);
    assert_memory_equal(again.certificate.p, one.certificate.p, one.certificate.n);
    struct ca_change_in revoke = {CA_REVOKE, one.serial, CRL_SUPERSEDED, "hall", NULL};
    assert_ok(ca_change(f.ca, &revoke, &seq, &e), &e);
    assert_ok(ca_certificate_of_request(f.ca, "6-sign", f.arena, &again, &e), &e);
    assert_string_equal(again.state, "revoked");
    assert_err(ERR_NOT_FOUND, ca_certificate_of_request(f.ca, "6-sign-2", f.arena, &again, &e));
    pki_key_free(key);
}

/* design §1: a captured hall cannot get a certificate. Everything it can forge is tried here. */
static void without_whole_evidence_there_is_no_certificate(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL, *stranger = NULL;
    struct ca_answer answer;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    const char *good = ca_fixture_maker_signature(&f, f.maker_key, "4", "FX2600071182", csr);
    assert_ok(pki_key_new(PKI_P256, &stranger, &e), &e);
    const struct {
        const char *batch;
        int row;
        const char *maker, *signature;
    } forged[] = {
        {"", 1, f.maker_serial, good},      /* no batch */
        {f.batch, 2, f.maker_serial, good}, /* no such row */
        {f.batch, 1, "00ff", good},         /* unknown maker */
        {f.batch, 1, f.maker_serial,
         ca_fixture_maker_signature(&f, stranger, "4", "FX2600071182", csr)}, /* other key */
        {f.batch, 1, f.maker_serial,
         ca_fixture_maker_signature(&f, f.maker_key, "5", "FX2600071182", csr)}, /* other order */
        {f.batch, 1, f.maker_serial,
         ca_fixture_maker_signature(&f, f.maker_key, "4", "FX2600071183", csr)}, /* other UKey */
        {f.batch, 1, f.maker_serial,
         ca_fixture_maker_signature(&f, f.maker_key, "4", "FX2600071182", f.maker)}, /* other CSR */
        {f.batch, 1, f.maker_serial, /* other person */
         ca_fixture_maker_for(&f, f.maker_key, "4", "FX2600071182", csr,
                              "厦门鹭岛融资担保有限公司")},
        {f.batch, 1, f.maker_serial, ""},
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        _auto_json evidence = json_pack("[{s:s,s:s,s:i},{s:s,s:s,s:s}]", "kind", "regulator",
                                        "batch", forged[i].batch, "row", forged[i].row, "kind",
                                        "maker", "maker", forged[i].maker, "signature",
                                        forged[i].signature);
        assert_err(ERR_CA_EVIDENCE, issue("4-sign", "4", csr, evidence, &answer, &e));
    }
    _auto_json only_maker = json_pack("[{s:s,s:s,s:s}]", "kind", "maker", "maker", f.maker_serial,
                                      "signature", good);
    assert_err(ERR_CA_EVIDENCE, issue("4-sign", "4", csr, only_maker, &answer, &e));
    _auto_json only_row = json_pack("[{s:s,s:s,s:i}]", "kind", "regulator", "batch", f.batch, "row",
                                    1);
    assert_err(ERR_CA_EVIDENCE, issue("4-sign", "4", csr, only_row, &answer, &e));
    pki_key_free(key);
    pki_key_free(stranger);
}

/* §10.8 C5, C6: the newest signed row counts, and a withdrawal ends it at the ca too. */
static void a_later_row_of_the_regulator_replaces_the_earlier(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    char corrected[65], withdrawn[65];
    static const char head[] =
        "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email\r\n";
    char *correct = arena_fmt(
        f.arena,
        "%scorrect,泉州海丝国际供应链有限公司,F3505030000117,沈若琳,91350503MA2Y7K4H06,沈若琳,13805952716,a@haisi.example\r\n",
        head);
    char *withdraw = arena_fmt(
        f.arena,
        "%swithdraw,泉州海丝国际供应链有限公司,F3505030000117,沈若琳,91350503MA2Y7K4H06,沈若琳,13805952716,a@haisi.example\r\n",
        head);
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    const char *signature = ca_fixture_maker_for(&f, f.maker_key, "6", "FX2600071182", csr,
                                                 "泉州海丝国际供应链有限公司");
    assert_ok(ca_fixture_take(&f, correct, corrected, &e), &e);
    _auto_json old = ca_fixture_evidence(&f, "6", "FX2600071182", csr);
    assert_err(ERR_CA_EVIDENCE, issue("6-sign", "6", csr, old, &answer, &e));
    _auto_json new = json_pack("[{s:s,s:s,s:i},{s:s,s:s,s:s}]", "kind", "regulator", "batch",
                               corrected, "row", 1, "kind", "maker", "maker", f.maker_serial,
                               "signature", signature);
    assert_ok(issue("6-sign", "6", csr, new, &answer, &e), &e);
    assert_ok(ca_fixture_take(&f, withdraw, withdrawn, &e), &e);
    struct pki_key *key2 = NULL;
    struct bytes csr2 = ca_fixture_csr(&f, PKI_P256, &key2);
    _auto_json late = json_pack("[{s:s,s:s,s:i},{s:s,s:s,s:s}]", "kind", "regulator", "batch",
                                corrected, "row", 1, "kind", "maker", "maker", f.maker_serial,
                                "signature",
                                ca_fixture_maker_for(&f, f.maker_key, "7", "FX2600071182", csr2,
                                                     "泉州海丝国际供应链有限公司"));
    assert_err(ERR_CA_EVIDENCE, issue("7-sign", "7", csr2, late, &answer, &e));
    pki_key_free(key);
    pki_key_free(key2);
}

static void a_list_signed_by_another_key_is_not_taken(void **state)
{
    (void)state;
    struct err_info e;
    char batch[65];
    struct pki_key *kept = f.regulator_key;
    f.regulator_key = f.maker_key;
    struct bytes certificate = f.regulator;
    f.regulator = f.maker;
    assert_int_not_equal(
        ca_fixture_take(
            &f,
            "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email\r\n"
            "add,某某有限公司,F3505030000118,王某,91350503MA2Y7K4H06,王某,13805952716,b@haisi.example\r\n",
            batch, &e),
        ERR_OK);
    f.regulator_key = kept;
    f.regulator = certificate;
}

/* The same octets may be a list of two projects; each is its own regulator's, and vouches for its own project only. */
static void a_list_is_of_the_project_whose_regulator_signed_it(void **state)
{
    (void)state;
    static const char csv[] =
        "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email\r\n"
        "correct,泉州海丝国际供应链有限公司,F3505030000117,沈若琳,91350503MA2Y7K4H06,沈若琳,13805952716,a@haisi.example\r\n";
    struct err_info e;
    char batch[65], again[65];
    struct pki_key *other = NULL, *key = NULL;
    struct ca_answer answer;
    assert_ok(pki_key_new(PKI_P256, &other, &e), &e);
    struct bytes certificate = ca_fixture_self_signed(&f, other, "other regulator");
    /* no key signs for two projects */
    assert_err(ERR_CA_REQUEST, ca_regulator_enter(f.ca, "other", f.regulator, "罗静", &e));
    struct bytes same_key = ca_fixture_self_signed(&f, f.regulator_key, "the same key");
    assert_err(ERR_CA_REQUEST, ca_regulator_enter(f.ca, "other", same_key, "罗静", &e));
    assert_ok(ca_regulator_enter(f.ca, "aml-reporting", same_key, "罗静", &e), &e);
    assert_ok(ca_regulator_enter(f.ca, "other", certificate, "罗静", &e), &e);
    assert_err(ERR_SIGNATURE,
               ca_fixture_take_for(&f, "aml-reporting", csv, certificate, other, batch, &e));
    assert_ok(ca_fixture_take_for(&f, "other", csv, certificate, other, batch, &e), &e);
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = json_pack("[{s:s,s:s,s:i},{s:s,s:s,s:s}]", "kind", "regulator", "batch",
                                    batch, "row", 1, "kind", "maker", "maker", f.maker_serial,
                                    "signature",
                                    ca_fixture_maker_for(&f, f.maker_key, "61", "FX2600071182", csr,
                                                         "泉州海丝国际供应链有限公司"));
    assert_err(ERR_CA_EVIDENCE, issue("61-sign", "61", csr, evidence, &answer, &e));
    /* that the other project has it keeps this one's regulator from nothing */
    assert_ok(ca_fixture_take(&f, csv, again, &e), &e);
    assert_string_equal(again, batch);
    assert_ok(issue("61-sign", "61", csr, evidence, &answer, &e), &e);
    pki_key_free(other);
    pki_key_free(key);
}

/* design §5: after any crash the ca settles every intent. The crash is between the two transactions. */
static void an_intent_without_a_signature_is_settled_at_the_next_start(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer one, two;
    sqlite3 *db;
    struct cert_view view;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, "8", "FX2600071182", csr);
    assert_ok(issue("8-sign", "8", csr, evidence, &one, &e), &e);
    assert_ok(cert_view(one.certificate, f.arena, &view, &e), &e);
    ca_free(f.ca);
    f.ca = NULL;
    assert_int_equal(sqlite3_open(arena_fmt(f.arena, "%s/ca.db", f.folder), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  arena_fmt(f.arena,
                                            "UPDATE ca_certificate SET certificate = NULL,"
                                            " state = 'intent', tbs = x'%s'; DELETE FROM ca_status",
                                            text_hex(f.arena, view.tbs)),
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_ok(ca_open(&f.options, &f.ca, &e), &e);
    assert_ok(issue("8-sign", "8", csr, evidence, &two, &e), &e);
    assert_string_equal(one.serial, two.serial);
    assert_string_equal(two.state, "active");
    struct cert_view settled;
    assert_ok(cert_view(two.certificate, f.arena, &settled, &e), &e);
    assert_int_equal(settled.tbs.n, view.tbs.n);
    assert_memory_equal(settled.tbs.p, view.tbs.p, view.tbs.n);
    pki_key_free(key);
}

/* In the writer, as ca_issue runs it. */
struct checking {
    const struct ca_request *r;
    const struct ca_proven *proven;
    struct ca_vouched said;
};

static enum err check_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct checking *c = arg;
    return ca_evidence_check(f.ca, tx, ca_profile_find(f.ca, "aml-reporting"), c->r, c->proven,
                             clock_business(f.clock), f.arena, &c->said, e);
}

static enum err check(const struct ca_request *r, const struct ca_proven *proven)
{
    struct err_info e;
    struct checking c = {.r = r, .proven = proven};
    return store_group_run(f.ca->group, check_in, &c, &e);
}

/* What was verified before the writer's turn counts for exactly the row and the certificate it was verified with. */
static void a_signature_verified_before_counts_for_the_same_row_and_maker_only(void **state)
{
    (void)state;
    struct pki_key *key = NULL;
    const struct ca_profile *profile = ca_profile_find(f.ca, "aml-reporting");
    struct ca_proven proven, other;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json good = ca_fixture_evidence(&f, "9", "FX2600071182", csr);
    _auto_json forged = ca_fixture_evidence(&f, "10", "FX2600071182", csr);
    struct ca_request right = ca_fixture_request(&f, "9-sign", "9", csr, good),
                      wrong = ca_fixture_request(&f, "9-sign", "9", csr, forged);
    ca_evidence_prove(f.ca, profile, &wrong, f.arena, &proven);
    assert_int_equal(proven.yes, 0);
    assert_err(ERR_CA_EVIDENCE, check(&wrong, &proven));
    ca_evidence_prove(f.ca, profile, &right, f.arena, &proven);
    assert_int_equal(proven.yes, 1);
    assert_err(ERR_OK, check(&right, &proven));
    assert_err(ERR_OK, check(&right, NULL)); /* not proven before: verified then */
    assert_err(ERR_CA_EVIDENCE, check(&wrong, NULL));
    other = proven;
    snprintf(other.row.fact[CA_FACT_INSTITUTION], CA_FACT_MAX, "厦门鹭岛融资担保有限公司");
    assert_err(ERR_CA_EVIDENCE, check(&wrong, &other));
    other = proven;
    other.certificate = f.regulator;
    assert_err(ERR_CA_EVIDENCE, check(&wrong, &other));
    pki_key_free(key);
}

/* A maker whose right ends is refused at once, though his certificate was read before. */
static void a_maker_whose_right_has_ended_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    sqlite3 *db;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, "11", "FX2600071182", csr);
    assert_ok(issue("11-sign", "11", csr, evidence, &answer, &e), &e);
    pki_key_free(key);
    assert_int_equal(sqlite3_open(arena_fmt(f.arena, "%s/ca.db", f.folder), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE ca_staff SET ended_at = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json later = ca_fixture_evidence(&f, "12", "FX2600071182", csr);
    assert_err(ERR_CA_EVIDENCE, issue("12-sign", "12", csr, later, &answer, &e));
    pki_key_free(key);
}

static enum err change_maker(enum ca_change what)
{
    struct err_info e;
    int64_t seq;
    struct ca_change_in in = {
        .change = what, .serial = f.maker_serial, .reason = CRL_KEY_COMPROMISE, .actor = "陈立言"};
    return ca_change(f.ca, &in, &seq, &e);
}

/* What the maker's key of today's state gets for an order of this number. */
static enum err issue_by_maker(int order)
{
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    const char *no = arena_fmt(f.arena, "%d", order);
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, no, "FX2600071182", csr);
    pki_key_free(key);
    return issue(arena_fmt(f.arena, "%s-sign", no), no, csr, evidence, &answer, &e);
}

/* A lost UKey of a maker is put on hold or revoked like any other, and from then on makes no evidence. */
static void a_maker_whose_certificate_is_not_active_makes_no_evidence(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    struct ca_staff_in in = {.name = "许建民",
                             .role = "maker",
                             .organisation = "CertHall",
                             .ukey = "FX2600090001",
                             .by = "罗静",
                             .csr = ca_fixture_csr(&f, PKI_P256, &key),
                             .days = 30};
    assert_ok(ca_staff_certify(f.ca, &in, f.arena, &answer, &e), &e);
    snprintf(f.maker_serial, sizeof f.maker_serial, "%s", answer.serial);
    pki_key_free(f.maker_key);
    f.maker_key = key;
    assert_err(ERR_OK, issue_by_maker(51));
    assert_err(ERR_OK, change_maker(CA_HOLD));
    assert_err(ERR_CA_EVIDENCE, issue_by_maker(52));
    assert_err(ERR_OK, change_maker(CA_RELEASE));
    assert_err(ERR_OK, issue_by_maker(52));
    assert_err(ERR_OK, change_maker(CA_REVOKE));
    assert_err(ERR_CA_EVIDENCE, issue_by_maker(53));
}

static void hold_release_and_revoke_follow_the_table(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    int64_t seq, next;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key), crl;
    const struct ca_issuer *issuer;
    int found;
    struct crl_entry entry;
    struct bytes serial;
    _auto_json evidence = ca_fixture_evidence(&f, "9", "FX2600071182", csr);
    assert_ok(issue("9-sign", "9", csr, evidence, &answer, &e), &e);
    assert_true(text_from_hex(f.arena, answer.serial, &serial));
    assert_int_equal(ca_issuers(f.ca, &issuer), 2);
    struct ca_change_in in = {.change = CA_RELEASE, .serial = answer.serial, .actor = "陈立言"};
    assert_err(ERR_OK, ca_change(f.ca, &in, &seq, &e)); /* active already */
    in.change = CA_HOLD;
    assert_ok(ca_change(f.ca, &in, &seq, &e), &e);
    assert_ok(ca_crl(f.ca, issuer[1].id, f.arena, &crl, &e), &e);
    assert_ok(crl_find(crl, serial, &found, &entry, &e), &e);
    assert_int_equal(entry.reason, CRL_CERTIFICATE_HOLD);
    in.change = CA_RELEASE;
    assert_ok(ca_change(f.ca, &in, &next, &e), &e);
    assert_int_equal(next, seq + 1);
    assert_ok(ca_crl(f.ca, issuer[1].id, f.arena, &crl, &e), &e);
    assert_ok(crl_find(crl, serial, &found, &entry, &e), &e);
    assert_false(found);
    in.change = CA_REVOKE;
    in.reason = CRL_KEY_COMPROMISE;
    assert_ok(ca_change(f.ca, &in, &seq, &e), &e);
    assert_ok(ca_crl(f.ca, issuer[1].id, f.arena, &crl, &e), &e);
    assert_ok(crl_find(crl, serial, &found, &entry, &e), &e);
    assert_true(found);
    assert_int_equal(entry.reason, CRL_KEY_COMPROMISE);
    in.change = CA_RELEASE;
    assert_err(ERR_CA_STATE, ca_change(f.ca, &in, &seq, &e)); /* revoked is for ever */
    pki_key_free(key);
}

/* A UKey died before its certificate was on it: another gets one, but never beside the first. */
static void an_order_gets_another_certificate_only_when_the_first_is_revoked(void **state)
{
    (void)state;
    struct err_info e;
    int64_t seq;
    struct pki_key *first = NULL, *second = NULL;
    struct ca_answer answer, again;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &first);
    struct bytes other = ca_fixture_csr(&f, PKI_P256, &second);
    _auto_json evidence = ca_fixture_evidence(&f, "7", "FX2600071182", csr);
    _auto_json fresh = ca_fixture_evidence(&f, "7", "FX2600071182", other);
    struct ca_change_in in = {.change = CA_HOLD, .reason = CRL_SUPERSEDED, .actor = "许建民"};
    assert_ok(issue("7-sign", "7", csr, evidence, &answer, &e), &e);
    assert_err(ERR_CA_REQUEST, issue("7-sign-2", "7", other, fresh, &again, &e));
    in.serial = answer.serial;
    assert_ok(ca_change(f.ca, &in, &seq, &e), &e);
    assert_err(ERR_CA_REQUEST, issue("7-sign-2", "7", other, fresh, &again, &e));
    in.change = CA_REVOKE;
    assert_ok(ca_change(f.ca, &in, &seq, &e), &e);
    assert_ok(issue("7-sign-2", "7", other, fresh, &again, &e), &e);
    assert_string_not_equal(answer.serial, again.serial);
    pki_key_free(first);
    pki_key_free(second);
}

static int64_t number(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(arena_fmt(f.arena, "%s/ca.db", f.folder), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

/* What is signed here stands in the ca's own table and chain, also what no order asked for. */
static void the_responders_certificate_is_on_record(void **state)
{
    (void)state;
    struct err_info e;
    int64_t links, before, bad;
    struct pki_key *key = NULL;
    struct bytes der;
    struct cert_view view;
    struct ca_answer answer;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    assert_ok(ca_audit_verify(f.ca, &before, &bad, &e), &e);
    assert_ok(ca_responder_certificate(f.ca, 0, csr, f.arena, &der, &e), &e);
    assert_ok(ca_audit_verify(f.ca, &links, &bad, &e), &e);
    assert_true(bad == 0 && links == before + 2); /* intend, issue */
    assert_ok(cert_view(der, f.arena, &view, &e), &e);
    const char *where =
        arena_fmt(f.arena,
                  "FROM ca_certificate WHERE profile = 'responder' AND order_no = '' "
                  "AND serial = x'%s' AND certificate = x'%s' AND state = ",
                  view.serial, text_hex(f.arena, der));
    assert_int_equal(number(arena_fmt(f.arena, "SELECT COUNT(*) %s'active'", where)), 1);
    /* its key serves nothing else */
    _auto_json evidence = ca_fixture_evidence(&f, "8", "FX2600071182", csr);
    assert_err(ERR_CA_REQUEST, issue("8-sign", "8", csr, evidence, &answer, &e));
    /* a second one for the same key, before the first ends, is another certificate */
    assert_ok(ca_responder_certificate(f.ca, 0, csr, f.arena, &der, &e), &e);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_certificate WHERE profile = 'responder'"), 2);
    assert_int_equal(number("SELECT COUNT(*) FROM ca_status"), 0); /* nobody asks for its status */
    pki_key_free(key);
}

static void a_term_outside_the_profile_is_refused(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, "30", "FX2600071182", csr);
    struct ca_request r = ca_fixture_request(&f, "30-sign", "30", csr, evidence);
    r.not_after = r.not_before + 367LL * TIME_DAY;
    assert_err(ERR_CA_PROFILE, ca_issue(f.ca, &r, f.arena, &answer, &e));
    r = ca_fixture_request(&f, "30-sign", "30", csr, evidence);
    r.not_before -= 30LL * TIME_DAY;
    r.not_after -= 30LL * TIME_DAY;
    assert_err(ERR_CA_PROFILE, ca_issue(f.ca, &r, f.arena, &answer, &e));
    pki_key_free(key);
}

/* An init that was interrupted after the ca's part is done again: the issuers stay as they are. */
static void issuers_are_made_once(void **state)
{
    (void)state;
    struct err_info e;
    int kept;
    const struct ca_issuer *before, *after;
    size_t n = ca_issuers(f.ca, &before);
    struct bytes first = before[1].certificate;
    uint8_t sum[DIGEST_LEN], now[DIGEST_LEN];
    digest_sha256(first, sum);
    assert_ok(ca_init(&f.options, "Another", PKI_P256, &kept, &e), &e);
    assert_true(kept);
    ca_fixture_reopen(&f);
    assert_int_equal(ca_issuers(f.ca, &after), n);
    digest_sha256(after[1].certificate, now);
    assert_memory_equal(sum, now, sizeof sum);
    /* a database whose keys are elsewhere */
    assert_int_equal(unlink(arena_fmt(f.arena, "%s/keys/issuing-p256.pem", f.folder)), 0);
    assert_err(ERR_CONFLICT, ca_init(&f.options, "Another", PKI_P256, &kept, &e));
}

static void the_cas_own_chain_names_a_changed_link(void **state)
{
    (void)state;
    struct err_info e;
    int64_t links, bad;
    sqlite3 *db;
    assert_ok(ca_audit_verify(f.ca, &links, &bad, &e), &e);
    assert_true(links >= 5);
    assert_int_equal(bad, 0);
    assert_int_equal(sqlite3_open(arena_fmt(f.arena, "%s/ca.db", f.folder), &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE ca_audit SET object = 'other' WHERE n = 4", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_ok(ca_audit_verify(f.ca, &links, &bad, &e), &e);
    assert_int_equal(bad, 4);
}

#define IN_A_CA(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

/* ---- several in one transaction ---- */

struct hold {
    sem_t begun, rest;
};

static void wait_for(sem_t *s)
{
    while (sem_wait(s) != 0)
        ;
}

static enum err hold_the_writer(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct hold *h = arg;
    (void)tx;
    (void)e;
    sem_post(&h->begun);
    wait_for(&h->rest);
    return ERR_OK;
}

static void held(struct store_group_item *item, enum err result, const struct err_info *e)
{
    (void)item;
    (void)result;
    (void)e;
}

/* A thread that asks for something, and waits for the writer. */
struct asking {
    pthread_t thread;
    struct ca_request request; /* an order of "": the maker's end is asked for instead */
    struct arena *arena;
    enum err result;
    struct err_info why;
};

static void *ask(void *arg)
{
    struct asking *t = arg;
    struct ca_answer answer;
    t->result = *t->request.order ? ca_issue(f.ca, &t->request, t->arena, &answer, &t->why)
                                  : ca_trust_end(f.ca, CA_TRUST_STAFF, 1, "罗静", &t->why);
    return NULL;
}

/* What the first of a batch found out of a maker is not believed behind his end. */
static void a_maker_ended_in_the_same_transaction_vouches_for_nobody_behind_it(void **state)
{
    (void)state;
    enum { ASKING = 4 };
    static const char *const order[ASKING] = {"51", "52", "", "53"};
    struct hold h;
    struct store_group_item hold = {.work = hold_the_writer, .done = held, .arg = &h};
    struct asking t[ASKING] = {0};
    struct pki_key *key = NULL;
    json_t *evidence[ASKING] = {0};
    sem_init(&h.begun, 0, 0);
    sem_init(&h.rest, 0, 0);
    store_group_submit(f.ca->group, &hold);
    wait_for(&h.begun);
    for (int i = 0; i < ASKING; i++) {
        t[i].request.order = order[i];
        t[i].arena = arena_new();
        if (*order[i]) {
            struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
            pki_key_free(key);
            evidence[i] = ca_fixture_evidence(&f, order[i], "FX2600071182", csr);
            t[i].request = ca_fixture_request(&f, arena_fmt(f.arena, "%s-sign", order[i]), order[i],
                                              csr, evidence[i]);
        }
        assert_int_equal(pthread_create(&t[i].thread, NULL, ask, &t[i]), 0);
        usleep(200 * 1000); /* until it stands in the writer's queue */
    }
    sem_post(&h.rest);
    for (int i = 0; i < ASKING; i++) {
        pthread_join(t[i].thread, NULL);
        arena_free(t[i].arena);
        json_decref(evidence[i]);
    }
    assert_ok(t[0].result, &t[0].why);
    assert_ok(t[1].result, &t[1].why);
    assert_ok(t[2].result, &t[2].why);
    assert_int_equal(t[3].result, ERR_CA_EVIDENCE);
    sem_destroy(&h.begun);
    sem_destroy(&h.rest);
}

/* The record holds what was looked at and no more. */
static void the_record_of_the_evidence_is_what_was_looked_at(void **state)
{
    (void)state;
    _auto_json evidence = json_pack("[{s:s,s:s,s:i,s:s},{s:s,s:s,s:s}]", "kind", "regulator",
                                    "batch", "ab\"c", "row", 7, "other", "x", "kind", "maker",
                                    "maker", "0a", "signature", "MEUC");
    struct ca_request r = {.evidence = evidence};
    assert_string_equal(ca_evidence_text(&r, f.arena),
                        "[{\"kind\":\"regulator\",\"batch\":\"ab\\\"c\",\"row\":7},"
                        "{\"kind\":\"maker\",\"maker\":\"0a\",\"signature\":\"MEUC\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_CA(the_subject_is_built_from_the_regulators_row_alone),
        IN_A_CA(the_same_request_gives_the_same_certificate),
        IN_A_CA(an_earlier_answer_is_given_however_late),
        IN_A_CA(a_request_id_or_a_key_serves_once),
        IN_A_CA(what_was_made_for_a_request_is_found_again),
        IN_A_CA(without_whole_evidence_there_is_no_certificate),
        IN_A_CA(a_later_row_of_the_regulator_replaces_the_earlier),
        IN_A_CA(a_list_signed_by_another_key_is_not_taken),
        IN_A_CA(a_list_is_of_the_project_whose_regulator_signed_it),
        IN_A_CA(an_intent_without_a_signature_is_settled_at_the_next_start),
        IN_A_CA(a_signature_verified_before_counts_for_the_same_row_and_maker_only),
        IN_A_CA(a_maker_whose_right_has_ended_is_refused),
        IN_A_CA(a_maker_whose_certificate_is_not_active_makes_no_evidence),
        IN_A_CA(hold_release_and_revoke_follow_the_table),
        IN_A_CA(an_order_gets_another_certificate_only_when_the_first_is_revoked),
        IN_A_CA(the_responders_certificate_is_on_record),
        IN_A_CA(a_term_outside_the_profile_is_refused),
        IN_A_CA(issuers_are_made_once),
        IN_A_CA(the_cas_own_chain_names_a_changed_link),
        IN_A_CA(a_maker_ended_in_the_same_transaction_vouches_for_nobody_behind_it),
        IN_A_CA(the_record_of_the_evidence_is_what_was_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
