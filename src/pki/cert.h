/* Certificates (RFC 5280 4, GM/T 0015): a spec becomes TBS octets, a signer makes them a certificate.
 *
 * Nothing here decides what a certificate may say: the ca's profiles fill the spec and pki/lint.h looks at
 * the exact octets before they are signed. No OpenSSL certificate object is built when writing. */
#ifndef CERTHALL_PKI_CERT_H
#define CERTHALL_PKI_CERT_H

#include "pki/signer.h"

enum { CERT_SERIAL_MAX = 20, CERT_MAX = 16384 };

/* Bits as RFC 5280 4.2.1.3 numbers them. */
enum cert_key_usage {
    CERT_KU_DIGITAL_SIGNATURE = 1 << 0,
    CERT_KU_NON_REPUDIATION = 1 << 1,
    CERT_KU_KEY_ENCIPHERMENT = 1 << 2,
    CERT_KU_DATA_ENCIPHERMENT = 1 << 3,
    CERT_KU_KEY_AGREEMENT = 1 << 4,
    CERT_KU_KEY_CERT_SIGN = 1 << 5,
    CERT_KU_CRL_SIGN = 1 << 6,
    CERT_KU_ENCIPHER_ONLY = 1 << 7,
    CERT_KU_DECIPHER_ONLY = 1 << 8,
};

/* What the encryption certificate of a pair has: GM/T 0015 C.4; with RSA without keyAgreement, which is none of RSA's
 * (RFC 3279 2.3.1). The signing certificate has digitalSignature and nonRepudiation (C.3). */
unsigned cert_encryption_usage(enum pki_alg alg);

enum cert_eku {
    CERT_EKU_SERVER_AUTH = 1 << 0,
    CERT_EKU_CLIENT_AUTH = 1 << 1,
    CERT_EKU_CODE_SIGNING = 1 << 2,
    CERT_EKU_EMAIL = 1 << 3,
    CERT_EKU_TIME_STAMPING = 1 << 4,
    CERT_EKU_OCSP_SIGNING = 1 << 5,
    CERT_EKU_OTHER = 1 << 6, /* met when reading only */
};

struct cert_policy {
    const char *oid;     /* dotted */
    const char *cps_url; /* NULL: none */
};

struct cert_extension {
    const char *oid; /* dotted */
    int critical;
    struct bytes value; /* DER of the extension's value, put inside the OCTET STRING */
};

struct cert_spec {
    struct bytes serial; /* magnitude, big endian, not zero; at most 20 octets as INTEGER content */
    struct bytes issuer, subject;     /* Name, DER (pki/name.h) */
    int64_t not_before, not_after;    /* UTC milliseconds; whole seconds are written */
    const struct pki_pub *key;        /* the subject's */
    const struct pki_pub *issuer_key; /* the CA's: AKI, and it decides the signature algorithm */
    int ca;             /* 1: basicConstraints critical cA TRUE; 0: the extension is left out */
    int path_len;       /* CAs: -1 no limit */
    unsigned key_usage; /* enum cert_key_usage; critical */
    unsigned eku;       /* enum cert_eku */
    const struct cert_policy *policy;
    size_t policies;
    const char *crl_url, *ocsp_url, *ca_issuers_url; /* NULL: none; http://, https:// or ldap:// */
    const char *const *dns;                          /* subjectAltName dNSName */
    size_t dns_names;
    int ocsp_nocheck;                   /* RFC 6960 4.2.2.2.1 */
    const struct cert_extension *extra; /* private ones, as a profile says (GM/T 0015 annex) */
    size_t extras;
};

/* A new serial: 16 octets, positive, never starting with 00 (RFC 5280 4.1.2.2). Six of the time, so that those made together
 * stand together in every index, then 80 random bits (at least 64: CA/Browser Forum Baseline Requirements 7.1). */
struct bytes cert_serial_new(struct arena *a);

/* TBSCertificate. ERR_CERT_SPEC with {why} where the spec cannot be written. */
NODISCARD enum err cert_tbs(const struct cert_spec *spec, struct arena *a, struct bytes *tbs,
                            struct err_info *e);
/* The certificate. Lint first (pki/lint.h). ERR_CRYPTO when the signer's key is not of the spec's algorithm. */
NODISCARD enum err cert_sign(struct bytes tbs, const struct pki_signer *s, struct arena *a,
                             struct bytes *der, struct err_info *e);

/* ---- reading ---- */

struct cert_view {
    char *serial;                     /* lower-case hex of the magnitude, whole octets */
    struct bytes serial_bytes;        /* magnitude */
    struct bytes issuer, subject;     /* Name, DER */
    char *issuer_text, *subject_text; /* RFC 4514 */
    int64_t not_before, not_after;    /* UTC milliseconds */
    struct bytes spki, tbs;
    enum pki_alg alg;        /* of the subject's key; 0 when not one of ours */
    int ca, path_len;        /* path_len -1: no limit */
    unsigned key_usage, eku; /* 0: extension absent */
    int ocsp_nocheck;
    struct bytes ski, aki;                     /* key ids; n 0 when absent */
    char *crl_url, *ocsp_url, *ca_issuers_url; /* the first URI of each, or NULL */
};
/* Everything in the arena. ERR_DER_MALFORMED; trailing octets are refused. */
NODISCARD enum err cert_view(struct bytes der, struct arena *a, struct cert_view *out,
                             struct err_info *e);
/* The subject's key of a certificate. */
NODISCARD enum err cert_key(struct bytes der, struct pki_pub **out, struct err_info *e);
/* DER of PEM or DER; and every certificate of a PEM file (at most `max`). */
NODISCARD enum err cert_decode(struct bytes pem_or_der, struct arena *a, struct bytes *der,
                               struct err_info *e);
NODISCARD enum err cert_decode_all(struct bytes pem, struct arena *a, struct bytes *der, size_t max,
                                   size_t *n, struct err_info *e);

/* RFC 5280 6.1 without revocation: leaf up to exactly `root` at a time (UTC milliseconds); each certificate is
 * DER. Right for SM2 too. ERR_CERT_UNTRUSTED with {why} and the depth in the detail. */
NODISCARD enum err cert_verify_chain(struct bytes leaf, const struct bytes *intermediate, size_t n,
                                     struct bytes root, int64_t at, struct err_info *e);
/* One signature: `der` (certificate or CRL) was signed by this key. ERR_SIGNATURE. */
NODISCARD enum err cert_verify_signature(struct bytes der, const struct pki_pub *issuer,
                                         struct err_info *e);

#endif
