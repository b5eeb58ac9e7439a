/* The inverse modulo an odd number of 256 bits, of numbers that everybody may know: its time follows them. No secret goes in.
 *
 * Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (TCHES 2019-3): the division steps of §8,
 * 62 at a time on the lowest limbs, then applied to the whole numbers (§10); a whole step that only halves is not walked
 * through but counted. OpenSSL has nothing quick for a number that is new each time: 9 us by exponentiation, 13 by
 * BN_mod_inverse, this 2. */
#ifndef CERTHALL_PKI_INVERSE_H
#define CERTHALL_PKI_INVERSE_H

#include <stdint.h>

enum { INVERSE_LEN = 32 }; /* numbers are of this many octets, big endian */

/* 1 with x · out = 1 (mod `modulus`), and `out` may be where x stands; 0 where there is none: x is 0, not below the modulus, or shares a divisor with it.
 * The modulus must be odd and above 1. */
int inverse_of_public(const uint8_t x[INVERSE_LEN], const uint8_t modulus[INVERSE_LEN],
                      uint8_t out[INVERSE_LEN]);

#endif
