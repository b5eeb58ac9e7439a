/* The ca's own keys: where each stands, and how one that is encrypted comes to be used.
 *
 * `<data>/keys/<code>.pem` is PKCS#8, as a rule encrypted; its passphrase is made from a secret that custodians hold in shares
 * (pki/shares.h), and `<code>.split` says what is public of those. The process gets the passphrase from a file when it
 * starts (ca_options.passphrases), or k custodians give their shares at the administrator's socket. Until then that CA is locked:
 * what needs its signature is refused with ERR_CA_LOCKED, all else goes on.
 *
 * A key in an HSM has `<code>.p11` instead: `token` and `key` name it by their labels, and `sealed_pin`, where it is there,
 * is its PIN sealed under the secret that the custodians hold; else the PIN stands where passphrases do. After a PIN was refused the file
 * `<code>.pin-refused` stands there, and no start of the process tells it again: HSMs count, and lock. Custodians who
 * open the key take it away, or whoever mends the PIN. */
#ifndef CERTHALL_CA_KEYS_H
#define CERTHALL_CA_KEYS_H

#include "ca/ca.h"
#include "pki/shares.h"

enum ca_key_state {
    CA_KEY_AWAY, /* of a root: kept on a medium of its own */
    CA_KEY_READY,
    CA_KEY_LOCKED
};

struct ca_key {
    const char *code; /* as long as the ca */
    enum pki_alg alg;
    int root;
    enum ca_key_state state;
    int encrypted;             /* its file is */
    const struct split *split; /* as long as the ca; NULL: it has none */
    uint8_t given[SHARES_MAX]; /* numbers of the shares that wait for the others */
    size_t given_n;
};

/* All, by the issuer's id; into the arena. */
void ca_keys(struct ca *ca, struct arena *a, struct ca_key **out, size_t *n);
int ca_is_locked(const struct ca *ca); /* 1: some key that new certificates need is */

enum { CA_SHARES_WAIT_MINUTES = 15 };
/* One custodian's share, as text. With the last that is needed the key is opened, and what was intended before is signed. A share
 * waits CA_SHARES_WAIT_MINUTES for the others. The same again is no change; nor is any for a key that is open.
 * ERR_NOT_FOUND; ERR_SHARE{which, why}; ERR_CONFIG{why} for a key without a split. */
NODISCARD enum err ca_unlock(struct ca *ca, const char *code, const char *share_text,
                             struct ca_key *out, struct err_info *e);

/* The passphrase of the key `code`, from the secret that its custodians hold. */
enum { CA_PASSPHRASE_SIZE = 65 };
void ca_key_passphrase(const uint8_t secret[SHARES_SECRET_LEN], const char *code,
                       char out[CA_PASSPHRASE_SIZE]);
/* A PIN sealed under that secret, base64: what `sealed_pin` of `<code>.p11` is. */
NODISCARD enum err ca_pin_seal(const uint8_t secret[SHARES_SECRET_LEN], const char *code,
                               const char *pin, struct arena *a, const char **sealed,
                               struct err_info *e);
/* The settings file `path`: lines `<code> = <passphrase>`. ERR_CONFIG{why} where others than its owner may read it. */
NODISCARD enum err ca_passphrases_read(struct arena *a, const char *path, const struct conf **out,
                                       struct err_info *e);

#endif
