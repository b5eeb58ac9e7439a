/* The soft driver from inside: for src/token and its tests only. */
#ifndef CERTHALL_TOKEN_SOFT_PRIV_H
#define CERTHALL_TOKEN_SOFT_PRIV_H

#include "token/soft_file.h"
#include "token/token_priv.h"

extern const struct token_driver soft_driver;

/* The folder behind a place: tests set its hook and the cost of PINs. */
struct soft_folder *token_soft_folder(struct token_place *p);

#endif
