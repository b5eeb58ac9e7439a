/* Many certificates held, released or revoked by one request. */
#include "ca/ca_priv.h"

#include "base/boundary.h"
#include "base/text.h"

#include <string.h>
#include <time.h>

enum { AT_ONCE = 100, SECONDS = 8 };

struct mass_work {
    struct ca *ca;
    const struct ca_mass_in *in;
    struct arena *arena;
    int64_t now;
    uint8_t sum[DIGEST_LEN];
    /* of one part */
    struct arena *part;
    size_t looked_at;
    int limited; /* the hour's number is used up */
};

static enum err refuse(struct err_info *e, const char *field, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, field, NULL);
    err_arg(e, "why", "%s: %s", field, why);
    return ERR_BAD_REQUEST;
}

static enum err check(const struct ca_mass_in *in, struct err_info *e)
{
    size_t id = strlen(in->request_id);
    if (id == 0 || id > CA_REQUEST_ID_MAX)
        return refuse(e, "request_id", "must have 1 to 128 characters");
    if (in->n == 0 || in->n > CA_MASS_MAX)
        return refuse(e, "serials", "must be 1 to 10000");
    for (size_t i = 0; i < in->n; i++)
        if (strlen(in->serial[i]) > 2 * CERT_SERIAL_MAX)
            return refuse(e, "serials", "a serial has at most 40 digits");
    return ca_change_check(&in->change, e);
}

static void add_text(struct digest *d, const char *s)
{
    digest_add(d, (struct bytes){(const uint8_t *)(s ? s : ""), s ? strlen(s) + 1 : 0});
}

/* Of everything that was asked for, so that a request id means one thing. */
static void sum_of(const struct ca_mass_in *in, struct arena *a, uint8_t out[DIGEST_LEN])
{
    _auto(digest) d = digest_new(DIGEST_SHA256);
    const struct ca_change_in *c = &in->change;
    add_text(
        d, arena_fmt(a, "%d %d %lld", (int)c->change, (int)c->reason, (long long)c->invalid_since));
    add_text(d, c->actor);
    add_text(d, c->second ? c->second : "-");
    for (size_t i = 0; i < in->n; i++)
        add_text(d, in->serial[i]);
    digest_finish(d, out);
}

static enum err take_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct mass_work *w = arg;
    const struct store_row *known;
    struct bytes sum = {w->sum, sizeof w->sum};
    TRY(store_opt(tx, &Q_ca_mass_get, PARAMS(P_TEXT(w->in->request_id)), w->arena, &known, e));
    if (known) {
        struct bytes then = row_blob(known, "sum");
        if (then.n == sum.n && memcmp(then.p, sum.p, sum.n) == 0)
            return ERR_OK;
        err_set(e, ERR_CA_REQUEST, "request_id", "used for something else");
        err_arg(e, "why", "this request id was used for something else");
        return ERR_CA_REQUEST;
    }
    TRY(store_exec(tx, &Q_ca_mass_add,
                   PARAMS(P_TEXT(w->in->request_id), P_BLOB(sum), P_INT(w->now)), NULL, e));
    for (size_t i = 0; i < w->in->n; i++)
        TRY(store_exec(
            tx, &Q_ca_mass_item_add,
            PARAMS(P_TEXT(w->in->request_id), P_INT((int64_t)i + 1), P_TEXT(w->in->serial[i])),
            NULL, e));
    static const char *const what[] = {
        [CA_HOLD] = "hold", [CA_RELEASE] = "release", [CA_REVOKE] = "revoke"};
    return ca_audit(tx, w->now, w->in->change.actor, "mass",
                    arena_fmt(w->arena, "%s %s of %zu", w->in->request_id,
                              what[w->in->change.change], w->in->n),
                    e);
}

/* ---- a part of it ---- */

/* What came of one; an error is one that ends the whole. */
static enum err change_item(struct store_tx *tx, struct mass_work *w, const char *serial,
                            const char **result, int64_t *seq, struct err_info *e)
{
    struct ca_change_in in = w->in->change;
    const struct store_row *there = NULL;
    struct ca_change_work one = {.ca = w->ca, .in = &in, .arena = w->part, .now = w->now};
    in.serial = serial;
    if (text_from_hex(w->part, serial, &one.serial) && one.serial.n > 0)
        TRY(store_opt(tx, &Q_ca_certificate_by_serial, PARAMS(P_BLOB(one.serial)), w->part, &there,
                      e));
    *seq = 0;
    *result = err_code_text(ERR_NOT_FOUND);
    if (!there)
        return ERR_OK;
    enum err done = ca_change_one(tx, &one, e);
    w->limited = done == ERR_CA_LIMIT;
    if (done == ERR_CA_STATE || done == ERR_BAD_REQUEST || done == ERR_CA_LIMIT) {
        *result = err_code_text(done);
        return ERR_OK;
    }
    *result = one.already ? "already" : "done";
    *seq = one.already ? 0 : one.seq;
    return done;
}

static enum err do_part(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct mass_work *w = arg;
    struct store_rows open;
    w->limited = 0;
    TRY(store_many(tx, &Q_ca_mass_item_open, PARAMS(P_TEXT(w->in->request_id), P_INT(AT_ONCE)),
                   w->part, &open, e));
    w->looked_at = open.n;
    for (size_t i = 0; i < open.n; i++) {
        const char *result;
        int64_t seq;
        TRY(change_item(tx, w, row_text(&open.row[i], "serial"), &result, &seq, e));
        if (w->limited)
            return ERR_OK; /* it stays open, and so do those after it */
        TRY(store_exec(tx, &Q_ca_mass_item_done,
                       PARAMS(P_TEXT(w->in->request_id), P_INT(row_int(&open.row[i], "n")),
                              P_TEXT(result), P_INT(seq)),
                       NULL, e));
    }
    return ERR_OK;
}

/* So that the parts together keep the pace. */
static void wait_for(const struct mass_work *w, int64_t begun, size_t done)
{
    int pace = w->ca->options.mass_per_second;
    int64_t due = pace > 0 ? begun + (int64_t)done * TIME_SECOND / pace : begun,
            wait = due - clock_monotonic();
    if (wait > 0)
        nanosleep(&(struct timespec){wait / TIME_SECOND, wait % TIME_SECOND * 1000000}, NULL);
}

static enum err do_parts(struct mass_work *w, struct err_info *e)
{
    int64_t begun = clock_monotonic();
    for (size_t done = 0;; done += w->looked_at) {
        _auto(arena) part = arena_new();
        w->part = part;
        w->now = clock_business(w->ca->options.clock);
        wait_for(w, begun, done);
        if (clock_monotonic() - begun > SECONDS * TIME_SECOND)
            return ERR_OK;
        TRY(store_group_run(w->ca->group, do_part, w, e));
        boundary(BOUNDARY_CA_CHANGED);
        ca_changed(w->ca);
        if (w->limited || w->looked_at < AT_ONCE)
            return ERR_OK;
    }
}

static enum err report(const struct mass_work *w, struct ca_mass *out, struct err_info *e)
{
    struct store_rows rows;
    _auto(store_tx) tx = NULL;
    TRY(store_begin(w->ca->store, STORE_READ, &tx, e));
    TRY(store_many(tx, &Q_ca_mass_items, PARAMS(P_TEXT(w->in->request_id)), w->arena, &rows, e));
    *out = (struct ca_mass){.item = arena_alloc(w->arena, rows.n * sizeof *out->item), .n = rows.n};
    for (size_t i = 0; i < rows.n; i++) {
        struct ca_mass_item *x = &out->item[i];
        *x = (struct ca_mass_item){row_text(&rows.row[i], "serial"),
                                   row_text(&rows.row[i], "result"), row_int(&rows.row[i], "seq")};
        int done = strcmp(x->result, "done") == 0 || strcmp(x->result, "already") == 0;
        out->done += (size_t)done;
        out->open += !*x->result;
        out->refused += !done && *x->result;
    }
    return ERR_OK;
}

enum err ca_change_many(struct ca *ca, const struct ca_mass_in *in, struct arena *a,
                        struct ca_mass *out, struct err_info *e)
{
    struct mass_work w = {.ca = ca, .in = in, .arena = a, .now = clock_business(ca->options.clock)};
    TRY(check(in, e));
    sum_of(in, a, w.sum);
    TRY(store_group_run(ca->group, take_in, &w, e));
    TRY(do_parts(&w, e));
    return report(&w, out, e);
}
