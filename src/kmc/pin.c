/* Admin PINs of UKeys. */
#include "kmc/kmc_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "pki/hpke.h"

#include <inttypes.h>
#include <string.h>

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
            return kmc_refuse(e, "request_id", "this request id was used for something else");
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
    if (row_int(row, "n") < w->k->options.releases_per_hour)
        return ERR_OK;
    int64_t left = row_int(row, "n") ? row_int(row, "first") + TIME_HOUR - now : TIME_HOUR;
    err_set(e, ERR_KMC_HOUR, NULL, "%d releases within an hour", w->k->options.releases_per_hour);
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
    return kmc_link(tx, KMC_CHAIN, w->now, purpose,
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
        return kmc_refuse(e, "request_id",
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
        return kmc_refuse(e, "request_id",
                          "seal_key must be an uncompressed P-256 point of 65 octets");
    uint8_t *spki = arena_alloc(a, sizeof head + KMC_POINT_LEN);
    memcpy(spki, head, sizeof head);
    memcpy(spki + sizeof head, point.p, KMC_POINT_LEN);
    return pki_pub_load((struct bytes){spki, sizeof head + KMC_POINT_LEN}, out, e);
}

static enum err run(struct kmc *k, const struct kmc_request *r, struct arena *a,
                    store_work_fn *work, struct pin_work *w, struct err_info *e)
{
    _auto(pki_pub) to = NULL;
    TRY(load_point(r->seal_key, a, &to, e));
    *w = (struct pin_work){
        .k = k, .r = r, .arena = a, .to = to, .now = clock_business(k->options.clock)};
    return store_group_run(k->group, work, w, e);
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
    return kmc_link(tx, KMC_CHAIN, w->now, "confirm",
                    arena_fmt(w->arena, "%s v%" PRId64, w->serial, w->version), e);
}

enum err kmc_pin_confirm(struct kmc *k, const char *serial, int64_t version, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct confirm_work w = {serial, version, clock_business(k->options.clock), a};
    TRY(store_group_run(k->group, confirm_in, &w, e));
    boundary(BOUNDARY_KMC_CONFIRMED);
    return ERR_OK;
}
