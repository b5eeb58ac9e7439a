/* The verbs of the authority's processes: ca, kmc, responder. */
#include "main/ca_keys.h"
#include "main/ceremony.h"
#include "main/confine.h"
#include "main/place.h"
#include "main/users.h"
#include "main/verb.h"

#include "ca/api.h"
#include "ca/escrow.h"
#include "ca/hsm.h"
#include "kmc/kmc.h"
#include "responder/responder.h"

#include "base/boundary.h"
#include "base/text.h"

#include <string.h>

#define PROCESS_HELP(name, does)                                                                          \
    "usage: certhall " name " [--data DIR] [--run DIR]\n\n" does                                          \
    "\n\n  --data DIR   data directory made by certhall init\n  --run DIR    where the sockets stand\n\n" \
    "Example: certhall " name                                                                             \
    " --data /var/lib/certhall\nSIGTERM ends it after the requests under way.\n"

/* Options that every process has; the wrong usage has been printed when it gives 0. */
static int take_place(int argc, char **argv, struct place *p, struct arena *a, int *status)
{
    const char *data = NULL, *run = NULL;
    const struct option_row rows[] = {{"data", &data, NULL}, {"run", &run, NULL}};
    char **rest;
    struct err_info e;
    *status = EXIT_USAGE;
    if (!options_take(argc, argv, rows, 2, &rest))
        return 0;
    if (*rest) {
        report_usage(argv[0], "unexpected %s", *rest);
        return 0;
    }
    if (place_find(p, data, run, a, &e) == ERR_OK)
        return 1;
    *status = report(argv[0], &e);
    return 0;
}

static int64_t conf_int(const struct conf *c, const char *key, int64_t min, int64_t max,
                        int64_t fallback)
{
    int64_t value;
    return text_to_int(conf_get(c, key, ""), min, max, &value) ? value : fallback;
}

/* Only a demo has a clock that can be moved. */
static void arm_boundaries(const struct place *p, const char *name, const struct conf *c)
{
    if (conf_get(c, "clock", NULL))
        boundary_arm(place_folder(p, name));
}

/* The end of the three below: start the server, be left with the calls that serving needs, wait for the end, stop it. */
static enum err serve_until_told(struct httpd *server, const struct place *p, const char *name,
                                 struct err_info *e)
{
    TRY(httpd_start(server, e));
    TRY(confine_calls(p, name, e));
    TRY(process_wait(p, name, e));
    httpd_stop(server);
    return ERR_OK;
}

/* Their callers are our own processes and people at this machine. */
enum { PEER_CONNECTIONS = 256 };

/* ---- ca ---- */

static enum err ca_process(const struct place *p, struct err_info *e)
{
    _auto(spawner) decoders = NULL;
    TRY(confine_decoders(&decoders, e));
    struct conf *c;
    _auto(clock) clock = NULL;
    _auto(ca_hsm) hsm = NULL;
    struct ca_options o = {.data = place_folder(p, "ca")};
    struct ca_api api = {0};
    _auto(ca) ca = NULL;
    TRY(place_conf(p, "ca", &c, e));
    if (*conf_get(c, "pkcs11_module", ""))
        TRY(ca_hsm_start(conf_get(c, "pkcs11_module", ""), &hsm, e));
    o.hsm = hsm;
    TRY(place_clock(c, &clock, e));
    arm_boundaries(p, "ca", c);
    TRY(place_need(p, "ca", c, "database", &o.database, e));
    TRY(place_need(p, "ca", c, "status_url", &o.status_url, e));
    o.clock = clock;
    o.decoders = decoders;
    /* `revoke_alone_per_hour`: its name as long as a second person was left out of the count */
    o.revoke_per_hour = (int)conf_int(c, "revoke_per_hour", 0, 100000,
                                      conf_int(c, "revoke_alone_per_hour", 0, 100000, 20));
    o.release_per_hour = (int)conf_int(c, "release_per_hour", 0, 100000, 20);
    o.mass_per_second = (int)conf_int(c, "mass_per_second", 1, 100000, 2000);
    o.crl_period = conf_int(c, "crl_minutes", 1, 1440, 10) * TIME_MINUTE;
    o.crl_shards = (int)conf_int(c, "crl_shards", 1, CA_SHARDS_MAX, 1);
    o.delta_base_period = conf_int(c, "crl_delta_hours", 0, 23, 0) * TIME_HOUR;
    _auto(arena) secrets = arena_new();
    TRY(ca_keys_passphrases(p, c, secrets, &o.passphrases, e));
    char key[PEER_KEY_LEN + 1];
    TRY(peer_key_read(place_peer_key(p), key, e));
    o.kmc = &(struct ca_escrow_options){
        .data = o.data, .socket = place_socket(p, "kmc", "ca"), .peer_key = key};
    TRY(confine_folders(p, "ca", e));
    TRY(ca_open(&o, &ca, e));
    arena_reset(secrets);
    api.ca = ca;
    /* who changes a certificate's state waits for the writer: as many as shall share its commits */
    _auto(httpd) server =
        httpd_new(&(struct httpd_options){.workers = 32, .connections_max = PEER_CONNECTIONS});
    TRY(place_listen(p, server, "ca", "hall", conf_get(c, "hall_user", ""), CA_SOCKET_HALL,
                     &api.policy[CA_SOCKET_HALL], e));
    TRY(place_listen(p, server, "ca", "responder", conf_get(c, "responder_user", ""),
                     CA_SOCKET_RESPONDER, &api.policy[CA_SOCKET_RESPONDER], e));
    TRY(place_listen(p, server, "ca", "admin", conf_get(c, "admin_user", ""), CA_SOCKET_ADMIN,
                     &api.policy[CA_SOCKET_ADMIN], e));
    ca_api_mount(server, &api);
    return serve_until_told(server, p, "ca", e);
}

/* ---- kmc ---- */

static enum err kmc_process(const struct place *p, struct err_info *e)
{
    struct conf *c;
    _auto(clock) clock = NULL;
    struct kmc_options o = {.data = place_folder(p, "kmc")};
    struct kmc_api api = {0};
    _auto(kmc) kmc = NULL;
    TRY(place_conf(p, "kmc", &c, e));
    TRY(place_clock(c, &clock, e));
    arm_boundaries(p, "kmc", c);
    TRY(place_need(p, "kmc", c, "database", &o.database, e));
    o.clock = clock;
    o.releases_per_hour = (int)conf_int(c, "releases_per_hour", 0, 100000, KMC_RELEASES_AN_HOUR);
    o.pool[KMC_POOL_SM2] = (int)conf_int(c, "pool_sm2", 0, KMC_POOL_MAX, 0);
    o.pool[KMC_POOL_RSA2048] = (int)conf_int(c, "pool_rsa2048", 0, KMC_POOL_MAX, 0);
    o.pool[KMC_POOL_RSA3072] = (int)conf_int(c, "pool_rsa3072", 0, KMC_POOL_MAX, 0);
    o.keys_per_hour = (int)conf_int(c, "keys_per_hour", 0, 100000000, KMC_KEYS_AN_HOUR);
    o.recoveries_per_hour = (int)conf_int(c, "recoveries_per_hour", 0, 100000,
                                          KMC_RECOVERIES_AN_HOUR);
    TRY(confine_folders(p, "kmc", e));
    TRY(kmc_open(&o, &kmc, e));
    api.kmc = kmc;
    /* who asks waits for the writer: as many as shall share its commits */
    _auto(httpd) server =
        httpd_new(&(struct httpd_options){.workers = 8, .connections_max = PEER_CONNECTIONS});
    TRY(place_listen(p, server, "kmc", "hall", conf_get(c, "hall_user", ""), KMC_SOCKET_HALL,
                     &api.policy[KMC_SOCKET_HALL], e));
    TRY(place_listen(p, server, "kmc", "admin", conf_get(c, "admin_user", ""), KMC_SOCKET_ADMIN,
                     &api.policy[KMC_SOCKET_ADMIN], e));
    /* settings of before the ca asked here do not name it */
    const char *hall_user = conf_get(c, "hall_user", "");
    TRY(place_listen(p, server, "kmc", "ca",
                     conf_get(c, "ca_user", *hall_user ? "certhall-ca" : ""), KMC_SOCKET_CA,
                     &api.policy[KMC_SOCKET_CA], e));
    kmc_api_mount(server, &api);
    return serve_until_told(server, p, "kmc", e);
}

/* ---- responder ---- */

static enum err responder_process(const struct place *p, struct err_info *e)
{
    struct conf *c;
    _auto(clock) clock = NULL;
    char key[PEER_KEY_LEN + 1];
    const char *listen;
    _auto(responder) responder = NULL;
    TRY(place_conf(p, "responder", &c, e));
    TRY(place_clock(c, &clock, e));
    arm_boundaries(p, "responder", c);
    TRY(place_need(p, "responder", c, "listen", &listen, e));
    TRY(peer_key_read(place_peer_key(p), key, e));
    struct responder_options o = {
        .data = place_folder(p, "responder"),
        .ca_socket = place_socket(p, "ca", "responder"),
        .peer_key = key,
        .clock = clock,
        .answer_life = conf_int(c, "answer_hours", 1, 168, 24) * TIME_HOUR,
        .crl_period = conf_int(c, "crl_minutes", 1, 1440, 10) * TIME_MINUTE};
    TRY(confine_folders(p, "responder", e));
    TRY(responder_open(&o, &responder, e));
    _auto(httpd) server = httpd_new(&(struct httpd_options){.workers = 1});
    TRY(place_listen_tcp(server, listen, &(struct httpd_listen){0}, e));
    responder_mount(server, responder);
    TRY(responder_follow(responder, e));
    return serve_until_told(server, p, "responder", e);
}

static int run_process(int argc, char **argv,
                       enum err (*process)(const struct place *, struct err_info *))
{
    _auto(arena) a = arena_new();
    struct place p;
    struct err_info e;
    int status;
    if (!take_place(argc, argv, &p, a, &status))
        return status;
    if (users_not_root(argv[0], place_folder(&p, argv[0]), &e) != ERR_OK)
        return report(argv[0], &e);
    process_keep_secrets();
    process_begin();
    return process(&p, &e) == ERR_OK ? EXIT_DONE : report(argv[0], &e);
}

static int run_ca(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "ceremony"))
        return ceremony_run(argc - 1, argv + 1);
    if (argc > 1 && (!strcmp(argv[1], "keys") || !strcmp(argv[1], "unlock")))
        return ca_keys_run(argc - 1, argv + 1);
    return run_process(argc, argv, ca_process);
}

static int run_kmc(int argc, char **argv)
{
    return run_process(argc, argv, kmc_process);
}

static int run_responder(int argc, char **argv)
{
    return run_process(argc, argv, responder_process);
}

const struct verb verb_ca = {
    "ca", "run the certificate authority; its keys and their ceremonies",
    PROCESS_HELP("ca", "Runs the certificate authority alone, on its UNIX sockets.")
        CA_KEYS_HELP CEREMONY_HELP,
    run_ca};
const struct verb verb_kmc = {
    "kmc", "run the key management centre",
    PROCESS_HELP("kmc", "Runs the key management centre alone, on its UNIX sockets."), run_kmc};
const struct verb verb_responder = {
    "responder", "run the OCSP and CRL responder",
    PROCESS_HELP("responder", "Runs the OCSP and CRL responder alone."), run_responder};
