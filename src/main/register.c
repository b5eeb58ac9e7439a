/* certhall register: what the hall must know before the first order: regulators' keys, makers' UKeys, blank UKeys. */
#include "main/open_hall.h"
#include "main/verb.h"

#include "base/text.h"
#include "hall/intake/intake.h"
#include "hall/project/project.h"
#include "hall/staff/staff.h"
#include "hall/ukey/ukey.h"
#include "pki/cert.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 10 };

struct registration {
    struct place place;
    struct opened_hall *hall;
    const char *certificate, *ukey, *model, *batch, *folder;
    char **words; /* NULL-terminated: regulator PROJECT | maker LOGIN | ukeys PROJECT SERIAL … */
};

static enum err find_project(const struct registration *r, const char *code, struct project **out,
                             struct err_info *e)
{
    struct arena *a = r->place.arena;
    const char *folder = *r->hall->settings.profiles
                             ? r->hall->settings.profiles
                             : arena_fmt(a, "%s/profiles", place_share(&r->place));
    const char *path = arena_fmt(a, "%s/%s/profile.yaml", folder, code);
    struct project_report report = {.arena = a};
    if (!strchr(code, '/') && access(path, R_OK) == 0)
        return project_load(arena_fmt(a, "%s/%s", folder, code), out, &report, e);
    err_set(e, ERR_BAD_REQUEST, "project", NULL);
    err_arg(e, "why", "there is no project %s in %s", code, folder);
    return ERR_BAD_REQUEST;
}

static enum err add_regulator(const struct registration *r, struct hall_tx *tx, struct err_info *e)
{
    struct bytes certificate;
    _auto(project) project = NULL;
    TRY(find_project(r, r->words[1], &project, e));
    TRY(file_read(tx->arena, r->certificate, FILE_MAX, &certificate, e));
    return intake_set_regulator(tx, r->words[1], certificate, e);
}

static enum err find_maker(struct hall_tx *tx, const char *login, int64_t *id, struct err_info *e)
{
    const struct staff *all;
    size_t n;
    TRY(staff_list(tx, &all, &n, e));
    for (size_t i = 0; i < n; i++)
        if (!strcmp(all[i].login, login) && (all[i].roles & STAFF_MAKER)) {
            *id = all[i].id;
            return ERR_OK;
        }
    err_set(e, ERR_BAD_REQUEST, "login", NULL);
    err_arg(e, "why", "there is no maker %s (see certhall staff list)", login);
    return ERR_BAD_REQUEST;
}

static enum err add_maker(const struct registration *r, struct hall_tx *tx, struct err_info *e)
{
    struct bytes text, der;
    struct cert_view view;
    struct ukey_staff own = {.serial = r->ukey};
    TRY(find_maker(tx, r->words[1], &own.staff, e));
    TRY(file_read(tx->arena, r->certificate, FILE_MAX, &text, e));
    TRY(cert_decode(text, tx->arena, &der, e));
    TRY(cert_view(der, tx->arena, &view, e));
    own.certificate = view.serial;
    return ukey_staff_put(tx, &own, e);
}

static enum err add_ukeys(const struct registration *r, struct hall_tx *tx, struct err_info *e)
{
    _auto(project) project = NULL;
    struct ukey_stock stock = {.project = r->words[1],
                               .model = r->model,
                               .batch = r->batch,
                               .serial = (const char *const *)&r->words[2]};
    TRY(find_project(r, r->words[1], &project, e));
    stock.prefix = project->about.serial_prefix;
    while (stock.serial[stock.n])
        stock.n++;
    return ukey_stock_in(tx, &stock, e);
}

static enum err act(struct registration *r, struct err_info *e)
{
    struct opened_hall o __attribute__((cleanup(close_hall))) = {0};
    TRY(open_hall(&r->place, &o, e));
    o.hall.ids = hall_ids_fixed(0);
    r->hall = &o;
    _auto_hall_tx tx = {0};
    TRY(hall_begin(&o.hall, 1, &hall_system, r->place.arena, &tx, e));
    if (!strcmp(r->words[0], "regulator"))
        TRY(add_regulator(r, &tx, e));
    else if (!strcmp(r->words[0], "maker"))
        TRY(add_maker(r, &tx, e));
    else
        TRY(add_ukeys(r, &tx, e));
    return hall_commit(&tx, e);
}

/* What is wrong with the words and options; NULL: nothing. */
static const char *wrong(const struct registration *r)
{
    char *const *w = r->words;
    if (!w[0] || (strcmp(w[0], "regulator") && strcmp(w[0], "maker") && strcmp(w[0], "ukeys")))
        return "expected: regulator PROJECT, maker LOGIN, or ukeys PROJECT SERIAL …";
    if (!strcmp(w[0], "ukeys"))
        return w[1] && w[2] && r->model && r->batch
                   ? NULL
                   : "ukeys wants PROJECT, serials, --model and --batch";
    if (!w[1] || w[2] || !r->certificate)
        return "wants one name and --certificate FILE";
    return strcmp(w[0], "maker") || r->ukey ? NULL : "maker wants --ukey SERIAL";
}

static int run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL;
    struct registration r = {0};
    const struct option_row rows[] = {{"data", &data, NULL},
                                      {"certificate", &r.certificate, NULL},
                                      {"ukey", &r.ukey, NULL},
                                      {"model", &r.model, NULL},
                                      {"batch", &r.batch, NULL}};
    struct err_info e;
    if (!options_take(argc, argv, rows, sizeof rows / sizeof *rows, &r.words))
        return EXIT_USAGE;
    const char *why = wrong(&r);
    if (why)
        return report_usage("register", "%s", why);
    if (place_find(&r.place, data, NULL, a, &e) != ERR_OK || act(&r, &e) != ERR_OK)
        return report("register", &e);
    return EXIT_DONE;
}

const struct verb verb_register = {
    "register", "tell the hall of regulators' keys, makers' UKeys, blank UKeys",
    "usage: certhall register regulator PROJECT --certificate FILE\n"
    "       certhall register maker LOGIN --ukey SERIAL --certificate FILE\n"
    "       certhall register ukeys PROJECT --model MODEL --batch NAME SERIAL …\n\n"
    "What the hall must know before the first order. A regulator's key and a maker's UKey count only when the ca believes\n"
    "them too (certhall trust). Blank UKeys come into stock all together or not at all; each serial is the project's prefix,\n"
    "two digits of the year, eight digits.\n\n"
    "  --data DIR   data directory made by certhall init\n\n"
    "Example: certhall register ukeys aml-reporting --model soft --batch 2026-11 FX2600071182 FX2600071183\n",
    run};
