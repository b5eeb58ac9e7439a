/* The inverse modulo an odd number of 256 bits: once for numbers that everybody may know, where the time follows them, and once
 * for secrets, where it does not.
 *
 * Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (TCHES 2019-3): the division steps of §8,
 * 62 at a time on the lowest limbs, then applied to the whole numbers (§10). Of public numbers a step that only halves is
 * not walked through but counted; of secret ones all are walked through, as many as any number needs.
 *
 * OpenSSL has nothing quick for a number that is new each time: 9 us by exponentiation, 13 by BN_mod_inverse, this 2. */
#ifndef CERTHALL_PKI_SM2_INVERSE_H
#define CERTHALL_PKI_SM2_INVERSE_H

#include "pki/sm2/words.h"

enum { INVERSE_LEN = WORDS_OCTETS }; /* numbers are of this many octets, big endian */

/* 1 with x · out = 1 (mod `modulus`), and `out` may be where x stands; 0 where there is none: x is 0, not below the modulus,
 * or shares a divisor with it. The modulus must be odd and above 1. */
int inverse_of_public(const uint8_t x[INVERSE_LEN], const uint8_t modulus[INVERSE_LEN],
                      uint8_t out[INVERSE_LEN]);

/* x · out = 1 (mod `modulus`), a prime, x from 0 to below it; 0 for x = 0. */
void inverse_of_secret(const uint64_t x[WORDS], const uint64_t modulus[WORDS], uint64_t out[WORDS]);

#endif
