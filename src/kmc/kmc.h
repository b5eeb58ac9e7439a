/* The key management centre: keeps the UKeys' admin PINs, wrapped, and releases them to agents.
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

struct store_catalogue;
extern const struct store_catalogue kmc_catalogue;

enum {
    KMC_RELEASES_A_DAY = 3,
    KMC_NEW_A_DAY = 20,
    KMC_RELEASES_AN_HOUR = 100,
    KMC_PIN_LEN = 16,
    KMC_POINT_LEN = 65
};

struct kmc_options {
    const char *data;     /* "<data>/kmc": storage.key */
    const char *database; /* store URL */
    const struct clock *clock;
    int releases_per_hour; /* of all UKeys together, new ones included */
};

struct kmc;
/* Make the storage key (32 random octets, 0400) where it is missing. */
NODISCARD enum err kmc_init(const struct kmc_options *o, struct err_info *e);
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
