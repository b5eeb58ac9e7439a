/* Between the files of the verb `certhall ca ceremony`. */
#ifndef CERTHALL_MAIN_CEREMONY_PRIV_H
#define CERTHALL_MAIN_CEREMONY_PRIV_H

#include "ca/ceremony.h"
#include "main/place.h"

enum { CEREMONY_STEPS = 64 };

/* Who is present. Custodians by the number of their share. */
struct ceremony_people {
    const char *operator, * witness;
    const char *root[SHARES_MAX], *issuing[SHARES_MAX];
};

struct ceremony_step {
    int64_t at; /* machine time */
    const char *zh, *en;
};

/* One ceremony, from the first question to its end. Texts are in the place's arena. */
struct ceremony {
    struct place place;
    struct arena *arena;
    struct ca_ceremony_spec spec;
    struct ceremony_people people;
    struct ca_ceremony *ca;
    const struct conf *answers; /* NULL: people are asked */
    struct ceremony_step step[CEREMONY_STEPS];
    size_t steps;
    const char *opened_by; /* RENEW, LIST: numbers of the root's shares that were given */
};

/* Noted for the transcript, and said. */
void ceremony_step(struct ceremony *c, const char *zh, const char *en);

/* ---- ceremony_ask.c ---- */
/* Everything that is decided before a key is made: answers to `spec` and `people`. ERR_CONFIG{why}. */
NODISCARD enum err ceremony_ask(struct ceremony *c, struct err_info *e);
/* Each custodian gets his share: a file, or on the screen for him alone, and types it back. */
NODISCARD enum err ceremony_hand_out(struct ceremony *c, const struct ca_ceremony_key *key,
                                     const char *const who[SHARES_MAX], struct err_info *e);
/* k shares of the root's key, from the answers' files or from people. */
NODISCARD enum err ceremony_gather(struct ceremony *c, struct err_info *e);
/* "yes" by both; ERR_CONFIG{why} where one does not. */
NODISCARD enum err ceremony_confirm(struct ceremony *c, struct err_info *e);

/* ---- ceremony_text.c ---- */
/* The transcript with the root's certificate and its signature. Into the arena. */
NODISCARD enum err ceremony_transcript(struct ceremony *c, struct bytes *out, struct err_info *e);
/* `certhall ca ceremony verify FILE [--root FILE]`. */
NODISCARD enum err ceremony_verify(struct arena *a, const char *path, const char *root,
                                   struct err_info *e);

#endif
