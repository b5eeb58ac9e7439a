/* What the ca's sockets share. */
#ifndef CERTHALL_CA_API_PRIV_H
#define CERTHALL_CA_API_PRIV_H

#include "ca/api.h"

#include "base/json.h"

/* {"serial", "state", "certificate", "chain": [issuing, root]}; certificates in base64 of DER */
void ca_api_certificate(struct json_out *j, const struct ca *ca, const struct ca_answer *answer,
                        struct arena *a);

/* The administrator's calls: whom the ca believes, and its own chain. */
extern const struct httpd_route ca_admin_routes[];
extern const size_t ca_admin_route_count;

/* Many certificates at once, for the hall. */
extern const struct httpd_route ca_mass_routes[];
extern const size_t ca_mass_route_count;

#endif
