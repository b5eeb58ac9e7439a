/* The authority's part of init: issuers, certificate profiles, storage key, settings of ca, kmc and responder. */
#include "main/init.h"

#include "ca/ca.h"
#include "ca/escrow.h"
#include "hall/project/project.h"
#include "kmc/kmc.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { POOL_SM2 = 200, POOL_RSA = 20 };

static const char *user_of(const struct init_options *o, const char *process)
{
    return o->separate ? arena_fmt(o->place.arena, "certhall-%s", process) : "";
}

static const char *clock_line(const struct init_options *o)
{
    return o->demo ? arena_fmt(o->place.arena, "clock = %s/demo/clock\n", o->place.data) : "";
}

static int has_algorithm(const struct init_options *o, enum pki_alg alg)
{
    for (int i = 0; i < o->algs; i++)
        if (o->alg[i] == alg)
            return 1;
    return 0;
}

/* Pairs are kept ready of the kinds that there is an issuing CA for. */
static enum err write_kmc_settings(const struct init_options *o, struct err_info *e)
{
    struct arena *a = o->place.arena;
    return init_conf(
        o, "kmc",
        arena_fmt(
            a,
            "database = %s\nhall_user = %s\nca_user = %s\nadmin_user = %s\n"
            "# admin PINs that the hall may have sealed in an hour\n"
            "releases_per_hour = %d\n"
            "# encryption pairs to have ready, 0 for none of the kind\n"
            "pool_sm2 = %d\npool_rsa2048 = %d\npool_rsa3072 = %d\n"
            "# pairs that the ca may have in an hour: new ones, and again for a user's new UKey\n"
            "keys_per_hour = %d\nrecoveries_per_hour = %d\n%s",
            init_database(o, "kmc"), user_of(o, "hall"), user_of(o, "ca"), user_of(o, "kmc"),
            KMC_RELEASES_AN_HOUR, has_algorithm(o, PKI_SM2) ? POOL_SM2 : 0,
            has_algorithm(o, PKI_RSA2048) ? POOL_RSA : 0,
            has_algorithm(o, PKI_RSA3072) ? POOL_RSA : 0, KMC_KEYS_AN_HOUR, KMC_RECOVERIES_AN_HOUR,
            clock_line(o)),
        e);
}

static enum err write_settings(const struct init_options *o, struct err_info *e)
{
    struct arena *a = o->place.arena;
    TRY(init_conf(
        o, "ca",
        arena_fmt(
            a,
            "database = %s\nstatus_url = %s\nhall_user = %s\nresponder_user = %s\nadmin_user = %s\n"
            "# passphrases of the ca's encrypted keys: a 0400 file, or credential:NAME of systemd; without it their\n"
            "# custodians open them (certhall ca unlock)\n"
            "passphrases =\n"
            "# the vendor's PKCS#11 library, for issuing keys in an HSM\n"
            "pkcs11_module =\n"
            "# how often the hall may have certificates revoked, and released from hold, in an hour\n"
            "revoke_per_hour = 20\nrelease_per_hour = 20\n"
            "crl_minutes = 10\n%s",
            init_database(o, "ca"), o->status_url, user_of(o, "hall"), user_of(o, "responder"),
            user_of(o, "ca"), clock_line(o)),
        e));
    TRY(write_kmc_settings(o, e));
    return init_conf(o, "responder",
                     arena_fmt(a,
                               "listen = 127.0.0.1:%lld\nanswer_hours = 24\ncrl_minutes = 10\n%s",
                               (long long)o->port_base + 1, clock_line(o)),
                     e);
}

/* The ca keeps certificate profiles of its own; the installed ones are only the first. */
static enum err copy_profiles(const struct init_options *o, struct err_info *e)
{
    struct arena *a = o->place.arena;
    char *from = arena_fmt(a, "%s/profiles/ca", o->share),
         *to = arena_fmt(a, "%s/profiles", place_folder(&o->place, "ca"));
    DIR *dir = opendir(from);
    if (!dir)
        return err_set(e, ERR_CONFIG, NULL, "%s cannot be read", from);
    TRY(folder_make(to, 0700, e));
    enum err result = ERR_OK;
    const struct dirent *entry;
    while (result == ERR_OK && (entry = readdir(dir)) != NULL) {
        struct bytes file;
        size_t n = strlen(entry->d_name);
        if (n <= 5 || strcmp(entry->d_name + n - 5, ".json") != 0)
            continue;
        result = file_read(a, arena_fmt(a, "%s/%s", from, entry->d_name), 64 << 10, &file, e);
        if (result == ERR_OK)
            result = file_replace(arena_fmt(a, "%s/%s", to, entry->d_name), file, 0600, e);
    }
    closedir(dir);
    return result;
}

static enum err does_not_fit(const char *file, const char *member, const char *why,
                             struct err_info *e)
{
    err_set(e, ERR_CONFIG, member, "%s: %s", file, why);
    err_arg(e, "why", "%s: %s (%s)", member, why, file); /* a value is cut at its end */
    return ERR_CONFIG;
}

static enum err project_fits(const struct init_options *o, const struct project *p,
                             struct err_info *e)
{
    struct arena *a = o->place.arena;
    const char *name = project_algorithm_name(p->cert.algorithm);
    char *file = arena_fmt(a, "%s/profiles/%s/profile.yaml", o->share, p->about.code);
    char *ca_file = arena_fmt(a, "%s/profiles/ca/%s.json", o->share, p->cert.profile);
    struct bytes text;
    struct ca_profile made;
    _auto_json doc = NULL;
    int wanted = 0;
    for (int i = 0; i < o->algs; i++)
        wanted |= strcmp(pki_alg_text(o->alg[i]), name) == 0;
    if (!wanted)
        return does_not_fit(file, "cert.algorithm",
                            arena_fmt(a, "%s, but --algorithms makes no issuing CA for it", name),
                            e);
    if (file_read(a, ca_file, 64 << 10, &text, e) != ERR_OK)
        return does_not_fit(file, "cert.profile", arena_fmt(a, "there is no %s", ca_file), e);
    TRY(json_parse(text.p, text.n, &doc, e));
    TRY(ca_profile_parse(ca_file, doc, &made, e));
    if (strcmp(pki_alg_text(made.algorithm), name) == 0)
        return ERR_OK;
    return does_not_fit(file, "cert.profile",
                        arena_fmt(a, "%s is for %s, but cert.algorithm is %s", ca_file,
                                  pki_alg_text(made.algorithm), name),
                        e);
}

enum err init_projects_fit(const struct init_options *o, struct err_info *e)
{
    _auto(projects) all = projects_new();
    TRY(projects_load(all, arena_fmt(o->place.arena, "%s/profiles", o->share), e));
    for (int i = 0; i < projects_count(all); i++)
        TRY(project_fits(o, projects_at(all, i), e));
    return ERR_OK;
}

static enum err make_issuers(const struct init_options *o, const struct clock *clock,
                             struct err_info *e)
{
    struct ca_options ca = {.data = place_folder(&o->place, "ca"),
                            .database = init_database(o, "ca"),
                            .status_url = o->status_url,
                            .clock = clock};
    for (int i = 0; i < o->algs; i++) {
        int kept;
        TRY(ca_init(&ca, o->organisation, o->alg[i], &kept, e));
        if (kept)
            printf(
                "the issuers for %s that an earlier init made are kept, with the organisation and the "
                "status URL of then; for others remove %s first\n",
                pki_alg_text(o->alg[i]), o->place.data);
    }
    return ERR_OK;
}

/* Each side knows the other's key: the ca's requests, the kmc's answers. */
static enum err introduce(const struct init_options *o, const struct kmc_options *kmc,
                          struct err_info *e)
{
    struct arena *a = o->place.arena;
    struct bytes kmc_key, request_key;
    TRY(kmc_answer_spki(kmc, a, &kmc_key, e));
    TRY(ca_escrow_init(place_folder(&o->place, "ca"), kmc_key, a, &request_key, e));
    return kmc_ca_enter_first(kmc, CA_ESCROW_NAME, request_key, e);
}

enum err init_authority(const struct init_options *o, const struct clock *clock, struct err_info *e)
{
    struct kmc_options kmc = {.data = place_folder(&o->place, "kmc"),
                              .database = init_database(o, "kmc"),
                              .clock = clock};
    if (!o->no_issuers)
        TRY(make_issuers(o, clock, e));
    TRY(copy_profiles(o, e));
    TRY(kmc_init(&kmc, e));
    TRY(introduce(o, &kmc, e));
    return write_settings(o, e);
}
