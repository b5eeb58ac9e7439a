/* The hall's part of init: secrets, database, staff, the regulator's certificate, the bank's keys, settings. Comes last: the folder
 * `hall` says that the installation is whole. */
#include "main/init.h"

#include "base/text.h"
#include "hall/catalogue.h"
#include "hall/intake/intake.h"
#include "hall/settings.h"
#include "hall/staff/staff.h"
#include "hall/ukey/ukey.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "pki/pem.h"
#include "store/store.h"
#include "token/soft.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char MERCHANT[] = "certhall-demo";

static struct bytes as_bytes(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static char *made_in(const struct init_options *o, const char *name)
{
    return arena_fmt(o->place.arena, "%s.new/%s", place_folder(&o->place, "hall"), name);
}

/* An RSA pair as PEM files: `<folder>/<name>-key.pem` (0600) and, at `pub_path`, the public key. */
static enum err make_rsa(const struct init_options *o, const char *key_path, const char *pub_path,
                         const char **pub_pem, struct err_info *e)
{
    struct arena *a = o->place.arena;
    _auto(pki_key) key = NULL;
    struct bytes pem;
    TRY(pki_key_new(PKI_RSA2048, &key, e));
    TRY(pki_key_save(key, NULL, a, &pem, e));
    TRY(file_replace(key_path, pem, 0600, e));
    *pub_pem = pem_encode(a, "PUBLIC KEY", pki_pub_spki(pki_key_pub(key)));
    return file_replace(pub_path, as_bytes(*pub_pem), 0644, e);
}

/* The bank simulator is a party of its own: it gets its key pair and our public key, we its public key. */
static enum err make_bank(const struct init_options *o, struct err_info *e)
{
    struct arena *a = o->place.arena;
    const char *sim = place_folder(&o->place, "sim"), *bank_pub, *our_pub;
    TRY(folder_make(sim, 0700, e));
    TRY(make_rsa(o, arena_fmt(a, "%s/bank-key.pem", sim), arena_fmt(a, "%s/bank-pub.pem", sim),
                 &bank_pub, e));
    TRY(make_rsa(o, made_in(o, "merchant-key.pem"), made_in(o, "merchant-pub.pem"), &our_pub, e));
    TRY(file_replace(made_in(o, "bank-pub.pem"), as_bytes(bank_pub), 0644, e));
    _auto_buf b;
    buf_init(&b, 16 << 10);
    struct json_out j;
    jout_init(&j, &b);
    jout_list(&j, NULL);
    jout_object(&j, NULL);
    jout_text(&j, "id", MERCHANT);
    jout_text(&j, "name", "证书大厅（演示）");
    jout_text(&j, "public_key", our_pub);
    jout_end(&j);
    jout_end(&j);
    TRY(file_replace(arena_fmt(a, "%s/merchants.json", sim), (struct bytes){b.p, b.n}, 0600, e));
    const struct passwd *user = o->separate ? getpwnam("certhall-sim") : NULL;
    const char *const files[] = {"", "/bank-key.pem", "/bank-pub.pem", "/merchants.json"};
    for (int i = 0; user && i < 4; i++)
        if (chown(arena_fmt(a, "%s%s", sim, files[i]), user->pw_uid, user->pw_gid) != 0)
            return err_set(e, ERR_IO, NULL, "%s: cannot be given to certhall-sim", sim);
    return ERR_OK;
}

static enum err write_settings(const struct init_options *o, struct err_info *e)
{
    struct arena *a = o->place.arena;
    const char *demo =
        o->demo
            ? arena_fmt(
                  a,
                  "demo = yes\nclock = %s/demo/clock\nbank_url = http://127.0.0.1:%lld\nbank_merchant = %s\n"
                  "# the same key signs for us at the bank; bank-pub.pem is the bank's\n",
                  o->place.data, (long long)o->port_base + 2, MERCHANT)
            : "# no SMS gateway is built in: the hall starts only when this says that its files are passed on\n"
              "# sms = file\n"
              "# nor without a mail server (smtp_url), unless mail is passed on as files as well\n"
              "# mail = file\n";
    return file_replace(
        made_in(o, "hall.conf"),
        as_bytes(arena_fmt(
            a,
            "database = %s\npublic_url = %s\nport = %lld\nprofiles = %s/profiles\nweb = %s/web\n"
            "smtp_url = %s\n%s",
            init_database(o, "hall"), o->public_url, (long long)o->port_base, o->share, o->share,
            o->smtp_url, demo)),
        0600, e);
}

static unsigned roles_of(const char *codes, struct arena *a)
{
    unsigned roles = 0;
    char *rest = arena_text(a, codes), *code;
    while ((code = strsep(&rest, " ")) != NULL)
        roles |= staff_role_from_code(code);
    return roles;
}

static enum err add_people(struct hall_tx *tx, const struct init_options *o,
                           const struct people *people, struct err_info *e)
{
    for (int i = 0; i < PEOPLE; i++) {
        const struct person *p = &people->person[i];
        unsigned roles = roles_of(p->roles, tx->arena);
        int first_people = roles & (STAFF_AUDITOR | STAFF_SUPER_ADMIN);
        int64_t id;
        if (!o->demo &&
            !first_people) /* a real installation begins with who may add the others, and who watches */
            continue;
        TRY(staff_add(
            tx,
            &(struct staff_new){
                .login = p->login, .name = p->name, .roles = roles, .password = p->password},
            &id, e));
    }
    return ERR_OK;
}

static enum err enter_regulator(struct hall_tx *tx, const struct init_options *o,
                                struct err_info *e)
{
    struct bytes certificate;
    TRY(file_read(tx->arena, arena_fmt(tx->arena, "%s/demo/regulator/regulator.crt", o->place.data),
                  64 << 10, &certificate, e));
    return intake_set_regulator(tx, "aml-reporting", certificate, e);
}

/* The blank UKeys of the bench come into stock (T1). */
static enum err stock_blanks(struct hall_tx *tx, const struct init_options *o, struct err_info *e)
{
    struct token_info *list;
    size_t n;
    _auto(token_place) place = NULL;
    TRY(token_soft_place(arena_fmt(tx->arena, "%s/demo/ukeys/bench", o->place.data), &place, e));
    TRY(token_list(place, tx->arena, &list, &n, e));
    const char **serial = arena_alloc(tx->arena, (n + 1) * sizeof *serial);
    for (size_t i = 0; i < n; i++)
        serial[i] = list[i].serial;
    return ukey_stock_in(tx,
                         &(struct ukey_stock){.project = "aml-reporting",
                                              .prefix = "FX",
                                              .model = "soft",
                                              .batch = "demo",
                                              .serial = serial,
                                              .n = n},
                         e);
}

static enum err find_maker(struct hall_tx *tx, int64_t *id, struct err_info *e)
{
    const struct staff *list;
    size_t n;
    TRY(staff_list(tx, &list, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (!(list[i].roles & STAFF_MAKER))
            continue;
        *id = list[i].id;
        return ERR_OK;
    }
    return err_set(e, ERR_INTERNAL, NULL, "the demo has no maker");
}

/* The UKey that the maker signs with, whose certificate was entered at the ca. */
static enum err enter_maker_ukey(struct hall_tx *tx, const struct init_options *o,
                                 struct err_info *e)
{
    struct token_info *list;
    struct bytes der;
    struct cert_view view;
    size_t n;
    struct ukey_staff own = {0};
    _auto(token_place) place = NULL;
    _auto(token) t = NULL;
    TRY(token_soft_place(arena_fmt(tx->arena, "%s/demo/ukeys/staff", o->place.data), &place, e));
    TRY(token_list(place, tx->arena, &list, &n, e));
    if (n != 1)
        return err_set(e, ERR_INTERNAL, NULL, "%zu UKeys of staff in the demo", n);
    TRY(token_open(place, list[0].serial, &t, e));
    TRY(token_certificate(t, "staff", tx->arena, &der, e));
    TRY(cert_view(der, tx->arena, &view, e));
    own.serial = list[0].serial;
    own.certificate = view.serial;
    TRY(find_maker(tx, &own.staff, e));
    return ukey_staff_put(tx, &own, e);
}

static enum err fill_database(const struct init_options *o, const struct clock *clock,
                              const struct people *people, struct err_info *e)
{
    _auto(store) store = NULL;
    _auto(vault) vault = NULL;
    _auto(hall_secrets) secrets = NULL;
    _auto(hall_ids) ids = hall_ids_fixed(0);
    TRY(hall_secrets_read(made_in(o, "secrets"), &secrets, e));
    struct vault_keys keys;
    hall_secrets_vault_keys(secrets, &keys);
    enum err made = vault_new(&keys, &vault, e);
    mem_wipe(&keys, sizeof keys);
    TRY(made);
    TRY(store_open(o->database ? init_database(o, "hall")
                               : arena_fmt(o->place.arena, "sqlite:%s", made_in(o, "hall.db")),
                   &hall_catalogue, 1, &store, e));
    struct hall hall = {.store = store,
                        .clock = clock,
                        .vault = vault,
                        .public_url = o->public_url,
                        .demo = o->demo,
                        .ids = ids};
    _auto_hall_tx tx = {0};
    TRY(hall_begin(&hall, 1, &hall_system, o->place.arena, &tx, e));
    TRY(add_people(&tx, o, people, e));
    if (o->demo) {
        TRY(enter_regulator(&tx, o, e));
        TRY(stock_blanks(&tx, o, e));
        TRY(enter_maker_ukey(&tx, o, e));
    }
    return hall_commit(&tx, e);
}

/* Printed once; a demo keeps them in `<demo>/passwords.json` for its owner alone. */
static void tell_passwords(const struct init_options *o, const struct people *people)
{
    for (int i = 0; i < PEOPLE; i++) {
        const struct person *p = &people->person[i];
        if (o->demo || strstr(p->roles, "auditor") || strstr(p->roles, "super_admin"))
            printf("%-8s %-28s password %s%s%s\n", p->login, p->roles, p->password,
                   p->ukey_pin[0] ? "  UKey PIN " : "", p->ukey_pin);
    }
}

enum err init_hall(const struct init_options *o, const struct clock *clock,
                   const struct people *people, struct err_info *e)
{
    const char *folder = place_folder(&o->place, "hall"),
               *new_folder = arena_fmt(o->place.arena, "%s.new", folder);
    TRY(init_empty(new_folder, e));
    TRY(folder_make(new_folder, 0700, e));
    TRY(hall_secrets_make(made_in(o, "secrets"), e));
    if (o->demo)
        TRY(make_bank(o, e));
    TRY(write_settings(o, e));
    TRY(fill_database(o, clock, people, e));
    if (o->demo)
        TRY(people_write(people, arena_fmt(o->place.arena, "%s/demo", o->place.data), e));
    if (rename(new_folder, folder) != 0)
        return err_set(e, ERR_IO, NULL, "%s cannot be renamed", new_folder);
    tell_passwords(o, people);
    return ERR_OK;
}
