/* A key of a UKey as an OpenSSL EVP_PKEY, so that a TLS client lets the UKey sign.
 * Elliptic curve keys only. */
#ifndef CERTHALL_TOKEN_EVP_H
#define CERTHALL_TOKEN_EVP_H

#include "token/token.h"

#include <openssl/evp.h>

/* The token must be logged in, and outlive *out; signing with *out happens in the token's thread.
 * ERR_TOKEN_UNSUPPORTED for a key that is not P-256. The caller frees *out with EVP_PKEY_free. */
NODISCARD enum err token_evp_key(struct token *t, const char *name, EVP_PKEY **out, struct err_info *e);

#endif
