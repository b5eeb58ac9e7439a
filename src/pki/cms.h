/* Detached CMS signatures (RFC 5652) over whole files: the regulator's list and its .p7s.
 *
 * P-256 and RSA through OpenSSL's CMS. The signer must be exactly the certificate that was entered: no
 * path is built, so no other certificate of the same CA counts. */
#ifndef CERTHALL_PKI_CMS_H
#define CERTHALL_PKI_CMS_H

#include "pki/key.h"

enum { CMS_MAX = 65536 };

struct cms_report {
    char *signer;         /* subject, RFC 4514 */
    char *serial;         /* hex */
    int64_t signing_time; /* as the signer says, UTC milliseconds; 0: not said */
    const char *digest;   /* "SHA-256" … */
};

/* `p7s` is DER or PEM ("PKCS7" or "CMS"), at most CMS_MAX; `cert` is the pinned certificate, DER. ERR_SIGNATURE with {why}: no
 * signer is that certificate, the content differs, or a digest weaker than SHA-256; ERR_DER_MALFORMED. The
 * certificate must be valid at `at` (UTC milliseconds): ERR_CERT_UNTRUSTED. */
NODISCARD enum err cms_verify_detached(struct bytes p7s, struct bytes content, struct bytes cert,
                                       int64_t at, struct arena *a, struct cms_report *out,
                                       struct err_info *e);
/* Sign `content` with SHA-256; the certificate goes along. `at` is the signingTime. */
NODISCARD enum err cms_sign_detached(struct bytes content, struct bytes cert,
                                     const struct pki_key *key, int64_t at, struct arena *a,
                                     struct bytes *p7s, struct err_info *e);

#endif
