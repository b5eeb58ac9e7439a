/* The ca's own lists, shown to it after its database was put back from a copy (design §5: no revoked certificate is good again). */
#include "ca/ca_priv.h"

#include "base/boundary.h"
#include "base/sys.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay {
    struct ca *ca;
    const struct ca_issuer *issuer;
    const struct listed *listed;
    struct crl_view head;
    int shard;
    int holds; /* the list is younger than the copy: what it has on hold counts too */
    /* What the database does not have as the list does. */
    struct crl_entry *lost; /* owned; serials are borrowed from the list */
    size_t n, room;
};

static enum err refuse(struct err_info *e, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, NULL, "%s", why);
    err_arg(e, "why", "the list: %s", why);
    return ERR_BAD_REQUEST;
}

static enum err find_shard(struct replay *p, struct arena *a, struct err_info *e)
{
    if (p->head.shard.n == 0)
        return ERR_OK;
    for (p->shard = 1; p->shard <= p->issuer->shards; p->shard++) {
        const char *url = ca_crl_url(p->ca, p->issuer, p->shard, a);
        if (strlen(url) == p->head.shard.n && memcmp(url, p->head.shard.p, p->head.shard.n) == 0)
            return ERR_OK;
    }
    return refuse(e, "of no shard here");
}

static enum err find_issuer(struct replay *p, struct bytes der, struct err_info *e)
{
    for (size_t i = 0; i < p->ca->issuers; i++) {
        const struct ca_issuer *x = &p->ca->issuer[i];
        _auto(pki_pub) key = NULL; /* its certificate's: the CA may be locked */
        if (x->root || x->subject.n != p->head.issuer.n ||
            memcmp(x->subject.p, p->head.issuer.p, x->subject.n) != 0)
            continue;
        TRY(cert_key(x->certificate, &key, e));
        if (cert_verify_signature(der, key, e) != ERR_OK)
            continue;
        p->issuer = x;
        return ERR_OK;
    }
    return err_set(e, ERR_SIGNATURE, NULL, "no issuer here signed the list");
}

/* A list that the database should know and does not was made after the copy: so few are pruned that it cannot be an older one. */
static enum err is_younger(struct replay *p, struct store_tx *tx, struct arena *a,
                           struct err_info *e)
{
    const struct store_row *known;
    TRY(store_one(tx, &Q_ca_crl_known,
                  PARAMS(P_INT(p->issuer->id), P_INT(p->shard), P_INT((int64_t)p->head.number)), a,
                  &known, e));
    p->holds = row_int(known, "same") == 0 &&
               (row_int(known, "older") > 0 || row_int(known, "n") < CA_LISTS_KEPT);
    return ERR_OK;
}

static enum err look_at(const struct crl_entry *x, void *arg, struct err_info *e)
{
    struct replay *p = arg;
    enum crl_reason reason;
    (void)e;
    int hold = x->reason == CRL_CERTIFICATE_HOLD,
        known = listed_find(p->listed, x->serial, &reason);
    if (x->serial.n == 0 || x->serial.n > CERT_SERIAL_MAX || (hold && (known || !p->holds)) ||
        (known && reason != CRL_CERTIFICATE_HOLD))
        return ERR_OK;
    if (p->n == p->room) {
        p->room = p->room ? p->room * 2 : 64;
        p->lost = mem_grow(p->lost, p->room * sizeof *p->lost);
    }
    p->lost[p->n++] = *x;
    return ERR_OK;
}

/* ---- into the database ---- */

enum { AT_ONCE = 200 };

struct part {
    const struct replay *replay;
    size_t from, to;
    struct arena *arena;
    int64_t now, taken;
};

static enum err add_lost(struct store_tx *tx, const struct part *w, const struct crl_entry *x,
                         const char *state, struct err_info *e)
{
    const struct replay *p = w->replay;
    const struct bytes nothing = {NULL, 0};
    int64_t id;
    TRY(ca_certificate_next_id(tx, w->arena, &id, e));
    int shard = p->shard ? p->shard : ca_shard_of(p->ca, x->serial);
    return store_exec(tx, &Q_ca_certificate_lost,
                      PARAMS(P_INT(id), P_BLOB(x->serial), P_INT(p->issuer->id),
                             P_TEXT(arena_fmt(w->arena, "lost-%s", text_hex(w->arena, x->serial))),
                             P_BLOB(nothing), P_INT(p->issuer->not_after), P_TEXT(state),
                             P_INT(x->reason), P_INT(x->revoked_at), P_INT(w->now), P_INT(shard),
                             P_INT(x->invalid_since)),
                      NULL, e);
}

static enum err take_one(struct store_tx *tx, struct part *w, const struct crl_entry *x,
                         struct err_info *e)
{
    const struct replay *p = w->replay;
    const struct store_row *row;
    const char *state = x->reason == CRL_CERTIFICATE_HOLD ? "hold" : "revoked";
    int64_t seq, not_after = p->issuer->not_after;
    TRY(store_opt(tx, &Q_ca_certificate_by_serial, PARAMS(P_BLOB(x->serial)), w->arena, &row, e));
    if (row && (row_int(row, "issuer_id") != p->issuer->id ||
                strcmp(row_text(row, "state"), "revoked") == 0 ||
                strcmp(row_text(row, "state"), state) == 0))
        return ERR_OK;
    if (row) {
        not_after = row_int(row, "not_after");
        TRY(store_exec_one(tx, &Q_ca_certificate_change,
                           PARAMS(P_INT(row_int(row, "id")), P_TEXT(row_text(row, "state")),
                                  P_TEXT(state), P_INT(x->reason), P_INT(x->revoked_at),
                                  P_INT(x->invalid_since)),
                           e));
    } else {
        TRY(add_lost(tx, w, x, state, e));
    }
    TRY(ca_status_append(tx, x->serial, p->issuer->id, state, x->reason, x->revoked_at, not_after,
                         &seq, e));
    w->taken++;
    return ca_audit(tx, w->now, "ca", "replay",
                    arena_fmt(w->arena, "%s %s from list %llu", text_hex(w->arena, x->serial),
                              crl_reason_text(x->reason), (unsigned long long)p->head.number),
                    e);
}

static enum err take_part(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct part *w = arg;
    w->taken = 0;
    ca_forget_maker(tx);
    for (size_t i = w->from; i < w->to; i++)
        TRY(take_one(tx, w, &w->replay->lost[i], e));
    return ERR_OK;
}

static enum err take_all(struct replay *p, int64_t *taken, struct err_info *e)
{
    for (size_t from = 0; from < p->n; from += AT_ONCE) {
        _auto(arena) a = arena_new();
        struct part w = {.replay = p,
                         .from = from,
                         .to = from + AT_ONCE < p->n ? from + AT_ONCE : p->n,
                         .arena = a,
                         .now = clock_business(p->ca->options.clock)};
        TRY(store_group_run(p->ca->group, take_part, &w, e));
        *taken += w.taken;
    }
    boundary(BOUNDARY_CA_CHANGED);
    return ERR_OK;
}

/* Against what the lists of now would show; under crl_lock. */
static enum err find_lost(struct replay *p, struct bytes der, struct arena *a, struct err_info *e)
{
    struct listed *listed;
    _auto(store_tx) tx = NULL;
    TRY(store_begin(p->ca->store, STORE_READ, &tx, e));
    TRY(ca_listed_of(p->ca, p->issuer, tx, &listed, e));
    p->listed = listed;
    TRY(is_younger(p, tx, a, e));
    return crl_each(der, look_at, p, e);
}

enum err ca_list_take(struct ca *ca, struct bytes der, int64_t *taken, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct replay p = {.ca = ca};
    *taken = 0;
    TRY(crl_head(der, &p.head, e));
    if (p.head.base || p.head.number == 0 || p.head.number > INT64_MAX)
        return refuse(e, "a delta, or without a number");
    TRY(find_issuer(&p, der, e));
    TRY(find_shard(&p, a, e));
    pthread_mutex_lock(&ca->crl_lock);
    enum err result = find_lost(&p, der, a, e);
    pthread_mutex_unlock(&ca->crl_lock);
    if (result == ERR_OK)
        result = take_all(&p, taken, e);
    free(p.lost);
    if (*taken > 0) {
        log_line(LOG_LEVEL_WARN, "ca.replayed", "%lld certificates taken from list %llu of %s",
                 (long long)*taken, (unsigned long long)p.head.number, p.issuer->code);
        ca_changed(ca);
    }
    return result;
}
