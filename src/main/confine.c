#include "main/confine.h"

#include "base/text.h"
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

enum err confine_begin(const struct place *p, const char *process, const struct conf *conf,
                       struct sandbox_folders *out, struct err_info *e)
{
    TRY(folder_make(place_run(p, process), 0750, e));
    *out = (struct sandbox_folders){0};
    sandbox_own(out, place_folder(p, process));
    sandbox_own(out, place_run(p, process));
    sandbox_reads(out, place_peer_key(p));
    sandbox_reads(out, conf_get(conf, "clock", NULL));
    return ERR_OK;
}

void confine_database(const struct place *p, const char *url, struct sandbox_folders *f)
{
    const char *home = getenv("HOME");
    if (strncmp(url, SQLITE, sizeof SQLITE - 1) == 0) {
        sandbox_own(f, dirname(arena_text(p->arena, url + sizeof SQLITE - 1)));
        return;
    }
    sandbox_reads(f, getenv("PGPASSFILE"));
    if (home && *home) {
        sandbox_reads(f, arena_fmt(p->arena, "%s/.pgpass", home));
        sandbox_reads(f, arena_fmt(p->arena, "%s/.postgresql", home));
    }
}

unsigned confine_powers(const char *database)
{
    return strncmp(database, SQLITE, sizeof SQLITE - 1) == 0 ? 0 : SANDBOX_NETWORK;
}

void confine_port(struct sandbox_folders *f, const char *address)
{
    const char *colon = strrchr(address, ':');
    int64_t port;
    if (colon && text_to_int(colon + 1, 0, 65535, &port) && f->ports_n < SANDBOX_PORTS_MAX)
        f->port[f->ports_n++] = (int)port;
}
