/* Envelopes: an encryption key pair on its way from the key management centre to the UKey that shall have it, sealed to the
 * signing key that the UKey has made itself. Who carries one cannot open it.
 *
 * SM2: the private key under a new SM4 key, block by block (ECB), and that key encrypted to the signing key. Two forms hold the
 * same numbers: SM2EnvelopedKey in DER (GM/T 0009-2012 7.4, GM/T 0092-2020) and ENVELOPEDKEYBLOB, which SKF_ImportECCKeyPair takes
 * (GM/T 0016-2012 6.4). ECB does no harm here: the key is used once, and the 32 octets are random.
 *
 * RSA: what PKCS#11's C_UnwrapKey takes with CKM_RSA_AES_KEY_WRAP (PKCS#11 v2.40 mechanisms 2.1.21), or in two steps with
 * CKM_RSA_PKCS_OAEP and CKM_AES_KEY_WRAP_PAD: a new AES-256 key by RSAES-OAEP (RFC 8017 7.1), then the pair as PKCS#8
 * PrivateKeyInfo under it by AES key wrap with padding (RFC 5649). OAEP with SHA-1 and MGF1 with SHA-1, since most tokens know no
 * other; OAEP does not rest on collisions (RFC 8017 B.1 recommends SHA-1 for it still).
 *
 * Neither form says who made it: who asked checks the kmc's signature over it (pki/escrow.h). */
#ifndef CERTHALL_PKI_ENVELOPE_H
#define CERTHALL_PKI_ENVELOPE_H

#include "pki/key.h"

enum {
    ENVELOPE_SM4_LEN = 16,
    ENVELOPE_SCALAR_LEN = 32,
    ENVELOPE_BLOB_LEN = 388, /* with ULONG of 32 bits */
    ENVELOPE_MAX = 8192      /* of any form */
};

/* The private part as an envelope carries it: 32 octets of an SM2 key, PKCS#8 of an RSA key. The arena wipes.
 * ERR_KEY_UNSUPPORTED for P-256, which has no pairs. */
NODISCARD enum err envelope_secret(const struct pki_key *k, struct arena *a, struct bytes *secret,
                                   struct err_info *e);

/* ---- SM2 ---- */

struct sm2_envelope {
    uint8_t point[64];            /* X, Y of the pair */
    uint8_t scalar[64];           /* SM4-ECB of 32 octets 00 and the private key */
    uint8_t c1[64], c3[32];       /* the SM4 key as SM2Cipher: point, hash … */
    uint8_t c2[ENVELOPE_SM4_LEN]; /* … and text */
    int whole; /* 0: read from an SM2EnvelopedKey, which has the second half of `scalar` alone */
};

/* Seal the private key `d` of the public key `pair` to `to`; both SM2, ERR_KEY_UNSUPPORTED otherwise. That they belong together is
 * the caller's affair: the kmc made them. */
NODISCARD enum err sm2_envelope_seal(const uint8_t d[ENVELOPE_SCALAR_LEN],
                                     const struct pki_pub *pair, const struct pki_pub *to,
                                     struct sm2_envelope *out, struct err_info *e);
/* The pair; the private key is proven to belong to the public one. ERR_CRYPTO: sealed to another key, or changed. */
NODISCARD enum err sm2_envelope_open(const struct sm2_envelope *v, const struct pki_key *to,
                                     struct pki_key **pair, struct err_info *e);

NODISCARD enum err sm2_envelope_der(const struct sm2_envelope *v, struct arena *a,
                                    struct bytes *der, struct err_info *e);
/* NULL and absent parameters of SM4-ECB are taken, and coordinates without their leading 00, as old peers write them.
 * ERR_DER_MALFORMED. */
NODISCARD enum err sm2_envelope_read(struct bytes der, struct sm2_envelope *out,
                                     struct err_info *e);
/* ENVELOPEDKEYBLOB: Version 1, SM4-ECB, 256 bits, little endian. ERR_CRYPTO where `v` is not whole. */
NODISCARD enum err sm2_envelope_blob(const struct sm2_envelope *v, uint8_t out[ENVELOPE_BLOB_LEN],
                                     struct err_info *e);
NODISCARD enum err sm2_envelope_read_blob(struct bytes blob, struct sm2_envelope *out,
                                          struct err_info *e);

/* ---- RSA ---- */

/* `to` is RSA. */
NODISCARD enum err rsa_envelope_seal(struct bytes pkcs8, const struct pki_pub *to, struct arena *a,
                                     struct bytes *out, struct err_info *e);
NODISCARD enum err rsa_envelope_open(struct bytes envelope, const struct pki_key *to,
                                     struct pki_key **pair, struct err_info *e);

#endif
