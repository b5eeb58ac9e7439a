/* The folder of soft UKeys: lock, find, read and replace images. For src/token/soft*.c and its tests only. */
#ifndef CERTHALL_TOKEN_SOFT_FILE_H
#define CERTHALL_TOKEN_SOFT_FILE_H

#include "token/soft_image.h"

/* The boundaries of a write, in their order: where the power may fail. */
enum soft_step {
    SOFT_STEP_OPEN,    /* nothing written yet */
    SOFT_STEP_HALF,    /* half of the new image stands in the side file */
    SOFT_STEP_WRITTEN, /* all of it, not yet synced */
    SOFT_STEP_SYNCED,  /* not yet renamed */
    SOFT_STEP_RENAMED, /* the folder not yet synced */
    SOFT_STEP_DURABLE,
    SOFT_STEPS,
};

/* A test may stand at each boundary and kill the process, or answer nonzero: then the write fails there. */
struct soft_hook {
    int (*at)(void *self, enum soft_step step);
    void *self;
};

struct soft_folder {
    char *path;
    int lock; /* of `.lock`; flock holds between processes and between handles */
    struct soft_hook hook;
    uint32_t memory_kib, passes; /* cost of PINs that are set from now on */
};

NODISCARD enum err soft_folder_open(struct soft_folder *f, const char *path, struct err_info *e);
void soft_folder_close(struct soft_folder *f);

NODISCARD enum err soft_folder_lock(struct soft_folder *f, struct err_info *e);
void soft_folder_unlock(struct soft_folder *f);
/* Unlocks at the end of the block. */
static inline void soft_unlock_cleanup(struct soft_folder **f)
{
    if (*f)
        soft_folder_unlock(*f);
}
#define _auto_unlock __attribute__((cleanup(soft_unlock_cleanup))) struct soft_folder

/* Names of the images, `*.ukey`, regular files. Into the arena. */
NODISCARD enum err soft_folder_names(struct soft_folder *f, struct arena *a, char ***names,
                                     size_t *n, struct err_info *e);
/* ERR_TOKEN_REMOVED when it is not there, ERR_TOKEN_DAMAGED. */
NODISCARD enum err soft_folder_read(struct soft_folder *f, struct arena *a, const char *name,
                                    struct soft_image *out, struct err_info *e);
/* Replace an image that is there (`fresh` 0), or create one that is not: afterwards the old or the new
 * one is whole, and on ERR_OK the new one is durable. Counts the generation up. Only with the lock held. */
NODISCARD enum err soft_folder_write(struct soft_folder *f, const char *name, struct soft_image *im,
                                     int fresh, struct err_info *e);

#endif
