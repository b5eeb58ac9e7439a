/* The regulator's list: a file of approved registrations, corrections and withdrawals (conventions.md).
 *
 * CSV (UTF-8 or GB18030, RFC 4180, a head row) or a JSON array with the same keys, at most 10,000 rows and 5 MiB. The
 * hall and the ca read the same file independently and must come to the same rows, so both use this. Reading
 * is pure: nothing outside the arena is touched; the server processes have it done in a child. Every problem of the file is reported at once. */
#ifndef CERTHALL_REGLIST_REGLIST_H
#define CERTHALL_REGLIST_REGLIST_H

#include "base/err.h"
#include "base/mem.h"

enum { REGLIST_ROWS_MAX = 10000, REGLIST_BYTES_MAX = 5 * 1024 * 1024, REGLIST_HASH_LEN = 32 };

enum reglist_format { REGLIST_CSV, REGLIST_JSON };
enum reglist_action { REGLIST_ADD, REGLIST_CORRECT, REGLIST_WITHDRAW };

/* One row, mended: trimmed, full-width to half-width, upper case where the field says so. Absent is "". */
struct reglist_row {
    int number; /* 1 … n without the head row: the row of the evidence */
    int place; /* where a person finds it: line of the sheet (head row is 1), or element of the JSON list */
    enum reglist_action action;
    const char *institution_name; /* 2 to 64 characters (RFC 5280 ub-organization-name) */
    const char *reporting_code;   /* 14 of A-Z 0-9 */
    const char *user_name;        /* 1 to 64 characters (RFC 5280 ub-common-name) */
    const char *uscc;             /* 18 of the GB 32100 alphabet; the check digit may be wrong */
    const char *handler;          /* 2 to 50 characters */
    const char *mobile;           /* 11 digits */
    const char *email;
    const char *code; /* 16 Crockford characters or "" */
    const char *key;  /* reporting_code "/" user_name: what correct and withdraw name */
    uint8_t hash
        [REGLIST_HASH_LEN]; /* SHA-256 over number, action and all fields, each with its length */
};

enum reglist_reason {
    REGLIST_ENCODING, /* neither UTF-8 nor GB18030 */
    REGLIST_SYNTAX,   /* not CSV, or not a JSON list of objects with texts */
    REGLIST_EMPTY,    /* no rows */
    REGLIST_COLUMN_MISSING,
    REGLIST_COLUMN_UNKNOWN,
    REGLIST_COLUMN_TWICE,
    REGLIST_COLUMN_COUNT, /* a row with more or fewer fields than the head row */
    REGLIST_REQUIRED,
    REGLIST_TOO_SHORT,
    REGLIST_TOO_LONG,
    REGLIST_CHARACTER, /* control character, or one that the field does not have */
    REGLIST_ACTION,    /* not add, correct, withdraw */
    REGLIST_REPORTING_CODE,
    REGLIST_USCC_FORM, /* not 18 characters of the alphabet */
    REGLIST_USCC_CHECK, /* warning: check digit (GB 32100 5; facts/identity-numbers.md: real codes fail too) */
    REGLIST_MOBILE,
    REGLIST_EMAIL,
    REGLIST_CODE,           /* not 16 Crockford characters */
    REGLIST_CODE_GUESSABLE, /* fewer than six different characters */
    REGLIST_CODE_NOT_HERE,  /* a correction or withdrawal carries no code */
    REGLIST_TWICE,          /* the same key again; {other} is the first place */
    REGLIST_CODE_TWICE,     /* the same authorisation code again */
    REGLIST_NAME_DIFFERS, /* warning: one reporting code with two institution names or credit codes */
    /* found by the hall against what it holds, in the same list */
    REGLIST_EXISTS,     /* add: this user exists already */
    REGLIST_ABSENT,     /* correct, withdraw: no such user */
    REGLIST_CODE_TAKEN, /* the authorisation code belongs to another user */
    REGLIST_FROZEN,     /* correct: the order is paid and can no longer change */
    REGLIST_REASON_COUNT
};

struct reglist_problem {
    int number;         /* of the row; 0: of the whole file or the head row */
    int place;          /* as in the row; 0: whole file */
    const char *column; /* "mobile"; "" for the whole row */
    enum reglist_reason reason;
    int warning;            /* 1: may be overridden with a reason */
    const char *value;      /* what stands there, shortened; personal values masked; may be "" */
    const char *suggestion; /* a mended value to offer, or "" */
    int other;              /* the other place, 0: none */
};

struct reglist {
    enum reglist_format format;
    int gb18030; /* 1: the file was in GB18030 */
    const struct reglist_row *rows;
    size_t rows_n;
    const struct reglist_problem *problems; /* by place, then column */
    size_t problems_n;
    size_t errors; /* problems that are no warnings */
};

enum reglist_format reglist_detect(struct bytes file);

/* Read a whole file. ERR_OK also where there are problems: then `out->problems` has them all and rows with
 * errors are not in `out->rows`. ERR_TOO_LARGE over 5 MiB or 10,000 rows. All in the arena. */
NODISCARD enum err reglist_read(struct arena *a, struct bytes file, enum reglist_format format,
                                struct reglist *out, struct err_info *e);

/* The same in a decoder child of the process's spawner: so the server processes read what comes from outside. The child turns
 * the file's octets into rows of cells; what they may say is checked here. Takes seconds where others read, too, so no
 * transaction may wait for it. Errors as above and of spawner_decode; ERR_FILE_BROKE also for a reply that is none. */
struct spawner;
struct decoder;
extern const struct decoder reglist_decoder; /* the first of the spawner's decoders */
NODISCARD enum err reglist_read_apart(struct spawner *s, struct arena *a, struct bytes file,
                                      enum reglist_format format, struct reglist *out,
                                      struct err_info *e);

const char *reglist_action_text(enum reglist_action action); /* "add" */
const char *reglist_reason_code(enum reglist_reason reason); /* "mobile" */
/* What is wrong and how to mend it, in the reader's language. */
const char *reglist_problem_text(struct arena *a, const struct reglist_problem *p, enum lang lang);

/* ---- single fields, for forms that ask for the same things ---- */

enum uscc_verdict { USCC_OK, USCC_FORM, USCC_CHECK };
/* GB 32100-2015: 18 characters, weights 3^(i-1) mod 31. `mended` (may be NULL) gets trimmed, half-width, upper case. */
enum uscc_verdict reglist_uscc(struct arena *a, const char *typed, char **mended);
char reglist_uscc_check_digit(
    const char first17[17]); /* 0 when a character is outside the alphabet */
/* The mended value, or NULL where it is none. Mobile: +86, 0086, spaces and hyphens are dropped (^1[3-9][0-9]{9}$). */
char *reglist_mobile(struct arena *a, const char *typed);
char *reglist_email(struct arena *a, const char *typed); /* ASCII addr-spec, at most 254 */
char *reglist_reporting_code(struct arena *a, const char *typed);

#endif
