/* Keys in an HSM, by PKCS#11 2.40 (OASIS): P-256 (CKM_ECDSA) and RSA (CKM_RSA_PKCS with the DigestInfo of RFC 8017 9.2).
 *
 * This loads a vendor's library, which may start threads, read files and talk to a device or a network: never in a process that
 * holds other secrets or has filters (ca/hsm.h runs it in a child). A PIN is told to the token once; only where a session was
 * lost, once more. One thread. */
#ifndef CERTHALL_PKI_PKCS11_H
#define CERTHALL_PKI_PKCS11_H

#include "pki/key.h"

struct pkcs11;
void pkcs11_free(struct pkcs11 *p);
DEFINE_AUTO(pkcs11)
/* ERR_HSM{why}: the module is missing, or is none. */
NODISCARD enum err pkcs11_open(const char *module, struct pkcs11 **out, struct err_info *e);

struct pkcs11_key;
void pkcs11_key_free(struct pkcs11_key *k); /* wipes its PIN */
DEFINE_AUTO(pkcs11_key)
/* The private key labelled `label` (CKA_LABEL) on the token labelled `token`, and its public key. The key may be used until the
 * module is freed. ERR_HSM{why}: no such token or key, more than one; ERR_HSM_PIN; ERR_KEY_UNSUPPORTED. */
NODISCARD enum err pkcs11_key_open(struct pkcs11 *p, const char *token, const char *label,
                                   const char *pin, struct pkcs11_key **out, struct err_info *e);
const struct pki_pub *pkcs11_key_pub(const struct pkcs11_key *k); /* borrowed */
/* The signature over a SHA-256, in the form of pki_verify. A lost session is opened anew once. ERR_HSM, ERR_HSM_PIN. */
NODISCARD enum err pkcs11_sign(struct pkcs11_key *k, const uint8_t digest[PKI_DIGEST_LEN],
                               struct arena *a, struct bytes *sig, struct err_info *e);

#endif
