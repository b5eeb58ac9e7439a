/* A responder asked as relying parties ask (RFC 6960, RFC 5019). */
#include "responding.h"

#include "base/sys.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The whole answer by POST; `status` is what it must say. */
static struct bytes answer_for(struct bytes serial, enum ocsp_status status)
{
    struct err_info e;
    struct ocsp_cert_id id;
    struct bytes der;
    struct httpc_answer http;
    struct ocsp_answer answer;
    assert_ok(ocsp_cert_id_make(&t.issuer, OCSP_SHA256, serial, t.f.arena, &id, &e), &e);
    assert_ok(ocsp_request_write(&id, 1, no_nonce, t.f.arena, &der, &e), &e);
    struct httpc_request request = {
        .path = "/ocsp", .body = der, .content_type = "application/ocsp-request"};
    assert_ok(httpc_send(t.client, t.f.arena, &request, &http, &e), &e);
    assert_ok(ocsp_response_check(http.body, &id, t.issuer_certificate, clock_machine(), t.f.arena,
                                  &answer, &e),
              &e);
    assert_int_equal(answer.status, status);
    return http.body;
}

/* Who asks for what nobody issued gets the signature that is there already, for a minute. */
static void an_unknown_serial_is_signed_once_a_minute(void **state)
{
    (void)state;
    static const uint8_t octets[16] = {0x42, 7, 8};
    struct bytes serial = {octets, sizeof octets};
    struct bytes first = answer_for(serial, OCSP_UNKNOWN),
                 second = answer_for(serial, OCSP_UNKNOWN);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.p, second.p, first.n);
}

/* What was unknown a moment ago and is issued now is good as soon as the ca has told it. */
static void what_was_unknown_is_good_once_it_is_issued(void **state)
{
    (void)state;
    usleep(300000); /* the snapshot of the first round */
    stop_responder();
    issue_for("2-sign", "2");
    open_responder(); /* it knows the snapshot and does not follow yet */
    answer_for(serial_of_issued(), OCSP_UNKNOWN);
    answer_for(serial_of_issued(), OCSP_UNKNOWN);
    struct err_info e;
    assert_ok(responder_follow(t.responder, &e), &e);
    wait_for_seq(2);
    answer_for(serial_of_issued(), OCSP_GOOD);
}

static void a_good_certificate_is_good_by_post_and_get(void **state)
{
    (void)state;
    assert_int_equal(ask(serial_of_issued(), no_nonce, 0).status, OCSP_GOOD);
    assert_int_equal(ask(serial_of_issued(), no_nonce, 1).status, OCSP_GOOD);
}

static void a_nonce_comes_back_and_an_unknown_serial_is_unknown(void **state)
{
    (void)state;
    struct ocsp_answer answer = ask(serial_of_issued(), a_nonce, 0);
    assert_int_equal(answer.nonce.n, a_nonce.n);
    assert_memory_equal(answer.nonce.p, a_nonce.p, a_nonce.n);
    static const uint8_t other[16] = {0x42, 7, 7};
    assert_int_equal(ask((struct bytes){other, sizeof other}, no_nonce, 0).status, OCSP_UNKNOWN);
}

/* Issue 7, design §5: revocation reaches OCSP within 1 s, also where an answer was kept; the list has it as well. */
static void a_revocation_is_told_within_a_second(void **state)
{
    (void)state;
    struct err_info e;
    int64_t seq;
    assert_int_equal(ask(serial_of_issued(), no_nonce, 0).status,
                     OCSP_GOOD); /* kept from here on */
    struct ca_change_in in = {.change = CA_REVOKE,
                              .serial = t.issued.serial,
                              .reason = CRL_KEY_COMPROMISE,
                              .actor = "陈立言"};
    assert_ok(ca_change(t.f.ca, &in, &seq, &e), &e);
    int64_t since = clock_monotonic();
    struct ocsp_answer answer;
    do {
        answer = ask(serial_of_issued(), no_nonce, 0);
    } while (answer.status != OCSP_REVOKED && clock_monotonic() - since < 5 * TIME_SECOND);
    assert_int_equal(answer.status, OCSP_REVOKED);
    assert_int_equal(answer.reason, CRL_KEY_COMPROMISE);
    assert_true(clock_monotonic() - since < TIME_SECOND);
    struct crl_entry entry;
    int found = 0;
    while (!found && clock_monotonic() - since < 5 * TIME_SECOND) {
        struct bytes crl;
        assert_ok(responder_crl(t.responder, "issuing-p256", t.f.arena, &crl, &e), &e);
        assert_ok(crl_find(crl, serial_of_issued(), &found, &entry, &e), &e);
        usleep(20000);
    }
    assert_true(found);
}

/* design §1: one goes on while another is away. */
static void it_answers_while_the_ca_is_away_and_after_its_own_restart(void **state)
{
    (void)state;
    struct responder_health h;
    usleep(300000); /* the snapshot of the first round */
    httpd_free(t.ca_server);
    t.ca_server = NULL;
    assert_int_equal(ask(serial_of_issued(), no_nonce, 0).status, OCSP_GOOD);
    stop_responder();
    start_responder();
    responder_health(t.responder, &h);
    assert_true(h.ready);
    assert_int_equal(ask(serial_of_issued(), no_nonce, 0).status, OCSP_GOOD);
}

static int64_t ca_seen_at(void)
{
    struct responder_health h;
    responder_health(t.responder, &h);
    return h.ca_seen_at;
}

static void wait_for_the_ca(void)
{
    int64_t since = clock_machine();
    for (int i = 0; i < 500 && ca_seen_at() < since; i++)
        usleep(10000);
    assert_true(ca_seen_at() >= since);
}

/* RFC 6960 2.4: thisUpdate is the time at which the status is known to be right, not that of the question. */
static void what_is_told_is_as_old_as_the_cas_last_word(void **state)
{
    (void)state;
    stop_ca();
    int64_t seen = ca_seen_at();
    usleep(2500000);
    struct ocsp_answer answer = ask(serial_of_issued(), a_nonce, 0);
    assert_int_equal(answer.status, OCSP_GOOD);
    assert_true(answer.this_update <= seen && answer.this_update > seen - 2 * TIME_SECOND);
    assert_int_equal(answer.next_update, answer.this_update + t.options.answer_life);
    assert_true(answer.produced_at > seen);
    stop_responder();
    start_responder(); /* its restart makes nothing newer */
    assert_true(ca_seen_at() > 0);
    answer = ask(serial_of_issued(), no_nonce, 0);
    assert_int_equal(answer.status, OCSP_GOOD);
    assert_true(answer.this_update <= seen);
}

static int says_try_later(struct bytes nonce, int get)
{
    static const uint8_t try_later[] = {0x30, 0x03, 0x0a, 0x01, 0x03};
    struct ocsp_cert_id id;
    struct bytes der = ask_for(serial_of_issued(), nonce, get, &id);
    return der.n == sizeof try_later && memcmp(der.p, try_later, der.n) == 0;
}

/* RFC 6960 2.3: unable to say what holds now, it says so and signs nothing. */
static void once_nextUpdate_would_have_passed_it_says_tryLater(void **state)
{
    (void)state;
    stop_responder();
    t.options.answer_life = 5 * TIME_SECOND;
    start_responder();
    wait_for_the_ca();
    stop_ca();
    int64_t since = clock_monotonic();
    assert_int_equal(ask(serial_of_issued(), no_nonce, 0).status, OCSP_GOOD); /* kept */
    while (!says_try_later(no_nonce, 0) && clock_monotonic() - since < 20 * TIME_SECOND)
        usleep(100000);
    assert_true(says_try_later(no_nonce, 0));
    assert_true(says_try_later(no_nonce, 1));
    assert_true(says_try_later(a_nonce, 0));
    stop_responder();
    start_responder();
    assert_true(says_try_later(no_nonce, 0));
    start_ca();
    wait_for_the_ca();
    assert_int_equal(ask(serial_of_issued(), no_nonce, 0).status, OCSP_GOOD);
}

/* The ca's database is put back from a copy while the responder knows more; `more` certificates are made before it asks. */
static void restore_the_ca(int more)
{
    struct bytes first = serial_of_issued();
    const char *first_text = arena_text(t.f.arena, t.issued.serial);
    close_ca();
    copy_file("ca.db", "copy.db");
    reopen_ca();
    issue_for("2-sign", "2");
    struct bytes lost = serial_of_issued();
    issue_for("3-sign", "3");
    wait_for_seq(3);
    close_ca();
    copy_file("copy.db", "ca.db");
    struct err_info e;
    assert_ok(ca_open(&t.f.options, &t.f.ca, &e), &e);
    revoke_it(first_text); /* number 2, which was another change before */
    for (int i = 0; i < more; i++)
        issue_for(arena_fmt(t.f.arena, "9%d-sign", i), arena_fmt(t.f.arena, "9%d", i));
    start_ca();
    wait_for_status(first, OCSP_REVOKED);
    wait_for_status(lost, OCSP_UNKNOWN);
    wait_for_seq(2 + more);
    struct responder_health h;
    responder_health(t.responder, &h);
    assert_int_equal(h.seq, 2 + more);
    assert_int_equal(h.certificates, 1 + (size_t)more);
}

static void after_a_restore_nothing_of_the_log_is_missed(void **state)
{
    (void)state;
    restore_the_ca(0); /* the log is shorter than what is known */
}

static void nor_when_the_new_log_has_grown_past_the_old_one(void **state)
{
    (void)state;
    restore_the_ca(3);
}

/* An issuing CA that can certify nothing any more must not freeze what is known of the others. */
static void one_issuers_refusal_does_not_stop_the_others(void **state)
{
    (void)state;
    struct err_info e;
    stop_responder();
    close_ca();
    int kept;
    assert_ok(ca_init(&t.f.options, "CertHall", PKI_RSA2048, &kept, &e), &e);
    run_sql("UPDATE ca_issuer SET not_after = 1 WHERE code = 'issuing-rsa2048'");
    reopen_ca();
    start_responder();
    revoke_it(t.issued.serial);
    wait_for_status(serial_of_issued(), OCSP_REVOKED);
}

/* RFC 6960 4.2.2.2: an answer counts as long as its signer's certificate, which ends with its issuer at the latest. */
static void its_own_certificate_ends_its_answers(void **state)
{
    (void)state;
    stop_responder();
    close_ca();
    assert_int_equal(remove(ca_file("snapshot")), 0);
    int64_t until = (clock_machine() / TIME_SECOND + 5) * TIME_SECOND;
    run_sql(arena_fmt(t.f.arena,
                      "UPDATE ca_issuer SET not_after = %lld WHERE code = 'issuing-p256'",
                      (long long)until));
    reopen_ca();
    start_responder();
    wait_for_seq(1);
    struct ocsp_answer answer = ask(serial_of_issued(), no_nonce, 0);
    assert_int_equal(answer.next_update, until);
    while (clock_machine() < until)
        usleep(100000);
    assert_true(says_try_later(no_nonce, 0) && says_try_later(a_nonce, 0));
}

/* The key file was lost or changed: what is kept for the old one signs nothing. */
static void another_key_gets_a_certificate_of_its_own(void **state)
{
    (void)state;
    static const uint8_t unauthorized[] = {0x30, 0x03, 0x0a, 0x01, 0x06};
    struct ocsp_cert_id id;
    usleep(300000); /* the snapshot of the first round */
    stop_responder();
    stop_ca();
    assert_int_equal(remove(ca_file("ocsp-P-256.pem")), 0);
    start_responder();
    struct bytes der = ask_for(serial_of_issued(), no_nonce, 0, &id);
    assert_true(der.n == sizeof unauthorized && memcmp(der.p, unauthorized, der.n) == 0);
    start_ca();
    wait_for_seq(1);
    assert_int_equal(ask(serial_of_issued(), no_nonce, 0).status, OCSP_GOOD);
}

static size_t known_without_the_ca(void)
{
    struct responder_health h;
    struct responder *r;
    struct err_info e;
    assert_ok(responder_open(&t.options, &r, &e), &e);
    responder_health(r, &h);
    responder_free(r);
    return h.certificates;
}

static void change_snapshot(const uint8_t *content, size_t n)
{
    struct err_info e;
    assert_ok(file_replace(ca_file("snapshot"), (struct bytes){content, n}, 0600, &e), &e);
}

/* What the disk lost or somebody changed is not told as the ca's word. */
static void a_snapshot_that_was_cut_or_changed_is_not_used(void **state)
{
    (void)state;
    struct err_info e;
    struct bytes whole;
    usleep(300000); /* the snapshot of the first round */
    stop_responder();
    assert_ok(file_read(t.f.arena, ca_file("snapshot"), 1 << 20, &whole, &e), &e);
    size_t known = known_without_the_ca();
    assert_true(known > 0);
    for (size_t cut = 0; cut < whole.n; cut += cut < 48 ? 1 : 61) {
        change_snapshot(whole.p, cut);
        assert_int_equal(known_without_the_ca(), 0);
    }
    uint8_t *copy = arena_alloc(t.f.arena, whole.n);
    for (size_t at = 0; at < whole.n; at += at < 48 || at + 72 > whole.n ? 1 : 61) {
        memcpy(copy, whole.p, whole.n);
        copy[at] ^= 0x01;
        change_snapshot(copy, whole.n);
        assert_int_equal(known_without_the_ca(), 0);
    }
    change_snapshot(whole.p, whole.n);
    assert_int_equal(known_without_the_ca(), known);
    start_responder();
    wait_for_seq(1);
}

static void rubbish_gets_an_ocsp_error_and_not_a_crash(void **state)
{
    (void)state;
    struct err_info e;
    struct httpc_answer http;
    static const uint8_t malformed[] = {0x30, 0x03, 0x0a, 0x01, 0x01};
    struct httpc_request request = {.path = "/ocsp",
                                    .body = {(const uint8_t *)"rubbish", 7},
                                    .content_type = "application/ocsp-request"};
    assert_ok(httpc_send(t.client, t.f.arena, &request, &http, &e), &e);
    assert_int_equal(http.body.n, sizeof malformed);
    assert_memory_equal(http.body.p, malformed, sizeof malformed);
    request = (struct httpc_request){.path = "/ocsp/not*base64"};
    assert_ok(httpc_send(t.client, t.f.arena, &request, &http, &e), &e);
    assert_memory_equal(http.body.p, malformed, sizeof malformed);
}

static void ca_certificates_are_served_where_the_certificates_say(void **state)
{
    (void)state;
    struct err_info e;
    struct httpc_answer http;
    struct cert_view view;
    assert_ok(cert_view(t.issued.certificate, t.f.arena, &view, &e), &e);
    assert_string_equal(view.ca_issuers_url, "http://127.0.0.1:8081/ca/issuing-p256.cer");
    assert_string_equal(view.crl_url, "http://127.0.0.1:8081/crl/issuing-p256.crl");
    assert_string_equal(view.ocsp_url, "http://127.0.0.1:8081/ocsp");
    assert_ok(httpc_send(t.client, t.f.arena,
                         &(struct httpc_request){.path = "/ca/issuing-p256.cer"}, &http, &e),
              &e);
    assert_int_equal(http.body.n, t.issuer_certificate.n);
    assert_ok(httpc_send(t.client, t.f.arena, &(struct httpc_request){.path = "/ca/other.cer"},
                         &http, &e),
              &e);
    assert_int_equal(http.status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RESPONDING(a_good_certificate_is_good_by_post_and_get),
        RESPONDING(a_nonce_comes_back_and_an_unknown_serial_is_unknown),
        RESPONDING(an_unknown_serial_is_signed_once_a_minute),
        RESPONDING(what_was_unknown_is_good_once_it_is_issued),
        RESPONDING(a_revocation_is_told_within_a_second),
        RESPONDING(it_answers_while_the_ca_is_away_and_after_its_own_restart),
        RESPONDING(what_is_told_is_as_old_as_the_cas_last_word),
        RESPONDING(once_nextUpdate_would_have_passed_it_says_tryLater),
        RESPONDING(after_a_restore_nothing_of_the_log_is_missed),
        RESPONDING(nor_when_the_new_log_has_grown_past_the_old_one),
        RESPONDING(one_issuers_refusal_does_not_stop_the_others),
        RESPONDING(its_own_certificate_ends_its_answers),
        RESPONDING(another_key_gets_a_certificate_of_its_own),
        RESPONDING(a_snapshot_that_was_cut_or_changed_is_not_used),
        RESPONDING(rubbish_gets_an_ocsp_error_and_not_a_crash),
        RESPONDING(ca_certificates_are_served_where_the_certificates_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
