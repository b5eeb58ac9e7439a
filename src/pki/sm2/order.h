/* Numbers modulo the order n of SM2's group (GB/T 32918.5), always from 0 to n - 1; the time does not follow them. */
#ifndef CERTHALL_PKI_SM2_ORDER_H
#define CERTHALL_PKI_SM2_ORDER_H

#include "pki/sm2/words.h"

extern const uint64_t order_n[WORDS];

/* Any number of 256 bits, modulo n: twice n is more. */
void order_reduce(uint64_t out[WORDS], const uint64_t a[WORDS]);
/* 48 octets modulo n: of random octets, no number is likelier than another by more than 2^-127. */
void order_from_random(uint64_t out[WORDS], const uint8_t octets[48]);
void order_add(uint64_t out[WORDS], const uint64_t a[WORDS], const uint64_t b[WORDS]);
void order_sub(uint64_t out[WORDS], const uint64_t a[WORDS], const uint64_t b[WORDS]);
/* a b / 2^256 (Montgomery): with one factor that went through order_factor, the product. `b` may be any 256 bits. */
void order_mul(uint64_t out[WORDS], const uint64_t a[WORDS], const uint64_t b[WORDS]);
void order_factor(uint64_t out[WORDS], const uint64_t a[WORDS]); /* 2^256 a */

#endif
