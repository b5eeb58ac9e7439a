/* certhall trust: whom the ca believes. Speaks to the ca's administrator socket, so it is run on the ca's own host. */
#include "main/place.h"
#include "main/verb.h"

#include "base/text.h"
#include "httpc/httpc.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/pem.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 16 << 10 };

struct trust {
    struct place place;
    const char *certificate, *csr, *ukey, *organisation, *by;
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

static enum err enter_maker(const struct trust *t, const char *name, struct err_info *e)
{
    struct json_out j;
    _auto_json answer = NULL;
    _auto_buf body;
    buf_init(&body, 64 << 10);
    jout_init(&j, &body);
    jout_object(&j, NULL);
    jout_text(&j, "name", name);
    jout_text(&j, "role", "maker");
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
                                 strcmp(kind, "maker") == 0 ? "staff" : "regulator-keys", id);
    return call(t, "POST", path, &body, &answer, e);
}

/* ---- command line ---- */

/* What is wrong with the words and options; NULL: nothing. */
static const char *wrong(const struct trust *t, char **rest)
{
    size_t n = 0;
    int64_t id;
    while (rest[n])
        n++;
    if (n == 1 && !strcmp(rest[0], "list"))
        return NULL;
    if (n == 0 ||
        (strcmp(rest[0], "maker") && strcmp(rest[0], "regulator") && strcmp(rest[0], "end")))
        return "expected: list, maker NAME, regulator PROJECT, or end maker|regulator ID";
    if (!t->by)
        return "--by NAME is missing: who is answerable for it";
    if (!strcmp(rest[0], "end"))
        return n == 3 && (!strcmp(rest[1], "maker") || !strcmp(rest[1], "regulator")) &&
                       text_to_int(rest[2], 1, INT64_MAX, &id)
                   ? NULL
                   : "end wants maker or regulator and the number that list shows";
    if (n != 2)
        return !strcmp(rest[0], "maker") ? "maker wants one NAME" : "regulator wants one PROJECT";
    if (!strcmp(rest[0], "maker") && t->csr)
        return t->ukey && t->organisation ? NULL : "--csr wants --ukey and --organisation as well";
    return t->certificate ? NULL : "--certificate FILE is missing";
}

static enum err act(const struct trust *t, char **rest, struct err_info *e)
{
    if (!strcmp(rest[0], "list"))
        return list(t, e);
    if (!strcmp(rest[0], "maker"))
        return enter_maker(t, rest[1], e);
    if (!strcmp(rest[0], "regulator"))
        return enter_regulator(t, rest[1], e);
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
    "trust", "say whom the ca believes: makers and regulators' keys",
    "usage: certhall trust list\n"
    "       certhall trust regulator PROJECT --certificate FILE --by NAME\n"
    "       certhall trust maker NAME --csr FILE --ukey SERIAL --organisation NAME --by NAME > maker.crt\n"
    "       certhall trust maker NAME --certificate FILE --by NAME\n"
    "       certhall trust end maker|regulator ID --by NAME\n\n"
    "A certificate is issued only for a row of a list that a regulator's key signed, and on the signature of a maker's\n"
    "UKey. Both are entered here, at the ca's own socket, by its business administrator; the hall cannot. --by says who\n"
    "is answerable; it stands in the ca's audit chain. `list` shows the numbers that `end` takes.\n\n"
    "  --csr FILE           certify the key of a UKey (certhall-agent key staff makes the request)\n"
    "  --certificate FILE   enter a certificate that is there already; PEM or DER\n"
    "  --data DIR  --run DIR\n\n"
    "Example: certhall trust regulator aml-reporting --certificate regulator.crt --by 罗静\n",
    run};
