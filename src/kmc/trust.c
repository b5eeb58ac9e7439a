/* Whose requests are answered: the authorities, entered by the kmc's administrator. */
#include "kmc/kmc_priv.h"

#include "base/text.h"

#include <string.h>

struct entry {
    const char *name, *by;
    struct bytes spki;
    int64_t now;
    struct arena *arena;
};

static enum err bad(const char *field, const char *why, struct err_info *e)
{
    err_set(e, ERR_BAD_REQUEST, field, "%s", why);
    err_arg(e, "why", "%s: %s", field, why);
    return ERR_BAD_REQUEST;
}

static enum err enter_in(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct entry *w = arg;
    struct store_rows rows;
    uint8_t sum[DIGEST_LEN];
    size_t others = 0;
    TRY(store_many(tx, &Q_kmc_ca_live, NO_PARAMS, w->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        struct bytes spki = row_blob(&rows.row[i], "spki");
        int mine = !strcmp(row_text(&rows.row[i], "name"), w->name);
        if (mine && spki.n == w->spki.n && !memcmp(spki.p, w->spki.p, spki.n))
            return ERR_OK; /* as it is */
        others += !mine;
    }
    if (others >= KMC_CAS_MAX)
        return kmc_refuse(e, "name", "as many authorities as there may be are entered");
    digest_sha256(w->spki, sum);
    TRY(store_exec(tx, &Q_kmc_ca_end, PARAMS(P_TEXT(w->name), P_TEXT(w->by), P_INT(w->now)), NULL,
                   e));
    TRY(store_exec(tx, &Q_kmc_ca_add,
                   PARAMS(P_TEXT(w->name), P_BLOB(w->spki), P_TEXT(w->by), P_INT(w->now)), NULL,
                   e));
    return kmc_link(tx, KMC_CHAIN, w->now, "ca",
                    arena_fmt(w->arena, "%s key %s by %s", w->name,
                              text_hex(w->arena, (struct bytes){sum, sizeof sum}), w->by),
                    e);
}

static enum err prepare(struct entry *w, struct err_info *e)
{
    _auto(pki_pub) key = NULL;
    size_t name = strlen(w->name), by = strlen(w->by);
    if (name == 0 || name > ESCROW_TEXT_MAX)
        return bad("name", "must have 1 to 256 octets", e);
    if (by == 0 || by > ESCROW_TEXT_MAX)
        return bad("by", "must have 1 to 256 octets", e);
    TRY(pki_pub_load(w->spki, &key, e));
    w->spki = arena_bytes(w->arena, pki_pub_spki(key).p, pki_pub_spki(key).n);
    return ERR_OK;
}

enum err kmc_ca_enter(struct kmc *k, const char *name, struct bytes spki, const char *by,
                      struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct entry w = {name, by, spki, clock_business(k->options.clock), a};
    TRY(prepare(&w, e));
    TRY(store_group_run(k->group, enter_in, &w, e));
    return kmc_cas_load(k, e);
}

enum err kmc_ca_enter_first(const struct kmc_options *o, const char *name, struct bytes spki,
                            struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(store) store = NULL;
    struct entry w = {name, "installation", spki, clock_business(o->clock), a};
    TRY(prepare(&w, e));
    TRY(store_open(o->database, &kmc_catalogue, 1, &store, e));
    return store_write(store, enter_in, &w, e);
}

/* ---- the list ---- */

static struct kmc_entry entry_from(const struct store_row *row, int custodian)
{
    return (struct kmc_entry){.name = row_text(row, "name"),
                              .serial = custodian ? row_text(row, "serial") : NULL,
                              .spki = custodian ? (struct bytes){0} : row_blob(row, "spki"),
                              .entered_by = row_text(row, "entered_by"),
                              .entered_at = row_int(row, "entered_at"),
                              .ended_by = row_text(row, "ended_by"),
                              .ended_at = row_int_or(row, "ended_at", 0)};
}

static enum err list(struct store_tx *tx, int custodian, struct arena *a, struct kmc_entries *out,
                     struct err_info *e)
{
    struct store_rows rows;
    TRY(store_many(tx, custodian ? &Q_kmc_custodian_all : &Q_kmc_ca_all, NO_PARAMS, a, &rows, e));
    struct kmc_entry *entry = arena_alloc(a, (rows.n + 1) * sizeof *entry);
    for (size_t i = 0; i < rows.n; i++)
        entry[i] = entry_from(&rows.row[i], custodian);
    *out = (struct kmc_entries){entry, rows.n};
    return ERR_OK;
}

enum err kmc_trust_list(struct kmc *k, struct arena *a, struct kmc_entries *cas,
                        struct kmc_entries *custodians, struct err_info *e)
{
    _auto(store_tx) tx = NULL;
    TRY(store_begin(k->store, STORE_READ, &tx, e));
    TRY(list(tx, 0, a, cas, e));
    return list(tx, 1, a, custodians, e);
}

/* ---- the keys in memory ---- */

void kmc_cas_clear(struct kmc *k)
{
    for (size_t i = 0; i < k->cas; i++)
        pki_pub_free(k->ca[i].key);
    k->cas = 0;
}

static enum err take_row(struct kmc *k, const struct store_row *row, struct err_info *e)
{
    struct kmc_ca *ca = &k->ca[k->cas];
    if (k->cas == KMC_CAS_MAX)
        return err_set(e, ERR_CONFIG, NULL, "more than %d authorities", KMC_CAS_MAX);
    TRY(pki_pub_load(row_blob(row, "spki"), &ca->key, e));
    pki_pub_prepare(ca->key);
    snprintf(ca->name, sizeof ca->name, "%s", row_text(row, "name"));
    k->cas++;
    return ERR_OK;
}

enum err kmc_cas_load(struct kmc *k, struct err_info *e)
{
    _auto(arena) a = arena_new();
    _auto(store_tx) tx = NULL;
    struct store_rows rows;
    enum err result = ERR_OK;
    TRY(store_begin(k->store, STORE_READ, &tx, e));
    TRY(store_many(tx, &Q_kmc_ca_live, NO_PARAMS, a, &rows, e));
    pthread_rwlock_wrlock(&k->ca_lock);
    kmc_cas_clear(k);
    for (size_t i = 0; i < rows.n && result == ERR_OK; i++)
        result = take_row(k, &rows.row[i], e);
    pthread_rwlock_unlock(&k->ca_lock);
    return result;
}

enum err kmc_ca_verify(struct kmc *k, const char *name, struct bytes octets, struct bytes signature,
                       struct err_info *e)
{
    enum err result = ERR_KMC_SIGNER;
    pthread_rwlock_rdlock(&k->ca_lock);
    for (size_t i = 0; i < k->cas; i++)
        if (!strcmp(k->ca[i].name, name) &&
            pki_verify(k->ca[i].key, octets, signature, e) == ERR_OK)
            result = ERR_OK;
    pthread_rwlock_unlock(&k->ca_lock);
    if (result == ERR_OK)
        return ERR_OK;
    err_set(e, ERR_KMC_SIGNER, "signature", "not entered, or not the signature of %s", name);
    err_arg(e, "ca", "%s", name);
    return ERR_KMC_SIGNER;
}
