/* Judicial recovery: two custodians, each with his own UKey, have a pair sealed for a court (GM/T 0034 12.5). And who the custodians
 * are: once there are two, it takes two of them to change that. */
#include "kmc/kmc_priv.h"

#include "base/boundary.h"
#include "base/text.h"
#include "pki/cert.h"

#include <inttypes.h>
#include <string.h>

static enum err refuse(struct err_info *e, const char *why)
{
    err_set(e, ERR_KMC_CUSTODIAN, "signatures", "%s", why);
    err_arg(e, "why", "%s", why);
    return ERR_KMC_CUSTODIAN;
}

static enum err bad(const char *field, const char *why, struct err_info *e)
{
    err_set(e, ERR_BAD_REQUEST, field, "%s", why);
    err_arg(e, "why", "%s: %s", field, why);
    return ERR_BAD_REQUEST;
}

static int same(struct bytes x, struct bytes y)
{
    return x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
}

static char *sum_of(struct arena *a, struct bytes b)
{
    uint8_t sum[DIGEST_LEN];
    digest_sha256(b, sum);
    return text_hex(a, (struct bytes){sum, sizeof sum});
}

/* ---- two signatures ---- */

struct two {
    const struct kmc_signed *by; /* KMC_CUSTODIANS of them, NULL: none were given */
    struct bytes octets;
    const char *name[KMC_CUSTODIANS]; /* out */
};

static enum err check_one(struct store_tx *tx, const struct kmc_signed *s, struct bytes octets,
                          int64_t now, struct arena *a, const struct store_row **row,
                          struct cert_view *view, struct err_info *e)
{
    struct store_rows rows;
    _auto(pki_pub) key = NULL;
    TRY(store_many(tx, &Q_kmc_custodian_of, PARAMS(P_TEXT(s->custodian)), a, &rows, e));
    if (rows.n != 1)
        return refuse(e, "one of the certificates is no custodian's");
    *row = &rows.row[0];
    struct bytes certificate = row_blob(*row, "certificate");
    TRY(cert_view(certificate, a, view, e));
    TRY(cert_key(certificate, &key, e));
    if (now < view->not_before || now > view->not_after)
        return refuse(e, "the certificate of one custodian is not valid now");
    if (pki_verify(key, octets, s->signature, e) != ERR_OK)
        return refuse(e, "one of the signatures is not its custodian's, or is over something else");
    return ERR_OK;
}

static enum err check_two(struct store_tx *tx, struct two *w, int64_t now, struct arena *a,
                          struct err_info *e)
{
    const struct store_row *row[KMC_CUSTODIANS];
    struct cert_view view[KMC_CUSTODIANS];
    if (!w->by)
        return refuse(e, "there are none");
    for (int i = 0; i < KMC_CUSTODIANS; i++)
        TRY(check_one(tx, &w->by[i], w->octets, now, a, &row[i], &view[i], e));
    if (same(view[0].spki, view[1].spki)) /* nobody is entered twice: enter_in */
        return refuse(e, "both are of the same person");
    for (int i = 0; i < KMC_CUSTODIANS; i++)
        w->name[i] = row_text(row[i], "name");
    return ERR_OK;
}

/* What was refused is on record too. */
struct refusal {
    const char *what;
    int64_t now;
};

static enum err refused_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct refusal *w = arg;
    return kmc_link(tx, KMC_CHAIN_JUDICIAL, w->now, "refused", w->what, e);
}

static enum err run(struct kmc *k, store_work_fn *work, void *arg, const char *what, int64_t now,
                    struct err_info *e)
{
    struct refusal refusal = {what, now};
    struct err_info noting;
    enum err result = store_group_run(k->group, work, arg, e);
    if (result != ERR_KMC_CUSTODIAN)
        return result;
    enum err noted = store_group_run(k->group, refused_in, &refusal, &noting);
    if (noted != ERR_OK)
        *e = noting;
    return noted == ERR_OK ? result : noted;
}

/* ---- custodians ---- */

struct custodian_work {
    const char *name, *serial, *by;
    struct bytes certificate;
    struct cert_view view;
    struct two two;
    int64_t now;
    struct arena *arena;
};

/* Nobody twice: neither name, nor certificate, nor key. */
static enum err is_new(const struct store_rows *live, const struct custodian_work *w,
                       struct err_info *e)
{
    for (size_t i = 0; i < live->n; i++) {
        const struct store_row *row = &live->row[i];
        struct cert_view view;
        TRY(cert_view(row_blob(row, "certificate"), w->arena, &view, e));
        if (!strcmp(row_text(row, "name"), w->name) || same(view.spki, w->view.spki) ||
            !strcmp(row_text(row, "serial"), w->serial))
            return kmc_refuse(e, "certificate",
                              "this person, serial or key is a custodian already");
    }
    return ERR_OK;
}

/* While there are not two custodians, nobody has to sign. */
static enum err may_change(struct store_tx *tx, struct custodian_work *w, struct store_rows *live,
                           struct err_info *e)
{
    TRY(store_many(tx, &Q_kmc_custodian_live, NO_PARAMS, w->arena, live, e));
    return live->n < KMC_CUSTODIANS ? ERR_OK : check_two(tx, &w->two, w->now, w->arena, e);
}

static enum err note_change(struct store_tx *tx, const struct custodian_work *w, const char *act,
                            struct err_info *e)
{
    const char *const *two = w->two.name;
    return kmc_link(tx, KMC_CHAIN_JUDICIAL, w->now, act,
                    arena_fmt(w->arena, "%s certificate %s by %s signed %s and %s", w->name,
                              w->serial, w->by, two[0] ? two[0] : "nobody",
                              two[1] ? two[1] : "nobody"),
                    e);
}

static enum err enter_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct custodian_work *w = arg;
    struct store_rows live;
    TRY(may_change(tx, w, &live, e));
    TRY(is_new(&live, w, e));
    TRY(store_exec(tx, &Q_kmc_custodian_add,
                   PARAMS(P_TEXT(w->name), P_BLOB(w->certificate), P_TEXT(w->serial), P_TEXT(w->by),
                          P_INT(w->now)),
                   NULL, e));
    return note_change(tx, w, "custodian", e);
}

enum err kmc_custodian_enter(struct kmc *k, const char *name, struct bytes certificate,
                             const char *by, const struct kmc_signed *two, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(pki_pub) key = NULL;
    struct custodian_work w = {.name = name,
                               .by = by,
                               .certificate = certificate,
                               .two.by = two,
                               .now = clock_business(k->options.clock),
                               .arena = a};
    if (!*name || strlen(name) > ESCROW_TEXT_MAX)
        return bad("name", "must have 1 to 256 octets", e);
    if (!*by || strlen(by) > ESCROW_TEXT_MAX)
        return bad("by", "must have 1 to 256 octets", e);
    TRY(cert_view(certificate, a, &w.view, e));
    TRY(cert_key(certificate, &key, e)); /* of a kind whose signatures can be verified */
    w.serial = w.view.serial;
    TRY(escrow_custodian_bytes("enter", name, certificate, a, &w.two.octets, e));
    return run(k, enter_in, &w, arena_fmt(a, "custodian %s by %s", name, by), w.now, e);
}

static enum err end_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct custodian_work *w = arg;
    struct store_rows live;
    const struct store_row *one = NULL;
    TRY(store_many(tx, &Q_kmc_custodian_live, NO_PARAMS, w->arena, &live, e));
    for (size_t i = 0; i < live.n; i++)
        if (!strcmp(row_text(&live.row[i], "serial"), w->serial))
            one = &live.row[i];
    if (!one)
        return err_set(e, ERR_NOT_FOUND, "serial", "%s is no custodian's", w->serial);
    w->name = row_text(one, "name");
    TRY(escrow_custodian_bytes("end", w->name, row_blob(one, "certificate"), w->arena,
                               &w->two.octets, e));
    TRY(may_change(tx, w, &live, e));
    TRY(store_exec(tx, &Q_kmc_custodian_end,
                   PARAMS(P_INT(row_int(one, "id")), P_TEXT(w->by), P_INT(w->now)), NULL, e));
    return note_change(tx, w, "end", e);
}

enum err kmc_custodian_end(struct kmc *k, const char *serial, const char *by,
                           const struct kmc_signed *two, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct custodian_work w = {.serial = serial,
                               .by = by,
                               .two.by = two,
                               .now = clock_business(k->options.clock),
                               .arena = a};
    if (!*by || strlen(by) > ESCROW_TEXT_MAX)
        return bad("by", "must have 1 to 256 octets", e);
    return run(k, end_in, &w, arena_fmt(a, "end of custodian %s by %s", serial, by), w.now, e);
}

/* ---- recovery ---- */

struct judicial_work {
    const struct escrow_judicial *r;
    const struct pki_pub *to;
    struct two two;
    struct kmc_stored stored; /* out */
    int64_t now;
    struct arena *arena;
};

static enum err judicial_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct judicial_work *w = arg;
    const struct escrow_judicial *r = w->r;
    TRY(check_two(tx, &w->two, w->now, w->arena, e));
    if (kmc_given_find(tx, r->ca, r->enc_serial, w->arena, &w->stored, e) != ERR_OK) {
        if (e->code != ERR_NOT_FOUND)
            return e->code;
        err_set(e, ERR_KMC_NO_PAIR, "enc_serial", "nothing was given for %s", r->enc_serial);
        err_arg(e, "serial", "%s", r->enc_serial);
        return ERR_KMC_NO_PAIR;
    }
    if (!kmc_seals_to(w->stored.alg, pki_pub_alg(w->to)))
        return bad("seal_key", "a pair of this algorithm is not sealed to such a key", e);
    return kmc_link(tx, KMC_CHAIN_JUDICIAL, w->now, "recover",
                    arena_fmt(w->arena,
                              "key %" PRId64 " ca %s serial %s document %s reason %s signed %s and "
                              "%s to %s",
                              w->stored.id, r->ca, r->enc_serial, r->document, r->reason,
                              w->two.name[0], w->two.name[1], sum_of(w->arena, r->seal_key)),
                    e);
}

enum err kmc_judicial(struct kmc *k, const struct escrow_judicial *r,
                      const struct kmc_signed two[KMC_CUSTODIANS], struct arena *a,
                      struct escrow_pair *out, struct err_info *e)
{
    _auto(pki_pub) to = NULL;
    struct judicial_work w = {
        .r = r, .two.by = two, .now = clock_business(k->options.clock), .arena = a};
    TRY(escrow_judicial_bytes(r, a, &w.two.octets, e));
    TRY(pki_pub_load(r->seal_key, &to, e));
    w.to = to;
    TRY(run(k, judicial_in, &w, arena_fmt(a, "document %s serial %s", r->document, r->enc_serial),
            w.now, e));
    boundary(BOUNDARY_KMC_JUDICIAL);
    *out = (struct escrow_pair){.enc_serial = r->enc_serial};
    return kmc_seal_pair(k, &w.stored, to, a, out, e);
}
