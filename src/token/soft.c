#include "token/soft.h"

#include "base/sys.h"
#include "base/time.h"
#include "pki/aead.h"
#include "pki/digest.h"
#include "pki/key.h"
#include "token/soft_priv.h"
#include "token/token_priv.h"

#include <argon2.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* RFC 9106 4, second recommended option, with one lane: some 150 ms. The file can be tried offline. */
enum { COST_KIB = 65536, COST_PASSES = 3 };

struct soft_place {
    struct token_place base;
    struct soft_folder folder;
    int watch; /* inotify; -1: none, then waiting is polling */
};

struct soft_token {
    struct token base;
    struct soft_place *place;
    char serial[TOKEN_SERIAL_MAX + 1];
    char *file; /* name in the folder */
    int in;     /* logged in: `secret` is right for the key born as `birth` */
    uint8_t secret[SOFT_SECRET];
    uint8_t birth[SOFT_BIRTH];
};

static struct soft_place *place_of(struct token_place *p)
{
    return (struct soft_place *)p;
}

static struct soft_token *soft_of(struct token *t)
{
    return (struct soft_token *)t;
}

static void log_out(struct soft_token *t)
{
    mem_wipe(t->secret, sizeof t->secret);
    t->in = 0;
}

/* ---- secrets ---- */

static void mac_of(const uint8_t secret[SOFT_SECRET], const struct soft_image *im,
                   uint8_t out[SOFT_MAC])
{
    static const char info[] = "certhall soft ukey image";
    uint8_t key[32];
    _auto(arena) a = arena_new();
    digest_hkdf((struct bytes){secret, SOFT_SECRET}, (struct bytes){0},
                (struct bytes){(const uint8_t *)info, sizeof info - 1}, key, sizeof key);
    digest_hmac_sha256((struct bytes){key, sizeof key}, soft_image_content(a, im), out);
    mem_wipe(key, sizeof key);
}

static struct bytes context(struct arena *a, const struct soft_image *im, const char *what)
{
    char *s = arena_fmt(a, "%s:%s", what, im->serial);
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static enum err wrapping_key(const struct soft_wrap *w, const struct token_pin *pin,
                             struct aead_key *out, struct err_info *e)
{
    out->id = 0;
    int rc = argon2id_hash_raw(w->passes, w->memory_kib, 1, pin->text, strlen(pin->text), w->salt,
                               sizeof w->salt, out->key, sizeof out->key);
    return rc == ARGON2_OK ? ERR_OK
                           : err_set(e, ERR_CRYPTO, NULL, "argon2: %s", argon2_error_message(rc));
}

static enum err wrap_secret(const struct soft_folder *f, struct soft_image *im,
                            enum token_role role, const struct token_pin *pin,
                            const uint8_t secret[SOFT_SECRET], struct arena *a, struct err_info *e)
{
    struct soft_wrap *w = role == TOKEN_USER ? &im->user : &im->admin;
    struct aead_key key;
    random_bytes(w->salt, sizeof w->salt);
    w->memory_kib = f->memory_kib;
    w->passes = f->passes;
    TRY(wrapping_key(w, pin, &key, e));
    enum err err = aead_seal(&key, context(a, im, role == TOKEN_USER ? "user" : "admin"),
                             (struct bytes){secret, SOFT_SECRET}, a, &w->sealed, e);
    aead_key_clear(&key);
    return err;
}

static enum err unwrap_secret(const struct soft_image *im, enum token_role role,
                              const struct token_pin *pin, uint8_t secret[SOFT_SECRET], int *right,
                              struct arena *a, struct err_info *e)
{
    const struct soft_wrap *w = role == TOKEN_USER ? &im->user : &im->admin;
    struct aead_key key;
    struct bytes plain;
    *right = 0;
    TRY(wrapping_key(w, pin, &key, e));
    enum err err = aead_open(&key, context(a, im, role == TOKEN_USER ? "user" : "admin"), w->sealed,
                             a, &plain, e);
    aead_key_clear(&key);
    if (err == ERR_CRYPTO)
        return ERR_OK; /* a wrong PIN */
    TRY(err);
    if (plain.n != SOFT_SECRET)
        return err_set(e, ERR_TOKEN_DAMAGED, NULL, "image: length of the secret");
    memcpy(secret, plain.p, SOFT_SECRET);
    *right = 1;
    return ERR_OK;
}

static enum err check_mac(const struct soft_image *im, const uint8_t secret[SOFT_SECRET],
                          struct err_info *e)
{
    uint8_t mac[SOFT_MAC];
    mac_of(secret, im, mac);
    return mem_equal(mac, im->mac, sizeof mac)
               ? ERR_OK
               : err_set(e, ERR_TOKEN_DAMAGED, NULL, "image: content is not what was written");
}

/* ---- images ---- */

static enum err load(struct soft_token *t, struct arena *a, struct soft_image *im,
                     struct err_info *e)
{
    enum err err = soft_folder_read(&t->place->folder, a, t->file, im, e);
    if (err == ERR_OK && strcmp(im->serial, t->serial) != 0)
        err = err_set(e, ERR_TOKEN_REMOVED, NULL, "another key stands in its place");
    if (err == ERR_TOKEN_REMOVED)
        log_out(t);
    return err;
}

static enum err load_ready(struct soft_token *t, struct arena *a, struct soft_image *im,
                           struct err_info *e)
{
    TRY(load(t, a, im, e));
    return im->ready ? ERR_OK : err_set(e, ERR_TOKEN_BLANK, NULL, NULL);
}

/* For what needs a login: the image is exactly what this secret's holder wrote. */
static enum err load_logged_in(struct soft_token *t, struct arena *a, struct soft_image *im,
                               struct err_info *e)
{
    TRY(load_ready(t, a, im, e));
    if (t->in && memcmp(t->birth, im->birth, sizeof t->birth) != 0)
        log_out(t); /* initialised anew by somebody else */
    if (!t->in)
        return err_set(e, ERR_TOKEN_LOGIN, NULL, NULL);
    return check_mac(im, t->secret, e);
}

static enum err store(struct soft_token *t, struct soft_image *im, struct err_info *e)
{
    return soft_folder_write(&t->place->folder, t->file, im, 0, e);
}

static enum err store_signed(struct soft_token *t, struct soft_image *im,
                             const uint8_t secret[SOFT_SECRET], struct err_info *e)
{
    mac_of(secret, im, im->mac);
    return store(t, im, e);
}

/* ---- PINs ---- */

static enum err none_left(enum token_role role, struct err_info *e)
{
    return err_set(e, role == TOKEN_USER ? ERR_TOKEN_LOCKED : ERR_TOKEN_DEAD, NULL, NULL);
}

/* Compare a PIN. The try is counted durably first: whoever pulls the key or the plug has used it up. On
 * ERR_OK the counter in `im` is full again, which the caller writes together with his change. */
static enum err use_pin(struct soft_token *t, struct soft_image *im, enum token_role role,
                        const struct token_pin *pin, uint8_t secret[SOFT_SECRET], struct arena *a,
                        struct err_info *e)
{
    int *left = role == TOKEN_USER ? &im->user_left : &im->admin_left;
    int right;
    if (*left == 0)
        return none_left(role, e);
    --*left;
    TRY(store(t, im, e));
    TRY(unwrap_secret(im, role, pin, secret, &right, a, e));
    if (!right && *left == 0)
        return none_left(role, e);
    if (!right) {
        err_set(e, ERR_TOKEN_PIN_WRONG, NULL, NULL);
        err_arg(e, "left", "%d", *left);
        return ERR_TOKEN_PIN_WRONG;
    }
    TRY(check_mac(im, secret, e));
    *left = role == TOKEN_USER ? im->user_max : im->admin_max;
    return ERR_OK;
}

static enum err soft_login(struct token *base, const struct token_pin *pin, struct err_info *e)
{
    struct soft_token *t = soft_of(base);
    struct soft_image im;
    _auto(arena) a = arena_new();
    log_out(t);
    TRY(soft_folder_lock(&t->place->folder, e));
    _auto_unlock *lock __attribute__((unused)) = &t->place->folder;
    TRY(load_ready(t, a, &im, e));
    enum err err = use_pin(t, &im, TOKEN_USER, pin, t->secret, a, e);
    if (err == ERR_OK)
        err = store(t, &im, e);
    if (err != ERR_OK) {
        log_out(t);
        return err;
    }
    memcpy(t->birth, im.birth, sizeof t->birth);
    t->in = 1;
    return ERR_OK;
}

static void soft_logout(struct token *base)
{
    log_out(soft_of(base));
}

static enum err set_pin(struct soft_token *t, enum token_role with, const struct token_pin *by,
                        enum token_role whose, const struct token_pin *pin, struct err_info *e)
{
    struct soft_image im;
    uint8_t secret[SOFT_SECRET];
    _auto(arena) a = arena_new();
    TRY(soft_folder_lock(&t->place->folder, e));
    _auto_unlock *lock __attribute__((unused)) = &t->place->folder;
    TRY(load_ready(t, a, &im, e));
    enum err err = use_pin(t, &im, with, by, secret, a, e);
    if (err == ERR_OK)
        err = wrap_secret(&t->place->folder, &im, whose, pin, secret, a, e);
    if (err == ERR_OK) {
        if (whose == TOKEN_USER) {
            im.user_left = im.user_max;
            im.first_pin = 0;
        }
        err = store_signed(t, &im, secret, e);
    }
    mem_wipe(secret, sizeof secret);
    return err;
}

static enum err soft_change_pin(struct token *base, enum token_role role,
                                const struct token_pin *old, const struct token_pin *pin,
                                struct err_info *e)
{
    return set_pin(soft_of(base), role, old, role, pin, e);
}

static enum err soft_unblock(struct token *base, const struct token_pin *admin,
                             const struct token_pin *user, struct err_info *e)
{
    return set_pin(soft_of(base), TOKEN_ADMIN, admin, TOKEN_USER, user, e);
}

/* ---- the whole key ---- */

static void fill_info(const struct soft_image *im, struct token_info *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->serial, im->serial, sizeof out->serial);
    memcpy(out->label, im->label, sizeof out->label);
    out->driver = soft_driver.name;
    out->caps = soft_driver.caps;
    out->state = im->ready ? TOKEN_STATE_READY : TOKEN_STATE_BLANK;
    out->user_left = im->user_left;
    out->user_max = im->user_max;
    out->admin_left = im->admin_left;
    out->admin_max = im->admin_max;
    out->first_pin = im->first_pin;
    out->containers = (int)im->keys;
    for (size_t i = 0; i < im->keys; i++)
        out->certificates += im->key[i].certificate.n > 0;
}

static enum err soft_info(struct token *base, struct token_info *out, struct err_info *e)
{
    struct soft_image im;
    _auto(arena) a = arena_new();
    TRY(load(soft_of(base), a, &im, e));
    fill_info(&im, out);
    return ERR_OK;
}

static enum err soft_initialise(struct token *base, const struct token_initialise *how,
                                struct err_info *e)
{
    struct soft_token *t = soft_of(base);
    struct soft_image old;
    struct soft_image im = {.ready = 1, .first_pin = 1};
    uint8_t secret[SOFT_SECRET];
    _auto(arena) a = arena_new();
    log_out(t);
    TRY(soft_folder_lock(&t->place->folder, e));
    _auto_unlock *lock __attribute__((unused)) = &t->place->folder;
    TRY(load(t, a, &old, e));
    im.generation = old.generation;
    snprintf(im.serial, sizeof im.serial, "%s", how->serial ? how->serial : old.serial);
    snprintf(im.label, sizeof im.label, "%s", how->label);
    im.user_left = im.user_max = how->user_tries;
    im.admin_left = im.admin_max = how->admin_tries;
    random_bytes(im.birth, sizeof im.birth);
    random_bytes(secret, sizeof secret);
    enum err err = wrap_secret(&t->place->folder, &im, TOKEN_USER, how->user, secret, a, e);
    if (err == ERR_OK)
        err = wrap_secret(&t->place->folder, &im, TOKEN_ADMIN, how->admin, secret, a, e);
    if (err == ERR_OK)
        err = store_signed(t, &im, secret, e);
    mem_wipe(secret, sizeof secret);
    if (err == ERR_OK)
        memcpy(t->serial, im.serial, sizeof t->serial);
    return err;
}

static enum err soft_wipe(struct token *base, struct err_info *e)
{
    struct soft_token *t = soft_of(base);
    struct soft_image old;
    struct soft_image im = {0};
    _auto(arena) a = arena_new();
    log_out(t);
    TRY(soft_folder_lock(&t->place->folder, e));
    _auto_unlock *lock __attribute__((unused)) = &t->place->folder;
    TRY(load(t, a, &old, e));
    im.generation = old.generation;
    memcpy(im.serial, old.serial, sizeof im.serial);
    return store(t, &im, e);
}

/* ---- containers ---- */

static enum err find(struct soft_image *im, const char *name, struct soft_key **out,
                     struct err_info *e)
{
    *out = soft_image_key(im, name);
    return *out ? ERR_OK : err_set(e, ERR_TOKEN_NO_KEY, NULL, "no container %s", name);
}

static enum err soft_containers(struct token *base, struct arena *a, struct token_container **out,
                                size_t *n, struct err_info *e)
{
    struct soft_image im;
    _auto(arena) mine = arena_new();
    TRY(load(soft_of(base), mine, &im, e));
    *out = arena_alloc(a, (im.keys + 1) * sizeof **out);
    *n = im.keys;
    for (size_t i = 0; i < im.keys; i++) {
        struct token_container *c = &(*out)[i];
        memcpy(c->name, im.key[i].name, sizeof c->name);
        c->alg = im.key[i].alg;
        c->has_certificate = im.key[i].certificate.n > 0;
    }
    return ERR_OK;
}

static enum pki_alg pki_of(enum token_alg alg)
{
    return alg == TOKEN_P256 ? PKI_P256 : alg == TOKEN_SM2 ? PKI_SM2 : PKI_RSA2048;
}

static void secret_key(const struct soft_token *t, struct aead_key *out)
{
    out->id = 0;
    memcpy(out->key, t->secret, sizeof out->key);
}

static enum err new_key(struct soft_token *t, const struct soft_image *im, const char *name,
                        enum token_alg alg, struct arena *a, struct soft_key *out,
                        struct err_info *e)
{
    struct aead_key secret;
    struct bytes der;
    _auto(pki_key) pair = NULL;
    TRY(pki_key_new(pki_of(alg), &pair, e));
    TRY(pki_key_to_der(pair, a, &der, e));
    struct bytes spki = pki_pub_spki(pki_key_pub(pair));
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", name);
    out->alg = alg;
    out->spki = arena_bytes(a, spki.p, spki.n);
    secret_key(t, &secret);
    enum err err = aead_seal(&secret, context(a, im, name), der, a, &out->sealed, e);
    aead_key_clear(&secret);
    return err;
}

static enum err soft_generate(struct token *base, const char *name, enum token_alg alg,
                              struct err_info *e)
{
    struct soft_token *t = soft_of(base);
    struct soft_image im;
    _auto(arena) a = arena_new();
    TRY(soft_folder_lock(&t->place->folder, e));
    _auto_unlock *lock __attribute__((unused)) = &t->place->folder;
    TRY(load_logged_in(t, a, &im, e));
    if (soft_image_key(&im, name)) {
        err_set(e, ERR_TOKEN_EXISTS, NULL, "container %s", name);
        err_arg(e, "what", "%s", name);
        return ERR_TOKEN_EXISTS;
    }
    if (im.keys == SOFT_KEYS_MAX)
        return err_set(e, ERR_TOKEN_FULL, NULL, "%d containers", SOFT_KEYS_MAX);
    TRY(new_key(t, &im, name, alg, a, &im.key[im.keys], e));
    im.keys++;
    return store_signed(t, &im, t->secret, e);
}

static enum err soft_public_key(struct token *base, const char *name, struct arena *a,
                                struct bytes *out, struct err_info *e)
{
    struct soft_image im;
    struct soft_key *k;
    TRY(load_ready(soft_of(base), a, &im, e));
    TRY(find(&im, name, &k, e));
    *out = k->spki;
    return ERR_OK;
}

static enum err soft_delete(struct token *base, const char *name, struct err_info *e)
{
    struct soft_token *t = soft_of(base);
    struct soft_image im;
    struct soft_key *k;
    _auto(arena) a = arena_new();
    TRY(soft_folder_lock(&t->place->folder, e));
    _auto_unlock *lock __attribute__((unused)) = &t->place->folder;
    TRY(load_logged_in(t, a, &im, e));
    TRY(find(&im, name, &k, e));
    *k = im.key[--im.keys];
    return store_signed(t, &im, t->secret, e);
}

/* The pair of a container, in clear for one signature. */
static enum err open_pair(struct soft_token *t, const char *name, struct pki_key **out,
                          struct err_info *e)
{
    struct soft_image im;
    struct soft_key *k;
    struct bytes der;
    struct aead_key secret;
    _auto(arena) a = arena_new();
    *out = NULL;
    TRY(load_logged_in(t, a, &im, e));
    TRY(find(&im, name, &k, e));
    secret_key(t, &secret);
    enum err err = aead_open(&secret, context(a, &im, name), k->sealed, a, &der, e);
    aead_key_clear(&secret);
    if (err == ERR_CRYPTO)
        return err_set(e, ERR_TOKEN_DAMAGED, NULL, "image: private key %s", name);
    TRY(err);
    return pki_key_from_der(der, out, e);
}

static enum err soft_sign_digest(struct token *base, const char *name,
                                 const uint8_t digest[TOKEN_DIGEST], struct arena *a,
                                 struct bytes *out, struct err_info *e)
{
    _auto(pki_key) pair = NULL;
    TRY(open_pair(soft_of(base), name, &pair, e));
    return pki_key_sign_digest(pair, digest, a, out, e);
}

static enum err soft_rsa_private(struct token *base, const char *name,
                                 const uint8_t block[TOKEN_RSA_BLOCK], struct arena *a,
                                 struct bytes *out, struct err_info *e)
{
    _auto(pki_key) pair = NULL;
    TRY(open_pair(soft_of(base), name, &pair, e));
    if (pki_key_alg(pair) != PKI_RSA2048) {
        err_set(e, ERR_TOKEN_UNSUPPORTED, NULL, "%s", pki_alg_text(pki_key_alg(pair)));
        err_arg(e, "what", "RSA, %s", pki_alg_text(pki_key_alg(pair)));
        return ERR_TOKEN_UNSUPPORTED;
    }
    return pki_key_rsa_private(pair, (struct bytes){block, TOKEN_RSA_BLOCK}, a, out, e);
}

static enum err soft_import_certificate(struct token *base, const char *name, struct bytes der,
                                        struct err_info *e)
{
    struct soft_token *t = soft_of(base);
    struct soft_image im;
    struct soft_key *k;
    _auto(arena) a = arena_new();
    TRY(soft_folder_lock(&t->place->folder, e));
    _auto_unlock *lock __attribute__((unused)) = &t->place->folder;
    TRY(load_logged_in(t, a, &im, e));
    TRY(find(&im, name, &k, e));
    if (k->certificate.n == der.n && !memcmp(k->certificate.p, der.p, der.n))
        return ERR_OK;
    k->certificate = der;
    return store_signed(t, &im, t->secret, e);
}

static enum err soft_certificate(struct token *base, const char *name, struct arena *a,
                                 struct bytes *out, struct err_info *e)
{
    struct soft_image im;
    struct soft_key *k;
    TRY(load_ready(soft_of(base), a, &im, e));
    TRY(find(&im, name, &k, e));
    if (!k->certificate.n)
        return err_set(e, ERR_NOT_FOUND, "certificate", "container %s has none", name);
    *out = k->certificate;
    return ERR_OK;
}

/* ---- objects ---- */

static enum err put_object(struct soft_image *im, const char *name, struct bytes content,
                           struct err_info *e)
{
    struct soft_object *o = soft_image_object(im, name);
    if (o && !content.n) {
        *o = im->object[--im->objects];
        return ERR_OK;
    }
    if (!content.n)
        return ERR_OK;
    if (!o && im->objects == SOFT_OBJECTS_MAX)
        return err_set(e, ERR_TOKEN_FULL, NULL, "%d objects", SOFT_OBJECTS_MAX);
    if (!o) {
        o = &im->object[im->objects++];
        snprintf(o->name, sizeof o->name, "%s", name);
    }
    o->content = content;
    return ERR_OK;
}

static enum err soft_object_write(struct token *base, const char *name, struct bytes content,
                                  struct err_info *e)
{
    struct soft_token *t = soft_of(base);
    struct soft_image im;
    _auto(arena) a = arena_new();
    TRY(soft_folder_lock(&t->place->folder, e));
    _auto_unlock *lock __attribute__((unused)) = &t->place->folder;
    TRY(load_logged_in(t, a, &im, e));
    TRY(put_object(&im, name, content, e));
    return store_signed(t, &im, t->secret, e);
}

static enum err soft_object_read(struct token *base, const char *name, struct arena *a,
                                 struct bytes *out, struct err_info *e)
{
    struct soft_image im;
    TRY(load_ready(soft_of(base), a, &im, e));
    struct soft_object *o = soft_image_object(&im, name);
    if (!o)
        return err_set(e, ERR_NOT_FOUND, "object", "%s", name);
    *out = o->content;
    return ERR_OK;
}

/* ---- the place ---- */

static void soft_place_free(struct token_place *base)
{
    struct soft_place *p = place_of(base);
    soft_folder_close(&p->folder);
    if (p->watch >= 0)
        close(p->watch);
    free(p);
}

/* A damaged image has only its file name to be known by. */
static void damaged_info(const char *file, struct token_info *out)
{
    size_t n = strlen(file) - strlen(".ukey");
    memset(out, 0, sizeof *out);
    snprintf(out->serial, sizeof out->serial, "%.*s", (int)(n > TOKEN_SERIAL_MAX ? 0 : n), file);
    if (!token_serial_ok(out->serial))
        snprintf(out->serial, sizeof out->serial, "unknown");
    out->driver = soft_driver.name;
    out->caps = soft_driver.caps;
    out->state = TOKEN_STATE_DAMAGED;
}

static enum err soft_list(struct token_place *base, struct arena *a, struct token_info **out,
                          size_t *n, struct err_info *e)
{
    struct soft_place *p = place_of(base);
    char **names;
    size_t count;
    TRY(soft_folder_names(&p->folder, a, &names, &count, e));
    *out = arena_alloc(a, (count + 1) * sizeof **out);
    *n = 0;
    _auto(arena) scratch = arena_new();
    for (size_t i = 0; i < count; i++) {
        struct soft_image im;
        arena_reset(scratch);
        enum err err = soft_folder_read(&p->folder, scratch, names[i], &im, e);
        if (err == ERR_OK)
            fill_info(&im, &(*out)[(*n)++]);
        else if (err == ERR_TOKEN_DAMAGED)
            damaged_info(names[i], &(*out)[(*n)++]);
        else if (err != ERR_TOKEN_REMOVED)
            return err;
    }
    return ERR_OK;
}

static enum err soft_wait(struct token_place *base, int timeout_ms, struct err_info *e)
{
    struct soft_place *p = place_of(base);
    struct pollfd fd = {.fd = p->watch, .events = POLLIN};
    char events[4096];
    /* Polling now and then too: inotify says nothing of folders on a network. */
    int rc = poll(&fd, p->watch >= 0, timeout_ms < 1000 ? timeout_ms : 1000);
    if (rc < 0 && errno != EINTR)
        return err_set(e, ERR_IO, NULL, "poll: %s", strerror(errno));
    if (rc > 0 && read(p->watch, events, sizeof events) < 0 && errno != EAGAIN)
        return err_set(e, ERR_IO, NULL, "inotify: %s", strerror(errno));
    return ERR_OK;
}

static enum err soft_open(struct token_place *base, const char *serial, struct token **out,
                          struct err_info *e)
{
    struct soft_place *p = place_of(base);
    char **names;
    size_t count;
    const char *found = NULL;
    const char *torn = NULL;
    _auto(arena) a = arena_new();
    TRY(soft_folder_names(&p->folder, a, &names, &count, e));
    for (size_t i = 0; i < count; i++) {
        struct soft_image im;
        enum err err = soft_folder_read(&p->folder, a, names[i], &im, e);
        struct token_info info;
        if (err == ERR_TOKEN_DAMAGED) {
            damaged_info(names[i], &info);
            torn = !strcmp(info.serial, serial) ? names[i] : torn;
        }
        if (err != ERR_OK || strcmp(im.serial, serial) != 0)
            continue;
        if (found)
            return err_set(e, ERR_TOKEN_DAMAGED, "serial", "%s and %s are both %s", found, names[i],
                           serial);
        found = names[i];
    }
    if (!found && torn)
        return err_set(e, ERR_TOKEN_DAMAGED, NULL, "image %s", torn);
    if (!found)
        return err_set(e, ERR_TOKEN_REMOVED, "serial", "%s is not in %s", serial, p->folder.path);
    struct soft_token *t = mem_alloc(sizeof *t);
    t->base.driver = &soft_driver;
    t->base.place = base;
    t->place = p;
    t->file = mem_text(found);
    snprintf(t->serial, sizeof t->serial, "%s", serial);
    *out = &t->base;
    return ERR_OK;
}

static void soft_free(struct token *base)
{
    struct soft_token *t = soft_of(base);
    log_out(t);
    free(t->file);
    free(t);
}

const struct token_driver soft_driver = {
    .name = "soft",
    .caps = TOKEN_CAP_P256 | TOKEN_CAP_SM2 | TOKEN_CAP_RSA2048 | TOKEN_CAP_INITIALISE |
            TOKEN_CAP_SERIAL | TOKEN_CAP_TRIES | TOKEN_CAP_ADMIN_PIN | TOKEN_CAP_OBJECTS |
            TOKEN_CAP_RSA_RAW,
    .place_free = soft_place_free,
    .list = soft_list,
    .wait = soft_wait,
    .open = soft_open,
    .free = soft_free,
    .info = soft_info,
    .initialise = soft_initialise,
    .wipe = soft_wipe,
    .login = soft_login,
    .logout = soft_logout,
    .change_pin = soft_change_pin,
    .unblock = soft_unblock,
    .containers = soft_containers,
    .generate = soft_generate,
    .public_key = soft_public_key,
    .delete = soft_delete,
    .sign_digest = soft_sign_digest,
    .rsa_private = soft_rsa_private,
    .import_certificate = soft_import_certificate,
    .certificate = soft_certificate,
    .object_write = soft_object_write,
    .object_read = soft_object_read,
};

enum err token_soft_place(const char *dir, struct token_place **out, struct err_info *e)
{
    struct soft_place *p = mem_alloc(sizeof *p);
    *out = NULL;
    p->base.driver = &soft_driver;
    p->folder.memory_kib = COST_KIB;
    p->folder.passes = COST_PASSES;
    enum err err = soft_folder_open(&p->folder, dir, e);
    if (err != ERR_OK) {
        free(p);
        return err;
    }
    p->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (p->watch >= 0)
        (void)inotify_add_watch(p->watch, dir, IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE);
    *out = &p->base;
    return ERR_OK;
}

struct soft_folder *token_soft_folder(struct token_place *p)
{
    return &place_of(p)->folder;
}

enum err token_soft_create_blank(const char *dir, const char *serial, struct err_info *e)
{
    _auto(token_place) place = NULL;
    _auto(arena) a = arena_new();
    struct soft_image im = {0};
    if (!token_serial_ok(serial)) {
        err_set(e, ERR_BAD_REQUEST, "serial", "\"%.40s\"", serial);
        err_arg(e, "why", "serial");
        return ERR_BAD_REQUEST;
    }
    TRY(token_soft_place(dir, &place, e));
    struct soft_folder *f = &place_of(place)->folder;
    snprintf(im.serial, sizeof im.serial, "%s", serial);
    TRY(soft_folder_lock(f, e));
    _auto_unlock *lock __attribute__((unused)) = f;
    return soft_folder_write(f, arena_fmt(a, "%s.ukey", serial), &im, 1, e);
}
