/* Keys that are of a kind we take and are weak all the same, found from the public key alone.
 *
 * RSA: a factor below 752 (NIST SP 800-89 5.3.3), two primes so close together that 100 rounds of Fermat's method part them
 * (CA/Browser Forum Baseline Requirements 6.1.1.3), and the pattern of primes made by a chip's faulty library (ROCA,
 * CVE-2017-15361). Curves: the generator and its negative, whose private keys are 1 and n-1. The keys of Debian's faulty
 * OpenSSL of 2006 to 2008 (CVE-2008-0166) can only be told by a list, and Debian 12 ships none any more (the package
 * openssl-blacklist is gone): an operator who has one enters it as hashes of compromised keys at the ca. */
#ifndef CERTHALL_PKI_WEAK_H
#define CERTHALL_PKI_WEAK_H

#include "pki/key.h"

/* ERR_KEY_WEAK with {why}; ERR_OK when nothing is found. An RSA key of 2048 bits takes about 0.06 ms. */
NODISCARD enum err pki_pub_strong(const struct pki_pub *p, struct err_info *e);

/* The curve's generator as a public key, for samples that nobody signs with. PKI_P256 or PKI_SM2. */
NODISCARD enum err pki_pub_generator(enum pki_alg alg, struct pki_pub **out, struct err_info *e);

#endif
