/* SM2 (GB/T 32918): key pairs, signatures of a finished digest e, encryption. Arithmetic of our own, since OpenSSL 3.0 takes
 * seventeen times as long for a signature as with P-256.
 *
 * No time and no address in memory follows a private key, what a signature is made with, or what is encrypted
 * (tests/constant-time looks for it in the objects that are shipped). Secrets are wiped from where they stood. What makes a
 * signature's random number is hashed from the private key, the digest and fresh random octets: one of the last two is enough.
 * The point that a signature comes from is held against the curve, and s against the equation, before the signature leaves: a
 * machine that calculates wrongly gives none.
 *
 * Everything takes a `struct sm2`, which holds the generator's table and never changes: any number of threads may use it. */
#ifndef CERTHALL_PKI_SM2_SM2_H
#define CERTHALL_PKI_SM2_SM2_H

#include "base/err.h"
#include "base/mem.h"
#include "pki/sm2/curve.h"

enum { SM2_LEN = 32, SM2_POINT_LEN = 64, SM2_SIG_LEN = 64 }; /* X ‖ Y, r ‖ s, big endian */

/* Made at the first call, in a millisecond: table, and a test of it and of all operations with the standard's example.
 * ERR_CRYPTO where the test fails: then this machine calculates wrongly, and nothing here is to be used. */
struct sm2;
NODISCARD enum err sm2_get(const struct sm2 **out, struct err_info *e);
const char *sm2_processor(const struct sm2 *m); /* for which one it was compiled: "plain", … */

/* A private key d from 1 to n - 2 and what goes with it. The owner wipes it: sm2_key_clear. */
struct sm2_key {
    uint64_t d[WORDS];
    uint64_t one_more[WORDS]; /* 1 + d, and its inverse, in the order's factor form */
    uint64_t inverse[WORDS];
};
/* ERR_KEY_UNSUPPORTED when d is not in its range. */
NODISCARD enum err sm2_key_init(struct sm2_key *k, const uint8_t d[SM2_LEN], struct err_info *e);
void sm2_key_make(struct sm2_key *k); /* a new one */
/* d times the generator: the public key. ERR_CRYPTO as above. */
NODISCARD enum err sm2_key_point(const struct sm2 *m, const struct sm2_key *k,
                                 uint8_t point[SM2_POINT_LEN], struct err_info *e);
void sm2_key_octets(const struct sm2_key *k, uint8_t d[SM2_LEN]); /* the caller wipes them */
void sm2_key_clear(struct sm2_key *k);

struct sm2_pub;
void sm2_pub_free(struct sm2_pub *p);
DEFINE_AUTO(sm2_pub)
/* ERR_KEY_UNSUPPORTED when the point is not on the curve. */
NODISCARD enum err sm2_pub_new(const struct sm2 *m, const uint8_t point[SM2_POINT_LEN],
                               struct sm2_pub **out, struct err_info *e);
/* A table of this key (32 KiB, as long as ten verifications): a verification then takes a third. Once, by one thread; others
 * may use the key meanwhile. */
void sm2_pub_prepare(const struct sm2 *m, struct sm2_pub *p);

/* GB/T 32918.2 6.1, of e = SM3(Z ‖ message). ERR_CRYPTO: the machine calculates wrongly. */
NODISCARD enum err sm2_sign(const struct sm2 *m, const struct sm2_key *k, const uint8_t e[SM2_LEN],
                            uint8_t sig[SM2_SIG_LEN], struct err_info *info);
/* 7.1: 1 when it is the key's signature of e. */
int sm2_verify(const struct sm2 *m, const struct sm2_pub *p, const uint8_t e[SM2_LEN],
               const uint8_t sig[SM2_SIG_LEN]);

/* GB/T 32918.4: C1 = the point, C3 = SM3(x ‖ plain ‖ y); C2, as long as the plain text, is the caller's. */
enum { SM2_PLAIN_MAX = 1 << 16 };
struct sm2_sealed {
    uint8_t point[SM2_POINT_LEN], hash[SM2_LEN];
};
/* ERR_TOO_LARGE; ERR_CRYPTO as above, and for an empty text, which the standard does not have. */
NODISCARD enum err sm2_encrypt(const struct sm2 *m, const struct sm2_pub *p, struct bytes plain,
                               struct sm2_sealed *out, uint8_t *c2, struct err_info *e);
/* ERR_CRYPTO when it was not made for this key, or was changed: which of both, and where, is not told. `plain` has c2.n octets
 * and is zeros then. */
NODISCARD enum err sm2_decrypt(const struct sm2 *m, const struct sm2_key *k,
                               const struct sm2_sealed *sealed, struct bytes c2, uint8_t *plain,
                               struct err_info *e);

#endif
