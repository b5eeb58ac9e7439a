#include "main/confine.h"

#include "base/text.h"
#include "hall/settings.h"
#include "reglist/reglist.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

static const char SQLITE[] = "sqlite:";

enum err confine_decoders(struct spawner **out, struct err_info *e)
{
    static const struct decoder *const decoders[] = {&reglist_decoder};
    return spawner_start(decoders, sizeof decoders / sizeof *decoders, &spawner_usual, out, e);
}

static int is_sqlite(const char *url)
{
    return strncmp(url, SQLITE, sizeof SQLITE - 1) == 0;
}

/* SQLite's files stand beside each other; libpq reads what the user keeps for it. */
static void add_database(const struct place *p, const char *url, struct sandbox_folders *f)
{
    const char *home = getenv("HOME");
    if (is_sqlite(url)) {
        sandbox_own(f, dirname(arena_text(p->arena, url + sizeof SQLITE - 1)));
        return;
    }
    sandbox_reads(f, getenv("PGPASSFILE"));
    if (home && *home) {
        sandbox_reads(f, arena_fmt(p->arena, "%s/.pgpass", home));
        sandbox_reads(f, arena_fmt(p->arena, "%s/.postgresql", home));
    }
}

/* "127.0.0.1:8080" */
static void add_port(struct sandbox_folders *f, const char *address)
{
    const char *colon = strrchr(address, ':');
    int64_t port;
    if (colon && text_to_int(colon + 1, 0, 65535, &port))
        f->port[f->ports_n++] = (int)port;
}

static enum err add_of_hall(const struct place *p, struct sandbox_folders *f, struct err_info *e)
{
    struct hall_settings s;
    TRY(hall_settings_read(p->arena, p->data, &s, e));
    if (s.demo)
        sandbox_own(f, arena_fmt(p->arena, "%s/demo", p->data));
    sandbox_reads(f, place_share(p));
    sandbox_reads(f, s.profiles);
    sandbox_reads(f, s.smtp_ca);
    sandbox_reads(f, conf_get(s.conf, "web", NULL));
    sandbox_reads(f, conf_get(s.conf, "client", NULL));
    add_port(f, arena_fmt(p->arena, ":%lld", (long long)s.port));
    add_database(p, s.database, f);
    return ERR_OK;
}

enum err confine_folders(const struct place *p, const char *process, struct err_info *e)
{
    struct sandbox_folders f = {0};
    struct conf *c;
    TRY(place_conf(p, process, &c, e));
    TRY(folder_make(place_run(p, process), 0750, e));
    sandbox_own(&f, place_folder(p, process));
    sandbox_own(&f, place_run(p, process));
    sandbox_reads(&f, place_peer_key(p));
    sandbox_reads(&f, conf_get(c, "clock", NULL));
    if (strcmp(process, "hall") == 0) {
        TRY(add_of_hall(p, &f, e));
    } else if (conf_get(c, "database", NULL)) {
        add_database(p, conf_get(c, "database", NULL), &f);
    }
    if (conf_get(c, "listen", NULL))
        add_port(&f, conf_get(c, "listen", NULL));
    return sandbox_close_folders(&f, e);
}

enum err confine_calls(const struct place *p, const char *process, struct err_info *e)
{
    struct conf *c;
    TRY(place_conf(p, process, &c, e));
    const char *database = conf_get(c, "database", SQLITE);
    /* the bank and the mail server stand anywhere */
    int network = strcmp(process, "hall") == 0 || !is_sqlite(database);
    return sandbox_calls(network ? SANDBOX_NETWORK : 0, e);
}
