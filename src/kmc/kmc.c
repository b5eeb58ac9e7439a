#include "kmc/kmc.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "pki/aead.h"
#include "pki/digest.h"
#include "pki/hpke.h"
#include "store/store.h"

#include "kmc_sql.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct store_module *const modules[] = {&kmc_sql};
const struct store_catalogue kmc_catalogue = STORE_CATALOGUE(modules);

enum { CONNECTIONS = 4 };

struct kmc {
    struct store *store;
    const struct clock *clock;
    int releases_per_hour;
    struct aead_key storage;
    /* One change at a time: the chain and the releases are numbered by what stands there last, and PostgreSQL lets two
     * transactions look at the same last one. */
    pthread_mutex_t changing;
};

static char *key_path(const struct kmc_options *o, struct arena *a)
{
    return arena_fmt(a, "%s/storage.key", o->data);
}

enum err kmc_init(const struct kmc_options *o, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes found;
    uint8_t key[AEAD_KEY_LEN];
    _auto(store) store = NULL;
    TRY(folder_make(o->data, 0700, e));
    if (file_read(a, key_path(o, a), AEAD_KEY_LEN, &found, e) != ERR_OK) {
        if (e->code != ERR_NOT_FOUND)
            return e->code;
        random_bytes(key, sizeof key);
        enum err written = file_replace(key_path(o, a), (struct bytes){key, sizeof key}, 0400, e);
        mem_wipe(key, sizeof key);
        TRY(written);
    }
    return store_open(o->database, &kmc_catalogue, 1, &store, e);
}

enum err kmc_open(const struct kmc_options *o, struct kmc **out, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(kmc) k = mem_alloc(sizeof *k);
    struct bytes key;
    pthread_mutex_init(&k->changing, NULL);
    k->clock = o->clock;
    k->releases_per_hour = o->releases_per_hour;
    TRY(file_read(a, key_path(o, a), AEAD_KEY_LEN, &key, e));
    if (key.n != AEAD_KEY_LEN)
        return err_set(e, ERR_CONFIG, NULL, "%s: not %d octets", key_path(o, a), AEAD_KEY_LEN);
    k->storage.id = 1;
    memcpy(k->storage.key, key.p, AEAD_KEY_LEN);
    TRY(store_open(o->database, &kmc_catalogue, CONNECTIONS, &k->store, e));
    *out = steal(&k);
    return ERR_OK;
}

void kmc_free(struct kmc *k)
{
    if (!k)
        return;
    store_free(k->store);
    aead_key_clear(&k->storage);
    pthread_mutex_destroy(&k->changing);
    free(k);
}

/* ---- the chain ---- */

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

static enum err audit(struct store_tx *tx, int64_t at, const char *act, const char *object,
                      struct err_info *e)
{
    static const uint8_t zero[DIGEST_LEN];
    _auto(arena) a = arena_new();
    const struct store_row *last;
    uint8_t hash[DIGEST_LEN];
    TRY(store_opt(tx, &Q_kmc_audit_last, NO_PARAMS, a, &last, e));
    struct bytes previous = last ? row_blob(last, "hash") : (struct bytes){zero, sizeof zero};
    int64_t n = last ? row_int(last, "n") + 1 : 1;
    link_hash(previous, n, at, act, object, hash);
    struct bytes hashed = {hash, sizeof hash};
    return store_exec(tx, &Q_kmc_audit_add,
                      PARAMS(P_INT(n), P_INT(at), P_TEXT(act), P_TEXT(object), P_BLOB(hashed)),
                      NULL, e);
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

enum err kmc_audit_verify(struct kmc *k, int64_t *links, int64_t *first_bad, struct err_info *e)
{
    struct walk w = {.next = 1};
    _auto(store_tx) tx = NULL;
    TRY(store_begin(k->store, STORE_READ, &tx, e));
    TRY(store_each(tx, &Q_kmc_audit_all, NO_PARAMS, walk_link, &w, e));
    *links = w.next - 1;
    *first_bad = w.bad;
    return ERR_OK;
}

/* ---- admin PINs ---- */

struct pin_work {
    struct kmc *k;
    const struct kmc_request *r;
    struct arena *arena;
    struct pki_pub *to;
    int64_t now;
    struct kmc_sealed current, next;
};

static struct bytes wrap_context(struct arena *a, const char *serial, int64_t version)
{
    char *text = arena_fmt(a, "kmc.pin:%s:%" PRId64, serial, version);
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* 80 random bits as 16 characters that every UKey's PIN field takes. */
static enum err make_version(struct store_tx *tx, struct pin_work *w, int64_t version,
                             const char *state, struct err_info *e)
{
    uint8_t random[10];
    struct bytes wrapped;
    random_bytes(random, sizeof random);
    char *pin = text_base32(w->arena, (struct bytes){random, sizeof random});
    mem_wipe(random, sizeof random);
    TRY(aead_seal(&w->k->storage, wrap_context(w->arena, w->r->serial, version),
                  (struct bytes){(const uint8_t *)pin, KMC_PIN_LEN}, w->arena, &wrapped, e));
    return store_exec(
        tx, &Q_kmc_pin_add,
        PARAMS(P_TEXT(w->r->serial), P_INT(version), P_BLOB(wrapped), P_TEXT(state), P_INT(w->now)),
        NULL, e);
}

/* Open the wrapped PIN and seal it to the agent's key; info binds UKey, order and version (docs/agent-protocol.md). */
static enum err seal_version(struct store_tx *tx, struct pin_work *w, int64_t version,
                             struct kmc_sealed *out, struct err_info *e)
{
    const struct store_row *row;
    struct bytes pin;
    _auto_buf info;
    buf_init(&info, 512);
    TRY(store_one(tx, &Q_kmc_pin_get, PARAMS(P_TEXT(w->r->serial), P_INT(version)), w->arena, &row,
                  e));
    TRY(aead_open(&w->k->storage, wrap_context(w->arena, w->r->serial, version),
                  row_blob(row, "wrapped"), w->arena, &pin, e));
    buf_put(&info, "CERTHALL-ADMIN-PIN-v1", sizeof "CERTHALL-ADMIN-PIN-v1");
    buf_put(&info, w->r->serial, strlen(w->r->serial) + 1);
    buf_put(&info, w->r->order, strlen(w->r->order) + 1);
    buf_fmt(&info, "%" PRId64, version);
    out->version = version;
    return hpke_seal(w->to, (struct bytes){info.p, info.n}, (struct bytes){NULL, 0}, pin, w->arena,
                     &out->sealed, e);
}

static enum err refuse_request(struct err_info *e, const char *why)
{
    err_set(e, ERR_KMC_REQUEST, "request_id", "%s", why);
    err_arg(e, "why", "%s", why);
    return ERR_KMC_REQUEST;
}

#define PURPOSE_RELEASE "release"

struct earlier {
    int64_t version;     /* that this request was answered with; 0: the request is new */
    const char *purpose; /* of then: "new", "replace", "release" */
    int same_key;        /* 1: it was sealed to this very key */
};

static int same_purpose(const char *a, const char *b)
{
    return !strcmp(a, PURPOSE_RELEASE) == !strcmp(b, PURPOSE_RELEASE);
}

static enum err find_earlier(struct store_tx *tx, const struct pin_work *w, const char *purpose,
                             struct earlier *out, struct err_info *e)
{
    struct store_rows rows;
    *out = (struct earlier){.purpose = purpose};
    TRY(store_many(tx, &Q_kmc_release_of, PARAMS(P_TEXT(w->r->request_id)), w->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        const struct store_row *row = &rows.row[i];
        struct bytes key = row_blob(row, "seal_key");
        if (strcmp(row_text(row, "serial"), w->r->serial) != 0 ||
            strcmp(row_text(row, "order_no"), w->r->order) != 0 ||
            !same_purpose(row_text(row, "purpose"), purpose))
            return refuse_request(e, "this request id was used for something else");
        out->version = row_int(row, "version");
        out->purpose = row_text(row, "purpose");
        out->same_key |= key.n == w->r->seal_key.n && !memcmp(key.p, w->r->seal_key.p, key.n);
    }
    return ERR_OK;
}

static enum err check_day(struct store_tx *tx, const struct pin_work *w, const char *purpose,
                          struct err_info *e)
{
    const struct store_row *row;
    int release = !strcmp(purpose, PURPOSE_RELEASE);
    int limit = release ? KMC_RELEASES_A_DAY : KMC_NEW_A_DAY;
    TRY(store_one(tx, release ? &Q_kmc_release_count : &Q_kmc_new_count,
                  PARAMS(P_TEXT(w->r->serial), P_INT(clock_machine() - TIME_DAY)), w->arena, &row,
                  e));
    if (row_int(row, "n") < limit)
        return ERR_OK;
    err_set(e, ERR_KMC_LIMIT, "serial", "%s: released %d times within a day", w->r->serial, limit);
    err_arg(e, "limit", "%d", limit);
    return ERR_KMC_LIMIT;
}

/* All UKeys together: how much a hall that was taken over can get at. */
static enum err check_hour(struct store_tx *tx, const struct pin_work *w, struct err_info *e)
{
    const struct store_row *row;
    int64_t now = clock_machine();
    TRY(store_one(tx, &Q_kmc_hour_count, PARAMS(P_INT(now - TIME_HOUR)), w->arena, &row, e));
    if (row_int(row, "n") < w->k->releases_per_hour)
        return ERR_OK;
    int64_t left = row_int(row, "n") ? row_int(row, "first") + TIME_HOUR - now : TIME_HOUR;
    err_set(e, ERR_KMC_HOUR, NULL, "%d releases within an hour", w->k->releases_per_hour);
    err_arg(e, "minutes", "%lld", (long long)(left / TIME_MINUTE + 1));
    return ERR_KMC_HOUR;
}

/* A release: counted, on record and in the chain before anything is sealed. */
static enum err note_release(struct store_tx *tx, const struct pin_work *w, const char *purpose,
                             int64_t version, struct err_info *e)
{
    uint8_t hash[DIGEST_LEN];
    TRY(check_day(tx, w, purpose, e));
    TRY(check_hour(tx, w, e));
    digest_sha256(w->r->seal_key, hash);
    TRY(store_exec(tx, &Q_kmc_release_add,
                   PARAMS(P_TEXT(w->r->request_id), P_TEXT(w->r->serial), P_TEXT(w->r->order),
                          P_TEXT(purpose), P_INT(version), P_BLOB(w->r->seal_key),
                          P_TEXT(w->r->evidence), P_INT(clock_machine())),
                   NULL, e));
    return audit(tx, w->now, purpose,
                 arena_fmt(w->arena, "%s v%" PRId64 " order %s request %s key %s", w->r->serial,
                           version, w->r->order, w->r->request_id,
                           text_hex(w->arena, (struct bytes){hash, sizeof hash})),
                 e);
}

/* A version that a UKey has as far as is known is not replaced by the way. */
static enum err new_version(struct store_tx *tx, struct pin_work *w, int64_t *version,
                            struct err_info *e)
{
    const struct store_row *last;
    struct store_rows confirmed;
    TRY(store_many(tx, &Q_kmc_pin_confirmed, PARAMS(P_TEXT(w->r->serial)), w->arena, &confirmed,
                   e));
    if (confirmed.n && !w->r->replace)
        return refuse_request(e,
                              "this UKey has an admin PIN in force; another one must replace it");
    TRY(store_one(tx, &Q_kmc_pin_max, PARAMS(P_TEXT(w->r->serial)), w->arena, &last, e));
    *version = row_int(last, "version") + 1;
    TRY(make_version(tx, w, *version, "new", e));
    return note_release(tx, w, confirmed.n ? "replace" : "new", *version, e);
}

static enum err pin_new_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct pin_work *w = arg;
    struct earlier known;
    TRY(find_earlier(tx, w, "new", &known, e));
    int64_t version = known.version;
    if (!version)
        TRY(new_version(tx, w, &version, e));
    else if (!known.same_key)
        TRY(note_release(tx, w, known.purpose, version, e));
    return seal_version(tx, w, version, &w->current, e);
}

/* The oldest live version is the one on the UKey as far as anybody knows; a `next` from an interrupted try stays the next. */
static enum err pin_release_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct pin_work *w = arg;
    struct earlier known;
    struct store_rows live;
    TRY(find_earlier(tx, w, PURPOSE_RELEASE, &known, e));
    TRY(store_many(tx, &Q_kmc_pin_live, PARAMS(P_TEXT(w->r->serial)), w->arena, &live, e));
    if (live.n == 0) {
        err_set(e, ERR_KMC_UNKNOWN, "serial", "no admin PIN of %s", w->r->serial);
        err_arg(e, "serial", "%s", w->r->serial);
        return ERR_KMC_UNKNOWN;
    }
    int64_t version = known.version ? known.version : row_int(&live.row[0], "version");
    if (!known.version && live.n == 1)
        TRY(make_version(tx, w, version + 1, "next", e));
    if (!known.same_key)
        TRY(note_release(tx, w, PURPOSE_RELEASE, version, e));
    TRY(seal_version(tx, w, version, &w->current, e));
    return seal_version(tx, w, version + 1, &w->next, e);
}

/* SubjectPublicKeyInfo of a P-256 point: the same 26 octets stand before every one (RFC 5480 2). */
static enum err load_point(struct bytes point, struct arena *a, struct pki_pub **out,
                           struct err_info *e)
{
    static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
    if (point.n != KMC_POINT_LEN)
        return refuse_request(e, "seal_key must be an uncompressed P-256 point of 65 octets");
    uint8_t *spki = arena_alloc(a, sizeof head + KMC_POINT_LEN);
    memcpy(spki, head, sizeof head);
    memcpy(spki + sizeof head, point.p, KMC_POINT_LEN);
    return pki_pub_load((struct bytes){spki, sizeof head + KMC_POINT_LEN}, out, e);
}

static enum err change(struct kmc *k, store_work_fn *work, void *arg, struct err_info *e)
{
    pthread_mutex_lock(&k->changing);
    enum err result = store_write(k->store, work, arg, e);
    pthread_mutex_unlock(&k->changing);
    return result;
}

static enum err run(struct kmc *k, const struct kmc_request *r, struct arena *a,
                    store_work_fn *work, struct pin_work *w, struct err_info *e)
{
    _auto(pki_pub) to = NULL;
    TRY(load_point(r->seal_key, a, &to, e));
    *w = (struct pin_work){.k = k, .r = r, .arena = a, .to = to, .now = clock_business(k->clock)};
    return change(k, work, w, e);
}

enum err kmc_pin_new(struct kmc *k, const struct kmc_request *r, struct arena *a,
                     struct kmc_sealed *out, struct err_info *e)
{
    struct pin_work w;
    TRY(run(k, r, a, pin_new_in, &w, e));
    boundary(BOUNDARY_KMC_NEW);
    *out = w.current;
    return ERR_OK;
}

enum err kmc_pin_release(struct kmc *k, const struct kmc_request *r, struct arena *a,
                         struct kmc_sealed *current, struct kmc_sealed *next, struct err_info *e)
{
    struct pin_work w;
    TRY(run(k, r, a, pin_release_in, &w, e));
    boundary(BOUNDARY_KMC_RELEASED);
    *current = w.current;
    *next = w.next;
    return ERR_OK;
}

struct confirm_work {
    const char *serial;
    int64_t version, now;
    struct arena *arena;
};

static enum err confirm_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct confirm_work *w = arg;
    int64_t changed;
    TRY(store_exec(tx, &Q_kmc_pin_set_current, PARAMS(P_TEXT(w->serial), P_INT(w->version)),
                   &changed, e));
    if (changed == 0) {
        err_set(e, ERR_KMC_UNKNOWN, "version", "%s has no live version %" PRId64, w->serial,
                w->version);
        err_arg(e, "serial", "%s", w->serial);
        return ERR_KMC_UNKNOWN;
    }
    TRY(store_exec(tx, &Q_kmc_pin_kill_below, PARAMS(P_TEXT(w->serial), P_INT(w->version)), NULL,
                   e));
    return audit(tx, w->now, "confirm", arena_fmt(w->arena, "%s v%" PRId64, w->serial, w->version),
                 e);
}

enum err kmc_pin_confirm(struct kmc *k, const char *serial, int64_t version, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct confirm_work w = {serial, version, clock_business(k->clock), a};
    TRY(change(k, confirm_in, &w, e));
    boundary(BOUNDARY_KMC_CONFIRMED);
    return ERR_OK;
}
