/* What a server process takes from itself (design §1): system calls that it never makes, and folders that are not its own.
 *
 * Folders (Landlock) are closed before any thread is made, since that counts for the calling thread and those made after it;
 * system calls (seccomp) when all pools are made, for all threads at once. Neither can be given back. No setting turns them
 * off; builds with sanitizers have none, and say so. Where the kernel has no Landlock (before 5.13, or switched off at its
 * start) that is said, and users and modes of folders are what holds; without seccomp no process starts.
 *
 * A call that no honest path makes (another program, another process's memory, mounts, keys, modules …) ends the process with
 * SIGSYS, and its last line names the call; one that is only unknown fails with ENOSYS, so that libraries fall back, and the
 * kernel's audit log has it. */
#ifndef CERTHALL_SANDBOX_SANDBOX_H
#define CERTHALL_SANDBOX_SANDBOX_H

#include "base/err.h"

#include <stddef.h>

enum sandbox_power {
    SANDBOX_NETWORK = 1 /* may connect to other machines, or by TCP to this one */
};

/* Only the calls of a server process from now on, in every thread. `powers`: of enum sandbox_power. ERR_CONFIG{why} where the
 * kernel has no filters. */
NODISCARD enum err sandbox_calls(unsigned powers, struct err_info *e);

/* For the supervisor: what neither it nor any process that it starts ever does; they inherit it. ERR_CONFIG{why}. */
NODISCARD enum err sandbox_supervisor(struct err_info *e);

enum { SANDBOX_PATHS_MAX = 16, SANDBOX_PORTS_MAX = 4 };

/* What a process may reach by name, with all below it. The system's programs, libraries, fonts and settings (/usr, /etc …) it
 * may always read; nothing may it execute. */
struct sandbox_folders {
    const char *own[SANDBOX_PATHS_MAX];   /* read and write; each must be there */
    const char *reads[SANDBOX_PATHS_MAX]; /* read; what is not there is left out */
    size_t own_n, reads_n;
    int nothing;                 /* 1: not even the system's */
    int port[SANDBOX_PORTS_MAX]; /* TCP ports it may listen on (kernel 6.7) */
    size_t ports_n;
};
/* A path for one of the lists; NULL and "" are left out. */
void sandbox_own(struct sandbox_folders *f, const char *path);
void sandbox_reads(struct sandbox_folders *f, const char *path);

/* Before any thread is made. Without Landlock it logs that and goes on. ERR_CONFIG{why} where one of `own` is not there. */
NODISCARD enum err sandbox_close_folders(const struct sandbox_folders *f, struct err_info *e);

/* The version of Landlock's interface that this kernel has; 0: none. */
int sandbox_landlock(void);
/* 0 in a build with sanitizers. */
int sandbox_is_built(void);

#endif
