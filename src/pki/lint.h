/* Lint: the last look at the exact TBS octets before a CA key signs them (design §5).
 *
 * Rules are a table; each has an id, the section it comes from, and a function. A problem stops the issue. */
#ifndef CERTHALL_PKI_LINT_H
#define CERTHALL_PKI_LINT_H

#include "pki/key.h"

enum lint_role { LINT_END_ENTITY, LINT_CA, LINT_OCSP_RESPONDER };

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

/* The i-th rule's id and section; NULL past the last. For `certhall lint` and the tests. */
const char *lint_rule(size_t i, const char **section);

#endif
