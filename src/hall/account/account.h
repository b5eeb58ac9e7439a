/* Applicants' accounts: a user of an institution who got an authorisation code (requirements §10.8, C1 to C6).
 *
 * The code itself is nowhere: the row holds a keyed blind index; the plain text exists while it is made and in the
 * sealed outbox row that delivers it. */
#ifndef CERTHALL_HALL_ACCOUNT_H
#define CERTHALL_HALL_ACCOUNT_H

#include "hall/hall.h"

enum account_state { ACCOUNT_LOADED, ACCOUNT_USABLE, ACCOUNT_IN_USE, ACCOUNT_WITHDRAWN };
const char *account_state_text(enum account_state s); /* "LOADED" */

struct account {
    int64_t id, institution, version;
    const char *project, *reporting_code, *user_name;
    enum account_state
        state; /* as of now: LOADED becomes USABLE by date, whether or not the timer ran */
    int32_t usable_from;                  /* China day */
    int usable_provisional;               /* 1: the calendar has no data for that year */
    const char *handler, *mobile, *email; /* opened */
    int64_t loaded_at;                    /* business time */
};

struct account_new {
    const char *project;
    int64_t institution;
    const char *reporting_code, *user_name, *handler, *mobile, *email;
    const char *code; /* 16 Crockford characters; NULL or "": made here */
    int from_workday; /* the profile's intake.code_valid_from_workday: 2 (G-03: T + 2nd working day) */
};
/* *code is the plain code (arena), to be delivered once. A withdrawn user who is approved anew keeps his account and gets
 * another code. ERR_ACCOUNT_EXISTS, ERR_ACCOUNT_CODE_TAKEN. */
NODISCARD enum err account_load(struct hall_tx *tx, const struct account_new *n, int64_t *id,
                                const char **code, struct err_info *e);
NODISCARD enum err account_get(struct hall_tx *tx, int64_t id, struct account *out,
                               struct err_info *e);
/* By project, reporting code and user name. ERR_NOT_FOUND. */
NODISCARD enum err account_find(struct hall_tx *tx, const char *project, const char *reporting_code,
                                const char *user_name, struct account *out, struct err_info *e);
/* 1 when the code belongs to some account of the project. */
NODISCARD enum err account_code_taken(struct hall_tx *tx, const char *project, const char *code,
                                      int *taken, struct err_info *e);
struct account_change {
    int64_t institution;
    const char *handler, *mobile, *email;
};
NODISCARD enum err account_correct(struct hall_tx *tx, int64_t id, const struct account_change *c,
                                   struct err_info *e); /* C5 */
/* Handler, mobile and e-mail go, and the code with them: loading the same user later begins anew (G-24). The caller ends
 * the sessions. */
NODISCARD enum err account_erase(struct hall_tx *tx, int64_t id, struct err_info *e);
/* C6. The caller ends the sessions (session_close_all). */
NODISCARD enum err account_withdraw(struct hall_tx *tx, int64_t id, struct err_info *e);
/* C2 by the timer: LOADED rows whose day has come; *n changed. */
NODISCARD enum err account_usable_due(struct hall_tx *tx, int *n, struct err_info *e);
/* All accounts of an institution (several users each with a UKey, S0-08). */
NODISCARD enum err account_of_institution(struct hall_tx *tx, int64_t institution,
                                          const struct account **out, size_t *n,
                                          struct err_info *e);
/* By which an authorisation code is found: the code itself is nowhere. */
struct bytes account_code_index(const struct hall *h, struct arena *a, const char *project,
                                const char *code);
/* Search by whole value of mobile or e-mail (encrypted fields are found no other way); at most 200. */
NODISCARD enum err account_search(struct hall_tx *tx, const char *value, const struct account **out,
                                  size_t *n, struct err_info *e);

struct account_sign_in {
    const char *project, *code, *reporting_code; /* as typed: mended here */
    const char *address;                         /* of the browser */
    enum lang lang;                              /* of the date in ERR_ACCOUNT_EARLY */
};
/* Begins and keeps its own transactions, because a refused try must be counted. *id is the account; C3 moves it to IN_USE.
 * ERR_ACCOUNT_WRONG (one answer and one duration for unknown code, unknown institution and wrong pair), ERR_ACCOUNT_EARLY
 * {date} (S0-17), ERR_ACCOUNT_WITHDRAWN, ERR_LIMITED{minutes}. */
NODISCARD enum err account_sign_in(const struct hall *h, const struct account_sign_in *in,
                                   struct arena *a, int64_t *id, struct err_info *e);

/* ---- one-time codes by SMS: 6 digits, 5 minutes, 5 tries, hashed ---- */

enum account_otp_use { ACCOUNT_OTP_FIRST_PIN, ACCOUNT_OTP_FREEZE, ACCOUNT_OTP_TRACK };
/* Sends to the account's mobile through the outbox; `text` has {code} and {minutes} (profile). A newer one replaces
 * the older. `object` binds it: "ukey:FX2600071182". ERR_LIMITED{minutes}. */
NODISCARD enum err account_otp_send(struct hall_tx *tx, int64_t account, enum account_otp_use use,
                                    const char *object, const char *text, struct err_info *e);
/* Its own transactions (a wrong try counts). Right: used up. ERR_OTP_WRONG{left}, ERR_OTP_GONE (none, too old or used up). */
NODISCARD enum err account_otp_check(const struct hall *h, int64_t account,
                                     enum account_otp_use use, const char *object,
                                     const char *typed, struct arena *a, struct err_info *e);

#endif
