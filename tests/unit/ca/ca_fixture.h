/* A whole ca in a folder of its own: issuers, the profile aml-reporting, a regulator with a signed list, and a maker. */
#ifndef CERTHALL_CA_FIXTURE_H
#define CERTHALL_CA_FIXTURE_H

#include "testing.h"

#include "base/json.h"
#include "ca/ca.h"

struct ca_fixture {
    char folder[64];
    struct arena *arena;
    struct clock *clock;
    struct spawner *decoders;
    struct ca_options options;
    struct ca *ca;
    struct pki_key *regulator_key, *maker_key;
    struct bytes regulator, maker; /* certificates */
    char maker_serial[64];
    char batch[65];
};

void ca_fixture_open(struct ca_fixture *f, enum pki_alg alg);
void ca_fixture_close(struct ca_fixture *f);
void ca_fixture_reopen(struct ca_fixture *f); /* as after a restart */

/* Sign a list with the regulator's key and give it to the ca; its id goes into `batch`. */
enum err ca_fixture_take(struct ca_fixture *f, const char *csv, char batch[65], struct err_info *e);
/* The same for another project, as this signer's. */
enum err ca_fixture_take_for(struct ca_fixture *f, const char *project, const char *csv,
                             struct bytes signer, const struct pki_key *key, char batch[65],
                             struct err_info *e);
/* A certificate of the key by itself, in the fixture's arena. */
struct bytes ca_fixture_self_signed(struct ca_fixture *f, const struct pki_key *key,
                                    const char *name);
/* A CSR for a new key; *out_key is owned by the caller. */
struct bytes ca_fixture_csr(struct ca_fixture *f, enum pki_alg alg, struct pki_key **out_key);
/* The maker's signature over order, CSR and UKey, base64. */
const char *ca_fixture_maker_signature(struct ca_fixture *f, const struct pki_key *key,
                                       const char *order, const char *ukey, struct bytes csr);
/* The same for a row that names another institution. */
const char *ca_fixture_maker_for(struct ca_fixture *f, const struct pki_key *key, const char *order,
                                 const char *ukey, struct bytes csr, const char *institution);
/* regulator row 1 of the fixture's batch and the maker's evidence; to be freed. */
json_t *ca_fixture_evidence(struct ca_fixture *f, const char *order, const char *ukey,
                            struct bytes csr);
struct ca_request ca_fixture_request(struct ca_fixture *f, const char *id, const char *order,
                                     struct bytes csr, const json_t *evidence);

#endif
