/* A TBSCertificate taken apart; for the reader, the lint and their tests. */
#ifndef CERTHALL_PKI_CERT_PRIV_H
#define CERTHALL_PKI_CERT_PRIV_H

#include "pki/cert.h"
#include "pki/der.h"

enum { TBS_EXTENSIONS_MAX = 32 };

/* Extensions that have a meaning here; the rest is EXT_OTHER. */
enum ext_id {
    EXT_AKI,
    EXT_SKI,
    EXT_KEY_USAGE,
    EXT_BASIC_CONSTRAINTS,
    EXT_EKU,
    EXT_POLICIES,
    EXT_SAN,
    EXT_CRL_DP,
    EXT_AIA,
    EXT_OCSP_NOCHECK,
    EXT_OTHER,
};

struct ext {
    enum ext_id id;
    struct bytes oid; /* content octets */
    int critical;
    struct bytes value; /* content of the OCTET STRING */
};

/* All borrowed from the input. */
struct tbs {
    int version;            /* 3 for v3 */
    struct bytes serial;    /* INTEGER content octets, as they stand */
    struct bytes algorithm; /* AlgorithmIdentifier, whole */
    struct bytes issuer, subject, spki;
    uint8_t time_tag[2];
    int64_t not_before, not_after;
    struct ext ext[TBS_EXTENSIONS_MAX];
    size_t exts;
};

NODISCARD enum err tbs_read(struct bytes der, struct tbs *out, struct err_info *e);
const struct ext *tbs_ext(const struct tbs *t, enum ext_id id); /* the first, or NULL */

/* Values of extensions; each checks its DER to the end. */
NODISCARD enum err ext_key_usage(const struct ext *x, unsigned *bits, struct err_info *e);
NODISCARD enum err ext_eku(const struct ext *x, unsigned *set, struct err_info *e);
NODISCARD enum err ext_basic(const struct ext *x, int *ca, int *path_len, struct err_info *e);
NODISCARD enum err ext_ski(const struct ext *x, struct bytes *id, struct err_info *e);
NODISCARD enum err ext_aki(const struct ext *x, struct bytes *id, struct err_info *e);
/* The first URI of a CRL distribution point; of AIA's OCSP and caIssuers. n 0 where there is none. */
NODISCARD enum err ext_crl_dp(const struct ext *x, struct bytes *url, struct err_info *e);
NODISCARD enum err ext_aia(const struct ext *x, struct bytes *ocsp, struct bytes *ca_issuers,
                           struct err_info *e);

/* http, https or ldap, printable ASCII without spaces. */
int cert_url_fits(struct bytes u);
NODISCARD enum err cert_spec_check(const struct cert_spec *s, struct err_info *e);

/* Content octets of an extension's OID and of the i-th EKU (bit i). */
struct bytes ext_oid(enum ext_id id);
struct bytes eku_oid(int bit);

#endif
