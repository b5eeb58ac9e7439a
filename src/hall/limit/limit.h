/* How often something may be tried. Rows of wrong tries in a sliding window, on machine time; who is limited is
 * kept as a blind index only. The decision is pure. */
#ifndef CERTHALL_HALL_LIMIT_H
#define CERTHALL_HALL_LIMIT_H

#include "hall/hall.h"

/* Signing in with code + institution code (end of requirements §7, G-40). */
enum { LIMIT_WINDOW_MS = 15 * TIME_MINUTE, LIMIT_PER_CODE = 5, LIMIT_PER_ADDRESS = 50 };

struct limit_login {
    int code_failed;    /* wrong tries for this institution code in the window, known or not */
    int address_failed; /* from this address, for any code */
    int64_t oldest_code, oldest_address; /* when the tries that must pass were made; 0: none */
};
enum limit_verdict { LIMIT_LET_IN, LIMIT_WRONG, LIMIT_STOPPED };
/* `right`: the pair was right. While a code is limited, a right one from an address that has not failed is let in. */
enum limit_verdict limit_login_decide(const struct limit_login *s, int right);

/* 1 when the pair does not matter any more: stopped, right or wrong. What is costly to check is not checked then. An address
 * that has not failed gets one try past a limited name, so that nobody locks its owner out; that try counts for the address. */
int limit_login_settled(const struct limit_login *s);

/* The same table serves staff names: `who` is "code:<institution code>" or "staff:<name>". An address is
 * counted for applicants and for staff apart. */
NODISCARD enum err limit_login_read(struct hall_tx *tx, const char *who, const char *address,
                                    struct limit_login *out, struct err_info *e);
/* Keep the verdict: a wrong try counts for both, one that was stopped for the address only, a right one clears `who`
 * (and this address's tries for it). Fills `e` (ERR_LIMITED{minutes}) and returns ERR_OK: the transaction must be kept. */
NODISCARD enum err limit_login_keep(struct hall_tx *tx, const char *who, const char *address,
                                    const struct limit_login *s, enum limit_verdict v,
                                    struct err_info *e);
/* When the next try is possible, for {minutes}; at least 1. */
int limit_login_minutes(const struct limit_login *s, int64_t now);

/* Everything else: so many in a window, counted when taken. */
enum limit_use {
    LIMIT_SMS,         /* to one mobile: 1 a minute, 5 an hour, 10 a day */
    LIMIT_SMS_ADDRESS, /* from one address: 30 an hour */
    LIMIT_JOB_CODE,    /* short codes of agent jobs from one address: 10 in 5 minutes */
    LIMIT_IMPORT,      /* imports by one person: 60 an hour */
    LIMIT_JOB, /* jobs begun by nobody who is signed in, from one address (an office): 60 an hour */
    LIMIT_USE_COUNT
};
/* ERR_LIMITED{minutes} when over; otherwise counted. */
NODISCARD enum err limit_take(struct hall_tx *tx, enum limit_use use, const char *who,
                              struct err_info *e);
NODISCARD enum err limit_prune(struct hall_tx *tx,
                               struct err_info *e); /* rows older than any window */

/* An IPv4 address as it is, an IPv6 address as its /64: what one customer has. */
const char *limit_address(struct arena *a, const char *address);

#endif
