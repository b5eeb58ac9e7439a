/* Hold, release, revoke, and the log that the responder follows. */
#include "ca/ca_priv.h"

#include "base/boundary.h"
#include "base/text.h"

#include <string.h>

static enum err last_of(struct store_tx *tx, struct ca_last **out, struct err_info *e)
{
    struct ca_last *last = *out = ca_last(tx);
    if (last->status_known)
        return ERR_OK;
    _auto(arena) a = arena_new();
    const struct store_row *row;
    TRY(store_one(tx, &Q_ca_status_last, NO_PARAMS, a, &row, e));
    last->status = row_int(row, "seq");
    last->status_known = 1;
    return ERR_OK;
}

enum err ca_status_append(struct store_tx *tx, struct bytes serial, int64_t issuer_id,
                          const char *state, enum crl_reason reason, int64_t at, int64_t not_after,
                          int64_t *seq, struct err_info *e)
{
    struct ca_last *last;
    TRY(last_of(tx, &last, e));
    *seq = last->status + 1;
    TRY(store_exec(tx, &Q_ca_status_add,
                   PARAMS(P_INT(*seq), P_BLOB(serial), P_INT(issuer_id), P_TEXT(state),
                          P_INT(reason), P_INT(at), P_INT(not_after)),
                   NULL, e));
    last->status = *seq;
    return ERR_OK;
}

void ca_changed(struct ca *ca)
{
    pthread_mutex_lock(&ca->change_lock);
    pthread_cond_broadcast(&ca->change_seen);
    pthread_mutex_unlock(&ca->change_lock);
}

static enum err bad_state(struct err_info *e, const char *state)
{
    err_set(e, ERR_CA_STATE, "serial", "state is %s", state);
    err_arg(e, "state", "%s", state);
    return ERR_CA_STATE;
}

/* So many an hour (design §1): a captured hall does limited harm until it is noticed. Who else agreed is that hall's own
 * word, so it takes nobody out of the count. To hold is free: it can be undone, and must never wait. */
static enum err count_use(struct store_tx *tx, struct ca_change_work *w, struct err_info *e)
{
    const struct ca_options *o = &w->ca->options;
    int revoking = w->in->change == CA_REVOKE;
    const char *what = revoking ? "revoke" : "release";
    int64_t machine = clock_machine();
    const struct store_row *used;
    if (w->in->change == CA_HOLD)
        return ERR_OK;
    TRY(store_one(tx, &Q_ca_use_count, PARAMS(P_TEXT(what), P_INT(machine - TIME_HOUR)), w->arena,
                  &used, e));
    if (row_int(used, "n") >= (revoking ? o->revoke_per_hour : o->release_per_hour)) {
        int64_t wait = row_int(used, "first") + TIME_HOUR - machine;
        err_set(e, ERR_CA_LIMIT, NULL, "%lld times %s in the last hour",
                (long long)row_int(used, "n"), what);
        err_arg(e, "minutes", "%lld", (long long)(wait / TIME_MINUTE + 1));
        return ERR_CA_LIMIT;
    }
    return store_exec(tx, &Q_ca_use_add, PARAMS(P_TEXT(what), P_INT(machine)), NULL, e);
}

static enum err not_final(struct err_info *e)
{
    err_set(e, ERR_BAD_REQUEST, "reason", NULL);
    err_arg(e, "why",
            "reason: must be a CRLReason of RFC 5280 5.3.1 that is final, "
            "so neither certificateHold nor removeFromCRL");
    return ERR_BAD_REQUEST;
}

static enum err bad_since(struct err_info *e, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, "invalid_since", NULL);
    err_arg(e, "why", "invalid_since: %s", why);
    return ERR_BAD_REQUEST;
}

/* RFC 5280 5.3.2: it may be long before the revocation, and cannot be later; before it began the certificate was not valid anyway. */
static enum err check_since(const struct ca_change_work *w, const struct store_row *row,
                            struct err_info *e)
{
    int64_t since = w->in->invalid_since;
    if (since == 0 || (since >= row_int(row, "not_before") && since <= w->now))
        return ERR_OK;
    return bad_since(e, "must lie between the certificate's beginning and now");
}

static const struct {
    const char *from[2], *to;
    const char *act;
} changes[] = {
    [CA_HOLD] = {{"active", NULL}, "hold", "hold"},
    [CA_RELEASE] = {{"hold", NULL}, "active", "release"},
    [CA_REVOKE] = {{"active", "hold"}, "revoked", "revoke"},
};

/* What the log says; a release stands there as removeFromCRL, so that a list made before it is seen to be old. */
static enum crl_reason reason_of(const struct ca_change_in *in)
{
    if (in->change == CA_HOLD)
        return CRL_CERTIFICATE_HOLD;
    return in->change == CA_RELEASE ? CRL_REMOVE_FROM_CRL : in->reason;
}

static int by_holder(const struct ca_change_in *in)
{
    return in->change == CA_RELEASE && in->activation.n > 0;
}

static const char *who_agreed(const struct ca_change_in *in)
{
    if (by_holder(in))
        return "holder";
    return in->second ? in->second : "-";
}

/* One certificate: its row, the log, the chain. */
static enum err change_row(struct store_tx *tx, struct ca_change_work *w,
                           const struct store_row *row, struct err_info *e)
{
    const char *to = changes[w->in->change].to;
    enum crl_reason reason = reason_of(w->in);
    struct bytes serial = row_blob(row, "serial");
    TRY(store_exec_one(tx, &Q_ca_certificate_change,
                       PARAMS(P_INT(row_int(row, "id")), P_TEXT(row_text(row, "state")), P_TEXT(to),
                              P_INT(reason), P_INT(w->now), P_INT(w->in->invalid_since)),
                       e));
    TRY(ca_status_append(tx, serial, row_int(row, "issuer_id"), to, reason, w->now,
                         row_int(row, "not_after"), &w->seq, e));
    return ca_audit(
        tx, w->now, w->in->actor, changes[w->in->change].act,
        arena_fmt(w->arena, "%s %s %s%s%s", text_hex(w->arena, serial), crl_reason_text(reason),
                  who_agreed(w->in), w->in->invalid_since ? " since " : "",
                  w->in->invalid_since ? time_rfc3339(w->arena, w->in->invalid_since) : ""),
        e);
}

/* The two of a pair live and end together (GM/T 0015-2012), whichever of them is named. */
static enum err change_partner(struct store_tx *tx, struct ca_change_work *w, int64_t id,
                               const char *state, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx, &Q_ca_certificate_by_id, PARAMS(P_INT(id)), w->arena, &row, e));
    return strcmp(row_text(row, "state"), state) == 0 ? change_row(tx, w, row, e) : ERR_OK;
}

enum err ca_change_one(struct store_tx *tx, struct ca_change_work *w, struct err_info *e)
{
    const struct store_row *row;
    ca_forget_maker(tx);
    TRY(store_one(tx, &Q_ca_certificate_by_serial, PARAMS(P_BLOB(w->serial)), w->arena, &row, e));
    const char *state = row_text(row, "state"), *to = changes[w->in->change].to;
    w->already = strcmp(state, to) == 0;
    if (w->already) { /* asked again: nothing more to do */
        struct ca_last *last;
        TRY(last_of(tx, &last, e));
        w->seq = last->status;
        return ERR_OK;
    }
    const char *const *from = changes[w->in->change].from;
    if (strcmp(state, from[0]) != 0 && (!from[1] || strcmp(state, from[1]) != 0))
        return bad_state(e, state);
    TRY(check_since(w, row, e));
    if (by_holder(w->in)) /* not the hall alone */
        TRY(ca_activation_check(row, w->in->revision, w->in->activation, w->arena, e));
    else
        TRY(count_use(tx, w, e));
    TRY(change_row(tx, w, row, e));
    int64_t pair = row_int(row, "pair");
    return pair ? change_partner(tx, w, pair, state, e) : ERR_OK;
}

static enum err change_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    return ca_change_one(tx, arg, e);
}

enum err ca_change_check(const struct ca_change_in *in, struct err_info *e)
{
    if (in->change == CA_REVOKE && !crl_reason_is_final(in->reason))
        return not_final(e);
    return in->change != CA_REVOKE && in->invalid_since ? bad_since(e, "only with a revocation")
                                                        : ERR_OK;
}

enum err ca_change(struct ca *ca, const struct ca_change_in *in, int64_t *seq, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct ca_change_work w = {
        .ca = ca, .in = in, .arena = a, .now = clock_business(ca->options.clock)};
    TRY(ca_change_check(in, e));
    if (!text_from_hex(a, in->serial, &w.serial) || w.serial.n == 0 || w.serial.n > CERT_SERIAL_MAX)
        return err_set(e, ERR_NOT_FOUND, "serial", "not a serial");
    TRY(store_group_run(ca->group, change_in, &w, e));
    boundary(BOUNDARY_CA_CHANGED);
    *seq = w.seq;
    ca_changed(ca);
    return ERR_OK;
}
