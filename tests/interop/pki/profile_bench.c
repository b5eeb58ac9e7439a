/* Writes what the shipped certificate profiles make, for other programs to read.
 *
 *   profile_bench make PROFILES DIR   for each profile DIR/<code>: root.pem, ca.pem, and single.pem or signing.pem and
 *                                     encryption.pem; prints "<code> <algorithm> <single|dual>" a line
 *   profile_bench empty-id DIR        an SM2 certificate as OpenSSL signs it without being told an id: DIR/empty.pem, under the
 *                                     CA of DIR/ca.pem */
#include "pki/chain.h"

#include "base/sys.h"
#include "ca/content.h"
#include "pki/pem.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void put_pem(struct arena *a, const char *dir, const char *name, struct bytes der)
{
    struct err_info e;
    char path[512];
    snprintf(path, sizeof path, "%s/%s.pem", dir, name);
    assert_ok(file_replace(path, octets(pem_encode(a, "CERTIFICATE", der)), 0600, &e), &e);
}

static const struct ca_vouched person = {
    .person.fact = {[CA_FACT_INSTITUTION] = "泉州海丝供应链管理有限公司",
                    [CA_FACT_REPORTING_CODE] = "F3505030000117",
                    [CA_FACT_USER] = "沈若琳",
                    [CA_FACT_USCC] = "91350503MA2Y7K4H06"}};

static struct bytes issue(struct chain *c, const struct ca_profile *p, enum ca_use use)
{
    struct err_info e;
    struct bytes tbs, der;
    _auto(pki_key) key = NULL;
    struct ca_content content = {
        .profile = p,
        .use = use,
        .vouched = &person,
        .serial = cert_serial_new(c->a),
        .not_before = c->now - TIME_HOUR,
        .not_after = c->now + p->days_max * (int64_t)TIME_DAY,
        .issuer = {.subject = c->ca.name,
                   .key = pki_key_pub(c->ca.key),
                   .not_after = c->now + 10 * TEST_YEAR,
                   .crl_url = "http://127.0.0.1:8081/crl/issuing.crl",
                   .ocsp_url = "http://127.0.0.1:8081/ocsp",
                   .certificate_url = "http://127.0.0.1:8081/ca/issuing.cer"}};
    assert_ok(pki_key_new(p->algorithm, &key, &e), &e);
    content.key = pki_key_pub(key);
    assert_ok(ca_content_subject(p, &person, c->a, &content.subject, &e), &e);
    assert_ok(ca_content_tbs(&content, c->a, &tbs, &e), &e);
    assert_ok(cert_sign(tbs, c->ca.signer, c->a, &der, &e), &e);
    return der;
}

static void make_one(const char *file, const char *out)
{
    _auto(arena) a = arena_new();
    _auto_json doc = NULL;
    struct err_info e;
    struct bytes text;
    struct ca_profile p;
    struct chain c;
    char dir[512];
    assert_ok(file_read(a, file, 1 << 16, &text, &e), &e);
    assert_ok(json_parse(text.p, text.n, &doc, &e), &e);
    assert_ok(ca_profile_parse(file, doc, &p, &e), &e);
    snprintf(dir, sizeof dir, "%s/%s", out, p.code);
    assert_int_equal(mkdir(dir, 0700), 0);
    chain_make_at(&c, a, p.algorithm, clock_machine());
    put_pem(a, dir, "root", c.root.cert);
    put_pem(a, dir, "ca", c.ca.cert);
    put_pem(a, dir, p.dual ? "signing" : "single",
            issue(&c, &p, p.dual ? CA_USE_SIGNING : CA_USE_SINGLE));
    if (p.dual)
        put_pem(a, dir, "encryption", issue(&c, &p, CA_USE_ENCRYPTION));
    if (p.algorithm == PKI_SM2) {
        struct bytes key;
        assert_ok(pki_key_save(c.ca.key, NULL, a, &key, &e), &e);
        assert_ok(file_replace(arena_fmt(a, "%s/ca.key", dir), key, 0600, &e), &e);
    }
    printf("%s %s %s\n", p.code, pki_alg_text(p.algorithm), p.dual ? "dual" : "single");
    chain_clear(&c);
}

static int make(const char *profiles, const char *out)
{
    const struct dirent *entry;
    DIR *dir = opendir(profiles);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char file[512];
        size_t n = strlen(entry->d_name);
        snprintf(file, sizeof file, "%s/%s", profiles, entry->d_name);
        if (n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0)
            make_one(file, out);
    }
    closedir(dir);
    return 0;
}

struct empty_signer {
    struct pki_signer signer; /* first: it is cast back */
    EVP_PKEY *key;
};

/* OpenSSL's default id is the empty one. */
static enum err sign_with_empty_id(const struct pki_signer *s, struct bytes msg, struct arena *a,
                                   struct bytes *sig, struct err_info *e)
{
    EVP_PKEY *key = ((const struct empty_signer *)s)->key;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t out[256];
    size_t n = sizeof out;
    (void)e;
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sm3(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, out, &n, msg.p, msg.n), 1);
    EVP_MD_CTX_free(ctx);
    *sig = arena_bytes(a, out, n);
    return ERR_OK;
}

static int empty_id(const char *dir)
{
    _auto(arena) a = arena_new();
    struct err_info e;
    struct bytes pem, der, tbs, split;
    struct cert_view view;
    _auto(pki_pub) issuer = NULL;
    struct empty_signer s = {.signer.sign = sign_with_empty_id};
    FILE *f = fopen(arena_fmt(a, "%s/ca.key", dir), "re");
    assert_non_null(f);
    s.key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    assert_ok(file_read(a, arena_fmt(a, "%s/ca.pem", dir), 1 << 16, &pem, &e), &e);
    assert_ok(cert_decode(pem, a, &der, &e), &e);
    assert_ok(cert_key(der, &issuer, &e), &e);
    s.signer.pub = issuer;
    assert_ok(file_read(a, arena_fmt(a, "%s/single.pem", dir), 1 << 16, &pem, &e), &e);
    assert_ok(cert_decode(pem, a, &der, &e), &e);
    assert_ok(cert_view(der, a, &view, &e), &e);
    tbs = view.tbs;
    assert_ok(cert_sign(tbs, &s.signer, a, &split, &e), &e);
    put_pem(a, dir, "empty", split);
    EVP_PKEY_free(s.key);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "empty-id") == 0)
        return empty_id(argv[2]);
    fputs("usage: profile_bench make PROFILES DIR | empty-id DIR\n", stderr);
    return 2;
}
