/* Keys that get no certificate: entered by the administrator, or revoked for keyCompromise. */
#include "ca/ca_priv.h"

#include "base/text.h"

#include <string.h>

static enum err refuse(struct err_info *e, const char *why)
{
    err_set(e, ERR_KEY_COMPROMISED, "csr", "%s", why);
    err_arg(e, "why", "%s", why);
    return ERR_KEY_COMPROMISED;
}

enum err ca_key_allowed(struct store_tx *tx, struct bytes key_hash, struct arena *a,
                        struct err_info *e)
{
    const struct store_row *row;
    TRY(store_opt(tx, &Q_ca_compromised_get, PARAMS(P_BLOB(key_hash)), a, &row, e));
    if (row)
        return refuse(e, row_text(row, "why"));
    TRY(store_one(tx, &Q_ca_certificate_compromised,
                  PARAMS(P_BLOB(key_hash), P_INT(CRL_KEY_COMPROMISE)), a, &row, e));
    return row_int(row, "n") == 0
               ? ERR_OK
               : refuse(e, "a certificate of this key was revoked for keyCompromise");
}

/* ---- entering ---- */

struct entering {
    const struct bytes *hash;
    size_t n;
    const char *why, *by;
    int64_t now;
    struct arena *arena;
    const char **live;
    size_t lives;
};

static enum err enter_one(struct store_tx *tx, struct entering *w, struct bytes hash,
                          struct err_info *e)
{
    int64_t added;
    struct store_rows live;
    TRY(store_exec(tx, &Q_ca_compromised_add,
                   PARAMS(P_BLOB(hash), P_TEXT(w->why), P_TEXT(w->by), P_INT(w->now)), &added, e));
    TRY(store_many(tx, &Q_ca_certificate_live_of_key, PARAMS(P_BLOB(hash)), w->arena, &live, e));
    for (size_t i = 0; i < live.n && w->lives < CA_COMPROMISED_MAX; i++)
        w->live[w->lives++] = text_hex(w->arena, row_blob(&live.row[i], "serial"));
    if (!added)
        return ERR_OK;
    return ca_audit(tx, w->now, w->by, "compromised",
                    arena_fmt(w->arena, "%s %s", text_hex(w->arena, hash), w->why), e);
}

static enum err enter(struct store_tx *tx, void *arg, struct err_info *e)
{
    struct entering *w = arg;
    w->lives = 0;
    for (size_t i = 0; i < w->n; i++)
        TRY(enter_one(tx, w, w->hash[i], e));
    return ERR_OK;
}

static enum err bad(struct err_info *e, const char *field, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, field, NULL);
    err_arg(e, "why", "%s: %s", field, why);
    return ERR_BAD_REQUEST;
}

enum err ca_compromised_enter(struct ca *ca, const struct bytes *hash, size_t n, const char *why,
                              const char *by, struct arena *a, const char ***live, size_t *lives,
                              struct err_info *e)
{
    struct entering w = {.hash = hash,
                         .n = n,
                         .why = why,
                         .by = by,
                         .now = clock_business(ca->options.clock),
                         .arena = a};
    if (!*why || strlen(why) > 120)
        return bad(e, "why", "must be a text of at most 120 octets");
    if (!*by)
        return bad(e, "by", "must not be empty");
    if (n == 0 || n > CA_COMPROMISED_MAX)
        return bad(e, "keys", "must be a list of 1 to 1000 hashes");
    for (size_t i = 0; i < n; i++)
        if (hash[i].n != DIGEST_LEN)
            return bad(e, "keys", "each is a SHA-256 of 64 hex digits");
    w.live = arena_alloc(a, CA_COMPROMISED_MAX * sizeof *w.live);
    TRY(store_group_run(ca->group, enter, &w, e));
    *live = w.live;
    *lives = w.lives;
    return ERR_OK;
}

enum err ca_compromised_list(struct ca *ca, struct bytes after, struct arena *a,
                             struct ca_compromised **out, size_t *n, struct err_info *e)
{
    struct store_rows rows;
    _auto(store_tx) tx = NULL;
    TRY(store_begin(ca->store, STORE_READ, &tx, e));
    TRY(store_many(tx, &Q_ca_compromised_after, PARAMS(P_BLOB(after), P_INT(CA_COMPROMISED_MAX)), a,
                   &rows, e));
    *out = arena_alloc(a, (rows.n + 1) * sizeof **out);
    *n = rows.n;
    for (size_t i = 0; i < rows.n; i++)
        (*out)[i] = (struct ca_compromised){.hash = row_blob(&rows.row[i], "key_hash"),
                                            .why = row_text(&rows.row[i], "why"),
                                            .entered_by = row_text(&rows.row[i], "entered_by"),
                                            .entered_at = row_int(&rows.row[i], "entered_at")};
    return ERR_OK;
}
