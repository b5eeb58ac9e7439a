/* Evidence: the octets that a person's key signs, so that the ca can tell who wanted what (design §1).
 *
 *   "CERTHALL-EVIDENCE-v1" 00 kind 00 order 00 revision 00 SM3(fields)
 *   "CERTHALL-<op>-v1"     00 origin 00 job 00 SM3(fields)              signed by the agent for a job
 *
 * kind, order, revision, op, origin and job are texts without octet 00; SM3(fields) is 32 octets.
 * `fields` are name and value pairs, sorted by name (octet order, each name once), each pair written as
 *   length of name, 4 octets big endian | name | length of value, 4 octets big endian | value
 * one after another, nothing between. No field at all gives the digest of the empty string. */
#ifndef CERTHALL_PKI_EVIDENCE_H
#define CERTHALL_PKI_EVIDENCE_H

#include "base/err.h"
#include "base/mem.h"

struct evidence_field {
    const char *name;
    struct bytes value;
};

enum { EVIDENCE_FIELDS_MAX = 64 };

/* A field with a text as its value. */
struct evidence_field evidence_text(const char *name, const char *value);

/* The canonical form and its SM3. Order of `field` does not matter. ERR_BAD_REQUEST: a name twice, too many. */
NODISCARD enum err evidence_fields(const struct evidence_field *field, size_t n, struct arena *a,
                                   struct bytes *out, struct err_info *e);

/* Kinds: regulator, reviewer, maker, holder, activation; another is ERR_BAD_REQUEST. */
NODISCARD enum err evidence_bytes(const char *kind, const char *order, const char *revision,
                                  const struct evidence_field *field, size_t n, struct arena *a,
                                  struct bytes *out, struct err_info *e);
/* What a maker signs with his own UKey: which request, in which UKey, and whom the certificate will name. The names are
 * those of the regulator's row, shown to him; so nobody who only passes his signature on can have it stand for another
 * row. `csr_sum` is SHA-256 of the request's DER, 32 octets. */
struct evidence_make {
    const char *order, *revision;
    const uint8_t *csr_sum;
    const char *ukey;
    const char *institution, *reporting_code, *user; /* "" where the profile has no such row */
};
NODISCARD enum err evidence_make_bytes(const struct evidence_make *m, struct arena *a,
                                       struct bytes *out, struct err_info *e);
/* What a reviewer signs with his own UKey: for which order, what the certificate says of whom, for how long at most, and in which
 * UKey its key is. A fact that he does not vouch for is "". */
struct evidence_review {
    const char *order, *revision, *profile, *ukey;
    int64_t days;
    const char *institution, *reporting_code, *user, *uscc, *id_number;
    const char *dns; /* names joined by commas */
};
NODISCARD enum err evidence_review_bytes(const struct evidence_review *r, struct arena *a,
                                         struct bytes *out, struct err_info *e);

/* What the holder of a certificate signs with its key to renew it: which certificate is to be followed by which request. */
struct evidence_renew {
    const char *order, *revision, *profile, *ukey;
    const char *certificate; /* serial of the old one, hex */
    const uint8_t *csr_sum;  /* as of evidence_make */
};
NODISCARD enum err evidence_renew_bytes(const struct evidence_renew *r, struct arena *a,
                                        struct bytes *out, struct err_info *e);

/* What the holder signs with the key of a certificate that is on hold, so that it is released: this certificate, and this hold
 * (since when it is, UTC milliseconds), not one that comes later. */
struct evidence_activate {
    const char *order, *revision, *ukey;
    const char *certificate; /* serial, hex */
    int64_t held_since;
};
NODISCARD enum err evidence_activate_bytes(const struct evidence_activate *r, struct arena *a,
                                           struct bytes *out, struct err_info *e);
/* `op`: letters, digits and hyphens, such as "LOGIN"; "EVIDENCE" is none. */
NODISCARD enum err evidence_agent_bytes(const char *op, const char *origin, const char *job,
                                        const struct evidence_field *field, size_t n,
                                        struct arena *a, struct bytes *out, struct err_info *e);

#endif
