/* What the interop tests drive: writes a PKI of one algorithm for other programs to read, and reads theirs.
 *
 *   pki_bench make ALG DIR            root, issuing CA, user, responder, lists, answers, requests, keys
 *   pki_bench csr FILE                algorithm and subject of a request whose proof of possession holds
 *   pki_bench key FILE [PASSPHRASE]   algorithm of a private key
 *   pki_bench cms P7S FILE CERT       who signed
 *   pki_bench chain LEAF CA ROOT      whether the path holds now
 *   pki_bench open KEY SEALED         what was sealed to a P-256 key (HPKE, info "interop", aad "a") */
#include "pki/chain.h"

#include "base/sys.h"
#include "pki/cms.h"
#include "pki/csr.h"
#include "pki/hpke.h"
#include "pki/ocsp.h"
#include "pki/pem.h"

#include <stdio.h>
#include <string.h>

static void put(const char *dir, const char *name, struct bytes content)
{
    struct err_info e;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_ok(file_replace(path, content, 0600, &e), &e);
}

static void put_pem(struct arena *a, const char *dir, const char *name, const char *label,
                    struct bytes der)
{
    put(dir, name, octets(pem_encode(a, label, der)));
}

static struct bytes get(struct arena *a, const char *path)
{
    struct err_info e;
    struct bytes b = {0};
    assert_ok(file_read(a, path, 1 << 20, &b, &e), &e);
    return b;
}

static void put_list(struct chain *c, const struct authority *issuer, const char *dir,
                     const char *name, const struct crl_entry *x, size_t n, int64_t now)
{
    struct err_info e;
    struct bytes der;
    struct crl_array list = {x, n, 0};
    struct crl_source src = crl_array_source(&list);
    struct crl_spec s = {.issuer = issuer->name,
                         .issuer_key = pki_key_pub(issuer->key),
                         .this_update = now,
                         .next_update = now + TIME_DAY,
                         .number = 7};
    assert_ok(crl_write(&s, &src, issuer->signer, c->a, &der, &e), &e);
    put_pem(c->a, dir, name, "X509 CRL", der);
}

/* An answer about each of two certificates, with a nonce, from a delegated responder. */
static void put_answers(struct chain *c, const char *dir, const struct bytes serial[2], int64_t now)
{
    struct err_info e;
    _auto(pki_key) key = NULL;
    _auto(pki_signer) signer = NULL;
    struct ocsp_issuer issuer;
    static const char *const name[2] = {"good.ocsp", "revoked.ocsp"};
    assert_ok(pki_key_new(pki_key_alg(c->user), &key, &e), &e);
    assert_ok(pki_signer_from_key(key, &signer, &e), &e);
    struct bytes cert = test_responder(c, key), data, der;
    put_pem(c->a, dir, "responder.pem", "CERTIFICATE", cert);
    assert_ok(ocsp_issuer_init(&issuer, c->ca.name, pki_key_pub(c->ca.key), &e), &e);
    for (int i = 0; i < 2; i++) {
        struct ocsp_cert_id id;
        assert_ok(ocsp_cert_id_make(&issuer, OCSP_SHA1, serial[i], c->a, &id, &e), &e);
        struct ocsp_single s = {.cert_id = id.whole,
                                .status = i ? OCSP_REVOKED : OCSP_GOOD,
                                .revoked_at = now,
                                .reason = CRL_KEY_COMPROMISE,
                                .this_update = now,
                                .next_update = now + TIME_DAY};
        assert_ok(
            ocsp_response_data(&s, 1, pki_key_pub(key), now, octets("nonce"), c->a, &data, &e), &e);
        assert_ok(ocsp_response_sign(data, signer, cert, c->a, &der, &e), &e);
        put(dir, name[i], der);
    }
}

static void put_keys(struct chain *c, const char *dir)
{
    struct err_info e;
    struct bytes pem, der, sealed;
    _auto(pki_signer) s = NULL;
    assert_ok(pki_key_save(c->user, NULL, c->a, &pem, &e), &e);
    put(dir, "user.key", pem);
    assert_ok(pki_key_save(c->user, "secret", c->a, &pem, &e), &e);
    put(dir, "user.enc.key", pem);
    assert_ok(pki_signer_from_key(c->user, &s, &e), &e);
    assert_ok(csr_build(c->user_name, s, c->a, &der, &e), &e);
    put_pem(c->a, dir, "user.csr", "CERTIFICATE REQUEST", der);
    if (pki_key_alg(c->user) == PKI_P256) {
        assert_ok(hpke_seal(s->pub, octets("interop"), octets("a"), octets("K7M2QX9TPD4VH3RA"),
                            c->a, &sealed, &e),
                  &e);
        put(dir, "sealed", sealed);
    }
}

static int make(const char *alg_text, const char *dir)
{
    _auto(arena) a = arena_new();
    struct chain c;
    struct err_info e;
    struct cert_view v;
    struct bytes serial[2], der;
    enum pki_alg alg;
    if (!pki_alg_from_text(alg_text, &alg))
        return 2;
    int64_t now = clock_machine();
    chain_make_at(&c, a, alg, now);
    put_pem(a, dir, "root.pem", "CERTIFICATE", c.root.cert);
    put_pem(a, dir, "ca.pem", "CERTIFICATE", c.ca.cert);
    put_pem(a, dir, "user.pem", "CERTIFICATE", c.cert);
    struct cert_spec spec = test_spec(&c);
    der = test_issue(&c, &spec);
    put_pem(a, dir, "revoked.pem", "CERTIFICATE", der);
    assert_ok(cert_view(c.cert, a, &v, &e), &e);
    serial[0] = v.serial_bytes;
    serial[1] = spec.serial;
    struct crl_entry entry = {spec.serial, now, CRL_KEY_COMPROMISE, now - TIME_DAY};
    put_list(&c, &c.ca, dir, "ca.crl", &entry, 1, now);
    put_list(&c, &c.root, dir, "root.crl", NULL, 0, now);
    put_answers(&c, dir, serial, now);
    put_keys(&c, dir);
    if (alg != PKI_SM2) {
        struct bytes list = octets("action,institution_name\n");
        put(dir, "list.csv", list);
        assert_ok(cms_sign_detached(list, c.cert, c.user, now, a, &der, &e), &e);
        put(dir, "list.p7s", der);
    }
    chain_clear(&c);
    return 0;
}

static int complain(const struct err_info *e)
{
    fprintf(stderr, "%s: %s\n", err_code_text(e->code), e->detail);
    return 1;
}

static int show_csr(struct arena *a, const char *path, struct err_info *e)
{
    struct bytes der;
    struct csr c;
    char *subject;
    _auto(pki_pub) key = NULL;
    if (csr_decode(get(a, path), a, &der, e) != ERR_OK || csr_parse(der, &c, e) != ERR_OK ||
        csr_verify(&c, &key, e) != ERR_OK || name_text(c.subject, a, &subject, e) != ERR_OK)
        return complain(e);
    printf("%s %s\n", pki_alg_text(pki_pub_alg(key)), subject);
    return 0;
}

static int show_key(struct arena *a, const char *path, const char *passphrase, struct err_info *e)
{
    _auto(pki_key) k = NULL;
    if (pki_key_load(get(a, path), passphrase, &k, e) != ERR_OK)
        return complain(e);
    printf("%s\n", pki_alg_text(pki_key_alg(k)));
    return 0;
}

static int show_cms(struct arena *a, char **file, struct err_info *e)
{
    struct bytes cert;
    struct cms_report r;
    if (cert_decode(get(a, file[2]), a, &cert, e) != ERR_OK ||
        cms_verify_detached(get(a, file[0]), get(a, file[1]), cert, clock_machine(), a, &r, e) !=
            ERR_OK)
        return complain(e);
    printf("%s %s\n", r.digest, r.signer);
    return 0;
}

static int show_chain(struct arena *a, char **file, struct err_info *e)
{
    struct bytes der[3];
    for (int i = 0; i < 3; i++)
        if (cert_decode(get(a, file[i]), a, &der[i], e) != ERR_OK)
            return complain(e);
    if (cert_verify_chain(der[0], &der[1], 1, der[2], clock_machine(), e) != ERR_OK)
        return complain(e);
    puts("the path holds");
    return 0;
}

static int show_sealed(struct arena *a, char **file, struct err_info *e)
{
    _auto(pki_key) k = NULL;
    struct bytes plain;
    if (pki_key_load(get(a, file[0]), NULL, &k, e) != ERR_OK ||
        hpke_open(k, octets("interop"), octets("a"), get(a, file[1]), a, &plain, e) != ERR_OK)
        return complain(e);
    printf("%.*s\n", (int)plain.n, (const char *)plain.p);
    return 0;
}

int main(int argc, char **argv)
{
    _auto(arena) a = arena_new();
    struct err_info e;
    const char *verb = argc > 2 ? argv[1] : "";
    if (strcmp(verb, "make") == 0 && argc == 4)
        return make(argv[2], argv[3]);
    if (strcmp(verb, "csr") == 0)
        return show_csr(a, argv[2], &e);
    if (strcmp(verb, "key") == 0)
        return show_key(a, argv[2], argc > 3 ? argv[3] : NULL, &e);
    if (strcmp(verb, "cms") == 0 && argc == 5)
        return show_cms(a, argv + 2, &e);
    if (strcmp(verb, "chain") == 0 && argc == 5)
        return show_chain(a, argv + 2, &e);
    if (strcmp(verb, "open") == 0 && argc == 4)
        return show_sealed(a, argv + 2, &e);
    fputs("usage: pki_bench make|csr|key|cms|chain|open …\n", stderr);
    return 2;
}
