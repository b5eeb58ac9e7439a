/* Pairs for the ca's certificates, and again for a user's new UKey. What is given is recorded and in the chain before it is sealed. */
#include "kmc/kmc_priv.h"

#include "base/boundary.h"
#include "base/text.h"
#include "pki/envelope.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { POOL_SECONDS_SM2 = 1, POOL_SECONDS_RSA = 10 };

struct outcome {
    enum err error; /* ERR_OK: there is a pair */
    struct kmc_stored stored;
};

struct key_work {
    struct kmc *k;
    const struct escrow_request *r;
    struct pki_pub *to[ESCROW_LIST_MAX]; /* the sign keys */
    int64_t now;
    struct arena *arena;
    /* set anew each time the work runs */
    struct outcome outcome[ESCROW_LIST_MAX];
    int fresh; /* so many left that had not left to this key before */
};

static int is_rsa(enum pki_alg alg)
{
    return alg == PKI_RSA2048 || alg == PKI_RSA3072;
}

int kmc_seals_to(enum pki_alg pair, enum pki_alg to)
{
    return (pair == PKI_SM2 && to == PKI_SM2) || (is_rsa(pair) && is_rsa(to));
}

static int same(struct bytes x, struct bytes y)
{
    return x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
}

static char *key_sum(struct arena *a, struct bytes spki)
{
    uint8_t sum[DIGEST_LEN];
    digest_sha256(spki, sum);
    return text_hex(a, (struct bytes){sum, sizeof sum});
}

/* ---- sealing ---- */

static enum err seal_sm2(struct bytes secret, const struct kmc_stored *s, const struct pki_pub *to,
                         struct arena *a, struct escrow_pair *out, struct err_info *e)
{
    _auto(pki_pub) pair = NULL;
    struct sm2_envelope v;
    uint8_t *blob = arena_alloc(a, ENVELOPE_BLOB_LEN);
    if (secret.n != ENVELOPE_SCALAR_LEN)
        return err_set(e, ERR_CRYPTO, NULL, "key %" PRId64 ": %zu octets", s->id, secret.n);
    TRY(pki_pub_load(s->spki, &pair, e));
    TRY(sm2_envelope_seal(secret.p, pair, to, &v, e));
    TRY(sm2_envelope_der(&v, a, &out->envelope, e));
    out->blob = (struct bytes){blob, ENVELOPE_BLOB_LEN};
    return sm2_envelope_blob(&v, blob, e);
}

enum err kmc_seal_pair(struct kmc *k, const struct kmc_stored *s, const struct pki_pub *to,
                       struct arena *a, struct escrow_pair *out, struct err_info *e)
{
    _auto(arena) secrets = arena_new();
    struct bytes secret;
    TRY(aead_open(&k->storage, kmc_wrap_context(secrets, s->alg, s->spki), s->wrapped, secrets,
                  &secret, e));
    out->spki = s->spki;
    return s->alg == PKI_SM2 ? seal_sm2(secret, s, to, a, out, e)
                             : rsa_envelope_seal(secret, to, a, &out->envelope, e);
}

/* ---- finding ---- */

static enum err stored_from(const struct store_row *row, struct kmc_stored *out, struct err_info *e)
{
    out->id = row_int(row, "id");
    out->spki = row_blob(row, "spki");
    out->wrapped = row_blob(row, "wrapped");
    if (!pki_alg_from_text(row_text(row, "algorithm"), &out->alg))
        return err_set(e, ERR_INTERNAL, NULL, "key %" PRId64 " of an unknown kind", out->id);
    return ERR_OK;
}

/* The row of what was given for a certificate, NULL: nothing. */
static enum err given_row(struct store_tx *tx, const char *ca, const char *serial, struct arena *a,
                          const struct store_row **out, struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx, &Q_kmc_given_of, PARAMS(P_TEXT(ca), P_TEXT(serial)), a, &rows, e));
    *out = rows.n ? &rows.row[0] : NULL;
    return ERR_OK;
}

enum err kmc_given_find(struct store_tx *tx, const char *ca, const char *serial, struct arena *a,
                        struct kmc_stored *out, struct err_info *e)
{
    const struct store_row *row;
    TRY(given_row(tx, ca, serial, a, &row, e));
    return row ? stored_from(row, out, e)
               : err_set(e, ERR_NOT_FOUND, "enc_serial", "nothing was given for %s", serial);
}

/* ---- how many in an hour ---- */

static const char *act_text(enum escrow_act act)
{
    return act == ESCROW_RECOVER ? "recover" : "give";
}

static enum err check_hour(struct store_tx *tx, const struct key_work *w, int more,
                           struct err_info *e)
{
    struct store_rows rows;
    int64_t now = clock_machine(), hour = now / TIME_HOUR;
    int most = w->r->act == ESCROW_RECOVER ? w->k->options.recoveries_per_hour
                                           : w->k->options.keys_per_hour;
    TRY(store_many(tx, &Q_kmc_hour_of, PARAMS(P_TEXT(act_text(w->r->act)), P_INT(hour)), w->arena,
                   &rows, e));
    int64_t n = rows.n ? row_int(&rows.row[0], "n") : 0;
    if (!more || n + more <= most)
        return ERR_OK;
    err_set(e, ERR_KMC_QUOTA, NULL, "%" PRId64 " and %d of %d in this hour", n, more, most);
    err_arg(e, "limit", "%d", most);
    err_arg(e, "minutes", "%" PRId64, ((hour + 1) * TIME_HOUR - now) / TIME_MINUTE + 1);
    return ERR_KMC_QUOTA;
}

static enum err count_hour(struct store_tx *tx, const struct key_work *w, struct err_info *e)
{
    if (!w->fresh)
        return ERR_OK;
    return store_exec(
        tx, &Q_kmc_hour_add,
        PARAMS(P_TEXT(act_text(w->r->act)), P_INT(clock_machine() / TIME_HOUR), P_INT(w->fresh)),
        NULL, e);
}

/* ---- giving ---- */

/* Pairs that are ready, read for a list at once. */
struct ready {
    enum pki_alg alg;
    struct store_rows rows;
    size_t next;
};
enum { KINDS = 3 };

static enum err next_ready(struct store_tx *tx, const struct key_work *w, enum pki_alg alg,
                           struct ready ready[KINDS], const struct store_row **out,
                           struct err_info *e)
{
    struct ready *r = ready;
    while (r->alg && r->alg != alg)
        r++;
    if (!r->alg) {
        r->alg = alg;
        TRY(store_many(tx, &Q_kmc_key_ready,
                       PARAMS(P_TEXT(pki_alg_text(alg)), P_INT((int64_t)w->r->n)), w->arena,
                       &r->rows, e));
    }
    *out = r->next < r->rows.n ? &r->rows.row[r->next++] : NULL;
    return ERR_OK;
}

static enum err note_given(struct store_tx *tx, const struct key_work *w,
                           const struct escrow_item *v, int64_t key, struct err_info *e)
{
    TRY(store_exec_one(tx, &Q_kmc_key_give, PARAMS(P_INT(key)), e));
    TRY(store_exec(tx, &Q_kmc_given_add,
                   PARAMS(P_INT(key), P_TEXT(w->r->ca), P_TEXT(v->enc_serial),
                          P_TEXT(v->request_id), P_BLOB(v->sign_key), P_TEXT(v->user),
                          P_INT(v->not_before), P_INT(v->not_after), P_INT(w->now)),
                   NULL, e));
    return kmc_link(tx, KMC_CHAIN, w->now, "give",
                    arena_fmt(w->arena, "key %" PRId64 " ca %s serial %s request %s to %s", key,
                              w->r->ca, v->enc_serial, v->request_id,
                              key_sum(w->arena, v->sign_key)),
                    e);
}

static enum err give_one(struct store_tx *tx, struct key_work *w, size_t i,
                         struct ready ready[KINDS], struct err_info *e)
{
    const struct escrow_item *v = &w->r->item[i];
    struct outcome *out = &w->outcome[i];
    const struct store_row *row;
    TRY(given_row(tx, w->r->ca, v->enc_serial, w->arena, &row, e));
    if (row) { /* the same request again, or another one that wants this serial's pair */
        TRY(stored_from(row, &out->stored, e));
        if (!same(row_blob(row, "sign_key"), v->sign_key) || out->stored.alg != v->algorithm)
            out->error = ERR_KMC_SERIAL;
        return ERR_OK;
    }
    TRY(next_ready(tx, w, v->algorithm, ready, &row, e));
    if (!row) {
        out->error = ERR_KMC_POOL;
        return ERR_OK;
    }
    out->stored = (struct kmc_stored){.id = row_int(row, "id"),
                                      .alg = v->algorithm,
                                      .spki = row_blob(row, "spki"),
                                      .wrapped = row_blob(row, "wrapped")};
    w->fresh++;
    TRY(kmc_mark_raise(w->k, out->stored.id, e));
    return note_given(tx, w, v, out->stored.id, e);
}

static enum err count_new(struct store_tx *tx, const struct key_work *w, int *n, struct err_info *e)
{
    *n = 0;
    for (size_t i = 0; i < w->r->n; i++) {
        const struct store_row *row;
        TRY(given_row(tx, w->r->ca, w->r->item[i].enc_serial, w->arena, &row, e));
        *n += !row;
    }
    return ERR_OK;
}

static enum err give_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct key_work *w = arg;
    struct ready ready[KINDS + 1] = {0};
    int new;
    memset(w->outcome, 0, sizeof w->outcome);
    w->fresh = 0;
    TRY(count_new(tx, w, &new, e));
    TRY(check_hour(tx, w, new, e));
    for (size_t i = 0; i < w->r->n; i++)
        TRY(give_one(tx, w, i, ready, e));
    return count_hour(tx, w, e);
}

/* ---- recovering ---- */

/* 1: to this key the pair was sealed before. */
static enum err was_sealed_to(struct store_tx *tx, const struct store_row *given,
                              struct bytes sign_key, struct arena *a, int *yes, struct err_info *e)
{
    struct store_rows rows;
    *yes = same(row_blob(given, "sign_key"), sign_key);
    TRY(store_many(tx, &Q_kmc_recovered_of, PARAMS(P_INT(row_int(given, "id"))), a, &rows, e));
    for (size_t i = 0; i < rows.n; i++)
        *yes |= same(row_blob(&rows.row[i], "sign_key"), sign_key);
    return ERR_OK;
}

static enum err note_recovered(struct store_tx *tx, const struct key_work *w,
                               const struct escrow_item *v, int64_t key, struct err_info *e)
{
    TRY(store_exec(tx, &Q_kmc_recovered_add,
                   PARAMS(P_INT(key), P_TEXT(w->r->ca), P_TEXT(v->request_id), P_BLOB(v->sign_key),
                          P_TEXT(v->user), P_INT(w->now)),
                   NULL, e));
    return kmc_link(tx, KMC_CHAIN, w->now, "recover",
                    arena_fmt(w->arena, "key %" PRId64 " ca %s serial %s request %s to %s", key,
                              w->r->ca, v->enc_serial, v->request_id,
                              key_sum(w->arena, v->sign_key)),
                    e);
}

/* `write` 0: only count what would leave anew. */
static enum err recover_one(struct store_tx *tx, struct key_work *w, size_t i, int write,
                            struct err_info *e)
{
    const struct escrow_item *v = &w->r->item[i];
    struct outcome *out = &w->outcome[i];
    const struct store_row *row;
    int known;
    out->error = ERR_OK;
    TRY(given_row(tx, w->r->ca, v->enc_serial, w->arena, &row, e));
    if (!row) {
        out->error = ERR_KMC_NO_PAIR;
        return ERR_OK;
    }
    TRY(stored_from(row, &out->stored, e));
    if (!kmc_seals_to(out->stored.alg, pki_pub_alg(w->to[i]))) {
        out->error = ERR_KEY_UNSUPPORTED;
        return ERR_OK;
    }
    TRY(was_sealed_to(tx, row, v->sign_key, w->arena, &known, e));
    if (known)
        return ERR_OK;
    w->fresh++;
    return write ? note_recovered(tx, w, v, out->stored.id, e) : ERR_OK;
}

static enum err recover_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct key_work *w = arg;
    memset(w->outcome, 0, sizeof w->outcome);
    for (int write = 0; write < 2; write++) {
        w->fresh = 0;
        for (size_t i = 0; i < w->r->n; i++)
            TRY(recover_one(tx, w, i, write, e));
        if (!write)
            TRY(check_hour(tx, w, w->fresh, e));
    }
    return count_hour(tx, w, e);
}

/* ---- a whole request ---- */

static enum err field_error(struct err_info *e, enum err code, size_t i, const char *why)
{
    char field[64];
    snprintf(field, sizeof field, "keys[%zu].sign_key", i);
    err_set(e, code, field, "%s", why);
    err_arg(e, "why", "%s: %s", field, why);
    return code;
}

/* Whose request it is, and that it is of now: an old one that somebody kept would have the chain say that it was wanted again. */
static enum err check_signature(struct kmc *k, const struct escrow_request *r, struct bytes octets,
                                struct bytes signature, struct err_info *e)
{
    int64_t apart = clock_machine() - r->at;
    TRY(kmc_ca_verify(k, r->ca, octets, signature, e));
    if (apart > -KMC_REQUEST_LIFE && apart < KMC_REQUEST_LIFE)
        return ERR_OK;
    return kmc_refuse(e, "at", "it is older than ten minutes, or of a clock that goes wrong");
}

static enum err load_sign_keys(struct key_work *w, struct err_info *e)
{
    for (size_t i = 0; i < w->r->n; i++) {
        const struct escrow_item *v = &w->r->item[i];
        if (pki_pub_load(v->sign_key, &w->to[i], e) != ERR_OK)
            return field_error(e, ERR_KEY_UNSUPPORTED, i, "not a public key that is taken");
        enum pki_alg alg = pki_pub_alg(w->to[i]);
        if (w->r->act == ESCROW_GIVE && !kmc_seals_to(v->algorithm, alg))
            return field_error(e, ERR_KEY_UNSUPPORTED, i,
                               "a pair of this algorithm is not sealed to such a key");
        if (w->r->act == ESCROW_GIVE && !kmc_pool_wanted(w->k, v->algorithm))
            return field_error(e, ERR_KEY_UNSUPPORTED, i,
                               "this kmc keeps no pairs of the algorithm (pool_… in kmc.conf)");
    }
    return ERR_OK;
}

/* Where the same stands against every item, the whole request is refused: an empty pool tells the caller when to come again. */
static enum err check_any(const struct key_work *w, struct err_info *e)
{
    enum err error = w->outcome[0].error;
    int rsa = 0;
    for (size_t i = 0; i < w->r->n; i++) {
        if (w->outcome[i].error != error)
            return ERR_OK;
        rsa |= is_rsa(w->r->item[i].algorithm);
    }
    if (error == ERR_OK)
        return ERR_OK;
    err_set(e, error, "keys[0].enc_serial", "%zu wanted, the first for %s", w->r->n,
            w->r->item[0].enc_serial);
    err_arg(e, "serial", "%s", w->r->item[0].enc_serial);
    err_arg(e, "why", "keys[0].sign_key: a pair of another algorithm was given for %s",
            w->r->item[0].enc_serial);
    if (error == ERR_KMC_POOL)
        err_arg(e, "seconds", "%d", rsa ? POOL_SECONDS_RSA : POOL_SECONDS_SM2);
    return error;
}

static enum err seal_all(struct key_work *w, struct escrow_pair *pair, struct err_info *e)
{
    for (size_t i = 0; i < w->r->n; i++) {
        const struct outcome *o = &w->outcome[i];
        pair[i] = (struct escrow_pair){.request_id = w->r->item[i].request_id,
                                       .enc_serial = w->r->item[i].enc_serial};
        if (o->error)
            pair[i].error = err_code_text(o->error);
        else
            TRY(kmc_seal_pair(w->k, &o->stored, w->to[i], w->arena, &pair[i], e));
    }
    return ERR_OK;
}

static enum err run(struct key_work *w, struct escrow_pair *pair, struct err_info *e)
{
    int recover = w->r->act == ESCROW_RECOVER;
    TRY(load_sign_keys(w, e));
    TRY(store_group_run(w->k->group, recover ? recover_in : give_in, w, e));
    boundary(recover ? BOUNDARY_KMC_RECOVERED : BOUNDARY_KMC_GIVEN);
    kmc_pool_wake(w->k);
    TRY(check_any(w, e));
    return seal_all(w, pair, e);
}

enum err kmc_keys(struct kmc *k, const struct escrow_request *r, struct bytes signature,
                  struct arena *a, struct kmc_keys_answer *out, struct err_info *e)
{
    struct bytes asked, answered;
    TRY(escrow_request_bytes(r, a, &asked, e));
    TRY(check_signature(k, r, asked, signature, e));
    struct escrow_pair *pair = arena_alloc(a, r->n * sizeof *pair);
    struct key_work *w = arena_alloc(a, sizeof *w);
    *w = (struct key_work){.k = k, .r = r, .arena = a, .now = clock_business(k->options.clock)};
    enum err result = run(w, pair, e);
    for (size_t i = 0; i < r->n; i++)
        pki_pub_free(w->to[i]);
    TRY(result);
    out->answer = (struct escrow_answer){.at = clock_machine(), .pair = pair, .n = r->n};
    TRY(escrow_answer_bytes(asked, &out->answer, a, &answered, e));
    return pki_sign(k->signer, answered, a, &out->signature, e);
}
