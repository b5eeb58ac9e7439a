/* Decisions of staff that the ca or a second person must carry out: hold, release and revoke a certificate.
 *
 * Support may hold and release alone. A revocation is asked by one person, puts the certificate on hold at once, and is
 * decided by another (design §1: alone a hall revokes so many an hour). The functions keep their own
 * transactions, and answer when the ca has done it; where the ca is away, `at_ca` is 0 and the outbox goes on trying.
 * Acts in the audit: approval.ask, approval.decide. */
#ifndef CERTHALL_HALL_APPROVAL_H
#define CERTHALL_HALL_APPROVAL_H

#include "base/json.h"
#include "hall/certificate/certificate.h"

enum approval_state { APPROVAL_WAITING, APPROVAL_APPROVED, APPROVAL_REJECTED };

struct approval {
    int64_t id, version;
    const char *kind;   /* "revoke", "refund" */
    const char *object; /* serial of the certificate, id of the payment */
    int64_t order;
    const char *reason_code, *reason;
    int64_t asked_by, asked_at; /* staff id; business time */
    const char *asked_name, *asked_role;
    enum approval_state state;
    int64_t decided_by, decided_at;
    const char *decided_name, *decided_role, *note;
};

/* Roles (enum staff_role) that may decide a kind. */
unsigned approval_roles(const char *kind);

/* K6, K7. ERR_NOT_FOUND, ERR_ORDER_STATE, ERR_FORBIDDEN. The certificate as it is afterwards. */
NODISCARD enum err approval_hold(const struct hall *h, const struct actor *who, const char *serial,
                                 const char *reason, struct arena *a, struct certificate *out,
                                 struct err_info *e);
NODISCARD enum err approval_release(const struct hall *h, const struct actor *who,
                                    const char *serial, const char *reason, struct arena *a,
                                    struct certificate *out, struct err_info *e);
/* K11, first person. `reason_code`: key_compromise, affiliation_changed, superseded, cessation, privilege_withdrawn.
 * One that waits already is given again. */
NODISCARD enum err approval_ask_revoke(const struct hall *h, const struct actor *who,
                                       const char *serial, const char *reason_code,
                                       const char *reason, struct arena *a, struct approval *out,
                                       struct err_info *e);
/* May this money go back: what an order that stopped held, or what did not fit (P10, P14). */
NODISCARD enum err approval_can_refund(struct hall_tx *tx, int64_t money, int *yes,
                                       struct err_info *e);
/* Ask for something else that a second person decides; `kind` "refund": the object is the money's id. */
NODISCARD enum err approval_ask(struct hall_tx *tx, const char *kind, const char *object,
                                int64_t order, const char *reason, struct approval *out,
                                struct err_info *e);
/* The second person. ERR_REVIEW_FOUR_EYES for the one who asked, ERR_CONFLICT when it was decided already. An approved
 * revocation is done; a rejected one lifts the hold that asking had put. An approved refund is sent in the same change:
 * ERR_ORDER_STATE, and nothing decided, where the money is no longer to be given back. */
NODISCARD enum err approval_decide(const struct hall *h, const struct actor *who, int64_t id,
                                   int approve, const char *note, struct arena *a,
                                   struct approval *out, struct err_info *e);
NODISCARD enum err approval_get(struct hall_tx *tx, int64_t id, struct approval *out,
                                struct err_info *e);
/* The one that waits for this object; *found 0: none. */
NODISCARD enum err approval_waiting(struct hall_tx *tx, const char *kind, const char *object,
                                    struct approval *out, int *found, struct err_info *e);

/* Approval of docs/openapi.yaml; `mine` is said of tx->who. */
NODISCARD enum err approval_write(struct hall_tx *tx, const struct approval *p, struct json_out *j,
                                  const char *key, struct err_info *e);
/* CertificateRecord: members, PEM, pending revocation, what this person can do, history. */
NODISCARD enum err approval_write_certificate(struct hall_tx *tx, const struct certificate *c,
                                              struct json_out *j, const char *key,
                                              struct err_info *e);

#endif
