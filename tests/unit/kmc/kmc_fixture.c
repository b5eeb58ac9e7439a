#include "kmc_fixture.h"

#include "scratch.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void kmc_fixture_open(struct kmc_fixture *f, int sm2, int rsa)
{
    struct err_info e;
    memset(f, 0, sizeof *f);
    store_fixture_place(&f->db);
    snprintf(f->folder, sizeof f->folder, "/tmp/certhall-kmc-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->arena = arena_new();
    assert_ok(clock_open(NULL, &f->clock, &e), &e);
    f->options = (struct kmc_options){.data = f->folder,
                                      .database = f->db.url,
                                      .clock = f->clock,
                                      .pool = {[KMC_POOL_SM2] = sm2, [KMC_POOL_RSA2048] = rsa},
                                      .keys_per_hour = KMC_KEYS_AN_HOUR,
                                      .recoveries_per_hour = KMC_RECOVERIES_AN_HOUR};
    f->ca_key = kmc_fixture_key(PKI_SM2);
    assert_ok(pki_signer_from_key(f->ca_key, &f->ca, &e), &e);
    assert_ok(kmc_init(&f->options, &e), &e);
    assert_ok(kmc_ca_enter_first(&f->options, CA_NAME, pki_pub_spki(f->ca->pub), &e), &e);
    kmc_fixture_reopen(f);
}

void kmc_fixture_shut(struct kmc_fixture *f)
{
    kmc_free(f->kmc);
    f->kmc = NULL;
}

void kmc_fixture_reopen(struct kmc_fixture *f)
{
    struct err_info e;
    kmc_fixture_shut(f);
    assert_ok(kmc_open(&f->options, &f->kmc, &e), &e);
}

void kmc_fixture_close(struct kmc_fixture *f)
{
    kmc_fixture_shut(f);
    pki_signer_free(f->ca);
    pki_key_free(f->ca_key);
    clock_free(f->clock);
    arena_free(f->arena);
    store_fixture_close(&f->db);
    assert_int_equal(scratch_remove(f->folder), 0);
}

static void sql_postgres(const char *url, const char *sql)
{
    PGconn *c = PQconnectdb(url);
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s", PQerrorMessage(c));
    PQclear(r);
    PQfinish(c);
}

void kmc_fixture_sql(struct kmc_fixture *f, const char *sqlite, const char *postgres)
{
    sqlite3 *db;
    char *why = NULL;
    if (f->db.postgres) {
        sql_postgres(f->db.url, postgres);
        return;
    }
    assert_int_equal(sqlite3_open(f->db.url + strlen("sqlite:"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, sqlite, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s", why);
    sqlite3_close(db);
}

int64_t kmc_fixture_number(struct kmc_fixture *f, const char *sql)
{
    int64_t n;
    if (f->db.postgres) {
        PGconn *c = PQconnectdb(f->db.url);
        PGresult *r = PQexec(c, sql);
        assert_int_equal(PQntuples(r), 1);
        n = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
        PQclear(r);
        PQfinish(c);
        return n;
    }
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(f->db.url + strlen("sqlite:"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

struct kmc_pool_sum kmc_fixture_sum(struct kmc_fixture *f, enum kmc_pools kind)
{
    struct err_info e;
    struct kmc_pool_sum sum[KMC_POOLS];
    assert_ok(kmc_pool_sums(f->kmc, sum, &e), &e);
    return sum[kind];
}

void kmc_fixture_wait(struct kmc_fixture *f, enum kmc_pools kind, int64_t ready)
{
    for (int i = 0; i < 2000 && kmc_fixture_sum(f, kind).ready < ready; i++)
        usleep(10000);
    assert_true(kmc_fixture_sum(f, kind).ready >= ready);
}

int64_t kmc_fixture_links(struct kmc_fixture *f)
{
    struct err_info e;
    int64_t links, bad;
    assert_ok(kmc_audit_verify(f->kmc, &links, &bad, &e), &e);
    assert_int_equal(bad, 0);
    return links;
}

struct pki_key *kmc_fixture_key(enum pki_alg alg)
{
    struct err_info e;
    struct pki_key *key = NULL;
    assert_ok(pki_key_new(alg, &key, &e), &e);
    return key;
}

struct escrow_item kmc_fixture_item(const char *serial, enum pki_alg alg,
                                    const struct pki_key *sign)
{
    return (struct escrow_item){.request_id = "4711-sign",
                                .enc_serial = serial,
                                .algorithm = alg,
                                .sign_key = pki_pub_spki(pki_key_pub(sign)),
                                .not_before = 1700000000000,
                                .not_after = 1800000000000,
                                .user = "某某银行"};
}

enum err kmc_fixture_ask(struct kmc_fixture *f, enum escrow_act act, const struct escrow_item *item,
                         size_t n, struct kmc_keys_answer *out, struct err_info *e)
{
    struct escrow_request r = {act, CA_NAME, clock_machine(), item, n};
    struct bytes octets, signature;
    TRY(escrow_request_bytes(&r, f->arena, &octets, e));
    TRY(pki_sign(f->ca, octets, f->arena, &signature, e));
    return kmc_keys(f->kmc, &r, signature, f->arena, out, e);
}

struct pki_key *kmc_fixture_open_pair(const struct escrow_pair *p, const struct pki_key *sign)
{
    struct err_info e;
    struct pki_key *pair = NULL;
    struct sm2_envelope v;
    assert_null(p->error);
    if (pki_key_alg(sign) != PKI_SM2) {
        assert_ok(rsa_envelope_open(p->envelope, sign, &pair, &e), &e);
    } else {
        assert_ok(sm2_envelope_read(p->envelope, &v, &e), &e);
        assert_ok(sm2_envelope_open(&v, sign, &pair, &e), &e);
    }
    struct bytes spki = pki_pub_spki(pki_key_pub(pair));
    assert_int_equal(spki.n, p->spki.n);
    assert_memory_equal(spki.p, p->spki.p, spki.n);
    return pair;
}
