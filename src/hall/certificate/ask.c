/* Asking the ca for a certificate: what is asked is kept first, so that asking again asks the same. */
#include "hall/audit/audit.h"
#include "hall/authority/ca_client.h"
#include "hall/certificate/certificate_priv.h"
#include "hall/event/event.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/digest.h"

#include "base/boundary.h"
#include "base/text.h"

#include <string.h>

static enum err key_hash(struct bytes csr, struct arena *a, struct bytes *out, struct err_info *e)
{
    struct csr parsed;
    uint8_t *sum = arena_alloc(a, DIGEST_LEN);
    TRY(csr_parse(csr, &parsed, e));
    digest_sha256(parsed.spki, sum);
    *out = (struct bytes){sum, DIGEST_LEN};
    return ERR_OK;
}

static int same(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* "<order>-sign", and "<order>-sign-2" for the second key. */
static const char *request_id(struct arena *a, int64_t order, int64_t attempt)
{
    return attempt == 1 ? arena_fmt(a, "%lld-sign", (long long)order)
                        : arena_fmt(a, "%lld-sign-%lld", (long long)order, (long long)attempt);
}

static enum err add(struct hall_tx *tx, const struct certificate_ask *q, struct bytes key,
                    int64_t until, int64_t attempt, struct err_info *e)
{
    const struct bytes none = {(const uint8_t *)"", 0};
    return store_exec(tx->db, &Q_certificate_add,
                      PARAMS(P_INT(hall_new_id(tx->hall)), P_INT(q->order), P_INT(q->account),
                             P_TEXT(q->project), P_TEXT(q->institution), P_TEXT(q->ukey),
                             P_TEXT(request_id(tx->arena, q->order, attempt)), P_TEXT(q->revision),
                             P_TEXT(q->profile), P_BLOB(q->csr), P_BLOB(key), P_INT(tx->now),
                             P_INT(until), P_TEXT(q->batch), P_INT(q->row), P_TEXT(q->maker),
                             P_BLOB(q->maker_signature), P_BLOB(none), P_INT(attempt)),
                      NULL, e);
}

enum err certificate_prepare(struct hall_tx *tx, const struct certificate_ask *q,
                             struct err_info *e)
{
    const struct store_row *row;
    struct bytes key;
    int64_t until = tx->now + (int64_t)q->valid_days * TIME_DAY;
    TRY(key_hash(q->csr, tx->arena, &key, e));
    TRY(store_opt(tx->db, &Q_certificate_asked, PARAMS(P_INT(q->order)), tx->arena, &row, e));
    if (!row)
        return add(tx, q, key, until, 1, e);
    if (!strcmp(row_text(row, "state"), certificate_state_name(FLOW_CERTIFICATE_REVOKED)))
        return add(tx, q, key, until, row_int(row, "attempt") + 1, e);
    int same_key = same(row_blob(row, "key_hash"), key);
    if (!row_is_null(row, "serial"))
        return same_key
                   ? ERR_OK
                   : err_set(e, ERR_CONFLICT, "csr", "order %lld has a certificate for another key",
                             (long long)q->order);
    if (!same_key && row_int(row, "requested_at") != 0) /* the ca may know that id and that key */
        return add(tx, q, key, until, row_int(row, "attempt") + 1, e);
    return store_exec_one(tx->db, &Q_certificate_ask_again,
                          PARAMS(P_INT(row_int(row, "id")), P_INT(row_int(row, "version")),
                                 P_TEXT(q->ukey), P_TEXT(q->revision), P_TEXT(q->profile),
                                 P_BLOB(q->csr), P_BLOB(key), P_INT(tx->now), P_INT(until),
                                 P_TEXT(q->batch), P_INT(q->row), P_TEXT(q->maker),
                                 P_BLOB(q->maker_signature), P_TEXT(q->institution)),
                          e);
}

enum err certificate_request(struct hall_tx *tx, int64_t order, const char *serial,
                             struct err_info *e)
{
    struct certificate c;
    int found;
    TRY(certificate_of_order(tx, order, &c, &found, e));
    if (!found || strcmp(c.ukey, serial) != 0)
        return err_set(e, ERR_INTERNAL, NULL, "nothing was prepared for order %lld",
                       (long long)order);
    TRY(store_exec(tx->db, &Q_certificate_requested, PARAMS(P_INT(c.id), P_INT(tx->now)), NULL, e));
    if (c.state == FLOW_CERTIFICATE_REQUESTED)
        return ERR_OK;
    return certificate_record(tx, order, FLOW_CERTIFICATE_REQUESTED, "K1", e);
}

/* ---- the ca's answer ---- */

struct asked {
    int64_t id, version;
    struct ca_issue issue;
    struct bytes key_hash;
    int done;
};

static enum err read_asked(const struct hall *h, int64_t order, const struct actor *who,
                           struct arena *a, struct asked *out, struct certificate *made,
                           struct err_info *e)
{
    const struct store_row *row;
    _auto_hall_tx tx;
    TRY(hall_begin(h, 0, who, a, &tx, e));
    TRY(store_one(tx.db, &Q_certificate_asked, PARAMS(P_INT(order)), a, &row, e));
    *out = (struct asked){.id = row_int(row, "id"),
                          .version = row_int(row, "version"),
                          .key_hash = row_blob(row, "key_hash"),
                          .done = !row_is_null(row, "serial")};
    out->issue = (struct ca_issue){.request_id = row_text(row, "request_id"),
                                   .order = arena_fmt(a, "%lld", (long long)order),
                                   .revision = row_text(row, "revision"),
                                   .profile = row_text(row, "profile"),
                                   .ukey = row_text(row, "ukey"),
                                   .csr = row_blob(row, "csr"),
                                   .not_before = row_int(row, "ask_from"),
                                   .not_after = row_int(row, "ask_until"),
                                   .batch = row_text(row, "batch"),
                                   .row = row_int(row, "batch_row"),
                                   .maker = row_text(row, "maker"),
                                   .maker_signature = row_blob(row, "maker_signature")};
    int found;
    return certificate_of_order(&tx, order, made, &found, e);
}

/* The ca is believed about what it signs, but not that it signed for our key. */
static enum err check_made(const struct asked *q, const struct ca_issued *got, struct arena *a,
                           struct cert_view *view, struct err_info *e)
{
    uint8_t sum[DIGEST_LEN];
    TRY(cert_view(got->certificate, a, view, e));
    digest_sha256(view->spki, sum);
    if (!same((struct bytes){sum, sizeof sum}, q->key_hash) || strcmp(view->serial, got->serial))
        return err_set(e, ERR_CRYPTO, "certificate", "the ca's certificate is for another key");
    return ERR_OK;
}

static enum err keep(struct hall_tx *tx, int64_t order, const struct asked *q,
                     const struct ca_issued *got, const struct cert_view *view, int64_t *kept,
                     struct err_info *e)
{
    uint8_t sum[DIGEST_LEN];
    digest_sha256(got->certificate, sum);
    TRY(store_exec(tx->db, &Q_certificate_made,
                   PARAMS(P_INT(q->id), P_INT(q->version), P_TEXT(got->serial),
                          P_BLOB(got->certificate), P_BLOB(((struct bytes){sum, sizeof sum})),
                          P_TEXT(view->subject_text), P_TEXT(view->issuer_text),
                          P_TEXT(pki_alg_text(view->alg)), P_INT(view->not_before),
                          P_INT(view->not_after), P_INT(tx->now)),
                   kept, e));
    if (!*kept)
        return ERR_OK; /* another thread kept the same answer, or what is asked has changed: look again */
    return audit_write(
        tx,
        &(struct audit_entry){.act = "certificate.issue",
                              .order = order,
                              .object = arena_fmt(tx->arena, "certificate:%s", got->serial),
                              .new_value = view->subject_text},
        e);
}

/* ---- requests that were never answered here ---- */

/* Made for a key that is gone or an order that has stopped, its answer lost: from now on it is known here, and to be revoked. */
static enum err keep_revoked(struct hall_tx *tx, int64_t order, const struct asked *q,
                             const struct ca_issued *got, const struct cert_view *view,
                             struct err_info *e)
{
    struct certificate c;
    int64_t kept;
    TRY(keep(tx, order, q, got, view, &kept, e));
    if (!kept)
        return ERR_OK; /* another thread was here */
    TRY(certificate_get(tx, got->serial, &c, e));
    int stopped = c.state == FLOW_CERTIFICATE_REVOKED;
    TRY(certificate_wish(tx, &c, "revoke", stopped ? "privilege_withdrawn" : "superseded", e));
    if (stopped)
        return ERR_OK;
    TRY(certificate_get(tx, got->serial, &c, e));
    return certificate_record_one(tx, &c, FLOW_CERTIFICATE_REVOKED, "K11", e);
}

static enum err settle_one(const struct hall *h, int64_t order, const struct store_row *row,
                           const struct actor *who, struct arena *a, int *made, struct err_info *e)
{
    struct ca_issued got;
    struct cert_view view;
    struct asked q = {.id = row_int(row, "id"),
                      .version = row_int(row, "version"),
                      .key_hash = row_blob(row, "key_hash")};
    enum err err = ca_client_made(h->ca, row_text(row, "request_id"), a, &got, e);
    *made = err != ERR_NOT_FOUND;
    if (!*made)
        return ERR_OK;
    TRY(err);
    TRY(check_made(&q, &got, a, &view, e));
    _auto_hall_tx tx;
    TRY(hall_begin(h, 1, who, a, &tx, e));
    TRY(keep_revoked(&tx, order, &q, &got, &view, e));
    return hall_commit(&tx, e);
}

/* What was asked and never answered here: the ca may have made it. `but`: id of what is asked now; *unmade: of how many the
 * ca knows nothing. */
static enum err settle_lost(const struct hall *h, int64_t order, int64_t but,
                            const struct actor *who, struct arena *a, int *unmade,
                            struct err_info *e)
{
    struct store_rows rows;
    *unmade = 0;
    {
        _auto_hall_tx tx;
        TRY(hall_begin(h, 0, who, a, &tx, e));
        TRY(store_many(tx.db, &Q_certificate_unanswered, PARAMS(P_INT(order), P_INT(but)), a, &rows,
                       e));
    }
    for (size_t i = 0; i < rows.n; i++) {
        int made;
        TRY(settle_one(h, order, &rows.row[i], who, a, &made, e));
        *unmade += !made;
    }
    return ERR_OK;
}

/* The ca makes another only when the one before is revoked there. */
static enum err revoke_earlier(const struct hall *h, int64_t order, struct err_info *e)
{
    enum err err = certificate_push(h, order, e);
    if (err ==
        ERR_CA_LIMIT) /* not its answer to the request: to be asked again when the hour is over */
        return err_set(e, ERR_BUSY, NULL, "the ca's limit of revocations");
    return err;
}

static enum err has_ca(const struct hall *h, struct err_info *e)
{
    if (h->ca)
        return ERR_OK;
    err_set(e, ERR_UNAVAILABLE, NULL, "no ca is configured");
    err_arg(e, "service", "签发系统");
    return ERR_UNAVAILABLE;
}

enum err certificate_fetch(const struct hall *h, int64_t order, const struct actor *who,
                           struct arena *a, struct certificate *out, struct err_info *e)
{
    struct asked q;
    struct ca_issued got;
    struct cert_view view;
    int found, unmade;
    int64_t kept;
    TRY(read_asked(h, order, who, a, &q, out, e));
    if (q.done)
        return ERR_OK;
    if (out->state == FLOW_CERTIFICATE_REVOKED)
        return err_set(e, ERR_ORDER_STATE, NULL, "order %lld has stopped", (long long)order);
    TRY(has_ca(h, e));
    /* should one of them still be on its way, the ca takes one of the two at most */
    TRY(settle_lost(h, order, q.id, who, a, &unmade, e));
    TRY(revoke_earlier(h, order, e));
    TRY(ca_client_issue(h->ca, &q.issue, a, &got, e));
    boundary(BOUNDARY_HALL_CERT_MADE);
    TRY(check_made(&q, &got, a, &view, e));
    _auto_hall_tx tx;
    TRY(hall_begin(h, 1, who, a, &tx, e));
    TRY(keep(&tx, order, &q, &got, &view, &kept, e));
    TRY(certificate_of_order(&tx, order, out, &found, e));
    if (!out->der.n)
        return err_set(e, ERR_CONFLICT, NULL, "what is asked for order %lld has changed",
                       (long long)order);
    TRY(hall_commit(&tx, e));
    boundary(BOUNDARY_HALL_CERT_KEPT);
    return ERR_OK;
}

/* ---- an order that stops ---- */

/* Marked at once, so that an answer that is on its way is not kept as a valid one. */
enum err certificate_stop(struct hall_tx *tx, int64_t order, const char *row, struct err_info *e)
{
    struct store_rows open;
    TRY(store_many(tx->db, &Q_certificate_unanswered, PARAMS(P_INT(order), P_INT(0)), tx->arena,
                   &open, e));
    for (size_t i = 0; i < open.n; i++) {
        const struct store_row *r = &open.row[i];
        struct certificate c = {
            .id = row_int(r, "id"),
            .version = row_int(r, "version"),
            .order = order,
            .ukey = row_text(r, "ukey"),
            .state = flow_state_from_name(FLOW_CERTIFICATE, row_text(r, "state")),
            .serial = "",
            .reason = ""};
        TRY(certificate_record_one(tx, &c, FLOW_CERTIFICATE_REVOKED, row, e));
    }
    if (!open.n)
        return ERR_OK;
    struct outbox_new out = {.kind = "ca.lost",
                             .order = order,
                             .idem = arena_fmt(tx->arena, "%lld-ca-lost", (long long)order),
                             .body = "{}"};
    return outbox_put(tx, &out, NULL, e);
}

/* A request that the bench had sent when the order stopped may come to the ca after this asked: it is asked for a while. */
enum err certificate_deliver_lost(const struct hall *h, const struct outbox_row *row,
                                  struct arena *a, const char **answer, void *arg,
                                  struct err_info *e)
{
    enum { ON_ITS_WAY_MS = 10 * TIME_MINUTE };
    int unmade;
    (void)arg;
    *answer = "";
    TRY(has_ca(h, e));
    TRY(settle_lost(h, row->order, 0, &hall_system, a, &unmade, e));
    if (unmade && clock_machine() - row->made_at < ON_ITS_WAY_MS)
        return err_set(e, ERR_BUSY, NULL, "the ca may still be asked for order %lld",
                       (long long)row->order);
    return ERR_OK;
}
