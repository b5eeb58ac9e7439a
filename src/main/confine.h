/* What each of the four processes takes from itself before it works: folders that are not its own, and, when its pools are made,
 * system calls (sandbox/sandbox.h). Before both, those that read files from outside fork their spawner. */
#ifndef CERTHALL_MAIN_CONFINE_H
#define CERTHALL_MAIN_CONFINE_H

#include "main/place.h"
#include "sandbox/sandbox.h"
#include "sandbox/spawner.h"

/* The first thing a process does that reads lists: no secret is read and no thread made yet. */
NODISCARD enum err confine_decoders(struct spawner **out, struct err_info *e);

/* What every process has: its data and run folders (made here), to be written; the shared key and the demo's clock, to be read.
 * The caller adds what else it needs, and calls sandbox_close_folders. */
NODISCARD enum err confine_begin(const struct place *p, const char *process,
                                 const struct conf *conf, struct sandbox_folders *out,
                                 struct err_info *e);
/* A database's file and those beside it, or what libpq reads of the user. `url`: as in the settings; borrowed paths come from
 * the place's arena. */
void confine_database(const struct place *p, const char *url, struct sandbox_folders *f);
/* Of enum sandbox_power: a process alone with SQLite connects to nothing but UNIX sockets. */
unsigned confine_powers(const char *database);
/* "127.0.0.1:8080": the port may be listened on. */
void confine_port(struct sandbox_folders *f, const char *address);

#endif
