/* Signer: whoever can sign a message with one key: a key in this process, a UKey, an HSM.
 *
 * The pki's builders (CSR, certificate, CRL, OCSP) take a signer and never see a private key. */
#ifndef CERTHALL_PKI_SIGNER_H
#define CERTHALL_PKI_SIGNER_H

#include "pki/key.h"

struct pki_signer {
    const struct pki_pub *pub; /* borrowed from the signer */
    /* Hash and sign the whole message (SM2 with Z of the default id); the signature in the form of pki_verify.
     * May be called from several threads at once. */
    enum err (*sign)(const struct pki_signer *s, struct bytes msg, struct arena *a,
                     struct bytes *sig, struct err_info *e);
    void (*free)(struct pki_signer *s); /* frees the whole; may be NULL for one on the stack */
};

static inline void pki_signer_free(struct pki_signer *s)
{
    if (s && s->free)
        s->free(s);
}
DEFINE_AUTO(pki_signer)

NODISCARD static inline enum err pki_sign(const struct pki_signer *s, struct bytes msg,
                                          struct arena *a, struct bytes *sig, struct err_info *e)
{
    return s->sign(s, msg, a, sig, e);
}

/* A signer over a key in memory; it keeps its own reference, `k` may be freed. */
NODISCARD enum err pki_signer_from_key(const struct pki_key *k, struct pki_signer **out,
                                       struct err_info *e);

/* AlgorithmIdentifier of the signatures that a key of this kind makes: ecdsa-with-SHA256, SM2-with-SM3
 * (parameters absent, GM/T 0015), sha256WithRSAEncryption (NULL, RFC 4055 5). */
struct bytes pki_sig_alg(enum pki_alg alg);
/* 1 when `algorithm` (AlgorithmIdentifier whole) says that; SM2 with NULL parameters counts too. */
int pki_sig_alg_is(enum pki_alg alg, struct bytes algorithm);

/* SEQUENCE{tbs, algorithm, BIT STRING signature} (RFC 5280 4.1.1, RFC 2986 4.2). */
NODISCARD enum err pki_sign_wrap(struct bytes tbs, const struct pki_signer *s, struct arena *a,
                                 struct bytes *out, struct err_info *e);
/* The same from a signature made elsewhere. */
NODISCARD enum err pki_wrap(struct bytes tbs, enum pki_alg alg, struct bytes sig, struct arena *a,
                            struct bytes *out, struct err_info *e);

#endif
