/* PKCS#10 certification requests (RFC 2986; SM2 as facts of GM/T 0015: SM2-with-SM3, default id).
 *
 * Read by our own cursor. Attributes are kept but give no one any right: a CA builds every certificate
 * itself and takes the public key alone. */
#ifndef CERTHALL_PKI_CSR_H
#define CERTHALL_PKI_CSR_H

#include "pki/signer.h"

enum { CSR_MAX = 8192 };

/* All borrowed from the input. */
struct csr {
    struct bytes info;       /* CertificationRequestInfo, whole: what is signed */
    struct bytes subject;    /* Name, whole */
    struct bytes spki;       /* SubjectPublicKeyInfo, whole */
    struct bytes attributes; /* content of [0] */
    struct bytes algorithm;  /* AlgorithmIdentifier, whole */
    struct bytes signature;
};

/* DER only; more than CSR_MAX octets is ERR_TOO_LARGE. ERR_DER_MALFORMED names the rule. */
NODISCARD enum err csr_parse(struct bytes der, struct csr *out, struct err_info *e);
/* DER of what may be PEM ("CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST") or DER. */
NODISCARD enum err csr_decode(struct bytes pem_or_der, struct arena *a, struct bytes *der,
                              struct err_info *e);
/* Proof of possession: the key signed its own request. Gives the key. ERR_KEY_UNSUPPORTED, ERR_SIGNATURE. */
NODISCARD enum err csr_verify(const struct csr *c, struct pki_pub **key, struct err_info *e);

/* CertificationRequestInfo without attributes, for a signature made elsewhere (then pki_wrap). */
NODISCARD enum err csr_info(struct bytes subject, const struct pki_pub *key, struct arena *a,
                            struct bytes *info, struct err_info *e);
/* The whole request; the signer may be a UKey. */
NODISCARD enum err csr_build(struct bytes subject, const struct pki_signer *s, struct arena *a,
                             struct bytes *der, struct err_info *e);

#endif
