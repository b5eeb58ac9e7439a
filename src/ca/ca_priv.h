/* Inside the ca: what its files share. */
#ifndef CERTHALL_CA_CA_PRIV_H
#define CERTHALL_CA_CA_PRIV_H

#include "ca/ca.h"
#include "ca/content.h"
#include "pki/digest.h"
#include "store/store.h"

#include "ca_sql.h"

#include <pthread.h>

/* A maker's certificate as it was read once: it serves for thousands of requests. */
struct ca_maker {
    struct bytes certificate;
    char serial[2 * CERT_SERIAL_MAX + 1]; /* hex */
    struct pki_pub *key;
    int64_t not_before, not_after;
    int asked; /* how often, under maker_lock */
};
enum { CA_MAKERS_KEPT = 64 };

struct ca_signers;
struct ca_unlocking;
struct ca_pairs;

/* ---- listed.c: what an issuer's lists show ---- */
struct listed_row {
    int64_t revoked_at, invalid_since, not_after;
    uint8_t serial[CERT_SERIAL_MAX], serial_n, reason; /* removeFromCRL: listed no more */
    uint16_t shard;
};
struct listed {
    struct listed_row *row; /* owned; by serial, as numbers */
    size_t n, room;
    int64_t seq;                          /* of the last change in it */
    int64_t shard_seq[CA_SHARDS_MAX + 1]; /* the same for each shard; [0]: for all */
    int loaded;
};
void listed_clear(struct listed *l);
/* Up to what the transaction sees. */
NODISCARD enum err listed_refresh(struct listed *l, struct store_tx *tx, int64_t issuer,
                                  struct err_info *e);
/* What changed after `seq` and a list shows, or no longer shows. */
NODISCARD enum err listed_since(struct listed *out, struct store_tx *tx, int64_t issuer,
                                int64_t seq, struct err_info *e);
int listed_find(const struct listed *l, struct bytes serial, enum crl_reason *reason);
struct listed_reading {
    const struct listed *listed;
    unsigned shard;  /* 0: all */
    int64_t last_at; /* thisUpdate of the list before */
    size_t at;
};
struct crl_source listed_source(struct listed_reading *r);

/* An issuer's lists as this process knows them; under crl_lock. */
struct ca_lists {
    struct listed listed;
    uint8_t made[CA_SHARDS_MAX + 1][2]; /* this process has made it: [1] the delta */
};

struct ca {
    struct ca_options options;
    struct arena *arena; /* issuers' certificates and paths: lives as long as the ca */
    struct store *store;
    struct store_group *group; /* the one writer */
    struct ca_signers *signers;
    struct ca_unlocking *unlocking;
    struct ca_pairs *pairs; /* the line to the kmc; NULL: no profile makes pairs */
    struct ca_issuer issuer[CA_ISSUERS_MAX];
    size_t issuers;
    struct ca_profile profile[CA_PROFILES_MAX];
    size_t profiles;
    pthread_mutex_t change_lock; /* with change_seen: who waits for news of the status log */
    pthread_cond_t change_seen;
    pthread_mutex_t crl_lock;               /* one list is made at a time */
    struct ca_lists *lists[CA_ISSUERS_MAX]; /* under crl_lock; owned, NULL before the first */
    pthread_mutex_t maker_lock;
    struct ca_maker *maker[CA_MAKERS_KEPT]; /* filled from the front, each kept to the end */
};

const struct ca_profile *ca_profile_find(const struct ca *ca, const char *code);
/* The issuing CA of an algorithm that signs new certificates: the newest. ERR_CA_PROFILE when there is none, ERR_CA_LOCKED. */
NODISCARD enum err ca_issuer_for(const struct ca *ca, enum pki_alg alg,
                                 const struct ca_issuer **out, struct err_info *e);

/* The key of an issuer, from its file; one that waits for its custodians is no error. */
NODISCARD enum err ca_key_load(struct ca *ca, struct ca_issuer *issuer, struct err_info *e);
/* ---- pin.c: keys in an HSM ---- */
enum { CA_PIN_SIZE = 256 };
/* `<code>.p11`, where it is there. ERR_CONFIG{why}. */
NODISCARD enum err ca_pin_find(struct ca *ca, struct ca_issuer *issuer, struct err_info *e);
/* A signer with this PIN; it is told once. ERR_KEY_PASSPHRASE: `pin` is NULL; ERR_HSM_PIN leaves the mark. */
NODISCARD enum err ca_pin_use(const struct ca *ca, const struct ca_issuer *issuer, const char *pin,
                              struct pki_signer **out, struct err_info *e);
int ca_pin_was_refused(const struct ca *ca, const struct ca_issuer *issuer);
/* The PIN from the custodians' secret. ERR_CONFIG{why}, ERR_CRYPTO. */
NODISCARD enum err ca_pin_open(const struct ca_issuer *issuer, const uint8_t secret[32], char *pin,
                               size_t size, struct err_info *e);

/* ERR_CA_LOCKED. */
enum err ca_locked(const struct ca_issuer *issuer, struct err_info *e);
struct ca_unlocking *ca_unlocking_new(void);
void ca_unlocking_free(struct ca_unlocking *u);
/* An issuer by its id; NULL: there is none. */
const struct ca_issuer *ca_issuer_by_id(const struct ca *ca, int64_t id);

/* An issuer in the making. The caller owns key and signer (ca_made_clear); texts and octets are in his arena. */
struct ca_made {
    const char *role, *common_name; /* role "root" or "issuing" */
    char code[40];
    int64_t id, parent_id; /* parent_id 0: itself */
    int64_t not_before, not_after;
    struct pki_key *key;
    struct pki_signer *signer;
    struct bytes subject, certificate;
};
const char *ca_alg_suffix(enum pki_alg alg); /* "p256" */
void ca_made_clear(struct ca_made *m);
NODISCARD enum err ca_made_key(struct ca_made *m, enum pki_alg alg, struct err_info *e);
/* Its certificate by `parent`, which is itself for a root; linted before it is signed. */
NODISCARD enum err ca_made_certify(struct ca_made *m, const char *organisation,
                                   const struct ca_made *parent, const char *status_url,
                                   struct arena *a, struct err_info *e);
NODISCARD enum err ca_made_record(struct store_tx *tx, const struct ca_made *m, enum pki_alg alg,
                                  int64_t now, struct err_info *e);

/* Run once, by one of the signers' threads; belongs to who added it until then. */
struct ca_job {
    void (*run)(struct ca_job *job);
    struct ca_job *next;
};
NODISCARD enum err ca_signers_new(struct ca_signers **out, struct err_info *e);
/* Both by the writer's thread: add, and behind its batch let them begin. */
void ca_signers_add(struct ca_signers *s, struct ca_job *job);
void ca_signers_go(void *signers);
/* Add and begin, by any thread. */
void ca_signers_put(struct ca_signers *s, struct ca_job *job);
void ca_signers_free(struct ca_signers *s); /* after what was added has been done */

/* The last numbers of the ca's tables, read once in a transaction and then known from what was written (store_tx_memory). */
struct ca_last {
    int certificate_known, status_known, audit_known;
    int64_t certificate, status, audit;
    uint8_t audit_hash[DIGEST_LEN];
    /* The maker who was found to vouch: whoever changes staff, or the state of a certificate, forgets him
     * (ca_forget_maker). */
    char maker[2 * CERT_SERIAL_MAX + 1]; /* his certificate's serial; "" none */
    char maker_name[128];
    int64_t maker_ended;
    struct bytes maker_certificate; /* lives as long as the ca */
};
static inline struct ca_last *ca_last(struct store_tx *tx)
{
    return store_tx_memory(tx, sizeof(struct ca_last));
}
static inline void ca_forget_maker(struct store_tx *tx)
{
    ca_last(tx)->maker[0] = '\0';
}

/* One link of the ca's own chain, in the caller's transaction. */
NODISCARD enum err ca_audit(struct store_tx *tx, int64_t at, const char *actor, const char *act,
                            const char *object, struct err_info *e);
/* The head of the chain: its number and hash (hex). 0 and zeros when nothing stands there. */
NODISCARD enum err ca_audit_head(struct store_tx *tx, int64_t *n, char hash[65],
                                 struct err_info *e);

/* What the maker's signature was held against, and verified: it need not be verified again under the same row, for the
 * same request, with the same certificate. */
struct ca_proven {
    int yes;
    struct ca_person row;
    struct bytes certificate; /* of the maker, in the arena */
};
/* Verify the maker's signature against what the database says now, before the writer is kept busy. Whatever is missing or wrong
 * is no error yet: *out then says nothing, and ca_evidence_check decides. */
void ca_evidence_prove(struct ca *ca, const struct ca_profile *p, const struct ca_request *r,
                       struct arena *a, struct ca_proven *out);
/* Check every kind that the profile asks for; a kind that is not asked for is not looked at. ERR_CA_EVIDENCE. */
NODISCARD enum err ca_evidence_check(struct ca *ca, struct store_tx *tx, const struct ca_profile *p,
                                     const struct ca_request *r, const struct ca_proven *proven,
                                     int64_t now, struct arena *a, struct ca_vouched *out,
                                     struct err_info *e);
void ca_makers_clear(struct ca *ca);

/* The kinds one by one, for ca_evidence_check. An item of the request's evidence by its kind; NULL: none. */
const json_t *ca_evidence_of(const struct ca_request *r, const char *kind);
enum err ca_evidence_refuse(struct err_info *e, const char *kind, const char *why);
/* Name, certificate and end of the member of staff whose serial the item has under the name of his role; his certificate is
 * neither on hold nor revoked where the ca made it. */
NODISCARD enum err ca_evidence_staff(struct store_tx *tx, const json_t *item, const char *role,
                                     struct arena *a, const struct store_row **staff,
                                     struct err_info *e);
/* What the reviewer says of the person, without a look at his signature: put into *person, where a fact that stands there
 * already (the regulator's) must be the same. */
NODISCARD enum err ca_review_facts(const struct ca_request *r, struct ca_person *person,
                                   struct err_info *e);
/* He signed it, for this order, profile and UKey, and for no shorter term. *name: who it was. */
NODISCARD enum err ca_review_evidence(struct store_tx *tx, const struct ca_profile *p,
                                      const struct ca_request *r, const struct ca_person *person,
                                      int64_t now, struct arena *a, const char **name,
                                      struct err_info *e);
/* The key of an earlier certificate of the project signed this request. *subject: of that certificate, in the arena. */
NODISCARD enum err ca_holder_evidence(struct ca *ca, struct store_tx *tx,
                                      const struct ca_profile *p, const struct ca_request *r,
                                      int64_t now, struct arena *a, struct bytes *subject,
                                      struct err_info *e);
/* The key of a certificate on hold asks for its release: the hold in this row of ca_certificate, and no other. ERR_CA_EVIDENCE. */
NODISCARD enum err ca_activation_check(const struct store_row *certificate, const char *revision,
                                       struct bytes signature, struct arena *a, struct err_info *e);
/* What of the evidence is looked at, as JSON for the record. */
const char *ca_evidence_text(const struct ca_request *r, struct arena *a);

/* ERR_KEY_COMPROMISED where the administrator entered this key, or a certificate of it was revoked for keyCompromise. For every
 * key that is about to be certified; Q_ca_certificate_clashes tells whether it can be one. */
NODISCARD enum err ca_key_allowed(struct store_tx *tx, struct bytes key_hash, struct arena *a,
                                  struct err_info *e);

/* The shard that a certificate with this serial is issued into, and the address of a shard's list. */
int ca_shard_of(const struct ca *ca, struct bytes serial);
const char *ca_crl_url(const struct ca *ca, const struct ca_issuer *issuer, int shard,
                       struct arena *a);
void ca_lists_clear(struct ca *ca);
enum { CA_LISTS_KEPT = 8 }; /* on record, of each kind */
/* What the issuer's lists show, up to what the transaction sees; under crl_lock. */
NODISCARD enum err ca_listed_of(struct ca *ca, const struct ca_issuer *issuer, struct store_tx *tx,
                                struct listed **out, struct err_info *e);
/* The number of the next row of certificates, which the caller writes in this transaction. */
NODISCARD enum err ca_certificate_next_id(struct store_tx *tx, struct arena *a, int64_t *id,
                                          struct err_info *e);

/* Append to the status log, in the caller's transaction. */
NODISCARD enum err ca_status_append(struct store_tx *tx, struct bytes serial, int64_t issuer_id,
                                    const char *state, enum crl_reason reason, int64_t at,
                                    int64_t not_after, int64_t *seq, struct err_info *e);
/* One change, in the caller's transaction. Refusals leave nothing behind. */
struct ca_change_work {
    struct ca *ca;
    const struct ca_change_in *in;
    struct bytes serial;
    struct arena *arena;
    int64_t now, seq;
    int already; /* it was in that state */
};
NODISCARD enum err ca_change_check(const struct ca_change_in *in, struct err_info *e);
NODISCARD enum err ca_change_one(struct store_tx *tx, struct ca_change_work *w, struct err_info *e);
/* Wake who waits for the status log; after the commit. */
void ca_changed(struct ca *ca);

/* A certificate that no order and no person asked for: recorded and audited as every other, intent first. `tbs` has been
 * checked. Its row has no order, and request id "<profile>-<serial>". */
#define CA_PROFILE_RESPONDER "responder"
struct ca_own {
    const char *profile;
    const struct ca_issuer *issuer;
    struct bytes serial, subject, spki, tbs;
    int64_t not_before, not_after;
};
NODISCARD enum err ca_issue_own(struct ca *ca, const struct ca_own *o, struct arena *a,
                                struct bytes *der, struct err_info *e);

/* Sign and record every certificate that was intended and not signed when the process ended; what a locked issuer is to sign
 * waits until it is opened. `only` an issuer's, or NULL: all. */
NODISCARD enum err ca_settle_intents(struct ca *ca, const struct ca_issuer *only,
                                     struct err_info *e);

#endif
