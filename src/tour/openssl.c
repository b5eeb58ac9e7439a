/* OpenSSL's own program looks at certificate, list and answer, where nginx cannot do a handshake: SM2.
 *
 * For SM2 the program needs the distinguishing id by hand and gives it to the first certificate of a chain only, never to
 * lists and OCSP answers. So each link is verified by itself, and of lists and answers the signed octets. */
#include "tour/tour.h"

#include "pki/cert.h"
#include "pki/der.h"
#include "pki/pem.h"

#include <string.h>

#define DISTID "distid:1234567812345678"

static char *work_path(struct tour *t, const char *name)
{
    return arena_fmt(t->arena, "%s/%s", t->work, name);
}

static enum err run(struct tour *t, const char *const *words, const char **out, struct err_info *e)
{
    char *argv[24] = {arena_text(t->arena, "/usr/bin/openssl")};
    for (size_t i = 0; words[i]; i++)
        argv[i + 1] = arena_text(t->arena, words[i]);
    return tour_run(t, argv, out, e);
}

static enum err write_pem(struct tour *t, const char *name, struct bytes der, struct err_info *e)
{
    const char *pem = pem_encode(t->arena, "CERTIFICATE", der);
    return file_replace(work_path(t, name), (struct bytes){(const uint8_t *)pem, strlen(pem)}, 0644,
                        e);
}

/* One link: `below` under `above`, which is trusted for it. */
static enum err verify_link(struct tour *t, const char *below, const char *above,
                            const char *purpose, struct err_info *e)
{
    const char *const words[] = {"verify",   "-x509_strict", "-partial_chain", "-trusted", above,
                                 "-purpose", purpose,        "-vfyopt",        DISTID,     below,
                                 NULL};
    return run(t, words, NULL, e);
}

/* SEQUENCE {what is signed, algorithm, BIT STRING}: the signature is the certificate's key's over the first. */
static enum err verify_signed(struct tour *t, struct bytes der, const char *certificate,
                              struct bytes *rest, struct err_info *e)
{
    struct der d = der_start(der), seq;
    struct bytes body, signature;
    const char *key;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    TRY(der_take_whole(&seq, DER_SEQUENCE, &body, e));
    TRY(der_take(&seq, DER_SEQUENCE, &(struct bytes){0}, e));
    TRY(der_bits(&seq, &signature, NULL, e));
    *rest = der_rest(&seq);
    const char *const words[] = {"x509", "-in", certificate, "-pubkey", "-noout", NULL};
    TRY(run(t, words, &key, e));
    TRY(file_replace(work_path(t, "signer.pub"), (struct bytes){(const uint8_t *)key, strlen(key)},
                     0644, e));
    TRY(file_replace(work_path(t, "signed"), body, 0644, e));
    TRY(file_replace(work_path(t, "signature"), signature, 0644, e));
    const char *const verify[] = {"pkeyutl",
                                  "-verify",
                                  "-pubin",
                                  "-inkey",
                                  work_path(t, "signer.pub"),
                                  "-rawin",
                                  "-digest",
                                  "sm3",
                                  "-pkeyopt",
                                  DISTID,
                                  "-in",
                                  work_path(t, "signed"),
                                  "-sigfile",
                                  work_path(t, "signature"),
                                  NULL};
    return run(t, verify, NULL, e);
}

static enum err chain(struct tour *t, const char **code, struct err_info *e)
{
    struct bytes issuing, root, rest;
    const char *root_code;
    TRY(tour_issuer_code(t, t->certificate, code, e));
    TRY(tour_fetch(t, arena_fmt(t->arena, "/ca/%s.cer", *code), &issuing, e));
    TRY(tour_issuer_code(t, issuing, &root_code, e));
    TRY(tour_fetch(t, arena_fmt(t->arena, "/ca/%s.cer", root_code), &root, e));
    TRY(write_pem(t, "leaf.pem", t->certificate, e));
    TRY(write_pem(t, "issuing.pem", issuing, e));
    TRY(write_pem(t, "root.pem", root, e));
    TRY(verify_link(t, work_path(t, "leaf.pem"), work_path(t, "issuing.pem"), "sslclient", e));
    TRY(verify_link(t, work_path(t, "issuing.pem"), work_path(t, "root.pem"), "any", e));
    return verify_signed(t, root, work_path(t, "root.pem"), &rest, e);
}

static enum err list(struct tour *t, const char *code, int *listed, struct err_info *e)
{
    struct bytes crl, rest;
    struct cert_view own;
    const char *text;
    char *path = work_path(t, "list.crl");
    TRY(tour_fetch(t, arena_fmt(t->arena, "/crl/%s.crl", code), &crl, e));
    TRY(verify_signed(t, crl, work_path(t, "issuing.pem"), &rest, e));
    TRY(file_replace(path, crl, 0644, e));
    const char *const words[] = {"crl", "-inform", "DER", "-in", path, "-noout", "-text", NULL};
    TRY(run(t, words, &text, e));
    TRY(cert_view(t->certificate, t->arena, &own, e));
    *listed = strcasestr(text, arena_fmt(t->arena, "Serial Number: %s\n", own.serial)) != NULL;
    return ERR_OK;
}

/* OCSPResponse {responseStatus, [0] {{OID, OCTET STRING of BasicOCSPResponse}}} (RFC 6960 4.2.1). */
static enum err basic_of(struct bytes der, struct bytes *basic, struct err_info *e)
{
    struct der d = der_start(der), response, tagged, typed;
    TRY(der_enter(&d, DER_SEQUENCE, &response, e));
    TRY(der_take(&response, DER_ENUMERATED, &(struct bytes){0}, e));
    TRY(der_enter(&response, DER_EXPLICIT(0), &tagged, e));
    TRY(der_enter(&tagged, DER_SEQUENCE, &typed, e));
    TRY(der_take(&typed, DER_OID, &(struct bytes){0}, e));
    return der_take(&typed, DER_OCTET_STRING, basic, e);
}

/* The responder's own certificate comes with the answer. */
static enum err responder_of(struct bytes basic, struct bytes *certificate, struct err_info *e)
{
    struct der d = der_start(basic), seq, tagged, list;
    TRY(der_enter(&d, DER_SEQUENCE, &seq, e));
    for (int i = 0; i < 3; i++)
        TRY(der_any(&seq, NULL, NULL, NULL, e));
    TRY(der_enter(&seq, DER_EXPLICIT(0), &tagged, e));
    TRY(der_enter(&tagged, DER_SEQUENCE, &list, e));
    return der_take_whole(&list, DER_SEQUENCE, certificate, e);
}

static enum err answer(struct tour *t, const char *status, struct err_info *e)
{
    struct bytes der, basic, responder, rest;
    const char *text;
    char *path = work_path(t, arena_fmt(t->arena, "ocsp-%s.der", status));
    TRY(file_read(t->arena, path, 64 << 10, &der, e));
    TRY(basic_of(der, &basic, e));
    TRY(responder_of(basic, &responder, e));
    TRY(write_pem(t, "responder.pem", responder, e));
    TRY(verify_link(t, work_path(t, "responder.pem"), work_path(t, "issuing.pem"), "ocsphelper",
                    e));
    TRY(verify_signed(t, basic, work_path(t, "responder.pem"), &rest, e));
    const char *const words[] = {"ocsp", "-respin", path, "-noverify", "-resp_text", NULL};
    TRY(run(t, words, &text, e));
    return strstr(text, arena_fmt(t->arena, "Cert Status: %s\n", status))
               ? ERR_OK
               : tour_fail(e, "openssl does not read %s in the OCSP answer", status);
}

enum err tour_openssl(struct tour *t, const char *status, int *listed, struct err_info *e)
{
    const char *code;
    TRY(chain(t, &code, e));
    TRY(list(t, code, listed, e));
    return answer(t, status, e);
}
