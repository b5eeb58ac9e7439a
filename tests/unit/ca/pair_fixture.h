/* A ca whose profile makes SM2 pairs, and the kmc that gives it the keys, in one process over a real socket. */
#ifndef CERTHALL_PAIR_FIXTURE_H
#define CERTHALL_PAIR_FIXTURE_H

#include "ca_fixture.h"

#include "ca/escrow.h"
#include "kmc/kmc.h"

struct pair_fixture {
    struct ca_fixture f;
    struct ca_escrow_options line;
    struct kmc_options kmc_options;
    struct kmc *kmc;
    struct kmc_api api;
    struct httpd *server;
    struct pki_key *ukey; /* of the last request */
};

/* With so many keys wanted ready at the kmc; returns when they are. */
void pair_fixture_open(struct pair_fixture *p, int pool);
void pair_fixture_close(struct pair_fixture *p);
void pair_fixture_stop_kmc(struct pair_fixture *p);
void pair_fixture_start_kmc(struct pair_fixture *p);
void pair_fixture_wait(struct pair_fixture *p, int64_t ready); /* for the pool; 20 s at most */

/* A request of the pair's profile with a key of its own, which goes to `ukey`; evidence to be freed by the caller. */
struct ca_request pair_fixture_request(struct pair_fixture *p, const char *id, const char *order,
                                       struct pki_key **ukey, json_t **evidence);

#endif
