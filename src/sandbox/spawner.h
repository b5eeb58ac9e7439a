/* Files from outside are read in children that can do nothing else (design §1).
 *
 * The spawner is a small process, forked at the start of a server process, before that has read a secret or made a thread.
 * For each file it forks a decoder child with limits on memory, CPU time and time, whose filter of system calls lets it read
 * its file from one socket, write its result to the same, get memory and end: nothing else. What the child writes is for the
 * caller to check like any bytes from outside. A child that crashes, loops or eats memory is an error for the one file.
 *
 * Threads: spawner_decode may be called by several at once; at most SPAWNER_AT_ONCE children run, further callers wait. */
#ifndef CERTHALL_SANDBOX_SPAWNER_H
#define CERTHALL_SANDBOX_SPAWNER_H

#include "base/err.h"
#include "base/mem.h"

#include <sys/types.h>

/* How one kind of file is read. */
struct decoder {
    const char *name; /* for the log: "reglist" */
    void (*prepare)(
        void); /* once, in the spawner: what needs files or system calls that a child has not; may be NULL */
    void (*decode)(struct bytes in, uint32_t argument, struct buf *out); /* in the child */
};

struct spawner_limits {
    size_t memory;          /* bytes of a child's data */
    size_t in_max, out_max; /* bytes of a file, of a result */
    int cpu_seconds;
    int64_t wall_ms;
};
extern const struct spawner_limits
    spawner_usual; /* 256 MiB, 8 MiB in, 32 MiB out, 10 s of CPU, 30 s */

enum { SPAWNER_AT_ONCE = 2, SPAWNER_WAIT_MS = 15000 };

struct spawner;
/* To be called before any thread is made. `decoders` and `limits` are borrowed for good. ERR_INTERNAL, ERR_CONFIG where the
 * system has no filter of system calls. */
NODISCARD enum err spawner_start(const struct decoder *const *decoders, size_t n,
                                 const struct spawner_limits *limits, struct spawner **out,
                                 struct err_info *e);
void spawner_free(struct spawner *s); /* ends it */
DEFINE_AUTO(spawner)
pid_t spawner_pid(const struct spawner *s);

/* Have decoder number `which` read `in`; its result is appended to `out`, which the caller has made with room for it.
 * ERR_FILE_SLOW, ERR_FILE_MEMORY, ERR_FILE_BROKE: so ended the child, and the log says how; ERR_TOO_LARGE; ERR_BUSY where
 * others' files took SPAWNER_WAIT_MS; ERR_INTERNAL where there is no spawner (`s` may be NULL). */
NODISCARD enum err spawner_decode(struct spawner *s, unsigned which, uint32_t argument,
                                  struct bytes in, struct buf *out, struct err_info *e);

#endif
