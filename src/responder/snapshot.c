/* The snapshot: what is known, written after each round of changes, so that a start does not need the ca.
 *
 * A JSON file is enough for now: {seq, known_at, issuers: [{id, code, root, certificate, responder_certificate}],
 * certificates: [[serial, issuer, state, reason, changed_at, not_after], …]}. While nothing changes, `known.json` beside it,
 * {seq, known_at}, says each minute that the ca was heard; it counts for the snapshot of the same number only. */
#include "responder/responder_priv.h"

#include "base/boundary.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"

#include <string.h>

enum { SNAPSHOT_MAX = 1 << 30 };

static char *snapshot_path(const struct responder *r, struct arena *a)
{
    return arena_fmt(a, "%s/snapshot.json", r->options.data);
}

static char *known_path(const struct responder *r, struct arena *a)
{
    return arena_fmt(a, "%s/known.json", r->options.data);
}

static void put_issuers(struct json_out *j, const struct responder *r, struct arena *a)
{
    jout_list(j, "issuers");
    for (size_t i = 0; i < r->issuers; i++) {
        const struct issuer *s = &r->issuer[i];
        jout_object(j, NULL);
        jout_int(j, "id", s->id);
        jout_text(j, "code", s->code);
        jout_bool(j, "root", s->root);
        jout_text(j, "certificate", text_base64(a, s->certificate));
        jout_text(j, "responder_certificate", text_base64(a, s->responder_certificate));
        jout_end(j);
    }
    jout_end(j);
}

static void put_certificates(struct json_out *j, const struct responder *r, struct arena *a)
{
    jout_list(j, "certificates");
    for (size_t i = 0; i < r->table.size; i++) {
        const struct known *k = &r->table.slot[i];
        if (!k->serial_n)
            continue;
        jout_list(j, NULL);
        jout_text(j, NULL, text_hex(a, (struct bytes){k->serial, k->serial_n}));
        jout_int(j, NULL, k->issuer);
        jout_int(j, NULL, k->state);
        jout_int(j, NULL, k->reason);
        jout_int(j, NULL, k->changed_at);
        jout_int(j, NULL, k->not_after);
        jout_end(j);
    }
    jout_end(j);
}

enum err snapshot_save(struct responder *r, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto_buf b;
    buf_init(&b, SNAPSHOT_MAX);
    struct json_out j;
    int64_t known_at = atomic_load(&r->known_at);
    jout_init(&j, &b);
    pthread_rwlock_rdlock(&r->lock);
    jout_object(&j, NULL);
    jout_int(&j, "seq", r->seq);
    jout_int(&j, "known_at", known_at);
    put_issuers(&j, r, a);
    put_certificates(&j, r, a);
    jout_end(&j);
    pthread_rwlock_unlock(&r->lock);
    TRY(file_replace(snapshot_path(r, a), (struct bytes){b.p, b.n}, 0600, e));
    r->unsaved = 0;
    boundary(BOUNDARY_RESPONDER_SAVED);
    r->known_saved_at = known_at;
    return ERR_OK;
}

enum err snapshot_touch(struct responder *r, struct err_info *e)
{
    int64_t known_at = atomic_load(&r->known_at), since = known_at - r->known_saved_at;
    if (since >= 0 && since < TIME_MINUTE)
        return ERR_OK;
    _auto(arena) a = arena_new();
    _auto_buf b;
    struct json_out j;
    buf_init(&b, 256);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_int(&j, "seq", r->seq);
    jout_int(&j, "known_at", known_at);
    jout_end(&j);
    TRY(file_replace(known_path(r, a), (struct bytes){b.p, b.n}, 0600, e));
    r->known_saved_at = known_at;
    return ERR_OK;
}

/* A certificate of another key than the one that lies here now would make answers that nobody accepts. */
static enum err load_own(struct responder *r, struct issuer *s, struct bytes own, struct arena *a,
                         struct err_info *e)
{
    struct cert_view view;
    _auto(pki_pub) key = NULL;
    TRY(cert_view(own, a, &view, e));
    TRY(cert_key(own, &key, e));
    if (!s->signer || !pki_pub_equal(key, s->signer->pub)) {
        log_line(LOG_LEVEL_WARN, "responder.key",
                 "%s: the certificate in the snapshot is of another key", s->code);
        return ERR_OK;
    }
    s->responder_certificate = arena_bytes(r->arena, own.p, own.n);
    s->responder_until = view.not_after;
    return ERR_OK;
}

static enum err load_issuer(struct responder *r, const json_t *item, struct arena *a,
                            struct err_info *e)
{
    struct issuer *s = &r->issuer[r->issuers];
    struct cert_view view;
    struct bytes der, own;
    _auto(pki_pub) key = NULL;
    if (r->issuers == ISSUERS_MAX)
        return err_set(e, ERR_CONFIG, NULL, "snapshot: too many issuers");
    TRY(json_get_int(item, "id", &s->id, e));
    TRY(json_get_bool(item, "root", &s->root, e));
    TRY(json_get_base64(item, "certificate", CERT_MAX, a, &der, e));
    TRY(json_get_base64(item, "responder_certificate", CERT_MAX, a, &own, e));
    snprintf(s->code, sizeof s->code, "%s", json_opt_text(item, "code", ""));
    TRY(cert_key(der, &key, e));
    TRY(cert_view(der, a, &view, e));
    TRY(ocsp_issuer_init(&s->hashes, view.subject, key, e));
    if (!s->root)
        TRY(responder_key(r, pki_pub_alg(key), &s->signer, e));
    s->certificate = arena_bytes(r->arena, der.p, der.n);
    s->until = view.not_after;
    r->issuers++;
    return own.n ? load_own(r, s, own, a, e) : ERR_OK;
}

static enum err load_certificate(struct responder *r, const json_t *item, struct arena *a,
                                 struct err_info *e)
{
    int64_t v[6] = {0};
    struct bytes serial;
    const char *hex = json_string_value(json_array_get(item, 0));
    for (size_t i = 1; i < 6; i++)
        v[i] = json_integer_value(json_array_get(item, i));
    if (!hex || !text_from_hex(a, hex, &serial) || serial.n == 0 || serial.n > CERT_SERIAL_MAX ||
        v[1] < 0 || v[1] >= (int64_t)r->issuers || v[2] < KNOWN_ACTIVE || v[2] > KNOWN_REVOKED)
        return err_set(e, ERR_CONFIG, NULL, "snapshot: a certificate that cannot be");
    struct known *k = table_put(&r->table, serial);
    k->issuer = (uint8_t)v[1];
    k->state = (uint8_t)v[2];
    k->reason = (uint8_t)v[3];
    k->changed_at = v[4];
    k->not_after = v[5];
    return ERR_OK;
}

/* The later of the two times; without `known.json` that of the snapshot. */
static int64_t load_known(const struct responder *r, int64_t known_at, struct arena *a)
{
    struct bytes file;
    _auto_json doc = NULL;
    struct err_info e;
    if (file_read(a, known_path(r, a), 4096, &file, &e) != ERR_OK ||
        json_parse(file.p, file.n, &doc, &e) != ERR_OK || json_opt_int(doc, "seq", -1) != r->seq)
        return known_at;
    int64_t later = json_opt_int(doc, "known_at", 0);
    return later > known_at ? later : known_at;
}

enum err snapshot_load(struct responder *r, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes file;
    _auto_json doc = NULL;
    const json_t *item;
    size_t i;
    enum err found = file_read(a, snapshot_path(r, a), SNAPSHOT_MAX, &file, e);
    if (found == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(found);
    TRY(json_parse(file.p, file.n, &doc, e));
    json_array_foreach (json_object_get(doc, "issuers"), i, item)
        TRY(load_issuer(r, item, a, e));
    json_array_foreach (json_object_get(doc, "certificates"), i, item)
        TRY(load_certificate(r, item, a, e));
    TRY(json_get_int(doc, "seq", &r->seq, e));
    r->known_saved_at = load_known(r, json_opt_int(doc, "known_at", 0), a);
    atomic_store(&r->known_at, r->known_saved_at);
    return ERR_OK;
}
