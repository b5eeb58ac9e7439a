/* The driver `soft`: a UKey is one encrypted file, a folder is where keys are plugged in.
 *
 * A `*.ukey` file that is in the folder is plugged in; moving it away pulls it. The PIN wraps the key that
 * encrypts everything private (Argon2id, AES-256-GCM), the admin PIN wraps the same key once more. Every
 * change is a whole new image by write, fsync, rename, under an advisory lock of the folder; tries are
 * written before a PIN is compared. A copy of the file can be attacked offline: this driver is for tests,
 * demos and users without hardware, and the slow KDF is all that stands there. */
#ifndef CERTHALL_TOKEN_SOFT_H
#define CERTHALL_TOKEN_SOFT_H

#include "token/token.h"

/* The folder must exist and belong to this user. */
NODISCARD enum err token_soft_place(const char *dir, struct token_place **out, struct err_info *e);

/* A blank key `<dir>/<serial>.ukey`, mode 0600. ERR_TOKEN_EXISTS when the file is there. */
NODISCARD enum err token_soft_create_blank(const char *dir, const char *serial, struct err_info *e);

#endif
