/* Revocation lists as they are given out: files in `<data>/lists`, mapped, so that a start has them while the ca is away. A list
 * that is given out stays for who reads it until he is done. */
#include "responder/responder_priv.h"

#include "base/boundary.h"
#include "base/json.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct published {
    _Atomic int refs;
    struct file_map file;
    struct crl_view head;
    char tag[2 * 16 + 3], last_modified[HTTP_DATE], expires[HTTP_DATE];
};

void published_release(void *arg)
{
    struct published *p = arg;
    if (!p || atomic_fetch_sub(&p->refs, 1) > 1)
        return;
    file_unmap(&p->file);
    free(p);
}

/* "issuing-p256", "issuing-p256.7", "issuing-p256.7.delta" */
static const char *name_of(const struct issuer *issuer, int shard, int delta, struct arena *a)
{
    const char *kind = delta ? ".delta" : "";
    return shard ? arena_fmt(a, "%s.%d%s", issuer->code, shard, kind)
                 : arena_fmt(a, "%s%s", issuer->code, kind);
}

static char *path_of(const struct responder *r, const struct issuer *issuer, int shard, int delta,
                     struct arena *a)
{
    return arena_fmt(a, "%s/lists/%s.crl", r->options.data, name_of(issuer, shard, delta, a));
}

static void describe(struct published *p)
{
    _auto(arena) a = arena_new();
    uint8_t sum[DIGEST_LEN];
    digest_sha256(p->file.all, sum);
    snprintf(p->tag, sizeof p->tag, "\"%s\"", text_hex(a, (struct bytes){sum, 16}));
    http_date(p->last_modified, p->head.this_update);
    http_date(p->expires, p->head.next_update);
}

static enum err publish(struct responder *r, struct issuer *issuer, int shard, int delta,
                        struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct published *p = mem_alloc(sizeof *p), *old;
    atomic_init(&p->refs, 1);
    p->file.fd = -1;
    enum err read = file_map(path_of(r, issuer, shard, delta, a), &p->file, e);
    if (read == ERR_OK)
        read = crl_head(p->file.all, &p->head, e);
    if (read != ERR_OK) {
        published_release(p);
        return read;
    }
    describe(p);
    pthread_rwlock_wrlock(&r->lock);
    old = issuer->list[shard][delta];
    issuer->list[shard][delta] = p;
    pthread_rwlock_unlock(&r->lock);
    published_release(old);
    return ERR_OK;
}

void lists_load(struct responder *r, struct issuer *issuer)
{
    struct err_info e;
    for (int shard = 0; shard <= issuer->shards; shard++)
        for (int delta = 0; delta < 2; delta++) {
            enum err read = publish(r, issuer, shard, delta, &e);
            if (read != ERR_OK && read != ERR_NOT_FOUND)
                log_line(LOG_LEVEL_WARN, "responder.list", "%s: a list is not used: %s",
                         issuer->code, e.detail);
        }
}

void lists_clear(struct issuer *issuer)
{
    for (int shard = 0; shard <= LIST_SHARDS_MAX; shard++)
        for (int delta = 0; delta < 2; delta++)
            published_release(issuer->list[shard][delta]);
}

/* ---- from the ca ---- */

static enum err fetch(struct responder *r, struct issuer *issuer, int shard, int delta,
                      struct err_info *e)
{
    _auto(arena) a = arena_new();
    const struct published *have = issuer->list[shard][delta];
    struct httpc_request request = {
        .path = arena_fmt(a, "/ca/v1/crl/%" PRId64 "?shard=%d&delta=%d&have=%" PRIu64, issuer->id,
                          shard, delta, have ? have->head.number : 0)};
    struct httpc_answer answer;
    TRY(httpc_send(r->ca, a, &request, &answer, e));
    if (answer.status == 304 && have)
        return ERR_OK;
    if (answer.status != 200)
        return httpc_error(r->ca, &answer, e);
    TRY(file_replace(path_of(r, issuer, shard, delta, a), answer.body, 0600, e));
    TRY(publish(r, issuer, shard, delta, e));
    boundary(BOUNDARY_RESPONDER_LISTED);
    return ERR_OK;
}

enum err lists_fetch(struct responder *r, struct issuer *issuer, struct err_info *e)
{
    for (int shard = 0; shard <= issuer->shards; shard++) {
        TRY(fetch(r, issuer, shard, 0, e));
        if (issuer->deltas)
            TRY(fetch(r, issuer, shard, 1, e));
        if (atomic_load(&r->stop))
            break;
    }
    issuer->crl_at = clock_business(r->options.clock);
    return ERR_OK;
}

static enum err offer(struct responder *r, const struct issuer *issuer, int shard, int64_t *taken,
                      struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_json doc = NULL;
    const struct published *have = issuer->list[shard][0];
    struct httpc_answer answer;
    int64_t n;
    if (!have)
        return ERR_OK;
    struct httpc_request request = {
        .path = "/ca/v1/lists", .content_type = "application/pkix-crl", .body = have->file.all};
    TRY(httpc_send(r->ca, a, &request, &answer, e));
    if (answer.status != 200)
        return httpc_error(r->ca, &answer, e);
    TRY(json_parse(answer.body.p, answer.body.n, &doc, e));
    TRY(json_get_int(doc, "taken", &n, e));
    *taken += n;
    return ERR_OK;
}

/* The parts first: who reads them knows in which one a certificate stands. */
enum err lists_offer(struct responder *r, const struct issuer *issuer, int64_t *taken,
                     struct err_info *e)
{
    for (int shard = 1; shard <= issuer->shards; shard++)
        TRY(offer(r, issuer, shard, taken, e));
    return offer(r, issuer, 0, taken, e);
}

/* ---- to who asks ---- */

static struct published *find(const struct responder *r, const char *name)
{
    _auto(arena) a = arena_new();
    for (size_t i = 0; i < r->issuers; i++) {
        const struct issuer *s = &r->issuer[i];
        size_t n = strlen(s->code);
        if (strncmp(s->code, name, n) != 0 || (name[n] != '.' && name[n] != '\0'))
            continue;
        for (int shard = 0; shard <= s->shards; shard++)
            for (int delta = 0; delta < 2; delta++)
                if (s->list[shard][delta] && strcmp(name_of(s, shard, delta, a), name) == 0)
                    return s->list[shard][delta];
    }
    return NULL;
}

static int is_issuer(const struct responder *r, const char *name)
{
    for (size_t i = 0; i < r->issuers; i++)
        if (strcmp(r->issuer[i].code, name) == 0)
            return 1;
    return 0;
}

enum err published_get(struct responder *r, const char *name, struct published_view *out,
                       struct err_info *e)
{
    pthread_rwlock_rdlock(&r->lock);
    struct published *p = find(r, name);
    int known = is_issuer(r, name);
    if (p)
        atomic_fetch_add(&p->refs, 1);
    pthread_rwlock_unlock(&r->lock);
    if (p) {
        *out = (struct published_view){p->file.all, p->file.fd,          p->tag, p->last_modified,
                                       p->expires,  p->head.next_update, p};
        return ERR_OK;
    }
    if (!known)
        return err_set(e, ERR_NOT_FOUND, "issuer", NULL);
    err_set(e, ERR_UNAVAILABLE, NULL, "no list of %s yet", name);
    err_arg(e, "service", "CA");
    return ERR_UNAVAILABLE;
}

enum err responder_crl(struct responder *r, const char *name, struct arena *a, struct bytes *der,
                       struct err_info *e)
{
    struct published_view v;
    TRY(published_get(r, name, &v, e));
    *der = arena_bytes(a, v.der.p, v.der.n);
    published_release(v.owner);
    return ERR_OK;
}
