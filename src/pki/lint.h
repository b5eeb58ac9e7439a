/* Lint: the last look at the exact TBS octets before a CA key signs them (design §5), and the same look at any certificate,
 * list, answer or request from elsewhere.
 *
 * Rules are a table for each; a rule has an id, the section it comes from, and a function. A problem stops the issue. */
#ifndef CERTHALL_PKI_LINT_H
#define CERTHALL_PKI_LINT_H

#include "pki/key.h"

enum lint_role { LINT_END_ENTITY, LINT_CA, LINT_OCSP_RESPONDER };

/* Where the issuer is not known its members are empty, and what needs them is not looked at. */
struct lint_context {
    enum lint_role role;
    struct bytes
        issuer_subject; /* subject of the issuing certificate, DER; must equal the issuer */
    const struct pki_pub *issuer_key; /* AKI and the signature algorithm must fit */
    int64_t issuer_not_after;         /* 0: not checked (root) */
    int dual; /* 1: one of a pair of signing and encryption certificates (GM/T 0015) */
};

struct lint_problem {
    const char *rule;    /* "serial-positive" */
    const char *section; /* "RFC 5280 4.1.2.2" */
    const char *text;    /* one sentence with what was found */
};

enum { LINT_PROBLEMS_MAX = 64 };

/* All problems of these octets, at most LINT_PROBLEMS_MAX; 0 when there is none. Texts in the arena. */
size_t lint_tbs(struct bytes tbs, const struct lint_context *c, struct arena *a,
                struct lint_problem out[LINT_PROBLEMS_MAX]);
/* ERR_CERT_LINT with the first problem in {why} and in the detail; ERR_OK when there is none. */
NODISCARD enum err lint_check(struct bytes tbs, const struct lint_context *c, struct err_info *e);

/* A certificate whole: its TBS by the rules above, in the role that it has by what it says (context->role is not looked
 * at), and what holds it together. Signatures are verified where the issuer's key is known; a self-signed one has its own. */
size_t lint_certificate(struct bytes der, const struct lint_context *c, struct arena *a,
                        struct lint_problem out[LINT_PROBLEMS_MAX]);
/* A list, whole: of the context only the issuer counts. A million entries are gone through several times. */
size_t lint_crl(struct bytes der, const struct lint_context *c, struct arena *a,
                struct lint_problem out[LINT_PROBLEMS_MAX]);
/* An OCSP answer, whole; an error without a body has no more than its status. */
size_t lint_ocsp(struct bytes der, const struct lint_context *c, struct arena *a,
                 struct lint_problem out[LINT_PROBLEMS_MAX]);
/* A certification request: read, its key strong, its possession proved. */
size_t lint_request(struct bytes der, struct arena *a, struct lint_problem out[LINT_PROBLEMS_MAX]);

/* The i-th rule's id and section; NULL past the last. For `certhall lint` and the tests. */
const char *lint_rule(size_t i, const char **section);
const char *lint_crl_rule(size_t i, const char **section);
const char *lint_ocsp_rule(size_t i, const char **section);

#endif
