/* Certificates that the ca issued, as the hall knows them (requirements §10.5 K1 to K14).
 *
 * States are moved by `order`. What the ca must do about it is kept in the row as a *wanted* status with a number, and
 * brought there by certificate_push at once, or by the outbox when the ca is away; the newest wish wins, so
 * that nothing late undoes it. Acts in the audit: certificate.request, certificate.issue, certificate.state. */
#ifndef CERTHALL_HALL_CERTIFICATE_H
#define CERTHALL_HALL_CERTIFICATE_H

#include "base/json.h"
#include "hall/flow/flow.h"
#include "hall/hall.h"
#include "hall/outbox/outbox.h"
#include "hall/ukey/ukey.h"

struct certificate {
    int64_t id, version;
    int64_t order, account;
    const char *project, *institution; /* the institution's name of that time */
    const char *ukey;                  /* serial of the UKey */
    int state;          /* enum flow_certificate_state; REQUESTED before the ca has answered */
    const char *serial; /* lower-case hex; "" before it was issued */
    const char *subject, *issuer,
        *algorithm; /* RFC 4514, RFC 4514, "P-256"; "" before it was issued */
    int64_t not_before, not_after;
    int64_t requested_at, issued_at, changed_at; /* business time; 0: not yet */
    const char *reason;                          /* of the last hold or revocation; "" */
    struct bytes der;                            /* n 0 before it was issued */
    int at_ca; /* 1: the ca has done what `state` says; 0: it is queued */
};

/* ---- asking for one ---- */

/* What the ca will be asked, word for word each time. The CSR's signature has been verified by the caller (K1). */
struct certificate_ask {
    int64_t order, account;
    const char *project, *institution, *revision, *profile;
    const char *ukey;
    struct bytes csr;
    int valid_days;    /* from now on, business time */
    const char *batch; /* evidence "regulator" (intake_evidence) */
    int64_t row;
    const char *maker; /* evidence "maker": hex serial */
    struct bytes maker_signature;
};
/* Keep it with the order. The same CSR again keeps what was there but for the evidence; another key, once the ca may have been
 * asked for the first or that one's certificate is revoked, is a new request beside it ("<order>-sign-2"); another key for
 * an order that has a certificate is ERR_CONFLICT. */
NODISCARD enum err certificate_prepare(struct hall_tx *tx, const struct certificate_ask *q,
                                       struct err_info *e);
/* Effect ca_issue (K1): from now on it is requested. */
NODISCARD enum err certificate_request(struct hall_tx *tx, int64_t order, const char *serial,
                                       struct err_info *e);
/* Ask the ca. First what it may have made for earlier keys of the order is fetched from it and revoked there. Begins its own
 * transactions; may take as long as the ca. The certificate stands in its row afterwards; the caller then applies
 * cert.issue. Asked again: the same certificate. ERR_ORDER_STATE: the order has stopped (certificate_stop). ERR_UNAVAILABLE: the ca is away, the request waits in its row;
 * ERR_CA_…: it refused, apply cert.refused. */
NODISCARD enum err certificate_fetch(const struct hall *h, int64_t order, const struct actor *who,
                                     struct arena *a, struct certificate *out, struct err_info *e);

/* ---- effects ---- */

/* cert_record: the state after `row` of the tables. */
NODISCARD enum err certificate_record(struct hall_tx *tx, int64_t order, int state, const char *row,
                                      struct err_info *e);
/* ca_hold, ca_release, ca_revoke: the wish and its outbox row. `reason`: RFC 5280's name in small letters
 * ("key_compromise"; conventions of docs/openapi.yaml) for a revocation, free text otherwise. */
NODISCARD enum err certificate_hold(struct hall_tx *tx, int64_t order, const char *reason,
                                    struct err_info *e);
NODISCARD enum err certificate_release(struct hall_tx *tx, int64_t order, const char *reason,
                                       struct err_info *e);
NODISCARD enum err certificate_revoke(struct hall_tx *tx, int64_t order, const char *reason,
                                      struct err_info *e);
/* A second person agreed to the next revocation of this order's certificate: the ca takes it into
 * its record, as the hall's word. Same transaction as the event. */
NODISCARD enum err certificate_second(struct hall_tx *tx, int64_t order, const char *name,
                                      struct err_info *e);
/* Do the newest wish for each of the order's certificates at the ca now, after the commit. ERR_CA_LIMIT. ERR_UNAVAILABLE: the outbox will. */
NODISCARD enum err certificate_push(const struct hall *h, int64_t order, struct err_info *e);
/* The order stops, by `row` of the tables. Whatever the ca was asked for it and has not answered here counts as revoked, and
 * the outbox fetches what the ca made of it and has it revoked there. */
NODISCARD enum err certificate_stop(struct hall_tx *tx, int64_t order, const char *row,
                                    struct err_info *e);
/* "ca.hold", "ca.release", "ca.revoke", "ca.lost" for outbox_start. */
enum { CERTIFICATE_KINDS = 4 };
void certificate_kinds(struct outbox_kind out[CERTIFICATE_KINDS]);

/* ---- reading ---- */

NODISCARD enum err certificate_state(struct hall_tx *tx, int64_t order, int *state,
                                     struct err_info *e); /* NONE where there is none */
/* The order's newest: the one in its UKey. Earlier ones were on UKeys that were scrapped. *found 0: none. */
NODISCARD enum err certificate_of_order(struct hall_tx *tx, int64_t order, struct certificate *out,
                                        int *found, struct err_info *e);
NODISCARD enum err certificate_of_ukey(struct hall_tx *tx, const char *serial,
                                       struct certificate *out, int *found, struct err_info *e);
/* By its own serial, hex in any case. ERR_NOT_FOUND. */
NODISCARD enum err certificate_get(struct hall_tx *tx, const char *serial, struct certificate *out,
                                   struct err_info *e);
/* As read it is the caller's until the end of his transaction; ERR_CONFLICT where another changed or claimed it since. What
 * decides over the certificate but does not change its row claims it, and looks only then. */
NODISCARD enum err certificate_claim(struct hall_tx *tx, struct certificate *c, struct err_info *e);
/* Exactly this certificate, to the octet. ERR_NOT_FOUND. */
NODISCARD enum err certificate_find(struct hall_tx *tx, struct bytes der, struct certificate *out,
                                    struct err_info *e);

enum certificate_view {
    CERTIFICATE_ALL,
    CERTIFICATE_VIEW_ACTIVE,
    CERTIFICATE_VIEW_HOLD,
    CERTIFICATE_VIEW_REVOKED,
    CERTIFICATE_VIEW_EXPIRED
};
struct certificate_filter {
    const char
        *q; /* institution by part, certificate or UKey serial or order by prefix; NULL: all */
    enum certificate_view view;
    int64_t before; /* id of the last one of the page before; 0: newest first */
    int limit;      /* 1 … 200 */
};
NODISCARD enum err certificate_list(struct hall_tx *tx, const struct certificate_filter *f,
                                    const struct certificate **out, size_t *n, struct err_info *e);

struct certificate_line {
    int64_t at;
    const char *row, *who, *reason;
    int state;
};
NODISCARD enum err certificate_history(struct hall_tx *tx, int64_t id,
                                       const struct certificate_line **out, size_t *n,
                                       struct err_info *e);

/* ---- validity: pure ---- */

enum certificate_age {
    CERTIFICATE_NOT_YET,
    CERTIFICATE_IN_TERM,
    CERTIFICATE_ENDING,
    CERTIFICATE_ENDED
};
/* `before_days`: how long before its end a certificate counts as ending (K5). */
enum certificate_age certificate_age(const struct certificate *c, int64_t now, int before_days);
int certificate_days_left(const struct certificate *c,
                          int64_t now); /* whole China days; 0 from its end on */
/* May its key sign somebody in today? ERR_CERT_STATE{state}: on hold, revoked, replaced; ERR_CERT_ENDED{date};
 * `e` in the reader's language. */
NODISCARD enum err certificate_usable(const struct certificate *c, int64_t now, enum lang lang,
                                      struct err_info *e);

/* ---- JSON (docs/openapi.yaml) ---- */

const char *certificate_tone(int state); /* Tone of a certificate state */
void certificate_write_members(const struct certificate *c, struct hall_tx *tx,
                               struct json_out *j); /* Certificate, CertificateItem */
/* *yes 1: it is in its user's hands and its certificate is revoked: it serves for nothing any more. */
NODISCARD enum err certificate_revoked_on(struct hall_tx *tx, const struct ukey *k, int *yes,
                                          struct err_info *e);
/* KeyItem's members but `actions`, and its certificate where it has one. */
NODISCARD enum err certificate_write_key_members(struct hall_tx *tx, const struct ukey *k,
                                                 struct json_out *j, struct err_info *e);
/* [LogEntry] of a UKey, newest first. */
NODISCARD enum err certificate_write_key_history(struct hall_tx *tx, const char *serial,
                                                 struct json_out *j, const char *key,
                                                 struct err_info *e);
NODISCARD enum err certificate_write_history(struct hall_tx *tx, int64_t id, struct json_out *j,
                                             const char *key, struct err_info *e);

#endif
