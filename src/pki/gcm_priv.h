/* AES-GCM with the caller's nonce: for aead and hpke, which see to its being new. */
#ifndef CERTHALL_PKI_GCM_PRIV_H
#define CERTHALL_PKI_GCM_PRIV_H

#include "pki/aead.h"

struct gcm {
    const uint8_t *key;
    size_t key_n;         /* 16 or 32 */
    const uint8_t *nonce; /* AEAD_NONCE_LEN */
};
/* `out` gets ciphertext and tag: plain.n + AEAD_TAG_LEN octets. */
NODISCARD enum err gcm_seal(const struct gcm *g, struct bytes aad, struct bytes plain, uint8_t *out,
                            struct err_info *e);
/* `out` has room for sealed.n - AEAD_TAG_LEN octets; it is wiped when the tag is wrong. */
NODISCARD enum err gcm_open(const struct gcm *g, struct bytes aad, struct bytes sealed,
                            uint8_t *out, struct err_info *e);

#endif
