/* Judicial recovery: two different custodians, each with his own key, one document, one key to seal to, a chain of its own (GM/T 0034 12.5). */
#include "kmc_fixture.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "pki/cert.h"
#include "pki/name.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct person {
    const char *name;
    struct pki_key *key;
    struct pki_signer *signer;
    struct bytes certificate;
    const char *serial;
};

enum { PEOPLE = 4 };
static struct kmc_fixture t;
static struct person person[PEOPLE];
static struct pki_key *ukey, *court;
static struct escrow_judicial wanted;

/* A certificate of his own making, valid for a day from `days` ago. */
static void make_person(struct person *p, const char *name, enum pki_alg alg, int days)
{
    struct err_info e;
    struct bytes subject, tbs;
    struct name_part part[] = {{NAME_CN, name}};
    p->name = name;
    p->key = kmc_fixture_key(alg);
    assert_ok(pki_signer_from_key(p->key, &p->signer, &e), &e);
    assert_ok(name_encode(part, 1, t.arena, &subject, &e), &e);
    int64_t from = clock_machine() - days * (int64_t)TIME_DAY - TIME_HOUR;
    struct cert_spec spec = {.serial = cert_serial_new(t.arena),
                             .issuer = subject,
                             .subject = subject,
                             .not_before = from,
                             .not_after = from + TIME_DAY,
                             .key = p->signer->pub,
                             .issuer_key = p->signer->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE};
    assert_ok(cert_tbs(&spec, t.arena, &tbs, &e), &e);
    assert_ok(cert_sign(tbs, p->signer, t.arena, &p->certificate, &e), &e);
    struct cert_view view;
    assert_ok(cert_view(p->certificate, t.arena, &view, &e), &e);
    p->serial = view.serial;
}

static struct kmc_signed sign(const struct person *p, struct bytes octets)
{
    struct err_info e;
    struct kmc_signed s = {.custodian = p->serial};
    assert_ok(pki_sign(p->signer, octets, t.arena, &s.signature, &e), &e);
    return s;
}

static enum err enter(const struct person *p, const struct kmc_signed *two, struct err_info *e)
{
    return kmc_custodian_enter(t.kmc, p->name, p->certificate, "administrator", two, e);
}

static int set_up(void **state)
{
    (void)state;
    struct err_info e;
    struct kmc_keys_answer out;
    kmc_fixture_open(&t, 4, 0);
    memset(person, 0, sizeof person);
    make_person(&person[0], "保管员甲", PKI_SM2, 0);
    make_person(&person[1], "保管员乙", PKI_P256, 0);
    make_person(&person[2], "保管员丙", PKI_SM2, 0);
    make_person(&person[3], "保管员丁", PKI_SM2, 2); /* whose certificate has ended */
    ukey = kmc_fixture_key(PKI_SM2);
    court = kmc_fixture_key(PKI_SM2);
    struct escrow_item item = kmc_fixture_item("01ab", PKI_SM2, ukey);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 1);
    assert_ok(kmc_fixture_ask(&t, ESCROW_GIVE, &item, 1, &out, &e), &e);
    wanted = (struct escrow_judicial){.ca = CA_NAME,
                                      .enc_serial = "01ab",
                                      .document = "（2026）京01刑初12号",
                                      .reason = "调取证据",
                                      .seal_key = pki_pub_spki(pki_key_pub(court))};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < PEOPLE; i++) {
        pki_signer_free(person[i].signer);
        pki_key_free(person[i].key);
    }
    kmc_fixture_close(&t);
    pki_key_free(ukey);
    pki_key_free(court);
    return 0;
}

static int64_t links(void)
{
    struct err_info e;
    int64_t n, bad;
    assert_ok(kmc_judicial_verify(t.kmc, &n, &bad, &e), &e);
    assert_int_equal(bad, 0);
    return n;
}

static int64_t acts(const char *act)
{
    links();
    return kmc_fixture_number(
        &t, arena_fmt(t.arena, "SELECT COUNT(*) FROM kmc_judicial WHERE act = '%s'", act));
}

static void enter_two(void)
{
    struct err_info e;
    assert_ok(enter(&person[0], NULL, &e), &e);
    assert_ok(enter(&person[1], NULL, &e), &e);
}

static enum err recover(const struct escrow_judicial *r, const struct person *a,
                        const struct person *b, struct escrow_pair *out, struct err_info *e)
{
    struct bytes octets;
    assert_ok(escrow_judicial_bytes(&wanted, t.arena, &octets, e), e);
    struct kmc_signed two[KMC_CUSTODIANS] = {sign(a, octets), sign(b, octets)};
    return kmc_judicial(t.kmc, r, two, t.arena, out, e);
}

static void two_custodians_get_the_pair_sealed_to_the_courts_key(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out;
    enter_two();
    assert_ok(recover(&wanted, &person[0], &person[1], &out, &e), &e);
    _auto(pki_key) pair = kmc_fixture_open_pair(&out, court);
    assert_int_equal(acts("recover"), 1);
    assert_int_equal(kmc_fixture_number(&t, "SELECT COUNT(*) FROM kmc_audit WHERE act = 'recover'"),
                     0);
    struct sm2_envelope v;
    _auto(pki_key) none = NULL;
    assert_ok(sm2_envelope_read_blob(out.blob, &v, &e), &e);
    assert_err(ERR_CRYPTO, sm2_envelope_open(&v, ukey, &none, &e));
    assert_ok(recover(&wanted, &person[1], &person[0], &out, &e), &e); /* each time is on record */
    assert_int_equal(acts("recover"), 2);
}

static void one_custodian_is_not_enough(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out;
    struct bytes octets;
    assert_err(ERR_KMC_CUSTODIAN,
               recover(&wanted, &person[0], &person[1], &out, &e)); /* nobody is one */
    enter_two();
    assert_err(ERR_KMC_CUSTODIAN, recover(&wanted, &person[0], &person[0], &out, &e));
    assert_err(ERR_KMC_CUSTODIAN, recover(&wanted, &person[0], &person[2], &out, &e));
    assert_err(ERR_KMC_CUSTODIAN, kmc_judicial(t.kmc, &wanted, NULL, t.arena, &out, &e));
    /* one signs twice, the second time in the other's name */
    assert_ok(escrow_judicial_bytes(&wanted, t.arena, &octets, &e), &e);
    struct kmc_signed two[2] = {sign(&person[0], octets), sign(&person[0], octets)};
    two[1].custodian = person[1].serial;
    assert_err(ERR_KMC_CUSTODIAN, kmc_judicial(t.kmc, &wanted, two, t.arena, &out, &e));
    assert_int_equal(acts("recover"), 0);
    assert_int_equal(acts("refused"), 5); /* which is on record */
}

/* What they signed is what is done: document, reason, whose pair, to which key. */
static void a_signature_serves_nothing_else(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out;
    enter_two();
    for (int i = 0; i < 5; i++) {
        struct escrow_judicial other = wanted;
        if (i == 0)
            other.document = "another";
        else if (i == 1)
            other.reason = "another";
        else if (i == 2)
            other.enc_serial = "02";
        else if (i == 3)
            other.ca = "another";
        else
            other.seal_key = pki_pub_spki(pki_key_pub(ukey));
        assert_err(ERR_KMC_CUSTODIAN, recover(&other, &person[0], &person[1], &out, &e));
    }
    assert_int_equal(acts("recover"), 0);
}

static void what_is_missing_or_unknown_is_named(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out;
    struct bytes octets;
    enter_two();
    struct kmc_signed two[2] = {0};
    struct escrow_judicial other = wanted;
    other.document = "";
    assert_err(ERR_BAD_REQUEST, kmc_judicial(t.kmc, &other, two, t.arena, &out, &e));
    assert_string_equal(e.field, "document");
    other = wanted;
    other.reason = "";
    assert_err(ERR_BAD_REQUEST, kmc_judicial(t.kmc, &other, two, t.arena, &out, &e));
    assert_string_equal(e.field, "reason");
    wanted.enc_serial = "02";
    assert_err(ERR_KMC_NO_PAIR, recover(&wanted, &person[0], &person[1], &out, &e));
    _auto(pki_key) rsa = kmc_fixture_key(PKI_RSA2048);
    wanted.enc_serial = "01ab";
    wanted.seal_key = pki_pub_spki(pki_key_pub(rsa));
    assert_err(ERR_BAD_REQUEST, recover(&wanted, &person[0], &person[1], &out, &e));
    assert_string_equal(e.field, "seal_key");
    assert_ok(escrow_custodian_bytes("enter", "x", person[2].certificate, t.arena, &octets, &e),
              &e);
    assert_err(ERR_BAD_REQUEST,
               kmc_custodian_enter(t.kmc, "", person[2].certificate, "a", NULL, &e));
    assert_err(ERR_BAD_REQUEST,
               kmc_custodian_enter(t.kmc, "a", person[2].certificate, "", NULL, &e));
}

/* An administrator who is left alone enters no friends of his, and ends nobody. */
static void it_takes_two_of_them_to_change_who_they_are(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out;
    struct bytes octets;
    enter_two();
    assert_err(ERR_KMC_CUSTODIAN, enter(&person[2], NULL, &e));
    assert_err(ERR_KMC_CUSTODIAN, kmc_custodian_end(t.kmc, person[1].serial, "a", NULL, &e));
    assert_int_equal(acts("refused"), 2);
    assert_ok(escrow_custodian_bytes("enter", person[2].name, person[2].certificate, t.arena,
                                     &octets, &e),
              &e);
    struct kmc_signed two[2] = {sign(&person[0], octets), sign(&person[1], octets)};
    assert_err(ERR_KMC_CUSTODIAN, kmc_custodian_end(t.kmc, person[1].serial, "a", two, &e));
    assert_err(ERR_KMC_CUSTODIAN, enter(&person[3], two, &e)); /* signed for another */
    assert_ok(enter(&person[2], two, &e), &e);
    assert_ok(recover(&wanted, &person[2], &person[1], &out, &e), &e);
    assert_ok(
        escrow_custodian_bytes("end", person[1].name, person[1].certificate, t.arena, &octets, &e),
        &e);
    two[0] = sign(&person[0], octets);
    two[1] = sign(&person[2], octets);
    assert_ok(kmc_custodian_end(t.kmc, person[1].serial, "a", two, &e), &e);
    assert_err(ERR_KMC_CUSTODIAN, recover(&wanted, &person[2], &person[1], &out, &e));
    assert_ok(recover(&wanted, &person[2], &person[0], &out, &e), &e);
    assert_err(ERR_NOT_FOUND, kmc_custodian_end(t.kmc, person[1].serial, "a", two, &e));
}

static void nobody_is_two_custodians(void **state)
{
    (void)state;
    struct err_info e;
    assert_ok(enter(&person[0], NULL, &e), &e);
    assert_err(ERR_KMC_REQUEST, enter(&person[0], NULL, &e));
    struct person again = person[2];
    again.name = person[0].name; /* another certificate of his */
    assert_err(ERR_KMC_REQUEST, enter(&again, NULL, &e));
    again = person[0];
    again.name = "another name";
    assert_err(ERR_KMC_REQUEST, enter(&again, NULL, &e));
    assert_int_equal(acts("custodian"), 1);
}

static void a_certificate_that_has_ended_signs_nothing(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out;
    assert_ok(enter(&person[0], NULL, &e), &e);
    assert_ok(enter(&person[3], NULL, &e), &e);
    assert_err(ERR_KMC_CUSTODIAN, recover(&wanted, &person[0], &person[3], &out, &e));
    assert_non_null(strstr(e.detail, "not valid"));
}

static void its_chain_names_a_changed_link(void **state)
{
    (void)state;
    struct err_info e;
    int64_t n, bad;
    enter_two();
    static const char sql[] = "UPDATE kmc_judicial SET object = 'x' WHERE n = 2";
    kmc_fixture_sql(&t, sql, sql);
    assert_ok(kmc_judicial_verify(t.kmc, &n, &bad, &e), &e);
    assert_int_equal(n, 2);
    assert_int_equal(bad, 2);
    assert_ok(kmc_audit_verify(t.kmc, &n, &bad, &e), &e);
    assert_int_equal(bad, 0); /* the other is another */
}

static void killed_before_the_answer_it_is_on_record(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out;
    int status;
    enter_two();
    kmc_fixture_shut(&t);
    assert_ok(folder_make(arena_fmt(t.arena, "%s/boundary", t.folder), 0700, &e), &e);
    assert_ok(file_replace(arena_fmt(t.arena, "%s/boundary/kmc.judicial", t.folder),
                           (struct bytes){(const uint8_t *)"", 0}, 0600, &e),
              &e);
    pid_t pid = fork();
    if (pid == 0) {
        boundary_arm(t.folder);
        if (kmc_open(&t.options, &t.kmc, &e) == ERR_OK)
            (void)!recover(&wanted, &person[0], &person[1], &out, &e);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    kmc_fixture_reopen(&t);
    assert_int_equal(acts("recover"), 1);
}

#define IN_A_KMC(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_KMC(two_custodians_get_the_pair_sealed_to_the_courts_key),
        IN_A_KMC(one_custodian_is_not_enough),
        IN_A_KMC(a_signature_serves_nothing_else),
        IN_A_KMC(what_is_missing_or_unknown_is_named),
        IN_A_KMC(it_takes_two_of_them_to_change_who_they_are),
        IN_A_KMC(nobody_is_two_custodians),
        IN_A_KMC(a_certificate_that_has_ended_signs_nothing),
        IN_A_KMC(its_chain_names_a_changed_link),
        IN_A_KMC(killed_before_the_answer_it_is_on_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
