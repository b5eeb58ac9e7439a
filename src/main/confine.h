/* What each of the four processes takes from itself (sandbox/sandbox.h): folders that are not its own before it opens a database
 * or makes a thread, and system calls when its pools are made. Before both, those that read files from outside fork their
 * spawner. What a process needs stands in its own settings. */
#ifndef CERTHALL_MAIN_CONFINE_H
#define CERTHALL_MAIN_CONFINE_H

#include "main/place.h"
#include "sandbox/sandbox.h"
#include "sandbox/spawner.h"

/* The first thing a process does that reads lists: no secret is read and no thread made yet. */
NODISCARD enum err confine_decoders(struct spawner **out, struct err_info *e);

/* `process`: "hall", "ca", "kmc", "responder". It may write in its data and run folders (the latter is made here) and beside its
 * database, the hall in a demo's folder, too; it reads what its settings name. ERR_CONFIG{why}. */
NODISCARD enum err confine_folders(const struct place *p, const char *process, struct err_info *e);

/* The system calls of serving; a process alone with SQLite connects to nothing but UNIX sockets. ERR_CONFIG{why}. */
NODISCARD enum err confine_calls(const struct place *p, const char *process, struct err_info *e);

#endif
