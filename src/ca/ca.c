/* Opening the authority: keys, profiles, database, people it believes. */
#include "ca/issue_priv.h"

#include "base/sys.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct store_module *const modules[] = {&ca_sql};
const struct store_catalogue ca_catalogue = STORE_CATALOGUE(modules);

enum { CONNECTIONS = 4 };

const struct ca_profile *ca_profile_find(const struct ca *ca, const char *code)
{
    for (size_t i = 0; i < ca->profiles; i++)
        if (strcmp(ca->profile[i].code, code) == 0)
            return &ca->profile[i];
    return NULL;
}

const struct ca_issuer *ca_issuer_by_id(const struct ca *ca, int64_t id)
{
    for (size_t i = 0; i < ca->issuers; i++)
        if (ca->issuer[i].id == id)
            return &ca->issuer[i];
    return NULL;
}

/* After a roll-over the newest signs; those before it go on with their lists and their responder's certificates. */
enum err ca_issuer_for(const struct ca *ca, enum pki_alg alg, const struct ca_issuer **out,
                       struct err_info *e)
{
    const struct ca_issuer *found = NULL;
    for (size_t i = 0; i < ca->issuers; i++) {
        const struct ca_issuer *issuer = &ca->issuer[i];
        if (!issuer->root && issuer->alg == alg && (issuer->signer || issuer->locked) &&
            (!found || issuer->id > found->id))
            found = issuer;
    }
    if (found) {
        *out = found;
        return found->locked ? ca_locked(found, e) : ERR_OK;
    }
    err_set(e, ERR_CA_PROFILE, "algorithm", "no issuing CA for %s", pki_alg_text(alg));
    err_arg(e, "why", "there is no issuing CA for %s", pki_alg_text(alg));
    return ERR_CA_PROFILE;
}

size_t ca_issuers(const struct ca *ca, const struct ca_issuer **out)
{
    *out = ca->issuer;
    return ca->issuers;
}

static enum err load_profile(struct ca *ca, const char *path, struct err_info *e)
{
    _auto(arena) a = arena_new();
    struct bytes file;
    _auto_json doc = NULL;
    if (ca->profiles == CA_PROFILES_MAX)
        return err_set(e, ERR_CONFIG, NULL, "%s: more than %d certificate profiles", path,
                       CA_PROFILES_MAX);
    TRY(file_read(a, path, 64 * 1024, &file, e));
    TRY(json_parse(file.p, file.n, &doc, e));
    return ca_profile_parse(path, doc, &ca->profile[ca->profiles++], e);
}

static int is_profile(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

static enum err load_profiles(struct ca *ca, struct err_info *e)
{
    char *folder = arena_fmt(ca->arena, "%s/profiles", ca->options.data);
    struct dirent **entry;
    int n = scandir(folder, &entry, is_profile, alphasort);
    if (n < 0)
        return err_set(e, ERR_CONFIG, NULL, "%s cannot be read", folder);
    enum err result = ERR_OK;
    for (int i = 0; i < n; i++) {
        if (result == ERR_OK)
            result = load_profile(ca, arena_fmt(ca->arena, "%s/%s", folder, entry[i]->d_name), e);
        free(entry[i]);
    }
    free(entry);
    return result;
}

static enum err load_issuer(struct ca *ca, const struct store_row *row, struct err_info *e)
{
    if (ca->issuers == CA_ISSUERS_MAX)
        return err_set(e, ERR_CONFIG, NULL, "more than %d issuers", CA_ISSUERS_MAX);
    struct ca_issuer *issuer = &ca->issuer[ca->issuers++];
    struct cert_view view;
    issuer->id = row_int(row, "id");
    issuer->parent_id = row_int(row, "parent_id");
    snprintf(issuer->code, sizeof issuer->code, "%s", row_text(row, "code"));
    issuer->root = strcmp(row_text(row, "role"), "root") == 0;
    issuer->certificate = row_blob(row, "certificate");
    issuer->not_after = row_int(row, "not_after");
    issuer->shards = (int)row_int(row, "shards");
    if (issuer->shards < 0 || issuer->shards > CA_SHARDS_MAX)
        return err_set(e, ERR_CONFIG, NULL, "issuer %s: %d shards", issuer->code, issuer->shards);
    if (!pki_alg_from_text(row_text(row, "algorithm"), &issuer->alg))
        return err_set(e, ERR_CONFIG, NULL, "issuer %s: unknown algorithm", issuer->code);
    TRY(cert_view(issuer->certificate, ca->arena, &view, e));
    issuer->subject = view.subject;
    const char *url = ca->options.status_url;
    issuer->crl_url = arena_fmt(ca->arena, "%s/crl/%s.crl", url, issuer->code);
    issuer->ocsp_url = arena_fmt(ca->arena, "%s/ocsp", url);
    issuer->certificate_url = arena_fmt(ca->arena, "%s/ca/%s.cer", url, issuer->code);
    return ca_key_load(ca, issuer, e);
}

static enum err use_shards(struct store_tx *tx, void *arg, struct err_info *e)
{
    const struct ca *ca = arg;
    for (size_t i = 0; i < ca->issuers; i++)
        if (!ca->issuer[i].root)
            TRY(store_exec(tx, &Q_ca_issuer_shards,
                           PARAMS(P_INT(ca->issuer[i].id), P_INT(ca->options.crl_shards)), NULL,
                           e));
    return ERR_OK;
}

/* How far the numbers in certificates go, now or ever: lists of all of them are made. */
static enum err set_shards(struct ca *ca, struct err_info *e)
{
    int wanted = ca->options.crl_shards, more = 0;
    if (wanted < 0 || wanted > CA_SHARDS_MAX)
        return err_set(e, ERR_CONFIG, NULL, "crl_shards: must be 1 to %d", CA_SHARDS_MAX);
    for (size_t i = 0; i < ca->issuers; i++)
        if (!ca->issuer[i].root && wanted > 1 && ca->issuer[i].shards < wanted) {
            ca->issuer[i].shards = wanted;
            more = 1;
        }
    return more ? store_write(ca->store, use_shards, ca, e) : ERR_OK;
}

static enum err load_issuers(struct ca *ca, struct err_info *e)
{
    struct store_rows rows;
    _auto(store_tx) tx = NULL;
    TRY(store_begin(ca->store, STORE_READ, &tx, e));
    TRY(store_many(tx, &Q_ca_issuer_all, NO_PARAMS, ca->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++)
        TRY(load_issuer(ca, &rows.row[i], e));
    return ERR_OK;
}

/* Waits are of a length, whatever the machine's clock is set to. */
static void init_change_seen(struct ca *ca)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&ca->change_seen, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static enum err open_pairs(struct ca *ca, struct err_info *e)
{
    int dual = 0;
    for (size_t i = 0; i < ca->profiles; i++)
        dual |= ca->profile[i].dual;
    return dual && ca->options.kmc ? ca_pairs_new(ca->options.kmc, &ca->pairs, e) : ERR_OK;
}

enum err ca_open(const struct ca_options *o, struct ca **out, struct err_info *e)
{
    _auto(ca) ca = mem_alloc(sizeof *ca);
    ca->options = *o;
    ca->arena = arena_new();
    ca->options.data = arena_text(ca->arena, o->data); /* lists are made as long as it lives */
    ca->options.status_url = arena_text(ca->arena, o->status_url);
    pthread_mutex_init(&ca->change_lock, NULL);
    init_change_seen(ca);
    pthread_mutex_init(&ca->crl_lock, NULL);
    pthread_mutex_init(&ca->maker_lock, NULL);
    ca->unlocking = ca_unlocking_new();
    TRY(store_open(o->database, &ca_catalogue, CONNECTIONS, &ca->store, e));
    TRY(store_group_new(ca->store, &ca->group, e));
    TRY(ca_signers_new(&ca->signers, e));
    store_group_after(ca->group, ca_signers_go, ca->signers);
    TRY(load_profiles(ca, e));
    TRY(load_issuers(ca, e));
    TRY(set_shards(ca, e));
    TRY(folder_make(arena_fmt(ca->arena, "%s/lists", o->data), 0700, e));
    ca->options.passphrases = NULL; /* the caller wipes them */
    TRY(open_pairs(ca, e));
    TRY(ca_settle_intents(ca, NULL, e));
    *out = steal(&ca);
    return ERR_OK;
}

void ca_free(struct ca *ca)
{
    if (!ca)
        return;
    ca_pairs_free(ca->pairs);
    store_group_free(ca->group);
    ca_signers_free(ca->signers);
    ca_unlocking_free(ca->unlocking);
    store_free(ca->store);
    for (size_t i = 0; i < ca->issuers; i++)
        pki_signer_free(ca->issuer[i].signer);
    pthread_mutex_destroy(&ca->change_lock);
    pthread_cond_destroy(&ca->change_seen);
    ca_lists_clear(ca);
    pthread_mutex_destroy(&ca->crl_lock);
    ca_makers_clear(ca);
    pthread_mutex_destroy(&ca->maker_lock);
    arena_free(ca->arena);
    free(ca);
}
