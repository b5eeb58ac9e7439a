/* certhall init: makes a data directory. Nothing is left half done in a way that a second try would take for whole: the
 * hall's folder, which says that all is there, comes last. */
#include "main/init.h"
#include "main/users.h"
#include "main/verb.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const processes[] = {"ca", "kmc", "responder", "hall"};
enum { PROCESSES = 4 };

static enum err config(struct err_info *e, const char *why)
{
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why", "%s", why);
    return ERR_CONFIG;
}

char *init_database(const struct init_options *o, const char *process)
{
    struct arena *a = o->place.arena;
    if (!o->database)
        return arena_fmt(a, "sqlite:%s/%s.db", place_folder(&o->place, process), process);
    /* postgresql://user@host:port/?options → …/certhall_<process>?options */
    const char *query = strchr(o->database, '?');
    size_t n = query ? (size_t)(query - o->database) : strlen(o->database);
    while (n > 0 && o->database[n - 1] == '/')
        n--;
    return arena_fmt(a, "%.*s/certhall_%s%s", (int)n, o->database, process, query ? query : "");
}

enum err init_conf(const struct init_options *o, const char *process, const char *text,
                   struct err_info *e)
{
    char *path = arena_fmt(o->place.arena, "%s/%s.conf", place_folder(&o->place, process), process);
    return file_replace(path, (struct bytes){(const uint8_t *)text, strlen(text)}, 0600, e);
}

/* A tree that nobody else can write to yet. */
static int give_tree(const char *folder, const struct passwd *owner)
{
    char *const roots[] = {(char *)(uintptr_t)folder, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    const FTSENT *entry;
    int failed = tree == NULL;
    while (!failed && (entry = fts_read(tree)) != NULL)
        if (entry->fts_info != FTS_DP)
            failed = lchown(entry->fts_path, owner->pw_uid, owner->pw_gid) != 0;
    if (tree)
        fts_close(tree);
    return failed || chmod(folder, 0700) != 0;
}

static enum err not_given(struct err_info *e, const char *folder, const char *user)
{
    return err_set(e, ERR_IO, NULL, "%s: cannot be given to %s", folder, user);
}

/* Each process its own; the demo's outbox is written by the hall. */
static enum err give_each(const struct init_options *o, struct err_info *e)
{
    char *outbox = arena_fmt(o->place.arena, "%s/demo/outbox", o->place.data);
    const struct passwd *hall = o->demo ? getpwnam("certhall-hall") : NULL;
    if (hall && chown(outbox, hall->pw_uid, hall->pw_gid) != 0)
        return not_given(e, outbox, "certhall-hall");
    for (int i = 0; i < PROCESSES; i++) {
        char *user = arena_fmt(o->place.arena, "certhall-%s", processes[i]);
        const struct passwd *owner = getpwnam(user);
        if (!owner || give_tree(place_folder(&o->place, processes[i]), owner))
            return not_given(e, place_folder(&o->place, processes[i]), user);
    }
    return ERR_OK;
}

static enum err give_folders(const struct init_options *o, struct err_info *e)
{
    if (o->separate)
        return give_each(o, e);
    const struct passwd *owner = o->user ? getpwnam(o->user) : NULL;
    if (owner && give_tree(o->place.data, owner))
        return not_given(e, o->place.data, o->user);
    return ERR_OK;
}

/* Of one user the whole data directory will be, also one that an interrupted init left as root's: what counts is the way there. */
static const char *way_to_data(const struct init_options *o)
{
    const char *slash = strrchr(o->place.data, '/');
    if (o->separate || !slash || slash == o->place.data)
        return o->place.data;
    return arena_text_n(o->place.arena, o->place.data, (size_t)(slash - o->place.data));
}

/* Each process must come to its data, to its sockets, to the program and to what is shipped with it. */
static enum err check_way(const struct init_options *o, const char *user, struct err_info *e)
{
    const char *const paths[] = {way_to_data(o), o->place.run, place_program(&o->place), o->share,
                                 NULL};
    return users_can_enter(user, paths, o->place.arena, e);
}

static enum err choose_users(struct init_options *o, struct err_info *e)
{
    struct arena *a = o->place.arena;
    const char *missing = o->user ? NULL : users_missing(a);
    const struct passwd *one = o->user ? getpwnam(o->user) : NULL;
    if (geteuid() != 0)
        return o->user ? config(e, "--user is for root; your processes run as yourself") : ERR_OK;
    if (missing)
        return config(e, arena_fmt(a,
                                   "as root each process has a system user, and %s is missing; "
                                   "make the users (docs/operate.md, or ./run does), or let all "
                                   "share one: --user NAME",
                                   missing));
    if (o->user && (!one || one->pw_uid == 0))
        return config(e, arena_fmt(a, "--user %s: %s", o->user,
                                   one ? "the processes do not run as root" : "no such user"));
    o->separate = !o->user;
    if (o->user)
        return check_way(o, o->user, e);
    for (int i = 0; i < PROCESSES; i++)
        TRY(check_way(o, arena_fmt(a, "certhall-%s", processes[i]), e));
    return ERR_OK;
}

static enum err make_folders(const struct init_options *o, struct err_info *e)
{
    TRY(folder_make(o->place.data, o->separate ? 0755 : 0700, e));
    for (int i = 0; i < PROCESSES; i++)
        if (strcmp(processes[i], "hall") != 0)
            TRY(folder_make(place_folder(&o->place, processes[i]), 0700, e));
    if (!o->separate)
        TRY(peer_key_make(place_peer_key(&o->place), e));
    return folder_make(o->place.run, 0755, e);
}

enum err init_empty(const char *folder, struct err_info *e)
{
    const struct dirent *entry;
    enum err result = ERR_OK;
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT ? ERR_OK : err_set(e, ERR_IO, NULL, "%s: cannot be read", folder);
    while (result == ERR_OK && (entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(dirfd(dir), entry->d_name, 0) != 0)
            result = err_set(e, ERR_IO, NULL, "%s/%s: cannot be removed", folder, entry->d_name);
    closedir(dir);
    return result;
}

static enum err init_all(struct init_options *o, struct err_info *e)
{
    _auto(clock) clock = NULL;
    struct people people __attribute__((cleanup(people_wipe)));
    people_make(&people);
    TRY(make_folders(o, e));
    if (o->demo)
        TRY(init_demo_clock(o, e));
    TRY(clock_open(o->demo ? arena_fmt(o->place.arena, "%s/demo/clock", o->place.data) : NULL,
                   &clock, e));
    TRY(init_authority(o, clock, e));
    if (o->demo)
        TRY(init_demo(o, clock, &people, e));
    TRY(init_hall(o, clock, &people, e));
    return give_folders(o, e);
}

/* "P-256,SM2" */
static int take_algorithms(struct init_options *o, const char *list)
{
    char *rest = arena_text(o->place.arena, list), *name;
    while ((name = strsep(&rest, ",")) != NULL) {
        enum pki_alg alg;
        int twice = 0;
        if (!pki_alg_from_text(name, &alg))
            return report_usage("init",
                                "--algorithms: %s is none of P-256, SM2, RSA-2048, RSA-3072", name);
        for (int i = 0; i < o->algs; i++)
            twice |= o->alg[i] == alg;
        if (twice)
            return report_usage("init", "--algorithms: %s stands there twice", name);
        o->alg[o->algs++] = alg;
    }
    return EXIT_DONE;
}

/* NULL, for the default, is one. */
static int is_address(const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    if (!url)
        return 1;
    return (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0) && host[3] &&
           !strpbrk(host + 3, "/ ?#");
}

static int check(struct init_options *o, const char *port_base)
{
    if (port_base && !text_to_int(port_base, 1, 65530, &o->port_base))
        return report_usage("init", "--port-base is a number from 1 to 65530, not %s", port_base);
    if (access(place_folder(&o->place, "hall"), F_OK) == 0) {
        fprintf(stderr, "certhall init: %s is there already; nothing was changed\n",
                place_folder(&o->place, "hall"));
        return EXIT_FAILED;
    }
    struct arena *a = o->place.arena;
    const char *demo = arena_fmt(a, "%s/demo", o->place.data);
    if (!o->demo && access(demo, F_OK) == 0) {
        fprintf(
            stderr,
            "certhall init: %s stands there: a demo was begun in %s; choose another --data, or remove it\n",
            demo, o->place.data);
        return EXIT_FAILED;
    }
    if (o->database && strncmp(o->database, "postgresql://", 13) != 0 &&
        strncmp(o->database, "postgres://", 11) != 0)
        return report_usage("init", "--database is postgresql://…, not %s", o->database);
    if (!is_address(o->public_url) || !is_address(o->status_url))
        return report_usage("init", "%s is http:// or https:// and a host, and nothing behind it",
                            is_address(o->public_url) ? "--status-url" : "--public-url");
    if (!o->public_url)
        o->public_url = arena_fmt(a, "http://127.0.0.1:%lld", (long long)o->port_base);
    if (!o->status_url)
        o->status_url = arena_fmt(a, "http://127.0.0.1:%lld", (long long)o->port_base + 1);
    if (o->demo && o->no_issuers)
        return report_usage("init",
                            "a demo needs its issuers: --demo and --no-issuers do not go together");
    if (o->demo && strncmp(o->public_url, "http://127.0.0.1:", 17) != 0)
        return report_usage("init", "a demo serves on 127.0.0.1 only, not on %s", o->public_url);
    if (!o->share)
        o->share = place_share(&o->place);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL, *run_folder = NULL, *port_base = NULL, *algorithms = "P-256";
    struct init_options o = {.organisation = "CertHall", .port_base = 8080, .smtp_url = ""};
    const struct option_row rows[] = {
        {"data", &data, NULL},
        {"run", &run_folder, NULL},
        {"public-url", &o.public_url, NULL},
        {"status-url", &o.status_url, NULL},
        {"port-base", &port_base, NULL},
        {"database", &o.database, NULL},
        {"organisation", &o.organisation, NULL},
        {"algorithms", &algorithms, NULL},
        {"smtp-url", &o.smtp_url, NULL},
        {"share", &o.share, NULL},
        {"user", &o.user, NULL},
        {"demo", NULL, &o.demo},
        {"no-issuers", NULL, &o.no_issuers},
    };
    char **rest;
    struct err_info e;
    if (!options_take(argc, argv, rows, sizeof rows / sizeof *rows, &rest))
        return EXIT_USAGE;
    if (*rest)
        return report_usage("init", "unexpected %s", *rest);
    if (place_find(&o.place, data, run_folder, a, &e) != ERR_OK)
        return report("init", &e);
    int status = take_algorithms(&o, algorithms);
    if (status == EXIT_DONE)
        status = check(&o, port_base);
    if (status != EXIT_DONE)
        return status;
    if (init_projects_fit(&o, &e) != ERR_OK || choose_users(&o, &e) != ERR_OK)
        return report("init", &e);
    umask(022);
    return init_all(&o, &e) == ERR_OK ? EXIT_DONE : report("init", &e);
}

const struct verb verb_init = {
    "init", "make a data directory: keys, databases, settings",
    "usage: certhall init [--demo] [options]\n\n"
    "Makes CA keys and certificates, the key management centre's storage key, databases and settings. As root, each\n"
    "process's folder is given to its own system user: certhall-{hall,ca,kmc,responder}, in the group certhall.\n\n"
    "  --data DIR           data directory to make (/var/lib/certhall as root, else ~/.local/share/certhall)\n"
    "  --run DIR            sockets (/run/certhall, else DIR/run)\n"
    "  --demo               a demo on 127.0.0.1: people, a regulator's key, soft UKeys, a clock that can be moved\n"
    "  --public-url URL     where the portal is reached from outside\n"
    "  --status-url URL     where OCSP and CRL are reached; stands in every certificate\n"
    "  --port-base N        hall on N, responder on N+1, simulators on N+2 (8080)\n"
    "  --database URL       postgresql://…/ without a database name: certhall_hall, certhall_ca, certhall_kmc in it\n"
    "  --organisation NAME  O of the CA certificates\n"
    "  --algorithms LIST    issuers to make: P-256, SM2, RSA-2048, RSA-3072 (P-256); what the projects ask for must be\n"
    "                       there (cert.algorithm of their profile.yaml)\n"
    "  --no-issuers         make no issuers: certhall ca ceremony will, with encrypted keys that custodians hold\n"
    "  --user NAME          as root: all processes run as this one user, not separated; for trying out\n"
    "  --smtp-url URL       smtp://host:port for mail, by STARTTLS where it is another machine, or smtps://host:port;\n"
    "                       none: a demo writes files, any other hall starts only with `mail = file` in hall.conf\n\n"
    "Example: certhall init --demo --data /tmp/hall\n",
    run};
