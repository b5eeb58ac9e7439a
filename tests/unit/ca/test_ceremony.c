/* Roll-over: after a ceremony two issuing CAs of one algorithm stand side by side. The newest signs what is new; each keeps its own
 * certificates, lists, and responder's certificates. What the ceremony itself leaves when it is killed is tested through the
 * program (tests/story/ceremony). */
#include "ca_fixture.h"

#include "base/sys.h"
#include "base/text.h"
#include "ca/ca_priv.h"
#include "ca/ceremony.h"
#include "ca/keys.h"

#include <string.h>
#include <unistd.h>

static struct ca_fixture f;
static struct share share[2]; /* of the second issuing CA */

/* With the fixture's root, whose key is not encrypted: its lists and links are those of any other. */
static void roll_over(void)
{
    struct err_info e;
    int settled;
    _auto(ca_ceremony) c = NULL;
    const struct ca_ceremony_spec spec = {.kind = CA_CEREMONY_RENEW,
                                          .alg = PKI_P256,
                                          .organisation = "CertHall",
                                          .issuing_name = "P-256 Issuing CA 2",
                                          .issuing_years = 10,
                                          .list_days = 400,
                                          .issuing = {2, 3},
                                          .root_folder = arena_fmt(f.arena, "%s/keys", f.folder),
                                          .out = arena_fmt(f.arena, "%s/record", f.folder)};
    ca_free(f.ca);
    f.ca = NULL;
    assert_ok(ca_ceremony_begin(&f.options, &spec, &c, &settled, &e), &e);
    assert_false(settled);
    assert_int_equal(ca_ceremony_root_split(c)->count, 0);
    assert_ok(ca_ceremony_open_root(c, NULL, 0, &e), &e);
    assert_ok(ca_ceremony_make(c, &e), &e);
    share[0] = ca_ceremony_issuing(c)->share[0];
    share[1] = ca_ceremony_issuing(c)->share[2];
    assert_string_equal(ca_ceremony_issuing(c)->code, "issuing-p256-2");
    assert_ok(ca_ceremony_commit(c, (struct bytes){(const uint8_t *)"done", 4}, &e), &e);
    assert_ok(ca_open(&f.options, &f.ca, &e), &e);
}

static void open_second(void)
{
    struct err_info e;
    struct ca_key now;
    char text[SHARES_TEXT_SIZE];
    for (int i = 0; i < 2; i++) {
        share_text(&share[i], text);
        assert_ok(ca_unlock(f.ca, "issuing-p256-2", text, &now, &e), &e);
    }
    assert_int_equal(now.state, CA_KEY_READY);
}

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

static const struct ca_issuer *issuer(const char *code)
{
    const struct ca_issuer *list;
    size_t n = ca_issuers(f.ca, &list);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i].code, code))
            return &list[i];
    fail_msg("no issuer %s", code);
    return NULL;
}

static enum err issue(const char *order, struct bytes csr, struct ca_answer *out,
                      struct err_info *e)
{
    _auto_json evidence = ca_fixture_evidence(&f, order, "FX2600071182", csr);
    struct ca_request r = ca_fixture_request(&f, arena_fmt(f.arena, "%s-sign", order), order, csr,
                                             evidence);
    return ca_issue(f.ca, &r, f.arena, out, e);
}

static void signed_by(struct bytes certificate, const char *code)
{
    struct err_info e;
    _auto(pki_pub) key = NULL;
    assert_ok(cert_key(issuer(code)->certificate, &key, &e), &e);
    assert_ok(cert_verify_signature(certificate, key, &e), &e);
}

static void the_newest_signs_and_each_keeps_its_own(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key[2] = {NULL};
    struct ca_answer first, again, second;
    struct bytes old = ca_fixture_csr(&f, PKI_P256, &key[0]),
                 fresh = ca_fixture_csr(&f, PKI_P256, &key[1]);
    assert_ok(issue("1", old, &first, &e), &e);
    roll_over();
    /* locked, it signs nothing, and the old one does not take its place */
    assert_err(ERR_CA_LOCKED, issue("2", fresh, &second, &e));
    open_second();
    assert_ok(issue("2", fresh, &second, &e), &e);
    signed_by(second.certificate, "issuing-p256-2");
    assert_string_equal(second.issuer->code, "issuing-p256-2");
    /* asked again: what was answered then, and its own chain */
    assert_ok(issue("1", old, &again, &e), &e);
    assert_string_equal(again.serial, first.serial);
    assert_string_equal(again.issuer->code, "issuing-p256");
    const char *code[2] = {"issuing-p256", "issuing-p256-2"};
    struct bytes leaf[2] = {first.certificate, second.certificate};
    for (int i = 0; i < 2; i++) {
        struct bytes up = issuer(code[i])->certificate;
        assert_int_equal(issuer(code[i])->parent_id, issuer("root-p256")->id);
        assert_ok(cert_verify_chain(leaf[i], &up, 1, issuer("root-p256")->certificate,
                                    clock_business(f.clock), &e),
                  &e);
        pki_key_free(key[i]);
    }
}

static void lists_and_answers_are_of_the_issuer_itself(void **state)
{
    (void)state;
    struct err_info e;
    struct pki_key *key[2] = {NULL};
    struct ca_answer first;
    struct bytes der, csr = ca_fixture_csr(&f, PKI_P256, &key[0]),
                      responders = ca_fixture_csr(&f, PKI_P256, &key[1]);
    struct cert_view view;
    int found;
    int64_t seq;
    assert_ok(issue("1", csr, &first, &e), &e);
    roll_over();
    const struct ca_issuer *old = issuer("issuing-p256"), *new = issuer("issuing-p256-2");
    assert_err(ERR_CA_LOCKED,
               ca_responder_certificate(f.ca, new->id, responders, f.arena, &der, &e));
    assert_ok(ca_responder_certificate(f.ca, old->id, responders, f.arena, &der, &e), &e);
    signed_by(der, "issuing-p256");
    open_second();
    assert_ok(ca_responder_certificate(f.ca, new->id, responders, f.arena, &der, &e), &e);
    signed_by(der, "issuing-p256-2");
    assert_err(ERR_CA_PROFILE, ca_responder_certificate(f.ca, issuer("root-p256")->id, responders,
                                                        f.arena, &der, &e));
    assert_err(ERR_NOT_FOUND, ca_responder_certificate(f.ca, 99, responders, f.arena, &der, &e));
    const struct ca_change_in revoke = {.change = CA_REVOKE,
                                        .serial = first.serial,
                                        .reason = CRL_KEY_COMPROMISE,
                                        .actor = "陈立言"};
    assert_ok(ca_change(f.ca, &revoke, &seq, &e), &e);
    assert_ok(cert_view(first.certificate, f.arena, &view, &e), &e);
    for (int i = 0; i < 2; i++) {
        struct crl_entry entry;
        const struct ca_issuer *of = i ? new : old;
        assert_ok(ca_crl(f.ca, of->id, f.arena, &der, &e), &e);
        signed_by(der, of->code);
        assert_ok(crl_find(der, view.serial_bytes, &found, &entry, &e), &e);
        assert_int_equal(found, i == 0);
        pki_key_free(key[i]);
    }
}

/* An old issuing CA that has ended may lose its key; one that has not is not opened without it. */
static void nothing_is_overwritten_and_a_missing_key_is_told(void **state)
{
    (void)state;
    struct err_info e;
    int settled;
    struct ca_ceremony *c = NULL;
    struct ca_ceremony_spec spec = {.kind = CA_CEREMONY_CREATE,
                                    .alg = PKI_P256,
                                    .organisation = "CertHall",
                                    .root_name = "R",
                                    .issuing_name = "I",
                                    .root_years = 20,
                                    .issuing_years = 10,
                                    .list_days = 400,
                                    .root = {2, 3},
                                    .issuing = {2, 3},
                                    .out = arena_fmt(f.arena, "%s/record", f.folder)};
    assert_err(ERR_CONFIG, ca_ceremony_begin(&f.options, &spec, &c, &settled, &e));
    spec.alg = PKI_SM2;
    spec.issuing_years = 21;
    assert_err(ERR_CONFIG, ca_ceremony_begin(&f.options, &spec, &c, &settled, &e));
    spec.issuing_years = 10;
    assert_ok(ca_ceremony_begin(&f.options, &spec, &c, &settled, &e), &e);
    ca_ceremony_free(c);
    const char *there = arena_fmt(f.arena, "%s/keys/issuing-sm2.pem", f.folder);
    assert_ok(file_replace(there, (struct bytes){(const uint8_t *)"x", 1}, 0600, &e), &e);
    assert_err(ERR_CONFIG, ca_ceremony_begin(&f.options, &spec, &c, &settled, &e));
    spec.kind = CA_CEREMONY_RENEW; /* of an algorithm that has no root */
    spec.root_folder = f.folder;
    assert_err(ERR_CONFIG, ca_ceremony_begin(&f.options, &spec, &c, &settled, &e));
    unlink(arena_fmt(f.arena, "%s/keys/issuing-p256.pem", f.folder));
    ca_free(f.ca);
    f.ca = NULL;
    assert_err(ERR_NOT_FOUND, ca_open(&f.options, &f.ca, &e));
}

#define IN_A_CA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_CA(the_newest_signs_and_each_keeps_its_own),
        IN_A_CA(lists_and_answers_are_of_the_issuer_itself),
        IN_A_CA(nothing_is_overwritten_and_a_missing_key_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
