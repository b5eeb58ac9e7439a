/* Passwords: Argon2id (RFC 9106), 19 MiB, 2 passes, 1 lane, as an encoded text. */
#ifndef CERTHALL_PKI_PASSWORD_H
#define CERTHALL_PKI_PASSWORD_H

#include "base/err.h"
#include "base/mem.h"

enum { PASSWORD_MAX = 512 };

/* "$argon2id$v=19$m=19456,t=2,p=1$…", with a random salt. ERR_BAD_REQUEST over PASSWORD_MAX octets. */
NODISCARD enum err password_hash(const char *password, struct arena *a, char **encoded,
                                 struct err_info *e);
/* 1 when it is the password. An `encoded` that is no hash of ours, or wants more than 1 GiB, gives 0. Takes tens of
 * milliseconds: not for an event loop. */
int password_verify(const char *encoded, const char *password);
/* 1 when the hash was made with other settings than today's. */
int password_is_old(const char *encoded);

#endif
