/* Making, opening and closing; the chains. */
#include "kmc/kmc_priv.h"

#include "base/sys.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct store_module *const modules[] = {&kmc_sql};
const struct store_catalogue kmc_catalogue = STORE_CATALOGUE(modules);

enum { CONNECTIONS = 4, KEY_FILE_MAX = 4096 };

static char *storage_path(const struct kmc_options *o, struct arena *a)
{
    return arena_fmt(a, "%s/storage.key", o->data);
}

static char *answer_path(const struct kmc_options *o, struct arena *a)
{
    return arena_fmt(a, "%s/answer.key", o->data);
}

enum err kmc_refuse(struct err_info *e, const char *field, const char *why)
{
    err_set(e, ERR_KMC_REQUEST, field, "%s", why);
    err_arg(e, "why", "%s", why);
    return ERR_KMC_REQUEST;
}

/* ---- the kmc's own keys ---- */

static enum err make_storage_key(const struct kmc_options *o, struct arena *a, struct err_info *e)
{
    struct bytes found;
    uint8_t key[AEAD_KEY_LEN];
    if (file_read(a, storage_path(o, a), AEAD_KEY_LEN, &found, e) == ERR_OK)
        return ERR_OK;
    if (e->code != ERR_NOT_FOUND)
        return e->code;
    random_bytes(key, sizeof key);
    enum err written = file_replace(storage_path(o, a), (struct bytes){key, sizeof key}, 0400, e);
    mem_wipe(key, sizeof key);
    return written;
}

static enum err make_answer_key(const struct kmc_options *o, struct arena *a, struct err_info *e)
{
    struct bytes pem;
    _auto(pki_key) key = NULL;
    if (file_read(a, answer_path(o, a), KEY_FILE_MAX, &pem, e) == ERR_OK)
        return ERR_OK;
    if (e->code != ERR_NOT_FOUND)
        return e->code;
    TRY(pki_key_new(PKI_SM2, &key, e));
    TRY(pki_key_save(key, NULL, a, &pem, e));
    return file_replace(answer_path(o, a), pem, 0400, e);
}

static enum err load_answer_key(const struct kmc_options *o, struct pki_key **out,
                                struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes pem;
    TRY(file_read(a, answer_path(o, a), KEY_FILE_MAX, &pem, e));
    return pki_key_load(pem, NULL, out, e);
}

enum err kmc_answer_spki(const struct kmc_options *o, struct arena *a, struct bytes *spki,
                         struct err_info *e)
{
    _auto(pki_key) key = NULL;
    TRY(load_answer_key(o, &key, e));
    struct bytes found = pki_pub_spki(pki_key_pub(key));
    *spki = arena_bytes(a, found.p, found.n);
    return ERR_OK;
}

static enum err load_keys(struct kmc *k, const struct kmc_options *o, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(pki_key) answer = NULL;
    struct bytes key;
    TRY(file_read(a, storage_path(o, a), AEAD_KEY_LEN, &key, e));
    if (key.n != AEAD_KEY_LEN)
        return err_set(e, ERR_CONFIG, NULL, "%s: not %d octets", storage_path(o, a), AEAD_KEY_LEN);
    k->storage.id = 1;
    memcpy(k->storage.key, key.p, AEAD_KEY_LEN);
    TRY(make_answer_key(o, a, e)); /* an installation of before it gets one */
    TRY(load_answer_key(o, &answer, e));
    return pki_signer_from_key(answer, &k->signer, e);
}

enum err kmc_init(const struct kmc_options *o, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(store) store = NULL;
    TRY(folder_make(o->data, 0700, e));
    TRY(make_storage_key(o, a, e));
    TRY(make_answer_key(o, a, e));
    return store_open(o->database, &kmc_catalogue, 1, &store, e);
}

enum err kmc_open(const struct kmc_options *o, struct kmc **out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(kmc) k = mem_alloc(sizeof *k);
    pthread_rwlock_init(&k->ca_lock, NULL);
    k->options = *o;
    k->options.data = k->options.database = NULL;
    k->mark_path = mem_text(arena_fmt(a, "%s/given.mark", o->data));
    TRY(load_keys(k, o, e));
    TRY(store_open(o->database, &kmc_catalogue, CONNECTIONS, &k->store, e));
    TRY(store_group_new(k->store, &k->group, e));
    TRY(kmc_cas_load(k, e));
    TRY(kmc_pool_start(k, e));
    *out = steal(&k);
    return ERR_OK;
}

void kmc_free(struct kmc *k)
{
    if (!k)
        return;
    kmc_pool_stop(k);
    store_group_free(k->group);
    store_free(k->store);
    kmc_cas_clear(k);
    pki_signer_free(k->signer);
    aead_key_clear(&k->storage);
    free(k->mark_path);
    pthread_rwlock_destroy(&k->ca_lock);
    free(k);
}

const struct pki_pub *kmc_answer_key(const struct kmc *k)
{
    return k->signer->pub;
}

/* ---- the chains ---- */

static void link_hash(struct bytes previous, int64_t n, int64_t at, const char *act,
                      const char *object, uint8_t out[DIGEST_LEN])
{
    _auto(arena) a = arena_new();
    _auto(digest) d = digest_new(DIGEST_SM3);
    char *rest = arena_fmt(a, "%" PRId64 "\n%" PRId64 "\n%s\n%s\n", n, at, act, object);
    digest_add(d, previous);
    digest_add(d, (struct bytes){(const uint8_t *)rest, strlen(rest)});
    digest_finish(d, out);
}

/* The last link of each chain, read once in a transaction and then known from what was written. */
struct last_link {
    int known;
    int64_t n;
    uint8_t hash[DIGEST_LEN];
};

static const struct chain {
    const struct store_query *last, *add, *all;
} chains[] = {
    [KMC_CHAIN] = {&Q_kmc_audit_last, &Q_kmc_audit_add, &Q_kmc_audit_all},
    [KMC_CHAIN_JUDICIAL] = {&Q_kmc_judicial_last, &Q_kmc_judicial_add, &Q_kmc_judicial_all},
};
enum { CHAINS = sizeof chains / sizeof *chains };

static enum err last_link(struct store_tx *tx, enum kmc_chain chain, struct last_link **out,
                          struct err_info *e)
{
    _auto(arena) a = arena_new();
    const struct store_row *row;
    struct last_link *last = (struct last_link *)store_tx_memory(tx, CHAINS * sizeof *last) + chain;
    *out = last;
    if (last->known)
        return ERR_OK;
    TRY(store_opt(tx, chains[chain].last, NO_PARAMS, a, &row, e));
    if (row && row_blob(row, "hash").n != DIGEST_LEN)
        return err_set(e, ERR_INTERNAL, NULL, "the chain's last link has no hash");
    if (row) {
        last->n = row_int(row, "n");
        memcpy(last->hash, row_blob(row, "hash").p, DIGEST_LEN);
    }
    last->known = 1;
    return ERR_OK;
}

enum err kmc_link(struct store_tx *tx, enum kmc_chain chain, int64_t at, const char *act,
                  const char *object, struct err_info *e)
{
    struct last_link *last;
    uint8_t hash[DIGEST_LEN];
    TRY(last_link(tx, chain, &last, e));
    link_hash((struct bytes){last->hash, DIGEST_LEN}, last->n + 1, at, act, object, hash);
    TRY(store_exec(tx, chains[chain].add,
                   PARAMS(P_INT(last->n + 1), P_INT(at), P_TEXT(act), P_TEXT(object),
                          P_BLOB(((struct bytes){hash, sizeof hash}))),
                   NULL, e));
    last->n++;
    memcpy(last->hash, hash, sizeof hash);
    return ERR_OK;
}

struct walk {
    uint8_t previous[DIGEST_LEN];
    int64_t next, bad;
};

static enum err walk_link(const struct store_row *row, void *arg, struct err_info *e)
{
    (void)e;
    struct walk *w = arg;
    uint8_t hash[DIGEST_LEN];
    int64_t n = row_int(row, "n");
    struct bytes stored = row_blob(row, "hash");
    link_hash((struct bytes){w->previous, DIGEST_LEN}, n, row_int(row, "at"), row_text(row, "act"),
              row_text(row, "object"), hash);
    if (!w->bad &&
        (n != w->next || stored.n != DIGEST_LEN || memcmp(stored.p, hash, DIGEST_LEN) != 0))
        w->bad = w->next;
    memcpy(w->previous, hash, DIGEST_LEN);
    w->next = n + 1;
    return ERR_OK;
}

static enum err verify(struct kmc *k, enum kmc_chain chain, int64_t *links, int64_t *first_bad,
                       struct err_info *e)
{
    struct walk w = {.next = 1};
    _auto(store_tx) tx = NULL;
    TRY(store_begin(k->store, STORE_READ, &tx, e));
    TRY(store_each(tx, chains[chain].all, NO_PARAMS, walk_link, &w, e));
    *links = w.next - 1;
    *first_bad = w.bad;
    return ERR_OK;
}

enum err kmc_audit_verify(struct kmc *k, int64_t *links, int64_t *first_bad, struct err_info *e)
{
    return verify(k, KMC_CHAIN, links, first_bad, e);
}

enum err kmc_judicial_verify(struct kmc *k, int64_t *links, int64_t *first_bad, struct err_info *e)
{
    return verify(k, KMC_CHAIN_JUDICIAL, links, first_bad, e);
}
