/* Answers: kept while fresh, signed when first asked for. */
#include "responder/responder_priv.h"

#include <stdlib.h>
#include <string.h>

static const struct issuer *issuer_of(const struct responder *r, const struct ocsp_cert_id *id)
{
    for (size_t i = 0; i < r->issuers; i++)
        if (r->issuer[i].signer && ocsp_issuer_is(&r->issuer[i].hashes, id))
            return &r->issuer[i];
    return NULL;
}

/* When what is known was told by the ca: thisUpdate (RFC 6960 2.4), however late the question comes. */
static int64_t told_at(const struct responder *r, int64_t now)
{
    int64_t age = clock_machine() - atomic_load(&r->known_at);
    return now - (age > 0 ? age : 0);
}

/* What is known of the certificate, as OCSP says it. An unknown serial of our issuer is UNKNOWN (RFC 6960 2.2). */
static struct ocsp_single single_of(const struct responder *r, const struct issuer *issuer,
                                    const struct ocsp_cert_id *id)
{
    struct ocsp_single s = {.cert_id = id->whole, .status = OCSP_UNKNOWN};
    const struct known *k = issuer ? table_find(&r->table, id->serial) : NULL;
    if (!k || &r->issuer[k->issuer] != issuer)
        return s;
    s.status = k->state == KNOWN_ACTIVE ? OCSP_GOOD : OCSP_REVOKED;
    s.revoked_at = k->changed_at;
    s.reason = (enum crl_reason)k->reason;
    return s;
}

enum { UNKNOWN_KEPT = TIME_MINUTE };

static size_t unknown_slot(const struct ocsp_cert_id *id)
{
    return table_hash(id->serial) % UNKNOWN_SLOTS;
}

/* How long a cache may keep an answer: for the first half of its life; later, while the ca is silent, for a minute. */
static int64_t cached_for(int64_t this_update, int64_t next_update, int64_t life, int64_t now)
{
    int64_t fresh = this_update + life / 2 - now, rest = next_update - now;
    if (fresh < TIME_MINUTE)
        fresh = TIME_MINUTE;
    return (fresh < rest ? fresh : rest) / 1000;
}

static struct responder_caching caching_of(const struct responder *r, const struct answer *kept,
                                           int64_t now, struct arena *a)
{
    char *text = arena_alloc(a, sizeof kept->tag + 2 * HTTP_DATE);
    memcpy(text, kept->tag, sizeof kept->tag);
    memcpy(text + sizeof kept->tag, kept->last_modified, HTTP_DATE);
    memcpy(text + sizeof kept->tag + HTTP_DATE, kept->expires, HTTP_DATE);
    return (struct responder_caching){
        cached_for(kept->this_update, kept->next_update, r->options.answer_life, now), text,
        text + sizeof kept->tag, text + sizeof kept->tag + HTTP_DATE};
}

/* Under the read lock: a kept answer for exactly this CertID that has more than half of its life before it, or that would be
 * no fresher if it was made now. That a serial is unknown is looked up each time; only the signature is kept, and no cache
 * on the way may keep it. */
static int kept_answer(const struct responder *r, const struct ocsp_request *q, int64_t now,
                       struct arena *a, struct bytes *out, struct responder_caching *caching,
                       struct httpd_prepared **page)
{
    if (q->ids != 1 || q->nonce.n > 0)
        return 0;
    const struct known *k = table_find(&r->table, q->id[0].serial);
    const struct answer *kept = k ? k->answer : r->unknown[unknown_slot(&q->id[0])];
    if (!kept || now < kept->this_update || now >= kept->next_update ||
        kept->id_n != q->id[0].whole.n || memcmp(kept->id, q->id[0].whole.p, kept->id_n) != 0)
        return 0;
    int64_t fresh = k ? r->options.answer_life / 2 : UNKNOWN_KEPT;
    if (now - kept->this_update >= fresh && kept->this_update + TIME_SECOND < told_at(r, now))
        return 0;
    if (page && now < kept->page_until) {
        httpd_prepared_hold(kept->page);
        *page = kept->page;
        return 1;
    }
    *out = arena_bytes(a, kept->der, kept->der_n);
    if (k)
        *caching = caching_of(r, kept, now, a);
    return 1;
}

static void put_tag(char *tag, struct bytes der)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t sum[DIGEST_LEN];
    digest_sha256(der, sum);
    *tag++ = '"';
    for (int i = 0; i < 16; i++) {
        *tag++ = hex[sum[i] >> 4];
        *tag++ = hex[sum[i] & 15];
    }
    *tag = '"';
}

/* With the fields of RFC 5019 6.2. Caches may keep it for half of its life from whenever they got it; what is older than half is
 * not sent as a page. That a serial is unknown no cache may keep. */
static void lay_out(struct answer *kept, struct bytes der, int unknown)
{
    int64_t half = (kept->next_update - kept->this_update) / 2;
    char control[80];
    snprintf(control, sizeof control, "max-age=%lld, public, no-transform, must-revalidate",
             (long long)(half / TIME_SECOND));
    const struct httpd_pair known[] = {{"Cache-Control", control},
                                       {"ETag", kept->tag},
                                       {"Last-Modified", kept->last_modified},
                                       {"Expires", kept->expires},
                                       {NULL, NULL}},
                            none[] = {{"Cache-Control", "no-store"}, {NULL, NULL}};
    uint8_t *body = mem_alloc(der.n);
    memcpy(body, der.p, der.n);
    kept->der = body;
    kept->der_n = der.n;
    kept->page_until = unknown ? kept->next_update : kept->next_update - half;
    kept->page = httpd_prepare("application/ocsp-response", body, der.n, unknown ? none : known);
}

static struct answer *make_answer(const struct ocsp_cert_id *id, const struct ocsp_single *said,
                                  struct bytes der)
{
    struct answer *kept = mem_alloc(sizeof *kept + id->whole.n);
    *kept = (struct answer){
        .this_update = said->this_update, .next_update = said->next_update, .id_n = id->whole.n};
    memcpy(kept->id, id->whole.p, id->whole.n);
    put_tag(kept->tag, der);
    http_date(kept->last_modified, said->this_update);
    http_date(kept->expires, said->next_update);
    lay_out(kept, der, said->status == OCSP_UNKNOWN);
    return kept;
}

void answer_free(struct answer *a)
{
    if (!a)
        return;
    httpd_prepared_drop(a->page);
    free(a);
}

/* Keep a signed answer unless the certificate changed meanwhile; it is the table's then. */
static void keep_answer(struct responder *r, const struct ocsp_cert_id *id,
                        const struct ocsp_single *said, struct answer *kept)
{
    pthread_rwlock_wrlock(&r->lock);
    struct known *k = table_find(&r->table, id->serial);
    enum ocsp_status status = !k                         ? OCSP_UNKNOWN
                              : k->state == KNOWN_ACTIVE ? OCSP_GOOD
                                                         : OCSP_REVOKED;
    if (status == said->status && (status != OCSP_REVOKED || k->changed_at == said->revoked_at)) {
        struct answer **place = k ? &k->answer : &r->unknown[unknown_slot(id)];
        answer_free(*place);
        *place = kept;
        kept = NULL;
    }
    pthread_rwlock_unlock(&r->lock);
    answer_free(kept);
}

/* Copies of what signing needs, so that no lock is held while it runs. */
struct to_sign {
    struct ocsp_single single[OCSP_IDS_MAX];
    const struct pki_signer *signer;
    struct bytes certificate;
};

/* Under the read lock. The first request whose issuer is ours decides who signs; where none is, UNAUTHORIZED. TRY_LATER when
 * what is known is too old to be told, or our own certificate has ended or not begun (RFC 6960 2.3, 4.2.2.1). 0: `t` is filled. */
static int prepare(const struct responder *r, const struct ocsp_request *q, int64_t now,
                   struct arena *a, struct to_sign *t)
{
    const struct issuer *signing = NULL;
    for (size_t i = 0; i < q->ids; i++) {
        const struct issuer *issuer = issuer_of(r, &q->id[i]);
        if (!signing)
            signing = issuer;
        t->single[i] = single_of(r, issuer == signing ? issuer : NULL, &q->id[i]);
    }
    if (!signing || signing->responder_certificate.n == 0)
        return OCSP_UNAUTHORIZED;
    int64_t this_update = told_at(r, now), next_update = this_update + r->options.answer_life;
    if (next_update > signing->responder_until)
        next_update = signing->responder_until;
    if (next_update <= now || signing->responder_from > now)
        return OCSP_TRY_LATER;
    for (size_t i = 0; i < q->ids; i++) {
        t->single[i].this_update = this_update;
        t->single[i].next_update = next_update;
    }
    t->signer = signing->signer;
    t->certificate = arena_bytes(a, signing->responder_certificate.p,
                                 signing->responder_certificate.n);
    return 0;
}

/* The signed answer, or an error one. */
static struct bytes sign_answer(struct responder *r, const struct ocsp_request *q,
                                const struct to_sign *t, int64_t now, struct arena *a,
                                struct responder_caching *caching)
{
    struct err_info e;
    struct bytes out, data;
    const struct ocsp_single *first = &t->single[0];
    if (ocsp_response_data(t->single, q->ids, t->signer->pub, now, q->nonce, a, &data, &e) !=
            ERR_OK ||
        ocsp_response_sign(data, t->signer, t->certificate, a, &out, &e) != ERR_OK)
        return ocsp_error_response(OCSP_INTERNAL_ERROR);
    if (q->ids == 1 && q->nonce.n == 0) {
        struct answer *made = make_answer(&q->id[0], first, out);
        if (first->status != OCSP_UNKNOWN)
            *caching = caching_of(r, made, now, a);
        keep_answer(r, &q->id[0], first, made);
    }
    return out;
}

struct bytes responder_answer(struct responder *r, struct bytes request, struct arena *a,
                              struct responder_caching *caching, struct httpd_prepared **page)
{
    struct err_info e;
    struct ocsp_request q;
    struct bytes out = {0};
    struct to_sign t;
    *caching = (struct responder_caching){0};
    if (page)
        *page = NULL;
    if (ocsp_request_parse(request, &q, &e) != ERR_OK)
        return ocsp_error_response(OCSP_MALFORMED_REQUEST);
    int64_t now = clock_business(r->options.clock);
    pthread_rwlock_rdlock(&r->lock);
    int kept = kept_answer(r, &q, now, a, &out, caching, page);
    int refused = kept ? 0 : prepare(r, &q, now, a, &t);
    pthread_rwlock_unlock(&r->lock);
    if (kept)
        return out;
    return refused ? ocsp_error_response((enum ocsp_error)refused)
                   : sign_answer(r, &q, &t, now, a, caching);
}
