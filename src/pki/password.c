#include "pki/password.h"

#include "base/sys.h"

#include <argon2.h>
#include <stdio.h>
#include <string.h>

/* OWASP's second profile: what a small machine bears for every sign-in. */
enum { MEMORY_KIB = 19456, PASSES = 2, LANES = 1, SALT_LEN = 16, HASH_LEN = 32, ENCODED_MAX = 256 };
enum { FOREIGN_MEMORY_MAX = 1024 * 1024, FOREIGN_PASSES_MAX = 32 };

enum err password_hash(const char *password, struct arena *a, char **encoded, struct err_info *e)
{
    uint8_t salt[SALT_LEN];
    size_t n = strlen(password);
    if (n > PASSWORD_MAX) {
        err_set(e, ERR_BAD_REQUEST, "password", "over %d octets", PASSWORD_MAX);
        err_arg(e, "why", "password over %d octets", PASSWORD_MAX);
        return ERR_BAD_REQUEST;
    }
    random_bytes(salt, sizeof salt);
    char *out = arena_alloc(a, ENCODED_MAX);
    int failed = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, n, salt, sizeof salt,
                                       HASH_LEN, out, ENCODED_MAX);
    if (failed)
        return err_set(e, ERR_CRYPTO, NULL, "argon2id: %s", argon2_error_message(failed));
    *encoded = out;
    return ERR_OK;
}

static int settings_of(const char *encoded, unsigned *memory, unsigned *passes, unsigned *lanes)
{
    return sscanf(encoded, "$argon2id$v=19$m=%9u,t=%9u,p=%9u$", memory, passes, lanes) == 3;
}

int password_verify(const char *encoded, const char *password)
{
    unsigned memory, passes, lanes;
    size_t n = strlen(password);
    if (n > PASSWORD_MAX || !settings_of(encoded, &memory, &passes, &lanes) ||
        memory > FOREIGN_MEMORY_MAX || passes > FOREIGN_PASSES_MAX)
        return 0;
    return argon2id_verify(encoded, password, n) == ARGON2_OK;
}

int password_is_old(const char *encoded)
{
    unsigned memory, passes, lanes;
    return !settings_of(encoded, &memory, &passes, &lanes) || memory != MEMORY_KIB ||
           passes != PASSES || lanes != LANES;
}
