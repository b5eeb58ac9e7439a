/* What SM2 makes, as others read it (GM/T 0009-2012 7), and encryption under a key in memory. */
#ifndef CERTHALL_PKI_SM2FORM_H
#define CERTHALL_PKI_SM2FORM_H

#include "pki/key.h"
#include "pki/sm2/sm2.h"

/* r ‖ s and SM2Signature, SEQUENCE{r, s}. Reading takes an r or s whose leading 00 is missing (7.3), as old UKeys write them;
 * anything else that is not DER: ERR_DER_MALFORMED. */
NODISCARD enum err sm2_sig_read(struct bytes der, uint8_t sig[SM2_SIG_LEN], struct err_info *e);
NODISCARD enum err sm2_sig_write(const uint8_t sig[SM2_SIG_LEN], struct arena *a, struct bytes *der,
                                 struct err_info *e);

/* SM2Cipher, SEQUENCE{x, y, hash, text} (7.2), of 1 to SM2_PLAIN_MAX octets for the holder of a key: ERR_KEY_UNSUPPORTED for a
 * key that is not SM2, ERR_TOO_LARGE, ERR_CRYPTO. */
NODISCARD enum err pki_sm2_encrypt(const struct pki_pub *p, struct bytes plain, struct arena *a,
                                   struct bytes *der, struct err_info *e);
/* ERR_DER_MALFORMED; ERR_CRYPTO when it was not made for this key or was changed. The arena wipes the text. */
NODISCARD enum err pki_sm2_decrypt(const struct pki_key *k, struct bytes der, struct arena *a,
                                   struct bytes *plain, struct err_info *e);

#endif
