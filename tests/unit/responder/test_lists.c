/* What outlives a restored ca, lists in parts, and what caches are told (RFC 5280 5, RFC 5019 6). */
#include "responding.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct bytes serial_bytes(const char *hex)
{
    struct bytes serial;
    assert_true(text_from_hex(t.f.arena, hex, &serial));
    return serial;
}

static void hold_it(const char *serial, enum ca_change what)
{
    struct err_info e;
    int64_t seq;
    struct ca_change_in in = {.change = what, .serial = serial, .actor = "陈立言"};
    assert_ok(ca_change(t.f.ca, &in, &seq, &e), &e);
}

/* What the list says of a serial that it must hold. */
static struct crl_entry listed_as(const char *list, const char *serial)
{
    struct err_info e;
    struct crl_entry entry = {0};
    struct bytes crl;
    int found = 0;
    for (int64_t since = clock_monotonic(); !found && clock_monotonic() - since < 5 * TIME_SECOND;
         usleep(20000)) {
        if (responder_crl(t.responder, list, t.f.arena, &crl, &e) == ERR_OK)
            assert_ok(crl_find(crl, serial_bytes(serial), &found, &entry, &e), &e);
    }
    if (!found)
        fail_msg("%s does not stand in %s", serial, list);
    return entry;
}

/* The responder is as it was or was started again meanwhile, and the copy is older than certificates and revocations. */
static void restore_an_old_copy(int restarted)
{
    struct err_info e;
    t.f.options.revoke_per_hour = 10;
    const char *before = arena_text(t.f.arena, t.issued.serial);
    issue_for("2-sign", "2");
    const char *held = arena_text(t.f.arena, t.issued.serial);
    issue_for("3-sign", "3");
    const char *good = arena_text(t.f.arena, t.issued.serial);
    close_ca();
    copy_file("ca.db", "copy.db");
    reopen_ca();
    issue_for("4-sign", "4");
    const char *since = arena_text(t.f.arena, t.issued.serial);
    revoke_it(before);
    revoke_it(since);
    hold_it(held, CA_HOLD);
    wait_for_seq(7);
    listed_as("issuing-p256", held);
    if (restarted)
        stop_responder();
    close_ca();
    copy_file("copy.db", "ca.db");
    assert_ok(ca_open(&t.f.options, &t.f.ca, &e), &e);
    issue_for("5-sign", "5"); /* number 4, which was another change before */
    start_ca();
    if (restarted)
        start_responder();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(ask(serial_bytes(before), a_nonce, 0).status, OCSP_REVOKED);
        assert_int_equal(ask(serial_bytes(since), a_nonce, 0).status, OCSP_REVOKED);
        assert_int_equal(ask(serial_bytes(held), a_nonce, 0).status, OCSP_REVOKED);
        usleep(10000);
    }
    wait_for_seq(7); /* the ca has put them into its log again */
    assert_int_equal(ask(serial_bytes(good), a_nonce, 0).status, OCSP_GOOD);
    assert_int_equal(ask(serial_of_issued(), a_nonce, 0).status, OCSP_GOOD);
    assert_int_equal(listed_as("issuing-p256", before).reason, CRL_KEY_COMPROMISE);
    assert_int_equal(listed_as("issuing-p256", since).reason, CRL_KEY_COMPROMISE);
    assert_int_equal(listed_as("issuing-p256", held).reason, CRL_CERTIFICATE_HOLD);
    hold_it(held, CA_RELEASE); /* the ca knows it again */
    wait_for_status(serial_bytes(held), OCSP_GOOD);
    int64_t seq;
    struct ca_change_in in = {.change = CA_RELEASE, .serial = before, .actor = "陈立言"};
    assert_err(ERR_CA_STATE, ca_change(t.f.ca, &in, &seq, &e));
}

/* Issue 4, design §5: after a restore from backup no revoked certificate is good again, in answers and in lists. */
static void after_a_restore_what_was_revoked_stays_revoked(void **state)
{
    (void)state;
    restore_an_old_copy(0);
}

static void also_when_the_responder_was_away_meanwhile(void **state)
{
    (void)state;
    restore_an_old_copy(1);
}

static void listed_soon(const char *list)
{
    struct err_info e;
    struct bytes crl;
    int there = 0;
    for (int i = 0; i < 500 && !there; i++, usleep(10000))
        there = responder_crl(t.responder, list, t.f.arena, &crl, &e) == ERR_OK;
    assert_true(there);
}

static struct httpc_answer get(const char *path, const char *header)
{
    struct err_info e;
    struct httpc_answer http;
    const char *const headers[] = {header, NULL};
    const struct httpc_request request = {.path = path, .headers = header ? headers : NULL};
    assert_ok(httpc_send(t.client, t.f.arena, &request, &http, &e), &e);
    return http;
}

/* A list stands where certificates say, in parts and with deltas; on disk as well, for a start without the ca. */
static void lists_are_given_out_in_parts_and_with_deltas(void **state)
{
    (void)state;
    struct err_info e;
    struct cert_view view;
    stop_responder();
    close_ca();
    t.f.options.crl_shards = 3;
    t.f.options.delta_base_period = TIME_HOUR;
    reopen_ca();
    issue_for("2-sign", "2");
    const char *serial = arena_text(t.f.arena, t.issued.serial);
    assert_ok(cert_view(t.issued.certificate, t.f.arena, &view, &e), &e);
    static const char before[] = "http://127.0.0.1:8081/crl/";
    assert_memory_equal(view.crl_url, before, sizeof before - 1);
    const char *file = view.crl_url + sizeof before - 1;
    const char *name = arena_text_n(t.f.arena, file, strlen(file) - 4);
    start_responder();
    wait_for_seq(2);
    listed_soon("issuing-p256.3.delta"); /* the last; so each has its base */
    revoke_it(serial);
    listed_as(name, serial);
    listed_as("issuing-p256", serial);
    listed_as(arena_fmt(t.f.arena, "%s.delta", name), serial);
    listed_as("issuing-p256.delta", serial);
    stop_responder();
    stop_ca();
    start_responder();
    struct httpc_answer part = get(arena_fmt(t.f.arena, "/crl/%s", file), NULL);
    assert_int_equal(part.status, 200);
    assert_string_equal(part.content_type, "application/pkix-crl");
    int found;
    struct crl_entry entry;
    assert_ok(crl_find(part.body, serial_bytes(serial), &found, &entry, &e), &e);
    assert_true(found);
    assert_int_equal(get("/crl/issuing-p256.4.crl", NULL).status, 404);
    assert_int_equal(get("/crl/issuing-p256.delta.delta.crl", NULL).status, 404);
}

static struct bytes raw_get(const char *path)
{
    _auto_buf b;
    buf_init(&b, 1 << 16);
    uint8_t piece[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)httpd_port(t.server, 0)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    const char *ask_for_it =
        arena_fmt(t.f.arena, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(write(fd, ask_for_it, strlen(ask_for_it)), (ssize_t)strlen(ask_for_it));
    for (ssize_t n; (n = read(fd, piece, sizeof piece)) > 0;)
        buf_put(&b, piece, (size_t)n);
    close(fd);
    return arena_bytes(t.f.arena, (const uint8_t *)buf_cstr(&b), b.n);
}

/* The value of a field; NULL where there is none. */
static const char *field(struct bytes answer, const char *name)
{
    const char *text = (const char *)answer.p,
               *at = strstr(text, arena_fmt(t.f.arena, "\r\n%s: ", name));
    if (!at)
        return NULL;
    at += strlen(name) + 4;
    return arena_text_n(t.f.arena, at, strcspn(at, "\r"));
}

static const char *get_path(void)
{
    struct err_info e;
    struct ocsp_cert_id id;
    struct bytes der;
    assert_ok(ocsp_cert_id_make(&t.issuer, OCSP_SHA1, serial_of_issued(), t.f.arena, &id, &e), &e);
    assert_ok(ocsp_request_write(&id, 1, no_nonce, t.f.arena, &der, &e), &e);
    _auto_buf b;
    buf_init(&b, 8192);
    for (const char *s = text_base64(t.f.arena, der); *s; s++)
        if (*s == '+' || *s == '/' || *s == '=')
            buf_fmt(&b, "%%%02X", *s);
        else
            buf_byte(&b, (uint8_t)*s);
    return arena_fmt(t.f.arena, "/ocsp/%s", buf_cstr(&b));
}

/* RFC 5019 6.2, RFC 9110 13: an answer says how long it lasts, and is not sent to who has it. */
static void caches_are_told_how_long_an_answer_lasts(void **state)
{
    (void)state;
    listed_soon("issuing-p256");
    const char *const path[] = {get_path(), "/crl/issuing-p256.crl"};
    for (size_t i = 0; i < 2; i++) {
        struct bytes answer = raw_get(path[i]);
        const char *tag = field(answer, "ETag"), *expires = field(answer, "Expires"),
                   *modified = field(answer, "Last-Modified"),
                   *control = field(answer, "Cache-Control");
        assert_non_null(field(answer, "Date"));
        assert_true(tag && expires && modified && control);
        assert_memory_equal(control, "max-age=", 8);
        assert_true(strstr(expires, " GMT") && strstr(modified, " GMT"));
        assert_string_not_equal(expires, modified);
        assert_int_equal(get(path[i], arena_fmt(t.f.arena, "If-None-Match: %s", tag)).status, 304);
        assert_int_equal(get(path[i], "If-None-Match: \"other\"").status, 200);
        if (i == 0) { /* nextUpdate and thisUpdate of the answer itself */
            struct ocsp_answer said = ask(serial_of_issued(), no_nonce, 1);
            char date[64];
            time_t until = said.next_update / TIME_SECOND, from = said.this_update / TIME_SECOND;
            struct tm tm;
            strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&until, &tm));
            assert_string_equal(expires, date);
            strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&from, &tm));
            assert_string_equal(modified, date);
        }
    }
    revoke_it(t.issued.serial);
    wait_for_status(serial_of_issued(), OCSP_REVOKED);
    const char *tag = field(raw_get(path[0]), "ETag");
    assert_int_equal(get(path[0], arena_fmt(t.f.arena, "If-None-Match: %s", tag)).status, 304);
}

/* Longer than what is sent from memory: it comes whole by its file, also while the next one takes its place. */
static void a_long_list_comes_whole(void **state)
{
    (void)state;
    enum { MANY = 40000 };
    struct err_info e;
    struct crl_view v = {0};
    stop_responder();
    close_ca();
    run_sql(arena_fmt(
        t.f.arena,
        "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) "
        "INSERT INTO ca_certificate (id, serial, issuer_id, profile, request_id, key_hash, order_no, "
        "ukey, subject, not_before, not_after, tbs, certificate, state, reason, changed_at, "
        "created_at, evidence) SELECT 1000 + n, CAST(x'4101' || randomblob(14) AS BLOB), issuer_id, "
        "profile, 'bulk-' || n, key_hash, 'bulk-' || n, ukey, subject, not_before, not_after, x'', "
        "x'00', 'revoked', 1, changed_at, created_at, '[]' FROM ca_certificate, c WHERE id = 1",
        MANY));
    reopen_ca();
    start_responder();
    revoke_it(t.issued.serial);
    listed_as("issuing-p256", t.issued.serial);
    struct httpc_answer http = get("/crl/issuing-p256.crl", NULL);
    assert_int_equal(http.status, 200);
    assert_true(http.body.n > 1 << 20);
    assert_ok(crl_view(http.body, &v, &e), &e);
    assert_int_equal(v.entries, MANY + 1);
}

/* RFC 6960 2.1: several in one, one of them of nobody here. */
static void several_certificates_in_one_request(void **state)
{
    (void)state;
    struct err_info e;
    struct ocsp_cert_id id[4];
    struct ocsp_issuer other = t.issuer;
    struct bytes der;
    struct httpc_answer http;
    const char *first = arena_text(t.f.arena, t.issued.serial);
    issue_for("2-sign", "2");
    wait_for_seq(2);
    revoke_it(first);
    wait_for_status(serial_bytes(first), OCSP_REVOKED);
    for (int h = 0; h < OCSP_HASHES; h++)
        other.by[h].key[0] ^= 1;
    static const uint8_t nobody[16] = {0x42, 1};
    const struct {
        const struct ocsp_issuer *issuer;
        struct bytes serial;
        enum ocsp_status status;
    } want[4] = {{&t.issuer, serial_bytes(first), OCSP_REVOKED},
                 {&t.issuer, serial_of_issued(), OCSP_GOOD},
                 {&t.issuer, {nobody, sizeof nobody}, OCSP_UNKNOWN},
                 {&other, serial_of_issued(), OCSP_UNKNOWN}};
    for (int i = 0; i < 4; i++)
        assert_ok(ocsp_cert_id_make(want[i].issuer, (enum ocsp_hash)(i % OCSP_HASHES),
                                    want[i].serial, t.f.arena, &id[i], &e),
                  &e);
    assert_ok(ocsp_request_write(id, 4, a_nonce, t.f.arena, &der, &e), &e);
    struct httpc_request request = {
        .path = "/ocsp", .body = der, .content_type = "application/ocsp-request"};
    assert_ok(httpc_send(t.client, t.f.arena, &request, &http, &e), &e);
    for (int i = 0; i < 4; i++) {
        struct ocsp_answer answer;
        assert_ok(ocsp_response_check(http.body, &id[i], t.issuer_certificate, clock_machine(),
                                      t.f.arena, &answer, &e),
                  &e);
        assert_int_equal(answer.status, want[i].status);
    }
    assert_ok(ocsp_request_write(&id[3], 1, no_nonce, t.f.arena, &der, &e), &e);
    request.body = der;
    assert_ok(httpc_send(t.client, t.f.arena, &request, &http, &e), &e);
    static const uint8_t unauthorized[] = {0x30, 0x03, 0x0a, 0x01, 0x06};
    assert_int_equal(http.body.n, sizeof unauthorized); /* RFC 6960 2.3: not one of ours at all */
    assert_memory_equal(http.body.p, unauthorized, sizeof unauthorized);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RESPONDING(after_a_restore_what_was_revoked_stays_revoked),
        RESPONDING(also_when_the_responder_was_away_meanwhile),
        RESPONDING(lists_are_given_out_in_parts_and_with_deltas),
        RESPONDING(caches_are_told_how_long_an_answer_lasts),
        RESPONDING(a_long_list_comes_whole),
        RESPONDING(several_certificates_in_one_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
