/* The agent's side of the calls (docs/agent-protocol.md): fetch, step, result, signed by a key of this job. */
#ifndef CERTHALL_AGENT_WIRE_H
#define CERTHALL_AGENT_WIRE_H

#include "base/json.h"
#include "pki/key.h"

struct wire;
struct wire_options {
    const char *origin;
    const char *name;    /* shown when it cannot be reached */
    const char *ca_file; /* NULL: the system's */
    int patience_ms;     /* how long a server that is away is asked again; 0: 5 minutes */
};
/* Makes the two one-time keys. */
NODISCARD enum err wire_new(const struct wire_options *o, struct wire **out, struct err_info *e);
void wire_free(struct wire *w);
DEFINE_AUTO(wire)

const struct pki_key *wire_seal_key(const struct wire *w); /* borrowed */

/* Exactly one of `ticket` and `code`. Afterwards the wire is bound to the job. The answer is the caller's. */
NODISCARD enum err wire_fetch(struct wire *w, const char *ticket, const char *code, json_t **job,
                              struct err_info *e);
/* `body` is a whole JSON object. While the server is away it is sent again, with a new time. */
NODISCARD enum err wire_step(struct wire *w, const struct buf *body, json_t **next,
                             struct err_info *e);
NODISCARD enum err wire_result(struct wire *w, const struct buf *body, json_t **answer,
                               struct err_info *e);

/* What is signed for a request; for the tests of both sides. */
char *wire_signed_text(struct arena *a, const char *method, const char *path, int64_t time,
                       struct bytes body);

#endif
