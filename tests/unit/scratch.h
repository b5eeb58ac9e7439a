/* Take a test's own folder away with all that is in it. */
#ifndef CERTHALL_TESTS_SCRATCH_H
#define CERTHALL_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

static int scratch_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

/* 0 when nothing is left. Links are removed, never followed. */
static inline int scratch_remove(const char *folder)
{
    return nftw(folder, scratch_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
