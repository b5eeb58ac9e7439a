/* HPKE, base mode, one shot (RFC 9180): DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
 *
 * Seals a secret to a public key that was made for one job, such as an admin PIN to the agent's one-time key. */
#ifndef CERTHALL_PKI_HPKE_H
#define CERTHALL_PKI_HPKE_H

#include "pki/key.h"

enum { HPKE_ENC_LEN = 65 };

/* `to` must be P-256. Out: enc (65 octets) ‖ ciphertext ‖ tag. */
NODISCARD enum err hpke_seal(const struct pki_pub *to, struct bytes info, struct bytes aad,
                             struct bytes plain, struct arena *a, struct bytes *sealed,
                             struct err_info *e);
/* ERR_CRYPTO when anything differs. The plain text stands in the arena, which wipes. */
NODISCARD enum err hpke_open(const struct pki_key *key, struct bytes info, struct bytes aad,
                             struct bytes sealed, struct arena *a, struct bytes *plain,
                             struct err_info *e);

#endif
