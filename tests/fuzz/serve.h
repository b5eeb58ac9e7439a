/* For targets that talk to one of our servers in the same process: octets in, answer out, and what every answer must be. */
#ifndef CERTHALL_TESTS_FUZZ_SERVE_H
#define CERTHALL_TESTS_FUZZ_SERVE_H

#include "fuzz.h"

#include "base/json.h"
#include "httpd/httpd.h"

struct fuzz_answer {
    struct buf raw;
    int status; /* 0: closed without an answer */
    const char *type;
    struct bytes body;
    json_t *json; /* of a JSON body */
};
void fuzz_answer_clear(struct fuzz_answer *a);
#define _auto_answer __attribute__((cleanup(fuzz_answer_clear))) struct fuzz_answer

/* A UNIX socket in fuzz_folder(), and its path. */
const char *fuzz_listen(struct httpd *s, const char *name, int tag);
/* Any octets: send them, read the first answer and what lies behind it, and hang up; also where nothing came for some
 * milliseconds, for half a request is waited for longer than that. `port` 0: the UNIX socket. 1 when an answer was whole. */
int fuzz_talk(const char *unix_path, int port, struct bytes octets, struct fuzz_answer *out);
/* A whole request with `Connection: close`: the answer must come, be whole, and end the connection within 4 s. */
void fuzz_ask(const char *unix_path, struct bytes request, struct fuzz_answer *out);
/* "POST /path\nbody" as one whole request with a JSON body; 0 when the input is none. The answer is fuzz_checked. */
int fuzz_call(const char *unix_path, struct bytes input, struct fuzz_answer *out);
/* Conventions.md: JSON is JSON, an error has {code, field, message, ref}; and what a caller sends is never our own failure (500). */
void fuzz_checked(const struct fuzz_answer *a);

#endif
