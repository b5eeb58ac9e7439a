/* UKeys: what one can do, whoever makes it (design §6).
 *
 * A *place* is where keys of one driver are plugged in (for `soft`: a folder). A *token* is one key of a
 * place, opened by its serial; it stays valid when the key is pulled and plugged in again, calls in between
 * answer ERR_TOKEN_REMOVED. A token and a place belong to one thread; other threads and processes may use
 * the same key through handles of their own. A login lasts as long as the handle, until the key is
 * initialised anew or seen to be pulled.
 *
 * Errors of every call: ERR_TOKEN_REMOVED (not plugged in), ERR_TOKEN_DAMAGED (image torn or forged),
 * ERR_TOKEN_BLANK (needs initialising first), ERR_TOKEN_UNSUPPORTED (the driver cannot), ERR_IO. */
#ifndef CERTHALL_TOKEN_H
#define CERTHALL_TOKEN_H

#include "base/err.h"
#include "base/mem.h"

enum {
    TOKEN_SERIAL_MAX = 32, /* as DEVINFO.SerialNumber, GM/T 0016 6.4.1; A-Z a-z 0-9 and hyphen */
    TOKEN_LABEL_MAX = 32,  /* bytes of UTF-8, DEVINFO.Label */
    TOKEN_NAME_MAX = 64,   /* container; GM/T 0016 SKF_CreateContainer */
    TOKEN_OBJECT_NAME_MAX = 32,
    TOKEN_OBJECT_MAX = 1024, /* bytes of one data object */
    TOKEN_CERT_MAX = 8192,   /* bytes of one certificate */
    TOKEN_PIN_MIN = 6,       /* what the key itself enforces; a profile may ask for more */
    TOKEN_PIN_MAX = 16,
    TOKEN_TRIES_MAX = 15,
    TOKEN_DIGEST = 32, /* every algorithm here signs 32 bytes: SHA-256, SM3 */
    TOKEN_SIGNATURE_MAX = 512,
    TOKEN_RSA_BLOCK = 256, /* as long as the modulus */
};

enum token_alg { TOKEN_P256 = 1, TOKEN_SM2, TOKEN_RSA2048 };
enum token_role { TOKEN_USER, TOKEN_ADMIN };

/* What a driver can do. */
enum token_cap {
    TOKEN_CAP_P256 = 1 << 0,
    TOKEN_CAP_SM2 = 1 << 1,
    TOKEN_CAP_RSA2048 = 1 << 2,
    TOKEN_CAP_INITIALISE = 1 << 3,
    TOKEN_CAP_SERIAL = 1 << 4,    /* initialising may give the key another serial */
    TOKEN_CAP_TRIES = 1 << 5,     /* the number of tries can be set */
    TOKEN_CAP_ADMIN_PIN = 1 << 6, /* unblock and change by an admin PIN (U4b) */
    TOKEN_CAP_OBJECTS = 1 << 7,
    TOKEN_CAP_RSA_RAW =
        1 << 8, /* RSA on a block that the host has padded (CKM_RSA_X_509): TLS 1.3 wants PSS */
};

/* A PIN; `_auto_pin` wipes it at the end of the block. ASCII 0x21–0x7e. */
struct token_pin {
    char text[TOKEN_PIN_MAX + 1];
};
void token_pin_wipe(struct token_pin *pin);
#define _auto_pin __attribute__((cleanup(token_pin_wipe))) struct token_pin
/* ERR_TOKEN_PIN_LENGTH unless TOKEN_PIN_MIN to TOKEN_PIN_MAX printable ASCII characters. */
NODISCARD enum err token_pin_set(struct token_pin *pin, const char *text, struct err_info *e);
/* TOKEN_PIN_MAX characters of Crockford base32, 80 random bits. */
void token_pin_random(struct token_pin *pin);

enum token_state {
    TOKEN_STATE_BLANK, /* has a serial, nothing else */
    TOKEN_STATE_READY, /* initialised */
    TOKEN_STATE_DAMAGED, /* plugged in, but its image is torn or forged; only `serial` is filled, from its name */
};

struct token_info {
    char serial[TOKEN_SERIAL_MAX + 1];
    char label[TOKEN_LABEL_MAX + 1];
    const char *driver;
    unsigned caps; /* enum token_cap */
    enum token_state state;
    int user_left, user_max;   /* tries; 0 left = locked (T5, C-01: locked at the n-th wrong try) */
    int admin_left, admin_max; /* 0 left = dead (T7) */
    int first_pin;             /* 1 until the user has set a PIN after initialising (T4, C-24) */
    int containers;
    int certificates;
};

struct token_container {
    char name[TOKEN_NAME_MAX + 1];
    enum token_alg alg;
    int has_certificate;
};

struct token_place;
void token_place_free(struct token_place *p);
DEFINE_AUTO(token_place)

/* All keys plugged in, sorted by serial; a damaged one is listed too. Into the arena. */
NODISCARD enum err token_list(struct token_place *p, struct arena *a, struct token_info **out,
                              size_t *n, struct err_info *e);

struct token_event {
    int plugged; /* 1 plugged in, 0 pulled */
    char serial[TOKEN_SERIAL_MAX + 1];
};
/* Wait for the next change against what token_wait has told so far (a new place has told nothing, so keys
 * already there come first). *got is 0 when `timeout_ms` passed quietly. */
NODISCARD enum err token_wait(struct token_place *p, int timeout_ms, struct token_event *out,
                              int *got, struct err_info *e);

struct token;
/* ERR_TOKEN_REMOVED when no such key is plugged in, ERR_TOKEN_DAMAGED when two images claim the serial.
 * The place must outlive the token. */
NODISCARD enum err token_open(struct token_place *p, const char *serial, struct token **out,
                              struct err_info *e);
void token_free(struct token *t); /* logs out, wipes */
DEFINE_AUTO(token)

NODISCARD enum err token_info(struct token *t, struct token_info *out, struct err_info *e);

struct token_initialise {
    const char *serial; /* NULL keeps it; another one needs TOKEN_CAP_SERIAL */
    const char *label;
    const struct token_pin *admin, *user;
    int admin_tries, user_tries; /* 1 to TOKEN_TRIES_MAX */
};
/* Wipe everything and begin anew (T2). Needs no PIN, as real keys do not: who may is the caller's duty. */
NODISCARD enum err token_initialise(struct token *t, const struct token_initialise *how,
                                    struct err_info *e);

/* Back to blank: everything but the serial goes (T15). Needs no PIN either. */
NODISCARD enum err token_wipe(struct token *t, struct err_info *e);

/* PINs. A wrong one: ERR_TOKEN_PIN_WRONG with argument {left}; none left: ERR_TOKEN_LOCKED (user) or
 * ERR_TOKEN_DEAD (admin). The counter is durable before the PIN is compared; the right PIN restores it. */
NODISCARD enum err token_login(struct token *t, const struct token_pin *user, struct err_info *e);
void token_logout(struct token *t);
NODISCARD enum err token_change_pin(struct token *t, enum token_role role,
                                    const struct token_pin *old, const struct token_pin *pin,
                                    struct err_info *e);
/* Set a new user PIN and its full number of tries by the admin PIN (U4b). Keys and certificates stay. */
NODISCARD enum err token_unblock(struct token *t, const struct token_pin *admin,
                                 const struct token_pin *user, struct err_info *e);

/* Containers: one key pair each with one certificate. Names: 1 to TOKEN_NAME_MAX of A-Z a-z 0-9 . _ -
 * Everything that writes, and signing, needs a login: ERR_TOKEN_LOGIN. Reading needs none. */
NODISCARD enum err token_containers(struct token *t, struct arena *a, struct token_container **out,
                                    size_t *n, struct err_info *e);
/* ERR_TOKEN_EXISTS when the name is taken, ERR_TOKEN_FULL when there is no room. */
NODISCARD enum err token_generate(struct token *t, const char *name, enum token_alg alg,
                                  struct err_info *e);
/* ERR_TOKEN_NO_KEY where there is none. SubjectPublicKeyInfo, DER (RFC 5280 4.1.2.7). */
NODISCARD enum err token_public_key(struct token *t, const char *name, struct arena *a,
                                    struct bytes *out, struct err_info *e);
/* Key, certificate and all; needs a login. */
NODISCARD enum err token_delete(struct token *t, const char *name, struct err_info *e);

/* Sign a message: the host hashes (SHA-256; for SM2 SM3 over Z || message with the id 1234567812345678,
 * GM/T 0009), the key signs the digest. ECDSA and SM2: DER SEQUENCE {r, s}; RSA: PKCS #1 v1.5, SHA-256. */
NODISCARD enum err token_sign(struct token *t, const char *name, struct bytes message,
                              struct arena *a, struct bytes *out, struct err_info *e);
NODISCARD enum err token_sign_digest(struct token *t, const char *name,
                                     const uint8_t digest[TOKEN_DIGEST], struct arena *a,
                                     struct bytes *out, struct err_info *e);

/* RSASP1 of RFC 8017 5.2.1: the private operation on a block that the host has padded; TOKEN_CAP_RSA_RAW.
 * ERR_TOKEN_UNSUPPORTED also for a container of another algorithm. */
NODISCARD enum err token_rsa_private(struct token *t, const char *name,
                                     const uint8_t block[TOKEN_RSA_BLOCK], struct arena *a,
                                     struct bytes *out, struct err_info *e);

/* Certificate of a container, DER. Importing refuses one whose public key is not the container's
 * (ERR_TOKEN_CERT_KEY); the same bytes again are no change. Reading: ERR_NOT_FOUND where there is none. */
NODISCARD enum err token_import_certificate(struct token *t, const char *name, struct bytes der,
                                            struct err_info *e);
NODISCARD enum err token_certificate(struct token *t, const char *name, struct arena *a,
                                     struct bytes *out, struct err_info *e);

/* ERR_TOKEN_CERT_KEY unless the certificate's public key is the container's. */
NODISCARD enum err token_certificate_fits(struct token *t, const char *name, struct bytes der,
                                          struct err_info *e);

/* Small named data, readable without a PIN. Empty content removes the object; removing none is no error. */
NODISCARD enum err token_object_write(struct token *t, const char *name, struct bytes content,
                                      struct err_info *e);
NODISCARD enum err token_object_read(struct token *t, const char *name, struct arena *a,
                                     struct bytes *out, struct err_info *e);

#endif
