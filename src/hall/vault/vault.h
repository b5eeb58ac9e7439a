/* Field encryption, blind indexes and masks for personal values (design §8).
 *
 * A value is sealed for a use and an owner (the id of the row it stands in), so that it does not open in
 * another column or row. A blind index is a keyed HMAC, one key for each use: equal values can be found and
 * made unique without being readable. A vault is read-only after it was made and shared by all threads. */
#ifndef CERTHALL_HALL_VAULT_H
#define CERTHALL_HALL_VAULT_H

#include "base/err.h"
#include "base/mem.h"

enum { VAULT_KEYS_MAX = 16, VAULT_KEY_LEN = 32, VAULT_INDEX_LEN = 32 };

/* What a value is. The name of each stands in the sealed bytes' context: never rename or reuse one. */
enum vault_use {
    VAULT_HANDLER, /* name of a person */
    VAULT_MOBILE,
    VAULT_EMAIL,
    VAULT_ADDRESS,
    VAULT_BANK,     /* bank and account number */
    VAULT_FORM,     /* a saved form section */
    VAULT_CODE,     /* authorisation code: index only */
    VAULT_OTP,      /* one-time code: index only */
    VAULT_SESSION,  /* session token: index only */
    VAULT_CSRF,     /* derived from the token: index only */
    VAULT_LIMIT,    /* who is limited: index only */
    VAULT_OUTBOX,   /* what leaves the process */
    VAULT_AUDIT,    /* old and new values */
    VAULT_IMPORT,   /* the regulator's file */
    VAULT_PARTNER,  /* a partner's secret */
    VAULT_TICKET,   /* agent's tickets and job codes: index only */
    VAULT_DOCUMENT, /* uploads and made files */
    VAULT_USE_COUNT
};

struct vault_keys {
    uint32_t current; /* seals; all others only open */
    struct {
        uint32_t id;
        uint8_t key[VAULT_KEY_LEN];
    } field[VAULT_KEYS_MAX];
    int fields;
    uint8_t index[VAULT_KEY_LEN]; /* root of the blind indexes; does not rotate */
};

struct vault;
/* Copies the keys. ERR_CONFIG where `current` is not among them. */
NODISCARD enum err vault_new(const struct vault_keys *keys, struct vault **out, struct err_info *e);
void vault_free(struct vault *v);
DEFINE_AUTO(vault)

NODISCARD enum err vault_seal(const struct vault *v, struct arena *a, enum vault_use use,
                              int64_t owner, struct bytes plain, struct bytes *sealed,
                              struct err_info *e);
/* ERR_CRYPTO when use, owner, key or any octet differs. */
NODISCARD enum err vault_open(const struct vault *v, struct arena *a, enum vault_use use,
                              int64_t owner, struct bytes sealed, struct bytes *plain,
                              struct err_info *e);
/* The same for texts; empty text seals to zero bytes and back. */
NODISCARD enum err vault_seal_text(const struct vault *v, struct arena *a, enum vault_use use,
                                   int64_t owner, const char *plain, struct bytes *sealed,
                                   struct err_info *e);
NODISCARD enum err vault_open_text(const struct vault *v, struct arena *a, enum vault_use use,
                                   int64_t owner, struct bytes sealed, const char **plain,
                                   struct err_info *e);
/* 1 when the value was sealed with a key that is no longer the current one (certhall keys rotate). */
int vault_is_old(const struct vault *v, struct bytes sealed);

/* Blind index of a whole value; VAULT_INDEX_LEN bytes in the arena. */
struct bytes vault_index(const struct vault *v, struct arena *a, enum vault_use use,
                         const char *value);

/* Masks (PIPL 51): 138****1234, 沈**, s***@example.com, ************1234, 福建省泉州市****. */
const char *vault_mask_mobile(struct arena *a, const char *mobile);
const char *vault_mask_name(struct arena *a, const char *name);
const char *vault_mask_email(struct arena *a, const char *email);
const char *vault_mask_account(struct arena *a, const char *account);
const char *vault_mask_address(struct arena *a, const char *address);

#endif
