/* What an issuer's lists show, by serial: read once from the database and then kept up with the status log, so that a list of a
 * million is made without a million rows being asked for. One thread at a time. */
#include "ca/ca_priv.h"

#include <stdlib.h>
#include <string.h>

static int order(const struct listed_row *a, const struct listed_row *b)
{
    if (a->serial_n != b->serial_n)
        return a->serial_n < b->serial_n ? -1 : 1;
    return memcmp(a->serial, b->serial, a->serial_n);
}

/* A row that no rule of today would write must not keep every list from being made. */
static enum crl_reason reason_of(const struct store_row *row)
{
    enum crl_reason reason = (enum crl_reason)row_int(row, "reason");
    const char *state = row_text(row, "state");
    if (strcmp(state, "hold") == 0)
        return CRL_CERTIFICATE_HOLD;
    if (strcmp(state, "revoked") != 0)
        return CRL_REMOVE_FROM_CRL;
    return crl_reason_is_final(reason) ? reason : CRL_UNSPECIFIED;
}

static enum err row_of(const struct store_row *row, struct listed_row *out, struct err_info *e)
{
    struct bytes serial = row_blob(row, "serial");
    if (serial.n == 0 || serial.n > CERT_SERIAL_MAX)
        return err_set(e, ERR_CERT_SPEC, "serial", "a serial of %zu octets", serial.n);
    *out = (struct listed_row){.revoked_at = row_int(row, "changed_at"),
                               .invalid_since = row_int(row, "invalid_since"),
                               .not_after = row_int(row, "not_after"),
                               .shard = (uint16_t)row_int(row, "shard"),
                               .serial_n = (uint8_t)serial.n,
                               .reason = (uint8_t)reason_of(row)};
    memcpy(out->serial, serial.p, serial.n);
    return ERR_OK;
}

static void append(struct listed *l, const struct listed_row *row)
{
    if (l->n == l->room) {
        l->room = l->room ? l->room + l->room / 2 : 1024;
        l->row = mem_grow(l->row, l->room * sizeof *l->row);
    }
    l->row[l->n++] = *row;
}

static enum err add(const struct store_row *row, void *arg, struct err_info *e)
{
    struct listed_row x;
    TRY(row_of(row, &x, e));
    append(arg, &x);
    return ERR_OK;
}

void listed_clear(struct listed *l)
{
    free(l->row);
    *l = (struct listed){0};
}

/* What the log says since: every row is the certificate as it is now. */
struct news {
    struct listed rows;
    int64_t *shard_seq; /* of the whole */
    int64_t seq;
};

static void shard_changed(int64_t *shard_seq, unsigned shard, int64_t seq)
{
    if (shard <= CA_SHARDS_MAX && shard_seq[shard] < seq)
        shard_seq[shard] = seq;
    if (shard_seq[0] < seq)
        shard_seq[0] = seq;
}

static enum err add_news(const struct store_row *row, void *arg, struct err_info *e)
{
    struct news *n = arg;
    struct listed_row x;
    TRY(row_of(row, &x, e));
    append(&n->rows, &x);
    if (n->shard_seq)
        shard_changed(n->shard_seq, x.shard, row_int(row, "seq"));
    if (n->seq < row_int(row, "seq"))
        n->seq = row_int(row, "seq");
    return ERR_OK;
}

static struct listed_row *find(const struct listed *l, const struct listed_row *x)
{
    size_t from = 0, to = l->n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int c = order(&l->row[middle], x);
        if (c == 0)
            return &l->row[middle];
        if (c < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

/* Rows that are there already take the place of the old ones; the others, in order, go to the front of `news`. */
static void replace_known(struct listed *l, struct listed *news)
{
    size_t fresh = 0;
    for (size_t i = 0; i < news->n; i++) {
        struct listed_row *known = find(l, &news->row[i]);
        if (known)
            *known = news->row[i];
        else if (news->row[i].reason != CRL_REMOVE_FROM_CRL)
            news->row[fresh++] = news->row[i];
    }
    news->n = fresh;
}

/* Both are in order: from the back, in place. */
static void merge(struct listed *l, const struct listed *news)
{
    size_t i = l->n, k = news->n, at = l->n + news->n;
    if (k == 0)
        return;
    if (at > l->room) {
        l->room = at + at / 8;
        l->row = mem_grow(l->row, l->room * sizeof *l->row);
    }
    l->n = at;
    while (k > 0)
        if (i > 0 && order(&l->row[i - 1], &news->row[k - 1]) > 0)
            l->row[--at] = l->row[--i];
        else
            l->row[--at] = news->row[--k];
}

/* What was released is listed no more. */
static void drop_released(struct listed *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->row[i].reason != CRL_REMOVE_FROM_CRL)
            l->row[kept++] = l->row[i];
    l->n = kept;
}

static enum err load(struct listed *l, struct store_tx *tx, int64_t issuer, struct err_info *e)
{
    _auto(arena) a = arena_new();
    const struct store_row *oldest, *last;
    TRY(store_one(tx, &Q_ca_crl_oldest, PARAMS(P_INT(issuer)), a, &oldest, e));
    TRY(store_one(tx, &Q_ca_status_last, NO_PARAMS, a, &last, e));
    l->n = 0;
    TRY(store_each(tx, &Q_ca_certificate_listed,
                   PARAMS(P_INT(issuer), P_INT(row_int(oldest, "at"))), add, l, e));
    l->seq = row_int(last, "seq");
    for (size_t i = 0; i <= CA_SHARDS_MAX; i++)
        l->shard_seq[i] = l->seq;
    l->loaded = 1;
    return ERR_OK;
}

enum err listed_refresh(struct listed *l, struct store_tx *tx, int64_t issuer, struct err_info *e)
{
    if (!l->loaded)
        return load(l, tx, issuer, e);
    struct news news = {.shard_seq = l->shard_seq, .seq = l->seq};
    enum err read = store_each(tx, &Q_ca_certificate_listed_since,
                               PARAMS(P_INT(issuer), P_INT(l->seq)), add_news, &news, e);
    if (read == ERR_OK && news.rows.n > 0) {
        replace_known(l, &news.rows);
        merge(l, &news.rows);
        drop_released(l);
        l->seq = news.seq;
    }
    listed_clear(&news.rows);
    return read;
}

enum err listed_since(struct listed *out, struct store_tx *tx, int64_t issuer, int64_t seq,
                      struct err_info *e)
{
    struct news news = {0};
    enum err read = store_each(tx, &Q_ca_certificate_listed_since,
                               PARAMS(P_INT(issuer), P_INT(seq)), add_news, &news, e);
    if (read == ERR_OK)
        *out = news.rows;
    else
        listed_clear(&news.rows);
    return read;
}

int listed_find(const struct listed *l, struct bytes serial, enum crl_reason *reason)
{
    struct listed_row x = {.serial_n = (uint8_t)serial.n};
    if (serial.n == 0 || serial.n > CERT_SERIAL_MAX)
        return 0;
    memcpy(x.serial, serial.p, serial.n);
    const struct listed_row *found = find(l, &x);
    if (found)
        *reason = (enum crl_reason)found->reason;
    return found != NULL;
}

/* ---- as a source of a list ---- */

static void reading_rewind(void *self)
{
    ((struct listed_reading *)self)->at = 0;
}

/* An entry stays until it stood in one list made after the certificate's end (RFC 5280 3.3). */
static int reading_next(void *self, struct crl_entry *out)
{
    struct listed_reading *r = self;
    while (r->at < r->listed->n) {
        const struct listed_row *x = &r->listed->row[r->at++];
        if ((r->shard && x->shard != r->shard) ||
            (x->not_after < r->last_at && x->revoked_at < r->last_at))
            continue;
        *out = (struct crl_entry){.serial = {x->serial, x->serial_n},
                                  .revoked_at = x->revoked_at,
                                  .reason = (enum crl_reason)x->reason,
                                  .invalid_since = x->invalid_since};
        return 1;
    }
    return 0;
}

struct crl_source listed_source(struct listed_reading *r)
{
    return (struct crl_source){r, reading_rewind, reading_next};
}
