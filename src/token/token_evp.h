/* A key of a UKey as an OpenSSL EVP_PKEY, so that a TLS client lets the UKey sign: P-256, and RSA where the UKey has
 * TOKEN_CAP_RSA_RAW. OpenSSL 3.0 has no TLS with SM2. */
#ifndef CERTHALL_TOKEN_EVP_H
#define CERTHALL_TOKEN_EVP_H

#include "token/token.h"

#include <openssl/evp.h>

struct token_evp;
/* The token must be logged in when something is signed, and outlive *out; signing happens in the token's
 * thread. ERR_TOKEN_UNSUPPORTED for an SM2 key. */
NODISCARD enum err token_evp_new(struct token *t, const char *name, struct token_evp **out,
                                 struct err_info *e);
void token_evp_free(struct token_evp *k); /* after every SSL_CTX and SSL that uses its pkey */
DEFINE_AUTO(token_evp)

/* Borrowed while `k` lives. */
EVP_PKEY *token_evp_pkey(const struct token_evp *k);
/* Why the last signature failed (the key was pulled, …); ERR_OK in `code` when it did not. */
const struct err_info *token_evp_error(const struct token_evp *k);

#endif
