/* The image of a soft UKey: what stands in its file, read from bytes and written to bytes. No I/O, no keys.
 *
 *   "CERTHALL-UKEY-1\n" | counters | content | SHA-256 of everything before
 *
 * The digest at the end finds a torn file. The content carries an HMAC under the key's inner secret, so that
 * a changed one is found at the next login; the counters stand outside of it, because they change before
 * the PIN is known. Numbers are big endian; a text or byte string has its length in front. */
#ifndef CERTHALL_TOKEN_SOFT_IMAGE_H
#define CERTHALL_TOKEN_SOFT_IMAGE_H

#include "token/token.h"

enum {
    SOFT_KEYS_MAX = 8,
    SOFT_OBJECTS_MAX = 8,
    SOFT_IMAGE_MAX = 131072,
    SOFT_SECRET = 32,
    SOFT_SALT = 16,
    SOFT_MAC = 32,
    SOFT_BIRTH = 16,
};

/* The inner secret, wrapped by a PIN: Argon2id (RFC 9106, one lane) gives the wrapping key. */
struct soft_wrap {
    uint8_t salt[SOFT_SALT];
    uint32_t memory_kib, passes;
    struct bytes sealed; /* pki/aead.h */
};

struct soft_key {
    char name[TOKEN_NAME_MAX + 1];
    enum token_alg alg;
    struct bytes spki;
    struct bytes sealed;      /* PKCS#8 under the inner secret, pki/aead.h */
    struct bytes certificate; /* n 0: none */
};

struct soft_object {
    char name[TOKEN_OBJECT_NAME_MAX + 1];
    struct bytes content;
};

/* Everything that points does so into the arena it was read with, or into what the caller put in. */
struct soft_image {
    uint64_t generation; /* one more with each image */
    int user_left, admin_left;
    /* content */
    char serial[TOKEN_SERIAL_MAX + 1];
    int ready; /* 0: blank, nothing below is there */
    char label[TOKEN_LABEL_MAX + 1];
    uint8_t birth[SOFT_BIRTH]; /* random at each initialising; a login belongs to it */
    int user_max, admin_max;
    int first_pin;
    struct soft_wrap user, admin;
    struct soft_key key[SOFT_KEYS_MAX];
    size_t keys;
    struct soft_object object[SOFT_OBJECTS_MAX];
    size_t objects;
    uint8_t mac[SOFT_MAC];
};

/* ERR_TOKEN_DAMAGED with the rule that was broken as detail. */
NODISCARD enum err soft_image_read(struct arena *a, struct bytes file, struct soft_image *out,
                                   struct err_info *e);
/* The file of an image. */
NODISCARD enum err soft_image_write(struct arena *a, const struct soft_image *im,
                                    struct bytes *file, struct err_info *e);
/* The octets that the HMAC covers. */
struct bytes soft_image_content(struct arena *a, const struct soft_image *im);

struct soft_key *soft_image_key(struct soft_image *im, const char *name); /* NULL: none */
struct soft_object *soft_image_object(struct soft_image *im, const char *name);

#endif
