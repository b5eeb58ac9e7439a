/* The key management centre: keeps the UKeys' admin PINs, wrapped, and releases them to agents.
 *
 * A PIN is random, recorded before it is released, and leaves only sealed to the one-time key of one agent's job
 * (RFC 9180); nobody between kmc and agent can read it, and nothing ever returns it in clear. At most three releases a day for a
 * serial, each naming order, job key and evidence, each a link of the kmc's own chain (design §6, §10.7 U4b).
 *
 * Threads: every function may be called from several at once. */
#ifndef CERTHALL_KMC_KMC_H
#define CERTHALL_KMC_KMC_H

#include "base/time.h"
#include "httpd/httpd.h"
#include "peer/peer.h"

struct store_catalogue;
extern const struct store_catalogue kmc_catalogue;

enum { KMC_RELEASES_A_DAY = 3, KMC_PIN_LEN = 16, KMC_POINT_LEN = 65 };

struct kmc_options {
    const char *data;     /* "<data>/kmc": storage.key */
    const char *database; /* store URL */
    const struct clock *clock;
};

struct kmc;
/* Make the storage key (32 random octets, 0400) where it is missing. */
NODISCARD enum err kmc_init(const struct kmc_options *o, struct err_info *e);
NODISCARD enum err kmc_open(const struct kmc_options *o, struct kmc **out, struct err_info *e);
void kmc_free(struct kmc *k);
DEFINE_AUTO(kmc)

struct kmc_request {
    const char *request_id; /* unique for ever; the same one is answered with the same versions */
    const char *serial, *order;
    struct bytes seal_key; /* uncompressed P-256 point of the agent's one-time key */
    const char *evidence;  /* JSON, recorded as it is */
};

struct kmc_sealed {
    int64_t version;
    struct bytes sealed; /* in the arena */
};

/* For production: a new PIN that becomes the current one; earlier versions of this UKey die when it is confirmed.
 * ERR_KMC_REQUEST where the request id was used for another UKey or order. */
NODISCARD enum err kmc_pin_new(struct kmc *k, const struct kmc_request *r, struct arena *a,
                               struct kmc_sealed *out, struct err_info *e);
/* For setting a user PIN: the current version and the next one, which the agent sets first.
 * ERR_KMC_UNKNOWN: no PIN of this UKey; ERR_KMC_LIMIT: three today already. */
NODISCARD enum err kmc_pin_release(struct kmc *k, const struct kmc_request *r, struct arena *a,
                                   struct kmc_sealed *current, struct kmc_sealed *next,
                                   struct err_info *e);
/* The agent says which version the UKey has now; older ones are dead afterwards. */
NODISCARD enum err kmc_pin_confirm(struct kmc *k, const char *serial, int64_t version,
                                   struct err_info *e);
/* Walk the chain: links, and the first that does not fit (0: none). */
NODISCARD enum err kmc_audit_verify(struct kmc *k, int64_t *links, int64_t *first_bad,
                                    struct err_info *e);

/* ---- the sockets (ARCHITECTURE.md) ---- */
enum kmc_socket { KMC_SOCKET_HALL, KMC_SOCKET_ADMIN, KMC_SOCKETS };

struct kmc_api {
    struct kmc *kmc;
    struct peer_policy policy[KMC_SOCKETS];
};
void kmc_api_mount(struct httpd *server, struct kmc_api *api);

#endif
