/* The hall's line to the ca (ARCHITECTURE.md, "Sockets and their calls"): one function a call, nothing decided here.
 *
 * Every function: ERR_UNAVAILABLE{service} when the ca is away or answers nonsense; otherwise the ca's own refusal with
 * its code and arguments (ERR_CA_…). They block: never inside a transaction. A client may be used by many threads. */
#ifndef CERTHALL_HALL_CA_CLIENT_H
#define CERTHALL_HALL_CA_CLIENT_H

#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>

struct ca_client;
/* `socket`: path of ca/hall.sock. `peer_key`: hex, "" where processes have users of their own. Copies both. */
struct ca_client *ca_client_new(const char *socket, const char *peer_key);
void ca_client_free(struct ca_client *c);
DEFINE_AUTO(ca_client)

/* A regulator's list with its signature. *batch: hex SHA-256 of the file, as the ca sees it. Idempotent. */
NODISCARD enum err ca_client_batch(struct ca_client *c, const char *project, const char *format,
                                   struct bytes file, struct bytes signature, struct arena *a,
                                   const char **batch, struct err_info *e);

struct ca_issue {
    const char *request_id; /* "<order>-sign", "<order>-sign-2": unique for ever */
    const char *order, *revision, *profile, *ukey;
    struct bytes csr;
    int64_t not_before, not_after; /* UTC milliseconds */
    const char *batch;             /* evidence "regulator" */
    int64_t row;
    const char *maker; /* evidence "maker": hex serial of the maker's certificate */
    struct bytes maker_signature;
};
enum { CA_CHAIN_MAX = 4 };
struct ca_issued {      /* in the arena */
    const char *serial; /* lower-case hex */
    const char *state;  /* "active", "hold", "revoked" */
    struct bytes certificate;
    struct bytes chain[CA_CHAIN_MAX];
    size_t chain_n;
};
/* The same request id and public key get the same certificate, whatever happened in between. */
NODISCARD enum err ca_client_issue(struct ca_client *c, const struct ca_issue *r, struct arena *a,
                                   struct ca_issued *out, struct err_info *e);

/* What the ca made for this request id, as it is now. ERR_NOT_FOUND: nothing; ERR_BUSY: it is at it. */
NODISCARD enum err ca_client_made(struct ca_client *c, const char *request_id, struct arena *a,
                                  struct ca_issued *out, struct err_info *e);

struct ca_status_change {
    const char *change; /* "hold", "release", "revoke" */
    const char *serial;
    const char
        *reason; /* RFC 5280 5.3.1 as crl_reason_text says it: "keyCompromise"; revoke only */
    const char *actor, *second; /* `second` NULL: one person alone */
};
/* *seq: number of the change in the ca's status log. Asking again is answered the same. */
NODISCARD enum err ca_client_change(struct ca_client *c, const struct ca_status_change *in,
                                    int64_t *seq, struct err_info *e);

/* What the ca holds of a certificate: "active", "hold", "revoked". ERR_NOT_FOUND. */
NODISCARD enum err ca_client_state(struct ca_client *c, const char *serial, struct arena *a,
                                   const char **state, struct err_info *e);

/* Heads of the hall's audit chains, as audit_heads_json writes them; the answer is the ca's own head as JSON text. */
NODISCARD enum err ca_client_anchor(struct ca_client *c, const char *heads, struct arena *a,
                                    const char **ca_head, struct err_info *e);
/* The heads that the ca was told last, in the same form; "" where none. */
NODISCARD enum err ca_client_last_anchor(struct ca_client *c, struct arena *a, const char **heads,
                                         struct err_info *e);
NODISCARD enum err ca_client_health(struct ca_client *c, struct err_info *e);

#endif
