/* What the rules of certificates, lists and answers share. */
#ifndef CERTHALL_PKI_LINT_PRIV_H
#define CERTHALL_PKI_LINT_PRIV_H

#include "pki/key.h"

/* RFC 5280 4.1.2.5: UTCTime to 2049, GeneralizedTime from 2050. */
int lint_time_fits(uint8_t tag, int64_t ms);
/* An AlgorithmIdentifier that pki_sig_alg gives for one of ours. */
int lint_known_algorithm(struct bytes algorithm);
/* NULL: the key made the signature, and by its own algorithm. */
const char *lint_signed(const struct pki_pub *key, struct bytes algorithm, struct bytes message,
                        struct bytes signature);
/* A serial for a sentence: hex, of what is no serial its first octets. */
const char *lint_serial(struct arena *a, struct bytes content);

/* NULL: a Name of one part at least. */
const char *lint_name(struct bytes der, struct arena *a);

#endif
