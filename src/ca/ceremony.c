/* What a ceremony makes, in memory. */
#include "ca/ceremony_priv.h"
#include "ca/hsm.h"

#include "base/sys.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_FILE_MAX = 64 << 10, LIST_FILE_MAX = 1 << 20 };
enum { YEARS_MAX = 40, LIST_DAYS_MAX = 3660 };

enum err ca_ceremony_wrong(struct err_info *e, const char *why, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, why);
    vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why", "%s", text);
    return ERR_CONFIG;
}

/* ---- beginning ---- */

static const struct store_row *newest(const struct ca_ceremony *c, const char *role)
{
    const struct store_row *found = NULL;
    for (size_t i = 0; i < c->issuers.n; i++) {
        const struct store_row *row = &c->issuers.row[i];
        if (!strcmp(row_text(row, "algorithm"), pki_alg_text(c->spec->alg)) &&
            !strcmp(row_text(row, "role"), role))
            found = row;
    }
    return found;
}

static int code_is_taken(const struct ca_ceremony *c, const char *code)
{
    for (size_t i = 0; i < c->issuers.n; i++)
        if (!strcmp(row_text(&c->issuers.row[i], "code"), code))
            return 1;
    return 0;
}

/* "issuing-p256", then "issuing-p256-2" … */
static void choose_code(const struct ca_ceremony *c, struct ca_made *m)
{
    const char *suffix = ca_alg_suffix(c->spec->alg);
    snprintf(m->code, sizeof m->code, "%s-%s", m->role, suffix);
    for (int n = 2; code_is_taken(c, m->code); n++)
        snprintf(m->code, sizeof m->code, "%s-%s-%d", m->role, suffix, n);
}

static enum err know_root(struct ca_ceremony *c, struct err_info *e)
{
    const struct store_row *row = newest(c, "root");
    struct cert_view view;
    if (!row)
        return ca_ceremony_wrong(e, "there is no root for %s yet: begin with ceremony create",
                                 pki_alg_text(c->spec->alg));
    struct ca_made *m = &c->root;
    snprintf(m->code, sizeof m->code, "%s", row_text(row, "code"));
    m->id = row_int(row, "id");
    m->certificate = row_blob(row, "certificate");
    m->not_after = row_int(row, "not_after");
    TRY(cert_view(m->certificate, c->arena, &view, e));
    m->subject = view.subject;
    m->not_before = view.not_before;
    struct bytes *list = &c->old_list;
    enum err there = file_read(c->arena,
                               arena_fmt(c->arena, "%s/keys/%s.crl", c->options->data, m->code),
                               LIST_FILE_MAX, list, e);
    return there == ERR_NOT_FOUND ? ERR_OK : there;
}

static enum err know_root_split(struct ca_ceremony *c, struct err_info *e)
{
    struct conf *conf;
    enum err found = conf_read(
        c->arena, arena_fmt(c->arena, "%s/%s.split", c->spec->root_folder, c->root.code), &conf, e);
    if (found == ERR_NOT_FOUND)
        return ERR_OK; /* a root for development: its key is not encrypted */
    TRY(found);
    return split_read(conf, &c->root_key.split, e);
}

static enum err numbers_make_sense(const struct ca_ceremony_spec *s, struct err_info *e)
{
    if (s->kind == CA_CEREMONY_CREATE && (s->root_years < 1 || s->root_years > YEARS_MAX))
        return ca_ceremony_wrong(e, "a root is valid for 1 to %d years", YEARS_MAX);
    if (s->kind != CA_CEREMONY_LIST && (s->issuing_years < 1 || s->issuing_years > YEARS_MAX))
        return ca_ceremony_wrong(e, "an issuing CA is valid for 1 to %d years", YEARS_MAX);
    if (s->kind == CA_CEREMONY_CREATE && s->issuing_years > s->root_years)
        return ca_ceremony_wrong(e, "an issuing CA cannot outlive its root");
    if (s->list_days < 1 || s->list_days > LIST_DAYS_MAX)
        return ca_ceremony_wrong(e, "a root's list is valid for 1 to %d days", LIST_DAYS_MAX);
    return ERR_OK;
}

static enum err prepare(struct ca_ceremony *c, int *settled, struct err_info *e)
{
    int creates = c->spec->kind == CA_CEREMONY_CREATE;
    _auto(store_tx) tx = NULL;
    TRY(numbers_make_sense(c->spec, e));
    TRY(store_open(c->options->database, &ca_catalogue, 1, &c->store, e));
    TRY(store_begin(c->store, STORE_READ, &tx, e));
    TRY(store_many(tx, &Q_ca_issuer_all, NO_PARAMS, c->arena, &c->issuers, e));
    store_tx_free(steal(&tx));
    TRY(ca_ceremony_settle(c, settled, e));
    if (*settled)
        return ERR_OK;
    c->root.role = "root";
    c->issuing.role = "issuing";
    choose_code(c, &c->issuing);
    c->root.id = (int64_t)c->issuers.n + 1;
    c->issuing.id = c->root.id + creates;
    if (creates && newest(c, "root"))
        return ca_ceremony_wrong(e,
                                 "there is a root for %s already: ceremony renew makes a new "
                                 "issuing CA below it",
                                 pki_alg_text(c->spec->alg));
    if (creates)
        choose_code(c, &c->root);
    else
        TRY(know_root(c, e));
    if (!creates)
        TRY(know_root_split(c, e));
    snprintf(c->root_key.code, sizeof c->root_key.code, "%s", c->root.code);
    snprintf(c->issuing_key.code, sizeof c->issuing_key.code, "%s", c->issuing.code);
    return ca_ceremony_room(c, e);
}

enum err ca_ceremony_begin(const struct ca_options *o, const struct ca_ceremony_spec *spec,
                           struct ca_ceremony **out, int *settled, struct err_info *e)
{
    _auto(ca_ceremony) c = mem_alloc(sizeof *c);
    c->options = o;
    c->spec = spec;
    c->arena = arena_new();
    *out = NULL;
    *settled = 0;
    TRY(prepare(c, settled, e));
    if (!*settled)
        *out = steal(&c);
    return ERR_OK;
}

void ca_ceremony_free(struct ca_ceremony *c)
{
    if (!c)
        return;
    ca_made_clear(&c->root);
    ca_made_clear(&c->issuing);
    store_free(c->store);
    arena_free(c->arena);
    mem_wipe(c, sizeof *c);
    free(c);
}

/* ---- the root of before ---- */

const struct split *ca_ceremony_root_split(const struct ca_ceremony *c)
{
    return &c->root_key.split;
}

static enum err take_root(struct ca_ceremony *c, const char *passphrase, struct err_info *e)
{
    struct bytes pem;
    _auto(pki_pub) certified = NULL;
    char *path = arena_fmt(c->arena, "%s/%s.pem", c->spec->root_folder, c->root.code);
    TRY(file_read(c->arena, path, KEY_FILE_MAX, &pem, e));
    TRY(pki_key_load(pem, passphrase, &c->root.key, e));
    TRY(cert_key(c->root.certificate, &certified, e));
    if (!pki_pub_equal(certified, pki_key_pub(c->root.key)))
        return ca_ceremony_wrong(e, "%s is not the key of the root %s", path, c->root.code);
    return pki_signer_from_key(c->root.key, &c->root.signer, e);
}

enum err ca_ceremony_open_root(struct ca_ceremony *c, const struct share *share, size_t n,
                               struct err_info *e)
{
    uint8_t secret[SHARES_SECRET_LEN];
    char passphrase[CA_PASSPHRASE_SIZE];
    if (c->root_key.split.count == 0)
        return take_root(c, NULL, e);
    TRY(shares_join(&c->root_key.split, share, n, secret, e));
    ca_key_passphrase(secret, c->root.code, passphrase);
    enum err result = take_root(c, passphrase, e);
    mem_wipe(secret, sizeof secret);
    mem_wipe(passphrase, sizeof passphrase);
    return result;
}

/* ---- making ---- */

void ca_ceremony_add(struct ca_ceremony *c, enum ca_ceremony_place place, const char *name,
                     struct bytes content)
{
    if (c->files == CA_CEREMONY_FILES)
        return;
    c->file[c->files++] =
        (struct ca_ceremony_file){.place = place,
                                  .name = arena_text(c->arena, name),
                                  .content = arena_bytes(c->arena, content.p, content.n)};
}

static void add_named(struct ca_ceremony *c, enum ca_ceremony_place place, const char *code,
                      const char *ending, struct bytes content)
{
    ca_ceremony_add(c, place, arena_fmt(c->arena, "%s.%s", code, ending), content);
}

static void add_credential(struct ca_ceremony *c, const char *code, const char *passphrase)
{
    if (!c->spec->credential)
        return;
    char *line = arena_fmt(c->arena, "%s = %s\n", code, passphrase);
    ca_ceremony_add(c, CA_PLACE_CREDENTIAL, "",
                    (struct bytes){(const uint8_t *)line, strlen(line)});
}

static void add_split(struct ca_ceremony *c, enum ca_ceremony_place place, const char *code,
                      const struct split *split)
{
    const char *text = split_text(split, c->arena);
    add_named(c, place, code, "split", (struct bytes){(const uint8_t *)text, strlen(text)});
}

/* A key, encrypted under a secret that is split and then forgotten. */
static enum err make_key(struct ca_ceremony *c, struct ca_made *m, struct ca_ceremony_key *k,
                         struct ca_custody custody, enum ca_ceremony_place place,
                         struct err_info *e)
{
    uint8_t secret[SHARES_SECRET_LEN];
    char passphrase[CA_PASSPHRASE_SIZE];
    struct bytes pem;
    random_bytes(secret, sizeof secret);
    ca_key_passphrase(secret, m->code, passphrase);
    enum err result = shares_split(secret, custody.threshold, custody.count, &k->split, k->share,
                                   e);
    if (result == ERR_OK)
        result = ca_made_key(m, c->spec->alg, e);
    if (result == ERR_OK)
        result = pki_key_save(m->key, passphrase, c->arena, &pem, e);
    if (result == ERR_OK && place == CA_PLACE_CA)
        add_credential(c, m->code, passphrase);
    mem_wipe(secret, sizeof secret);
    mem_wipe(passphrase, sizeof passphrase);
    TRY(result);
    add_named(c, place, m->code, "pem", pem);
    add_split(c, place, m->code, &k->split);
    return ERR_OK;
}

/* The key is the HSM's; what the custodians hold opens its PIN. */
static enum err take_from_hsm(struct ca_ceremony *c, struct ca_made *m, struct ca_ceremony_key *k,
                              struct err_info *e)
{
    const struct ca_ceremony_spec *s = c->spec;
    uint8_t secret[SHARES_SECRET_LEN];
    const char *sealed;
    if (!c->options->hsm)
        return ca_ceremony_wrong(e, "ca.conf names no pkcs11_module");
    TRY(ca_hsm_signer(c->options->hsm, s->token, s->key, s->pin, &m->signer, e));
    if (pki_pub_alg(m->signer->pub) != s->alg)
        return ca_ceremony_wrong(e, "the key %s of the HSM is %s", s->key,
                                 pki_alg_text(pki_pub_alg(m->signer->pub)));
    random_bytes(secret, sizeof secret);
    enum err result = shares_split(secret, s->issuing.threshold, s->issuing.count, &k->split,
                                   k->share, e);
    if (result == ERR_OK)
        result = ca_pin_seal(secret, m->code, s->pin, c->arena, &sealed, e);
    mem_wipe(secret, sizeof secret);
    TRY(result);
    const char *where = arena_fmt(c->arena, "token = %s\nkey = %s\nsealed_pin = %s\n", s->token,
                                  s->key, sealed);
    add_named(c, CA_PLACE_CA, m->code, "p11",
              (struct bytes){(const uint8_t *)where, strlen(where)});
    add_split(c, CA_PLACE_CA, m->code, &k->split);
    add_credential(c, m->code, s->pin);
    return ERR_OK;
}

static enum err make_root(struct ca_ceremony *c, struct err_info *e)
{
    const struct ca_ceremony_spec *s = c->spec;
    struct ca_made *m = &c->root;
    m->common_name = s->root_name;
    m->not_before = clock_business(c->options->clock);
    m->not_after = m->not_before + s->root_years * 365LL * TIME_DAY;
    TRY(make_key(c, m, &c->root_key, s->root, CA_PLACE_OUT, e));
    TRY(ca_made_certify(m, s->organisation, m, c->options->status_url, c->arena, e));
    add_named(c, CA_PLACE_OUT, m->code, "cer", m->certificate);
    return ERR_OK;
}

static enum err make_issuing(struct ca_ceremony *c, struct err_info *e)
{
    const struct ca_ceremony_spec *s = c->spec;
    struct ca_made *m = &c->issuing;
    m->common_name = s->issuing_name;
    m->parent_id = c->root.id;
    m->not_before = clock_business(c->options->clock);
    m->not_after = m->not_before + s->issuing_years * 365LL * TIME_DAY;
    if (m->not_after > c->root.not_after)
        m->not_after = c->root.not_after;
    TRY(s->token ? take_from_hsm(c, m, &c->issuing_key, e)
                 : make_key(c, m, &c->issuing_key, s->issuing, CA_PLACE_CA, e));
    TRY(ca_made_certify(m, s->organisation, &c->root, c->options->status_url, c->arena, e));
    c->issuing_key.certificate = m->certificate;
    add_named(c, CA_PLACE_OUT, m->code, "cer", m->certificate);
    return ERR_OK;
}

static int by_serial(const void *x, const void *y)
{
    const struct crl_entry *a = x, *b = y;
    if (a->serial.n != b->serial.n)
        return a->serial.n < b->serial.n ? -1 : 1;
    return memcmp(a->serial.p, b->serial.p, a->serial.n);
}

/* The root's list: what stood there, and what is revoked now. */
static enum err listed(struct ca_ceremony *c, struct crl_entry *entry, size_t *n,
                       struct err_info *e)
{
    int found_it = !c->spec->revoke;
    *n = 0;
    for (size_t i = 0; i < c->issuers.n; i++) {
        const struct store_row *row = &c->issuers.row[i];
        struct cert_view view;
        int there = 0, now = c->spec->revoke && !strcmp(row_text(row, "code"), c->spec->revoke);
        if (row_int(row, "parent_id") != c->root.id)
            continue;
        TRY(cert_view(row_blob(row, "certificate"), c->arena, &view, e));
        if (c->old_list.n > 0)
            TRY(crl_find(c->old_list, view.serial_bytes, &there, &entry[*n], e));
        found_it |= now;
        if (!there && now)
            entry[*n] = (struct crl_entry){.revoked_at = clock_business(c->options->clock),
                                           .reason = CRL_CA_COMPROMISE};
        entry[*n].serial = view.serial_bytes;
        *n += there || now;
    }
    qsort(entry, *n, sizeof *entry, by_serial);
    return found_it ? ERR_OK
                    : ca_ceremony_wrong(e, "%s is no issuing CA below %s", c->spec->revoke,
                                        c->root.code);
}

static enum err make_list(struct ca_ceremony *c, struct err_info *e)
{
    struct crl_entry *entry = arena_alloc(c->arena, (c->issuers.n + 1) * sizeof *entry);
    struct crl_array list = {.entry = entry};
    struct crl_view old = {0};
    struct bytes der;
    TRY(listed(c, entry, &list.n, e));
    if (c->old_list.n > 0)
        TRY(crl_view(c->old_list, &old, e));
    uint64_t machine = (uint64_t)clock_machine(); /* as the ca numbers its own */
    int64_t now = clock_business(c->options->clock);
    struct crl_spec spec = {.issuer = c->root.subject,
                            .issuer_key = c->root.signer->pub,
                            .this_update = now,
                            .next_update = now + c->spec->list_days * (int64_t)TIME_DAY,
                            .number = old.number >= machine ? old.number + 1 : machine};
    struct crl_source source = crl_array_source(&list);
    TRY(crl_write(&spec, &source, c->root.signer, c->arena, &der, e));
    add_named(c, CA_PLACE_CA, c->root.code, "crl", der);
    add_named(c, CA_PLACE_OUT, c->root.code, "crl", der);
    return ERR_OK;
}

enum err ca_ceremony_make(struct ca_ceremony *c, struct err_info *e)
{
    if (c->spec->kind == CA_CEREMONY_CREATE)
        TRY(make_root(c, e));
    c->root_key.certificate = c->root.certificate;
    if (c->spec->kind != CA_CEREMONY_LIST)
        TRY(make_issuing(c, e));
    return make_list(c, e);
}

/* ---- what there is ---- */

const struct ca_ceremony_key *ca_ceremony_root(const struct ca_ceremony *c)
{
    return &c->root_key;
}

const struct ca_ceremony_key *ca_ceremony_issuing(const struct ca_ceremony *c)
{
    return c->spec->kind == CA_CEREMONY_LIST ? NULL : &c->issuing_key;
}

size_t ca_ceremony_files(const struct ca_ceremony *c, const struct ca_ceremony_file **out)
{
    *out = c->file;
    return c->files;
}

enum err ca_ceremony_sign(const struct ca_ceremony *c, struct bytes msg, struct arena *a,
                          struct bytes *sig, struct err_info *e)
{
    return pki_sign(c->root.signer, msg, a, sig, e);
}
