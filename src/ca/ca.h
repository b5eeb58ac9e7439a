/* The certificate authority: what its process can do.
 *
 * It builds every certificate itself, from its own profiles and from evidence that it checks alone; a caller
 * names an order, a key and a term, never a subject (design §1). Issuing is intent first (design §5): serial and exact
 * TBS octets are durable before the key signs them, and no signature leaves before its record is durable.
 *
 * Threads: every function may be called from several threads at once; all changes go through the store's one
 * writer with group commit. */
#ifndef CERTHALL_CA_CA_H
#define CERTHALL_CA_CA_H

#include "base/json.h"
#include "base/time.h"
#include "ca/profile.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "pki/name.h"

struct ca_hsm;
struct conf;
struct ca_escrow_options;
struct spawner;
struct split;
struct store;
struct store_tx;
struct store_group;
struct store_catalogue;

extern const struct store_catalogue ca_catalogue;

/* ---- the authority ---- */

struct ca_issuer {
    int64_t id, parent_id; /* parent_id 0: a root */
    char code[40];
    enum pki_alg alg;
    int root;
    struct bytes certificate; /* DER, in the authority's arena */
    struct bytes subject;     /* Name */
    int64_t not_after;
    int shards; /* numbers 1 … shards stand in certificates; 0: none does */
    const char *crl_url, *ocsp_url, *certificate_url; /* as they stand in what it issues */
    struct pki_signer
        *_Atomic signer;       /* NULL: a root whose key is kept away, or one that is locked */
    _Atomic int locked;        /* an issuing CA that waits for its custodians (ca/keys.h) */
    int encrypted;             /* its key's file is, or it is in an HSM */
    const struct conf *hsm;    /* where its key is in an HSM; NULL: it is in a file */
    const struct split *split; /* NULL: its key is not held in shares */
};

enum { CA_ROOT_YEARS = 20, CA_ISSUING_YEARS = 10 }; /* of what ca_init makes */
/* CA_SHARDS_MAX: into so many parts at most an issuer's list is divided. */
enum { CA_ISSUERS_MAX = 16, CA_PROFILES_MAX = 32, CA_SHARDS_MAX = 256 };

struct ca_options {
    const char *data;       /* "<data>/ca" */
    const char *database;   /* store URL */
    const char *status_url; /* public address of the responder, no slash at the end */
    const struct clock *clock;
    struct ca_hsm *hsm;             /* for keys in an HSM; NULL: none */
    const struct conf *passphrases; /* of encrypted keys, by code; NULL: none. For ca_open alone */
    struct spawner
        *decoders; /* its children read the regulator's lists; NULL: a tool that takes none */
    int revoke_per_hour, release_per_hour; /* how often the hall may have it done */
    int mass_per_second;                   /* pace of ca_change_many; 0: none */
    int64_t crl_period;                    /* ms between lists when nothing changed */
    const struct ca_escrow_options
        *kmc;       /* for profiles that make pairs; NULL: a tool, which makes none */
    int crl_shards; /* what is issued from now on names one of so many lists; 0 and 1: the list of all */
    /* Deltas are made against a list that is at most so old, in ms; 0: none are made. */
    int64_t delta_base_period;
};

struct ca;
/* Opens keys, profiles and database, and settles every intent that a crash left behind. */
NODISCARD enum err ca_open(const struct ca_options *o, struct ca **out, struct err_info *e);
void ca_free(struct ca *ca);
DEFINE_AUTO(ca)

/* Make keys and certificates of a root and an issuing CA of this algorithm: `<data>/keys/<code>.pem` (0600), rows in
 * the database. Subjects: C=CN, O=`organisation`, CN=… Where they are there already, with the issuing CA's key, they stay
 * and *kept is 1. ERR_CONFLICT when they are there without it. */
NODISCARD enum err ca_init(const struct ca_options *o, const char *organisation, enum pki_alg alg,
                           int *kept, struct err_info *e);

size_t ca_issuers(const struct ca *ca, const struct ca_issuer **out);

/* ---- people and keys the ca believes; only its administrator's socket calls these ---- */
enum ca_trusted { CA_TRUST_STAFF, CA_TRUST_REGULATOR };
struct ca_trust {
    int64_t id; /* of its kind */
    enum ca_trusted kind;
    const char *name; /* staff: the person; regulator: the project */
    const char *role; /* staff: "maker" or "reviewer"; regulator: "regulator" */
    struct bytes certificate;
    const char *entered_by;
    int64_t entered_at, ended_at; /* ended_at 0: believed */
};

/* A person's certificate, as "maker" or "reviewer": the same one again is no change. ERR_BAD_REQUEST for another role or an
 * empty name, ERR_DER_MALFORMED, ERR_CA_REQUEST when this certificate's right was ended: it does not come back. */
NODISCARD enum err ca_staff_enter(struct ca *ca, const char *name, const char *role,
                                  struct bytes certificate, const char *by, struct err_info *e);
/* A key whose signature makes a list of this project; there may be several at a time, so that one can follow another. The same
 * one again is no change. Errors as above; ERR_CA_REQUEST also for a key that signs for another project. */
NODISCARD enum err ca_regulator_enter(struct ca *ca, const char *project, struct bytes certificate,
                                      const char *by, struct err_info *e);
/* What it signs from now on counts for nothing; what it signed before stays. ERR_NOT_FOUND; ended already: no change. */
NODISCARD enum err ca_trust_end(struct ca *ca, enum ca_trusted kind, int64_t id, const char *by,
                                struct err_info *e);
/* All that were ever entered, staff first, each kind by id. Into the arena. */
NODISCARD enum err ca_trust_list(struct ca *ca, struct arena *a, struct ca_trust **out, size_t *n,
                                 struct err_info *e);

/* ---- keys that get no certificate ---- */

enum { CA_COMPROMISED_MAX = 1000 }; /* entered or listed at a time */
struct ca_compromised {
    struct bytes hash; /* SHA-256 of the SubjectPublicKeyInfo in the form of pki_pub_spki */
    const char *why, *entered_by;
    int64_t entered_at;
};
/* Enter them; one that stands there already is no change. *live: serials (hex) of certificates with one of these keys that
 * are not revoked, which the caller is to see to. ERR_BAD_REQUEST: a hash of another length, no reason, nobody, too many. */
NODISCARD enum err ca_compromised_enter(struct ca *ca, const struct bytes *hash, size_t n,
                                        const char *why, const char *by, struct arena *a,
                                        const char ***live, size_t *lives, struct err_info *e);
/* Those behind `after` (n 0: from the start), in the order of their hashes, at most CA_COMPROMISED_MAX. */
NODISCARD enum err ca_compromised_list(struct ca *ca, struct bytes after, struct arena *a,
                                       struct ca_compromised **out, size_t *n, struct err_info *e);

/* ---- regulator's lists ---- */
struct ca_batch_in {
    const char *project;
    const char *format; /* "csv" | "json" */
    struct bytes file, signature;
};
/* Idempotent by project and the file's hash. `id` gets 64 hex digits. ERR_SIGNATURE, or the list's first problem. */
NODISCARD enum err ca_batch_take(struct ca *ca, const struct ca_batch_in *in, struct arena *a,
                                 char id[65], struct err_info *e);

/* ---- issuing ---- */
struct ca_request {
    const char *request_id; /* unique for ever: "<order>-sign", "<order>-sign-2" */
    const char *order, *revision, *profile, *ukey;
    struct bytes csr;
    int64_t not_before, not_after;
    const json_t *evidence; /* list, as ARCHITECTURE.md says */
};

struct ca_answer {
    char serial[2 * CERT_SERIAL_MAX + 1];
    struct bytes certificate; /* DER, in the arena */
    const char *state;
    const struct ca_issuer *issuer;
    /* Of a profile that makes pairs; certificate.n 0: a single one. `sealed` is its private key, sealed by the kmc to the UKey's
     * signing key: ENVELOPEDKEYBLOB for SM2, rsa_envelope_seal for RSA (pki/envelope.h). */
    struct {
        char serial[2 * CERT_SERIAL_MAX + 1];
        struct bytes certificate, sealed;
    } encryption;
};

/* ERR_CA_EVIDENCE with {why}, ERR_CA_REQUEST when the request id was used with another key or the key with another
 * request, ERR_KEY_COMPROMISED, ERR_CERT_LINT, ERR_KEY_UNSUPPORTED, ERR_KEY_WEAK, ERR_SIGNATURE (CSR), ERR_CA_PROFILE. */
NODISCARD enum err ca_issue(struct ca *ca, const struct ca_request *r, struct arena *a,
                            struct ca_answer *out, struct err_info *e);

/* The same in two halves, so that nobody sleeps in between. `done(arg)` is called once, from a thread of the ca's that must not
 * be kept, when ca_issue_end may be called, also once, by whomever; it may be called before ca_issue_begin returns. Request
 * and arena are the ca's until then. On an error nothing was begun. */
struct ca_issuing;
NODISCARD enum err ca_issue_begin(struct ca *ca, const struct ca_request *r, struct arena *a,
                                  void (*done)(void *arg), void *arg, struct ca_issuing **out,
                                  struct err_info *e);
NODISCARD enum err ca_issue_end(struct ca_issuing *i, struct ca_answer *out, struct err_info *e);

/* What a request id was answered with, as it is now. ERR_NOT_FOUND: nothing was made for it; ERR_BUSY: it is being signed. */
NODISCARD enum err ca_certificate_of_request(struct ca *ca, const char *request_id, struct arena *a,
                                             struct ca_answer *out, struct err_info *e);

/* A member of staff whose UKey's key the administrator has before him: certified and entered in one go (clientAuth, by
 * the issuing CA of the key's algorithm; ERR_CA_PROFILE without one). The same request again gives the same certificate. */
struct ca_staff_in {
    const char *name, *role, *organisation, *ukey, *by;
    struct bytes csr;
    int days;
};
NODISCARD enum err ca_staff_certify(struct ca *ca, const struct ca_staff_in *in, struct arena *a,
                                    struct ca_answer *out, struct err_info *e);

/* ---- status ---- */
enum ca_change { CA_HOLD, CA_RELEASE, CA_REVOKE };
struct ca_change_in {
    enum ca_change change;
    const char *serial;     /* hex */
    enum crl_reason reason; /* CA_REVOKE only: a final one, else ERR_BAD_REQUEST */
    const char *actor;      /* for the record */
    const char *second;     /* for the record: who agreed, as the hall says; NULL: nobody */
    int64_t
        invalid_since; /* CA_REVOKE only: invalidityDate (RFC 5280 5.3.2), from the certificate's beginning to now; 0: none */
    /* CA_RELEASE: the certificate's own key asks for it (evidence_activate_bytes); n 0: it does not, and the release counts */
    struct bytes activation;
    const char *revision;
};
/* Already in that state: the same answer. ERR_CA_STATE when it cannot be (release of a revoked one),
 * ERR_CA_EVIDENCE for an activation that is none, ERR_CA_LIMIT when the hour's number of CA_REVOKE or of CA_RELEASE is used up. *seq: the change's number in the status log. */
NODISCARD enum err ca_change(struct ca *ca, const struct ca_change_in *in, int64_t *seq,
                             struct err_info *e);

/* Many of them by one request: what can be done is, in the order asked for, a few at a time so that single ones pass between, and
 * at most `mass_per_second`. The hour's numbers count for each as for a single one. What was not done when they are used up, or
 * after some seconds, is done when the same request is made again, which begins where it stopped. */
enum { CA_MASS_MAX = 10000, CA_REQUEST_ID_MAX = 128 };
struct ca_mass_in {
    const char *request_id;
    struct ca_change_in change; /* without its serial */
    const char *const *serial;  /* hex */
    size_t n;
};
struct ca_mass_item {
    const char *serial;
    const char *
        result; /* "done", "already" in that state, the code of a refusal, or "" : to be asked for again */
    int64_t seq; /* in the status log; 0: none */
};
struct ca_mass {
    struct ca_mass_item *item; /* in the arena, as asked */
    size_t n, done, refused, open;
};
/* ERR_BAD_REQUEST; ERR_CA_REQUEST: the request id was used for something else. */
NODISCARD enum err ca_change_many(struct ca *ca, const struct ca_mass_in *in, struct arena *a,
                                  struct ca_mass *out, struct err_info *e);

/* The newest list, made anew when something that it shows changed since, it is older than the period, or the process has made
 * none yet. It is a file, `<data>/lists/<name>.crl`, as its address ends.
 * ERR_NOT_FOUND: no such issuer with a key, no such shard, or no deltas. */
struct ca_list_of {
    int64_t issuer;
    int shard; /* 1 …; 0: the list of all */
    int delta;
};
struct ca_list {
    int fd; /* the caller's to close */
    uint64_t size;
    int64_t number;
};
NODISCARD enum err ca_list_open(struct ca *ca, const struct ca_list_of *of, struct ca_list *out,
                                struct err_info *e);
/* A complete list that this ca signed, from which it takes what its database has lost because it was put back from a copy: what
 * the list says is revoked is revoked, also where the certificate itself is lost; what it says is on hold is so where the
 * list is younger than the copy. Nobody needs to be believed: the signature is ours. *taken: how many changed.
 * ERR_BAD_REQUEST: not a complete list of an issuer here; ERR_SIGNATURE. */
enum { CA_LIST_MAX = 160 << 20 }; /* octets */
NODISCARD enum err ca_list_take(struct ca *ca, struct bytes der, int64_t *taken,
                                struct err_info *e);
/* The same into the arena, of all. */
NODISCARD enum err ca_crl(struct ca *ca, int64_t issuer_id, struct arena *a, struct bytes *der,
                          struct err_info *e);

/* Certificate for the responder's key: OCSPSigning, nocheck, by the issuing CA `issuer_id`, which may be one that a newer one
 * followed (0: the one that signs for the key's algorithm), for 90 days or to the end of that CA. ERR_NOT_FOUND, ERR_CA_LOCKED,
 * ERR_CA_PROFILE for a root or another algorithm. On record as profile
 * "responder", without an order; it is no news for the status log. */
NODISCARD enum err ca_responder_certificate(struct ca *ca, int64_t issuer_id, struct bytes csr,
                                            struct arena *a, struct bytes *der, struct err_info *e);

/* Walk the whole chain: how many links, and the first that does not fit (0: none). */
NODISCARD enum err ca_audit_verify(struct ca *ca, int64_t *links, int64_t *first_bad,
                                   struct err_info *e);
/* Take heads of the hall's audit chains into the ca's own chain; gives the ca's head. */
NODISCARD enum err ca_anchor(struct ca *ca, const char *heads, struct arena *a, int64_t *n,
                             char hash[65], struct err_info *e);

#endif
