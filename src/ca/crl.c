/* Certificate revocation lists: numbers only grow, and a list is never older than the change it should tell. */
#include "ca/ca_priv.h"

#include <string.h>

/* The listed certificates as a source for crl_write: rows are in the order of their serials. */
struct listed {
    struct store_rows rows;
    size_t at;
};

static void listed_rewind(void *self)
{
    ((struct listed *)self)->at = 0;
}

/* A row that no rule of today would write must not keep every list from being made. */
static enum crl_reason reason_of(const struct store_row *row)
{
    enum crl_reason reason = (enum crl_reason)row_int(row, "reason");
    if (strcmp(row_text(row, "state"), "hold") == 0)
        return CRL_CERTIFICATE_HOLD;
    return crl_reason_is_final(reason) ? reason : CRL_UNSPECIFIED;
}

static int listed_next(void *self, struct crl_entry *out)
{
    struct listed *l = self;
    if (l->at == l->rows.n)
        return 0;
    const struct store_row *row = &l->rows.row[l->at++];
    *out = (struct crl_entry){.serial = row_blob(row, "serial"),
                              .revoked_at = row_int(row, "changed_at"),
                              .reason = reason_of(row)};
    return 1;
}

struct crl_work {
    struct ca *ca;
    const struct ca_issuer *issuer;
    struct arena *arena;
    int64_t now;
    struct bytes crl;
    int fresh; /* an existing list still holds */
};

static enum err look_at_last(struct store_tx *tx, struct crl_work *w, int64_t *number, int64_t *seq,
                             struct err_info *e)
{
    const struct store_row *last, *changed;
    TRY(store_opt(tx, &Q_ca_crl_last, PARAMS(P_INT(w->issuer->id)), w->arena, &last, e));
    TRY(store_one(tx, &Q_ca_status_last_listed, PARAMS(P_INT(w->issuer->id)), w->arena, &changed,
                  e));
    *seq = row_int(changed, "seq");
    *number = last ? row_int(last, "number") + 1 : 1;
    if (!last)
        return ERR_OK;
    int64_t age = w->now - row_int(last, "this_update");
    w->fresh = row_int(last, "status_seq") == *seq && age >= 0 && age < w->ca->options.crl_period;
    w->crl = row_blob(last, "crl");
    return ERR_OK;
}

enum { CRL_KEPT = 8 };

static enum err make_crl(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct crl_work *w = arg;
    int64_t number, seq;
    TRY(look_at_last(tx, w, &number, &seq, e));
    if (w->fresh)
        return ERR_OK;
    struct listed listed = {0};
    TRY(store_many(tx, &Q_ca_certificate_listed, PARAMS(P_INT(w->issuer->id), P_INT(w->now)),
                   w->arena, &listed.rows, e));
    struct crl_source source = {&listed, listed_rewind, listed_next};
    /* nextUpdate leaves room for an outage: relying parties refuse everything once it has passed */
    struct crl_spec spec = {.issuer = w->issuer->subject,
                            .issuer_key = w->issuer->signer->pub,
                            .this_update = w->now,
                            .next_update = w->now + 24LL * TIME_HOUR,
                            .number = (uint64_t)number};
    TRY(crl_write(&spec, &source, w->issuer->signer, w->arena, &w->crl, e));
    TRY(store_exec(tx, &Q_ca_crl_add,
                   PARAMS(P_INT(w->issuer->id), P_INT(number), P_INT(seq), P_INT(spec.this_update),
                          P_INT(spec.next_update), P_BLOB(w->crl)),
                   NULL, e));
    TRY(store_exec(tx, &Q_ca_crl_prune, PARAMS(P_INT(w->issuer->id), P_INT(number - CRL_KEPT)),
                   NULL, e));
    return ca_audit(tx, w->now, "ca", "crl",
                    arena_fmt(w->arena, "%s %lld", w->issuer->code, (long long)number), e);
}

enum err ca_crl(struct ca *ca, int64_t issuer_id, struct arena *a, struct bytes *der,
                struct err_info *e)
{
    struct crl_work w = {.ca = ca, .arena = a, .now = clock_business(ca->options.clock)};
    for (size_t i = 0; i < ca->issuers; i++)
        if (ca->issuer[i].id == issuer_id)
            w.issuer = &ca->issuer[i];
    if (!w.issuer || !w.issuer->signer)
        return err_set(e, ERR_NOT_FOUND, "issuer", "no issuer %lld with a key here",
                       (long long)issuer_id);
    pthread_mutex_lock(&ca->crl_lock);
    enum err result = store_group_run(ca->group, make_crl, &w, e);
    pthread_mutex_unlock(&ca->crl_lock);
    TRY(result);
    *der = w.crl;
    return ERR_OK;
}
