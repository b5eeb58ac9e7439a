/* Staff: people of the console with their roles. They sign in with a password (Argon2id); in a demo directory also
 * by a one-click stand-in. The auditor has no other role and is made at installation only. */
#ifndef CERTHALL_HALL_STAFF_H
#define CERTHALL_HALL_STAFF_H

#include "hall/hall.h"

enum staff_role {
    STAFF_REGULATOR = 1 << 0,
    STAFF_REVIEWER = 1 << 1,
    STAFF_MAKER = 1 << 2,
    STAFF_SHIPPING = 1 << 3,
    STAFF_PAPER = 1 << 4,
    STAFF_COUNTER = 1 << 5,
    STAFF_FINANCE = 1 << 6,
    STAFF_SUPPORT = 1 << 7,
    STAFF_PROJECT_ADMIN = 1 << 8,
    STAFF_SUPER_ADMIN = 1 << 9,
    STAFF_BUSINESS_ADMIN = 1 << 10,
    STAFF_AUDITOR = 1 << 11,
    STAFF_CUSTODIAN = 1 << 12,
};
enum { STAFF_ROLES = 13, STAFF_PASSWORD_MIN = 12, STAFF_PASSWORD_MAX = 128 /* characters */ };
const char *staff_role_code(enum staff_role role); /* "regulator"; "" for none */
unsigned staff_role_from_code(const char *code);   /* 0: unknown */
/* Roles that may not be one person's (GM/T 0034): the auditor with any other; super with business administrator; maker with
 * reviewer is fine (four-eyes is per order). ERR_STAFF_ROLES{why}. Pure. */
NODISCARD enum err staff_roles_check(unsigned roles, struct err_info *e);

struct staff {
    int64_t id, version;
    const char *login; /* what is typed: lower case letters, digits, dot, hyphen */
    const char *name;  /* 郑海涛 */
    unsigned roles;
    int disabled;
    int64_t created_at;
};
struct staff_new {
    const char *login, *name;
    unsigned roles;
    const char *password;
};
/* 1 for a password that is among the first that somebody would try: made of few characters, of a repeated piece, of the login, or of
 * well-known words, key runs and digits alone. What it is made of is otherwise free (NIST SP 800-63B 5.1.1.2). Pure. */
int staff_password_guessable(const char *login, const char *password);
/* The auditor only by WHO_SYSTEM (certhall init, certhall staff add). ERR_STAFF_EXISTS, ERR_STAFF_ROLES, ERR_STAFF_PASSWORD. */
NODISCARD enum err staff_add(struct hall_tx *tx, const struct staff_new *n, int64_t *id,
                             struct err_info *e);
NODISCARD enum err staff_get(struct hall_tx *tx, int64_t id, struct staff *out, struct err_info *e);
NODISCARD enum err staff_list(struct hall_tx *tx, const struct staff **out, size_t *n,
                              struct err_info *e);
NODISCARD enum err staff_set_password(struct hall_tx *tx, int64_t id, const char *password,
                                      struct err_info *e);
NODISCARD enum err staff_disable(struct hall_tx *tx, int64_t id, struct err_info *e);

/* How many passwords are checked at once: each costs 19 MiB and a core for a moment, and who asks is nobody yet. Some more
 * wait a moment; so a flood holds a part of the workers and of the cores, never all. Any thread. */
enum { STAFF_CHECKS = 2, STAFF_CHECKS_WAITING = 2, STAFF_CHECK_WAIT_MS = 1000 };
struct staff_gate;
struct staff_gate *staff_gate_new(void);
void staff_gate_free(struct staff_gate *g);
DEFINE_AUTO(staff_gate)
/* ERR_BUSY{seconds} (503, Retry-After) where all are taken. NULL lets everybody in. After ERR_OK, staff_gate_leave. */
NODISCARD enum err staff_gate_enter(struct staff_gate *g, struct err_info *e);
void staff_gate_leave(struct staff_gate *g);

/* Begins and keeps its own transactions (a refused try counts). ERR_STAFF_WRONG: one answer and one duration for unknown
 * names too; ERR_LIMITED{minutes}; ERR_BUSY{seconds}, which counts for nobody. */
NODISCARD enum err staff_sign_in(const struct hall *h, const char *login, const char *password,
                                 const char *address, struct arena *a, int64_t *id,
                                 struct err_info *e);
/* One click, only where hall.demo: otherwise ERR_NOT_FOUND, as if the address did not exist. Audited as such. */
NODISCARD enum err staff_stand_in(struct hall_tx *tx, int64_t id, struct err_info *e);
/* From here on the transaction acts as this person, under the first of the roles: who signs in has no session yet. */
void staff_act(struct hall_tx *tx, const struct staff *s);
/* The actor of a signed-in member: `role` is the one the page acts in; ERR_FORBIDDEN{who} when it is not his. */
NODISCARD enum err staff_actor(const struct staff *s, enum staff_role role, const char *address,
                               struct actor *out, struct err_info *e);

#endif
