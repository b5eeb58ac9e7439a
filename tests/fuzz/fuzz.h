/* What every fuzz target has: one input, seeds of its own making, and properties that must hold.
 *
 * A target is one file tests/fuzz/NAME.c with the three functions below. With -Dfuzz=true it is linked with libFuzzer and
 * called fuzz_NAME; otherwise replay.c runs its seeds, the lines of corpus/NAME.txt and some changed seeds, and it is
 * called replay_NAME. State that outlives an input is made in fuzz_begin. */
#ifndef CERTHALL_TESTS_FUZZ_H
#define CERTHALL_TESTS_FUZZ_H

#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>

struct fuzz_seeds;

/* Before the first input: keys, servers, databases. */
void fuzz_begin(void);
/* Good inputs, made by the product's own writers: fuzz_seed for each. Called once, after fuzz_begin. */
void fuzz_seeds(struct fuzz_seeds *s);
/* One input, 0. What is wrong ends the process: by a sanitizer, or by MUST. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void fuzz_seed(struct fuzz_seeds *s, struct bytes input);
void fuzz_seed_text(struct fuzz_seeds *s, const char *input);

/* The property holds, or the process ends with its text. */
#define MUST(property) ((property) ? (void)0 : fuzz_wrong(#property, __FILE__, __LINE__))
_Noreturn void fuzz_wrong(const char *property, const char *file, int line);
/* The same for what cannot fail here. */
#define MUST_OK(call, e) ((call) == ERR_OK ? (void)0 : fuzz_failed(#call, e, __FILE__, __LINE__))
_Noreturn void fuzz_failed(const char *call, const struct err_info *e, const char *file, int line);

/* A refusal as conventions.md wants it: `e` says what was returned, and there is a public sentence in both languages. */
void fuzz_refused(enum err code, const struct err_info *e);
/* `part` lies within `whole`, or is empty. */
int fuzz_within(struct bytes part, struct bytes whole);
/* An owned copy without a byte to spare, so that the sanitizer sees the first one read past the end; free() it. */
struct bytes fuzz_copy(const uint8_t *data, size_t size);
/* A folder in memory where there is one, taken away at the end of the process. */
const char *fuzz_folder(void);
/* A P-256 pair that is the same in every process: `n` 1 to 255. */
struct pki_key;
struct pki_key *fuzz_key(int n);

#endif
