/* Between the files of sandbox. */
#ifndef CERTHALL_SANDBOX_PRIV_H
#define CERTHALL_SANDBOX_PRIV_H

#include "sandbox/sandbox.h"

/* Sanitizers write reports, start programs and trace themselves: their builds run without filters (design §11). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED
#elif defined(__has_feature) /* so clang says it */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED
#endif
#endif

/* The first descriptor that a decoder child closes. */
#ifdef SANDBOX_SANITIZED
enum { SANDBOX_FIRST_FD = 3 };
#else
enum { SANDBOX_FIRST_FD = 1 };
#endif

/* The spawner may fork, wait, end and answer; no file, no program, no connection. 0: the system has no such filter. */
int sandbox_spawner_alone(void);
/* A decoder child may read and write descriptor 0, get memory and end; all else ends it. Ends it, too, where that cannot be. */
void sandbox_decoder_calls(void);

#endif
