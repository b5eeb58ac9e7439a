/* The hall's line to the kmc: admin PINs, which the hall passes on sealed and cannot read (design §6).
 *
 * Errors and threads as ca_client.h. */
#ifndef CERTHALL_HALL_KMC_CLIENT_H
#define CERTHALL_HALL_KMC_CLIENT_H

#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>

struct kmc_client;
struct kmc_client *kmc_client_new(const char *socket, const char *peer_key);
void kmc_client_free(struct kmc_client *c);
DEFINE_AUTO(kmc_client)

struct kmc_ask {
    const char *request_id;
    const char *serial; /* of the UKey, no spaces */
    const char *order;
    struct bytes seal_key; /* 65 octets, uncompressed P-256 point of the agent's job */
    const char *evidence;  /* JSON: what the release was authorised by; NULL: none */
    int replace;           /* kmc_client_new_pin: one was let out for this UKey before */
};
struct kmc_pin { /* in the arena */
    int64_t version;
    struct bytes sealed;
};
/* ERR_KMC_REQUEST: it has one in force, and `replace` is not set; ERR_KMC_LIMIT, ERR_KMC_HOUR. */
NODISCARD enum err kmc_client_new_pin(struct kmc_client *c, const struct kmc_ask *r,
                                      struct arena *a, struct kmc_pin *out, struct err_info *e);
/* ERR_KMC_LIMIT: three a day for a serial; ERR_KMC_HOUR. */
NODISCARD enum err kmc_client_release(struct kmc_client *c, const struct kmc_ask *r,
                                      struct arena *a, struct kmc_pin *current,
                                      struct kmc_pin *next, struct err_info *e);
/* The UKey has this version now. */
NODISCARD enum err kmc_client_confirm(struct kmc_client *c, const char *serial, int64_t version,
                                      struct err_info *e);
NODISCARD enum err kmc_client_health(struct kmc_client *c, struct err_info *e);

#endif
