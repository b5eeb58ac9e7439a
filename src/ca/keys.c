/* Opening the ca's keys. */
#include "ca/keys.h"

#include "ca/ca_priv.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_FILE_MAX = 64 * 1024 };

/* What waits of one key's shares. */
struct waiting {
    struct share share[SHARES_MAX];
    size_t n;
    int64_t since; /* monotonic, of the first */
};

struct ca_unlocking {
    pthread_mutex_t lock;
    struct waiting of[CA_ISSUERS_MAX]; /* as ca.issuer */
};

struct ca_unlocking *ca_unlocking_new(void)
{
    struct ca_unlocking *u = mem_alloc(sizeof *u);
    pthread_mutex_init(&u->lock, NULL);
    return u;
}

void ca_unlocking_free(struct ca_unlocking *u)
{
    if (!u)
        return;
    pthread_mutex_destroy(&u->lock);
    mem_wipe(u, sizeof *u);
    free(u);
}

static void forget(struct waiting *w)
{
    mem_wipe(w, sizeof *w);
}

/* ---- passphrases ---- */

void ca_key_passphrase(const uint8_t secret[SHARES_SECRET_LEN], const char *code,
                       char out[CA_PASSPHRASE_SIZE])
{
    static const char salt[] = "CERTHALL-KEY-v1", digits[] = "0123456789abcdef";
    uint8_t octets[(CA_PASSPHRASE_SIZE - 1) / 2];
    digest_hkdf((struct bytes){secret, SHARES_SECRET_LEN},
                (struct bytes){(const uint8_t *)salt, sizeof salt - 1},
                (struct bytes){(const uint8_t *)code, strlen(code)}, octets, sizeof octets);
    for (size_t i = 0; i < sizeof octets; i++) {
        out[2 * i] = digits[octets[i] >> 4];
        out[2 * i + 1] = digits[octets[i] & 15];
    }
    out[CA_PASSPHRASE_SIZE - 1] = '\0';
    mem_wipe(octets, sizeof octets);
}

static enum err config(struct err_info *e, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, "%s", why);
    err_arg(e, "why", "%s", why);
    return ERR_CONFIG;
}

enum err ca_passphrases_read(struct arena *a, const char *path, const struct conf **out,
                             struct err_info *e)
{
    struct stat st;
    struct conf *conf;
    if (stat(path, &st) != 0)
        return config(e, arena_fmt(a, "%s, where passphrases should stand, is not there", path));
    if (st.st_mode & 077)
        return config(e, arena_fmt(a,
                                   "%s: others than its owner can read it; chmod 0400, and think "
                                   "about whether they did",
                                   path));
    TRY(conf_read(a, path, &conf, e));
    *out = conf;
    return ERR_OK;
}

/* ---- opening a file ---- */

static enum err read_split(struct ca *ca, struct ca_issuer *issuer, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct conf *conf;
    enum err found = conf_read(a, arena_fmt(a, "%s/keys/%s.split", ca->options.data, issuer->code),
                               &conf, e);
    if (found == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(found);
    struct split *split = arena_alloc(ca->arena, sizeof *split);
    TRY(split_read(conf, split, e));
    issuer->split = split;
    return ERR_OK;
}

static enum err not_its_key(const struct ca_issuer *issuer, struct err_info *e)
{
    err_set(e, ERR_CONFIG, NULL, "keys/%s.pem is not the key of certificate %s", issuer->code,
            issuer->code);
    err_arg(e, "why", "keys/%s.pem is not the key of the certificate %s", issuer->code,
            issuer->code);
    return ERR_CONFIG;
}

static enum err open_file(const struct ca *ca, const struct ca_issuer *issuer,
                          const char *passphrase, struct pki_signer **out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes pem;
    _auto(pki_key) key = NULL;
    TRY(file_read(a, arena_fmt(a, "%s/keys/%s.pem", ca->options.data, issuer->code), KEY_FILE_MAX,
                  &pem, e));
    TRY(pki_key_load(pem, passphrase, &key, e));
    return pki_signer_from_key(key, out, e);
}

/* A file with the passphrase, or a key in an HSM with the PIN. ERR_KEY_PASSPHRASE without the right one, or without any;
 * ERR_HSM_PIN; ERR_NOT_FOUND. */
static enum err open_key(const struct ca *ca, const struct ca_issuer *issuer,
                         const char *passphrase, struct pki_signer **out, struct err_info *e)
{
    _auto(pki_signer) signer = NULL;
    _auto(pki_pub) certified = NULL;
    TRY(issuer->hsm ? ca_pin_use(ca, issuer, passphrase, &signer, e)
                    : open_file(ca, issuer, passphrase, &signer, e));
    TRY(cert_key(issuer->certificate, &certified, e));
    if (!pki_pub_equal(certified, signer->pub))
        return not_its_key(issuer, e);
    *out = steal(&signer);
    return ERR_OK;
}

/* A root's key may be kept elsewhere, an issuing CA's wait for its custodians, and that of one that ended be destroyed. */
enum err ca_key_load(struct ca *ca, struct ca_issuer *issuer, struct err_info *e)
{
    struct pki_signer *signer = NULL;
    const struct conf *known = ca->options.passphrases;
    const char *passphrase = known ? conf_get(known, issuer->code, NULL) : NULL;
    TRY(read_split(ca, issuer, e));
    TRY(ca_pin_find(ca, issuer, e));
    enum err opened = open_key(ca, issuer, NULL, &signer, e);
    issuer->encrypted = opened == ERR_KEY_PASSPHRASE;
    if (issuer->encrypted && passphrase)
        opened = ca_pin_was_refused(ca, issuer) ? ERR_HSM_PIN
                                                : open_key(ca, issuer, passphrase, &signer, e);
    issuer->signer = signer;
    int ended = issuer->not_after < clock_business(ca->options.clock);
    if (opened == ERR_OK || (opened == ERR_NOT_FOUND && (issuer->root || ended)))
        return ERR_OK;
    int waits = opened == ERR_HSM_PIN ||
                (opened == ERR_KEY_PASSPHRASE && !passphrase && (issuer->split || issuer->root));
    if (!waits)
        return opened;
    issuer->locked = !issuer->root;
    log_line(LOG_LEVEL_WARN, "ca.locked", "%s waits for its custodians: certhall ca unlock",
             issuer->code);
    return ERR_OK;
}

enum err ca_locked(const struct ca_issuer *issuer, struct err_info *e)
{
    err_set(e, ERR_CA_LOCKED, NULL, "%s waits for its custodians", issuer->code);
    err_arg(e, "code", "%s", issuer->code);
    return ERR_CA_LOCKED;
}

/* ---- looking ---- */

static struct ca_key look(const struct ca_issuer *issuer, const struct waiting *w)
{
    struct ca_key k = {.code = issuer->code,
                       .alg = issuer->alg,
                       .root = issuer->root,
                       .encrypted = issuer->encrypted,
                       .split = issuer->split,
                       .given_n = w->n,
                       .state = issuer->locked   ? CA_KEY_LOCKED
                                : issuer->signer ? CA_KEY_READY
                                                 : CA_KEY_AWAY};
    for (size_t i = 0; i < w->n; i++)
        k.given[i] = w->share[i].number;
    return k;
}

static void forget_old(struct waiting *w)
{
    if (w->n > 0 && clock_monotonic() - w->since > CA_SHARES_WAIT_MINUTES * TIME_MINUTE)
        forget(w);
}

void ca_keys(struct ca *ca, struct arena *a, struct ca_key **out, size_t *n)
{
    struct ca_key *list = arena_alloc(a, (ca->issuers + 1) * sizeof *list);
    pthread_mutex_lock(&ca->unlocking->lock);
    for (size_t i = 0; i < ca->issuers; i++) {
        forget_old(&ca->unlocking->of[i]);
        list[i] = look(&ca->issuer[i], &ca->unlocking->of[i]);
    }
    pthread_mutex_unlock(&ca->unlocking->lock);
    *out = list;
    *n = ca->issuers;
}

int ca_is_locked(const struct ca *ca)
{
    for (size_t i = 0; i < ca->issuers; i++)
        if (ca->issuer[i].locked)
            return 1;
    return 0;
}

/* ---- unlocking ---- */

struct unlocked {
    const char *code;
    char shares[64]; /* "1 3" */
    int64_t now;
};

static enum err record(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct unlocked *u = arg;
    _auto(arena) a = arena_new();
    return ca_audit(tx, u->now, "custodians", "unlock",
                    arena_fmt(a, "%s shares %s", u->code, u->shares), e);
}

/* First on record, then in use; what was intended while it was locked, or before, comes before what is new. */
static enum err use(struct ca *ca, struct ca_issuer *issuer, const struct waiting *w,
                    struct err_info *e)
{
    uint8_t secret[SHARES_SECRET_LEN];
    char passphrase[CA_PIN_SIZE]; /* or PIN */
    struct pki_signer *signer = NULL;
    struct unlocked u = {.code = issuer->code, .now = clock_business(ca->options.clock)};
    size_t at = 0;
    TRY(shares_join(issuer->split, w->share, w->n, secret, e));
    enum err opened = ERR_OK;
    if (issuer->hsm)
        opened = ca_pin_open(issuer, secret, passphrase, sizeof passphrase, e);
    else
        ca_key_passphrase(secret, issuer->code, passphrase);
    if (opened == ERR_OK)
        opened = open_key(ca, issuer, passphrase, &signer, e);
    mem_wipe(secret, sizeof secret);
    mem_wipe(passphrase, sizeof passphrase);
    TRY(opened);
    for (size_t i = 0; i < w->n; i++)
        at += (size_t)snprintf(u.shares + at, sizeof u.shares - at, "%s%d", i ? " " : "",
                               w->share[i].number);
    enum err recorded = store_group_run(ca->group, record, &u, e);
    if (recorded != ERR_OK) {
        pki_signer_free(signer);
        return recorded;
    }
    if (issuer->signer) /* opened before, when its intents could not be settled */
        pki_signer_free(signer);
    else
        issuer->signer = signer;
    TRY(ca_settle_intents(ca, issuer, e));
    issuer->locked = 0;
    log_line(LOG_LEVEL_INFO, "ca.unlocked", "%s by shares %s", u.code, u.shares);
    return ERR_OK;
}

static enum err take_share(struct ca *ca, struct ca_issuer *issuer, struct waiting *w,
                           const struct share *share, struct err_info *e)
{
    forget_old(w);
    if (!issuer->locked)
        return ERR_OK;
    TRY(shares_check(issuer->split, share, e));
    for (size_t i = 0; i < w->n; i++)
        if (w->share[i].number == share->number)
            return ERR_OK;
    if (w->n == 0)
        w->since = clock_monotonic();
    w->share[w->n++] = *share;
    if (w->n < issuer->split->threshold)
        return ERR_OK;
    enum err result = use(ca, issuer, w, e);
    forget(w);
    return result;
}

enum err ca_unlock(struct ca *ca, const char *code, const char *text, struct ca_key *out,
                   struct err_info *e)
{
    struct share share;
    size_t i = 0;
    while (i < ca->issuers && strcmp(ca->issuer[i].code, code) != 0)
        i++;
    if (i == ca->issuers)
        return err_set(e, ERR_NOT_FOUND, "code", "no issuer %s", code);
    struct ca_issuer *issuer = &ca->issuer[i];
    if (!issuer->split) {
        err_set(e, ERR_CONFIG, "code", "%s has no shares", code);
        err_arg(e, "why", "the key %s is not held in shares", code);
        return ERR_CONFIG;
    }
    TRY(share_read("given", text, &share, e));
    pthread_mutex_lock(&ca->unlocking->lock);
    enum err result = take_share(ca, issuer, &ca->unlocking->of[i], &share, e);
    *out = look(issuer, &ca->unlocking->of[i]);
    pthread_mutex_unlock(&ca->unlocking->lock);
    mem_wipe(&share, sizeof share);
    return result;
}
