/* Inside the kmc: what its files share. */
#ifndef CERTHALL_KMC_KMC_PRIV_H
#define CERTHALL_KMC_KMC_PRIV_H

#include "kmc/kmc.h"
#include "pki/aead.h"
#include "pki/digest.h"
#include "pki/signer.h"
#include "store/store.h"

#include "kmc_sql.h"

#include <pthread.h>

/* A ca whose requests are answered. */
struct kmc_ca {
    char name[ESCROW_TEXT_MAX + 1];
    struct pki_pub *key;
};

struct kmc_pool;

struct kmc {
    struct store *store;
    struct store_group
        *group; /* the one writer: chains and releases are numbered by what stands there last */
    struct kmc_options options; /* without its texts */
    char *mark_path;
    int64_t mark; /* by the writer's thread: no pair with a higher number was ever given (pool.c) */
    struct aead_key storage;
    struct pki_signer *signer; /* of what the ca is answered */
    struct kmc_pool *pool;     /* NULL where no keys are kept ready */
    pthread_rwlock_t ca_lock;  /* a signature is verified under it, so that no key goes meanwhile */
    struct kmc_ca ca[KMC_CAS_MAX]; /* who is entered now */
    size_t cas;
};

/* A link of one of the chains, in the caller's transaction. */
enum kmc_chain { KMC_CHAIN, KMC_CHAIN_JUDICIAL };
NODISCARD enum err kmc_link(struct store_tx *tx, enum kmc_chain chain, int64_t at, const char *act,
                            const char *object, struct err_info *e);

/* ERR_KMC_REQUEST with {why}. */
enum err kmc_refuse(struct err_info *e, const char *field, const char *why);

/* ---- pool.c ---- */
/* What the wrap of a pair is bound to. */
struct bytes kmc_wrap_context(struct arena *a, enum pki_alg alg, struct bytes spki);
NODISCARD enum err kmc_pool_start(struct kmc *k, struct err_info *e);
void kmc_pool_stop(struct kmc *k);
/* Before pair `id` is given, by the writer's thread. */
NODISCARD enum err kmc_mark_raise(struct kmc *k, int64_t id, struct err_info *e);
void kmc_pool_wake(struct kmc *k); /* keys were taken */
int kmc_pool_wanted(const struct kmc *k, enum pki_alg alg);

/* ---- trust.c ---- */
NODISCARD enum err kmc_cas_load(struct kmc *k, struct err_info *e);
void kmc_cas_clear(struct kmc *k);
/* The ca's signature over the octets. ERR_KMC_SIGNER: it is not, or no such ca is entered. */
NODISCARD enum err kmc_ca_verify(struct kmc *k, const char *name, struct bytes octets,
                                 struct bytes signature, struct err_info *e);

/* ---- keys.c ---- */
/* A pair as it stands in the table. */
struct kmc_stored {
    int64_t id;
    enum pki_alg alg;
    struct bytes spki, wrapped;
};
/* Open the wrap and seal the pair to `to`: out->spki, envelope and blob. ERR_CRYPTO where the wrap does not open. */
NODISCARD enum err kmc_seal_pair(struct kmc *k, const struct kmc_stored *s,
                                 const struct pki_pub *to, struct arena *a, struct escrow_pair *out,
                                 struct err_info *e);
/* The pair that was given for a certificate; ERR_NOT_FOUND. */
NODISCARD enum err kmc_given_find(struct store_tx *tx, const char *ca, const char *serial,
                                  struct arena *a, struct kmc_stored *out, struct err_info *e);
int kmc_seals_to(enum pki_alg pair, enum pki_alg to); /* 1: SM2 to SM2, RSA to RSA */

#endif
