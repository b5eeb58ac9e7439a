/* DER: one bounds-checked cursor to read with, one growing writer to write with (X.690, DER subset).
 *
 * The reader borrows: every `struct bytes` it gives points into the input. It takes definite, minimal
 * lengths and low tag numbers only; a refusal is ERR_DER_MALFORMED whose {why} names the rule, such as
 * "X.690 8.1.3". The writer goes forward: `der_open` leaves room for the length, `der_close` fills it in. */
#ifndef CERTHALL_PKI_DER_H
#define CERTHALL_PKI_DER_H

#include "base/err.h"
#include "base/mem.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8 = 0x0c,
    DER_PRINTABLE = 0x13,
    DER_TELETEX = 0x14,
    DER_IA5 = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_BMP = 0x1e,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
};
/* Context-specific tags [n], n below 31. */
#define DER_CONTEXT(n) (0x80 | (n))
#define DER_EXPLICIT(n) (0xa0 | (n))

/* ---- reading ---- */

struct der {
    const uint8_t *p, *end;
};

struct der der_start(struct bytes in);
int der_more(const struct der *d);                 /* 1 while something is left */
int der_next_is(const struct der *d, uint8_t tag); /* 1 when the next element has this tag */
struct bytes der_rest(const struct der *d);

/* The next element, whatever its tag. `whole` includes tag and length; each out pointer may be NULL. */
NODISCARD enum err der_any(struct der *d, uint8_t *tag, struct bytes *whole, struct bytes *content,
                           struct err_info *e);
/* The next element must have this tag: its content, or the element whole. */
NODISCARD enum err der_take(struct der *d, uint8_t tag, struct bytes *content, struct err_info *e);
NODISCARD enum err der_take_whole(struct der *d, uint8_t tag, struct bytes *whole,
                                  struct err_info *e);
/* The next element is constructed: go inside. The outer cursor moves behind it. */
NODISCARD enum err der_enter(struct der *d, uint8_t tag, struct der *inner, struct err_info *e);
/* Nothing may be left: "trailing bytes". */
NODISCARD enum err der_end(const struct der *d, struct err_info *e);

/* INTEGER, minimal (X.690 8.3.2). `der_uint` gives the magnitude without a leading zero octet and refuses a
 * negative number; zero is one octet 00. `der_small` wants 0..INT32_MAX. */
NODISCARD enum err der_uint(struct der *d, struct bytes *magnitude, struct err_info *e);
NODISCARD enum err der_small(struct der *d, int *value, struct err_info *e);
/* BIT STRING of whole octets, or any with `unused` given. */
NODISCARD enum err der_bits(struct der *d, struct bytes *content, int *unused, struct err_info *e);
NODISCARD enum err der_boolean(struct der *d, int *value, struct err_info *e);
/* UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 wants them (seconds, Z): UTC milliseconds. */
NODISCARD enum err der_time(struct der *d, int64_t *ms, struct err_info *e);

/* ERR_DER_MALFORMED with {why}; for parsers built on the cursor. */
enum err der_refuse(struct err_info *e, const char *why, ...) __attribute__((format(printf, 2, 3)));
/* 1 when the two have the same octets. */
int der_same(struct bytes a, struct bytes b);

/* ---- writing ---- */

/* An element is open from der_open to der_close, which takes the mark that der_open gave. */
size_t der_open(struct buf *b, uint8_t tag);
void der_close(struct buf *b, size_t mark);
void der_put(struct buf *b, uint8_t tag, struct bytes content);
void der_put_raw(struct buf *b, struct bytes whole); /* an element already encoded */
void der_put_text(struct buf *b, uint8_t tag, const char *s);
void der_put_uint(struct buf *b, struct bytes magnitude); /* INTEGER of a non-negative number */
void der_put_number(struct buf *b, uint64_t value);
void der_put_bits(struct buf *b, struct bytes content, int unused);
void der_put_boolean_true(struct buf *b);
/* UTCTime until 2049, then GeneralizedTime (RFC 5280 4.1.2.5); parts below a second are dropped. */
void der_put_time(struct buf *b, int64_t ms);
void der_put_generalized(struct buf *b, int64_t ms); /* OCSP, invalidityDate */
/* Extension (RFC 5280 4.1): opened up to the content of its OCTET STRING. */
struct der_ext {
    size_t seq, octets;
};
struct der_ext der_open_ext(struct buf *b, struct bytes oid, int critical);
void der_close_ext(struct buf *b, struct der_ext x);
/* Dotted text "1.2.156.10197.1.501"; 0 when it is not an OID. */
int der_put_oid(struct buf *b, const char *dotted);
/* A constant known to fit: `uint8_t head[6]` gets tag and length of `n` octets; gives the head's size. */
size_t der_head(uint8_t head[6], uint8_t tag, size_t n);

/* What was written, in the arena, and the buffer cleared; ERR_TOO_LARGE past the buffer's maximum. */
NODISCARD enum err der_finish(struct buf *b, struct arena *a, struct bytes *out,
                              struct err_info *e);

/* Dotted text of an OID's content octets; NULL when malformed (X.690 8.19). */
char *der_oid_text(struct arena *a, struct bytes content);

#endif
