#include "responding.h"

#include "base/sys.h"
#include "base/text.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct responding t;

void start_ca(void)
{
    struct err_info e;
    t.ca_server = httpd_new(&(struct httpd_options){.workers = 3});
    t.api.ca = t.f.ca;
    t.api.policy[CA_SOCKET_RESPONDER] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
    assert_ok(httpd_listen(t.ca_server,
                           &(struct httpd_listen){.unix_path = t.options.ca_socket,
                                                  .owner = (uid_t)-1,
                                                  .group = (gid_t)-1,
                                                  .tag = CA_SOCKET_RESPONDER},
                           &e),
              &e);
    ca_api_mount(t.ca_server, &t.api);
    assert_ok(httpd_start(t.ca_server, &e), &e);
}

void open_responder(void)
{
    struct err_info e;
    assert_ok(responder_open(&t.options, &t.responder, &e), &e);
    t.server = httpd_new(&(struct httpd_options){.workers = 1});
    assert_ok(httpd_listen(t.server,
                           &(struct httpd_listen){
                               .host = "127.0.0.1", .owner = (uid_t)-1, .group = (gid_t)-1},
                           &e),
              &e);
    responder_mount(t.server, t.responder);
    assert_ok(httpd_start(t.server, &e), &e);
    t.client = httpc_new(&(struct httpc_options){
        .service = "responder",
        .base = arena_fmt(t.f.arena, "http://127.0.0.1:%d", httpd_port(t.server, 0))});
}

void start_responder(void)
{
    struct err_info e;
    open_responder();
    assert_ok(responder_follow(t.responder, &e), &e);
}

void stop_responder(void)
{
    httpc_free(t.client);
    httpd_free(t.server);
    responder_free(t.responder);
}

void wait_for_seq(int64_t seq)
{
    struct responder_health h = {0};
    for (int i = 0; i < 500; i++) {
        responder_health(t.responder, &h);
        if (h.ready && h.seq >= seq)
            return;
        usleep(10000);
    }
    fail_msg("the responder is at %ld, not %ld", (long)h.seq, (long)seq);
}

void issue_for(const char *request, const char *order)
{
    struct err_info e;
    struct pki_key *key = NULL;
    struct bytes csr = ca_fixture_csr(&t.f, PKI_P256, &key);
    _auto_json evidence = ca_fixture_evidence(&t.f, order, "FX2600071182", csr);
    struct ca_request r = ca_fixture_request(&t.f, request, order, csr, evidence);
    assert_ok(ca_issue(t.f.ca, &r, t.f.arena, &t.issued, &e), &e);
    pki_key_free(key);
}

void issue_one(void)
{
    struct err_info e;
    issue_for("1-sign", "1");
    _auto(pki_pub) issuer_key = NULL;
    struct bytes of_ca =
        t.issued.issuer->certificate; /* goes with the ca, which some tests close */
    t.issuer_certificate = arena_bytes(t.f.arena, of_ca.p, of_ca.n);
    assert_ok(cert_key(t.issuer_certificate, &issuer_key, &e), &e);
    assert_ok(ocsp_issuer_init(&t.issuer, t.issued.issuer->subject, issuer_key, &e), &e);
}

int responding_set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    ca_fixture_open(&t.f, PKI_P256);
    issue_one();
    t.options = (struct responder_options){
        .data = t.f.folder,
        .ca_socket = arena_fmt(t.f.arena, "%s/ca-responder.sock", t.f.folder),
        .peer_key = "",
        .clock = t.f.clock,
        .answer_life = 24LL * TIME_HOUR,
        .crl_period = 10 * TIME_MINUTE};
    start_ca();
    start_responder();
    wait_for_seq(1);
    return 0;
}

int responding_tear_down(void **state)
{
    (void)state;
    stop_responder();
    httpd_free(t.ca_server);
    ca_fixture_close(&t.f);
    return 0;
}

struct bytes serial_of_issued(void)
{
    struct bytes serial;
    assert_true(text_from_hex(t.f.arena, t.issued.serial, &serial));
    return serial;
}

/* The answer's octets, whatever they say. */
struct bytes ask_for(struct bytes serial, struct bytes nonce, int get, struct ocsp_cert_id *id)
{
    struct err_info e;
    struct bytes der;
    struct httpc_answer http;
    assert_ok(ocsp_cert_id_make(&t.issuer, OCSP_SHA1, serial, t.f.arena, id, &e), &e);
    assert_ok(ocsp_request_write(id, 1, nonce, t.f.arena, &der, &e), &e);
    struct httpc_request request = {
        .path = "/ocsp", .body = der, .content_type = "application/ocsp-request"};
    if (get) {
        _auto_buf b;
        buf_init(&b, 8192);
        for (const char *s = text_base64(t.f.arena, der); *s; s++)
            if (*s == '+' || *s == '/' || *s == '=')
                buf_fmt(&b, "%%%02X", *s);
            else
                buf_byte(&b, (uint8_t)*s);
        request = (struct httpc_request){.path = arena_fmt(t.f.arena, "/ocsp/%s", buf_cstr(&b))};
    }
    assert_ok(httpc_send(t.client, t.f.arena, &request, &http, &e), &e);
    assert_int_equal(http.status, 200);
    assert_string_equal(http.content_type, "application/ocsp-response");
    return http.body;
}

struct ocsp_answer ask(struct bytes serial, struct bytes nonce, int get)
{
    struct err_info e;
    struct ocsp_cert_id id;
    struct ocsp_answer answer;
    struct bytes der = ask_for(serial, nonce, get, &id);
    assert_ok(ocsp_response_check(der, &id, t.issuer_certificate, clock_machine(), t.f.arena,
                                  &answer, &e),
              &e);
    return answer;
}

const struct bytes no_nonce = {NULL, 0};

static const uint8_t nonce_octets[16] = {1, 2, 3};

const struct bytes a_nonce = {nonce_octets, sizeof nonce_octets};

void stop_ca(void)
{
    httpd_free(t.ca_server);
    t.ca_server = NULL;
}

const char *ca_file(const char *name)
{
    return arena_fmt(t.f.arena, "%s/%s", t.f.folder, name);
}

void close_ca(void)
{
    stop_ca();
    ca_free(t.f.ca);
    t.f.ca = NULL;
}

void reopen_ca(void)
{
    struct err_info e;
    assert_ok(ca_open(&t.f.options, &t.f.ca, &e), &e);
    start_ca();
}

void copy_file(const char *from, const char *to)
{
    struct err_info e;
    struct bytes content;
    assert_ok(file_read(t.f.arena, ca_file(from), 64 << 20, &content, &e), &e);
    assert_ok(file_replace(ca_file(to), content, 0600, &e), &e);
}

void run_sql(const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(ca_file("ca.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

void revoke_it(const char *serial)
{
    struct err_info e;
    int64_t seq;
    struct ca_change_in in = {
        .change = CA_REVOKE, .serial = serial, .reason = CRL_KEY_COMPROMISE, .actor = "陈立言"};
    assert_ok(ca_change(t.f.ca, &in, &seq, &e), &e);
}

void wait_for_status(struct bytes serial, enum ocsp_status status)
{
    int64_t since = clock_monotonic();
    while (ask(serial, no_nonce, 0).status != status && clock_monotonic() - since < 5 * TIME_SECOND)
        usleep(20000);
    assert_int_equal(ask(serial, no_nonce, 0).status, status);
}
