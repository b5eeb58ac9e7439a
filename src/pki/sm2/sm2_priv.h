/* For the files of this folder and its tests. */
#ifndef CERTHALL_PKI_SM2_PRIV_H
#define CERTHALL_PKI_SM2_PRIV_H

#include "pki/sm2/sm2.h"

struct sm2 {
    const struct sm2_curve *curve;
    struct affine comb[COMB_G_ENTRIES]; /* of the generator */
};

struct sm2_pub {
    struct affine window[WINDOW_ENTRIES];
    struct affine *_Atomic comb; /* NULL: none yet */
};

/* With the code for one kind of processor, self-test included. 0 where it fails. */
int sm2_init(struct sm2 *m, const struct sm2_curve *curve);
/* Are all entries points of the curve, and does the standard's example come out? */
int sm2_is_sound(const struct sm2 *m);

/* Verdicts of sm2_sign_with, none of them a secret. */
enum sm2_made { SM2_MADE, SM2_ANOTHER, SM2_WRONG };
/* With a given random number k below n; SM2_ANOTHER: this k gives no signature (6.1 A5, A6); SM2_WRONG: a check failed. */
enum sm2_made sm2_sign_with(const struct sm2 *m, const struct sm2_key *key,
                            const uint8_t e[SM2_LEN], const uint64_t k[WORDS],
                            uint8_t sig[SM2_SIG_LEN]);
/* A number below n that nobody can tell: from 32 fresh random octets, the key (NULL: none) and e. */
void sm2_nonce(const struct sm2_key *key, const uint8_t e[SM2_LEN], uint64_t k[WORDS]);
enum err sm2_wrong(struct err_info *e);

/* With a given k; SM2_ANOTHER: the key stream is all zeros (GB/T 32918.4 6.1 A5). */
enum sm2_made sm2_encrypt_with(const struct sm2 *m, const struct sm2_pub *p, struct bytes plain,
                               const uint64_t k[WORDS], struct sm2_sealed *out, uint8_t *c2);

#endif
