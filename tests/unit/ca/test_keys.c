/* The ca's keys: encrypted ones wait for their passphrase or for k of n custodians, and until then nothing is signed with them. */
#include "ca_fixture.h"

#include "base/sys.h"
#include "base/text.h"
#include "ca/ca_priv.h"
#include "ca/keys.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

static const char CODE[] = "issuing-p256";
static struct ca_fixture f;
static struct split split;
static struct share share[SHARES_MAX];
static uint8_t secret[SHARES_SECRET_LEN];

static void put(const char *name, const char *text, mode_t mode)
{
    struct err_info e;
    char *path = arena_fmt(f.arena, "%s/%s", f.folder, name);
    assert_ok(file_replace(path, (struct bytes){(const uint8_t *)text, strlen(text)}, mode, &e),
              &e);
}

/* As the ceremony leaves it: the file encrypted, its passphrase's secret split 2 of 3. */
static void encrypt_key(void)
{
    struct err_info e;
    struct bytes pem;
    _auto(pki_key) key = NULL;
    char passphrase[CA_PASSPHRASE_SIZE];
    char *path = arena_fmt(f.arena, "%s/keys/%s.pem", f.folder, CODE);
    random_bytes(secret, sizeof secret);
    assert_ok(shares_split(secret, 2, 3, &split, share, &e), &e);
    ca_key_passphrase(secret, CODE, passphrase);
    assert_ok(file_read(f.arena, path, 64 << 10, &pem, &e), &e);
    assert_ok(pki_key_load(pem, NULL, &key, &e), &e);
    assert_ok(pki_key_save(key, passphrase, f.arena, &pem, &e), &e);
    assert_ok(file_replace(path, pem, 0600, &e), &e);
    put(arena_fmt(f.arena, "keys/%s.split", CODE), split_text(&split, f.arena), 0600);
}

static int set_up(void **state)
{
    (void)state;
    ca_fixture_open(&f, PKI_P256);
    encrypt_key();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ca_fixture_close(&f);
    return 0;
}

static enum err give(const struct share *s, struct ca_key *key, struct err_info *e)
{
    char text[SHARES_TEXT_SIZE];
    share_text(s, text);
    return ca_unlock(f.ca, CODE, text, key, e);
}

static enum err issue(const char *order, struct bytes csr, struct ca_answer *out,
                      struct err_info *e)
{
    _auto_json evidence = ca_fixture_evidence(&f, order, "FX2600071182", csr);
    struct ca_request r = ca_fixture_request(&f, arena_fmt(f.arena, "%s-sign", order), order, csr,
                                             evidence);
    return ca_issue(f.ca, &r, f.arena, out, e);
}

static int64_t id_of(const char *code)
{
    const struct ca_issuer *issuer;
    size_t n = ca_issuers(f.ca, &issuer);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(issuer[i].code, code))
            return issuer[i].id;
    return 0;
}

static struct ca_key key_of(const char *code)
{
    struct ca_key *list, none = {0};
    size_t n;
    ca_keys(f.ca, f.arena, &list, &n);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i].code, code))
            return list[i];
    return none;
}

static const char *value_of(const struct err_info *e, const char *name)
{
    for (int i = 0; i < e->args; i++)
        if (!strcmp(e->arg[i].name, name))
            return e->arg[i].value;
    return "";
}

/* ---- locked ---- */

static void what_needs_a_locked_key_is_refused_and_all_else_goes_on(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *one = NULL, *two = NULL;
    struct ca_answer answer;
    struct bytes der;
    int64_t seq;
    /* the running ca has its key still */
    assert_ok(issue("1", ca_fixture_csr(&f, PKI_P256, &one), &answer, &e), &e);
    ca_fixture_reopen(&f);
    assert_true(ca_is_locked(f.ca));
    assert_int_equal(key_of(CODE).state, CA_KEY_LOCKED);
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &two);
    assert_err(ERR_CA_LOCKED, issue("2", csr, &answer, &e));
    assert_string_equal(value_of(&e, "code"), CODE);
    assert_int_equal(err_http_status(ERR_CA_LOCKED), 503);
    assert_err(ERR_CA_LOCKED, ca_responder_certificate(f.ca, 0, csr, f.arena, &der, &e));
    assert_err(ERR_CA_LOCKED, ca_crl(f.ca, id_of(CODE), f.arena, &der, &e));
    assert_ok(ca_crl(f.ca, id_of("root-p256"), f.arena, &der, &e), &e);
    const struct ca_change_in hold = {
        .change = CA_HOLD, .serial = answer.serial, .actor = "陈立言"};
    assert_ok(ca_change(f.ca, &hold, &seq, &e), &e);
    pki_key_free(one);
    pki_key_free(two);
}

/* ---- custodians ---- */

static void k_custodians_open_it(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_key now;
    struct ca_answer answer;
    struct bytes der;
    const struct store_row *row = NULL;
    struct store_rows rows;
    ca_fixture_reopen(&f);
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    assert_ok(give(&share[2], &now, &e), &e);
    assert_int_equal(now.given_n, 1);
    assert_int_equal(now.given[0], 3);
    assert_int_equal(now.state, CA_KEY_LOCKED);
    assert_ok(give(&share[2], &now, &e), &e); /* the same twice opens nothing */
    assert_int_equal(now.given_n, 1);
    assert_err(ERR_CA_LOCKED, issue("1", csr, &answer, &e));
    assert_ok(give(&share[0], &now, &e), &e);
    assert_int_equal(now.state, CA_KEY_READY);
    assert_int_equal(now.given_n, 0);
    assert_false(ca_is_locked(f.ca));
    assert_ok(issue("1", csr, &answer, &e), &e);
    assert_ok(ca_crl(f.ca, id_of(CODE), f.arena, &der, &e), &e);
    assert_ok(give(&share[1], &now, &e), &e); /* open: no change */
    _auto(store_tx) tx = NULL;
    assert_ok(store_begin(f.ca->store, STORE_READ, &tx, &e), &e);
    assert_ok(
        store_many(tx, &Q_ca_audit_all, PARAMS(P_INT(0), P_INT(INT64_MAX)), f.arena, &rows, &e),
        &e);
    for (size_t i = 0; i < rows.n; i++)
        if (!strcmp(row_text(&rows.row[i], "act"), "unlock"))
            row = &rows.row[i];
    assert_non_null(row);
    assert_string_equal(row_text(row, "object"), "issuing-p256 shares 3 1");
    pki_key_free(key);
}

static void a_wrong_share_is_named_and_costs_the_others_nothing(void **state)
{
    (void)state;
    struct err_info e;
    struct ca_key now;
    struct split other;
    struct share alien[SHARES_MAX], altered = share[1];
    assert_ok(shares_split(secret, 2, 3, &other, alien, &e), &e);
    ca_fixture_reopen(&f);
    assert_ok(give(&share[0], &now, &e), &e);
    assert_err(ERR_SHARE, give(&alien[1], &now, &e));
    assert_non_null(strstr(value_of(&e, "why"), "of split"));
    altered.value[0] ^= 0x80;
    assert_err(ERR_SHARE, give(&altered, &now, &e));
    assert_string_equal(value_of(&e, "which"), "2");
    assert_err(ERR_SHARE, ca_unlock(f.ca, CODE, "HELLO", &now, &e));
    assert_err(ERR_NOT_FOUND, ca_unlock(f.ca, "issuing-sm2", "HELLO", &now, &e));
    assert_err(ERR_CONFIG, ca_unlock(f.ca, "root-p256", "HELLO", &now, &e));
    assert_int_equal(key_of(CODE).given_n, 1);
    assert_ok(give(&share[1], &now, &e), &e);
    assert_int_equal(now.state, CA_KEY_READY);
}

/* design §5: every intent is settled; one of a locked CA as soon as that is opened. */
static void an_intent_waits_for_the_key_and_is_settled_with_it(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer one, two;
    struct ca_key now;
    struct cert_view view;
    sqlite3 *db;
    struct bytes csr = ca_fixture_csr(&f, PKI_P256, &key);
    assert_ok(issue("8", csr, &one, &e), &e);
    assert_ok(cert_view(one.certificate, f.arena, &view, &e), &e);
    ca_free(f.ca);
    f.ca = NULL;
    assert_int_equal(sqlite3_open(arena_fmt(f.arena, "%s/ca.db", f.folder), &db), SQLITE_OK);
    char *crash = arena_fmt(f.arena,
                            "UPDATE ca_certificate SET certificate = NULL, state = 'intent',"
                            " tbs = x'%s'; DELETE FROM ca_status",
                            text_hex(f.arena, view.tbs));
    assert_int_equal(sqlite3_exec(db, crash, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_ok(ca_open(&f.options, &f.ca, &e), &e);
    assert_err(ERR_CA_LOCKED, issue("8", csr, &two, &e));
    assert_err(ERR_BUSY, ca_certificate_of_request(f.ca, "8-sign", f.arena, &two, &e));
    assert_ok(give(&share[1], &now, &e), &e);
    assert_ok(give(&share[2], &now, &e), &e);
    assert_ok(ca_certificate_of_request(f.ca, "8-sign", f.arena, &two, &e), &e);
    assert_string_equal(two.serial, one.serial);
    pki_key_free(key);
}

/* ---- a passphrase file ---- */

static enum err open_with(const char *passphrase, mode_t mode, struct err_info *e)
{
    char *path = arena_fmt(f.arena, "%s/passphrases", f.folder);
    put("passphrases", arena_fmt(f.arena, "%s = %s\n", CODE, passphrase), mode);
    ca_free(f.ca);
    f.ca = NULL;
    TRY(ca_passphrases_read(f.arena, path, &f.options.passphrases, e));
    return ca_open(&f.options, &f.ca, e);
}

static void a_passphrase_file_opens_it_at_the_start(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key = NULL;
    struct ca_answer answer;
    char passphrase[CA_PASSPHRASE_SIZE];
    ca_key_passphrase(secret, CODE, passphrase);
    assert_ok(open_with(passphrase, 0400, &e), &e);
    assert_int_equal(key_of(CODE).state, CA_KEY_READY);
    assert_ok(issue("1", ca_fixture_csr(&f, PKI_P256, &key), &answer, &e), &e);
    assert_err(ERR_CONFIG, open_with(passphrase, 0440, &e));
    passphrase[0] ^= 1;
    assert_err(ERR_KEY_PASSPHRASE, open_with(passphrase, 0400, &e));
    f.options.passphrases = NULL;
    pki_key_free(key);
}

/* The passphrase of one key opens no other, though one secret were split for both. */
static void each_key_has_a_passphrase_of_its_own(void **state)
{
    (void)state;
    char one[CA_PASSPHRASE_SIZE], two[CA_PASSPHRASE_SIZE];
    ca_key_passphrase(secret, CODE, one);
    ca_key_passphrase(secret, "root-p256", two);
    assert_int_equal(strlen(one), CA_PASSPHRASE_SIZE - 1);
    assert_string_not_equal(one, two);
}

/* Without shares and without a passphrase nobody could ever open it: said at the start. */
static void an_encrypted_key_that_nobody_can_open_is_an_error(void **state)
{
    (void)state;
    struct err_info e;
    unlink(arena_fmt(f.arena, "%s/keys/%s.split", f.folder, CODE));
    ca_free(f.ca);
    f.ca = NULL;
    assert_err(ERR_KEY_PASSPHRASE, ca_open(&f.options, &f.ca, &e));
}

#define IN_A_CA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_CA(what_needs_a_locked_key_is_refused_and_all_else_goes_on),
        IN_A_CA(k_custodians_open_it),
        IN_A_CA(a_wrong_share_is_named_and_costs_the_others_nothing),
        IN_A_CA(an_intent_waits_for_the_key_and_is_settled_with_it),
        IN_A_CA(a_passphrase_file_opens_it_at_the_start),
        IN_A_CA(each_key_has_a_passphrase_of_its_own),
        IN_A_CA(an_encrypted_key_that_nobody_can_open_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
