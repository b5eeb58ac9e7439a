/* Every parser of outside octets under thousands of changed inputs: none crashes (the sanitizer build sees to it), and
 * what ours takes as DER, OpenSSL takes too. CERTHALL_SEED gives another seed; it is printed. */
#include "chain.h"

#include "pki/cms.h"
#include "pki/csr.h"
#include "pki/der.h"
#include "pki/lint.h"
#include "pki/ocsp.h"
#include "pki/pem.h"

#include <openssl/ocsp.h>
#include <stdlib.h>

enum { ROUNDS = 6000 };

struct world {
    struct arena *a;
    struct chain c;
    uint64_t seed;
    struct lint_context lint;
    struct ocsp_cert_id id;
    int taken; /* inputs that the parser at hand took */
};

static uint32_t next(struct world *w)
{
    w->seed ^= w->seed << 13; /* xorshift64 */
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return (uint32_t)(w->seed >> 16);
}

/* A changed copy in a block of its own: bits turned, octets overwritten, inserted, dropped, repeated, cut. */
static struct bytes mutate(struct world *w, struct bytes in)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84,
                                      0xff, 0x30, 0x31, 0x02, 0x06, 0x1f};
    uint8_t *p = mem_alloc(2 * in.n + 16);
    size_t n = in.n;
    memcpy(p, in.p, n);
    for (uint32_t k = 1 + next(w) % 3; k > 0 && n > 0; k--) {
        size_t at = next(w) % n, len = 1 + next(w) % 8;
        if (len > n - at)
            len = n - at;
        switch (next(w) % 7) {
        case 0:
            p[at] ^= (uint8_t)(1u << next(w) % 8);
            break;
        case 1:
            p[at] = telling[next(w) % sizeof telling];
            break;
        case 2:
            p[at] = (uint8_t)(p[at] + (next(w) % 3) - 1);
            break;
        case 3:
            memmove(p + at + 1, p + at, n - at);
            p[at] = telling[next(w) % sizeof telling];
            n++;
            break;
        case 4:
            memmove(p + at, p + at + len, n - at - len);
            n -= len;
            break;
        case 5:
            memmove(p + at + len, p + at, n - at);
            n += len;
            break;
        case 6:
            n = at;
            break;
        }
    }
    return (struct bytes){p, n};
}

typedef int try_fn(struct world *w, struct bytes in); /* 1 when it was taken */

static int try_csr(struct world *w, struct bytes in)
{
    (void)w;
    struct csr c;
    struct err_info e;
    struct pki_pub *pub = NULL;
    if (csr_parse(in, &c, &e) != ERR_OK)
        return 0;
    const uint8_t *p = in.p;
    X509_REQ *r = d2i_X509_REQ(NULL, &p, (long)in.n);
    if (csr_verify(&c, &pub, &e) ==
        ERR_OK) { /* what proves its key here is a request to OpenSSL as well */
        assert_non_null(r);
        assert_ptr_equal(p, in.p + in.n);
    }
    X509_REQ_free(r);
    pki_pub_free(pub);
    return 1;
}

static int try_cert(struct world *w, struct bytes in)
{
    struct cert_view v;
    struct err_info e;
    struct lint_problem problem[LINT_PROBLEMS_MAX];
    if (cert_view(in, w->a, &v, &e) != ERR_OK)
        return 0;
    const uint8_t *p = in.p;
    X509 *x = d2i_X509(NULL, &p, (long)in.n);
    if (lint_tbs(v.tbs, &w->lint, w->a, problem) ==
        0) { /* what the lint lets pass, OpenSSL reads to the end */
        assert_non_null(x);
        assert_ptr_equal(p, in.p + in.n);
    }
    X509_free(x);
    assert_int_equal(
        cert_verify_chain(in, &w->c.ca.cert, 1, w->c.root.cert, TEST_NOW, &e) == ERR_OK, 0);
    return 1;
}

static int try_ocsp_request(struct world *w, struct bytes in)
{
    (void)w;
    struct ocsp_request r;
    struct err_info e;
    if (ocsp_request_parse(in, &r, &e) != ERR_OK)
        return 0;
    const uint8_t *p = in.p;
    OCSP_REQUEST *o = d2i_OCSP_REQUEST(NULL, &p, (long)in.n);
    if (o)
        assert_int_equal(OCSP_request_onereq_count(o), r.ids);
    OCSP_REQUEST_free(o);
    return 1;
}

static int try_ocsp_answer(struct world *w, struct bytes in)
{
    struct ocsp_answer r;
    struct err_info e;
    return ocsp_response_check(in, &w->id, w->c.ca.cert, TEST_NOW, w->a, &r, &e) == ERR_OK;
}

static int try_crl(struct world *w, struct bytes in)
{
    struct crl_view v;
    struct crl_entry x;
    struct err_info e;
    int found;
    if (crl_view(in, &v, &e) != ERR_OK)
        return 0;
    assert_err(ERR_OK, crl_find(in, octets("none"), &found, &x, &e));
    assert_int_not_equal(cert_verify_signature(in, pki_key_pub(w->c.ca.key), &e), ERR_OK);
    return 1;
}

static int try_cms(struct world *w, struct bytes in)
{
    struct cms_report r;
    struct err_info e;
    return cms_verify_detached(in, octets("list"), w->c.cert, TEST_NOW, w->a, &r, &e) == ERR_OK;
}

static int try_name(struct world *w, struct bytes in)
{
    struct name n;
    struct err_info e;
    char *text;
    int taken = name_decode(in, w->a, &n, &e) == ERR_OK;
    if (name_text(in, w->a, &text, &e) == ERR_OK)
        assert_true(text_is_utf8(text, strlen(text)));
    return taken;
}

static int try_key(struct world *w, struct bytes in)
{
    (void)w;
    struct err_info e;
    struct pki_key *k = NULL;
    struct pki_pub *p = NULL;
    int taken = pki_pub_load(in, &p, &e) == ERR_OK;
    taken |= pki_key_from_der(in, &k, &e) == ERR_OK;
    pki_pub_free(p);
    pki_key_free(k);
    return taken;
}

static int try_pem(struct world *w, struct bytes in)
{
    struct bytes der, all[4];
    size_t n;
    struct err_info e;
    int taken = cert_decode(in, w->a, &der, &e) == ERR_OK;
    return taken | (cert_decode_all(in, w->a, all, 4, &n, &e) == ERR_OK);
}

static void torture(struct world *w, const char *what, struct bytes good, try_fn *take, int rounds)
{
    w->taken = 0;
    for (int i = 0; i < rounds; i++) {
        struct bytes in = mutate(w, good);
        if (!der_same(in, good))
            w->taken += take(w, in);
        free((void *)(uintptr_t)in.p);
    }
    print_message("# %s: %d of %d changed inputs were still well-formed\n", what, w->taken, rounds);
}

static int setup(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    const char *seed = getenv("CERTHALL_SEED");
    w->seed = 0x9e3779b97f4a7c15u ^ (seed ? strtoull(seed, NULL, 10) : 1);
    print_message("# seed %s\n", seed ? seed : "1");
    w->a = arena_new();
    chain_make(&w->c, w->a, PKI_P256);
    w->lint = (struct lint_context){LINT_END_ENTITY, w->c.ca.name, pki_key_pub(w->c.ca.key), 0, 0};
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    chain_clear(&w->c);
    arena_free(w->a);
    free(w);
    return 0;
}

static void changed_requests_and_keys_do_no_harm(void **state)
{
    struct world *w = *state;
    struct err_info e;
    struct bytes der;
    _auto(pki_signer) s = NULL;
    assert_ok(pki_signer_from_key(w->c.user, &s, &e), &e);
    assert_ok(csr_build(w->c.user_name, s, w->a, &der, &e), &e);
    torture(w, "CSR", der, try_csr, ROUNDS);
    torture(w, "public key", pki_pub_spki(s->pub), try_key, ROUNDS);
    assert_ok(pki_key_to_der(w->c.user, w->a, &der, &e), &e);
    torture(w, "private key", der, try_key, ROUNDS / 4);
}

static void changed_certificates_and_names_do_no_harm(void **state)
{
    struct world *w = *state;
    torture(w, "certificate", w->c.cert, try_cert, ROUNDS / 2);
    torture(w, "name", w->c.user_name, try_name, ROUNDS);
    torture(w, "PEM", octets(pem_encode(w->a, "CERTIFICATE", w->c.cert)), try_pem, ROUNDS / 4);
}

static void changed_ocsp_does_no_harm(void **state)
{
    struct world *w = *state;
    struct err_info e;
    struct ocsp_issuer i;
    struct cert_view v;
    struct bytes der, data;
    assert_ok(ocsp_issuer_init(&i, w->c.ca.name, pki_key_pub(w->c.ca.key), &e), &e);
    assert_ok(cert_view(w->c.cert, w->a, &v, &e), &e);
    assert_ok(ocsp_cert_id_make(&i, OCSP_SHA1, v.serial_bytes, w->a, &w->id, &e), &e);
    struct ocsp_cert_id two[2] = {w->id, w->id};
    assert_ok(ocsp_request_write(two, 2, octets("nonce"), w->a, &der, &e), &e);
    torture(w, "OCSP request", der, try_ocsp_request, 2 * ROUNDS);
    struct ocsp_single s = {w->id.whole,    OCSP_REVOKED, TEST_NOW,
                            CRL_SUPERSEDED, TEST_NOW,     TEST_NOW + TIME_DAY};
    assert_ok(
        ocsp_response_data(&s, 1, w->c.ca.signer->pub, TEST_NOW, octets("n"), w->a, &data, &e), &e);
    assert_ok(ocsp_response_sign(data, w->c.ca.signer, (struct bytes){0}, w->a, &der, &e), &e);
    torture(w, "OCSP answer", der, try_ocsp_answer, ROUNDS);
    assert_int_equal(w->taken, 0);
}

static void changed_lists_and_signatures_do_no_harm(void **state)
{
    struct world *w = *state;
    struct err_info e;
    struct bytes der;
    const struct crl_entry x[] = {{octets("A"), TEST_NOW, CRL_SUPERSEDED, TEST_NOW},
                                  {octets("B"), TEST_NOW, 0, 0}};
    struct crl_array list = {x, 2, 0};
    struct crl_source src = crl_array_source(&list);
    struct crl_spec s = {.issuer = w->c.ca.name,
                         .issuer_key = pki_key_pub(w->c.ca.key),
                         .this_update = TEST_NOW,
                         .next_update = TEST_NOW + TIME_DAY,
                         .number = 1};
    assert_ok(crl_write(&s, &src, w->c.ca.signer, w->a, &der, &e), &e);
    torture(w, "CRL", der, try_crl, ROUNDS);
    assert_ok(cms_sign_detached(octets("list"), w->c.cert, w->c.user, TEST_NOW, w->a, &der, &e),
              &e);
    torture(w, "CMS", der, try_cms, ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_requests_and_keys_do_no_harm),
        cmocka_unit_test(changed_certificates_and_names_do_no_harm),
        cmocka_unit_test(changed_ocsp_does_no_harm),
        cmocka_unit_test(changed_lists_and_signatures_do_no_harm),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
