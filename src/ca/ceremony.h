/* A key ceremony: a root and an issuing CA made, an issuing CA rolled over, or a root's list renewed.
 *
 * Everything is made in memory first; the custodians have their shares before a file is written. What is written then is
 * all or nothing: files go to names that nobody reads (`<name>.new`, and key files that no row names), one transaction
 * makes them count, and the names are put right after it. Where it is interrupted before the transaction, the next ceremony
 * with the same `out` removes what is left; after it, that ceremony puts the names right and says so.
 *
 * The ca's process does not run meanwhile. One thread. Secrets are wiped when the ceremony is freed. */
#ifndef CERTHALL_CA_CEREMONY_H
#define CERTHALL_CA_CEREMONY_H

#include "ca/ca.h"
#include "pki/shares.h"

enum ca_ceremony_kind {
    CA_CEREMONY_CREATE, /* a root and an issuing CA of an algorithm that has none */
    CA_CEREMONY_RENEW,  /* a new issuing CA below the root: it signs from then on */
    CA_CEREMONY_LIST    /* the root's list, which may revoke an issuing CA */
};

struct ca_custody {
    int threshold, count;
};

struct ca_ceremony_spec {
    enum ca_ceremony_kind kind;
    enum pki_alg alg;
    const char *organisation, *root_name, *issuing_name; /* CREATE; RENEW: issuing_name, and O */
    int root_years, issuing_years, list_days;
    struct ca_custody root, issuing;
    const char *revoke;      /* LIST: code of an issuing CA; NULL: none more */
    const char *root_folder; /* RENEW, LIST: the medium with the root's encrypted key */
    const char *out;         /* folder to make: on the root's medium, or for the record */
    const char *shares;      /* folder to make for files of shares; NULL: none are written */
    const char *token,
        *key; /* the issuing CA's key is there already, in an HSM, by these labels; NULL: one is made */
    const char *pin;        /* of the HSM; borrowed, the caller wipes it */
    const char *credential; /* file to make with the issuing key's passphrase; NULL: none */
};

/* A key that this ceremony made, or a root that it opened (`split.count` 0 then). */
struct ca_ceremony_key {
    char code[40];
    struct bytes certificate; /* DER */
    struct split split;
    struct share share[SHARES_MAX];
};

/* Where a file goes. */
enum ca_ceremony_place { CA_PLACE_OUT, CA_PLACE_SHARES, CA_PLACE_CREDENTIAL, CA_PLACE_CA };
struct ca_ceremony_file {
    enum ca_ceremony_place place;
    const char *name;
    struct bytes content;
};

struct ca_ceremony;
/* `spec` and `o` are borrowed. *settled 1: an earlier ceremony with this `out` had taken effect, and is whole now; *out is NULL then.
 * ERR_CONFIG{why}: the issuer is there already or missing, a file or folder would be overwritten, a number makes no sense. */
NODISCARD enum err ca_ceremony_begin(const struct ca_options *o,
                                     const struct ca_ceremony_spec *spec, struct ca_ceremony **out,
                                     int *settled, struct err_info *e);
void ca_ceremony_free(struct ca_ceremony *c);
DEFINE_AUTO(ca_ceremony)

/* RENEW and LIST: what is public of the root's split (`count` 0: its key is not encrypted), and its key from k shares. ERR_SHARE, ERR_CONFIG, ERR_KEY_PASSPHRASE. */
const struct split *ca_ceremony_root_split(const struct ca_ceremony *c);
NODISCARD enum err ca_ceremony_open_root(struct ca_ceremony *c, const struct share *share, size_t n,
                                         struct err_info *e);
/* Keys, certificates (linted before they are signed) and the root's list, in memory. */
NODISCARD enum err ca_ceremony_make(struct ca_ceremony *c, struct err_info *e);

const struct ca_ceremony_key *ca_ceremony_root(const struct ca_ceremony *c);
const struct ca_ceremony_key *ca_ceremony_issuing(const struct ca_ceremony *c); /* NULL: LIST */

/* All files that will be written so far; borrowed. */
size_t ca_ceremony_files(const struct ca_ceremony *c, const struct ca_ceremony_file **out);
/* One more; name and content are copied. At most CA_CEREMONY_FILES. */
enum { CA_CEREMONY_FILES = 64 };
void ca_ceremony_add(struct ca_ceremony *c, enum ca_ceremony_place place, const char *name,
                     struct bytes content);
/* By the root's key. */
NODISCARD enum err ca_ceremony_sign(const struct ca_ceremony *c, struct bytes msg, struct arena *a,
                                    struct bytes *sig, struct err_info *e);

/* The transcript, which has been signed, as the last file; then everything takes effect. */
#define CA_CEREMONY_TRANSCRIPT "ceremony.txt"
NODISCARD enum err ca_ceremony_commit(struct ca_ceremony *c, struct bytes transcript,
                                      struct err_info *e);

#endif
