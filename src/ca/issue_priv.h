/* Inside issuing: one request on its way, shared by issue.c (its steps) and pair.c (what a pair has beside them). */
#ifndef CERTHALL_CA_ISSUE_PRIV_H
#define CERTHALL_CA_ISSUE_PRIV_H

#include "ca/ca_priv.h"

struct signed_work {
    struct arena *arena;
    int64_t id, issuer_id, now, not_after;
    struct bytes serial, certificate;
    const char *profile;
    int first; /* this signature stands; else another thread answered the same request first */
    const struct ca_pair *pair; /* recorded with it; NULL: a single certificate */
};

/* The encryption certificate of a pair; the signing one is its request's own. */
struct ca_pair {
    int64_t id;
    struct bytes serial, certificate, sealed; /* sealed: as in ca_answer */
    uint8_t key_hash[DIGEST_LEN];
    int shard;
    struct ca_vouched vouched; /* both say the same of the same person */
    struct bytes spki;         /* n 0: the kmc has not answered yet */
};

/* A request on its way, from thread to thread, one at a time: who asked, the writer, for a pair the kmc's line, a signer, the
 * writer. */
struct ca_issuing {
    struct store_group_item item; /* first: it is cast back */
    struct ca_job job;
    struct signed_work signed_work;
    void (*done)(void *arg); /* with `result` and `why` set */
    void *done_arg;
    enum err result;
    struct err_info why;
    struct ca *ca;
    const struct ca_request *r;
    const struct ca_profile *profile;
    const struct ca_issuer *issuer;
    struct pki_pub *key;
    struct ca_proven proven;
    struct arena *arena;
    int64_t now;
    uint8_t key_hash[DIGEST_LEN];
    struct bytes serial, subject, tbs, certificate;
    int shard; /* of the list that the certificate names */
    char *subject_text;
    int64_t id;
    const struct name_part *subject_part; /* of a member of staff: what the administrator said */
    size_t subject_parts;
    const char *entered_by;
    int repeated; /* the request was made before: `certificate` is what was answered then */
    const char *state;
    struct ca_pair *pair;    /* NULL: a single certificate */
    struct ca_issuing *next; /* of those that wait for the kmc */
};

/* The answer stands: who asked goes on, and `i` may be gone. */
void ca_issuing_finish(struct ca_issuing *i, enum err result, const struct err_info *why);
/* Both keys of the pair are there: to the signers, from any thread. */
void ca_issuing_sign(struct ca_issuing *i);
/* TBS octets of one of its certificates, linted; `key` is the one that is certified. */
NODISCARD enum err ca_issuing_tbs(struct ca_issuing *i, enum ca_use use, const struct ca_vouched *v,
                                  const struct pki_pub *key, struct bytes serial, int shard,
                                  struct bytes *tbs, struct err_info *e);

/* ---- pair.c ---- */

/* A serial and a place for the second certificate, before the intent. */
void ca_pair_plan(struct ca_issuing *i, const struct ca_vouched *v);
/* Its row, in the transaction of the intent; the signing certificate has `id`, this one the next. */
NODISCARD enum err ca_pair_intend(struct store_tx *tx, struct ca_issuing *i, const char *who,
                                  struct err_info *e);
/* The second certificate, from the key that the kmc gave. */
NODISCARD enum err ca_pair_sign(struct ca_issuing *i, struct err_info *e);
/* In the transaction that records the first. */
NODISCARD enum err ca_pair_record(struct store_tx *tx, const struct signed_work *w,
                                  struct err_info *e);
/* What was answered for it, from the row of the signing certificate. *open: it was intended, and another request is at it. */
NODISCARD enum err ca_pair_found(struct store_tx *tx, struct ca_issuing *i, int64_t id, int *open,
                                 struct err_info *e);
/* After the intent: nothing of the pair will be; then who asked is told why. From any thread. */
void ca_pair_give_up(struct ca_issuing *i, enum err result, const struct err_info *why);
/* One row of a pair that a crash left without signatures. */
NODISCARD enum err ca_pair_void(struct ca *ca, int64_t id, const char *why, struct err_info *e);

/* The line to the kmc. NULL in struct ca: there is none, and no profile makes pairs. */
NODISCARD enum err ca_pairs_new(const struct ca_escrow_options *o, struct ca_pairs **out,
                                struct err_info *e);
/* By the writer's thread: ask the kmc for its key. */
void ca_pairs_add(struct ca_pairs *p, struct ca_issuing *i);
/* Those that wait are given up. Before the group and the signers end. */
void ca_pairs_free(struct ca_pairs *p);

#endif
