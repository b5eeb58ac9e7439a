/* The ca's keys in an HSM: a vendor's library must not run with the ca's keys, nor under its filters (design §1), so it runs in
 * a child that the ca forks before it reads a secret or makes a thread. The child opens keys and signs, over one socket; it
 * has the ca's user and no filter, as nobody knows what a vendor's library needs. A call that takes longer than
 * CA_HSM_SECONDS, or a crash of the library, ends the child; the ca then ends, too, and is started again with both.
 *
 * Signers are for several threads at once; the child does one thing at a time. Each signature is verified before it is used. */
#ifndef CERTHALL_CA_HSM_H
#define CERTHALL_CA_HSM_H

#include "base/err.h"
#include "pki/signer.h"

enum { CA_HSM_SECONDS = 15 };

struct ca_hsm;
void ca_hsm_free(struct ca_hsm *h); /* after its signers */
DEFINE_AUTO(ca_hsm)
/* Before any thread is made. The module is loaded with the first key. */
NODISCARD enum err ca_hsm_start(const char *module, struct ca_hsm **out, struct err_info *e);

/* A signer over the key `label` of `token`. A PIN that is refused is not tried again by this process. ERR_HSM{why},
 * ERR_HSM_PIN, ERR_KEY_UNSUPPORTED. */
NODISCARD enum err ca_hsm_signer(struct ca_hsm *h, const char *token, const char *label,
                                 const char *pin, struct pki_signer **out, struct err_info *e);

#endif
