/* Between the files of a ceremony. */
#ifndef CERTHALL_CA_CEREMONY_PRIV_H
#define CERTHALL_CA_CEREMONY_PRIV_H

#include "ca/ca_priv.h"
#include "ca/ceremony.h"
#include "ca/keys.h"

struct ca_ceremony {
    const struct ca_options *options;
    const struct ca_ceremony_spec *spec;
    struct arena *arena;
    struct store *store;
    struct store_rows issuers; /* before the ceremony */
    struct ca_made root, issuing;
    struct ca_ceremony_key root_key, issuing_key;
    struct bytes old_list; /* the root's list so far; empty: none */
    struct ca_ceremony_file file[CA_CEREMONY_FILES];
    size_t files;
};

/* ERR_CONFIG{why}. */
enum err ca_ceremony_wrong(struct err_info *e, const char *why, ...)
    __attribute__((format(printf, 2, 3)));

/* What an interrupted ceremony with this `out` left: removed, or put right (*settled). */
NODISCARD enum err ca_ceremony_settle(struct ca_ceremony *c, int *settled, struct err_info *e);
/* Nothing stands where this one will write. */
NODISCARD enum err ca_ceremony_room(const struct ca_ceremony *c, struct err_info *e);

#endif
