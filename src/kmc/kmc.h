/* The key management centre: keeps encryption key pairs and the UKeys' admin PINs, wrapped, and lets them out sealed.
 *
 * Encryption pairs (SM2, RSA) are made beforehand, by a thread that keeps a pool of them full. One is given for one encryption
 * certificate, against a request that an entered ca has signed, sealed to the signing key of the user's UKey (pki/envelope.h); it is
 * recorded and a link of the chain before it is sealed, and it stays for ever; a database that was put back from a copy does not
 * give it again. The same serial and key get the same pair again,
 * sealed anew; a serial with another key is refused. The user who has a new UKey gets it again through the ca, so many an hour;
 * two custodians together can have it sealed for a court (judicial recovery), in a chain of its own. Nothing gives a private key
 * in clear.
 *
 * A ca that was taken over can use pairs up and have the pairs of its own certificates sealed to keys of its choice, up to
 * `keys_per_hour` and `recoveries_per_hour`; each stands in the chain.
 *
 * Admin PINs: released to agents.
 *
 * A PIN is random, recorded before it is released, and leaves only sealed to a key that the hall names (RFC 9180), which is
 * the one-time key of one agent's job: the hall passes it on and cannot read it, and nothing ever returns it in clear.
 *
 * The kmc cannot see whose key that is. A hall that was taken over can name keys of its own: it gets PINs up to the limits (three a
 * day for setting a user PIN of a UKey, KMC_NEW_A_DAY for making one, so many an hour of all UKeys together), and it can
 * confirm a version that the UKey does not have. What it did stands in the kmc's own chain: each sealing to a key that this
 * request was not sealed to before is a release, counted, and a link that names UKey, version, order, request
 * and key (design §6, §10.7 U4b). A PIN without the UKey in one's hand is of no use.
 *
 * Threads: every function may be called from several at once. */
#ifndef CERTHALL_KMC_KMC_H
#define CERTHALL_KMC_KMC_H

#include "base/time.h"
#include "httpd/httpd.h"
#include "peer/peer.h"
#include "pki/escrow.h"

struct store_catalogue;
extern const struct store_catalogue kmc_catalogue;

enum {
    KMC_RELEASES_A_DAY = 3,
    KMC_NEW_A_DAY = 20,
    KMC_RELEASES_AN_HOUR = 100,
    KMC_PIN_LEN = 16,
    KMC_POINT_LEN = 65,
    KMC_KEYS_AN_HOUR = 100000,
    KMC_RECOVERIES_AN_HOUR = 20,
    KMC_CAS_MAX = 16,
    KMC_POOL_MAX = 1000000,
    KMC_REQUEST_LIFE = 10 * TIME_MINUTE /* between a ca's clock and ours */
};

enum kmc_pools { KMC_POOL_SM2, KMC_POOL_RSA2048, KMC_POOL_RSA3072, KMC_POOLS };

struct kmc_options {
    const char *data;     /* "<data>/kmc": storage.key, answer.key, given.mark */
    const char *database; /* store URL */
    const struct clock *clock;
    int releases_per_hour; /* of all UKeys together, new ones included */
    int pool[KMC_POOLS];   /* pairs to have ready; 0: this kmc has none of the kind */
    int keys_per_hour, recoveries_per_hour; /* by the hours of the clock */
};

struct kmc;
/* Make the storage key (32 random octets, 0400) and the key that answers are signed with (answer.key: SM2, PEM, 0400) where they are
 * missing. */
NODISCARD enum err kmc_init(const struct kmc_options *o, struct err_info *e);
/* The public key of answer.key, for the ca; SubjectPublicKeyInfo. After kmc_init. */
NODISCARD enum err kmc_answer_spki(const struct kmc_options *o, struct arena *a, struct bytes *spki,
                                   struct err_info *e);
NODISCARD enum err kmc_open(const struct kmc_options *o, struct kmc **out, struct err_info *e);
void kmc_free(struct kmc *k);
DEFINE_AUTO(kmc)

struct kmc_request {
    const char
        *request_id; /* of one UKey, order and purpose for ever; answered with the same versions */
    const char *serial, *order;
    struct bytes seal_key; /* uncompressed P-256 point; the same one again is no new release */
    const char *evidence;  /* JSON, recorded as it is */
    int replace;           /* kmc_pin_new: also where the UKey has a PIN that was confirmed */
};

struct kmc_sealed {
    int64_t version;
    struct bytes sealed; /* in the arena */
};

/* For production: a new PIN; earlier versions of this UKey die when it is confirmed. Another seal_key for a request id that is
 * known gets the same version again, as a release of its own.
 * ERR_KMC_REQUEST: the request id was used for another UKey or order, or the UKey has a confirmed version and `replace` is not set;
 * ERR_KMC_LIMIT: KMC_NEW_A_DAY today already; ERR_KMC_HOUR: the number of the hour is used up. */
NODISCARD enum err kmc_pin_new(struct kmc *k, const struct kmc_request *r, struct arena *a,
                               struct kmc_sealed *out, struct err_info *e);
/* For setting a user PIN: the current version and the next one, which the agent sets first. Another seal_key as above.
 * ERR_KMC_UNKNOWN: no PIN of this UKey; ERR_KMC_LIMIT: three today already; ERR_KMC_HOUR, ERR_KMC_REQUEST as above. */
NODISCARD enum err kmc_pin_release(struct kmc *k, const struct kmc_request *r, struct arena *a,
                                   struct kmc_sealed *current, struct kmc_sealed *next,
                                   struct err_info *e);
/* The agent says which version the UKey has now; older ones are dead afterwards. */
NODISCARD enum err kmc_pin_confirm(struct kmc *k, const char *serial, int64_t version,
                                   struct err_info *e);

/* ---- encryption pairs ---- */

struct kmc_keys_answer {
    struct escrow_answer answer; /* in the arena */
    struct bytes signature;      /* of escrow_answer_bytes, by kmc_answer_key */
};
/* A ca's request, whose octets `signature` is over. Pairs that are given are durable, each with a link of the chain, before it
 * returns. An item that cannot be served has its error: "kmc.serial_used" (given for another sign key or algorithm), "kmc.pool"
 * (none is ready), "kmc.no_pair" (nothing to recover), "key.unsupported"; where all have the same one, that is the request's.
 * ERR_KMC_SIGNER: not an entered ca, or not its signature; ERR_KMC_REQUEST: not of these ten minutes; ERR_KMC_QUOTA: the hour's
 * number is used up, nothing was given; ERR_KMC_POOL{seconds}; ERR_BAD_REQUEST and ERR_KEY_UNSUPPORTED with the field. */
NODISCARD enum err kmc_keys(struct kmc *k, const struct escrow_request *r, struct bytes signature,
                            struct arena *a, struct kmc_keys_answer *out, struct err_info *e);
/* Borrowed while `k` lives. */
const struct pki_pub *kmc_answer_key(const struct kmc *k);

struct kmc_pool_sum {
    enum pki_alg alg;
    int64_t wanted, ready, given;
};
NODISCARD enum err kmc_pool_sums(struct kmc *k, struct kmc_pool_sum out[KMC_POOLS],
                                 struct err_info *e);

/* ---- whom the kmc believes ---- */

/* The key that a ca signs its requests with, under the ca's name; one that is there under this name ends. ERR_BAD_REQUEST: a text is
 * missing; ERR_KMC_REQUEST: KMC_CAS_MAX others are entered. */
NODISCARD enum err kmc_ca_enter(struct kmc *k, const char *name, struct bytes spki, const char *by,
                                struct err_info *e);
/* The same for init, which has no kmc open yet. */
NODISCARD enum err kmc_ca_enter_first(const struct kmc_options *o, const char *name,
                                      struct bytes spki, struct err_info *e);

struct kmc_entry {
    const char *name, *serial; /* serial: of a custodian's certificate, else NULL */
    struct bytes spki;         /* of a ca */
    const char *entered_by, *ended_by;
    int64_t entered_at, ended_at; /* ended_at 0: believed */
};
struct kmc_entries {
    const struct kmc_entry *entry;
    size_t n;
};
NODISCARD enum err kmc_trust_list(struct kmc *k, struct arena *a, struct kmc_entries *cas,
                                  struct kmc_entries *custodians, struct err_info *e);

/* ---- judicial recovery ---- */

enum { KMC_CUSTODIANS = 2 };
/* A custodian's signature, with the key of his UKey. */
struct kmc_signed {
    const char *custodian; /* serial of his certificate, hex */
    struct bytes signature;
};

/* A person who may have a pair recovered together with another one; `certificate` is DER. The first two are entered by the
 * administrator; once there are two, `two` custodians sign each change (escrow_custodian_bytes): enter three at least, for one may lose
 * his UKey. ERR_KMC_CUSTODIAN{why}: a signature is missing or wrong, on record in the judicial chain; ERR_KMC_REQUEST: this person,
 * certificate or key is a custodian already; ERR_BAD_REQUEST; ERR_NOT_FOUND. */
NODISCARD enum err kmc_custodian_enter(struct kmc *k, const char *name, struct bytes certificate,
                                       const char *by, const struct kmc_signed *two,
                                       struct err_info *e);
NODISCARD enum err kmc_custodian_end(struct kmc *k, const char *serial, const char *by,
                                     const struct kmc_signed *two, struct err_info *e);
/* The pair of a certificate sealed to the key that two different custodians have signed for (escrow_judicial_bytes); a link of the
 * judicial chain before it is sealed. ERR_KMC_CUSTODIAN{why}, on record as well; ERR_KMC_NO_PAIR; ERR_BAD_REQUEST. */
NODISCARD enum err kmc_judicial(struct kmc *k, const struct escrow_judicial *r,
                                const struct kmc_signed two[KMC_CUSTODIANS], struct arena *a,
                                struct escrow_pair *out, struct err_info *e);

/* ---- the chains ---- */

/* Walk the chain: links, and the first that does not fit (0: none). */
NODISCARD enum err kmc_audit_verify(struct kmc *k, int64_t *links, int64_t *first_bad,
                                    struct err_info *e);
/* The chain of judicial recovery. */
NODISCARD enum err kmc_judicial_verify(struct kmc *k, int64_t *links, int64_t *first_bad,
                                       struct err_info *e);

/* ---- the sockets (ARCHITECTURE.md) ---- */
enum kmc_socket { KMC_SOCKET_HALL, KMC_SOCKET_ADMIN, KMC_SOCKET_CA, KMC_SOCKETS };

struct kmc_api {
    struct kmc *kmc;
    struct peer_policy policy[KMC_SOCKETS];
};
void kmc_api_mount(struct httpd *server, struct kmc_api *api);

#endif
