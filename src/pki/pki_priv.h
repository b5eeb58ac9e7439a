/* For the files of this folder and its tests only. */
#ifndef CERTHALL_PKI_PRIV_H
#define CERTHALL_PKI_PRIV_H

#include "pki/key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* `code` with what OpenSSL last said in the detail; empties its queue. {why} becomes `what`. */
enum err pki_library_error(struct err_info *e, enum err code, const char *what);
enum err pki_why(struct err_info *e, enum err code, const char *why, ...)
    __attribute__((format(printf, 3, 4)));

/* OpenSSL's object of the key; the caller's to free. */
NODISCARD enum err pki_pub_evp(const struct pki_pub *p, EVP_PKEY **out, struct err_info *e);
NODISCARD enum err pki_key_evp(const struct pki_key *k, EVP_PKEY **out, struct err_info *e);
/* SM2 is done by src/pki/sm2: its part of the key, borrowed. NULL for other algorithms, and where OpenSSL does it. */
const struct sm2_pub *pki_pub_sm2(const struct pki_pub *p);
const struct sm2_key *pki_key_sm2(const struct pki_key *k);
/* From now on OpenSSL does what is done with this SM2 key, and with signers made from it: the oracle for tests and benches.
 * Before others use the key. */
NODISCARD enum err pki_pub_use_library(struct pki_pub *p, struct err_info *e);
NODISCARD enum err pki_key_use_library(struct pki_key *k, struct err_info *e);
/* Takes over one reference of `pkey` when it succeeds. */
NODISCARD enum err pki_key_from_evp(EVP_PKEY *pkey, struct pki_key **out, struct err_info *e);
/* A pair of P-256 or SM2 from its 32-byte scalar, for published test vectors. */
NODISCARD enum err pki_key_from_scalar(enum pki_alg alg, const uint8_t scalar[32],
                                       struct bytes point, struct pki_key **out,
                                       struct err_info *e);

/* Algorithm and RFC 5280 key id of a SubjectPublicKeyInfo, without making an OpenSSL key of it: the point is
 * not checked to be on the curve. */
NODISCARD enum err pki_spki_peek(struct bytes spki, enum pki_alg *alg,
                                 uint8_t key_id[PKI_KEY_ID_LEN], struct err_info *e);

struct der;
struct ocsp_cert_id;
NODISCARD enum err ocsp_cert_id_read(struct der *d, struct ocsp_cert_id *id, struct err_info *e);

/* An initialised context for one-shot EVP_DigestSign or EVP_DigestVerify, with the SM2 id where it is
 * needed. *pctx must be freed by the caller after the context (OpenSSL lends it only). */
EVP_MD_CTX *pki_md_ctx(EVP_PKEY *pkey, enum pki_alg alg, int verify, EVP_PKEY_CTX **pctx);

/* One OpenSSL object of ours a type: freed at the end of the block. */
#define PKI_AUTO(type, name)                                                                       \
    static inline void name##_cleanup_(type **p)                                                   \
    {                                                                                              \
        name##_free(*p);                                                                           \
    }
PKI_AUTO(EVP_PKEY, EVP_PKEY)
PKI_AUTO(EVP_PKEY_CTX, EVP_PKEY_CTX)
PKI_AUTO(EVP_MD_CTX, EVP_MD_CTX)
PKI_AUTO(EVP_CIPHER_CTX, EVP_CIPHER_CTX)
PKI_AUTO(X509, X509)
#define _auto_evp(type) __attribute__((cleanup(type##_cleanup_))) type *

#endif
