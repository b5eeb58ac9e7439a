/* Certification requests, PEM or DER, as the ca and the bench take them; held against OpenSSL. */
#include "fuzz.h"

#include "base/text.h"
#include "pki/csr.h"
#include "pki/der.h"
#include "pki/name.h"
#include "pki/pem.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static struct pki_key *key[3]; /* P-256, SM2, RSA */
static struct arena *made;

void fuzz_begin(void)
{
    struct err_info e;
    made = arena_new();
    key[0] = fuzz_key(1);
    MUST_OK(pki_key_new(PKI_SM2, &key[1], &e), &e);
    MUST_OK(pki_key_new(PKI_RSA2048, &key[2], &e), &e);
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    struct err_info e;
    const struct name_part part[] = {
        {NAME_C, "CN"}, {NAME_O, "泉州海丝"}, {NAME_CN, "FX2600071182"}};
    for (int i = 0; i < 3; i++) {
        struct bytes subject, der;
        _auto(pki_signer) signer = NULL;
        MUST_OK(pki_signer_from_key(key[i], &signer, &e), &e);
        MUST_OK(name_encode(part, 3, made, &subject, &e), &e);
        MUST_OK(csr_build(subject, signer, made, &der, &e), &e);
        fuzz_seed(s, der);
        fuzz_seed_text(s, pem_encode(made, "CERTIFICATE REQUEST", der));
    }
    fuzz_seed_text(
        s, pem_encode(made, "NEW CERTIFICATE REQUEST", (struct bytes){(const uint8_t *)"0\0", 2}));
}

/* OpenSSL read it whole and its key made the signature. */
static int library_takes(struct bytes der)
{
    const uint8_t *p = der.p;
    X509_REQ *r = d2i_X509_REQ(NULL, &p, (long)der.n);
    EVP_PKEY *k = r && p == der.p + der.n ? X509_REQ_get0_pubkey(r) : NULL;
    int ok = k && X509_REQ_verify(r, k) == 1;
    X509_REQ_free(r);
    return ok;
}

static int is_sm2(const struct csr *c)
{
    struct pki_pub *p = NULL;
    struct err_info e;
    int yes = pki_pub_load(c->spki, &p, &e) == ERR_OK && pki_pub_alg(p) == PKI_SM2;
    pki_pub_free(p);
    return yes;
}

static void check_parsed(struct bytes der, const struct csr *c)
{
    const struct bytes part[] = {c->info,       c->subject,   c->spki,
                                 c->attributes, c->algorithm, c->signature};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        MUST(fuzz_within(part[i], der));
    /* put together again from its parts it is the same */
    struct buf b;
    struct bytes again;
    struct err_info e;
    _auto(arena) a = arena_new();
    buf_init(&b, CSR_MAX);
    size_t mark = der_open(&b, DER_SEQUENCE);
    der_put_raw(&b, c->info);
    der_put_raw(&b, c->algorithm);
    der_put_bits(&b, c->signature, 0);
    der_close(&b, mark);
    MUST_OK(der_finish(&b, a, &again, &e), &e);
    MUST(der_same(again, der));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _auto(arena) a = arena_new();
    _auto(pki_pub) pub = NULL;
    struct err_info e = {0};
    struct csr c;
    struct bytes in = fuzz_copy(data, size), der = {0};
    memset(&c, 0xa5, sizeof c);
    enum err err = csr_decode(in, a, &der, &e);
    if (err == ERR_OK)
        err = csr_parse(der, &c, &e);
    int read = err == ERR_OK;
    if (read) {
        check_parsed(der, &c);
        err = csr_verify(&c, &pub, &e);
        MUST((err == ERR_OK) == (pub != NULL));
    }
    if (err != ERR_OK)
        fuzz_refused(err, &e);
    /* never laxer: what proves its key here does so to OpenSSL (which takes SM2 with an id of its own) */
    if (err == ERR_OK && !is_sm2(&c))
        MUST(library_takes(der));
    free((void *)(uintptr_t)in.p);
    return 0;
}
