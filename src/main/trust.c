/* certhall trust: whom the ca believes. Speaks to the ca's administrator socket, so it is run on the ca's own host. */
#include "main/place.h"
#include "main/verb.h"

#include "base/text.h"
#include "httpc/httpc.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/pem.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 16 << 10, HASHES_FILE_MAX = 64 << 20 };

struct trust {
    struct place place;
    const char *certificate, *csr, *ukey, *organisation, *by, *why;
};

static enum err call(const struct trust *t, const char *method, const char *path,
                     const struct buf *body, json_t **answer, struct err_info *e)
{
    const char *header;
    TRY(place_peer_header(&t->place, &header, e));
    _auto(httpc) c =
        httpc_new(&(struct httpc_options){.service = "ca",
                                          .base = "http://ca",
                                          .unix_path = place_socket(&t->place, "ca", "admin"),
                                          .header = header});
    enum err done = httpc_json(c, method, path, body, answer, e);
    if (done != ERR_UNAVAILABLE)
        return done;
    err_set(e, ERR_CONFIG, NULL, NULL);
    err_arg(e, "why",
            "the ca does not answer at %s, and nothing was done; start it and repeat this",
            place_socket(&t->place, "ca", "admin"));
    return ERR_CONFIG;
}

/* PEM or DER of a file, told as PEM. */
static enum err put_file(const struct trust *t, struct json_out *j, const char *key,
                         const char *path, struct err_info *e)
{
    struct arena *a = t->place.arena;
    struct bytes text, der;
    TRY(file_read(a, path, FILE_MAX, &text, e));
    int request = !strcmp(key, "csr");
    TRY(request ? csr_decode(text, a, &der, e) : cert_decode(text, a, &der, e));
    jout_text(j, key, pem_encode(a, request ? "CERTIFICATE REQUEST" : "CERTIFICATE", der));
    return ERR_OK;
}

static int is_staff(const char *role)
{
    return !strcmp(role, "maker") || !strcmp(role, "reviewer");
}

/* ---- list ---- */

static enum err list(const struct trust *t, struct err_info *e)
{
    _auto_json answer = NULL;
    const json_t *one;
    size_t i;
    TRY(call(t, "GET", "/ca/v1/trust", NULL, &answer, e));
    json_array_foreach (json_object_get(answer, "items"), i, one) {
        const char *ended = json_opt_text(one, "ended_at", NULL);
        printf("%s %lld\t%s\t%s\tuntil %.10s\tentered %.10s by %s%s%.10s\n",
               json_opt_text(one, "role", ""), (long long)json_opt_int(one, "id", 0),
               json_opt_text(one, "name", ""), json_opt_text(one, "subject", ""),
               json_opt_text(one, "not_after", ""), json_opt_text(one, "entered_at", ""),
               json_opt_text(one, "entered_by", ""), ended ? "\tENDED " : "", ended ? ended : "");
    }
    return ERR_OK;
}

/* ---- enter ---- */

/* The certificate that was made goes to standard output, for `certhall-agent key import`. */
static enum err print_certificate(const struct trust *t, const json_t *answer, struct err_info *e)
{
    struct bytes der;
    TRY(json_get_base64(answer, "certificate", FILE_MAX, t->place.arena, &der, e));
    fputs(pem_encode(t->place.arena, "CERTIFICATE", der), stdout);
    return ERR_OK;
}

static enum err enter_staff(const struct trust *t, const char *role, const char *name,
                            struct err_info *e)
{
    struct json_out j;
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, 64 << 10);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "name", name);
    jout_text(&j, "role", role);
    jout_text(&j, "by", t->by);
    if (t->csr) {
        jout_text(&j, "organisation", t->organisation);
        jout_text(&j, "ukey", t->ukey);
        TRY(put_file(t, &j, "csr", t->csr, e));
    } else {
        TRY(put_file(t, &j, "certificate", t->certificate, e));
    }
    jout_end(&j);
    TRY(call(t, "POST", "/ca/v1/staff", &body, &answer, e));
    return t->csr ? print_certificate(t, answer, e) : ERR_OK;
}

static enum err enter_regulator(const struct trust *t, const char *project, struct err_info *e)
{
    struct json_out j;
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, 64 << 10);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "project", project);
    jout_text(&j, "by", t->by);
    TRY(put_file(t, &j, "certificate", t->certificate, e));
    jout_end(&j);
    return call(t, "POST", "/ca/v1/regulator-keys", &body, &answer, e);
}

/* ---- end ---- */

static enum err end(const struct trust *t, const char *kind, const char *id, struct err_info *e)
{
    struct json_out j;
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, 1024);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "by", t->by);
    jout_end(&j);
    const char *path = arena_fmt(t->place.arena, "/ca/v1/%s/%s/end",
                                 is_staff(kind) ? "staff" : "regulator-keys", id);
    return call(t, "POST", path, &body, &answer, e);
}

/* ---- keys that get no certificate ---- */

/* The hash of the key in a certificate or request; 0 where the file is neither. */
static int hash_of_key(struct arena *a, struct bytes file, uint8_t hash[DIGEST_LEN])
{
    struct err_info e;
    struct bytes der;
    struct csr request;
    _auto(pki_pub) key = NULL;
    if (cert_decode(file, a, &der, &e) != ERR_OK || cert_key(der, &key, &e) != ERR_OK)
        if (csr_decode(file, a, &der, &e) != ERR_OK || csr_parse(der, &request, &e) != ERR_OK ||
            pki_pub_load(request.spki, &key, &e) != ERR_OK)
            return 0;
    digest_sha256(pki_pub_spki(key), hash);
    return 1;
}

static enum err send_hashes(const struct trust *t, const char *const *hash, size_t n,
                            struct err_info *e)
{
    struct json_out j;
    _auto_json answer = NULL;
    _auto_buf body;
    const json_t *serial;
    size_t i;
    buf_init(&body, 256 << 10);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "why", t->why);
    jout_text(&j, "by", t->by);
    jout_list(&j, "keys");
    for (i = 0; i < n; i++)
        jout_text(&j, NULL, hash[i]);
    jout_end(&j);
    jout_end(&j);
    TRY(call(t, "POST", "/ca/v1/compromised-keys", &body, &answer, e));
    json_array_foreach (json_object_get(answer, "live"), i, serial)
        printf("%s\n", json_string_value(serial));
    return ERR_OK;
}

/* A line of a list of hashes, `end` behind it; n 0: nothing in it. */
static enum err take_line(struct arena *a, const char *line, const char *end, const char **hash,
                          struct err_info *e)
{
    struct bytes raw;
    *hash = text_trim(a, arena_text_n(a, line, (size_t)(end - line)));
    if (!**hash || (text_from_hex(a, *hash, &raw) && raw.n == DIGEST_LEN))
        return ERR_OK;
    err_set(e, ERR_BAD_REQUEST, NULL, NULL);
    err_arg(e, "why", "neither certificate nor request, and \"%.40s\" is no SHA-256 of a key",
            *hash);
    return ERR_BAD_REQUEST;
}

static enum err refuse_listed(const struct trust *t, struct bytes file, struct err_info *e)
{
    enum { AT_A_TIME = 1000 };
    struct arena *a = t->place.arena;
    const char *hash[AT_A_TIME], *p = (const char *)file.p, *end = p + file.n;
    size_t n = 0;
    while (p < end) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        TRY(take_line(a, p, eol ? eol : end, &hash[n], e));
        n += *hash[n] != '\0';
        p = eol ? eol + 1 : end;
        if (n == AT_A_TIME || (n > 0 && p == end)) {
            TRY(send_hashes(t, hash, n, e));
            n = 0;
        }
    }
    return ERR_OK;
}

static enum err refuse_keys(const struct trust *t, const char *path, struct err_info *e)
{
    struct arena *a = t->place.arena;
    struct bytes file;
    uint8_t sum[DIGEST_LEN];
    TRY(file_read(a, path, HASHES_FILE_MAX, &file, e));
    if (!hash_of_key(a, file, sum))
        return refuse_listed(t, file, e);
    const char *hash = text_hex(a, (struct bytes){sum, sizeof sum});
    return send_hashes(t, &hash, 1, e);
}

static enum err list_refused(const struct trust *t, struct err_info *e)
{
    const char *after = "";
    size_t n;
    do {
        _auto_json answer = NULL;
        const json_t *one;
        const char *path = arena_fmt(t->place.arena, "/ca/v1/compromised-keys?after=%s", after);
        TRY(call(t, "GET", path, NULL, &answer, e));
        json_array_foreach (json_object_get(answer, "items"), n, one) {
            after = arena_text(t->place.arena, json_opt_text(one, "key", ""));
            printf("%s\t%s\tentered %.10s by %s\n", after, json_opt_text(one, "why", ""),
                   json_opt_text(one, "entered_at", ""), json_opt_text(one, "entered_by", ""));
        }
    } while (n > 0);
    return ERR_OK;
}

/* ---- command line ---- */

/* What is wrong with the words and options; NULL: nothing. */
static const char *wrong(const struct trust *t, char **rest)
{
    size_t n = 0;
    int64_t id;
    while (rest[n])
        n++;
    if (n == 1 && (!strcmp(rest[0], "list") || !strcmp(rest[0], "refused")))
        return NULL;
    if (n == 0 || (!is_staff(rest[0]) && strcmp(rest[0], "regulator") && strcmp(rest[0], "end") &&
                   strcmp(rest[0], "refuse")))
        return "expected: list, maker|reviewer NAME, regulator PROJECT, end ROLE ID, refuse FILE, or "
               "refused";
    if (!t->by)
        return "--by NAME is missing: who is answerable for it";
    if (!strcmp(rest[0], "end"))
        return n == 3 && (is_staff(rest[1]) || !strcmp(rest[1], "regulator")) &&
                       text_to_int(rest[2], 1, INT64_MAX, &id)
                   ? NULL
                   : "end wants maker, reviewer or regulator, and the number that list shows";
    if (!strcmp(rest[0], "refuse"))
        return n == 2 && t->why ? NULL : "refuse wants one FILE and --why TEXT";
    if (n != 2)
        return is_staff(rest[0]) ? "maker and reviewer want one NAME"
                                 : "regulator wants one PROJECT";
    if (is_staff(rest[0]) && t->csr)
        return t->ukey && t->organisation ? NULL : "--csr wants --ukey and --organisation as well";
    return t->certificate ? NULL : "--certificate FILE is missing";
}

static enum err act(const struct trust *t, char **rest, struct err_info *e)
{
    if (!strcmp(rest[0], "list"))
        return list(t, e);
    if (is_staff(rest[0]))
        return enter_staff(t, rest[0], rest[1], e);
    if (!strcmp(rest[0], "regulator"))
        return enter_regulator(t, rest[1], e);
    if (!strcmp(rest[0], "refuse"))
        return refuse_keys(t, rest[1], e);
    if (!strcmp(rest[0], "refused"))
        return list_refused(t, e);
    return end(t, rest[1], rest[2], e);
}

static int run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    const char *data = NULL, *run_folder = NULL;
    struct trust t = {0};
    const struct option_row rows[] = {{"data", &data, NULL},
                                      {"run", &run_folder, NULL},
                                      {"by", &t.by, NULL},
                                      {"why", &t.why, NULL},
                                      {"certificate", &t.certificate, NULL},
                                      {"csr", &t.csr, NULL},
                                      {"ukey", &t.ukey, NULL},
                                      {"organisation", &t.organisation, NULL}};
    char **rest;
    struct err_info e;
    if (!options_take(argc, argv, rows, sizeof rows / sizeof *rows, &rest))
        return EXIT_USAGE;
    const char *why = wrong(&t, rest);
    if (why)
        return report_usage("trust", "%s", why);
    if (place_find(&t.place, data, run_folder, a, &e) != ERR_OK || act(&t, rest, &e) != ERR_OK)
        return report("trust", &e);
    return EXIT_DONE;
}

const struct verb verb_trust = {
    "trust", "say whom the ca believes: makers, reviewers, regulators' keys",
    "usage: certhall trust list\n"
    "       certhall trust regulator PROJECT --certificate FILE --by NAME\n"
    "       certhall trust maker|reviewer NAME --csr FILE --ukey SERIAL --organisation NAME --by NAME > maker.crt\n"
    "       certhall trust maker|reviewer NAME --certificate FILE --by NAME\n"
    "       certhall trust end maker|reviewer|regulator ID --by NAME\n"
    "       certhall trust refuse FILE --why TEXT --by NAME\n"
    "       certhall trust refused\n\n"
    "A certificate is issued only for a row of a list that a regulator's key signed, and on the signature of a maker's\n"
    "UKey; of some profiles a reviewer's signature is wanted as well or instead of the row. All are entered here, at the ca's own socket, by its business administrator; the hall cannot. --by says who\n"
    "is answerable; it stands in the ca's audit chain. `list` shows the numbers that `end` takes.\n\n"
    "`refuse` enters keys that are known to be compromised: no certificate is made for them any more. FILE is a certificate or\n"
    "request with the key, or a list of hashes, one a line: SHA-256 of the SubjectPublicKeyInfo in hex. Serials of certificates\n"
    "that live with such a key are printed: revoke them. `refused` lists the hashes.\n\n"
    "  --csr FILE           certify the key of a UKey (certhall-agent key staff makes the request)\n"
    "  --certificate FILE   enter a certificate that is there already; PEM or DER\n"
    "  --data DIR  --run DIR\n\n"
    "Example: certhall trust regulator aml-reporting --certificate regulator.crt --by 罗静\n",
    run};
