/* SM3 (GB/T 32905-2016), for this folder: what it hashes are secrets, which are wiped here, and no memory is asked for. Everybody
 * else takes pki/digest.h. */
#ifndef CERTHALL_PKI_SM2_SM3_H
#define CERTHALL_PKI_SM2_SM3_H

#include "base/mem.h"

enum { SM3_LEN = 32, SM3_BLOCK = 64 };

struct sm3 {
    uint32_t state[8];
    uint8_t block[SM3_BLOCK];
    uint64_t octets; /* so far */
};

void sm3_init(struct sm3 *h);
void sm3_add(struct sm3 *h, const void *p, size_t n);
void sm3_finish(struct sm3 *h, uint8_t out[SM3_LEN]); /* wipes `h` */

#endif
