/* A small CA for the tests: root, issuing CA, and end entities of one algorithm. */
#ifndef CERTHALL_TESTS_PKI_CHAIN_H
#define CERTHALL_TESTS_PKI_CHAIN_H

#include "vectors.h"

#include "base/time.h"
#include "pki/cert.h"
#include "pki/name.h"

struct authority {
    struct pki_key *key;
    struct pki_signer *signer;
    struct bytes name, cert;
};

struct chain {
    struct arena *a;
    struct authority root, ca;
    struct pki_key *user;
    struct bytes user_name, cert;
    int64_t now; /* UTC milliseconds: everything is valid at this time */
};

/* 2026-06-01T00:00:00Z */
#define TEST_NOW INT64_C(1780272000000)
#define TEST_YEAR (365 * (int64_t)TIME_DAY)

struct bytes test_name(struct arena *a, const char *cn);
/* A spec for an end entity of `issuer`; the caller changes what he tests. */
struct cert_spec test_spec(const struct chain *c);
struct bytes test_issue(const struct chain *c, const struct cert_spec *spec);
void chain_make(struct chain *c, struct arena *a, enum pki_alg alg); /* at TEST_NOW */
void chain_make_at(struct chain *c, struct arena *a, enum pki_alg alg, int64_t now);
void chain_clear(struct chain *c);
/* A responder certificate of the issuing CA. */
struct bytes test_responder(const struct chain *c, const struct pki_key *key);

#endif
