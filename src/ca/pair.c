/* Pairs: a signing certificate for the UKey's own key, and an encryption certificate for a key of the kmc's, both or neither
 * (design §5, GM/T 0015 C.3 and C.4).
 *
 * The intent has both serials; then the kmc is asked, by one thread for all that wait, as it takes lists; then both are signed
 * and recorded in one transaction. What cannot be finished is given up: both rows are void, the request id and the key are free
 * again, and the serials are never used. So is what a crash left between intent and record: no signature of it has left. */
#include "ca/issue_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"
#include "ca/escrow.h"

#include <stdlib.h>
#include <string.h>

struct ca_pairs {
    struct ca_escrow *line;
    pthread_mutex_t lock;
    pthread_cond_t some; /* one was added, or the end was asked for */
    struct ca_issuing *first, **last;
    int ending;
    pthread_t thread;
};

/* ---- the rows ---- */

void ca_pair_plan(struct ca_issuing *i, const struct ca_vouched *v)
{
    i->pair = arena_alloc(i->arena, sizeof *i->pair);
    i->pair->vouched = *v;
    i->pair->serial = cert_serial_new(i->arena);
    i->pair->shard = ca_shard_of(i->ca, i->pair->serial);
}

static const struct bytes nothing = {(const uint8_t *)"", 0};

enum err ca_pair_intend(struct store_tx *tx, struct ca_issuing *i, const char *who,
                        struct err_info *e)
{
    struct ca_pair *p = i->pair;
    p->id = i->id + 1;
    TRY(store_exec(
        tx, &Q_ca_certificate_intend,
        PARAMS(P_INT(p->id), P_BLOB(p->serial), P_INT(i->issuer->id), P_TEXT(i->profile->code),
               P_TEXT(arena_fmt(i->arena, "%s+encryption", i->r->request_id)), P_BLOB(nothing),
               P_TEXT(i->r->order), P_TEXT(i->r->ukey), P_TEXT(i->subject_text),
               P_INT(i->r->not_before), P_INT(i->r->not_after), P_BLOB(nothing), P_INT(i->now),
               P_TEXT("[]"), P_INT(p->shard), P_INT(i->id)),
        NULL, e));
    return ca_audit(tx, i->now, who, "intend",
                    arena_fmt(i->arena, "%s+encryption %s %s", i->r->request_id,
                              text_hex(i->arena, p->serial), i->subject_text),
                    e);
}

enum err ca_pair_record(struct store_tx *tx, const struct signed_work *w, struct err_info *e)
{
    const struct ca_pair *p = w->pair;
    int64_t seq;
    TRY(store_exec_one(tx, &Q_ca_certificate_signed_pair,
                       PARAMS(P_INT(p->id), P_BLOB(p->certificate), P_INT(w->now),
                              P_BLOB(((struct bytes){p->key_hash, DIGEST_LEN})), P_BLOB(p->sealed)),
                       e));
    TRY(ca_status_append(tx, p->serial, w->issuer_id, "active", CRL_UNSPECIFIED, w->now,
                         w->not_after, &seq, e));
    return ca_audit(tx, w->now, "ca", "issue", text_hex(w->arena, p->serial), e);
}

enum err ca_pair_found(struct store_tx *tx, struct ca_issuing *i, int64_t id, int *open,
                       struct err_info *e)
{
    const struct store_row *row;
    struct ca_pair *p = i->pair = arena_alloc(i->arena, sizeof *i->pair);
    TRY(store_one(tx, &Q_ca_certificate_by_id, PARAMS(P_INT(id)), i->arena, &row, e));
    p->id = id;
    p->serial = row_blob(row, "serial");
    p->certificate = row_blob(row, "certificate");
    p->sealed = row_blob(row, "sealed");
    *open = p->certificate.n == 0;
    return ERR_OK;
}

static enum err void_row(struct store_tx *tx, int64_t id, int64_t now, const char *why,
                         struct arena *a, struct err_info *e)
{
    const struct store_row *row;
    int64_t changed;
    TRY(store_one(tx, &Q_ca_certificate_by_id, PARAMS(P_INT(id)), a, &row, e));
    TRY(store_exec(tx, &Q_ca_certificate_void, PARAMS(P_INT(id), P_INT(now), P_BLOB(nothing)),
                   &changed, e));
    if (changed == 0)
        return ERR_OK; /* it is signed, or void already */
    return ca_audit(tx, now, "ca", "void",
                    arena_fmt(a, "%s %s", text_hex(a, row_blob(row, "serial")), why), e);
}

struct void_work {
    struct ca *ca;
    int64_t id;
    const char *why;
    struct arena *arena;
};

static enum err void_one(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct void_work *w = arg;
    return void_row(tx, w->id, clock_business(w->ca->options.clock), w->why, w->arena, e);
}

enum err ca_pair_void(struct ca *ca, int64_t id, const char *why, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct void_work w = {.ca = ca, .id = id, .why = why, .arena = a};
    return store_group_run(ca->group, void_one, &w, e);
}

/* ---- giving up ---- */

static enum err void_both(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct ca_issuing *i = arg;
    const char *why = err_code_text(i->result);
    TRY(void_row(tx, i->id, i->now, why, i->arena, e));
    return void_row(tx, i->pair->id, i->now, why, i->arena, e);
}

static void given_up(struct store_group_item *item, enum err result, const struct err_info *e)
{
    struct ca_issuing *i = (struct ca_issuing *)item; /* the first member */
    struct err_info why = i->why;
    if (result != ERR_OK) /* the rows stay intents, which the next start makes void */
        log_line(LOG_LEVEL_ERROR, "ca.pair", "%s: not given up: %s", i->r->request_id, e->detail);
    ca_issuing_finish(i, i->result, &why);
}

void ca_pair_give_up(struct ca_issuing *i, enum err result, const struct err_info *why)
{
    i->result = result;
    i->why = *why;
    i->item = (struct store_group_item){.work = void_both, .done = given_up, .arg = i};
    store_group_submit(i->ca->group, &i->item);
}

/* ---- the second certificate ---- */

enum err ca_pair_sign(struct ca_issuing *i, struct err_info *e)
{
    struct ca_pair *p = i->pair;
    _auto(pki_pub) key = NULL;
    struct bytes tbs;
    TRY(pki_pub_load(p->spki, &key, e));
    if (pki_pub_alg(key) != i->profile->algorithm)
        return err_set(e, ERR_CRYPTO, NULL, "the kmc gave a key of %s",
                       pki_alg_text(pki_pub_alg(key)));
    digest_sha256(pki_pub_spki(key), p->key_hash);
    TRY(ca_issuing_tbs(i, CA_USE_ENCRYPTION, &p->vouched, key, p->serial, p->shard, &tbs, e));
    return cert_sign(tbs, i->issuer->signer, i->arena, &p->certificate, e);
}

/* ---- the kmc's line ---- */

/* Up to ESCROW_LIST_MAX that wait; NULL when there are none and there will be none. */
static struct ca_issuing *take(struct ca_pairs *p, size_t *n)
{
    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->ending)
        pthread_cond_wait(&p->some, &p->lock);
    struct ca_issuing *list = p->first, **end = &p->first;
    for (*n = 0; *end && *n < ESCROW_LIST_MAX; (*n)++)
        end = &(*end)->next;
    p->first = *end;
    if (!p->first)
        p->last = &p->first;
    *end = NULL;
    pthread_mutex_unlock(&p->lock);
    return list;
}

/* For the kmc's record alone: as much of the subject as it takes, whole characters. */
static const char *user_of(const struct ca_issuing *i, struct arena *a)
{
    size_t n = strlen(i->subject_text);
    if (n > ESCROW_TEXT_MAX)
        for (n = ESCROW_TEXT_MAX; (i->subject_text[n] & 0xc0) == 0x80; n--)
            ;
    return arena_text_n(a, i->subject_text, n);
}

static struct escrow_item asked_for(const struct ca_issuing *i, struct arena *a)
{
    return (struct escrow_item){.request_id = i->r->request_id,
                                .enc_serial = text_hex(a, i->pair->serial),
                                .algorithm = i->profile->algorithm,
                                .sign_key = pki_pub_spki(i->key),
                                .not_before = i->r->not_before,
                                .not_after = i->r->not_after,
                                .user = user_of(i, a)};
}

/* The pair's key, copied out of the answer's arena. */
static void take_key(struct ca_issuing *i, const struct escrow_pair *answer)
{
    struct bytes sealed = answer->blob.n > 0 ? answer->blob : answer->envelope;
    struct err_info e = {0};
    if (answer->error) {
        enum err code = err_from_code_text(answer->error);
        err_set(&e, code == ERR_OK ? ERR_UNAVAILABLE : code, NULL, "the kmc: %s", answer->error);
        ca_pair_give_up(i, e.code, &e);
        return;
    }
    i->pair->spki = arena_bytes(i->arena, answer->spki.p, answer->spki.n);
    i->pair->sealed = arena_bytes(i->arena, sealed.p, sealed.n);
    boundary(BOUNDARY_CA_PAIR_GIVEN);
    ca_issuing_sign(i);
}

/* A list is refused whole for what is wrong with one of its items: then each is asked for alone, so that it stands for itself. */
static void ask_for(struct ca_pairs *p, struct ca_issuing *const *each, size_t n)
{
    _auto(arena) a = arena_new();
    struct escrow_item item[ESCROW_LIST_MAX];
    struct escrow_pair answer[ESCROW_LIST_MAX];
    struct err_info e = {0};
    for (size_t k = 0; k < n; k++)
        item[k] = asked_for(each[k], a);
    enum err result = ca_escrow_ask(p->line, ESCROW_GIVE, item, n, a, answer, &e);
    int alone = n > 1 && (result == ERR_BAD_REQUEST || result == ERR_KEY_UNSUPPORTED);
    for (size_t k = 0; k < n; k++) { /* from here on each belongs to others */
        if (result == ERR_OK)
            take_key(each[k], &answer[k]);
        else if (alone)
            ask_for(p, &each[k], 1);
        else
            ca_pair_give_up(each[k], result, &e);
    }
}

static void ask(struct ca_pairs *p, struct ca_issuing *list, size_t n)
{
    struct ca_issuing *each[ESCROW_LIST_MAX];
    for (size_t k = 0; k < n; k++, list = list->next)
        each[k] = list;
    ask_for(p, each, n);
}

static void *line_to_kmc(void *arg)
{
    struct ca_pairs *p = arg;
    struct ca_issuing *list;
    size_t n;
    while ((list = take(p, &n)))
        ask(p, list, n);
    return NULL;
}

void ca_pairs_add(struct ca_pairs *p, struct ca_issuing *i)
{
    i->next = NULL;
    pthread_mutex_lock(&p->lock);
    int first = !p->first;
    *p->last = i;
    p->last = &i->next;
    if (first)
        pthread_cond_signal(&p->some);
    pthread_mutex_unlock(&p->lock);
}

enum err ca_pairs_new(const struct ca_escrow_options *o, struct ca_pairs **out, struct err_info *e)
{
    _auto(ca_escrow) line = NULL;
    TRY(ca_escrow_open(o, &line, e));
    struct ca_pairs *p = mem_alloc(sizeof *p);
    p->line = line;
    p->last = &p->first;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->some, NULL);
    int failed = pthread_create(&p->thread, NULL, line_to_kmc, p);
    if (failed) {
        pthread_cond_destroy(&p->some);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return err_set(e, ERR_INTERNAL, NULL, "pthread_create: %s", strerror(failed));
    }
    line = NULL;
    *out = p;
    return ERR_OK;
}

void ca_pairs_free(struct ca_pairs *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->ending = 1;
    pthread_cond_signal(&p->some);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    ca_escrow_free(p->line);
    pthread_cond_destroy(&p->some);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
