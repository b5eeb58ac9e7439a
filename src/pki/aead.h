/* Sealed values: AES-256-GCM with the key's id in front (design §8: key id in every ciphertext).
 *
 * Form: 01 | key id, 4 octets big endian | nonce, 12 random octets | ciphertext | tag, 16 octets. The first five octets
 * are authenticated together with the caller's context, so that a value moved to another row or field does not open.
 * Random nonces bear 2^32 values a key (NIST SP 800-38D 8.3); keys are rotated long before. */
#ifndef CERTHALL_PKI_AEAD_H
#define CERTHALL_PKI_AEAD_H

#include "base/err.h"
#include "base/mem.h"

enum {
    AEAD_KEY_LEN = 32,
    AEAD_NONCE_LEN = 12,
    AEAD_TAG_LEN = 16,
    AEAD_OVERHEAD = 5 + AEAD_NONCE_LEN + AEAD_TAG_LEN
};

struct aead_key {
    uint32_t id;
    uint8_t key[AEAD_KEY_LEN];
};
void aead_key_clear(struct aead_key *k); /* wipes */

/* `context` names what the value is, such as "person.mobile:4711". */
NODISCARD enum err aead_seal(const struct aead_key *k, struct bytes context, struct bytes plain,
                             struct arena *a, struct bytes *sealed, struct err_info *e);
/* The id of the key that a sealed value wants; 0 returned when it has not the form. */
int aead_key_id(struct bytes sealed, uint32_t *id);
/* ERR_CRYPTO when key, context or any octet differs. */
NODISCARD enum err aead_open(const struct aead_key *k, struct bytes context, struct bytes sealed,
                             struct arena *a, struct bytes *plain, struct err_info *e);

#endif
