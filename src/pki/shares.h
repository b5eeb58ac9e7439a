/* Split custody: a secret of 32 octets in n shares, any k of which give it back and any k-1 say nothing of it.
 *
 * A. Shamir, How to share a secret, CACM 22(11), 1979: for each octet a polynomial over GF(2^8) of degree k-1 whose value
 * at 0 is the secret's, with coefficients drawn anew; share number x is its value at x. The field is that of FIPS 197 4.2.
 * Splitting and joining take the same time whatever the secret is; writing and reading a share as text does not, since that
 * happens before the eyes of the person who keeps it.
 *
 * What is public of a split (`struct split`) stands beside what the secret opens: from it a share is known, alone, for right
 * or wrong when it is given. The print of a share is a hash over 32 octets drawn at random, and tells nothing of them. */
#ifndef CERTHALL_PKI_SHARES_H
#define CERTHALL_PKI_SHARES_H

#include "base/err.h"
#include "base/mem.h"

enum {
    SHARES_SECRET_LEN = 32,
    SHARES_MIN = 2, /* of k: with 1 there is no split */
    SHARES_MAX = 16,
    SHARES_ID_LEN = 5,
    SHARES_PRINT_LEN = 16,
    SHARES_GROUPS = 18,                      /* of 4 characters and one to check them */
    SHARES_TEXT_SIZE = SHARES_GROUPS * 6 + 1 /* with what parts the groups and the NUL */
};

struct share {
    uint8_t id[SHARES_ID_LEN]; /* of the split */
    uint8_t threshold;         /* k */
    uint8_t number;            /* 1 … n */
    uint8_t value[SHARES_SECRET_LEN];
};

struct split {
    uint8_t id[SHARES_ID_LEN];
    uint8_t threshold, count; /* k of n */
    uint8_t print[SHARES_MAX][SHARES_PRINT_LEN];
};

/* `share` has room for `count`. ERR_BAD_REQUEST unless 2 ≤ threshold ≤ count ≤ SHARES_MAX. The caller wipes the shares. */
NODISCARD enum err shares_split(const uint8_t secret[SHARES_SECRET_LEN], int threshold, int count,
                                struct split *split, struct share *share, struct err_info *e);

/* Is it one of this split? ERR_SHARE{which, why}: of another split, of another threshold, a number that was not given, or not
 * the share that was handed out under its number. */
NODISCARD enum err shares_check(const struct split *split, const struct share *share,
                                struct err_info *e);
/* The secret from `n` shares, each checked first. ERR_SHARE{which, why} also for one given twice, and for fewer than the
 * threshold. With more of them the first are taken. */
NODISCARD enum err shares_join(const struct split *split, const struct share *share, size_t n,
                               uint8_t secret[SHARES_SECRET_LEN], struct err_info *e);

/* For a person to keep and to type: 18 groups of five characters of Crockford's base32, "81040-…", six in a line. The fifth of a group
 * tells every single wrong character of it, every two neighbours exchanged, and a group at another's place. */
void share_text(const struct share *share, char out[SHARES_TEXT_SIZE]);
/* As typed: either case, O for 0, I and L for 1, spaces, hyphens and lines as one likes. ERR_SHARE{which, why} names the
 * group. `which` is what the caller calls the share ("3", "of 苏航"). */
NODISCARD enum err share_read(const char *which, const char *text, struct share *out,
                              struct err_info *e);

/* "HV2KC0AQ": the split's id as people see it. */
enum { SHARES_ID_SIZE = 9 };
void shares_id_text(const uint8_t id[SHARES_ID_LEN], char out[SHARES_ID_SIZE]);

/* The public part as a settings file: `id`, `threshold`, `count`, `share.1` … with their prints in hex. */
char *split_text(const struct split *split, struct arena *a);
struct conf;
/* ERR_CONFIG{why} names what is missing or malformed. */
NODISCARD enum err split_read(const struct conf *conf, struct split *out, struct err_info *e);

#endif
