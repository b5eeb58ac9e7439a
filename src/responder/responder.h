/* The responder: OCSP (RFC 6960), certificate revocation lists and CA certificates for relying parties.
 *
 * It holds a delegated OCSP key and a copy of the ca's status log, which it follows by sequence number. It answers from
 * memory: an answer is signed when first asked for, kept, and signed anew at half of its life or when the
 * certificate's state changes. An answer's thisUpdate is the time of the ca's last word, not of the asking: so it goes on
 * while the ca is away until nextUpdate would have passed, and then says tryLater. Its health tells.
 *
 * Threads: `responder_answer` and the getters may be called from any thread; one thread of its own follows the ca. */
#ifndef CERTHALL_RESPONDER_RESPONDER_H
#define CERTHALL_RESPONDER_RESPONDER_H

#include "base/time.h"
#include "httpd/httpd.h"
#include "pki/ocsp.h"

struct responder_options {
    const char *data;      /* "<data>/responder": key and snapshot */
    const char *ca_socket; /* "<run>/ca/responder.sock" */
    const char *peer_key;  /* shown to the ca where all processes share one user; "" otherwise */
    const struct clock *clock;
    int64_t answer_life; /* ms from thisUpdate, the ca's last word, to nextUpdate */
    int64_t crl_period;  /* ms after which a new list is asked for though nothing changed */
};

struct responder;
/* Loads or makes the OCSP key and reads the snapshot; does not need the ca. ERR_CONFIG, ERR_IO. */
NODISCARD enum err responder_open(const struct responder_options *o, struct responder **out,
                                  struct err_info *e);
/* Start following the ca. */
NODISCARD enum err responder_follow(struct responder *r, struct err_info *e);
void responder_free(struct responder *r); /* stops following */
DEFINE_AUTO(responder)

/* What a cache may know of an answer (RFC 5019 6). Texts live in the arena; NULL where no cache may keep it. */
struct responder_caching {
    int64_t max_age; /* seconds; 0: none */
    const char *tag, *last_modified, *expires;
};
/* The answer to one request, DER in the arena; always an OCSPResponse, an error one where it must be. Where `page` is given and the
 * answer is laid out already, *page is that, held for the caller, and nothing else is given; otherwise it is NULL. */
struct bytes responder_answer(struct responder *r, struct bytes request, struct arena *a,
                              struct responder_caching *caching, struct httpd_prepared **page);

/* The newest list called "issuing-p256", or a part of it "issuing-p256.7", or a delta "issuing-p256.delta", DER in the arena. ERR_NOT_FOUND; ERR_UNAVAILABLE before the first one came. */
NODISCARD enum err responder_crl(struct responder *r, const char *issuer, struct arena *a,
                                 struct bytes *der, struct err_info *e);
NODISCARD enum err responder_issuer(struct responder *r, const char *code, struct arena *a,
                                    struct bytes *der, struct err_info *e);

struct responder_health {
    int64_t seq;           /* of the last change known */
    int64_t ca_seen_at;    /* machine time at which the ca last told all it had; 0: never */
    int64_t answers_until; /* machine time: how long it goes on without the ca */
    size_t certificates;   /* known */
    int ready;             /* it has issuers and a certificate for its key */
};
void responder_health(struct responder *r, struct responder_health *out);

/* /ocsp, /crl/<list>.crl, /ca/<issuer>.cer, /health on a server. */
void responder_mount(struct httpd *server, struct responder *r);

#endif
