/* Texts and their encodings: hex, base64 (RFC 4648 4 and 5), Crockford base32, UTF-8, ids. */
#ifndef CERTHALL_BASE_TEXT_H
#define CERTHALL_BASE_TEXT_H

#include "base/mem.h"

#include <stdint.h>

/* Encoders write into the arena. */
char *text_hex(struct arena *a, struct bytes b);       /* lower case */
char *text_base64(struct arena *a, struct bytes b);    /* with padding */
char *text_base64url(struct arena *a, struct bytes b); /* without padding */
char *text_base32(struct arena *a, struct bytes b);    /* Crockford alphabet, no I L O U */

/* Decoders: 1 when all of `s` was valid, else 0. base64url accepts no padding. */
int text_from_hex(struct arena *a, const char *s, struct bytes *out);
int text_from_base64(struct arena *a, const char *s, struct bytes *out);
int text_from_base64url(struct arena *a, const char *s, struct bytes *out);

/* Mend what a person typed of a Crockford code: upper case, full-width to half-width, spaces and hyphens
 * dropped, O to 0, I and L to 1. NULL where another character remains. */
char *text_mend_code(struct arena *a, const char *typed);

int text_is_utf8(const void *p, size_t n);       /* RFC 3629; NUL counts as invalid */
void text_mend_utf8(char *s);                    /* each octet of no character becomes '?' */
size_t text_chars(const char *utf8);             /* code points */
char *text_trim(struct arena *a, const char *s); /* ASCII and ideographic spaces at both ends */

/* "123" to 123; 1 when `s` is 1 to 19 digits of a non-negative 63-bit number. */
int text_to_id(const char *s, int64_t *out);

/* Whole numbers of settings: 1 when `s` is a decimal within [min, max]. */
int text_to_int(const char *s, int64_t min, int64_t max, int64_t *out);

#endif
