/* A kmc with a folder and a database of its own (SQLite, or PostgreSQL under with-postgres), and a ca that is entered there. */
#ifndef CERTHALL_TESTS_KMC_FIXTURE_H
#define CERTHALL_TESTS_KMC_FIXTURE_H

#include "testing.h"

#include "kmc/kmc.h"
#include "pki/envelope.h"
#include "pki/signer.h"
#include "store_fixture.h"

#define CA_NAME "test-ca"

struct kmc_fixture {
    struct store_fixture db;
    char folder[64];
    struct arena *arena;
    struct clock *clock;
    struct kmc_options options;
    struct kmc *kmc;
    struct pki_key *ca_key;
    struct pki_signer *ca;
};

/* With `sm2` pairs wanted ready, of RSA-2048 `rsa`; returns at once. */
void kmc_fixture_open(struct kmc_fixture *f, int sm2, int rsa);
void kmc_fixture_shut(struct kmc_fixture *f); /* the kmc only */
void kmc_fixture_reopen(struct kmc_fixture *f);
void kmc_fixture_close(struct kmc_fixture *f);
/* A statement behind the kmc's back, in the database's own words. */
void kmc_fixture_sql(struct kmc_fixture *f, const char *sqlite, const char *postgres);
int64_t kmc_fixture_number(struct kmc_fixture *f, const char *sql); /* of one row and column */
struct kmc_pool_sum kmc_fixture_sum(struct kmc_fixture *f, enum kmc_pools kind);
/* Until so many are ready: 20 s at most. */
void kmc_fixture_wait(struct kmc_fixture *f, enum kmc_pools kind, int64_t ready);
int64_t kmc_fixture_links(struct kmc_fixture *f); /* of its chain, which holds */

struct pki_key *kmc_fixture_key(enum pki_alg alg);
struct escrow_item kmc_fixture_item(const char *serial, enum pki_alg alg,
                                    const struct pki_key *sign);
/* Sign as the ca and ask. */
enum err kmc_fixture_ask(struct kmc_fixture *f, enum escrow_act act, const struct escrow_item *item,
                         size_t n, struct kmc_keys_answer *out, struct err_info *e);
/* The pair in it, opened by the UKey's key. */
struct pki_key *kmc_fixture_open_pair(const struct escrow_pair *p, const struct pki_key *sign);

#endif
