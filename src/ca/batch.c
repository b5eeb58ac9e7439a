/* The regulator's signed lists, taken once each: the ca verifies the signature with the key entered here and keeps of
 * each row what a subject is made of. */
#include "ca/ca_priv.h"

#include "base/boundary.h"
#include "base/text.h"
#include "pki/cms.h"
#include "reglist/reglist.h"

#include <string.h>

struct batch_work {
    const struct ca_batch_in *in;
    struct reglist list;
    struct cms_report signer;
    struct arena *arena;
    const char *id;
    int64_t now;
};

static enum err add_row(struct store_tx *tx, const struct batch_work *w,
                        const struct reglist_row *row, int64_t seq, struct err_info *e)
{
    struct bytes hash = {row->hash, sizeof row->hash};
    return store_exec(tx, &Q_ca_batch_row_add,
                      PARAMS(P_TEXT(w->in->project), P_TEXT(w->id), P_INT(row->number),
                             P_TEXT(reglist_action_text(row->action)), P_TEXT(row->reporting_code),
                             P_TEXT(row->user_name), P_TEXT(row->institution_name),
                             P_TEXT(row->uscc), P_BLOB(hash), P_INT(seq)),
                      NULL, e);
}

static enum err take_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct batch_work *w = arg;
    const struct store_row *known, *last;
    TRY(store_opt(tx, &Q_ca_batch_get, PARAMS(P_TEXT(w->in->project), P_TEXT(w->id)), w->arena,
                  &known, e));
    if (known)
        return ERR_OK;
    TRY(store_one(tx, &Q_ca_batch_last, NO_PARAMS, w->arena, &last, e));
    int64_t seq = row_int(last, "seq") + 1;
    TRY(store_exec(tx, &Q_ca_batch_add,
                   PARAMS(P_TEXT(w->in->project), P_TEXT(w->id), P_INT(seq),
                          P_TEXT(w->signer.signer), P_INT(w->now)),
                   NULL, e));
    for (size_t i = 0; i < w->list.rows_n; i++)
        TRY(add_row(tx, w, &w->list.rows[i], seq, e));
    return ca_audit(tx, w->now, w->signer.signer, "batch",
                    arena_fmt(w->arena, "%s %s %zu rows", w->id, w->in->project, w->list.rows_n),
                    e);
}

/* One of the project's regulator keys must have signed exactly this file. */
static enum err verify_signer(struct ca *ca, struct batch_work *w, struct err_info *e)
{
    struct store_rows keys;
    _auto(store_tx) tx = NULL;
    TRY(store_begin(ca->store, STORE_READ, &tx, e));
    TRY(store_many(tx, &Q_ca_regulator_of, PARAMS(P_TEXT(w->in->project)), w->arena, &keys, e));
    for (size_t i = 0; i < keys.n; i++)
        if (cms_verify_detached(w->in->signature, w->in->file,
                                row_blob(&keys.row[i], "certificate"), w->now, w->arena, &w->signer,
                                e) == ERR_OK)
            return ERR_OK;
    if (keys.n == 0) {
        err_set(e, ERR_SIGNATURE, "signature", "no regulator key for %s", w->in->project);
        err_arg(e, "why", "no regulator key is entered at the ca for this project");
    }
    return e->code;
}

static enum err refuse_list(const struct batch_work *w, struct err_info *e)
{
    for (size_t i = 0; i < w->list.problems_n; i++) {
        const struct reglist_problem *p = &w->list.problems[i];
        if (p->warning)
            continue;
        err_set(e, ERR_BAD_REQUEST, p->column, "list row %d", p->place);
        err_arg(e, "why", "%d: %s", p->place, reglist_problem_text(w->arena, p, LANG_EN));
        return ERR_BAD_REQUEST;
    }
    return ERR_OK;
}

enum err ca_batch_take(struct ca *ca, const struct ca_batch_in *in, struct arena *a, char id[65],
                       struct err_info *e)
{
    struct batch_work w = {
        .in = in, .arena = a, .id = id, .now = clock_business(ca->options.clock)};
    uint8_t hash[DIGEST_LEN];
    digest_sha256(in->file, hash);
    memcpy(id, text_hex(a, (struct bytes){hash, sizeof hash}), 65);
    TRY(verify_signer(ca, &w, e));
    enum reglist_format format = strcmp(in->format, "json") == 0 ? REGLIST_JSON : REGLIST_CSV;
    TRY(reglist_read_apart(ca->options.decoders, a, in->file, format, &w.list, e));
    TRY(refuse_list(&w, e));
    TRY(store_group_run(ca->group, take_in, &w, e));
    boundary(BOUNDARY_CA_BATCH_TAKEN);
    return ERR_OK;
}
