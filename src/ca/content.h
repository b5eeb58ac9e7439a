/* What a certificate says: a profile and what was vouched for become TBS octets, linted. */
#ifndef CERTHALL_CA_CONTENT_H
#define CERTHALL_CA_CONTENT_H

#include "ca/profile.h"

/* What the evidence said once it was checked. */
struct ca_vouched {
    struct ca_person person;
    char maker[128]; /* who is answerable for the key: the maker's name, or "holder" */
    struct bytes
        holder_subject; /* Name of the holder's earlier certificate; n 0: none was asked for */
};

/* The issuing CA's part of a certificate. */
struct ca_content_issuer {
    struct bytes subject; /* Name */
    const struct pki_pub *key;
    int64_t not_after;
    const char *crl_url, *ocsp_url, *certificate_url; /* NULL: none */
};

struct ca_content {
    const struct ca_profile *profile;
    enum ca_use use;
    struct ca_content_issuer issuer;
    const struct ca_vouched *vouched;
    const struct pki_pub *key; /* the subject's, of this certificate */
    struct bytes serial, subject;
    int64_t not_before, not_after;
};

/* The subject, the same for both of a pair. ERR_CA_EVIDENCE when the holder's earlier certificate names somebody else,
 * ERR_CA_PROFILE for a fact that nobody vouched for, ERR_NAME. */
NODISCARD enum err ca_content_subject(const struct ca_profile *p, const struct ca_vouched *v,
                                      struct arena *a, struct bytes *subject, struct err_info *e);
/* TBSCertificate, linted (a pair's as one of a pair). ERR_CERT_LINT, ERR_CERT_SPEC, ERR_CA_PROFILE. */
NODISCARD enum err ca_content_tbs(const struct ca_content *c, struct arena *a, struct bytes *tbs,
                                  struct err_info *e);

#endif
