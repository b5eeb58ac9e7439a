#include "pair_fixture.h"

#include "base/sys.h"

#include <string.h>
#include <unistd.h>

static const char PROFILE[] =
    "{\"code\":\"pair\",\"project\":\"aml-reporting\",\"kind\":\"dual\",\"algorithm\":\"SM2\",\"subject\":[{\"type\":\"C\",\"value\":\"CN\"},"
    "{\"type\":\"O\",\"from\":\"institution_name\"},{\"type\":\"OU\",\"from\":\"reporting_code\"},{\"type\":\"CN\",\"from\":\"user_name\"}],"
    "\"key_usage\":[\"digitalSignature\",\"nonRepudiation\"],\"eku\":[\"clientAuth\"],"
    "\"encryption_key_usage\":[\"keyEncipherment\",\"dataEncipherment\",\"keyAgreement\"],\"policy_oid\":\"2.5.29.32.0\","
    "\"days_min\":1,\"days_max\":366,\"evidence\":[\"regulator\",\"maker\"]}";

void pair_fixture_start_kmc(struct pair_fixture *p)
{
    struct err_info e;
    struct httpd_listen l = {
        .unix_path = p->line.socket, .tag = KMC_SOCKET_CA, .owner = (uid_t)-1, .group = (gid_t)-1};
    assert_ok(kmc_open(&p->kmc_options, &p->kmc, &e), &e);
    p->api = (struct kmc_api){.kmc = p->kmc};
    p->api.policy[KMC_SOCKET_CA] = (struct peer_policy){.uid = {getuid()}, .uids = 1};
    p->server = httpd_new(&(struct httpd_options){.workers = 2});
    assert_ok(httpd_listen(p->server, &l, &e), &e);
    kmc_api_mount(p->server, &p->api);
    assert_ok(httpd_start(p->server, &e), &e);
}

void pair_fixture_stop_kmc(struct pair_fixture *p)
{
    httpd_free(p->server);
    p->server = NULL;
    kmc_free(p->kmc);
    p->kmc = NULL;
}

void pair_fixture_wait(struct pair_fixture *p, int64_t ready)
{
    struct kmc_pool_sum sum[KMC_POOLS];
    struct err_info e;
    for (int tries = 0; tries < 2000; tries++) {
        assert_ok(kmc_pool_sums(p->kmc, sum, &e), &e);
        if (sum[KMC_POOL_SM2].ready >= ready)
            return;
        usleep(10000);
    }
    fail_msg("the pool was not filled");
}

/* The kmc, and the keys by which each knows the other. */
static void introduce(struct pair_fixture *p, int pool)
{
    struct err_info e;
    struct ca_fixture *f = &p->f;
    struct bytes kmc_key, request_key;
    p->kmc_options =
        (struct kmc_options){.data = arena_fmt(f->arena, "%s/kmc", f->folder),
                             .database = arena_fmt(f->arena, "sqlite:%s/kmc/kmc.db", f->folder),
                             .clock = f->clock,
                             .pool = {[KMC_POOL_SM2] = pool},
                             .keys_per_hour = 10000000,
                             .recoveries_per_hour = 10};
    assert_ok(kmc_init(&p->kmc_options, &e), &e);
    assert_ok(kmc_answer_spki(&p->kmc_options, f->arena, &kmc_key, &e), &e);
    assert_ok(ca_escrow_init(f->folder, kmc_key, f->arena, &request_key, &e), &e);
    assert_ok(kmc_ca_enter_first(&p->kmc_options, CA_ESCROW_NAME, request_key, &e), &e);
}

void pair_fixture_open(struct pair_fixture *p, int pool)
{
    struct err_info e;
    int kept;
    memset(p, 0, sizeof *p);
    ca_fixture_open(&p->f, PKI_P256);
    assert_ok(ca_init(&p->f.options, "CertHall", PKI_SM2, &kept, &e), &e);
    introduce(p, pool);
    p->line = (struct ca_escrow_options){
        .data = p->f.folder, .socket = arena_fmt(p->f.arena, "%s/kmc.sock", p->f.folder)};
    pair_fixture_start_kmc(p);
    assert_ok(file_replace(arena_fmt(p->f.arena, "%s/profiles/pair.json", p->f.folder),
                           (struct bytes){(const uint8_t *)PROFILE, strlen(PROFILE)}, 0600, &e),
              &e);
    p->f.options.kmc = &p->line;
    ca_fixture_reopen(&p->f);
    pair_fixture_wait(p, pool);
}

void pair_fixture_close(struct pair_fixture *p)
{
    struct ca *ca = p->f.ca;
    p->f.ca = NULL;
    ca_free(ca); /* before the kmc that it calls */
    pair_fixture_stop_kmc(p);
    pki_key_free(p->ukey);
    ca_fixture_close(&p->f);
}

struct ca_request pair_fixture_request(struct pair_fixture *p, const char *id, const char *order,
                                       struct pki_key **ukey, json_t **evidence)
{
    struct bytes csr = ca_fixture_csr(&p->f, PKI_SM2, ukey);
    *evidence = ca_fixture_evidence(&p->f, order, "FX2600071182", csr);
    struct ca_request r = ca_fixture_request(&p->f, id, order, csr, *evidence);
    r.profile = "pair";
    return r;
}
