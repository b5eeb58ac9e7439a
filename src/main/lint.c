/* certhall lint: what is wrong with a certificate, list, OCSP answer or request, by rule and section. */
#include "main/verb.h"

#include "base/json.h"
#include "base/sys.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/der.h"
#include "pki/lint.h"
#include "pki/pem.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 256 << 20 };
enum kind { CERTIFICATE, LIST, ANSWER, REQUEST, KINDS };

static const struct {
    const char *name;     /* as --type and the report say it */
    const char *label[2]; /* of PEM */
} kinds[KINDS] = {
    [CERTIFICATE] = {"certificate", {"CERTIFICATE", "X509 CERTIFICATE"}},
    [LIST] = {"crl", {"X509 CRL", "CRL"}},
    [ANSWER] = {"ocsp", {"OCSP RESPONSE", NULL}},
    [REQUEST] = {"csr", {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}},
};

struct looked_at {
    enum kind kind;
    struct bytes der;
};

/* An answer begins with a status; a request's info with version 0; a list's with version 1, or with an algorithm and a name
 * and a time; everything else is taken for a certificate. */
static enum kind kind_of_der(struct bytes der)
{
    struct err_info e;
    struct der d = der_start(der), seq, first;
    int version;
    if (der_enter(&d, DER_SEQUENCE, &seq, &e) != ERR_OK)
        return CERTIFICATE;
    if (der_next_is(&seq, DER_ENUMERATED))
        return ANSWER;
    if (der_enter(&seq, DER_SEQUENCE, &first, &e) != ERR_OK)
        return CERTIFICATE;
    struct der look = first;
    if (der_next_is(&look, DER_INTEGER) && der_small(&look, &version, &e) == ERR_OK && version == 0)
        return REQUEST;
    for (int i = 0; i < 4 && der_more(&first); i++) {
        if (i >= 2 &&
            (der_next_is(&first, DER_UTC_TIME) || der_next_is(&first, DER_GENERALIZED_TIME)))
            return LIST;
        if (der_any(&first, NULL, NULL, NULL, &e) != ERR_OK)
            return CERTIFICATE;
    }
    return CERTIFICATE;
}

static enum err decode(struct bytes file, const char *type, struct arena *a, struct looked_at *out,
                       struct err_info *e)
{
    enum kind wanted = CERTIFICATE;
    while (type && wanted < KINDS && strcmp(kinds[wanted].name, type) != 0)
        wanted++;
    if (file.n && file.p[0] == DER_SEQUENCE) {
        *out = (struct looked_at){type ? wanted : kind_of_der(file), file};
        return ERR_OK;
    }
    for (enum kind k = CERTIFICATE; k < KINDS; k++)
        for (int i = 0; i < 2; i++)
            if ((!type || k == wanted) && kinds[k].label[i] &&
                pem_decode(a, file, kinds[k].label[i], &out->der, e) == ERR_OK) {
                out->kind = k;
                return ERR_OK;
            }
    return der_refuse(e, "neither DER nor PEM of a certificate, list, OCSP answer or request");
}

/* Of the issuer its certificate says all that is asked. */
static enum err take_issuer(const char *path, struct arena *a, struct lint_context *c,
                            struct pki_pub **key, struct err_info *e)
{
    struct bytes file, der;
    struct cert_view view;
    TRY(file_read(a, path, 64 << 10, &file, e));
    TRY(cert_decode(file, a, &der, e));
    TRY(cert_view(der, a, &view, e));
    TRY(cert_key(der, key, e));
    c->issuer_subject = view.subject;
    c->issuer_key = *key;
    c->issuer_not_after = view.not_after;
    return ERR_OK;
}

static size_t look(const struct looked_at *x, const struct lint_context *c, struct arena *a,
                   struct lint_problem out[LINT_PROBLEMS_MAX])
{
    switch (x->kind) {
    case LIST:
        return lint_crl(x->der, c, a, out);
    case ANSWER:
        return lint_ocsp(x->der, c, a, out);
    case REQUEST:
        return lint_request(x->der, a, out);
    case CERTIFICATE:
    case KINDS:
        break;
    }
    return lint_certificate(x->der, c, a, out);
}

static void print_json(const char *file, const char *kind, const struct lint_problem *p, size_t n)
{
    struct json_out j;
    _auto_buf b;
    buf_init(&b, 1 << 20);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_text(&j, "file", file);
    jout_text(&j, "type", kind);
    jout_list(&j, "problems");
    for (size_t i = 0; i < n; i++) {
        jout_object(&j, NULL);
        jout_text(&j, "rule", p[i].rule);
        jout_text(&j, "section", p[i].section);
        jout_text(&j, "text", p[i].text);
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    printf("%s\n", buf_cstr(&b));
}

static void print_text(const char *file, const char *kind, const struct lint_problem *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s: %s (%s): %s\n", file, p[i].rule, p[i].section, p[i].text);
    if (n == 0)
        printf("%s: %s, no problem found\n", file, kind);
}

struct asked {
    const char *file, *type, *issuer;
    int dual, json;
};

static enum err lint(const struct asked *q, struct arena *a, size_t *n, struct err_info *e)
{
    struct looked_at x;
    struct bytes file;
    struct lint_problem p[LINT_PROBLEMS_MAX];
    struct lint_context c = {.dual = q->dual};
    _auto(pki_pub) key = NULL;
    if (q->issuer)
        TRY(take_issuer(q->issuer, a, &c, &key, e));
    TRY(file_read(a, q->file, FILE_MAX, &file, e));
    TRY(decode(file, q->type, a, &x, e));
    *n = look(&x, &c, a, p);
    (q->json ? print_json : print_text)(q->file, kinds[x.kind].name, p, *n);
    return ERR_OK;
}

static int known_type(const char *type)
{
    for (enum kind k = CERTIFICATE; k < KINDS; k++)
        if (strcmp(kinds[k].name, type) == 0)
            return 1;
    return 0;
}

static int run(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    struct asked q = {0};
    const struct option_row rows[] = {{"type", &q.type, NULL},
                                      {"issuer", &q.issuer, NULL},
                                      {"dual", NULL, &q.dual},
                                      {"json", NULL, &q.json}};
    char **rest;
    struct err_info e;
    size_t n;
    if (!options_take(argc, argv, rows, sizeof rows / sizeof *rows, &rest))
        return EXIT_USAGE;
    if (!rest[0] || rest[1])
        return report_usage("lint", "expected: one FILE");
    if (q.type && !known_type(q.type))
        return report_usage("lint", "--type is certificate, crl, ocsp or csr");
    q.file = rest[0];
    if (lint(&q, a, &n, &e) != ERR_OK)
        return report("lint", &e);
    return n == 0 ? EXIT_DONE : EXIT_FAILED;
}

const struct verb verb_lint = {
    "lint", "look at a certificate, list, OCSP answer or request",
    "usage: certhall lint FILE [--issuer FILE] [--dual] [--type certificate|crl|ocsp|csr] [--json]\n\n"
    "Holds FILE (PEM or DER) against the rules of RFC 5280, RFC 6960, RFC 2986 and GM/T 0015 that the ca holds its own work\n"
    "against before it signs. Each problem is a line: rule, section, and one sentence. Exit 0 when there is none, 1 when there\n"
    "is. What is of the issuing CA alone (name, key identifier, signature) is looked at with --issuer.\n\n"
    "  --issuer FILE   the issuing CA's certificate\n"
    "  --dual          the certificate is one of a pair for signing and encryption (GM/T 0015 C.3, C.4)\n"
    "  --type KIND     what FILE is, where it should not be told from its octets\n"
    "  --json          {\"file\", \"type\", \"problems\": [{\"rule\", \"section\", \"text\"}]}\n\n"
    "Example: certhall lint user.crt --issuer issuing.crt\n",
    run};
