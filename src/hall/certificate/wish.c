/* What the ca shall make of a certificate. Each wish has a number; who carries one out always takes the newest, and one
 * that was overtaken on its way to the ca is mended by doing the newest again. */
#include "hall/authority/ca_client.h"
#include "hall/certificate/certificate_priv.h"

#include "base/text.h"

#include <string.h>

/* Names of docs/openapi.yaml to those of RFC 5280 5.3.1. */
static const char *crl_name(const char *reason)
{
    static const struct {
        const char *ours, *rfc;
    } name[] = {{"key_compromise", "keyCompromise"},
                {"affiliation_changed", "affiliationChanged"},
                {"superseded", "superseded"},
                {"cessation", "cessationOfOperation"},
                {"privilege_withdrawn", "privilegeWithdrawn"}};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (!strcmp(name[i].ours, reason))
            return name[i].rfc;
    return "unspecified";
}

static enum err wish(struct hall_tx *tx, int64_t order, const char *what, const char *reason,
                     struct err_info *e)
{
    const struct store_row *row;
    struct arena *a = tx->arena;
    TRY(store_one(tx->db, &Q_certificate_wish_get, PARAMS(P_INT(order)), a, &row, e));
    if (row_is_null(row, "serial"))
        return err_set(e, ERR_ORDER_STATE, NULL, "nothing was issued for order %lld",
                       (long long)order);
    TRY(store_exec_one(tx->db, &Q_certificate_wish_set,
                       PARAMS(P_INT(row_int(row, "id")), P_INT(row_int(row, "version")),
                              P_TEXT(what), P_TEXT(tx->who.name), P_TEXT(reason ? reason : "")),
                       e));
    int64_t no = row_int(row, "wish_no") + 1;
    struct outbox_new out = {.kind = arena_fmt(a, "ca.%s", what),
                             .order = order,
                             .idem = arena_fmt(a, "%lld-ca-%lld", (long long)order, (long long)no),
                             .body = "{}"};
    return outbox_put(tx, &out, NULL, e);
}

enum err certificate_hold(struct hall_tx *tx, int64_t order, const char *reason, struct err_info *e)
{
    return wish(tx, order, "hold", reason, e);
}

enum err certificate_release(struct hall_tx *tx, int64_t order, const char *reason,
                             struct err_info *e)
{
    return wish(tx, order, "release", reason, e);
}

enum err certificate_revoke(struct hall_tx *tx, int64_t order, const char *reason,
                            struct err_info *e)
{
    return wish(tx, order, "revoke", reason, e);
}

enum err certificate_second(struct hall_tx *tx, int64_t order, const char *name, struct err_info *e)
{
    return store_exec_one(tx->db, &Q_certificate_second, PARAMS(P_INT(order), P_TEXT(name)), e);
}

/* ---- doing it ---- */

/* Do the newest wish at the ca; *no: its number, 0 when there was nothing to do. */
static enum err carry_out(const struct hall *h, int64_t order, int64_t *no, struct err_info *e)
{
    const struct store_row *row;
    int64_t seq;
    _auto(arena) a = arena_new();
    {
        _auto_hall_tx tx;
        TRY(hall_begin(h, 0, &hall_system, a, &tx, e));
        TRY(store_one(tx.db, &Q_certificate_wish_get, PARAMS(P_INT(order)), a, &row, e));
    }
    *no = row_int(row, "wish_no");
    if (row_int(row, "wish_done") >= *no) {
        *no = 0;
        return ERR_OK;
    }
    const char *second = row_text(row, "wish_second");
    struct ca_status_change change = {.change = row_text(row, "wish"),
                                      .serial = row_text(row, "serial"),
                                      .actor = row_text(row, "wish_actor"),
                                      .second = *second ? second : NULL};
    if (!strcmp(change.change, "revoke"))
        change.reason = crl_name(row_text(row, "reason"));
    if (!h->ca) {
        err_set(e, ERR_UNAVAILABLE, NULL, "no ca is configured");
        err_arg(e, "service", "签发系统");
        return ERR_UNAVAILABLE;
    }
    return ca_client_change(h->ca, &change, &seq, e);
}

/* The ca has done number `no`. Where a newer one had been done before it, that one is to be done again. */
static enum err done(struct hall_tx *tx, int64_t order, int64_t no, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_certificate_wish_get, PARAMS(P_INT(order)), tx->arena, &row, e));
    int overtaken = row_int(row, "wish_done") > no;
    TRY(store_exec(tx->db, overtaken ? &Q_certificate_wish_redo : &Q_certificate_wish_done,
                   PARAMS(P_INT(order), P_INT(no)), NULL, e));
    if (!overtaken)
        return ERR_OK;
    struct outbox_new again = {.kind = arena_fmt(tx->arena, "ca.%s", row_text(row, "wish")),
                               .order = order,
                               .idem = arena_fmt(tx->arena, "%lld-ca-again-%lld", (long long)order,
                                                 (long long)hall_new_id(tx->hall)),
                               .body = "{}"};
    return outbox_put(tx, &again, NULL, e);
}

enum err certificate_push(const struct hall *h, int64_t order, struct err_info *e)
{
    int64_t no;
    TRY(carry_out(h, order, &no, e));
    if (!no)
        return ERR_OK;
    _auto(arena) a = arena_new();
    _auto_hall_tx tx;
    TRY(hall_begin(h, 1, &hall_system, a, &tx, e));
    TRY(done(&tx, order, no, e));
    return hall_commit(&tx, e);
}

static enum err deliver(const struct hall *h, const struct outbox_row *row, struct arena *a,
                        const char **answer, void *arg, struct err_info *e)
{
    int64_t no;
    (void)arg;
    enum err err = carry_out(h, row->order, &no, e);
    if (err == ERR_CA_LIMIT) /* the hour's number is used up: again later */
        return err_set(e, ERR_BUSY, NULL, "the ca's limit of revocations");
    TRY(err);
    *answer = arena_fmt(a, "%lld", (long long)no);
    return ERR_OK;
}

static enum err settle(struct hall_tx *tx, const struct outbox_row *row, const char *answer,
                       void *arg, struct err_info *e)
{
    int64_t no;
    (void)arg;
    if (!text_to_id(answer, &no) || no == 0)
        return ERR_OK;
    return done(tx, row->order, no, e);
}

void certificate_kinds(struct outbox_kind out[CERTIFICATE_KINDS])
{
    static const char *const kind[CERTIFICATE_KINDS] = {"ca.hold", "ca.release", "ca.revoke"};
    for (int i = 0; i < CERTIFICATE_KINDS; i++)
        out[i] = (struct outbox_kind){.kind = kind[i], .deliver = deliver, .settle = settle};
}
