/* P-256 signatures verified with OpenSSL's functions below EVP; for the files of this folder.
 *
 * Why below: through EVP, a key that verifies one signature costs an object, a context and the search for both (8 us beside
 * the 43 us of the verification), and no table of multiples can be made for a key that verifies thousands. */
#ifndef CERTHALL_PKI_P256_H
#define CERTHALL_PKI_P256_H

#include "base/err.h"
#include "base/mem.h"

struct p256;
void p256_free(struct p256 *p);
DEFINE_AUTO(p256)

/* From an uncompressed point (65 octets), which is held against the curve: ERR_KEY_UNSUPPORTED. */
NODISCARD enum err p256_new(struct bytes point, struct p256 **out, struct err_info *e);

/* Tables of multiples of this key: verifying then takes a third of the time. Once, and by one thread; others may verify meanwhile.
 * Takes as long as 350 verifications without them, and 150 KiB. */
void p256_prepare(struct p256 *p);

/* 1 when `sig` (DER, SEQUENCE{r, s}) is the key's signature of this digest (FIPS 186-5 6.4.2); leaves no errors behind. */
int p256_verify(const struct p256 *p, const uint8_t digest[32], struct bytes sig);

#endif
