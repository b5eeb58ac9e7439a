/* The kmc's sockets: who may call what, and what the administrator's answers hold. */
#include "kmc_fixture.h"

#include "base/sys.h"
#include "base/text.h"
#include "httpc/httpc.h"
#include "pki/pem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kmc_fixture t;
static struct kmc_api api;
static struct httpd *server;
static struct httpc *line[KMC_SOCKETS];

static int set_up(void **state)
{
    (void)state;
    struct err_info e;
    kmc_fixture_open(&t, 2, 0);
    api = (struct kmc_api){.kmc = t.kmc};
    server = httpd_new(&(struct httpd_options){.workers = 2});
    for (int i = 0; i < KMC_SOCKETS; i++) {
        const char *path = arena_fmt(t.arena, "%s/%d.sock", t.folder, i);
        struct httpd_listen l = {
            .unix_path = path, .tag = i, .owner = (uid_t)-1, .group = (gid_t)-1};
        api.policy[i] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
        assert_ok(httpd_listen(server, &l, &e), &e);
        line[i] = httpc_new(
            &(struct httpc_options){.service = "kmc", .base = "http://kmc", .unix_path = path});
    }
    kmc_api_mount(server, &api);
    assert_ok(httpd_start(server, &e), &e);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    httpd_stop(server);
    httpd_free(server);
    for (int i = 0; i < KMC_SOCKETS; i++)
        httpc_free(line[i]);
    kmc_fixture_close(&t);
    return 0;
}

static enum err call(enum kmc_socket socket, const char *method, const char *path, const char *json,
                     json_t **answer, struct err_info *e)
{
    _auto_buf body;
    buf_init(&body, 64 << 10);
    buf_text(&body, json ? json : "");
    return httpc_json(line[socket], method, path, json ? &body : NULL, answer, e);
}

static void each_socket_has_its_own_calls(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *json;
        enum kmc_socket of;
    } calls[] = {
        {"POST", "/kmc/v1/ukeys/FX2600071182/admin-pin/new", "{}", KMC_SOCKET_HALL},
        {"POST", "/kmc/v1/ukeys/FX2600071182/admin-pin/release", "{}", KMC_SOCKET_HALL},
        {"POST", "/kmc/v1/ukeys/FX2600071182/admin-pin/confirm", "{}", KMC_SOCKET_HALL},
        {"POST", "/kmc/v1/keys", "{}", KMC_SOCKET_CA},
        {"POST", "/kmc/v1/recoveries", "{}", KMC_SOCKET_CA},
        {"GET", "/kmc/v1/audit", NULL, KMC_SOCKET_ADMIN},
        {"GET", "/kmc/v1/trust", NULL, KMC_SOCKET_ADMIN},
        {"POST", "/kmc/v1/cas", "{}", KMC_SOCKET_ADMIN},
        {"POST", "/kmc/v1/custodians", "{}", KMC_SOCKET_ADMIN},
        {"POST", "/kmc/v1/custodians/01/end", "{}", KMC_SOCKET_ADMIN},
        {"POST", "/kmc/v1/judicial", "{}", KMC_SOCKET_ADMIN},
        {"GET", "/kmc/v1/judicial/audit", NULL, KMC_SOCKET_ADMIN},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        for (int socket = 0; socket < KMC_SOCKETS; socket++) {
            struct err_info e;
            _auto_json answer = NULL;
            enum err want = calls[i].json ? ERR_BAD_REQUEST : ERR_OK;
            enum err got = call(socket, calls[i].method, calls[i].path, calls[i].json, &answer, &e);
            assert_err(socket == (int)calls[i].of ? want : ERR_FORBIDDEN, got);
        }
}

static void the_administrator_enters_a_ca_and_sees_what_there_is(void **state)
{
    (void)state;
    struct err_info e;
    _auto_json done = NULL;
    _auto_json trust = NULL;
    _auto(pki_key) key = kmc_fixture_key(PKI_SM2);
    _auto_buf b;
    struct json_out j;
    struct bytes der;
    struct bytes spki = pki_pub_spki(pki_key_pub(key));
    buf_init(&b, 4096);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "name", "second-ca");
    jout_text(&j, "by", "operator");
    jout_text(&j, "public_key", pem_encode(t.arena, "PUBLIC KEY", spki));
    jout_end(&j);
    assert_ok(call(KMC_SOCKET_ADMIN, "POST", "/kmc/v1/cas", buf_cstr(&b), &done, &e), &e);
    kmc_fixture_wait(&t, KMC_POOL_SM2, 2);
    assert_ok(call(KMC_SOCKET_ADMIN, "GET", "/kmc/v1/trust", NULL, &trust, &e), &e);
    const json_t *cas = json_object_get(trust, "cas");
    assert_int_equal(json_array_size(cas), 2);
    const json_t *second = json_array_get(cas, 1);
    assert_string_equal(json_opt_text(second, "name", ""), "second-ca");
    assert_string_equal(json_opt_text(second, "entered_by", ""), "operator");
    assert_string_equal(json_opt_text(second, "key", ""), text_base64(t.arena, spki));
    const json_t *pool = json_array_get(json_object_get(trust, "pools"), KMC_POOL_SM2);
    assert_int_equal(json_opt_int(pool, "ready", 0), 2);
    assert_int_equal(json_opt_int(pool, "wanted", 0), 2);
    const char *pem = json_opt_text(trust, "answer_key", "");
    assert_ok(pem_decode(t.arena, (struct bytes){(const uint8_t *)pem, strlen(pem)}, "PUBLIC KEY",
                         &der, &e),
              &e);
    assert_int_equal(der.n, pki_pub_spki(kmc_answer_key(t.kmc)).n);
    assert_memory_equal(der.p, pki_pub_spki(kmc_answer_key(t.kmc)).p, der.n);
}

static void no_more_authorities_than_there_may_be(void **state)
{
    (void)state;
    struct err_info e;
    _auto(pki_key) key = kmc_fixture_key(PKI_SM2);
    struct bytes spki = pki_pub_spki(pki_key_pub(key));
    for (int i = 1; i < KMC_CAS_MAX; i++)
        assert_ok(kmc_ca_enter(t.kmc, arena_fmt(t.arena, "ca-%d", i), spki, "a", &e), &e);
    assert_err(ERR_KMC_REQUEST, kmc_ca_enter(t.kmc, "one more", spki, "a", &e));
    assert_ok(kmc_ca_enter(t.kmc, CA_NAME, spki, "a", &e), &e); /* but another key for one */
    kmc_fixture_reopen(&t);
}

#define IN_A_KMC(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_KMC(each_socket_has_its_own_calls),
        IN_A_KMC(the_administrator_enters_a_ca_and_sees_what_there_is),
        IN_A_KMC(no_more_authorities_than_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
