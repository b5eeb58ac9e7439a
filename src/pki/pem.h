/* PEM (RFC 7468): DER as text between labelled lines. */
#ifndef CERTHALL_PKI_PEM_H
#define CERTHALL_PKI_PEM_H

#include "base/err.h"
#include "base/mem.h"

/* Label "CERTIFICATE", "CERTIFICATE REQUEST", "X509 CRL" …; text in the arena. */
char *pem_encode(struct arena *a, const char *label, struct bytes der);
/* The first block with this label (NULL: any); ERR_DER_MALFORMED when there is none. */
NODISCARD enum err pem_decode(struct arena *a, struct bytes pem, const char *label,
                              struct bytes *der, struct err_info *e);
/* The same, and `pem` moves behind the block. */
NODISCARD enum err pem_decode_next(struct arena *a, struct bytes *pem, const char *label,
                                   struct bytes *der, struct err_info *e);

#endif
