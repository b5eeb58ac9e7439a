/* Certificate revocation lists (RFC 5280 5), written straight to DER from a sorted source.
 *
 * The source is gone through twice (size, then octets), and the octets leave in pieces, so that a list of a million needs no
 * second copy. */
#ifndef CERTHALL_PKI_CRL_H
#define CERTHALL_PKI_CRL_H

#include "pki/signer.h"

/* RFC 5280 5.3.1. UNSPECIFIED is written by leaving the extension out. */
enum crl_reason {
    CRL_UNSPECIFIED = 0,
    CRL_KEY_COMPROMISE = 1,
    CRL_CA_COMPROMISE = 2,
    CRL_AFFILIATION_CHANGED = 3,
    CRL_SUPERSEDED = 4,
    CRL_CESSATION = 5,
    CRL_CERTIFICATE_HOLD = 6,
    CRL_REMOVE_FROM_CRL = 8, /* delta only */
    CRL_PRIVILEGE_WITHDRAWN = 9,
    CRL_AA_COMPROMISE = 10,
};
const char *crl_reason_text(
    enum crl_reason r); /* "keyCompromise" …; NULL for a number that is none */
int crl_reason_from_text(const char *text, enum crl_reason *out);
/* May a certificate be revoked for ever with it? Neither certificateHold nor removeFromCRL, which end or may end. */
int crl_reason_is_final(enum crl_reason r);

struct crl_entry {
    struct bytes serial; /* magnitude */
    int64_t revoked_at;  /* UTC milliseconds */
    enum crl_reason reason;
    int64_t invalid_since; /* invalidityDate; 0: none */
};

/* The same entries both times; serials strictly ascending as numbers (a duplicate is refused). */
struct crl_source {
    void *self;
    void (*rewind)(void *self);
    int (*next)(void *self, struct crl_entry *out); /* 1 while there is one */
};

struct crl_spec {
    struct bytes issuer;              /* Name, DER */
    const struct pki_pub *issuer_key; /* AKI */
    int64_t this_update, next_update; /* UTC milliseconds */
    uint64_t number;                  /* CRLNumber; ≥ 1 and growing */
    const char *shard_url;            /* issuingDistributionPoint, critical; NULL: the full list */
    uint64_t delta_base;              /* deltaCRLIndicator, critical; 0: a complete list */
    int64_t delta_base_until;         /* nextUpdate of that base */
    const char *delta_url; /* freshestCRL of a complete list; NULL: there are no deltas */
};

/* Where the octets of a list go, in their order. */
struct crl_sink {
    void *self;
    enum err (*expect)(void *self, size_t most, struct err_info *e); /* once, before the first */
    enum err (*put)(void *self, struct bytes piece, struct err_info *e);
    /* All that was put; for the signer, until the next call. */
    enum err (*view)(void *self, struct bytes *all, struct err_info *e);
    enum err (*patch)(void *self, size_t at, struct bytes piece, struct err_info *e);
};
/* As crl_write, piece by piece. On an error what was put is of no use. */
NODISCARD enum err crl_write_to(const struct crl_spec *spec, const struct crl_source *src,
                                const struct pki_signer *s, const struct crl_sink *to,
                                struct err_info *e);

/* The whole list, in the arena. ERR_CERT_SPEC when entries are not ascending or a serial or reason is impossible, or for a
 * delta whose base has run out. */
NODISCARD enum err crl_write(const struct crl_spec *spec, const struct crl_source *src,
                             const struct pki_signer *s, struct arena *a, struct bytes *der,
                             struct err_info *e);

/* A source over an array, for short lists and tests. */
struct crl_array {
    const struct crl_entry *entry;
    size_t n, at;
};
struct crl_source crl_array_source(struct crl_array *list);

/* Head of a list and the state of one serial in it; for tools and tests. The signature is not looked at. */
struct crl_view {
    int64_t this_update, next_update;
    uint64_t number, base; /* CRLNumber, BaseCRLNumber; 0 when absent */
    struct bytes issuer;   /* Name, DER; borrowed */
    struct bytes shard;    /* the address in issuingDistributionPoint; n 0 when absent; borrowed */
    size_t entries;
};
NODISCARD enum err crl_view(struct bytes der, struct crl_view *out, struct err_info *e);
/* The same but `entries`, without a look at them. */
NODISCARD enum err crl_head(struct bytes der, struct crl_view *out, struct err_info *e);
/* Each entry in turn; an error of `each` ends it and is handed on. */
typedef enum err crl_each_fn(const struct crl_entry *x, void *arg, struct err_info *e);
NODISCARD enum err crl_each(struct bytes der, crl_each_fn *each, void *arg, struct err_info *e);
/* 1 in *found when the serial is listed. */
NODISCARD enum err crl_find(struct bytes der, struct bytes serial, int *found,
                            struct crl_entry *out, struct err_info *e);

#endif
