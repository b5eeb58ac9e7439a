/* Between a process and its spawner. */
#ifndef CERTHALL_SANDBOX_SPAWNER_PRIV_H
#define CERTHALL_SANDBOX_SPAWNER_PRIV_H

#include "sandbox/spawner.h"

/* One message on the spawner's socket; two descriptors go with it: the child's end of the file's socket, and the end of a
 * pipe for how the child ended. */
struct spawner_request {
    uint32_t decoder, argument;
};

/* What comes back by the pipe. */
struct spawner_end {
    int32_t status; /* as of waitpid */
    int32_t late;   /* 1: ended by the spawner when its time was up */
};

/* The spawner's whole life, until `line` is closed at the other end. */
_Noreturn void spawner_run(int line, const struct decoder *const *decoders, size_t n,
                           const struct spawner_limits *limits);

/* A child's: reads its file from descriptor 0 to the end, decodes, writes the result there. */
_Noreturn void decoder_run(const struct decoder *d, uint32_t argument,
                           const struct spawner_limits *limits);

#endif
