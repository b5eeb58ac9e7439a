#include "responder/responder_priv.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_FILE_MAX = 16 * 1024, LONG_POLL_MS = 40 * TIME_SECOND };

enum err responder_key(struct responder *r, enum pki_alg alg, struct pki_signer **out,
                       struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(pki_key) key = NULL;
    struct bytes pem;
    char *path = arena_fmt(a, "%s/ocsp-%s.pem", r->options.data, pki_alg_text(alg));
    enum err found = file_read(a, path, KEY_FILE_MAX, &pem, e);
    if (found == ERR_NOT_FOUND) {
        TRY(pki_key_new(alg, &key, e));
        TRY(pki_key_save(key, NULL, a, &pem, e));
        TRY(file_replace(path, pem, 0600, e));
    } else {
        TRY(found);
        TRY(pki_key_load(pem, NULL, &key, e));
    }
    return pki_signer_from_key(key, out, e);
}

void http_date(char out[HTTP_DATE], int64_t ms)
{
    struct tm tm;
    time_t seconds = (time_t)(ms / TIME_SECOND);
    strftime(out, HTTP_DATE, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &tm));
}

enum err responder_open(const struct responder_options *o, struct responder **out,
                        struct err_info *e)
{
    _auto(responder) r = mem_alloc(sizeof *r);
    r->options = *o;
    r->arena = arena_new();
    pthread_rwlock_init(&r->lock, NULL);
    table_init(&r->table);
    const char *header = o->peer_key[0] ? arena_fmt(r->arena, "X-Peer-Key: %s", o->peer_key) : NULL;
    r->ca = httpc_new(&(struct httpc_options){.service = "ca",
                                              .base = "http://ca",
                                              .unix_path = o->ca_socket,
                                              .header = header,
                                              .timeout_ms = LONG_POLL_MS,
                                              .answer_max = (size_t)1 << 30});
    TRY(folder_make(arena_fmt(r->arena, "%s/lists", o->data), 0700, e));
    TRY(snapshot_load(r, e));
    for (size_t i = 0; i < r->issuers; i++)
        lists_load(r, &r->issuer[i]);
    *out = steal(&r);
    return ERR_OK;
}

void responder_free(struct responder *r)
{
    if (!r)
        return;
    atomic_store(&r->stop, 1);
    if (r->following)
        pthread_join(r->follower, NULL);
    httpc_free(r->ca);
    for (size_t i = 0; i < r->issuers; i++) {
        pki_signer_free(r->issuer[i].signer);
        lists_clear(&r->issuer[i]);
    }
    table_clear(&r->table);
    for (size_t i = 0; i < UNKNOWN_SLOTS; i++)
        answer_free(r->unknown[i]);
    pthread_rwlock_destroy(&r->lock);
    arena_free(r->arena);
    free(r);
}

static const struct issuer *find_issuer(const struct responder *r, const char *code)
{
    for (size_t i = 0; i < r->issuers; i++)
        if (strcmp(r->issuer[i].code, code) == 0)
            return &r->issuer[i];
    return NULL;
}

enum err responder_issuer(struct responder *r, const char *code, struct arena *a, struct bytes *der,
                          struct err_info *e)
{
    pthread_rwlock_rdlock(&r->lock);
    const struct issuer *found = find_issuer(r, code);
    if (found)
        *der = arena_bytes(a, found->certificate.p, found->certificate.n);
    pthread_rwlock_unlock(&r->lock);
    return found ? ERR_OK : err_set(e, ERR_NOT_FOUND, "issuer", NULL);
}

void responder_health(struct responder *r, struct responder_health *out)
{
    pthread_rwlock_rdlock(&r->lock);
    *out = (struct responder_health){
        .seq = r->seq, .certificates = r->table.used, .ca_seen_at = atomic_load(&r->known_at)};
    out->answers_until = out->ca_seen_at ? out->ca_seen_at + r->options.answer_life : 0;
    for (size_t i = 0; i < r->issuers; i++)
        out->ready |= r->issuer[i].responder_certificate.n > 0;
    pthread_rwlock_unlock(&r->lock);
}
