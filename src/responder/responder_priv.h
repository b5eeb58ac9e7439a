/* Inside the responder. */
#ifndef CERTHALL_RESPONDER_RESPONDER_PRIV_H
#define CERTHALL_RESPONDER_RESPONDER_PRIV_H

#include "responder/responder.h"

#include "base/sys.h"
#include "httpc/httpc.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "pki/digest.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ISSUERS_MAX = 16, LIST_SHARDS_MAX = 256, HTTP_DATE = 32 };

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7) */
void http_date(char out[HTTP_DATE], int64_t ms);

enum known_state { KNOWN_ACTIVE, KNOWN_HOLD, KNOWN_REVOKED };

/* One certificate's status, and its signed answer once somebody has asked. */
struct known {
    uint8_t serial[CERT_SERIAL_MAX];
    uint8_t serial_n, state, reason, issuer; /* issuer: index into responder.issuer */
    int64_t changed_at, not_after;
    struct answer *answer;
};

/* A signed answer for one CertID of one certificate. */
struct answer {
    int64_t this_update, next_update; /* business time */
    /* RFC 5019 6.2 */
    char tag[2 * 16 + 3], last_modified[HTTP_DATE], expires[HTTP_DATE];
    struct httpd_prepared *page; /* held; it has the OCSPResponse */
    int64_t
        page_until; /* as long as the time that the page gives to caches ends before next_update */
    const uint8_t *der; /* in the page */
    size_t id_n, der_n;
    uint8_t id[]; /* CertID */
};
void answer_free(struct answer *a); /* NULL is fine */

/* Open addressing by serial, power of two; serials are random, so their octets are the hash. */
struct table {
    struct known *slot;
    size_t size, used;
};
void table_init(struct table *t);
void table_clear(struct table *t);
size_t table_hash(struct bytes octets);
/* Room for so many, before the first is put in. */
void table_expect(struct table *t, size_t n);
/* NULL where there is none. */
struct known *table_find(const struct table *t, struct bytes serial);
/* Finds or adds; the slot's other members are 0 where it is new. */
struct known *table_put(struct table *t, struct bytes serial);

/* Answers for serials that nobody issued, by the octets of their CertID; one that comes later takes the place. As anybody
 * can ask for as many as he likes, their number is fixed. */
enum { UNKNOWN_SLOTS = 4096 };

struct issuer {
    int64_t id;
    char code[40];
    int root;
    struct bytes certificate; /* in the responder's arena */
    struct ocsp_issuer hashes;
    struct pki_signer *signer; /* delegated key of this algorithm; NULL for a root */
    struct bytes responder_certificate;
    int64_t until;                                  /* end of the certificate */
    int64_t responder_from, responder_until;        /* of the responder's own */
    int shards, deltas;                             /* of its lists, as the ca says */
    struct published *list[LIST_SHARDS_MAX + 1][2]; /* [1]: the delta; each holds a reference */
    int offer;          /* the ca's database went back: it is to be shown what we have */
    int64_t crl_at;     /* business time; 0: it is old. The follower's, as what comes now */
    int64_t list_from;  /* monotonic: not before then, so that long ones leave time for the log */
    int64_t certify_at; /* monotonic: not before then is a certificate asked for again */
    int failed;         /* the log says already that the ca refuses something */
};

/* The change that stands last in the log as it was followed: after the ca's database was put back from a copy another one has
 * its number. What is known of the certificate itself may be more than that log says. */
struct log_head {
    uint8_t serial[CERT_SERIAL_MAX];
    uint8_t serial_n, state, issuer;
    int64_t changed_at, not_after;
};

struct responder {
    struct responder_options options;
    struct arena *arena; /* under `lock`: issuers' certificates */
    struct httpc *ca;
    pthread_rwlock_t lock; /* table, unknown, issuers, lists */
    struct table table;
    struct answer *unknown[UNKNOWN_SLOTS];
    struct issuer issuer[ISSUERS_MAX];
    size_t issuers;
    int64_t seq;
    struct log_head head; /* of change `seq`; serial_n 0: not known */
    /* Machine time at which the ca last told everything it had; 0: never. What is answered is as old as this, so it is kept
     * over a restart (snapshot.c). Its distance from now is the age in business time too, which a demo moves. */
    _Atomic int64_t known_at;
    int unsaved;            /* something that no snapshot holds yet; the follower's */
    int64_t known_saved_at; /* the `known_at` that stands on disk; the follower's */
    _Atomic int stop;
    pthread_t follower;
    int following;
};

/* ---- follow.c ---- */
/* Ask the ca for issuers, certificates for our keys, changes and lists; once round. */
NODISCARD enum err follow_once(struct responder *r, struct err_info *e);

/* ---- lists.c ---- */
/* Those on disk, for a start while the ca is away. */
void lists_load(struct responder *r, struct issuer *issuer);
void lists_clear(struct issuer *issuer);
/* Those of an issuer that are not the ca's newest; the follower's. */
NODISCARD enum err lists_fetch(struct responder *r, struct issuer *issuer, struct err_info *e);
/* Show the ca its own lists, from which it takes what its database has lost. */
NODISCARD enum err lists_offer(struct responder *r, const struct issuer *issuer, int64_t *taken,
                               struct err_info *e);
/* What is given out; `owner` goes to published_release when it was sent. */
struct published_view {
    struct bytes der;
    int fd; /* of the same octets */
    const char *tag, *last_modified, *expires;
    int64_t next_update;
    void *owner;
};
NODISCARD enum err published_get(struct responder *r, const char *name, struct published_view *out,
                                 struct err_info *e);
void published_release(void *owner);

/* ---- snapshot.c: what is known, for a start while the ca is away ---- */
NODISCARD enum err snapshot_load(struct responder *r, struct err_info *e);
NODISCARD enum err snapshot_save(struct responder *r, struct err_info *e);
/* That nothing has changed since the snapshot: `known_at` alone, when a minute has gone since it was last saved. */
NODISCARD enum err snapshot_touch(struct responder *r, struct err_info *e);

/* ---- keys.c ---- */
/* The responder's key of an algorithm: `<data>/ocsp-<alg>.pem`, made where it is missing. */
NODISCARD enum err responder_key(struct responder *r, enum pki_alg alg, struct pki_signer **out,
                                 struct err_info *e);

#endif
