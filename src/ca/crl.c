/* Certificate revocation lists: numbers only grow, and a list is never older than the change it should tell.
 *
 * A list is read and signed beside the writer, so that a long one keeps nobody waiting; only its record is the
 * writer's. One list is made at a time, hence its number is still the next one then. */
#include "ca/ca_priv.h"

#include "base/boundary.h"

#include <stdlib.h>
#include <string.h>

/* The listed certificates as a source for crl_write, in the order of their serials. */
struct listed_row {
    int64_t revoked_at;
    uint8_t serial[CERT_SERIAL_MAX], serial_n, reason;
};

struct listed {
    struct listed_row *row; /* owned */
    size_t n, room, at;
};

/* A row that no rule of today would write must not keep every list from being made. */
static enum crl_reason reason_of(const struct store_row *row)
{
    enum crl_reason reason = (enum crl_reason)row_int(row, "reason");
    if (strcmp(row_text(row, "state"), "hold") == 0)
        return CRL_CERTIFICATE_HOLD;
    return crl_reason_is_final(reason) ? reason : CRL_UNSPECIFIED;
}

static enum err listed_add(const struct store_row *row, void *arg, struct err_info *e)
{
    struct listed *l = arg;
    struct bytes serial = row_blob(row, "serial");
    if (serial.n > CERT_SERIAL_MAX)
        return err_set(e, ERR_CERT_SPEC, "serial", "a serial of %zu octets", serial.n);
    if (l->n == l->room) {
        l->room = l->room ? l->room * 2 : 1024;
        l->row = mem_grow(l->row, l->room * sizeof *l->row);
    }
    struct listed_row *x = &l->row[l->n++];
    *x = (struct listed_row){.revoked_at = row_int(row, "changed_at"),
                             .serial_n = (uint8_t)serial.n,
                             .reason = (uint8_t)reason_of(row)};
    memcpy(x->serial, serial.p, serial.n);
    return ERR_OK;
}

static void listed_rewind(void *self)
{
    ((struct listed *)self)->at = 0;
}

static int listed_next(void *self, struct crl_entry *out)
{
    struct listed *l = self;
    if (l->at == l->n)
        return 0;
    const struct listed_row *x = &l->row[l->at++];
    *out = (struct crl_entry){.serial = {x->serial, x->serial_n},
                              .revoked_at = x->revoked_at,
                              .reason = (enum crl_reason)x->reason};
    return 1;
}

struct crl_work {
    struct ca *ca;
    const struct ca_issuer *issuer;
    int *made_here; /* the newest list is of this process */
    struct arena *arena;
    int64_t now, number, seq,
        last_at; /* last_at: thisUpdate of the list before; 0: there is none */
    struct listed listed;
    struct bytes crl;
    int fresh; /* an existing list still holds */
};

/* What it is numbered: above the one before, and not below the second of its making, so that after the database was restored
 * from a copy no number is given twice (RFC 5280 5.2.3). For the same reason the first list of a process is a new one. */
static enum err look_at_last(struct store_tx *tx, struct crl_work *w, struct err_info *e)
{
    const struct store_row *last, *changed;
    TRY(store_opt(tx, &Q_ca_crl_last, PARAMS(P_INT(w->issuer->id)), w->arena, &last, e));
    TRY(store_one(tx, &Q_ca_status_last_listed, PARAMS(P_INT(w->issuer->id)), w->arena, &changed,
                  e));
    int64_t second = clock_machine() / TIME_SECOND;
    w->seq = row_int(changed, "seq");
    w->number = last && row_int(last, "number") >= second ? row_int(last, "number") + 1 : second;
    if (!last)
        return ERR_OK;
    w->last_at = row_int(last, "this_update");
    int64_t age = w->now - w->last_at;
    w->fresh = *w->made_here && row_int(last, "status_seq") == w->seq && age >= 0 &&
               age < w->ca->options.crl_period;
    w->crl = row_blob(last, "crl");
    return ERR_OK;
}

/* An entry stays until it stood in one list made after the certificate's end (RFC 5280 3.3). */
static enum err read_listed(struct crl_work *w, struct err_info *e)
{
    _auto(store_tx) tx = NULL;
    TRY(store_begin(w->ca->store, STORE_READ, &tx, e));
    TRY(look_at_last(tx, w, e));
    if (w->fresh)
        return ERR_OK;
    return store_each(tx, &Q_ca_certificate_listed, PARAMS(P_INT(w->issuer->id), P_INT(w->last_at)),
                      listed_add, &w->listed, e);
}

enum { CRL_KEPT = 8, CRL_LIFE_HOURS = 24 };

static int64_t next_update(const struct crl_work *w)
{
    return w->now + (int64_t)CRL_LIFE_HOURS * TIME_HOUR;
}

static enum err record_crl(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct crl_work *w = arg;
    TRY(store_exec(tx, &Q_ca_crl_add,
                   PARAMS(P_INT(w->issuer->id), P_INT(w->number), P_INT(w->seq), P_INT(w->now),
                          P_INT(next_update(w)), P_BLOB(w->crl)),
                   NULL, e));
    TRY(store_exec(tx, &Q_ca_crl_prune, PARAMS(P_INT(w->issuer->id), P_INT(CRL_KEPT)), NULL, e));
    return ca_audit(tx, w->now, "ca", "crl",
                    arena_fmt(w->arena, "%s %lld", w->issuer->code, (long long)w->number), e);
}

static enum err make_crl(struct crl_work *w, struct err_info *e)
{
    TRY(read_listed(w, e));
    if (w->fresh)
        return ERR_OK;
    struct crl_source source = {&w->listed, listed_rewind, listed_next};
    /* nextUpdate leaves room for an outage: relying parties refuse everything once it has passed */
    struct crl_spec spec = {.issuer = w->issuer->subject,
                            .issuer_key = w->issuer->signer->pub,
                            .this_update = w->now,
                            .next_update = next_update(w),
                            .number = (uint64_t)w->number};
    TRY(crl_write(&spec, &source, w->issuer->signer, w->arena, &w->crl, e));
    boundary(BOUNDARY_CA_LIST_SIGNED);
    TRY(store_group_run(w->ca->group, record_crl, w, e));
    boundary(BOUNDARY_CA_LIST_RECORDED);
    *w->made_here = 1;
    return ERR_OK;
}

enum err ca_crl(struct ca *ca, int64_t issuer_id, struct arena *a, struct bytes *der,
                struct err_info *e)
{
    struct crl_work w = {.ca = ca, .arena = a, .now = clock_business(ca->options.clock)};
    for (size_t i = 0; i < ca->issuers; i++)
        if (ca->issuer[i].id == issuer_id) {
            w.issuer = &ca->issuer[i];
            w.made_here = &ca->crl_made[i];
        }
    if (!w.issuer || !w.issuer->signer)
        return err_set(e, ERR_NOT_FOUND, "issuer", "no issuer %lld with a key here",
                       (long long)issuer_id);
    pthread_mutex_lock(&ca->crl_lock);
    enum err result = make_crl(&w, e);
    pthread_mutex_unlock(&ca->crl_lock);
    free(w.listed.row);
    TRY(result);
    *der = w.crl;
    return ERR_OK;
}
