/* The ca's line to the kmc, over a real socket: pairs come back for what was asked, signed by the kmc that was introduced. */
#include "testing.h"

#include "base/sys.h"
#include "ca/escrow.h"
#include "kmc/kmc.h"
#include "pki/envelope.h"
#include "scratch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    char folder[64];
    struct arena *a;
    struct clock *clock;
    struct kmc *kmc;
    struct kmc_api api;
    struct httpd *server;
    struct ca_escrow_options options;
    struct ca_escrow *line;
    struct pki_key *ukey;
    struct bytes request_key;
} t;

static struct kmc_options options_of_kmc(void)
{
    return (struct kmc_options){.data = arena_fmt(t.a, "%s/kmc", t.folder),
                                .database = arena_fmt(t.a, "sqlite:%s/kmc/kmc.db", t.folder),
                                .clock = t.clock,
                                .pool = {[KMC_POOL_SM2] = 70},
                                .keys_per_hour = 1000,
                                .recoveries_per_hour = 10};
}

static void serve_kmc(const char *path)
{
    struct err_info e;
    struct httpd_listen l = {
        .unix_path = path, .tag = KMC_SOCKET_CA, .owner = (uid_t)-1, .group = (gid_t)-1};
    t.api = (struct kmc_api){.kmc = t.kmc};
    t.api.policy[KMC_SOCKET_CA] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
    t.server = httpd_new(&(struct httpd_options){.workers = 2});
    assert_ok(httpd_listen(t.server, &l, &e), &e);
    kmc_api_mount(t.server, &t.api);
    assert_ok(httpd_start(t.server, &e), &e);
}

static int set_up(void **state)
{
    (void)state;
    struct err_info e;
    struct bytes kmc_key;
    memset(&t, 0, sizeof t);
    snprintf(t.folder, sizeof t.folder, "/tmp/certhall-escrow-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    t.a = arena_new();
    assert_ok(clock_open(NULL, &t.clock, &e), &e);
    struct kmc_options kmc = options_of_kmc();
    const char *ca = arena_fmt(t.a, "%s/ca", t.folder);
    assert_ok(folder_make(ca, 0700, &e), &e);
    assert_ok(kmc_init(&kmc, &e), &e);
    assert_ok(kmc_answer_spki(&kmc, t.a, &kmc_key, &e), &e);
    assert_ok(ca_escrow_init(ca, kmc_key, t.a, &t.request_key, &e), &e);
    assert_ok(kmc_ca_enter_first(&kmc, CA_ESCROW_NAME, t.request_key, &e), &e);
    assert_ok(kmc_open(&kmc, &t.kmc, &e), &e);
    t.options = (struct ca_escrow_options){.data = ca,
                                           .socket = arena_fmt(t.a, "%s/ca.sock", t.folder)};
    serve_kmc(t.options.socket);
    assert_ok(ca_escrow_open(&t.options, &t.line, &e), &e);
    assert_ok(pki_key_new(PKI_SM2, &t.ukey, &e), &e);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ca_escrow_free(t.line);
    httpd_stop(t.server);
    httpd_free(t.server);
    kmc_free(t.kmc);
    pki_key_free(t.ukey);
    clock_free(t.clock);
    arena_free(t.a);
    return scratch_remove(t.folder);
}

static struct escrow_item item(const char *serial, const struct pki_key *sign)
{
    return (struct escrow_item){.request_id = "4711-sign",
                                .enc_serial = serial,
                                .algorithm = PKI_SM2,
                                .sign_key = pki_pub_spki(pki_key_pub(sign)),
                                .not_before = 1700000000000,
                                .not_after = 1800000000000,
                                .user = "某某银行“分行”\"1\""};
}

/* Once the pool has what is asked for. */
static enum err ask(enum escrow_act act, const struct escrow_item *v, size_t n,
                    struct escrow_pair *out, struct err_info *e)
{
    enum err result = ERR_KMC_POOL;
    for (int tries = 0; tries < 500; tries++) {
        int empty = 0;
        result = ca_escrow_ask(t.line, act, v, n, t.a, out, e);
        for (size_t i = 0; result == ERR_OK && i < n; i++)
            empty |= out[i].error && !strcmp(out[i].error, "kmc.pool");
        if (result != ERR_KMC_POOL && !empty)
            break;
        usleep(10000);
    }
    return result;
}

static void a_whole_list_comes_back_and_opens(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_item list[ESCROW_LIST_MAX];
    struct escrow_pair out[ESCROW_LIST_MAX];
    for (int i = 0; i < ESCROW_LIST_MAX; i++)
        list[i] = item(arena_fmt(t.a, "%040x", i + 1), t.ukey);
    assert_ok(ask(ESCROW_GIVE, list, ESCROW_LIST_MAX, out, &e), &e);
    for (int i = 0; i < ESCROW_LIST_MAX; i++) {
        struct sm2_envelope v;
        _auto(pki_key) pair = NULL;
        assert_null(out[i].error);
        assert_string_equal(out[i].enc_serial, list[i].enc_serial);
        assert_ok(sm2_envelope_read_blob(out[i].blob, &v, &e), &e);
        assert_ok(sm2_envelope_open(&v, t.ukey, &pair, &e), &e);
        assert_int_equal(out[i].spki.n, pki_pub_spki(pki_key_pub(pair)).n);
        assert_memory_equal(out[i].spki.p, pki_pub_spki(pki_key_pub(pair)).p, out[i].spki.n);
    }
}

static void refusals_come_by_their_names(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out[2];
    _auto(pki_key) other = NULL;
    assert_ok(pki_key_new(PKI_SM2, &other, &e), &e);
    struct escrow_item one = item("01", t.ukey), two[2] = {item("01", other), item("02", other)};
    assert_ok(ask(ESCROW_GIVE, &one, 1, out, &e), &e);
    assert_err(ERR_KMC_SERIAL, ask(ESCROW_GIVE, two, 1, out, &e));
    assert_ok(ask(ESCROW_GIVE, two, 2, out, &e), &e);
    assert_string_equal(out[0].error, "kmc.serial_used");
    assert_null(out[1].error);
    two[0].enc_serial = "0x";
    assert_err(ERR_BAD_REQUEST, ask(ESCROW_GIVE, two, 1, out, &e));
    struct escrow_item unknown = item("ff", t.ukey);
    assert_err(ERR_KMC_NO_PAIR, ask(ESCROW_RECOVER, &unknown, 1, out, &e));
    struct escrow_item lost = item("01", other);
    assert_ok(ask(ESCROW_RECOVER, &lost, 1, out, &e), &e);
    struct sm2_envelope v;
    _auto(pki_key) pair = NULL;
    assert_ok(sm2_envelope_read(out[0].envelope, &v, &e), &e);
    assert_ok(sm2_envelope_open(&v, other, &pair, &e), &e);
}

/* Somebody who sits at the socket in the kmc's place has not its key. */
static void an_answer_of_another_kmc_is_not_believed(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out;
    struct bytes kept;
    _auto(pki_key) other = NULL;
    struct escrow_item one = item("01", t.ukey);
    assert_ok(ask(ESCROW_GIVE, &one, 1, &out, &e), &e);
    assert_ok(pki_key_new(PKI_SM2, &other, &e), &e);
    assert_ok(ca_escrow_init(t.options.data, pki_pub_spki(pki_key_pub(other)), t.a, &kept, &e), &e);
    assert_int_equal(kept.n, t.request_key.n); /* its own key stays what it was */
    assert_memory_equal(kept.p, t.request_key.p, kept.n);
    ca_escrow_free(t.line);
    t.line = NULL;
    assert_ok(ca_escrow_open(&t.options, &t.line, &e), &e);
    assert_err(ERR_SIGNATURE, ask(ESCROW_GIVE, &one, 1, &out, &e));
}

static void without_its_keys_or_a_kmc_it_says_so(void **state)
{
    (void)state;
    struct err_info e;
    struct escrow_pair out;
    struct ca_escrow *none = NULL;
    struct escrow_item one = item("01", t.ukey);
    httpd_stop(t.server);
    assert_err(ERR_UNAVAILABLE, ca_escrow_ask(t.line, ESCROW_GIVE, &one, 1, t.a, &out, &e));
    unlink(arena_fmt(t.a, "%s/kmc.pub", t.options.data));
    assert_err(ERR_CONFIG, ca_escrow_open(&t.options, &none, &e));
    assert_null(none);
}

#define WITH_A_KMC(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_KMC(a_whole_list_comes_back_and_opens),
        WITH_A_KMC(refusals_come_by_their_names),
        WITH_A_KMC(an_answer_of_another_kmc_is_not_believed),
        WITH_A_KMC(without_its_keys_or_a_kmc_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
