#include "token/token_priv.h"

#include "base/sys.h"
#include "base/text.h"
#include "base/time.h"
#include "pki/cert.h"
#include "pki/digest.h"
#include "pki/key.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static enum err unsupported(struct err_info *e, const char *what)
{
    err_set(e, ERR_TOKEN_UNSUPPORTED, NULL, "%s", what);
    err_arg(e, "what", "%s", what);
    return ERR_TOKEN_UNSUPPORTED;
}

static int text_of(const char *s, size_t max, const char *also)
{
    size_t n = s ? strlen(s) : 0;
    if (n == 0 || n > max)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!(isascii((unsigned char)s[i]) && isalnum((unsigned char)s[i])) && !strchr(also, s[i]))
            return 0;
    return 1;
}

int token_serial_ok(const char *serial)
{
    return text_of(serial, TOKEN_SERIAL_MAX, "-");
}

int token_name_ok(const char *name, size_t max)
{
    return text_of(name, max, "._-");
}

static enum err check_name(const char *name, size_t max, struct err_info *e)
{
    if (token_name_ok(name, max))
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, "name", "not a name for a key: \"%.70s\"", name ? name : "");
    err_arg(e, "why", "name");
    return ERR_BAD_REQUEST;
}

/* ---- PINs ---- */

void token_pin_wipe(struct token_pin *pin)
{
    mem_wipe(pin, sizeof *pin);
}

static int pin_ok(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if (text[i] < 0x21 || text[i] > 0x7e)
            return 0;
    return n >= TOKEN_PIN_MIN && n <= TOKEN_PIN_MAX;
}

static enum err bad_pin(struct err_info *e)
{
    err_set(e, ERR_TOKEN_PIN_LENGTH, "pin", NULL);
    err_arg(e, "min", "%d", TOKEN_PIN_MIN);
    err_arg(e, "max", "%d", TOKEN_PIN_MAX);
    return ERR_TOKEN_PIN_LENGTH;
}

enum err token_pin_set(struct token_pin *pin, const char *text, struct err_info *e)
{
    token_pin_wipe(pin);
    if (!pin_ok(text))
        return bad_pin(e);
    memcpy(pin->text, text, strlen(text) + 1);
    return ERR_OK;
}

void token_pin_random(struct token_pin *pin)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t raw[TOKEN_PIN_MAX];
    random_bytes(raw, sizeof raw);
    for (int i = 0; i < TOKEN_PIN_MAX; i++)
        pin->text[i] = alphabet[raw[i] & 31];
    pin->text[TOKEN_PIN_MAX] = 0;
    mem_wipe(raw, sizeof raw);
}

/* A PIN handed in by a caller: a wrong length costs no try. */
static enum err check_pin(const struct token_pin *pin, struct err_info *e)
{
    return pin_ok(pin->text) ? ERR_OK : bad_pin(e);
}

/* ---- places ---- */

void token_place_free(struct token_place *p)
{
    if (!p)
        return;
    free(p->told);
    p->told = NULL;
    p->driver->place_free(p);
}

static int by_serial(const void *a, const void *b)
{
    return strcmp(((const struct token_info *)a)->serial, ((const struct token_info *)b)->serial);
}

enum err token_list(struct token_place *p, struct arena *a, struct token_info **out, size_t *n,
                    struct err_info *e)
{
    TRY(p->driver->list(p, a, out, n, e));
    if (*n)
        qsort(*out, *n, sizeof **out, by_serial);
    return ERR_OK;
}

static int in_list(const struct token_info *list, size_t n, const char *serial)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i].serial, serial))
            return 1;
    return 0;
}

static int was_told(const struct token_place *p, const char *serial)
{
    for (size_t i = 0; i < p->told_n; i++)
        if (!strcmp(p->told[i], serial))
            return 1;
    return 0;
}

/* The first difference between what is there and what was told, which is thereby told. */
static int next_event(struct token_place *p, const struct token_info *list, size_t n,
                      struct token_event *out)
{
    for (size_t i = 0; i < p->told_n; i++) {
        if (in_list(list, n, p->told[i]))
            continue;
        out->plugged = 0;
        memcpy(out->serial, p->told[i], sizeof out->serial);
        memmove(p->told + i, p->told + i + 1, (p->told_n - i - 1) * sizeof *p->told);
        p->told_n--;
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        if (was_told(p, list[i].serial))
            continue;
        out->plugged = 1;
        memcpy(out->serial, list[i].serial, sizeof out->serial);
        p->told = mem_grow(p->told, (p->told_n + 1) * sizeof *p->told);
        memcpy(p->told[p->told_n++], list[i].serial, sizeof *p->told);
        return 1;
    }
    return 0;
}

enum err token_wait(struct token_place *p, int timeout_ms, struct token_event *out, int *got,
                    struct err_info *e)
{
    int64_t until = clock_monotonic() + timeout_ms;
    _auto(arena) a = arena_new();
    for (;;) {
        struct token_info *list;
        size_t n;
        arena_reset(a);
        TRY(token_list(p, a, &list, &n, e));
        *got = next_event(p, list, n, out);
        int64_t left = until - clock_monotonic();
        if (*got || left <= 0)
            return ERR_OK;
        TRY(p->driver->wait(p, (int)left, e));
    }
}

/* ---- tokens ---- */

enum err token_open(struct token_place *p, const char *serial, struct token **out,
                    struct err_info *e)
{
    *out = NULL;
    if (!token_serial_ok(serial))
        return err_set(e, ERR_TOKEN_REMOVED, "serial", "not a serial");
    return p->driver->open(p, serial, out, e);
}

void token_free(struct token *t)
{
    if (t)
        t->driver->free(t);
}

enum err token_info(struct token *t, struct token_info *out, struct err_info *e)
{
    return t->driver->info(t, out, e);
}

static int tries_ok(int tries)
{
    return tries >= 1 && tries <= TOKEN_TRIES_MAX;
}

enum err token_initialise(struct token *t, const struct token_initialise *how, struct err_info *e)
{
    if (!(t->driver->caps & TOKEN_CAP_INITIALISE))
        return unsupported(e, "initialise");
    if (how->serial && !(t->driver->caps & TOKEN_CAP_SERIAL))
        return unsupported(e, "serial");
    size_t label = strlen(how->label);
    if (how->serial && !token_serial_ok(how->serial))
        return check_name("", 0, e);
    if (label > TOKEN_LABEL_MAX || !text_is_utf8(how->label, label) || !tries_ok(how->user_tries) ||
        !tries_ok(how->admin_tries)) {
        err_set(e, ERR_BAD_REQUEST, "label", "label or number of tries");
        err_arg(e, "why", "label, tries");
        return ERR_BAD_REQUEST;
    }
    TRY(check_pin(how->admin, e));
    TRY(check_pin(how->user, e));
    return t->driver->initialise(t, how, e);
}

enum err token_wipe(struct token *t, struct err_info *e)
{
    if (!(t->driver->caps & TOKEN_CAP_INITIALISE))
        return unsupported(e, "wipe");
    return t->driver->wipe(t, e);
}

enum err token_login(struct token *t, const struct token_pin *user, struct err_info *e)
{
    TRY(check_pin(user, e));
    return t->driver->login(t, user, e);
}

void token_logout(struct token *t)
{
    t->driver->logout(t);
}

enum err token_change_pin(struct token *t, enum token_role role, const struct token_pin *old,
                          const struct token_pin *pin, struct err_info *e)
{
    if (role == TOKEN_ADMIN && !(t->driver->caps & TOKEN_CAP_ADMIN_PIN))
        return unsupported(e, "admin PIN");
    TRY(check_pin(old, e));
    TRY(check_pin(pin, e));
    return t->driver->change_pin(t, role, old, pin, e);
}

enum err token_unblock(struct token *t, const struct token_pin *admin, const struct token_pin *user,
                       struct err_info *e)
{
    if (!(t->driver->caps & TOKEN_CAP_ADMIN_PIN))
        return unsupported(e, "unblock");
    TRY(check_pin(admin, e));
    TRY(check_pin(user, e));
    return t->driver->unblock(t, admin, user, e);
}

enum err token_containers(struct token *t, struct arena *a, struct token_container **out, size_t *n,
                          struct err_info *e)
{
    return t->driver->containers(t, a, out, n, e);
}

static unsigned cap_of(enum token_alg alg)
{
    switch (alg) {
    case TOKEN_P256:
        return TOKEN_CAP_P256;
    case TOKEN_SM2:
        return TOKEN_CAP_SM2;
    case TOKEN_RSA2048:
        return TOKEN_CAP_RSA2048;
    }
    return 0;
}

enum err token_generate(struct token *t, const char *name, enum token_alg alg, struct err_info *e)
{
    TRY(check_name(name, TOKEN_NAME_MAX, e));
    if (!(t->driver->caps & cap_of(alg)))
        return unsupported(e, "algorithm");
    return t->driver->generate(t, name, alg, e);
}

enum err token_public_key(struct token *t, const char *name, struct arena *a, struct bytes *out,
                          struct err_info *e)
{
    TRY(check_name(name, TOKEN_NAME_MAX, e));
    return t->driver->public_key(t, name, a, out, e);
}

enum err token_delete(struct token *t, const char *name, struct err_info *e)
{
    TRY(check_name(name, TOKEN_NAME_MAX, e));
    return t->driver->delete (t, name, e);
}

enum err token_sign_digest(struct token *t, const char *name, const uint8_t digest[TOKEN_DIGEST],
                           struct arena *a, struct bytes *out, struct err_info *e)
{
    TRY(check_name(name, TOKEN_NAME_MAX, e));
    return t->driver->sign_digest(t, name, digest, a, out, e);
}

enum err token_sign(struct token *t, const char *name, struct bytes message, struct arena *a,
                    struct bytes *out, struct err_info *e)
{
    struct bytes spki;
    _auto(pki_pub) pub = NULL;
    uint8_t digest[TOKEN_DIGEST];
    TRY(token_public_key(t, name, a, &spki, e));
    TRY(pki_pub_load(spki, &pub, e));
    if (pki_pub_alg(pub) == PKI_SM2)
        TRY(pki_sm2_e(pub, message, digest, e));
    else
        digest_sha256(message, digest);
    return token_sign_digest(t, name, digest, a, out, e);
}

enum err token_rsa_private(struct token *t, const char *name, const uint8_t block[TOKEN_RSA_BLOCK],
                           struct arena *a, struct bytes *out, struct err_info *e)
{
    TRY(check_name(name, TOKEN_NAME_MAX, e));
    if (!(t->driver->caps & TOKEN_CAP_RSA_RAW))
        return unsupported(e, "RSA");
    return t->driver->rsa_private(t, name, block, a, out, e);
}

/* Also what a vendor's library must not be trusted with: a certificate for another key. */
enum err token_certificate_fits(struct token *t, const char *name, struct bytes der,
                                struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes spki;
    _auto(pki_pub) mine = NULL;
    _auto(pki_pub) theirs = NULL;
    TRY(token_public_key(t, name, a, &spki, e));
    TRY(pki_pub_load(spki, &mine, e));
    TRY(cert_key(der, &theirs, e));
    if (!pki_pub_equal(mine, theirs))
        return err_set(e, ERR_TOKEN_CERT_KEY, "certificate", "public keys differ");
    return ERR_OK;
}

enum err token_import_certificate(struct token *t, const char *name, struct bytes der,
                                  struct err_info *e)
{
    TRY(check_name(name, TOKEN_NAME_MAX, e));
    if (der.n > TOKEN_CERT_MAX) {
        err_set(e, ERR_TOO_LARGE, "certificate", NULL);
        err_arg(e, "limit", "%d", TOKEN_CERT_MAX);
        return ERR_TOO_LARGE;
    }
    TRY(token_certificate_fits(t, name, der, e));
    return t->driver->import_certificate(t, name, der, e);
}

enum err token_certificate(struct token *t, const char *name, struct arena *a, struct bytes *out,
                           struct err_info *e)
{
    TRY(check_name(name, TOKEN_NAME_MAX, e));
    return t->driver->certificate(t, name, a, out, e);
}

enum err token_object_write(struct token *t, const char *name, struct bytes content,
                            struct err_info *e)
{
    TRY(check_name(name, TOKEN_OBJECT_NAME_MAX, e));
    if (!(t->driver->caps & TOKEN_CAP_OBJECTS))
        return unsupported(e, "object");
    if (content.n > TOKEN_OBJECT_MAX) {
        err_set(e, ERR_TOO_LARGE, "object", NULL);
        err_arg(e, "limit", "%d", TOKEN_OBJECT_MAX);
        return ERR_TOO_LARGE;
    }
    return t->driver->object_write(t, name, content, e);
}

enum err token_object_read(struct token *t, const char *name, struct arena *a, struct bytes *out,
                           struct err_info *e)
{
    TRY(check_name(name, TOKEN_OBJECT_NAME_MAX, e));
    if (!(t->driver->caps & TOKEN_CAP_OBJECTS))
        return unsupported(e, "object");
    return t->driver->object_read(t, name, a, out, e);
}
