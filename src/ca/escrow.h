/* The ca's line to its key management centre: encryption pairs for the certificates that it is about to make (design §5).
 *
 * A request is signed with a key of the ca's own, which the kmc's administrator has entered there (init does); the answer with the
 * kmc's, whose certificate-less public key stands in `<data>/kmc.pub`. What comes back is sealed to the user's UKey: the ca passes it
 * on and cannot open it. Threads: every function may be called from several at once. */
#ifndef CERTHALL_CA_ESCROW_H
#define CERTHALL_CA_ESCROW_H

#include "pki/escrow.h"

/* The name that init enters the ca's key under. */
#define CA_ESCROW_NAME "certhall"

/* Make `<data>/keys/kmc-request.pem` (SM2, 0600) where it is missing, and keep the kmc's public key (SubjectPublicKeyInfo) in
 * `<data>/kmc.pub`. *request_key: the SubjectPublicKeyInfo to enter at the kmc. */
NODISCARD enum err ca_escrow_init(const char *data, struct bytes kmc_key, struct arena *a,
                                  struct bytes *request_key, struct err_info *e);

struct ca_escrow_options {
    const char *data;     /* "<data>/ca" */
    const char *socket;   /* "<run>/kmc/ca.sock" */
    const char *peer_key; /* for X-Peer-Key; "" where users are separated */
    const char *name;     /* as entered at the kmc; NULL: CA_ESCROW_NAME */
    int timeout_ms;       /* 0: 15 s */
};

struct ca_escrow;
/* Reads both keys; nobody is called yet. ERR_CONFIG{why}: one is missing. */
NODISCARD enum err ca_escrow_open(const struct ca_escrow_options *o, struct ca_escrow **out,
                                  struct err_info *e);
void ca_escrow_free(struct ca_escrow *c);
DEFINE_AUTO(ca_escrow)

/* One pair for each item, in their order, in the arena; `out` has room for `n`, 1 to ESCROW_LIST_MAX. The kmc's signature has been
 * verified, and that it answers this request. An item may have its own error (kmc_keys in kmc/kmc.h says which). Asked again with the
 * same serials and sign keys, also after a crash, it gives the same pairs, sealed anew.
 * ERR_KMC_POOL{seconds}: none is ready, come again; ERR_UNAVAILABLE: the kmc does not answer; ERR_SIGNATURE: the answer is not the
 * kmc's; the kmc's own refusals. */
NODISCARD enum err ca_escrow_ask(struct ca_escrow *c, enum escrow_act act,
                                 const struct escrow_item *item, size_t n, struct arena *a,
                                 struct escrow_pair *out, struct err_info *e);

#endif
