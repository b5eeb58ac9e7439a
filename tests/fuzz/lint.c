/* Whole certificates, lists, OCSP answers and requests as certhall lint takes them; held against the readers and OpenSSL.
 * The first octet says which: C, L, O, R. */
#include "fuzz.h"

#include "base/text.h"
#include "base/time.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "pki/csr.h"
#include "pki/der.h"
#include "pki/lint.h"
#include "pki/name.h"
#include "pki/ocsp.h"

#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static struct arena *made;
static struct pki_signer *signer;
static struct bytes name;
static struct lint_context context;

void fuzz_begin(void)
{
    struct err_info e;
    const struct name_part part[] = {{NAME_C, "CN"}, {NAME_CN, "CertHall"}};
    made = arena_new();
    struct pki_key *key = fuzz_key(3);
    MUST_OK(pki_signer_from_key(key, &signer, &e), &e);
    pki_key_free(key);
    MUST_OK(name_encode(part, 2, made, &name, &e), &e);
    context = (struct lint_context){.issuer_subject = name, .issuer_key = signer->pub};
}

static void seed(struct fuzz_seeds *s, char kind, struct bytes der)
{
    struct buf b;
    buf_init(&b, 65536);
    buf_byte(&b, (uint8_t)kind);
    buf_put(&b, der.p, der.n);
    fuzz_seed(s, (struct bytes){b.p, b.n});
    buf_clear(&b);
}

static const int64_t begin = INT64_C(1780272000000); /* 2026-06-01 */
static const uint8_t serial[3] = {0x11, 0x22, 0x33};

static struct bytes certificate(int ocsp)
{
    struct err_info e;
    struct bytes tbs, der;
    static const struct cert_policy policy = {"2.5.29.32.0", "http://c.example/cps"};
    static const char *const dns[] = {"a.example"};
    const struct cert_extension identity = {"1.2.156.10260.4.1.4",
                                            0,
                                            {(const uint8_t *)"\x13\x02"
                                                              "MA",
                                             4}};
    const struct cert_spec spec = {.serial = {serial, 3},
                                   .issuer = name,
                                   .subject = name,
                                   .not_before = begin,
                                   .not_after = begin + TIME_DAY,
                                   .key = signer->pub,
                                   .issuer_key = signer->pub,
                                   .key_usage = CERT_KU_DIGITAL_SIGNATURE,
                                   .eku = ocsp ? CERT_EKU_OCSP_SIGNING : CERT_EKU_CLIENT_AUTH,
                                   .policy = &policy,
                                   .policies = 1,
                                   .crl_url = "http://c.example/crl",
                                   .ocsp_url = "http://c.example/ocsp",
                                   .ca_issuers_url = "http://c.example/ca",
                                   .dns = dns,
                                   .dns_names = !ocsp,
                                   .ocsp_nocheck = ocsp,
                                   .extra = &identity,
                                   .extras = !ocsp};
    MUST_OK(cert_tbs(&spec, made, &tbs, &e), &e);
    MUST_OK(cert_sign(tbs, signer, made, &der, &e), &e);
    return der;
}

static void seed_lists(struct fuzz_seeds *s)
{
    struct err_info e;
    struct bytes der;
    const struct crl_entry x[2] = {{{serial, 1}, begin, CRL_KEY_COMPROMISE, begin - 1000},
                                   {{serial, 2}, begin, CRL_UNSPECIFIED, 0}};
    for (int form = 0; form < 3; form++) {
        struct crl_array list = {x, 2, 0};
        struct crl_source src = crl_array_source(&list);
        const struct crl_spec spec = {.issuer = name,
                                      .issuer_key = signer->pub,
                                      .this_update = begin,
                                      .next_update = begin + TIME_DAY,
                                      .number = 7,
                                      .shard_url = form == 1 ? "http://c.example/1.crl" : NULL,
                                      .delta_base = form == 2 ? 6 : 0,
                                      .delta_base_until = begin + 2 * TIME_DAY,
                                      .delta_url = form == 0 ? "http://c.example/d.crl" : NULL};
        MUST_OK(crl_write(&spec, &src, signer, made, &der, &e), &e);
        seed(s, 'L', der);
    }
}

static void seed_answers(struct fuzz_seeds *s)
{
    struct err_info e;
    struct bytes data, der;
    struct ocsp_issuer issuer;
    struct ocsp_cert_id id;
    MUST_OK(ocsp_issuer_init(&issuer, name, signer->pub, &e), &e);
    MUST_OK(ocsp_cert_id_make(&issuer, OCSP_SHA256, (struct bytes){serial, 3}, made, &id, &e), &e);
    for (int i = 0; i < 2; i++) {
        const struct ocsp_single single = {.cert_id = id.whole,
                                           .status = i ? OCSP_REVOKED : OCSP_GOOD,
                                           .revoked_at = begin,
                                           .reason = CRL_SUPERSEDED,
                                           .this_update = begin,
                                           .next_update = begin + TIME_DAY};
        MUST_OK(ocsp_response_data(&single, 1, signer->pub, begin,
                                   (struct bytes){serial, i ? 3 : 0}, made, &data, &e),
                &e);
        MUST_OK(ocsp_response_sign(data, signer, i ? certificate(1) : (struct bytes){0}, made, &der,
                                   &e),
                &e);
        seed(s, 'O', der);
    }
    seed(s, 'O', ocsp_error_response(OCSP_TRY_LATER));
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    struct err_info e;
    struct bytes der;
    seed(s, 'C', certificate(0));
    seed(s, 'C', certificate(1));
    seed_lists(s);
    seed_answers(s);
    MUST_OK(csr_build(name, signer, made, &der, &e), &e);
    seed(s, 'R', der);
}

static int openssl_reads_certificate(struct bytes der)
{
    const uint8_t *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    X509_free(x);
    return x && p == der.p + der.n;
}

static int openssl_reads_list(struct bytes der)
{
    const uint8_t *p = der.p;
    X509_CRL *x = d2i_X509_CRL(NULL, &p, (long)der.n);
    X509_CRL_free(x);
    return x && p == der.p + der.n;
}

static int openssl_reads_answer(struct bytes der)
{
    const uint8_t *p = der.p;
    OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
    OCSP_RESPONSE_free(r);
    return r && p == der.p + der.n;
}

/* What nothing is said against, others read too. */
static void check_faultless(char kind, struct bytes der, struct arena *a)
{
    struct err_info e;
    struct cert_view cert;
    if (kind == 'C')
        MUST(cert_view(der, a, &cert, &e) == ERR_OK && openssl_reads_certificate(der));
    /* OpenSSL takes the names apart that are in points as well; the lint leaves them whole */
    if (kind == 'L' && !memmem(der.p, der.n, "\x55\x1d\x1c", 3))
        MUST(openssl_reads_list(der));
    if (kind == 'O')
        MUST(openssl_reads_answer(der));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    struct lint_problem p[LINT_PROBLEMS_MAX];
    static const struct lint_context nobody = {0};
    size_t n = 0;
    if (size < 1 || !strchr("CLOR", data[0]) || !data[0])
        return 0;
    struct bytes der = fuzz_copy(data + 1, size - 1);
    memset(p, 0xa5, sizeof p);
    for (int known = 0; known < 2; known++) {
        const struct lint_context *c = known ? &context : &nobody;
        n = data[0] == 'C'   ? lint_certificate(der, c, a, p)
            : data[0] == 'L' ? lint_crl(der, c, a, p)
            : data[0] == 'O' ? lint_ocsp(der, c, a, p)
                             : lint_request(der, a, p);
        MUST(n <= LINT_PROBLEMS_MAX);
        for (size_t i = 0; i < n; i++)
            MUST(*p[i].rule && *p[i].section && *p[i].text &&
                 text_is_utf8(p[i].text, strlen(p[i].text)));
        if (n == 0)
            check_faultless((char)data[0], der, a);
    }
    free((void *)(uintptr_t)der.p);
    return 0;
}
