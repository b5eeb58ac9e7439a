/* The evidence of reviewer and holder (design §1): what they did not sign, in every part, gets no certificate. */
#include "ca_fixture.h"

#include "base/sys.h"
#include "base/text.h"
#include "ca/ca_priv.h"
#include "pki/evidence.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define UKEY "FX2600071182"
#define INSTITUTION "厦门鹭岛融资担保有限公司"

static struct ca_fixture f;
static struct pki_key *reviewer;
static char reviewer_serial[64];

static const char *const profiles[][2] = {
    {"reviewed",
     "{\"code\":\"reviewed\",\"project\":\"aml-reporting\",\"algorithm\":\"P-256\",\"subject\":["
     "{\"type\":\"O\",\"from\":\"institution_name\"},{\"type\":\"CN\",\"from\":\"user_name\"}],"
     "\"key_usage\":[\"digitalSignature\"],\"days_max\":400,\"evidence\":[\"reviewer\",\"maker\"]}"},
    {"both",
     "{\"code\":\"both\",\"project\":\"aml-reporting\",\"algorithm\":\"P-256\",\"subject\":["
     "{\"type\":\"O\",\"from\":\"institution_name\"},{\"type\":\"CN\",\"from\":\"user_name\"}],"
     "\"key_usage\":[\"digitalSignature\"],\"days_max\":400,"
     "\"evidence\":[\"regulator\",\"reviewer\",\"maker\"]}"},
    {"renewed", "{\"code\":\"renewed\",\"project\":\"aml-reporting\",\"algorithm\":\"P-256\","
                "\"subject\":\"holder\",\"key_usage\":[\"digitalSignature\"],\"days_max\":400,"
                "\"holder_days\":30,\"evidence\":[\"holder\"]}"},
    {"renewed-row",
     "{\"code\":\"renewed-row\",\"project\":\"aml-reporting\",\"algorithm\":\"P-256\",\"subject\":["
     "{\"type\":\"C\",\"value\":\"CN\"},{\"type\":\"O\",\"from\":\"institution_name\"},"
     "{\"type\":\"OU\",\"from\":\"reporting_code\"},{\"type\":\"CN\",\"from\":\"user_name\"}],"
     "\"key_usage\":[\"digitalSignature\"],\"days_max\":400,"
     "\"evidence\":[\"regulator\",\"holder\"]}"},
    {"agreeing",
     "{\"code\":\"agreeing\",\"project\":\"aml-reporting\",\"algorithm\":\"P-256\",\"subject\":["
     "{\"type\":\"O\",\"from\":\"institution_name\"}],\"key_usage\":[\"keyAgreement\"],"
     "\"days_max\":400,\"evidence\":[\"regulator\",\"maker\"]}"},
    {"status",
     "{\"code\":\"status\",\"holder\":\"ocsp\",\"algorithm\":\"P-256\",\"subject\":["
     "{\"type\":\"CN\",\"value\":\"Status of ours\"}],\"key_usage\":[\"digitalSignature\"],"
     "\"eku\":[\"OCSPSigning\"],\"days_max\":30}"},
    {"other",
     "{\"code\":\"other\",\"project\":\"another\",\"algorithm\":\"P-256\",\"subject\":\"holder\","
     "\"key_usage\":[\"digitalSignature\"],\"days_max\":400,\"evidence\":[\"holder\"]}"},
};

static int set_up(void **state)
{
    (void)state;
    struct err_info e;
    struct cert_view view;
    ca_fixture_open(&f, PKI_P256);
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
        assert_ok(
            file_replace(arena_fmt(f.arena, "%s/profiles/%s.json", f.folder, profiles[i][0]),
                         (struct bytes){(const uint8_t *)profiles[i][1], strlen(profiles[i][1])},
                         0600, &e),
            &e);
    ca_fixture_reopen(&f);
    assert_ok(pki_key_new(PKI_P256, &reviewer, &e), &e);
    struct bytes certificate = ca_fixture_self_signed(&f, reviewer, "郑海涛");
    assert_ok(cert_view(certificate, f.arena, &view, &e), &e);
    snprintf(reviewer_serial, sizeof reviewer_serial, "%s", view.serial);
    assert_ok(ca_staff_enter(f.ca, "郑海涛", "reviewer", certificate, "罗静", &e), &e);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pki_key_free(reviewer);
    ca_fixture_close(&f);
    return 0;
}

static const char *signature_of(const struct pki_key *key, struct bytes message)
{
    struct err_info e;
    struct bytes sig;
    struct pki_signer *s = NULL;
    assert_ok(pki_signer_from_key(key, &s, &e), &e);
    assert_ok(pki_sign(s, message, f.arena, &sig, &e), &e);
    pki_signer_free(s);
    return text_base64(f.arena, sig);
}

/* ---- the reviewer ---- */

/* What is asked for, and what was signed; a case changes one of the two. */
struct reviewing {
    const char *profile;
    struct evidence_review review; /* signed */
    const char *institution, *user, *uscc, *dns, *reviewer;
    int days;
    const struct pki_key *key;
};

static struct reviewing as_it_should_be(const char *order)
{
    return (struct reviewing){.profile = "reviewed",
                              .review = {.order = order,
                                         .revision = "1",
                                         .profile = "reviewed",
                                         .ukey = UKEY,
                                         .days = 365,
                                         .institution = INSTITUTION,
                                         .reporting_code = "F3505030000117",
                                         .user = "沈若琳",
                                         .uscc = "",
                                         .id_number = "",
                                         .dns = ""},
                              .institution = INSTITUTION,
                              .user = "沈若琳",
                              .uscc = "",
                              .dns = "",
                              .reviewer = reviewer_serial,
                              .days = 365,
                              .key = reviewer};
}

static enum err issue_reviewed(const struct reviewing *w, const char *order, struct ca_answer *out,
                               struct err_info *e)
{
    struct pki_key *key = NULL;
    struct bytes message, csr = ca_fixture_csr(&f, PKI_P256, &key);
    pki_key_free(key);
    TRY(evidence_review_bytes(&w->review, f.arena, &message, e));
    _auto_json evidence = json_pack(
        "[{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:s},{s:s,s:s,s:s},{s:s,s:s,s:i}]", "kind", "reviewer",
        "reviewer", w->reviewer, "institution_name", w->institution, "reporting_code",
        "F3505030000117", "user_name", w->user, "uscc", w->uscc, "dns", w->dns, "days", w->days,
        "signature", signature_of(w->key, message), "kind", "maker", "maker", f.maker_serial,
        "signature", ca_fixture_maker_for(&f, f.maker_key, order, UKEY, csr, w->institution),
        "kind", "regulator", "batch", f.batch, "row", 1);
    struct ca_request r = ca_fixture_request(&f, arena_fmt(f.arena, "%s-sign", order), order, csr,
                                             evidence);
    r.profile = w->profile;
    return ca_issue(f.ca, &r, f.arena, out, e);
}

static void refused(const struct reviewing *w, const char *order, const char *why)
{
    struct err_info e;
    struct ca_answer answer;
    enum err result = issue_reviewed(w, order, &answer, &e);
    if (result != ERR_CA_EVIDENCE || !strstr(e.detail, why))
        fail_msg("order %s: %s", order, result == ERR_OK ? "a certificate was made" : e.detail);
}

static void a_reviewer_vouches_for_a_subject(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_answer answer;
    struct cert_view view;
    struct reviewing w = as_it_should_be("100");
    assert_ok(issue_reviewed(&w, "100", &answer, &e), &e);
    assert_ok(cert_view(answer.certificate, f.arena, &view, &e), &e);
    assert_string_equal(view.subject_text, "CN=沈若琳,O=" INSTITUTION);
}

static void what_a_reviewer_did_not_sign_gets_nothing(void **state)
{
    (void)state;
    static const char not_his[] = "not the reviewer's";
    struct reviewing w = as_it_should_be("101");
    w.review.order = "102";
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.review.revision = "2";
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.review.profile = "both";
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.review.ukey = "FX2600071183";
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.institution = "泉州海丝供应链管理有限公司";
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.user = "周启明";
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.uscc = "91350503MA2Y7K4H06";
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.dns = "a.example";
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.days = 366;
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.days = 364;
    w.review.days = 364;
    refused(&w, "101", "term is longer");
    w = as_it_should_be("101");
    w.key = f.maker_key;
    refused(&w, "101", not_his);
    w = as_it_should_be("101");
    w.reviewer = f.maker_serial; /* a maker is no reviewer */
    w.key = f.maker_key;
    refused(&w, "101", "knows no reviewer");
}

static void both_words_must_be_the_same(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_answer answer;
    struct reviewing w = as_it_should_be("110");
    w.profile = w.review.profile = "both";
    refused(&w, "110", "regulator's row says something else");
    w.institution = w.review.institution = "泉州海丝供应链管理有限公司";
    refused(&w, "110", "regulator's row says something else"); /* the uscc */
    w.uscc = w.review.uscc = "91350503MA2Y7K4H06";
    assert_ok(issue_reviewed(&w, "110", &answer, &e), &e);
}

static void a_reviewer_who_was_ended_or_makes_it_himself_vouches_for_nobody(void **state)
{
    (void)state;
    struct err_info e;
    struct cert_view view;
    struct bytes again = ca_fixture_self_signed(&f, f.maker_key, "许建民");
    struct reviewing w = as_it_should_be("120");
    assert_ok(cert_view(again, f.arena, &view, &e), &e);
    assert_ok(ca_staff_enter(f.ca, "许建民", "reviewer", again, "罗静", &e), &e);
    w.reviewer = view.serial;
    w.key = f.maker_key;
    refused(&w, "120", "same person");
    assert_ok(ca_trust_end(f.ca, CA_TRUST_STAFF, 2, "罗静", &e), &e);
    w = as_it_should_be("120");
    refused(&w, "120", "right has ended");
}

/* ---- the holder ---- */

struct renewing {
    const char *profile;
    struct evidence_renew renew; /* signed; csr_sum NULL: that of the request */
    const char *certificate;
    const struct pki_key *key;
};

static enum err renew(const struct renewing *w, const char *order, struct ca_answer *out,
                      struct err_info *e)
{
    struct pki_key *key = NULL;
    uint8_t sum[DIGEST_LEN];
    struct bytes message, csr = ca_fixture_csr(&f, PKI_P256, &key);
    struct evidence_renew said = w->renew;
    pki_key_free(key);
    digest_sha256(csr, sum);
    if (!said.csr_sum)
        said.csr_sum = sum;
    TRY(evidence_renew_bytes(&said, f.arena, &message, e));
    _auto_json evidence = json_pack("[{s:s,s:s,s:s},{s:s,s:s,s:i}]", "kind", "holder",
                                    "certificate", w->certificate, "signature",
                                    signature_of(w->key, message), "kind", "regulator", "batch",
                                    f.batch, "row", 1);
    struct ca_request r = ca_fixture_request(&f, arena_fmt(f.arena, "%s-sign", order), order, csr,
                                             evidence);
    r.profile = w->profile;
    return ca_issue(f.ca, &r, f.arena, out, e);
}

static void not_renewed(const struct renewing *w, const char *order, const char *why)
{
    struct err_info e;
    struct ca_answer answer;
    enum err result = renew(w, order, &answer, &e);
    if (result != ERR_CA_EVIDENCE || !strstr(e.detail, why))
        fail_msg("order %s: %s", order, result == ERR_OK ? "a certificate was made" : e.detail);
}

/* A certificate of the regulator's row 1 that began `days` ago and is valid for one; its key belongs to the caller. */
static struct ca_answer certificate_of(const char *profile, const char *order, int days,
                                       struct pki_key **key)
{
    struct err_info e;
    struct ca_answer answer;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, key);
    _auto_json evidence = ca_fixture_evidence(&f, order, UKEY, csr);
    struct ca_request r = ca_fixture_request(&f, arena_fmt(f.arena, "%s-sign", order), order, csr,
                                             evidence);
    r.profile = profile;
    r.not_before -= days * (int64_t)TIME_DAY;
    r.not_after = r.not_before + TIME_DAY;
    assert_ok(ca_issue(f.ca, &r, f.arena, &answer, &e), &e);
    return answer;
}

static struct ca_answer first_certificate(const char *order, struct pki_key **key)
{
    return certificate_of("aml-reporting", order, 0, key);
}

static struct renewing renewal(const struct ca_answer *old, const struct pki_key *key,
                               const char *order)
{
    return (struct renewing){.profile = "renewed",
                             .renew = {.order = order,
                                       .revision = "1",
                                       .profile = "renewed",
                                       .ukey = UKEY,
                                       .certificate = old->serial},
                             .certificate = old->serial,
                             .key = key};
}

static void the_old_key_gets_a_certificate_for_its_own_subject(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer old = first_certificate("200", &key), answer;
    struct cert_view was, is;
    struct renewing w = renewal(&old, key, "201");
    assert_ok(renew(&w, "201", &answer, &e), &e);
    assert_ok(cert_view(old.certificate, f.arena, &was, &e), &e);
    assert_ok(cert_view(answer.certificate, f.arena, &is, &e), &e);
    assert_string_equal(is.subject_text, was.subject_text);
    assert_int_not_equal(is.spki.n == was.spki.n && memcmp(is.spki.p, was.spki.p, is.spki.n) == 0,
                         1);
    pki_key_free(key);
}

static void what_the_holder_did_not_sign_gets_nothing(void **state)
{
    (void)state;
    static const uint8_t other_csr[DIGEST_LEN] = {1};
    static const char not_his[] = "not that of the earlier key";
    struct pki_key *key = NULL, *stranger = NULL;
    struct ca_answer old = first_certificate("210", &key),
                     other = first_certificate("211", &stranger);
    struct renewing w = renewal(&old, key, "212");
    w.renew.order = "213";
    not_renewed(&w, "212", not_his);
    w = renewal(&old, key, "212");
    w.renew.revision = "2";
    not_renewed(&w, "212", not_his);
    w = renewal(&old, key, "212");
    w.renew.profile = "renewed-row";
    not_renewed(&w, "212", not_his);
    w = renewal(&old, key, "212");
    w.renew.ukey = "FX2600071183";
    not_renewed(&w, "212", not_his);
    w = renewal(&old, key, "212");
    w.renew.csr_sum = other_csr;
    not_renewed(&w, "212", not_his);
    w = renewal(&old, key, "212");
    w.renew.certificate = other.serial;
    not_renewed(&w, "212", not_his);
    w = renewal(&old, stranger, "212");
    not_renewed(&w, "212", not_his);
    w = renewal(&old, key, "212");
    w.certificate = w.renew.certificate = "00ff";
    not_renewed(&w, "212", "made no such certificate");
    w = renewal(&old, key, "212");
    w.profile = w.renew.profile = "other";
    not_renewed(&w, "212", "not of this project");
    pki_key_free(key);
    pki_key_free(stranger);
}

static void set_certificate(const char *sql)
{
    sqlite3 *db;
    ca_free(f.ca);
    f.ca = NULL;
    assert_int_equal(sqlite3_open(arena_fmt(f.arena, "%s/ca.db", f.folder), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct err_info e;
    assert_ok(ca_open(&f.options, &f.ca, &e), &e);
}

static void a_certificate_that_is_not_active_renews_nothing(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    int64_t seq;
    struct ca_answer old = first_certificate("220", &key), answer;
    struct renewing w = renewal(&old, key, "221");
    struct ca_change_in hold = {CA_HOLD, old.serial, CRL_CERTIFICATE_HOLD, "hall", NULL};
    assert_ok(ca_change(f.ca, &hold, &seq, &e), &e);
    not_renewed(&w, "221", "on hold or revoked");
    set_certificate("UPDATE ca_certificate SET state = 'active'");
    assert_ok(renew(&w, "221", &answer, &e), &e);
    pki_key_free(key);
}

/* S1-44: as many days after its end as the profile says */
static void a_certificate_that_ended_renews_within_the_profiles_days(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL, *other = NULL;
    struct ca_answer old = certificate_of("aml-reporting", "240", 6, &key), answer;
    struct renewing w = renewal(&old, key, "241");
    w.profile = w.renew.profile = "renewed-row"; /* none */
    not_renewed(&w, "241", "ended too long ago");
    w = renewal(&old, key, "242"); /* 30 */
    assert_ok(renew(&w, "242", &answer, &e), &e);
    /* a key for agreement alone signs nothing */
    old = certificate_of("agreeing", "243", 0, &other);
    w = renewal(&old, other, "244");
    not_renewed(&w, "244", "not one for signing");
    pki_key_free(key);
    pki_key_free(other);
}

/* The regulator's newest row names whom the new certificate will name: it must be whom the old one names. */
static void a_renewal_by_row_names_the_same_person(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer old = first_certificate("230", &key), answer;
    struct renewing w = renewal(&old, key, "231");
    w.profile = w.renew.profile = "renewed-row";
    assert_ok(renew(&w, "231", &answer, &e), &e);
    assert_ok(ca_fixture_take(
                  &f,
                  "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email\r\n"
                  "correct,厦门鹭岛融资担保有限公司,F3505030000117,沈若琳,91350503MA2Y7K4H06,"
                  "沈若琳,13805952716,a@haisi.example\r\n",
                  f.batch, &e),
              &e);
    w = renewal(&old, key, "232");
    w.profile = w.renew.profile = "renewed-row";
    not_renewed(&w, "232", "another subject");
    pki_key_free(key);
}

/* ---- activation ---- */

static enum err activate(const char *serial, const char *revision, const char *signature,
                         struct err_info *e)
{
    struct bytes number, sig;
    const struct store_row *row;
    _auto(store_tx) tx = NULL;
    assert_true(text_from_hex(f.arena, serial, &number));
    assert_true(text_from_base64(f.arena, signature, &sig));
    TRY(store_begin(f.ca->store, STORE_READ, &tx, e));
    TRY(store_one(tx, &Q_ca_certificate_by_serial, PARAMS(P_BLOB(number)), f.arena, &row, e));
    return ca_activation_check(row, revision, sig, f.arena, e);
}

static const char *activation(const char *serial, const char *order, int64_t since,
                              const struct pki_key *key)
{
    struct err_info e;
    struct bytes message;
    const struct evidence_activate said = {
        .order = order, .revision = "1", .ukey = UKEY, .certificate = serial, .held_since = since};
    assert_ok(evidence_activate_bytes(&said, f.arena, &message, &e), &e);
    return signature_of(key, message);
}

/* A signature that releases one hold releases no later one: a hall cannot keep it for the day a UKey is lost. */
static void activation_is_for_one_hold_of_one_certificate(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    int64_t seq;
    struct ca_answer cert = first_certificate("300", &key);
    struct ca_change_in hold = {CA_HOLD, cert.serial, CRL_CERTIFICATE_HOLD, "hall", NULL};
    set_certificate("UPDATE ca_certificate SET changed_at = 77");
    assert_err(ERR_CA_EVIDENCE,
               activate(cert.serial, "1", activation(cert.serial, "300", 77, key), &e));
    assert_string_equal(e.detail, "activation evidence: the certificate is not on hold");
    assert_ok(ca_change(f.ca, &hold, &seq, &e), &e);
    set_certificate("UPDATE ca_certificate SET changed_at = 77");
    assert_ok(activate(cert.serial, "1", activation(cert.serial, "300", 77, key), &e), &e);
    assert_err(ERR_CA_EVIDENCE,
               activate(cert.serial, "1", activation(cert.serial, "300", 76, key), &e));
    assert_err(ERR_CA_EVIDENCE,
               activate(cert.serial, "1", activation(cert.serial, "301", 77, key), &e));
    assert_err(ERR_CA_EVIDENCE,
               activate(cert.serial, "2", activation(cert.serial, "300", 77, key), &e));
    assert_err(ERR_CA_EVIDENCE, activate(cert.serial, "1", activation("00ff", "300", 77, key), &e));
    assert_err(ERR_CA_EVIDENCE,
               activate(cert.serial, "1", activation(cert.serial, "300", 77, reviewer), &e));
    pki_key_free(key);
}

/* design §1: alone, the hall may release so many an hour; a holder's own key is not counted. */
static void a_release_that_the_holder_signed_is_not_counted(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    int64_t seq;
    struct ca_answer cert = first_certificate("310", &key);
    struct bytes number, sig;
    assert_true(text_from_hex(f.arena, cert.serial, &number));
    for (int i = 0; i < 2 * f.options.release_per_hour; i++) {
        struct ca_change_in hold = {CA_HOLD, cert.serial, CRL_CERTIFICATE_HOLD, "hall", NULL},
                            release = {
                                .change = CA_RELEASE, .serial = cert.serial, .actor = "hall"};
        const struct store_row *row;
        assert_ok(ca_change(f.ca, &hold, &seq, &e), &e);
        if (i < f.options.release_per_hour) { /* the hall alone uses its number up */
            assert_ok(ca_change(f.ca, &release, &seq, &e), &e);
            continue;
        }
        assert_err(ERR_CA_LIMIT, ca_change(f.ca, &release, &seq, &e));
        {
            _auto(store_tx) tx = NULL;
            assert_ok(store_begin(f.ca->store, STORE_READ, &tx, &e), &e);
            assert_ok(store_one(tx, &Q_ca_certificate_by_serial, PARAMS(P_BLOB(number)), f.arena,
                                &row, &e),
                      &e);
        }
        int64_t since = row_int(row, "changed_at");
        release.revision = "1";
        assert_true(
            text_from_base64(f.arena, activation(cert.serial, "310", since - 1, key), &sig));
        release.activation = sig;
        assert_err(ERR_CA_EVIDENCE, ca_change(f.ca, &release, &seq, &e));
        assert_true(text_from_base64(f.arena, activation(cert.serial, "310", since, key), &sig));
        release.activation = sig;
        assert_ok(ca_change(f.ca, &release, &seq, &e), &e);
    }
    pki_key_free(key);
}

/* A responder's certificate says "good" for every other: only the ca's own call makes one, by the administrator's profile. */
static void nobody_can_ask_for_a_responders_certificate(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    struct cert_view view;
    struct bytes der, csr = ca_fixture_csr(&f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&f, "400", UKEY, csr);
    struct ca_request r = ca_fixture_request(&f, "400-sign", "400", csr, evidence);
    r.profile = "status";
    r.not_after = r.not_before + TIME_DAY;
    assert_err(ERR_CA_PROFILE, ca_issue(f.ca, &r, f.arena, &answer, &e));
    assert_string_equal(e.field, "profile");
    assert_ok(ca_responder_certificate(f.ca, 0, csr, f.arena, &der, &e), &e);
    assert_ok(cert_view(der, f.arena, &view, &e), &e);
    assert_string_equal(view.subject_text, "CN=Status of ours");
    assert_int_equal(view.eku, CERT_EKU_OCSP_SIGNING);
    assert_true(view.ocsp_nocheck && !view.crl_url && !view.ocsp_url);
    assert_true(view.not_after - view.not_before <= 31LL * TIME_DAY);
    pki_key_free(key);
}

#define IN_A_CA(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_CA(a_reviewer_vouches_for_a_subject),
        IN_A_CA(what_a_reviewer_did_not_sign_gets_nothing),
        IN_A_CA(both_words_must_be_the_same),
        IN_A_CA(a_reviewer_who_was_ended_or_makes_it_himself_vouches_for_nobody),
        IN_A_CA(the_old_key_gets_a_certificate_for_its_own_subject),
        IN_A_CA(what_the_holder_did_not_sign_gets_nothing),
        IN_A_CA(a_certificate_that_is_not_active_renews_nothing),
        IN_A_CA(a_certificate_that_ended_renews_within_the_profiles_days),
        IN_A_CA(a_renewal_by_row_names_the_same_person),
        IN_A_CA(activation_is_for_one_hold_of_one_certificate),
        IN_A_CA(a_release_that_the_holder_signed_is_not_counted),
        IN_A_CA(nobody_can_ask_for_a_responders_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
