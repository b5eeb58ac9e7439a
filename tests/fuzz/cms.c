/* The signature of the regulator's list, and the certificate that is entered beside it.
 * The first octet says what follows: 'S' a signature over CONTENT by the pinned certificate; 'C' a certificate, DER or PEM. */
#include "fuzz.h"

#include "base/text.h"
#include "base/time.h"
#include "pki/cert.h"
#include "pki/cms.h"
#include "pki/der.h"
#include "pki/lint.h"
#include "pki/name.h"
#include "pki/pem.h"

#include <openssl/cms.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1780272000000) /* 2026-06-01T00:00:00Z */
static const struct bytes content = {(const uint8_t *)"action,user_name\nadd,shen\n", 26};

static struct {
    struct arena *a;
    struct pki_key *key, *other;
    struct bytes cert, other_cert;
} w;

/* The same in every process but for its signature: serial and name are what a signer is found by. */
static struct bytes self_signed(const struct pki_key *key, const char *name, uint8_t serial)
{
    struct err_info e;
    struct bytes subject, tbs, der;
    const struct name_part part[] = {{NAME_C, "CN"}, {NAME_CN, name}};
    const uint8_t number[2] = {0x11, serial};
    _auto(pki_signer) s = NULL;
    MUST_OK(pki_signer_from_key(key, &s, &e), &e);
    MUST_OK(name_encode(part, 2, w.a, &subject, &e), &e);
    struct cert_spec spec = {.serial = arena_bytes(w.a, number, 2),
                             .issuer = subject,
                             .subject = subject,
                             .not_before = NOW - TIME_DAY,
                             .not_after = NOW + 365LL * TIME_DAY,
                             .key = s->pub,
                             .issuer_key = s->pub,
                             .key_usage = CERT_KU_DIGITAL_SIGNATURE,
                             .eku = CERT_EKU_EMAIL,
                             .crl_url = "http://127.0.0.1/a.crl",
                             .ocsp_url = "http://127.0.0.1/ocsp"};
    MUST_OK(cert_tbs(&spec, w.a, &tbs, &e), &e);
    MUST_OK(cert_sign(tbs, s, w.a, &der, &e), &e);
    return der;
}

void fuzz_begin(void)
{
    w.a = arena_new();
    w.key = fuzz_key(3);
    w.other = fuzz_key(4);
    w.cert = self_signed(w.key, "监管机构", 1);
    w.other_cert = self_signed(w.other, "监管机构", 2);
}

static void seed(struct fuzz_seeds *s, char what, struct bytes rest)
{
    struct buf b;
    buf_init(&b, 1 << 17);
    buf_byte(&b, (uint8_t)what);
    buf_put(&b, rest.p, rest.n);
    fuzz_seed(s, (struct bytes){b.p, b.n});
    buf_clear(&b);
}

static void seed_text(struct fuzz_seeds *s, char what, const char *text)
{
    seed(s, what, (struct bytes){(const uint8_t *)text, strlen(text)});
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    struct err_info e;
    struct bytes p7s;
    MUST_OK(cms_sign_detached(content, w.cert, w.key, NOW, w.a, &p7s, &e), &e);
    seed(s, 'S', p7s);
    seed_text(s, 'S', pem_encode(w.a, "PKCS7", p7s));
    seed_text(s, 'S', pem_encode(w.a, "CMS", p7s));
    MUST_OK(cms_sign_detached(content, w.other_cert, w.other, NOW, w.a, &p7s, &e), &e);
    seed(s, 'S', p7s);
    seed(s, 'C', w.cert);
    seed_text(s, 'C',
              arena_fmt(w.a, "%s%s", pem_encode(w.a, "CERTIFICATE", w.cert),
                        pem_encode(w.a, "CERTIFICATE", w.other_cert)));
}

/* OpenSSL's own judgement: the pinned certificate signed exactly this content. */
static int library_takes(struct bytes p7s, struct arena *a)
{
    struct bytes der = p7s;
    struct err_info e;
    if (p7s.p[0] != DER_SEQUENCE && pem_decode(a, p7s, "PKCS7", &der, &e) != ERR_OK &&
        pem_decode(a, p7s, "CMS", &der, &e) != ERR_OK)
        return 0;
    const uint8_t *p = der.p, *c = w.cert.p;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
    X509 *x = d2i_X509(NULL, &c, (long)w.cert.n);
    STACK_OF(X509) *certs = sk_X509_new_null();
    sk_X509_push(certs, x);
    BIO *data = BIO_new_mem_buf(content.p, (int)content.n);
    int ok = cms && CMS_verify(cms, certs, NULL, data, NULL,
                               CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY | CMS_NOINTERN) == 1;
    BIO_free(data);
    sk_X509_free(certs);
    X509_free(x);
    CMS_ContentInfo_free(cms);
    return ok;
}

/* More than one signer: OpenSSL wants all of them right, ours wants the pinned one. */
static int signers(struct bytes p7s)
{
    const uint8_t *p = p7s.p;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)p7s.n);
    int n = cms ? sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) : 0;
    CMS_ContentInfo_free(cms);
    return n;
}

static void signature(struct bytes in, struct arena *a)
{
    struct err_info e = {0};
    struct cms_report r;
    memset(&r, 0xa5, sizeof r);
    enum err err = cms_verify_detached(in, content, w.cert, NOW, a, &r, &e);
    if (err != ERR_OK) {
        fuzz_refused(err, &e);
        MUST(err == ERR_SIGNATURE || err == ERR_DER_MALFORMED || err == ERR_TOO_LARGE);
        return;
    }
    MUST(strstr(r.digest, "SHA-") && strstr(r.signer, "监管机构") && !strcmp(r.serial, "1101"));
    if (signers(in) == 1)
        MUST(library_takes(in, a));
    /* and for nothing else: the same octets make no other content, and no other certificate, right */
    MUST(cms_verify_detached(in, (struct bytes){content.p, content.n - 1}, w.cert, NOW, a, &r,
                             &e) != ERR_OK);
    MUST(cms_verify_detached(in, content, w.cert, NOW + 400LL * TIME_DAY, a, &r, &e) ==
         ERR_CERT_UNTRUSTED);
}

static void certificate(struct bytes in, struct arena *a)
{
    struct err_info e = {0};
    struct bytes der, all[4];
    struct cert_view v;
    struct pki_pub *pub = NULL;
    size_t n = 0;
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    struct lint_context ctx = {
        .role = LINT_END_ENTITY, .issuer_subject = in, .issuer_key = pki_key_pub(w.key)};
    enum err err = cert_decode_all(in, a, all, 4, &n, &e);
    MUST(err != ERR_OK || n <= 4);
    err = cert_decode(in, a, &der, &e);
    if (err == ERR_OK) {
        memset(&v, 0xa5, sizeof v);
        err = cert_view(der, a, &v, &e);
    }
    if (err != ERR_OK) {
        fuzz_refused(err, &e);
        return;
    }
    MUST(v.serial && v.serial_bytes.n && text_is_utf8(v.subject_text, strlen(v.subject_text)) &&
         text_is_utf8(v.issuer_text, strlen(v.issuer_text)));
    size_t problems = lint_tbs(v.tbs, &ctx, a, problem);
    MUST(problems <= LINT_PROBLEMS_MAX);
    for (size_t i = 0; i < problems; i++)
        MUST(problem[i].rule && problem[i].section && problem[i].text);
    const uint8_t *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    if (problems == 0) /* what the lint lets pass, OpenSSL reads to the end */
        MUST(x && p == der.p + der.n);
    X509_free(x);
    if (cert_key(der, &pub, &e) == ERR_OK)
        MUST(pki_pub_alg(pub) == v.alg);
    pki_pub_free(pub);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    _auto(arena) a = arena_new();
    struct bytes in = fuzz_copy(data + 1, size - 1);
    if (data[0] == 'C')
        certificate(in, a);
    else
        signature(in, a);
    free((void *)(uintptr_t)in.p);
    return 0;
}
