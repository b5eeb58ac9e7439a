/* Keys: pairs and public keys of the four algorithms that a profile can name (design §5).
 *
 * SM2 always signs with the distinguishing id 1234567812345678 (GM/T 0009-2012 10); OpenSSL's own default is
 * the empty id, which no other software accepts, so nobody else in the tree may sign or verify with SM2
 * through OpenSSL. Signatures are DER: SEQUENCE{r, s} for P-256 (SHA-256) and SM2 (SM3), PKCS#1 v1.5 with
 * SHA-256 for RSA. A key may be used by several threads at once once it is made. */
#ifndef CERTHALL_PKI_KEY_H
#define CERTHALL_PKI_KEY_H

#include "base/err.h"
#include "base/mem.h"

enum pki_alg { PKI_P256 = 1, PKI_SM2, PKI_RSA2048, PKI_RSA3072 };

#define PKI_SM2_ID "1234567812345678"
enum { PKI_KEY_ID_LEN = 20, PKI_DIGEST_LEN = 32, PKI_SPKI_MAX = 1024 };

const char *pki_alg_text(enum pki_alg alg); /* "P-256", "SM2", "RSA-2048", "RSA-3072" */
int pki_alg_from_text(const char *text, enum pki_alg *out); /* 1 when known */

/* ---- public keys ---- */

struct pki_pub;
void pki_pub_free(struct pki_pub *p);
DEFINE_AUTO(pki_pub)

/* SubjectPublicKeyInfo, DER. SM2 is read as id-ecPublicKey with the SM2 curve and as the older 301/301 form.
 * Explicit curve parameters, other curves, a point off the curve and other RSA sizes: ERR_KEY_UNSUPPORTED
 * with {why}; bad DER: ERR_DER_MALFORMED. */
NODISCARD enum err pki_pub_load(struct bytes spki, struct pki_pub **out, struct err_info *e);
/* From an uncompressed point (65 octets); PKI_P256 or PKI_SM2. */
NODISCARD enum err pki_pub_from_point(enum pki_alg alg, struct bytes point, struct pki_pub **out,
                                      struct err_info *e);
enum pki_alg pki_pub_alg(const struct pki_pub *p);
/* SubjectPublicKeyInfo as we write it (SM2: id-ecPublicKey); borrowed while `p` lives. */
struct bytes pki_pub_spki(const struct pki_pub *p);
/* The BIT STRING's octets: 04 X Y for the curves, RSAPublicKey for RSA; borrowed while `p` lives. */
struct bytes pki_pub_point(const struct pki_pub *p);
/* RFC 5280 4.2.1.2 (1): SHA-1 of those octets; for SKI, AKI and OCSP's byKey. */
const uint8_t *pki_pub_key_id(const struct pki_pub *p);
int pki_pub_equal(const struct pki_pub *a, const struct pki_pub *b);

/* For a key that will verify many signatures: a table of its multiples, with which one costs a third. With P-256 it takes as long
 * as 350 without it, and 150 KiB; with SM2 as long as 10, and 32 KiB; with RSA it does nothing. At most once for a key; others
 * may verify with it meanwhile. */
void pki_pub_prepare(struct pki_pub *p);
/* After so many verifications a key counts as one that will verify many: 700 with P-256, 20 with SM2; 0: never. */
int pki_pub_prepare_after(const struct pki_pub *p);

/* ERR_SIGNATURE when `sig` is not the key's signature over `msg`. SM2 and P-256 signatures must be proper
 * DER; r and s of SM2 without their leading 00 are taken too, since old UKeys write them so. */
NODISCARD enum err pki_verify(const struct pki_pub *p, struct bytes msg, struct bytes sig,
                              struct err_info *e);

/* SM2 only: Z = SM3(ENTL ‖ ID ‖ a ‖ b ‖ G ‖ X ‖ Y), and e = SM3(Z ‖ msg), which a UKey signs directly. */
NODISCARD enum err pki_sm2_z(const struct pki_pub *p, uint8_t z[PKI_DIGEST_LEN],
                             struct err_info *e);
NODISCARD enum err pki_sm2_e(const struct pki_pub *p, struct bytes msg, uint8_t out[PKI_DIGEST_LEN],
                             struct err_info *e);

/* ---- key pairs ---- */

struct pki_key;
void pki_key_free(struct pki_key *k);
DEFINE_AUTO(pki_key)

NODISCARD enum err pki_key_new(enum pki_alg alg, struct pki_key **out, struct err_info *e);
enum pki_alg pki_key_alg(const struct pki_key *k);
const struct pki_pub *pki_key_pub(const struct pki_key *k); /* borrowed while `k` lives */

/* PKCS#8 in PEM. With a passphrase: PBES2, scrypt (N=16384), AES-256-CBC. `passphrase` NULL means none; an encrypted
 * file without or with a wrong one is ERR_KEY_PASSPHRASE. Older "EC PRIVATE KEY" and "RSA PRIVATE KEY" are read. */
NODISCARD enum err pki_key_load(struct bytes pem, const char *passphrase, struct pki_key **out,
                                struct err_info *e);
NODISCARD enum err pki_key_save(const struct pki_key *k, const char *passphrase, struct arena *a,
                                struct bytes *pem, struct err_info *e);
/* PKCS#8 DER without encryption, for who encrypts it himself (the arena wipes). */
NODISCARD enum err pki_key_from_der(struct bytes pkcs8, struct pki_key **out, struct err_info *e);
NODISCARD enum err pki_key_to_der(const struct pki_key *k, struct arena *a, struct bytes *pkcs8,
                                  struct err_info *e);

/* Sign a finished 32-byte digest: SHA-256 for P-256 and RSA, e for SM2. What SKF_ECCSignData does. */
NODISCARD enum err pki_key_sign_digest(const struct pki_key *k,
                                       const uint8_t digest[PKI_DIGEST_LEN], struct arena *a,
                                       struct bytes *sig, struct err_info *e);
/* RSASP1 (RFC 8017 5.2.1): the private operation on a block as long as the modulus, which the caller has padded.
 * ERR_KEY_UNSUPPORTED for a key that is not RSA. */
NODISCARD enum err pki_key_rsa_private(const struct pki_key *k, struct bytes block, struct arena *a,
                                       struct bytes *out, struct err_info *e);

#endif
