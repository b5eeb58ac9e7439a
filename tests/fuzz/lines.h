/* corpus/NAME.txt: inputs that found something once, or reach what the seeds do not, as lines that a person can read.
 *
 *   # why it stands here
 *   text:GET / HTTP/1.1\r\nHost: a\r\n\r\n      \n \r \t \0 \\ \xNN
 *   hex:3003020100
 *   base64:MAMCAQA= */
#ifndef CERTHALL_TESTS_FUZZ_LINES_H
#define CERTHALL_TESTS_FUZZ_LINES_H

#include "base/mem.h"

/* Where seeds and lines go. `name` is "seed-3" or "line-12". */
struct fuzz_seeds {
    void (*take)(void *self, const char *name, struct bytes input);
    void *self;
    int count;
};

/* Every line of the file, in its order; ends the process where one cannot be read. */
void fuzz_lines(const char *path, struct fuzz_seeds *to);

#endif
