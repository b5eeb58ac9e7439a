/* PKCS#10 certification requests (RFC 2986; SM2 as facts of GM/T 0015: SM2-with-SM3, default id).
 *
 * Read by our own cursor. Attributes give no one any right: a CA builds every certificate itself and takes the public key
 * alone. One of them is read: a *double request*, as clients of CFCA make it, carries challengePassword and in
 * 1.2.840.113549.1.9.63 a temporary SM2 key, to which the encryption key of a pair is to be sealed. Its value is an OCTET
 * STRING, with or without the SET of RFC 2986 around it, of either those 136 octets or SEQUENCE {INTEGER 1, OCTET STRING of
 * them}: 00b4000000010000, X in 32 octets, 32 zeros, Y in 32 octets, 32 zeros (emmansun/gmsm, smx509/cfca_csr.go). */
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
    int bare;                    /* 1: a value has no SET around it, as in double requests only */
    int temporary;               /* 1: a double request */
    uint8_t temporary_point[65]; /* 04 X Y; csr_temporary_key says whether it is a key */
};

/* DER only; more than CSR_MAX octets is ERR_TOO_LARGE. ERR_DER_MALFORMED names the rule. */
NODISCARD enum err csr_parse(struct bytes der, struct csr *out, struct err_info *e);
/* DER of what may be PEM ("CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST") or DER. */
NODISCARD enum err csr_decode(struct bytes pem_or_der, struct arena *a, struct bytes *der,
                              struct err_info *e);
/* Proof of possession: the key signed its own request. Gives the key. ERR_KEY_UNSUPPORTED, ERR_KEY_WEAK (pki/weak.h),
 * ERR_SIGNATURE. Of a double request the temporary key must be one as well. */
NODISCARD enum err csr_verify(const struct csr *c, struct pki_pub **key, struct err_info *e);
/* The temporary key of a double request; *key NULL where the request has none. ERR_KEY_UNSUPPORTED: not on the curve. */
NODISCARD enum err csr_temporary_key(const struct csr *c, struct pki_pub **key, struct err_info *e);

/* CertificationRequestInfo without attributes, for a signature made elsewhere (then pki_wrap). */
NODISCARD enum err csr_info(struct bytes subject, const struct pki_pub *key, struct arena *a,
                            struct bytes *info, struct err_info *e);
/* The whole request; the signer may be a UKey. */
NODISCARD enum err csr_build(struct bytes subject, const struct pki_signer *s, struct arena *a,
                             struct bytes *der, struct err_info *e);

#endif
