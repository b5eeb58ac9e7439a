#include "main/open_hall.h"

#include "hall/catalogue.h"
#include "hall/vault/vault.h"
#include "store/store.h"

enum { CONNECTIONS = 8 };

enum err open_hall(const struct place *p, struct opened_hall *out, struct err_info *e)
{
    TRY(hall_settings_read(p->arena, p->data, &out->settings, e));
    TRY(hall_secrets_read(arena_fmt(p->arena, "%s/secrets", out->settings.folder), &out->secrets,
                          e));
    struct vault_keys keys;
    hall_secrets_vault_keys(out->secrets, &keys);
    enum err made = vault_new(&keys, &out->vault, e);
    mem_wipe(&keys, sizeof keys);
    TRY(made);
    TRY(clock_open(out->settings.demo_clock, &out->clock, e));
    TRY(store_open(out->settings.database, &hall_catalogue, CONNECTIONS, &out->store, e));
    out->hall.store = out->store;
    out->hall.clock = out->clock;
    out->hall.vault = out->vault;
    out->hall.public_url = out->settings.public_url;
    out->hall.server_id = out->settings.server_id;
    out->hall.demo = out->settings.demo;
    return ERR_OK;
}

void close_hall(struct opened_hall *o)
{
    hall_ids_free(o->hall.ids);
    store_free(o->store);
    vault_free(o->vault);
    clock_free(o->clock);
    hall_secrets_free(o->secrets);
}
