/* What the ca shall make of a certificate. Each wish has a number; who carries one out always takes the newest, and one
 * that was overtaken on its way to the ca is mended by doing the newest again. */
#include "hall/authority/ca_client.h"
#include "hall/certificate/certificate_priv.h"

#include "base/boundary.h"
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

enum err certificate_wish(struct hall_tx *tx, const struct certificate *c, const char *what,
                          const char *reason, struct err_info *e)
{
    const struct store_row *row;
    struct arena *a = tx->arena;
    TRY(store_one(tx->db, &Q_certificate_wish_get, PARAMS(P_INT(c->id)), a, &row, e));
    TRY(store_exec_one(tx->db, &Q_certificate_wish_set,
                       PARAMS(P_INT(c->id), P_INT(row_int(row, "version")), P_TEXT(what),
                              P_TEXT(tx->who.name), P_TEXT(reason ? reason : "")),
                       e));
    int64_t no = row_int(row, "wish_no") + 1;
    struct outbox_new out = {.kind = arena_fmt(a, "ca.%s", what),
                             .order = c->order,
                             .idem = arena_fmt(a, "%lld-ca-%lld", (long long)c->id, (long long)no),
                             .body = "{}"};
    return outbox_put(tx, &out, NULL, e);
}

static enum err wish(struct hall_tx *tx, int64_t order, const char *what, const char *reason,
                     struct err_info *e)
{
    struct certificate c;
    int found;
    TRY(certificate_of_order(tx, order, &c, &found, e));
    if (!found || !*c.serial)
        return err_set(e, ERR_ORDER_STATE, NULL, "nothing was issued for order %lld",
                       (long long)order);
    return certificate_wish(tx, &c, what, reason, e);
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
    struct certificate c;
    int found;
    TRY(certificate_of_order(tx, order, &c, &found, e));
    if (!found)
        return err_set(e, ERR_NOT_FOUND, NULL, "order %lld has no certificate", (long long)order);
    return store_exec_one(tx->db, &Q_certificate_second, PARAMS(P_INT(c.id), P_TEXT(name)), e);
}

/* ---- doing it ---- */

/* Do the newest wish of one certificate at the ca; *no: its number, 0 when there was nothing to do. */
static enum err carry_out(const struct hall *h, int64_t id, int64_t *no, struct err_info *e)
{
    const struct store_row *row;
    int64_t seq;
    _auto(arena) a = arena_new();
    {
        _auto_hall_tx tx;
        TRY(hall_begin(h, 0, &hall_system, a, &tx, e));
        TRY(store_one(tx.db, &Q_certificate_wish_get, PARAMS(P_INT(id)), a, &row, e));
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
    TRY(ca_client_change(h->ca, &change, &seq, e));
    boundary(BOUNDARY_HALL_CHANGE_TOLD);
    return ERR_OK;
}

/* The ca has done number `no`. Where a newer one had been done before it, that one is to be done again. */
static enum err done(struct hall_tx *tx, int64_t id, int64_t no, struct err_info *e)
{
    const struct store_row *row;
    TRY(store_one(tx->db, &Q_certificate_wish_get, PARAMS(P_INT(id)), tx->arena, &row, e));
    int overtaken = row_int(row, "wish_done") > no;
    TRY(store_exec(tx->db, overtaken ? &Q_certificate_wish_redo : &Q_certificate_wish_done,
                   PARAMS(P_INT(id), P_INT(no)), NULL, e));
    if (!overtaken)
        return ERR_OK;
    struct outbox_new again = {.kind = arena_fmt(tx->arena, "ca.%s", row_text(row, "wish")),
                               .order = row_int(row, "order_id"),
                               .idem = arena_fmt(tx->arena, "%lld-ca-again-%lld", (long long)id,
                                                 (long long)hall_new_id(tx->hall)),
                               .body = "{}"};
    return outbox_put(tx, &again, NULL, e);
}

static enum err push_one(const struct hall *h, int64_t id, struct err_info *e)
{
    int64_t no;
    TRY(carry_out(h, id, &no, e));
    if (!no)
        return ERR_OK;
    _auto(arena) a = arena_new();
    _auto_hall_tx tx;
    TRY(hall_begin(h, 1, &hall_system, a, &tx, e));
    TRY(done(&tx, id, no, e));
    return hall_commit(&tx, e);
}

/* The order's certificates, the oldest first, that the ca has not yet done everything with. */
static enum err open_wishes(const struct hall *h, int64_t order, struct arena *a,
                            struct store_rows *out, struct err_info *e)
{
    _auto_hall_tx tx;
    TRY(hall_begin(h, 0, &hall_system, a, &tx, e));
    return store_many(tx.db, &Q_certificate_wish_open, PARAMS(P_INT(order)), a, out, e);
}

enum err certificate_push(const struct hall *h, int64_t order, struct err_info *e)
{
    struct store_rows rows;
    _auto(arena) a = arena_new();
    TRY(open_wishes(h, order, a, &rows, e));
    for (size_t i = 0; i < rows.n; i++)
        TRY(push_one(h, row_int(&rows.row[i], "id"), e));
    return ERR_OK;
}

/* "<certificate> <number>" of each; settled in one transaction. */
static enum err deliver(const struct hall *h, const struct outbox_row *row, struct arena *a,
                        const char **answer, void *arg, struct err_info *e)
{
    struct store_rows rows;
    (void)arg;
    *answer = "";
    TRY(open_wishes(h, row->order, a, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        int64_t no, id = row_int(&rows.row[i], "id");
        enum err err = carry_out(h, id, &no, e);
        if (err == ERR_CA_LIMIT) /* the hour's number is used up: again later */
            return err_set(e, ERR_BUSY, NULL, "the ca's limit of revocations");
        TRY(err);
        if (no)
            *answer = arena_fmt(a, "%s%s%lld %lld", *answer, **answer ? " " : "", (long long)id,
                                (long long)no);
    }
    return ERR_OK;
}

static enum err settle(struct hall_tx *tx, const struct outbox_row *row, const char *answer,
                       void *arg, struct err_info *e)
{
    (void)row;
    (void)arg;
    for (const char *s = answer; *s;) {
        int64_t id, no;
        size_t first = strcspn(s, " ");
        if (!s[first])
            return ERR_OK;
        size_t second = strcspn(s + first + 1, " ");
        if (text_to_id(arena_text_n(tx->arena, s, first), &id) &&
            text_to_id(arena_text_n(tx->arena, s + first + 1, second), &no))
            TRY(done(tx, id, no, e));
        s += first + 1 + second;
        s += *s == ' ';
    }
    return ERR_OK;
}

void certificate_kinds(struct outbox_kind out[CERTIFICATE_KINDS])
{
    enum { WISHES = CERTIFICATE_KINDS - 1 };
    static const char *const kind[WISHES] = {"ca.hold", "ca.release", "ca.revoke"};
    for (int i = 0; i < WISHES; i++)
        out[i] = (struct outbox_kind){.kind = kind[i], .deliver = deliver, .settle = settle};
    out[WISHES] = (struct outbox_kind){.kind = "ca.lost", .deliver = certificate_deliver_lost};
}
