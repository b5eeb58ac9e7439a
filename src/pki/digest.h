/* Digests and MACs: SM3 (GB/T 32905), SHA-256, HMAC (RFC 2104) and HKDF (RFC 5869) over them.
 *
 * One-shot calls cannot fail: they end the process when the library has no such algorithm. */
#ifndef CERTHALL_PKI_DIGEST_H
#define CERTHALL_PKI_DIGEST_H

#include "base/mem.h"

enum digest_alg { DIGEST_SM3, DIGEST_SHA256, DIGEST_SHA1 };
enum { DIGEST_LEN = 32, DIGEST_SHA1_LEN = 20 };

size_t digest_len(enum digest_alg alg);
void digest_of(enum digest_alg alg, struct bytes msg, uint8_t *out);
void digest_sm3(struct bytes msg, uint8_t out[DIGEST_LEN]);
void digest_sha256(struct bytes msg, uint8_t out[DIGEST_LEN]);
void digest_hmac(enum digest_alg alg, struct bytes key, struct bytes msg, uint8_t *out);
void digest_hmac_sm3(struct bytes key, struct bytes msg, uint8_t out[DIGEST_LEN]);
void digest_hmac_sha256(struct bytes key, struct bytes msg, uint8_t out[DIGEST_LEN]);

/* In pieces. */
struct digest;
struct digest *digest_new(enum digest_alg alg);
void digest_add(struct digest *d, struct bytes part);
void digest_finish(struct digest *d, uint8_t *out); /* may be used again from the start */
void digest_free(struct digest *d);
DEFINE_AUTO(digest)

/* HKDF-SHA256, both steps; `n` ≤ 255 × 32. */
void digest_hkdf(struct bytes secret, struct bytes salt, struct bytes info, uint8_t *out, size_t n);
void digest_hkdf_extract(struct bytes salt, struct bytes secret, uint8_t prk[DIGEST_LEN]);
void digest_hkdf_expand(const uint8_t prk[DIGEST_LEN], struct bytes info, uint8_t *out, size_t n);

#endif
