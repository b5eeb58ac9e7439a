/* For envelope.c and its tests: an envelope with a given SM4 key, whose SM2Cipher was made elsewhere. */
#ifndef CERTHALL_PKI_ENVELOPE_PRIV_H
#define CERTHALL_PKI_ENVELOPE_PRIV_H

#include "pki/envelope.h"

/* SM2Cipher (GM/T 0009 7.2) of an SM4 key. ERR_DER_MALFORMED. */
NODISCARD enum err sm2_envelope_cipher_read(struct bytes der, struct sm2_envelope *out,
                                            struct err_info *e);
/* Fills point and scalar. */
NODISCARD enum err sm2_envelope_put(const uint8_t d[ENVELOPE_SCALAR_LEN],
                                    const struct pki_pub *pair, const uint8_t key[ENVELOPE_SM4_LEN],
                                    struct sm2_envelope *out, struct err_info *e);

#endif
