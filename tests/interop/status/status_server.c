/* A responder that follows a ca, for other people's programs: status_server FOLDER puts `good.pem`, `revoked.pem`, `good.key`,
 * `issuing.pem`, `root.pem` there, prints `port N`, and serves until its input ends. The lists are in three parts, with deltas. */
#include "ca_fixture.h"

#include "base/sys.h"
#include "base/text.h"
#include "ca/api.h"
#include "pki/pem.h"
#include "responder/responder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    struct ca_fixture f;
    struct ca_api api;
    const char *folder;
} w;

static void put(const char *name, struct bytes content)
{
    struct err_info e;
    assert_ok(file_replace(arena_fmt(w.f.arena, "%s/%s", w.folder, name), content, 0600, &e), &e);
}

static void put_certificate(const char *name, struct bytes der)
{
    const char *pem = pem_encode(w.f.arena, "CERTIFICATE", der);
    put(name, (struct bytes){(const uint8_t *)pem, strlen(pem)});
}

/* The same for a server called localhost: curl takes no other. */
static void change_profile(void)
{
    static const char text[] =
        "{\"code\":\"aml-reporting\",\"project\":\"aml-reporting\",\"algorithm\":\"P-256\","
        "\"subject\":[{\"type\":\"C\",\"value\":\"CN\"},{\"type\":\"O\",\"from\":\"institution_name\"},{\"type\":\"CN\",\"value\":\"localhost\"}],"
        "\"key_usage\":[\"digitalSignature\"],\"eku\":[\"serverAuth\"],\"days_min\":1,"
        "\"days_max\":366,\"evidence\":[\"regulator\",\"maker\"]}";
    struct err_info e;
    assert_ok(file_replace(arena_fmt(w.f.arena, "%s/profiles/aml-reporting.json", w.f.folder),
                           (struct bytes){(const uint8_t *)text, sizeof text - 1}, 0600, &e),
              &e);
}

static struct ca_answer issue(const char *order, struct pki_key **key)
{
    struct err_info e;
    struct ca_answer answer;
    struct bytes csr = ca_fixture_csr(&w.f, PKI_P256, key);
    _auto_json evidence = ca_fixture_evidence(&w.f, order, "FX2600071182", csr);
    struct ca_request r = ca_fixture_request(&w.f, arena_fmt(w.f.arena, "%s-sign", order), order,
                                             csr, evidence);
    assert_ok(ca_issue(w.f.ca, &r, w.f.arena, &answer, &e), &e);
    return answer;
}

static struct httpd *serve(struct httpd_listen at)
{
    struct err_info e;
    struct httpd *s = httpd_new(&(struct httpd_options){.workers = 3});
    at.owner = (uid_t)-1;
    at.group = (gid_t)-1;
    assert_ok(httpd_listen(s, &at, &e), &e);
    return s;
}

static void start(struct httpd *s)
{
    struct err_info e;
    assert_ok(httpd_start(s, &e), &e);
}

static void make_certificates(void)
{
    struct err_info e;
    struct pki_key *key, *other;
    struct bytes pem;
    int64_t seq;
    struct ca_answer good = issue("1", &key), revoked = issue("2", &other);
    assert_ok(pki_key_save(key, NULL, w.f.arena, &pem, &e), &e);
    put("good.key", pem);
    put_certificate("good.pem", good.certificate);
    put_certificate("revoked.pem", revoked.certificate);
    struct ca_change_in in = {.change = CA_REVOKE,
                              .serial = revoked.serial,
                              .reason = CRL_KEY_COMPROMISE,
                              .actor = "interop"};
    assert_ok(ca_change(w.f.ca, &in, &seq, &e), &e);
    const struct ca_issuer *issuer;
    for (size_t i = 0, n = ca_issuers(w.f.ca, &issuer); i < n; i++)
        put_certificate(issuer[i].root ? "root.pem" : "issuing.pem", issuer[i].certificate);
    pki_key_free(key);
    pki_key_free(other);
}

static void wait_until_ready(struct responder *r)
{
    struct responder_health h = {0};
    struct err_info e;
    struct bytes crl;
    for (int i = 0; i < 1000; i++, usleep(10000)) {
        responder_health(r, &h);
        if (h.ready && h.seq >= 3 &&
            responder_crl(r, "issuing-p256.3.delta", w.f.arena, &crl, &e) == ERR_OK)
            return;
    }
    fail_msg("the responder is at %ld", (long)h.seq);
}

int main(int argc, char **argv)
{
    struct err_info e;
    struct responder *r;
    if (argc != 2)
        return 2;
    w.folder = argv[1];
    ca_fixture_open(&w.f, PKI_P256);
    change_profile();
    w.f.options.crl_shards = 3;
    w.f.options.delta_base_period = TIME_HOUR;
    ca_fixture_reopen(&w.f);
    make_certificates();
    struct responder_options o = {.data = w.f.folder,
                                  .ca_socket = arena_fmt(w.f.arena, "%s/ca.sock", w.f.folder),
                                  .peer_key = "",
                                  .clock = w.f.clock,
                                  .answer_life = 24LL * TIME_HOUR,
                                  .crl_period = 10 * TIME_MINUTE};
    w.api.ca = w.f.ca;
    w.api.policy[CA_SOCKET_RESPONDER] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
    struct httpd *ca =
        serve((struct httpd_listen){.unix_path = o.ca_socket, .tag = CA_SOCKET_RESPONDER});
    ca_api_mount(ca, &w.api);
    start(ca);
    assert_ok(responder_open(&o, &r, &e), &e);
    struct httpd *server = serve((struct httpd_listen){.host = "127.0.0.1"});
    responder_mount(server, r);
    start(server);
    assert_ok(responder_follow(r, &e), &e);
    wait_until_ready(r);
    printf("port %d\n", httpd_port(server, 0));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    httpd_free(server);
    responder_free(r);
    httpd_free(ca);
    ca_fixture_close(&w.f);
    return 0;
}
