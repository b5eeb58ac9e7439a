/* An issuing CA's key in an HSM: where it is, its PIN under the custodians' secret, and the mark of a PIN that was refused. */
#include "ca/ca_priv.h"
#include "ca/hsm.h"
#include "ca/keys.h"

#include "base/sys.h"
#include "base/text.h"
#include "pki/aead.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum err config(struct err_info *e, const char *code, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, "keys/%s.p11: %s", code, why);
    err_arg(e, "why", "keys/%s.p11: %s", code, why);
    return ERR_CONFIG;
}

enum err ca_pin_find(struct ca *ca, struct ca_issuer *issuer, struct err_info *e)
{
    struct conf *conf;
    enum err found =
        conf_read(ca->arena, arena_fmt(ca->arena, "%s/keys/%s.p11", ca->options.data, issuer->code),
                  &conf, e);
    if (found == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(found);
    if (!conf_get(conf, "token", NULL) || !conf_get(conf, "key", NULL))
        return config(e, issuer->code, "token and key must both be there");
    if (!ca->options.hsm)
        return config(e, issuer->code, "and ca.conf names no pkcs11_module");
    issuer->hsm = conf;
    return ERR_OK;
}

/* ---- the mark ---- */

static char *mark_of(const struct ca *ca, const struct ca_issuer *issuer, struct arena *a)
{
    return arena_fmt(a, "%s/keys/%s.pin-refused", ca->options.data, issuer->code);
}

int ca_pin_was_refused(const struct ca *ca, const struct ca_issuer *issuer)
{
    _auto(arena) a = arena_new();
    return issuer->hsm && access(mark_of(ca, issuer, a), F_OK) == 0;
}

static void mark(const struct ca *ca, const struct ca_issuer *issuer)
{
    static const char text[] = "The HSM refused the PIN. Mend it, then remove this file.\n";
    _auto(arena) a = arena_new();
    struct err_info e;
    log_line(LOG_LEVEL_ERROR, "ca.pin_refused", "%s: the HSM refused the PIN; it is not told again",
             issuer->code);
    if (file_replace(mark_of(ca, issuer, a), (struct bytes){(const uint8_t *)text, sizeof text - 1},
                     0600, &e) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "ca.pin_refused", "%s: no mark could be left", issuer->code);
}

enum err ca_pin_use(const struct ca *ca, const struct ca_issuer *issuer, const char *pin,
                    struct pki_signer **out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    if (!pin)
        return err_set(e, ERR_KEY_PASSPHRASE, NULL, "%s wants a PIN", issuer->code);
    enum err opened = ca_hsm_signer(ca->options.hsm, conf_get(issuer->hsm, "token", ""),
                                    conf_get(issuer->hsm, "key", ""), pin, out, e);
    if (opened == ERR_HSM_PIN)
        mark(ca, issuer);
    if (opened == ERR_OK)
        unlink(mark_of(ca, issuer, a));
    return opened;
}

/* ---- the sealed PIN ---- */

static struct aead_key key_of(const uint8_t secret[SHARES_SECRET_LEN])
{
    static const char salt[] = "CERTHALL-PIN-v1";
    struct aead_key key = {.id = 1};
    digest_hkdf((struct bytes){secret, SHARES_SECRET_LEN},
                (struct bytes){(const uint8_t *)salt, sizeof salt - 1}, (struct bytes){0}, key.key,
                sizeof key.key);
    return key;
}

static struct bytes context_of(const char *code)
{
    return (struct bytes){(const uint8_t *)code, strlen(code)};
}

enum err ca_pin_seal(const uint8_t secret[SHARES_SECRET_LEN], const char *code, const char *pin,
                     struct arena *a, const char **sealed, struct err_info *e)
{
    struct aead_key key = key_of(secret);
    struct bytes made;
    enum err result = aead_seal(&key, context_of(code),
                                (struct bytes){(const uint8_t *)pin, strlen(pin)}, a, &made, e);
    aead_key_clear(&key);
    TRY(result);
    *sealed = text_base64(a, made);
    return ERR_OK;
}

enum err ca_pin_open(const struct ca_issuer *issuer, const uint8_t secret[SHARES_SECRET_LEN],
                     char *pin, size_t size, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes sealed, plain;
    if (!text_from_base64(a, conf_get(issuer->hsm, "sealed_pin", ""), &sealed) || sealed.n == 0)
        return config(e, issuer->code, "there is no sealed_pin");
    struct aead_key key = key_of(secret);
    enum err result = aead_open(&key, context_of(issuer->code), sealed, a, &plain, e);
    aead_key_clear(&key);
    TRY(result);
    if (plain.n >= size)
        return config(e, issuer->code, "its PIN is too long");
    memcpy(pin, plain.p, plain.n);
    pin[plain.n] = '\0';
    return ERR_OK;
}
