/* Between the files of shares, and for their tests. */
#ifndef CERTHALL_PKI_SHARES_PRIV_H
#define CERTHALL_PKI_SHARES_PRIV_H

#include "pki/shares.h"

uint8_t shares_gf_mul(uint8_t x, uint8_t y);
/* The share of number x: `coefficient[0]` is the secret, the others what was drawn. */
void shares_point(const uint8_t coefficient[][SHARES_SECRET_LEN], int threshold, uint8_t x,
                  uint8_t out[SHARES_SECRET_LEN]);
/* The polynomial through `n` shares of different numbers, at 0. */
void shares_at_zero(const struct share *share, size_t n, uint8_t secret[SHARES_SECRET_LEN]);
/* What shares_id_text wrote; 0 where it is none. */
int shares_id_read(const char *text, uint8_t out[SHARES_ID_LEN]);

#endif
