/* HPKE with a given ephemeral key and key length, so that the RFC's vectors (which are for AES-128-GCM) run. */
#ifndef CERTHALL_PKI_HPKE_PRIV_H
#define CERTHALL_PKI_HPKE_PRIV_H

#include "pki/hpke.h"

enum { HPKE_AES128 = 0x0001, HPKE_AES256 = 0x0002 }; /* RFC 9180 7.3 */

NODISCARD enum err hpke_seal_with(const struct pki_key *ephemeral, int aead,
                                  const struct pki_pub *to, struct bytes info, struct bytes aad,
                                  struct bytes plain, struct arena *a, struct bytes *sealed,
                                  struct err_info *e);
NODISCARD enum err hpke_open_with(int aead, const struct pki_key *key, struct bytes info,
                                  struct bytes aad, struct bytes sealed, struct arena *a,
                                  struct bytes *plain, struct err_info *e);

#endif
