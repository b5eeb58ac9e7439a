/* What a driver implements; for src/token and its tests only. token.c checks arguments before it calls. */
#ifndef CERTHALL_TOKEN_PRIV_H
#define CERTHALL_TOKEN_PRIV_H

#include "token/token.h"

struct token_driver {
    const char *name;
    unsigned caps;
    void (*place_free)(struct token_place *p);
    enum err (*list)(struct token_place *p, struct arena *a, struct token_info **out, size_t *n,
                     struct err_info *e);
    /* Return when something may have changed, or after `timeout_ms`. */
    enum err (*wait)(struct token_place *p, int timeout_ms, struct err_info *e);
    enum err (*open)(struct token_place *p, const char *serial, struct token **out,
                     struct err_info *e);
    void (*free)(struct token *t);
    enum err (*info)(struct token *t, struct token_info *out, struct err_info *e);
    enum err (*initialise)(struct token *t, const struct token_initialise *how, struct err_info *e);
    enum err (*wipe)(struct token *t, struct err_info *e);
    enum err (*login)(struct token *t, const struct token_pin *user, struct err_info *e);
    void (*logout)(struct token *t);
    enum err (*change_pin)(struct token *t, enum token_role role, const struct token_pin *old,
                           const struct token_pin *pin, struct err_info *e);
    enum err (*unblock)(struct token *t, const struct token_pin *admin,
                        const struct token_pin *user, struct err_info *e);
    enum err (*containers)(struct token *t, struct arena *a, struct token_container **out,
                           size_t *n, struct err_info *e);
    enum err (*generate)(struct token *t, const char *name, enum token_alg alg, struct err_info *e);
    enum err (*public_key)(struct token *t, const char *name, struct arena *a, struct bytes *out,
                           struct err_info *e);
    enum err (*delete)(struct token *t, const char *name, struct err_info *e);
    enum err (*sign_digest)(struct token *t, const char *name, const uint8_t digest[TOKEN_DIGEST],
                            struct arena *a, struct bytes *out, struct err_info *e);
    /* NULL without TOKEN_CAP_RSA_RAW */
    enum err (*rsa_private)(struct token *t, const char *name, const uint8_t block[TOKEN_RSA_BLOCK],
                            struct arena *a, struct bytes *out, struct err_info *e);
    enum err (*import_certificate)(struct token *t, const char *name, struct bytes der,
                                   struct err_info *e);
    enum err (*certificate)(struct token *t, const char *name, struct arena *a, struct bytes *out,
                            struct err_info *e);
    enum err (*object_write)(struct token *t, const char *name, struct bytes content,
                             struct err_info *e);
    enum err (*object_read)(struct token *t, const char *name, struct arena *a, struct bytes *out,
                            struct err_info *e);
};

/* The beginning of every driver's place and token. `told` belongs to token_wait. */
struct token_place {
    const struct token_driver *driver;
    char (*told)[TOKEN_SERIAL_MAX + 1];
    size_t told_n;
};

struct token {
    const struct token_driver *driver;
    struct token_place *place;
};

/* 1 when `serial` may be one: 1 to TOKEN_SERIAL_MAX of A-Z a-z 0-9 and hyphen. */
int token_serial_ok(const char *serial);
/* The same for containers and objects: A-Z a-z 0-9 . _ - */
int token_name_ok(const char *name, size_t max);

#endif
