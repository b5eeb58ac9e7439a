/* Browser sessions of applicants and staff: a random token in a cookie, its keyed hash in the row.
 * Timeouts run on machine time. */
#ifndef CERTHALL_HALL_SESSION_H
#define CERTHALL_HALL_SESSION_H

#include "hall/hall.h"

enum session_kind { SESSION_APPLICANT, SESSION_STAFF };
enum {
    SESSION_APPLICANT_IDLE_MS = 2 * TIME_HOUR,
    SESSION_STAFF_IDLE_MS = 30 * TIME_MINUTE,
    SESSION_LIFE_MS = 12 * TIME_HOUR,
};

struct session {
    int64_t id;
    enum session_kind kind;
    int64_t who;                /* account or staff id */
    const char *project;        /* of an applicant; "" for staff */
    const char *csrf;           /* what X-CSRF must carry */
    const char *way;            /* "code", "password", "stand-in", "ukey" */
    int64_t opened_at, ends_at; /* machine time; ends_at: absolute end */
    int64_t idle_ends_at;
};
/* *token (43 characters, base64url of 256 bits) goes into the cookie and is never kept. */
NODISCARD enum err session_open(struct hall_tx *tx, enum session_kind kind, int64_t who,
                                const char *project, const char *way, const char **token,
                                struct session *out, struct err_info *e);
/* ERR_UNAUTHENTICATED: unknown, ended, idle too long. In a writing transaction it also notes that it was used. */
NODISCARD enum err session_find(struct hall_tx *tx, enum session_kind kind, const char *token,
                                struct session *out, struct err_info *e);
/* ERR_SESSION_CSRF. Constant time. */
NODISCARD enum err session_check_csrf(const struct session *s, const char *given,
                                      struct err_info *e);
/* 1 when its use should be noted (once a minute): the caller then calls session_seen in a writing transaction. */
int session_wants_note(const struct session *s, int64_t machine_now);
NODISCARD enum err session_seen(struct hall_tx *tx, int64_t id, struct err_info *e);
/* Every end of a session puts an event of this topic: "session:<id>". */
const char *session_topic(struct arena *a, int64_t id);
NODISCARD enum err session_close(struct hall_tx *tx, int64_t id, struct err_info *e);
/* Every session of a person, as when a code is withdrawn or a password changed. */
NODISCARD enum err session_close_all(struct hall_tx *tx, enum session_kind kind, int64_t who,
                                     struct err_info *e);
/* Ends those that are too old or idle for too long; at most 1000 at a time. Once a minute. */
NODISCARD enum err session_prune(struct hall_tx *tx, struct err_info *e);

#endif
